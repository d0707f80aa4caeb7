//! HOT: core thread. What the detector tells: plain data.

use crosstick_model::InstrumentId;
use crosstick_model::decision::Route;

/// An opportunity as it stands at one input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    /// Number of the opportunity, from 1 in every run.
    pub id: u64,
    /// Dense index of the route, below [`crate::Detector::route_count`].
    pub index: usize,
    /// Which way.
    pub route: Route,
    /// Edge after both taker fees, ppm.
    pub edge_ppm: i64,
    /// What to buy.
    pub buy: InstrumentId,
    /// What to sell.
    pub sell: InstrumentId,
    /// The ask, at the market's scale.
    pub buy_price: i64,
    /// The bid, at the market's scale.
    pub sell_price: i64,
    /// Size in base units at the market's scale.
    pub quantity: i64,
    /// The buy leg's order: the size, or contracts where inverse.
    pub buy_quantity: i64,
    /// The sell leg's order, likewise.
    pub sell_quantity: i64,
}

/// An opportunity from its beginning to its end. Prices and quantity are those of the beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Number of the opportunity.
    pub id: u64,
    /// Dense index of the route.
    pub index: usize,
    /// Which way.
    pub route: Route,
    /// Core time of the first input, ns.
    pub begin_ns: u64,
    /// Core time of the input that ended it, ns; `None`: still open at the end of input.
    pub end_ns: Option<u64>,
    /// Edge at the beginning, ppm.
    pub first_edge_ppm: i64,
    /// Best edge over all evaluations, ppm.
    pub best_edge_ppm: i64,
    /// The ask at the beginning.
    pub buy_price: i64,
    /// The bid at the beginning.
    pub sell_price: i64,
    /// Base units at the beginning.
    pub quantity: i64,
}

/// What the detector tells about a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sighting {
    /// An opportunity began.
    Begin(Candidate),
    /// Its edge reached a new best.
    Better(Candidate),
    /// It ended.
    End(Span),
}

/// A route as shared memory shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RouteSnapshot {
    /// Which way.
    pub route: Route,
    /// What to buy.
    pub buy: InstrumentId,
    /// What to sell.
    pub sell: InstrumentId,
    /// The newest ask of what to buy, usable or not, at the market's scale; zero before the first.
    pub ask: i64,
    /// The newest bid of what to sell, usable or not, at the market's scale; zero before the first.
    pub bid: i64,
    /// The smaller of both quantities there, base units at the market's scale; no limit and no step is applied.
    pub quantity: i64,
    /// Edge of the newest prices, ppm; `None` while one of them is not usable.
    pub edge_ppm: Option<i64>,
    /// The number of the open opportunity; zero while none is.
    pub open: u64,
    /// Best edge of the open opportunity, else of the last one, ppm; zero before the first.
    pub best_edge_ppm: i64,
}
