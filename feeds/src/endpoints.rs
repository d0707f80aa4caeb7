//! Which sockets a line needs: hosts, paths and stream names of each protocol.
//!
//! COLD. URLs stay small and streams are subscribed in frames, because only those are acknowledged.

use crosstick_model::{InstrumentId, Protocol, TickKind};

use crate::connection::Rules;
use crate::decode::TimeUnit;
use crate::endpoint::Endpoint;
use crate::error::ConfigError;

/// Which hosts of a venue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Environment<'a> {
    /// The real market.
    Mainnet,
    /// The venue's test network.
    Testnet,
    /// The venue's demo mode.
    Demo,
    /// Another base, without path: `wss://127.0.0.1:9443`.
    Custom(&'a str),
}

/// What is subscribed for an instrument.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StreamKind {
    /// Every trade.
    Trade,
    /// Trades of one taker order at one price, summed.
    AggTrade,
    /// Best bid and ask.
    BookTicker,
}

impl StreamKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Trade, Self::AggTrade, Self::BookTicker];

    /// The name used in the config and in stream names.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Trade => "trade",
            Self::AggTrade => "aggTrade",
            Self::BookTicker => "bookTicker",
        }
    }

    /// The kind of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|k| k.name() == name)
    }

    /// What its frames become.
    #[must_use]
    pub const fn tick_kind(self) -> TickKind {
        match self {
            Self::Trade | Self::AggTrade => TickKind::Trade,
            Self::BookTicker => TickKind::Quote,
        }
    }
}

/// One stream of one instrument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// `btcusdt@trade`.
    pub name: Box<str>,
    /// Whose ticks it brings.
    pub instrument: InstrumentId,
    /// Which ticks it brings.
    pub kind: TickKind,
}

/// One socket of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SocketPlan {
    /// Where it connects.
    pub endpoint: Endpoint,
    /// What it subscribes; never empty.
    pub subscriptions: Vec<Subscription>,
}

/// The base URL of a protocol's market streams, without path.
#[must_use]
pub const fn stream_base<'a>(protocol: Protocol, environment: Environment<'a>) -> &'a str {
    match (environment, protocol) {
        (Environment::Custom(base), _) => base,
        (Environment::Mainnet, Protocol::BinanceSpot) => "wss://stream.binance.com:9443",
        (Environment::Mainnet, Protocol::BinanceUsdm) => "wss://fstream.binance.com",
        (Environment::Mainnet, Protocol::BinanceCoinm) => "wss://dstream.binance.com",
        // It has no other known environment; [`plan`] has no streams of it yet.
        (_, Protocol::MexcSpot) => "wss://wbs-api.mexc.com",
        (Environment::Testnet, Protocol::BinanceSpot) => "wss://stream.testnet.binance.vision",
        (Environment::Testnet, Protocol::BinanceUsdm) => "wss://fstream.binancefuture.com",
        (Environment::Testnet, Protocol::BinanceCoinm) => "wss://dstream.binancefuture.com",
        (Environment::Demo, Protocol::BinanceSpot) => "wss://demo-stream.binance.com:9443",
        (Environment::Demo, Protocol::BinanceUsdm) => "wss://demo-fstream.binance.com",
        (Environment::Demo, Protocol::BinanceCoinm) => "wss://demo-dstream.binance.com",
    }
}

