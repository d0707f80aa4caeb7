//! What an aggressive order would meet, in price-time order, computed before anything changes.

use std::collections::{HashMap, VecDeque};

use crosstick_model::{Kind, Scale, Side};

use super::Exchange;
use super::book::{Entry, Level};
use super::listing::Listing;
use super::types::{AccountId, OrderId, OrderView, PositionSide, StpMode};

/// Somebody who takes.
#[derive(Debug)]
pub(super) struct Taker {
    pub(super) account: AccountId,
    pub(super) position_side: PositionSide,
    pub(super) side: Side,
    /// The worst price; `None`: any.
    pub(super) limit: Option<i64>,
    pub(super) stp: StpMode,
    pub(super) want: Want,
}

/// How much of it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Want {
    /// A quantity.
    Quantity(i64),
    /// A sum of the quote asset at 1e-16, spent or received in whole steps of quantity.
    Value { left: i128, step: i64 },
}

impl Want {
    /// How much is wanted at a price.
    fn at(self, price: i64, scale: Scale) -> i64 {
        match self {
            Self::Quantity(quantity) => quantity,
            Self::Value { left, step } => {
                let each = i128::from(price) * scale.notional_factor();
                if each <= 0 {
                    return 0;
                }
                let quantity = i64::try_from(left / each).unwrap_or(i64::MAX);
                quantity - quantity % step
            }
        }
    }

    fn less(&mut self, price: i64, quantity: i64, scale: Scale) {
        match self {
            Self::Quantity(left) => *left -= quantity,
            Self::Value { left, .. } => *left -= i128::from(price) * i128::from(quantity) * scale.notional_factor(),
        }
    }
}

/// What happens between a taker and a maker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    /// They trade this quantity.
    Trade(i64),
    /// They are kept from it, and lose these quantities.
    Prevent { taker: i64, maker: i64 },
}

/// One meeting.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    pub(super) maker: OrderId,
    pub(super) price: i64,
    pub(super) act: Act,
}

/// Why a plan ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The taker has all that it can have.
    Done,
    /// Nothing more within its limit.
    Book,
    /// Self-trade prevention ended the taker.
    Prevented,
}

/// All that an aggressive order would do at once.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) steps: Vec<Step>,
    pub(super) end: End,
    /// What it would trade.
    pub(super) quantity: i64,
    /// What that is worth, at 1e-16 of the quote asset (inverse: of the base asset); `None`: more than can be counted.
    pub(super) value: Option<i128>,
}

impl Exchange {
    /// What `taker` would do now.
    pub(super) fn plan(&self, listing: &Listing, taker: &Taker) -> Plan {
        let futures = listing.spec.kind != Kind::Spot;
        let mut planner = Planner {
            exchange: self,
            listing,
            taker,
            want: taker.want,
            positions: futures.then(HashMap::new),
            plan: Plan { steps: Vec::new(), end: End::Book, quantity: 0, value: Some(0) },
        };
        if matches!(taker.want, Want::Quantity(0)) {
            planner.plan.end = End::Done;
            return planner.plan;
        }
        for (price, level) in listing.book.levels(taker.side.opposite()) {
            if !within(taker.side, taker.limit, price) {
                break;
            }
            if let Some(end) = planner.level(price, level) {
                planner.plan.end = end;
                break;
            }
        }
        planner.plan
    }
}

/// Whether a taker with this limit trades at a price.
pub(super) fn within(side: Side, limit: Option<i64>, price: i64) -> bool {
    limit.is_none_or(|limit| if side == Side::Buy { price <= limit } else { price >= limit })
}

struct Planner<'a> {
    exchange: &'a Exchange,
    listing: &'a Listing,
    taker: &'a Taker,
    want: Want,
    /// Futures: positions as they would be by now, of those that traded or may only reduce.
    positions: Option<HashMap<(AccountId, PositionSide), i64>>,
    plan: Plan,
}

