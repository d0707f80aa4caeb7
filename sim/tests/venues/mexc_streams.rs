//! MEXC's streams from a client's side: subscriptions, public pushes, account events. Pushes are read by a reader of
//! the wire format that knows no message.

use crate::desk;
use crate::mexc_desk;

use crosstick_model::Side;
use crosstick_sim::ConnectionState;
use desk::{MS, S};
use mexc_desk::{Frame, KEY, Mexc, OTHER_KEY, Push};
use serde_json::json;

const DEALS: &str = "spot@public.aggre.deals.v3.api.pb@100ms@BTCUSDT";
const BEST: &str = "spot@public.aggre.bookTicker.v3.api.pb@10ms@BTCUSDT";
const DIFF: &str = "spot@public.aggre.depth.v3.api.pb@100ms@BTCUSDT";
const LIMIT: &str = "spot@public.limit.depth.v3.api.pb@BTCUSDT@5";
const BATCH: &str = "spot@public.bookTicker.batch.v3.api.pb@BTCUSDT";
const BARS: &str = "spot@public.kline.v3.api.pb@BTCUSDT@Min1";
const ORDERS: &str = "spot@private.orders.v3.api.pb";
const OWN: &str = "spot@private.deals.v3.api.pb";
const ACCOUNT: &str = "spot@private.account.v3.api.pb";

#[test]
fn deals_of_a_window_come_together() {
    let mut m = Mexc::new();
    m.usual_quote();
    let id = m.subscribed("/ws", &[DEALS]);
    m.print(Side::Buy, 3_000_100, &[5_000, 123]);
    m.pass(40 * MS);
    let at = m.desk.millis();
    m.print(Side::Sell, 3_000_000, &[7]);
    assert_eq!(m.pushes(id), [], "the window is not over");
    m.pass(60 * MS);
    let [push] = m.pushes(id).try_into().expect("one push");
    assert_eq!((push.channel.as_str(), push.symbol.as_str(), push.kind), (DEALS, "BTCUSDT", 314));
    assert_eq!(
        (push.send_time, push.body.text(2).as_str()),
        (m.desk.millis(), "spot@public.aggre.deals.v3.api.pb@100ms")
    );
    let deals: Vec<(Vec<String>, u64, u64)> =
        push.body.messages(1).iter().map(|d| (d.texts(&[1, 2]), d.number(3), d.number(4))).collect();
    let deal = |price: &str, quantity: &str, side, at| (vec![price.to_owned(), quantity.to_owned()], side, at);
    assert_eq!(
        deals,
        [
            deal("30001.00", "0.05000000", 1, at - 40),
            deal("30001.00", "0.00123000", 1, at - 40),
            deal("30000.00", "0.00007000", 2, at),
        ]
    );
    let ids: Vec<String> = push.body.messages(1).iter().map(|d| d.text(5)).collect();
    assert_eq!(ids, ["505979017000000001X1", "505979017000000002X1", "505979017000000003X1"]);
    m.pass(S);
    assert_eq!(m.pushes(id), [], "nothing was traded");
}

#[test]
fn the_best_quote_is_the_one_at_the_end_of_a_window() {
    let mut m = Mexc::new();
    m.usual_quote();
    let id = m.subscribed("/ws", &[BEST, BATCH]);
    m.quote("BTCUSDT", (3_000_010, 1_000), (3_000_100, 100_000));
    m.quote("BTCUSDT", (3_000_020, 2_000), (3_000_100, 100_000));
    m.pass(10 * MS);
    let [best] = m.pushes(id).try_into().expect("one push: the last of them");
    assert_eq!((best.channel.as_str(), best.kind), (BEST, 315));
    assert_eq!(best.body.texts(&[1, 2, 3, 4]), ["30000.20", "0.02000000", "30001.00", "1.00000000"]);
    assert_eq!((best.body.text(5).as_str(), best.body.number(6)), ("4", m.desk.millis() - 10));
    m.pass(90 * MS);
    let [batch] = m.pushes(id).try_into().expect("one push");
    let items = batch.body.messages(1);
    assert_eq!((batch.kind, items.len(), batch.body.text(2).as_str()), (311, 1, "4"));
    assert_eq!(items[0].texts(&[1, 2, 3, 4, 5]), ["30000.20", "0.02000000", "30001.00", "1.00000000", ""]);
    // A client's order inside the spread is the best quote.
    m.limit("BUY", "30000.5", "0.01");
    m.pass(10 * MS);
    let [best] = m.pushes(id).try_into().expect("one push");
    assert_eq!(best.body.texts(&[1, 2]), ["30000.50", "0.01000000"]);
}

