//! Streams of USD-M and COIN-M in virtual time: routes, frames, and the events of accounts that listen.

use crate::desk;
use crate::futures_desk;

use crosstick_model::Side;
use desk::{By, MS, S};
use futures_desk::Futures;
use serde_json::{Value, json};

const AT: u64 = 1_700_000_000_000;

fn names(frames: &[Value]) -> Vec<&str> {
    frames.iter().map(|f| f["e"].as_str().unwrap_or_default()).collect()
}

#[test]
fn books_and_trades_come_on_their_own_routes() {
    let mut f = Futures::usdm();
    let public = f.desk.connect("/public/ws/btcusdt@bookTicker/btcusdt@aggTrade");
    let market = f.desk.connect("/market/ws/btcusdt@aggTrade/btcusdt@bookTicker/btcusdt@trade");
    f.usual_quote();
    f.desk.now += 5 * MS;
    f.print("BTCUSDT", Side::Sell, 300_000, 1_500);
    let book = f.frames(public);
    let expected = json!({
        "e": "bookTicker", "u": 2, "s": "BTCUSDT", "b": "30000.0", "B": "10.000", "a": "30000.2", "A": "10.000",
        "T": AT, "E": AT,
    });
    assert_eq!(book.iter().map(Value::to_string).collect::<Vec<_>>(), [expected.to_string()]);
    let trades = f.frames(market);
    let at = AT + 5;
    let one = json!({
        "e": "trade", "E": at, "T": at, "s": "BTCUSDT", "t": 1, "p": "30000.0", "q": "1.500", "X": "MARKET",
        "m": true,
    });
    let sum = json!({
        "e": "aggTrade", "E": at, "a": 1, "s": "BTCUSDT", "p": "30000.0", "q": "1.500", "f": 1, "l": 1, "T": at,
        "m": true,
    });
    assert_eq!(trades.iter().map(Value::to_string).collect::<Vec<_>>(), [one.to_string(), sum.to_string()]);
}

