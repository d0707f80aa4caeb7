//! Market streams of a MEXC venue, made from its exchange. Each is looked at in its period, counted from the epoch, and
//! told when something changed; deals are those of the period, all else is the state at its end.
//!
//! A stream is made from the first time that somebody asks for it.

use std::collections::{BTreeMap, HashMap};

use crosstick_model::{InstrumentId, Side};
use prost::Message;

use super::channel::{self, Kind};
use super::market::PAD;
use super::proto::{Body, BookTicker, BookTickerBatch, Deal, Deals, Depths, Kline, Level, LimitDepths, Push, ms};
use super::render::{trade_id, trade_type};
use super::{MexcVenue, Public, amount_text, price_text};
use crate::binance::spot::bars::{self, Interval};
use crate::binance::spot::history::Bar;
use crate::exchange::{LevelView, Trade};
use crate::market::Told;
use crate::rules::SECOND_NS;
use crate::text::decimal_padded;
use crate::venue::StreamId;

/// Deals of one push; a period has a few hundred, and what more it has comes in further pushes.
const DEALS_MAX: usize = 5_000;

/// Bars that are remembered as they were told: the one that goes on and the one before.
const BARS_KEPT: usize = 2;

/// One stream.
#[derive(Debug)]
struct Stream {
    id: StreamId,
    name: String,
    kind: Kind,
    every_ns: u64,
    /// The last period that was looked at, counted from the epoch.
    period: u64,
    deals: Vec<Trade>,
    /// By side: levels that changed since then.
    levels: [BTreeMap<i64, i64>; 2],
    /// The book's version that was told last.
    version: u64,
    best: Option<[LevelView; 2]>,
    /// The bars that were told last, as they were told.
    bars: Vec<Bar>,
}

/// One instrument.
#[derive(Debug)]
struct Desk {
    id: InstrumentId,
    streams: Vec<Stream>,
    /// When the book last changed.
    changed_ns: u64,
}

/// The market streams of a venue.
#[derive(Debug)]
pub(crate) struct Streams {
    desks: Vec<Desk>,
    symbols: HashMap<String, usize>,
    tape: Vec<Public>,
    now_ns: u64,
}

impl Streams {
    /// The streams of a venue's instruments; none is made yet.
    pub(crate) fn new(venue: &MexcVenue) -> Self {
        let instruments = || venue.exchange().instruments();
        let desks = instruments().map(|(id, _)| Desk { id, streams: Vec::new(), changed_ns: 0 }).collect();
        let symbols = instruments().map(|(id, spec)| (spec.symbol.clone(), id.index())).collect();
        Self { desks, symbols, tape: Vec::new(), now_ns: 0 }
    }

    /// Whether the venue could make a stream of that name.
    pub(crate) fn knows(&self, name: &str) -> bool {
        channel::parse(name).is_some_and(|c| self.symbols.contains_key(c.symbol))
    }

    /// Makes a stream from now on, where there is one of that name.
    pub(crate) fn register(&mut self, name: &str, id: StreamId, venue: &MexcVenue) {
        let Some(channel) = channel::parse(name) else { return };
        let Some(desk) = self.symbols.get(channel.symbol).and_then(|i| self.desks.get_mut(*i)) else { return };
        let (kind, every_ns) = (channel.kind, channel.every_ns);
        let version = if kind == Kind::Diff { venue.exchange().update_id(desk.id) } else { 0 };
        let period = self.now_ns / every_ns;
        let (deals, levels) = (Vec::new(), Default::default());
        let name = name.to_owned();
        desk.streams.push(Stream {
            id,
            name,
            kind,
            every_ns,
            period,
            deals,
            levels,
            version,
            best: None,
            bars: Vec::new(),
        });
    }

    /// Takes in what happened.
    pub(crate) fn take(&mut self, venue: &mut MexcVenue, told: &Told<'_>) {
        let mut tape = std::mem::take(&mut self.tape);
        venue.take_tape(&mut tape);
        for event in tape.drain(..) {
            let (Public::Trade(Trade { instrument, .. }) | Public::Level { instrument, .. }) = &event;
            if let Some(desk) = self.desks.get_mut(instrument.index()) {
                desk.take(&event, self.now_ns, venue, told);
            }
        }
        self.tape = tape;
    }

    /// When something is due without input.
    pub(crate) fn next_due(&self, listened: &dyn Fn(StreamId) -> bool) -> Option<u64> {
        let streams = self.desks.iter().flat_map(|d| &d.streams).filter(|s| listened(s.id));
        streams.map(|s| (s.period + 1) * s.every_ns).min()
    }

