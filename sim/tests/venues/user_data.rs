//! Events of an account: which, in which order, with which fields.

use crate::desk;

use crosstick_model::Side;
use desk::{By, Desk, S, fields};
use serde_json::{Value, json};

const REPORT: [&str; 33] = [
    "e", "E", "s", "c", "S", "o", "f", "q", "p", "P", "F", "g", "C", "x", "X", "r", "i", "l", "z", "L", "n", "N", "T",
    "t", "I", "w", "m", "M", "O", "Z", "Y", "Q", "W",
];

fn limit(side: &str, price: &str, quantity: &str) -> String {
    format!("symbol=BTCUSDT&side={side}&type=LIMIT&timeInForce=GTC&quantity={quantity}&price={price}")
}

/// The events in these frames; every one must be of subscription 0.
fn events(frames: &[Value]) -> Vec<Value> {
    frames
        .iter()
        .map(|frame| {
            assert_eq!(fields(frame), ["subscriptionId", "event"], "{frame}");
            assert_eq!(frame["subscriptionId"], json!(0));
            frame["event"].clone()
        })
        .collect()
}

/// What happened, in short: execution type and status, or the assets whose balances changed.
fn short(events: &[Value]) -> Vec<String> {
    events
        .iter()
        .map(|event| match event["e"].as_str() {
            Some("executionReport") => {
                format!("{} {}", event["x"].as_str().unwrap_or_default(), event["X"].as_str().unwrap_or_default())
            }
            Some("outboundAccountPosition") => {
                let assets = event["B"].as_array().expect("balances").iter();
                let names: Vec<&str> = assets.filter_map(|b| b["a"].as_str()).collect();
                format!("position {}", names.join(" "))
            }
            other => format!("{other:?}"),
        })
        .collect()
}

fn balance<'a>(event: &'a Value, asset: &str) -> &'a Value {
    assert_eq!(fields(event), ["e", "E", "u", "B"]);
    event["B"].as_array().expect("balances").iter().find(|b| b["a"] == asset).expect("the asset")
}

#[test]
fn a_resting_order_is_reported_and_its_money_locked() {
    let mut desk = Desk::new();
    desk.usual_quote();
    let id = desk.subscribed();
    let order = limit("BUY", "29000", "0.1") + "&newClientOrderId=a";
    let placed = desk.signed(By::Hmac, "POST", "order", &order).ok();
    let new = events(&desk.frames(id));
    assert_eq!(short(&new), ["NEW NEW", "position USDT"]);
    assert_eq!(fields(&new[0]), [&REPORT[..], &["V"]].concat());
    let at = 1_700_000_000_000_u64;
    let expected = json!({
        "e": "executionReport", "E": at, "s": "BTCUSDT", "c": "a", "S": "BUY", "o": "LIMIT", "f": "GTC",
        "q": "0.10000000", "p": "29000.00000000", "P": "0.00000000", "F": "0.00000000", "g": -1, "C": "", "x": "NEW",
        "X": "NEW", "r": "NONE", "i": placed["orderId"], "l": "0.00000000", "z": "0.00000000", "L": "0.00000000",
        "n": "0", "N": null, "T": at, "t": -1, "I": new[0]["I"], "w": true, "m": false, "M": false, "O": at,
        "Z": "0.00000000", "Y": "0.00000000", "Q": "0.00000000", "W": at, "V": "EXPIRE_MAKER",
    });
    assert_eq!(new[0], expected);
    assert_eq!(*balance(&new[1], "USDT"), json!({ "a": "USDT", "f": "997100.00000000", "l": "2900.00000000" }));

    desk.now += S;
    desk.signed(By::Hmac, "DELETE", "order", "symbol=BTCUSDT&origClientOrderId=a&newClientOrderId=c1").ok();
    let ended = events(&desk.frames(id));
    assert_eq!(short(&ended), ["CANCELED CANCELED", "position USDT"]);
    // The report carries the id of the cancel, and the order's as the original.
    assert_eq!((&ended[0]["c"], &ended[0]["C"], &ended[0]["w"]), (&json!("c1"), &json!("a"), &json!(false)));
    assert_eq!((&ended[0]["T"], &ended[0]["O"]), (&json!(at + 1_000), &json!(at)));
    assert!(ended[0]["I"].as_u64() > new[0]["I"].as_u64(), "execution ids grow");
    assert_eq!(balance(&ended[1], "USDT")["l"], json!("0.00000000"));
}

