//! Prices: a row an instrument, market by market.

use crate::commands::top::look::Tone;
use crate::commands::top::scene::Scene;
use crate::commands::top::table::{Table, left, number, right, word};
use crate::commands::top::units::{NONE, Number};

pub const TITLE: (&str, &str) = ("Prices by market and venue", "no instrument is configured");

pub fn table(scene: &Scene) -> Table {
    let mut table = Table::new(&[
        left("market", 0, 0),
        left("venue", 0, 0),
        left("symbol", 4, 0),
        right("bid size", 2, 9),
        right("bid", 0, 9),
        right("ask", 0, 9),
        right("ask size", 2, 9),
        left("usable", 0, 6),
        right("age", 0, 6),
        right("last", 3, 9),
        right("traded", 5, 6),
        right("spread bps", 6, 0),
        right("quotes/s", 5, 0),
        right("trades/s", 6, 0),
        right("quotes", 7, 12),
        right("trades", 7, 12),
    ]);
    for price in &scene.prices {
        let (state, tone) = match (price.quote_ns, price.usable) {
            (0, _) => (NONE, Tone::Quiet),
            (_, true) => ("yes", Tone::Good),
            (_, false) => ("no", Tone::Warn),
        };
        let now = if price.usable { Tone::Strong } else { Tone::Quiet };
        table.row(vec![
            word(&price.market, Tone::Plain),
            word(&price.venue, Tone::Strong),
            word(&price.symbol, Tone::Quiet),
            number(price.bid_quantity.clone(), Tone::Quiet),
            number(price.bid.clone(), now),
            number(price.ask.clone(), now),
            number(price.ask_quantity.clone(), Tone::Quiet),
            word(state, tone),
            number(Number::age(scene.now_ns, price.quote_ns), Tone::Plain),
            number(price.last.clone(), Tone::Plain),
            number(Number::age(scene.now_ns, price.trade_ns), Tone::Plain),
            number(price.spread_ppm.map_or_else(Number::none, spread), Tone::Plain),
            number(Number::rate(price.quotes.rate), Tone::Plain),
            number(Number::rate(price.trades.rate), Tone::Plain),
            number(Number::count(price.quotes.count), Tone::Quiet),
            number(Number::count(price.trades.count), Tone::Quiet),
        ]);
    }
    table
}

fn spread(ppm: i64) -> Number {
    Number::fixed(i128::from(ppm), 2)
}
