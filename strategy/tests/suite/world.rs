//! Universes and ticks for tests, and a core that does nothing but carry things about.

use std::collections::VecDeque;

use crosstick_model::amount::AMOUNT_ONE;
use crosstick_model::instrument::FeeAsset;
use crosstick_model::{
    Amount, Decimal, DenyCode, Fees, Fill, GroupId, Instrument, InstrumentId, Kind, Liquidity, Market, MarketId, Order,
    OrderId, Protocol, Quote, Report, ReportKind, Scale, Tick, Trade, Universe, Venue, VenueId,
};
use crosstick_strategy::{Group, Item, Outbox, PriceCache, Spread, SpreadConfig, Strategy, Verdict, View};

/// One venue's leg of the test market.
#[derive(Debug, Clone, Copy)]
pub struct LegSpec {
    pub kind: Kind,
    /// Amount mantissa.
    pub contract_size: i128,
    pub taker_e8: i64,
    pub price_step: i64,
    pub quantity_step: i64,
    pub min_quantity: i64,
    pub min_notional: Amount,
}

pub const SPOT: LegSpec = LegSpec {
    kind: Kind::Spot,
    contract_size: AMOUNT_ONE,
    taker_e8: 0,
    price_step: 1,
    quantity_step: 1,
    min_quantity: 1,
    min_notional: Amount::ZERO,
};

/// Contracts of 100, whole ones.
pub fn inverse(scale: Scale) -> LegSpec {
    let quantity_step = 10i64.pow(u32::from(scale.quantity_decimals));
    LegSpec { kind: Kind::Inverse, contract_size: 100 * AMOUNT_ONE, quantity_step, ..SPOT }
}

pub fn amount(text: &str) -> Amount {
    Amount::from_decimal(text.parse::<Decimal>().unwrap()).unwrap()
}

/// Venues 0, 1, ... with the legs of each market in that order: instrument = market × venues + venue.
pub fn universe(markets: &[(Scale, &[LegSpec])]) -> Universe {
    let mut universe = Universe::default();
    let (base, quote) = (universe.asset("BTC").unwrap(), universe.asset("USD").unwrap());
    for (m, (scale, legs)) in markets.iter().enumerate() {
        let mut instruments = Vec::new();
        for (v, leg) in legs.iter().enumerate() {
            let fees = Fees { maker_e8: 0, taker_e8: leg.taker_e8, asset: FeeAsset::Quote };
            let name = format!("v{v}");
            let venue = match universe.find_venue(&name) {
                Some(venue) => venue.id,
                None => universe
                    .add_venue(Venue { id: VenueId(0), name: name.into(), protocol: Protocol::BinanceSpot, fees })
                    .unwrap(),
            };
            let instrument = Instrument {
                id: InstrumentId(0),
                venue,
                symbol: format!("S{m}").into(),
                base,
                quote,
                settle: if leg.kind == Kind::Inverse { base } else { quote },
                kind: leg.kind,
                contract_size: Amount(leg.contract_size),
                scale: *scale,
                price_step: leg.price_step,
                quantity_step: leg.quantity_step,
                min_quantity: leg.min_quantity,
                min_notional: leg.min_notional,
                market: None,
            };
            instruments.push(universe.add_instrument(instrument).unwrap());
        }
        let name = format!("M{m}").into();
        universe.add_market(Market { id: MarketId(0), name, instruments, scale: *scale }).unwrap();
    }
    universe
}

pub fn quote(instrument: u16, at_ns: u64, bid: i64, bid_quantity: i64, ask: i64, ask_quantity: i64) -> Tick {
    Tick::quote(InstrumentId(instrument), 0, Quote { bid, bid_quantity, ask, ask_quantity }, at_ns, 0)
}

pub fn trade(instrument: u16, at_ns: u64, price: i64, quantity: i64) -> Tick {
    let trade = Trade { price, quantity, taker_sold: false, off_market: false };
    Tick::trade(InstrumentId(instrument), 0, trade, at_ns, 0)
}

