//! From the word to the halt: how long a command in the control region takes to stop the core thread.
//!
//! Topology: a commander on the benchmark's thread → the control region on /dev/shm → the engine's own core thread,
//! with the demo's universe, publishing to a region. Under load the benchmark's second thread pushes quotes into the
//! core's ring and wakes it, as a reader does.
//! Threads: commander, core, and one that feeds; none is pinned, and two CPUs share them.
//! Unit: one halt; between two of them trading is resumed.
//! Measures: from the store of the command's word to the answer seen by a commander that looks every 50 µs at least: the
//! last order that could be sent is older than the answer. Percentiles over all halts.
//! Does not measure: starting the command's process and opening the files (some milliseconds), writing the halt file
//! (it comes after the word), the way of an order that had been sent before.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crosstick_benches::worlds::demo;
use crosstick_engine::clock::WallClock;
use crosstick_engine::run::core_thread::CoreThread;
use crosstick_engine::run::flight::{CORE_STAGES, Flight, Stages, Turns, Worst};
use crosstick_engine::run::halting::{Handed, Inlet, NewsReader, channel};
use crosstick_engine::run::notify::beat;
use crosstick_engine::run::publish::{Publisher, Tables};
use crosstick_engine::run::seat::{CoreEnd, Seat, SeatParts};
use crosstick_engine::setup::paper_driver;
use crosstick_ipc::control::{Commander, Control, ControlMain};
use crosstick_ipc::{Owner, Place, Shape, Writer};
use crosstick_model::{CommandKind, CommandOutcome, CommandSource, InstrumentId, Quote, Reason, Tick, VenueId};
use crosstick_ring::spsc::{Producer, ring};
use crosstick_ring::wait::pair;
use crosstick_ring::{WaitPolicy, Waker};

/// Halts a row.
const HALTS: usize = 1_000;
/// Bounds every wait.
const PATIENCE: Duration = Duration::from_secs(30);
/// Quotes a second under load, in bursts of this many.
const RATES: [(u64, u64); 3] = [(0, 0), (1_000, 1), (100_000, 50)];

/// A core thread at work, and all that leads to it.
struct Engine {
    place: Place,
    core: JoinHandle<CoreEnd>,
    ticks: Producer<Tick>,
    hand: Producer<Handed>,
    waker: Waker,
    news: NewsReader,
    clock: WallClock,
    _main: ControlMain,
    _owner: Owner,
    _dir: tempfile::TempDir,
}

fn engine(policy: WaitPolicy, clock: &WallClock) -> Engine {
    let (config, universe) = demo();
    let dir = tempfile::tempdir_in(Place::DEFAULT_DIR).expect("a directory in shared memory");
    let place = Place::in_dir(dir.path(), "region").expect("a name");
    let driver = paper_driver(&config, &universe).expect("the demo's engine");
    let tables = Tables::new(&universe, &driver);
    let lines: Vec<_> = universe.venues.iter().map(|v| (v.id, 0)).collect();
    let shape = Shape { lines: &lines, stages: &CORE_STAGES, ..Shape::of(&universe) };
    let Writer { owner, core, recorders, .. } = Writer::create(&place, &tables.shape(shape)).expect("a region");
    let stages = Stages::from_recorders(recorders.into_iter()).expect("histograms");
    let control = Control::create(&place, &dir.path().join("halt"), clock.now_ns()).expect("a control file");
    let (waiter, waker) = pair(policy, false);
    let (mut ticks, consumer) = ring(16_384);
    let (hand, handed) = ring(16);
    let (tell, news) = channel();
    for venue in 0..universe.venues.len() as u8 {
        ticks.push(Tick::line_state(VenueId(venue), 0, true, clock.now_ns())).expect("room");
    }
    let seat = Seat::new(SeatParts {
        driver,
        clock: clock.clone(),
        flight: Flight::new(clock.clone(), stages, Turns::new("ct-core", None), Worst::new(None), Vec::new()),
        publisher: Publisher::new(core, tables, &lines),
        keep_rows: false,
        inlet: Inlet::new(control.core, Arc::new(AtomicBool::new(false)), handed, tell),
        beat: beat().0,
        scribe: None,
    });
    let core = CoreThread { seat, rings: vec![consumer], waiter, cpu: None };
    let core = core.start().expect("a thread");
    let clock = clock.clone();
    Engine { place, core, ticks, hand, waker, news, clock, _main: control.main, _owner: owner, _dir: dir }
}

