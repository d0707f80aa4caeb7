//! Weights, order counts, 429 and 418: as headers, as bodies, and over time.

use crate::desk;

use crosstick_model::Side;
use crosstick_sim::Limits;
use desk::{By, Desk, MS, S};
use serde_json::{Value, json};

const LIMIT: &str = "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.001&price=29000";

fn used(answer: &desk::Answer) -> u32 {
    assert_eq!(answer.header("x-mbx-used-weight"), answer.header("x-mbx-used-weight-1m"));
    answer.header("x-mbx-used-weight-1m").and_then(|w| w.parse().ok()).expect("a weight")
}

#[test]
fn every_endpoint_weighs_what_the_table_says() {
    for (target, weight) in [
        ("ping", 1),
        ("time", 1),
        ("exchangeInfo", 20),
        ("depth?symbol=BTCUSDT", 5),
        ("depth?symbol=BTCUSDT&limit=101", 25),
        ("depth?symbol=BTCUSDT&limit=1000", 50),
        ("depth?symbol=BTCUSDT&limit=5000", 250),
        ("trades?symbol=BTCUSDT", 25),
        ("historicalTrades?symbol=BTCUSDT", 25),
        ("aggTrades?symbol=BTCUSDT", 4),
        ("klines?symbol=BTCUSDT&interval=1m", 2),
        ("avgPrice?symbol=BTCUSDT", 2),
        ("ticker/24hr?symbol=BTCUSDT", 2),
        ("ticker/24hr", 80),
        ("ticker/price?symbol=BTCUSDT", 2),
        ("ticker/price", 4),
        ("ticker/bookTicker", 4),
    ] {
        let mut desk = Desk::new();
        let answer = desk.get(&format!("/api/v3/{target}"));
        assert_eq!((answer.status, used(&answer)), (200, weight), "{target}");
    }
    for (verb, path, params, weight) in [
        ("GET", "account", "", 20),
        ("GET", "openOrders", "symbol=BTCUSDT", 6),
        ("GET", "openOrders", "", 80),
        ("GET", "allOrders", "symbol=BTCUSDT", 20),
        ("GET", "myTrades", "symbol=BTCUSDT", 20),
        ("GET", "myTrades", "symbol=BTCUSDT&orderId=1", 5),
        ("GET", "rateLimit/order", "", 40),
        ("POST", "order/test", LIMIT, 1),
        ("POST", "order/test", &format!("{LIMIT}&computeCommissionRates=true"), 20),
        // What succeeds of the trading calls weighs nothing.
        ("POST", "order", LIMIT, 0),
    ] {
        let mut desk = Desk::new();
        let answer = desk.signed(By::Hmac, verb, path, params);
        assert_eq!((answer.status, used(&answer)), (200, weight), "{path}?{params}: {}", answer.body);
    }
    let mut desk = Desk::new();
    let refused = desk.signed(By::Hmac, "DELETE", "order", "symbol=BTCUSDT&orderId=1");
    assert_eq!((refused.status, used(&refused)), (400, 1), "what is refused is charged");
}

#[test]
fn weight_counts_by_the_minute_of_the_clock() {
    let mut desk = Desk::with_limits(&Limits { weight_per_minute: 100, ..Limits::SPOT });
    for expected in [20, 40, 60, 80, 100] {
        assert_eq!(used(&desk.get("/api/v3/exchangeInfo")), expected);
    }
    let refused = desk.get("/api/v3/ping");
    assert_eq!(refused.code(), (429, -1003));
    let text = "Too much request weight used; current limit is 100 request weight per 1 MINUTE. Please use WebSocket \
                Streams for live updates to avoid polling the API.";
    assert_eq!(refused.body["msg"], json!(text));
    // T0 is 20 s into its minute.
    assert_eq!(refused.header("retry-after"), Some("40"));
    desk.now += 40 * S - 1;
    assert_eq!(desk.get("/api/v3/ping").header("retry-after"), Some("1"));
    desk.now += 1;
    let answer = desk.get("/api/v3/ping");
    assert_eq!((answer.status, used(&answer)), (200, 1));
}

