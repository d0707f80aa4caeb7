//! Trading over real sockets: a TLS client's orders meet the generated flow, and the keys that were made sign.

use crate::common;
use crate::desk;

use std::io::{Read, Write};
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use crosstick_sim::{FlowSpec, Sim, SimAccount, SimConfig, SimHandle, Source};
use ring_crypto::hmac;
use ring_crypto::signature::Ed25519KeyPair;
use serde_json::{Value, json};

fn start(dir: &std::path::Path) -> SimHandle {
    let mut config = SimConfig::new(Source::Generated { seed: 7, spec: FlowSpec::demo() });
    let amount = |text: &str| text.parse().expect("a decimal");
    let trader = SimAccount::new("trader").with_balance("USDT", amount("100000")).with_balance("BTC", amount("1"));
    config.accounts = vec![trader];
    config.keys_dir = Some(dir.to_owned());
    Sim::start(config).expect("started")
}

fn millis() -> u128 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("a time").as_millis()
}

/// A request on a TLS connection of its own.
fn request(handle: &SimHandle, verb: &str, target: &str, key: &str) -> desk::Answer {
    let mut stream = common::tls(handle, &handle.venue("alpha").expect("a venue").rest_url);
    let head = format!("{verb} {target} HTTP/1.1\r\nHost: x\r\nX-MBX-APIKEY: {key}\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).expect("sent");
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).expect("read");
    desk::read_answer(&bytes).0
}

fn signed(handle: &SimHandle, verb: &str, path: &str, params: &str) -> desk::Answer {
    let keys = &handle.keys()[0].keys;
    let join = if params.is_empty() { "" } else { "&" };
    let payload = format!("{params}{join}recvWindow=60000&timestamp={}", millis());
    let key = hmac::Key::new(hmac::HMAC_SHA256, keys.hmac_secret.as_bytes());
    let tag: String = hmac::sign(&key, payload.as_bytes()).as_ref().iter().map(|b| format!("{b:02x}")).collect();
    request(handle, verb, &format!("/api/v3/{path}?{payload}&signature={tag}"), &keys.hmac_key)
}

#[test]
fn orders_meet_the_generated_flow() {
    let dir = tempfile::tempdir().expect("a directory");
    let handle = start(dir.path());
    // The flow quotes within its first moments; a market order needs such a quote.
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    loop {
        let book = request(&handle, "GET", "/api/v3/ticker/bookTicker?symbol=BTCUSDT", "").ok();
        if book["askPrice"] != json!("0.00000000") {
            break;
        }
        assert!(std::time::Instant::now() < deadline, "no quote came");
    }
    let order = signed(&handle, "POST", "order", "symbol=BTCUSDT&side=BUY&type=MARKET&quantity=0.001").ok();
    assert_eq!((&order["status"], &order["executedQty"]), (&json!("FILLED"), &json!("0.00100000")));
    let account = signed(&handle, "GET", "account", "").ok();
    let free = |asset: &str| -> Value {
        let list = account["balances"].as_array().expect("balances");
        list.iter().find(|b| b["asset"] == asset).expect("the asset")["free"].clone()
    };
    assert_eq!(free("BTC"), json!("1.00099900"), "a thousandth of it is the commission");
    let trades = signed(&handle, "GET", "myTrades", "symbol=BTCUSDT").ok();
    assert_eq!(trades[0]["orderId"], order["orderId"]);
    drop(handle);
}

#[test]
fn the_websocket_api_over_tls_and_the_keys_on_disk() {
    let dir = tempfile::tempdir().expect("a directory");
    let first = start(dir.path());
    let kept = first.keys().to_vec();
    drop(first);
    let handle = start(dir.path());
    assert_eq!(handle.keys(), kept, "keys are made once");

    // The private key as a client would read it.
    let path = kept[0].ed25519_pem.as_ref().expect("a file");
    let pem = std::fs::read_to_string(path).expect("readable");
    let body: String = pem.lines().filter(|l| !l.starts_with("-----")).collect();
    let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&STANDARD.decode(body).expect("base64")).expect("a key");
    assert!(dir.path().join("trader-rsa-public.pem").exists());

    let venue = handle.venue("alpha").expect("a venue");
    assert_eq!(venue.api_url, Some(format!("{}/ws-api/v3", venue.stream_url)));
    let mut client = common::connect(&handle, "alpha", "/ws-api/v3");
    let key = &kept[0].keys.ed25519_key;
    let at = millis();
    let signature = STANDARD.encode(pair.sign(format!("apiKey={key}&recvWindow=60000&timestamp={at}").as_bytes()));
    let logon = json!({
        "id": "on", "method": "session.logon",
        "params": { "apiKey": key, "recvWindow": 60000, "timestamp": at as u64, "signature": signature },
    });
    let mut ask = |request: Value| -> Value {
        client.send(&request.to_string());
        serde_json::from_str(&client.next().expect("an answer")).expect("JSON")
    };
    assert_eq!(ask(logon)["result"]["apiKey"], json!(key));
    let subscribed = ask(json!({ "id": 2, "method": "userDataStream.subscribe" }));
    assert_eq!(subscribed["result"], json!({ "subscriptionId": 0 }));
    let order = json!({
        "symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.001",
        "price": "20000.00", "recvWindow": 60000, "timestamp": millis() as u64,
    });
    let placed = ask(json!({ "id": 3, "method": "order.place", "params": order }));
    assert_eq!((&placed["status"], &placed["result"]["status"]), (&json!(200), &json!("NEW")), "{placed}");
    let event: Value = serde_json::from_str(&client.next().expect("an event")).expect("JSON");
    assert_eq!((&event["subscriptionId"], &event["event"]["x"]), (&json!(0), &json!("NEW")));
    assert_eq!(event["event"]["i"], placed["result"]["orderId"]);
}

#[test]
fn a_broken_list_of_keys_is_named() {
    let dir = tempfile::tempdir().expect("a directory");
    std::fs::write(dir.path().join("keys.json"), "{").expect("written");
    let mut config = SimConfig::new(Source::Generated { seed: 7, spec: FlowSpec::demo() });
    config.accounts = vec![SimAccount::new("trader")];
    config.keys_dir = Some(dir.path().to_owned());
    let told = Sim::start(config).expect_err("refused").to_string();
    assert!(told.contains("keys.json") && told.contains("remove it"), "{told}");
    let mut config = SimConfig::new(Source::Generated { seed: 7, spec: FlowSpec::demo() });
    config.accounts = vec![SimAccount { venue: Some("omega".to_owned()), ..SimAccount::new("trader") }];
    assert!(Sim::start(config).expect_err("refused").to_string().contains("trader"));
}
