//! A MEXC venue in virtual time, on top of the common desk. Signatures come from `ring`; binary frames are read by a
//! reader of the wire format that knows no message, so that nothing here is the venue's own code.
#![allow(dead_code)] // each test file uses its part

use crosstick_model::{Decimal, Protocol, Side};
use crosstick_sim::exchange::LevelView;
use crosstick_sim::{ApiKey, ConnectionId, Limits, Rules, SimAccount, SimInstrument, VenueMachine};
use ring_crypto::hmac;
use serde_json::{Value, json};

use crate::desk::{Answer, Desk, T0, client_frame};

/// The documentation's public example pair.
pub const KEY: &str = "mx0aBYs33eIilxBWC5";
pub const SECRET: &str = "45d0b3c26f2644f19bfb98b07741b2f5";
pub const READ_KEY: &str = "mx0READonly0000000";
pub const OTHER_KEY: &str = "mx0OTHER0000000000";

pub struct Mexc {
    pub desk: Desk,
}

fn decimal(text: &str) -> Decimal {
    text.parse().expect("a decimal")
}

pub fn sign(payload: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    hmac::sign(&key, payload.as_bytes()).as_ref().iter().map(|b| format!("{b:02x}")).collect()
}

impl Mexc {
    pub fn new() -> Self {
        Self::with_limits(&Limits::MEXC)
    }

    /// BTCUSDT and MXUSDT; two accounts of a million USDT, 100 BTC and 1000 MX, 8 bps for makers and 10 for takers.
    pub fn with_limits(limits: &Limits) -> Self {
        let spot = |symbol, base, price, quantity| {
            SimInstrument::spot(symbol, base, "USDT", decimal(price), decimal(quantity))
        };
        let btc = spot("BTCUSDT", "BTC", "0.01", "0.00001");
        let mx = SimInstrument { min_notional: decimal("1"), ..spot("MXUSDT", "MX", "0.0001", "0.01") };
        let key = |id| ApiKey::hmac(id, SECRET).expect("a key");
        let account = |name, keys| SimAccount {
            maker_e8: 80_000,
            taker_e8: 100_000,
            keys,
            ..SimAccount::new(name)
                .with_balance("USDT", decimal("1000000"))
                .with_balance("BTC", decimal("100"))
                .with_balance("MX", decimal("1000"))
        };
        let read_only = ApiKey { may_trade: false, ..key(READ_KEY) };
        let accounts = [account("first", vec![key(KEY), read_only]), account("second", vec![key(OTHER_KEY)])];
        let rules = Rules::of(Protocol::MexcSpot);
        let venue = VenueMachine::new("m", Protocol::MexcSpot, rules, vec![btc, mx], []);
        Self { desk: Desk { venue: venue.with_accounts(&accounts, limits), now: T0 } }
    }

    pub fn quote(&mut self, symbol: &str, bid: (i64, i64), ask: (i64, i64)) {
        let level = |(price, quantity)| [LevelView { price, quantity }];
        self.desk.venue.house_quotes(symbol, None, &level(bid), &level(ask), self.desk.now);
    }

    /// BTCUSDT at 30 000 / 30 001, one BTC on each side.
    pub fn usual_quote(&mut self) {
        self.quote("BTCUSDT", (3_000_000, 100_000), (3_000_100, 100_000));
    }

    pub fn print(&mut self, taker: Side, price: i64, quantities: &[i64]) {
        self.desk.venue.house_print("BTCUSDT", taker, price, quantities, self.desk.now);
    }

    pub fn get(&mut self, path: &str) -> Answer {
        self.desk.get(&format!("/api/v3/{path}"))
    }

    /// A signed request with all its parameters in the query; `timestamp` is added.
    pub fn signed(&mut self, key: &str, method: &str, path: &str, params: &str) -> Answer {
        let join = if params.is_empty() { "" } else { "&" };
        let payload = format!("{params}{join}timestamp={}", self.desk.millis());
        self.payload(key, method, path, &payload)
    }

    /// A signed request with exactly these parameters.
    pub fn payload(&mut self, key: &str, method: &str, path: &str, payload: &str) -> Answer {
        let target = format!("/api/v3/{path}?{payload}&signature={}", sign(payload));
        self.desk.request(method, &target, &[("X-MEXC-APIKEY", key)], "")
    }

    pub fn place(&mut self, params: &str) -> Value {
        self.signed(KEY, "POST", "order", &format!("symbol=BTCUSDT&{params}")).ok()
    }

    /// The id of a new limit order.
    pub fn limit(&mut self, side: &str, price: &str, quantity: &str) -> String {
        let placed = self.place(&format!("side={side}&type=LIMIT&quantity={quantity}&price={price}"));
        placed["orderId"].as_str().expect("an id").to_owned()
    }

    /// Free and locked of an asset.
    pub fn balance(&mut self, key: &str, asset: &str) -> (String, String) {
        // More than two a second are too many.
        self.pass(1_000_000_000);
        let account = self.signed(key, "GET", "account", "").ok();
        let of = account["balances"].as_array().expect("a list").iter().find(|b| b["asset"] == *asset).cloned();
        let of = of.unwrap_or_else(|| json!({ "free": "0", "locked": "0" }));
        let text = |name: &str| of[name].as_str().expect("text").to_owned();
        (text("free"), text("locked"))
    }

    pub fn listen_key(&mut self, key: &str) -> String {
        let body = self.signed(key, "POST", "userDataStream", "").ok();
        body["listenKey"].as_str().expect("a listen key").to_owned()
    }

    /// Time passes, as a driver would let it: due by due.
    pub fn pass(&mut self, nanos: u64) {
        let end = self.desk.now + nanos;
        while let Some(due) = self.desk.venue.next_due().filter(|due| *due <= end) {
            self.desk.now = self.desk.now.max(due);
            self.desk.venue.advance(self.desk.now);
        }
        self.desk.now = end;
        self.desk.venue.advance(end);
    }

