//! Events of an account, as its listeners get them.

use crosstick_model::{AssetId, InstrumentId, Side};
use serde_json::{Map, Value, json};

use super::render::{order_type, put, side_name, worth};
use super::{FuturesVenue, amount_text, price_text, quantity_text};
use crate::exchange::{AccountId, Fill, OrderStatus, OrderUpdate, OrderView, PositionSide};
use crate::venue::listen::AccountEvent;
use crosstick_model::Amount;

/// What a command changed of an account.
#[derive(Debug)]
pub(super) struct Change {
    pub(super) account: AccountId,
    pub(super) reason: &'static str,
    at_ns: u64,
    /// Asset, and what came or went that was neither profit nor commission.
    assets: Vec<(AssetId, i128)>,
    positions: Vec<(InstrumentId, PositionSide)>,
}

impl Change {
    pub(super) const fn new(account: AccountId, at_ns: u64) -> Self {
        Self { account, reason: "ORDER", at_ns, assets: Vec::new(), positions: Vec::new() }
    }

    pub(super) fn deposit(&mut self, asset: AssetId, delta: i128) {
        match self.assets.iter_mut().find(|(a, _)| *a == asset) {
            Some((_, sum)) => *sum += delta,
            None => self.assets.push((asset, delta)),
        }
    }

    pub(super) fn add_position(&mut self, instrument: InstrumentId, side: PositionSide) {
        if !self.positions.contains(&(instrument, side)) {
            self.positions.push((instrument, side));
        }
    }
}

impl FuturesVenue {
    /// The next thing that an account has to be told.
    pub(crate) fn take_user_event(&mut self) -> Option<AccountEvent> {
        self.user_events.pop_front()
    }

    fn listens(&self, account: AccountId) -> bool {
        self.keys.listens(account.index())
    }

    fn tell(&mut self, account: AccountId, name: &'static str, body: &Value) {
        let payload = body.to_string().into_bytes();
        let event = AccountEvent { account: account.index(), name, key: None, payload };
        self.user_events.push_back(event);
    }

    pub(super) fn tell_expired(&mut self, account: usize, key: &str, now: u64) {
        let text = json!({ "e": "listenKeyExpired", "E": self.stamp(now), "listenKey": key }).to_string();
        let (key, payload) = (Some(key.to_owned()), text.into_bytes());
        let event = AccountEvent { account, name: "listenKeyExpired", key, payload };
        self.user_events.push_back(event);
    }

    pub(super) fn tell_order(&mut self, update: &OrderUpdate, order: &OrderView, at_ns: u64) {
        if !self.listens(order.account) {
            return;
        }
        let kind = match update {
            OrderUpdate::New | OrderUpdate::Triggered => "NEW",
            OrderUpdate::Trade(_) => "TRADE",
            OrderUpdate::Canceled { .. } => "CANCELED",
            OrderUpdate::Replaced { .. } => "AMENDMENT",
            OrderUpdate::Expired => "EXPIRED",
            // What is only made smaller stays as it is; none of the modes here does that.
            OrderUpdate::Prevented(..) if order.status == OrderStatus::ExpiredInMatch => "EXPIRED",
            OrderUpdate::Prevented(..) => return,
        };
        let fill = match update {
            OrderUpdate::Trade(fill) => Some(fill),
            _ => None,
        };
        if let Some(fill) = fill {
            let lite = self.trade_lite(order, fill, at_ns);
            self.tell(order.account, "TRADE_LITE", &lite);
        }
        let report = self.order_trade_update(kind, order, fill, at_ns);
        self.tell(order.account, "ORDER_TRADE_UPDATE", &report);
    }

    fn trade_lite(&self, order: &OrderView, fill: &Fill, at_ns: u64) -> Value {
        let spec = self.spec(order.instrument);
        json!({
            "e": "TRADE_LITE",
            "E": self.stamp(at_ns),
            "T": self.stamp(at_ns),
            "s": spec.symbol,
            "q": quantity_text(spec.scale, order.quantity),
            "p": price_text(spec.scale, order.price),
            "m": fill.is_maker,
            "c": order.client_order_id,
            "S": side_name(order.side),
            "L": price_text(spec.scale, fill.price),
            "l": quantity_text(spec.scale, fill.quantity),
            "t": fill.trade,
            "i": order.id.0,
        })
    }

