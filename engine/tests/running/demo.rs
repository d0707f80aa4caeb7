//! The demo from outside: what it prints, what it writes, and how it ends.

use crate::run as support;

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;
use support::{PATIENCE, Rig, Running, count, report, sum};

/// Nothing of a demo outlives it.
fn nothing_left(rig: &Rig) {
    let left: Vec<_> = fs::read_dir(rig.tmp()).expect("a directory").flatten().map(|e| e.path()).collect();
    assert_eq!(left, Vec::<std::path::PathBuf>::new(), "the demo's directory is gone");
    assert_eq!(rig.left_in_shm(), Vec::<std::path::PathBuf>::new(), "the region is gone");
}

fn is_decimal(value: &Value) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    value.as_str().is_some_and(|text| {
        let text = text.strip_prefix('-').unwrap_or(text);
        text.split_once('.').map_or_else(|| digits(text), |(whole, part)| digits(whole) && digits(part))
    })
}

fn live(run: &mut Running) -> bool {
    run.out().contains("lines 3/3")
}

#[test]
fn six_seconds_of_it() {
    let rig = Rig::new();
    let arguments = ["run", "--duration", "6s", "--seed", "7", "--report", "r.json", "--opportunities", "o.csv"];
    let mut run = rig.start(rig.command(arguments));
    run.until("a status line", |r| r.out().contains("ticks "));
    let done = run.finish().expect(0);
    assert!(done.out.contains("ended by duration"), "{}", done.out);
    assert!(done.took >= Duration::from_secs(6));
    nothing_left(&rig);

    let r = report(&rig.path("r.json"));
    assert_eq!((r["mode"].as_str(), r["ended"].as_str()), (Some("paper"), Some("duration")));
    assert!(r["duration_s"].as_f64().is_some_and(|s| s >= 6.0));
    assert!(r["build"]["version"].is_string() && r["build"]["commit"].is_string());
    let ticking = |f: &&Value| count(&f["trades"]) > 0 && count(&f["quotes"]) > 0;
    assert!(r["feeds"].as_array().expect("feeds").iter().filter(ticking).count() >= 2, "{r}");
    for feed in r["feeds"].as_array().expect("feeds") {
        assert_eq!(feed["refused"], serde_json::json!({}), "{feed}");
        assert_eq!((count(&feed["trade_gaps"]), count(&feed["trade_duplicates"])), (0, 0), "{feed}");
        let parts = ["trades", "quotes", "other"].map(|part| count(&feed[part]));
        assert_eq!(count(&feed["frames"]), parts.iter().sum::<u64>());
        for field in ["line", "bytes", "fast_path", "connects", "ring_full"] {
            count(&feed[field]);
        }
    }
    assert_eq!(sum(&r["feeds"], "trades") + sum(&r["feeds"], "quotes"), count(&r["ticks"]));
    assert_eq!(sum(&r["instruments"], "trades"), sum(&r["feeds"], "trades"));
    assert_eq!(sum(&r["instruments"], "quotes"), sum(&r["feeds"], "quotes"));
    assert!(
        r["instruments"]
            .as_array()
            .expect("rows")
            .iter()
            .all(|i| is_decimal(&i["quantity"]) && is_decimal(&i["notional"]))
    );

    let o = &r["opportunities"];
    let declined: u64 = o["declined"].as_object().expect("reasons").values().map(count).sum();
    assert!(count(&o["taken"]) > 0, "{o}");
    assert_eq!(count(&o["seen"]), count(&o["taken"]) + declined);
    assert!(count(&r["orders"]["filled"]) > 0 && count(&r["orders"]["sent"]) >= count(&r["orders"]["filled"]));
    assert!(r["orders"]["denied"].is_object());
    assert!(["realised", "fees", "unrealised", "net"].iter().all(|f| is_decimal(&r["pnl"][f])), "{}", r["pnl"]);
    assert!(r["positions"].as_array().expect("rows").iter().all(|p| is_decimal(&p["quantity"])));
    assert_eq!(r["decisions_hash"].as_str().map(str::len), Some(64));

    let stages = r["latency_ns"].as_object().expect("stages");
    for name in ["decode", "reach_core", "decide", "gate", "send", "tick_to_order", "acknowledge"] {
        let stage = &stages[name];
        assert!(count(&stage["count"]) > 0, "{name}");
        let quantiles = ["p50", "p90", "p99", "p999", "max"].map(|q| count(&stage[q]));
        assert!(quantiles.is_sorted() && quantiles[0] > 0, "{name}: {quantiles:?}");
        assert!(["from", "to"].iter().all(|f| stage[f].as_str().is_some_and(|t| !t.is_empty())));
    }

    assert_eq!(count(&stages["reach_core"]["count"]), count(&r["ticks"]), "one a tick");
    assert!(stages.get("kernel").is_none(), "nobody asked for the kernel's time");
    check_flight(&r);
    let words = &done.out;
    for part in ["The 32 ticks that took longest", "Loop turns of 50 µs and more", "ct-core", "ct-reader-0"] {
        assert!(words.contains(part), "{part:?} is not in:\n{words}");
    }

    let csv = fs::read_to_string(rig.path("o.csv")).expect("a file");
    let mut lines = csv.lines();
    let header = "market,buy_venue,sell_venue,begin_ns,end_ns,first_edge_ppm,best_edge_ppm,buy_price,sell_price,\
                  quantity,outcome";
    assert_eq!(lines.next(), Some(header));
    let outcomes: Vec<&str> = lines.map(|l| l.rsplit(',').next().unwrap_or_default()).collect();
    assert_eq!(outcomes.len() as u64, count(&o["seen"]));
    assert_eq!(outcomes.iter().filter(|o| **o == "taken").count() as u64, count(&o["taken"]));
}

