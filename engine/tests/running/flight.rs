//! The flight recorder: an injected delay shows in the stage where it was, in no other, and changes no decision.
//!
//! Time is whatever a test says: a stamp moves only where the test moves it, so every figure is exact.

use crate::flow;
use crate::seat;
use crate::support;

use std::cell::Cell;
use std::rc::Rc;

use crosstick_engine::clock::WallClock;
use crosstick_engine::config::Overrides;
use crosstick_engine::core::Stamp;
use crosstick_engine::driver::Listener;
use crosstick_engine::run::flight::batches::{BATCHES, BatchStamps, find};
use crosstick_engine::run::flight::{
    Batches, CORE_STAGES, Flight, ReaderFlight, ReaderStages, Stages, Turns, WORST, Worst,
};
use crosstick_engine::setup;
use crosstick_feeds::{Batch, Clock, Observer};
use crosstick_ipc::layout::{LedTo, Reached, WorstTickRow, table};
use crosstick_ipc::{Reader, Recorder};
use crosstick_model::{
    GroupId, InstrumentId, Intent, Line, Order, OrderId, Purpose, Report, ReportKind, Side, Tick, TimeInForce, VenueId,
};
use support::demo;

/// A line that no tick of the session comes by.
const UNUSED_LINE: Line = 7;
const TICKS: usize = 20_000;
/// What is injected, ns: longer than anything else that a stage of ours takes here, which is nothing.
const DELAY_NS: u64 = 20_000_000;

/// A clock that stands still until it is moved. One raw stamp is a quarter of a ns, so that stamps are no times.
#[derive(Clone, Default)]
struct Stopped(Rc<Time>);

#[derive(Default)]
struct Time {
    ns: Cell<u64>,
    /// Stamps that were taken since [`Stopped::count`].
    stamps: Cell<u32>,
    /// The one of them before which [`DELAY_NS`] pass; 0: none.
    late: Cell<u32>,
}

impl Stopped {
    fn set(&self, ns: u64) {
        self.0.ns.set(ns);
    }

    fn pass(&self, ns: u64) {
        self.set(self.now_ns() + ns);
    }

    /// Counts stamps anew.
    fn count(&self, late: u32) {
        self.0.stamps.set(0);
        self.0.late.set(late);
    }
}

impl Clock for Stopped {
    fn now_ns(&self) -> u64 {
        self.0.ns.get()
    }

    fn stamp(&self) -> u64 {
        self.0.stamps.set(self.0.stamps.get() + 1);
        if self.0.stamps.get() == self.0.late.get() {
            self.pass(DELAY_NS);
        }
        self.now_ns() * 4
    }

    fn at_ns(&self, stamp: u64) -> u64 {
        stamp / 4
    }
}

/// Where the delay is: before which of the stamps that a tick with one group of orders takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Where {
    Nowhere = 0,
    /// Between the read and the core: in the ring.
    ReachCore = 1,
    /// Between the look and the intents: in cache or strategy.
    Decide = 2,
    /// Between the intents and the verdict: in risk.
    Gate = 3,
    /// Between the verdict and the gateway.
    Send = 4,
    /// Before none of them: the venue's answer is late.
    Acknowledge = 5,
}

/// Stamps of a tick that led to one group of orders, when nothing was due before it.
const STAMPS: u32 = 4;

/// What a run came to.
struct Ran {
    /// The longest of each of the core's stages, in their order.
    longest: [u64; 6],
    worst: Vec<WorstTickRow>,
    hash: String,
    /// The first tick behind the first thousand that led to a pair, with nothing due before it: where others delay.
    ordered: usize,
    ticks: u64,
    reached: u64,
}

