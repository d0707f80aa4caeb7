//! Opening sources: whose each is, of which kind, and the feeds that they share. Cold.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError};

use crosstick_feeds::decode::{Recognised, SymbolTable, TimeUnit, recognise};
use crosstick_model::{InstrumentId, Scale, Universe};

use super::bytes::ReadCount;
use super::text::{Frames, Recording, RecordingError};
use super::{Data, Found, Input, Source, VenueFeed, distinct};
use crate::config::Config;
use crate::exit::Failure;

/// Frames that are looked at to recognise a file.
const RECOGNISE_FRAMES: usize = 2_000;

/// Opens all for the venues of a config.
pub(super) fn configured(config: &Config, universe: &Universe, sources: &[Source]) -> Result<Data, Failure> {
    let mut units: Vec<Option<TimeUnit>> = vec![None; config.venues.len()];
    let read = ReadCount::default();
    let mut inputs: Vec<Box<dyn Input>> = Vec::new();
    for source in sources {
        let venue = venue_of(config, source)?;
        let mut recording = Recording::open_counted(&source.path, &read, None).map_err(Failure::usage)?;
        let found = look_ahead(&mut recording).map_err(Failure::usage)?;
        if let Some(found) = found.filter(|f| f.protocol != config.venues[venue].protocol) {
            return Err(Failure::usage(format!(
                "{}: these are {} frames, but venue {} speaks {}",
                source.path.display(),
                found.protocol,
                config.venues[venue].name,
                config.venues[venue].protocol
            )));
        }
        units[venue] = units[venue].or(found.and_then(|f| f.unit));
        inputs.push(Box::new(Frames::new(recording, venue)));
    }
    let mut feeds = Vec::new();
    for (venue, unit) in config.venues.iter().zip(units) {
        let id = universe.find_venue(&venue.name).map(|v| v.id);
        let ours = universe.instruments.iter().filter(|i| Some(i.venue) == id);
        let symbols = SymbolTable::new(ours.map(|i| (&*i.symbol, i.id, i.scale))).map_err(Failure::usage)?;
        feeds.push(VenueFeed::of_frames(venue.name.clone(), venue.protocol, unit.unwrap_or(TimeUnit::Milli), symbols));
    }
    Ok(data(inputs, feeds, Found::default(), Vec::new(), read))
}

/// Opens all without a config.
pub(super) fn discovered(sources: &[Source]) -> Result<Data, Failure> {
    let found = Found::default();
    let read = ReadCount::default();
    let (mut feeds, mut inputs, mut names, mut told) = (Vec::new(), Vec::new(), BTreeSet::new(), Vec::new());
    for source in sources {
        let mut recording = Recording::open_counted(&source.path, &read, None).map_err(Failure::usage)?;
        let known = look_ahead(&mut recording).map_err(Failure::usage)?.ok_or_else(|| {
            Failure::usage(format!(
                "{}: no protocol recognised in its first frames; known are binance-spot, binance-usdm, binance-coinm",
                source.path.display()
            ))
        })?;
        let name = distinct(source.venue.clone().unwrap_or_else(|| source.stem()), &mut names);
        told.push(format!("{name}: {} speaks {}", source.path.display(), known.protocol));
        let symbols = SymbolTable::default().discover(register(feeds.len(), &found));
        inputs.push(Box::new(Frames::new(recording, feeds.len())) as Box<dyn Input>);
        feeds.push(VenueFeed::of_frames(name, known.protocol, known.unit.unwrap_or(TimeUnit::Milli), symbols));
    }
    Ok(data(inputs, feeds, found, told, read))
}

fn data(inputs: Vec<Box<dyn Input>>, feeds: Vec<VenueFeed>, found: Found, told: Vec<String>, read: ReadCount) -> Data {
    let heads = vec![None; inputs.len()];
    Data { inputs, heads, current: None, begun: false, feeds, found, told, read, span_ns: None }
}

/// Index of the config's venue that a source belongs to.
fn venue_of(config: &Config, source: &Source) -> Result<usize, Failure> {
    let names = || config.venues.iter().map(|v| v.name.as_str()).collect::<Vec<_>>().join(", ");
    match &source.venue {
        Some(name) => config
            .venues
            .iter()
            .position(|v| v.name == *name)
            .ok_or_else(|| Failure::usage(format!("{name} is no venue of the config; its venues: {}", names()))),
        None if config.venues.len() == 1 => Ok(0),
        None => {
            let file = source.path.display();
            Err(Failure::usage(format!("{file}: write VENUE={file}, with one of the venues {}", names())))
        }
    }
}

/// What the first frames of a recording tell; `None` when they tell nothing.
fn look_ahead(recording: &mut Recording) -> Result<Option<Recognised>, RecordingError> {
    let mut best: Option<Recognised> = None;
    recording.peek(RECOGNISE_FRAMES, |frame| {
        if let Some(found) = recognise(frame)
            && best.is_none_or(|b| b.unit.is_none())
        {
            best = Some(found);
        }
        best.is_some_and(|b| b.unit.is_some())
    })?;
    Ok(best)
}

/// Gives a new symbol the next number, at the default scale of 8 and 8 decimals.
pub(super) fn register(
    feed: usize,
    found: &Found,
) -> impl FnMut(&str) -> Option<(InstrumentId, Scale)> + Send + 'static {
    let found = Arc::clone(found);
    move |symbol| {
        let mut list = found.lock().unwrap_or_else(PoisonError::into_inner);
        let id = u16::try_from(list.len()).ok().filter(|id| *id < u16::MAX)?;
        list.push((feed, symbol.to_owned()));
        Some((InstrumentId(id), Scale::DEFAULT))
    }
}
