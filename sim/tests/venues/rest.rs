//! Orders, queries and market data over REST, as raw bytes: values, and exactly the documented fields.

use crate::desk;

use crosstick_model::Side;
use desk::{By, Desk, MS, S, T0, client_frame, fields, read_answer};
use serde_json::{Value, json};

const ACK: [&str; 5] = ["symbol", "orderId", "orderListId", "clientOrderId", "transactTime"];
const RESULT: [&str; 11] = [
    "price",
    "origQty",
    "executedQty",
    "origQuoteOrderQty",
    "cummulativeQuoteQty",
    "status",
    "timeInForce",
    "type",
    "side",
    "workingTime",
    "selfTradePreventionMode",
];
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
const CANCEL: [&str; 16] = [
    "symbol",
    "origClientOrderId",
    "orderId",
    "orderListId",
    "clientOrderId",
    "transactTime",
    "price",
    "origQty",
    "executedQty",
    "origQuoteOrderQty",
    "cummulativeQuoteQty",
    "status",
    "timeInForce",
    "type",
    "side",
    "selfTradePreventionMode",
];

fn limit(side: &str, price: &str, quantity: &str) -> String {
    format!("symbol=BTCUSDT&side={side}&type=LIMIT&timeInForce=GTC&quantity={quantity}&price={price}")
}

fn place(desk: &mut Desk, params: &str) -> Value {
    desk.signed(By::Hmac, "POST", "order", params).ok()
}

fn balance(desk: &mut Desk, asset: &str) -> (String, String) {
    let account = desk.signed(By::Hmac, "GET", "account", "").ok();
    let list = account["balances"].as_array().expect("balances").clone();
    let entry = list.iter().find(|b| b["asset"] == asset).expect("the asset").clone();
    assert_eq!(fields(&entry), ["asset", "free", "locked"]);
    let text = |name: &str| entry[name].as_str().expect("text").to_owned();
    (text("free"), text("locked"))
}

#[test]
fn a_market_order_is_answered_in_full() {
    let mut desk = Desk::new();
    desk.usual_quote();
    let body = place(&mut desk, "symbol=BTCUSDT&side=BUY&type=MARKET&quantity=0.5&newClientOrderId=mine-1");
    assert_eq!(fields(&body), [&ACK[..], &RESULT[..], &["fills"]].concat());
    let (id, trade) = (body["orderId"].clone(), body["fills"][0]["tradeId"].clone());
    assert!(id.is_u64() && trade.is_u64(), "{body}");
    let expected = json!({
        "symbol": "BTCUSDT", "orderId": id, "orderListId": -1, "clientOrderId": "mine-1",
        "transactTime": 1_700_000_000_000_u64, "price": "0.00000000", "origQty": "0.50000000",
        "executedQty": "0.50000000", "origQuoteOrderQty": "0.00000000", "cummulativeQuoteQty": "15000.50000000",
        "status": "FILLED", "timeInForce": "GTC", "type": "MARKET", "side": "BUY",
        "workingTime": 1_700_000_000_000_u64, "selfTradePreventionMode": "EXPIRE_MAKER",
        "fills": [{
            "price": "30001.00000000", "qty": "0.50000000", "commission": "0.00050000", "commissionAsset": "BTC",
            "tradeId": trade,
        }],
    });
    assert_eq!(body, expected);
    assert_eq!(balance(&mut desk, "BTC"), ("100.49950000".to_owned(), "0.00000000".to_owned()));
    assert_eq!(balance(&mut desk, "USDT"), ("984999.50000000".to_owned(), "0.00000000".to_owned()));

    let trades = desk.signed(By::Ed25519, "GET", "myTrades", "symbol=BTCUSDT").ok();
    let expected = json!([{
        "symbol": "BTCUSDT", "id": trade, "orderId": id, "orderListId": -1, "price": "30001.00000000",
        "qty": "0.50000000", "quoteQty": "15000.50000000", "commission": "0.00050000", "commissionAsset": "BTC",
        "time": 1_700_000_000_000_u64, "isBuyer": true, "isMaker": false, "isBestMatch": true,
    }]);
    assert_eq!(trades, expected);
}

