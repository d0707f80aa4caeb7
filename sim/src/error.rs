//! What can go wrong before the venues run.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Why simulated venues could not be started. Each text names the cause and what to change.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SimError {
    /// The config contradicts itself.
    #[error("{0}")]
    Config(String),
    /// An address could not be bound.
    #[error("venue {venue}: cannot listen on {address}: {source}; choose a free port, or 0 for any")]
    Listen {
        /// Whose address.
        venue: String,
        /// Which address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// Only loopback is served.
    #[error("venue {venue}: {address} is not a loopback address; simulated venues are served on loopback alone")]
    NotLoopback {
        /// Whose address.
        venue: String,
        /// Which address.
        address: SocketAddr,
    },
    /// A file could not be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A recording whose frames are of no protocol known here.
    #[error("{}: no frame of a known venue in its first {looked} lines; expected `receive-time frame`", path.display())]
    Unrecognised {
        /// Which file.
        path: PathBuf,
        /// How many lines were looked at.
        looked: u64,
    },
    /// Keys of an account could not be made or read.
    #[error("account {account}: {reason}")]
    Keys {
        /// Whose.
        account: String,
        /// What is wrong.
        reason: String,
    },
    /// Certificates could not be made.
    #[error("cannot make the private certificate authority: {0}")]
    Certificate(String),
    /// The event loop or its thread could not be made.
    #[error("cannot start the venue thread: {0}")]
    Thread(io::Error),
}
