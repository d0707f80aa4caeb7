//! Who learns of what happened on the exchange: market streams from the tape of all public events, accounts from
//! their events.

use crosstick_model::{AssetId, InstrumentId, Side};

use super::sums::Sum;
use super::{FuturesVenue, user_data::Change};
use crate::exchange::{AccountId, EventKind, Trade};
use crate::venue::trading::Takers;

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
    pub(super) event_ns: Option<u64>,
    pub(super) takers: Takers,
}

impl Tape {
    pub(super) fn push(&mut self, at_ns: u64, event: Public) {
        self.events.push((self.event_ns.map_or(at_ns, |e| e.max(at_ns)), event));
    }
}

impl FuturesVenue {
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

    /// Moves what the exchange did onto the tape and to the accounts.
    pub(super) fn settle_events(&mut self) {
        let mut events = std::mem::take(&mut self.events);
        self.exchange.drain_events(&mut events);
        let mut changes: Vec<Change> = Vec::new();
        for event in events.drain(..) {
            let at_ns = event.at_ns;
            match &event.kind {
                EventKind::Trade(trade) => {
                    self.note_traded(trade);
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

impl Change {
    fn add_asset(&mut self, asset: AssetId) {
        self.deposit(asset, 0);
    }
}
