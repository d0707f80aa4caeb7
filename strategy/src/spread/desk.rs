//! HOT: core thread. What the strategy makes of sightings: outcomes, groups of intents, and the pairs in flight.

use crosstick_model::decision::{Decline, Outcome};
use crosstick_model::{Decision, GroupId, Side, Tick, TickKind, Universe};

use super::pair::{Pair, Settled, Step};
use super::{Counters, NEVER, PairStats, SpreadConfig};
use crate::cache::Source;
use crate::detector::{Candidate, Detector, LegFacts, Sighting, Span};
use crate::outbox::{HaltReason, Leg, Opportunity, Outbox};
use crate::strategy::{Verdict, View};

#[derive(Debug, Clone, Copy)]
struct RouteState {
    /// The opportunity that `outcome` is about.
    id: u64,
    outcome: Outcome,
    taken: bool,
    /// No order before this core time, ns.
    cool_ns: u64,
}

/// Groups that risk has yet to answer for.
#[derive(Debug, Clone, Copy)]
struct Asked {
    group: GroupId,
    market: usize,
    /// The candidate of a pair; `None` for a closing order.
    candidate: Option<Candidate>,
}

/// Everything of the strategy but the detector.
#[derive(Debug)]
pub struct Desk {
    pub source: Source,
    pub trade: bool,
    pub suspended: bool,
    pub cooldown_ns: u64,
    pub close_collar_e8: i64,
    routes: Box<[RouteState]>,
    /// By instrument; none outside of all markets.
    facts: Box<[Option<LegFacts>]>,
    pub pairs: Box<[Pair]>,
    asked: Vec<Asked>,
    /// Tries of this input that wait for risk's answer to another pair of their market.
    pub queue: Vec<Candidate>,
    /// When the first pair wants to try closing again, ns.
    pub retry_ns: u64,
    pub counters: Counters,
    pub stats: PairStats,
}

impl Desk {
    pub fn new(universe: &Universe, config: &SpreadConfig, detector: &Detector) -> Self {
        let route = RouteState { id: 0, outcome: Outcome::Declined(Decline::WatchOnly), taken: false, cool_ns: 0 };
        Self {
            source: config.source,
            trade: config.trade,
            suspended: false,
            cooldown_ns: config.cooldown_ns,
            close_collar_e8: config.close_collar_e8,
            routes: vec![route; detector.route_count()].into(),
            facts: universe.instruments.iter().map(|i| detector.leg(i.id).map(|(_, facts)| *facts)).collect(),
            pairs: vec![Pair::new(); universe.markets.len()].into(),
            asked: Vec::with_capacity(universe.markets.len()),
            queue: Vec::with_capacity(detector.route_count()),
            retry_ns: NEVER,
            counters: Counters::default(),
            stats: PairStats::default(),
        }
    }

    /// Takes what the detector saw.
    pub fn sighted(&mut self, now_ns: u64, sighting: &Sighting, out: &mut Outbox) {
        match sighting {
            Sighting::Begin(c) => {
                self.counters.seen += 1;
                out.decide(Decision::OpportunityBegin {
                    id: c.id,
                    route: c.route,
                    at_ns: now_ns,
                    edge_ppm: c.edge_ppm,
                    buy_price: c.buy_price,
                    sell_price: c.sell_price,
                    quantity: c.quantity,
                });
                let state = &mut self.routes[c.index];
                (state.id, state.taken) = (c.id, false);
                self.consider(now_ns, c, out);
            }
            Sighting::Better(c) if !self.routes[c.index].taken => self.consider(now_ns, c, out),
            Sighting::Better(_) => {}
            Sighting::End(span) => self.ended(span, out),
        }
    }

    fn ended(&mut self, span: &Span, out: &mut Outbox) {
        let outcome = self.routes[span.index].outcome;
        match outcome {
            Outcome::Taken => self.counters.taken += 1,
            Outcome::Declined(reason) => self.counters.declined[reason as usize] += 1,
            Outcome::Denied(code) => self.counters.denied[code as usize] += 1,
        }
        if let Some(at_ns) = span.end_ns {
            out.decide(Decision::OpportunityEnd { id: span.id, at_ns, best_edge_ppm: span.best_edge_ppm, outcome });
        }
        out.close(Opportunity {
            id: span.id,
            route: span.route,
            begin_ns: span.begin_ns,
            end_ns: span.end_ns,
            first_edge_ppm: span.first_edge_ppm,
            best_edge_ppm: span.best_edge_ppm,
            buy_price: span.buy_price,
            sell_price: span.sell_price,
            quantity: span.quantity,
            outcome,
        });
    }

