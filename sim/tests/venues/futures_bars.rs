//! Bars and tickers of contracts from a client's side: REST and streams tell the same.

use crate::desk;
use crate::futures_desk;

use crosstick_model::Side;
use desk::{MS, S};
use futures_desk::Futures;
use serde_json::{Value, json};

fn only(f: &mut Futures, id: crosstick_sim::ConnectionId) -> Vec<Value> {
    f.frames(id)
}

#[test]
fn a_bar_is_told_when_it_traded_and_when_it_ended() {
    let mut f = Futures::usdm();
    f.usual_quote();
    let id = f.desk.connect("/market/ws/btcusdt@kline_1m");
    let start = f.desk.now / S - f.desk.now / S % 60;
    f.print("BTCUSDT", Side::Buy, 300_002, 500);
    f.pass(250 * MS);
    let [bar] = only(&mut f, id).try_into().expect("one frame");
    assert_eq!((&bar["e"], &bar["s"], &bar["E"]), (&json!("kline"), &json!("BTCUSDT"), &json!(f.desk.millis())));
    assert_eq!(
        bar["k"],
        json!({ "t": start * 1_000, "T": start * 1_000 + 59_999, "s": "BTCUSDT", "i": "1m", "f": 1, "L": 1,
                "o": "30000.2", "c": "30000.2", "h": "30000.2", "l": "30000.2", "v": "0.500", "n": 1, "x": false,
                "q": "15000.10000000", "V": "0.500", "Q": "15000.10000000", "B": "0" })
    );
    f.pass(S);
    assert_eq!(only(&mut f, id), Vec::<Value>::new(), "nothing more was traded");
    f.print("BTCUSDT", Side::Sell, 300_000, 100);
    f.pass(60 * S);
    let told: Vec<(Value, Value)> =
        only(&mut f, id).into_iter().map(|b| (b["k"]["n"].clone(), b["k"]["x"].clone())).collect();
    assert_eq!(told, [(json!(2), json!(false)), (json!(2), json!(true))]);
    let bars = f.get("v1/klines?symbol=BTCUSDT&interval=1m").ok();
    let shown = &bars[0];
    assert_eq!((&shown[0], &shown[1], &shown[4]), (&json!(start * 1_000), &json!("30000.2"), &json!("30000.0")));
    assert_eq!((&shown[5], &shown[8], &shown[9]), (&json!("0.600"), &json!(2), &json!("0.500")));
    assert_eq!((&bars[1][8], &bars[1][1]), (&json!(0), &json!("30000.0")), "the next is empty so far");
    assert_eq!(f.get("v1/klines?symbol=BTCUSDT&interval=7m").code(), (400, -1120));
    assert_eq!(f.get("v1/klines?symbol=BTCUSDT").code(), (400, -1102));
}

#[test]
fn tickers_are_those_of_rest() {
    let mut f = Futures::usdm();
    f.usual_quote();
    let id = f.desk.connect("/market/stream?streams=btcusdt@ticker/btcusdt@miniTicker");
    f.print("BTCUSDT", Side::Buy, 300_002, 500);
    f.print("BTCUSDT", Side::Sell, 299_990, 100);
    f.pass(2 * S);
    let frames = only(&mut f, id);
    let [ticker, mini] = frames.as_slice() else { panic!("{frames:?}") };
    let (ticker, mini) = (&ticker["data"], &mini["data"]);
    let day = f.get("v1/ticker/24hr?symbol=BTCUSDT").ok();
    for (short, long) in [
        ("c", "lastPrice"),
        ("o", "openPrice"),
        ("h", "highPrice"),
        ("l", "lowPrice"),
        ("v", "volume"),
        ("q", "quoteVolume"),
        ("p", "priceChange"),
        ("w", "weightedAvgPrice"),
        ("n", "count"),
        ("F", "firstId"),
    ] {
        assert_eq!(ticker[short], day[long], "{long}");
    }
    assert_eq!((&ticker["e"], &mini["e"]), (&json!("24hrTicker"), &json!("24hrMiniTicker")));
    assert_eq!((&mini["c"], &mini["v"], &mini["p"]), (&json!("29999.0"), &json!("0.600"), &Value::Null));
    f.pass(10 * S);
    assert_eq!(only(&mut f, id), Vec::<Value>::new(), "nothing more was traded");
}

/// Volumes of inverse contracts are contracts, what they are worth is in the base asset.
#[test]
fn inverse_contracts_are_worth_their_base() {
    let mut f = Futures::coinm();
    f.quote("BTCUSD_PERP", (500_000, 1_000), (500_010, 1_000));
    let id = f.desk.connect("/ws/btcusd_perp@kline_1m");
    f.print("BTCUSD_PERP", Side::Buy, 500_000, 5);
    f.pass(250 * MS);
    let [bar] = only(&mut f, id).try_into().expect("one frame");
    // Five contracts of 100 USD at 50 000.
    assert_eq!((&bar["k"]["v"], &bar["k"]["q"]), (&json!("5"), &json!("0.01000000")));
    let day = f.get("v1/ticker/24hr").ok();
    assert_eq!((&day[0]["volume"], &day[0]["baseVolume"]), (&json!("5"), &json!("0.01000000")));
}
