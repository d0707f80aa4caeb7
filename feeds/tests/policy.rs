//! The connection policy in virtual time: no socket, no clock, every deadline at its exact nanosecond.

use crosstick_feeds::buffer::RecvBuffer;
use crosstick_feeds::connection::{Backoff, Connection, FramePace, Phase, SECOND_NS, Step, Wish};
use crosstick_feeds::decode::{Control, RequestId};
use crosstick_feeds::error::{ConnectError, Stage};
use crosstick_feeds::ws::frame::BUFFER_LIMIT;
use crosstick_feeds::{AttemptBudget, Endpoint, EventKind, Reason, Rules};
use crosstick_model::Protocol;
use tungstenite::handshake::derive_accept_key;

const MS: u64 = 1_000_000;
const START: u64 = 1_700_000_000 * SECOND_NS;

/// A connection with a venue that the test plays.
struct Play {
    connection: Connection,
    buffer: RecvBuffer,
    now: u64,
    events: Vec<EventKind>,
    /// JSON requests that the venue got.
    requests: Vec<serde_json::Value>,
    pongs: Vec<Vec<u8>>,
    closes: Vec<Vec<u8>>,
}

fn rules() -> Rules {
    Rules::of(Protocol::BinanceSpot)
}

fn names(count: usize) -> Vec<Box<str>> {
    (0..count).map(|i| format!("s{i}usdt@trade").into()).collect()
}

impl Play {
    fn new(streams: usize, rules: Rules, attempts: AttemptBudget) -> Self {
        let endpoint = Endpoint::parse("wss://venue.example/stream").expect("a good address");
        Self {
            connection: Connection::new(endpoint, names(streams), rules, attempts, 7),
            buffer: RecvBuffer::new(BUFFER_LIMIT),
            now: START,
            events: Vec::new(),
            requests: Vec::new(),
            pongs: Vec::new(),
            closes: Vec::new(),
        }
    }

    fn spot(streams: usize) -> Self {
        Self::new(streams, rules(), AttemptBudget::binance())
    }

    fn listen(&mut self) {
        while let Some(event) = self.connection.take_event() {
            self.events.push(event);
        }
    }

    fn poll(&mut self) -> Wish {
        let wish = self.connection.poll(self.now);
        self.listen();
        wish
    }

    /// To the connection's own next deadline.
    fn sleep(&mut self) -> Wish {
        assert_ne!(self.connection.wake_ns(), u64::MAX, "it waits for nothing");
        self.now = self.now.max(self.connection.wake_ns());
        self.poll()
    }

    fn closed(&mut self, reason: Option<Reason>) {
        self.connection.closed(reason, self.now);
        self.buffer.clear();
        self.listen();
    }

    fn connect(&mut self) {
        assert_eq!(self.poll(), Wish::Connect);
        assert_eq!(self.connection.opened(self.now), Wish::None);
    }

    /// The venue's answer to the HTTP request.
    fn answer_http(&mut self, answer: &str) -> bool {
        let request = String::from_utf8(std::mem::take(self.connection.output())).expect("HTTP is ASCII");
        assert!(request.starts_with("GET /stream HTTP/1.1\r\n"), "{request}");
        assert!(request.contains("\r\nHost: venue.example\r\n"), "{request}");
        let key = request.lines().find_map(|l| l.strip_prefix("Sec-WebSocket-Key: ")).expect("a key");
        let accept = derive_accept_key(key.as_bytes());
        self.receive(answer.replace("ACCEPT", &accept).as_bytes())
    }

    fn upgrade(&mut self) {
        assert!(self.answer_http(SWITCHING));
        self.read_requests();
    }

    /// Bytes from the venue; false when the connection wants to hang up.
    fn receive(&mut self, bytes: &[u8]) -> bool {
        assert!(self.buffer.extend(bytes));
        self.connection.arrived(self.now);
        loop {
            match self.connection.next(&mut self.buffer, self.now) {
                Step::Text(_) | Step::Binary(_) | Step::Handled => {}
                Step::Empty => break,
                Step::HangUp => {
                    self.listen();
                    self.read_requests();
                    return false;
                }
            }
        }
        self.listen();
        self.read_requests();
        true
    }

