//! COLD: why a region could not be created or read, each in one line with its remedy.

use std::io;
use std::path::{Path, PathBuf};

/// Why a region could not be created or read.
#[derive(Debug, thiserror::Error)]
pub enum RegionError {
    /// The name cannot be a file name of ours.
    #[error(
        "`{name}` is no region name: use 1 to 64 letters, digits, `-`, `_` or `.`, not `.` first, not `.lock`, `.new` or `.control` last"
    )]
    BadName {
        /// What was asked for.
        name: String,
    },
    /// The directory is missing.
    #[error("{} does not exist: mount it (mount -t tmpfs tmpfs {})", .dir.display(), .dir.display())]
    NoDirectory {
        /// The directory.
        dir: PathBuf,
    },
    /// A live process has the region.
    #[error("region `{name}` belongs to the running process {pid}: stop it, or use another name ([engine] shm)")]
    Owned {
        /// The owner, 0 where it could not be told.
        pid: u32,
        /// The region.
        name: String,
    },
    /// The directory is mounted read-only.
    #[error("{} is read-only: remount it writable (mount -o remount,rw {})", .dir.display(), .dir.display())]
    ReadOnly {
        /// The directory.
        dir: PathBuf,
    },
    /// There is no room for the region.
    #[error("{} has no room for a region of {needed} bytes: remove what is not needed there, or enlarge it", .dir.display())]
    Full {
        /// The directory.
        dir: PathBuf,
        /// Bytes that the region takes.
        needed: u64,
    },
    /// The file system refuses us.
    #[error("no permission for {}: run as the user who owns it, or use another name ([engine] shm)", .path.display())]
    Permission {
        /// The file.
        path: PathBuf,
    },
    /// There is no such region.
    #[error("there is no region {}: start the engine, or name its region", .path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The file is not a region, or a damaged one.
    #[error("{} is not a region of crosstick ({why}): remove it, or use another name", .path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The region is of a layout that this build does not read.
    #[error("{} has layout {found}, this build reads layout {known}: use the build that wrote it", .path.display())]
    Layout {
        /// The file.
        path: PathBuf,
        /// Its layout version.
        found: u32,
        /// The one known here.
        known: u32,
    },
    /// The region asked for is larger than [`REGION_BYTES_MAX`](crate::layout::REGION_BYTES_MAX).
    #[error("a region for so many instruments, stages and records is larger than 256 MiB: configure fewer")]
    TooLarge,
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

impl RegionError {
    /// The system's answer about a file in `dir`, with the causes that have a remedy told apart.
    pub(crate) fn from_io(action: &'static str, path: &Path, needed: u64, source: io::Error) -> Self {
        let dir = || path.parent().unwrap_or(path).to_path_buf();
        match source.raw_os_error() {
            Some(libc::EROFS) => Self::ReadOnly { dir: dir() },
            Some(libc::ENOSPC | libc::EDQUOT | libc::EFBIG | libc::ENOMEM) => Self::Full { dir: dir(), needed },
            Some(libc::EACCES | libc::EPERM) => Self::Permission { path: path.to_path_buf() },
            // What O_NOFOLLOW answers about a symbolic link.
            Some(libc::ELOOP) => Self::Foreign { path: path.to_path_buf(), why: "a symbolic link" },
            _ => Self::Io { action, path: path.to_path_buf(), source },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cause_is_one_line_with_a_remedy() {
        let path = Path::new("/dev/shm/crosstick");
        let text = |code| RegionError::from_io("write", path, 4096, io::Error::from_raw_os_error(code)).to_string();
        for (code, cause, remedy) in [
            (libc::EROFS, "/dev/shm is read-only", "remount"),
            (libc::ENOSPC, "no room for a region of 4096 bytes", "enlarge"),
            (libc::EACCES, "no permission for /dev/shm/crosstick", "run as the user"),
            (libc::ELOOP, "a symbolic link", "remove it"),
            (libc::EIO, "cannot write /dev/shm/crosstick", "error"),
        ] {
            let text = text(code);
            assert!(text.contains(cause) && text.contains(remedy) && !text.contains('\n'), "{text}");
        }
    }
}
