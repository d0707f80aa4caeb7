//! Layouts learnt from the frames themselves. HOT.
//!
//! A venue's frames of one stream differ in digits alone for minutes on end. So a frame that the ordered pass of
//! [`super::fast`] has read leaves its layout behind: which bytes are literal (punctuation, names, the symbol, flags)
//! and which are digits of what. The next frame of that length is compared with it as a whole, sixteen bytes at a time:
//! every literal byte must be the same, every other one a digit. Then the numbers stand where they stood, and are read
//! side by side instead of one after the other, which is what costs the ordered pass its time: there each field's place
//! hangs on the length of those before.
//!
//! Kept: a layout is only ever learnt of a frame that the ordered pass accepted, and accepts nothing that this would
//! not read identically. Whatever does not fit goes there.

use crosstick_model::decimal::POW10;
use crosstick_model::digits::{eight_digits, load8};
use crosstick_model::{InstrumentId, Quote, Tick, TickKind};

use super::super::TimeUnit;
use super::super::symbols::SymbolTable;

/// Longest frame of which a layout is kept; the longest tick recorded has 201 bytes.
const FRAME_MAX: usize = 256;
/// Compared at a time.
const STEP: usize = 16;
const ZEROS: u64 = 0x3030_3030_3030_3030;
const ONES: u64 = 0x0101_0101_0101_0101;
const TOPS: u64 = 0x8080_8080_8080_8080;
/// Added to a byte's difference from its pattern, these set the top bit of every difference but the allowed ones: zero
/// for a literal byte, zero to nine for a digit, whose pattern is '0'.
const LITERAL: u8 = 0x7f;
const DIGIT: u8 = 0x76;
/// Frames that may miss a layout in its place before another takes it: learning costs as much as some frames.
const CREDIT: u8 = 64;
/// From the comma in front of a field to its text: `,"s":"`.
const SYMBOL_AT: usize = 6;
/// Numbers that are looked at but not read: times, order ids, status.
const UNREAD_MAX: usize = 4;

/// An unsigned integer of 1 to 16 digits. What is to be shifted is multiplied instead: a shift by a number that is not
/// known in advance costs three operations of the processor.
#[derive(Debug, Clone, Copy, Default)]
struct Uint {
    at: u16,
    /// Where the last eight digits are, if there are more than eight; else zero.
    last_at: u16,
    /// Whether it is a digit alone, which may be zero.
    single: bool,
    /// Moves its first digits, up to eight, to the top of a word.
    up: u64,
}

/// A decimal: 1 to 8 digits, and up to 8 behind a point.
#[derive(Debug, Clone, Copy, Default)]
struct Fixed {
    at: u16,
    part_at: u16,
    /// Moves the digits before the point to the top of a word.
    whole_shift: u64,
    /// The same for those behind it that the scale holds.
    part_shift: u64,
    /// The bytes of the part's word that are its digits.
    part: u64,
    /// Those of them that the scale does not hold, which must be zeros.
    beyond: u64,
    whole_up: i64,
    part_up: i64,
}

#[derive(Debug, Clone)]
struct Layout {
    /// Zero while free; else at least [`STEP`].
    length: u16,
    credit: u8,
    timed: bool,
    unread: [u16; UNREAD_MAX],
    unread_count: u8,
    time: Uint,
    id: Uint,
    fixed: [Fixed; 4],
    /// Kind, instrument and flags of its frames.
    tick: Tick,
    pattern: [u8; FRAME_MAX],
    slack: [u8; FRAME_MAX],
}

/// The layouts of one connection.
#[derive(Debug)]
pub(in super::super) struct Layouts {
    /// A power of two; a frame's place is one of two neighbours.
    slots: Box<[Layout]>,
}

impl Layouts {
    /// Room for the layouts of so many symbols. Allocates here and never again.
    pub(in super::super) fn new(symbols: usize) -> Self {
        let free = Layout {
            length: 0,
            credit: 0,
            timed: false,
            unread: [0; UNREAD_MAX],
            unread_count: 0,
            time: Uint::default(),
            id: Uint::default(),
            fixed: [Fixed::default(); 4],
            tick: Tick::quote(InstrumentId(0), 0, Quote::default(), 0, 0),
            pattern: [0; FRAME_MAX],
            slack: [0; FRAME_MAX],
        };
        // A symbol's two streams come in some ten layouts each.
        let count = (symbols * 32).next_power_of_two().clamp(128, 512);
        Self { slots: vec![free; count].into() }
    }

