//! Finished points on disk, so that a sweep that was killed goes on where it was. Cold.
//!
//! `points.jsonl`: a line that says what the points are of, and a line a point. A line that a kill cut off is dropped.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::backtest::measure::Measures;
use crate::exit::Failure;

/// Name of the file.
pub const FILE: &str = "points.jsonl";
/// Version of its lines.
const FORMAT: u32 = 1;

#[derive(Debug, Serialize, Deserialize)]
struct Head {
    sweep: u32,
    fingerprint: String,
}

/// A finished point.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Its settings, by key.
    pub set: BTreeMap<String, String>,
    /// What it came to: one of the whole session, or one a part of a walk-forward.
    pub parts: Vec<Measures>,
}

/// The file, open and locked.
pub struct Kept {
    path: PathBuf,
    file: Mutex<File>,
    /// What was finished before, by settings.
    pub before: BTreeMap<BTreeMap<String, String>, Vec<Measures>>,
}

impl Kept {
    /// Opens the file in `dir`, or begins it.
    ///
    /// # Errors
    /// When it is of another config, data or build, another sweep writes it, or the disk refuses.
    pub fn open(dir: &Path, fingerprint: &str) -> Result<Self, Failure> {
        let path = dir.join(FILE);
        let failed = |e: io::Error| Failure::other(format!("{}: {e}", path.display()));
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Failure::other(format!(
                    "{}: another sweep is writing it; wait for its end",
                    path.display()
                )));
            }
            Err(TryLockError::Error(e)) => return Err(failed(e)),
        }
        let mut before = BTreeMap::new();
        let mut reader = BufReader::new(&file);
        let (mut text, mut whole) = (String::new(), 0u64);
        let mut head: Option<Head> = None;
        loop {
            text.clear();
            let bytes = reader.read_line(&mut text).map_err(failed)?;
            if bytes == 0 || !text.ends_with('\n') {
                break;
            }
            if head.is_none() {
                head = serde_json::from_str(&text).ok();
                if head.is_none() {
                    return Err(Failure::usage(format!(
                        "{}: this is no sweep's file; name another --out",
                        path.display()
                    )));
                }
            } else {
                let Ok(line) = serde_json::from_str::<Line>(&text) else { break };
                before.insert(line.set, line.parts);
            }
            whole += bytes as u64;
        }
        file.set_len(whole).map_err(failed)?;
        file.seek(SeekFrom::Start(whole)).map_err(failed)?;
        match head {
            None => write(&mut file, &Head { sweep: FORMAT, fingerprint: fingerprint.to_owned() }).map_err(failed)?,
            Some(head) if head.sweep == FORMAT && head.fingerprint == fingerprint => {}
            Some(_) => {
                return Err(Failure::usage(format!(
                    "{}: these points are of another config, other data, another walk-forward or another build; name \
                     another --out, or remove the file",
                    path.display()
                )));
            }
        }
        Ok(Self { path: path.clone(), file: Mutex::new(file), before })
    }

    /// Keeps a finished point. Any thread may call it.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn keep(&self, line: &Line) -> Result<(), Failure> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        write(&mut file, line).map_err(|e| Failure::other(format!("{}: {e}", self.path.display())))
    }
}

/// One write a line: what a kill leaves is whole lines and at most a part of the last one.
fn write(file: &mut File, line: &impl Serialize) -> io::Result<()> {
    let mut text = serde_json::to_vec(line)?;
    text.push(b'\n');
    file.write_all(&text)
}
