//! What `scripts/bench` calls before and after the benchmarks: looks at the host, then collects, compares and shows.

use std::env;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::{Parser, Subcommand};
use crosstick_benches::report::{FORMAT, Moved, Run, collect, compare, last_kept, page, replace, table};
use crosstick_engine::config::Config;
use crosstick_engine::doctor::{Root, load_average, manifest};

/// Looks at the host before benchmarks, and shows what they measured.
#[derive(Debug, Parser)]
struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Before the first benchmark: the host, its load and its jitter, into a file.
    Begin {
        /// The file.
        file: PathBuf,
    },
    /// After the last: the rows measured since then, into a page and, to be kept, into the results and the docs.
    End {
        /// What `begin` wrote.
        file: PathBuf,
        /// Keeps the run in benches/results/ and writes its tables into docs/benchmarks.md.
        #[arg(long)]
        keep: bool,
    },
}

/// How long each core's jitter is watched.
const WATCH: Duration = Duration::from_secs(2);

fn workspace() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace().join("target"), PathBuf::from)
}

fn begin(file: &Path) -> Result<(), Box<dyn Error>> {
    // Before the host is measured, which makes it busy.
    let made_at_s = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let manifest = serde_json::to_value(manifest(&Config::bare(), WATCH))?;
    let run = Run { format: FORMAT, made_at_s, manifest, load_end: None, rows: Vec::new() };
    Ok(run.save(file)?)
}

fn end(file: &Path, keep: bool) -> Result<(), Box<dyn Error>> {
    let mut run = Run::load(file)?;
    run.rows = collect(&target(), run.made_at_s)?;
    run.load_end = load_average(&Root::host());
    if run.rows.is_empty() {
        return Err("no benchmark left a figure since this run began".into());
    }
    let results = workspace().join("benches/results");
    let before = last_kept(&results)?;
    let html = page(&run, before.as_ref().map(|(path, run)| (path.as_path(), run)))?;
    let shown = target().join("crosstick-bench/index.html");
    fs::create_dir_all(target().join("crosstick-bench"))?;
    fs::write(&shown, html)?;
    println!("{} figures; the page: {}", run.rows.len(), shown.display());
    if let Some((path, kept)) = &before {
        say_changes(path, kept, &run);
    }
    if keep {
        keep_run(&run, &results)?;
    }
    Ok(())
}

fn say_changes(path: &Path, kept: &Run, run: &Run) {
    let changes = compare(kept, run);
    println!("Beyond the range that they had in {}:", path.file_name().unwrap_or_default().display());
    let mut none = true;
    for change in changes.iter().filter(|change| change.moved != Moved::No) {
        let word = if change.moved == Moved::Better { "better" } else { "worse" };
        let [group, name, measure, placement] = change.now.key();
        println!("  {word}: {group} {name} {measure} {placement}: {:+.0} %", change.percent());
        none = false;
    }
    if none {
        println!("  none of {}", changes.len());
    }
}

fn keep_run(run: &Run, results: &Path) -> Result<(), Box<dyn Error>> {
    // A page that cannot take the tables is told before anything is kept.
    let docs = workspace().join("docs/benchmarks.md");
    let replaced = fs::read_to_string(&docs)
        .map_err(|e| e.to_string())
        .and_then(|text| replace(&text, &table(run)))
        .map_err(|e| format!("{}: {e}; nothing is kept", docs.display()))?;
    fs::create_dir_all(results)?;
    let build = run.fact("/build");
    let commit = build.rsplit(' ').next().unwrap_or_default();
    let day = jiff::Timestamp::from_second(i64::try_from(run.made_at_s)?)?.strftime("%Y-%m-%dT%H%M").to_string();
    let kept = results.join(format!("{day}-{commit}.json"));
    run.save(&kept)?;
    fs::write(&docs, replaced)?;
    println!("kept: {}; its tables are in {}", kept.display(), docs.display());
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    match Options::parse().command {
        Command::Begin { file } => begin(&file),
        Command::End { file, keep } => end(&file, keep),
    }
}
