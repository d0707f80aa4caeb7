//! What the core does with a tick before anything is decided to be sent: cache and spread detector.
//!
//! Topology: ticks in memory → `PriceCache::apply` → `Spread::on_tick` → outbox, emptied; one market over 2, 4 or 8
//! venues, one instrument each, so 2, 12 or 56 routes.
//! Threads: one.
//! Unit: one tick (a quote), venues in turn.
//! Measures: `cache`: the cache alone, 8 venues; `quiet`: cache and strategy while prices move and nothing pays;
//! `busy`: the same where every fifteenth tick begins an opportunity on each route into its venue and the venue's next
//! tick ends them all. The strategy watches (`trade = false`); decisions are taken out of the outbox.
//! Does not measure: risk, orders and reports, timers, trades, inverse contracts, decoding, many markets whose state
//! does not fit the first-level cache.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use crosstick_benches::worlds::one_market;
use crosstick_model::amount::AMOUNT_ONE;
use crosstick_model::{Amount, InstrumentId, Quote, Tick};
use crosstick_strategy::{Outbox, PriceCache, Spread, SpreadConfig, Strategy, View};

/// Ticks of a sweep: a multiple of the numbers of venues and of [`CROSS_EVERY`].
const TICKS: u64 = 4080;
/// 15 has no factor in common with the numbers of venues, so each has its turn at crossing the others.
const CROSS_EVERY: u64 = 15;
const APART_NS: u64 = 1_000;
const START_NS: u64 = 1_700_000_000_000_000_000;
/// 60 000.00.
const PRICE: i64 = 6_000_000;

/// Quotes of all venues in turn, within 0.1 bps of each other; two taker fees are 2 bps.
fn quotes(venues: u16, crossing: bool) -> Vec<Tick> {
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

struct Desk {
    cache: PriceCache,
    spread: Spread,
    out: Outbox,
    /// Added to the ticks' times: core time never goes back from sweep to sweep.
    shift_ns: u64,
}

impl Desk {
    fn new(venues: u16) -> Self {
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

    fn sweep(&mut self, ticks: &[Tick]) {
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
const fn crossings(venues: u16) -> u64 {
    TICKS / CROSS_EVERY * (venues as u64 - 1)
}

fn spread(c: &mut Criterion) {
    let mut group = c.benchmark_group("spread");
    group.throughput(Throughput::Elements(TICKS));

    let ticks = quotes(8, false);
    let mut desk = Desk::new(8);
    group.bench_function("cache", |b| {
        b.iter(|| {
            for tick in &ticks {
                desk.cache.apply(black_box(tick));
            }
        });
    });
    let last = |id: u16| ticks.iter().rev().find(|t| t.instrument.0 == id).and_then(Tick::as_quote);
    for id in 0..8 {
        assert_eq!(desk.cache.last_quote(InstrumentId(id)).map(|(quote, _)| quote), last(id));
    }

    for venues in [2, 4, 8] {
        for (name, crossing) in [("quiet", false), ("busy", true)] {
            let ticks = quotes(venues, crossing);
            let mut desk = Desk::new(venues);
            desk.sweep(&ticks);
            let wanted = if crossing { crossings(venues) } else { 0 };
            assert_eq!(desk.spread.counters().seen, wanted, "{venues} venues");
            group.bench_function(format!("{name}_{venues}"), |b| b.iter(|| desk.sweep(&ticks)));
            let before = desk.spread.counters().seen;
            desk.sweep(&ticks);
            assert_eq!(desk.spread.counters().seen - before, wanted, "{venues} venues, still right after timing");
        }
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = crosstick_benches::short();
    targets = spread
}
criterion_main!(benches);
