//! A detector without any cleverness: every route from scratch at every input, in unbounded integers, straight from
//! the definitions.

use std::collections::BTreeMap;

use crosstick_model::{InstrumentId, Kind, Quote, Tick, TickFlags, TickKind, Universe};
use crosstick_strategy::{Source, SpreadConfig};
use num_bigint::BigInt;

/// (market, buy leg, sell leg)
pub type Key = (usize, usize, usize);

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    Begin { id: u64, key: Key, at_ns: u64, edge_ppm: i64, prices: [i64; 2], base: i64, quantities: [i64; 2] },
    Better { id: u64, key: Key, at_ns: u64, edge_ppm: i64, prices: [i64; 2], base: i64, quantities: [i64; 2] },
    End { id: u64, key: Key, begin_ns: u64, end_ns: u64, first_ppm: i64, best_ppm: i64, prices: [i64; 2], base: i64 },
}

#[derive(Debug, Clone)]
struct Open {
    id: u64,
    begin_ns: u64,
    first_ppm: i64,
    best_ppm: i64,
    prices: [i64; 2],
    base: i64,
}

/// What a route is worth now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Worth {
    pub edge_ppm: i64,
    pub prices: [i64; 2],
    pub base: i64,
    pub quantities: [i64; 2],
}

pub struct Naive<'a> {
    universe: &'a Universe,
    config: &'a SpreadConfig,
    now_ns: u64,
    prices: BTreeMap<InstrumentId, (Quote, u64, u8)>,
    lags: BTreeMap<(u8, u8), Vec<i64>>,
    down: BTreeMap<(u8, u8), bool>,
    open: BTreeMap<Key, Open>,
    count: u64,
    pub seen: Vec<Seen>,
}

fn floor_div(a: &BigInt, b: &BigInt) -> BigInt {
    let zero = BigInt::from(0);
    let (q, r) = (a / b, a % b);
    if r != zero && ((r < zero) != (*b < zero)) { q - 1 } else { q }
}

fn ten(power: u8) -> BigInt {
    BigInt::from(10).pow(u32::from(power))
}

fn capped(value: BigInt) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

impl<'a> Naive<'a> {
    pub fn new(universe: &'a Universe, config: &'a SpreadConfig) -> Self {
        Self {
            universe,
            config,
            now_ns: 0,
            prices: BTreeMap::new(),
            lags: BTreeMap::new(),
            down: BTreeMap::new(),
            open: BTreeMap::new(),
            count: 0,
            seen: Vec::new(),
        }
    }

    /// The first moment at which a quote of something open is too old.
    pub fn next_stale_ns(&self) -> Option<u64> {
        let legs = self.open.keys().flat_map(|(m, b, s)| [(m, b), (m, s)]);
        let stale = legs.map(|(m, l)| self.prices[&self.universe.markets[*m].instruments[*l]].1);
        stale.map(|recv_ns| recv_ns.saturating_add(self.config.max_age_ns)).filter(|t| *t != u64::MAX).min()
    }

    pub fn tick(&mut self, tick: &Tick) {
        let at_ns = tick.recv_ns.max(self.now_ns);
        while let Some(due) = self.next_stale_ns().filter(|due| *due <= at_ns) {
            self.now_ns = due;
            self.evaluate();
        }
        self.now_ns = at_ns;
        self.take(tick);
        self.evaluate();
    }

    fn take(&mut self, tick: &Tick) {
        if let Some((venue, live)) = tick.as_line_state() {
            let line = tick.flags.line();
            self.down.insert((venue.0, line), !live);
            let brought = |id: &InstrumentId, by: u8| (self.universe.instrument(*id).venue, by) == (venue, line);
            self.prices.retain(|id, (_, _, by)| live || !brought(id, *by));
            return;
        }
        let venue = self.universe.instrument(tick.instrument).venue;
        if tick.exchange_offset_us != Tick::NO_EXCHANGE_TIME {
            let lag = -i64::from(tick.exchange_offset_us);
            self.lags.entry((venue.0, tick.flags.line())).or_default().push(lag);
        }
        let [a, b, c, d] = tick.values;
        let quote = match (self.config.source, tick.kind) {
            (Source::Quotes, TickKind::Quote) => Quote { bid: a, bid_quantity: b, ask: c, ask_quantity: d },
            (Source::Trades, TickKind::Trade) if !tick.flags.has(TickFlags::OFF_MARKET) => {
                Quote { bid: a, bid_quantity: b, ask: a, ask_quantity: b }
            }
            _ => return,
        };
        self.prices.insert(tick.instrument, (quote, tick.recv_ns, tick.flags.line()));
    }

    fn usable(&self, instrument: InstrumentId) -> Option<Quote> {
        let (quote, recv_ns, line) = *self.prices.get(&instrument)?;
        let line = (self.universe.instrument(instrument).venue.0, line);
        let ordered = match self.config.source {
            Source::Quotes => quote.bid < quote.ask,
            Source::Trades => true,
        };
        let lagging = self.lags.get(&line).is_some_and(|lags| {
            let above = lags.last().unwrap() - lags.iter().min().unwrap();
            self.config.max_lag_us > 0 && above > self.config.max_lag_us
        });
        let sound = quote.bid > 0 && ordered && quote.bid_quantity > 0 && quote.ask_quantity > 0;
        let fresh = u128::from(self.now_ns) < u128::from(recv_ns) + u128::from(self.config.max_age_ns);
        let live = !self.down.get(&line).copied().unwrap_or(false);
        (sound && fresh && live && !lagging).then_some(quote)
    }

