//! The layouts seen on the wire, read in one pass. HOT.
//!
//! Every byte is either compared with a literal or consumed as a number, a symbol or a plain string; the end of the
//! message must be the end of the frame. Nothing is written, nothing is skipped unseen. Whatever is not exactly as
//! expected, valid or not, gives `None` and goes to the slow path, which alone refuses.

use crosstick_model::digits::{load8, scan_fixed, scan_uint, scan_uint_of};
use crosstick_model::{Line, Protocol, Quote, Tick, Trade, parse_fixed};

use super::super::symbols::{INLINE_BYTES, Known, SymbolTable};
use super::super::{Context, TimeUnit};

const ONES: u64 = 0x0101_0101_0101_0101;
const TOPS: u64 = 0x8080_8080_8080_8080;

/// The tick in `frame`, if its layout is a known one.
#[inline]
pub(in super::super) fn decode(
    frame: &[u8],
    recv_ns: u64,
    context: &Context,
    symbols: &mut SymbolTable,
) -> Option<Tick> {
    let mut c = Cursor { text: frame, at: 0 };
    let combined = c.accept(b"{\"stream\":\"");
    if combined {
        c.plain_string()?;
        c.expect(b",\"data\":")?;
    }
    let tick = if c.accept(b"{\"u\":") {
        quote(&mut c, recv_ns, context, symbols, false)?
    } else {
        c.expect(b"{\"e\":\"")?;
        match c.peek()? {
            b't' => {
                c.expect(b"trade\",\"E\":")?;
                trade(&mut c, recv_ns, context, symbols)?
            }
            b'a' => {
                c.expect(b"aggTrade\",\"E\":")?;
                agg_trade(&mut c, recv_ns, context, symbols)?
            }
            b'b' => {
                c.expect(b"bookTicker\",\"u\":")?;
                quote(&mut c, recv_ns, context, symbols, true)?
            }
            _ => return None,
        }
    };
    if combined {
        c.expect(b"}")?;
    }
    if c.at == frame.len() { Some(tick) } else { None }
}

/// `E,[T],s,t,p,q,[b,a],[X],[T],m,[M],[st]}` from behind `"E":`.
#[inline(always)]
fn trade(c: &mut Cursor<'_>, recv_ns: u64, context: &Context, symbols: &mut SymbolTable) -> Option<Tick> {
    let exchange_us = c.time(context.unit)?;
    let time_first = c.accept(b",\"T\":");
    if time_first {
        c.skip_time(context.unit)?;
    }
    c.expect(b",\"s\":\"")?;
    let known = c.symbol(symbols)?;
    c.expect(b",\"t\":")?;
    let id = c.uint()?;
    let (price, quantity) = c.price_and_quantity(known)?;
    if !time_first {
        if c.accept(b",\"b\":") {
            // Order ids of buyer and seller, sent by spot until 2024.
            c.uint()?;
            c.expect(b",\"a\":")?;
            c.uint()?;
        }
        c.expect(b",\"T\":")?;
        c.skip_time(context.unit)?;
    } else {
        c.expect(b",\"X\":\"MARKET\"")?;
    }
    let taker_sold = c.end_of_trade()?;
    finish_trade(price, quantity, taker_sold, id, exchange_us, recv_ns, context.line, known)
}

/// `E,[a],s,[a],p,q,[nq],f,l,T,m,[M],[st]}` from behind `"E":`, with `a` exactly once.
#[inline(always)]
fn agg_trade(c: &mut Cursor<'_>, recv_ns: u64, context: &Context, symbols: &mut SymbolTable) -> Option<Tick> {
    let exchange_us = c.time(context.unit)?;
    let id_first = c.accept(b",\"a\":");
    let mut id = if id_first { c.uint()? } else { 0 };
    c.expect(b",\"s\":\"")?;
    let known = c.symbol(symbols)?;
    if !id_first {
        c.expect(b",\"a\":")?;
        id = c.uint()?;
    }
    let (price, quantity) = c.price_and_quantity(known)?;
    if c.accept(b",\"nq\":\"") {
        c.plain_string()?;
    }
    c.expect(b",\"f\":")?;
    c.uint()?;
    c.expect(b",\"l\":")?;
    c.uint()?;
    c.expect(b",\"T\":")?;
    c.skip_time(context.unit)?;
    let taker_sold = c.end_of_trade()?;
    finish_trade(price, quantity, taker_sold, id, exchange_us, recv_ns, context.line, known)
}

