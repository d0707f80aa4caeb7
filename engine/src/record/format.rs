//! What a recording looks like on disk, and reading it after any accident. Cold.
//!
//! A folder with `recording.json`, and for each line of a venue a sequence of files `VENUE.LINE.NNNNNN.txt.zst` of at
//! most an hour or 256 MiB, each with an index `….idx.csv` beside it. A file is a row of zstd frames, each whole by
//! itself, of lines `receive-time-ns frame`; the index has a line for each of them: where it begins, its length, its
//! frames, its first and last receive time. A zstd frame is written before its line of the index: what the index does
//! not have was not finished, and is left out.

use std::collections::{BTreeMap, VecDeque};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crosstick_feeds::decode::TimeUnit;
use crosstick_feeds::facts::Facts;
use crosstick_model::Protocol;
use serde::{Deserialize, Serialize};

use crate::config::universe::FactsByVenue;
use crate::report::Build;

/// Version of the folder's layout.
pub const FORMAT: u32 = 1;
/// Name of the description.
pub const DESCRIPTION: &str = "recording.json";
/// Name of what is written when a recording ends in order.
pub const END: &str = "end.json";
/// Head of an index.
pub const INDEX_HEAD: &str = "offset,bytes,frames,first_ns,last_ns\n";
const DATA_ENDING: &str = ".txt.zst";
const INDEX_ENDING: &str = ".idx.csv";

/// What a recording says of itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Description {
    /// Version of the layout.
    pub format: u32,
    /// Version of crosstick.
    pub version: String,
    /// Its commit.
    pub commit: String,
    /// Wall time of the start, ns since the epoch.
    pub started_ns: u64,
    /// The effective config, TOML.
    pub config: String,
    /// The venues, in the config's order.
    pub venues: Vec<Venue>,
    /// What the venues said of their instruments, by venue, as fetched at the start.
    pub facts: BTreeMap<String, serde_json::Value>,
}

/// A venue of a recording.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Venue {
    /// Our name of it.
    pub name: String,
    /// What it speaks.
    pub protocol: String,
    /// What its times count in: `ms` or `us`.
    pub time_unit: String,
}

impl Description {
    /// Of a recording that begins now.
    #[must_use]
    pub fn new(config: &crate::config::Config, venues: Vec<Venue>, facts: &FactsByVenue, started_ns: u64) -> Self {
        Self {
            format: FORMAT,
            version: Build::THIS.version.into(),
            commit: Build::THIS.commit.into(),
            started_ns,
            config: config.effective(),
            venues,
            facts: facts.iter().map(|(venue, facts)| (venue.clone(), facts.to_json())).collect(),
        }
    }

    /// What its venues said of their instruments.
    #[must_use]
    pub fn facts(&self) -> FactsByVenue {
        let facts = self.facts.iter();
        facts.filter_map(|(venue, json)| Some((venue.clone(), Facts::from_json(json)?))).collect()
    }
}

impl Venue {
    /// What it speaks, where this build knows it.
    #[must_use]
    pub fn protocol(&self) -> Option<Protocol> {
        Protocol::from_name(&self.protocol)
    }

    /// What its times count in.
    #[must_use]
    pub fn unit(&self) -> TimeUnit {
        if self.time_unit == "us" { TimeUnit::Micro } else { TimeUnit::Milli }
    }
}

/// Name of a data file without its ending.
#[must_use]
pub fn part_name(venue: &str, line: u8, number: u32) -> String {
    format!("{venue}.{line}.{number:06}")
}

/// Path of the data file of that name.
#[must_use]
pub fn data_path(dir: &Path, part: &str) -> PathBuf {
    dir.join(format!("{part}{DATA_ENDING}"))
}

/// Path of the index of that name.
#[must_use]
pub fn index_path(dir: &Path, part: &str) -> PathBuf {
    dir.join(format!("{part}{INDEX_ENDING}"))
}

/// One zstd frame of a data file: a line of the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    /// Where it begins, bytes.
    pub offset: u64,
    /// Its length, bytes.
    pub bytes: u64,
    /// Lines in it.
    pub frames: u64,
    /// Receive time of the first, ns since the epoch.
    pub first_ns: u64,
    /// Receive time of the last, ns since the epoch.
    pub last_ns: u64,
}

impl std::fmt::Display for Block {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{},{},{},{},{}", self.offset, self.bytes, self.frames, self.first_ns, self.last_ns)
    }
}

