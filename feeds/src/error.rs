//! What can go wrong outside a frame, grouped by what the operator does about it. Each prints as one line: cause, then
//! remedy.
//!
//! COLD.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::ws::WsError;

/// What is to be done about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Remedy {
    /// It may heal; try again after a while.
    Retry,
    /// It is in our configuration or set-up, and stays until someone changes that.
    FixConfig,
    /// The venue said no, and trying again makes it worse.
    VenueRefused,
}

/// A mistake that is found before anything is connected.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// Not a WebSocket address.
    #[error("`{url}` is no WebSocket address: {why}; write wss://HOST[:PORT]")]
    Url {
        /// As it was written.
        url: Box<str>,
        /// What is wrong with it.
        why: &'static str,
    },
    /// `ws://` to another machine.
    #[error("`{url}` would send plain text to another machine; use wss:// (ws:// is for loopback alone)")]
    PlainText {
        /// As it was written.
        url: Box<str>,
    },
    /// The private CA cannot be read.
    #[error("cannot read the CA file {}: {cause}; name a readable PEM file in `tls_ca`", path.display())]
    CaUnreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        cause: io::Error,
    },
    /// The private CA holds nothing usable.
    #[error("the CA file {} {why}; `tls_ca` takes a PEM file with at least one CA certificate", path.display())]
    CaUnusable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: Box<str>,
    },
    /// The host cannot stand in a certificate.
    #[error("`{host}` is no name that a certificate could carry; use a DNS name or an IP address")]
    ServerName {
        /// The host.
        host: Box<str>,
    },
    /// The protocol has no such stream.
    #[error("{protocol} has no documented `{stream}` stream; futures take aggTrade and bookTicker")]
    NoSuchStream {
        /// The protocol.
        protocol: &'static str,
        /// The stream.
        stream: &'static str,
    },
    /// rustls refused its own set-up.
    #[error("TLS cannot be set up: {0}; please report this")]
    Tls(rustls::Error),
}

impl ConfigError {
    pub(crate) fn ca(path: &Path, why: impl Into<Box<str>>) -> Self {
        Self::CaUnusable { path: path.into(), why: why.into() }
    }
}

/// Why a certificate was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CertificateRefusal {
    /// Signed by nobody we trust.
    UnknownIssuer,
    /// A trusted CA has its issuer's name but did not sign it.
    BadSignature,
    /// Its time is over.
    Expired,
    /// Its time has not come, or our clock is behind.
    NotYetValid,
    /// Made for other names.
    WrongName,
    /// Anything else, in the words of rustls.
    Other(Box<str>),
}

impl std::fmt::Display for CertificateRefusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::UnknownIssuer => f.write_str(
                "it is signed by no CA that is trusted here; for a private CA name its file in `tls_ca`, else \
                 something between us and the venue answers in its place",
            ),
            Self::BadSignature => f.write_str(
                "a CA of its issuer's name is trusted here, but did not sign it; the file in `tls_ca` may be out of date",
            ),
            Self::Expired => f.write_str("it has expired; check this machine's clock, else the venue must renew it"),
            Self::NotYetValid => f.write_str("it is not valid yet; check this machine's clock"),
            Self::WrongName => f.write_str("it is made for another name; check the host in `stream_url`"),
            Self::Other(text) => write!(f, "{text}"),
        }
    }
}

/// Why there is no connection, or why it ended before the WebSocket was open.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// The name has no address.
    #[error("cannot resolve {host}: {cause}; check the name and this machine's DNS")]
    Resolve {
        /// The name.
        host: Box<str>,
        /// The resolver's words.
        cause: Box<str>,
    },
    /// A name that plain text is allowed for has an address that is not loopback.
    #[error("{host} is {address}, which is not loopback, and ws:// would send plain text there; use wss://")]
    NotLoopback {
        /// The name.
        host: Box<str>,
        /// One of its addresses.
        address: SocketAddr,
    },
    /// Nobody listens there.
    #[error("{address} refuses connections; check that the port is right and the server is up")]
    Refused {
        /// Where.
        address: SocketAddr,
    },
    /// TCP failed otherwise.
    #[error("cannot connect to {address}: {cause}; check the network and the firewall")]
    Network {
        /// Where.
        address: SocketAddr,
        /// The system's words.
        cause: Box<str>,
    },
    /// No progress within the time for one attempt.
    #[error("no answer from {host} within {seconds} s while {stage}; check the network and the firewall")]
    TimedOut {
        /// The host.
        host: Box<str>,
        /// What was being waited for.
        stage: Stage,
        /// How long.
        seconds: u64,
    },
    /// The certificate was refused.
    #[error("the certificate of {host} is refused: {reason}")]
    Certificate {
        /// The host.
        host: Box<str>,
        /// Why.
        reason: CertificateRefusal,
    },
    /// TLS failed otherwise.
    #[error("TLS with {host} failed: {cause}; check that the port speaks TLS")]
    Tls {
        /// The host.
        host: Box<str>,
        /// rustls's words.
        cause: Box<str>,
    },
    /// The other side hung up before the WebSocket was open.
    #[error("{host} closed the connection while {stage}; it will be tried again")]
    Closed {
        /// The host.
        host: Box<str>,
        /// What was under way.
        stage: Stage,
    },
    /// An HTTP answer other than 101.
    #[error("{host} answered HTTP {status}: {}", http_advice(*status))]
    Http {
        /// The host.
        host: Box<str>,
        /// The status.
        status: u16,
        /// `Retry-After`, in seconds.
        retry_after_s: Option<u64>,
    },
    /// An answer that is no WebSocket handshake.
    #[error("{host} does not speak WebSocket here: {cause}; check host, port and path")]
    NotWebSocket {
        /// The host.
        host: Box<str>,
        /// What was wrong.
        cause: Box<str>,
    },
}

