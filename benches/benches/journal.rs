//! What a journal costs the core, how fast it is written, and how fast a session is run again from it.
//!
//! Topology: generated ticks of the demo's three venues (300 s of virtual time) → core (cache, strategy, risk) with
//! paper gateway → the journal's ring → the journal thread → segments of 64 MiB in the folder for temporary files (or
//! in the one that `CROSSTICK_BENCH_DIR` names), `fsync = "none"`: what the disk itself takes is the disk's figure.
//! Threads: the core's, pinned to the first CPU; the journal's, pinned to the second, where there is one. Turns without
//! and with a journal follow each other in one process on a new core each, so that what else the machine does meets
//! them alike. Both ends of the ring live through all turns, as in a run: its pages are warm.
//! Unit: of `take`, one tick, from the tick to all that it leads to, orders, journal entries and state hashes included;
//! one clock read in it.
//! Measures: percentiles within a turn; of each the median over the turns, the least and the most of any, and the
//! median of what two neighbouring turns differ by. `write`: entries of one turn through cells, assembler and writer on
//! one thread that does nothing else: entries and bytes a second. `verify`: the session of one turn run again from its
//! files and compared, on one thread: inputs a second.
//! Does not measure: the region's publisher, sockets, decoding, and a core that has to share its CPU with the journal's.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crosstick_benches::session::{START_NS, Session};
use crosstick_benches::worlds::{demo, demo_facts};
use crosstick_engine::clock::WallClock;
use crosstick_engine::config::{Config, Fsync};
use crosstick_engine::driver::{Listener, OrderState};
use crosstick_engine::journal::cell::{Assembler, Cell, cells};
use crosstick_engine::journal::entry::Entry;
use crosstick_engine::journal::scribe::{Scribe, scribe};
use crosstick_engine::journal::session::Session as Described;
use crosstick_engine::journal::thread::JournalThread;
use crosstick_engine::journal::verify::verify;
use crosstick_engine::setup::paper_driver;
use crosstick_ipc::journal::format::SessionId;
use crosstick_ipc::journal::{Options, Writer};
use crosstick_ipc::{Recorder, Summary};
use crosstick_model::decision::RECORD_BYTES_MAX;
use crosstick_model::{Decision, Report, Tick, Universe};
use crosstick_ring::pin::pin_current_thread;

/// Turns of each.
const ROUNDS: usize = 15;
/// Ticks at the begin of a turn that are not counted: caches fill.
const WARM: usize = 20_000;
/// Entries that may wait: more than a turn has, since the core takes a turn's minutes in milliseconds.
const BUDGET: usize = 1 << 20;
/// Between turns the journal thread catches up.
const CATCH_UP: Duration = Duration::from_millis(600);
const SEGMENT_BYTES: u64 = 64 << 20;

/// The core's end of a journal, or nothing in its place.
enum Keeps<'a> {
    Nothing,
    Journal(&'a mut Scribe),
}

impl Listener for Keeps<'_> {
    #[inline]
    fn tick(&mut self, tick: &Tick) {
        if let Self::Journal(scribe) = self {
            scribe.tick(tick);
        }
    }
    #[inline]
    fn report(&mut self, report: &Report, state: Option<OrderState>) {
        if let Self::Journal(scribe) = self {
            scribe.report(report, state);
        }
    }
    #[inline]
    fn timer(&mut self, due_ns: u64) {
        if let Self::Journal(scribe) = self {
            scribe.timer(due_ns);
        }
    }
    #[inline]
    fn clock(&mut self, at_ns: u64) {
        if let Self::Journal(scribe) = self {
            scribe.clock(at_ns);
        }
    }
    #[inline]
    fn decision(&mut self, decision: &Decision) {
        if let Self::Journal(scribe) = self {
            scribe.decision(decision);
        }
    }
}

/// What all turns are played with.
struct Stage {
    config: Config,
    universe: Universe,
    ticks: Vec<Tick>,
    clock: WallClock,
}

