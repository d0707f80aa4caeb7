//! A session in one file, to be kept or handed on: zstd over tar, a description first. Cold.
//!
//! The description (`bundle.json`) says which build wrote the session and which made the bundle, and has each file's
//! length and BLAKE3; zstd adds a checksum of its own. Reading trusts none of it: names are those of a session's files,
//! lengths those of the description, and whatever does not check is refused.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use super::session;
use super::verify::{Verified, VerifyError, verify};
use crate::report::Build;

/// Version of the description.
pub const FORMAT: u32 = 1;
/// Name of the description in the bundle.
const DESCRIPTION: &str = "bundle.json";
/// Longest description that is read.
const DESCRIPTION_BYTES_MAX: u64 = 4 << 20;
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xB5, 0x2F, 0xFD];

/// What a bundle says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Description {
    /// Version of this description.
    pub format: u32,
    /// Version and commit of the build that made the bundle.
    pub bundled_by: [String; 2],
    /// Version and commit of the build that wrote the session.
    pub written_by: [String; 2],
    /// Name of the session's folder.
    pub session: String,
    /// The effective config of the run, TOML.
    pub config: String,
    /// Inputs of the session.
    pub inputs: u64,
    /// Decisions of the session.
    pub decisions: u64,
    /// The hash, in hex, of the session's decisions that this build came to as well when it ran it again.
    pub decisions_hash: String,
    /// Whether everything was identical then.
    pub identical: bool,
    /// Its files.
    pub files: Vec<FileSum>,
}

/// A file of a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileSum {
    /// Its name in the session's folder.
    pub name: String,
    /// Its length.
    pub bytes: u64,
    /// Its BLAKE3, in hex.
    pub blake3: String,
}

/// Why a bundle cannot be made or read.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// The session cannot be run again.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// What the system says.
    #[error("cannot {action} {path}: {source}", path = .path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The file is no bundle, or a damaged one.
    #[error("{path} is not a whole bundle: {why}; make it again from the session's folder", path = .path.display())]
    Bad {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
}

fn io_error(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> BundleError {
    move |source| BundleError::Io { action, path: path.to_path_buf(), source }
}

/// Puts the session in `dir` into the new file `out`, after running it again. Nothing is left where it fails.
///
/// # Errors
/// When the session cannot be read, or `out` is there already or cannot be written.
pub fn make(dir: &Path, out: &Path, progress: &mut dyn FnMut(u64)) -> Result<(Description, Verified), BundleError> {
    let verified = verify(dir, progress)?;
    let (_, session) = session::read(dir).map_err(VerifyError::from)?;
    let mut files = Vec::new();
    for name in names(dir)? {
        let path = dir.join(&name);
        let (bytes, blake3) = sum(&path).map_err(io_error("read", &path))?;
        files.push(FileSum { name, bytes, blake3 });
    }
    let folder = dir.canonicalize().unwrap_or_else(|_| dir.to_path_buf());
    let description = Description {
        format: FORMAT,
        bundled_by: [Build::THIS.version.into(), Build::THIS.commit.into()],
        written_by: [session.version, session.commit],
        session: folder.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default(),
        config: session.config,
        inputs: verified.inputs,
        decisions: verified.decisions,
        decisions_hash: verified.hash.clone(),
        identical: verified.is_identical(),
        files,
    };
    let file = File::create_new(out).map_err(io_error("create", out))?;
    write(file, dir, &description).map_err(|source| {
        let _ = fs::remove_file(out);
        io_error("write", out)(source)
    })?;
    Ok((description, verified))
}

fn write(file: File, dir: &Path, description: &Description) -> io::Result<()> {
    let mut zstd = zstd::Encoder::new(BufWriter::new(file), 0)?;
    zstd.include_checksum(true)?;
    let mut tar = tar::Builder::new(zstd);
    let json = serde_json::to_vec_pretty(description)?;
    tar.append_data(&mut header(json.len() as u64), DESCRIPTION, json.as_slice())?;
    for entry in &description.files {
        let file = File::open(dir.join(&entry.name))?;
        // A file that changed since it was summed up is found when the bundle is read.
        tar.append_data(&mut header(entry.bytes), &entry.name, file.take(entry.bytes))?;
    }
    let mut file = tar.into_inner()?.finish()?;
    file.flush()?;
    file.get_ref().sync_all()
}

fn header(bytes: u64) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_size(bytes);
    header.set_mode(0o644);
    header
}

/// Names of a session's segments and indexes, in order.
fn names(dir: &Path) -> Result<Vec<String>, BundleError> {
    let list = fs::read_dir(dir).map_err(io_error("list", dir))?;
    let mut names: Vec<String> =
        list.flatten().filter_map(|e| e.file_name().into_string().ok()).filter(|n| is_a_sessions(n)).collect();
    names.sort();
    Ok(names)
}

