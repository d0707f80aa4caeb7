//! From a venue's spelling to our instrument: built at start, a few nanoseconds a look.

use std::collections::BTreeMap;
use std::fmt;

use crosstick_model::{InstrumentId, Scale};

/// Most symbols that a table holds: what an [`InstrumentId`] counts, less one kept as "none".
pub const MAX_SYMBOLS: usize = 65_534;
/// Longest symbol taken from a frame that introduces it.
pub const MAX_SYMBOL_BYTES: usize = 64;
/// Symbols up to this length are compared as one integer.
pub(super) const INLINE_BYTES: usize = 15;

/// What a symbol stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// The instrument.
    pub id: InstrumentId,
    /// Decimals of its mantissas.
    pub scale: Scale,
}

/// Why a table cannot be built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SymbolError {
    /// The same symbol twice.
    Duplicate(Box<str>),
    /// More than [`MAX_SYMBOLS`].
    TooMany,
    /// An empty one.
    Empty,
}

impl fmt::Display for SymbolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Duplicate(symbol) => write!(f, "symbol {symbol:?} is there twice"),
            Self::TooMany => write!(f, "more than {MAX_SYMBOLS} symbols"),
            Self::Empty => f.write_str("an empty symbol"),
        }
    }
}

impl std::error::Error for SymbolError {}

/// Names an instrument for a symbol seen for the first time, or declines it.
pub type Register = Box<dyn FnMut(&str) -> Option<(InstrumentId, Scale)> + Send>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Slot {
    /// Never 0 for a symbol: its length is part of it.
    key: u128,
    known: Known,
}

/// The last hit, ready to be compared with the text itself: trades come in runs.
#[derive(Debug, Clone, Copy)]
struct Last {
    /// The symbol's bytes, its closing quote behind them.
    bytes: u128,
    /// Which bits of a text's next 16 bytes these are.
    mask: u128,
    length: usize,
    known: Known,
}

impl Last {
    /// Matches nothing: no text has a bit that its mask leaves out.
    const NONE: Self = Self { bytes: 1, mask: 0, length: 0, known: FREE.known };

    /// After a hit on an inline key.
    fn of(key: u128, known: Known) -> Self {
        let length = (key >> 120) as usize;
        let bits = 8 * length as u32;
        let bytes = (key & !(0xff << 120)) | (u128::from(b'"') << bits);
        // A symbol of 15 bytes and its quote are all of the 16.
        let mask = if length >= INLINE_BYTES { u128::MAX } else { (1 << (bits + 8)) - 1 };
        Self { bytes, mask, length, known }
    }
}

const FREE: Slot = Slot { key: 0, known: Known { id: InstrumentId(u16::MAX), scale: Scale::DEFAULT } };

/// The symbols of one venue.
///
/// Lookup allocates nothing. Only a table with [`SymbolTable::discover`] grows, on the first frame of a symbol.
pub struct SymbolTable {
    last: Last,
    /// Open addressing, a power of two, at most half full.
    slots: Box<[Slot]>,
    /// Symbols of more than [`INLINE_BYTES`] or with characters that JSON escapes: rare, and never on the fast path.
    long: BTreeMap<Box<[u8]>, Known>,
    len: usize,
    register: Option<Register>,
}

impl fmt::Debug for SymbolTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SymbolTable").field("len", &self.len).field("discovers", &self.register.is_some()).finish()
    }
}

impl Default for SymbolTable {
    fn default() -> Self {
        Self { last: Last::NONE, slots: vec![FREE; 16].into(), long: BTreeMap::new(), len: 0, register: None }
    }
}

