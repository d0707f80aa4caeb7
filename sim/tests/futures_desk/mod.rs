//! A futures venue in virtual time, on top of the common desk: instruments, signed requests, connections.
#![allow(dead_code)] // each test file uses its part

use crosstick_model::{Decimal, Protocol, Side};
use crosstick_sim::exchange::LevelView;
use crosstick_sim::{ApiKey, ConnectionId, Limits, Rules, SimAccount, SimInstrument, VenueMachine};
use serde_json::Value;

use crate::desk::{Answer, By, DOC_KEY, DOC_SECRET, Desk, OTHER_KEY, READ_KEY, T0, encode};

pub struct Futures {
    pub desk: Desk,
    base: &'static str,
}

fn decimal(text: &str) -> Decimal {
    text.parse().expect("a decimal")
}

impl Futures {
    /// USD-M with BTCUSDT, two accounts of 100 000 USDT each, 2 bps for makers and 4 for takers.
    pub fn usdm() -> Self {
        let btc = SimInstrument::linear("BTCUSDT", "BTC", "USDT", decimal("0.1"), decimal("0.001"));
        let eth = SimInstrument::linear("ETHUSDT", "ETH", "USDT", decimal("0.01"), decimal("0.001"));
        Self::new(Protocol::BinanceUsdm, "/fapi", vec![btc, eth], ("USDT", "100000"), &Limits::FUTURES)
    }

    /// COIN-M with BTCUSD_PERP, contracts of 100 USD, accounts of 10 BTC each.
    pub fn coinm() -> Self {
        let btc = SimInstrument::inverse("BTCUSD_PERP", "BTC", "USD", decimal("0.1"), decimal("100"));
        Self::new(Protocol::BinanceCoinm, "/dapi", vec![btc], ("BTC", "10"), &Limits::FUTURES)
    }

    pub fn with_limits(limits: &Limits) -> Self {
        let btc = SimInstrument::linear("BTCUSDT", "BTC", "USDT", decimal("0.1"), decimal("0.001"));
        Self::new(Protocol::BinanceUsdm, "/fapi", vec![btc], ("USDT", "100000"), limits)
    }

    fn new(
        protocol: Protocol,
        base: &'static str,
        instruments: Vec<SimInstrument>,
        (asset, amount): (&str, &str),
        limits: &Limits,
    ) -> Self {
        let key = |id| ApiKey::hmac(id, DOC_SECRET).expect("a key");
        let account = |name, keys: Vec<ApiKey>| SimAccount {
            maker_e8: 20_000,
            taker_e8: 40_000,
            keys,
            ..SimAccount::new(name).with_balance(asset, decimal(amount))
        };
        let read_only = ApiKey { may_trade: false, ..key(READ_KEY) };
        let accounts = [account("first", vec![key(DOC_KEY), read_only]), account("second", vec![key(OTHER_KEY)])];
        let venue = VenueMachine::new("f", protocol, Rules::of(protocol), instruments, []);
        Self { desk: Desk { venue: venue.with_accounts(&accounts, limits), now: T0 }, base }
    }

    /// The market at these prices, at the steps' decimals, quantities likewise.
    pub fn quote(&mut self, symbol: &str, bid: (i64, i64), ask: (i64, i64)) {
        let level = |(price, quantity)| [LevelView { price, quantity }];
        let now = self.desk.now;
        self.desk.venue.house_quotes(symbol, None, &level(bid), &level(ask), now);
    }

    /// BTCUSDT at 30 000.0 / 30 000.2, ten BTC on each side.
    pub fn usual_quote(&mut self) {
        self.quote("BTCUSDT", (300_000, 10_000), (300_002, 10_000));
    }

    pub fn print(&mut self, symbol: &str, taker: Side, price: i64, quantity: i64) {
        let now = self.desk.now;
        self.desk.venue.house_print(symbol, taker, price, &[quantity], now);
    }

    /// Public data.
    pub fn get(&mut self, path: &str) -> Answer {
        self.desk.get(&format!("{}/{path}", self.base))
    }

    /// A signed request with all its parameters in the query; `timestamp` is added.
    pub fn signed(&mut self, by: By, method: &str, path: &str, params: &str) -> Answer {
        let join = if params.is_empty() { "" } else { "&" };
        let payload = format!("{params}{join}timestamp={}", self.desk.millis());
        let target = format!("{}/{path}?{payload}&signature={}", self.base, encode(&by.sign(&payload)));
        self.desk.request(method, &target, &[("X-MBX-APIKEY", by.key())], "")
    }

    /// An order of the first account.
    pub fn place(&mut self, params: &str) -> Value {
        self.signed(By::Hmac, "POST", "v1/order", params).ok()
    }

    pub fn limit(side: &str, price: &str, quantity: &str) -> String {
        format!("symbol=BTCUSDT&side={side}&type=LIMIT&timeInForce=GTC&quantity={quantity}&price={price}")
    }

    /// A listen key of a key's account.
    pub fn listen_key(&mut self, by: By) -> String {
        let target = format!("{}/v1/listenKey", self.base);
        let body = self.desk.request("POST", &target, &[("X-MBX-APIKEY", by.key())], "").ok();
        body["listenKey"].as_str().expect("a listen key").to_owned()
    }

    pub fn keyed(&mut self, by: By, method: &str) -> Answer {
        let target = format!("{}/v1/listenKey", self.base);
        self.desk.request(method, &target, &[("X-MBX-APIKEY", by.key())], "")
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

    pub fn frames(&mut self, id: ConnectionId) -> Vec<Value> {
        self.desk.frames(id)
    }
}
