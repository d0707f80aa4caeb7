//! From a text message to a tick.
//!
//! **Thread:** the reader thread of the line (or the one thread of a replay). **Hot:** everything on the way of a
//! tick; control messages, refusals and discovered symbols are cold. **Deliberately absent:** sockets, clocks
//! (the receive time is an argument), prices kept from one message to the next.
//!
//! Two decoders stand behind one door. The *fast* one knows the layouts that the venue sends today, checks every byte,
//! leaves the frame as it is, and gives up on the first surprise; a frame like one before it is compared with that as a
//! whole, any other is read field by field. The *slow* one is simd-json: any valid JSON, any order of fields, unknown
//! fields, escapes. It rewrites its input in place, so a frame must be kept (recorded, journalled) before it is
//! decoded. What the fast one accepts, the slow one reads identically: tests, a differential property and a fuzz target
//! say so.
//!
//! Where JSON leaves a choice: of two fields with the same name the last one counts. A field that is documented and
//! used must have its documented type; an unknown field may hold anything. A frame with `e` is an event even if
//! it also looks like an answer.

pub mod binance;
mod control;
mod counters;
mod refusal;
mod sequence;
mod symbols;

pub use binance::recognise::{Recognised, recognise};
pub use control::{Control, MAX_MESSAGE_BYTES, MAX_NAME_BYTES, MAX_STREAMS, RequestId};
pub use counters::FeedCounters;
use crosstick_model::{Line, Protocol, Tick, TickKind};
pub use refusal::{Reason, Refusal};
pub use sequence::{Seen, SequenceCounters, SequenceTracker};
pub use symbols::{Known, MAX_SYMBOL_BYTES, MAX_SYMBOLS, Register, SymbolError, SymbolTable};

/// Longest frame that is decoded. The longest stream frame recorded is 35 kB, the longest snapshot line 64 kB.
pub const MAX_FRAME_BYTES: usize = 1 << 20;
/// Deepest nesting that is decoded: control answers and books nest four deep, serde_json's own limit is this too.
pub const MAX_DEPTH: usize = 128;

/// What a venue's time fields count in. Known from our own URL, never guessed from a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TimeUnit {
    /// Milliseconds: 13 digits.
    Milli,
    /// Microseconds: 16 digits.
    Micro,
}

impl TimeUnit {
    /// A venue time in µs since the epoch; `None` unless it has this unit's number of digits.
    #[inline(always)]
    #[must_use]
    pub const fn to_us(self, time: u64) -> Option<i64> {
        let (low, factor) = match self {
            Self::Milli => (1_000_000_000_000, 1000),
            Self::Micro => (1_000_000_000_000_000, 1),
        };
        if time >= low && time < low * 10 { Some((time * factor) as i64) } else { None }
    }
}

/// What became of a frame.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum Decoded {
    /// One tick, which the sink has taken.
    Tick {
        /// Whether the fast path read it.
        fast: bool,
    },
    /// A good frame that carries no tick: depth, snapshot, mark price, candle.
    Other,
    /// The venue about the connection.
    Control(Control),
    /// Nothing that could be used. The decoder is as if the frame had never come.
    Refused(Refusal),
}

/// What both decoders must know about the connection.
#[derive(Debug, Clone, Copy)]
struct Context {
    protocol: Protocol,
    unit: TimeUnit,
    line: Line,
}

/// Decodes the text messages of one connection.
///
/// Allocates at construction only: later for control messages, newly discovered symbols, and frames of more
/// than 8 KiB that need the slow path (books), never for ticks.
#[derive(Debug)]
pub struct Decoder {
    context: Context,
    symbols: SymbolTable,
    counters: FeedCounters,
    layouts: binance::learnt::Layouts,
    slow: binance::slow::SlowDecoder,
}

impl Decoder {
    /// A decoder for a connection that speaks `protocol` and counts time in `unit`; ticks are marked as `line`'s.
    #[must_use]
    pub fn new(protocol: Protocol, unit: TimeUnit, line: Line, symbols: SymbolTable) -> Self {
        Self {
            context: Context { protocol, unit, line },
            layouts: binance::learnt::Layouts::new(symbols.len()),
            symbols,
            counters: FeedCounters::default(),
            slow: binance::slow::SlowDecoder::new(),
        }
    }

