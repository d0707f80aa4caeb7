//! What accounts are told: orders, deals, balances, as protobuf.

use crosstick_model::{Amount, AssetId};
use prost::Message;

use super::proto::{Account, Body, Order, OwnDeal, Push, ms};
use super::render::{client_id, kind, order_id, status, trade_id, trade_type};
use super::{MexcVenue, amount_text, price_text, quantity_text};
use crate::exchange::{AccountId, Fill, OrderUpdate, OrderView};
use crate::venue::listen::AccountEvent;

pub(crate) const ACCOUNT: &str = "spot@private.account.v3.api.pb";
pub(crate) const DEALS: &str = "spot@private.deals.v3.api.pb";
pub(crate) const ORDERS: &str = "spot@private.orders.v3.api.pb";

/// Why balances change with such an update.
pub(super) const fn reason(update: &OrderUpdate) -> &'static str {
    match update {
        OrderUpdate::New => "ENTRUST_PLACE",
        OrderUpdate::Canceled { .. } | OrderUpdate::Expired => "ENTRUST_CANCEL",
        _ => "ENTRUST",
    }
}

impl MexcVenue {
    /// The next thing that an account has to be told.
    pub(crate) fn take_user_event(&mut self) -> Option<AccountEvent> {
        self.user_events.pop_front()
    }

    /// A time as the venue's clock shows it.
    fn ms(&self, at_ns: u64) -> i64 {
        ms(self.skew.shown(at_ns))
    }

    fn tell(&mut self, account: AccountId, channel: &'static str, symbol: Option<&str>, at_ns: u64, body: Body) {
        let push = Push {
            channel: channel.to_owned(),
            symbol: symbol.map(str::to_owned),
            create_time: Some(self.ms(at_ns)),
            send_time: Some(self.ms(at_ns)),
            body: Some(body),
        };
        let payload = push.encode_to_vec();
        self.user_events.push_back(AccountEvent { account: account.index(), name: channel, key: None, payload });
    }

    pub(super) fn tell_order(&mut self, update: &OrderUpdate, order: &OrderView, at_ns: u64) {
        if !self.keys.listens(order.account.index()) {
            return;
        }
        let symbol = self.spec(order.instrument).symbol.clone();
        let fill = match update {
            OrderUpdate::Trade(fill) => Some(fill),
            _ => None,
        };
        let body = Body::Order(self.order_push(order, fill));
        self.tell(order.account, ORDERS, Some(&symbol), at_ns, body);
        if let Some(fill) = fill {
            let body = Body::Deal(self.deal_push(order, fill, at_ns));
            self.tell(order.account, DEALS, Some(&symbol), at_ns, body);
        }
    }

    fn order_push(&self, order: &OrderView, fill: Option<&Fill>) -> Order {
        let scale = self.spec(order.instrument).scale;
        let amount = self.amount(order);
        let remain = Amount((amount.0 - order.executed_value.0).max(0));
        Order {
            id: order_id(order.id, order.instrument),
            client_id: client_id(order).unwrap_or_default().to_owned(),
            price: price_text(scale, order.price),
            quantity: quantity_text(scale, order.quantity),
            amount: amount_text(amount),
            avg_price: self.average_text(order),
            order_type: kind(order).1,
            trade_type: trade_type(order.side),
            is_maker: fill.is_some_and(|f| f.is_maker),
            remain_amount: amount_text(remain),
            remain_quantity: quantity_text(scale, order.open_quantity()),
            last_deal_quantity: fill.map(|f| quantity_text(scale, f.quantity)),
            cumulative_quantity: quantity_text(scale, order.executed),
            cumulative_amount: amount_text(order.executed_value),
            status: status(order).1,
            create_time: self.ms(order.created_ns),
        }
    }

    fn deal_push(&self, order: &OrderView, fill: &Fill, at_ns: u64) -> OwnDeal {
        let scale = self.spec(order.instrument).scale;
        OwnDeal {
            price: price_text(scale, fill.price),
            quantity: quantity_text(scale, fill.quantity),
            amount: amount_text(fill.value),
            trade_type: trade_type(fill.side),
            is_maker: fill.is_maker,
            is_self_trade: self.exchange.is_self_trade(order.account, order.instrument, fill.trade),
            trade_id: trade_id(fill.trade, order.instrument),
            client_order_id: client_id(order).unwrap_or_default().to_owned(),
            order_id: order_id(order.id, order.instrument),
            fee_amount: amount_text(fill.commission),
            fee_currency: self.asset_name(fill.commission_asset).to_owned(),
            time: self.ms(at_ns),
        }
    }

    pub(super) fn tell_balances(
        &mut self,
        account: AccountId,
        balances: &[(AssetId, Amount, Amount)],
        reason: &'static str,
        at_ns: u64,
    ) {
        if matches!(account, AccountId::HOUSE | AccountId::FEES) {
            return;
        }
        for (asset, free, locked) in balances {
            let (free_before, locked_before) =
                self.told.insert((account, *asset), (*free, *locked)).unwrap_or_default();
            if !self.keys.listens(account.index()) {
                continue;
            }
            let name = self.asset_name(*asset).to_owned();
            let body = Body::Account(Account {
                // Ids of coins are not simulated; the name serves.
                coin_id: name.clone(),
                vcoin_name: name,
                balance_amount: amount_text(*free),
                balance_amount_change: amount_text(Amount(free.0 - free_before.0)),
                frozen_amount: amount_text(*locked),
                frozen_amount_change: amount_text(Amount(locked.0 - locked_before.0)),
                kind: reason.to_owned(),
                time: self.ms(at_ns),
            });
            self.tell(account, ACCOUNT, None, at_ns, body);
        }
    }
}
