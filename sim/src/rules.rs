//! What differs between the venues' protocols: paths, stream classes, limits, times. One table each.

use crosstick_model::Protocol;

/// One second in the unit of all times here.
pub(crate) const SECOND_NS: u64 = 1_000_000_000;

/// In which unit a connection gets its times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum TimeUnit {
    /// Milliseconds: 13 digits.
    #[default]
    Millis,
    /// Microseconds: 16 digits; spot alone offers them.
    Micros,
}

/// What a stream carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum StreamKind {
    /// `<symbol>@trade`: every match.
    Trade,
    /// `<symbol>@aggTrade`: the matches of one taker order at one price.
    AggTrade,
    /// `<symbol>@bookTicker`: best bid and ask.
    BookTicker,
    /// Anything else: depth, mark price, bars.
    Other,
}

impl StreamKind {
    /// What a generated flow can publish.
    pub(crate) const ALL_GENERATED: [Self; 3] = [Self::Trade, Self::AggTrade, Self::BookTicker];

    /// The kind that a stream's name says.
    #[must_use]
    pub fn of(stream: &str) -> Self {
        match stream.split_once('@') {
            Some((_, "trade")) => Self::Trade,
            Some((_, "aggTrade")) => Self::AggTrade,
            Some((_, "bookTicker")) => Self::BookTicker,
            _ => Self::Other,
        }
    }

    /// What follows the `@` in a stream's name; empty for [`Self::Other`].
    #[must_use]
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::Trade => "trade",
            Self::AggTrade => "aggTrade",
            Self::BookTicker => "bookTicker",
            Self::Other => "",
        }
    }
}

/// Which of the routed paths of USD-M serves a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// Books.
    Public,
    /// Everything else that is public.
    Market,
    /// Accounts' events, by listen key.
    Private,
}

impl Class {
    /// Whether a connection of this class delivers `stream`.
    ///
    /// Raw trades are undocumented on futures and sources disagree on their class, so both deliver them.
    pub(crate) fn serves(self, stream: &str) -> bool {
        let kind = stream.split_once('@').map_or(stream, |(_, kind)| kind);
        let book = kind.starts_with("depth")
            || kind.starts_with("rpiDepth")
            || kind == "bookTicker"
            || stream == "!bookTicker";
        self != Self::Private && (kind == "trade" || book == (self == Self::Public))
    }
}

/// Limits and times of a protocol. Times are in nanoseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// How often the venue pings.
    pub ping_every_ns: u64,
    /// How long it waits for the pong.
    pub pong_within_ns: u64,
    /// Most frames a client may send in any second: pings, pongs and control messages together.
    pub frames_per_second: usize,
    /// Most streams of a connection.
    pub streams_max: usize,
    /// How long a connection lives at most.
    pub lifetime_ns: u64,
    /// Most connections that are begun in a stretch of time; all clients here are of one address.
    pub attempts_max: usize,
    /// That stretch.
    pub attempts_within_ns: u64,
    /// How long a client may take for its request, TLS included, and for the next one after an answer.
    pub request_within_ns: u64,
    /// How long a client may take to answer a close.
    pub close_within_ns: u64,
    /// Bytes that may wait for a client before it is dropped as too slow.
    pub queue_bytes_max: usize,
    /// Connections at a time; more are refused at once.
    pub connections_max: usize,
    /// How long a client without any subscription may say nothing.
    pub unsubscribed_ns: u64,
    /// How long a client with subscriptions may say nothing while there is nothing to tell it.
    pub silent_ns: u64,
}

impl Rules {
    /// The documented rules of a protocol, and bounds of our own where nothing is documented.
    #[must_use]
    pub const fn of(protocol: Protocol) -> Self {
        let (ping_s, pong_s, frames_per_second) = match protocol {
            Protocol::BinanceSpot => (20, 60, 5),
            Protocol::BinanceUsdm | Protocol::BinanceCoinm => (180, 600, 10),
            // Clients are asked to answer pings, nobody says how soon: who never does is not closed.
            Protocol::MexcSpot => (30, 48 * 3_600, 100),
        };
        let mexc = matches!(protocol, Protocol::MexcSpot);
        Self {
            ping_every_ns: ping_s * SECOND_NS,
            pong_within_ns: pong_s * SECOND_NS,
            frames_per_second,
            streams_max: if mexc { 30 } else { 1024 },
            lifetime_ns: 24 * 3_600 * SECOND_NS,
            attempts_max: if mexc { usize::MAX } else { 300 },
            attempts_within_ns: 300 * SECOND_NS,
            request_within_ns: 10 * SECOND_NS,
            close_within_ns: 2 * SECOND_NS,
            queue_bytes_max: 4 * 1024 * 1024,
            connections_max: 512,
            unsubscribed_ns: if mexc { 30 * SECOND_NS } else { u64::MAX },
            silent_ns: if mexc { 60 * SECOND_NS } else { u64::MAX },
        }
    }
}

/// What a request's target asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Route {
    /// A stream connection.
    Stream(StreamRoute),
    /// A connection of spot's WebSocket API.
    Api { query: String },
    /// A REST request: the path, without its query.
    Rest { path: String, query: String },
}

/// How a stream connection begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StreamRoute {
    pub(crate) combined: bool,
    pub(crate) class: Option<Class>,
    pub(crate) unit: TimeUnit,
    pub(crate) streams: Vec<String>,
    /// Listen keys, and which events of each are wanted; none: all.
    pub(crate) keys: Vec<(String, Vec<String>)>,
}

