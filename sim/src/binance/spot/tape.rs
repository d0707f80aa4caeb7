//! What the market streams learn of the exchange: the tape of all public events, in order.

use crosstick_model::{InstrumentId, Side};

use super::SpotVenue;
use super::history::History;
use crate::exchange::Trade;
use crate::venue::trading::Takers;

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
    pub(super) takers: Takers,
}

impl Tape {
    pub(super) fn push(&mut self, at_ns: u64, event: Public) {
        self.events.push((self.event_ns.map_or(at_ns, |e| e.max(at_ns)), event));
    }
}

impl SpotVenue {
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
}
