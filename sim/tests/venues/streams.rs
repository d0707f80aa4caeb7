//! Market streams made from the book, in virtual time: the exact frames, and that they agree with REST and with each
//! other.

use crate::desk;

use std::collections::BTreeMap;

use crosstick_model::Side;
use crosstick_sim::{ConnectionId, FlowTimes, Limits};
use desk::{By, Desk, MS, S, T0, client_frame};
use serde_json::{Value, json};

/// Streams with a period tell 10 ms after the boundary.
const AFTER: u64 = 10 * MS;

/// The texts that wait for a client, as written. Pings are answered.
fn texts(desk: &mut Desk, id: ConnectionId) -> Vec<String> {
    let bytes = desk.raw(id);
    let mut rest = bytes.as_slice();
    let mut list = Vec::new();
    while let [first, second, ..] = *rest {
        let (length, head) = match second {
            126 => (usize::from(u16::from_be_bytes([rest[2], rest[3]])), 4),
            127 => (u64::from_be_bytes(rest[2..10].try_into().expect("eight")) as usize, 10),
            n => (usize::from(n), 2),
        };
        let payload = &rest[head..head + length];
        match first {
            0x81 => list.push(String::from_utf8(payload.to_vec()).expect("text")),
            0x89 => desk.venue.input(id, &client_frame(10, payload), desk.now),
            other => panic!("frame of {other:#x}"),
        }
        rest = &rest[head + length..];
    }
    list
}

/// Lets time pass up to then, as a driver would: stopping wherever something is due.
fn pass(desk: &mut Desk, until: u64) {
    while let Some(due) = desk.venue.next_due().filter(|due| *due <= until) {
        desk.now = due;
        desk.venue.advance(due);
    }
    desk.now = until;
    desk.venue.advance(until);
}

fn order(desk: &mut Desk, by: By, side: &str, price: &str, quantity: &str) -> Value {
    let params = format!(
        "symbol=BTCUSDT&side={side}&type=LIMIT&timeInForce=GTC&quantity={quantity}&price={price}&recvWindow=9000"
    );
    desk.signed(by, "POST", "order", &params).ok()
}

