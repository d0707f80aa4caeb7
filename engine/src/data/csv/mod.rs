//! Files of rows: trades and best quotes as CSV, of data.binance.vision and of anybody who names the columns. Hot while
//! reading.
//!
//! `docs/data.md` says exactly what is read. Where a file has no receive time, the exchange's time stands for it.

mod layout;
mod lines;
mod value;

use std::collections::BTreeMap;

use ::csv::ByteRecord;
use crosstick_feeds::decode::Reason;
use crosstick_model::{InstrumentId, Quote, Scale, Tick, Trade};

use super::bytes::Text;
use super::{Input, VenueFeed};
use crate::exit::Failure;
use layout::{Layout, Row, Taker, Time};
use lines::Lines;
use value::Unit;

/// Kinds of files as data.binance.vision names them, behind the symbol.
const KINDS: [&str; 3] = ["-trades", "-aggTrades", "-bookTicker"];

/// Names an instrument for a symbol seen for the first time, or declines it.
type Register = Box<dyn FnMut(&str) -> Option<(InstrumentId, Scale)> + Send>;

/// What a venue's symbols stand for.
#[derive(Default)]
pub(super) struct Symbols {
    known: BTreeMap<Vec<u8>, (InstrumentId, Scale)>,
    register: Option<Register>,
}

impl Symbols {
    /// Those of a config.
    pub fn of<'a>(known: impl Iterator<Item = (&'a str, InstrumentId, Scale)>) -> Self {
        let known = known.map(|(symbol, id, scale)| (symbol.as_bytes().to_vec(), (id, scale))).collect();
        Self { known, register: None }
    }

    /// Those that turn up.
    pub fn discovered(register: impl FnMut(&str) -> Option<(InstrumentId, Scale)> + Send + 'static) -> Self {
        Self { known: BTreeMap::new(), register: Some(Box::new(register)) }
    }

    fn get(&mut self, symbol: &[u8]) -> Option<(InstrumentId, Scale)> {
        if let Some(known) = self.known.get(symbol) {
            return Some(*known);
        }
        let text = std::str::from_utf8(symbol).ok()?;
        // Names end up in reports: nothing that could not be a venue's spelling.
        if text.is_empty() || text.len() > 64 || text.chars().any(char::is_control) {
            return None;
        }
        let known = self.register.as_mut()?(text)?;
        self.known.insert(symbol.to_vec(), known);
        Some(known)
    }

    fn names(&self) -> String {
        self.known.keys().map(|k| String::from_utf8_lossy(k).into_owned()).collect::<Vec<_>>().join(", ")
    }
}

/// Whose rows these are.
enum Of {
    /// All of one instrument.
    One(InstrumentId, Scale),
    /// By a column; of one symbol alone, where that was asked for.
    Column { column: usize, symbols: Symbols, only: Option<Vec<u8>> },
}

/// A file of rows as an input.
pub(super) struct Rows {
    place: String,
    lines: Lines,
    record: ByteRecord,
    /// The record is the first row, read to learn the columns.
    ahead: bool,
    layout: Layout,
    /// Units of the receive and the exchange times, once they are known.
    units: [Option<Unit>; 2],
    of: Of,
    feed: usize,
    row: u64,
    recv_ns: u64,
    read: Result<Option<Tick>, &'static str>,
}

