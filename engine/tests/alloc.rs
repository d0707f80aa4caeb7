//! From a frame's bytes to an order's end nothing is allocated after warm-up, and memory is flat over ten million
//! ticks: counted by an allocator that counts.

#[path = "support/counting.rs"]
mod counting;
#[path = "support/flow.rs"]
mod flow;
#[path = "support/shown.rs"]
mod shown;
mod support;

use std::fs::File;
use std::io::{BufRead, BufReader};

use counting::{ALLOCATIONS, Counting, LIVE_BYTES};
use crosstick_engine::config::Overrides;
use crosstick_engine::driver::PaperDriver;
use crosstick_engine::setup;
use crosstick_feeds::decode::{Decoded, Decoder, SequenceTracker, SymbolTable, TimeUnit};
use crosstick_model::{Tick, Universe};
use crosstick_sim::flow::FlowEvent;
use crosstick_sim::{Flow, FlowSpec, TimeUnit as FlowUnit};
use crosstick_strategy::Spread;
use shown::Shown;
use support::{Session, demo, recordings};

#[global_allocator]
static COUNTING: Counting = Counting;

/// A replay in memory: decoders and trackers by venue, core and paper gateway behind them.
struct Engine {
    lines: Vec<(Decoder, SequenceTracker)>,
    driver: PaperDriver<Spread>,
}

impl Engine {
    fn new(text: &str, overrides: &Overrides) -> Self {
        let (config, universe) = demo::load(text, overrides);
        let driver = setup::paper_driver(&config, &universe).unwrap();
        let lines = universe.venues.iter().map(|venue| {
            let symbols = symbols(&universe, venue.name.as_ref());
            let tracker = SequenceTracker::new(symbols.len());
            (Decoder::new(venue.protocol, TimeUnit::Milli, 0, symbols), tracker)
        });
        Self { lines: lines.collect(), driver }
    }

    /// Takes a frame; says whether it was a tick.
    fn frame(&mut self, venue: usize, frame: &mut [u8], recv_ns: u64) -> bool {
        let (decoder, tracker) = &mut self.lines[venue];
        let driver = &mut self.driver;
        let decoded = decoder.decode(frame, recv_ns, &mut |tick: Tick| {
            tracker.see(&tick);
            driver.take(&tick, &mut ());
        });
        matches!(decoded, Decoded::Tick { .. })
    }

    fn refused(&self) -> u64 {
        self.lines.iter().flat_map(|(decoder, _)| decoder.counters().refusals()).map(|(_, n)| n).sum()
    }
}

fn symbols(universe: &Universe, venue: &str) -> SymbolTable {
    let id = universe.find_venue(venue).unwrap().id;
    let ours = universe.instruments.iter().filter(|i| i.venue == id);
    SymbolTable::new(ours.map(|i| (&*i.symbol, i.id, i.scale))).unwrap()
}

/// Recorded or generated: venue, receive time, frame.
type Frame = (usize, u64, Vec<u8>);

/// Drives all of it through, and counts allocations of ticks behind the first `warm` frames.
fn allocations(engine: &mut Engine, frames: &mut [Frame], warm: usize) -> u64 {
    let mut of_ticks = 0;
    let mut sent_warm = 0;
    for (place, (venue, recv_ns, frame)) in frames.iter_mut().enumerate() {
        let before = ALLOCATIONS.get();
        let tick = engine.frame(*venue, frame, *recv_ns);
        let more = ALLOCATIONS.get() - before;
        if place < warm {
            sent_warm = engine.driver.core().counts().orders;
        } else if tick && more > 0 {
            if of_ticks == 0 {
                println!("first at frame {place}: {}", String::from_utf8_lossy(frame));
            }
            of_ticks += more;
        }
    }
    let counts = engine.driver.core().counts();
    println!("{} ticks, {} orders, {} of them warm", counts.ticks, counts.orders, sent_warm);
    assert!(counts.orders > sent_warm + 10, "orders are on the measured way");
    assert_eq!(engine.refused(), 0);
    of_ticks
}

const START_NS: u64 = 1_754_000_000_000_000_000;

fn generated(count: usize) -> (Flow, Vec<FlowEvent>) {
    let mut flow = Flow::new(11, &FlowSpec::demo()).unwrap();
    let events = flow.by_ref().take(count).collect();
    (flow, events)
}

fn payload(flow: &Flow, event: &FlowEvent) -> Vec<u8> {
    let mut bytes = Vec::new();
    flow.push_payload(&mut bytes, event, START_NS, FlowUnit::Millis);
    bytes
}

#[test]
fn the_allocator_counts() {
    let (calls, bytes) = (ALLOCATIONS.get(), LIVE_BYTES.get());
    let list: Vec<u8> = std::hint::black_box(Vec::with_capacity(1_000));
    assert_eq!((ALLOCATIONS.get() - calls, LIVE_BYTES.get() - bytes), (1, 1_000));
    drop(list);
    assert_eq!((ALLOCATIONS.get() - calls, LIVE_BYTES.get() - bytes), (1, 0));
}

