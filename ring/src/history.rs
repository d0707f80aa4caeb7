//! HOT: the last records of a stream, overwritten when full: one writer that never waits, any number of readers, each
//! with a cursor of its own, that can't slow it and are counted by nobody.
//!
//! Layout: one word `next`, how many records were ever written, and `count` slots (a power of two), each a word of
//! version and the value as 64-bit words. The record of sequence number `n` lies in slot `n % count`; its version is
//! `2n + 1` while it is written and `2n + 2` once it is whole, so a version tells not only whether a copy is whole but
//! which record it is of. All accesses are atomic, word by word, as in [`seqlock`](crate::seqlock).
//!
//! The ring lies on the heap ([`ring`]) or in memory that other processes map ([`Writer::from_raw`],
//! [`Reader::from_raw`]). Readers only load, and only relaxed followed by a fence. There is one writer, because it can
//! neither be copied nor shared:
//!
//! ```compile_fail,E0599
//! let (writer, _reader) = crosstick_ring::history::ring::<u64>(8);
//! let second = writer.clone();
//! ```
//!
//! ```
//! use crosstick_ring::history::{Cursor, ring};
//! let (mut writer, reader) = ring::<u64>(4);
//! (10..16).for_each(|n| { writer.push(&n); });
//! let mut cursor = Cursor::at(0);
//! let seen: Vec<u64> = std::iter::from_fn(|| reader.follow(&mut cursor)).collect();
//! assert_eq!((seen.as_slice(), cursor.missed()), (&[12, 13, 14, 15][..], 2));
//! ```

use std::fmt;
use std::marker::PhantomData;
use std::ptr::NonNull;

use crate::pod::Pod;
use crate::seqlock::{Block, copy_words, words, write_versioned};
use crate::sync::{Arc, AtomicU64, Ordering, fence};

/// Words between `next` and the first slot on the heap: readers of old slots leave the writer's line alone.
const HEAD_WORDS: usize = 8;
/// The slot so many records ahead is asked for while one is written: it was written a whole ring ago, and lies in a far
/// cache, or in a reader's.
const AHEAD: u64 = 4;
/// How often [`Reader::follow`] jumps in one call. A real writer laps a reader that has just jumped about never.
const JUMPS_MAX: u32 = 8;

/// What lies where a record is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look<T> {
    /// The record.
    Record(T),
    /// Not written yet, or not whole yet.
    NotYet,
    /// Overwritten.
    Lapped,
}

impl<T> Look<T> {
    /// What a slot's version says about the record of that sequence number, before it is copied: `None` if it is there
    /// and whole.
    #[inline]
    #[must_use]
    pub const fn of_version(version: u64, sequence: u64) -> Option<Self> {
        let whole = whole_version(sequence);
        if version == whole {
            None
        } else if version > whole {
            Some(Self::Lapped)
        } else {
            Some(Self::NotYet)
        }
    }
}

/// The version of a slot that holds the whole record of that sequence number.
const fn whole_version(sequence: u64) -> u64 {
    sequence.wrapping_mul(2).wrapping_add(2)
}

/// Where a reader is, and what it missed. Plain numbers: it can be stored and taken up again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    sequence: u64,
    missed: u64,
}

impl Cursor {
    /// The record of that sequence number comes next; they count from 0.
    #[must_use]
    pub const fn at(sequence: u64) -> Self {
        Self { sequence, missed: 0 }
    }

    /// The same place, with that many missed.
    #[must_use]
    pub const fn with_missed(self, missed: u64) -> Self {
        Self { missed, ..self }
    }

    /// The oldest record that a writer at `next` will not overwrite at once.
    #[must_use]
    pub const fn oldest(next: u64, count: u64) -> Self {
        Self::at(next.saturating_sub(count - slack(count)))
    }

    /// Sequence number of the record that comes next.
    #[must_use]
    pub const fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Records that were overwritten before they were read.
    #[must_use]
    pub const fn missed(&self) -> u64 {
        self.missed
    }

    /// On to the next record.
    #[inline]
    pub const fn advance(&mut self) {
        self.sequence = self.sequence.saturating_add(1);
    }

    /// Behind what was overwritten, when `next` records were written to `count` slots; one record further at least.
    pub const fn jump(&mut self, next: u64, count: u64) {
        let oldest = Self::oldest(next, count).sequence;
        let further = self.sequence.saturating_add(1);
        let to = if oldest > further { oldest } else { further };
        self.missed = self.missed.saturating_add(to - self.sequence);
        self.sequence = to;
    }
}

