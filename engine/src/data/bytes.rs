//! Opening files: compression by their first bytes, what they begin with, and how far reading is. Cold to open; a
//! counter a block while reading.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

const BUFFER_BYTES: usize = 1 << 18;
const ZSTD_MAGIC: &[u8] = &[0x28, 0xB5, 0x2F, 0xFD];
const GZIP_MAGIC: &[u8] = &[0x1F, 0x8B];
const ZIP_MAGIC: &[u8] = b"PK\x03\x04";
/// As much of a text as is looked at to tell what it is.
const HEAD_BYTES: u64 = 4_096;

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

impl<R> Counted<R> {
    /// Counts what is read of `inner`.
    pub const fn new(inner: R, count: ReadCount) -> Self {
        Self { inner, count }
    }
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let taken = self.inner.read(buffer)?;
        self.count.add(taken as u64);
        Ok(taken)
    }
}

/// A text, decompressed.
pub(crate) type Text = Box<dyn BufRead + Send>;

/// An opened file.
pub(crate) enum Opened {
    /// A text, and what it begins with, which is still to be read.
    Text(Text, Vec<u8>),
    /// An archive; it is to be opened by its directory.
    Zip,
}

/// Opens a file: plain, zstd, gzip, or a zip archive. A named pipe will do, but for an archive. Its size is added to
/// what is to be read. `bytes_max`: nothing is read beyond so many bytes of it.
pub(crate) fn open(path: &Path, count: &ReadCount, bytes_max: Option<u64>) -> io::Result<Opened> {
    let file = File::open(path)?;
    let about = file.metadata()?;
    if about.is_dir() {
        return Err(io::Error::new(io::ErrorKind::IsADirectory, "is a directory, not a file of frames or rows"));
    }
    let bytes_max = bytes_max.unwrap_or(u64::MAX);
    let mut file = file.take(bytes_max);
    // Read, not peeked: a pipe may hand out its first bytes one by one.
    let mut head = Vec::with_capacity(ZIP_MAGIC.len());
    file.by_ref().take(ZIP_MAGIC.len() as u64).read_to_end(&mut head)?;
    if head == ZIP_MAGIC {
        return Ok(Opened::Zip);
    }
    count.expect(about.len().min(bytes_max));
    count.add(head.len() as u64);
    let (zstd, gzip) = (head == ZSTD_MAGIC, head.starts_with(GZIP_MAGIC));
    let whole = io::Cursor::new(head).chain(Counted::new(file, count.clone()));
    let text: Text = match (zstd, gzip) {
        (true, _) => Box::new(BufReader::with_capacity(BUFFER_BYTES, zstd::stream::read::Decoder::new(whole)?)),
        (_, true) => {
            let whole = BufReader::with_capacity(BUFFER_BYTES, whole);
            Box::new(BufReader::with_capacity(BUFFER_BYTES, flate2::bufread::MultiGzDecoder::new(whole)))
        }
        _ => Box::new(BufReader::with_capacity(BUFFER_BYTES, whole)),
    };
    let (text, head) = peeked(text)?;
    Ok(Opened::Text(text, head))
}

/// What a text begins with, and the text as if nobody had looked.
pub(crate) fn peeked(mut text: Text) -> io::Result<(Text, Vec<u8>)> {
    let mut head = Vec::new();
    text.by_ref().take(HEAD_BYTES).read_to_end(&mut head)?;
    let text = Box::new(io::Cursor::new(head.clone()).chain(text));
    Ok((text, head))
}
