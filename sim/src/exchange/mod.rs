//! The exchange behind every simulated venue: books, matching, accounts. It knows no protocol.

mod event;
mod reject;
mod spec;
mod types;

pub use event::{Event, EventKind, OrderUpdate};
pub use reject::{FilterName, Reject};
pub use spec::{
    AccountSpec, AssetSpec, ExchangeFilters, Filters, InstrumentSpec, MinNotional, NotionalRange, PercentPrice, Range,
    TradingStatus,
};
pub use types::{
    AccountId, AccountTrade, BalanceView, CancelRestriction, ExpiryReason, Fill, LevelView, NewOrder, OrderId,
    OrderKind, OrderRef, OrderStatus, OrderView, Placed, PreventedMatch, ReplaceMode, Replaced, StpMode, Tif, Trade,
};