#[test]
fn the_kernels_time_is_a_stage_where_it_is_asked_for() {
    let rig = Rig::new();
    let mut command = rig.command(["run", "--duration", "3s", "--seed", "7", "--report", "r.json"]);
    command.env("CROSSTICK_THREADS__KERNEL_TIME", "true");
    rig.start(command).finish().expect(0);
    let r = report(&rig.path("r.json"));
    let stage = &r["latency_ns"]["kernel"];
    assert_eq!(stage["to"], "socket read");
    assert!(count(&stage["count"]) > 0, "{}", r["latency_ns"]);
    let told = r["worst_ticks"].as_array().expect("rows").iter().filter(|t| t["stamps_ns"]["kernel"] == 0).count();
    assert!(told > 0, "stamps count from the kernel's where it is known: {}", r["worst_ticks"]);
}

/// The worst ticks with their stamps in order, and the overlong turns.
fn check_flight(r: &Value) {
    let worst = r["worst_ticks"].as_array().expect("rows");
    assert_eq!(worst.len(), 32);
    assert!(worst.windows(2).all(|pair| count(&pair[0]["total_ns"]) >= count(&pair[1]["total_ns"])));
    assert!(count(&worst[0]["total_ns"]) >= count(&r["latency_ns"]["reach_core"]["max"]), "the worst is among them");
    for tick in worst {
        let stamp = |name: &str| tick["stamps_ns"].get(name).map(count);
        let way = ["read", "taken", "decided", "gated", "sent"].map(stamp);
        assert!(way.iter().flatten().is_sorted() && way[0] == Some(0), "{tick}");
        assert_eq!(way.iter().flatten().max().copied(), Some(count(&tick["total_ns"])), "{tick}");
        // Its reader was done with it, or its last tick, before or while the core had it.
        assert!(stamp("decoded").is_some_and(|ns| ns > 0) && count(&tick["read_ticks"]) > 0, "{tick}");
        let led_to = tick["led_to"].as_str().expect("a word");
        assert_eq!(led_to == "nothing", way[2].is_none(), "{tick}");
        assert_eq!(led_to == "orders", tick["first_order"].is_u64(), "{tick}");
        assert_eq!(led_to == "denied", tick["code"].is_string(), "{tick}");
        assert!(["venue", "symbol", "kind"].iter().all(|f| tick[f].as_str().is_some_and(|t| !t.is_empty())));
    }
    let turns = &r["overlong_turns"];
    assert_eq!(turns["limit_ns"], 50_000);
    let threads = turns["threads"].as_array().expect("rows");
    let named: Vec<_> = threads.iter().map(|t| t["thread"].as_str().expect("a name")).collect();
    assert_eq!(named, ["ct-core", "ct-reader-0"]);
    for kind in threads.iter().flat_map(|t| ["work", "preempted", "stalled"].map(|kind| &t[kind])) {
        let [times, longest, all] = ["count", "worst_ns", "total_ns"].map(|f| count(&kind[f]));
        assert!(longest <= all && longest >= 50_000 * u64::from(times > 0) && (times > 0 || all == 0), "{kind}");
    }
}

