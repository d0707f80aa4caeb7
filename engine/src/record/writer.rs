//! The writer: frames to lines, lines to zstd frames, these to files. Cold.
//!
//! **Thread:** `ct-record`. Blocks on the disk. What the disk refuses ends the recording; the file is cut back to its
//! last whole zstd frame, so that all before it reads.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crosstick_model::{Line, VenueId};
use serde::Serialize;
use zstd::bulk::Compressor;

use super::format::{Block, INDEX_HEAD, data_path, index_path, part_name};
use super::tap::{Chunk, What};
use crate::data::text::{LINE_DOWN, LINE_LIVE, OWN_FRAME};

/// Text at which a zstd frame is written.
const BLOCK_BYTES: usize = 1 << 20;
/// How long text waits for a zstd frame: what a crash of the process can lose.
const BLOCK_AGE: Duration = Duration::from_secs(1);
/// How often the writer looks at what is due.
const TURN: Duration = Duration::from_millis(100);
const LEVEL: i32 = 3;

/// When a file is followed by the next.
#[derive(Debug, Clone, Copy)]
pub(super) struct Roll {
    /// Bytes on disk.
    pub bytes: u64,
    /// Age.
    pub age: Duration,
}

/// What was written of one line of a venue: what is on disk, as far as the system says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Written {
    /// Our name of the venue.
    pub venue: String,
    /// Which line.
    pub line: u8,
    /// Frames of the venue.
    pub frames: u64,
    /// Their bytes.
    pub frame_bytes: u64,
    /// Bytes on disk.
    pub disk_bytes: u64,
    /// Files.
    pub files: u32,
}

/// How far the writer is; also what it ends with.
#[derive(Debug, Clone, Default)]
pub struct Progress {
    /// By line.
    pub lines: Vec<Written>,
    /// What ended the recording, if anything did.
    pub trouble: Option<String>,
}

/// A line's file that is being written.
struct Part {
    data: File,
    index: File,
    path: PathBuf,
    bytes: u64,
    begun: Instant,
}

/// A line of a venue.
struct LineFile {
    venue: VenueId,
    line: Line,
    part: Option<Part>,
    text: Vec<u8>,
    /// Lines of the text, our own among them.
    text_lines: u64,
    /// Frames of the venue in the text, and their bytes.
    frames: u64,
    frame_bytes: u64,
    span_ns: (u64, u64),
    since: Instant,
    written: Written,
}

/// The writer of a recording.
pub(super) struct Writer {
    dir: PathBuf,
    /// Names of the venues, by id.
    venues: Vec<String>,
    roll: Roll,
    lines: Vec<LineFile>,
    packer: Compressor<'static>,
    packed: Vec<u8>,
    shared: Arc<Mutex<Progress>>,
}

impl Writer {
    /// A writer into a folder that is there.
    ///
    /// # Errors
    /// When zstd gives no context.
    pub fn new(dir: &Path, venues: Vec<String>, roll: Roll, shared: Arc<Mutex<Progress>>) -> io::Result<Self> {
        let mut packer = Compressor::new(LEVEL)?;
        packer.include_checksum(true)?;
        Ok(Self { dir: dir.to_path_buf(), venues, roll, lines: Vec::new(), packer, packed: Vec::new(), shared })
    }

    /// Writes until every reader is gone, or the disk refuses.
    pub fn run(mut self, chunks: &Receiver<Chunk>) {
        let result = self.take_all(chunks).and_then(|()| self.end());
        let trouble = result.err();
        self.share(trouble);
    }

