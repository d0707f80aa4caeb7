//! Venues over real sockets and TLS, seen by a client that is not ours.

use crate::common;

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use common::{Client, connect, tcp, tls};
use crosstick_sim::recorded::{LineReader, RecordedFrame};
use crosstick_sim::{
    AtEnd, ClientEnd, Endpoint, Flow, FlowSpec, ReplayFile, ReplaySpec, Sim, SimConfig, SimError, Source, Speed,
};
use serde_json::{Value, json};

const START: u64 = 1_700_000_000_000_000_000;

/// A generated session of all demo venues, one file each.
fn session(dir: &Path, seconds: u64) -> Vec<PathBuf> {
    let spec = FlowSpec::demo();
    let paths: Vec<PathBuf> = spec.venues.iter().map(|v| dir.join(format!("{}.txt", v.name))).collect();
    let mut sinks: Vec<_> =
        paths.iter().map(|p| std::fs::File::create(p).expect("created")).map(std::io::BufWriter::new).collect();
    Flow::new(4, &spec)
        .expect("a good spec")
        .write_session(START, seconds * 1_000_000_000, &mut sinks)
        .expect("written");
    paths
}

/// The frames of a file, as they stand there.
fn frames(path: &Path) -> Vec<String> {
    let mut reader = LineReader::open(path).expect("open");
    let mut frames = Vec::new();
    while let Some(line) = reader.next_line().expect("read") {
        let frame = line.expect("a good line").frame;
        if RecordedFrame::parse(frame).is_some() {
            frames.push(frame.to_owned());
        }
    }
    frames
}

fn all_streams(path: &Path) -> String {
    let mut streams: Vec<String> =
        frames(path).iter().map(|f| RecordedFrame::parse(f).expect("a frame").stream.into_owned()).collect();
    streams.sort_unstable();
    streams.dedup();
    streams.join("/")
}

fn replay(files: &[PathBuf]) -> ReplaySpec {
    let file = |p: &PathBuf| ReplayFile { venue: None, path: p.clone() };
    ReplaySpec { at_end: AtEnd::CloseAfter(Duration::ZERO), ..ReplaySpec::new(files.iter().map(file).collect()) }
}

fn start(spec: ReplaySpec) -> crosstick_sim::SimHandle {
    Sim::start(SimConfig::new(Source::Recorded(spec))).expect("started")
}

#[test]
fn at_full_speed_every_client_gets_every_recorded_line_once_and_in_order() {
    let dir = tempfile::tempdir().expect("a directory");
    let files = &session(dir.path(), 20)[..2];
    let handle = start(ReplaySpec { clients: 2, ..replay(files) });
    let mut readers = Vec::new();
    for (venue, file) in ["alpha", "beta"].into_iter().zip(files) {
        for pause in [0, 1] {
            let mut client = connect(&handle, venue, &format!("/stream?streams={}", all_streams(file)));
            let file = file.clone();
            readers.push(thread::spawn(move || {
                // One of the two is slow now and then; at full speed nobody is dropped for that.
                for _ in 0..pause * 3 {
                    thread::sleep(Duration::from_millis(50));
                }
                let (got, code) = client.drain();
                let want = frames(&file);
                assert_eq!((got.len(), code), (want.len(), 1000));
                assert!(got == want, "the same frames in the same order");
                want.len() as u64
            }));
        }
    }
    let counts: Vec<u64> = readers.into_iter().map(|r| r.join().expect("a reader")).collect();
    assert!(counts[0] > 5_000, "{counts:?}");
    let stats = handle.join();
    assert!(stats.source_ended && stats.lines_unserved == 0);
    for (venue, pair) in stats.venues.iter().zip(counts.chunks(2)) {
        let sent: Vec<u64> = venue.clients.iter().map(|c| c.frames()).collect();
        assert_eq!((sent.as_slice(), venue.dropped_slow), (pair, 0));
        assert!(
            venue.clients.iter().all(|c| c.end == Some(ClientEnd::Venue(1000, String::new()))),
            "{:?}",
            venue.clients
        );
    }
}

#[test]
fn routed_and_raw_clients_share_a_recording() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = session(dir.path(), 4).remove(2);
    let handle = start(replay(std::slice::from_ref(&file)));
    let mut market = connect(&handle, "gamma", &format!("/market/stream?streams={}", all_streams(&file)));
    let mut public = connect(&handle, "gamma", "/public/ws");
    let names: Vec<String> = all_streams(&file).split('/').map(str::to_owned).collect();
    public.send(&json!({"method": "SUBSCRIBE", "params": names, "id": 1}).to_string());
    assert_eq!(public.next().expect("an answer"), r#"{"result":null,"id":1}"#);
    let market = thread::spawn(move || market.drain().0);
    let (raw, _) = public.drain();
    let combined = market.join().expect("a reader");
    let want = frames(&file);
    let agg: Vec<&String> = want.iter().filter(|f| f.contains("@aggTrade")).collect();
    assert!(!agg.is_empty() && combined.iter().eq(agg), "trades on /market");
    let quotes = want.iter().filter(|f| f.contains("@bookTicker"));
    let quotes: Vec<&str> = quotes.map(|f| RecordedFrame::parse(f).expect("a frame").payload).collect();
    assert!(!quotes.is_empty() && raw == quotes, "quotes on /public, unwrapped");
    assert!(handle.join().source_ended);
}

