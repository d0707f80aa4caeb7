//! The ring with ticks in it, both ends on one thread.

use std::hint::black_box;

use crosstick_model::{InstrumentId, Quote, Tick};
use crosstick_ring::spsc::ring;

use super::Stage;

const CAPACITY: usize = 1024;
const BATCH: usize = 64;

fn tick(n: u64) -> Tick {
    let quote = Quote { bid: n as i64, bid_quantity: 2, ask: n as i64 + 1, ask_quantity: 3 };
    Tick::quote(InstrumentId(7), 0, quote, 1_700_000_000_000_000_000 + n, n)
}

/// One tick in, one out: three times around the ring.
pub fn push_pop() -> Stage {
    let (mut producer, mut consumer) = ring(CAPACITY);
    let ticks: Vec<Tick> = (0..3 * CAPACITY as u64).map(tick).collect();
    let mut sweep = move || {
        let mut sum = 0_u64;
        for tick in &ticks {
            let _ = black_box(producer.push(*tick));
            if let Some(tick) = consumer.pop() {
                sum = sum.wrapping_add(black_box(tick).venue_seq);
            }
        }
        sum
    };
    let all = 3 * CAPACITY as u64;
    let sum = all * (all - 1) / 2;
    assert_eq!(sweep(), sum, "every tick comes out");
    Stage::new(all, sum, sweep)
}

/// 64 in, 64 out.
pub fn batch_64() -> Stage {
    let (mut producer, mut consumer) = ring(CAPACITY);
    let ticks: Vec<Tick> = (0..3 * CAPACITY as u64).map(tick).collect();
    let mut sweep = move || {
        let mut sum = 0_u64;
        for batch in ticks.chunks(BATCH) {
            black_box(producer.push_batch(black_box(batch)));
            consumer.pop_batch(BATCH, |tick| sum = sum.wrapping_add(black_box(tick).venue_seq));
        }
        sum
    };
    let all = 3 * CAPACITY as u64;
    let sum = all * (all - 1) / 2;
    assert_eq!(sweep(), sum, "every tick comes out");
    Stage::new(all, sum, sweep)
}
