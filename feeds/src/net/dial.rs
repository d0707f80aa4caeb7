//! From an address to an open stream, in steps that never block.
//!
//! COLD. The reader polls a dial between its turns; the connection's policy bounds its time.

use std::io;
use std::net::SocketAddr;

use mio::net::TcpStream;
use rustls::ClientConnection;
use socket2::{Domain, Protocol, SockAddr, Socket, Type};

use super::resolve::{Looked, Lookup};
use super::stream::{Stream, flush_tls};
use super::sys;
use super::tls::{TlsClient, describe};
use crate::endpoint::Endpoint;
use crate::error::{ConnectError, Stage};

/// One address may take this long before the next is tried, if there is one.
const PER_ADDRESS_NS: u64 = 3_000_000_000;

/// Options of a new socket. `TCP_NODELAY` is always set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SocketOptions {
    /// `SO_BUSY_POLL`: how many µs a read may poll the network card. Raising it above the system's setting takes
    /// `CAP_NET_ADMIN`; a refusal is counted and otherwise harmless. `None` leaves it alone.
    pub busy_poll_us: Option<u32>,
    /// `SO_TIMESTAMPNS`: the kernel notes when it receives, and each read asks for it, which makes it a little slower.
    /// A refusal is counted and otherwise harmless.
    pub kernel_time: bool,
}

impl Default for SocketOptions {
    fn default() -> Self {
        Self { busy_poll_us: Some(50), kernel_time: false }
    }
}

#[derive(Debug)]
enum Step {
    Resolving(Lookup),
    Connecting { tcp: TcpStream, address: SocketAddr, until_ns: u64 },
    Encrypting { tcp: TcpStream, tls: Box<ClientConnection> },
    Over,
}

/// A connection being made.
#[derive(Debug)]
pub struct Dial {
    endpoint: Endpoint,
    tls: TlsClient,
    options: SocketOptions,
    step: Step,
    addresses: std::vec::IntoIter<SocketAddr>,
    last_error: Option<ConnectError>,
    busy_poll_refused: bool,
    kernel_time_refused: bool,
}

impl Dial {
    /// Begins with the lookup of the name.
    #[must_use]
    pub fn start(endpoint: Endpoint, tls: TlsClient, options: SocketOptions) -> Self {
        let step = Step::Resolving(Lookup::start(&endpoint));
        Self {
            endpoint,
            tls,
            options,
            step,
            addresses: Vec::new().into_iter(),
            last_error: None,
            busy_poll_refused: false,
            kernel_time_refused: false,
        }
    }

    /// What is under way.
    #[must_use]
    pub const fn stage(&self) -> Stage {
        match self.step {
            Step::Resolving(_) => Stage::Resolving,
            Step::Connecting { .. } | Step::Over => Stage::Connecting,
            Step::Encrypting { .. } => Stage::Encrypting,
        }
    }

    /// Whether the kernel refused `SO_BUSY_POLL`.
    #[must_use]
    pub const fn busy_poll_refused(&self) -> bool {
        self.busy_poll_refused
    }

    /// Whether the kernel refused `SO_TIMESTAMPNS`.
    #[must_use]
    pub const fn kernel_time_refused(&self) -> bool {
        self.kernel_time_refused
    }

    fn stream(&self, tcp: TcpStream, tls: Option<Box<ClientConnection>>) -> Stream {
        Stream { tcp, tls, kernel_time: self.options.kernel_time && !self.kernel_time_refused }
    }

