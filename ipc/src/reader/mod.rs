//! COLD: reading a region, of this process or another, without trusting a byte of it.

mod follow;
mod open;

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::time::Duration;

use crosstick_model::InstrumentId;

pub use self::follow::Follow;
use self::open::TableAt;
use crate::error::RegionError;
use crate::histogram::{Snapshot, WORDS};
use crate::identity::ProcessIdentity;
use crate::layout::tables::TableKind;
use crate::layout::{
    BalanceRow, DeniedRow, EngineEvent, EngineRow, FeedRow, FillEvent, Head, InstrumentRow, LimitRow, MarketRow,
    OpportunityEvent, OrderRow, OrderStatus, PositionRow, PriceRow, Record, RiskRow, SpreadRow, StageRow, State,
    TickEvent, VenueRow, table, text,
};
use crate::place::Place;
use crate::view::{Seen, View};

/// How often the core is given away when a record stays under way, and how often this thread sleeps in the end: the
/// writer may have been suspended in the middle, but a dead one would be waited for without end.
const YIELDS: u32 = 100;
const SLEEPS: u32 = 50;
const SLEEP: Duration = Duration::from_millis(1);
/// A heartbeat older than this is no sign of life: it comes at least once a second.
const STALE_HEARTBEAT_NS: u64 = 5_000_000_000;

/// What is left of the waiting for suspended writers: shared by all records of one call, so that a call is bounded.
struct Patience {
    yields: u32,
    sleeps: u32,
}

impl Patience {
    const fn new() -> Self {
        Self { yields: YIELDS, sleeps: SLEEPS }
    }

    /// Waits a moment; `false` when there was enough of that.
    fn wait(&mut self) -> bool {
        if self.yields > 0 {
            self.yields -= 1;
            std::thread::yield_now();
        } else if self.sleeps > 0 {
            self.sleeps -= 1;
            std::thread::sleep(SLEEP);
        } else {
            return false;
        }
        true
    }
}

/// A region, read-only. Rows are `None` when the region has none of that number, or when a write of this very one is
/// under way and does not end within some 50 ms: its writer is dead, or has no core.
#[derive(Debug, Clone)]
pub struct Reader {
    view: View,
    place: Place,
    /// Device and inode.
    file: (u64, u64),
    head: Head,
    tables: Vec<TableAt>,
    build: String,
    mode: String,
}

/// Whose region it is, and the owner's last sign of life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Process id of the owner.
    pub pid: u64,
    /// Counts the owners of this name.
    pub generation: u64,
    /// Wall time of the start, ns since the epoch.
    pub started_ns: u64,
    /// Wall time of the last sign of life, ns since the epoch.
    pub heartbeat_ns: u64,
    /// What the engine does, as its main thread sees it; `None` for a number that this build does not know.
    pub state: Option<State>,
    /// Version and commit.
    pub build: String,
    /// `paper` or `live`.
    pub mode: String,
    /// The owner.
    pub process: ProcessIdentity,
}

impl Identity {
    /// The owner runs and has not said that it stopped.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.state != Some(State::Stopped) && self.process.is_alive()
    }
}

/// How a region's owner is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// Alive, with a heartbeat within the last five seconds.
    Live,
    /// Its process runs, but gives no sign of life.
    Stalled,
    /// Ended in order.
    Stopped,
    /// Its process is gone, though it did not say that it stopped.
    Dead,
    /// The file at its place is another owner's, or gone.
    Replaced,
    /// The file was cut off: nothing can be read any more.
    CutOff,
}

/// A stage of a tick's way, as all threads that measure it have counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageLatency {
    /// Name.
    pub name: String,
    /// From where it counts.
    pub from: String,
    /// To where it counts.
    pub to: String,
    /// What was counted.
    pub counted: Snapshot,
}

impl Reader {
    /// Opens the region at `place` as it is now. A later owner's region is another file: see [`Self::is_replaced`].
    ///
    /// Every look is a read of the file (about a microsecond a record), so that nothing that happens to the file can
    /// harm this process. See [`Self::map`] for the fast way.
    ///
    /// # Errors
    /// [`RegionError::Missing`], [`RegionError::Foreign`], [`RegionError::Layout`], or what the system says.
    pub fn open(place: &Place) -> Result<Self, RegionError> {
        Self::new(place, false)
    }

    /// The same by a mapping: a look is a few loads, tens of nanoseconds a record. If the file is cut off under it (the
    /// owner's user can do that, and nothing of ours does), the next look ends this process by SIGBUS.
    ///
    /// # Errors
    /// As for [`Self::open`].
    pub fn map(place: &Place) -> Result<Self, RegionError> {
        Self::new(place, true)
    }

