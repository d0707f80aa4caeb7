//! User space alone: from a TLS record in to the order's TLS record out, on one thread.

use std::io::{self, Read, Write};

use crosstick_benches::turns::result::Session;
use crosstick_benches::turns::{Better, Clock, Contest, Measure, Target, Targets};
use crosstick_benches::worlds::SCALE;
use crosstick_feeds::TickSink;
use crosstick_feeds::buffer::RecvBuffer;
use crosstick_feeds::decode::{Decoded, Decoder, SymbolTable, TimeUnit};
use crosstick_feeds::net::decrypt;
use crosstick_feeds::outlet::Outlet;
use crosstick_feeds::ws::{Frame, Frames};
use crosstick_model::{Protocol, Tick, VenueId};
use rustls::{ClientConnection, ServerConnection, StreamOwned};
use tungstenite::protocol::{Role, WebSocketConfig};
use tungstenite::{Message, WebSocket};

use crate::alloc::allocations;
use crate::library::{Decider, settings};
use crate::trader::{OURS, OneLeg, ReadClock, Trader, Trading, Wire, spread};
use crate::wire::{SYMBOL, Tls, client_text, frame};
use crosstick_strategy::Strategy;

const MEASURES: &[Measure] =
    &[Measure::ns("frame"), Measure { name: "allocations", unit: "a frame", better: Better::Lower }];
const RATIOS: Targets = &[[Some(Target::ratio(0.35, 0.29)), None], [None, None]];
/// Frames of a turn: what is read and written stays in the second-level cache.
const FRAMES: u64 = 1_000;
/// After so many frames their orders' fills come, where the strategy does not wait for them: they are no part of the
/// way.
const FILLS_EVERY: usize = 20;

/// A server in memory.
struct Server {
    tls: ServerConnection,
    sent: u64,
    plain: Vec<u8>,
}

impl Server {
    /// The next frames' records.
    fn records(&mut self) -> Vec<Vec<u8>> {
        let mut text = Vec::new();
        let mut next = || {
            frame(&mut text, self.sent);
            self.sent += 1;
            self.tls.writer().write_all(&text).expect("TLS takes it");
            let mut record = Vec::new();
            self.tls.write_tls(&mut record).expect("memory");
            record
        };
        (0..FRAMES).map(|_| next()).collect()
    }

    /// Takes what a client sent: as many orders as frames were sent.
    fn check(&mut self, mut bytes: &[u8], orders_a_frame: u64) {
        let mut orders = 0;
        while !bytes.is_empty() {
            self.tls.read_tls(&mut bytes).expect("memory");
            self.tls.process_new_packets().expect("TLS");
            let _ = self.tls.reader().read_to_end(&mut self.plain);
            while let Some((text, whole)) = client_text(&self.plain) {
                self.plain.drain(..whole);
                orders += 1;
                assert!(text.starts_with(b"{\"id\":\"p") && text.ends_with(b"}"), "{}", String::from_utf8_lossy(&text));
            }
        }
        assert_eq!(orders, FRAMES * orders_a_frame, "an order a frame");
    }
}

/// Both ends of a TLS connection that is open.
fn ends(tls: &Tls) -> (ClientConnection, Server) {
    let (mut client, mut server) = (tls.client(), tls.server());
    let mut bytes = Vec::new();
    for _ in 0..8 {
        client.write_tls(&mut bytes).expect("memory");
        while !bytes.is_empty() {
            let mut rest = bytes.as_slice();
            server.read_tls(&mut rest).expect("memory");
            server.process_new_packets().expect("TLS");
            bytes.drain(..bytes.len() - rest.len());
        }
        server.write_tls(&mut bytes).expect("memory");
        while !bytes.is_empty() {
            let mut rest = bytes.as_slice();
            client.read_tls(&mut rest).expect("memory");
            client.process_new_packets().expect("TLS");
            bytes.drain(..bytes.len() - rest.len());
        }
    }
    assert!(!client.is_handshaking() && !server.is_handshaking());
    (client, Server { tls: server, sent: 0, plain: Vec::new() })
}

/// A socket of memory: one record comes in at a time.
#[derive(Default)]
struct Memory {
    incoming: Vec<u8>,
    taken: usize,
    outgoing: Vec<u8>,
}

impl Read for Memory {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = (&self.incoming[self.taken..]).read(into)?;
        self.taken += count;
        if count == 0 { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(count) }
    }
}

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.outgoing.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Memory {
    fn arrives(&mut self, record: &[u8]) {
        self.incoming.clear();
        self.incoming.extend_from_slice(record);
        self.taken = 0;
    }
}

struct Library {
    socket: WebSocket<StreamOwned<ClientConnection, Memory>>,
    server: Server,
    decider: Decider,
    clock: Clock,
}

impl Library {
    fn new(tls: &Tls, config: Option<WebSocketConfig>) -> Self {
        let (client, server) = ends(tls);
        let stream = StreamOwned::new(client, Memory::default());
        let socket = WebSocket::from_raw_socket(stream, Role::Client, config);
        Self { socket, server, decider: Decider::default(), clock: Clock::new() }
    }

