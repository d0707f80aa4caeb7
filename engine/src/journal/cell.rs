//! What goes through the ring to the journal thread: cells of 56 bytes, so that with the ring's sequence each is one
//! cache line. A tick is one cell; other entries take a head cell and, where they are longer than 48 bytes, others.
//!
//! Byte 54 tells them apart: a tick has its kind there (0, 1, 2, ...), a head has `HEAD` and the entry's kind. A
//! head's bytes 48 and 49 are the payload's length.

use super::entry::{CORE_PAYLOAD_MAX, Entry, kind};

/// Bytes of a cell.
pub const CELL_BYTES: usize = 56;
/// Bytes of payload in a head cell.
const HEAD_PAYLOAD: usize = 48;
const KIND_AT: usize = 54;
/// Marks a head among ticks.
const HEAD: u8 = 0x80;
/// The most cells of an entry.
pub const CELLS_MAX: usize = 4;

const _: () = assert!(CORE_PAYLOAD_MAX <= HEAD_PAYLOAD + (CELLS_MAX - 1) * CELL_BYTES);

/// One item of the ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C, align(8))]
pub struct Cell(pub [u8; CELL_BYTES]);

/// The cells of an entry, and how many they are.
#[inline]
#[must_use]
pub fn cells(entry: &Entry<'_>) -> ([Cell; CELLS_MAX], usize) {
    let mut out = [Cell([0; CELL_BYTES]); CELLS_MAX];
    let mut payload = [0; CORE_PAYLOAD_MAX];
    let length = entry.write(&mut payload);
    if let Entry::Tick(_) = entry {
        out[0].0.copy_from_slice(&payload[..CELL_BYTES]);
        return (out, 1);
    }
    let head = length.min(HEAD_PAYLOAD);
    out[0].0[..head].copy_from_slice(&payload[..head]);
    out[0].0[HEAD_PAYLOAD..HEAD_PAYLOAD + 2].copy_from_slice(&(length as u16).to_le_bytes());
    out[0].0[KIND_AT] = HEAD | entry.kind();
    let mut count = 1;
    for (cell, part) in out[1..].iter_mut().zip(payload[head..length].chunks(CELL_BYTES)) {
        cell.0[..part.len()].copy_from_slice(part);
        count += 1;
    }
    (out, count)
}

/// Puts cells together again.
#[derive(Debug, Default)]
pub struct Assembler {
    kind: u8,
    payload: Vec<u8>,
    missing: usize,
}

impl Assembler {
    /// Takes the next cell; the entry's kind and payload once it is whole.
    pub fn take(&mut self, cell: &Cell) -> Option<(u8, &[u8])> {
        if self.missing > 0 {
            let part = self.missing.min(CELL_BYTES);
            self.payload.extend_from_slice(&cell.0[..part]);
            self.missing -= part;
        } else if cell.0[KIND_AT] & HEAD == 0 {
            self.kind = kind::TICK;
            self.payload.clear();
            self.payload.extend_from_slice(&cell.0);
        } else {
            self.kind = cell.0[KIND_AT] & !HEAD;
            let length = usize::from(u16::from_le_bytes([cell.0[HEAD_PAYLOAD], cell.0[HEAD_PAYLOAD + 1]]));
            let here = length.min(HEAD_PAYLOAD);
            self.payload.clear();
            self.payload.extend_from_slice(&cell.0[..here]);
            self.missing = length - here;
        }
        (self.missing == 0).then_some((self.kind, self.payload.as_slice()))
    }
}
