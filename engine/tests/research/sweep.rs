//! `crosstick sweep` from the outside: each point is the backtest of its config, a stopped sweep goes on, mistakes come
//! all at once, and a walk-forward looks where it did not choose.

use crate::support;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use support::Session;

const EDGES: &str = "strategy.spread.min_edge_bps=0.5:2.5:1";
const LATENCIES: &str = "paper.latency_us=100,4000";

fn sweep(session: &Session, out: &str, more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_crosstick"));
    command.arg("sweep").args(["--config", "config.toml", "--out", out]).args(more).arg("--data");
    command.args(session.files()).current_dir(session.path()).output().unwrap()
}

fn good(output: Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Rows of a CSV file by column; no cell of ours holds a comma.
fn rows(path: &Path) -> Vec<BTreeMap<String, String>> {
    let text = fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut lines = text.lines();
    let head: Vec<String> = lines.next().unwrap().split(',').map(str::to_owned).collect();
    lines.map(|line| head.iter().cloned().zip(line.split(',').map(str::to_owned)).collect()).collect()
}

fn number(row: &BTreeMap<String, String>, column: &str) -> f64 {
    row[column].parse().unwrap_or_else(|_| panic!("{column} of {row:?}"))
}

#[test]
fn each_point_is_the_backtest_of_its_config() {
    let session = Session::generated(4, 30, &["--trade"]);
    let said = good(sweep(&session, "out", &["--set", EDGES, "--set", LATENCIES]));
    assert!(said.contains("6 points run"), "{said}");
    let table = rows(&session.path().join("out/sweep.csv"));
    assert_eq!(table.len(), 6);
    assert!(table.is_sorted_by(|a, b| number(a, "net") >= number(b, "net")), "{table:#?}");
    assert!(table.iter().any(|row| number(row, "pairs") > 10.0), "a session worth testing with: {table:#?}");
    let mut hashes = Vec::new();
    for row in &table {
        let (edge, latency) = (&row["strategy.spread.min_edge_bps"], &row["paper.latency_us"]);
        let mut command = Command::new(env!("CARGO_BIN_EXE_crosstick"));
        command.args(["backtest", "--config", "config.toml", "--no-latency", "--out", "one", "--data"]);
        command.args(session.files()).current_dir(session.path());
        command.env("CROSSTICK_STRATEGY__SPREAD__MIN_EDGE_BPS", edge).env("CROSSTICK_PAPER__LATENCY_US", latency);
        command.env("CROSSTICK_PAPER__PRESET", "custom");
        let output = command.output().unwrap();
        assert!(matches!(output.status.code(), Some(0 | 3)), "{output:?}");
        let report = fs::read(session.path().join("one/report.json")).unwrap();
        let report: serde_json::Value = serde_json::from_slice(&report).unwrap();
        assert_eq!(row["decisions_hash"], report["decisions_hash"].as_str().unwrap(), "{edge} {latency}");
        assert_eq!(row["net"], report["pnl"]["net"].as_str().unwrap());
        assert_eq!(row["seen"], report["opportunities"]["seen"].to_string());
        assert_eq!(row["clean"], report["pairs"]["clean"].to_string());
        assert_eq!(row["halted"].is_empty(), report.get("halt").is_none());
        hashes.push(row["decisions_hash"].clone());
    }
    hashes.sort();
    hashes.dedup();
    assert!(hashes.len() >= 4, "what is varied makes a difference");
    let page = fs::read_to_string(session.path().join("out/index.html")).unwrap();
    assert!(page.contains("<svg") && !page.contains("<script") && page.contains("min_edge_bps"));
}

#[test]
fn a_stopped_sweep_goes_on_where_it_was() {
    let session = Session::generated(5, 20, &["--trade"]);
    let set = ["--set", EDGES, "--set", LATENCIES];
    good(sweep(&session, "out", &set));
    let out = session.path().join("out");
    let names = ["sweep.csv", "sweep.parquet", "index.html"];
    let whole: Vec<Vec<u8>> = names.iter().map(|name| fs::read(out.join(name)).unwrap()).collect();
    let points = fs::read_to_string(out.join("points.jsonl")).unwrap();
    assert_eq!(points.lines().count(), 7);
    // Killed in the middle of the third point's line, before any table was there.
    let kept: usize = points.lines().take(3).map(|line| line.len() + 1).sum();
    fs::write(out.join("points.jsonl"), &points[..kept + 40]).unwrap();
    names.iter().for_each(|name| fs::remove_file(out.join(name)).unwrap());
    let said = good(sweep(&session, "out", &set));
    assert!(said.contains("4 points run") && said.contains("2 taken over"), "{said}");
    for (name, before) in names.iter().zip(&whole) {
        assert!(fs::read(out.join(name)).unwrap() == *before, "{name} differs");
    }
    let said = good(sweep(&session, "out", &set));
    assert!(said.contains("0 points run") && said.contains("6 taken over"), "{said}");
    // Another value more: only that is new. The same through a random draw of all.
    let more = ["--set", EDGES, "--set", "paper.latency_us=100,4000,9000"];
    let said = good(sweep(&session, "out", &more));
    assert!(said.contains("3 points run") && said.contains("6 taken over"), "{said}");

    // Another config, other data: their points would lie. What was kept stays, a line that was cut off with it.
    let kept = format!("{}{{\"set\":", fs::read_to_string(out.join("points.jsonl")).unwrap());
    fs::write(out.join("points.jsonl"), &kept).unwrap();
    let refused = |more: &[&str], reason: &str| {
        let output = sweep(&session, "out", more);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains("points.jsonl") && said.contains("another --out") && said.contains(reason), "{said}");
        assert!(fs::read_to_string(out.join("points.jsonl")).unwrap() == kept, "{reason}: it was changed");
    };
    refused(&["--set", EDGES, "--set", LATENCIES, "--walk-forward", "2"], "since it was begun: the walk-forward;");
    fs::write(out.join("points.jsonl"), kept.trim_end_matches("{\"set\":")).unwrap();
    let text = fs::read_to_string(session.path().join("config.toml")).unwrap();
    fs::write(session.path().join("config.toml"), format!("{text}\n# a comment changes nothing\n")).unwrap();
    good(sweep(&session, "out", &set));
    let file = session.files()[0].split_once('=').unwrap().1.to_owned();
    let frames = fs::read_to_string(session.path().join(&file)).unwrap();
    let cut = frames.trim_end().rfind('\n').unwrap();
    fs::write(session.path().join(&file), &frames[..=cut]).unwrap();
    fs::write(out.join("points.jsonl"), &kept).unwrap();
    let name = Path::new(&file).file_name().unwrap().to_string_lossy();
    refused(&set, &format!("since it was begun: the data {name};"));
}

