//! Market streams of a spot venue, made from its exchange: trades and sums of trades, best quotes, book diffs and
//! partial books, bars, tickers, average prices. Sans I/O: the exchange's tape and a time in, frames out.
//!
//! A stream is made from the first time that somebody asks for it. What is told at once comes with the command that
//! caused it; the rest comes on boundaries of 100 ms, 1 s or 2 s since the epoch and only when something changed. Where
//! the venue's own way is not published, this is ours: a bar is told again when it traded or ended, a ticker when it
//! traded or its best quote changed, an average price every second once there is one.

mod desk;
mod frames;
mod ladder;
mod name;
pub(crate) mod recorded;
mod write;

use std::collections::{HashMap, HashSet};

use crosstick_model::Protocol;

use self::desk::{Desk, Timed};
use self::name::{Array, Name, TENTH_NS};
use crate::binance::spot::{Public, SpotVenue};
use crate::flow::payload::Writer;
use crate::rules::SECOND_NS;
use crate::venue::StreamId;

pub(crate) use self::frames::Frames;
pub(crate) use self::ladder::Ladder;
pub(crate) use self::recorded::Recorded;

/// How long after a boundary its frames come: what was matched before it has been told by then.
const AFTER_NS: u64 = 10_000_000;

/// A boundary.
#[derive(Debug, Clone, Copy)]
struct At {
    /// The boundary itself, a multiple of 100 ms.
    mark_ns: u64,
    /// When its frames come.
    now_ns: u64,
}

/// The market streams of one venue.
#[derive(Debug)]
pub(crate) struct Market {
    /// By instrument.
    desks: Vec<Desk>,
    /// Instruments by their symbols in lower case.
    symbols: HashMap<String, usize>,
    arrays: Vec<(StreamId, Array)>,
    /// All streams that it makes.
    made: HashSet<StreamId>,
    /// Up to here everything due was told.
    done_ns: u64,
    tape: Vec<(u64, Public)>,
    /// Instruments that the tape names.
    touched: Vec<usize>,
}

/// What streams are written to, and who listens.
pub(crate) struct Told<'a> {
    pub(crate) frames: &'a mut Frames,
    pub(crate) listened: &'a dyn Fn(StreamId) -> bool,
}

impl Market {
    /// The streams of a venue's instruments.
    pub(crate) fn new(spot: &SpotVenue) -> Self {
        let instruments = spot.exchange().instruments();
        let desks: Vec<Desk> = instruments
            .map(|(id, spec)| {
                let writer = Writer {
                    protocol: Protocol::BinanceSpot,
                    symbol: spec.symbol.clone(),
                    pair: String::new(),
                    price_decimals: spec.scale.price_decimals,
                    quantity_decimals: spec.scale.quantity_decimals,
                };
                Desk::new(id, writer)
            })
            .collect();
        let symbols = desks.iter().enumerate().map(|(i, d)| (d.writer.symbol.to_lowercase(), i)).collect();
        Self {
            desks,
            symbols,
            arrays: Vec::new(),
            made: HashSet::new(),
            done_ns: 0,
            tape: Vec::new(),
            touched: Vec::new(),
        }
    }

    /// Makes a stream from now on; `false` where there is no such stream.
    pub(crate) fn register(&mut self, name: &str, stream: StreamId, spot: &SpotVenue) -> bool {
        match name::parse(name) {
            None => false,
            Some(Name::All(array)) => {
                self.arrays.push((stream, array));
                self.made.insert(stream);
                true
            }
            Some(Name::One(symbol, kind)) => {
                let Some(desk) = self.symbols.get(symbol).and_then(|i| self.desks.get_mut(*i)) else { return false };
                desk.register(stream, kind, spot);
                self.made.insert(stream);
                true
            }
        }
    }

    /// Whether it makes a stream.
    pub(crate) fn makes(&self, stream: StreamId) -> bool {
        self.made.contains(&stream)
    }

    /// Whether the venue could make a stream of that name.
    pub(crate) fn knows(&self, name: &str) -> bool {
        match name::parse(name) {
            Some(Name::One(symbol, _)) => self.symbols.contains_key(symbol),
            Some(Name::All(_)) => true,
            None => false,
        }
    }

    /// Writes what happened. A sum of trades stays open, for as long as until the next boundary, where its order
    /// `goes_on`.
    pub(crate) fn take(&mut self, goes_on: bool, spot: &mut SpotVenue, told: &mut Told<'_>) {
        let mut tape = std::mem::take(&mut self.tape);
        spot.take_tape(&mut tape);
        for (event_ns, event) in tape.drain(..) {
            let index = event.instrument().index();
            let Some(desk) = self.desks.get_mut(index) else { continue };
            desk.take(event_ns, &event, spot, told);
            if !self.touched.contains(&index) {
                self.touched.push(index);
            }
        }
        self.tape = tape;
        for index in self.touched.drain(..) {
            if let Some(desk) = self.desks.get_mut(index) {
                if !goes_on {
                    desk.end_sum(spot, told);
                }
                desk.tell_best(spot, told);
            }
        }
    }

    /// When something is due without input.
    pub(crate) fn next_due(&self, listened: &dyn Fn(StreamId) -> bool) -> Option<u64> {
        self.waits(listened).then(|| (self.marks_done() + 1) * TENTH_NS + AFTER_NS)
    }

    /// How many boundaries are done.
    const fn marks_done(&self) -> u64 {
        self.done_ns.saturating_sub(AFTER_NS) / TENTH_NS
    }

    fn waits(&self, listened: &dyn Fn(StreamId) -> bool) -> bool {
        self.arrays.iter().any(|(s, _)| listened(*s)) || self.desks.iter().any(|d| d.waits(listened))
    }

    /// Writes what is due up to `now`.
    pub(crate) fn advance(&mut self, now: u64, spot: &mut SpotVenue, told: &mut Told<'_>) {
        let last = now.saturating_sub(AFTER_NS) / TENTH_NS;
        if last > self.marks_done() && self.waits(told.listened) {
            for mark in self.marks_done() + 1..=last {
                let mark_ns = mark * TENTH_NS;
                self.fire(At { mark_ns, now_ns: mark_ns + AFTER_NS }, spot, told);
            }
        }
        self.done_ns = self.done_ns.max(now);
    }

    fn fire(&mut self, at: At, spot: &mut SpotVenue, told: &mut Told<'_>) {
        for desk in &mut self.desks {
            desk.end_sum(spot, told);
            desk.fire(at, spot, told);
        }
        if !at.mark_ns.is_multiple_of(SECOND_NS) {
            return;
        }
        let traded = || self.desks.iter().filter(|d| d.traded_since());
        for (stream, array) in self.arrays.iter().filter(|(s, _)| (told.listened)(*s)) {
            if traded().next().is_none() {
                break;
            }
            told.frames.add(*stream, None, |out, unit| {
                for (i, desk) in traded().enumerate() {
                    out.push(if i == 0 { b'[' } else { b',' });
                    desk.write_array(out, *array, at.now_ns, unit, spot);
                }
                out.push(b']');
            });
        }
        self.desks.iter_mut().for_each(Desk::second_over);
    }
}

impl Timed {
    fn is_due(&self, at: At, told: &Told<'_>) -> bool {
        at.mark_ns.is_multiple_of(self.every_ns) && (told.listened)(self.stream)
    }
}
