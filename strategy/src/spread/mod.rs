//! HOT: core thread. The spread strategy: takes opportunities as pairs of immediate-or-cancel orders, and closes what
//! a pair leaves open. With [`Source::Trades`] it is `last-trade`: the same on prices that nothing can be traded at.
//!
//! Kept: begin and end of opportunities never depend on trading. An opportunity is tried when it begins and at each
//! new best edge, until one try is approved. A market has one pair in flight; where several routes of a market are
//! seen at one input and risk denies the first, the next is tried.

mod config;
mod desk;
mod pair;

use crosstick_model::decision::Decline;
use crosstick_model::{DenyCode, GroupId, MarketId, Order, Report, Tick, Universe};

pub use config::{ConfigError, SpreadConfig};
use desk::Desk;
pub use pair::{
    CLOSE_ATTEMPTS_MAX, CLOSE_BLOCKED_MAX_NS, CLOSE_DENIED_RETRY_NS, CLOSE_NOT_REDUCING_MAX, CLOSE_RETRY_MAX_NS,
    CLOSE_RETRY_NS,
};
use pair::{Pair, Step};

use crate::cache::Source;
use crate::detector::Detector;
use crate::outbox::{HaltReason, Outbox};
use crate::strategy::{Strategy, Verdict, View};

/// How many opportunities were seen, and what became of them.
///
/// An open opportunity is counted in `seen` alone until it ends or the input does; from then on
/// seen = taken + the sum of all declined and denied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Opportunities that began.
    pub seen: u64,
    /// Those of which orders were sent.
    pub taken: u64,
    /// Those left alone, by [`Decline`].
    pub declined: [u64; Decline::ALL.len()],
    /// Those that risk denied, by [`DenyCode`].
    pub denied: [u64; DenyCode::ALL.len()],
}

/// What became of pairs. Every finished pair is in exactly one of clean, empty, closed, failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PairStats {
    /// Pairs that were sent.
    pub sent: u64,
    /// Both legs filled alike.
    pub clean: u64,
    /// Neither leg filled.
    pub empty: u64,
    /// One leg filled more and had to be closed; these end as closed or failed.
    pub legged: u64,
    /// Legged pairs that were closed.
    pub closed: u64,
    /// Legged pairs that could not be closed: their exposure stays open, trading is halted.
    pub failed: u64,
    /// Pairs that ended with a residue to be carried: too small to be ordered, or a fee taken in base.
    pub dust: u64,
    /// Closing orders wanted, those that risk denied included.
    pub close_attempts: u64,
    /// Fills of orders that no pair was waiting for.
    pub unknown_fills: u64,
}

/// The spread strategy over all markets of a universe.
#[derive(Debug)]
pub struct Spread {
    detector: Detector,
    desk: Desk,
}

const NEVER: u64 = u64::MAX;

impl Spread {
    /// The strategy with nothing open.
    ///
    /// # Errors
    /// When the universe cannot be traded as configured.
    pub fn new(universe: &Universe, config: &SpreadConfig) -> Result<Self, ConfigError> {
        if !(0..100_000_000).contains(&config.close_collar_e8) {
            return Err(ConfigError::CloseCollar);
        }
        let detector = Detector::new(universe, config)?;
        let desk = Desk::new(universe, config, &detector);
        Ok(Self { detector, desk })
    }

    /// The detector, for snapshots.
    #[must_use]
    pub const fn detector(&self) -> &Detector {
        &self.detector
    }

    /// Opportunities by outcome.
    #[must_use]
    pub const fn counters(&self) -> &Counters {
        &self.desk.counters
    }

    /// Pairs by what became of them.
    #[must_use]
    pub const fn pair_stats(&self) -> &PairStats {
        &self.desk.stats
    }

    /// Whether trading is suspended because exposure could not be closed or explained.
    #[must_use]
    pub const fn suspended(&self) -> bool {
        self.desk.suspended
    }

    /// Whether the market has a pair in flight.
    #[must_use]
    pub fn in_flight(&self, market: MarketId) -> bool {
        self.desk.pairs.get(market.index()).is_some_and(Pair::in_flight)
    }

    /// Base units, at the market's scale, by which finished pairs bought more than they sold and paid in fees: dust,
    /// fees taken in the base asset and not yet bought back, or what could not be closed.
    #[must_use]
    pub fn carried(&self, market: MarketId) -> i128 {
        self.desk.pairs.get(market.index()).map_or(0, Pair::carried)
    }
}

impl Strategy for Spread {
    fn name(&self) -> &'static str {
        match self.desk.source {
            Source::Quotes => "spread",
            Source::Trades => "last-trade",
        }
    }

    fn indicative(&self) -> bool {
        self.desk.source == Source::Trades
    }

    fn outbox_capacity(&self) -> usize {
        // A turned line can end or begin every route of a venue: a decision each, and a row or a group.
        2 * self.detector.route_count() + 16
    }

    #[inline]
    fn on_tick(&mut self, view: View<'_>, tick: &Tick, out: &mut Outbox) {
        let Self { detector, desk } = self;
        desk.queue.clear();
        if desk.retry_ns != NEVER {
            desk.retry_on_tick(view, tick, out);
        }
        detector.on_tick(view.now_ns, tick, view.cache, &mut |s| desk.sighted(view.now_ns, &s, out));
    }

    fn on_timer(&mut self, view: View<'_>, out: &mut Outbox) {
        let Self { detector, desk } = self;
        desk.queue.clear();
        if desk.retry_ns <= view.now_ns {
            for market in 0..desk.pairs.len() {
                if desk.pairs[market].retry_ns() <= view.now_ns {
                    desk.settle(view, market, true, out);
                }
            }
        }
        detector.on_timer(view.now_ns, &mut |s| desk.sighted(view.now_ns, &s, out));
    }

    fn on_verdict(&mut self, view: View<'_>, group: GroupId, verdict: Verdict, out: &mut Outbox) {
        self.desk.verdict(view, group, verdict, out);
    }

    fn on_order(&mut self, order: &Order) {
        let market = self.detector.leg(order.intent.instrument).map(|(market, _)| market);
        if let Some(pair) = market.and_then(|m| self.desk.pairs.get_mut(m.index())) {
            pair.sent(order.intent.group, order.intent.leg, order.id);
        }
    }

    fn on_report(&mut self, view: View<'_>, report: &Report, out: &mut Outbox) {
        self.desk.queue.clear();
        let market = self.detector.leg(report.instrument).map(|(market, _)| market.index());
        let step = match market {
            Some(market) => self.desk.pairs[market].report(report),
            None => Pair::new().report(report),
        };
        match (step, market) {
            (Step::Settle, Some(market)) => self.desk.settle(view, market, false, out),
            (Step::UnknownFill, _) => {
                self.desk.stats.unknown_fills += 1;
                self.desk.suspend(HaltReason::UnknownFill(report.instrument), out);
            }
            _ => {}
        }
    }

    /// What a failed pair left stays in `carried` and is worked off by the market's next pairs.
    fn on_resume(&mut self, _view: View<'_>, _out: &mut Outbox) {
        self.desk.suspended = false;
    }

    fn on_finish(&mut self, out: &mut Outbox) {
        let Self { detector, desk } = self;
        detector.open(&mut |s| desk.sighted(0, &s, out));
    }

    #[inline]
    fn next_wake(&self) -> Option<u64> {
        let stale_ns = self.detector.next_wake().unwrap_or(NEVER);
        let wake_ns = stale_ns.min(self.desk.retry_ns);
        (wake_ns != NEVER).then_some(wake_ns)
    }
}
