//! Market data over REST: the book, trades, tickers, mark prices.

use crosstick_model::{InstrumentId, Side};
use serde_json::{Map, Value, json};

use super::render::{put, worth};
use super::streams::next_funding_ms;
use super::{Call, FuturesVenue, amount_text, millis, pair_of, price_text, quantity_text};
use crate::api::errors::ApiError;
use crate::exchange::{LevelView, Trade};

const DEPTH: usize = 500;
const DEPTHS: [u64; 7] = [5, 10, 20, 50, 100, 500, 1_000];
/// Entries of a list where nothing is said, and at most.
const LIST: (usize, usize) = (500, 1_000);

impl FuturesVenue {
    pub(super) fn depth(&self, call: &Call<'_>) -> Result<Value, ApiError> {
        let id = self.instrument_of(call.params)?;
        let limit = match call.params.integer("limit")? {
            None => DEPTH,
            Some(n) if DEPTHS.contains(&n) => n as usize,
            Some(n) => return Err(ApiError::new(-4021, format!("{n} is not valid depth limit."))),
        };
        let spec = self.spec(id);
        let side = |side| -> Vec<Value> {
            let level = |l: &LevelView| json!([price_text(spec.scale, l.price), quantity_text(spec.scale, l.quantity)]);
            self.exchange.depth(id, side, limit).iter().map(level).collect()
        };
        let mut body = Map::new();
        put(&mut body, "lastUpdateId", self.exchange.update_id(id));
        if self.is_coin() {
            self.put_symbol(&mut body, spec);
        }
        put(&mut body, "E", millis(call.now));
        put(&mut body, "T", millis(call.now));
        put(&mut body, "bids", side(Side::Buy));
        put(&mut body, "asks", side(Side::Sell));
        Ok(Value::Object(body))
    }

    pub(super) fn recent_trades(&self, call: &Call<'_>) -> Result<Value, ApiError> {
        let id = self.instrument_of(call.params)?;
        let limit = call.params.limit(LIST.0, LIST.1)?;
        let trades = self.exchange.trades(id);
        let skip = trades.len().saturating_sub(limit);
        Ok(trades.skip(skip).map(|t| self.trade_of(t)).collect())
    }

    fn trade_of(&self, trade: &Trade) -> Value {
        let spec = self.spec(trade.instrument);
        let mut body = Map::new();
        put(&mut body, "id", trade.id);
        put(&mut body, "price", price_text(spec.scale, trade.price));
        put(&mut body, "qty", quantity_text(spec.scale, trade.quantity));
        let value = amount_text(worth(spec, trade.price, trade.quantity));
        put(&mut body, if self.is_coin() { "baseQty" } else { "quoteQty" }, value);
        put(&mut body, "time", millis(trade.at_ns));
        put(&mut body, "isBuyerMaker", trade.taker_side == Side::Sell);
        Value::Object(body)
    }

    pub(super) fn agg_trades(&self, call: &Call<'_>) -> Result<Value, ApiError> {
        let id = self.instrument_of(call.params)?;
        let params = call.params;
        let limit = params.limit(LIST.0, LIST.1)?;
        let from_id = params.integer("fromId")?;
        let (from, to) = (params.time("startTime", call.latest())?, params.time("endTime", call.latest())?);
        if from_id.is_some() && (from.is_some() || to.is_some()) {
            return Err(ApiError::bad_combination());
        }
        let scale = self.spec(id).scale;
        let Some(sums) = self.sums.get(id.index()) else { return Err(ApiError::bad_symbol()) };
        let within = |at: u64| from.is_none_or(|f| at >= f) && to.is_none_or(|t| at <= t);
        let list = sums.list.iter().filter(|s| within(s.at_ns) && from_id.is_none_or(|f| s.id >= f));
        let list: Vec<_> = list.collect();
        let skip = if from.is_some() || from_id.is_some() { 0 } else { list.len().saturating_sub(limit) };
        let shown = list.into_iter().skip(skip).take(limit).map(|s| {
            json!({
                "a": s.id, "p": price_text(scale, s.price), "q": quantity_text(scale, s.quantity), "f": s.first,
                "l": s.last, "T": millis(s.at_ns), "m": s.taker_side == Side::Sell,
            })
        });
        Ok(shown.collect())
    }

    /// One where USD-M was asked for one symbol, else a list.
    fn shown(&self, call: &Call<'_>, one: impl Fn(InstrumentId) -> Value) -> Result<Value, ApiError> {
        let (instruments, single) = self.chosen(call.params)?;
        let mut list = instruments.into_iter().map(one);
        Ok(if single && !self.is_coin() { list.next().unwrap_or(Value::Null) } else { list.collect() })
    }

    pub(super) fn ticker_price(&self, call: &Call<'_>) -> Result<Value, ApiError> {
        self.shown(call, |id| {
            let spec = self.spec(id);
            let last = self.exchange.trades(id).next_back();
            let mut body = Map::new();
            put(&mut body, "symbol", spec.symbol.as_str());
            if self.is_coin() {
                put(&mut body, "ps", pair_of(&spec.symbol));
            }
            put(&mut body, "price", price_text(spec.scale, last.map_or(0, |t| t.price)));
            put(&mut body, "time", millis(last.map_or(0, |t| t.at_ns)));
            Value::Object(body)
        })
    }

    pub(super) fn ticker_book(&self, call: &Call<'_>) -> Result<Value, ApiError> {
        self.shown(call, |id| {
            let spec = self.spec(id);
            let best = |side| self.exchange.best(id, side).unwrap_or(LevelView { price: 0, quantity: 0 });
            let (bid, ask) = (best(Side::Buy), best(Side::Sell));
            let mut body = Map::new();
            self.put_symbol(&mut body, spec);
            put(&mut body, "bidPrice", price_text(spec.scale, bid.price));
            put(&mut body, "bidQty", quantity_text(spec.scale, bid.quantity));
            put(&mut body, "askPrice", price_text(spec.scale, ask.price));
            put(&mut body, "askQty", quantity_text(spec.scale, ask.quantity));
            put(&mut body, "time", millis(call.now));
            Value::Object(body)
        })
    }

    pub(super) fn ticker_24hr(&self, call: &Call<'_>) -> Result<Value, ApiError> {
        self.shown(call, |id| self.day_json(id, call.now))
    }

    pub(super) fn premium_index(&self, call: &Call<'_>) -> Result<Value, ApiError> {
        self.shown(call, |id| {
            let spec = self.spec(id);
            let mark = price_text(spec.scale, self.mark(id).unwrap_or(0));
            let mut body = Map::new();
            self.put_symbol(&mut body, spec);
            put(&mut body, "markPrice", mark.as_str());
            put(&mut body, "indexPrice", mark.as_str());
            put(&mut body, "estimatedSettlePrice", mark);
            put(&mut body, "lastFundingRate", "0.00000000");
            put(&mut body, "interestRate", "0.00000000");
            put(&mut body, "nextFundingTime", next_funding_ms(call.now));
            put(&mut body, "time", millis(call.now));
            Value::Object(body)
        })
    }
}
