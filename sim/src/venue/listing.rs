//! What a venue shows its operator: itself, its connections, the requests that it saw, orders, balances, faults. No
//! secrets: keys are masked.

use serde_json::{Value, json};

use super::{VenueMachine, trading};
use crate::exchange::Exchange;
use crate::fault::Fault;
use crate::operator::books::{list_balances, list_orders};
use crate::operator::log::mask_target;
use crate::session::{Phase, Session};

impl VenueMachine {
    /// The venue itself, as JSON.
    pub(crate) fn list_self(&self) -> Value {
        let symbols = self.trading().map(trading::list_symbols).unwrap_or_default();
        json!({
            "name": self.name,
            "protocol": self.protocol.to_string(),
            "takes_orders": self.trading().is_some(),
            "connections": self.connections(),
            "rest_requests": self.rest_requests,
            "dropped_slow": self.dropped_slow,
            "symbols": symbols,
        })
    }

    /// Its connections.
    pub(crate) fn list_connections(&self) -> Vec<Value> {
        let mut sessions: Vec<&Session> = self.sessions.iter().flatten().map(|s| &**s).collect();
        sessions.sort_by_key(|s| s.serial);
        let list = sessions.into_iter().map(|s| {
            let kind = match (&s.api, &s.stream) {
                (Some(_), _) => "ws-api",
                (None, Some(_)) => "stream",
                (None, None) => "rest",
            };
            let phase = match s.phase {
                Phase::Request => "awaits a request",
                Phase::Open => "open",
                Phase::Closing => "closing",
                Phase::Ending | Phase::Dropped => "ending",
                Phase::HalfClosed => "half closed",
            };
            let client = s.stream.as_ref();
            let subscriptions: Vec<String> =
                client.iter().flat_map(|c| &c.names).map(|name| mask_target(name)).collect();
            json!({
                "venue": self.name,
                "connection": s.serial,
                "kind": kind,
                "state": phase,
                "target": client.map(|c| mask_target(&c.target)),
                "subscriptions": subscriptions,
                "user_data": s.hears_accounts(),
                "requests": client.map_or(0, |c| c.requests),
                "waiting_bytes": s.outbox.len(),
                "held_until_ns": s.hold.map(|(_, until_ns)| until_ns),
            })
        });
        list.collect()
    }

    /// How many requests it saw, and the newest of them.
    pub(crate) fn list_requests(&self, most: usize) -> (u64, Vec<Value>) {
        self.requests.list(most)
    }

    /// Orders of all accounts, the newest.
    pub(crate) fn list_orders(&self, most: usize) -> Vec<Value> {
        self.exchange().map_or_else(Vec::new, |e| list_orders(e, &self.accounts, most))
    }

    /// Balances of all accounts, on futures their positions as well.
    pub(crate) fn list_balances(&self) -> Vec<Value> {
        self.exchange().map_or_else(Vec::new, |e| list_balances(e, &self.accounts))
    }

    fn exchange(&self) -> Option<&Exchange> {
        self.trading().map(|t| t.exchange())
    }

    /// Its faults.
    pub(crate) fn list_faults(&self) -> Vec<Value> {
        self.trouble.faults.all().map(fault_json).collect()
    }

    /// One fault.
    pub(crate) fn fault(&self, id: u64) -> Option<Value> {
        self.trouble.faults.get(id).map(fault_json)
    }
}

fn fault_json(fault: &Fault) -> Value {
    let mut value = json!({
        "number": fault.id,
        "state": fault.state(),
        "begun": fault.begun,
        "hits": fault.hits,
        "until_ns": fault.until_ns(),
        "effective_scope": fault.scope.name(),
    });
    let fields = serde_json::to_value(&fault.spec).unwrap_or_default();
    if let (Some(value), Value::Object(fields)) = (value.as_object_mut(), fields) {
        value.extend(fields);
    }
    value
}
