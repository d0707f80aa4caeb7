//! Whatever an account does: its events tell the same story as the queries, every answer has the documented fields
//! alone, and nothing that a client sends makes a venue panic or stay silent.

use crate::desk;

use std::collections::BTreeMap;

use crosstick_model::Side;
use crosstick_sim::Limits;
use desk::{By, Desk, MS, fields};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;
use serde_json::{Value, json};

/// One step of somebody.
#[derive(Debug, Clone)]
enum Step {
    /// An order of the account: type, whether it buys, cents from 30 000.00, thousandths of a BTC, STP mode.
    Place(usize, bool, i64, i64, usize),
    /// Cancels, amends or replaces the open order of this number, counted round.
    Cancel(usize),
    Amend(usize, i64),
    Replace(usize, i64),
    /// Another account's LIMIT order.
    Other(bool, i64, i64),
    /// The market quotes around 30 000.00 plus so many cents, and trades.
    Quote(i64),
    Print(bool, i64, i64),
}

const KINDS: [&str; 9] = [
    "type=LIMIT&timeInForce=GTC&price={p}&quantity={q}",
    "type=LIMIT&timeInForce=IOC&price={p}&quantity={q}",
    "type=LIMIT&timeInForce=FOK&price={p}&quantity={q}",
    "type=LIMIT_MAKER&price={p}&quantity={q}",
    "type=MARKET&quantity={q}",
    "type=MARKET&quoteOrderQty=500",
    "type=STOP_LOSS&stopPrice={p}&quantity={q}",
    "type=TAKE_PROFIT_LIMIT&timeInForce=GTC&stopPrice={p}&price={p}&quantity={q}",
    "type=LIMIT&timeInForce=GTC&price={p}&quantity={q}&icebergQty={q}&strategyId=7&strategyType=1000000",
];
const STP: [&str; 5] = ["NONE", "EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH", "DECREMENT"];

fn step() -> impl Strategy<Value = Step> {
    let cents = -300i64..300;
    let size = 1i64..400;
    prop_oneof![
        6 => (0..KINDS.len(), any::<bool>(), cents.clone(), size.clone(), 0..STP.len())
            .prop_map(|(k, b, p, q, s)| Step::Place(k, b, p, q, s)),
        2 => any::<usize>().prop_map(Step::Cancel),
        1 => (any::<usize>(), size.clone()).prop_map(|(o, q)| Step::Amend(o, q)),
        1 => (any::<usize>(), cents.clone()).prop_map(|(o, p)| Step::Replace(o, p)),
        2 => (any::<bool>(), cents.clone(), size.clone()).prop_map(|(b, p, q)| Step::Other(b, p, q)),
        2 => cents.clone().prop_map(Step::Quote),
        2 => (any::<bool>(), cents, size).prop_map(|(b, p, q)| Step::Print(b, p, q)),
    ]
}

fn price(cents: i64) -> String {
    format!("{}.{:02}", 30_000 + cents.div_euclid(100), cents.rem_euclid(100))
}

fn quantity(thousandths: i64) -> String {
    format!("0.{thousandths:03}")
}

fn order(kind: usize, buys: bool, cents: i64, size: i64) -> String {
    let side = if buys { "BUY" } else { "SELL" };
    let rest = KINDS[kind].replace("{p}", &price(cents)).replace("{q}", &quantity(size));
    format!("symbol=BTCUSDT&side={side}&{rest}")
}

/// What a subscriber knows from events alone.
#[derive(Default)]
struct Story {
    orders: BTreeMap<u64, (String, String)>,
    balances: BTreeMap<String, (String, String)>,
    last_execution: u64,
}

const REPORT: [&str; 34] = [
    "e", "E", "s", "c", "S", "o", "f", "q", "p", "P", "F", "g", "C", "x", "X", "r", "i", "l", "z", "L", "n", "N", "T",
    "t", "I", "w", "m", "M", "O", "Z", "Y", "Q", "V", "W",
];
/// Fields that only some reports have.
const REPORT_RARE: [&str; 12] = ["W", "v", "j", "J", "A", "B", "u", "U", "Cs", "pl", "pL", "pY"];

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

