//! What spot's two APIs offer: one table for REST and WebSocket API, with who may call, what it weighs, what it takes.

use crate::api::auth::Security;
use crate::api::params::Params;

/// What a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Op {
    Ping,
    Time,
    ExchangeInfo,
    Depth,
    Trades,
    HistoricalTrades,
    AggTrades,
    Klines,
    AvgPrice,
    Ticker24hr,
    TickerPrice,
    TickerBook,
    ReferencePrice,
    PlaceOrder,
    TestOrder,
    CancelOrder,
    CancelOpenOrders,
    CancelReplace,
    AmendOrder,
    OrderStatus,
    OpenOrders,
    AllOrders,
    Account,
    MyTrades,
    OrderCounts,
    Commission,
    PreventedMatches,
    SessionLogon,
    SessionStatus,
    SessionLogout,
    SessionSubscriptions,
    Subscribe,
    SubscribeSigned,
    Unsubscribe,
}

/// What a request weighs.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Weight {
    /// Always so much.
    Fixed(u32),
    /// So much unless it succeeds, which is free.
    FreeOnSuccess(u32),
    /// By how deep a book is asked for.
    ByDepth,
    /// By how many symbols are asked for: up to 20, up to 100, more or all.
    BySymbols(u32, u32, u32),
    /// With one symbol, without.
    ByOneSymbol(u32, u32),
    /// With this parameter, without.
    With(&'static str, u32, u32),
}

/// One method.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Method {
    pub(crate) op: Op,
    /// Its REST verb and path below `/api/v3/`; empty where REST does not have it.
    pub(crate) verb: &'static str,
    pub(crate) path: &'static str,
    /// Its name on the WebSocket API; empty where that does not have it.
    pub(crate) name: &'static str,
    pub(crate) security: Security,
    pub(crate) weight: Weight,
    /// What it takes, besides key, signature and time.
    pub(crate) params: &'static [&'static str],
}

impl Method {
    /// What a request with these parameters weighs.
    pub(crate) fn weight(&self, params: &Params) -> u32 {
        let count = |name: &str| params.get(name).filter(|v| !v.is_empty());
        match self.weight {
            Weight::Fixed(weight) | Weight::FreeOnSuccess(weight) => weight,
            Weight::ByDepth => match count("limit").map_or(Ok(100), str::parse::<u32>) {
                Ok(0..=100) => 5,
                Ok(101..=500) => 25,
                Ok(501..=1000) => 50,
                _ => 250,
            },
            Weight::BySymbols(few, many, all) => match (count("symbol"), count("symbols")) {
                (Some(_), _) => few,
                (None, None) => all,
                (None, Some(list)) => match list.matches(',').count() + 1 {
                    0..=20 => few,
                    21..=100 => many,
                    _ => all,
                },
            },
            Weight::ByOneSymbol(one, more) => {
                if count("symbol").is_some() {
                    one
                } else {
                    more
                }
            }
            Weight::With(name, with, without) => {
                if count(name).is_some_and(|v| v != "false") {
                    with
                } else {
                    without
                }
            }
        }
    }

    /// What is given back when it succeeds.
    pub(crate) const fn refund(&self) -> u32 {
        match self.weight {
            Weight::FreeOnSuccess(weight) => weight,
            _ => 0,
        }
    }
}

