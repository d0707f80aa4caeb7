//! Decision records: all that the core decided, in order, in a fixed little-endian layout that is hashed
//! (`decisions_hash`) and journalled.
//!
//! The layout is a contract: a change of it changes every hash, and must raise [`LAYOUT_VERSION`].

mod read;

use crate::deny::DenyCode;
use crate::instrument::{InstrumentId, MarketId, VenueId};
use crate::order::{GroupId, Intent, Order, Purpose, Side, TimeInForce};

/// Version of the byte layout.
pub const LAYOUT_VERSION: u8 = 1;
/// Longest record in bytes.
pub const RECORD_BYTES_MAX: usize = 64;

/// A directed pair: buy here, sell there, in one market.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Route {
    /// The market.
    pub market: MarketId,
    /// Where to buy.
    pub buy: VenueId,
    /// Where to sell.
    pub sell: VenueId,
}

/// How an opportunity ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// At least one order was sent.
    Taken,
    /// Risk said no, at the best edge.
    Denied(DenyCode),
    /// The strategy said no, at the best edge.
    Declined(Decline),
}

/// Why a strategy left an opportunity alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Decline {
    /// `trade = false`.
    WatchOnly = 0,
    /// Within `cooldown_ms` of the route's last order.
    Cooldown = 1,
    /// A pair of the same market is still in flight.
    InFlight = 2,
    /// Trading is suspended because a pair could not be closed.
    Unhedged = 3,
}

impl Decline {
    /// Every reason, in the order of their numbers.
    pub const ALL: [Self; 4] = [Self::WatchOnly, Self::Cooldown, Self::InFlight, Self::Unhedged];

    /// The reason as reports and records spell it.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::WatchOnly => "WATCH_ONLY",
            Self::Cooldown => "COOLDOWN",
            Self::InFlight => "IN_FLIGHT",
            Self::Unhedged => "UNHEDGED",
        }
    }

    /// What the reason says, in a sentence.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::WatchOnly => "The strategy only watches (`trade = false`).",
            Self::Cooldown => "The route was taken less than `cooldown_ms` ago.",
            Self::InFlight => "A pair of the same market is in flight.",
            Self::Unhedged => "A failed pair could not be closed; the strategy is suspended.",
        }
    }
}

impl Outcome {
    /// `taken`, or the code of the reason.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Taken => "taken",
            Self::Denied(code) => code.code(),
            Self::Declined(reason) => reason.code(),
        }
    }

    fn bytes(self) -> [u8; 2] {
        match self {
            Self::Taken => [0, 0],
            Self::Denied(code) => [1, code as u8],
            Self::Declined(reason) => [2, reason as u8],
        }
    }
}

/// One thing that the core decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// An opportunity began.
    OpportunityBegin {
        /// Counts from 1 in every run.
        id: u64,
        /// Which way.
        route: Route,
        /// Core time.
        at_ns: u64,
        /// Edge in ppm.
        edge_ppm: i64,
        /// The ask to buy at, at the market's scale.
        buy_price: i64,
        /// The bid to sell at, at the market's scale.
        sell_price: i64,
        /// Base units at the market's scale.
        quantity: i64,
    },
    /// An opportunity ended.
    OpportunityEnd {
        /// The number it began with.
        id: u64,
        /// Core time.
        at_ns: u64,
        /// Best edge in ppm.
        best_edge_ppm: i64,
        /// What became of it.
        outcome: Outcome,
    },
    /// A strategy wanted something.
    Intent {
        /// Core time.
        at_ns: u64,
        /// What.
        intent: Intent,
    },
    /// Risk's answer to a group of intents: approved, or why not and which leg.
    Verdict {
        /// Core time.
        at_ns: u64,
        /// Which intents.
        group: GroupId,
        /// `None`: approved. Otherwise the leg that was denied, and why.
        denied: Option<(u8, DenyCode)>,
    },
    /// An order went to a gateway.
    Order(Order),
    /// Trading was halted.
    Halt {
        /// Core time.
        at_ns: u64,
        /// Which limit, or [`DenyCode::Operator`].
        code: DenyCode,
    },
    /// An operator let trading go on.
    Resume {
        /// Core time.
        at_ns: u64,
    },
}

/// A fixed buffer that a record is written into.
struct Out<'a> {
    bytes: &'a mut [u8; RECORD_BYTES_MAX],
    len: usize,
}

impl Out<'_> {
    fn put(&mut self, bytes: &[u8]) {
        self.bytes[self.len..self.len + bytes.len()].copy_from_slice(bytes);
        self.len += bytes.len();
    }

    fn intent(&mut self, intent: &Intent) {
        self.put(&intent.group.0.to_le_bytes());
        self.put(&[intent.leg]);
        self.put(&intent.instrument.0.to_le_bytes());
        self.put(&[intent.side as u8, intent.time_in_force as u8, intent.purpose as u8]);
        self.put(&intent.price.to_le_bytes());
        self.put(&intent.quantity.to_le_bytes());
    }
}

impl Decision {
    /// Writes the record and returns its length: a tag byte, then the fields in the order of their declaration.
    #[inline]
    pub fn write(&self, bytes: &mut [u8; RECORD_BYTES_MAX]) -> usize {
        let mut out = Out { bytes, len: 0 };
        match self {
            Self::OpportunityBegin { id, route, at_ns, edge_ppm, buy_price, sell_price, quantity } => {
                out.put(&[1]);
                out.put(&id.to_le_bytes());
                out.put(&route.market.0.to_le_bytes());
                out.put(&[route.buy.0, route.sell.0]);
                for value in [*at_ns as i64, *edge_ppm, *buy_price, *sell_price, *quantity] {
                    out.put(&value.to_le_bytes());
                }
            }
            Self::OpportunityEnd { id, at_ns, best_edge_ppm, outcome } => {
                out.put(&[2]);
                out.put(&id.to_le_bytes());
                out.put(&at_ns.to_le_bytes());
                out.put(&best_edge_ppm.to_le_bytes());
                out.put(&outcome.bytes());
            }
            Self::Intent { at_ns, intent } => {
                out.put(&[3]);
                out.put(&at_ns.to_le_bytes());
                out.intent(intent);
            }
            Self::Verdict { at_ns, group, denied } => {
                out.put(&[4]);
                out.put(&at_ns.to_le_bytes());
                out.put(&group.0.to_le_bytes());
                match denied {
                    None => out.put(&[0, 0, 0]),
                    Some((leg, code)) => out.put(&[1, *leg, *code as u8]),
                }
            }
            Self::Order(order) => {
                out.put(&[5]);
                out.put(&order.id.0.to_le_bytes());
                out.put(&order.decided_ns.to_le_bytes());
                out.intent(&order.intent);
            }
            Self::Halt { at_ns, code } => {
                out.put(&[6]);
                out.put(&at_ns.to_le_bytes());
                out.put(&[*code as u8]);
            }
            Self::Resume { at_ns } => {
                out.put(&[7]);
                out.put(&at_ns.to_le_bytes());
            }
        }
        out.len
    }
}

// Names used by the layout above, so that renumbering one of these enums fails to compile.
const _: () = {
    assert!(Side::Buy as u8 == 0 && Side::Sell as u8 == 1);
    assert!(TimeInForce::Ioc as u8 == 0 && TimeInForce::Gtc as u8 == 1);
    assert!(Purpose::Open as u8 == 0 && Purpose::Close as u8 == 1);
    assert!(size_of::<InstrumentId>() == 2);
};
