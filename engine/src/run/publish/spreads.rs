//! The rows of spreads, one a market and direction: edges as they are, and the best of the last minute. Hot: written
//! after the price rows that they stand on.

use crosstick_ipc::layout::{SpreadFlags, SpreadRow};
use crosstick_model::decision::Route;
use crosstick_model::{InstrumentId, Universe};
use crosstick_strategy::Detector;

use super::minute::MinuteBest;
use super::waiting::Waiting;

#[derive(Debug, Clone)]
struct Way {
    route: Route,
    /// What never changes, and the counters.
    row: SpreadRow,
    /// Its place in the detector.
    index: usize,
    best: MinuteBest,
}

/// All ways, and which of their rows wait.
#[derive(Debug)]
pub struct Spreads {
    ways: Box<[Way]>,
    /// By instrument: the rows that it is a leg of.
    of_leg: Box<[Box<[u32]>]>,
    /// By market: its first row. One more than markets.
    first: Box<[u32]>,
    pub waiting: Waiting,
}

impl Spreads {
    /// The rows in the order in which the detector has them: market, where to buy, where to sell.
    pub fn new(universe: &Universe, detector: &Detector) -> Self {
        let routes = (0..detector.route_count()).filter_map(|index| Some((index, detector.snapshot(index, 0)?)));
        let ways: Box<[Way]> = routes
            .map(|(index, way)| {
                let fee = |id: InstrumentId| universe.venue(universe.instrument(id).venue).fees.taker_e8;
                let row = SpreadRow {
                    market: u32::from(way.route.market.0),
                    buy_venue: u32::from(way.route.buy.0),
                    sell_venue: u32::from(way.route.sell.0),
                    buy_instrument: u32::from(way.buy.0),
                    sell_instrument: u32::from(way.sell.0),
                    buy_fee: fee(way.buy),
                    sell_fee: fee(way.sell),
                    ..SpreadRow::ZERO
                };
                Way { route: way.route, row, index, best: MinuteBest::EMPTY }
            })
            .collect();
        let of_leg = |id: u32| {
            let legs = |w: &Way| w.row.buy_instrument == id || w.row.sell_instrument == id;
            ways.iter().enumerate().filter(|(_, w)| legs(w)).map(|(row, _)| row as u32).collect()
        };
        let of_leg = universe.instruments.iter().map(|i| of_leg(u32::from(i.id.0))).collect();
        let first = (0..=universe.markets.len() as u32)
            .map(|market| ways.iter().take_while(|w| w.row.market < market).count() as u32)
            .collect();
        let waiting = Waiting::new(ways.len());
        Self { ways, of_leg, first, waiting }
    }

    /// The rows as the run starts: without prices.
    pub fn first_rows(&self) -> Vec<SpreadRow> {
        self.ways.iter().map(|way| way.row).collect()
    }

    /// An instrument's prices changed: so did the rows that it is a leg of.
    #[inline]
    pub fn touch(&mut self, id: InstrumentId) {
        let Some(rows) = self.of_leg.get(id.index()) else { return };
        rows.iter().for_each(|row| self.waiting.mark(*row as usize));
    }

    /// The minute goes on for rows that nothing moves.
    pub fn look_at_ages(&mut self) {
        self.waiting.mark_all();
    }

    /// An opportunity began: counts it, and tells what to buy and what to sell.
    pub fn began(&mut self, route: Route) -> (u32, u32) {
        self.count(route, |row| row.seen += 1)
    }

    /// An opportunity is over: counts it if it was taken, and tells what to buy and what to sell.
    pub fn ended(&mut self, route: Route, taken: bool) -> (u32, u32) {
        self.count(route, |row| row.taken += u64::from(taken))
    }

    fn count(&mut self, route: Route, count: impl Fn(&mut SpreadRow)) -> (u32, u32) {
        let market = route.market.index();
        let at = |i: usize| self.first.get(i).map_or(0, |row| *row as usize);
        let rows = at(market)..at(market + 1);
        let (start, ways) = (rows.start, self.ways.get_mut(rows).unwrap_or_default());
        let Some(found) = ways.iter().position(|w| w.route == route) else { return (u32::MAX, u32::MAX) };
        let Some(way) = ways.get_mut(found) else { return (u32::MAX, u32::MAX) };
        count(&mut way.row);
        self.waiting.mark(start + found);
        (way.row.buy_instrument, way.row.sell_instrument)
    }

    /// The row as it is now, by core time; `None` beyond the last one.
    pub fn row(&mut self, row: usize, detector: &Detector, now_ns: u64) -> Option<SpreadRow> {
        let way = self.ways.get_mut(row)?;
        let seen = detector.snapshot(way.index, now_ns)?;
        if let Some(edge_ppm) = seen.edge_ppm {
            way.best.show(now_ns, edge_ppm);
        }
        let best = way.best.best(now_ns);
        let flag = |set: bool, bit: u32| if set { bit } else { 0 };
        Some(SpreadRow {
            flags: flag(seen.edge_ppm.is_some(), SpreadFlags::USABLE)
                | flag(seen.open != 0, SpreadFlags::OPEN)
                | flag(best.is_some(), SpreadFlags::HAS_BEST),
            edge_ppm: seen.edge_ppm.unwrap_or(0),
            buy_price: seen.ask,
            sell_price: seen.bid,
            quantity: seen.quantity,
            best_edge_ppm: best.map_or(0, |(edge_ppm, _)| edge_ppm),
            best_ns: best.map_or(0, |(_, second_ns)| second_ns),
            written_ns: now_ns,
            ..way.row
        })
    }
}