    /// Wants the pair, or says why not.
    fn consider(&mut self, now_ns: u64, c: &Candidate, out: &mut Outbox) {
        let market = c.route.market.index();
        let state = &mut self.routes[c.index];
        let declined = if !self.trade {
            Some(Decline::WatchOnly)
        } else if self.suspended {
            Some(Decline::Unhedged)
        } else if now_ns < state.cool_ns {
            Some(Decline::Cooldown)
        } else if self.pairs[market].in_flight() {
            Some(Decline::InFlight)
        } else {
            None
        };
        // Until risk has answered, a pair that is wanted stands as one in flight.
        state.outcome = Outcome::Declined(declined.unwrap_or(Decline::InFlight));
        if declined == Some(Decline::InFlight) && self.pairs[market].asking() {
            self.queue.push(*c);
        }
        if declined.is_some() {
            return;
        }
        let (Some(buy), Some(sell)) = (&self.facts[c.buy.index()], &self.facts[c.sell.index()]) else { return };
        let group = out.group(&[
            Leg::ioc(c.buy, Side::Buy, c.buy_price, c.buy_quantity),
            Leg::ioc(c.sell, Side::Sell, c.sell_price, c.sell_quantity),
        ]);
        self.pairs[market].ask(group, buy, sell, c);
        self.asked.push(Asked { group, market, candidate: Some(*c) });
    }

    /// Risk's answer to a group.
    pub fn verdict(&mut self, view: View<'_>, group: GroupId, verdict: Verdict, out: &mut Outbox) {
        let Some(position) = self.asked.iter().position(|a| a.group == group) else { return };
        let Asked { market, candidate, .. } = self.asked.remove(position);
        let Some(c) = candidate else {
            let step = self.pairs[market].close_answered(view.now_ns, verdict.err().map(|(_, code)| code));
            if step == Step::Settle {
                self.settle(view, market, false, out);
            }
            self.rearm();
            return;
        };
        self.pairs[market].answered(verdict.is_ok());
        let state = &mut self.routes[c.index];
        match verdict {
            Ok(()) => {
                self.stats.sent += 1;
                state.cool_ns = view.now_ns.saturating_add(self.cooldown_ns);
                if state.id == c.id {
                    (state.outcome, state.taken) = (Outcome::Taken, true);
                }
            }
            Err((_, code)) => {
                if state.id == c.id {
                    state.outcome = Outcome::Denied(code);
                }
                if let Some(next) = self.queue.iter().position(|q| q.route.market.index() == market) {
                    let next = self.queue.remove(next);
                    self.consider(view.now_ns, &next, out);
                }
            }
        }
    }

    /// A tick may be the quote that a failed closing order waits for.
    #[cold]
    pub fn retry_on_tick(&mut self, view: View<'_>, tick: &Tick, out: &mut Outbox) {
        let is_price = match self.source {
            Source::Quotes => tick.kind == TickKind::Quote,
            Source::Trades => tick.kind == TickKind::Trade,
        };
        if is_price {
            for market in 0..self.pairs.len() {
                if self.pairs[market].retries_on(tick.instrument, view.cache, self.source) {
                    self.settle(view, market, true, out);
                }
            }
        }
    }

    /// Compares what the legs of a market's pair filled, and closes the difference.
    pub fn settle(&mut self, view: View<'_>, market: usize, again: bool, out: &mut Outbox) {
        let pair = &mut self.pairs[market];
        let before = pair.legged();
        let settled = pair.settle(view.now_ns, view.cache, self.source, self.close_collar_e8, again);
        self.stats.legged += u64::from(pair.legged() && !before);
        self.stats.close_attempts += u64::from(matches!(settled, Settled::Close(_)));
        match settled {
            Settled::Later => {}
            Settled::Close(leg) => {
                let group = out.group(&[leg]);
                pair.ask_close(group);
                self.asked.push(Asked { group, market, candidate: None });
            }
            Settled::Done(end) => {
                let count = match (end.legged, end.empty) {
                    (true, _) => &mut self.stats.closed,
                    (false, true) => &mut self.stats.empty,
                    (false, false) => &mut self.stats.clean,
                };
                *count += 1;
                self.stats.dust += u64::from(end.dust && !end.empty);
            }
            Settled::Failed => {
                self.stats.failed += 1;
                let market = crosstick_model::MarketId(market as u16);
                self.suspend(HaltReason::Unhedged(market), out);
            }
        }
        self.rearm();
    }

    /// Stops opening; pairs in flight are still closed.
    pub fn suspend(&mut self, reason: HaltReason, out: &mut Outbox) {
        self.suspended = true;
        out.halt(reason);
    }

    fn rearm(&mut self) {
        self.retry_ns = self.pairs.iter().map(Pair::retry_ns).min().unwrap_or(NEVER);
    }
}
