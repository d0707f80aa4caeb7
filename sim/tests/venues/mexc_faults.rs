//! Faults where MEXC's way differs from Binance's: binary frames, its words for refusals, its streams' names.

use crate::desk;
use crate::mexc_desk;

use crosstick_model::Side;
use crosstick_sim::{ConnectionState, FaultSpec};
use desk::{MS, S};
use mexc_desk::{Fields, Frame, KEY, Mexc, OTHER_KEY};
use serde_json::json;

const DEALS: &str = "spot@public.aggre.deals.v3.api.pb@10ms@BTCUSDT";
const MX: &str = "spot@public.aggre.deals.v3.api.pb@10ms@MXUSDT";
const ORDERS: &str = "spot@private.orders.v3.api.pb";
const ORDER: &str = "symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=0.01&price=29999";

fn fault(m: &mut Mexc, fields: serde_json::Value) {
    let spec: FaultSpec = serde_json::from_value(fields).expect("a fault");
    m.desk.venue.add_fault(spec, m.desk.now).expect("taken");
}

fn trade(m: &mut Mexc) {
    m.print(Side::Buy, 3_000_100, &[1]);
    m.pass(10 * MS);
}

/// What a client got: ids of deals, or what else it was.
fn seen(m: &mut Mexc, id: crosstick_sim::ConnectionId) -> Vec<String> {
    let one = |frame: Frame| match frame {
        Frame::Binary(bytes) => match Fields::read(&bytes) {
            Some(push) => push.messages(314)[0].messages(1)[0].text(5)[15..18].to_owned(),
            None => "noise".to_owned(),
        },
        other => format!("{other:?}"),
    };
    m.frames(id).into_iter().map(one).collect()
}

#[test]
fn pushes_are_lost_doubled_swapped_and_made_noise_of() {
    let mut m = Mexc::new();
    m.usual_quote();
    let id = m.subscribed("/ws", &[DEALS]);
    trade(&mut m);
    assert_eq!(seen(&mut m, id), ["001"]);
    fault(&mut m, json!({ "kind": "gap" }));
    trade(&mut m);
    trade(&mut m);
    assert_eq!(seen(&mut m, id), ["003"], "the second is lost");
    fault(&mut m, json!({ "kind": "duplicate" }));
    trade(&mut m);
    assert_eq!(seen(&mut m, id), ["004", "004"]);
    fault(&mut m, json!({ "kind": "reorder" }));
    trade(&mut m);
    trade(&mut m);
    assert_eq!(seen(&mut m, id), ["006", "005"]);
    fault(&mut m, json!({ "kind": "garbage" }));
    trade(&mut m);
    assert_eq!(seen(&mut m, id), ["noise"], "a binary frame that is no protobuf");
    fault(&mut m, json!({ "kind": "split", "delay_ms": 500 }));
    trade(&mut m);
    let half = m.desk.raw(id);
    m.pass(500 * MS);
    let rest = m.desk.raw(id);
    let whole = mexc_desk::read_frames(&[half.clone(), rest.clone()].concat());
    assert!(!half.is_empty() && !rest.is_empty() && matches!(whole[..], [Frame::Binary(_)]), "{whole:?}");
    fault(&mut m, json!({ "kind": "cut" }));
    trade(&mut m);
    assert!(!m.desk.raw(id).is_empty());
    assert_eq!(m.desk.venue.state(id), ConnectionState::EndingAbruptly);
}

#[test]
fn one_symbol_is_silent_and_the_others_go_on() {
    let mut m = Mexc::new();
    m.usual_quote();
    m.quote("MXUSDT", (20_000, 100_000), (20_001, 100_000));
    let id = m.subscribed("/ws", &[DEALS, MX]);
    fault(&mut m, json!({ "kind": "skip", "symbol": "BTCUSDT", "for_ms": 1000 }));
    trade(&mut m);
    m.desk.venue.house_print("MXUSDT", Side::Buy, 20_001, &[5], m.desk.now);
    m.pass(10 * MS);
    let channels: Vec<String> = m.pushes(id).into_iter().map(|p| p.channel).collect();
    assert_eq!(channels, [MX]);
    m.pass(S);
    trade(&mut m);
    assert_eq!(m.pushes(id).len(), 1, "it is over");
}

