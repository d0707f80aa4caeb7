//! COLD: mending a session's folder after an accident: what is torn is cut off, what cannot be read is set aside.

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};

use super::error::JournalError;
use super::reader::{Damage, Item, Journal};

/// Ending of a file that was set aside.
const ASIDE: &str = "bad";

/// What was found and done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovery {
    /// Records that can be read.
    pub records: u64,
    /// All damage, in the order of the journal.
    pub damage: Vec<Damage>,
    /// Files that were renamed, by their new names.
    pub set_aside: Vec<PathBuf>,
    /// Bytes cut off the last segment.
    pub cut_bytes: u64,
}

/// Reads the whole session in `dir`, cuts off its torn tail, and renames segments that cannot be read to `*.bad`.
///
/// Nothing intact is touched. Doing it twice is doing it once.
///
/// # Errors
/// As [`Journal::open`]; [`JournalError::Running`], since shortening a file under its writer would kill that; and when
/// a file cannot be cut or renamed.
pub fn recover(dir: &Path) -> Result<Recovery, JournalError> {
    let journal = Journal::open(dir)?;
    if journal.is_being_written() {
        return Err(JournalError::Running { dir: dir.to_path_buf() });
    }
    let mut found = Recovery { records: 0, damage: Vec::new(), set_aside: Vec::new(), cut_bytes: 0 };
    let mut records = journal.records();
    while let Some(item) = records.next()? {
        match item {
            Item::Record { .. } => found.records += 1,
            Item::Damage(damage) => found.damage.push(damage),
        }
    }
    for damage in &found.damage {
        match damage {
            Damage::TornTail { path, offset, .. } => {
                let fail = |e| JournalError::from_io("cut the torn tail of", path, 0, e);
                let file = OpenOptions::new().write(true).open(path).map_err(fail)?;
                let before = file.metadata().map_err(fail)?.len();
                file.set_len(*offset).and_then(|()| file.sync_all()).map_err(fail)?;
                found.cut_bytes += before.saturating_sub(*offset);
            }
            Damage::BadSegment { path, .. } => {
                let mut name = path.clone().into_os_string();
                name.push(".");
                name.push(ASIDE);
                let aside = PathBuf::from(name);
                fs::rename(path, &aside).map_err(|e| JournalError::from_io("set aside", path, 0, e))?;
                found.set_aside.push(aside);
            }
            Damage::Lost { .. } => {}
        }
    }
    if !found.set_aside.is_empty() {
        File::open(dir).and_then(|d| d.sync_all()).map_err(|e| JournalError::from_io("sync", dir, 0, e))?;
    }
    Ok(found)
}
