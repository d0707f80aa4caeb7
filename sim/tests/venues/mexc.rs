//! MEXC's REST API from a client's side: market data, signed orders, refusals, limits.

use crate::desk;
use crate::mexc_desk;

use crosstick_model::Side;
use crosstick_sim::Limits;
use desk::{MS, S};
use mexc_desk::{KEY, Mexc, OTHER_KEY, READ_KEY, SECRET, sign};
use serde_json::{Value, json};

/// The documentation's example request.
const EXAMPLE: &str = "symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=1&price=11&recvWindow=5000&timestamp=1644489390087";

#[test]
fn the_documented_signatures_and_their_alterations() {
    let by_query = "fd3e4e8543c5188531eb7279d68ae7d26a573d0fc5ab0d18eb692451654d837a";
    let both = "d1a676610ceb39174c8039b3f548357994b2a34139a8addd33baadba65684592";
    let mut m = Mexc::new();
    m.desk.now = 1_644_489_390_087 * MS;
    m.quote("BTCUSDT", (1_090, 100_000), (1_110, 100_000));
    let key = [("X-MEXC-APIKEY", KEY)];
    let order = |m: &mut Mexc, signature: &str| {
        m.desk.request("POST", &format!("/api/v3/order/test?{EXAMPLE}&signature={signature}"), &key, "")
    };
    assert_eq!(order(&mut m, by_query).ok(), json!({}));
    for at in [0, 31, 63] {
        let mut forged = by_query.to_owned().into_bytes();
        forged[at] = if forged[at] == b'0' { b'1' } else { b'0' };
        let forged = String::from_utf8(forged).expect("hex");
        assert_eq!(order(&mut m, &forged).code(), (400, 700_002), "{forged}");
    }
    // The documentation's first example is wrong, and upper case is not what is asked for.
    let wrong = "323c96ab85a745712e95e63cad28903dd8292e4a905e99c4ee3932023843a117";
    assert_eq!(order(&mut m, wrong).code(), (400, 700_002));
    assert_eq!(order(&mut m, &by_query.to_uppercase()).code(), (400, 700_002));
    // Query and body are signed one directly behind the other.
    let (query, body) = EXAMPLE.split_once("&quantity").expect("there");
    let (target, body) = (format!("/api/v3/order/test?{query}"), format!("quantity{body}"));
    let split =
        |m: &mut Mexc, signature: &str| m.desk.request("POST", &target, &key, &format!("{body}&signature={signature}"));
    assert_eq!(split(&mut m, both).ok(), json!({}));
    assert_eq!(split(&mut m, by_query).code(), (400, 700_002));
    assert_eq!(sign(EXAMPLE), by_query, "the desk signs as documented, too");
    assert_eq!(SECRET.len(), 32);
}

#[test]
fn who_may_ask_and_how_fresh() {
    let mut m = Mexc::new();
    m.usual_quote();
    let order = "symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=0.001&price=29000";
    assert_eq!(m.desk.get("/api/v3/account").code(), (400, 400), "no key");
    assert_eq!(m.signed("mx0NOBODY000000000", "GET", "account", "").code(), (400, 10_072));
    assert_eq!(m.signed("no key", "GET", "account", "").code(), (400, 700_001));
    assert_eq!(m.signed(READ_KEY, "POST", "order", order).code(), (400, 700_007));
    let now = m.desk.millis();
    let at = |ms: u64| format!("{order}&timestamp={ms}");
    for (payload, code) in [
        (at(now - 5_001), 700_003),
        (at(now + 1_000), 700_003),
        (format!("{order}&recvWindow=60001&timestamp={now}"), 700_005),
        (format!("{order}&recvWindow=100&timestamp={}", now - 101), 700_003),
        (format!("{order}&timestamp=now"), 33_333),
        (order.to_owned(), 44_444),
    ] {
        assert_eq!(m.payload(KEY, "POST", "order", &payload).code(), (400, code), "{payload}");
    }
    for fresh in [at(now - 5_000), at(now + 999), format!("{order}&recvWindow=60000&timestamp={}", now - 60_000)] {
        m.payload(KEY, "POST", "order/test", &fresh).ok();
    }
    let unsigned = m.desk.request("GET", "/api/v3/account?timestamp=1", &[("X-MEXC-APIKEY", KEY)], "");
    assert_eq!(unsigned.code(), (400, 44_444));
    assert_eq!(m.get("nothing").code(), (404, 404));
    assert_eq!(m.desk.request("PUT", "/api/v3/order", &[], "").code(), (405, 404));
}

