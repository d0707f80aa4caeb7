//! A small universe and short ways to say things; each test file uses its part of it.
#![allow(dead_code)]

use crosstick_model::{
    Amount, AssetId, Decimal, DenyCode, FeeAsset, Fees, Fill, GroupId, Instrument, InstrumentId, Intent, Kind,
    Liquidity, Market, MarketId, OrderId, Protocol, Purpose, Quote, RejectReason, Report, ReportKind, Scale, Side,
    Tick, TimeInForce, Trade, Universe, Venue, VenueId,
};
use crosstick_risk::{Approved, Balances, Breach, Limits, Rates, Risk};

/// Spot BTCUSDT on venue a and on venue b, a linear contract and an inverse one on venue c, and a spot pair in an
/// asset without a rate on venue a. Prices have 2 decimals, quantities 3 (the inverse contract's: whole ones of 100).
/// The first four are one market; the last is in none.
pub const SPOT_A: InstrumentId = InstrumentId(0);
pub const SPOT_B: InstrumentId = InstrumentId(1);
pub const LINEAR: InstrumentId = InstrumentId(2);
pub const INVERSE: InstrumentId = InstrumentId(3);
pub const NO_RATE: InstrumentId = InstrumentId(4);

pub const A: VenueId = VenueId(0);
pub const B: VenueId = VenueId(1);
pub const C: VenueId = VenueId(2);

pub const S: u64 = 1_000_000_000;
pub const DAY: u64 = 86_400 * S;

pub struct World {
    pub universe: Universe,
    pub btc: AssetId,
    pub usdt: AssetId,
    pub bnb: AssetId,
    pub usd: AssetId,
}

pub fn amount(text: &str) -> Amount {
    Amount::from_decimal(text.parse::<Decimal>().unwrap()).unwrap()
}

pub fn world() -> World {
    world_with([FeeAsset::Received, FeeAsset::Quote, FeeAsset::Quote])
}

pub fn world_with(fee_assets: [FeeAsset; 3]) -> World {
    let mut universe = Universe::default();
    let [usdt, btc, usd, bnb, eur] = ["USDT", "BTC", "USD", "BNB", "EUR"].map(|a| universe.asset(a).unwrap());
    for (name, asset) in ["a", "b", "c"].into_iter().zip(fee_assets) {
        let fees = Fees { maker_e8: 50_000, taker_e8: 100_000, asset };
        let protocol = Protocol::BinanceSpot;
        universe.add_venue(Venue { id: VenueId(0), name: name.into(), protocol, fees }).unwrap();
    }
    let mut add = |venue, kind, quote, settle, step, minimum, contract: &str, least: &str| {
        let instrument = Instrument {
            id: InstrumentId(0),
            venue,
            symbol: "BTCX".into(),
            base: btc,
            quote,
            settle,
            kind,
            contract_size: amount(contract),
            scale: Scale::new(2, 3).unwrap(),
            price_step: 5,
            quantity_step: step,
            min_quantity: minimum,
            min_notional: amount(least),
            market: None,
        };
        universe.add_instrument(instrument).unwrap();
    };
    add(A, Kind::Spot, usdt, usdt, 2, 4, "1", "5");
    add(B, Kind::Spot, usdt, usdt, 1, 1, "1", "0");
    add(C, Kind::Linear, usdt, usdt, 1, 1, "1", "0");
    add(C, Kind::Inverse, usd, btc, 1000, 1000, "100", "0");
    add(A, Kind::Spot, eur, eur, 1, 1, "1", "0");
    market(&mut universe, vec![SPOT_A, SPOT_B, LINEAR, INVERSE]);
    World { universe, btc, usdt, bnb, usd }
}

/// Puts instruments into a market of their own.
pub fn market(universe: &mut Universe, instruments: Vec<InstrumentId>) -> MarketId {
    let scale = Scale::new(2, 3).unwrap();
    universe.add_market(Market { id: MarketId(0), name: "BTC".into(), instruments, scale }).unwrap()
}

pub fn limits() -> Limits {
    Limits { max_age_ns: S, price_collar_e8: 1_000_000, ..Limits::NONE }
}

/// A gate, and everything that a test says to it.
pub struct Desk {
    pub world: World,
    pub risk: Risk,
    pub now: u64,
    pub group: u64,
}

impl Desk {
    pub fn new(limits: Limits) -> Self {
        Self::with(world(), limits, None)
    }

