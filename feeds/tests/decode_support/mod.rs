//! What the decoder tests share: fixtures, symbol tables, recordings, and an independent reading by serde_json.
#![allow(dead_code, missing_docs)] // each test binary uses a part

use std::path::{Path, PathBuf};

use crosstick_feeds::decode::{Decoded, Decoder, SymbolTable, TimeUnit};
use crosstick_model::{InstrumentId, Protocol, Quote, Scale, Tick, TickKind, Trade};
use serde_json::Value;

/// A receive time in the year of most fixtures: 2024-08-08.
pub const RECV_NS: u64 = 1_723_161_255_032_123_456;

pub const SCALE: Scale = Scale { price_decimals: 8, quantity_decimals: 8 };

pub fn fixture_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// Lines of a fixture file, split at tabs.
pub fn fixture(file: &str) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(fixture_dir().join(file)).expect("a fixture that ships with the crate");
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| line.split('\t').map(str::to_owned).collect()).collect()
}

/// Name and text of every frame that must be a tick, with its protocol.
pub fn tick_fixtures() -> Vec<(Protocol, String, String)> {
    let mut all = Vec::new();
    for protocol in Protocol::BINANCE {
        for line in fixture(&format!("{protocol}.txt")) {
            all.push((protocol, line[0].clone(), line[1].clone()));
        }
    }
    all
}

/// A decoder that takes every symbol, at one scale.
pub fn discovering(protocol: Protocol, unit: TimeUnit, scale: Scale) -> Decoder {
    let mut next = 0;
    let table = SymbolTable::default().discover(move |_| {
        next += 1;
        Some((InstrumentId(next - 1), scale))
    });
    Decoder::new(protocol, unit, 0, table)
}

/// A decoder of a few symbols, ids in order.
pub fn knowing(protocol: Protocol, scale: Scale, symbols: &[&str]) -> Decoder {
    let entries = symbols.iter().enumerate().map(|(i, s)| (*s, InstrumentId(i as u16), scale));
    Decoder::new(protocol, TimeUnit::Milli, 0, SymbolTable::new(entries).expect("a table"))
}

/// The symbols of the fixtures.
pub const SYMBOLS: [&str; 8] =
    ["BTCUSDT", "BNBBTC", "BNBUSDT", "PEPEUSDT", "XMRUSDT", "YFIUSDT", "BTCUSD_PERP", "BTCUSD_200626"];

/// Decodes with both paths, and says what happened and which ticks came.
pub fn decode(decoder: &mut Decoder, frame: &[u8]) -> (Decoded, Vec<Tick>) {
    let mut ticks = Vec::new();
    let mut scratch = frame.to_vec();
    let decoded = decoder.decode(&mut scratch, RECV_NS, &mut |tick| ticks.push(tick));
    (decoded, ticks)
}

/// Decodes with the slow path alone.
pub fn decode_slow(decoder: &mut Decoder, frame: &[u8]) -> (Decoded, Vec<Tick>) {
    let mut ticks = Vec::new();
    let mut scratch = frame.to_vec();
    let decoded = decoder.decode_slow_only(&mut scratch, RECV_NS, &mut |tick| ticks.push(tick));
    (decoded, ticks)
}

/// Text to mantissa by moving the point in the text: no code shared with the decoder.
pub fn mantissa(text: &str, decimals: usize) -> i64 {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let part = part.trim_end_matches('0');
    assert!(part.len() <= decimals, "{text} is exact at {decimals} decimals");
    format!("{whole}{part:0<decimals$}").parse().expect("a mantissa")
}

