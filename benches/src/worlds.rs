//! Universes to measure in. Cold.

use std::path::Path;

use crosstick_engine::config::universe::{FactsByVenue, Unknown, build};
use crosstick_engine::config::{Config, DEMO, DEMO_NAME, Overrides};
use crosstick_feeds::facts::{Facts, SymbolFacts};
pub use crosstick_instructions::world::{SCALE, one_market};
use crosstick_model::{Kind, Universe};
use crosstick_sim::{FlowSpec, SimInstrument};

/// The demo's config, and the universe that it makes of what the demo's venues state of their instruments.
///
/// # Panics
/// When the shipped config and the generator's venues do not fit each other.
#[must_use]
pub fn demo() -> (Config, Universe) {
    let config = Config::parse(DEMO_NAME, DEMO, Path::new("."), &Overrides::none())
        .unwrap_or_else(|mistakes| panic!("{mistakes}"));
    let spec = FlowSpec::demo();
    let names = |list: Vec<&str>| list.join(" ");
    assert_eq!(
        names(spec.venues.iter().map(|v| v.name.as_str()).collect()),
        names(config.venues.iter().map(|v| v.name.as_str()).collect()),
        "a session's venue numbers are those of the config"
    );
    let facts = demo_facts();
    let (universe, _) = build(&config, &facts, Unknown::Refused).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    (config, universe)
}

/// What the demo's venues state of their instruments.
#[must_use]
pub fn demo_facts() -> FactsByVenue {
    let spec = FlowSpec::demo();
    let facts = spec.venues.iter().enumerate().map(|(i, venue)| {
        let symbols = spec.instruments(i).into_iter().map(|s| (s.symbol.clone(), stated(s))).collect();
        (venue.name.clone(), Facts { protocol: venue.protocol, symbols })
    });
    facts.collect()
}

fn stated(instrument: SimInstrument) -> SymbolFacts {
    SymbolFacts {
        symbol: instrument.symbol,
        status: Some("TRADING".into()),
        base: Some(instrument.base),
        quote: Some(instrument.quote),
        settle: Some(instrument.settle),
        kind: instrument.kind,
        contract_size: (instrument.kind == Kind::Inverse).then_some(instrument.contract_size),
        price_step: Some(instrument.price_step),
        quantity_step: Some(instrument.quantity_step),
        min_quantity: Some(instrument.min_quantity),
        min_notional: Some(instrument.min_notional),
    }
}
