//! HOT: publishing. Each handle is one thread's, and every write is a handful of stores.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::sync::atomic::{AtomicU64, Ordering};

use crosstick_ring::Pod;

use crate::histogram::Recorder;
use crate::layout::{
    BalanceRow, DeniedRow, EngineEvent, EngineRow, FeedRow, FillEvent, Head, LimitRow, OpportunityEvent, OrderRow,
    PositionRow, PriceRow, RiskRow, SpreadRow, State, TickEvent, TurnRow, WorstTickRow,
};
use crate::lock::Lock;
use crate::place::Place;
use crate::sys::{CellWriter, RingWriter, Words};

/// All handles of a region. Take it apart and send each to its thread; the region ends with [`Owner`].
#[derive(Debug)]
pub struct Writer {
    /// The main thread's.
    pub owner: Owner,
    /// The core thread's.
    pub core: CoreWriter,
    /// The reader threads', in the order of `Shape::lines`.
    pub feeds: Vec<FeedWriter>,
    /// In the order of `Shape::stages`; each goes to the thread that its stage names.
    pub recorders: Vec<Recorder>,
    /// In the order of `Shape::turns`; each goes to the thread that its row names.
    pub turns: Vec<TurnWriter>,
    /// The core thread's: rows in no order; a free one holds [`WorstTickRow::ZERO`].
    pub worst_ticks: Table<WorstTickRow>,
}

/// What an owner has to give back.
#[derive(Debug)]
pub(crate) struct OwnerFiles {
    pub(crate) place: Place,
    pub(crate) inode: (u64, u64),
    /// Dropped last: until then nobody else can begin.
    pub(crate) _lock: Lock,
}

/// Says whose region this is and that it lives. Dropping it marks the region stopped, removes its file and lets the
/// next owner in; the other handles then write to memory that only readers who had it open still see.
#[derive(Debug)]
pub struct Owner {
    head: Words,
    generation: u64,
    files: OwnerFiles,
}

const HEARTBEAT_WORD: usize = std::mem::offset_of!(Head, heartbeat_ns) / 8;
const STATE_WORD: usize = std::mem::offset_of!(Head, state) / 8;

impl Owner {
    pub(crate) fn new(head: Words, generation: u64, files: OwnerFiles) -> Self {
        Self { head, generation, files }
    }

    fn word(&self, index: usize) -> Option<&AtomicU64> {
        self.head.get().get(index)
    }

    /// A sign of life, with the wall time in ns since the epoch. At least once a second.
    pub fn beat(&mut self, now_ns: u64) {
        if let Some(word) = self.word(HEARTBEAT_WORD) {
            word.store(now_ns, Ordering::Release);
        }
    }

    /// Changes the state.
    pub fn set_state(&mut self, state: State) {
        if let Some(word) = self.word(STATE_WORD) {
            word.store(state as u64, Ordering::Release);
        }
    }

    /// Counts the owners of this name, from 1.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Where the region lies.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.files.place
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.set_state(State::Stopped);
        let path = self.files.place.path();
        // Somebody may have removed our file and put another one there.
        if fs::symlink_metadata(&path).is_ok_and(|m| (m.dev(), m.ino()) == self.files.inode) {
            // Nothing can be done about a failure: the next owner takes the stopped region over.
            let _ = fs::remove_file(path);
        }
    }
}

/// What the core thread publishes.
#[derive(Debug)]
pub struct CoreWriter {
    pub(crate) engine: CellWriter<EngineRow>,
    pub(crate) risk: CellWriter<RiskRow>,
    pub(crate) denied: CellWriter<DeniedRow>,
    /// A row a limit, in the order of `Shape::limits`.
    pub limits: Table<LimitRow>,
    /// A row an instrument, by index.
    pub prices: Table<PriceRow>,
    /// A row a market and direction, in the order of `Shape::spreads`.
    pub spreads: Table<SpreadRow>,
    /// A row an instrument, by index.
    pub positions: Table<PositionRow>,
    /// A row a venue and asset, in the order of `Shape::balances`.
    pub balances: Table<BalanceRow>,
    /// Slots for orders in flight or resting; a free one holds [`OrderRow::ZERO`].
    pub open_orders: Table<OrderRow>,
    /// Every quote and trade taken.
    pub ticks: Ring<TickEvent>,
    /// Begins and ends of opportunities.
    pub opportunities: Ring<OpportunityEvent>,
    /// Changes of orders.
    pub orders: Ring<OrderRow>,
    /// Executions.
    pub fills: Ring<FillEvent>,
    /// What an operator would want to know.
    pub events: Ring<EngineEvent>,
}

impl CoreWriter {
    /// Publishes state and counters.
    #[inline]
    pub fn engine(&mut self, row: &EngineRow) {
        self.engine.write(row);
    }

    /// Publishes what risk knows.
    #[inline]
    pub fn risk(&mut self, row: &RiskRow) {
        self.risk.write(row);
    }

    /// Publishes the denials by code.
    #[inline]
    pub fn denied(&mut self, row: &DeniedRow) {
        self.denied.write(row);
    }
}

/// Rows of one kind, each replaced as a whole.
#[derive(Debug)]
pub struct Table<T: Pod>(pub(crate) Vec<CellWriter<T>>);

impl<T: Pod> Table<T> {
    /// Publishes the row of that index. One that the region has no room for is ignored.
    #[inline]
    pub fn publish(&mut self, index: usize, row: &T) {
        if let Some(cell) = self.0.get_mut(index) {
            cell.write(row);
        }
    }

    /// The row of that index as last published.
    #[must_use]
    pub fn row(&self, index: usize) -> Option<T> {
        self.0.get(index).map(CellWriter::get)
    }

    /// Rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Without rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The last records of a stream: what is full overwrites its oldest.
#[derive(Debug)]
pub struct Ring<T: Pod>(pub(crate) RingWriter<T>);

impl<T: Pod> Ring<T> {
    /// Appends a record, and returns its sequence number, from 0.
    #[inline]
    pub fn push(&mut self, record: &T) -> u64 {
        self.0.push(record)
    }

    /// Records appended so far.
    #[must_use]
    pub fn pushed(&self) -> u64 {
        self.0.next()
    }
}

/// What a reader thread publishes about one line.
#[derive(Debug)]
pub struct FeedWriter(pub(crate) CellWriter<FeedRow>);

impl FeedWriter {
    /// Publishes the line's counters.
    #[inline]
    pub fn publish(&mut self, row: &FeedRow) {
        self.0.write(row);
    }

    /// The row as last published; at first that of a line never connected.
    #[must_use]
    pub fn row(&self) -> FeedRow {
        self.0.get()
    }
}

/// What a hot thread publishes about its own loop.
#[derive(Debug)]
pub struct TurnWriter(pub(crate) CellWriter<TurnRow>);

impl TurnWriter {
    /// Publishes the thread's counters.
    #[inline]
    pub fn publish(&mut self, row: &TurnRow) {
        self.0.write(row);
    }

    /// The row as last published.
    #[must_use]
    pub fn row(&self) -> TurnRow {
        self.0.get()
    }
}
