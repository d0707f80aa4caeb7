//! Feeds: a row a line of a venue.

use crate::commands::top::look::Tone;
use crate::commands::top::scene::Scene;
use crate::commands::top::table::{Table, left, number, right, word};
use crate::commands::top::units::Number;

use super::worry;

pub const TITLE: (&str, &str) = ("Feeds", "no line is configured");

pub fn table(scene: &Scene) -> Table {
    let mut table = Table::new(&[
        left("line", 0, 7),
        left("state", 0, 7),
        right("frames/s", 0, 0),
        right("kB/s", 4, 7),
        right("trades/s", 2, 0),
        right("quotes/s", 2, 0),
        right("age", 0, 6),
        right("lag", 1, 7),
        right("refused", 1, 0),
        right("gaps", 1, 0),
        right("twice", 6, 0),
        right("connects", 3, 0),
        right("ring full", 5, 0),
        right("frames", 6, 12),
        right("trades", 7, 12),
        right("quotes", 7, 12),
    ]);
    for feed in &scene.feeds {
        let (state, tone) = match (feed.live, feed.lagging) {
            (false, _) => ("down", Tone::Bad),
            (true, true) => ("lagging", Tone::Warn),
            (true, false) => ("live", Tone::Good),
        };
        let lag = feed.lag_us.map_or_else(Number::none, lag);
        table.row(vec![
            word(format!("{} {}", feed.venue, feed.line), Tone::Strong),
            word(state, tone),
            number(Number::rate(feed.frames.rate), Tone::Plain),
            number(Number::rate(feed.bytes.rate.map(|r| r / 1_000.0)), Tone::Plain),
            number(Number::rate(feed.trades.rate), Tone::Plain),
            number(Number::rate(feed.quotes.rate), Tone::Plain),
            number(Number::age(scene.now_ns, feed.last_recv_ns), if feed.live { Tone::Plain } else { Tone::Quiet }),
            number(lag, Tone::Plain),
            number(Number::count(feed.refused), worry(feed.refused)),
            number(Number::count(feed.gaps), worry(feed.gaps)),
            number(Number::count(feed.duplicates), worry(feed.duplicates)),
            number(Number::count(feed.connects), worry(feed.connects.saturating_sub(1))),
            number(Number::count(feed.ring_full), worry(feed.ring_full)),
            number(Number::count(feed.frames.count), Tone::Quiet),
            number(Number::count(feed.trades.count), Tone::Quiet),
            number(Number::count(feed.quotes.count), Tone::Quiet),
        ]);
    }
    table
}

/// Receive time minus venue time, which may be negative where clocks differ.
fn lag(us: i64) -> Number {
    Number { text: tenths_of_ms(us), key: us as f64 }
}

fn tenths_of_ms(us: i64) -> String {
    format!("{} ms", crate::commands::top::units::fixed(i128::from(us) / 100, 1))
}
