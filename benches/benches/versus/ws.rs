//! WebSocket frames out of memory: a server's stream of text frames, read one or sixteen at a time.

use std::future::Future;
use std::hint::black_box;
use std::io::{self, Read, Write};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use crosstick_benches::frames::{FrameKind, sample};
use crosstick_benches::turns::result::Session;
use crosstick_benches::turns::{Clock, Contest, Measure, TURN, Target, Targets, time_per_unit};
use crosstick_feeds::buffer::{READ_SIZE, RecvBuffer};
use crosstick_feeds::ws::frame::BUFFER_LIMIT;
use crosstick_feeds::ws::{Frame, Frames};
use crosstick_model::Protocol;
use fastwebsockets::{FragmentCollector, Role as FastRole};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tungstenite::protocol::{Role, WebSocketConfig};
use tungstenite::{Message, WebSocket};

const MEASURES: &[Measure] = &[Measure::ns("frame")];
const TARGETS: Targets = &[[Some(Target::ratio(0.25, 0.12)), None]];

/// A server's bytes, so many whole frames a read, over and over.
#[derive(Clone)]
struct Wire {
    bytes: Vec<u8>,
    /// Where each read ends.
    ends: Vec<usize>,
    at: usize,
    next: usize,
    frames: u64,
    /// Of all payloads, once through.
    sum: u64,
}

fn add(sum: u64, payload: &[u8]) -> u64 {
    sum.wrapping_mul(31) ^ payload.len() as u64 ^ u64::from(payload[payload.len() - 2]) << 32
}

impl Wire {
    fn new(payloads: &[Vec<u8>], a_read: usize) -> Self {
        let (mut bytes, mut ends, mut sum) = (Vec::new(), Vec::new(), 0);
        for (n, payload) in payloads.iter().enumerate() {
            assert!((126..65536).contains(&payload.len()), "frames of this length have a header of four bytes");
            bytes.extend([0x81, 126, (payload.len() >> 8) as u8, payload.len() as u8]);
            bytes.extend(payload);
            sum = add(sum, payload);
            if (n + 1).is_multiple_of(a_read) {
                ends.push(bytes.len());
            }
        }
        assert_eq!(ends.last(), Some(&bytes.len()), "whole reads");
        Self { bytes, ends, at: 0, next: 0, frames: payloads.len() as u64, sum }
    }

    /// The next read, or as much of it as fits.
    fn give(&mut self, room: &mut [u8]) -> usize {
        let rest = &self.bytes[self.at..self.ends[self.next]];
        let count = rest.len().min(room.len());
        room[..count].copy_from_slice(&rest[..count]);
        self.at += count;
        if count == rest.len() {
            self.next += 1;
            if self.next == self.ends.len() {
                (self.at, self.next) = (0, 0);
            }
        }
        count
    }
}

impl Read for Wire {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        Ok(self.give(room))
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl AsyncRead for Wire {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, room: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let count = self.give(room.initialize_unfilled());
        room.advance(count);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// The result of a future that never has to wait.
fn ready<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("memory is always ready"),
    }
}

/// ns a frame; `sweep` goes once through all frames and adds them up.
fn turn(clock: &Clock, wire: &Wire, mut sweep: impl FnMut() -> u64) -> Vec<f64> {
    let ns =
        time_per_unit(clock, TURN, wire.frames, || assert_eq!(black_box(sweep()), wire.sum, "all frames, in order"));
    vec![ns]
}

fn contest(session: &mut Session, a_read: usize) {
    let clock = &Clock::new();
    let mut payloads = sample(Protocol::BinanceSpot, FrameKind::Trade).frames;
    payloads.extend(sample(Protocol::BinanceSpot, FrameKind::BookTicker).frames);
    payloads.truncate(payloads.len() / 16 * 16);
    let wire = &Wire::new(&payloads, a_read);
    let tungstenite = |read_buffer: Option<usize>| {
        let mut config = WebSocketConfig::default();
        if let Some(bytes) = read_buffer {
            config = config.read_buffer_size(bytes);
        }
        WebSocket::from_raw_socket(wire.clone(), Role::Client, Some(config))
    };
    let sweep = |ws: &mut WebSocket<Wire>| {
        (0..wire.frames).fold(0, |sum, _| match ws.read() {
            Ok(Message::Text(text)) => add(sum, text.as_str().as_bytes()),
            other => panic!("{other:?}"),
        })
    };
    let (mut small, mut default) = (tungstenite(Some(4096)), tungstenite(None));
    let mut fast = fastwebsockets::WebSocket::after_handshake(wire.clone(), FastRole::Client);
    fast.set_auto_close(false);
    fast.set_auto_pong(false);
    let mut fast = FragmentCollector::new(fast);
    let (mut source, mut buffer, mut frames) = (wire.clone(), RecvBuffer::new(BUFFER_LIMIT), Frames::default());
    let mut ours = || {
        let (mut sum, mut left) = (0, wire.frames);
        while left > 0 {
            let room = buffer.spare(READ_SIZE).expect("room");
            let count = source.give(&mut room[..READ_SIZE]);
            buffer.filled(count);
            loop {
                match frames.next(&mut buffer) {
                    Ok(Some(Frame::Text(payload))) => {
                        sum = add(sum, payload);
                        left -= 1;
                    }
                    Ok(None) => break,
                    _ => panic!("all are text frames"),
                }
            }
        }
        sum
    };
    let mut flat = vec![0; READ_SIZE];
    let mut floor_source = wire.clone();
    let title = format!("text frames of {} bytes on average", wire.bytes.len() / payloads.len());
    Contest::new(format!("ws/{a_read}_a_read"), title, MEASURES)
        .rival("tungstenite, 4 KiB buffer", || turn(clock, wire, || sweep(&mut small)))
        .ours("crosstick frames", TARGETS, || turn(clock, wire, &mut ours))
        .other("tungstenite, default buffer", || turn(clock, wire, || sweep(&mut default)))
        .other("fastwebsockets", || {
            turn(clock, wire, || {
                (0..wire.frames).fold(0, |sum, _| add(sum, &ready(fast.read_frame()).expect("a frame").payload))
            })
        })
        .other("floor: the read alone", || {
            let ns = time_per_unit(clock, TURN, wire.frames, || {
                (0..wire.ends.len()).for_each(|_| {
                    black_box(floor_source.give(black_box(&mut flat)));
                });
            });
            vec![ns]
        })
        .run(session);
}

pub fn run(session: &mut Session) {
    contest(session, 1);
    contest(session, 16);
}
