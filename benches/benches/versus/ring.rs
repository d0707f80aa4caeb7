//! A tick through a queue between two pinned threads, there and back and one way, with a PAUSE on each empty or full
//! look as the engine's waiter does.

use std::sync::Arc;
use std::thread;

use crossbeam_channel as channel;
use crossbeam_queue::ArrayQueue;
use crosstick_benches::turns::placement::pin;
use crosstick_benches::turns::result::Session;
use crosstick_benches::turns::{Clock, Contest, Measure, Target, Targets, percentiles};
use crosstick_model::{InstrumentId, Quote, Tick};
use crosstick_ring::spsc;
use disruptor::{BusySpin, EventPoller, Polling, Producer as _, SingleConsumerBarrier, SingleProducer};

const CAPACITY: usize = 4096;
const ROUND_TRIPS: u64 = 20_000;
const WARM_UP: u64 = 1_000;
const TICKS: u64 = 400_000;
const BATCH: usize = 64;

const ROUND_TRIP: &[Measure] = &[Measure::ns("p50"), Measure::ns("p99")];
const ROUND_TRIP_TARGETS: Targets = &[
    [Some(Target::ratio(0.85, 0.65)), Some(Target::ratio(0.85, 0.65))],
    [Some(Target::ratio(0.90, 0.80)), Some(Target::ratio(0.90, 0.80))],
];
const THROUGHPUT: &[Measure] = &[Measure::millions("ticks")];
const THROUGHPUT_TARGETS: Targets = &[[Some(Target::ratio(1.5, 3.0)), Some(Target::ratio(3.0, 7.0))]];

fn tick(n: u64) -> Tick {
    let quote =
        Quote { bid: (n as i64).wrapping_mul(0x9E37_79B9), bid_quantity: 2, ask: n as i64 + 1, ask_quantity: 3 };
    Tick::quote(InstrumentId(7), 0, quote, 1_700_000_000_000_000_000 + n, n)
}

/// All words of a tick are looked at.
fn add(sum: u64, tick: &Tick) -> u64 {
    let values = tick.values.iter().fold(0u64, |all, value| all ^ *value as u64);
    sum.wrapping_mul(31)
        .wrapping_add(values ^ tick.recv_ns ^ tick.venue_seq.rotate_left(7) ^ u64::from(tick.instrument.0))
}

/// The end that pushes.
trait Tx: Send + 'static {
    /// False when there was no room.
    fn push(&mut self, tick: Tick) -> bool;
    /// Several; how many had room.
    fn push_some(&mut self, ticks: &[Tick]) -> usize {
        usize::from(self.push(ticks[0]))
    }
}

/// The end that pops.
trait Rx: Send + 'static {
    fn pop(&mut self) -> Option<Tick>;
    /// All that are there, or one; how many.
    fn pop_some(&mut self, take: &mut impl FnMut(&Tick)) -> usize {
        self.pop().map_or(0, |tick| {
            take(&tick);
            1
        })
    }
}

/// Pushes and pops in batches: as slices (ours), in chunks (rtrb).
struct Batched<E>(E);

impl Tx for spsc::Producer<Tick> {
    fn push(&mut self, tick: Tick) -> bool {
        spsc::Producer::push(self, tick).is_ok()
    }
}

impl Rx for spsc::Consumer<Tick> {
    fn pop(&mut self) -> Option<Tick> {
        spsc::Consumer::pop(self)
    }
}

impl Tx for Batched<spsc::Producer<Tick>> {
    fn push(&mut self, tick: Tick) -> bool {
        self.0.push(tick).is_ok()
    }

    fn push_some(&mut self, ticks: &[Tick]) -> usize {
        self.0.push_batch(ticks)
    }
}

impl Rx for Batched<spsc::Consumer<Tick>> {
    fn pop(&mut self) -> Option<Tick> {
        self.0.pop()
    }

    fn pop_some(&mut self, take: &mut impl FnMut(&Tick)) -> usize {
        self.0.pop_batch(BATCH, |tick| take(&tick))
    }
}

impl Tx for rtrb::Producer<Tick> {
    fn push(&mut self, tick: Tick) -> bool {
        rtrb::Producer::push(self, tick).is_ok()
    }
}

