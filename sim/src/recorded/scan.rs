//! The first reading of a recording: whose it is, which streams it has, and what steps its numbers show.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

use crosstick_model::{Decimal, Kind, Protocol};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::line::{LineReader, RecordedFrame};
use crate::error::SimError;
use crate::instrument::SimInstrument;
use crate::rules::StreamKind;

/// Lines looked at before a file counts as nobody's.
const LOOK_LINES: u64 = 2_000;
/// Streams of one recording; more is no recording of a venue.
const STREAMS_MAX: usize = 65_536;
/// Quote assets by the end of a symbol, longer ones before those they end with.
const QUOTES: [&str; 20] = [
    "FDUSD", "USDT", "USDC", "BUSD", "TUSD", "USDP", "USD1", "DAI", "BTC", "ETH", "BNB", "EUR", "TRY", "BRL", "GBP",
    "JPY", "AUD", "ARS", "PLN", "USD",
];

/// What a recording consists of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scan {
    /// Whose frames they are.
    pub protocol: Protocol,
    /// Frames by stream.
    pub streams: BTreeMap<String, u64>,
    /// The instruments that were traded or quoted, steps as fine as the recorded numbers.
    pub instruments: Vec<SimInstrument>,
    /// Receive time of the first and the last frame, in ns since the epoch.
    pub recv_ns: (u64, u64),
    /// Lines that are no `receive-time frame`, or frames of no stream.
    pub unserved: u64,
}

/// The fields of a trade or a quote that show its venue and its steps.
#[derive(Deserialize)]
struct Fields<'a> {
    #[serde(borrow)]
    e: Option<Cow<'a, str>>,
    #[serde(borrow)]
    s: Option<Cow<'a, str>>,
    #[serde(borrow)]
    p: Option<Cow<'a, str>>,
    #[serde(borrow)]
    q: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "B")]
    bid_quantity: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "A")]
    ask_quantity: Option<Cow<'a, str>>,
    st: Option<u8>,
    #[serde(rename = "M")]
    ignored_flag: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct QuotePrices<'a> {
    #[serde(borrow)]
    b: Cow<'a, str>,
    #[serde(borrow)]
    a: Cow<'a, str>,
}

/// The fields of any other frame.
#[derive(Deserialize)]
struct Other<'a> {
    #[serde(borrow)]
    e: Option<Cow<'a, str>>,
    #[serde(borrow)]
    s: Option<Cow<'a, str>>,
    pu: Option<u64>,
}

#[derive(Default)]
struct Seen {
    price_decimals: u8,
    quantity_decimals: u8,
}

/// Reads a whole recording once.
///
/// # Errors
/// When it cannot be read, or none of its first frames is a known venue's.
pub fn scan(path: &Path) -> Result<Scan, SimError> {
    let file = |source| SimError::File { path: path.to_owned(), source };
    let mut reader = LineReader::open(path).map_err(file)?;
    let mut protocol = None;
    let mut streams: BTreeMap<String, u64> = BTreeMap::new();
    let mut seen: BTreeMap<String, Seen> = BTreeMap::new();
    let (mut first, mut last, mut looked, mut unserved) = (None, 0, 0, 0);
    while let Some(line) = reader.next_line().map_err(file)? {
        looked += 1;
        if protocol.is_none() && looked > LOOK_LINES {
            break;
        }
        let Some((line, frame)) = line.and_then(|l| Some((l, RecordedFrame::parse(l.frame)?))) else {
            unserved += 1;
            continue;
        };
        first.get_or_insert(line.recv_ns);
        last = last.max(line.recv_ns);
        if protocol.is_none() {
            protocol = recognise(&frame);
        }
        if let Some(count) = streams.get_mut(&*frame.stream) {
            *count += 1;
        } else if streams.len() < STREAMS_MAX {
            streams.insert(frame.stream.to_string(), 1);
        } else {
            return Err(SimError::Unrecognised { path: path.to_owned(), looked });
        }
        note_steps(&frame, &mut seen);
    }
    let protocol = protocol.ok_or_else(|| SimError::Unrecognised { path: path.to_owned(), looked })?;
    let instruments = seen.iter().map(|(symbol, seen)| instrument(protocol, symbol, seen)).collect();
    Ok(Scan { protocol, streams, instruments, recv_ns: (first.unwrap_or(0), last), unserved })
}

/// The venue that a frame is of, where it shows it.
fn recognise(frame: &RecordedFrame<'_>) -> Option<Protocol> {
    let kind = StreamKind::of(&frame.stream);
    let (symbol, spot) = if kind == StreamKind::Other {
        let other: Other<'_> = serde_json::from_str(frame.payload).ok()?;
        let spot = match other.e.as_deref()? {
            "depthUpdate" => other.pu.is_none(),
            "markPriceUpdate" | "forceOrder" => false,
            _ => return None,
        };
        (other.s?, spot)
    } else {
        let fields: Fields<'_> = serde_json::from_str(frame.payload).ok()?;
        match fields.st {
            Some(1) => return Some(Protocol::BinanceUsdm),
            Some(2) => return Some(Protocol::BinanceCoinm),
            _ => {}
        }
        // Spot alone has the meaningless M on trades, and quotes without an event type.
        let spot = match kind {
            StreamKind::BookTicker => fields.e.is_none(),
            _ => fields.ignored_flag.is_some(),
        };
        (fields.s?, spot)
    };
    // COIN-M symbols are BTCUSD_PERP or BTCUSD_240628; USD-M delivery contracts end in another asset.
    let coinm = symbol.split_once('_').is_some_and(|(pair, _)| pair.ends_with("USD"));
    Some(match (spot, coinm) {
        (true, _) => Protocol::BinanceSpot,
        (false, true) => Protocol::BinanceCoinm,
        (false, false) => Protocol::BinanceUsdm,
    })
}