impl Story {
    fn hear(&mut self, frames: &[Value]) -> TestCaseResult {
        for frame in frames {
            let event = &frame["event"];
            let names = fields(event);
            match event["e"].as_str() {
                Some("executionReport") => {
                    let rare = |n: &&str| REPORT_RARE.contains(n) || *n == "eR";
                    prop_assert!(names.iter().all(|n| REPORT.contains(n) || rare(n)), "{event}");
                    prop_assert!(REPORT.iter().all(|n| names.contains(n) || rare(n)), "{event}");
                    let execution = event["I"].as_u64().unwrap_or_default();
                    prop_assert!(execution > self.last_execution, "{event}");
                    self.last_execution = execution;
                    let id = event["i"].as_u64().expect("an id");
                    self.orders.insert(id, (text(&event["X"]), text(&event["z"])));
                }
                Some("outboundAccountPosition") => {
                    prop_assert_eq!(names, ["e", "E", "u", "B"]);
                    for balance in event["B"].as_array().expect("balances") {
                        self.balances.insert(text(&balance["a"]), (text(&balance["f"]), text(&balance["l"])));
                    }
                }
                _ => prop_assert!(false, "{frame}"),
            }
        }
        Ok(())
    }

    /// The queries say what the events said.
    fn agrees(&self, desk: &mut Desk) -> TestCaseResult {
        const ORDER: [&str; 20] = [
            "symbol",
            "orderId",
            "orderListId",
            "clientOrderId",
            "price",
            "origQty",
            "executedQty",
            "cummulativeQuoteQty",
            "status",
            "timeInForce",
            "type",
            "side",
            "stopPrice",
            "icebergQty",
            "time",
            "updateTime",
            "isWorking",
            "workingTime",
            "origQuoteOrderQty",
            "selfTradePreventionMode",
        ];
        const RARE: [&str; 5] = ["strategyId", "strategyType", "preventedMatchId", "preventedQuantity", "expiryReason"];
        let all = desk.signed(By::Hmac, "GET", "allOrders", "symbol=BTCUSDT&limit=1000").ok();
        let all = all.as_array().expect("a list");
        prop_assert_eq!(all.len(), self.orders.len());
        for order in all {
            let names = fields(order);
            prop_assert_eq!(&names[..ORDER.len()], &ORDER);
            prop_assert!(names[ORDER.len()..].iter().all(|n| RARE.contains(n)), "{}", order);
            let id = order["orderId"].as_u64().expect("an id");
            prop_assert_eq!(self.orders.get(&id), Some(&(text(&order["status"]), text(&order["executedQty"]))));
        }
        let account = desk.signed(By::Hmac, "GET", "account", "").ok();
        for balance in account["balances"].as_array().expect("balances") {
            if let Some(told) = self.balances.get(&text(&balance["asset"])) {
                prop_assert_eq!(told, &(text(&balance["free"]), text(&balance["locked"])));
            }
        }
        Ok(())
    }
}

/// The open order of this number, counted round; 0 where there is none.
fn open(desk: &mut Desk, number: usize) -> u64 {
    let open = desk.signed(By::Hmac, "GET", "openOrders", "symbol=BTCUSDT").ok();
    let list = open.as_array().expect("a list");
    if list.is_empty() { 0 } else { list[number % list.len()]["orderId"].as_u64().unwrap_or_default() }
}

