//! What a connection tells the operator. Rare; printed by the main thread.

use std::fmt;

use crosstick_model::{Line, VenueId};

use crate::error::Reason;

/// Something that happened to a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The venue.
    pub venue: VenueId,
    /// The line.
    pub line: Line,
    /// Which socket of the line, in the order of its plan.
    pub socket: u16,
    /// When, ns since the epoch.
    pub at_ns: u64,
    /// What.
    pub kind: EventKind,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventKind {
    /// An attempt begins.
    Connecting {
        /// Where to.
        url: Box<str>,
    },
    /// The WebSocket is open.
    Connected {
        /// Where to.
        url: Box<str>,
    },
    /// The venue acknowledged a request.
    Acknowledged {
        /// Streams acknowledged so far.
        streams: usize,
        /// Streams of this connection.
        of: usize,
    },
    /// The venue refused a request; its streams stay away.
    SubscriptionRefused {
        /// Streams in that request.
        streams: usize,
        /// The venue's code.
        code: i64,
        /// Its words.
        text: Box<str>,
    },
    /// Every request is answered.
    Live {
        /// Streams acknowledged.
        streams: usize,
    },
    /// A stream was acknowledged and stayed silent. Binance acknowledges names that do not exist.
    SilentStream {
        /// Its name.
        stream: Box<str>,
    },
    /// The venue will close soon.
    ServerShutdown,
    /// The connection ended, or did not come about.
    Disconnected {
        /// Why.
        reason: Reason,
    },
    /// The next attempt is in so many milliseconds.
    Waiting {
        /// How long.
        ms: u64,
    },
    /// No further attempts: the reason cannot heal by itself.
    Stopped {
        /// Why.
        reason: Reason,
    },
}

/// One line.
impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connecting { url } => write!(f, "connecting to {url}"),
            Self::Connected { url } => write!(f, "connected to {url}"),
            Self::Acknowledged { streams, of } => write!(f, "{streams} of {of} streams acknowledged"),
            Self::SubscriptionRefused { streams, code, text } => {
                write!(f, "a subscription of {streams} streams was refused: code {code}, {text}")
            }
            Self::Live { streams } => write!(f, "live with {streams} streams"),
            Self::SilentStream { stream } => {
                write!(f, "{stream} was acknowledged and is silent; check its name (or it is a quiet market)")
            }
            Self::ServerShutdown => f.write_str("the venue announced a shutdown; reconnecting"),
            Self::Disconnected { reason } => write!(f, "disconnected: {reason}"),
            Self::Waiting { ms } => write!(f, "next attempt in {ms} ms"),
            Self::Stopped { reason } => write!(f, "stopped: {reason}"),
        }
    }
}