#[inline(always)]
#[allow(clippy::too_many_arguments)] // inlined: a struct for one call would hide nothing
fn finish_trade(
    price: i64,
    quantity: i64,
    taker_sold: bool,
    id: u64,
    exchange_us: i64,
    recv_ns: u64,
    line: Line,
    known: Known,
) -> Option<Tick> {
    if price <= 0 || quantity <= 0 {
        return None;
    }
    let trade = Trade { price, quantity, taker_sold, off_market: false };
    Some(Tick::trade(known.id, line, trade, recv_ns, id).at_exchange_us(exchange_us))
}

/// `u,[e],s,[ps],b,B,a,A,[T,E],[ps],[st]}` from behind `"u":`, with `e` at most once, and never missing on futures.
#[inline(always)]
fn quote(
    c: &mut Cursor<'_>,
    recv_ns: u64,
    context: &Context,
    symbols: &mut SymbolTable,
    event_first: bool,
) -> Option<Tick> {
    let id = c.uint()?;
    let event = event_first || c.accept(b",\"e\":\"bookTicker\"");
    if !event && context.protocol != Protocol::BinanceSpot {
        return None;
    }
    c.expect(b",\"s\":\"")?;
    let known = c.symbol(symbols)?;
    if c.accept(b",\"ps\":\"") {
        c.plain_string()?;
    }
    c.expect(b",\"b\":\"")?;
    let bid = c.fixed(known.scale.price_decimals)?;
    c.expect(b",\"B\":\"")?;
    let bid_quantity = c.fixed(known.scale.quantity_decimals)?;
    c.expect(b",\"a\":\"")?;
    let ask = c.fixed(known.scale.price_decimals)?;
    c.expect(b",\"A\":\"")?;
    let ask_quantity = c.fixed(known.scale.quantity_decimals)?;
    let tick = Tick::quote(known.id, context.line, Quote { bid, bid_quantity, ask, ask_quantity }, recv_ns, id);
    if c.accept(b"}") {
        return Some(tick);
    }
    c.expect(b",\"T\":")?;
    c.skip_time(context.unit)?;
    c.expect(b",\"E\":")?;
    let tick = tick.at_exchange_us(c.time(context.unit)?);
    if c.accept(b",\"ps\":\"") {
        c.plain_string()?;
    }
    if c.accept(b",\"st\":") {
        c.uint()?;
    }
    c.expect(b"}")?;
    Some(tick)
}

struct Cursor<'a> {
    text: &'a [u8],
    at: usize,
}

