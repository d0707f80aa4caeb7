//! Approved orders on the demo's first venue, and what encodes them.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use crosstick_execution::binance::{Encoder, EncoderSpec};
use crosstick_model::{
    AssetId, GroupId, Instrument, Intent, OrderId, Purpose, Quote, Report, ReportKind, Side, Tick, TimeInForce,
    Universe,
};
use crosstick_risk::{Approved, Limits, Rates, Risk};

/// A gate that lets everything pass.
pub struct Gate {
    risk: Risk,
    group: u64,
    now_ns: u64,
}

impl Gate {
    pub fn new(universe: &Universe) -> Self {
        let rates: Vec<_> = (1..universe.assets.len()).map(|a| (AssetId(a as u16), 100_000_000)).collect();
        let rates = Rates::new(universe, AssetId(0), &rates);
        let limits = Limits { max_orders_per_second: 10_000, ..Limits::NONE };
        let risk = Risk::new(universe, limits, rates, None);
        Self { risk, group: 0, now_ns: 0 }
    }

    #[track_caller]
    pub fn approve(&mut self, of: &Instrument, side: Side, price: i64, quantity: i64, tif: TimeInForce) -> Approved {
        self.group += 1;
        self.now_ns += 1_000_000;
        // Around the order's price: the gate refuses what is far from the market.
        let bid = (price - 1).max(1);
        let quote = Quote { bid, bid_quantity: 1, ask: bid + 1, ask_quantity: 1 };
        self.risk.on_tick(self.now_ns, &Tick::quote(of.id, 0, quote, self.now_ns, 0));
        let intent = Intent {
            group: GroupId(self.group),
            leg: 0,
            instrument: of.id,
            side,
            price,
            quantity,
            time_in_force: tif,
            purpose: Purpose::Open,
        };
        let mut out = Vec::new();
        self.risk.gate(self.now_ns, &[intent], &mut out).expect("approved");
        out.pop().expect("an order")
    }

    /// The order has ended, unfilled.
    pub fn ended(&mut self, of: &Instrument, order: OrderId, unfilled: i64) {
        let kind = ReportKind::Cancelled { unfilled };
        self.risk.on_report(self.now_ns, &Report { order, instrument: of.id, at_ns: self.now_ns, kind });
    }
}

/// The instruments of a venue.
pub fn of_venue<'a>(universe: &'a Universe, venue: &str) -> impl Iterator<Item = &'a Instrument> {
    let id = universe.find_venue(venue).expect("the venue").id;
    universe.instruments.iter().filter(move |i| i.venue == id)
}

/// An encoder of the demo's spot venue.
pub fn encoder(universe: &Universe, venue: &str, spec: EncoderSpec<'_>) -> Encoder {
    Encoder::new(spec, of_venue(universe, venue)).unwrap_or_else(|e| panic!("{e}"))
}

/// The number of an order.
pub fn id(order: &Approved) -> OrderId {
    order.order().id
}
