//! What the flow, faults and operators find of a futures venue behind its back.

use crosstick_model::{Decimal, InstrumentId};
use serde_json::Value;

use super::{FuturesVenue, Public};
use crate::exchange::Exchange;
use crate::fault::Skew;
use crate::flow::FlowTimes;
use crate::operator::books::Races;
use crate::venue::trading::{SymbolRules, Takers, Trading};

impl Trading for FuturesVenue {
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
        let match_ns = times.match_ns;
        self.tape.push(match_ns, Public::Quoted { instrument, quote, match_ns });
    }

    fn number_sums_from(&mut self, instrument: InstrumentId, sum: u64) {
        self.sums[instrument.index()].number_from(sum);
    }

    fn counts_trades(&self) -> bool {
        true
    }

    fn filters_json(&self, instrument: InstrumentId) -> Value {
        self.symbol_filters(instrument).into()
    }

    /// The least notional does not bind reduce-only orders, so it is checked where orders are read. COIN-M has none.
    fn rules(&self, instrument: InstrumentId) -> SymbolRules {
        let least = self.instruments.get(instrument.index()).map_or(Decimal::ZERO, |i| i.min_notional);
        let least = Some(least).filter(|_| !self.is_coin());
        SymbolRules { filters: self.spec(instrument).filters.clone(), least }
    }

    fn set_rules(&mut self, instrument: InstrumentId, rules: SymbolRules) {
        // An instrument that it was asked for exists.
        let _ = self.exchange.set_filters(instrument, rules.filters);
        if let (Some(own), Some(least)) = (self.instruments.get_mut(instrument.index()), rules.least) {
            own.min_notional = least;
        }
    }
}