    /// Decodes one message, received at `recv_ns` (ns since the epoch). The frame's bytes are scratch afterwards.
    #[inline]
    pub fn decode(&mut self, frame: &mut [u8], recv_ns: u64, sink: &mut impl FnMut(Tick)) -> Decoded {
        self.counters.frames += 1;
        self.counters.bytes += frame.len() as u64;
        match self.fast(frame, recv_ns) {
            Some(tick) => {
                self.counters.fast_path += 1;
                self.count_tick(&tick);
                sink(tick);
                Decoded::Tick { fast: true }
            }
            None => match self.slow.decode(frame, recv_ns, &self.context, &mut self.symbols) {
                Ok(message) => self.deliver(message, sink),
                Err(refusal) => {
                    self.counters.count_refused(refusal.reason);
                    Decoded::Refused(refusal)
                }
            },
        }
    }

    /// What either of the fast ways makes of a frame: the layouts learnt, else the ordered pass.
    #[inline(always)]
    fn fast(&mut self, frame: &[u8], recv_ns: u64) -> Option<Tick> {
        let unit = self.context.unit;
        if let Some(tick) = self.layouts.decode(frame, recv_ns, unit) {
            return Some(tick);
        }
        let tick = binance::fast::decode(frame, recv_ns, &self.context, &mut self.symbols)?;
        self.layouts.learn(frame, &tick, unit, &self.symbols);
        Some(tick)
    }

    fn deliver(&mut self, message: binance::slow::Message, sink: &mut impl FnMut(Tick)) -> Decoded {
        match message {
            binance::slow::Message::Tick(tick) => {
                self.count_tick(&tick);
                sink(tick);
                Decoded::Tick { fast: false }
            }
            binance::slow::Message::Other => {
                self.counters.other += 1;
                Decoded::Other
            }
            binance::slow::Message::Control(control) => {
                self.counters.other += 1;
                Decoded::Control(control)
            }
        }
    }

    #[inline(always)]
    fn count_tick(&mut self, tick: &Tick) {
        match tick.kind {
            TickKind::Trade => self.counters.trades += 1,
            TickKind::Quote => self.counters.quotes += 1,
            // Made by the transport, never by a decoder.
            TickKind::Line => {}
        }
    }

    /// What it counted so far.
    #[must_use]
    pub const fn counters(&self) -> &FeedCounters {
        &self.counters
    }

    /// For the transport, which refuses frames of its own.
    pub const fn counters_mut(&mut self) -> &mut FeedCounters {
        &mut self.counters
    }

    /// The symbols it knows.
    #[must_use]
    pub const fn symbols(&self) -> &SymbolTable {
        &self.symbols
    }

    /// What it speaks.
    #[must_use]
    pub const fn protocol(&self) -> Protocol {
        self.context.protocol
    }

    /// What its venue's time fields count in.
    #[must_use]
    pub const fn time_unit(&self) -> TimeUnit {
        self.context.unit
    }

    /// The line that its ticks are marked with.
    #[must_use]
    pub const fn line(&self) -> Line {
        self.context.line
    }

    /// The fast path alone, uncounted: for differential tests.
    #[doc(hidden)]
    #[must_use]
    pub fn decode_fast_only(&mut self, frame: &[u8], recv_ns: u64) -> Option<Tick> {
        self.fast(frame, recv_ns)
    }

    /// The ordered pass alone, uncounted, which learns nothing: for differential tests.
    #[doc(hidden)]
    #[must_use]
    pub fn decode_ordered_only(&mut self, frame: &[u8], recv_ns: u64) -> Option<Tick> {
        binance::fast::decode(frame, recv_ns, &self.context, &mut self.symbols)
    }

    /// The slow path alone: for differential tests.
    #[doc(hidden)]
    pub fn decode_slow_only(&mut self, frame: &mut [u8], recv_ns: u64, sink: &mut impl FnMut(Tick)) -> Decoded {
        self.counters.frames += 1;
        self.counters.bytes += frame.len() as u64;
        match self.slow.decode(frame, recv_ns, &self.context, &mut self.symbols) {
            Ok(message) => self.deliver(message, sink),
            Err(refusal) => {
                self.counters.count_refused(refusal.reason);
                Decoded::Refused(refusal)
            }
        }
    }
}
