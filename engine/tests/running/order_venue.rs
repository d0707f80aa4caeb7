//! Encoded orders against a simulated venue over a real TLS WebSocket: accepted, filled, cancelled, refused. The venue
//! shares no code with what encodes, signs and sends; a client of other people's crates looks at what became of them.

use crate::common;
use crate::orders;
use crate::support;

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crosstick_engine::config::Overrides;
use crosstick_execution::OrderLine;
use crosstick_execution::binance::{Answer, Auth, ClientId, Encoder, EncoderSpec, Heard, Request, RunId, Signer, hear};
use crosstick_feeds::{Endpoint, SocketOptions, TlsClient};
use crosstick_model::{Instrument, OrderId, Side, TimeInForce, Universe};
use crosstick_sim::{FlowSpec, Sim, SimAccount, SimConfig, SimHandle, Source};
use orders::{Gate, id};
use serde_json::{Value, json};
use support::demo;

const PATIENCE: Duration = Duration::from_secs(60);
const RUN: RunId = RunId(1_754_000_000_000_000_000);

fn start(dir: &std::path::Path) -> SimHandle {
    let mut config = SimConfig::new(Source::Generated { seed: 7, spec: FlowSpec::demo() });
    let amount = |text: &str| text.parse().expect("a decimal");
    let trader = SimAccount::new("trader").with_balance("USDT", amount("100000")).with_balance("BTC", amount("1"));
    config.accounts = vec![trader];
    let any = Some(std::net::SocketAddr::from((std::net::Ipv4Addr::LOCALHOST, 0)));
    let both = |venue: String| crosstick_sim::Endpoint { venue, tls: any, plain: any };
    config.endpoints = FlowSpec::demo().venues.into_iter().map(|v| both(v.name)).collect();
    config.keys_dir = Some(dir.to_owned());
    Sim::start(config).expect("started")
}

fn millis() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("a time").as_millis() as u64
}

/// A client that signs with our signer, but is otherwise none of ours.
struct Looker {
    client: common::Client<common::Tls>,
    key: String,
    signer: Signer,
}

impl Looker {
    fn new(handle: &SimHandle) -> Self {
        let keys = &handle.keys()[0].keys;
        let signer = Signer::hmac(&keys.hmac_secret).expect("a secret");
        Self { client: common::connect(handle, "alpha", "/ws-api/v3"), key: keys.hmac_key.clone(), signer }
    }

    fn ask(&mut self, method: &str, params: Value) -> Value {
        self.client.send(&json!({ "id": 1, "method": method, "params": params }).to_string());
        serde_json::from_str(&self.client.next().expect("an answer")).expect("JSON")
    }

