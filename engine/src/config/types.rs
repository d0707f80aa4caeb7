//! The checked config: what the rest of the engine sees. Every value is in range and free of contradictions.

use std::path::PathBuf;

use crosstick_model::{Amount, Decimal, Kind, Protocol, Scale};
use crosstick_ring::WaitPolicy;

use super::mistakes::Place;

/// Where orders go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// To the paper gateway.
    Paper,
    /// To the venues.
    Live,
}

/// `[engine]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Engine {
    /// Where orders go.
    pub mode: Mode,
    /// Name of the shared-memory region under /dev/shm.
    pub shm: String,
    /// What outlives a run.
    pub state_dir: PathBuf,
    /// Log file; `None`: standard error.
    pub log: Option<PathBuf>,
    /// While this file exists nothing is traded.
    pub halt_file: PathBuf,
}

/// `[journal]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Journal {
    /// Where sessions are kept; `None`: no journal.
    pub dir: Option<PathBuf>,
    /// When entries are brought to the disk.
    pub fsync: Fsync,
    /// Bytes of a segment.
    pub segment_bytes: u64,
    /// Entries that may wait for the disk.
    pub budget: usize,
}

/// `[journal] fsync`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fsync {
    /// Left to the kernel.
    None,
    /// At least so often.
    Interval(std::time::Duration),
    /// Every 100 ms, and right after each batch that holds an order.
    Order,
}

/// `[threads] topology`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topology {
    /// Reader threads, joined to the core thread by rings.
    Rings,
    /// Reader and core in one loop on one thread.
    Inline,
}

/// `[threads]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Threads {
    /// How readers and the core meet.
    pub topology: Topology,
    /// CPU of the core thread; `None`: not pinned.
    pub core_cpu: Option<usize>,
    /// How the core thread waits.
    pub core_wait: WaitPolicy,
    /// CPUs of the reader threads, one each; empty: not pinned, or there are none.
    pub reader_cpus: Vec<usize>,
    /// How the reader threads wait.
    pub reader_wait: WaitPolicy,
    /// Ask the kernel when it received what is read.
    pub kernel_time: bool,
}

/// Which hosts of a venue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Environment {
    /// The real market.
    Mainnet,
    /// The venue's test network.
    Testnet,
    /// The venue's demo mode.
    Demo,
    /// The config's URLs.
    Custom,
}

impl Environment {
    /// The word used in the config.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mainnet => "mainnet",
            Self::Testnet => "testnet",
            Self::Demo => "demo",
            Self::Custom => "custom",
        }
    }
}

/// What is subscribed for an instrument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Every trade.
    Trade,
    /// Trades of one taker order at one price, summed.
    AggTrade,
    /// Best bid and ask.
    BookTicker,
}

impl Stream {
    /// The word used in the config and in the venue's stream names.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Trade => "trade",
            Self::AggTrade => "aggTrade",
            Self::BookTicker => "bookTicker",
        }
    }
}

/// In which asset a venue takes its fee, by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FeeAssetName {
    /// The quote asset (inverse: the settle asset).
    Quote,
    /// What the order receives.
    Received,
    /// This asset, which [`Risk::rate`] values.
    Named(String),
}

/// `[[venue]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Venue {
    /// Our name for it.
    pub name: String,
    /// What it speaks.
    pub protocol: Protocol,
    /// Which of its hosts.
    pub environment: Environment,
    /// What is subscribed, without doubles, in the config's order.
    pub streams: Vec<Stream>,
    /// Connections that carry the same streams.
    pub lines: u8,
    /// Custom alone: base of the streams, without path and without a slash at its end.
    pub stream_url: Option<String>,
    /// Custom alone: the WebSocket API.
    pub api_url: Option<String>,
    /// Custom alone: base of the REST API, without path and without a slash at its end.
    pub rest_url: Option<String>,
    /// A private CA to trust in addition.
    pub tls_ca: Option<PathBuf>,
    /// Fee of an order that rested, at 1e-8.
    pub maker_e8: i64,
    /// Fee of an order that took, at 1e-8.
    pub taker_e8: i64,
    /// The asset of fees.
    pub fee_asset: FeeAssetName,
    /// Paper: what each run starts from, by asset name.
    pub balances: Vec<(String, Amount)>,
    /// Where it was stated.
    pub place: Place,
}

impl Venue {
    /// Its stream address has port 0 on loopback: a simulated venue is to be started there, and its real
    /// addresses laid over with [`super::Overrides::flag`].
    #[must_use]
    pub fn simulated(&self) -> bool {
        self.stream_url.as_deref().is_some_and(|url| super::url::split(url).is_ok_and(|u| u.port == Some(0)))
    }
}

