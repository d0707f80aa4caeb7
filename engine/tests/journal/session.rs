//! A session over sockets against venues in another process that drop, stall, lose, double and garble what they send,
//! with several readers and a journal: run again from that alone it is identical, any changed byte is found, and one
//! that was changed with its checksum is the first difference.
//!
//! `CROSSTICK_SESSION_S=600` makes it ten minutes long and prints what came of it (`-- --nocapture`).

use crate::run as support;

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crosstick_engine::config::DEMO;
use crosstick_engine::journal::entry::kind;
use crosstick_engine::journal::verify::{Verified, verify};
use crosstick_ipc::journal::format::{HEADER_BYTES, SegmentHeader, Sums, record_bytes, segment_name};
use support::{Rig, Running, count, report, sum};

/// Seconds of the session; at least 18, so that every fault has its turn.
fn seconds() -> u64 {
    std::env::var("CROSSTICK_SESSION_S").map_or(20, |s| s.parse().expect("CROSSTICK_SESSION_S: whole seconds"))
}

const VENUES: [&str; 3] = ["alpha", "beta", "gamma"];

/// Venue, kind, when it begins first, and what the kind needs; each comes again every two minutes, so that
/// lines have time to count as healthy in between (a minute, after which waits between tries begin anew).
const FAULTS: [(&str, &str, u64, &str); 9] = [
    ("alpha", "garbage", 3_000, "scope = \"stream\"\nlayer = \"payload\"\ncount = 3"),
    ("beta", "gap", 3_500, "stream = \"btcusdt@trade\"\ncount = 5"),
    ("gamma", "stall", 4_500, "scope = \"stream\"\nfor_ms = 1500"),
    ("alpha", "drop", 6_000, "scope = \"stream\""),
    ("beta", "duplicate", 7_000, "stream = \"btcusdt@trade\"\ncount = 5"),
    ("beta", "garbage", 8_000, "scope = \"stream\"\nlayer = \"frame\"\ncount = 1"),
    ("gamma", "reorder", 9_500, "scope = \"stream\"\ncount = 5\ndelay_ms = 200"),
    ("gamma", "cut", 11_000, "scope = \"stream\"\ncount = 1"),
    ("alpha", "refuse", 13_000, "for_ms = 1000"),
];

fn sim_config() -> String {
    let mut text = "[sim]\nseed = 11\nflow = \"demo\"\nca = \"ca.pem\"\ncontrol = 0\n".to_owned();
    for venue in VENUES {
        text += &format!("\n[[venue]]\nname = {venue:?}\nport = 0\n");
    }
    for (venue, kind, at_ms, needs) in FAULTS {
        text +=
            &format!("\n[[fault]]\nvenue = {venue:?}\nkind = {kind:?}\nat_ms = {at_ms}\nevery_ms = 120000\n{needs}\n");
    }
    text
}

/// Starts the venues; returns them with a config for them and the address of their control API.
fn venues(rig: &Rig) -> (Running, String, String) {
    rig.write("sim.toml", sim_config());
    let mut sim = rig.start(rig.command(["sim", "--config", "sim.toml"]));
    sim.until("addresses", |s| s.out().contains("clients must trust"));
    let out = sim.out();
    let mut config = DEMO.to_owned();
    for venue in VENUES {
        let line =
            out.lines().find(|l| l.starts_with(&format!("{venue}: ")) && l.contains(" at wss:")).expect("a line");
        let (_, urls) = line.split_once(" at ").expect("addresses");
        let (stream, rest) = urls.split_once(" and ").expect("two addresses");
        let from = "stream_url = \"wss://localhost:0\"\nrest_url = \"https://localhost:0\"";
        let to = format!(
            "stream_url = {stream:?}\nrest_url = {rest:?}\ntls_ca = {:?}",
            rig.path("ca.pem").display().to_string()
        );
        // They stand in the same order in both.
        config = config.replacen(from, &to, 1);
    }
    assert!(!config.contains("localhost:0"), "{config}");
    config += "\n[journal]\ndir = \"journal\"\nsegment_kib = 256\n";
    let cpus = std::thread::available_parallelism().map_or(1, usize::from);
    if cpus > 1 {
        config += "\n[threads]\nreaders = { cpus = [0, 1], wait = \"park\" }\n";
    }
    let control = out.split_once("control API at http://").expect("a control API").1;
    let control = control.split([':', '/']).take(2).collect::<Vec<_>>().join(":");
    (sim, config, control)
}

