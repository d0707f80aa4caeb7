//! HOT: core thread. One pair: two legs from the moment they are wanted until nothing of it is open any more.
//!
//! Kept: what one leg filled and the other did not is closed on the venue of the leg that filled more, or reported
//! as given up. What cannot be ordered (below a lot or a venue minimum) is carried into the market's next pair, so
//! that it never adds up unseen. It is what all fills bought less what they sold and less the fees that were taken in
//! the base asset, as risk counts it too.

use crosstick_model::{DenyCode, Fill, GroupId, InstrumentId, OrderId, Purpose, Report, ReportKind, Side, TimeInForce};

use crate::cache::PriceCache;
use crate::detector::{Candidate, FINE, LegFacts};
use crate::outbox::Leg;
use crate::{Prices, Source};

/// Closing orders that are tried one after the other without the least fill before trading is halted.
pub const CLOSE_ATTEMPTS_MAX: u32 = 20;
/// Times in a row that risk may say of a pair's closing order that nothing is open for it, before it is believed.
pub const CLOSE_NOT_REDUCING_MAX: u32 = 3;
/// No sound side has this price and size.
const NOTHING_TRIED: (i64, i64) = (-1, -1);
/// Time after which a closing order is tried again when no quote came first, ns.
pub const CLOSE_RETRY_NS: u64 = 50_000_000;
/// Each wait for the timer is twice as long as the one before, up to this, ns: together about half a minute where
/// no other price or size comes. A quote that fell silent after we took its size is no reason to leave a leg open.
pub const CLOSE_RETRY_MAX_NS: u64 = 2_000_000_000;
/// Time after which a denied closing order is tried again; quotes do not hasten it, ns.
pub const CLOSE_DENIED_RETRY_NS: u64 = 200_000_000;

/// How long closing may be impossible (no usable price, a stale quote, no room for an order) before trading is halted,
/// ns. Such tries are no attempts: nothing was asked of the venue.
pub const CLOSE_BLOCKED_MAX_NS: u64 = 60_000_000_000;
/// A pair that filled alike works off what was carried (the fees of such pairs, taken in the base asset) once that is
/// this part of it: not with an order behind every pair.
const CARRIED_PARTS: i128 = 16;

const NEVER: u64 = u64::MAX;

/// A leg as far as it is known.
#[derive(Debug, Clone, Copy)]
struct PairLeg {
    facts: LegFacts,
    order: Option<OrderId>,
    price: i64,
    quantity: i64,
    /// What the first order filled, in the instrument's own units.
    filled: i64,
    /// The same in base units, in parts of a mantissa.
    filled_fine: i128,
    done: bool,
    /// What closing orders gave back, in the instrument's own units.
    closed: i64,
    /// The same in base units at the prices of the closing orders' fills, in parts of a mantissa.
    closed_fine: i128,
    /// What fees took out of the base asset, in parts of a mantissa.
    fee_fine: i128,
}

/// Where a pair is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// No pair.
    Idle,
    /// Wanted; risk has not answered.
    Asking(GroupId),
    /// Both legs are sent.
    Working(GroupId),
    /// A closing order is wanted; risk has not answered.
    AskingClose(GroupId),
    /// A closing order is sent.
    Closing(GroupId),
    /// Waits for a quote or a timer to try closing again.
    Waiting,
}

/// What a report or a wake-up led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Nothing to do.
    None,
    /// Both legs (or the closing order) have ended: settle.
    Settle,
    /// A fill of an order that this pair does not know.
    UnknownFill,
}

/// What settling a pair led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// This closing order is wanted now.
    Close(Leg),
    /// Nothing can be tried now; later.
    Later,
    /// Nothing is open that could be ordered; what is left is carried.
    Done(End),
    /// Too many attempts; what is left stays open.
    Failed,
}

/// How a pair ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct End {
    /// Nothing filled at all.
    pub empty: bool,
    /// At least one closing order was tried.
    pub legged: bool,
    /// Whether the market carries anything on.
    pub dust: bool,
}

/// The pair of one market; at most one is in flight.
#[derive(Debug, Clone)]
pub struct Pair {
    phase: Phase,
    /// Bought, sold.
    legs: Option<[PairLeg; 2]>,
    /// What earlier pairs of the market left, base units in parts of a mantissa, bought minus sold.
    carried: i128,
    /// Whether one leg filled more, and closing began.
    legged: bool,
    /// Closing orders in a row that filled nothing, denied ones included.
    attempts: u32,
    /// Since when closing has been impossible, ns.
    blocked_ns: u64,
    /// Closing orders in a row that risk denied because nothing is open.
    not_reducing: u32,
    retry_ns: u64,
    quote_may_retry: bool,
    closing_leg: usize,
    close_order: Option<OrderId>,
    close_quantity: i64,
    close_filled: i64,
    /// Price and size that the last closing order went against.
    tried: (i64, i64),
}

