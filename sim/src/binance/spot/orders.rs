//! Orders: placing, testing, cancelling, replacing, amending. What is refused before the exchange is asked is here.

use crosstick_model::{Amount, Decimal, InstrumentId, Scale, Side};
use serde_json::{Map, Value, json};

use super::render::{About, ResponseType, refusal};
use super::{Call, SpotVenue, amount_text};
use crate::api::errors::ApiError;
use crate::api::params::Params;
use crate::exchange::{
    CancelRestriction, FilterName, NewOrder, OrderId, OrderKind, OrderRef, OrderView, Reject, ReplaceMode, Replaced,
    StpMode, Tif,
};

const KINDS: [(&str, OrderKind); 7] = [
    ("LIMIT", OrderKind::Limit),
    ("MARKET", OrderKind::Market),
    ("LIMIT_MAKER", OrderKind::LimitMaker),
    ("STOP_LOSS", OrderKind::StopLoss),
    ("STOP_LOSS_LIMIT", OrderKind::StopLossLimit),
    ("TAKE_PROFIT", OrderKind::TakeProfit),
    ("TAKE_PROFIT_LIMIT", OrderKind::TakeProfitLimit),
];
const STP_MODES: [(&str, StpMode); 5] = [
    ("NONE", StpMode::None),
    ("EXPIRE_TAKER", StpMode::ExpireTaker),
    ("EXPIRE_MAKER", StpMode::ExpireMaker),
    ("EXPIRE_BOTH", StpMode::ExpireBoth),
    ("DECREMENT", StpMode::Decrement),
];
const RESPONSE_TYPES: [(&str, ResponseType); 3] =
    [("ACK", ResponseType::Ack), ("RESULT", ResponseType::Result), ("FULL", ResponseType::Full)];
/// Least `strategyType`: smaller ones are the venue's own.
const STRATEGY_TYPE_MIN: u64 = 1_000_000;

/// Turns a decimal into a mantissa; what the scale cannot hold is no multiple of the step either.
fn mantissa(value: Decimal, decimals: u8, filter: FilterName) -> Result<i64, ApiError> {
    value.at_scale(decimals).ok_or_else(|| refusal(Reject::Filter(filter), About::NewOrder))
}

/// A parameter that must be there and above zero.
fn need_above_zero(params: &Params, name: &str) -> Result<Decimal, ApiError> {
    params.need(name)?;
    let value = params.decimal(name)?.ok_or_else(|| ApiError::mandatory(name))?;
    if value.is_zero() { Err(ApiError::invalid(name)) } else { Ok(value) }
}

/// Reads the parameters of a new order.
fn read_order(params: &Params, instrument: InstrumentId, scale: Scale) -> Result<(NewOrder, ResponseType), ApiError> {
    let side = match params.need("side")? {
        "BUY" => Side::Buy,
        "SELL" => Side::Sell,
        _ => return Err(ApiError::new(-1117, "Invalid side.")),
    };
    let kind = params.need("type")?;
    let kind = KINDS.iter().find(|(name, _)| *name == kind).map(|(_, kind)| *kind);
    let kind = kind.ok_or_else(|| ApiError::new(-1116, "Invalid orderType."))?;
    if ["trailingDelta", "pegPriceType", "pegOffsetType", "pegOffsetValue"].iter().any(|n| params.get(n).is_some()) {
        return Err(ApiError::new(-1014, "Unsupported order combination"));
    }
    let mut order = NewOrder { kind, quantity: None, ..NewOrder::market(instrument, side, 0) };
    order.tif = read_tif(params, kind)?;
    read_sizes(params, scale, &mut order)?;
    order.client_order_id = params.client_id("newClientOrderId")?.unwrap_or_default().to_owned();
    order.stp = params.word("selfTradePreventionMode", &STP_MODES)?;
    order.strategy_id = params.integer("strategyId")?.and_then(|n| i64::try_from(n).ok());
    order.strategy_type = match params.integer("strategyType")? {
        Some(n) if n < STRATEGY_TYPE_MIN => {
            return Err(ApiError::new(-1134, "`strategyType` was less than 1000000."));
        }
        n => n.and_then(|n| i64::try_from(n).ok()),
    };
    let full = matches!(kind, OrderKind::Limit | OrderKind::Market);
    let usual = if full { ResponseType::Full } else { ResponseType::Ack };
    Ok((order, params.word("newOrderRespType", &RESPONSE_TYPES)?.unwrap_or(usual)))
}

