//! The market streams of one instrument, and what each was last told.

use std::collections::BTreeMap;

use crosstick_model::{InstrumentId, Side};

use super::name::{Array, Kind, Kline};
use super::write::{self, Page};
use super::{At, Told};
use crate::binance::spot::{Public, SpotVenue, bars};
use crate::exchange::Trade;
use crate::flow::payload::Writer;
use crate::flow::{Body, FlowEvent};
use crate::rules::{SECOND_NS, TimeUnit};
use crate::venue::StreamId;

/// A stream with a period.
#[derive(Debug)]
pub(super) struct Timed {
    pub(super) stream: StreamId,
    pub(super) every_ns: u64,
    kind: Kind,
    /// What it was told last: how many trades and changes of the best quote there were, the book's update id, or the
    /// last trade of a bar.
    seen: Option<u64>,
}

/// Changed levels of the book since the last frame.
#[derive(Debug)]
struct Diff {
    every_ns: u64,
    streams: Vec<StreamId>,
    last_update: u64,
    /// By side: price to quantity.
    levels: [BTreeMap<i64, i64>; 2],
}

/// Trades of one taker at one price, so far.
#[derive(Debug, Clone, Copy)]
struct Sum {
    id: u64,
    first: u64,
    last: u64,
    quantity: i64,
    trade: Trade,
    event_ns: u64,
}

/// One instrument.
#[derive(Debug)]
pub(super) struct Desk {
    id: InstrumentId,
    pub(super) writer: Writer,
    /// Those that tell at once: trades, their sums, best quotes. A name may stand for one stream only.
    trades: Option<StreamId>,
    sums: Option<StreamId>,
    best: Option<StreamId>,
    diffs: Vec<Diff>,
    timed: Vec<Timed>,
    open: Option<Sum>,
    /// The best quote that was last told.
    told: Option<[i64; 4]>,
    /// The flow's quote since then.
    quoted: Option<[i64; 4]>,
    /// So many trades, and so many trades and changes of the best quote.
    traded: u64,
    changed: u64,
    /// Trades up to the last full second.
    traded_before: u64,
}

impl Desk {
    pub(super) const fn new(id: InstrumentId, writer: Writer) -> Self {
        Self {
            id,
            writer,
            trades: None,
            sums: None,
            best: None,
            diffs: Vec::new(),
            timed: Vec::new(),
            open: None,
            told: None,
            quoted: None,
            traded: 0,
            changed: 0,
            traded_before: 0,
        }
    }

    pub(super) fn register(&mut self, stream: StreamId, kind: Kind, spot: &SpotVenue) {
        let every_ns = match &kind {
            Kind::Trade => {
                self.trades = Some(stream);
                return;
            }
            Kind::AggTrade => {
                self.sums = Some(stream);
                return;
            }
            Kind::BookTicker => {
                self.best = Some(stream);
                return;
            }
            Kind::Diff(every_ns) => {
                self.register_diff(stream, *every_ns, spot);
                return;
            }
            Kind::Partial(_, every_ns) => *every_ns,
            Kind::Kline(kline) => kline.every_ns(),
            Kind::MiniTicker | Kind::Ticker | Kind::Window(_) | Kind::AvgPrice => SECOND_NS,
        };
        self.timed.push(Timed { stream, every_ns, kind, seen: None });
    }

    fn register_diff(&mut self, stream: StreamId, every_ns: u64, spot: &SpotVenue) {
        match self.diffs.iter_mut().find(|d| d.every_ns == every_ns) {
            Some(diff) => diff.streams.push(stream),
            None => {
                let last_update = spot.exchange().update_id(self.id);
                let levels = [BTreeMap::new(), BTreeMap::new()];
                self.diffs.push(Diff { every_ns, streams: vec![stream], last_update, levels });
            }
        }
    }

    /// Whether anybody waits for a boundary.
    pub(super) fn waits(&self, listened: &dyn Fn(StreamId) -> bool) -> bool {
        self.timed.iter().any(|t| listened(t.stream))
            || self.diffs.iter().flat_map(|d| &d.streams).any(|s| listened(*s))
            || (self.open.is_some() && self.sums.is_some_and(listened))
    }

