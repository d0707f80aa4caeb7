//! What the core does with a tick before anything is decided to be sent: cache and spread detector.

use std::hint::black_box;

use crosstick_model::amount::AMOUNT_ONE;
use crosstick_model::{Amount, InstrumentId, Quote, Tick};
use crosstick_strategy::{Outbox, PriceCache, Spread, SpreadConfig, Strategy, View};

use crate::worlds::one_market;

/// Ticks of a sweep: a multiple of the numbers of venues and of `CROSS_EVERY`.
pub const TICKS: u64 = 4080;
/// 15 has no factor in common with the numbers of venues, so each has its turn at crossing the others.
const CROSS_EVERY: u64 = 15;
const APART_NS: u64 = 1_000;
const START_NS: u64 = 1_700_000_000_000_000_000;
/// 60 000.00.
const PRICE: i64 = 6_000_000;

/// Quotes of all venues in turn, within 0.1 bps of each other; two taker fees are 2 bps. Where `crossing`, every
/// fifteenth rises far enough to pay.
#[must_use]
pub fn quotes(venues: u16, crossing: bool) -> Vec<Tick> {
    let quote = |n: u64| {
        let drift = (n % 37) as i64 - 18;
        let above = if crossing && n.is_multiple_of(CROSS_EVERY) { PRICE / 1000 } else { 0 };
        let bid = PRICE + drift + above;
        let size = 20_000 + (n % 11) as i64 * 1_000;
        let quote = Quote { bid, bid_quantity: size, ask: bid + 5, ask_quantity: size };
        Tick::quote(InstrumentId((n % u64::from(venues)) as u16), 0, quote, START_NS + n * APART_NS, n + 1)
    };
    (0..TICKS).map(quote).collect()
}

/// Cache, strategy and outbox over one market.
#[derive(Debug)]
pub struct SpreadDesk {
    /// The price cache.
    pub cache: PriceCache,
    /// The strategy.
    pub spread: Spread,
    out: Outbox,
    /// Added to the ticks' times: core time never goes back from sweep to sweep.
    shift_ns: u64,
}

impl SpreadDesk {
    /// Over so many venues, one instrument each, watching.
    ///
    /// # Panics
    /// With more venues than a universe holds.
    #[must_use]
    pub fn new(venues: u16) -> Self {
        let universe = one_market(venues);
        let config = SpreadConfig {
            min_edge_e8: 10_000,
            max_age_ns: 2_000_000_000,
            max_lag_us: 250_000,
            max_notional: Amount(500 * AMOUNT_ONE),
            ..SpreadConfig::watch(&universe)
        };
        let cache = PriceCache::new(&universe, config.freshness());
        let spread = Spread::new(&universe, &config).expect("a universe that can be traded");
        let out = Outbox::with_capacity(spread.outbox_capacity());
        Self { cache, spread, out, shift_ns: 0 }
    }

    /// Takes all ticks, and what is decided out of the outbox.
    #[inline]
    pub fn sweep(&mut self, ticks: &[Tick]) {
        for tick in ticks {
            let tick = Tick { recv_ns: tick.recv_ns + self.shift_ns, ..*tick };
            self.cache.apply(&tick);
            let view = View { now_ns: tick.recv_ns, cache: &self.cache };
            self.spread.on_tick(view, &tick, &mut self.out);
            while let Some(item) = self.out.pop() {
                black_box(item);
            }
        }
        self.shift_ns += TICKS * APART_NS;
    }
}

/// Each crossing begins one opportunity a route into the venue that rose; the very first ones as the others' first
/// quotes come in.
#[must_use]
pub const fn crossings(venues: u16) -> u64 {
    TICKS / CROSS_EVERY * (venues as u64 - 1)
}