    /// Writes what is due up to `now`.
    pub(crate) fn advance(&mut self, now: u64, venue: &MexcVenue, told: &mut Told<'_>) {
        self.now_ns = self.now_ns.max(now);
        for desk in &mut self.desks {
            desk.fire(now, venue, told);
        }
    }
}

impl Desk {
    fn take(&mut self, event: &Public, now: u64, venue: &MexcVenue, told: &Told<'_>) {
        let version = venue.exchange().update_id(self.id);
        if matches!(event, Public::Level { .. }) {
            self.changed_ns = now;
        }
        for stream in &mut self.streams {
            let listened = (told.listened)(stream.id);
            match (stream.kind, event) {
                (Kind::Deals, Public::Trade(trade)) if listened => stream.deals.push(*trade),
                (Kind::Diff, Public::Level { side, price, quantity, .. }) if listened => {
                    stream.levels[*side as usize].insert(*price, *quantity);
                }
                (Kind::Diff, Public::Level { .. }) => {
                    stream.levels.iter_mut().for_each(BTreeMap::clear);
                    stream.version = version;
                }
                _ => {}
            }
        }
    }

    fn fire(&mut self, now: u64, venue: &MexcVenue, told: &mut Told<'_>) {
        for stream in &mut self.streams {
            let period = now / stream.every_ns;
            if period <= stream.period {
                continue;
            }
            let since_ns = stream.period * stream.every_ns;
            stream.period = period;
            if !(told.listened)(stream.id) {
                stream.forget();
                continue;
            }
            let page = Page { venue, id: self.id, now, changed_ns: self.changed_ns, event: event_type(&stream.name) };
            for (last, body) in page.bodies(stream, since_ns) {
                let push = Push {
                    channel: stream.name.clone(),
                    symbol: Some(venue.spec(self.id).symbol.clone()),
                    create_time: matches!(stream.kind, Kind::Kline(..) | Kind::Limit(_)).then(|| ms(now)),
                    send_time: Some(ms(now)),
                    body: Some(body),
                };
                told.frames.add(stream.id, last, |out, _| out.extend_from_slice(&push.encode_to_vec()));
            }
        }
    }
}

impl Stream {
    /// Nobody listens: whoever does next is told the state as it then is. Diffs go on from their version.
    fn forget(&mut self) {
        self.deals = Vec::new();
        (self.best, self.bars) = (None, Vec::new());
        if matches!(self.kind, Kind::Limit(_)) {
            self.version = 0;
        }
    }
}

/// What a frame calls its kind: the stream's name up to the symbol.
fn event_type(name: &str) -> String {
    let parts: Vec<&str> = name.split('@').collect();
    let kept = parts.iter().take(if parts.get(2).is_some_and(|p| p.ends_with("ms")) { 3 } else { 2 });
    kept.copied().collect::<Vec<_>>().join("@")
}

/// What a frame is written of.
struct Page<'a> {
    venue: &'a MexcVenue,
    id: InstrumentId,
    now: u64,
    changed_ns: u64,
    event: String,
}