#[test]
fn fills_are_reported_one_by_one() {
    let mut desk = Desk::new();
    desk.usual_quote();
    let id = desk.subscribed();
    desk.signed(By::Other, "POST", "order", &limit("SELL", "30000.50", "0.2")).ok();
    assert_eq!(desk.frames(id), Vec::<Value>::new(), "not this account's");
    let placed = desk.signed(By::Hmac, "POST", "order", "symbol=BTCUSDT&side=BUY&type=MARKET&quantity=0.3").ok();
    let got = events(&desk.frames(id));
    let kinds = short(&got);
    assert_eq!(kinds[0], "NEW NEW");
    let trades: Vec<&Value> = got.iter().filter(|e| e["x"] == "TRADE").collect();
    let field = |name: &str| trades.iter().map(|t| t[name].clone()).collect::<Vec<Value>>();
    assert_eq!(field("X"), [json!("PARTIALLY_FILLED"), json!("FILLED")]);
    assert_eq!(field("l"), [json!("0.20000000"), json!("0.10000000")]);
    assert_eq!(field("L"), [json!("30000.50000000"), json!("30001.00000000")]);
    assert_eq!(field("z"), [json!("0.20000000"), json!("0.30000000")]);
    assert_eq!(field("Y"), [json!("6000.10000000"), json!("3000.10000000")]);
    assert_eq!(field("Z"), [json!("6000.10000000"), json!("9000.20000000")]);
    assert_eq!(field("n"), [json!("0.00020000"), json!("0.00010000")]);
    assert_eq!(field("N"), [json!("BTC"), json!("BTC")]);
    assert_eq!(field("m"), [json!(false), json!(false)]);
    let ids: Vec<&Value> = placed["fills"].as_array().expect("fills").iter().map(|f| &f["tradeId"]).collect();
    assert_eq!(field("t").iter().collect::<Vec<_>>(), ids);
    let last = got.iter().rev().find(|e| e["e"] == "outboundAccountPosition").expect("balances");
    assert_eq!(balance(last, "BTC")["f"], json!("100.29970000"));
    assert_eq!(balance(last, "USDT")["f"], json!("990999.80000000"));
}

#[test]
fn a_maker_hears_of_the_markets_trades() {
    let mut desk = Desk::new();
    desk.usual_quote();
    let id = desk.subscribed();
    desk.signed(By::Hmac, "POST", "order", &limit("SELL", "30000.50", "0.2")).ok();
    desk.frames(id);
    desk.now += S;
    desk.print("BTCUSDT", Side::Buy, 3_000_050, 5_000);
    let got = events(&desk.frames(id));
    assert_eq!(short(&got)[0], "TRADE PARTIALLY_FILLED");
    assert_eq!((&got[0]["m"], &got[0]["w"], &got[0]["l"]), (&json!(true), &json!(true), &json!("0.05000000")));
    assert_eq!((&got[0]["n"], &got[0]["N"]), (&json!("1.50002500"), &json!("USDT")));
    assert_eq!(got[0]["T"], json!(1_700_000_001_000_u64));
    // It is the trade that the public sees.
    let public = desk.get("/api/v3/trades?symbol=BTCUSDT&limit=1").ok();
    assert_eq!((&public[0]["id"], &public[0]["isBuyerMaker"]), (&got[0]["t"], &json!(false)));
}

#[test]
fn what_expires_says_why() {
    let mut desk = Desk::new();
    desk.usual_quote();
    let id = desk.subscribed();
    let ioc = limit("BUY", "29000", "0.1").replace("GTC", "IOC");
    let body = desk.signed(By::Hmac, "POST", "order", &ioc).ok();
    assert_eq!((&body["status"], &body["expiryReason"]), (&json!("EXPIRED"), &json!("UNFILLED_IOC_QUANTITY_EXPIRED")));
    let got = events(&desk.frames(id));
    let expired = got.iter().find(|e| e["x"] == "EXPIRED").expect("an expiry");
    assert_eq!((&expired["X"], &expired["eR"]), (&json!("EXPIRED"), &json!("UNFILLED_IOC_QUANTITY_EXPIRED")));
    let fok = limit("BUY", "30001", "5").replace("GTC", "FOK");
    let body = desk.signed(By::Hmac, "POST", "order", &fok).ok();
    assert_eq!((&body["status"], &body["expiryReason"]), (&json!("EXPIRED"), &json!("UNFILLED_FOK_ORDER_EXPIRED")));
}

