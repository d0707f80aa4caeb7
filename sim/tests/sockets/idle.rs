//! The venue thread sleeps. A file of its own, so that it is the only such thread of its process.
#![cfg(target_os = "linux")]

use crate::common;

use std::time::Duration;

use common::connect;
use crosstick_sim::{FlowSpec, Sim, SimConfig, Source};

/// Processor time of the thread named `sim`, in ticks of 10 ms.
fn ticks() -> u64 {
    let tasks = std::fs::read_dir("/proc/self/task").expect("tasks");
    let stats = tasks.filter_map(|t| std::fs::read_to_string(t.ok()?.path().join("stat")).ok());
    let stat = stats.into_iter().find(|s| s.contains("(sim)")).expect("the thread");
    let fields: Vec<&str> = stat.rsplit_once(')').expect("a name").1.split_whitespace().collect();
    fields[11].parse::<u64>().expect("user") + fields[12].parse::<u64>().expect("system")
}

#[test]
fn a_quiet_venue_costs_nothing() {
    let mut spec = FlowSpec::demo();
    spec.markets.clear();
    let handle = Sim::start(SimConfig::new(Source::Generated { seed: 1, spec })).expect("started");
    let client = connect(&handle, "alpha", "/ws/btcusdt@trade");
    let before = ticks();
    std::thread::sleep(Duration::from_millis(500));
    assert!(ticks() - before <= 5, "{} ticks in half a second of silence", ticks() - before);
    assert_eq!(handle.stats().venues.len(), 3);
    drop(client);
}
