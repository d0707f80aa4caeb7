//! A folder of results that appears whole or not at all. Cold.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::place::Sign;
use crate::exit::Failure;

/// What folders of unfinished results begin with; the number of their process follows.
const PREFIX: &str = ".unfinished-";
/// In each of them: locked as long as its process is there.
const LOCK: &str = ".lock";
/// It leads to the others, and so comes last.
const PAGE: &str = "index.html";

/// Files that are written beside where they will be: moved there in the end, or gone with this.
pub struct Staged {
    to: PathBuf,
    folder: TempDir,
    /// `None` where the file system knows no locks: then nobody clears up behind a kill.
    _lock: Option<File>,
}

impl Staged {
    /// Makes the folder `to` if need be, and removes what processes that were killed left unfinished in it.
    ///
    /// # Errors
    /// When it cannot be made, or not be written to.
    pub fn new(to: &Path) -> Result<Self, Failure> {
        let failed = |e: io::Error| Failure::usage(format!("--out {}: {e}; name a folder", to.display()));
        fs::create_dir_all(to).map_err(failed)?;
        remove_abandoned(to);
        let prefix = format!("{PREFIX}{}-", std::process::id());
        let folder = TempDir::with_prefix_in(prefix, to).map_err(failed)?;
        let lock = lock(folder.path()).ok();
        Ok(Self { to: to.to_path_buf(), folder, _lock: lock })
    }

    /// Where to write.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Moves all files to their place, over files of the same names, a sign of them first and the page last; returns
    /// their names in order.
    ///
    /// # Errors
    /// When one cannot be moved.
    pub fn publish(self, sign: Option<Sign>) -> Result<Vec<String>, Failure> {
        let failed = |e: io::Error| Failure::other(format!("{}: {e}", self.to.display()));
        let mut names = Vec::new();
        for entry in fs::read_dir(self.folder.path()).map_err(failed)? {
            names.push(entry.map_err(failed)?.file_name().to_string_lossy().into_owned());
        }
        names.retain(|name| name != LOCK);
        if let Some(sign) = sign {
            sign.write(self.folder.path(), &self.to, &names).map_err(failed)?;
            names.push(sign.file.to_owned());
        }
        let is_sign = |name: &str| sign.is_some_and(|sign| name == sign.file);
        names.sort_by_key(|name| (name == PAGE, !is_sign(name), name.clone()));
        for name in &names {
            fs::rename(self.folder.path().join(name), self.to.join(name)).map_err(failed)?;
        }
        names.sort();
        Ok(names)
    }
}

/// Locks a folder of unfinished results. Its lock has that name only once it is held.
fn lock(folder: &Path) -> io::Result<File> {
    let begun = folder.join(".lock-begun");
    let file = File::create(&begun)?;
    let locked = file.try_lock().map_err(io::Error::from).and_then(|()| fs::rename(&begun, folder.join(LOCK)));
    if locked.is_err() {
        let _ = fs::remove_file(&begun);
    }
    locked.map(|()| file)
}