    /// Takes one thing that happened.
    pub(super) fn take(&mut self, event_ns: u64, event: &Public, spot: &SpotVenue, told: &mut Told<'_>) {
        match event {
            Public::Trade { trade, aggregate } => self.take_trade(event_ns, trade, *aggregate, told),
            Public::Quoted { quote, .. } => self.quoted = Some(*quote),
            Public::Level { side, price, quantity, .. } => {
                let update = spot.exchange().update_id(self.id);
                for diff in &mut self.diffs {
                    if diff.streams.iter().any(|s| (told.listened)(*s)) {
                        diff.levels[*side as usize].insert(*price, *quantity);
                    } else {
                        diff.levels.iter_mut().for_each(BTreeMap::clear);
                        diff.last_update = update;
                    }
                }
            }
        }
    }

    fn take_trade(&mut self, event_ns: u64, trade: &Trade, aggregate: u64, told: &mut Told<'_>) {
        self.traded += 1;
        self.changed += 1;
        if let Some(stream) = self.trades {
            let taker_sold = trade.taker_side == Side::Sell;
            let body = Body::Trade { id: trade.id, price: trade.price, quantity: trade.quantity, taker_sold };
            self.tell(stream, event_ns, trade.at_ns, body, told);
        }
        match &mut self.open {
            Some(open) if open.id == aggregate => {
                open.last = trade.id;
                open.quantity = open.quantity.saturating_add(trade.quantity);
            }
            _ => {
                self.tell_sum(told);
                let (id, quantity) = (aggregate, trade.quantity);
                self.open = Some(Sum { id, first: trade.id, last: trade.id, quantity, trade: *trade, event_ns });
            }
        }
    }

    fn tell(&self, stream: StreamId, event_ns: u64, match_ns: u64, body: Body, told: &mut Told<'_>) {
        if !(told.listened)(stream) {
            told.frames.count(stream, body.trade_id());
            return;
        }
        let event = FlowEvent { at_ns: event_ns, match_ns, event_ns, venue: 0, leg: 0, body };
        told.frames.add(stream, body.trade_id(), |out, unit| self.writer.push(out, &event, 0, unit));
    }

    /// The open sum is whole.
    pub(super) fn end_sum(&mut self, spot: &mut SpotVenue, told: &mut Told<'_>) {
        if self.open.is_some() {
            spot.seal(self.id);
            self.tell_sum(told);
        }
    }

    fn tell_sum(&mut self, told: &mut Told<'_>) {
        let Some(sum) = self.open.take() else { return };
        let Some(stream) = self.sums else { return };
        let Sum { id, first, last, quantity, trade, event_ns } = sum;
        let taker_sold = trade.taker_side == Side::Sell;
        let body = Body::AggTrade { id, first, last, price: trade.price, quantity, taker_sold };
        self.tell(stream, event_ns, trade.at_ns, body, told);
    }

    /// Tells the best quote when it is another one, or when the flow said it anew.
    pub(super) fn tell_best(&mut self, spot: &SpotVenue, told: &mut Told<'_>) {
        let exchange = spot.exchange();
        let sides = (exchange.best(self.id, Side::Buy), exchange.best(self.id, Side::Sell));
        let quoted = self.quoted.take();
        // With an empty side there is no best quote to tell.
        let (Some(bid), Some(ask)) = sides else { return };
        let best = [bid.price, bid.quantity, ask.price, ask.quantity];
        if self.told == Some(best) && quoted != Some(best) {
            return;
        }
        self.changed += u64::from(self.told != Some(best));
        self.told = Some(best);
        if let Some(stream) = self.best {
            let update_id = exchange.update_id(self.id);
            let [bid, bid_quantity, ask, ask_quantity] = best;
            self.tell(stream, 0, 0, Body::Quote { update_id, bid, bid_quantity, ask, ask_quantity }, told);
        }
    }

    /// Tells what is due at a boundary.
    pub(super) fn fire(&mut self, at: At, spot: &SpotVenue, told: &mut Told<'_>) {
        self.fire_diffs(at, spot, told);
        let mut timed = std::mem::take(&mut self.timed);
        for entry in &mut timed {
            if entry.is_due(at, told) {
                self.fire_timed(entry, at, spot, told);
            }
        }
        self.timed = timed;
    }

