//! Where results go, from the outside: not over what is read, not over files of others, and over our own as ever.

use crate::support;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Output};

use support::Session;

/// In the order in which they are moved in.
const RESULTS: [&str; 8] = [
    "backtest.json",
    "config.toml",
    "equity.parquet",
    "opportunities.parquet",
    "orders.parquet",
    "report.json",
    "trades.parquet",
    "index.html",
];

fn crosstick(session: &Session, args: &[&str], data: &[String]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_crosstick"));
    command.args(args).args(data).current_dir(session.path()).output().unwrap()
}

fn backtest(session: &Session, config: &str, out: &str, data: &[String]) -> Output {
    crosstick(session, &["backtest", "--config", config, "--out", out, "--no-latency", "--data"], data)
}

/// All files of a folder and below with their bytes.
fn all(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        if entry.path().is_dir() {
            files.extend(all(&entry.path()).into_iter().map(|(below, bytes)| (format!("{name}/{below}"), bytes)));
            files.insert(name, Vec::new());
        } else {
            files.insert(name, fs::read(entry.path()).unwrap());
        }
    }
    files
}

/// Refuses with these words, and neither makes nor changes a file.
fn refused(session: &Session, run: impl FnOnce() -> Output, words: &[&str]) {
    let before = all(session.path());
    let output = run();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{words:?}: {said}");
    assert!(words.iter().all(|word| said.contains(word)), "{words:?}: {said}");
    let after = all(session.path());
    assert!(before == after, "{:?} became {:?}", before.keys(), after.keys());
}

