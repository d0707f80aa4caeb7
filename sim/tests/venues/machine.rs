//! The venue without sockets, in virtual time, spoken to with frames built here.

use crosstick_model::{Decimal, Protocol};
use crosstick_sim::{ClientEnd, ConnectionId, ConnectionState, Frame, Rules, SimInstrument, VenueMachine};
use serde_json::{Value, json};

const S: u64 = 1_000_000_000;
/// 2023-11-14, a whole second.
const T0: u64 = 1_700_000_000 * S;

/// A venue with one client, and what that client was sent.
struct Bench {
    venue: VenueMachine,
    now: u64,
}

#[derive(Debug, PartialEq, Eq)]
enum Got {
    Text(String),
    Ping(String),
    Pong(Vec<u8>),
    Close(u16, String),
}

impl Bench {
    fn new(protocol: Protocol, streams: &[&str]) -> Self {
        let instruments = vec![SimInstrument::spot("BTCUSDT", "BTC", "USDT", Decimal::new(1, 2), Decimal::new(1, 5))];
        let rules = Rules { queue_bytes_max: 64 * 1024, ..Rules::of(protocol) };
        let streams = streams.iter().map(|s| (*s).to_owned());
        Self { venue: VenueMachine::new("v", protocol, rules, instruments, streams), now: T0 }
    }

