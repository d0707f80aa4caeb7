//! The core thread's desk: who on its thread hears what the core takes and does: flight recorder, region, journal,
//! opportunity file, and what the main thread is told of halts.
//!
//! **Thread:** `ct-core`. **Hot.**

use crosstick_execution::OrderState;
use crosstick_feeds::Clock;
use crosstick_model::{Command, Decision, DenyCode, Order, OrderId, Report, Tick};
use crosstick_strategy::{Opportunity, Spread};

use super::flight::Flight;
use super::halting::Inlet;
use super::notify::Beat;
use super::publish::Publisher;
use crate::core::Stamp;
use crate::driver::{Listener, PaperDriver};
use crate::journal::Scribe;

/// What the core tells, on its own thread.
pub(super) struct Desk<C> {
    pub(super) rows: Option<Vec<Opportunity>>,
    /// A limit halted trading, and the main thread was not told yet: core time, wall time and code.
    breach: Option<(u64, u64, DenyCode)>,
    pub(super) beat: Beat,
    pub(super) flight: Flight<C>,
    pub(super) publisher: Publisher,
    scribe: Option<Scribe>,
    /// The journal's trouble has halted trading.
    journal_told: bool,
}

impl<C: Clock> Desk<C> {
    /// Before the first input.
    pub(super) fn new(
        keep_rows: bool,
        beat: Beat,
        flight: Flight<C>,
        publisher: Publisher,
        scribe: Option<Scribe>,
    ) -> Self {
        Self { rows: keep_rows.then(Vec::new), breach: None, beat, flight, publisher, scribe, journal_told: false }
    }

    /// What was commanded, before anything else is taken.
    #[cold]
    pub(super) fn obey(&mut self, inlet: &mut Inlet, driver: &mut PaperDriver<Spread>, clock: &C) {
        self.tell_breach(inlet);
        self.woken();
        inlet.obey(driver, clock, self);
        self.mind_journal(inlet, driver, clock);
    }

    /// Between two inputs: a hash of the state now and then, and the end of trading when the journal is in trouble.
    #[inline]
    pub(super) fn mind_journal(&mut self, inlet: &mut Inlet, driver: &mut PaperDriver<Spread>, clock: &C) {
        let Some(scribe) = &mut self.scribe else { return };
        if scribe.hash_is_due() {
            scribe.state(driver.core().state_hash());
        }
        // Trouble lasts as long as the process: whoever resumes is halted again before the next input.
        let trades = driver.core().risk().halted().is_none();
        if let Some(trouble) = scribe.trouble().filter(|_| trades || !self.journal_told) {
            self.journal_told = true;
            self.woken();
            inlet.halt_for_journal(trouble.sentence(), driver, clock, self);
        }
    }

    /// Whether the journal is in trouble: a load or two, before each tick.
    #[inline]
    pub(super) fn journal_is_in_trouble(&self) -> bool {
        self.scribe.as_ref().is_some_and(|scribe| scribe.trouble().is_some())
    }

    #[inline]
    pub(super) fn tell_breach(&mut self, inlet: &mut Inlet) {
        if let Some((at_ns, found_ns, code)) = self.breach.take() {
            inlet.breached(at_ns, found_ns, code);
        }
    }

    /// The clock is looked at; what comes next is a wake-up or a command, not a tick.
    #[inline]
    pub(super) fn woken(&mut self) {
        self.flight.look();
        self.flight.woken();
    }

    /// An idle turn begins; the time.
    #[inline]
    pub(super) fn idle(&mut self) -> u64 {
        self.woken();
        let now_ns = self.flight.looked_ns();
        self.flight.idle(now_ns, self.publisher.waiting() > 0);
        now_ns
    }

    /// A turn is over: rows and notes that wait are shown, as far as it is their time.
    #[inline]
    pub(super) fn show(&mut self, driver: &PaperDriver<Spread>, now_ns: u64, busy: bool) {
        self.publisher.turn(driver, now_ns, busy);
        self.flight.show(now_ns);
    }
}

impl<C: Clock> Listener for Desk<C> {
    #[inline]
    fn tick(&mut self, tick: &Tick) {
        if let Some(scribe) = &mut self.scribe {
            scribe.tick(tick);
        }
    }

    #[inline]
    fn timer(&mut self, due_ns: u64) {
        self.flight.timer(due_ns);
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
        self.flight.command(command);
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
        self.flight.decision(decision);
        self.publisher.decision(decision);
    }

    #[inline]
    fn order_sent(&mut self, now_ns: u64, order: &Order) {
        self.flight.order_sent(now_ns, order);
        self.publisher.sent(now_ns, order);
    }

    #[inline]
    fn report(&mut self, report: &Report, state: Option<OrderState>) {
        if let Some(scribe) = &mut self.scribe {
            scribe.report(report, state);
        }
        self.flight.report(report, state);
        self.publisher.reported(report, state);
    }

    fn halted(&mut self, now_ns: u64, code: DenyCode) {
        // A halt by command is told with the command.
        if !matches!(code, DenyCode::Operator | DenyCode::Journal) {
            self.breach = Some((now_ns, self.flight.now_ns(), code));
        }
    }

    #[inline]
    fn stamp(&mut self, stamp: Stamp) {
        self.flight.stamp(stamp);
    }
}
