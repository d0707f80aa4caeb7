//! Orders and refusals as JSON, field by field in the documented order.

use crosstick_model::{Amount, Decimal, Kind, Side};
use serde_json::{Map, Value};

use super::{FuturesVenue, amount_text, pair_of, price_text, quantity_text};
use crate::api::errors::ApiError;
use crate::exchange::{FilterName, InstrumentSpec, OrderKind, OrderView, Reject};
use crate::text::decimal_padded;

/// What a refusal is about, where the same reason has several codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum About {
    NewOrder,
    Cancel,
    Modify,
    Query,
    Mode,
}

pub(super) const fn side_name(side: Side) -> &'static str {
    match side {
        Side::Buy => "BUY",
        Side::Sell => "SELL",
    }
}

pub(super) const fn order_type(order: &OrderView) -> &'static str {
    if matches!(order.kind, OrderKind::Market) { "MARKET" } else { "LIMIT" }
}

pub(super) fn put(body: &mut Map<String, Value>, name: &str, value: impl Into<Value>) {
    body.insert(name.to_owned(), value.into());
}

/// What a quantity is worth at a price: in the quote asset, or (inverse) in the base asset, rounded down.
pub(super) fn worth(spec: &InstrumentSpec, price: i64, quantity: i64) -> Amount {
    if spec.kind != Kind::Inverse {
        return Amount::notional(price, quantity, spec.scale).unwrap_or(Amount::ZERO);
    }
    let ten = |decimals: u8| 10i128.pow(u32::from(decimals));
    let above = i128::from(quantity).checked_mul(spec.contract_size.0);
    let above = above.and_then(|a| a.checked_mul(ten(spec.scale.price_decimals)));
    let below = i128::from(price).saturating_mul(ten(spec.scale.quantity_decimals));
    above.filter(|_| below > 0).map_or(Amount::ZERO, |above| Amount(above / below))
}

/// A reason of the exchange as the venue states it.
pub(super) fn refusal(reject: Reject, about: About) -> ApiError {
    match reject {
        Reject::UnknownOrder | Reject::IdMismatch if about == About::Cancel => {
            ApiError::new(-2011, "Unknown order sent.")
        }
        Reject::UnknownOrder | Reject::IdMismatch => ApiError::new(-2013, "Order does not exist."),
        Reject::UnknownInstrument => ApiError::bad_symbol(),
        Reject::UnknownAccount | Reject::AccountDisabled => ApiError::key_refused(),
        Reject::TooLarge => ApiError::overflowed("quantity"),
        Reject::Filter(filter) => filter_refusal(filter),
        Reject::StpModeNotAllowed => ApiError::invalid("selfTradePreventionMode"),
        Reject::MarketClosed | Reject::CancelOnly => {
            let text = "Symbol is on delivering or delivered or settling or closed or pre-trading.";
            ApiError::new(-4108, text)
        }
        Reject::DuplicateClientOrderId => ApiError::new(-4116, "clientOrderId is duplicated."),
        Reject::InsufficientBalance | Reject::InsufficientMargin => ApiError::new(-2019, "Margin is insufficient."),
        Reject::ReduceOnly => ApiError::new(-2022, "ReduceOnly Order is rejected."),
        Reject::WouldMatchImmediately => {
            let text = "Due to the order could not be executed as maker, the Post Only order will be rejected. The \
                        order will not be recorded in the order history";
            ApiError::new(-5022, text)
        }
        Reject::WouldTriggerImmediately => ApiError::new(-2021, "Order would immediately trigger."),
        Reject::BadLeverage => ApiError::new(-4028, "Leverage is not valid."),
        Reject::PositionSideMismatch => ApiError::new(-4061, "Order's position side does not match user's setting."),
        Reject::ModeOpenOrders => ApiError::new(-4067, "Position side cannot be changed if there exists open orders."),
        Reject::ModeOpenPositions => ApiError::new(-4068, "Position side cannot be changed if there exists position."),
        Reject::NoChange if about == About::Mode => ApiError::new(-4059, "No need to change position side."),
        Reject::NoChange => ApiError::new(-5027, "No need to modify the order."),
        Reject::CancelRestriction | Reject::QuantityIncrease | Reject::BadRequest(_) => ApiError::bad_combination(),
    }
}

