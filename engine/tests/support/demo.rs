//! The demo without sockets: its config with the instruments that its venues would state, and its flow.

use std::path::Path;

use crosstick_engine::config::universe::{self, FactsByVenue, Unknown};
use crosstick_engine::config::{Config, DEMO, Overrides};
use crosstick_model::Universe;
use crosstick_sim::FlowSpec;

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