    /// Takes what was sent apart: unmasks by hand.
    fn read_requests(&mut self) {
        let out = std::mem::take(self.connection.output());
        let mut rest = &out[..];
        while !rest.is_empty() {
            assert_eq!(rest[1] & 0x80, 0x80, "clients mask");
            let (length, at) = match rest[1] & 0x7f {
                126 => (usize::from(u16::from_be_bytes([rest[2], rest[3]])), 4),
                short => (usize::from(short), 2),
            };
            let key = &rest[at..at + 4];
            let payload: Vec<u8> =
                rest[at + 4..at + 4 + length].iter().enumerate().map(|(i, b)| b ^ key[i % 4]).collect();
            match rest[0] {
                0x81 => self.requests.push(serde_json::from_slice(&payload).expect("JSON")),
                0x8a => self.pongs.push(payload),
                0x88 => self.closes.push(payload),
                other => panic!("unexpected opcode {other:#x}"),
            }
            rest = &rest[at + 4 + length..];
        }
    }

    fn accept(&mut self, id: i64) -> Wish {
        let wish = self.connection.control(Control::Accepted { id: RequestId::Number(id) }, self.now);
        self.listen();
        wish
    }

    fn live(&mut self) {
        self.connect();
        self.upgrade();
        let id = self.requests.last().and_then(|r| r["id"].as_i64()).expect("a request");
        self.accept(id);
        assert_eq!(self.connection.phase(), Phase::Live);
    }

    fn waited_ms(&self) -> u64 {
        match self.events.last() {
            Some(EventKind::Waiting { ms }) => *ms,
            other => panic!("not waiting: {other:?}"),
        }
    }
}

const SWITCHING: &str = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                         Sec-WebSocket-Accept: ACCEPT\r\n\r\n";

fn refused() -> Reason {
    ConnectError::Refused { address: "127.0.0.1:1".parse().expect("an address") }.into()
}

#[test]
fn from_nothing_to_live() {
    let mut play = Play::spot(3);
    play.live();
    assert_eq!(play.requests.len(), 1);
    assert_eq!(play.requests[0]["method"], "SUBSCRIBE");
    assert_eq!(play.requests[0]["params"], serde_json::json!(["s0usdt@trade", "s1usdt@trade", "s2usdt@trade"]));
    let url: Box<str> = "wss://venue.example/stream".into();
    assert_eq!(
        play.events,
        [
            EventKind::Connecting { url: url.clone() },
            EventKind::Connected { url },
            EventKind::Acknowledged { streams: 3, of: 3 },
            EventKind::Live { streams: 3 },
        ]
    );
}

#[test]
fn frames_right_behind_the_handshake_are_not_lost() {
    let mut play = Play::spot(1);
    play.connect();
    let mut answer = SWITCHING.to_owned();
    answer.push('\u{1}'); // the first byte of a fragment (FIN clear, text), which is ASCII
    assert!(play.answer_http(&answer));
    assert_eq!(play.buffer.unread(), b"\x01");
    assert_eq!(play.connection.phase(), Phase::Subscribing);
}

#[test]
fn the_handshake_may_come_byte_by_byte() {
    let mut play = Play::spot(1);
    play.connect();
    let request = String::from_utf8(std::mem::take(play.connection.output())).expect("ASCII");
    let key = request.lines().find_map(|l| l.strip_prefix("Sec-WebSocket-Key: ")).expect("a key");
    let answer = SWITCHING.replace("ACCEPT", &derive_accept_key(key.as_bytes()));
    for byte in answer.as_bytes() {
        assert_eq!(play.connection.phase(), Phase::Upgrading);
        assert!(play.receive(std::slice::from_ref(byte)));
    }
    assert_eq!(play.connection.phase(), Phase::Subscribing);
}

