//! Futures over real sockets: a TLS client's orders meet the generated flow, its account's events come on a private
//! stream.

use crate::common;
use crate::desk;

use std::io::{Read, Write};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crosstick_sim::{FlowSpec, Sim, SimAccount, SimConfig, SimHandle, Source};
use desk::{Answer, By};
use serde_json::{Value, json};

fn start() -> SimHandle {
    let mut config = SimConfig::new(Source::Generated { seed: 7, spec: FlowSpec::demo() });
    let key = crosstick_sim::ApiKey::hmac(desk::DOC_KEY, desk::DOC_SECRET).expect("a key");
    let trader = SimAccount::new("trader").with_balance("USDT", "100000".parse().expect("a decimal")).with_key(key);
    config.accounts = vec![SimAccount { venue: Some("gamma".to_owned()), ..trader }];
    Sim::start(config).expect("started")
}

fn request(handle: &SimHandle, verb: &str, target: &str) -> Answer {
    let mut stream = common::tls(handle, &handle.venue("gamma").expect("a venue").rest_url);
    let key = desk::DOC_KEY;
    let head = format!("{verb} {target} HTTP/1.1\r\nHost: x\r\nX-MBX-APIKEY: {key}\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).expect("sent");
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).expect("read");
    desk::read_answer(&bytes).0
}

fn signed(handle: &SimHandle, verb: &str, path: &str, params: &str) -> Answer {
    let at = SystemTime::now().duration_since(UNIX_EPOCH).expect("a time").as_millis();
    let payload = format!("{params}&recvWindow=60000&timestamp={at}");
    request(handle, verb, &format!("/fapi/{path}?{payload}&signature={}", By::Hmac.sign(&payload)))
}

#[test]
fn orders_meet_the_generated_flow_and_are_told() {
    let handle = start();
    // The flow quotes within its first moments; a market order needs such a quote.
    let deadline = Instant::now() + Duration::from_secs(60);
    while request(&handle, "GET", "/fapi/v1/ticker/bookTicker?symbol=BTCUSDT").ok()["askPrice"] == json!("0") {
        assert!(Instant::now() < deadline, "no quote came");
    }
    let key = request(&handle, "POST", "/fapi/v1/listenKey").ok()["listenKey"].as_str().expect("a key").to_owned();
    let mut client = common::connect(&handle, "gamma", &format!("/private/ws?listenKey={key}"));
    let order = "symbol=BTCUSDT&side=BUY&type=MARKET&quantity=0.001&newOrderRespType=RESULT";
    let order = signed(&handle, "POST", "v1/order", order).ok();
    assert_eq!((&order["status"], &order["executedQty"]), (&json!("FILLED"), &json!("0.001")));
    let mut told = Vec::new();
    while told.last().is_none_or(|e: &Value| e["e"] != "ACCOUNT_UPDATE") {
        told.push(serde_json::from_str::<Value>(&client.next().expect("an event")).expect("JSON"));
    }
    let names: Vec<&Value> = told.iter().map(|e| &e["e"]).collect();
    assert_eq!(names, ["ORDER_TRADE_UPDATE", "TRADE_LITE", "ORDER_TRADE_UPDATE", "ACCOUNT_UPDATE"]);
    assert_eq!((&told[1]["i"], &told[3]["a"]["P"][0]["pa"]), (&order["orderId"], &json!("0.001")));
    let trades = signed(&handle, "GET", "v1/userTrades", "symbol=BTCUSDT").ok();
    assert_eq!((&trades[0]["id"], &trades[0]["price"]), (&told[1]["t"], &told[1]["L"]));
}
