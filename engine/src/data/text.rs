//! Recorded frames: lines of `receive-time frame`, plain or zstd, read one at a time.
//!
//! 16 digits are µs, 19 are ns. A line that is neither is an error with its file and number: a recording is
//! made by a program, so a broken line means that something is lost.

use std::collections::VecDeque;
use std::io::{self, BufRead, Read};
use std::path::{Path, PathBuf};

use crosstick_model::{Tick, VenueId};
use thiserror::Error;

use super::bytes::{self, Opened, ReadCount, Text};
use super::{Input, VenueFeed};
use crate::exit::Failure;

/// Longest line that is read; the largest frame seen in practice has 5 MB.
pub const LINE_BYTES_MAX: usize = 16 << 20;
/// Looking ahead ends when so many bytes are kept.
const AHEAD_BYTES_MAX: usize = 32 << 20;

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
    input: Text,
    line: u64,
    buffer: Vec<u8>,
    frame: std::ops::Range<usize>,
    recv_ns: u64,
    /// Lines read by [`Recording::peek`] and not handed out yet.
    ahead: VecDeque<Vec<u8>>,
}

impl Recording {
    /// Opens a recording; compression is recognised by its first bytes. A named pipe will do.
    ///
    /// # Errors
    /// When the file cannot be opened or read.
    pub fn open(path: &Path) -> Result<Self, RecordingError> {
        let io = |source| RecordingError::Io { path: path.to_path_buf(), source };
        match bytes::open(path, &ReadCount::default(), None).map_err(io)? {
            Opened::Text(text, _) => Ok(Self::over(path, text)),
            Opened::Zip => Err(io(io::Error::new(io::ErrorKind::InvalidData, "a zip archive, not a recording"))),
        }
    }

    /// A recording whose text is open already; errors name it by `path`.
    pub(super) fn over(path: &Path, input: Text) -> Self {
        Self {
            path: path.to_path_buf(),
            input,
            line: 0,
            buffer: Vec::new(),
            frame: 0..0,
            recv_ns: 0,
            ahead: VecDeque::new(),
        }
    }

    /// Looks at the frames that come next, up to `frames_max` of them and to 32 MiB or a frame more, until `look` says
    /// that it has seen enough. They are handed out again by [`Recording::advance`]. To be called before it.
    ///
    /// # Errors
    /// When the file cannot be read on.
    pub fn peek(&mut self, frames_max: usize, mut look: impl FnMut(&mut [u8]) -> bool) -> Result<(), RecordingError> {
        let mut bytes = 0;
        while self.ahead.len() < frames_max && bytes < AHEAD_BYTES_MAX && self.read_line()? {
            bytes += self.buffer.len();
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

/// What a line of our own in a recording begins with. A venue's frame that begins so is recorded behind one more blank.
pub(crate) const OWN_FRAME: &[u8] = b"{\"crosstick\":";
/// The line of the venue went live.
pub(crate) const LINE_LIVE: &str = r#"{"crosstick":"line live"}"#;
/// The line of the venue went down.
pub(crate) const LINE_DOWN: &str = r#"{"crosstick":"line down"}"#;

/// A recorded file as an input: each line a frame of one venue, or a line of our own.
pub(super) struct Frames {
    recording: Recording,
    feed: usize,
    /// Whose line goes live and down with it; `None` where nobody wants to know.
    venue: Option<VenueId>,
}

impl Frames {
    /// `feed`: index of its venue's feed.
    pub const fn new(recording: Recording, feed: usize, venue: Option<VenueId>) -> Self {
        Self { recording, feed, venue }
    }
}

impl Input for Frames {
    #[inline]
    fn advance(&mut self) -> Result<bool, Failure> {
        self.recording.advance().map_err(Failure::other)
    }

    #[inline]
    fn recv_ns(&self) -> u64 {
        self.recording.recv_ns
    }

    #[inline]
    fn take(&mut self, feeds: &mut [VenueFeed]) -> Option<Tick> {
        let recv_ns = self.recording.recv_ns;
        let frame = self.recording.frame();
        if frame.starts_with(OWN_FRAME) {
            let live = frame == LINE_LIVE.as_bytes();
            if !live && frame != LINE_DOWN.as_bytes() {
                // Of a newer build; it says nothing about the market.
                return None;
            }
            return Some(Tick::line_state(self.venue?, 0, live, recv_ns));
        }
        feeds[self.feed].frame(frame, recv_ns)
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

    fn all(mut recording: Recording) -> Vec<(u64, String)> {
        let mut lines = Vec::new();
        while recording.advance().unwrap() {
            lines.push((recording.recv_ns(), String::from_utf8(recording.frame().to_vec()).unwrap()));
        }
        lines
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
        let plain = all(recording("plain", text.as_bytes()));
        assert_eq!(all(peeked), plain);
        assert_eq!(plain.len(), 2_000);
    }

    #[test]
    fn looking_ahead_keeps_no_more_than_its_bytes() {
        let line = format!("1700000000000000000 {}\n", "x".repeat(12 << 20));
        let packed = zstd::encode_all(line.repeat(5).as_bytes(), 1).unwrap();
        let mut recording = recording("long", &packed);
        let mut looked = 0;
        recording
            .peek(100, |_| {
                looked += 1;
                false
            })
            .unwrap();
        assert_eq!(looked, 3, "36 MiB");
        let mut lines = 0;
        while recording.advance().unwrap() {
            lines += 1;
        }
        assert_eq!(lines, 5);
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
