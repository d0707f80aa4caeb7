//! The records. Each with its version fills whole cache lines; new fields go where `reserved` is.

use crosstick_ring::seqlock::cell_bytes;

/// What an engine does at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum State {
    /// Not ready yet.
    Starting = 0,
    /// At work.
    Running = 1,
    /// At work, but risk has halted trading.
    Halted = 2,
    /// Ended in order.
    Stopped = 3,
}

impl State {
    /// The state of that number.
    #[must_use]
    pub const fn from_number(number: u32) -> Option<Self> {
        Some(match number {
            0 => Self::Starting,
            1 => Self::Running,
            2 => Self::Halted,
            3 => Self::Stopped,
            _ => return None,
        })
    }

    /// The word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Halted => "halted",
            Self::Stopped => "stopped",
        }
    }
}

/// Whose money it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum Mode {
    /// Nobody's.
    Paper = 0,
    /// Real orders.
    Live = 1,
}

impl Mode {
    /// The mode of that number.
    #[must_use]
    pub const fn from_number(number: u32) -> Option<Self> {
        Some(match number {
            0 => Self::Paper,
            1 => Self::Live,
            _ => return None,
        })
    }

    /// The name used in the config.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Paper => "paper",
            Self::Live => "live",
        }
    }
}

/// Bits of [`PriceRow::flags`].
pub struct PriceFlags;

impl PriceFlags {
    /// A quote was received.
    pub const HAS_QUOTE: u32 = 1;
    /// A trade was received.
    pub const HAS_TRADE: u32 = 2;
    /// The quote was usable when the row was written.
    pub const USABLE: u32 = 4;
}

/// [`InstrumentRow::market`] of an instrument of no market.
pub const NO_MARKET: u32 = u32::MAX;