fn read_tif(params: &Params, kind: OrderKind) -> Result<Tif, ApiError> {
    if kind.is_market() || kind == OrderKind::LimitMaker {
        params.without("timeInForce")?;
        return Ok(Tif::Gtc);
    }
    match params.need("timeInForce")? {
        "GTC" => Ok(Tif::Gtc),
        "IOC" => Ok(Tif::Ioc),
        "FOK" => Ok(Tif::Fok),
        _ => Err(ApiError::new(-1115, "Invalid timeInForce.")),
    }
}

/// Prices and quantities: which of them a type needs, and which it must not have.
fn read_sizes(params: &Params, scale: Scale, order: &mut NewOrder) -> Result<(), ApiError> {
    let kind = order.kind;
    let price = |name: &str| mantissa(need_above_zero(params, name)?, scale.price_decimals, FilterName::Price);
    if kind == OrderKind::Market && params.get("quoteOrderQty").is_some() {
        if params.get("quantity").is_some() {
            return Err(ApiError::bad_combination());
        }
        let quote = need_above_zero(params, "quoteOrderQty")?;
        order.quote_quantity = Some(Amount::from_decimal(quote).ok_or_else(|| ApiError::overflowed("quoteOrderQty"))?);
    } else if kind == OrderKind::Market && params.get("quantity").is_none() {
        return Err(ApiError::either("quantity", "quoteOrderQty"));
    } else {
        params.without("quoteOrderQty")?;
        let quantity = need_above_zero(params, "quantity")?;
        order.quantity = Some(mantissa(quantity, scale.quantity_decimals, FilterName::LotSize)?);
    }
    if kind.is_market() {
        params.without("price")?;
    } else {
        order.price = Some(price("price")?);
    }
    if kind.is_stop() {
        order.stop_price = Some(price("stopPrice")?);
    } else {
        params.without("stopPrice")?;
    }
    read_iceberg(params, scale, order)
}

fn read_iceberg(params: &Params, scale: Scale, order: &mut NewOrder) -> Result<(), ApiError> {
    let Some(iceberg) = params.decimal("icebergQty")? else { return Ok(()) };
    if order.kind.is_market() {
        return Err(ApiError::not_required("icebergQty"));
    }
    // An iceberg stands in the book, so it must be meant to stay.
    if order.tif != Tif::Gtc {
        return Err(ApiError::new(-1014, "Unsupported order combination"));
    }
    order.iceberg_quantity = mantissa(iceberg, scale.quantity_decimals, FilterName::LotSize)?;
    if order.quantity.is_some_and(|q| order.iceberg_quantity > q) {
        return Err(ApiError::new(-2010, "IcebergQty exceeds QTY."));
    }
    Ok(())
}

/// Which order is meant, by these two parameters.
pub(super) fn read_ref(params: &Params, id: &str, client: &str) -> Result<OrderRef, ApiError> {
    match (params.integer(id)?, params.client_id(client)?) {
        (None, None) => Err(ApiError::either(client, id)),
        (Some(id), None) => Ok(OrderRef::Id(OrderId(id))),
        (None, Some(client)) => Ok(OrderRef::Client(client.to_owned())),
        (Some(id), Some(client)) => Ok(OrderRef::Both(OrderId(id), client.to_owned())),
    }
}

fn read_restriction(params: &Params) -> Result<CancelRestriction, ApiError> {
    match params.text("cancelRestrictions")? {
        None => Ok(CancelRestriction::None),
        Some("ONLY_NEW") => Ok(CancelRestriction::OnlyNew),
        Some("ONLY_PARTIALLY_FILLED") => Ok(CancelRestriction::OnlyPartiallyFilled),
        Some(_) => {
            let text = "`cancelRestrictions` has to be either `ONLY_NEW` or `ONLY_PARTIALLY_FILLED`.";
            Err(ApiError::new(-1145, text))
        }
    }
}

impl SpotVenue {
    pub(super) fn place_order(&mut self, call: &Call<'_>) -> Result<Value, ApiError> {
        let instrument = self.instrument_of(call)?;
        let (mut order, response) = read_order(call.params, instrument, self.spec(instrument).scale)?;
        let account = call.account()?;
        self.limits.check_orders(account.index(), 1, call.now)?;
        if order.client_order_id.is_empty() {
            order.client_order_id = self.make_id();
        }
        let placed = self.exchange.submit(call.now, account, &order);
        let placed = placed.map_err(|r| refusal(r, About::NewOrder))?;
        self.limits.add_order(account.index(), call.now);
        // A first fill gives back what the order cost, so the order has to be counted before its events are.
        self.settle_events();
        Ok(self.placed_json(&placed, response, call.stamp()))
    }

