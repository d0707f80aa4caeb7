//! What happened, in one total order.

use crosstick_model::{Amount, AssetId, InstrumentId, Side};

use super::spec::TradingStatus;
use super::types::{AccountId, Fill, OrderView, PositionSide, PreventedMatch, Trade};

/// One thing that happened. Events of a command come in the order in which it did them: an order is new before it
/// trades; a public trade comes before its orders' updates (the maker's first); balances follow the update that
/// changed them; the book's levels come last, with their final quantities.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Grows by one; an order update's serves as its execution id.
    pub seq: u64,
    /// When, in ns since the epoch.
    pub at_ns: u64,
    /// What.
    pub kind: EventKind,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventKind {
    /// A public trade.
    Trade(Trade),
    /// A level of the book has a new shown quantity; zero: it is gone.
    Level {
        /// Whose book.
        instrument: InstrumentId,
        /// The same for all levels of one command; grows from command to command.
        update_id: u64,
        /// Buy: bids.
        side: Side,
        /// Its price.
        price: i64,
        /// All that is shown there now.
        quantity: i64,
    },
    /// An order of an account changed.
    Order {
        /// How.
        update: OrderUpdate,
        /// The order after it.
        order: Box<OrderView>,
    },
    /// Balances of an account changed, all by one thing.
    Balances {
        /// Whose.
        account: AccountId,
        /// Which assets; as they stood then: asset, free, locked.
        balances: Vec<(AssetId, Amount, Amount)>,
    },
    /// Deposited, or withdrawn where below zero.
    Deposit {
        /// Whose.
        account: AccountId,
        /// Which asset.
        asset: AssetId,
        /// How much.
        delta: Amount,
    },
    /// Futures: a position changed.
    Position {
        /// Whose.
        account: AccountId,
        /// In what.
        instrument: InstrumentId,
        /// Which of the account's there.
        side: PositionSide,
    },
    /// An instrument's status changed.
    Status {
        /// Which.
        instrument: InstrumentId,
        /// To what.
        status: TradingStatus,
    },
}

/// How an order changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderUpdate {
    /// It was taken.
    New,
    /// A stop order reached its trigger price and is offered to the book now.
    Triggered,
    /// It executed.
    Trade(Fill),
    /// Self-trade prevention took some or all of it; the second number is what it took.
    Prevented(PreventedMatch, i64),
    /// It was cancelled.
    Canceled {
        /// The id that the cancel was sent under; empty: none was given.
        cancel_client_order_id: String,
    },
    /// It was amended.
    Replaced {
        /// The client id that it had before.
        previous_client_order_id: String,
    },
    /// It expired.
    Expired,
}
