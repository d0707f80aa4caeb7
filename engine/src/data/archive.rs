//! Zip archives, as data.binance.vision hands them out: one member or several. Cold to open.
//!
//! The directory is read by the `zip` crate; each member is then read through a file handle of its own, so that several
//! can be merged by time, and its length and checksum are compared at its end.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use flate2::Crc;
use flate2::bufread::DeflateDecoder;
use zip::{CompressionMethod, ZipArchive};

use super::bytes::{Counted, ReadCount, Text};

const BUFFER_BYTES: usize = 1 << 17;
/// Members of one archive: a year of days.
const MEMBERS_MAX: usize = 400;

/// The archive's files with their names, in its order.
///
/// # Errors
/// What is wrong with the archive; nothing names its path.
pub(super) fn members(path: &Path, count: &ReadCount) -> io::Result<Vec<(String, Text)>> {
    let bad = |text: String| io::Error::new(io::ErrorKind::InvalidData, text);
    let mut archive = ZipArchive::new(BufReader::new(File::open(path)?)).map_err(|e| bad(e.to_string()))?;
    if archive.len() > MEMBERS_MAX {
        return Err(bad(format!("{} members; {MEMBERS_MAX} are read at most", archive.len())));
    }
    let mut members: Vec<(String, Text)> = Vec::new();
    for index in 0..archive.len() {
        let member = archive.by_index_raw(index).map_err(|e| bad(e.to_string()))?;
        if !member.is_file() {
            continue;
        }
        let name = member.name().map_err(|e| bad(e.to_string()))?.into_owned();
        if member.encrypted() {
            return Err(bad(format!("{name} is encrypted")));
        }
        let start = member.data_start().ok_or_else(|| bad(format!("{name} has no beginning")))?;
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(start))?;
        count.expect(member.compressed_size());
        let packed = Counted::new(file, count.clone()).take(member.compressed_size());
        let unpacked: Box<dyn Read + Send> = match member.compression() {
            CompressionMethod::Stored => Box::new(packed),
            CompressionMethod::Deflated => {
                Box::new(DeflateDecoder::new(BufReader::with_capacity(BUFFER_BYTES, packed)))
            }
            other => return Err(bad(format!("{name} is compressed with {other}; stored and deflated are read"))),
        };
        let whole = Whole { inner: unpacked, sum: Crc::new(), crc32: member.crc32(), bytes: member.size(), read: 0 };
        members.push((name, Box::new(BufReader::with_capacity(BUFFER_BYTES, whole))));
    }
    Ok(members)
}

/// Compares a member with what the directory says of it, at its end.
struct Whole<R> {
    inner: R,
    sum: Crc,
    crc32: u32,
    bytes: u64,
    read: u64,
}

impl<R: Read> Read for Whole<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let taken = self.inner.read(buffer)?;
        self.read += taken as u64;
        self.sum.update(buffer.get(..taken).unwrap_or_default());
        let damaged = |text| Err(io::Error::new(io::ErrorKind::InvalidData, text));
        if self.read > self.bytes {
            return damaged("longer than the archive's directory says");
        }
        if taken == 0 && !buffer.is_empty() {
            if self.read < self.bytes {
                return damaged("ends before the archive's directory says");
            }
            if self.sum.sum() != self.crc32 {
                return damaged("its checksum is not the archive's");
            }
        }
        Ok(taken)
    }
}
