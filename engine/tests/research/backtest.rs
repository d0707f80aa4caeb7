//! `crosstick backtest` from the outside: the same as a replay, twice the same bytes, tables that add up, and nothing
//! left of one that was stopped.

use crate::support;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::{Decimal128Type, UInt64Type};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::Value;
use support::Session;

fn backtest(session: &Session, out: &str, more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_crosstick"));
    command.arg("backtest").args(["--config", "config.toml", "--out", out]).args(more).arg("--data");
    command.args(session.files()).current_dir(session.path()).output().unwrap()
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn report(path: &Path) -> Value {
    serde_json::from_str(&text(path)).unwrap()
}

/// A Parquet file as one batch.
fn table(path: &Path) -> RecordBatch {
    let file = fs::File::open(path).unwrap();
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).unwrap().with_batch_size(1 << 20);
    let schema = builder.schema().clone();
    let batches: Vec<RecordBatch> = builder.build().unwrap().map(Result::unwrap).collect();
    match batches.as_slice() {
        [] => RecordBatch::new_empty(schema),
        [one] => one.clone(),
        more => panic!("{} batches", more.len()),
    }
}

fn texts<'b>(batch: &'b RecordBatch, column: &str) -> Vec<Option<&'b str>> {
    batch.column_by_name(column).unwrap().as_string::<i32>().iter().collect()
}

fn counts(batch: &RecordBatch, column: &str) -> Vec<Option<u64>> {
    batch.column_by_name(column).unwrap().as_primitive::<UInt64Type>().iter().collect()
}

fn decimals(batch: &RecordBatch, column: &str) -> Vec<Option<i128>> {
    batch.column_by_name(column).unwrap().as_primitive::<Decimal128Type>().iter().collect()
}

/// The decimal at 1e-16.
fn mantissa(value: &Value) -> i128 {
    let text = value.as_str().unwrap();
    let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
    format!("{whole}{rest:0<16}").parse().unwrap()
}

#[test]
fn the_same_as_a_replay_and_twice_the_same_bytes() {
    for seed in [4, 5] {
        let session = Session::generated(seed, 30, &["--trade"]);
        let replayed = session.replay();
        let output = backtest(&session, "a", &["--opportunities", "backtest.csv", "--latency-us", "0,5000"]);
        assert_eq!(output.status.code(), replayed.code(), "{}", String::from_utf8_lossy(&output.stderr));
        let folder = session.path().join("a");
        assert_eq!(report(&folder.join("report.json")), replayed.report, "seed {seed}");
        assert_eq!(text(&session.path().join("backtest.csv")), text(&session.path().join("engine.csv")));

        let again = backtest(&session, "b/deeper", &["--latency-us", "0,5000"]);
        assert_eq!(again.status.code(), output.status.code());
        let names = |dir: &Path| {
            let mut names: Vec<_> = fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name()).collect();
            names.sort();
            names
        };
        let other = session.path().join("b/deeper");
        assert_eq!(names(&folder), names(&other));
        let expected = ["backtest.json", "config.toml", "equity.parquet", "index.html", "opportunities.parquet"];
        let expected = [&expected[..], &["orders.parquet", "report.json", "trades.parquet"]].concat();
        assert_eq!(names(&folder), expected);
        for name in names(&folder) {
            let (a, b) = (fs::read(folder.join(&name)).unwrap(), fs::read(other.join(&name)).unwrap());
            assert!(a == b, "seed {seed}: {name:?} differs");
        }
        // Once more over what is there: replaced, nothing else left behind.
        backtest(&session, "a", &["--no-latency"]);
        assert_eq!(names(&folder), expected);
    }
}

