//! Every refusal that the documents list for these endpoints, through raw bytes: status, code and text.

use crate::desk;

use crosstick_model::Side;
use desk::{By, DOC_KEY, Desk, encode};
use serde_json::json;

const LIMIT: &str = "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.1&price=29000";

/// A desk with a quoted and traded BTCUSDT.
fn desk() -> Desk {
    let mut desk = Desk::new();
    desk.usual_quote();
    desk.print("BTCUSDT", Side::Buy, 3_000_100, 1_000);
    desk
}

/// Refusals of a public request.
#[test]
fn public_requests() {
    let mut d = desk();
    for (target, status, code, text) in [
        ("ping?a=1", 400, -1101, "Too many parameters; expected '0' and received '1'."),
        ("depth?symbol=BTCUSDT&symbol=BTCUSDT", 400, -1101, "Duplicate values for a parameter detected."),
        (
            "depth?symbol=BTCUSDT&x=1",
            400,
            -1104,
            "Not all sent parameters were read; read '1' parameter(s) but was sent '2'.",
        ),
        ("depth", 400, -1102, "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed."),
        ("depth?symbol=", 400, -1102, "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed."),
        (
            "depth?symbol=btcusdt",
            400,
            -1100,
            r"Illegal characters found in parameter 'symbol'; legal range is '^[\w\-._&&[^a-z]]{1,50}$'.",
        ),
        ("depth?symbol=%zz", 400, -1100, "Illegal characters found in a parameter."),
        ("depth?symbol=NOPE", 400, -1121, "Invalid symbol."),
        (
            "depth?symbol=BTCUSDT&limit=x",
            400,
            -1100,
            "Illegal characters found in parameter 'limit'; legal range is '^[0-9]{1,20}$'.",
        ),
        ("depth?symbol=BTCUSDT&limit=", 400, -1105, "Parameter 'limit' was empty."),
        ("depth?symbol=BTCUSDT&limit=0", 400, -1130, "Data sent for parameter 'limit' is not valid."),
        ("depth?symbol=BTCUSDT&limit=99999999999999999999", 400, -1108, "Parameter 'limit' overflowed."),
        ("depth?symbol=BTCUSDT&symbolStatus=OPEN", 400, -1122, "Invalid symbolStatus."),
        (
            "depth?symbol=BTCUSDT&symbolStatus=HALT",
            400,
            -1220,
            "The symbol's status does not match the requested symbolStatus.",
        ),
        ("klines?symbol=BTCUSDT&interval=7m", 400, -1120, "Invalid interval."),
        (
            "klines?symbol=BTCUSDT&interval=1m&timeZone=15",
            400,
            -1130,
            "Data sent for parameter 'timeZone' is not valid.",
        ),
        (
            "klines?symbol=BTCUSDT&interval=1m&startTime=5",
            400,
            -1130,
            "Data sent for parameter 'startTime' is not valid.",
        ),
        ("ticker/24hr?symbol=BTCUSDT&type=X", 400, -1139, "Invalid ticker type."),
        (
            "ticker/price?symbol=BTCUSDT&symbols=%5B%22BTCUSDT%22%5D",
            400,
            -1128,
            "Combination of optional parameters invalid.",
        ),
        (
            "ticker/price?symbols=%5B%22BTCUSDT%22,%22BTCUSDT%22%5D",
            400,
            -1151,
            "Symbol is present multiple times in the list.",
        ),
        ("exchangeInfo?symbol=BTCUSDT&permissions=SPOT", 400, -1128, "Combination of optional parameters invalid."),
        ("referencePrice?symbol=BTCUSDT", 400, -2043, "This symbol does not have a reference price."),
        ("userDataStream", 404, -5000, "Path /api/v3/userDataStream, Method GET is invalid"),
    ] {
        let answer = d.get(&format!("/api/v3/{target}"));
        assert_eq!((answer.status, answer.body), (status, json!({ "code": code, "msg": text })), "{target}");
    }
    let wrong_verb = d.request("POST", "/api/v3/depth?symbol=BTCUSDT", &[], "");
    assert_eq!(wrong_verb.code(), (405, -5000));
}

#[test]
fn headers() {
    let mut d = desk();
    let time = "/api/v3/time";
    let unit = d.request("GET", time, &[("X-MBX-TIME-UNIT", "NANOSECOND")], "");
    let text = "Invalid value for time unit; expected either MICROSECOND or MILLISECOND.";
    assert_eq!((unit.status, unit.body), (400, json!({ "code": -1194, "msg": text })));
    let sbe = |schema| [("Accept", "application/sbe"), ("X-MBX-SBE", schema)];
    assert_eq!(d.request("GET", time, &sbe("3:5"), "").code(), (400, -1155));
    assert_eq!(d.request("GET", time, &sbe("five"), "").code(), (400, -1152));
}

