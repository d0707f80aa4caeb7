//! HOT: core thread. Finds opportunities over all venue pairs of a market, in both directions, and follows each from
//! the input at which it begins to the one at which it ends.
//!
//! Kept: a route is evaluated at most once an input, after the input's whole effect, in the order (market, buy venue,
//! sell venue) of the config; what begins and ends never depends on what is traded. A tick touches its own market
//! alone, except when it turns its line's usability: then every market of that line.
//!
//! For speed each leg keeps what a sale brings, (10^8 − f)·bid, and what a purchase costs with the least edge on top,
//! (10^8 + f + min_edge)·ask, so that the exact test of a route is one comparison of two i128, and a coarse one, which
//! every passing route passes, is one of two i64. A leg that may not be used has values that never pass. Age is not in
//! them: it is tested when prices pass.

mod coarse;
mod facts;
mod sighting;

use crosstick_model::decision::Route;
use crosstick_model::{InstrumentId, Line, MarketId, Quote, Tick, TickKind, Universe, VenueId};

use coarse::Coarse;
pub(crate) use facts::{FINE, LegFacts};
use facts::{Size, edge_ppm, notional_cap, route_step, size};
pub use sighting::{Candidate, RouteSnapshot, Sighting, Span};

use crate::cache::{PriceCache, Source, line_count, line_index};
use crate::spread::{ConfigError, SpreadConfig};

#[derive(Debug, Clone, Copy)]
struct LegState {
    quote: Quote,
    stale_ns: u64,
    line: Line,
    /// Open opportunities that it is a leg of.
    open: u32,
}

#[derive(Debug, Clone, Copy)]
struct MarketState {
    first_leg: usize,
    legs: usize,
    first_route: usize,
    /// `max_notional` as price × quantity mantissas.
    cap: i128,
    /// Open opportunities.
    open: u32,
}

#[derive(Debug, Clone, Copy)]
struct RouteState {
    /// Zero while nothing is open.
    id: u64,
    begin_ns: u64,
    first_edge_ppm: i64,
    best_edge_ppm: i64,
    buy_price: i64,
    sell_price: i64,
    quantity: i64,
    step: i64,
}

const NO_LEG: u32 = u32::MAX;
const NEVER: u64 = u64::MAX;

/// The spread detector over all markets of a universe.
#[derive(Debug, Clone)]
pub struct Detector {
    source: Source,
    /// By instrument; [`NO_LEG`] outside of all markets.
    leg_of: Box<[u32]>,
    facts: Box<[LegFacts]>,
    market_of: Box<[u16]>,
    legs: Box<[LegState]>,
    /// By leg: what selling one unit brings; `i128::MIN` while not usable.
    proceeds: Box<[i128]>,
    /// By leg: what a sale must bring to be worth buying here; `i128::MAX` while not usable.
    cost: Box<[i128]>,
    /// By leg: both of them, coarse: what the first look at a tick compares.
    coarse: Box<[Coarse]>,
    markets: Box<[MarketState]>,
    /// By market: when the first quote of an open opportunity becomes stale.
    market_wake: Box<[u64]>,
    routes: Box<[RouteState]>,
    /// By venue: its legs, ascending.
    venue_legs: Box<[Box<[u32]>]>,
    /// By venue and line: its usability as of the last input.
    line_usable: Box<[bool]>,
    wake_ns: u64,
    opened: u64,
}

