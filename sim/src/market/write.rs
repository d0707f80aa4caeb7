//! Market frames with a period, as spot writes them. Those that come at once are written by the flow's writer.

use std::collections::BTreeMap;

use crosstick_model::{Decimal, InstrumentId, Side};

use super::name::Window;
use crate::binance::spot::history::{Bar, MINUTE_NS};
use crate::binance::spot::{PAD, SpotVenue, amount_text, percent, weighted};
use crate::exchange::LevelView;
use crate::flow::payload::Writer;
use crate::rules::TimeUnit;
use crate::text::{decimal_padded, push_fixed, push_u64};

/// How far back a day's ticker looks.
pub(super) const DAY_NS: u64 = 1_440 * MINUTE_NS;

/// A frame that is being written.
pub(super) struct Page<'a> {
    pub(super) out: &'a mut Vec<u8>,
    pub(super) writer: &'a Writer,
    pub(super) unit: TimeUnit,
}

impl Page<'_> {
    fn raw(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    fn int(&mut self, name: &str, value: u64) {
        self.raw(name);
        push_u64(self.out, value);
    }

    fn time(&mut self, name: &str, ns: u64) {
        self.int(name, if self.unit == TimeUnit::Micros { ns / 1_000 } else { ns / 1_000_000 });
    }

    /// A trade id; -1 where nothing was traded.
    fn id(&mut self, name: &str, id: u64, traded: bool) {
        if traded {
            self.int(name, id);
        } else {
            self.raw(name);
            self.raw("-1");
        }
    }

    fn text(&mut self, name: &str, value: &str) {
        self.raw(name);
        self.raw("\"");
        self.raw(value);
        self.raw("\"");
    }

    fn price(&mut self, name: &str, mantissa: i64) {
        self.raw(name);
        self.raw("\"");
        push_fixed(self.out, mantissa, self.writer.price_decimals, PAD);
        self.raw("\"");
    }

    fn quantity(&mut self, name: &str, mantissa: i64) {
        self.raw(name);
        self.raw("\"");
        push_fixed(self.out, mantissa, self.writer.quantity_decimals, PAD);
        self.raw("\"");
    }

    /// A sum of quantities, which may be more than one quantity can be.
    fn volume(&mut self, name: &str, mantissa: i128) {
        self.text(name, &decimal_padded(Decimal::new(mantissa, self.writer.quantity_decimals), PAD));
    }

    fn head(&mut self, event: &str, at: u64) {
        self.raw("{\"e\":\"");
        self.raw(event);
        self.time("\",\"E\":", at);
        let writer = self.writer;
        self.text(",\"s\":", &writer.symbol);
    }

    fn levels(&mut self, name: &str, levels: impl Iterator<Item = (i64, i64)>) {
        self.raw(name);
        self.raw("[");
        for (i, (price, quantity)) in levels.enumerate() {
            self.price(if i == 0 { "[" } else { ",[" }, price);
            self.quantity(",", quantity);
            self.raw("]");
        }
        self.raw("]");
    }
}

/// Changed levels by side: first and last update id; bids from the highest, asks from the lowest.
pub(super) fn diff(page: &mut Page<'_>, at: u64, updates: (u64, u64), levels: &[BTreeMap<i64, i64>; 2]) {
    let [bids, asks] = levels;
    page.head("depthUpdate", at);
    page.int(",\"U\":", updates.0);
    page.int(",\"u\":", updates.1);
    page.levels(",\"b\":", bids.iter().rev().map(|(p, q)| (*p, *q)));
    page.levels(",\"a\":", asks.iter().map(|(p, q)| (*p, *q)));
    page.raw("}");
}

/// The best levels, which name neither symbol nor time.
pub(super) fn partial(page: &mut Page<'_>, update: u64, bids: &[LevelView], asks: &[LevelView]) {
    page.int("{\"lastUpdateId\":", update);
    page.levels(",\"bids\":", bids.iter().map(|l| (l.price, l.quantity)));
    page.levels(",\"asks\":", asks.iter().map(|l| (l.price, l.quantity)));
    page.raw("}");
}

/// A bar.
pub(super) fn kline(page: &mut Page<'_>, at: u64, interval: &str, bar: &Bar, last_ns: u64, ended: bool) {
    let traded = bar.count > 0;
    let writer = page.writer;
    page.head("kline", at);
    page.time(",\"k\":{\"t\":", bar.start_ns);
    page.time(",\"T\":", last_ns);
    page.text(",\"s\":", &writer.symbol);
    page.text(",\"i\":", interval);
    page.id(",\"f\":", bar.first_id, traded);
    page.id(",\"L\":", bar.last_id, traded);
    page.price(",\"o\":", bar.open);
    page.price(",\"c\":", bar.close);
    page.price(",\"h\":", bar.high);
    page.price(",\"l\":", bar.low);
    page.volume(",\"v\":", bar.volume);
    page.int(",\"n\":", bar.count);
    page.raw(if ended { ",\"x\":true" } else { ",\"x\":false" });
    page.text(",\"q\":", &amount_text(bar.quote_volume));
    page.volume(",\"V\":", bar.taker_volume);
    page.text(",\"Q\":", &amount_text(bar.taker_quote_volume));
    page.raw(",\"B\":\"0\"}}");
}