#[test]
fn keys_signatures_and_time() {
    let mut d = desk();
    let at = d.millis();
    let payload = format!("timestamp={at}");
    let signature = By::Hmac.sign(&payload);
    let target = format!("/api/v3/account?{payload}&signature={signature}");
    for (key, code, text) in [
        ("short", -2014, "API-key format invalid."),
        ("!".repeat(64).as_str(), -2014, "API-key format invalid."),
        ("A".repeat(64).as_str(), -2015, "Invalid API-key, IP, or permissions for action."),
    ] {
        let answer = d.request("GET", &target, &[("X-MBX-APIKEY", key)], "");
        assert_eq!((answer.status, answer.body), (401, json!({ "code": code, "msg": text })), "{key}");
    }
    assert_eq!(d.get(&target).code(), (401, -2014), "no key at all");
    // A key that may only read.
    assert_eq!(d.signed(By::ReadOnly, "POST", "order", LIMIT).code(), (401, -2015));
    assert_eq!(d.signed(By::ReadOnly, "DELETE", "order", "symbol=BTCUSDT&orderId=1").code(), (401, -2015));

    let with_key = [("X-MBX-APIKEY", DOC_KEY)];
    let mandatory = |name: &str| format!("Mandatory parameter '{name}' was not sent, was empty/null, or malformed.");
    let none = d.request("GET", &format!("/api/v3/account?{payload}"), &with_key, "");
    assert_eq!((none.code(), &none.body["msg"]), ((400, -1102), &json!(mandatory("signature"))));
    let none = d.request("GET", &format!("/api/v3/account?signature={signature}"), &with_key, "");
    assert_eq!((none.code(), &none.body["msg"]), ((400, -1102), &json!(mandatory("timestamp"))));
    let rubbish = d.request("GET", &format!("/api/v3/account?{payload}&signature=zz"), &with_key, "");
    assert_eq!(rubbish.code(), (400, -1022));

    let late = "Timestamp for this request is outside of the recvWindow.";
    let early = "Timestamp for this request was 1000ms ahead of the server's time.";
    for (payload, text) in [
        (format!("timestamp={}", at - 5_001), late),
        (format!("recvWindow=100&timestamp={}", at - 101), late),
        (format!("timestamp={}", at + 1_000), early),
    ] {
        let answer = d.signed_payload(By::Hmac, "GET", "account", &payload);
        assert_eq!((answer.status, answer.body), (400, json!({ "code": -1021, "msg": text })), "{payload}");
    }
    for payload in [
        format!("timestamp={}", at - 5_000),
        format!("recvWindow=60000&timestamp={}", at - 60_000),
        format!("timestamp={}", at + 999),
    ] {
        assert_eq!(d.signed_payload(By::Hmac, "GET", "account", &payload).status, 200, "{payload}");
    }
    let wide = d.signed_payload(By::Hmac, "GET", "account", &format!("recvWindow=60001&timestamp={at}"));
    let text = "'recvWindow' contains unexpected value. Cannot be greater than '60000'.";
    assert_eq!((wide.status, wide.body), (400, json!({ "code": -1102, "msg": text })));
    let fine = d.signed_payload(By::Hmac, "GET", "account", &format!("recvWindow=5.0001&timestamp={at}"));
    assert_eq!(fine.code(), (400, -1111));
}