    fn order_trade_update(&self, kind: &str, order: &OrderView, fill: Option<&Fill>, at_ns: u64) -> Value {
        let spec = self.spec(order.instrument);
        let scale = spec.scale;
        let mut body = Map::new();
        put(&mut body, "s", spec.symbol.as_str());
        put(&mut body, "c", order.client_order_id.as_str());
        put(&mut body, "S", side_name(order.side));
        put(&mut body, "o", order_type(order));
        put(&mut body, "f", order.tif.name());
        put(&mut body, "q", quantity_text(scale, order.quantity));
        put(&mut body, "p", price_text(scale, order.price));
        put(&mut body, "ap", self.average_text(order));
        put(&mut body, "sp", price_text(scale, order.stop_price));
        put(&mut body, "x", kind);
        put(&mut body, "X", order.status.name());
        put(&mut body, "i", order.id.0);
        if let Some(id) = self.modify_id.filter(|_| kind == "AMENDMENT") {
            put(&mut body, "M", id);
        }
        put(&mut body, "l", quantity_text(scale, fill.map_or(0, |f| f.quantity)));
        put(&mut body, "z", quantity_text(scale, order.executed));
        put(&mut body, "L", price_text(scale, fill.map_or(0, |f| f.price)));
        if let Some(fill) = fill {
            put(&mut body, "N", self.asset_name(fill.commission_asset));
            put(&mut body, "n", amount_text(fill.commission));
        }
        put(&mut body, "T", self.stamp(at_ns));
        put(&mut body, "t", fill.map_or(0, |f| f.trade));
        put(&mut body, "b", amount_text(self.open_notional(order, Side::Buy)));
        put(&mut body, "a", amount_text(self.open_notional(order, Side::Sell)));
        put(&mut body, "m", fill.is_some_and(|f| f.is_maker));
        put(&mut body, "R", order.reduce_only);
        put(&mut body, "wt", "CONTRACT_PRICE");
        put(&mut body, "ot", order_type(order));
        put(&mut body, "ps", order.position_side.name());
        put(&mut body, "cp", false);
        put(&mut body, "pP", false);
        put(&mut body, "si", 0);
        put(&mut body, "ss", 0);
        put(&mut body, "rp", amount_text(fill.map_or(Amount::ZERO, |f| f.realised)));
        put(&mut body, "V", order.stp.name());
        put(&mut body, "pm", "NONE");
        put(&mut body, "gtd", 0);
        if self.is_coin() {
            put(&mut body, "ma", self.asset_name(spec.settle));
        }
        json!({ "e": "ORDER_TRADE_UPDATE", "T": self.stamp(at_ns), "E": self.stamp(at_ns), "o": body })
    }

    /// What the account's open orders of a side in this instrument are worth.
    fn open_notional(&self, order: &OrderView, side: Side) -> Amount {
        let spec = self.spec(order.instrument);
        let open = self.exchange.open_orders(order.account, Some(order.instrument));
        let worth = open.iter().filter(|o| o.side == side).map(|o| worth(spec, o.price, o.open_quantity()).0);
        Amount(worth.fold(0, i128::saturating_add))
    }

    pub(super) fn tell_change(&mut self, change: &Change) {
        if !self.listens(change.account) {
            return;
        }
        let balance = |(asset, delta): &(AssetId, i128)| {
            let wallet = amount_text(self.wallet(change.account, *asset));
            json!({ "a": self.asset_name(*asset), "wb": wallet, "cw": wallet, "bc": amount_text(Amount(*delta)) })
        };
        let balances: Vec<Value> = change.assets.iter().map(balance).collect();
        let position = |(instrument, side): &(InstrumentId, PositionSide)| {
            let view = self.exchange.position(change.account, *instrument, *side)?;
            let spec = self.spec(*instrument);
            let entry = price_text(spec.scale, view.entry_price);
            Some(json!({
                "s": spec.symbol,
                "pa": quantity_text(spec.scale, view.quantity),
                "ep": entry,
                "bep": entry,
                "cr": amount_text(view.realised),
                "up": amount_text(view.unrealised),
                "mt": "cross",
                "iw": "0",
                "ps": side.name(),
            }))
        };
        let positions: Vec<Value> = change.positions.iter().filter_map(position).collect();
        let at = self.stamp(change.at_ns);
        let body = json!({
            "e": "ACCOUNT_UPDATE", "T": at, "E": at,
            "a": { "m": change.reason, "B": balances, "P": positions },
        });
        self.tell(change.account, "ACCOUNT_UPDATE", &body);
    }

    /// What an account has of an asset, open profit and loss aside.
    pub(super) fn wallet(&self, account: AccountId, asset: AssetId) -> Amount {
        let balance = self.exchange.balance(account, asset);
        Amount(balance.free.0 + balance.locked.0)
    }
}
