//! Whatever bytes come, in whatever pieces: no panic, bounded memory, and the venue goes on.

use crosstick_model::{Decimal, Protocol};
use crosstick_sim::{ConnectionId, ConnectionState, Frame, Rules, SimInstrument, VenueMachine};
use proptest::collection::vec;
use proptest::prelude::*;

const UPGRADE: &[u8] = b"GET /ws/x@trade HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

fn piece() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        vec(any::<u8>(), 0..64),
        Just(UPGRADE.to_vec()),
        Just(b"GET /api/v3/exchangeInfo?symbols=%5B HTTP/1.1\r\n\r\n".to_vec()),
        // Masked frames with a mask of zeros, so that the text reads as it stands.
        "\\PC{0,60}".prop_map(|text| {
            let mut frame = vec![0x81, 0x80 | text.len().min(125) as u8, 0, 0, 0, 0];
            frame.extend(text.bytes().take(125));
            frame
        }),
        (0u8..16, any::<u8>()).prop_map(|(opcode, length)| vec![0x80 | opcode, length, 0, 0, 0, 0]),
    ]
}

proptest! {
    #[test]
    fn any_bytes_in_any_pieces(upgraded in any::<bool>(), pieces in vec((piece(), 0u64..3_000), 0..40)) {
        let rules = Rules { queue_bytes_max: 16 * 1024, ..Rules::of(Protocol::BinanceSpot) };
        let mut venue = VenueMachine::new("v", Protocol::BinanceSpot, rules, Vec::new(), ["x@trade".to_owned()]);
        let mut now = 1_700_000_000_000_000_000u64;
        let good = venue.open(now).expect("room");
        venue.input(good, UPGRADE, now);
        let id = venue.open(now).expect("room");
        if upgraded {
            venue.input(id, UPGRADE, now);
        }
        for (bytes, wait_ms) in pieces {
            venue.input(id, &bytes, now);
            now += wait_ms * 1_000_000;
            venue.advance(now);
            prop_assert!(venue.output(id).len() <= 16 * 1024 + 1_024, "what waits is bounded");
            venue.written(good, venue.output(good).len());
        }
        // The ping, the end of waiting for its answer, the end of waiting for an answer to the close.
        for _ in 0..3 {
            now += 100_000_000_000;
            venue.advance(now);
        }
        prop_assert_ne!(venue.state(id), ConnectionState::Open, "who answers no ping and no close is not kept");
        venue.gone(id);
        let third = venue.open(now).expect("room");
        venue.input(third, UPGRADE, now);
        let stream = venue.stream("x@trade").expect("known");
        venue.written(third, venue.output(third).len());
        venue.publish(Frame { stream, trade_id: None, millis: b"{}", micros: None });
        prop_assert_eq!(venue.output(third), b"\x81\x02{}");
    }
}

const S: u64 = 1_000_000_000;
const T0: u64 = 1_700_000_000 * S;

fn spot() -> VenueMachine {
    let instruments = vec![SimInstrument::spot("BTCUSDT", "BTC", "USDT", Decimal::new(1, 2), Decimal::new(1, 5))];
    VenueMachine::new("v", Protocol::BinanceSpot, Rules::of(Protocol::BinanceSpot), instruments, [])
}

/// Sends a request and gives the head of the answer, its body, and the connection.
fn request(venue: &mut VenueMachine, bytes: &[u8]) -> (String, String, ConnectionId) {
    let id = venue.open(T0).expect("room");
    venue.input(id, bytes, T0);
    let text = String::from_utf8_lossy(venue.output(id)).into_owned();
    venue.written(id, venue.output(id).len());
    let (head, body) = text.split_once("\r\n\r\n").expect("an answer");
    (head.to_owned(), body.to_owned(), id)
}

fn upgrade(venue: &mut VenueMachine, target: &str) -> (String, String, ConnectionId) {
    let text = String::from_utf8_lossy(UPGRADE).replace("/ws/x@trade", target);
    request(venue, text.as_bytes())
}

/// A masked text frame of any length.
fn frame(text: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x81];
    match u16::try_from(text.len()) {
        Ok(n @ 0..=125) => bytes.push(0x80 | n as u8),
        Ok(n) => {
            bytes.push(0x80 | 126);
            bytes.extend(n.to_be_bytes());
        }
        Err(_) => {
            bytes.push(0x80 | 127);
            bytes.extend((text.len() as u64).to_be_bytes());
        }
    }
    bytes.extend([0; 4]);
    bytes.extend_from_slice(text);
    bytes
}

#[test]
fn a_stated_length_costs_no_memory_and_is_refused_at_its_head() {
    for head in [
        // A text frame of 2^63 bytes, one of 65 537, and a ping of 126.
        &[0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4][..],
        &[0x81, 0xff, 0, 0, 0, 0, 0, 1, 0, 1, 1, 2, 3, 4],
        &[0x89, 0xfe, 0, 126, 1, 2, 3, 4],
    ] {
        let mut venue = spot();
        let (answer, _, id) = upgrade(&mut venue, "/ws");
        assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
        venue.input(id, head, T0);
        let code = u16::from_be_bytes([venue.output(id)[2], venue.output(id)[3]]);
        assert!(matches!(code, 1002 | 1009) && venue.output(id)[0] == 0x88, "{code}");
        // What is sent on does not pile up.
        for _ in 0..100 {
            venue.input(id, &[0; 64 * 1024], T0);
        }
        assert_eq!(venue.state(id), ConnectionState::Ending);
    }
}

