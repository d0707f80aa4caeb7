//! Frames a second from one plain socket over loopback: a venue's thread writes 32 frames at a time as fast as they are
//! taken; the client's thread, busy polling, makes ticks of them and adds those up.
//!
//! Ours is the engine's reader as it runs, with its policy, counters and sequence check; the rival is tungstenite on a
//! non-blocking socket with simd-json typed, told the one frame type that comes.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::sync_channel;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crosstick_benches::frames::{FrameKind, sample};
use crosstick_benches::turns::placement::pin;
use crosstick_benches::turns::result::Session;
use crosstick_benches::turns::{Clock, Contest, Measure, Target, Targets};
use crosstick_engine::clock::WallClock;
use crosstick_feeds::connection::SECOND_NS;
use crosstick_feeds::decode::TimeUnit;
use crosstick_feeds::endpoints::{Environment, StreamKind, plan};
use crosstick_feeds::{AttemptBudget, LineSpec, Reader, Rules, SocketOptions, TickSink, TlsClient};
use crosstick_model::{InstrumentId, Protocol, Scale, Tick, TickKind, VenueId};
use simd_json::Buffers;
use tungstenite::protocol::WebSocketConfig;
use tungstenite::{Message, WebSocket};

use crate::reference::{Typed, names, symbols};

const MEASURES: &[Measure] = &[Measure::millions("frames")];
const TARGETS: Targets = &[[Some(Target::ratio(2.5, 3.0)), Some(Target::ratio(2.5, 3.0))]];
const FRAMES: usize = 200_000;
const A_WRITE: usize = 32;
/// Bounds a turn; it takes a fraction of a second.
const PATIENCE: Duration = Duration::from_secs(60);

/// A venue that accepts one client, answers its SUBSCRIBE, and sends.
struct Venue {
    url: String,
    thread: JoinHandle<()>,
}

impl Venue {
    fn start(frames: &[Vec<u8>]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("ws://{}", listener.local_addr().expect("an address"));
        let mut writes = Vec::new();
        for some in frames.chunks(A_WRITE) {
            let mut bytes = Vec::new();
            for frame in some {
                bytes.extend([0x81, 126, (frame.len() >> 8) as u8, frame.len() as u8]);
                bytes.extend(frame);
            }
            writes.push((some.len(), bytes));
        }
        let thread = thread::spawn(move || {
            pin(1);
            let (tcp, _) = listener.accept().expect("a client");
            tcp.set_nodelay(true).expect("no delay");
            tcp.set_read_timeout(Some(PATIENCE)).expect("a timeout");
            tcp.set_write_timeout(Some(PATIENCE)).expect("a timeout");
            let mut ws = tungstenite::accept(tcp).expect("a handshake");
            let request: serde_json::Value = loop {
                if let Message::Text(text) = ws.read().expect("a request") {
                    break serde_json::from_str(text.as_str()).expect("JSON");
                }
            };
            let answer = format!(r#"{{"result":null,"id":{}}}"#, request["id"]);
            ws.send(Message::text(answer)).expect("a client that listens");
            let (mut sent, tcp) = (0, ws.get_mut());
            for (frames, bytes) in writes.iter().cycle() {
                if sent + frames > FRAMES {
                    break;
                }
                tcp.write_all(bytes).expect("a client that reads");
                sent += frames;
            }
            // Until the client has all and hangs up.
            while tcp.read(&mut [0; 1024]).is_ok_and(|count| count > 0) {}
        });
        Self { url, thread }
    }
}

/// What came: a number, a sum, and when the first and the last came.
#[derive(Debug)]
struct Tally {
    clock: Clock,
    count: usize,
    sum: u64,
    first: u64,
}

impl Tally {
    fn new() -> Self {
        Self { clock: Clock::new(), count: 0, sum: 0, first: 0 }
    }

    #[inline]
    fn add(&mut self, tick: &Tick) {
        if self.count == 0 {
            self.first = self.clock.ticks();
        }
        self.count += 1;
        self.sum = add(self.sum, tick);
    }

    fn rate(&self) -> Vec<f64> {
        let ns = self.clock.ns(self.clock.ticks() - self.first);
        vec![self.count as f64 / ns * 1e3]
    }
}

fn add(sum: u64, tick: &Tick) -> u64 {
    let values = tick.values.iter().fold(0u64, |all, value| all ^ *value as u64);
    sum.wrapping_mul(31).wrapping_add(values ^ tick.venue_seq.rotate_left(7) ^ u64::from(tick.instrument.0))
}

impl TickSink for Tally {
    #[inline]
    fn push(&mut self, tick: Tick) -> Result<(), Tick> {
        if tick.kind != TickKind::Line {
            self.add(&tick);
        }
        Ok(())
    }
}

struct Task {
    frames: Vec<Vec<u8>>,
    /// Frames and sum of all that is sent.
    count: usize,
    sum: u64,
}

impl Task {
    fn typed(&self) -> Typed {
        let symbols = symbols(&self.frames);
        Typed { buffers: Buffers::new(1024), symbols, kind: FrameKind::Trade, combined: true }
    }

