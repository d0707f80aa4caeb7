//! HOT: core thread. The paper gateway: a small venue that fills our orders against the quotes and trades that we
//! receive, in core time, without sockets or clocks.
//!
//! An order decided at `t` arrives at `t + latency`, is matched there and then against the quote that stands (the
//! last one received before that instant; one received at it comes after, as every wake-up goes before an input of
//! the same time), and what happened is reported `ack` later. So neither the quote of the decision nor any later
//! one can leak into the match.
//!
//! - An order that crosses takes the size shown, less what ours took before, at the quote's price.
//! - A line that went down takes its venue's quotes with it: what arrives before the next one is rejected.
//! - What is left of an IOC is cancelled; what is left of a GTC rests.
//! - A resting order fills at its own price, as maker: when a trade prints beyond its price (at its price we do not
//!   know our place in the queue), up to that trade's quantity; or when the opposite quote reaches its price, up to
//!   the size shown there. Our orders among themselves: best price first, then first come.
//! - Every order ends in exactly one of: its last fill, a cancel with the rest, a rejection.

mod config;
mod fees;
mod market;
mod random;

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crosstick_model::{
    Amount, AssetId, Fill, Instrument, InstrumentId, Liquidity, OrderId, Quote, RejectReason, Report, ReportKind, Side,
    Tick, TickKind, TimeInForce, Trade, Universe,
};
use crosstick_risk::{Approved, Rates};

pub use config::PaperConfig;
use fees::FeePlan;
use market::Market;
use random::{Fate, Random};

use crate::gateway::Gateway;

/// Events and resting orders that fit without allocating.
const WARM: usize = 1024;

/// An order on its way or resting.
#[derive(Debug, Clone, Copy)]
struct Working {
    id: OrderId,
    instrument: InstrumentId,
    side: Side,
    price: i64,
    left: i64,
    time_in_force: TimeInForce,
    fate: Fate,
    /// Place in the order of arrival.
    arrived: u64,
}

/// What arrives at the venue.
#[derive(Debug, Clone, Copy)]
enum Request {
    New(Working),
    Cancel,
}

/// Something due at a time. At one time: by order id, then in the order in which it was made.
#[derive(Debug, Clone, Copy)]
struct Due<T> {
    at_ns: u64,
    order: OrderId,
    made: u64,
    what: T,
}

impl<T> Due<T> {
    const fn key(&self) -> (u64, OrderId, u64) {
        (self.at_ns, self.order, self.made)
    }
}

impl<T> PartialEq for Due<T> {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl<T> Eq for Due<T> {}

impl<T> PartialOrd for Due<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Due<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key().cmp(&other.key())
    }
}

/// The paper gateway.
#[derive(Debug)]
pub struct Paper {
    config: PaperConfig,
    instruments: Box<[Instrument]>,
    fees: Box<[FeePlan]>,
    markets: Box<[Market]>,
    requests: BinaryHeap<Reverse<Due<Request>>>,
    reports: BinaryHeap<Reverse<Due<Report>>>,
    resting: Vec<Working>,
    random: Random,
    /// Counts requests, reports and arrivals.
    made: u64,
}

impl Paper {
    /// A venue without quotes. `rates` value a fee in a named asset.
    ///
    /// # Panics
    /// When an instrument's venue is not of the universe.
    #[must_use]
    pub fn new(universe: &Universe, config: PaperConfig, rates: &Rates) -> Self {
        let fees = universe.instruments.iter().map(|i| FeePlan::new(i, universe.venue(i.venue).fees, rates));
        Self {
            config,
            instruments: universe.instruments.clone().into_boxed_slice(),
            fees: fees.collect(),
            markets: vec![Market::default(); universe.instruments.len()].into_boxed_slice(),
            requests: BinaryHeap::with_capacity(WARM),
            reports: BinaryHeap::with_capacity(WARM),
            resting: Vec::with_capacity(WARM),
            random: Random::new(config.seed),
            made: 0,
        }
    }

    /// Takes an order decided at core time `now_ns`.
    pub fn send(&mut self, now_ns: u64, approved: Approved) {
        let order = approved.order();
        let intent = &order.intent;
        let working = Working {
            id: order.id,
            instrument: intent.instrument,
            side: intent.side,
            price: intent.price,
            left: intent.quantity,
            time_in_force: intent.time_in_force,
            fate: Fate::draw(&mut self.random),
            arrived: 0,
        };
        self.request(now_ns, order.id, Request::New(working));
    }

    /// Asks at core time `now_ns` for an order's end; it takes as long to arrive as an order does.
    pub fn cancel(&mut self, now_ns: u64, order: OrderId) {
        self.request(now_ns, order, Request::Cancel);
    }

