//! The kinds of fault: where each may act, which parameters it takes and needs, what it does.

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    Drop,
    HalfClose,
    Stall,
    Refuse,
    SlowAccept,
    TlsFailure,
    Garbage,
    Cut,
    Split,
    Duplicate,
    Reorder,
    Gap,
    Skip,
    Hold,
    Skew,
    DelayAnswer,
    LoseAnswer,
    LoseRequest,
    UnknownOutcome,
    HttpError,
    RateLimit,
    Ban,
    Maintenance,
    SymbolStatus,
    SymbolFilters,
    CancelRace,
    OfflineFill,
}

/// Which connections, messages or requests a fault is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Scope {
    /// Market streams.
    Stream,
    /// REST requests and their connections.
    Rest,
    /// Connections of the WebSocket API, their requests and answers.
    WsApi,
    /// Events of accounts, and the connections that get them.
    UserData,
    /// All of them.
    Any,
}

impl Scope {
    pub(crate) const ALL: [(&'static str, Self); 5] = [
        ("any", Self::Any),
        ("stream", Self::Stream),
        ("rest", Self::Rest),
        ("ws-api", Self::WsApi),
        ("user-data", Self::UserData),
    ];

    pub(crate) fn of(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(name, _)| *name == word).map(|(_, scope)| *scope)
    }

    pub(crate) fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, scope)| *scope == self).map_or("any", |(name, _)| name)
    }

    /// Whether a fault of this scope is about `other`.
    pub(crate) fn covers(self, other: Self) -> bool {
        self == Self::Any || self == other
    }
}

/// One kind.
#[derive(Debug)]
pub(crate) struct Info {
    pub(crate) kind: Kind,
    /// As configs and the control API name it.
    pub(crate) name: &'static str,
    /// Where it may act; the first is what it means when nothing is said. Empty: it has no scope.
    pub(crate) scopes: &'static [Scope],
    /// Parameters without which it makes no sense.
    pub(crate) needs: &'static [&'static str],
    /// Parameters that it may have besides.
    pub(crate) takes: &'static [&'static str],
    pub(crate) doc: &'static str,
}

use Scope::{Any, Rest, Stream, UserData, WsApi};

const EVERYWHERE: &[Scope] = &[Any, Stream, Rest, WsApi, UserData];
const REQUESTS: &[Scope] = &[Any, Rest, WsApi];
const FRAMES: &[Scope] = &[Stream, UserData];
const MESSAGES: &[Scope] = &[Stream, UserData, Rest, WsApi];
const HTTP: &[Scope] = &[Any, Rest, WsApi, Stream];
const NOWHERE: &[Scope] = &[];

const fn info(
    kind: Kind,
    name: &'static str,
    scopes: &'static [Scope],
    needs: &'static [&'static str],
    takes: &'static [&'static str],
    doc: &'static str,
) -> Info {
    Info { kind, name, scopes, needs, takes, doc }
}

