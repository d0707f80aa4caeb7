//! Rings and inline: the same ticks lead to the same decisions, and neither allocates for a tick.

#[path = "support/counting.rs"]
mod counting;
#[path = "support/flow.rs"]
mod flow;
#[path = "support/seat.rs"]
mod seat;
mod support;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use counting::{ALLOCATIONS, Counting};
use crosstick_engine::clock::WallClock;
use crosstick_engine::config::{Config, Overrides};
use crosstick_engine::journal::scribe::scribe;
use crosstick_engine::report::flight;
use crosstick_engine::run::flight::{ReaderFlight, ReaderStages};
use crosstick_engine::run::inline_thread::InlineThread;
use crosstick_engine::run::seat::Seat;
use crosstick_engine::setup;
use crosstick_feeds::connection::AttemptBudget;
use crosstick_feeds::decode::TimeUnit;
use crosstick_feeds::endpoints::{Environment, StreamKind, plan};
use crosstick_feeds::outlet::{Fit, Outlet, RingSink, TickSink};
use crosstick_feeds::{LineSpec, Rules, SocketOptions, TlsClient, reader};
use crosstick_ipc::Reader;
use crosstick_model::{CommandKind, CommandSource, DenyCode, Reason, Tick, Universe};
use crosstick_ring::{WaitPolicy, spsc, wait};
use seat::Around;
use support::demo;

#[global_allocator]
static COUNTING: Counting = Counting;

fn world() -> (Config, Universe) {
    demo::load(&demo::config_text(), &Overrides::none())
}

/// Hash and orders of a seat.
fn end(seat: &Seat) -> (String, u64) {
    let core = seat.driver().core();
    (core.hash().hex(), core.counts().orders)
}

/// As a reader thread and the core thread do it, in batches of changing length. Counts allocations behind `warm` ticks.
fn by_rings(config: &Config, universe: &Universe, ticks: &[Tick], warm: usize) -> ((String, u64), u64) {
    let (mut seat, _around) = seat::seat(config, universe);
    let (producer, mut ring) = spsc::ring::<Tick>(1024);
    let mut outlet = Outlet::new(RingSink::new(producer, None), universe.instruments.len());
    let (mut before, mut done) = (0, 0);
    for (turn, batch) in batches(ticks).enumerate() {
        if done < warm {
            before = ALLOCATIONS.get();
        }
        seat.begin();
        batch.iter().for_each(|tick| assert_eq!(outlet.offer(*tick), Fit::Pushed, "turn {turn}"));
        assert_eq!(outlet.end_batch(), Fit::Pushed);
        ring.pop_batch(256, |tick| seat.take(&tick, 0));
        assert_eq!(seat.took(), batch.len());
        seat.busy();
        done += batch.len();
    }
    let allocations = ALLOCATIONS.get() - before;
    (end(&seat), allocations)
}

/// As the one thread of the inline topology does it.
fn inline(config: &Config, universe: &Universe, ticks: &[Tick], warm: usize) -> ((String, u64), u64) {
    let (seat, _around) = seat::seat(config, universe);
    let mut outlet = Outlet::new(seat, universe.instruments.len());
    let (mut before, mut done) = (0, 0);
    for batch in batches(ticks) {
        if done < warm {
            before = ALLOCATIONS.get();
        }
        outlet.sink().begin();
        batch.iter().for_each(|tick| assert_eq!(outlet.offer(*tick), Fit::Pushed));
        assert_eq!(outlet.end_batch(), Fit::Pushed);
        outlet.wake();
        assert_eq!(outlet.sink().took(), batch.len());
        outlet.sink().busy();
        done += batch.len();
    }
    let allocations = ALLOCATIONS.get() - before;
    (end(outlet.sink()), allocations)
}

/// One tick, then two, up to seven, and again.
fn batches(ticks: &[Tick]) -> impl Iterator<Item = &[Tick]> {
    let mut rest = ticks;
    (0..).map_while(move |n: usize| {
        let (batch, behind) = rest.split_at((n % 7 + 1).min(rest.len()));
        rest = behind;
        (!batch.is_empty()).then_some(batch)
    })
}

#[test]
fn the_same_ticks_lead_to_the_same_decisions_and_none_allocates() {
    let (config, universe) = world();
    let ticks = flow::ticks(&universe, 5, 100_000);
    let (rings, of_rings) = by_rings(&config, &universe, &ticks, 20_000);
    let (inline, of_inline) = inline(&config, &universe, &ticks, 20_000);
    // As a replay does it.
    let mut driver = setup::paper_driver(&config, &universe).expect("a driver");
    ticks.iter().for_each(|tick| driver.take(tick, &mut ()));
    let replayed = (driver.core().hash().hex(), driver.core().counts().orders);
    println!("{} ticks, {} orders, {}", ticks.len(), replayed.1, replayed.0);
    assert!(replayed.1 > 100, "{} orders", replayed.1);
    assert_eq!(rings, replayed);
    assert_eq!(inline, replayed);
    assert_eq!((of_rings, of_inline), (0, 0), "allocations");
    // Another input leads elsewhere.
    let other = flow::ticks(&universe, 6, 100_000);
    assert_ne!(self::inline(&config, &universe, &other, 0).0, replayed);
}

