//! What to simulate: plain structs, filled by whoever reads a command line or a file.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::account::SimAccount;
use crate::fault::FaultSpec;
use crate::flow::FlowSpec;

/// All that a run of simulated venues needs.
#[derive(Debug, Clone, PartialEq)]
pub struct SimConfig {
    /// Where the frames come from; says the venues as well.
    pub source: Source,
    /// Where venues listen; a venue that is not named here serves TLS on a port of the system's choice.
    pub endpoints: Vec<Endpoint>,
    /// Where to write the certificate authority, in PEM; it is returned as text in any case.
    pub ca_pem_path: Option<PathBuf>,
    /// Bytes that may wait for a client before it is dropped as too slow; 4 MiB by default, 64 KiB at least.
    pub queue_bytes_max: usize,
    /// Who may trade on the venues.
    pub accounts: Vec<SimAccount>,
    /// Directory of the keys that are made for accounts without any: read where it has some, written otherwise.
    pub keys_dir: Option<PathBuf>,
    /// What goes wrong, and when; times count from the start.
    pub faults: Vec<FaultSpec>,
    /// Where the control API listens, on loopback; port 0 is any free port. `None`: there is none.
    pub control: Option<SocketAddr>,
}

/// Where frames come from.
#[derive(Debug, Clone, PartialEq)]
pub enum Source {
    /// The seeded generator; starts at once and never ends.
    Generated {
        /// The same seed gives the same flow.
        seed: u64,
        /// What flows.
        spec: FlowSpec,
    },
    /// Recorded frames.
    Recorded(ReplaySpec),
}

/// Recorded frames and how to serve them.
#[derive(Debug, Clone, PartialEq)]
pub struct ReplaySpec {
    /// The files. Those of one venue must be of one protocol.
    pub files: Vec<ReplayFile>,
    /// How fast.
    pub speed: Speed,
    /// Start over at the end, for ever; trade ids repeat then.
    pub repeat: bool,
    /// Clients that must be subscribed to each venue before the first frame is sent; 1 at least.
    pub clients: usize,
    /// How long to wait, after the last new subscription, for one to every recorded trade and quote stream. When all
    /// have theirs, nothing is waited for.
    pub grace: Duration,
    /// What happens when the last frame was sent.
    pub at_end: AtEnd,
}

/// One recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplayFile {
    /// The venue to serve it as; left out, the file is a venue of its own, named as the file.
    pub venue: Option<String>,
    /// Where it is.
    pub path: PathBuf,
}

/// How fast recorded frames are served.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Speed {
    /// At the recorded pace times this, above zero. A client that cannot follow is dropped.
    Times(f64),
    /// As fast as the slowest client takes them; none is dropped for being slow.
    Max,
}

/// What happens when the last recorded frame was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AtEnd {
    /// Connections stay, pings go on, until stopped.
    Stay,
    /// So long after the last frame went out, every client is closed with code 1000 and the venues end.
    CloseAfter(Duration),
}

/// Where a venue listens. Loopback alone; port 0 is any free port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Which venue.
    pub venue: String,
    /// For wss and https.
    pub tls: Option<SocketAddr>,
    /// For ws and http.
    pub plain: Option<SocketAddr>,
}

impl SimConfig {
    /// Bytes that may wait for a client, where nothing else is said.
    pub const QUEUE_BYTES: usize = 4 * 1024 * 1024;

    /// TLS on free ports of 127.0.0.1, the authority not written anywhere, no accounts.
    #[must_use]
    pub const fn new(source: Source) -> Self {
        Self {
            source,
            endpoints: Vec::new(),
            ca_pem_path: None,
            queue_bytes_max: Self::QUEUE_BYTES,
            accounts: Vec::new(),
            keys_dir: None,
            faults: Vec::new(),
            control: None,
        }
    }
}

impl ReplaySpec {
    /// These files once, as fast as clients take them, from the first subscribed client on; connections stay.
    #[must_use]
    pub const fn new(files: Vec<ReplayFile>) -> Self {
        Self {
            files,
            speed: Speed::Max,
            repeat: false,
            clients: 1,
            grace: Duration::from_millis(1_000),
            at_end: AtEnd::Stay,
        }
    }
}