#[test]
fn market_data_has_the_venues_fields_and_agrees() {
    let mut m = Mexc::new();
    assert_eq!(m.get("ping").ok(), json!({}));
    assert_eq!(m.get("time").ok(), json!({ "serverTime": m.desk.millis() }));
    m.usual_quote();
    m.print(Side::Buy, 3_000_100, &[5_000]);
    m.pass(S);
    m.print(Side::Sell, 3_000_000, &[2_000]);
    let info = m.get("exchangeInfo?symbol=MXUSDT").ok();
    let mx = &info["symbols"][0];
    assert_eq!((&mx["status"], &mx["quotePrecision"], &mx["baseAssetPrecision"]), (&json!("1"), &json!(4), &json!(2)));
    assert_eq!((&mx["baseSizePrecision"], &mx["quoteAmountPrecision"]), (&json!("0.01"), &json!("1")));
    assert_eq!((&mx["isSpotTradingAllowed"], &mx["tradeSideType"]), (&json!(true), &json!(1)));
    assert_eq!(m.get("exchangeInfo?symbols=MXUSDT,BTCUSDT").ok()["symbols"].as_array().map(Vec::len), Some(2));
    assert_eq!(m.get("defaultSymbols").ok()["data"], json!(["BTCUSDT", "MXUSDT"]));
    let depth = m.get("depth?symbol=BTCUSDT").ok();
    assert_eq!(depth["bids"], json!([["30000.00", "1.00000000"]]));
    assert_eq!(depth["asks"], json!([["30001.00", "1.00000000"]]));
    let now = m.desk.millis();
    let trades = m.get("trades?symbol=BTCUSDT").ok();
    assert_eq!(
        trades[0],
        json!({ "id": null, "price": "30000", "qty": "0.02", "quoteQty": "600", "time": now, "isBuyerMaker": true,
                "isBestMatch": true, "tradeType": "ASK" })
    );
    assert_eq!((&trades[1]["tradeType"], &trades[1]["time"]), (&json!("BID"), &json!(now - 1_000)));
    let sums = m.get("aggTrades?symbol=BTCUSDT&limit=1").ok();
    assert_eq!(
        sums,
        json!([{ "a": null, "f": null, "l": null, "p": "30000", "q": "0.02", "T": now, "m": true, "M": true }])
    );
    let bars = m.get("klines?symbol=BTCUSDT&interval=60m").ok();
    let start = now - now % 3_600_000;
    assert_eq!(bars, json!([[start, "30001", "30001", "30000", "30000", "0.07", start + 3_600_000, "2100.05"]]));
    assert_eq!(m.get("klines?symbol=BTCUSDT&interval=1h").code(), (400, 33_333), "REST says 60m");
    assert_eq!(m.get("avgPrice?symbol=BTCUSDT").ok(), json!({ "mins": 5, "price": "30000.71" }));
    assert_eq!(m.get("ticker/price?symbol=BTCUSDT").ok(), json!({ "symbol": "BTCUSDT", "price": "30000" }));
    let book = m.get("ticker/bookTicker?symbol=BTCUSDT").ok();
    assert_eq!((&book["bidPrice"], &book["askQty"]), (&json!("30000.00"), &json!("1.00000000")));
    let day = m.get("ticker/24hr?symbol=BTCUSDT").ok();
    assert_eq!(
        (&day["openPrice"], &day["lastPrice"], &day["volume"]),
        (&json!("30001"), &json!("30000"), &json!("0.07"))
    );
    assert_eq!((&day["priceChange"], &day["count"]), (&json!("-1"), &Value::Null));
    assert_eq!(m.get("ticker/price").ok().as_array().map(Vec::len), Some(2));
    let mut later = Mexc::new();
    later.usual_quote();
    later.print(Side::Buy, 3_000_100, &[5_000]);
    later.pass(25 * 3_600 * S);
    let quiet = later.get("ticker/24hr?symbol=BTCUSDT").ok();
    let texts = ["lastPrice", "openPrice", "lowPrice", "priceChange", "priceChangePercent", "volume"];
    assert_eq!(texts.map(|name| quiet[name].as_str().unwrap_or("none")), ["30001", "30001", "30001", "0", "0", "0"]);
    for (path, code) in [
        ("depth?symbol=btcusdt", 10_007),
        ("depth?symbol=NOPE", 10_007),
        ("depth", 44_444),
        ("depth?symbol=BTCUSDT&limit=x", 33_333),
        ("trades?symbol=%zz", 700_008),
        ("exchangeInfo?symbols=BTCUSDT,NOPE", 10_007),
    ] {
        assert_eq!(m.get(path).code(), (400, code), "{path}");
    }
}

