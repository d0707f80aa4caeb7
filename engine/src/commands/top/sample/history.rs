//! The newest records of the history rings, followed with cursors of our own.

use crosstick_ipc::Reader;
use crosstick_ipc::layout::{self, EngineEvent, EventKind, FillEvent, OpportunityEvent, Phase, text};
use crosstick_ipc::reader::Follow;
use crosstick_model::{DenyCode, Liquidity, Side};

use super::names::{Names, clean};
use crate::commands::top::scene::{Event, Fill, Log, Opportunity, Scene};
use crate::commands::top::units::Number;

/// Records kept of each kind.
const KEPT: usize = 500;
/// Records read of a ring at one look: a writer at full speed must not hold the view.
const READ_MAX: usize = 4_096;

pub struct History {
    opportunities: Option<Follow<OpportunityEvent>>,
    fills: Option<Follow<FillEvent>>,
    events: Option<Follow<EngineEvent>>,
}

impl History {
    /// From the oldest records that are there.
    pub fn of(reader: &Reader) -> Self {
        Self { opportunities: reader.opportunities(), fills: reader.fills(), events: reader.events() }
    }

    /// Appends what is new to the scene's lists.
    pub fn follow(&mut self, names: &Names, scene: &mut Scene) {
        read(&mut self.opportunities, &mut scene.opportunities, |log, record| opportunity(log, record, names));
        read(&mut self.fills, &mut scene.fills, |log, record| log.push(fill(record, names)));
        read(&mut self.events, &mut scene.events, |log, record| log.push(event(record, names)));
    }
}

fn read<T: crosstick_ring::Pod, R>(
    ring: &mut Option<Follow<T>>,
    log: &mut Log<R>,
    mut add: impl FnMut(&mut Vec<R>, &T),
) {
    let Some(ring) = ring else { return };
    for record in ring.by_ref().take(READ_MAX) {
        add(&mut log.rows, &record);
    }
    let over = log.rows.len().saturating_sub(KEPT);
    log.rows.drain(..over);
    log.missed = ring.missed();
}

/// An end replaces its begin.
fn opportunity(log: &mut Vec<Opportunity>, record: &OpportunityEvent, names: &Names) {
    let ended = record.phase == Phase::End as u32;
    let outcome = layout::outcome_name(record.outcome).unwrap_or("unknown");
    let row = Opportunity {
        id: record.id,
        market: names.market(record.market),
        buy: names.venue(record.buy_venue),
        sell: names.venue(record.sell_venue),
        begin_ns: record.begin_ns,
        end_ns: ended.then_some(record.end_ns),
        first_ppm: record.first_edge_ppm,
        best_ppm: record.best_edge_ppm,
        buy_price: names.market_price(record.market, record.buy_price),
        sell_price: names.market_price(record.market, record.sell_price),
        quantity: names.market_quantity(record.market, record.quantity),
        outcome: if ended { outcome.to_owned() } else { String::new() },
    };
    match log.iter_mut().rev().find(|o| o.id == record.id) {
        Some(begun) => *begun = row,
        None => log.push(row),
    }
}

fn fill(record: &FillEvent, names: &Names) -> Fill {
    let (venue, symbol) = names.instrument(record.instrument);
    Fill {
        at_ns: record.at_ns,
        order: record.order,
        venue,
        symbol,
        buy: record.side == Side::Buy as u8,
        price: names.price(record.instrument, record.price),
        quantity: names.quantity(record.instrument, record.quantity),
        fee: Number::amount(layout::amount(record.fee).0, 8),
        fee_asset: clean(&text(&record.fee_asset)),
        liquidity: if record.liquidity == Liquidity::Maker as u8 { "maker" } else { "taker" }.into(),
    }
}

fn event(record: &EngineEvent, names: &Names) -> Event {
    let kind = EventKind::from_number(record.kind);
    let mut words = Vec::new();
    if record.venue != layout::NO_ROW {
        words.push(names.venue(record.venue));
        if record.line != layout::NO_ROW {
            words.push(format!("line {}", record.line));
        }
    }
    if record.instrument != layout::NO_ROW {
        words.push(names.instrument(record.instrument).1);
    }
    if let Some(code) = DenyCode::ALL.get(record.code as usize).filter(|_| record.code != layout::NO_ROW) {
        words.push(code.code().to_owned());
    }
    let said = clean(&text(&record.text));
    if !said.is_empty() {
        words.push(said);
    }
    Event {
        at_ns: record.at_ns,
        kind: kind.map_or("unknown", EventKind::name).replace('_', " "),
        text: words.join(" "),
        grave: matches!(kind, Some(EventKind::Halted | EventKind::LineDown | EventKind::Breach)),
    }
}