/// A generated session through the core's seat: every tick is taken at the time of its read, but for the one delay on
/// the way of tick number `at`.
fn run(place: Where, at: usize) -> Ran {
    let (config, universe) = demo::load(&demo::config_text(), &Overrides::none());
    let ticks = flow::ticks(&universe, 7, TICKS);
    let clock = Stopped::default();
    clock.set(ticks[0].recv_ns);
    let (mut seat, around) = seat::seat_by(&config, &universe, clock.clone(), None);
    let region = Reader::open(&around.place).unwrap_or_else(|e| panic!("{e}"));
    let summary = |stage: &str| {
        let found = region.latency().into_iter().find(|s| s.name == stage).expect("a stage of the core's");
        found.counted.summary()
    };
    let (mut answer_late, mut ordered) = (false, None);
    for (number, tick) in ticks.iter().enumerate() {
        clock.set(tick.recv_ns);
        seat.begin();
        let due = seat.next_wake().is_some_and(|due| due <= tick.recv_ns);
        if answer_late && due {
            // Something that is in no stage itself finds what was due, too late; it may be a timer first.
            let before = summary("acknowledge").count;
            clock.pass(DELAY_NS);
            seat.take(&Tick::line_state(VenueId(0), UNUSED_LINE, true, tick.recv_ns), 0);
            clock.set(tick.recv_ns);
            answer_late = summary("acknowledge").count == before;
        }
        let sent = seat.driver().order_counts().sent;
        clock.count(if number == at { place as u32 } else { 0 });
        seat.take(tick, 0);
        // Behind a thousand ticks, so that the delay is not the first of anything.
        let pair = seat.driver().order_counts().sent == sent + 2 && clock.0.stamps.get() == STAMPS;
        if number > 1_000 && pair && !due {
            ordered.get_or_insert(number);
        }
        clock.count(0);
        seat.took();
        seat.busy();
        answer_late |= place == Where::Acknowledge && number == at;
    }
    let all = CORE_STAGES.map(|stage| summary(stage.name));
    assert!(all[1..].iter().all(|s| s.count > 10), "every stage of an order's way has samples");
    let rows: Vec<WorstTickRow> = region.rows(table::WORST_TICKS);
    Ran {
        longest: all.map(|s| s.max),
        worst: rows.into_iter().filter(|row| row.total_ns > 0).collect(),
        hash: seat.driver().core().hash().hex(),
        ordered: ordered.expect("orders"),
        ticks: seat.driver().core().counts().ticks,
        reached: all[0].count,
    }
}

fn local(worst: Worst, batches: Vec<Batches>, clock: &Stopped) -> Flight<Stopped> {
    Flight::new(clock.clone(), Stages::local(), Turns::asking("core", None, || 0), worst, batches)
}

fn count(stage: &Recorder) -> u64 {
    stage.snapshot().count()
}

fn longest(stage: &Recorder) -> u64 {
    stage.snapshot().summary().max
}

#[test]
fn a_delay_shows_in_its_stage_and_in_no_other() {
    let calm = run(Where::Nowhere, 0);
    let [.., answer_ns] = calm.longest;
    assert_eq!(calm.longest, [0, 0, 0, 0, 0, answer_ns], "where nothing takes time, nothing is measured");
    assert!(calm.worst.is_empty() && answer_ns > 0);
    assert_eq!((calm.ticks, calm.reached), (TICKS as u64, TICKS as u64), "a sample a tick");

    let d = DELAY_NS;
    let cases = [
        (Where::ReachCore, [d, 0, 0, 0, d]),
        (Where::Decide, [0, d, 0, 0, d]),
        (Where::Gate, [0, 0, d, 0, d]),
        (Where::Send, [0, 0, 0, d, d]),
        (Where::Acknowledge, [0, 0, 0, 0, 0]),
    ];
    for (place, expected) in cases {
        let slow = run(place, calm.ordered);
        assert_eq!(slow.hash, calm.hash, "{place:?}: a stamp decides nothing");
        assert_eq!(slow.longest[..5], expected, "{place:?}");
        if place == Where::Acknowledge {
            assert!(slow.longest[5] >= d, "{place:?}: {}", slow.longest[5]);
        } else {
            assert!(slow.longest[5] <= answer_ns, "{place:?}: an answer is counted from when the order was sent");
        }
    }
}

