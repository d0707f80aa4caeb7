//! What is printed for people, on standard output and standard error. Cold.
//!
//! Whoever read along may have left (`| head -1`): that is no reason to stop, let alone to panic. And whoever reads
//! along may hold the terminal (Ctrl-S, a pager): [`detach`] gives the printing to threads of its own, so that a run's
//! main thread keeps beating, persisting halts and taking signals; what nobody takes for long is dropped, not waited
//! for.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

/// Texts that wait for a reader; more are dropped. A status line or a log line each: minutes of them.
const WAITING_MAX: usize = 1_024;
/// How long the end of the process waits for a reader.
const PATIENCE: Duration = Duration::from_secs(2);

enum Job {
    Out(Vec<u8>),
    Error(Vec<u8>),
    /// Everything before was printed.
    Mark(SyncSender<()>),
}

struct Printers {
    out: SyncSender<Job>,
    error: SyncSender<Job>,
}

static PRINTERS: OnceLock<Printers> = OnceLock::new();

/// From here on, printing waits for nobody. Call [`drain`] before the process ends.
///
/// # Errors
/// When the system has no thread for it.
pub fn detach() -> io::Result<()> {
    if PRINTERS.get().is_some() {
        return Ok(());
    }
    let out = printer("ct-print")?;
    // On one terminal, one after the other: a log line must not land in the middle of the status line.
    let together = io::stdout().is_terminal() && io::stderr().is_terminal();
    let error = if together { out.clone() } else { printer("ct-print-err")? };
    // A second caller at the same time keeps the first one's.
    let _ = PRINTERS.set(Printers { out, error });
    Ok(())
}

fn printer(name: &str) -> io::Result<SyncSender<Job>> {
    let (send, jobs) = sync_channel(WAITING_MAX);
    thread::Builder::new().name(name.into()).spawn(move || print(&jobs))?;
    Ok(send)
}

fn print(jobs: &Receiver<Job>) {
    for job in jobs {
        match job {
            Job::Out(bytes) => now(io::stdout().lock(), &bytes),
            Job::Error(bytes) => now(io::stderr().lock(), &bytes),
            Job::Mark(done) => {
                // Whoever set it may have lost patience.
                let _ = done.try_send(());
            }
        }
    }
}

fn now(mut to: impl Write, bytes: &[u8]) {
    let _ = to.write_all(bytes).and_then(|()| to.flush());
}

/// Prints text on standard output as it stands.
pub fn text(text: impl Display) {
    let bytes = text.to_string().into_bytes();
    match PRINTERS.get() {
        Some(printers) => drop(printers.out.try_send(Job::Out(bytes))),
        None => now(io::stdout().lock(), &bytes),
    }
}

/// Prints a line on standard output.
pub fn line(text: impl Display) {
    self::text(format_args!("{text}\n"));
}

/// Prints bytes on standard error as they stand.
pub fn error(bytes: &[u8]) {
    match PRINTERS.get() {
        Some(printers) => drop(printers.error.try_send(Job::Error(bytes.to_vec()))),
        None => now(io::stderr().lock(), bytes),
    }
}

/// Waits until everything is printed, or nobody takes it for two seconds.
pub fn drain() {
    let Some(printers) = PRINTERS.get() else { return };
    for printer in [&printers.out, &printers.error] {
        let (done, wait) = sync_channel(1);
        let mut mark = Job::Mark(done);
        let patience = Instant::now() + PATIENCE;
        // A queue that is full may be read slowly: it is given the same time as one that is not.
        while let Err(TrySendError::Full(back)) = printer.try_send(mark) {
            mark = back;
            if Instant::now() >= patience {
                break;
            }
            thread::sleep(Duration::from_millis(10));
        }
        let _ = wait.recv_timeout(patience.saturating_duration_since(Instant::now()));
    }
}