#[test]
fn tables_add_up_to_the_report() {
    let session = Session::generated(7, 30, &["--trade"]);
    let output = backtest(&session, "out", &["--no-latency", "--equity-every", "500ms"]);
    assert!(matches!(output.status.code(), Some(0 | 3)), "{output:?}");
    let folder = session.path().join("out");
    let report = report(&folder.join("report.json"));
    let of = |pointer: &str| report.pointer(pointer).and_then(Value::as_u64).unwrap();

    let opportunities = table(&folder.join("opportunities.parquet"));
    assert_eq!(opportunities.num_rows() as u64, of("/opportunities/seen"));
    assert!(opportunities.num_rows() > 50, "a session worth testing with");
    let taken = texts(&opportunities, "outcome").iter().filter(|o| **o == Some("taken")).count();
    assert_eq!(taken as u64, of("/opportunities/taken"));
    let ids: Vec<u64> = counts(&opportunities, "opportunity").into_iter().flatten().collect();
    assert_eq!(ids, (1..=ids.len() as u64).collect::<Vec<_>>());

    let orders = table(&folder.join("orders.parquet"));
    assert_eq!(orders.num_rows() as u64, of("/orders/sent"));
    let states = texts(&orders, "state");
    for state in ["filled", "partly_filled", "unfilled", "rejected", "open"] {
        let count = states.iter().filter(|s| **s == Some(state)).count();
        assert_eq!(count as u64, of(&format!("/orders/{state}")), "{state}");
    }
    // Every opening order knows its opportunity and its edge, no closing one does.
    let purposes = texts(&orders, "purpose");
    for (purpose, opportunity) in purposes.iter().zip(counts(&orders, "opportunity")) {
        assert_eq!(*purpose == Some("open"), opportunity.is_some());
    }

    let trades = table(&folder.join("trades.parquet"));
    assert!(trades.num_rows() > 20, "{} fills", trades.num_rows());
    let mut filled = std::collections::BTreeMap::<u64, i128>::new();
    for (order, quantity) in counts(&trades, "order").into_iter().zip(decimals(&trades, "quantity")) {
        *filled.entry(order.unwrap()).or_default() += quantity.unwrap();
    }
    for (order, quantity) in counts(&orders, "order").into_iter().zip(decimals(&orders, "filled")) {
        assert_eq!(filled.get(&order.unwrap()).copied().unwrap_or(0), quantity.unwrap(), "order {order:?}");
    }

    let equity = table(&folder.join("equity.parquet"));
    let last = equity.num_rows() - 1;
    for (column, pointer) in [("net", "/pnl/net"), ("realised", "/pnl/realised"), ("fees", "/pnl/fees")] {
        let value = decimals(&equity, column)[last].unwrap();
        assert_eq!(value, mantissa(report.pointer(pointer).unwrap()), "{column}");
    }
    let times: Vec<u64> = counts(&equity, "at_ns").into_iter().flatten().collect();
    assert!(times.is_sorted() && times.len() >= 60, "{} points of 30 s at 500 ms", times.len());
    // Drawdown: from the best of all ticks, so at least from the best point.
    let mut best = 0;
    for (net, fall) in decimals(&equity, "net").into_iter().zip(decimals(&equity, "drawdown")) {
        best = best.max(net.unwrap());
        assert!(fall.unwrap() >= best - net.unwrap() && fall.unwrap() >= 0);
    }

    let page = text(&folder.join("index.html"));
    assert!(page.contains("<svg") && page.contains(report["decisions_hash"].as_str().unwrap()));
    for outside in ["<script", "src=", "href=", "url(", "@import"] {
        assert!(!page.contains(outside), "the page asks for {outside}");
    }
    assert!(!page.contains("Sensitivity to latency"), "--no-latency");
}

#[test]
fn a_rerun_at_the_configs_latency_is_the_session() {
    let session = Session::generated(9, 20, &["--trade"]);
    backtest(&session, "out", &["--latency-us", "100"]);
    let folder = session.path().join("out");
    let net = report(&folder.join("report.json"))["pnl"]["net"].as_str().unwrap().to_owned();
    let page = text(&folder.join("index.html"));
    let row = page.lines().find(|l| l.contains("(the config&#39;s)") || l.contains("(the config's)")).expect("its row");
    let shown: f64 =
        row.split("<td class=\"n\">").nth(2).unwrap().split('<').next().unwrap().replace(',', "").parse().unwrap();
    assert!((shown - net.parse::<f64>().unwrap()).abs() < 0.0001, "{shown} in the table, {net} in the report");
}

#[test]
fn what_is_wrong_is_said_and_nothing_is_made() {
    let session = Session::generated(4, 5, &["--trade"]);
    let run = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_crosstick"));
        let output = command.arg("backtest").args(args).current_dir(session.path()).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}: {output:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    let said = run(&["--config", "config.toml", "--out", "out", "--data", "nowhere.txt"]);
    assert!(said.contains("nowhere.txt"), "{said}");
    let said = run(&["--config", "nothing.toml", "--out", "out", "--data", "x"]);
    assert!(said.contains("nothing.toml"), "{said}");
    let said = run(&["--config", "config.toml", "--out", "out", "--data", "x", "--latency-us", "99999999999"]);
    assert!(said.contains("10000000"), "{said}");
    assert!(!session.path().join("out").exists());
    let first = session.files()[0].clone();
    fs::write(session.path().join("file"), "").unwrap();
    let said = run(&["--config", "config.toml", "--out", "file", "--data", &first]);
    assert!(said.contains("--out file"), "{said}");
}

