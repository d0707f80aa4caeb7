//! A contract's status and filters changed by faults, from a client's side.

use crate::desk;
use crate::futures_desk;

use crosstick_sim::FaultSpec;
use desk::{By, S};
use futures_desk::Futures;
use serde_json::{Value, json};

fn fault(f: &mut Futures, fields: Value) {
    let spec: FaultSpec = serde_json::from_value(fields).expect("a fault");
    f.desk.venue.add_fault(spec, f.desk.now).expect("taken");
}

fn contract(f: &mut Futures, symbol: &str) -> Value {
    let info = f.get("v1/exchangeInfo").ok();
    let list = info["symbols"].as_array().expect("a list");
    list.iter().find(|s| s["symbol"] == *symbol).expect("listed").clone()
}

fn filter(contract: &Value, name: &str) -> Value {
    let list = contract["filters"].as_array().expect("a list");
    list.iter().find(|f| f["filterType"] == *name).cloned().unwrap_or_default()
}

#[test]
fn a_contract_is_halted_and_comes_back() {
    let mut f = Futures::usdm();
    f.usual_quote();
    let resting = f.place(&Futures::limit("BUY", "29000", "0.01"));
    fault(&mut f, json!({ "kind": "symbol-status", "symbol": "BTCUSDT", "trading_status": "HALT", "for_ms": 1000 }));
    assert_eq!(contract(&mut f, "BTCUSDT")["status"], json!("HALT"));
    assert_eq!(contract(&mut f, "ETHUSDT")["status"], json!("TRADING"));
    let refused = f.signed(By::Hmac, "POST", "v1/order", &Futures::limit("BUY", "29000", "0.01"));
    assert_eq!(refused.code(), (400, -4108));
    let which = format!("symbol=BTCUSDT&orderId={}", resting["orderId"]);
    f.signed(By::Hmac, "DELETE", "v1/order", &which).ok();
    f.pass(S);
    assert_eq!(contract(&mut f, "BTCUSDT")["status"], json!("TRADING"));
    f.place(&Futures::limit("BUY", "29000", "0.01"));
    let mut f = Futures::coinm();
    let status = json!({ "kind": "symbol-status", "symbol": "BTCUSD_PERP", "trading_status": "BREAK" });
    fault(&mut f, status);
    assert_eq!(contract(&mut f, "BTCUSD_PERP")["contractStatus"], json!("BREAK"));
}

#[test]
fn a_contract_gets_other_filters_and_its_own_back() {
    let mut f = Futures::usdm();
    f.usual_quote();
    let before = contract(&mut f, "BTCUSDT");
    let changed = json!({ "kind": "symbol-filters", "symbol": "BTCUSDT", "price_step": "0.5", "quantity_step": "0.01",
                          "min_quantity": "0.02", "min_notional": "1000", "max_orders": 1, "for_ms": 1000 });
    fault(&mut f, changed);
    let now = contract(&mut f, "BTCUSDT");
    assert_eq!(filter(&now, "PRICE_FILTER")["tickSize"], json!("0.5"));
    assert_eq!(
        (&filter(&now, "LOT_SIZE")["stepSize"], &filter(&now, "LOT_SIZE")["minQty"]),
        (&json!("0.010"), &json!("0.020"))
    );
    assert_eq!(filter(&now, "MIN_NOTIONAL")["notional"], json!("1000"));
    assert_eq!(filter(&now, "MAX_NUM_ORDERS")["limit"], json!(1));
    for (order, code) in [
        (Futures::limit("BUY", "29000.1", "0.05"), -4014),
        (Futures::limit("BUY", "29000", "0.055"), -4023),
        (Futures::limit("BUY", "29000", "0.02"), -4164),
    ] {
        assert_eq!(f.signed(By::Hmac, "POST", "v1/order", &order).code(), (400, code), "{order}");
    }
    f.place(&Futures::limit("BUY", "29000", "0.05"));
    let second = f.signed(By::Hmac, "POST", "v1/order", &Futures::limit("BUY", "29000", "0.05"));
    assert_eq!(second.code(), (400, -2025));
    f.pass(S);
    assert_eq!(contract(&mut f, "BTCUSDT"), before);
    f.place(&Futures::limit("BUY", "29000.1", "0.001"));
    let spec = json!({ "kind": "symbol-filters", "symbol": "BTCUSDT", "price_step": "0.001" });
    let spec: FaultSpec = serde_json::from_value(spec).expect("a fault");
    let error = f.desk.venue.add_fault(spec, f.desk.now).expect_err("too fine");
    assert!(error.to_string().starts_with("price_step"), "{error}");
}
