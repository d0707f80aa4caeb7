//! COLD: mending a session's folder after an accident: what is torn is cut off, what cannot be read is set aside.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use super::error::JournalError;
use super::reader::{Damage, Item, Journal};

/// How long a file may be locked by who only looks.
const LOOK_PATIENCE: Duration = Duration::from_millis(200);
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
/// Nothing intact is touched. Doing it twice is doing it once. Whatever it changes is locked meanwhile.
///
/// # Errors
/// As [`Journal::open`]; [`JournalError::Running`], since shortening a file under its writer would kill that;
/// [`JournalError::NoLock`] where nothing tells whether one is at work; and when a file cannot be cut or renamed. After
/// the first three nothing was changed.
pub fn recover(dir: &Path) -> Result<Recovery, JournalError> {
    let journal = Journal::open(dir)?;
    let mut held = Vec::new();
    if let Some(last) = journal.segments().last() {
        held.push(claim(dir, &last.path)?);
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
        // It may be the file that a writer is at, and damaged since. Opening what is no file might never end.
        if let Damage::BadSegment { path, .. } = damage
            && fs::metadata(path).is_ok_and(|meta| meta.is_file())
        {
            held.push(claim(dir, path)?);
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
    drop(held);
    Ok(found)
}

/// The file, locked as a writer locks it: so long as it is open nobody else writes or mends it.
fn claim(dir: &Path, path: &Path) -> Result<File, JournalError> {
    // Some file systems lock for one alone only what may be written; where nothing may, there may be nothing to mend.
    let opened = OpenOptions::new().read(true).write(true).open(path).or_else(|_| File::open(path));
    let file = opened.map_err(|e| JournalError::from_io("open", path, 0, e))?;
    // Who only looks whether it is being written holds it for a moment.
    let until = Instant::now() + LOOK_PATIENCE;
    let mut tried = file.try_lock();
    while matches!(tried, Err(TryLockError::WouldBlock)) && Instant::now() < until {
        thread::sleep(LOOK_PATIENCE / 20);
        tried = file.try_lock();
    }
    free(dir, path, tried)?;
    Ok(file)
}

/// Whether nobody writes the file, by what came of trying to lock it. Only a lock that was had says so.
fn free(dir: &Path, path: &Path, tried: Result<(), TryLockError>) -> Result<(), JournalError> {
    tried.map_err(|error| match error {
        TryLockError::WouldBlock => JournalError::Running { dir: dir.to_path_buf() },
        TryLockError::Error(source) => JournalError::NoLock { path: path.to_path_buf(), source },
    })
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn only_a_lock_that_was_had_says_that_nobody_writes() {
        let (dir, path) = (Path::new("/a/session"), Path::new("/a/session/000003.seg"));
        assert!(free(dir, path, Ok(())).is_ok());
        let taken = free(dir, path, Err(TryLockError::WouldBlock));
        assert!(matches!(taken, Err(JournalError::Running { dir }) if dir == Path::new("/a/session")));
        for errno in [libc::ENOLCK, libc::ENOSYS, libc::EOPNOTSUPP, libc::EINTR, libc::EIO, libc::EBADF] {
            let error = TryLockError::Error(io::Error::from_raw_os_error(errno));
            let text = free(dir, path, Err(error)).map_err(|e| e.to_string()).expect_err("nothing is known");
            let says = |words: &str| assert!(text.contains(words), "{words:?} is not in {text}");
            says("/a/session/000003.seg");
            says(&io::Error::from_raw_os_error(errno).to_string());
            says("copy the session's folder to a file system with locks");
        }
    }
}
