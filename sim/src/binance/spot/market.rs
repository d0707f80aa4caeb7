//! Market data over REST and the WebSocket API: the book, trades, bars, tickers.

use crosstick_model::{Amount, Decimal, InstrumentId, Side};
use serde_json::{Map, Value, json};

use super::bars::{self, Interval};
use super::history::{Bar, MINUTE_NS};
use super::info::Chosen;
use super::render::put;
use super::{Call, PAD, SpotVenue, amount_text, price_text, quantity_text};
use crate::api::errors::ApiError;
use crate::exchange::{LevelView, Trade};
use crate::text::decimal_padded;

/// How far back a ticker looks.
const DAY_NS: u64 = 1_440 * MINUTE_NS;
/// Levels of a book where nothing is said, and at most.
const DEPTH: (usize, usize) = (100, 5_000);
/// Entries of a list where nothing is said, and at most.
const LIST: (usize, usize) = (500, 1_000);
/// Minutes of `avgPrice`.
const AVERAGE_MINS: u32 = 5;

impl SpotVenue {
    pub(super) fn depth(&self, call: &Call<'_>) -> Result<Value, ApiError> {
        let id = self.one(call.params)?;
        let limit = call.params.limit(DEPTH.0, DEPTH.1)?;
        let scale = self.spec(id).scale;
        let side = |side| -> Vec<Value> {
            let level = |l: &LevelView| json!([price_text(scale, l.price), quantity_text(scale, l.quantity)]);
            self.exchange.depth(id, side, limit).iter().map(level).collect()
        };
        Ok(json!({
            "lastUpdateId": self.exchange.update_id(id), "bids": side(Side::Buy), "asks": side(Side::Sell),
        }))
    }

    pub(super) fn recent_trades(&self, call: &Call<'_>, historical: bool) -> Result<Value, ApiError> {
        let id = self.instrument_of(call)?;
        let limit = call.params.limit(LIST.0, LIST.1)?;
        let from = if historical { call.params.integer("fromId")? } else { None };
        let trades = self.exchange.trades(id);
        let trade = |t: &Trade| self.trade_of(t, call);
        Ok(match from {
            Some(from) => trades.filter(|t| t.id >= from).take(limit).map(trade).collect(),
            None => {
                let skip = trades.len().saturating_sub(limit);
                trades.skip(skip).map(trade).collect()
            }
        })
    }

    fn trade_of(&self, trade: &Trade, call: &Call<'_>) -> Value {
        let scale = self.spec(trade.instrument).scale;
        let value = Amount::notional(trade.price, trade.quantity, scale).unwrap_or(Amount::ZERO);
        json!({
            "id": trade.id,
            "price": price_text(scale, trade.price),
            "qty": quantity_text(scale, trade.quantity),
            "quoteQty": amount_text(value),
            "time": call.market_stamp().at(trade.at_ns),
            "isBuyerMaker": trade.taker_side == Side::Sell,
            "isBestMatch": true,
        })
    }

    pub(super) fn agg_trades(&self, call: &Call<'_>) -> Result<Value, ApiError> {
        let id = self.instrument_of(call)?;
        let limit = call.params.limit(LIST.0, LIST.1)?;
        let from_id = call.params.integer("fromId")?;
        let (from, to) = (call.params.time("startTime", call.latest())?, call.params.time("endTime", call.latest())?);
        if from_id.is_some() && (from.is_some() || to.is_some()) {
            return Err(ApiError::bad_combination());
        }
        let scale = self.spec(id).scale;
        let Some(history) = self.histories.get(id.index()) else { return Err(ApiError::bad_symbol()) };
        let within = |at: u64| from.is_none_or(|f| at >= f) && to.is_none_or(|t| at <= t);
        let list = history.aggregates.iter();
        let list: Vec<_> = list.filter(|a| within(a.at_ns) && from_id.is_none_or(|f| a.id >= f)).collect();
        let from_start = from.is_some() || from_id.is_some();
        let skip = if from_start { 0 } else { list.len().saturating_sub(limit) };
        let shown = list.into_iter().skip(skip).take(limit).map(|a| {
            json!({
                "a": a.id, "p": price_text(scale, a.price), "q": quantity_text(scale, a.quantity),
                "f": a.first_id, "l": a.last_id, "T": call.market_stamp().at(a.at_ns), "m": a.taker_side == Side::Sell,
                "M": true,
            })
        });
        Ok(shown.collect())
    }

