//! Order gateways: where an approved order goes, and what comes back.
//!
//! **Thread:** the paper gateway runs inside the core's driver, in core time, so it replays like everything else;
//! a live gateway will have a thread of its own, or the core's where all is one loop. **Hot:** all of [`paper`],
//! [`states`], [`binance`] and [`mod@line`]; nothing is allocated after warm-up (rustls once a record). **Deliberately
//! absent:** any way to send or write what risk has not approved (a [`Gateway`] and an encoder take
//! [`crosstick_risk::Approved`] alone), clocks, threads, floats, and a live gateway: what stands in flight, what became
//! of it, and reconciliation are not built.

pub mod binance;
pub mod gateway;
pub mod line;
pub mod paper;
pub mod states;

pub use gateway::Gateway;
pub use line::OrderLine;
pub use paper::{Paper, PaperConfig};
pub use states::{OrderCounts, OrderState, OrderStates};
