//! `scripts/instructions`: counts the hot stages' instructions and compares them with the committed counts.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use crosstick_instructions::baseline::{Baseline, compare};
use crosstick_instructions::count::{FEATURES, count, missing};
use crosstick_instructions::{features, stages};

/// Counts the instructions that the hot stages take, under valgrind's callgrind, and compares them with the committed
/// counts: more than 3 % above is an error, more than 3 % below asks for a new baseline.
///
/// Counts depend on the code, the compiler and the C library, and not on how busy the machine is.
#[derive(Debug, Parser)]
#[command(name = "scripts/instructions", after_help = "Exit codes: 0 fine, 1 too many or failed, 2 bad usage.")]
struct Options {
    /// Only stages whose name contains this.
    #[arg(default_value = "")]
    filter: String,
    /// Writes what was counted as the new baseline.
    #[arg(long, conflicts_with = "filter")]
    write: bool,
    /// Prints the stages' names.
    #[arg(long)]
    list: bool,
    /// Times the stages instead, ns per operation, median of 301 runs: to compare builds that take turns.
    #[arg(long, conflicts_with_all = ["write", "needs"])]
    time: bool,
    /// Prints why this machine cannot count, or nothing.
    #[arg(long)]
    needs: bool,
    /// The baseline's file.
    #[arg(long, value_name = "FILE", default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/baseline.txt"))]
    baseline: PathBuf,
    /// Runs one stage once; this is what is counted.
    #[arg(long, value_name = "NAME", hide = true)]
    stage: Option<String>,
}

fn run(options: &Options) -> Result<bool, String> {
    if let Some((why, how)) = missing() {
        return Err(format!("{why}; {how}"));
    }
    let path = options.baseline.display();
    let counted = count(&options.filter, |name| eprintln!("counting {name}"))?;
    if counted.counts.is_empty() {
        return Err(format!("no stage's name contains {:?}; --list prints them", options.filter));
    }
    if options.write {
        std::fs::write(&options.baseline, counted.to_string()).map_err(|e| format!("{path}: {e}"))?;
        print!("{counted}");
        return Ok(true);
    }
    let text = std::fs::read_to_string(&options.baseline).map_err(|e| format!("{path}: {e}"))?;
    let mut committed = Baseline::parse(&text).map_err(|e| format!("{path}: {e}"))?;
    committed.counts.retain(|name, _| name.contains(&options.filter));
    let comparison = compare(&committed, &counted);
    print!("{}", comparison.text);
    Ok(!comparison.failed)
}

/// Each run is of a stage made anew, so that all are the same.
fn time(filter: &str) {
    for (name, make) in stages::ALL.iter().filter(|(name, _)| name.contains(filter)) {
        let run = |_| {
            let mut stage = make();
            let begin = Instant::now();
            let right = stage.count();
            let took = begin.elapsed();
            right.unwrap_or_else(|wrong| panic!("{name}: {wrong}"));
            took.as_nanos() as f64 / stage.operations as f64
        };
        let mut runs: Vec<f64> = (0..301).map(run).collect();
        runs.sort_by(f64::total_cmp);
        println!("{name} {:.2}", runs[runs.len() / 2]);
    }
}

fn main() -> ExitCode {
    let options = Options::parse();
    if let Some(name) = &options.stage {
        let Some((_, make)) = stages::ALL.iter().find(|(stage, _)| stage == name) else {
            eprintln!("no stage {name}");
            return ExitCode::from(2);
        };
        let mut stage = make();
        if let Err(wrong) = stage.count() {
            eprintln!("{name}: {wrong}");
            return ExitCode::FAILURE;
        }
        println!("operations: {}\n{FEATURES}{}", stage.operations, features());
        return ExitCode::SUCCESS;
    }
    if options.list {
        stages::ALL.iter().for_each(|(name, _)| println!("{name}"));
        return ExitCode::SUCCESS;
    }
    if options.time {
        time(&options.filter);
        return ExitCode::SUCCESS;
    }
    if options.needs {
        if let Some((why, how)) = missing() {
            println!("{why}; {how}");
        }
        return ExitCode::SUCCESS;
    }
    match run(&options) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("scripts/instructions: {error}");
            ExitCode::FAILURE
        }
    }
}
