//! Every value of an order comes out exactly, whatever came before it.

use crosstick_execution::binance::{Auth, ClientId, EncoderSpec, Signer};
use crosstick_model::{OrderId, Scale, Side, TimeInForce};
use num_bigint::BigUint;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use serde_json::{Value, json};

use crate::desk::{RUN, approved, ed25519, encoder, hmac, instrument, request, signed_text, spec, text};

/// A decimal text at 10^-`decimals`, in integers of any size.
fn mantissa(text: &str, decimals: u8) -> BigUint {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    assert!(!whole.is_empty() && whole.bytes().chain(part.bytes()).all(|b| b.is_ascii_digit()), "{text}");
    assert!(whole == "0" || !whole.starts_with('0'), "{text}");
    assert!(part.len() <= usize::from(decimals), "{text} has more decimals than {decimals}");
    let digits: BigUint = format!("{whole}{part}").parse().unwrap();
    digits * BigUint::from(10u8).pow(u32::from(decimals) - part.len() as u32)
}

/// Decimals that a step needs.
fn needed(step: i64, decimals: u8) -> usize {
    let text = format!("{step:0width$}", width = usize::from(decimals));
    let zeros = text.len() - text.trim_end_matches('0').len();
    usize::from(decimals).saturating_sub(zeros)
}

fn decimals_of(text: &str) -> usize {
    text.split_once('.').map_or(0, |(_, part)| part.len())
}

#[derive(Debug, Clone)]
struct Case {
    scale: Scale,
    price_step: i64,
    quantity_step: i64,
    orders: Vec<(i64, i64, bool, bool, u64)>,
    window: Option<u32>,
}

/// Steps from the finest to many units, prices and quantities from one step to as many digits as fit.
fn case() -> impl Strategy<Value = Case> {
    let scale = (0u8..=16).prop_flat_map(|p| (Just(p), 0..=16 - p)).prop_map(|(p, q)| Scale::new(p, q).unwrap());
    let step =
        || (0u32..=9, prop_oneof![Just(1i64), Just(5), Just(25), 1i64..1000]).prop_map(|(e, n)| n * 10i64.pow(e));
    (scale, step(), step(), proptest::option::of(1u32..=60_000)).prop_flat_map(
        |(scale, price_step, quantity_step, w)| {
            let times = |step: i64| (0u32..=18).prop_flat_map(move |e| 1..=(i64::MAX / step).min(10i64.pow(e)).max(1));
            // Any, and such as follow each other: the same digits but the last, or others before the last eight.
            let near = (0u64..2, 0u64..4).prop_map(|(day, ms)| 1_754_099_999_998 + day * 100_000_000 + ms);
            let at_ms = prop_oneof![0u64..10_000_000_000_000, 0u64..200_000_000, near];
            let order = (times(price_step), times(quantity_step), any::<bool>(), any::<bool>(), at_ms);
            proptest::collection::vec(order, 1..6).prop_map(move |all| {
                let orders =
                    all.iter().map(|(p, q, s, t, at)| (p * price_step, q * quantity_step, *s, *t, *at)).collect();
                Case { scale, price_step, quantity_step, orders, window: w }
            })
        },
    )
}

