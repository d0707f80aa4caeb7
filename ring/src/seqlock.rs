//! HOT: a cell with one writer that never waits and any number of readers that can't slow it.
//!
//! Layout: one word of version, then the value as 64-bit words. The version is odd while a write is under way, and
//! grows by two with each. Readers copy the words and keep the copy if the version was even and the same before and
//! after. All accesses are atomic, word by word, so that a copy that races with a write is no data race, only a copy
//! that is thrown away (Boehm, "Can seqlocks get along with programming language memory models?").
//!
//! The cell lives on the heap ([`cell`]) or in memory that other processes map ([`Writer::from_raw`],
//! [`Reader::from_raw`]). Readers only load, and only relaxed followed by a fence, which is what is sound on pages that
//! are mapped read-only. There is one writer, because it can neither be copied nor shared:
//!
//! ```compile_fail,E0599
//! let (writer, _reader) = crosstick_ring::seqlock::cell(1u64);
//! let second = writer.clone();
//! ```

use std::fmt;
use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::ptr::NonNull;

use crate::pod::Pod;
use crate::sync::{Arc, AtomicU64, Ordering, fence, spin_loop, yield_now};

/// One cache line of words, so that a cell on the heap shares its lines with nothing.
#[repr(align(64))]
struct Line {
    #[expect(dead_code, reason = "reached through the block's first word")]
    words: [AtomicU64; 8],
}

/// The heap memory of a cell.
pub struct Block {
    lines: Box<[Line]>,
}

impl Block {
    pub(crate) fn new(words: usize) -> Self {
        Self {
            lines: (0..words.div_ceil(8)).map(|_| Line { words: std::array::from_fn(|_| AtomicU64::new(0)) }).collect(),
        }
    }

    pub(crate) fn first(&self) -> NonNull<AtomicU64> {
        NonNull::from(&*self.lines).cast()
    }
}

impl fmt::Debug for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Block").field("lines", &self.lines.len()).finish()
    }
}

/// Words of a `T`, the version not counted.
pub(crate) const fn words<T: Pod>() -> usize {
    assert!(size_of::<T>().is_multiple_of(8) && align_of::<T>() <= 8, "Pod types are made of whole words");
    size_of::<T>() / 8
}

/// Bytes that a cell of `T` takes in memory: the version and the value.
#[must_use]
pub const fn cell_bytes<T: Pod>() -> usize {
    8 + words::<T>() * 8
}

/// A cell on the heap that holds `initial`.
#[must_use]
pub fn cell<T: Pod>(initial: T) -> (Writer<T>, Reader<T>) {
    let block = Arc::new(Block::new(1 + words::<T>()));
    let first = block.first();
    // SAFETY: the block has room for the version and the value, lives as long as either end holds it, is written by
    // this one writer only, and starts zeroed.
    let mut writer = unsafe { Writer::from_raw(first, block.clone()) };
    writer.write(&initial);
    // SAFETY: as above.
    (writer, unsafe { Reader::from_raw(first, block) })
}

/// The writing end. `K` keeps the memory alive.
pub struct Writer<T: Pod, K = Arc<Block>> {
    first: NonNull<AtomicU64>,
    /// The even version that the cell shows between writes.
    version: u64,
    keep: K,
    value: PhantomData<fn(T)>,
}

// SAFETY: the memory is reached by atomics only; the end is the one writer wherever it is, and `K` allows the move.
unsafe impl<T: Pod, K: Send> Send for Writer<T, K> {}

impl<T: Pod, K> Writer<T, K> {
    /// The writing end of the cell at `first`. A version that a dead writer left odd is made even by the next write.
    ///
    /// # Safety
    /// `first` points to [`cell_bytes`] of readable and writable memory, aligned to eight bytes, that stays so while
    /// `keep` lives and is accessed by nothing but atomics; no other writer of it exists in any process.
    pub unsafe fn from_raw(first: NonNull<AtomicU64>, keep: K) -> Self {
        // SAFETY: the caller's promise.
        let version = unsafe { first.as_ref() }.load(Ordering::Relaxed);
        Self { first, version: version.wrapping_add(version & 1), keep, value: PhantomData }
    }

    /// Replaces the value. Never waits.
    #[inline]
    pub fn write(&mut self, value: &T) {
        let during = self.version.wrapping_add(1);
        self.version = self.version.wrapping_add(2);
        // SAFETY: `from_raw`'s promise: the cell lies there, all accesses are atomic, and this is its one writer.
        unsafe { write_versioned(self.first, during, self.version, value) };
    }

    /// The even version of the newest write.
    #[must_use]
    pub const fn version(&self) -> u64 {
        self.version
    }

    /// The value as it was last written here, copied out of the cell.
    #[must_use]
    pub fn get(&self) -> T {
        // SAFETY: within the cell.
        unsafe { copy_words(self.first) }
    }

    /// What keeps the memory alive.
    pub fn keep(&self) -> &K {
        &self.keep
    }
}

impl<T: Pod, K> fmt::Debug for Writer<T, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").field("version", &self.version).finish_non_exhaustive()
    }
}

