//! The paper driver: brings inputs to the core in time, and carries its orders to the paper gateway.
//!
//! **Thread:** the core's. **Hot.** Core time is made here: before an input of time `t` is taken, every wake-up
//! with due ≤ max(core time, t) is delivered at exactly its due time; at the same nanosecond the paper gateway's
//! reports come before the strategy's timers. A run and a replay use this same code; only a run's idle turns
//! bring the clock in, as a time to deliver wake-ups up to.

mod command;

pub use crosstick_execution::OrderState;
use crosstick_execution::{Gateway, OrderCounts, OrderStates, Paper};
use crosstick_model::{Command, Decision, DenyCode, MarketId, Order, OrderId, Report, Tick};
use crosstick_risk::Approved;
use crosstick_strategy::{Opportunity, Spread, Strategy};

use crate::core::{Core, Outside, Stamp};

/// Who wants to know what the core takes and does; all calls come on the core's thread, in the order in which it
/// happens: an input first, then all that it leads to. A listener that ignores a call pays nothing for it.
pub trait Listener {
    /// A tick is about to be taken.
    #[inline]
    fn tick(&mut self, _tick: &Tick) {}
    /// A report is about to be taken. `state`: where its order stands now; `None` for a stray report.
    #[inline]
    fn report(&mut self, _report: &Report, _state: Option<OrderState>) {}
    /// A wake-up of the strategy is about to be taken, at exactly this core time in ns.
    #[inline]
    fn timer(&mut self, _due_ns: u64) {}
    /// The gateway was brought to this core time in ns and had nothing to report: an order reached the venue. The core
    /// takes nothing then, but what comes next meets a venue at that time.
    #[inline]
    fn clock(&mut self, _at_ns: u64) {}
    /// An operator's command is about to be taken.
    #[inline]
    fn command(&mut self, _command: &Command) {}
    /// The core decided something; a record of the journal, and what `decisions_hash` is made of.
    #[inline]
    fn decision(&mut self, _decision: &Decision) {}
    /// The gateway has the order.
    #[inline]
    fn order_sent(&mut self, _now_ns: u64, _order: &Order) {}
    /// The gateway had no room for the order.
    fn order_unsent(&mut self, _order: OrderId) {}
    /// The input is about to end.
    fn finish(&mut self) {}
    /// An opportunity is over.
    fn closed(&mut self, _opportunity: &Opportunity) {}
    /// Trading is halted, by a limit or by command.
    fn halted(&mut self, _now_ns: u64, _code: DenyCode) {}
    /// A point on the hot way was reached.
    #[inline]
    fn stamp(&mut self, _stamp: Stamp) {}
}

/// Nobody wants to know.
impl Listener for () {}

struct Desk<'a, L> {
    paper: &'a mut Paper,
    states: &'a mut OrderStates,
    listener: &'a mut L,
}

impl<L: Listener> Outside for Desk<'_, L> {
    #[inline]
    fn send(&mut self, now_ns: u64, order: Approved) -> Result<(), Approved> {
        let record = *order.order();
        if let Err(unsent) = Gateway::send(self.paper, now_ns, order) {
            self.listener.order_unsent(record.id);
            return Err(unsent);
        }
        self.states.on_sent(&record);
        self.listener.order_sent(now_ns, &record);
        Ok(())
    }

    #[inline]
    fn decision(&mut self, decision: &Decision) {
        self.listener.decision(decision);
    }

    fn cancel(&mut self, now_ns: u64, order: OrderId) {
        Gateway::cancel(self.paper, now_ns, order);
    }

    fn closed(&mut self, opportunity: &Opportunity) {
        self.listener.closed(opportunity);
    }

    fn halted(&mut self, now_ns: u64, code: DenyCode) {
        self.listener.halted(now_ns, code);
    }

    #[inline]
    fn stamp(&mut self, stamp: Stamp) {
        self.listener.stamp(stamp);
    }
}