/// Removes the folders of processes that are gone. What cannot be removed is in nobody's way.
fn remove_abandoned(to: &Path) {
    for entry in fs::read_dir(to).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let process = name.to_str().and_then(|n| n.strip_prefix(PREFIX)?.split_once('-')?.0.parse::<u32>().ok());
        let Some(process) = process else { continue };
        // In a container the same number comes again and again: of our own the lock alone decides.
        if process != std::process::id() && Path::new("/proc").join(process.to_string()).exists() {
            continue;
        }
        // Also where its process cannot be seen from here, as from another container, a lock is.
        let Ok(lock) = File::open(entry.path().join(LOCK)) else { continue };
        match lock.try_lock() {
            Ok(()) => {
                let _ = fs::remove_dir_all(entry.path());
            }
            Err(TryLockError::WouldBlock | TryLockError::Error(_)) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(dir: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// The number of a process that was.
    fn gone() -> u32 {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        child.wait().unwrap();
        child.id()
    }

    #[test]
    fn results_replace_those_before_and_nothing_else() {
        let out = tempfile::tempdir().unwrap();
        for name in ["a.csv", "parts.csv", "mine.txt"] {
            fs::write(out.path().join(name), "old").unwrap();
        }
        let staged = Staged::new(out.path()).unwrap();
        fs::write(staged.path().join("index.html"), "new").unwrap();
        fs::write(staged.path().join("a.csv"), "new").unwrap();
        assert_eq!(fs::read_to_string(out.path().join("a.csv")).unwrap(), "old", "not before all are whole");
        assert_eq!(staged.publish(None).unwrap(), ["a.csv", "index.html"]);
        assert_eq!(names(out.path()), ["a.csv", "index.html", "mine.txt", "parts.csv"]);
        assert_eq!(fs::read_to_string(out.path().join("a.csv")).unwrap(), "new");
        drop(Staged::new(out.path()).unwrap());
        assert_eq!(names(out.path()), ["a.csv", "index.html", "mine.txt", "parts.csv"]);
    }

    #[test]
    fn the_page_comes_last() {
        let out = tempfile::tempdir().unwrap();
        let staged = Staged::new(out.path()).unwrap();
        for name in ["z.csv", "index.html"] {
            fs::write(staged.path().join(name), "new").unwrap();
        }
        // What cannot be moved over: a folder that holds something.
        fs::create_dir_all(out.path().join("z.csv/full")).unwrap();
        assert!(staged.publish(None).is_err());
        assert_eq!(names(out.path()), ["z.csv"], "no page of results that are not all there");
    }

    #[test]
    fn whatever_part_was_moved_is_known_by_its_sign() {
        let sign = Sign { file: "test.json", of: "test" };
        let all = ["test.json", "a.csv", "z.csv", "index.html"];
        for stop in 1..all.len() {
            let out = tempfile::tempdir().unwrap();
            let publish = || {
                let staged = Staged::new(out.path()).unwrap();
                all[1..].iter().for_each(|name| fs::write(staged.path().join(name), "new").unwrap());
                staged.publish(Some(sign))
            };
            fs::create_dir_all(out.path().join(all[stop]).join("full")).unwrap();
            assert!(publish().is_err());
            fs::remove_dir_all(out.path().join(all[stop])).unwrap();
            let mut there = all[..stop].to_vec();
            there.sort_unstable();
            assert_eq!(names(out.path()), there);
            sign.allow(out.path(), &all[1..]).unwrap();
            for _ in 0..2 {
                assert_eq!(publish().unwrap(), ["a.csv", "index.html", "test.json", "z.csv"]);
                sign.allow(out.path(), &all[1..]).unwrap();
            }
        }
    }

    #[test]
    fn what_a_killed_process_left_goes_and_nothing_else() {
        let out = tempfile::tempdir().unwrap();
        let running = Staged::new(out.path()).unwrap();
        let make = |name: &str, locked: bool| {
            let folder = out.path().join(name);
            fs::create_dir(&folder).unwrap();
            fs::write(folder.join("trades.parquet"), "half").unwrap();
            let file = File::create(folder.join(LOCK)).unwrap();
            locked.then(|| file.try_lock().map(|()| file).unwrap())
        };
        let (gone, alive) = (gone(), std::process::id());
        let parent = std::os::unix::process::parent_id();
        make(&format!(".unfinished-{gone}-aaaaaa"), false);
        make(&format!(".unfinished-{alive}-aaaaaa"), false);
        let held = make(&format!(".unfinished-{gone}-held"), true);
        make(&format!(".unfinished-{parent}-alive"), false);
        make(".unfinished-strange", false);
        fs::create_dir(out.path().join(format!(".unfinished-{gone}-unlocked"))).unwrap();
        let staged = Staged::new(out.path()).unwrap();
        let mut left: Vec<String> =
            [running.path(), staged.path()].map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).into();
        left.extend([
            format!(".unfinished-{gone}-held"),
            format!(".unfinished-{parent}-alive"),
            ".unfinished-strange".into(),
            format!(".unfinished-{gone}-unlocked"),
        ]);
        left.sort();
        assert_eq!(names(out.path()), left);
        drop(held);
    }
}
