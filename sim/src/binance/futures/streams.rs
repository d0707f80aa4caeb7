//! Market streams of a futures venue, made from its exchange: trades and sums of trades, best quotes, book diffs with
//! `pu`, partial books, mark prices, bars, tickers.
//!
//! A stream is made from the first time that somebody asks for it. Trades and best quotes come with the command that
//! caused them; books at full 100, 250 or 500 ms since the epoch when they changed; mark prices every second or third
//! second; bars at full 250 ms and tickers every other second, when something was traded; a bar also when it ended. `E`
//! and `T` of a book are when it is told and when it last changed.

use std::collections::{BTreeMap, HashMap};

use crosstick_model::{InstrumentId, Protocol, Side};

use super::{FuturesVenue, Public, Sum, pair_of};
use crate::binance::spot::bars::{self, Interval};
use crate::binance::spot::history::Bar;
use crate::exchange::{LevelView, Trade};
use crate::flow::payload::Writer;
use crate::flow::{Body, FlowEvent};
use crate::market::Told;
use crate::rules::SECOND_NS;
use crate::text::{push_fixed, push_u64};
use crate::venue::StreamId;

const MS: u64 = 1_000_000;
/// A sum of trades that nothing ended is told at the next full tenth of a second.
const SUM_ENDS_NS: u64 = 100 * MS;
const FUNDING_EVERY_NS: u64 = 8 * 3_600 * SECOND_NS;

/// When funding would be due next.
pub(super) const fn next_funding_ms(now: u64) -> u64 {
    (now / FUNDING_EVERY_NS + 1) * FUNDING_EVERY_NS / MS
}

/// What one instrument's stream carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Trade,
    Sum,
    Best,
    /// Changed levels, every so many nanoseconds.
    Diff(u64),
    /// So many levels a side, every so many nanoseconds.
    Partial(usize, u64),
    Mark(u64),
    Bar(Interval),
    /// The last day, short or whole.
    Day(bool),
}

/// The symbol in lower case and what is wanted; `None`: there is no such stream.
fn parse(name: &str) -> Option<(&str, Kind)> {
    let (symbol, rest) = name.split_once('@')?;
    let kind = match rest {
        "trade" => Kind::Trade,
        "aggTrade" => Kind::Sum,
        "bookTicker" => Kind::Best,
        "markPrice" => Kind::Mark(3 * SECOND_NS),
        "markPrice@1s" => Kind::Mark(SECOND_NS),
        "ticker" => Kind::Day(true),
        "miniTicker" => Kind::Day(false),
        bar if bar.starts_with("kline_") => Kind::Bar(Interval::parse(&bar["kline_".len()..]).ok()?),
        _ => {
            let (levels, speed) = rest.strip_prefix("depth")?.split_once('@').unwrap_or((&rest[5..], "250ms"));
            let every_ns = match speed {
                "100ms" => 100 * MS,
                "250ms" => 250 * MS,
                "500ms" => 500 * MS,
                _ => return None,
            };
            match levels {
                "" => Kind::Diff(every_ns),
                "5" => Kind::Partial(5, every_ns),
                "10" => Kind::Partial(10, every_ns),
                "20" => Kind::Partial(20, every_ns),
                _ => return None,
            }
        }
    };
    Some((symbol, kind))
}

/// A stream with a period.
#[derive(Debug)]
struct Timed {
    stream: StreamId,
    kind: Kind,
    every_ns: u64,
    /// The last period that was told, counted from the epoch.
    period: u64,
    /// The book's update id that was told last.
    update: u64,
    /// By side: levels that changed since then.
    levels: [BTreeMap<i64, i64>; 2],
    /// A bar's interval as its stream's name has it.
    interval: Box<str>,
    /// The bar, or the day's sum, that was told last.
    bar: Option<Bar>,
}

