//! The only unsafe of this crate: mapping files, and handing out cells and words of a mapping.
//!
//! All access to mapped memory is by atomics, so that another process's stores are never a data race. A mapping that
//! is written is handed out piece by piece, front to back, and no piece twice: what makes each handle the only writer.
//!
//! A mapped file must not be truncated while it is mapped: touching the lost pages would kill the process. Regions are
//! never truncated by us: they are replaced by rename and removed. Who must survive even that reads the file
//! (`crate::view`).

#![allow(unsafe_code)]

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crosstick_ring::seqlock::{self, cell_bytes};
use crosstick_ring::{Pod, history};
use memmap2::{MmapOptions, MmapRaw};

const WORD: usize = 8;

/// Takes `len` bytes of the file system for `file`, so that a full one is an error now and no fault later.
pub(crate) fn allocate(file: &File, len: u64) -> io::Result<()> {
    let len = libc::off_t::try_from(len).map_err(|_| io::Error::from_raw_os_error(libc::EFBIG))?;
    loop {
        // SAFETY: a plain call on an open descriptor; it touches no memory of ours.
        match unsafe { libc::posix_fallocate(file.as_raw_fd(), 0, len) } {
            0 => return Ok(()),
            libc::EINTR => {}
            code => return Err(io::Error::from_raw_os_error(code)),
        }
    }
}

/// A mapping, kept alive by all that was handed out of it.
#[derive(Debug)]
pub(crate) struct Map(MmapRaw);

impl Map {
    /// Maps the whole of `file` for reading.
    pub(crate) fn read_only(file: &File) -> io::Result<Arc<Self>> {
        MmapOptions::new().map_raw_read_only(file).map(|map| Arc::new(Self(map)))
    }

    /// Bytes mapped.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The word at `offset` if `bytes` from there are whole words of the mapping.
    fn first(&self, offset: usize, bytes: usize) -> Option<NonNull<AtomicU64>> {
        let end = offset.checked_add(bytes)?;
        let inside = end <= self.len() && offset.is_multiple_of(WORD) && bytes.is_multiple_of(WORD);
        // A mapping begins at a page, so the offset's alignment is the pointer's.
        inside.then(|| NonNull::new(self.0.as_mut_ptr().wrapping_add(offset).cast())).flatten()
    }

    /// Whole words of the mapping.
    pub(crate) fn words(self: &Arc<Self>, offset: usize, count: usize) -> Option<Words> {
        let first = self.first(offset, count.checked_mul(WORD)?)?;
        Some(Words { first, count, _keep: Keep::Map(self.clone()) })
    }

    /// The cell at `offset`, to read.
    pub(crate) fn reader<T: Pod>(self: &Arc<Self>, offset: usize) -> Option<CellReader<T>> {
        let first = self.first(offset, cell_bytes::<T>())?;
        // SAFETY: `first` checked that the cell lies in the mapping and is aligned; the Arc keeps that; the file is
        // written through `Carver` only, whose cells are written by seqlock writers.
        Some(unsafe { seqlock::Reader::from_raw(first, self.clone()) })
    }

    /// The ring at `at`, to read.
    pub(crate) fn ring_reader<T: Pod>(self: &Arc<Self>, at: RingAt) -> Option<RingReader<T>> {
        let (next, first) = at.place::<T>(|offset, bytes| self.first(offset, bytes))?;
        // SAFETY: as for a cell.
        Some(unsafe { history::Reader::from_raw(next, first, at.count, at.stride, self.clone()) })
    }
}

/// Where a ring lies, in bytes from the begin of a region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RingAt {
    /// Of the word that counts records.
    pub(crate) next: usize,
    /// Of the first slot.
    pub(crate) slots: usize,
    /// From one slot to the next.
    pub(crate) stride: usize,
    /// Slots, a power of two.
    pub(crate) count: usize,
}

impl RingAt {
    /// Both pointers, if it is a ring of `T` and all of it can be had from `claim`, asked front to back.
    fn place<T: Pod>(
        &self,
        mut claim: impl FnMut(usize, usize) -> Option<NonNull<AtomicU64>>,
    ) -> Option<(NonNull<AtomicU64>, NonNull<AtomicU64>)> {
        let fits = self.count.is_power_of_two() && self.stride.is_multiple_of(WORD);
        (fits && self.stride >= cell_bytes::<T>()).then_some(())?;
        Some((claim(self.next, WORD)?, claim(self.slots, self.stride.checked_mul(self.count)?)?))
    }
}

