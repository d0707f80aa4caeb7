//! What each protocol asks of a connection, as numbers with their reasons.

use crosstick_model::Protocol;

/// One second in nanoseconds.
pub const SECOND_NS: u64 = 1_000_000_000;
const MINUTE_NS: u64 = 60 * SECOND_NS;

/// Limits and deadlines of one connection. All times in nanoseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// Requests a second; the venue's limit less one, which stays free for a pong.
    pub requests_per_second: usize,
    /// Stream names in one SUBSCRIBE.
    pub streams_per_request: usize,
    /// Streams on one connection.
    pub streams_max: usize,
    /// From the start of an attempt to an encrypted connection.
    pub connect_ns: u64,
    /// From there to an open WebSocket.
    pub handshake_ns: u64,
    /// From a SUBSCRIBE to its answer.
    pub acknowledge_ns: u64,
    /// Without a single byte, pings included, the line is dead.
    pub silence_ns: u64,
    /// A subscribed stream without data for this long is named in an event.
    pub first_data_ns: u64,
    /// Live for this long: the backoff starts over.
    pub healthy_ns: u64,
    /// First and last waiting time of the backoff.
    pub backoff_ns: (u64, u64),
    /// Least wait after HTTP 429.
    pub too_many_ns: u64,
    /// Age at which a connection is replaced; the venue closes it at 24 h.
    pub lifetime_ns: u64,
    /// From our close frame to the end of the connection.
    pub drain_ns: u64,
}

impl Rules {
    /// The rules of a protocol.
    #[must_use]
    pub const fn of(protocol: Protocol) -> Self {
        let spot = Self {
            requests_per_second: 4, // of 5 incoming frames a second
            streams_per_request: 100,
            streams_max: 1024,
            connect_ns: 10 * SECOND_NS,
            handshake_ns: 10 * SECOND_NS,
            acknowledge_ns: 10 * SECOND_NS,
            silence_ns: 50 * SECOND_NS, // a ping every 20 s: two were missed
            first_data_ns: 30 * SECOND_NS,
            healthy_ns: MINUTE_NS,
            backoff_ns: (SECOND_NS, 30 * SECOND_NS),
            too_many_ns: MINUTE_NS,
            lifetime_ns: 23 * 60 * MINUTE_NS + 50 * MINUTE_NS,
            drain_ns: 2 * SECOND_NS,
        };
        match protocol {
            Protocol::BinanceSpot => spot,
            Protocol::MexcSpot => Self { streams_max: 30, streams_per_request: 30, ..spot },
            Protocol::BinanceUsdm | Protocol::BinanceCoinm => Self {
                requests_per_second: 9,                     // of 10
                silence_ns: 6 * MINUTE_NS + 30 * SECOND_NS, // a ping every 3 min: two were missed
                ..spot
            },
        }
    }
}
