//! What the futures REST API offers: who may call, what it weighs. Parameters that nothing reads are passed over.

use crate::api::params::Params;

/// What a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Op {
    Ping,
    Time,
    ExchangeInfo,
    Depth,
    Trades,
    AggTrades,
    Klines,
    TickerPrice,
    TickerBook,
    Ticker24hr,
    PremiumIndex,
    PlaceOrder,
    TestOrder,
    ModifyOrder,
    CancelOrder,
    CancelOpenOrders,
    PlaceBatch,
    ModifyBatch,
    CancelBatch,
    OrderStatus,
    OpenOrders,
    AllOrders,
    UserTrades,
    Account,
    Balance,
    PositionRisk,
    LeverageBracket,
    SetLeverage,
    SetDual,
    GetDual,
    StartStream,
    KeepStream,
    CloseStream,
}

/// What a method asks of the one who calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Open,
    /// The name of a key, without a signature.
    Key,
    /// A signature of any key.
    UserData,
    /// A signature of a key that may trade.
    Trade,
}

/// What a request weighs.
#[derive(Debug, Clone, Copy)]
enum Weight {
    /// USD-M, COIN-M.
    Fixed(u32, u32),
    ByDepth,
    ByBars,
    /// With a symbol, without.
    BySymbol(u32, u32),
}

/// One method.
#[derive(Debug, Clone, Copy)]
pub(super) struct Method {
    pub(super) op: Op,
    verb: &'static str,
    path: &'static str,
    /// The versions in the path that USD-M answers to, then COIN-M's.
    versions: [&'static [u8]; 2],
    pub(super) access: Access,
    weight: Weight,
}

impl Method {
    /// What a request with these parameters weighs.
    pub(super) fn weight(&self, params: &Params, coin: bool) -> u32 {
        let given = |name: &str| params.get(name).filter(|v| !v.is_empty());
        match self.weight {
            Weight::Fixed(usd, own) => {
                if coin {
                    own
                } else {
                    usd
                }
            }
            Weight::ByDepth => match given("limit").map_or(Ok(500), str::parse::<u32>) {
                Ok(0..=50) => 2,
                Ok(51..=100) => 5,
                Ok(101..=500) => 10,
                _ => 20,
            },
            Weight::ByBars => match given("limit").map_or(Ok(500), str::parse::<u32>) {
                Ok(0..=99) => 1,
                Ok(100..=499) => 2,
                Ok(500..=1_000) => 5,
                _ => 10,
            },
            Weight::BySymbol(one, all) => {
                if given("symbol").is_some() {
                    one
                } else {
                    all
                }
            }
        }
    }

    /// Whether the answer tells the account's order counts.
    pub(super) const fn counts_orders(&self) -> bool {
        matches!(self.op, Op::PlaceOrder | Op::PlaceBatch | Op::ModifyOrder | Op::ModifyBatch)
    }
}

const V1: [&[u8]; 2] = [&[1], &[1]];

const fn method(op: Op, verb: &'static str, path: &'static str, access: Access, weight: Weight) -> Method {
    Method { op, verb, path, versions: V1, access, weight }
}

const fn versions(mut method: Method, usd: &'static [u8]) -> Method {
    method.versions = [usd, &[1]];
    method
}

const fn coin_versions(mut method: Method, coin: &'static [u8]) -> Method {
    method.versions = [&[1], coin];
    method
}

use Access::{Key, Open, Trade, UserData};
use Weight::{ByBars, ByDepth, BySymbol, Fixed};

static METHODS: &[Method] = &[
    method(Op::Ping, "GET", "ping", Open, Fixed(1, 1)),
    method(Op::Time, "GET", "time", Open, Fixed(1, 1)),
    method(Op::ExchangeInfo, "GET", "exchangeInfo", Open, Fixed(1, 1)),
    method(Op::Depth, "GET", "depth", Open, ByDepth),
    method(Op::Trades, "GET", "trades", Open, Fixed(5, 5)),
    method(Op::AggTrades, "GET", "aggTrades", Open, Fixed(20, 20)),
    method(Op::Klines, "GET", "klines", Open, ByBars),
    versions(method(Op::TickerPrice, "GET", "ticker/price", Open, BySymbol(1, 2)), &[1, 2]),
    method(Op::TickerBook, "GET", "ticker/bookTicker", Open, BySymbol(2, 5)),
    method(Op::Ticker24hr, "GET", "ticker/24hr", Open, BySymbol(1, 40)),
    method(Op::PremiumIndex, "GET", "premiumIndex", Open, BySymbol(1, 10)),
    method(Op::PlaceOrder, "POST", "order", Trade, Fixed(0, 0)),
    method(Op::TestOrder, "POST", "order/test", Trade, Fixed(1, 1)),
    method(Op::ModifyOrder, "PUT", "order", Trade, Fixed(0, 1)),
    method(Op::CancelOrder, "DELETE", "order", Trade, Fixed(1, 1)),
    method(Op::OrderStatus, "GET", "order", UserData, Fixed(1, 1)),
    method(Op::CancelOpenOrders, "DELETE", "allOpenOrders", Trade, Fixed(1, 1)),
    method(Op::PlaceBatch, "POST", "batchOrders", Trade, Fixed(5, 5)),
    method(Op::ModifyBatch, "PUT", "batchOrders", Trade, Fixed(5, 5)),
    method(Op::CancelBatch, "DELETE", "batchOrders", Trade, Fixed(1, 1)),
    method(Op::OpenOrders, "GET", "openOrders", UserData, BySymbol(1, 40)),
    method(Op::AllOrders, "GET", "allOrders", UserData, Fixed(5, 5)),
    method(Op::UserTrades, "GET", "userTrades", UserData, Fixed(5, 5)),
    versions(method(Op::Account, "GET", "account", UserData, Fixed(5, 5)), &[2, 3]),
    versions(method(Op::Balance, "GET", "balance", UserData, Fixed(5, 5)), &[2, 3]),
    versions(method(Op::PositionRisk, "GET", "positionRisk", UserData, Fixed(5, 1)), &[2, 3]),
    coin_versions(method(Op::LeverageBracket, "GET", "leverageBracket", UserData, Fixed(1, 1)), &[2]),
    method(Op::SetLeverage, "POST", "leverage", Trade, Fixed(1, 1)),
    method(Op::SetDual, "POST", "positionSide/dual", Trade, Fixed(1, 1)),
    method(Op::GetDual, "GET", "positionSide/dual", UserData, Fixed(30, 30)),
    method(Op::StartStream, "POST", "listenKey", Key, Fixed(1, 1)),
    method(Op::KeepStream, "PUT", "listenKey", Key, Fixed(1, 1)),
    method(Op::CloseStream, "DELETE", "listenKey", Key, Fixed(1, 1)),
];

/// The method of a request and the version in its path; `Err`: the path is known with another verb.
pub(super) fn find(verb: &str, path: &str, coin: bool) -> Result<Option<(&'static Method, u8)>, ()> {
    let prefix = if coin { "/dapi/v" } else { "/fapi/v" };
    let Some((version, path)) = path.strip_prefix(prefix).and_then(|p| p.split_once('/')) else { return Ok(None) };
    let Ok(version) = version.parse::<u8>() else { return Ok(None) };
    let there = |m: &&Method| m.path == path && m.versions[usize::from(coin)].contains(&version);
    let mut of_path = METHODS.iter().filter(there).peekable();
    if of_path.peek().is_none() {
        return Ok(None);
    }
    of_path.find(|m| m.verb == verb).map(|m| Some((m, version))).ok_or(())
}