#[test]
fn refusals_are_in_its_own_words() {
    let mut m = Mexc::new();
    m.usual_quote();
    fault(&mut m, json!({ "kind": "rate-limit", "for_ms": 5000 }));
    let refused = m.get("time");
    assert_eq!((refused.code(), refused.header("retry-after")), ((429, 429), Some("5")));
    m.pass(5 * S);
    fault(&mut m, json!({ "kind": "ban", "for_ms": 7000 }));
    assert_eq!(m.get("time").code(), (418, 418));
    m.pass(7 * S);
    // What became of an order is not known: one is there, the other is not.
    fault(&mut m, json!({ "kind": "unknown-outcome", "done": true }));
    assert_eq!(m.signed(KEY, "POST", "order", ORDER).code(), (504, 504));
    fault(&mut m, json!({ "kind": "unknown-outcome", "code": -1006, "done": false }));
    assert_eq!(m.signed(KEY, "POST", "order", ORDER).code(), (500, 500));
    assert_eq!(m.signed(KEY, "GET", "openOrders", "symbol=BTCUSDT").ok().as_array().map(Vec::len), Some(1));
    fault(&mut m, json!({ "kind": "http-error" }));
    let page = m.get("time");
    assert_eq!((page.status, page.body.as_str().map(|b| b.contains("<html>"))), (503, Some(true)));
    fault(&mut m, json!({ "kind": "lose-answer", "request": "POST /api/v3/order" }));
    let id = m.desk.venue.open(m.desk.now).expect("room");
    let payload = format!("{ORDER}&timestamp={}", m.desk.millis());
    let request = format!(
        "POST /api/v3/order?{payload}&signature={} HTTP/1.1\r\nHost: x\r\nX-MEXC-APIKEY: {KEY}\r\n\r\n",
        mexc_desk::sign(&payload)
    );
    m.desk.venue.input(id, request.as_bytes(), m.desk.now);
    assert_eq!(m.desk.raw(id), b"", "no answer");
    assert_eq!(m.signed(KEY, "GET", "openOrders", "symbol=BTCUSDT").ok().as_array().map(Vec::len), Some(2));
}

#[test]
fn a_symbol_is_halted_and_gets_other_filters() {
    let mut m = Mexc::new();
    m.usual_quote();
    fault(&mut m, json!({ "kind": "symbol-status", "symbol": "BTCUSDT", "trading_status": "HALT", "for_ms": 1000 }));
    let symbol = m.get("exchangeInfo?symbol=BTCUSDT").ok()["symbols"][0].clone();
    assert_eq!((&symbol["status"], &symbol["isSpotTradingAllowed"]), (&json!("2"), &json!(false)));
    assert_eq!(m.signed(KEY, "POST", "order", ORDER).code(), (400, 30_000));
    m.pass(S);
    m.signed(KEY, "POST", "order", ORDER).ok();
    fault(&mut m, json!({ "kind": "symbol-filters", "symbol": "BTCUSDT", "min_notional": "1000", "for_ms": 1000 }));
    let symbol = m.get("exchangeInfo?symbol=BTCUSDT").ok()["symbols"][0].clone();
    assert_eq!(symbol["quoteAmountPrecision"], json!("1000"));
    let refused = m.signed(KEY, "POST", "order", ORDER);
    assert_eq!(
        (refused.code(), refused.body["msg"].as_str()),
        ((400, 30_002), Some("The minimum transaction volume cannot be less than: 1000USDT"))
    );
    m.pass(S);
    m.signed(KEY, "POST", "order", ORDER).ok();
    // What is in no whole steps is a wrong parameter, what is too little is too little.
    let other = json!({ "kind": "symbol-filters", "symbol": "BTCUSDT", "price_step": "0.5", "quantity_step": "0.001",
                        "min_quantity": "0.002" });
    fault(&mut m, other);
    assert_eq!(m.get("exchangeInfo?symbol=BTCUSDT").ok()["symbols"][0]["baseSizePrecision"], json!("0.001"));
    for (quantity, price, code) in
        [("0.0105", "29999", 33_333), ("0.01", "29999.25", 33_333), ("0.001", "29999", 30_002)]
    {
        let order = format!("symbol=BTCUSDT&side=BUY&type=LIMIT&quantity={quantity}&price={price}");
        assert_eq!(m.signed(KEY, "POST", "order", &order).code(), (400, code), "{order}");
    }
    m.signed(KEY, "POST", "order", "symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=0.01&price=29999.5").ok();
}

