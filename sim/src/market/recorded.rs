//! What a recorded frame says of the book: best quotes and trades. All else is served, not followed.

use std::borrow::Cow;

use crosstick_model::{Decimal, Side};
use serde::Deserialize;

use crate::exchange::{Exchange, LevelView};
use crate::rules::StreamKind;

/// What happened, mantissas at the instrument's decimals.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Recorded {
    Quote {
        symbol: String,
        update_id: u64,
        bid: LevelView,
        ask: LevelView,
    },
    Trade {
        symbol: String,
        id: u64,
        taker: Side,
        price: i64,
        quantity: i64,
        /// As recorded: trades of one order have the same.
        time: u64,
    },
}

#[derive(Deserialize)]
struct Quote<'a> {
    u: u64,
    #[serde(borrow)]
    s: Cow<'a, str>,
    b: Cow<'a, str>,
    #[serde(rename = "B")]
    bid_quantity: Cow<'a, str>,
    a: Cow<'a, str>,
    #[serde(rename = "A")]
    ask_quantity: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Trade<'a> {
    #[serde(borrow)]
    s: Cow<'a, str>,
    t: u64,
    p: Cow<'a, str>,
    q: Cow<'a, str>,
    #[serde(rename = "T")]
    time: u64,
    m: bool,
}

/// What a frame's payload says; `None`: nothing of the book, or of an instrument that the exchange does not have, or
/// in more decimals than it has.
pub(crate) fn read(stream: &str, payload: &str, exchange: &Exchange) -> Option<Recorded> {
    let decimals = |symbol: &str| {
        let scale = exchange.instrument_spec(exchange.instrument(symbol)?).scale;
        Some((scale.price_decimals, scale.quantity_decimals))
    };
    let number = |text: &str, decimals: u8| text.parse::<Decimal>().ok()?.at_scale(decimals).filter(|m| *m > 0);
    match StreamKind::of(stream) {
        StreamKind::BookTicker => {
            let quote: Quote<'_> = serde_json::from_str(payload).ok()?;
            let (prices, quantities) = decimals(&quote.s)?;
            let level = |price: &str, quantity: &str| {
                Some(LevelView { price: number(price, prices)?, quantity: number(quantity, quantities)? })
            };
            Some(Recorded::Quote {
                update_id: quote.u,
                bid: level(&quote.b, &quote.bid_quantity)?,
                ask: level(&quote.a, &quote.ask_quantity)?,
                symbol: quote.s.into_owned(),
            })
        }
        StreamKind::Trade => {
            let trade: Trade<'_> = serde_json::from_str(payload).ok()?;
            let (prices, quantities) = decimals(&trade.s)?;
            Some(Recorded::Trade {
                id: trade.t,
                taker: if trade.m { Side::Sell } else { Side::Buy },
                price: number(&trade.p, prices)?,
                quantity: number(&trade.q, quantities)?,
                time: trade.time,
                symbol: trade.s.into_owned(),
            })
        }
        StreamKind::AggTrade | StreamKind::Other => None,
    }
}
