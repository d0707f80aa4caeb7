//! A core that shows what it does in a region of its own, without threads: time is whatever a test says.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use crosstick_engine::config::Config;
use crosstick_engine::driver::{Listener, PaperDriver};
use crosstick_engine::run::publish::{Publisher, Tables};
use crosstick_engine::setup;
use crosstick_execution::OrderState;
use crosstick_ipc::{Owner, Place, Reader, Shape, Writer};
use crosstick_model::{Decision, Line, Order, Report, Tick, Universe, VenueId};
use crosstick_strategy::{Opportunity, Spread};

/// Driver and publisher, as the core thread has them.
pub struct Shown {
    pub driver: PaperDriver<Spread>,
    pub bridge: Bridge,
    place: Place,
    _owner: Owner,
    _dir: tempfile::TempDir,
}

/// Tells the publisher what the core does.
pub struct Bridge(pub Publisher);

impl Listener for Bridge {
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

impl Shown {
    pub fn new(config: &Config, universe: &Universe) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let place = Place::in_dir(dir.path(), "region").expect("a name");
        let driver = setup::paper_driver(config, universe).expect("a driver");
        let tables = Tables::new(universe, &driver);
        let lines: Vec<(VenueId, Line)> = universe.venues.iter().map(|v| (v.id, 0)).collect();
        let shape = Shape { lines: &lines, ..Shape::of(universe) };
        let Writer { owner, core, .. } = Writer::create(&place, &tables.shape(shape)).unwrap_or_else(|e| panic!("{e}"));
        let bridge = Bridge(Publisher::new(core, tables, &lines));
        Self { driver, bridge, place, _owner: owner, _dir: dir }
    }

    /// A reader, as another process would have it.
    pub fn reader(&self) -> Reader {
        Reader::open(&self.place).unwrap_or_else(|e| panic!("{e}"))
    }

    /// What the core thread does with a tick.
    pub fn take(&mut self, tick: &Tick) {
        self.driver.take(tick, &mut self.bridge);
        self.bridge.0.tick(tick);
    }

    /// What the core thread does at the end of a turn.
    pub fn turn(&mut self, now_ns: u64, busy: bool) {
        if !busy {
            self.driver.wake_until(now_ns, &mut self.bridge);
        }
        self.bridge.0.turn(&self.driver, now_ns, busy);
    }

    /// The end of the run.
    pub fn finish(&mut self, now_ns: u64) {
        self.driver.wake_until(now_ns, &mut self.bridge);
        self.driver.finish(&mut self.bridge);
        self.bridge.0.finish(&self.driver, now_ns);
    }
}
