//! The core thread: takes ticks from the readers' rings, drives core and paper gateway, publishes.
//!
//! **Thread:** `ct-core`. **Hot.** One turn: a bounded batch from each ring, then what is due, then a bounded number of
//! records published; publishing comes after intents, and at least every 10 ms under load. The clock is read once a
//! tick taken, once an idle turn, and up to three times on an order's way. Nothing here locks, logs or allocates after
//! warm-up; opportunities for the opportunity file are kept only when one is wanted.

use std::thread::{self, JoinHandle};
use std::time::Duration;

use crosstick_execution::OrderState;
use crosstick_model::{Command, Decision, DenyCode, Order, OrderId, Report, Tick};
use crosstick_ring::Waiter;
use crosstick_ring::spsc::Consumer;
use crosstick_strategy::{Opportunity, Spread};

use super::halting::Inlet;
use super::notify::Beat;
use super::publish::Publisher;
use crate::clock::WallClock;
use crate::core::Stamp;
use crate::driver::{Listener, PaperDriver};
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
        thread::Builder::new().name("ct-core".into()).spawn(move || self.run())
    }

    fn run(mut self) -> CoreEnd {
        if let Some(cpu) = self.cpu
            && let Err(error) = crosstick_ring::pin::pin_current_thread(cpu)
        {
            tracing::warn!("the core thread runs unpinned: {error}");
        }
        let mut desk = Desk {
            rows: self.keep_rows.then(Vec::new),
            breach: None,
            beat: self.beat,
            clock: self.clock.clone(),
            publisher: self.publisher,
            scribe: self.scribe,
            journal_told: false,
            recv_ns: 0,
            taken_ns: 0,
            decided_ns: 0,
            gated_ns: 0,
        };
        desk.publisher.started(self.clock.now_ns());
        loop {
            desk.beat.turn();
            let mut work = 0;
            for ring in &mut self.rings {
                let (driver, clock, inlet) = (&mut self.driver, &self.clock, &mut self.inlet);
                work += ring.pop_batch(BATCH, |tick| {
                    if inlet.is_called() {
                        desk.obey(inlet, driver, clock);
                    }
                    let now_ns = clock.now_ns();
                    // What was due before the tick is not on the tick's account.
                    desk.woken(now_ns);
                    driver.wake_before(&tick, &mut desk);
                    desk.taken(&tick, now_ns);
                    driver.take(&tick, &mut desk);
                    desk.publisher.tick(&tick);
                });
            }
            desk.tell_breach(&mut self.inlet);
            desk.mind_journal(&mut self.inlet, &mut self.driver, &self.clock);
            if work > 0 {
                self.waiter.active();
                desk.publisher.turn(&self.driver, desk.taken_ns, true);
                continue;
            }
            if self.inlet.is_called() {
                desk.obey(&mut self.inlet, &mut self.driver, &self.clock);
            }
            let now_ns = self.clock.now_ns();
            desk.woken(now_ns);
            self.driver.wake_until(now_ns, &mut desk);
            desk.tell_breach(&mut self.inlet);
            desk.publisher.turn(&self.driver, now_ns, false);
            if self.rings.iter().all(|ring| ring.is_closed() && ring.is_empty()) {
                break;
            }
            // What is left to be shown is shown before anybody sleeps.
            if desk.publisher.waiting() == 0 {
                self.waiter.idle();
            }
        }
        settle(&mut self.driver, &self.clock, &mut self.inlet, &mut desk);
        self.driver.finish(&mut desk);
        desk.tell_breach(&mut self.inlet);
        let now_ns = self.clock.now_ns();
        desk.publisher.finish(&self.driver, now_ns);
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
        let now_ns = clock.now_ns();
        desk.woken(now_ns);
        driver.wake_until(now_ns, desk);
        desk.tell_breach(inlet);
        desk.mind_journal(inlet, driver, clock);
        if driver.is_settled() || now_ns >= until_ns {
            return;
        }
        thread::sleep(SETTLE_TURN);
    }
}

/// What the core tells, on its own thread.
struct Desk {
    rows: Option<Vec<Opportunity>>,
    /// A limit halted trading, and the main thread was not told yet: core time and code.
    breach: Option<(u64, DenyCode)>,
    beat: Beat,
    clock: WallClock,
    publisher: Publisher,
    scribe: Option<Scribe>,
    /// The journal's trouble has halted trading.
    journal_told: bool,
    /// Receive time of the input at hand; 0 for a wake-up.
    recv_ns: u64,
    taken_ns: u64,
    decided_ns: u64,
    gated_ns: u64,
}