impl Rx for rtrb::Consumer<Tick> {
    fn pop(&mut self) -> Option<Tick> {
        rtrb::Consumer::pop(self).ok()
    }
}

impl Tx for Batched<rtrb::Producer<Tick>> {
    fn push(&mut self, tick: Tick) -> bool {
        self.0.push(tick).is_ok()
    }

    fn push_some(&mut self, ticks: &[Tick]) -> usize {
        self.0.push_partial_slice(ticks).0.len()
    }
}

impl Rx for Batched<rtrb::Consumer<Tick>> {
    fn pop(&mut self) -> Option<Tick> {
        self.0.pop().ok()
    }

    fn pop_some(&mut self, take: &mut impl FnMut(&Tick)) -> usize {
        let count = self.0.slots().min(BATCH);
        let chunk = self.0.read_chunk(count).expect("so many are there");
        let (first, second) = chunk.as_slices();
        first.iter().chain(second).for_each(take);
        chunk.commit_all();
        count
    }
}

impl Tx for Arc<ArrayQueue<Tick>> {
    fn push(&mut self, tick: Tick) -> bool {
        ArrayQueue::push(self, tick).is_ok()
    }
}

impl Rx for Arc<ArrayQueue<Tick>> {
    fn pop(&mut self) -> Option<Tick> {
        ArrayQueue::pop(self)
    }
}

impl Tx for channel::Sender<Tick> {
    fn push(&mut self, tick: Tick) -> bool {
        self.try_send(tick).is_ok()
    }
}

impl Rx for channel::Receiver<Tick> {
    fn pop(&mut self) -> Option<Tick> {
        self.try_recv().ok()
    }
}

struct Poller(EventPoller<Tick, SingleProducerBarrier>);
type SingleProducerBarrier = disruptor::SingleProducerBarrier;

impl Tx for SingleProducer<Tick, SingleConsumerBarrier> {
    fn push(&mut self, tick: Tick) -> bool {
        self.try_publish(|slot| *slot = tick).is_ok()
    }

    fn push_some(&mut self, ticks: &[Tick]) -> usize {
        let fill = self.try_batch_publish(ticks.len(), |slots| slots.zip(ticks).for_each(|(slot, tick)| *slot = *tick));
        if fill.is_ok() { ticks.len() } else { 0 }
    }
}

impl Rx for Poller {
    fn pop(&mut self) -> Option<Tick> {
        self.0.take(1).ok().and_then(|mut events| (&mut events).next().copied())
    }

    fn pop_some(&mut self, take: &mut impl FnMut(&Tick)) -> usize {
        match self.0.poll() {
            Ok(mut events) => {
                let mut count = 0;
                (&mut events).for_each(|tick| {
                    take(tick);
                    count += 1;
                });
                count
            }
            Err(Polling::NoEvents | Polling::Shutdown) => 0,
        }
    }
}

fn ours() -> (spsc::Producer<Tick>, spsc::Consumer<Tick>) {
    spsc::ring(CAPACITY)
}

fn rtrb_ring() -> (rtrb::Producer<Tick>, rtrb::Consumer<Tick>) {
    rtrb::RingBuffer::new(CAPACITY)
}

fn array_queue() -> (Arc<ArrayQueue<Tick>>, Arc<ArrayQueue<Tick>>) {
    let queue = Arc::new(ArrayQueue::new(CAPACITY));
    (Arc::clone(&queue), queue)
}

fn disruptor_ring() -> (SingleProducer<Tick, SingleConsumerBarrier>, Poller) {
    let builder = disruptor::build_single_producer(CAPACITY, || tick(0), BusySpin);
    let (poller, builder) = builder.new_event_poller();
    (builder.build(), Poller(poller))
}

fn push(tx: &mut impl Tx, tick: Tick) {
    while !tx.push(tick) {
        std::hint::spin_loop();
    }
}

fn pop(rx: &mut impl Rx) -> Tick {
    loop {
        match rx.pop() {
            Some(tick) => return tick,
            None => std::hint::spin_loop(),
        }
    }
}