#[test]
fn what_comes_broken_is_a_sign_of_life_and_what_is_lost_is_none() {
    let mut m = Mexc::new();
    m.usual_quote();
    let key = m.listen_key(KEY);
    let fed = m.subscribed("/ws", &[DEALS]);
    let deaf = m.subscribed(&format!("/ws?listenKey={key}"), &[ORDERS]);
    m.pass(50 * S);
    fault(&mut m, json!({ "kind": "garbage", "scope": "stream" }));
    trade(&mut m);
    fault(&mut m, json!({ "kind": "gap", "scope": "user-data" }));
    m.limit("BUY", "29999", "0.01");
    m.pass(10 * S);
    assert_eq!(m.desk.venue.state(fed), ConnectionState::Open);
    assert!(seen(&mut m, fed).contains(&"noise".to_owned()));
    assert!(m.frames(deaf).contains(&Frame::Close(1001)), "nothing came for a minute");
    m.pass(50 * S);
    assert!(m.frames(fed).contains(&Frame::Close(1001)), "its noise was a minute ago");
}

#[test]
fn a_skewed_clock_is_shown_and_leaves_nothing_behind() {
    const HOUR: u64 = 3_600_000;
    let mut m = Mexc::new();
    m.usual_quote();
    let honest = m.desk.millis();
    fault(&mut m, json!({ "kind": "skew", "skew_ms": HOUR, "for_ms": 1000 }));
    assert_eq!(m.get("time").ok(), json!({ "serverTime": honest + HOUR }));
    assert_eq!(m.signed(KEY, "POST", "order", ORDER).code(), (400, 700_003));
    let placed = m.payload(KEY, "POST", "order", &format!("{ORDER}&timestamp={}", honest + HOUR)).ok();
    assert_eq!(placed["transactTime"], json!(honest + HOUR));
    m.pass(S);
    let id = placed["orderId"].as_str().expect("an id");
    let order = m.signed(KEY, "GET", "order", &format!("symbol=BTCUSDT&orderId={id}")).ok();
    assert_eq!(order["time"], json!(honest));
    m.place("side=BUY&type=MARKET&quantity=0.01");
    let mine = m.signed(KEY, "GET", "myTrades", "symbol=BTCUSDT").ok();
    assert_eq!(mine[0]["time"], json!(honest + 1_000));
}

#[test]
fn faults_are_kept_for_events_that_somebody_gets() {
    let mut m = Mexc::new();
    m.usual_quote();
    let (key, _unused) = (m.listen_key(KEY), m.listen_key(OTHER_KEY));
    let id = m.subscribed(&format!("/ws?listenKey={key}"), &[ORDERS]);
    fault(&mut m, json!({ "kind": "gap", "scope": "user-data" }));
    m.signed(OTHER_KEY, "POST", "order", ORDER).ok();
    m.signed(KEY, "POST", "order", ORDER).ok();
    assert_eq!(m.pushes(id), [], "the order's event is the first that somebody would get");
    m.signed(KEY, "POST", "order", ORDER).ok();
    assert_eq!(m.pushes(id).len(), 1);
}

#[test]
fn fills_race_cancels_and_happen_while_nobody_listens() {
    let mut m = Mexc::new();
    m.usual_quote();
    let key = m.listen_key(KEY);
    let id = m.subscribed(&format!("/ws?listenKey={key}"), &[ORDERS]);
    let order = m.limit("BUY", "29999", "0.01");
    fault(&mut m, json!({ "kind": "cancel-race", "percent": 100 }));
    let late = m.signed(KEY, "DELETE", "order", &format!("symbol=BTCUSDT&orderId={order}"));
    assert_eq!(late.code(), (400, -2011));
    let statuses: Vec<u64> = m.pushes(id).iter().map(|p| p.body.number(15)).collect();
    assert_eq!(statuses, [1, 2]);
    let order = m.limit("BUY", "29999", "0.01");
    fault(&mut m, json!({ "kind": "gap", "scope": "user-data" }));
    m.signed(KEY, "DELETE", "order", &format!("symbol=BTCUSDT&orderId={order}")).ok();
    let statuses: Vec<u64> = m.pushes(id).iter().map(|p| p.body.number(15)).collect();
    assert_eq!(statuses, [1], "the cancel's event is lost");
    let order = m.limit("BUY", "29999", "0.01");
    fault(&mut m, json!({ "kind": "offline-fill" }));
    assert_eq!(m.desk.venue.state(id), ConnectionState::EndingAbruptly);
    let found = m.signed(KEY, "GET", "order", &format!("symbol=BTCUSDT&orderId={order}")).ok();
    assert_eq!(found["status"], json!("FILLED"));
}

#[test]
fn maintenance_closes_without_words_that_it_does_not_have() {
    let mut m = Mexc::new();
    let id = m.subscribed("/ws", &[DEALS]);
    fault(&mut m, json!({ "kind": "maintenance", "for_ms": 1000 }));
    assert_eq!(m.frames(id), [Frame::Close(1001)]);
    assert_eq!(m.get("time").status, 503);
    m.pass(S);
    m.get("time").ok();
}