#[test]
fn a_stop_is_new_again_when_it_triggers() {
    let mut desk = Desk::new();
    desk.usual_quote();
    desk.print("BTCUSDT", Side::Buy, 3_000_100, 1_000);
    let id = desk.subscribed();
    let stop = "symbol=BTCUSDT&side=SELL&type=STOP_LOSS&quantity=0.1&stopPrice=29500&newClientOrderId=s";
    desk.signed(By::Hmac, "POST", "order", stop).ok();
    let waiting = events(&desk.frames(id));
    assert_eq!(
        (&waiting[0]["x"], &waiting[0]["w"], &waiting[0]["P"]),
        (&json!("NEW"), &json!(false), &json!("29500.00000000"))
    );
    assert!(waiting[0].get("W").is_none(), "it does not work yet");
    desk.quote("BTCUSDT", (2_949_000, 100_000), (2_949_100, 100_000));
    desk.print("BTCUSDT", Side::Sell, 2_949_000, 1_000);
    let got = events(&desk.frames(id));
    let kinds: Vec<String> = short(&got).into_iter().filter(|k| !k.starts_with("position")).collect();
    assert_eq!(kinds, ["NEW NEW", "TRADE FILLED"]);
    assert!(got[0].get("W").is_some());
}

#[test]
fn prevented_matches_are_reported() {
    let mut desk = Desk::new();
    desk.usual_quote();
    let id = desk.subscribed();
    let maker = desk.signed(By::Hmac, "POST", "order", &limit("SELL", "30000.50", "0.2")).ok();
    desk.frames(id);
    let taker = limit("BUY", "30000.50", "0.1") + "&selfTradePreventionMode=EXPIRE_TAKER";
    desk.signed(By::Hmac, "POST", "order", &taker).ok();
    let got = events(&desk.frames(id));
    let prevented = got.iter().find(|e| e["x"] == "TRADE_PREVENTION").expect("a prevention");
    assert_eq!(prevented["X"], json!("EXPIRED_IN_MATCH"));
    assert_eq!(
        (&prevented["A"], &prevented["B"], &prevented["U"]),
        (&json!("0.10000000"), &json!("0.10000000"), &maker["orderId"])
    );
    assert_eq!((&prevented["pL"], &prevented["Cs"]), (&json!("30000.50000000"), &json!("BTCUSDT")));
    assert!(prevented["v"].is_u64() && prevented["u"].is_u64(), "{prevented}");
}

#[test]
fn amending_is_reported_as_replaced() {
    let mut desk = Desk::new();
    desk.usual_quote();
    let id = desk.subscribed();
    desk.signed(By::Hmac, "POST", "order", &(limit("BUY", "29000", "0.5") + "&newClientOrderId=a")).ok();
    desk.frames(id);
    let amend = "symbol=BTCUSDT&origClientOrderId=a&newQty=0.2&newClientOrderId=b";
    let body = desk.signed(By::Hmac, "PUT", "order/amend/keepPriority", amend).ok();
    let got = events(&desk.frames(id));
    assert_eq!(short(&got), ["REPLACED NEW", "position USDT"]);
    assert_eq!((&got[0]["c"], &got[0]["C"], &got[0]["q"]), (&json!("b"), &json!("a"), &json!("0.20000000")));
    assert_eq!(got[0]["I"], body["executionId"]);
}

#[test]
fn deposits_and_withdrawals_are_told() {
    let mut desk = Desk::new();
    let id = desk.subscribed();
    let mut pay = |amount: &str| {
        let amount = amount.parse().expect("a decimal");
        desk.venue.deposit("first", "BTC", amount, desk.now).map(|()| events(&desk.frames(id)))
    };
    let got = pay("0.5").expect("paid in");
    let at = 1_700_000_000_000_u64;
    assert_eq!(got[0], json!({ "e": "balanceUpdate", "E": at, "a": "BTC", "d": "0.50000000", "T": at }));
    assert_eq!(*balance(&got[1], "BTC"), json!({ "a": "BTC", "f": "100.50000000", "l": "0.00000000" }));
    let got = pay("-100.25").expect("paid out");
    assert_eq!((&got[0]["d"], &balance(&got[1], "BTC")["f"]), (&json!("-100.25000000"), &json!("0.25000000")));
    assert!(pay("-1").is_err(), "not so much is there");
    assert!(desk.venue.deposit("nobody", "BTC", 1.into(), desk.now).is_err());
    assert!(desk.venue.deposit("first", "XYZ", 1.into(), desk.now).is_err());
    assert_eq!(desk.signed(By::Hmac, "GET", "account", "").ok()["updateTime"], json!(at));
}

