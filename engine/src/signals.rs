//! Signals: SIGINT and SIGTERM end cleanly, a second one ends at once; SIGUSR1 halts trading; SIGHUP reopens the log.
//! Cold, but for the flag of SIGUSR1, which the core thread looks at itself.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1};

/// What the main thread looks at.
#[derive(Debug, Clone)]
pub struct Signals {
    stop: Arc<AtomicBool>,
    reopen: Arc<AtomicBool>,
    halt: Arc<AtomicBool>,
}

impl Signals {
    /// Takes over the signals of this process.
    ///
    /// # Errors
    /// When the system refuses a handler.
    pub fn install() -> io::Result<Self> {
        let flag = || Arc::new(AtomicBool::new(false));
        let (stop, reopen, halt) = (flag(), flag(), flag());
        for signal in [SIGINT, SIGTERM] {
            // Order matters: the first signal finds the flag down and raises it, the second ends the process.
            signal_hook::flag::register_conditional_shutdown(signal, 130, Arc::clone(&stop))?;
            signal_hook::flag::register(signal, Arc::clone(&stop))?;
        }
        signal_hook::flag::register(SIGHUP, Arc::clone(&reopen))?;
        signal_hook::flag::register(SIGUSR1, Arc::clone(&halt))?;
        Ok(Self { stop, reopen, halt })
    }

    /// Flags alone, without any signal of the process: as they are before the first signal.
    #[cfg(test)]
    #[must_use]
    pub fn unconnected() -> Self {
        let flag = || Arc::new(AtomicBool::new(false));
        Self { stop: flag(), reopen: flag(), halt: flag() }
    }

    /// As if SIGINT had come.
    #[cfg(test)]
    pub fn raise_stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Whether to end.
    #[must_use]
    pub fn stop(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// The flag that SIGUSR1 raises and the core thread lowers.
    #[must_use]
    pub fn halt_flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.halt)
    }

    /// Whether SIGHUP came since this was last asked.
    #[must_use]
    pub fn take_reopen(&self) -> bool {
        self.reopen.swap(false, Ordering::Relaxed)
    }
}