#[test]
fn a_market_order_by_quote_quantity_spends_at_most_that() {
    let mut desk = Desk::new();
    desk.usual_quote();
    let body = place(&mut desk, "symbol=BTCUSDT&side=BUY&type=MARKET&quoteOrderQty=100");
    // 100 / 30001 is 0.0033332...; whole steps of 0.00001 make 0.00333.
    assert_eq!(body["executedQty"], json!("0.00333000"));
    assert_eq!((&body["origQuoteOrderQty"], &body["status"]), (&json!("100.00000000"), &json!("FILLED")));
    assert_eq!(body["cummulativeQuoteQty"], json!("99.90333000"));
}

#[test]
fn answers_are_as_long_as_asked_for() {
    let mut desk = Desk::new();
    desk.usual_quote();
    let order = limit("BUY", "29000", "0.1");
    for (kind, expected) in [
        ("ACK", ACK.to_vec()),
        ("RESULT", [&ACK[..], &RESULT[..]].concat()),
        ("FULL", [&ACK[..], &RESULT[..], &["fills"]].concat()),
    ] {
        let body = place(&mut desk, &format!("{order}&newOrderRespType={kind}"));
        assert_eq!(fields(&body), expected, "{kind}");
    }
    // LIMIT and MARKET are answered in full, the others with an acknowledgement.
    assert_eq!(fields(&place(&mut desk, &order)).last(), Some(&"fills"));
    let maker = "symbol=BTCUSDT&side=BUY&type=LIMIT_MAKER&quantity=0.1&price=29000";
    assert_eq!(fields(&place(&mut desk, maker)), ACK);
    let stop = "symbol=BTCUSDT&side=SELL&type=STOP_LOSS_LIMIT&timeInForce=GTC&quantity=0.1&price=28000&stopPrice=28500";
    desk.print("BTCUSDT", Side::Buy, 3_000_100, 1_000);
    assert_eq!(fields(&place(&mut desk, stop)), ACK);
    let body = place(&mut desk, &format!("{stop}&newOrderRespType=RESULT&strategyId=5&strategyType=1000001"));
    let body_fields = fields(&body);
    for (name, value) in [
        ("stopPrice", json!("28500.00000000")),
        ("strategyId", json!(5)),
        ("strategyType", json!(1_000_001)),
        ("workingTime", json!(-1)),
    ] {
        assert!(body_fields.contains(&name));
        assert_eq!(body[name], value);
    }
}

