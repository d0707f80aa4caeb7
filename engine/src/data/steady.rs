//! Sources that are read more than once: their files as they were before, so that a change between is seen. Cold.

use std::collections::BTreeMap;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::{Source, files};
use crate::exit::Failure;

/// What tells a file from itself at another time, without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Mark {
    bytes: u64,
    /// Last change of its contents: s and ns.
    written: (i64, i64),
    /// Device and number on it.
    inode: (u64, u64),
}

/// Sources that have to stay as they are, with the files that they are made of.
#[derive(Debug)]
pub struct Steady<'a> {
    /// The sources.
    pub sources: &'a [Source],
    files: BTreeMap<PathBuf, Mark>,
}

impl<'a> Steady<'a> {
    /// Notes every file of the sources as it is now.
    ///
    /// # Errors
    /// Usage: a source that is not there, or that is neither a file nor a folder and so gives its data only once.
    pub fn note(sources: &'a [Source]) -> Result<Self, Failure> {
        Ok(Self { sources, files: marks(sources)? })
    }

    /// That every file is what it was.
    ///
    /// # Errors
    /// Which one is not, and in what: what was read before and what is read after would be mixed.
    pub fn check(&self) -> Result<(), Failure> {
        let now = marks(self.sources)?;
        let changed = |path: &Path, how: String| {
            Failure::other(format!(
                "{}: {how} while the data was being read; what was read before and after does not belong together: \
                 wait until nobody writes it, or copy it, and start again",
                path.display()
            ))
        };
        for (path, before) in &self.files {
            let Some(after) = now.get(path) else { return Err(changed(path, "it went away".into())) };
            if after.inode != before.inode {
                return Err(changed(path, "another file took its place".into()));
            }
            if after.bytes != before.bytes {
                return Err(changed(path, format!("it went from {} to {} bytes", before.bytes, after.bytes)));
            }
            if after.written != before.written {
                return Err(changed(path, "it was written to".into()));
            }
        }
        match now.keys().find(|path| !self.files.contains_key(*path)) {
            Some(path) => Err(changed(path, "it appeared".into())),
            None => Ok(()),
        }
    }
}

fn marks(sources: &[Source]) -> Result<BTreeMap<PathBuf, Mark>, Failure> {
    let mut marks = BTreeMap::new();
    for source in sources {
        marks.extend(files(&source.path)?.into_iter().map(|(path, about)| (path, mark(&about))));
    }
    Ok(marks)
}

fn mark(about: &Metadata) -> Mark {
    let written = (about.mtime(), about.mtime_nsec());
    Mark { bytes: about.len(), written, inode: (about.dev(), about.ino()) }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File, FileTimes};
    use std::time::{Duration, SystemTime};

    use super::*;
    use crate::exit::Code;

    fn said(steady: &Steady<'_>) -> String {
        steady.check().expect_err("a change").to_string()
    }

    #[test]
    fn every_change_is_told_with_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let session = folder.path().join("session");
        let (one, deep, other) =
            (folder.path().join("000000.seg"), session.join("000000.seg"), session.join("000001.seg"));
        fs::create_dir(session).unwrap();
        fs::write(&one, "12").unwrap();
        fs::write(&deep, "34").unwrap();
        let sources = [Source { venue: None, symbol: None, path: folder.path().to_path_buf() }];
        let steady = Steady::note(&sources).unwrap();
        steady.check().unwrap();

        fs::write(&deep, "345").unwrap();
        assert!(said(&steady).contains("session/000000.seg: it went from 2 to 3 bytes"), "{}", said(&steady));
        let steady = Steady::note(&sources).unwrap();
        let past = FileTimes::new().set_modified(SystemTime::now() - Duration::from_secs(60));
        File::options().write(true).open(&deep).unwrap().set_times(past).unwrap();
        assert!(said(&steady).contains("session/000000.seg: it was written to"), "{}", said(&steady));
        let steady = Steady::note(&sources).unwrap();
        fs::write(&other, "12").unwrap();
        assert!(said(&steady).contains("session/000001.seg: it appeared"), "{}", said(&steady));
        let steady = Steady::note(&sources).unwrap();
        fs::rename(&other, &one).unwrap();
        assert!(said(&steady).contains("000000.seg: another file took its place"), "{}", said(&steady));
        let steady = Steady::note(&sources).unwrap();
        fs::remove_file(&one).unwrap();
        assert!(said(&steady).contains("000000.seg: it went away"), "{}", said(&steady));
    }

    #[test]
    fn what_can_be_read_only_once_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let sources = [Source { venue: None, symbol: None, path: pipe }];
        let failure = Steady::note(&sources).expect_err("a pipe");
        assert_eq!(failure.code, Code::Usage);
        assert!(failure.to_string().contains("save it to a file"), "{failure}");
    }
}
