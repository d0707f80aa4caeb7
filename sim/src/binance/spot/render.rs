//! Orders as JSON, field by field in the documented order.

use serde_json::{Map, Value, json};

use super::{SpotVenue, Stamp, amount_text, price_text, quantity_text};
use crate::api::errors::ApiError;
use crate::exchange::{Fill, OrderUpdate, OrderView, Placed, Reject};
use crosstick_model::Side;

/// How much an answer to a new order says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ResponseType {
    Ack,
    Result,
    Full,
}

/// What a refusal is about, where the same reason has several codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum About {
    NewOrder,
    Cancel,
    Amend,
    Query,
}

pub(super) const fn side_name(side: Side) -> &'static str {
    match side {
        Side::Buy => "BUY",
        Side::Sell => "SELL",
    }
}

/// A reason of the exchange as the venue states it.
pub(super) fn refusal(reject: Reject, about: About) -> ApiError {
    let new_order = |text: &str| ApiError::new(-2010, text);
    match reject {
        Reject::UnknownOrder => match about {
            About::Query => ApiError::new(-2013, "Order does not exist."),
            About::Amend => ApiError::new(-2038, "Unknown order sent."),
            About::Cancel | About::NewOrder => ApiError::new(-2011, "Unknown order sent."),
        },
        Reject::IdMismatch => ApiError::new(-2039, "Client order ID is not correct for this order ID."),
        Reject::CancelRestriction => ApiError::new(-2011, "Order was not canceled due to cancel restrictions."),
        Reject::QuantityIncrease => ApiError::new(-2038, "Order amend (quantity increase) is not supported."),
        Reject::NoChange => ApiError::new(-2038, "The requested action would change no state; rejecting."),
        Reject::UnknownInstrument => ApiError::bad_symbol(),
        Reject::UnknownAccount => ApiError::key_refused(),
        Reject::TooLarge => ApiError::overflowed("quantity"),
        Reject::Filter(filter) => {
            let code = if about == About::Amend { -2038 } else { -1013 };
            ApiError::new(code, format!("Filter failure: {}", filter.name()))
        }
        Reject::StpModeNotAllowed => {
            ApiError::new(-1013, "This symbol does not allow the specified self-trade prevention mode.")
        }
        Reject::AccountDisabled => {
            let code = if about == About::Cancel { -2011 } else { -2010 };
            ApiError::new(code, "This account may not place or cancel orders.")
        }
        Reject::MarketClosed | Reject::CancelOnly => new_order("Market is closed."),
        Reject::DuplicateClientOrderId => new_order("Duplicate order sent."),
        Reject::InsufficientBalance | Reject::InsufficientMargin => {
            new_order("Account has insufficient balance for requested action.")
        }
        Reject::WouldMatchImmediately => new_order("Order would immediately match and take."),
        Reject::WouldTriggerImmediately => new_order("Order would trigger immediately."),
        Reject::ReduceOnly
        | Reject::BadLeverage
        | Reject::PositionSideMismatch
        | Reject::ModeOpenOrders
        | Reject::ModeOpenPositions
        | Reject::BadRequest(_) => ApiError::new(-1014, "Unsupported order combination"),
    }
}

impl SpotVenue {
    /// The answer to a new order.
    pub(super) fn placed_json(&self, placed: &Placed, kind: ResponseType, stamp: Stamp) -> Value {
        let order = &placed.order;
        let mut body = self.head(order, None);
        put(&mut body, "transactTime", stamp.at(order.updated_ns));
        if kind == ResponseType::Ack {
            return Value::Object(body);
        }
        self.put_amounts(&mut body, order);
        self.put_kind(&mut body, order);
        self.put_conditions(&mut body, order);
        put(&mut body, "workingTime", working_time(order, stamp));
        put(&mut body, "selfTradePreventionMode", order.stp.name());
        put_ends(&mut body, order, self.prevented_text(order));
        if kind == ResponseType::Full {
            let fills: Vec<Value> = placed.fills.iter().map(|f| self.fill_json(order, f)).collect();
            put(&mut body, "fills", fills);
        }
        Value::Object(body)
    }

    fn fill_json(&self, order: &OrderView, fill: &Fill) -> Value {
        let scale = self.spec(order.instrument).scale;
        json!({
            "price": price_text(scale, fill.price),
            "qty": quantity_text(scale, fill.quantity),
            "commission": amount_text(fill.commission),
            "commissionAsset": self.asset_name(fill.commission_asset),
            "tradeId": fill.trade,
        })
    }

    /// A cancelled order; `cancel_id` is the cancel's own client id.
    pub(super) fn cancelled_json(&self, order: &OrderView, cancel_id: &str, stamp: Stamp) -> Value {
        let mut body = self.head(order, Some(cancel_id));
        put(&mut body, "transactTime", stamp.at(order.updated_ns));
        self.put_amounts(&mut body, order);
        self.put_kind(&mut body, order);
        self.put_conditions(&mut body, order);
        put(&mut body, "selfTradePreventionMode", order.stp.name());
        put_ends(&mut body, order, self.prevented_text(order));
        Value::Object(body)
    }

