//! The venue: one WebSocket, one subscription, then trades as bytes at due times, from a thread that spins.
//!
//! The handshake is tungstenite's. Frames are written whole, one `write` each (at top speed 32 a `write`), with
//! `TCP_NODELAY`. What the client sends meanwhile is thrown away.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use tungstenite::{Message, WebSocket};

use crate::stamps::{FIRST_ID, Stamps};

/// Longest wait for a client to connect, subscribe, be ready, or take what was sent.
const PATIENCE: Duration = Duration::from_secs(20);
/// Frames of one write at top speed.
const AT_ONCE: usize = 32;

/// How fast frames go out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// So many a second, each at its due time; so many in all.
    Due {
        /// Frames a second.
        per_second: u64,
        /// Frames in all.
        frames: u64,
    },
    /// As fast as the client takes them, for so long.
    Max(Duration),
}

/// One trade as the venue writes it: the whole WebSocket frame, its id and prices to be patched.
struct Template {
    bytes: Vec<u8>,
    id: usize,
    cents: usize,
}

impl Template {
    /// As a combined connection brings it, or a raw one.
    fn new(combined: bool) -> Self {
        let data = format!(
            r#"{{"e":"trade","E":1723161255032,"s":"BTCUSDT","t":{FIRST_ID},"p":"60000.00000000","q":"0.00123000","T":1723161255031,"m":true,"M":true}}"#
        );
        let text = if combined { format!(r#"{{"stream":"btcusdt@trade","data":{data}}}"#) } else { data };
        let mut bytes = vec![0x81, 126];
        bytes.extend_from_slice(&(text.len() as u16).to_be_bytes());
        assert!((126..65_536).contains(&text.len()), "a length in two bytes");
        let place = |what: &str| 4 + text.find(what).unwrap_or_else(|| panic!("{what} is in the frame"));
        let (id, cents) = (place(&FIRST_ID.to_string()), place("60000.00") + 6);
        bytes.extend_from_slice(text.as_bytes());
        Self { bytes, id, cents }
    }

    /// The frame of trade `n`.
    fn frame(&mut self, n: u64) -> &[u8] {
        digits(&mut self.bytes[self.id..self.id + 10], FIRST_ID + n);
        digits(&mut self.bytes[self.cents..self.cents + 2], n % 100);
        &self.bytes
    }
}

fn digits(into: &mut [u8], mut value: u64) {
    for digit in into.iter_mut().rev() {
        *digit = b'0' + (value % 10) as u8;
        value /= 10;
    }
}

/// What a turn's server saw.
#[derive(Debug, Clone, Copy)]
pub struct Served {
    /// Frames written.
    pub sent: u64,
    /// Of them, more than a millisecond after they were due.
    pub late: u64,
}

/// Serves one client, and gives the connection back: it must outlive the client, for which its end would be a fault.
/// `combined`: frames in the envelope of combined connections.
///
/// # Errors
/// In words: what the client did not do in time, or what the socket said.
pub fn serve(
    listener: &TcpListener,
    pace: Pace,
    combined: bool,
    stamps: &Stamps,
) -> Result<(Served, WebSocket<TcpStream>), String> {
    let mut socket = subscribed(listener)?;
    let end = Instant::now() + PATIENCE;
    while !stamps.is_ready() {
        if Instant::now() > end {
            return Err("the client was never ready".into());
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    // What it does behind its subscription is not part of the turn.
    std::thread::sleep(Duration::from_millis(100));
    let tcp = socket.get_mut();
    tcp.set_nonblocking(true).map_err(|e| e.to_string())?;
    let mut template = Template::new(combined);
    let served = match pace {
        Pace::Due { per_second, frames } => at_due_times(tcp, &mut template, per_second, frames, stamps),
        Pace::Max(time) => at_top_speed(tcp, &mut template, time, stamps),
    }?;
    let end = Instant::now() + PATIENCE;
    while stamps.received() < served.sent {
        if Instant::now() > end {
            return Err(format!("{} of {} frames reached the callback", stamps.received(), served.sent));
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    stamps.set_stop();
    Ok((served, socket))
}

/// Accepts a client and answers its subscription.
fn subscribed(listener: &TcpListener) -> Result<WebSocket<TcpStream>, String> {
    listener.set_nonblocking(true).map_err(|e| e.to_string())?;
    let end = Instant::now() + PATIENCE;
    let tcp = loop {
        match listener.accept() {
            Ok((tcp, _)) => break tcp,
            Err(error) if error.kind() == ErrorKind::WouldBlock && Instant::now() < end => {
                std::thread::sleep(Duration::from_millis(1));
            }
            Err(error) => return Err(format!("nobody connected: {error}")),
        }
    };
    tcp.set_nonblocking(false).map_err(|e| e.to_string())?;
    tcp.set_nodelay(true).map_err(|e| e.to_string())?;
    tcp.set_read_timeout(Some(PATIENCE)).map_err(|e| e.to_string())?;
    let mut socket = tungstenite::accept(tcp).map_err(|e| format!("no handshake: {e}"))?;
    loop {
        let message = socket.read().map_err(|e| format!("no subscription: {e}"))?;
        let Message::Text(text) = message else { continue };
        let request: serde_json::Value = serde_json::from_str(text.as_str()).map_err(|e| e.to_string())?;
        let streams = request["params"].as_array().map_or(0, Vec::len);
        if request["method"] != "SUBSCRIBE" || streams != 1 || request["params"][0] != "btcusdt@trade" {
            return Err(format!("not the subscription that is served: {text}"));
        }
        let answer = format!(r#"{{"result":null,"id":{}}}"#, request["id"]);
        socket.send(Message::text(answer)).map_err(|e| e.to_string())?;
        return Ok(socket);
    }
}

fn at_due_times(
    tcp: &mut TcpStream,
    template: &mut Template,
    per_second: u64,
    frames: u64,
    stamps: &Stamps,
) -> Result<Served, String> {
    let clock = stamps.clock();
    let begin = clock.raw();
    let mut served = Served { sent: 0, late: 0 };
    for n in 0..frames {
        let due_ns = n * 1_000_000_000 / per_second;
        let mut now_ns = clock.delta_as_nanos(begin, clock.raw());
        while now_ns < due_ns {
            std::hint::spin_loop();
            now_ns = clock.delta_as_nanos(begin, clock.raw());
        }
        served.late += u64::from(now_ns > due_ns + 1_000_000);
        let frame = template.frame(n);
        stamps.sending(n as usize);
        write_all(tcp, frame)?;
        served.sent += 1;
        if n % 64 == 0 {
            discard(tcp);
        }
    }
    Ok(served)
}

fn at_top_speed(
    tcp: &mut TcpStream,
    template: &mut Template,
    time: Duration,
    stamps: &Stamps,
) -> Result<Served, String> {
    let clock = stamps.clock();
    let (begin, time_ns) = (clock.raw(), time.as_nanos() as u64);
    let mut served = Served { sent: 0, late: 0 };
    let mut batch = Vec::new();
    while clock.delta_as_nanos(begin, clock.raw()) < time_ns {
        batch.clear();
        for n in served.sent..served.sent + AT_ONCE as u64 {
            batch.extend_from_slice(template.frame(n));
        }
        write_all(tcp, &batch)?;
        served.sent += AT_ONCE as u64;
        if served.sent % 4096 == 0 {
            discard(tcp);
        }
    }
    Ok(served)
}

/// Writes without sleeping: a full socket is tried again at once.
fn write_all(tcp: &mut TcpStream, mut bytes: &[u8]) -> Result<(), String> {
    let mut until: Option<Instant> = None;
    while !bytes.is_empty() {
        match tcp.write(bytes) {
            Ok(0) => return Err("the client closed the connection".into()),
            Ok(written) => bytes = &bytes[written..],
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                let end = *until.get_or_insert_with(|| Instant::now() + PATIENCE);
                if Instant::now() > end {
                    return Err("the client stopped reading".into());
                }
                std::hint::spin_loop();
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(format!("cannot write: {error}")),
        }
    }
    Ok(())
}

/// Pings and the like.
fn discard(tcp: &mut TcpStream) {
    let mut bytes = [0; 1024];
    while matches!(tcp.read(&mut bytes), Ok(read) if read > 0) {}
}