    /// The tick in `frame`, if a frame of this layout was read before.
    #[inline]
    pub(in super::super) fn decode(&mut self, frame: &[u8], recv_ns: u64, unit: TimeUnit) -> Option<Tick> {
        let place = self.place(frame);
        for at in [place, place ^ 1] {
            let layout = self.slots.get_mut(at)?;
            if usize::from(layout.length) == frame.len() && layout.fits(frame) {
                layout.credit = CREDIT;
                return layout.read(frame, recv_ns, unit);
            }
        }
        None
    }

    /// Takes note of a frame that was read as `tick`, unless what is in its place is still of use.
    #[inline]
    pub(in super::super) fn learn(&mut self, frame: &[u8], tick: &Tick, unit: TimeUnit, symbols: &SymbolTable) {
        let place = self.place(frame);
        let credit = |at: usize| self.slots.get(at).map_or(0, |layout| layout.credit);
        let at = if credit(place) <= credit(place ^ 1) { place } else { place ^ 1 };
        if let Some(layout) = self.slots.get_mut(at) {
            if layout.credit > 0 {
                layout.credit -= 1;
            } else {
                layout.learn(frame, tick, unit, symbols);
            }
        }
    }

    /// By the length, what stands where a combined frame names its stream or a raw quote its symbol, and where near the
    /// end digits are: frames of one length may differ in which of two numbers is the longer one. Only a hint.
    #[inline(always)]
    fn place(&self, frame: &[u8]) -> usize {
        /// Set in digits and colons, not in quotes, commas and points.
        const DIGITS: u64 = 0x1010_1010_1010_1010;
        let length = frame.len();
        let mut name = load8(frame, 11);
        if frame.get(2) == Some(&b's') {
            name ^= load8(frame, 19).rotate_left(29);
        } else if frame.get(2) == Some(&b'u') {
            // There the update id stands in front, another one in every frame.
            name = load8(frame, first_comma(frame) + SYMBOL_AT);
        }
        if length >= 64 {
            let (near, far) = (load8(frame, length - 24) & DIGITS, load8(frame, length - 56) & DIGITS);
            name ^= near ^ (far >> 2);
        }
        let mixed = (name ^ ((length as u64) << 48)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed >> 40) as usize & (self.slots.len() - 1)
    }
}

impl Layout {
    /// Whether every literal byte is the same and every other one a digit. The length is.
    #[inline(always)]
    fn fits(&self, frame: &[u8]) -> bool {
        let mut odd = [0u8; STEP];
        let mut compare = |text: &[u8; STEP], pattern: &[u8; STEP], slack: &[u8; STEP]| {
            for i in 0..STEP {
                let differs = text[i] ^ pattern[i];
                odd[i] |= differs | differs.wrapping_add(slack[i]);
            }
        };
        let (texts, _) = frame.as_chunks::<STEP>();
        let (patterns, _) = self.pattern.as_chunks::<STEP>();
        let (slacks, _) = self.slack.as_chunks::<STEP>();
        for ((text, pattern), slack) in texts.iter().zip(patterns).zip(slacks) {
            compare(text, pattern, slack);
        }
        // The rest, and some of what was compared already.
        let Some(from) = frame.len().checked_sub(STEP) else { return false };
        let last = |bytes: &'_ [u8]| bytes.get(from..).and_then(<[u8]>::first_chunk::<STEP>).copied();
        let (Some(text), Some(pattern), Some(slack)) = (last(frame), last(&self.pattern), last(&self.slack)) else {
            return false;
        };
        compare(&text, &pattern, &slack);
        u128::from_le_bytes(odd) & 0x8080_8080_8080_8080_8080_8080_8080_8080 == 0
    }

