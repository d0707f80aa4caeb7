//! The core: one deterministic state machine that owns cache, strategy, risk, and positions.
//!
//! **Thread:** `ct-core`, or the main thread in a replay. **Hot:** all but construction and [`Core::finish`].
//! **Deliberately absent:** clocks, environment, random numbers, I/O, locks, threads. All that it decides is a
//! function of its inputs in the order in which it took them; a driver (see [`crate::driver`]) brings them,
//! delivers wake-ups in time, and carries away what leaves through [`Outside`].

mod command;
mod hash;
mod state;
mod tally;

use crosstick_model::decision::Outcome;
use crosstick_model::{
    Decision, DenyCode, Intent, Order, OrderId, Reason, RejectReason, Report, ReportKind, Tick, TickKind, Universe,
};
use crosstick_risk::{Approved, Breach, Risk};
use crosstick_strategy::{Group, Item, Opportunity, Outbox, PriceCache, Strategy, View};

pub use hash::DecisionHash;
pub use tally::Tally;

/// Where a stamp is taken on the way of what the core decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stamp {
    /// The strategy has answered an input with at least one intent.
    Decided,
    /// Risk has answered the group.
    Gated,
    /// The gateway has the order.
    Sent,
}

/// What the driver does with what leaves the core. Called on the core's thread, between inputs' effects.
pub trait Outside {
    /// An approved order, to be given to a gateway now.
    ///
    /// # Errors
    /// The order, unsent, when the gateway has no room.
    fn send(&mut self, now_ns: u64, order: Approved) -> Result<(), Approved>;

    /// Risk is about to be asked for these intents; a driver that explains looks at it as it stands.
    #[inline]
    fn gating(&mut self, _now_ns: u64, _risk: &Risk, _intents: &[Intent]) {}

    /// A decision, as it goes into the hash, in order. A driver that keeps none pays nothing.
    #[inline]
    fn decision(&mut self, _decision: &Decision) {}

    /// An order's end, to be asked of its gateway now.
    fn cancel(&mut self, now_ns: u64, order: OrderId);

    /// An opportunity is over.
    fn closed(&mut self, opportunity: &Opportunity);

    /// Trading is halted, by a limit or by command.
    fn halted(&mut self, now_ns: u64, code: DenyCode);

    /// A point on the hot way was reached; a driver with a clock may take a stamp.
    #[inline]
    fn stamp(&mut self, _stamp: Stamp) {}
}

/// What the core has counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Market-data events taken.
    pub ticks: u64,
    /// Opportunities that began.
    pub seen: u64,
    /// Opportunities, over now, for which at least one order was sent.
    pub taken: u64,
    /// Opportunities, over now, that risk denied at their best edge, by code.
    pub declined_by_risk: Box<[u64]>,
    /// Opportunities, over now, that the strategy left alone at their best edge, by reason.
    pub declined_by_strategy: [u64; 4],
    /// Orders given to the gateway.
    pub orders: u64,
}

/// The deterministic state machine.
pub struct Core<S> {
    now_ns: u64,
    cache: PriceCache,
    strategy: S,
    risk: Risk,
    outbox: Outbox,
    approved: Vec<Approved>,
    hash: DecisionHash,
    tallies: Vec<Tally>,
    counts: Counts,
    markets: u16,
    /// Why an operator halted trading; empty otherwise.
    halt_reason: Reason,
}

impl<S: Strategy> Core<S> {
    /// A core at time zero, over the given parts.
    #[must_use]
    pub fn new(universe: &Universe, cache: PriceCache, strategy: S, risk: Risk) -> Self {
        let outbox = Outbox::with_capacity(strategy.outbox_capacity());
        let declined_by_risk = vec![0; DenyCode::ALL.len()].into_boxed_slice();
        Self {
            now_ns: 0,
            cache,
            strategy,
            risk,
            outbox,
            approved: Vec::with_capacity(crosstick_strategy::outbox::LEGS_MAX),
            hash: DecisionHash::default(),
            tallies: universe.instruments.iter().map(|i| Tally::new(i.scale)).collect(),
            counts: Counts { declined_by_risk, ..Counts::default() },
            markets: universe.markets.len() as u16,
            halt_reason: Reason::NONE,
        }
    }

    /// Takes a tick.
    #[inline]
    pub fn on_tick(&mut self, tick: &Tick, outside: &mut impl Outside) {
        self.now_ns = self.now_ns.max(tick.recv_ns);
        if tick.kind != TickKind::Line {
            self.counts.ticks += 1;
            if let Some(tally) = self.tallies.get_mut(tick.instrument.index()) {
                tally.add(tick);
            }
        }
        self.cache.apply(tick);
        if let Some(breach) = self.risk.on_tick(self.now_ns, tick) {
            self.halted(breach, outside);
        }
        let view = View { now_ns: self.now_ns, cache: &self.cache };
        self.strategy.on_tick(view, tick, &mut self.outbox);
        if !self.outbox.is_empty() {
            self.drain(outside);
        }
    }

    /// Takes what a gateway reports. Core time does not go back when the report is late.
    pub fn on_report(&mut self, report: &Report, outside: &mut impl Outside) {
        self.now_ns = self.now_ns.max(report.at_ns);
        if let Some(breach) = self.risk.on_report(self.now_ns, report) {
            self.halted(breach, outside);
        }
        let view = View { now_ns: self.now_ns, cache: &self.cache };
        self.strategy.on_report(view, report, &mut self.outbox);
        self.drain(outside);
    }

