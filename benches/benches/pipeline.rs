//! The whole way of a tick in memory, from a frame's text to what the core does about it.
//!
//! Topology: generated frames of the demo's three venues → receive buffer → decoder → ring → core (cache, strategy,
//! risk) → paper gateway, whose reports come back; 20 s of virtual time, some 17 000 frames, with the demo's config.
//! Threads: one, which does everything in turn; the ring holds one tick at a time.
//! Unit: one tick, an average over ticks that lead nowhere and the few that lead to orders.
//! Measures: `decode`: frames to ticks; `decode_ring`: and through the ring; `whole`: and through core and paper
//! gateway with their timers and reports. Each pass starts with a fresh engine and so includes its warm-up.
//! Does not measure: sockets, TLS, WebSocket framing, the way between two cores, clock reads and stage histograms,
//! publishing, waiting: it is processor time, not tick-to-trade latency, and says nothing about tails.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use crosstick_benches::session::Session;
use crosstick_benches::worlds::demo;
use crosstick_engine::config::Config;
use crosstick_engine::driver::PaperDriver;
use crosstick_engine::setup::paper_driver;
use crosstick_feeds::decode::{Decoded, Decoder, SymbolTable, TimeUnit};
use crosstick_model::{Tick, Universe, VenueId};
use crosstick_ring::spsc::{Consumer, Producer, ring};
use crosstick_strategy::Spread;

struct Engine {
    decoders: Vec<Decoder>,
    buffer: Vec<u8>,
    to_core: Producer<Tick>,
    from_reader: Consumer<Tick>,
    driver: PaperDriver<Spread>,
}

impl Engine {
    fn new(config: &Config, universe: &Universe) -> Self {
        let decoder = |venue: VenueId| {
            let ours = universe.instruments.iter().filter(|i| i.venue == venue);
            let symbols = SymbolTable::new(ours.map(|i| (&*i.symbol, i.id, i.scale))).expect("symbols of the demo");
            Decoder::new(universe.venue(venue).protocol, TimeUnit::Milli, 0, symbols)
        };
        let (to_core, from_reader) = ring(4096);
        Self {
            decoders: universe.venues.iter().map(|v| decoder(v.id)).collect(),
            buffer: Vec::with_capacity(4096),
            to_core,
            from_reader,
            driver: paper_driver(config, universe).expect("the demo's engine"),
        }
    }

    #[inline]
    fn decode(&mut self, session: &Session, mut take: impl FnMut(&mut Self, Tick)) {
        for arrival in &session.arrivals {
            self.buffer.clear();
            self.buffer.extend_from_slice(session.text(arrival));
            let mut ticked = None;
            let decoded =
                self.decoders[arrival.venue].decode(&mut self.buffer, arrival.recv_ns, &mut |t| ticked = Some(t));
            debug_assert!(matches!(decoded, Decoded::Tick { .. }), "{decoded:?}");
            if let Some(tick) = ticked {
                take(self, tick);
            }
        }
    }

    fn decode_only(&mut self, session: &Session) {
        self.decode(session, |_, tick| {
            black_box(tick);
        });
    }

    fn decode_ring(&mut self, session: &Session) {
        self.decode(session, |engine, tick| {
            let _ = engine.to_core.push(tick);
            black_box(engine.from_reader.pop());
        });
    }

    fn whole(&mut self, session: &Session) {
        self.decode(session, |engine, tick| {
            let _ = engine.to_core.push(tick);
            let driver = &mut engine.driver;
            engine.from_reader.pop_batch(256, |tick| driver.take(&tick, &mut ()));
        });
    }
}

/// Every frame becomes a tick by the fast path and reaches the core; it trades; and twice it decides the same.
fn verify(config: &Config, universe: &Universe, session: &Session) {
    let run = || {
        let mut engine = Engine::new(config, universe);
        engine.whole(session);
        engine.driver.finish(&mut ());
        engine
    };
    let engine = run();
    let frames = session.arrivals.len() as u64;
    let sum = |of: fn(&Decoder) -> u64| engine.decoders.iter().map(of).sum::<u64>();
    assert_eq!(sum(|d| d.counters().trades), session.trades);
    assert_eq!(sum(|d| d.counters().quotes), session.quotes);
    assert_eq!(sum(|d| d.counters().fast_path), frames);
    let (counts, orders) = (engine.driver.core().counts(), engine.driver.order_counts());
    assert_eq!(counts.ticks, frames, "every tick reached the core");
    assert!(counts.taken > 0 && orders.filled > 0, "it trades: {counts:?} {orders:?}");
    assert!(engine.driver.core().risk().halted().is_none());
    assert_eq!(engine.driver.core().hash().hex(), run().driver.core().hash().hex(), "twice the same decisions");
    println!(
        "{frames} frames, {} bytes; {} opportunities, {} taken, {} orders",
        session.bytes.len(),
        counts.seen,
        counts.taken,
        counts.orders
    );
}

fn pipeline(c: &mut Criterion) {
    let (config, universe) = demo();
    let session = Session::demo(1, 20);
    verify(&config, &universe, &session);
    let mut group = c.benchmark_group("pipeline");
    group.throughput(Throughput::Elements(session.arrivals.len() as u64));
    type Pass = fn(&mut Engine, &Session);
    let rows =
        [("decode", Engine::decode_only as Pass), ("decode_ring", Engine::decode_ring), ("whole", Engine::whole)];
    for (name, pass) in rows {
        group.bench_function(name, |b| {
            let fresh = || Engine::new(&config, &universe);
            b.iter_batched_ref(fresh, |engine| pass(engine, &session), BatchSize::PerIteration);
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = crosstick_benches::short();
    targets = pipeline
}
criterion_main!(benches);