#[test]
fn a_limit_order_from_placing_to_canceling() {
    let mut m = Mexc::new();
    m.usual_quote();
    let params = "side=BUY&type=LIMIT&quantity=0.5&price=29990.5&newClientOrderId=mine-1";
    let placed = m.place(params);
    let id = placed["orderId"].as_str().expect("text").to_owned();
    assert!(id.starts_with("C02__") && id.len() == 26, "{id}");
    let now = m.desk.millis();
    let expected = json!({ "symbol": "BTCUSDT", "orderId": id, "orderListId": -1, "price": "29990.5", "origQty": "0.5",
                           "type": "LIMIT", "side": "BUY", "transactTime": now });
    assert_eq!(placed, expected);
    assert_eq!(m.balance(KEY, "USDT"), ("985004.75".to_owned(), "14995.25".to_owned()));
    let order = m.signed(KEY, "GET", "order", &format!("symbol=BTCUSDT&orderId={id}")).ok();
    assert_eq!(m.signed(KEY, "GET", "order", "symbol=BTCUSDT&origClientOrderId=mine-1").ok(), order);
    assert_eq!(
        order,
        json!({ "symbol": "BTCUSDT", "orderId": id, "orderListId": -1, "clientOrderId": "mine-1", "price": "29990.5",
                "origQty": "0.5", "executedQty": "0", "cummulativeQuoteQty": "0", "status": "NEW", "timeInForce": null,
                "type": "LIMIT", "side": "BUY", "stopPrice": null, "icebergQty": null, "time": now, "updateTime": now,
                "isWorking": true, "origQuoteOrderQty": "14995.25" })
    );
    for symbols in ["BTCUSDT,MXUSDT", "BTCUSDT,BTCUSDT"] {
        assert_eq!(m.signed(KEY, "GET", "openOrders", &format!("symbol={symbols}")).ok(), json!([order]), "{symbols}");
    }
    for stranger in [format!("{}101", &id[..id.len() - 3]), format!("{id}0"), id[..id.len() - 1].to_owned()] {
        let which = format!("symbol=BTCUSDT&orderId={stranger}");
        assert_eq!(m.signed(KEY, "GET", "order", &which).code(), (400, -2011), "{which}");
    }
    assert_eq!(m.signed(OTHER_KEY, "GET", "openOrders", "symbol=BTCUSDT").ok(), json!([]), "not the other's");
    assert_eq!(m.signed(KEY, "POST", "order", &format!("symbol=BTCUSDT&{params}")).code(), (400, 30_026));
    let canceled = m.signed(KEY, "DELETE", "order", &format!("symbol=BTCUSDT&orderId={id}")).ok();
    assert_eq!((&canceled["status"], &canceled["origClientOrderId"]), (&json!("CANCELED"), &json!("mine-1")));
    assert_eq!(m.balance(KEY, "USDT"), ("1000000".to_owned(), "0".to_owned()));
    for which in [format!("orderId={id}"), "orderId=12".to_owned(), "origClientOrderId=mine-2".to_owned()] {
        let again = m.signed(KEY, "DELETE", "order", &format!("symbol=BTCUSDT&{which}"));
        assert_eq!(again.code(), (400, -2011), "{which}");
    }
    assert_eq!(m.signed(KEY, "DELETE", "order", "symbol=BTCUSDT").code(), (400, 700_004));
}

