//! USD-M and COIN-M over REST, as raw bytes: the documented bodies, codes and headers.

use crate::desk;
use crate::futures_desk;

use crosstick_model::Side;
use crosstick_sim::Limits;
use desk::{By, S, fields};
use futures_desk::Futures;
use serde_json::{Value, json};

const AT: u64 = 1_700_000_000_000;

#[test]
fn an_order_is_acknowledged_as_documented() {
    let mut f = Futures::usdm();
    f.usual_quote();
    let body = f.place(&(Futures::limit("SELL", "30100", "10") + "&newClientOrderId=testOrder"));
    let id = body["orderId"].clone();
    assert!(id.is_u64());
    let expected = json!({
        "orderId": id, "symbol": "BTCUSDT", "status": "NEW", "clientOrderId": "testOrder", "price": "30100.0",
        "origQty": "10.000", "executedQty": "0", "cumQty": "0", "timeInForce": "GTC", "type": "LIMIT",
        "reduceOnly": false, "closePosition": false, "side": "SELL", "positionSide": "BOTH", "stopPrice": "0",
        "workingType": "CONTRACT_PRICE", "priceProtect": false, "origType": "LIMIT", "priceMatch": "NONE",
        "selfTradePreventionMode": "EXPIRE_MAKER", "goodTillDate": 0, "updateTime": AT,
    });
    // Fields and their order: the documentation's sample has neither avgPrice nor cumQuote.
    assert_eq!(body.to_string(), expected.to_string());

    let open = f.signed(By::ReadOnly, "GET", "v1/openOrders", "symbol=BTCUSDT").ok();
    assert_eq!(open.as_array().map(Vec::len), Some(1));
    assert_eq!(
        (&open[0]["orderId"], &open[0]["avgPrice"], &open[0]["cumQuote"]),
        (&id, &json!("0"), &json!("0.00000000"))
    );
    let ended = f.signed(By::Hmac, "DELETE", "v1/order", "symbol=BTCUSDT&origClientOrderId=testOrder").ok();
    assert_eq!((&ended["status"], &ended["orderId"]), (&json!("CANCELED"), &id));
    let gone = f.signed(By::Hmac, "DELETE", "v1/order", "symbol=BTCUSDT&origClientOrderId=testOrder");
    assert_eq!(gone.code(), (400, -2011));
    assert_eq!(f.signed(By::Hmac, "GET", "v1/order", "symbol=BTCUSDT&orderId=999999").code(), (400, -2013));
    assert_eq!(f.signed(By::Hmac, "GET", "v1/openOrders", "symbol=NONE").code(), (400, -1121));
}

