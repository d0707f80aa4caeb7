//! What became of opportunities, pairs and orders: decisions and reports put together again. Cold.
//!
//! It is told what the core decided and what gateways reported, in order, by a journal or by a listener, and hands out
//! each opportunity, order and pair once all of it is known, in the order of their ids.

use std::collections::BTreeMap;

use crosstick_model::amount::RATE_ONE;
use crosstick_model::decimal::pow10_i128;
use crosstick_model::decision::{Outcome, Route};
use crosstick_model::{
    Amount, AssetId, Decision, Fill, GroupId, Instrument, InstrumentId, Intent, Kind, Order, OrderId, Purpose,
    RejectReason, Report, ReportKind, Side, Universe,
};
use crosstick_strategy::Opportunity;

/// What parts of a fill are counted in.
const PART: i128 = 1_000_000_000_000;

/// An opportunity, from its begin to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Record that it began with.
    pub seq: u64,
    /// Its number.
    pub id: u64,
    /// Which way.
    pub route: Route,
    /// Core time of its first input, ns.
    pub begin_ns: u64,
    /// Core time of the input that ended it, ns; `None`: open at the end.
    pub end_ns: Option<u64>,
    /// Edge at the beginning, ppm.
    pub first_edge_ppm: i64,
    /// Best edge while it lasted, ppm; `None`: open at the end of a journal.
    pub best_edge_ppm: Option<i64>,
    /// The ask at the beginning, at the market's scale.
    pub buy_price: i64,
    /// The bid at the beginning, at the market's scale.
    pub sell_price: i64,
    /// Base units at the beginning, at the market's scale.
    pub quantity: i64,
    /// What became of it; `None`: open at the end of a journal.
    pub outcome: Option<Outcome>,
}

/// Where an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// It has not ended.
    Open,
    /// Filled whole.
    Filled,
    /// Filled in part, then cancelled or refused.
    PartlyFilled,
    /// Ended without a fill.
    Unfilled,
    /// Refused by the venue.
    Rejected(RejectReason),
    /// Never left: the gateway had no room.
    Unsent,
}

impl End {
    /// The word used in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Filled => "filled",
            Self::PartlyFilled => "partly_filled",
            Self::Unfilled => "unfilled",
            Self::Rejected(_) => "rejected",
            Self::Unsent => "unsent",
        }
    }
}

/// An order and what became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placed {
    /// Record of the decision.
    pub seq: u64,
    /// What was sent.
    pub order: Order,
    /// The opportunity that it was sent for; `None` where it closes.
    pub opportunity: Option<u64>,
    /// Edge of the pair's prices when it was decided, ppm; `None` where it closes.
    pub edge_ppm: Option<i64>,
    /// Where it stands.
    pub end: End,
    /// Of its quantity.
    pub filled: i64,
    /// What was filled is worth, in the quote asset.
    pub notional: Amount,
    /// When the first report of it came, ns.
    pub first_report_ns: Option<u64>,
    /// When the report came that ended it, ns.
    pub ended_ns: Option<u64>,
    /// Base units, exact where spot or linear; of contracts, what they are worth at their fills' prices.
    base: Amount,
    fees: Amount,
}

/// A pair of opening orders that both ended. Money is in the risk currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Traded {
    /// The group of both.
    pub group: GroupId,
    /// The opportunity.
    pub opportunity: Option<u64>,
    /// Which way.
    pub route: Route,
    /// Edge of the prices it was decided on, ppm.
    pub edge_ppm: i64,
    /// Base units that the legs filled: bought, sold.
    pub filled: (Amount, Amount),
    /// Both orders filled whole.
    pub whole: bool,
    /// Of what both legs have in common: sold minus bought, minus all fees of the pair.
    pub captured: Amount,
    /// The same, of what was paid, ppm; `None` where nothing is in common.
    pub captured_ppm: Option<i64>,
}

