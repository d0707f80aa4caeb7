//! Events of an account, as its subscribers get them.

use crosstick_model::{Amount, AssetId, Decimal};
use serde_json::{Map, Value, json};

use super::render::{execution_type, put, side_name};
use super::{PAD, SpotVenue, Stamp, amount_text, price_text, quantity_text};
use crate::exchange::{Event, EventKind, OrderUpdate, OrderView, PreventedMatch};
use crate::rules::TimeUnit;
use crate::text::decimal_padded;

/// Something that an account has to be told.
#[derive(Debug)]
pub(crate) struct UserEvent {
    /// The account's number.
    pub(crate) account: usize,
    pub(super) event: Event,
}

impl SpotVenue {
    /// The frame of an event for a subscription. `now` is the true time.
    pub(crate) fn user_frame(&self, event: &UserEvent, subscription: u32, unit: TimeUnit, now: u64) -> Option<String> {
        let stamp = Stamp(unit, self.skew);
        let event_time = stamp.at(now.max(event.event.at_ns));
        let at = stamp.at(event.event.at_ns);
        let body = match &event.event.kind {
            EventKind::Order { update, order } => self.execution_report(&event.event, update, order, event_time, stamp),
            EventKind::Balances { balances, .. } => {
                let list: Vec<Value> = balances.iter().map(|b| self.balance_json(b)).collect();
                json!({ "e": "outboundAccountPosition", "E": event_time, "u": at, "B": list })
            }
            EventKind::Deposit { asset, delta, .. } => json!({
                "e": "balanceUpdate", "E": event_time, "a": self.asset_name(*asset),
                "d": decimal_padded(Decimal::new(delta.0 / 100_000_000, PAD), PAD), "T": at,
            }),
            _ => return None,
        };
        Some(json!({ "subscriptionId": subscription, "event": body }).to_string())
    }

    fn balance_json(&self, (asset, free, locked): &(AssetId, Amount, Amount)) -> Value {
        json!({ "a": self.asset_name(*asset), "f": amount_text(*free), "l": amount_text(*locked) })
    }

    fn execution_report(
        &self,
        event: &Event,
        update: &OrderUpdate,
        order: &OrderView,
        event_time: u64,
        stamp: Stamp,
    ) -> Value {
        let spec = self.spec(order.instrument);
        let scale = spec.scale;
        let (id, original) = match update {
            OrderUpdate::Canceled { cancel_client_order_id } => {
                (cancel_client_order_id.as_str(), order.client_order_id.as_str())
            }
            OrderUpdate::Replaced { previous_client_order_id } => {
                (order.client_order_id.as_str(), previous_client_order_id.as_str())
            }
            _ => (order.client_order_id.as_str(), ""),
        };
        let fill = match update {
            OrderUpdate::Trade(fill) => Some(fill),
            _ => None,
        };
        let mut body = Map::new();
        put(&mut body, "e", "executionReport");
        put(&mut body, "E", event_time);
        put(&mut body, "s", spec.symbol.as_str());
        put(&mut body, "c", id);
        put(&mut body, "S", side_name(order.side));
        put(&mut body, "o", order.kind.name());
        put(&mut body, "f", order.tif.name());
        put(&mut body, "q", quantity_text(scale, order.quantity));
        put(&mut body, "p", price_text(scale, order.price));
        put(&mut body, "P", price_text(scale, order.stop_price));
        put(&mut body, "F", quantity_text(scale, order.iceberg_quantity));
        put(&mut body, "g", -1);
        put(&mut body, "C", original);
        put(&mut body, "x", execution_type(update));
        put(&mut body, "X", order.status.name());
        put(&mut body, "r", "NONE");
        put(&mut body, "i", order.id.0);
        put(&mut body, "l", quantity_text(scale, fill.map_or(0, |f| f.quantity)));
        put(&mut body, "z", quantity_text(scale, order.executed));
        put(&mut body, "L", price_text(scale, fill.map_or(0, |f| f.price)));
        put(&mut body, "n", fill.map_or_else(|| "0".to_owned(), |f| amount_text(f.commission)));
        put(&mut body, "N", fill.map_or(Value::Null, |f| self.asset_name(f.commission_asset).into()));
        put(&mut body, "T", stamp.at(event.at_ns));
        put(&mut body, "t", fill.map_or_else(|| json!(-1), |f| json!(f.trade)));
        if let OrderUpdate::Prevented(prevented, _) = update {
            put(&mut body, "v", prevented.id);
        }
        put(&mut body, "I", event.seq);
        put(&mut body, "w", order.status.is_open() && !order.waits());
        put(&mut body, "m", fill.is_some_and(|f| f.is_maker));
        put(&mut body, "M", false);
        put(&mut body, "O", stamp.at(order.created_ns));
        put(&mut body, "Z", amount_text(order.executed_value));
        put(&mut body, "Y", amount_text(fill.map_or(Amount::ZERO, |f| f.value)));
        put(&mut body, "Q", amount_text(order.quote_quantity));
        if let Some(at) = order.working_ns {
            put(&mut body, "W", stamp.at(at));
        }
        put(&mut body, "V", order.stp.name());
        self.put_rarities(&mut body, update, order);
        Value::Object(body)
    }

    /// What only some reports have.
    fn put_rarities(&self, body: &mut Map<String, Value>, update: &OrderUpdate, order: &OrderView) {
        if let Some(id) = order.strategy_id {
            put(body, "j", id);
        }
        if let Some(kind) = order.strategy_type {
            put(body, "J", kind);
        }
        if let OrderUpdate::Prevented(prevented, taken) = update {
            self.put_prevented(body, prevented, *taken, order);
        }
        if let (OrderUpdate::Expired, Some(reason)) = (update, order.expiry) {
            put(body, "eR", reason.name());
        }
    }

    fn put_prevented(&self, body: &mut Map<String, Value>, prevented: &PreventedMatch, taken: i64, order: &OrderView) {
        let spec = self.spec(order.instrument);
        let counter = if prevented.taker_order == order.id { prevented.maker_order } else { prevented.taker_order };
        let value = Amount::notional(prevented.price, taken, spec.scale).unwrap_or(Amount::ZERO);
        put(body, "A", quantity_text(spec.scale, order.prevented));
        put(body, "B", quantity_text(spec.scale, taken));
        // An account that belongs to no group stands for itself.
        put(body, "u", self.exchange.account_spec(order.account).trade_group.unwrap_or(order.account.0));
        put(body, "U", counter.0);
        put(body, "Cs", spec.symbol.as_str());
        put(body, "pl", quantity_text(spec.scale, taken));
        put(body, "pL", price_text(spec.scale, prevented.price));
        put(body, "pY", amount_text(value));
    }
}
