//! COLD: reading a region, of this process or another, without trusting a byte of it.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crosstick_model::InstrumentId;
use crosstick_ring::Pod;
use crosstick_ring::seqlock::cell_bytes;

use crate::error::RegionError;
use crate::histogram::{Snapshot, WORDS};
use crate::identity::ProcessIdentity;
use crate::layout::{
    BYTE_ORDER, DeniedRow, EngineRow, FeedRow, Header, IdentityRow, InstrumentRow, KIND_HISTOGRAM, KIND_SEQLOCK,
    LAYOUT_VERSION, MAGIC, MarketRow, PositionRow, PriceRow, RiskRow, Section, StageRow, State, VenueRow, fixed_text,
    section, text,
};
use crate::place::Place;
use crate::sys::Map;

/// Copies of a record that are tried in one go: a writer at work is done within nanoseconds.
const ATTEMPTS: u32 = 64;
/// How often the core is given away after that, and how often this thread sleeps in the end: the writer may have been
/// suspended in the middle, but a dead one would be waited for without end.
const YIELDS: u32 = 100;
const SLEEPS: u32 = 50;
const SLEEP: Duration = Duration::from_millis(1);
/// What a seqlock's version takes before the value.
const VERSION_BYTES: u64 = cell_bytes::<u64>() as u64 - 8;
/// More sections than any layout will have.
const SECTIONS_MAX: u32 = 1024;

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

/// A region, mapped read-only. Rows are `None` when the region has none of that number, or when a write of this very
/// one is under way and does not end within some 50 ms: its writer is dead, or has no core.
#[derive(Debug, Clone)]
pub struct Reader {
    map: Arc<Map>,
    place: Place,
    inode: (u64, u64),
    generation: u64,
    sections: Vec<Section>,
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

impl IdentityRow {
    /// The owner.
    #[must_use]
    pub fn process(&self) -> ProcessIdentity {
        ProcessIdentity {
            pid: u32::try_from(self.pid).unwrap_or(0),
            start_ticks: self.start_ticks,
            boot_id: self.boot_id,
        }
    }

    /// The owner runs and has not said that it stopped.
    #[must_use]
    pub fn is_live(&self) -> bool {
        State::from_number(self.state) != Some(State::Stopped) && self.process().is_alive()
    }
}

impl Reader {
    /// Opens the region at `place` as it is now. A later owner's region is another file: see [`Self::is_replaced`].
    ///
    /// # Errors
    /// [`RegionError::Missing`], [`RegionError::Foreign`], [`RegionError::Layout`], or what the system says.
    pub fn open(place: &Place) -> Result<Self, RegionError> {
        let path = place.path();
        let (map, inode) = open_map(&path)?;
        let header = read_header(&map, &path)?;
        if header.layout_version != LAYOUT_VERSION {
            return Err(RegionError::Layout { path, found: header.layout_version, known: LAYOUT_VERSION });
        }
        let sections = read_sections(&map, &header).map_err(|why| RegionError::Foreign { path, why })?;
        Ok(Self { map, place: place.clone(), inode, generation: header.generation, sections })
    }

    /// The generation of a region whose layout this build may not know; its header never moves.
    pub(crate) fn generation_of_any_layout(place: &Place) -> Option<u64> {
        let path = place.path();
        let (map, _) = open_map(&path).ok()?;
        read_header(&map, &path).ok().map(|h| h.generation)
    }

    /// Counts the owners of this name.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Whether the file at its place is no longer this one: removed, or another owner's.
    #[must_use]
    pub fn is_replaced(&self) -> bool {
        !fs::symlink_metadata(self.place.path()).is_ok_and(|m| (m.dev(), m.ino()) == self.inode)
    }

    /// The table of sections.
    #[must_use]
    pub fn sections(&self) -> &[Section] {
        &self.sections
    }

    /// Whose region this is.
    #[must_use]
    pub fn identity(&self) -> Option<IdentityRow> {
        self.row(section::IDENTITY, 0)
    }

    /// State and counters.
    #[must_use]
    pub fn engine(&self) -> Option<EngineRow> {
        self.row(section::ENGINE, 0)
    }

    /// What risk knows.
    #[must_use]
    pub fn risk(&self) -> Option<RiskRow> {
        self.row(section::RISK, 0)
    }

    /// Denials by code.
    #[must_use]
    pub fn denied(&self) -> Option<DeniedRow> {
        self.row(section::DENIED, 0)
    }

    /// All venues; one that cannot be read is left out.
    #[must_use]
    pub fn venues(&self) -> Vec<VenueRow> {
        self.rows(section::VENUES)
    }

    /// All markets; one that cannot be read is left out.
    #[must_use]
    pub fn markets(&self) -> Vec<MarketRow> {
        self.rows(section::MARKETS)
    }

    /// The facts of all instruments; one that cannot be read is left out.
    #[must_use]
    pub fn instruments(&self) -> Vec<InstrumentRow> {
        self.rows(section::INSTRUMENTS)
    }

    /// All lines; one that cannot be read is left out.
    #[must_use]
    pub fn feeds(&self) -> Vec<FeedRow> {
        self.rows(section::FEEDS)
    }

    /// The newest prices of an instrument.
    #[must_use]
    pub fn price(&self, instrument: InstrumentId) -> Option<PriceRow> {
        self.row(section::PRICES, instrument.index())
    }

    /// The position in an instrument.
    #[must_use]
    pub fn position(&self, instrument: InstrumentId) -> Option<PositionRow> {
        self.row(section::POSITIONS, instrument.index())
    }

