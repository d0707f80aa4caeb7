//! Sums of the trades of one order at one price, as `aggTrade` and `aggTrades` tell them.

use std::collections::VecDeque;

use crosstick_model::Side;

use crate::exchange::{OrderId, Trade};

/// Sums that are kept.
const KEPT: usize = 10_000;

/// The trades of one taker order at one price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sum {
    pub(crate) id: u64,
    pub(crate) first: u64,
    pub(crate) last: u64,
    pub(crate) price: i64,
    pub(crate) quantity: i64,
    pub(crate) at_ns: u64,
    pub(crate) taker_side: Side,
    taker_order: OrderId,
}

/// The newest sums of an instrument.
#[derive(Debug)]
pub(super) struct Sums {
    pub(super) list: VecDeque<Sum>,
    next_id: u64,
    /// The last sum was told to the world: nothing more is added to it.
    sealed: bool,
}

impl Default for Sums {
    fn default() -> Self {
        Self { list: VecDeque::new(), next_id: 1, sealed: false }
    }
}

impl Sums {
    /// The first sum's id, as long as there is none.
    pub(super) fn number_from(&mut self, id: u64) {
        if self.list.is_empty() {
            self.next_id = id;
        }
    }

    /// What was summed last is told to the world now.
    pub(super) const fn seal(&mut self) {
        self.sealed = true;
    }

    /// Adds a trade; the sum as it is with it.
    pub(super) fn push(&mut self, trade: &Trade) -> Sum {
        let sealed = std::mem::take(&mut self.sealed);
        let same = |s: &&mut Sum| {
            !sealed && (s.taker_order, s.price, s.at_ns) == (trade.taker_order, trade.price, trade.at_ns)
        };
        if let Some(open) = self.list.back_mut().filter(same) {
            open.last = trade.id;
            open.quantity = open.quantity.saturating_add(trade.quantity);
            return *open;
        }
        let sum = Sum {
            id: self.next_id,
            first: trade.id,
            last: trade.id,
            price: trade.price,
            quantity: trade.quantity,
            at_ns: trade.at_ns,
            taker_side: trade.taker_side,
            taker_order: trade.taker_order,
        };
        self.next_id += 1;
        if self.list.len() >= KEPT {
            self.list.pop_front();
        }
        self.list.push_back(sum);
        sum
    }
}