fn check(case: &Case, signer: fn() -> Signer, auth: Auth) -> Result<u32, TestCaseError> {
    let instrument = instrument("BTCUSDT", case.scale, case.price_step, case.quantity_step);
    let spec = EncoderSpec { recv_window_ms: case.window, ..spec(signer(), auth) };
    let api_key = spec.api_key;
    let mut encoder = encoder(spec, &instrument).unwrap();
    let mut written = 0;
    for (nth, (price, quantity, sells, rests, at_ms)) in case.orders.iter().enumerate() {
        let side = if *sells { Side::Sell } else { Side::Buy };
        let tif = if *rests { TimeInForce::Gtc } else { TimeInForce::Ioc };
        // What is worth more than any asset has risk refuses; the rest it lets pass.
        let Some(order) = approved(&instrument, side, *price, *quantity, tif, nth as u64 + 1) else { continue };
        written += 1;
        let id = order.order().id;
        let frame = encoder.place(order, *at_ms).unwrap().to_vec();
        let place = request(&frame);
        let params = &place["params"];
        prop_assert_eq!(&place["id"], &json!(format!("p{:010}", id.0)));
        prop_assert_eq!(&place["method"], &json!("order.place"));
        let digits = |name: &str| params[name].as_str().expect("a decimal in quotes").to_owned();
        let (price_text, quantity_text) = (digits("price"), digits("quantity"));
        prop_assert_eq!(mantissa(&price_text, case.scale.price_decimals), BigUint::from(*price as u64));
        prop_assert_eq!(mantissa(&quantity_text, case.scale.quantity_decimals), BigUint::from(*quantity as u64));
        prop_assert_eq!(decimals_of(&price_text), needed(case.price_step, case.scale.price_decimals));
        prop_assert_eq!(decimals_of(&quantity_text), needed(case.quantity_step, case.scale.quantity_decimals));
        let name = params["newClientOrderId"].as_str().unwrap();
        prop_assert_eq!(ClientId::parse(name), Some((RUN, id)));

        let mut expected = json!({
            "newClientOrderId": name, "newOrderRespType": "ACK", "price": price_text, "quantity": quantity_text,
            "side": if *sells { "SELL" } else { "BUY" }, "symbol": "BTCUSDT",
            "timeInForce": if *rests { "GTC" } else { "IOC" }, "timestamp": at_ms, "type": "LIMIT",
        });
        authorised(&mut expected, params, case.window, api_key, auth);
        prop_assert_eq!(params, &expected);

        let cancel = request(encoder.cancel(instrument.id, id, *at_ms).unwrap());
        let params = &cancel["params"];
        let mut expected = json!({ "origClientOrderId": name, "symbol": "BTCUSDT", "timestamp": at_ms });
        authorised(&mut expected, params, case.window, api_key, auth);
        prop_assert_eq!(params, &expected);
        prop_assert_eq!(&cancel["id"], &json!(format!("c{:010}", id.0)));
        prop_assert_eq!(&cancel["method"], &json!("order.cancel"));
    }
    Ok(written)
}

/// Adds what the way of authorising adds: the signature is made anew, from the parameters as they were read.
fn authorised(expected: &mut Value, params: &Value, window: Option<u32>, api_key: &str, auth: Auth) {
    if let Some(ms) = window {
        expected["recvWindow"] = json!(ms);
    }
    if auth == Auth::PerRequest {
        expected["apiKey"] = json!(api_key);
        let signer = if api_key == crate::desk::KEY { hmac() } else { ed25519() };
        let mut signature = vec![0; signer.signature_len()];
        assert!(signer.sign(signed_text(params).as_bytes(), &mut signature));
        expected["signature"] = json!(String::from_utf8(signature).unwrap());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn orders_of_a_session_are_exact(case in case()) {
        check(&case, ed25519, Auth::Session)?;
    }

    #[test]
    fn orders_signed_by_hmac_are_exact(case in case()) {
        check(&case, hmac, Auth::PerRequest)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn orders_signed_by_ed25519_are_exact(case in case()) {
        check(&case, ed25519, Auth::PerRequest)?;
    }
}

/// The generator is worth something: risk lets a third of it pass; the rest is worth more than a limit can hold.
#[test]
fn many_cases_are_orders() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut written, mut all) = (0, 0);
    for _ in 0..100 {
        let case = case().new_tree(&mut runner).unwrap().current();
        all += case.orders.len() as u32;
        written += check(&case, hmac, Auth::PerRequest).unwrap();
    }
    assert!(written * 3 > all, "{written} of {all}");
}

/// A request by hand, byte for byte but for the blanks.
#[test]
fn one_order_by_hand() {
    let scale = Scale::new(8, 8).unwrap();
    let instrument = instrument("BTCUSDT", scale, 1_000_000, 1000);
    let mut encoder = encoder(spec(ed25519(), Auth::Session), &instrument).unwrap();
    let order = || approved(&instrument, Side::Buy, 2_341_610_000_000, 847_000, TimeInForce::Ioc, 1).unwrap();
    let first = text(encoder.place(order(), 1_660_801_715_431).unwrap());
    let name = ClientId::new(RUN, OrderId(1)).unwrap();
    let squeezed: String = first.split(' ').collect();
    assert_eq!(
        squeezed,
        format!(
            "{{\"id\":\"p0000000001\",\"method\":\"order.place\",\"params\":{{\"newClientOrderId\":\"{}\",\
             \"newOrderRespType\":\"ACK\",\"price\":\"23416.10\",\"quantity\":\"0.00847\",\"side\":\"BUY\",\
             \"symbol\":\"BTCUSDT\",\"timeInForce\":\"IOC\",\"timestamp\":1660801715431,\"type\":\"LIMIT\"}}}}",
            name.text()
        )
    );
    // Masks differ from frame to frame.
    let masks: std::collections::HashSet<Vec<u8>> =
        (0..100).map(|_| encoder.place(order(), 1).unwrap()[4..8].to_vec()).collect();
    assert!(masks.len() > 90);
}
