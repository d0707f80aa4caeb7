//! `crosstick replay`: recorded frames straight through decoders and core, single-threaded, without sockets, in the
//! core time that the recording makes. Cold around a hot loop.

mod watch;

use std::path::PathBuf;

use crosstick_model::DenyCode;
use crosstick_strategy::Opportunity;

use crate::cli::OutputArgs;
use crate::config::{Config, Overrides, universe};
use crate::data::{Data, Source};
use crate::driver::Listener;
use crate::exit::{Code, Failure, Outcome};
use crate::export::place::Inputs;
use crate::report::{self, SessionReport, csv};
use crate::setup;

/// What to replay and where results go.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// The config; left out: frames are counted.
    pub config: Option<PathBuf>,
    /// `[VENUE[:SYMBOL]=]PATH` arguments, in order.
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
    // What neither the config nor a recording states: steps are then the finest of the scale.
    let facts = Data::facts(config, sources)?;
    let (universe, _) = universe::build(config, &facts, universe::Unknown::Finest).map_err(Failure::usage)?;
    let mut driver = setup::paper_driver(config, &universe).map_err(Failure::usage)?;
    let mut data = Data::open(config, &universe, sources)?;
    for told in data.told() {
        crate::out::line(told);
    }
    let mut notes = Notes { rows: request.opportunities.is_some().then(Vec::new), halt: None };
    while let Some(tick) = data.next_tick()? {
        driver.take(&tick, &mut notes);
    }
    driver.finish(&mut notes);

    if let (Some(path), Some(rows)) = (&request.opportunities, &mut notes.rows) {
        csv::write(path, rows, &universe).map_err(|e| Failure::other(format!("{}: {e}", path.display())))?;
    }
    let report = SessionReport {
        mode: "paper".into(),
        duration_s: data.span_s(),
        ended: "input",
        feeds: data.feeds(),
        ..report::assemble::trading(&universe, &config.risk.currency, &driver)
    };
    let code = if notes.halt.is_some() { Code::Halted } else { Code::Done };
    Ok(Replayed { report, code })
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
/// As [`replay`]; also when a file that is asked for cannot be there, or is one that is read.
pub fn command(request: &Request, output: &OutputArgs) -> Outcome {
    let sources: Vec<Source> = request.files.iter().map(|f| Source::parse(f)).collect();
    output.check(&Inputs::of(request.config.as_deref(), &sources))?;
    let started = std::time::Instant::now();
    let done = replay(request)?;
    let took = started.elapsed();
    if let Some(path) = &output.report {
        done.report.write_json(path).map_err(|e| Failure::other(format!("{}: {e}", path.display())))?;
    }
    crate::out::text(done.report.words());
    let frames: u64 = done.report.feeds.iter().map(|f| f.frames).sum();
    let rate = frames as f64 / took.as_secs_f64().max(1e-9);
    let seconds = took.as_secs_f64();
    crate::out::line(format_args!("{frames} frames in {seconds:.3} s, {rate:.0} a second"));
    Ok(done.code)
}