impl Planner<'_> {
    fn level(&mut self, price: i64, level: &Level) -> Option<End> {
        // Icebergs whose shown part is used up queue again behind all others.
        let mut again: VecDeque<(&OrderView, i64)> = VecDeque::new();
        if self.want.at(price, self.listing.spec.scale) == 0 {
            // By value: not even one step more at this price.
            return Some(End::Done);
        }
        for entry in &level.queue {
            let order = self.exchange.orders.get(entry.order).map(|r| &r.view);
            let (ended, traded) = match order {
                Some(order) if self.taker_owns(order) => (self.prevent(price, order), 0),
                _ => self.meet(price, entry, order),
            };
            if ended.is_some() {
                return ended;
            }
            if let Some(order) = order.filter(|o| o.iceberg_quantity > 0 && traded == entry.quantity) {
                again.push_back((order, order.open_quantity() - traded));
            }
        }
        while let Some((order, left)) = again.pop_front() {
            let quantity = left.min(order.iceberg_quantity);
            if quantity == 0 {
                continue;
            }
            let (ended, traded) = self.meet(price, &Entry { order: order.id, quantity, printed: 0 }, Some(order));
            if ended.is_some() {
                return ended;
            }
            if traded == quantity {
                again.push_back((order, left - traded));
            }
        }
        None
    }

    fn taker_owns(&self, order: &OrderView) -> bool {
        self.taker.stp != StpMode::None && self.exchange.same_owner(self.taker.account, order.account)
    }

    fn meet(&mut self, price: i64, entry: &Entry, order: Option<&OrderView>) -> (Option<End>, i64) {
        let scale = self.listing.spec.scale;
        let quantity = self.want.at(price, scale).min(entry.quantity).min(self.reducible(order));
        if quantity > 0 {
            self.plan.steps.push(Step { maker: entry.order, price, act: Act::Trade(quantity) });
            self.plan.quantity += quantity;
            let value = self.listing.value(price, quantity);
            self.plan.value = self.plan.value.and_then(|sum| sum.checked_add(value?.0));
            self.want.less(price, quantity, scale);
            self.moved(order, quantity);
        }
        ((self.want.at(price, scale) == 0).then_some(End::Done), quantity)
    }

    fn prevent(&mut self, price: i64, order: &OrderView) -> Option<End> {
        let scale = self.listing.spec.scale;
        let (wanted, open) = (self.want.at(price, scale), order.open_quantity());
        let (taker, maker) = match self.taker.stp {
            StpMode::None => (0, 0),
            StpMode::ExpireTaker => (wanted, 0),
            StpMode::ExpireMaker => (0, open),
            StpMode::ExpireBoth => (wanted, open),
            StpMode::Decrement => (wanted.min(open), wanted.min(open)),
        };
        self.plan.steps.push(Step { maker: order.id, price, act: Act::Prevent { taker, maker } });
        self.want.less(price, taker, scale);
        (self.want.at(price, scale) == 0).then_some(End::Prevented)
    }

    /// How much of a maker can trade before it would no longer reduce its owner's position.
    fn reducible(&mut self, order: Option<&OrderView>) -> i64 {
        let (Some(positions), Some(order)) = (&mut self.positions, order) else { return i64::MAX };
        if !order.reduce_only {
            return i64::MAX;
        }
        let now = || self.exchange.positions.quantity(order.account, self.listing.id, order.position_side);
        let position = *positions.entry((order.account, order.position_side)).or_insert_with(now);
        (-position * order.side.sign()).max(0)
    }

    fn moved(&mut self, maker: Option<&OrderView>, quantity: i64) {
        let Some(positions) = &mut self.positions else { return };
        let id = self.listing.id;
        let taker = (self.taker.account, self.taker.position_side, self.taker.side);
        let house = (AccountId::HOUSE, PositionSide::Both, self.taker.side.opposite());
        let maker = maker.map_or(house, |o| (o.account, o.position_side, o.side));
        for (account, which, side) in [taker, maker] {
            let now = || self.exchange.positions.quantity(account, id, which);
            *positions.entry((account, which)).or_insert_with(now) += side.sign() * quantity;
        }
    }
}
