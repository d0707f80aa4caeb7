//! Orders and fills of an account.

use crosstick_model::Side;
use serde_json::{Map, Value};

use super::orders::read_ref;
use super::render::{About, put, refusal, side_name};
use super::{Call, FuturesVenue, amount_text, price_text, quantity_text};
use crate::api::errors::ApiError;
use crate::exchange::{AccountTrade, OrderRef, PositionSide};

/// Entries of a list where nothing is said, and at most.
const LIST: (usize, usize) = (500, 1_000);

/// The entries of a list that a request is about: from an id on, in a stretch of time, so many.
struct Window {
    from_id: Option<u64>,
    from_ns: Option<u64>,
    to_ns: Option<u64>,
    limit: usize,
}

impl Window {
    fn read(call: &Call<'_>, id: &str) -> Result<Self, ApiError> {
        let params = call.params;
        Ok(Self {
            from_id: params.integer(id)?,
            from_ns: call.time("startTime")?,
            to_ns: call.time("endTime")?,
            limit: params.limit(LIST.0, LIST.1)?,
        })
    }

    fn has(&self, id: u64, at_ns: u64) -> bool {
        self.from_id.is_none_or(|from| id >= from)
            && self.from_ns.is_none_or(|from| at_ns >= from)
            && self.to_ns.is_none_or(|to| at_ns <= to)
    }

    /// The first so many where a beginning was named, else the last.
    fn cut<T>(&self, mut list: Vec<T>) -> Vec<T> {
        if self.from_id.is_some() || self.from_ns.is_some() {
            list.truncate(self.limit);
        } else {
            list.drain(..list.len().saturating_sub(self.limit));
        }
        list
    }
}

impl FuturesVenue {
    pub(super) fn order_status(&self, call: &Call<'_>) -> Result<Value, ApiError> {
        let instrument = self.instrument_of(call.params)?;
        let order = self.exchange.order(call.account()?, instrument, &read_ref(call.params)?);
        order.map(|o| self.order_json(&o)).map_err(|r| refusal(r, About::Query))
    }

    pub(super) fn open_orders(&self, call: &Call<'_>) -> Result<Value, ApiError> {
        let (instruments, _) = self.chosen(call.params)?;
        let account = call.account()?;
        let open = instruments.into_iter().flat_map(|id| self.exchange.open_orders(account, Some(id)));
        Ok(open.map(|o| self.order_json(&o)).collect())
    }

    pub(super) fn all_orders(&self, call: &Call<'_>) -> Result<Value, ApiError> {
        let instrument = self.instrument_of(call.params)?;
        let window = Window::read(call, "orderId")?;
        let mut orders = self.exchange.all_orders(call.account()?, instrument);
        orders.retain(|o| window.has(o.id.0, o.created_ns));
        Ok(window.cut(orders).iter().map(|o| self.order_json(o)).collect())
    }

    pub(super) fn user_trades(&self, call: &Call<'_>) -> Result<Value, ApiError> {
        let instrument = self.instrument_of(call.params)?;
        let window = Window::read(call, "fromId")?;
        let order = call.params.integer("orderId")?;
        let mut trades = self.exchange.account_trades(call.account()?, instrument);
        trades.retain(|t| window.has(t.fill.trade, t.at_ns) && order.is_none_or(|o| t.fill.order.0 == o));
        Ok(window.cut(trades).iter().map(|t| self.trade_json(t)).collect())
    }

    fn trade_json(&self, trade: &AccountTrade) -> Value {
        let (spec, fill) = (self.spec(trade.instrument), &trade.fill);
        let order = self.exchange.order(trade.account, trade.instrument, &OrderRef::Id(fill.order));
        let mut body = Map::new();
        self.put_symbol(&mut body, spec);
        put(&mut body, "id", fill.trade);
        put(&mut body, "orderId", fill.order.0);
        put(&mut body, "side", side_name(fill.side));
        put(&mut body, "price", price_text(spec.scale, fill.price));
        put(&mut body, "qty", quantity_text(spec.scale, fill.quantity));
        put(&mut body, "realizedPnl", amount_text(fill.realised));
        put(&mut body, "marginAsset", self.asset_name(spec.settle));
        put(&mut body, if self.is_coin() { "baseQty" } else { "quoteQty" }, amount_text(fill.value));
        put(&mut body, "commission", amount_text(fill.commission));
        put(&mut body, "commissionAsset", self.asset_name(fill.commission_asset));
        put(&mut body, "time", self.stamp(trade.at_ns));
        // An order that is forgotten has taken its side with it.
        put(&mut body, "positionSide", order.map_or(PositionSide::Both, |o| o.position_side).name());
        put(&mut body, "buyer", fill.side == Side::Buy);
        put(&mut body, "maker", fill.is_maker);
        Value::Object(body)
    }
}