fn note_steps(frame: &RecordedFrame<'_>, seen: &mut BTreeMap<String, Seen>) {
    let kind = StreamKind::of(&frame.stream);
    if kind == StreamKind::Other {
        return;
    }
    let Ok(fields) = serde_json::from_str::<Fields<'_>>(frame.payload) else { return };
    let Some(symbol) = fields.s else { return };
    if !seen.contains_key(&*symbol) {
        seen.insert(symbol.to_string(), Seen::default());
    }
    let Some(seen) = seen.get_mut(&*symbol) else { return };
    let most = |sofar: &mut u8, text: &str| *sofar = (*sofar).max(decimals_used(text));
    for quantity in [&fields.q, &fields.bid_quantity, &fields.ask_quantity].into_iter().flatten() {
        most(&mut seen.quantity_decimals, quantity);
    }
    if let Some(price) = &fields.p {
        most(&mut seen.price_decimals, price);
    }
    if kind == StreamKind::BookTicker
        && let Ok(prices) = serde_json::from_str::<QuotePrices<'_>>(frame.payload)
    {
        most(&mut seen.price_decimals, &prices.b);
        most(&mut seen.price_decimals, &prices.a);
    }
}

/// Decimals without the zeros at their end.
fn decimals_used(text: &str) -> u8 {
    let decimals = text.split_once('.').map_or(0, |(_, fraction)| fraction.trim_end_matches('0').len());
    u8::try_from(decimals).unwrap_or(u8::MAX).min(12)
}

fn instrument(protocol: Protocol, symbol: &str, seen: &Seen) -> SimInstrument {
    let price_step = Decimal::new(1, seen.price_decimals);
    let quantity_step = Decimal::new(1, seen.quantity_decimals);
    let pair = symbol.split('_').next().unwrap_or(symbol);
    let (base, quote) = split_pair(pair);
    match protocol {
        Protocol::BinanceSpot | Protocol::MexcSpot => {
            SimInstrument::spot(symbol, base, quote, price_step, quantity_step)
        }
        Protocol::BinanceUsdm => SimInstrument::linear(symbol, base, quote, price_step, quantity_step),
        Protocol::BinanceCoinm => {
            let size = Decimal::new(if base == "BTC" { 100 } else { 10 }, 0);
            SimInstrument { kind: Kind::Inverse, ..SimInstrument::inverse(symbol, base, quote, price_step, size) }
        }
    }
}

/// A symbol's base and quote, by the quote assets that are known; else the last three letters.
fn split_pair(pair: &str) -> (&str, &str) {
    let known = QUOTES.iter().find_map(|quote| pair.strip_suffix(quote).filter(|base| !base.is_empty()));
    match known {
        Some(base) => pair.split_at(base.len()),
        None => pair.split_at_checked(pair.len().saturating_sub(3)).unwrap_or((pair, "")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Option<Protocol> {
        recognise(&RecordedFrame::parse(text).expect("a frame"))
    }

    #[test]
    fn venues_are_known_by_their_frames() {
        let frame = |stream: &str, data: &str| of(&format!(r#"{{"stream":"{stream}","data":{data}}}"#));
        let spot = Some(Protocol::BinanceSpot);
        let usdm = Some(Protocol::BinanceUsdm);
        let coinm = Some(Protocol::BinanceCoinm);
        let trade = r#"{"e":"trade","E":1,"s":"BTCUSDT","t":1,"p":"1","q":"1","T":1,"m":true,"M":true}"#;
        assert_eq!(frame("btcusdt@trade", trade), spot);
        let trade = r#"{"e":"trade","E":1,"T":1,"s":"BTCUSDT","t":1,"p":"1","q":"1","X":"MARKET","m":true}"#;
        assert_eq!(frame("btcusdt@trade", trade), usdm);
        assert_eq!(frame("x@bookTicker", r#"{"u":1,"s":"BTCUSDT","b":"1","B":"1","a":"1","A":"1"}"#), spot);
        assert_eq!(frame("x@bookTicker", r#"{"e":"bookTicker","u":1,"s":"BTCUSDT_240628","b":"1","a":"1"}"#), usdm);
        assert_eq!(frame("x@bookTicker", r#"{"u":1,"e":"bookTicker","s":"BTCUSD_PERP","b":"1","a":"1"}"#), coinm);
        assert_eq!(frame("x@depth@0ms", r#"{"e":"depthUpdate","s":"BTCUSD_PERP","u":2,"pu":1,"b":[],"a":[]}"#), coinm);
        assert_eq!(frame("x@depth", r#"{"e":"depthUpdate","s":"BTCUSDT","u":2,"b":[],"a":[]}"#), spot);
        assert_eq!(frame("x@aggTrade", r#"{"e":"aggTrade","s":"ETHUSD_PERP","st":2}"#), coinm);
    }

    #[test]
    fn pairs_and_steps() {
        assert_eq!(split_pair("BTCUSDT"), ("BTC", "USDT"));
        assert_eq!(split_pair("BTCFDUSD"), ("BTC", "FDUSD"));
        assert_eq!(split_pair("BTCUSD"), ("BTC", "USD"));
        assert_eq!(split_pair("ETHBTC"), ("ETH", "BTC"));
        assert_eq!(split_pair("USDTTRY"), ("USDT", "TRY"));
        assert_eq!(split_pair("ABCXYZ"), ("ABC", "XYZ"));
        assert_eq!((decimals_used("28145.10"), decimals_used("5"), decimals_used("0.00100000")), (1, 0, 3));
    }
}
