//! Order gateways: where an approved order goes, and what comes back.
//!
//! **Thread:** the paper gateway runs inside the core's driver, in core time, so it replays like everything else;
//! a live gateway will have a thread of its own. **Hot:** all of [`paper`] and [`states`]; nothing is allocated
//! after warm-up. **Deliberately absent:** any way to send what risk has not approved (a [`Gateway`] takes
//! [`crosstick_risk::Approved`] alone), clocks, sockets, threads, floats.

pub mod gateway;
pub mod paper;
pub mod states;

pub use gateway::Gateway;
pub use paper::{Paper, PaperConfig};
pub use states::{OrderCounts, OrderState, OrderStates};