#[test]
fn the_backoff_doubles_to_thirty_seconds_and_starts_over_after_a_healthy_minute() {
    let mut play = Play::spot(1);
    let mut waits = Vec::new();
    assert_eq!(play.poll(), Wish::Connect);
    for _ in 0..9 {
        play.closed(Some(refused()));
        waits.push(play.waited_ms());
        let before = play.now;
        assert_eq!(play.poll(), Wish::None, "not before its time");
        assert_eq!(play.sleep(), Wish::Connect);
        assert_eq!(play.now.saturating_sub(before).div_ceil(MS), *waits.last().expect("a wait"));
    }
    for (wait, full) in waits.iter().zip([1, 2, 4, 8, 16, 30, 30, 30, 30u64]) {
        assert!((full * 500..=full * 1000).contains(wait), "{wait} ms of {full} s");
    }
    assert_eq!(play.connection.opened(play.now), Wish::None);
    play.upgrade();
    play.accept(1);
    play.now += 30 * SECOND_NS;
    play.closed(Some(Reason::Broken("x".into())));
    assert!(play.waited_ms() > 10_000, "half a minute is not healthy");
    assert_eq!(play.sleep(), Wish::Connect);
    assert_eq!(play.connection.opened(play.now), Wish::None);
    play.upgrade();
    play.accept(2);
    play.now += 61 * SECOND_NS;
    play.closed(Some(Reason::Broken("x".into())));
    assert!(play.waited_ms() <= 1000);
}

#[test]
fn jitter_comes_from_the_seed() {
    let waits = |seed| {
        let mut backoff = Backoff::new(SECOND_NS, 30 * SECOND_NS, seed);
        (0..8).map(|_| backoff.next_ns()).collect::<Vec<_>>()
    };
    assert_eq!(waits(1), waits(1));
    assert_ne!(waits(1), waits(2));
}

#[test]
fn lines_share_three_hundred_attempts_in_five_minutes() {
    let attempts = AttemptBudget::binance();
    for i in 0..300u64 {
        assert_eq!(attempts.clone().take(START + i * SECOND_NS / 10), Ok(()));
    }
    let now = START + 60 * SECOND_NS;
    assert_eq!(attempts.take(now), Err(240 * SECOND_NS));
    let mut play = Play::new(1, rules(), attempts.clone());
    play.now = now;
    assert_eq!(play.poll(), Wish::None);
    assert_eq!(play.waited_ms(), 240_000);
    assert_eq!(play.sleep(), Wish::Connect);
    assert_eq!(play.now, START + 300 * SECOND_NS);
    assert!(attempts.take(play.now).is_err(), "only one attempt had left the window");
}

#[test]
fn subscribing_keeps_to_the_frame_budget() {
    let mut play = Play::spot(1024);
    play.connect();
    play.upgrade();
    let mut sent = vec![play.now; play.requests.len()];
    while play.requests.len() < 11 {
        let wish = play.sleep();
        assert_eq!(wish, Wish::None);
        let before = play.requests.len();
        play.read_requests();
        sent.resize(sent.len() + play.requests.len() - before, play.now);
        assert!(play.now < START + 5 * SECOND_NS, "all requests within three seconds");
    }
    for (i, at) in sent.iter().enumerate() {
        let in_window = sent.iter().filter(|s| (*at..*at + SECOND_NS).contains(*s)).count();
        assert!(in_window <= 4, "{in_window} requests in the second from request {i}");
    }
    let sizes: Vec<usize> = play.requests.iter().filter_map(|r| Some(r["params"].as_array()?.len())).collect();
    assert_eq!(sizes, [100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 24]);
    for id in 1..=11 {
        assert_eq!(play.connection.phase(), Phase::Subscribing);
        play.accept(id);
    }
    assert_eq!(play.events.last(), Some(&EventKind::Live { streams: 1024 }));
}

#[test]
fn pongs_are_never_held_back_and_take_from_the_requests() {
    let mut pace = FramePace::new(4);
    for _ in 0..3 {
        pace.sent(START);
    }
    assert!(pace.ready(START));
    pace.sent(START); // a pong
    assert!(!pace.ready(START) && !pace.ready(START + SECOND_NS - 1) && pace.ready(START + SECOND_NS));
    let mut play = Play::spot(1024);
    play.connect();
    play.upgrade();
    assert_eq!(play.requests.len(), 4);
    for i in 0..3u8 {
        assert!(play.receive(&[0x89, 2, b'p', b'0' + i]));
    }
    assert_eq!(play.pongs, [b"p0".to_vec(), b"p1".to_vec(), b"p2".to_vec()], "at once, with the same payload");
}