#[test]
fn a_pipe_is_read_once_or_refused() {
    let session = Session::generated(4, 10, &["--trade"]);
    let whole = backtest(&session, "whole", &["--no-latency"]);
    assert!(matches!(whole.status.code(), Some(0 | 3)), "{whole:?}");
    let files = session.files();
    let (venue, file) = files[0].split_once('=').unwrap();
    let pipe = session.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let run = |out: &str, more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_crosstick"));
        command.args(["backtest", "--config", "config.toml", "--out", out]).args(more).arg("--data");
        command.arg(format!("{venue}=pipe")).args(&files[1..]).current_dir(session.path());
        command.output().unwrap()
    };
    // The session again at other latencies would find the pipe empty.
    let refused = run("out", &["--latency-us", "0,5000"]);
    assert_eq!(refused.status.code(), Some(2), "{refused:?}");
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(said.contains("pipe: ") && said.contains("save it to a file"), "{said}");
    assert!(!session.path().join("out").exists(), "nothing was made");
    let frames = fs::read(session.path().join(file)).unwrap();
    let feeder = thread::spawn(move || fs::OpenOptions::new().write(true).open(pipe).unwrap().write_all(&frames));
    let once = run("once", &["--no-latency"]);
    assert_eq!(once.status.code(), whole.status.code(), "{once:?}");
    feeder.join().unwrap().unwrap();
    let hash = |out: &str| report(&session.path().join(out).join("report.json"))["decisions_hash"].clone();
    assert_eq!(hash("once"), hash("whole"));
}

/// Killed while it reads from a pipe; the next one clears up.
#[test]
fn what_a_kill_left_goes_at_the_next_start() {
    let session = Session::generated(4, 5, &["--trade"]);
    let pipe = session.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let files = session.files();
    let (venue, file) = files[0].split_once('=').unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_crosstick"))
        .args(["backtest", "--config", "config.toml", "--no-latency", "--out", "out"])
        .args(["--data", &format!("{venue}=pipe")])
        .current_dir(session.path())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let frames = text(&session.path().join(file));
    let out = session.path().join("out");
    let names = || -> Vec<String> {
        let entries = fs::read_dir(&out).into_iter().flatten();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    };
    let feeder = thread::spawn(move || {
        let mut pipe = fs::OpenOptions::new().write(true).open(pipe).unwrap();
        while pipe.write_all(frames.as_bytes()).is_ok() {}
    });
    let until = Instant::now() + Duration::from_secs(60);
    while !names().iter().any(|name| out.join(name).join(".lock").exists()) && Instant::now() < until {
        thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    feeder.join().unwrap();
    let left = names();
    assert!(left.len() == 1 && left[0].starts_with(&format!(".unfinished-{}-", child.id())), "{left:?}");
    let output = backtest(&session, "out", &["--no-latency"]);
    assert!(matches!(output.status.code(), Some(0 | 3)), "{output:?}");
    assert!(names().iter().all(|name| !name.starts_with('.')), "{:?}", names());
}

/// Frames without end through a pipe, until the reader leaves.
#[test]
fn an_interrupt_ends_it_and_leaves_nothing() {
    let session = Session::generated(4, 5, &["--trade"]);
    let pipe = session.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let (venue, file) = session.files()[0].split_once('=').map(|(v, f)| (v.to_owned(), f.to_owned())).unwrap();
    let frames = text(&session.path().join(file));
    let mut child = Command::new(env!("CARGO_BIN_EXE_crosstick"))
        .args(["backtest", "--config", "config.toml", "--no-latency", "--out", "out"])
        .args(["--data", &format!("{venue}=pipe")])
        .current_dir(session.path())
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let feeder = thread::spawn(move || {
        let mut pipe = fs::OpenOptions::new().write(true).open(pipe).unwrap();
        while pipe.write_all(frames.as_bytes()).is_ok() {}
    });
    let out = session.path().join("out");
    let until = Instant::now() + Duration::from_secs(60);
    while !out.exists() && Instant::now() < until {
        thread::sleep(Duration::from_millis(20));
    }
    thread::sleep(Duration::from_millis(200));
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    let status = child.wait().unwrap();
    let mut said = String::new();
    std::io::Read::read_to_string(child.stderr.as_mut().unwrap(), &mut said).unwrap();
    assert_eq!(status.code(), Some(1), "{said}");
    assert!(said.contains("interrupted; nothing was written"), "{said}");
    assert_eq!(fs::read_dir(&out).unwrap().count(), 0, "the folder is as empty as it was");
    feeder.join().unwrap();
}
