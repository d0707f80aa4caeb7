//! Every recorded Binance file: through a replay twice, and through a served session with a journal that is verified;
//! what the two see is equal, and where they decide otherwise is printed.

use crate::run as support;

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use support::{Rig, count, report, sum};

/// The recorded files as `VENUE=FILE`, where they are: `CROSSTICK_DATA`, or a folder beside the checkout.
fn recorded() -> Option<Vec<String>> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let root = std::env::var_os("CROSSTICK_DATA").map_or(beside, PathBuf::from).join("hftbacktest");
    let mut files = Vec::new();
    for venue in ["spot", "usdm", "cm"] {
        let Ok(list) = std::fs::read_dir(root.join(venue)) else {
            eprintln!("not tested here: no recorded frames in {} (set CROSSTICK_DATA)", root.display());
            return None;
        };
        files.extend(list.map(|e| format!("{venue}={}", e.expect("an entry").path().display())));
    }
    files.sort();
    Some(files)
}

fn replay(rig: &Rig, config: &str, files: &[String], to: &str) -> Value {
    let head = ["replay", "--config", config, "--report", to];
    let done = rig.run(head.into_iter().chain(files.iter().map(String::as_str)));
    assert!(matches!(done.code, Some(0 | 3)), "{}{}", done.out, done.err);
    report(&rig.path(to))
}

/// Changes the config that a served recording comes with into one that trades: no fees, and an edge of 3 bps.
fn let_it_trade(rig: &Rig) {
    let path = rig.path("c.toml");
    let text = std::fs::read_to_string(&path).expect("a config");
    let streams = "streams = [\"trade\", \"bookTicker\"]\n";
    let with_fees = format!("{streams}fees = {{ maker_bps = \"0\", taker_bps = \"0\" }}\n");
    let text = text.replace(streams, &with_fees);
    assert!(text.contains("taker_bps") && text.contains("trade = false"), "{text}");
    let trading = "trade = true\n[strategy.spread]\nmin_edge_bps = \"3\"\nmax_lag_ms = 5000\n#";
    std::fs::write(path, text.replacen("trade = false", trading, 1)).expect("a config");
}

/// Serves the files to a run with a journal, and verifies it; the run's report, and what verifying said.
fn served(rig: &Rig, files: &[String], speed: &str) -> (Value, String) {
    let head = ["sim", "--speed", speed, "--linger", "500ms", "--write-config", "c.toml", "--replay"];
    let mut sim = rig.start(rig.command(head.into_iter().chain(files.iter().map(String::as_str))));
    sim.until("a config", |s| s.out().contains("wrote c.toml"));
    let_it_trade(rig);
    let mut command = rig.command(["run", "--config", "c.toml", "--report", "run.json"]);
    command.env("CROSSTICK_JOURNAL__DIR", rig.path("journal"));
    let mut run = rig.start(command);
    sim.finish().expect(0);
    // The venues' goodbye comes behind all data, so whoever has read it has read everything.
    run.until("every connection's end", |r| {
        let err = r.err();
        let (opened, ended) = (err.matches(" connected to ").count(), err.matches(" disconnected: closed by").count());
        opened > 0 && opened == ended
    });
    run.signal("INT");
    let done = run.finish();
    assert!(matches!(done.code, Some(0 | 3)), "{}{}", done.out, done.err);
    let verified = rig.run(["replay", "--journal", "journal", "--verify"]).expect(0);
    assert!(verified.out.contains("identical: "), "{}", verified.out);
    (report(&rig.path("run.json")), verified.out)
}

/// Both saw the same frames, to the last digit.
fn same_frames(run: &Value, replay: &Value) {
    assert_eq!(run["instruments"], replay["instruments"]);
    assert_eq!(run["ticks"], replay["ticks"]);
    for (ran, replayed) in run["feeds"].as_array().unwrap().iter().zip(replay["feeds"].as_array().unwrap()) {
        for field in ["venue", "trades", "quotes", "refused", "trade_gaps", "trade_duplicates"] {
            assert_eq!(ran[field], replayed[field], "{field} of {}", ran["venue"]);
        }
        assert_eq!(ran["refused"], json!({}));
    }
    println!("{} ticks, {} trades, both ways", run["ticks"], sum(&run["instruments"], "trades"));
}

/// What differs between a served session and a replay of the same frames, side by side.
fn differences(run: &Value, replay: &Value) {
    for field in ["opportunities", "orders", "pairs", "pnl", "decisions_hash"] {
        let word = if run[field] == replay[field] { "equal" } else { "differs" };
        println!("{field} {word}:\n  session {}\n  replay  {}", run[field], replay[field]);
    }
}

#[test]
fn every_file_twice_and_over_sockets() {
    let Some(files) = recorded() else { return };
    assert!(files.len() >= 13, "{files:?}");
    let rig = Rig::new();
    let (run, verified) = served(&rig, &files, "max");
    println!("{verified}");

    let (first, second) = (replay(&rig, "c.toml", &files, "a.json"), replay(&rig, "c.toml", &files, "b.json"));
    assert_eq!(first, second, "a replay of all of them, twice");
    assert!(count(&first["orders"]["sent"]) > 0, "something was decided: {:#}", first["orders"]);
    // Each file alone, twice.
    for file in &files {
        let one = std::slice::from_ref(file);
        let (first, second) = (replay(&rig, "c.toml", one, "a.json"), replay(&rig, "c.toml", one, "b.json"));
        assert_eq!(first, second, "{file}");
        assert!(count(&first["ticks"]) > 0, "{file}");
        let name = file.rsplit("hftbacktest/").next().unwrap_or_default();
        println!("{name}: {} ticks", first["ticks"]);
    }
    same_frames(&run, &first);
    differences(&run, &first);

    // The session's own ticks, with their receive times, in virtual time.
    let journal = replay(&rig, "c.toml", &["journal".to_owned()], "journal.json");
    assert_eq!(journal["instruments"], run["instruments"]);
    println!("the session's journal as input:");
    differences(&run, &journal);
}

/// The six files of one evening at twenty times their pace: near enough to real time that both decide much the same.
#[test]
fn an_evening_over_sockets_beside_its_replay() {
    let Some(mut files) = recorded() else { return };
    files.retain(|f| f.contains("_20240808"));
    assert_eq!(files.len(), 6, "{files:?}");
    let rig = Rig::new();
    let (run, verified) = served(&rig, &files, "20");
    println!("{verified}");
    let (first, second) = (replay(&rig, "c.toml", &files, "a.json"), replay(&rig, "c.toml", &files, "b.json"));
    assert_eq!(first, second, "twice");
    assert!(count(&first["orders"]["sent"]) > 10, "{:#}", first["orders"]);
    same_frames(&run, &first);
    differences(&run, &first);
    let journal = replay(&rig, "c.toml", &["journal".to_owned()], "journal.json");
    println!("the session's journal as input:");
    differences(&run, &journal);
}
