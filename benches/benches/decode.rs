//! From a frame's text to a tick, by frame type.
//!
//! Topology: frames in memory → a receive buffer → decoder → tick.
//! Threads: one.
//! Unit: one frame.
//! Measures: `fast`: `Decoder::decode` on frames that its fast path takes; `slow`: the same frames by its simd-json
//! path alone; `simd_json_typed`: the reference, simd-json with serde into a borrowing struct of exactly this frame
//! type, its buffers reused, the symbol looked up and the decimals made mantissas as the decoders do; `copy`: what all
//! of them do first, copying the frame into a receive buffer as decryption would; it is part of every row.
//! Does not measure: TLS, WebSocket framing, sockets, refused frames, the choice of a frame's type for the reference
//! (it is told), or how a predictor fares on traffic mixed of several types. Frames are recorded ones where the machine
//! has them; else generated, else fixtures. Where there are fewer than 1024 (the run prints how many and of what
//! source), they are repeated, which flatters every row.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use crosstick_benches::frames::{FRAMES_MAX, FrameKind, Sample, sample};
use crosstick_feeds::decode::{Decoded, Decoder, SymbolTable, TimeUnit};
use crosstick_model::{InstrumentId, Protocol, Quote, Scale, Tick, Trade, parse_fixed};
use serde::Deserialize;
use simd_json::Buffers;

const SCALE: Scale = Scale::DEFAULT;
/// 2024-08-08, the day of the recordings.
const RECV_NS: u64 = 1_723_161_255_032_123_456;

#[derive(Deserialize)]
struct Envelope<T> {
    data: T,
}

#[derive(Deserialize)]
struct TradeFrame<'a> {
    #[serde(rename = "E")]
    event_ms: u64,
    s: &'a str,
    t: u64,
    p: &'a str,
    q: &'a str,
    m: bool,
    #[serde(rename = "X")]
    kind: Option<&'a str>,
}

#[derive(Deserialize)]
struct AggTradeFrame<'a> {
    #[serde(rename = "E")]
    event_ms: u64,
    s: &'a str,
    a: u64,
    p: &'a str,
    q: &'a str,
    m: bool,
}

#[derive(Deserialize)]
struct QuoteFrame<'a> {
    u: u64,
    s: &'a str,
    b: &'a str,
    #[serde(rename = "B")]
    bid_quantity: &'a str,
    a: &'a str,
    #[serde(rename = "A")]
    ask_quantity: &'a str,
    #[serde(rename = "E")]
    event_ms: Option<u64>,
}

/// What the reference makes ticks of.
trait IntoTick {
    fn tick(&self, symbols: &SymbolTable) -> Option<Tick>;
}

fn trade_tick(
    symbols: &SymbolTable,
    symbol: &str,
    id: u64,
    ms: u64,
    texts: [&str; 2],
    flags: [bool; 2],
) -> Option<Tick> {
    let known = symbols.get(symbol.as_bytes())?;
    let price = parse_fixed(texts[0].as_bytes(), known.scale.price_decimals).ok()?;
    let quantity = parse_fixed(texts[1].as_bytes(), known.scale.quantity_decimals).ok()?;
    let trade = Trade { price, quantity, taker_sold: flags[0], off_market: flags[1] };
    Some(Tick::trade(known.id, 0, trade, RECV_NS, id).at_exchange_us(TimeUnit::Milli.to_us(ms)?))
}

impl IntoTick for TradeFrame<'_> {
    fn tick(&self, symbols: &SymbolTable) -> Option<Tick> {
        let off_market = self.kind.is_some_and(|kind| kind != "MARKET");
        trade_tick(symbols, self.s, self.t, self.event_ms, [self.p, self.q], [self.m, off_market])
    }
}

impl IntoTick for AggTradeFrame<'_> {
    fn tick(&self, symbols: &SymbolTable) -> Option<Tick> {
        trade_tick(symbols, self.s, self.a, self.event_ms, [self.p, self.q], [self.m, false])
    }
}

impl IntoTick for QuoteFrame<'_> {
    fn tick(&self, symbols: &SymbolTable) -> Option<Tick> {
        let known = symbols.get(self.s.as_bytes())?;
        let price = |text: &str| parse_fixed(text.as_bytes(), known.scale.price_decimals).ok();
        let quantity = |text: &str| parse_fixed(text.as_bytes(), known.scale.quantity_decimals).ok();
        let quote = Quote {
            bid: price(self.b)?,
            bid_quantity: quantity(self.bid_quantity)?,
            ask: price(self.a)?,
            ask_quantity: quantity(self.ask_quantity)?,
        };
        let tick = Tick::quote(known.id, 0, quote, RECV_NS, self.u);
        match self.event_ms {
            None => Some(tick),
            Some(ms) => Some(tick.at_exchange_us(TimeUnit::Milli.to_us(ms)?)),
        }
    }
}

/// The reference decoder of one frame type.
struct Typed {
    buffers: Buffers,
    symbols: SymbolTable,
    kind: FrameKind,
    combined: bool,
}

impl Typed {
    fn decode(&mut self, frame: &mut [u8]) -> Option<Tick> {
        match self.kind {
            FrameKind::Trade => self.read::<TradeFrame<'_>>(frame),
            FrameKind::AggTrade => self.read::<AggTradeFrame<'_>>(frame),
            FrameKind::BookTicker => self.read::<QuoteFrame<'_>>(frame),
        }
    }

    #[inline]
    fn read<'f, T: Deserialize<'f> + IntoTick>(&mut self, frame: &'f mut [u8]) -> Option<Tick> {
        if self.combined {
            let read: Envelope<T> = simd_json::serde::from_slice_with_buffers(frame, &mut self.buffers).ok()?;
            read.data.tick(&self.symbols)
        } else {
            let read: T = simd_json::serde::from_slice_with_buffers(frame, &mut self.buffers).ok()?;
            read.tick(&self.symbols)
        }
    }
}