impl PairLeg {
    fn new(facts: &LegFacts, price: i64, quantity: i64) -> Self {
        Self {
            facts: *facts,
            order: None,
            price,
            quantity,
            filled: 0,
            filled_fine: 0,
            done: false,
            closed: 0,
            closed_fine: 0,
            fee_fine: 0,
        }
    }

    fn open(&self) -> i64 {
        self.filled.saturating_sub(self.closed)
    }

    /// Base units still open, in parts. A contract that was closed is worth what it was opened at: so the legs match.
    fn open_fine(&self) -> i128 {
        let open = i128::from(self.open());
        if self.facts.contract.is_none() {
            return open * FINE;
        }
        let filled = i128::from(self.filled.max(1));
        match self.filled_fine.checked_mul(open) {
            Some(product) => product / filled,
            None => self.filled_fine / filled * open,
        }
    }

    /// Order quantity that gives back `excess` base units, in parts, of what is open; in whole lots. Of what was
    /// `bought`, fees may have taken a part: that is not there to be sold.
    fn closable(&self, excess: i128, bought: bool) -> i64 {
        let fee = if bought { (self.fee_fine.max(0) + FINE - 1) / FINE } else { 0 };
        let open = self.open().saturating_sub(i64::try_from(fee).unwrap_or(i64::MAX)).max(0);
        let filled = i128::from(self.filled);
        let wanted = match (self.facts.contract, filled.checked_mul(excess)) {
            (None, _) => excess / FINE,
            (Some(_), Some(product)) => product / self.filled_fine.max(1),
            (Some(_), None) => filled.saturating_mul(excess / FINE) / (self.filled_fine / FINE).max(1),
        };
        self.facts.lots(i64::try_from(wanted.max(0)).unwrap_or(i64::MAX).min(open))
    }

    /// Base units of a fill, in parts. One without a sane price is still a fill: worth what the order asked for.
    fn fine_base(&self, fill: &Fill) -> i128 {
        self.facts.fine_base(if fill.price > 0 { fill.price } else { self.price }, fill.quantity)
    }

    fn fill(&mut self, fill: &Fill) {
        if fill.quantity <= 0 {
            return;
        }
        self.filled = self.filled.saturating_add(fill.quantity);
        self.filled_fine = self.filled_fine.saturating_add(self.fine_base(fill));
        self.fee_fine = self.fee_fine.saturating_add(self.facts.fine_fee(fill));
        self.done |= self.filled >= self.quantity;
    }

    fn close_fill(&mut self, fill: &Fill) {
        if fill.quantity > 0 {
            self.closed = self.closed.saturating_add(fill.quantity);
            self.closed_fine = self.closed_fine.saturating_add(self.fine_base(fill));
            self.fee_fine = self.fee_fine.saturating_add(self.facts.fine_fee(fill));
        }
    }

    /// Base units, in parts, that its fills moved and closing ones did not move back.
    fn traded_fine(&self) -> i128 {
        self.filled_fine.saturating_sub(self.closed_fine)
    }
}

impl Pair {
    /// No pair, nothing carried.
    pub const fn new() -> Self {
        Self {
            phase: Phase::Idle,
            legs: None,
            carried: 0,
            legged: false,
            attempts: 0,
            blocked_ns: NEVER,
            not_reducing: 0,
            retry_ns: NEVER,
            quote_may_retry: false,
            closing_leg: 0,
            close_order: None,
            close_quantity: 0,
            close_filled: 0,
            tried: NOTHING_TRIED,
        }
    }

    /// Whether a pair is in flight.
    pub fn in_flight(&self) -> bool {
        self.phase != Phase::Idle
    }

    /// Whether risk has yet to answer for its legs.
    pub const fn asking(&self) -> bool {
        matches!(self.phase, Phase::Asking(_))
    }

    /// Base units that the market carries, bought minus sold, rounded towards zero; a pair in flight is not in it.
    pub const fn carried(&self) -> i128 {
        self.carried / FINE
    }

    /// Whether one leg of the pair in flight filled more, and closing began.
    pub const fn legged(&self) -> bool {
        self.legged
    }

    /// When to try closing again, ns; `u64::MAX`: no need.
    pub const fn retry_ns(&self) -> u64 {
        self.retry_ns
    }

    /// The legs of a candidate, as they go out together under `group`.
    pub fn ask(&mut self, group: GroupId, buy: &LegFacts, sell: &LegFacts, candidate: &Candidate) {
        *self = Self { carried: self.carried, ..Self::new() };
        self.legs = Some([
            PairLeg::new(buy, candidate.buy_price, candidate.buy_quantity),
            PairLeg::new(sell, candidate.sell_price, candidate.sell_quantity),
        ]);
        self.phase = Phase::Asking(group);
    }

