//! Price cache and spread detector, one market: quotes of all venues in turn.

use std::hint::black_box;

use crosstick_model::{InstrumentId, Quote, Tick};
use crosstick_strategy::{Outbox, PriceCache, Spread, SpreadConfig, Strategy, View};

use super::Stage;
use crate::world::{currency, one_market};

/// A multiple of the numbers of venues and of [`CROSS_EVERY`].
const TICKS: u64 = 960;
/// Has no factor in common with the numbers of venues, so that each has its turn at crossing the others.
const CROSS_EVERY: u64 = 15;
const APART_NS: u64 = 1_000;
const START_NS: u64 = 1_700_000_000_000_000_000;
/// 60 000.00.
const PRICE: i64 = 6_000_000;

/// Quotes within 0.1 bps of each other; where they cross, every fifteenth begins an opportunity on each route into its
/// venue, and that venue's next one ends them.
fn tick(n: u64, venues: u16, crossing: bool) -> Tick {
    let drift = (n % 37) as i64 - 18;
    let above = if crossing && n.is_multiple_of(CROSS_EVERY) { PRICE / 1000 } else { 0 };
    let bid = PRICE + drift + above;
    let size = 20_000 + (n % 11) as i64 * 1_000;
    let quote = Quote { bid, bid_quantity: size, ask: bid + 5, ask_quantity: size };
    Tick::quote(InstrumentId((n % u64::from(venues)) as u16), 0, quote, START_NS + n * APART_NS, n + 1)
}

/// One tick: cache and detector, decisions taken out of the outbox; nothing is sent.
pub fn quotes(venues: u16, crossing: bool) -> Stage {
    let universe = one_market(venues);
    let config = SpreadConfig {
        min_edge_e8: 10_000,
        max_age_ns: 2_000_000_000,
        max_lag_us: 250_000,
        max_notional: currency(500),
        ..SpreadConfig::watch(&universe)
    };
    let mut cache = PriceCache::new(&universe, config.freshness());
    let mut spread = Spread::new(&universe, &config).expect("a universe that can be traded");
    let mut out = Outbox::with_capacity(spread.outbox_capacity());
    let mut sweep = move |ticks: &[Tick]| {
        for tick in ticks {
            cache.apply(tick);
            let view = View { now_ns: tick.recv_ns, cache: &cache };
            spread.on_tick(view, tick, &mut out);
            while let Some(item) = out.pop() {
                black_box(item);
            }
        }
        spread.counters().seen
    };
    let ticks = |from: u64| (from..from + TICKS).map(|n| tick(n, venues, crossing)).collect::<Vec<_>>();
    let wanted = if crossing { TICKS / CROSS_EVERY * (u64::from(venues) - 1) } else { 0 };
    assert_eq!(sweep(&ticks(0)), wanted, "{venues} venues");
    assert_eq!(sweep(&ticks(TICKS)), 2 * wanted, "{venues} venues");
    let ticks = ticks(2 * TICKS);
    Stage::new(TICKS, 3 * wanted, move || sweep(&ticks))
}
