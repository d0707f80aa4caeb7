//! The SPSC ring with ticks in it.
//!
//! Topology: `same_thread`: one thread pushes and pops; `two_threads`: a producer and a consumer, with a second ring
//! for the answer.
//! Threads: one, or two that are not pinned and yield when a look finds nothing, so that they work on two shared cores.
//! Unit: one tick of 56 bytes (`round_trip`: one tick there and back, so two hops).
//! Measures: pushing and popping; in `two_threads` also the cache line's way between cores, and in `throughput` the
//! wait for the consumer's checksum once in 32 768 ticks.
//! Does not measure: pinned cores that spin (a yield is a system call, so a round trip here is an upper bound), a full
//! ring's effect on a socket, making or using the tick.

use std::hint::black_box;
use std::thread;
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use crosstick_model::{InstrumentId, Quote, Tick, TickFlags};
use crosstick_ring::WaitPolicy;
use crosstick_ring::spsc::{Consumer, Full, Producer, ring};
use crosstick_ring::wait::{Waiter, pair};

const CAPACITY: usize = 4096;
const BATCH: usize = 64;
/// Ticks of a burst, after which the consumer tells its checksum.
const BURST: u64 = 32_768;

fn tick(n: u64) -> Tick {
    let quote = Quote { bid: n as i64, bid_quantity: 2, ask: n as i64 + 1, ask_quantity: 3 };
    Tick::quote(InstrumentId(7), 0, quote, 1_700_000_000_000_000_000 + n, n)
}

fn waiter() -> Waiter {
    pair(WaitPolicy::Yield, false).0
}

fn push_waiting(ring: &mut Producer<Tick>, mut tick: Tick, waiter: &mut Waiter) {
    while let Err(Full(back)) = ring.push(tick) {
        tick = back;
        waiter.idle();
    }
}

/// Waits for an item; `None` once the other end is gone and nothing is left.
fn pop_waiting<T: Copy + Send>(ring: &mut Consumer<T>, waiter: &mut Waiter) -> Option<T> {
    loop {
        let closed = ring.is_closed();
        match ring.pop() {
            Some(item) => return Some(item),
            None if closed => return None,
            None => waiter.idle(),
        }
    }
}

fn same_thread(c: &mut Criterion) {
    let (mut producer, mut consumer) = ring(CAPACITY);
    for n in 0..3 * CAPACITY as u64 {
        assert_eq!(producer.push(tick(n)), Ok(()));
        assert_eq!(consumer.pop(), Some(tick(n)));
    }
    assert_eq!(consumer.pop(), None);

    let mut group = c.benchmark_group("ring/same_thread");
    group.throughput(Throughput::Elements(1));
    let one = tick(1);
    group.bench_function("push_pop", |b| {
        b.iter(|| {
            let _ = black_box(producer.push(black_box(one)));
            black_box(consumer.pop())
        });
    });

    let ticks: Vec<Tick> = (0..BATCH as u64).map(tick).collect();
    let mut taken = Vec::new();
    assert_eq!(producer.push_batch(&ticks), BATCH);
    assert_eq!(consumer.pop_batch(BATCH + 1, |tick| taken.push(tick)), BATCH);
    assert_eq!(taken, ticks);
    group.throughput(Throughput::Elements(BATCH as u64));
    group.bench_function("batch_64", |b| {
        b.iter(|| {
            black_box(producer.push_batch(black_box(&ticks)));
            consumer.pop_batch(BATCH, |tick| {
                black_box(tick);
            })
        });
    });
    group.finish();
}

/// Sends a tick to another thread that sends it back, changed.
struct PingPong {
    to: Producer<Tick>,
    from: Consumer<Tick>,
    waiter: Waiter,
    thread: thread::JoinHandle<()>,
}

impl PingPong {
    fn start() -> Self {
        let (to, mut questions) = ring::<Tick>(CAPACITY);
        let (mut answers, from) = ring::<Tick>(CAPACITY);
        let thread = thread::spawn(move || {
            let mut waiter = waiter();
            while let Some(mut tick) = pop_waiting(&mut questions, &mut waiter) {
                waiter.active();
                tick.venue_seq = !tick.venue_seq;
                push_waiting(&mut answers, tick, &mut waiter);
            }
        });
        Self { to, from, waiter: waiter(), thread }
    }

    fn round(&mut self, tick: Tick) -> Option<Tick> {
        push_waiting(&mut self.to, tick, &mut self.waiter);
        pop_waiting(&mut self.from, &mut self.waiter)
    }

