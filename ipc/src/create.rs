//! COLD: laying out a region, filling in what never changes, and putting it in place of a dead owner's.

use std::fs::{self, File, OpenOptions, Permissions};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use crosstick_model::{Market, Universe, Venue};
use crosstick_ring::Pod;

use crate::error::RegionError;
use crate::histogram::{BUCKETS, DIVISION_BITS, Recorder, VALUE_MAX, WORDS};
use crate::identity::ProcessIdentity;
use crate::layout::{
    self, BYTE_ORDER, DeniedRow, EngineRow, FeedRow, HEAD_BYTES, Head, InstrumentRow, LAYOUT_VERSION, MAGIC, MarketRow,
    NO_ROW, OrderRow, PositionRow, PriceRow, RiskRow, StageRow, State, VenueRow, WorstTickRow, fixed_text, table,
};
use crate::lock::Lock;
use crate::place::Place;
use crate::plan::Plan;
use crate::reader::Reader;
use crate::shape::{Shape, Stage};
use crate::sys::{Carver, CellWriter, Words, allocate};
use crate::writer::{CoreWriter, FeedWriter, Owner, OwnerFiles, Ring, Table, TurnWriter, Writer};

/// Owner and group, nobody else.
const FILE_MODE: u32 = 0o640;

impl Writer {
    /// Creates the region at `place`, in place of one whose owner is dead, and gives out its handles.
    ///
    /// The file is made whole under another name and renamed, so that a reader finds the old region or the new one,
    /// never a part. Its pages are taken from the file system and touched here; publishing never faults.
    ///
    /// # Errors
    /// [`RegionError::Owned`] while another process (or another part of this one) has it; [`RegionError::Foreign`]
    /// when a file of that name is no region; otherwise what the system says.
    pub fn create(place: &Place, shape: &Shape<'_>) -> Result<Self, RegionError> {
        if !place.dir().is_dir() {
            return Err(RegionError::NoDirectory { dir: place.dir().to_path_buf() });
        }
        let lock = Lock::take(place)?;
        let generation = next_generation(place)?;
        let plan = Plan::new(shape, place.name())?;
        let path = place.new_path();
        let file = new_file(&path, plan.bytes as u64)?;
        let built = Builder::new(&file, &plan, &path).and_then(|b| b.build(shape, generation));
        let Built { head, core, feeds, recorders, turns, worst_ticks } = match built {
            Ok(built) => built,
            Err(error) => {
                // Left behind it would do no harm but take room; the next start replaces it anyway.
                let _ = fs::remove_file(&path);
                return Err(error);
            }
        };
        fs::rename(&path, place.path()).map_err(|e| RegionError::from_io("rename", &path, 0, e))?;
        let meta = file.metadata().map_err(|e| RegionError::from_io("look at", &path, 0, e))?;
        let files = OwnerFiles { place: place.clone(), inode: (meta.dev(), meta.ino()), _lock: lock };
        Ok(Self { owner: Owner::new(head, generation, files), core, feeds, recorders, turns, worst_ticks })
    }
}

/// One more than the generation that lies there, unless its owner lives.
fn next_generation(place: &Place) -> Result<u64, RegionError> {
    let (generation, owner) = match Reader::open(place) {
        Ok(reader) => (reader.generation(), Some(reader.process())),
        Err(RegionError::Missing { .. }) => return Ok(1),
        // A region of another build: without the lock, its owner is dead.
        Err(RegionError::Layout { .. }) => (Reader::generation_of_any_layout(place).unwrap_or(0), None),
        Err(error) => return Err(error),
    };
    // The lock is ours, so a live owner can only be a process that took no lock, or an earlier part of this one that
    // never dropped its handle.
    match owner {
        Some(owner) if owner != ProcessIdentity::this() && owner.is_alive() => {
            Err(RegionError::Owned { pid: owner.pid, name: place.name().to_owned() })
        }
        _ => Ok(generation.wrapping_add(1)),
    }
}

fn new_file(path: &Path, bytes: u64) -> Result<File, RegionError> {
    let fail = |action, error| RegionError::from_io(action, path, bytes, error);
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(fail("remove", error)),
        _ => {}
    }
    // A new file only: nobody else can have it open, and no link is followed.
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .mode(FILE_MODE)
        .open(path)
        .map_err(|e| fail("create", e))?;
    let sized = file.set_permissions(Permissions::from_mode(FILE_MODE)).and_then(|()| allocate(&file, bytes));
    if let Err(error) = sized {
        let _ = fs::remove_file(path);
        return Err(fail("take room for", error));
    }
    Ok(file)
}