#[test]
fn a_book_kept_from_diffs_is_the_one_of_rest_and_of_limit_depths() {
    let mut m = Mexc::new();
    m.usual_quote();
    let id = m.subscribed("/ws", &[DIFF, LIMIT]);
    let snapshot = m.get("depth?symbol=BTCUSDT&limit=1000").ok();
    let mut version = snapshot["lastUpdateId"].as_u64().expect("an id");
    let mut book: std::collections::BTreeMap<(u64, String), String> = std::collections::BTreeMap::new();
    for (side, name) in [(1, "asks"), (2, "bids")] {
        for level in snapshot[name].as_array().expect("a list") {
            let text = |i: usize| level[i].as_str().expect("text").to_owned();
            book.insert((side, text(0)), text(1));
        }
    }
    let mut limits: Vec<Push> = Vec::new();
    for turn in 0..40_i64 {
        m.quote("BTCUSDT", (3_000_000 - turn % 7, 100_000 + turn), (3_000_100 + turn % 5, 90_000));
        if turn % 3 == 0 {
            m.limit("SELL", "30010", "0.01");
        }
        m.pass(37 * MS);
        for push in m.pushes(id) {
            if push.kind == 303 {
                limits.push(push);
                continue;
            }
            assert_eq!((push.kind, push.body.text(3).as_str()), (313, "spot@public.aggre.depth.v3.api.pb@100ms"));
            let [from, to] = [4, 5].map(|n| push.body.text(n).parse::<u64>().expect("a number"));
            // The first may reach back behind the snapshot; all others follow each other.
            assert!(from == version + 1 || (from <= version && to >= version), "{from}..{to} after {version}");
            version = to;
            for side in [1, 2] {
                for level in push.body.messages(side) {
                    let [price, quantity] = level.texts(&[1, 2]).try_into().expect("two");
                    if quantity == "0.00000000" {
                        book.remove(&(side, price));
                    } else {
                        book.insert((side, price), quantity);
                    }
                }
            }
        }
    }
    m.pass(200 * MS);
    let rest = m.pushes(id);
    assert!(rest.iter().all(|p| p.kind == 303 || p.body.text(5).parse::<u64>().is_ok_and(|to| to > version)));
    for push in rest.into_iter().filter(|p| p.kind == 313) {
        for side in [1, 2] {
            for level in push.body.messages(side) {
                let [price, quantity] = level.texts(&[1, 2]).try_into().expect("two");
                if quantity == "0.00000000" {
                    book.remove(&(side, price))
                } else {
                    book.insert((side, price), quantity)
                };
            }
        }
    }
    let now = m.get("depth?symbol=BTCUSDT&limit=1000").ok();
    for (side, name) in [(1, "asks"), (2, "bids")] {
        let mine = book.iter().filter(|((s, _), _)| *s == side).count();
        let theirs = now[name].as_array().expect("a list");
        assert_eq!(mine, theirs.len(), "{name}");
        for level in theirs {
            let text = |i: usize| level[i].as_str().expect("text").to_owned();
            assert_eq!(book.get(&(side, text(0))), Some(&text(1)), "{name}");
        }
    }
    let versions: Vec<u64> = limits.iter().map(|p| p.body.text(4).parse().expect("a number")).collect();
    assert!(versions.len() > 5 && versions.windows(2).all(|w| w[0] < w[1]), "{versions:?}");
    let last = limits.last().expect("some");
    assert!(last.body.messages(1).len() <= 5 && last.create_time > 0);
}

#[test]
fn bars_are_told_when_they_changed() {
    let mut m = Mexc::new();
    m.usual_quote();
    m.print(Side::Buy, 3_000_100, &[5_000]);
    let id = m.subscribed("/ws", &[BARS]);
    m.pass(S);
    let [bar] = m.pushes(id).try_into().expect("one push");
    let start = m.desk.now / S - m.desk.now / S % 60;
    assert_eq!((bar.kind, bar.body.text(1).as_str()), (308, "Min1"));
    assert_eq!((bar.body.number(2), bar.body.number(9)), (start, start + 60));
    assert_eq!(bar.body.texts(&[3, 4, 5, 6, 7, 8]), ["30001", "30001", "30001", "30001", "0.05", "1500.05"]);
    m.pass(10 * S);
    assert_eq!(m.pushes(id), []);
    m.print(Side::Sell, 3_000_000, &[1_000]);
    m.pass(S);
    let [bar] = m.pushes(id).try_into().expect("one push");
    assert_eq!(bar.body.texts(&[3, 4, 5, 6, 7]), ["30001", "30000", "30001", "30000", "0.06"]);
}

