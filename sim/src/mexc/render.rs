//! Orders, fills and ids as the venue writes them.

use crosstick_model::{Amount, Decimal, InstrumentId, Side};
use serde_json::{Map, Value, json};

use super::{MexcVenue, amount_text, plain, price_text, quantity_text};
use crate::exchange::{AccountTrade, OrderId, OrderKind, OrderRef, OrderStatus, OrderView, Tif};

/// What order and trade numbers begin behind: ids have eighteen digits, as the venue's do.
const ID_BASE: u64 = 505_979_017_000_000_000;
/// The number of the first instrument in an order's id.
const INSTRUMENT_BASE: usize = 100;

pub(super) fn put(body: &mut Map<String, Value>, name: &str, value: impl Into<Value>) {
    body.insert(name.to_owned(), value.into());
}

/// An order's id: `C02__505979017000000007100`.
pub(super) fn order_id(id: OrderId, instrument: InstrumentId) -> String {
    format!("C02__{}{}", ID_BASE + id.0, INSTRUMENT_BASE + instrument.index())
}

/// The order of an instrument that an id names; `None`: it is of another form, or of another instrument.
pub(super) fn read_order_id(text: &str, instrument: InstrumentId) -> Option<OrderRef> {
    let digits = text.strip_prefix("C02__").filter(|d| d.bytes().all(|b| b.is_ascii_digit()))?;
    let number: u64 = digits.get(..18)?.parse().ok()?;
    let id = OrderId(number.checked_sub(ID_BASE)?);
    (order_id(id, instrument) == text).then_some(OrderRef::Id(id))
}

/// A trade's id: `505979017000000042X1`.
pub(super) fn trade_id(id: u64, instrument: InstrumentId) -> String {
    format!("{}X{}", ID_BASE + id, instrument.index() + 1)
}

pub(super) const fn side_name(side: Side) -> &'static str {
    match side {
        Side::Buy => "BUY",
        Side::Sell => "SELL",
    }
}

/// 1 buy, 2 sell.
pub(super) const fn trade_type(side: Side) -> i32 {
    match side {
        Side::Buy => 1,
        Side::Sell => 2,
    }
}

/// An order's type: by name, and as streams number it.
pub(super) const fn kind(order: &OrderView) -> (&'static str, i32) {
    match (order.kind, order.tif) {
        (OrderKind::Market, _) => ("MARKET", 5),
        (OrderKind::LimitMaker, _) => ("LIMIT_MAKER", 2),
        (_, Tif::Ioc) => ("IMMEDIATE_OR_CANCEL", 3),
        (_, Tif::Fok) => ("FILL_OR_KILL", 4),
        _ => ("LIMIT", 1),
    }
}

/// Where an order stands: by name, and as streams number it.
pub(super) const fn status(order: &OrderView) -> (&'static str, i32) {
    match order.status {
        OrderStatus::New => ("NEW", 1),
        OrderStatus::Filled => ("FILLED", 2),
        OrderStatus::PartiallyFilled => ("PARTIALLY_FILLED", 3),
        _ if order.executed > 0 => ("PARTIALLY_CANCELED", 5),
        _ => ("CANCELED", 4),
    }
}

/// The client's id; where it named none, there is none.
pub(super) fn client_id(order: &OrderView) -> Option<&str> {
    Some(order.client_order_id.as_str()).filter(|id| *id != crate::exchange::made_client_id(order.id))
}

impl MexcVenue {
    /// What was ordered, in the quote asset.
    pub(super) fn amount(&self, order: &OrderView) -> Amount {
        let scale = self.spec(order.instrument).scale;
        match order.quote_quantity {
            Amount::ZERO => Amount::notional(order.price, order.quantity, scale).unwrap_or(Amount::ZERO),
            quote => quote,
        }
    }

    /// The average price of an order's fills, at most 16 decimals, rounded down.
    pub(super) fn average_text(&self, order: &OrderView) -> String {
        if order.executed == 0 {
            return "0".to_owned();
        }
        let ten = 10i128.pow(u32::from(self.spec(order.instrument).scale.quantity_decimals));
        let price = order.executed_value.mul_div_floor(ten, order.executed.into());
        amount_text(price.unwrap_or(Amount::ZERO))
    }