impl SymbolTable {
    /// A table of the given symbols, in the venue's spelling (upper case, byte by byte).
    ///
    /// # Errors
    /// When a symbol is empty or there twice, or there are too many.
    pub fn new<'a>(symbols: impl IntoIterator<Item = (&'a str, InstrumentId, Scale)>) -> Result<Self, SymbolError> {
        let mut table = Self::default();
        for (symbol, id, scale) in symbols {
            table.insert(symbol, Known { id, scale })?;
        }
        Ok(table)
    }

    /// The same table, which asks `register` for each symbol that it does not know (a replay without a config).
    ///
    /// Symbols that `register` declines, and those beyond [`MAX_SYMBOLS`], stay unknown and are asked for again.
    #[must_use]
    pub fn discover(mut self, register: impl FnMut(&str) -> Option<(InstrumentId, Scale)> + Send + 'static) -> Self {
        self.register = Some(Box::new(register));
        self
    }

    /// How many symbols it knows.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether it knows none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// What a symbol stands for.
    #[must_use]
    pub fn get(&self, symbol: &[u8]) -> Option<Known> {
        match inline_key(symbol) {
            Some(key) => self.probe(key).map(|slot| slot.known),
            None => self.long.get(symbol).copied(),
        }
    }

    /// What the last symbol stands for, and its length, if it is what a text's next 16 bytes begin with.
    ///
    /// The length comes from here, not from the text: a reader need not search it for the quote to go on.
    #[inline(always)]
    pub(super) fn get_last(&self, window: u128) -> Option<(Known, usize)> {
        if window & self.last.mask == self.last.bytes { Some((self.last.known, self.last.length)) } else { None }
    }

    /// What the symbol of an inline key stands for; remembers the hit.
    #[inline]
    pub(super) fn get_inline(&mut self, key: u128) -> Option<Known> {
        let known = self.probe(key)?.known;
        self.last = Last::of(key, known);
        Some(known)
    }

    /// What a symbol stands for, after asking for it where the table discovers.
    pub(super) fn get_or_register(&mut self, symbol: &str) -> Option<Known> {
        if let Some(known) = self.get(symbol.as_bytes()) {
            return Some(known);
        }
        let register = self.register.as_mut()?;
        // Names end up in reports: nothing that could not be a venue's spelling.
        if self.len >= MAX_SYMBOLS || symbol.len() > MAX_SYMBOL_BYTES || symbol.chars().any(char::is_control) {
            return None;
        }
        let (id, scale) = register(symbol)?;
        let known = Known { id, scale };
        self.insert(symbol, known).ok()?;
        Some(known)
    }

    #[inline]
    fn probe(&self, key: u128) -> Option<Slot> {
        let mask = self.slots.len() - 1;
        let mut at = hash(key) & mask;
        // Ends: at least half of the slots are free.
        loop {
            let slot = *self.slots.get(at)?;
            // First: the key of an empty symbol is that of a free slot.
            if slot.key == FREE.key {
                return None;
            }
            if slot.key == key {
                return Some(slot);
            }
            at = (at + 1) & mask;
        }
    }

    fn insert(&mut self, symbol: &str, known: Known) -> Result<(), SymbolError> {
        if symbol.is_empty() {
            return Err(SymbolError::Empty);
        }
        if self.len >= MAX_SYMBOLS {
            return Err(SymbolError::TooMany);
        }
        if self.get(symbol.as_bytes()).is_some() {
            return Err(SymbolError::Duplicate(symbol.into()));
        }
        match inline_key(symbol.as_bytes()) {
            None => {
                self.long.insert(symbol.as_bytes().into(), known);
            }
            Some(key) => {
                if (self.len + 1) * 2 > self.slots.len() {
                    let bigger = vec![FREE; self.slots.len() * 2].into();
                    let old = std::mem::replace(&mut self.slots, bigger);
                    old.iter().filter(|slot| slot.key != 0).for_each(|slot| self.put(*slot));
                }
                self.put(Slot { key, known });
            }
        }
        self.len += 1;
        Ok(())
    }

    fn put(&mut self, new: Slot) {
        let mask = self.slots.len() - 1;
        let mut at = hash(new.key) & mask;
        while self.slots[at].key != 0 {
            at = (at + 1) & mask;
        }
        self.slots[at] = new;
    }
}

/// A short symbol that stands in JSON as it is, as one integer: its bytes, and its length on top.
#[inline]
fn inline_key(symbol: &[u8]) -> Option<u128> {
    if symbol.is_empty() || symbol.len() > INLINE_BYTES {
        return None;
    }
    let mut bytes = [0u8; 16];
    bytes[..symbol.len()].copy_from_slice(symbol);
    let word = u128::from_le_bytes(bytes);
    let plain = symbol.iter().fold(true, |plain, b| plain & (*b >= 0x20) & (*b != b'"') & (*b != b'\\'));
    plain.then_some(word | (symbol.len() as u128) << 120)
}