/// Slots left between a reader that jumps and the writer, which goes on meanwhile.
const fn slack(count: u64) -> u64 {
    count / 8
}

/// A ring of `count` records on the heap, empty.
///
/// # Panics
/// If `count` is no power of two.
#[must_use]
pub fn ring<T: Pod>(count: usize) -> (Writer<T>, Reader<T>) {
    let stride = 1 + words::<T>();
    let block = Arc::new(Block::new(HEAD_WORDS + count * stride));
    // SAFETY: the block has room for both, lives as long as either end holds it, is written by this one writer only,
    // and starts zeroed.
    let at = unsafe { Slots::new(block.first(), block.first().add(HEAD_WORDS), count, stride) };
    let writer = Writer { at, next: 0, keep: block.clone() };
    (writer, Reader { at, keep: block })
}

/// Where the parts of a ring lie.
struct Slots<T> {
    next: NonNull<AtomicU64>,
    first: NonNull<AtomicU64>,
    mask: u64,
    stride: usize,
    value: PhantomData<fn() -> T>,
}

impl<T> Clone for Slots<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Slots<T> {}

impl<T: Pod> Slots<T> {
    /// # Safety
    /// As for [`Writer::from_raw`], with the stride in words.
    unsafe fn new(next: NonNull<AtomicU64>, first: NonNull<AtomicU64>, count: usize, stride: usize) -> Self {
        assert!(count.is_power_of_two(), "a history has a power of two of slots");
        assert!(stride > words::<T>(), "a slot holds a version and a value");
        Self { next, first, mask: count as u64 - 1, stride, value: PhantomData }
    }

    #[inline(always)]
    fn next(&self) -> &AtomicU64 {
        // SAFETY: the promise of `new`.
        unsafe { self.next.as_ref() }
    }

    /// Asks for the slot's first line, to be written soon. A hint.
    #[inline(always)]
    fn fetch(&self, sequence: u64) {
        #[cfg(all(target_arch = "x86_64", not(loom)))]
        {
            use std::arch::x86_64::{_MM_HINT_ET0, _mm_prefetch};
            // SAFETY: a hint reads and writes nothing, whatever the address.
            unsafe { _mm_prefetch::<_MM_HINT_ET0>(self.slot(sequence).as_ptr().cast()) };
        }
        #[cfg(not(all(target_arch = "x86_64", not(loom))))]
        let _ = sequence;
    }

    #[inline(always)]
    fn slot(&self, sequence: u64) -> NonNull<AtomicU64> {
        // SAFETY: the promise of `new`: the masked number is below the count.
        unsafe { self.first.add((sequence & self.mask) as usize * self.stride) }
    }
}

/// The writing end. `K` keeps the memory alive.
pub struct Writer<T: Pod, K = Arc<Block>> {
    at: Slots<T>,
    next: u64,
    keep: K,
}

// SAFETY: the memory is reached by atomics only; the end is the one writer wherever it is, and `K` allows the move.
unsafe impl<T: Pod, K: Send> Send for Writer<T, K> {}

impl<T: Pod, K> Writer<T, K> {
    /// The writing end of the ring whose count of records lies at `next`, and whose `count` slots lie from `first` on,
    /// `stride` bytes apart.
    ///
    /// # Panics
    /// If `count` is no power of two, or `stride` not a multiple of eight that holds a version and a `T`.
    ///
    /// # Safety
    /// `next` points to a word, and `first` to `count * stride` bytes, of readable and writable memory, aligned to
    /// eight bytes, that stays so while `keep` lives and is accessed by nothing but atomics; no other writer of it
    /// exists in any process; it is zeroed, or was written by a former writer of the same shape.
    pub unsafe fn from_raw(
        next: NonNull<AtomicU64>,
        first: NonNull<AtomicU64>,
        count: usize,
        stride: usize,
        keep: K,
    ) -> Self {
        assert!(stride.is_multiple_of(8), "slots lie at whole words");
        // SAFETY: the caller's promise.
        let at = unsafe { Slots::new(next, first, count, stride / 8) };
        Self { at, next: at.next().load(Ordering::Relaxed), keep }
    }

