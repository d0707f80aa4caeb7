//! The documented signatures, as raw requests; each altered by one character is refused.

use crate::desk;

use desk::{By, DOC_KEY, Desk, ED_KEY, MS, RSA_KEY, encode};
use serde_json::{Value, json};

/// What a REST vector signs, its signature, and the key.
struct Vector {
    key: &'static str,
    payload: &'static str,
    signature: &'static str,
    at_ms: u64,
}

const R1: Vector = Vector {
    key: DOC_KEY,
    payload: "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000&\
              timestamp=1499827319559",
    signature: "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71",
    at_ms: 1_499_827_319_559,
};
const R2: Vector = Vector {
    key: DOC_KEY,
    payload: "symbol=%EF%BC%91%EF%BC%92%EF%BC%93%EF%BC%94%EF%BC%95%EF%BC%96&side=BUY&type=LIMIT&timeInForce=GTC&\
              quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559",
    signature: "e1353ec6b14d888f1164ae9af8228a3dbd508bc82eb867db8ab6046442f33ef3",
    at_ms: 1_499_827_319_559,
};
/// Derived with the documentation's Ed25519 key.
const E1: Vector = Vector {
    key: ED_KEY,
    payload: "symbol=BTCUSDT&side=SELL&type=LIMIT&timeInForce=GTC&quantity=1&price=0.2&timestamp=1668481559918&\
              recvWindow=5000",
    signature: "inDT086KVIP8vgUfw5sV3VTkescWztiAGlf4x8FLKHM4NInsn0c1kYVLoGMO8cyjfR6vmTku2YQE0gtfVVlfCw==",
    at_ms: 1_668_481_559_918,
};

fn send(vector: &Vector, payload: &str, signature: &str) -> desk::Answer {
    let mut desk = Desk::new();
    desk.now = (vector.at_ms + 50) * MS;
    let target = format!("/api/v3/order/test?{payload}&signature={}", encode(signature));
    desk.request("POST", &target, &[("X-MBX-APIKEY", vector.key)], "")
}

/// Another character of the same kind, so that the request keeps its form.
fn other(c: char) -> char {
    match c {
        '0'..='8' | 'a'..='y' | 'A'..='Y' => char::from_u32(u32::from(c) + 1).unwrap_or('0'),
        '9' => '0',
        'z' => 'a',
        'Z' => 'A',
        _ => 'x',
    }
}

fn altered(text: &str, at: usize) -> String {
    text.chars().enumerate().map(|(i, c)| if i == at { other(c) } else { c }).collect()
}

/// Refusals that a changed name or separator can bring before the signature is looked at: parameter not known,
/// missing, doubled, or no valid encoding.
const BROKEN_FORM: [i64; 5] = [-1100, -1101, -1102, -1104, -1022];

#[test]
fn the_documented_rest_signatures_verify() {
    for vector in [&R1, &R2] {
        let answer = send(vector, vector.payload, vector.signature);
        assert_eq!((answer.status, &answer.body), (200, &json!({})), "{}", vector.payload);
        let upper = send(vector, vector.payload, &vector.signature.to_uppercase());
        assert_eq!(upper.status, 200, "hex counts in either case");
    }
    // 0.2 is far from any price, but nothing was traded yet, so nothing says what is near.
    let answer = send(&E1, E1.payload, E1.signature);
    assert_ne!(answer.body["code"], json!(-1022), "{}", answer.body);
    assert!(answer.status == 200 || answer.code() == (400, -1013), "{answer:?}");
}

#[test]
fn one_character_less_right_and_a_rest_request_is_refused() {
    for vector in [&R1, &R2, &E1] {
        let length = vector.signature.trim_end_matches('=').len();
        for at in 0..length {
            // The last letter before the padding holds bits that decode to nothing; altering it is refused as well.
            let answer = send(vector, vector.payload, &altered(vector.signature, at));
            assert_eq!(answer.code(), (400, -1022), "signature altered at {at}");
            assert_eq!(answer.body["msg"], json!("Signature for this request is not valid."));
        }
        for at in 0..vector.payload.len() {
            let payload = altered(vector.payload, at);
            let (status, code) = send(vector, &payload, vector.signature).code();
            assert!(status == 400 && BROKEN_FORM.contains(&code), "{payload}: {status} {code}");
            let value = vector.payload[..at].rsplit('&').next().is_some_and(|pair| pair.contains('='));
            if value && !"=&%".contains(&vector.payload[at..=at]) && !vector.payload[..at].ends_with('%') {
                let names = vector.payload[..at].rsplit('&').next().unwrap_or_default();
                assert!(code == -1022 || names.starts_with("symbol=%"), "{payload}: {code}");
            }
        }
    }
}

