//! All orders, by id, by account, by client id.

use std::collections::{BTreeSet, HashMap, VecDeque};

use crosstick_model::{Amount, InstrumentId};

use super::reject::Reject;
use super::types::{AccountId, AccountTrade, OrderId, OrderRef, OrderView};

/// Closed orders that are kept; the oldest go.
const CLOSED_KEPT: usize = 200_000;
/// Executions that are kept for an account and instrument.
const TRADES_KEPT: usize = 50_000;

/// An order and what it holds.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) view: OrderView,
    /// Spot: what of the asset that it gives is locked for it.
    pub(super) locked: Amount,
}

/// What one account did in one instrument.
#[derive(Debug, Default)]
pub(super) struct Desk {
    pub(super) all: VecDeque<OrderId>,
    pub(super) open: BTreeSet<OrderId>,
    pub(super) trades: VecDeque<AccountTrade>,
    /// The open order of a client id, else the latest.
    clients: HashMap<String, OrderId>,
}

/// The orders.
#[derive(Debug, Default)]
pub(super) struct Orders {
    records: HashMap<OrderId, Record>,
    desks: HashMap<(AccountId, InstrumentId), Desk>,
    closed: VecDeque<OrderId>,
    last_id: u64,
}

impl Orders {
    pub(super) const fn next_id(&mut self) -> OrderId {
        self.last_id += 1;
        OrderId(self.last_id)
    }

    pub(super) fn insert(&mut self, record: Record) {
        let view = &record.view;
        let desk = self.desks.entry((view.account, view.instrument)).or_default();
        desk.all.push_back(view.id);
        desk.open.insert(view.id);
        desk.clients.insert(view.client_order_id.clone(), view.id);
        self.records.insert(view.id, record);
    }

    /// An order that is known to exist.
    pub(super) fn at(&mut self, id: OrderId) -> &mut Record {
        self.records.get_mut(&id).expect("an id that the exchange itself holds")
    }

    pub(super) fn get(&self, id: OrderId) -> Option<&Record> {
        self.records.get(&id)
    }

    /// The order has ended.
    pub(super) fn close(&mut self, id: OrderId) {
        let Some(record) = self.records.get(&id) else { return };
        if let Some(desk) = self.desks.get_mut(&(record.view.account, record.view.instrument)) {
            desk.open.remove(&id);
        }
        self.closed.push_back(id);
        if self.closed.len() > CLOSED_KEPT
            && let Some(oldest) = self.closed.pop_front()
        {
            self.forget(oldest);
        }
    }

    fn forget(&mut self, id: OrderId) {
        let Some(record) = self.records.remove(&id) else { return };
        let view = record.view;
        let Some(desk) = self.desks.get_mut(&(view.account, view.instrument)) else { return };
        if let Ok(at) = desk.all.binary_search(&id) {
            desk.all.remove(at);
        }
        if desk.clients.get(&view.client_order_id) == Some(&id) {
            desk.clients.remove(&view.client_order_id);
        }
    }

    /// Another client id for an order.
    pub(super) fn rename(&mut self, id: OrderId, client_order_id: &str) {
        let Some(record) = self.records.get_mut(&id) else { return };
        let before = std::mem::replace(&mut record.view.client_order_id, client_order_id.to_owned());
        if let Some(desk) = self.desks.get_mut(&(record.view.account, record.view.instrument)) {
            desk.clients.remove(&before);
            desk.clients.insert(client_order_id.to_owned(), id);
        }
    }

    pub(super) fn desk(&self, account: AccountId, instrument: InstrumentId) -> Option<&Desk> {
        self.desks.get(&(account, instrument))
    }

    pub(super) fn push_trade(&mut self, trade: AccountTrade) {
        let desk = self.desks.entry((trade.account, trade.instrument)).or_default();
        if desk.trades.len() == TRADES_KEPT {
            desk.trades.pop_front();
        }
        desk.trades.push_back(trade);
    }

    /// The order that a reference means, open or not.
    pub(super) fn find(
        &self,
        account: AccountId,
        instrument: InstrumentId,
        order: &OrderRef,
    ) -> Result<&Record, Reject> {
        let client = |name: &str| self.desk(account, instrument).and_then(|d| d.clients.get(name)).copied();
        let id = match order {
            OrderRef::Id(id) | OrderRef::Both(id, _) => Some(*id),
            OrderRef::Client(name) => client(name),
        };
        let record = id.and_then(|id| self.records.get(&id)).ok_or(Reject::UnknownOrder)?;
        if (record.view.account, record.view.instrument) != (account, instrument) {
            return Err(Reject::UnknownOrder);
        }
        match order {
            OrderRef::Both(_, name) if *name != record.view.client_order_id => Err(Reject::IdMismatch),
            _ => Ok(record),
        }
    }

    /// Whether an open order has this client id.
    pub(super) fn client_id_is_open(&self, account: AccountId, instrument: InstrumentId, name: &str) -> bool {
        let id = self.desk(account, instrument).and_then(|d| d.clients.get(name));
        id.and_then(|id| self.records.get(id)).is_some_and(|r| r.view.status.is_open())
    }

    /// Open orders of an account, the oldest first.
    pub(super) fn open(&self, account: AccountId, instrument: InstrumentId) -> impl Iterator<Item = &OrderView> {
        let ids = self.desk(account, instrument).into_iter().flat_map(|d| d.open.iter());
        ids.filter_map(|id| self.records.get(id)).map(|r| &r.view)
    }
}
