//! The commander's side: finds the engine, sends one command at a time, sees the answer.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crosstick_model::{CommandKind, CommandOutcome, Reason};

use super::{
    ANSWER_AT, AnswerRow, BYTE_ORDER, COMMAND_AT, CONTROL_BYTES, CONTROL_MAGIC, CONTROL_VERSION, CommandRow,
    ControlHead, HEAD_AT, REFUSAL_AT, RefusalRow,
};
use crate::error::RegionError;
use crate::identity::ProcessIdentity;
use crate::place::Place;
use crate::sys::{Carver, CellReader, CellWriter, Map};

/// How often another commander's lock is looked at.
const LOCK_PAUSE: Duration = Duration::from_millis(1);
/// Looks at the answer without a sleep between them, some 50 µs: no longer, since on a busy machine the core may be
/// waiting for this very CPU.
const QUICK_LOOKS: u32 = 1_000;
/// Sleep between later looks.
const LOOK_PAUSE: Duration = Duration::from_micros(50);
/// Later looks between two at the engine's process.
const LIFE_EVERY: u32 = 64;
/// Copies of an answer that are tried in one look.
const ATTEMPTS: u32 = 8;

/// Why a command could not be sent.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// Another commander has not had its answer yet.
    #[error("another command to the same engine still waits for its answer")]
    Busy,
    /// What the system says.
    #[error("{}: {source}", .path.display())]
    Io {
        /// The control file.
        path: PathBuf,
        /// What the system answered.
        source: std::io::Error,
    },
}

/// An engine that can be commanded, or one that is dead: see [`Commander::process`].
#[derive(Debug)]
pub struct Commander {
    file: File,
    path: PathBuf,
    head: ControlHead,
    ours: bool,
    answer: CellReader<AnswerRow>,
    refusal: CellReader<RefusalRow>,
}

impl Commander {
    /// Opens the control file of the region at `place`, as it is now.
    ///
    /// # Errors
    /// [`RegionError::Missing`]: no engine was started under that name. [`RegionError::Permission`]: it is another
    /// user's. [`RegionError::Foreign`] and [`RegionError::Layout`]: it is no control file, or not one of this build.
    pub fn open(place: &Place) -> Result<Self, RegionError> {
        let path = place.control_path();
        let foreign = |why| RegionError::Foreign { path: path.clone(), why };
        let mut options = OpenOptions::new();
        let opened = options.read(true).write(true).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK).open(&path);
        let file = opened.map_err(|error| match error.raw_os_error() {
            Some(libc::ENOENT) => RegionError::Missing { path: path.clone() },
            Some(libc::EISDIR) => foreign("a directory"),
            _ => RegionError::from_io("open", &path, 0, error),
        })?;
        let meta = file.metadata().map_err(|e| RegionError::from_io("look at", &path, 0, e))?;
        if !meta.is_file() {
            return Err(foreign("not a file"));
        }
        if meta.mode() & 0o077 != 0 {
            return Err(foreign("others than its owner may read or write it"));
        }
        let user = fs::metadata("/proc/self").map_err(|e| RegionError::from_io("look at", &path, 0, e))?.uid();
        let ours = meta.uid() == user;
        if !ours && user != 0 {
            return Err(RegionError::Permission { path });
        }
        if meta.len() != CONTROL_BYTES as u64 {
            return Err(foreign("its size is another"));
        }
        let map = Map::read_only(&file).map_err(|e| RegionError::from_io("map", &path, 0, e))?;
        let magic = map.words(0, 1).and_then(|words| Some(words.get().first()?.load(Ordering::Relaxed)));
        if magic != Some(CONTROL_MAGIC) {
            return Err(foreign("its first bytes are others"));
        }
        let cell: Option<CellReader<ControlHead>> = map.reader(HEAD_AT);
        let head = cell.and_then(|cell| cell.try_read(ATTEMPTS)).ok_or_else(|| foreign("its head is not whole"))?;
        if head.byte_order != BYTE_ORDER {
            return Err(foreign("its bytes are in another order"));
        }
        if head.version != CONTROL_VERSION {
            return Err(RegionError::Layout { path, found: head.version, known: CONTROL_VERSION });
        }
        let cells = map.reader(ANSWER_AT).zip(map.reader(REFUSAL_AT));
        let (answer, refusal) = cells.ok_or_else(|| foreign("too short"))?;
        Ok(Self { file, path, head, ours, answer, refusal })
    }

    /// The engine that made the file.
    #[must_use]
    pub fn process(&self) -> ProcessIdentity {
        ProcessIdentity {
            pid: u32::try_from(self.head.pid).unwrap_or(0),
            start_ticks: self.head.start_ticks,
            boot_id: self.head.boot_id,
        }
    }

    /// The engine's halt file, where the file's owner is who we are: a path that another user wrote is not to be
    /// written to.
    #[must_use]
    pub fn halt_file(&self) -> Option<PathBuf> {
        let bytes = &self.head.halt_file;
        let end = bytes.iter().position(|b| *b == 0)?;
        let path = Path::new(OsStr::from_bytes(&bytes[..end]));
        (self.ours && path.is_absolute()).then(|| path.to_path_buf())
    }

    /// Whether the halt file goes when the engine ends, as the demo's does: then a halt does not outlast it.
    #[must_use]
    pub fn halt_passes(&self) -> bool {
        self.head.passing == 1
    }

    /// Sends a command; waits for another commander at most `patience`. Nobody else can send one while the result
    /// lives. `sent_ns` is wall time.
    ///
    /// # Errors
    /// [`CommandError::Busy`], or what the system says.
    pub fn send(
        &self,
        kind: CommandKind,
        reason: &Reason,
        sent_ns: u64,
        patience: Duration,
    ) -> Result<Sent<'_>, CommandError> {
        let io = |source| CommandError::Io { path: self.path.clone(), source };
        let begun = Instant::now();
        loop {
            match self.file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if begun.elapsed() >= patience => return Err(CommandError::Busy),
                Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_PAUSE),
                Err(TryLockError::Error(source)) => return Err(io(source)),
            }
        }
        // From here on the lock goes with it.
        let mut sent = Sent { commander: self, number: 0, at: Instant::now() };
        // The lock makes us the one writer of this part; nothing else of the file is claimed.
        let mut carver = Carver::new(&self.file, CONTROL_BYTES).map_err(io)?;
        let cell: Option<CellWriter<CommandRow>> = carver.cell(COMMAND_AT);
        let mut cell = cell.ok_or_else(|| io(std::io::Error::other("the file has shrunk")))?;
        let pid = u64::from(std::process::id());
        let row = CommandRow { kind: kind as u64, sent_ns, pid, reason: *reason.padded() };
        sent.at = Instant::now();
        cell.write(&row);
        sent.number = cell.version();
        Ok(sent)
    }
}