#[test]
fn fills_fees_and_their_types() {
    let mut m = Mexc::new();
    m.usual_quote();
    m.print(Side::Buy, 3_000_100, &[100]);
    // Market buys go by what they may cost, sells by quantity.
    m.place("side=BUY&type=MARKET&quoteOrderQty=3000.1");
    assert_eq!(m.balance(KEY, "BTC"), ("100.0999".to_owned(), "0".to_owned()), "0.1 less ten bps");
    assert_eq!(m.balance(KEY, "USDT").0, "996999.9");
    m.place("side=SELL&type=MARKET&quantity=0.00123");
    // 36.9 less ten bps, to the last unit.
    assert_eq!(m.balance(KEY, "USDT").0, "997036.7631");
    let trades = m.signed(KEY, "GET", "myTrades", "symbol=BTCUSDT").ok();
    let (sold, bought) = (&trades[0], &trades[1]);
    assert_eq!((&sold["commission"], &sold["commissionAsset"]), (&json!("0.0369"), &json!("USDT")));
    assert_eq!((&bought["commission"], &bought["commissionAsset"]), (&json!("0.0001"), &json!("BTC")));
    assert_eq!(
        (&bought["isBuyer"], &bought["isMaker"], &bought["isSelfTrade"]),
        (&json!(true), &json!(false), &json!(false))
    );
    assert!(bought["id"].as_str().is_some_and(|id| id.ends_with("X1") && id.len() == 20), "{bought}");
    // What the book does not hold of an IOC is cancelled, a FOK as a whole.
    m.place("side=BUY&type=IMMEDIATE_OR_CANCEL&quantity=2&price=30001");
    m.place("side=BUY&type=FILL_OR_KILL&quantity=2&price=30001");
    let orders = m.signed(KEY, "GET", "allOrders", "symbol=BTCUSDT").ok();
    let shown: Vec<(&str, &str, &str)> = orders
        .as_array()
        .expect("a list")
        .iter()
        .map(|o| {
            let text = |name: &str| o[name].as_str().expect("text");
            (text("type"), text("status"), text("executedQty"))
        })
        .collect();
    assert_eq!(
        shown,
        [
            ("FILL_OR_KILL", "CANCELED", "0"),
            ("IMMEDIATE_OR_CANCEL", "PARTIALLY_CANCELED", "0.9"),
            ("MARKET", "FILLED", "0.00123"),
            ("MARKET", "FILLED", "0.1"),
        ]
    );
    let of_one = orders[3]["orderId"].as_str().expect("text");
    let mine = m.signed(KEY, "GET", "myTrades", &format!("symbol=BTCUSDT&orderId={of_one}")).ok();
    assert_eq!(mine.as_array().map(Vec::len), Some(1));
    // A maker-only order rests or is refused.
    assert_eq!(m.place("side=SELL&type=LIMIT_MAKER&quantity=0.1&price=30002")["type"], json!("LIMIT_MAKER"));
    let crossing = m.signed(KEY, "POST", "order", "symbol=BTCUSDT&side=SELL&type=LIMIT_MAKER&quantity=0.1&price=29999");
    assert_eq!(crossing.code(), (400, 30_041));
    // Orders of one account meet: nobody prevents it, and the trade says so.
    m.place("side=BUY&type=LIMIT&quantity=0.1&price=30002");
    assert_eq!(m.signed(KEY, "GET", "myTrades", "symbol=BTCUSDT&limit=1").ok()[0]["isSelfTrade"], json!(true));
}

#[test]
fn refused_orders_leave_nothing_behind() {
    let mut m = Mexc::new();
    m.usual_quote();
    m.print(Side::Buy, 3_000_100, &[100]);
    for (params, code) in [
        ("side=BUY&type=LIMIT&quantity=50&price=30000", 30_004),
        ("side=BUY&type=LIMIT&quantity=0.00001&price=29999", 30_002),
        ("side=BUY&type=MARKET&quoteOrderQty=4", 30_002),
        ("side=BUY&type=LIMIT&quantity=200&price=30000", 30_003),
        ("side=BUY&type=LIMIT&quantity=0.1&price=30200", 30_010),
        ("side=SELL&type=LIMIT&quantity=0.1&price=29800", 30_010),
        ("side=BUY&type=LIMIT&quantity=0.000001&price=29999", 33_333),
        ("side=BUY&type=LIMIT&quantity=0.1&price=29999.999", 33_333),
        ("side=BUY&type=LIMIT&quantity=0&price=29999", 33_333),
        ("side=BUY&type=LIMIT&quantity=-1&price=29999", 700_008),
        ("side=BUY&type=LIMIT&quantity=0.1", 44_444),
        ("side=BUY&type=LIMIT&price=29999", 44_444),
        ("side=BUY&type=STOP_LIMIT&quantity=0.1&price=29999", 33_333),
        ("side=HOLD&type=LIMIT&quantity=0.1&price=29999", 33_333),
        ("type=LIMIT&quantity=0.1&price=29999", 44_444),
        ("side=BUY&type=LIMIT&quantity=0.1&price=29999&newClientOrderId=%20", 700_008),
    ] {
        let answer = m.signed(KEY, "POST", "order", &format!("symbol=BTCUSDT&{params}"));
        assert_eq!(answer.code(), (400, code), "{params}: {}", answer.body);
        let tested = m.signed(KEY, "POST", "order/test", &format!("symbol=BTCUSDT&{params}"));
        assert_eq!((tested.status, &tested.body), (400, &answer.body), "{params}");
    }
    assert_eq!(
        m.signed(KEY, "POST", "order/test", "symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=1&price=29999").ok(),
        json!({})
    );
    assert_eq!(m.signed(KEY, "GET", "openOrders", "symbol=BTCUSDT").ok(), json!([]));
    assert_eq!(m.balance(KEY, "USDT"), ("1000000".to_owned(), "0".to_owned()));
}