/// `[[instrument]]`: what is stated here, the venue is not asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instrument {
    /// Name of its venue.
    pub venue: String,
    /// The venue's spelling.
    pub symbol: String,
    /// What is bought and sold.
    pub base: Option<String>,
    /// What prices are in.
    pub quote: Option<String>,
    /// What it is settled in.
    pub settle: Option<String>,
    /// What a contract is worth.
    pub kind: Option<Kind>,
    /// Quote units an inverse contract is worth.
    pub contract_size: Option<Decimal>,
    /// Smallest price increment.
    pub price_step: Option<Decimal>,
    /// Smallest quantity increment.
    pub quantity_step: Option<Decimal>,
    /// Least quantity.
    pub min_quantity: Option<Decimal>,
    /// Least notional, in the quote asset.
    pub min_notional: Option<Decimal>,
    /// Where it was stated.
    pub place: Place,
}

/// A market's symbol on one venue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MarketSymbol {
    /// Name of the venue.
    pub venue: String,
    /// The venue's spelling.
    pub symbol: String,
    /// Where it was stated.
    pub place: Place,
}

/// `[[market]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Market {
    /// Our name for it.
    pub name: String,
    /// Its symbols, in the order of `[[venue]]`; two at least.
    pub symbols: Vec<MarketSymbol>,
    /// Decimals of its prices; `None`: from its instruments.
    pub price_decimals: Option<u8>,
    /// Decimals of its quantities; `None`: from its instruments.
    pub quantity_decimals: Option<u8>,
    /// Where it was stated.
    pub place: Place,
}

impl Market {
    /// The scale, where the config fixes all of it.
    #[must_use]
    pub fn scale(&self) -> Option<Scale> {
        Scale::new(self.price_decimals?, self.quantity_decimals?)
    }
}

/// Which strategy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StrategyName {
    /// Compares quotes.
    Spread,
    /// Compares last trade prices; never live.
    LastTrade,
}

/// `[strategy]` and `[strategy.spread]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Strategy {
    /// Which.
    pub name: StrategyName,
    /// `false`: watch only.
    pub trade: bool,
    /// Least edge after fees, at 1e-8 (1 bps is 10 000).
    pub min_edge_e8: i64,
    /// A quote is stale from this age on, ns.
    pub max_age_ns: u64,
    /// Largest lag above a line's best, µs; 0: off.
    pub max_lag_us: i64,
    /// Largest size of a leg, in `[risk] currency`.
    pub max_notional: Amount,
    /// Pause of a route after it was taken, ns.
    pub cooldown_ns: u64,
}

/// How paper orders are filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preset {
    /// What a fair venue does.
    Honest,
    /// What an unfriendly one does.
    Harsh,
    /// As stated.
    Custom(PaperCustom),
}

/// `[paper]` with `preset = "custom"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PaperCustom {
    /// From decision to arrival, ns.
    pub latency_ns: u64,
    /// From the venue back to us, ns.
    pub ack_ns: u64,
    /// Share of orders refused, in millionths.
    pub reject_ppm: u32,
    /// Share of orders filled in part, in millionths.
    pub partial_ppm: u32,
}

/// `[paper]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paper {
    /// How orders are filled.
    pub preset: Preset,
    /// Seed of what is random.
    pub seed: u64,
}

/// `[risk]`. Amounts are in `currency`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Risk {
    /// What limits and results are in.
    pub currency: String,
    /// What one unit of another asset is worth at 1e-8; never holds `currency` itself.
    pub rates: Vec<(String, i64)>,
    /// Largest order.
    pub max_order_notional: Amount,
    /// Largest position in one instrument.
    pub max_position_notional: Amount,
    /// Largest sum of all positions.
    pub max_gross_notional: Amount,
    /// Largest net position in one base asset, over all venues.
    pub max_net_notional: Amount,
    /// Most orders open at once.
    pub max_open_orders: u32,
    /// Most orders within one second.
    pub max_orders_per_second: u32,
    /// How far from the market an order's price may be, at 1e-8.
    pub price_collar_e8: i64,
    /// Loss within a UTC day that halts.
    pub max_daily_loss: Amount,
    /// Fall from the best profit that halts.
    pub max_drawdown: Amount,
}

impl Risk {
    /// What one unit of the asset is worth in `currency`, at 1e-8; `None` without a stated rate.
    #[must_use]
    pub fn rate(&self, asset: &str) -> Option<i64> {
        if asset == self.currency {
            return Some(100_000_000);
        }
        self.rates.iter().find(|(name, _)| name == asset).map(|(_, rate)| *rate)
    }
}