#[test]
fn an_order_rests_is_shown_and_is_cancelled() {
    let mut desk = Desk::new();
    desk.usual_quote();
    let placed = place(&mut desk, &(limit("BUY", "29000.50", "0.1") + "&newClientOrderId=a"));
    let id = placed["orderId"].as_u64().expect("an id");
    assert_eq!(balance(&mut desk, "USDT"), ("997099.95000000".to_owned(), "2900.05000000".to_owned()));
    desk.now += 7 * MS;
    let order = desk.signed(By::Hmac, "GET", "order", &format!("symbol=BTCUSDT&orderId={id}")).ok();
    assert_eq!(fields(&order), ORDER);
    let expected = json!({
        "symbol": "BTCUSDT", "orderId": id, "orderListId": -1, "clientOrderId": "a", "price": "29000.50000000",
        "origQty": "0.10000000", "executedQty": "0.00000000", "cummulativeQuoteQty": "0.00000000", "status": "NEW",
        "timeInForce": "GTC", "type": "LIMIT", "side": "BUY", "stopPrice": "0.00000000", "icebergQty": "0.00000000",
        "time": 1_700_000_000_000_u64, "updateTime": 1_700_000_000_000_u64, "isWorking": true,
        "workingTime": 1_700_000_000_000_u64, "origQuoteOrderQty": "0.00000000",
        "selfTradePreventionMode": "EXPIRE_MAKER",
    });
    assert_eq!(order, expected);
    assert_eq!(desk.signed(By::Rsa, "GET", "openOrders", "").ok(), json!([expected]));
    assert_eq!(desk.signed(By::Rsa, "GET", "openOrders", "symbol=LTCBTC").ok(), json!([]));
    let by_client = desk.signed(By::Hmac, "GET", "order", "symbol=BTCUSDT&origClientOrderId=a").ok();
    assert_eq!(by_client, expected);
    // Nobody else's business.
    let other = desk.signed(By::Other, "GET", "order", &format!("symbol=BTCUSDT&orderId={id}"));
    assert_eq!((other.code(), &other.body["msg"]), ((400, -2013), &json!("Order does not exist.")));
    assert_eq!(desk.signed(By::Other, "GET", "openOrders", "").ok(), json!([]));

    let cancel = format!("symbol=BTCUSDT&orderId={id}&newClientOrderId=c1");
    let cancelled = desk.signed(By::Hmac, "DELETE", "order", &cancel).ok();
    assert_eq!(fields(&cancelled), CANCEL);
    let expected = json!({
        "symbol": "BTCUSDT", "origClientOrderId": "a", "orderId": id, "orderListId": -1, "clientOrderId": "c1",
        "transactTime": 1_700_000_000_007_u64, "price": "29000.50000000", "origQty": "0.10000000",
        "executedQty": "0.00000000", "origQuoteOrderQty": "0.00000000", "cummulativeQuoteQty": "0.00000000",
        "status": "CANCELED", "timeInForce": "GTC", "type": "LIMIT", "side": "BUY",
        "selfTradePreventionMode": "EXPIRE_MAKER",
    });
    assert_eq!(cancelled, expected);
    assert_eq!(balance(&mut desk, "USDT"), ("1000000.00000000".to_owned(), "0.00000000".to_owned()));
    let all = desk.signed(By::Hmac, "GET", "allOrders", "symbol=BTCUSDT").ok();
    assert_eq!((all[0]["orderId"].as_u64(), &all[0]["status"]), (Some(id), &json!("CANCELED")));
}

#[test]
fn cancelling_all_gives_each_order() {
    let mut desk = Desk::new();
    desk.usual_quote();
    for price in ["29000", "29001"] {
        place(&mut desk, &limit("BUY", price, "0.1"));
    }
    let cancelled = desk.signed(By::Hmac, "DELETE", "openOrders", "symbol=BTCUSDT").ok();
    let list = cancelled.as_array().expect("a list");
    assert_eq!(list.len(), 2);
    assert!(list.iter().all(|o| fields(o) == CANCEL && o["status"] == "CANCELED"), "{cancelled}");
    let again = desk.signed(By::Hmac, "DELETE", "openOrders", "symbol=BTCUSDT");
    assert_eq!((again.code(), &again.body["msg"]), ((400, -2011), &json!("Unknown order sent.")));
}