impl Rows {
    /// Opens a file of rows. `place` names it in errors; `name` is its name, which may begin with the symbol; `symbol`
    /// is the one that the user named.
    ///
    /// # Errors
    /// Usage: when the columns are not understood, or it is not known whose rows these are.
    pub fn open(
        place: String,
        name: &str,
        text: Text,
        symbol: Option<&str>,
        mut symbols: Symbols,
        feed: usize,
    ) -> Result<Self, Failure> {
        let mut lines = Lines::new(text);
        let mut record = ByteRecord::new();
        let mut read = |record: &mut ByteRecord| {
            lines.read(record).map_err(|e| Failure::usage(format!("{place}:{}: {e}", lines.line())))
        };
        let mut ahead = read(&mut record)?;
        let layout = if record.get(0).is_some_and(begins_like_a_number) {
            Layout::of_first_row(&record).ok_or_else(|| {
                let row = words(&record);
                Failure::usage(format!(
                    "{place}: no header, and no row of data.binance.vision's trades, aggTrades or bookTicker: {row}; \
                     put a line with the columns' names in front"
                ))
            })?
        } else {
            let layout = Layout::of_header(&record)
                .map_err(|what| Failure::usage(format!("{place}: columns {}: {what}", words(&record))))?;
            ahead = read(&mut record)?;
            layout
        };
        let of = match (symbol.or_else(|| symbol_of(name)), layout.symbol) {
            (_, Some(column)) => Of::Column { column, symbols, only: symbol.map(|s| s.as_bytes().to_vec()) },
            (Some(symbol), None) => {
                let Some((id, scale)) = symbols.get(symbol.as_bytes()) else {
                    let names = symbols.names();
                    return Err(Failure::usage(format!(
                        "{place}: {symbol} is no instrument of its venue in the config; there are: {names}"
                    )));
                };
                Of::One(id, scale)
            }
            (None, None) => {
                return Err(Failure::usage(format!("{place}: of which symbol? Write VENUE:SYMBOL={place}")));
            }
        };
        let units = [layout.recv, layout.exchange].map(|time| time.and_then(|t| t.unit));
        Ok(Self { place, lines, record, ahead, layout, units, of, feed, row: 0, recv_ns: 0, read: Ok(None) })
    }

    /// What its rows are, in words.
    pub fn words(&self) -> &'static str {
        match (self.layout.row, self.layout.recv.is_some()) {
            (Row::Trade { .. }, true) => "trades with receive times",
            (Row::Trade { .. }, false) => "trades; the exchange's time stands for the receive time",
            (Row::Quote { .. }, true) => "best quotes with receive times",
            (Row::Quote { .. }, false) => "best quotes; the exchange's time stands for the receive time",
        }
    }

    /// Reads the row at hand. The outer error ends reading.
    fn row(&mut self) -> Result<Result<Option<Tick>, &'static str>, Failure> {
        let Layout { recv, exchange, .. } = self.layout;
        let recv = match recv.map(|time| self.time(time, 0)).transpose()? {
            Some(Err(reason)) => return Ok(Err(reason)),
            other => other.and_then(Result::ok),
        };
        // Whatever else is wrong with the row, it stands at its own time.
        self.recv_ns = recv.unwrap_or(self.recv_ns);
        let exchange = match exchange.map(|time| self.time(time, 1)).transpose()? {
            Some(Err(reason)) => return Ok(Err(reason)),
            other => other.and_then(Result::ok),
        };
        if let Some(at) = recv.or(exchange) {
            self.recv_ns = at;
        }
        Ok(self.tick(exchange))
    }

    /// A time in ns; a unit other than that of the rows before ends reading.
    fn time(&mut self, time: Time, which: usize) -> Result<Result<u64, &'static str>, Failure> {
        let Some(text) = self.record.get(time.column) else { return Ok(Err(Reason::MissingField.code())) };
        // What is no time tells nothing about the unit.
        let time_ns = Unit::of(text).and_then(|unit| Some((unit, unit.to_ns(text)?)));
        let Some((found, ns)) = time_ns else { return Ok(Err("bad_time")) };
        let unit = *self.units[which].get_or_insert(found);
        if found != unit && time.unit.is_none() {
            return Err(Failure::other(format!(
                "{}:{}: a time in {} where the rows before are in {}: split the file, one unit each",
                self.place,
                self.lines.line(),
                found.name(),
                unit.name()
            )));
        }
        if found != unit {
            return Ok(Err(Reason::WrongTimeUnit.code()));
        }
        Ok(Ok(ns))
    }

    fn tick(&mut self, exchange_ns: Option<u64>) -> Result<Option<Tick>, &'static str> {
        let missing = Reason::MissingField.code();
        let record = &self.record;
        let field = |column: usize| record.get(column).ok_or(missing);
        let (instrument, scale) = match &mut self.of {
            Of::One(id, scale) => (*id, *scale),
            Of::Column { column, symbols, only } => {
                let symbol = field(*column)?;
                if only.as_ref().is_some_and(|only| only != symbol) {
                    return Ok(None);
                }
                symbols.get(symbol).ok_or(Reason::UnknownSymbol.code())?
            }
        };
        let price = |column| value::number(field(column)?, scale.price_decimals);
        let quantity = |column| value::number(field(column)?, scale.quantity_decimals);
        let id = self.layout.id.map_or(Ok(self.row), |column| value::id(field(column)?))?;
        let tick = match self.layout.row {
            Row::Trade { price: at_price, quantity: at_quantity, taker } => {
                let (price, quantity) = (price(at_price)?, quantity(at_quantity)?);
                if price == 0 || quantity == 0 {
                    return Err(Reason::Zero.code());
                }
                let taker_sold = match taker {
                    Taker::Unknown => false,
                    Taker::BuyerMaker(column) => value::flag(field(column)?).ok_or("bad_side")?,
                    Taker::Side(column) => value::sold(field(column)?).ok_or("bad_side")?,
                };
                Tick::trade(instrument, 0, Trade { price, quantity, taker_sold, off_market: false }, self.recv_ns, id)
            }
            Row::Quote { bid, bid_quantity, ask, ask_quantity } => {
                let quote = Quote {
                    bid: price(bid)?,
                    bid_quantity: quantity(bid_quantity)?,
                    ask: price(ask)?,
                    ask_quantity: quantity(ask_quantity)?,
                };
                Tick::quote(instrument, 0, quote, self.recv_ns, id)
            }
        };
        Ok(Some(match exchange_ns.and_then(|ns| i64::try_from(ns / 1_000).ok()) {
            Some(us) => tick.at_exchange_us(us),
            None => tick,
        }))
    }
}