/// A command that waits is obeyed before the next tick, in the middle of a read.
#[test]
fn an_inline_core_obeys_within_a_batch() {
    let (config, universe) = world();
    let ticks = flow::ticks(&universe, 5, 20_000);
    let (seat, mut around) = seat::seat(&config, &universe);
    let mut outlet = Outlet::new(seat, universe.instruments.len());
    let (first, rest) = ticks.split_at(10_000);
    first.iter().for_each(|tick| assert_eq!(outlet.offer(*tick), Fit::Pushed));
    let orders = outlet.sink().driver().core().counts().orders;
    assert!(orders > 0);
    let (kind, source, reason) = (CommandKind::Halt, CommandSource::Signal, Reason::new("enough"));
    let handed = crosstick_engine::run::halting::Handed { kind, source, reason, number: 0, by_main: true, given_ns: 0 };
    around.hand.push(handed).expect("room");
    rest.iter().for_each(|tick| assert_eq!(outlet.offer(*tick), Fit::Pushed));
    let seat = outlet.sink();
    assert!(!seat.is_closed() && seat.driver().core().risk().halted().is_some());
    let sent = seat.driver().core().counts().orders;
    assert!(sent <= orders + 2, "{orders} before, {sent} at the end");
}

/// A turn that brings more than the journal has room for: trading ends in the middle of it, not behind it.
#[test]
fn a_journal_that_falls_behind_within_a_turn_ends_trading_in_it() {
    let (config, universe) = world();
    let ticks = flow::ticks(&universe, 5, 20_000);
    let (scribe, _nobody_writes, _shared) = scribe(1_024);
    let (mut seat, _around) = seat::seat_with(&config, &universe, Some(scribe));
    let code = |seat: &Seat| seat.driver().core().risk().halted().map(|halt| halt.code);
    seat.begin();
    let halted_at = ticks.iter().position(|tick| {
        seat.take(tick, 0);
        code(&seat).is_some()
    });
    assert_eq!(code(&seat), Some(DenyCode::Journal), "halted at tick {halted_at:?}");
    let (orders, rest) = (seat.driver().core().counts().orders, &ticks[halted_at.unwrap() + 1..]);
    rest.iter().for_each(|tick| seat.take(tick, 0));
    assert_eq!((seat.driver().core().counts().orders, seat.took()), (orders, ticks.len()), "nothing leaves behind it");
}

/// Overlong turns of the core thread, as its region tells: work, then stalls.
fn overlong(around: &Around) -> (u64, u64) {
    let region = Reader::open(&around.place).unwrap_or_else(|e| panic!("{e}"));
    let turns = &flight::overlong(&region, None).expect("rows").threads[0];
    (turns.work.count, turns.stalled.count)
}

#[test]
fn a_read_that_brings_a_tick_is_work_of_the_inline_thread() {
    let (config, universe) = world();
    let ticks = flow::ticks(&universe, 5, 1);
    let (mut seat, around) = seat::seat(&config, &universe);
    while !seat.may_sleep() {
        seat.idle();
    }
    seat.idle();
    let (work, stalled) = overlong(&around);
    // A long read.
    std::thread::sleep(Duration::from_millis(1));
    assert_eq!(seat.push(ticks[0]), Ok(()));
    assert_eq!(overlong(&around), (work + 1, stalled));
}

/// The lines' first ticks are taken when the reader is made; until the thread runs, nobody turns.
#[test]
fn an_inline_thread_begins_without_an_overlong_turn() {
    let (config, universe) = world();
    let (seat, around) = seat::seat(&config, &universe);
    let of = &universe.instruments[0];
    let protocol = universe.venue(of.venue).protocol;
    let (environment, streams) = (Environment::Custom("ws://127.0.0.1:9"), [StreamKind::BookTicker]);
    let line = LineSpec {
        venue: of.venue,
        protocol,
        line: 0,
        unit: TimeUnit::Milli,
        sockets: plan(protocol, environment, TimeUnit::Milli, &streams, [(of.id, &*of.symbol)]).expect("a plan"),
        symbols: vec![(of.symbol.clone(), of.id, of.scale)],
        rules: Rules::of(protocol),
        tls: TlsClient::new(None).expect("roots"),
        options: SocketOptions::default(),
        attempts: AttemptBudget::binance(),
        seed: 1,
    };
    let clock = WallClock::anchored_now();
    let (observer, _known) = ReaderFlight::inline(clock.clone(), ReaderStages::local());
    let (tell, _events) = sync_channel(16);
    let (reader, _stats) = reader::Reader::new(vec![line], universe.instruments.len(), seat, clock, observer, tell)
        .unwrap_or_else(|e| panic!("{e}"));
    std::thread::sleep(Duration::from_millis(1));
    // Told to stop before its first turn: all that it does is to end.
    let (waiter, _) = wait::pair(WaitPolicy::Spin, false);
    let thread = InlineThread { reader, waiter, cpu: None, stop: Arc::new(AtomicBool::new(true)) };
    let end = thread.start().and_then(|thread| thread.join().map_err(|_| std::io::Error::other("it panicked")));
    assert!(end.is_ok());
    assert_eq!(overlong(&around), (0, 0));
}
