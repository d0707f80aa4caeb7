//! From the socket to the order nothing is allocated after warm-up, but what rustls allocates for each record.
//!
//! Generated frames of the demo's three venues are served as fast as they are taken; reader, ring, core and paper gateway
//! run on the one thread whose allocations are counted.

#[path = "support/counting.rs"]
mod counting;
mod support;

use std::fs::File;
use std::io::BufWriter;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::mpsc::sync_channel;
use std::time::{Duration, Instant};

use counting::{ALLOCATIONS, Counting};
use crosstick_engine::clock::WallClock;
use crosstick_engine::config::Overrides;
use crosstick_engine::run::flight::{Flight, ReaderFlight, ReaderStages, Stages, Turns, Worst};
use crosstick_engine::setup;
use crosstick_feeds::connection::AttemptBudget;
use crosstick_feeds::decode::TimeUnit;
use crosstick_feeds::endpoints::{Environment, StreamKind, plan};
use crosstick_feeds::{LineSpec, Reader, RingSink, Rules, SocketOptions, TlsClient};
use crosstick_ipc::layout::Reached;
use crosstick_model::{Protocol, Tick};
use crosstick_ring::spsc;
use crosstick_sim::{Endpoint, Flow, FlowSpec, ReplayFile, ReplaySpec, Sim, SimConfig, SimHandle, Source};
use support::demo;

#[global_allocator]
static COUNTING: Counting = Counting;

const START_NS: u64 = 1_754_000_000_000_000_000;
const SESSION_NS: u64 = 120_000_000_000;
/// Ticks before counting begins: every buffer has had its largest load by then.
const WARM: u64 = 30_000;

/// The demo's venues, serving a generated session; how many frames of it are ticks.
fn venues(folder: &std::path::Path, tls: bool) -> (SimHandle, u64) {
    let spec = FlowSpec::demo();
    let names: Vec<String> = spec.venues.iter().map(|v| v.name.clone()).collect();
    let paths: Vec<_> = names.iter().map(|name| folder.join(name)).collect();
    let mut files: Vec<_> = paths.iter().map(|p| BufWriter::new(File::create(p).unwrap())).collect();
    let frames = Flow::new(7, &spec).unwrap().write_session(START_NS, SESSION_NS, &mut files).unwrap();
    drop(files);
    let replay = names.iter().zip(paths).map(|(name, path)| ReplayFile { venue: Some(name.clone()), path }).collect();
    let mut config = SimConfig::new(Source::Recorded(ReplaySpec::new(replay)));
    if !tls {
        let any = Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
        config.endpoints = names.into_iter().map(|venue| Endpoint { venue, tls: None, plain: any }).collect();
    }
    (Sim::start(config).unwrap(), frames)
}

/// Allocations and ticks behind the warm-up.
fn measure(tls: bool) -> (u64, u64) {
    let folder = tempfile::tempdir().unwrap();
    let (sim, frames) = venues(folder.path(), tls);
    let (config, universe) = demo::load(&demo::config_text(), &Overrides::none());
    let mut driver = setup::paper_driver(&config, &universe).unwrap();
    let lines = universe.venues.iter().map(|venue| {
        let ours: Vec<_> = universe.instruments.iter().filter(|i| i.venue == venue.id).collect();
        let trades = if venue.protocol == Protocol::BinanceSpot { StreamKind::Trade } else { StreamKind::AggTrade };
        let streams = [trades, StreamKind::BookTicker];
        let environment = Environment::Custom(&sim.venue(&venue.name).unwrap().stream_url);
        let symbols = ours.iter().map(|i| (i.id, &*i.symbol));
        LineSpec {
            venue: venue.id,
            protocol: venue.protocol,
            line: 0,
            unit: TimeUnit::Milli,
            sockets: plan(venue.protocol, environment, TimeUnit::Milli, &streams, symbols).unwrap(),
            symbols: ours.iter().map(|i| (i.symbol.clone(), i.id, i.scale)).collect(),
            rules: Rules::of(venue.protocol),
            tls: TlsClient::with_pem(sim.ca_pem().as_bytes()).unwrap(),
            options: SocketOptions { kernel_time: true, ..SocketOptions::default() },
            attempts: AttemptBudget::binance(),
            seed: 1,
        }
    });
    let (producer, mut ring) = spsc::ring::<Tick>(4_096);
    let (tell, _events) = sync_channel(1_000);
    let sink = RingSink::new(producer, None);
    let clock = WallClock::anchored_now();
    let (observer, known) = ReaderFlight::new(clock.clone(), ReaderStages::local(), Turns::new("reader", None));
    let (mut reader, _stats) =
        Reader::new(lines.collect(), universe.instruments.len(), sink, clock.clone(), observer, tell).unwrap();
    // The flight recorder goes along, whole.
    let mut flight = Flight::new(clock, Stages::local(), Turns::new("core", None), Worst::new(None), vec![known]);

    let end = Instant::now() + Duration::from_secs(120);
    let mut before = None;
    while driver.core().counts().ticks < frames {
        assert!(Instant::now() < end, "{} of {frames} ticks", driver.core().counts().ticks);
        if reader.turn() == 0 {
            reader.wait(Duration::from_millis(1));
        }
        let mut take = |tick: Tick| {
            flight.look();
            flight.woken();
            driver.wake_before(&tick, &mut flight);
            flight.taken(&tick, 0);
            driver.take(&tick, &mut flight);
            flight.done(&tick);
        };
        while ring.pop_batch(256, &mut take) > 0 {}
        flight.show(flight.looked_ns());
        if driver.core().counts().ticks >= WARM {
            before.get_or_insert((ALLOCATIONS.get(), driver.core().counts().ticks));
        }
    }
    let (allocations, ticks) = before.expect("a session longer than the warm-up");
    let counted = (ALLOCATIONS.get() - allocations, driver.core().counts().ticks - ticks);
    flight.finish();
    let told = |bit| flight.worst().rows().filter(|row| row.reached & bit != 0).count();
    assert_eq!((told(Reached::TAKEN), told(Reached::DECODED)), (32, 32), "each of the worst with its reader's half");
    assert!(told(Reached::KERNEL) > 0, "the kernel told when it received");
    println!("tls {tls}: {} allocations in {} ticks, {} orders", counted.0, counted.1, driver.core().counts().orders);
    assert!(counted.1 > WARM, "most of the session is counted");
    counted
}

#[test]
fn plain_sockets_allocate_nothing() {
    let (allocations, _) = measure(false);
    assert_eq!(allocations, 0);
}

/// One message is one record at most; its answers, a pong a ping, are few.
#[test]
fn tls_allocates_once_a_record_at_most() {
    let (allocations, ticks) = measure(true);
    assert!(allocations > 0, "rustls allocates for a record; if it no longer does, hold it to nothing here too");
    assert!(allocations <= ticks + ticks / 100, "{allocations} allocations in {ticks} ticks");
}
