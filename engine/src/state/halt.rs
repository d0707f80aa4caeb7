//! The sticky halt: a file that keeps trading halted over restarts until an operator resumes with a reason.
//!
//! The file is written under a temporary name, synced, and renamed, so that a crash leaves either the old
//! state or the new one. `resume` moves it aside into a log of halts and reasons, one JSON object a line.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

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

/// Why and when trading was halted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Halt {
    /// The deny code of the limit that was breached, or `OPERATOR`.
    pub code: String,
    /// A sentence.
    pub reason: String,
    /// When, ns since the epoch.
    pub at_ns: u64,
    /// Process id of the engine that halted.
    pub pid: u32,
}

/// Reads the halt; `None` when trading is not halted. A file that cannot be understood halts as well.
///
/// # Errors
/// When the file is there and cannot be read.
pub fn read(path: &Path) -> Result<Option<Halt>, HaltFileError> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(source) if source.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) if source.kind() == io::ErrorKind::InvalidData => String::new(),
        Err(source) => return Err(HaltFileError::Io { path: path.to_path_buf(), source }),
    };
    Ok(Some(serde_json::from_str(&text).unwrap_or_else(|_| Halt {
        code: "OPERATOR".into(),
        reason: match text.trim() {
            "" => "the halt file is there and gives no reason".into(),
            words => words.chars().take(200).collect(),
        },
        at_ns: 0,
        pid: 0,
    })))
}

/// Proves that a halt could be kept: makes the folder, and a file in it.
///
/// # Errors
/// When either cannot be made.
pub fn probe(path: &Path) -> Result<(), HaltFileError> {
    let io = |source| HaltFileError::Io { path: path.to_path_buf(), source };
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(io)?;
    let trial = folder.join(format!(".halt-probe.{}", std::process::id()));
    File::create(&trial).and_then(|file| file.sync_all()).map_err(io)?;
    fs::remove_file(&trial).map_err(io)
}

/// Writes the halt. The first one stays: a later one of the same session is not the cause.
///
/// # Errors
/// When the folder cannot be made or the file cannot be written.
pub fn write(path: &Path, halt: &Halt) -> Result<(), HaltFileError> {
    let io = |source| HaltFileError::Io { path: path.to_path_buf(), source };
    if path.exists() {
        return Ok(());
    }
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(io)?;
    let temporary = folder.join(format!(".halt.{}", halt.pid));
    let mut text = serde_json::to_string(halt).map_err(|e| io(e.into()))?;
    text.push('\n');
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&temporary).map_err(io)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(io)?;
    fs::rename(&temporary, path).map_err(io)?;
    // The rename is durable only once the folder is.
    File::open(folder).and_then(|f| f.sync_all()).map_err(io)?;
    append_log(folder, &serde_json::json!({"event": "halt", "halt": halt})).map_err(io)
}

/// Ends the halt, for a reason that is kept in the log beside it. Returns what had been halted.
///
/// # Errors
/// When nothing is halted, or the files cannot be changed; then trading stays halted.
pub fn resume(path: &Path, reason: &str, at_ns: u64) -> Result<Halt, HaltFileError> {
    let io = |source| HaltFileError::Io { path: path.to_path_buf(), source };
    let halt = read(path)?.ok_or_else(|| HaltFileError::NotHalted { path: path.to_path_buf() })?;
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Logged first: a halt that ended without a trace would be worse than a reason without effect.
    append_log(folder, &serde_json::json!({"event": "resume", "reason": reason, "at_ns": at_ns, "halt": halt}))
        .map_err(io)?;
    fs::remove_file(path).map_err(io)?;
    Ok(halt)
}

fn append_log(folder: &Path, entry: &serde_json::Value) -> io::Result<()> {
    let mut log = OpenOptions::new().append(true).create(true).mode(0o600).open(folder.join(LOG_NAME))?;
    log.write_all(format!("{entry}\n").as_bytes())?;
    log.sync_all()
}
