//! A slow disk under the journal: nothing is lost while the budget holds, trading halts when it does not, and the core
//! takes ticks all the while. The disk is made slow at the system calls of the journal thread, by a library that is
//! loaded before the engine (`support/slow_disk.c`).
//!
//! `CROSSTICK_SLOW_S=30` makes the runs that long and prints the core's latency without a journal, with one, and with
//! one on a slow disk (`-- --nocapture`).

use crate::run as support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use support::{Rig, Running, count, latency, report};

/// A library of `support`, built with the C compiler that Rust links with.
pub fn library(rig: &Rig, name: &str) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/support/{name}.c"));
    let out = rig.path(&format!("{name}.so"));
    let built = Command::new("cc").args(["-shared", "-fPIC", "-O1", "-o"]).arg(&out).arg(source).output().expect("cc");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    out
}

/// The demo with a journal in `journal`, each of its waits for the disk `slow_ms` longer.
fn demo(rig: &Rig, arguments: &[&str], slow_ms: u32) -> Command {
    let mut command = rig.command(["run", "--report", "r.json"].iter().chain(arguments).copied());
    command
        .env("CROSSTICK_JOURNAL__DIR", rig.path("journal"))
        .env("CROSSTICK_JOURNAL__SEGMENT_KIB", "64")
        .env("CROSSTICK_JOURNAL__FSYNC", "order")
        .env("LD_PRELOAD", library(rig, "slow_disk"))
        .env("CT_SLOW_MS", slow_ms.to_string())
        .env("CT_SLOW_WHILE", rig.write("slow", ""))
        .env("CT_SLOW_LOG", rig.path("calls"));
    command
}

/// How often the journal thread waited for the disk.
fn calls(rig: &Rig, name: &str) -> usize {
    fs::read_to_string(rig.path("calls")).unwrap_or_default().lines().filter(|l| *l == name).count()
}

#[test]
fn a_slow_disk_loses_nothing_while_the_budget_holds() {
    let rig = Rig::new();
    let long = std::env::var("CROSSTICK_SLOW_S").ok();
    let duration = format!("{}s", long.as_deref().unwrap_or("6"));
    if long.is_some() {
        let plain = rig.command(["run", "--report", "r.json", "--duration", &duration]);
        rig.start(plain).finish().expect(0);
        latency("no journal", &report(&rig.path("r.json")));
        rig.start(demo(&rig, &["--duration", &duration], 0)).finish().expect(0);
        latency("journal", &report(&rig.path("r.json")));
        fs::remove_dir_all(rig.path("journal")).expect("a folder");
        fs::remove_file(rig.path("calls")).expect("a file");
    }
    rig.start(demo(&rig, &["--duration", &duration], 200)).finish().expect(0);
    let report = report(&rig.path("r.json"));
    latency("journal, every wait for the disk 200 ms longer", &report);
    let (syncs, files) = (calls(&rig, "msync"), calls(&rig, "fallocate"));
    println!("{syncs} msync, {files} fallocate, {} fsync", calls(&rig, "fsync"));
    assert!(syncs >= 5 && files >= 2, "{syncs} {files}");
    assert_eq!((count(&report["journal"]["lost"]), report["journal"].get("trouble")), (0, None));
    assert!(count(&report["orders"]["sent"]) > 0, "{report:#}");
    let verified = rig.run(["replay", "--journal", "journal", "--verify"]).expect(0);
    let hash = report["decisions_hash"].as_str().expect("a hash");
    assert!(verified.out.contains("identical: ") && verified.out.contains(hash), "{}", verified.out);
}

fn ticks(rig: &Rig) -> u64 {
    let done = rig.run(["status", "--json", "--shm", &rig.shm]).expect(0);
    count(&serde_json::from_str::<Value>(&done.out).expect("JSON")["ticks"])
}

#[test]
fn a_disk_that_is_slower_than_the_budget_halts_trading_and_the_core_takes_on() {
    let rig = Rig::new();
    let mut command = demo(&rig, &[], 2_000);
    // The least budget: about a second of the demo.
    command.env("CROSSTICK_JOURNAL__BUDGET", "1024");
    let mut running: Running = rig.start(command);
    running.until("the halt", |r| r.err().contains("trading is halted by journal: JOURNAL"));
    assert!(running.err().contains("the journal fell behind its budget"), "{}", running.err());
    // The disk is as slow as before; whoever waited for it would stand still most of the time.
    let before = ticks(&rig);
    running.until("ticks", |_| ticks(&rig) > before + 3_000);
    fs::remove_file(rig.path("slow")).expect("the disk is quick again");
    running.signal("INT");
    running.finish().expect(3);
    let report = report(&rig.path("r.json"));
    latency("journal, every wait for the disk 2 s longer, a budget of 1024 entries", &report);
    assert_eq!(report["halt"]["code"], "JOURNAL");
    // Whether the ring overflowed afterwards or not: what was written is what was decided, and the rest is counted.
    let lost = count(&report["journal"]["lost"]);
    let verified = rig.run(["replay", "--journal", "journal", "--verify"]).expect(i32::from(lost > 0));
    assert!(verified.out.contains("identical"), "{}", verified.out);
    assert_eq!(verified.out.contains("incomplete: the run could not write"), lost > 0, "{}", verified.out);
    let cat = rig.run(["journal", "cat", "journal", "--no-ticks"]).expect(0);
    assert!(cat.out.contains("halt: JOURNAL"), "{}", cat.out);
}