    /// A connection that is subscribed to these streams.
    pub fn subscribed(&mut self, target: &str, names: &[&str]) -> ConnectionId {
        let id = self.desk.connect(target);
        let answer = self.ask(id, &json!({ "method": "SUBSCRIPTION", "params": names }));
        assert_eq!(answer, json!({ "id": 0, "code": 0, "msg": names.join(",") }));
        id
    }

    /// One text message; the answer, which must be the only frame.
    pub fn ask(&mut self, id: ConnectionId, request: &Value) -> Value {
        self.say(id, &request.to_string());
        match self.frames(id).as_slice() {
            [Frame::Text(text)] => serde_json::from_str(text).expect("JSON"),
            other => panic!("{request}: {other:?}"),
        }
    }

    pub fn say(&mut self, id: ConnectionId, text: &str) {
        self.desk.venue.input(id, &client_frame(1, text.as_bytes()), self.desk.now);
    }

    /// All that waits for a connection.
    pub fn frames(&mut self, id: ConnectionId) -> Vec<Frame> {
        read_frames(&self.desk.raw(id))
    }

    /// The pushes among it; there must be nothing else but pings.
    pub fn pushes(&mut self, id: ConnectionId) -> Vec<Push> {
        let push = |frame| match frame {
            Frame::Binary(bytes) => Some(Push::read(&bytes)),
            Frame::Ping => None,
            other => panic!("{other:?}"),
        };
        self.frames(id).into_iter().filter_map(push).collect()
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    Text(String),
    Binary(Vec<u8>),
    Close(u16),
    Ping,
}

pub fn read_frames(mut bytes: &[u8]) -> Vec<Frame> {
    let mut frames = Vec::new();
    while let [first, second, ..] = *bytes {
        let (length, head) = match second {
            126 => (usize::from(u16::from_be_bytes([bytes[2], bytes[3]])), 4),
            127 => (u64::from_be_bytes(bytes[2..10].try_into().expect("eight")) as usize, 10),
            n => (usize::from(n), 2),
        };
        let payload = &bytes[head..head + length];
        match first {
            0x81 => frames.push(Frame::Text(String::from_utf8(payload.to_vec()).expect("UTF-8"))),
            0x82 => frames.push(Frame::Binary(payload.to_vec())),
            0x88 => frames.push(Frame::Close(u16::from_be_bytes([payload[0], payload[1]]))),
            0x89 | 0x8a => frames.push(Frame::Ping),
            other => panic!("frame of {other:#x}"),
        }
        bytes = &bytes[head + length..];
    }
    frames
}

/// A field of a message: a whole number, or bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Field {
    Number(u64),
    Bytes(Vec<u8>),
}

/// A message as the wire format has it: numbers of fields and what is in them, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fields(pub Vec<(u64, Field)>);

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let (first, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

impl Fields {
    /// Reads a message; `None`: it is none.
    pub fn read(mut bytes: &[u8]) -> Option<Self> {
        let mut fields = Vec::new();
        while !bytes.is_empty() {
            let tag = varint(&mut bytes)?;
            let field = match tag & 7 {
                0 => Field::Number(varint(&mut bytes)?),
                2 => {
                    let length = usize::try_from(varint(&mut bytes)?).ok()?;
                    let (content, rest) = bytes.split_at_checked(length)?;
                    bytes = rest;
                    Field::Bytes(content.to_vec())
                }
                _ => return None,
            };
            fields.push((tag >> 3, field));
        }
        Some(Self(fields))
    }

    pub fn text(&self, number: u64) -> String {
        match self.0.iter().find(|(n, _)| *n == number) {
            Some((_, Field::Bytes(bytes))) => String::from_utf8(bytes.clone()).expect("UTF-8"),
            None => String::new(),
            other => panic!("{number}: {other:?}"),
        }
    }

    pub fn number(&self, number: u64) -> u64 {
        match self.0.iter().find(|(n, _)| *n == number) {
            Some((_, Field::Number(value))) => *value,
            None => 0,
            other => panic!("{number}: {other:?}"),
        }
    }

    /// The messages in a repeated field.
    pub fn messages(&self, number: u64) -> Vec<Self> {
        let of = self.0.iter().filter(|(n, _)| *n == number);
        of.map(|(_, field)| match field {
            Field::Bytes(bytes) => Self::read(bytes).expect("a message"),
            Field::Number(_) => panic!("{number} is a number"),
        })
        .collect()
    }

    pub fn texts(&self, numbers: &[u64]) -> Vec<String> {
        numbers.iter().map(|n| self.text(*n)).collect()
    }
}

/// A push: the wrapper, the number of its body's field, and the body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Push {
    pub channel: String,
    pub symbol: String,
    pub create_time: u64,
    pub send_time: u64,
    pub kind: u64,
    pub body: Fields,
}

impl Push {
    pub fn read(bytes: &[u8]) -> Self {
        let whole = Fields::read(bytes).expect("a message");
        assert_eq!(bytes[0], 0x0a, "a push begins with its channel");
        let bodies: Vec<u64> = whole.0.iter().map(|(n, _)| *n).filter(|n| *n > 300).collect();
        let [kind] = bodies[..] else { panic!("{bodies:?}") };
        let body = whole.messages(kind).remove(0);
        let known = whole.0.iter().all(|(n, _)| [1, 3, 5, 6, kind].contains(n));
        assert!(known, "{whole:?}");
        let (channel, symbol) = (whole.text(1), whole.text(3));
        Self { channel, symbol, create_time: whole.number(5), send_time: whole.number(6), kind, body }
    }
}
