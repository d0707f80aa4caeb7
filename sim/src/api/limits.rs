//! Limits on how often a client may ask: request weight and raw requests of an address, orders of an account.
//!
//! Every client comes from loopback, so a venue counts one address. Windows are aligned to the clock, as the venue's
//! are: ten seconds from :00, :10, ...; a minute; a UTC day.

use std::collections::BTreeMap;

use crosstick_model::Protocol;
use serde_json::{Value, json};

use super::errors::ApiError;
use crate::rules::SECOND_NS;

const BAN_FIRST_NS: u64 = 120 * SECOND_NS;
const BAN_MAX_NS: u64 = 3 * 86_400 * SECOND_NS;

/// What a venue allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Request weight a minute, of an address.
    pub weight_per_minute: u32,
    /// Requests in five minutes, of an address.
    pub raw_per_five_minutes: u32,
    /// Unfilled orders in ten seconds, of an account.
    pub orders_per_ten_seconds: u32,
    /// Unfilled orders a UTC day, of an account.
    pub orders_per_day: u32,
    /// Unfilled orders a minute, of an account: what futures count instead of a day's.
    pub orders_per_minute: Option<u32>,
    /// Request weight in ten seconds, of each endpoint by itself: what MEXC counts instead of all the others.
    pub weight_per_ten_seconds: Option<u32>,
    /// Requests after the first refusal (429) in the same window that bring a ban (418). Undocumented; ours.
    pub refusals_to_ban: u32,
}

impl Limits {
    /// The documented figures of spot.
    pub const SPOT: Self = Self {
        weight_per_minute: 6_000,
        raw_per_five_minutes: 300_000,
        orders_per_ten_seconds: 50,
        orders_per_day: 160_000,
        orders_per_minute: None,
        weight_per_ten_seconds: None,
        refusals_to_ban: 20,
    };

    /// The documented figures of USD-M and COIN-M futures, which share them; raw requests are not limited there.
    pub const FUTURES: Self = Self {
        weight_per_minute: 2_400,
        raw_per_five_minutes: u32::MAX,
        orders_per_ten_seconds: 300,
        orders_per_day: u32::MAX,
        orders_per_minute: Some(1_200),
        weight_per_ten_seconds: None,
        refusals_to_ban: 20,
    };

    /// The documented figures of MEXC spot: 500 of weight in ten seconds, of each endpoint by itself, of an address
    /// and of an account. It counts nothing else.
    pub const MEXC: Self = Self {
        weight_per_minute: u32::MAX,
        raw_per_five_minutes: u32::MAX,
        orders_per_ten_seconds: u32::MAX,
        orders_per_day: u32::MAX,
        orders_per_minute: None,
        weight_per_ten_seconds: Some(500),
        refusals_to_ban: 20,
    };

    /// The documented figures of a protocol.
    #[must_use]
    pub const fn of(protocol: Protocol) -> Self {
        match protocol {
            Protocol::BinanceSpot => Self::SPOT,
            Protocol::BinanceUsdm | Protocol::BinanceCoinm => Self::FUTURES,
            Protocol::MexcSpot => Self::MEXC,
        }
    }
}

/// What a window counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Counts {
    Weight,
    Raw,
    Orders,
}

/// A window and what it allows.
#[derive(Debug, Clone, Copy)]
struct Window {
    counts: Counts,
    /// `SECOND`, `MINUTE`, `DAY`.
    interval: &'static str,
    number: u64,
    unit_ns: u64,
    limit: u32,
}

impl Window {
    const fn span_ns(&self) -> u64 {
        self.number * self.unit_ns
    }

    const fn start_ns(&self, now: u64) -> u64 {
        now - now % self.span_ns()
    }

    const fn end_ns(&self, now: u64) -> u64 {
        self.start_ns(now) + self.span_ns()
    }

    /// As exchangeInfo states it, with the present count where there is one.
    fn json(&self, count: Option<u32>) -> Value {
        let kind = match self.counts {
            Counts::Weight => "REQUEST_WEIGHT",
            Counts::Raw => "RAW_REQUESTS",
            Counts::Orders => "ORDERS",
        };
        let mut value = json!({
            "rateLimitType": kind, "interval": self.interval, "intervalNum": self.number, "limit": self.limit,
        });
        if let (Some(count), Some(object)) = (count, value.as_object_mut()) {
            object.insert("count".to_owned(), json!(count));
        }
        value
    }
}

