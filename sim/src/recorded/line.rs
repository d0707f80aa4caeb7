//! One line of a recording, and reading lines with bounded memory.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::rules::StreamKind;

/// Longest line taken, in bytes: the longest recorded frame known has 5 MB.
const LINE_MAX: u64 = 32 * 1024 * 1024;
/// The first bytes of a zstd frame.
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// Reads the lines of a recording.
pub struct LineReader {
    input: Box<dyn BufRead + Send>,
    buffer: Vec<u8>,
}

impl std::fmt::Debug for LineReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LineReader").finish_non_exhaustive()
    }
}

/// A line: when its frame was received, in nanoseconds since the epoch, and the frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line<'a> {
    /// When.
    pub recv_ns: u64,
    /// The frame's text.
    pub frame: &'a str,
}

impl LineReader {
    /// Opens a recording; zstd is recognised by its first bytes, not by the name.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn open(path: &Path) -> io::Result<Self> {
        let mut file = BufReader::with_capacity(128 * 1024, File::open(path)?);
        let input: Box<dyn BufRead + Send> = if file.fill_buf()?.starts_with(&ZSTD_MAGIC) {
            Box::new(BufReader::with_capacity(128 * 1024, zstd::stream::read::Decoder::with_buffer(file)?))
        } else {
            Box::new(file)
        };
        Ok(Self { input, buffer: Vec::new() })
    }

    /// The next line: `None` at the end, `Some(None)` for one that is no `receive-time frame`.
    ///
    /// # Errors
    /// When the file cannot be read, is damaged, or a line is longer than 32 MiB.
    pub fn next_line(&mut self) -> io::Result<Option<Option<Line<'_>>>> {
        self.buffer.clear();
        let read = self.input.by_ref().take(LINE_MAX).read_until(b'\n', &mut self.buffer)?;
        if read == 0 {
            return Ok(None);
        }
        if read as u64 == LINE_MAX {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a line of over 32 MiB"));
        }
        Ok(Some(Line::parse(&self.buffer)))
    }
}

impl<'a> Line<'a> {
    /// Reads a line: 16 digits are µs, 19 are ns.
    fn parse(bytes: &'a [u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?.trim_ascii_end();
        let (time, frame) = text.split_once(' ')?;
        if !time.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let recv_ns = match time.len() {
            16 => time.parse::<u64>().ok()?.checked_mul(1_000)?,
            19 => time.parse::<u64>().ok()?,
            _ => return None,
        };
        Some(Self { recv_ns, frame })
    }
}

/// A frame taken apart as far as serving it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedFrame<'a> {
    /// The stream it belongs to.
    pub stream: Cow<'a, str>,
    /// The payload exactly as recorded, without the combined wrapper.
    pub payload: &'a str,
}

#[derive(Deserialize)]
struct Wrapped<'a> {
    #[serde(borrow)]
    stream: Cow<'a, str>,
    #[serde(borrow)]
    data: &'a RawValue,
}

#[derive(Deserialize)]
struct Bare<'a> {
    #[serde(borrow)]
    e: Option<Cow<'a, str>>,
    #[serde(borrow)]
    s: Cow<'a, str>,
    #[serde(borrow, rename = "A")]
    ask_quantity: Option<&'a RawValue>,
}

impl<'a> RecordedFrame<'a> {
    /// Takes a frame apart; `None` for what is no frame of a stream.
    ///
    /// Recordings of raw connections have no stream names; trades and quotes are given theirs.
    #[must_use]
    pub fn parse(frame: &'a str) -> Option<Self> {
        if let Ok(wrapped) = serde_json::from_str::<Wrapped<'a>>(frame) {
            return Some(Self { stream: wrapped.stream, payload: wrapped.data.get() });
        }
        let bare = serde_json::from_str::<Bare<'a>>(frame).ok()?;
        let kind = match bare.e.as_deref() {
            Some("trade") => StreamKind::Trade,
            Some("aggTrade") => StreamKind::AggTrade,
            Some("bookTicker") => StreamKind::BookTicker,
            None if bare.ask_quantity.is_some() => StreamKind::BookTicker,
            _ => return None,
        };
        let stream = format!("{}@{}", bare.s.to_lowercase(), kind.suffix());
        Some(Self { stream: Cow::Owned(stream), payload: frame })
    }

    /// The trade id or aggregate id of a trade's payload.
    #[must_use]
    pub fn trade_id(&self) -> Option<u64> {
        #[derive(Deserialize)]
        struct Ids {
            t: Option<u64>,
            a: Option<u64>,
        }
        match StreamKind::of(&self.stream) {
            StreamKind::Trade => serde_json::from_str::<Ids>(self.payload).ok()?.t,
            StreamKind::AggTrade => serde_json::from_str::<Ids>(self.payload).ok()?.a,
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_16_and_19_digits() {
        let line = Line::parse(b"1680652800004107 {}\n").expect("a line");
        assert_eq!((line.recv_ns, line.frame), (1_680_652_800_004_107_000, "{}"));
        assert_eq!(Line::parse(b"1723161256172216566 {}\r\n").expect("a line").recv_ns, 1_723_161_256_172_216_566);
        for bad in [&b"1680652800004 {}"[..], b"x680652800004107 {}", b"1680652800004107", b"", b"\xff"] {
            assert_eq!(Line::parse(bad), None);
        }
    }

    #[test]
    fn wrapped_and_bare_frames() {
        let text = r#"{"stream":"btcusdt@trade","data":{"e":"trade","t":7, "a":5}}"#;
        let frame = RecordedFrame::parse(text).expect("wrapped");
        assert_eq!((&*frame.stream, frame.payload), ("btcusdt@trade", r#"{"e":"trade","t":7, "a":5}"#));
        assert_eq!(frame.trade_id(), Some(7));
        let text = r#"{"u":1,"s":"BTCUSDT","b":"1","B":"2","a":"3","A":"4"}"#;
        let frame = RecordedFrame::parse(text).expect("bare");
        assert_eq!((&*frame.stream, frame.payload), ("btcusdt@bookTicker", text));
        assert_eq!(RecordedFrame::parse(r#"{"lastUpdateId":1,"bids":[]}"#), None);
        assert_eq!(RecordedFrame::parse(r#"{"result":null,"id":1}"#), None);
    }
}