/// What was under way when a connection attempt failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Looking the name up.
    Resolving,
    /// TCP.
    Connecting,
    /// TLS.
    Encrypting,
    /// The WebSocket handshake.
    Upgrading,
}

impl std::fmt::Display for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Resolving => "its name was looked up",
            Self::Connecting => "connecting",
            Self::Encrypting => "TLS was set up",
            Self::Upgrading => "the WebSocket was opened",
        })
    }
}

fn http_advice(status: u16) -> &'static str {
    match status {
        401 | 403 => "it refuses us; check region, address and keys",
        404 => "there is no stream at that path; check host and environment",
        418 => "this IP address is banned for ignoring limits; stop, and wait until the ban ends",
        429 => "too many requests from this IP address; waiting as long as it asks",
        451 => "not available from this region",
        500..=599 => "the venue has trouble; it will be tried again",
        200..=399 => "that is no stream server; check host, port and path",
        _ => "it refuses the request; check host, port and path",
    }
}

impl ConnectError {
    /// What is to be done about it.
    #[must_use]
    pub const fn remedy(&self) -> Remedy {
        match self {
            Self::Certificate { .. } | Self::NotLoopback { .. } => Remedy::FixConfig,
            Self::Http { status, .. } => match *status {
                408 | 425 | 429 | 500..=599 => Remedy::Retry,
                404 | 200..=399 => Remedy::FixConfig,
                _ => Remedy::VenueRefused,
            },
            _ => Remedy::Retry,
        }
    }
}

/// Why a connection that was open, or about to be, has ended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// It never opened.
    #[error("{0}")]
    Connect(#[from] ConnectError),
    /// The venue closed it.
    #[error("closed by the venue{}{}", code_text(*code), colon_text(text))]
    Closed {
        /// The close code.
        code: Option<u16>,
        /// Its words, at most 123 bytes.
        text: Box<str>,
    },
    /// The connection broke without a close frame.
    #[error("the connection broke: {0}")]
    Broken(Box<str>),
    /// What came is not WebSocket as agreed.
    #[error("protocol error {}", .0.code())]
    Protocol(WsError),
    /// Nothing was heard for too long.
    #[error("nothing heard for {0} s, not even a ping; the line is dead")]
    Silent(u64),
    /// It asks (pings) and does not take the answers.
    #[error("the venue reads nothing of what is sent to it: more than {0} KiB wait; the line is left")]
    Unread(usize),
    /// A SUBSCRIBE was not answered.
    #[error("a subscription was not answered within {0} s")]
    NotAcknowledged(u64),
    /// Every stream was refused.
    #[error("the venue refuses the subscription: code {code}, {text}; check symbols and streams")]
    SubscriptionRefused {
        /// Its code.
        code: i64,
        /// Its words.
        text: Box<str>,
    },
    /// The venue announced that it will close.
    #[error("the venue announced a shutdown")]
    ServerShutdown,
    /// The venue closes every connection at 24 h; we left before.
    #[error("replaced before its 24 h are over")]
    Lifetime,
}

impl Reason {
    /// What is to be done about it.
    #[must_use]
    pub const fn remedy(&self) -> Remedy {
        match self {
            Self::Connect(error) => error.remedy(),
            Self::SubscriptionRefused { .. } => Remedy::VenueRefused,
            _ => Remedy::Retry,
        }
    }
}

fn code_text(code: Option<u16>) -> String {
    code.map_or_else(String::new, |c| format!(" with code {c}"))
}

fn colon_text(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!(": {text}") }
}