#[test]
fn a_line_without_a_sign_of_life_is_dead() {
    let mut play = Play::spot(1);
    play.live();
    for _ in 0..10 {
        play.now += 20 * SECOND_NS;
        assert_eq!(play.poll(), Wish::None);
        assert!(play.receive(&[0x89, 1, b'x']));
    }
    let last = play.now;
    while play.sleep() == Wish::None {}
    assert_eq!(play.now, last + 50 * SECOND_NS);
    play.closed(None);
    assert!(play.events.contains(&EventKind::Disconnected { reason: Reason::Silent(50) }));
    assert_eq!(play.connection.phase(), Phase::Waiting);
    // Futures ping every three minutes.
    let mut play = Play::new(1, Rules::of(Protocol::BinanceUsdm), AttemptBudget::binance());
    play.live();
    while play.sleep() == Wish::None {}
    assert_eq!(play.now, START + 390 * SECOND_NS);
}

#[test]
fn silence_of_our_own_making_does_not_count() {
    let mut play = Play::spot(1);
    play.connect();
    play.upgrade();
    play.now += 300 * SECOND_NS;
    play.connection.resumed(play.now);
    assert_eq!(play.poll(), Wish::None);
    play.accept(1);
    assert_eq!(play.connection.phase(), Phase::Live);
    play.now += 300 * SECOND_NS;
    play.connection.resumed(play.now);
    assert_eq!(play.poll(), Wish::None);
}

#[test]
fn each_step_has_its_deadline() {
    // No TCP, no TLS: the driver knows how far it came.
    let mut play = Play::spot(1);
    assert_eq!(play.poll(), Wish::Connect);
    assert_eq!(play.sleep(), Wish::HangUp);
    assert_eq!(play.now, START + 10 * SECOND_NS);
    let reason = play.connection.connect_timed_out(Stage::Encrypting);
    assert!(
        reason.to_string().starts_with("no answer from venue.example within 10 s while TLS was set up"),
        "{reason}"
    );
    play.closed(Some(reason));
    // No answer to the upgrade.
    assert_eq!(play.sleep(), Wish::Connect);
    assert_eq!(play.connection.opened(play.now), Wish::None);
    let opened = play.now;
    assert_eq!(play.sleep(), Wish::HangUp);
    assert_eq!(play.now, opened + 10 * SECOND_NS);
    play.closed(None);
    let timed_out = |e: &EventKind| {
        matches!(
            e,
            EventKind::Disconnected { reason: Reason::Connect(ConnectError::TimedOut { stage: Stage::Upgrading, .. }) }
        )
    };
    assert!(play.events.iter().any(timed_out));
    // No answer to a subscription.
    assert_eq!(play.sleep(), Wish::Connect);
    assert_eq!(play.connection.opened(play.now), Wish::None);
    play.upgrade();
    let asked = play.now;
    assert_eq!(play.sleep(), Wish::HangUp);
    assert_eq!(play.now, asked + 10 * SECOND_NS);
    play.closed(None);
    assert!(play.events.contains(&EventKind::Disconnected { reason: Reason::NotAcknowledged(10) }));
}

#[test]
fn an_acknowledged_stream_that_stays_silent_is_named() {
    let mut play = Play::spot(3);
    play.live();
    assert!(play.connection.watching());
    play.connection.heard(1);
    play.connection.heard(1);
    play.events.clear();
    assert_eq!(play.sleep(), Wish::None);
    assert_eq!(play.now, START + 30 * SECOND_NS);
    let silent = |name: &str| EventKind::SilentStream { stream: name.into() };
    assert_eq!(play.events, [silent("s0usdt@trade"), silent("s2usdt@trade")]);
    assert_eq!(play.connection.phase(), Phase::Live, "not fatal");
    play.events.clear();
    assert!(play.receive(&[0x89, 0]));
    assert_eq!(play.sleep(), Wish::None);
    assert_eq!(play.events, [], "told once");
    play.connection.heard(0);
    play.connection.heard(2);
    assert!(!play.connection.watching());
}

