//! The same client out of libraries: tungstenite over rustls, simd-json into typed structs, `format!`. At its best
//! settings: non-blocking sockets read in a loop, buffers of 4 KiB, fields borrowed.

use std::io::ErrorKind;
use std::net::TcpStream;
use std::time::{SystemTime, UNIX_EPOCH};

use rustls::{ClientConnection, StreamOwned};
use serde::Deserialize;
use tungstenite::protocol::WebSocketConfig;
use tungstenite::{Error, Message, WebSocket, client::client_with_config};

use crate::rounds::{Client, LOOK_EVERY, Seen, Work};
use crate::venue::{Doors, Venue};
use crate::wire::{OTHER_ASK, OTHER_BID, Tls};

#[derive(Deserialize)]
struct Combined<'a> {
    #[serde(borrow)]
    data: BookTicker<'a>,
}

#[derive(Deserialize)]
struct BookTicker<'a> {
    #[serde(rename = "s")]
    symbol: &'a str,
    #[serde(rename = "b")]
    bid: &'a str,
    #[serde(rename = "B")]
    bid_quantity: &'a str,
    #[serde(rename = "a")]
    ask: &'a str,
    #[serde(rename = "A")]
    ask_quantity: &'a str,
}

/// What such a client decides and writes; `memory` uses it too.
#[derive(Default)]
pub struct Decider {
    buffers: simd_json::Buffers,
    bytes: Vec<u8>,
    sent: u64,
}

impl Decider {
    /// The order that a frame asks for, if any.
    pub fn decide(&mut self, frame: &str) -> Option<String> {
        self.bytes.clear();
        self.bytes.extend_from_slice(frame.as_bytes());
        let frame: Combined<'_> = simd_json::serde::from_slice_with_buffers(&mut self.bytes, &mut self.buffers).ok()?;
        let quote = frame.data;
        let number = |text: &str| text.parse::<f64>().ok();
        let (bid, ask) = (number(quote.bid)?, number(quote.ask)?);
        let size = number(quote.bid_quantity)?.min(number(quote.ask_quantity)?);
        // The other venue's quote as a cache would have it.
        let (other_bid, other_ask) = (OTHER_BID as f64 / 100.0, OTHER_ASK as f64 / 100.0);
        const FEES: f64 = 0.0002;
        let (side, price) = if other_bid / ask - 1.0 > FEES {
            ("BUY", ask)
        } else if bid / other_ask - 1.0 > FEES {
            ("SELL", bid)
        } else {
            return None;
        };
        self.sent += 1;
        let quantity = (500.0 / price).min(size);
        let at_ms = SystemTime::now().duration_since(UNIX_EPOCH).ok()?.as_millis();
        Some(format!(
            "{{\"id\":\"p{:010}\",\"method\":\"order.place\",\"params\":{{\"newClientOrderId\":\"ct00000000001-{:010}\",\
             \"newOrderRespType\":\"ACK\",\"price\":\"{price:.2}\",\"quantity\":\"{quantity:.5}\",\"side\":\"{side}\",\
             \"symbol\":\"{}\",\"timeInForce\":\"IOC\",\"timestamp\":{at_ms},\"type\":\"LIMIT\"}}}}",
            self.sent, self.sent, quote.symbol
        ))
    }
}

/// The best settings that tungstenite has for short messages.
pub fn settings() -> WebSocketConfig {
    WebSocketConfig::default().read_buffer_size(4096).write_buffer_size(0)
}

type Socket = WebSocket<StreamOwned<ClientConnection, TcpStream>>;

struct Trader {
    stream: Socket,
    orders: Socket,
    decider: Decider,
    idle: u32,
}

impl Work for Trader {
    fn turn(&mut self) {
        match self.stream.read() {
            Ok(Message::Text(text)) => {
                if let Some(order) = self.decider.decide(&text) {
                    self.orders.send(Message::text(order)).expect("the venue is there");
                }
            }
            Ok(_) => {}
            Err(Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => {
                self.idle += 1;
                if self.idle.is_multiple_of(LOOK_EVERY) {
                    // This venue gives no answers.
                    let looked = self.orders.read();
                    assert!(matches!(looked, Err(Error::Io(e)) if e.kind() == ErrorKind::WouldBlock), "no answer");
                }
            }
            Err(error) => panic!("{error}"),
        }
    }
}

fn connect(tls: &Tls, url: &str, path: &str) -> Socket {
    let tcp = TcpStream::connect(url.trim_start_matches("wss://")).expect("a venue");
    tcp.set_nodelay(true).expect("an option");
    let stream = StreamOwned::new(tls.client(), tcp);
    client_with_config(format!("{url}{path}"), stream, Some(settings())).expect("a handshake").0
}

/// Venue and client.
pub struct Library {
    venue: Venue,
    client: [Client; 1],
}

impl Library {
    pub fn new(tls: &Tls) -> Self {
        let doors = Doors::new(tls);
        let (url, tls) = (doors.url(), tls.clone());
        let client = Client::start(1, move || {
            let orders = connect(&tls, &url, "/ws-api/v3");
            let mut stream = connect(&tls, &url, "/stream");
            let ask = r#"{"method":"SUBSCRIBE","params":["btcusdt@bookTicker"],"id":1}"#;
            stream.send(Message::text(ask)).expect("sent");
            assert!(stream.read().expect("an answer").is_text());
            for socket in [stream.get_ref(), orders.get_ref()] {
                socket.sock.set_nonblocking(true).expect("an option");
            }
            Box::new(Trader { stream, orders, decider: Decider::default(), idle: 0 })
        });
        Self { venue: doors.open(1), client: [client] }
    }

    /// One turn.
    pub fn turn(&mut self) -> Seen {
        self.venue.turn(&self.client)
    }
}
