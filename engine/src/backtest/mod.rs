//! `crosstick backtest`: recorded data through the same core, risk and paper gateway as a run, in virtual time, with
//! tables and a page of what came of it.
//!
//! **Thread:** main, and all cores for the reruns at other latencies. Cold around a hot loop. The same build,
//! arguments, config and data give the same bytes in every file.

mod charts;
mod collect;
mod latency;
pub mod measure;
mod page;
pub mod reel;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use crosstick_model::Universe;

use crate::config::universe::{self, FactsByVenue, Unknown};
use crate::config::{Config, Overrides};
use crate::data::{Data, Source, Steady};
use crate::exit::{Code, Failure, Outcome};
use crate::export::place::{self, Inputs, Sign};
use crate::export::staged::Staged;
use crate::report::{self, SessionReport, csv};
use crate::setup;
use crate::signals::Signals;
use collect::Collector;
pub use latency::custom;
use measure::{Fall, Measures};
use reel::{Reel, interrupted};

/// Tells a folder of results.
pub const SIGN: Sign = Sign { file: "backtest.json", of: "backtest" };
/// What else is in it.
const RESULTS: &[&str] = &[
    "config.toml",
    "equity.parquet",
    "index.html",
    "opportunities.parquet",
    "orders.parquet",
    "report.json",
    "trades.parquet",
];

/// What to run and where results go.
#[derive(Debug, Clone)]
pub struct Request {
    /// The config.
    pub config: PathBuf,
    /// `[VENUE=]PATH` arguments, in order.
    pub data: Vec<String>,
    /// The folder of results; made if need be.
    pub out: PathBuf,
    /// Where the opportunity file goes, if one is wanted.
    pub opportunities: Option<PathBuf>,
    /// Latencies, in µs, at which the session is run again.
    pub latencies_us: Vec<u64>,
    /// Core time between two points of the equity curve.
    pub equity_every: Duration,
}