/// All handles but the owner's.
struct Built {
    head: Words,
    core: CoreWriter,
    feeds: Vec<FeedWriter>,
    recorders: Vec<Recorder>,
    turns: Vec<TurnWriter>,
    worst_ticks: Table<WorstTickRow>,
}

/// Fills a new mapping from front to back, in the order of the plan.
struct Builder<'a> {
    carver: Carver,
    plan: &'a Plan,
}

impl<'a> Builder<'a> {
    fn new(file: &File, plan: &'a Plan, path: &Path) -> Result<Self, RegionError> {
        let carver =
            Carver::new(file, plan.bytes).map_err(|e| RegionError::from_io("map", path, plan.bytes as u64, e))?;
        Ok(Self { carver, plan })
    }

    fn build(mut self, shape: &Shape<'_>, generation: u64) -> Result<Built, RegionError> {
        let universe = shape.universe;
        let head = self.carver.words(0, HEAD_BYTES / 8).ok_or(RegionError::TooLarge)?;
        head.put(self.head(shape, generation).to_words());
        let engine = EngineRow { state: State::Starting as u32, mode: shape.mode as u32, ..EngineRow::ZERO };
        let engine = self.cell(table::ENGINE, &engine)?;
        let risk = self.cell(table::RISK, &RiskRow::ZERO)?;
        let denied = self.cell(table::DENIED, &DeniedRow::ZERO)?;
        let limits = self.rows(table::LIMITS, shape.limits.iter().copied())?;
        self.cells(table::VENUES, universe.venues.iter().map(venue_row))?;
        self.cells(table::MARKETS, universe.markets.iter().map(market_row))?;
        self.cells(table::INSTRUMENTS, instrument_rows(universe))?;
        let count = universe.instruments.len();
        let no_price = PriceRow { exchange_offset_us: i32::MIN, ..PriceRow::ZERO };
        let prices = self.rows(table::PRICES, std::iter::repeat_n(no_price, count))?;
        let spreads = self.rows(table::SPREADS, shape.spreads.iter().copied())?;
        let positions = self.rows(table::POSITIONS, std::iter::repeat_n(PositionRow::ZERO, count))?;
        let balances = self.rows(table::BALANCES, shape.balances.iter().copied())?;
        let open_orders = self.rows(table::OPEN_ORDERS, std::iter::repeat_n(OrderRow::ZERO, shape.open_orders))?;
        let lines = shape.lines.iter().map(|(venue, line)| FeedRow::new(u32::from(venue.0), u32::from(*line)));
        let feeds = self.cells(table::FEEDS, lines)?.into_iter().map(FeedWriter).collect();
        self.cells(table::STAGES, shape.stages.iter().map(stage_row))?;
        let recorders = self.recorders()?;
        let turns = self.cells(table::TURNS, shape.turns.iter().copied())?.into_iter().map(TurnWriter).collect();
        let free = std::iter::repeat_n(WorstTickRow::ZERO, shape.worst_ticks);
        let worst_ticks = self.rows(table::WORST_TICKS, free)?;
        let core = CoreWriter {
            engine,
            risk,
            denied,
            limits,
            prices,
            spreads,
            positions,
            balances,
            open_orders,
            ticks: self.ring(table::TICKS)?,
            opportunities: self.ring(table::OPPORTUNITIES)?,
            orders: self.ring(table::ORDERS)?,
            fills: self.ring(table::FILLS)?,
            events: self.ring(table::EVENTS)?,
        };
        self.schema()?;
        Ok(Built { head, core, feeds, recorders, turns, worst_ticks })
    }

    fn head(&self, shape: &Shape<'_>, generation: u64) -> Head {
        let this = ProcessIdentity::this();
        Head {
            magic: MAGIC,
            layout_version: LAYOUT_VERSION,
            byte_order: BYTE_ORDER,
            head_bytes: HEAD_BYTES as u32,
            region_bytes: self.plan.bytes as u64,
            schema_offset: self.plan.schema_offset as u64,
            schema_bytes: self.plan.schema.len() as u64,
            generation,
            pid: u64::from(this.pid),
            start_ticks: this.start_ticks,
            boot_id: this.boot_id,
            started_ns: shape.now_ns,
            heartbeat_ns: shape.now_ns,
            state: State::Starting as u64,
            ..Head::ZERO
        }
    }

