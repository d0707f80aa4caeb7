//! HOT: core thread. Open orders, and the newest of those that ended: a late fill of one of them still finds its side.

use crosstick_model::{Intent, Order, OrderId};

use crate::spec::Hold;

/// Ended orders remembered for late fills.
const ENDED: usize = 1024;

/// An order in flight or resting, with what is set aside for its unfilled part.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OpenOrder {
    pub(crate) order: Order,
    pub(crate) remaining: i64,
    /// Base units at 1e-16 of the unfilled part.
    pub(crate) base: i128,
    pub(crate) hold: Hold,
}

/// Ids stand in an array of their own, so that finding one reads a cache line for eight of them.
#[derive(Debug, Clone)]
pub(crate) struct Orders {
    ids: Vec<OrderId>,
    open: Vec<OpenOrder>,
    capacity: usize,
    ended: Box<[(OrderId, Option<Intent>)]>,
    ended_next: usize,
}

impl Orders {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            ids: Vec::with_capacity(capacity),
            open: Vec::with_capacity(capacity),
            capacity,
            ended: vec![(OrderId(0), None); ENDED].into_boxed_slice(),
            ended_next: 0,
        }
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.ids.len()
    }

    #[inline]
    pub(crate) fn is_full(&self) -> bool {
        self.ids.len() >= self.capacity
    }

    #[inline]
    pub(crate) fn insert(&mut self, order: OpenOrder) {
        self.ids.push(order.order.id);
        self.open.push(order);
    }

    #[inline]
    pub(crate) fn find(&self, id: OrderId) -> Option<usize> {
        self.ids.iter().position(|i| *i == id)
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, at: usize) -> Option<&mut OpenOrder> {
        self.open.get_mut(at)
    }

    /// Takes an order out; `remember` keeps it for late fills.
    #[inline]
    pub(crate) fn remove(&mut self, id: OrderId, remember: bool) -> Option<OpenOrder> {
        let at = self.find(id)?;
        let order = *self.open.get(at)?;
        self.ids.swap_remove(at);
        self.open.swap_remove(at);
        if remember && let Some(slot) = self.ended.get_mut(self.ended_next) {
            *slot = (id, Some(order.order.intent));
            self.ended_next = (self.ended_next + 1) % ENDED;
        }
        Some(order)
    }

    /// What an ended order was, if it is not too long ago.
    pub(crate) fn ended(&self, id: OrderId) -> Option<Intent> {
        self.ended.iter().find(|e| e.0 == id).and_then(|e| e.1)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &OpenOrder> {
        self.open.iter()
    }
}