#[test]
fn the_trace_of_the_worst_tick_tells_where_its_time_went() {
    let ordered = run(Where::Nowhere, 0).ordered;
    let d = DELAY_NS;
    let cases = [
        (Where::ReachCore, [d, d, d, d]),
        (Where::Decide, [0, d, d, d]),
        (Where::Gate, [0, 0, d, d]),
        (Where::Send, [0, 0, 0, d]),
    ];
    for (place, expected) in cases {
        let slow = run(place, ordered);
        let [worst] = slow.worst[..] else { panic!("{place:?}: {:?}", slow.worst) };
        assert_eq!((worst.total_ns, worst.led_to), (d, LedTo::Orders as u32), "{place:?}");
        assert_eq!([worst.taken_ns, worst.decided_ns, worst.gated_ns, worst.sent_ns], expected, "{place:?}");
        assert!(worst.orders == 2 && worst.first_order > 0, "{place:?}: {worst:?}");
        let own = Reached::TAKEN | Reached::DECIDED | Reached::GATED | Reached::SENT;
        assert_eq!(worst.reached, own | Reached::ACKNOWLEDGED, "{place:?}");
    }
}

#[test]
fn a_turn_is_ours_when_something_was_worked_on_in_it() {
    let (_, universe) = demo::load(&demo::config_text(), &Overrides::none());
    let ticks = flow::ticks(&universe, 3, 2);
    let clock = Stopped::default();
    clock.set(ticks[1].recv_ns);
    let mut flight = local(Worst::new(None), Vec::new(), &clock);
    let told = |flight: &Flight<Stopped>| (flight.turns().row().work_worst_ns, flight.turns().row().stalled_worst_ns);
    let idle = |flight: &mut Flight<Stopped>, shows: bool| {
        flight.look();
        flight.woken();
        flight.idle(flight.looked_ns(), shows);
    };
    idle(&mut flight, false);
    clock.pass(60_000);
    idle(&mut flight, false);
    assert_eq!(told(&flight), (0, 60_000), "nothing was worked on");
    flight.look();
    flight.taken(&ticks[0], 0);
    clock.pass(70_000);
    flight.done(&ticks[0]);
    idle(&mut flight, true);
    assert_eq!(told(&flight), (70_000, 60_000), "a tick was");
    clock.pass(80_000);
    idle(&mut flight, false);
    assert_eq!(told(&flight), (80_000, 60_000), "rows were shown");
    clock.pass(90_000);
    flight.waited();
    idle(&mut flight, false);
    assert_eq!(told(&flight), (80_000, 60_000), "it waited");
}

/// A closing order may be sent, and answered, in the wake-ups before one tick.
#[test]
fn an_answer_in_the_turn_that_sent_the_order_is_a_sample() {
    let clock = Stopped::default();
    clock.set(1_000);
    let mut flight = local(Worst::new(None), Vec::new(), &clock);
    flight.look();
    flight.woken();
    let (id, instrument) = (OrderId(7), InstrumentId(0));
    let intent = Intent {
        group: GroupId(1),
        leg: 0,
        instrument,
        side: Side::Sell,
        price: 1,
        quantity: 1,
        time_in_force: TimeInForce::Ioc,
        purpose: Purpose::Close,
    };
    clock.pass(10);
    flight.stamp(Stamp::Decided);
    flight.stamp(Stamp::Gated);
    flight.order_sent(1_000, &Order { id, intent, decided_ns: 1_000 });
    flight.stamp(Stamp::Sent);
    clock.pass(30);
    let answer = Report { order: id, instrument, at_ns: 1_020, kind: ReportKind::Cancelled { unfilled: 1 } };
    flight.report(&answer, None);
    assert_eq!((count(&flight.stages().acknowledge), longest(&flight.stages().acknowledge)), (1, 30));
    flight.report(&answer, None);
    assert_eq!(count(&flight.stages().acknowledge), 1, "the first report alone");
}