/// What a tick frame says, read by serde_json and by hand. `None` for frames that are no tick.
pub fn independent(text: &str, scale: Scale, unit_us: i64, id_of: impl Fn(&str) -> u16) -> Option<Tick> {
    let root: Value = serde_json::from_str(text).expect("valid JSON");
    let data = root.get("data").unwrap_or(&root);
    let event = data.get("e").map(|e| e.as_str().unwrap());
    let text_of = |key: &str| data[key].as_str().unwrap_or_else(|| panic!("{key} in {text}"));
    let price = |key: &str| mantissa(text_of(key), scale.price_decimals.into());
    let quantity = |key: &str| mantissa(text_of(key), scale.quantity_decimals.into());
    let mut tick = match event {
        Some("trade" | "aggTrade") => {
            let id = &data[if event == Some("trade") { "t" } else { "a" }];
            let trade = Trade {
                price: price("p"),
                quantity: quantity("q"),
                taker_sold: data["m"].as_bool().unwrap(),
                off_market: data.get("X").is_some_and(|x| x != "MARKET"),
            };
            Tick::trade(InstrumentId(id_of(text_of("s"))), 0, trade, RECV_NS, id.as_u64().unwrap())
        }
        Some("bookTicker") | None if data.get("A").is_some() => {
            let quote =
                Quote { bid: price("b"), bid_quantity: quantity("B"), ask: price("a"), ask_quantity: quantity("A") };
            let id = data["u"].as_u64().unwrap();
            Tick::quote(InstrumentId(id_of(text_of("s"))), 0, quote, RECV_NS, id)
        }
        _ => return None,
    };
    if let Some(time) = data.get("E") {
        let late_ns = i128::from(time.as_i64().unwrap()) * i128::from(unit_us) * 1000 - i128::from(RECV_NS);
        let floor = late_ns.div_euclid(1000);
        tick.exchange_offset_us = floor.clamp(i128::from(i32::MIN) + 1, i128::from(i32::MAX)) as i32;
    }
    Some(tick)
}

/// The folder of recordings, if this machine has it.
pub fn recordings() -> Option<PathBuf> {
    let named = std::env::var_os("CROSSTICK_DATA").map(PathBuf::from);
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    named.into_iter().chain([beside]).find(|dir| dir.is_dir())
}

/// The received frames of a recording: `time frame`, or `time: frame` among other lines.
pub fn recorded_frames(path: &Path) -> Vec<String> {
    let bytes = std::fs::read(path).expect("a recording");
    let text = String::from_utf8(zstd::decode_all(&*bytes).expect("zstd")).expect("UTF-8");
    let received = text.lines().filter_map(|line| {
        let (time, frame) = line.split_once(' ')?;
        let time = time.strip_suffix(':').unwrap_or(time);
        let is_time = time.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        (is_time && frame.starts_with(['{', '['])).then(|| frame.to_owned())
    });
    received.collect()
}

/// All recordings of one protocol's WebSocket frames.
pub fn recorded_files(root: &Path, protocol: Protocol) -> Vec<PathBuf> {
    let (folder, prefixes): (&str, &[&str]) = match protocol {
        Protocol::BinanceSpot => ("spot", &["BINANCE-", "BINANCE.ws", "BINANCE_US.ws", "BINANCE_TR.ws"]),
        Protocol::BinanceUsdm => ("usdm", &["BINANCE_FUTURES-", "BINANCE_FUTURES.ws"]),
        Protocol::BinanceCoinm => ("cm", &["BINANCE_DELIVERY.ws"]),
        Protocol::MexcSpot => panic!("nothing decodes it yet"),
    };
    let list = |dir: PathBuf| -> Vec<PathBuf> {
        let entries = std::fs::read_dir(dir).into_iter().flatten();
        entries.filter_map(|e| e.ok().map(|e| e.path())).collect()
    };
    let mut files = list(root.join("hftbacktest").join(folder));
    files.extend(list(root.join("cryptofeed")).into_iter().filter(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        prefixes.iter().any(|prefix| name.starts_with(prefix))
    }));
    if protocol == Protocol::BinanceUsdm {
        files.extend(list(root.join("collect-binancefutures")));
    }
    files.sort();
    files
}

/// `trade` or `quote`, for messages.
pub fn kind(tick: &Tick) -> &'static str {
    match tick.kind {
        TickKind::Trade => "trade",
        TickKind::Quote => "quote",
        TickKind::Line => "line",
    }
}
