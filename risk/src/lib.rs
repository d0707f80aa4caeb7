//! The gate: limits, positions, profit and loss, halts; the only maker of an [`Approved`] order.
//!
//! **Thread:** the core thread owns the one [`Risk`] of a run. **Hot:** [`Risk::on_tick`], [`Risk::gate`] and
//! [`Risk::on_report`], which allocate nothing and have no panic path; snapshots and construction are cold.
//! **Deliberately absent:** clocks (core time is an argument), I/O, threads, floats, any knowledge of
//! strategies or of what a venue's messages look like.
//!
//! What is counted where:
//! - A position is made of fills alone. It starts at zero, whatever the venue's balances are.
//! - Profit and loss are kept per instrument in its own P&L asset (the quote asset, or the base asset of an
//!   inverse contract) as exact cash flows, so that `realised + unrealised = cash + marked value` holds to the
//!   last unit at 1e-16; see [`Book`].
//! - Limits are in the risk currency. Amounts of a base asset are valued at the instrument's own ask, and orders
//!   in flight count as if they will fill in whatever way is worst.

mod approved;
mod balance;
mod book;
mod breaker;
mod checks;
pub mod exact;
mod exposure;
mod gate;
mod groups;
mod limits;
mod orders;
mod rate;
mod reports;
mod risk;
mod snapshot;
mod spec;

pub use approved::Approved;
pub use balance::{BalanceView, Balances};
pub use book::Book;
pub use breaker::{Breach, HaltState};
pub use checks::{Bound, Check, CheckUnit};
pub use gate::CLOSE_HEADROOM;
pub use limits::{Limits, Rates};
pub use reports::ReportCounts;
pub use risk::Risk;
pub use snapshot::{LIMITS, LimitUnit, LimitUse, Pnl, PositionView};