    fn fire_diffs(&mut self, at: At, spot: &SpotVenue, told: &mut Told<'_>) {
        for diff in self.diffs.iter_mut().filter(|d| at.mark_ns.is_multiple_of(d.every_ns)) {
            if diff.levels.iter().all(BTreeMap::is_empty) {
                continue;
            }
            let update = spot.exchange().update_id(self.id);
            let (first, levels) = (diff.last_update + 1, &diff.levels);
            for stream in diff.streams.iter().filter(|s| (told.listened)(**s)) {
                told.frames.add(*stream, None, |out, unit| {
                    write::diff(&mut Page { out, writer: &self.writer, unit }, at.now_ns, (first, update), levels);
                });
            }
            diff.last_update = update;
            diff.levels.iter_mut().for_each(BTreeMap::clear);
        }
    }

    fn fire_timed(&self, entry: &mut Timed, at: At, spot: &SpotVenue, told: &mut Told<'_>) {
        let revision = match &entry.kind {
            Kind::Partial(..) => spot.exchange().update_id(self.id),
            Kind::Ticker => self.changed,
            _ => self.traded,
        };
        let news = entry.seen.unwrap_or(0) != revision;
        let stream = entry.stream;
        let writer = &self.writer;
        match &entry.kind {
            Kind::Kline(kline) => {
                entry.seen = self.fire_kline(stream, kline, entry.seen, at, spot, told);
                return;
            }
            Kind::AvgPrice => {
                if let Some(price) = spot.exchange().average_price(at.now_ns, self.id, 5) {
                    let last_ns = spot.exchange().trades(self.id).next_back().map_or(0, |t| t.at_ns);
                    told.frames.add(stream, None, |out, unit| {
                        write::average(&mut Page { out, writer, unit }, at.now_ns, price, last_ns);
                    });
                }
            }
            _ if !news => {}
            Kind::Partial(levels, _) => {
                let exchange = spot.exchange();
                let [bids, asks] = [Side::Buy, Side::Sell].map(|side| exchange.depth(self.id, side, *levels));
                if bids.is_empty() && asks.is_empty() && entry.seen.is_none() {
                    return;
                }
                told.frames.add(stream, None, |out, unit| {
                    write::partial(&mut Page { out, writer, unit }, revision, &bids, &asks);
                });
            }
            kind => {
                let kind = kind.clone();
                told.frames.add(stream, None, |out, unit| self.write_ticker(out, &kind, at.now_ns, unit, spot));
            }
        }
        entry.seen = Some(revision);
    }

    /// Tells a bar that traded or ended; the last trade of what was told.
    fn fire_kline(
        &self,
        stream: StreamId,
        kline: &Kline,
        seen: Option<u64>,
        at: At,
        spot: &SpotVenue,
        told: &mut Told<'_>,
    ) -> Option<u64> {
        let history = spot.history(self.id)?;
        // The bar that ends here is told once more, as ended; the one that begins here has its turn at the next period.
        let (bar, last_ns) = bars::bar_at(history, kline.interval, kline.zone_s, at.mark_ns - 1)?;
        let ended = last_ns < at.mark_ns;
        if ended || (bar.count > 0 && seen != Some(bar.last_id)) {
            told.frames.add(stream, None, |out, unit| {
                let page = &mut Page { out, writer: &self.writer, unit };
                write::kline(page, at.now_ns, &kline.text, &bar, last_ns, ended);
            });
        }
        Some(bar.last_id)
    }

    fn write_ticker(&self, out: &mut Vec<u8>, kind: &Kind, at: u64, unit: TimeUnit, spot: &SpotVenue) {
        let page = &mut Page { out, writer: &self.writer, unit };
        match kind {
            Kind::MiniTicker => write::mini(page, at, &write::Day::of(spot, self.id, at, write::DAY_NS)),
            Kind::Window(window) => write::window(page, at, window, &write::Day::of(spot, self.id, at, window.span_ns)),
            _ => write::ticker(page, at, &write::Day::of(spot, self.id, at, write::DAY_NS), spot, self.id),
        }
    }

    /// Whether it traded since the last full second.
    pub(super) const fn traded_since(&self) -> bool {
        self.traded != self.traded_before
    }

    /// Its part of a stream over all instruments.
    pub(super) fn write_array(&self, out: &mut Vec<u8>, array: Array, at: u64, unit: TimeUnit, spot: &SpotVenue) {
        let kind = match array {
            Array::MiniTicker => Kind::MiniTicker,
            Array::Window(window) => Kind::Window(window),
        };
        self.write_ticker(out, &kind, at, unit, spot);
    }

    /// A full second is over.
    pub(super) const fn second_over(&mut self) {
        self.traded_before = self.traded;
    }
}
