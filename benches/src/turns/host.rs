//! What a result was measured on: facts of the host, and how steady it was. Cold.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use super::Clock;
use super::placement::cores;

/// The host as a result names it. What the system does not tell is null.
#[must_use]
pub fn manifest() -> Value {
    let read = |path: &str| fs::read_to_string(path).ok().map(|text| text.trim().to_owned());
    let cpu = read("/proc/cpuinfo").and_then(|text| {
        let line = text.lines().find(|line| line.starts_with("model name"))?.to_owned();
        Some(line.split_once(':')?.1.trim().to_owned())
    });
    let load = read("/proc/loadavg").and_then(|text| text.split(' ').next()?.parse::<f64>().ok());
    json!({
        "cpu": cpu,
        "cores": std::thread::available_parallelism().map_or(0, usize::from),
        "kernel": read("/proc/sys/kernel/osrelease"),
        "governor": read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
        "isolated": read("/sys/devices/system/cpu/isolated").filter(|cpus| !cpus.is_empty()),
        "load_average_1m": load,
        "rustc": told_by("rustc", &["--version"]),
        "profile": "bench",
    })
}

/// The commit of the working tree, with `+` where files differ from it; null outside of a repository.
#[must_use]
pub fn commit() -> Option<String> {
    let head = told_by("git", &["rev-parse", "--short=12", "HEAD"])?;
    let changed = told_by("git", &["status", "--porcelain", "--untracked-files=no"]).is_some_and(|t| !t.is_empty());
    Some(if changed { head + "+" } else { head })
}

fn told_by(program: &str, arguments: &[&str]) -> Option<String> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = Command::new(program).args(arguments).current_dir(here).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}

/// The gaps that a pinned loop of clock reads sees: what the machine itself does to everybody's tails.
///
/// # Panics
/// With fewer than two cores.
#[must_use]
pub fn jitter(clock: &Clock, span: Duration) -> Value {
    let core = cores()[0];
    super::placement::pin(0);
    let (begin, mut last) = (clock.ticks(), clock.ticks());
    let (mut gaps, mut lost_ns, mut worst_ns) = ([0u64; 4], 0.0, 0.0);
    let span_ns = span.as_secs_f64() * 1e9;
    while clock.ns(last - begin) < span_ns {
        let now = clock.ticks();
        let gap_ns = clock.ns(now - last);
        last = now;
        if gap_ns > 1e3 {
            for (count, bound_ns) in gaps.iter_mut().zip([1e3, 1e4, 1e5, 1e6]) {
                *count += u64::from(gap_ns > bound_ns);
            }
            lost_ns += gap_ns;
            worst_ns = f64::max(worst_ns, gap_ns);
        }
    }
    let a_second = |count: u64| count as f64 / span.as_secs_f64();
    json!({
        "core": core,
        "seconds": span.as_secs_f64(),
        "over_1us_per_s": a_second(gaps[0]),
        "over_10us_per_s": a_second(gaps[1]),
        "over_100us_per_s": a_second(gaps[2]),
        "over_1ms_per_s": a_second(gaps[3]),
        "lost_percent": 100.0 * lost_ns / span_ns,
        "worst_us": worst_ns / 1e3,
    })
}