    pub fn with(world: World, limits: Limits, balances: Option<Balances>) -> Self {
        let pegs = [(world.usd, 100_000_000), (world.bnb, 60_000_000_000)];
        let rates = Rates::new(&world.universe, world.usdt, &pegs);
        let risk = Risk::new(&world.universe, limits, rates, balances.as_ref());
        let mut desk = Self { world, risk, now: 10 * S, group: 0 };
        for i in 0..5 {
            desk.quote(InstrumentId(i), 1_000_000, 1_000_100);
        }
        desk
    }

    /// A quote of 10 000.00 is `1_000_000`.
    pub fn quote(&mut self, instrument: InstrumentId, bid: i64, ask: i64) -> Option<Breach> {
        let quote = Quote { bid, bid_quantity: 1000, ask, ask_quantity: 1000 };
        self.risk.on_tick(self.now, &Tick::quote(instrument, 0, quote, self.now, 1))
    }

    pub fn trade(&mut self, instrument: InstrumentId, price: i64) -> Option<Breach> {
        let trade = Trade { price, quantity: 1, taker_sold: false, off_market: false };
        self.risk.on_tick(self.now, &Tick::trade(instrument, 0, trade, self.now, 1))
    }

    /// An opening intent of a new group.
    pub fn intent(&mut self, instrument: InstrumentId, side: Side, price: i64, quantity: i64) -> Intent {
        self.group += 1;
        Intent {
            group: GroupId(self.group),
            leg: 0,
            instrument,
            side,
            price,
            quantity,
            time_in_force: TimeInForce::Ioc,
            purpose: Purpose::Open,
        }
    }

    pub fn buy(&mut self, instrument: InstrumentId, price: i64, quantity: i64) -> Result<OrderId, DenyCode> {
        let intent = self.intent(instrument, Side::Buy, price, quantity);
        self.gate_one(intent)
    }

    pub fn sell(&mut self, instrument: InstrumentId, price: i64, quantity: i64) -> Result<OrderId, DenyCode> {
        let intent = self.intent(instrument, Side::Sell, price, quantity);
        self.gate_one(intent)
    }

    pub fn close(&mut self, instrument: InstrumentId, side: Side, quantity: i64) -> Result<OrderId, DenyCode> {
        let price = if side == Side::Buy { 1_000_100 } else { 1_000_000 };
        let intent = Intent { purpose: Purpose::Close, ..self.intent(instrument, side, price, quantity) };
        self.gate_one(intent)
    }

    pub fn gate_one(&mut self, intent: Intent) -> Result<OrderId, DenyCode> {
        self.gate(&[intent]).map(|orders| orders[0].order().id).map_err(|(_, code)| code)
    }

    pub fn gate(&mut self, intents: &[Intent]) -> Result<Vec<Approved>, (u8, DenyCode)> {
        let mut out = Vec::new();
        self.risk.gate(self.now, intents, &mut out).map(|()| out)
    }

    pub fn report(&mut self, order: OrderId, kind: ReportKind) -> Option<Breach> {
        self.risk.on_report(self.now, &Report { order, instrument: SPOT_A, at_ns: self.now, kind })
    }

    pub fn fill(&mut self, order: OrderId, price: i64, quantity: i64) -> Option<Breach> {
        self.fill_fee(order, price, quantity, Amount::ZERO, self.world.usdt)
    }

    pub fn fill_fee(
        &mut self,
        order: OrderId,
        price: i64,
        quantity: i64,
        fee: Amount,
        fee_asset: AssetId,
    ) -> Option<Breach> {
        let fill = Fill { price, quantity, fee, fee_asset, liquidity: Liquidity::Taker };
        self.report(order, ReportKind::Filled(fill))
    }

    pub fn cancelled(&mut self, order: OrderId, unfilled: i64) -> Option<Breach> {
        self.report(order, ReportKind::Cancelled { unfilled })
    }

    pub fn rejected(&mut self, order: OrderId) -> Option<Breach> {
        self.report(order, ReportKind::Rejected(RejectReason::Simulated))
    }

    pub fn denied(&self, code: DenyCode) -> u64 {
        self.risk.denied().find(|d| d.0 == code).unwrap().1
    }

    pub fn exposure(&self) -> Amount {
        Amount(self.risk.positions().map(|p| p.exposure.0).sum())
    }
}
