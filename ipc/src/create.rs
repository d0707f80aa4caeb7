//! COLD: laying out a region, filling in what never changes, and putting it in place of a dead owner's.

use std::fs::{self, File, OpenOptions, Permissions};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use crosstick_model::{Line, Universe, VenueId};
use crosstick_ring::Pod;
use crosstick_ring::seqlock::cell_bytes;

use crate::error::RegionError;
use crate::histogram::{BUCKETS, DIVISION_BITS, HEAD_WORDS, Recorder, VALUE_MAX, WORDS};
use crate::identity::ProcessIdentity;
use crate::layout::{
    self, BYTE_ORDER, DeniedRow, EngineRow, FeedRow, Header, IdentityRow, InstrumentRow, KIND_HISTOGRAM, KIND_SEQLOCK,
    LAYOUT_VERSION, MAGIC, MarketRow, Mode, NO_MARKET, PositionRow, PriceRow, RiskRow, SEPARATION, Section, StageRow,
    State, VenueRow, fixed_text, section,
};
use crate::lock::Lock;
use crate::place::Place;
use crate::reader::Reader;
use crate::sys::{Carver, CellWriter, allocate};
use crate::writer::{CoreWriter, FeedWriter, Owner, OwnerFiles, Table, Writer};

/// Owner and group, nobody else.
const FILE_MODE: u32 = 0o640;

/// A stage of a tick's way, as one thread measures it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stage<'a> {
    /// Name, at most 24 bytes; the same where several threads measure the same.
    pub name: &'a str,
    /// From where it counts, at most 40 bytes.
    pub from: &'a str,
    /// To where it counts, at most 40 bytes.
    pub to: &'a str,
    /// The thread that measures, at most 24 bytes.
    pub thread: &'a str,
}

/// What a region has room for, and what it says from the start.
#[derive(Debug, Clone, Copy)]
pub struct Shape<'a> {
    /// Venues, instruments and markets.
    pub universe: &'a Universe,
    /// A row of `feeds` each, in this order.
    pub lines: &'a [(VenueId, Line)],
    /// A histogram each, in this order.
    pub stages: &'a [Stage<'a>],
    /// Whose money it is.
    pub mode: Mode,
    /// Version and commit, at most 64 bytes.
    pub build: &'a str,
    /// Wall time, ns since the epoch.
    pub now_ns: u64,
}

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
        let plan = Plan::new(shape)?;
        let path = place.new_path();
        let file = new_file(&path, plan.bytes as u64)?;
        let built = Builder::new(&file, &plan, &path).and_then(|b| b.build(place, shape, &plan, generation));
        let (owner_cell, identity, core, feeds, recorders) = match built {
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
        Ok(Self { owner: Owner::new(owner_cell, identity, files), core, feeds, recorders })
    }
}