impl Desk {
    /// What was commanded, before anything else is taken.
    #[cold]
    fn obey(&mut self, inlet: &mut Inlet, driver: &mut PaperDriver<Spread>, clock: &WallClock) {
        self.tell_breach(inlet);
        self.woken(clock.now_ns());
        inlet.obey(driver, clock, self);
        self.mind_journal(inlet, driver, clock);
    }

    /// Between two inputs: a hash of the state now and then, and the end of trading when the journal is in trouble.
    #[inline]
    fn mind_journal(&mut self, inlet: &mut Inlet, driver: &mut PaperDriver<Spread>, clock: &WallClock) {
        let Some(scribe) = &mut self.scribe else { return };
        if scribe.hash_is_due() {
            scribe.state(driver.core().state_hash());
        }
        // Trouble lasts as long as the process: whoever resumes is halted again before the next input.
        let trades = driver.core().risk().halted().is_none();
        if let Some(trouble) = scribe.trouble().filter(|_| trades || !self.journal_told) {
            self.journal_told = true;
            self.woken(clock.now_ns());
            inlet.halt_for_journal(trouble.sentence(), driver, clock, self);
        }
    }

    #[inline]
    fn tell_breach(&mut self, inlet: &mut Inlet) {
        if let Some((at_ns, code)) = self.breach.take() {
            inlet.breached(at_ns, code);
        }
    }

    /// What comes next is a wake-up, not a tick.
    #[inline]
    fn woken(&mut self, now_ns: u64) {
        self.recv_ns = 0;
        self.taken_ns = now_ns;
    }

    #[inline]
    fn taken(&mut self, tick: &Tick, now_ns: u64) {
        self.recv_ns = tick.recv_ns;
        self.taken_ns = now_ns;
        self.publisher.stages.reach_core.record(now_ns.saturating_sub(tick.recv_ns));
    }
}

impl Listener for Desk {
    #[inline]
    fn tick(&mut self, tick: &Tick) {
        if let Some(scribe) = &mut self.scribe {
            scribe.tick(tick);
        }
    }

    #[inline]
    fn timer(&mut self, due_ns: u64) {
        if let Some(scribe) = &mut self.scribe {
            scribe.timer(due_ns);
        }
    }

    fn clock(&mut self, at_ns: u64) {
        if let Some(scribe) = &mut self.scribe {
            scribe.clock(at_ns);
        }
    }

    fn command(&mut self, command: &Command) {
        if let Some(scribe) = &mut self.scribe {
            scribe.command(command);
        }
    }

    fn order_unsent(&mut self, order: OrderId) {
        if let Some(scribe) = &mut self.scribe {
            scribe.order_unsent(order);
        }
    }

    fn finish(&mut self) {
        if let Some(scribe) = &mut self.scribe {
            scribe.finish();
        }
    }

    fn closed(&mut self, opportunity: &Opportunity) {
        self.publisher.ended(opportunity);
        if let Some(rows) = &mut self.rows {
            rows.push(*opportunity);
        }
    }

    #[inline]
    fn decision(&mut self, decision: &Decision) {
        if let Some(scribe) = &mut self.scribe {
            scribe.decision(decision);
        }
        self.publisher.decision(decision);
    }

    #[inline]
    fn order_sent(&mut self, now_ns: u64, order: &Order) {
        self.publisher.sent(now_ns, order);
    }

    #[inline]
    fn report(&mut self, report: &Report, state: Option<OrderState>) {
        if let Some(scribe) = &mut self.scribe {
            scribe.report(report, state);
        }
        self.publisher.reported(report, state);
    }

    fn halted(&mut self, now_ns: u64, code: DenyCode) {
        // A halt by command is told with the command.
        if !matches!(code, DenyCode::Operator | DenyCode::Journal) {
            self.breach = Some((now_ns, code));
        }
    }

    #[inline]
    fn stamp(&mut self, stamp: Stamp) {
        let now_ns = self.clock.now_ns();
        let stages = &mut self.publisher.stages;
        match stamp {
            Stamp::Decided => {
                self.decided_ns = now_ns;
                stages.decide.record(now_ns.saturating_sub(self.taken_ns));
            }
            Stamp::Gated => {
                self.gated_ns = now_ns;
                stages.gate.record(now_ns.saturating_sub(self.decided_ns));
            }
            Stamp::Sent => {
                stages.send.record(now_ns.saturating_sub(self.gated_ns));
                if self.recv_ns != 0 {
                    stages.tick_to_order.record(now_ns.saturating_sub(self.recv_ns));
                }
            }
        }
    }
}
