//! Intents, orders and what venues answer.

use crate::amount::Amount;
use crate::instrument::{AssetId, InstrumentId};

/// Buy or sell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Side {
    /// We receive the base asset.
    Buy = 0,
    /// We give the base asset.
    Sell = 1,
}

impl Side {
    /// The other one.
    #[inline]
    #[must_use]
    pub const fn opposite(self) -> Self {
        match self {
            Self::Buy => Self::Sell,
            Self::Sell => Self::Buy,
        }
    }

    /// +1 for buy, −1 for sell.
    #[inline]
    #[must_use]
    pub const fn sign(self) -> i64 {
        match self {
            Self::Buy => 1,
            Self::Sell => -1,
        }
    }

    /// `buy` or `sell`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Buy => "buy",
            Self::Sell => "sell",
        }
    }
}

/// How long an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum TimeInForce {
    /// What does not fill at once is cancelled by the venue.
    Ioc = 0,
    /// Rests until filled or cancelled.
    Gtc = 1,
}

/// Why an intent exists; closing may pass limits that opening may not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Purpose {
    /// Takes on what the strategy wants.
    Open = 0,
    /// Gives back what a failed pair left open; may only reduce.
    Close = 1,
}

/// Intents that were decided together (the legs of a pair); counts from 1 in every run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[repr(transparent)]
pub struct GroupId(pub u64);

/// Our id of an order, made before it is sent, never used twice; counts from 1 in every run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[repr(transparent)]
pub struct OrderId(pub u64);

/// What a strategy wants; not yet allowed. Mantissas are at the instrument's scale; a limit price always.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Intent {
    /// The intents decided together.
    pub group: GroupId,
    /// Index in the group.
    pub leg: u8,
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

/// An intent that risk approved, with the id it is sent under.
///
/// Plain data for records and reports: only `risk::Approved` can be handed to a gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Order {
    /// Our id.
    pub id: OrderId,
    /// What was approved.
    pub intent: Intent,
    /// Core time of the decision.
    pub decided_ns: u64,
}

/// Whether a fill took or made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Liquidity {
    /// Rested in the book.
    Maker = 0,
    /// Took from the book.
    Taker = 1,
}

/// One full or partial execution of our order. Mantissas at the instrument's scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fill {
    /// Price.
    pub price: i64,
    /// Quantity (contracts where inverse).
    pub quantity: i64,
    /// What it cost, in `fee_asset`; negative for a rebate.
    pub fee: Amount,
    /// The asset of the fee.
    pub fee_asset: AssetId,
    /// Took or made.
    pub liquidity: Liquidity,
}

/// Why a venue refused an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum RejectReason {
    /// The paper gateway's seeded refusal.
    Simulated = 0,
    /// The instrument had no usable quote when the order arrived.
    NoQuote = 1,
    /// The venue named a reason of its own.
    Venue = 2,
}

impl RejectReason {
    /// The name used in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Simulated => "simulated",
            Self::NoQuote => "no_quote",
            Self::Venue => "venue",
        }
    }
}

/// What a gateway tells about an order, in the order in which it happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Report {
    /// Which order.
    pub order: OrderId,
    /// Its instrument.
    pub instrument: InstrumentId,
    /// When the report reaches us, ns since the epoch.
    pub at_ns: u64,
    /// What happened.
    pub kind: ReportKind,
}

/// What happened to an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReportKind {
    /// The venue has it.
    Accepted,
    /// Some or all of it executed.
    Filled(Fill),
    /// It ended with this much unfilled (an IOC's rest, or a cancel). Zero never: then the last fill ended it.
    Cancelled {
        /// Mantissa of what was left.
        unfilled: i64,
    },
    /// The venue refused it.
    Rejected(RejectReason),
}