#[test]
fn subscriptions_begin_end_and_are_numbered() {
    let mut desk = Desk::new();
    desk.usual_quote();
    let id = desk.subscribed();
    let again = desk.call(id, "userDataStream.subscribe", json!({}));
    assert_eq!((&again["status"], &again["error"]["code"]), (&json!(400), &json!(-2035)));
    let same = desk.call_signed(id, By::Hmac, "userDataStream.subscribe.signature", json!({}));
    assert_eq!(same[0]["error"]["code"], json!(-2035), "another key of the same account");
    let other = desk.call_signed(id, By::Other, "userDataStream.subscribe.signature", json!({}));
    assert_eq!(other[0]["result"], json!({ "subscriptionId": 1 }));
    let list = desk.call(id, "session.subscriptions", json!({}));
    assert_eq!(list["result"], json!([{ "subscriptionId": 0 }, { "subscriptionId": 1 }]));
    assert_eq!(desk.call(id, "session.status", json!({}))["result"]["userDataStream"], json!(true));
    desk.signed(By::Other, "POST", "order", &limit("BUY", "29000", "0.1")).ok();
    assert_eq!(desk.frames(id)[0]["subscriptionId"], json!(1));

    // Logging out ends what logging on began, and says so; the other goes on.
    let off = desk.text(id, r#"{"id":7,"method":"session.logout"}"#);
    assert_eq!(off[0]["status"], json!(200));
    let ended = json!({ "subscriptionId": 0, "event": { "e": "eventStreamTerminated", "E": 1_700_000_000_000_u64 } });
    assert_eq!(off[1..], [ended]);
    desk.signed(By::Hmac, "POST", "order", &limit("BUY", "29000", "0.1")).ok();
    assert_eq!(desk.frames(id), Vec::<Value>::new());
    let end = desk.text(id, r#"{"id":7,"method":"userDataStream.unsubscribe","params":{"subscriptionId":1}}"#);
    assert_eq!((&end[0]["result"], &end[1]["event"]["e"]), (&json!({}), &json!("eventStreamTerminated")));
    // Ids are not used again.
    let fresh = desk.call_signed(id, By::Other, "userDataStream.subscribe.signature", json!({}));
    assert_eq!(fresh[0]["result"], json!({ "subscriptionId": 2 }));
    let all = desk.text(id, r#"{"id":7,"method":"userDataStream.unsubscribe"}"#);
    assert_eq!(all[1]["subscriptionId"], json!(2));
    assert_eq!(desk.call(id, "userDataStream.unsubscribe", json!({}))["error"]["code"], json!(-2036));
}

#[test]
fn events_are_in_the_subscribers_unit_and_stop_with_it() {
    let mut desk = Desk::new();
    desk.usual_quote();
    let micros = desk.connect("/ws-api/v3?timeUnit=MICROSECOND");
    desk.call_signed(micros, By::Hmac, "userDataStream.subscribe.signature", json!({}));
    let millis = desk.subscribed();
    // The order comes over one of the two: its answer first, then its events; the other gets events alone.
    let at = desk.millis();
    let order = json!({
        "symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.1", "price": "29000",
        "timestamp": at,
    });
    let text = json!({ "id": 9, "method": "order.place", "params": order }).to_string();
    let own = desk.text(millis, &text);
    assert_eq!((own.len(), &own[0]["id"], &own[1]["event"]["x"]), (3, &json!(9), &json!("NEW")));
    assert_eq!(own[1]["event"]["T"], json!(at));
    let other = desk.frames(micros);
    assert_eq!((other.len(), &other[0]["event"]["T"]), (2, &json!(at * 1_000)));
    // A subscriber that is gone is told nothing; what happened meanwhile is found by asking.
    desk.venue.gone(micros);
    desk.venue.gone(millis);
    desk.print("BTCUSDT", Side::Sell, 2_900_000, 10_000);
    let order = desk.signed(By::Hmac, "GET", "allOrders", "symbol=BTCUSDT").ok()[0].clone();
    assert_eq!((&order["status"], &order["executedQty"]), (&json!("FILLED"), &json!("0.10000000")));
}
