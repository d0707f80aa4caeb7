//! What happened, as records of the histories. Hot; the names of assets are laid out at start.

use crosstick_ipc::layout::{
    EngineEvent, FillEvent, NO_ROW, OpportunityEvent, Phase, TickEvent, enums, fixed_text, outcome_number,
};
use crosstick_model::{InstrumentId, Report, ReportKind, Tick, Universe, VenueId};
use crosstick_strategy::Opportunity;

use super::money::Money;
use super::notes::{Began, Happened};
use super::orders::{self, Orders};

/// What records need of the universe.
#[derive(Debug)]
pub struct Names {
    assets: Box<[[u8; 16]]>,
    venues: Box<[VenueId]>,
}

impl Names {
    pub fn new(universe: &Universe) -> Self {
        Self {
            assets: universe.assets.iter().map(|name| fixed_text(name)).collect(),
            venues: universe.instruments.iter().map(|i| i.venue).collect(),
        }
    }

    /// What an order or a fill of the instrument moves.
    pub fn touch(&self, money: &mut Money, instrument: InstrumentId) {
        if let Some(venue) = self.venues.get(instrument.index()) {
            money.touch(instrument, *venue);
        }
    }

    /// The fill that a report brings, if it brings one of an order that is known.
    pub fn fill(&self, report: &Report, orders: &Orders) -> Option<FillEvent> {
        let ReportKind::Filled(fill) = report.kind else { return None };
        let asset = self.assets.get(fill.fee_asset.index()).copied().unwrap_or_default();
        Some(orders::fill_event(orders.find(report.order)?, report.at_ns, &fill, asset))
    }
}

/// A quote or a trade.
#[inline]
pub fn tick_event(tick: &Tick) -> TickEvent {
    let [price, quantity, ask, ask_quantity] = tick.values;
    TickEvent {
        price,
        quantity,
        ask,
        ask_quantity,
        recv_ns: tick.recv_ns,
        venue_seq: tick.venue_seq,
        exchange_offset_us: tick.exchange_offset_us,
        instrument: tick.instrument.0,
        kind: tick.kind as u8,
        flags: tick.flags.bits(),
    }
}

/// The begin of an opportunity. `legs`: what to buy and what to sell.
pub fn began(began: &Began, (buy, sell): (u32, u32)) -> OpportunityEvent {
    OpportunityEvent {
        id: began.id,
        phase: Phase::Begin as u32,
        outcome: enums::OUTCOME_OPEN,
        market: u32::from(began.route.market.0),
        buy_venue: u32::from(began.route.buy.0),
        sell_venue: u32::from(began.route.sell.0),
        buy_instrument: buy,
        sell_instrument: sell,
        begin_ns: began.at_ns,
        first_edge_ppm: began.edge_ppm,
        best_edge_ppm: began.edge_ppm,
        buy_price: began.buy_price,
        sell_price: began.sell_price,
        quantity: began.quantity,
        ..OpportunityEvent::ZERO
    }
}

/// The end of an opportunity. `legs`: what to buy and what to sell.
pub fn ended(over: &Opportunity, (buy, sell): (u32, u32)) -> OpportunityEvent {
    OpportunityEvent {
        id: over.id,
        phase: Phase::End as u32,
        outcome: outcome_number(over.outcome),
        market: u32::from(over.route.market.0),
        buy_venue: u32::from(over.route.buy.0),
        sell_venue: u32::from(over.route.sell.0),
        buy_instrument: buy,
        sell_instrument: sell,
        begin_ns: over.begin_ns,
        end_ns: over.end_ns.unwrap_or(0),
        first_edge_ppm: over.first_edge_ppm,
        best_edge_ppm: over.best_edge_ppm,
        buy_price: over.buy_price,
        sell_price: over.sell_price,
        quantity: over.quantity,
        ..OpportunityEvent::ZERO
    }
}

/// What an operator would want to know.
pub fn event(happened: &Happened) -> EngineEvent {
    EngineEvent {
        at_ns: happened.at_ns,
        kind: happened.kind as u32,
        code: happened.code.map_or(NO_ROW, |code| code as u32),
        venue: happened.line.map_or(NO_ROW, |(venue, _)| u32::from(venue.0)),
        line: happened.line.map_or(NO_ROW, |(_, line)| u32::from(line)),
        instrument: NO_ROW,
        value: happened.value,
        text: fixed_text(happened.text),
        ..EngineEvent::ZERO
    }
}