fn http(status: &str, headers: &str) -> (Play, Option<u64>) {
    let mut play = Play::spot(1);
    play.connect();
    let body = "<html>nginx</html>";
    let kept = play.answer_http(&format!("HTTP/1.1 {status}\r\nContent-Type: text/html\r\n{headers}\r\n{body}"));
    assert!(!kept, "{status}");
    play.closed(None);
    let waits = matches!(play.connection.phase(), Phase::Waiting).then(|| play.waited_ms());
    (play, waits)
}

#[test]
fn refusals_that_cannot_heal_stop() {
    for status in ["400 Bad Request", "401 Unauthorized", "403 Forbidden", "404 Not Found", "418 I'm a teapot"]
        .into_iter()
        .chain(["451 Unavailable", "200 OK", "202 Accepted", "302 Found"])
    {
        let (mut play, waits) = http(status, "");
        assert_eq!(waits, None, "{status}");
        assert_eq!(play.connection.phase(), Phase::Stopped);
        let number = &status[..3];
        let Some(EventKind::Stopped { reason }) = play.events.last() else { panic!("{:?}", play.events) };
        assert!(reason.to_string().contains(&format!("answered HTTP {number}")), "{reason}");
        assert!(!reason.to_string().contains('\n'));
        play.now += 1_000_000 * SECOND_NS;
        assert_eq!(play.poll(), Wish::None, "for good");
    }
}

fn stopped_by(play: &Play) -> &Reason {
    match play.events.last() {
        Some(EventKind::Stopped { reason }) => reason,
        other => panic!("not stopped: {other:?}"),
    }
}

#[test]
fn a_ban_stops_all_that_share_the_budget() {
    let attempts = AttemptBudget::binance();
    let shared = || Play::new(1, rules(), attempts.clone());
    let (mut banned, mut waiting, mut opening, mut live, mut later) =
        (shared(), shared(), shared(), shared(), shared());
    live.live();
    assert_eq!(waiting.poll(), Wish::Connect);
    waiting.closed(Some(refused()));
    assert_eq!(opening.poll(), Wish::Connect);
    banned.connect();
    assert!(!banned.answer_http("HTTP/1.1 418 I'm a teapot\r\nRetry-After: 7200\r\n\r\n"));
    banned.closed(None);
    assert_eq!(banned.connection.phase(), Phase::Stopped);
    // One that waited does not ask again, one under way does not send its request.
    assert_eq!(waiting.sleep(), Wish::None);
    assert_eq!(opening.connection.opened(opening.now), Wish::HangUp);
    assert!(opening.connection.output().is_empty());
    opening.closed(None);
    for play in [&waiting, &opening] {
        assert_eq!(play.connection.phase(), Phase::Stopped);
        assert_eq!(play.connection.wake_ns(), u64::MAX, "for good");
        let reason = stopped_by(play);
        assert!(matches!(reason, Reason::Connect(ConnectError::Http { status: 418, .. })), "{reason}");
        assert!(reason.to_string().contains("banned"), "{reason}");
    }
    // An open connection asks for nothing; it is the next attempt that would, until the ban is over.
    assert_eq!(live.poll(), Wish::None);
    live.now += 7000 * SECOND_NS;
    assert!(live.receive(&[0x89, 0]), "it goes on");
    live.closed(Some(Reason::Broken("x".into())));
    assert_eq!(live.connection.phase(), Phase::Waiting);
    assert_eq!(live.sleep(), Wish::None);
    assert_eq!(live.connection.phase(), Phase::Stopped);
    later.now = START + 7200 * SECOND_NS - 1;
    assert_eq!(attempts.banned(later.now), Some(1));
    assert_eq!(later.poll(), Wish::None);
    assert_eq!(later.connection.phase(), Phase::Stopped);
    let mut after = shared();
    after.now = START + 7200 * SECOND_NS;
    assert_eq!(after.poll(), Wish::Connect);
    let mut alone = Play::spot(1);
    assert_eq!(alone.poll(), Wish::Connect, "another budget is another venue");
}

