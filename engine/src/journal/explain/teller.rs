//! Runs beside the core, and writes down what it does about the opportunities that are meant.

use std::collections::{BTreeMap, VecDeque};

use crosstick_model::decision::{Decline, Outcome, Route};
use crosstick_model::{Decision, DenyCode, Intent, MarketId, Order, OrderId, Purpose, Side};
use crosstick_risk::{Approved, Check, Risk};
use crosstick_strategy::{Opportunity, RouteSnapshot, Spread};

use super::ExplainError;
use super::find::{Links, time};
use super::story::{End, Later, OrderStory, Seen, Stand, Story, Try};
use super::views::Facts;
use crate::core::{Core, Outside};
use crate::journal::entry::{Entry, kind};

/// When it is looked at again, ms.
const LATER_MS: [u64; 4] = [1, 5, 20, 100];
const MS: u64 = 1_000_000;

/// An opportunity that is meant, as far as it has come.
struct Told {
    story: Story,
    route: Route,
    /// Index of its way in the detector.
    index: usize,
    /// From when on later is counted; moved to the first order.
    from_ns: u64,
    /// Why the strategy left it alone at its begin.
    at_begin: String,
}

/// What the core said while it took one input.
#[derive(Default)]
struct Heard {
    unsent: Vec<OrderId>,
    decisions: VecDeque<Decision>,
    /// Checks by group.
    gated: BTreeMap<u64, Vec<Check>>,
    closed: Vec<Opportunity>,
    /// Ask for checks.
    gates: bool,
}

impl Outside for Heard {
    fn send(&mut self, _now_ns: u64, order: Approved) -> Result<(), Approved> {
        if self.unsent.contains(&order.order().id) { Err(order) } else { Ok(()) }
    }

    fn gating(&mut self, now_ns: u64, risk: &Risk, intents: &[Intent]) {
        if let Some(first) = intents.first().filter(|_| self.gates) {
            self.gated.insert(first.group.0, risk.checks(now_ns, intents));
        }
    }

    fn decision(&mut self, decision: &Decision) {
        self.decisions.push_back(*decision);
    }

    fn cancel(&mut self, _now_ns: u64, _order: OrderId) {}

    fn closed(&mut self, opportunity: &Opportunity) {
        self.closed.push(*opportunity);
    }

    fn halted(&mut self, _now_ns: u64, _code: DenyCode) {}
}

/// Tells.
pub struct Teller<'a> {
    facts: &'a Facts<'a>,
    meant: &'a [u64],
    links: Links,
    heard: Heard,
    told: BTreeMap<u64, Told>,
    orders: BTreeMap<u64, Order>,
    /// By way: until when it is left alone after an order.
    cool_ns: BTreeMap<Route, u64>,
    /// By market: the group of the pair that was sent last.
    sent: BTreeMap<MarketId, u64>,
    now_ns: u64,
    done: bool,
}

impl<'a> Teller<'a> {
    pub fn new(facts: &'a Facts<'a>, meant: &'a [u64]) -> Self {
        Self {
            facts,
            meant,
            links: Links::default(),
            heard: Heard::default(),
            told: BTreeMap::new(),
            orders: BTreeMap::new(),
            cool_ns: BTreeMap::new(),
            sent: BTreeMap::new(),
            now_ns: 0,
            done: false,
        }
    }

    pub fn unsent(&mut self, payload: &[u8]) {
        if let Some(Entry::Unsent(order)) = Entry::read(kind::UNSENT, payload) {
            self.heard.unsent.push(order);
        }
    }

    /// Everything that is meant has ended, with its orders, and was looked at later.
    pub const fn is_done(&self) -> bool {
        self.done
    }

    /// Takes an input of that number: what is due later is looked at first.
    pub fn take(&mut self, core: &mut Core<Spread>, seq: u64, entry: &Entry<'_>) {
        let next_ns = time(entry).unwrap_or(self.now_ns).max(self.now_ns);
        for told in self.told.values_mut() {
            look_later(told, core, self.facts, next_ns);
        }
        // Checks cost a copy of risk's state: only where an opportunity that is meant can ask.
        let first = self.meant.first().copied().unwrap_or(u64::MAX);
        self.heard.gates = core.counts().seen + 64 >= first;
        match entry {
            Entry::Tick(tick) => core.on_tick(tick, &mut self.heard),
            Entry::Report(report) => {
                if let Some(order) = self.orders.get(&report.order.0)
                    && let Some(told) = self.links.order(report.order.0).and_then(|id| self.told.get_mut(&id))
                    && let Some(story) = told.story.orders.iter_mut().find(|o| o.order == report.order.0)
                {
                    story.reports.push(self.facts.report(seq, order, report));
                }
                core.on_report(report, &mut self.heard);
            }
            Entry::Timer { due_ns } => core.on_timer(*due_ns, &mut self.heard),
            Entry::Command(command) => {
                core.on_command(command, &mut self.heard);
            }
            Entry::Finish => core.finish(&mut self.heard),
            _ => {}
        }
        self.now_ns = core.now_ns();
        let mut at = seq;
        while let Some(decision) = self.heard.decisions.pop_front() {
            at += 1;
            self.decided(core, at, &decision);
        }
        for closed in std::mem::take(&mut self.heard.closed) {
            if let Some(told) = self.told.get_mut(&closed.id) {
                told.story.outcome = Some(closed.outcome.code());
                told.story.why = why(closed.outcome, &told.at_begin);
            }
        }
        self.heard.gated.clear();
        self.heard.unsent.clear();
        self.done = self.told.len() == self.meant.len() && self.told.values().all(|t| is_over(t, core));
    }

