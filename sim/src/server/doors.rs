//! How connections are let in while a fault says otherwise: not at all, late, or with a TLS handshake that fails.

use std::sync::Arc;

use mio::net::{TcpListener, TcpStream};
use mio::{Interest, Token};
use rustls::ServerConfig;

use super::{Server, WAKE};
use crate::fault::Door;
use crate::rules::SECOND_NS;
use crate::tls;

/// How long after a failure a listener is opened anew.
const RETRY_NS: u64 = SECOND_NS / 10;

/// What a new connection meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Greeting {
    Plain,
    Tls,
    /// TLS with a certificate of an authority that nobody knows.
    Stranger,
    /// An alert as soon as it says something.
    Alert,
}

impl Greeting {
    /// The TLS side of a connection; `None`: it has none.
    pub(super) fn config(self, usual: &Arc<ServerConfig>, doors: &mut Doors) -> Option<Arc<ServerConfig>> {
        match self {
            Self::Plain | Self::Alert => None,
            Self::Tls => Some(Arc::clone(usual)),
            Self::Stranger => Some(Arc::clone(doors.stranger.get_or_insert_with(|| match tls::identity() {
                Ok(identity) => identity.server,
                // The first one could be made at start, so this one can; if not, the handshake just succeeds.
                Err(_) => Arc::clone(usual),
            }))),
        }
    }
}

/// Connections that are let in later, and listeners that wait to be opened.
#[derive(Default)]
pub(super) struct Doors {
    late: Vec<(u64, TcpStream, usize, bool)>,
    retry_ns: Option<u64>,
    stranger: Option<Arc<ServerConfig>>,
}

impl Doors {
    /// When somebody is let in, or a listener is tried again.
    pub(super) fn due_ns(&self) -> Option<u64> {
        self.late.iter().map(|(at, ..)| *at).chain(self.retry_ns).min()
    }
}

impl Server {
    /// Meets a new connection as the venue's faults say.
    pub(super) fn meet(&mut self, stream: TcpStream, venue: usize, tls: bool, now: u64) {
        let door = self.venues.get_mut(venue).map_or(Door::Open, |v| v.door(tls, now));
        match door {
            Door::Late(at) => self.doors.late.push((at, stream, venue, tls)),
            Door::Alert => self.add(stream, venue, Greeting::Alert, now),
            Door::Certificate => self.add(stream, venue, Greeting::Stranger, now),
            Door::Open => self.add(stream, venue, if tls { Greeting::Tls } else { Greeting::Plain }, now),
        }
    }

    /// Lets in those who have waited long enough.
    pub(super) fn admit_late(&mut self, now: u64) {
        while let Some(at) = self.doors.late.iter().position(|(at, ..)| *at <= now) {
            let (_, stream, venue, tls) = self.doors.late.remove(at);
            self.add(stream, venue, if tls { Greeting::Tls } else { Greeting::Plain }, now);
        }
    }

    /// Closes the listeners of venues that refuse connections, and opens them again.
    pub(super) fn mind_doors(&mut self, now: u64) {
        let registry = self.poll.registry();
        let mut retry_ns = None;
        for (index, listener) in self.listeners.iter_mut().enumerate() {
            let refuses = self.venues.get(listener.venue).is_some_and(|v| v.refuses());
            match (&mut listener.socket, refuses) {
                (Some(socket), true) => {
                    // It goes with its descriptor in any case.
                    let _ = registry.deregister(socket);
                    listener.socket = None;
                }
                (None, false) => {
                    let opened = TcpListener::bind(listener.address).and_then(|mut socket| {
                        registry.register(&mut socket, Token(WAKE.0 + 1 + index), Interest::READABLE)?;
                        Ok(socket)
                    });
                    match opened {
                        Ok(socket) => listener.socket = Some(socket),
                        Err(e) => {
                            tracing::warn!("simulated venues: {} is not opened again yet: {e}", listener.address);
                            retry_ns = Some(now.saturating_add(RETRY_NS));
                        }
                    }
                }
                _ => {}
            }
        }
        self.doors.retry_ns = retry_ns;
    }
}
