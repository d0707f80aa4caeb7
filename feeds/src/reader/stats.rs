//! What a line counts, as other threads see it.

use crosstick_ring::pod;
use crosstick_ring::seqlock;

use crate::decode::Reason;
use crate::ws::WsError;

/// How many refusals there are: those of the decoders, then those of the WebSocket layer.
pub const REFUSALS: usize = Reason::COUNT + WsError::COUNT;

pod! {
    /// Counts of one line since its start.
    pub struct FeedStats {
        /// Messages, whole, as they came to the decoder (or were refused before it).
        pub frames: u64,
        /// Their payload bytes.
        pub bytes: u64,
        /// Trades, off-market ones included.
        pub trades: u64,
        /// Best quotes.
        pub quotes: u64,
        /// Good messages that are no tick.
        pub other: u64,
        /// Ticks that took the decoder's fast path.
        pub fast_path: u64,
        /// Refused messages; [`refusal_code`] names each index.
        pub refused: [u64; 27],
        /// Trades missing by their ids.
        pub trade_gaps: u64,
        /// Trades that were there before.
        pub trade_duplicates: u64,
        /// Trades that came behind a later one.
        pub trade_out_of_order: u64,
        /// Quotes with the update id of one before.
        pub quote_duplicates: u64,
        /// Quotes with a lower update id than one before.
        pub quote_out_of_order: u64,
        /// WebSockets opened.
        pub connects: u64,
        /// Connections that ended, or did not come about.
        pub disconnects: u64,
        /// Ticks that found the ring full.
        pub ring_full: u64,
        /// Quotes that a newer one replaced while the ring was full.
        pub quotes_replaced: u64,
        /// Trades and quotes counted above that nobody took at the end of the run, although there was time for it.
        pub lost_at_stop: u64,
        /// Bytes off the wire, encrypted where TLS is.
        pub wire_bytes: u64,
        /// Socket reads that brought something.
        pub reads: u64,
        /// Sockets for which the kernel refused `SO_BUSY_POLL`.
        pub busy_poll_refused: u64,
        /// Sockets for which the kernel refused `SO_TIMESTAMPNS`.
        pub kernel_time_refused: u64,
        /// Events that found their channel full.
        pub events_lost: u64,
        /// 1 while every socket of the line is live.
        pub live: u64,
        /// When the newest message was read, ns since the epoch; 0 before the first.
        pub last_recv_ns: u64,
        /// Receive time minus venue time of the newest tick that tells its time, µs; 0 before the first.
        pub lag_us: i64,
    }
}

const _: () = assert!(REFUSALS == 27, "FeedStats::refused has one place for each refusal");

/// The name of `FeedStats::refused[index]`, as reports spell it.
#[must_use]
pub fn refusal_code(index: usize) -> &'static str {
    match Reason::ALL.get(index) {
        Some(reason) => reason.code(),
        None => WsError::ALL.get(index - Reason::COUNT).map_or("unknown", |error| error.code()),
    }
}

impl FeedStats {
    /// The refusals that occurred, with their codes and counts.
    pub fn refusals(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        self.refused.iter().enumerate().filter(|(_, n)| **n > 0).map(|(i, n)| (refusal_code(i), *n))
    }

    /// Refused messages, whatever the reason.
    #[must_use]
    pub fn refused_total(&self) -> u64 {
        self.refused.iter().sum()
    }
}

/// The counts of one line, for any thread; written by its reader at least every 10 ms while it works.
#[derive(Debug, Clone)]
pub struct LineStats {
    /// The venue.
    pub venue: crosstick_model::VenueId,
    /// The line.
    pub line: crosstick_model::Line,
    pub(super) cell: seqlock::Reader<FeedStats>,
}

impl LineStats {
    /// A consistent copy.
    #[must_use]
    pub fn read(&self) -> FeedStats {
        self.cell.read()
    }
}
