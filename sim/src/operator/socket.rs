//! The control API's sockets: plain HTTP on loopback, a few connections, bounded in bytes and time.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr};

use mio::net::{TcpListener, TcpStream};
use mio::{Interest, Registry, Token};

use crate::http::{self, Answer, HeadError, Parsed};
use crate::rules::SECOND_NS;
use crate::venue::VenueMachine;

/// The token of the listener; connections follow. Far above those of the venues.
pub(crate) const CONTROL: Token = Token(1 << 32);
/// Connections at a time.
const CONNECTIONS: usize = 32;
/// How long a client may take for a request, and for reading an answer.
const WITHIN_NS: u64 = 10 * SECOND_NS;
/// Bytes read at a time.
const CHUNK: usize = 16 * 1024;

/// One client.
struct Client {
    stream: TcpStream,
    inbox: Vec<u8>,
    outbox: Vec<u8>,
    sent: usize,
    deadline_ns: u64,
    /// It ends when what waits is sent.
    ending: bool,
}

/// The control API's listener and clients.
pub(crate) struct Control {
    listener: TcpListener,
    clients: Vec<Option<Client>>,
}

impl Control {
    /// Listens; the address that it got.
    pub(crate) fn listen(address: SocketAddr) -> io::Result<(Self, SocketAddr)> {
        let listener = TcpListener::bind(address)?;
        let bound = listener.local_addr()?;
        Ok((Self { listener, clients: (0..CONNECTIONS).map(|_| None).collect() }, bound))
    }

    pub(crate) fn register(&mut self, registry: &Registry) -> io::Result<()> {
        registry.register(&mut self.listener, CONTROL, Interest::READABLE)
    }

    /// When a client's time is over.
    pub(crate) fn due_ns(&self) -> Option<u64> {
        self.clients.iter().flatten().map(|c| c.deadline_ns).min()
    }

    /// Ends clients whose time is over.
    pub(crate) fn advance(&mut self, now: u64) {
        for slot in &mut self.clients {
            slot.take_if(|client| client.deadline_ns <= now);
        }
    }

    /// Something happened on a socket.
    pub(crate) fn ready(&mut self, token: Token, registry: &Registry, venues: &mut [VenueMachine], now: u64) {
        let Some(slot) = token.0.checked_sub(CONTROL.0 + 1) else { return self.accept(registry, now) };
        let Some(client) = self.clients.get_mut(slot) else { return };
        if client.as_mut().is_some_and(|c| !c.serve(venues, now)) {
            *client = None;
        }
    }

    fn accept(&mut self, registry: &Registry, now: u64) {
        while let Ok((mut stream, _)) = self.listener.accept() {
            // One too many is closed at once.
            let Some(slot) = self.clients.iter().position(Option::is_none) else { continue };
            let token = Token(CONTROL.0 + 1 + slot);
            if registry.register(&mut stream, token, Interest::READABLE | Interest::WRITABLE).is_err() {
                continue;
            }
            let (inbox, outbox) = (Vec::new(), Vec::new());
            let deadline_ns = now.saturating_add(WITHIN_NS);
            self.clients[slot] = Some(Client { stream, inbox, outbox, sent: 0, deadline_ns, ending: false });
        }
    }
}

impl Client {
    /// Reads, answers, writes; `false` when it is over.
    fn serve(&mut self, venues: &mut [VenueMachine], now: u64) -> bool {
        let mut buffer = [0; CHUNK];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => return false,
                // What comes behind the last request is not looked at.
                Ok(_) if self.ending => {}
                Ok(count) => {
                    self.inbox.extend_from_slice(&buffer[..count]);
                    self.answer(venues, now);
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => break,
                Err(_) => return false,
            }
        }
        self.flush()
    }

    fn answer(&mut self, venues: &mut [VenueMachine], now: u64) {
        while !self.ending && !self.inbox.is_empty() {
            let (answer, keep) = match http::parse(&self.inbox) {
                Ok(Parsed::Head | Parsed::Body(_)) => return,
                Ok(Parsed::Whole(request, used)) => {
                    self.inbox.drain(..used);
                    (super::answer(&request, venues, now), request.keep_alive)
                }
                Err(error) => {
                    let status = match error {
                        HeadError::Malformed => 400,
                        HeadError::TooLong => 431,
                        HeadError::Body => 413,
                    };
                    (Answer::text(status, ""), false)
                }
            };
            http::push_response(&mut self.outbox, &answer, keep);
            self.ending = !keep;
            self.deadline_ns = now.saturating_add(WITHIN_NS);
        }
    }

    fn flush(&mut self) -> bool {
        while let Some(waiting) = self.outbox.get(self.sent..).filter(|w| !w.is_empty()) {
            match self.stream.write(waiting) {
                Ok(count) => self.sent += count,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return true,
                Err(_) => return false,
            }
        }
        self.outbox.clear();
        self.sent = 0;
        if self.ending {
            // It is kept until the client has read it all and closes, or its time is over.
            let _ = self.stream.shutdown(Shutdown::Write);
        }
        true
    }
}