#[test]
fn a_market_order_opens_a_position_and_pays_for_it() {
    let mut f = Futures::usdm();
    f.usual_quote();
    let ack = f.place("symbol=BTCUSDT&side=BUY&type=MARKET&quantity=0.5");
    assert_eq!((&ack["status"], &ack["executedQty"]), (&json!("NEW"), &json!("0")), "an ACK tells no fills");
    let full = f.place("symbol=BTCUSDT&side=BUY&type=MARKET&quantity=0.5&newOrderRespType=RESULT");
    assert_eq!((&full["status"], &full["executedQty"]), (&json!("FILLED"), &json!("0.500")));
    let id = &full["orderId"];
    let order = f.signed(By::Hmac, "GET", "v1/order", &format!("symbol=BTCUSDT&orderId={id}")).ok();
    assert_eq!((&order["avgPrice"], &order["cumQuote"]), (&json!("30000.2"), &json!("15000.10000000")));

    // 1 BTC at 30 000.2: 4 bps are 12.00008; the mark is 30 000.1, so 0.1 is lost on paper.
    let risk = f.signed(By::Hmac, "GET", "v3/positionRisk", "").ok();
    assert_eq!(risk.as_array().map(Vec::len), Some(1), "{risk}");
    let position = &risk[0];
    assert_eq!((&position["positionAmt"], &position["entryPrice"]), (&json!("1.000"), &json!("30000.2")));
    assert_eq!((&position["markPrice"], &position["unRealizedProfit"]), (&json!("30000.1"), &json!("-0.10000000")));
    assert_eq!((&position["positionSide"], &position["notional"]), (&json!("BOTH"), &json!("30000.10000000")));
    let balance = f.signed(By::Hmac, "GET", "v3/balance", "").ok();
    let usdt = balance.as_array().and_then(|l| l.iter().find(|b| b["asset"] == "USDT")).expect("USDT").clone();
    assert_eq!((&usdt["balance"], &usdt["crossUnPnl"]), (&json!("99987.99992000"), &json!("-0.10000000")));
    // Default leverage 20: margin 30 000.1 / 20.
    assert_eq!(usdt["availableBalance"], json!("98487.89492000"));
    let account = f.signed(By::Hmac, "GET", "v3/account", "").ok();
    assert_eq!(account["totalWalletBalance"], json!("99987.99992000"));
    assert_eq!(account["totalInitialMargin"], json!("1500.00500000"));
    assert_eq!(account["positions"][0]["positionAmt"], json!("1.000"));

    // Sold ten higher: 9.8 made of it.
    f.quote("BTCUSDT", (300_100, 10_000), (300_102, 10_000));
    f.place("symbol=BTCUSDT&side=SELL&type=MARKET&quantity=1&reduceOnly=true");
    let trades = f.signed(By::Hmac, "GET", "v1/userTrades", "symbol=BTCUSDT").ok();
    assert_eq!(trades.as_array().map(Vec::len), Some(3));
    let last = &trades[2];
    assert_eq!((&last["realizedPnl"], &last["commission"]), (&json!("9.80000000"), &json!("12.00400000")));
    assert_eq!((&last["price"], &last["quoteQty"]), (&json!("30010.0"), &json!("30010.00000000")));
    assert_eq!((&last["buyer"], &last["maker"], &last["side"]), (&json!(false), &json!(false), &json!("SELL")));
    assert_eq!(f.signed(By::Hmac, "GET", "v3/positionRisk", "").ok(), json!([]));
}

#[test]
fn refusals_have_the_documented_codes() {
    let mut f = Futures::usdm();
    f.usual_quote();
    let cases: [(&str, i64); 14] = [
        ("symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTX&quantity=1&price=30000.2", -5022),
        ("symbol=BTCUSDT&side=SELL&type=STOP_MARKET&quantity=1&stopPrice=29000", -4120),
        ("symbol=BTCUSDT&side=SELL&type=TRAILING_STOP_MARKET&quantity=1", -4120),
        ("symbol=BTCUSDT&side=SELL&type=MARKET&quantity=1&reduceOnly=true", -2022),
        ("symbol=BTCUSDT&side=BUY&type=MARKET&quantity=1000", -2019),
        ("symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.001&price=100", -4164),
        ("symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1", -1102),
        ("symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTD&quantity=1&price=29000", -1115),
        ("symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=29000.05", -1111),
        ("symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0&price=29000", -4003),
        ("symbol=BTCUSDT&side=UP&type=MARKET&quantity=1", -1117),
        ("symbol=BTCUSDT&side=BUY&type=ICEBERG&quantity=1", -1116),
        ("symbol=BTCUSDT&side=BUY&type=MARKET&quantity=1&positionSide=LONG", -4061),
        ("symbol=BTCUSDT&side=BUY&type=MARKET&quantity=1&newClientOrderId=a%20b", -1100),
    ];
    for (params, code) in cases {
        assert_eq!(f.signed(By::Hmac, "POST", "v1/order", params).code(), (400, code), "{params}");
        assert_eq!(f.signed(By::Hmac, "POST", "v1/order/test", params).code(), (400, code), "{params}");
    }
    assert_eq!(f.signed(By::ReadOnly, "POST", "v1/order", &Futures::limit("BUY", "29000", "1")).code(), (401, -2015));
    let legal = Futures::limit("BUY", "29000", "1") + "&newClientOrderId=x-1.A:/b_c";
    assert_eq!(f.place(&legal)["clientOrderId"], json!("x-1.A:/b_c"));
    assert_eq!(f.signed(By::Hmac, "POST", "v1/order", &legal).code(), (400, -4116));
    assert_eq!(f.get("v1/nothing").code(), (404, -5000));
    assert_eq!(f.desk.get("/dapi/v1/ping").status, 404);
    let unsigned = f.desk.get("/fapi/v1/order/test");
    assert_eq!(unsigned.status, 405);
}