/// Refusals of a new order: what is changed in [`LIMIT`], code and text.
#[test]
fn new_orders() {
    let mandatory = |name: &str| format!("Mandatory parameter '{name}' was not sent, was empty/null, or malformed.");
    let decimal = r"^([0-9]{1,20})(\.[0-9]{1,20})?$";
    let cases = [
        ("side=BUY", "side=HOLD", -1117, "Invalid side.".to_owned()),
        ("side=BUY&", "", -1102, mandatory("side")),
        ("type=LIMIT", "type=HOPE", -1116, "Invalid orderType.".to_owned()),
        ("timeInForce=GTC", "timeInForce=GTX", -1115, "Invalid timeInForce.".to_owned()),
        ("timeInForce=GTC&", "", -1102, mandatory("timeInForce")),
        ("quantity=0.1&", "", -1102, mandatory("quantity")),
        (
            "quantity=0.1",
            "quantity=1e3",
            -1100,
            format!("Illegal characters found in parameter 'quantity'; legal range is '{decimal}'."),
        ),
        ("quantity=0.1", "quantity=0.123456789", -1111, "Parameter 'quantity' has too much precision.".to_owned()),
        ("quantity=0.1", "quantity=99999999999999", -1108, "Parameter 'quantity' overflowed.".to_owned()),
        ("quantity=0.1", "quantity=0", -1130, "Data sent for parameter 'quantity' is not valid.".to_owned()),
        ("price=29000", "price=29000&stopPrice=1", -1106, "Parameter 'stopPrice' sent when not required.".to_owned()),
        ("type=LIMIT", "type=LIMIT_MAKER", -1106, "Parameter 'timeInForce' sent when not required.".to_owned()),
        ("price=29000", "price=29000&newClientOrderId=", -1105, "Parameter 'newClientOrderId' was empty.".to_owned()),
        (
            "price=29000",
            "price=29000&newClientOrderId=a%20b",
            -1100,
            "Illegal characters found in parameter 'newClientOrderId'; legal range is '^[a-zA-Z0-9-_]{1,36}$'."
                .to_owned(),
        ),
        (
            "price=29000",
            "price=29000&newOrderRespType=ALL",
            -1130,
            "Data sent for parameter 'newOrderRespType' is not valid.".to_owned(),
        ),
        ("price=29000", "price=29000&strategyType=5", -1134, "`strategyType` was less than 1000000.".to_owned()),
        ("price=29000", "price=29000&trailingDelta=50", -1014, "Unsupported order combination".to_owned()),
        ("GTC&quantity=0.1", "IOC&icebergQty=0.01&quantity=0.1", -1014, "Unsupported order combination".to_owned()),
        ("price=29000", "price=29000&icebergQty=0.2", -2010, "IcebergQty exceeds QTY.".to_owned()),
        (
            "type=LIMIT&timeInForce=GTC&quantity=0.1&price=29000",
            "type=MARKET",
            -1102,
            "Param 'quantity' or 'quoteOrderQty' must be sent, but both were empty/null!".to_owned(),
        ),
        (
            "type=LIMIT&timeInForce=GTC&quantity=0.1&price=29000",
            "type=MARKET&quantity=1&quoteOrderQty=1",
            -1128,
            "Combination of optional parameters invalid.".to_owned(),
        ),
        ("symbol=BTCUSDT", "symbol=NOPE", -1121, "Invalid symbol.".to_owned()),
        ("price=29000", "price=29000.001", -1013, "Filter failure: PRICE_FILTER".to_owned()),
        ("price=29000", "price=1000000.01", -1013, "Filter failure: PRICE_FILTER".to_owned()),
        ("quantity=0.1", "quantity=0.000005", -1013, "Filter failure: LOT_SIZE".to_owned()),
        ("quantity=0.1", "quantity=0.0001", -1013, "Filter failure: NOTIONAL".to_owned()),
        ("price=29000", "price=160000", -1013, "Filter failure: PERCENT_PRICE_BY_SIDE".to_owned()),
        ("price=29000", "price=29000&icebergQty=0.0009", -1013, "Filter failure: ICEBERG_PARTS".to_owned()),
        ("quantity=0.1", "quantity=100", -2010, "Account has insufficient balance for requested action.".to_owned()),
        (
            "type=LIMIT&timeInForce=GTC&quantity=0.1&price=29000",
            "type=LIMIT_MAKER&quantity=0.1&price=30001",
            -2010,
            "Order would immediately match and take.".to_owned(),
        ),
        (
            "type=LIMIT&timeInForce=GTC&quantity=0.1&price=29000",
            "type=STOP_LOSS&quantity=0.1&stopPrice=29000",
            -2010,
            "Order would trigger immediately.".to_owned(),
        ),
        (
            "type=LIMIT&timeInForce=GTC&quantity=0.1&price=29000",
            "type=TAKE_PROFIT_LIMIT&timeInForce=GTC&quantity=0.1&price=29000",
            -1102,
            mandatory("stopPrice"),
        ),
    ];
    for (part, instead, code, text) in cases {
        let mut d = desk();
        assert!(LIMIT.contains(part), "{part}");
        let params = LIMIT.replacen(part, instead, 1);
        let answer = d.signed(By::Hmac, "POST", "order", &params);
        assert_eq!((answer.status, answer.body), (400, json!({ "code": code, "msg": text })), "{params}");
        assert_eq!(d.signed(By::Hmac, "GET", "allOrders", "symbol=BTCUSDT").ok(), json!([]), "nothing was placed");
    }
}

#[test]
fn a_client_id_is_taken_once_at_a_time() {
    let mut d = desk();
    let order = format!("{LIMIT}&newClientOrderId=one");
    d.signed(By::Hmac, "POST", "order", &order).ok();
    let twice = d.signed(By::Hmac, "POST", "order", &order);
    assert_eq!((twice.status, twice.body), (400, json!({ "code": -2010, "msg": "Duplicate order sent." })));
    // Of another account it is another id; of a closed order it is free again.
    d.signed(By::Other, "POST", "order", &order).ok();
    d.signed(By::Hmac, "DELETE", "order", "symbol=BTCUSDT&origClientOrderId=one").ok();
    d.signed(By::Hmac, "POST", "order", &order).ok();
}

