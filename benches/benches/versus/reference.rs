//! The reference of the decode benchmarks: simd-json with serde into a borrowing struct of exactly one frame type.

use crosstick_benches::frames::FrameKind;
use crosstick_feeds::decode::{Decoded, Decoder, SymbolTable, TimeUnit};
use crosstick_model::{InstrumentId, Quote, Scale, Tick, Trade, parse_fixed};
use serde::Deserialize;
use simd_json::Buffers;

pub const SCALE: Scale = Scale::DEFAULT;
/// 2024-08-08, the day of the recordings.
pub const RECV_NS: u64 = 1_723_161_255_032_123_456;

#[derive(Deserialize)]
pub struct Envelope<T> {
    pub data: T,
}

#[derive(Deserialize)]
pub struct TradeFrame<'a> {
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
pub struct AggTradeFrame<'a> {
    #[serde(rename = "E")]
    event_ms: u64,
    s: &'a str,
    a: u64,
    p: &'a str,
    q: &'a str,
    m: bool,
}

#[derive(Deserialize)]
pub struct QuoteFrame<'a> {
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
pub trait IntoTick {
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
pub struct Typed {
    pub buffers: Buffers,
    pub symbols: SymbolTable,
    pub kind: FrameKind,
    pub combined: bool,
}

impl Typed {
    pub fn decode(&mut self, frame: &mut [u8]) -> Option<Tick> {
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

/// sonic-rs with serde into the same struct; only `versus` puts it to work.
#[allow(dead_code)]
pub struct Sonic {
    pub symbols: SymbolTable,
    pub kind: FrameKind,
}

#[allow(dead_code)]
impl Sonic {
    /// The frame must have an envelope.
    pub fn decode(&mut self, frame: &[u8]) -> Option<Tick> {
        match self.kind {
            FrameKind::Trade => sonic_rs::from_slice::<Envelope<TradeFrame<'_>>>(frame).ok()?.data.tick(&self.symbols),
            FrameKind::AggTrade => {
                sonic_rs::from_slice::<Envelope<AggTradeFrame<'_>>>(frame).ok()?.data.tick(&self.symbols)
            }
            FrameKind::BookTicker => {
                sonic_rs::from_slice::<Envelope<QuoteFrame<'_>>>(frame).ok()?.data.tick(&self.symbols)
            }
        }
    }
}

/// The symbols' names, by first mention.
pub fn names(frames: &[Vec<u8>]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for frame in frames {
        let name = data(frame)["s"].as_str().expect("a symbol").to_owned();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// The symbols of the sample, numbered by first mention.
pub fn symbols(frames: &[Vec<u8>]) -> SymbolTable {
    let names = names(frames);
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
pub fn expected(frame: &[u8], kind: FrameKind) -> ([i64; 4], u64) {
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
pub fn verify(decoder: &mut Decoder, reference: &mut Typed, frames: &[Vec<u8>]) {
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
