//! Risk's decision on a group of intents.
//!
//! Topology: intents in memory → `Risk::gate` → approved orders.
//! Threads: one.
//! Unit: one group: one leg, or a pair of two legs on two venues.
//! Measures: every check of an opening order, all limits set and balances tracked, none of them reached, with up to 16
//! groups in flight; the clock is read around 16 groups at a time, which adds some 3 ns to each.
//! Does not measure: denials, closing orders, reports and fills, the marks that ticks move, taking orders back (done
//! between the timed parts).

use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use crosstick_benches::desks::GateDesk;
use crosstick_benches::desks::gate::GROUPS;

fn gate(c: &mut Criterion) {
    let mut group = c.benchmark_group("gate");
    group.throughput(Throughput::Elements(1));
    for (name, legs) in [("one_leg", 1), ("two_legs", 2)] {
        let mut desk = GateDesk::new();
        desk.verify(legs);
        group.bench_function(name, |b| {
            b.iter_custom(|iterations| {
                let (mut left, mut took) = (iterations, Duration::ZERO);
                while left > 0 {
                    let groups = left.min(GROUPS);
                    desk.prepare(groups, legs);
                    let begin = Instant::now();
                    desk.gate_all(legs);
                    took += begin.elapsed();
                    assert_eq!(desk.approved.len() as u64, groups * legs as u64, "all approved");
                    left -= groups;
                }
                took
            });
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = crosstick_benches::short();
    targets = gate
}
criterion_main!(benches);