#[test]
fn a_modified_order_has_another_price_and_quantity() {
    let mut f = Futures::usdm();
    f.usual_quote();
    let id = f.place(&Futures::limit("BUY", "29000", "1"))["orderId"].clone();
    let put = |f: &mut Futures, rest: &str| {
        f.signed(By::Hmac, "PUT", "v1/order", &format!("symbol=BTCUSDT&orderId={id}&side=BUY{rest}"))
    };
    assert_eq!(put(&mut f, "&price=29001").code(), (400, -1102), "both are mandatory");
    assert_eq!(put(&mut f, "&quantity=2").code(), (400, -1102));
    let body = put(&mut f, "&price=29001&quantity=2&modifyId=77").ok();
    assert_eq!((&body["price"], &body["origQty"]), (&json!("29001.0"), &json!("2.000")));
    assert_eq!((&body["modifyId"], &body["status"]), (&json!(77), &json!("NEW")));
    assert_eq!(put(&mut f, "&price=29001&quantity=2").code(), (400, -5027));
    let depth = f.get("v1/depth?symbol=BTCUSDT&limit=5").ok();
    assert_eq!(depth["bids"], json!([["30000.0", "10.000"], ["29001.0", "2.000"]]));
    assert_eq!(fields(&depth), ["lastUpdateId", "E", "T", "bids", "asks"]);
}

#[test]
fn a_batch_is_done_order_by_order() {
    let mut f = Futures::usdm();
    f.usual_quote();
    let list = "%5B%7B%22symbol%22%3A%22BTCUSDT%22%2C%22side%22%3A%22BUY%22%2C%22type%22%3A%22LIMIT%22%2C%22\
                timeInForce%22%3A%22GTC%22%2C%22quantity%22%3A%221%22%2C%22price%22%3A%2229000%22%7D%2C%7B%22symbol\
                %22%3A%22BTCUSDT%22%2C%22side%22%3A%22BUY%22%2C%22type%22%3A%22STOP%22%2C%22quantity%22%3A%221%22%7D\
                %2C%7B%22symbol%22%3A%22BTCUSDT%22%2C%22side%22%3A%22BUY%22%2C%22type%22%3A%22LIMIT%22%2C%22\
                timeInForce%22%3A%22GTC%22%2C%22quantity%22%3A%222%22%2C%22price%22%3A%2228000%22%7D%5D";
    let answer = f.signed(By::Hmac, "POST", "v1/batchOrders", &format!("batchOrders={list}"));
    assert_eq!(answer.header("x-mbx-order-count-10s"), Some("5"), "a batch is five in ten seconds");
    assert_eq!(answer.header("x-mbx-order-count-1m"), Some("1"), "and one in a minute");
    let body = answer.ok();
    assert_eq!(
        (&body[0]["price"], &body[1]["code"], &body[2]["origQty"]),
        (&json!("29000.0"), &json!(-4120), &json!("2.000"))
    );
    let ids = format!("%5B{}%2C{}%5D", body[0]["orderId"], 424_242);
    let ended = f.signed(By::Hmac, "DELETE", "v1/batchOrders", &format!("symbol=BTCUSDT&orderIdList={ids}")).ok();
    assert_eq!((&ended[0]["status"], &ended[1]["code"]), (&json!("CANCELED"), &json!(-2011)));
    let all = f.signed(By::Hmac, "DELETE", "v1/allOpenOrders", "symbol=BTCUSDT").ok();
    assert_eq!(all, json!({ "code": 200, "msg": "The operation of cancel all open order is done." }));
    assert_eq!(f.signed(By::Hmac, "GET", "v1/openOrders", "").ok(), json!([]));
    assert_eq!(f.signed(By::Hmac, "GET", "v1/allOrders", "symbol=BTCUSDT").ok().as_array().map(Vec::len), Some(2));
}