/// One more than the generation that lies there, unless its owner lives.
fn next_generation(place: &Place) -> Result<u64, RegionError> {
    let (generation, owner) = match Reader::open(place) {
        Ok(reader) => (reader.generation(), reader.identity().map(|i| i.process())),
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

/// Where each section lies.
struct Plan {
    sections: Vec<Section>,
    bytes: usize,
}

impl Plan {
    fn new(shape: &Shape<'_>) -> Result<Self, RegionError> {
        let universe = shape.universe;
        let instruments = universe.instruments.len();
        let mut plan = Self { sections: Vec::new(), bytes: 0 };
        plan.cells::<IdentityRow>(section::IDENTITY, 1);
        plan.cells::<EngineRow>(section::ENGINE, 1);
        plan.cells::<RiskRow>(section::RISK, 1);
        plan.cells::<DeniedRow>(section::DENIED, 1);
        plan.cells::<VenueRow>(section::VENUES, universe.venues.len());
        plan.cells::<MarketRow>(section::MARKETS, universe.markets.len());
        plan.cells::<InstrumentRow>(section::INSTRUMENTS, instruments);
        plan.cells::<PriceRow>(section::PRICES, instruments);
        plan.cells::<PositionRow>(section::POSITIONS, instruments);
        plan.cells::<FeedRow>(section::FEEDS, shape.lines.len());
        plan.cells::<StageRow>(section::STAGES, shape.stages.len());
        // Different threads write neighbours here.
        let stride = (WORDS * 8).next_multiple_of(SEPARATION);
        plan.add(section::HISTOGRAMS, KIND_HISTOGRAM, stride, WORDS * 8, shape.stages.len());
        plan.place()?;
        Ok(plan)
    }

    fn cells<T: Pod>(&mut self, name: &str, count: usize) {
        self.add(name, KIND_SEQLOCK, cell_bytes::<T>(), size_of::<T>(), count);
    }

    fn add(&mut self, name: &str, kind: u32, stride: usize, value_bytes: usize, count: usize) {
        self.sections.push(Section {
            name: fixed_text(name),
            offset: 0,
            stride: stride as u64,
            count: count as u64,
            value_bytes: value_bytes as u64,
            kind,
            reserved: 0,
            reserved_too: 0,
        });
    }

    /// Sections one after the other, each at a distance from what other threads write.
    fn place(&mut self) -> Result<(), RegionError> {
        let mut end = self.header_bytes();
        for section in &mut self.sections {
            let offset = end.checked_next_multiple_of(SEPARATION).ok_or(RegionError::TooLarge)?;
            section.offset = offset as u64;
            let bytes = (section.stride as usize).checked_mul(section.count as usize);
            end = bytes.and_then(|b| offset.checked_add(b)).ok_or(RegionError::TooLarge)?;
        }
        self.bytes = end.checked_next_multiple_of(4096).ok_or(RegionError::TooLarge)?;
        Ok(())
    }

    fn header_bytes(&self) -> usize {
        size_of::<Header>() + self.sections.len() * size_of::<Section>()
    }

    /// Offset of each record of a section, in order.
    fn offsets(&self, name: &str) -> impl Iterator<Item = usize> + use<> {
        let found = self.sections.iter().find(|s| s.name == fixed_text(name));
        let (offset, stride, count) = found.map_or((0, 0, 0), |s| (s.offset, s.stride, s.count));
        (0..count).map(move |i| (offset + i * stride) as usize)
    }
}

type Built = (CellWriter<IdentityRow>, IdentityRow, CoreWriter, Vec<FeedWriter>, Vec<Recorder>);

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

    fn build(mut self, place: &Place, shape: &Shape<'_>, plan: &Plan, generation: u64) -> Result<Built, RegionError> {
        self.header(plan, generation)?;
        let universe = shape.universe;
        let identity = identity_row(place, shape, generation);
        let owner = self.cell(section::IDENTITY, &identity)?;
        let engine = EngineRow { state: State::Starting as u32, mode: shape.mode as u32, ..EngineRow::ZERO };
        let engine = self.cell(section::ENGINE, &engine)?;
        let risk = self.cell(section::RISK, &RiskRow::ZERO)?;
        let denied = self.cell(section::DENIED, &DeniedRow::ZERO)?;
        self.cells(
            section::VENUES,
            universe
                .venues
                .iter()
                .map(|venue| VenueRow { name: fixed_text(&venue.name), protocol: fixed_text(venue.protocol.name()) }),
        )?;
        self.cells(
            section::MARKETS,
            universe.markets.iter().map(|market| MarketRow {
                name: fixed_text(&market.name),
                price_decimals: market.scale.price_decimals,
                quantity_decimals: market.scale.quantity_decimals,
                reserved: [0; 22],
            }),
        )?;
        self.cells(section::INSTRUMENTS, instrument_rows(universe))?;
        let count = universe.instruments.len();
        let no_price = PriceRow { exchange_offset_us: i32::MIN, ..PriceRow::ZERO };
        let prices = Table(self.cells(section::PRICES, std::iter::repeat_n(no_price, count))?);
        let positions = Table(self.cells(section::POSITIONS, std::iter::repeat_n(PositionRow::ZERO, count))?);
        let lines = shape.lines.iter().map(|(venue, line)| FeedRow::new(u32::from(venue.0), u32::from(*line)));
        let feeds = self.cells(section::FEEDS, lines)?.into_iter().map(FeedWriter).collect();
        self.cells(section::STAGES, shape.stages.iter().map(stage_row))?;
        let recorders = self.recorders()?;
        Ok((owner, identity, CoreWriter { engine, risk, denied, prices, positions }, feeds, recorders))
    }

    fn header(&mut self, plan: &Plan, generation: u64) -> Result<(), RegionError> {
        let header = Header {
            magic: MAGIC,
            layout_version: LAYOUT_VERSION,
            byte_order: BYTE_ORDER,
            header_bytes: u32::try_from(plan.header_bytes()).map_err(|_| RegionError::TooLarge)?,
            section_count: plan.sections.len() as u32,
            section_bytes: size_of::<Section>() as u32,
            reserved: 0,
            region_bytes: plan.bytes as u64,
            generation,
            reserved_too: [0; 2],
        };
        self.carver.put(0, &header).ok_or(RegionError::TooLarge)?;
        for (i, section) in plan.sections.iter().enumerate() {
            let offset = size_of::<Header>() + i * size_of::<Section>();
            self.carver.put(offset, section).ok_or(RegionError::TooLarge)?;
        }
        Ok(())
    }

    fn cell<T: Pod>(&mut self, name: &str, value: &T) -> Result<CellWriter<T>, RegionError> {
        self.cells(name, std::iter::once(*value))?.pop().ok_or(RegionError::TooLarge)
    }

    fn cells<T: Pod>(
        &mut self,
        name: &str,
        values: impl Iterator<Item = T>,
    ) -> Result<Vec<CellWriter<T>>, RegionError> {
        self.plan
            .offsets(name)
            .zip(values)
            .map(|(offset, value)| {
                let mut cell = self.carver.cell(offset).ok_or(RegionError::TooLarge)?;
                cell.write(&value);
                Ok(cell)
            })
            .collect()
    }

    fn recorders(&mut self) -> Result<Vec<Recorder>, RegionError> {
        let offsets = self.plan.offsets(section::HISTOGRAMS);
        offsets.map(|at| self.carver.words(at, WORDS).map(Recorder::over).ok_or(RegionError::TooLarge)).collect()
    }
}

fn identity_row(place: &Place, shape: &Shape<'_>, generation: u64) -> IdentityRow {
    let this = ProcessIdentity::this();
    IdentityRow {
        pid: u64::from(this.pid),
        start_ticks: this.start_ticks,
        boot_id: this.boot_id,
        generation,
        started_ns: shape.now_ns,
        heartbeat_ns: shape.now_ns,
        state: State::Starting as u32,
        mode: shape.mode as u32,
        build: fixed_text(shape.build),
        name: fixed_text(place.name()),
        reserved: [0; 7],
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
        market: instrument.market.map_or(NO_MARKET, |m| u32::from(m.0)),
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

// The first bucket lies on a line of its own, which Python readers rely on by the section's value_bytes.
const _: () = assert!(HEAD_WORDS * 8 == 64);
