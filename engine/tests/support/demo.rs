//! The demo without sockets: its config with the instruments that its venues would state, and its flow.
#![allow(dead_code, reason = "each test uses its part")]

use std::path::Path;

use crosstick_engine::config::universe::{self, FactsByVenue, Unknown};
use crosstick_engine::config::{Config, DEMO, Overrides};
use crosstick_feeds::decode::{Decoded, Decoder, SymbolTable, TimeUnit};
use crosstick_model::{Tick, Universe};
use crosstick_sim::{Flow, FlowSpec, TimeUnit as FlowUnit};

/// The demo's config, whole: nothing is left to be asked of a venue.
pub fn config_text() -> String {
    let spec = FlowSpec::demo();
    let mut text = DEMO.to_owned();
    for (place, venue) in spec.venues.iter().enumerate() {
        for i in spec.instruments(place) {
            text += &format!(
                "\n[[instrument]]\nvenue = \"{}\"\nsymbol = \"{}\"\nbase = \"{}\"\nquote = \"{}\"\nsettle = \"{}\"\n\
                 kind = \"{}\"\ncontract_size = \"{}\"\nprice_step = \"{}\"\nquantity_step = \"{}\"\n\
                 min_quantity = \"{}\"\nmin_notional = \"{}\"\n",
                venue.name,
                i.symbol,
                i.base,
                i.quote,
                i.settle,
                i.kind.name(),
                i.contract_size,
                i.price_step,
                i.quantity_step,
                i.min_quantity,
                i.min_notional
            );
        }
    }
    text
}

/// Reads a config and builds its universe.
pub fn load(text: &str, overrides: &Overrides) -> (Config, Universe) {
    let config = Config::parse("a test's config", text, Path::new("."), overrides).unwrap_or_else(|e| panic!("{e}"));
    let built = universe::build(&config, &FactsByVenue::new(), Unknown::Refused).unwrap_or_else(|e| panic!("{e}"));
    (config, built.0)
}

/// The first ticks of a generated session of the demo, received from `start_ns` on.
pub fn ticks(seed: u64, start_ns: u64, count: usize) -> Vec<Tick> {
    let (_, universe) = load(&config_text(), &Overrides::none());
    let mut flow = Flow::new(seed, &FlowSpec::demo()).unwrap();
    let mut decoders: Vec<Decoder> = universe
        .venues
        .iter()
        .map(|venue| {
            let ours = universe.instruments.iter().filter(|i| i.venue == venue.id);
            let symbols = SymbolTable::new(ours.map(|i| (&*i.symbol, i.id, i.scale))).unwrap();
            Decoder::new(venue.protocol, TimeUnit::Milli, 0, symbols)
        })
        .collect();
    let mut all = Vec::with_capacity(count);
    while all.len() < count {
        let event = flow.next().expect("the flow does not end");
        let mut bytes = Vec::new();
        flow.push_payload(&mut bytes, &event, start_ns, FlowUnit::Millis);
        let decoded = decoders[event.venue].decode(&mut bytes, start_ns + event.at_ns, &mut |tick| all.push(tick));
        assert!(matches!(decoded, Decoded::Tick { .. }), "{decoded:?}");
    }
    all.truncate(count);
    all
}