#[test]
fn thousands_of_subscriptions_are_bounded_by_connection_and_by_what_there_is() {
    let mut venue = spot();
    let (_, _, id) = upgrade(&mut venue, "/ws");
    let ask = |names: &[String]| {
        frame(serde_json::json!({"method": "SUBSCRIBE", "params": names, "id": 1}).to_string().as_bytes())
    };
    let mut kinds: Vec<String> = ["trade", "aggTrade", "bookTicker", "miniTicker", "ticker", "avgPrice", "ticker_1h"]
        .map(|k| format!("btcusdt@{k}"))
        .to_vec();
    for interval in ["1s", "1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "3d", "1w", "1M"]
    {
        kinds.extend([format!("btcusdt@kline_{interval}"), format!("btcusdt@kline_{interval}@+08:00")]);
    }
    let real = kinds.len();
    kinds.extend((0..900).map(|i| format!("s{i}@trade")));
    let mut now = T0;
    for names in kinds.chunks(100) {
        now += S;
        venue.input(id, &ask(names), now);
        assert!(venue.output(id).ends_with(br#"{"result":null,"id":1}"#), "{:?}", venue.output(id));
        venue.written(id, venue.output(id).len());
    }
    now += S;
    let more: Vec<String> = (0..200).map(|i| format!("t{i}@trade")).collect();
    venue.input(id, &ask(&more), now);
    assert!(String::from_utf8_lossy(venue.output(id)).contains("\"code\":2"), "over 1024 in all");
    venue.written(id, venue.output(id).len());
    assert_eq!(venue.state(id), ConnectionState::Open);
    let stats = venue.stats();
    assert_eq!(stats.clients[0].subscriptions.len(), kinds.len(), "what was too much was refused as a whole");
    assert_eq!(stats.published.len(), real, "names that are no stream leave nothing behind at the venue");
    // A day of nothing but time passing with all of that costs little, since nothing changes.
    venue.advance(now + 20 * S);
    assert!(venue.output(id).len() < 64, "a ping alone");
}

#[test]
fn wrong_paths_and_methods_get_the_venues_own_errors() {
    let mut venue = spot();
    for (bytes, status, body) in [
        ("GET /wss HTTP/1.1\r\n\r\n", "404", "{\"code\":-5000"),
        ("GET / HTTP/1.1\r\n\r\n", "404", "{\"code\":-5000"),
        ("GET /../../etc/passwd HTTP/1.1\r\n\r\n", "404", "{\"code\":-5000"),
        ("GET /ws/btcusdt@trade HTTP/1.1\r\n\r\n", "426", ""),
        ("GET /stream?streams=%ff HTTP/1.1\r\n\r\n", "400", ""),
        ("GET http://elsewhere/ HTTP/1.1\r\n\r\n", "400", ""),
        ("BREW /pot HTCPCP/1.0\r\n\r\n", "400", ""),
        ("GET /api/v3/ping HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n", "413", ""),
    ] {
        let (head, answer, id) = request(&mut venue, bytes.as_bytes());
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{bytes:?}: {head}");
        assert!(answer.starts_with(body), "{bytes:?}: {answer}");
        venue.gone(id);
    }
    let (head, _, id) = upgrade(&mut venue, "/wss");
    assert!(head.starts_with("HTTP/1.1 404 "), "{head}");
    venue.gone(id);
    let names: Vec<String> = (0..1_025).map(|i| format!("s{i}@trade")).collect();
    let (head, body, _) = upgrade(&mut venue, &format!("/stream?streams={}", names.join("/")));
    assert!(head.starts_with("HTTP/1.1 400 ") && body == "Too many streams", "{head} {body}");
}

#[test]
fn bad_json_is_answered_or_ends_the_connection_and_never_more() {
    let deep = format!("{{\"id\":1,\"params\":{}1{}}}", "[".repeat(20_000), "]".repeat(20_000));
    let long = format!("{{\"id\":1,\"method\":\"SUBSCRIBE\",\"params\":[\"{}\"]}}", "x".repeat(60_000));
    let odd = r#"{"id":1,"method":"SUBSCRIBE","params":{"0":"btcusdt@trade"}}"#.to_owned();
    for (text, code) in
        [(deep, "\"code\":3"), (long, "\"code\":2"), (odd, "\"code\":2"), ("{".to_owned(), "\"code\":3")]
    {
        let mut venue = spot();
        let (_, _, id) = upgrade(&mut venue, "/ws");
        venue.input(id, &frame(text.as_bytes()), T0);
        let answer = String::from_utf8_lossy(venue.output(id)).into_owned();
        assert!(answer.contains(code) && answer.len() < 512, "{answer}");
        assert_eq!(venue.state(id), ConnectionState::Open);
    }
}

#[test]
fn a_slow_head_a_slow_frame_and_a_silent_connection_all_end_in_time() {
    let mut venue = spot();
    let silent = venue.open(T0).expect("room");
    let head = venue.open(T0).expect("room");
    let (_, _, half) = upgrade(&mut venue, "/ws");
    let text = frame(br#"{"method":"LIST_SUBSCRIPTIONS","id":1}"#);
    let mut now = T0;
    for i in 0..200 {
        now += S;
        // One byte a second: of a request that never ends, of a frame that never ends.
        venue.input(head, b"G", now);
        if i < text.len() - 1 {
            venue.input(half, &text[i..=i], now);
        }
        venue.advance(now);
        if i == 10 {
            assert_eq!(venue.state(silent), ConnectionState::Dropped);
            assert_eq!(venue.state(head), ConnectionState::Dropped);
        }
    }
    assert_eq!(venue.state(half), ConnectionState::Dropped, "a frame is no pong");
}