/// Pushes `burst` quotes at a time, `rate` a second, until told to stop; gives the ring back.
fn feed(
    mut ticks: Producer<Tick>,
    waker: Waker,
    clock: WallClock,
    (rate, burst): (u64, u64),
    stop: Arc<AtomicBool>,
) -> JoinHandle<(Producer<Tick>, u64)> {
    let feeding = move || {
        let (begun, mut sent) = (Instant::now(), 0);
        while rate > 0 && !stop.load(Ordering::Relaxed) {
            let due = begun.elapsed().as_nanos() as u64 * rate / 1_000_000_000;
            if due < sent + burst {
                thread::sleep(Duration::from_nanos((sent + burst - due) * 1_000_000_000 / rate));
                continue;
            }
            for _ in 0..burst {
                let quote =
                    Quote { bid: 6_000_000, bid_quantity: 10, ask: 6_000_100 + (sent % 7) as i64, ask_quantity: 10 };
                let tick = Tick::quote(InstrumentId(0), 0, quote, clock.now_ns(), sent);
                sent += u64::from(ticks.push(tick).is_ok());
            }
            waker.wake();
        }
        (ticks, sent)
    };
    thread::spawn(feeding)
}

/// Times from word to answer, sorted, ns; and the quotes that the core took meanwhile, a second.
fn halts(policy: WaitPolicy, load: (u64, u64), clock: &WallClock) -> (Vec<u64>, u64) {
    let Engine { place, core, ticks, mut hand, waker, news, clock, _main, _owner, _dir } = engine(policy, clock);
    let stop = Arc::new(AtomicBool::new(false));
    let feeder = feed(ticks, waker.clone(), clock, load, Arc::clone(&stop));
    let commander = Commander::open(&place).expect("the control file");
    let (mut took, mut seen) = (Vec::with_capacity(HALTS), 0);
    let begun = Instant::now();
    for number in 0..HALTS {
        let sent = commander.send(CommandKind::Halt, &Reason::new("bench"), 0, PATIENCE).expect("the lock");
        let answer = sent.answer(PATIENCE).expect("an answer");
        assert_eq!(answer.outcome, CommandOutcome::Halted);
        took.push(answer.took.as_nanos() as u64);
        drop(sent);
        let (kind, source, reason) = (CommandKind::Resume, CommandSource::Control, Reason::new("bench"));
        assert!(hand.push(Handed { kind, source, reason, number: 0, by_main: true, given_ns: u64::MAX }).is_ok());
        waker.wake();
        let end = Instant::now() + PATIENCE;
        while news.newer_than(seen).is_none_or(|n| n.handed <= number as u64) {
            assert!(Instant::now() < end, "no resume");
            thread::yield_now();
        }
        seen = news.newer_than(seen).map_or(seen, |n| n.number);
        // Long enough for a core that parks to be parked again, and at another moment of its park each time.
        thread::sleep(Duration::from_micros(700 + (number as u64 * 37) % 500));
    }
    let elapsed = begun.elapsed();
    stop.store(true, Ordering::Relaxed);
    let (ticks, fed) = feeder.join().expect("the feeder");
    drop(ticks);
    waker.wake();
    let end = core.join().expect("the core");
    assert_eq!(end.driver.core().counts().ticks, fed, "every quote was taken");
    assert!(end.driver.core().risk().halted().is_none());
    took.sort_unstable();
    (took, fed * 1_000 / elapsed.as_millis().max(1) as u64)
}

fn main() {
    let clock = WallClock::anchored_now();
    println!("| wait | quotes a second | word to answer p50, µs | p90 | p99 | most |\n|---|---|---|---|---|---|");
    for load in RATES {
        for policy in WaitPolicy::ALL {
            let (took, rate) = halts(policy, load, &clock);
            let at = |part: usize| took[(took.len() - 1) * part / 1000] as f64 / 1000.0;
            println!("| {policy} | {rate} | {:.1} | {:.1} | {:.1} | {:.1} |", at(500), at(900), at(990), at(1000));
        }
    }
}