    fn decided(&mut self, core: &Core<Spread>, seq: u64, decision: &Decision) {
        let facts = self.facts;
        let way = |buy, sell| facts.way(buy, sell);
        let about = self.links.decision(decision, &way);
        if let Decision::Order(order) = decision
            && order.intent.purpose == Purpose::Open
            && let Some(market) = facts.universe.instrument(order.intent.instrument).market
        {
            self.sent.insert(market, order.intent.group.0);
        }
        if let Decision::Verdict { at_ns, group, denied: None } = decision
            && let Some(route) = self.links.route(group.0)
        {
            self.cool_ns.insert(route, at_ns.saturating_add(facts.config.strategy.cooldown_ns));
        }
        let Some(id) = about.filter(|id| self.meant.contains(id)) else { return };
        match decision {
            Decision::OpportunityBegin { .. } => {
                if let Some(told) = self.begun(core, seq, decision) {
                    self.told.insert(id, told);
                }
            }
            Decision::OpportunityEnd { at_ns, best_edge_ppm, .. } => {
                if let Some(told) = self.told.get_mut(&id) {
                    let lasted_ns = at_ns.saturating_sub(told.story.begin.at_ns);
                    told.story.end = Some(End { seq, at_ns: *at_ns, lasted_ns, best_edge_ppm: *best_edge_ppm });
                }
            }
            Decision::Verdict { at_ns, group, denied } => self.gated(id, seq, *at_ns, group.0, *denied),
            Decision::Order(order) => self.ordered(id, seq, order),
            Decision::Intent { .. } | Decision::Halt { .. } | Decision::Resume { .. } => {}
        }
    }

    fn begun(&self, core: &Core<Spread>, seq: u64, decision: &Decision) -> Option<Told> {
        let &Decision::OpportunityBegin { id, route, at_ns, edge_ppm, buy_price, sell_price, quantity } = decision
        else {
            return None;
        };
        let (facts, cache) = (self.facts, core.cache());
        let (buy, sell) = facts.legs(route)?;
        let detector = core.strategy().detector();
        let index =
            (0..detector.route_count()).find(|i| detector.snapshot(*i, at_ns).is_some_and(|s| s.route == route))?;
        let market = facts.universe.markets.get(route.market.index())?;
        let begin = Seen {
            seq,
            at_ns,
            buy: facts.leg(cache, buy, Side::Buy, at_ns),
            sell: facts.leg(cache, sell, Side::Sell, at_ns),
            edge: facts.edge(buy, sell, buy_price, sell_price, edge_ppm),
            size: facts.size(cache, buy, sell, quantity),
        };
        let story = Story {
            opportunity: id,
            market: market.name.to_string(),
            buy_venue: facts.universe.venue(route.buy).name.to_string(),
            sell_venue: facts.universe.venue(route.sell).name.to_string(),
            begin,
            tries: Vec::new(),
            end: None,
            outcome: None,
            why: "the journal ends before it does".into(),
            orders: Vec::new(),
            later: Vec::new(),
        };
        Some(Told { story, route, index, from_ns: at_ns, at_begin: self.left_alone(route, at_ns) })
    }

    /// What would keep the strategy from wanting it now, with its numbers.
    fn left_alone(&self, route: Route, at_ns: u64) -> String {
        let until = self.cool_ns.get(&route).copied().unwrap_or(0);
        let cooldown_ms = self.facts.config.strategy.cooldown_ns / MS;
        let pair = self.sent.get(&route.market);
        let mut text = String::new();
        if at_ns < until {
            text += &format!(" At its begin {} us of cooldown_ms = {cooldown_ms} were left.", (until - at_ns) / 1000);
        }
        if let Some(group) = pair {
            text += &format!(" The market's last pair before it was group {group}");
            match self.links.group(*group) {
                Some(of) => text += &format!(", of opportunity {of}."),
                None => text.push('.'),
            }
        }
        text
    }

    fn gated(&mut self, id: u64, seq: u64, at_ns: u64, group: u64, denied: Option<(u8, DenyCode)>) {
        let checks = self.heard.gated.get(&group).map(Vec::as_slice).unwrap_or_default();
        let checks: Vec<_> = checks.iter().map(|c| self.facts.check(c)).collect();
        let Some(told) = self.told.get_mut(&id) else { return };
        let closing = told.story.tries.iter().any(|t| t.verdict == "approved");
        if denied.is_none() && !closing {
            told.from_ns = at_ns;
            told.story.later.clear();
        }
        let verdict = denied.map_or("approved", |(_, code)| code.code());
        told.story.tries.push(Try { seq, at_ns, group, closing, verdict, checks });
    }

