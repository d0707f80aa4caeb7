//! What an account asks about itself: orders, balances, trades, commissions.

use crosstick_model::Amount;
use serde_json::{Value, json};

use super::orders::read_ref;
use super::render::{About, refusal};
use super::{Call, SpotVenue, amount_text, price_text, quantity_text};
use crate::api::errors::ApiError;
use crate::exchange::{AccountTrade, OrderId, PreventedMatch};
use crate::rules::SECOND_NS;

/// The longest stretch of time that histories of an account are asked for.
const DAY_NS: u64 = 86_400 * SECOND_NS;

/// A window of time; ends included.
struct Window {
    from: Option<u64>,
    to: Option<u64>,
}

impl Window {
    fn read(call: &Call<'_>) -> Result<Self, ApiError> {
        let from = call.time("startTime")?;
        let to = call.time("endTime")?;
        if let (Some(from), Some(to)) = (from, to) {
            if to < from {
                return Err(ApiError::bad_combination());
            }
            if to - from > DAY_NS {
                return Err(ApiError::new(-1127, "More than 24 hours between startTime and endTime."));
            }
        }
        Ok(Self { from, to })
    }

    fn has(&self, at_ns: u64) -> bool {
        self.from.is_none_or(|from| at_ns >= from) && self.to.is_none_or(|to| at_ns <= to)
    }

    /// The part of a chronological list that is wanted: from its beginning where a beginning is given, else its end.
    fn cut<T>(&self, list: Vec<T>, limit: usize, from_id: bool) -> Vec<T> {
        let skip = if self.from.is_some() || from_id { 0 } else { list.len().saturating_sub(limit) };
        list.into_iter().skip(skip).take(limit).collect()
    }
}

impl SpotVenue {
    pub(super) fn order_status(&self, call: &Call<'_>) -> Result<Value, ApiError> {
        let instrument = self.instrument_of(call)?;
        let which = read_ref(call.params, "orderId", "origClientOrderId")?;
        let order = self.exchange.order(call.account()?, instrument, &which);
        Ok(self.order_json(&order.map_err(|r| refusal(r, About::Query))?, call.stamp()))
    }

    pub(super) fn open_orders(&self, call: &Call<'_>) -> Result<Value, ApiError> {
        let instrument = match call.params.text("symbol")? {
            None => None,
            Some(_) => Some(self.instrument_of(call)?),
        };
        let orders = self.exchange.open_orders(call.account()?, instrument);
        Ok(orders.iter().map(|o| self.order_json(o, call.stamp())).collect())
    }

    pub(super) fn all_orders(&self, call: &Call<'_>) -> Result<Value, ApiError> {
        let instrument = self.instrument_of(call)?;
        let window = Window::read(call)?;
        let limit = call.params.limit(500, 1_000)?;
        let from = call.params.integer("orderId")?;
        let mut orders = self.exchange.all_orders(call.account()?, instrument);
        orders.retain(|o| window.has(o.created_ns) && from.is_none_or(|id| o.id.0 >= id));
        orders.sort_by_key(|o| o.id);
        let orders = window.cut(orders, limit, from.is_some());
        Ok(orders.iter().map(|o| self.order_json(o, call.stamp())).collect())
    }

    pub(super) fn account(&self, call: &Call<'_>) -> Result<Value, ApiError> {
        let account = call.account()?;
        let omit = call.params.boolean("omitZeroBalances")?.unwrap_or(false);
        let spec = self.exchange.account_spec(account);
        let rate = |e8: i64| amount_text(Amount(i128::from(e8) * 100_000_000));
        let mut balances = Vec::new();
        for (asset, balance) in self.exchange.balances(account) {
            if omit && balance.free == Amount::ZERO && balance.locked == Amount::ZERO {
                continue;
            }
            balances.push(json!({
                "asset": self.asset_name(asset),
                "free": amount_text(balance.free),
                "locked": amount_text(balance.locked),
            }));
        }
        Ok(json!({
            // Older fields: commissions in basis points, what is below them cut off.
            "makerCommission": spec.maker_e8 / 10_000,
            "takerCommission": spec.taker_e8 / 10_000,
            "buyerCommission": 0,
            "sellerCommission": 0,
            "commissionRates": {
                "maker": rate(spec.maker_e8), "taker": rate(spec.taker_e8), "buyer": rate(0), "seller": rate(0),
            },
            "canTrade": spec.can_trade,
            "canWithdraw": false,
            "canDeposit": false,
            "brokered": false,
            "requireSelfTradePrevention": false,
            "preventSor": false,
            "updateTime": call.stamp().at(self.updated_ns.get(&account.index()).copied().unwrap_or_default()),
            "accountType": "SPOT",
            "balances": balances,
            "permissions": ["SPOT"],
            "uid": account.0,
        }))
    }

