//! Faults over real sockets, asked for over the control API, seen by third-party clients (tungstenite over rustls) and
//! plain sockets; and the control API itself.

use crate::common;

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use crosstick_sim::{FaultSpec, FlowSpec, Sim, SimAccount, SimConfig, SimError, SimHandle, Source};
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(60);

fn config() -> SimConfig {
    let mut config = SimConfig::new(Source::Generated { seed: 7, spec: FlowSpec::demo() });
    config.control = Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
    config
}

fn start() -> SimHandle {
    Sim::start(config()).expect("started")
}

/// One request to the control API with these headers; status and body.
fn control_with(handle: &SimHandle, verb: &str, path: &str, headers: &str, body: &str) -> (u16, Value) {
    let url = handle.control_url().expect("a control API");
    let mut stream = common::tcp(url);
    let request =
        format!("{verb} {path} HTTP/1.1\r\n{headers}Connection: close\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    stream.write_all(request.as_bytes()).expect("sent");
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("read");
    let (head, body) = text.split_once("\r\n\r\n").expect("a head");
    let status = head.split(' ').nth(1).and_then(|s| s.parse().ok()).expect("a status");
    (status, serde_json::from_str(body).unwrap_or(Value::Null))
}

fn control(handle: &SimHandle, verb: &str, path: &str, body: &str) -> (u16, Value) {
    control_with(handle, verb, path, "Host: 127.0.0.1\r\n", body)
}

/// Gives alpha a fault; its id.
fn fault(handle: &SimHandle, mut fields: Value) -> String {
    fields["venue"] = json!("alpha");
    let (status, answer) = control(handle, "POST", "/faults", &fields.to_string());
    assert_eq!(status, 201, "{answer}");
    answer["id"].as_str().expect("an id").to_owned()
}

fn url(handle: &SimHandle) -> String {
    handle.venue("alpha").expect("alpha").stream_url.clone()
}

fn address(handle: &SimHandle) -> String {
    url(handle).split("://").nth(1).expect("an address").to_owned()
}

/// A GET over TLS; all that came.
fn get(handle: &SimHandle, path: &str) -> std::io::Result<String> {
    let mut stream = common::tls(handle, &url(handle));
    stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").as_bytes())?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    Ok(text)
}

#[test]
fn refused_connections_are_refused_by_the_system() {
    let handle = start();
    let id = fault(&handle, json!({ "kind": "refuse", "for_ms": 3_600_000 }));
    let deadline = Instant::now() + PATIENCE;
    let refused = loop {
        match TcpStream::connect(address(&handle)) {
            Err(e) => break e,
            Ok(_) => assert!(Instant::now() < deadline, "still open"),
        }
    };
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    assert_eq!(control(&handle, "DELETE", &format!("/faults/{id}"), "").1["state"], json!("ended"));
    while TcpStream::connect(address(&handle)).is_err() {
        assert!(Instant::now() < deadline, "not open again");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(get(&handle, "/api/v3/ping").expect("served").starts_with("HTTP/1.1 200"));
}

#[test]
fn a_slow_accept_keeps_the_handshake_waiting() {
    let handle = start();
    fault(&handle, json!({ "kind": "slow-accept", "delay_ms": 700 }));
    let began = Instant::now();
    assert!(get(&handle, "/api/v3/ping").expect("served in the end").starts_with("HTTP/1.1 200"));
    assert!(began.elapsed() >= Duration::from_millis(700), "{:?}", began.elapsed());
}

#[test]
fn tls_fails_by_an_alert_or_by_a_strange_certificate() {
    let handle = start();
    fault(&handle, json!({ "kind": "tls-failure" }));
    let alert = get(&handle, "/api/v3/ping").expect_err("no handshake").to_string();
    assert!(alert.contains("HandshakeFailure"), "{alert}");
    fault(&handle, json!({ "kind": "tls-failure", "mode": "certificate" }));
    let stranger = get(&handle, "/api/v3/ping").expect_err("no handshake").to_string();
    assert!(stranger.contains("UnknownIssuer") || stranger.contains("BadSignature"), "{stranger}");
    assert!(get(&handle, "/api/v3/ping").expect("both are over").starts_with("HTTP/1.1 200"));
}

#[test]
fn dropped_and_cut_and_garbled_streams_break_the_client() {
    let handle = start();
    let faults = [
        json!({ "kind": "drop", "scope": "stream" }),
        json!({ "kind": "cut", "scope": "stream" }),
        json!({ "kind": "garbage", "scope": "stream", "layer": "frame" }),
    ];
    for fields in faults {
        let mut client = common::connect(&handle, "alpha", "/ws/btcusdt@bookTicker");
        client.next().expect("it lives");
        fault(&handle, fields.clone());
        let deadline = Instant::now() + PATIENCE;
        let error = loop {
            assert!(Instant::now() < deadline, "{fields}: it still lives");
            match client.0.read() {
                Ok(message) => assert!(!message.is_close(), "{fields}: no goodbye was due"),
                Err(e) => break e,
            }
        };
        let protocol = matches!(error, tungstenite::Error::Protocol(_) | tungstenite::Error::Io(_));
        assert!(protocol, "{fields}: {error:?}");
    }
}

#[test]
fn a_half_closed_stream_ends_for_the_reader_alone() {
    let handle = start();
    let mut client = common::connect(&handle, "alpha", "/ws/btcusdt@bookTicker");
    client.next().expect("it lives");
    fault(&handle, json!({ "kind": "half-close", "scope": "stream" }));
    let stream = client.0.get_mut();
    let mut bytes = [0; 4096];
    while stream.read(&mut bytes).expect("the TLS side ends in order") > 0 {}
    for _ in 0..3 {
        stream.write_all(&[0; 64]).expect("the venue still reads");
        std::thread::sleep(Duration::from_millis(50));
    }
    let (_, connections) = control(&handle, "GET", "/connections?venue=alpha", "");
    assert_eq!(connections[0]["state"], json!("half closed"), "{connections}");
}

#[test]
fn a_stalled_stream_is_silent_and_then_tells_all() {
    let handle = start();
    let mut client = common::connect(&handle, "alpha", "/ws/btcusdt@trade");
    let id = |text: String| serde_json::from_str::<Value>(&text).expect("JSON")["t"].as_u64().expect("an id");
    let mut last = id(client.next().expect("a trade"));
    fault(&handle, json!({ "kind": "stall", "scope": "stream", "for_ms": 1500 }));
    let began = Instant::now();
    let mut longest = Duration::ZERO;
    let mut heard = began;
    while began.elapsed() < PATIENCE && longest < Duration::from_millis(1000) {
        let next = id(client.next().expect("a trade"));
        assert_eq!(next, last + 1, "nothing is lost");
        last = next;
        longest = longest.max(heard.elapsed());
        heard = Instant::now();
    }
    assert!(longest >= Duration::from_millis(1000), "the longest silence was {longest:?}");
}

#[test]
fn a_schedule_of_the_config_acts_from_the_start() {
    let spec = FaultSpec { skew_ms: Some(3_600_000), ..FaultSpec::new("beta", "skew") };
    let handle = Sim::start(SimConfig { faults: vec![spec], ..config() }).expect("started");
    let time = |venue: &str| -> u64 {
        let mut stream = common::tls(&handle, &handle.venue(venue).expect("a venue").rest_url);
        let request = "GET /api/v3/time HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        stream.write_all(request.as_bytes()).expect("sent");
        let mut text = String::new();
        stream.read_to_string(&mut text).expect("read");
        let body = text.split_once("\r\n\r\n").expect("a head").1;
        serde_json::from_str::<Value>(body).expect("JSON")["serverTime"].as_u64().expect("a time")
    };
    let (alpha, beta) = (time("alpha"), time("beta"));
    assert!((3_600_000..3_660_000).contains(&(beta - alpha)), "{alpha} {beta}");

    let wrong = Sim::start(SimConfig { faults: vec![FaultSpec::new("omega", "drop")], ..config() });
    assert!(wrong.expect_err("refused").to_string().contains("\"omega\" is no venue here"));
    let wrong = Sim::start(SimConfig { faults: vec![FaultSpec::new("alpha", "stall")], ..config() });
    assert_eq!(wrong.expect_err("refused").to_string(), "fault stall on alpha: for_ms: stall needs it");
    let open = SimConfig { control: Some(SocketAddr::from(([0, 0, 0, 0], 0))), ..config() };
    assert!(matches!(Sim::start(open), Err(SimError::NotLoopback { .. })));
}

#[test]
fn the_control_api_lists_what_it_did_and_saw() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut config = config();
    let amount = |text: &str| text.parse().expect("a decimal");
    config.accounts = vec![SimAccount::new("trader").with_balance("USDT", amount("5000"))];
    config.keys_dir = Some(dir.path().to_owned());
    let handle = Sim::start(config).expect("started");
    let keys = handle.keys()[0].keys.clone();

    let (status, kinds) = control(&handle, "GET", "/kinds", "");
    assert_eq!((status, kinds.as_array().map(Vec::len)), (200, Some(FaultSpec::kinds().count())));
    let id = fault(&handle, json!({ "kind": "http-error", "scope": "rest", "request": "GET /api/v3/time" }));
    assert!(get(&handle, "/api/v3/time").expect("an answer").starts_with("HTTP/1.1 503"));
    let (_, told) = control(&handle, "GET", &format!("/faults/{id}"), "");
    assert_eq!((&told["state"], &told["hits"]), (&json!("ended"), &json!(1)), "{told}");
    let (_, all) = control(&handle, "GET", "/faults", "");
    assert_eq!(all.as_array().map(Vec::len), Some(1));

    // A signed request, wrongly signed: what is listed of it gives nobody the key or the signature.
    let key = &keys.hmac_key;
    let mut stream = common::tls(&handle, &url(&handle));
    let path = "/api/v3/account?timestamp=1&signature=abcdef0123456789";
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nX-MBX-APIKEY: {key}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("sent");
    stream.read_to_end(&mut Vec::new()).expect("read");
    let (_, requests) = control(&handle, "GET", "/requests?venue=alpha&limit=1", "");
    let newest = &requests["alpha"]["newest"][0];
    assert_eq!((&newest["request"], &newest["status"]), (&json!("GET /api/v3/account"), &json!(400)), "{requests}");
    assert_eq!(newest["params"], json!("timestamp=1&signature=abcd..."));
    assert_eq!(newest["key"], json!(format!("{}...", &key[..4])));
    assert_eq!(requests["alpha"]["total"], json!(2));
    let (_, older) = control(&handle, "GET", "/requests?venue=alpha", "");
    assert_eq!(older["alpha"]["newest"][0]["fault"], json!(1));

    let (_, balances) = control(&handle, "GET", "/balances", "");
    let usdt = json!({ "account": "trader", "asset": "USDT", "free": "5000.00000000", "locked": "0.00000000" });
    assert_eq!(balances["alpha"], json!([usdt]));
    let paid = r#"{"asset": "BTC", "amount": "2.5"}"#;
    assert_eq!(control(&handle, "POST", "/venues/alpha/accounts/trader/deposit", paid).0, 200);
    let (_, balances) = control(&handle, "GET", "/balances?venue=alpha", "");
    assert!(balances.to_string().contains("2.50000000"), "{balances}");
    assert_eq!(control(&handle, "GET", "/orders", "").1["alpha"], json!([]));

    let mut client = common::connect(&handle, "alpha", "/ws/btcusdt@trade");
    client.next().expect("a trade");
    let (_, connections) = control(&handle, "GET", "/connections?venue=alpha", "");
    assert_eq!(
        (&connections[0]["kind"], &connections[0]["subscriptions"]),
        (&json!("stream"), &json!(["btcusdt@trade"]))
    );

    let halt = control(&handle, "POST", "/venues/alpha/symbols/BTCUSDT/status", r#"{"trading_status": "HALT"}"#);
    assert_eq!((halt.0, &halt.1["kind"]), (201, &json!("symbol-status")));
    let filters = control(&handle, "POST", "/venues/alpha/symbols/BTCUSDT/filters", r#"{"min_notional": "77"}"#);
    assert_eq!(filters.0, 201);
    let (_, venues) = control(&handle, "GET", "/venues?venue=alpha", "");
    let symbols = venues[0]["symbols"].as_array().expect("symbols");
    let symbol = symbols.iter().find(|s| s["symbol"] == "BTCUSDT").expect("BTCUSDT");
    assert_eq!(symbol["status"], json!("HALT"));
    assert!(symbol["filters"].to_string().contains("\"minNotional\":\"77.00000000\""), "{symbol}");
    let info = get(&handle, "/api/v3/exchangeInfo?symbol=BTCUSDT").expect("an answer");
    assert!(info.contains("\"status\":\"HALT\"") && info.contains("\"minNotional\":\"77.00000000\""), "{info}");
}

#[test]
fn the_control_api_refuses_what_it_does_not_know() {
    let handle = start();
    let status = |verb: &str, path: &str, body: &str| control(&handle, verb, path, body).0;
    assert_eq!(status("GET", "/", ""), 200);
    assert_eq!(status("GET", "/nowhere", ""), 404);
    assert_eq!(status("PUT", "/faults", ""), 405);
    assert_eq!(status("POST", "/faults", "{"), 400);
    assert_eq!(status("POST", "/faults", r#"{"venue": "omega", "kind": "drop"}"#), 404);
    assert_eq!(status("GET", "/faults/alpha-9", ""), 404);
    assert_eq!(status("DELETE", "/faults/alpha-9", ""), 404);
    assert_eq!(status("GET", "/requests?limit=x", ""), 400);
    assert_eq!(status("GET", "/orders?venue=omega", ""), 404);
    assert_eq!(status("POST", "/faults", &" ".repeat(20_000)), 413);
    let (code, answer) = control(&handle, "POST", "/faults", r#"{"venue": "gamma", "kind": "stall"}"#);
    assert_eq!((code, &answer["field"]), (400, &json!("for_ms")), "{answer}");
    // What a page in a browser could send.
    assert_eq!(
        control_with(&handle, "GET", "/venues", "Host: 127.0.0.1\r\nOrigin: http://evil.example\r\n", "").0,
        403
    );
    assert_eq!(control_with(&handle, "GET", "/venues", "Host: evil.example\r\n", "").0, 403);
    // More clients than it serves at a time: none is harmed for long, the venues not at all.
    let url = handle.control_url().expect("a control API").to_owned();
    let crowd: Vec<TcpStream> = (0..80).map(|_| common::tcp(&url)).collect();
    assert!(get(&handle, "/api/v3/ping").expect("served").starts_with("HTTP/1.1 200"));
    drop(crowd);
    assert_eq!(status("GET", "/venues", ""), 200);
}