#[test]
fn who_asks_for_more_loses_nothing_of_what_is_due() {
    let mut desk = Desk::new();
    let id = desk.connect("/ws/btcusdt@depth@100ms");
    desk.usual_quote();
    desk.now += 100 * MS + AFTER;
    let frames = desk.text(id, r#"{"method":"SUBSCRIBE","params":["btcusdt@avgPrice"],"id":1}"#);
    assert_eq!((frames.len(), &frames[0]["e"], &frames[1]["id"]), (2, &json!("depthUpdate"), &json!(1)));
}

#[test]
fn frames_that_come_at_once() {
    let mut desk = Desk::new();
    let id = desk.connect("/stream?streams=btcusdt@trade/btcusdt@aggTrade/btcusdt@bookTicker/ltcbtc@trade");
    desk.usual_quote();
    assert_eq!(
        texts(&mut desk, id),
        [concat!(
            r#"{"stream":"btcusdt@bookTicker","data":{"u":2,"s":"BTCUSDT","b":"30000.00000000","B":"1.00000000","#,
            r#""a":"30001.00000000","A":"1.00000000"}}"#
        )]
    );
    desk.now += 5 * MS;
    // A client's order between the two becomes the best bid.
    order(&mut desk, By::Hmac, "BUY", "30000.50", "0.25");
    assert_eq!(
        texts(&mut desk, id),
        [concat!(
            r#"{"stream":"btcusdt@bookTicker","data":{"u":3,"s":"BTCUSDT","b":"30000.50000000","B":"0.25000000","#,
            r#""a":"30001.00000000","A":"1.00000000"}}"#
        )]
    );
    desk.now += 5 * MS;
    // Another client sells into it and through to the market: two prices, so two sums.
    order(&mut desk, By::Other, "SELL", "30000.00", "0.75");
    assert_eq!(
        texts(&mut desk, id),
        [
            concat!(
                r#"{"stream":"btcusdt@trade","data":{"e":"trade","E":1700000000010,"s":"BTCUSDT","t":1,"#,
                r#""p":"30000.50000000","q":"0.25000000","T":1700000000010,"m":true,"M":true}}"#
            ),
            concat!(
                r#"{"stream":"btcusdt@trade","data":{"e":"trade","E":1700000000010,"s":"BTCUSDT","t":2,"#,
                r#""p":"30000.00000000","q":"0.50000000","T":1700000000010,"m":true,"M":true}}"#
            ),
            concat!(
                r#"{"stream":"btcusdt@aggTrade","data":{"e":"aggTrade","E":1700000000010,"s":"BTCUSDT","a":1,"#,
                r#""p":"30000.50000000","q":"0.25000000","f":1,"l":1,"T":1700000000010,"m":true,"M":true}}"#
            ),
            concat!(
                r#"{"stream":"btcusdt@aggTrade","data":{"e":"aggTrade","E":1700000000010,"s":"BTCUSDT","a":2,"#,
                r#""p":"30000.00000000","q":"0.50000000","f":2,"l":2,"T":1700000000010,"m":true,"M":true}}"#
            ),
            concat!(
                r#"{"stream":"btcusdt@bookTicker","data":{"u":4,"s":"BTCUSDT","b":"30000.00000000","B":"0.50000000","#,
                r#""a":"30001.00000000","A":"1.00000000"}}"#
            ),
        ]
    );
    let aggregates = desk.get("/api/v3/aggTrades?symbol=BTCUSDT").ok();
    let ids: Vec<_> = aggregates.as_array().expect("a list").iter().map(|a| (&a["a"], &a["f"], &a["l"])).collect();
    assert_eq!(ids, [(&json!(1), &json!(1), &json!(1)), (&json!(2), &json!(2), &json!(2))], "as REST has them");
}

#[test]
fn a_change_behind_the_best_quote_is_no_best_quote() {
    let mut desk = Desk::new();
    let id = desk.connect("/ws/btcusdt@bookTicker");
    desk.usual_quote();
    assert_eq!(texts(&mut desk, id).len(), 1);
    order(&mut desk, By::Hmac, "BUY", "29000.00", "0.25");
    assert_eq!(texts(&mut desk, id), [""; 0]);
    // The market's own bid, now behind a client's: it may change as it likes.
    order(&mut desk, By::Hmac, "BUY", "30000.50", "0.25");
    assert_eq!(texts(&mut desk, id).len(), 1);
    desk.quote("BTCUSDT", (2_999_900, 100_000), (3_000_100, 100_000));
    assert_eq!(texts(&mut desk, id), [""; 0]);
}

#[test]
fn trades_of_one_flow_order_are_one_sum_and_a_client_is_hit_by_the_flow() {
    let mut desk = Desk::new();
    let id = desk.connect("/ws/btcusdt@aggTrade");
    desk.venue.number_trades_from("BTCUSDT", 501, 77);
    desk.usual_quote();
    order(&mut desk, By::Hmac, "BUY", "30000.00", "0.1");
    let times = |at: u64, order| FlowTimes { match_ns: at, event_ns: at + MS, order };
    let now = desk.now;
    for quantity in [60_000, 50_000, 1] {
        desk.venue.flow_trade("BTCUSDT", Side::Sell, 3_000_000, quantity, times(now, 1), now + 2 * MS);
    }
    assert_eq!(texts(&mut desk, id), [""; 0], "the order may go on");
    desk.venue.flow_trade("BTCUSDT", Side::Buy, 3_000_100, 5, times(now, 2), now + 2 * MS);
    let sum = concat!(
        r#"{"e":"aggTrade","E":1700000000001,"s":"BTCUSDT","a":77,"p":"30000.00000000","q":"1.10001000","f":501,"#,
        r#""l":504,"T":1700000000000,"m":true,"M":true}"#
    );
    assert_eq!(texts(&mut desk, id), [sum], "one trade with the market, two with the client's order, one behind it");
    pass(&mut desk, now + 200 * MS);
    let next: Value = serde_json::from_str(&texts(&mut desk, id)[0]).expect("json");
    assert_eq!((&next["a"], &next["f"], &next["q"]), (&json!(78), &json!(505), &json!("0.00005000")));
    let mine = desk.signed(By::Hmac, "GET", "myTrades", "symbol=BTCUSDT").ok();
    let sold: Vec<_> = mine.as_array().expect("a list").iter().map(|t| t["id"].clone()).collect();
    assert!(!sold.is_empty() && sold.iter().all(|id| (501..=504).contains(&id.as_u64().expect("an id"))), "{mine}");
}

#[test]
fn frames_with_a_period() {
    let mut desk = Desk::new();
    let names = ["depth@100ms", "depth5@100ms", "depth", "miniTicker", "ticker", "ticker_1h", "kline_1m", "avgPrice"];
    let ids = names.map(|n| desk.connect(&format!("/ws/btcusdt@{n}")));
    let all = desk.connect("/ws/!miniTicker@arr/!ticker_1d@arr");
    let wide = desk.connect("/stream?streams=btcusdt@kline_1m&timeUnit=MICROSECOND");
    pass(&mut desk, T0 + 20 * MS);
    desk.usual_quote();
    desk.print("BTCUSDT", Side::Sell, 3_000_000, 50_000);
    desk.print("BTCUSDT", Side::Buy, 3_000_100, 25_000);
    pass(&mut desk, T0 + 100 * MS + AFTER - 1);
    assert!(ids.iter().all(|id| texts(&mut desk, *id).is_empty()), "nothing before its time");
    pass(&mut desk, T0 + 2 * S + AFTER);
    let mut got = |n: usize| texts(&mut desk, ids[n]);
    assert_eq!(
        got(0),
        [concat!(
            r#"{"e":"depthUpdate","E":1700000000110,"s":"BTCUSDT","U":2,"u":2,"b":[["30000.00000000","1.00000000"]],"#,
            r#""a":[["30001.00000000","1.00000000"]]}"#
        )]
    );
    assert_eq!(
        got(1),
        [concat!(
            r#"{"lastUpdateId":2,"bids":[["30000.00000000","1.00000000"]],"#,
            r#""asks":[["30001.00000000","1.00000000"]]}"#
        )]
    );
    assert_eq!(
        got(2),
        [concat!(
            r#"{"e":"depthUpdate","E":1700000001010,"s":"BTCUSDT","U":2,"u":2,"b":[["30000.00000000","1.00000000"]],"#,
            r#""a":[["30001.00000000","1.00000000"]]}"#
        )]
    );
    let mini = concat!(
        r#"{"e":"24hrMiniTicker","E":1700000001010,"s":"BTCUSDT","c":"30001.00000000","o":"30000.00000000","#,
        r#""h":"30001.00000000","l":"30000.00000000","v":"0.75000000","q":"22500.25000000"}"#
    );
    assert_eq!(got(3), [mini]);
    assert_eq!(
        got(4),
        [concat!(
            r#"{"e":"24hrTicker","E":1700000001010,"s":"BTCUSDT","p":"1.00000000","P":"0.003","w":"30000.33333333","#,
            r#""x":"30000.00000000","c":"30001.00000000","Q":"0.25000000","b":"30000.00000000","B":"1.00000000","#,
            r#""a":"30001.00000000","A":"1.00000000","o":"30000.00000000","h":"30001.00000000","l":"30000.00000000","#,
            r#""v":"0.75000000","q":"22500.25000000","O":1699913580000,"C":1700000001010,"F":1,"L":2,"n":2}"#
        )]
    );
    assert_eq!(
        got(5),
        [concat!(
            r#"{"e":"1hTicker","E":1700000001010,"s":"BTCUSDT","p":"1.00000000","P":"0.003","o":"30000.00000000","#,
            r#""h":"30001.00000000","l":"30000.00000000","c":"30001.00000000","w":"30000.33333333","v":"0.75000000","#,
            r#""q":"22500.25000000","O":1699996380000,"C":1700000001010,"F":1,"L":2,"n":2}"#
        )]
    );
    let bar = concat!(
        r#"{"e":"kline","E":1700000002010,"s":"BTCUSDT","k":{"t":1699999980000,"T":1700000039999,"s":"BTCUSDT","#,
        r#""i":"1m","f":1,"L":2,"o":"30000.00000000","c":"30001.00000000","h":"30001.00000000","l":"30000.00000000","#,
        r#""v":"0.75000000","n":2,"x":false,"q":"22500.25000000","V":"0.25000000","Q":"7500.25000000","B":"0"}}"#
    );
    assert_eq!(got(6), [bar]);
    let average = |time: u64| {
        format!(
            concat!(r#"{{"e":"avgPrice","E":{},"s":"BTCUSDT","i":"5m","w":"30000.33000000","T":1700000000020}}"#),
            time
        )
    };
    assert_eq!(got(7), [average(1_700_000_001_010), average(1_700_000_002_010)]);
    let day = r#"[{"e":"1dTicker","E":1700000001010,"s":"BTCUSDT","#;
    let arrays = texts(&mut desk, all);
    assert!(arrays[0] == format!("[{mini}]") && arrays[1].starts_with(day) && arrays.len() == 2, "{arrays:?}");
    let Value::Object(wide) = serde_json::from_str(&texts(&mut desk, wide)[0]).expect("json") else { panic!() };
    let bar = &wide["data"]["k"];
    assert_eq!((&bar["t"], &bar["T"]), (&json!(1_699_999_980_000_000_u64), &json!(1_700_000_039_999_999_u64)));
    assert_eq!(wide["data"]["E"], json!(1_700_000_002_010_000_u64));
}

#[test]
fn a_bar_ends_and_an_empty_one_stands_at_the_last_price() {
    let mut desk = Desk::new();
    let id = desk.connect("/ws/btcusdt@kline_1m/btcusdt@kline_1d@+08:00");
    desk.usual_quote();
    desk.print("BTCUSDT", Side::Buy, 3_000_100, 25_000);
    let mut bars: Vec<Value> = Vec::new();
    for until in (10..=110).step_by(10) {
        pass(&mut desk, T0 + until * S);
        bars.extend(texts(&mut desk, id).iter().map(|t| serde_json::from_str::<Value>(t).expect("json")));
    }
    let told: Vec<_> = bars
        .iter()
        .map(|b| {
            (b["k"]["i"].as_str().expect("text"), b["k"]["n"].as_u64(), b["k"]["x"].as_bool(), b["k"]["f"].clone())
        })
        .collect();
    let traded = |i, ended| (i, Some(1), Some(ended), json!(1));
    assert_eq!(
        told,
        [traded("1m", false), traded("1d", false), traded("1m", true), ("1m", Some(0), Some(true), json!(-1))]
    );
    assert_eq!(bars[3]["k"]["o"], json!("30001.00000000"));
    // Midnight in UTC+8.
    assert_eq!((&bars[1]["k"]["t"], &bars[1]["k"]["i"]), (&json!(1_699_977_600_000_u64), &json!("1d")));
}

/// A client's book, kept as the venue's documentation says.
#[derive(Default)]
struct Mirror {
    last: u64,
    sides: [BTreeMap<String, String>; 2],
}

impl Mirror {
    fn set(&mut self, side: usize, levels: &Value) {
        for level in levels.as_array().expect("levels") {
            let (price, quantity) = (level[0].as_str().expect("text"), level[1].as_str().expect("text"));
            if quantity == "0.00000000" {
                self.sides[side].remove(price);
            } else {
                self.sides[side].insert(price.to_owned(), quantity.to_owned());
            }
        }
    }

    fn apply(&mut self, diff: &Value) {
        let (first, last) = (diff["U"].as_u64().expect("U"), diff["u"].as_u64().expect("u"));
        if last <= self.last {
            return;
        }
        assert!(first <= self.last + 1, "a gap: {first} after {}", self.last);
        self.set(0, &diff["b"]);
        self.set(1, &diff["a"]);
        self.last = last;
    }

    fn snapshot(body: &Value) -> Self {
        let mut mirror = Self { last: body["lastUpdateId"].as_u64().expect("an id"), ..Self::default() };
        mirror.set(0, &body["bids"]);
        mirror.set(1, &body["asks"]);
        mirror
    }
}

#[test]
fn a_book_from_diffs_is_the_books_at_any_time() {
    let plenty = Limits { weight_per_minute: 1_000_000, orders_per_ten_seconds: 1_000_000, ..Limits::SPOT };
    let mut desk = Desk::with_limits(&plenty);
    let (fast, slow) = (desk.connect("/ws/btcusdt@depth@100ms"), desk.connect("/ws/btcusdt@depth@1000ms"));
    let partial = desk.connect("/ws/btcusdt@depth20@100ms");
    let mut mirrors: [Option<Mirror>; 2] = [None, None];
    let mut seed = 7u64;
    let mut draw = |below: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % below
    };
    let (mut known, mut checked, mut last_u) = (Vec::new(), 0, 0);
    for step in 0..4_000u64 {
        desk.now += 1 + draw(40) * MS;
        let middle = 3_000_000 + draw(40) as i64;
        match draw(4) {
            0 => {
                let price = format!("{}.{:02}", 30_000 + draw(2) as i64, draw(60));
                let side = if draw(2) == 0 { "BUY" } else { "SELL" };
                known.push(order(&mut desk, By::Hmac, side, &price, "0.001")["orderId"].clone());
            }
            1 => {
                if let Some(id) = known.pop() {
                    // Filled orders are refused; what counts is the book.
                    desk.signed(By::Hmac, "DELETE", "order", &format!("symbol=BTCUSDT&orderId={id}"));
                }
            }
            2 => desk.print("BTCUSDT", Side::Sell, middle, 1 + draw(200) as i64),
            _ => desk.quote("BTCUSDT", (middle, 1 + draw(9) as i64), (middle + 1 + draw(5) as i64, 1 + draw(9) as i64)),
        }
        // The limits on orders are not the matter here.
        if known.len() > 40 {
            desk.signed(By::Hmac, "DELETE", "openOrders", "symbol=BTCUSDT");
            known.clear();
        }
        let now = desk.now;
        pass(&mut desk, now);
        for (mirror, id) in mirrors.iter_mut().zip([fast, slow]) {
            for text in texts(&mut desk, id) {
                let diff: Value = serde_json::from_str(&text).expect("json");
                if id == fast {
                    last_u = diff["u"].as_u64().expect("u");
                }
                if let Some(mirror) = mirror {
                    mirror.apply(&diff);
                }
            }
        }
        for text in texts(&mut desk, partial) {
            let part: Value = serde_json::from_str(&text).expect("json");
            assert_eq!(part["lastUpdateId"].as_u64(), Some(last_u), "it can seed a book kept by diffs");
        }
        if step == 100 {
            let body = desk.get("/api/v3/depth?symbol=BTCUSDT&limit=1000").ok();
            mirrors = [Some(Mirror::snapshot(&body)), Some(Mirror::snapshot(&body))];
        }
        if step > 200 && step % 50 == 0 {
            // Up to the next full second, so that both have told everything.
            let until = desk.now / S * S + S + AFTER;
            pass(&mut desk, until);
            for (mirror, id) in mirrors.iter_mut().zip([fast, slow]) {
                let mirror = mirror.as_mut().expect("made");
                texts(&mut desk, id).iter().for_each(|t| mirror.apply(&serde_json::from_str(t).expect("json")));
                let body = desk.get("/api/v3/depth?symbol=BTCUSDT&limit=1000").ok();
                let whole = Mirror::snapshot(&body);
                assert_eq!(mirror.sides, whole.sides, "step {step}");
                checked += 1;
            }
            last_u = mirrors[0].as_ref().expect("made").last;
            texts(&mut desk, partial);
        }
    }
    assert!(checked > 100);
}

#[test]
fn a_stream_that_is_asked_for_later_joins_without_a_gap() {
    let mut desk = Desk::new();
    desk.usual_quote();
    let id = desk.connect("/ws");
    pass(&mut desk, T0 + 550 * MS);
    let ask = r#"{"method":"SUBSCRIBE","params":["btcusdt@depth@100ms","btcusdt@nothing"],"id":1}"#;
    assert_eq!(desk.text(id, ask), [json!({ "result": null, "id": 1 })]);
    desk.quote("BTCUSDT", (3_000_000, 7), (3_000_100, 100_000));
    let snapshot = desk.get("/api/v3/depth?symbol=BTCUSDT").ok();
    pass(&mut desk, T0 + 650 * MS);
    let first: Value = serde_json::from_str(&texts(&mut desk, id)[0]).expect("json");
    assert_eq!((&first["U"], &first["u"]), (&snapshot["lastUpdateId"], &snapshot["lastUpdateId"]));
    let ask = r#"{"method":"UNSUBSCRIBE","params":["btcusdt@depth@100ms"],"id":2}"#;
    desk.now += S;
    assert_eq!(desk.text(id, ask), [json!({ "result": null, "id": 2 })]);
    desk.quote("BTCUSDT", (3_000_000, 8), (3_000_100, 100_000));
    let due = desk.venue.next_due().expect("a ping");
    assert!(due > desk.now + 200 * MS, "nobody listens, so nothing is due but the ping");
    pass(&mut desk, T0 + 3 * S);
    assert_eq!(texts(&mut desk, id), [""; 0]);
}

#[test]
fn names_that_are_no_stream_are_acknowledged_and_silent() {
    let mut desk = Desk::new();
    let id = desk.connect("/ws/BTCUSDT@trade/btcusdt@Trade/nosuch@trade/!ticker@arr/btcusdt@depth7");
    desk.usual_quote();
    desk.print("BTCUSDT", Side::Buy, 3_000_100, 5);
    pass(&mut desk, T0 + 2 * S);
    assert_eq!(texts(&mut desk, id), [""; 0]);
    assert!(desk.venue.stream("btcusdt@depth7").is_none() && desk.venue.stream("nosuch@trade").is_none());
}

#[test]
fn a_recording_moves_the_book_behind_client_orders() {
    let mut desk = Desk::new();
    let now = desk.now;
    let quote = r#"{"u":900,"s":"BTCUSDT","b":"30000.00000000","B":"0.50000000","a":"30001.00","A":"0.5"}"#;
    desk.venue.follow("btcusdt@bookTicker", quote, now);
    let book = desk.get("/api/v3/depth?symbol=BTCUSDT").ok();
    assert_eq!(book["lastUpdateId"], json!(900));
    assert_eq!(book["bids"], json!([["30000.00000000", "0.50000000"]]));
    order(&mut desk, By::Hmac, "BUY", "30000.50", "0.2");
    let trade = r#"{"e":"trade","E":1,"s":"BTCUSDT","t":4711,"p":"30000.00","q":"0.3","T":1,"m":true,"M":true}"#;
    desk.venue.follow("btcusdt@trade", trade, now);
    let trades = desk.get("/api/v3/trades?symbol=BTCUSDT").ok();
    let told: Vec<_> = trades.as_array().expect("a list").iter().map(|t| (&t["id"], &t["price"], &t["qty"])).collect();
    let text = |t: &str| json!(t);
    assert_eq!(
        told,
        [
            (&json!(4_711), &text("30000.50000000"), &text("0.20000000")),
            (&json!(4_712), &text("30000.00000000"), &text("0.10000000"))
        ],
        "the client's order had the better price"
    );
    // What says nothing of the book changes nothing: another symbol, too many decimals, no numbers.
    for (stream, payload) in [
        ("ethusdt@trade", trade.replace("BTCUSDT", "ETHUSDT")),
        ("btcusdt@trade", trade.replace("30000.00", "30000.001")),
        ("btcusdt@bookTicker", quote.replace("30001.00", "x")),
        ("btcusdt@depth", quote.to_owned()),
    ] {
        desk.venue.follow(stream, &payload, now);
    }
    assert_eq!(desk.get("/api/v3/trades?symbol=BTCUSDT").ok(), trades);
}

#[test]
fn a_connection_lives_a_day_and_attempts_are_counted() {
    let mut desk = Desk::new();
    let first = desk.connect("/ws");
    for _ in 1..300 {
        let id = desk.connect("/ws");
        desk.venue.gone(id);
    }
    let upgrade =
        [("Upgrade", "websocket"), ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="), ("Sec-WebSocket-Version", "13")];
    let id = desk.venue.open(desk.now).expect("room");
    let mut request = "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n".to_owned();
    upgrade.iter().for_each(|(n, v)| request.push_str(&format!("{n}: {v}\r\n")));
    desk.venue.input(id, format!("{request}\r\n").as_bytes(), desk.now);
    let answer = String::from_utf8(desk.raw(id)).expect("text");
    assert!(answer.starts_with("HTTP/1.1 429 ") && answer.contains("\r\nRetry-After: 300\r\n"), "{answer}");
    desk.venue.gone(id);
    // A pong to every ping keeps it for a day, and no longer.
    let day = T0 + 24 * 3_600 * S;
    let mut pings = 0;
    while let Some(due) = desk.venue.next_due() {
        desk.now = due;
        desk.venue.advance(due);
        let bytes = desk.raw(first);
        if bytes.is_empty() {
            continue;
        }
        if bytes.first() == Some(&0x89) {
            pings += 1;
            desk.venue.input(first, &client_frame(10, &bytes[2..]), desk.now);
        } else {
            assert_eq!(bytes[..4], [0x88, bytes[1], 0x03, 0xe9], "close 1001");
            break;
        }
    }
    assert_eq!((desk.now, pings), (day, 24 * 180 - 1));
}
