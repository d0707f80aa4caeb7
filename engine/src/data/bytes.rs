//! Opening files: zstd by its first bytes, and how far reading is. Cold to open; a counter a block while reading.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

const BUFFER_BYTES: usize = 1 << 18;
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xB5, 0x2F, 0xFD];

/// How far reading is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Bytes of the files read so far, as they lie on disk.
    pub read_bytes: u64,
    /// Bytes of all files; a named pipe counts none.
    pub total_bytes: u64,
}

/// Counts what is read of all files.
#[derive(Debug, Clone, Default)]
pub(crate) struct ReadCount {
    read: Arc<AtomicU64>,
    total: Arc<AtomicU64>,
}

impl ReadCount {
    /// The counts.
    pub fn progress(&self) -> Progress {
        Progress { read_bytes: self.read.load(Ordering::Relaxed), total_bytes: self.total.load(Ordering::Relaxed) }
    }

    /// That so many bytes are to be read.
    pub fn expect(&self, bytes: u64) {
        self.total.fetch_add(bytes, Ordering::Relaxed);
    }

    /// That so many bytes were read.
    pub fn add(&self, bytes: u64) {
        self.read.fetch_add(bytes, Ordering::Relaxed);
    }
}

/// A reader whose bytes are counted.
pub(crate) struct Counted<R> {
    inner: R,
    count: ReadCount,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let taken = self.inner.read(buffer)?;
        self.count.add(taken as u64);
        Ok(taken)
    }
}

/// A file's text, decompressed where it is zstd. A named pipe will do.
pub(crate) type Text = Box<dyn BufRead + Send>;

/// Opens a file; its size is added to what is to be read. `bytes_max`: read no further than this.
pub(crate) fn open(path: &Path, count: &ReadCount, bytes_max: Option<u64>) -> io::Result<Text> {
    let file = File::open(path)?;
    let about = file.metadata()?;
    if about.is_dir() {
        return Err(io::Error::new(io::ErrorKind::IsADirectory, "is a directory, not a file of frames or rows"));
    }
    let bytes_max = bytes_max.unwrap_or(u64::MAX);
    count.expect(about.len().min(bytes_max));
    let mut file = Counted { inner: file, count: count.clone() }.take(bytes_max);
    // Read, not peeked: a pipe may hand out its first bytes one by one.
    let mut head = Vec::with_capacity(ZSTD_MAGIC.len());
    file.by_ref().take(ZSTD_MAGIC.len() as u64).read_to_end(&mut head)?;
    let compressed = head == ZSTD_MAGIC;
    let whole = io::Cursor::new(head).chain(file);
    Ok(if compressed {
        let decoder = zstd::stream::read::Decoder::new(whole)?;
        Box::new(BufReader::with_capacity(BUFFER_BYTES, decoder))
    } else {
        Box::new(BufReader::with_capacity(BUFFER_BYTES, whole))
    })
}