/// `000000.seg`, `000000.idx` and the like: nothing that leads out of a folder.
#[must_use]
pub fn is_a_sessions(name: &str) -> bool {
    let number = name.strip_suffix(".seg").or_else(|| name.strip_suffix(".idx"));
    number.is_some_and(|n| n.len() >= 6 && n.bytes().all(|b| b.is_ascii_digit()))
}

fn sum(path: &Path) -> io::Result<(u64, String)> {
    let mut file = File::open(path)?;
    let mut hasher = blake3::Hasher::new();
    let bytes = io::copy(&mut file, &mut hasher)?;
    Ok((bytes, hasher.finalize().to_hex().to_string()))
}

/// Whether the file begins as a bundle does.
#[must_use]
pub fn is_bundle(path: &Path) -> bool {
    let mut magic = [0; 4];
    path.is_file() && File::open(path).and_then(|mut f| f.read_exact(&mut magic)).is_ok() && magic == ZSTD_MAGIC
}

/// A bundle laid out as a session's folder, in a temporary folder that goes with it.
#[derive(Debug)]
pub struct Unpacked {
    folder: TempDir,
    /// What the bundle says of itself.
    pub description: Description,
}

impl Unpacked {
    /// The session's folder.
    #[must_use]
    pub fn dir(&self) -> &Path {
        self.folder.path()
    }
}

/// Unpacks a bundle and checks every file of it.
///
/// # Errors
/// When it is not whole, or there is no room for it.
pub fn unpack(path: &Path) -> Result<Unpacked, BundleError> {
    let bad = |why: String| BundleError::Bad { path: path.to_path_buf(), why };
    let broken = |error: io::Error| BundleError::Bad { path: path.to_path_buf(), why: error.to_string() };
    let file = File::open(path).map_err(io_error("open", path))?;
    let mut archive = tar::Archive::new(zstd::Decoder::new(BufReader::new(file)).map_err(broken)?);
    let folder = TempDir::with_prefix("crosstick-bundle-").map_err(io_error("make", &std::env::temp_dir()))?;
    let mut entries = archive.entries().map_err(broken)?;
    let first = entries.next().ok_or_else(|| bad("it is empty".into()))?.map_err(broken)?;
    let description = describe(first).map_err(bad)?;
    let mut expected = description.files.iter();
    for entry in entries.by_ref() {
        let mut entry = entry.map_err(broken)?;
        let name = entry.path().map(|p| p.to_string_lossy().into_owned()).map_err(broken)?;
        let Some(file) = expected.next().filter(|f| f.name == name && is_a_sessions(&name)) else {
            return Err(bad(format!("{name} is not what its description says comes there")));
        };
        if entry.size() != file.bytes || !entry.header().entry_type().is_file() {
            return Err(bad(format!("{name} is not a file of {} bytes", file.bytes)));
        }
        let to = folder.path().join(&name);
        let mut out = File::create_new(&to).map_err(io_error("create", &to))?;
        let mut hasher = blake3::Hasher::new();
        let mut buffer = vec![0; 1 << 16];
        loop {
            let count = entry.read(&mut buffer).map_err(broken)?;
            if count == 0 {
                break;
            }
            hasher.update(&buffer[..count]);
            out.write_all(&buffer[..count]).map_err(io_error("write", &to))?;
        }
        if hasher.finalize().to_hex().as_str() != file.blake3 {
            return Err(bad(format!("{name} is not what was bundled: its checksum differs")));
        }
    }
    if let Some(missing) = expected.next() {
        return Err(bad(format!("{} is missing", missing.name)));
    }
    // To the very end, so that zstd's own checksum is looked at.
    io::copy(&mut archive.into_inner(), &mut io::sink()).map_err(broken)?;
    Ok(Unpacked { folder, description })
}

fn describe(entry: tar::Entry<'_, impl Read>) -> Result<Description, String> {
    if entry.path().is_ok_and(|p| p.as_os_str() != DESCRIPTION) || entry.size() > DESCRIPTION_BYTES_MAX {
        return Err(format!("it does not begin with {DESCRIPTION}"));
    }
    let mut json = Vec::new();
    entry.take(DESCRIPTION_BYTES_MAX).read_to_end(&mut json).map_err(|e| e.to_string())?;
    let description: Description = serde_json::from_slice(&json).map_err(|e| format!("{DESCRIPTION}: {e}"))?;
    if description.format != FORMAT {
        return Err(format!("its format is {}, this build reads {FORMAT}", description.format));
    }
    Ok(description)
}