#[test]
fn position_mode_and_leverage() {
    let mut f = Futures::usdm();
    f.usual_quote();
    let dual = |f: &mut Futures, on: &str| {
        f.signed(By::Hmac, "POST", "v1/positionSide/dual", &format!("dualSidePosition={on}"))
    };
    assert_eq!(f.signed(By::Hmac, "GET", "v1/positionSide/dual", "").ok(), json!({ "dualSidePosition": false }));
    assert_eq!(dual(&mut f, "false").code(), (400, -4059));
    f.place(&Futures::limit("BUY", "29000", "1"));
    assert_eq!(dual(&mut f, "true").code(), (400, -4067), "an order is open");
    f.signed(By::Hmac, "DELETE", "v1/allOpenOrders", "symbol=BTCUSDT").ok();
    f.place("symbol=BTCUSDT&side=BUY&type=MARKET&quantity=1");
    assert_eq!(dual(&mut f, "true").code(), (400, -4068), "a position is open");
    f.place("symbol=BTCUSDT&side=SELL&type=MARKET&quantity=1");
    assert_eq!(dual(&mut f, "true").ok(), json!({ "code": 200, "msg": "success" }));

    let market = "symbol=BTCUSDT&type=MARKET&quantity=1";
    let post = |f: &mut Futures, rest: &str| f.signed(By::Hmac, "POST", "v1/order", &format!("{market}{rest}"));
    assert_eq!(post(&mut f, "&side=BUY").code(), (400, -4061), "hedge mode wants a side");
    assert_eq!(post(&mut f, "&side=SELL&positionSide=LONG&reduceOnly=true").code(), (400, -1106));
    post(&mut f, "&side=BUY&positionSide=LONG").ok();
    post(&mut f, "&side=SELL&positionSide=SHORT").ok();
    let risk = f.signed(By::Hmac, "GET", "v3/positionRisk", "symbol=BTCUSDT").ok();
    let amounts: Vec<(&Value, &Value)> =
        risk.as_array().expect("a list").iter().map(|p| (&p["positionSide"], &p["positionAmt"])).collect();
    assert_eq!(amounts, [(&json!("LONG"), &json!("1.000")), (&json!("SHORT"), &json!("-1.000"))]);

    let set = f.signed(By::Hmac, "POST", "v1/leverage", "symbol=BTCUSDT&leverage=50").ok();
    assert_eq!((&set["leverage"], &set["symbol"]), (&json!(50), &json!("BTCUSDT")));
    assert_eq!(fields(&set), ["leverage", "maxNotionalValue", "symbol"]);
    assert_eq!(f.signed(By::Hmac, "POST", "v1/leverage", "symbol=BTCUSDT&leverage=126").code(), (400, -4028));
    let v2 = f.signed(By::Hmac, "GET", "v2/positionRisk", "symbol=BTCUSDT").ok();
    assert_eq!(v2[0]["leverage"], json!("50"));
}