/// All kinds.
pub(crate) static KINDS: &[Info] = &[
    info(
        Kind::Drop,
        "drop",
        EVERYWHERE,
        &[],
        &["after", "symbol", "stream"],
        "What waits is sent, then the connections end without a word.",
    ),
    info(
        Kind::HalfClose,
        "half-close",
        EVERYWHERE,
        &[],
        &["after", "symbol", "stream", "for_ms"],
        "The venue shuts its sending side and goes on reading; the connections end after for_ms, or when the client ends them.",
    ),
    info(
        Kind::Stall,
        "stall",
        EVERYWHERE,
        &["for_ms"],
        &["after", "symbol", "stream"],
        "Connections stay, nothing is sent; what waited comes at the end, to slow clients as the rules say.",
    ),
    info(Kind::Refuse, "refuse", NOWHERE, &["for_ms"], &[], "Nobody listens: new connections are refused."),
    info(
        Kind::SlowAccept,
        "slow-accept",
        NOWHERE,
        &["delay_ms"],
        &["for_ms", "count"],
        "New connections are served delay_ms late.",
    ),
    info(
        Kind::TlsFailure,
        "tls-failure",
        NOWHERE,
        &[],
        &["for_ms", "count", "mode"],
        "The TLS handshake of new connections fails: mode alert (handshake_failure) or certificate (of another CA).",
    ),
    info(
        Kind::Garbage,
        "garbage",
        MESSAGES,
        &[],
        &["after", "for_ms", "count", "symbol", "stream", "request", "layer"],
        "Noise instead of a message: layer payload (a whole frame or answer that is no JSON) or frame (no frame, no HTTP).",
    ),
    info(
        Kind::Cut,
        "cut",
        MESSAGES,
        &[],
        &["after", "for_ms", "count", "symbol", "stream", "request"],
        "Half of a message's bytes are sent, then the connection ends without a word.",
    ),
    info(
        Kind::Split,
        "split",
        MESSAGES,
        &["delay_ms"],
        &["after", "for_ms", "count", "symbol", "stream", "request"],
        "Half of a message's bytes are sent, the other half delay_ms later.",
    ),
    info(
        Kind::Duplicate,
        "duplicate",
        FRAMES,
        &[],
        &["after", "for_ms", "count", "symbol", "stream"],
        "A message is sent twice.",
    ),
    info(
        Kind::Reorder,
        "reorder",
        FRAMES,
        &[],
        &["after", "for_ms", "count", "symbol", "stream", "delay_ms"],
        "A message comes after the next one of its stream, or after delay_ms (1000) where none follows.",
    ),
    info(
        Kind::Gap,
        "gap",
        FRAMES,
        &[],
        &["after", "count", "symbol", "stream"],
        "count messages in a row are lost, so that ids jump.",
    ),
    info(
        Kind::Skip,
        "skip",
        &[Stream],
        &["symbol"],
        &["after", "for_ms"],
        "A symbol's streams are silent, all others go on.",
    ),
    info(
        Kind::Hold,
        "hold",
        NOWHERE,
        &[],
        &["for_ms"],
        "The simulated market stands still: what its flow would quote and trade meanwhile never is; clients trade on.",
    ),
    info(
        Kind::Skew,
        "skew",
        NOWHERE,
        &["skew_ms"],
        &["for_ms"],
        "The venue's clock is skew_ms ahead (below zero: behind) in answers, events and timestamp checks.",
    ),
    info(
        Kind::DelayAnswer,
        "delay-answer",
        REQUESTS,
        &["delay_ms"],
        &["after", "for_ms", "count", "request"],
        "The request is done at once, its answer comes delay_ms late.",
    ),
    info(
        Kind::LoseAnswer,
        "lose-answer",
        REQUESTS,
        &[],
        &["after", "for_ms", "count", "request", "ending"],
        "The request is done, its answer never comes: ending silence or drop.",
    ),
    info(
        Kind::LoseRequest,
        "lose-request",
        REQUESTS,
        &[],
        &["after", "for_ms", "count", "request", "ending"],
        "The request is not done, and no answer comes: ending silence or drop.",
    ),
    info(
        Kind::UnknownOutcome,
        "unknown-outcome",
        REQUESTS,
        &[],
        &["after", "for_ms", "count", "request", "code", "done", "http_status"],
        "Answered with -1006 or -1007 (code); done says whether the request was carried out.",
    ),
    info(
        Kind::HttpError,
        "http-error",
        HTTP,
        &[],
        &["after", "for_ms", "count", "request", "http_status", "done"],
        "Answered with http_status (503) and an HTML page, as a proxy or a firewall (403) does; handshakes too.",
    ),
    info(
        Kind::RateLimit,
        "rate-limit",
        HTTP,
        &["for_ms"],
        &["after", "request"],
        "429 with -1003 and Retry-After until it ends; handshakes too.",
    ),
    info(
        Kind::Ban,
        "ban",
        HTTP,
        &["for_ms"],
        &["after"],
        "418 with -1003 and Retry-After until it ends; handshakes too; connections of the WebSocket API are closed.",
    ),
    info(
        Kind::Maintenance,
        "maintenance",
        NOWHERE,
        &["for_ms"],
        &["delay_ms"],
        "serverShutdown to every WebSocket; after delay_ms (0) they are closed, and until the end all is answered with 503.",
    ),
    info(
        Kind::SymbolStatus,
        "symbol-status",
        NOWHERE,
        &["symbol", "trading_status"],
        &["for_ms"],
        "A symbol's trading status changes; back to what it was after for_ms, or for good.",
    ),
    info(
        Kind::SymbolFilters,
        "symbol-filters",
        NOWHERE,
        &["symbol"],
        &["for_ms", "price_step", "quantity_step", "min_quantity", "min_notional", "max_orders"],
        "A symbol's filters change; back to what they were after for_ms, or for good.",
    ),
    info(
        Kind::CancelRace,
        "cancel-race",
        NOWHERE,
        &[],
        &["for_ms", "count", "symbol", "percent"],
        "A cancel comes just too late: percent (50) of the order's open quantity is filled before it.",
    ),
    info(
        Kind::OfflineFill,
        "offline-fill",
        NOWHERE,
        &[],
        &["symbol", "percent"],
        "Connections with user data end without a word; then percent (100) of every resting order is filled.",
    ),
];

impl Kind {
    pub(crate) fn info(self) -> &'static Info {
        // Every kind has its line; a test goes through them.
        KINDS.iter().find(|i| i.kind == self).unwrap_or(&KINDS[0])
    }

    pub(crate) fn of(word: &str) -> Option<Self> {
        KINDS.iter().find(|i| i.name == word).map(|i| i.kind)
    }

    /// Begins and is over at once.
    pub(crate) const fn is_instant(self) -> bool {
        matches!(self, Self::Drop | Self::HalfClose | Self::OfflineFill)
    }

    /// Acts on single messages, requests or connections, so that a count bounds it.
    pub(crate) fn is_counted(self) -> bool {
        self == Self::Gap || self.info().takes.contains(&"count")
    }

    /// Acts on messages of streams or accounts.
    pub(crate) const fn touches_messages(self) -> bool {
        matches!(
            self,
            Self::Garbage | Self::Cut | Self::Split | Self::Duplicate | Self::Reorder | Self::Gap | Self::Skip
        )
    }

    /// Concerns requests that change orders where nothing else is said.
    pub(crate) const fn is_about_orders(self) -> bool {
        matches!(self, Self::DelayAnswer | Self::LoseAnswer | Self::LoseRequest | Self::UnknownOutcome)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_one_line_and_its_own_name() {
        for (i, info) in KINDS.iter().enumerate() {
            assert_eq!(info.kind as usize, i, "{}: out of order or missing", info.name);
            assert_eq!(Kind::of(info.name), Some(info.kind));
            assert_eq!(info.kind.info().name, info.name);
        }
        assert_eq!(KINDS.len(), Kind::OfflineFill as usize + 1);
    }
}
