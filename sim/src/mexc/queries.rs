//! Orders, fills and balances of an account.

use crosstick_model::InstrumentId;
use serde_json::{Value, json};

use super::errors::{MexcError, wrong};
use super::read::{limit, text};
use super::render::{rate_text, read_order_id};
use super::{Call, MexcVenue, amount_text};
use crate::exchange::OrderRef;
use crate::rules::SECOND_NS;

const DAY_NS: u64 = 86_400 * SECOND_NS;
/// How far back orders and fills are shown.
const ORDERS_NS: u64 = 7 * DAY_NS;
const TRADES_NS: u64 = 30 * DAY_NS;

impl MexcVenue {
    pub(super) fn open_orders(&self, call: &Call<'_>) -> Result<Value, MexcError> {
        let account = call.account()?;
        let of = |id: InstrumentId| self.exchange.open_orders(account, Some(id));
        Ok(self.several(call.params)?.into_iter().flat_map(of).map(|o| self.order_json(&o)).collect())
    }

    /// When an entry may be from: the stretch that is asked for, within what is shown at all.
    fn stretch(call: &Call<'_>, back_ns: u64) -> Result<std::ops::RangeInclusive<u64>, MexcError> {
        let first = call.now.saturating_sub(back_ns);
        let from = call.time("startTime")?.unwrap_or(first).max(first);
        let to = call.time("endTime")?.unwrap_or(u64::MAX);
        if from > to { Err(wrong("endTime")) } else { Ok(from..=to) }
    }

    pub(super) fn all_orders(&self, call: &Call<'_>) -> Result<Value, MexcError> {
        let instrument = self.instrument_of(call.params)?;
        let (stretch, most) = (Self::stretch(call, ORDERS_NS)?, limit(call.params, 500, 1_000)?);
        let mut orders = self.exchange.all_orders(call.account()?, instrument);
        orders.retain(|o| stretch.contains(&o.created_ns));
        // The newest first, as the venue gives them.
        Ok(orders.iter().rev().take(most).map(|o| self.order_json(o)).collect())
    }

    pub(super) fn my_trades(&self, call: &Call<'_>) -> Result<Value, MexcError> {
        let instrument = self.instrument_of(call.params)?;
        let (stretch, most) = (Self::stretch(call, TRADES_NS)?, limit(call.params, 100, 100)?);
        let order = text(call.params, "orderId").map(|id| read_order_id(id, instrument));
        let mut trades = self.exchange.account_trades(call.account()?, instrument);
        let of_order = |id| order.as_ref().is_none_or(|o| *o == Some(OrderRef::Id(id)));
        trades.retain(|t| stretch.contains(&t.at_ns) && of_order(t.fill.order));
        Ok(trades.iter().rev().take(most).map(|t| self.trade_json(t)).collect())
    }

    pub(super) fn account_json(&self, call: &Call<'_>) -> Result<Value, MexcError> {
        let account = call.account()?;
        let there = self.exchange.balances(account).filter(|(_, b)| b.free.0 != 0 || b.locked.0 != 0);
        let balances = there.map(|(asset, balance)| {
            json!({
                "asset": self.asset_name(asset), "free": amount_text(balance.free),
                "locked": amount_text(balance.locked), "available": amount_text(balance.free),
            })
        });
        let can_trade = self.exchange.account_spec(account).can_trade;
        Ok(json!({
            "canTrade": can_trade, "canWithdraw": false, "canDeposit": false, "updateTime": null,
            "accountType": "SPOT", "balances": balances.collect::<Vec<_>>(), "permissions": ["SPOT"],
        }))
    }

    /// What the account pays in a symbol.
    pub(super) fn trade_fee(&self, call: &Call<'_>) -> Result<Value, MexcError> {
        self.instrument_of(call.params)?;
        let spec = self.exchange.account_spec(call.account()?);
        let rate = |e8| rate_text(e8).parse::<serde_json::Number>().map_or(Value::Null, Value::Number);
        Ok(json!({
            "data": { "makerCommission": rate(spec.maker_e8), "takerCommission": rate(spec.taker_e8) },
            "code": 0, "msg": "success", "timestamp": self.stamp(call.now),
        }))
    }
}