#[test]
fn body_and_query_are_signed_one_after_the_other() {
    // The older documentation's split: nothing stands between the two parts.
    let mut desk = Desk::new();
    desk.now = (R1.at_ms + 50) * MS;
    let query = "/api/v3/order/test?symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC";
    let body = "quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559&\
                signature=0fd168b8ddb4876a0358a8d14d0c9f3da0e9b20c5d52b2a00fcf7d1c602f9a77";
    let headers = [("X-MBX-APIKEY", DOC_KEY)];
    assert_eq!(desk.request("POST", query, &headers, body).ok(), json!({}));
    // All in the body, under the signature of all in the query.
    let body = format!("{}&signature={}", R1.payload, R1.signature);
    assert_eq!(desk.request("POST", "/api/v3/order/test", &headers, &body).ok(), json!({}));
    // The signature comes last.
    let early = format!("signature={}&{}", R1.signature, R1.payload);
    assert_eq!(desk.request("POST", "/api/v3/order/test", &headers, &early).code(), (400, -1022));
}

#[test]
fn signing_before_encoding_is_refused() {
    let mut desk = Desk::new();
    let raw = format!("symbol=１２３４５６&side=BUY&type=MARKET&quantity=1&timestamp={}", desk.millis());
    let sent = raw.replace("１２３４５６", "%EF%BC%91%EF%BC%92%EF%BC%93%EF%BC%94%EF%BC%95%EF%BC%96");
    let target = format!("/api/v3/order/test?{sent}&signature={}", By::Hmac.sign(&raw));
    let answer = desk.request("POST", &target, &[("X-MBX-APIKEY", DOC_KEY)], "");
    assert_eq!(answer.code(), (400, -1022));
}

#[test]
fn every_kind_of_key_signs_for_its_account() {
    for by in [By::Hmac, By::Ed25519, By::Rsa] {
        let mut desk = Desk::new();
        let account = desk.signed(by, "GET", "account", "").ok();
        assert_eq!(account["balances"][0], json!({ "asset": "BTC", "free": "100.00000000", "locked": "0.00000000" }));
        let payload = format!("timestamp={}", desk.millis());
        let wrong = altered(&by.sign(&payload), 3);
        let target = format!("/api/v3/account?{payload}&signature={}", encode(&wrong));
        let answer = desk.request("GET", &target, &[("X-MBX-APIKEY", by.key())], "");
        assert_eq!(answer.code(), (400, -1022), "{by:?}");
        // A right signature of another kind of key is none of this one's.
        let target = format!("/api/v3/account?{payload}&signature={}", encode(&By::Rsa.sign(&payload)));
        let crossed = desk.request("GET", &target, &[("X-MBX-APIKEY", DOC_KEY)], "");
        assert_eq!(crossed.code(), (400, -1022));
    }
}

/// What a WebSocket API vector sends, but for its signature.
fn ws_order(key: &str, order: [(&str, Value); 9]) -> Value {
    let mut params = json!({ "apiKey": key });
    for (name, value) in order {
        params[name] = value;
    }
    params
}

fn w1(key: &str) -> Value {
    ws_order(
        key,
        [
            ("symbol", json!("BTCUSDT")),
            ("side", json!("SELL")),
            ("type", json!("LIMIT")),
            ("timeInForce", json!("GTC")),
            ("quantity", json!("0.01000000")),
            ("price", json!("52000.00")),
            ("recvWindow", json!(100)),
            ("timestamp", json!(1_645_423_376_532_u64)),
            ("returnRateLimits", Value::Null),
        ],
    )
}

fn without_nulls(mut params: Value) -> Value {
    params.as_object_mut().expect("an object").retain(|_, v| !v.is_null());
    params
}

