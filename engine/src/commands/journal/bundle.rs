//! `crosstick bundle DIR OUT`, and a bundle where a session's folder is asked for.

use std::path::{Path, PathBuf};

use crosstick_ipc::journal::Journal;

use super::{bar, find};
use crate::exit::{Code, Failure, Outcome};
use crate::journal::bundle::{Unpacked, is_bundle, make, unpack};
use crate::out;

/// Carries it out.
///
/// # Errors
/// When the session cannot be read, or the file not be written.
pub fn command(dir: &Path, out: &Path) -> Outcome {
    let dir = find(dir)?;
    let total: u64 = Journal::open(&dir).map_err(Failure::usage)?.segments().iter().map(|s| s.bytes).sum();
    let bar = bar(total, "verifying");
    let (description, verified) = make(&dir, out, &mut |bytes| bar.to(bytes)).map_err(Failure::other)?;
    bar.clear();
    let bytes = std::fs::metadata(out).map(|m| m.len()).unwrap_or(0);
    let (files, of) = (description.files.len(), description.files.iter().map(|f| f.bytes).sum::<u64>());
    out::line(format_args!("{}: {bytes} bytes, {files} files of {of} bytes", out.display()));
    let (inputs, decisions, hash) = (verified.inputs, verified.decisions, &verified.hash);
    if verified.is_identical() {
        let to = if verified.complete { "" } else { " up to its end, which is before the run's" };
        out::line(format_args!("identical when run again{to}: {inputs} inputs, {decisions} decisions, hash {hash}"));
    } else {
        out::line("bundled as it is, but not identical when run again: replay --journal FILE --verify says where");
    }
    Ok(Code::Done)
}

/// A session's folder that may have come out of a bundle; a bundle's goes when this does.
pub enum Place {
    /// A folder of its own.
    Folder(PathBuf),
    /// Out of a bundle.
    Bundle(Box<Unpacked>),
}

impl Place {
    /// The session's folder.
    pub fn dir(&self) -> &Path {
        match self {
            Self::Folder(dir) => dir,
            Self::Bundle(unpacked) => unpacked.dir(),
        }
    }
}

/// The session that `path` names: a bundle, a session's folder, or a folder of sessions.
pub fn place(path: &Path) -> Result<Place, Failure> {
    if is_bundle(path) {
        return Ok(Place::Bundle(Box::new(unpack(path).map_err(Failure::usage)?)));
    }
    find(path).map(Place::Folder)
}