    /// The venue's ask, at the instrument's scale, once there is one.
    fn best_ask(&mut self, of: &Instrument) -> i64 {
        let end = Instant::now() + PATIENCE;
        loop {
            let book = self.ask("ticker.book", json!({ "symbol": &*of.symbol }));
            let text = book["result"]["askPrice"].as_str().unwrap_or("0").to_owned();
            match crosstick_model::parse_fixed(text.as_bytes(), of.scale.price_decimals).expect("a price") {
                0 => assert!(Instant::now() < end, "no quote came"),
                price => return price,
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn order(&mut self, of: &Instrument, order: OrderId) -> Value {
        let name = ClientId::new(RUN, order).expect("a name");
        let (name, at) = (name.text(), millis());
        let (key, symbol) = (&self.key, &of.symbol);
        let text = format!("apiKey={key}&origClientOrderId={name}&recvWindow=60000&symbol={symbol}&timestamp={at}");
        let mut signature = vec![0; self.signer.signature_len()];
        assert!(self.signer.sign(text.as_bytes(), &mut signature));
        let signature = String::from_utf8(signature).expect("hex");
        let params = json!({
            "apiKey": key, "origClientOrderId": name, "recvWindow": 60_000, "symbol": &**symbol, "timestamp": at,
            "signature": signature,
        });
        self.ask("order.status", params)["result"].clone()
    }
}

fn connect(handle: &SimHandle, url: &str) -> OrderLine {
    let started = Instant::now();
    let now = || started.elapsed().as_nanos() as u64;
    let tls = TlsClient::with_pem(handle.ca_pem().as_bytes()).expect("a CA");
    let endpoint = Endpoint::parse(url).expect("an address");
    let mut line = OrderLine::dial(endpoint, tls, SocketOptions::default(), now());
    while !line.connect(now()).unwrap_or_else(|e| panic!("{e}")) {
        std::thread::sleep(Duration::from_millis(1));
    }
    line
}

fn answer(line: &mut OrderLine) -> Answer {
    let end = Instant::now() + PATIENCE;
    let mut answer = None;
    while answer.is_none() {
        assert!(Instant::now() < end, "no answer");
        line.read(|text| match hear(text) {
            Some(Heard::Answer(heard)) => answer = Some(heard),
            other => panic!("{other:?}: {}", String::from_utf8_lossy(text)),
        })
        .unwrap_or_else(|e| panic!("{e}"));
        std::thread::sleep(Duration::from_millis(1));
    }
    answer.expect("an answer")
}

/// A session of orders; `encoder` is ready to send them on `line`.
fn trade(handle: &SimHandle, universe: &Universe, encoder: &mut Encoder, line: &mut OrderLine) {
    let of = orders::of_venue(universe, "alpha").find(|i| &*i.symbol == "BTCUSDT").expect("the instrument").clone();
    let mut looker = Looker::new(handle);
    let ask = looker.best_ask(&of);
    let stepped = |price: i64| price - price % of.price_step;
    let mut gate = Gate::new(universe);
    let done = |request| Answer { request: Some(request), status: 200, code: None };
    let refused = |request, code| Answer { request: Some(request), status: 400, code: Some(code) };
    // Whole ones of the base asset, a thousandth.
    let thousandth = 10i64.pow(u32::from(of.scale.quantity_decimals)) / 1000;

    // Well through the ask: filled at once, on both sides.
    for (side, price) in [(Side::Buy, ask + ask / 100), (Side::Sell, ask - ask / 100)] {
        let order = gate.approve(&of, side, stepped(price), thousandth, TimeInForce::Ioc);
        let order_id = id(&order);
        line.send(encoder.place(order, millis()).expect("encoded")).expect("sent");
        assert_eq!(answer(line), done(Request::Place(order_id)));
        let status = looker.order(&of, order_id);
        assert_eq!((&status["status"], &status["executedQty"]), (&json!("FILLED"), &json!("0.00100000")), "{status}");
        assert_eq!((&status["timeInForce"], &status["type"]), (&json!("IOC"), &json!("LIMIT")));
        let text = status["price"].as_str().expect("a price");
        let price_there = crosstick_model::parse_fixed(text.as_bytes(), of.scale.price_decimals);
        assert_eq!(price_there, Ok(stepped(price)), "the price arrived exactly");
    }
    // Far below: it rests until it is cancelled.
    let resting = gate.approve(&of, Side::Buy, stepped(ask - ask / 10), thousandth, TimeInForce::Gtc);
    let resting_id = id(&resting);
    line.send(encoder.place(resting, millis()).expect("encoded")).expect("sent");
    assert_eq!(answer(line), done(Request::Place(resting_id)));
    assert_eq!(looker.order(&of, resting_id)["status"], json!("NEW"));
    line.send(encoder.cancel(of.id, resting_id, millis()).expect("encoded")).expect("sent");
    assert_eq!(answer(line), done(Request::Cancel(resting_id)));
    assert_eq!(looker.order(&of, resting_id)["status"], json!("CANCELED"));
    // What is gone cannot be cancelled again.
    line.send(encoder.cancel(of.id, resting_id, millis()).expect("encoded")).expect("sent");
    assert_eq!(answer(line), refused(Request::Cancel(resting_id), -2011));
    // More than the account has.
    let large = gate.approve(&of, Side::Sell, stepped(ask + ask / 100), thousandth * 5_000, TimeInForce::Gtc);
    let large_id = id(&large);
    line.send(encoder.place(large, millis()).expect("encoded")).expect("sent");
    assert_eq!(answer(line), refused(Request::Place(large_id), -2010));
    // Decided too long ago.
    let late = gate.approve(&of, Side::Buy, stepped(ask + ask / 100), thousandth, TimeInForce::Ioc);
    let late_id = id(&late);
    line.send(encoder.place(late, millis() - 61_000).expect("encoded")).expect("sent");
    assert_eq!(answer(line), refused(Request::Place(late_id), -1021));
    // Several at once, answered one by one.
    let all: Vec<_> =
        (0..20).map(|_| gate.approve(&of, Side::Buy, stepped(ask + ask / 100), thousandth, TimeInForce::Ioc)).collect();
    let mut left: Vec<_> = all.iter().map(id).collect();
    for order in all {
        line.send(encoder.place(order, millis()).expect("encoded")).expect("sent");
    }
    let end = Instant::now() + PATIENCE;
    while !left.is_empty() {
        assert!(Instant::now() < end, "{left:?} are not answered");
        line.read(|text| {
            let Some(Heard::Answer(Answer { request: Some(Request::Place(order)), status: 200, .. })) = hear(text)
            else {
                panic!("{}", String::from_utf8_lossy(text))
            };
            left.retain(|id| *id != order);
        })
        .expect("a line");
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn world() -> Universe {
    demo::load(&demo::config_text(), &Overrides::none()).1
}

fn api_url(handle: &SimHandle) -> String {
    handle.venue("alpha").and_then(|v| v.api_url.clone()).expect("a WebSocket API")
}

#[test]
fn orders_signed_by_hmac() {
    let dir = tempfile::tempdir().expect("a directory");
    let (handle, universe) = (start(dir.path()), world());
    let keys = &handle.keys()[0].keys;
    let signer = Signer::hmac(&keys.hmac_secret).expect("a secret");
    let spec =
        EncoderSpec { api_key: &keys.hmac_key, signer, auth: Auth::PerRequest, run: RUN, recv_window_ms: Some(60_000) };
    let mut encoder = orders::encoder(&universe, "alpha", spec);
    let mut line = connect(&handle, &api_url(&handle));
    trade(&handle, &universe, &mut encoder, &mut line);
    line.close();
}

#[test]
fn orders_of_a_session_logged_on_by_ed25519() {
    let dir = tempfile::tempdir().expect("a directory");
    let (handle, universe) = (start(dir.path()), world());
    let account = &handle.keys()[0];
    // The file as a client would read it.
    let pem = std::fs::read_to_string(account.ed25519_pem.as_ref().expect("a file")).expect("readable");
    let signer = Signer::ed25519_pem(&pem).expect("a key");
    let spec = EncoderSpec {
        api_key: &account.keys.ed25519_key,
        signer,
        auth: Auth::Session,
        run: RUN,
        recv_window_ms: Some(60_000),
    };
    let mut encoder = orders::encoder(&universe, "alpha", spec);
    let mut line = connect(&handle, &api_url(&handle));
    let mut gate = Gate::new(&universe);
    let of = orders::of_venue(&universe, "alpha").find(|i| &*i.symbol == "BTCUSDT").expect("the instrument");
    let early = gate.approve(of, Side::Buy, of.price_step * 5_000_000, of.quantity_step * 1000, TimeInForce::Ioc);
    let early_id = id(&early);
    line.send(encoder.place(early, millis()).expect("encoded")).expect("sent");
    let first = answer(&mut line);
    assert_eq!((first.request, first.status), (Some(Request::Place(early_id)), 400), "not logged on: {first:?}");

    line.send(&encoder.logon(millis()).expect("a logon")).expect("sent");
    assert_eq!(answer(&mut line), Answer { request: Some(Request::Logon), status: 200, code: None });
    trade(&handle, &universe, &mut encoder, &mut line);
    line.close();
}

#[test]
fn single_orders_signed_by_ed25519() {
    let dir = tempfile::tempdir().expect("a directory");
    let (handle, universe) = (start(dir.path()), world());
    let keys = &handle.keys()[0].keys;
    let signer = Signer::ed25519_pem(&keys.ed25519_private_pem).expect("a key");
    let spec = EncoderSpec {
        api_key: &keys.ed25519_key,
        signer,
        auth: Auth::PerRequest,
        run: RUN,
        recv_window_ms: Some(60_000),
    };
    let mut encoder = orders::encoder(&universe, "alpha", spec);
    let mut line = connect(&handle, &api_url(&handle));
    trade(&handle, &universe, &mut encoder, &mut line);
    line.close();
}

/// Loopback alone may be plain; the bytes are the same.
#[test]
fn orders_over_a_plain_socket() {
    let dir = tempfile::tempdir().expect("a directory");
    let (handle, universe) = (start(dir.path()), world());
    let keys = &handle.keys()[0].keys;
    let signer = Signer::hmac(&keys.hmac_secret).expect("a secret");
    let spec =
        EncoderSpec { api_key: &keys.hmac_key, signer, auth: Auth::PerRequest, run: RUN, recv_window_ms: Some(60_000) };
    let mut encoder = orders::encoder(&universe, "alpha", spec);
    let plain = handle.venue("alpha").and_then(|v| v.plain_stream_url.clone()).expect("a plain door");
    let mut line = connect(&handle, &format!("{plain}/ws-api/v3"));
    trade(&handle, &universe, &mut encoder, &mut line);
    line.close();
}

/// Another's secret: the venue says so, and nothing is traded.
#[test]
fn a_wrong_secret_is_refused() {
    let dir = tempfile::tempdir().expect("a directory");
    let (handle, universe) = (start(dir.path()), world());
    let keys = &handle.keys()[0].keys;
    let signer = Signer::hmac("not this one").expect("a secret");
    let spec = EncoderSpec { api_key: &keys.hmac_key, signer, auth: Auth::PerRequest, run: RUN, recv_window_ms: None };
    let mut encoder = orders::encoder(&universe, "alpha", spec);
    let mut line = connect(&handle, &api_url(&handle));
    let mut gate = Gate::new(&universe);
    let of = orders::of_venue(&universe, "alpha").next().expect("an instrument");
    let order = gate.approve(of, Side::Buy, of.price_step * 5_000_000, of.quantity_step * 1000, TimeInForce::Ioc);
    let order_id = id(&order);
    line.send(encoder.place(order, millis()).expect("encoded")).expect("sent");
    let refused = Answer { request: Some(Request::Place(order_id)), status: 400, code: Some(-1022) };
    assert_eq!(answer(&mut line), refused);
}

/// The line tells why it ends, and stays ended.
#[test]
fn a_line_that_does_not_open_or_ends_says_why() {
    let dir = tempfile::tempdir().expect("a directory");
    let handle = start(dir.path());
    let now = Instant::now();
    let fails = |url: &str, pem: &[u8]| {
        let tls = TlsClient::with_pem(pem).expect("a CA");
        let endpoint = Endpoint::parse(url).expect("an address");
        let mut line = OrderLine::dial(endpoint, tls, SocketOptions::default(), 0);
        loop {
            match line.connect(now.elapsed().as_nanos() as u64) {
                Ok(true) => panic!("it opened"),
                Ok(false) => std::thread::sleep(Duration::from_millis(1)),
                Err(reason) => {
                    assert!(!line.is_open() && line.send(b"x").is_err() && line.read(|_| {}).is_err());
                    break reason.to_string();
                }
            }
        }
    };
    let ca = handle.ca_pem().as_bytes().to_vec();
    let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port").port();
    assert!(fails(&format!("wss://127.0.0.1:{port}/"), &ca).contains("refuses connections"), "nobody listens");
    let nowhere = api_url(&handle).replace("/ws-api/v3", "/nowhere");
    assert!(fails(&nowhere, &ca).contains("404"), "no such path");
    let dir = tempfile::tempdir().expect("a directory");
    let other = start(dir.path());
    let certificate = fails(&api_url(&handle), other.ca_pem().as_bytes());
    assert!(certificate.contains("certificate"), "{certificate}");

    // A venue that goes away.
    let mut line = connect(&handle, &api_url(&handle));
    drop(handle);
    let end = Instant::now() + PATIENCE;
    let reason = loop {
        assert!(Instant::now() < end, "the end is not seen");
        if let Err(reason) = line.read(|_| {}) {
            break reason;
        }
        std::thread::sleep(Duration::from_millis(1));
    };
    assert!(!line.is_open(), "{reason}");
    assert!(line.send(b"x").is_err());
}
