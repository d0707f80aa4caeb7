//! Replay without a config: each file a venue of its own, whose protocol is recognised and whose frames are counted.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use crosstick_feeds::decode::{SymbolTable, TimeUnit};
use crosstick_model::{InstrumentId, Scale};

use super::recording::{Merge, Recording};
use super::sources::{self, Source, VenueFeed};
use crate::core::{DecisionHash, Tally};
use crate::exit::Failure;
use crate::report::{Build, InstrumentReport, OpportunityReport, OrderReport, PairReport, PnlReport, SessionReport};

/// Instruments in the order in which they were first seen: index of the file's venue, and symbol.
type Found = Arc<Mutex<Vec<(usize, String)>>>;

/// Counts all frames of all files.
///
/// # Errors
/// When a file cannot be read, or its protocol is not known.
pub fn watch(sources: &[Source]) -> Result<SessionReport, Failure> {
    let found: Found = Arc::default();
    let (mut feeds, mut recordings, mut names) = (Vec::new(), Vec::new(), BTreeSet::new());
    for (index, source) in sources.iter().enumerate() {
        let mut recording = Recording::open(&source.path).map_err(Failure::usage)?;
        let known = sources::look_ahead(&mut recording).map_err(Failure::usage)?.ok_or_else(|| {
            Failure::usage(format!(
                "{}: no protocol recognised in its first frames; known are binance-spot, binance-usdm, binance-coinm",
                source.path.display()
            ))
        })?;
        let name = sources::distinct(source.venue.clone().unwrap_or_else(|| source.stem()), &mut names);
        crate::out::line(format_args!("{name}: {} speaks {}", source.path.display(), known.protocol));
        let symbols = SymbolTable::default().discover(register(index, &found));
        feeds.push(VenueFeed::new(name, known.protocol, known.unit.unwrap_or(TimeUnit::Milli), symbols));
        recordings.push(recording);
    }

    let mut tallies: Vec<Tally> = Vec::new();
    let mut merge = Merge::new(recordings).map_err(Failure::other)?;
    let (mut first, mut last) = (None, 0);
    while let Some((file, recording)) = merge.next_line().map_err(Failure::other)? {
        let recv_ns = recording.recv_ns();
        first.get_or_insert(recv_ns);
        last = recv_ns;
        feeds[file].frame(recording.frame(), recv_ns, &mut |tick| {
            let index = tick.instrument.index();
            while tallies.len() <= index {
                tallies.push(Tally::new(Scale::DEFAULT));
            }
            tallies[index].add(&tick);
        });
    }

    let found = found.lock().unwrap_or_else(PoisonError::into_inner);
    let instruments = found.iter().zip(&tallies).map(|((venue, symbol), tally)| InstrumentReport {
        venue: feeds[*venue].name.clone(),
        symbol: symbol.clone(),
        ..InstrumentReport::from(tally)
    });
    Ok(SessionReport {
        build: Build::THIS,
        mode: "watch".into(),
        duration_s: first.map_or(0.0, |first| last.saturating_sub(first) as f64 / 1e9),
        ended: "input",
        halt: None,
        feeds: feeds.iter().map(VenueFeed::report).collect(),
        instruments: instruments.collect(),
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

/// Gives a new symbol the next index, at the default scale of 8 and 8 decimals.
fn register(file: usize, found: &Found) -> impl FnMut(&str) -> Option<(InstrumentId, Scale)> + Send + 'static {
    let found = Arc::clone(found);
    move |symbol| {
        let mut list = found.lock().unwrap_or_else(PoisonError::into_inner);
        let id = u16::try_from(list.len()).ok().filter(|id| *id < u16::MAX)?;
        list.push((file, symbol.to_owned()));
        Some((InstrumentId(id), Scale::DEFAULT))
    }
}