#[test]
fn cancel_and_replace() {
    const PATH: &str = "order/cancelReplace";
    let mut desk = Desk::new();
    desk.usual_quote();
    let id = place(&mut desk, &limit("BUY", "29000", "0.1"))["orderId"].clone();
    let order = limit("BUY", "29001", "0.1");
    let params = format!("{order}&cancelReplaceMode=STOP_ON_FAILURE&cancelOrderId={id}&newOrderRespType=ACK");
    let body = desk.signed(By::Hmac, "POST", PATH, &params).ok();
    assert_eq!(fields(&body), ["cancelResult", "newOrderResult", "cancelResponse", "newOrderResponse"]);
    assert_eq!((&body["cancelResult"], &body["newOrderResult"]), (&json!("SUCCESS"), &json!("SUCCESS")));
    assert_eq!(fields(&body["cancelResponse"]), CANCEL);
    assert_eq!(fields(&body["newOrderResponse"]), ACK);
    let open = desk.signed(By::Hmac, "GET", "openOrders", "symbol=BTCUSDT").ok();
    assert_eq!((open.as_array().map(Vec::len), &open[0]["price"]), (Some(1), &json!("29001.00000000")));

    // The cancel fails, so the new order is not tried.
    let stopped = desk.signed(By::Hmac, "POST", PATH, &params);
    assert_eq!(stopped.code(), (400, -2022));
    let expected = json!({
        "code": -2022, "msg": "Order cancel-replace failed.", "data": {
            "cancelResult": "FAILURE", "newOrderResult": "NOT_ATTEMPTED",
            "cancelResponse": { "code": -2011, "msg": "Unknown order sent." }, "newOrderResponse": null,
        },
    });
    assert_eq!(stopped.body, expected);
    // The same, but tried all the same.
    let allowed = desk.signed(By::Hmac, "POST", PATH, &params.replace("STOP_ON_FAILURE", "ALLOW_FAILURE"));
    assert_eq!(allowed.code(), (409, -2021));
    assert_eq!(allowed.body["data"]["newOrderResult"], json!("SUCCESS"));
    assert_eq!(allowed.body["data"]["cancelResponse"]["code"], json!(-2011));
    // The cancel succeeds, the new order is too dear.
    let id = open[0]["orderId"].clone();
    let dear = limit("BUY", "29001", "90");
    let params = format!("{dear}&cancelReplaceMode=STOP_ON_FAILURE&cancelOrderId={id}");
    let half = desk.signed(By::Hmac, "POST", PATH, &params);
    assert_eq!(half.code(), (409, -2021));
    assert_eq!(half.body["msg"], json!("Order cancel-replace partially failed."));
    assert_eq!(half.body["data"]["cancelResult"], json!("SUCCESS"));
    let refusal = json!({ "code": -2010, "msg": "Account has insufficient balance for requested action." });
    assert_eq!(half.body["data"]["newOrderResponse"], refusal);
}

#[test]
fn amending_keeps_the_order() {
    let mut desk = Desk::new();
    desk.usual_quote();
    let id = place(&mut desk, &(limit("BUY", "29000", "0.5") + "&newClientOrderId=a"))["orderId"].clone();
    let params = format!("symbol=BTCUSDT&orderId={id}&newQty=0.2&newClientOrderId=b");
    let body = desk.signed(By::Hmac, "PUT", "order/amend/keepPriority", &params).ok();
    assert_eq!(fields(&body), ["transactTime", "executionId", "amendedOrder"]);
    assert!(body["executionId"].as_u64().is_some_and(|n| n > 0), "{body}");
    let expected = json!({
        "symbol": "BTCUSDT", "orderId": id, "orderListId": -1, "origClientOrderId": "a", "clientOrderId": "b",
        "price": "29000.00000000", "qty": "0.20000000", "executedQty": "0.00000000", "preventedQty": "0.00000000",
        "quoteOrderQty": "0.00000000", "cumulativeQuoteQty": "0.00000000", "status": "NEW", "timeInForce": "GTC",
        "type": "LIMIT", "side": "BUY", "workingTime": 1_700_000_000_000_u64, "selfTradePreventionMode": "EXPIRE_MAKER",
    });
    assert_eq!(body["amendedOrder"], expected);
    assert_eq!(balance(&mut desk, "USDT").1, "5800.00000000");
    let more = desk.signed(By::Hmac, "PUT", "order/amend/keepPriority", &params.replace("0.2", "0.3"));
    assert_eq!(more.code(), (400, -2038));
}

#[test]
fn resting_orders_are_hit_by_the_market_and_pay_as_makers() {
    let mut desk = Desk::new();
    desk.usual_quote();
    let id = place(&mut desk, &limit("SELL", "30000.50", "0.2"))["orderId"].clone();
    let book = desk.get("/api/v3/ticker/bookTicker?symbol=BTCUSDT").ok();
    assert_eq!((&book["askPrice"], &book["askQty"]), (&json!("30000.50000000"), &json!("0.20000000")));
    desk.now += S;
    desk.print("BTCUSDT", Side::Buy, 3_000_100, 5_000);
    let order = desk.signed(By::Hmac, "GET", "order", &format!("symbol=BTCUSDT&orderId={id}")).ok();
    assert_eq!((&order["status"], &order["executedQty"]), (&json!("PARTIALLY_FILLED"), &json!("0.05000000")));
    assert_eq!(order["updateTime"], json!(1_700_000_001_000_u64));
    let trade = desk.signed(By::Hmac, "GET", "myTrades", &format!("symbol=BTCUSDT&orderId={id}")).ok()[0].clone();
    assert_eq!((&trade["isMaker"], &trade["isBuyer"]), (&json!(true), &json!(false)));
    // 0.05 × 30000.50 = 1500.025; a thousandth of it, in what was received.
    assert_eq!((&trade["commission"], &trade["commissionAsset"]), (&json!("1.50002500"), &json!("USDT")));
}

