//! What a venue's REST and WebSocket APIs share: who asks, what is asked, how often, and how a refusal reads.
//!
//! Binance's words; another venue's front door takes what fits it. Nothing here knows of orders or books.

pub(crate) mod auth;
pub(crate) mod errors;
pub(crate) mod key;
pub(crate) mod limits;
pub(crate) mod params;

pub use key::{ApiKey, KeyError, KeyKind, TestKeys};
pub use limits::Limits;
