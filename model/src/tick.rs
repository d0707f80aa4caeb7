//! The tick: one market-data event on its way from a reader to the core, 56 bytes.
//!
//! With the ring's 8-byte slot sequence it fills one cache line exactly.

use crate::instrument::{InstrumentId, VenueId};

/// What a tick carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum TickKind {
    /// Best bid and ask with their sizes.
    Quote = 0,
    /// A public print.
    Trade = 1,
    /// A line of a venue went live or went down; travels with the data so that the core takes it in order.
    Line = 2,
}

impl TickKind {
    /// The kind of that number.
    #[must_use]
    pub const fn from_number(number: u8) -> Option<Self> {
        match number {
            0 => Some(Self::Quote),
            1 => Some(Self::Trade),
            2 => Some(Self::Line),
            _ => None,
        }
    }
}

/// Small facts about a tick, and the line that brought it: one byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[repr(transparent)]
pub struct TickFlags(u8);

/// One of up to eight connections that carry the same streams of a venue (A/B lines).
pub type Line = u8;

impl TickFlags {
    /// The taker sold (a trade only).
    pub const TAKER_SOLD: u8 = 1;
    /// The print is off-market (insurance fund, liquidation engine): never feeds a price.
    pub const OFF_MARKET: u8 = 2;
    /// No further tick of the same socket read follows.
    pub const LAST_OF_BATCH: u8 = 4;
    const LINE_SHIFT: u8 = 5;
    /// Lines a venue may have.
    pub const LINES_MAX: u8 = 8;

    /// Flags of a line, with `bits` out of the constants above.
    #[inline]
    #[must_use]
    pub const fn new(line: Line, bits: u8) -> Self {
        Self(((line & (Self::LINES_MAX - 1)) << Self::LINE_SHIFT) | (bits & 0b111))
    }

    /// The raw byte.
    #[inline]
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// From the raw byte.
    #[inline]
    #[must_use]
    pub const fn from_bits(bits: u8) -> Self {
        Self(bits)
    }

    /// The line that brought it.
    #[inline]
    #[must_use]
    pub const fn line(self) -> Line {
        self.0 >> Self::LINE_SHIFT
    }

    /// Whether all of `bits` are set.
    #[inline]
    #[must_use]
    pub const fn has(self, bits: u8) -> bool {
        self.0 & bits == bits
    }

    /// The same with `bits` set as well.
    #[inline]
    #[must_use]
    pub const fn with(self, bits: u8) -> Self {
        Self(self.0 | (bits & 0b111))
    }
}

/// Best bid and ask with sizes, mantissas at the instrument's scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[repr(C)]
pub struct Quote {
    /// Best bid.
    pub bid: i64,
    /// Quantity at the best bid.
    pub bid_quantity: i64,
    /// Best ask.
    pub ask: i64,
    /// Quantity at the best ask.
    pub ask_quantity: i64,
}

/// A public print, mantissas at the instrument's scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Trade {
    /// Price.
    pub price: i64,
    /// Quantity.
    pub quantity: i64,
    /// Whether the taker sold.
    pub taker_sold: bool,
    /// Whether the print is off-market.
    pub off_market: bool,
}

/// One market-data event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(C)]
pub struct Tick {
    /// Quote: bid, bid quantity, ask, ask quantity. Trade: price, quantity, 0, 0. Line: venue, live (1 or 0), 0, 0.
    pub values: [i64; 4],
    /// Wall time in ns since the epoch at which its bytes were read.
    pub recv_ns: u64,
    /// Trade id (aggregate id for an aggTrade) or update id, as the venue counts them.
    pub venue_seq: u64,
    /// Venue time minus `recv_ns`, in µs, rounded down; [`Tick::NO_EXCHANGE_TIME`] where the venue gives none.
    pub exchange_offset_us: i32,
    /// Which instrument; of no meaning for a line's state.
    pub instrument: InstrumentId,
    /// Quote or trade.
    pub kind: TickKind,
    /// Taker side, off-market, last of a batch, line.
    pub flags: TickFlags,
}

const _: () = assert!(size_of::<Tick>() == 56 && align_of::<Tick>() == 8);

