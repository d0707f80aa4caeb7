//! One simulated venue serves the engine and five other clients at once, beside one that does not read: all get every
//! trade in order, the one that does not read is dropped.
//!
//! `CROSSTICK_LOAD=RATExSECONDS cargo test --release -p crosstick-engine --test sim_load figures -- --nocapture`
//! measures: so many quotes a second for so long, without and with the one that does not read.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crosstick_model::{Decimal, Protocol};
use crosstick_sim::flow::{FlowLeg, FlowMarket, FlowVenue};
use crosstick_sim::{ClientEnd, Endpoint, FlowSpec, Sim, SimConfig, SimHandle, SimInstrument, Source};
use serde_json::Value;

const FAST: usize = 5;
/// What the clients here ask for; the engine asks for something else.
const TARGET: &str = "/ws/btcusdt@trade/btcusdt@bookTicker?timeUnit=MICROSECOND";
/// Long enough for a busy machine, short enough that a test that hangs is seen.
const PATIENCE: Duration = Duration::from_secs(120);

fn decimal(text: &str) -> Decimal {
    text.parse().expect("a decimal")
}

/// Two venues with one market; the first has so many quotes a second.
fn spec(quotes_per_second: u32) -> FlowSpec {
    let leg = |venue, quotes_per_second: u32| FlowLeg {
        venue,
        instrument: SimInstrument::spot("BTCUSDT", "BTC", "USDT", decimal("0.01"), decimal("0.00001")),
        half_spread_e8: 500,
        quotes_per_second,
        bursts_per_second: quotes_per_second.div_ceil(20),
        notional: 6_000,
    };
    let market = FlowMarket {
        name: "BTC-USDT".to_owned(),
        price: Decimal::from(64_250),
        volatility_e8: 6_000,
        gap_every_ms: 0,
        gap_ms: (0, 0),
        gap_e8: (0, 0),
        moods: None,
        legs: vec![leg(0, quotes_per_second), leg(1, 50)],
    };
    let venue = |name| FlowVenue::new(name, Protocol::BinanceSpot, 100, 100);
    FlowSpec { venues: vec![venue("busy"), venue("quiet")], markets: vec![market] }
}

fn venues(quotes_per_second: u32) -> SimHandle {
    let mut config = SimConfig::new(Source::Generated { seed: 1, spec: spec(quotes_per_second) });
    let any = Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
    let endpoint = |venue: &str| Endpoint { venue: venue.to_owned(), tls: None, plain: any };
    config.endpoints = vec![endpoint("busy"), endpoint("quiet")];
    Sim::start(config).expect("venues")
}

fn engine_config(handle: &SimHandle) -> String {
    let mut text = format!("[engine]\nshm = \"crosstick-load-{}\"\nstate_dir = \"state\"\n", std::process::id());
    for venue in handle.venues() {
        text.push_str(&format!(
            "[[venue]]\nname = \"{}\"\nprotocol = \"binance-spot\"\nenvironment = \"custom\"\nstream_url = \"{}\"\n\
             rest_url = \"{}\"\n",
            venue.name, venue.stream_url, venue.rest_url
        ));
    }
    text + "[[market]]\nname = \"BTC-USDT\"\nsymbols = { busy = \"BTCUSDT\", quiet = \"BTCUSDT\" }\n\
            [strategy]\nname = \"spread\"\ntrade = false\n"
}

fn engine(folder: &Path) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_crosstick"));
    command.args(["run", "--config", "c.toml", "--report", "r.json"]);
    command.current_dir(folder).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("an engine")
}

