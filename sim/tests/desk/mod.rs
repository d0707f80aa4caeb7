//! A spot venue in virtual time, spoken to with raw bytes that are built here; signatures from `ring`, not from the
//! venue's own code.
#![allow(dead_code)] // each test file uses its part

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use crosstick_model::{Decimal, Protocol, Side};
use crosstick_sim::exchange::LevelView;
use crosstick_sim::{
    ApiKey, ConnectionId, ConnectionState, KeyKind, Limits, Rules, SimAccount, SimInstrument, VenueMachine,
};
use ring_crypto::hmac;
use ring_crypto::rand::SystemRandom;
use ring_crypto::signature::{Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::{Value, json};

pub const MS: u64 = 1_000_000;
pub const S: u64 = 1_000_000_000;
/// 2023-11-14 22:13:20 UTC: the start of a ten-second window, and 20 s into a minute.
pub const T0: u64 = 1_700_000_000 * S;

/// The documentation's public example pair.
pub const DOC_KEY: &str = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A";
pub const DOC_SECRET: &str = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j";
/// The key name of the derived Ed25519 vectors; the seed is the documentation's (FIX logon).
pub const ED_KEY: &str = "4yNzx3yWC5bS6YTwEkSRaC0nRmSQIIStAUOh1b6kqaBrTLIhjCpI5lJH8q8R8WNO";
pub const ED_SEED: [u8; 32] = [
    0x82, 0x44, 0x61, 0x6b, 0x46, 0x06, 0xb8, 0x40, 0x0a, 0x66, 0xfd, 0x0e, 0xfc, 0xbe, 0xa9, 0xaf, 0x16, 0x11, 0xfd,
    0x25, 0x40, 0xe9, 0x75, 0xb3, 0x80, 0x8b, 0x20, 0x00, 0x7d, 0x9b, 0xcf, 0x6e,
];
pub const RSA_KEY: &str = "CAvIjXy3F44yW6Pou5k8Dy1swsYDWJZLeoK2r8G4cFDnE9nosRppc2eKc1T8TRTQ";
/// A key that may read alone, and one of a second account.
pub const READ_KEY: &str = "READxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
pub const OTHER_KEY: &str = "OTHERxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
const RSA_PEM: &str = include_str!("../../src/api/worthless_rsa.pem");
const RSA_PUBLIC_PEM: &str = include_str!("../../src/api/worthless_rsa_public.pem");

/// Which key signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    Hmac,
    Ed25519,
    Rsa,
    ReadOnly,
    Other,
}

impl By {
    pub const fn key(self) -> &'static str {
        match self {
            Self::Hmac => DOC_KEY,
            Self::Ed25519 => ED_KEY,
            Self::Rsa => RSA_KEY,
            Self::ReadOnly => READ_KEY,
            Self::Other => OTHER_KEY,
        }
    }

    pub fn sign(self, payload: &str) -> String {
        match self {
            Self::Hmac | Self::ReadOnly | Self::Other => {
                let key = hmac::Key::new(hmac::HMAC_SHA256, DOC_SECRET.as_bytes());
                hmac::sign(&key, payload.as_bytes()).as_ref().iter().map(|b| format!("{b:02x}")).collect()
            }
            Self::Ed25519 => {
                let pair = Ed25519KeyPair::from_seed_unchecked(&ED_SEED).expect("a seed");
                STANDARD.encode(pair.sign(payload.as_bytes()))
            }
            Self::Rsa => {
                let body: String = RSA_PEM.lines().filter(|l| !l.starts_with("-----")).collect();
                let pair = RsaKeyPair::from_pkcs8(&STANDARD.decode(body).expect("base64")).expect("a key");
                let mut signature = vec![0; pair.public().modulus_len()];
                let random = SystemRandom::new();
                pair.sign(&RSA_PKCS1_SHA256, &random, payload.as_bytes(), &mut signature).expect("signed");
                STANDARD.encode(signature)
            }
        }
    }
}

/// Percent-encodes what base64 has beyond letters and digits.
pub fn encode(signature: &str) -> String {
    signature.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D")
}

/// An answer to a REST request.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub body: Value,
}

