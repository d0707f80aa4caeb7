//! The files that a source is read from. Cold.
//!
//! A folder is read by the names of its files: whatever else lies in it or below it, results say, or no file at all, is
//! no part of the data.

use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use crate::exit::Failure;
use crate::journal::bundle::is_a_sessions;
use crate::record::format::{is_a_recordings, is_recording};

/// The files of a source with what the system says of each: itself, or those of the recording or the sessions in a
/// folder, in order.
///
/// # Errors
/// Usage: a source that is not there, or that is neither a file nor a folder and so gives its data only once.
pub fn files(source: &Path) -> Result<BTreeMap<PathBuf, Metadata>, Failure> {
    let failed = |e: io::Error| Failure::usage(format!("{}: {e}", source.display()));
    let about = fs::metadata(source).map_err(failed)?;
    if about.is_file() {
        return Ok(BTreeMap::from([(source.to_path_buf(), about)]));
    }
    if !about.is_dir() {
        return Err(Failure::usage(format!(
            "{}: it is neither a file nor a folder, so its data can be read only once, and more is needed here; save \
             it to a file, and name that",
            source.display()
        )));
    }
    let mut files = entries(source)?;
    if is_recording(source) {
        files.retain(|path, about| about.is_file() && is_named(path, is_a_recordings));
        return Ok(files);
    }
    // Which session is the newest may change, so those of all are looked at.
    for (folder, _) in files.extract_if(.., |_, about| about.is_dir()).collect::<Vec<_>>() {
        // Hidden ones hold results that somebody is writing.
        if !is_named(&folder, |name| name.starts_with('.')) {
            files.extend(entries(&folder)?);
        }
    }
    files.retain(|path, about| about.is_file() && is_named(path, is_a_sessions));
    Ok(files)
}

fn is_named(path: &Path, is: fn(&str) -> bool) -> bool {
    path.file_name().and_then(|name| name.to_str()).is_some_and(is)
}

/// What is directly in a folder, links followed; those that lead nowhere are left out.
fn entries(folder: &Path) -> Result<BTreeMap<PathBuf, Metadata>, Failure> {
    let nowhere = |e: &io::Error| e.kind() == io::ErrorKind::NotFound || e.raw_os_error() == Some(libc::ELOOP);
    let list = match fs::read_dir(folder) {
        Ok(list) => list,
        // It was there just now, as folders of unfinished results are.
        Err(e) if nowhere(&e) => return Ok(BTreeMap::new()),
        Err(e) => return Err(Failure::usage(format!("{}: {e}", folder.display()))),
    };
    let mut entries = BTreeMap::new();
    for entry in list {
        let path = entry.map_err(|e| Failure::usage(format!("{}: {e}", folder.display())))?.path();
        match fs::metadata(&path) {
            Ok(about) => {
                entries.insert(path, about);
            }
            Err(e) if nowhere(&e) => {}
            Err(e) => return Err(Failure::usage(format!("{}: {e}", path.display()))),
        }
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;
    use std::process::Command;

    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let files = files(folder).unwrap_or_else(|e| panic!("{e}"));
        files.keys().map(|path| path.strip_prefix(folder).unwrap().display().to_string()).collect()
    }

    /// What is no file, under names that are nobody's and under those of data.
    fn clutter(folder: &Path, name: &str) -> UnixListener {
        for pipe in ["pipe", name] {
            assert!(Command::new("mkfifo").arg(folder.join(pipe)).status().unwrap().success());
        }
        symlink("nowhere", folder.join("dangling")).unwrap();
        symlink("itself", folder.join("itself")).unwrap();
        symlink(".", folder.join("loop")).unwrap();
        fs::create_dir(folder.join("results")).unwrap();
        fs::write(folder.join("results/report.json"), "{}").unwrap();
        fs::write(folder.join("index.html"), "<html>").unwrap();
        UnixListener::bind(folder.join("socket")).unwrap()
    }

    #[test]
    fn of_a_folder_only_data_is_looked_at() {
        let folder = tempfile::tempdir().unwrap();
        for session in ["20260301T120000.000Z-1", "20260302T120000.000Z-1"] {
            fs::create_dir(folder.path().join(session)).unwrap();
            fs::write(folder.path().join(session).join("000000.seg"), "").unwrap();
        }
        fs::write(folder.path().join("20260302T120000.000Z-1/000000.idx"), "").unwrap();
        let _socket = clutter(folder.path(), "000001.seg");
        let _other = clutter(&folder.path().join("20260301T120000.000Z-1"), "000001.seg");
        let wanted = ["1T120000.000Z-1/000000.seg", "2T120000.000Z-1/000000.idx", "2T120000.000Z-1/000000.seg"];
        assert_eq!(names(folder.path()), wanted.map(|name| format!("2026030{name}")));

        let recording = tempfile::tempdir().unwrap();
        let data = ["end.json", "recording.json", "spot.0.000000.idx.csv", "spot.0.000000.txt.zst"];
        data.iter().for_each(|name| fs::write(recording.path().join(name), "").unwrap());
        let _socket = clutter(recording.path(), "spot.0.000001.txt.zst");
        assert_eq!(names(recording.path()), data);
    }
}