#[test]
fn a_bar_is_told_as_it_ended() {
    let mut m = Mexc::new();
    m.usual_quote();
    m.print(Side::Buy, 3_000_100, &[5_000]);
    let id = m.subscribed("/ws", &[BARS]);
    let start = m.desk.now / S - m.desk.now / S % 60;
    // Half a second before the minute is over.
    m.pass((start + 60) * S - m.desk.now - 500 * MS);
    m.pushes(id);
    m.print(Side::Sell, 3_000_000, &[1_000]);
    m.pass(500 * MS);
    let told = |pushes: Vec<Push>| -> Vec<(u64, Vec<String>)> {
        pushes.iter().map(|p| (p.body.number(2), p.body.texts(&[3, 4, 7]))).collect()
    };
    let bar = |start, texts: [&str; 3]| (start, texts.map(str::to_owned).to_vec());
    let ended = bar(start, ["30001", "30000", "0.06"]);
    assert_eq!(told(m.pushes(id)), [ended, bar(start + 60, ["30000", "30000", "0"])]);
    m.pass(10 * S);
    assert_eq!(m.pushes(id), []);
    m.print(Side::Buy, 3_000_100, &[2_000]);
    m.pass(S);
    assert_eq!(told(m.pushes(id)), [bar(start + 60, ["30001", "30001", "0.02"])]);
}

#[test]
fn who_comes_anew_is_told_the_state_anew() {
    let mut m = Mexc::new();
    m.usual_quote();
    m.print(Side::Buy, 3_000_100, &[5_000]);
    let names = [BEST, BATCH, LIMIT, BARS];
    let id = m.subscribed("/ws", &names);
    let told = |m: &mut Mexc| {
        m.pass(S);
        let mut channels: Vec<String> = m.pushes(id).into_iter().map(|p| p.channel).collect();
        channels.sort();
        channels
    };
    let mut all = names.map(str::to_owned).to_vec();
    all.sort();
    assert_eq!(told(&mut m), all);
    assert_eq!(told(&mut m), Vec::<String>::new(), "nothing changed");
    m.ask(id, &json!({ "method": "UNSUBSCRIPTION", "params": names }));
    m.pass(S);
    m.ask(id, &json!({ "method": "SUBSCRIPTION", "params": names }));
    assert_eq!(told(&mut m), all);
}

#[test]
fn who_asks_for_more_loses_nothing_of_what_is_due() {
    let mut m = Mexc::new();
    m.usual_quote();
    let id = m.subscribed("/ws", &[DEALS]);
    m.print(Side::Buy, 3_000_100, &[5_000]);
    m.desk.now += 100 * MS;
    m.say(id, &json!({ "method": "SUBSCRIPTION", "params": [BEST] }).to_string());
    let frames = m.frames(id);
    assert!(matches!(frames.as_slice(), [Frame::Binary(_), Frame::Text(_)]), "{frames:?}");
    // A listen key that is over ends its connection, also where that asks for something at that moment.
    let key = m.listen_key(KEY);
    let id = m.subscribed(&format!("/ws?listenKey={key}"), &[ORDERS]);
    m.desk.now += 3_600 * S;
    m.say(id, &json!({ "method": "SUBSCRIPTION", "params": [BEST] }).to_string());
    assert!(m.frames(id).contains(&Frame::Close(1000)));
}

