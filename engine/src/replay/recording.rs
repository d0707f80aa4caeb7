//! Recorded frames: lines of `receive-time frame`, plain or zstd, read one at a time, merged by time.
//!
//! 16 digits are µs, 19 are ns. A line that is neither is an error with its file and number: a recording is
//! made by a program, so a broken line means that something is lost.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use thiserror::Error;

/// Longest line that is read; the largest frame seen in practice has 5 MB.
pub const LINE_BYTES_MAX: usize = 16 << 20;

const BUFFER_BYTES: usize = 1 << 18;
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xB5, 0x2F, 0xFD];

/// Why a recording cannot be read.
#[derive(Debug, Error)]
pub enum RecordingError {
    /// The file cannot be opened or read.
    #[error("{path}: {source}", path = path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A line is not `receive-time frame`.
    #[error("{path}:{line}: {what}; a recorded line is a receive time of 16 (µs) or 19 (ns) digits, a blank, a frame",
        path = path.display())]
    Line {
        /// Which file.
        path: PathBuf,
        /// Counts from 1.
        line: u64,
        /// What is wrong with it.
        what: &'static str,
    },
}

/// One recorded file, read line by line into a buffer that is reused.
pub struct Recording {
    path: PathBuf,
    input: Box<dyn BufRead + Send>,
    line: u64,
    buffer: Vec<u8>,
    frame: std::ops::Range<usize>,
    recv_ns: u64,
    /// Lines read by [`Recording::peek`] and not handed out yet.
    ahead: VecDeque<Vec<u8>>,
}

impl Recording {
    /// Opens a recording; zstd is recognised by its first bytes. A named pipe will do.
    ///
    /// # Errors
    /// When the file cannot be opened or read.
    pub fn open(path: &Path) -> Result<Self, RecordingError> {
        let io = |source| RecordingError::Io { path: path.to_path_buf(), source };
        let file = File::open(path).map_err(io)?;
        if file.metadata().map_err(io)?.is_dir() {
            return Err(io(io::Error::new(io::ErrorKind::IsADirectory, "is a directory, not a recording")));
        }
        let mut file = file;
        // Read, not peeked: a pipe may hand out its first bytes one by one.
        let mut head = Vec::with_capacity(ZSTD_MAGIC.len());
        file.by_ref().take(ZSTD_MAGIC.len() as u64).read_to_end(&mut head).map_err(io)?;
        let compressed = head == ZSTD_MAGIC;
        let whole = io::Cursor::new(head).chain(file);
        let input: Box<dyn BufRead + Send> = if compressed {
            let decoder = zstd::stream::read::Decoder::new(whole).map_err(io)?;
            Box::new(BufReader::with_capacity(BUFFER_BYTES, decoder))
        } else {
            Box::new(BufReader::with_capacity(BUFFER_BYTES, whole))
        };
        Ok(Self {
            path: path.to_path_buf(),
            input,
            line: 0,
            buffer: Vec::new(),
            frame: 0..0,
            recv_ns: 0,
            ahead: VecDeque::new(),
        })
    }

    /// Looks at the frames that come next, up to `frames_max` of them, until `look` says that it has seen enough.
    /// They are handed out again by [`Recording::advance`]. To be called before it.
    ///
    /// # Errors
    /// When the file cannot be read on.
    pub fn peek(&mut self, frames_max: usize, mut look: impl FnMut(&mut [u8]) -> bool) -> Result<(), RecordingError> {
        while self.ahead.len() < frames_max && self.read_line()? {
            self.ahead.push_back(self.buffer.clone());
            let frame = self.buffer.iter().position(|b| *b == b' ').map_or(self.buffer.len(), |blank| blank + 1);
            if look(&mut self.buffer[frame..]) {
                break;
            }
        }
        Ok(())
    }

    /// Moves to the next line; `false` at the end. Blank lines are passed over.
    ///
    /// # Errors
    /// When the file cannot be read on, or the line is not a recorded one.
    pub fn advance(&mut self) -> Result<bool, RecordingError> {
        if let Some(line) = self.ahead.pop_front() {
            self.buffer = line;
        } else if !self.read_line()? {
            return Ok(false);
        }
        self.line += 1;
        let blank = self.buffer.iter().position(|b| *b == b' ').ok_or_else(|| self.error("no blank after the time"))?;
        self.recv_ns = parse_time(&self.buffer[..blank]).ok_or_else(|| self.error("no receive time at its start"))?;
        self.frame = blank + 1..self.buffer.len();
        Ok(true)
    }

    /// Reads a line that is not blank into the buffer; `false` at the end.
    fn read_line(&mut self) -> Result<bool, RecordingError> {
        loop {
            self.buffer.clear();
            let taken = self
                .input
                .by_ref()
                .take(LINE_BYTES_MAX as u64 + 1)
                .read_until(b'\n', &mut self.buffer)
                .map_err(|source| RecordingError::Io { path: self.path.clone(), source })?;
            if taken > LINE_BYTES_MAX {
                return Err(self.error("longer than 16 MiB"));
            }
            while matches!(self.buffer.last(), Some(b'\n' | b'\r')) {
                self.buffer.pop();
            }
            if taken == 0 || !self.buffer.is_empty() {
                return Ok(taken > 0);
            }
            self.line += 1;
        }
    }

