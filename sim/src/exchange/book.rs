//! A price-time book: levels by price, in each a queue by time.

use std::collections::{BTreeMap, VecDeque};

use crosstick_model::Side;

use super::types::{LevelView, OrderId};

/// The house's resting quotes all have this id.
pub(super) const HOUSE_ORDER: OrderId = OrderId(0);

/// A place in a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) order: OrderId,
    /// What is shown of it; never zero.
    pub(super) quantity: i64,
    /// The house's alone: what its own prints have used of this place. They pass the queue without taking from it,
    /// since its next quote says what is left.
    pub(super) printed: i64,
}

/// The orders at one price, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Level {
    pub(super) queue: VecDeque<Entry>,
    pub(super) quantity: i64,
}

/// Both sides, and which levels changed since they were last told.
#[derive(Debug, Default)]
pub(super) struct Book {
    sides: [BTreeMap<i64, Level>; 2],
    changed: Vec<(Side, i64, i64)>,
}

impl Book {
    pub(super) fn side(&self, side: Side) -> &BTreeMap<i64, Level> {
        &self.sides[side as usize]
    }

    /// The best price of a side.
    pub(super) fn best(&self, side: Side) -> Option<i64> {
        let mut prices = self.sides[side as usize].keys();
        if side == Side::Buy { prices.next_back().copied() } else { prices.next().copied() }
    }

    /// The levels of a side, the best first.
    pub(super) fn levels(&self, side: Side) -> Box<dyn Iterator<Item = (i64, &Level)> + '_> {
        let levels = self.sides[side as usize].iter().map(|(price, level)| (*price, level));
        if side == Side::Buy { Box::new(levels.rev()) } else { Box::new(levels) }
    }

    /// Puts an order at the back of its level. The house's growing quote stays one place while nobody queued behind.
    pub(super) fn rest(&mut self, side: Side, price: i64, order: OrderId, quantity: i64) {
        self.note(side, price);
        let level = self.sides[side as usize].entry(price).or_default();
        level.quantity += quantity;
        match level.queue.back_mut() {
            Some(last) if order == HOUSE_ORDER && last.order == HOUSE_ORDER => last.quantity += quantity,
            _ => level.queue.push_back(Entry { order, quantity, printed: 0 }),
        }
    }

    /// Takes from the first place of a level; whether that place is used up.
    pub(super) fn take_first(&mut self, side: Side, price: i64, quantity: i64) -> bool {
        let Some(first) = self.sides[side as usize].get(&price).and_then(|l| l.queue.front()).copied() else {
            return false;
        };
        self.shrink_at(side, price, 0, first.quantity - quantity);
        first.quantity == quantity
    }

    /// Sets what is shown of an order; zero removes it.
    pub(super) fn shrink(&mut self, side: Side, price: i64, order: OrderId, quantity: i64) {
        let level = self.sides[side as usize].get(&price);
        if let Some(at) = level.and_then(|l| l.queue.iter().position(|e| e.order == order)) {
            self.shrink_at(side, price, at, quantity);
        }
    }

    /// What is shown of an order.
    pub(super) fn shown(&self, side: Side, price: i64, order: OrderId) -> i64 {
        let level = self.sides[side as usize].get(&price);
        level.and_then(|l| l.queue.iter().find(|e| e.order == order)).map_or(0, |e| e.quantity)
    }

    /// What the house shows at a price.
    pub(super) fn house_quantity(&self, side: Side, price: i64) -> i64 {
        let level = self.sides[side as usize].get(&price);
        level.map_or(0, |l| l.queue.iter().filter(|e| e.order == HOUSE_ORDER).map(|e| e.quantity).sum())
    }

    /// Takes `quantity` back from the house's places of a level, the youngest first.
    pub(super) fn house_shrink(&mut self, side: Side, price: i64, mut quantity: i64) {
        while quantity > 0 {
            let level = self.sides[side as usize].get(&price);
            let place = level.and_then(|l| l.queue.iter().rposition(|e| e.order == HOUSE_ORDER).map(|at| (l, at)));
            let Some((level, at)) = place else { return };
            let shown = level.queue[at].quantity;
            let less = shown.min(quantity);
            self.shrink_at(side, price, at, shown - less);
            quantity -= less;
        }
    }

    /// A new quote of the house at a price: its prints so far no longer count.
    pub(super) fn house_refresh(&mut self, side: Side, price: i64) {
        if let Some(level) = self.sides[side as usize].get_mut(&price) {
            for entry in level.queue.iter_mut().filter(|e| e.order == HOUSE_ORDER) {
                entry.printed = 0;
            }
        }
    }

    /// The level at a price, for a print that passes the house's places.
    pub(super) fn level_mut(&mut self, side: Side, price: i64) -> Option<&mut Level> {
        self.sides[side as usize].get_mut(&price)
    }

    /// An order that a print has reached stands before the house's quotes of that level from now on.
    pub(super) fn bring_forward(&mut self, side: Side, price: i64, order: OrderId) {
        let Some(level) = self.sides[side as usize].get_mut(&price) else { return };
        let at = level.queue.iter().position(|e| e.order == order);
        if let Some(entry) = at.and_then(|at| level.queue.remove(at)) {
            level.queue.push_front(entry);
        }
    }

    fn shrink_at(&mut self, side: Side, price: i64, at: usize, quantity: i64) {
        self.note(side, price);
        let levels = &mut self.sides[side as usize];
        let Some(level) = levels.get_mut(&price) else { return };
        let Some(entry) = level.queue.get_mut(at) else { return };
        level.quantity -= entry.quantity - quantity;
        entry.quantity = quantity;
        if quantity == 0 {
            level.queue.remove(at);
            if level.queue.is_empty() {
                levels.remove(&price);
            }
        }
    }

    /// What is shown at a price.
    pub(super) fn quantity(&self, side: Side, price: i64) -> i64 {
        self.sides[side as usize].get(&price).map_or(0, |l| l.quantity)
    }

    fn note(&mut self, side: Side, price: i64) {
        if !self.changed.iter().any(|(s, p, _)| (*s, *p) == (side, price)) {
            let before = self.quantity(side, price);
            self.changed.push((side, price, before));
        }
    }

    /// Calls `tell` with each level that shows another quantity than at the last call, and forgets the rest.
    pub(super) fn tell_changes(&mut self, mut tell: impl FnMut(Side, LevelView)) {
        let mut changed = std::mem::take(&mut self.changed);
        for &(side, price, before) in &changed {
            let quantity = self.quantity(side, price);
            if quantity != before {
                tell(side, LevelView { price, quantity });
            }
        }
        changed.clear();
        self.changed = changed;
    }
}
