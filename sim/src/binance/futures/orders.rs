//! Orders: placing, testing, modifying, cancelling. What is refused before the exchange is asked is here.

use crosstick_model::{Amount, Decimal, InstrumentId, Scale, Side};
use serde_json::{Map, Value, json};

use super::render::{About, put, refusal, worth};
use super::{Call, FuturesVenue};
use crate::api::errors::ApiError;
use crate::api::params::Params;
use crate::exchange::{CancelRestriction, NewOrder, OrderId, OrderRef, OrderView, PositionSide, Reject, StpMode, Tif};

const STP_MODES: [(&str, StpMode); 4] = [
    ("NONE", StpMode::None),
    ("EXPIRE_TAKER", StpMode::ExpireTaker),
    ("EXPIRE_MAKER", StpMode::ExpireMaker),
    ("EXPIRE_BOTH", StpMode::ExpireBoth),
];
const POSITION_SIDES: [(&str, PositionSide); 3] =
    [("BOTH", PositionSide::Both), ("LONG", PositionSide::Long), ("SHORT", PositionSide::Short)];
/// What only the algo endpoints take.
const ALGO_TYPES: [&str; 5] = ["STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET"];
/// What a client order id looks like.
const CLIENT_ID_RANGE: &str = r"^[\.A-Z\:/a-z0-9_-]{1,36}$";

/// A decimal as a mantissa; what the scale cannot hold is too precise.
fn mantissa(value: Decimal, decimals: u8) -> Result<i64, ApiError> {
    let too_precise = || ApiError::new(-1111, "Precision is over the maximum defined for this asset.");
    value.at_scale(decimals).ok_or_else(too_precise)
}

fn need_quantity(params: &Params, scale: Scale) -> Result<i64, ApiError> {
    params.need("quantity")?;
    let value = params.decimal("quantity")?.ok_or_else(|| ApiError::mandatory("quantity"))?;
    if value.is_zero() {
        return Err(ApiError::new(-4003, "Quantity less than or equal to zero."));
    }
    mantissa(value, scale.quantity_decimals)
}

fn need_price(params: &Params, scale: Scale) -> Result<i64, ApiError> {
    params.need("price")?;
    let value = params.decimal("price")?.ok_or_else(|| ApiError::mandatory("price"))?;
    if value.is_zero() {
        return Err(ApiError::new(-4001, "Price less than 0."));
    }
    mantissa(value, scale.price_decimals)
}

pub(super) fn client_id<'a>(params: &'a Params, name: &str) -> Result<Option<&'a str>, ApiError> {
    let Some(id) = params.text(name)? else { return Ok(None) };
    let legal = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b':' | b'/' | b'_' | b'-');
    if id.len() <= 36 && id.bytes().all(legal) { Ok(Some(id)) } else { Err(ApiError::illegal(name, CLIENT_ID_RANGE)) }
}

/// Which order is meant.
pub(super) fn read_ref(params: &Params) -> Result<OrderRef, ApiError> {
    match (params.integer("orderId")?, client_id(params, "origClientOrderId")?) {
        (None, None) => Err(ApiError::either("origClientOrderId", "orderId")),
        // The venue goes by the number where it has both.
        (Some(id), _) => Ok(OrderRef::Id(OrderId(id))),
        (None, Some(client)) => Ok(OrderRef::Client(client.to_owned())),
    }
}

fn read_side(params: &Params) -> Result<Side, ApiError> {
    match params.need("side")? {
        "BUY" => Ok(Side::Buy),
        "SELL" => Ok(Side::Sell),
        _ => Err(ApiError::new(-1117, "Invalid side.")),
    }
}

/// Reads the parameters of a new order.
fn read_order(params: &Params, instrument: InstrumentId, scale: Scale, hedge: bool) -> Result<NewOrder, ApiError> {
    let side = read_side(params)?;
    let limit = match params.need("type")? {
        "LIMIT" => true,
        "MARKET" => false,
        kind if ALGO_TYPES.contains(&kind) => {
            let text = "Order type not supported for this endpoint. Please use the Algo Order API endpoints instead.";
            return Err(ApiError::new(-4120, text));
        }
        _ => return Err(ApiError::new(-1116, "Invalid orderType.")),
    };
    let quantity = need_quantity(params, scale)?;
    let mut order = if limit {
        let tif = match params.need("timeInForce")? {
            "GTC" => Tif::Gtc,
            "IOC" => Tif::Ioc,
            "FOK" => Tif::Fok,
            "GTX" => Tif::Gtx,
            _ => return Err(ApiError::new(-1115, "Invalid timeInForce.")),
        };
        NewOrder { tif, ..NewOrder::limit(instrument, side, need_price(params, scale)?, quantity) }
    } else {
        params.without("price")?;
        params.without("timeInForce")?;
        NewOrder::market(instrument, side, quantity)
    };
    params.without("stopPrice")?;
    if params.text("priceMatch")?.is_some_and(|m| m != "NONE") {
        return Err(ApiError::not_required("priceMatch"));
    }
    if params.boolean("closePosition")? == Some(true) {
        return Err(ApiError::not_required("closePosition"));
    }
    let reduce_only = params.boolean("reduceOnly")?;
    if hedge && reduce_only.is_some() {
        return Err(ApiError::not_required("reduceOnly"));
    }
    order.reduce_only = reduce_only.unwrap_or(false);
    order.position_side = params.word("positionSide", &POSITION_SIDES)?.unwrap_or_default();
    order.client_order_id = client_id(params, "newClientOrderId")?.unwrap_or_default().to_owned();
    order.stp = params.word("selfTradePreventionMode", &STP_MODES)?;
    Ok(order)
}