impl Detector {
    /// A detector for all markets of `universe`, with nothing open.
    ///
    /// # Errors
    /// When a market cannot be compared in integers; see [`ConfigError`].
    pub fn new(universe: &Universe, config: &SpreadConfig) -> Result<Self, ConfigError> {
        let mut facts: Vec<LegFacts> = Vec::new();
        let (mut markets, mut market_of, mut routes) = (Vec::new(), Vec::new(), Vec::new());
        let mut leg_of = vec![NO_LEG; universe.instruments.len()];
        let mut venue_legs = vec![Vec::new(); universe.venues.len()];
        for market in &universe.markets {
            let first_leg = facts.len();
            let mut cap = i128::MAX;
            for &id in &market.instruments {
                let instrument = universe.instrument(id);
                if instrument.scale != market.scale {
                    return Err(ConfigError::Scale(id));
                }
                leg_of[id.index()] = facts.len() as u32;
                venue_legs[instrument.venue.index()].push(facts.len() as u32);
                market_of.push(market.id.0);
                let taker_e8 = universe.venue(instrument.venue).fees.taker_e8;
                facts.push(LegFacts::new(instrument, taker_e8, config.min_edge_e8)?);
                let rate = config.market_rate(universe, market)?;
                cap = notional_cap(config.max_notional, rate, market.scale).ok_or(ConfigError::NoRate(market.id))?;
            }
            let first_route = routes.len();
            for buy in &facts[first_leg..] {
                routes.extend(facts[first_leg..].iter().map(|sell| RouteState::new(route_step(buy, sell))));
            }
            let legs = facts.len() - first_leg;
            markets.push(MarketState { first_leg, legs, first_route, cap, open: 0 });
        }
        let leg = LegState { quote: Quote::default(), stale_ns: 0, line: 0, open: 0 };
        Ok(Self {
            source: config.source,
            leg_of: leg_of.into(),
            market_of: market_of.into(),
            legs: vec![leg; facts.len()].into(),
            proceeds: vec![i128::MIN; facts.len()].into(),
            cost: vec![i128::MAX; facts.len()].into(),
            coarse: vec![Coarse::UNUSABLE; facts.len()].into(),
            market_wake: vec![NEVER; markets.len()].into(),
            markets: markets.into(),
            routes: routes.into(),
            venue_legs: venue_legs.into_iter().map(Into::into).collect(),
            line_usable: vec![true; line_count(universe)].into(),
            facts: facts.into(),
            wake_ns: NEVER,
            opened: 0,
        })
    }

    /// A tick that `cache` has already taken.
    #[inline]
    pub fn on_tick(&mut self, now_ns: u64, tick: &Tick, cache: &PriceCache, sink: &mut impl FnMut(Sighting)) {
        if let Some((venue, _)) = tick.as_line_state() {
            return self.on_line(now_ns, venue, tick.flags.line(), cache, sink);
        }
        let Some(&leg) = self.leg_of.get(tick.instrument.index()) else { return };
        let prices_moved = leg != NO_LEG
            && match self.source {
                Source::Quotes => tick.kind == TickKind::Quote,
                Source::Trades => tick.kind == TickKind::Trade,
            };
        if prices_moved {
            self.refresh(leg as usize, cache);
        }
        let line = tick.flags.line();
        let Some(venue) = cache.venue(tick.instrument) else { return };
        if cache.line_usable(venue, line) != self.line_usable[line_index(venue, line)] {
            self.turn_line(now_ns, venue, line, cache, sink);
        } else if prices_moved {
            self.scan(now_ns, leg as usize, sink);
        }
    }

    /// A line went up or down; `cache` knows already, and has dropped the prices of one that went down. Where it could
    /// not be used before either, nothing is open on those, and they are taken anew when it turns usable.
    fn on_line(
        &mut self,
        now_ns: u64,
        venue: VenueId,
        line: Line,
        cache: &PriceCache,
        sink: &mut impl FnMut(Sighting),
    ) {
        let known = self.line_usable.get(line_index(venue, line)).copied();
        if known.is_some_and(|k| k != cache.line_usable(venue, line)) {
            self.turn_line(now_ns, venue, line, cache, sink);
        }
    }

