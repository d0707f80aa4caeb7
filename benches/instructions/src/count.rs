//! Counting: each stage in a process of its own under valgrind.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::baseline::{Baseline, Made};
use crate::features;
use crate::stages;

/// The region's name, as symbols of any mangling contain it.
const REGION: &str = "*counted_region*";
/// What a stage's process prints before its features.
pub const FEATURES: &str = "features: ";

/// Why nothing can be compared here, if it cannot; to be told as a skipped test.
#[must_use]
pub fn missing() -> Option<(&'static str, &'static str)> {
    if valgrind().is_none() {
        return Some(("valgrind is missing", "apt-get install valgrind"));
    }
    // What this host lacks valgrind cannot show, and the counts were made with it.
    if !features().split(' ').any(|name| name == "avx2" || name == "x86_64" || name == "aarch64") {
        return Some(("this processor has no AVX2", "take another host; counts of two processors do not compare"));
    }
    None
}

/// Its version, if it runs.
fn valgrind() -> Option<String> {
    let output = Command::new("valgrind").arg("--version").output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Counts all stages whose name contains `filter`. `told` hears each name before its count.
///
/// # Errors
/// In words: which stage could not be counted, and what valgrind said.
pub fn count(filter: &str, mut told: impl FnMut(&str)) -> Result<Baseline, String> {
    let program = std::env::current_exe().map_err(|e| format!("where this program lies: {e}"))?;
    let dir = tempfile::tempdir().map_err(|e| format!("a folder for counts: {e}"))?;
    let libc = Command::new("getconf").arg("GNU_LIBC_VERSION").output().ok();
    let mut counted = Baseline {
        made: Made {
            rustc: env!("CROSSTICK_RUSTC").to_owned(),
            valgrind: valgrind().ok_or("valgrind is missing")?,
            libc: libc.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default(),
            features: String::new(),
        },
        ..Baseline::default()
    };
    for (name, _) in stages::ALL.iter().filter(|(name, _)| name.contains(filter)) {
        told(name);
        let (count, features) = one(&program, name, &dir.path().join("counts"))?;
        counted.counts.insert((*name).to_owned(), count);
        counted.made.features = features;
    }
    Ok(counted)
}

/// One stage: instructions per operation, and the features of the processor that it saw.
fn one(program: &Path, name: &str, out: &Path) -> Result<(f64, String), String> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--quiet", &format!("--toggle-collect={REGION}")])
        .arg(format!("--callgrind-out-file={}", out.display()))
        .arg(program)
        .args(["--stage", name])
        // Where the stack begins depends on the environment, and copies' lengths on where things lie.
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .stdin(Stdio::null())
        .output()
        .map_err(|e| format!("valgrind: {e}"))?;
    let (said, cried) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if !output.status.success() {
        return Err(format!("{name}: valgrind ended with {}: {cried}", output.status));
    }
    let line = |prefix: &str| said.lines().find_map(|line| line.strip_prefix(prefix));
    let operations = line("operations: ").and_then(|text| text.parse::<u64>().ok());
    let counts = std::fs::read_to_string(out).map_err(|e| format!("{name}: what callgrind wrote: {e}"))?;
    let total = total(&counts).ok_or_else(|| format!("{name}: callgrind counted nothing in {REGION}"))?;
    match (operations, line(FEATURES)) {
        (Some(operations @ 1..), Some(features)) => Ok((total as f64 / operations as f64, features.to_owned())),
        _ => Err(format!("{name}: the stage did not say what it did: {said}")),
    }
}

/// The sum of all instructions in a file of callgrind's; `None` when nothing was counted.
fn total(text: &str) -> Option<u64> {
    let totals = text.lines().find_map(|line| line.strip_prefix("totals: "))?;
    totals.split(' ').next()?.parse().ok().filter(|total| *total > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_is_read_and_nothing_counted_is_no_count() {
        assert_eq!(total("version: 1\nevents: Ir\nfn=(1) x\n1 5\ntotals: 12345\n"), Some(12_345));
        assert_eq!(total("events: Ir\ntotals: 0\n"), None);
        assert_eq!(total("events: Ir\n"), None);
    }
}
