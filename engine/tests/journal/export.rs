//! `crosstick journal export`: every record of a journal is a row, and damage is told. What the rows hold is compared with
//! `journal cat` by `engine/tests/tables`, in Python.

use crate::support;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use crosstick_engine::config::Overrides;
use crosstick_engine::journal::bundle::make;
use serde_json::Value;
use support::journalled::{drive, with};

const TABLES: [&str; 9] =
    ["ticks", "opportunities", "intents", "verdicts", "orders", "reports", "fills", "commands", "halts"];

fn crosstick(args: &[&str], folder: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_crosstick")).args(args).current_dir(folder).output().unwrap()
}

fn rows(folder: &Path, name: &str) -> u64 {
    let text = fs::read_to_string(folder.join(format!("{name}.csv"))).unwrap();
    text.lines().count() as u64 - 1
}

/// A journal in `home/journal`.
fn journal(home: &Path) -> std::path::PathBuf {
    with(&home.join("journal"), 1 << 20, &Overrides::none(), |d, s| drive(d, 30_000, s)).0
}

#[test]
fn every_record_is_a_row() {
    let home = tempfile::tempdir().unwrap();
    let dir = journal(home.path());
    let output = crosstick(&["journal", "export", "journal", "--format", "csv", "--out", "new/tables"], home.path());
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let tables = home.path().join("new/tables");
    let mut names: Vec<String> =
        fs::read_dir(&tables).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    let mut expected: Vec<String> = TABLES.iter().map(|name| format!("{name}.csv")).collect();
    expected.push("export.json".into());
    expected.sort();
    assert_eq!(names, expected, "and nothing unfinished");

    let stat = crosstick(&["journal", "stat", "journal", "--json"], home.path());
    let stat: Value = serde_json::from_slice(&stat.stdout).unwrap();
    let entries = |kind: &str| stat["entries"][kind].as_u64().unwrap_or(0);
    assert_eq!(rows(&tables, "ticks"), entries("tick"));
    assert_eq!(rows(&tables, "reports"), entries("report"));
    assert_eq!(rows(&tables, "commands"), entries("command"));
    // Decisions: an opportunity is two of them, one where it was open at the end.
    let opportunities = fs::read_to_string(tables.join("opportunities.csv")).unwrap();
    let open = opportunities.lines().skip(1).filter(|line| line.split(',').nth(6) == Some("")).count() as u64;
    let decisions = 2 * rows(&tables, "opportunities") - open
        + ["intents", "verdicts", "orders", "halts"].map(|name| rows(&tables, name)).iter().sum::<u64>();
    assert_eq!(decisions, entries("decision"));
    assert!(rows(&tables, "fills") > 20 && rows(&tables, "halts") == 2, "a session worth testing with");

    // The same out of a bundle, byte for byte.
    make(&dir, &home.path().join("session.xtb"), &mut |_| ()).unwrap();
    let output = crosstick(&["journal", "export", "session.xtb", "--format", "csv", "--out", "bundled"], home.path());
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    for name in &expected {
        assert!(fs::read(tables.join(name)).unwrap() == fs::read(home.path().join("bundled").join(name)).unwrap());
    }
}

#[test]
fn what_is_damaged_is_told_and_the_rest_is_there() {
    let home = tempfile::tempdir().unwrap();
    let dir = journal(home.path());
    crosstick(&["journal", "export", "journal", "--format", "csv", "--out", "whole"], home.path());
    let segment = dir.join("000001.seg");
    let mut bytes = fs::read(&segment).unwrap();
    let at = bytes.len() / 2;
    bytes[at] ^= 1;
    fs::write(&segment, bytes).unwrap();
    let output = crosstick(&["journal", "export", "journal", "--format", "csv", "--out", "rest"], home.path());
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("damaged: ") && said.contains("000001.seg"), "{said}");
    let (whole, rest) = (home.path().join("whole"), home.path().join("rest"));
    let (before, after) = (rows(&whole, "ticks"), rows(&rest, "ticks"));
    assert!(after < before && after > before / 10, "{after} of {before} ticks");
    let text = fs::read_to_string(rest.join("ticks.csv")).unwrap();
    let first: String = text.lines().take(500).collect();
    let whole = fs::read_to_string(whole.join("ticks.csv")).unwrap();
    assert_eq!(first, whole.lines().take(500).collect::<String>());
}

#[test]
fn mistakes_are_named() {
    let home = tempfile::tempdir().unwrap();
    journal(home.path());
    fs::write(home.path().join("file"), "").unwrap();
    for (args, code, word) in [
        (["nowhere", "--format", "csv", "--out", "x"], 2, "nowhere"),
        (["journal", "--format", "xlsx", "--out", "x"], 2, "parquet"),
        (["journal", "--format", "csv", "--out", "file"], 2, "--out file"),
    ] {
        let output = crosstick(&[&["journal", "export"][..], &args].concat(), home.path());
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {said}");
        assert!(said.contains(word), "{args:?}: {said}");
        assert!(!home.path().join("x").exists());
    }
}

#[test]
fn files_of_others_are_not_written_over() {
    let home = tempfile::tempdir().unwrap();
    let dir = journal(home.path());
    let export = |from: &str, format: &str| {
        crosstick(&["journal", "export", from, "--format", format, "--out", "out"], home.path())
    };
    let refused = |from: &str, format: &str, words: &[&str]| {
        let output = export(from, format);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(words.iter().all(|word| said.contains(word)), "{words:?}: {said}");
    };
    let out = home.path().join("out");
    fs::create_dir(&out).unwrap();
    let mine = |name: &str| fs::write(out.join(name), "mine").unwrap();
    let is_mine = |name: &str| fs::read(out.join(name)).unwrap() == b"mine";
    mine("ticks.csv");
    refused("journal", "csv", &["ticks.csv", "no export.json", "another --out"]);
    assert!(is_mine("ticks.csv") && fs::read_dir(&out).unwrap().count() == 1);
    // What has another name is in nobody's way, until it is.
    assert_eq!(export("journal", "parquet").status.code(), Some(0));
    assert_eq!(export("journal", "parquet").status.code(), Some(0), "over its own results as ever");
    refused("journal", "csv", &["ticks.csv", "another --out"]);
    assert!(is_mine("ticks.csv"));
    fs::remove_file(out.join("ticks.csv")).unwrap();
    for format in ["csv", "parquet", "csv"] {
        assert_eq!(export("journal", format).status.code(), Some(0), "one beside the other");
    }
    // A bundle that bears the name of a table.
    make(&dir, &out.join("halts.arrow"), &mut |_| ()).unwrap();
    let bundle = fs::read(out.join("halts.arrow")).unwrap();
    refused("out/halts.arrow", "arrow", &["out/halts.arrow", "is read", "another --out"]);
    assert_eq!(fs::read(out.join("halts.arrow")).unwrap(), bundle);
}