#[test]
fn cancels_amends_and_queries() {
    let mut d = desk();
    let placed = d.signed(By::Hmac, "POST", "order", &format!("{LIMIT}&newClientOrderId=one")).ok();
    let id = placed["orderId"].clone();
    let restricted = format!("symbol=BTCUSDT&orderId={id}&cancelRestrictions=ONLY_PARTIALLY_FILLED");
    let both = format!("symbol=BTCUSDT&orderId={id}&origClientOrderId=two");
    let amend = "order/amend/keepPriority";
    for (verb, path, params, code, text) in [
        ("DELETE", "order", "symbol=BTCUSDT&orderId=999", -2011, "Unknown order sent."),
        (
            "DELETE",
            "order",
            "symbol=BTCUSDT",
            -1102,
            "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!",
        ),
        ("DELETE", "order", &restricted, -2011, "Order was not canceled due to cancel restrictions."),
        (
            "DELETE",
            "order",
            "symbol=BTCUSDT&orderId=1&cancelRestrictions=NONE",
            -1145,
            "`cancelRestrictions` has to be either `ONLY_NEW` or `ONLY_PARTIALLY_FILLED`.",
        ),
        ("DELETE", "order", &both, -2039, "Client order ID is not correct for this order ID."),
        ("DELETE", "openOrders", "symbol=LTCBTC", -2011, "Unknown order sent."),
        ("GET", "order", "symbol=BTCUSDT&orderId=999", -2013, "Order does not exist."),
        ("GET", "order", "symbol=LTCBTC&origClientOrderId=one", -2013, "Order does not exist."),
        (
            "PUT",
            amend,
            "symbol=BTCUSDT&origClientOrderId=one&newQty=0.2",
            -2038,
            "Order amend (quantity increase) is not supported.",
        ),
        (
            "PUT",
            amend,
            "symbol=BTCUSDT&origClientOrderId=one&newQty=0.1",
            -2038,
            "The requested action would change no state; rejecting.",
        ),
        (
            "POST",
            "order/cancelReplace",
            &format!("{LIMIT}&cancelReplaceMode=MAYBE&cancelOrderId=1"),
            -1130,
            "Data sent for parameter 'cancelReplaceMode' is not valid.",
        ),
        (
            "POST",
            "order/cancelReplace",
            &format!("{LIMIT}&cancelOrderId=1"),
            -1102,
            "Mandatory parameter 'cancelReplaceMode' was not sent, was empty/null, or malformed.",
        ),
        (
            "GET",
            "allOrders",
            "symbol=BTCUSDT&startTime=1699900000000&endTime=1699986400001",
            -1127,
            "More than 24 hours between startTime and endTime.",
        ),
        (
            "GET",
            "myTrades",
            "symbol=BTCUSDT&fromId=1&startTime=1699900000000",
            -1128,
            "Combination of optional parameters invalid.",
        ),
        ("GET", "myPreventedMatches", "symbol=BTCUSDT", -1128, "Combination of optional parameters invalid."),
    ] {
        let answer = d.signed(By::Hmac, verb, path, params);
        assert_eq!((answer.status, answer.body), (400, json!({ "code": code, "msg": text })), "{verb} {path} {params}");
    }
    let open = d.signed(By::Hmac, "GET", "openOrders", "").ok();
    assert_eq!((open.as_array().map(Vec::len), &open[0]["orderId"]), (Some(1), &id), "it was never touched");
}

#[test]
fn too_many_open_orders() {
    let mut d = desk();
    let stop = "symbol=BTCUSDT&side=SELL&type=STOP_LOSS&quantity=0.001&stopPrice=29000";
    for _ in 0..5 {
        d.signed(By::Hmac, "POST", "order", stop).ok();
    }
    let sixth = d.signed(By::Hmac, "POST", "order", stop);
    assert_eq!(
        (sixth.status, sixth.body),
        (400, json!({ "code": -1013, "msg": "Filter failure: MAX_NUM_ALGO_ORDERS" }))
    );
}

#[test]
fn hostile_bytes() {
    let mut d = desk();
    let id = d.venue.open(d.now).expect("room");
    let head = "POST /api/v3/order HTTP/1.1\r\nHost: x\r\nContent-Length: 20000\r\n\r\n";
    d.venue.input(id, head.as_bytes(), d.now);
    assert!(d.raw(id).starts_with(b"HTTP/1.1 413 "), "too long a body is refused before it comes");
    let broken = d.request("POST", "/api/v3/order", &[("X-MBX-APIKEY", DOC_KEY)], "a=%ff%fe");
    assert_eq!(broken.code(), (400, -1100));
    let unsigned = format!("/api/v3/order?{LIMIT}&timestamp={}&signature={}", d.millis(), encode("a+b/c="));
    assert_eq!(d.request("POST", &unsigned, &[("X-MBX-APIKEY", DOC_KEY)], "").code(), (400, -1022));
}