#[test]
fn at_a_pace_a_client_that_does_not_read_is_dropped_and_delays_nobody() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("big.txt");
    let mut text = String::new();
    let level = r#"["12345.67000000","1.00000000"]"#;
    let side = vec![level; 600].join(",");
    for i in 0..1_500u64 {
        let data = format!(r#"{{"e":"depthUpdate","E":1,"s":"BTCUSDT","U":{i},"u":{i},"b":[{side}],"a":[]}}"#);
        text.push_str(&format!("{} {{\"stream\":\"btcusdt@depth\",\"data\":{data}}}\n", START + i * 1_000_000));
    }
    std::fs::write(&path, &text).expect("written");
    let mut config =
        SimConfig::new(Source::Recorded(ReplaySpec { clients: 2, speed: Speed::Times(0.7), ..replay(&[path]) }));
    config.queue_bytes_max = 8 * 1024 * 1024;
    let handle = Sim::start(config).expect("started");
    let slow = connect(&handle, "big", "/ws/btcusdt@depth");
    let mut fast = connect(&handle, "big", "/ws/btcusdt@depth");
    let (got, code) = fast.drain();
    assert_eq!((got.len(), code), (1_500, 1000));
    let stats = handle.join();
    let venue = &stats.venues[0];
    assert_eq!((venue.dropped_slow, venue.clients[0].end.as_ref()), (1, Some(&ClientEnd::Slow)));
    assert_eq!(venue.clients[1].frames(), 1_500);
    drop(slow);
}