/// The core's answer, or the main thread's refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// What became of the command.
    pub outcome: CommandOutcome,
    /// From the word in memory to the answer seen here: at least as long as the core took.
    pub took: Duration,
    /// Orders that the engine had sent before it took the command; none of a refusal.
    pub orders_sent: u64,
    /// Of those, how many were still open.
    pub orders_open: u64,
}

/// A command under way. Dropping it lets the next commander in.
#[derive(Debug)]
pub struct Sent<'a> {
    commander: &'a Commander,
    number: u64,
    at: Instant,
}

impl Sent<'_> {
    /// Waits for the answer, at most `patience`; `None` when there is none by then, or the engine is gone.
    #[must_use]
    pub fn answer(&self, patience: Duration) -> Option<Answer> {
        let mut looks = 0;
        loop {
            if let Some(answer) = self.look() {
                return Some(answer);
            }
            looks += 1;
            if looks < QUICK_LOOKS {
                std::hint::spin_loop();
                continue;
            }
            let gone = looks % LIFE_EVERY == 0 && !self.commander.process().is_alive();
            if gone || self.at.elapsed() >= patience {
                // It may have come while we looked for the process.
                return self.look();
            }
            std::thread::sleep(LOOK_PAUSE);
        }
    }

    fn look(&self) -> Option<Answer> {
        let took = self.at.elapsed();
        let answered = self.commander.answer.try_read(ATTEMPTS).filter(|row| row.command == self.number);
        if let Some(row) = answered {
            let outcome = CommandOutcome::from_number(row.outcome)?;
            return Some(Answer { outcome, took, orders_sent: row.orders_sent, orders_open: row.orders_open });
        }
        let refused = self.commander.refusal.try_read(ATTEMPTS).filter(|row| row.command == self.number)?;
        let outcome = CommandOutcome::from_number(refused.outcome)?;
        Some(Answer { outcome, took, orders_sent: 0, orders_open: 0 })
    }
}

impl Drop for Sent<'_> {
    fn drop(&mut self) {
        // It also goes with the file, and with the process.
        let _ = self.commander.file.unlock();
    }
}
