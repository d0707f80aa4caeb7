//! The flight recorder: when each stage of an input's way was reached, on the core thread.
//!
//! **Thread:** `ct-core`. **Hot.** On the way of an input a stamp is a read of the counter and a store. What stamps
//! mean is worked out once the input's orders have left: histograms, the traces of the worst ticks, overlong turns.
//! A tick that leads nowhere costs one stamp here (and its read two on the reader), an order's way three more.
//! Nothing here allocates, locks, or decides: no stamp is an input of the core.
//!
//! [`Batches`] bring what the reader knows beside the tick, which stays as small as it is.

pub mod batches;
pub mod stages;
mod sys;
pub mod turns;
mod way;
pub mod worst;

use crosstick_execution::OrderState;
use crosstick_feeds::Clock;
use crosstick_ipc::layout::{LedTo, NO_ROW, Reached, WorstTickRow};
use crosstick_model::{Command, Decision, Order, Report, Tick, TickKind};

use crate::clock::WallClock;
use crate::core::Stamp;
use crate::driver::Listener;
pub use batches::{Batches, ReaderFlight};
pub use stages::{CORE_STAGES, READER_STAGES, ReaderStages, Stages};
pub use turns::Turns;
use way::{Awaited, Group, Way};
pub use worst::{WORST, Worst};

/// Records the ways of the core thread's inputs.
pub struct Flight<C = WallClock> {
    clock: C,
    stages: Stages,
    turns: Turns,
    worst: Worst,
    batches: Vec<Batches>,
    awaited: Awaited,
    /// The newest look at the clock, a raw stamp.
    looked: u64,
    /// Something was worked on since that look.
    worked: bool,
    /// Something was worked on between the last two looks that turns were told of.
    gap_worked: bool,
    way: Way,
}

impl<C: Clock> Flight<C> {
    /// Before the first input. `batches`: what each reader knows, by its number.
    #[must_use]
    pub fn new(clock: C, stages: Stages, turns: Turns, worst: Worst, batches: Vec<Batches>) -> Self {
        Self {
            clock,
            stages,
            turns,
            worst,
            batches,
            awaited: Awaited::new(),
            looked: 0,
            worked: false,
            gap_worked: false,
            way: Way::default(),
        }
    }

    /// Looks at the clock: before each tick, once an idle turn, before a command.
    #[inline]
    pub fn look(&mut self) {
        self.looked = self.clock.stamp();
        self.gap_worked |= self.worked;
        self.worked = false;
    }

    /// The newest look, ns since the epoch.
    #[inline]
    #[must_use]
    pub fn looked_ns(&self) -> u64 {
        self.clock.at_ns(self.looked)
    }

    /// Now, ns since the epoch: off the way of an input.
    #[must_use]
    pub fn now_ns(&self) -> u64 {
        self.clock.now_ns()
    }

    /// What comes next is a wake-up or a command, not a tick.
    #[inline]
    pub fn woken(&mut self) {
        self.settle();
        self.way.begin(None);
    }

    /// What comes next is this tick, from reader number `reader`.
    #[inline]
    pub fn taken(&mut self, tick: &Tick, reader: usize) {
        self.settle();
        self.way.begin((tick.kind != TickKind::Line).then_some((tick.recv_ns, reader as u16)));
        self.worked = true;
    }

    /// The tick's way is over: its orders have left.
    #[inline]
    pub fn done(&mut self, tick: &Tick) {
        self.settle();
        let looked_ns = self.looked_ns();
        self.turns.look(looked_ns, std::mem::take(&mut self.gap_worked));
        let Some((recv_ns, reader)) = self.way.tick else { return };
        let taken_ns = looked_ns.saturating_sub(recv_ns);
        self.stages.reach_core.record(taken_ns);
        let total_ns = self.way.last_ns.saturating_sub(recv_ns).max(taken_ns);
        if self.worst.takes(total_ns) {
            self.worst.put(self.trace(tick, taken_ns, total_ns), reader);
        }
    }

    /// An idle turn, behind its look. `shows`: rows wait to be shown, which is work of ours.
    #[inline]
    pub fn idle(&mut self, now_ns: u64, shows: bool) {
        self.turns.look(now_ns, std::mem::take(&mut self.gap_worked));
        self.turns.idle(now_ns);
        self.worked |= shows;
    }

    /// Something was worked on since the newest look that is no input of the core's: a read that brings one.
    #[inline]
    pub const fn note_read(&mut self) {
        self.worked = true;
    }

    /// The thread may have slept.
    #[inline]
    pub fn waited(&mut self) {
        self.turns.waited();
    }

    /// A turn is over: a bounded part of what is to be shown.
    #[inline]
    pub fn show(&mut self, now_ns: u64) {
        self.worst.turn(now_ns, &self.batches);
    }