#[test]
fn who_asks_for_more_loses_nothing_of_what_is_due() {
    let mut f = Futures::usdm();
    let id = f.desk.connect("/public/ws/btcusdt@depth@100ms");
    f.usual_quote();
    f.desk.now += 100 * MS;
    let frames = f.desk.text(id, r#"{"method":"SUBSCRIBE","params":["btcusdt@depth5@100ms"],"id":1}"#);
    assert_eq!((names(&frames), &frames[1]["id"]), (vec!["depthUpdate", ""], &json!(1)));
}

#[test]
fn an_order_of_a_client_is_in_the_book_and_its_trades_on_the_tape() {
    let mut f = Futures::usdm();
    let public = f.desk.connect("/public/ws/btcusdt@bookTicker");
    let market = f.desk.connect("/market/ws/btcusdt@aggTrade");
    f.usual_quote();
    f.frames(public);
    f.place(&Futures::limit("BUY", "30000.1", "2"));
    let best = f.frames(public);
    assert_eq!((&best[0]["b"], &best[0]["B"]), (&json!("30000.1"), &json!("2.000")));
    // Somebody of the simulated market sells to it: it is better than the house's own bid.
    f.print("BTCUSDT", Side::Sell, 300_000, 500);
    let best = f.frames(public);
    assert_eq!((best.len(), &best[0]["B"]), (1, &json!("1.500")));
    let sums = f.frames(market);
    assert_eq!((sums.len(), &sums[0]["p"], &sums[0]["q"]), (1, &json!("30000.1"), &json!("0.500")));
}

#[test]
fn depth_can_be_followed_by_pu() {
    let mut f = Futures::usdm();
    let id = f.desk.connect("/public/stream?streams=btcusdt@depth@100ms/btcusdt@depth5@500ms");
    f.usual_quote();
    f.pass(100 * MS);
    let frames = f.frames(id);
    assert_eq!(frames.len(), 1, "{frames:?}");
    let first = json!({
        "stream": "btcusdt@depth@100ms",
        "data": {
            "e": "depthUpdate", "E": AT + 100, "T": AT, "s": "BTCUSDT", "U": 2, "u": 2, "pu": 1,
            "b": [["30000.0", "10.000"]], "a": [["30000.2", "10.000"]],
        },
    });
    assert_eq!(frames[0].to_string(), first.to_string());
    f.place(&Futures::limit("BUY", "29000", "1"));
    f.quote("BTCUSDT", (300_001, 10_000), (300_002, 9_000));
    f.pass(400 * MS);
    let frames = f.frames(id);
    let diff = &frames[0]["data"];
    assert_eq!((&diff["pu"], &diff["U"], &diff["u"]), (&json!(2), &json!(3), &json!(4)));
    assert_eq!(diff["b"], json!([["30000.1", "10.000"], ["30000.0", "0.000"], ["29000.0", "1.000"]]));
    assert_eq!(diff["a"], json!([["30000.2", "9.000"]]));
    let partial = &frames[1];
    assert_eq!((frames.len(), &partial["stream"]), (2, &json!("btcusdt@depth5@500ms")));
    assert_eq!(partial["data"]["b"], json!([["30000.1", "10.000"], ["29000.0", "1.000"]]));
    let snapshot = f.get("v1/depth?symbol=BTCUSDT&limit=5").ok();
    assert_eq!((&snapshot["lastUpdateId"], &snapshot["bids"]), (&diff["u"], &partial["data"]["b"]));
    f.pass(S);
    assert_eq!(f.frames(id), [] as [Value; 0], "nothing changed, nothing is told");
}

#[test]
fn mark_prices_come_every_second_or_third() {
    let mut f = Futures::usdm();
    let id = f.desk.connect("/market/ws/btcusdt@markPrice@1s");
    let slow = f.desk.connect("/market/ws/btcusdt@markPrice");
    f.usual_quote();
    f.pass(6 * S);
    let frames = f.frames(id);
    let first = json!({
        "e": "markPriceUpdate", "E": AT + 1_000, "s": "BTCUSDT", "p": "30000.1", "P": "30000.1", "i": "30000.1",
        "r": "0.00000000", "T": 1_700_006_400_000_u64,
    });
    assert_eq!((frames.len(), frames[0].to_string()), (6, first.to_string()));
    assert_eq!(f.frames(slow).len(), 2);
}

#[test]
fn a_fill_is_told_first_short_then_in_full_then_as_balances() {
    let mut f = Futures::usdm();
    f.usual_quote();
    let key = f.listen_key(By::Hmac);
    assert_eq!((key.len(), f.listen_key(By::Hmac)), (64, key.clone()), "asked again, the same key");
    let id = f.desk.connect(&format!("/private/ws?listenKey={key}"));
    let picky = f.desk.connect(&format!("/private/stream?listenKey={key}&events=TRADE_LITE/ACCOUNT_UPDATE"));
    let deaf = f.desk.connect(&format!("/public/ws/{key}"));
    let other = f.listen_key(By::Other);
    let stranger = f.desk.connect(&format!("/private/ws?listenKey={other}"));
    let order = f.place("symbol=BTCUSDT&side=BUY&type=MARKET&quantity=1&newClientOrderId=mine");
    let frames = f.frames(id);
    let order_id = &order["orderId"];
    assert_eq!(names(&frames), ["ORDER_TRADE_UPDATE", "TRADE_LITE", "ORDER_TRADE_UPDATE", "ACCOUNT_UPDATE"]);
    assert_eq!((&frames[0]["o"]["x"], &frames[0]["o"]["X"]), (&json!("NEW"), &json!("NEW")));
    assert!(frames[0]["o"].get("N").is_none() && frames[0]["o"].get("n").is_none(), "no fill, no commission");
    let lite = json!({
        "e": "TRADE_LITE", "E": AT, "T": AT, "s": "BTCUSDT", "q": "1.000", "p": "0", "m": false, "c": "mine",
        "S": "BUY", "L": "30000.2", "l": "1.000", "t": 1, "i": order_id,
    });
    assert_eq!(frames[1].to_string(), lite.to_string());
    let full = json!({
        "e": "ORDER_TRADE_UPDATE", "T": AT, "E": AT,
        "o": {
            "s": "BTCUSDT", "c": "mine", "S": "BUY", "o": "MARKET", "f": "GTC", "q": "1.000", "p": "0",
            "ap": "30000.2", "sp": "0", "x": "TRADE", "X": "FILLED", "i": order_id, "l": "1.000", "z": "1.000",
            "L": "30000.2", "N": "USDT", "n": "12.00008000", "T": AT, "t": 1, "b": "0.00000000", "a": "0.00000000",
            "m": false, "R": false, "wt": "CONTRACT_PRICE", "ot": "MARKET", "ps": "BOTH", "cp": false, "pP": false,
            "si": 0, "ss": 0, "rp": "0.00000000", "V": "EXPIRE_MAKER", "pm": "NONE", "gtd": 0,
        },
    });
    assert_eq!(frames[2].to_string(), full.to_string());
    let change = json!({
        "e": "ACCOUNT_UPDATE", "T": AT, "E": AT,
        "a": {
            "m": "ORDER",
            "B": [{ "a": "USDT", "wb": "99987.99992000", "cw": "99987.99992000", "bc": "0.00000000" }],
            "P": [{
                "s": "BTCUSDT", "pa": "1.000", "ep": "30000.2", "bep": "30000.2", "cr": "0.00000000",
                "up": "-0.10000000", "mt": "cross", "iw": "0", "ps": "BOTH",
            }],
        },
    });
    assert_eq!(frames[3].to_string(), change.to_string());
    let wrapped = f.frames(picky);
    assert_eq!(wrapped.iter().map(|w| &w["stream"]).collect::<Vec<_>>(), [&json!(key), &json!(key)]);
    let data: Vec<Value> = wrapped.iter().map(|w| w["data"].clone()).collect();
    assert_eq!(names(&data), ["TRADE_LITE", "ACCOUNT_UPDATE"]);
    assert_eq!(f.frames(deaf), [] as [Value; 0], "another route does not tell accounts' events");
    assert_eq!(f.frames(stranger), [] as [Value; 0], "another account's");
}

#[test]
fn changes_of_a_resting_order_are_told() {
    let mut f = Futures::usdm();
    f.usual_quote();
    let key = f.listen_key(By::Hmac);
    let id = f.desk.connect(&format!("/private/ws?listenKey={key}"));
    let order = f.place(&Futures::limit("BUY", "29000", "1"))["orderId"].clone();
    let put = format!("symbol=BTCUSDT&orderId={order}&side=BUY&price=29001&quantity=2&modifyId=5");
    f.signed(By::Hmac, "PUT", "v1/order", &put).ok();
    // The simulated market sells half a coin to it.
    f.quote("BTCUSDT", (289_000, 10_000), (290_100, 10_000));
    f.print("BTCUSDT", Side::Sell, 289_000, 500);
    f.signed(By::Hmac, "DELETE", "v1/order", &format!("symbol=BTCUSDT&orderId={order}")).ok();
    let frames = f.frames(id);
    let reports: Vec<&Value> = frames.iter().filter(|e| e["e"] == "ORDER_TRADE_UPDATE").map(|e| &e["o"]).collect();
    let told: Vec<(&str, &str, &str)> = reports
        .iter()
        .map(|o| (o["x"].as_str().unwrap_or(""), o["X"].as_str().unwrap_or(""), o["z"].as_str().unwrap_or("")))
        .collect();
    let expected = [
        ("NEW", "NEW", "0"),
        ("AMENDMENT", "NEW", "0"),
        ("TRADE", "PARTIALLY_FILLED", "0.500"),
        ("CANCELED", "CANCELED", "0.500"),
    ];
    assert_eq!(told, expected);
    assert_eq!((&reports[0]["b"], &reports[1]["b"]), (&json!("29000.00000000"), &json!("58002.00000000")));
    assert_eq!((&reports[1]["M"], reports[2].get("M")), (&json!(5), None));
    assert_eq!((&reports[2]["m"], &reports[2]["n"]), (&json!(true), &json!("2.90010000")), "2 bps of 14 500.5");
    assert_eq!(names(&frames).iter().filter(|n| **n == "ACCOUNT_UPDATE").count(), 1, "only the fill moved money");
}

#[test]
fn a_listen_key_lives_for_an_hour_at_a_time() {
    let mut f = Futures::usdm();
    f.usual_quote();
    assert_eq!(f.keyed(By::Hmac, "PUT").code(), (400, -1125));
    assert_eq!(f.keyed(By::Hmac, "DELETE").code(), (400, -1125));
    let key = f.listen_key(By::Hmac);
    let id = f.desk.connect(&format!("/private/ws?listenKey={key}"));
    f.desk.now += 1_800 * S;
    assert_eq!(f.keyed(By::Hmac, "PUT").ok(), json!({ "listenKey": key }));
    f.desk.now += 3_599 * S;
    f.place(&Futures::limit("BUY", "29000", "1"));
    assert_eq!(names(&f.frames(id)), ["ORDER_TRADE_UPDATE"]);
    f.desk.now += S;
    f.place(&Futures::limit("BUY", "29000", "1"));
    let last = json!({ "e": "listenKeyExpired", "E": AT + 5_400_000, "listenKey": key });
    assert_eq!(f.frames(id), [last], "and nothing of the order");
    let fresh = f.listen_key(By::Hmac);
    assert_ne!(fresh, key);
    assert_eq!(f.keyed(By::Hmac, "DELETE").ok(), json!({}));
    assert_eq!(f.keyed(By::Hmac, "PUT").code(), (400, -1125));
}

#[test]
fn coin_margined_streams_are_not_routed() {
    let mut f = Futures::coinm();
    f.quote("BTCUSD_PERP", (300_000, 5_000), (300_002, 5_000));
    let key = f.listen_key(By::Hmac);
    let id = f.desk.connect(&format!("/ws/{key}"));
    let both = f.desk.connect("/stream?streams=btcusd_perp@bookTicker/btcusd_perp@aggTrade/btcusd_perp@depth@100ms");
    f.place("symbol=BTCUSD_PERP&side=SELL&type=MARKET&quantity=300");
    let frames = f.frames(id);
    assert_eq!(names(&frames), ["ORDER_TRADE_UPDATE", "TRADE_LITE", "ORDER_TRADE_UPDATE", "ACCOUNT_UPDATE"]);
    assert_eq!((&frames[2]["o"]["ma"], &frames[2]["o"]["n"]), (&json!("BTC"), &json!("0.00040000")));
    assert_eq!(frames[3]["a"]["P"][0]["pa"], json!("-300"));
    f.pass(100 * MS);
    let market = f.frames(both);
    let of = |stream: &str| market.iter().find(|m| m["stream"] == stream).map(|m| &m["data"]);
    let sum = of("btcusd_perp@aggTrade").expect("a sum");
    assert_eq!((&sum["p"], &sum["q"], &sum["m"]), (&json!("30000.0"), &json!("300"), &json!(true)));
    let book = of("btcusd_perp@bookTicker").expect("a quote");
    assert_eq!((&book["ps"], &book["B"]), (&json!("BTCUSD"), &json!("4700")));
    let depth = of("btcusd_perp@depth@100ms").expect("a diff");
    assert_eq!((&depth["ps"], &depth["b"]), (&json!("BTCUSD"), &json!([["30000.0", "4700"]])));
}

#[test]
fn orders_of_one_account_are_kept_from_trading_with_each_other() {
    let mut f = Futures::usdm();
    f.usual_quote();
    let key = f.listen_key(By::Hmac);
    let id = f.desk.connect(&format!("/private/ws?listenKey={key}"));
    let resting = f.place(&Futures::limit("SELL", "30000.1", "1"))["orderId"].clone();
    // The maker expires, by default, and the taker goes on to the house's quote behind it.
    let taker = Futures::limit("BUY", "30000.2", "1") + "&newOrderRespType=RESULT";
    let taker = f.place(&taker);
    assert_eq!((&taker["status"], &taker["executedQty"]), (&json!("FILLED"), &json!("1.000")));
    let frames = f.frames(id);
    let ended = frames.iter().map(|e| &e["o"]).find(|o| o["x"] == "EXPIRED").expect("the maker's end");
    assert_eq!((&ended["i"], &ended["X"]), (&resting, &json!("EXPIRED_IN_MATCH")));
}