fn connect(handle: &SimHandle) -> TcpStream {
    let address = handle.venues()[0].stream_url.strip_prefix("ws://").expect("plain").to_owned();
    let mut socket = TcpStream::connect(address).expect("a connection");
    socket.set_read_timeout(Some(Duration::from_millis(100))).expect("a socket");
    let request = format!(
        "GET {TARGET} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    );
    socket.write_all(request.as_bytes()).expect("sent");
    socket
}

/// What a client got.
#[derive(Default)]
struct Got {
    frames: u64,
    bytes: u64,
    /// Trades that did not follow the one before.
    torn: u64,
    /// From a trade's event time to its arrival, in µs.
    late_us: Vec<u64>,
}

fn number(payload: &[u8], name: &[u8]) -> Option<u64> {
    let at = payload.windows(name.len()).position(|w| w == name)? + name.len();
    let digits = payload[at..].iter().take_while(|b| b.is_ascii_digit()).count();
    std::str::from_utf8(&payload[at..at + digits]).ok()?.parse().ok()
}

fn listen(mut socket: TcpStream, stop: &AtomicBool, newest: &AtomicU64) -> Got {
    let (mut got, mut kept, mut buffer) = (Got::default(), Vec::new(), vec![0; 256 * 1024]);
    let mut head = true;
    while !stop.load(Ordering::Relaxed) {
        match socket.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => kept.extend_from_slice(&buffer[..read]),
            Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => continue,
            Err(_) => break,
        }
        let mut at = 0;
        if head {
            let Some(end) = kept.windows(4).position(|w| w == b"\r\n\r\n") else { continue };
            (at, head) = (end + 4, false);
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now_us = u64::try_from(now.as_micros()).unwrap_or(0);
        while let Some([first, second, ..]) = kept.get(at..) {
            let long = kept.get(at + 2..at + 4).map(|two| usize::from(u16::from_be_bytes([two[0], two[1]])));
            let (length, begin) = match (*second, long) {
                (126, Some(length)) => (length, at + 4),
                (126, None) => break,
                (short, _) => (usize::from(short), at + 2),
            };
            let Some(payload) = kept.get(begin..begin + length) else { break };
            if *first == 0x81 {
                got.frames += 1;
                got.bytes += payload.len() as u64;
                if let Some(id) = number(payload, b"\"t\":") {
                    let before = newest.swap(id, Ordering::Relaxed);
                    got.torn += u64::from(before != 0 && id != before + 1);
                    let event_us = number(payload, b"\"E\":").unwrap_or(0);
                    got.late_us.push(now_us.saturating_sub(event_us));
                }
            }
            at = begin + length;
        }
        kept.drain(..at);
    }
    got
}

/// The trades that the busy venue has published, and all its frames.
fn published(handle: &SimHandle) -> (u64, u64) {
    let stats = handle.stats();
    let of = &stats.venues[0].published;
    (of["btcusdt@trade"].last_trade_id, of.values().map(|s| s.frames).sum())
}

/// Whether the engine is connected to both venues, and trades and quotes of the busy one were sent to it.
fn engine_is_fed(handle: &SimHandle) -> bool {
    let stats = handle.stats();
    let sent = |stream: &str| {
        let engines = stats.venues[0].clients.iter().filter(|c| c.target != TARGET);
        engines.filter_map(|c| c.sent.get(stream)).any(|s| s.frames > 0)
    };
    sent("btcusdt@trade") && sent("btcusdt@bookTicker") && !stats.venues[1].clients.is_empty()
}

struct Session {
    report: Value,
    got: Vec<Got>,
    frames_per_second: f64,
    seconds: f64,
    dropped: u64,
    deaf_end: Option<ClientEnd>,
}

/// The engine and five clients for so long, beside one that does not read where `deaf`.
fn session(quotes_per_second: u32, seconds: u64, deaf: bool) -> Session {
    let folder = tempfile::tempdir().expect("a folder");
    let handle = venues(quotes_per_second);
    fs::write(folder.path().join("c.toml"), engine_config(&handle)).expect("written");
    let silent = deaf.then(|| connect(&handle));
    // The first connection is the deaf one's: clients are numbered as they come.
    let first = Instant::now();
    while deaf && handle.stats().venues[0].clients.is_empty() {
        assert!(first.elapsed() < PATIENCE, "no client in time");
        thread::sleep(Duration::from_millis(5));
    }
    let mut run = engine(folder.path());
    let stop = Arc::new(AtomicBool::new(false));
    let clients: Vec<(Arc<AtomicU64>, JoinHandle<Got>)> = (0..FAST)
        .map(|_| {
            let (socket, newest, stop) = (connect(&handle), Arc::new(AtomicU64::new(0)), Arc::clone(&stop));
            let shared = Arc::clone(&newest);
            (newest, thread::spawn(move || listen(socket, &stop, &shared)))
        })
        .collect();
    while !engine_is_fed(&handle) {
        assert!(first.elapsed() < PATIENCE, "the engine is not connected in time");
        thread::sleep(Duration::from_millis(20));
    }
    let (began, (_, before)) = (Instant::now(), published(&handle));
    thread::sleep(Duration::from_secs(seconds));
    while deaf && handle.stats().venues[0].dropped_slow == 0 {
        assert!(began.elapsed() < PATIENCE, "nobody is dropped");
        thread::sleep(Duration::from_millis(20));
    }
    let told = Command::new("kill").args(["-TERM", &run.id().to_string()]).status().expect("kill");
    assert!(told.success(), "the engine is there");
    let status = run.wait().expect("it ends");
    let mut said = String::new();
    run.stderr.take().expect("a pipe").read_to_string(&mut said).expect("text");
    assert!(status.success(), "{status}: {said}");
    // All that is published now reaches everybody.
    let ((last, after), took) = (published(&handle), began.elapsed().as_secs_f64());
    while clients.iter().any(|(newest, _)| newest.load(Ordering::Relaxed) < last) {
        assert!(began.elapsed() < 2 * PATIENCE, "a fast client is behind");
        thread::sleep(Duration::from_millis(5));
    }
    stop.store(true, Ordering::Relaxed);
    let got = clients.into_iter().map(|(_, client)| client.join().expect("no panic")).collect();
    let stats = handle.stats();
    drop(silent);
    let report = fs::read(folder.path().join("r.json")).expect("a report");
    let deaf_end = stats.venues[0].clients.first().filter(|_| deaf).and_then(|c| c.end.clone());
    Session {
        report: serde_json::from_slice(&report).expect("JSON"),
        got,
        frames_per_second: (after - before) as f64 / took,
        seconds: took,
        dropped: stats.venues[0].dropped_slow,
        deaf_end,
    }
}

impl Session {
    fn busy_feed(&self) -> &Value {
        let feeds = self.report["feeds"].as_array().expect("a list");
        feeds.iter().find(|f| f["venue"] == "busy").expect("the busy venue's")
    }

    fn tell(&self, what: &str) {
        println!("{what}: {:.0} frames a second published over {:.1} s", self.frames_per_second, self.seconds);
        for (i, got) in self.got.iter().enumerate() {
            let mut late = got.late_us.clone();
            late.sort_unstable();
            let at = |mille: usize| late.get(late.len() * mille / 1000).copied().unwrap_or(0);
            println!(
                "  client {i}: {:.0} frames a second, {:.2} MB a second; trades after {} / {} / {} us (p50 / p99 / most)",
                got.frames as f64 / self.seconds,
                got.bytes as f64 / self.seconds / 1e6,
                at(500),
                at(990),
                late.last().copied().unwrap_or(0)
            );
        }
        let feed = self.busy_feed();
        println!(
            "  engine: {} trades and {} quotes decoded; trade_gaps {}, refused {}; dropped as too slow: {}",
            feed["trades"], feed["quotes"], feed["trade_gaps"], feed["refused"], self.dropped
        );
    }

    fn all_got_everything(&self) {
        for (i, got) in self.got.iter().enumerate() {
            assert!(got.frames > 0 && got.late_us.len() > 1, "client {i} got nothing");
            assert_eq!(got.torn, 0, "client {i}: trades that did not follow each other");
        }
        let feed = self.busy_feed();
        let zero = |name: &str| assert_eq!(feed[name], 0, "{name}: {feed}");
        ["trade_gaps", "trade_duplicates"].into_iter().for_each(zero);
        assert_eq!((&feed["refused"], &feed["connects"]), (&serde_json::json!({}), &Value::from(1)), "{feed}");
        assert!(feed["trades"].as_u64() > Some(0) && feed["quotes"].as_u64() > Some(0), "{feed}");
    }
}

#[test]
fn a_client_that_does_not_read_is_dropped_and_costs_the_others_nothing() {
    let session = session(8_000, 3, true);
    session.tell("functional");
    session.all_got_everything();
    assert_eq!((session.dropped, session.deaf_end.as_ref()), (1, Some(&ClientEnd::Slow)));
}

#[test]
fn figures() {
    let Ok(wanted) = std::env::var("CROSSTICK_LOAD") else {
        println!("CROSSTICK_LOAD=RATExSECONDS measures, such as 20000x10");
        return;
    };
    let (rate, seconds) = wanted.split_once('x').expect("RATExSECONDS");
    let (rate, seconds) = (rate.parse().expect("a rate"), seconds.parse().expect("seconds"));
    for (what, deaf) in [("without the one that does not read", false), ("beside the one that does not read", true)] {
        let session = session(rate, seconds, deaf);
        session.tell(what);
        session.all_got_everything();
    }
}