    /// Receive time of the current line, ns since the epoch.
    #[must_use]
    pub fn recv_ns(&self) -> u64 {
        self.recv_ns
    }

    /// The frame of the current line; a decoder may rewrite it.
    pub fn frame(&mut self) -> &mut [u8] {
        &mut self.buffer[self.frame.clone()]
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn error(&self, what: &'static str) -> RecordingError {
        RecordingError::Line { path: self.path.clone(), line: self.line, what }
    }
}

fn parse_time(digits: &[u8]) -> Option<u64> {
    let factor = match digits.len() {
        16 => 1_000,
        19 => 1,
        _ => return None,
    };
    let mut value = 0u64;
    for digit in digits {
        value = value.checked_mul(10)?.checked_add(u64::from(digit.checked_sub(b'0').filter(|d| *d <= 9)?))?;
    }
    value.checked_mul(factor)
}

/// Several recordings read as one: by receive time, then by their order here, then by line.
pub struct Merge {
    recordings: Vec<Recording>,
    /// Whether the recording of that index stands on a line not yet handed out.
    ready: Vec<bool>,
    /// The recording whose line was handed out last.
    current: Option<usize>,
}

impl Merge {
    /// Merges in the given order; reads the first line of each.
    ///
    /// # Errors
    /// When one of the files cannot be read.
    pub fn new(mut recordings: Vec<Recording>) -> Result<Self, RecordingError> {
        let ready = recordings.iter_mut().map(Recording::advance).collect::<Result<_, _>>()?;
        Ok(Self { recordings, ready, current: None })
    }

    /// The next line of all: the index of its recording, and the recording standing on it.
    ///
    /// # Errors
    /// When one of the files cannot be read on.
    pub fn next_line(&mut self) -> Result<Option<(usize, &mut Recording)>, RecordingError> {
        if let Some(used) = self.current.take() {
            self.ready[used] = self.recordings[used].advance()?;
        }
        let next = (0..self.recordings.len()).filter(|i| self.ready[*i]).min_by_key(|i| self.recordings[*i].recv_ns);
        self.current = next;
        Ok(next.map(|index| (index, &mut self.recordings[index])))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recording(name: &str, text: &[u8]) -> Recording {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        Recording::open(&path).unwrap()
    }

    fn all(merge: &mut Merge) -> Vec<(usize, u64, String)> {
        let mut lines = Vec::new();
        while let Some((index, at)) = merge.next_line().unwrap() {
            lines.push((index, at.recv_ns(), String::from_utf8(at.frame().to_vec()).unwrap()));
        }
        lines
    }

    #[test]
    fn merges_by_time_then_file_then_line() {
        let a = b"1700000000000002 a1\n1700000000000002 a2\n\n1700000000000005 a3\n".as_slice();
        let b = b"1700000000000002000 b1\r\n1700000000000004999 b2".as_slice();
        let mut merge = Merge::new(vec![recording("a", a), recording("empty", b""), recording("b", b)]).unwrap();
        let texts: Vec<String> = all(&mut merge).into_iter().map(|(i, _, t)| format!("{i}{t}")).collect();
        assert_eq!(texts, ["0a1", "0a2", "2b1", "2b2", "0a3"]);
        assert!(merge.next_line().unwrap().is_none(), "the end stays the end");
    }

    #[test]
    fn compressed_and_plain_read_alike_and_a_look_ahead_loses_nothing() {
        let text: String = (0..2_000).map(|i| format!("{} frame {i}\n", 1_700_000_000_000_000_000u64 + i)).collect();
        let packed = zstd::encode_all(text.as_bytes(), 3).unwrap();
        let mut peeked = recording("packed", &packed);
        let mut looked = 0;
        peeked
            .peek(100, |frame| {
                frame.fill(b'x');
                looked += 1;
                looked == 7
            })
            .unwrap();
        assert_eq!(looked, 7);
        let plain = all(&mut Merge::new(vec![recording("plain", text.as_bytes())]).unwrap());
        assert_eq!(all(&mut Merge::new(vec![peeked]).unwrap()), plain);
        assert_eq!(plain.len(), 2_000);
    }

    #[test]
    fn broken_lines_are_named() {
        for (text, what) in [
            ("1700000000000002000\n", "no blank"),
            ("17000 {}\n", "no receive time"),
            ("1700000000000002000 {}\n-700000000000002000 {}\n", "no receive time"),
        ] {
            let mut recording = recording("broken", text.as_bytes());
            let error = loop {
                match recording.advance() {
                    Ok(true) => {}
                    Ok(false) => panic!("{text:?} was read to its end"),
                    Err(error) => break error.to_string(),
                }
            };
            let line = text.lines().count();
            assert!(error.contains(what) && error.contains(&format!("broken:{line}:")), "{error}");
        }
    }
}
