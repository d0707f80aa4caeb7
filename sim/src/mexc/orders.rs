//! Orders: placing, testing, cancelling. What is refused before the exchange is asked is here.

use crosstick_model::{Amount, Decimal, InstrumentId, Side};
use serde_json::{Value, json};

use super::errors::{ID_MISSING, MexcError, UNKNOWN_ORDER, above, rejected, wrong};
use super::read::{client_id, decimal, need, need_decimal, text};
use super::render::read_order_id;
use super::{Call, MexcVenue, amount_text};
use crate::api::params::Params;
use crate::exchange::{
    CancelRestriction, InstrumentSpec, NewOrder, OrderId, OrderKind, OrderRef, OrderView, Range, Reject, Tif,
};

const KINDS: [(&str, OrderKind, Tif); 5] = [
    ("LIMIT", OrderKind::Limit, Tif::Gtc),
    ("MARKET", OrderKind::Market, Tif::Gtc),
    ("LIMIT_MAKER", OrderKind::LimitMaker, Tif::Gtc),
    ("IMMEDIATE_OR_CANCEL", OrderKind::Limit, Tif::Ioc),
    ("FILL_OR_KILL", OrderKind::Limit, Tif::Fok),
];
/// Symbols whose orders one request may cancel, or list.
pub(super) const SYMBOLS_MAX: usize = 5;

/// A number at the decimals of its scale, in whole steps.
fn mantissa(value: Decimal, decimals: u8, rule: Option<Range>, name: &str) -> Result<i64, MexcError> {
    let fits = |mantissa: &i64| rule.is_none_or(|r| r.step <= 0 || mantissa % r.step == 0);
    value.at_scale(decimals).filter(fits).ok_or_else(|| wrong(name))
}

/// Reads the parameters of a new order. A market order goes by `quoteOrderQty` where it has one, else by `quantity`.
fn read_order(params: &Params, instrument: InstrumentId, spec: &InstrumentSpec) -> Result<NewOrder, MexcError> {
    let (scale, filters) = (spec.scale, &spec.filters);
    let side = match need(params, "side")? {
        "BUY" => Side::Buy,
        "SELL" => Side::Sell,
        _ => return Err(wrong("side")),
    };
    let kind = need(params, "type")?;
    let (_, kind, tif) = KINDS.iter().find(|(name, ..)| *name == kind).ok_or_else(|| wrong("type"))?;
    let mut order = NewOrder { kind: *kind, tif: *tif, quantity: None, ..NewOrder::market(instrument, side, 0) };
    let quote = if *kind == OrderKind::Market { decimal(params, "quoteOrderQty")? } else { None };
    match quote {
        Some(quote) => {
            order.quote_quantity = Some(Amount::from_decimal(quote).ok_or_else(|| wrong("quoteOrderQty"))?);
        }
        None => {
            let quantity = need_decimal(params, "quantity")?;
            order.quantity = Some(mantissa(quantity, scale.quantity_decimals, filters.lot, "quantity")?);
        }
    }
    if *kind != OrderKind::Market {
        let price = need_decimal(params, "price")?;
        order.price = Some(mantissa(price, scale.price_decimals, filters.price, "price")?);
    }
    order.client_order_id = client_id(params, "newClientOrderId")?.unwrap_or_default().to_owned();
    Ok(order)
}

/// Which order is meant; the venue's id goes before the client's.
fn read_ref(params: &Params, instrument: InstrumentId) -> Result<OrderRef, MexcError> {
    if let Some(id) = text(params, "orderId") {
        return Ok(read_order_id(id, instrument).unwrap_or(OrderRef::Id(OrderId(u64::MAX))));
    }
    let client = client_id(params, "origClientOrderId")?.ok_or(ID_MISSING)?;
    Ok(OrderRef::Client(client.to_owned()))
}

impl MexcVenue {
    /// A reason of the exchange, with what the instrument asks for.
    pub(super) fn refuse(&self, reject: Reject, instrument: InstrumentId) -> MexcError {
        let spec = self.spec(instrument);
        let least = spec.filters.notional.map_or(Amount::ZERO, |n| n.min);
        rejected(reject, &amount_text(least), self.asset_name(spec.quote))
    }

