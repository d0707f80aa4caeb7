//! The receive buffer: bytes go in at the end, frames are parsed and decoded where they lie.
//!
//! HOT: reader thread. Grows only for a frame longer than its base size, up to a fixed limit, and shrinks back once
//! that frame is gone.

/// Bytes offered to one socket read. tungstenite's default of 128 KiB costs six times as much per small read.
pub const READ_SIZE: usize = 4096;
/// What a buffer holds without growing: one full TLS record (16 KiB), one read, and a cut frame before them.
pub const BASE_SIZE: usize = 32 * 1024;

/// A flat receive buffer with a hard limit.
#[derive(Debug)]
pub struct RecvBuffer {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
    limit: usize,
}

impl RecvBuffer {
    /// An empty buffer that never holds more than `limit` bytes (at least [`BASE_SIZE`]).
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { bytes: vec![0; BASE_SIZE], start: 0, end: 0, limit: limit.max(BASE_SIZE) }
    }

    /// What was received and not yet taken.
    #[inline]
    #[must_use]
    pub fn unread(&self) -> &[u8] {
        self.bytes.get(self.start..self.end).unwrap_or(&[])
    }

    /// Bytes received and not yet taken.
    #[inline]
    #[must_use]
    pub const fn len(&self) -> usize {
        self.end - self.start
    }

    /// Whether everything was taken.
    #[inline]
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Takes the first `count` unread bytes (all of them when there are fewer) and lends them until the next call.
    #[inline]
    pub fn take(&mut self, count: usize) -> &mut [u8] {
        let from = self.start;
        let to = from + count.min(self.end - from);
        if to == self.end {
            // The bytes stay where they are: only the next `spare` may overwrite them.
            self.start = 0;
            self.end = 0;
        } else {
            self.start = to;
        }
        self.bytes.get_mut(from..to).unwrap_or(&mut [])
    }

    /// Room for at least `want` more bytes behind the unread ones; `None` when that would pass the limit.
    #[inline]
    pub fn spare(&mut self, want: usize) -> Option<&mut [u8]> {
        if self.bytes.len() - self.end < want || self.bytes.len() > BASE_SIZE {
            self.make_room(want)?;
        }
        self.bytes.get_mut(self.end..)
    }

    /// States that `count` bytes were written to the start of what [`Self::spare`] lent.
    #[inline]
    pub fn filled(&mut self, count: usize) {
        self.end = (self.end + count).min(self.bytes.len());
    }

    /// Appends a copy of `bytes`; false when that would pass the limit, and then nothing is appended.
    pub fn extend(&mut self, bytes: &[u8]) -> bool {
        let Some(room) = self.spare(bytes.len()) else { return false };
        let Some(room) = room.get_mut(..bytes.len()) else { return false };
        room.copy_from_slice(bytes);
        self.filled(bytes.len());
        true
    }

    /// Forgets everything, for a new connection.
    pub fn clear(&mut self) {
        self.start = 0;
        self.end = 0;
    }

    #[cold]
    fn make_room(&mut self, want: usize) -> Option<()> {
        if self.is_empty() && self.bytes.len() > BASE_SIZE && want <= BASE_SIZE {
            self.clear();
            self.bytes.truncate(BASE_SIZE);
            self.bytes.shrink_to_fit();
        }
        if self.bytes.len() - self.end >= want {
            return Some(());
        }
        self.bytes.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        let needed = self.end.checked_add(want)?;
        if needed > self.limit {
            return None;
        }
        if needed > self.bytes.len() {
            self.bytes.resize(needed.next_power_of_two().min(self.limit), 0);
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_out_in_order_and_the_limit_holds() {
        let mut buffer = RecvBuffer::new(100_000);
        assert!(buffer.extend(b"hello world"));
        assert_eq!(buffer.take(6), b"hello ");
        assert_eq!(buffer.unread(), b"world");
        assert!(buffer.extend(&[7; 90_000]));
        assert!(!buffer.extend(&[7; 20_000]), "past the limit");
        assert_eq!(buffer.take(5), b"world");
        assert_eq!(buffer.take(usize::MAX).len(), 90_000);
        assert!(buffer.is_empty());
        assert!(buffer.spare(1).is_some_and(|s| s.len() == BASE_SIZE), "shrinks back to its base size");
    }

    #[test]
    fn a_cut_frame_moves_to_the_front_instead_of_growing() {
        let mut buffer = RecvBuffer::new(BASE_SIZE);
        for round in 0..100u8 {
            assert!(buffer.extend(&[round; 20_000]));
            assert_eq!(buffer.take(19_999).len(), 19_999);
            assert!(buffer.extend(&[round; 10_000]));
            let rest = buffer.take(10_001);
            assert!(rest.len() == 10_001 && rest.iter().all(|b| *b == round));
        }
    }
}
