//! COLD: how the bytes of a region are looked at: by a mapping, or by reading the file.
//!
//! A mapping costs nothing per look, but a file that somebody cuts off under it kills the process (SIGBUS), and no
//! check can rule that out. Reading the file costs three system calls a record, about a microsecond, and a file that
//! was cut off is just an answer. So tools read, and who needs the speed maps.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::sync::atomic::{Ordering, fence};

use crosstick_ring::Pod;
use crosstick_ring::history::Look;

use crate::layout::VERSION_BYTES;
use crate::sys::{Map, RingAt};

const WORD: usize = 8;
/// Copies of a record that are tried in one go: a writer at work is done within nanoseconds.
const ATTEMPTS: u32 = 64;

/// What came of a look at a record.
pub(crate) enum Seen<T> {
    /// It is whole.
    Whole(T),
    /// A write was under way at every attempt.
    UnderWay,
    /// There is nothing at that place, any more or at all.
    Nothing,
}

#[derive(Debug, Clone)]
pub(crate) enum View {
    Mapped(Arc<Map>),
    File(Arc<File>),
}

impl View {
    /// `count` words from `offset` on, each as of some moment.
    pub(crate) fn words(&self, offset: usize, count: usize) -> Option<Vec<u64>> {
        match self {
            Self::Mapped(map) => {
                let words = map.words(offset, count)?;
                Some(words.get().iter().map(|w| w.load(Ordering::Relaxed)).collect())
            }
            Self::File(file) => {
                let mut bytes = vec![0u8; count.checked_mul(WORD)?];
                file.read_exact_at(&mut bytes, u64::try_from(offset).ok()?).ok()?;
                Some(bytes.as_chunks().0.iter().map(|chunk| u64::from_le_bytes(*chunk)).collect())
            }
        }
    }

    /// The word at `offset`; what is looked at later is at least as new.
    pub(crate) fn word(&self, offset: usize) -> Option<u64> {
        let word = match self {
            Self::Mapped(map) => map.words(offset, 1)?.get().first()?.load(Ordering::Relaxed),
            Self::File(file) => {
                let mut bytes = [0; WORD];
                file.read_exact_at(&mut bytes, u64::try_from(offset).ok()?).ok()?;
                u64::from_le_bytes(bytes)
            }
        };
        // Pairs with the release store of the word. Before a system call's copy it is there for the compiler: x86-64
        // keeps loads in order, and a later call's are not begun before this one's are done.
        fence(Ordering::Acquire);
        Some(word)
    }

    /// The words as a `T`; later looks are newer than all of them.
    fn copy<T: Pod>(&self, offset: usize) -> Option<T> {
        let copy = T::from_words(&self.words(offset, size_of::<T>() / WORD)?);
        fence(Ordering::Acquire);
        copy
    }

    /// The record whose version lies at `offset`.
    pub(crate) fn cell<T: Pod>(&self, offset: usize) -> Seen<T> {
        if let Self::Mapped(map) = self {
            let Some(cell) = map.reader::<T>(offset) else { return Seen::Nothing };
            return cell.try_read(ATTEMPTS).map_or(Seen::UnderWay, Seen::Whole);
        }
        for _ in 0..ATTEMPTS {
            let Some(before) = self.word(offset) else { return Seen::Nothing };
            if before % 2 == 1 {
                continue;
            }
            let Some(value) = self.copy(offset.saturating_add(VERSION_BYTES)) else { return Seen::Nothing };
            match self.word(offset) {
                Some(after) if after == before => return Seen::Whole(value),
                Some(_) => {}
                None => return Seen::Nothing,
            }
        }
        Seen::UnderWay
    }

    /// The record of that sequence number in a ring.
    pub(crate) fn slot<T: Pod>(&self, ring: RingAt, sequence: u64) -> Option<Look<T>> {
        if let Self::Mapped(map) = self {
            return map.ring_reader(ring).map(|r| r.read(sequence));
        }
        let slot = usize::try_from(sequence % ring.count as u64).ok()?;
        let offset = slot.checked_mul(ring.stride)?.checked_add(ring.slots)?;
        let before = self.word(offset)?;
        if let Some(answer) = Look::of_version(before, sequence) {
            return Some(answer);
        }
        let value = self.copy(offset.checked_add(VERSION_BYTES)?)?;
        Some(if self.word(offset)? == before { Look::Record(value) } else { Look::Lapped })
    }
}
