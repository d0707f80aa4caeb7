//! What the flight recorder takes from a tick and from an order.
//!
//! Topology: clock → reader's observer → core's recorder, as a reader thread and the core thread call them; no sockets, no
//! core.
//! Threads: one, so the record of a read that the two threads share is in this processor's cache.
//! Unit: one stamp; one tick that came alone in its read; one tick with an order.
//! Measures: `raw` and `wall` one reading each way; `tick` and `order` everything that is recorded on their way, stamps
//! and what they are worked out to; `on_the_way_of_an_order` only what lies before the order has left. Beside them
//! `before_*`: as it was done before, each stage a reading of the wall clock and its histogram at once, without traces
//! and overlong turns.
//! Does not measure: what the cache misses of a busy core add, the cold side (a tick that gets among the worst, an
//! overlong turn).

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use crosstick_engine::clock::WallClock;
use crosstick_engine::core::Stamp;
use crosstick_engine::driver::Listener;
use crosstick_engine::run::flight::{Flight, ReaderFlight, ReaderStages, Stages, Turns, Worst};
use crosstick_feeds::{Batch, Observer};
use crosstick_ipc::Recorder;
use crosstick_model::{
    GroupId, InstrumentId, Intent, Order, OrderId, Purpose, Quote, Side, Tick, TimeInForce, VenueId,
};

const QUOTE: Quote = Quote { bid: 6_000_000, bid_quantity: 1, ask: 6_000_005, ask_quantity: 1 };

/// The recorder of a reader and that of the core.
struct Recorders {
    clock: WallClock,
    reader: ReaderFlight,
    core: Flight,
    tick: Tick,
    order: Order,
}

impl Recorders {
    fn new(clock: &WallClock) -> Self {
        let (reader, known) = ReaderFlight::new(clock.clone(), ReaderStages::local(), Turns::new("reader", None));
        let turns = Turns::new("core", None);
        let core = Flight::new(clock.clone(), Stages::local(), turns, Worst::new(None), vec![known]);
        let intent = Intent {
            group: GroupId(1),
            leg: 0,
            instrument: InstrumentId(0),
            side: Side::Buy,
            price: 6_000_005,
            quantity: 1,
            time_in_force: TimeInForce::Ioc,
            purpose: Purpose::Open,
        };
        let order = Order { id: OrderId(0), intent, decided_ns: 0 };
        Self { clock: clock.clone(), reader, core, tick: Tick::quote(InstrumentId(0), 0, QUOTE, 0, 0), order }
    }

    /// What a reader does: the read's time, and what it records once the tick is in the ring.
    fn read(&mut self) {
        let read_ns = self.clock.now_ns();
        self.tick.recv_ns = read_ns;
        let pushed_ns = self.clock.at_ns(self.clock.stamp());
        let batch = Batch { venue: VenueId(0), line: 0, kernel_ns: 0, read_ns, pushed_ns, ticks: 1 };
        self.reader.batch(&batch);
        self.reader.turned(pushed_ns, true);
    }

    /// What the core does up to the tick, on an order's way, and behind it.
    fn take(&mut self) {
        self.core.look();
        self.core.woken();
        self.core.taken(&self.tick, 0);
    }

    fn send(&mut self) {
        self.core.stamp(Stamp::Decided);
        self.core.stamp(Stamp::Gated);
        self.order.id.0 += 1;
        self.core.order_sent(0, black_box(&self.order));
        self.core.stamp(Stamp::Sent);
    }

    fn done(&mut self) {
        self.core.done(&self.tick);
    }
}

/// As it was: `stages` wall-clock readings in a row, each counted in a histogram against the one before.
struct Before {
    clock: WallClock,
    stages: [Recorder; 6],
}

impl Before {
    fn stages(&mut self, count: usize) -> u64 {
        let first = self.clock.now_ns();
        let mut last = first;
        for stage in &mut self.stages[..count] {
            let now = self.clock.now_ns();
            stage.record(now.saturating_sub(last));
            last = now;
        }
        last.saturating_sub(first)
    }

    /// The stages of an order, and from the first to the last.
    fn order(&mut self) {
        let whole = self.stages(5);
        self.stages[5].record(whole);
    }
}

/// A tick is counted in its stages once, an order in its own.
fn verify(recorders: &mut Recorders) {
    for _ in 0..3 {
        recorders.read();
        recorders.take();
        recorders.done();
    }
    recorders.read();
    recorders.take();
    recorders.send();
    recorders.done();
    let count = |stage: &Recorder| stage.snapshot().count();
    let stages = recorders.core.stages();
    assert_eq!((count(&stages.reach_core), count(&stages.decide), count(&stages.tick_to_order)), (4, 1, 1));
    assert_eq!((count(&stages.gate), count(&stages.send), count(&recorders.reader.stages().decode)), (1, 1, 4));
    assert_eq!(recorders.core.worst().rows().count(), 4);
}

fn stamps(c: &mut Criterion) {
    let clock = WallClock::anchored_now();
    verify(&mut Recorders::new(&clock));
    let mut group = c.benchmark_group("stamps");
    group.throughput(Throughput::Elements(1));
    group.bench_function("raw", |b| b.iter(|| black_box(clock.stamp())));
    group.bench_function("wall", |b| b.iter(|| black_box(clock.now_ns())));

    let mut before = Before { clock: clock.clone(), stages: std::array::from_fn(|_| Recorder::local()) };
    // Read, in the ring, taken: three readings, two histograms; an order's way three more, and four.
    group.bench_function("before_tick", |b| b.iter(|| before.stages(2)));
    group.bench_function("before_order", |b| b.iter(|| before.order()));
    let mut recorders = Recorders::new(&clock);
    group.bench_function("tick", |b| {
        b.iter(|| {
            recorders.read();
            recorders.take();
            recorders.done();
        });
    });
    group.bench_function("order", |b| {
        b.iter(|| {
            recorders.read();
            recorders.take();
            recorders.send();
            recorders.done();
        });
    });
    group.bench_function("on_the_way_of_an_order", |b| {
        b.iter(|| {
            recorders.take();
            recorders.send();
        });
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = crosstick_benches::short();
    targets = stamps
}
criterion_main!(benches);
