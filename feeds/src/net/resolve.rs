//! Names to addresses, at every connect.
//!
//! COLD. `getaddrinfo` may block for half a minute, and a reader thread must go on serving its other sockets. So each
//! lookup runs on a short-lived thread of its own, and the reader looks for the answer between its turns. One shared
//! thread would let one dead name hold up the lookups of all others; a line has at most one lookup under way.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};
use std::thread;

use crate::endpoint::Endpoint;
use crate::error::ConnectError;

/// Most addresses of a name that are tried.
const ADDRESSES_MAX: usize = 8;

/// A lookup under way.
#[derive(Debug)]
pub struct Lookup {
    answer: Receiver<io::Result<Vec<SocketAddr>>>,
}

/// What a lookup came to.
#[derive(Debug)]
pub enum Looked {
    /// Not yet.
    Pending,
    /// The addresses, at least one, in the resolver's order.
    Found(Vec<SocketAddr>),
    /// None.
    Failed(ConnectError),
}

impl Lookup {
    /// Begins. A literal address needs no thread.
    pub fn start(endpoint: &Endpoint) -> Self {
        let (send, answer) = sync_channel(1);
        let port = endpoint.port();
        if let Some(ip) = endpoint.ip() {
            // The channel has room for it and its receiver is here, so this cannot fail.
            let _ = send.send(Ok(vec![SocketAddr::new(ip, port)]));
            return Self { answer };
        }
        let host = endpoint.host().to_owned();
        let refused = send.clone();
        let spawned = thread::Builder::new().name("ct-resolve".into()).stack_size(256 * 1024).spawn(move || {
            let found = (host.as_str(), port).to_socket_addrs().map(|all| all.take(ADDRESSES_MAX).collect());
            // Nobody may be waiting any more: the attempt timed out.
            let _ = send.send(found);
        });
        if let Err(error) = spawned {
            let _ = refused.send(Err(error));
        }
        Self { answer }
    }

    /// Looks for the answer.
    pub fn poll(&mut self, endpoint: &Endpoint) -> Looked {
        let failed = |cause: Box<str>| Looked::Failed(ConnectError::Resolve { host: endpoint.host().into(), cause });
        let addresses = match self.answer.try_recv() {
            Err(TryRecvError::Empty) => return Looked::Pending,
            Err(TryRecvError::Disconnected) => return failed("the resolver gave up".into()),
            Ok(Err(error)) => return failed(plain_words(&error)),
            Ok(Ok(addresses)) if addresses.is_empty() => return failed("it has no address".into()),
            Ok(Ok(addresses)) => addresses,
        };
        match addresses.iter().find(|a| !endpoint.tls() && !a.ip().is_loopback()) {
            Some(address) => {
                Looked::Failed(ConnectError::NotLoopback { host: endpoint.host().into(), address: *address })
            }
            None => Looked::Found(addresses),
        }
    }
}

/// The resolver's words without the wrapping that std puts around them.
fn plain_words(error: &io::Error) -> Box<str> {
    let text = error.to_string();
    text.strip_prefix("failed to lookup address information: ").unwrap_or(&text).into()
}
