//! The WebSocket API as raw frames: envelopes, logging on, the methods' twins, refusals, limits.

use crate::desk;

use crosstick_model::Side;
use crosstick_sim::Limits;
use desk::{By, DOC_KEY, Desk, ED_KEY, S, fields};
use serde_json::{Value, json};

fn limit(price: &str) -> Value {
    json!({
        "symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.1", "price": price,
    })
}

fn with(mut params: Value, name: &str, value: Value) -> Value {
    params[name] = value;
    params
}

#[test]
fn envelopes() {
    let mut desk = Desk::new();
    let id = desk.connect("/ws-api/v3");
    // Connecting weighs 2.
    let answer = desk.text(id, r#"{"id":"e2a85d9f-07a5","method":"ping"}"#);
    let limits = json!([{
        "rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 6000, "count": 3,
    }]);
    assert_eq!(answer, [json!({ "id": "e2a85d9f-07a5", "status": 200, "result": {}, "rateLimits": limits })]);
    assert_eq!(fields(&answer[0]), ["id", "status", "result", "rateLimits"]);
    let time = desk.text(id, r#"{"id":null,"method":"v3/time","params":{"returnRateLimits":false}}"#);
    assert_eq!(time, [json!({ "id": null, "status": 200, "result": { "serverTime": 1_700_000_000_000_u64 } })]);
    // Any whole number comes back as it was written.
    let big = r#"{"id":-9223372036854775809,"method":"ping","params":{"returnRateLimits":false}}"#;
    desk.venue.input(id, &desk::client_frame(1, big.as_bytes()), desk.now);
    let raw = desk.raw(id);
    assert_eq!(&raw[2..], br#"{"id":-9223372036854775809,"status":200,"result":{}}"#);
    let quiet = desk.connect("/ws-api/v3?returnRateLimits=false&timeUnit=MICROSECOND");
    let time = desk.text(quiet, r#"{"id":1,"method":"time"}"#);
    assert_eq!(time, [json!({ "id": 1, "status": 200, "result": { "serverTime": 1_700_000_000_000_000_u64 } })]);
    let shown = desk.text(quiet, r#"{"id":1,"method":"ping","params":{"returnRateLimits":true}}"#);
    assert!(shown[0]["rateLimits"].is_array());
}

#[test]
fn refused_requests_keep_the_connection() {
    let mut desk = Desk::new();
    let id = desk.connect("/ws-api/v3");
    let mandatory = |name: &str| format!("Mandatory parameter '{name}' was not sent, was empty/null, or malformed.");
    for (text, status, code, message) in [
        ("{", 400, -1135, "Invalid JSON Request".to_owned()),
        ("[1]", 400, -1135, "Invalid JSON Request".to_owned()),
        (r#"{"id":{},"method":"ping"}"#, 400, -1102, mandatory("id")),
        (r#"{"id":1}"#, 400, -1102, mandatory("method")),
        (r#"{"id":1,"method":"order.guess"}"#, 400, -1020, "This operation is not supported.".to_owned()),
        (
            r#"{"id":1,"method":"ping","params":[1]}"#,
            400,
            -1135,
            "JSON sent for parameter 'params' is not valid".to_owned(),
        ),
        (r#"{"id":1,"method":"ping","params":{"x":1}}"#, 400, -1103, "An unknown parameter was sent.".to_owned()),
        (r#"{"id":1,"method":"depth","params":{"symbol":"NOPE"}}"#, 400, -1121, "Invalid symbol.".to_owned()),
        (r#"{"id":1,"method":"account.status","params":{}}"#, 400, -1102, mandatory("apiKey")),
        (
            r#"{"id":1,"method":"account.status","params":{"apiKey":"x","timestamp":1700000000000,"signature":"y"}}"#,
            401,
            -2014,
            "API-key format invalid.".to_owned(),
        ),
        (
            r#"{"id":1,"method":"userDataStream.subscribe"}"#,
            401,
            -1002,
            "You are not authorized to execute this request.".to_owned(),
        ),
        (
            r#"{"id":1,"method":"userDataStream.unsubscribe","params":{"subscriptionId":3}}"#,
            400,
            -2036,
            "User Data Stream subscription not active.".to_owned(),
        ),
    ] {
        let answer = desk.text(id, text);
        assert_eq!(answer.len(), 1, "{text}");
        let error = json!({ "code": code, "msg": message });
        assert_eq!((&answer[0]["status"], &answer[0]["error"]), (&json!(status), &error), "{text}");
        assert!(answer[0].get("result").is_none());
    }
    assert_eq!(desk.text(id, r#"{"id":1,"method":"ping"}"#)[0]["status"], json!(200));
    // No text at all.
    desk.venue.input(id, &desk::client_frame(2, b"{}"), desk.now);
    assert_eq!(desk.frames(id), [json!({ "close": 1008 })]);
}

#[test]
fn handshakes_that_are_refused() {
    let mut desk = Desk::with_limits(&Limits { weight_per_minute: 1, ..Limits::SPOT });
    assert_eq!(desk.get("/ws-api/v3").status, 426);
    let upgrade = [
        ("Upgrade", "websocket"),
        ("Connection", "Upgrade"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("Sec-WebSocket-Version", "13"),
    ];
    let refused = desk.request("GET", "/ws-api/v3", &upgrade, "");
    assert_eq!(refused.code(), (429, -1003), "connecting weighs more than there is");
    let mut desk = Desk::new();
    assert_eq!(desk.request("GET", "/ws-api/v3?timeUnit=HOUR", &upgrade, "").code(), (400, -1194));
    assert_eq!(desk.request("GET", "/ws-api/v3?responseFormat=sbe", &upgrade, "").code(), (400, -1155));
}

#[test]
fn logging_on_and_off() {
    let mut desk = Desk::new();
    let id = desk.connect("/ws-api/v3");
    let names = ["apiKey", "authorizedSince", "connectedSince", "returnRateLimits", "serverTime", "userDataStream"];
    let status = desk.call(id, "session.status", json!({}));
    assert_eq!(fields(&status["result"]), names);
    assert_eq!((&status["result"]["apiKey"], &status["result"]["authorizedSince"]), (&Value::Null, &Value::Null));
    desk.now += S;
    let on = desk.call_signed(id, By::Ed25519, "session.logon", json!({}));
    let expected = json!({
        "apiKey": ED_KEY, "authorizedSince": 1_700_000_001_000_u64, "connectedSince": 1_700_000_000_000_u64,
        "returnRateLimits": true, "serverTime": 1_700_000_001_000_u64, "userDataStream": false,
    });
    assert_eq!(on[0]["result"], expected);
    // Neither key nor signature from now on, but the time still counts.
    let at = desk.millis();
    assert_eq!(desk.call(id, "account.status", json!({ "timestamp": at }))["status"], json!(200));
    let late = desk.call(id, "account.status", json!({ "timestamp": at - 6_000 }));
    assert_eq!((&late["status"], &late["error"]["code"]), (&json!(400), &json!(-1021)));
    assert_eq!(desk.call(id, "account.status", json!({}))["error"]["code"], json!(-1102));
    // A request may still be signed by another key.
    let other = desk.call_signed(id, By::Other, "account.status", json!({ "omitZeroBalances": true }));
    assert_eq!(other[0]["result"]["balances"].as_array().map(Vec::len), Some(3));
    let unsigned = desk.call(id, "account.status", json!({ "timestamp": at, "apiKey": DOC_KEY }));
    assert_eq!(unsigned["error"]["code"], json!(-1102));
    let off = desk.call(id, "session.logout", json!({}));
    assert_eq!((&off["status"], &off["result"]["apiKey"]), (&json!(200), &Value::Null));
    assert_eq!(desk.call(id, "account.status", json!({ "timestamp": at }))["error"]["code"], json!(-1102));
}

#[test]
fn orders() {
    let mut desk = Desk::new();
    desk.usual_quote();
    let id = desk.logged_on();
    let at = desk.millis();
    let timed = |params: Value| with(params, "timestamp", json!(at));
    let placed = desk.call(id, "order.place", timed(with(limit("29000"), "newClientOrderId", json!("a"))));
    assert_eq!(placed["status"], json!(200), "{placed}");
    let kinds: Vec<&Value> =
        placed["rateLimits"].as_array().expect("a list").iter().map(|l| &l["rateLimitType"]).collect();
    assert_eq!(kinds, [&json!("ORDERS"), &json!("ORDERS"), &json!("REQUEST_WEIGHT")]);
    assert_eq!(
        (&placed["rateLimits"][0]["count"], &placed["rateLimits"][0]["interval"]),
        (&json!(1), &json!("SECOND"))
    );
    // Connecting and logging on weigh 2 each; what succeeds of the trading calls nothing.
    assert_eq!(placed["rateLimits"][2]["count"], json!(4));
    let order = placed["result"]["orderId"].clone();
    let names = fields(&placed["result"]);
    assert_eq!(names[..5], ["symbol", "orderId", "orderListId", "clientOrderId", "transactTime"]);
    assert_eq!(names.last(), Some(&"fills"));

    let symbol = || timed(json!({ "symbol": "BTCUSDT" }));
    let status = desk.call(id, "order.status", with(symbol(), "orderId", order.clone()));
    assert_eq!((&status["result"]["clientOrderId"], &status["result"]["status"]), (&json!("a"), &json!("NEW")));
    let open = desk.call(id, "openOrders.status", symbol());
    assert_eq!(open["result"], json!([status["result"]]));
    assert_eq!(desk.call(id, "order.test", timed(limit("29000")))["result"], json!({}));
    let amended = desk.call(
        id,
        "order.amend.keepPriority",
        with(with(symbol(), "orderId", order.clone()), "newQty", json!("0.05")),
    );
    assert_eq!(amended["result"]["amendedOrder"]["qty"], json!("0.05000000"));
    let replace =
        with(with(limit("29001"), "cancelReplaceMode", json!("STOP_ON_FAILURE")), "cancelOrderId", order.clone());
    let replaced = desk.call(id, "order.cancelReplace", timed(replace.clone()));
    assert_eq!(replaced["result"]["newOrderResult"], json!("SUCCESS"), "{replaced}");
    let failed = desk.call(id, "order.cancelReplace", timed(replace));
    assert_eq!((&failed["status"], &failed["error"]["code"]), (&json!(400), &json!(-2022)));
    assert_eq!(failed["error"]["data"]["newOrderResult"], json!("NOT_ATTEMPTED"));
    let new = replaced["result"]["newOrderResponse"]["orderId"].clone();
    let cancelled = desk.call(id, "order.cancel", with(symbol(), "orderId", new));
    assert_eq!(cancelled["result"]["status"], json!("CANCELED"));
    let nothing = desk.call(id, "openOrders.cancelAll", symbol());
    assert_eq!((&nothing["status"], &nothing["error"]["code"]), (&json!(400), &json!(-2011)));
    let all = desk.call(id, "allOrders", symbol());
    assert_eq!(all["result"].as_array().map(Vec::len), Some(2));
    let counts = desk.call(id, "account.rateLimits.orders", json!({ "timestamp": at }));
    assert_eq!(counts["result"][1]["count"], json!(3), "a new order that was not tried counts as well");
}

#[test]
fn market_data() {
    let mut desk = Desk::new();
    desk.usual_quote();
    desk.print("BTCUSDT", Side::Buy, 3_000_100, 1_000);
    let id = desk.connect("/ws-api/v3");
    for (method, path, params) in [
        ("depth", "depth?symbol=BTCUSDT&limit=5", json!({ "symbol": "BTCUSDT", "limit": 5 })),
        ("trades.recent", "trades?symbol=BTCUSDT", json!({ "symbol": "BTCUSDT" })),
        ("trades.historical", "historicalTrades?symbol=BTCUSDT&fromId=1", json!({ "symbol": "BTCUSDT", "fromId": 1 })),
        ("trades.aggregate", "aggTrades?symbol=BTCUSDT", json!({ "symbol": "BTCUSDT" })),
        ("klines", "klines?symbol=BTCUSDT&interval=1h", json!({ "symbol": "BTCUSDT", "interval": "1h" })),
        ("uiKlines", "uiKlines?symbol=BTCUSDT&interval=1h", json!({ "symbol": "BTCUSDT", "interval": "1h" })),
        ("avgPrice", "avgPrice?symbol=BTCUSDT", json!({ "symbol": "BTCUSDT" })),
        ("ticker.24hr", "ticker/24hr?symbols=%5B%22BTCUSDT%22%5D", json!({ "symbols": ["BTCUSDT"] })),
        ("ticker.price", "ticker/price", json!({})),
        ("ticker.book", "ticker/bookTicker?symbol=BTCUSDT", json!({ "symbol": "BTCUSDT" })),
        ("exchangeInfo", "exchangeInfo", json!({})),
    ] {
        let rest = desk.get(&format!("/api/v3/{path}")).ok();
        assert_eq!(desk.call(id, method, params)["result"], rest, "{method}");
    }
}

#[test]
fn too_much_weight_is_told_with_an_instant() {
    let mut desk = Desk::with_limits(&Limits { weight_per_minute: 3, ..Limits::SPOT });
    let id = desk.connect("/ws-api/v3");
    assert_eq!(desk.call(id, "ping", json!({}))["status"], json!(200));
    let refused = desk.call(id, "ping", json!({}));
    assert_eq!((&refused["status"], &refused["error"]["code"]), (&json!(429), &json!(-1003)));
    let data = json!({ "serverTime": 1_700_000_000_000_u64, "retryAfter": 1_700_000_040_000_u64 });
    assert_eq!(refused["error"]["data"], data);
    let mut desk = Desk::with_limits(&Limits { orders_per_ten_seconds: 0, ..Limits::SPOT });
    desk.usual_quote();
    let id = desk.logged_on();
    let refused = desk.call(id, "order.place", with(limit("29000"), "timestamp", json!(desk.millis())));
    assert_eq!((&refused["status"], &refused["error"]["code"]), (&json!(429), &json!(-1015)));
    assert_eq!(refused["error"]["data"]["retryAfter"], json!(1_700_000_010_000_u64));
}

#[test]
fn many_requests_a_second_are_taken_and_pings_are_answered() {
    let mut desk = Desk::new();
    let id = desk.connect("/ws-api/v3");
    for _ in 0..100 {
        assert_eq!(desk.call(id, "ping", json!({}))["status"], json!(200));
    }
    // Silence for over a minute after the venue's ping ends it.
    desk.now += 20 * S;
    desk.venue.advance(desk.now);
    assert!(desk.raw(id).starts_with(&[0x89]), "a ping");
    desk.now += 60 * S;
    desk.venue.advance(desk.now);
    assert!(desk.frames(id).contains(&json!({ "close": 1008 })));
}

#[test]
fn a_shutdown_is_announced_as_an_event() {
    let mut desk = Desk::new();
    let id = desk.connect("/ws-api/v3");
    desk.venue.announce_shutdown(desk.now);
    assert_eq!(desk.frames(id), [json!({ "event": { "e": "serverShutdown", "E": 1_700_000_000_000_u64 } })]);
}
