//! The core thread: takes ticks from the readers' rings, drives core and paper gateway, publishes.
//!
//! **Thread:** `ct-core`. **Hot.** One turn: a bounded batch from each ring, then what is due, then a bounded number of
//! records published; publishing comes after intents, and at least every 10 ms under load. The clock is read once a
//! tick taken, once an idle turn, and three times on an order's way. Nothing here locks, logs or allocates after
//! warm-up; opportunities for the opportunity file are kept only when one is wanted.

use std::thread::{self, JoinHandle};
use std::time::Duration;

use crosstick_model::Tick;
use crosstick_ring::Waiter;
use crosstick_ring::spsc::Consumer;
use crosstick_strategy::{Opportunity, Spread};

use super::desk::Desk;
use super::flight::Flight;
use super::halting::Inlet;
use super::notify::Beat;
use super::publish::Publisher;
use crate::clock::WallClock;
use crate::driver::PaperDriver;
use crate::journal::Scribe;

/// Ticks taken from one ring before the next one has its turn.
const BATCH: usize = 256;

/// Longest wait at the end for orders and pairs in flight.
const SETTLE_NS: u64 = 2_000_000_000;
/// How often they are looked at then.
const SETTLE_TURN: Duration = Duration::from_micros(200);

/// What the core thread starts with.
pub struct CoreThread {
    /// Core and paper gateway.
    pub driver: PaperDriver<Spread>,
    /// One ring a reader.
    pub rings: Vec<Consumer<Tick>>,
    /// How it waits.
    pub waiter: Waiter,
    /// Its clock.
    pub clock: WallClock,
    /// What it shows.
    pub publisher: Publisher,
    /// Its flight recorder.
    pub flight: Flight,
    /// Keep opportunities for the opportunity file.
    pub keep_rows: bool,
    /// CPU to pin to.
    pub cpu: Option<usize>,
    /// Where commands reach it, and what it tells of halts.
    pub inlet: Inlet,
    /// Counts the turns of the loop, for the watchdog.
    pub beat: Beat,
    /// The journal's end, where one is kept.
    pub scribe: Option<Scribe>,
}

/// What the core thread hands back at its end.
pub struct CoreEnd {
    /// Core and paper gateway.
    pub driver: PaperDriver<Spread>,
    /// Opportunities, where kept.
    pub rows: Option<Vec<Opportunity>>,
    /// Its publisher, so that the region outlives the thread.
    pub publisher: Publisher,
}

impl CoreThread {
    /// Starts the thread. It ends when every ring is closed and empty.
    ///
    /// # Errors
    /// When the system has no thread for it.
    pub fn start(self) -> std::io::Result<JoinHandle<CoreEnd>> {
        thread::Builder::new().name(super::topology::CORE.into()).spawn(move || self.run())
    }

    fn run(mut self) -> CoreEnd {
        if let Some(cpu) = self.cpu
            && let Err(error) = crosstick_ring::pin::pin_current_thread(cpu)
        {
            tracing::warn!("the core thread runs unpinned: {error}");
        }
        let mut desk = Desk::new(self.keep_rows, self.beat, self.flight, self.publisher, self.scribe);
        desk.publisher.started(self.clock.now_ns());
        loop {
            desk.beat.turn();
            let mut work = 0;
            for (reader, ring) in self.rings.iter_mut().enumerate() {
                let (driver, clock, inlet) = (&mut self.driver, &self.clock, &mut self.inlet);
                work += ring.pop_batch(BATCH, |tick| {
                    if inlet.is_called() {
                        desk.obey(inlet, driver, clock);
                    }
                    // What was due before the tick is not on the tick's account.
                    desk.woken();
                    driver.wake_before(&tick, &mut desk);
                    desk.flight.taken(&tick, reader);
                    driver.take(&tick, &mut desk);
                    desk.flight.done(&tick);
                    desk.publisher.tick(&tick);
                });
            }
            desk.tell_breach(&mut self.inlet);
            desk.mind_journal(&mut self.inlet, &mut self.driver, &self.clock);
            if work > 0 {
                self.waiter.active();
                desk.show(&self.driver, desk.flight.looked_ns(), true);
                continue;
            }
            if self.inlet.is_called() {
                desk.obey(&mut self.inlet, &mut self.driver, &self.clock);
            }
            let now_ns = desk.idle();
            self.driver.wake_until(now_ns, &mut desk);
            desk.tell_breach(&mut self.inlet);
            desk.show(&self.driver, now_ns, false);
            if self.rings.iter().all(|ring| ring.is_closed() && ring.is_empty()) {
                break;
            }
            // What is left to be shown is shown before anybody sleeps.
            if desk.publisher.waiting() == 0 {
                self.waiter.idle();
                if self.waiter.parks() {
                    desk.flight.waited();
                }
            }
        }
        settle(&mut self.driver, &self.clock, &mut self.inlet, &mut desk);
        self.driver.finish(&mut desk);
        desk.tell_breach(&mut self.inlet);
        let now_ns = self.clock.now_ns();
        desk.publisher.finish(&self.driver, now_ns);
        desk.flight.finish();
        CoreEnd { driver: self.driver, rows: desk.rows, publisher: desk.publisher }
    }
}

/// Lets orders and pairs in flight come to their end: without ticks nothing new begins.
fn settle(driver: &mut PaperDriver<Spread>, clock: &WallClock, inlet: &mut Inlet, desk: &mut Desk) {
    let until_ns = clock.now_ns() + SETTLE_NS;
    loop {
        desk.beat.turn();
        if inlet.is_called() {
            desk.obey(inlet, driver, clock);
        }
        let now_ns = desk.idle();
        driver.wake_until(now_ns, desk);
        desk.tell_breach(inlet);
        desk.mind_journal(inlet, driver, clock);
        if driver.is_settled() || now_ns >= until_ns {
            return;
        }
        thread::sleep(SETTLE_TURN);
        desk.flight.waited();
    }
}