/// All ticks through a new core, timed one by one.
fn turn(stage: &Stage, mut keeps: Keeps<'_>) -> Summary {
    let mut driver = paper_driver(&stage.config, &stage.universe).expect("the demo's engine");
    let mut take = Recorder::local();
    for (place, tick) in stage.ticks.iter().enumerate() {
        let began = stage.clock.now_ns();
        driver.take(tick, &mut keeps);
        if let Keeps::Journal(scribe) = &mut keeps
            && scribe.hash_is_due()
        {
            scribe.state(driver.core().state_hash());
        }
        let taken = stage.clock.now_ns();
        if place >= WARM {
            take.record(taken - began);
        }
    }
    let counts = driver.core().counts();
    assert_eq!(counts.ticks, stage.ticks.len() as u64);
    assert!(counts.taken > 100, "{counts:?}");
    take.snapshot().summary()
}

fn over(mut all: Vec<f64>) -> String {
    all.sort_by(f64::total_cmp);
    let [least, middle, most] = [0, all.len() / 2, all.len() - 1].map(|i| all[i]);
    if middle.fract() == 0.0 && most.fract() == 0.0 {
        format!("{middle} ({least} – {most})")
    } else {
        format!("{middle:.2} ({least:.2} – {most:.2})")
    }
}

/// Turns without and with a journal, one after the other.
fn cost(stage: &Stage, home: &Path) {
    let (mut kept, ring, shared) = scribe(BUDGET);
    let writer = Described::new(&stage.config, &Default::default(), START_NS)
        .begin(home, SEGMENT_BYTES, false)
        .expect("room for a journal");
    let journal = JournalThread { writer, ring, shared, fsync: Fsync::None, trouble: Arc::default() };
    // It inherits the CPU of who starts it.
    if std::thread::available_parallelism().is_ok_and(|n| n.get() > 1) {
        pin_current_thread(1).expect("the second CPU");
    }
    let journal = journal.start().expect("a thread");
    pin_current_thread(0).expect("the first CPU");
    let mut rows: Vec<[Summary; 2]> = Vec::new();
    for round in 0..=ROUNDS {
        let mut row = [None, None];
        // Each goes first every other round; the first round is for warming up.
        for which in [round % 2, 1 - round % 2] {
            row[which] = Some(match which {
                0 => turn(stage, Keeps::Nothing),
                _ => turn(stage, Keeps::Journal(&mut kept)),
            });
            std::thread::sleep(CATCH_UP);
        }
        let [Some(without), Some(with)] = row else { unreachable!("both had their turn") };
        if round > 0 {
            rows.push([without, with]);
        }
    }
    assert_eq!(kept.trouble(), None, "the journal kept up");
    drop(kept);
    let end = journal.join().expect("the journal thread");
    assert_eq!((end.lost, end.trouble), (0, None));
    println!("| | take p50 | take p99 | take p99.9 |\n|---|---:|---:|---:|");
    let figures: [fn(&Summary) -> u64; 3] = [|s| s.p50, |s| s.p99, |s| s.p999];
    // Of a figure without a journal and with one.
    let line = |name: &str, of: fn(f64, f64) -> f64| {
        let of_row =
            |row: &[Summary; 2], figure: fn(&Summary) -> u64| of(figure(&row[0]) as f64, figure(&row[1]) as f64);
        let cells = figures.map(|figure| over(rows.iter().map(|row| of_row(row, figure)).collect()));
        println!("| {name} | {} |", cells.join(" | "));
    };
    line("no journal", |without, _| without);
    line("journal", |_, with| with);
    line("difference", |without, with| with - without);
    line("ratio", |without, with| with / without);
    println!("\n{} entries, {} bytes in all turns, none lost", end.entries, end.bytes);
}

/// Everything that a turn journals, as cells.
struct Cells(Vec<Cell>, u64);

impl Cells {
    fn push(&mut self, entry: &Entry<'_>) {
        let (all, count) = cells(entry);
        self.0.extend_from_slice(&all[..count]);
        self.1 += 1;
    }
}

impl Listener for Cells {
    fn tick(&mut self, tick: &Tick) {
        self.push(&Entry::Tick(*tick));
    }
    fn report(&mut self, report: &Report, _: Option<OrderState>) {
        self.push(&Entry::Report(*report));
    }
    fn timer(&mut self, due_ns: u64) {
        self.push(&Entry::Timer { due_ns });
    }
    fn clock(&mut self, at_ns: u64) {
        self.push(&Entry::Clock { at_ns });
    }
    fn decision(&mut self, decision: &Decision) {
        let mut record = [0; RECORD_BYTES_MAX];
        let length = decision.write(&mut record);
        self.push(&Entry::Decision(&record[..length]));
    }
    fn finish(&mut self) {
        self.push(&Entry::Finish);
    }
}