    fn ordered(&mut self, id: u64, seq: u64, order: &Order) {
        self.orders.insert(order.id.0, *order);
        let instrument = self.facts.universe.instrument(order.intent.instrument);
        let Some(told) = self.told.get_mut(&id) else { return };
        told.story.orders.push(OrderStory {
            seq,
            order: order.id.0,
            closing: order.intent.purpose == Purpose::Close,
            venue: self.facts.universe.venue(instrument.venue).name.to_string(),
            symbol: instrument.symbol.to_string(),
            side: order.intent.side.name(),
            price: instrument.scale.price(order.intent.price).to_string(),
            quantity: instrument.scale.quantity(order.intent.quantity).to_string(),
            sent_ns: order.decided_ns,
            reports: Vec::new(),
        });
    }

    /// What was written down, in the order of numbers; what the journal did not reach is said so.
    ///
    /// # Errors
    /// When one that is meant never began.
    pub fn stories(mut self, core: &Core<Spread>) -> Result<Vec<Story>, ExplainError> {
        let mut list = Vec::new();
        for id in self.meant {
            let mut told = self.told.remove(id).ok_or(ExplainError::Differs(*id))?;
            look_later(&mut told, core, self.facts, self.now_ns + 1);
            for after_ms in LATER_MS.into_iter().skip(told.story.later.len()) {
                let unknown = String::new;
                let (ask, bid, size) = (unknown(), unknown(), unknown());
                told.story.later.push(Later { after_ms, known: false, there: false, edge_ppm: None, ask, bid, size });
            }
            list.push(told.story);
        }
        Ok(list)
    }
}

/// Looks at the way of one again where its time has come before an input of `next_ns` is taken.
fn look_later(told: &mut Told, core: &Core<Spread>, facts: &Facts<'_>, next_ns: u64) {
    while let Some(after_ms) = LATER_MS.get(told.story.later.len()) {
        let at_ns = told.from_ns + after_ms * MS;
        if next_ns <= at_ns {
            return;
        }
        let Some(s) = core.strategy().detector().snapshot(told.index, at_ns) else { return };
        let (Some((buy, sell)), Some(edge_ppm)) = (facts.legs(told.route), Some(s.edge_ppm)) else { return };
        told.story.later.push(Later {
            after_ms: *after_ms,
            known: true,
            there: s.open != 0 && edge_ppm.is_some(),
            edge_ppm,
            ask: buy.scale.price(s.ask).to_string(),
            bid: sell.scale.price(s.bid).to_string(),
            size: buy.scale.quantity(s.quantity).to_string(),
        });
    }
}

fn is_over(told: &Told, core: &Core<Spread>) -> bool {
    let quiet = !core.strategy().in_flight(told.route.market) || told.story.orders.is_empty();
    told.story.end.is_some() && told.story.later.len() == LATER_MS.len() && quiet
}

/// The outcome in a sentence; `at_begin` has the numbers behind what the strategy decides by.
fn why(outcome: Outcome, at_begin: &str) -> String {
    match outcome {
        Outcome::Taken => "Risk approved the pair, and its orders were sent.".into(),
        Outcome::Denied(code) => format!("At its best edge risk denied it: {}", code.sentence()),
        Outcome::Declined(reason @ (Decline::Cooldown | Decline::InFlight)) => {
            format!("At its best edge the strategy left it alone: {}{at_begin}", reason.sentence())
        }
        Outcome::Declined(reason) => format!("At its best edge the strategy left it alone: {}", reason.sentence()),
    }
}

/// How every way stood at a time at which none was an opportunity, the best edge first.
pub fn ways(core: &Core<Spread>, facts: &Facts<'_>, at_ns: u64, most: usize) -> Vec<Stand> {
    let detector = core.strategy().detector();
    let snapshots = (0..detector.route_count()).filter_map(|i| detector.snapshot(i, at_ns));
    let mut all: Vec<RouteSnapshot> = snapshots.collect();
    all.sort_by_key(|s| std::cmp::Reverse(s.edge_ppm));
    let mut list = Vec::new();
    for s in all.into_iter().take(most) {
        let Some((buy, sell)) = facts.legs(s.route) else { continue };
        let (buy, sell) =
            (facts.leg(core.cache(), buy, Side::Buy, at_ns), facts.leg(core.cache(), sell, Side::Sell, at_ns));
        let least_e8 = i128::from(facts.config.strategy.min_edge_e8);
        let why = match s.edge_ppm {
            None if buy.state != "usable" => format!("{}: the price is {}", buy.venue, buy.state),
            None => format!("{}: the price is {}", sell.venue, sell.state),
            Some(edge) if i128::from(edge) * 100 < least_e8 => {
                format!("its edge is {edge} ppm, below min_edge_bps: {} ppm", facts.least_ppm())
            }
            Some(_) => "its size is below a leg's step or minimum".into(),
        };
        let market =
            facts.universe.markets.get(s.route.market.index()).map_or_else(String::new, |m| m.name.to_string());
        list.push(Stand { market, buy, sell, edge_ppm: s.edge_ppm, why });
    }
    list
}
