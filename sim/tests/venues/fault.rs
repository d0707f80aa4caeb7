//! Each fault as a client sees it, in virtual time, by raw bytes.

use crate::desk;
use crate::futures_desk;

use crosstick_model::Side;
use crosstick_sim::{ConnectionId, ConnectionState, FaultSpec, Frame};
use desk::{By, Desk, MS, S};
use futures_desk::Futures;
use serde_json::{Value, json};

/// Gives the venue a fault; its number.
fn fault(desk: &mut Desk, mut fields: Value) -> u64 {
    fields["venue"] = json!("v");
    let spec: FaultSpec = serde_json::from_value(fields).expect("a fault");
    desk.venue.add_fault(spec, desk.now).expect("taken")
}

/// Lets time pass.
fn pass(desk: &mut Desk, ms: u64) {
    desk.now += ms * MS;
    desk.venue.advance(desk.now);
}

fn trade(desk: &mut Desk) {
    desk.print("BTCUSDT", Side::Buy, 3_000_100, 1_000);
}

/// A venue with quotes, and a client of its BTCUSDT trades.
fn watched() -> (Desk, ConnectionId) {
    let mut desk = Desk::new();
    desk.usual_quote();
    let id = desk.connect("/ws/btcusdt@trade");
    (desk, id)
}

/// The trade ids that came, counted from the first trade of the venue.
fn ids(desk: &mut Desk, id: ConnectionId) -> Vec<u64> {
    desk.frames(id).iter().map(|f| f["t"].as_u64().expect("a trade")).collect()
}

/// A request on a connection of its own that stays.
fn ask(desk: &mut Desk, verb: &str, target: &str, key: &str) -> ConnectionId {
    let id = desk.venue.open(desk.now).expect("room");
    let head = format!("{verb} {target} HTTP/1.1\r\nHost: x\r\nX-MBX-APIKEY: {key}\r\n\r\n");
    desk.venue.input(id, head.as_bytes(), desk.now);
    id
}

const LIMIT: &str = "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.01&price=29000.00";

fn order_target(desk: &Desk, client_id: &str) -> String {
    let payload = format!("{LIMIT}&newClientOrderId={client_id}&timestamp={}", desk.millis());
    format!("/api/v3/order?{payload}&signature={}", By::Hmac.sign(&payload))
}

/// The client ids of the first account's open orders.
fn open_orders(desk: &mut Desk) -> Vec<String> {
    let open = desk.signed(By::Hmac, "GET", "openOrders", "symbol=BTCUSDT").ok();
    open.as_array().expect("a list").iter().map(|o| o["clientOrderId"].as_str().expect("an id").to_owned()).collect()
}

#[test]
fn a_gap_makes_ids_jump() {
    let (mut desk, id) = watched();
    fault(&mut desk, json!({ "kind": "gap", "after": 1, "count": 2, "stream": "btcusdt@trade" }));
    (0..5).for_each(|_| trade(&mut desk));
    assert_eq!(ids(&mut desk, id), [1, 4, 5]);
}

#[test]
fn a_duplicate_comes_twice_and_the_next_once() {
    let (mut desk, id) = watched();
    fault(&mut desk, json!({ "kind": "duplicate" }));
    (0..2).for_each(|_| trade(&mut desk));
    assert_eq!(ids(&mut desk, id), [1, 1, 2]);
}

#[test]
fn a_message_comes_behind_the_next_one_or_late() {
    let (mut desk, id) = watched();
    fault(&mut desk, json!({ "kind": "reorder" }));
    (0..3).for_each(|_| trade(&mut desk));
    assert_eq!(ids(&mut desk, id), [2, 1, 3]);
    fault(&mut desk, json!({ "kind": "reorder", "delay_ms": 200 }));
    trade(&mut desk);
    pass(&mut desk, 199);
    assert_eq!(ids(&mut desk, id), Vec::<u64>::new());
    pass(&mut desk, 1);
    assert_eq!(ids(&mut desk, id), [4]);
}

