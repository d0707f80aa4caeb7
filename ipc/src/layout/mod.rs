//! The bytes of a region: a head at fixed offsets, tables, and a schema that describes all of it.
//!
//! All integers are little-endian; the head's byte order mark says so. The schema (JSON, at the place that the head
//! names) lists every table with its offset, stride and count, and every field of every record with its type, offset,
//! unit, decimals and a sentence, so that a reader in any language needs nothing else. `docs/region.md` is the page.
//!
//! **One definition:** `records!` in [`describe`] declares a record once; [`tables`] lists the tables. The Rust
//! structs, the schema, the C header and the page come from there, and a test fails when a committed copy differs.
//!
//! **Growth:** a new table, or a new field in reserved bytes or behind the last, is no new layout version: readers look
//! tables and fields up by name. A changed meaning or a moved field is one.

pub mod describe;
pub mod enums;
mod records;
pub mod tables;
mod text;

pub(crate) use describe::{Field, Record, RecordSpec};
pub use enums::{
    EventKind, LedTo, LimitKind, Mode, OrderStatus, Phase, State, outcome_name, outcome_number, reject_number,
};
pub use records::{
    BalanceRow, DeniedRow, EngineEvent, EngineRow, FeedRow, FillEvent, Head, InstrumentRow, LimitRow, MarketRow,
    NO_ROW, OpportunityEvent, OrderRow, PositionRow, PriceFlags, PriceRow, Reached, RiskRow, SpreadFlags, SpreadRow,
    StageRow, TickEvent, TurnRow, VenueRow, WorstTickRow,
};
pub use tables::table;
pub use text::{amount, amount_words, fixed_text, text, wide, wide_words};

/// First eight bytes of a region.
pub const MAGIC: [u8; 8] = *b"XTICKSHM";
/// Raised when a field changes its meaning or its place.
pub const LAYOUT_VERSION: u32 = 2;
/// Reads as this number in the writer's byte order.
pub const BYTE_ORDER: u32 = 0x0102_0304;
/// Bytes of the head, in every layout version from 2 on.
pub const HEAD_BYTES: usize = 256;

/// No region is larger: a bound for what a reader of a hostile file may be made to do.
pub const REGION_BYTES_MAX: usize = 256 << 20;

/// Distance between what different threads write: processors fetch lines in pairs.
pub(crate) const SEPARATION: usize = 128;
/// Where a version ends and a value begins.
pub(crate) const VERSION_BYTES: usize = 8;

#[cfg(not(all(target_arch = "x86_64", target_endian = "little")))]
compile_error!("regions are promised for x86-64 alone: their readers rely on its memory order");