crosstick_ring::pod! {
    /// Whose region this is. Written by the main thread, the heartbeat at least once a second.
    pub struct IdentityRow {
        /// Process id of the owner.
        pub pid: u64,
        /// Its start time in clock ticks since boot (`/proc/PID/stat`, field 22).
        pub start_ticks: u64,
        /// The boot that counts from.
        pub boot_id: [u8; 16],
        /// As in the header.
        pub generation: u64,
        /// Wall time of the start, ns since the epoch.
        pub started_ns: u64,
        /// Wall time of the last sign of life, ns since the epoch.
        pub heartbeat_ns: u64,
        /// A [`State`].
        pub state: u32,
        /// A [`Mode`].
        pub mode: u32,
        /// Version and commit.
        pub build: [u8; 64],
        /// Name of the region.
        pub name: [u8; 64],
        /// Zeros.
        pub reserved: [u64; 7],
    }

    /// State and counters. Written by the core thread.
    pub struct EngineRow {
        /// A [`State`], as the core sees it.
        pub state: u32,
        /// A [`Mode`].
        pub mode: u32,
        /// Core time, ns since the epoch.
        pub core_ns: u64,
        /// Ticks taken.
        pub ticks: u64,
        /// Opportunities that began.
        pub opportunities_seen: u64,
        /// Of those, how many were taken.
        pub opportunities_taken: u64,
        /// Opportunities open now.
        pub opportunities_open: u64,
        /// Orders sent.
        pub orders_sent: u64,
        /// Orders filled whole.
        pub orders_filled: u64,
        /// Orders filled in part.
        pub orders_partly_filled: u64,
        /// Orders that a venue refused.
        pub orders_rejected: u64,
        /// Intents that risk denied.
        pub orders_denied: u64,
        /// Times that risk halted trading.
        pub halts: u64,
        /// Lines whose quotes are not used because the line lags behind its best by more than `max_lag_ms`.
        pub lines_lagging: u64,
        /// Zeros.
        pub reserved: [u64; 2],
    }

    /// A venue. Written once.
    pub struct VenueRow {
        /// Our name for it.
        pub name: [u8; 32],
        /// What it speaks.
        pub protocol: [u8; 24],
    }

    /// A market. Written once.
    pub struct MarketRow {
        /// Our name for it.
        pub name: [u8; 32],
        /// Decimals of its prices.
        pub price_decimals: u8,
        /// Decimals of its quantities.
        pub quantity_decimals: u8,
        /// Zeros.
        pub reserved: [u8; 22],
    }

    /// The facts of an instrument. Written once.
    pub struct InstrumentRow {
        /// The venue's spelling.
        pub symbol: [u8; 32],
        /// What is bought and sold.
        pub base: [u8; 16],
        /// What prices are in.
        pub quote: [u8; 16],
        /// What profit and loss are settled in.
        pub settle: [u8; 16],
        /// Index into `venues`.
        pub venue: u32,
        /// Index into `markets`, or [`NO_MARKET`].
        pub market: u32,
        /// Spot 0, linear 1, inverse 2.
        pub kind: u8,
        /// A price mantissa is at 10^-this.
        pub price_decimals: u8,
        /// A quantity mantissa is at 10^-this.
        pub quantity_decimals: u8,
        /// Zeros.
        pub reserved: [u8; 5],
        /// Inverse: quote units of a contract; an amount (1e-16).
        pub contract_size: [u64; 2],
        /// Smallest price increment, a mantissa.
        pub price_step: i64,
        /// Smallest quantity increment, a mantissa.
        pub quantity_step: i64,
        /// Least quantity of an order, a mantissa.
        pub min_quantity: i64,
        /// Least notional of an order, an amount (1e-16).
        pub min_notional: [u64; 2],
        /// Zeros.
        pub reserved_too: [u64; 4],
    }

    /// The newest prices of an instrument, mantissas at its scale. Written by the core thread.
    pub struct PriceRow {
        /// Best bid.
        pub bid: i64,
        /// Quantity at the best bid.
        pub bid_quantity: i64,
        /// Best ask.
        pub ask: i64,
        /// Quantity at the best ask.
        pub ask_quantity: i64,
        /// Price of the last trade.
        pub trade_price: i64,
        /// Quantity of the last trade.
        pub trade_quantity: i64,
        /// When the quote was received, ns since the epoch.
        pub quote_recv_ns: u64,
        /// When the trade was received, ns since the epoch.
        pub trade_recv_ns: u64,
        /// The venue's number of the quote.
        pub quote_seq: u64,
        /// The venue's number of the trade.
        pub trade_seq: u64,
        /// Venue time minus receive time of the newest tick that has one, µs; `i32::MIN`: none yet.
        pub exchange_offset_us: i32,
        /// [`PriceFlags`].
        pub flags: u32,
        /// Quotes so far.
        pub quotes: u64,
        /// Trades so far.
        pub trades: u64,
        /// Zeros.
        pub reserved: [u64; 2],
    }

    /// The position in an instrument. Written by the core thread.
    pub struct PositionRow {
        /// Signed quantity, a mantissa at the instrument's scale (contracts where inverse).
        pub quantity: i64,
        /// Realised result before fees, an amount (1e-16) in the risk currency.
        pub realised: [u64; 2],
        /// Fees paid, an amount (1e-16) in the risk currency.
        pub fees: [u64; 2],
        /// Result of closing now at the quote, an amount (1e-16) in the risk currency.
        pub unrealised: [u64; 2],
    }

    /// What risk knows and allows; amounts (1e-16) in the risk currency. Written by the core thread.
    pub struct RiskRow {
        /// 1 while trading is halted.
        pub halted: u32,
        /// Number of the deny code that halted it.
        pub code: u32,
        /// When that last changed, core time in ns since the epoch.
        pub changed_ns: u64,
        /// Realised minus fees plus unrealised.
        pub net: [u64; 2],
        /// Sum of the absolute values of all positions.
        pub gross: [u64; 2],
        /// Orders open now.
        pub open_orders: u32,
        /// Limit of those.
        pub max_open_orders: u32,
        /// Limit of orders within a second.
        pub max_orders_per_second: u64,
        /// Limit of an order's notional.
        pub max_order_notional: [u64; 2],
        /// Limit of a position's notional.
        pub max_position_notional: [u64; 2],
        /// Limit of `gross`.
        pub max_gross_notional: [u64; 2],
        /// Limit of a base asset's net position over all venues.
        pub max_net_notional: [u64; 2],
        /// Loss of a day that halts.
        pub max_daily_loss: [u64; 2],
        /// Fall from the best net result that halts.
        pub max_drawdown: [u64; 2],
        /// The risk currency.
        pub currency: [u8; 16],
        /// Why trading is halted, in words.
        pub reason: [u8; 64],
        /// Zero.
        pub reserved: u64,
    }

    /// Denials by deny code. Written by the core thread.
    pub struct DeniedRow {
        /// Intents denied, by the number of their code.
        pub counts: [u64; 31],
    }

    /// A line of a venue. Written by the reader thread that has the line.
    pub struct FeedRow {
        /// Index into `venues`.
        pub venue: u32,
        /// Line, from 0.
        pub line: u32,
        /// 1 while the line is live.
        pub connected: u32,
        /// Zero.
        pub reserved: u32,
        /// Frames received.
        pub frames: u64,
        /// Bytes received.
        pub bytes: u64,
        /// Trades decoded.
        pub trades: u64,
        /// Quotes decoded.
        pub quotes: u64,
        /// Other good frames.
        pub other: u64,
        /// Frames that took the fast path.
        pub fast_path: u64,
        /// Frames refused.
        pub refused: u64,
        /// Trades missing by their ids.
        pub trade_gaps: u64,
        /// Trades seen before.
        pub trade_duplicates: u64,
        /// Times connected.
        pub connects: u64,
        /// Times that the ring to the core was full.
        pub ring_full: u64,
        /// When the last frame was received, ns since the epoch.
        pub last_recv_ns: u64,
        /// Receive time minus venue time of the newest tick, µs.
        pub lag_us: i64,
    }

    /// A stage of a tick's way, as one thread measures it. Written once.
    pub struct StageRow {
        /// Name; the same where several threads measure the same.
        pub name: [u8; 24],
        /// From where it counts.
        pub from: [u8; 40],
        /// To where it counts.
        pub to: [u8; 40],
        /// The thread that measures.
        pub thread: [u8; 24],
        /// Buckets of its histogram.
        pub buckets: u32,
        /// Each power of two is divided into 2^this buckets.
        pub division_bits: u32,
        /// Largest value with a bucket, ns.
        pub value_max: u64,
        /// Zeros.
        pub reserved: [u64; 5],
    }
}

impl FeedRow {
    /// A line that was never connected.
    #[must_use]
    pub const fn new(venue: u32, line: u32) -> Self {
        Self { venue, line, ..Self::ZERO }
    }
}

/// A record and its version fill `lines` cache lines.
macro_rules! fills {
    ($($row:ident: $lines:literal),* $(,)?) => {
        $(const _: () = assert!(cell_bytes::<$row>() == $lines * 64, stringify!($row));)*
    };
}
fills!(
    IdentityRow: 4, EngineRow: 2, VenueRow: 1, MarketRow: 1, InstrumentRow: 3, PriceRow: 2, PositionRow: 1,
    RiskRow: 4, DeniedRow: 4, FeedRow: 2, StageRow: 3,
);