fn went_well(output: &Output) {
    assert!(matches!(output.status.code(), Some(0 | 3)), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_backtest_does_not_write_over_what_it_reads() {
    let session = Session::generated(4, 5, &["--trade"]);
    let (path, files) = (session.path(), session.files());
    let plain = |config: &str, out: &str| backtest(&session, config, out, &files);
    refused(&session, || plain("config.toml", "."), &["config.toml", "is read", "another --out"]);
    // By whatever name it is read.
    fs::create_dir(path.join("deep")).unwrap();
    fs::hard_link(path.join("config.toml"), path.join("hard.toml")).unwrap();
    symlink("../config.toml", path.join("deep/soft.toml")).unwrap();
    for config in ["hard.toml", "deep/soft.toml", "deep/../config.toml"] {
        refused(&session, || plain(config, "deep/.."), &["config.toml", "is read", "another --out"]);
    }
    let (venue, file) = files[0].split_once('=').unwrap();
    fs::create_dir(path.join("data")).unwrap();
    fs::copy(path.join(file), path.join("data/report.json")).unwrap();
    let data = [&[format!("{venue}=data/report.json")], &files[1..]].concat();
    refused(
        &session,
        || backtest(&session, "config.toml", "data", &data),
        &["data/report.json", "is read", "another --out"],
    );
    // Nor where the user names the file.
    for read in ["config.toml", file, "hard.toml"] {
        let args =
            ["backtest", "--config", "config.toml", "--out", "new", "--no-latency", "--opportunities", read, "--data"];
        refused(&session, || crosstick(&session, &args, &files), &["--opportunities", read, "another file"]);
    }
    went_well(&plain("config.toml", "out"));
    refused(&session, || plain("out/config.toml", "out"), &["out/config.toml", "is read", "another --out"]);
    went_well(&plain("out/config.toml", "other"));
}

#[test]
fn a_backtest_does_not_write_over_files_of_others() {
    let session = Session::generated(4, 5, &["--trade"]);
    let (path, files) = (session.path(), session.files());
    let run = |out: &str| backtest(&session, "config.toml", out, &files);
    let out = path.join("out");
    fs::create_dir(&out).unwrap();
    for name in RESULTS {
        fs::write(out.join(name), "mine").unwrap();
        refused(&session, || run("out"), &[name, "another --out"]);
        fs::remove_file(out.join(name)).unwrap();
    }
    // A run's report and a link to nowhere are somebody's as well; what has another name is in nobody's way.
    fs::write(out.join("mine.csv"), "mine").unwrap();
    let replay = ["replay", "--config", "config.toml", "--report", "out/report.json"];
    went_well(&crosstick(&session, &replay, &files));
    symlink("nowhere", out.join("index.html")).unwrap();
    let said = ["out: index.html, report.json would", "no backtest.json", "move it away"];
    let before = fs::read(out.join("report.json")).unwrap();
    let output = run("out");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(2) && said.iter().all(|word| text.contains(word)), "{text}");
    assert_eq!(fs::read(out.join("report.json")).unwrap(), before);
    fs::remove_file(out.join("index.html")).unwrap();
    fs::remove_file(out.join("report.json")).unwrap();

    went_well(&run("out"));
    let whole = all(&out);
    let mut names: Vec<&str> = whole.keys().map(String::as_str).collect();
    names.retain(|name| *name != "mine.csv");
    let mut expected = RESULTS.to_vec();
    expected.sort_unstable();
    assert_eq!(names, expected);
    went_well(&run("out"));
    assert!(all(&out) == whole, "over its own results as ever");
    // A sign that is somebody else's, or of other results, is none.
    for sign in
        ["", "{}", "{\"backtest\":1}", "{\"results\":\"journal export\",\"format\":1,\"files\":[\"config.toml\"]}"]
    {
        fs::write(out.join("backtest.json"), sign).unwrap();
        refused(&session, || run("out"), &["backtest.json", "config.toml", "another --out"]);
    }
}

#[test]
fn simulated_venues_do_not_write_over_what_they_serve() {
    let session = Session::generated(4, 5, &["--trade"]);
    let files = session.files();
    let file = files[0].split_once('=').unwrap().1;
    let served = |more: &[&str]| {
        let args = ["sim", "--duration", "200ms", "--linger", "1ms"];
        crosstick(&session, &[&args, more, &["--replay"]].concat(), &files[..1])
    };
    refused(
        &session,
        || served(&["--ca", "new.pem", "--write-config", file]),
        &["--write-config", file, "another file"],
    );
    refused(&session, || served(&["--ca", file]), &["--ca", file, "another file"]);
    let sim = ["sim", "--config", "config.toml", "--ca", "new.pem", "--write-config", "config.toml"];
    refused(&session, || crosstick(&session, &sim, &[]), &["--write-config", "config.toml", "another file"]);
}

/// Killed between two of the moves: what is there then, whether of a first run or of one over earlier results.
#[test]
fn what_a_kill_left_half_moved_is_our_own() {
    let session = Session::generated(4, 5, &["--trade"]);
    let files = session.files();
    let run = |out: &str| went_well(&backtest(&session, "config.toml", out, &files));
    run("whole");
    let whole = all(&session.path().join("whole"));
    for moved in [0, 1, 2, 5, 7] {
        let out = session.path().join("half");
        fs::create_dir(&out).unwrap();
        for name in &RESULTS[..moved] {
            fs::write(out.join(name), &whole[*name]).unwrap();
        }
        run("half");
        assert!(all(&out).keys().eq(whole.keys()), "{moved} were there");
        fs::remove_dir_all(out).unwrap();
    }
}

#[test]
fn a_sweep_does_not_write_over_what_it_reads() {
    let session = Session::generated(4, 5, &["--trade"]);
    let (path, files) = (session.path(), session.files());
    let sweep = |config: &str, data: &[String]| {
        let set = "paper.latency_us=100,4000";
        crosstick(&session, &["sweep", "--config", config, "--out", "out", "--set", set, "--data"], data)
    };
    went_well(&sweep("config.toml", &files));
    let (venue, file) = files[0].split_once('=').unwrap();
    for name in ["sweep.csv", "parts.csv", "points.jsonl"] {
        fs::copy(path.join(file), path.join("out").join(name)).unwrap();
        let data = [&[format!("{venue}=out/{name}")], &files[1..]].concat();
        refused(&session, || sweep("config.toml", &data), &[&format!("out/{name}"), "is read", "another --out"]);
    }
    fs::remove_dir_all(path.join("out")).unwrap();
    went_well(&sweep("config.toml", &files));
    fs::copy(path.join("config.toml"), path.join("out/index.html")).unwrap();
    refused(&session, || sweep("out/index.html", &files), &["out/index.html", "is read", "another --out"]);
}

/// Both have a page of the same name.
#[test]
fn a_sweep_and_a_backtest_keep_apart() {
    let session = Session::generated(4, 5, &["--trade"]);
    let (path, files) = (session.path(), session.files());
    let sweep = |out: &str| {
        let args = ["sweep", "--config", "config.toml", "--out", out, "--set", "paper.latency_us=100", "--data"];
        crosstick(&session, &args, &files)
    };
    // All that a sweep leaves that was stopped at its first point.
    went_well(&sweep("swept"));
    let others = all(&path.join("swept")).into_keys().filter(|name| name != "points.jsonl");
    others.for_each(|name| fs::remove_file(path.join("swept").join(name)).unwrap());
    refused(&session, || backtest(&session, "config.toml", "swept", &files), &["points.jsonl", "another --out"]);
    went_well(&sweep("swept"));
    went_well(&backtest(&session, "config.toml", "tested", &files));
    fs::copy(path.join("swept/points.jsonl"), path.join("tested/points.jsonl")).unwrap();
    refused(&session, || sweep("tested"), &["backtest.json", "another --out"]);
    // What is read for ever is no sweep's.
    fs::create_dir(path.join("odd")).unwrap();
    assert!(Command::new("mkfifo").arg(path.join("odd/points.jsonl")).status().unwrap().success());
    let said = sweep("odd");
    let text = String::from_utf8_lossy(&said.stderr).into_owned();
    assert!(said.status.code() == Some(2) && text.contains("points.jsonl: it is no file"), "{text}");
}

#[test]
fn neither_report_nor_opportunities_are_written_over_what_is_read() {
    let session = Session::generated(4, 5, &["--trade"]);
    let (path, files) = (session.path(), session.files());
    let file = files[0].split_once('=').unwrap().1;
    symlink("config.toml", path.join("link.json")).unwrap();
    for flag in ["--report", "--opportunities"] {
        for read in ["config.toml", "link.json", file] {
            let args = ["replay", "--config", "config.toml", flag, read];
            refused(&session, || crosstick(&session, &args, &files), &[flag, read, "another file"]);
        }
        fs::write(path.join("bad.toml"), "no config").unwrap();
        let args = ["run", "--config", "bad.toml", flag, "bad.toml"];
        refused(&session, || crosstick(&session, &args, &[]), &[flag, "bad.toml", "another file"]);
        // A file that is not read is what the user says it is.
        fs::write(path.join("old.json"), "old").unwrap();
        went_well(&crosstick(&session, &["replay", "--config", "config.toml", flag, "old.json"], &files));
        assert!(fs::read_to_string(path.join("old.json")).unwrap() != "old");
    }
}