    pub(super) fn test_order(&mut self, call: &Call<'_>) -> Result<Value, ApiError> {
        let instrument = self.instrument_of(call)?;
        let (order, _) = read_order(call.params, instrument, self.spec(instrument).scale)?;
        let account = call.account()?;
        let rates = call.params.boolean("computeCommissionRates")?.unwrap_or(false);
        self.exchange.test(call.now, account, &order).map_err(|r| refusal(r, About::NewOrder))?;
        if !rates {
            return Ok(Value::Object(Map::new()));
        }
        let spec = self.exchange.account_spec(account);
        let rate = |e8: i64| amount_text(Amount(i128::from(e8) * 100_000_000));
        Ok(json!({
            "standardCommissionForOrder": { "maker": rate(spec.maker_e8), "taker": rate(spec.taker_e8) },
            "specialCommissionForOrder": { "maker": rate(0), "taker": rate(0) },
            "taxCommissionForOrder": { "maker": rate(0), "taker": rate(0) },
            "discount": {
                "enabledForAccount": false, "enabledForSymbol": false, "discountAsset": "BNB", "discount": rate(0),
            },
        }))
    }

    pub(super) fn cancel_order(&mut self, call: &Call<'_>) -> Result<Value, ApiError> {
        let instrument = self.instrument_of(call)?;
        let which = read_ref(call.params, "orderId", "origClientOrderId")?;
        let restriction = read_restriction(call.params)?;
        let id = self.cancel_id(call.params, "newClientOrderId")?;
        let account = call.account()?;
        if let Ok(order) = self.exchange.order(account, instrument, &which) {
            self.races.run(&mut self.exchange, &order, call.now);
        }
        let order = self.exchange.cancel(call.now, account, instrument, &which, restriction, &id);
        let order = order.map_err(|r| refusal(r, About::Cancel))?;
        Ok(self.cancelled_json(&order, &id, call.stamp()))
    }

    pub(super) fn cancel_open_orders(&mut self, call: &Call<'_>) -> Result<Value, ApiError> {
        let instrument = self.instrument_of(call)?;
        let account = call.account()?;
        let open = self.exchange.open_orders(account, Some(instrument));
        if open.is_empty() {
            return Err(refusal(Reject::UnknownOrder, About::Cancel));
        }
        let mut cancelled = Vec::with_capacity(open.len());
        for order in open {
            let id = self.make_id();
            let which = OrderRef::Id(order.id);
            let ended = self.exchange.cancel(call.now, account, instrument, &which, CancelRestriction::None, &id);
            if let Ok(ended) = ended {
                cancelled.push(self.cancelled_json(&ended, &id, call.stamp()));
            }
        }
        Ok(Value::Array(cancelled))
    }

    pub(super) fn amend_order(&mut self, call: &Call<'_>) -> Result<Value, ApiError> {
        let instrument = self.instrument_of(call)?;
        let scale = self.spec(instrument).scale;
        let account = call.account()?;
        let which = read_ref(call.params, "orderId", "origClientOrderId")?;
        let quantity = need_above_zero(call.params, "newQty")?;
        let quantity = mantissa(quantity, scale.quantity_decimals, FilterName::LotSize)?;
        let id = call.params.client_id("newClientOrderId")?.unwrap_or_default();
        let refuse = |r| refusal(r, About::Amend);
        let before = self.exchange.order(account, instrument, &which).map_err(refuse)?;
        let order = self.exchange.amend(call.now, account, instrument, &which, quantity, id).map_err(refuse)?;
        let execution = self.last_execution(&order);
        Ok(json!({
            "transactTime": call.stamp().at(call.now),
            "executionId": execution,
            "amendedOrder": self.amended_json(&order, &before.client_order_id, call.stamp()),
        }))
    }

    /// The execution id of what happened last to an order of the present command.
    fn last_execution(&mut self, order: &OrderView) -> u64 {
        self.exchange.drain_events(&mut self.events);
        let of_order = self
            .events
            .iter()
            .rev()
            .find(|e| matches!(&e.kind, crate::exchange::EventKind::Order { order: o, .. } if o.id == order.id));
        of_order.map_or(0, |e| e.seq)
    }

