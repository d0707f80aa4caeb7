//! Replay without a config: each file a venue of its own, whose protocol is recognised and whose frames are counted.

use crosstick_model::Scale;

use crate::core::{DecisionHash, Tally};
use crate::data::{Data, Source};
use crate::exit::Failure;
use crate::report::{Build, InstrumentReport, OpportunityReport, OrderReport, PairReport, PnlReport, SessionReport};

/// Counts all of all files.
///
/// # Errors
/// When a file cannot be read, or is of no known kind.
pub fn watch(sources: &[Source]) -> Result<SessionReport, Failure> {
    let mut data = Data::discover(sources)?;
    for line in data.told() {
        crate::out::line(line);
    }
    let mut tallies: Vec<Tally> = Vec::new();
    while let Some(tick) = data.next_tick()? {
        let index = tick.instrument.index();
        while tallies.len() <= index {
            tallies.push(Tally::new(Scale::DEFAULT));
        }
        tallies[index].add(&tick);
    }
    let found = data.discovered();
    let instruments = found.into_iter().zip(&tallies).map(|((venue, symbol), tally)| InstrumentReport {
        venue,
        symbol,
        ..InstrumentReport::from(tally)
    });
    Ok(SessionReport {
        build: Build::THIS,
        mode: "watch".into(),
        duration_s: data.span_s(),
        ended: "input",
        halt: None,
        breaches_while_halted: std::collections::BTreeMap::new(),
        instruments: instruments.collect(),
        feeds: data.feeds(),
        ticks: tallies.iter().map(|t| t.trades + t.quotes).sum(),
        opportunities: OpportunityReport::default(),
        orders: OrderReport::default(),
        pairs: PairReport::default(),
        pnl: PnlReport::nothing(),
        positions: Vec::new(),
        latency_ns: std::collections::BTreeMap::new(),
        worst_ticks: Vec::new(),
        overlong_turns: None,
        decisions_hash: DecisionHash::default().hex(),
        journal: None,
    })
}
