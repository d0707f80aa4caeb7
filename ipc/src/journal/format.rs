//! The bytes of a journal.
//!
//! A segment is a header of 64 bytes and records, each at a multiple of eight bytes:
//!
//! | bytes | record | |
//! |---|---|---|
//! | 4 | checksum | CRC32C over the session and all that follows here, XOR the low half of the record's number |
//! | 2 | length of the payload | |
//! | 1 | kind | 1 to 255; 0 is what an unwritten place reads as |
//! | 1 | flags | |
//! | n | payload | padded with zeros to a multiple of eight |
//!
//! Records are numbered from 0 through the whole session, not in the bytes but by their order: the number is part of the
//! checksum, so that a record that was moved, doubled or left out does not check, and neither does a leftover of another
//! session. The number's low half can be taken back out of the checksum of an intact record, which is how reading finds
//! its way again behind damage and knows how many records it lost. All integers are little-endian.
//!
//! A segment that was closed in order ends with a record of kind [`KIND_SEAL`] with no payload.

/// First eight bytes of a segment.
pub const MAGIC: [u8; 8] = *b"XTJOURNL";
/// The format that this build writes.
pub const VERSION: u32 = 1;
/// The oldest format that this build reads.
pub const OLDEST_VERSION: u32 = 1;
/// Bytes of a segment's header.
pub const HEADER_BYTES: usize = 64;
/// Bytes of a record before its payload.
pub const HEAD_BYTES: usize = 8;
/// The longest payload.
pub const PAYLOAD_BYTES_MAX: usize = u16::MAX as usize;
/// Smallest segment, bytes.
pub const SEGMENT_BYTES_MIN: u64 = 4096;
/// Largest segment, bytes.
pub const SEGMENT_BYTES_MAX: u64 = 1 << 32;
/// Ends a segment that was closed in order. Other kinds belong to whoever writes the journal.
pub const KIND_SEAL: u8 = 255;
/// What a segment keeps free for its seal.
pub const SEAL_BYTES: usize = HEAD_BYTES;

/// Identifies a session among all others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionId(pub [u8; 16]);

/// The first 64 bytes of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SegmentHeader {
    /// Format of the segment.
    pub version: u32,
    /// Counts the session's segments from 0.
    pub number: u32,
    /// The session.
    pub session: SessionId,
    /// Number of the first record.
    pub first_seq: u64,
    /// Time of the last input before the segment began, ns since the epoch; of the session's start in the first.
    pub first_ns: u64,
    /// Bytes that the segment was made with.
    pub segment_bytes: u64,
}

impl SegmentHeader {
    /// The bytes, with their checksum.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        bytes[..8].copy_from_slice(&MAGIC);
        bytes[8..12].copy_from_slice(&self.version.to_le_bytes());
        bytes[12..16].copy_from_slice(&self.number.to_le_bytes());
        bytes[16..32].copy_from_slice(&self.session.0);
        bytes[32..40].copy_from_slice(&self.first_seq.to_le_bytes());
        bytes[40..48].copy_from_slice(&self.first_ns.to_le_bytes());
        bytes[48..56].copy_from_slice(&self.segment_bytes.to_le_bytes());
        let sum = crc32c::crc32c(&bytes[..60]);
        bytes[60..].copy_from_slice(&sum.to_le_bytes());
        bytes
    }

    /// The header in `bytes`; `None` where there is none, or a damaged one. The version is not judged here.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; HEADER_BYTES] = bytes.get(..HEADER_BYTES)?.try_into().ok()?;
        if bytes[..8] != MAGIC || crc32c::crc32c(&bytes[..60]) != u32_at(bytes, 60)? {
            return None;
        }
        Some(Self {
            version: u32_at(bytes, 8)?,
            number: u32_at(bytes, 12)?,
            session: SessionId(bytes[16..32].try_into().ok()?),
            first_seq: u64_at(bytes, 32)?,
            first_ns: u64_at(bytes, 40)?,
            segment_bytes: u64_at(bytes, 48)?,
        })
    }
}

/// The record at the begin of `bytes`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordAt<'a> {
    /// What kind of record; never 0.
    pub kind: u8,
    /// Flags of the kind.
    pub flags: u8,
    /// The payload.
    pub payload: &'a [u8],
    /// Low half of the record's number, as its checksum has it; true only of an intact record.
    pub seq_low: u32,
}

/// Checksums of one session's records.
#[derive(Debug, Clone, Copy)]
pub struct Sums {
    seed: u32,
}

impl Sums {
    /// Those of `session`.
    #[must_use]
    pub fn new(session: SessionId) -> Self {
        Self { seed: crc32c::crc32c(&session.0) }
    }

    /// The checksum of record number `seq`.
    #[must_use]
    pub fn sum(self, seq: u64, kind: u8, flags: u8, payload: &[u8]) -> u32 {
        self.plain(kind, flags, payload) ^ fold(seq)
    }

    /// The record at the begin of `bytes`, whatever its number; `None` where none can be: cut off, or kind 0.
    #[must_use]
    pub fn look<'a>(self, bytes: &'a [u8]) -> Option<RecordAt<'a>> {
        let [kind, flags] = [*bytes.get(6)?, *bytes.get(7)?];
        let length = usize::from(u16::from_le_bytes([bytes[4], bytes[5]]));
        let payload = bytes.get(HEAD_BYTES..HEAD_BYTES + length)?;
        // The padding belongs to the record: damage in it is damage.
        let padding = bytes.get(HEAD_BYTES + length..record_bytes(length))?;
        if kind == 0 || padding.iter().any(|b| *b != 0) {
            return None;
        }
        Some(RecordAt { kind, flags, payload, seq_low: u32_at(bytes, 0)? ^ self.plain(kind, flags, payload) })
    }

    /// The record at the begin of `bytes` if it is number `seq`, whole and undamaged.
    #[must_use]
    pub fn record<'a>(self, bytes: &'a [u8], seq: u64) -> Option<RecordAt<'a>> {
        self.look(bytes).filter(|record| record.seq_low == fold(seq))
    }

    fn plain(self, kind: u8, flags: u8, payload: &[u8]) -> u32 {
        let [low, high] = (payload.len() as u16).to_le_bytes();
        crc32c::crc32c_append(crc32c::crc32c_append(self.seed, &[low, high, kind, flags]), payload)
    }
}

/// What of a number goes into a checksum. The high half is left out: a session of 2^32 records between two segments'
/// headers, which carry it whole, cannot be.
#[must_use]
pub const fn fold(seq: u64) -> u32 {
    seq as u32
}

/// Bytes that a record with a payload of `length` takes.
#[must_use]
pub const fn record_bytes(length: usize) -> usize {
    (HEAD_BYTES + length).next_multiple_of(8)
}

/// Name of segment `number`'s file.
#[must_use]
pub fn segment_name(number: u32) -> String {
    format!("{number:06}.seg")
}

/// Name of the index beside segment `number`.
#[must_use]
pub fn index_name(number: u32) -> String {
    format!("{number:06}.idx")
}

pub(crate) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

pub(crate) fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}