    /// All stages by name, in the order of their first mention, the threads of each taken together.
    #[must_use]
    pub fn latency(&self) -> Vec<StageLatency> {
        let mut stages: Vec<StageLatency> = Vec::new();
        let mut patience = Patience::new();
        for i in 0..self.count(section::STAGES) {
            let row: Option<StageRow> = self.row_within(section::STAGES, i, &mut patience);
            let (Some(row), Some(counted)) = (row, self.histogram(i)) else { continue };
            let name = text(&row.name);
            match stages.iter_mut().find(|s| s.name == name) {
                Some(stage) => stage.counted.merge(&counted),
                None => stages.push(StageLatency { name, from: text(&row.from), to: text(&row.to), counted }),
            }
        }
        stages
    }

    fn section(&self, name: &str) -> Option<&Section> {
        self.sections.iter().find(|s| s.name == fixed_text(name))
    }

    fn count(&self, name: &str) -> usize {
        self.section(name).map_or(0, |s| s.count as usize)
    }

    fn row<T: Pod>(&self, name: &str, index: usize) -> Option<T> {
        self.row_within(name, index, &mut Patience::new())
    }

    fn row_within<T: Pod>(&self, name: &str, index: usize, patience: &mut Patience) -> Option<T> {
        let section = self.section(name)?;
        let fits = section.kind == KIND_SEQLOCK && section.value_bytes >= size_of::<T>() as u64;
        let offset = offset_of(section, index).filter(|_| fits)?;
        let cell = self.map.reader::<T>(offset)?;
        loop {
            if let Some(value) = cell.try_read(ATTEMPTS) {
                return Some(value);
            }
            if !patience.wait() {
                return None;
            }
        }
    }

    fn rows<T: Pod>(&self, name: &str) -> Vec<T> {
        let mut patience = Patience::new();
        (0..self.count(name)).filter_map(|i| self.row_within(name, i, &mut patience)).collect()
    }

    fn histogram(&self, index: usize) -> Option<Snapshot> {
        let section = self.section(section::HISTOGRAMS)?;
        let fits = section.kind == KIND_HISTOGRAM && section.value_bytes >= (WORDS * 8) as u64;
        let offset = offset_of(section, index).filter(|_| fits)?;
        self.map.words(offset, WORDS).map(|words| Snapshot::of(&words))
    }
}

/// Where record `index` lies; the section was checked to lie within the region.
fn offset_of(section: &Section, index: usize) -> Option<usize> {
    let index = u64::try_from(index).ok().filter(|i| *i < section.count)?;
    section.offset.checked_add(section.stride.checked_mul(index)?)?.try_into().ok()
}

fn open_map(path: &Path) -> Result<(Arc<Map>, (u64, u64)), RegionError> {
    let fail = |action, error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => RegionError::Missing { path: path.to_path_buf() },
        _ => RegionError::from_io(action, path, 0, error),
    };
    let foreign = |why| RegionError::Foreign { path: path.to_path_buf(), why };
    // Not blocking, for the sake of a pipe of that name.
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK;
    let file: File = OpenOptions::new().read(true).custom_flags(flags).open(path).map_err(|e| fail("open", e))?;
    let meta = file.metadata().map_err(|e| fail("look at", e))?;
    if !meta.is_file() {
        return Err(foreign("not a plain file"));
    }
    if meta.len() < size_of::<Header>() as u64 {
        return Err(foreign("shorter than a header"));
    }
    let map = Map::read_only(&file).map_err(|e| fail("map", e))?;
    Ok((map, (meta.dev(), meta.ino())))
}

fn read_header(map: &Arc<Map>, path: &Path) -> Result<Header, RegionError> {
    let foreign = |why| RegionError::Foreign { path: path.to_path_buf(), why };
    let header: Header = map.get(0).ok_or_else(|| foreign("shorter than a header"))?;
    if header.magic != MAGIC {
        return Err(foreign("no magic number"));
    }
    if header.byte_order != BYTE_ORDER {
        return Err(foreign("another byte order"));
    }
    Ok(header)
}

/// The section table, each of whose entries was checked to lie within the file.
fn read_sections(map: &Arc<Map>, header: &Header) -> Result<Vec<Section>, &'static str> {
    let length = map.len() as u64;
    if header.region_bytes > length {
        return Err("cut short");
    }
    let entry = u64::from(header.section_bytes);
    if entry < size_of::<Section>() as u64 || !entry.is_multiple_of(8) || header.section_count > SECTIONS_MAX {
        return Err("a bad section table");
    }
    let table_end = size_of::<Header>() as u64 + entry * u64::from(header.section_count);
    if u64::from(header.header_bytes) < table_end || table_end > header.region_bytes {
        return Err("a bad section table");
    }
    let mut sections = Vec::new();
    for i in 0..u64::from(header.section_count) {
        let at = size_of::<Header>() as u64 + entry * i;
        let section: Section = map.get(at as usize).ok_or("a bad section table")?;
        check_section(&section, header.region_bytes)?;
        sections.push(section);
    }
    Ok(sections)
}

fn check_section(section: &Section, region_bytes: u64) -> Result<(), &'static str> {
    let version_bytes = if section.kind == KIND_SEQLOCK { VERSION_BYTES } else { 0 };
    let record = section.value_bytes.checked_add(version_bytes);
    let end = section.stride.checked_mul(section.count).and_then(|bytes| bytes.checked_add(section.offset));
    let aligned = section.offset.is_multiple_of(8) && section.stride.is_multiple_of(8);
    let whole = record.is_some_and(|r| r <= section.stride) && section.stride > 0;
    if aligned && whole && end.is_some_and(|e| e <= region_bytes) { Ok(()) } else { Err("a section outside of it") }
}