    pub(super) fn klines(&self, call: &Call<'_>) -> Result<Value, ApiError> {
        let params = call.params;
        let id = self.instrument_of(call)?;
        let interval = Interval::parse(params.need("interval")?)?;
        let zone = params.text("timeZone")?.map_or(Ok(0), bars::zone_s)?;
        let limit = params.limit(LIST.0, LIST.1)?;
        let (from, to) = (params.time("startTime", call.latest())?, params.time("endTime", call.latest())?);
        let Some(history) = self.histories.get(id.index()) else { return Err(ApiError::bad_symbol()) };
        let list = bars::within(bars::klines(history, interval, zone, call.now), (from, to), limit);
        let scale = self.spec(id).scale;
        let volume = |v: i128| decimal_padded(Decimal::new(v, scale.quantity_decimals), PAD);
        let stamp = call.market_stamp();
        let shown = list.iter().map(|(bar, last_ns)| {
            json!([
                stamp.at(bar.start_ns),
                price_text(scale, bar.open),
                price_text(scale, bar.high),
                price_text(scale, bar.low),
                price_text(scale, bar.close),
                volume(bar.volume),
                stamp.at(*last_ns),
                amount_text(bar.quote_volume),
                bar.count,
                volume(bar.taker_volume),
                amount_text(bar.taker_quote_volume),
                "0",
            ])
        });
        Ok(shown.collect())
    }

    pub(super) fn average_price(&self, call: &Call<'_>) -> Result<Value, ApiError> {
        let id = self.instrument_of(call)?;
        let price = self.exchange.average_price(call.now, id, AVERAGE_MINS).unwrap_or(0);
        let last = self.exchange.trades(id).next_back().map_or(0, |t| t.at_ns);
        Ok(json!({
            "mins": AVERAGE_MINS, "price": price_text(self.spec(id).scale, price),
            "closeTime": call.market_stamp().at(last),
        }))
    }

    /// No symbol here has a reference price.
    pub(super) fn reference_price(&self, call: &Call<'_>) -> Result<Value, ApiError> {
        self.instrument_of(call)?;
        Err(ApiError::new(-2043, "This symbol does not have a reference price."))
    }

    fn shown(chosen: &Chosen, one: impl Fn(InstrumentId) -> Value) -> Value {
        let mut list = chosen.instruments.iter().map(|id| one(*id));
        if chosen.single { list.next().unwrap_or(Value::Null) } else { list.collect() }
    }

    pub(super) fn ticker_price(&self, call: &Call<'_>) -> Result<Value, ApiError> {
        let chosen = self.choose(call.params)?;
        Ok(Self::shown(&chosen, |id| {
            let spec = self.spec(id);
            let price = self.exchange.last_price(id).unwrap_or(0);
            json!({ "symbol": spec.symbol, "price": price_text(spec.scale, price) })
        }))
    }

    pub(super) fn ticker_book(&self, call: &Call<'_>) -> Result<Value, ApiError> {
        let chosen = self.choose(call.params)?;
        Ok(Self::shown(&chosen, |id| {
            let spec = self.spec(id);
            let (bid, ask) = self.best(id);
            json!({
                "symbol": spec.symbol,
                "bidPrice": price_text(spec.scale, bid.price), "bidQty": quantity_text(spec.scale, bid.quantity),
                "askPrice": price_text(spec.scale, ask.price), "askQty": quantity_text(spec.scale, ask.quantity),
            })
        }))
    }