#[test]
fn self_trade_prevention_is_told() {
    let mut desk = Desk::new();
    desk.usual_quote();
    let maker = place(&mut desk, &limit("SELL", "30000.50", "0.2"))["orderId"].clone();
    let taker = limit("BUY", "30000.50", "0.1") + "&selfTradePreventionMode=EXPIRE_TAKER";
    let body = place(&mut desk, &taker);
    assert_eq!((&body["status"], &body["executedQty"]), (&json!("EXPIRED_IN_MATCH"), &json!("0.00000000")));
    assert_eq!(body["preventedQuantity"], json!("0.10000000"));
    let id = body["preventedMatchId"].clone();
    let list =
        desk.signed(By::Hmac, "GET", "myPreventedMatches", &format!("symbol=BTCUSDT&preventedMatchId={id}")).ok();
    let expected = [
        "symbol",
        "preventedMatchId",
        "takerOrderId",
        "makerSymbol",
        "makerOrderId",
        "tradeGroupId",
        "selfTradePreventionMode",
        "price",
        "makerPreventedQuantity",
        "takerPreventedQuantity",
        "transactTime",
    ];
    assert_eq!(fields(&list[0]), expected);
    assert_eq!((&list[0]["makerOrderId"], &list[0]["takerPreventedQuantity"]), (&maker, &json!("0.10000000")));
}

#[test]
fn account_and_commissions() {
    let mut desk = Desk::new();
    let account = desk.signed(By::ReadOnly, "GET", "account", "").ok();
    let expected = [
        "makerCommission",
        "takerCommission",
        "buyerCommission",
        "sellerCommission",
        "commissionRates",
        "canTrade",
        "canWithdraw",
        "canDeposit",
        "brokered",
        "requireSelfTradePrevention",
        "preventSor",
        "updateTime",
        "accountType",
        "balances",
        "permissions",
        "uid",
    ];
    assert_eq!(fields(&account), expected);
    let rates = json!({ "maker": "0.00100000", "taker": "0.00100000", "buyer": "0.00000000", "seller": "0.00000000" });
    assert_eq!((&account["commissionRates"], &account["takerCommission"]), (&rates, &json!(10)));
    let count = |body: &Value| body["balances"].as_array().map(Vec::len);
    let some = desk.signed(By::Other, "GET", "account", "omitZeroBalances=true").ok();
    assert_eq!((count(&account), count(&some)), (Some(4), Some(3)));
    let commission = desk.signed(By::Hmac, "GET", "account/commission", "symbol=BTCUSDT").ok();
    let expected = ["symbol", "standardCommission", "specialCommission", "taxCommission", "discount"];
    assert_eq!(fields(&commission), expected);
    assert_eq!(commission["standardCommission"], rates);
    let test = "symbol=LTCBTC&side=BUY&type=MARKET&quantity=1&computeCommissionRates=true";
    let rates = desk.signed(By::Hmac, "POST", "order/test", test).ok();
    assert_eq!(rates["standardCommissionForOrder"], json!({ "maker": "0.00100000", "taker": "0.00100000" }));
}