/// Reads a request target; `None` when it is not valid percent-encoded UTF-8.
pub(crate) fn route(protocol: Protocol, target: &str) -> Option<Route> {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let rest = || Route::Rest { path: path.to_owned(), query: query.to_owned() };
    if protocol == Protocol::BinanceSpot && matches!(path, "/ws-api/v3" | "/ws-api/v3/") {
        return Some(Route::Api { query: query.to_owned() });
    }
    if protocol == Protocol::MexcSpot {
        return Some(if matches!(path, "/ws" | "/ws/") { mexc_stream(query) } else { rest() });
    }
    let (class, tail) = match protocol {
        Protocol::BinanceUsdm => match path {
            p if p.starts_with("/public/") => (Some(Class::Public), &p["/public".len()..]),
            p if p.starts_with("/private/") => (Some(Class::Private), &p["/private".len()..]),
            p if p.starts_with("/market/") => (Some(Class::Market), &p["/market".len()..]),
            // Since 2026-04-23 an unrouted path serves books alone.
            p => (Some(Class::Public), p),
        },
        Protocol::BinanceSpot | Protocol::BinanceCoinm | Protocol::MexcSpot => (None, path),
    };
    let (combined, names) = if tail == "/ws" || tail == "/ws/" {
        (false, String::new())
    } else if let Some(names) = tail.strip_prefix("/ws/") {
        (false, percent_decode(names)?)
    } else if tail == "/stream" || tail == "/stream/" {
        (true, parameter(query, "streams").map_or(Some(String::new()), percent_decode)?)
    } else {
        return Some(rest());
    };
    let micros = parameter(query, "timeUnit").is_some_and(|u| u == "MICROSECOND" || u == "microsecond");
    let unit = if micros && protocol == Protocol::BinanceSpot { TimeUnit::Micros } else { TimeUnit::Millis };
    let streams = names.split('/').filter(|n| !n.is_empty()).map(str::to_owned).collect();
    let keys = if class == Some(Class::Private) { listen_keys(query) } else { Vec::new() };
    Some(Route::Stream(StreamRoute { combined, class, unit, streams, keys }))
}

/// A connection to MEXC: what it gets is asked for once it is there.
fn mexc_stream(query: &str) -> Route {
    let keys = listen_keys(query);
    Route::Stream(StreamRoute { combined: false, class: None, unit: TimeUnit::Millis, streams: Vec::new(), keys })
}

/// The listen keys of a query, each with the events that follow it.
fn listen_keys(query: &str) -> Vec<(String, Vec<String>)> {
    let mut keys: Vec<(String, Vec<String>)> = Vec::new();
    for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
        match (name, keys.last_mut()) {
            ("listenKey", _) => keys.push((value.to_owned(), Vec::new())),
            ("events", Some((_, only))) => only.extend(value.split('/').map(str::to_owned)),
            _ => {}
        }
    }
    keys
}

/// The raw value of a query parameter.
pub(crate) fn parameter<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    query.split('&').find_map(|pair| pair.split_once('=').filter(|(key, _)| *key == name).map(|(_, value)| value))
}

/// Undoes percent-encoding; `None` when it is broken or not UTF-8.
pub(crate) fn percent_decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        if *first == b'%' {
            let [high, low, tail @ ..] = rest else { return None };
            let digit = |b: u8| (b as char).to_digit(16);
            bytes.push((digit(*high)? * 16 + digit(*low)?) as u8);
            rest = tail;
        } else {
            bytes.push(*first);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(protocol: Protocol, target: &str) -> StreamRoute {
        match route(protocol, target) {
            Some(Route::Stream(s)) => s,
            other => panic!("{target}: {other:?}"),
        }
    }

    #[test]
    fn spot_paths() {
        let s = stream(Protocol::BinanceSpot, "/stream?timeUnit=MICROSECOND&streams=a@trade/b@bookTicker");
        assert_eq!((s.combined, s.class, s.unit), (true, None, TimeUnit::Micros));
        assert_eq!(s.streams, ["a@trade", "b@bookTicker"]);
        let s = stream(Protocol::BinanceSpot, "/ws/btcusdt%40trade");
        assert_eq!(
            (s.combined, s.unit, s.streams.as_slice()),
            (false, TimeUnit::Millis, &["btcusdt@trade".to_owned()][..])
        );
        assert!(stream(Protocol::BinanceSpot, "/ws").streams.is_empty());
        assert!(matches!(route(Protocol::BinanceSpot, "/public/ws"), Some(Route::Rest { .. })));
        assert_eq!(route(Protocol::BinanceSpot, "/ws/%zz"), None);
    }

    #[test]
    fn usdm_is_routed_and_has_no_micros() {
        assert_eq!(stream(Protocol::BinanceUsdm, "/market/ws/x@aggTrade").class, Some(Class::Market));
        assert_eq!(stream(Protocol::BinanceUsdm, "/public/stream?streams=x@bookTicker").class, Some(Class::Public));
        assert_eq!(stream(Protocol::BinanceUsdm, "/ws/x@bookTicker?timeUnit=MICROSECOND").unit, TimeUnit::Millis);
        assert!(Class::Public.serves("x@bookTicker") && Class::Public.serves("x@depth5@100ms"));
        assert!(!Class::Public.serves("x@aggTrade") && Class::Market.serves("x@aggTrade"));
        assert!(!Class::Market.serves("x@depth") && Class::Market.serves("x@markPrice@1s"));
        assert!(Class::Market.serves("x@trade") && Class::Public.serves("x@trade"));
    }
}