    /// Ends what has become stale.
    pub fn on_timer(&mut self, now_ns: u64, sink: &mut impl FnMut(Sighting)) {
        if now_ns < self.wake_ns {
            return;
        }
        for market in 0..self.markets.len() {
            if self.market_wake[market] <= now_ns {
                let legs = self.markets[market].legs;
                for buy in 0..legs {
                    for sell in 0..legs {
                        self.evaluate(now_ns, market, buy, sell, sink);
                    }
                }
                self.rearm(market);
            }
        }
    }

    /// The earliest core time at which a quote of an open opportunity becomes stale, ns.
    #[inline]
    #[must_use]
    pub fn next_wake(&self) -> Option<u64> {
        (self.wake_ns != NEVER).then_some(self.wake_ns)
    }

    /// Tells about every open opportunity as one without an end, in the order of routes. Closes nothing.
    pub fn open(&self, sink: &mut impl FnMut(Sighting)) {
        for (index, state) in self.routes.iter().enumerate().filter(|(_, r)| r.id != 0) {
            sink(Sighting::End(state.span(index, self.route(index), None)));
        }
    }

    /// Routes, counting those of a leg to itself, which never open.
    #[must_use]
    pub fn route_count(&self) -> usize {
        self.routes.len()
    }

    /// A route as it stands at `now_ns`; `None` beyond the last one, and for a leg to itself.
    #[must_use]
    pub fn snapshot(&self, index: usize, now_ns: u64) -> Option<RouteSnapshot> {
        let state = self.routes.get(index)?;
        let (market, buy, sell) = self.route_legs(index);
        if buy == sell {
            return None;
        }
        let first = self.markets[market].first_leg;
        let (buy, sell) = (first + buy, first + sell);
        let usable = self.usable(buy, now_ns) && self.usable(sell, now_ns);
        let (asks, bids) = (&self.legs[buy].quote, &self.legs[sell].quote);
        let (ask, bid) = (asks.ask, bids.bid);
        let bought = self.facts[buy].base(ask, asks.ask_quantity);
        Some(RouteSnapshot {
            route: self.route(index),
            buy: self.facts[buy].instrument,
            sell: self.facts[sell].instrument,
            ask,
            bid,
            quantity: bought.min(self.facts[sell].base(bid, bids.bid_quantity)),
            edge_ppm: usable.then(|| edge_ppm(&self.facts[buy], &self.facts[sell], ask, bid)),
            open: state.id,
            best_edge_ppm: state.best_edge_ppm,
        })
    }

    /// Facts of the leg that an instrument is; `None` outside of all markets.
    pub(crate) fn leg(&self, instrument: InstrumentId) -> Option<(MarketId, &LegFacts)> {
        let leg = *self.leg_of.get(instrument.index()).filter(|l| **l != NO_LEG)? as usize;
        Some((MarketId(self.market_of[leg]), &self.facts[leg]))
    }

    fn usable(&self, leg: usize, now_ns: u64) -> bool {
        self.cost[leg] != i128::MAX && now_ns < self.legs[leg].stale_ns
    }

    /// Takes the leg's prices out of the cache.
    #[inline]
    fn refresh(&mut self, leg: usize, cache: &PriceCache) {
        let facts = &self.facts[leg];
        let Some(prices) = cache.prices(self.source, facts.instrument) else { return };
        let state = &mut self.legs[leg];
        state.quote = prices.quote;
        state.stale_ns = prices.stale_ns;
        state.line = prices.line;
        if prices.sound && cache.line_usable(facts.venue, prices.line) {
            let proceeds = i128::from(facts.sell_factor) * i128::from(prices.quote.bid);
            let cost = i128::from(facts.cost_factor) * i128::from(prices.quote.ask);
            (self.proceeds[leg], self.cost[leg], self.coarse[leg]) = (proceeds, cost, Coarse::of(proceeds, cost));
        } else {
            (self.proceeds[leg], self.cost[leg], self.coarse[leg]) = (i128::MIN, i128::MAX, Coarse::UNUSABLE);
        }
    }

