//! What the REST API offers: who may call, what it weighs. Parameters that nothing reads are passed over.

use crate::api::params::Params;

/// What a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Op {
    Ping,
    Time,
    DefaultSymbols,
    SelfSymbols,
    ExchangeInfo,
    Depth,
    Trades,
    AggTrades,
    Klines,
    AvgPrice,
    Ticker24hr,
    TickerPrice,
    TickerBook,
    TestOrder,
    PlaceOrder,
    PlaceBatch,
    CancelOrder,
    CancelOpenOrders,
    OrderStatus,
    OpenOrders,
    AllOrders,
    Account,
    MyTrades,
    TradeFee,
    StartStream,
    ListStreams,
    KeepStream,
    CloseStream,
}

/// What a method asks of the one who calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Open,
    /// A signature of any key.
    Read,
    /// A signature of a key that may trade.
    Trade,
}

/// One method.
#[derive(Debug, Clone, Copy)]
pub(super) struct Method {
    pub(super) op: Op,
    verb: &'static str,
    path: &'static str,
    pub(super) access: Access,
    /// With a symbol, without.
    weight: (u32, u32),
    /// Whether an account's requests are counted, too.
    pub(super) by_account: bool,
    /// Most requests of an account a second, where there is such a limit.
    pub(super) per_second: Option<u32>,
}

impl Method {
    /// What a request with these parameters weighs.
    pub(super) fn weight(&self, params: &Params) -> u32 {
        if params.get("symbol").is_some_and(|s| !s.is_empty()) { self.weight.0 } else { self.weight.1 }
    }
}

const fn method(op: Op, verb: &'static str, path: &'static str, access: Access, weight: u32) -> Method {
    Method { op, verb, path, access, weight: (weight, weight), by_account: false, per_second: None }
}

const fn ticker(op: Op, path: &'static str, all: u32) -> Method {
    Method { weight: (1, all), ..method(op, "GET", path, Open, 1) }
}

const fn order(mut method: Method, per_second: Option<u32>) -> Method {
    (method.by_account, method.per_second) = (true, per_second);
    method
}

use Access::{Open, Read, Trade};

static METHODS: &[Method] = &[
    method(Op::Ping, "GET", "ping", Open, 1),
    method(Op::Time, "GET", "time", Open, 1),
    method(Op::DefaultSymbols, "GET", "defaultSymbols", Open, 1),
    method(Op::SelfSymbols, "GET", "selfSymbols", Read, 1),
    method(Op::ExchangeInfo, "GET", "exchangeInfo", Open, 10),
    method(Op::Depth, "GET", "depth", Open, 1),
    method(Op::Trades, "GET", "trades", Open, 5),
    method(Op::AggTrades, "GET", "aggTrades", Open, 1),
    method(Op::Klines, "GET", "klines", Open, 1),
    method(Op::AvgPrice, "GET", "avgPrice", Open, 1),
    ticker(Op::Ticker24hr, "ticker/24hr", 40),
    ticker(Op::TickerPrice, "ticker/price", 2),
    ticker(Op::TickerBook, "ticker/bookTicker", 1),
    method(Op::TestOrder, "POST", "order/test", Trade, 1),
    order(method(Op::PlaceOrder, "POST", "order", Trade, 1), None),
    order(method(Op::PlaceBatch, "POST", "batchOrders", Trade, 1), Some(2)),
    method(Op::CancelOrder, "DELETE", "order", Trade, 1),
    method(Op::CancelOpenOrders, "DELETE", "openOrders", Trade, 1),
    method(Op::OrderStatus, "GET", "order", Read, 2),
    method(Op::OpenOrders, "GET", "openOrders", Read, 3),
    method(Op::AllOrders, "GET", "allOrders", Read, 10),
    order(method(Op::Account, "GET", "account", Read, 10), Some(2)),
    method(Op::MyTrades, "GET", "myTrades", Read, 10),
    method(Op::TradeFee, "GET", "tradeFee", Read, 1),
    method(Op::StartStream, "POST", "userDataStream", Read, 1),
    method(Op::ListStreams, "GET", "userDataStream", Read, 1),
    method(Op::KeepStream, "PUT", "userDataStream", Read, 1),
    method(Op::CloseStream, "DELETE", "userDataStream", Read, 1),
];

/// The method of a request; `Err`: the path is known with another verb.
pub(super) fn find(verb: &str, path: &str) -> Result<Option<&'static Method>, ()> {
    let Some(path) = path.strip_prefix("/api/v3/") else { return Ok(None) };
    let mut of_path = METHODS.iter().filter(|m| m.path == path).peekable();
    if of_path.peek().is_none() {
        return Ok(None);
    }
    of_path.find(|m| m.verb == verb).map(Some).ok_or(())
}