/// The average price of five minutes.
pub(super) fn average(page: &mut Page<'_>, at: u64, price: i64, last_ns: u64) {
    page.head("avgPrice", at);
    page.text(",\"i\":", "5m");
    page.price(",\"w\":", price);
    page.time(",\"T\":", last_ns);
    page.raw("}");
}

/// What was traded in a rolling stretch of time.
pub(super) struct Day {
    sum: Bar,
    before: i64,
    open_ns: u64,
}

impl Day {
    /// The stretch of this length up to `at`, from the beginning of a minute.
    pub(super) fn of(spot: &SpotVenue, id: InstrumentId, at: u64, span_ns: u64) -> Self {
        let from = at.saturating_sub(span_ns);
        let open_ns = from - from % MINUTE_NS;
        let history = spot.history(id);
        let before = history.and_then(|h| h.close_before(open_ns));
        let sum = history.and_then(|h| h.since(open_ns)).unwrap_or_else(|| Bar::empty(open_ns, before.unwrap_or(0)));
        Self { before: before.unwrap_or(sum.open), sum, open_ns }
    }
}

fn change(page: &mut Page<'_>, sum: &Bar) {
    let change = sum.close - sum.open;
    let decimals = page.writer.price_decimals;
    page.text(",\"p\":", &decimal_padded(Decimal::new(i128::from(change), decimals), PAD));
    page.text(",\"P\":", &percent(change, sum.open));
}

fn average_of(page: &mut Page<'_>, sum: &Bar) {
    let decimals = page.writer.quantity_decimals;
    page.text(",\"w\":", &weighted(sum, decimals));
}

fn volumes(page: &mut Page<'_>, sum: &Bar) {
    page.volume(",\"v\":", sum.volume);
    page.text(",\"q\":", &amount_text(sum.quote_volume));
}

fn ends(page: &mut Page<'_>, at: u64, day: &Day) {
    let sum = &day.sum;
    page.time(",\"O\":", day.open_ns);
    page.time(",\"C\":", at);
    page.id(",\"F\":", sum.first_id, sum.count > 0);
    page.id(",\"L\":", sum.last_id, sum.count > 0);
    page.int(",\"n\":", sum.count);
    page.raw("}");
}

/// `24hrMiniTicker`.
pub(super) fn mini(page: &mut Page<'_>, at: u64, day: &Day) {
    let sum = &day.sum;
    page.head("24hrMiniTicker", at);
    page.price(",\"c\":", sum.close);
    page.price(",\"o\":", sum.open);
    page.price(",\"h\":", sum.high);
    page.price(",\"l\":", sum.low);
    volumes(page, sum);
    page.raw("}");
}

/// `1hTicker`, `4hTicker`, `1dTicker`.
pub(super) fn window(page: &mut Page<'_>, at: u64, window: &Window, day: &Day) {
    let sum = &day.sum;
    page.head(window.event, at);
    change(page, sum);
    page.price(",\"o\":", sum.open);
    page.price(",\"h\":", sum.high);
    page.price(",\"l\":", sum.low);
    page.price(",\"c\":", sum.close);
    average_of(page, sum);
    volumes(page, sum);
    ends(page, at, day);
}

/// `24hrTicker`.
pub(super) fn ticker(page: &mut Page<'_>, at: u64, day: &Day, spot: &SpotVenue, id: InstrumentId) {
    let (sum, exchange) = (&day.sum, spot.exchange());
    let best = |side| exchange.best(id, side).unwrap_or(LevelView { price: 0, quantity: 0 });
    let (bid, ask) = (best(Side::Buy), best(Side::Sell));
    page.head("24hrTicker", at);
    change(page, sum);
    average_of(page, sum);
    page.price(",\"x\":", day.before);
    page.price(",\"c\":", sum.close);
    page.quantity(",\"Q\":", exchange.trades(id).next_back().map_or(0, |t| t.quantity));
    page.price(",\"b\":", bid.price);
    page.quantity(",\"B\":", bid.quantity);
    page.price(",\"a\":", ask.price);
    page.quantity(",\"A\":", ask.quantity);
    page.price(",\"o\":", sum.open);
    page.price(",\"h\":", sum.high);
    page.price(",\"l\":", sum.low);
    volumes(page, sum);
    ends(page, at, day);
}
