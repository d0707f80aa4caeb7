//! Every malformed frame, end to end: counted by its reason, and the good ones around it are all taken.

use crate::run as support;

use std::collections::BTreeMap;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use support::{PATIENCE, Rig, Running, count, report};
use tungstenite::{Message, WebSocket};

const TEXT: u8 = 0x81;
const BINARY: u8 = 0x82;
const COMPRESSED: u8 = 0xc1;

/// A WebSocket frame as a server sends it.
fn frame(head: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![head];
    match payload.len() {
        n @ 0..=125 => bytes.push(n as u8),
        n @ 126..=65_535 => {
            bytes.push(126);
            bytes.extend_from_slice(&(n as u16).to_be_bytes());
        }
        n => {
            bytes.push(127);
            bytes.extend_from_slice(&(n as u64).to_be_bytes());
        }
    }
    bytes.extend_from_slice(payload);
    bytes
}

fn trade(id: u64) -> Vec<u8> {
    let data = format!(
        r#"{{"e":"trade","E":1723161256123,"s":"BTCUSDT","t":{id},"p":"60000.50","q":"0.00100","T":1723161256122,"m":true,"M":true}}"#
    );
    frame(TEXT, format!(r#"{{"stream":"btcusdt@trade","data":{data}}}"#).as_bytes())
}

/// What is refused while the connection goes on: name, frame and reason.
fn refused() -> Vec<(String, Vec<u8>, String)> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../feeds/tests/fixtures/refused.txt");
    let text = std::fs::read_to_string(file).expect("the decoders' fixtures");
    let mut all: Vec<_> = text
        .lines()
        .filter(|l| !l.starts_with('#') && !l.is_empty())
        .map(|line| {
            let mut parts = line.splitn(3, '\t');
            let mut next = || parts.next().expect("three parts").to_owned();
            let (name, reason) = (next(), next());
            (name, frame(TEXT, next().as_bytes()), reason)
        })
        .collect();
    assert!(all.len() > 40);
    let whole = trade(1);
    let payload = &whole[4..];
    let nested = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let mut no_utf8 = br#"{"stream":"btcusdt@trade","data":{"e":"trade","s":"BTC"#.to_vec();
    no_utf8.extend_from_slice(b"\xff\xfe\"}}");
    let more: [(&str, Vec<u8>, &str); 6] = [
        ("cut short", frame(TEXT, &payload[..payload.len() / 2]), "truncated"),
        ("nothing", frame(TEXT, b""), "truncated"),
        ("nested 10,000 deep", frame(TEXT, nested.as_bytes()), "too_deep"),
        ("no UTF-8", frame(TEXT, &no_utf8), "invalid_utf8"),
        ("gzip as text", frame(TEXT, &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]), "not_json"),
        ("binary", frame(BINARY, payload), "binary_frame"),
    ];
    all.extend(more.map(|(name, frame, reason)| (name.to_owned(), frame, reason.to_owned())));
    all
}

/// What ends the connection, which is opened again: the frame and the reason.
fn fatal() -> Vec<(Vec<u8>, &'static str)> {
    let masked = [TEXT, 0x82, 1, 2, 3, 4, b'{' ^ 1, b'}' ^ 2].to_vec();
    vec![
        (frame(COMPRESSED, b"\xaa\x56\x4a\x55\xb2\x52\x00"), "ws_reserved_bits"),
        (frame(TEXT, &b" ".repeat(5_000_000)), "ws_too_long"),
        (masked, "ws_masked"),
        (frame(0x83, b"?"), "ws_unknown_opcode"),
    ]
}