#[test]
fn a_ban_without_an_end_lasts() {
    let attempts = AttemptBudget::binance();
    let mut banned = Play::new(1, rules(), attempts.clone());
    banned.connect();
    assert!(!banned.answer_http("HTTP/1.1 418 I'm a teapot\r\n\r\n"));
    banned.closed(None);
    attempts.ban(START + SECOND_NS);
    let mut other = Play::new(1, rules(), attempts);
    other.now = START + 1_000_000 * SECOND_NS;
    assert_eq!(other.poll(), Wish::None);
    assert_eq!(other.connection.phase(), Phase::Stopped, "a shorter ban does not end a longer one");
}

#[test]
fn a_line_that_ran_is_not_given_up_but_for_a_refusal_of_us() {
    let broken_and_back = || {
        let mut play = Play::spot(1);
        play.live();
        play.closed(Some(Reason::Broken("x".into())));
        assert_eq!(play.sleep(), Wish::Connect);
        assert_eq!(play.connection.opened(play.now), Wish::None);
        play
    };
    let slow = 15_000..=30_000;
    for status in ["400 Bad Request", "403 Forbidden", "404 Not Found", "302 Found"] {
        let mut play = broken_and_back();
        for _ in 0..3 {
            assert!(!play.answer_http(&format!("HTTP/1.1 {status}\r\n\r\n")));
            play.closed(None);
            assert_eq!(play.connection.phase(), Phase::Waiting, "{status}");
            assert!(slow.contains(&play.waited_ms()), "{status}: {} ms", play.waited_ms());
            assert_eq!(play.sleep(), Wish::Connect);
            assert_eq!(play.connection.opened(play.now), Wish::None);
        }
    }
    let mut play = broken_and_back();
    play.upgrade();
    let refusal = Control::Rejected { id: RequestId::Number(2), code: 2, message: "down for maintenance".into() };
    assert_eq!(play.connection.control(refusal, play.now), Wish::HangUp);
    play.closed(None);
    assert_eq!(play.connection.phase(), Phase::Waiting);
    assert!(slow.contains(&play.waited_ms()), "{} ms", play.waited_ms());
    for status in ["401 Unauthorized", "418 I'm a teapot", "451 Unavailable"] {
        let mut play = broken_and_back();
        assert!(!play.answer_http(&format!("HTTP/1.1 {status}\r\n\r\n")));
        play.closed(None);
        assert_eq!(play.connection.phase(), Phase::Stopped, "{status}");
    }
}

#[test]
fn a_peer_that_asks_and_never_reads_is_left() {
    let mut play = Play::spot(1);
    play.live();
    let mut ping = vec![0x89, 125];
    ping.extend([b'x'; 125]);
    let mut pings = 0usize;
    let left = loop {
        assert!(play.buffer.extend(&ping));
        pings += 1;
        assert!(pings < 1000, "its answers pile up: {} bytes", play.connection.output().len());
        if play.connection.next(&mut play.buffer, play.now) == Step::HangUp {
            break play.connection.output().len();
        }
    };
    assert!(left <= (64 << 10) + 131 && pings > 400, "{left} bytes after {pings} pings");
    play.closed(None);
    let Some(EventKind::Disconnected { reason }) = play.events.iter().rev().nth(1) else { panic!("{:?}", play.events) };
    assert!(reason.to_string().contains("reads nothing"), "{reason}");
    assert_eq!(play.connection.phase(), Phase::Waiting);
    assert!(play.connection.output().is_empty());
}

