//! What an operator of the simulation sees and does behind the venue's back: faults and the control API.

use crosstick_model::{Amount, Decimal};
use serde_json::{Value, json};

use super::{SpotVenue, amount_text, price_text, quantity_text};
use crate::exchange::{AccountId, Filters, OrderId, OrderView, TradingStatus};
use crate::fault::FaultSpec;

/// A fill that comes just before a cancel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Race {
    /// The fault that asks for it.
    pub(crate) fault: u64,
    /// Of orders in this symbol alone.
    pub(crate) symbol: Option<String>,
    /// Share of the open quantity, 1 to 100.
    pub(crate) percent: u64,
}

impl SpotVenue {
    /// Until the next call, cancels race with these.
    pub(crate) fn arm_races(&mut self, races: Vec<Race>) {
        self.races = races;
    }

    /// The faults whose races happened since the last call.
    pub(crate) fn take_raced(&mut self) -> Vec<u64> {
        std::mem::take(&mut self.raced)
    }

    /// A cancel of this order was admitted: fills what an armed race says.
    pub(super) fn race(&mut self, order: OrderId, now: u64) {
        let Some(view) = self.exchange.every_order().into_iter().find(|o| o.id == order).cloned() else { return };
        let symbol = &self.spec(view.instrument).symbol;
        let wanted = |r: &&Race| r.symbol.as_ref().is_none_or(|s| s == symbol);
        let Some(Race { fault, percent, .. }) = self.races.iter().find(wanted).cloned() else { return };
        if self.fill_share(&view, percent, now) {
            self.raced.push(fault);
        }
    }

    /// Fills a share of every order that rests, of one symbol or all; how many it reached.
    pub(crate) fn fill_resting(&mut self, symbol: Option<&str>, percent: u64, now: u64) -> usize {
        let open = |o: &&OrderView| {
            o.status.is_open() && !o.waits() && symbol.is_none_or(|s| self.spec(o.instrument).symbol == s)
        };
        let orders: Vec<OrderView> = self.exchange.every_order().into_iter().filter(open).cloned().collect();
        let filled = orders.iter().filter(|o| self.fill_share(o, percent, now)).count();
        self.settle();
        filled
    }

    /// Fills a share of an order's open quantity, in whole steps, one at least.
    fn fill_share(&mut self, order: &OrderView, percent: u64, now: u64) -> bool {
        let step = self.spec(order.instrument).filters.lot.map_or(1, |r| r.step.max(1));
        let open = order.open_quantity();
        let share = i64::try_from(i128::from(open) * i128::from(percent) / 100).unwrap_or(open);
        let quantity = (share - share % step).max(step).min(open);
        self.exchange.take_resting(now, order.id, quantity).is_ok_and(|taken| taken > 0)
    }

    /// A symbol's status; what it was. `None`: no such symbol.
    pub(crate) fn set_status(&mut self, symbol: &str, status: TradingStatus, now: u64) -> Option<TradingStatus> {
        let id = self.exchange.instrument(symbol)?;
        let before = self.exchange.status(id);
        self.exchange.set_status(now, id, status).ok()?;
        self.settle();
        Some(before)
    }

    /// A symbol's filters; what they were. `None`: no such symbol.
    pub(crate) fn set_filters(&mut self, symbol: &str, filters: Filters) -> Option<Filters> {
        let id = self.exchange.instrument(symbol)?;
        let before = self.spec(id).filters.clone();
        self.exchange.set_filters(id, filters).ok()?;
        Some(before)
    }

    /// A symbol's filters as a fault changes them. `Err`: what of it the symbol's decimals cannot hold.
    pub(crate) fn filters_by(&self, symbol: &str, spec: &FaultSpec) -> Result<Filters, &'static str> {
        let id = self.exchange.instrument(symbol).ok_or("symbol")?;
        let scale = self.spec(id).scale;
        let mut filters = self.spec(id).filters.clone();
        let at = |text: &Option<String>, decimals, field| match text.as_deref().map(str::parse::<Decimal>) {
            None => Ok(None),
            Some(Ok(value)) => value.at_scale(decimals).map(Some).ok_or(field),
            Some(Err(_)) => Err(field),
        };
        if let (Some(step), Some(rule)) =
            (at(&spec.price_step, scale.price_decimals, "price_step")?, filters.price.as_mut())
        {
            (rule.step, rule.min) = (step, step);
        }
        let lot = filters.lot.as_mut();
        if let Some(lot) = lot {
            lot.step = at(&spec.quantity_step, scale.quantity_decimals, "quantity_step")?.unwrap_or(lot.step);
            lot.min = at(&spec.min_quantity, scale.quantity_decimals, "min_quantity")?.unwrap_or(lot.min);
        }
        if let Some(text) = &spec.min_notional {
            let least = text.parse().ok().and_then(Amount::from_decimal).ok_or("min_notional")?;
            filters.notional.as_mut().ok_or("min_notional")?.min = least;
        }
        if let Some(most) = spec.max_orders {
            filters.max_orders = Some(usize::try_from(most).unwrap_or(usize::MAX));
        }
        Ok(filters)
    }

    /// The name of an account, by its number.
    fn account_name(&self, account: AccountId) -> &str {
        let named = self.names.iter().find(|(_, id)| *id == account);
        named.map_or("house", |(name, _)| name.as_str())
    }

    /// Orders of all accounts, the newest `most`, the oldest of them first.
    pub(crate) fn list_orders(&self, most: usize) -> Vec<Value> {
        let all = self.exchange.every_order();
        let list = all.iter().skip(all.len().saturating_sub(most)).map(|o| {
            let spec = self.spec(o.instrument);
            json!({
                "account": self.account_name(o.account),
                "symbol": spec.symbol,
                "order_id": o.id.0,
                "client_order_id": o.client_order_id,
                "side": super::render::side_name(o.side),
                "type": o.kind.name(),
                "time_in_force": o.tif.name(),
                "status": o.status.name(),
                "price": price_text(spec.scale, o.price),
                "stop_price": price_text(spec.scale, o.stop_price),
                "quantity": quantity_text(spec.scale, o.quantity),
                "executed": quantity_text(spec.scale, o.executed),
                "executed_value": amount_text(o.executed_value),
                "created_ns": o.created_ns,
                "updated_ns": o.updated_ns,
            })
        });
        list.collect()
    }

    /// What every account has of every asset; nothing of an asset is left out.
    pub(crate) fn list_balances(&self) -> Vec<Value> {
        let accounts = self.exchange.accounts().filter(|a| !matches!(*a, AccountId::HOUSE | AccountId::FEES));
        let of = |account: AccountId| {
            let list = self.exchange.balances(account).filter(|(_, b)| *b != crate::exchange::BalanceView::default());
            let list = list.map(move |(asset, balance)| {
                json!({
                    "account": self.account_name(account), "asset": self.asset_name(asset),
                    "free": amount_text(balance.free), "locked": amount_text(balance.locked),
                })
            });
            list.collect::<Vec<_>>()
        };
        accounts.flat_map(of).collect()
    }

    /// Every symbol with its status and filters, as exchangeInfo states them.
    pub(crate) fn list_symbols(&self) -> Vec<Value> {
        let list = self.exchange.instruments().map(|(id, spec)| {
            let filters = super::info::filters_json(spec);
            json!({ "symbol": spec.symbol, "status": self.exchange.status(id).name(), "filters": filters })
        });
        list.collect()
    }
}
