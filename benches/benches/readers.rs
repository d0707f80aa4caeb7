//! Whether reading the region slows the core: its cost per tick with no reader, one, and eight.
//!
//! Topology: generated ticks of the demo's three venues (300 s of virtual time) → core (cache, strategy, risk) with
//! paper gateway → publisher → a region on /dev/shm. Readers, each with a mapping of its own, read every price, every
//! edge and the engine's row and follow the history of ticks, as fast as they can.
//! Threads: the core's, pinned to the first CPU; the readers', pinned to the others in turn (all to one, where there
//! are two CPUs). Turns of 0, 1 and 8 readers follow each other in one process, so that what else the machine does
//! meets them alike.
//! Unit: one tick. `take`: from the tick to all that it leads to, orders included. `show`: its record in the history of
//! ticks and a publication, after every single tick: more often than a loaded engine would.
//! Measures: percentiles within a turn; of each the median over the turns, and the least and the most of any.
//! Does not measure: readers on the core's own CPU (they would take time from it, as any process would), sockets,
//! decoding, rings between threads. Each figure has one clock read in it; the row `clock` is what that costs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use crosstick_benches::session::Session;
use crosstick_benches::worlds::demo;
use crosstick_engine::clock::WallClock;
use crosstick_engine::config::Config;
use crosstick_engine::driver::{Listener, OrderState, PaperDriver};
use crosstick_engine::run::publish::{Publisher, Tables};
use crosstick_engine::setup::paper_driver;
use crosstick_ipc::{Owner, Place, Reader, Recorder, Shape, Summary, Writer};
use crosstick_model::{Decision, InstrumentId, Line, Order, Report, Tick, Universe, VenueId};
use crosstick_ring::pin::pin_current_thread;
use crosstick_strategy::{Opportunity, Spread};

/// Numbers of readers, in the order of their turns.
const READERS: [usize; 3] = [0, 1, 8];
/// Turns of each.
const ROUNDS: usize = 15;
/// Ticks at the begin of a turn that are not counted: caches and histories fill.
const WARM: usize = 20_000;

/// Core and publisher, as the core thread has them.
struct Engine {
    driver: PaperDriver<Spread>,
    shows: Shows,
    place: Place,
    _owner: Owner,
    _dir: tempfile::TempDir,
}

struct Shows(Publisher);

impl Listener for Shows {
    fn decision(&mut self, decision: &Decision) {
        self.0.decision(decision);
    }
    fn closed(&mut self, opportunity: &Opportunity) {
        self.0.ended(opportunity);
    }
    fn order_sent(&mut self, now_ns: u64, order: &Order) {
        self.0.sent(now_ns, order);
    }
    fn report(&mut self, report: &Report, state: Option<OrderState>) {
        self.0.reported(report, state);
    }
}

impl Engine {
    fn new(config: &Config, universe: &Universe) -> Self {
        let dir = tempfile::tempdir_in(Place::DEFAULT_DIR).expect("a directory in shared memory");
        let place = Place::in_dir(dir.path(), "region").expect("a name");
        let driver = paper_driver(config, universe).expect("the demo's engine");
        let tables = Tables::new(universe, &driver);
        let lines: Vec<(VenueId, Line)> = universe.venues.iter().map(|v| (v.id, 0)).collect();
        let shape = Shape { lines: &lines, ..Shape::of(universe) };
        let Writer { owner, core, .. } = Writer::create(&place, &tables.shape(shape)).expect("a region");
        let shows = Shows(Publisher::new(core, tables, &lines));
        Self { driver, shows, place, _owner: owner, _dir: dir }
    }

    /// All ticks, timed one by one; percentiles of taking, of showing, and of the clock alone.
    fn run(&mut self, ticks: &[Tick], clock: &WallClock) -> [Summary; 3] {
        let [mut take, mut show, mut empty] = [Recorder::local(), Recorder::local(), Recorder::local()];
        for (place, tick) in ticks.iter().enumerate() {
            let began = clock.now_ns();
            self.driver.take(tick, &mut self.shows);
            let taken = clock.now_ns();
            self.shows.0.tick(tick);
            self.shows.0.turn(&self.driver, tick.recv_ns, false);
            let shown = clock.now_ns();
            let again = clock.now_ns();
            if place >= WARM {
                take.record(taken - began);
                show.record(shown - taken);
                empty.record(again - shown);
            }
        }
        [take, show, empty].map(|recorder| recorder.snapshot().summary())
    }
}

