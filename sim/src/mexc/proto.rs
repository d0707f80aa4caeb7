//! The messages of MEXC's streams, from the field numbers of the venue's published definitions (2026-06). Prices and
//! quantities are decimal text, times are in milliseconds, windows of bars in seconds.

use prost::{Message, Oneof};

/// What every binary frame holds.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Push {
    #[prost(string, tag = "1")]
    pub(super) channel: String,
    #[prost(string, optional, tag = "3")]
    pub(super) symbol: Option<String>,
    #[prost(int64, optional, tag = "5")]
    pub(super) create_time: Option<i64>,
    #[prost(int64, optional, tag = "6")]
    pub(super) send_time: Option<i64>,
    #[prost(oneof = "Body", tags = "303, 304, 306, 307, 308, 311, 313, 314, 315")]
    pub(super) body: Option<Body>,
}

#[derive(Clone, PartialEq, Oneof)]
pub(super) enum Body {
    #[prost(message, tag = "303")]
    LimitDepths(LimitDepths),
    #[prost(message, tag = "304")]
    Order(Order),
    #[prost(message, tag = "306")]
    Deal(OwnDeal),
    #[prost(message, tag = "307")]
    Account(Account),
    #[prost(message, tag = "308")]
    Kline(Kline),
    #[prost(message, tag = "311")]
    BookTickerBatch(BookTickerBatch),
    #[prost(message, tag = "313")]
    Depths(Depths),
    #[prost(message, tag = "314")]
    Deals(Deals),
    #[prost(message, tag = "315")]
    BookTicker(BookTicker),
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Level {
    #[prost(string, tag = "1")]
    pub(super) price: String,
    #[prost(string, tag = "2")]
    pub(super) quantity: String,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct LimitDepths {
    #[prost(message, repeated, tag = "1")]
    pub(super) asks: Vec<Level>,
    #[prost(message, repeated, tag = "2")]
    pub(super) bids: Vec<Level>,
    #[prost(string, tag = "3")]
    pub(super) event_type: String,
    #[prost(string, tag = "4")]
    pub(super) version: String,
    #[prost(int64, tag = "5")]
    pub(super) last_order_create_time: i64,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Depths {
    #[prost(message, repeated, tag = "1")]
    pub(super) asks: Vec<Level>,
    #[prost(message, repeated, tag = "2")]
    pub(super) bids: Vec<Level>,
    #[prost(string, tag = "3")]
    pub(super) event_type: String,
    #[prost(string, tag = "4")]
    pub(super) from_version: String,
    #[prost(string, tag = "5")]
    pub(super) to_version: String,
    #[prost(int64, tag = "6")]
    pub(super) last_order_create_time: i64,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Deals {
    #[prost(message, repeated, tag = "1")]
    pub(super) deals: Vec<Deal>,
    #[prost(string, tag = "2")]
    pub(super) event_type: String,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Deal {
    #[prost(string, tag = "1")]
    pub(super) price: String,
    #[prost(string, tag = "2")]
    pub(super) quantity: String,
    /// Of the taker: 1 buy, 2 sell.
    #[prost(int32, tag = "3")]
    pub(super) trade_type: i32,
    #[prost(int64, tag = "4")]
    pub(super) time: i64,
    #[prost(string, tag = "5")]
    pub(super) trade_id: String,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct BookTicker {
    #[prost(string, tag = "1")]
    pub(super) bid_price: String,
    #[prost(string, tag = "2")]
    pub(super) bid_quantity: String,
    #[prost(string, tag = "3")]
    pub(super) ask_price: String,
    #[prost(string, tag = "4")]
    pub(super) ask_quantity: String,
    /// Of single tickers alone; batches have it once for all.
    #[prost(string, tag = "5")]
    pub(super) version: String,
    #[prost(int64, tag = "6")]
    pub(super) last_order_create_time: i64,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct BookTickerBatch {
    #[prost(message, repeated, tag = "1")]
    pub(super) items: Vec<BookTicker>,
    #[prost(string, tag = "2")]
    pub(super) version: String,
    #[prost(int64, tag = "3")]
    pub(super) last_order_create_time: i64,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Kline {
    #[prost(string, tag = "1")]
    pub(super) interval: String,
    #[prost(int64, tag = "2")]
    pub(super) window_start: i64,
    #[prost(string, tag = "3")]
    pub(super) open: String,
    #[prost(string, tag = "4")]
    pub(super) close: String,
    #[prost(string, tag = "5")]
    pub(super) high: String,
    #[prost(string, tag = "6")]
    pub(super) low: String,
    #[prost(string, tag = "7")]
    pub(super) volume: String,
    #[prost(string, tag = "8")]
    pub(super) amount: String,
    #[prost(int64, tag = "9")]
    pub(super) window_end: i64,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Order {
    #[prost(string, tag = "1")]
    pub(super) id: String,
    #[prost(string, tag = "2")]
    pub(super) client_id: String,
    #[prost(string, tag = "3")]
    pub(super) price: String,
    #[prost(string, tag = "4")]
    pub(super) quantity: String,
    #[prost(string, tag = "5")]
    pub(super) amount: String,
    #[prost(string, tag = "6")]
    pub(super) avg_price: String,
    /// 1 LIMIT, 2 POST_ONLY, 3 IOC, 4 FOK, 5 MARKET.
    #[prost(int32, tag = "7")]
    pub(super) order_type: i32,
    /// 1 buy, 2 sell.
    #[prost(int32, tag = "8")]
    pub(super) trade_type: i32,
    #[prost(bool, tag = "9")]
    pub(super) is_maker: bool,
    #[prost(string, tag = "10")]
    pub(super) remain_amount: String,
    #[prost(string, tag = "11")]
    pub(super) remain_quantity: String,
    #[prost(string, optional, tag = "12")]
    pub(super) last_deal_quantity: Option<String>,
    #[prost(string, tag = "13")]
    pub(super) cumulative_quantity: String,
    #[prost(string, tag = "14")]
    pub(super) cumulative_amount: String,
    /// 1 new, 2 filled, 3 partly filled, 4 cancelled, 5 partly filled and cancelled.
    #[prost(int32, tag = "15")]
    pub(super) status: i32,
    #[prost(int64, tag = "16")]
    pub(super) create_time: i64,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct OwnDeal {
    #[prost(string, tag = "1")]
    pub(super) price: String,
    #[prost(string, tag = "2")]
    pub(super) quantity: String,
    #[prost(string, tag = "3")]
    pub(super) amount: String,
    #[prost(int32, tag = "4")]
    pub(super) trade_type: i32,
    #[prost(bool, tag = "5")]
    pub(super) is_maker: bool,
    #[prost(bool, tag = "6")]
    pub(super) is_self_trade: bool,
    #[prost(string, tag = "7")]
    pub(super) trade_id: String,
    #[prost(string, tag = "8")]
    pub(super) client_order_id: String,
    #[prost(string, tag = "9")]
    pub(super) order_id: String,
    #[prost(string, tag = "10")]
    pub(super) fee_amount: String,
    #[prost(string, tag = "11")]
    pub(super) fee_currency: String,
    #[prost(int64, tag = "12")]
    pub(super) time: i64,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Account {
    #[prost(string, tag = "1")]
    pub(super) vcoin_name: String,
    #[prost(string, tag = "2")]
    pub(super) coin_id: String,
    #[prost(string, tag = "3")]
    pub(super) balance_amount: String,
    #[prost(string, tag = "4")]
    pub(super) balance_amount_change: String,
    #[prost(string, tag = "5")]
    pub(super) frozen_amount: String,
    #[prost(string, tag = "6")]
    pub(super) frozen_amount_change: String,
    #[prost(string, tag = "7")]
    pub(super) kind: String,
    #[prost(int64, tag = "8")]
    pub(super) time: i64,
}

/// A time of the protocol.
pub(super) fn ms(nanos: u64) -> i64 {
    i64::try_from(nanos / 1_000_000).unwrap_or(i64::MAX)
}