#[test]
fn sigint_and_sigterm_end_it_with_a_report() {
    for signal in ["INT", "TERM"] {
        let rig = Rig::new();
        let mut run = rig.start(rig.command(["run", "--report", "r.json"]));
        run.until("live lines", live);
        run.signal(signal);
        let done = run.finish().expect(0);
        assert!(done.out.contains("ended by signal"), "{}", done.out);
        assert!(!done.err.contains("panicked"), "{}", done.err);
        let r = report(&rig.path("r.json"));
        assert_eq!(r["ended"], "signal");
        assert!(count(&r["ticks"]) > 0);
        nothing_left(&rig);
    }
}

#[test]
fn no_command_runs_the_demo() {
    let rig = Rig::new();
    let mut run = rig.start(rig.command([]));
    run.until("live lines", live);
    assert!(run.out().starts_with("crosstick demo"), "{}", run.out());
    run.signal("INT");
    run.finish().expect(0);
}

/// Whoever looked at the first line and left must not end the trading.
#[test]
fn a_closed_standard_output_does_not_end_it() {
    let rig = Rig::new();
    let mut command = rig.command(["run", "--duration", "2s", "--report", "r.json"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the binary");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut line).expect("a line");
    assert!(line.starts_with("crosstick demo"), "{line}");
    // Both pipes are closed from here on.
    drop(child.stderr.take());
    let end = Instant::now() + PATIENCE;
    let status = loop {
        match child.try_wait().expect("a child") {
            Some(status) => break status,
            None if Instant::now() > end => {
                let _ = child.kill();
                let _ = child.wait();
                panic!("it does not end");
            }
            None => std::thread::sleep(Duration::from_millis(5)),
        }
    };
    assert_eq!(status.code(), Some(0));
    assert_eq!(report(&rig.path("r.json"))["ended"], "duration");
    nothing_left(&rig);
}

#[test]
fn sighup_opens_the_log_again() {
    let rig = Rig::new();
    let log = rig.path("engine.log");
    let mut command = rig.command(["run"]);
    command.env("CROSSTICK_ENGINE__LOG", &log);
    let mut run = rig.start(command);
    run.until("live lines", live);
    let moved = rig.path("engine.log.1");
    fs::rename(&log, &moved).expect("as logrotate does");
    run.signal("HUP");
    run.until("a new log", |_| fs::read_to_string(&log).is_ok_and(|t| t.contains("log reopened")));
    run.signal("INT");
    let done = run.finish().expect(0);
    let old = fs::read_to_string(&moved).expect("the old log");
    assert!(old.contains("connected to wss://localhost:") && !old.contains('\x1b'), "{old}");
    assert_eq!(done.err, "", "everything is in the log");
}

/// A report that cannot be written must not cost the session: told before it starts, not after.
#[test]
fn results_that_cannot_be_written_are_told_at_once() {
    let rig = Rig::new();
    for flag in ["--report", "--opportunities"] {
        let done = rig.run(["run", "--duration", "60s", flag, "nowhere/r.json"]);
        assert!(done.took < Duration::from_secs(30), "{:?}", done.took);
        done.fails(2, &[flag, "nowhere"]);
        rig.run(["run", "--duration", "60s", flag, "."]).fails(2, &[flag]);
    }
    nothing_left(&rig);
}

/// A terminal that is held (Ctrl-S), a pager that waits: nobody takes what is printed. The run goes on, is told to other
/// processes as alive, ends when it should, and writes its report.
#[test]
fn a_held_terminal_holds_nothing_else() {
    let rig = Rig::new();
    let mut command = rig.command(["run", "--duration", "3s", "--report", "r.json"]);
    let (reader, writer) = std::io::pipe().expect("a pipe");
    let mut filler = writer.try_clone().expect("a pipe");
    // Blocks when the pipe is full, until nobody could read it any more.
    let filling = std::thread::spawn(move || std::io::Write::write_all(&mut filler, &vec![b'.'; 4 << 20]).is_err());
    std::thread::sleep(Duration::from_millis(100));
    command.stdout(writer.try_clone().expect("a pipe")).stderr(writer);
    let mut child = command.spawn().expect("the binary");
    drop(command);
    let end = Instant::now() + Duration::from_secs(30);
    let status = loop {
        match child.try_wait().expect("a child") {
            None if Instant::now() < end => std::thread::sleep(Duration::from_millis(5)),
            None => {
                let _ = child.kill();
                break child.wait().expect("a child");
            }
            Some(status) => break status,
        }
    };
    drop(reader);
    assert!(filling.join().expect("the filler"), "the pipe was full to the end");
    assert_eq!(status.code(), Some(0), "it hung");
    let r = report(&rig.path("r.json"));
    assert_eq!(r["ended"], "duration");
    assert!(count(&r["ticks"]) > 0);
    nothing_left(&rig);
}
