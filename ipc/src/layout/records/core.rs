//! What changes with the market: the engine's counters, prices, spreads, lines.

use crate::layout::describe::{
    EDGE, MARKET_PRICE, MARKET_QUANTITY, PLAIN, RESERVED, TIME, bits, fixed, of_enum, price, quantity, records, refers,
    unit,
};

/// Bits of [`PriceRow::flags`].
pub struct PriceFlags;

impl PriceFlags {
    /// A quote was received.
    pub const HAS_QUOTE: u32 = 1;
    /// A trade was received.
    pub const HAS_TRADE: u32 = 2;
    /// The quote was usable when the row was written.
    pub const USABLE: u32 = 4;
    /// The line that brought the quote lags, so the quote is not used.
    pub const LAGGING: u32 = 8;

    const NAMES: &'static [(&'static str, u32)] = &[
        ("has_quote", Self::HAS_QUOTE),
        ("has_trade", Self::HAS_TRADE),
        ("usable", Self::USABLE),
        ("lagging", Self::LAGGING),
    ];
}

/// Bits of [`SpreadRow::flags`].
pub struct SpreadFlags;

impl SpreadFlags {
    /// Both quotes are usable, so the edge is one of now.
    pub const USABLE: u32 = 1;
    /// An opportunity is open.
    pub const OPEN: u32 = 2;
    /// There was an edge within the last minute.
    pub const HAS_BEST: u32 = 4;

    const NAMES: &'static [(&'static str, u32)] =
        &[("usable", Self::USABLE), ("open", Self::OPEN), ("has_best", Self::HAS_BEST)];
}

