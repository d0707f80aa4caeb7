//! How the simulated market meets the exchange, and what the market streams learn of it: the tape of all public
//! events, in order.

use crosstick_model::{InstrumentId, Side};

use super::SpotVenue;
use super::history::History;
use crate::exchange::{Exchange, LevelView, OrderId, Trade};
use crate::flow::FlowTimes;

/// Something public that happened.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Public {
    /// A trade, which went into the sum of this id.
    Trade { trade: Trade, aggregate: u64 },
    /// A level shows another quantity.
    Level { instrument: InstrumentId, side: Side, price: i64, quantity: i64 },
    /// The flow quoted these best prices: bid, its quantity, ask, its quantity.
    Quoted { instrument: InstrumentId, quote: [i64; 4] },
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
pub(crate) struct Tape {
    pub(super) events: Vec<(u64, Public)>,
    /// The event time that the flow states; what clients do happens when it happens.
    pub(super) event_ns: Option<u64>,
    /// By instrument: the flow's number, side and id of its last order.
    pub(super) takers: Vec<Option<(u64, Side, OrderId)>>,
}

impl Tape {
    pub(super) fn push(&mut self, at_ns: u64, event: Public) {
        self.events.push((self.event_ns.map_or(at_ns, |e| e.max(at_ns)), event));
    }
}

impl SpotVenue {
    /// The exchange, to look at.
    pub(crate) const fn exchange(&self) -> &Exchange {
        &self.exchange
    }

    /// What was traded of an instrument.
    pub(crate) fn history(&self, instrument: InstrumentId) -> Option<&History> {
        self.histories.get(instrument.index())
    }

    /// The sum of trades that is open of an instrument is told to the world now.
    pub(crate) fn seal(&mut self, instrument: InstrumentId) {
        if let Some(history) = self.histories.get_mut(instrument.index()) {
            history.seal();
        }
    }

    /// Moves the tape, event time and event, to the end of `into`.
    pub(crate) fn take_tape(&mut self, into: &mut Vec<(u64, Public)>) {
        into.append(&mut self.tape.events);
    }

    /// The first ids of a flow's trades and of their sums, as long as nothing was traded.
    pub(crate) fn number_from(&mut self, symbol: &str, trade: u64, aggregate: u64) {
        let Some(instrument) = self.exchange.instrument(symbol) else { return };
        if self.exchange.trades(instrument).len() == 0 && self.exchange.number_trades_from(instrument, trade).is_ok() {
            self.histories[instrument.index()].number_from(aggregate);
        }
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
            self.tape.push(times.match_ns, Public::Quoted { instrument, quote });
        }
        self.tape.event_ns = None;
    }

    /// The flow trades. Trades of one side with one number of an order are those of one order.
    pub(crate) fn flow_trade(&mut self, symbol: &str, taker: Side, price: i64, quantity: i64, times: FlowTimes) {
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
        if let Err(e) = self.exchange.print_as(times.match_ns, instrument, order, taker, price, &[quantity]) {
            tracing::debug!("{symbol}: the flow's trade is not taken: {e}");
        }
        self.settle();
        self.tape.event_ns = None;
    }
}
