//! What a sweep's points are of: program, walk-forward, config and data, each as a hash. Cold.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::backtest::reel::interrupted;
use crate::config::Config;
use crate::data::{Source, files};
use crate::exit::Failure;

/// What is read of a file at a time.
const BLOCK_BYTES: usize = 1 << 20;

/// The hash of all, in hex, and of what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprint {
    /// Over the hashes of all parts.
    pub whole: String,
    /// Name for people and hash of each part.
    pub parts: Vec<(String, String)>,
}

impl Fingerprint {
    /// Over so many parts; their names are for people and do not matter.
    #[must_use]
    pub fn of(parts: Vec<(String, String)>) -> Self {
        let mut hasher = blake3::Hasher::new();
        parts.iter().for_each(|(_, hash)| part(&mut hasher, hash.as_bytes()));
        Self { whole: hasher.finalize().to_hex().to_string(), parts }
    }

    /// In what it differs from one with those parts, in words.
    #[must_use]
    pub fn differs(&self, before: &[(String, String)]) -> String {
        let both = || self.parts.iter().zip(before);
        let mut changed: Vec<&str> = both().filter(|(a, b)| a.1 != b.1).map(|(a, _)| a.0.as_str()).collect();
        if before.len() != self.parts.len() && !before.is_empty() {
            changed.push("the number of sources");
        }
        if changed.is_empty() {
            return "it is of another config, other data, another walk-forward or another build".into();
        }
        format!("changed since it was begun: {}", changed.join(", "))
    }
}

/// Of this program, the number of walk-forward steps, what the config says beside engine, journal and threads, and each
/// source: its venue and symbol, its file's name, which may tell the symbol, and all contents. Where the data lies does
/// not matter. `go_on` is asked now and then.
///
/// # Errors
/// When data cannot be read, or `go_on` says no.
pub fn fingerprint(
    config: &Config,
    sources: &[Source],
    walk: u32,
    go_on: &dyn Fn() -> bool,
) -> Result<Fingerprint, Failure> {
    // The program itself: a build from changed sources has the same version.
    let own = Path::new("/proc/self/exe");
    let program = File::open(own).and_then(|file| hash(file, go_on)).map_err(|e| failed(own, &e))?;
    let mut parts = vec![
        ("the program".to_owned(), program.to_hex().to_string()),
        ("the walk-forward".to_owned(), walk.to_string()),
        ("the config".to_owned(), blake3::hash(config.values().as_bytes()).to_hex().to_string()),
    ];
    for source in sources {
        let name = source.path.file_name().unwrap_or_default();
        let mut hasher = blake3::Hasher::new();
        part(&mut hasher, source.venue.as_deref().unwrap_or_default().as_bytes());
        part(&mut hasher, source.symbol.as_deref().unwrap_or_default().as_bytes());
        // A folder's name tells nothing.
        part(&mut hasher, if source.path.is_dir() { b"" } else { name.as_encoded_bytes() });
        let contents = contents(&source.path, go_on)?;
        part(&mut hasher, contents.as_bytes());
        // A path like `.` ends with no name.
        let shown = source.path.file_name().unwrap_or(source.path.as_os_str());
        parts.push((format!("the data {}", shown.display()), hasher.finalize().to_hex().to_string()));
    }
    Ok(Fingerprint::of(parts))
}

fn failed(path: &Path, error: &io::Error) -> Failure {
    if error.kind() == io::ErrorKind::Interrupted {
        return interrupted();
    }
    Failure::usage(format!("{}: {error}", path.display()))
}

fn part(hasher: &mut blake3::Hasher, bytes: &[u8]) {
    hasher.update(&(bytes.len() as u64).to_le_bytes());
    hasher.update(bytes);
}

fn hash(mut file: File, go_on: &dyn Fn() -> bool) -> io::Result<blake3::Hash> {
    let mut hasher = blake3::Hasher::new();
    loop {
        if !go_on() {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let mut block = (&mut file).take(BLOCK_BYTES as u64);
        hasher.update_reader(&mut block)?;
        if block.limit() > 0 {
            return Ok(hasher.finalize());
        }
    }
}

/// The contents of a source's files, each with its name below the source.
fn contents(source: &Path, go_on: &dyn Fn() -> bool) -> Result<blake3::Hash, Failure> {
    let mut hasher = blake3::Hasher::new();
    for path in files(source)?.keys() {
        let name = path.strip_prefix(source).unwrap_or(path);
        part(&mut hasher, name.as_os_str().as_encoded_bytes());
        let contents = File::open(path).and_then(|file| hash(file, go_on)).map_err(|e| failed(path, &e))?;
        hasher.update(contents.as_bytes());
    }
    Ok(hasher.finalize())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn of(arguments: &[String], config: &Config, walk: u32) -> Fingerprint {
        let sources: Vec<Source> = arguments.iter().map(|a| Source::parse(a)).collect();
        fingerprint(config, &sources, walk, &|| true).unwrap_or_else(|e| panic!("{e}"))
    }

    #[test]
    fn it_names_files_and_not_where_they_lie() {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        for folder in [&one, &other] {
            fs::write(folder.path().join("BTCUSDT-trades.csv"), "1,2,3\n").unwrap();
            fs::write(folder.path().join("ETHUSDT-trades.csv"), "1,2,3\n").unwrap();
        }
        let at = |folder: &tempfile::TempDir, name: &str| vec![folder.path().join(name).display().to_string()];
        let config = Config::bare();
        let btc = of(&at(&one, "BTCUSDT-trades.csv"), &config, 0);
        assert_eq!(btc, of(&at(&other, "BTCUSDT-trades.csv"), &config, 0));
        let eth = of(&at(&one, "ETHUSDT-trades.csv"), &config, 0);
        assert_ne!(btc.whole, eth.whole, "the name tells the symbol of rows without one");
        assert_eq!(eth.differs(&btc.parts), "changed since it was begun: the data ETHUSDT-trades.csv");
        let folder = |folder: &tempfile::TempDir| of(&[folder.path().display().to_string()], &config, 0);
        for folder in [&one, &other] {
            fs::write(folder.path().join("000000.seg"), "123").unwrap();
        }
        // What is no data of the folder does not count.
        fs::write(other.path().join("ETHUSDT-trades.csv"), "1,2,4\n").unwrap();
        fs::create_dir_all(other.path().join("deep/results")).unwrap();
        assert_eq!(folder(&one).whole, folder(&other).whole);
        fs::write(other.path().join("000000.seg"), "124").unwrap();
        assert_ne!(folder(&one).whole, folder(&other).whole);
        let around = other.path().join("deep/..").display().to_string();
        let said = of(std::slice::from_ref(&around), &config, 0).differs(&folder(&one).parts);
        assert_eq!(said, format!("changed since it was begun: the data {around}"));
        let walked = of(&at(&one, "BTCUSDT-trades.csv"), &config, 3);
        assert!(walked.differs(&btc.parts).ends_with(": the walk-forward"));
        let both = [at(&one, "BTCUSDT-trades.csv"), at(&one, "ETHUSDT-trades.csv")].concat();
        assert!(of(&both, &config, 0).differs(&btc.parts).ends_with("the number of sources"));
        let sources = [Source::parse(&both[0])];
        let stopped = fingerprint(&config, &sources, 0, &|| false).expect_err("told to stop");
        assert_eq!(stopped.to_string(), interrupted().to_string());
    }
}