    fn request(&mut self, now_ns: u64, order: OrderId, what: Request) {
        self.made += 1;
        let at_ns = now_ns.saturating_add(self.config.latency_ns);
        self.requests.push(Reverse(Due { at_ns, order, made: self.made, what }));
    }

    /// Takes a quote or trade at core time `now_ns`. What was due by then is matched first, against the older quote.
    #[inline]
    pub fn on_tick(&mut self, now_ns: u64, tick: &Tick) {
        self.arrive(now_ns);
        match tick.kind {
            TickKind::Quote => {
                if let Some(quote) = tick.as_quote() {
                    self.on_quote(now_ns, tick.instrument, quote);
                }
            }
            TickKind::Trade => {
                if let Some(trade) = tick.as_trade()
                    && !trade.off_market
                    && !self.resting.is_empty()
                {
                    self.on_trade(now_ns, tick.instrument, trade);
                }
            }
            TickKind::Line => {
                if let Some((venue, false)) = tick.as_line_state() {
                    for (instrument, market) in self.instruments.iter().zip(&mut self.markets) {
                        if instrument.venue == venue {
                            market.line_down();
                        }
                    }
                }
            }
        }
    }

    /// When [`Paper::advance`] has something to do next, in core time.
    #[inline]
    #[must_use]
    pub fn next_due(&self) -> Option<u64> {
        let request = self.requests.peek().map(|r| r.0.at_ns);
        let report = self.reports.peek().map(|r| r.0.at_ns);
        match (request, report) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }

    /// Does all that is due up to and including `now_ns`, and hands out the reports in the order of time, then of
    /// order ids. Each report says when it was due.
    pub fn advance(&mut self, now_ns: u64, deliver: &mut impl FnMut(Report)) {
        loop {
            let arrival = self.requests.peek().map(|r| r.0.at_ns).filter(|t| *t <= now_ns);
            let report = self.reports.peek().map(|r| r.0.at_ns).filter(|t| *t <= now_ns);
            match (arrival, report) {
                // Arrivals first: with no delay at all their reports are due at the same time.
                (Some(a), r) if r.is_none_or(|r| a <= r) => self.arrive(a),
                (_, Some(_)) => {
                    if let Some(Reverse(due)) = self.reports.pop() {
                        deliver(due.what);
                    }
                }
                _ => return,
            }
        }
    }