    fn stop(self) {
        drop(self.to);
        self.thread.join().expect("the answering thread ends in order");
    }
}

fn round_trip(c: &mut Criterion) {
    let mut players = PingPong::start();
    for n in 0..1000 {
        assert_eq!(players.round(tick(n)), Some(Tick { venue_seq: !n, ..tick(n) }));
    }
    let mut group = c.benchmark_group("ring/two_threads");
    group.throughput(Throughput::Elements(1));
    let mut n = 0;
    group.bench_function("round_trip", |b| {
        b.iter(|| {
            n += 1;
            black_box(players.round(tick(n)))
        });
    });
    group.finish();
    players.stop();
}

/// A consumer that adds up what it takes, and tells the sum at the last tick of each burst.
struct Stream {
    to: Producer<Tick>,
    sums: Consumer<u64>,
    waiter: Waiter,
    thread: thread::JoinHandle<()>,
}

impl Stream {
    fn start() -> Self {
        let (to, mut ticks) = ring::<Tick>(CAPACITY);
        let (mut answers, sums) = ring::<u64>(16);
        let thread = thread::spawn(move || {
            let (mut waiter, mut sum) = (waiter(), 0u64);
            loop {
                let closed = ticks.is_closed();
                let taken = ticks.pop_batch(256, |tick| {
                    sum = sum.wrapping_mul(31).wrapping_add(tick.venue_seq ^ tick.values[0] as u64);
                    if tick.flags.has(TickFlags::LAST_OF_BATCH) {
                        answers.push(sum).expect("one answer is under way");
                        sum = 0;
                    }
                });
                match taken {
                    0 if closed => break,
                    0 => waiter.idle(),
                    _ => waiter.active(),
                }
            }
        });
        Self { to, sums, waiter: waiter(), thread }
    }

    fn singly(&mut self, burst: &[Tick]) -> Option<u64> {
        for tick in burst {
            push_waiting(&mut self.to, *tick, &mut self.waiter);
        }
        pop_waiting(&mut self.sums, &mut self.waiter)
    }

    fn in_batches(&mut self, burst: &[Tick]) -> Option<u64> {
        for batch in burst.chunks(BATCH) {
            let mut rest = batch;
            while !rest.is_empty() {
                let pushed = self.to.push_batch(rest);
                rest = rest.get(pushed..).unwrap_or_default();
                if pushed == 0 {
                    self.waiter.idle();
                }
            }
        }
        pop_waiting(&mut self.sums, &mut self.waiter)
    }

    fn stop(self) {
        drop(self.to);
        self.thread.join().expect("the consumer ends in order");
    }
}

fn throughput(c: &mut Criterion) {
    let mut burst: Vec<Tick> = (1..=BURST).map(tick).collect();
    if let Some(last) = burst.last_mut() {
        last.flags = last.flags.with(TickFlags::LAST_OF_BATCH);
    }
    // Values that differ from the ticks' numbers: else each tick would add zero to the checksum.
    for (n, tick) in burst.iter_mut().enumerate() {
        tick.values[0] = (n as i64).wrapping_mul(0x9E37_79B9);
    }
    let expected =
        burst.iter().fold(0u64, |sum, tick| sum.wrapping_mul(31).wrapping_add(tick.venue_seq ^ tick.values[0] as u64));
    let mut stream = Stream::start();
    assert_eq!(stream.singly(&burst), Some(expected));
    assert_eq!(stream.in_batches(&burst), Some(expected));

    let mut group = c.benchmark_group("ring/two_threads");
    group.throughput(Throughput::Elements(BURST));
    type Send = fn(&mut Stream, &[Tick]) -> Option<u64>;
    for (name, send) in [("throughput", Stream::singly as Send), ("throughput_batch_64", Stream::in_batches)] {
        group.bench_function(name, |b| {
            b.iter_custom(|iterations| {
                let mut took = Duration::ZERO;
                for _ in 0..iterations {
                    let begin = Instant::now();
                    let sum = send(&mut stream, &burst);
                    took += begin.elapsed();
                    assert_eq!(sum, Some(expected), "no tick lost, none twice, all in order");
                }
                took
            });
        });
    }
    group.finish();
    stream.stop();
}

criterion_group! {
    name = benches;
    config = crosstick_benches::short();
    targets = same_thread, round_trip, throughput
}
criterion_main!(benches);
