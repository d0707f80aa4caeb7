//! Names of spot's market streams: what each asks for. Only the symbol is written in lower case; the rest is exact.

use crate::binance::spot::bars::{self, Interval};
use crate::rules::SECOND_NS;

/// The shortest period of any stream.
pub(super) const TENTH_NS: u64 = SECOND_NS / 10;

/// What one instrument's stream carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Trade,
    AggTrade,
    BookTicker,
    /// Changed levels, every so many nanoseconds.
    Diff(u64),
    /// So many levels a side, every so many nanoseconds.
    Partial(usize, u64),
    Kline(Kline),
    MiniTicker,
    Ticker,
    Window(Window),
    AvgPrice,
}

/// Bars of an interval, whose days begin so many seconds from UTC's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Kline {
    pub(super) interval: Interval,
    pub(super) zone_s: i64,
    /// As the stream's name has it.
    pub(super) text: Box<str>,
}

/// A ticker over some hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) event: &'static str,
    pub(super) span_ns: u64,
}

/// A stream over all instruments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Array {
    MiniTicker,
    Window(Window),
}

/// A stream.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Name<'a> {
    /// Of one instrument, its symbol in lower case.
    One(&'a str, Kind),
    All(Array),
}

/// The stream of a name; `None`: there is no such stream.
pub(super) fn parse(name: &str) -> Option<Name<'_>> {
    let (symbol, rest) = name.split_once('@')?;
    if rest == "arr" && symbol.starts_with('!') {
        return Some(Name::All(match symbol {
            "!miniTicker" => Array::MiniTicker,
            other => Array::Window(window(other.strip_prefix('!')?)?),
        }));
    }
    let kind = match rest {
        "trade" => Kind::Trade,
        "aggTrade" => Kind::AggTrade,
        "bookTicker" => Kind::BookTicker,
        "miniTicker" => Kind::MiniTicker,
        "ticker" => Kind::Ticker,
        "avgPrice" => Kind::AvgPrice,
        other => match (other.strip_prefix("depth"), other.strip_prefix("kline_")) {
            (Some(depth), _) => book(depth)?,
            (_, Some(bars)) => kline(bars)?,
            _ => Kind::Window(window(other)?),
        },
    };
    Some(Name::One(symbol, kind))
}

fn window(text: &str) -> Option<Window> {
    let (event, hours) = match text {
        "ticker_1h" => ("1hTicker", 1),
        "ticker_4h" => ("4hTicker", 4),
        "ticker_1d" => ("1dTicker", 24),
        _ => return None,
    };
    Some(Window { event, span_ns: hours * 3_600 * SECOND_NS })
}

fn book(text: &str) -> Option<Kind> {
    let (levels, speed) = text.split_once('@').unwrap_or((text, "1000ms"));
    let every_ns = match speed {
        "100ms" => TENTH_NS,
        "1000ms" => SECOND_NS,
        _ => return None,
    };
    match levels {
        "" => Some(Kind::Diff(every_ns)),
        "5" => Some(Kind::Partial(5, every_ns)),
        "10" => Some(Kind::Partial(10, every_ns)),
        "20" => Some(Kind::Partial(20, every_ns)),
        _ => None,
    }
}

fn kline(text: &str) -> Option<Kind> {
    let (interval, zone) = text.split_once('@').unwrap_or((text, ""));
    let zone_s = match zone {
        "" => 0,
        "+08:00" => bars::zone_s("+08:00").ok()?,
        _ => return None,
    };
    // An `@` with nothing behind it is no zone.
    if zone.is_empty() && text.contains('@') {
        return None;
    }
    Some(Kind::Kline(Kline { interval: Interval::parse(interval).ok()?, zone_s, text: interval.into() }))
}

impl Kline {
    /// How often its frames come.
    pub(super) fn every_ns(&self) -> u64 {
        if self.interval == Interval::Span(SECOND_NS) { SECOND_NS } else { 2 * SECOND_NS }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documented_names() {
        let one = |name: &'static str| match parse(name) {
            Some(Name::One("btcusdt", kind)) => kind,
            other => panic!("{name}: {other:?}"),
        };
        assert_eq!(one("btcusdt@depth"), Kind::Diff(SECOND_NS));
        assert_eq!(one("btcusdt@depth@100ms"), Kind::Diff(TENTH_NS));
        assert_eq!(one("btcusdt@depth5"), Kind::Partial(5, SECOND_NS));
        assert_eq!(one("btcusdt@depth20@100ms"), Kind::Partial(20, TENTH_NS));
        let Kind::Kline(bars) = one("btcusdt@kline_1d@+08:00") else { panic!("no bars") };
        assert_eq!((bars.zone_s, &*bars.text, bars.every_ns()), (28_800, "1d", 2 * SECOND_NS));
        assert_eq!(parse("!miniTicker@arr"), Some(Name::All(Array::MiniTicker)));
        assert!(matches!(parse("!ticker_4h@arr"), Some(Name::All(Array::Window(w))) if w.event == "4hTicker"));
    }

    #[test]
    fn what_is_no_stream() {
        for name in [
            "btcusdt",
            "btcusdt@",
            "x@depth7",
            "x@depth@50ms",
            "x@kline_7m",
            "x@kline_1m@",
            "x@aggtrade",
            "!ticker@arr",
        ] {
            assert_eq!(parse(name), None, "{name}");
        }
    }
}