impl Input for Rows {
    fn advance(&mut self) -> Result<bool, Failure> {
        let more = if std::mem::take(&mut self.ahead) {
            true
        } else {
            let read = self.lines.read(&mut self.record);
            read.map_err(|e| Failure::other(format!("{}:{}: {e}", self.place, self.lines.line())))?
        };
        if more {
            self.row += 1;
            self.read = self.row()?;
        }
        Ok(more)
    }

    fn recv_ns(&self) -> u64 {
        self.recv_ns
    }

    fn take(&mut self, feeds: &mut [VenueFeed]) -> Option<Tick> {
        // The row's text, its commas counted, its line's end not.
        let bytes = self.record.as_slice().len() + self.record.len().saturating_sub(1);
        feeds[self.feed].row(self.read, bytes as u64, self.layout.id.is_some())
    }
}

fn begins_like_a_number(field: &[u8]) -> bool {
    field.first().is_some_and(|b| b.is_ascii_digit() || matches!(b, b'-' | b'.'))
}

/// The symbol at the start of a name that data.binance.vision would give.
fn symbol_of(name: &str) -> Option<&str> {
    let end = KINDS.iter().filter_map(|kind| name.find(kind)).min()?;
    let symbol = &name[..end];
    let plain = !symbol.is_empty() && symbol.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    plain.then_some(symbol)
}

/// A row for an error's text.
fn words(record: &ByteRecord) -> String {
    let text: String = String::from_utf8_lossy(&record.iter().collect::<Vec<_>>().join(&b',')).into_owned();
    let end = text.floor_char_boundary(200);
    let text: String = text[..end].chars().map(|c| if c.is_control() { '?' } else { c }).collect();
    if text.is_empty() { "(none)".into() } else { text }
}