impl Answer {
    /// HTTP status and code of a refusal.
    pub fn code(&self) -> (u16, i64) {
        (self.status, self.body["code"].as_i64().unwrap_or_default())
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// The body of an answer that must be 200.
    pub fn ok(self) -> Value {
        assert_eq!(self.status, 200, "{}", self.body);
        self.body
    }
}

/// A spot venue and its time.
pub struct Desk {
    pub venue: VenueMachine,
    pub now: u64,
}

fn decimal(text: &str) -> Decimal {
    text.parse().expect("a decimal")
}

pub fn accounts() -> Vec<SimAccount> {
    let ed = *Ed25519KeyPair::from_seed_unchecked(&ED_SEED).expect("a seed").public_key();
    let ed =
        ApiKey { id: ED_KEY.to_owned(), kind: KeyKind::Ed25519(ed.as_ref().try_into().expect("32")), may_trade: true };
    let hmac = |id| ApiKey::hmac(id, DOC_SECRET).expect("a key");
    let rich = |name| {
        ["BTC", "LTC", "USDT"].into_iter().fold(SimAccount::new(name), |a, asset| {
            let amount = if asset == "USDT" { "1000000" } else { "100" };
            a.with_balance(asset, decimal(amount))
        })
    };
    vec![
        rich("first")
            .with_balance("１２３", decimal("100"))
            .with_key(hmac(DOC_KEY))
            .with_key(ed)
            .with_key(ApiKey::from_public_pem(RSA_KEY, RSA_PUBLIC_PEM).expect("a key"))
            .with_key(ApiKey { may_trade: false, ..hmac(READ_KEY) }),
        rich("second").with_key(hmac(OTHER_KEY)),
    ]
}

impl Desk {
    pub fn new() -> Self {
        Self::with_limits(&Limits::SPOT)
    }

    pub fn with_limits(limits: &Limits) -> Self {
        let spot = |symbol, base, quote, price, quantity| {
            SimInstrument::spot(symbol, base, quote, decimal(price), decimal(quantity))
        };
        let small = |i: SimInstrument| SimInstrument { min_notional: decimal("0.0001"), ..i };
        let instruments = vec![
            spot("BTCUSDT", "BTC", "USDT", "0.01", "0.00001"),
            small(spot("LTCBTC", "LTC", "BTC", "0.000001", "0.001")),
            small(spot("１２３４５６", "１２３", "BTC", "0.00000001", "0.00000001")),
        ];
        let rules = Rules::of(Protocol::BinanceSpot);
        let venue = VenueMachine::new("v", Protocol::BinanceSpot, rules, instruments, []);
        Self { venue: venue.with_accounts(&accounts(), limits), now: T0 }
    }

    /// The simulated market's best quote, mantissas at the steps' decimals.
    pub fn quote(&mut self, symbol: &str, bid: (i64, i64), ask: (i64, i64)) {
        let level = |(price, quantity)| [LevelView { price, quantity }];
        self.venue.house_quotes(symbol, None, &level(bid), &level(ask), self.now);
    }

    /// BTCUSDT at 30 000 / 30 001, one BTC on each side.
    pub fn usual_quote(&mut self) {
        self.quote("BTCUSDT", (3_000_000, 100_000), (3_000_100, 100_000));
    }

    pub fn print(&mut self, symbol: &str, taker: Side, price: i64, quantity: i64) {
        self.venue.house_print(symbol, taker, price, &[quantity], self.now);
    }

    pub const fn millis(&self) -> u64 {
        self.now / MS
    }

    pub fn raw(&mut self, id: ConnectionId) -> Vec<u8> {
        let bytes = self.venue.output(id).to_vec();
        self.venue.written(id, bytes.len());
        bytes
    }

    /// One request on a connection of its own.
    pub fn request(&mut self, method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let id = self.venue.open(self.now).expect("room");
        let mut request = format!("{method} {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n");
        headers.iter().for_each(|(n, v)| request.push_str(&format!("{n}: {v}\r\n")));
        if !body.is_empty() {
            request.push_str(&format!(
                "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n",
                body.len()
            ));
        }
        request.push_str("\r\n");
        request.push_str(body);
        self.venue.input(id, request.as_bytes(), self.now);
        let bytes = self.raw(id);
        assert_eq!(self.venue.state(id), ConnectionState::Ending);
        self.venue.gone(id);
        let (answer, rest) = read_answer(&bytes);
        assert_eq!(rest, 0, "one answer alone");
        answer
    }

    pub fn get(&mut self, target: &str) -> Answer {
        self.request("GET", target, &[], "")
    }

    /// A signed request with all its parameters in the query; `timestamp` is added.
    pub fn signed(&mut self, by: By, method: &str, path: &str, params: &str) -> Answer {
        let join = if params.is_empty() { "" } else { "&" };
        let payload = format!("{params}{join}timestamp={}", self.millis());
        self.signed_payload(by, method, path, &payload)
    }

    /// A signed request with exactly these parameters.
    pub fn signed_payload(&mut self, by: By, method: &str, path: &str, payload: &str) -> Answer {
        let target = format!("/api/v3/{path}?{payload}&signature={}", encode(&by.sign(payload)));
        self.request(method, &target, &[("X-MBX-APIKEY", by.key())], "")
    }