#[test]
fn the_generated_demo_is_served_subscribed_to_and_stopped() {
    let handle = Sim::start(SimConfig::new(Source::Generated { seed: 1, spec: FlowSpec::demo() })).expect("started");
    let mut client = connect(&handle, "alpha", "/ws");
    client.send(r#"{"method":"SUBSCRIBE","params":["btcusdt@trade"],"id":7}"#);
    assert_eq!(client.next().expect("an answer"), r#"{"result":null,"id":7}"#);
    let mut ids = Vec::new();
    for _ in 0..50 {
        let trade: Value = serde_json::from_str(&client.next().expect("a trade")).expect("json");
        assert_eq!((&trade["e"], &trade["s"]), (&json!("trade"), &json!("BTCUSDT")));
        ids.push(trade["t"].as_u64().expect("an id"));
    }
    client.send(r#"{"method":"UNSUBSCRIBE","params":["btcusdt@trade"],"id":8}"#);
    loop {
        let text = client.next().expect("a frame");
        if text.contains("result") {
            break;
        }
        let trade: Value = serde_json::from_str(&text).expect("json");
        ids.push(trade["t"].as_u64().expect("an id"));
    }
    assert!(ids.windows(2).all(|w| w[0] + 1 == w[1]), "contiguous");
    let stats = handle.stats();
    let sent = stats.venue("alpha").expect("alpha").clients[0].sent["btcusdt@trade"];
    assert_eq!((sent.frames, Some(&sent.last_trade_id)), (ids.len() as u64, ids.last()));
    let stopping = thread::spawn(move || handle.stop());
    let shutdown: Value = serde_json::from_str(&client.next().expect("the event")).expect("json");
    assert_eq!(shutdown["e"], json!("serverShutdown"));
    assert_eq!(client.next().expect_err("a close").map(|f| u16::from(f.code)), Some(1001));
    let stats = stopping.join().expect("stopped");
    assert_eq!(stats.venues.len(), 3);
}

#[test]
fn rest_and_plain_sockets() {
    let any = Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
    let mut config = SimConfig::new(Source::Generated { seed: 1, spec: FlowSpec::demo() });
    config.endpoints = vec![Endpoint { venue: "beta".to_owned(), tls: any, plain: any }];
    let dir = tempfile::tempdir().expect("a directory");
    config.ca_pem_path = Some(dir.path().join("ca.pem"));
    let handle = Sim::start(config).expect("started");
    assert_eq!(std::fs::read_to_string(dir.path().join("ca.pem")).expect("written"), handle.ca_pem());
    let mut https = tls(&handle, &handle.venue("alpha").expect("alpha").rest_url);
    https.write_all(b"GET /api/v3/exchangeInfo HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").expect("sent");
    let mut text = String::new();
    https.read_to_string(&mut text).expect("an answer that ends in order");
    let info: Value = serde_json::from_str(text.split_once("\r\n\r\n").expect("a head").1).expect("json");
    let symbols: Vec<&str> =
        info["symbols"].as_array().expect("symbols").iter().filter_map(|s| s["symbol"].as_str()).collect();
    assert_eq!(symbols, ["BTCUSDT", "DOGEUSDT", "PEPEUSDT"]);
    assert_eq!(info["symbols"][2]["filters"][0]["tickSize"], json!("0.00000001"));

    let url = handle.venue("beta").expect("beta").plain_stream_url.clone().expect("plain");
    let (ws, _) =
        tungstenite::client(format!("{url}/stream?streams=btcusdt@bookTicker"), tcp(&url)).expect("a handshake");
    let quote: Value = serde_json::from_str(&Client(ws).next().expect("a quote")).expect("json");
    assert_eq!(quote["stream"], json!("btcusdt@bookTicker"));
    assert_eq!(quote["data"]["s"], json!("BTCUSDT"));
}

#[test]
fn hostile_sockets_do_not_keep_others_from_being_served() {
    let handle = Sim::start(SimConfig::new(Source::Generated { seed: 1, spec: FlowSpec::demo() })).expect("started");
    let url = handle.venue("alpha").expect("alpha").stream_url.clone();
    let mut silent: Vec<_> = (0..100).map(|_| tcp(&url)).collect();
    for (i, stream) in silent.iter_mut().enumerate().take(50) {
        // Not TLS, and a TLS record cut short.
        let _ = stream.write_all(if i % 2 == 0 { b"GET / HTTP/1.1\r\n\r\n" } else { b"\x16\x03\x01\x40\x00\x01" });
    }
    let mut client = connect(&handle, "alpha", "/ws/btcusdt@bookTicker");
    for _ in 0..20 {
        assert!(client.next().expect("a quote").starts_with(r#"{"u":"#));
    }
    // Thousands of subscriptions, and then some.
    let names: Vec<String> = (0..2_000).map(|i| format!("s{i}@trade")).collect();
    client.send(&json!({"method": "SUBSCRIBE", "params": names, "id": 1}).to_string());
    let answer = std::iter::from_fn(|| client.next().ok()).find(|t| t.contains("\"id\":1")).expect("an answer");
    assert!(answer.contains("\"code\":2"), "{answer}");
    drop(silent);
}

#[test]
fn what_cannot_start_says_why() {
    let demo = || SimConfig::new(Source::Generated { seed: 1, spec: FlowSpec::demo() });
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("bound");
    let address = taken.local_addr().expect("an address");
    let at = |tls| vec![Endpoint { venue: "alpha".to_owned(), tls: Some(tls), plain: None }];
    let error = Sim::start(SimConfig { endpoints: at(address), ..demo() }).expect_err("taken");
    assert!(matches!(error, SimError::Listen { .. }) && error.to_string().contains(&address.to_string()), "{error}");
    let everywhere = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
    let error = Sim::start(SimConfig { endpoints: at(everywhere), ..demo() }).expect_err("not loopback");
    assert!(matches!(error, SimError::NotLoopback { .. }), "{error}");
    let stranger = vec![Endpoint { venue: "omega".to_owned(), tls: None, plain: None }];
    assert!(
        Sim::start(SimConfig { endpoints: stranger, ..demo() }).expect_err("unknown").to_string().contains("omega")
    );
    let config = SimConfig { ca_pem_path: Some("/nowhere/ca.pem".into()), ..demo() };
    assert!(matches!(Sim::start(config), Err(SimError::File { .. })));

    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("other.txt");
    std::fs::write(&path, "1700000000000000000 {\"channel\":\"l2Book\"}\n").expect("written");
    let recorded = |spec| Sim::start(SimConfig::new(Source::Recorded(spec))).expect_err("refused");
    assert!(matches!(recorded(replay(&[path])), SimError::Unrecognised { looked: 1, .. }));
    assert!(matches!(recorded(replay(&["/nowhere".into()])), SimError::File { .. }));
    assert!(matches!(recorded(replay(&[])), SimError::Config(_)));
    let files = session(dir.path(), 1);
    assert!(recorded(ReplaySpec { speed: Speed::Times(0.0), ..replay(&files) }).to_string().contains("speed"));
    let mut mixed = replay(&files);
    mixed.files.iter_mut().for_each(|f| f.venue = Some("one".to_owned()));
    assert!(recorded(mixed).to_string().contains("binance-usdm"));
}
