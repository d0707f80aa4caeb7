//! Market data over REST: the book, trades, bars, tickers. Trades have no ids here, as at the real venue.

use crosstick_model::{Amount, Decimal, InstrumentId, Side};
use serde_json::{Value, json};

use super::errors::{BAD_SYMBOL, MexcError, wrong};
use super::read::{limit, need, text, time};
use super::{Call, MexcVenue, amount_text, millis, plain, price_text, quantity_text};
use crate::binance::spot::bars::{self, Interval};
use crate::binance::spot::history::{Bar, MINUTE_NS};
use crate::exchange::{LevelView, Trade};
use crate::text::decimal_padded;

const DAY_NS: u64 = 1_440 * MINUTE_NS;
/// Minutes of `avgPrice`.
const AVERAGE_MINS: u32 = 5;
/// Decimals that quantities of quotes and of the book are padded to.
pub(super) const PAD: u8 = 8;
/// Intervals of bars by their REST names, and as bars are named inside.
const INTERVALS: [(&str, &str); 9] = [
    ("1m", "1m"),
    ("5m", "5m"),
    ("15m", "15m"),
    ("30m", "30m"),
    ("60m", "1h"),
    ("4h", "4h"),
    ("1d", "1d"),
    ("1W", "1w"),
    ("1M", "1M"),
];

impl MexcVenue {
    /// A price of the book, at the decimals of its step.
    pub(super) fn level_price(&self, id: InstrumentId, price: i64) -> String {
        decimal_padded(self.spec(id).scale.price(price), 0)
    }

    /// A quantity of the book.
    pub(super) fn level_quantity(&self, id: InstrumentId, quantity: i64) -> String {
        decimal_padded(self.spec(id).scale.quantity(quantity), PAD)
    }

    pub(super) fn depth(&self, call: &Call<'_>) -> Result<Value, MexcError> {
        let id = self.instrument_of(call.params)?;
        let most = limit(call.params, 100, 5_000)?;
        let side = |side| -> Vec<Value> {
            let level = |l: &LevelView| json!([self.level_price(id, l.price), self.level_quantity(id, l.quantity)]);
            self.exchange.depth(id, side, most).iter().map(level).collect()
        };
        Ok(json!({
            "lastUpdateId": self.exchange.update_id(id), "bids": side(Side::Buy), "asks": side(Side::Sell),
            "timestamp": millis(call.now),
        }))
    }

    pub(super) fn recent_trades(&self, call: &Call<'_>) -> Result<Value, MexcError> {
        let id = self.instrument_of(call.params)?;
        let most = limit(call.params, 500, 1_000)?;
        let scale = self.spec(id).scale;
        let trade = |t: &Trade| {
            let value = Amount::notional(t.price, t.quantity, scale).unwrap_or(Amount::ZERO);
            let sold = t.taker_side == Side::Sell;
            json!({
                "id": null, "price": price_text(scale, t.price), "qty": quantity_text(scale, t.quantity),
                "quoteQty": amount_text(value), "time": millis(t.at_ns), "isBuyerMaker": sold,
                "isBestMatch": true, "tradeType": if sold { "ASK" } else { "BID" },
            })
        };
        Ok(self.exchange.trades(id).rev().take(most).map(trade).collect())
    }

    pub(super) fn agg_trades(&self, call: &Call<'_>) -> Result<Value, MexcError> {
        let id = self.instrument_of(call.params)?;
        let most = limit(call.params, 500, 1_000)?;
        let (from, to) = (time(call.params, "startTime")?, time(call.params, "endTime")?);
        let scale = self.spec(id).scale;
        let history = self.history(id).ok_or(BAD_SYMBOL)?;
        let within = |at: u64| from.is_none_or(|f| at >= f) && to.is_none_or(|t| at <= t);
        let list = history.aggregates.iter().rev().filter(|a| within(a.at_ns)).take(most).map(|a| {
            json!({
                "a": null, "f": null, "l": null, "p": price_text(scale, a.price),
                "q": quantity_text(scale, a.quantity), "T": millis(a.at_ns), "m": a.taker_side == Side::Sell,
                "M": true,
            })
        });
        Ok(list.collect())
    }

