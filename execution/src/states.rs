//! HOT: core thread. The state of each order, by reports, and how orders ended.

use crosstick_model::{Order, OrderId, Report, ReportKind};

/// Where an order stands. The last three are final.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum OrderState {
    /// Given to a gateway; nothing heard yet.
    Sent = 0,
    /// The venue has it.
    Accepted = 1,
    /// Some of it executed, the rest stands.
    PartlyFilled = 2,
    /// All of it executed.
    Filled = 3,
    /// Ended with a rest, executed in part or not at all.
    Cancelled = 4,
    /// The venue refused it, or what was left of it.
    Rejected = 5,
}

impl OrderState {
    /// Whether nothing further is to come.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Filled | Self::Cancelled | Self::Rejected)
    }
}

/// How many orders were sent, and how they ended: `sent = filled + partly_filled + unfilled + rejected + open`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OrderCounts {
    /// Given to a gateway.
    pub sent: u64,
    /// Ended filled in full.
    pub filled: u64,
    /// Ended with some, not all, filled: the rest was cancelled or refused.
    pub partly_filled: u64,
    /// Ended without a fill.
    pub unfilled: u64,
    /// Refused by the venue, all of it.
    pub rejected: u64,
    /// Reports for orders that are not open, or that cannot follow what was reported before; they change no state.
    pub strays: u64,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    id: OrderId,
    left: i64,
    state: OrderState,
}

/// All open orders' states.
#[derive(Debug)]
pub struct OrderStates {
    open: Vec<Entry>,
    counts: OrderCounts,
}

impl OrderStates {
    /// Room for `capacity` open orders; one more makes it allocate.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self { open: Vec::with_capacity(capacity), counts: OrderCounts::default() }
    }

    /// An order was given to a gateway.
    #[inline]
    pub fn on_sent(&mut self, order: &Order) {
        self.counts.sent += 1;
        self.open.push(Entry { id: order.id, left: order.intent.quantity, state: OrderState::Sent });
    }

    /// Moves an order on, and gives its new state; `None` for a stray report.
    pub fn on_report(&mut self, report: &Report) -> Option<OrderState> {
        let found = self.open.iter().position(|e| e.id == report.order);
        let moved = found.and_then(|at| self.open.get_mut(at)).and_then(|entry| {
            let next = next_state(entry, &report.kind)?;
            let touched = entry.state == OrderState::PartlyFilled;
            entry.state = next;
            Some((next, touched))
        });
        let (Some(at), Some((state, touched))) = (found, moved) else {
            self.counts.strays += 1;
            return None;
        };
        match state {
            OrderState::Filled => self.counts.filled += 1,
            OrderState::Cancelled | OrderState::Rejected if touched => self.counts.partly_filled += 1,
            OrderState::Cancelled => self.counts.unfilled += 1,
            OrderState::Rejected => self.counts.rejected += 1,
            OrderState::Sent | OrderState::Accepted | OrderState::PartlyFilled => {}
        }
        if state.is_final() {
            self.open.swap_remove(at);
        }
        Some(state)
    }

    /// The state of an open order.
    #[must_use]
    pub fn state(&self, id: OrderId) -> Option<OrderState> {
        self.open.iter().find(|e| e.id == id).map(|e| e.state)
    }

    /// Orders that have not ended.
    #[must_use]
    pub fn open(&self) -> usize {
        self.open.len()
    }

    /// How orders ended so far.
    #[must_use]
    pub const fn counts(&self) -> OrderCounts {
        self.counts
    }
}

/// A fill may overtake the acceptance. A refusal ends an order whatever came before it: nothing further is to come.
fn next_state(entry: &mut Entry, kind: &ReportKind) -> Option<OrderState> {
    match (kind, entry.state) {
        (ReportKind::Accepted, OrderState::Sent) => Some(OrderState::Accepted),
        (ReportKind::Accepted, _) => None,
        (ReportKind::Filled(fill), _) => {
            entry.left = entry.left.saturating_sub(fill.quantity);
            Some(if entry.left > 0 { OrderState::PartlyFilled } else { OrderState::Filled })
        }
        (ReportKind::Cancelled { .. }, _) => Some(OrderState::Cancelled),
        (ReportKind::Rejected(_), _) => Some(OrderState::Rejected),
    }
}
