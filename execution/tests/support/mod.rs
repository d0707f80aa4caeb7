//! A paper venue behind a gate that lets everything pass, with three instruments: spot, linear, inverse.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use crosstick_execution::{Gateway, Paper, PaperConfig};
use crosstick_model::{
    Amount, AssetId, Decimal, FeeAsset, Fees, GroupId, Instrument, InstrumentId, Intent, Kind, OrderId, Protocol,
    Purpose, Quote, Report, ReportKind, Scale, Side, Tick, TimeInForce, Trade, Universe, Venue, VenueId,
};
use crosstick_risk::{Limits, Rates, Risk};

pub const MS: u64 = 1_000_000;
pub const SPOT: InstrumentId = InstrumentId(0);
pub const LINEAR: InstrumentId = InstrumentId(1);
pub const INVERSE: InstrumentId = InstrumentId(2);
pub const TWO_MS: PaperConfig = PaperConfig { latency_ns: 2 * MS, ack_ns: 3 * MS, ..PaperConfig::HONEST };

pub fn amount(text: &str) -> Amount {
    Amount::from_decimal(text.parse::<Decimal>().unwrap()).unwrap()
}

pub fn universe(asset: FeeAsset) -> Universe {
    let mut universe = Universe::default();
    let [usdt, btc, _bnb] = ["USDT", "BTC", "BNB"].map(|a| universe.asset(a).unwrap());
    let fees = Fees { maker_e8: 50_000, taker_e8: 100_000, asset };
    universe.add_venue(Venue { id: VenueId(0), name: "a".into(), protocol: Protocol::BinanceSpot, fees }).unwrap();
    for (kind, contract, step) in [(Kind::Spot, "1", 2), (Kind::Linear, "1", 1), (Kind::Inverse, "100", 1000)] {
        let instrument = Instrument {
            id: InstrumentId(0),
            venue: VenueId(0),
            symbol: "BTCX".into(),
            base: btc,
            quote: usdt,
            settle: if kind == Kind::Inverse { btc } else { usdt },
            kind,
            contract_size: amount(contract),
            scale: Scale::new(2, 3).unwrap(),
            price_step: 1,
            quantity_step: step,
            min_quantity: step,
            min_notional: Amount::ZERO,
            market: None,
        };
        universe.add_instrument(instrument).unwrap();
    }
    universe
}

/// A paper venue behind a gate that lets everything pass (it has a quote of its own, far away in time).
pub struct Floor {
    pub paper: Paper,
    pub risk: Risk,
    group: u64,
    pub universe: Universe,
}

impl Floor {
    pub fn new(config: PaperConfig) -> Self {
        Self::with_fee(config, FeeAsset::Quote)
    }

    pub fn with_fee(config: PaperConfig, asset: FeeAsset) -> Self {
        let universe = universe(asset);
        let rates = Rates::new(&universe, AssetId(0), &[(AssetId(2), 60_000_000_000)]);
        let paper = Paper::new(&universe, config, &rates);
        let mut risk = Risk::new(&universe, Limits { max_orders_per_second: 100_000, ..Limits::NONE }, rates, None);
        let quote = Quote { bid: 1_000_000, bid_quantity: 1, ask: 1_000_100, ask_quantity: 1 };
        for instrument in [SPOT, LINEAR, INVERSE] {
            risk.on_tick(0, &Tick::quote(instrument, 0, quote, 0, 0));
        }
        Self { paper, risk, group: 0, universe }
    }

    pub fn quote(&mut self, now: u64, instrument: InstrumentId, bid: (i64, i64), ask: (i64, i64)) {
        let quote = Quote { bid: bid.0, bid_quantity: bid.1, ask: ask.0, ask_quantity: ask.1 };
        self.paper.on_tick(now, &Tick::quote(instrument, 0, quote, now, 1));
    }

    pub fn trade(&mut self, now: u64, price: i64, quantity: i64, off_market: bool) {
        let trade = Trade { price, quantity, taker_sold: true, off_market };
        self.paper.on_tick(now, &Tick::trade(SPOT, 0, trade, now, 1));
    }

    pub fn order(
        &mut self,
        now: u64,
        instrument: InstrumentId,
        side: Side,
        price: i64,
        quantity: i64,
        tif: TimeInForce,
    ) -> OrderId {
        self.group += 1;
        let intent = Intent {
            group: GroupId(self.group),
            leg: 0,
            instrument,
            side,
            price,
            quantity,
            time_in_force: tif,
            purpose: Purpose::Open,
        };
        let mut out = Vec::new();
        self.risk.gate(now, &[intent], &mut out).unwrap();
        let approved = out.pop().unwrap();
        let id = approved.order().id;
        Gateway::send(&mut self.paper, now, approved).unwrap();
        id
    }

    pub fn ioc(&mut self, now: u64, side: Side, price: i64, quantity: i64) -> OrderId {
        self.order(now, SPOT, side, price, quantity, TimeInForce::Ioc)
    }

    pub fn gtc(&mut self, now: u64, side: Side, price: i64, quantity: i64) -> OrderId {
        self.order(now, SPOT, side, price, quantity, TimeInForce::Gtc)
    }

    pub fn until(&mut self, now: u64) -> Vec<Report> {
        let mut reports = Vec::new();
        self.paper.advance(now, &mut |r| {
            self.risk.on_report(r.at_ns, &r);
            reports.push(r);
        });
        reports
    }

    /// Fills as (order, price, quantity), and ends as (order, -1, rest); a rejection's rest is -1.
    pub fn told(&mut self, now: u64) -> Vec<(u64, i64, i64)> {
        let kinds = self.until(now).into_iter().filter_map(|r| match r.kind {
            ReportKind::Accepted => None,
            ReportKind::Filled(f) => Some((r.order.0, f.price, f.quantity)),
            ReportKind::Cancelled { unfilled } => Some((r.order.0, -1, unfilled)),
            ReportKind::Rejected(_) => Some((r.order.0, -1, -1)),
        });
        kinds.collect()
    }
}
