//! `crosstick replay`: recorded frames straight through decoders and core, single-threaded, without sockets, in the
//! core time that the recording makes. Cold around a hot loop.

pub mod recording;
mod sources;
mod watch;

use std::path::PathBuf;

use crosstick_feeds::decode::{SymbolTable, TimeUnit};
use crosstick_model::{DenyCode, Tick, Universe};
use crosstick_strategy::{Opportunity, Spread};

use crate::config::{Config, Overrides, universe};
use crate::driver::{Listener, PaperDriver};
use crate::exit::{Code, Failure, Outcome};
use crate::report::{self, SessionReport, csv};
use crate::setup;
use recording::{Merge, Recording};
use sources::VenueFeed;
pub use sources::{Source, distinct};

/// What to replay and where results go.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// The config; left out: frames are counted.
    pub config: Option<PathBuf>,
    /// `[VENUE=]FILE` arguments, in order.
    pub files: Vec<String>,
    /// Where the opportunity file goes.
    pub opportunities: Option<PathBuf>,
}

/// A replay that is over.
pub struct Replayed {
    /// What it did.
    pub report: SessionReport,
    /// How the command ends.
    pub code: Code,
}

/// Runs a replay to the end of its input and writes its opportunity file, if one is wanted.
///
/// # Errors
/// When config or files are wrong, or a result cannot be written.
pub fn replay(request: &Request) -> Result<Replayed, Failure> {
    let sources: Vec<Source> = request.files.iter().map(|f| Source::parse(f)).collect();
    match &request.config {
        None => {
            if request.opportunities.is_some() {
                return Err(Failure::usage("--opportunities needs --config: without markets there are none"));
            }
            let report = watch::watch(&sources)?;
            Ok(Replayed { report, code: Code::Done })
        }
        Some(path) => {
            let config = Config::load(Some(path), &Overrides::from_process()).map_err(Failure::usage)?;
            trade(&config, &sources, request)
        }
    }
}

fn trade(config: &Config, sources: &[Source], request: &Request) -> Result<Replayed, Failure> {
    // What the config does not state, a recording cannot: steps are then the finest of the scale.
    let facts = universe::FactsByVenue::new();
    let (universe, _) = universe::build(config, &facts, universe::Unknown::Finest).map_err(Failure::usage)?;
    let mut driver = setup::paper_driver(config, &universe).map_err(Failure::usage)?;
    let (mut feeds, of_file, recordings) = open_all(config, &universe, sources)?;
    let mut merge = Merge::new(recordings).map_err(Failure::other)?;
    let mut notes = Notes { rows: request.opportunities.is_some().then(Vec::new), halt: None };
    let span = run(&mut merge, &mut feeds, &of_file, &mut driver, &mut notes)?;
    driver.finish(&mut notes);

    if let (Some(path), Some(rows)) = (&request.opportunities, &mut notes.rows) {
        csv::write(path, rows, &universe).map_err(|e| Failure::other(format!("{}: {e}", path.display())))?;
    }
    let report = SessionReport {
        mode: "paper".into(),
        duration_s: span,
        ended: "input",
        feeds: feeds.iter().map(VenueFeed::report).collect(),
        ..report::assemble::trading(&universe, &config.risk.currency, &driver)
    };
    let code = if notes.halt.is_some() { Code::Halted } else { Code::Done };
    Ok(Replayed { report, code })
}

type Opened = (Vec<VenueFeed>, Vec<usize>, Vec<Recording>);

/// One feed a venue of the config, and for each file the index of its feed.
fn open_all(config: &Config, universe: &Universe, sources: &[Source]) -> Result<Opened, Failure> {
    let names = || config.venues.iter().map(|v| v.name.as_str()).collect::<Vec<_>>().join(", ");
    let mut units: Vec<Option<TimeUnit>> = vec![None; config.venues.len()];
    let (mut of_file, mut recordings) = (Vec::new(), Vec::new());
    for source in sources {
        let venue = match &source.venue {
            Some(name) => {
                config.venues.iter().position(|v| v.name == *name).ok_or_else(|| {
                    Failure::usage(format!("{name} is no venue of the config; its venues: {}", names()))
                })?
            }
            None if config.venues.len() == 1 => 0,
            None => {
                let file = source.path.display();
                return Err(Failure::usage(format!("{file}: write VENUE={file}, with one of the venues {}", names())));
            }
        };
        let mut recording = Recording::open(&source.path).map_err(Failure::usage)?;
        let found = sources::look_ahead(&mut recording).map_err(Failure::usage)?;
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
        of_file.push(venue);
        recordings.push(recording);
    }
    let mut feeds = Vec::new();
    for (venue, unit) in config.venues.iter().zip(units) {
        let id = universe.find_venue(&venue.name).map(|v| v.id);
        let ours = universe.instruments.iter().filter(|i| Some(i.venue) == id);
        let symbols = SymbolTable::new(ours.map(|i| (&*i.symbol, i.id, i.scale))).map_err(Failure::usage)?;
        feeds.push(VenueFeed::new(venue.name.clone(), venue.protocol, unit.unwrap_or(TimeUnit::Milli), symbols));
    }
    Ok((feeds, of_file, recordings))
}

/// Drives all input through; returns the seconds between the first and the last receive time.
fn run(
    merge: &mut Merge,
    feeds: &mut [VenueFeed],
    of_file: &[usize],
    driver: &mut PaperDriver<Spread>,
    notes: &mut Notes,
) -> Result<f64, Failure> {
    let (mut first, mut last) = (None, 0);
    while let Some((file, recording)) = merge.next_line().map_err(Failure::other)? {
        let recv_ns = recording.recv_ns();
        first.get_or_insert(recv_ns);
        last = recv_ns;
        let mut ticked: Option<Tick> = None;
        feeds[of_file[file]].frame(recording.frame(), recv_ns, &mut |tick| ticked = Some(tick));
        if let Some(tick) = ticked {
            driver.take(&tick, notes);
        }
    }
    Ok(first.map_or(0.0, |first| last.saturating_sub(first) as f64 / 1e9))
}

/// What a replay keeps of what the core tells.
struct Notes {
    rows: Option<Vec<Opportunity>>,
    halt: Option<DenyCode>,
}

impl Listener for Notes {
    fn closed(&mut self, opportunity: &Opportunity) {
        if let Some(rows) = &mut self.rows {
            rows.push(*opportunity);
        }
    }

    fn halted(&mut self, _now_ns: u64, code: DenyCode) {
        self.halt.get_or_insert(code);
    }
}

/// The command: replays, prints the report in words, writes what was asked for.
///
/// # Errors
/// As [`replay`].
pub fn command(request: &Request, report_file: Option<&std::path::Path>) -> Outcome {
    let started = std::time::Instant::now();
    let done = replay(request)?;
    let took = started.elapsed();
    if let Some(path) = report_file {
        done.report.write_json(path).map_err(|e| Failure::other(format!("{}: {e}", path.display())))?;
    }
    crate::out::text(done.report.words());
    let frames: u64 = done.report.feeds.iter().map(|f| f.frames).sum();
    let rate = frames as f64 / took.as_secs_f64().max(1e-9);
    let seconds = took.as_secs_f64();
    crate::out::line(format_args!("{frames} frames in {seconds:.3} s, {rate:.0} a second"));
    Ok(done.code)
}
