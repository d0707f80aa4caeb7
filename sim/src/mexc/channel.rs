//! Names of streams, and what clients ask of them while they are connected.

use serde_json::Value;

use super::user_data::{ACCOUNT, DEALS, ORDERS};
use crate::binance::spot::bars::Interval;
use crate::rules::SECOND_NS;

const MS: u64 = 1_000_000;
/// How often limit depths and batches are looked at.
const TENTH_NS: u64 = 100 * MS;
/// Longest name taken, in bytes.
const NAME_MAX: usize = 128;
/// Most names of one request that are read.
const NAMES_MAX: usize = 256;
/// Names of intervals here and as bars are named inside.
const INTERVALS: [(&str, &str); 10] = [
    ("Min1", "1m"),
    ("Min5", "5m"),
    ("Min15", "15m"),
    ("Min30", "30m"),
    ("Min60", "1h"),
    ("Hour4", "4h"),
    ("Hour8", "8h"),
    ("Day1", "1d"),
    ("Week1", "1w"),
    ("Month1", "1M"),
];

/// What one instrument's stream carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Deals,
    Best,
    /// Changed levels.
    Diff,
    /// So many levels a side.
    Limit(usize),
    Batch,
    Kline(Interval, &'static str),
}

/// A stream of one instrument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Channel<'a> {
    pub(crate) symbol: &'a str,
    pub(crate) kind: Kind,
    /// How often it is looked at.
    pub(crate) every_ns: u64,
}

fn period(text: &str) -> Option<u64> {
    match text {
        "10ms" => Some(10 * MS),
        "100ms" => Some(100 * MS),
        _ => None,
    }
}

/// The public stream of a name; `None`: there is no such stream.
pub(crate) fn parse(name: &str) -> Option<Channel<'_>> {
    let (what, rest) = name.strip_prefix("spot@public.")?.split_once('@')?;
    let aggregated = |kind: Kind| {
        let (speed, symbol) = rest.split_once('@')?;
        Some(Channel { symbol, kind, every_ns: period(speed)? })
    };
    match what {
        "aggre.deals.v3.api.pb" => aggregated(Kind::Deals),
        "aggre.bookTicker.v3.api.pb" => aggregated(Kind::Best),
        "aggre.depth.v3.api.pb" => aggregated(Kind::Diff),
        "bookTicker.batch.v3.api.pb" => Some(Channel { symbol: rest, kind: Kind::Batch, every_ns: TENTH_NS }),
        "limit.depth.v3.api.pb" => {
            let (symbol, levels) = rest.split_once('@')?;
            let levels = match levels {
                "5" => 5,
                "10" => 10,
                "20" => 20,
                _ => return None,
            };
            Some(Channel { symbol, kind: Kind::Limit(levels), every_ns: TENTH_NS })
        }
        "kline.v3.api.pb" => {
            let (symbol, interval) = rest.split_once('@')?;
            let (name, inside) = INTERVALS.iter().find(|(name, _)| *name == interval)?;
            let interval = Interval::parse(inside).ok()?;
            Some(Channel { symbol, kind: Kind::Kline(interval, name), every_ns: SECOND_NS })
        }
        _ => None,
    }
}

/// Whether a name is that of an account's stream.
pub(crate) fn is_private(name: &str) -> bool {
    [ACCOUNT, DEALS, ORDERS].contains(&name)
}

/// What a client asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ask {
    Subscribe(Vec<String>),
    Unsubscribe(Vec<String>),
    Ping,
    /// Nothing that there is.
    Unknown,
}

/// Reads a text message: its id (0 where it has none) and what it asks for. `None`: it is no JSON object.
pub(crate) fn read(text: &[u8]) -> Option<(u64, Ask)> {
    let Ok(Value::Object(object)) = serde_json::from_slice(text) else { return None };
    let id = object.get("id").and_then(Value::as_u64).unwrap_or(0);
    let method = object.get("method").and_then(Value::as_str).unwrap_or_default();
    let names = || -> Option<Vec<String>> {
        let list = object.get("params")?.as_array().filter(|list| list.len() <= NAMES_MAX)?;
        list.iter().map(|n| n.as_str().filter(|n| n.len() <= NAME_MAX).map(str::to_owned)).collect()
    };
    let ask = match method.to_ascii_uppercase().as_str() {
        "PING" => Ask::Ping,
        "SUBSCRIPTION" => names().map_or(Ask::Unknown, Ask::Subscribe),
        "UNSUBSCRIPTION" => names().map_or(Ask::Unknown, Ask::Unsubscribe),
        _ => Ask::Unknown,
    };
    Some((id, ask))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documented_names() {
        let of = |name| parse(name).map(|c| (c.symbol, c.kind, c.every_ns / MS));
        assert_eq!(of("spot@public.aggre.deals.v3.api.pb@100ms@BTCUSDT"), Some(("BTCUSDT", Kind::Deals, 100)));
        assert_eq!(of("spot@public.aggre.bookTicker.v3.api.pb@10ms@BTCUSDT"), Some(("BTCUSDT", Kind::Best, 10)));
        assert_eq!(of("spot@public.aggre.depth.v3.api.pb@100ms@BTCUSDT"), Some(("BTCUSDT", Kind::Diff, 100)));
        assert_eq!(of("spot@public.limit.depth.v3.api.pb@BTCUSDT@20"), Some(("BTCUSDT", Kind::Limit(20), 100)));
        assert_eq!(of("spot@public.bookTicker.batch.v3.api.pb@BTCUSDT"), Some(("BTCUSDT", Kind::Batch, 100)));
        let kline = of("spot@public.kline.v3.api.pb@BTCUSDT@Hour4").expect("a stream");
        assert!(matches!(kline, ("BTCUSDT", Kind::Kline(_, "Hour4"), 1_000)));
        for name in [
            "spot@public.deals.v3.api.pb@BTCUSDT",
            "spot@public.aggre.deals.v3.api.pb@BTCUSDT",
            "spot@public.aggre.deals.v3.api.pb@50ms@BTCUSDT",
            "spot@public.limit.depth.v3.api.pb@BTCUSDT@7",
            "spot@public.kline.v3.api.pb@BTCUSDT@1m",
            "btcusdt@trade",
        ] {
            assert_eq!(parse(name), None, "{name}");
        }
    }

    #[test]
    fn requests_with_and_without_an_id() {
        assert_eq!(read(br#"{"method":"PING"}"#), Some((0, Ask::Ping)));
        assert_eq!(read(br#"{"method":"ping","id":7}"#), Some((7, Ask::Ping)));
        let subscribed = read(br#"{"method":"SUBSCRIPTION","params":["a","b"]}"#);
        assert_eq!(subscribed, Some((0, Ask::Subscribe(vec!["a".to_owned(), "b".to_owned()]))));
        for wrong in [&br#"{"method":"SUBSCRIPTION"}"#[..], br#"{"method":"SUBSCRIBE","params":["a"]}"#, b"{}"] {
            assert_eq!(read(wrong), Some((0, Ask::Unknown)));
        }
        assert_eq!(read(b"ping"), None);
        assert_eq!(read(&[0xff, 0xfe]), None);
    }
}