    fn connect(&mut self, target: &str) -> ConnectionId {
        let id = self.venue.open(self.now).expect("room");
        let request = format!(
            "GET {target} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        );
        self.venue.input(id, request.as_bytes(), self.now);
        let head = self.raw(id);
        assert!(head.starts_with(b"HTTP/1.1 101 "), "{}", String::from_utf8_lossy(&head));
        id
    }

    fn raw(&mut self, id: ConnectionId) -> Vec<u8> {
        let bytes = self.venue.output(id).to_vec();
        self.venue.written(id, bytes.len());
        bytes
    }

    fn send(&mut self, id: ConnectionId, opcode: u8, payload: &[u8]) {
        let bytes = client_frame(opcode, payload);
        self.venue.input(id, &bytes, self.now);
    }

    fn got(&mut self, id: ConnectionId) -> Vec<Got> {
        server_frames(&self.raw(id))
    }

    /// Sends a control message a second after the last and gives its one answer.
    fn ask(&mut self, id: ConnectionId, text: &str) -> Value {
        self.now += S;
        self.send(id, 1, text.as_bytes());
        match self.got(id).as_slice() {
            [Got::Text(answer)] => serde_json::from_str(answer).expect("json"),
            other => panic!("{text}: {other:?}"),
        }
    }

    fn publish(&mut self, stream: &str, trade_id: Option<u64>, payload: &str) {
        let stream = self.venue.stream(stream).expect("a stream");
        self.venue.publish(Frame { stream, trade_id, millis: payload.as_bytes(), micros: None });
    }

    fn rest(&mut self, target: &str) -> (u16, Value) {
        let id = self.venue.open(self.now).expect("room");
        let request = format!("GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        self.venue.input(id, request.as_bytes(), self.now);
        let bytes = self.raw(id);
        assert_eq!(self.venue.state(id), ConnectionState::Ending);
        self.venue.gone(id);
        let text = String::from_utf8(bytes).expect("text");
        let (head, body) = text.split_once("\r\n\r\n").expect("a head");
        let status = head.split(' ').nth(1).and_then(|s| s.parse().ok()).expect("a status");
        let length = head.lines().find_map(|l| l.strip_prefix("Content-Length: ")).expect("a length");
        assert_eq!(length, body.len().to_string());
        (status, serde_json::from_str(body).unwrap_or(Value::String(body.to_owned())))
    }
}

fn client_frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mask = [0x12, 0x34, 0x56, 0x78];
    let mut bytes = vec![0x80 | opcode];
    match payload.len() {
        n @ 0..=125 => bytes.push(0x80 | n as u8),
        n @ 126..=65535 => {
            bytes.push(0x80 | 126);
            bytes.extend((n as u16).to_be_bytes());
        }
        n => {
            bytes.push(0x80 | 127);
            bytes.extend((n as u64).to_be_bytes());
        }
    }
    bytes.extend(mask);
    bytes.extend(payload.iter().enumerate().map(|(i, b)| b ^ mask[i % 4]));
    bytes
}

fn server_frames(mut bytes: &[u8]) -> Vec<Got> {
    let mut frames = Vec::new();
    while let [first, second, ..] = *bytes {
        let (length, head) = match second {
            126 => (usize::from(u16::from_be_bytes([bytes[2], bytes[3]])), 4),
            127 => (u64::from_be_bytes(bytes[2..10].try_into().expect("eight")) as usize, 10),
            n => (usize::from(n), 2),
        };
        let payload = bytes[head..head + length].to_vec();
        bytes = &bytes[head + length..];
        let text = |b: &[u8]| String::from_utf8(b.to_vec()).expect("utf-8");
        frames.push(match first {
            0x81 => Got::Text(text(&payload)),
            0x89 => Got::Ping(text(&payload)),
            0x8a => Got::Pong(payload),
            0x88 => Got::Close(u16::from_be_bytes([payload[0], payload[1]]), text(&payload[2..])),
            other => panic!("frame of {other:#x}"),
        });
    }
    frames
}

const TRADE: &str =
    r#"{"e":"trade","E":1700000000123,"s":"BTCUSDT","t":7,"p":"1.00","q":"2.0","T":1700000000122,"m":true}"#;

#[test]
fn control_messages_are_answered_as_documented() {
    let mut b = Bench::new(Protocol::BinanceSpot, &["btcusdt@trade"]);
    let id = b.connect("/ws");
    let ask = r#"{"method":"SUBSCRIBE","params":["btcusdt@trade","nosuch@depth"],"id":1}"#;
    assert_eq!(b.ask(id, ask), json!({"result": null, "id": 1}));
    let list = b.ask(id, r#"{"method":"LIST_SUBSCRIPTIONS","id":"abc-1"}"#);
    assert_eq!(list, json!({"result": ["btcusdt@trade", "nosuch@depth"], "id": "abc-1"}));
    assert_eq!(
        b.ask(id, r#"{"method":"UNSUBSCRIBE","params":["nosuch@depth"],"id":null}"#),
        json!({"result": null, "id": null})
    );
    assert_eq!(b.ask(id, r#"{"method":"LIST_SUBSCRIPTIONS","id":3}"#)["result"], json!(["btcusdt@trade"]));
    assert_eq!(
        b.ask(id, r#"{"method":"GET_PROPERTY","params":["combined"],"id":2}"#),
        json!({"result": false, "id": 2})
    );
    assert_eq!(b.ask(id, r#"{"method":"SET_PROPERTY","params":["combined",true],"id":5}"#)["result"], json!(null));
    assert_eq!(b.ask(id, r#"{"method":"GET_PROPERTY","params":["combined"],"id":2}"#)["result"], json!(true));
    b.publish("btcusdt@trade", Some(7), TRADE);
    assert_eq!(b.got(id), [Got::Text(format!(r#"{{"stream":"btcusdt@trade","data":{TRADE}}}"#))]);
}

#[test]
fn control_errors_keep_the_connection() {
    let mut b = Bench::new(Protocol::BinanceSpot, &[]);
    let id = b.connect("/ws");
    let code = |b: &mut Bench, text: &str| {
        let answer = b.ask(id, text);
        (answer["error"]["code"].as_u64().expect("a code"), answer["id"].clone())
    };
    assert_eq!(code(&mut b, r#"{"method":"SET_PROPERTY","params":["combined",1],"id":20}"#), (1, json!(20)));
    assert_eq!(code(&mut b, r#"{"method":"GET_PROPERTY","params":["other"],"id":20}"#), (0, json!(20)));
    assert_eq!(code(&mut b, r#"{"method":"GET_PROPERTY","params":[5],"id":20}"#), (2, json!(20)));
    assert_eq!(code(&mut b, r#"{"method":"GET_PROPERTY","params":["combined",1],"id":20}"#), (2, json!(20)));
    assert_eq!(code(&mut b, r#"{"method":"SUBSCRIBE","params":[1],"id":20}"#), (2, json!(20)));
    assert_eq!(code(&mut b, r#"{"method":"subscribe","params":["a"],"id":20}"#), (2, json!(20)));
    assert_eq!(code(&mut b, r#"{"params":["a"],"id":20}"#), (2, json!(20)));
    assert_eq!(code(&mut b, r#"{"method":"LIST_SUBSCRIPTIONS"}"#), (2, json!(null)));
    assert_eq!(code(&mut b, r#"{"method":"LIST_SUBSCRIPTIONS","id":1.5}"#), (2, json!(null)));
    let answer = b.ask(id, r#"{"method":}"#);
    assert_eq!(answer["error"]["code"], json!(3));
    assert!(answer["error"]["msg"].as_str().expect("text").contains("line 1 column"), "{answer}");
    assert_eq!(b.venue.state(id), ConnectionState::Open);
}

#[test]
fn what_is_no_json_closes_the_connection() {
    for (opcode, payload) in [(1, &b"hello"[..]), (1, b"[1]"), (2, b"{}"), (1, b"\xff\xfe")] {
        let mut b = Bench::new(Protocol::BinanceSpot, &[]);
        let id = b.connect("/ws");
        b.send(id, opcode, payload);
        assert_eq!(b.got(id), [Got::Close(1008, "Invalid request".to_owned())]);
    }
}

#[test]
fn raw_combined_and_micros() {
    let mut b = Bench::new(Protocol::BinanceSpot, &["btcusdt@trade"]);
    let raw = b.connect("/ws/btcusdt@trade");
    let combined = b.connect("/stream?streams=btcusdt@trade");
    let micros = b.connect("/ws/btcusdt@trade?timeUnit=MICROSECOND");
    let other = b.connect("/stream?streams=BTCUSDT@trade");
    b.publish("btcusdt@trade", Some(7), TRADE);
    assert_eq!(b.got(raw), [Got::Text(TRADE.to_owned())]);
    assert_eq!(b.got(combined), [Got::Text(format!(r#"{{"stream":"btcusdt@trade","data":{TRADE}}}"#))]);
    let Some(Got::Text(text)) = b.got(micros).pop() else { panic!("no frame") };
    let frame: Value = serde_json::from_str(&text).expect("json");
    assert_eq!((&frame["E"], &frame["T"]), (&json!(1_700_000_000_123_000u64), &json!(1_700_000_000_122_000u64)));
    assert_eq!(b.got(other), [], "symbols are lower case; others stay silent");
    let stats = b.venue.stats();
    assert_eq!(stats.published["btcusdt@trade"].last_trade_id, 7);
    let frames: Vec<u64> = stats.clients.iter().map(|c| c.frames()).collect();
    assert_eq!(frames, [1, 1, 1, 0]);
}

#[test]
fn usdm_serves_a_stream_on_its_own_class_alone() {
    let mut b = Bench::new(Protocol::BinanceUsdm, &["x@aggTrade", "x@bookTicker", "x@trade"]);
    let market = b.connect("/market/stream?streams=x@aggTrade/x@bookTicker/x@trade");
    let public = b.connect("/public/ws/x@aggTrade/x@bookTicker/x@trade");
    let unrouted = b.connect("/ws");
    let ask = r#"{"method":"SUBSCRIBE","params":["x@aggTrade","x@bookTicker"],"id":1}"#;
    assert_eq!(b.ask(unrouted, ask), json!({"result": null, "id": 1}), "a wrong class is acknowledged");
    for stream in ["x@aggTrade", "x@bookTicker", "x@trade"] {
        b.publish(stream, None, &format!(r#"{{"at":"{stream}"}}"#));
    }
    let text = |s: &str| Got::Text(format!(r#"{{"at":"{s}"}}"#));
    let wrapped = |s: &str| Got::Text(format!(r#"{{"stream":"{s}","data":{{"at":"{s}"}}}}"#));
    assert_eq!(b.got(market), [wrapped("x@aggTrade"), wrapped("x@trade")]);
    assert_eq!(b.got(public), [text("x@bookTicker"), text("x@trade")]);
    assert_eq!(b.got(unrouted), [text("x@bookTicker")]);
}

#[test]
fn pings_come_every_20_seconds_and_want_their_answer_within_60() {
    let mut b = Bench::new(Protocol::BinanceSpot, &[]);
    let id = b.connect("/ws");
    b.now = T0 + 20 * S - 1;
    b.venue.advance(b.now);
    assert_eq!(b.got(id), []);
    assert_eq!(b.venue.next_due(), Some(T0 + 20 * S));
    b.now = T0 + 20 * S;
    b.venue.advance(b.now);
    assert_eq!(b.got(id), [Got::Ping("1700000020000".to_owned())]);
    // Answered in time, nothing happens; an unsolicited pong would not have counted.
    b.send(id, 10, b"1700000020000");
    for at in [40, 60, 80] {
        b.now = T0 + at * S;
        b.venue.advance(b.now);
        assert_eq!(b.got(id).len(), 1, "a ping at {at} s");
        b.send(id, 10, b"");
    }
    b.now = T0 + 100 * S - 1;
    b.venue.advance(b.now);
    assert_eq!(b.got(id), []);
    b.now = T0 + 100 * S;
    b.venue.advance(b.now);
    assert_eq!(b.got(id), [Got::Close(1008, "Pong timeout".to_owned())]);
    b.now += 2 * S;
    b.venue.advance(b.now);
    assert_eq!(b.venue.state(id), ConnectionState::Dropped, "who does not answer the close is dropped");
}

#[test]
fn one_late_pong_answers_all_earlier_pings_and_futures_ping_every_three_minutes() {
    let mut b = Bench::new(Protocol::BinanceCoinm, &[]);
    let id = b.connect("/ws");
    for at in (180..=540).step_by(180) {
        b.now = T0 + at * S;
        b.venue.advance(b.now);
    }
    assert_eq!(b.got(id).len(), 3);
    b.now = T0 + 700 * S;
    b.send(id, 10, format!("{}", 1_700_000_540_000u64).as_bytes());
    b.now = T0 + 781 * S;
    b.venue.advance(b.now);
    assert_eq!(b.got(id), [Got::Ping("1700000781000".to_owned())], "the first ping's ten minutes are over; no close");
}

#[test]
fn a_sixth_frame_within_a_second_disconnects() {
    let mut b = Bench::new(Protocol::BinanceSpot, &[]);
    let id = b.connect("/ws");
    for _ in 0..5 {
        b.send(id, 9, b"x");
    }
    assert_eq!(b.got(id).len(), 5);
    b.now += S;
    b.send(id, 9, b"x");
    assert_eq!(b.got(id), [Got::Pong(b"x".to_vec())], "a second later there is room again");
    for _ in 0..5 {
        b.send(id, 10, b"");
    }
    assert_eq!(b.got(id), [Got::Close(1008, "Too many requests".to_owned())]);
    b.send(id, 8, &1008u16.to_be_bytes());
    assert_eq!(b.venue.state(id), ConnectionState::Ending);
    b.venue.gone(id);
    assert_eq!(b.venue.stats().clients[0].end, Some(ClientEnd::Venue(1008, "Too many requests".to_owned())));
}

#[test]
fn no_more_than_1024_streams() {
    let mut b = Bench::new(Protocol::BinanceSpot, &["s7@trade"]);
    let id = b.connect("/ws");
    let names = |from: usize, to: usize| (from..to).map(|i| format!("s{i}@trade")).collect::<Vec<_>>();
    let ask = |names: &[String]| json!({"method": "SUBSCRIBE", "params": names, "id": 1}).to_string();
    assert_eq!(b.ask(id, &ask(&names(0, 1024)))["result"], json!(null));
    assert_eq!(b.ask(id, &ask(&names(5, 6)))["result"], json!(null), "one that is there already is none more");
    assert_eq!(b.ask(id, &ask(&names(1024, 1025)))["error"]["code"], json!(2));
    b.publish("s7@trade", Some(1), "{}");
    assert_eq!(b.got(id), [Got::Text("{}".to_owned())], "subscribed once, sent once");
    let url = format!("/stream?streams={}", names(0, 1025).join("/"));
    assert_eq!(b.rest(&url).0, 426, "no upgrade asked for");
}

#[test]
fn hostile_bytes_end_one_connection_and_nothing_else() {
    let mut b = Bench::new(Protocol::BinanceSpot, &["x@trade"]);
    let good = b.connect("/ws/x@trade");
    for (bytes, status) in [(b"\x16\x03\x01\x00".to_vec(), "400"), (vec![b'A'; 50 * 1024], "431")] {
        let id = b.venue.open(b.now).expect("room");
        b.venue.input(id, &bytes, b.now);
        assert!(b.raw(id).starts_with(format!("HTTP/1.1 {status} ").as_bytes()));
        assert_eq!(b.venue.state(id), ConnectionState::Ending);
        b.venue.gone(id);
    }
    // A head that never ends: one byte a second.
    let loris = b.venue.open(b.now).expect("room");
    for byte in b"GET /ws HTTP" {
        b.venue.input(loris, &[*byte], b.now);
        b.now += S;
        b.venue.advance(b.now);
    }
    assert_eq!(b.venue.state(loris), ConnectionState::Dropped);
    b.venue.gone(loris);
    for (bytes, code) in [(vec![0x81, 0x02, b'{', b'}'], 1002), (vec![0x81, 0xff, 0, 0, 1, 0, 0, 0, 0, 0], 1009)] {
        let id = b.connect("/ws");
        b.venue.input(id, &bytes, b.now);
        assert!(matches!(b.got(id).as_slice(), [Got::Close(c, _)] if *c == code), "{code}");
        b.venue.gone(id);
    }
    b.publish("x@trade", Some(1), "{}");
    assert_eq!(b.got(good), [Got::Text("{}".to_owned())]);
    assert_eq!(b.venue.stats().refused, 3);
}

#[test]
fn fragments_make_one_message_and_too_many_are_refused() {
    let mut b = Bench::new(Protocol::BinanceSpot, &[]);
    let id = b.connect("/ws");
    let text = r#"{"method":"LIST_SUBSCRIPTIONS","id":1}"#.as_bytes();
    let mut first = client_frame(1, &text[..10]);
    first[0] &= 0x7f;
    b.venue.input(id, &first, b.now);
    b.send(id, 9, b"between");
    b.send(id, 0, &text[10..]);
    assert_eq!(b.got(id), [Got::Pong(b"between".to_vec()), Got::Text(r#"{"result":[],"id":1}"#.to_owned())]);
    b.now += S;
    for opcode in [1, 0] {
        let mut part = client_frame(opcode, &[b'x'; 40_000]);
        part[0] &= 0x7f;
        b.venue.input(id, &part, b.now);
    }
    assert_eq!(b.got(id), [Got::Close(1009, "Message too big".to_owned())]);
}

#[test]
fn a_client_that_does_not_read_is_dropped_and_others_get_everything() {
    let mut b = Bench::new(Protocol::BinanceSpot, &["x@trade"]);
    let (slow, fast) = (b.connect("/ws/x@trade"), b.connect("/ws/x@trade"));
    let payload = format!(r#"{{"p":"{}"}}"#, "1".repeat(1_000));
    let mut frames = 0;
    for id in 1..=100 {
        b.publish("x@trade", Some(id), &payload);
        frames += b.got(fast).len();
    }
    assert_eq!(frames, 100);
    assert_eq!(b.venue.state(slow), ConnectionState::Dropped);
    assert!(b.venue.output(slow).is_empty(), "what it did not take is freed");
    b.venue.gone(slow);
    let stats = b.venue.stats();
    assert_eq!((stats.dropped_slow, &stats.clients[0].end), (1, &Some(ClientEnd::Slow)));
    assert_eq!(stats.clients[1].sent["x@trade"].last_trade_id, 100);
    assert_eq!(b.venue.subscribers(b.venue.stream("x@trade").expect("known")), 1);
}

#[test]
fn shutdown_is_announced_and_closed() {
    let mut b = Bench::new(Protocol::BinanceSpot, &[]);
    let (raw, combined) = (b.connect("/ws"), b.connect("/stream"));
    b.venue.announce_shutdown(b.now);
    b.venue.close_all(1001, "bye", b.now);
    let event = r#"{"e":"serverShutdown","E":1700000000000}"#;
    assert_eq!(b.got(raw), [Got::Text(event.to_owned()), Got::Close(1001, "bye".to_owned())]);
    let wrapped = format!(r#"{{"stream":"!serverShutdown","data":{event}}}"#);
    assert_eq!(b.got(combined), [Got::Text(wrapped), Got::Close(1001, "bye".to_owned())]);
}

#[test]
fn connections_are_bounded_and_their_numbers_used_again() {
    let mut b = Bench::new(Protocol::BinanceSpot, &["x@trade"]);
    let all: Vec<ConnectionId> = std::iter::from_fn(|| b.venue.open(T0)).collect();
    assert_eq!(all.len(), 512);
    b.venue.gone(all[3]);
    let id = b.connect("/ws/x@trade");
    assert_eq!(id, all[3]);
    b.venue.gone(id);
    b.publish("x@trade", None, "{}");
    assert_eq!(b.venue.connections(), 511);
}

#[test]
fn rest_of_spot() {
    let mut b = Bench::new(Protocol::BinanceSpot, &[]);
    assert_eq!(b.rest("/api/v3/ping"), (200, json!({})));
    assert_eq!(b.rest("/api/v3/time"), (200, json!({"serverTime": 1_700_000_000_000u64})));
    let (status, info) = b.rest("/api/v3/exchangeInfo?symbols=%5B%22BTCUSDT%22%5D");
    let symbol = &info["symbols"][0];
    assert_eq!((status, &symbol["symbol"], &symbol["status"]), (200, &json!("BTCUSDT"), &json!("TRADING")));
    assert_eq!((&symbol["baseAsset"], &symbol["quoteAsset"]), (&json!("BTC"), &json!("USDT")));
    let filter = |name: &str| {
        let filters = symbol["filters"].as_array().expect("filters");
        filters.iter().find(|f| f["filterType"] == name).expect("the filter").clone()
    };
    assert_eq!(filter("PRICE_FILTER")["tickSize"], json!("0.01000000"));
    assert_eq!(
        (&filter("LOT_SIZE")["stepSize"], &filter("LOT_SIZE")["minQty"]),
        (&json!("0.00001000"), &json!("0.00001000"))
    );
    assert_eq!(filter("NOTIONAL")["minNotional"], json!("5.00000000"));
    assert_eq!(b.rest("/api/v3/exchangeInfo?symbol=BTCUSDT").1["symbols"].as_array().map(Vec::len), Some(1));
    assert_eq!(b.rest("/api/v3/exchangeInfo?symbol=NOPE"), (400, json!({"code": -1121, "msg": "Invalid symbol."})));
    assert_eq!(b.rest("/api/v3/exchangeInfo?symbols=BTCUSDT").1["code"], json!(-1100));
    assert_eq!(b.rest("/api/v3/exchangeInfo?symbols=%5B%5D&symbol=A").1["code"], json!(-1128));
    assert_eq!(b.rest("/api/v3/nothing").0, 404);
    assert_eq!(b.rest("/fapi/v1/time").0, 404);
    assert_eq!(b.rest("/ws").0, 426);
    assert_eq!(b.venue.stats().rest_requests, 9);
}

#[test]
fn rest_of_futures() {
    let step = Decimal::new(10, 2);
    let linear = SimInstrument::linear("BTCUSDT", "BTC", "USDT", step, Decimal::new(1, 3));
    let rules = Rules::of(Protocol::BinanceUsdm);
    let mut b = Bench { venue: VenueMachine::new("u", Protocol::BinanceUsdm, rules, vec![linear], []), now: T0 };
    let symbol = b.rest("/fapi/v1/exchangeInfo").1["symbols"][0].clone();
    assert_eq!(
        (&symbol["contractType"], &symbol["status"], &symbol["marginAsset"]),
        (&json!("PERPETUAL"), &json!("TRADING"), &json!("USDT"))
    );
    assert_eq!(symbol["filters"][0]["tickSize"], json!("0.10"));
    let filters = symbol["filters"].as_array().expect("filters");
    assert!(filters.contains(&json!({"filterType": "MIN_NOTIONAL", "notional": "5"})));

    let inverse = SimInstrument::inverse("BTCUSD_PERP", "BTC", "USD", Decimal::new(1, 1), Decimal::new(100, 0));
    let rules = Rules::of(Protocol::BinanceCoinm);
    let mut b = Bench { venue: VenueMachine::new("c", Protocol::BinanceCoinm, rules, vec![inverse], []), now: T0 };
    let symbol = b.rest("/dapi/v1/exchangeInfo").1["symbols"][0].clone();
    assert_eq!((&symbol["contractStatus"], &symbol["contractSize"]), (&json!("TRADING"), &json!(100)));
    assert_eq!(
        (&symbol["pair"], &symbol["marginAsset"], &symbol["quoteAsset"]),
        (&json!("BTCUSD"), &json!("BTC"), &json!("USD"))
    );
    assert_eq!(symbol["filters"][1]["stepSize"], json!("1"));
    assert_eq!(b.rest("/dapi/v1/time").1["serverTime"], json!(1_700_000_000_000u64));
}

#[test]
fn one_http_connection_takes_several_requests() {
    let mut b = Bench::new(Protocol::BinanceSpot, &[]);
    let id = b.venue.open(b.now).expect("room");
    let request = "GET /api/v3/ping HTTP/1.1\r\nHost: x\r\n\r\n";
    b.venue.input(id, format!("{request}{request}").as_bytes(), b.now);
    assert_eq!(String::from_utf8(b.raw(id)).expect("text").matches("HTTP/1.1 200 OK").count(), 2);
    assert_eq!(b.venue.state(id), ConnectionState::Open);
    b.now += 10 * S;
    b.venue.advance(b.now);
    assert_eq!(b.venue.state(id), ConnectionState::Dropped, "an idle one is ended");
}
