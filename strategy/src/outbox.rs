//! HOT: core thread. What a strategy hands to the core, in order: decisions, groups of intents, closed opportunities,
//! halts. Preallocated by the core, and drained after each call into the strategy.

use std::collections::VecDeque;

use crosstick_model::decision::{Outcome, Route};
use crosstick_model::{Decision, DenyCode, GroupId, InstrumentId, Intent, MarketId, Purpose, Side, TimeInForce};

/// Most legs that a group may have.
pub const LEGS_MAX: usize = 4;

/// One wish of a strategy, before it has a group. Mantissas at the instrument's scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leg {
    /// What to trade.
    pub instrument: InstrumentId,
    /// Buy or sell.
    pub side: Side,
    /// Worst price.
    pub price: i64,
    /// How much (contracts where inverse).
    pub quantity: i64,
    /// How long it stands.
    pub time_in_force: TimeInForce,
    /// Why.
    pub purpose: Purpose,
}

impl Leg {
    /// An immediate-or-cancel limit order that opens.
    #[must_use]
    pub const fn ioc(instrument: InstrumentId, side: Side, price: i64, quantity: i64) -> Self {
        Self { instrument, side, price, quantity, time_in_force: TimeInForce::Ioc, purpose: Purpose::Open }
    }

    /// The same that closes: it may only reduce what a failed pair left open.
    #[must_use]
    pub const fn closing(self) -> Self {
        Self { purpose: Purpose::Close, ..self }
    }
}

/// What stands in a group's places before its intents are written there, and in those that it does not use.
const EMPTY: Intent = Intent {
    group: GroupId(0),
    leg: 0,
    instrument: InstrumentId(0),
    side: Side::Buy,
    price: 0,
    quantity: 0,
    time_in_force: TimeInForce::Ioc,
    purpose: Purpose::Open,
};

/// Intents that risk approves or denies as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Group {
    /// Its number, from 1 in every run.
    pub id: GroupId,
    intents: [Intent; LEGS_MAX],
    len: u8,
}

impl Group {
    /// The intents, in the order of their legs.
    #[must_use]
    pub fn intents(&self) -> &[Intent] {
        &self.intents[..usize::from(self.len)]
    }
}

/// A finished opportunity: one row of the opportunity file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opportunity {
    /// Its number, from 1 in every run.
    pub id: u64,
    /// Which way.
    pub route: Route,
    /// Core time of its first input, ns.
    pub begin_ns: u64,
    /// Core time of the input that ended it, ns; `None`: open at the end of input.
    pub end_ns: Option<u64>,
    /// Edge at the beginning, ppm.
    pub first_edge_ppm: i64,
    /// Best edge while it lasted, ppm.
    pub best_edge_ppm: i64,
    /// The ask to buy at, at the beginning, at the market's scale.
    pub buy_price: i64,
    /// The bid to sell at, at the beginning, at the market's scale.
    pub sell_price: i64,
    /// Size at the beginning, base units at the market's scale.
    pub quantity: i64,
    /// What became of it.
    pub outcome: Outcome,
}

/// Why a strategy asks for a halt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HaltReason {
    /// A failed pair of this market could not be closed; its exposure stays booked.
    Unhedged(MarketId),
    /// A fill of an order that no pair is waiting for: exposure that the strategy cannot explain.
    UnknownFill(InstrumentId),
}

impl HaltReason {
    /// The code under which trading halts.
    #[must_use]
    pub const fn code(self) -> DenyCode {
        match self {
            Self::Unhedged(_) => DenyCode::Unhedged,
            Self::UnknownFill(_) => DenyCode::Unreconciled,
        }
    }

    /// The sentence for log and status.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Unhedged(_) => "a pair with one leg filled could not be closed; its exposure stays booked",
            Self::UnknownFill(_) => "a fill arrived for an order that no pair is waiting for",
        }
    }
}

/// One thing in the outbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Item {
    /// An opportunity began or ended.
    Decision(Decision),
    /// Wanted orders; to be answered by `on_verdict` before the next input.
    Group(Group),
    /// A finished opportunity, for whoever writes the opportunity file. Handed out once, not kept.
    Closed(Opportunity),
    /// Trading has to stop.
    Halt(HaltReason),
}

/// The queue from strategy to core.
#[derive(Debug)]
pub struct Outbox {
    items: VecDeque<Item>,
    groups: u64,
}

impl Outbox {
    /// An outbox with room for `capacity` items; see [`crate::Strategy::outbox_capacity`]. Beyond that it would
    /// allocate rather than lose something.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Self { items: VecDeque::with_capacity(capacity), groups: 0 }
    }

    /// Wants all of `legs` or none; returns the number of the group.
    ///
    /// # Panics
    /// When there are no legs or more than [`LEGS_MAX`]: a mistake of the strategy, not of outside data.
    pub fn group(&mut self, legs: &[Leg]) -> GroupId {
        assert!((1..=LEGS_MAX).contains(&legs.len()), "a group has 1 to {LEGS_MAX} legs");
        self.groups += 1;
        let id = GroupId(self.groups);
        let intent = |i: usize| {
            let leg = legs[i];
            Intent {
                group: id,
                leg: i as u8,
                instrument: leg.instrument,
                side: leg.side,
                price: leg.price,
                quantity: leg.quantity,
                time_in_force: leg.time_in_force,
                purpose: leg.purpose,
            }
        };
        self.items.push_back(Item::Group(Group { id, intents: [EMPTY; LEGS_MAX], len: legs.len() as u8 }));
        // Written where they stay: a copy of what was written just now would wait for it.
        if let Some(Item::Group(group)) = self.items.back_mut() {
            for (i, place) in group.intents.iter_mut().enumerate().take(legs.len()) {
                *place = intent(i);
            }
        }
        id
    }

    /// Records a decision.
    pub fn decide(&mut self, decision: Decision) {
        self.items.push_back(Item::Decision(decision));
    }

    /// Hands out a finished opportunity.
    pub fn close(&mut self, opportunity: Opportunity) {
        self.items.push_back(Item::Closed(opportunity));
    }

    /// Asks the core to halt trading.
    pub fn halt(&mut self, reason: HaltReason) {
        self.items.push_back(Item::Halt(reason));
    }

    /// The oldest item, taken out.
    #[inline]
    pub fn pop(&mut self) -> Option<Item> {
        self.items.pop_front()
    }

    /// Whether nothing waits.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }
}