    /// Appends a record in place of the oldest, and returns its sequence number. Never waits.
    #[inline]
    pub fn push(&mut self, value: &T) -> u64 {
        let sequence = self.next;
        let whole = whole_version(sequence);
        // SAFETY: the promise of `from_raw`: a slot lies there, and this is its one writer.
        unsafe { write_versioned(self.at.slot(sequence), whole.wrapping_sub(1), whole, value) };
        self.next = sequence.wrapping_add(1);
        self.at.fetch(sequence.wrapping_add(AHEAD));
        // Pairs with the load and acquire fence in `Reader::next`: who sees this number finds the record, or a later.
        self.at.next().store(self.next, Ordering::Release);
        sequence
    }

    /// Records ever written.
    #[must_use]
    pub const fn next(&self) -> u64 {
        self.next
    }

    /// What keeps the memory alive.
    pub fn keep(&self) -> &K {
        &self.keep
    }
}

impl<T: Pod, K> fmt::Debug for Writer<T, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").field("next", &self.next).finish_non_exhaustive()
    }
}

/// A reading end: a read-only view that any thread may copy. `K` keeps the memory alive.
pub struct Reader<T: Pod, K = Arc<Block>> {
    at: Slots<T>,
    keep: K,
}

// SAFETY: the memory is reached by atomic loads only; `T` may cross threads by being Pod, and `K` allows the rest.
unsafe impl<T: Pod, K: Send> Send for Reader<T, K> {}
// SAFETY: as above.
unsafe impl<T: Pod, K: Sync> Sync for Reader<T, K> {}

impl<T: Pod, K: Clone> Clone for Reader<T, K> {
    fn clone(&self) -> Self {
        Self { at: self.at, keep: self.keep.clone() }
    }
}

impl<T: Pod, K> Reader<T, K> {
    /// A reading end of the ring that lies there; see [`Writer::from_raw`].
    ///
    /// # Panics
    /// If `count` is no power of two, or `stride` not a multiple of eight that holds a version and a `T`.
    ///
    /// # Safety
    /// `next` points to a word, and `first` to `count * stride` bytes, of readable memory, aligned to eight bytes, that
    /// stays so while `keep` lives and is written by nothing but a [`Writer`]'s atomics.
    pub unsafe fn from_raw(
        next: NonNull<AtomicU64>,
        first: NonNull<AtomicU64>,
        count: usize,
        stride: usize,
        keep: K,
    ) -> Self {
        assert!(stride.is_multiple_of(8), "slots lie at whole words");
        // SAFETY: the caller's promise.
        Self { at: unsafe { Slots::new(next, first, count, stride / 8) }, keep }
    }

    /// Slots.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.at.mask + 1
    }

    /// Records ever written.
    #[inline]
    #[must_use]
    pub fn next(&self) -> u64 {
        let next = self.at.next().load(Ordering::Relaxed);
        // Pairs with the release store at the end of `Writer::push`. A fence, because memory that is mapped read-only
        // may be loaded with relaxed ordering only.
        fence(Ordering::Acquire);
        next
    }

    /// The record of that sequence number, if it is there. Tries once; what it finds is final but for
    /// [`Look::NotYet`].
    #[inline]
    #[must_use]
    pub fn read(&self, sequence: u64) -> Look<T> {
        let slot = self.at.slot(sequence);
        // SAFETY: the promise of `from_raw`.
        let version = unsafe { slot.as_ref() };
        let before = version.load(Ordering::Relaxed);
        // Pairs with the release store at the end of `write_versioned`.
        fence(Ordering::Acquire);
        if let Some(answer) = Look::of_version(before, sequence) {
            return answer;
        }
        // SAFETY: as above.
        let value = unsafe { copy_words(slot) };
        // Pairs with the release fence in `write_versioned`.
        fence(Ordering::Acquire);
        // A version only grows, so another one is that of a later record.
        if version.load(Ordering::Relaxed) == before { Look::Record(value) } else { Look::Lapped }
    }

    /// The cursor's record, and on; `None` while it is not there yet. A cursor that was lapped jumps to the oldest
    /// record that is still there, and counts what it missed.
    #[inline]
    pub fn follow(&self, cursor: &mut Cursor) -> Option<T> {
        for _ in 0..JUMPS_MAX {
            match self.read(cursor.sequence) {
                Look::Record(value) => {
                    cursor.advance();
                    return Some(value);
                }
                Look::NotYet => return None,
                Look::Lapped => cursor.jump(self.next(), self.count()),
            }
        }
        None
    }
}

impl<T: Pod, K> fmt::Debug for Reader<T, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").field("next", &self.next()).finish_non_exhaustive()
    }
}