    /// The numbers of a frame that fits; `None` where the ordered pass would refuse one.
    #[inline(always)]
    fn read(&self, frame: &[u8], recv_ns: u64, unit: TimeUnit) -> Option<Tick> {
        let [first, second, third, fourth] = &self.fixed;
        let values = if self.tick.kind == TickKind::Trade {
            let (price, quantity) = (first.read(frame)?, second.read(frame)?);
            if price <= 0 || quantity <= 0 {
                return None;
            }
            [price, quantity, 0, 0]
        } else {
            [first.read(frame)?, second.read(frame)?, third.read(frame)?, fourth.read(frame)?]
        };
        for at in self.unread.iter().take(usize::from(self.unread_count)) {
            if frame.get(usize::from(*at)) == Some(&b'0') {
                return None;
            }
        }
        let tick = Tick { values, recv_ns, venue_seq: self.id.read(frame)?, ..self.tick };
        if self.timed {
            return Some(tick.at_exchange_us(unit.to_us(self.time.read(frame)?)?));
        }
        Some(tick)
    }

    /// Becomes the layout of a frame that was read as `tick`, or stays free.
    #[cold]
    #[inline(never)]
    fn learn(&mut self, frame: &[u8], tick: &Tick, unit: TimeUnit, symbols: &SymbolTable) {
        self.length = 0;
        // Also where nothing comes of it: that is not tried again with every frame.
        self.credit = CREDIT;
        if self.take(frame, tick, symbols).is_some()
            && self.fits(frame)
            && self.read(frame, tick.recv_ns, unit).as_ref() == Some(tick)
        {
            self.length = frame.len() as u16;
        }
    }

    /// Walks through a frame that the ordered pass accepted, so that every string is plain and every number one of its.
    fn take(&mut self, frame: &[u8], tick: &Tick, symbols: &SymbolTable) -> Option<()> {
        if !(STEP..=FRAME_MAX).contains(&frame.len()) {
            return None;
        }
        self.pattern = [0; FRAME_MAX];
        self.pattern.get_mut(..frame.len())?.copy_from_slice(frame);
        self.slack = [LITERAL; FRAME_MAX];
        self.unread_count = 0;
        self.timed = false;
        self.tick = *tick;
        let symbol = value_of(frame, b"\"s\":\"")?;
        let scale = symbols.get(symbol)?.scale;
        let id_key: &[u8] = match tick.kind {
            TickKind::Quote => b"u",
            _ if value_of(frame, b"\"e\":\"")? == b"aggTrade" => b"a",
            _ => b"t",
        };
        let fixed_keys: &[&[u8]] = if tick.kind == TickKind::Quote { &[b"b", b"B", b"a", b"A"] } else { &[b"p", b"q"] };
        let (mut found, mut key) = (0, &frame[..0]);
        let mut at = 0;
        while at < frame.len() {
            match *frame.get(at)? {
                b'"' => {
                    let text = until_quote(frame, at + 1)?;
                    let end = at + 1 + text.len();
                    if frame.get(end + 1) == Some(&b':') {
                        key = text;
                        at = end + 2;
                        continue;
                    }
                    if let Some(number) = fixed_keys.iter().position(|k| *k == key) {
                        let decimals = if number % 2 == 0 { scale.price_decimals } else { scale.quantity_decimals };
                        *self.fixed.get_mut(number)? = Fixed::of(text, at + 1, decimals)?;
                        self.mark(at + 1, text);
                        found += 1;
                    } else if key == b"nq" {
                        // A number that nobody reads, of any length: such frames would never look alike.
                        return None;
                    }
                    at = end + 1;
                }
                b'0'..=b'9' => {
                    let digits = frame.get(at..)?.iter().take_while(|b| b.is_ascii_digit()).count();
                    let number = Uint::of(at, digits)?;
                    if key == id_key {
                        self.id = number;
                        found += 1;
                    } else if key == b"E" {
                        (self.time, self.timed) = (number, true);
                    } else if digits > 1 {
                        *self.unread.get_mut(usize::from(self.unread_count))? = number.at;
                        self.unread_count += 1;
                    }
                    self.mark(at, frame.get(at..at + digits)?);
                    at += digits;
                }
                _ => at += 1,
            }
        }
        (found == fixed_keys.len() + 1).then_some(())
    }

    /// Declares the digits of `text`, which stands at `at`, digits.
    fn mark(&mut self, at: usize, text: &[u8]) {
        let places = self.pattern.iter_mut().zip(&mut self.slack).skip(at);
        for ((pattern, slack), _) in places.zip(text).filter(|(_, byte)| byte.is_ascii_digit()) {
            (*pattern, *slack) = (b'0', DIGIT);
        }
    }
}