impl Block {
    fn parse(line: &str) -> Option<Self> {
        let mut numbers = line.split(',').map(|n| n.parse().ok());
        let mut next = || numbers.next().flatten();
        let block = Self { offset: next()?, bytes: next()?, frames: next()?, first_ns: next()?, last_ns: next()? };
        numbers.next().is_none().then_some(block)
    }
}

/// One data file as far as it is whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The file.
    pub path: PathBuf,
    /// Bytes of it that are whole.
    pub bytes: u64,
    /// Bytes behind them that are left out.
    pub torn_bytes: u64,
    /// Its zstd frames.
    pub blocks: Vec<Block>,
}

/// The files of one line of a venue, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineParts {
    /// Index in [`Description::venues`].
    pub venue: usize,
    /// Which line.
    pub line: u8,
    /// The files.
    pub parts: Vec<Part>,
}

/// A recording to be read.
#[derive(Debug)]
pub struct Recorded {
    /// Its folder.
    pub dir: PathBuf,
    /// What it says of itself.
    pub description: Description,
    /// Its files.
    pub lines: Vec<LineParts>,
    /// It ended in order.
    pub ended: bool,
}

/// Whether a folder holds a recording.
#[must_use]
pub fn is_recording(dir: &Path) -> bool {
    dir.join(DESCRIPTION).is_file()
}

/// Whether a recording has files of such names; what else lies in its folder is no part of it.
#[must_use]
pub fn is_a_recordings(name: &str) -> bool {
    matches!(name, DESCRIPTION | END) || name.ends_with(DATA_ENDING) || name.ends_with(INDEX_ENDING)
}

impl Recorded {
    /// Opens the recording in `dir`. Reads description and indexes; a recording that is being made will do.
    ///
    /// # Errors
    /// In words, with the file.
    pub fn open(dir: &Path) -> Result<Self, String> {
        let path = dir.join(DESCRIPTION);
        let shown = path.display();
        let text = fs::read(&path).map_err(|e| format!("{shown}: {e}"))?;
        let value: serde_json::Value = serde_json::from_slice(&text).map_err(|e| format!("{shown} is damaged: {e}"))?;
        let found = value["format"].as_u64().unwrap_or_default();
        if found != u64::from(FORMAT) {
            return Err(format!(
                "{shown}: format {found}; this build reads format {FORMAT}: use the build that wrote it"
            ));
        }
        let description: Description = serde_json::from_value(value).map_err(|e| format!("{shown} is damaged: {e}"))?;
        let mut lines: BTreeMap<(usize, u8), BTreeMap<u32, PathBuf>> = BTreeMap::new();
        let list = fs::read_dir(dir).map_err(|e| format!("{}: {e}", dir.display()))?;
        for entry in list {
            let path = entry.map_err(|e| format!("{}: {e}", dir.display()))?.path();
            if let Some((venue, line, number)) = place_of(&path, &description.venues) {
                lines.entry((venue, line)).or_default().insert(number, path);
            }
        }
        let mut recorded =
            Self { dir: dir.to_path_buf(), description, lines: Vec::new(), ended: dir.join(END).is_file() };
        for ((venue, line), files) in lines {
            if let Some((missing, _)) = (0..).zip(files.keys()).find(|(n, number)| *n != **number) {
                let name = part_name(&recorded.description.venues[venue].name, line, missing);
                return Err(format!("{}: {name}{DATA_ENDING} is missing: a gap in the recording", dir.display()));
            }
            let parts = files.into_values().map(part).collect::<Result<_, _>>()?;
            recorded.lines.push(LineParts { venue, line, parts });
        }
        Ok(recorded)
    }

    /// Bytes that are left out because they were not finished.
    #[must_use]
    pub fn torn_bytes(&self) -> u64 {
        self.lines.iter().flat_map(|l| &l.parts).map(|p| p.torn_bytes).sum()
    }
}

fn place_of(path: &Path, venues: &[Venue]) -> Option<(usize, u8, u32)> {
    let name = path.file_name()?.to_str()?.strip_suffix(DATA_ENDING)?;
    let (front, number) = name.rsplit_once('.')?;
    let (venue, line) = front.rsplit_once('.')?;
    let venue = venues.iter().position(|v| v.name == venue)?;
    Some((venue, line.parse().ok()?, number.parse().ok().filter(|_| number.len() == 6)?))
}