/// The symbols of the sample, by first mention.
fn symbols(frames: &[Vec<u8>]) -> SymbolTable {
    let mut names: Vec<String> = Vec::new();
    for frame in frames {
        let name = data(frame)["s"].as_str().expect("a symbol").to_owned();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let entries = names.iter().enumerate().map(|(i, name)| (name.as_str(), InstrumentId(i as u16), SCALE));
    SymbolTable::new(entries).expect("a table")
}

fn data(frame: &[u8]) -> serde_json::Value {
    let root: serde_json::Value = serde_json::from_slice(frame).expect("valid JSON");
    root.get("data").cloned().unwrap_or(root)
}

/// A decimal as a mantissa by moving its point in the text: shares no code with the decoders.
fn mantissa(text: &serde_json::Value) -> i64 {
    let text = text.as_str().expect("a decimal is text");
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    format!("{whole}{part:0<8}").parse().expect("at most eight decimals")
}

/// What serde_json and `mantissa` say that the tick's values and number are.
fn expected(frame: &[u8], kind: FrameKind) -> ([i64; 4], u64) {
    let data = data(frame);
    let values = match kind {
        FrameKind::Trade | FrameKind::AggTrade => [mantissa(&data["p"]), mantissa(&data["q"]), 0, 0],
        FrameKind::BookTicker => ["b", "B", "a", "A"].map(|key| mantissa(&data[key])),
    };
    let id = match kind {
        FrameKind::Trade => &data["t"],
        FrameKind::AggTrade => &data["a"],
        FrameKind::BookTicker => &data["u"],
    };
    (values, id.as_u64().expect("a number"))
}

/// Both paths and the reference make the same tick of every frame, and it is the one that the text says.
fn verify(decoder: &mut Decoder, reference: &mut Typed, frames: &[Vec<u8>]) {
    for frame in frames {
        let text = String::from_utf8_lossy(frame);
        let mut ticks = Vec::new();
        let fast = decoder.decode(&mut frame.clone(), RECV_NS, &mut |tick| ticks.push(tick));
        assert_eq!(fast, Decoded::Tick { fast: true }, "{text}");
        let slow = decoder.decode_slow_only(&mut frame.clone(), RECV_NS, &mut |tick| ticks.push(tick));
        assert_eq!(slow, Decoded::Tick { fast: false }, "{text}");
        ticks.extend(reference.decode(&mut frame.clone()));
        let [fast, slow, typed] = ticks.as_slice() else { panic!("three ticks of {text}") };
        assert_eq!((fast, slow), (slow, typed), "{text}");
        assert_eq!((fast.values, fast.venue_seq), expected(frame, reference.kind), "{text}");
    }
}

fn frame_type(c: &mut Criterion, name: &str, protocol: Protocol, kind: FrameKind, sample: &Sample, combined: bool) {
    // A few frames are repeated, so that a sweep is long everywhere.
    let frames: Vec<Vec<u8>> = sample.frames.iter().cycle().take(FRAMES_MAX).cloned().collect();
    let mut decoder = Decoder::new(protocol, TimeUnit::Milli, 0, symbols(&frames));
    let mut typed = Typed { buffers: Buffers::new(1024), symbols: symbols(&frames), kind, combined };
    verify(&mut decoder, &mut typed, &frames);
    let bytes: usize = frames.iter().map(Vec::len).sum();
    println!("{name}: {} {} frames, {} bytes on average", sample.frames.len(), sample.source, bytes / frames.len());

    let mut buffer = Vec::with_capacity(4096);
    let mut group = c.benchmark_group(format!("decode/{name}"));
    group.throughput(Throughput::Elements(frames.len() as u64));
    let mut row = |row: &str, decode: &mut dyn FnMut(&mut [u8])| {
        group.bench_function(row, |b| {
            b.iter(|| {
                for frame in &frames {
                    buffer.clear();
                    buffer.extend_from_slice(frame);
                    decode(black_box(&mut buffer));
                }
            });
        });
    };
    row("fast", &mut |frame| {
        let _ = black_box(decoder.decode(frame, RECV_NS, &mut |tick| {
            black_box(tick);
        }));
    });
    row("slow", &mut |frame| {
        let _ = black_box(decoder.decode_slow_only(frame, RECV_NS, &mut |tick| {
            black_box(tick);
        }));
    });
    row("simd_json_typed", &mut |frame| {
        black_box(typed.decode(frame));
    });
    row("copy", &mut |frame| {
        black_box(frame);
    });
    group.finish();
}

fn decode(c: &mut Criterion) {
    for kind in [FrameKind::Trade, FrameKind::BookTicker] {
        let combined = sample(Protocol::BinanceSpot, kind);
        let stream = kind.stream();
        let spot = Protocol::BinanceSpot;
        frame_type(c, &format!("spot/{stream}-raw"), spot, kind, &combined.raw(), false);
        frame_type(c, &format!("spot/{stream}"), spot, kind, &combined, true);
    }
    for (venue, protocol) in [("usdm", Protocol::BinanceUsdm), ("coinm", Protocol::BinanceCoinm)] {
        for kind in [FrameKind::Trade, FrameKind::AggTrade, FrameKind::BookTicker] {
            frame_type(c, &format!("{venue}/{}", kind.stream()), protocol, kind, &sample(protocol, kind), true);
        }
    }
}

criterion_group! {
    name = benches;
    config = crosstick_benches::short().measurement_time(std::time::Duration::from_millis(500));
    targets = decode
}
criterion_main!(benches);
