//! The state of one instrument.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crosstick_model::{Amount, InstrumentId, Kind, Side};

use super::book::Book;
use super::history::History;
use super::spec::InstrumentSpec;
use super::types::{OrderId, OrderKind, PreventedMatch, Trade};

/// Prevented matches that are kept.
const PREVENTED_KEPT: usize = 10_000;

/// One instrument.
#[derive(Debug)]
pub(super) struct Listing {
    pub(super) id: InstrumentId,
    pub(super) spec: InstrumentSpec,
    pub(super) book: Book,
    pub(super) stops: Stops,
    pub(super) history: History,
    /// What the house last said it quotes, by side and price.
    pub(super) house: [BTreeMap<i64, i64>; 2],
    pub(super) prevented: VecDeque<PreventedMatch>,
    pub(super) next_prevented: u64,
    pub(super) next_trade_id: u64,
    pub(super) update_id: u64,
    /// What the next change of the book shall bring the update id to at least.
    pub(super) wants_update_id: Option<u64>,
    /// Lowest and highest trade price since stop orders were last looked at.
    pub(super) traded: Option<(i64, i64)>,
    pub(super) reference_price: Option<i64>,
    pub(super) mark_price: Option<i64>,
}

impl Listing {
    pub(super) fn new(id: InstrumentId, spec: InstrumentSpec) -> Self {
        Self {
            id,
            next_trade_id: spec.first_trade_id,
            update_id: spec.first_update_id,
            wants_update_id: None,
            spec,
            book: Book::default(),
            stops: Stops::default(),
            history: History::default(),
            house: [BTreeMap::new(), BTreeMap::new()],
            prevented: VecDeque::new(),
            next_prevented: 0,
            traded: None,
            reference_price: None,
            mark_price: None,
        }
    }

    /// What `quantity` at `price` is worth: in the quote asset, or (inverse) in the base asset, rounded down.
    pub(super) fn value(&self, price: i64, quantity: i64) -> Option<Amount> {
        let scale = self.spec.scale;
        if self.spec.kind != Kind::Inverse {
            return Amount::notional(price, quantity, scale);
        }
        let ten = |decimals: u8| 10i128.pow(u32::from(decimals));
        // contracts × size / price: the mantissas' scales move to the other side of the fraction.
        let above = i128::from(quantity).checked_mul(self.spec.contract_size.0)?;
        let above = above.checked_mul(ten(scale.price_decimals))?;
        let below = i128::from(price).checked_mul(ten(scale.quantity_decimals))?;
        (below > 0).then(|| Amount(above.div_euclid(below)))
    }

    /// A quantity of the base asset as an amount.
    pub(super) fn base(&self, quantity: i64) -> Amount {
        Amount::quantity(quantity, self.spec.scale).expect("order quantities are bounded when they are taken")
    }

    /// The smallest step that market orders can execute in.
    pub(super) fn market_step(&self) -> i64 {
        let steps = [self.spec.filters.lot, self.spec.filters.market_lot];
        steps.into_iter().flatten().map(|r| r.step).max().unwrap_or(1).max(1)
    }

    /// The price that filters compare with: the reference price where one is set, else an average of trades.
    pub(super) fn filter_price(&self, now_ns: u64, minutes: u32) -> Option<i64> {
        self.reference_price.or_else(|| self.history.average(now_ns, minutes))
    }

    /// Counts a new trade.
    pub(super) fn record(&mut self, trade: Trade) {
        self.next_trade_id = trade.id + 1;
        let (low, high) = self.traded.unwrap_or((trade.price, trade.price));
        self.traded = Some((low.min(trade.price), high.max(trade.price)));
        self.history.push(trade);
    }

    pub(super) fn record_prevented(&mut self, prevented: PreventedMatch) {
        self.next_prevented = prevented.id + 1;
        if self.prevented.len() == PREVENTED_KEPT {
            self.prevented.pop_front();
        }
        self.prevented.push_back(prevented);
    }
}

/// Stop orders that wait.
#[derive(Debug, Default)]
pub(super) struct Stops {
    /// Triggered by a price at or above theirs; the lowest first, then the oldest.
    rising: BTreeSet<(i64, OrderId)>,
    /// Triggered by a price at or below theirs, keyed by its opposite: the highest first, then the oldest.
    falling: BTreeSet<(i64, OrderId)>,
}

/// Whether a stop order triggers above the market.
pub(super) const fn triggers_above(kind: OrderKind, side: Side) -> bool {
    let stop_loss = matches!(kind, OrderKind::StopLoss | OrderKind::StopLossLimit);
    stop_loss == matches!(side, Side::Buy)
}

impl Stops {
    pub(super) fn insert(&mut self, above: bool, price: i64, order: OrderId) {
        if above {
            self.rising.insert((price, order))
        } else {
            self.falling.insert((-price, order))
        };
    }

    pub(super) fn remove(&mut self, above: bool, price: i64, order: OrderId) {
        if above {
            self.rising.remove(&(price, order))
        } else {
            self.falling.remove(&(-price, order))
        };
    }

    /// Takes out the orders that prices from `low` to `high` trigger: first those above the market, then those below.
    pub(super) fn take_triggered(&mut self, low: i64, high: i64, into: &mut VecDeque<OrderId>) {
        for (set, limit) in [(&mut self.rising, high), (&mut self.falling, -low)] {
            while set.first().is_some_and(|(price, _)| *price <= limit) {
                into.extend(set.pop_first().map(|(_, order)| order));
            }
        }
    }
}