    /// Risk's answer for the legs.
    pub fn answered(&mut self, approved: bool) {
        self.phase = match self.phase {
            Phase::Asking(group) if approved => Phase::Working(group),
            Phase::Asking(_) => Phase::Idle,
            other => other,
        };
    }

    /// A closing order goes out under `group`.
    pub fn ask_close(&mut self, group: GroupId) {
        self.phase = Phase::AskingClose(group);
    }

    /// Risk's answer for the closing order. Returns whether settling goes on at once.
    pub fn close_answered(&mut self, now_ns: u64, denied: Option<DenyCode>) -> Step {
        let Phase::AskingClose(group) = self.phase else { return Step::None };
        self.not_reducing = if denied == Some(DenyCode::NotReducing) { self.not_reducing + 1 } else { 0 };
        let Some(code) = denied else {
            self.phase = Phase::Closing(group);
            self.blocked_ns = NEVER;
            return Step::None;
        };
        // It never reached the venue: the same price and size may do next time.
        self.tried = NOTHING_TRIED;
        if matches!(code, DenyCode::Stale | DenyCode::OrderRate | DenyCode::OpenOrders) {
            self.attempts = self.attempts.saturating_sub(1);
            if self.blocked_too_long(now_ns) {
                self.attempts = CLOSE_ATTEMPTS_MAX;
                return Step::Settle;
            }
            self.wait(now_ns, CLOSE_DENIED_RETRY_NS, code == DenyCode::Stale);
            return Step::None;
        }
        if self.attempts >= CLOSE_ATTEMPTS_MAX || self.not_reducing >= CLOSE_NOT_REDUCING_MAX {
            return Step::Settle;
        }
        self.wait(now_ns, CLOSE_DENIED_RETRY_NS, false);
        Step::None
    }

    /// The id under which a leg or a closing order was sent.
    pub fn sent(&mut self, group: GroupId, leg: u8, order: OrderId) {
        match self.phase {
            Phase::Asking(g) | Phase::Working(g) if g == group => {
                if let Some(leg) = self.legs.as_mut().and_then(|l| l.get_mut(usize::from(leg))) {
                    leg.order = Some(order);
                }
            }
            Phase::AskingClose(g) | Phase::Closing(g) if g == group => self.close_order = Some(order),
            _ => {}
        }
    }

    /// News of an order.
    pub fn report(&mut self, report: &Report) -> Step {
        let id = Some(report.order);
        let Some(legs) = &mut self.legs else { return Self::unknown(report) };
        if let Some(leg) = legs.iter_mut().find(|l| l.order == id) {
            match &report.kind {
                ReportKind::Accepted => return Step::None,
                ReportKind::Filled(fill) => leg.fill(fill),
                ReportKind::Cancelled { .. } | ReportKind::Rejected(_) => leg.done = true,
            }
            let ended = matches!(self.phase, Phase::Working(_)) && legs.iter().all(|l| l.done);
            return if ended { Step::Settle } else { Step::None };
        }
        if self.close_order != id {
            return Self::unknown(report);
        }
        let ended = match &report.kind {
            ReportKind::Accepted => false,
            ReportKind::Filled(fill) => {
                legs[self.closing_leg].close_fill(fill);
                self.attempts = 0;
                self.close_filled = self.close_filled.saturating_add(fill.quantity.max(0));
                self.close_filled >= self.close_quantity
            }
            ReportKind::Cancelled { .. } | ReportKind::Rejected(_) => true,
        };
        if ended && matches!(self.phase, Phase::Closing(_)) { Step::Settle } else { Step::None }
    }

    fn unknown(report: &Report) -> Step {
        if matches!(report.kind, ReportKind::Filled(_)) { Step::UnknownFill } else { Step::None }
    }

    /// Whether a new quote of `instrument` is worth a try: the side that would be traded against is another than at
    /// the last one. A venue that shows the same price and size again shows what we have met already.
    #[inline]
    pub fn retries_on(&self, instrument: InstrumentId, cache: &PriceCache, source: Source) -> bool {
        self.quote_may_retry
            && self.legs.as_ref().is_some_and(|l| l[self.closing_leg].facts.instrument == instrument)
            && against(cache.prices(source, instrument), self.closing_side()) != self.tried
    }

    /// What closing does: sells what the buying leg has too much of, or buys back.
    const fn closing_side(&self) -> Side {
        if self.closing_leg == 0 { Side::Sell } else { Side::Buy }
    }