    /// Best bid and ask; zeros where a side is empty.
    fn best(&self, id: InstrumentId) -> (LevelView, LevelView) {
        let top = |side| self.exchange.best(id, side).unwrap_or(LevelView { price: 0, quantity: 0 });
        (top(Side::Buy), top(Side::Sell))
    }

    pub(super) fn ticker_24hr(&self, call: &Call<'_>) -> Result<Value, ApiError> {
        let mini = match call.params.text("type")? {
            None | Some("FULL") => false,
            Some("MINI") => true,
            Some(_) => return Err(ApiError::new(-1139, "Invalid ticker type.")),
        };
        let chosen = self.choose(call.params)?;
        Ok(Self::shown(&chosen, |id| self.ticker_json(id, mini, call)))
    }

    fn ticker_json(&self, id: InstrumentId, mini: bool, call: &Call<'_>) -> Value {
        let spec = self.spec(id);
        let scale = spec.scale;
        let from_ns = call.now.saturating_sub(DAY_NS);
        let history = self.histories.get(id.index());
        let sum = history.and_then(|h| h.since(from_ns)).unwrap_or(Bar::empty(from_ns, 0));
        let price = |p: i64| price_text(scale, p);
        let volume = decimal_padded(Decimal::new(sum.volume, scale.quantity_decimals), PAD);
        let mut body = Map::new();
        put(&mut body, "symbol", spec.symbol.as_str());
        if !mini {
            let before = history.and_then(|h| h.close_before(from_ns)).unwrap_or(sum.open);
            let last = self.exchange.trades(id).next_back().map_or(0, |t| t.quantity);
            let (bid, ask) = self.best(id);
            put(&mut body, "priceChange", price_text(scale, sum.close - sum.open));
            put(&mut body, "priceChangePercent", percent(sum.close - sum.open, sum.open));
            put(&mut body, "weightedAvgPrice", weighted(&sum, scale.quantity_decimals));
            put(&mut body, "prevClosePrice", price(before));
            put(&mut body, "lastPrice", price(sum.close));
            put(&mut body, "lastQty", quantity_text(scale, last));
            put(&mut body, "bidPrice", price(bid.price));
            put(&mut body, "bidQty", quantity_text(scale, bid.quantity));
            put(&mut body, "askPrice", price(ask.price));
            put(&mut body, "askQty", quantity_text(scale, ask.quantity));
        }
        put(&mut body, "openPrice", price(sum.open));
        put(&mut body, "highPrice", price(sum.high));
        put(&mut body, "lowPrice", price(sum.low));
        if mini {
            put(&mut body, "lastPrice", price(sum.close));
        }
        put(&mut body, "volume", volume);
        put(&mut body, "quoteVolume", amount_text(sum.quote_volume));
        put(&mut body, "openTime", call.market_stamp().at(from_ns));
        put(&mut body, "closeTime", call.market_stamp().at(call.now));
        let traded = sum.count > 0;
        put(&mut body, "firstId", if traded { json!(sum.first_id) } else { json!(-1) });
        put(&mut body, "lastId", if traded { json!(sum.last_id) } else { json!(-1) });
        put(&mut body, "count", sum.count);
        Value::Object(body)
    }
}

/// A change in percent of `of`, with three decimals.
pub(crate) fn percent(change: i64, of: i64) -> String {
    let value = if of == 0 { 0 } else { i128::from(change) * 100_000 / i128::from(of) };
    decimal_padded(Decimal::new(value, 3), 3)
}

/// The average price weighted by quantity, with eight decimals.
pub(crate) fn weighted(sum: &Bar, quantity_decimals: u8) -> String {
    if sum.volume == 0 {
        return decimal_padded(Decimal::ZERO, PAD);
    }
    // Quote volume is at 1e-16; times the quantity's unit, over the volume's mantissa, it is a price at 1e-16.
    let price = sum.quote_volume.0 / sum.volume * 10i128.pow(u32::from(quantity_decimals));
    let rest = sum.quote_volume.0 % sum.volume * 10i128.pow(u32::from(quantity_decimals)) / sum.volume;
    amount_text(Amount(price + rest))
}
