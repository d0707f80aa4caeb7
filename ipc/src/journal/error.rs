//! COLD: why a journal could not be written or read, each in one line with its remedy.

use std::io;
use std::path::{Path, PathBuf};

/// Why a journal could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// There is no room for another segment.
    #[error("{} has no room for a journal segment of {needed} bytes: free some, or name another [journal] dir", .dir.display())]
    Full {
        /// The folder.
        dir: PathBuf,
        /// Bytes of a segment.
        needed: u64,
    },
    /// The folder is not there, or went away.
    #[error("{} is gone: the journal's folder must stay where it is while a session runs", .dir.display())]
    Gone {
        /// The folder.
        dir: PathBuf,
    },
    /// The file system refuses us.
    #[error("no permission for {}: the journal's folder must be writable by the user who runs crosstick", .path.display())]
    Permission {
        /// The file.
        path: PathBuf,
    },
    /// There is no such folder.
    #[error("{} is not there: name a session's folder, or the [journal] dir that holds sessions", .dir.display())]
    Missing {
        /// The folder.
        dir: PathBuf,
    },
    /// It is a file, or something else that holds no files.
    #[error("{} is no folder: name a session's folder, the [journal] dir that holds sessions, or a bundle", .path.display())]
    NotAFolder {
        /// What was named.
        path: PathBuf,
    },
    /// The folder holds no session.
    #[error("{} holds no journal: name a session's folder, or the [journal] dir that holds sessions", .dir.display())]
    NotAJournal {
        /// The folder.
        dir: PathBuf,
    },
    /// A session is there already.
    #[error("{} holds a session already: every session has a folder of its own", .dir.display())]
    Exists {
        /// The folder.
        dir: PathBuf,
    },
    /// Its writer is at work.
    #[error("{} is still being written: mend it when the session is over", .dir.display())]
    Running {
        /// The folder.
        dir: PathBuf,
    },
    /// Nothing tells whether its writer is at work.
    #[error(
        "cannot tell whether {} is being written, as no lock can be had on it ({source}): when no run writes it any \
         more, copy the session's folder to a file system with locks, and mend the copy",
        .path.display()
    )]
    NoLock {
        /// The file.
        path: PathBuf,
        /// What the system answered.
        source: io::Error,
    },
    /// Written by a build whose format this one does not read.
    #[error("{} has journal format {found}, this build reads formats {oldest} to {newest}: use the build that wrote it", .path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// The oldest that is read.
        oldest: u32,
        /// The newest that is read.
        newest: u32,
    },
    /// A record is longer than the format holds.
    #[error("a record of {bytes} bytes is longer than the {max} that a journal holds: write it in parts")]
    TooLong {
        /// Its length.
        bytes: usize,
        /// The most.
        max: usize,
    },
    /// Segments of that size cannot be made.
    #[error("a journal segment of {bytes} bytes is outside of {min} to {max}: change [journal] segment_kib")]
    SegmentSize {
        /// What was asked for.
        bytes: u64,
        /// The least.
        min: u64,
        /// The most.
        max: u64,
    },
    /// Anything else that the system says.
    #[error("cannot {action} {}: {source}", .path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// What the system answered.
        source: io::Error,
    },
}

impl JournalError {
    /// The system's answer about `path`, with the causes that have a remedy told apart.
    pub(crate) fn from_io(action: &'static str, path: &Path, needed: u64, source: io::Error) -> Self {
        let dir = || match path.parent() {
            Some(parent) if parent.as_os_str().is_empty() => PathBuf::from("."),
            parent => parent.unwrap_or(path).to_path_buf(),
        };
        match source.raw_os_error() {
            Some(libc::ENOSPC | libc::EDQUOT | libc::EFBIG) => Self::Full { dir: dir(), needed },
            Some(libc::EACCES | libc::EPERM | libc::EROFS) => Self::Permission { path: path.to_path_buf() },
            Some(libc::ENOENT | libc::ENOTDIR) => Self::Gone { dir: dir() },
            _ => Self::Io { action, path: path.to_path_buf(), source },
        }
    }
}
