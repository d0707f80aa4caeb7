//! An open socket, encrypted or plain.
//!
//! HOT: one `read` a turn, at most [`READ_SIZE`] bytes. rustls allocates once a record; nothing else here does after
//! the first reads.

use std::io::{self, Write as _};

use mio::net::TcpStream;
use rustls::ClientConnection;

use super::sys;
use crate::buffer::{READ_SIZE, RecvBuffer};

/// What one read came to.
#[derive(Debug)]
pub enum Read {
    /// The socket had nothing.
    Blocked,
    /// Bytes came off the wire; plain ones were appended to the buffer (none, when a record is not whole yet).
    Some {
        /// Bytes off the wire.
        wire: usize,
        /// The time right after the system call, before decryption.
        at_ns: u64,
        /// When the kernel received the newest packet of it, ns since the epoch by the system clock; 0: not told.
        kernel_ns: u64,
        /// The kernel gave less than it was asked for: it has no more.
        drained: bool,
    },
    /// The other side is done; what it sent before is in the buffer.
    End,
    /// The connection broke, or TLS was violated.
    Failed(io::Error),
    /// The buffer is at its limit.
    Full,
}

/// An open socket.
#[derive(Debug)]
pub struct Stream {
    pub(super) tcp: TcpStream,
    pub(super) tls: Option<Box<ClientConnection>>,
    /// The kernel notes when it receives, and is asked for it.
    pub(super) kernel_time: bool,
}

/// A socket that remembers how the last read went, which rustls does not tell.
struct Metered<'a> {
    tcp: &'a mut TcpStream,
    kernel_time: bool,
    drained: bool,
    kernel_ns: u64,
}

impl io::Read for Metered<'_> {
    #[inline]
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = if self.kernel_time {
            let (count, kernel_ns) = sys::receive(&*self.tcp, into)?;
            self.kernel_ns = kernel_ns;
            count
        } else {
            self.tcp.read(into)?
        };
        self.drained = count < into.len();
        Ok(count)
    }
}

impl Stream {
    /// The socket, to be registered with a poll.
    pub const fn tcp(&mut self) -> &mut TcpStream {
        &mut self.tcp
    }

    /// Reads once from the socket without blocking, takes the time if there was anything, decrypts, and appends to
    /// `buffer`.
    #[inline]
    pub fn read(&mut self, buffer: &mut RecvBuffer, now: impl FnOnce() -> u64) -> Read {
        let Self { tcp, tls, kernel_time } = self;
        let socket = Metered { tcp, kernel_time: *kernel_time, drained: false, kernel_ns: 0 };
        match tls {
            Some(tls) => read_tls(socket, tls, buffer, now),
            None => read_plain(socket, buffer, now),
        }
    }

    /// Sends what it can of `out` without blocking, and removes it from there. True when something is left, here or
    /// inside TLS; then call again.
    ///
    /// # Errors
    /// When the connection broke.
    pub fn write(&mut self, out: &mut Vec<u8>) -> io::Result<bool> {
        match &mut self.tls {
            Some(tls) => {
                if !out.is_empty() {
                    let taken = tls.writer().write(out)?;
                    out.drain(..taken);
                }
                Ok(flush_tls(&mut self.tcp, tls)? || !out.is_empty())
            }
            None => {
                while !out.is_empty() {
                    match self.tcp.write(out) {
                        Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                        Ok(count) => drop(out.drain(..count)),
                        Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(true),
                        Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                        Err(error) => return Err(error),
                    }
                }
                Ok(false)
            }
        }
    }

    /// Takes `bytes` behind what `rest` still holds, encrypted where TLS is, and sends nothing yet: [`Self::write`]
    /// does. What TLS does not take is appended to `rest`.
    ///
    /// # Errors
    /// When TLS refuses.
    #[inline]
    pub fn queue(&mut self, bytes: &[u8], rest: &mut Vec<u8>) -> io::Result<()> {
        let taken = match &mut self.tls {
            Some(tls) if rest.is_empty() => tls.writer().write(bytes)?,
            _ => 0,
        };
        rest.extend_from_slice(bytes.get(taken..).unwrap_or(&[]));
        Ok(())
    }

    /// Whether TLS wants to send something of its own (an alert, a key update).
    #[inline]
    #[must_use]
    pub fn wants_write(&self) -> bool {
        self.tls.as_ref().is_some_and(|tls| tls.wants_write())
    }

    /// Says goodbye as far as that goes without blocking, and closes.
    pub fn close(mut self, out: &mut Vec<u8>) {
        let _ = self.write(out);
        if let Some(tls) = &mut self.tls {
            tls.send_close_notify();
            let _ = flush_tls(&mut self.tcp, tls);
        }
        let _ = self.tcp.shutdown(std::net::Shutdown::Write);
    }
}

#[inline]
fn read_plain(mut socket: Metered<'_>, buffer: &mut RecvBuffer, now: impl FnOnce() -> u64) -> Read {
    let Some(room) = buffer.spare(READ_SIZE) else { return Read::Full };
    let room = &mut room[..READ_SIZE];
    match io::Read::read(&mut socket, room) {
        Ok(0) => Read::End,
        Ok(count) => {
            let at_ns = now();
            buffer.filled(count);
            Read::Some { wire: count, at_ns, kernel_ns: socket.kernel_ns, drained: socket.drained }
        }
        Err(error) => failed(error),
    }
}

fn failed(error: io::Error) -> Read {
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => Read::Blocked,
        _ => Read::Failed(error),
    }
}

#[inline]
fn read_tls(
    mut socket: Metered<'_>,
    tls: &mut ClientConnection,
    buffer: &mut RecvBuffer,
    now: impl FnOnce() -> u64,
) -> Read {
    let wire = match tls.read_tls(&mut socket) {
        Ok(wire) => wire,
        Err(error) => return failed(error),
    };
    let at_ns = now();
    let Metered { tcp, drained, kernel_ns, .. } = socket;
    match decrypt(tls, buffer) {
        Ok(true) => {}
        Ok(false) => return Read::Full,
        Err(error) => {
            // The other side learns why from the alert that rustls has ready.
            let _ = flush_tls(tcp, tls);
            return Read::Failed(error);
        }
    }
    if wire == 0 { Read::End } else { Read::Some { wire, at_ns, kernel_ns, drained } }
}

/// Decrypts what `tls` was given and appends it to `buffer`; false when there is no room for it.
///
/// # Errors
/// When TLS was violated; what rustls has to say to the other side waits inside it.
#[inline]
pub fn decrypt(tls: &mut ClientConnection, buffer: &mut RecvBuffer) -> io::Result<bool> {
    let state = tls.process_new_packets().map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
    let mut left = state.plaintext_bytes_to_read();
    while left > 0 {
        let Some(room) = buffer.spare(left) else { return Ok(false) };
        let count = io::Read::read(&mut tls.reader(), room)?;
        if count == 0 {
            break;
        }
        buffer.filled(count);
        left = left.saturating_sub(count);
    }
    Ok(true)
}

/// Sends TLS records; true when some are left.
pub(super) fn flush_tls(tcp: &mut TcpStream, tls: &mut ClientConnection) -> io::Result<bool> {
    while tls.wants_write() {
        match tls.write_tls(tcp) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(true),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(false)
}