/// The core without a recorder decides the same.
#[test]
fn recording_changes_no_decision() {
    let (config, universe) = demo::load(&demo::config_text(), &Overrides::none());
    let mut driver = setup::paper_driver(&config, &universe).unwrap();
    for tick in flow::ticks(&universe, 7, TICKS) {
        driver.take(&tick, &mut ());
    }
    assert_eq!(driver.core().hash().hex(), run(Where::Nowhere, 0).hash);
}

fn batch(read_ns: u64, kernel_ns: u64, pushed_ns: u64) -> Batch {
    Batch { venue: VenueId(0), line: 0, kernel_ns, read_ns, pushed_ns, ticks: 3 }
}

/// What the reader knows beside the tick: it joins the trace once it is there, also when the core was faster.
#[test]
fn the_readers_half_joins_the_trace() {
    let (_, universe) = demo::load(&demo::config_text(), &Overrides::none());
    let clock = Stopped::default();
    let turns = || Turns::asking("reader", None, || 0);
    let (mut reader, known) = ReaderFlight::new(WallClock::anchored_now(), ReaderStages::local(), turns());
    let (_idle_reader, unknown) = ReaderFlight::new(WallClock::anchored_now(), ReaderStages::local(), turns());
    let mut flight = local(Worst::new(None), vec![unknown, known], &clock);
    let mut ticks = flow::ticks(&universe, 3, 3);
    (0..).zip(&mut ticks).for_each(|(i, tick)| tick.recv_ns += i * 1_000_000);
    let recv = |i: usize| ticks[i].recv_ns;

    let mut take = |i: usize, wait_ns: u64| {
        clock.set(recv(i) + wait_ns);
        flight.look();
        flight.taken(&ticks[i], 1);
        flight.done(&ticks[i]);
    };
    reader.batch(&batch(recv(0), recv(0) - 700, recv(0) + 40));
    take(0, 90);
    take(1, 80);
    // The second is with the core before its reader has written down how it was read; the third never is.
    reader.batch(&batch(recv(1), 0, recv(1) + 50));
    take(2, 70);
    flight.finish();

    let told = |row: &WorstTickRow| (row.reached, row.kernel_ns, row.decoded_ns, row.taken_ns, row.read_ticks);
    let mut rows: Vec<_> = flight.worst().rows().map(told).collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.3));
    let (kernel, decoded, taken) = (Reached::KERNEL, Reached::DECODED, Reached::TAKEN);
    assert_eq!(
        rows,
        [(kernel | decoded | taken, 700, 40, 90, 3), (decoded | taken, 0, 50, 80, 3), (taken, 0, 0, 70, 0)]
    );
    let stages = reader.stages();
    assert_eq!((count(&stages.decode), longest(&stages.decode)), (2, 50));
    assert_eq!((count(&stages.kernel), longest(&stages.kernel)), (1, 700));
}

#[test]
fn as_many_reads_are_remembered_as_ticks_can_wait() {
    let turns = Turns::asking("reader", None, || 0);
    let (mut reader, known) = ReaderFlight::new(WallClock::anchored_now(), ReaderStages::local(), turns);
    let all = BATCHES as u64 + 10;
    for n in 1..=all {
        reader.batch(&batch(n * 100, 0, n * 100 + 7));
    }
    let oldest = all - BATCHES as u64 + 1;
    let expected = |read_ns| BatchStamps { read_ns, kernel_ns: 0, pushed_ns: read_ns + 7, ticks: 3 };
    for n in [oldest, oldest + 1, all - 1, all] {
        assert_eq!(find(&known, n * 100), Some(expected(n * 100)));
    }
    assert_eq!((find(&known, 100), find(&known, oldest * 100 + 1), find(&known, (all + 1) * 100)), (None, None, None));
    assert_eq!(WORST, 32);
}