    pub(super) fn klines(&self, call: &Call<'_>) -> Result<Value, MexcError> {
        let params = call.params;
        let id = self.instrument_of(params)?;
        let name = need(params, "interval")?;
        let known = INTERVALS.iter().find(|(n, _)| *n == name).ok_or_else(|| wrong("interval"))?;
        let interval = Interval::parse(known.1).map_err(|_| wrong("interval"))?;
        let most = limit(params, 500, 1_000)?;
        let (from, to) = (time(params, "startTime")?, time(params, "endTime")?);
        let list = bars::klines(self.history(id).ok_or(BAD_SYMBOL)?, interval, 0, call.now);
        let list = bars::within(list, (from, to), most);
        let scale = self.spec(id).scale;
        let price = |p| price_text(scale, p);
        let shown = list.iter().map(|(bar, last_ns)| {
            json!([
                millis(bar.start_ns),
                price(bar.open),
                price(bar.high),
                price(bar.low),
                price(bar.close),
                self.volume(id, bar.volume),
                millis(*last_ns + 1),
                amount_text(bar.quote_volume),
            ])
        });
        Ok(shown.collect())
    }

    /// A sum of quantities.
    pub(super) fn volume(&self, id: InstrumentId, volume: i128) -> String {
        plain(Decimal::new(volume, self.spec(id).scale.quantity_decimals))
    }

    pub(super) fn average_price(&self, call: &Call<'_>) -> Result<Value, MexcError> {
        let id = self.instrument_of(call.params)?;
        let price = self.exchange.average_price(call.now, id, AVERAGE_MINS).unwrap_or(0);
        Ok(json!({ "mins": AVERAGE_MINS, "price": price_text(self.spec(id).scale, price) }))
    }

    /// One answer where a symbol is named, else a list of all.
    fn shown(&self, call: &Call<'_>, one: impl Fn(InstrumentId) -> Value) -> Result<Value, MexcError> {
        if text(call.params, "symbol").is_some() {
            return Ok(one(self.instrument_of(call.params)?));
        }
        Ok(self.exchange.instruments().map(|(id, _)| one(id)).collect())
    }

    pub(super) fn ticker_price(&self, call: &Call<'_>) -> Result<Value, MexcError> {
        self.shown(call, |id| {
            let price = self.exchange.last_price(id).unwrap_or(0);
            json!({ "symbol": self.spec(id).symbol, "price": price_text(self.spec(id).scale, price) })
        })
    }

    /// Best bid and ask; zeros where a side is empty.
    fn best(&self, id: InstrumentId) -> [LevelView; 2] {
        let top = |side| self.exchange.best(id, side).unwrap_or(LevelView { price: 0, quantity: 0 });
        [top(Side::Buy), top(Side::Sell)]
    }

    pub(super) fn ticker_book(&self, call: &Call<'_>) -> Result<Value, MexcError> {
        self.shown(call, |id| {
            let [bid, ask] = self.best(id);
            json!({
                "symbol": self.spec(id).symbol,
                "bidPrice": self.level_price(id, bid.price), "bidQty": self.level_quantity(id, bid.quantity),
                "askPrice": self.level_price(id, ask.price), "askQty": self.level_quantity(id, ask.quantity),
            })
        })
    }

    pub(super) fn ticker_24hr(&self, call: &Call<'_>) -> Result<Value, MexcError> {
        self.shown(call, |id| self.ticker_json(id, call.now))
    }

    fn ticker_json(&self, id: InstrumentId, now: u64) -> Value {
        let spec = self.spec(id);
        let scale = spec.scale;
        let from_ns = now.saturating_sub(DAY_NS);
        let history = self.history(id);
        let closed = history.and_then(|h| h.close_before(from_ns));
        // A day without trades stands at the price before it.
        let sum = history.and_then(|h| h.since(from_ns)).unwrap_or(Bar::empty(from_ns, closed.unwrap_or(0)));
        let before = closed.unwrap_or(sum.open);
        let [bid, ask] = self.best(id);
        let change = i128::from(sum.close) - i128::from(before);
        // A share, not a percentage, with four decimals.
        let share = if before == 0 { 0 } else { change * 10_000 / i128::from(before) };
        let price = |p: i64| price_text(scale, p);
        json!({
            "symbol": spec.symbol,
            "priceChange": plain(Decimal::new(change, scale.price_decimals)),
            "priceChangePercent": plain(Decimal::new(share, 4)),
            "prevClosePrice": price(before),
            "lastPrice": price(sum.close),
            "bidPrice": price(bid.price),
            "bidQty": quantity_text(scale, bid.quantity),
            "askPrice": price(ask.price),
            "askQty": quantity_text(scale, ask.quantity),
            "openPrice": price(before),
            "highPrice": price(sum.high),
            "lowPrice": price(sum.low),
            "volume": self.volume(id, sum.volume),
            "quoteVolume": amount_text(sum.quote_volume),
            "openTime": millis(from_ns),
            "closeTime": millis(now),
            "count": null,
        })
    }
}
