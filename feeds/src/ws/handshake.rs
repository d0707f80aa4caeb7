//! The opening handshake: tungstenite's machine, run over memory.
//!
//! COLD. The answer's head is collected whole before the machine sees it, so that what follows it (the first frames)
//! stays in the receive buffer, and a server that dribbles single bytes is bounded by our own limit.

use std::io::{self, Read, Write};

use tungstenite::client::IntoClientRequest;
use tungstenite::handshake::client::ClientHandshake;
use tungstenite::handshake::{HandshakeError as Interrupted, MidHandshake};
use tungstenite::http::HeaderValue;
use tungstenite::http::header::{RETRY_AFTER, SEC_WEBSOCKET_EXTENSIONS, USER_AGENT};

use crate::buffer::RecvBuffer;
use crate::endpoint::Endpoint;

/// Longest head of an answer.
pub const HEAD_MAX: usize = 16 * 1024;
const AGENT: &str = concat!("crosstick/", env!("CARGO_PKG_VERSION"));

/// Why the WebSocket did not open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HandshakeError {
    /// An HTTP answer other than 101.
    Status {
        /// Its status.
        status: u16,
        /// `Retry-After` where it is a number of seconds.
        retry_after_s: Option<u64>,
    },
    /// No answer to a WebSocket handshake.
    NotWebSocket(Box<str>),
}

/// A handshake under way.
#[derive(Debug)]
pub struct Handshake {
    machine: Option<MidHandshake<ClientHandshake<Pipe>>>,
}

impl Handshake {
    /// Begins: appends the request to `out`.
    ///
    /// # Errors
    /// When no request can be made from the address.
    pub fn start(endpoint: &Endpoint, out: &mut Vec<u8>) -> Result<Self, HandshakeError> {
        let mut request = endpoint.to_string().into_client_request().map_err(|e| not_web_socket(&e))?;
        request.headers_mut().insert(USER_AGENT, HeaderValue::from_static(AGENT));
        let machine = ClientHandshake::start(Pipe::default(), request, None).map_err(|e| not_web_socket(&e))?;
        match machine.handshake() {
            Err(Interrupted::Interrupted(mut machine)) => {
                out.append(&mut machine.get_mut().get_mut().outgoing);
                Ok(Self { machine: Some(machine) })
            }
            Err(Interrupted::Failure(error)) => Err(not_web_socket(&error)),
            Ok(_) => Err(HandshakeError::NotWebSocket("it was open before it was asked".into())),
        }
    }

    /// Takes the answer's head out of `buffer` once it is whole, and checks it. True when the WebSocket is open;
    /// what is left in the buffer are frames.
    ///
    /// # Errors
    /// [`HandshakeError`], after which the connection must be closed.
    pub fn feed(&mut self, buffer: &mut RecvBuffer) -> Result<bool, HandshakeError> {
        let unread = buffer.unread();
        let known = unread.len().min(5);
        if unread[..known] != b"HTTP/"[..known] {
            return Err(HandshakeError::NotWebSocket("its answer is not HTTP".into()));
        }
        let Some(head) = unread.windows(4).take(HEAD_MAX).position(|w| w == b"\r\n\r\n") else {
            if unread.len() > HEAD_MAX {
                return Err(HandshakeError::NotWebSocket("the head of its answer is too long".into()));
            }
            return Ok(false);
        };
        let Some(mut machine) = self.machine.take() else {
            return Err(HandshakeError::NotWebSocket("a handshake cannot be used twice".into()));
        };
        machine.get_mut().get_mut().incoming.extend_from_slice(buffer.take(head + 4));
        match machine.handshake() {
            Ok((_, response)) if response.headers().contains_key(SEC_WEBSOCKET_EXTENSIONS) => {
                // tungstenite does not check this one: an extension we did not offer would change the frames.
                Err(HandshakeError::NotWebSocket("it uses an extension that was not offered".into()))
            }
            Ok(_) => Ok(true),
            Err(Interrupted::Interrupted(_)) => {
                Err(HandshakeError::NotWebSocket("the head of its answer is cut short".into()))
            }
            Err(Interrupted::Failure(error)) => Err(failure(&error)),
        }
    }
}

fn failure(error: &tungstenite::Error) -> HandshakeError {
    let tungstenite::Error::Http(response) = error else { return not_web_socket(error) };
    let retry_after_s =
        response.headers().get(RETRY_AFTER).and_then(|v| v.to_str().ok()).and_then(|v| v.trim().parse().ok());
    HandshakeError::Status { status: response.status().as_u16(), retry_after_s }
}

fn not_web_socket(error: &tungstenite::Error) -> HandshakeError {
    HandshakeError::NotWebSocket(error.to_string().into())
}

/// Memory in place of a socket.
#[derive(Debug, Default)]
struct Pipe {
    incoming: Vec<u8>,
    taken: usize,
    outgoing: Vec<u8>,
}

impl Read for Pipe {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let waiting = self.incoming.get(self.taken..).unwrap_or(&[]);
        if waiting.is_empty() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let count = waiting.len().min(into.len());
        into[..count].copy_from_slice(&waiting[..count]);
        self.taken += count;
        Ok(count)
    }
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.outgoing.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