/// How much of a window is used.
#[derive(Debug, Clone, Copy, Default)]
struct Used {
    start_ns: u64,
    count: u32,
}

impl Used {
    fn roll(&mut self, window: &Window, now: u64) {
        let start_ns = window.start_ns(now);
        if self.start_ns != start_ns {
            *self = Self { start_ns, count: 0 };
        }
    }

    fn at(mut self, window: &Window, now: u64) -> u32 {
        self.roll(window, now);
        self.count
    }
}

/// The counters of a venue.
#[derive(Debug)]
pub(crate) struct RateLimits {
    weight: Window,
    raw: Window,
    orders: [Window; 2],
    refusals_to_ban: u32,
    weight_used: Used,
    raw_used: Used,
    orders_used: BTreeMap<usize, [Used; 2]>,
    /// Refusals since the window of the first one began.
    refusals: Used,
    bans: u32,
    banned_until_ns: u64,
}

impl RateLimits {
    pub(crate) fn new(limits: &Limits) -> Self {
        let window = |counts, interval, number, unit_s: u64, limit| Window {
            counts,
            interval,
            number,
            unit_ns: unit_s * SECOND_NS,
            limit,
        };
        Self {
            weight: window(Counts::Weight, "MINUTE", 1, 60, limits.weight_per_minute),
            raw: window(Counts::Raw, "MINUTE", 5, 60, limits.raw_per_five_minutes),
            orders: [
                window(Counts::Orders, "SECOND", 10, 1, limits.orders_per_ten_seconds),
                match limits.orders_per_minute {
                    Some(limit) => window(Counts::Orders, "MINUTE", 1, 60, limit),
                    None => window(Counts::Orders, "DAY", 1, 86_400, limits.orders_per_day),
                },
            ],
            refusals_to_ban: limits.refusals_to_ban,
            weight_used: Used::default(),
            raw_used: Used::default(),
            orders_used: BTreeMap::new(),
            refusals: Used::default(),
            bans: 0,
            banned_until_ns: 0,
        }
    }

    /// Counts a request of this weight, or refuses it.
    pub(crate) fn charge(&mut self, weight: u32, now: u64) -> Result<(), ApiError> {
        if now < self.banned_until_ns {
            return Err(self.banned());
        }
        self.weight_used.roll(&self.weight, now);
        self.raw_used.roll(&self.raw, now);
        self.weight_used.count = self.weight_used.count.saturating_add(weight);
        self.raw_used.count = self.raw_used.count.saturating_add(1);
        if self.weight_used.count <= self.weight.limit && self.raw_used.count <= self.raw.limit {
            return Ok(());
        }
        let window = if self.weight_used.count > self.weight.limit { self.weight } else { self.raw };
        self.refusals.roll(&window, now);
        self.refusals.count += 1;
        if self.refusals.count > self.refusals_to_ban {
            let length = BAN_FIRST_NS.saturating_mul(1 << self.bans.min(20)).min(BAN_MAX_NS);
            self.ban(now.saturating_add(length));
            return Err(self.banned());
        }
        let text = match window.counts {
            Counts::Weight => format!(
                "Too much request weight used; current limit is {} request weight per {} {}. Please use WebSocket \
                 Streams for live updates to avoid polling the API.",
                window.limit, window.number, window.interval
            ),
            _ => "Too many requests queued.".to_owned(),
        };
        let mut error = ApiError::new(-1003, text).with_status(429);
        error.retry_after_ns = Some(window.end_ns(now));
        Err(error)
    }

    /// Gives weight back: what succeeds of the trading calls weighs nothing.
    pub(crate) fn refund(&mut self, weight: u32, now: u64) {
        self.weight_used.roll(&self.weight, now);
        self.weight_used.count = self.weight_used.count.saturating_sub(weight);
    }

