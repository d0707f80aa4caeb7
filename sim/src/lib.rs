//! Simulated venues: the server side of the venues' own protocols, on loopback, for demos and tests.
//!
//! **Thread:** one, named `sim`, serves every venue and connection; it sleeps in `poll` until a socket is ready or
//! the next frame, ping or deadline is due, and never spins. **Cold:** nothing here is on the engine's hot path.
//! **Layers:** [`VenueMachine`] is the venue without sockets and clocks, `(connection, bytes, now) -> bytes`;
//! [`exchange`] is the books, the matching and the accounts behind it, `(command, now) -> events`, without a protocol;
//! [`Flow`] is a seeded generator of frames without sockets; [`recorded`] reads what others recorded; [`Sim`] drives
//! all of it over TCP and TLS.
//! **Deliberately absent:** the engine's transport and decoders. What tests them must not share their mistakes, so
//! request parsing, WebSocket frames and JSON are written here anew; only `crosstick-model` is shared.

mod account;
mod api;
mod binance;
mod config;
mod control;
mod error;
pub mod exchange;
mod fault;
pub mod flow;
mod frame;
mod handle;
mod http;
mod instrument;
mod keys;
mod market;
mod mexc;
mod operator;
pub mod recorded;
mod rules;
mod server;
mod session;
mod stats;
mod text;
mod tls;
mod venue;

pub use account::SimAccount;
pub use api::{ApiKey, KeyError, KeyKind, Limits, TestKeys};
pub use config::{AtEnd, Endpoint, ReplayFile, ReplaySpec, SimConfig, Source, Speed};
pub use error::SimError;
pub use fault::{FaultError, FaultSpec};
pub use flow::{Flow, FlowSpec, FlowTimes};
pub use handle::{Sim, SimHandle, VenueAddress};
pub use instrument::SimInstrument;
pub use keys::AccountKeys;
pub use rules::{Rules, StreamKind, TimeUnit};
pub use stats::{ClientEnd, ClientStats, SimStats, StreamStats, VenueStats};
pub use venue::{ConnectionId, ConnectionState, Frame, StreamId, VenueMachine};