/// Core and paper gateway, in core time.
pub struct PaperDriver<S> {
    core: Core<S>,
    paper: Paper,
    states: OrderStates,
    reports: Vec<Report>,
}

impl<S: Strategy> PaperDriver<S> {
    /// Puts the two together.
    #[must_use]
    pub fn new(core: Core<S>, paper: Paper) -> Self {
        Self { core, paper, states: OrderStates::new(256), reports: Vec::with_capacity(64) }
    }

    /// Delivers all that is due before this tick; [`Self::take`] does it as well.
    #[inline]
    pub fn wake_before(&mut self, tick: &Tick, listener: &mut impl Listener) {
        self.wake_until(self.core.now_ns().max(tick.recv_ns), listener);
    }

    /// Takes a tick, after all that is due before it.
    #[inline]
    pub fn take(&mut self, tick: &Tick, listener: &mut impl Listener) {
        self.wake_before(tick, listener);
        // The gateway sees the quote first: an order decided on it may not meet an older one.
        self.paper.on_tick(self.core.now_ns().max(tick.recv_ns), tick);
        listener.tick(tick);
        let mut desk = Desk { paper: &mut self.paper, states: &mut self.states, listener };
        self.core.on_tick(tick, &mut desk);
    }

    /// Delivers every wake-up that is due by `until_ns`, in time order.
    #[inline]
    pub fn wake_until(&mut self, until_ns: u64, listener: &mut impl Listener) {
        while self.next_wake().is_some_and(|due| due <= until_ns) {
            self.wake(listener);
        }
    }

    /// To be called in turns that took no tick; see [`Core::idle`].
    #[inline]
    pub fn idle(&mut self) {
        self.core.idle();
    }

    /// When the next wake-up is due, ns since the epoch.
    #[inline]
    #[must_use]
    pub fn next_wake(&self) -> Option<u64> {
        match (self.paper.next_due(), self.core.next_wake()) {
            (Some(paper), Some(core)) => Some(paper.min(core)),
            (paper, core) => paper.or(core),
        }
    }

    /// Delivers the one that is due first.
    fn wake(&mut self, listener: &mut impl Listener) {
        let core_due = self.core.next_wake();
        match self.paper.next_due() {
            Some(due) if core_due.is_none_or(|core| due <= core) => {
                let reports = &mut self.reports;
                self.paper.advance(due, &mut |report| reports.push(report));
                if reports.is_empty() {
                    listener.clock(due);
                }
                for report in self.reports.drain(..) {
                    let state = self.states.on_report(&report);
                    listener.report(&report, state);
                    let mut desk = Desk { paper: &mut self.paper, states: &mut self.states, listener };
                    self.core.on_report(&report, &mut desk);
                }
            }
            _ => {
                let due_ns = core_due.unwrap_or_default();
                listener.timer(due_ns);
                let mut desk = Desk { paper: &mut self.paper, states: &mut self.states, listener };
                self.core.on_timer(due_ns, &mut desk);
            }
        }
    }

    /// The end of input.
    pub fn finish(&mut self, listener: &mut impl Listener) {
        listener.finish();
        let mut desk = Desk { paper: &mut self.paper, states: &mut self.states, listener };
        self.core.finish(&mut desk);
    }

    /// The core.
    #[must_use]
    pub const fn core(&self) -> &Core<S> {
        &self.core
    }

    /// Orders that have not ended.
    #[must_use]
    pub fn open_orders(&self) -> usize {
        self.states.open()
    }

    /// What became of orders.
    #[must_use]
    pub const fn order_counts(&self) -> OrderCounts {
        self.states.counts()
    }
}

impl PaperDriver<Spread> {
    /// Pairs that are not over yet.
    #[must_use]
    pub fn pairs_in_flight(&self) -> usize {
        let strategy = self.core.strategy();
        (0..self.core.markets()).filter(|m| strategy.in_flight(MarketId(*m))).count()
    }

    /// No order is open and no pair in flight.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.paper.is_idle() && self.states.open() == 0 && self.pairs_in_flight() == 0
    }
}