#[derive(Debug, Clone, Copy)]
struct Asked {
    route: Option<Route>,
    opportunity: Option<u64>,
    edge_ppm: Option<i64>,
}

/// Puts decisions and reports together.
pub struct Trail<'u> {
    universe: &'u Universe,
    /// What a unit of an asset is worth in the risk currency, at 1e-8, by asset.
    rates: Vec<Option<i64>>,
    opportunities: BTreeMap<u64, Seen>,
    open: BTreeMap<Route, u64>,
    asking: Vec<Intent>,
    groups: BTreeMap<GroupId, Asked>,
    orders: BTreeMap<OrderId, Placed>,
    legs: BTreeMap<GroupId, Vec<Placed>>,
    pairs: Vec<Traded>,
}

impl<'u> Trail<'u> {
    /// Nothing seen yet. `rate` tells what a unit of an asset is worth in the risk currency, at 1e-8.
    #[must_use]
    pub fn new(universe: &'u Universe, rate: impl Fn(&str) -> Option<i64>) -> Self {
        Self {
            universe,
            rates: universe.assets.iter().map(|name| rate(name)).collect(),
            opportunities: BTreeMap::new(),
            open: BTreeMap::new(),
            asking: Vec::new(),
            groups: BTreeMap::new(),
            orders: BTreeMap::new(),
            legs: BTreeMap::new(),
            pairs: Vec::new(),
        }
    }

    /// A decision was made; `seq` is its record's number.
    pub fn decision(&mut self, seq: u64, decision: &Decision) {
        match *decision {
            Decision::OpportunityBegin { id, route, at_ns, edge_ppm, buy_price, sell_price, quantity } => {
                self.open.insert(route, id);
                let seen = Seen {
                    seq,
                    id,
                    route,
                    begin_ns: at_ns,
                    end_ns: None,
                    first_edge_ppm: edge_ppm,
                    best_edge_ppm: None,
                    buy_price,
                    sell_price,
                    quantity,
                    outcome: None,
                };
                self.opportunities.insert(id, seen);
            }
            Decision::OpportunityEnd { id, at_ns, best_edge_ppm, outcome } => {
                if let Some(seen) = self.opportunities.get_mut(&id) {
                    seen.end_ns = Some(at_ns);
                    seen.best_edge_ppm = Some(best_edge_ppm);
                    seen.outcome = Some(outcome);
                    self.open.remove(&seen.route);
                }
            }
            Decision::Intent { intent, .. } => self.asking.push(intent),
            Decision::Verdict { group, denied, .. } => {
                let asked = self.asked(group);
                self.asking.clear();
                if denied.is_none() {
                    self.groups.insert(group, asked);
                }
            }
            Decision::Order(order) => {
                let asked = self.groups.get(&order.intent.group).copied();
                let placed = Placed {
                    seq,
                    order,
                    opportunity: asked.and_then(|a| a.opportunity),
                    edge_ppm: asked.and_then(|a| a.edge_ppm),
                    end: End::Open,
                    filled: 0,
                    notional: Amount::ZERO,
                    first_report_ns: None,
                    ended_ns: None,
                    base: Amount::ZERO,
                    fees: Amount::ZERO,
                };
                self.orders.insert(order.id, placed);
            }
            Decision::Halt { .. } | Decision::Resume { .. } => {}
        }
    }

    /// The opportunity and the edge of the intents that risk is being asked for, while it is.
    #[must_use]
    pub fn asked_for(&self, group: GroupId) -> (Option<u64>, Option<i64>) {
        let asked = self.asked(group);
        (asked.opportunity, asked.edge_ppm)
    }