    /// A connection of the WebSocket API.
    pub fn connect(&mut self, target: &str) -> ConnectionId {
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

    /// Sends one text and gives all that came back, parsed.
    pub fn text(&mut self, id: ConnectionId, text: &str) -> Vec<Value> {
        self.venue.input(id, &client_frame(1, text.as_bytes()), self.now);
        self.frames(id)
    }

    /// What waits for a connection: texts as JSON, a close as `{"close": code}`.
    pub fn frames(&mut self, id: ConnectionId) -> Vec<Value> {
        server_frames(&self.raw(id))
    }

    /// A request of the WebSocket API; its answer alone.
    pub fn call(&mut self, id: ConnectionId, method: &str, params: Value) -> Value {
        let request = json!({ "id": 7, "method": method, "params": params }).to_string();
        let mut frames = self.text(id, &request);
        assert!(!frames.is_empty(), "{request}: no answer");
        let answer = frames.remove(0);
        assert_eq!(answer["id"], json!(7), "{answer}");
        answer
    }

    /// A signed request of the WebSocket API: all that came back, the answer first.
    pub fn call_signed(&mut self, id: ConnectionId, by: By, method: &str, params: Value) -> Vec<Value> {
        let request = self.signed_text(by, method, params);
        self.text(id, &request)
    }

    pub fn signed_text(&self, by: By, method: &str, mut params: Value) -> String {
        let object = params.as_object_mut().expect("an object");
        object.insert("apiKey".to_owned(), json!(by.key()));
        object.entry("timestamp").or_insert(json!(self.millis()));
        let mut pairs: Vec<String> = object
            .iter()
            .map(|(name, value)| match value {
                Value::String(text) => format!("{name}={text}"),
                other => format!("{name}={other}"),
            })
            .collect();
        pairs.sort_by_key(|pair| pair.split('=').next().map(str::to_owned));
        let signature = by.sign(&pairs.join("&"));
        object.insert("signature".to_owned(), json!(signature));
        json!({ "id": 7, "method": method, "params": params }).to_string()
    }

    /// A connection that is logged on with the Ed25519 key.
    pub fn logged_on(&mut self) -> ConnectionId {
        let id = self.connect("/ws-api/v3");
        let answer = self.call_signed(id, By::Ed25519, "session.logon", json!({}));
        assert_eq!(answer[0]["status"], json!(200), "{answer:?}");
        id
    }

    /// The same, told of what happens to the account.
    pub fn subscribed(&mut self) -> ConnectionId {
        let id = self.logged_on();
        let answer = self.call(id, "userDataStream.subscribe", json!({}));
        assert_eq!(answer["result"], json!({ "subscriptionId": 0 }));
        id
    }
}

/// The first answer in `bytes`, and how many bytes follow it.
pub fn read_answer(bytes: &[u8]) -> (Answer, usize) {
    let end = bytes.windows(4).position(|w| w == b"\r\n\r\n").expect("a head");
    let head = std::str::from_utf8(&bytes[..end]).expect("text");
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|l| l.split(' ').nth(1)).and_then(|s| s.parse().ok()).expect("a status");
    let headers: BTreeMap<String, String> =
        lines.filter_map(|l| l.split_once(": ")).map(|(n, v)| (n.to_ascii_lowercase(), v.to_owned())).collect();
    let length: usize = headers["content-length"].parse().expect("a length");
    let body = std::str::from_utf8(&bytes[end + 4..end + 4 + length]).expect("text");
    let body = serde_json::from_str(body).unwrap_or_else(|_| Value::String(body.to_owned()));
    (Answer { status, headers, body }, bytes.len() - end - 4 - length)
}

pub fn client_frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mask = [0x12, 0x34, 0x56, 0x78];
    let mut bytes = vec![0x80 | opcode];
    match u16::try_from(payload.len()) {
        Ok(n @ 0..=125) => bytes.push(0x80 | n as u8),
        Ok(n) => {
            bytes.push(0x80 | 126);
            bytes.extend(n.to_be_bytes());
        }
        Err(_) => {
            bytes.push(0x80 | 127);
            bytes.extend((payload.len() as u64).to_be_bytes());
        }
    }
    bytes.extend(mask);
    bytes.extend(payload.iter().enumerate().map(|(i, b)| b ^ mask[i % 4]));
    bytes
}

fn server_frames(mut bytes: &[u8]) -> Vec<Value> {
    let mut frames = Vec::new();
    while let [first, second, ..] = *bytes {
        let (length, head) = match second {
            126 => (usize::from(u16::from_be_bytes([bytes[2], bytes[3]])), 4),
            127 => (u64::from_be_bytes(bytes[2..10].try_into().expect("eight")) as usize, 10),
            n => (usize::from(n), 2),
        };
        let payload = &bytes[head..head + length];
        match first {
            0x81 => frames.push(serde_json::from_slice(payload).expect("JSON")),
            0x88 => frames.push(json!({ "close": u16::from_be_bytes([payload[0], payload[1]]) })),
            0x89 | 0x8a => {}
            other => panic!("frame of {other:#x}"),
        }
        bytes = &bytes[head + length..];
    }
    frames
}

/// The names of an object's fields, in the order in which they were written.
pub fn fields(value: &Value) -> Vec<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}
