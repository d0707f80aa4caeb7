//! `crosstick replay` without a config, against a count that uses nothing but Python's json and decimal modules: every
//! trade and quote, every off-market print, the exact sums; nothing refused, nothing missing.

use crate::support;

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::{Value, json};
use support::{Replayed, Session, good, recorded_files, recordings, replay, script};

/// Of one symbol: trades, off-market, quotes, quantity, notional.
type Counts = BTreeMap<String, Value>;

fn counted(files: &[PathBuf]) -> Vec<Value> {
    let text = good(script("counts.py").arg("--json").args(files));
    serde_json::from_str(&text).unwrap()
}

/// Counts the files in two halves at once: Python is slow.
fn counted_in_halves(files: &[PathBuf]) -> Vec<Value> {
    let (first, second) = files.split_at(files.len() / 2);
    std::thread::scope(|scope| {
        let first = scope.spawn(|| counted(first));
        let second = counted(second);
        first.join().unwrap().into_iter().chain(second).collect()
    })
}

fn row(trades: u64, of: &Value) -> Value {
    json!([trades, of["off_market"], of["quotes"], of["quantity"], of["notional"]])
}

fn oracle_rows(count: &Value) -> Counts {
    let symbols = count["symbols"].as_object().unwrap().iter();
    let trades = |s: &Value| s["trades"].as_u64().unwrap() + s["agg_trades"].as_u64().unwrap();
    symbols.map(|(name, s)| (name.clone(), row(trades(s), s))).collect()
}

fn engine_rows(replayed: &Replayed, venue: &str) -> Counts {
    let instruments = replayed.report["instruments"].as_array().unwrap().iter();
    let ours = instruments.filter(|i| i["venue"] == venue);
    ours.map(|i| (i["symbol"].as_str().unwrap().to_owned(), row(i["trades"].as_u64().unwrap(), i))).collect()
}

/// Compares feed number `feed` of a replay with the count of its file; returns per mille that the fast path took.
fn compare(replayed: &Replayed, feed: usize, count: &Value) -> u64 {
    let of_feed = |field: &str| replayed.count(&format!("/feeds/{feed}/{field}"));
    let venue = replayed.report["feeds"][feed]["venue"].as_str().unwrap();
    let file = &count["file"];
    assert_eq!(engine_rows(replayed, venue), oracle_rows(count), "{file}");
    assert_eq!(count["malformed"], 0, "{file}: Python reads all of it");
    assert_eq!(replayed.report["feeds"][feed]["refused"], json!({}), "{file}");
    assert_eq!(of_feed("frames"), count["lines"], "{file}");
    assert_eq!(of_feed("other"), count["other"], "{file}");
    assert_eq!(of_feed("trade_gaps"), 0, "{file}");
    assert_eq!(of_feed("trade_duplicates"), 0, "{file}");
    let (ticks, fast) = (of_feed("trades") + of_feed("quotes"), of_feed("fast_path"));
    assert!(ticks > 0, "{file}");
    println!("{file}: {ticks} ticks, {fast} of them by the fast path");
    fast * 1_000 / ticks
}

#[test]
fn recordings_count_as_in_python() {
    let Some(data) = recordings() else { return };
    let files = recorded_files(&data);
    assert!(files.len() >= 13, "{files:?}");
    let counts = counted_in_halves(&files);
    let folder = tempfile::tempdir().unwrap();
    let mut off_market = 0;
    for (file, count) in files.iter().zip(&counts) {
        let replayed = replay(folder.path(), [file]);
        let per_mille = compare(&replayed, 0, count);
        assert!(per_mille >= 999, "{}: the fast path took {per_mille} of 1000", file.display());
        assert_eq!(replayed.count("/ticks"), replayed.count("/feeds/0/trades") + replayed.count("/feeds/0/quotes"));
        off_market +=
            count["symbols"].as_object().unwrap().values().map(|s| s["off_market"].as_u64().unwrap()).sum::<u64>();
    }
    assert!(off_market > 0, "none of it would show whether off-market trades are counted");

    // All at once, merged: each file is still counted for itself.
    let together = replay(folder.path(), &files);
    for (feed, count) in counts.iter().enumerate() {
        compare(&together, feed, count);
    }
}

#[test]
fn generated_sessions_count_as_in_python() {
    for seed in [1, 2] {
        let session = Session::generated(seed, 20, &[]);
        let files: Vec<PathBuf> = session.files().iter().map(|f| f.split_once('=').unwrap().1.into()).collect();
        let counts = counted(&files);
        let seen = |what: &str| -> u64 {
            let symbols = counts.iter().flat_map(|c| c["symbols"].as_object().unwrap().values());
            symbols.map(|s| s[what].as_u64().unwrap()).sum()
        };
        assert!(seen("off_market") > 0 && seen("agg_trades") > 0 && seen("trades") > 0, "{counts:#?}");
        for (file, count) in files.iter().zip(&counts) {
            compare(&replay(session.path(), [file]), 0, count);
        }
    }
}

/// Ids 5 6 9 9 8 10: 7 never came, 9 came twice, 8 came late. All of them are trades.
#[test]
fn missing_repeated_and_late_trades_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let trade = |(at, id): (u64, u64)| {
        format!(
            "{at} {{\"stream\":\"btcusdt@trade\",\"data\":{{\"e\":\"trade\",\"E\":1700000000000,\"s\":\"BTCUSDT\",\
             \"t\":{id},\"p\":\"64000.10000000\",\"q\":\"0.00001000\",\"T\":1700000000000,\"m\":true,\"M\":true}}}}\n"
        )
    };
    let text: String = (1_700_000_000_000_000_000..).zip([5, 6, 9, 9, 8, 10]).map(trade).collect();
    std::fs::write(folder.path().join("spot.txt"), text).unwrap();
    let replayed = replay(folder.path(), ["spot.txt"]);
    assert_eq!(replayed.count("/feeds/0/trades"), 6);
    assert_eq!(replayed.count("/feeds/0/trade_gaps"), 1);
    assert_eq!(replayed.count("/feeds/0/trade_duplicates"), 1);
    assert_eq!(replayed.report["instruments"][0]["quantity"], "0.00006");
    assert_eq!(replayed.report["instruments"][0]["notional"], "3.840006");
}
