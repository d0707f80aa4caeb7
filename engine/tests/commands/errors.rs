//! What goes wrong for a user: one line of cause and remedy, and the exit code that is documented.

use crate::run as support;

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crosstick_sim::{FlowSpec, Sim, SimConfig, SimHandle, Source};
use support::{Rig, count, report};

/// The demo's venues, in this process, their CA written to `ca.pem` of the rig.
fn venues(rig: &Rig) -> SimHandle {
    let source = Source::Generated { seed: 3, spec: FlowSpec::demo() };
    let config = SimConfig { ca_pem_path: Some(rig.path("ca.pem")), ..SimConfig::new(source) };
    Sim::start(config).expect("venues")
}

/// A config of one spot venue with BTCUSDT.
fn config(stream_url: &str, rest_url: &str, more: &str) -> String {
    format!(
        "[[venue]]\nname = \"one\"\nprotocol = \"binance-spot\"\nenvironment = \"custom\"\n\
         stream_url = \"{stream_url}\"\nrest_url = \"{rest_url}\"\n{more}\n[[instrument]]\nvenue = \"one\"\n\
         symbol = \"BTCUSDT\"\n[strategy]\nname = \"spread\"\ntrade = false\n"
    )
}

/// The same, its facts stated, so that nothing is asked over REST.
fn stated(stream_url: &str, more: &str) -> String {
    config(stream_url, "https://127.0.0.1:9", more).replace(
        "symbol = \"BTCUSDT\"\n",
        "symbol = \"BTCUSDT\"\nbase = \"BTC\"\nquote = \"USDT\"\nsettle = \"USDT\"\nkind = \"spot\"\n\
         contract_size = \"1\"\nprice_step = \"0.01\"\nquantity_step = \"0.00001\"\nmin_quantity = \"0.00001\"\n\
         min_notional = \"5\"\n",
    )
}

/// A server that says the same to everybody who asks.
struct Parrot {
    url: String,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Parrot {
    fn new(answer: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.set_nonblocking(true).expect("non-blocking");
        let port = listener.local_addr().expect("an address").port();
        let stop = Arc::new(AtomicBool::new(false));
        let stopping = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            while !stopping.load(Ordering::Relaxed) {
                let Ok((mut client, _)) = listener.accept() else {
                    std::thread::sleep(Duration::from_millis(2));
                    continue;
                };
                client.set_nonblocking(false).expect("blocking");
                client.set_read_timeout(Some(Duration::from_secs(5))).expect("a timeout");
                let mut request = Vec::new();
                let mut part = [0; 1024];
                while !request.windows(4).any(|w| w == b"\r\n\r\n") {
                    match client.read(&mut part) {
                        Ok(n @ 1..) => request.extend_from_slice(&part[..n]),
                        _ => break,
                    }
                }
                let _ = client.write_all(answer.as_bytes());
            }
        });
        Self { url: format!("127.0.0.1:{port}"), stop, thread: Some(thread) }
    }
}

impl Drop for Parrot {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[test]
fn facts_that_do_not_come() {
    let cases: [(&str, i32, &[&str]); 6] = [
        ("HTTP/1.1 429 Too Many Requests\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n", 4, &["429", "7 s", "wait"]),
        ("HTTP/1.1 418 I'm a teapot\r\nRetry-After: 600\r\nContent-Length: 0\r\n\r\n", 4, &["banned", "10 min"]),
        ("HTTP/1.1 403 Forbidden\r\nContent-Length: 6\r\n\r\n<html>", 4, &["403", "web page"]),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 22\r\n\r\n<html>log in</html>   ",
            1,
            &["not JSON", "<html>log in</html>"],
        ),
        ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 1, &["empty answer", "try again"]),
        ("", 1, &["127.0.0.1", "closed", "try again"]),
    ];
    for (answer, code, words) in cases {
        let rig = Rig::new();
        let parrot = Parrot::new(answer);
        rig.write("c.toml", config(&format!("ws://{}", parrot.url), &format!("http://{}", parrot.url), ""));
        let line = rig.run(["run", "--config", "c.toml"]).fails(code, words);
        assert!(line.starts_with("crosstick: one: "), "{line}");
        assert!(rig.left_in_shm().is_empty());
    }
}

