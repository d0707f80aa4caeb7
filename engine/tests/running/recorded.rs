//! Recordings served over sockets at full speed: what the engine counts and sums is what the files hold, exactly.

use crate::run as support;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};
use support::{Finished, Rig, Running, count, report, sum};

/// A generated recording: a trade, two quotes and a book update a step, as each protocol writes them, with trades
/// off the market where it has them. Prices and quantities come from the step's number, so that sums tell an order lost.
fn recording(protocol: &str, symbol: &str, steps: u64) -> String {
    let mut text = String::new();
    let stream = symbol.to_lowercase();
    let mut update = 7_000;
    for i in 0..steps {
        let recv_us = 1_723_161_256_000_000 + i * 250;
        let ms = recv_us / 1000;
        let (price, quantity) = (60_000 + i % 997, 1 + i % 13);
        let off = if i % 50 == 49 { "INSURANCE_FUND" } else { "MARKET" };
        let trade = match protocol {
            "spot" => format!(
                r#"{{"e":"trade","E":{ms},"s":"{symbol}","t":{},"p":"{price}.50000000","q":"0.{quantity:05}000","T":{ms},"m":true,"M":true}}"#,
                i + 1
            ),
            _ => format!(
                r#"{{"e":"trade","E":{ms},"T":{ms},"s":"{symbol}","t":{},"p":"{price}.5","q":"{quantity}","X":"{off}","m":false}}"#,
                i + 1
            ),
        };
        let _ = writeln!(text, r#"{recv_us} {{"stream":"{stream}@trade","data":{trade}}}"#);
        for half in 0..2 {
            update += 1;
            let (bid, ask) = (format!("{price}.{half}"), format!("{}.{half}", price + 1));
            let quote = match protocol {
                "spot" => {
                    format!(r#"{{"u":{update},"s":"{symbol}","b":"{bid}","B":"1.5","a":"{ask}","A":"0.25000000"}}"#)
                }
                "coinm" => format!(
                    r#"{{"u":{update},"e":"bookTicker","s":"{symbol}","ps":"BTCUSD","b":"{bid}","B":"15","a":"{ask}","A":"25","T":{ms},"E":{ms}}}"#
                ),
                _ => format!(
                    r#"{{"e":"bookTicker","u":{update},"s":"{symbol}","b":"{bid}","B":"15","a":"{ask}","A":"25","T":{ms},"E":{ms}}}"#
                ),
            };
            let _ = writeln!(text, r#"{recv_us} {{"stream":"{stream}@bookTicker","data":{quote}}}"#);
        }
        let pu = if protocol == "spot" { "" } else { r#""pu":1,"# };
        let _ = writeln!(
            text,
            r#"{recv_us} {{"stream":"{stream}@depth@0ms","data":{{"e":"depthUpdate","E":{ms},"s":"{symbol}","U":1,"u":2,{pu}"b":[],"a":[]}}}}"#
        );
    }
    text
}

/// Serves `files` (each `VENUE=FILE`) with `flags`, runs the engine against them, and replays them with the same config.
/// Returns what the sim printed, the run's report and the replay's.
fn serve_and_replay(rig: &Rig, files: &[String], flags: &[&str]) -> (Finished, Value, Value) {
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    let all: Vec<&str> = ["sim", "--linger", "500ms", "--write-config", "c.toml"]
        .into_iter()
        .chain(flags.iter().copied())
        .chain(["--replay"])
        .chain(files.iter().copied())
        .collect();
    let mut sim = rig.start(rig.command(all));
    sim.until("a config", |s| s.out().contains("wrote c.toml"));
    let mut run = rig.start(rig.command(["run", "--config", "c.toml", "--report", "run.json"]));
    let sim = sim.finish().expect(0);
    // The venues' goodbye comes behind all data, so whoever has read it has read everything.
    run.until("every connection's end", |r| {
        let err = r.err();
        let (opened, ended) = (err.matches(" connected to ").count(), err.matches(" disconnected: closed by").count());
        opened > 0 && opened == ended
    });
    run.signal("INT");
    let run = run.finish().expect(0);
    assert!(!run.err.contains("ERROR"), "{}", run.err);
    rig.run(["replay", "--config", "c.toml", "--report", "replay.json"].into_iter().chain(files)).expect(0);
    (sim, report(&rig.path("run.json")), report(&rig.path("replay.json")))
}

fn nothing_lost(run: &Value, replay: &Value) {
    assert_eq!(run["instruments"], replay["instruments"]);
    assert_eq!(run["ticks"], replay["ticks"]);
    for (ran, replayed) in run["feeds"].as_array().unwrap().iter().zip(replay["feeds"].as_array().unwrap()) {
        for field in ["venue", "trades", "quotes", "refused", "trade_gaps", "trade_duplicates"] {
            assert_eq!(ran[field], replayed[field], "{field} of {}", ran["venue"]);
        }
        assert_eq!(ran["refused"], json!({}));
    }
}

fn three_venues(rig: &Rig, steps: u64) -> Vec<String> {
    let venues = [("spot", "BTCUSDT"), ("spot", "ETHUSDT"), ("usdm", "BTCUSDT"), ("coinm", "BTCUSD_PERP")];
    let write = |(venue, symbol): (&str, &str)| {
        let name = format!("{venue}-{symbol}.txt");
        rig.write(&name, recording(venue, symbol, steps));
        format!("{venue}={name}")
    };
    venues.into_iter().map(write).collect()
}

#[test]
fn generated_recordings_of_all_protocols_at_full_speed() {
    let rig = Rig::new();
    let files = three_venues(&rig, 10_000);
    let (sim, run, replay) = serve_and_replay(&rig, &files, &["--speed", "max"]);
    nothing_lost(&run, &replay);
    assert_eq!(sum(&run["instruments"], "trades"), 40_000);
    assert_eq!(sum(&run["instruments"], "quotes"), 80_000);
    // Every 50th of the two futures venues'.
    assert_eq!(sum(&run["instruments"], "off_market"), 2 * 200);
    assert_eq!(sum(&run["feeds"], "trade_gaps"), 0);
    // Of the markets of the written config.
    assert!(count(&run["opportunities"]["seen"]) > 0, "{}", run["opportunities"]);
    assert!(sim.out.contains("spot: 80000 frames published, clients so far: 1"), "{}", sim.out);
    assert!(sim.out.contains("usdm: 40000 frames published, clients so far: 2"), "{}", sim.out);
}

#[test]
fn plain_sockets_on_a_port_of_choice_at_ten_times_the_pace() {
    let rig = Rig::new();
    // A second recorded, a tenth of one served.
    rig.write("a.txt", recording("spot", "BTCUSDT", 4_000));
    let port = free_port();
    let flags = ["--speed", "10", "--plain", "--port", &port.to_string()];
    let (sim, run, replay) = serve_and_replay(&rig, &["one=a.txt".into()], &flags);
    nothing_lost(&run, &replay);
    assert!(sim.out.contains(&format!("one: binance-spot at ws://127.0.0.1:{port} and http://127.0.0.1:{port}")));
    assert!(!sim.out.contains("CA"), "{}", sim.out);
    assert!(!rig.path("crosstick-sim-ca.pem").exists());
    // The recording at ten times its pace, and the linger.
    assert!(sim.took >= Duration::from_millis(600), "{:?}", sim.took);
}

#[test]
fn a_recording_in_a_loop_goes_on_until_told() {
    let rig = Rig::new();
    rig.write("a.txt", recording("spot", "BTCUSDT", 100));
    let arguments =
        ["sim", "--loop", "--speed", "max", "--ca", "own.pem", "--write-config", "c.toml", "--replay", "a.txt"];
    let mut sim = rig.start(rig.command(arguments));
    sim.until("a config", |s| s.out().contains("wrote c.toml"));
    assert!(rig.path("own.pem").exists());
    let mut run = rig.start(rig.command(["run", "--config", "c.toml", "--report", "run.json"]));
    run.until("more ticks than the file has", |r| ticks(r) > 3_000);
    sim.signal("INT");
    let sim = sim.finish().expect(0);
    assert!(sim.out.contains("frames published"), "{}", sim.out);
    run.until("the shutdown", |r| r.err().contains("the venue announced a shutdown"));
    run.signal("TERM");
    run.finish().expect(0);
    let r = report(&rig.path("run.json"));
    assert_eq!(r["feeds"][0]["refused"], json!({}));
    assert!(count(&r["feeds"][0]["trade_duplicates"]) > 0, "ids repeat: {}", r["feeds"]);
}

/// The last number of ticks that a status line told.
fn ticks(run: &Running) -> u64 {
    let out = run.out();
    let said = out.lines().rev().find_map(|l| l.split_once("ticks ")?.1.split_whitespace().next()?.parse().ok());
    said.unwrap_or(0)
}

#[test]
fn a_duration_ends_the_venues_too() {
    let rig = Rig::new();
    rig.write("a.txt", recording("spot", "BTCUSDT", 10));
    let done = rig.run(["sim", "--duration", "300ms", "--replay", "a.txt"]).expect(0);
    assert!(done.took < Duration::from_secs(30));
    assert!(done.out.contains("a: 0 frames published"), "{}", done.out);
}

#[test]
fn what_cannot_be_served_is_told_with_its_remedy() {
    let rig = Rig::new();
    rig.write("a.txt", recording("spot", "BTCUSDT", 10));
    rig.write("garbage.txt", "no recording\n".repeat(10));
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port().to_string();
    let busy = rig.run(["sim", "--port", &port, "--replay", "a.txt"]);
    busy.fails(1, &["venue a", &format!("127.0.0.1:{port}"), "in use", "choose a free port, or 0 for any"]);
    rig.run(["sim", "--replay", "gone.txt"]).fails(1, &["gone.txt", "No such file"]);
    rig.run(["sim", "--replay", "."]).fails(1, &["."]);
    rig.run(["sim", "--replay", "garbage.txt"]).fails(1, &["garbage.txt", "no frame of a known venue"]);
    rig.run(["sim", "--speed", "0", "--replay", "a.txt"]).fails(2, &["--speed 0", "such as 1 or 10, or max"]);
    rig.run(["sim", "--port", "1", "--port", "2", "--replay", "a.txt"]).fails(2, &["2 ports for 1 venues: a"]);
    rig.write("futures.txt", recording("usdm", "BTCUSDT", 10));
    rig.run(["sim", "--replay", "x=a.txt", "x=futures.txt"]).fails(1, &["venue x", "binance-usdm", "binance-spot"]);
    rig.run(["sim", "--write-config", "nowhere/c.toml", "--replay", "a.txt"])
        .fails(1, &["--write-config nowhere/c.toml"]);
}

/// The generated venues of a file: its CA, its ports, and what flags change of that.
#[test]
fn generated_venues_stand_where_their_file_says() {
    let rig = Rig::new();
    let (alpha, beta) = (free_port(), free_port());
    let text = format!(
        "[sim]\nca = \"from-file.pem\"\n[[venue]]\nname = \"alpha\"\nport = {alpha}\n[[venue]]\nname = \"beta\"\nport = {beta}\n"
    );
    rig.write("sim.toml", text);
    let done = rig.run(["sim", "--config", "sim.toml", "--duration", "200ms"]).expect(0);
    assert!(done.out.contains(&format!("alpha: binance-spot at wss://127.0.0.1:{alpha}")), "{}", done.out);
    assert!(rig.path("from-file.pem").exists(), "{}", done.out);
    assert!(done.out.contains("from-file.pem"), "{}", done.out);
    let done = rig.run(["sim", "--config", "sim.toml", "--plain", "--duration", "200ms"]).expect(0);
    assert!(done.out.contains(&format!("alpha: binance-spot at ws://127.0.0.1:{alpha}")), "{}", done.out);
    assert!(done.out.contains(&format!("beta: binance-spot at ws://127.0.0.1:{beta}")), "{}", done.out);
    let other = free_port().to_string();
    let done = rig.run(["sim", "--config", "sim.toml", "--port", &other, "--duration", "200ms"]).expect(0);
    assert!(done.out.contains(&format!("alpha: binance-spot at wss://127.0.0.1:{other}")), "{}", done.out);
    assert!(done.out.contains(&format!("beta: binance-spot at wss://127.0.0.1:{beta}")), "{}", done.out);
}

/// A venue of MEXC is served; the config that is written leaves it out, and one that names it is refused.
#[test]
fn a_venue_of_mexc_is_served_but_not_read_yet() {
    let rig = Rig::new();
    let text = "[[venue]]\nname = \"alpha\"\n[[venue]]\nname = \"beta\"\n[[venue]]\nname = \"delta\"\n";
    rig.write("sim.toml", text);
    let done = rig.run(["sim", "--config", "sim.toml", "--write-config", "c.toml", "--duration", "200ms"]).expect(0);
    assert!(done.out.contains("delta: mexc-spot at wss://127.0.0.1:"), "{}", done.out);
    let written = std::fs::read_to_string(rig.path("c.toml")).expect("a config");
    assert!(
        written.contains("# Left out: delta speaks mexc-spot") && !written.contains("name = \"delta\""),
        "{written}"
    );
    rig.run(["check", "c.toml"]).expect(0);
    let mexc = "[[venue]]\nname = \"delta\"\nprotocol = \"mexc-spot\"\nenvironment = \"custom\"\n\
                stream_url = \"wss://127.0.0.1:1\"\n";
    rig.write("mexc.toml", mexc);
    rig.run(["run", "--config", "mexc.toml"]).fails(2, &["mexc-spot", "not available yet"]);
}

/// What a client needs to trade there is printed, and the keys are the same at the next start.
#[test]
fn generated_venues_tell_their_accounts_keys() {
    let rig = Rig::new();
    rig.write("sim.toml", "[sim]\nkeys = \"keys\"\n[[account]]\nname = \"trader\"\nbalances = { USDT = \"5\" }\n");
    let keys = |out: &str| -> Vec<String> {
        let lines = out.lines().skip_while(|l| !l.starts_with("account trader on every venue")).skip(1).take(3);
        lines.map(str::to_owned).collect()
    };
    let first = rig.run(["sim", "--config", "sim.toml", "--duration", "200ms"]).expect(0);
    assert!(first.out.contains("alpha: WebSocket API at wss://127.0.0.1:"), "{}", first.out);
    assert!(!first.out.contains("gamma: WebSocket API"), "spot alone has one: {}", first.out);
    let told = keys(&first.out);
    assert_eq!(told.len(), 3, "{}", first.out);
    for (line, kind) in told.iter().zip(["HMAC", "Ed25519", "RSA"]) {
        let words: Vec<&str> = line.split_whitespace().collect();
        assert_eq!((words[0], words[1].len()), (kind, 64), "{line}");
    }
    for file in ["trader-ed25519.pem", "trader-rsa.pem", "trader-ed25519-public.pem", "trader-rsa-public.pem"] {
        assert!(rig.path("keys").join(file).exists(), "{file}");
    }
    assert!(told[1].ends_with("trader-ed25519.pem") && told[2].ends_with("trader-rsa.pem"), "{told:?}");
    let second = rig.run(["sim", "--config", "sim.toml", "--duration", "200ms"]).expect(0);
    assert_eq!(keys(&second.out), told);
}

/// A port that was free a moment ago.
fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port()
}

/// The recorded files, where they are: `CROSSTICK_DATA`, or a folder beside the checkout.
fn recorded() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let root = std::env::var_os("CROSSTICK_DATA").map_or(beside, PathBuf::from);
    let folder = root.join("hftbacktest");
    folder.is_dir().then_some(folder)
}

#[test]
fn recorded_files_of_three_venues_at_full_speed() {
    let Some(folder) = recorded() else {
        eprintln!("not tested here: no recorded frames (set CROSSTICK_DATA)");
        return;
    };
    let rig = Rig::new();
    let named = [
        ("spot", "spot/btcusdt_20240808"),
        ("spot", "spot/ethusdt_20240808"),
        ("usdm", "usdm/btcusdt_20240808"),
        ("usdm", "usdm/ethusdt_20240808"),
        ("cm", "cm/btcusd_perp_20240808"),
        ("cm", "cm/ethusd_perp_20240808"),
    ];
    let path = |file: &str| folder.join(format!("{file}.txt.zst"));
    let files: Vec<String> = named.iter().map(|(venue, file)| format!("{venue}={}", path(file).display())).collect();
    let (_, run, replay) = serve_and_replay(&rig, &files, &["--speed", "max"]);
    nothing_lost(&run, &replay);
    assert_eq!(sum(&run["feeds"], "trade_gaps"), 0);
    assert!(sum(&run["instruments"], "trades") > 30_000, "{}", run["instruments"]);
}
