//! What the flow, faults and operators find of a MEXC venue behind its back.

use crosstick_model::InstrumentId;
use serde_json::Value;

use super::MexcVenue;
use crate::exchange::Exchange;
use crate::fault::Skew;
use crate::flow::FlowTimes;
use crate::operator::books::Races;
use crate::venue::trading::{Takers, Trading};

impl Trading for MexcVenue {
    fn exchange(&self) -> &Exchange {
        &self.exchange
    }

    fn exchange_mut(&mut self) -> &mut Exchange {
        &mut self.exchange
    }

    fn settle(&mut self) {
        self.settle_events();
    }

    fn races(&mut self) -> &mut Races {
        &mut self.races
    }

    fn set_skew(&mut self, skew: Skew) {
        self.skew = skew;
    }

    fn takers(&mut self) -> &mut Takers {
        &mut self.takers
    }

    /// Its streams state when they are sent; event times they have none.
    fn flow_time(&mut self, _event_ns: Option<u64>) {}

    /// Quotes are told by what they change.
    fn quoted(&mut self, _instrument: InstrumentId, _quote: [i64; 4], _times: FlowTimes) {}

    fn number_sums_from(&mut self, instrument: InstrumentId, sum: u64) {
        self.histories[instrument.index()].number_from(sum);
    }

    fn filters_json(&self, instrument: InstrumentId) -> Value {
        self.symbol_filters(instrument).into()
    }
}