/// Reads until told to stop; returns how many rows and records it got, and that each was whole.
fn read(place: &Place, instruments: u16, stop: &AtomicBool, ready: &AtomicU64) -> u64 {
    let reader = Reader::map(place).expect("the region");
    let mut ticks = reader.ticks().expect("a ring");
    let mut seen = 0;
    ready.fetch_add(1, Ordering::Release);
    while !stop.load(Ordering::Relaxed) {
        for id in 0..instruments {
            // None where the core lost its CPU in the middle of this very row, and did not get it back for a while.
            let Some(row) = reader.price(InstrumentId(id)) else { continue };
            assert!(row.bid <= row.ask, "a torn row: {row:?}");
            seen += 1;
        }
        seen += reader.spreads().len() as u64 + u64::from(reader.engine().is_some());
        seen += ticks.by_ref().count() as u64;
    }
    seen
}

/// One turn.
struct Turn {
    /// Of taking, of showing, of the clock.
    figures: [Summary; 3],
    /// Rows and records that all readers got, a second.
    read_a_second: u64,
}

/// What every turn is played with.
struct Stage {
    config: Config,
    universe: Universe,
    ticks: Vec<Tick>,
    clock: WallClock,
    /// Counted before this thread was pinned to one of them.
    cpus: usize,
}

fn turn(stage: &Stage, readers: usize) -> Turn {
    let Stage { config, universe, ticks, clock, cpus } = stage;
    let mut engine = Engine::new(config, universe);
    let (stop, ready) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let (instruments, cpus) = (universe.instruments.len() as u16, *cpus);
    let threads: Vec<_> = (0..readers)
        .map(|n| {
            let (place, stop, ready) = (engine.place.clone(), Arc::clone(&stop), Arc::clone(&ready));
            thread::spawn(move || {
                if cpus > 1 {
                    pin_current_thread(1 + n % (cpus - 1)).expect("a CPU");
                }
                read(&place, instruments, &stop, &ready)
            })
        })
        .collect();
    while ready.load(Ordering::Acquire) < readers as u64 {
        thread::yield_now();
    }
    let began = clock.now_ns();
    let figures = engine.run(ticks, clock);
    let took_ns = clock.now_ns() - began;
    stop.store(true, Ordering::Relaxed);
    let seen: u64 = threads.into_iter().map(|t| t.join().expect("a reader")).sum();
    // Every tick was taken, it traded, and readers did not change what was decided.
    let counts = engine.driver.core().counts();
    assert_eq!(counts.ticks, ticks.len() as u64);
    assert!(counts.taken > 100, "{counts:?}");
    assert_eq!(seen > 0, readers > 0, "readers read");
    Turn { figures, read_a_second: (u128::from(seen) * 1_000_000_000 / u128::from(took_ns.max(1))) as u64 }
}

/// The median of a figure over the turns, and its range.
fn over(turns: &[Turn], of: impl Fn(&Turn) -> u64) -> String {
    let mut all: Vec<u64> = turns.iter().map(of).collect();
    all.sort_unstable();
    format!("{} ({} – {})", all[all.len() / 2], all[0], all[all.len() - 1])
}

fn main() {
    let (config, universe) = demo();
    let session = Session::demo(1, 300);
    let ticks = session.ticks(&universe);
    let cpus = thread::available_parallelism().map_or(1, usize::from);
    let stage = Stage { config, universe, ticks, clock: WallClock::anchored_now(), cpus };
    pin_current_thread(0).expect("the first CPU");
    let mut turns: [Vec<Turn>; READERS.len()] = Default::default();
    for round in 0..=ROUNDS {
        for offset in 0..READERS.len() {
            // Each has its turn at each place, and the first round is for warming up.
            let which = (round + offset) % READERS.len();
            let turn = turn(&stage, READERS[which]);
            if round > 0 {
                turns[which].push(turn);
            }
        }
    }
    println!(
        "{} ticks a turn, {ROUNDS} turns each, {cpus} CPUs; ns, median (least – most) over the turns\n",
        stage.ticks.len()
    );
    println!("| readers | take p50 | take p99 | show p50 | show p99 | clock p50 | read a second |");
    println!("|---:|---:|---:|---:|---:|---:|---:|");
    for (readers, turns) in READERS.iter().zip(&turns) {
        let [take50, take99] = [over(turns, |t| t.figures[0].p50), over(turns, |t| t.figures[0].p99)];
        let [show50, show99] = [over(turns, |t| t.figures[1].p50), over(turns, |t| t.figures[1].p99)];
        let (empty, seen) = (over(turns, |t| t.figures[2].p50), over(turns, |t| t.read_a_second));
        println!("| {readers} | {take50} | {take99} | {show50} | {show99} | {empty} | {seen} |");
    }
}