fn round_trip<T: Tx, R: Rx>(make: impl Fn() -> (T, R), clock: &Clock) -> Vec<f64> {
    let ((mut to, mut questions), (mut answers, mut from)) = (make(), make());
    let other = thread::spawn(move || {
        pin(1);
        for _ in 0..WARM_UP + ROUND_TRIPS {
            let mut tick = pop(&mut questions);
            tick.venue_seq = !tick.venue_seq;
            push(&mut answers, tick);
        }
    });
    let mut samples = Vec::with_capacity(ROUND_TRIPS as usize);
    for n in 0..WARM_UP + ROUND_TRIPS {
        let begin = clock.ticks();
        push(&mut to, tick(n));
        let answer = pop(&mut from);
        let took = clock.ticks() - begin;
        assert_eq!(answer, Tick { venue_seq: !n, ..tick(n) });
        if n >= WARM_UP {
            samples.push(took);
        }
    }
    other.join().expect("the answering thread ends in order");
    percentiles(&mut samples, clock, &[0.5, 0.99])
}

fn throughput<T: Tx, R: Rx>(make: impl Fn() -> (T, R), batches: bool, clock: &Clock) -> Vec<f64> {
    let (mut to, mut from) = make();
    let mut all: Vec<Tick> = (0..TICKS).map(tick).collect();
    let consumer = thread::spawn(move || {
        pin(1);
        let (mut sum, mut left) = (0, TICKS);
        while left > 0 {
            match from.pop_some(&mut |tick| sum = add(sum, tick)) {
                0 => std::hint::spin_loop(),
                count => left -= count as u64,
            }
        }
        sum
    });
    let expected = all.iter().fold(0, add);
    // Touched just now; in the cache or not is the same for everybody.
    let begin = clock.ticks();
    if batches {
        for batch in all.chunks(BATCH) {
            let mut rest = batch;
            while !rest.is_empty() {
                let count = to.push_some(rest);
                rest = &rest[count..];
                if count == 0 {
                    std::hint::spin_loop();
                }
            }
        }
    } else {
        all.iter().for_each(|tick| push(&mut to, *tick));
    }
    let sum = consumer.join().expect("the consumer ends in order");
    let ns = clock.ns(clock.ticks() - begin);
    assert_eq!(sum, expected, "no tick lost, none twice, all in order");
    all.clear();
    vec![TICKS as f64 / ns * 1e3]
}

pub fn run(session: &mut Session) {
    let clock = &Clock::new();
    Contest::new("ring/round_trip", "a tick of 56 bytes to another thread and back", ROUND_TRIP)
        .two_threads()
        .rival("rtrb", || round_trip(rtrb_ring, clock))
        .ours("crosstick ring", ROUND_TRIP_TARGETS, || round_trip(ours, clock))
        .other("disruptor", || round_trip(disruptor_ring, clock))
        .other("crossbeam ArrayQueue", || round_trip(array_queue, clock))
        .other("crossbeam channel", || round_trip(|| channel::bounded(CAPACITY), clock))
        .run(session);
    let in_batches_ours = || {
        let (tx, rx) = ours();
        (Batched(tx), Batched(rx))
    };
    let in_batches_rtrb = || {
        let (tx, rx) = rtrb_ring();
        (Batched(tx), Batched(rx))
    };
    // One by one against one by one, and batches against the rival's chunks: neither way lends the other its figure.
    Contest::new("ring/throughput", "ticks one way, one by one, every word written and read", THROUGHPUT)
        .two_threads()
        .rival("rtrb", || throughput(rtrb_ring, false, clock))
        .ours("crosstick ring", THROUGHPUT_TARGETS, || throughput(ours, false, clock))
        .other("disruptor", || throughput(disruptor_ring, false, clock))
        .other("crossbeam ArrayQueue", || throughput(array_queue, false, clock))
        .other("crossbeam channel", || throughput(|| channel::bounded(CAPACITY), false, clock))
        .run(session);
    Contest::new(
        "ring/throughput_in_batches",
        "ticks one way, in batches of 64, every word written and read",
        THROUGHPUT,
    )
    .two_threads()
    .rival("rtrb, in chunks", || throughput(in_batches_rtrb, true, clock))
    .ours("crosstick ring, in batches", &[], || throughput(in_batches_ours, true, clock))
    .other("disruptor, in batches", || throughput(disruptor_ring, true, clock))
    .run(session);
}