/// One instrument.
#[derive(Debug)]
struct Desk {
    id: InstrumentId,
    writer: Writer,
    trades: Option<StreamId>,
    sums: Option<StreamId>,
    best: Option<StreamId>,
    timed: Vec<Timed>,
    /// The sum that is open, when it began, and the event time of its first trade.
    open: Option<(Sum, u64)>,
    told: Option<[i64; 4]>,
    /// The flow's quote since then, with its event and match time.
    quoted: Option<([i64; 4], u64, u64)>,
    /// When the book last changed.
    changed_ns: u64,
}

/// The market streams of a venue.
#[derive(Debug)]
pub(crate) struct Streams {
    desks: Vec<Desk>,
    /// Instruments by their symbols in lower case.
    symbols: HashMap<String, usize>,
    tape: Vec<(u64, Public)>,
    touched: Vec<usize>,
    now_ns: u64,
}

impl Streams {
    /// The streams of a venue's instruments; none is made yet.
    pub(crate) fn new(venue: &FuturesVenue) -> Self {
        let desk = |(id, spec): (InstrumentId, &crate::exchange::InstrumentSpec)| Desk {
            id,
            writer: Writer {
                protocol: venue.protocol,
                symbol: spec.symbol.clone(),
                pair: pair_of(&spec.symbol).to_owned(),
                price_decimals: spec.scale.price_decimals,
                quantity_decimals: spec.scale.quantity_decimals,
            },
            trades: None,
            sums: None,
            best: None,
            timed: Vec::new(),
            open: None,
            told: None,
            quoted: None,
            changed_ns: 0,
        };
        let desks: Vec<Desk> = venue.exchange().instruments().map(desk).collect();
        let symbols = desks.iter().enumerate().map(|(i, d)| (d.writer.symbol.to_lowercase(), i)).collect();
        Self { desks, symbols, tape: Vec::new(), touched: Vec::new(), now_ns: 0 }
    }

    /// Whether the venue could make a stream of that name.
    pub(crate) fn knows(&self, name: &str) -> bool {
        parse(name).is_some_and(|(symbol, _)| self.symbols.contains_key(symbol))
    }

    /// Makes a stream from now on, where there is one of that name.
    pub(crate) fn register(&mut self, name: &str, stream: StreamId, venue: &FuturesVenue) {
        let Some((symbol, kind)) = parse(name) else { return };
        let Some(desk) = self.symbols.get(symbol).and_then(|i| self.desks.get_mut(*i)) else { return };
        let every_ns = match kind {
            Kind::Trade => return desk.trades = Some(stream),
            Kind::Sum => return desk.sums = Some(stream),
            Kind::Best => return desk.best = Some(stream),
            Kind::Diff(every) | Kind::Partial(_, every) | Kind::Mark(every) => every,
            Kind::Bar(_) => 250 * MS,
            Kind::Day(_) => 2 * SECOND_NS,
        };
        let update = if matches!(kind, Kind::Diff(_)) { venue.exchange().update_id(desk.id) } else { 0 };
        let (period, levels) = (self.now_ns / every_ns, Default::default());
        let interval = name.split_once("@kline_").map_or("", |(_, interval)| interval).into();
        desk.timed.push(Timed { stream, kind, every_ns, period, update, levels, interval, bar: None });
    }

    /// Writes what happened. With `goes_on`, the last order may trade more.
    pub(crate) fn take(&mut self, goes_on: bool, venue: &mut FuturesVenue, told: &mut Told<'_>) {
        let mut tape = std::mem::take(&mut self.tape);
        venue.take_tape(&mut tape);
        for (event_ns, event) in tape.drain(..) {
            let index = event.instrument().index();
            let Some(desk) = self.desks.get_mut(index) else { continue };
            desk.take(event_ns, &event, venue, told);
            if !self.touched.contains(&index) {
                self.touched.push(index);
            }
        }
        self.tape = tape;
        for index in self.touched.drain(..) {
            if let Some(desk) = self.desks.get_mut(index) {
                if !goes_on {
                    desk.end_sum(venue, told);
                }
                desk.tell_best(venue, told);
            }
        }
    }