pub fn fill(price: i64, quantity: i64) -> ReportKind {
    let fee_asset = crosstick_model::AssetId(0);
    ReportKind::Filled(Fill { price, quantity, fee: Amount::ZERO, fee_asset, liquidity: Liquidity::Taker })
}

/// What risk says to a group.
pub type Gate = Box<dyn FnMut(&Group) -> Verdict>;

pub fn approve() -> Gate {
    Box::new(|_| Ok(()))
}

pub fn deny(code: DenyCode) -> Gate {
    Box::new(move |_| Err((1, code)))
}

/// The core as far as a strategy can see it.
pub struct Core {
    pub cache: PriceCache,
    pub strategy: Spread,
    pub gate: Gate,
    pub now_ns: u64,
    /// All that came out, in order.
    pub log: Vec<Item>,
    /// Orders sent and not yet looked at.
    pub orders: VecDeque<Order>,
    pub verdicts: Vec<(GroupId, Verdict)>,
    out: Outbox,
    order_id: u64,
}

impl Core {
    pub fn new(universe: &Universe, config: &SpreadConfig, gate: Gate) -> Self {
        let strategy = Spread::new(universe, config).unwrap();
        let out = Outbox::with_capacity(strategy.outbox_capacity());
        Self {
            cache: PriceCache::new(universe, config.freshness()),
            strategy,
            gate,
            now_ns: 0,
            log: Vec::new(),
            orders: VecDeque::new(),
            verdicts: Vec::new(),
            out,
            order_id: 0,
        }
    }

    /// Wake-ups that are due, then the tick.
    pub fn tick(&mut self, tick: Tick) {
        self.until(tick.recv_ns);
        self.cache.apply(&tick);
        let view = View { now_ns: self.now_ns, cache: &self.cache };
        self.strategy.on_tick(view, &tick, &mut self.out);
        self.drain();
    }

    pub fn until(&mut self, at_ns: u64) {
        let target = at_ns.max(self.now_ns);
        while let Some(due) = self.strategy.next_wake().filter(|due| *due <= target) {
            assert!(due >= self.now_ns, "a wake-up in the past: {due} at {}", self.now_ns);
            self.now_ns = due;
            let view = View { now_ns: due, cache: &self.cache };
            self.strategy.on_timer(view, &mut self.out);
            self.drain();
            assert_ne!(self.strategy.next_wake(), Some(due), "the same wake-up again");
        }
        self.now_ns = target;
    }

    pub fn report(&mut self, order: &Order, kind: ReportKind) {
        let report = Report { order: order.id, instrument: order.intent.instrument, at_ns: self.now_ns, kind };
        let view = View { now_ns: self.now_ns, cache: &self.cache };
        self.strategy.on_report(view, &report, &mut self.out);
        self.drain();
    }

    pub fn finish(&mut self) {
        self.strategy.on_finish(&mut self.out);
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(item) = self.out.pop() {
            self.log.push(item);
            let Item::Group(group) = item else { continue };
            let verdict = (self.gate)(&group);
            self.verdicts.push((group.id, verdict));
            let view = View { now_ns: self.now_ns, cache: &self.cache };
            self.strategy.on_verdict(view, group.id, verdict, &mut self.out);
            if verdict.is_ok() {
                for intent in group.intents() {
                    self.order_id += 1;
                    let order = Order { id: OrderId(self.order_id), intent: *intent, decided_ns: self.now_ns };
                    self.strategy.on_order(&order);
                    self.orders.push_back(order);
                }
            }
        }
    }

    pub fn groups(&self) -> Vec<Group> {
        self.log.iter().filter_map(|i| if let Item::Group(g) = i { Some(*g) } else { None }).collect()
    }

    pub fn closed(&self) -> Vec<crosstick_strategy::Opportunity> {
        self.log.iter().filter_map(|i| if let Item::Closed(o) = i { Some(*o) } else { None }).collect()
    }
}