fn part(path: PathBuf) -> Result<Part, String> {
    let shown = path.display().to_string();
    let about = fs::metadata(&path).map_err(|e| format!("{shown}: {e}"))?;
    let index = shown.strip_suffix(DATA_ENDING).map(|front| PathBuf::from(format!("{front}{INDEX_ENDING}")));
    // Data is missing then; and opening a pipe might never end.
    let other = |about: &fs::Metadata| !about.is_file();
    if other(&about) || index.as_ref().and_then(|index| fs::metadata(index).ok()).is_some_and(|about| other(&about)) {
        return Err(format!("{shown}: it or its index is no file: a gap in the recording"));
    }
    let length = about.len();
    let text = match index.map(fs::read_to_string) {
        Some(Ok(text)) => text,
        // A crash between the two files.
        Some(Err(e)) if e.kind() == io::ErrorKind::NotFound => String::new(),
        Some(Err(e)) => return Err(format!("{shown}: its index: {e}")),
        None => String::new(),
    };
    let mut blocks: Vec<Block> = Vec::new();
    let mut bytes = 0;
    // The last line counts only with its end.
    for line in text.split_inclusive('\n').skip(1).filter_map(|l| l.strip_suffix('\n')) {
        let Some(block) = Block::parse(line).filter(|b| b.offset == bytes) else { break };
        let Some(end) = block.offset.checked_add(block.bytes).filter(|end| *end <= length) else { break };
        bytes = end;
        blocks.push(block);
    }
    Ok(Part { path, bytes, torn_bytes: length - bytes, blocks })
}

/// The whole bytes of several files, one behind the other, each opened when it is its turn.
#[derive(Debug)]
pub struct Chained {
    parts: VecDeque<(PathBuf, u64)>,
    current: Option<io::Take<File>>,
}

impl Chained {
    /// Over the files of a line.
    #[must_use]
    pub fn new(parts: &[Part]) -> Self {
        Self { parts: parts.iter().map(|p| (p.path.clone(), p.bytes)).collect(), current: None }
    }
}

impl Read for Chained {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if let Some(current) = &mut self.current {
                let taken = current.read(buffer)?;
                if taken > 0 || buffer.is_empty() {
                    return Ok(taken);
                }
                if current.limit() > 0 {
                    return Err(io::Error::new(
                        io::ErrorKind::UnexpectedEof,
                        "a file became shorter while it was read",
                    ));
                }
            }
            let Some((path, bytes)) = self.parts.pop_front() else { return Ok(0) };
            self.current = Some(File::open(path)?.take(bytes));
        }
    }
}

/// Recordings made by hand, for the tests of what reads them.
#[cfg(test)]
pub(crate) mod made {
    use std::fs;
    use std::path::Path;

    use serde_json::json;

    use super::{Block, DESCRIPTION, FORMAT, INDEX_HEAD, data_path, index_path, part_name};

    /// A recording of a venue `spot`: what it said of instruments, by symbol and price step, and for each line of it
    /// the parts, as a text that is whole and bytes that are not.
    pub(crate) fn recording(dir: &Path, facts: &[(&str, &str)], lines: &[&[(&str, &[u8])]]) {
        fs::create_dir_all(dir).unwrap();
        let symbol = |(name, step): &(&str, &str)| json!({"symbol": name, "kind": "spot", "price_step": step});
        let symbols: Vec<_> = facts.iter().map(symbol).collect();
        let about = json!({
            "format": FORMAT, "version": "", "commit": "", "started_ns": 0, "config": "",
            "venues": [{"name": "spot", "protocol": "binance-spot", "time_unit": "ms"}],
            "facts": {"spot": {"protocol": "binance-spot", "symbols": symbols}},
        });
        fs::write(dir.join(DESCRIPTION), about.to_string()).unwrap();
        for (line, parts) in (0..).zip(lines) {
            for (number, (text, torn)) in (0..).zip(*parts) {
                let name = part_name("spot", line, number);
                let mut index = INDEX_HEAD.to_owned();
                let mut data = Vec::new();
                if !text.is_empty() {
                    data = zstd::encode_all(text.as_bytes(), 3).unwrap();
                    let frames = text.lines().count() as u64;
                    let block = Block { offset: 0, bytes: data.len() as u64, frames, first_ns: 0, last_ns: 0 };
                    index += &block.to_string();
                }
                data.extend_from_slice(torn);
                fs::write(data_path(dir, &name), data).unwrap();
                fs::write(index_path(dir, &name), index).unwrap();
            }
        }
    }
}