#[inline(always)]
fn hash(key: u128) -> usize {
    let folded = (key as u64) ^ ((key >> 64) as u64).rotate_left(29);
    (folded.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u16) -> (InstrumentId, Scale) {
        (InstrumentId(n), Scale::DEFAULT)
    }

    #[test]
    fn finds_what_was_put_in_and_nothing_else() {
        let names: Vec<String> =
            (0..5000).map(|i| format!("C{i}{}", ["USDT", "USD_PERP", "BTC_LONG_NAME"][i % 3])).collect();
        let table = SymbolTable::new(names.iter().enumerate().map(|(i, n)| (&**n, id(i as u16).0, Scale::DEFAULT)));
        let mut table = table.unwrap();
        assert_eq!(table.len(), 5000);
        for (i, name) in names.iter().enumerate() {
            assert_eq!(table.get(name.as_bytes()).unwrap().id, InstrumentId(i as u16));
            if let Some(key) = inline_key(name.as_bytes()) {
                assert_eq!(table.get_inline(key).unwrap().id, InstrumentId(i as u16));
                let mut window = [b'x'; 16];
                window[..name.len()].copy_from_slice(name.as_bytes());
                assert_eq!(table.get_last(u128::from_le_bytes(window)), None, "its quote is missing");
                window[name.len()] = b'"';
                let (known, length) = table.get_last(u128::from_le_bytes(window)).unwrap();
                assert_eq!((known.id, length), (InstrumentId(i as u16), name.len()));
                window[name.len() - 1] ^= 1;
                assert_eq!(table.get_last(u128::from_le_bytes(window)), None);
            }
        }
        for absent in ["", "C", "C5000USDT", "c0usdt", "C0USDT\0", "C0USDT ", "C0USD"] {
            assert_eq!(table.get(absent.as_bytes()), None, "{absent:?}");
            assert_eq!(table.get_or_register(absent), None, "{absent:?}");
        }
    }

    #[test]
    fn padding_is_not_part_of_a_symbol() {
        let table = SymbolTable::new([("BTC", id(1).0, Scale::DEFAULT)]).unwrap();
        assert_eq!(table.probe(0), None, "an empty symbol is none");
        assert_eq!(table.get_last(0), None, "nothing is the last hit at first");
        assert_eq!(table.get_last(u128::MAX), None);
        assert_eq!(table.get(b"BTC\0"), None);
        assert_eq!(table.get(b"BTC\0\0\0\0\0\0\0\0\0\0\0\0\x03"), None);
        assert!(table.get(b"BTC").is_some());
    }

    #[test]
    fn refuses_duplicates_and_empty_symbols() {
        let two = SymbolTable::new([("A", id(0).0, Scale::DEFAULT), ("A", id(1).0, Scale::DEFAULT)]);
        assert_eq!(two.unwrap_err(), SymbolError::Duplicate("A".into()));
        assert_eq!(SymbolTable::new([("", id(0).0, Scale::DEFAULT)]).unwrap_err(), SymbolError::Empty);
    }

    #[test]
    fn discovers_each_symbol_once_and_no_junk() {
        let mut next = 0;
        let mut table = SymbolTable::default().discover(move |symbol| {
            assert!(symbol != "AGAIN" || next == 0);
            next += 1;
            Some(id(next - 1))
        });
        for _ in 0..3 {
            assert_eq!(table.get_or_register("AGAIN").unwrap().id, InstrumentId(0));
        }
        assert_eq!(table.get_or_register("BTCUSDT_2609250001").unwrap().id, InstrumentId(1));
        assert_eq!(table.get_or_register("币安人生USDT").unwrap().id, InstrumentId(2));
        assert_eq!(table.get_or_register("A\u{7}B"), None);
        assert_eq!(table.get_or_register(&"X".repeat(MAX_SYMBOL_BYTES + 1)), None);
        assert_eq!(table.get_or_register(""), None);
        assert_eq!(table.len(), 3);
    }

    #[test]
    fn discovery_is_bounded() {
        let mut next = 0u32;
        let mut table = SymbolTable::default().discover(move |_| {
            next += 1;
            Some(id((next - 1) as u16))
        });
        for i in 0..MAX_SYMBOLS + 10 {
            assert_eq!(table.get_or_register(&format!("S{i}")).is_some(), i < MAX_SYMBOLS);
        }
        assert_eq!(table.len(), MAX_SYMBOLS);
    }
}