#[test]
fn a_line_that_cannot_be_read_takes_no_other_with_it() {
    let session = Session::generated(5, 10, &["--trade"]);
    let set = ["--set", EDGES, "--set", LATENCIES];
    good(sweep(&session, "out", &set));
    let path = session.path().join("out/points.jsonl");
    let points = fs::read_to_string(&path).unwrap();
    let broken = points.lines().nth(2).unwrap();
    fs::write(&path, points.replacen(broken, &broken.replacen(':', ";", 1), 1)).unwrap();
    let said = good(sweep(&session, "out", &set));
    assert!(said.contains("1 points run") && said.contains("5 taken over"), "{said}");
    assert!(said.contains("out/points.jsonl: line 3 cannot be read") && said.contains("computed again"), "{said}");
    let said = good(sweep(&session, "out", &set));
    assert!(said.contains("0 points run") && said.contains("6 taken over"), "{said}");
}

/// A disk that is full after so many bytes of a file.
#[test]
fn a_full_disk_leaves_whole_points() {
    let session = Session::generated(5, 10, &["--trade"]);
    let script = "trap '' XFSZ; ulimit -f 4; exec \"$@\"";
    let mut command = Command::new("sh");
    command.args(["-c", script, "sh", env!("CARGO_BIN_EXE_crosstick"), "sweep", "--config", "config.toml"]);
    command.args(["--out", "out", "--set", EDGES, "--set", LATENCIES, "--data"]).args(session.files());
    let output = command.current_dir(session.path()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(1) && said.contains("points.jsonl: File too large"), "{output:?}");
    let points = fs::read_to_string(session.path().join("out/points.jsonl")).unwrap();
    assert!(points.len() < 4 * 512 && points.ends_with('\n'), "a part of a point was left: {points}");
    let kept = points.lines().count() - 1;
    assert!(kept > 0, "{points}");
    let said = good(sweep(&session, "out", &["--set", EDGES, "--set", LATENCIES]));
    assert!(said.contains(&format!("{kept} taken over")), "{kept} in {said}");
}

/// A sweep reads its data more than once.
#[test]
fn a_pipe_is_refused() {
    let session = Session::generated(4, 5, &["--trade"]);
    assert!(Command::new("mkfifo").arg(session.path().join("pipe")).status().unwrap().success());
    let mut command = Command::new(env!("CARGO_BIN_EXE_crosstick"));
    command.args(["sweep", "--config", "config.toml", "--out", "out", "--set", EDGES, "--data", "alpha=pipe"]);
    let output = command.current_dir(session.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("pipe: ") && said.contains("save it to a file"), "{said}");
    assert!(!session.path().join("out").exists(), "nothing was made");
}