#[test]
fn depth_and_trades() {
    let mut desk = Desk::new();
    desk.usual_quote();
    place(&mut desk, &limit("BUY", "29999.99", "0.3"));
    let depth = desk.get("/api/v3/depth?symbol=BTCUSDT").ok();
    assert_eq!(fields(&depth), ["lastUpdateId", "bids", "asks"]);
    assert_eq!(depth["bids"], json!([["30000.00000000", "1.00000000"], ["29999.99000000", "0.30000000"]]));
    assert_eq!(depth["asks"], json!([["30001.00000000", "1.00000000"]]));
    let top = desk.get("/api/v3/depth?symbol=BTCUSDT&limit=1").ok();
    assert_eq!(top["bids"], json!([["30000.00000000", "1.00000000"]]));
    assert_eq!(top["lastUpdateId"], depth["lastUpdateId"]);

    for quantity in [1_000, 2_000, 3_000] {
        desk.print("BTCUSDT", Side::Sell, 3_000_000, quantity);
        desk.now += 10 * MS;
    }
    let trades = desk.get("/api/v3/trades?symbol=BTCUSDT&limit=2").ok();
    let first = trades[0]["id"].as_u64().expect("an id");
    let expected = |id: u64, qty: &str, quote: &str, time: u64| {
        json!({
            "id": id, "price": "30000.00000000", "qty": qty, "quoteQty": quote, "time": time, "isBuyerMaker": true,
            "isBestMatch": true,
        })
    };
    let (t1, t2) = (1_700_000_000_010, 1_700_000_000_020);
    let expected = json!([
        expected(first, "0.02000000", "600.00000000", t1),
        expected(first + 1, "0.03000000", "900.00000000", t2),
    ]);
    assert_eq!(trades, expected);
    let old = desk.get(&format!("/api/v3/historicalTrades?symbol=BTCUSDT&fromId={}&limit=1", first - 1)).ok();
    assert_eq!((old.as_array().map(Vec::len), &old[0]["qty"]), (Some(1), &json!("0.01000000")));
    let sums = desk.get("/api/v3/aggTrades?symbol=BTCUSDT&limit=1").ok();
    assert_eq!(fields(&sums[0]), ["a", "p", "q", "f", "l", "T", "m", "M"]);
    assert_eq!(
        (&sums[0]["q"], &sums[0]["f"], &sums[0]["l"]),
        (&json!("0.03000000"), &json!(first + 1), &json!(first + 1))
    );
}

#[test]
fn a_taker_through_several_makers_at_one_price_is_one_aggregate() {
    let mut desk = Desk::new();
    desk.usual_quote();
    for _ in 0..2 {
        desk.signed(By::Other, "POST", "order", &limit("SELL", "30000.50", "0.1")).ok();
    }
    let body = place(&mut desk, &limit("BUY", "30001", "0.3"));
    assert_eq!(body["fills"].as_array().map(Vec::len), Some(3));
    let sums = desk.get("/api/v3/aggTrades?symbol=BTCUSDT").ok();
    let quantities: Vec<&Value> = sums.as_array().expect("a list").iter().map(|a| &a["q"]).collect();
    assert_eq!(quantities, [&json!("0.20000000"), &json!("0.10000000")]);
    assert_eq!(sums[0]["l"].as_u64(), sums[0]["f"].as_u64().map(|f| f + 1));
}

