//! Where results may go: over what an earlier run of the same kind wrote, never over what is read or is somebody
//! else's. Cold, and looked at before any work.

use std::collections::BTreeSet;
use std::fs::{self, File, Metadata};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::data::{Source, files};
use crate::exit::Failure;

/// Longer than any sign of ours.
const SIGN_BYTES_MAX: u64 = 1 << 20;
/// Version of a sign.
const FORMAT: u32 = 1;

/// The files that a command reads.
pub struct Inputs(Vec<Input>);

struct Input {
    path: PathBuf,
    /// Device and number on it, of whatever name.
    inode: (u64, u64),
}

impl Inputs {
    /// The config's file and those of the sources. What is not there cannot be written over.
    #[must_use]
    pub fn of(config: Option<&Path>, sources: &[Source]) -> Self {
        let one = |path: &Path| fs::metadata(path).ok().map(|about| (path.to_path_buf(), about));
        let mut all: Vec<(PathBuf, Metadata)> = config.and_then(one).into_iter().collect();
        for source in sources {
            match files(&source.path) {
                Ok(files) => all.extend(files),
                // A pipe, say.
                Err(_) => all.extend(one(&source.path)),
            }
        }
        Self(all.into_iter().map(|(path, about)| Input { path, inode: inode(&about) }).collect())
    }

    fn at(&self, path: &Path) -> Option<&Path> {
        // What is written to a pipe or a terminal is over nothing.
        let there = fs::metadata(path).ok().filter(Metadata::is_file).as_ref().map(inode)?;
        self.0.iter().find(|input| input.inode == there).map(|input| input.path.as_path())
    }

    /// That a file which `flag` names is none of them.
    ///
    /// # Errors
    /// Usage: which one it is.
    pub fn spare(&self, flag: &str, path: &Path) -> Result<(), Failure> {
        let Some(input) = self.at(path) else { return Ok(()) };
        Err(Failure::usage(format!(
            "{flag} {}: {} is read, and would be written over; name another file",
            path.display(),
            input.display()
        )))
    }

    /// That none of them is in the place of a result of those names in `dir`.
    ///
    /// # Errors
    /// Usage: which one is.
    pub fn spare_from<'n>(&self, dir: &Path, names: impl IntoIterator<Item = &'n str>) -> Result<(), Failure> {
        for name in names {
            let place = dir.join(name);
            let Some(input) = self.at(&place) else { continue };
            return Err(Failure::usage(format!(
                "--out {}: {} is read, and a result would be written over it as {}; name another --out",
                dir.display(),
                input.display(),
                place.display()
            )));
        }
        Ok(())
    }
}

fn inode(about: &Metadata) -> (u64, u64) {
    (about.dev(), about.ino())
}

/// That nothing in `dir` tells of results of another kind, which have files of the same names: `marks`, each a file and
/// whose it is.
///
/// # Errors
/// Usage: which one is there.
pub fn alone(dir: &Path, marks: &[(&str, &str)]) -> Result<(), Failure> {
    let there = marks.iter().find(|(file, _)| dir.join(file).symlink_metadata().is_ok());
    there.map_or(Ok(()), |(file, of)| {
        Err(Failure::usage(format!(
            "--out {}: {file} there says that it is a {of}'s, and each would write over the other's results; name \
             another --out",
            dir.display()
        )))
    })
}

/// A file that tells a folder of results of one kind, and which of its files they are.
///
/// It is moved in before them: whatever a kill leaves, it tells of all that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sign {
    /// Its name.
    pub file: &'static str,
    /// The command whose results they are.
    pub of: &'static str,
}

/// What is in it.
#[derive(Debug, Serialize, Deserialize)]
struct Written {
    results: String,
    format: u32,
    files: BTreeSet<String>,
}

impl Sign {
    /// That results of those `names` may go to `dir`: where something bears one of them, it is a file, and the sign
    /// there says that an earlier run wrote one of that name.
    ///
    /// # Errors
    /// Usage: what is in the way, and what to do.
    pub fn allow(&self, dir: &Path, names: &[impl AsRef<str>]) -> Result<(), Failure> {
        let folder = names.iter().map(AsRef::as_ref).find(|name: &&str| dir.join(name).is_dir());
        if let Some(name) = folder {
            return Err(Failure::usage(format!(
                "--out {}: {name} is a folder, where a result would be; name another --out, or move it away",
                dir.display()
            )));
        }
        let ours = self.read(dir);
        let is_ours = |name: &str| ours.as_ref().is_some_and(|files| name == self.file || files.contains(name));
        let mut in_the_way: Vec<&str> = names.iter().map(AsRef::as_ref).chain([self.file]).collect();
        in_the_way.retain(|name| {
            let there = dir.join(name).symlink_metadata();
            there.is_ok() && !is_ours(name)
        });
        if in_the_way.is_empty() {
            return Ok(());
        }
        in_the_way.sort_unstable();
        Err(Failure::usage(format!(
            "--out {}: {} would be written over, but no {} there says that an earlier {} wrote it; name another --out, \
             or move it away",
            dir.display(),
            in_the_way.join(", "),
            self.file,
            self.of
        )))
    }