/// Does a step; the status that the account's own request was answered with.
fn take(desk: &mut Desk, step: &Step) -> u16 {
    let signed = |desk: &mut Desk, verb: &str, path: &str, params: String| desk.signed(By::Hmac, verb, path, &params);
    match *step {
        Step::Place(kind, buys, cents, size, stp) => {
            let params = format!("{}&selfTradePreventionMode={}", order(kind, buys, cents, size), STP[stp]);
            signed(desk, "POST", "order", params).status
        }
        Step::Cancel(number) => {
            let id = open(desk, number);
            signed(desk, "DELETE", "order", format!("symbol=BTCUSDT&orderId={id}")).status
        }
        Step::Amend(number, size) => {
            let id = open(desk, number);
            let params = format!("symbol=BTCUSDT&orderId={id}&newQty={}", quantity(size));
            signed(desk, "PUT", "order/amend/keepPriority", params).status
        }
        Step::Replace(number, cents) => {
            let id = open(desk, number);
            let order = order(0, true, cents, 10);
            let params = format!("{order}&cancelReplaceMode=ALLOW_FAILURE&cancelOrderId={id}");
            signed(desk, "POST", "order/cancelReplace", params).status
        }
        Step::Other(buys, cents, size) => {
            desk.signed(By::Other, "POST", "order", &order(0, buys, cents, size));
            200
        }
        Step::Quote(cents) => {
            desk.quote("BTCUSDT", (3_000_000 + cents, 100_000), (3_000_100 + cents, 100_000));
            200
        }
        Step::Print(buys, cents, size) => {
            desk.print("BTCUSDT", if buys { Side::Buy } else { Side::Sell }, 3_000_000 + cents, size * 100);
            200
        }
    }
}

fn generous() -> Limits {
    Limits { weight_per_minute: 1_000_000, orders_per_ten_seconds: 10_000, ..Limits::SPOT }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn events_and_queries_tell_the_same_story(steps in prop::collection::vec(step(), 1..80)) {
        let mut desk = Desk::with_limits(&generous());
        desk.usual_quote();
        desk.print("BTCUSDT", Side::Buy, 3_000_100, 1_000);
        let id = desk.subscribed();
        let mut story = Story::default();
        for step in &steps {
            desk.now += 20 * MS;
            let status = take(&mut desk, step);
            prop_assert!(matches!(status, 200 | 400 | 409), "{step:?}: {status}");
            let frames = desk.frames(id);
            story.hear(&frames)?;
        }
        story.agrees(&mut desk)?;
    }

    #[test]
    fn any_query_gets_an_answer(
        path in prop::sample::select(vec![
            "order", "depth", "klines", "ticker/24hr", "exchangeInfo", "myTrades", "order/test",
        ]),
        verb in prop::sample::select(vec!["GET", "POST", "DELETE", "PUT"]),
        query in concat!(
            "(symbol|symbols|limit|interval|timestamp|signature|startTime|timeZone",
            "|quantity|%|=|&|\\[|\"|[A-Z]{1,7}|[0-9.]{1,21}|-|\\+){0,14}",
        ),
        body in "(side|price|type|=|&|%2[0-9a-f]|[a-zA-Z0-9.]{0,6}){0,10}",
    ) {
        let mut desk = Desk::new();
        let signed = desk.signed_payload(By::Hmac, verb, path, &query);
        prop_assert!(matches!(signed.status, 200 | 400 | 401 | 405), "{signed:?}");
        let key = [("X-MBX-APIKEY", By::Hmac.key())];
        let answer = desk.request(verb, &format!("/api/v3/{path}?{query}"), &key, &body);
        prop_assert!(matches!(answer.status, 200 | 400 | 401 | 405), "{answer:?}");
        prop_assert!(answer.status == 200 || answer.body["code"].is_i64(), "{answer:?}");
    }

    #[test]
    fn any_text_gets_an_answer(
        text in concat!(
            "(\\{|\\}|\\[|\\]|\"|:|,|id|method|params|order\\.place|session\\.logon",
            "|ping|apiKey|timestamp|null|[0-9]{1,20}|é| ){0,20}",
        ),
        method in concat!(
            "(v3/)?(order\\.(place|cancel|test)|session\\.(logon|status)",
            "|depth|userDataStream\\.(subscribe|unsubscribe))",
        ),
        name in "(symbol|apiKey|signature|timestamp|subscriptionId|limit)",
        value in "([a-zA-Z0-9.]{0,8}|-1|null|true|\\[\\])",
    ) {
        let mut desk = Desk::new();
        let id = desk.connect("/ws-api/v3");
        prop_assert_eq!(desk.text(id, &text).len(), 1);
        let request = json!({ "id": 1, "method": method, "params": { name: value } }).to_string();
        let answer = desk.text(id, &request);
        prop_assert_eq!(answer.len(), 1);
        prop_assert!(answer[0]["status"].is_u64() && answer[0]["id"] == json!(1), "{}", answer[0]);
    }
}
