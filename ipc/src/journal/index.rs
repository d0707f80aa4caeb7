//! COLD: the index beside a segment: where in it a time or a record lies, to within some tens of kilobytes.
//!
//! It is a copy of what the segment says, checksummed; a missing or damaged one costs a scan, nothing else.

use super::format::{u32_at, u64_at};

/// Bytes of the segment between two entries, at least.
pub(crate) const EVERY_BYTES: usize = 64 * 1024;
const MAGIC: [u8; 8] = *b"XTJINDEX";
const ENTRY_BYTES: usize = 24;

/// A place in a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IndexEntry {
    /// Number of the record there.
    pub seq: u64,
    /// Time of the last input written before it, ns since the epoch.
    pub ns: u64,
    /// Where the record begins, bytes from the begin of the segment.
    pub offset: u64,
}

pub(crate) fn to_bytes(entries: &[IndexEntry]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(16 + entries.len() * ENTRY_BYTES);
    bytes.extend_from_slice(&MAGIC);
    for entry in entries {
        for word in [entry.seq, entry.ns, entry.offset] {
            bytes.extend_from_slice(&word.to_le_bytes());
        }
    }
    bytes.extend_from_slice(&crc32c::crc32c(&bytes).to_le_bytes());
    bytes
}

/// The entries; `None` when the bytes are not an index, or a damaged one.
pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Vec<IndexEntry>> {
    let body = bytes.get(..bytes.len().checked_sub(4)?)?;
    if crc32c::crc32c(body) != u32_at(bytes, body.len())? || body.get(..8)? != MAGIC {
        return None;
    }
    let entries = body.get(8..)?;
    if !entries.len().is_multiple_of(ENTRY_BYTES) {
        return None;
    }
    entries
        .chunks_exact(ENTRY_BYTES)
        .map(|e| Some(IndexEntry { seq: u64_at(e, 0)?, ns: u64_at(e, 8)?, offset: u64_at(e, 16)? }))
        .collect()
}