/// Where the first comma behind `{"u":` is, if it is among the next 16 bytes; else some place behind them.
#[inline(always)]
fn first_comma(frame: &[u8]) -> usize {
    const AT: usize = 5;
    let marks = |at: usize| {
        let odd = load8(frame, at) ^ (ONES * b',' as u64);
        odd.wrapping_sub(ONES) & !odd & TOPS
    };
    let (near, far) = (marks(AT), marks(AT + 8));
    let bits = if near == 0 { 64 + far.trailing_zeros() } else { near.trailing_zeros() };
    AT + (bits / 8) as usize
}

/// The eight bytes at a place.
#[inline(always)]
fn word(frame: &[u8], at: u16) -> Option<u64> {
    let at = usize::from(at);
    frame.get(at..at + 8).and_then(<[u8]>::first_chunk).map(|bytes| u64::from_le_bytes(*bytes))
}

impl Uint {
    fn of(at: usize, digits: usize) -> Option<Self> {
        let first = match digits {
            1..=8 => digits,
            9..=16 => digits - 8,
            _ => return None,
        };
        let (at, last_at) = (u16::try_from(at).ok()?, u16::try_from(at + first).ok()?);
        let last_at = if digits > 8 { last_at } else { 0 };
        Some(Self { at, last_at, single: digits == 1, up: 1 << (64 - 8 * first) })
    }

    /// `None` for a superfluous zero in front.
    #[inline(always)]
    fn read(self, frame: &[u8]) -> Option<u64> {
        let first = word(frame, self.at)? ^ ZEROS;
        if first & 0xff == 0 && !self.single {
            return None;
        }
        let value = eight_digits(first.wrapping_mul(self.up));
        if self.last_at == 0 {
            return Some(value);
        }
        Some(value * 100_000_000 + eight_digits(word(frame, self.last_at)? ^ ZEROS))
    }
}

impl Fixed {
    /// For texts like `text`, which stands at `at`, at a scale of `decimals`; `None` where a value could overflow.
    fn of(text: &[u8], at: usize, decimals: u8) -> Option<Self> {
        let digits = text.iter().take_while(|b| b.is_ascii_digit()).count();
        let part = text.len().saturating_sub(digits + 1);
        let whole = u8::try_from(digits).ok().filter(|n| (1..=8).contains(n))?;
        if part > 8 || whole + decimals > 18 || (digits < text.len() && part == 0) {
            return None;
        }
        let low = |bytes: usize| if bytes >= 8 { u64::MAX } else { (1u64 << (8 * bytes)) - 1 };
        let held = usize::from(decimals).min(8);
        Some(Self {
            at: u16::try_from(at).ok()?,
            // Where there is none, any place will do: nothing of it is looked at.
            part_at: u16::try_from(if part == 0 { at } else { at + digits + 1 }).ok()?,
            whole_shift: 1 << (64 - 8 * whole),
            part_shift: if held == 0 { 0 } else { 1 << (64 - 8 * held) },
            part: low(part),
            beyond: low(part) & !low(held),
            whole_up: *POW10.get(usize::from(decimals))?,
            part_up: *POW10.get(usize::from(decimals) - held)?,
        })
    }

    /// `None` for more decimals than the scale holds.
    #[inline(always)]
    fn read(&self, frame: &[u8]) -> Option<i64> {
        let whole = (word(frame, self.at)? ^ ZEROS).wrapping_mul(self.whole_shift);
        let part = (word(frame, self.part_at)? ^ ZEROS) & self.part;
        if part & self.beyond != 0 {
            return None;
        }
        let part = eight_digits(part.wrapping_mul(self.part_shift)) as i64;
        // At most 18 digits in all: nothing can overflow.
        Some((eight_digits(whole) as i64).wrapping_mul(self.whole_up).wrapping_add(part.wrapping_mul(self.part_up)))
    }
}

/// The text up to the next quote.
fn until_quote(frame: &[u8], from: usize) -> Option<&[u8]> {
    let rest = frame.get(from..)?;
    rest.get(..rest.iter().position(|b| *b == b'"')?)
}

