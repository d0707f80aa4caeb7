//! A core's seat without threads, with a region and a control region of its own.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crosstick_engine::clock::WallClock;
use crosstick_engine::config::Config;
use crosstick_engine::journal::Scribe;
use crosstick_engine::run::flight::{CORE_STAGES, Flight, Stages, Turns, WORST, Worst};
use crosstick_engine::run::halting::{Handed, Inlet, NewsReader, channel};
use crosstick_engine::run::notify::{Pulse, beat};
use crosstick_engine::run::publish::{Publisher, Tables};
use crosstick_engine::run::seat::{Seat, SeatParts};
use crosstick_engine::run::topology::{CORE, turn_rows};
use crosstick_engine::setup;
use crosstick_feeds::Clock;
use crosstick_ipc::control::{Control, ControlMain};
use crosstick_ipc::{Owner, Place, Shape, Writer};
use crosstick_model::{Line, Universe, VenueId};
use crosstick_ring::spsc;

/// What must outlive the seat.
pub struct Around {
    pub place: Place,
    pub pulse: Pulse,
    pub news: NewsReader,
    pub hand: spsc::Producer<Handed>,
    _main: ControlMain,
    _owner: Owner,
    _dir: tempfile::TempDir,
}

/// A seat as `run` makes it, without a journal.
pub fn seat(config: &Config, universe: &Universe) -> (Seat, Around) {
    seat_with(config, universe, None)
}

/// The same with the core's end of a journal.
pub fn seat_with(config: &Config, universe: &Universe, scribe: Option<Scribe>) -> (Seat, Around) {
    seat_by(config, universe, WallClock::anchored_now(), scribe)
}

/// The same by another clock.
pub fn seat_by<C: Clock + Clone>(
    config: &Config,
    universe: &Universe,
    clock: C,
    scribe: Option<Scribe>,
) -> (Seat<C>, Around) {
    let dir = tempfile::tempdir().expect("a directory");
    let place = Place::in_dir(dir.path(), "region").expect("a name");
    let driver = setup::paper_driver(config, universe).expect("a driver");
    let tables = Tables::new(universe, &driver);
    let lines: Vec<(VenueId, Line)> = universe.venues.iter().map(|v| (v.id, 0)).collect();
    let turns = turn_rows(0);
    let shape = Shape { lines: &lines, stages: &CORE_STAGES, turns: &turns, worst_ticks: WORST, ..Shape::of(universe) };
    let Writer { owner, core, recorders, turns, worst_ticks, .. } =
        Writer::create(&place, &tables.shape(shape)).unwrap_or_else(|e| panic!("{e}"));
    let stages = Stages::from_recorders(recorders.into_iter()).expect("histograms");
    // Nobody takes the processor away: what takes long in a test is ours or the machine's.
    let turns = Turns::asking(CORE, turns.into_iter().next(), || 0);
    let control = Control::create(&place, &dir.path().join("halt"), clock.now_ns()).expect("a control region");
    let (hand, handed) = spsc::ring(16);
    let (tell, news) = channel();
    let (beat, pulse) = beat();
    let seat = Seat::new(SeatParts {
        driver,
        flight: Flight::new(clock.clone(), stages, turns, Worst::new(Some(worst_ticks)), Vec::new()),
        clock,
        publisher: Publisher::new(core, tables, &lines),
        keep_rows: false,
        inlet: Inlet::new(control.core, Arc::new(AtomicBool::new(false)), handed, tell),
        beat,
        scribe,
    });
    (seat, Around { place, pulse, news, hand, _main: control.main, _owner: owner, _dir: dir })
}