    /// When something is due without input.
    pub(crate) fn next_due(&self, listened: &dyn Fn(StreamId) -> bool) -> Option<u64> {
        let timed = self.desks.iter().flat_map(|d| &d.timed).filter(|t| listened(t.stream));
        let timed = timed.map(|t| (t.period + 1) * t.every_ns);
        let open = self.desks.iter().filter(|d| d.open.is_some() && d.sums.is_some_and(listened));
        let sums = open.map(|_| (self.now_ns / SUM_ENDS_NS + 1) * SUM_ENDS_NS);
        timed.chain(sums).min()
    }

    /// Writes what is due up to `now`.
    pub(crate) fn advance(&mut self, now: u64, venue: &mut FuturesVenue, told: &mut Told<'_>) {
        let tenth = now / SUM_ENDS_NS > self.now_ns / SUM_ENDS_NS;
        self.now_ns = self.now_ns.max(now);
        for desk in &mut self.desks {
            if tenth {
                desk.end_sum(venue, told);
            }
            desk.fire(now, venue, told);
        }
    }
}

impl Desk {
    fn take(&mut self, event_ns: u64, event: &Public, venue: &mut FuturesVenue, told: &mut Told<'_>) {
        match event {
            Public::Trade { trade, sum } => self.take_trade(event_ns, trade, *sum, told),
            Public::Quoted { quote, match_ns, .. } => {
                self.end_sum(venue, told);
                self.quoted = Some((*quote, event_ns, *match_ns));
            }
            Public::Level { side, price, quantity, .. } => {
                self.end_sum(venue, told);
                self.changed_ns = event_ns;
                let update = venue.exchange().update_id(self.id);
                for timed in self.timed.iter_mut().filter(|t| matches!(t.kind, Kind::Diff(_))) {
                    if (told.listened)(timed.stream) {
                        timed.levels[*side as usize].insert(*price, *quantity);
                    } else {
                        timed.levels.iter_mut().for_each(BTreeMap::clear);
                        timed.update = update;
                    }
                }
            }
        }
    }

    fn take_trade(&mut self, event_ns: u64, trade: &Trade, sum: Sum, told: &mut Told<'_>) {
        if let Some(stream) = self.trades {
            let taker_sold = trade.taker_side == Side::Sell;
            let body = Body::Trade { id: trade.id, price: trade.price, quantity: trade.quantity, taker_sold };
            self.tell(stream, (event_ns, trade.at_ns), body, told);
        }
        match &mut self.open {
            Some((open, _)) if open.id == sum.id => *open = sum,
            _ => {
                self.tell_sum(told);
                self.open = Some((sum, event_ns));
            }
        }
    }

    /// The open sum is whole.
    fn end_sum(&mut self, venue: &mut FuturesVenue, told: &mut Told<'_>) {
        if self.open.is_some() {
            venue.seal(self.id);
            self.tell_sum(told);
        }
    }

    fn tell_sum(&mut self, told: &mut Told<'_>) {
        let Some((sum, event_ns)) = self.open.take() else { return };
        let Some(stream) = self.sums else { return };
        let Sum { id, first, last, price, quantity, at_ns, taker_side, .. } = sum;
        let body = Body::AggTrade { id, first, last, price, quantity, taker_sold: taker_side == Side::Sell };
        self.tell(stream, (event_ns, at_ns), body, told);
    }

    /// Tells the best quote when it is another one, or when the flow said it anew.
    fn tell_best(&mut self, venue: &FuturesVenue, told: &mut Told<'_>) {
        let exchange = venue.exchange();
        let sides = (exchange.best(self.id, Side::Buy), exchange.best(self.id, Side::Sell));
        let quoted = self.quoted.take();
        // With an empty side there is no best quote to tell.
        let (Some(bid), Some(ask)) = sides else { return };
        let best = [bid.price, bid.quantity, ask.price, ask.quantity];
        if self.told == Some(best) && quoted.is_none_or(|(quote, ..)| quote != best) {
            return;
        }
        self.told = Some(best);
        let Some(stream) = self.best else { return };
        let times = quoted.map_or((self.changed_ns, self.changed_ns), |(_, event, matched)| (event, matched));
        let update_id = exchange.update_id(self.id);
        let [bid, bid_quantity, ask, ask_quantity] = best;
        self.tell(stream, times, Body::Quote { update_id, bid, bid_quantity, ask, ask_quantity }, told);
    }