#[test]
fn hosts_and_certificates() {
    let rig = Rig::new();
    rig.write("c.toml", config("wss://stream.invalid", "https://rest.invalid", ""));
    let line = rig.run(["run", "--config", "c.toml"]).fails(1, &["one: rest.invalid", "check"]);
    // Where DNS servers do not even answer, it is the time that runs out.
    assert!(line.contains("the name cannot be looked up") || line.contains("no answer within"), "{line}");

    rig.write("c.toml", config("wss://127.0.0.1:9", "https://127.0.0.1:9", "tls_ca = \"gone.pem\""));
    rig.run(["run", "--config", "c.toml"]).fails(2, &["gone.pem", "tls_ca"]);
    rig.write("c.toml", stated("wss://127.0.0.1:9", "tls_ca = \"gone.pem\""));
    rig.run(["run", "--config", "c.toml"]).fails(2, &["gone.pem", "tls_ca"]);
    rig.write("empty.pem", "");
    rig.write("c.toml", stated("wss://127.0.0.1:9", "tls_ca = \"empty.pem\""));
    rig.run(["run", "--config", "c.toml"]).fails(2, &["empty.pem", "tls_ca"]);

    // Another CA than the one that signed, over REST and then on the stream itself.
    let (ours, other) = (venues(&rig), Rig::new());
    let alpha = ours.venue("alpha").expect("a venue");
    let _theirs = venues(&other);
    let ca = format!("tls_ca = {:?}", other.path("ca.pem"));
    rig.write("c.toml", config(&alpha.stream_url, &alpha.rest_url, &ca));
    rig.run(["run", "--config", "c.toml"]).fails(2, &["TLS refused", "tls_ca"]);
    rig.write("c.toml", stated(&alpha.stream_url, &ca));
    rig.run(["run", "--config", "c.toml"]).fails(2, &["the certificate of 127.0.0.1 is refused", "tls_ca"]);
}

#[test]
fn a_host_that_cannot_be_resolved_is_tried_again() {
    let rig = Rig::new();
    rig.write("c.toml", stated("wss://stream.invalid", ""));
    let mut run = rig.start(rig.command(["run", "--config", "c.toml"]));
    run.until("a further attempt", |r| r.err().matches("connecting to wss://stream.invalid").count() > 1);
    assert!(run.err().contains("disconnected: ") && run.err().contains("next attempt in"), "{}", run.err());
    run.signal("INT");
    run.finish().expect(0);
}

#[test]
fn a_venue_that_refuses_for_good_ends_the_run() {
    let rig = Rig::new();
    let parrot = Parrot::new("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
    rig.write("c.toml", stated(&format!("ws://{}", parrot.url), ""));
    let done = rig.run(["run", "--config", "c.toml", "--report", "r.json"]);
    assert!(done.out.contains("ended by input"), "{}", done.out);
    done.fails(4, &["one: 127.0.0.1 answered HTTP 403", "check region, address and keys"]);
    assert_eq!(report(&rig.path("r.json"))["ended"], "input");
    assert!(rig.left_in_shm().is_empty());
}

#[test]
fn one_region_has_one_engine() {
    let rig = Rig::new();
    let mut first = rig.start(rig.command(["run"]));
    first.until("live lines", |r| r.out().contains("lines 3/3"));
    let second = rig.run(["run", "--duration", "1s"]);
    second.fails(1, &[&rig.shm, &first.pid().to_string(), "stop it, or use another name"]);
    let status = rig.run(["status", "--shm", &rig.shm]).expect(0);
    assert!(status.out.contains(&format!("engine running (pid {}, generation 1)", first.pid())), "{}", status.out);
    assert!(status.out.contains("alpha line 0: live"), "{}", status.out);
    // Named by the environment, as for `run` and `halt`.
    assert!(rig.run(["status"]).expect(0).out.starts_with("engine running (pid "));
    let json = rig.run(["status", "--json", "--shm", &rig.shm]).expect(0);
    let json: serde_json::Value = serde_json::from_str(&json.out).expect("JSON");
    assert_eq!((json["pid"].as_u64(), json["state"].as_str()), (Some(u64::from(first.pid())), Some("running")));
    assert!(count(&json["ticks"]) > 0);
    first.signal("INT");
    first.finish().expect(0);
    rig.run(["status", "--shm", &rig.shm]).fails(1, &["no region", &rig.shm, "start the engine"]);
    rig.run(["status", "--shm", "../x"]).fails(2, &["no region name"]);
}

/// Runs the demo where /dev/shm is another file system; `None` where the system allows no mount namespace.
fn with_other_shm(rig: &Rig, options: &str) -> Option<support::Finished> {
    let script = r#"mount -t tmpfs -o "$1" none /dev/shm || exit 77; exec "$2" run --duration 1s"#;
    let inner = rig.command([]);
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--mount", "sh", "-c", script, "sh", options]);
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
        return None;
    }
    Some(done)
}