impl Tick {
    /// The offset of a tick whose venue gives no time.
    pub const NO_EXCHANGE_TIME: i32 = i32::MIN;

    /// A quote.
    #[inline]
    #[must_use]
    pub const fn quote(instrument: InstrumentId, line: Line, quote: Quote, recv_ns: u64, venue_seq: u64) -> Self {
        Self {
            values: [quote.bid, quote.bid_quantity, quote.ask, quote.ask_quantity],
            recv_ns,
            venue_seq,
            exchange_offset_us: Self::NO_EXCHANGE_TIME,
            instrument,
            kind: TickKind::Quote,
            flags: TickFlags::new(line, 0),
        }
    }

    /// A trade.
    #[inline]
    #[must_use]
    pub const fn trade(instrument: InstrumentId, line: Line, trade: Trade, recv_ns: u64, venue_seq: u64) -> Self {
        let bits = if trade.taker_sold { TickFlags::TAKER_SOLD } else { 0 }
            | if trade.off_market { TickFlags::OFF_MARKET } else { 0 };
        Self {
            values: [trade.price, trade.quantity, 0, 0],
            recv_ns,
            venue_seq,
            exchange_offset_us: Self::NO_EXCHANGE_TIME,
            instrument,
            kind: TickKind::Trade,
            flags: TickFlags::new(line, bits),
        }
    }

    /// A line of a venue went live or went down.
    #[inline]
    #[must_use]
    pub const fn line_state(venue: VenueId, line: Line, live: bool, recv_ns: u64) -> Self {
        Self {
            values: [venue.0 as i64, live as i64, 0, 0],
            recv_ns,
            venue_seq: 0,
            exchange_offset_us: Self::NO_EXCHANGE_TIME,
            instrument: InstrumentId(u16::MAX),
            kind: TickKind::Line,
            flags: TickFlags::new(line, 0),
        }
    }

    /// The same with the venue's time, in µs since the epoch.
    ///
    /// An offset beyond ± 35 minutes is clamped there; it says that a clock is wrong, not how wrong.
    #[inline]
    #[must_use]
    pub const fn at_exchange_us(mut self, exchange_us: i64) -> Self {
        self.exchange_offset_us = exchange_offset_us(exchange_us, self.recv_ns);
        self
    }

    /// The quote, if it is one.
    #[inline]
    #[must_use]
    pub const fn as_quote(&self) -> Option<Quote> {
        match self.kind {
            TickKind::Quote => Some(Quote {
                bid: self.values[0],
                bid_quantity: self.values[1],
                ask: self.values[2],
                ask_quantity: self.values[3],
            }),
            TickKind::Trade | TickKind::Line => None,
        }
    }

    /// The trade, if it is one.
    #[inline]
    #[must_use]
    pub const fn as_trade(&self) -> Option<Trade> {
        match self.kind {
            TickKind::Trade => Some(Trade {
                price: self.values[0],
                quantity: self.values[1],
                taker_sold: self.flags.has(TickFlags::TAKER_SOLD),
                off_market: self.flags.has(TickFlags::OFF_MARKET),
            }),
            TickKind::Quote | TickKind::Line => None,
        }
    }

    /// The venue and whether its line is live now, if it tells that.
    #[inline]
    #[must_use]
    pub const fn as_line_state(&self) -> Option<(VenueId, bool)> {
        match self.kind {
            TickKind::Line => Some((VenueId(self.values[0] as u8), self.values[1] != 0)),
            TickKind::Quote | TickKind::Trade => None,
        }
    }
}

/// floor((exchange − receive) in µs), clamped to what the tick's field holds.
#[inline]
#[must_use]
pub const fn exchange_offset_us(exchange_us: i64, recv_ns: u64) -> i32 {
    // floor((1000 E - r) / 1000) = E - ceil(r / 1000): no 128-bit division, and no overflow whatever a frame states.
    let offset = exchange_us.saturating_sub(recv_ns.div_ceil(1000) as i64);
    if offset > i32::MAX as i64 {
        i32::MAX
    } else if offset <= i32::MIN as i64 {
        i32::MIN + 1
    } else {
        offset as i32
    }
}
