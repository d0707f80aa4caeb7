//! COLD: the lock that says who has a region.
//!
//! It is a `flock` on a file of its own beside the region. A lock, because the kernel drops it with the process
//! however that ends, and because two starters at once cannot both get it; on a file of its own, because the region's
//! is replaced by a rename, which would leave the lock on the file that nobody finds any more. The file holds the
//! owner's identity so that a refusal can name it. Whoever gets the lock checks that the file is still the one in the
//! directory, so that an owner who leaves can remove it.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::time::Duration;

use crate::error::RegionError;
use crate::identity::ProcessIdentity;
use crate::place::Place;

/// How often a held lock is looked at before it is refused: its owner may be about to write its name, or to leave.
const TRIES: u32 = 40;
const PAUSE: Duration = Duration::from_millis(5);

/// The held lock.
#[derive(Debug)]
pub(crate) struct Lock {
    /// Keeps the lock: it goes when this is closed.
    _file: File,
    place: Place,
}

impl Lock {
    /// Takes the lock, or says who has it.
    pub(crate) fn take(place: &Place) -> Result<Self, RegionError> {
        let path = place.lock_path();
        let fail = |action, error| RegionError::from_io(action, &path, 0, error);
        let mut owner = None;
        for _ in 0..TRIES {
            let mut file = OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .mode(0o640)
                .custom_flags(libc::O_NOFOLLOW)
                .open(&path)
                .map_err(|e| fail("open", e))?;
            match file.try_lock() {
                Ok(()) if is_at(&file, &path) => {
                    write_owner(&mut file).map_err(|e| fail("write", e))?;
                    return Ok(Self { _file: file, place: place.clone() });
                }
                // Its former owner removed it between our opening and locking it.
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    owner = read_owner(&mut file).filter(ProcessIdentity::is_alive);
                    if owner.is_some() {
                        break;
                    }
                    std::thread::sleep(PAUSE);
                }
                Err(TryLockError::Error(error)) => return Err(fail("lock", error)),
            }
        }
        Err(RegionError::Owned { pid: owner.map_or(0, |o| o.pid), name: place.name().to_owned() })
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Still locked, so this is our own file. Failing to remove it does no harm: an unlocked one is taken as it is.
        let _ = fs::remove_file(self.place.lock_path());
    }
}

fn is_at(file: &File, path: &std::path::Path) -> bool {
    let ids = |m: std::io::Result<fs::Metadata>| m.map(|m| (m.dev(), m.ino())).ok();
    let held = ids(file.metadata());
    held.is_some() && held == ids(fs::symlink_metadata(path))
}

fn write_owner(file: &mut File) -> std::io::Result<()> {
    let this = ProcessIdentity::this();
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{} {} {:032x}", this.pid, this.start_ticks, u128::from_be_bytes(this.boot_id))
}

fn read_owner(file: &mut File) -> Option<ProcessIdentity> {
    let mut text = String::new();
    // Longer than any line of ours; a foreign file is not read whole.
    file.take(128).read_to_string(&mut text).ok()?;
    let mut words = text.split_ascii_whitespace();
    Some(ProcessIdentity {
        pid: words.next()?.parse().ok()?,
        start_ticks: words.next()?.parse().ok()?,
        boot_id: u128::from_str_radix(words.next()?, 16).ok()?.to_be_bytes(),
    })
}
