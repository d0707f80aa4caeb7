//! What clients send to MEXC's venue by mistake or malice: every answer is one of its own, nothing panics, no asset is
//! made or lost.

use crate::mexc_desk;

use crosstick_model::{Decimal, Side};
use crosstick_sim::ConnectionState;
use mexc_desk::{Frame, KEY, Mexc, OTHER_KEY};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};

const PATHS: [(&str, &str); 12] = [
    ("POST", "order"),
    ("POST", "order/test"),
    ("POST", "batchOrders"),
    ("DELETE", "order"),
    ("DELETE", "openOrders"),
    ("GET", "order"),
    ("GET", "openOrders"),
    ("GET", "allOrders"),
    ("GET", "myTrades"),
    ("GET", "klines"),
    ("GET", "depth"),
    ("PUT", "userDataStream"),
];
const NAMES: [&str; 12] = [
    "symbol",
    "side",
    "type",
    "quantity",
    "price",
    "quoteOrderQty",
    "orderId",
    "origClientOrderId",
    "newClientOrderId",
    "batchOrders",
    "limit",
    "interval",
];

fn encode(text: &str) -> String {
    text.bytes().map(|b| format!("%{b:02X}")).collect()
}

fn values() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("BTCUSDT".to_owned()),
        Just("BUY".to_owned()),
        Just("SELL".to_owned()),
        Just("LIMIT".to_owned()),
        Just("MARKET".to_owned()),
        "[0-9]{1,6}(\\.[0-9]{1,6})?",
        "[0-9]{1,40}",
        "C02__[0-9]{0,24}",
        "\\PC{0,12}",
    ]
}

/// What happens at the venue.
#[derive(Debug, Clone)]
enum Step {
    /// A request of the second account, right or wrong.
    Any(usize, Vec<(usize, String)>),
    /// An order that the venue takes: whose, side, type, price in half USDT about the market's, quantity in steps.
    Order { other: bool, buy: bool, kind: usize, price: i64, quantity: i64 },
    /// A cancel of one of an account's open orders.
    Cancel { other: bool, nth: usize },
    /// The market trades.
    Print { buy: bool, quantity: i64 },
}

const KINDS: [&str; 5] = ["LIMIT", "MARKET", "LIMIT_MAKER", "IMMEDIATE_OR_CANCEL", "FILL_OR_KILL"];

fn steps() -> impl Strategy<Value = Step> {
    let order = (any::<bool>(), any::<bool>(), 0..KINDS.len(), -100i64..=100, 1i64..=50);
    prop_oneof![
        2 => (0..PATHS.len(), vec((0..NAMES.len(), values()), 0..7)).prop_map(|(path, params)| Step::Any(path, params)),
        5 => order.prop_map(|(other, buy, kind, price, quantity)| Step::Order { other, buy, kind, price, quantity }),
        1 => (any::<bool>(), 0usize..4).prop_map(|(other, nth)| Step::Cancel { other, nth }),
        1 => (any::<bool>(), 1i64..=5_000).prop_map(|(buy, quantity)| Step::Print { buy, quantity }),
    ]
}

const fn key_of(other: bool) -> &'static str {
    if other { OTHER_KEY } else { KEY }
}

/// A number at 1e-16.
fn units(value: &Value) -> i128 {
    let number: Decimal = value.as_str().expect("text").parse().expect("a number");
    number.at_scale_i128(16).expect("sixteen decimals at most")
}

/// A price times a quantity, both at 1e-16; neither has more than eight decimals.
fn times(price: i128, quantity: i128) -> i128 {
    (price / 100_000_000) * (quantity / 100_000_000)
}

fn list(m: &mut Mexc, key: &str, path: &str) -> Vec<Value> {
    m.signed(key, "GET", path, "symbol=BTCUSDT").ok().as_array().expect("a list").clone()
}

