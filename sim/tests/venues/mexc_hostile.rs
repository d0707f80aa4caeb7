//! What clients send to MEXC's venue by mistake or malice: every answer is one of its own, nothing panics, no asset is
//! made or lost.

use crate::mexc_desk;

use crosstick_sim::ConnectionState;
use mexc_desk::{Frame, KEY, Mexc, OTHER_KEY};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::json;

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

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn requests_are_answered_and_money_stays(
        requests in vec((0..PATHS.len(), vec((0..NAMES.len(), values()), 0..7)), 1..6),
    ) {
        let mut m = Mexc::new();
        m.usual_quote();
        m.limit("SELL", "30000.5", "0.01");
        for (path, params) in requests {
            let (verb, path) = PATHS[path];
            let form: Vec<String> = params.iter().map(|(n, v)| format!("{}={}", NAMES[*n], encode(v))).collect();
            let answer = m.signed(OTHER_KEY, verb, path, &form.join("&"));
            let refused = answer.body["code"].is_i64() && answer.body["msg"].is_string();
            prop_assert!(answer.status == 200 || (matches!(answer.status, 400 | 404 | 429) && refused), "{answer:?}");
        }
        // The house sells and buys without end; what both accounts have is theirs.
        for key in [KEY, OTHER_KEY] {
            for asset in ["USDT", "BTC", "MX"] {
                let (free, locked) = m.balance(key, asset);
                prop_assert!(!free.starts_with('-') && !locked.starts_with('-'), "{asset}: {free} {locked}");
            }
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