    /// Compares the legs and says what is to be done. `again`: a quote or a timer came after a failed attempt.
    pub fn settle(&mut self, now_ns: u64, cache: &PriceCache, source: Source, collar_e8: i64, again: bool) -> Settled {
        let Some(legs) = &self.legs else { return Settled::Done(self.finish()) };
        let own = legs[0].open_fine() - legs[1].open_fine();
        let excess = self.carried.saturating_add(own) - legs[0].fee_fine - legs[1].fee_fine;
        let (over, own_over) = (usize::from(excess < 0), usize::from(own < 0));
        let leg = legs[over];
        let quantity = leg.closable(excess.abs(), over == 0);
        let alike = legs[own_over].closable(own.abs(), false) == 0;
        let little = excess.abs() < leg.filled_fine / CARRIED_PARTS;
        let (closed_before, side) = (self.legged, if over == 0 { Side::Sell } else { Side::Buy });
        let instrument = leg.facts.instrument;
        // What risk knows of no fill for is no exposure, whatever was carried here.
        if quantity == 0 || (!closed_before && alike && little) || self.not_reducing >= CLOSE_NOT_REDUCING_MAX {
            return Settled::Done(self.finish());
        }
        let price = close_price(cache.prices(source, instrument), side, collar_e8, leg.facts.price_step);
        if price.is_some_and(|p| !leg.facts.reaches_minimum(p, quantity)) {
            return Settled::Done(self.finish());
        }
        if self.attempts >= CLOSE_ATTEMPTS_MAX || (price.is_none() && self.blocked_too_long(now_ns)) {
            self.finish();
            return Settled::Failed;
        }
        (self.closing_leg, self.legged) = (over, true);
        if closed_before && !again {
            self.wait(now_ns, CLOSE_RETRY_NS, true);
            return Settled::Later;
        }
        let Some(price) = price else {
            self.wait(now_ns, CLOSE_RETRY_NS, true);
            return Settled::Later;
        };
        self.attempts += 1;
        self.tried = against(cache.prices(source, instrument), side);
        (self.retry_ns, self.quote_may_retry) = (NEVER, false);
        (self.close_order, self.close_quantity, self.close_filled) = (None, quantity, 0);
        let time_in_force = TimeInForce::Ioc;
        Settled::Close(Leg { instrument, side, price, quantity, time_in_force, purpose: Purpose::Close })
    }

    /// Notes that closing is impossible now, and says whether it has been for too long.
    fn blocked_too_long(&mut self, now_ns: u64) -> bool {
        self.blocked_ns = self.blocked_ns.min(now_ns);
        now_ns - self.blocked_ns >= CLOSE_BLOCKED_MAX_NS
    }

    fn wait(&mut self, now_ns: u64, delay_ns: u64, quote_may_retry: bool) {
        self.phase = Phase::Waiting;
        let doublings = self.attempts.saturating_sub(1).min(10);
        let delay_ns = (delay_ns << doublings).min(CLOSE_RETRY_MAX_NS);
        self.retry_ns = now_ns.saturating_add(delay_ns);
        self.quote_may_retry = quote_may_retry;
    }

    fn finish(&mut self) -> End {
        let traded = |l: &[PairLeg; 2]| l[0].traded_fine().saturating_sub(l[1].traded_fine());
        let fees = |l: &[PairLeg; 2]| l[0].fee_fine.saturating_add(l[1].fee_fine);
        let left = self.legs.as_ref().map_or(0, |l| traded(l).saturating_sub(fees(l)));
        let carried = self.carried.saturating_add(left);
        let empty = self.legs.as_ref().is_none_or(|l| l.iter().all(|l| l.filled == 0));
        let legged = self.legged;
        *self = Self { carried, ..Self::new() };
        End { empty, legged, dust: carried != 0 }
    }
}

/// The quote moved through by the collar, rounded back towards it: the collar is a bound of risk's, and rounding
/// away from the quote would break it. `None` without a sound quote; a stale one is left to risk to judge.
/// Price and size of the side that an order of `side` trades against.
fn against(prices: Option<Prices>, side: Side) -> (i64, i64) {
    prices.map_or(NOTHING_TRIED, |p| match side {
        Side::Sell => (p.quote.bid, p.quote.bid_quantity),
        Side::Buy => (p.quote.ask, p.quote.ask_quantity),
    })
}

fn close_price(prices: Option<Prices>, side: Side, collar_e8: i64, step: i64) -> Option<i64> {
    let quote = prices.filter(|p| p.sound)?.quote;
    let (one, collar, step) = (100_000_000i128, i128::from(collar_e8), i128::from(step));
    let price = match side {
        Side::Sell => {
            let exact = i128::from(quote.bid) * (one - collar);
            let unit = one * step;
            ((exact + unit - 1) / unit * step).min(i128::from(quote.bid))
        }
        Side::Buy => {
            let exact = i128::from(quote.ask) * (one + collar);
            (exact / (one * step) * step).max(i128::from(quote.ask))
        }
    };
    i64::try_from(price).ok()
}