    fn asked(&self, group: GroupId) -> Asked {
        let nothing = Asked { route: None, opportunity: None, edge_ppm: None };
        let leg = |side: Side| self.asking.iter().find(|i| i.group == group && i.side == side);
        let (Some(buy), Some(sell)) = (leg(Side::Buy), leg(Side::Sell)) else { return nothing };
        if buy.purpose != Purpose::Open || sell.purpose != Purpose::Open {
            return nothing;
        }
        let (to_buy, to_sell) = (self.instrument(buy.instrument), self.instrument(sell.instrument));
        let (Some(to_buy), Some(to_sell)) = (to_buy, to_sell) else { return nothing };
        let Some(market) = to_buy.market else { return nothing };
        let route = Route { market, buy: to_buy.venue, sell: to_sell.venue };
        let fee = |i: &Instrument| i128::from(self.universe.venue(i.venue).fees.taker_e8);
        let (ask, bid) = (i128::from(buy.price), i128::from(sell.price));
        let edge = (ask > 0).then(|| {
            let gain = (RATE_ONE - fee(to_sell)) * bid - (RATE_ONE + fee(to_buy)) * ask;
            i64::try_from(gain.div_euclid(100 * ask)).unwrap_or(i64::MAX)
        });
        Asked { route: Some(route), opportunity: self.open.get(&route).copied(), edge_ppm: edge }
    }

    /// A gateway reported.
    pub fn report(&mut self, report: &Report) {
        let universe = self.universe;
        let Some(placed) = self.orders.get_mut(&report.order) else { return };
        let Some(instrument) = universe.instruments.get(report.instrument.index()) else { return };
        placed.first_report_ns.get_or_insert(report.at_ns);
        match report.kind {
            ReportKind::Accepted => return,
            ReportKind::Filled(fill) => {
                placed.filled = placed.filled.saturating_add(fill.quantity);
                let add = |to: Amount, more: Option<Amount>| more.and_then(|m| to.checked_add(m)).unwrap_or(to);
                placed.notional = add(placed.notional, instrument.notional(fill.price, fill.quantity));
                placed.base = add(placed.base, base_of(instrument, &fill));
                placed.fees = add(placed.fees, fee_worth(&self.rates, instrument, &fill));
                if placed.filled < placed.order.intent.quantity {
                    return;
                }
                placed.end = End::Filled;
            }
            ReportKind::Cancelled { .. } if placed.filled > 0 => placed.end = End::PartlyFilled,
            ReportKind::Cancelled { .. } => placed.end = End::Unfilled,
            ReportKind::Rejected(_) if placed.filled > 0 => placed.end = End::PartlyFilled,
            ReportKind::Rejected(reason) => placed.end = End::Rejected(reason),
        }
        placed.ended_ns = Some(report.at_ns);
        let placed = *placed;
        self.ended(&placed);
    }

    /// The gateway had no room for an order.
    pub fn unsent(&mut self, order: OrderId) {
        if let Some(placed) = self.orders.get_mut(&order) {
            placed.end = End::Unsent;
            let placed = *placed;
            self.ended(&placed);
        }
    }

    /// An opportunity is over; only of one that is open at the end of input does this tell more than the decisions.
    pub fn closed(&mut self, opportunity: &Opportunity) {
        if let Some(seen) = self.opportunities.get_mut(&opportunity.id) {
            seen.best_edge_ppm = Some(opportunity.best_edge_ppm);
            seen.outcome = Some(opportunity.outcome);
        }
    }

    fn ended(&mut self, placed: &Placed) {
        let group = placed.order.intent.group;
        if placed.order.intent.purpose != Purpose::Open {
            self.groups.remove(&group);
            return;
        }
        let legs = self.legs.entry(group).or_default();
        legs.push(*placed);
        if legs.len() == 2 {
            let legs = self.legs.remove(&group).unwrap_or_default();
            let asked = self.groups.remove(&group);
            self.pairs.extend(asked.and_then(|asked| self.pair(group, &asked, &legs)));
        }
    }