#[test]
fn several_orders_at_once() {
    let mut m = Mexc::new();
    m.usual_quote();
    let batch = |m: &mut Mexc, list: &Value| {
        let encoded: String = list.to_string().bytes().map(|b| format!("%{b:02X}")).collect();
        m.signed(KEY, "POST", "batchOrders", &format!("batchOrders={encoded}"))
    };
    let order = |quantity: &str, id: &str| {
        json!({ "symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "quantity": quantity, "price": "29999",
                "newClientOrderId": id })
    };
    let answers = batch(&mut m, &json!([order("0.1", "a"), order("0.00001", "b"), order("0.2", "c")])).ok();
    assert!(answers[0]["orderId"].is_string() && answers[2]["orderId"].is_string(), "{answers}");
    assert_eq!((&answers[1]["code"], &answers[1]["newClientOrderId"]), (&json!(30_002), &json!("b")));
    let mut other = order("0.1", "d");
    other["symbol"] = json!("MXUSDT");
    m.pass(S);
    assert_eq!(batch(&mut m, &json!([order("0.1", "e"), other])).code(), (400, 33_333), "one symbol");
    assert_eq!(batch(&mut m, &json!([])).code(), (400, 33_333));
    assert_eq!(batch(&mut m, &json!([])).code(), (429, 429), "two a second");
    // Numbers count as they are written: the nearest that a machine has would do.
    m.pass(S);
    let text = |quantity: &str| {
        format!(r#"{{"symbol":"BTCUSDT","side":"BUY","type":"LIMIT","quantity":{quantity},"price":29999.00}}"#)
    };
    let exact = format!("[{},{},{}]", text("0.10000000000000001"), text("0.10"), text("true"));
    let encoded: String = exact.bytes().map(|b| format!("%{b:02X}")).collect();
    let refused = m.signed(KEY, "POST", "batchOrders", &format!("batchOrders={encoded}"));
    assert_eq!(refused.code(), (400, 33_333), "a field that is neither text nor number");
    let exact = format!("[{},{}]", text("0.10000000000000001"), text("0.10"));
    let encoded: String = exact.bytes().map(|b| format!("%{b:02X}")).collect();
    let answers = m.signed(KEY, "POST", "batchOrders", &format!("batchOrders={encoded}")).ok();
    assert_eq!((&answers[0]["code"], &answers[1]["origQty"]), (&json!(33_333), &json!("0.1")));
    let canceled = m.signed(KEY, "DELETE", "openOrders", "symbol=BTCUSDT").ok();
    assert_eq!(canceled.as_array().map(Vec::len), Some(3));
    let six = m.signed(KEY, "DELETE", "openOrders", "symbol=A,B,C,D,E,F");
    assert_eq!(six.code(), (400, 33_333), "five symbols at most");
}

#[test]
fn each_endpoint_has_a_limit_of_its_own() {
    let mut m = Mexc::new();
    for _ in 0..50 {
        m.get("exchangeInfo").ok();
    }
    let refused = m.get("exchangeInfo");
    assert_eq!((refused.code(), refused.header("retry-after")), ((429, 429), Some("10")));
    m.get("time").ok();
    m.pass(10 * S);
    m.get("exchangeInfo").ok();
    let twice: Vec<u16> = (0..3).map(|_| m.signed(KEY, "GET", "account", "").status).collect();
    assert_eq!(twice, [200, 200, 429], "two a second");
    assert_eq!(m.signed(OTHER_KEY, "GET", "account", "").status, 200, "of each account");
    let mut m = Mexc::with_limits(&Limits { weight_per_ten_seconds: Some(3), refusals_to_ban: 2, ..Limits::MEXC });
    let statuses: Vec<u16> = (0..7).map(|_| m.get("time").status).collect();
    assert_eq!(statuses, [200, 200, 200, 429, 429, 418, 418]);
    assert_eq!(m.get("ping").header("retry-after"), Some("120"));
    m.pass(120 * S);
    m.get("time").ok();
}

#[test]
fn an_account_has_so_many_open_orders() {
    let mut m = Mexc::with_limits(&Limits { weight_per_ten_seconds: Some(10_000), ..Limits::MEXC });
    m.usual_quote();
    let order = "symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=0.001&price=29000";
    for _ in 0..500 {
        m.signed(KEY, "POST", "order", order).ok();
    }
    assert_eq!(m.signed(KEY, "POST", "order", order).code(), (400, 30_029));
}