    /// Bans the address until then.
    pub(crate) fn ban(&mut self, until_ns: u64) {
        self.bans += 1;
        self.banned_until_ns = until_ns;
        self.refusals = Used::default();
    }

    fn banned(&self) -> ApiError {
        let text = format!(
            "Way too much request weight used; IP banned until {}. Please use WebSocket Streams for live updates to \
             avoid bans.",
            self.banned_until_ns / 1_000_000
        );
        let mut error = ApiError::new(-1003, text).with_status(418);
        error.retry_after_ns = Some(self.banned_until_ns);
        error
    }

    /// Refuses an order when the account has too many unfilled ones.
    pub(crate) fn check_orders(&self, account: usize, more: u32, now: u64) -> Result<(), ApiError> {
        self.check_order_counts(account, [more; 2], now)
    }

    /// The same where an order counts differently in the shorter and the longer window.
    pub(crate) fn check_order_counts(&self, account: usize, more: [u32; 2], now: u64) -> Result<(), ApiError> {
        let used = self.orders_used.get(&account).copied().unwrap_or_default();
        for ((window, used), more) in self.orders.iter().zip(used).zip(more) {
            if used.at(window, now).saturating_add(more) > window.limit {
                let text = format!(
                    "Too many new orders; current limit is {} orders per {} {}.",
                    window.limit, window.number, window.interval
                );
                let mut error = ApiError::new(-1015, text).with_status(429);
                error.retry_after_ns = Some(window.end_ns(now));
                return Err(error);
            }
        }
        Ok(())
    }

    /// Counts an order of an account.
    pub(crate) fn add_order(&mut self, account: usize, now: u64) {
        self.add_orders(account, [1; 2], now);
    }

    /// Counts so many in the shorter and in the longer window.
    pub(crate) fn add_orders(&mut self, account: usize, more: [u32; 2], now: u64) {
        let used = self.orders_used.entry(account).or_default();
        for ((window, used), more) in self.orders.iter().zip(used).zip(more) {
            used.roll(window, now);
            used.count = used.count.saturating_add(more);
        }
    }

    /// An order got its first fill: as a taker's it counts no longer, as a maker's it pays for five.
    pub(crate) fn first_fill(&mut self, account: usize, maker: bool, now: u64) {
        let used = self.orders_used.entry(account).or_default();
        for (window, used) in self.orders.iter().zip(used) {
            used.roll(window, now);
            used.count = used.count.saturating_sub(if maker { 5 } else { 1 });
        }
    }

    /// The limits as exchangeInfo states them.
    pub(crate) fn stated(&self) -> Value {
        let windows = [&self.weight, &self.orders[0], &self.orders[1], &self.raw];
        Value::Array(windows.iter().map(|w| w.json(None)).collect())
    }

    /// The order counts of an account.
    pub(crate) fn order_counts(&self, account: usize, now: u64) -> Vec<Value> {
        let used = self.orders_used.get(&account).copied().unwrap_or_default();
        self.orders.iter().zip(used).map(|(w, u)| w.json(Some(u.at(w, now)))).collect()
    }

    /// The weight used in this minute, with its limit.
    pub(crate) fn weight(&self, now: u64) -> Value {
        self.weight.json(Some(self.weight_used.at(&self.weight, now)))
    }

    /// The headers that tell of the weight.
    pub(crate) fn weight_headers(&self, now: u64) -> Vec<(String, String)> {
        let used = self.weight_used.at(&self.weight, now).to_string();
        vec![("x-mbx-used-weight".to_owned(), used.clone()), ("x-mbx-used-weight-1m".to_owned(), used)]
    }

    /// The headers that tell of an account's orders.
    pub(crate) fn order_headers(&self, account: usize, now: u64) -> Vec<(String, String)> {
        let used = self.orders_used.get(&account).copied().unwrap_or_default();
        let header = |(window, used): (&Window, Used)| {
            let letter = window.interval.chars().next().unwrap_or('S').to_ascii_lowercase();
            (format!("x-mbx-order-count-{}{letter}", window.number), used.at(window, now).to_string())
        };
        self.orders.iter().zip(used).map(header).collect()
    }
}
