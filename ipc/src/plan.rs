//! COLD: where everything of a region lies.

use crosstick_ring::seqlock::cell_bytes;

use crate::error::RegionError;
use crate::histogram::WORDS;
use crate::layout::tables::{TABLES, TableKind, TableSpec};
use crate::layout::{HEAD_BYTES, REGION_BYTES_MAX, SEPARATION, VERSION_BYTES};
use crate::schema;
use crate::shape::Shape;
use crate::sys::RingAt;

const PAGE: usize = 4096;
/// What the schema may grow by when the region's size is filled in.
const SCHEMA_SLACK: usize = 32;
/// A ring has at least this many slots.
const SLOTS_MIN: usize = 8;

/// A table with its place.
pub(crate) struct Placed {
    pub(crate) spec: &'static TableSpec,
    /// Of the first row, or of a ring's count of records.
    pub(crate) offset: usize,
    /// Of a ring's first slot; elsewhere as `offset`.
    pub(crate) rows: usize,
    pub(crate) stride: usize,
    pub(crate) count: usize,
}

impl Placed {
    pub(crate) fn ring(&self) -> RingAt {
        RingAt { next: self.offset, slots: self.rows, stride: self.stride, count: self.count }
    }
}

/// Where everything lies: the head, the tables in their order, the schema.
pub(crate) struct Plan {
    pub(crate) tables: Vec<Placed>,
    pub(crate) schema_offset: usize,
    pub(crate) schema: String,
    pub(crate) bytes: usize,
}

impl Plan {
    pub(crate) fn new(shape: &Shape<'_>, name: &str) -> Result<Self, RegionError> {
        let mut end = HEAD_BYTES;
        let mut tables = Vec::new();
        for spec in TABLES {
            let placed = place(spec, (spec.count)(shape), end).ok_or(RegionError::TooLarge)?;
            end =
                placed.stride.checked_mul(placed.count).and_then(|b| b.checked_add(placed.rows)).unwrap_or(usize::MAX);
            tables.push(placed);
        }
        let mut plan = Self { tables, schema_offset: 0, schema: String::new(), bytes: 0 };
        plan.schema_offset = end.checked_next_multiple_of(SEPARATION).ok_or(RegionError::TooLarge)?;
        // The schema holds the region's size, which depends on the schema's.
        let length = schema::json(&plan, shape, name).len() + SCHEMA_SLACK;
        plan.bytes = plan
            .schema_offset
            .checked_add(length)
            .and_then(|b| b.checked_next_multiple_of(PAGE))
            .filter(|bytes| *bytes <= REGION_BYTES_MAX)
            .ok_or(RegionError::TooLarge)?;
        plan.schema = schema::json(&plan, shape, name);
        Ok(plan)
    }

    pub(crate) fn table(&self, name: &str) -> Option<&Placed> {
        self.tables.iter().find(|t| t.spec.name == name)
    }
}

fn place(spec: &'static TableSpec, count: usize, end: usize) -> Option<Placed> {
    let offset = end.checked_next_multiple_of(SEPARATION)?;
    let value = spec.record.map_or(0, |r| r.bytes);
    let placed = |rows, stride, count| Some(Placed { spec, offset, rows, stride, count });
    match spec.kind {
        TableKind::Seqlock => placed(offset, value + VERSION_BYTES, count),
        // Different threads write neighbours here.
        TableKind::Histogram => placed(offset, (WORDS * 8).next_multiple_of(SEPARATION), count),
        // The count of records is written with every record, so it gets lines of its own.
        TableKind::Ring => {
            let slots = count.max(SLOTS_MIN).checked_next_power_of_two()?;
            placed(offset.checked_add(SEPARATION)?, value + VERSION_BYTES, slots)
        }
    }
}

// Feed rows are written by different threads too, and so are those of turns.
const _: () = assert!(cell_bytes::<crate::layout::FeedRow>().is_multiple_of(SEPARATION));
const _: () = assert!(cell_bytes::<crate::layout::TurnRow>().is_multiple_of(SEPARATION));