    /// A wake-up that [`Core::next_wake`] asked for.
    pub fn on_timer(&mut self, due_ns: u64, outside: &mut impl Outside) {
        self.now_ns = self.now_ns.max(due_ns);
        let view = View { now_ns: self.now_ns, cache: &self.cache };
        self.strategy.on_timer(view, &mut self.outbox);
        self.drain(outside);
    }

    /// When the next wake-up is due, ns since the epoch.
    #[inline]
    #[must_use]
    pub fn next_wake(&self) -> Option<u64> {
        self.strategy.next_wake()
    }

    /// To be called in turns that took no tick: catches up on the decisions' hash, some microseconds now and then.
    /// Decides nothing, and may be left out: then 24 KiB are hashed at once, when the orders of an input are out.
    #[inline]
    pub fn idle(&mut self) {
        self.hash.idle();
    }

    /// The end of input: what is still open is handed out. Cold, once.
    pub fn finish(&mut self, outside: &mut impl Outside) {
        self.strategy.on_finish(&mut self.outbox);
        self.drain(outside);
    }

    /// Carries out what the strategy wants, in order, until it wants nothing more.
    fn drain(&mut self, outside: &mut impl Outside) {
        while let Some(item) = self.outbox.pop() {
            // By reference: what was copied out of the outbox is not copied again.
            match &item {
                Item::Decision(decision) => {
                    self.counts.seen += u64::from(matches!(decision, Decision::OpportunityBegin { .. }));
                    self.record(decision, outside);
                }
                Item::Group(group) => {
                    outside.stamp(Stamp::Decided);
                    self.gate(group, outside);
                }
                Item::Closed(opportunity) => {
                    self.count(opportunity.outcome);
                    outside.closed(opportunity);
                }
                Item::Halt(reason) => {
                    if let Some(breach) = self.risk.breach(self.now_ns, reason.code()) {
                        self.halted(breach, outside);
                    }
                }
            }
        }
        self.hash.work_off();
    }

    fn gate(&mut self, group: &Group, outside: &mut impl Outside) {
        let at_ns = self.now_ns;
        for intent in group.intents() {
            self.record(&Decision::Intent { at_ns, intent: *intent }, outside);
        }
        outside.gating(at_ns, &self.risk, group.intents());
        let verdict = self.risk.gate(at_ns, group.intents(), &mut self.approved);
        outside.stamp(Stamp::Gated);
        self.record(&Decision::Verdict { at_ns, group: group.id, denied: verdict.err() }, outside);
        let view = View { now_ns: at_ns, cache: &self.cache };
        self.strategy.on_verdict(view, group.id, verdict, &mut self.outbox);
        let mut approved = std::mem::take(&mut self.approved);
        for order in approved.drain(..) {
            self.send(order, outside);
        }
        self.approved = approved;
        if verdict.is_ok() {
            outside.stamp(Stamp::Sent);
        }
    }

    fn send(&mut self, order: Approved, outside: &mut impl Outside) {
        self.record(&Decision::Order(*order.order()), outside);
        self.strategy.on_order(order.order());
        self.counts.orders += 1;
        if let Err(unsent) = outside.send(self.now_ns, order) {
            // No room: the order never left, so its fate is known. To the strategy it is a refusal.
            let Order { id, intent, .. } = *unsent.order();
            self.risk.withdraw(unsent);
            let kind = ReportKind::Rejected(RejectReason::Venue);
            let report = Report { order: id, instrument: intent.instrument, at_ns: self.now_ns, kind };
            let view = View { now_ns: self.now_ns, cache: &self.cache };
            self.strategy.on_report(view, &report, &mut self.outbox);
        }
    }

    fn halted(&mut self, breach: Breach, outside: &mut impl Outside) {
        self.record(&Decision::Halt { at_ns: breach.at_ns, code: breach.code }, outside);
        outside.halted(breach.at_ns, breach.code);
    }

    /// A decision is made: into the hash, and on to who keeps it.
    #[inline]
    fn record(&mut self, decision: &Decision, outside: &mut impl Outside) {
        self.hash.add(decision);
        outside.decision(decision);
    }

    fn count(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Taken => self.counts.taken += 1,
            Outcome::Denied(code) => self.counts.declined_by_risk[code as usize] += 1,
            Outcome::Declined(reason) => self.counts.declined_by_strategy[reason as usize] += 1,
        }
    }

    /// Core time, ns since the epoch: the largest time of all inputs so far.
    #[inline]
    #[must_use]
    pub const fn now_ns(&self) -> u64 {
        self.now_ns
    }

    /// The newest prices.
    #[inline]
    #[must_use]
    pub const fn cache(&self) -> &PriceCache {
        &self.cache
    }

    /// How many markets there are.
    #[must_use]
    pub const fn markets(&self) -> u16 {
        self.markets
    }

    /// The strategy.
    #[must_use]
    pub const fn strategy(&self) -> &S {
        &self.strategy
    }

    /// The risk state.
    #[must_use]
    pub const fn risk(&self) -> &Risk {
        &self.risk
    }

    /// Counters.
    #[must_use]
    pub const fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Public prints and quotes, by instrument.
    #[must_use]
    pub fn tallies(&self) -> &[Tally] {
        &self.tallies
    }

    /// The hash of all decisions so far.
    #[must_use]
    pub const fn hash(&self) -> &DecisionHash {
        &self.hash
    }
}
