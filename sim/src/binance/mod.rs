//! Binance's trading protocols.

pub(crate) mod spot;