    fn tell(&self, stream: StreamId, (event_ns, match_ns): (u64, u64), body: Body, told: &mut Told<'_>) {
        if !(told.listened)(stream) {
            told.frames.count(stream, body.trade_id());
            return;
        }
        let event = FlowEvent { at_ns: event_ns, match_ns, event_ns, venue: 0, leg: 0, body };
        told.frames.add(stream, body.trade_id(), |out, unit| self.writer.push(out, &event, 0, unit));
    }

    fn fire(&mut self, now: u64, venue: &FuturesVenue, told: &mut Told<'_>) {
        let (id, changed_ns, writer) = (self.id, self.changed_ns, &self.writer);
        for timed in &mut self.timed {
            let period = now / timed.every_ns;
            if period <= timed.period {
                continue;
            }
            timed.period = period;
            if !(told.listened)(timed.stream) {
                continue;
            }
            let page = Book { writer, times: (now, changed_ns), update: venue.exchange().update_id(id) };
            match timed.kind {
                Kind::Mark(_) => {
                    if let Some(mark) = venue.mark(id) {
                        told.frames.add(timed.stream, None, |out, _| push_mark(out, writer, now, mark));
                    }
                }
                Kind::Bar(interval) => tell_bar(timed, interval, id, now, venue, told),
                Kind::Day(whole) => {
                    let day = venue.day(id, now);
                    let seen = timed.bar.replace(day).map(|b| (b.count, b.last_id));
                    if day.count > 0 && seen != Some((day.count, day.last_id)) {
                        let body = venue.day_event(id, now, whole).to_string();
                        told.frames.add(timed.stream, None, |out, _| raw(out, &body));
                    }
                }
                Kind::Diff(_) if timed.levels.iter().any(|l| !l.is_empty()) => {
                    let [bids, asks] = &timed.levels;
                    let level = |(p, q): (&i64, &i64)| (*p, *q);
                    let before = timed.update;
                    told.frames.add(timed.stream, None, |out, _| {
                        page.push(out, before, bids.iter().rev().map(level), asks.iter().map(level));
                    });
                    timed.levels.iter_mut().for_each(BTreeMap::clear);
                    timed.update = page.update;
                }
                Kind::Partial(levels, _) if timed.update != page.update => {
                    let [bids, asks] = [Side::Buy, Side::Sell].map(|side| venue.exchange().depth(id, side, levels));
                    let level = |l: &LevelView| (l.price, l.quantity);
                    // The first one follows nothing, so it names the update before its own.
                    let before = if timed.update == 0 { page.update - 1 } else { timed.update };
                    told.frames.add(timed.stream, None, |out, _| {
                        page.push(out, before, bids.iter().map(level), asks.iter().map(level));
                    });
                    timed.update = page.update;
                }
                _ => {}
            }
        }
    }
}

/// Tells a bar that traded, and before it the one that ended.
fn tell_bar(
    timed: &mut Timed,
    interval: Interval,
    id: InstrumentId,
    now: u64,
    venue: &FuturesVenue,
    told: &mut Told<'_>,
) {
    let Some(current) = venue.bar(id, interval, now) else { return };
    let mut tell = |bar: &bars::Kline, ended| {
        let body = venue.kline_event(id, now, &timed.interval, bar, ended).to_string();
        told.frames.add(timed.stream, None, |out, _| raw(out, &body));
    };
    let before = timed.bar.replace(current.0);
    if let Some(before) = before.filter(|b| b.start_ns < current.0.start_ns)
        && let Some(ended) = venue.bar(id, interval, before.start_ns)
    {
        tell(&ended, true);
    }
    if current.0.count > 0 && before != Some(current.0) {
        tell(&current, false);
    }
}

