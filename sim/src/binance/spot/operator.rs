//! What the flow, faults and operators find of a spot venue behind its back.

use crosstick_model::InstrumentId;
use serde_json::Value;

use super::{Public, SpotVenue, info};
use crate::exchange::Exchange;
use crate::fault::Skew;
use crate::flow::FlowTimes;
use crate::operator::books::Races;
use crate::venue::trading::{Takers, Trading};

impl Trading for SpotVenue {
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
        &mut self.tape.takers
    }

    fn flow_time(&mut self, event_ns: Option<u64>) {
        self.tape.event_ns = event_ns;
    }

    fn quoted(&mut self, instrument: InstrumentId, quote: [i64; 4], times: FlowTimes) {
        self.tape.push(times.match_ns, Public::Quoted { instrument, quote });
    }

    fn number_sums_from(&mut self, instrument: InstrumentId, sum: u64) {
        self.histories[instrument.index()].number_from(sum);
    }

    fn filters_json(&self, instrument: InstrumentId) -> Value {
        info::filters_json(self.spec(instrument)).into()
    }
}
