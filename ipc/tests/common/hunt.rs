//! Records every word of which follows from the first, a writer of them, and a reader that checks that they do.

use std::fmt::Debug;
use std::sync::atomic::{AtomicU64, Ordering};

use crosstick_ipc::layout::{
    BalanceRow, DeniedRow, EngineEvent, EngineRow, FeedRow, FillEvent, LimitRow, OpportunityEvent, OrderRow,
    PositionRow, PriceRow, RiskRow, SpreadRow, TickEvent, describe::Record, table,
};
use crosstick_ipc::{CoreWriter, FeedWriter, Follow, Reader};

/// The record whose first word is `n`; every other word depends on it and on its own place.
pub fn record<T: Record>(n: u64) -> T {
    let word = |i: u64| if i == 0 { n } else { (n ^ i.rotate_left(32)).wrapping_mul(0x9E37_79B9_7F4A_7C15) };
    let words: Vec<u64> = (0..size_of::<T>() as u64 / 8).map(word).collect();
    T::from_words(&words).unwrap()
}

/// Panics unless it is the record of its first word, which it returns.
pub fn whole<T: Record + PartialEq + Debug>(seen: &T) -> u64 {
    let n = seen.to_words()[0];
    assert_eq!(*seen, record::<T>(n), "torn");
    n
}

/// Writes everything that the core writes, once.
pub fn write_core(core: &mut CoreWriter, n: u64) {
    core.engine(&record::<EngineRow>(n));
    core.risk(&record::<RiskRow>(n));
    core.denied(&record::<DeniedRow>(n));
    core.limits.publish(0, &record::<LimitRow>(n));
    core.prices.publish(0, &record::<PriceRow>(n));
    core.spreads.publish(0, &record::<SpreadRow>(n));
    core.positions.publish(0, &record::<PositionRow>(n));
    core.balances.publish(0, &record::<BalanceRow>(n));
    core.open_orders.publish(0, &record::<OrderRow>(n));
    core.ticks.push(&record::<TickEvent>(n));
    core.opportunities.push(&record::<OpportunityEvent>(n));
    core.orders.push(&record::<OrderRow>(n));
    core.fills.push(&record::<FillEvent>(n));
    core.events.push(&record::<EngineEvent>(n));
}

pub fn write_feed(feed: &mut FeedWriter, n: u64) {
    feed.publish(&record::<FeedRow>(n));
}

#[derive(Default)]
pub struct Counts {
    pub reads: AtomicU64,
    pub given_up: AtomicU64,
}

/// Reads a row; it may not go back.
pub fn look<T: Record + PartialEq + Debug>(reader: &Reader, name: &str, last: &mut u64, counts: &Counts) {
    // On a busy machine the writer may be suspended in the middle for longer than is waited.
    match reader.row::<T>(name, 0) {
        Some(seen) => {
            let n = whole(&seen);
            assert!(n >= *last, "{name} went back from {last} to {n}");
            *last = n;
            counts.reads.fetch_add(1, Ordering::Relaxed);
        }
        None => drop(counts.given_up.fetch_add(1, Ordering::Relaxed)),
    }
}

/// Takes some of what is new in a ring: the record of sequence number `s` has the first word `s + 1`.
pub fn take<T: Record + PartialEq + Debug>(follow: &mut Follow<T>, counts: &Counts) {
    for _ in 0..16 {
        let Some(seen) = follow.next_record() else { return };
        assert_eq!(whole(&seen), follow.sequence(), "another record than the one asked for");
        counts.reads.fetch_add(1, Ordering::Relaxed);
    }
}

/// One turn of a reader over all that there is.
pub struct Hunter {
    pub reader: Reader,
    last: [u64; 10],
    ticks: Follow<TickEvent>,
    opportunities: Follow<OpportunityEvent>,
    orders: Follow<OrderRow>,
    fills: Follow<FillEvent>,
    events: Follow<EngineEvent>,
}

impl Hunter {
    pub fn new(reader: Reader) -> Self {
        Self {
            last: [0; 10],
            ticks: reader.ticks().unwrap(),
            opportunities: reader.opportunities().unwrap(),
            orders: reader.orders().unwrap(),
            fills: reader.fills().unwrap(),
            events: reader.events().unwrap(),
            reader,
        }
    }

    pub fn turn(&mut self, counts: &Counts) {
        let [engine, risk, denied, limits, prices, spreads, positions, balances, orders, feeds] = &mut self.last;
        let reader = &self.reader;
        look::<EngineRow>(reader, table::ENGINE, engine, counts);
        look::<RiskRow>(reader, table::RISK, risk, counts);
        look::<DeniedRow>(reader, table::DENIED, denied, counts);
        look::<LimitRow>(reader, table::LIMITS, limits, counts);
        look::<PriceRow>(reader, table::PRICES, prices, counts);
        look::<SpreadRow>(reader, table::SPREADS, spreads, counts);
        look::<PositionRow>(reader, table::POSITIONS, positions, counts);
        look::<BalanceRow>(reader, table::BALANCES, balances, counts);
        look::<OrderRow>(reader, table::OPEN_ORDERS, orders, counts);
        look::<FeedRow>(reader, table::FEEDS, feeds, counts);
        take(&mut self.ticks, counts);
        take(&mut self.opportunities, counts);
        take(&mut self.orders, counts);
        take(&mut self.fills, counts);
        take(&mut self.events, counts);
    }

    /// Takes the rest of the rings: all that was written was seen or counted as missed.
    pub fn finish(mut self, written: u64) -> u64 {
        let last = self.last;
        assert!(last.iter().all(|n| *n == written), "{last:?} of {written}");
        let counts = Counts::default();
        while self.ticks.sequence() < written || self.events.sequence() < written {
            self.turn(&counts);
        }
        self.ticks.missed() + self.events.missed()
    }
}
