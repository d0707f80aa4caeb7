//! The core thread's end of the journal. **Hot:** one store of a cache line an input.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use crosstick_execution::OrderState;
use crosstick_model::decision::RECORD_BYTES_MAX;
use crosstick_model::{Command, Decision, OrderId, Report, Tick};
use crosstick_ring::spsc::{Consumer, Producer, ring};

use super::cell::{Cell, cells};
use super::entry::Entry;
use crate::driver::Listener;

/// A hash of the state is written after so many inputs.
const HASH_EVERY: u64 = 65_536;

/// Why the journal cannot be relied on any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Trouble {
    /// It fell behind its budget: the disk, or the thread, is too slow.
    Behind = 1,
    /// The disk refused: full, gone, not writable, or broken.
    Disk = 2,
}

impl Trouble {
    /// What it says, in words.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Behind => "the journal fell behind its budget",
            Self::Disk => "the journal could not be written",
        }
    }
}

/// What both ends of the journal's ring see.
#[derive(Debug, Default)]
pub struct Shared {
    disk: AtomicU8,
    /// Entries that found no room in the ring.
    lost: AtomicU64,
}

impl Shared {
    /// The disk refused.
    pub(super) fn disk_trouble(&self) {
        self.disk.store(1, Ordering::Relaxed);
    }

    /// Entries that found no room; above zero, nothing that came after the first of them was journalled.
    pub(super) fn lost(&self) -> u64 {
        self.lost.load(Ordering::Acquire)
    }
}

/// Keeps what the core takes and decides.
#[derive(Debug)]
pub struct Scribe {
    ring: Producer<Cell>,
    /// Cells that surely fit.
    room: usize,
    /// Below this much room the journal counts as behind.
    room_min: usize,
    behind: bool,
    lost: u64,
    inputs: u64,
    decisions: u64,
    next_hash: u64,
    shared: Arc<Shared>,
}

/// A scribe and the end of the ring that the journal thread empties. `budget` is how many entries may wait, in all.
#[must_use]
pub fn scribe(budget: usize) -> (Scribe, Consumer<Cell>, Arc<Shared>) {
    // Half of the ring is the budget; the other half takes what comes between the halt and a recovery of the disk.
    let (producer, consumer) = ring(budget.max(1024) * 2);
    let shared = Arc::new(Shared::default());
    let room = producer.capacity();
    let scribe = Scribe {
        ring: producer,
        room,
        room_min: room / 2,
        behind: false,
        lost: 0,
        inputs: 0,
        decisions: 0,
        next_hash: HASH_EVERY,
        shared: Arc::clone(&shared),
    };
    (scribe, consumer, shared)
}

impl Listener for Scribe {
    #[inline]
    fn tick(&mut self, tick: &Tick) {
        self.input(&Entry::Tick(*tick));
    }

    #[inline]
    fn report(&mut self, report: &Report, _state: Option<OrderState>) {
        self.input(&Entry::Report(*report));
    }

    #[inline]
    fn timer(&mut self, due_ns: u64) {
        self.input(&Entry::Timer { due_ns });
    }

    #[inline]
    fn clock(&mut self, at_ns: u64) {
        self.push(&Entry::Clock { at_ns });
    }

    #[inline]
    fn command(&mut self, command: &Command) {
        self.input(&Entry::Command(*command));
    }

    fn finish(&mut self) {
        self.input(&Entry::Finish);
    }

    #[inline]
    fn decision(&mut self, decision: &Decision) {
        let mut record = [0; RECORD_BYTES_MAX];
        let length = decision.write(&mut record);
        self.decisions += 1;
        self.push(&Entry::Decision(&record[..length]));
    }

    fn order_unsent(&mut self, order: OrderId) {
        self.push(&Entry::Unsent(order));
    }
}

impl Scribe {
    /// Whether a hash of the state is due; asked between inputs.
    #[inline]
    #[must_use]
    pub const fn hash_is_due(&self) -> bool {
        self.inputs >= self.next_hash
    }

    /// The hash of the core's state as it is now, between two inputs.
    pub fn state(&mut self, hash: [u8; 32]) {
        self.next_hash = self.inputs + HASH_EVERY;
        self.push(&Entry::State { inputs: self.inputs, decisions: self.decisions, hash });
    }

    /// What keeps trading from going on, if anything does.
    #[inline]
    #[must_use]
    pub fn trouble(&self) -> Option<Trouble> {
        if self.behind {
            Some(Trouble::Behind)
        } else if self.shared.disk.load(Ordering::Relaxed) != 0 {
            Some(Trouble::Disk)
        } else {
            None
        }
    }

    #[inline]
    fn input(&mut self, entry: &Entry<'_>) {
        self.inputs += 1;
        self.push(entry);
    }

    #[inline]
    fn push(&mut self, entry: &Entry<'_>) {
        let (cells, count) = cells(entry);
        if self.room < self.room_min + count {
            self.look();
        }
        if self.room < count || self.lost > 0 {
            self.lose();
            return;
        }
        self.room -= count;
        self.ring.push_batch(&cells[..count]);
    }

    #[cold]
    fn look(&mut self) {
        self.room = self.ring.free();
        self.behind |= self.room < self.room_min;
    }

    /// Once one entry is lost all later ones are: a journal with a hole would replay to something else.
    #[cold]
    fn lose(&mut self) {
        self.behind = true;
        self.lost += 1;
        self.shared.lost.store(self.lost, Ordering::Release);
    }
}