    /// Writes it into `staged`, for files of those `names` and those that the one in `dir` tells of.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn write(&self, staged: &Path, dir: &Path, names: &[String]) -> std::io::Result<()> {
        let mut files = self.read(dir).unwrap_or_default();
        files.extend(names.iter().cloned());
        let mut text = serde_json::to_string_pretty(&Written { results: self.of.into(), format: FORMAT, files })?;
        text.push('\n');
        fs::write(staged.join(self.file), text)
    }

    /// The files that it tells of; `None`: there is none, or none of ours.
    fn read(&self, dir: &Path) -> Option<BTreeSet<String>> {
        let path = dir.join(self.file);
        // Opening what is no file might never end.
        if !fs::metadata(&path).ok()?.is_file() {
            return None;
        }
        let mut text = Vec::new();
        File::open(path).ok()?.take(SIGN_BYTES_MAX).read_to_end(&mut text).ok()?;
        let written: Written = serde_json::from_slice(&text).ok()?;
        (written.results == self.of && written.format == FORMAT).then_some(written.files)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;
    use std::process::Command;

    use super::*;
    use crate::exit::Code;

    const SIGN: Sign = Sign { file: "test.json", of: "test" };

    fn said(result: Result<(), Failure>) -> String {
        let failure = result.expect_err("a file in the way");
        assert_eq!(failure.code, Code::Usage);
        failure.to_string()
    }

    #[test]
    fn only_what_the_sign_tells_of_is_ours() {
        let dir = tempfile::tempdir().unwrap();
        let (out, at) = (dir.path(), |name: &str| dir.path().join(name));
        let names = ["a.csv", "b.csv"];
        SIGN.allow(&at("new"), &names).unwrap();
        SIGN.write(out, out, &["a.csv".into()]).unwrap();
        fs::write(at("a.csv"), "").unwrap();
        fs::write(at("c.csv"), "").unwrap();
        SIGN.allow(out, &names).unwrap();
        fs::write(at("b.csv"), "").unwrap();
        let text = said(SIGN.allow(out, &names));
        assert!(text.contains(": b.csv would") && text.contains("another --out"), "{text}");
        SIGN.write(out, out, &["b.csv".into()]).unwrap();
        SIGN.allow(out, &names).unwrap();
        // What no file can be moved over is in the way, whosever it is.
        fs::remove_file(at("a.csv")).unwrap();
        fs::create_dir(at("a.csv")).unwrap();
        assert!(said(SIGN.allow(out, &names)).contains(": a.csv is a folder"));
        fs::remove_dir(at("a.csv")).unwrap();
        fs::write(at("a.csv"), "").unwrap();
        let other = Sign { of: "another", ..SIGN };
        assert!(said(other.allow(out, &names)).contains("a.csv, b.csv, test.json would"));
        // Reading a pipe would never end.
        fs::remove_file(at("test.json")).unwrap();
        assert!(Command::new("mkfifo").arg(at("test.json")).status().unwrap().success());
        assert!(said(SIGN.allow(out, &names)).contains("a.csv, b.csv, test.json would"));
    }

    #[test]
    fn what_is_read_is_known_by_any_name() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        ["config.toml", "000000.seg", "other"].iter().for_each(|name| fs::write(at(name), "1").unwrap());
        fs::hard_link(at("000000.seg"), at("hard.csv")).unwrap();
        symlink("config.toml", at("soft.csv")).unwrap();
        symlink("nowhere", at("nothing.csv")).unwrap();
        let folder = Source { venue: None, symbol: None, path: dir.path().to_path_buf() };
        let absent = Source { path: at("absent"), ..folder.clone() };
        let inputs = Inputs::of(Some(&at("config.toml")), &[folder, absent]);
        for name in ["hard.csv", "soft.csv"] {
            assert!(said(inputs.spare("--report", &at(name))).contains("name another file"));
            let text = said(inputs.spare_from(dir.path(), ["nothing.csv", name]));
            assert!(text.contains(name) && text.contains("name another --out"), "{text}");
        }
        inputs.spare_from(dir.path(), ["nothing.csv", "other", "absent"]).unwrap();
    }
}
