//! COLD: every table of a region: its name, its record, what it is, and how many rows a region of some shape has.

use super::describe::{Record, RecordSpec};
use super::{
    BalanceRow, DeniedRow, EngineEvent, EngineRow, FeedRow, FillEvent, Head, InstrumentRow, LimitRow, MarketRow,
    OpportunityEvent, OrderRow, PositionRow, PriceRow, RiskRow, SpreadRow, StageRow, TickEvent, TurnRow, VenueRow,
    WorstTickRow,
};
use crate::shape::Shape;

/// How a table is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableKind {
    /// Each row behind a version of its own.
    Seqlock,
    /// The last records of a stream.
    Ring,
    /// Counters.
    Histogram,
}

impl TableKind {
    /// Its name in the schema.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Seqlock => "seqlock",
            Self::Ring => "ring",
            Self::Histogram => "histogram",
        }
    }
}

/// A table.
#[derive(Clone, Copy)]
pub struct TableSpec {
    /// Name.
    pub name: &'static str,
    /// Layout.
    pub kind: TableKind,
    /// What a row is; `None` for histograms.
    pub record: Option<RecordSpec>,
    /// What it is, in a sentence.
    pub doc: &'static str,
    /// Rows, or slots of a ring (rounded up to a power of two), of a region of that shape.
    pub(crate) count: fn(&Shape<'_>) -> usize,
}

const fn cells<R: Record>(name: &'static str, doc: &'static str, count: fn(&Shape<'_>) -> usize) -> TableSpec {
    TableSpec { name, kind: TableKind::Seqlock, record: Some(R::SPEC), doc, count }
}

const fn ring<R: Record>(name: &'static str, doc: &'static str, count: fn(&Shape<'_>) -> usize) -> TableSpec {
    TableSpec { name, kind: TableKind::Ring, record: Some(R::SPEC), doc, count }
}

/// Names of the tables.
pub mod table {
    /// One [`EngineRow`](super::EngineRow).
    pub const ENGINE: &str = "engine";
    /// One [`RiskRow`](super::RiskRow).
    pub const RISK: &str = "risk";
    /// One [`DeniedRow`](super::DeniedRow).
    pub const DENIED: &str = "denied";
    /// A [`LimitRow`](super::LimitRow) a limit.
    pub const LIMITS: &str = "limits";
    /// A [`VenueRow`](super::VenueRow) a venue, in the config's order.
    pub const VENUES: &str = "venues";
    /// A [`MarketRow`](super::MarketRow) a market, in the config's order.
    pub const MARKETS: &str = "markets";
    /// An [`InstrumentRow`](super::InstrumentRow) an instrument, by index.
    pub const INSTRUMENTS: &str = "instruments";
    /// A [`PriceRow`](super::PriceRow) an instrument, by index.
    pub const PRICES: &str = "prices";
    /// A [`SpreadRow`](super::SpreadRow) a market and direction.
    pub const SPREADS: &str = "spreads";
    /// A [`PositionRow`](super::PositionRow) an instrument, by index.
    pub const POSITIONS: &str = "positions";
    /// A [`BalanceRow`](super::BalanceRow) a venue and asset.
    pub const BALANCES: &str = "balances";
    /// A slot for an [`OrderRow`](super::OrderRow) each.
    pub const OPEN_ORDERS: &str = "open_orders";
    /// A [`FeedRow`](super::FeedRow) a line of a venue.
    pub const FEEDS: &str = "feeds";
    /// A [`StageRow`](super::StageRow) a stage and thread.
    pub const STAGES: &str = "stages";
    /// A histogram a stage and thread, in the order of `stages`.
    pub const HISTOGRAMS: &str = "histograms";
    /// A [`TurnRow`](super::TurnRow) a hot thread.
    pub const TURNS: &str = "turns";
    /// A [`WorstTickRow`](super::WorstTickRow) each.
    pub const WORST_TICKS: &str = "worst_ticks";
    /// Ring of [`TickEvent`](super::TickEvent)s.
    pub const TICKS: &str = "ticks";
    /// Ring of [`OpportunityEvent`](super::OpportunityEvent)s.
    pub const OPPORTUNITIES: &str = "opportunities";
    /// Ring of [`OrderRow`](super::OrderRow)s.
    pub const ORDERS: &str = "orders";
    /// Ring of [`FillEvent`](super::FillEvent)s.
    pub const FILLS: &str = "fills";
    /// Ring of [`EngineEvent`](super::EngineEvent)s.
    pub const EVENTS: &str = "events";
}

/// Every table, in the order in which they lie.
pub const TABLES: &[TableSpec] = &[
    cells::<EngineRow>(table::ENGINE, "State and counters of the run: one row.", |_| 1),
    cells::<RiskRow>(table::RISK, "Profit and loss, exposure, and the halt: one row.", |_| 1),
    cells::<DeniedRow>(table::DENIED, "Denials by code: one row.", |_| 1),
    cells::<LimitRow>(table::LIMITS, "A row a limit.", |s| s.limits.len()),
    cells::<VenueRow>(table::VENUES, "A row a venue, in the config's order.", |s| s.universe.venues.len()),
    cells::<MarketRow>(table::MARKETS, "A row a market, in the config's order.", |s| s.universe.markets.len()),
    cells::<InstrumentRow>(table::INSTRUMENTS, "The facts of each instrument.", instruments),
    cells::<PriceRow>(table::PRICES, "The newest prices: a row an instrument, as in `instruments`.", instruments),
    cells::<SpreadRow>(table::SPREADS, "The edge of every market between every two venues, both ways.", |s| {
        s.spreads.len()
    }),
    cells::<PositionRow>(table::POSITIONS, "Positions: a row an instrument, as in `instruments`.", instruments),
    cells::<BalanceRow>(table::BALANCES, "A row a venue and asset whose balance is known.", |s| s.balances.len()),
    cells::<OrderRow>(table::OPEN_ORDERS, "Orders in flight or resting: slots, used in no order.", |s| s.open_orders),
    cells::<FeedRow>(table::FEEDS, "A row a line of a venue.", |s| s.lines.len()),
    cells::<StageRow>(table::STAGES, "Stages of a tick's way, a row for each thread that measures one.", |s| {
        s.stages.len()
    }),
    TableSpec {
        name: table::HISTOGRAMS,
        kind: TableKind::Histogram,
        record: None,
        doc: "Latencies: a histogram a row of `stages`.",
        count: |s| s.stages.len(),
    },
    cells::<TurnRow>(table::TURNS, "Overlong turns of the hot threads' loops: a row a thread.", |s| s.turns.len()),
    cells::<WorstTickRow>(table::WORST_TICKS, "The ticks that took longest, with every stamp of their way.", |s| {
        s.worst_ticks
    }),
    ring::<TickEvent>(table::TICKS, "Every quote and trade that the core took.", |s| s.history.ticks),
    ring::<OpportunityEvent>(table::OPPORTUNITIES, "Opportunities as they begin and as they end.", |s| {
        s.history.opportunities
    }),
    ring::<OrderRow>(table::ORDERS, "Every order after every change.", |s| s.history.orders),
    ring::<FillEvent>(table::FILLS, "Every execution.", |s| s.history.fills),
    ring::<EngineEvent>(table::EVENTS, "What an operator would want to know.", |s| s.history.events),
];

/// Every record once, the head first, then as tables mention them.
#[must_use]
pub fn all_specs() -> Vec<RecordSpec> {
    let mut specs = vec![Head::SPEC];
    for spec in TABLES.iter().filter_map(|t| t.record) {
        if !specs.iter().any(|s| s.rust_name == spec.rust_name) {
            specs.push(spec);
        }
    }
    specs
}

fn instruments(shape: &Shape<'_>) -> usize {
    shape.universe.instruments.len()
}