#[test]
fn generated_frames_allocate_nothing() {
    let (flow, events) = generated(120_000);
    let frame = |e: &FlowEvent| (e.venue, START_NS + e.at_ns, payload(&flow, e));
    let mut frames: Vec<Frame> = events.iter().map(frame).collect();
    let mut engine = Engine::new(&demo::config_text(), &Overrides::none());
    assert_eq!(allocations(&mut engine, &mut frames, 20_000), 0);
}

/// The same frames with an unknown field in front of each: none of them is for the fast path.
#[test]
fn the_slow_path_allocates_nothing() {
    let (flow, events) = generated(40_000);
    let frame = |e: &FlowEvent| {
        let mut bytes = br#"{"unknown":[null,{"deep":"\u00e9 \n"}],"#.to_vec();
        bytes.extend_from_slice(&payload(&flow, e)[1..]);
        (e.venue, START_NS + e.at_ns, bytes)
    };
    let mut frames: Vec<Frame> = events.iter().map(frame).collect();
    let mut engine = Engine::new(&demo::config_text(), &Overrides::none());
    assert_eq!(allocations(&mut engine, &mut frames, 20_000), 0);
    assert!(engine.lines.iter().all(|(decoder, _)| decoder.counters().fast_path == 0));
}

/// With depth frames and snapshots between the ticks.
#[test]
fn recorded_frames_allocate_nothing() {
    let Some(data) = recordings() else { return };
    let Some(session) = Session::recorded(&data, &["--edge", "1", "--trade"]) else { return };
    let text = std::fs::read_to_string(session.path().join("config.toml")).unwrap();
    let mut engine = Engine::new(&text, &Overrides::none());
    let mut frames: Vec<Frame> = Vec::new();
    for file in session.files() {
        let (venue, path) = file.split_once('=').unwrap();
        let venue = ["spot", "usdm", "coinm"].iter().position(|v| *v == venue).unwrap();
        let file = File::open(path).unwrap();
        let reader: Box<dyn BufRead> = if path.ends_with(".zst") {
            Box::new(BufReader::new(zstd::Decoder::new(file).unwrap()))
        } else {
            Box::new(BufReader::new(file))
        };
        frames.extend(reader.split(b'\n').map(|line| {
            let line = line.unwrap();
            let time = std::str::from_utf8(&line[..19]).unwrap().parse().unwrap();
            (venue, time, line[20..].to_vec())
        }));
    }
    // Stable: by receive time, then file, then line.
    frames.sort_by_key(|(_, at, _)| *at);
    assert_eq!(allocations(&mut engine, &mut frames, 20_000), 0);
}

/// What the core shows of it included: every table and every history, in idle turns and in busy ones.
#[test]
fn publishing_allocates_nothing() {
    let (config, universe) = demo::load(&demo::config_text(), &Overrides::none());
    let ticks = flow::ticks(&universe, 11, 120_000);
    let mut shown = Shown::new(&config, &universe);
    let mut warm = (0, 0);
    for (place, tick) in ticks.iter().enumerate() {
        if place == 20_000 {
            warm = (ALLOCATIONS.get(), shown.driver.core().counts().orders);
        }
        shown.take(tick);
        shown.turn(tick.recv_ns, place % 3 != 0);
    }
    let (allocations, orders) = (ALLOCATIONS.get() - warm.0, shown.driver.core().counts().orders - warm.1);
    assert!(orders > 100, "{orders} orders on the measured way");
    assert_eq!(allocations, 0);
}

/// An hour and a half of the demo's flow over and over, trading all the while: not one allocation in ten million
/// ticks, so that memory cannot have grown.
#[test]
fn ten_million_ticks_in_flat_memory() {
    const TICKS: u64 = 10_000_000;
    const WARM: u64 = 500_000;
    let (flow, events) = generated(100_000);
    let lasts_ns = events.last().unwrap().at_ns + 1_000_000;
    // What runs that long may well lose more than a demo may.
    let overrides = Overrides::none().flag("test", &["risk", "max_daily_loss"], "1000000000").flag(
        "test",
        &["risk", "max_drawdown"],
        "1000000000",
    );
    let mut engine = Engine::new(&demo::config_text(), &overrides);
    let mut bytes = Vec::with_capacity(1 << 10);
    let (mut ticks, mut start_ns, mut warm) = (0, START_NS, (0, 0, 0));
    let now = |engine: &Engine| (ALLOCATIONS.get(), LIVE_BYTES.get(), engine.driver.core().counts().orders);
    while ticks < TICKS {
        for event in &events {
            bytes.clear();
            flow.push_payload(&mut bytes, event, start_ns, FlowUnit::Millis);
            assert!(engine.frame(event.venue, &mut bytes, start_ns + event.at_ns));
            ticks += 1;
            if ticks == WARM {
                warm = now(&engine);
            }
        }
        start_ns += lasts_ns;
    }
    let end = now(&engine);
    println!("{ticks} ticks over {} s, {} orders", (start_ns - START_NS) / 1_000_000_000, end.2);
    assert_eq!(end.0 - warm.0, 0, "allocations");
    assert_eq!(end.1 - warm.1, 0, "bytes");
    assert!(end.2 > warm.2 + 1_000, "it traded all the while: {} orders when warm, {} at the end", warm.2, end.2);
    assert_eq!(engine.refused(), 0);
}