#[test]
fn more_deals_than_a_push_holds_come_in_several() {
    let mut m = Mexc::new();
    m.usual_quote();
    let key = m.listen_key(KEY);
    let own = m.subscribed(&format!("/ws?listenKey={key}"), &[OWN]);
    let id = m.subscribed("/ws", &[DEALS]);
    m.limit("SELL", "30001", "0.1");
    m.limit("BUY", "30001", "1.1");
    let itself: Vec<(u64, u64)> = m.pushes(own).iter().map(|p| (p.body.number(4), p.body.number(6))).collect();
    assert_eq!(itself, [(1, 0), (2, 1), (1, 1)], "bought from the market, then sold to itself");
    m.print(Side::Buy, 3_000_100, &[1; 20_001]);
    m.pass(100 * MS);
    let pushes = m.pushes(id);
    let ids: Vec<String> = pushes.iter().flat_map(|p| p.body.messages(1)).map(|d| d.text(5)).collect();
    let wanted: Vec<String> = (1..=20_003).map(|n| format!("{}X1", 505_979_017_000_000_000_u64 + n)).collect();
    assert!(pushes.len() > 1 && ids == wanted, "{} deals in {} pushes", ids.len(), pushes.len());
    // The public history is shorter than that; an account's own says still whom it traded with.
    let mine = m.signed(KEY, "GET", "myTrades", "symbol=BTCUSDT").ok();
    let mine: Vec<bool> =
        mine.as_array().expect("a list").iter().map(|t| t["isSelfTrade"].as_bool().expect("a truth")).collect();
    assert_eq!(mine, [true, true, false]);
}

#[test]
fn answers_to_what_is_asked() {
    let mut m = Mexc::new();
    let id = m.desk.connect("/ws");
    assert_eq!(m.ask(id, &json!({ "method": "PING" })), json!({ "id": 0, "code": 0, "msg": "PONG" }));
    let both = m.ask(id, &json!({ "id": 7, "method": "SUBSCRIPTION", "params": [DEALS, BEST] }));
    assert_eq!(both, json!({ "id": 7, "code": 0, "msg": format!("{DEALS},{BEST}") }));
    for name in [
        "spot@public.deals.v3.api.pb@BTCUSDT",
        "spot@public.aggre.deals.v3.api.pb@100ms@NOPE",
        "spot@public.aggre.deals.v3.api.pb@100ms@btcusdt",
        "btcusdt@trade",
        ORDERS,
    ] {
        let refused = m.ask(id, &json!({ "method": "SUBSCRIPTION", "params": [name] }));
        let text = format!("Not Subscribed successfully! [{name}].  Reason： Blocked! ");
        assert_eq!(refused, json!({ "id": 0, "code": 0, "msg": text }), "failure has code 0, too");
    }
    let ended = m.ask(id, &json!({ "method": "UNSUBSCRIPTION", "params": [DEALS] }));
    assert_eq!(ended["msg"], json!(DEALS));
    m.usual_quote();
    m.print(Side::Buy, 3_000_100, &[1]);
    m.pass(S);
    assert!(m.pushes(id).iter().all(|p| p.channel == BEST));
    m.say(id, "no JSON");
    assert_eq!(m.frames(id), [Frame::Close(1008)]);
}

#[test]
fn thirty_streams_a_connection_and_a_hundred_messages_a_second() {
    let mut m = Mexc::new();
    let id = m.desk.connect("/ws");
    let name = |i: usize| match i {
        0..10 => {
            let interval = ["Min1", "Min5", "Min15", "Min30", "Min60", "Hour4", "Hour8", "Day1", "Week1", "Month1"][i];
            format!("spot@public.kline.v3.api.pb@BTCUSDT@{interval}")
        }
        10..20 => name_of_mx(i - 10),
        20..26 => {
            let what = ["deals", "bookTicker", "depth"][(i - 20) / 2];
            format!("spot@public.aggre.{what}.v3.api.pb@{}0ms@BTCUSDT", if i.is_multiple_of(2) { "1" } else { "10" })
        }
        26..29 => format!("spot@public.limit.depth.v3.api.pb@BTCUSDT@{}", [5, 10, 20][i - 26]),
        29 => BATCH.to_owned(),
        _ => format!("spot@public.limit.depth.v3.api.pb@MXUSDT@{}", [5, 10, 20][i - 30]),
    };
    for i in 0..30 {
        let answer = m.ask(id, &json!({ "method": "SUBSCRIPTION", "params": [name(i)] }));
        assert_eq!(answer["msg"], json!(name(i)));
    }
    let more = m.ask(id, &json!({ "method": "SUBSCRIPTION", "params": [name(30)] }));
    assert!(more["msg"].as_str().is_some_and(|t| t.starts_with("Not Subscribed successfully!")), "{more}");
    let again = m.ask(id, &json!({ "method": "SUBSCRIPTION", "params": [name(0)] }));
    assert_eq!(again["msg"], json!(name(0)), "one that it has is none more");
    m.pass(S);
    let _ = m.frames(id);
    for _ in 0..100 {
        m.say(id, "{\"method\":\"PING\"}");
    }
    assert!(m.frames(id).iter().all(|f| matches!(f, Frame::Text(_))));
    m.say(id, "{\"method\":\"PING\"}");
    assert_eq!(m.frames(id), [Frame::Close(1008)], "the hundred and first within a second");
}

