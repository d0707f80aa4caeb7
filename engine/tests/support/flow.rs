//! Generated sessions of the demo as ticks.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use crosstick_feeds::decode::{Decoded, Decoder, SymbolTable, TimeUnit};
use crosstick_model::{Tick, Universe};
use crosstick_sim::{Flow, FlowSpec, TimeUnit as FlowUnit};

/// Where a session's time begins, ns since the epoch.
pub const START_NS: u64 = 1_754_000_000_000_000_000;

/// The first `count` ticks of the session of that seed.
pub fn ticks(universe: &Universe, seed: u64, count: usize) -> Vec<Tick> {
    let mut flow = Flow::new(seed, &FlowSpec::demo()).unwrap();
    let decoder = |venue: &crosstick_model::Venue| {
        let ours = universe.instruments.iter().filter(|i| i.venue == venue.id);
        let symbols = SymbolTable::new(ours.map(|i| (&*i.symbol, i.id, i.scale))).unwrap();
        Decoder::new(venue.protocol, TimeUnit::Milli, 0, symbols)
    };
    let mut decoders: Vec<Decoder> = universe.venues.iter().map(decoder).collect();
    let events: Vec<_> = flow.by_ref().take(count).collect();
    let mut all = Vec::new();
    for event in &events {
        let mut bytes = Vec::new();
        flow.push_payload(&mut bytes, event, START_NS, FlowUnit::Millis);
        let decoded = decoders[event.venue].decode(&mut bytes, START_NS + event.at_ns, &mut |tick| all.push(tick));
        assert!(matches!(decoded, Decoded::Tick { .. }), "{decoded:?}");
    }
    all
}