    fn turn(&mut self) -> Vec<f64> {
        let records = self.server.records();
        self.socket.get_mut().sock.outgoing.clear();
        let (before, begin) = (allocations(), self.clock.ticks());
        for record in &records {
            self.socket.get_mut().sock.arrives(record);
            let Ok(Message::Text(text)) = self.socket.read() else { panic!("a frame a record") };
            let order = self.decider.decide(&text).expect("every frame is answered");
            self.socket.send(Message::text(order)).expect("memory");
        }
        let figures = figures(&self.clock, self.clock.ticks() - begin, before);
        self.server.check(&self.socket.get_mut().sock.outgoing, 1);
        figures
    }
}

fn figures(clock: &Clock, spent: u64, before: u64) -> Vec<f64> {
    let ns = clock.ns(spent);
    vec![ns / FRAMES as f64, (allocations() - before) as f64 / FRAMES as f64]
}

/// The orders' way out: TLS, then memory.
struct Outgoing {
    tls: ClientConnection,
    memory: Memory,
}

impl Wire for Outgoing {
    #[inline]
    fn queue(&mut self, frame: &[u8]) {
        self.tls.writer().write_all(frame).expect("TLS takes it");
    }

    #[inline]
    fn flush(&mut self) {
        while self.tls.wants_write() {
            self.tls.write_tls(&mut self.memory).expect("memory");
        }
    }
}

/// The engine's parts, in the order in which its reader calls them.
struct Ours<S: Strategy> {
    buffer: RecvBuffer,
    frames: Frames,
    decoder: Decoder,
    outlet: Outlet<Trader<S, Outgoing>>,
    clock: ReadClock,
    ticks: Clock,
    server: Server,
    orders_a_frame: u64,
    fills_every: usize,
}

impl<S: Strategy> Ours<S> {
    fn new(tls: &Tls, strategy: S, trading: Trading) -> Self {
        let (client, server) = ends(tls);
        let clock = ReadClock::new();
        let wire = Outgoing { tls: client, memory: Memory::default() };
        let mut trader = Trader::new(strategy, wire, trading, clock.clone(), false);
        let _ = trader.push(Tick::line_state(VenueId(0), 0, true, 1));
        let symbols = SymbolTable::new([(SYMBOL, OURS, SCALE)]).expect("a symbol");
        Self {
            buffer: RecvBuffer::new(1 << 20),
            frames: Frames::default(),
            decoder: Decoder::new(Protocol::BinanceSpot, TimeUnit::Milli, 0, symbols),
            outlet: Outlet::new(trader, 2),
            clock,
            ticks: Clock::new(),
            server,
            orders_a_frame: if trading == Trading::Pair { 2 } else { 1 },
            // The spread strategy opens no second pair while one is on its way.
            fills_every: if trading == Trading::Pair { 1 } else { FILLS_EVERY },
        }
    }

    #[inline]
    fn record(&mut self, record: &[u8]) {
        let mut rest = record;
        let wire = &mut self.outlet.sink().gateway.wire;
        wire.tls.read_tls(&mut rest).expect("memory");
        let now_ns = crosstick_feeds::Clock::now_ns(&self.clock);
        assert!(decrypt(&mut wire.tls, &mut self.buffer).expect("TLS"), "room for a frame");
        while let Some(frame) = self.frames.next(&mut self.buffer).expect("WebSocket") {
            if let Frame::Text(text) = frame {
                let outlet = &mut self.outlet;
                let decoded = self.decoder.decode(text, now_ns, &mut |tick| {
                    outlet.offer(tick);
                });
                debug_assert!(matches!(decoded, Decoded::Tick { .. }), "{decoded:?}");
            }
        }
        self.outlet.end_batch();
    }

    fn turn(&mut self) -> Vec<f64> {
        let records = self.server.records();
        self.outlet.sink().refresh();
        let wire = &mut self.outlet.sink().gateway.wire;
        assert!(wire.memory.outgoing.is_empty(), "the other's quote changes nothing");
        let (before, mut spent) = (allocations(), 0);
        for records in records.chunks(self.fills_every) {
            let begin = self.ticks.ticks();
            records.iter().for_each(|record| self.record(record));
            spent += self.ticks.ticks() - begin;
            self.outlet.sink().settle();
        }
        let figures = figures(&self.ticks, spent, before);
        assert_eq!(self.outlet.sink().denied(), 0, "risk approves every order: {}", self.outlet.sink().denials());
        let sent = &mut self.outlet.sink().gateway.wire.memory.outgoing;
        self.server.check(sent, self.orders_a_frame);
        sent.clear();
        figures
    }
}

/// Adds the rows.
pub fn run(session: &mut Session) {
    let tls = Tls::new();
    let mut plain = Library::new(&tls, None);
    let mut best = Library::new(&tls, Some(settings()));
    let mut ours = Ours::new(&tls, OneLeg::new(), Trading::OneLeg);
    let mut signed = Ours::new(&tls, OneLeg::new(), Trading::Signed);
    let mut pair = Ours::new(&tls, spread(), Trading::Pair);
    Contest::new("tick_to_trade/memory", "TLS record in to order record out, no kernel", MEASURES)
        .rival("tungstenite + rustls + simd-json + format!", || plain.turn())
        .other("the same, read buffer of 4 KiB", || best.turn())
        .ours("crosstick", RATIOS, || ours.turn())
        .ours("crosstick, each order signed (HMAC)", &[], || signed.turn())
        .ours("crosstick, a pair of two orders", &[], || pair.turn())
        .run(session);
}