fn name_of_mx(i: usize) -> String {
    let interval = ["Min1", "Min5", "Min15", "Min30", "Min60", "Hour4", "Hour8", "Day1", "Week1", "Month1"][i];
    format!("spot@public.kline.v3.api.pb@MXUSDT@{interval}")
}

#[test]
fn the_idle_are_closed_unless_they_ping() {
    let mut m = Mexc::new();
    let (silent, pinging) = (m.desk.connect("/ws"), m.desk.connect("/ws"));
    let subscribed = m.subscribed("/ws", &[DEALS]);
    for _ in 0..3 {
        m.pass(10 * S - MS);
        m.ask(pinging, &json!({ "method": "PING" }));
    }
    m.pass(10 * MS);
    assert_eq!(m.frames(silent), [Frame::Close(1001)], "30 s without a subscription");
    m.pass(20 * S);
    assert!(!m.frames(subscribed).contains(&Frame::Close(1001)));
    m.pass(11 * S);
    assert!(m.frames(subscribed).contains(&Frame::Close(1001)), "60 s without data");
    let ended = m.frames(pinging).contains(&Frame::Close(1001));
    assert!(ended, "its last ping was half a minute ago");
    // Whoever gets data stays, ping or not.
    m.usual_quote();
    let fed = m.subscribed("/ws", &[DEALS]);
    for _ in 0..10 {
        m.print(Side::Buy, 3_000_100, &[1]);
        m.pass(20 * S);
    }
    assert_eq!(m.desk.venue.state(fed), ConnectionState::Open);
    m.pass(41 * S);
    assert!(m.frames(fed).contains(&Frame::Close(1001)), "its last push was a minute ago");
}

#[test]
fn an_account_is_told_of_orders_deals_and_balances() {
    let mut m = Mexc::new();
    m.usual_quote();
    let key = m.listen_key(KEY);
    let id = m.subscribed(&format!("/ws?listenKey={key}"), &[ACCOUNT, OWN, ORDERS]);
    let other = m.listen_key(OTHER_KEY);
    let other = m.subscribed(&format!("/ws?listenKey={other}"), &[ORDERS]);
    let order = m.limit("BUY", "30000.5", "0.5");
    let pushes = m.pushes(id);
    let kinds: Vec<u64> = pushes.iter().map(|p| p.kind).collect();
    assert_eq!(kinds, [304, 307]);
    let new = &pushes[0];
    assert_eq!((new.channel.as_str(), new.symbol.as_str(), new.body.text(1)), (ORDERS, "BTCUSDT", order.clone()));
    assert_eq!(
        new.body.texts(&[3, 4, 5, 6, 10, 11, 13, 14]),
        ["30000.5", "0.5", "15000.25", "0", "15000.25", "0.5", "0", "0"]
    );
    let numbers = |p: &Push| [7, 8, 9, 15].map(|n| p.body.number(n));
    assert_eq!((numbers(new), new.body.number(16)), ([1, 1, 0, 1], m.desk.millis()));
    let placed = &pushes[1].body;
    assert_eq!(
        placed.texts(&[1, 3, 4, 5, 6, 7]),
        ["USDT", "984999.75", "-15000.25", "15000.25", "15000.25", "ENTRUST_PLACE"]
    );
    // Somebody sells into it, then the rest is cancelled.
    m.print(Side::Sell, 3_000_050, &[20_000]);
    let pushes = m.pushes(id);
    let kinds: Vec<u64> = pushes.iter().map(|p| p.kind).collect();
    assert_eq!(kinds, [304, 306, 307, 307]);
    assert_eq!(numbers(&pushes[0]), [1, 1, 1, 3]);
    assert_eq!(pushes[0].body.texts(&[6, 11, 12, 13, 14]), ["30000.5", "0.3", "0.2", "0.2", "6000.1"]);
    let deal = &pushes[1].body;
    assert_eq!(deal.texts(&[1, 2, 3, 9, 10, 11]), ["30000.5", "0.2", "6000.1", &order, "0.00016", "BTC"]);
    assert_eq!([4, 5, 6].map(|n| deal.number(n)), [1, 1, 0]);
    let mine = m.signed(KEY, "GET", "myTrades", "symbol=BTCUSDT").ok();
    assert_eq!(mine[0]["id"].as_str(), Some(deal.text(7).as_str()), "one id everywhere");
    m.signed(KEY, "DELETE", "order", &format!("symbol=BTCUSDT&orderId={order}")).ok();
    let pushes = m.pushes(id);
    assert_eq!((numbers(&pushes[0]), pushes[1].body.text(7).as_str()), ([1, 1, 0, 5], "ENTRUST_CANCEL"));
    let btc = m.balance(KEY, "BTC");
    assert_eq!(btc, ("100.19984".to_owned(), "0".to_owned()));
    assert_eq!(m.pushes(other), [], "the other account is not told");
    m.desk.venue.deposit("first", "USDT", "5".parse().expect("a decimal"), m.desk.now).expect("paid in");
    assert_eq!(m.pushes(id)[0].body.texts(&[1, 4, 7]), ["USDT", "5", "DEPOSIT"]);
}

