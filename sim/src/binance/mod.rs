//! Binance's trading protocols.

pub(crate) mod futures;
pub(crate) mod spot;