    fn ours(&self) -> Vec<f64> {
        let venue = Venue::start(&self.frames);
        let names = names(&self.frames);
        let symbols: Vec<_> = names
            .iter()
            .enumerate()
            .map(|(n, s)| (s.as_str().into(), InstrumentId(n as u16), Scale::DEFAULT))
            .collect();
        let instruments = names.iter().enumerate().map(|(n, s)| (InstrumentId(n as u16), s.as_str()));
        let environment = Environment::Custom(&venue.url);
        let sockets = plan(Protocol::BinanceSpot, environment, TimeUnit::Milli, &[StreamKind::Trade], instruments);
        let line = LineSpec {
            venue: VenueId(0),
            protocol: Protocol::BinanceSpot,
            line: 0,
            unit: TimeUnit::Milli,
            sockets: sockets.expect("a plan"),
            symbols,
            rules: Rules::of(Protocol::BinanceSpot),
            tls: TlsClient::new(None).expect("public roots"),
            options: SocketOptions::default(),
            attempts: AttemptBudget::new(300, 300 * SECOND_NS),
            seed: 1,
        };
        let (events, _heard) = sync_channel(1000);
        let clock = WallClock::anchored_now();
        let (mut reader, _stats) =
            Reader::new(vec![line], names.len(), Tally::new(), clock, (), events).expect("a reader");
        let end = Instant::now() + PATIENCE;
        while reader.sink().count < self.count {
            if reader.turn() == 0 {
                assert!(Instant::now() < end, "only {} frames came", reader.sink().count);
                std::hint::spin_loop();
            }
        }
        let rate = reader.sink().rate();
        assert_eq!((reader.sink().count, reader.sink().sum), (self.count, self.sum), "all frames, in order");
        reader.shut_down();
        drop(reader);
        venue.thread.join().expect("the venue ends in order");
        rate
    }

    fn rival(&self) -> Vec<f64> {
        let venue = Venue::start(&self.frames);
        let tcp = TcpStream::connect(venue.url.trim_start_matches("ws://")).expect("the venue");
        tcp.set_nodelay(true).expect("no delay");
        let config = WebSocketConfig::default().read_buffer_size(4096);
        let handshake = tungstenite::client::client_with_config(format!("{}/stream", venue.url), tcp, Some(config));
        let (mut ws, _) = handshake.expect("a handshake");
        ws.send(Message::text(r#"{"method":"SUBSCRIBE","params":["btcusdt@trade"],"id":1}"#)).expect("a venue");
        ws.get_mut().set_nonblocking(true).expect("non-blocking");
        let (mut typed, mut tally, mut buffer) = (self.typed(), Tally::new(), Vec::with_capacity(4096));
        let end = Instant::now() + PATIENCE;
        while tally.count < self.count {
            match next(&mut ws) {
                None => {
                    assert!(Instant::now() < end, "only {} frames came", tally.count);
                    std::hint::spin_loop();
                }
                Some(text) => {
                    buffer.clear();
                    buffer.extend_from_slice(text.as_bytes());
                    if let Some(tick) = typed.decode(&mut buffer) {
                        tally.add(&tick);
                    }
                }
            }
        }
        let rate = tally.rate();
        assert_eq!((tally.count, tally.sum), (self.count, self.sum), "all frames, in order");
        drop(ws);
        venue.thread.join().expect("the venue ends in order");
        rate
    }
}

fn next(ws: &mut WebSocket<TcpStream>) -> Option<tungstenite::Utf8Bytes> {
    match ws.read() {
        Ok(Message::Text(text)) => Some(text),
        Ok(_) => None,
        Err(tungstenite::Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => None,
        Err(error) => panic!("{error}"),
    }
}

pub fn run(session: &mut Session) {
    let sample = sample(Protocol::BinanceSpot, FrameKind::Trade);
    let count = {
        // Whole writes, as the venue sends them.
        let (mut sent, chunks) = (0, sample.frames.chunks(A_WRITE).map(<[_]>::len));
        for frames in chunks.collect::<Vec<_>>().into_iter().cycle() {
            if sent + frames > FRAMES {
                break;
            }
            sent += frames;
        }
        sent
    };
    let mut task = Task { frames: sample.frames, count, sum: 0 };
    let mut typed = task.typed();
    let ticks: Vec<Tick> = task.frames.iter().map(|f| typed.decode(&mut f.clone()).expect("a tick")).collect();
    task.sum = ticks.iter().cycle().take(count).fold(0, add);
    let title =
        format!("trade frames, {} {}, {A_WRITE} a write, plain TCP on loopback", task.frames.len(), sample.source);
    Contest::new("sustained/one_socket", title, MEASURES)
        .two_threads()
        .rival("tungstenite + simd-json, busy polling", || task.rival())
        .ours("crosstick reader", TARGETS, || task.ours())
        .run(session);
}