impl Cursor<'_> {
    #[inline(always)]
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    /// A literal, compared in whole words.
    #[inline(always)]
    fn accept<const N: usize>(&mut self, literal: &[u8; N]) -> bool {
        let there = self.text.get(self.at..).and_then(<[u8]>::first_chunk::<N>) == Some(literal);
        if there {
            self.at += N;
        }
        there
    }

    #[inline(always)]
    fn expect<const N: usize>(&mut self, literal: &[u8; N]) -> Option<()> {
        if self.accept(literal) { Some(()) } else { None }
    }

    #[inline(always)]
    fn uint(&mut self) -> Option<u64> {
        let (value, end) = scan_uint(self.text, self.at)?;
        self.at = end;
        Some(value)
    }

    /// A venue time in µs. All times of a unit are equally long.
    #[inline(always)]
    fn time(&mut self, unit: TimeUnit) -> Option<i64> {
        unit.to_us(self.digits_of(unit)?)
    }

    /// A time that nobody reads: any unsigned integer.
    #[inline(always)]
    fn skip_time(&mut self, unit: TimeUnit) -> Option<()> {
        match self.digits_of(unit) {
            Some(_) => Some(()),
            None => self.uint().map(|_| ()),
        }
    }

    #[inline(always)]
    fn digits_of(&mut self, unit: TimeUnit) -> Option<u64> {
        let (value, length) = match unit {
            TimeUnit::Milli => (scan_uint_of::<13>(self.text, self.at)?, 13),
            TimeUnit::Micro => (scan_uint_of::<16>(self.text, self.at)?, 16),
        };
        self.at += length;
        Some(value)
    }

    /// A decimal and its closing quote.
    #[inline(always)]
    fn fixed(&mut self, decimals: u8) -> Option<i64> {
        if let Some((value, end)) = scan_fixed(self.text, self.at, decimals)
            && self.text.get(end) == Some(&b'"')
        {
            self.at = end + 1;
            return Some(value);
        }
        self.fixed_any(decimals)
    }

    /// The same for numbers with more than eight digits on a side of the point, such as sizes in cheap coins.
    #[cold]
    #[inline(never)]
    fn fixed_any(&mut self, decimals: u8) -> Option<i64> {
        let rest = self.text.get(self.at..)?;
        let digits = rest.iter().take(48).position(|b| *b == b'"')?;
        let value = parse_fixed(rest.get(..digits)?, decimals).ok().filter(|v| *v >= 0)?;
        // "-0" is a valid spelling of zero, but a surprise.
        if rest.first() == Some(&b'-') {
            return None;
        }
        self.at += digits + 1;
        Some(value)
    }

    #[inline(always)]
    fn price_and_quantity(&mut self, known: Known) -> Option<(i64, i64)> {
        self.expect(b",\"p\":\"")?;
        let price = self.fixed(known.scale.price_decimals)?;
        self.expect(b",\"q\":\"")?;
        Some((price, self.fixed(known.scale.quantity_decimals)?))
    }

    /// `,"m":…` to the end of a trade: whether the buyer was the maker, so that the taker sold.
    #[inline(always)]
    fn end_of_trade(&mut self) -> Option<bool> {
        self.expect(b",\"m\":")?;
        let taker_sold = self.flag()?;
        if self.accept(b",\"M\":") {
            self.flag()?;
        }
        if self.accept(b",\"st\":") {
            self.uint()?;
        }
        self.expect(b"}")?;
        Some(taker_sold)
    }

    #[inline(always)]
    fn flag(&mut self) -> Option<bool> {
        if self.accept(b"true") {
            return Some(true);
        }
        self.expect(b"false")?;
        Some(false)
    }

    /// A symbol of at most 15 bytes and its closing quote.
    #[inline(always)]
    fn symbol(&mut self, symbols: &mut SymbolTable) -> Option<Known> {
        let window = *self.text.get(self.at..)?.first_chunk::<16>()?;
        let word = u128::from_le_bytes(window);
        if let Some((known, length)) = symbols.get_last(word) {
            self.at += length + 1;
            return Some(known);
        }
        let low = first_quote(word as u64);
        let len = match low {
            8 => 8 + first_quote((word >> 64) as u64),
            short => short,
        };
        if len > INLINE_BYTES as u32 {
            return None;
        }
        let bytes = word & !(u128::MAX << (8 * len));
        self.at += len as usize + 1;
        // Only symbols without quotes, escapes and control characters have such a key: equal bytes are a valid string.
        symbols.get_inline(bytes | (u128::from(len) << 120))
    }

    /// A string of printable ASCII without escapes, and its closing quote.
    #[inline(always)]
    fn plain_string(&mut self) -> Option<()> {
        loop {
            let word = load8(self.text, self.at);
            let stops = zero_bytes(word ^ (ONES * b'"' as u64))
                | zero_bytes(word ^ (ONES * b'\\' as u64))
                | (word.wrapping_sub(ONES * 0x20) & !word & TOPS)
                | (word & TOPS);
            if stops == 0 {
                self.at += 8;
                continue;
            }
            // Borrows only mark bytes above a true stop, so the lowest mark is a true one. Beyond the end of the
            // text there are zero bytes, which stop too.
            self.at += (stops.trailing_zeros() / 8) as usize;
            return self.expect(b"\"");
        }
    }
}

/// Marks zero bytes; exact up to and including the lowest.
#[inline(always)]
const fn zero_bytes(word: u64) -> u64 {
    word.wrapping_sub(ONES) & !word & TOPS
}

/// Where the first quote stands in a word; 8 if nowhere.
#[inline(always)]
const fn first_quote(word: u64) -> u32 {
    zero_bytes(word ^ (ONES * b'"' as u64)).trailing_zeros() / 8
}