#[test]
fn mistakes_come_all_at_once() {
    let session = Session::generated(4, 5, &["--trade"]);
    let refused = |more: &[&str]| {
        let output = sweep(&session, "out", more);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    let said = refused(&["--set", "a", "--set", "b=1:2:0"]);
    assert!(said.contains("--set a:") && said.contains("above zero"), "{said}");
    let said = refused(&[
        "--set",
        "strategy.spread.min_edge_bpz=1",
        "--set",
        "paper.latency_us=-1,100,abc",
        "--set",
        "strategy.name=spread,sprad",
    ]);
    for word in
        ["min_edge_bpz=1: unknown key", "did you mean \"min_edge_bps\"", "latency_us=-1", "\"abc\"", "\"sprad\""]
    {
        assert!(said.contains(word), "no {word:?} in {said}");
    }
    let said = refused(&["--set", "engine.shm=a,b"]);
    assert!(said.contains("changes nothing in a backtest"), "{said}");
    let taker = ["--set", "venue.0.fees.taker_bps=2,5", "--set", "venue.alpha.fees.taker_bps=7,9"];
    let said = refused(&taker);
    assert!(said.contains("--set venue.alpha.fees.taker_bps") && said.contains("in other words"), "{said}");
    let said = refused(&["--set", "strategy.spread.cooldown_ms=1:1000:1", "--set", "paper.latency_us=1:1000:1"]);
    assert!(said.contains("1000000 points") && said.contains("--random"), "{said}");
    assert!(!session.path().join("out").exists(), "nothing was made");
}

#[test]
fn a_walk_forward_looks_where_it_did_not_choose() {
    let session = Session::generated(4, 40, &["--trade"]);
    let said = good(sweep(&session, "out", &["--set", EDGES, "--set", LATENCIES, "--walk-forward", "3"]));
    assert!(said.contains("Walk-forward"), "{said}");
    let out = session.path().join("out");
    let parts = rows(&out.join("parts.csv"));
    assert_eq!(parts.len(), 6 * 4);
    let steps = rows(&out.join("walk_forward.csv"));
    assert_eq!(steps.len(), 3);
    let net = |point: &str, part: usize| {
        let found = parts.iter().find(|row| row["point"] == point && row["part"] == part.to_string());
        number(found.unwrap(), "net")
    };
    for (i, step) in steps.iter().enumerate() {
        let (chosen, part) = (&step["point"], i + 1);
        assert_eq!(step["step"], part.to_string());
        let best = (0..6).map(|point| net(&point.to_string(), part)).fold(f64::MIN, f64::max);
        assert_eq!(net(chosen, part), best, "the best where it was chosen");
        assert_eq!(number(step, "in_sample"), best);
        assert_eq!(number(step, "out_of_sample"), net(chosen, part + 1));
        let better = (0..6).filter(|point| net(&point.to_string(), part + 1) > net(chosen, part + 1)).count();
        assert_eq!(step["out_of_sample_place"], (better + 1).to_string());
        assert!(number(step, "in_sample_begin_ns") < number(step, "out_of_sample_begin_ns"));
    }
    // Parts of one session: each took some ticks, and together they took every one.
    let whole = Session::replay(&session).count("/ticks");
    assert!(whole > 1_000, "{whole}");
    let points = fs::read_to_string(out.join("points.jsonl")).unwrap();
    for line in points.lines().skip(1) {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        let ticks = line["parts"].as_array().unwrap().iter().map(|part| part["ticks"].as_u64().unwrap());
        let ticks: Vec<u64> = ticks.collect();
        assert!(ticks.len() == 4 && ticks.iter().all(|n| *n > 0), "{ticks:?} of {whole}");
        assert_eq!(ticks.iter().sum::<u64>(), whole);
    }
    for row in rows(&out.join("sweep.csv")) {
        let sum: f64 = parts.iter().filter(|part| part["point"] == row["point"]).map(|part| number(part, "net")).sum();
        assert!((sum - number(&row, "net")).abs() < 1e-6);
    }
}

#[test]
fn drawn_points_are_those_of_the_seed() {
    let session = Session::generated(5, 10, &["--trade"]);
    let run = |out: &str, seed: &str| {
        let set = ["--set", "strategy.spread.min_edge_bps=0:9:0.5", "--set", "strategy.spread.cooldown_ms=0:90:10"];
        good(sweep(&session, out, &[&set[..], &["--random", "7", "--seed", seed, "--measure", "taken"]].concat()));
        let mut points: Vec<String> = rows(&session.path().join(out).join("sweep.csv"))
            .into_iter()
            .map(|mut r| r.remove("point").unwrap())
            .collect();
        points.sort();
        points
    };
    let one = run("one", "1");
    assert_eq!(one.len(), 7);
    assert_eq!(one, run("again", "1"));
    assert_ne!(one, run("two", "2"));
}

#[test]
fn what_opening_found_out_is_told_once() {
    let session = Session::generated(4, 2, &["--trade"]);
    fs::write(session.path().join("sol.csv"), "time,price,qty\n1754000000500,150.25,1\n").unwrap();
    let list = fs::read_to_string(session.path().join("files.txt")).unwrap();
    fs::write(session.path().join("files.txt"), format!("{list}alpha:SOLUSDT=sol.csv\n")).unwrap();
    let words = "sol.csv has rows of trades; the exchange's time stands for the receive time";
    let said = good(sweep(&session, "out", &["--set", EDGES]));
    assert_eq!(said.matches(words).count(), 1, "{said}");
    let replayed = session.replay();
    let said = String::from_utf8_lossy(&replayed.output.stdout).into_owned();
    assert_eq!(said.matches(words).count(), 1, "{said}");
}