/// One request to the control API; the answer's text.
fn control(address: &str, request: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("the control API");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a time-out");
    let length = body.len();
    write!(
        stream,
        "{request} HTTP/1.1\r\nHost: {address}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
    .expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}

fn check(dir: &Path) -> Verified {
    verify(dir, &mut |_| ()).expect("a session")
}

/// Every segment's file with its bytes.
fn segments(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let paths = (0..).map(|n| dir.join(segment_name(n))).take_while(|p| p.exists());
    paths.map(|p| (p.clone(), fs::read(&p).expect("readable"))).collect()
}

/// A record: its number, its kind, and where it begins in its segment's bytes.
type Place = (u64, u8, usize);

/// The records of a segment, found by their lengths alone.
fn records(bytes: &[u8]) -> Vec<Place> {
    let header = SegmentHeader::from_bytes(bytes).expect("a header");
    let (mut at, mut seq, mut list) = (HEADER_BYTES, header.first_seq, Vec::new());
    while at + 8 <= bytes.len() && bytes[at + 6] != 0 {
        list.push((seq, bytes[at + 6], at));
        at += record_bytes(usize::from(u16::from_le_bytes([bytes[at + 4], bytes[at + 5]])));
        seq += 1;
    }
    list
}

/// Ticks right before the begin of an opportunity: their prices are in a decision.
fn quotes_that_decide(bytes: &[u8]) -> Vec<Place> {
    let begins = |(_, k, at): Place| k == kind::DECISION && bytes[at + 8] == 1;
    let quote = |(_, k, at): Place| k == kind::TICK && bytes[at + 8 + 54] == 0;
    records(bytes).windows(2).filter(|w| quote(w[0]) && begins(w[1])).map(|w| w[0]).collect()
}

/// Runs the session and returns its folder and the run's decisions' hash.
fn session(rig: &Rig, seconds: u64) -> (PathBuf, String) {
    let (sim, config, control_api) = venues(rig);
    rig.write("engine.toml", config);
    let duration = format!("{seconds}s");
    let arguments = ["run", "--config", "engine.toml", "--duration", &duration, "--report", "r.json"];
    let mut run = rig.start(rig.command(arguments));
    let started = Instant::now();
    let until = |run: &mut Running, s: f64| {
        while started.elapsed().as_secs_f64() < s {
            assert!(!run.is_over(), "{}\n{}", run.out(), run.err());
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    // In the middle an operator halts and resumes, and more goes wrong than was planned.
    until(&mut run, seconds as f64 * 0.75);
    rig.run(["halt", "--config", "engine.toml", "--reason", "a look"]).expect(0);
    let body = r#"{"venue": "beta", "kind": "stall", "scope": "stream", "for_ms": 700}"#;
    let answer = control(&control_api, "POST /faults", body);
    assert!(answer.starts_with("HTTP/1.1 20"), "{answer}");
    rig.run(["resume", "--config", "engine.toml", "--reason", "looked"]).expect(0);
    until(&mut run, seconds as f64 - 2.0);
    let hits = control(&control_api, "GET /faults", "");
    let done = run.finish().expect(0);
    drop(sim);

    let report = report(&rig.path("r.json"));
    let feeds = &report["feeds"];
    let refused: u64 = feeds
        .as_array()
        .expect("rows")
        .iter()
        .flat_map(|f| f["refused"].as_object().expect("counts").values())
        .map(count)
        .sum();
    let (connects, gaps) = (sum(feeds, "connects"), sum(feeds, "trade_gaps"));
    // Four sockets; alpha dropped, beta and gamma ended by noise.
    assert!(connects >= 6 && refused >= 3 && gaps >= 1 && sum(feeds, "trade_duplicates") >= 1, "{feeds:#}\n{hits}");
    assert!(count(&report["orders"]["sent"]) > 0 && count(&report["journal"]["lost"]) == 0, "{report:#}");
    println!("{}\n{connects} connections, {refused} frames refused, {gaps} gaps", done.out);
    let folders: Vec<_> = fs::read_dir(rig.path("journal")).expect("sessions").flatten().map(|e| e.path()).collect();
    let [dir] = &folders[..] else { panic!("{folders:?}") };
    (dir.clone(), report["decisions_hash"].as_str().expect("a hash").to_owned())
}

#[test]
fn a_session_with_faults_is_identical_and_every_changed_byte_is_found() {
    let (rig, seconds) = (Rig::new(), seconds());
    let (dir, hash) = session(&rig, seconds);
    let verified = rig.run(["replay", "--journal", "journal", "--verify"]).expect(0);
    assert!(verified.out.contains("identical: ") && verified.out.contains(&hash), "{}", verified.out);
    println!("{}", verified.out);
    let whole = check(&dir);
    assert!(whole.is_identical() && whole.complete && whole.hash == hash, "{whole:?}");
    assert!(whole.inputs > 150 * seconds && whole.states >= whole.inputs / 70_000, "{whole:?}");

    let files = segments(&dir);
    assert!(files.len() > 1);
    flips_are_found(&rig, &files, seconds);
    mended_flips_differ(&rig, &dir, &files, seconds);
    assert!(check(&dir).is_identical(), "all is as it was");
}

/// Any byte of any record, at places that a fixed sequence of numbers gives.
fn flips_are_found(rig: &Rig, files: &[(PathBuf, Vec<u8>)], seconds: u64) {
    let (mut dice, flips) = (0x9e37_79b9_7f4a_7c15_u64, if seconds < 60 { 40 } else { 300 });
    for flip in 0..flips {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let (path, bytes) = &files[(dice >> 33) as usize % files.len()];
        let written = bytes.iter().rposition(|b| *b != 0).expect("records") + 1;
        let at = (dice >> 20) as usize % written;
        let mut changed = bytes.clone();
        changed[at] ^= 1 << (dice >> 60 & 7);
        fs::write(path, &changed).expect("writable");
        if flip == 0 {
            let said = rig.run(["replay", "--journal", "journal", "--verify"]);
            println!("byte {at} of {} flipped:\n{}{}", path.display(), said.out, said.err);
            assert!(said.code == Some(1) && said.out.contains("damaged: "), "{said:?}");
        }
        // A damaged header of the first segment, or a description that does not check, is told by an error.
        let verified = verify(path.parent().expect("a folder"), &mut |_| ());
        assert!(verified.as_ref().map_or(true, |v| !v.damage.is_empty()), "byte {at} of {}", path.display());
        fs::write(path, bytes).expect("writable");
    }
    println!("{flips} flipped bytes, each found");
}

/// Quotes changed with their checksums: the first decision made of one is the first difference.
fn mended_flips_differ(rig: &Rig, dir: &Path, files: &[(PathBuf, Vec<u8>)], seconds: u64) {
    let sums = Sums::new(SegmentHeader::from_bytes(&files[0].1).expect("a header").session);
    let all: Vec<_> = files.iter().flat_map(|f| quotes_that_decide(&f.1).into_iter().map(move |p| (f, p))).collect();
    let tried = all.len().min(if seconds < 60 { 6 } else { 60 });
    assert!(tried >= 3, "{} opportunities began", all.len());
    let mut told = false;
    for ((path, bytes), (seq, _, at)) in all.iter().step_by(all.len() / tried) {
        // The lowest byte of bid, ask, or the highest of one of their sizes: one of them is in the decision.
        let differs = [0, 16, 14, 30].into_iter().any(|byte| {
            let mut changed = bytes.clone();
            changed[at + 8 + byte] ^= 0x10;
            let length = usize::from(u16::from_le_bytes([changed[at + 4], changed[at + 5]]));
            let payload = changed[at + 8..at + 8 + length].to_vec();
            let sum = sums.sum(*seq, changed[at + 6], changed[at + 7], &payload);
            changed[*at..at + 4].copy_from_slice(&sum.to_le_bytes());
            fs::write(path, &changed).expect("writable");
            let verified = check(dir);
            assert_eq!(verified.damage, [], "the checksum is mended");
            if let Some(difference) = &verified.difference {
                assert!(difference.seq > *seq && difference.journalled != difference.replayed, "{difference:?}");
                if !std::mem::replace(&mut told, true) {
                    let said = rig.run(["replay", "--journal", "journal", "--verify"]).expect(1);
                    assert!(said.out.contains("different at record"), "{}", said.out);
                    println!("byte {byte} of record {seq} changed with its checksum:\n{}", said.out);
                }
            }
            fs::write(path, bytes).expect("writable");
            verified.difference.is_some()
        });
        assert!(differs, "no change of record {seq} made a difference");
    }
    println!("{tried} changed quotes, each the first difference");
}
