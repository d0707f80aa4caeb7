//! One frame's worth of what is known about an engine: plain data, sampled once, drawn once.

use super::units::Number;

/// All that is drawn.
#[derive(Debug, Clone, Default)]
pub struct Scene {
    /// The region's name.
    pub name: String,
    pub now_ns: u64,
    pub link: Link,
    /// Other engines that were seen under this name since the start of this program.
    pub restarts: u64,
    pub engine: Engine,
    pub halt: Option<Halt>,
    pub result: Outcome,
    pub feeds: Vec<Feed>,
    pub prices: Vec<Price>,
    pub edges: Vec<Edge>,
    pub opportunities: Log<Opportunity>,
    pub orders: Vec<OpenOrder>,
    /// Orders in flight that had no slot.
    pub orders_unseen: u64,
    pub fills: Log<Fill>,
    pub positions: Vec<Position>,
    pub balances: Vec<Balance>,
    pub limits: Vec<Limit>,
    pub denied: Vec<(String, u64)>,
    pub stages: Vec<Stage>,
    pub turns: Vec<Turns>,
    pub events: Log<Event>,
}

/// How it stands with the engine, as far as its region tells.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Link {
    /// There was never a region; why that is.
    #[default]
    Waiting,
    /// What lies there cannot be read; why.
    Refused(String),
    Live,
    /// Its process runs, but its last sign of life is that old, ns.
    Stalled(u64),
    /// Its process is gone without a word; last sign of life that long ago, ns.
    Dead(u64),
    /// It ended in order; last sign of life that long ago, ns.
    Stopped(u64),
}

impl Link {
    /// There are values to be shown.
    pub fn has_values(&self) -> bool {
        !matches!(self, Self::Waiting | Self::Refused(_))
    }
}

/// A counter and how fast it moves.
#[derive(Debug, Clone, Copy, Default)]
pub struct Counter {
    pub count: u64,
    /// A second, over the last few; none before there were two looks.
    pub rate: Option<f64>,
}

#[derive(Debug, Clone, Default)]
pub struct Engine {
    pub pid: u64,
    pub build: String,
    pub mode: String,
    /// The word of the state: starting, running, halted, stopped.
    pub state: String,
    pub started_ns: u64,
    pub heartbeat_ns: u64,
    pub ticks: Counter,
    pub seen: Counter,
    pub taken: Counter,
    pub open: u64,
    pub sent: Counter,
    pub filled: Counter,
    pub partly_filled: u64,
    pub rejected: u64,
    pub denied: u64,
    pub lagging: u64,
}

#[derive(Debug, Clone, Default)]
pub struct Halt {
    pub code: String,
    pub reason: String,
    pub since_ns: u64,
}

/// Amounts at 1e-16 in the risk currency.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    pub currency: String,
    pub net: i128,
    pub realised: i128,
    pub fees: i128,
    pub unrealised: i128,
    pub gross: i128,
}

#[derive(Debug, Clone, Default)]
pub struct Feed {
    pub venue: String,
    pub line: u32,
    pub live: bool,
    pub lagging: bool,
    pub frames: Counter,
    pub bytes: Counter,
    pub trades: Counter,
    pub quotes: Counter,
    pub last_recv_ns: u64,
    pub lag_us: Option<i64>,
    pub refused: u64,
    pub gaps: u64,
    pub duplicates: u64,
    pub connects: u64,
    pub ring_full: u64,
}

#[derive(Debug, Clone, Default)]
pub struct Price {
    pub market: String,
    pub venue: String,
    pub symbol: String,
    pub bid: Number,
    pub bid_quantity: Number,
    pub ask: Number,
    pub ask_quantity: Number,
    pub last: Number,
    /// Ask minus bid in ppm of the bid.
    pub spread_ppm: Option<i64>,
    pub quote_ns: u64,
    pub trade_ns: u64,
    pub usable: bool,
    pub quotes: Counter,
    pub trades: Counter,
}

/// One way through a market: buy there, sell here.
#[derive(Debug, Clone, Default)]
pub struct Edge {
    pub market: String,
    pub buy: String,
    pub sell: String,
    pub ask: Number,
    pub bid: Number,
    /// Both takers' fees, ppm.
    pub fees_ppm: i64,
    pub edge_ppm: Option<i64>,
    pub best_ppm: Option<i64>,
    pub usable: bool,
}

/// The newest records of a history ring, oldest first.
#[derive(Debug, Clone)]
pub struct Log<T> {
    pub rows: Vec<T>,
    /// Overwritten before they were read here.
    pub missed: u64,
}

impl<T> Default for Log<T> {
    fn default() -> Self {
        Self { rows: Vec::new(), missed: 0 }
    }
}

#[derive(Debug, Clone, Default)]
pub struct Opportunity {
    pub id: u64,
    pub market: String,
    pub buy: String,
    pub sell: String,
    pub begin_ns: u64,
    /// None while it is open.
    pub end_ns: Option<u64>,
    pub first_ppm: i64,
    pub best_ppm: i64,
    pub buy_price: Number,
    pub sell_price: Number,
    pub quantity: Number,
    /// `taken`, the code of a reason, or nothing yet.
    pub outcome: String,
}

#[derive(Debug, Clone, Default)]
pub struct OpenOrder {
    pub id: u64,
    pub venue: String,
    pub symbol: String,
    pub buy: bool,
    pub price: Number,
    pub quantity: Number,
    pub filled: Number,
    pub sent_ns: u64,
    pub state: String,
    pub purpose: String,
}

#[derive(Debug, Clone, Default)]
pub struct Fill {
    pub at_ns: u64,
    pub order: u64,
    pub venue: String,
    pub symbol: String,
    pub buy: bool,
    pub price: Number,
    pub quantity: Number,
    pub fee: Number,
    pub fee_asset: String,
    pub liquidity: String,
}

#[derive(Debug, Clone, Default)]
pub struct Position {
    pub venue: String,
    pub symbol: String,
    pub unit: String,
    pub quantity: Number,
    pub realised: i128,
    pub fees: i128,
    pub unrealised: i128,
}

#[derive(Debug, Clone, Default)]
pub struct Balance {
    pub venue: String,
    pub asset: String,
    pub free: i128,
    pub locked: i128,
    pub total: i128,
    pub initial: i128,
}

#[derive(Debug, Clone, Default)]
pub struct Limit {
    pub name: String,
    pub unit: String,
    pub used: Number,
    pub limit: Number,
    pub headroom: Number,
    /// Used part of the limit; none where nothing fills up.
    pub share: Option<f64>,
    pub breaches: u64,
    pub denied: u64,
    pub halts: bool,
}

/// Overlong turns of a thread's loop.
#[derive(Debug, Clone, Default)]
pub struct Turns {
    pub thread: String,
    /// From how long on a turn counts.
    pub limit_ns: u64,
    /// Of our own work, preempted, stalled: how many, and the longest in ns.
    pub kinds: [(u64, u64); 3],
}

#[derive(Debug, Clone, Default)]
pub struct Stage {
    pub name: String,
    pub from: String,
    pub to: String,
    pub count: u64,
    pub p50: u64,
    pub p90: u64,
    pub p99: u64,
    pub p999: u64,
    pub max: u64,
    /// Largest value of a bucket in ns, and its samples; only those that have any.
    pub buckets: Vec<(u64, u64)>,
}

#[derive(Debug, Clone, Default)]
pub struct Event {
    pub at_ns: u64,
    pub kind: String,
    pub text: String,
    pub grave: bool,
}