    /// An order as the queries show it.
    pub(super) fn order_json(&self, order: &OrderView, stamp: Stamp) -> Value {
        let scale = self.spec(order.instrument).scale;
        let mut body = self.head(order, None);
        put(&mut body, "price", price_text(scale, order.price));
        put(&mut body, "origQty", quantity_text(scale, order.quantity));
        put(&mut body, "executedQty", quantity_text(scale, order.executed));
        put(&mut body, "cummulativeQuoteQty", amount_text(order.executed_value));
        self.put_kind(&mut body, order);
        put(&mut body, "stopPrice", price_text(scale, order.stop_price));
        put(&mut body, "icebergQty", quantity_text(scale, order.iceberg_quantity));
        put(&mut body, "time", stamp.at(order.created_ns));
        put(&mut body, "updateTime", stamp.at(order.updated_ns));
        put(&mut body, "isWorking", !order.waits());
        put(&mut body, "workingTime", working_time(order, stamp));
        put(&mut body, "origQuoteOrderQty", amount_text(order.quote_quantity));
        put(&mut body, "selfTradePreventionMode", order.stp.name());
        put_strategy(&mut body, order);
        put_ends(&mut body, order, self.prevented_text(order));
        Value::Object(body)
    }

    /// An amended order; `previous` is the client id that it had before.
    pub(super) fn amended_json(&self, order: &OrderView, previous: &str, stamp: Stamp) -> Value {
        let scale = self.spec(order.instrument).scale;
        json!({
            "symbol": self.spec(order.instrument).symbol,
            "orderId": order.id.0,
            "orderListId": -1,
            "origClientOrderId": previous,
            "clientOrderId": order.client_order_id,
            "price": price_text(scale, order.price),
            "qty": quantity_text(scale, order.quantity),
            "executedQty": quantity_text(scale, order.executed),
            "preventedQty": quantity_text(scale, order.prevented),
            "quoteOrderQty": amount_text(order.quote_quantity),
            "cumulativeQuoteQty": amount_text(order.executed_value),
            "status": order.status.name(),
            "timeInForce": order.tif.name(),
            "type": order.kind.name(),
            "side": side_name(order.side),
            "workingTime": working_time(order, stamp),
            "selfTradePreventionMode": order.stp.name(),
        })
    }

    fn head(&self, order: &OrderView, cancel_id: Option<&str>) -> Map<String, Value> {
        let mut body = Map::new();
        put(&mut body, "symbol", self.spec(order.instrument).symbol.as_str());
        if cancel_id.is_some() {
            put(&mut body, "origClientOrderId", order.client_order_id.as_str());
        }
        put(&mut body, "orderId", order.id.0);
        put(&mut body, "orderListId", -1);
        put(&mut body, "clientOrderId", cancel_id.unwrap_or(&order.client_order_id));
        body
    }

    fn put_amounts(&self, body: &mut Map<String, Value>, order: &OrderView) {
        let scale = self.spec(order.instrument).scale;
        put(body, "price", price_text(scale, order.price));
        put(body, "origQty", quantity_text(scale, order.quantity));
        put(body, "executedQty", quantity_text(scale, order.executed));
        put(body, "origQuoteOrderQty", amount_text(order.quote_quantity));
        put(body, "cummulativeQuoteQty", amount_text(order.executed_value));
    }

    fn put_kind(&self, body: &mut Map<String, Value>, order: &OrderView) {
        put(body, "status", order.status.name());
        put(body, "timeInForce", order.tif.name());
        put(body, "type", order.kind.name());
        put(body, "side", side_name(order.side));
    }

    /// What only some orders have.
    fn put_conditions(&self, body: &mut Map<String, Value>, order: &OrderView) {
        let scale = self.spec(order.instrument).scale;
        if order.stop_price != 0 {
            put(body, "stopPrice", price_text(scale, order.stop_price));
        }
        if order.iceberg_quantity != 0 {
            put(body, "icebergQty", quantity_text(scale, order.iceberg_quantity));
        }
        put_strategy(body, order);
    }

    fn prevented_text(&self, order: &OrderView) -> String {
        quantity_text(self.spec(order.instrument).scale, order.prevented)
    }
}

/// What an order update is called.
pub(super) const fn execution_type(update: &OrderUpdate) -> &'static str {
    match update {
        OrderUpdate::New | OrderUpdate::Triggered => "NEW",
        OrderUpdate::Trade(_) => "TRADE",
        OrderUpdate::Prevented(..) => "TRADE_PREVENTION",
        OrderUpdate::Canceled { .. } => "CANCELED",
        OrderUpdate::Replaced { .. } => "REPLACED",
        OrderUpdate::Expired => "EXPIRED",
    }
}

pub(super) fn put(body: &mut Map<String, Value>, name: &str, value: impl Into<Value>) {
    body.insert(name.to_owned(), value.into());
}

fn put_strategy(body: &mut Map<String, Value>, order: &OrderView) {
    if let Some(id) = order.strategy_id {
        put(body, "strategyId", id);
    }
    if let Some(kind) = order.strategy_type {
        put(body, "strategyType", kind);
    }
}

/// How an order lost quantity without a fill.
fn put_ends(body: &mut Map<String, Value>, order: &OrderView, prevented: String) {
    if let Some(id) = order.prevented_match {
        put(body, "preventedMatchId", id);
        put(body, "preventedQuantity", prevented);
    }
    if let Some(reason) = order.expiry {
        put(body, "expiryReason", reason.name());
    }
}

/// Since when an order works; -1 while it waits for its trigger.
fn working_time(order: &OrderView, stamp: Stamp) -> Value {
    order.working_ns.map_or_else(|| json!(-1), |at| json!(stamp.at(at)))
}
