//! Prints what the last `cargo bench` measured as a Markdown table: `cargo run -p crosstick-benches --example table`.
//!
//! Medians over criterion's samples, divided by the units of an iteration, with criterion's 95 % confidence interval.
//! Each sample is a mean over many iterations, so this says nothing about tails. Reads the target directory's
//! `criterion` folder, which also keeps rows that no longer exist: remove it before a run that is to be kept.

use std::env;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

fn read(path: &Path) -> Result<Value, Box<dyn Error>> {
    Ok(serde_json::from_slice(&fs::read(path)?)?)
}

/// Every directory below `dir` that holds a newest result.
fn results(dir: &Path, found: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.ends_with("new") && path.join("estimates.json").is_file() {
            found.push(path);
        } else if path.is_dir() {
            results(&path, found)?;
        }
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let target = env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let target = target.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../target"));
    let mut found = Vec::new();
    results(&target.join("criterion"), &mut found)?;
    let mut rows = Vec::new();
    for path in found {
        let (about, estimates) = (read(&path.join("benchmark.json"))?, read(&path.join("estimates.json"))?);
        let units = about["throughput"]["Elements"].as_f64().ok_or("a benchmark without units")?;
        let median = &estimates["median"];
        let interval = &median["confidence_interval"];
        let ns = |value: &Value| value.as_f64().map(|v| v / units).ok_or("an estimate is a number");
        let (low, high) = (ns(&interval["lower_bound"])?, ns(&interval["upper_bound"])?);
        let name = about["full_id"].as_str().ok_or("a benchmark has a name")?;
        rows.push(format!("| `{name}` | {:.1} | {low:.1} – {high:.1} |", ns(&median["point_estimate"])?));
    }
    rows.sort();
    println!("| row | median ns per unit | 95 % interval |\n|---|---:|---:|");
    rows.iter().for_each(|row| println!("{row}"));
    Ok(())
}