records! {
    /// State and counters of this run. Written by the core thread.
    pub struct EngineRow {
        /// What the engine does, as the core sees it.
        pub state: u32 = of_enum("state"),
        /// Whose money it is.
        pub mode: u32 = of_enum("mode"),
        /// Core time: the newest of all input times.
        pub core_ns: u64 = TIME,
        /// Ticks taken.
        pub ticks: u64 = PLAIN,
        /// Opportunities that began.
        pub opportunities_seen: u64 = PLAIN,
        /// Of those, how many were taken.
        pub opportunities_taken: u64 = PLAIN,
        /// Opportunities open now.
        pub opportunities_open: u64 = PLAIN,
        /// Orders sent.
        pub orders_sent: u64 = PLAIN,
        /// Orders that ended filled whole.
        pub orders_filled: u64 = PLAIN,
        /// Orders that ended filled in part.
        pub orders_partly_filled: u64 = PLAIN,
        /// Orders that ended without a fill.
        pub orders_unfilled: u64 = PLAIN,
        /// Orders that a venue refused.
        pub orders_rejected: u64 = PLAIN,
        /// Orders in flight or resting now.
        pub orders_open: u64 = PLAIN,
        /// Intents that risk denied.
        pub orders_denied: u64 = PLAIN,
        /// Fills reported.
        pub fills: u64 = PLAIN,
        /// Pairs of orders sent.
        pub pairs_sent: u64 = PLAIN,
        /// Pairs whose legs filled alike.
        pub pairs_clean: u64 = PLAIN,
        /// Pairs of which neither leg filled.
        pub pairs_empty: u64 = PLAIN,
        /// Pairs of which one leg filled more, and that were closed.
        pub pairs_closed: u64 = PLAIN,
        /// Pairs of which one leg filled more, and that could not be closed.
        pub pairs_unhedged: u64 = PLAIN,
        /// Pairs in flight now.
        pub pairs_in_flight: u64 = PLAIN,
        /// Times that trading was halted.
        pub halts: u64 = PLAIN,
        /// Lines whose quotes are not used because the line lags behind its best by more than `max_lag_ms`.
        pub lines_lagging: u64 = PLAIN,
        /// Rows with news that wait to be published.
        pub rows_waiting: u64 = PLAIN,
        /// Orders that found no free slot in `open_orders`.
        pub orders_not_shown: u64 = PLAIN,
        /// Zeros.
        pub reserved: [u64; 7] = RESERVED,
    }

    /// The newest prices of an instrument. Written by the core thread.
    pub struct PriceRow {
        /// Best bid.
        pub bid: i64 = price("row"),
        /// Quantity at the best bid.
        pub bid_quantity: i64 = quantity("row"),
        /// Best ask.
        pub ask: i64 = price("row"),
        /// Quantity at the best ask.
        pub ask_quantity: i64 = quantity("row"),
        /// Price of the last trade.
        pub trade_price: i64 = price("row"),
        /// Quantity of the last trade.
        pub trade_quantity: i64 = quantity("row"),
        /// When the quote was received.
        pub quote_recv_ns: u64 = TIME,
        /// When the trade was received.
        pub trade_recv_ns: u64 = TIME,
        /// The venue's number of the quote.
        pub quote_seq: u64 = PLAIN,
        /// The venue's number of the trade.
        pub trade_seq: u64 = PLAIN,
        /// Venue time minus receive time of the newest tick that has one; -2147483648: none yet.
        pub exchange_offset_us: i32 = unit("us"),
        /// What there is, and whether the quote was usable when the row was written.
        pub flags: u32 = bits(PriceFlags::NAMES),
        /// Quotes so far.
        pub quotes: u64 = PLAIN,
        /// Trades so far.
        pub trades: u64 = PLAIN,
        /// Core time from which on the quote is stale, unless another comes.
        pub usable_until_ns: u64 = TIME,
        /// Zero.
        pub reserved: u64 = RESERVED,
    }

    /// A market in one direction: buy on one venue, sell on another. Written by the core thread.
    pub struct SpreadRow {
        /// The market.
        pub market: u32 = refers("markets"),
        /// Where to buy.
        pub buy_venue: u32 = refers("venues"),
        /// Where to sell.
        pub sell_venue: u32 = refers("venues"),
        /// What to buy.
        pub buy_instrument: u32 = refers("instruments"),
        /// What to sell.
        pub sell_instrument: u32 = refers("instruments"),
        /// Whether there is an edge, and an opportunity.
        pub flags: u32 = bits(SpreadFlags::NAMES),
        /// Edge at the newest quotes, after both legs' taker fees; of no meaning unless usable.
        pub edge_ppm: i64 = EDGE,
        /// The ask to buy at.
        pub buy_price: i64 = MARKET_PRICE,
        /// The bid to sell at.
        pub sell_price: i64 = MARKET_PRICE,
        /// The smaller of both quantities, in base units.
        pub quantity: i64 = MARKET_QUANTITY,
        /// Taker fee where to buy, as a fraction of the notional.
        pub buy_fee: i64 = fixed(8, "fraction"),
        /// Taker fee where to sell, as a fraction of the notional.
        pub sell_fee: i64 = fixed(8, "fraction"),
        /// Best edge of the last minute.
        pub best_edge_ppm: i64 = EDGE,
        /// Core time of that best edge, to the second.
        pub best_ns: u64 = TIME,
        /// Opportunities that began.
        pub seen: u64 = PLAIN,
        /// Of those, how many were taken.
        pub taken: u64 = PLAIN,
        /// Core time at which the row was written.
        pub written_ns: u64 = TIME,
        /// Zero.
        pub reserved: u64 = RESERVED,
    }

    /// A line of a venue. Written by the reader thread that has the line.
    pub struct FeedRow {
        /// The venue.
        pub venue: u32 = refers("venues"),
        /// Line, from 0.
        pub line: u32 = PLAIN,
        /// 1 while the line is live.
        pub connected: u32 = PLAIN,
        /// Zero.
        pub reserved: u32 = RESERVED,
        /// Frames received.
        pub frames: u64 = PLAIN,
        /// Bytes received.
        pub bytes: u64 = unit("bytes"),
        /// Trades decoded.
        pub trades: u64 = PLAIN,
        /// Quotes decoded.
        pub quotes: u64 = PLAIN,
        /// Other good frames.
        pub other: u64 = PLAIN,
        /// Frames that took the fast path.
        pub fast_path: u64 = PLAIN,
        /// Frames refused.
        pub refused: u64 = PLAIN,
        /// Trades missing by their ids.
        pub trade_gaps: u64 = PLAIN,
        /// Trades seen before.
        pub trade_duplicates: u64 = PLAIN,
        /// Times connected.
        pub connects: u64 = PLAIN,
        /// Times that the ring to the core was full.
        pub ring_full: u64 = PLAIN,
        /// When the last frame was received.
        pub last_recv_ns: u64 = TIME,
        /// Receive time minus venue time of the newest tick.
        pub lag_us: i64 = unit("us"),
    }
}

impl FeedRow {
    /// A line that was never connected.
    #[must_use]
    pub const fn new(venue: u32, line: u32) -> Self {
        Self { venue, line, ..Self::ZERO }
    }
}
