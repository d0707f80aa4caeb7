//! How the simulated market meets the exchange, and who learns of what happened there: market streams from the tape
//! of all public events, accounts from their events.

use crosstick_model::{AssetId, InstrumentId, Side};

use super::sums::Sum;
use super::{FuturesVenue, user_data::Change};
use crate::exchange::{AccountId, EventKind, Exchange, LevelView, OrderId, Trade};
use crate::flow::FlowTimes;

/// Something public that happened.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Public {
    /// A trade, and the sum that it went into, as it is with it.
    Trade { trade: Trade, sum: Sum },
    /// A level shows another quantity.
    Level { instrument: InstrumentId, side: Side, price: i64, quantity: i64 },
    /// The flow quoted these best prices: bid, its quantity, ask, its quantity.
    Quoted { instrument: InstrumentId, quote: [i64; 4], match_ns: u64 },
}

impl Public {
    pub(crate) const fn instrument(&self) -> InstrumentId {
        match self {
            Self::Trade { trade, .. } => trade.instrument,
            Self::Level { instrument, .. } | Self::Quoted { instrument, .. } => *instrument,
        }
    }
}

/// What happened since the market streams last looked.
#[derive(Debug, Default)]
pub(super) struct Tape {
    events: Vec<(u64, Public)>,
    /// The event time that the flow states; what clients do happens when it happens.
    event_ns: Option<u64>,
    /// By instrument: the flow's number, side and id of its last order.
    takers: Vec<Option<(u64, Side, OrderId)>>,
}

impl Tape {
    fn push(&mut self, at_ns: u64, event: Public) {
        self.events.push((self.event_ns.map_or(at_ns, |e| e.max(at_ns)), event));
    }
}

impl FuturesVenue {
    /// The exchange, to look at.
    pub(crate) const fn exchange(&self) -> &Exchange {
        &self.exchange
    }

    /// What positions are valued at: mark and index price; `None` before there was any price.
    pub(crate) fn mark(&self, instrument: InstrumentId) -> Option<i64> {
        self.marks.get(instrument.index()).copied().flatten().or_else(|| self.exchange.last_price(instrument))
    }

    /// The open sum of an instrument is told to the world now.
    pub(crate) fn seal(&mut self, instrument: InstrumentId) {
        if let Some(sums) = self.sums.get_mut(instrument.index()) {
            sums.seal();
        }
    }

    /// Moves the tape, event time and event, to the end of `into`.
    pub(crate) fn take_tape(&mut self, into: &mut Vec<(u64, Public)>) {
        into.append(&mut self.tape.events);
    }

    /// The first ids of a flow's trades and of their sums, as long as nothing was traded.
    pub(crate) fn number_from(&mut self, symbol: &str, trade: u64, sum: u64) {
        let Some(instrument) = self.exchange.instrument(symbol) else { return };
        if self.exchange.trades(instrument).len() == 0 && self.exchange.number_trades_from(instrument, trade).is_ok() {
            self.sums[instrument.index()].number_from(sum);
        }
    }

    /// The simulated market quotes: client orders meet these.
    pub(crate) fn house_quotes(
        &mut self,
        symbol: &str,
        update_id: Option<u64>,
        bids: &[LevelView],
        asks: &[LevelView],
        now: u64,
    ) {
        let Some(instrument) = self.exchange.instrument(symbol) else { return };
        if let Err(e) = self.exchange.set_quotes(now, instrument, update_id, bids, asks) {
            tracing::debug!("{symbol}: the flow's quote is not taken: {e}");
        }
        self.settle();
    }

    /// The simulated market trades.
    pub(crate) fn house_print(&mut self, symbol: &str, taker: Side, price: i64, quantities: &[i64], now: u64) {
        let Some(instrument) = self.exchange.instrument(symbol) else { return };
        if let Err(e) = self.exchange.print(now, instrument, taker, price, quantities) {
            tracing::debug!("{symbol}: the flow's trade is not taken: {e}");
        }
        self.settle();
    }

    /// The flow quotes: the best level of each side first.
    pub(crate) fn flow_quotes(
        &mut self,
        symbol: &str,
        update_id: u64,
        bids: &[LevelView],
        asks: &[LevelView],
        times: FlowTimes,
    ) {
        let Some(instrument) = self.exchange.instrument(symbol) else { return };
        self.tape.event_ns = Some(times.event_ns);
        self.house_quotes(symbol, Some(update_id), bids, asks, times.match_ns);
        if let ([bid, ..], [ask, ..]) = (bids, asks) {
            let quote = [bid.price, bid.quantity, ask.price, ask.quantity];
            self.tape.push(times.match_ns, Public::Quoted { instrument, quote, match_ns: times.match_ns });
        }
        self.tape.event_ns = None;
    }

