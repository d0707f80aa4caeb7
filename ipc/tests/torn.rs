//! The hunt for torn reads: every word of a record follows from its first, and readers check that it always does, in
//! every table and every ring. `CROSSTICK_ALL=1` makes the hunt a minute long.

mod common;

use std::fmt::Debug;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use common::{place, shape, universe};
use crosstick_ipc::layout::{
    BalanceRow, DeniedRow, EngineEvent, EngineRow, FeedRow, FillEvent, LimitRow, OpportunityEvent, OrderRow,
    PositionRow, PriceRow, RiskRow, SpreadRow, TickEvent, describe::Record, table,
};
use crosstick_ipc::{CoreWriter, FeedWriter, Follow, Place, Reader, Writer};

const WRITES: u64 = 100_000;
const LONG_HUNT: Duration = Duration::from_secs(60);

/// The record whose first word is `n`; every other word depends on it and on its own place.
fn record<T: Record>(n: u64) -> T {
    let word = |i: u64| if i == 0 { n } else { (n ^ i.rotate_left(32)).wrapping_mul(0x9E37_79B9_7F4A_7C15) };
    let words: Vec<u64> = (0..size_of::<T>() as u64 / 8).map(word).collect();
    T::from_words(&words).unwrap()
}

/// Panics unless it is the record of its first word, which it returns.
fn whole<T: Record + PartialEq + Debug>(seen: &T) -> u64 {
    let n = seen.to_words()[0];
    assert_eq!(*seen, record::<T>(n), "torn");
    n
}

/// Writes everything that the core writes, once.
fn write_core(core: &mut CoreWriter, n: u64) {
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

fn write_feed(feed: &mut FeedWriter, n: u64) {
    feed.publish(&record::<FeedRow>(n));
}

#[derive(Default)]
struct Counts {
    reads: AtomicU64,
    given_up: AtomicU64,
}

/// Reads a row; it may not go back.
fn look<T: Record + PartialEq + Debug>(reader: &Reader, name: &str, last: &mut u64, counts: &Counts) {
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
fn take<T: Record + PartialEq + Debug>(follow: &mut Follow<T>, counts: &Counts) {
    for _ in 0..16 {
        let Some(seen) = follow.next_record() else { return };
        assert_eq!(whole(&seen), follow.sequence(), "another record than the one asked for");
        counts.reads.fetch_add(1, Ordering::Relaxed);
    }
}

/// One turn of a reader over all that there is.
struct Hunter {
    reader: Reader,
    last: [u64; 10],
    ticks: Follow<TickEvent>,
    opportunities: Follow<OpportunityEvent>,
    orders: Follow<OrderRow>,
    fills: Follow<FillEvent>,
    events: Follow<EngineEvent>,
}

impl Hunter {
    fn new(reader: Reader) -> Self {
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

    fn turn(&mut self, counts: &Counts) {
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
    fn finish(mut self, written: u64) -> u64 {
        let last = self.last;
        assert!(last.iter().all(|n| *n == written), "{last:?} of {written}");
        let counts = Counts::default();
        while self.ticks.sequence() < written || self.events.sequence() < written {
            self.turn(&counts);
        }
        self.ticks.missed() + self.events.missed()
    }
}

fn hunt(place: &Place, mapped: bool, done: &AtomicBool, written: &AtomicU64, counts: &Counts) -> u64 {
    let reader = if mapped { Reader::map(place) } else { Reader::open(place) };
    let mut hunter = Hunter::new(reader.unwrap());
    let mut turns = 0u32;
    loop {
        let ended = done.load(Ordering::Acquire);
        hunter.turn(counts);
        if ended {
            return hunter.finish(written.load(Ordering::Acquire));
        }
        turns += 1;
        if turns.is_multiple_of(64) {
            thread::yield_now();
        }
    }
}

#[test]
fn no_reader_ever_sees_a_torn_record() {
    let dir = tempfile::tempdir().unwrap();
    let place = place(dir.path());
    let universe = universe();
    let Writer { mut core, mut feeds, owner, .. } = Writer::create(&place, &shape(&universe)).unwrap();
    write_core(&mut core, 1);
    write_feed(&mut feeds[0], 1);
    let long = std::env::var_os("CROSSTICK_ALL").is_some();
    let (done, written, counts) = (AtomicBool::new(false), AtomicU64::new(0), Counts::default());
    let missed = AtomicU64::new(0);
    thread::scope(|scope| {
        for mapped in [true, true, false] {
            let (place, done, written, counts, missed) = (&place, &done, &written, &counts, &missed);
            scope.spawn(move || missed.fetch_add(hunt(place, mapped, done, written, counts), Ordering::Relaxed));
        }
        let (began, mut n) = (Instant::now(), 1);
        while n < WRITES || (long && began.elapsed() < LONG_HUNT) {
            n += 1;
            write_core(&mut core, n);
            write_feed(&mut feeds[0], n);
            if n.is_multiple_of(1024) {
                thread::yield_now();
            }
        }
        written.store(n, Ordering::Release);
        done.store(true, Ordering::Release);
    });
    let load = |n: &AtomicU64| n.load(Ordering::Relaxed);
    println!(
        "{} rounds of 15 records written; {} whole reads, {} given up, {} ticks and events missed, 0 torn",
        load(&written),
        load(&counts.reads),
        load(&counts.given_up),
        load(&missed)
    );
    assert!(load(&counts.reads) > 0);
    drop(owner);
}

#[test]
fn a_histogram_read_while_it_grows_only_grows() {
    let dir = tempfile::tempdir().unwrap();
    let place = place(dir.path());
    let universe = universe();
    let mut writer = Writer::create(&place, &shape(&universe)).unwrap();
    let reader = Reader::open(&place).unwrap();
    let recorder = &mut writer.recorders[2];
    thread::scope(|scope| {
        let recording = scope.spawn(|| {
            for n in 0..WRITES {
                recorder.record(n % 5000);
            }
        });
        let mut last = 0;
        while !recording.is_finished() {
            let count = reader.latency()[1].counted.count();
            assert!(count >= last && count <= WRITES);
            last = count;
            thread::yield_now();
        }
    });
    assert_eq!(reader.latency()[1].counted.count(), WRITES);
}
