//! The bytes of a region: a header, a table of sections, and the sections.
//!
//! All integers are little-endian on the machines this runs on; the header's byte order mark says so. A section is an
//! array: record `i` lies at `offset + i * stride`. A record of kind [`KIND_SEQLOCK`] is a 64-bit version followed by
//! the value: odd while a write is under way, equal before and after a copy that is whole. A record of kind
//! [`KIND_HISTOGRAM`] is counters that need no version. Offsets and strides are multiples of 64, and what different
//! threads write lies at least 128 bytes apart, because processors fetch lines in pairs.
//!
//! **Growth:** a new section, or new fields behind the last of a record, are no new layout version: readers look
//! sections up by name and read the fields that they know. A changed or moved field is one.

mod records;
mod text;

pub use records::{
    DeniedRow, EngineRow, FeedRow, IdentityRow, InstrumentRow, MarketRow, Mode, NO_MARKET, PositionRow, PriceFlags,
    PriceRow, RiskRow, StageRow, State, VenueRow,
};
pub use text::{amount, amount_words, fixed_text, text};

/// First eight bytes of a region.
pub const MAGIC: [u8; 8] = *b"XTICKSHM";
/// Raised when a field changes its meaning or its place.
pub const LAYOUT_VERSION: u32 = 1;
/// Reads as this number in the writer's byte order.
pub const BYTE_ORDER: u32 = 0x0102_0304;
/// A section of records under seqlocks.
pub const KIND_SEQLOCK: u32 = 0;
/// A section of histograms.
pub const KIND_HISTOGRAM: u32 = 1;

/// Distance between what different threads write.
pub(crate) const SEPARATION: usize = 128;

crosstick_ring::pod! {
    /// The first 64 bytes. Written once, before the region can be found.
    pub struct Header {
        /// [`MAGIC`].
        pub magic: [u8; 8],
        /// [`LAYOUT_VERSION`] of the writer.
        pub layout_version: u32,
        /// [`BYTE_ORDER`].
        pub byte_order: u32,
        /// Bytes of header and section table together.
        pub header_bytes: u32,
        /// Entries of the section table.
        pub section_count: u32,
        /// Bytes of an entry of the section table.
        pub section_bytes: u32,
        /// Zero.
        pub reserved: u32,
        /// Bytes of the whole region.
        pub region_bytes: u64,
        /// Counts the owners of this name: the former owner's plus one.
        pub generation: u64,
        /// Zeros.
        pub reserved_too: [u64; 2],
    }

    /// An entry of the section table, which follows the header at once.
    pub struct Section {
        /// The name, zero-padded.
        pub name: [u8; 16],
        /// Where its first record begins, in bytes from the begin of the region.
        pub offset: u64,
        /// Bytes from one record to the next.
        pub stride: u64,
        /// Records.
        pub count: u64,
        /// Bytes of a record's value; what a seqlock's version takes comes before it.
        pub value_bytes: u64,
        /// [`KIND_SEQLOCK`] or [`KIND_HISTOGRAM`].
        pub kind: u32,
        /// Zero.
        pub reserved: u32,
        /// Zero.
        pub reserved_too: u64,
    }
}

const _: () = assert!(size_of::<Header>() == 64 && size_of::<Section>() == 64);

/// Names of the sections.
pub mod section {
    /// One [`IdentityRow`](super::IdentityRow): whose region this is.
    pub const IDENTITY: &str = "identity";
    /// One [`EngineRow`](super::EngineRow): state and counters.
    pub const ENGINE: &str = "engine";
    /// One [`RiskRow`](super::RiskRow): halts, limits and what they bind.
    pub const RISK: &str = "risk";
    /// One [`DeniedRow`](super::DeniedRow): denials by code.
    pub const DENIED: &str = "denied";
    /// A [`VenueRow`](super::VenueRow) a venue, in the config's order.
    pub const VENUES: &str = "venues";
    /// A [`MarketRow`](super::MarketRow) a market, in the config's order.
    pub const MARKETS: &str = "markets";
    /// An [`InstrumentRow`](super::InstrumentRow) an instrument, by index.
    pub const INSTRUMENTS: &str = "instruments";
    /// A [`PriceRow`](super::PriceRow) an instrument, by index.
    pub const PRICES: &str = "prices";
    /// A [`PositionRow`](super::PositionRow) an instrument, by index.
    pub const POSITIONS: &str = "positions";
    /// A [`FeedRow`](super::FeedRow) a line of a venue.
    pub const FEEDS: &str = "feeds";
    /// A [`StageRow`](super::StageRow) a stage and thread.
    pub const STAGES: &str = "stages";
    /// A histogram a stage and thread, in the order of `stages`.
    pub const HISTOGRAMS: &str = "histograms";
}
