//! Rings and inline: the same ticks lead to the same decisions, and neither allocates for a tick.

#[path = "support/counting.rs"]
mod counting;
#[path = "support/flow.rs"]
mod flow;
#[path = "support/seat.rs"]
mod seat;
mod support;

use counting::{ALLOCATIONS, Counting};
use crosstick_engine::config::{Config, Overrides};
use crosstick_engine::journal::scribe::scribe;
use crosstick_engine::run::seat::Seat;
use crosstick_engine::setup;
use crosstick_feeds::outlet::{Fit, Outlet, RingSink, TickSink};
use crosstick_model::{CommandKind, CommandSource, DenyCode, Reason, Tick, Universe};
use crosstick_ring::spsc;
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
