//! What the venues did, client by client: what tests compare with what an engine got.

use std::collections::BTreeMap;

/// Ended clients whose figures are kept one by one; older ones are only in the venue's totals.
pub(crate) const ENDED_KEPT: usize = 256;

/// All venues.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SimStats {
    /// In the order in which they were configured.
    pub venues: Vec<VenueStats>,
    /// Recorded source: every frame was given to the venues.
    pub source_ended: bool,
    /// Recorded source: lines that are no `receive-time frame` line, or frames of no stream (REST snapshots and
    /// control answers among them). They are not served.
    pub lines_unserved: u64,
}

impl SimStats {
    /// The venue of that name.
    #[must_use]
    pub fn venue(&self, name: &str) -> Option<&VenueStats> {
        self.venues.iter().find(|v| v.name == name)
    }
}

/// One venue.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VenueStats {
    /// Its name.
    pub name: String,
    /// Frames published, by stream, whether or not anybody was subscribed.
    pub published: BTreeMap<String, StreamStats>,
    /// Stream clients, the connected ones and the last 256 that ended, in the order in which they came.
    pub clients: Vec<ClientStats>,
    /// REST requests answered.
    pub rest_requests: u64,
    /// Connections that never became a stream client: no request in time, no HTTP, a refused upgrade.
    pub refused: u64,
    /// Stream clients dropped because they read too slowly.
    pub dropped_slow: u64,
}

/// One stream.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StreamStats {
    /// Frames.
    pub frames: u64,
    /// The last trade id among them (aggregate id where the stream is aggTrade); 0 where there is none.
    pub last_trade_id: u64,
}

/// Why a client is no longer served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientEnd {
    /// It closed or went away.
    Client,
    /// The venue closed it, with this code and reason.
    Venue(u16, String),
    /// It read too slowly.
    Slow,
}

/// One stream client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientStats {
    /// Counts connections of the venue from 1.
    pub serial: u64,
    /// The request target it came with.
    pub target: String,
    /// What it is subscribed to, in its order.
    pub subscriptions: Vec<String>,
    /// Frames put into its queue, by stream; of an ended client some may have been lost on the way.
    pub sent: BTreeMap<String, StreamStats>,
    /// Bytes put into its queue, frame heads included, TLS not.
    pub bytes: u64,
    /// Control messages taken from it.
    pub requests: u64,
    /// `None` while it is connected.
    pub end: Option<ClientEnd>,
}

impl ClientStats {
    /// Frames put into its queue, over all streams.
    #[must_use]
    pub fn frames(&self) -> u64 {
        self.sent.values().map(|s| s.frames).sum()
    }
}
