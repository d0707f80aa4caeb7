//! A folder of results that appears whole or not at all. Cold.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::exit::Failure;

/// Files that are written beside where they will be: moved there in the end, or gone with this.
pub struct Staged {
    to: PathBuf,
    folder: TempDir,
}

impl Staged {
    /// Makes the folder `to` if need be.
    ///
    /// # Errors
    /// When it cannot be made, or not be written to.
    pub fn new(to: &Path) -> Result<Self, Failure> {
        let failed = |e: io::Error| Failure::usage(format!("--out {}: {e}; name a folder", to.display()));
        fs::create_dir_all(to).map_err(failed)?;
        let folder = TempDir::with_prefix_in(".unfinished-", to).map_err(failed)?;
        Ok(Self { to: to.to_path_buf(), folder })
    }

    /// Where to write.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Moves all files to their place, over files of the same names; returns their names in order.
    ///
    /// # Errors
    /// When one cannot be moved.
    pub fn publish(self) -> Result<Vec<String>, Failure> {
        let failed = |e: io::Error| Failure::other(format!("{}: {e}", self.to.display()));
        let mut names = Vec::new();
        for entry in fs::read_dir(self.folder.path()).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            fs::rename(entry.path(), self.to.join(entry.file_name())).map_err(failed)?;
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
        names.sort();
        Ok(names)
    }
}