/// A book's frame that is being written.
struct Book<'a> {
    writer: &'a Writer,
    /// When it is told, and when the book last changed.
    times: (u64, u64),
    update: u64,
}

fn raw(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
}

fn int(out: &mut Vec<u8>, name: &str, value: u64) {
    raw(out, name);
    push_u64(out, value);
}

fn push_symbol(out: &mut Vec<u8>, writer: &Writer) {
    raw(out, ",\"s\":\"");
    raw(out, &writer.symbol);
    raw(out, "\"");
}

impl Book<'_> {
    /// `before`: the update id of the frame before.
    fn push(
        &self,
        out: &mut Vec<u8>,
        before: u64,
        bids: impl Iterator<Item = (i64, i64)>,
        asks: impl Iterator<Item = (i64, i64)>,
    ) {
        int(out, "{\"e\":\"depthUpdate\",\"E\":", self.times.0 / MS);
        int(out, ",\"T\":", self.times.1 / MS);
        push_symbol(out, self.writer);
        if self.writer.protocol == Protocol::BinanceCoinm {
            raw(out, ",\"ps\":\"");
            raw(out, &self.writer.pair);
            raw(out, "\"");
        }
        int(out, ",\"U\":", before + 1);
        int(out, ",\"u\":", self.update);
        int(out, ",\"pu\":", before);
        self.push_levels(out, ",\"b\":[", bids);
        self.push_levels(out, ",\"a\":[", asks);
        raw(out, "}");
    }

    fn push_levels(&self, out: &mut Vec<u8>, name: &str, levels: impl Iterator<Item = (i64, i64)>) {
        raw(out, name);
        for (i, (price, quantity)) in levels.enumerate() {
            raw(out, if i == 0 { "[\"" } else { ",[\"" });
            push_fixed(out, price, self.writer.price_decimals, 0);
            raw(out, "\",\"");
            push_fixed(out, quantity, self.writer.quantity_decimals, 0);
            raw(out, "\"]");
        }
        raw(out, "]");
    }
}

fn push_mark(out: &mut Vec<u8>, writer: &Writer, now: u64, mark: i64) {
    int(out, "{\"e\":\"markPriceUpdate\",\"E\":", now / MS);
    push_symbol(out, writer);
    for name in [",\"p\":\"", ",\"P\":\"", ",\"i\":\""] {
        raw(out, name);
        push_fixed(out, mark, writer.price_decimals, 0);
        raw(out, "\"");
    }
    // A delivery contract has no funding.
    if writer.symbol.contains('_') && !writer.symbol.ends_with("_PERP") {
        raw(out, ",\"r\":\"\",\"T\":0}");
    } else {
        int(out, ",\"r\":\"0.00000000\",\"T\":", next_funding_ms(now));
        raw(out, "}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documented_names() {
        assert_eq!(parse("btcusdt@depth"), Some(("btcusdt", Kind::Diff(250 * MS))));
        assert_eq!(parse("btcusdt@depth@100ms"), Some(("btcusdt", Kind::Diff(100 * MS))));
        assert_eq!(parse("btcusdt@depth20@500ms"), Some(("btcusdt", Kind::Partial(20, 500 * MS))));
        assert_eq!(parse("btcusd_perp@depth5"), Some(("btcusd_perp", Kind::Partial(5, 250 * MS))));
        assert_eq!(parse("btcusdt@markPrice"), Some(("btcusdt", Kind::Mark(3 * SECOND_NS))));
        for name in ["btcusdt", "x@depth@1000ms", "x@depth7", "x@avgPrice", "x@markPrice@2s", "x@aggtrade"] {
            assert_eq!(parse(name), None, "{name}");
        }
    }

    #[test]
    fn funding_is_due_at_full_eight_hours() {
        // 2023-11-14 22:13:20 and the midnight after it.
        assert_eq!(next_funding_ms(1_700_000_000 * SECOND_NS), 1_700_006_400_000);
    }
}