/// Takes the next connection and its subscription.
fn accept(listener: &TcpListener) -> WebSocket<TcpStream> {
    let end = Instant::now() + PATIENCE;
    let tcp = loop {
        match listener.accept() {
            Ok((tcp, _)) => break tcp,
            Err(_) => assert!(Instant::now() < end, "nobody connects"),
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    tcp.set_nonblocking(false).expect("blocking");
    tcp.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    tcp.set_write_timeout(Some(PATIENCE)).expect("a timeout");
    let mut ws = tungstenite::accept(tcp).expect("a handshake");
    let Message::Text(text) = ws.read().expect("a request") else { panic!("a SUBSCRIBE comes first") };
    let request: serde_json::Value = serde_json::from_str(text.as_str()).expect("JSON");
    assert_eq!(request["method"], "SUBSCRIBE");
    ws.send(Message::text(format!(r#"{{"result":null,"id":{}}}"#, request["id"]))).expect("an answer");
    ws
}

/// The most memory that the process had, in KiB.
fn peak_kib(run: &Running) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", run.pid())).expect("its status");
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:")).expect("a peak");
    line.split_whitespace().next().and_then(|n| n.parse().ok()).expect("a number")
}

#[test]
fn malformed_frames_among_good_ones() {
    let rig = Rig::new();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.set_nonblocking(true).expect("non-blocking");
    let port = listener.local_addr().expect("an address").port();
    rig.write(
        "c.toml",
        format!(
            "[[venue]]\nname = \"one\"\nprotocol = \"binance-spot\"\nenvironment = \"custom\"\nstreams = [\"trade\"]\n\
             stream_url = \"ws://127.0.0.1:{port}\"\n[[instrument]]\nvenue = \"one\"\nsymbol = \"BTCUSDT\"\n\
             base = \"BTC\"\nquote = \"USDT\"\nsettle = \"USDT\"\nkind = \"spot\"\ncontract_size = \"1\"\n\
             price_step = \"0.01\"\nquantity_step = \"0.00001\"\nmin_quantity = \"0.00001\"\nmin_notional = \"5\"\n\
             [strategy]\nname = \"spread\"\ntrade = false\n"
        ),
    );
    let mut run = rig.start(rig.command(["run", "--config", "c.toml", "--report", "r.json"]));

    let mut expected: BTreeMap<String, u64> = BTreeMap::new();
    let mut id = 0;
    let mut next_trade = || {
        id += 1;
        trade(id)
    };
    let (refused, fatal) = (refused(), fatal());
    for (round, (last, reason)) in fatal.iter().enumerate() {
        let mut ws = accept(&listener);
        let tcp = ws.get_mut();
        tcp.write_all(&next_trade()).expect("sent");
        for (_, bad, reason) in refused.iter().skip(round).step_by(fatal.len()) {
            tcp.write_all(bad).expect("sent");
            *expected.entry(reason.clone()).or_default() += 1;
            tcp.write_all(&next_trade()).expect("sent");
        }
        // The client may hang up while it is still being sent.
        let _ = tcp.write_all(last);
        *expected.entry((*reason).to_owned()).or_default() += 1;
        while ws.read().is_ok() {}
    }
    let mut ws = accept(&listener);
    ws.get_mut().write_all(&next_trade()).expect("sent");
    run.until("the last trade", |_| {
        let done = rig.run(["status", "--json", "--shm", &rig.shm]);
        let status: serde_json::Value = serde_json::from_str(&done.out).unwrap_or_default();
        status["feeds"][0]["trades"].as_u64() == Some(id)
    });
    let peak = peak_kib(&run);
    run.signal("INT");
    let done = run.finish().expect(0);
    for (_, reason) in &fatal {
        assert!(done.err.contains(&format!("disconnected: protocol error {reason}")), "{reason}: {}", done.err);
    }

    let r = report(&rig.path("r.json"));
    let feed = &r["feeds"][0];
    assert_eq!(feed["refused"], serde_json::to_value(&expected).expect("JSON"));
    assert_eq!((count(&feed["trades"]), count(&r["instruments"][0]["trades"])), (id, id));
    assert_eq!((count(&feed["trade_gaps"]), count(&feed["trade_duplicates"])), (0, 0), "each good one once, in order");
    assert_eq!(count(&feed["connects"]), fatal.len() as u64 + 1);
    assert!(peak < 256 * 1024, "{peak} KiB");
}