    /// The flow trades `quantity` in so many trades. Calls of one side with one number of an order are one order's.
    pub(crate) fn flow_trade(
        &mut self,
        symbol: &str,
        taker: Side,
        price: i64,
        (quantity, trades): (i64, u64),
        times: FlowTimes,
    ) {
        let Some(instrument) = self.exchange.instrument(symbol) else { return };
        if self.tape.takers.len() <= instrument.index() {
            self.tape.takers.resize(instrument.index() + 1, None);
        }
        let order = match self.tape.takers[instrument.index()] {
            Some((number, side, order)) if (number, side) == (times.order, taker) => order,
            _ => self.exchange.house_order(),
        };
        self.tape.takers[instrument.index()] = Some((times.order, taker, order));
        self.tape.event_ns = Some(times.event_ns);
        let parts = parts(quantity, trades);
        if let Err(e) = self.exchange.print_as(times.match_ns, instrument, order, taker, price, &parts) {
            tracing::debug!("{symbol}: the flow's trade is not taken: {e}");
        }
        self.settle();
        self.tape.event_ns = None;
    }

    /// Moves what the exchange did onto the tape and to the accounts.
    pub(super) fn settle(&mut self) {
        let mut events = std::mem::take(&mut self.events);
        self.exchange.drain_events(&mut events);
        let mut changes: Vec<Change> = Vec::new();
        for event in events.drain(..) {
            let at_ns = event.at_ns;
            match &event.kind {
                EventKind::Trade(trade) => {
                    if let Some(sums) = self.sums.get_mut(trade.instrument.index()) {
                        let sum = sums.push(trade);
                        self.tape.push(at_ns, Public::Trade { trade: *trade, sum });
                    }
                }
                EventKind::Level { instrument, side, price, quantity, .. } => {
                    let (instrument, side, price, quantity) = (*instrument, *side, *price, *quantity);
                    self.tape.push(at_ns, Public::Level { instrument, side, price, quantity });
                    self.mark_anew(instrument);
                }
                EventKind::Order { update, order } => self.tell_order(update, order, at_ns),
                EventKind::Position { account, instrument, side } => {
                    self.updated_ns.insert((*account, *instrument, *side), at_ns);
                    let settle = self.spec(*instrument).settle;
                    let change = change_of(&mut changes, *account, at_ns);
                    change.add_asset(settle);
                    change.add_position(*instrument, *side);
                }
                EventKind::Balances { account, balances } => {
                    let change = change_of(&mut changes, *account, at_ns);
                    balances.iter().for_each(|(asset, ..)| change.add_asset(*asset));
                }
                EventKind::Deposit { account, asset, delta } => {
                    let change = change_of(&mut changes, *account, at_ns);
                    change.reason = "DEPOSIT";
                    change.deposit(*asset, delta.0);
                }
                EventKind::Status { .. } => {}
            }
        }
        self.events = events;
        for change in changes {
            self.tell_change(&change);
        }
    }

    fn mark_anew(&mut self, instrument: InstrumentId) {
        let best = |side| self.exchange.best(instrument, side).map(|l| l.price);
        let (Some(bid), Some(ask)) = (best(Side::Buy), best(Side::Sell)) else { return };
        let mark = bid + (ask - bid) / 2;
        if self.exchange.set_mark_price(instrument, mark).is_ok() {
            self.marks[instrument.index()] = Some(mark);
        }
    }
}

fn change_of(changes: &mut Vec<Change>, account: AccountId, at_ns: u64) -> &mut Change {
    let at = changes.iter().position(|c| c.account == account).unwrap_or_else(|| {
        changes.push(Change::new(account, at_ns));
        changes.len() - 1
    });
    &mut changes[at]
}

/// A quantity in so many parts: what each is does not matter, how many there are does.
fn parts(quantity: i64, trades: u64) -> Vec<i64> {
    let count = i64::try_from(trades).unwrap_or(1).clamp(1, quantity.clamp(1, 1_000));
    let each = quantity / count;
    let mut list = vec![each; usize::try_from(count).unwrap_or(1)];
    if let Some(last) = list.last_mut() {
        *last += quantity - each * count;
    }
    list
}

impl Change {
    fn add_asset(&mut self, asset: AssetId) {
        self.deposit(asset, 0);
    }
}