    /// Whether nothing is on its way or resting.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.requests.is_empty() && self.reports.is_empty() && self.resting.is_empty()
    }

    /// Orders that rest.
    #[must_use]
    pub fn resting(&self) -> usize {
        self.resting.len()
    }

    /// Lets everything arrive that is due by `now_ns`, each at its own time.
    #[inline]
    fn arrive(&mut self, now_ns: u64) {
        while let Some(Reverse(due)) = self.requests.peek() {
            if due.at_ns > now_ns {
                return;
            }
            let due = *due;
            self.requests.pop();
            match due.what {
                Request::New(order) => self.arrive_new(due.at_ns, order),
                Request::Cancel => self.arrive_cancel(due.at_ns, due.order),
            }
        }
    }

    fn arrive_new(&mut self, at_ns: u64, mut order: Working) {
        let i = order.instrument.index();
        let (Some(instrument), Some(market)) = (self.instruments.get(i), self.markets.get(i)) else {
            return self.report(at_ns, &order, ReportKind::Rejected(RejectReason::Venue));
        };
        if order.fate.rejects(self.config.reject_ppm) {
            return self.report(at_ns, &order, ReportKind::Rejected(RejectReason::Simulated));
        }
        if !market.usable() {
            return self.report(at_ns, &order, ReportKind::Rejected(RejectReason::NoQuote));
        }
        let step = instrument.quantity_step.max(1);
        let (price, size) = market.opposite(order.side);
        self.report(at_ns, &order, ReportKind::Accepted);
        if crosses(&order, price) {
            let steps = order.fate.fills(order.left.min(size).max(0) / step, self.config.partial_ppm);
            self.fill(at_ns, &mut order, price, steps * step, Liquidity::Taker, true);
        }
        if order.left > 0 {
            match order.time_in_force {
                TimeInForce::Ioc => self.report(at_ns, &order, ReportKind::Cancelled { unfilled: order.left }),
                TimeInForce::Gtc => {
                    self.made += 1;
                    self.resting.push(Working { arrived: self.made, ..order });
                }
            }
        }
    }

    /// An order that has ended was reported then; there is nothing to add.
    fn arrive_cancel(&mut self, at_ns: u64, id: OrderId) {
        if let Some(at) = self.resting.iter().position(|r| r.id == id) {
            let order = self.resting.swap_remove(at);
            self.report(at_ns, &order, ReportKind::Cancelled { unfilled: order.left });
        }
    }

    #[inline]
    fn on_quote(&mut self, now_ns: u64, instrument: InstrumentId, quote: Quote) {
        let Some(market) = self.markets.get_mut(instrument.index()) else { return };
        market.take_quote(quote);
        if !self.resting.is_empty() && market.usable() {
            self.fill_resting_by_quote(now_ns, instrument);
        }
    }

    fn fill_resting_by_quote(&mut self, now_ns: u64, instrument: InstrumentId) {
        let i = instrument.index();
        for side in [Side::Buy, Side::Sell] {
            loop {
                let (Some(facts), Some(market)) = (self.instruments.get(i), self.markets.get(i)) else { return };
                let step = facts.quantity_step.max(1);
                let (price, size) = market.opposite(side);
                let best = self.best_resting(instrument, |r| r.side == side && crosses(r, price));
                let Some((at, order)) = best else { break };
                let quantity = order.left.min(size).max(0) / step * step;
                if quantity == 0 {
                    break;
                }
                self.fill_resting(now_ns, at, order, quantity, true);
            }
        }
    }

    fn on_trade(&mut self, now_ns: u64, instrument: InstrumentId, trade: Trade) {
        let Some(facts) = self.instruments.get(instrument.index()) else { return };
        let step = facts.quantity_step.max(1);
        let mut size = trade.quantity;
        let through = |r: &Working| match r.side {
            Side::Buy => trade.price < r.price,
            Side::Sell => trade.price > r.price,
        };
        while trade.price > 0
            && let Some((at, order)) = self.best_resting(instrument, through)
        {
            let quantity = order.left.min(size).max(0) / step * step;
            if quantity == 0 {
                return;
            }
            size -= quantity;
            self.fill_resting(now_ns, at, order, quantity, false);
        }
    }

    /// The first in line among an instrument's resting orders that are meant: best price, then first come.
    fn best_resting(&self, instrument: InstrumentId, meant: impl Fn(&Working) -> bool) -> Option<(usize, Working)> {
        let meant = self.resting.iter().enumerate().filter(|(_, r)| r.instrument == instrument && meant(r));
        let first = meant.min_by_key(|(_, r)| match r.side {
            Side::Buy => (-r.price, r.arrived),
            Side::Sell => (r.price, r.arrived),
        });
        first.map(|(at, r)| (at, *r))
    }

    fn fill_resting(&mut self, now_ns: u64, at: usize, mut order: Working, quantity: i64, from_quote: bool) {
        let price = order.price;
        self.fill(now_ns, &mut order, price, quantity, Liquidity::Maker, from_quote);
        if order.left == 0 {
            self.resting.swap_remove(at);
        } else if let Some(slot) = self.resting.get_mut(at) {
            *slot = order;
        }
    }

    /// Fills a part of an order; the size comes out of the quote where it is `from_quote`.
    fn fill(
        &mut self,
        at_ns: u64,
        order: &mut Working,
        price: i64,
        quantity: i64,
        liquidity: Liquidity,
        from_quote: bool,
    ) {
        let i = order.instrument.index();
        let (Some(instrument), Some(fees)) = (self.instruments.get(i), self.fees.get(i)) else { return };
        if quantity <= 0 {
            return;
        }
        let charge = instrument
            .notional(price, quantity)
            .and_then(|notional| fees.charge(order.side, price, quantity, notional, liquidity));
        // A fee beyond i128 is told as the largest amount: risk cannot book that and halts, which is what it deserves.
        let (fee, fee_asset): (Amount, AssetId) = charge.unwrap_or((Amount::MAX, instrument.quote));
        if from_quote && let Some(market) = self.markets.get_mut(i) {
            market.take(order.side, quantity);
        }
        order.left -= quantity;
        self.report(at_ns, order, ReportKind::Filled(Fill { price, quantity, fee, fee_asset, liquidity }));
    }

    fn report(&mut self, at_ns: u64, order: &Working, kind: ReportKind) {
        let at_ns = at_ns.saturating_add(self.config.ack_ns);
        self.made += 1;
        let report = Report { order: order.id, instrument: order.instrument, at_ns, kind };
        self.reports.push(Reverse(Due { at_ns, order: order.id, made: self.made, what: report }));
    }
}

impl Gateway for Paper {
    fn send(&mut self, now_ns: u64, order: Approved) -> Result<(), Approved> {
        Self::send(self, now_ns, order);
        Ok(())
    }

    fn cancel(&mut self, now_ns: u64, order: OrderId) {
        Self::cancel(self, now_ns, order);
    }
}

/// Whether an order trades at `price` on the other side of the quote.
const fn crosses(order: &Working, price: i64) -> bool {
    match order.side {
        Side::Buy => price <= order.price,
        Side::Sell => price >= order.price,
    }
}