#[test]
fn a_full_or_read_only_shared_memory() {
    let rig = Rig::new();
    if let Some(done) = with_other_shm(&rig, "size=32k") {
        done.fails(1, &["/dev/shm has no room for a region of", "enlarge it"]);
    }
    if let Some(done) = with_other_shm(&rig, "ro") {
        done.fails(1, &["/dev/shm is read-only", "remount"]);
    }
    if let Some(done) = with_other_shm(&rig, "size=8m") {
        done.expect(0);
    }
    let left: Vec<_> = fs::read_dir(rig.tmp()).expect("a directory").flatten().collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn live_trading_is_refused() {
    let rig = Rig::new();
    rig.write("c.toml", format!("[engine]\nmode = \"live\"\n{}", stated("wss://127.0.0.1:9", "")));
    rig.run(["run", "--config", "c.toml"]).fails(2, &["live trading is not built yet"]);
    rig.run(["run", "--live"]).fails(2, &["live trading is not built yet"]);
    assert!(rig.left_in_shm().is_empty());
}

#[test]
fn a_halt_stays_until_somebody_resumes_with_a_reason() {
    let rig = Rig::new();
    let sim = venues(&rig);
    let alpha = sim.venue("alpha").expect("a venue");
    rig.write("c.toml", config(&alpha.stream_url, &alpha.rest_url, "tls_ca = \"ca.pem\""));
    rig.run(["resume", "--config", "c.toml", "--reason", "why not"]).fails(1, &["not halted, nothing to resume"]);

    fs::create_dir_all(rig.path("state")).expect("a folder");
    let halt = r#"{"code":"DAILY_LOSS","reason":"lost too much","at_ns":1,"pid":1}"#;
    rig.write("state/halt", halt);
    for _ in 0..2 {
        let words = ["halted by DAILY_LOSS (lost too much)", "crosstick resume --reason", "state/halt"];
        rig.run(["run", "--config", "c.toml", "--duration", "1s"]).fails(3, &words);
    }
    rig.run(["resume", "--config", "c.toml"]).expect(2);
    rig.run(["resume", "--config", "c.toml", "--reason", "  "]).expect(2);
    assert!(rig.path("state/halt").exists());
    // Without a config the environment still says which state directory is meant.
    let resumed = rig.run(["resume", "--reason", "limits looked at"]).expect(0);
    assert!(resumed.out.contains("DAILY_LOSS"), "{}", resumed.out);
    let kept = fs::read_to_string(rig.path("state/halts.jsonl")).expect("the log of halts");
    assert!(kept.contains("limits looked at") && kept.contains("lost too much"), "{kept}");
    let run = rig.run(["run", "--config", "c.toml", "--duration", "1s", "--report", "r.json"]).expect(0);
    assert!(run.err.contains("live with"), "{}", run.err);
    assert!(count(&report(&rig.path("r.json"))["ticks"]) > 0);

    // A halt file that says nothing halts all the same.
    rig.write("state/halt", "");
    rig.run(["run", "--config", "c.toml", "--duration", "1s"]).fails(3, &["halted by OPERATOR"]);
    rig.write("c.toml", "");
    rig.run(["resume", "--config", "c.toml", "--reason", "x"]).expect(2);
}

#[test]
fn files_that_cannot_be_written() {
    let rig = Rig::new();
    let with = |name: &str, value: &str| {
        let mut command = rig.command(["run", "--duration", "1s"]);
        command.env(name, value);
        rig.start(command).finish()
    };
    with("CROSSTICK_ENGINE__LOG", "/nowhere/engine.log").fails(2, &["[engine] log", "/nowhere/engine.log"]);
    with("TMPDIR", "/nowhere").fails(1, &["/nowhere/crosstick-demo-", "TMPDIR"]);
    with("CROSSTICK_ENGINE__SHM", "a/b").fails(2, &["CROSSTICK_ENGINE__SHM", "a/b"]);
}

#[test]
fn check_and_init() {
    let rig = Rig::new();
    let bad = "[engine]\nmode = \"papper\"\nspeed = 3\n[[venue]]\nname = \"a b\"\nprotocol = \"binance-spott\"\n";
    rig.write("bad.toml", bad);
    let done = rig.run(["check", "bad.toml"]).expect(2);
    for place in ["bad.toml:2:", "bad.toml:3:", "bad.toml:5:", "bad.toml:6:"] {
        assert!(done.err.contains(place), "{place}: {}", done.err);
    }
    assert!(done.err.starts_with("crosstick: "), "{}", done.err);
    assert_eq!(done.out, "");
    rig.run(["check", "gone.toml"]).fails(2, &["gone.toml", "crosstick init"]);

    let done = rig.run(["init", "mine.toml"]).expect(0);
    assert!(done.out.contains("crosstick check mine.toml"), "{}", done.out);
    let written = fs::read(rig.path("mine.toml")).expect("a file");
    rig.run(["check", "mine.toml"]).expect(0);
    rig.run(["init", "mine.toml"]).fails(2, &["mine.toml is there already"]);
    assert_eq!(fs::read(rig.path("mine.toml")).expect("a file"), written);
    rig.run(["init", "nowhere/mine.toml"]).fails(1, &["nowhere/mine.toml"]);
}

#[test]
fn usage() {
    let rig = Rig::new();
    for arguments in [&["fly"][..], &["run", "--fast"], &["replay"], &["sim"], &["status", "now"], &["init", "a", "b"]]
    {
        let done = rig.run(arguments.iter().copied()).expect(2);
        assert!(done.err.contains("Usage:"), "{arguments:?}: {}", done.err);
    }
    for duration in ["5", "0s", "-3s", "soon"] {
        let done = rig.run(["run", &format!("--duration={duration}")]).expect(2);
        assert!(done.err.contains("such as 500ms, 30s, 10m or 1h 30m"), "{duration}: {}", done.err);
    }
    let help = rig.run(["--help"]).expect(0);
    for command in ["run", "replay", "sim", "check", "init", "config", "status", "resume"] {
        assert!(help.out.contains(&format!("\n  {command} ")), "{command}: {}", help.out);
    }
    assert!(rig.run(["--version"]).expect(0).out.starts_with("crosstick 0."));
    rig.run(["config", "explain", "nonsense"]).fails(2, &["no key contains \"nonsense\""]);
    assert!(rig.run(["config", "explain", "max_age_ms"]).expect(0).out.contains("max_age_ms"));
}

#[test]
fn replays_of_nothing() {
    let rig = Rig::new();
    rig.write("garbage.txt", "no recording\n".repeat(3));
    rig.write("garbage.zst", b"\x28\xb5\x2f\xfdno zstd".as_slice());
    rig.run(["replay", "gone.txt"]).fails(2, &["gone.txt", "No such file"]);
    rig.run(["replay", "."]).fails(2, &["."]);
    rig.run(["replay", "garbage.txt"]).fails(2, &["garbage.txt"]);
    rig.run(["replay", "garbage.zst"]).fails(2, &["garbage.zst"]);
    rig.write("empty.txt", "");
    rig.run(["replay", "empty.txt"]).fails(2, &["empty.txt"]);
    rig.run(["replay", "--config", "gone.toml", "garbage.txt"]).fails(2, &["gone.toml"]);
}

/// Whoever reads along may leave at any time; the code says whether the command did its work.
#[test]
fn a_closed_standard_output_is_no_failure() {
    let rig = Rig::new();
    rig.write("c.toml", stated("wss://127.0.0.1:9", ""));
    let tick = r#"{"stream":"btcusdt@bookTicker","data":{"u":1,"s":"BTCUSDT","b":"1","B":"1","a":"2","A":"1"}}"#;
    rig.write("a.txt", format!("1723161256000000 {tick}\n"));
    let help = &["config", "explain"][..];
    for arguments in [&["check", "c.toml"][..], help, &["replay", "a.txt"], &["replay", "--config", "c.toml", "a.txt"]]
    {
        let mut command = rig.command(arguments.iter().copied());
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let mut child = command.stdout(writer).stderr(std::process::Stdio::null()).spawn().expect("the binary");
        drop(command);
        // It writes a few KiB and ends: it cannot hang.
        assert_eq!(child.wait().expect("a child").code(), Some(0), "{arguments:?}");
    }
}