    fn pair(&self, group: GroupId, asked: &Asked, legs: &[Placed]) -> Option<Traded> {
        let leg = |side: Side| legs.iter().find(|l| l.order.intent.side == side);
        let (buy, sell) = (leg(Side::Buy)?, leg(Side::Sell)?);
        let common = buy.base.min(sell.base);
        let part = |leg: &Placed| {
            let quote = self.instrument(leg.order.intent.instrument)?.quote;
            let worth = worth(&self.rates, quote, leg.notional)?;
            if common == leg.base {
                return Some(worth);
            }
            // The part first, or the product would not fit.
            let part = common.mul_div_floor(PART, leg.base.0)?;
            worth.mul_div_floor(part.0, PART)
        };
        let (paid, got) = (part(buy)?, part(sell)?);
        let captured = got.checked_sub(paid)?.checked_sub(buy.fees)?.checked_sub(sell.fees)?;
        let ppm = captured.mul_div_floor(1_000_000, paid.0.max(1)).and_then(|a| i64::try_from(a.0).ok());
        Some(Traded {
            group,
            opportunity: asked.opportunity,
            route: asked.route?,
            edge_ppm: asked.edge_ppm?,
            filled: (buy.base, sell.base),
            whole: buy.end == End::Filled && sell.end == End::Filled,
            captured,
            captured_ppm: ppm.filter(|_| common > Amount::ZERO),
        })
    }

    /// An order that has not been handed out.
    #[must_use]
    pub fn order(&self, id: OrderId) -> Option<&Placed> {
        self.orders.get(&id)
    }

    /// Hands out the orders that ended, with all before them; with `rest` those as well that have not.
    pub fn take_orders(&mut self, rest: bool, mut take: impl FnMut(&Placed)) {
        while let Some(first) = self.orders.first_entry() {
            if first.get().end == End::Open && !rest {
                break;
            }
            take(&first.remove());
        }
    }

    /// Hands out the opportunities that ended, with all before them; with `rest` those as well that have not.
    pub fn take_opportunities(&mut self, rest: bool, mut take: impl FnMut(&Seen)) {
        while let Some(first) = self.opportunities.first_entry() {
            if first.get().end_ns.is_none() && !rest {
                break;
            }
            take(&first.remove());
        }
    }

    /// Hands out the pairs whose orders both ended.
    pub fn take_pairs(&mut self) -> impl Iterator<Item = Traded> + '_ {
        self.pairs.drain(..)
    }

    fn instrument(&self, id: InstrumentId) -> Option<&'u Instrument> {
        self.universe.instruments.get(id.index())
    }
}

/// Base units of a fill, not rounded to the market's scale: a contract is rarely worth a whole step of it.
fn base_of(instrument: &Instrument, fill: &Fill) -> Option<Amount> {
    match instrument.kind {
        Kind::Spot | Kind::Linear => Amount::quantity(fill.quantity, instrument.scale),
        Kind::Inverse => instrument
            .notional(fill.price, fill.quantity)?
            .mul_div_floor(pow10_i128(u32::from(instrument.scale.price_decimals)), i128::from(fill.price)),
    }
}

/// An amount of an asset in the risk currency; `None` where no rate is known.
fn worth(rates: &[Option<i64>], asset: AssetId, amount: Amount) -> Option<Amount> {
    let rate = rates.get(asset.index()).copied().flatten()?;
    amount.mul_div_floor(i128::from(rate), RATE_ONE)
}

/// A fee in the risk currency. What is taken in base is valued at the fill's price.
fn fee_worth(rates: &[Option<i64>], instrument: &Instrument, fill: &Fill) -> Option<Amount> {
    let in_base = fill.fee_asset == instrument.base && fill.fee_asset != instrument.quote;
    if in_base || (instrument.kind == Kind::Inverse && fill.fee_asset == instrument.settle) {
        let price = i128::from(fill.price);
        let fee = fill.fee.mul_div_floor(price, pow10_i128(u32::from(instrument.scale.price_decimals)))?;
        return worth(rates, instrument.quote, fee);
    }
    worth(rates, fill.fee_asset, fill.fee)
}

#[cfg(test)]
mod tests;
