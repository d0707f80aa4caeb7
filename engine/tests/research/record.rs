//! `crosstick record`: what a venue sent over TLS is in the folder, frame by frame, and replay, a venue that serves it
//! and a journal of a run on it all read the same; a kill, a full disk and a damaged tail lose no more than is said.

use crate::run as support;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crosstick_engine::config::{Config, Overrides, universe};
use crosstick_engine::data::{Data, Source};
use crosstick_model::TickKind;
use serde_json::{Value, json};
use support::{Rig, Running, count, report, sum};

/// A trade, a quote and a book a step.
fn recording(spot: bool, symbol: &str, steps: u64) -> String {
    let mut text = String::new();
    let stream = symbol.to_lowercase();
    for i in 0..steps {
        let recv_us = 1_723_161_256_000_000 + i * 250;
        let (ms, id, price) = (recv_us / 1000, i + 1, 60_000 + i % 997);
        let (trade, quote) = if spot {
            (
                format!(
                    r#"{{"e":"trade","E":{ms},"s":"{symbol}","t":{id},"p":"{price}.5","q":"0.1","T":{ms},"m":true,"M":true}}"#
                ),
                format!(r#"{{"u":{id},"s":"{symbol}","b":"{price}.1","B":"1.5","a":"{price}.6","A":"0.25000000"}}"#),
            )
        } else {
            (
                format!(
                    r#"{{"e":"trade","E":{ms},"T":{ms},"s":"{symbol}","t":{id},"p":"{price}.5","q":"3","X":"MARKET","m":false}}"#
                ),
                format!(
                    r#"{{"e":"bookTicker","u":{id},"s":"{symbol}","b":"{price}.1","B":"15","a":"{price}.6","A":"25","T":{ms},"E":{ms}}}"#
                ),
            )
        };
        let _ = writeln!(text, r#"{recv_us} {{"stream":"{stream}@trade","data":{trade}}}"#);
        let _ = writeln!(text, r#"{recv_us} {{"stream":"{stream}@bookTicker","data":{quote}}}"#);
        let book = format!(r#"{{"e":"depthUpdate","E":{ms},"s":"{symbol}","U":1,"u":2,"b":[],"a":[]}}"#);
        let _ = writeln!(text, r#"{recv_us} {{"stream":"{stream}@depth","data":{book}}}"#);
    }
    text
}

/// Two venues, three recordings; returns the arguments that name them.
fn files(rig: &Rig, steps: u64) -> Vec<String> {
    let all = [("spot", true, "BTCUSDT"), ("spot", true, "ETHUSDT"), ("usdm", false, "BTCUSDT")];
    let write = |(venue, spot, symbol): (&str, bool, &str)| {
        let name = format!("{venue}-{symbol}.txt");
        rig.write(&name, recording(spot, symbol, steps));
        format!("{venue}={name}")
    };
    all.into_iter().map(write).collect()
}

/// Serves recordings until it is dropped or their end; the config is `c.toml`.
fn serve(rig: &Rig, flags: &[&str], files: &[&str]) -> Running {
    let arguments = ["sim", "--linger", "500ms", "--write-config", "c.toml"];
    let all = arguments.iter().chain(flags).chain(&["--replay"]).chain(files);
    let mut sim = rig.start(rig.command(all.copied()));
    sim.until("a config", |s| s.out().contains("wrote c.toml"));
    sim
}

/// Waits until every connection that was opened has ended: all that was sent has been read.
fn until_goodbye(running: &mut Running) {
    running.until("every connection's end", |r| {
        let err = r.err();
        let (opened, ended) = (err.matches(" connected to ").count(), err.matches(" disconnected: closed by").count());
        opened > 0 && opened == ended
    });
}

/// Records a served set of files to its end into `rec`.
fn record(rig: &Rig, files: &[String], flags: &[&str]) -> support::Finished {
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    let sim = serve(rig, &["--speed", "max"], &files);
    let all = ["record", "--config", "c.toml", "--out", "rec"];
    let mut recording = rig.start(rig.command(all.iter().chain(flags).copied()));
    sim.finish().expect(0);
    until_goodbye(&mut recording);
    recording.signal("INT");
    recording.finish().expect(0)
}

/// The lines of a line's files: receive time and frame.
fn lines(dir: &Path, front: &str) -> Vec<(u64, String)> {
    let mut parts: Vec<PathBuf> = fs::read_dir(dir).unwrap().map(|e| e.unwrap().path()).collect();
    parts.retain(|p| p.file_name().unwrap().to_string_lossy().starts_with(front));
    parts.retain(|p| p.to_string_lossy().ends_with(".txt.zst"));
    parts.sort();
    let text: String = parts
        .iter()
        .map(|part| String::from_utf8(zstd::decode_all(fs::File::open(part).unwrap()).unwrap()).unwrap())
        .collect();
    let split = |line: &str| {
        let (at, frame) = line.split_once(' ').unwrap();
        assert_eq!(at.len(), 19, "{line}");
        (at.parse().unwrap(), frame.to_owned())
    };
    text.lines().map(split).collect()
}

fn replay(rig: &Rig, arguments: &[&str], to: &str) -> Value {
    let all = ["replay", "--report", to];
    rig.run(all.iter().chain(arguments).copied()).expect(0);
    report(&rig.path(to))
}

#[test]
fn what_was_sent_is_recorded_frame_by_frame_and_replays_alike() {
    let rig = Rig::new();
    let files = files(&rig, 5_000);
    let done = record(&rig, &files, &[]);
    assert!(done.out.contains("frames written"), "{}", done.out);

    // What was subscribed, as it was sent, each stream in its order.
    for (venue, names) in [("spot", &["spot-BTCUSDT.txt", "spot-ETHUSDT.txt"][..]), ("usdm", &["usdm-BTCUSDT.txt"])] {
        let recorded = lines(&rig.path("rec"), &format!("{venue}.0."));
        assert!(recorded.is_sorted_by_key(|(at, _)| *at), "{venue}: receive times");
        let own = |frame: &str| frame.starts_with(r#"{"crosstick":"#);
        let states: Vec<&str> = recorded.iter().map(|(_, f)| f.as_str()).filter(|f| own(f)).collect();
        assert_eq!(states[..2], [r#"{"crosstick":"line down"}"#, r#"{"crosstick":"line live"}"#], "{venue}");
        let mut by_stream: BTreeMap<String, (Vec<&str>, Vec<String>)> = BTreeMap::new();
        let stream = |frame: &str| frame.split('"').nth(3).unwrap_or_default().to_owned();
        for (_, frame) in recorded.iter().filter(|(_, f)| f.starts_with(r#"{"stream""#)) {
            by_stream.entry(stream(frame)).or_default().0.push(frame);
        }
        for name in names {
            for line in fs::read_to_string(rig.path(name)).unwrap().lines() {
                let frame = line.split_once(' ').unwrap().1;
                if !frame.contains("@depth") {
                    by_stream.entry(stream(frame)).or_default().1.push(frame.to_owned());
                }
            }
        }
        assert_eq!(by_stream.len(), 2 * names.len(), "{venue}: {:?}", by_stream.keys());
        for (stream, (recorded, sent)) in by_stream {
            assert_eq!(recorded, sent, "{venue} {stream}");
        }
    }

    let again = replay(&rig, &["--config", "c.toml", "rec"], "again.json");
    let straight: Vec<&str> = ["--config", "c.toml"].into_iter().chain(files.iter().map(String::as_str)).collect();
    let straight = replay(&rig, &straight, "straight.json");
    assert_eq!(again["instruments"], straight["instruments"]);
    assert_eq!(sum(&again["feeds"], "trades") + sum(&again["feeds"], "quotes"), 30_000);
    assert!(again["feeds"].as_array().unwrap().iter().all(|f| f["refused"] == json!({})));
    let end = report(&rig.path("rec/end.json"));
    assert_eq!(sum(&end["lines"], "frames"), sum(&again["feeds"], "frames"), "{end:#}");
    assert_eq!(end["ended"], "signal");
    // The config and the facts are in the folder: nothing else is needed. Without them steps would be the finest.
    let about = report(&rig.path("rec/recording.json"));
    fs::write(rig.path("kept.toml"), about["config"].as_str().unwrap()).unwrap();
    let kept = replay(&rig, &["--config", "kept.toml", "rec"], "kept.json");
    assert_eq!(kept["decisions_hash"], again["decisions_hash"]);
    // And without a config: a venue each, its protocol known.
    let watched = replay(&rig, &["rec"], "watched.json");
    assert_eq!(watched["ticks"], again["ticks"]);
    // One venue of it.
    let one = replay(&rig, &["--config", "c.toml", "usdm=rec"], "one.json");
    assert_eq!(count(&one["ticks"]), 10_000);
    rig.run(["replay", "--config", "c.toml", "nobody=rec"]).fails(2, &["no venue nobody in it", "spot, usdm"]);
    // The index leads to every zstd frame.
    let (mut blocks, mut frames) = (0, 0);
    for venue in ["spot", "usdm"] {
        let data = fs::read(rig.path("rec").join(format!("{venue}.0.000000.txt.zst"))).unwrap();
        let index = fs::read_to_string(rig.path("rec").join(format!("{venue}.0.000000.idx.csv"))).unwrap();
        assert!(index.starts_with("offset,bytes,frames,first_ns,last_ns\n"));
        for line in index.lines().skip(1) {
            let n: Vec<u64> = line.split(',').map(|n| n.parse().unwrap()).collect();
            let block = &data[n[0] as usize..(n[0] + n[1]) as usize];
            let text = String::from_utf8(zstd::decode_all(block).unwrap()).unwrap();
            assert_eq!(text.lines().count() as u64, n[2]);
            assert!(text.starts_with(&n[3].to_string()) && text.lines().last().unwrap().starts_with(&n[4].to_string()));
            blocks += 1;
            frames += n[2];
        }
    }
    assert!(blocks >= 2 && frames >= 30_000, "{blocks} blocks, {frames} frames");

    // Served again from the folder: a run on it sees the same, and its journal is input as well.
    let sim = serve(&rig, &["--speed", "max"], &["rec"]);
    let mut command = rig.command(["run", "--config", "c.toml", "--report", "run.json"]);
    command.env("CROSSTICK_JOURNAL__DIR", rig.path("journal"));
    let mut run = rig.start(command);
    sim.finish().expect(0);
    until_goodbye(&mut run);
    run.signal("INT");
    run.finish().expect(0);
    let run = report(&rig.path("run.json"));
    assert_eq!(run["instruments"], straight["instruments"]);
    let journal = replay(&rig, &["--config", "c.toml", "journal"], "journal.json");
    assert_eq!(journal["instruments"], straight["instruments"]);
    assert_eq!(journal["ticks"], run["ticks"]);
    rig.run(["bundle", "journal", "session.xtb"]).expect(0);
    let bundle = replay(&rig, &["--config", "c.toml", "session.xtb"], "bundle.json");
    assert_eq!(bundle["decisions_hash"], journal["decisions_hash"]);
    let unknown = replay(&rig, &["journal"], "unknown.json");
    assert_eq!(unknown["ticks"], run["ticks"]);
}

/// A config that leaves the instruments to the venue: what it said is in the folder, and replay takes it from there.
#[test]
fn what_venues_say_of_instruments_is_kept() {
    let rig = Rig::new();
    rig.write("a.txt", recording(true, "BTCUSDT", 1_000));
    let sim = serve(&rig, &["--speed", "max"], &["spot=a.txt"]);
    let text = fs::read_to_string(rig.path("c.toml")).unwrap();
    let blocks: Vec<&str> = text.split("\n\n").filter(|block| !block.starts_with("[[instrument]]")).collect();
    assert_eq!(blocks.len(), 3, "a head, a venue, a strategy: {text}");
    let text = blocks.join("\n\n");
    // The venue has one instrument alone, so there is no market.
    rig.write("bare.toml", format!("{text}\n\n[[instrument]]\nvenue = \"spot\"\nsymbol = \"BTCUSDT\"\n"));
    let mut recording = rig.start(rig.command(["record", "--config", "bare.toml", "--out", "rec"]));
    sim.finish().expect(0);
    until_goodbye(&mut recording);
    recording.signal("INT");
    recording.finish().expect(0);
    let about = report(&rig.path("rec/recording.json"));
    let symbol = &about["facts"]["spot"]["symbols"][0];
    assert_eq!((&symbol["symbol"], &symbol["price_step"]), (&json!("BTCUSDT"), &json!("0.1")), "{about:#}");
    let config = Config::load(Some(&rig.path("bare.toml")), &Overrides::none()).unwrap();
    let source = Source::parse(&rig.path("rec").display().to_string());
    let facts = Data::facts(&config, std::slice::from_ref(&source)).unwrap();
    // Complete: a build that takes nothing for granted is content.
    let (universe, _) = universe::build(&config, &facts, universe::Unknown::Refused).expect("all is known");
    assert_eq!(universe.instruments[0].price_step, 1, "at a scale of one decimal");
    let mut data = Data::open(&config, &universe, &[source]).unwrap();
    let (mut ticks, mut states) = (0, Vec::new());
    while let Some(tick) = data.next_tick().unwrap() {
        if tick.kind == TickKind::Line { states.push(tick.values[1]) } else { ticks += 1 }
    }
    assert_eq!(ticks, 2_000, "a trade and a quote a step");
    assert_eq!(states, [0, 1, 0], "the line is down, then live, then gone with its venue");
}

#[test]
fn files_roll_and_read_as_one() {
    let rig = Rig::new();
    let files = files(&rig, 2_000);
    let args: Vec<&str> = files.iter().map(String::as_str).collect();
    // Half a second recorded, served over five.
    let sim = serve(&rig, &["--speed", "0.1"], &args);
    let arguments = ["record", "--config", "c.toml", "--out", "rec", "--roll-every", "1s", "--duration", "1m"];
    let mut recording = rig.start(rig.command(arguments));
    sim.finish().expect(0);
    until_goodbye(&mut recording);
    recording.signal("TERM");
    recording.finish().expect(0);
    let end = report(&rig.path("rec/end.json"));
    assert!(sum(&end["lines"], "files") >= 4, "{end:#}");
    let again = replay(&rig, &["--config", "c.toml", "rec"], "again.json");
    assert_eq!(count(&again["ticks"]), 12_000);
    assert_eq!(sum(&again["feeds"], "frames"), sum(&end["lines"], "frames"));
    // A file in the middle gone is a gap, and said.
    fs::remove_file(rig.path("rec/spot.0.000001.txt.zst")).unwrap();
    rig.run(["replay", "--config", "c.toml", "rec"]).fails(2, &["spot.0.000001.txt.zst is missing"]);
}

/// Blocks that an index lists.
fn blocks(dir: &Path, part: &str) -> usize {
    fs::read_to_string(dir.join(format!("{part}.idx.csv"))).map_or(0, |t| t.lines().count().saturating_sub(1))
}

#[test]
fn a_killed_recording_reads_up_to_its_last_whole_block() {
    let rig = Rig::new();
    rig.write("a.txt", recording(true, "BTCUSDT", 2_000));
    let sim = serve(&rig, &["--loop"], &["spot=a.txt"]);
    let mut recording = rig.start(rig.command(["record", "--config", "c.toml", "--out", "rec"]));
    recording.until("three blocks", |_| blocks(&rig.path("rec"), "spot.0.000000") >= 3);
    recording.signal("KILL");
    assert_eq!(recording.finish().code, None);
    let mut sim = sim;
    sim.signal("INT");
    sim.until("its end", |s| s.is_over() || s.out().contains("spot: "));
    assert!(!rig.path("rec/end.json").exists());

    let whole = replay(&rig, &["--config", "c.toml", "rec"], "whole.json");
    assert!(count(&whole["ticks"]) > 1_000, "{whole:#}");
    // A write that a crash cut short, of both files.
    let append = |name: &str, bytes: &[u8]| {
        fs::OpenOptions::new().append(true).open(rig.path("rec").join(name)).unwrap().write_all(bytes).unwrap();
    };
    append("spot.0.000000.txt.zst", &[0x28, 0xB5, 0x2F, 0xFD, 0x04, 0x58]);
    append("spot.0.000000.idx.csv", b"99999999,12");
    let torn = replay(&rig, &["--config", "c.toml", "rec"], "torn.json");
    assert_eq!(torn["ticks"], whole["ticks"]);
    assert_eq!(torn["decisions_hash"], whole["decisions_hash"]);
    for more in [&[][..], &["--config", "c.toml"]] {
        let told = rig.run(["replay", "rec"].iter().chain(more).copied()).expect(0);
        assert!(told.out.contains("6 bytes were not finished when the recording broke off; left out"), "{}", told.out);
    }
    // A venue serves what is whole, too.
    let sim = serve(&rig, &["--duration", "20s"], &["rec"]);
    assert!(sim.out().contains("spot: binance-spot at wss://"), "{}", sim.out());
    sim.signal("INT");
    sim.finish().expect(0);
}

/// A small disk of its own in a mount namespace of its own; what fits is read afterwards.
#[test]
fn a_full_disk_ends_the_recording_and_loses_nothing_before_it() {
    let rig = Rig::new();
    rig.write("a.txt", recording(true, "BTCUSDT", 20_000));
    let _sim = serve(&rig, &["--loop", "--speed", "max"], &["spot=a.txt"]);
    fs::create_dir(rig.path("small")).unwrap();
    let script = r#"mount -t tmpfs -o size=300k none small || exit 77
        "$1" record --config c.toml --out small/rec --duration 60s; echo "record ended with $?"
        "$1" replay --config c.toml small/rec --report full.json || exit 1
        "$1" replay small/rec"#;
    let inner = rig.command(["record"]);
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--mount", "sh", "-c", script, "sh"]);
    command.arg(inner.get_program()).current_dir(rig.path("."));
    for (name, value) in inner.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    let done = rig.start(command).finish();
    if done.err.contains("unshare:") || done.code == Some(77) {
        eprintln!("not tested here, no mount namespace: {}", done.err);
        return;
    }
    let done = done.expect(0);
    assert!(done.out.contains("record ended with 1"), "{}\n{}", done.out, done.err);
    assert!(done.err.contains("cannot write small/rec/spot.0.000000.txt.zst"), "{}", done.err);
    assert!(done.err.contains("what was written before can be read"), "{}", done.err);
    let full = report(&rig.path("full.json"));
    assert!(count(&full["ticks"]) > 1_000, "{full:#}");
}

#[test]
fn what_keeps_a_recording_from_beginning_is_named() {
    let rig = Rig::new();
    rig.write("a.txt", recording(true, "BTCUSDT", 10));
    let _sim = serve(&rig, &["--loop"], &["spot=a.txt"]);
    let args = |out: &'static str| ["record", "--config", "c.toml", "--out", out];
    fs::create_dir(rig.path("full")).unwrap();
    fs::write(rig.path("full/x"), "").unwrap();
    rig.run(args("full")).fails(2, &["--out full: is not empty"]);
    rig.run(args("a.txt")).fails(2, &["--out a.txt"]);
    rig.run(args("a.txt/x")).fails(2, &["--out a.txt/x"]);
    rig.run(["record", "--config", "none.toml", "--out", "x"]).fails(2, &["none.toml"]);
    assert!(!rig.path("x").exists());
    let done = rig.run(args("rec").into_iter().chain(["--duration", "300ms"])).expect(0);
    assert!(done.out.contains("recording into rec; Ctrl-C ends it"), "{}", done.out);
    let path = rig.path("rec/recording.json");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replacen("\"format\": 1", "\"format\": 9", 1)).unwrap();
    rig.run(["replay", "--config", "c.toml", "rec"]).fails(2, &["format 9; this build reads format 1"]);
}