const SYMBOLS: &[&str] = &["symbol", "symbols", "symbolStatus"];
const ORDER: &[&str] = &[
    "symbol",
    "side",
    "type",
    "timeInForce",
    "quantity",
    "quoteOrderQty",
    "price",
    "newClientOrderId",
    "strategyId",
    "strategyType",
    "stopPrice",
    "trailingDelta",
    "icebergQty",
    "newOrderRespType",
    "selfTradePreventionMode",
    "pegPriceType",
    "pegOffsetType",
    "pegOffsetValue",
];
const TEST_ORDER: &[&str] = &[
    "symbol",
    "side",
    "type",
    "timeInForce",
    "quantity",
    "quoteOrderQty",
    "price",
    "newClientOrderId",
    "strategyId",
    "strategyType",
    "stopPrice",
    "trailingDelta",
    "icebergQty",
    "newOrderRespType",
    "selfTradePreventionMode",
    "pegPriceType",
    "pegOffsetType",
    "pegOffsetValue",
    "computeCommissionRates",
];
const CANCEL_REPLACE: &[&str] = &[
    "symbol",
    "side",
    "type",
    "timeInForce",
    "quantity",
    "quoteOrderQty",
    "price",
    "newClientOrderId",
    "strategyId",
    "strategyType",
    "stopPrice",
    "trailingDelta",
    "icebergQty",
    "newOrderRespType",
    "selfTradePreventionMode",
    "pegPriceType",
    "pegOffsetType",
    "pegOffsetValue",
    "cancelReplaceMode",
    "cancelOrderId",
    "cancelOrigClientOrderId",
    "cancelNewClientOrderId",
    "cancelRestrictions",
    "orderRateLimitExceededMode",
];
const KLINES: &[&str] = &["symbol", "interval", "startTime", "endTime", "timeZone", "limit"];

use Op::*;
use Security::{None as Open, Trade, UserData};
use Weight::{ByDepth, ByOneSymbol, BySymbols, Fixed, FreeOnSuccess, With};

const fn method(
    op: Op,
    rest: (&'static str, &'static str),
    name: &'static str,
    security: Security,
    weight: Weight,
    params: &'static [&'static str],
) -> Method {
    Method { op, verb: rest.0, path: rest.1, name, security, weight, params }
}

