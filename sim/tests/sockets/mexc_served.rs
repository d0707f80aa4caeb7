//! MEXC over real sockets: a TLS client's orders meet the generated flow, pushes come as binary frames.

use crate::common;
use crate::desk;
use crate::mexc_desk;

use std::io::{Read, Write};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crosstick_sim::{ApiKey, FlowSpec, Sim, SimAccount, SimConfig, SimHandle, Source};
use mexc_desk::{KEY, Push, SECRET, sign};
use serde_json::{Value, json};
use tungstenite::Message;

const DEADLINE: Duration = Duration::from_secs(60);

fn start() -> SimHandle {
    let mut config = SimConfig::new(Source::Generated { seed: 7, spec: FlowSpec::demo().with_mexc() });
    let trader = SimAccount::new("trader").with_balance("USDT", "100000".parse().expect("a decimal"));
    let trader = trader.with_key(ApiKey::hmac(KEY, SECRET).expect("a key"));
    config.accounts = vec![SimAccount { venue: Some("delta".to_owned()), ..trader }];
    Sim::start(config).expect("started")
}

fn signed(handle: &SimHandle, verb: &str, path: &str, params: &str) -> Value {
    let at = SystemTime::now().duration_since(UNIX_EPOCH).expect("a time").as_millis();
    let payload = format!("{params}&recvWindow=60000&timestamp={at}");
    let mut stream = common::tls(handle, &handle.venue("delta").expect("a venue").rest_url);
    let head = format!(
        "{verb} /api/v3/{path}?{payload}&signature={} HTTP/1.1\r\nHost: x\r\nX-MEXC-APIKEY: {KEY}\r\n\
         Connection: close\r\n\r\n",
        sign(&payload)
    );
    stream.write_all(head.as_bytes()).expect("sent");
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).expect("read");
    desk::read_answer(&bytes).0.ok()
}

#[test]
fn orders_meet_the_generated_flow_and_are_told() {
    let handle = start();
    let delta = handle.venue("delta").expect("a venue");
    assert_eq!((delta.api_url.as_ref(), delta.protocol.name()), (None, "mexc-spot"));
    let key = signed(&handle, "POST", "userDataStream", "")["listenKey"].as_str().expect("a key").to_owned();
    let url = format!("{}/ws?listenKey={key}", delta.stream_url);
    let socket = common::tls(&handle, &delta.rest_url);
    let (mut client, _) = tungstenite::client(url, socket).expect("a handshake");
    let names = ["spot@public.aggre.bookTicker.v3.api.pb@10ms@BTCUSDT", "spot@private.deals.v3.api.pb"];
    let request = json!({ "method": "SUBSCRIPTION", "params": names }).to_string();
    client.send(Message::text(request)).expect("sent");
    let (deadline, mut placed, mut quotes) = (Instant::now() + DEADLINE, Value::Null, 0);
    let deal = loop {
        assert!(Instant::now() < deadline, "no deal came");
        let push = match client.read().expect("a message") {
            Message::Text(text) => {
                assert_eq!(serde_json::from_str::<Value>(&text).expect("JSON")["msg"], json!(names.join(",")));
                continue;
            }
            Message::Binary(bytes) => Push::read(&bytes),
            _ => continue,
        };
        if push.kind == 306 {
            break push;
        }
        let [bid, ask] = [1, 3].map(|n| push.body.text(n).parse::<f64>().expect("a price"));
        assert!(bid < ask && (push.kind, push.symbol.as_str()) == (315, "BTCUSDT"));
        quotes += 1;
        if quotes == 5 {
            placed = signed(&handle, "POST", "order", "symbol=BTCUSDT&side=BUY&type=MARKET&quoteOrderQty=100");
        }
    };
    assert_eq!(placed["orderId"].as_str(), Some(deal.body.text(9).as_str()));
    let trades = signed(&handle, "GET", "myTrades", "symbol=BTCUSDT");
    let list = trades.as_array().expect("a list");
    let same = list.iter().find(|t| t["id"].as_str() == Some(&deal.body.text(7))).expect("the deal");
    assert_eq!(
        (same["price"].as_str(), same["qty"].as_str()),
        (Some(deal.body.text(1).as_str()), Some(deal.body.text(2).as_str()))
    );
}
