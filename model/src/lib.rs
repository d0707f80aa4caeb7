//! The vocabulary of crosstick: instruments, exact decimals, ticks, intents, orders, reports, decisions.
//!
//! **Thread:** any; plain data that every other crate shares. **Hot:** `digits`, `decimal::parse_fixed`, `Tick`,
//! and the order types are used per message; everything about names and texts is cold.
//! **Deliberately absent:** I/O, clocks, threads, floats, and any trading rule.

pub mod amount;
pub mod command;
pub mod decimal;
pub mod decision;
pub mod deny;
pub mod digits;
pub mod instrument;
pub mod order;
pub mod tick;
pub mod universe;

pub use amount::Amount;
pub use command::{Command, CommandKind, CommandOutcome, CommandSource, Reason};
pub use decimal::{Decimal, DecimalError, parse_fixed};
pub use decision::Decision;
pub use deny::DenyCode;
pub use instrument::{
    AssetId, FeeAsset, Fees, Instrument, InstrumentId, Kind, Market, MarketId, Protocol, Scale, Venue, VenueId,
};
pub use order::{
    Fill, GroupId, Intent, Liquidity, Order, OrderId, Purpose, RejectReason, Report, ReportKind, Side, TimeInForce,
};
pub use tick::{Line, Quote, Tick, TickFlags, TickKind, Trade};
pub use universe::{Universe, UniverseError};