    /// Reads a new order; one that is worth too much is refused here, as its filter has one name for both ends.
    fn new_order(&self, params: &Params, instrument: InstrumentId) -> Result<NewOrder, MexcError> {
        let spec = self.spec(instrument);
        let order = read_order(params, instrument, spec)?;
        let most = spec.filters.notional.map_or(Amount(i128::MAX), |n| n.max);
        let price = order.price.or_else(|| self.exchange.last_price(instrument));
        let by_price = order.quantity.zip(price).and_then(|(q, p)| Amount::notional(p, q, spec.scale));
        if order.quote_quantity.or(by_price).is_some_and(|worth| worth > most) {
            return Err(above(&format!("{}{}", amount_text(most), self.asset_name(spec.quote))));
        }
        Ok(order)
    }

    pub(super) fn place_order(&mut self, call: &Call<'_>) -> Result<Value, MexcError> {
        self.place_one(call.params, call)
    }

    /// Places an order of a request that may have several.
    pub(super) fn place_one(&mut self, params: &Params, call: &Call<'_>) -> Result<Value, MexcError> {
        let instrument = self.instrument_of(params)?;
        let order = self.new_order(params, instrument)?;
        let placed = self.exchange.submit(call.now, call.account()?, &order);
        self.settle_events();
        let placed = placed.map_err(|r| self.refuse(r, instrument))?;
        Ok(self.placed_json(&placed.order, call.now))
    }

    pub(super) fn test_order(&self, call: &Call<'_>) -> Result<Value, MexcError> {
        let instrument = self.instrument_of(call.params)?;
        let order = self.new_order(call.params, instrument)?;
        self.exchange.test(call.now, call.account()?, &order).map_err(|r| self.refuse(r, instrument))?;
        Ok(json!({}))
    }

    pub(super) fn cancel_order(&mut self, call: &Call<'_>) -> Result<Value, MexcError> {
        let instrument = self.instrument_of(call.params)?;
        let which = read_ref(call.params, instrument)?;
        let order = self.cancel_one(instrument, &which, call)?;
        Ok(self.canceled_json(&order))
    }

    fn cancel_one(
        &mut self,
        instrument: InstrumentId,
        which: &OrderRef,
        call: &Call<'_>,
    ) -> Result<OrderView, MexcError> {
        let account = call.account()?;
        if let Ok(order) = self.exchange.order(account, instrument, which) {
            self.races.run(&mut self.exchange, &order, call.now);
        }
        let order = self.exchange.cancel(call.now, account, instrument, which, CancelRestriction::None, "");
        self.settle_events();
        order.map_err(|r| self.refuse(r, instrument))
    }

    /// Cancels what is open in up to five symbols.
    pub(super) fn cancel_open_orders(&mut self, call: &Call<'_>) -> Result<Value, MexcError> {
        let mut canceled = Vec::new();
        for instrument in self.several(call.params)? {
            for order in self.exchange.open_orders(call.account()?, Some(instrument)) {
                // One that a race filled meanwhile is not among them.
                if let Ok(order) = self.cancel_one(instrument, &OrderRef::Id(order.id), call) {
                    canceled.push(self.canceled_json(&order));
                }
            }
        }
        Ok(canceled.into())
    }

    /// The instruments that `symbol` names, comma separated, each once.
    pub(super) fn several(&self, params: &Params) -> Result<Vec<InstrumentId>, MexcError> {
        let names: Vec<&str> = need(params, "symbol")?.split(',').collect();
        if names.len() > SYMBOLS_MAX {
            return Err(wrong("symbol"));
        }
        let mut list = Vec::with_capacity(names.len());
        for name in names {
            let instrument = self.exchange.instrument(name).ok_or(super::BAD_SYMBOL)?;
            if !list.contains(&instrument) {
                list.push(instrument);
            }
        }
        Ok(list)
    }

    pub(super) fn order_status(&self, call: &Call<'_>) -> Result<Value, MexcError> {
        let instrument = self.instrument_of(call.params)?;
        let order = self.exchange.order(call.account()?, instrument, &read_ref(call.params, instrument)?);
        order.map(|o| self.order_json(&o)).map_err(|_| UNKNOWN_ORDER)
    }
}