#[test]
fn bars_and_tickers() {
    let mut desk = Desk::new();
    desk.usual_quote();
    // T0 is 22:13:20; prints at 22:13:20, 22:13:21 and 22:16:20.
    for (after, price, quantity) in [(0, 3_000_100, 1_000), (S, 3_001_000, 2_000), (179 * S, 2_990_000, 1_000)] {
        desk.now += after;
        desk.print("BTCUSDT", Side::Buy, price, quantity);
    }
    let bars = desk.get("/api/v3/klines?symbol=BTCUSDT&interval=1m").ok();
    let bars = bars.as_array().expect("a list").clone();
    assert_eq!(bars.len(), 4);
    let expected = json!([
        1_699_999_980_000_u64,
        "30001.00000000",
        "30010.00000000",
        "30001.00000000",
        "30010.00000000",
        "0.03000000",
        1_700_000_039_999_u64,
        "900.21000000",
        2,
        "0.03000000",
        "900.21000000",
        "0",
    ]);
    assert_eq!(bars[0], expected);
    // A minute without trades stands where the last one ended.
    assert_eq!(
        (&bars[1][1], &bars[1][4], &bars[1][8]),
        (&json!("30010.00000000"), &json!("30010.00000000"), &json!(0))
    );
    assert_eq!(bars[3][4], json!("29900.00000000"));
    let seconds = desk.get("/api/v3/klines?symbol=BTCUSDT&interval=1s&limit=3").ok();
    assert_eq!(seconds.as_array().map(Vec::len), Some(3));
    let day = desk.get("/api/v3/klines?symbol=BTCUSDT&interval=1d&timeZone=8").ok();
    // 2023-11-15 00:00 at +08:00.
    assert_eq!((&day[0][0], &day[0][8]), (&json!(1_699_977_600_000_u64), &json!(3)));
    assert_eq!(desk.get("/api/v3/uiKlines?symbol=BTCUSDT&interval=1m").ok()[0], expected);

    let ticker = desk.get("/api/v3/ticker/24hr?symbol=BTCUSDT").ok();
    let names = [
        "symbol",
        "priceChange",
        "priceChangePercent",
        "weightedAvgPrice",
        "prevClosePrice",
        "lastPrice",
        "lastQty",
        "bidPrice",
        "bidQty",
        "askPrice",
        "askQty",
        "openPrice",
        "highPrice",
        "lowPrice",
        "volume",
        "quoteVolume",
        "openTime",
        "closeTime",
        "firstId",
        "lastId",
        "count",
    ];
    assert_eq!(fields(&ticker), names);
    let value = |name: &str| ticker[name].as_str().unwrap_or_default().to_owned();
    assert_eq!((value("priceChange"), value("priceChangePercent")), ("-101.00000000".to_owned(), "-0.336".to_owned()));
    assert_eq!((value("volume"), value("quoteVolume")), ("0.04000000".to_owned(), "1199.21000000".to_owned()));
    assert_eq!((value("weightedAvgPrice"), value("lastQty")), ("29980.25000000".to_owned(), "0.01000000".to_owned()));
    assert_eq!((&ticker["count"], value("highPrice")), (&json!(3), "30010.00000000".to_owned()));
    let mini = desk.get("/api/v3/ticker/24hr?symbols=%5B%22BTCUSDT%22%5D&type=MINI").ok();
    let names = [
        "symbol",
        "openPrice",
        "highPrice",
        "lowPrice",
        "lastPrice",
        "volume",
        "quoteVolume",
        "openTime",
        "closeTime",
        "firstId",
        "lastId",
        "count",
    ];
    assert_eq!(fields(&mini[0]), names);
    let price = desk.get("/api/v3/ticker/price?symbol=BTCUSDT").ok();
    assert_eq!(price, json!({ "symbol": "BTCUSDT", "price": "29900.00000000" }));
    assert_eq!(desk.get("/api/v3/ticker/price").ok().as_array().map(Vec::len), Some(3));
    let average = desk.get("/api/v3/avgPrice?symbol=BTCUSDT").ok();
    assert_eq!(fields(&average), ["mins", "price", "closeTime"]);
    assert_eq!((&average["price"], &average["closeTime"]), (&json!("29980.25000000"), &json!(1_700_000_180_000_u64)));
}

