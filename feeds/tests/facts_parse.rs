//! exchangeInfo in the shapes that venues write, and what is made of shapes that they do not.

use std::path::PathBuf;

use crosstick_feeds::facts::parse;
use crosstick_model::{Decimal, Kind, Protocol};

const SPOT: &str = include_str!("fixtures/facts/spot.json");
const USDM: &str = include_str!("fixtures/facts/usdm.json");
const COINM: &str = include_str!("fixtures/facts/coinm.json");

fn dec(text: &str) -> Option<Decimal> {
    Some(text.parse().expect("a decimal"))
}

#[test]
fn spot_filters_are_read_exactly() {
    let facts = parse(Protocol::BinanceSpot, SPOT.as_bytes()).expect("exchangeInfo");
    assert_eq!(facts.symbols.len(), 3);
    let btc = &facts.symbols["BTCUSDT"];
    assert!(btc.trading());
    assert_eq!(
        (btc.base.as_deref(), btc.quote.as_deref(), btc.settle.as_deref()),
        (Some("BTC"), Some("USDT"), Some("USDT"))
    );
    assert_eq!((btc.price_step, btc.quantity_step), (dec("0.01"), dec("0.00001")));
    assert_eq!((btc.min_quantity, btc.min_notional), (dec("0.00001"), dec("5")));
    assert_eq!((btc.kind, btc.contract_size), (Kind::Spot, None));
    let bttc = &facts.symbols["BTTCUSDT"];
    assert_eq!((bttc.price_step, bttc.min_notional), (dec("0.000000000001"), dec("10")));
    let old = &facts.symbols["OLDUSDT"];
    assert!(!old.trading());
    assert_eq!((old.status.as_deref(), old.price_step, old.quantity_step), (Some("CANCEL_ONLY"), None, None));
}

#[test]
fn futures_say_it_in_their_own_words() {
    let usdm = parse(Protocol::BinanceUsdm, USDM.as_bytes()).expect("exchangeInfo");
    let btc = &usdm.symbols["BTCUSDT"];
    assert_eq!((btc.kind, btc.min_notional, btc.price_step), (Kind::Linear, dec("50"), dec("0.1")));
    assert_eq!(btc.settle.as_deref(), Some("USDT"));
    assert!(!usdm.symbols["GONEUSDT"].trading());

    let coinm = parse(Protocol::BinanceCoinm, COINM.as_bytes()).expect("exchangeInfo");
    let perp = &coinm.symbols["BTCUSD_PERP"];
    assert!(perp.trading());
    assert_eq!((perp.kind, perp.contract_size, perp.min_notional), (Kind::Inverse, dec("100"), None));
    assert_eq!((perp.quote.as_deref(), perp.settle.as_deref()), (Some("USD"), Some("BTC")));
}

#[test]
fn odd_values_cost_a_field_and_not_the_venue() {
    let body = r#"{"symbols":[
        {"symbol":"A","status":7,"baseAsset":null,"quoteAsset":["X"],"contractSize":1.5,"filters":[
            {"filterType":"PRICE_FILTER","tickSize":"1e-5"},
            {"filterType":"LOT_SIZE","stepSize":"-1","minQty":{}},
            {"filterType":{"odd":true},"tickSize":"9"},
            {}]},
        {"symbol":""}, {"status":"TRADING"}, {"symbol":"B","filters":[{"filterType":"PRICE_FILTER","tickSize":2}]}]}"#;
    let facts = parse(Protocol::BinanceCoinm, body.as_bytes()).expect("exchangeInfo");
    assert_eq!(facts.symbols.keys().collect::<Vec<_>>(), ["A", "B"]);
    let a = &facts.symbols["A"];
    assert_eq!((a.status.as_deref(), &a.base, &a.quote), (Some("7"), &None, &None));
    assert_eq!((a.contract_size, a.price_step, a.quantity_step, a.min_quantity), (None, None, None, None));
    assert_eq!(facts.symbols["B"].price_step, dec("2"));
}

#[test]
fn what_is_not_exchange_info_is_refused() {
    for body in ["", "{", "[]", "null", "{}", r#"{"symbols":{}}"#, r#"{"symbols":[1]}"#, "<html>", "\u{0}"] {
        assert!(parse(Protocol::BinanceSpot, body.as_bytes()).is_err(), "{body}");
    }
    // Nesting costs no stack; what has no name is no instrument.
    for deep in ["{\"symbols\":", "{\"symbols\":[{\"symbol\":", "{\"symbols\":[{\"filters\":"] {
        let closing = if deep.contains('[') { "}]}" } else { "}" };
        let body = format!("{deep}{}{}{closing}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(parse(Protocol::BinanceSpot, body.as_bytes()).map_or(true, |facts| facts.symbols.is_empty()), "{deep}");
    }
}

/// Recorded bodies of the venues, where this machine has them.
#[test]
fn recorded_bodies_have_steps_for_every_trading_symbol() {
    let root = std::env::var_os("CROSSTICK_DATA")
        .map(PathBuf::from)
        .unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"));
    let files = [
        ("exchangeInfo_spot_20211012.json.zst", Protocol::BinanceSpot, 1695),
        ("exchangeInfo_spot_curated_20260703.json.zst", Protocol::BinanceSpot, 3),
        ("exchangeInfo_usdm_20260703.json.zst", Protocol::BinanceUsdm, 818),
        ("exchangeInfo_coinm_20210722.json.zst", Protocol::BinanceCoinm, 36),
    ];
    for (name, protocol, count) in files {
        let Ok(packed) = std::fs::read(root.join("rest/binance").join(name)) else { continue };
        let body = zstd::decode_all(packed.as_slice()).expect("zstd");
        let facts = parse(protocol, &body).expect(name);
        assert_eq!(facts.symbols.len(), count, "{name}");
        for facts in facts.symbols.values().filter(|f| f.trading()) {
            let named = facts.base.is_some() && facts.quote.is_some() && facts.settle.is_some();
            let stepped = facts.price_step.is_some() && facts.quantity_step.is_some() && facts.min_quantity.is_some();
            assert!(named && stepped, "{name}: {facts:?}");
            assert_eq!(facts.contract_size.is_some(), protocol == Protocol::BinanceCoinm, "{name}: {facts:?}");
        }
    }
}
