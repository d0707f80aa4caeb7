//! Binance: spot, USD-M and COIN-M share one family of messages.
//!
//! Trades (`trade`, `aggTrade`) and best quotes (`bookTicker`) become ticks, raw or in the combined envelope
//! `{"stream":…,"data":…}`. What a message is follows from its own fields, not from the stream's name, but for the
//! spot `bookTicker`, which has no `e`.

pub(super) mod fast;
pub(super) mod learnt;
mod plain;
pub mod recognise;
pub(super) mod slow;
