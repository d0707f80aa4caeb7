//! `crosstick sweep`: many configs over the same data, on all cores, resumable, with one table and a page. Cold.
//!
//! `space` is what is varied, `plan` checks it all, `run` runs it, `kept` remembers finished points, `walk` compares
//! in-sample with out-of-sample, `tables`, `words` and `page` show it.

mod fingerprint;
mod kept;
pub mod measure;
mod page;
mod plan;
mod run;
pub mod space;
mod tables;
mod walk;
mod words;

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Instant;

use crate::backtest::measure::Measures;
use crate::data::{Data, Source};
use crate::exit::{Code, Failure, Outcome};
use crate::export::staged::Staged;
use crate::signals::Signals;
use kept::Kept;
use measure::{Measure, whole};
use plan::Plan;
use walk::Step;

/// What to run and where results go.
#[derive(Debug, Clone)]
pub struct Request {
    /// The config.
    pub config: PathBuf,
    /// `[VENUE=]PATH` arguments, in order.
    pub data: Vec<String>,
    /// `KEY=VALUES` arguments.
    pub set: Vec<String>,
    /// Draw so many points with this seed instead of taking all.
    pub random: Option<(u64, u64)>,
    /// What points are compared by.
    pub measure: Measure,
    /// Steps of a walk-forward; zero: none.
    pub walk: u32,
    /// The folder of results; made if need be.
    pub out: PathBuf,
    /// Rows that are printed.
    pub top: usize,
}

/// A sweep that is over.
pub struct Swept<'a> {
    plan: Plan<'a>,
    measure: Measure,
    /// By point of the plan: the whole session.
    wholes: Vec<Measures>,
    /// By point of the plan: its parts.
    parts: Vec<Vec<Measures>>,
    /// Points of the plan, the best first.
    ranked: Vec<usize>,
    steps: Vec<Step>,
    before: usize,
    in_memory: bool,
}

impl Swept<'_> {
    fn currency(&self) -> &str {
        &self.plan.base.risk.currency
    }
}

/// Runs a sweep, or what is left of one, and writes its folder.
///
/// # Errors
/// When config, keys or data are wrong, results cannot be written, or `signals` say to stop.
fn sweep<'a>(request: &'a Request, sources: &'a [Source], signals: &Signals) -> Result<Swept<'a>, Failure> {
    let plan = Plan::new(&request.config, sources, &request.set, request.random)?;
    // What is wrong with the data is said before the folder is touched.
    let mut told = BTreeSet::new();
    for first in &plan.groups {
        let config = plan.config(&plan.points[*first])?;
        for line in Data::open(&config, &plan.universe(&config)?, sources)?.told() {
            // Each group opens the same files.
            if told.insert(line.clone()) {
                crate::out::line(line);
            }
        }
    }
    let fingerprint = fingerprint::fingerprint(&plan.base, sources, request.walk)?;
    let staged = Staged::new(&request.out)?;
    let kept = Kept::open(&request.out, &fingerprint)?;
    let results = run::run(&plan, sources, request.walk, &kept, signals)?;
    let wholes: Vec<Measures> = results.parts.iter().filter_map(|parts| whole(parts)).collect();
    let mut ranked: Vec<usize> = (0..wholes.len()).collect();
    ranked.sort_by_key(|point| (Reverse(request.measure.score(&wholes[*point])), *point));
    let steps = results.span_ns.map_or_else(Vec::new, |span| walk::steps(&results.parts, request.measure, span));
    let swept = Swept {
        plan,
        measure: request.measure,
        wholes,
        parts: results.parts,
        ranked,
        steps,
        before: results.before,
        in_memory: results.in_memory,
    };
    tables::write(&swept, staged.path()).map_err(Failure::other)?;
    let index = staged.path().join("index.html");
    std::fs::write(&index, page::page(&swept, &request.data))
        .map_err(|e| Failure::other(format!("{}: {e}", index.display())))?;
    staged.publish()?;
    Ok(swept)
}

/// The command.
///
/// # Errors
/// When config, keys or data are wrong, results cannot be written, or the user stops it.
pub fn command(request: &Request) -> Outcome {
    let signals = Signals::install().map_err(Failure::other)?;
    let started = Instant::now();
    let sources: Vec<Source> = request.data.iter().map(|d| Source::parse(d)).collect();
    let swept = sweep(request, &sources, &signals).map_err(|failure| {
        if signals.stop() {
            Failure::other("interrupted; finished points are kept: the same command goes on from here")
        } else {
            failure
        }
    })?;
    crate::out::text(words::words(&swept, request.top));
    let ran = swept.wholes.len() - swept.before;
    let seconds = started.elapsed().as_secs_f64().max(1e-9);
    let ticks: u64 = swept.wholes.iter().map(|m| m.ticks).sum::<u64>() / swept.wholes.len().max(1) as u64;
    crate::out::line(format_args!(
        "{ran} points run in {seconds:.1} s, {} taken over from before; {ticks} ticks each, {:.0} ticks a second",
        swept.before,
        ran as f64 * ticks as f64 / seconds
    ));
    if !swept.in_memory {
        crate::out::line("the ticks do not fit into half of the free memory: each point decoded the data again");
    }
    crate::out::line(format_args!("open {}", request.out.join("index.html").display()));
    Ok(Code::Done)
}