    /// Evaluates the routes of one leg, if any of them could be open or begin.
    #[inline]
    fn scan(&mut self, now_ns: u64, leg: usize, sink: &mut impl FnMut(Sighting)) {
        let market = usize::from(self.market_of[leg]);
        let state = &self.markets[market];
        let legs = state.first_leg..state.first_leg + state.legs;
        let own = self.coarse[leg];
        let mut passes = state.open != 0;
        for other in &self.coarse[legs] {
            passes |= (other.proceeds >= own.cost) | (own.proceeds >= other.cost);
        }
        if passes {
            self.evaluate_leg(now_ns, market, leg, sink);
        }
    }

    /// Evaluates all routes of one leg, in order.
    fn evaluate_leg(&mut self, now_ns: u64, market: usize, leg: usize, sink: &mut impl FnMut(Sighting)) {
        let MarketState { first_leg, legs, .. } = self.markets[market];
        let own = leg - first_leg;
        for buy in 0..own {
            self.evaluate(now_ns, market, buy, own, sink);
        }
        for sell in 0..legs {
            self.evaluate(now_ns, market, own, sell, sink);
        }
        for buy in own + 1..legs {
            self.evaluate(now_ns, market, buy, own, sink);
        }
        self.rearm(market);
    }

    /// A line has become usable or ceased to be: all legs whose prices it brought are evaluated anew.
    #[cold]
    fn turn_line(
        &mut self,
        now_ns: u64,
        venue: VenueId,
        line: Line,
        cache: &PriceCache,
        sink: &mut impl FnMut(Sighting),
    ) {
        self.line_usable[line_index(venue, line)] = cache.line_usable(venue, line);
        let count = self.venue_legs[venue.index()].len();
        for i in 0..count {
            self.refresh(self.venue_legs[venue.index()][i] as usize, cache);
        }
        for i in 0..count {
            let leg = self.venue_legs[venue.index()][i] as usize;
            // All lines of the venue: the tick at hand may have moved its leg from another line to this one.
            self.evaluate_leg(now_ns, usize::from(self.market_of[leg]), leg, sink);
        }
    }

    /// Brings one route up to date.
    #[inline]
    fn evaluate(&mut self, now_ns: u64, market: usize, buy: usize, sell: usize, sink: &mut impl FnMut(Sighting)) {
        if buy == sell {
            return;
        }
        let at = &self.markets[market];
        let (b, s) = (at.first_leg + buy, at.first_leg + sell);
        let index = at.first_route + buy * at.legs + sell;
        let passes = self.proceeds[s] >= self.cost[b];
        let open = self.routes[index].id != 0;
        if !passes & !open {
            return;
        }
        let fresh = now_ns < self.legs[b].stale_ns && now_ns < self.legs[s].stale_ns;
        let size = if passes & fresh { self.size(market, b, s, index) } else { None };
        match size {
            Some(size) => self.seen(now_ns, market, index, b, s, size, sink),
            None if open => self.end(now_ns, market, index, b, s, sink),
            None => {}
        }
    }

    fn size(&self, market: usize, buy: usize, sell: usize, index: usize) -> Option<Size> {
        let (ask, bid) = (&self.legs[buy].quote, &self.legs[sell].quote);
        size(&self.facts[buy], &self.facts[sell], ask, bid, self.markets[market].cap, self.routes[index].step)
    }