/// The base URL of a protocol's REST API; `None` for a custom environment, which has an address of its own.
#[must_use]
pub const fn rest_base(protocol: Protocol, environment: Environment<'_>) -> Option<&'static str> {
    Some(match (environment, protocol) {
        (Environment::Custom(_), _) => return None,
        (Environment::Mainnet, Protocol::BinanceSpot) => "https://api.binance.com",
        (Environment::Mainnet, Protocol::BinanceUsdm) => "https://fapi.binance.com",
        (Environment::Mainnet, Protocol::BinanceCoinm) => "https://dapi.binance.com",
        (Environment::Mainnet, Protocol::MexcSpot) => "https://api.mexc.com",
        (_, Protocol::MexcSpot) => return None,
        (Environment::Testnet, Protocol::BinanceSpot) => "https://testnet.binance.vision",
        (Environment::Testnet, Protocol::BinanceUsdm | Protocol::BinanceCoinm) => "https://testnet.binancefuture.com",
        (Environment::Demo, Protocol::BinanceSpot) => "https://demo-api.binance.com",
        (Environment::Demo, Protocol::BinanceUsdm) => "https://demo-fapi.binance.com",
        (Environment::Demo, Protocol::BinanceCoinm) => "https://demo-dapi.binance.com",
    })
}

/// The path that serves a stream; `None` where the protocol has no such stream that is documented.
///
/// USD-M is routed: books on one path, trades on another. A stream asked for on the wrong one is acknowledged and then
/// silent. Raw futures trades exist, but no source says for sure on which path: they are for addresses of one's own,
/// such as recordings that hold them.
const fn path(protocol: Protocol, environment: Environment<'_>, kind: StreamKind) -> Option<&'static str> {
    match (protocol, kind) {
        (Protocol::BinanceSpot, _) => Some("/stream"),
        (Protocol::BinanceUsdm, StreamKind::BookTicker) => Some("/public/stream"),
        (Protocol::BinanceUsdm, StreamKind::AggTrade) => Some("/market/stream"),
        (Protocol::BinanceCoinm, StreamKind::BookTicker | StreamKind::AggTrade) => Some("/stream"),
        (Protocol::BinanceUsdm | Protocol::BinanceCoinm, StreamKind::Trade) => match (environment, protocol) {
            (Environment::Custom(_), Protocol::BinanceUsdm) => Some("/market/stream"),
            (Environment::Custom(_), _) => Some("/stream"),
            _ => None,
        },
        // Nothing decodes them yet.
        (Protocol::MexcSpot, _) => None,
    }
}

/// The sockets that one line of a venue needs for `streams` of all `instruments` (id and the venue's symbol).
///
/// # Errors
/// [`ConfigError`]: a base URL that cannot be used, or a stream that the protocol does not have.
pub fn plan<'i>(
    protocol: Protocol,
    environment: Environment<'_>,
    unit: TimeUnit,
    streams: &[StreamKind],
    instruments: impl IntoIterator<Item = (InstrumentId, &'i str)> + Clone,
) -> Result<Vec<SocketPlan>, ConfigError> {
    let base = Endpoint::parse(stream_base(protocol, environment).trim_end_matches('/'))?;
    let query = match (protocol, unit) {
        (Protocol::BinanceSpot, TimeUnit::Micro) => "?timeUnit=MICROSECOND",
        _ => "",
    };
    let mut paths: Vec<(&str, Vec<Subscription>)> = Vec::new();
    for kind in streams.iter().copied() {
        let path = path(protocol, environment, kind)
            .ok_or(ConfigError::NoSuchStream { protocol: protocol.name(), stream: kind.name() })?;
        let found = paths.iter().position(|(p, _)| *p == path);
        let at = found.unwrap_or_else(|| {
            paths.push((path, Vec::new()));
            paths.len() - 1
        });
        paths[at].1.extend(instruments.clone().into_iter().map(|(instrument, symbol)| Subscription {
            name: format!("{}@{}", symbol.to_lowercase(), kind.name()).into(),
            instrument,
            kind: kind.tick_kind(),
        }));
    }
    let most = Rules::of(protocol).streams_max;
    Ok(paths
        .into_iter()
        .flat_map(|(path, all)| {
            let endpoint = base.with_path(&format!("{path}{query}"));
            let parts = all.chunks(most).map(<[_]>::to_vec).collect::<Vec<_>>();
            parts.into_iter().map(move |subscriptions| SocketPlan { endpoint: endpoint.clone(), subscriptions })
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn urls(protocol: Protocol, environment: Environment<'_>, streams: &[StreamKind]) -> Vec<(String, Vec<String>)> {
        let plans = plan(protocol, environment, TimeUnit::Milli, streams, [(InstrumentId(3), "BTCUSDT")]);
        let plans = plans.expect("a good plan");
        plans
            .iter()
            .map(|p| (p.endpoint.to_string(), p.subscriptions.iter().map(|s| s.name.to_string()).collect()))
            .collect()
    }

    #[test]
    fn spot_takes_one_socket() {
        assert_eq!(
            urls(Protocol::BinanceSpot, Environment::Mainnet, &[StreamKind::Trade, StreamKind::BookTicker]),
            [(
                "wss://stream.binance.com:9443/stream".to_owned(),
                vec!["btcusdt@trade".to_owned(), "btcusdt@bookTicker".to_owned()]
            )]
        );
    }

    #[test]
    fn usdm_is_routed() {
        assert_eq!(
            urls(Protocol::BinanceUsdm, Environment::Mainnet, &[StreamKind::AggTrade, StreamKind::BookTicker]),
            [
                ("wss://fstream.binance.com/market/stream".to_owned(), vec!["btcusdt@aggTrade".to_owned()]),
                ("wss://fstream.binance.com/public/stream".to_owned(), vec!["btcusdt@bookTicker".to_owned()]),
            ]
        );
        let error = plan(
            Protocol::BinanceUsdm,
            Environment::Mainnet,
            TimeUnit::Milli,
            &[StreamKind::Trade],
            [(InstrumentId(0), "BTCUSDT")],
        );
        assert!(matches!(error, Err(ConfigError::NoSuchStream { stream: "trade", .. })));
    }

    #[test]
    fn addresses_of_ones_own_may_have_raw_futures_trades() {
        let own = Environment::Custom("wss://127.0.0.1:9443");
        let trades = || vec!["btcusdt@trade".to_owned()];
        let of = |protocol| urls(protocol, own, &[StreamKind::Trade]);
        assert_eq!(of(Protocol::BinanceUsdm), [("wss://127.0.0.1:9443/market/stream".to_owned(), trades())]);
        assert_eq!(of(Protocol::BinanceCoinm), [("wss://127.0.0.1:9443/stream".to_owned(), trades())]);
    }

    #[test]
    fn a_custom_base_and_microseconds() {
        let plans = plan(
            Protocol::BinanceSpot,
            Environment::Custom("wss://127.0.0.1:9443/"),
            TimeUnit::Micro,
            &[StreamKind::Trade],
            [(InstrumentId(0), "BTCUSDT")],
        );
        let plans = plans.expect("a good plan");
        assert_eq!(plans[0].endpoint.to_string(), "wss://127.0.0.1:9443/stream?timeUnit=MICROSECOND");
    }

    #[test]
    fn more_than_1024_streams_take_more_sockets() {
        let symbols: Vec<(InstrumentId, String)> = (0..1500).map(|i| (InstrumentId(i), format!("A{i}USDT"))).collect();
        let plans = plan(
            Protocol::BinanceSpot,
            Environment::Testnet,
            TimeUnit::Milli,
            &[StreamKind::Trade, StreamKind::BookTicker],
            symbols.iter().map(|(id, s)| (*id, s.as_str())),
        );
        let sizes: Vec<usize> = plans.expect("a good plan").iter().map(|p| p.subscriptions.len()).collect();
        assert_eq!(sizes, [1024, 1024, 952]);
    }

    #[test]
    fn every_base_is_a_good_address() {
        for protocol in Protocol::BINANCE {
            for environment in [Environment::Mainnet, Environment::Testnet, Environment::Demo] {
                let base = Endpoint::parse(stream_base(protocol, environment)).expect("a good address");
                assert!(base.tls());
                assert!(rest_base(protocol, environment).is_some_and(|url| url.starts_with("https://")));
            }
        }
    }
}