impl FuturesVenue {
    /// A new order and whether its answer is the short one.
    fn new_order(&self, params: &Params, call: &Call<'_>) -> Result<(NewOrder, bool), ApiError> {
        let instrument = self.instrument_of(params)?;
        let hedge = self.exchange.hedge_mode(call.account()?);
        let order = read_order(params, instrument, self.spec(instrument).scale, hedge)?;
        let ack = params.word("newOrderRespType", &[("ACK", true), ("RESULT", false)])?.unwrap_or(true);
        let price = order.price.or_else(|| self.mark(instrument));
        let closes = order.reduce_only || order.position_side.closes(order.side);
        if let (Some(price), Some(quantity), false) = (price, order.quantity, closes) {
            self.check_notional(instrument, price, quantity)?;
        }
        Ok((order, ack))
    }

    /// The least notional, which binds all that may open a position.
    fn check_notional(&self, instrument: InstrumentId, price: i64, quantity: i64) -> Result<(), ApiError> {
        let least = self.instruments.get(instrument.index()).map_or(Decimal::ZERO, |i| i.min_notional);
        let enough = Amount::from_decimal(least).unwrap_or(Amount::ZERO);
        if self.is_coin() || worth(self.spec(instrument), price, quantity) >= enough {
            return Ok(());
        }
        let text = format!("Order's notional must be no smaller than {least} (unless you choose reduce only).");
        Err(ApiError::new(-4164, text))
    }

    pub(super) fn place_order(&mut self, call: &Call<'_>) -> Result<Value, ApiError> {
        let account = call.account()?;
        self.limits.check_orders(account.index(), 1, call.now)?;
        let placed = self.place_one(call.params, call)?;
        self.limits.add_order(account.index(), call.now);
        Ok(placed)
    }

    /// Places an order of a request that may have several.
    pub(super) fn place_one(&mut self, params: &Params, call: &Call<'_>) -> Result<Value, ApiError> {
        let (order, ack) = self.new_order(params, call)?;
        let placed = self.exchange.submit(call.now, call.account()?, &order);
        self.settle_events();
        let placed = placed.map_err(|r| refusal(r, About::NewOrder))?;
        Ok(Value::Object(self.done_json(&placed.order, ack)))
    }

    pub(super) fn test_order(&self, call: &Call<'_>) -> Result<Value, ApiError> {
        let (order, _) = self.new_order(call.params, call)?;
        self.exchange.test(call.now, call.account()?, &order).map_err(|r| refusal(r, About::NewOrder))?;
        Ok(Value::Object(Map::new()))
    }

    pub(super) fn modify_order(&mut self, call: &Call<'_>) -> Result<Value, ApiError> {
        let account = call.account()?;
        self.limits.check_orders(account.index(), 1, call.now)?;
        let modified = self.modify_one(call.params, call)?;
        self.limits.add_order(account.index(), call.now);
        Ok(modified)
    }

    /// Modifies an order of a request that may have several.
    pub(super) fn modify_one(&mut self, params: &Params, call: &Call<'_>) -> Result<Value, ApiError> {
        let instrument = self.instrument_of(params)?;
        let which = read_ref(params)?;
        let side = read_side(params)?;
        let scale = self.spec(instrument).scale;
        let (quantity, price) = (need_quantity(params, scale)?, need_price(params, scale)?);
        let modify_id = params.integer("modifyId")?;
        let account = call.account()?;
        let refuse = |r| refusal(r, About::Modify);
        let before = self.exchange.order(account, instrument, &which).map_err(refuse)?;
        if before.side != side {
            return Err(ApiError::new(-1117, "Invalid side."));
        }
        if !before.reduce_only {
            self.check_notional(instrument, price, quantity)?;
        }
        let done = self.exchange.modify(call.now, account, instrument, &which, price, quantity);
        self.modify_id = modify_id;
        self.settle_events();
        self.modify_id = None;
        let mut body = self.done_json(&done.map_err(refuse)?.order, false);
        if let Some(id) = modify_id {
            put(&mut body, "modifyId", id);
        }
        Ok(Value::Object(body))
    }

    pub(super) fn cancel_order(&mut self, call: &Call<'_>) -> Result<Value, ApiError> {
        let instrument = self.instrument_of(call.params)?;
        let which = read_ref(call.params)?;
        self.cancel_one(instrument, &which, call)
    }

    pub(super) fn cancel_one(
        &mut self,
        instrument: InstrumentId,
        which: &OrderRef,
        call: &Call<'_>,
    ) -> Result<Value, ApiError> {
        let account = call.account()?;
        if let Ok(order) = self.exchange.order(account, instrument, which) {
            self.races.run(&mut self.exchange, &order, call.now);
        }
        let order = self.exchange.cancel(call.now, account, instrument, which, CancelRestriction::None, "");
        self.settle_events();
        let order: OrderView = order.map_err(|r: Reject| refusal(r, About::Cancel))?;
        Ok(Value::Object(self.done_json(&order, false)))
    }

    pub(super) fn cancel_open_orders(&mut self, call: &Call<'_>) -> Result<Value, ApiError> {
        let instrument = self.instrument_of(call.params)?;
        for order in self.exchange.open_orders(call.account()?, Some(instrument)) {
            self.cancel_one(instrument, &OrderRef::Id(order.id), call)?;
        }
        Ok(json!({ "code": 200, "msg": "The operation of cancel all open order is done." }))
    }
}