    fn new(place: &Place, mapped: bool) -> Result<Self, RegionError> {
        let opened = open::open(&place.path(), mapped)?;
        let open::Opened { view, file, head, tables, build, mode } = opened;
        Ok(Self { view, place: place.clone(), file, head, tables, build, mode })
    }

    /// The generation of a region whose layout this build may not know; its head never moves.
    pub(crate) fn generation_of_any_layout(place: &Place) -> Option<u64> {
        open::generation_of_any_layout(&place.path())
    }

    /// Counts the owners of this name.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.head.generation
    }

    /// The owner.
    #[must_use]
    pub fn process(&self) -> ProcessIdentity {
        ProcessIdentity {
            pid: u32::try_from(self.head.pid).unwrap_or(0),
            start_ticks: self.head.start_ticks,
            boot_id: self.head.boot_id,
        }
    }

    /// Whether the file at its place is no longer this one: removed, or another owner's.
    #[must_use]
    pub fn is_replaced(&self) -> bool {
        !fs::symlink_metadata(self.place.path()).is_ok_and(|m| (m.dev(), m.ino()) == self.file)
    }

    /// Where the region lies.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Whose region this is; `None` when the file was cut off.
    #[must_use]
    pub fn identity(&self) -> Option<Identity> {
        let word = |offset| self.view.word(offset);
        let state = word(std::mem::offset_of!(Head, state))?;
        Some(Identity {
            pid: self.head.pid,
            generation: self.head.generation,
            started_ns: self.head.started_ns,
            heartbeat_ns: word(std::mem::offset_of!(Head, heartbeat_ns))?,
            state: u32::try_from(state).ok().and_then(State::from_number),
            build: self.build.clone(),
            mode: self.mode.clone(),
            process: self.process(),
        })
    }

    /// How the owner is at wall time `now_ns` (ns since the epoch).
    #[must_use]
    pub fn health(&self, now_ns: u64) -> Health {
        let Some(identity) = self.identity() else { return Health::CutOff };
        if identity.state == Some(State::Stopped) {
            Health::Stopped
        } else if self.is_replaced() {
            Health::Replaced
        } else if !identity.process.is_alive() {
            Health::Dead
        } else if now_ns.saturating_sub(identity.heartbeat_ns) > STALE_HEARTBEAT_NS {
            Health::Stalled
        } else {
            Health::Live
        }
    }

    /// State and counters.
    #[must_use]
    pub fn engine(&self) -> Option<EngineRow> {
        self.row(table::ENGINE, 0)
    }

    /// What risk knows.
    #[must_use]
    pub fn risk(&self) -> Option<RiskRow> {
        self.row(table::RISK, 0)
    }

    /// Denials by code.
    #[must_use]
    pub fn denied(&self) -> Option<DeniedRow> {
        self.row(table::DENIED, 0)
    }

    /// All limits; one that cannot be read is left out.
    #[must_use]
    pub fn limits(&self) -> Vec<LimitRow> {
        self.rows(table::LIMITS)
    }

    /// All venues; one that cannot be read is left out.
    #[must_use]
    pub fn venues(&self) -> Vec<VenueRow> {
        self.rows(table::VENUES)
    }

    /// All markets; one that cannot be read is left out.
    #[must_use]
    pub fn markets(&self) -> Vec<MarketRow> {
        self.rows(table::MARKETS)
    }

    /// The facts of all instruments; one that cannot be read is left out.
    #[must_use]
    pub fn instruments(&self) -> Vec<InstrumentRow> {
        self.rows(table::INSTRUMENTS)
    }

    /// All lines; one that cannot be read is left out.
    #[must_use]
    pub fn feeds(&self) -> Vec<FeedRow> {
        self.rows(table::FEEDS)
    }

    /// All markets in all directions; one that cannot be read is left out.
    #[must_use]
    pub fn spreads(&self) -> Vec<SpreadRow> {
        self.rows(table::SPREADS)
    }

    /// All balances; one that cannot be read is left out.
    #[must_use]
    pub fn balances(&self) -> Vec<BalanceRow> {
        self.rows(table::BALANCES)
    }

    /// Orders in flight or resting, by id.
    #[must_use]
    pub fn open_orders(&self) -> Vec<OrderRow> {
        let mut orders: Vec<OrderRow> = self.rows(table::OPEN_ORDERS);
        orders.retain(|o| o.status != OrderStatus::Free as u32);
        orders.sort_by_key(|o| o.id);
        orders
    }

    /// The newest prices of an instrument.
    #[must_use]
    pub fn price(&self, instrument: InstrumentId) -> Option<PriceRow> {
        self.row(table::PRICES, instrument.index())
    }

    /// The position in an instrument.
    #[must_use]
    pub fn position(&self, instrument: InstrumentId) -> Option<PositionRow> {
        self.row(table::POSITIONS, instrument.index())
    }

    /// Quotes and trades, from the oldest that is there; `None` when the region has no such ring.
    #[must_use]
    pub fn ticks(&self) -> Option<Follow<TickEvent>> {
        self.follow(table::TICKS)
    }

    /// Begins and ends of opportunities, from the oldest that is there; `None` when the region has no such ring.
    #[must_use]
    pub fn opportunities(&self) -> Option<Follow<OpportunityEvent>> {
        self.follow(table::OPPORTUNITIES)
    }

    /// Changes of orders, from the oldest that is there; `None` when the region has no such ring.
    #[must_use]
    pub fn orders(&self) -> Option<Follow<OrderRow>> {
        self.follow(table::ORDERS)
    }

    /// Executions, from the oldest that is there; `None` when the region has no such ring.
    #[must_use]
    pub fn fills(&self) -> Option<Follow<FillEvent>> {
        self.follow(table::FILLS)
    }

    /// Events, from the oldest that is there; `None` when the region has no such ring.
    #[must_use]
    pub fn events(&self) -> Option<Follow<EngineEvent>> {
        self.follow(table::EVENTS)
    }

    /// The ring of that name, from the oldest record that is there; `None` when the region has no ring of that name
    /// with such records.
    #[must_use]
    pub fn follow<T: Record>(&self, name: &str) -> Option<Follow<T>> {
        let table = self.table::<T>(name, TableKind::Ring)?;
        Some(Follow::new(self.view.clone(), table.ring()))
    }

    /// All stages by name, in the order of their first mention, the threads of each taken together.
    #[must_use]
    pub fn latency(&self) -> Vec<StageLatency> {
        let mut stages: Vec<StageLatency> = Vec::new();
        let mut patience = Patience::new();
        for i in 0..self.count(table::STAGES) {
            let row: Option<StageRow> = self.row_within(table::STAGES, i, &mut patience);
            let (Some(row), Some(counted)) = (row, self.histogram(i)) else { continue };
            let name = text(&row.name);
            match stages.iter_mut().find(|s| s.name == name) {
                Some(stage) => stage.counted.merge(&counted),
                None => stages.push(StageLatency { name, from: text(&row.from), to: text(&row.to), counted }),
            }
        }
        stages
    }

    /// Rows of the table of that name, or slots of a ring; 0 when the region has none of that name.
    #[must_use]
    pub fn count(&self, name: &str) -> usize {
        self.tables.iter().find(|t| t.name == name).map_or(0, |t| t.count)
    }

    /// The row of that table; `None` when there is none of that name, index and record, or a write of it is under way
    /// and does not end.
    #[must_use]
    pub fn row<T: Record>(&self, name: &str, index: usize) -> Option<T> {
        self.row_within(name, index, &mut Patience::new())
    }

    /// All rows of that table; one that cannot be read is left out.
    #[must_use]
    pub fn rows<T: Record>(&self, name: &str) -> Vec<T> {
        let mut patience = Patience::new();
        (0..self.count(name)).filter_map(|i| self.row_within(name, i, &mut patience)).collect()
    }

    /// The table of that name, if its rows hold a `T`.
    fn table<T: Record>(&self, name: &str, kind: TableKind) -> Option<&TableAt> {
        let found = self.tables.iter().find(|t| t.name == name && t.kind == kind)?;
        (found.record == T::SPEC.rust_name && found.bytes >= size_of::<T>()).then_some(found)
    }

    fn row_within<T: Record>(&self, name: &str, index: usize, patience: &mut Patience) -> Option<T> {
        let offset = self.table::<T>(name, TableKind::Seqlock)?.row(index)?;
        loop {
            match self.view.cell(offset) {
                Seen::Whole(value) => return Some(value),
                Seen::Nothing => return None,
                Seen::UnderWay if !patience.wait() => return None,
                Seen::UnderWay => {}
            }
        }
    }

    fn histogram(&self, index: usize) -> Option<Snapshot> {
        let table = self.tables.iter().find(|t| t.kind == TableKind::Histogram)?;
        Some(Snapshot::of(&self.view.words(table.row(index)?, WORDS)?))
    }
}