    fn schema(&mut self) -> Result<(), RegionError> {
        let bytes = self.plan.schema.as_bytes();
        let words = self.carver.words(self.plan.schema_offset, bytes.len().div_ceil(8)).ok_or(RegionError::TooLarge)?;
        words.put(bytes.chunks(8).map(|chunk| {
            let mut padded = [0; 8];
            padded[..chunk.len()].copy_from_slice(chunk);
            u64::from_le_bytes(padded)
        }));
        Ok(())
    }

    fn cell<T: Pod>(&mut self, name: &str, value: &T) -> Result<CellWriter<T>, RegionError> {
        self.cells(name, std::iter::once(*value))?.pop().ok_or(RegionError::TooLarge)
    }

    fn rows<T: Pod>(&mut self, name: &str, values: impl Iterator<Item = T>) -> Result<Table<T>, RegionError> {
        self.cells(name, values).map(Table)
    }

    fn cells<T: Pod>(
        &mut self,
        name: &str,
        values: impl Iterator<Item = T>,
    ) -> Result<Vec<CellWriter<T>>, RegionError> {
        let table = self.plan.table(name).ok_or(RegionError::TooLarge)?;
        (0..table.count)
            .zip(values)
            .map(|(i, value)| {
                let mut cell = self.carver.cell(table.rows + i * table.stride).ok_or(RegionError::TooLarge)?;
                cell.write(&value);
                Ok(cell)
            })
            .collect()
    }

    fn recorders(&mut self) -> Result<Vec<Recorder>, RegionError> {
        let table = self.plan.table(table::HISTOGRAMS).ok_or(RegionError::TooLarge)?;
        let offsets = (0..table.count).map(|i| table.rows + i * table.stride);
        offsets.map(|at| self.carver.words(at, WORDS).map(Recorder::over).ok_or(RegionError::TooLarge)).collect()
    }

    fn ring<T: Pod>(&mut self, name: &str) -> Result<Ring<T>, RegionError> {
        let table = self.plan.table(name).ok_or(RegionError::TooLarge)?;
        self.carver.ring(table.ring()).map(Ring).ok_or(RegionError::TooLarge)
    }
}

fn venue_row(venue: &Venue) -> VenueRow {
    VenueRow { name: fixed_text(&venue.name), protocol: fixed_text(venue.protocol.name()) }
}

fn market_row(market: &Market) -> MarketRow {
    MarketRow {
        name: fixed_text(&market.name),
        price_decimals: market.scale.price_decimals,
        quantity_decimals: market.scale.quantity_decimals,
        reserved: [0; 22],
    }
}

fn instrument_rows(universe: &Universe) -> impl Iterator<Item = InstrumentRow> + '_ {
    let asset = |id| fixed_text(universe.asset_name(id));
    universe.instruments.iter().map(move |instrument| InstrumentRow {
        symbol: fixed_text(&instrument.symbol),
        base: asset(instrument.base),
        quote: asset(instrument.quote),
        settle: asset(instrument.settle),
        venue: u32::from(instrument.venue.0),
        market: instrument.market.map_or(NO_ROW, |m| u32::from(m.0)),
        kind: instrument.kind as u8,
        price_decimals: instrument.scale.price_decimals,
        quantity_decimals: instrument.scale.quantity_decimals,
        contract_size: layout::amount_words(instrument.contract_size),
        price_step: instrument.price_step,
        quantity_step: instrument.quantity_step,
        min_quantity: instrument.min_quantity,
        min_notional: layout::amount_words(instrument.min_notional),
        ..InstrumentRow::ZERO
    })
}

fn stage_row(stage: &Stage<'_>) -> StageRow {
    StageRow {
        name: fixed_text(stage.name),
        from: fixed_text(stage.from),
        to: fixed_text(stage.to),
        thread: fixed_text(stage.thread),
        buckets: BUCKETS as u32,
        division_bits: DIVISION_BITS,
        value_max: VALUE_MAX,
        reserved: [0; 5],
    }
}