    pub(super) fn my_trades(&self, call: &Call<'_>) -> Result<Value, ApiError> {
        let instrument = self.instrument_of(call)?;
        let window = Window::read(call)?;
        let limit = call.params.limit(500, 1_000)?;
        let order = call.params.integer("orderId")?.map(OrderId);
        let from = call.params.integer("fromId")?;
        if from.is_some() && (window.from.is_some() || window.to.is_some()) {
            return Err(ApiError::bad_combination());
        }
        let mut trades = self.exchange.account_trades(call.account()?, instrument);
        trades.retain(|t| {
            window.has(t.at_ns) && from.is_none_or(|id| t.fill.trade >= id) && order.is_none_or(|o| t.fill.order == o)
        });
        let trades = window.cut(trades, limit, from.is_some());
        Ok(trades.iter().map(|t| self.trade_json(t, call)).collect())
    }

    fn trade_json(&self, trade: &AccountTrade, call: &Call<'_>) -> Value {
        let spec = self.spec(trade.instrument);
        let fill = &trade.fill;
        json!({
            "symbol": spec.symbol,
            "id": fill.trade,
            "orderId": fill.order.0,
            "orderListId": -1,
            "price": price_text(spec.scale, fill.price),
            "qty": quantity_text(spec.scale, fill.quantity),
            "quoteQty": amount_text(fill.value),
            "commission": amount_text(fill.commission),
            "commissionAsset": self.asset_name(fill.commission_asset),
            "time": call.stamp().at(trade.at_ns),
            "isBuyer": fill.side == crosstick_model::Side::Buy,
            "isMaker": fill.is_maker,
            "isBestMatch": true,
        })
    }

    pub(super) fn commission(&self, call: &Call<'_>) -> Result<Value, ApiError> {
        let instrument = self.instrument_of(call)?;
        let spec = self.exchange.account_spec(call.account()?);
        let rate = |e8: i64| amount_text(Amount(i128::from(e8) * 100_000_000));
        let none = json!({ "maker": rate(0), "taker": rate(0), "buyer": rate(0), "seller": rate(0) });
        Ok(json!({
            "symbol": self.spec(instrument).symbol,
            "standardCommission": {
                "maker": rate(spec.maker_e8), "taker": rate(spec.taker_e8), "buyer": rate(0), "seller": rate(0),
            },
            "specialCommission": none,
            "taxCommission": none,
            "discount": {
                "enabledForAccount": false, "enabledForSymbol": false, "discountAsset": "BNB", "discount": rate(0),
            },
        }))
    }

    pub(super) fn prevented_matches(&self, call: &Call<'_>) -> Result<Value, ApiError> {
        let instrument = self.instrument_of(call)?;
        let limit = call.params.limit(500, 1_000)?;
        let (id, order) = (call.params.integer("preventedMatchId")?, call.params.integer("orderId")?);
        let from = call.params.integer("fromPreventedMatchId")?;
        if id.is_some() == order.is_some() || (from.is_some() && order.is_none()) {
            return Err(ApiError::bad_combination());
        }
        let of_order = |m: &PreventedMatch, o: u64| m.taker_order.0 == o || m.maker_order.0 == o;
        let mut matches = self.exchange.prevented_matches(call.account()?, instrument);
        matches.retain(|m| {
            id.is_none_or(|id| m.id == id)
                && order.is_none_or(|o| of_order(m, o))
                && from.is_none_or(|from| m.id >= from)
        });
        Ok(matches.iter().take(limit).map(|m| self.prevented_json(m, call)).collect())
    }

    fn prevented_json(&self, prevented: &PreventedMatch, call: &Call<'_>) -> Value {
        let spec = self.spec(prevented.instrument);
        json!({
            "symbol": spec.symbol,
            "preventedMatchId": prevented.id,
            "takerOrderId": prevented.taker_order.0,
            "makerSymbol": spec.symbol,
            "makerOrderId": prevented.maker_order.0,
            "tradeGroupId": self.exchange.account_spec(prevented.account).trade_group.unwrap_or(prevented.account.0),
            "selfTradePreventionMode": prevented.mode.name(),
            "price": price_text(spec.scale, prevented.price),
            "makerPreventedQuantity": quantity_text(spec.scale, prevented.maker_prevented),
            "takerPreventedQuantity": quantity_text(spec.scale, prevented.taker_prevented),
            "transactTime": call.stamp().at(prevented.at_ns),
        })
    }
}