    /// Goes on as far as it can; the stream once it is open and its certificate verified.
    ///
    /// # Errors
    /// [`ConnectError`], after which the dial is over.
    pub fn poll(&mut self, now_ns: u64) -> Result<Option<Stream>, ConnectError> {
        loop {
            match std::mem::replace(&mut self.step, Step::Over) {
                Step::Resolving(mut lookup) => match lookup.poll(&self.endpoint) {
                    Looked::Pending => {
                        self.step = Step::Resolving(lookup);
                        return Ok(None);
                    }
                    Looked::Failed(error) => return Err(error),
                    Looked::Found(addresses) => {
                        self.addresses = addresses.into_iter();
                        self.step = self.next_address(now_ns)?;
                    }
                },
                Step::Connecting { tcp, address, until_ns } => match connected(&tcp) {
                    Ok(true) if self.endpoint.tls() => {
                        let tls = self.tls.session(&self.endpoint)?;
                        self.step = Step::Encrypting { tcp, tls: Box::new(tls) };
                    }
                    Ok(true) => return Ok(Some(self.stream(tcp, None))),
                    Ok(false) if now_ns < until_ns || self.addresses.len() == 0 => {
                        self.step = Step::Connecting { tcp, address, until_ns };
                        return Ok(None);
                    }
                    Ok(false) => {
                        self.last_error = Some(network_error(address, &io::ErrorKind::TimedOut.into()));
                        self.step = self.next_address(now_ns)?;
                    }
                    Err(error) => {
                        self.last_error = Some(network_error(address, &error));
                        self.step = self.next_address(now_ns)?;
                    }
                },
                Step::Encrypting { mut tcp, mut tls } => {
                    if !self.encrypt(&mut tcp, &mut tls)? {
                        self.step = Step::Encrypting { tcp, tls };
                        return Ok(None);
                    }
                    return Ok(Some(self.stream(tcp, Some(tls))));
                }
                Step::Over => return Err(self.closed(Stage::Connecting)),
            }
        }
    }

    fn next_address(&mut self, now_ns: u64) -> Result<Step, ConnectError> {
        loop {
            let Some(address) = self.addresses.next() else {
                return Err(self.last_error.take().unwrap_or_else(|| self.closed(Stage::Connecting)));
            };
            match self.open(address) {
                Ok(tcp) => {
                    let until_ns = now_ns.saturating_add(PER_ADDRESS_NS);
                    return Ok(Step::Connecting { tcp, address, until_ns });
                }
                Err(error) => self.last_error = Some(network_error(address, &error)),
            }
        }
    }

    fn open(&mut self, address: SocketAddr) -> io::Result<TcpStream> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM.nonblocking(), Some(Protocol::TCP))?;
        socket.set_tcp_nodelay(true)?;
        if let Some(micros) = self.options.busy_poll_us {
            self.busy_poll_refused |= socket.set_busy_poll(micros).is_err();
        }
        if self.options.kernel_time {
            self.kernel_time_refused |= sys::ask_for_receive_time(&socket).is_err();
        }
        match socket.connect(&SockAddr::from(address)) {
            Ok(()) => {}
            Err(error) if error.raw_os_error() == Some(libc::EINPROGRESS) => {}
            Err(error) => return Err(error),
        }
        Ok(TcpStream::from_std(socket.into()))
    }

    /// True once the handshake is over.
    fn encrypt(&self, tcp: &mut TcpStream, tls: &mut ClientConnection) -> Result<bool, ConnectError> {
        let broke = |error: &io::Error| ConnectError::Tls {
            host: self.endpoint.host().into(),
            cause: error.to_string().into(),
        };
        loop {
            let left = flush_tls(tcp, tls).map_err(|e| broke(&e))?;
            if !tls.is_handshaking() {
                return Ok(!left);
            }
            match tls.read_tls(tcp) {
                Ok(0) => return Err(self.closed(Stage::Encrypting)),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => {
                    return Err(self.closed(Stage::Encrypting));
                }
                Err(error) => return Err(broke(&error)),
            }
            if let Err(error) = tls.process_new_packets() {
                let _ = flush_tls(tcp, tls);
                return Err(describe(self.endpoint.host(), &error));
            }
        }
    }

    fn closed(&self, stage: Stage) -> ConnectError {
        ConnectError::Closed { host: self.endpoint.host().into(), stage }
    }
}

/// Whether a connect that was begun is done.
fn connected(tcp: &TcpStream) -> io::Result<bool> {
    if let Some(error) = tcp.take_error()? {
        return Err(error);
    }
    match tcp.peer_addr() {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(false),
        Err(error) if error.raw_os_error() == Some(libc::EINPROGRESS) => Ok(false),
        Err(error) => Err(error),
    }
}

fn network_error(address: SocketAddr, error: &io::Error) -> ConnectError {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => ConnectError::Refused { address },
        _ => ConnectError::Network { address, cause: error.to_string().into() },
    }
}