    fn base(&self, id: InstrumentId, price: i64, quantity: i64) -> i64 {
        let i = self.universe.instrument(id);
        if i.kind != Kind::Inverse {
            return quantity;
        }
        let up = BigInt::from(quantity) * i.contract_size.0 * ten(i.scale.price_decimals);
        capped(up / (BigInt::from(price) * ten(16)))
    }

    /// Contracts worth `base`: whole ones, and whole steps.
    fn contracts(&self, id: InstrumentId, price: i64, base: i64) -> i64 {
        let i = self.universe.instrument(id);
        let up = BigInt::from(base) * price * ten(16);
        let mut n: BigInt = up / (BigInt::from(i.contract_size.0) * ten(i.scale.price_decimals));
        n = &n - (&n % ten(i.scale.quantity_decimals));
        n = &n - (&n % BigInt::from(i.quantity_step));
        capped(n)
    }

    fn enough(&self, id: InstrumentId, price: i64, quantity: i64) -> bool {
        let i = self.universe.instrument(id);
        let (notional, least) = match i.kind {
            // both at 10^-(16 + price and quantity decimals)
            Kind::Spot | Kind::Linear => {
                let least = BigInt::from(i.min_notional.0) * ten(i.scale.price_decimals + i.scale.quantity_decimals);
                (BigInt::from(price) * quantity * ten(16), least)
            }
            Kind::Inverse => (
                BigInt::from(i.contract_size.0) * quantity,
                BigInt::from(i.min_notional.0) * ten(i.scale.quantity_decimals),
            ),
        };
        quantity > 0 && quantity >= i.min_quantity && notional >= least
    }

    pub fn worth(&self, key: Key) -> Option<Worth> {
        let (m, b, s) = key;
        let market = &self.universe.markets[m];
        let (buy, sell) = (market.instruments[b], market.instruments[s]);
        let (ask_side, bid_side) = (self.usable(buy)?, self.usable(sell)?);
        let (ask, bid) = (ask_side.ask, bid_side.bid);
        let fee = |id| self.universe.venue(self.universe.instrument(id).venue).fees.taker_e8;
        let one = BigInt::from(100_000_000);
        let gain: BigInt = (&one - fee(sell)) * bid - (&one + fee(buy)) * ask;
        if gain < BigInt::from(self.config.min_edge_e8) * ask {
            return None;
        }
        let edge = floor_div(&gain, &(BigInt::from(ask) * 100));
        let edge_ppm = i64::try_from(&edge).unwrap_or(if edge < BigInt::from(0) { i64::MIN } else { i64::MAX });
        let rate = self.config.rates[self.universe.instrument(buy).quote.index()].unwrap();
        let scale = market.scale;
        let up = BigInt::from(self.config.max_notional.0) * ten(scale.price_decimals + scale.quantity_decimals);
        let affordable = capped(up / (BigInt::from(rate.0) * ask));
        let legs = [(buy, ask), (sell, bid)];
        let mut base = self.base(buy, ask, ask_side.ask_quantity).min(self.base(sell, bid, bid_side.bid_quantity));
        base = base.min(affordable);
        let mut quantities = [0; 2];
        let inverse = |id| self.universe.instrument(id).kind == Kind::Inverse;
        for (quantity, (id, price)) in quantities.iter_mut().zip(legs) {
            if inverse(id) {
                *quantity = self.contracts(id, price, base);
                base = self.base(id, price, *quantity);
            }
        }
        // the largest number that is a whole number of steps of every other leg
        let steps =
            legs.iter().filter(|(id, _)| !inverse(*id)).map(|(id, _)| self.universe.instrument(*id).quantity_step);
        let steps: Vec<i64> = steps.collect();
        while let Some(step) = steps.iter().find(|step| base % **step != 0) {
            base -= base % step;
        }
        for (quantity, (id, price)) in quantities.iter_mut().zip(legs) {
            if !inverse(id) {
                *quantity = base;
            }
            if base <= 0 || !self.enough(id, price, *quantity) {
                return None;
            }
        }
        Some(Worth { edge_ppm, prices: [ask, bid], base, quantities })
    }

    fn evaluate(&mut self) {
        for m in 0..self.universe.markets.len() {
            let legs = self.universe.markets[m].instruments.len();
            for b in 0..legs {
                for s in (0..legs).filter(|s| *s != b) {
                    self.evaluate_route((m, b, s));
                }
            }
        }
    }

    fn evaluate_route(&mut self, key: Key) {
        let at_ns = self.now_ns;
        match (self.worth(key), self.open.get_mut(&key)) {
            (Some(w), None) => {
                self.count += 1;
                let Worth { edge_ppm, prices, base, quantities } = w;
                let id = self.count;
                self.seen.push(Seen::Begin { id, key, at_ns, edge_ppm, prices, base, quantities });
                let open = Open { id, begin_ns: at_ns, first_ppm: edge_ppm, best_ppm: edge_ppm, prices, base };
                self.open.insert(key, open);
            }
            (Some(w), Some(open)) if w.edge_ppm > open.best_ppm => {
                open.best_ppm = w.edge_ppm;
                let Worth { edge_ppm, prices, base, quantities } = w;
                self.seen.push(Seen::Better { id: open.id, key, at_ns, edge_ppm, prices, base, quantities });
            }
            (None, Some(_)) => {
                let Open { id, begin_ns, first_ppm, best_ppm, prices, base } = self.open.remove(&key).unwrap();
                self.seen.push(Seen::End { id, key, begin_ns, end_ns: at_ns, first_ppm, best_ppm, prices, base });
            }
            _ => {}
        }
    }
}
