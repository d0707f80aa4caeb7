//! The core's seat: core, paper gateway, desk and inlet, on one thread. Whoever brings the ticks, rings or a reader of
//! the same thread, brings them here: both topologies run this same code.
//!
//! **Thread:** `ct-core`. **Hot.** The clock is read once a tick taken, once an idle turn, and three times on an
//! order's way. Nothing here locks, logs or allocates after warm-up; opportunities for the opportunity file are kept
//! only when one is wanted.

use std::thread;
use std::time::Duration;

use crosstick_feeds::{Clock, TickSink};
use crosstick_model::Tick;
use crosstick_strategy::{Opportunity, Spread};

use super::desk::Desk;
use super::flight::Flight;
use super::halting::Inlet;
use super::notify::Beat;
use super::publish::Publisher;
use crate::clock::WallClock;
use crate::driver::PaperDriver;
use crate::journal::Scribe;

/// Longest wait at the end for orders and pairs in flight.
const SETTLE_NS: u64 = 2_000_000_000;
/// How often they are looked at then.
const SETTLE_TURN: Duration = Duration::from_micros(200);

/// What a seat is made from.
pub struct SeatParts<C = WallClock> {
    /// Core and paper gateway.
    pub driver: PaperDriver<Spread>,
    /// Its clock.
    pub clock: C,
    /// What it shows.
    pub publisher: Publisher,
    /// Its flight recorder.
    pub flight: Flight<C>,
    /// Keep opportunities for the opportunity file.
    pub keep_rows: bool,
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

/// Core, gateway, desk and inlet, by a clock that a test may have in its hand.
pub struct Seat<C = WallClock> {
    driver: PaperDriver<Spread>,
    inlet: Inlet,
    clock: C,
    desk: Desk<C>,
    /// Ticks taken since [`Self::took`] was asked.
    ticks: usize,
}

impl<C: Clock> Seat<C> {
    /// Before the first input.
    #[must_use]
    pub fn new(parts: SeatParts<C>) -> Self {
        let SeatParts { driver, clock, publisher, flight, keep_rows, inlet, beat, scribe } = parts;
        let mut desk = Desk::new(keep_rows, beat, flight, publisher, scribe);
        desk.publisher.started(clock.now_ns());
        Self { driver, inlet, clock, desk, ticks: 0 }
    }

    /// A turn of the loop begins.
    #[inline]
    pub fn begin(&mut self) {
        self.desk.beat.turn();
    }

    /// Takes a tick of reader number `reader`, after what was commanded and what is due before it.
    #[inline]
    pub fn take(&mut self, tick: &Tick, reader: usize) {
        let (driver, clock, desk) = (&mut self.driver, &self.clock, &mut self.desk);
        if self.inlet.is_called() {
            desk.obey(&mut self.inlet, driver, clock);
        } else if desk.journal_is_in_trouble() {
            // A turn may bring more than the journal has room for: what it cannot show must lead to nothing.
            desk.tell_breach(&mut self.inlet);
            desk.mind_journal(&mut self.inlet, driver, clock);
        }
        // What was due before the tick is not on the tick's account.
        desk.woken();
        driver.wake_before(tick, desk);
        desk.flight.taken(tick, reader);
        driver.take(tick, desk);
        desk.flight.done(tick);
        desk.publisher.tick(tick);
        self.ticks += 1;
    }

    /// All ticks of the turn were taken; returns how many.
    #[inline]
    pub fn took(&mut self) -> usize {
        self.desk.tell_breach(&mut self.inlet);
        self.desk.mind_journal(&mut self.inlet, &mut self.driver, &self.clock);
        std::mem::take(&mut self.ticks)
    }

    /// Ends a turn that took ticks.
    #[inline]
    pub fn busy(&mut self) {
        let looked_ns = self.desk.flight.looked_ns();
        self.desk.show(&self.driver, looked_ns, true);
    }

    /// Ends a turn that took none; returns the time, ns since the epoch.
    #[inline]
    pub fn idle(&mut self) -> u64 {
        if self.inlet.is_called() {
            self.desk.obey(&mut self.inlet, &mut self.driver, &self.clock);
        }
        let now_ns = self.desk.idle();
        self.driver.wake_until(now_ns, &mut self.desk);
        self.desk.tell_breach(&mut self.inlet);
        self.desk.show(&self.driver, now_ns, false);
        self.driver.idle();
        now_ns
    }

    /// Whether all that is to be shown is: before that nobody sleeps.
    #[inline]
    #[must_use]
    pub fn may_sleep(&self) -> bool {
        self.desk.publisher.waiting() == 0
    }

    /// The thread may have slept.
    #[inline]
    pub fn waited(&mut self) {
        self.desk.flight.waited();
    }

    /// When the next wake-up is due, ns since the epoch.
    #[inline]
    #[must_use]
    pub fn next_wake(&self) -> Option<u64> {
        self.driver.next_wake()
    }

    /// Core and paper gateway, to look at.
    #[must_use]
    pub const fn driver(&self) -> &PaperDriver<Spread> {
        &self.driver
    }

    /// The end of input: lets orders in flight end, then hands everything back.
    #[must_use]
    pub fn end(mut self) -> CoreEnd {
        self.settle();
        self.driver.finish(&mut self.desk);
        self.desk.tell_breach(&mut self.inlet);
        let now_ns = self.clock.now_ns();
        self.desk.publisher.finish(&self.driver, now_ns);
        self.desk.flight.finish();
        CoreEnd { driver: self.driver, rows: self.desk.rows, publisher: self.desk.publisher }
    }

    /// Lets orders and pairs in flight come to their end: without ticks nothing new begins.
    fn settle(&mut self) {
        let (driver, clock, inlet, desk) = (&mut self.driver, &self.clock, &mut self.inlet, &mut self.desk);
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
}

/// The inline topology's ring: none. A tick is taken where it is decoded, so it always fits.
impl<C: Clock> TickSink for Seat<C> {
    #[inline]
    fn push(&mut self, tick: Tick) -> Result<(), Tick> {
        // Reading and decoding it were this thread's work.
        self.desk.flight.note_read();
        self.take(&tick, 0);
        Ok(())
    }
}
