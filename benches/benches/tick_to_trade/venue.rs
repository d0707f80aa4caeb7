//! The venue: two TLS WebSockets, one for its stream and one for orders. Opened with tungstenite, served with as
//! little as can be, so that it is in nobody's way.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use crosstick_benches::turns::Clock;
use rustls::{ServerConnection, StreamOwned};
use tungstenite::Message;

use crate::FRAMES;
use crate::rounds::{Client, Seen, pause};
use crate::wire::{OTHER_ASK, OTHER_BID, Tls, client_text, frame, quote};

/// Empty reads before a client is given up: some seconds.
const TRIES_MAX: u32 = 1 << 24;

type Stream = StreamOwned<ServerConnection, TcpStream>;

/// What a client connects to.
pub struct Doors {
    listener: TcpListener,
    tls: Tls,
}

impl Doors {
    pub fn new(tls: &Tls) -> Self {
        Self { listener: TcpListener::bind("127.0.0.1:0").expect("a port"), tls: tls.clone() }
    }

    /// `wss://localhost:PORT`.
    pub fn url(&self) -> String {
        format!("wss://localhost:{}", self.listener.local_addr().expect("an address").port())
    }

    fn accept(&self, subscribes: bool) -> Stream {
        let (tcp, _) = self.listener.accept().expect("a client");
        tcp.set_nodelay(true).expect("an option");
        let mut socket = tungstenite::accept(StreamOwned::new(self.tls.server(), tcp)).expect("a handshake");
        if subscribes {
            let Message::Text(text) = socket.read().expect("a message") else { panic!("no SUBSCRIBE") };
            let asked: serde_json::Value = serde_json::from_str(&text).expect("JSON");
            assert_eq!(asked["method"], "SUBSCRIBE");
            socket.send(Message::text(format!("{{\"result\":null,\"id\":{}}}", asked["id"]))).expect("an answer");
        }
        let stream = socket.into_inner();
        stream.sock.set_nonblocking(true).expect("an option");
        stream
    }

    /// Waits for the orders' socket, then for the stream's.
    pub fn open(self, orders_a_frame: usize) -> Venue {
        let orders = self.accept(false);
        let stream = self.accept(true);
        Venue {
            stream,
            orders,
            orders_a_frame,
            frames: 0,
            clock: Clock::new(),
            frame: Vec::new(),
            record: Vec::new(),
            wire: vec![0; 16 * 1024],
            plain: Vec::new(),
            sizes: (0, 0),
        }
    }
}

/// The venue's side of one client.
pub struct Venue {
    stream: Stream,
    orders: Stream,
    orders_a_frame: usize,
    frames: u64,
    clock: Clock,
    frame: Vec<u8>,
    record: Vec<u8>,
    wire: Vec<u8>,
    plain: Vec<u8>,
    /// Bytes of the last frame's record, and of what answered it.
    sizes: (usize, usize),
}

impl Venue {
    /// One turn of a client.
    pub fn turn(&mut self, client: &[Client]) -> Seen {
        let mut rounds = Vec::with_capacity(FRAMES);
        client.iter().for_each(Client::wake);
        for _ in 0..FRAMES {
            pause(&self.clock);
            rounds.push(self.round());
        }
        client.iter().for_each(Client::rest);
        Seen::new(rounds, &self.clock)
    }

    /// A frame and its orders; the stamps around.
    pub fn round(&mut self) -> (u64, u64) {
        let n = self.frames;
        self.frames += 1;
        frame(&mut self.frame, n);
        self.stream.conn.writer().write_all(&self.frame).expect("TLS takes it");
        self.record.clear();
        self.stream.conn.write_tls(&mut self.record).expect("memory");
        let written = self.clock.ticks();
        self.stream.sock.write_all(&self.record).expect("the client is there");

        let (mut orders, mut answered, mut up, mut tries) = (0, 0, 0, 0u32);
        // Of the legs: ours, the other.
        let mut legs = [false; 2];
        while orders < self.orders_a_frame {
            tries += 1;
            assert!(tries < TRIES_MAX, "no order came for frame {n}; what the client said stands above");
            let Ok(count) = self.orders.sock.read(&mut self.wire) else { continue };
            if answered == 0 {
                answered = self.clock.ticks();
            }
            assert!(count > 0, "the client is there");
            up += count;
            let mut bytes = &self.wire[..count];
            while !bytes.is_empty() {
                self.orders.conn.read_tls(&mut bytes).expect("memory");
                self.orders.conn.process_new_packets().expect("TLS");
            }
            let _ = self.orders.conn.reader().read_to_end(&mut self.plain);
            while let Some((text, whole)) = client_text(&self.plain) {
                self.plain.drain(..whole);
                orders += 1;
                if is_checked(n) {
                    legs[leg(n, &text)] = true;
                }
            }
        }
        assert_eq!(orders, self.orders_a_frame, "frame {n}");
        assert!(!is_checked(n) || legs == [true, self.orders_a_frame == 2], "frame {n}: which legs came: {legs:?}");
        self.sizes = (self.record.len(), up);
        (written, answered)
    }

    /// Bytes of the last frame's record, and of what answered it.
    pub fn record_sizes(&self) -> (usize, usize) {
        self.sizes
    }
}

/// Whether a frame's orders are read: of the first hundred, then of every 101st, from below and from above by turns.
fn is_checked(n: u64) -> bool {
    n < 100 || n.is_multiple_of(101)
}

/// Which leg of the frame's an order is: 0 the one on our instrument's quote, 1 the one on the other's.
fn leg(n: u64, text: &[u8]) -> usize {
    let order: serde_json::Value = serde_json::from_slice(text).expect("JSON");
    assert_eq!(order["method"], "order.place");
    let params = &order["params"];
    let text = |name: &str| params[name].as_str().unwrap_or_default();
    assert_eq!((text("symbol"), text("type"), text("timeInForce")), ("BTCUSDT", "LIMIT", "IOC"));
    assert!(params["timestamp"].is_u64() && !text("newClientOrderId").is_empty());
    let (bid, ask) = quote(n);
    // Below the other's quote ours is what is bought, above it what is sold; of a pair the other leg comes as well.
    let legs =
        if n.is_multiple_of(2) { [("BUY", ask), ("SELL", OTHER_BID)] } else { [("SELL", bid), ("BUY", OTHER_ASK)] };
    let price = |at: i64| format!("{}.{:02}", at / 100, at % 100);
    let is = |(side, at): &(&str, i64)| text("side") == *side && text("price") == price(*at);
    legs.iter().position(is).unwrap_or_else(|| panic!("frame {n} asks for no such order: {order}"))
}