/// The string behind the first `opening`.
fn value_of<'f>(frame: &'f [u8], opening: &[u8]) -> Option<&'f [u8]> {
    let at = frame.windows(opening.len()).position(|w| w == opening)?;
    until_quote(frame, at + opening.len())
}

#[cfg(test)]
mod tests {
    use crosstick_model::{Protocol, Scale};

    use super::super::super::Context;
    use super::super::fast;
    use super::*;

    const CONTEXT: Context = Context { protocol: Protocol::BinanceSpot, unit: TimeUnit::Milli, line: 0 };

    fn symbols() -> SymbolTable {
        let entries = ["BTCUSDT", "ETHUSDT", "BNBUSDT", "PEPEUSDT"].into_iter().zip(0..);
        SymbolTable::new(entries.map(|(s, id)| (s, InstrumentId(id), Scale::DEFAULT))).unwrap()
    }

    /// Frames of every layout that a spot line has, their numbers by `n` and as long for each of them.
    fn frames(n: u64) -> Vec<String> {
        let (id, time, part) = (90_000_000_000 + n * 7, 1_723_161_255_000 + n, 10_000_000 + n * 131);
        let mut all = Vec::new();
        for symbol in ["BTCUSDT", "ETHUSDT", "BNBUSDT", "PEPEUSDT"] {
            let quote = format!(
                r#"{{"u":{id},"s":"{symbol}","b":"61793.{part}","B":"0.{part}","a":"61794.{part}","A":"1.{part}"}}"#
            );
            let trade = format!(
                r#"{{"e":"trade","E":{time},"s":"{symbol}","t":{id},"p":"61793.{part}","q":"0.{part}","T":{time},"m":true,"M":true}}"#
            );
            let stream = symbol.to_lowercase();
            all.push(format!(r#"{{"stream":"{stream}@bookTicker","data":{quote}}}"#));
            all.push(format!(r#"{{"stream":"{stream}@trade","data":{trade}}}"#));
            all.push(quote);
        }
        all
    }

    /// Layouts that have read the frames of `n = 0` once.
    fn taught(symbols: &mut SymbolTable) -> Layouts {
        let mut layouts = Layouts::new(symbols.len());
        for frame in frames(0) {
            let tick = fast::decode(frame.as_bytes(), 5, &CONTEXT, symbols).unwrap_or_else(|| panic!("{frame}"));
            assert_eq!(layouts.decode(frame.as_bytes(), 5, TimeUnit::Milli), None, "not seen before: {frame}");
            layouts.learn(frame.as_bytes(), &tick, TimeUnit::Milli, symbols);
        }
        layouts
    }

    #[test]
    fn frames_like_one_before_are_read_by_its_layout() {
        let mut symbols = symbols();
        let mut layouts = taught(&mut symbols);
        for n in 0..1_000 {
            for frame in frames(n) {
                let tick = fast::decode(frame.as_bytes(), 5 + n, &CONTEXT, &mut symbols);
                assert_eq!(layouts.decode(frame.as_bytes(), 5 + n, TimeUnit::Milli), tick, "{frame}");
                assert!(tick.is_some(), "{frame}");
            }
        }
    }

    #[test]
    fn a_frame_of_another_layout_is_not_taken_for_one_that_was_learnt() {
        let mut symbols = symbols();
        let mut layouts = taught(&mut symbols);
        for frame in frames(1) {
            for other in [
                frame.replace("USDT", "USDC"),
                frame.replace("61793.", "6179.3"),
                frame.replace("\"m\":true", "\"m\":false"),
                frame.replacen('1', "x", 1),
            ] {
                let hit = layouts.decode(other.as_bytes(), 5, TimeUnit::Milli);
                assert!(other == frame || hit.is_none(), "{other}");
            }
        }
    }

    #[test]
    fn the_first_comma_of_a_raw_quote() {
        for digits in 1..=15 {
            let frame = format!(r#"{{"u":{},"s":"BTCUSDT","b":"1","B":"1"}}"#, "7".repeat(digits));
            assert_eq!(first_comma(frame.as_bytes()), 5 + digits, "{frame}");
        }
        for text in [r#"{"u":"#, r#"{"u":12345678901234567890,"s":"X"}"#] {
            assert!(first_comma(text.as_bytes()) >= 5 + 16, "{text}");
        }
    }
}