/// A backtest that is over.
pub struct Tested {
    /// The report, as `report.json` has it.
    pub report: SessionReport,
    /// Its figures.
    pub measures: Measures,
    /// Tables with their rows.
    pub tables: Vec<(&'static str, u64)>,
    /// All files of the folder.
    pub files: Vec<String>,
    /// How the command ends.
    pub code: Code,
    /// How long the session itself took, without the reruns.
    pub took: Duration,
}

/// Runs a backtest and writes its folder. Of one that fails or is stopped no result is left in the folder, which was
/// made if need be.
///
/// Data is read once, and so may be a pipe, unless there are other latencies to run it at.
///
/// # Errors
/// When config or data are wrong, results cannot be written or would be over what is read or others' files, or
/// `signals` say to stop.
pub fn backtest(request: &Request, signals: &Signals) -> Result<Tested, Failure> {
    let sources: Vec<Source> = request.data.iter().map(|d| Source::parse(d)).collect();
    let inputs = Inputs::of(Some(&request.config), &sources);
    inputs.spare_from(&request.out, RESULTS.iter().copied().chain([SIGN.file]))?;
    request.opportunities.iter().try_for_each(|path| inputs.spare("--opportunities", path))?;
    place::alone(&request.out, &[(crate::sweep::POINTS_FILE, "sweep")])?;
    SIGN.allow(&request.out, RESULTS)?;
    let config = Config::load(Some(&request.config), &Overrides::from_process()).map_err(Failure::usage)?;
    let again = !request.latencies_us.is_empty();
    let steady = again.then(|| Steady::note(&sources)).transpose()?;
    let universe = universe(&config, &sources)?;
    let data = Data::open(&config, &universe, &sources)?;
    for told in data.told() {
        crate::out::line(told);
    }
    let staged = Staged::new(&request.out)?;
    let started = Instant::now();
    let mut reel = steady.as_ref().map(|steady| Reel::new(&config, &universe, steady, None));
    let mut session = session(&config, &universe, data, request, &staged, reel.as_mut(), signals)?;
    let took = started.elapsed();
    let reruns = match &reel {
        Some(reel) => latency::reruns(&config, &universe, reel, &request.latencies_us, signals)?,
        None => Vec::new(),
    };

    let write = |name: &str, text: &str| {
        let path = staged.path().join(name);
        std::fs::write(&path, text).map_err(|e| Failure::other(format!("{}: {e}", path.display())))
    };
    let json = staged.path().join("report.json");
    session.report.write_json(&json).map_err(|e| Failure::other(format!("{}: {e}", json.display())))?;
    write("config.toml", &config.effective())?;
    let shown = page::Shown {
        config: &config,
        universe: &universe,
        data: &request.data,
        report: &session.report,
        measures: &session.measures,
        story: &session.story,
        by_instrument: &session.by_instrument,
        reruns: &reruns,
    };
    write("index.html", &page::page(&shown))?;
    if let (Some(path), Some(rows)) = (&request.opportunities, &mut session.rows) {
        csv::write(path, rows, &universe).map_err(|e| Failure::other(format!("{}: {e}", path.display())))?;
    }
    let files = staged.publish(Some(SIGN))?;
    let code = if session.measures.halted.is_some() { Code::Halted } else { Code::Done };
    let (report, measures, tables) = (session.report, session.measures, session.tables);
    Ok(Tested { report, measures, tables, files, code, took })
}

/// What the config says of its instruments, else recordings and journals among the data; of what neither says, the
/// finest that the scale allows, as in a replay.
///
/// # Errors
/// When markets or instruments are wrong, or a source is not there.
pub fn universe(config: &Config, sources: &[Source]) -> Result<Universe, Failure> {
    universe_of(config, &Data::facts(config, sources)?)
}

/// The same with facts that are at hand.
///
/// # Errors
/// When markets or instruments are wrong.
pub fn universe_of(config: &Config, facts: &FactsByVenue) -> Result<Universe, Failure> {
    let (universe, _) = universe::build(config, facts, Unknown::Finest).map_err(Failure::usage)?;
    if universe.markets.is_empty() {
        return Err(Failure::usage("the config has no [[market]], so there is nothing to trade; add one"));
    }
    Ok(universe)
}

struct Session {
    report: SessionReport,
    measures: Measures,
    story: collect::Story,
    by_instrument: Vec<page::OfInstrument>,
    tables: Vec<(&'static str, u64)>,
    rows: Option<Vec<crosstick_strategy::Opportunity>>,
}

/// The session itself, once, with everything that is kept of it.
fn session(
    config: &Config,
    universe: &Universe,
    mut data: Data,
    request: &Request,
    staged: &Staged,
    mut reel: Option<&mut Reel<'_>>,
    signals: &Signals,
) -> Result<Session, Failure> {
    let mut driver = setup::paper_driver(config, universe).map_err(Failure::usage)?;
    let rows = request.opportunities.is_some();
    let mut collector = Collector::new(staged.path(), config, universe, rows).map_err(Failure::other)?;
    let bar = crate::progress::bytes("backtest");
    let (mut fall, mut looked) = (Fall::default(), 0u64);
    let every_ns = u64::try_from(request.equity_every.as_nanos()).unwrap_or(u64::MAX).max(1);
    let mut next_mark_ns = 0;
    let mut last_mark_ns = None;
    while let Some(tick) = data.next_tick()? {
        if let Some(reel) = &mut reel {
            reel.push(&tick);
        }
        driver.take(&tick, &mut collector);
        let core = driver.core();
        fall.mark(core.risk().net());
        let filled = collector.take_filled();
        if filled || core.now_ns() >= next_mark_ns {
            collector.mark(core.now_ns(), core.risk(), &mut fall);
            last_mark_ns = Some(core.now_ns());
            // On whole multiples, so that curves of the same session lie over each other.
            next_mark_ns = (core.now_ns() / every_ns + 1).saturating_mul(every_ns);
        }
        looked += 1;
        if looked.is_multiple_of(4_096) {
            let progress = data.progress();
            bar.set(progress.read_bytes, progress.total_bytes);
            if signals.stop() {
                return Err(interrupted());
            }
            collector.check().map_err(Failure::other)?;
        }
    }
    driver.finish(&mut collector);
    bar.clear();
    let core = driver.core();
    if looked > 0 && last_mark_ns != Some(core.now_ns()) {
        collector.mark(core.now_ns(), core.risk(), &mut fall);
    }
    let measures = measure::measures(&driver, fall, collector.fills, collector.halted);
    let rows = collector.rows.take();
    let (tables, story) = collector.finish().map_err(Failure::other)?;
    let report = SessionReport {
        duration_s: data.span_s(),
        ended: "input",
        feeds: data.feeds(),
        ..report::assemble::trading(universe, &config.risk.currency, &driver)
    };
    let by_instrument = page::by_instrument(universe, driver.core().risk());
    Ok(Session { report, measures, story, by_instrument, tables, rows })
}

/// The command.
///
/// # Errors
/// As [`backtest`].
pub fn command(request: &Request) -> Outcome {
    let signals = Signals::install().map_err(Failure::other)?;
    let tested = backtest(request, &signals)
        .map_err(|failure| if signals.stop() { Failure::other("interrupted; nothing was written") } else { failure })?;
    crate::out::text(tested.report.words());
    for (name, rows) in &tested.tables {
        crate::out::line(format_args!("  {:<24} {rows} rows", format!("{name}.parquet")));
    }
    let seconds = tested.took.as_secs_f64().max(1e-9);
    crate::out::line(format_args!(
        "{} ticks in {seconds:.3} s: {:.0} a second, {:.0} times real speed",
        tested.measures.ticks,
        tested.measures.ticks as f64 / seconds,
        tested.report.duration_s / seconds
    ));
    crate::out::line(format_args!("open {}", request.out.join("index.html").display()));
    Ok(tested.code)
}