    /// The end of the run: everything is shown.
    #[cold]
    pub fn finish(&mut self) {
        self.settle();
        self.worst.finish(&self.batches);
    }

    /// The histograms.
    #[must_use]
    pub const fn stages(&self) -> &Stages {
        &self.stages
    }

    /// The worst ticks.
    #[must_use]
    pub const fn worst(&self) -> &Worst {
        &self.worst
    }

    /// Overlong turns.
    #[must_use]
    pub const fn turns(&self) -> &Turns {
        &self.turns
    }

    /// Works out what the group at hand has come to, if there is one.
    #[inline]
    fn settle(&mut self) {
        if self.way.group.decided != 0 {
            self.settle_group();
        }
    }

    fn settle_group(&mut self) {
        let group = std::mem::take(&mut self.way.group);
        let at = |stamp| self.clock.at_ns(stamp);
        let (taken_ns, decided_ns) = (at(self.looked), at(group.decided));
        self.stages.decide.record(decided_ns.saturating_sub(taken_ns));
        let mut last_ns = decided_ns;
        if group.gated != 0 {
            last_ns = at(group.gated);
            self.stages.gate.record(last_ns.saturating_sub(decided_ns));
        }
        if group.sent != 0 {
            let gated_ns = last_ns;
            last_ns = at(group.sent);
            self.stages.send.record(last_ns.saturating_sub(gated_ns));
            if let Some((recv_ns, _)) = self.way.tick {
                self.stages.tick_to_order.record(last_ns.saturating_sub(recv_ns));
            }
            for order in group.orders() {
                self.awaited.put(*order, group.sent);
            }
        }
        if self.way.first.is_none() {
            self.way.first = Some(group);
            self.way.last_ns = last_ns;
        }
    }

    #[cold]
    fn trace(&self, tick: &Tick, taken_ns: u64, total_ns: u64) -> WorstTickRow {
        let mut row = WorstTickRow {
            total_ns,
            recv_ns: tick.recv_ns,
            venue_seq: tick.venue_seq,
            instrument: u32::from(tick.instrument.0),
            kind: tick.kind as u32,
            line: u32::from(tick.flags.line()),
            reached: Reached::TAKEN,
            led_to: LedTo::Nothing as u32,
            code: NO_ROW,
            taken_ns,
            ..WorstTickRow::ZERO
        };
        let Some(group) = &self.way.first else { return row };
        let since = |stamp| self.clock.at_ns(stamp).saturating_sub(tick.recv_ns);
        row.decided_ns = since(group.decided);
        row.reached |= Reached::DECIDED;
        if group.gated != 0 {
            row.gated_ns = since(group.gated);
            row.reached |= Reached::GATED;
        }
        if group.sent != 0 {
            row.sent_ns = since(group.sent);
            row.reached |= Reached::SENT;
            row.orders = group.orders().len() as u32;
            row.first_order = group.orders().first().copied().unwrap_or(0);
            row.led_to = if row.orders > 0 { LedTo::Orders } else { LedTo::Unsent } as u32;
        }
        if let Some(code) = group.denied {
            row.led_to = LedTo::Denied as u32;
            row.code = code as u32;
        }
        row
    }
}

impl<C: Clock> Listener for Flight<C> {
    #[inline]
    fn report(&mut self, report: &Report, _: Option<OrderState>) {
        // Of orders that a report or a timer of the same turn led to, the first report may be the next input.
        self.settle();
        self.worked = true;
        if let Some(sent) = self.awaited.take(report.order.0) {
            // The turn's look, unless the order was sent since.
            let answered_ns = self.clock.at_ns(if self.looked < sent { self.clock.stamp() } else { self.looked });
            self.stages.acknowledge.record(answered_ns.saturating_sub(self.clock.at_ns(sent)));
            self.worst.answered(report.order.0, answered_ns);
        }
    }

    #[inline]
    fn timer(&mut self, _: u64) {
        self.worked = true;
    }

    fn command(&mut self, _: &Command) {
        self.worked = true;
    }

    #[inline]
    fn decision(&mut self, decision: &Decision) {
        if let Decision::Verdict { denied, .. } = decision {
            self.way.group.denied = denied.map(|(_, code)| code);
        }
    }

    #[inline]
    fn order_sent(&mut self, _: u64, order: &Order) {
        self.way.group.sent_order(order.id.0);
    }

    #[inline]
    fn stamp(&mut self, stamp: Stamp) {
        let now = self.clock.stamp();
        match stamp {
            Stamp::Decided => {
                self.settle();
                self.way.group = Group::decided_at(now);
            }
            Stamp::Gated => self.way.group.gated = now,
            Stamp::Sent => self.way.group.sent = now,
        }
    }
}