    pub(super) fn cancel_replace(&mut self, call: &Call<'_>) -> Result<Value, ApiError> {
        let params = call.params;
        let instrument = self.instrument_of(call)?;
        let (mut order, response) = read_order(params, instrument, self.spec(instrument).scale)?;
        params.need("cancelReplaceMode")?;
        let modes = [("STOP_ON_FAILURE", ReplaceMode::StopOnFailure), ("ALLOW_FAILURE", ReplaceMode::AllowFailure)];
        let mode = params.word("cancelReplaceMode", &modes)?.unwrap_or(ReplaceMode::StopOnFailure);
        let which = read_ref(params, "cancelOrderId", "cancelOrigClientOrderId")?;
        let restriction = read_restriction(params)?;
        let only_cancel = params.word("orderRateLimitExceededMode", &[("DO_NOTHING", false), ("CANCEL_ONLY", true)])?;
        let cancel_id = self.cancel_id(params, "cancelNewClientOrderId")?;
        let account = call.account()?;
        let exceeded = self.limits.check_orders(account.index(), 1, call.now).err();
        if let Some(error) = exceeded {
            if only_cancel != Some(true) {
                return Err(error);
            }
            let cancel = self.exchange.cancel(call.now, account, instrument, &which, restriction, &cancel_id);
            return Err(self.cancelled_alone(cancel, mode, error, &cancel_id, call));
        }
        if order.client_order_id.is_empty() {
            order.client_order_id = self.make_id();
        }
        let done = self.exchange.cancel_replace(call.now, account, &which, restriction, &cancel_id, mode, &order);
        // Filters come first: what fails there leaves the old order alone and counts nothing.
        let done = done.map_err(|r| refusal(r, About::NewOrder))?;
        self.limits.add_order(account.index(), call.now);
        self.settle_events();
        self.replaced_json(&done, &cancel_id, response, call)
    }

    /// The answer where there were too many orders for a new one, but the cancel was to be tried.
    fn cancelled_alone(
        &self,
        cancel: Result<OrderView, Reject>,
        mode: ReplaceMode,
        error: ApiError,
        cancel_id: &str,
        call: &Call<'_>,
    ) -> ApiError {
        let attempted = cancel.is_ok() || mode == ReplaceMode::AllowFailure;
        let (result, response) = match cancel {
            Ok(order) => ("SUCCESS", self.cancelled_json(&order, cancel_id, call.stamp())),
            Err(reject) => ("FAILURE", refusal(reject, About::Cancel).body()),
        };
        let data = json!({
            "cancelResult": result,
            "newOrderResult": if attempted { "FAILURE" } else { "NOT_ATTEMPTED" },
            "cancelResponse": response,
            "newOrderResponse": if attempted { error.body() } else { Value::Null },
        });
        error.with_data(data)
    }

    fn replaced_json(
        &self,
        done: &Replaced,
        cancel_id: &str,
        response: ResponseType,
        call: &Call<'_>,
    ) -> Result<Value, ApiError> {
        let word = |ok: bool| if ok { "SUCCESS" } else { "FAILURE" };
        let cancel = match &done.cancel {
            Ok(order) => self.cancelled_json(order, cancel_id, call.stamp()),
            Err(reject) => refusal(*reject, About::Cancel).body(),
        };
        let (new_result, new) = match &done.new {
            None => ("NOT_ATTEMPTED", Value::Null),
            Some(Ok(placed)) => ("SUCCESS", self.placed_json(placed, response, call.stamp())),
            Some(Err(reject)) => ("FAILURE", refusal(*reject, About::NewOrder).body()),
        };
        let body = json!({
            "cancelResult": word(done.cancel.is_ok()),
            "newOrderResult": new_result,
            "cancelResponse": cancel,
            "newOrderResponse": new,
        });
        match (done.cancel.is_ok(), new_result == "SUCCESS") {
            (true, true) => Ok(body),
            (false, false) => Err(ApiError::new(-2022, "Order cancel-replace failed.").with_data(body)),
            _ => {
                let error = ApiError::new(-2021, "Order cancel-replace partially failed.");
                Err(error.with_status(409).with_data(body))
            }
        }
    }

    /// The id that a cancel is sent under; one is made where none is given.
    fn cancel_id(&mut self, params: &Params, name: &str) -> Result<String, ApiError> {
        match params.client_id(name)? {
            Some(id) => Ok(id.to_owned()),
            None => Ok(self.make_id()),
        }
    }
}
