//! What systemd is told: that the engine is ready, how it is, that its core thread makes progress, that it stops.
//!
//! **Thread:** main, cold; [`Beat::turn`] alone is called by the core thread, hot: one relaxed store a turn.
//! Without `NOTIFY_SOCKET` in the environment nothing is sent. A message that does not get through is dropped: telling
//! must never hold up the main thread, and systemd draws its own conclusions.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use sd_notify::NotifyState;

/// How often the status text is renewed.
const STATUS_EVERY: Duration = Duration::from_secs(5);

/// Turns of the core thread's loop, counted by it and looked at by the main thread. On a cache line of its own.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Turns(AtomicU64);

/// The core thread's end of the count.
#[derive(Debug)]
pub struct Beat {
    turns: Arc<Turns>,
    count: u64,
}

impl Beat {
    /// After each turn of the loop, with work or without.
    #[inline]
    pub fn turn(&mut self) {
        self.count = self.count.wrapping_add(1);
        self.turns.0.store(self.count, Ordering::Relaxed);
    }
}

/// The main thread's end of the count.
#[derive(Debug, Clone)]
pub struct Pulse(Arc<Turns>);

impl Pulse {
    /// Turns so far.
    #[must_use]
    pub fn turns(&self) -> u64 {
        self.0.0.load(Ordering::Relaxed)
    }
}

/// Both ends of a count of turns.
#[must_use]
pub fn beat() -> (Beat, Pulse) {
    let turns = Arc::new(Turns::default());
    (Beat { turns: Arc::clone(&turns), count: 0 }, Pulse(turns))
}

/// When a watchdog is to be pinged: often enough, and only when the core thread went on since the last time.
#[derive(Debug)]
pub struct Watchdog {
    every: Duration,
    last: Option<(Instant, u64)>,
}

impl Watchdog {
    /// For a watchdog that bites after `bites` without a ping.
    #[must_use]
    pub fn new(bites: Duration) -> Self {
        // A third: two pings may come late or get lost.
        Self { every: bites / 3, last: None }
    }

    /// Whether to ping now, at that count of turns.
    pub fn due(&mut self, now: Instant, turns: u64) -> bool {
        let due = self.last.is_none_or(|(at, before)| now.duration_since(at) >= self.every && turns != before);
        if due {
            self.last = Some((now, turns));
        }
        due
    }
}

/// Tells systemd.
#[derive(Debug)]
pub struct Notify {
    pulse: Pulse,
    watchdog: Option<Watchdog>,
    /// When the status was last told.
    told: Option<Instant>,
    /// Where systemd listens.
    to: Option<OsString>,
}

impl Notify {
    /// Of the core thread with that pulse, to whoever the environment names.
    #[must_use]
    pub fn new(pulse: Pulse) -> Self {
        let to = std::env::var_os("NOTIFY_SOCKET").filter(|name| !name.is_empty());
        let watchdog = sd_notify::watchdog_enabled().filter(|bites| to.is_some() && !bites.is_zero());
        Self { pulse, watchdog: watchdog.map(Watchdog::new), told: None, to }
    }

    /// All threads run.
    pub fn ready(&self) {
        self.send(&[NotifyState::Ready, NotifyState::Status("running")]);
    }

    /// One look: pings the watchdog when it is time, and tells `status` every five seconds.
    pub fn turn(&mut self, status: Option<&str>) {
        if self.to.is_none() {
            return;
        }
        let now = Instant::now();
        self.ping(now);
        let Some(status) = status else { return };
        if self.told.is_none_or(|at| now.duration_since(at) >= STATUS_EVERY) {
            self.told = Some(now);
            self.send(&[NotifyState::Status(&one_line(status.trim_start()))]);
        }
    }

    /// The end has begun: no status any more, but the watchdog watches on.
    pub fn stopping(&self) {
        self.send(&[
            NotifyState::Stopping,
            NotifyState::Status("stopping: orders and pairs in flight come to their end"),
        ]);
    }

    /// One look at the end, while the core thread still runs.
    pub fn ending(&mut self) {
        self.ping(Instant::now());
    }

    fn ping(&mut self, now: Instant) {
        let turns = self.pulse.turns();
        if self.watchdog.as_mut().is_some_and(|watchdog| watchdog.due(now, turns)) {
            self.send(&[NotifyState::Watchdog]);
        }
    }

    fn send(&self, states: &[NotifyState<'_>]) {
        let Some(to) = &self.to else { return };
        let text: Vec<String> = states.iter().map(NotifyState::to_string).collect();
        // Nobody there, or too busy to take it: the run goes on.
        let _ = send(to, text.join("\n").as_bytes());
    }
}

/// Sends without waiting, which the crate's own call does where the receiver is slow.
fn send(to: &OsStr, message: &[u8]) -> io::Result<usize> {
    let socket = UnixDatagram::unbound()?;
    socket.set_nonblocking(true)?;
    let name = to.as_bytes();
    let address = match name.strip_prefix(b"@") {
        Some(name) => SocketAddr::from_abstract_name(name)?,
        None => SocketAddr::from_pathname(to)?,
    };
    socket.send_to_addr(message, &address)
}

/// A text in which nothing can pass for a message of its own.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