/// The journal thread's work alone, as fast as it goes.
fn write(stage: &Stage, home: &Path) {
    let mut all = Cells(Vec::new(), 0);
    let mut driver = paper_driver(&stage.config, &stage.universe).expect("the demo's engine");
    for tick in &stage.ticks {
        driver.take(tick, &mut all);
    }
    let mut seconds = Vec::new();
    let mut bytes = 0;
    for turn in 0..=ROUNDS {
        let dir = home.join(format!("write-{turn}"));
        let options =
            Options { session: SessionId([7; 16]), segment_bytes: SEGMENT_BYTES, now_ns: START_NS, durable: false };
        let mut writer = Writer::create(&dir, options).expect("room");
        let mut assembler = Assembler::default();
        let began = Instant::now();
        for cell in &all.0 {
            if let Some((kind, payload)) = assembler.take(cell) {
                writer.append(kind, 0, payload, START_NS).expect("room");
                writer.prepare().expect("room");
            }
        }
        seconds.push(began.elapsed().as_secs_f64());
        assert_eq!(writer.next_seq(), all.1);
        bytes = writer.bytes();
        writer.close().expect("sealed");
        std::fs::remove_dir_all(&dir).expect("removed");
    }
    seconds.remove(0);
    let rate = |n: f64| over(seconds.iter().map(|s| (n / s / 1e6 * 100.0).round() / 100.0).collect());
    println!("write: {} entries, {bytes} bytes a turn", all.1);
    println!("write: {} million entries a second, {} MB a second", rate(all.1 as f64), rate(bytes as f64));
}

/// A whole session, journalled and run again.
fn again(stage: &Stage, home: &Path) {
    let (mut kept, ring, shared) = scribe(BUDGET);
    let writer = Described::new(&stage.config, &demo_facts(), START_NS).begin(home, SEGMENT_BYTES, false);
    let writer = writer.expect("room for a journal");
    let dir: PathBuf = writer.dir().to_path_buf();
    let journal = JournalThread { writer, ring, shared, fsync: Fsync::None, trouble: Arc::default() };
    let journal = journal.start().expect("a thread");
    let mut driver = paper_driver(&stage.config, &stage.universe).expect("the demo's engine");
    for tick in &stage.ticks {
        driver.take(tick, &mut kept);
        if kept.hash_is_due() {
            kept.state(driver.core().state_hash());
        }
    }
    driver.finish(&mut kept);
    drop(kept);
    let end = journal.join().expect("the journal thread");
    assert_eq!((end.lost, end.trouble), (0, None));
    let mut rates = Vec::new();
    let mut inputs = 0;
    for _ in 0..=ROUNDS {
        let began = Instant::now();
        let verified = verify(&dir, &mut |_| ()).expect("a session");
        let took = began.elapsed().as_secs_f64();
        assert!(verified.is_identical() && verified.complete, "{verified:?}");
        assert_eq!(verified.hash, driver.core().hash().hex());
        inputs = verified.inputs;
        rates.push((verified.inputs as f64 / took / 1e6 * 100.0).round() / 100.0);
    }
    rates.remove(0);
    println!("verify: {inputs} inputs, 300 s of session; {} million inputs a second", over(rates));
}

fn main() {
    let (config, universe) = demo();
    let ticks = Session::demo(1, 300).ticks(&universe);
    let stage = Stage { config, universe, ticks, clock: WallClock::anchored_now() };
    let place = std::env::var_os("CROSSTICK_BENCH_DIR").map_or_else(std::env::temp_dir, PathBuf::from);
    let home = tempfile::tempdir_in(place).expect("a folder");
    let cpus = std::thread::available_parallelism().map_or(1, usize::from);
    println!(
        "{} ticks a turn, {ROUNDS} turns each, {cpus} CPUs; ns, median (least – most) over the turns\n",
        stage.ticks.len()
    );
    cost(&stage, &home.path().join("cost"));
    write(&stage, home.path());
    again(&stage, &home.path().join("again"));
}