fn filter_refusal(filter: FilterName) -> ApiError {
    match filter {
        FilterName::Price => ApiError::new(-4014, "Price not increased by tick size."),
        FilterName::LotSize | FilterName::MarketLotSize => ApiError::new(-4023, "Quantity not increased by step size."),
        FilterName::MinNotional | FilterName::Notional => ApiError::new(-4164, "Order's notional is too small."),
        FilterName::MaxNumOrders | FilterName::ExchangeMaxNumOrders => {
            ApiError::new(-2025, "Reach max open order limit.")
        }
        FilterName::MaxNumOrderAmends => ApiError::new(-5026, "Exceed maximum modify order limit."),
        other => ApiError::new(-1013, format!("Filter failure: {}", other.name())),
    }
}

impl FuturesVenue {
    /// The answer to a new, modified or cancelled order: as it stands, or (`ack`) as it was taken.
    pub(super) fn done_json(&self, order: &OrderView, ack: bool) -> Map<String, Value> {
        let spec = self.spec(order.instrument);
        let scale = spec.scale;
        let executed = quantity_text(scale, if ack { 0 } else { order.executed });
        let mut body = Map::new();
        put(&mut body, "orderId", order.id.0);
        self.put_symbol(&mut body, spec);
        put(&mut body, "status", if ack { "NEW" } else { order.status.name() });
        put(&mut body, "clientOrderId", order.client_order_id.as_str());
        put(&mut body, "price", price_text(scale, order.price));
        put(&mut body, "origQty", quantity_text(scale, order.quantity));
        put(&mut body, "executedQty", executed.as_str());
        put(&mut body, "cumQty", executed);
        put_kind(&mut body, order);
        put_rest(&mut body, order);
        put(&mut body, "updateTime", self.stamp(order.updated_ns));
        body
    }

    /// An order as the queries show it.
    pub(super) fn order_json(&self, order: &OrderView) -> Value {
        let spec = self.spec(order.instrument);
        let scale = spec.scale;
        let mut body = Map::new();
        put(&mut body, "orderId", order.id.0);
        self.put_symbol(&mut body, spec);
        put(&mut body, "status", order.status.name());
        put(&mut body, "clientOrderId", order.client_order_id.as_str());
        put(&mut body, "price", price_text(scale, order.price));
        put(&mut body, "avgPrice", self.average_text(order));
        put(&mut body, "origQty", quantity_text(scale, order.quantity));
        put(&mut body, "executedQty", quantity_text(scale, order.executed));
        let value = if self.is_coin() { "cumBase" } else { "cumQuote" };
        put(&mut body, value, amount_text(order.executed_value));
        put_kind(&mut body, order);
        put_rest(&mut body, order);
        put(&mut body, "time", self.stamp(order.created_ns));
        put(&mut body, "updateTime", self.stamp(order.updated_ns));
        Value::Object(body)
    }

    /// The symbol and, on COIN-M, its pair.
    pub(super) fn put_symbol(&self, body: &mut Map<String, Value>, spec: &InstrumentSpec) {
        put(body, "symbol", spec.symbol.as_str());
        if self.is_coin() {
            put(body, "pair", pair_of(&spec.symbol));
        }
    }

    /// The average price of an order's fills.
    pub(super) fn average_text(&self, order: &OrderView) -> String {
        average(self.spec(order.instrument), order.executed.into(), order.executed_value)
    }
}

/// The average price at which a quantity came to a value, at most eight decimals.
pub(super) fn average(spec: &InstrumentSpec, quantity: i128, value: Amount) -> String {
    let ten = 10i128.pow(u32::from(spec.scale.quantity_decimals));
    let price_e8 = if quantity == 0 || value.0 == 0 {
        None
    } else if spec.kind == Kind::Inverse {
        let above = quantity.checked_mul(spec.contract_size.0).and_then(|v| v.checked_mul(100_000_000));
        above.map(|above| above / value.0 / ten)
    } else {
        value.mul_div_floor(ten, quantity).map(|price| price.0 / 100_000_000)
    };
    decimal_padded(Decimal::new(price_e8.unwrap_or(0), 8).normalised(), 0)
}

fn put_kind(body: &mut Map<String, Value>, order: &OrderView) {
    put(body, "timeInForce", order.tif.name());
    put(body, "type", order_type(order));
    put(body, "reduceOnly", order.reduce_only);
    put(body, "closePosition", false);
    put(body, "side", side_name(order.side));
    put(body, "positionSide", order.position_side.name());
}

fn put_rest(body: &mut Map<String, Value>, order: &OrderView) {
    put(body, "stopPrice", "0");
    put(body, "workingType", "CONTRACT_PRICE");
    put(body, "priceProtect", false);
    put(body, "origType", order_type(order));
    put(body, "priceMatch", "NONE");
    put(body, "selfTradePreventionMode", order.stp.name());
    put(body, "goodTillDate", 0);
}