/// All methods.
pub(crate) static METHODS: &[Method] = &[
    method(Ping, ("GET", "ping"), "ping", Open, Fixed(1), &[]),
    method(Time, ("GET", "time"), "time", Open, Fixed(1), &[]),
    method(
        ExchangeInfo,
        ("GET", "exchangeInfo"),
        "exchangeInfo",
        Open,
        Fixed(20),
        &["symbol", "symbols", "permissions", "showPermissionSets", "symbolStatus"],
    ),
    method(Depth, ("GET", "depth"), "depth", Open, ByDepth, &["symbol", "limit", "symbolStatus"]),
    method(Trades, ("GET", "trades"), "trades.recent", Open, Fixed(25), &["symbol", "limit"]),
    method(
        HistoricalTrades,
        ("GET", "historicalTrades"),
        "trades.historical",
        Open,
        Fixed(25),
        &["symbol", "limit", "fromId"],
    ),
    method(
        AggTrades,
        ("GET", "aggTrades"),
        "trades.aggregate",
        Open,
        Fixed(4),
        &["symbol", "fromId", "startTime", "endTime", "limit"],
    ),
    method(Klines, ("GET", "klines"), "klines", Open, Fixed(2), KLINES),
    method(Klines, ("GET", "uiKlines"), "uiKlines", Open, Fixed(2), KLINES),
    method(AvgPrice, ("GET", "avgPrice"), "avgPrice", Open, Fixed(2), &["symbol"]),
    method(
        Ticker24hr,
        ("GET", "ticker/24hr"),
        "ticker.24hr",
        Open,
        BySymbols(2, 40, 80),
        &["symbol", "symbols", "type", "symbolStatus"],
    ),
    method(TickerPrice, ("GET", "ticker/price"), "ticker.price", Open, ByOneSymbol(2, 4), SYMBOLS),
    method(TickerBook, ("GET", "ticker/bookTicker"), "ticker.book", Open, ByOneSymbol(2, 4), SYMBOLS),
    method(ReferencePrice, ("GET", "referencePrice"), "referencePrice", Open, Fixed(2), &["symbol"]),
    method(PlaceOrder, ("POST", "order"), "order.place", Trade, FreeOnSuccess(1), ORDER),
    method(TestOrder, ("POST", "order/test"), "order.test", Trade, With("computeCommissionRates", 20, 1), TEST_ORDER),
    method(
        CancelOrder,
        ("DELETE", "order"),
        "order.cancel",
        Trade,
        FreeOnSuccess(1),
        &["symbol", "orderId", "origClientOrderId", "newClientOrderId", "cancelRestrictions"],
    ),
    method(CancelOpenOrders, ("DELETE", "openOrders"), "openOrders.cancelAll", Trade, FreeOnSuccess(1), &["symbol"]),
    method(
        CancelReplace,
        ("POST", "order/cancelReplace"),
        "order.cancelReplace",
        Trade,
        FreeOnSuccess(1),
        CANCEL_REPLACE,
    ),
    method(
        AmendOrder,
        ("PUT", "order/amend/keepPriority"),
        "order.amend.keepPriority",
        Trade,
        Fixed(4),
        &["symbol", "orderId", "origClientOrderId", "newQty", "newClientOrderId"],
    ),
    method(
        OrderStatus,
        ("GET", "order"),
        "order.status",
        UserData,
        Fixed(4),
        &["symbol", "orderId", "origClientOrderId"],
    ),
    method(OpenOrders, ("GET", "openOrders"), "openOrders.status", UserData, ByOneSymbol(6, 80), &["symbol"]),
    method(
        AllOrders,
        ("GET", "allOrders"),
        "allOrders",
        UserData,
        Fixed(20),
        &["symbol", "orderId", "startTime", "endTime", "limit"],
    ),
    method(Account, ("GET", "account"), "account.status", UserData, Fixed(20), &["omitZeroBalances"]),
    method(
        MyTrades,
        ("GET", "myTrades"),
        "myTrades",
        UserData,
        With("orderId", 5, 20),
        &["symbol", "orderId", "startTime", "endTime", "fromId", "limit"],
    ),
    method(OrderCounts, ("GET", "rateLimit/order"), "account.rateLimits.orders", UserData, Fixed(40), &[]),
    method(Commission, ("GET", "account/commission"), "account.commission", UserData, Fixed(20), &["symbol"]),
    method(
        PreventedMatches,
        ("GET", "myPreventedMatches"),
        "myPreventedMatches",
        UserData,
        With("preventedMatchId", 2, 20),
        &["symbol", "preventedMatchId", "orderId", "fromPreventedMatchId", "limit"],
    ),
    method(SessionLogon, ("", ""), "session.logon", UserData, Fixed(2), &[]),
    method(SessionStatus, ("", ""), "session.status", Open, Fixed(2), &[]),
    method(SessionLogout, ("", ""), "session.logout", Open, Fixed(2), &[]),
    method(SessionSubscriptions, ("", ""), "session.subscriptions", Open, Fixed(2), &[]),
    method(Subscribe, ("", ""), "userDataStream.subscribe", Open, Fixed(2), &[]),
    method(SubscribeSigned, ("", ""), "userDataStream.subscribe.signature", UserData, Fixed(2), &[]),
    method(Unsubscribe, ("", ""), "userDataStream.unsubscribe", Open, Fixed(2), &["subscriptionId"]),
];

/// The method of a REST request; `Err` where the path is known with another verb.
pub(crate) fn by_rest(verb: &str, path: &str) -> Result<Option<&'static Method>, ()> {
    let mut of_path = METHODS.iter().filter(|m| !m.path.is_empty() && m.path == path).peekable();
    if of_path.peek().is_none() {
        return Ok(None);
    }
    of_path.find(|m| m.verb == verb).map(Some).ok_or(())
}

/// The method of that name, with or without its version.
pub(crate) fn by_name(name: &str) -> Option<&'static Method> {
    let name = name.strip_prefix("v3/").unwrap_or(name);
    METHODS.iter().find(|m| !m.name.is_empty() && m.name == name)
}