/// What an account has is what it began with and what its fills did; what is locked is what its open orders may give.
fn accounts_for_all(m: &mut Mexc, key: &str) {
    let (mut usdt, mut btc) = (1_000_000 * 10i128.pow(16), 100 * 10i128.pow(16));
    let fills = list(m, key, "myTrades");
    assert!(fills.len() < 100, "all of them are in one answer");
    for fill in fills {
        let [price, quantity, value, paid] = ["price", "qty", "quoteQty", "commission"].map(|n| units(&fill[n]));
        assert_eq!(value, times(price, quantity), "{fill}");
        let rate = if fill["isMaker"] == json!(true) { 8 } else { 10 };
        if fill["isBuyer"] == json!(true) {
            assert_eq!((paid, &fill["commissionAsset"]), (quantity * rate / 10_000, &json!("BTC")), "{fill}");
            (usdt, btc) = (usdt - value, btc + quantity - paid);
        } else {
            assert_eq!((paid, &fill["commissionAsset"]), (value * rate / 10_000, &json!("USDT")), "{fill}");
            (usdt, btc) = (usdt + value - paid, btc - quantity);
        }
    }
    let mut locked = (0, 0);
    for order in list(m, key, "openOrders") {
        let rest = units(&order["origQty"]) - units(&order["executedQty"]);
        match order["side"].as_str() {
            Some("BUY") => locked.0 += times(units(&order["price"]), rest),
            _ => locked.1 += rest,
        }
    }
    for (asset, whole, locked) in [("USDT", usdt, locked.0), ("BTC", btc, locked.1)] {
        let (free, held) = m.balance(key, asset);
        assert_eq!((units(&json!(free)), units(&json!(held))), (whole - locked, locked), "{asset}");
        assert!(whole >= locked && locked >= 0, "{asset}: {whole} {locked}");
    }
}

fn take(m: &mut Mexc, step: Step) {
    match step {
        Step::Any(path, params) => {
            let (verb, path) = PATHS[path];
            let form: Vec<String> = params.iter().map(|(n, v)| format!("{}={}", NAMES[*n], encode(v))).collect();
            let answer = m.signed(OTHER_KEY, verb, path, &form.join("&"));
            let refused = answer.body["code"].is_i64() && answer.body["msg"].is_string();
            assert!(answer.status == 200 || (matches!(answer.status, 400 | 404 | 429) && refused), "{answer:?}");
        }
        Step::Order { other, buy, kind, price, quantity } => {
            m.usual_quote();
            let (side, kind) = (if buy { "BUY" } else { "SELL" }, KINDS[kind]);
            let quantity = quantity * 100;
            let size = match (kind, buy) {
                ("MARKET", true) => format!("quoteOrderQty={}", quantity / 3),
                _ => format!("quantity={}", Decimal::new(quantity.into(), 5)),
            };
            let at = Decimal::new((300_005 + price * 5).into(), 1);
            let price = if kind == "MARKET" { String::new() } else { format!("&price={at}") };
            let order = format!("symbol=BTCUSDT&side={side}&type={kind}&{size}{price}");
            let answer = m.signed(key_of(other), "POST", "order", &order);
            // What the wild requests bound may be missing to their account.
            let poor = other && answer.body["code"] == json!(30_004);
            let meets = kind == "LIMIT_MAKER" && answer.body["code"] == json!(30_041);
            assert!(answer.status == 200 || poor || meets, "{order}: {answer:?}");
        }
        Step::Cancel { other, nth } => {
            if let Some(order) = list(m, key_of(other), "openOrders").get(nth) {
                let which = format!("symbol=BTCUSDT&orderId={}", order["orderId"].as_str().expect("an id"));
                m.signed(key_of(other), "DELETE", "order", &which).ok();
            }
        }
        Step::Print { buy: true, quantity } => m.print(Side::Buy, 3_000_100, &[quantity]),
        Step::Print { buy: false, quantity } => m.print(Side::Sell, 3_000_000, &[quantity]),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn requests_are_answered_and_money_stays(steps in vec(steps(), 1..12)) {
        let mut m = Mexc::new();
        m.usual_quote();
        m.print(Side::Buy, 3_000_100, &[1]);
        m.limit("SELL", "30000.5", "0.01");
        steps.into_iter().for_each(|step| take(&mut m, step));
        for key in [KEY, OTHER_KEY] {
            accounts_for_all(&mut m, key);
        }
    }

    #[test]
    fn messages_are_answered_or_end_the_connection(
        texts in vec(prop_oneof![
            "\\PC{0,40}",
            "(SUBSCRIPTION|UNSUBSCRIPTION|PING|[A-Z]{0,8})".prop_map(|m| json!({ "method": m, "params": [m, 7] }).to_string()),
            vec("spot@public\\.[a-zA-Z.]{0,24}@(10ms|100ms|BTCUSDT)@(BTCUSDT|5|\\PC{0,6})", 0..40)
                .prop_map(|names| json!({ "method": "SUBSCRIPTION", "params": names }).to_string()),
        ], 1..20),
    ) {
        let mut m = Mexc::new();
        let id = m.desk.connect("/ws");
        for text in texts {
            m.say(id, &text);
            let frames = m.frames(id);
            let one = matches!(frames.as_slice(), [Frame::Text(_) | Frame::Close(1008)]);
            prop_assert!(one, "{text}: {frames:?}");
            if frames.contains(&Frame::Close(1008)) {
                return Ok(());
            }
        }
        prop_assert_eq!(m.desk.venue.state(id), ConnectionState::Open);
    }
}
