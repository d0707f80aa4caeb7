//! Arbitrary bytes through both decoders: see README.md for what must hold.
#![no_main]

use std::cell::RefCell;

use crosstick_feeds::decode::{Decoded, Decoder, SymbolTable, TimeUnit};
use crosstick_model::{InstrumentId, Protocol, Scale, Tick};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

const RECV_NS: u64 = 1_723_161_255_032_123_456;
const SYMBOLS: [&str; 8] =
    ["BTCUSDT", "ETHUSDT", "BNBBTC", "BNBUSDT", "BTCUSD_PERP", "ETHUSD_PERP", "BTCUSD_200626", "LONG_SYMBOL_OF_OURS"];
const SCALES: [(u8, u8); 4] = [(8, 8), (2, 5), (0, 0), (12, 4)];
const GOOD: &[u8] = br#"{"e":"bookTicker","u":1,"s":"BTCUSDT","b":"1","B":"2","a":"3","A":"4"}"#;

thread_local! {
    /// Kept between runs, so that what one frame leaves behind would show in a later one.
    static DECODERS: RefCell<Vec<Decoder>> = RefCell::new(decoders());
}

fn decoders() -> Vec<Decoder> {
    let mut all = Vec::new();
    for (price, quantity) in SCALES {
        for protocol in Protocol::BINANCE {
            for unit in [TimeUnit::Milli, TimeUnit::Micro] {
                let scale = Scale::new(price, quantity).unwrap();
                let symbols = SYMBOLS.iter().enumerate().map(|(i, s)| (*s, InstrumentId(i as u16), scale));
                all.push(Decoder::new(protocol, unit, 0, SymbolTable::new(symbols).unwrap()));
            }
        }
    }
    all
}

fuzz_target!(|data: &[u8]| {
    let Some((selector, frame)) = data.split_first() else { return };
    DECODERS.with_borrow_mut(|decoders| {
        let index = usize::from(*selector) % decoders.len();
        check(&mut decoders[index], frame, SCALES[index / 6]);
    });
});

fn check(decoder: &mut Decoder, frame: &[u8], scale: (u8, u8)) {
    let fast = decoder.decode_fast_only(frame, RECV_NS);
    let mut ticks: Vec<Tick> = Vec::new();
    let slow = decoder.decode_slow_only(&mut frame.to_vec(), RECV_NS, &mut |tick| ticks.push(tick));
    let mut both: Vec<Tick> = Vec::new();
    let whole = decoder.decode(&mut frame.to_vec(), RECV_NS, &mut |tick| both.push(tick));
    assert_eq!(ticks, both);
    match (&whole, &slow) {
        (Decoded::Tick { fast: was_fast }, Decoded::Tick { fast: false }) => assert_eq!(*was_fast, fast.is_some()),
        _ => assert_eq!(whole, slow),
    }
    if let Some(tick) = fast {
        assert_eq!(ticks, [tick]);
    }
    if let [tick] = ticks[..] {
        independent(&tick, frame, scale);
    }
    let counters = decoder.counters();
    assert_eq!(counters.frames, counters.ticks() + counters.other + counters.refused_total());
    if matches!(slow, Decoded::Refused(_)) {
        assert!(ticks.is_empty());
        let mut after = Vec::new();
        let _ = decoder.decode_slow_only(&mut GOOD.to_vec(), RECV_NS, &mut |tick| after.push(tick));
        assert_eq!(after[0].venue_seq, 1);
    }
}

/// The numbers of a tick, read by serde_json and by moving the point in the text.
fn independent(tick: &Tick, frame: &[u8], scale: (u8, u8)) {
    let root: Value = match serde_json::from_slice(frame) {
        Ok(root) => root,
        // Both refuse what no float holds, but they round at the edge of that range differently.
        Err(error) if error.to_string().starts_with("number out of range") => return,
        Err(error) => panic!("a tick out of broken JSON: {error}"),
    };
    let enveloped = root.get("e").is_none() && root.get("stream").is_some() && root.get("data").is_some();
    let data = if enveloped { &root["data"] } else { &root };
    let names: &[(&str, u8)] = match tick.as_quote() {
        Some(_) => &[("b", scale.0), ("B", scale.1), ("a", scale.0), ("A", scale.1)],
        None => &[("p", scale.0), ("q", scale.1)],
    };
    for ((name, decimals), value) in names.iter().zip(tick.values) {
        assert_eq!(mantissa(data[name].as_str().unwrap(), usize::from(*decimals)), value);
    }
    assert_eq!(data["s"].as_str().unwrap(), SYMBOLS[tick.instrument.index()]);
}

fn mantissa(text: &str, decimals: usize) -> i64 {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let part = part.trim_end_matches('0');
    assert!(part.len() <= decimals);
    format!("{whole}{part:0<decimals$}").trim_start_matches('-').trim_start_matches('0').parse().unwrap_or(0)
}