#[test]
fn coin_margined_contracts_are_inverse() {
    let mut f = Futures::coinm();
    f.quote("BTCUSD_PERP", (300_000, 5_000), (300_002, 5_000));
    let body = f.place("symbol=BTCUSD_PERP&side=SELL&type=MARKET&quantity=300&newOrderRespType=RESULT");
    assert_eq!((&body["pair"], &body["status"]), (&json!("BTCUSD"), &json!("FILLED")));
    let id = &body["orderId"];
    let order = f.signed(By::Hmac, "GET", "v1/order", &format!("symbol=BTCUSD_PERP&orderId={id}")).ok();
    // 300 contracts of 100 USD at 30 000 are one BTC.
    assert_eq!((&order["cumBase"], &order["avgPrice"]), (&json!("1.00000000"), &json!("30000")));
    let balance = f.signed(By::Hmac, "GET", "v1/balance", "").ok();
    assert_eq!((&balance[0]["asset"], &balance[0]["balance"]), (&json!("BTC"), &json!("9.99960000")));
    // Bought back at 25 000: 30 000 USD are 1.2 BTC there, and the short brings 0.2.
    f.quote("BTCUSD_PERP", (249_998, 5_000), (250_000, 5_000));
    f.place("symbol=BTCUSD_PERP&side=BUY&type=MARKET&quantity=300");
    let trades = f.signed(By::Hmac, "GET", "v1/userTrades", "symbol=BTCUSD_PERP").ok();
    let last = &trades[1];
    assert_eq!((&last["realizedPnl"], &last["baseQty"]), (&json!("0.20000000"), &json!("1.20000000")));
    assert_eq!((&last["commission"], &last["marginAsset"]), (&json!("0.00048000"), &json!("BTC")));
    let price = f.get("v1/ticker/price?symbol=BTCUSD_PERP").ok();
    assert_eq!(price, json!([{ "symbol": "BTCUSD_PERP", "ps": "BTCUSD", "price": "25000.0", "time": AT }]));
    let day = f.get("v1/ticker/24hr?symbol=BTCUSD_PERP").ok();
    assert_eq!((&day[0]["volume"], &day[0]["baseVolume"]), (&json!("600"), &json!("2.20000000")));
    let short = f.signed(By::Hmac, "PUT", "v1/order", "symbol=BTCUSD_PERP&orderId=1&side=BUY&price=1");
    assert_eq!(short.code(), (400, -1102), "price and quantity are mandatory on COIN-M too");
    assert_eq!(f.get("v1/premiumIndex").ok()[0]["markPrice"], json!("24999.9"));
}

#[test]
fn market_data_over_rest() {
    let mut f = Futures::usdm();
    f.usual_quote();
    f.print("BTCUSDT", Side::Sell, 300_000, 1_500);
    f.desk.now += S;
    f.print("BTCUSDT", Side::Buy, 300_002, 500);
    let trades = f.get("v1/trades?symbol=BTCUSDT").ok();
    let first = json!({
        "id": 1, "price": "30000.0", "qty": "1.500", "quoteQty": "45000.00000000", "time": AT, "isBuyerMaker": true,
    });
    assert_eq!(trades[0].to_string(), first.to_string());
    let sums = f.get("v1/aggTrades?symbol=BTCUSDT").ok();
    let second = json!({
        "a": 2, "p": "30000.2", "q": "0.500", "f": 2, "l": 2, "T": AT + 1_000, "m": false,
    });
    assert_eq!(sums[1].to_string(), second.to_string());
    let book = f.get("v1/ticker/bookTicker?symbol=BTCUSDT").ok();
    assert_eq!((&book["bidPrice"], &book["askQty"]), (&json!("30000.0"), &json!("10.000")));
    let price = f.get("v2/ticker/price?symbol=BTCUSDT").ok();
    assert_eq!(price, json!({ "symbol": "BTCUSDT", "price": "30000.2", "time": AT + 1_000 }));
    let day = f.get("v1/ticker/24hr?symbol=BTCUSDT").ok();
    assert_eq!((&day["priceChange"], &day["count"]), (&json!("0.2"), &json!(2)));
    // (45 000 + 15 000.1) / 2.
    assert_eq!((&day["weightedAvgPrice"], &day["quoteVolume"]), (&json!("30000.05"), &json!("60000.10000000")));
    let premium = f.get("v1/premiumIndex?symbol=BTCUSDT").ok();
    assert_eq!(
        (&premium["markPrice"], &premium["nextFundingTime"]),
        (&json!("30000.1"), &json!(1_700_006_400_000_u64))
    );
    assert_eq!(f.get("v1/depth?symbol=BTCUSDT&limit=7").code(), (400, -4021));
    assert_eq!(f.get("v1/time").ok(), json!({ "serverTime": AT + 1_000 }));
    assert_eq!(f.get("v1/ping").ok(), json!({}));
    let info = f.get("v1/exchangeInfo").ok();
    assert_eq!(info["symbols"][0]["symbol"], json!("BTCUSDT"));
    let limits: Vec<(&Value, &Value)> =
        info["rateLimits"].as_array().expect("a list").iter().map(|l| (&l["interval"], &l["limit"])).collect();
    let (minute, second) = (json!("MINUTE"), json!("SECOND"));
    assert_eq!(limits, [(&minute, &json!(2_400)), (&minute, &json!(1_200)), (&second, &json!(300))]);
}