#[test]
fn who_goes_on_is_banned_and_longer_each_time() {
    let limits = Limits { weight_per_minute: 10, refusals_to_ban: 3, ..Limits::SPOT };
    let mut desk = Desk::with_limits(&limits);
    let socket = desk.connect("/ws-api/v3");
    for (minutes, seconds) in [(2, 120), (4, 240)] {
        let statuses: Vec<u16> = (0..13).map(|_| desk.get("/api/v3/ping").status).collect();
        let ok = statuses.iter().filter(|s| **s == 200).count();
        assert_eq!(statuses[ok..].iter().take(3).collect::<Vec<_>>(), [&429; 3], "{statuses:?}");
        let banned = desk.get("/api/v3/ping");
        assert_eq!(banned.code(), (418, -1003));
        assert_eq!(banned.header("retry-after"), Some(seconds.to_string().as_str()));
        let until = desk.millis() + minutes * 60_000;
        let text = format!(
            "Way too much request weight used; IP banned until {until}. Please use WebSocket Streams for live updates \
             to avoid bans."
        );
        assert_eq!(banned.body["msg"], json!(text));
        // The WebSocket API of that address as well; its connection is closed.
        if minutes == 2 {
            let frames = desk.text(socket, r#"{"id":1,"method":"ping"}"#);
            assert_eq!((&frames[0]["status"], &frames[0]["error"]["code"]), (&json!(418), &json!(-1003)));
            assert_eq!(frames[0]["error"]["data"], json!({ "serverTime": desk.millis(), "retryAfter": until }));
            assert_eq!(frames[1], json!({ "close": 1008 }));
        }
        desk.now += minutes * 60 * S;
        assert_eq!(desk.get("/api/v3/time").status, 200);
    }
}

#[test]
fn raw_requests_are_counted_too() {
    let mut desk = Desk::with_limits(&Limits { raw_per_five_minutes: 3, ..Limits::SPOT });
    for _ in 0..3 {
        assert_eq!(desk.get("/api/v3/ping").status, 200);
    }
    let refused = desk.get("/api/v3/ping");
    assert_eq!((refused.code(), &refused.body["msg"]), ((429, -1003), &json!("Too many requests queued.")));
}

fn counts(desk: &mut Desk) -> (u64, u64) {
    let list = desk.signed(By::Ed25519, "GET", "rateLimit/order", "").ok();
    let names = ["rateLimitType", "interval", "intervalNum", "limit", "count"];
    assert_eq!(desk::fields(&list[0]), names);
    assert_eq!((&list[0]["interval"], &list[1]["interval"]), (&json!("SECOND"), &json!("DAY")));
    let count = |entry: &Value| entry["count"].as_u64().expect("a count");
    (count(&list[0]), count(&list[1]))
}

#[test]
fn unfilled_orders_are_counted_by_account() {
    let mut desk = Desk::with_limits(&Limits { orders_per_ten_seconds: 3, ..Limits::SPOT });
    desk.usual_quote();
    for expected in ["1", "2", "3"] {
        let answer = desk.signed(By::Hmac, "POST", "order", LIMIT);
        assert_eq!(answer.header("x-mbx-order-count-10s"), Some(expected), "{}", answer.body);
        assert_eq!(answer.header("x-mbx-order-count-1d"), Some(expected));
    }
    assert_eq!(counts(&mut desk), (3, 3));
    desk.now += 4_500 * MS;
    let refused = desk.signed(By::Ed25519, "POST", "order", LIMIT);
    assert_eq!(refused.code(), (429, -1015));
    assert_eq!(refused.body["msg"], json!("Too many new orders; current limit is 3 orders per 10 SECOND."));
    assert_eq!(refused.header("retry-after"), Some("6"), "5.5 s, rounded up");
    // Another account has counts of its own.
    desk.signed(By::Other, "POST", "order", LIMIT).ok();
    // Cancelling gives nothing back; the next ten seconds do.
    desk.signed(By::Hmac, "DELETE", "openOrders", "symbol=BTCUSDT").ok();
    assert_eq!(counts(&mut desk), (3, 3));
    desk.now += 5_500 * MS;
    assert_eq!(counts(&mut desk), (0, 3));
    desk.signed(By::Hmac, "POST", "order", LIMIT).ok();
    assert_eq!(counts(&mut desk), (1, 4));
}

#[test]
fn what_fills_counts_no_longer() {
    let mut desk = Desk::new();
    desk.usual_quote();
    // The documented examples: a taker's first fill takes itself back, a maker's takes five.
    desk.signed(By::Hmac, "POST", "order", LIMIT).ok();
    assert_eq!(counts(&mut desk).0, 1);
    desk.signed(By::Hmac, "POST", "order", &LIMIT.replace("price=29000", "price=30001")).ok();
    assert_eq!(counts(&mut desk).0, 1);
    desk.signed(By::Hmac, "POST", "order", "symbol=BTCUSDT&side=BUY&type=MARKET&quantity=0.001").ok();
    assert_eq!(counts(&mut desk).0, 1);
    desk.signed(By::Hmac, "POST", "order", &LIMIT.replace("price=29000", "price=30000.50")).ok();
    for _ in 0..5 {
        desk.signed(By::Hmac, "POST", "order", LIMIT).ok();
    }
    assert_eq!(counts(&mut desk).0, 7);
    desk.print("BTCUSDT", Side::Sell, 3_000_050, 50);
    assert_eq!(counts(&mut desk).0, 2, "the first fill of a maker");
    desk.print("BTCUSDT", Side::Sell, 3_000_050, 50);
    assert_eq!(counts(&mut desk).0, 2, "the second one");
}

#[test]
fn replacing_under_the_order_limit() {
    const PATH: &str = "order/cancelReplace";
    let mut desk = Desk::with_limits(&Limits { orders_per_ten_seconds: 1, ..Limits::SPOT });
    desk.usual_quote();
    let id = desk.signed(By::Hmac, "POST", "order", LIMIT).ok()["orderId"].clone();
    let params = format!("{LIMIT}&cancelReplaceMode=STOP_ON_FAILURE&cancelOrderId={id}");
    let refused = desk.signed(By::Hmac, "POST", PATH, &params);
    assert_eq!(refused.code(), (429, -1015));
    assert!(refused.body.get("data").is_none());
    assert_eq!(desk.signed(By::Hmac, "GET", "openOrders", "").ok().as_array().map(Vec::len), Some(1));
    let cancelled = desk.signed(By::Hmac, "POST", PATH, &format!("{params}&orderRateLimitExceededMode=CANCEL_ONLY"));
    assert_eq!(cancelled.code(), (429, -1015));
    let data = &cancelled.body["data"];
    assert_eq!((&data["cancelResult"], &data["newOrderResult"]), (&json!("SUCCESS"), &json!("FAILURE")));
    assert_eq!(data["newOrderResponse"]["code"], json!(-1015));
    assert_eq!(desk.signed(By::Hmac, "GET", "openOrders", "").ok(), json!([]));
    let nothing = desk.signed(By::Hmac, "POST", PATH, &format!("{params}&orderRateLimitExceededMode=CANCEL_ONLY"));
    let data = &nothing.body["data"];
    assert_eq!((&data["cancelResult"], &data["newOrderResult"]), (&json!("FAILURE"), &json!("NOT_ATTEMPTED")));
}
