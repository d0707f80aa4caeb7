//! One socket: TLS or plain, never blocking, bounded in what it does at a time.

use std::io::{self, Read, Write};
use std::net::Shutdown;

use mio::net::TcpStream;
use rustls::ServerConnection;

use crate::venue::{ConnectionId, VenueMachine};

/// Bytes encrypted at a time: the most that one TLS record holds.
const CHUNK: usize = 16 * 1024;
/// TLS 1.2 record of a fatal alert: handshake_failure.
const ALERT: [u8; 7] = [0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x28];
/// Reads and writes of one connection before the others get their turn.
const ROUNDS: usize = 32;

/// How far a connection got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress {
    /// Everything was done.
    Done,
    /// The socket takes or gives no more now; it will say when it does.
    Blocked,
    /// There is more to do; the others come first.
    More,
    /// The other side ended it.
    Ended,
}

pub(crate) struct Conn {
    pub(crate) stream: TcpStream,
    tls: Option<Box<ServerConnection>>,
    pub(crate) venue: usize,
    pub(crate) id: ConnectionId,
    /// Answers the first bytes with an alert of TLS and ends: a fault's doing.
    pub(crate) alerts: bool,
    /// The farewell was said.
    parted: bool,
}

fn would_block(e: &io::Error) -> bool {
    matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

impl Conn {
    pub(crate) fn new(stream: TcpStream, tls: Option<ServerConnection>, venue: usize, id: ConnectionId) -> Self {
        Self { stream, tls: tls.map(Box::new), venue, id, alerts: false, parted: false }
    }

    /// Reads what came and gives it to the venue.
    pub(crate) fn read(&mut self, venue: &mut VenueMachine, now: u64, buffer: &mut [u8]) -> Progress {
        for _ in 0..ROUNDS {
            let came = match &mut self.tls {
                None => self.stream.read(buffer),
                Some(tls) => tls.read_tls(&mut self.stream),
            };
            match came {
                Ok(0) => return Progress::Ended,
                Ok(_) if self.alerts => {
                    // Whether it arrives is not our concern.
                    let _ = self.stream.write(&ALERT);
                    let _ = self.stream.shutdown(Shutdown::Write);
                    return Progress::Ended;
                }
                Ok(count) => match &mut self.tls {
                    None => venue.input(self.id, buffer.get(..count).unwrap_or_default(), now),
                    Some(tls) => {
                        if tls.process_new_packets().is_err() {
                            // The alert that says why; whether it arrives is not our concern.
                            let _ = tls.write_tls(&mut self.stream);
                            return Progress::Ended;
                        }
                        while let Ok(count @ 1..) = tls.reader().read(buffer) {
                            venue.input(self.id, buffer.get(..count).unwrap_or_default(), now);
                        }
                    }
                },
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) if would_block(&e) => return Progress::Blocked,
                Err(_) => return Progress::Ended,
            }
        }
        Progress::More
    }

    /// Sends what waits.
    pub(crate) fn write(&mut self, venue: &mut VenueMachine) -> Progress {
        for _ in 0..ROUNDS {
            let waiting = venue.output(self.id);
            let sent = match &mut self.tls {
                None if waiting.is_empty() => return Progress::Done,
                None => self.stream.write(waiting).map(|count| venue.written(self.id, count)),
                // Records go out whole before more is encrypted, so that what waits is bounded by the venue's queue.
                Some(tls) if tls.wants_write() => tls.write_tls(&mut self.stream).map(drop),
                Some(tls) if waiting.is_empty() || tls.is_handshaking() => return Progress::Done,
                Some(tls) => {
                    let chunk = waiting.get(..CHUNK).unwrap_or(waiting);
                    tls.writer().write(chunk).map(|count| venue.written(self.id, count))
                }
            };
            match sent {
                Ok(()) => {}
                Err(e) if would_block(&e) => return Progress::Blocked,
                Err(_) => return Progress::Ended,
            }
        }
        Progress::More
    }

    /// Says goodbye on the TLS and TCP levels, once.
    pub(crate) fn farewell(&mut self) {
        if std::mem::replace(&mut self.parted, true) {
            return;
        }
        if let Some(tls) = &mut self.tls {
            tls.send_close_notify();
            let _ = tls.write_tls(&mut self.stream);
        }
        let _ = self.stream.shutdown(Shutdown::Write);
    }
}
