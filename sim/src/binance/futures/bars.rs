//! What was traded of a contract in a stretch of time: REST's klines, and the streams of bars and of the last day.
//!
//! Volumes are in contracts or base units; what they were worth is in the quote asset, of inverse contracts in the
//! base asset.

use crosstick_model::{Decimal, InstrumentId};
use serde_json::{Map, Value, json};

use super::render::{average, put, worth};
use super::{Call, FuturesVenue, amount_text, millis, pair_of, price_text};
use crate::api::errors::ApiError;
use crate::binance::spot::bars::{self, Interval, Kline};
use crate::binance::spot::history::{Bar, MINUTE_NS};
use crate::binance::spot::percent;
use crate::exchange::Trade;
use crate::text::decimal_padded;

/// How far back a ticker looks.
const DAY_NS: u64 = 1_440 * MINUTE_NS;
/// Bars of a list where nothing is said, and at most.
const LIST: (usize, usize) = (500, 1_500);

impl FuturesVenue {
    /// Adds a trade to its contract's bars.
    pub(super) fn note_traded(&mut self, trade: &Trade) {
        let value = worth(self.exchange.instrument_spec(trade.instrument), trade.price, trade.quantity);
        if let Some(history) = self.histories.get_mut(trade.instrument.index()) {
            history.push_bars(trade, value);
        }
    }

    fn volume(&self, id: InstrumentId, volume: i128) -> String {
        decimal_padded(Decimal::new(volume, self.spec(id).scale.quantity_decimals), 0)
    }

    pub(super) fn klines(&self, call: &Call<'_>) -> Result<Value, ApiError> {
        let params = call.params;
        let id = self.instrument_of(params)?;
        let interval = Interval::parse(params.need("interval")?)?;
        let limit = params.limit(LIST.0, LIST.1)?;
        let (from, to) = (params.time("startTime", call.latest())?, params.time("endTime", call.latest())?);
        let Some(history) = self.histories.get(id.index()) else { return Err(ApiError::bad_symbol()) };
        let list = bars::within(bars::klines(history, interval, 0, call.now), (from, to), limit);
        let price = |p| price_text(self.spec(id).scale, p);
        let shown = list.iter().map(|(bar, last_ns)| {
            json!([
                millis(bar.start_ns),
                price(bar.open),
                price(bar.high),
                price(bar.low),
                price(bar.close),
                self.volume(id, bar.volume),
                millis(*last_ns),
                amount_text(bar.quote_volume),
                bar.count,
                self.volume(id, bar.taker_volume),
                amount_text(bar.taker_quote_volume),
                "0",
            ])
        });
        Ok(shown.collect())
    }

    /// The bar that holds a time; `None`: nothing was traded yet.
    pub(super) fn bar(&self, id: InstrumentId, interval: Interval, at: u64) -> Option<Kline> {
        bars::bar_at(self.histories.get(id.index())?, interval, 0, at)
    }

    /// A bar as its stream tells it.
    pub(super) fn kline_event(
        &self,
        id: InstrumentId,
        now: u64,
        interval: &str,
        (bar, last_ns): &Kline,
        ended: bool,
    ) -> Value {
        let spec = self.spec(id);
        let price = |p| price_text(spec.scale, p);
        let trade = |id: u64| if bar.count > 0 { json!(id) } else { json!(-1) };
        json!({
            "e": "kline", "E": millis(now), "s": spec.symbol,
            "k": {
                "t": millis(bar.start_ns), "T": millis(*last_ns), "s": spec.symbol, "i": interval,
                "f": trade(bar.first_id), "L": trade(bar.last_id), "o": price(bar.open), "c": price(bar.close),
                "h": price(bar.high), "l": price(bar.low), "v": self.volume(id, bar.volume), "n": bar.count,
                "x": ended, "q": amount_text(bar.quote_volume), "V": self.volume(id, bar.taker_volume),
                "Q": amount_text(bar.taker_quote_volume), "B": "0",
            },
        })
    }

    /// The last day, to the minute; zeros where nothing was traded in it.
    pub(super) fn day(&self, id: InstrumentId, now: u64) -> Bar {
        let from_ns = now.saturating_sub(DAY_NS);
        let sum = self.histories.get(id.index()).and_then(|h| h.since(from_ns));
        Bar { start_ns: from_ns, ..sum.unwrap_or(Bar::empty(from_ns, 0)) }
    }

    /// The last day as `ticker/24hr` shows it.
    pub(super) fn day_json(&self, id: InstrumentId, now: u64) -> Value {
        let (spec, day) = (self.spec(id), self.day(id, now));
        let price = |p: i64| price_text(spec.scale, p);
        let last = self.exchange.trades(id).next_back().map_or(0, |t| t.quantity);
        let traded = |id: u64| if day.count > 0 { json!(id) } else { json!(-1) };
        let mut body = Map::new();
        self.put_symbol(&mut body, spec);
        put(&mut body, "priceChange", price(day.close - day.open));
        put(&mut body, "priceChangePercent", percent(day.close - day.open, day.open));
        put(&mut body, "weightedAvgPrice", average(spec, day.volume, day.quote_volume));
        put(&mut body, "lastPrice", price(day.close));
        put(&mut body, "lastQty", super::quantity_text(spec.scale, last));
        put(&mut body, "openPrice", price(day.open));
        put(&mut body, "highPrice", price(day.high));
        put(&mut body, "lowPrice", price(day.low));
        put(&mut body, "volume", self.volume(id, day.volume));
        put(&mut body, if self.is_coin() { "baseVolume" } else { "quoteVolume" }, amount_text(day.quote_volume));
        put(&mut body, "openTime", millis(day.start_ns));
        put(&mut body, "closeTime", millis(now));
        put(&mut body, "firstId", traded(day.first_id));
        put(&mut body, "lastId", traded(day.last_id));
        put(&mut body, "count", day.count);
        Value::Object(body)
    }

    /// The last day as the streams tell it, short or whole.
    pub(super) fn day_event(&self, id: InstrumentId, now: u64, whole: bool) -> Value {
        let (spec, day) = (self.spec(id), self.day(id, now));
        let price = |p: i64| price_text(spec.scale, p);
        let mut body = Map::new();
        put(&mut body, "e", if whole { "24hrTicker" } else { "24hrMiniTicker" });
        put(&mut body, "E", millis(now));
        put(&mut body, "s", spec.symbol.as_str());
        if self.is_coin() {
            put(&mut body, "ps", pair_of(&spec.symbol));
        }
        if whole {
            let last = self.exchange.trades(id).next_back().map_or(0, |t| t.quantity);
            put(&mut body, "p", price(day.close - day.open));
            put(&mut body, "P", percent(day.close - day.open, day.open));
            put(&mut body, "w", average(spec, day.volume, day.quote_volume));
            put(&mut body, "c", price(day.close));
            put(&mut body, "Q", super::quantity_text(spec.scale, last));
        } else {
            put(&mut body, "c", price(day.close));
        }
        put(&mut body, "o", price(day.open));
        put(&mut body, "h", price(day.high));
        put(&mut body, "l", price(day.low));
        put(&mut body, "v", self.volume(id, day.volume));
        put(&mut body, "q", amount_text(day.quote_volume));
        if whole {
            put(&mut body, "O", millis(day.start_ns));
            put(&mut body, "C", millis(now));
            put(&mut body, "F", day.first_id);
            put(&mut body, "L", day.last_id);
            put(&mut body, "n", day.count);
        }
        Value::Object(body)
    }
}
