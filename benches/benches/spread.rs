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
use crosstick_benches::desks::SpreadDesk;
use crosstick_benches::desks::spread::{TICKS, crossings, quotes};
use crosstick_model::{InstrumentId, Tick};

fn spread(c: &mut Criterion) {
    let mut group = c.benchmark_group("spread");
    group.throughput(Throughput::Elements(TICKS));

    let ticks = quotes(8, false);
    let mut desk = SpreadDesk::new(8);
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
            let mut desk = SpreadDesk::new(venues);
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