    /// The answer to a new order.
    pub(super) fn placed_json(&self, order: &OrderView, now: u64) -> Value {
        let spec = self.spec(order.instrument);
        json!({
            "symbol": spec.symbol,
            "orderId": order_id(order.id, order.instrument),
            "orderListId": -1,
            "price": price_text(spec.scale, order.price),
            "origQty": quantity_text(spec.scale, order.quantity),
            "type": kind(order).0,
            "side": side_name(order.side),
            "transactTime": self.stamp(now),
        })
    }

    fn common(&self, order: &OrderView) -> Map<String, Value> {
        let spec = self.spec(order.instrument);
        let mut body = Map::new();
        put(&mut body, "symbol", spec.symbol.as_str());
        put(&mut body, "orderId", order_id(order.id, order.instrument));
        put(&mut body, "orderListId", -1);
        put(&mut body, "clientOrderId", client_id(order));
        put(&mut body, "price", price_text(spec.scale, order.price));
        put(&mut body, "origQty", quantity_text(spec.scale, order.quantity));
        put(&mut body, "executedQty", quantity_text(spec.scale, order.executed));
        put(&mut body, "cummulativeQuoteQty", amount_text(order.executed_value));
        put(&mut body, "status", status(order).0);
        put(&mut body, "timeInForce", Value::Null);
        put(&mut body, "type", kind(order).0);
        put(&mut body, "side", side_name(order.side));
        body
    }

    /// An order as the queries show it.
    pub(super) fn order_json(&self, order: &OrderView) -> Value {
        let mut body = self.common(order);
        put(&mut body, "stopPrice", Value::Null);
        put(&mut body, "icebergQty", Value::Null);
        put(&mut body, "time", self.stamp(order.created_ns));
        put(&mut body, "updateTime", self.stamp(order.updated_ns));
        put(&mut body, "isWorking", order.status.is_open());
        put(&mut body, "origQuoteOrderQty", amount_text(self.amount(order)));
        Value::Object(body)
    }

    /// A cancelled order.
    pub(super) fn canceled_json(&self, order: &OrderView) -> Value {
        let mut body = self.common(order);
        put(&mut body, "origClientOrderId", client_id(order));
        Value::Object(body)
    }

    /// A fill as `myTrades` shows it.
    pub(super) fn trade_json(&self, trade: &AccountTrade) -> Value {
        let (spec, fill) = (self.spec(trade.instrument), &trade.fill);
        let order = self.exchange.order(trade.account, trade.instrument, &OrderRef::Id(fill.order));
        json!({
            "symbol": spec.symbol,
            "id": trade_id(fill.trade, trade.instrument),
            "orderId": order_id(fill.order, trade.instrument),
            "orderListId": -1,
            "price": price_text(spec.scale, fill.price),
            "qty": quantity_text(spec.scale, fill.quantity),
            "quoteQty": amount_text(fill.value),
            "commission": amount_text(fill.commission),
            "commissionAsset": self.asset_name(fill.commission_asset),
            "time": self.stamp(trade.at_ns),
            "isBuyer": fill.side == Side::Buy,
            "isMaker": fill.is_maker,
            "isBestMatch": true,
            "isSelfTrade": self.exchange.is_self_trade(trade.account, trade.instrument, fill.trade),
            "clientOrderId": order.ok().as_ref().and_then(client_id),
        })
    }
}

/// A rate at 1e-8.
pub(super) fn rate_text(e8: i64) -> String {
    plain(Decimal::new(i128::from(e8), 8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_the_venues_shape_and_come_back() {
        let text = order_id(OrderId(7), InstrumentId(0));
        assert_eq!((text.as_str(), text.len()), ("C02__505979017000000007100", 26));
        assert_eq!(read_order_id(&text, InstrumentId(0)), Some(OrderRef::Id(OrderId(7))));
        assert_eq!(read_order_id(&text, InstrumentId(1)), None, "another instrument's");
        assert_eq!(trade_id(42, InstrumentId(0)), "505979017000000042X1");
        for wrong in [
            "7",
            "",
            "C02__",
            "C02__5059790170000000",
            "C02__505979017o00000007100",
            "C02__1",
            "C02__505979017000000007",
            "C02__505979017000000007101",
            "C02__5059790170000000071000",
        ] {
            assert_eq!(read_order_id(wrong, InstrumentId(0)), None, "{wrong}");
        }
    }
}
