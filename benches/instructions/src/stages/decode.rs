//! From a frame's text to a tick, where it lies. Texts are made here, in the layouts that the venues send; every
//! number in them changes from frame to frame, in length too.

use std::hint::black_box;

use crosstick_feeds::decode::{Decoded, Decoder, SymbolTable, TimeUnit};
use crosstick_model::{InstrumentId, Protocol, Scale, Tick};

use super::Stage;

const FRAMES: u64 = 256;
const RECV_NS: u64 = 1_723_161_255_032_123_456;

/// A kind of frame: who sends it, its text, and the first two values of its tick at eight decimals.
#[derive(Clone, Copy)]
pub struct Layout {
    protocol: Protocol,
    text: fn(&Numbers) -> String,
    quote: bool,
}

/// What a frame tells.
struct Numbers {
    id: u64,
    symbol: &'static str,
    /// Price and quantity; a quote's bid.
    first: [i64; 2],
    /// A quote's ask.
    second: [i64; 2],
    sold: bool,
}

const SYMBOLS: [&str; 2] = ["BTCUSDT", "ETHUSDT"];

/// Spot trades of a combined connection.
pub const SPOT_TRADE: Layout = Layout {
    protocol: Protocol::BinanceSpot,
    quote: false,
    text: |n| {
        let ([p, q], stream) = (n.first.map(decimal), n.symbol.to_lowercase());
        format!(
            r#"{{"stream":"{stream}@trade","data":{{"e":"trade","E":1723161255032,"s":"{}","t":{},"p":"{p}","q":"{q}","T":1723161255031,"m":{},"M":true}}}}"#,
            n.symbol, n.id, n.sold
        )
    },
};

/// Spot quotes of a combined connection.
pub const SPOT_QUOTE: Layout = Layout {
    protocol: Protocol::BinanceSpot,
    quote: true,
    text: |n| {
        let ([b, bq], [a, aq]) = (n.first.map(decimal), n.second.map(decimal));
        let stream = n.symbol.to_lowercase();
        format!(
            r#"{{"stream":"{stream}@bookTicker","data":{{"u":{},"s":"{}","b":"{b}","B":"{bq}","a":"{a}","A":"{aq}"}}}}"#,
            n.id, n.symbol
        )
    },
};

/// USD-M aggregated trades.
pub const USDM_TRADE: Layout = Layout {
    protocol: Protocol::BinanceUsdm,
    quote: false,
    text: |n| {
        let ([p, q], stream) = (n.first.map(short), n.symbol.to_lowercase());
        format!(
            r#"{{"stream":"{stream}@aggTrade","data":{{"e":"aggTrade","E":1723161255032,"a":{},"s":"{}","p":"{p}","q":"{q}","f":5261000000,"l":5261000003,"T":1723161254900,"m":{}}}}}"#,
            n.id, n.symbol, n.sold
        )
    },
};

/// USD-M quotes.
pub const USDM_QUOTE: Layout = Layout {
    protocol: Protocol::BinanceUsdm,
    quote: true,
    text: |n| {
        let ([b, bq], [a, aq]) = (n.first.map(short), n.second.map(short));
        let stream = n.symbol.to_lowercase();
        format!(
            r#"{{"stream":"{stream}@bookTicker","data":{{"e":"bookTicker","u":{},"s":"{}","b":"{b}","B":"{bq}","a":"{a}","A":"{aq}","T":1723161254900,"E":1723161255032}}}}"#,
            n.id, n.symbol
        )
    },
};

/// All eight decimals, as spot writes them.
fn decimal(mantissa: i64) -> String {
    format!("{}.{:08}", mantissa / 100_000_000, mantissa % 100_000_000)
}

/// As few decimals as it takes, as futures write them.
fn short(mantissa: i64) -> String {
    decimal(mantissa).trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn numbers(n: u64) -> Numbers {
    let price = 6_000_000_000_000 + (n as i64 * 7_919 % 10_007) * 1_000_000;
    let quantity = |step: i64| (1 + (n as i64 * step) % 997) * 10_i64.pow(3 + (n % 4) as u32);
    let symbol = SYMBOLS[(n % 3 == 2) as usize];
    let (first, second) = ([price, quantity(31)], [price + 1_000_000, quantity(47)]);
    Numbers { id: 3_724_000_000 + n, symbol, first, second, sold: n.is_multiple_of(2) }
}

fn decoder(layout: Layout) -> Decoder {
    let entries = SYMBOLS.iter().enumerate().map(|(i, name)| (*name, InstrumentId(i as u16), Scale::DEFAULT));
    let symbols = SymbolTable::new(entries).expect("a table");
    Decoder::new(layout.protocol, TimeUnit::Milli, 0, symbols)
}

type Path = fn(&mut Decoder, &mut [u8], &mut dyn FnMut(Tick)) -> Decoded;

fn stage(layout: Layout, path: Path, fast: bool) -> Stage {
    let texts: Vec<Vec<u8>> = (0..FRAMES).map(|n| (layout.text)(&numbers(n)).into_bytes()).collect();
    let mut decoder = decoder(layout);
    for (n, text) in texts.iter().enumerate() {
        let (mut ticks, said) = (Vec::new(), numbers(n as u64));
        let decoded = path(&mut decoder, &mut text.clone(), &mut |tick| ticks.push(tick));
        assert_eq!(decoded, Decoded::Tick { fast }, "{}", String::from_utf8_lossy(text));
        let ([p, q], [a, aq]) = (said.first, if layout.quote { said.second } else { [0, 0] });
        assert_eq!((ticks.len(), ticks[0].values, ticks[0].venue_seq), (1, [p, q, a, aq], said.id));
    }
    let mut frames = texts;
    let ids = (0..FRAMES).fold(0, |ids, n| ids ^ numbers(n).id);
    Stage::new(FRAMES, ids, move || {
        let mut sum = 0_u64;
        for frame in &mut frames {
            let _ = black_box(path(&mut decoder, black_box(frame), &mut |tick| sum ^= black_box(tick).venue_seq));
        }
        sum
    })
}

/// As the reader decodes: all of them by the fast path.
pub fn fast(layout: Layout) -> Stage {
    stage(layout, |decoder, frame, take| decoder.decode(frame, RECV_NS, &mut |tick| take(tick)), true)
}

/// The same frames by the simd-json path alone.
pub fn slow(layout: Layout) -> Stage {
    stage(layout, |decoder, frame, take| decoder.decode_slow_only(frame, RECV_NS, &mut |tick| take(tick)), false)
}