/// A cell of a mapping, to read.
pub(crate) type CellReader<T> = seqlock::Reader<T, Arc<Map>>;
/// A cell of a mapping, to write.
pub(crate) type CellWriter<T> = seqlock::Writer<T, Arc<Map>>;
/// A ring of a mapping, to read.
pub(crate) type RingReader<T> = history::Reader<T, Arc<Map>>;
/// A ring of a mapping, to write.
pub(crate) type RingWriter<T> = history::Writer<T, Arc<Map>>;

/// Hands out a new mapping piece by piece.
#[derive(Debug)]
pub(crate) struct Carver {
    map: Arc<Map>,
    /// Everything before was handed out.
    next: usize,
}

impl Carver {
    /// Maps `len` bytes of `file`, just made and known to nobody else, and touches every page.
    pub(crate) fn new(file: &File, len: usize) -> io::Result<Self> {
        let map = MmapOptions::new().len(len).populate().map_raw(file)?;
        Ok(Self { map: Arc::new(Map(map)), next: 0 })
    }

    fn claim(&mut self, offset: usize, bytes: usize) -> Option<NonNull<AtomicU64>> {
        let first = self.map.first(offset, bytes).filter(|_| offset >= self.next)?;
        self.next = offset + bytes;
        Some(first)
    }

    /// The cell at `offset`, once.
    pub(crate) fn cell<T: Pod>(&mut self, offset: usize) -> Option<CellWriter<T>> {
        let first = self.claim(offset, cell_bytes::<T>())?;
        // SAFETY: inside the mapping and aligned; the Arc keeps it; nobody else got this piece, and no other process
        // writes a region that it does not own.
        Some(unsafe { seqlock::Writer::from_raw(first, self.map.clone()) })
    }

    /// `count` words at `offset`, once.
    pub(crate) fn words(&mut self, offset: usize, count: usize) -> Option<Words> {
        let first = self.claim(offset, count.checked_mul(WORD)?)?;
        Some(Words { first, count, _keep: Keep::Map(self.map.clone()) })
    }

    /// The ring at `at`, once.
    pub(crate) fn ring<T: Pod>(&mut self, at: RingAt) -> Option<RingWriter<T>> {
        let (next, first) = at.place::<T>(|offset, bytes| self.claim(offset, bytes))?;
        // SAFETY: as for a cell; a new mapping is zeroed.
        Some(unsafe { history::Writer::from_raw(next, first, at.count, at.stride, self.map.clone()) })
    }
}

#[derive(Debug, Clone)]
enum Keep {
    Map(#[expect(dead_code, reason = "keeps the mapping")] Arc<Map>),
    Heap(#[expect(dead_code, reason = "keeps the memory")] Arc<[AtomicU64]>),
}

/// Words of a mapping or of the heap.
#[derive(Debug)]
pub(crate) struct Words {
    first: NonNull<AtomicU64>,
    count: usize,
    _keep: Keep,
}

// SAFETY: atomics, reached through memory that `_keep` keeps alive wherever the handle is.
unsafe impl Send for Words {}
// SAFETY: as above.
unsafe impl Sync for Words {}

impl Words {
    /// Zeroed words on the heap.
    pub(crate) fn heap(count: usize) -> Self {
        let words: Arc<[AtomicU64]> = (0..count).map(|_| AtomicU64::new(0)).collect();
        Self { first: NonNull::from(&*words).cast(), count, _keep: Keep::Heap(words) }
    }

    #[inline(always)]
    pub(crate) fn get(&self) -> &[AtomicU64] {
        // SAFETY: `count` words from `first` on lie in what `_keep` keeps alive, and are accessed as atomics only.
        unsafe { std::slice::from_raw_parts(self.first.as_ptr(), self.count) }
    }

    /// Stores as many of `values` as there is room for.
    pub(crate) fn put(&self, values: impl IntoIterator<Item = u64>) {
        for (word, value) in self.get().iter().zip(values) {
            word.store(value, Ordering::Relaxed);
        }
    }
}

/// A file of ours under the pen: mapped for writing, and known to nobody else as long as it is.
#[derive(Debug)]
pub(crate) struct WriteMap(memmap2::MmapMut);

impl WriteMap {
    /// Maps `len` bytes of `file`, which was just made, is this process's alone, and has all its room on the disk.
    pub(crate) fn new(file: &File, len: usize) -> io::Result<Self> {
        // SAFETY: the file was created by the caller a moment ago under a name that nobody else writes, and is neither
        // written in another way nor shortened while it is mapped.
        unsafe { MmapOptions::new().len(len).map_mut(file) }.map(Self)
    }

    /// Its bytes.
    pub(crate) fn bytes(&mut self) -> &mut [u8] {
        &mut self.0
    }

    /// Brings `len` bytes from `offset` on to the disk. Blocks.
    pub(crate) fn sync(&self, offset: usize, len: usize) -> io::Result<()> {
        self.0.flush_range(offset, len)
    }
}