#[test]
fn only_what_is_subscribed_is_told() {
    let mut m = Mexc::new();
    m.usual_quote();
    let key = m.listen_key(KEY);
    let id = m.subscribed(&format!("/ws?listenKey={key}"), &[OWN]);
    let none = m.desk.connect(&format!("/ws?listenKey={key}"));
    m.place("side=BUY&type=MARKET&quoteOrderQty=3000.1");
    let kinds: Vec<u64> = m.pushes(id).iter().map(|p| p.kind).collect();
    assert_eq!(kinds, [306]);
    assert_eq!(m.pushes(none), []);
}

#[test]
fn listen_keys_live_for_an_hour_and_open_five_connections() {
    let mut m = Mexc::new();
    let key = m.listen_key(KEY);
    let second = m.listen_key(KEY);
    assert_ne!(key, second);
    assert_eq!(m.signed(KEY, "GET", "userDataStream", "").ok(), json!({ "listenKey": [key, second] }));
    let target = format!("/ws?listenKey={key}");
    let connections: Vec<_> = (0..5).map(|_| m.subscribed(&target, &[ORDERS])).collect();
    let sixth = m.desk.venue.open(m.desk.now).expect("room");
    let request = format!(
        "GET {target} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    );
    m.desk.venue.input(sixth, request.as_bytes(), m.desk.now);
    assert!(m.desk.raw(sixth).starts_with(b"HTTP/1.1 400 "), "five connections a key");
    let wrong = m.desk.venue.open(m.desk.now).expect("room");
    m.desk.venue.input(wrong, request.replace(&target, "/ws?listenKey=nobody").as_bytes(), m.desk.now);
    let answer = m.desk.raw(wrong);
    let end = answer.windows(4).position(|w| w == b"\r\n\r\n").expect("a head") + 4;
    let told = mexc_desk::read_frames(&answer[end..]);
    assert_eq!(told, [Frame::Text("Invalid listen key".to_owned()), Frame::Close(1008)]);
    assert_eq!(m.signed(OTHER_KEY, "PUT", "userDataStream", &format!("listenKey={key}")).code(), (400, 33_333));
    let ping_all = |m: &mut Mexc| {
        connections.iter().for_each(|id| m.say(*id, "{\"method\":\"PING\"}"));
        connections.iter().map(|id| m.frames(*id)).collect::<Vec<_>>()
    };
    for _ in 0..179 {
        m.pass(20 * S);
        ping_all(&mut m);
    }
    let kept = m.signed(KEY, "PUT", "userDataStream", &format!("listenKey={key}")).ok();
    assert_eq!(kept, json!({ "listenKey": key }));
    m.pass(30 * S);
    assert_eq!(m.signed(KEY, "GET", "userDataStream", "").ok(), json!({ "listenKey": [key] }), "the other ended");
    assert!(ping_all(&mut m).iter().flatten().all(|f| !matches!(f, Frame::Close(_))));
    m.signed(KEY, "DELETE", "userDataStream", &format!("listenKey={key}")).ok();
    for id in connections {
        assert!(m.frames(id).contains(&Frame::Close(1000)), "its key is no more");
    }
    for _ in 0..60 {
        m.listen_key(KEY);
    }
    assert_eq!(m.signed(KEY, "POST", "userDataStream", "").code(), (400, 33_333), "sixty an account");
}
