//! COLD: where a region lies.

use std::path::{Path, PathBuf};

use crate::error::RegionError;

const NAME_BYTES_MAX: usize = 64;
/// Endings of the files that stand beside a region.
const LOCK: &str = ".lock";
const NEW: &str = ".new";
const CONTROL: &str = ".control";

/// A directory and a name that is a plain file name in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    dir: PathBuf,
    name: String,
}

impl Place {
    /// Where regions are looked for by default.
    pub const DEFAULT_DIR: &str = "/dev/shm";

    /// `name` in `/dev/shm`.
    ///
    /// # Errors
    /// [`RegionError::BadName`].
    pub fn new(name: &str) -> Result<Self, RegionError> {
        Self::in_dir(Path::new(Self::DEFAULT_DIR), name)
    }

    /// `name` in another directory; a tmpfs, if writes must never reach a disk.
    ///
    /// # Errors
    /// [`RegionError::BadName`].
    pub fn in_dir(dir: &Path, name: &str) -> Result<Self, RegionError> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        let good = (1..=NAME_BYTES_MAX).contains(&name.len())
            && name.bytes().all(plain)
            && !name.starts_with('.')
            && !name.ends_with(LOCK)
            && !name.ends_with(NEW)
            && !name.ends_with(CONTROL);
        if good {
            Ok(Self { dir: dir.to_path_buf(), name: name.to_owned() })
        } else {
            Err(RegionError::BadName { name: name.to_owned() })
        }
    }

    /// The directory.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The region's file.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.dir.join(&self.name)
    }

    /// The file whose lock a live owner holds.
    #[must_use]
    pub fn lock_path(&self) -> PathBuf {
        self.dir.join(format!("{}{LOCK}", self.name))
    }

    /// The file by which the region's engine is commanded.
    #[must_use]
    pub fn control_path(&self) -> PathBuf {
        self.dir.join(format!("{}{CONTROL}", self.name))
    }

    /// The file that becomes the control file once it is whole.
    pub(crate) fn new_control_path(&self) -> PathBuf {
        self.dir.join(format!("{}{CONTROL}{NEW}", self.name))
    }

    /// The file that becomes the region once it is whole.
    pub(crate) fn new_path(&self) -> PathBuf {
        self.dir.join(format!("{}{NEW}", self.name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_are_taken() {
        for good in ["crosstick", "a", "A-1_b.c", &"x".repeat(64)] {
            assert_eq!(Place::new(good).unwrap().path(), Path::new("/dev/shm").join(good));
        }
        let long = "x".repeat(65);
        for bad in
            ["", ".", "..", "../x", "a/b", "/a", ".hidden", "a b", "ä", "a\0b", "a.lock", "a.new", "a.control", &long]
        {
            assert!(matches!(Place::new(bad), Err(RegionError::BadName { .. })), "{bad:?}");
        }
    }
}