    #[allow(clippy::too_many_arguments)] // one call, made of what its caller has at hand
    fn seen(
        &mut self,
        now_ns: u64,
        market: usize,
        index: usize,
        buy: usize,
        sell: usize,
        size: Size,
        sink: &mut impl FnMut(Sighting),
    ) {
        let (ask, bid) = (self.legs[buy].quote.ask, self.legs[sell].quote.bid);
        let (buy_facts, sell_facts) = (&self.facts[buy], &self.facts[sell]);
        let edge_ppm = edge_ppm(buy_facts, sell_facts, ask, bid);
        let state = &mut self.routes[index];
        let begins = state.id == 0;
        if begins {
            self.opened += 1;
            *state = RouteState {
                id: self.opened,
                begin_ns: now_ns,
                first_edge_ppm: edge_ppm,
                best_edge_ppm: edge_ppm,
                buy_price: ask,
                sell_price: bid,
                quantity: size.base,
                step: state.step,
            };
            self.markets[market].open += 1;
            self.legs[buy].open += 1;
            self.legs[sell].open += 1;
        } else if edge_ppm > state.best_edge_ppm {
            state.best_edge_ppm = edge_ppm;
        } else {
            return;
        }
        let candidate = Candidate {
            id: state.id,
            index,
            route: Route { market: MarketId(market as u16), buy: buy_facts.venue, sell: sell_facts.venue },
            edge_ppm,
            buy: buy_facts.instrument,
            sell: sell_facts.instrument,
            buy_price: ask,
            sell_price: bid,
            quantity: size.base,
            buy_quantity: size.buy_quantity,
            sell_quantity: size.sell_quantity,
        };
        sink(if begins { Sighting::Begin(candidate) } else { Sighting::Better(candidate) });
    }

    fn end(
        &mut self,
        now_ns: u64,
        market: usize,
        index: usize,
        buy: usize,
        sell: usize,
        sink: &mut impl FnMut(Sighting),
    ) {
        let route = Route { market: MarketId(market as u16), buy: self.facts[buy].venue, sell: self.facts[sell].venue };
        let span = self.routes[index].span(index, route, Some(now_ns));
        self.routes[index].id = 0;
        self.markets[market].open -= 1;
        self.legs[buy].open -= 1;
        self.legs[sell].open -= 1;
        sink(Sighting::End(span));
    }

    /// Finds the market's next wake-up after its quotes or opportunities changed, and with it the next of all.
    #[inline]
    fn rearm(&mut self, market: usize) {
        let state = &self.markets[market];
        let mut wake = NEVER;
        if state.open != 0 {
            let legs = &self.legs[state.first_leg..state.first_leg + state.legs];
            wake = legs.iter().filter(|l| l.open != 0).map(|l| l.stale_ns).min().unwrap_or(NEVER);
        }
        let before = std::mem::replace(&mut self.market_wake[market], wake);
        if wake < self.wake_ns {
            self.wake_ns = wake;
        } else if before == self.wake_ns && before != wake {
            self.wake_ns = self.market_wake.iter().copied().min().unwrap_or(NEVER);
        }
    }

    /// Market, and buy and sell leg within it.
    fn route_legs(&self, index: usize) -> (usize, usize, usize) {
        let market = self.markets.partition_point(|m| m.first_route + m.legs * m.legs <= index);
        let offset = index - self.markets[market].first_route;
        let legs = self.markets[market].legs;
        (market, offset / legs, offset % legs)
    }

    fn route(&self, index: usize) -> Route {
        let (market, buy, sell) = self.route_legs(index);
        let first = self.markets[market].first_leg;
        let venue = |leg: usize| self.facts[first + leg].venue;
        Route { market: MarketId(market as u16), buy: venue(buy), sell: venue(sell) }
    }
}

impl RouteState {
    const fn new(step: i64) -> Self {
        Self { id: 0, begin_ns: 0, first_edge_ppm: 0, best_edge_ppm: 0, buy_price: 0, sell_price: 0, quantity: 0, step }
    }

    fn span(&self, index: usize, route: Route, end_ns: Option<u64>) -> Span {
        Span {
            id: self.id,
            index,
            route,
            begin_ns: self.begin_ns,
            end_ns,
            first_edge_ppm: self.first_edge_ppm,
            best_edge_ppm: self.best_edge_ppm,
            buy_price: self.buy_price,
            sell_price: self.sell_price,
            quantity: self.quantity,
        }
    }
}