    fn take_all(&mut self, chunks: &Receiver<Chunk>) -> Result<(), String> {
        loop {
            match chunks.recv_timeout(TURN) {
                Ok(chunk) => {
                    for (venue, line, recv_ns, what, frame) in chunk.entries() {
                        self.add(venue, line, recv_ns, what, frame);
                    }
                    chunk.release();
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
            for index in 0..self.lines.len() {
                let line = &self.lines[index];
                let due = line.text.len() >= BLOCK_BYTES || line.since.elapsed() >= BLOCK_AGE;
                if due && !line.text.is_empty() {
                    self.write(index)?;
                }
            }
            self.share(None);
        }
    }

    fn add(&mut self, venue: VenueId, line: Line, recv_ns: u64, what: What, frame: &[u8]) {
        let index = self.lines.iter().position(|l| l.venue == venue && l.line == line).unwrap_or_else(|| {
            let name = self.venues.get(venue.index()).cloned().unwrap_or_default();
            self.lines.push(LineFile {
                venue,
                line,
                part: None,
                text: Vec::new(),
                text_lines: 0,
                frames: 0,
                frame_bytes: 0,
                span_ns: (0, 0),
                since: Instant::now(),
                written: Written { venue: name, line, ..Written::default() },
            });
            self.lines.len() - 1
        });
        let line = &mut self.lines[index];
        if line.text.is_empty() {
            line.since = Instant::now();
            line.span_ns.0 = recv_ns;
        }
        line.span_ns.1 = recv_ns;
        line.text_lines += 1;
        // 19 digits, until the year 2286 and from 2001 on.
        let _ = write!(line.text, "{recv_ns:019} ");
        match what {
            What::Live => line.text.extend_from_slice(LINE_LIVE.as_bytes()),
            What::Down => line.text.extend_from_slice(LINE_DOWN.as_bytes()),
            What::Frame => {
                line.frames += 1;
                line.frame_bytes += frame.len() as u64;
                // In front of JSON a blank says nothing; so no venue can say in our name what became of its line.
                if frame.starts_with(OWN_FRAME) {
                    line.text.push(b' ');
                }
                // A line ends a frame here. In JSON it can only stand between values, where a blank means the same.
                line.text.extend(frame.iter().map(|b| if matches!(b, b'\n' | b'\r') { b' ' } else { *b }));
            }
        }
        line.text.push(b'\n');
    }

    /// Writes a line's text as one zstd frame, in a new file where the old one is full or old.
    fn write(&mut self, index: usize) -> Result<(), String> {
        let line = &mut self.lines[index];
        let full = |part: &Part| part.bytes >= self.roll.bytes || part.begun.elapsed() >= self.roll.age;
        if line.part.as_ref().is_some_and(full)
            && let Some(part) = line.part.take()
        {
            part.close()?;
        }
        let part = match &mut line.part {
            Some(part) => part,
            None => {
                let name = part_name(&line.written.venue, line.line, line.written.files);
                let part = Part::begin(&self.dir, &name)?;
                line.written.files += 1;
                line.part.insert(part)
            }
        };
        self.packed.resize(zstd::zstd_safe::compress_bound(line.text.len()), 0);
        let bytes =
            self.packer.compress_to_buffer(line.text.as_slice(), &mut self.packed).map_err(|e| format!("zstd: {e}"))?;
        let block = Block {
            offset: part.bytes,
            bytes: bytes as u64,
            frames: line.text_lines,
            first_ns: line.span_ns.0,
            last_ns: line.span_ns.1,
        };
        part.append(&self.packed[..bytes], &block)?;
        line.written.disk_bytes += bytes as u64;
        line.written.frames += std::mem::take(&mut line.frames);
        line.written.frame_bytes += std::mem::take(&mut line.frame_bytes);
        line.text.clear();
        line.text_lines = 0;
        Ok(())
    }

    fn end(&mut self) -> Result<(), String> {
        for index in 0..self.lines.len() {
            if !self.lines[index].text.is_empty() {
                self.write(index)?;
            }
            if let Some(part) = self.lines[index].part.take() {
                part.close()?;
            }
        }
        Ok(())
    }

    fn share(&self, trouble: Option<String>) {
        let lines = self.lines.iter().map(|l| l.written.clone()).collect();
        *self.shared.lock().unwrap_or_else(PoisonError::into_inner) = Progress { lines, trouble };
    }
}

impl Part {
    fn begin(dir: &Path, name: &str) -> Result<Self, String> {
        let create = |path: PathBuf| {
            let file = OpenOptions::new().write(true).create_new(true).open(&path);
            file.map(|f| (f, path.clone())).map_err(|e| format!("cannot create {}: {e}", path.display()))
        };
        let (data, path) = create(data_path(dir, name))?;
        let (mut index, index_path) = create(index_path(dir, name))?;
        index.write_all(INDEX_HEAD.as_bytes()).map_err(|e| format!("cannot write {}: {e}", index_path.display()))?;
        Ok(Self { data, index, path, bytes: 0, begun: Instant::now() })
    }

    fn append(&mut self, packed: &[u8], block: &Block) -> Result<(), String> {
        let written = self.data.write_all(packed).and_then(|()| self.index.write_all(block.to_string().as_bytes()));
        written.map_err(|e| {
            // Shortening takes no room.
            let _ = self.data.set_len(self.bytes);
            format!("cannot write {}: {e}", self.path.display())
        })?;
        self.bytes += packed.len() as u64;
        Ok(())
    }

    fn close(self) -> Result<(), String> {
        let synced = self.data.sync_all().and_then(|()| self.index.sync_all());
        synced.map_err(|e| format!("cannot sync {}: {e}", self.path.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Data, Source};
    use crate::record::format::{Recorded, made};

    fn writer(dir: &Path) -> Writer {
        made::recording(dir, &[], &[]);
        let roll = Roll { bytes: u64::MAX, age: Duration::MAX };
        Writer::new(dir, vec!["spot".into()], roll, Arc::default()).unwrap()
    }

    #[test]
    fn frames_count_as_written_when_they_are() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = writer(folder.path());
        let told = |writer: &Writer| {
            writer.share(None);
            let lines = writer.shared.lock().unwrap().lines.clone();
            lines.iter().map(|l| (l.frames, l.frame_bytes, l.files)).collect::<Vec<_>>()
        };
        writer.add(VenueId(0), 0, 1_700_000_000_000_000_000, What::Live, b"");
        writer.add(VenueId(0), 0, 1_700_000_000_000_000_001, What::Frame, b"{}");
        assert_eq!(told(&writer), [(0, 0, 0)]);
        writer.write(0).unwrap();
        assert_eq!(told(&writer), [(1, 2, 1)]);
        writer.add(VenueId(0), 0, 1_700_000_000_000_000_002, What::Frame, b"{}");
        assert_eq!(told(&writer), [(1, 2, 1)]);
        writer.end().unwrap();
        assert_eq!(told(&writer), [(2, 4, 1)]);
        let blocks = Recorded::open(folder.path()).unwrap().lines[0].parts[0].blocks.clone();
        assert_eq!(blocks.iter().map(|b| b.frames).collect::<Vec<_>>(), [2, 1], "lines, ours among them");
    }

    #[test]
    fn a_venue_says_nothing_in_our_name() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("rec");
        let mut writer = writer(&dir);
        let at = 1_700_000_000_000_000_000;
        let quote = br#"{"u":1,"s":"BTCUSDT","b":"1","B":"1","a":"2","A":"1"}"#;
        writer.add(VenueId(0), 0, at, What::Live, b"");
        writer.add(VenueId(0), 0, at, What::Frame, quote);
        writer.add(VenueId(0), 0, at, What::Frame, LINE_DOWN.as_bytes());
        writer.end().unwrap();
        let mut data = Data::discover(&[Source { venue: None, symbol: None, path: dir.clone() }]).unwrap();
        assert_eq!(std::iter::from_fn(|| data.next_tick().unwrap()).count(), 1);
        assert_eq!(data.feeds()[0].frames, 2, "both frames are the venue's");
        let path = Recorded::open(&dir).unwrap().lines[0].parts[0].path.clone();
        let text = String::from_utf8(zstd::decode_all(File::open(path).unwrap()).unwrap()).unwrap();
        assert_eq!(text.lines().last(), Some(format!("{at}  {LINE_DOWN}").as_str()), "the same JSON");
    }
}