#[test]
fn exchange_info_names_all_that_is_documented() {
    let mut desk = Desk::new();
    let info = desk.get("/api/v3/exchangeInfo?symbol=BTCUSDT").ok();
    assert_eq!(fields(&info), ["timezone", "serverTime", "rateLimits", "exchangeFilters", "symbols"]);
    let names = [
        "symbol",
        "status",
        "baseAsset",
        "baseAssetPrecision",
        "quoteAsset",
        "quotePrecision",
        "quoteAssetPrecision",
        "baseCommissionPrecision",
        "quoteCommissionPrecision",
        "orderTypes",
        "icebergAllowed",
        "ocoAllowed",
        "otoAllowed",
        "opoAllowed",
        "quoteOrderQtyMarketAllowed",
        "allowTrailingStop",
        "cancelReplaceAllowed",
        "amendAllowed",
        "pegInstructionsAllowed",
        "isSpotTradingAllowed",
        "isMarginTradingAllowed",
        "filters",
        "permissions",
        "permissionSets",
        "defaultSelfTradePreventionMode",
        "allowedSelfTradePreventionModes",
    ];
    assert_eq!(fields(&info["symbols"][0]), names);
    let limits = json!([
        { "rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 6000 },
        { "rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 50 },
        { "rateLimitType": "ORDERS", "interval": "DAY", "intervalNum": 1, "limit": 160_000 },
        { "rateLimitType": "RAW_REQUESTS", "interval": "MINUTE", "intervalNum": 5, "limit": 300_000 },
    ]);
    assert_eq!(info["rateLimits"], limits);
    let filters = info["symbols"][0]["filters"].as_array().expect("filters").clone();
    let expected = json!({
        "filterType": "PERCENT_PRICE_BY_SIDE", "bidMultiplierUp": "5", "bidMultiplierDown": "0.2",
        "askMultiplierUp": "5", "askMultiplierDown": "0.2", "avgPriceMins": 5,
    });
    assert!(filters.contains(&expected), "{filters:?}");
    let count = |body: Value| body["symbols"].as_array().map(Vec::len);
    assert_eq!(count(desk.get("/api/v3/exchangeInfo?permissions=SPOT").ok()), Some(3));
    assert_eq!(count(desk.get("/api/v3/exchangeInfo?permissions=%5B%22MARGIN%22%5D").ok()), Some(0));
    assert_eq!(count(desk.get("/api/v3/exchangeInfo?symbolStatus=HALT").ok()), Some(0));
}

#[test]
fn microseconds_on_demand() {
    let mut desk = Desk::new();
    desk.now += 123 * 1_000;
    let time = desk.request("GET", "/api/v3/time", &[("X-MBX-TIME-UNIT", "MICROSECOND")], "").ok();
    assert_eq!(time, json!({ "serverTime": 1_700_000_000_000_123_u64 }));
    // A timestamp in microseconds and a window with decimals are as good.
    let payload = format!("recvWindow=0.5&timestamp={}", desk.now / 1_000 - 400);
    assert_eq!(desk.signed_payload(By::Hmac, "GET", "openOrders", &payload).ok(), json!([]));
    let payload = format!("recvWindow=0.5&timestamp={}", desk.now / 1_000 - 600);
    assert_eq!(desk.signed_payload(By::Hmac, "GET", "openOrders", &payload).code(), (400, -1021));
}

#[test]
fn one_connection_takes_bodies_one_after_the_other() {
    let mut desk = Desk::new();
    desk.usual_quote();
    let body = |at: u64| {
        let payload = format!("{}&timestamp={at}", limit("BUY", "29000", "0.1"));
        format!("{payload}&signature={}", By::Hmac.sign(&payload))
    };
    let request = |verb: &str, path: &str, body: &str| {
        format!(
            "{verb} /api/v3/{path} HTTP/1.1\r\nHost: x\r\nX-MBX-APIKEY: {}\r\nContent-Length: {}\r\n\r\n{body}",
            By::Hmac.key(),
            body.len()
        )
    };
    let at = T0 / MS;
    let cancel = format!("symbol=BTCUSDT&timestamp={at}");
    let cancel = format!("{cancel}&signature={}", By::Hmac.sign(&cancel));
    let bytes = request("POST", "order", &body(at))
        + &request("POST", "order", &body(at))
        + &request("DELETE", "openOrders", &cancel);
    let id = desk.venue.open(desk.now).expect("room");
    // Byte by byte, as a slow network would bring it.
    for byte in bytes.as_bytes() {
        desk.venue.input(id, &[*byte], desk.now);
    }
    let bytes = desk.raw(id);
    let (first, rest) = read_answer(&bytes);
    let (second, rest) = read_answer(&bytes[bytes.len() - rest..]);
    let (third, rest) = read_answer(&bytes[bytes.len() - rest..]);
    assert_eq!((first.status, second.status, third.status, rest), (200, 200, 200, 0));
    assert_eq!(third.body.as_array().map(Vec::len), Some(2));
    assert_eq!(first.header("connection"), Some("keep-alive"));
    assert!(first.header("transfer-encoding").is_none());
    // Bytes that are no HTTP end it.
    desk.venue.input(id, &client_frame(1, b"x"), desk.now);
    assert_eq!(read_answer(&desk.raw(id)).0.status, 400);
}
