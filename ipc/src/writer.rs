//! HOT: publishing. Each handle is one thread's, and every write is a handful of stores.

use std::fs;
use std::os::unix::fs::MetadataExt;

use crosstick_model::InstrumentId;
use crosstick_ring::Pod;

use crate::histogram::Recorder;
use crate::layout::{DeniedRow, EngineRow, FeedRow, IdentityRow, PositionRow, PriceRow, RiskRow, State};
use crate::lock::Lock;
use crate::place::Place;
use crate::sys::CellWriter;

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
    cell: CellWriter<IdentityRow>,
    row: IdentityRow,
    files: OwnerFiles,
}

impl Owner {
    pub(crate) fn new(cell: CellWriter<IdentityRow>, row: IdentityRow, files: OwnerFiles) -> Self {
        Self { cell, row, files }
    }

    /// A sign of life, with the wall time in ns since the epoch. At least once a second.
    pub fn beat(&mut self, now_ns: u64) {
        self.row.heartbeat_ns = now_ns;
        self.cell.write(&self.row);
    }

    /// Changes the state.
    pub fn set_state(&mut self, state: State) {
        self.row.state = state as u32;
        self.cell.write(&self.row);
    }

    /// Counts the owners of this name, from 1.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.row.generation
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
    /// A row an instrument.
    pub prices: Table<PriceRow>,
    /// A row an instrument.
    pub positions: Table<PositionRow>,
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

/// A row an instrument.
#[derive(Debug)]
pub struct Table<T: Pod>(pub(crate) Vec<CellWriter<T>>);

impl<T: Pod> Table<T> {
    /// Publishes one row. An instrument that the region has no row for is ignored.
    #[inline]
    pub fn publish(&mut self, instrument: InstrumentId, row: &T) {
        if let Some(cell) = self.0.get_mut(instrument.index()) {
            cell.write(row);
        }
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
