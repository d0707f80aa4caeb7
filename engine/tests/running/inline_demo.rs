//! The demo on one thread, from outside: it trades, halts, resumes and replays as with rings.

use crate::run as support;

use std::fs;
use std::process::Command;

use serde_json::Value;
use support::{Rig, Running, count, report, sum};

fn inline(rig: &Rig, wait: &str, arguments: &[&str]) -> Command {
    let mut command = rig.command(["run"].iter().chain(arguments).copied());
    command
        .env("CROSSTICK_THREADS__TOPOLOGY", "inline")
        .env("CROSSTICK_THREADS__CORE__WAIT", wait)
        .env("CROSSTICK_ENGINE__HALT_FILE", rig.path("kept").join("halt"));
    command
}

fn status(rig: &Rig) -> Option<Value> {
    let done = rig.run(["status", "--json", "--shm", &rig.shm]);
    (done.code == Some(0)).then(|| serde_json::from_str(&done.out).expect("JSON"))
}

fn sent(rig: &Rig) -> u64 {
    status(rig).map_or(0, |s| count(&s["orders"]["sent"]))
}

/// Names of a process's threads.
fn threads(run: &Running) -> Vec<String> {
    let tasks = fs::read_dir(format!("/proc/{}/task", run.pid())).expect("a process");
    let names = tasks.flatten().filter_map(|task| fs::read_to_string(task.path().join("comm")).ok());
    names.map(|name| name.trim().to_owned()).collect()
}

#[test]
fn it_trades_and_its_journal_replays_to_the_same_hash() {
    let rig = Rig::new();
    let mut command = inline(&rig, "auto", &["--duration", "6s", "--seed", "7", "--report", "r.json"]);
    command.env("CROSSTICK_JOURNAL__DIR", rig.path("journal"));
    let mut run = rig.start(command);
    run.until("orders", |_| sent(&rig) > 0);
    let names = threads(&run);
    assert!(names.iter().any(|n| n == "ct-core") && !names.iter().any(|n| n.starts_with("ct-reader")), "{names:?}");
    run.finish().expect(0);
    let r = report(&rig.path("r.json"));
    assert!(count(&r["orders"]["filled"]) > 0 && count(&r["opportunities"]["taken"]) > 0, "{r:#}");
    for feed in r["feeds"].as_array().expect("feeds") {
        assert_eq!(feed["refused"], serde_json::json!({}), "{feed}");
        assert_eq!(count(&feed["ring_full"]), 0, "there is no ring: {feed}");
        assert!(count(&feed["frames"]) > 0, "{feed}");
    }
    assert_eq!(sum(&r["feeds"], "trades") + sum(&r["feeds"], "quotes"), count(&r["ticks"]));
    let stages = r["latency_ns"].as_object().expect("stages");
    for name in ["reach_core", "decide", "gate", "send", "tick_to_order"] {
        assert!(count(&stages[name]["count"]) > 0, "{name}");
    }
    assert!(!stages.contains_key("decode"), "a stage of reader threads");
    assert_eq!((count(&r["journal"]["lost"]), r["journal"].get("trouble")), (0, None));
    let hash = r["decisions_hash"].as_str().expect("a hash");
    let verified = rig.run(["replay", "--journal", "journal", "--verify"]).expect(0);
    assert!(verified.out.contains("identical: ") && verified.out.contains(hash), "{}", verified.out);
}

/// Parked in its sockets' poll it is reached by each way that leads in, and goes on when told to.
#[test]
fn a_parked_one_halts_and_resumes() {
    let rig = Rig::new();
    let mut run = rig.start(inline(&rig, "park", &["--report", "r.json"]));
    run.until("orders", |_| sent(&rig) > 0);
    let done = rig.run(["halt", "--shm", &rig.shm, "--reason", "a test's"]).expect(0);
    assert!(done.out.contains("answered"), "{}", done.out);
    run.until("a halt on disk", |_| rig.path("kept").join("halt").exists());
    let at = sent(&rig);
    let mut resume = rig.command(["resume", "--reason", "looked at", "--shm", &rig.shm]);
    resume.env("CROSSTICK_ENGINE__HALT_FILE", rig.path("kept").join("halt"));
    rig.start(resume).finish().expect(0);
    run.until("orders after the resume", |_| sent(&rig) > at);
    run.signal("USR1");
    run.until("another halt", |_| status(&rig).is_some_and(|s| s["state"] == "halted"));
    run.signal("INT");
    run.finish().expect(3);
    assert_eq!(report(&rig.path("r.json"))["halt"]["reason"], "signal SIGUSR1");
    assert!(rig.left_in_shm().is_empty(), "{:?}", rig.left_in_shm());
}

/// A halt file ends the wait too: by the main thread, which wakes the poll.
#[test]
fn a_halt_file_reaches_it() {
    let rig = Rig::new();
    let mut run = rig.start(inline(&rig, "yield", &[]));
    run.until("orders", |_| sent(&rig) > 0);
    fs::create_dir_all(rig.path("kept")).expect("a directory");
    rig.write("kept/halt", "");
    run.until("a halt", |_| status(&rig).is_some_and(|s| s["state"] == "halted"));
    run.signal("TERM");
    run.finish().expect(3);
}

#[test]
fn reader_threads_are_refused_with_it() {
    let rig = Rig::new();
    let mut command = inline(&rig, "park", &["--duration", "1s"]);
    command.env("CROSSTICK_THREADS__READERS__CPUS", "[0]");
    let done = rig.start(command).finish().expect(2);
    assert!(done.err.contains("inline") && done.err.contains("no reader threads"), "{}", done.err);
}
