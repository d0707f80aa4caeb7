//! What an operator does to an exchange and sees of it, whatever protocol stands before it.

use crosstick_model::{Amount, Decimal, Scale};
use serde_json::{Value, json};

use crate::exchange::{AccountId, BalanceView, Exchange, OrderView, PositionSide};
use crate::text::decimal_padded;

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

/// Races that cancels may meet, and those that they met.
#[derive(Debug, Default)]
pub(crate) struct Races {
    armed: Vec<Race>,
    met: Vec<u64>,
}

impl Races {
    /// Until the next call, cancels race with these.
    pub(crate) fn arm(&mut self, races: Vec<Race>) {
        self.armed = races;
    }

    /// The faults whose races happened since the last call.
    pub(crate) fn take_met(&mut self) -> Vec<u64> {
        std::mem::take(&mut self.met)
    }

    /// A cancel of this order was admitted: fills what an armed race says.
    pub(crate) fn run(&mut self, exchange: &mut Exchange, order: &OrderView, now: u64) {
        let symbol = &exchange.instrument_spec(order.instrument).symbol;
        let wanted = |r: &&Race| r.symbol.as_ref().is_none_or(|s| s == symbol);
        let Some(Race { fault, percent, .. }) = self.armed.iter().find(wanted) else { return };
        if order.status.is_open() && fill_share(exchange, order, *percent, now) {
            self.met.push(*fault);
        }
    }
}

/// Fills a share of every order that rests, of one symbol or all; how many it reached.
pub(crate) fn fill_resting(exchange: &mut Exchange, symbol: Option<&str>, percent: u64, now: u64) -> usize {
    let symbol_of = |o: &OrderView| exchange.instrument_spec(o.instrument).symbol.as_str();
    let rests = |o: &&OrderView| o.status.is_open() && !o.waits() && symbol.is_none_or(|s| symbol_of(o) == s);
    let orders: Vec<OrderView> = exchange.every_order().into_iter().filter(rests).cloned().collect();
    orders.iter().filter(|o| fill_share(exchange, o, percent, now)).count()
}

/// Fills a share of an order's open quantity, in whole steps, one at least.
fn fill_share(exchange: &mut Exchange, order: &OrderView, percent: u64, now: u64) -> bool {
    let step = exchange.instrument_spec(order.instrument).filters.lot.map_or(1, |r| r.step.max(1));
    let open = order.open_quantity();
    let share = i64::try_from(i128::from(open) * i128::from(percent) / 100).unwrap_or(open);
    let quantity = (share - share % step).max(step).min(open);
    exchange.take_resting(now, order.id, quantity).is_ok_and(|taken| taken > 0)
}

fn amount_text(amount: Amount) -> String {
    decimal_padded(Decimal::new(amount.0 / 100_000_000, 8), 8)
}

fn price_text(scale: Scale, mantissa: i64) -> String {
    decimal_padded(scale.price(mantissa), 0)
}

fn quantity_text(scale: Scale, mantissa: i64) -> String {
    decimal_padded(scale.quantity(mantissa), 0)
}

/// The name of an account: accounts come in the order of their names, behind the exchange's own two.
fn name(names: &[String], account: AccountId) -> &str {
    account.index().checked_sub(2).and_then(|i| names.get(i)).map_or("house", String::as_str)
}

/// The account of a name.
pub(crate) fn account_of(names: &[String], name: &str) -> Option<AccountId> {
    let at = names.iter().position(|n| n == name)?;
    u32::try_from(at + 2).ok().map(AccountId)
}

/// Orders of all accounts, the newest `most`, the oldest of them first.
pub(crate) fn list_orders(exchange: &Exchange, names: &[String], most: usize) -> Vec<Value> {
    let all = exchange.every_order();
    let list = all.iter().skip(all.len().saturating_sub(most)).map(|o| {
        let spec = exchange.instrument_spec(o.instrument);
        json!({
            "account": name(names, o.account),
            "symbol": spec.symbol,
            "order_id": o.id.0,
            "client_order_id": o.client_order_id,
            "side": if o.side == crosstick_model::Side::Buy { "BUY" } else { "SELL" },
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

/// The positions of an account that are not flat.
fn positions(exchange: &Exchange, names: &[String], account: AccountId) -> Vec<Value> {
    let sides = PositionSide::ALL;
    let all = exchange.instruments().flat_map(|(id, spec)| sides.map(|side| (id, spec, side)));
    let open = all.filter_map(|(id, spec, side)| Some((spec, exchange.position(account, id, side)?)));
    let list = open.filter(|(_, p)| p.quantity != 0).map(|(spec, p)| {
        json!({
            "account": name(names, account), "symbol": spec.symbol, "side": p.side.name(),
            "position": quantity_text(spec.scale, p.quantity),
            "entry_price": price_text(spec.scale, p.entry_price),
            "unrealised": amount_text(p.unrealised),
        })
    });
    list.collect()
}

/// What every account has of every asset, and its positions; what it has nothing of is left out.
pub(crate) fn list_balances(exchange: &Exchange, names: &[String]) -> Vec<Value> {
    let accounts = exchange.accounts().filter(|a| !matches!(*a, AccountId::HOUSE | AccountId::FEES));
    let of = |account: AccountId| {
        let list = exchange.balances(account).filter(|(_, b)| *b != BalanceView::default());
        let list = list.map(|(asset, balance)| {
            json!({
                "account": name(names, account), "asset": exchange.asset_spec(asset).name,
                "free": amount_text(balance.free), "locked": amount_text(balance.locked),
            })
        });
        list.chain(positions(exchange, names, account)).collect::<Vec<_>>()
    };
    accounts.flat_map(of).collect()
}
