//! What a sweep's points are of: program, config and data, as one hash. Cold.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use crate::config::Config;
use crate::data::Source;
use crate::exit::Failure;

/// BLAKE3 over this program, what the config says beside engine, journal and threads, the contents of all data, and the
/// number of walk-forward steps; in hex. Where the data lies does not matter.
///
/// # Errors
/// When data cannot be read.
pub fn fingerprint(config: &Config, sources: &[Source], walk: u32) -> Result<String, Failure> {
    let mut hasher = blake3::Hasher::new();
    let mut part = |bytes: &[u8]| {
        hasher.update(&(bytes.len() as u64).to_le_bytes());
        hasher.update(bytes);
    };
    // The program itself: a build from changed sources has the same version.
    let program = File::open("/proc/self/exe").and_then(|mut file| hash(&mut file));
    part(program.map_err(|e| Failure::other(format!("/proc/self/exe: {e}")))?.as_bytes());
    part(&walk.to_le_bytes());
    part(config.values().as_bytes());
    for source in sources {
        part(source.venue.as_deref().unwrap_or_default().as_bytes());
        part(source.symbol.as_deref().unwrap_or_default().as_bytes());
        let hash = contents(&source.path).map_err(|e| Failure::usage(format!("{}: {e}", source.path.display())))?;
        part(hash.as_bytes());
    }
    Ok(hasher.finalize().to_hex().to_string())
}

fn hash(file: &mut File) -> io::Result<blake3::Hash> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(file)?;
    Ok(hasher.finalize())
}

/// The contents of a file, or of all files below a folder with their names.
fn contents(path: &Path) -> io::Result<blake3::Hash> {
    if !path.is_dir() {
        return hash(&mut File::open(path)?);
    }
    let mut hasher = blake3::Hasher::new();
    let mut entries = fs::read_dir(path)?.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name();
        hasher.update(&(name.len() as u64).to_le_bytes());
        hasher.update(name.as_encoded_bytes());
        hasher.update(contents(&entry.path())?.as_bytes());
    }
    Ok(hasher.finalize())
}