#[test]
fn weights_and_order_counts_are_in_the_headers() {
    let mut f = Futures::usdm();
    f.usual_quote();
    let weight = |answer: &desk::Answer| answer.header("x-mbx-used-weight-1m").map(str::to_owned);
    assert_eq!(weight(&f.get("v1/depth?symbol=BTCUSDT&limit=1000")).as_deref(), Some("20"));
    assert_eq!(weight(&f.get("v1/depth?symbol=BTCUSDT&limit=50")).as_deref(), Some("22"));
    assert_eq!(weight(&f.get("v1/ticker/24hr")).as_deref(), Some("62"));
    let placed = f.signed(By::Hmac, "POST", "v1/order", &Futures::limit("BUY", "29000", "1"));
    assert_eq!(weight(&placed).as_deref(), Some("62"), "an order weighs nothing");
    assert_eq!((placed.header("x-mbx-order-count-10s"), placed.header("x-mbx-order-count-1m")), (Some("1"), Some("1")));
    assert_eq!((placed.header("x-mbx-order-count-1d"), placed.header("x-mbx-used-weight")), (None, None));
    assert_eq!(weight(&f.signed(By::Hmac, "GET", "v1/positionSide/dual", "")).as_deref(), Some("92"));
    assert_eq!(weight(&f.signed(By::Hmac, "GET", "v3/account", "")).as_deref(), Some("97"));

    let mut f = Futures::with_limits(&Limits { orders_per_ten_seconds: 2, weight_per_minute: 6, ..Limits::FUTURES });
    f.usual_quote();
    for _ in 0..2 {
        f.place(&Futures::limit("BUY", "29000", "1"));
    }
    let refused = f.signed(By::Hmac, "POST", "v1/order", &Futures::limit("BUY", "29000", "1"));
    assert_eq!((refused.code(), refused.header("retry-after")), ((429, -1015), Some("10")));
    f.desk.now += 10 * S;
    f.place(&Futures::limit("BUY", "29000", "1"));
    f.get("v1/trades?symbol=BTCUSDT").ok();
    let heavy = f.get("v1/trades?symbol=BTCUSDT");
    assert_eq!(heavy.code(), (429, -1003));
    assert_eq!(heavy.header("retry-after"), Some("30"), "the minute of 22:13 ends at 22:14");
}

#[test]
fn clients_that_ask_for_leverage_brackets_get_one() {
    let mut f = Futures::usdm();
    let all = f.signed(By::Hmac, "GET", "v1/leverageBracket", "").ok();
    let bracket = json!({
        "bracket": 1, "initialLeverage": 125, "notionalCap": 1_000_000_000_000_000_u64, "notionalFloor": 0,
        "maintMarginRatio": 0, "cum": 0,
    });
    let of = |symbol: &str| json!({ "symbol": symbol, "notionalCoef": 1, "brackets": [bracket] });
    assert_eq!(all, json!([of("BTCUSDT"), of("ETHUSDT")]));
    assert_eq!(f.signed(By::Hmac, "GET", "v1/leverageBracket", "symbol=ETHUSDT").ok(), of("ETHUSDT"));
    assert_eq!(f.get("v1/leverageBracket").code(), (400, -1102), "it has to be signed");
    let mut f = Futures::coinm();
    let all = f.signed(By::Hmac, "GET", "v2/leverageBracket", "").ok();
    assert_eq!(all[0]["brackets"][0]["qtyCap"], json!(1_000_000_000));
}