impl Page<'_> {
    fn level(&self, price: i64, quantity: i64) -> Level {
        Level { price: self.venue.level_price(self.id, price), quantity: self.venue.level_quantity(self.id, quantity) }
    }

    /// What a stream has to tell of the time since then, each with its last trade's id.
    fn bodies(&self, stream: &mut Stream, since_ns: u64) -> Vec<(Option<u64>, Body)> {
        match stream.kind {
            Kind::Deals => {
                let deals = std::mem::take(&mut stream.deals);
                deals.chunks(DEALS_MAX).map(|part| (part.last().map(|t| t.id), self.deals(part))).collect()
            }
            Kind::Kline(interval, name) => {
                self.bars(stream, interval, name, since_ns).into_iter().map(|body| (None, body)).collect()
            }
            _ => self.state(stream).into_iter().map(|body| (None, body)).collect(),
        }
    }

    /// What a stream that tells a state has to tell; `None`: nothing new.
    fn state(&self, stream: &mut Stream) -> Option<Body> {
        let version = self.venue.exchange().update_id(self.id);
        match stream.kind {
            Kind::Best => self.best(stream).map(|best| Body::BookTicker(self.ticker(best, version))),
            Kind::Batch => {
                let best = self.best(stream)?;
                // A batch has version and time once for all.
                let item =
                    BookTicker { version: String::new(), last_order_create_time: 0, ..self.ticker(best, version) };
                let (version, last_order_create_time) = (version.to_string(), ms(self.changed_ns));
                Some(Body::BookTickerBatch(BookTickerBatch { items: vec![item], version, last_order_create_time }))
            }
            Kind::Diff => self.diff(stream, version),
            Kind::Limit(levels) if stream.version != version => {
                stream.version = version;
                let side = |side| -> Vec<Level> {
                    let depth = self.venue.exchange().depth(self.id, side, levels);
                    depth.iter().map(|l| self.level(l.price, l.quantity)).collect()
                };
                Some(Body::LimitDepths(LimitDepths {
                    asks: side(Side::Sell),
                    bids: side(Side::Buy),
                    event_type: self.event.clone(),
                    version: version.to_string(),
                    last_order_create_time: ms(self.changed_ns),
                }))
            }
            Kind::Limit(_) | Kind::Deals | Kind::Kline(..) => None,
        }
    }

    fn deals(&self, deals: &[Trade]) -> Body {
        let scale = self.venue.spec(self.id).scale;
        let deal = |t: &Trade| Deal {
            price: self.venue.level_price(self.id, t.price),
            quantity: decimal_padded(scale.quantity(t.quantity), PAD),
            trade_type: trade_type(t.taker_side),
            time: ms(t.at_ns),
            trade_id: trade_id(t.id, self.id),
        };
        Body::Deals(Deals { deals: deals.iter().map(deal).collect(), event_type: self.event.clone() })
    }

    /// The best quote, where it is another one than was told.
    fn best(&self, stream: &mut Stream) -> Option<[LevelView; 2]> {
        let exchange = self.venue.exchange();
        // With an empty side there is no best quote to tell.
        let best = [exchange.best(self.id, Side::Buy)?, exchange.best(self.id, Side::Sell)?];
        let fresh = stream.best != Some(best);
        stream.best = Some(best);
        fresh.then_some(best)
    }

    fn ticker(&self, [bid, ask]: [LevelView; 2], version: u64) -> BookTicker {
        let (bid, ask) = (self.level(bid.price, bid.quantity), self.level(ask.price, ask.quantity));
        BookTicker {
            bid_price: bid.price,
            bid_quantity: bid.quantity,
            ask_price: ask.price,
            ask_quantity: ask.quantity,
            version: version.to_string(),
            last_order_create_time: ms(self.changed_ns),
        }
    }

    fn diff(&self, stream: &mut Stream, version: u64) -> Option<Body> {
        if stream.levels.iter().all(BTreeMap::is_empty) {
            return None;
        }
        let from = stream.version + 1;
        stream.version = version;
        let [bids, asks] = std::mem::take(&mut stream.levels);
        Some(Body::Depths(Depths {
            asks: asks.iter().map(|(p, q)| self.level(*p, *q)).collect(),
            bids: bids.iter().rev().map(|(p, q)| self.level(*p, *q)).collect(),
            event_type: self.event.clone(),
            from_version: from.to_string(),
            to_version: version.to_string(),
            last_order_create_time: ms(self.changed_ns),
        }))
    }

    /// The bars since then that are not as they were told: those that ended, as they ended, then the one that goes on.
    fn bars(&self, stream: &mut Stream, interval: Interval, name: &str, since_ns: u64) -> Vec<Body> {
        let Some(history) = self.venue.history(self.id) else { return Vec::new() };
        // What was matched just before a period's end may come behind it, so the period before is looked at once more.
        let back_ns = if stream.bars.is_empty() { 0 } else { stream.every_ns };
        let (mut told, mut at_ns) = (Vec::new(), since_ns.saturating_sub(back_ns));
        while at_ns <= self.now {
            // Before the first trade there is no bar.
            let Some((bar, last_ns)) = bars::bar_at(history, interval, 0, at_ns) else {
                at_ns = if at_ns < self.now { self.now } else { self.now + 1 };
                continue;
            };
            if !stream.bars.contains(&bar) {
                stream.bars.retain(|b| b.start_ns != bar.start_ns);
                stream.bars.push(bar);
                told.push(self.kline(name, &bar, last_ns));
            }
            at_ns = last_ns + 1;
        }
        stream.bars.drain(..stream.bars.len().saturating_sub(BARS_KEPT));
        told
    }

    fn kline(&self, name: &str, bar: &Bar, last_ns: u64) -> Body {
        let scale = self.venue.spec(self.id).scale;
        let price = |p| price_text(scale, p);
        let seconds = |ns: u64| i64::try_from(ns / SECOND_NS).unwrap_or(i64::MAX);
        Body::Kline(Kline {
            interval: name.to_owned(),
            window_start: seconds(bar.start_ns),
            open: price(bar.open),
            close: price(bar.close),
            high: price(bar.high),
            low: price(bar.low),
            volume: self.venue.volume(self.id, bar.volume),
            amount: amount_text(bar.quote_volume),
            window_end: seconds(last_ns + 1),
        })
    }
}