/// A reading end: a read-only view that any thread may copy. `K` keeps the memory alive.
pub struct Reader<T: Pod, K = Arc<Block>> {
    first: NonNull<AtomicU64>,
    keep: K,
    value: PhantomData<fn() -> T>,
}

// SAFETY: the memory is reached by atomic loads only; `T` may cross threads by being Pod, and `K` allows the rest.
unsafe impl<T: Pod, K: Send> Send for Reader<T, K> {}
// SAFETY: as above.
unsafe impl<T: Pod, K: Sync> Sync for Reader<T, K> {}

impl<T: Pod, K: Clone> Clone for Reader<T, K> {
    fn clone(&self) -> Self {
        Self { first: self.first, keep: self.keep.clone(), value: PhantomData }
    }
}

impl<T: Pod, K> Reader<T, K> {
    /// Tries of [`Self::read`] between which it only pauses; after each so many it yields, as the writer may be waiting
    /// for this very core.
    const TRIES_PER_YIELD: u32 = 64;

    /// A reading end of the cell at `first`.
    ///
    /// # Safety
    /// `first` points to [`cell_bytes`] of readable memory, aligned to eight bytes, that stays so while `keep` lives
    /// and is written by nothing but a [`Writer`]'s atomics.
    pub unsafe fn from_raw(first: NonNull<AtomicU64>, keep: K) -> Self {
        Self { first, keep, value: PhantomData }
    }

    /// The value, if one of `attempts` copies was not torn by a write.
    #[inline]
    #[must_use]
    pub fn try_read(&self, attempts: u32) -> Option<T> {
        for _ in 0..attempts {
            if let Some(value) = self.try_once() {
                return Some(value);
            }
            spin_loop();
        }
        None
    }

    /// The value. Tries until a copy was not torn.
    ///
    /// For cells whose writer is in this process: one that died in the middle of a write would be waited for without
    /// end. Use [`Self::try_read`] on another process's memory.
    #[must_use]
    pub fn read(&self) -> T {
        loop {
            if let Some(value) = self.try_read(Self::TRIES_PER_YIELD) {
                return value;
            }
            yield_now();
        }
    }

    /// The version: grows by two with each write, odd while one is under way. To see a change without a copy.
    #[inline]
    #[must_use]
    pub fn version(&self) -> u64 {
        // SAFETY: `from_raw`'s promise.
        unsafe { self.first.as_ref() }.load(Ordering::Relaxed)
    }

    #[inline]
    fn try_once(&self) -> Option<T> {
        let before = self.version();
        // Pairs with the release store at the end of `write_versioned`. A fence, because memory that is mapped
        // read-only may be loaded with relaxed ordering only.
        fence(Ordering::Acquire);
        if before & 1 != 0 {
            return None;
        }
        // SAFETY: `from_raw`'s promise.
        let value = unsafe { copy_words(self.first) };
        // Pairs with the release fence in `write_versioned`.
        fence(Ordering::Acquire);
        (self.version() == before).then_some(value)
    }
}

impl<T: Pod, K> fmt::Debug for Reader<T, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").field("version", &self.version()).finish_non_exhaustive()
    }
}

/// Puts `value` behind the version at `first`, which is `during` meanwhile and `after` once the value is whole.
///
/// # Safety
/// `first` is that of a cell of `T` that is alive and has no other writer.
#[inline(always)]
pub(crate) unsafe fn write_versioned<T: Pod>(first: NonNull<AtomicU64>, during: u64, after: u64, value: &T) {
    // SAFETY: the caller's promise.
    let version = unsafe { first.as_ref() };
    let source = std::ptr::from_ref(value).cast::<u64>();
    version.store(during, Ordering::Relaxed);
    // Pairs with the acquire fence behind a reader's copy: who has read a word of this write also sees the version
    // `during`, or a later one, when it looks again.
    fence(Ordering::Release);
    for i in 0..words::<T>() {
        // SAFETY: within the value; `T` has no padding, so the word is initialised. Unaligned, as `T` may be aligned
        // to less than a word.
        let word = unsafe { source.add(i).read_unaligned() };
        // SAFETY: within the cell.
        unsafe { first.add(1 + i).as_ref() }.store(word, Ordering::Relaxed);
    }
    // Pairs with a reader's first load of the version and the acquire fence behind it.
    version.store(after, Ordering::Release);
}

/// The words behind the version, as they are now.
///
/// # Safety
/// `first` is that of a cell of `T` that is alive.
#[inline(always)]
pub(crate) unsafe fn copy_words<T: Pod>(first: NonNull<AtomicU64>) -> T {
    let mut value = MaybeUninit::<T>::uninit();
    let target = value.as_mut_ptr().cast::<u64>();
    for i in 0..words::<T>() {
        // SAFETY: within the cell, by the caller's promise.
        let word = unsafe { first.add(1 + i).as_ref() }.load(Ordering::Relaxed);
        // SAFETY: within the value, which may be aligned to less than a word.
        unsafe { target.add(i).write_unaligned(word) };
    }
    // SAFETY: every byte was written, and any bytes are a value of a Pod type.
    unsafe { value.assume_init() }
}