#[test]
fn trouble_at_the_venue_is_waited_out() {
    for status in ["500 Oops", "502 Bad Gateway", "503 Busy", "504 Late", "408 Timeout"] {
        let (_, waits) = http(status, "");
        assert!(waits.is_some_and(|ms| ms <= 1000), "{status}");
    }
    let (_, waits) = http("429 Too Many Requests", "");
    assert!(waits.is_some_and(|ms| (60_000..=61_000).contains(&ms)), "{waits:?}");
    let (_, waits) = http("429 Too Many Requests", "Retry-After: 120\r\n");
    assert!(waits.is_some_and(|ms| (120_000..=121_000).contains(&ms)), "{waits:?}");
    let (_, waits) = http("429 Too Many Requests", "Retry-After: Wed, 21 Oct 2015 07:28:00 GMT\r\n");
    assert!(waits.is_some_and(|ms| (60_000..=61_000).contains(&ms)), "{waits:?}");
}

#[test]
fn what_is_no_websocket_is_named() {
    let wrong_key = SWITCHING.replace("ACCEPT", "c29tZXRoaW5nIGVsc2U=");
    let extension = SWITCHING.replace("ACCEPT\r\n", "ACCEPT\r\nSec-WebSocket-Extensions: permessage-deflate\r\n");
    let long = format!("HTTP/1.1 101 Switching\r\nX: {}\r\n", "y".repeat(20_000));
    let cases = [
        ("SSH-2.0-OpenSSH\r\n", "not HTTP"),
        ("\u{15}\u{3}\u{3}", "not HTTP"),
        (wrong_key.as_str(), "Key mismatch"),
        (extension.as_str(), "extension"),
        (long.as_str(), "too long"),
        ("HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\n\r\n", "upgrade"),
        ("HTTP/1.1 xyz\r\n\r\n", "httparse"),
    ];
    for (answer, word) in cases {
        let mut play = Play::spot(1);
        play.connect();
        assert!(!play.answer_http(answer), "{answer}");
        play.closed(None);
        let Some(EventKind::Disconnected { reason }) = play.events.iter().rev().nth(1) else { panic!("{answer}") };
        assert!(reason.to_string().contains(word), "{reason}");
        assert_eq!(play.connection.phase(), Phase::Waiting, "it may be a proxy that comes and goes");
    }
}

#[test]
fn a_refused_subscription_is_told_and_stops_only_when_nothing_is_left() {
    let refuse = |play: &mut Play, id| {
        let message = "Invalid request: \n unknown".into();
        let wish = play.connection.control(Control::Rejected { id, code: 2, message }, play.now);
        play.listen();
        wish
    };
    let mut play = Play::spot(150);
    play.connect();
    play.upgrade();
    assert_eq!(refuse(&mut play, RequestId::Number(1)), Wish::None);
    assert_eq!(play.accept(2), Wish::None);
    assert_eq!(play.events.last(), Some(&EventKind::Live { streams: 50 }));
    let told = EventKind::SubscriptionRefused { streams: 100, code: 2, text: "Invalid request:  unknown".into() };
    assert!(play.events.contains(&told), "{:?}", play.events);
    play.events.clear();
    assert_eq!(play.sleep(), Wish::None);
    assert_eq!(play.events.len(), 50, "only those that were acknowledged are watched");
    // All refused, one of them without its id.
    let mut play = Play::spot(150);
    play.connect();
    play.upgrade();
    assert_eq!(refuse(&mut play, RequestId::None), Wish::None);
    assert_eq!(refuse(&mut play, RequestId::Number(2)), Wish::HangUp);
    play.closed(None);
    assert_eq!(play.connection.phase(), Phase::Stopped);
    // An answer to nothing changes nothing.
    let mut play = Play::spot(1);
    play.live();
    assert_eq!(play.accept(99), Wish::None);
    assert_eq!(refuse(&mut play, RequestId::None), Wish::None);
    assert_eq!(play.connection.phase(), Phase::Live);
}