/// Method, parameters without signature, signature, time.
fn ws_vectors() -> Vec<(&'static str, Value, &'static str, u64)> {
    let w1_at = 1_645_423_376_532;
    let mut with_ack = without_nulls(w1(DOC_KEY));
    with_ack["newOrderRespType"] = json!("ACK");
    let mut w2 = without_nulls(w1(DOC_KEY));
    for (name, value) in
        [("symbol", "１２３４５６"), ("side", "BUY"), ("quantity", "1.00000000"), ("price", "0.10000000")]
    {
        w2[name] = json!(value);
    }
    w2["recvWindow"] = json!(5000);
    let order = "order.place";
    vec![
        (order, without_nulls(w1(DOC_KEY)), "aa1b5712c094bc4e57c05a1a5c1fd8d88dcd628338ea863fec7b88e59fe2db24", w1_at),
        (order, with_ack, "cc15477742bd704c29492d96c7ead9414dfd8e0ec4a00f947bb5bb454ddbd08a", w1_at),
        (order, w2, "b33892ae8e687c939f4468c6268ddd4c40ac1af18ad19a064864c47bae0752cd", w1_at),
        (
            order,
            without_nulls(w1(ED_KEY)),
            "82wlF5RobwT7JZehRQgOaupNEm5GrAqJj5tqZeCCE6ZxkhlUbWBThOx00q3FVnCKn882P+9p85phztjk4bOMAQ==",
            w1_at,
        ),
        (
            "session.logon",
            json!({ "apiKey": ED_KEY, "timestamp": 1_649_729_878_532_u64 }),
            "cGkloHLHGGNbrduoWDYBlzIPwRHyDVYVfCE0rDkPwKdKedurBgm2JNWRkwloQDBFG6Mcloavo1siYfEtZbV/Ag==",
            1_649_729_878_532,
        ),
        (
            "userDataStream.subscribe.signature",
            json!({ "apiKey": ED_KEY, "recvWindow": 5000, "timestamp": 1_747_385_641_636_u64 }),
            "nhXvwfhb/TtbuKIVdlBigxvl2Oh21EHd8+miwn2zr3tKHMDedzQ99lazEojhyfoXXyWFtDQV6naK/l4Qx7D9DQ==",
            1_747_385_641_636,
        ),
    ]
}

fn send_ws(method: &str, mut params: Value, signature: &str, at_ms: u64) -> Value {
    let mut desk = Desk::new();
    desk.now = (at_ms + 50) * MS;
    let id = desk.connect("/ws-api/v3");
    params["signature"] = json!(signature);
    desk.call(id, method, params)
}

#[test]
fn the_documented_websocket_api_signatures_verify() {
    for (method, params, signature, at_ms) in ws_vectors() {
        let answer = send_ws(method, params.clone(), signature, at_ms);
        assert_eq!(answer["status"], json!(200), "{params}: {answer}");
    }
}

#[test]
fn one_character_less_right_and_a_websocket_api_request_is_refused() {
    for (method, params, signature, at_ms) in ws_vectors() {
        for at in 0..signature.trim_end_matches('=').len() {
            let answer = send_ws(method, params.clone(), &altered(signature, at), at_ms);
            assert_eq!((&answer["status"], &answer["error"]["code"]), (&json!(400), &json!(-1022)), "at {at}");
        }
        for name in params.as_object().expect("an object").keys() {
            let mut wrong = params.clone();
            wrong[name] = match &params[name] {
                Value::String(text) => json!(altered(text, text.chars().count() - 1)),
                number => json!(number.as_u64().expect("a number") + 1),
            };
            let answer = send_ws(method, wrong, signature, at_ms);
            // An altered key is no key of anybody.
            let expected = if name == "apiKey" { (401, -2015) } else { (400, -1022) };
            assert_eq!(
                (&answer["status"], &answer["error"]["code"]),
                (&json!(expected.0), &json!(expected.1)),
                "{name}"
            );
        }
    }
}

#[test]
fn the_order_of_websocket_api_parameters_does_not_matter() {
    let mut desk = Desk::new();
    desk.now = 1_645_423_376_582 * MS;
    let id = desk.connect("/ws-api/v3");
    // Sorted by name when signed, sent in any order, recvWindow as text or number.
    let text = format!(
        r#"{{"id":1,"method":"v3/order.place","params":{{"type":"LIMIT","timestamp":1645423376532,"symbol":"BTCUSDT",
        "signature":"aa1b5712c094bc4e57c05a1a5c1fd8d88dcd628338ea863fec7b88e59fe2db24","timeInForce":"GTC",
        "side":"SELL","recvWindow":"100","quantity":"0.01000000","price":"52000.00","apiKey":"{DOC_KEY}"}}}}"#
    );
    assert_eq!(desk.text(id, &text)[0]["status"], json!(200));
}

#[test]
fn rsa_signs_for_the_websocket_api_and_cannot_log_on() {
    let mut desk = Desk::new();
    let id = desk.connect("/ws-api/v3");
    let answer = desk.call_signed(id, By::Rsa, "account.status", json!({}));
    assert_eq!(answer[0]["status"], json!(200), "{RSA_KEY}: {answer:?}");
    for by in [By::Rsa, By::Hmac] {
        let answer = desk.call_signed(id, by, "session.logon", json!({}));
        assert_eq!((&answer[0]["status"], &answer[0]["error"]["code"]), (&json!(400), &json!(-1022)), "{by:?}");
    }
}