#[test]
fn a_skipped_symbol_is_silent_while_others_go_on() {
    let mut desk = Desk::new();
    desk.usual_quote();
    desk.quote("LTCBTC", (3_000, 1_000), (3_001, 1_000));
    let id = desk.connect("/stream?streams=btcusdt@trade/ltcbtc@trade");
    fault(&mut desk, json!({ "kind": "skip", "symbol": "BTCUSDT", "for_ms": 1000 }));
    let both = |desk: &mut Desk| {
        trade(desk);
        desk.print("LTCBTC", Side::Buy, 3_001, 10);
        let frames = desk.frames(id);
        frames.iter().map(|f| f["stream"].as_str().expect("a name").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(both(&mut desk), ["ltcbtc@trade"]);
    pass(&mut desk, 1000);
    assert_eq!(both(&mut desk), ["btcusdt@trade", "ltcbtc@trade"]);
}

#[test]
fn a_held_market_stands_still_and_clients_trade_on() {
    let (mut desk, id) = watched();
    let hold = fault(&mut desk, json!({ "kind": "hold" }));
    trade(&mut desk);
    desk.quote("BTCUSDT", (3_100_000, 1), (3_100_100, 1));
    let stream = desk.venue.stream("btcusdt@trade").expect("known");
    desk.venue.publish(Frame { stream, trade_id: None, millis: b"{}", micros: None });
    pass(&mut desk, 60_000);
    assert!(desk.frames(id).iter().all(|f| f.get("t").is_none() && *f != json!({})), "nothing but pings");
    let book = desk.get("/api/v3/depth?symbol=BTCUSDT").ok();
    assert_eq!(book["bids"], json!([["30000.00000000", "1.00000000"]]));
    // What stands there is there for clients, and they are told of what they do.
    let bought = "symbol=BTCUSDT&side=BUY&type=MARKET&quantity=0.5";
    assert_eq!(desk.signed(By::Hmac, "POST", "order", bought).ok()["status"], json!("FILLED"));
    assert_eq!(ids(&mut desk, id), [1]);
    assert!(desk.venue.end_fault(hold, desk.now));
    trade(&mut desk);
    assert_eq!(ids(&mut desk, id), [2], "it goes on");

    fault(&mut desk, json!({ "kind": "hold", "at_ms": 100, "for_ms": 200 }));
    let mut heard = Vec::new();
    for ms in [99, 1, 199, 1] {
        pass(&mut desk, ms);
        trade(&mut desk);
        heard.push(ids(&mut desk, id));
    }
    assert_eq!(heard, [vec![3], vec![], vec![], vec![4]]);
}

#[test]
fn garbage_is_a_frame_without_sense_or_no_frame() {
    let (mut desk, id) = watched();
    fault(&mut desk, json!({ "kind": "garbage", "scope": "stream" }));
    trade(&mut desk);
    let bytes = desk.raw(id);
    assert_eq!(bytes[0], 0x81, "a whole text frame");
    assert_eq!(usize::from(bytes[1]), bytes.len() - 2);
    assert!(serde_json::from_slice::<Value>(&bytes[2..]).is_err());
    fault(&mut desk, json!({ "kind": "garbage", "scope": "stream", "layer": "frame" }));
    trade(&mut desk);
    assert_eq!(desk.raw(id)[0] & 0x70, 0x70, "reserved bits: no frame");
    trade(&mut desk);
    assert_eq!(ids(&mut desk, id), [3], "the connection itself is as it was");

    fault(&mut desk, json!({ "kind": "garbage", "scope": "rest", "request": "/api/v3/time" }));
    assert_eq!(desk.get("/api/v3/ping").ok(), json!({}), "another request");
    let answer = desk.get("/api/v3/time");
    assert!(answer.status == 200 && answer.body.is_string(), "{:?}", answer.body);
    fault(&mut desk, json!({ "kind": "garbage", "scope": "rest", "layer": "frame" }));
    let id = ask(&mut desk, "GET", "/api/v3/time", "");
    assert!(!desk.raw(id).starts_with(b"HTTP"));
    assert_eq!(desk.venue.state(id), ConnectionState::Ending);
}

#[test]
fn a_cut_message_ends_the_connection_without_a_word() {
    let (mut desk, id) = watched();
    trade(&mut desk);
    let whole = desk.raw(id).len();
    fault(&mut desk, json!({ "kind": "cut", "scope": "stream" }));
    trade(&mut desk);
    assert_eq!(desk.raw(id).len(), whole / 2);
    assert_eq!(desk.venue.state(id), ConnectionState::EndingAbruptly);
    desk.venue.gone(id);

    fault(&mut desk, json!({ "kind": "cut", "scope": "rest" }));
    let id = ask(&mut desk, "GET", "/api/v3/exchangeInfo", "");
    let bytes = desk.raw(id);
    let head = String::from_utf8_lossy(&bytes).into_owned();
    let stated: usize =
        head.lines().find_map(|l| l.strip_prefix("Content-Length: ")).expect("a length").parse().unwrap();
    assert!(bytes.len() < stated, "{} of {stated}", bytes.len());
    assert_eq!(desk.venue.state(id), ConnectionState::EndingAbruptly);
}

#[test]
fn a_split_message_comes_in_two_parts() {
    let (mut desk, id) = watched();
    trade(&mut desk);
    let whole = desk.raw(id).len();
    fault(&mut desk, json!({ "kind": "split", "scope": "stream", "delay_ms": 300 }));
    (0..2).for_each(|_| trade(&mut desk));
    let first = desk.raw(id);
    assert_eq!(first.len(), whole / 2);
    pass(&mut desk, 299);
    assert_eq!(desk.raw(id), b"");
    pass(&mut desk, 1);
    assert_eq!(desk.raw(id).len(), whole - whole / 2 + whole, "the rest, and the next one");

    fault(&mut desk, json!({ "kind": "split", "scope": "rest", "delay_ms": 60_000 }));
    let id = ask(&mut desk, "GET", "/api/v3/time", "");
    let mut answer = desk.raw(id);
    pass(&mut desk, 60_000);
    answer.extend(desk.raw(id));
    assert_eq!(desk::read_answer(&answer).0.status, 200, "however long it takes, the venue's patience included");
}

#[test]
fn a_stall_is_a_silence_on_a_connection_that_lives() {
    let (mut desk, id) = watched();
    fault(&mut desk, json!({ "kind": "stall", "scope": "stream", "for_ms": 25_000 }));
    (0..3).for_each(|_| trade(&mut desk));
    pass(&mut desk, 24_999);
    assert_eq!((desk.raw(id), desk.venue.state(id)), (Vec::new(), ConnectionState::Open));
    let late = desk.connect("/ws/btcusdt@trade");
    trade(&mut desk);
    assert_eq!(desk.raw(late), b"", "one that came meanwhile is connected and silent, too");
    assert_eq!(desk.get("/api/v3/ping").status, 200, "other scopes are as ever");
    pass(&mut desk, 1);
    assert_eq!(ids(&mut desk, id), [1, 2, 3, 4], "nothing is lost; the ping of 20 s came with it");
    assert_eq!(ids(&mut desk, late), [4]);

    let stall = fault(&mut desk, json!({ "kind": "stall", "for_ms": 25_000 }));
    trade(&mut desk);
    assert_eq!(desk.raw(late), b"");
    assert!(desk.venue.end_fault(stall, desk.now));
    assert_eq!(ids(&mut desk, late), [5], "ended by hand, it lets go at once");
}

#[test]
fn a_drop_comes_after_so_many_messages_and_says_nothing() {
    let (mut desk, id) = watched();
    fault(&mut desk, json!({ "kind": "drop", "scope": "stream", "after": 2 }));
    (0..5).for_each(|_| trade(&mut desk));
    assert_eq!(ids(&mut desk, id), [1, 2], "and no close frame");
    assert_eq!(desk.venue.state(id), ConnectionState::EndingAbruptly);
    let again = desk.connect("/ws/btcusdt@trade");
    trade(&mut desk);
    assert_eq!(ids(&mut desk, again), [6], "the next connection lives");
}

#[test]
fn a_half_closed_connection_is_read_and_never_written() {
    let (mut desk, id) = watched();
    fault(&mut desk, json!({ "kind": "half-close", "scope": "stream", "for_ms": 1000 }));
    assert_eq!(desk.venue.state(id), ConnectionState::HalfClosed);
    desk.venue.input(id, &desk::client_frame(1, br#"{"method":"LIST_SUBSCRIPTIONS","id":1}"#), desk.now);
    trade(&mut desk);
    assert_eq!(desk.raw(id), b"");
    pass(&mut desk, 1000);
    assert_eq!(desk.venue.state(id), ConnectionState::Dropped);
}

#[test]
fn a_skewed_clock_is_shown_and_refuses_honest_requests() {
    let mut desk = Desk::new();
    let honest = desk.millis();
    fault(&mut desk, json!({ "kind": "skew", "skew_ms": 60_000, "for_ms": 1000 }));
    assert_eq!(desk.get("/api/v3/time").ok(), json!({ "serverTime": honest + 60_000 }));
    assert_eq!(desk.signed(By::Hmac, "GET", "account", "").code(), (400, -1021));
    let id = desk.connect("/ws-api/v3");
    assert_eq!(desk.call(id, "time", json!({}))["result"]["serverTime"], json!(honest + 60_000));
    pass(&mut desk, 1000);
    assert_eq!(desk.get("/api/v3/time").ok(), json!({ "serverTime": honest + 1_000 }));
    assert_eq!(desk.signed(By::Hmac, "GET", "account", "").status, 200);
    fault(&mut desk, json!({ "kind": "skew", "skew_ms": -5_000 }));
    assert_eq!(desk.get("/api/v3/time").ok(), json!({ "serverTime": honest - 4_000 }));
}

#[test]
fn a_skewed_clock_leaves_nothing_behind() {
    const HOUR: u64 = 3_600_000;
    let (mut desk, id) = watched();
    let honest = desk.millis();
    let api = desk.subscribed();
    fault(&mut desk, json!({ "kind": "skew", "skew_ms": HOUR, "for_ms": 1000 }));
    let payload = format!("{LIMIT}&newClientOrderId=a&timestamp={}", honest + HOUR);
    let placed = desk.signed_payload(By::Hmac, "POST", "order", &payload).ok();
    assert_eq!(placed["transactTime"], json!(honest + HOUR));
    let told = desk.frames(api);
    assert_eq!((&told[0]["event"]["E"], &told[0]["event"]["O"]), (&json!(honest + HOUR), &json!(honest + HOUR)));
    let since = format!("symbol=BTCUSDT&startTime={}&timestamp={}", honest + HOUR, honest + HOUR);
    let orders = desk.signed_payload(By::Hmac, "GET", "allOrders", &since).ok();
    assert_eq!(orders.as_array().map(Vec::len), Some(1), "asked for by the clock that is shown");
    pass(&mut desk, 1000);

    let order = desk.signed(By::Hmac, "GET", "order", "symbol=BTCUSDT&origClientOrderId=a").ok();
    assert_eq!(order["time"], json!(honest));
    let bought = desk.signed(By::Hmac, "POST", "order", "symbol=BTCUSDT&side=BUY&type=MARKET&quantity=0.01").ok();
    assert_eq!(bought["transactTime"], json!(honest + 1_000));
    let trades = desk.frames(id);
    assert_eq!((trades.len(), &trades[0]["T"], &trades[0]["E"]), (1, &json!(honest + 1_000), &json!(honest + 1_000)));

    let mut f = Futures::usdm();
    f.usual_quote();
    let now = f.desk.millis();
    fault(&mut f.desk, json!({ "kind": "skew", "skew_ms": 2 * HOUR, "for_ms": 1000 }));
    f.listen_key(By::Hmac);
    f.pass(S);
    let order = f.place(&Futures::limit("BUY", "29000.0", "1"));
    assert_eq!(order["updateTime"], json!(now + 1_000));
    f.pass(3_600 * S);
    assert_eq!(f.keyed(By::Hmac, "PUT").code(), (400, -1125), "a listen key lives for an hour");
}

#[test]
fn an_answer_comes_late_though_the_order_is_done() {
    let mut desk = Desk::new();
    desk.usual_quote();
    fault(&mut desk, json!({ "kind": "delay-answer", "delay_ms": 15_000, "count": 2 }));
    let target = order_target(&desk, "late");
    let id = ask(&mut desk, "POST", &target, desk::DOC_KEY);
    assert_eq!(open_orders(&mut desk), ["late"], "queries are answered");
    pass(&mut desk, 14_999);
    assert_eq!(desk.raw(id), b"");
    pass(&mut desk, 1);
    let bytes = desk.raw(id);
    assert_eq!(desk::read_answer(&bytes).0.ok()["clientOrderId"], json!("late"));

    let api = desk.subscribed();
    let order = json!({ "symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.01" });
    let told = desk.call_signed(api, By::Hmac, "order.place", order);
    let events: Vec<&Value> = told.iter().map(|f| &f["event"]["e"]).collect();
    assert_eq!(events[0], &json!("executionReport"), "events come before the answer: {told:?}");
    assert!(told.iter().all(|f| f["id"].is_null()));
    pass(&mut desk, 15_000);
    let answer = desk.frames(api).into_iter().find(|f| f["id"] == json!(7)).expect("an answer");
    assert_eq!(answer["result"]["status"], json!("FILLED"));
}

#[test]
fn a_lost_answer_and_a_lost_request_look_alike() {
    let mut desk = Desk::new();
    desk.usual_quote();
    for (kind, ending) in [("lose-answer", "silence"), ("lose-request", "silence"), ("lose-answer", "drop")] {
        fault(&mut desk, json!({ "kind": kind, "ending": ending, "scope": "rest" }));
        let name = format!("{kind}-{ending}");
        let target = order_target(&desk, &name);
        let id = ask(&mut desk, "POST", &target, desk::DOC_KEY);
        pass(&mut desk, 60_000);
        assert_eq!(desk.raw(id), b"", "{name}");
        let state = if ending == "drop" { ConnectionState::Dropped } else { ConnectionState::Open };
        assert_eq!(desk.venue.state(id), state, "{name}");
    }
    assert_eq!(open_orders(&mut desk), ["lose-answer-silence", "lose-answer-drop"]);

    let api = desk.logged_on();
    for kind in ["lose-answer", "lose-request"] {
        fault(&mut desk, json!({ "kind": kind, "scope": "ws-api", "request": "order.place" }));
        let order = json!({
            "symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.01",
            "price": "29000.00", "newClientOrderId": format!("ws-{kind}"),
        });
        assert_eq!(desk.call_signed(api, By::Hmac, "order.place", order), Vec::<Value>::new());
    }
    assert_eq!(desk.call(api, "ping", json!({}))["status"], json!(200), "the connection lives");
    assert_eq!(open_orders(&mut desk), ["lose-answer-silence", "lose-answer-drop", "ws-lose-answer"]);
}

#[test]
fn an_unknown_outcome_says_so_whether_it_was_done_or_not() {
    let mut desk = Desk::new();
    desk.usual_quote();
    for (code, status, done) in [(-1006, 500, true), (-1007, 504, false), (-1007, 504, true)] {
        fault(&mut desk, json!({ "kind": "unknown-outcome", "code": code, "done": done }));
        let params = format!("{LIMIT}&newClientOrderId=u{code}{done}");
        let answer = desk.signed(By::Hmac, "POST", "order", &params);
        assert_eq!(answer.code(), (status, i64::from(code)));
        assert!(answer.body["msg"].as_str().expect("text").ends_with("xecution status unknown."));
    }
    assert_eq!(open_orders(&mut desk), ["u-1006true", "u-1007true"]);
    fault(&mut desk, json!({ "kind": "unknown-outcome", "request": "order.cancel", "done": true }));
    let api = desk.logged_on();
    let cancel = json!({ "symbol": "BTCUSDT", "origClientOrderId": "u-1006true" });
    let answer = &desk.call_signed(api, By::Hmac, "order.cancel", cancel)[0];
    assert_eq!((&answer["id"], &answer["status"], &answer["error"]["code"]), (&json!(7), &json!(504), &json!(-1007)));
    assert_eq!(open_orders(&mut desk), ["u-1007true"]);
    // The same over the WebSocket API alone.
    for (done, left) in [(false, 1), (true, 2)] {
        fault(&mut desk, json!({ "kind": "unknown-outcome", "scope": "ws-api", "code": -1006, "done": done }));
        desk.signed(By::Hmac, "POST", "order/test", LIMIT).ok();
        let order = json!({ "symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC",
                            "quantity": "0.01", "price": "29000" });
        let answer = &desk.call_signed(api, By::Hmac, "order.place", order)[0];
        assert_eq!(
            (&answer["id"], &answer["status"], &answer["error"]["code"]),
            (&json!(7), &json!(500), &json!(-1006))
        );
        assert_eq!(open_orders(&mut desk).len(), left, "done: {done}");
    }
}

#[test]
fn http_errors_are_pages_and_meet_handshakes_too() {
    let mut desk = Desk::new();
    fault(&mut desk, json!({ "kind": "http-error", "for_ms": 1000 }));
    fault(&mut desk, json!({ "kind": "http-error", "http_status": 403, "at_ms": 1000, "for_ms": 1000 }));
    for status in [503, 403] {
        let answer = desk.get("/api/v3/ping");
        assert_eq!((answer.status, answer.header("content-type")), (status, Some("text/html")));
        assert!(answer.body.as_str().expect("a page").starts_with("<html>"));
        for target in ["/ws/btcusdt@trade", "/ws-api/v3"] {
            let headers = [
                ("Upgrade", "websocket"),
                ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
                ("Sec-WebSocket-Version", "13"),
            ];
            // The desk closes its requests, and a list may have both words.
            let headers: Vec<(&str, &str)> = headers.into_iter().chain([("Connection", "Upgrade")]).collect();
            assert_eq!(desk.request("GET", target, &headers, "").status, status, "{target}");
        }
        pass(&mut desk, 1000);
    }
    assert_eq!(desk.get("/api/v3/ping").status, 200);
}

#[test]
fn rate_limits_and_bans_last_as_long_as_they_say() {
    let mut desk = Desk::new();
    let api = desk.connect("/ws-api/v3");
    fault(&mut desk, json!({ "kind": "rate-limit", "for_ms": 7_500 }));
    let answer = desk.get("/api/v3/time");
    assert_eq!((answer.code(), answer.header("retry-after")), ((429, -1003), Some("8")));
    let until = (desk.now + 7_500 * MS) / MS;
    let told = desk.call(api, "time", json!({}));
    assert_eq!((&told["status"], &told["error"]["code"]), (&json!(429), &json!(-1003)));
    assert_eq!(told["error"]["data"]["retryAfter"], json!(until));
    pass(&mut desk, 7_500);
    assert_eq!(desk.get("/api/v3/time").status, 200);

    fault(&mut desk, json!({ "kind": "ban", "for_ms": 120_000 }));
    assert_eq!(desk.frames(api), [json!({ "close": 1008 })], "bans close connections of the WebSocket API");
    let answer = desk.get("/api/v3/time");
    assert_eq!((answer.code(), answer.header("retry-after")), ((418, -1003), Some("120")));
    let until = (desk.now + 120_000 * MS) / MS;
    assert!(answer.body["msg"].as_str().expect("text").contains(&format!("IP banned until {until}")));
    pass(&mut desk, 120_000);
    assert_eq!(desk.get("/api/v3/time").status, 200);
}

#[test]
fn maintenance_is_announced_then_everybody_is_closed_then_nobody_is_served() {
    let (mut desk, stream) = watched();
    let api = desk.connect("/ws-api/v3");
    fault(&mut desk, json!({ "kind": "maintenance", "at_ms": 500, "delay_ms": 2_000, "for_ms": 10_000 }));
    pass(&mut desk, 500);
    assert_eq!(desk.frames(stream), [json!({ "e": "serverShutdown", "E": desk.millis() })]);
    assert_eq!(desk.frames(api), [json!({ "event": { "e": "serverShutdown", "E": desk.millis() } })]);
    trade(&mut desk);
    assert_eq!(ids(&mut desk, stream), [1], "it goes on until it is closed");
    pass(&mut desk, 2_000);
    assert_eq!(desk.frames(stream), [json!({ "close": 1001 })]);
    assert_eq!(desk.frames(api), [json!({ "close": 1001 })]);
    assert_eq!(desk.get("/api/v3/ping").status, 503);
    pass(&mut desk, 8_000);
    assert_eq!(desk.get("/api/v3/ping").status, 200);
    desk.connect("/ws/btcusdt@trade");
}

#[test]
fn a_symbol_is_halted_and_opens_again() {
    let mut desk = Desk::new();
    desk.usual_quote();
    fault(&mut desk, json!({ "kind": "symbol-status", "symbol": "BTCUSDT", "trading_status": "HALT", "for_ms": 1000 }));
    let status = |desk: &mut Desk| {
        desk.get("/api/v3/exchangeInfo?symbol=BTCUSDT").ok()["symbols"][0]["status"]
            .as_str()
            .expect("a word")
            .to_owned()
    };
    assert_eq!(status(&mut desk), "HALT");
    let refused = desk.signed(By::Hmac, "POST", "order", LIMIT);
    assert_eq!((refused.status, &refused.body["msg"]), (400, &json!("Market is closed.")));
    pass(&mut desk, 1000);
    assert_eq!(status(&mut desk), "TRADING");
    assert_eq!(desk.signed(By::Hmac, "POST", "order", LIMIT).status, 200);
}

#[test]
fn filters_change_and_change_back() {
    let mut desk = Desk::new();
    desk.usual_quote();
    let id = fault(
        &mut desk,
        json!({ "kind": "symbol-filters", "symbol": "BTCUSDT", "price_step": "1", "min_notional": "1000", "for_ms": 9000 }),
    );
    let info = desk.get("/api/v3/exchangeInfo?symbol=BTCUSDT").ok();
    let filters = info["symbols"][0]["filters"].as_array().expect("a list");
    let step = filters.iter().find(|f| f["filterType"] == "PRICE_FILTER").map(|f| &f["tickSize"]);
    assert_eq!(step, Some(&json!("1.00000000")));
    let refused = desk.signed(By::Hmac, "POST", "order", LIMIT);
    assert_eq!(refused.body, json!({ "code": -1013, "msg": "Filter failure: NOTIONAL" }));
    let odd = LIMIT.replace("29000.00", "29000.50").replace("0.01", "0.1");
    let refused = desk.signed(By::Hmac, "POST", "order", &odd);
    assert_eq!(refused.body, json!({ "code": -1013, "msg": "Filter failure: PRICE_FILTER" }));
    assert!(desk.venue.end_fault(id, desk.now), "ended by hand, before its time");
    assert_eq!(desk.signed(By::Hmac, "POST", "order", LIMIT).status, 200);
    assert_eq!(desk.signed(By::Hmac, "POST", "order", &odd).status, 200);
}

#[test]
fn a_cancel_races_with_a_fill() {
    let mut desk = Desk::new();
    desk.usual_quote();
    let place = |desk: &mut Desk, id: &str| {
        assert_eq!(desk.signed(By::Hmac, "POST", "order", &format!("{LIMIT}&newClientOrderId={id}")).status, 200);
    };
    let api = desk.subscribed();
    place(&mut desk, "part");
    desk.frames(api);
    fault(&mut desk, json!({ "kind": "cancel-race", "percent": 30, "count": 1 }));
    let cancelled = desk.signed(By::Hmac, "DELETE", "order", "symbol=BTCUSDT&origClientOrderId=part").ok();
    assert_eq!((&cancelled["status"], &cancelled["executedQty"]), (&json!("CANCELED"), &json!("0.00300000")));
    let seen: Vec<Value> =
        desk.frames(api).into_iter().map(|f| f["event"]["x"].clone()).filter(|x| !x.is_null()).collect();
    assert_eq!(seen, [json!("TRADE"), json!("CANCELED")]);

    place(&mut desk, "whole");
    fault(&mut desk, json!({ "kind": "cancel-race", "percent": 100, "symbol": "BTCUSDT" }));
    let refused = desk.signed(By::Hmac, "DELETE", "order", "symbol=BTCUSDT&origClientOrderId=whole");
    assert_eq!(refused.body, json!({ "code": -2011, "msg": "Unknown order sent." }));
    let order = desk.signed(By::Hmac, "GET", "order", "symbol=BTCUSDT&origClientOrderId=whole").ok();
    assert_eq!(order["status"], json!("FILLED"));

    place(&mut desk, "free");
    let cancelled = desk.signed(By::Hmac, "DELETE", "order", "symbol=BTCUSDT&origClientOrderId=free").ok();
    assert_eq!(cancelled["executedQty"], json!("0.00000000"), "the race is over");
}

#[test]
fn an_order_fills_while_nobody_is_told() {
    let mut desk = Desk::new();
    desk.usual_quote();
    let api = desk.subscribed();
    let other = desk.connect("/ws-api/v3");
    assert_eq!(desk.signed(By::Hmac, "POST", "order", &format!("{LIMIT}&newClientOrderId=quiet")).status, 200);
    desk.frames(api);
    fault(&mut desk, json!({ "kind": "offline-fill" }));
    assert_eq!(desk.raw(api), b"", "neither the fill nor a goodbye");
    assert_eq!(desk.venue.state(api), ConnectionState::EndingAbruptly);
    assert_eq!(desk.venue.state(other), ConnectionState::Open, "it had no user data");
    desk.venue.gone(api);
    let again = desk.subscribed();
    assert_eq!(desk.frames(again), Vec::<Value>::new(), "what was missed is not told later");
    let order = desk.signed(By::Hmac, "GET", "order", "symbol=BTCUSDT&origClientOrderId=quiet").ok();
    assert_eq!((&order["status"], &order["executedQty"]), (&json!("FILLED"), &json!("0.01000000")));
}

#[test]
fn events_of_an_account_are_lost_doubled_and_swapped() {
    let mut desk = Desk::new();
    desk.usual_quote();
    let api = desk.subscribed();
    let mut events = |kind: &str| -> Vec<String> {
        fault(&mut desk, json!({ "kind": kind, "scope": "user-data" }));
        assert_eq!(desk.signed(By::Hmac, "POST", "order", LIMIT).status, 200);
        desk.frames(api).iter().map(|f| f["event"]["e"].as_str().expect("a name").to_owned()).collect()
    };
    assert_eq!(events("gap"), ["outboundAccountPosition"]);
    assert_eq!(events("duplicate"), ["executionReport", "executionReport", "outboundAccountPosition"]);
    assert_eq!(events("reorder"), ["outboundAccountPosition", "executionReport"]);
    fault(&mut desk, json!({ "kind": "garbage", "scope": "user-data" }));
    assert_eq!(desk.signed(By::Hmac, "POST", "order", LIMIT).status, 200);
    let bytes = desk.raw(api);
    let (noise, position) = bytes[2..].split_at(usize::from(bytes[1]));
    assert!(serde_json::from_slice::<Value>(noise).is_err() && !position.is_empty());
}

#[test]
fn faults_are_kept_for_events_that_somebody_gets() {
    let mut desk = Desk::new();
    desk.usual_quote();
    let api = desk.subscribed();
    fault(&mut desk, json!({ "kind": "gap", "scope": "user-data" }));
    assert_eq!(desk.signed(By::Other, "POST", "order", LIMIT).status, 200);
    assert_eq!(desk.frames(api), Vec::<Value>::new());
    assert_eq!(desk.signed(By::Hmac, "POST", "order", LIMIT).status, 200);
    let told: Vec<Value> = desk.frames(api).iter().map(|f| f["event"]["e"].clone()).collect();
    assert_eq!(told, [json!("outboundAccountPosition")], "the report is the first that somebody would get");

    let mut f = Futures::usdm();
    f.usual_quote();
    let (key, _unused) = (f.listen_key(By::Hmac), f.listen_key(By::Other));
    let id = f.desk.connect(&format!("/private/ws?listenKey={key}"));
    let limit = Futures::limit("BUY", "29000.0", "1");
    fault(&mut f.desk, json!({ "kind": "gap", "scope": "user-data" }));
    assert_eq!(f.signed(By::Other, "POST", "v1/order", &limit).status, 200);
    f.place(&limit);
    assert_eq!(f.frames(id), Vec::<Value>::new(), "lost");
}

#[test]
fn futures_accounts_have_the_same_troubles() {
    let mut f = Futures::usdm();
    f.usual_quote();
    let key = f.listen_key(By::Hmac);
    let id = f.desk.connect(&format!("/private/ws?listenKey={key}"));
    let limit = Futures::limit("BUY", "29000.0", "1");
    fault(&mut f.desk, json!({ "kind": "gap", "scope": "user-data" }));
    let first = f.place(&limit)["orderId"].clone();
    assert_eq!(f.frames(id), Vec::<Value>::new(), "lost");
    fault(&mut f.desk, json!({ "kind": "duplicate", "scope": "user-data" }));
    let second = f.place(&limit)["orderId"].clone();
    let told: Vec<Value> = f.frames(id).iter().map(|e| e["o"]["i"].clone()).collect();
    assert_eq!(told, [second.clone(), second.clone()], "twice");

    fault(&mut f.desk, json!({ "kind": "cancel-race", "percent": 100 }));
    let late = f.signed(By::Hmac, "DELETE", "v1/order", &format!("symbol=BTCUSDT&orderId={first}"));
    assert_eq!(late.body["code"], json!(-2011), "{:?}", late.body);
    fault(&mut f.desk, json!({ "kind": "offline-fill", "percent": 50 }));
    assert_eq!(f.desk.venue.state(id), ConnectionState::EndingAbruptly);
    let order = f.signed(By::Hmac, "GET", "v1/order", &format!("symbol=BTCUSDT&orderId={second}")).ok();
    assert_eq!((&order["status"], &order["executedQty"]), (&json!("PARTIALLY_FILLED"), &json!("0.500")));

    fault(&mut f.desk, json!({ "kind": "unknown-outcome" }));
    assert_eq!(f.signed(By::Hmac, "POST", "v1/order", &limit).code(), (504, -1007));
    fault(&mut f.desk, json!({ "kind": "rate-limit", "for_ms": 1000 }));
    assert_eq!(f.get("v1/time").code(), (429, -1003));
}

#[test]
fn a_schedule_begins_anew_and_stops_when_told() {
    let (mut desk, id) = watched();
    let fields = json!({ "kind": "skip", "symbol": "BTCUSDT", "at_ms": 1000, "for_ms": 200, "every_ms": 500 });
    let number = fault(&mut desk, fields);
    let mut heard = Vec::new();
    for at in 0..25u64 {
        trade(&mut desk);
        heard.push(!ids(&mut desk, id).is_empty());
        if at == 21 {
            assert!(desk.venue.end_fault(number, desk.now));
            assert!(!desk.venue.end_fault(number, desk.now), "once");
        }
        pass(&mut desk, 100);
    }
    let silent: Vec<usize> = heard.iter().enumerate().filter(|(_, heard)| !**heard).map(|(at, _)| at).collect();
    assert_eq!(silent, [10, 11, 15, 16, 20, 21], "in tenths of a second");
}

#[test]
fn what_makes_no_sense_is_refused_by_field() {
    let mut desk = Desk::new();
    let mut wrong = |mut fields: Value| -> String {
        fields["venue"] = json!("v");
        let spec: FaultSpec = serde_json::from_value(fields).expect("fields");
        desk.venue.add_fault(spec, desk.now).expect_err("refused").to_string()
    };
    assert!(wrong(json!({ "kind": "earthquake" })).starts_with("kind: there is no fault \"earthquake\"; one of drop,"));
    assert_eq!(wrong(json!({ "kind": "stall" })), "for_ms: stall needs it");
    assert!(wrong(json!({ "kind": "stall", "for_ms": 1, "count": 1 })).starts_with("count: stall does not take it"));
    assert!(wrong(json!({ "kind": "skip", "symbol": "XY" })).contains("no symbol \"XY\""));
    assert!(
        wrong(json!({ "kind": "duplicate", "scope": "rest" })).starts_with("scope: duplicate acts on one of stream")
    );
    assert!(wrong(json!({ "kind": "skew", "skew_ms": 1, "every_ms": 9 })).starts_with("every_ms: needs for_ms"));
    assert!(wrong(json!({ "kind": "stall", "for_ms": 9, "every_ms": 9 })).starts_with("every_ms: must be longer"));
    assert!(wrong(json!({ "kind": "symbol-filters", "symbol": "BTCUSDT" })).starts_with("price_step: symbol-filters"));
    let fine = json!({ "kind": "symbol-filters", "symbol": "BTCUSDT", "price_step": "0.001" });
    assert!(wrong(fine).starts_with("price_step: BTCUSDT cannot have it"));
    assert!(serde_json::from_value::<FaultSpec>(json!({ "kind": "drop", "colour": "red" })).is_err());
    assert!(wrong(json!({ "kind": "hold", "symbol": "BTCUSDT" })).starts_with("symbol: hold does not take it"));

    let mut f = Futures::coinm();
    let mut other = |fields: Value| {
        let spec: FaultSpec = serde_json::from_value(fields).expect("fields");
        f.desk.venue.add_fault(spec, f.desk.now).map_err(|e| e.to_string())
    };
    let least = other(json!({ "kind": "symbol-filters", "symbol": "BTCUSD_PERP", "min_notional": "1000" }));
    assert!(least.expect_err("COIN-M has no such filter").starts_with("min_notional: BTCUSD_PERP cannot have it"));
    other(json!({ "kind": "symbol-filters", "symbol": "BTCUSD_PERP", "min_quantity": "5" })).expect("taken");
}