#[test]
fn a_shutdown_notice_drains_and_returns_promptly() {
    let mut play = Play::spot(1);
    play.live();
    play.now += 100 * SECOND_NS;
    assert!(play.receive(&[0x89, 0]));
    assert_eq!(play.connection.control(Control::ServerShutdown, play.now), Wish::None);
    play.listen();
    play.read_requests();
    assert_eq!(play.connection.phase(), Phase::Draining);
    assert_eq!(play.closes, [1000u16.to_be_bytes().to_vec()]);
    assert!(play.receive(b"\x81\x02{}"), "what still comes is taken");
    assert!(!play.receive(&[0x88, 0x02, 0x03, 0xe8]), "until the venue closes");
    assert_eq!(play.closes.len(), 1, "a close is answered once");
    play.closed(None);
    assert!(play.events.contains(&EventKind::Disconnected { reason: Reason::ServerShutdown }));
    assert!(play.waited_ms() <= 250);
    // A venue that does not close is left after two seconds.
    let mut play = Play::spot(1);
    play.live();
    play.connection.control(Control::ServerShutdown, play.now);
    assert_eq!(play.sleep(), Wish::HangUp);
    assert_eq!(play.now, START + 2 * SECOND_NS);
    play.closed(None);
    assert!(play.waited_ms() >= 500, "not promptly when it had hardly begun: it may be a loop");
}

#[test]
fn a_connection_is_replaced_before_its_day_is_over() {
    let mut play = Play::spot(1);
    play.live();
    let hour = 3600 * SECOND_NS;
    while play.connection.phase() == Phase::Live {
        play.now += 10 * SECOND_NS;
        assert!(play.now < START + 24 * hour, "the venue would have closed it");
        assert!(play.receive(&[0x89, 0]));
        assert_eq!(play.poll(), Wish::None);
    }
    assert!(play.now > START + 23 * hour);
    assert_eq!(play.sleep(), Wish::HangUp);
    play.closed(None);
    assert!(play.events.contains(&EventKind::Disconnected { reason: Reason::Lifetime }));
    assert!(play.waited_ms() <= 250);
}

#[test]
fn close_frames_are_answered_and_told() {
    let mut play = Play::spot(1);
    play.live();
    assert!(!play.receive(b"\x88\x0e\x03\xf0Pong timeout"));
    assert_eq!(play.closes, [1008u16.to_be_bytes().to_vec()]);
    play.closed(None);
    let reason = Reason::Closed { code: Some(1008), text: "Pong timeout".into() };
    assert_eq!(reason.to_string(), "closed by the venue with code 1008: Pong timeout");
    assert!(play.events.contains(&EventKind::Disconnected { reason }));
    assert!((500..=1000).contains(&play.waited_ms()));
    let mut play = Play::spot(1);
    play.live();
    assert!(!play.receive(&[0xc1, 1, b'x']), "a reserved bit");
    assert_eq!(play.closes, [1002u16.to_be_bytes().to_vec()]);
}

#[test]
fn a_refused_certificate_stops_a_start_but_not_a_line_that_ran() {
    let refusal = || -> Reason {
        let reason = crosstick_feeds::error::CertificateRefusal::Expired;
        ConnectError::Certificate { host: "venue.example".into(), reason }.into()
    };
    let mut play = Play::spot(1);
    assert_eq!(play.poll(), Wish::Connect);
    play.closed(Some(refusal()));
    assert_eq!(play.connection.phase(), Phase::Stopped);
    let mut play = Play::spot(1);
    play.live();
    play.closed(Some(Reason::Broken("x".into())));
    assert_eq!(play.sleep(), Wish::Connect);
    play.closed(Some(refusal()));
    assert_eq!(play.connection.phase(), Phase::Waiting);
}

#[test]
fn a_new_connection_subscribes_anew() {
    let mut play = Play::spot(2);
    play.live();
    play.closed(Some(Reason::Broken("x".into())));
    assert_eq!(play.sleep(), Wish::Connect);
    assert_eq!(play.connection.opened(play.now), Wish::None);
    play.upgrade();
    assert_eq!(play.requests.len(), 2);
    assert_eq!(play.requests[0]["params"], play.requests[1]["params"]);
    assert_eq!(play.accept(1), Wish::None, "an id of the old connection");
    assert_eq!(play.connection.phase(), Phase::Subscribing);
    play.accept(2);
    assert_eq!(play.connection.phase(), Phase::Live);
}
