//! The sticky halt: a file that keeps trading halted over restarts until an operator resumes with a reason.
//!
//! The file is written under a temporary name, synced, and linked to its own, so that a crash leaves none or a whole
//! one, and of two halts at once one is the first. `resume` removes it; a log beside it keeps every halt and every
//! resume with its reason, one JSON object a line.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crosstick_model::{DenyCode, Reason};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Name of the log of halts and resumes, beside the halt file.
pub const LOG_NAME: &str = "halts.jsonl";

/// Why the halt state cannot be read or changed.
#[derive(Debug, Error)]
pub enum HaltFileError {
    /// The file or its folder cannot be read or written.
    #[error("{path}: {source}; the halt state must be readable and writable: check the folder's owner and mode",
        path = path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Nothing is halted.
    #[error("{path} is not there: trading is not halted, nothing to resume", path = path.display())]
    NotHalted {
        /// Which file was looked for.
        path: PathBuf,
    },
}

/// The code of a halt by an operator, by whatever way.
pub const OPERATOR: &str = DenyCode::Operator.code();

/// Why and when trading was halted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Halt {
    /// The deny code of the limit that was breached, or `OPERATOR`.
    pub code: String,
    /// A sentence.
    pub reason: String,
    /// When, ns since the epoch.
    pub at_ns: u64,
    /// Process id of the engine that halted, or of the command that did where no engine answered.
    pub pid: u32,
}

/// Reads the halt; `None` when trading is not halted. A file that cannot be understood halts as well.
///
/// # Errors
/// When the file is there and cannot be read.
pub fn read(path: &Path) -> Result<Option<Halt>, HaltFileError> {
    if !is_there(path) {
        return Ok(None);
    }
    let text = match read_start(path) {
        Ok(text) => text,
        // It went in between, or is a link that leads nowhere, which halts.
        Err(source) if source.kind() == io::ErrorKind::NotFound && !is_there(path) => return Ok(None),
        Err(source) if source.kind() == io::ErrorKind::NotFound => String::new(),
        Err(source) => return Err(HaltFileError::Io { path: path.to_path_buf(), source }),
    };
    let by_hand = || Halt {
        code: OPERATOR.into(),
        reason: match text.trim() {
            "" => "the halt file is there and gives no reason".into(),
            words => words.into(),
        },
        at_ns: 0,
        pid: 0,
    };
    let halt: Halt = serde_json::from_str(&text).unwrap_or_else(|_| by_hand());
    // Both are printed: whoever wrote the file must not write on a terminal with it.
    let printable = |text: &str| Reason::new(text).text().to_owned();
    Ok(Some(Halt { code: printable(&halt.code), reason: printable(&halt.reason), ..halt }))
}

/// As much of the file as any halt of ours has; a pipe or a folder under its name is empty.
fn read_start(path: &Path) -> io::Result<String> {
    let file = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path)?;
    if !file.metadata()?.is_file() {
        return Ok(String::new());
    }
    let mut bytes = Vec::new();
    file.take(64 * 1024).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Proves that a halt could be kept: makes the folder, and a file in it.
///
/// # Errors
/// When either cannot be made.
pub fn probe(path: &Path) -> Result<(), HaltFileError> {
    let io = |source| HaltFileError::Io { path: path.to_path_buf(), source };
    let folder = folder(path);
    fs::create_dir_all(folder).map_err(io)?;
    let trial = folder.join(format!(".halt-probe.{}", std::process::id()));
    File::create(&trial).and_then(|file| file.sync_all()).map_err(io)?;
    fs::remove_file(&trial).map_err(io)
}

/// Keeps the halt in the file. The first one stays: a later one is not the cause. Says whether this one is it.
///
/// # Errors
/// When the folder cannot be made or the file cannot be written.
pub fn keep(path: &Path, halt: &Halt) -> Result<bool, HaltFileError> {
    let io = |source| HaltFileError::Io { path: path.to_path_buf(), source };
    if is_there(path) {
        return Ok(false);
    }
    let folder = folder(path);
    fs::create_dir_all(folder).map_err(io)?;
    let temporary = folder.join(format!(".halt.{}", std::process::id()));
    let kept = write_whole(&temporary, halt).and_then(|()| match fs::hard_link(&temporary, path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        // A file system without links: then the last of two halts at once stays.
        Err(error) if matches!(error.raw_os_error(), Some(libc::EPERM | libc::EOPNOTSUPP | libc::ENOSYS)) => {
            fs::rename(&temporary, path).map(|()| true)
        }
        Err(error) => Err(error),
    });
    // Gone already where it was renamed; otherwise it is in nobody's way, and the next halt writes it anew.
    let _ = fs::remove_file(&temporary);
    let kept = kept.map_err(io)?;
    // The name is durable only once the folder is.
    File::open(folder).and_then(|f| f.sync_all()).map_err(io)?;
    Ok(kept)
}

fn write_whole(path: &Path, halt: &Halt) -> io::Result<()> {
    let mut text = serde_json::to_string(halt)?;
    text.push('\n');
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// Whether the halt file is there; a link that leads nowhere halts too.
#[must_use]
pub fn is_there(path: &Path) -> bool {
    match fs::symlink_metadata(path) {
        Ok(_) => true,
        // Of what cannot be looked at the worst is believed, except that there is no such folder.
        Err(error) => !matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory),
    }
}

/// Writes the halt into the log beside the file.
///
/// # Errors
/// When the log cannot be written.
pub fn note_halt(path: &Path, halt: &Halt) -> Result<(), HaltFileError> {
    append_log(path, &serde_json::json!({"event": "halt", "halt": halt}))
}

/// Writes a resume into the log beside the file; `halt` is what it ended, where that is known.
///
/// # Errors
/// When the log cannot be written.
pub fn note_resume(path: &Path, reason: &str, at_ns: u64, halt: Option<&Halt>) -> Result<(), HaltFileError> {
    append_log(path, &serde_json::json!({"event": "resume", "reason": reason, "at_ns": at_ns, "halt": halt}))
}

/// Ends the halt, for a reason that is kept in the log beside it. Returns what had been halted.
///
/// # Errors
/// When nothing is halted, or the files cannot be changed; then trading stays halted.
pub fn resume(path: &Path, reason: &str, at_ns: u64) -> Result<Halt, HaltFileError> {
    let halt = read(path)?.ok_or_else(|| HaltFileError::NotHalted { path: path.to_path_buf() })?;
    // Logged first: a halt that ended without a trace would be worse than a reason without effect.
    note_resume(path, reason, at_ns, Some(&halt))?;
    fs::remove_file(path).map_err(|source| HaltFileError::Io { path: path.to_path_buf(), source })?;
    Ok(halt)
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn append_log(path: &Path, entry: &serde_json::Value) -> Result<(), HaltFileError> {
    let log_path = folder(path).join(LOG_NAME);
    let appended = OpenOptions::new().append(true).create(true).mode(0o600).open(&log_path).and_then(|mut log| {
        log.write_all(format!("{entry}\n").as_bytes())?;
        log.sync_all()
    });
    appended.map_err(|source| HaltFileError::Io { path: log_path, source })
}
