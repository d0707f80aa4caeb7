//! The generator's frames as each venue writes them.

use crosstick_model::Protocol;

use super::{Body, FlowEvent};
use crate::rules::{StreamKind, TimeUnit};
use crate::text::{push_fixed, push_u64};

/// How an instrument's numbers are written.
#[derive(Debug, Clone)]
pub(crate) struct Writer {
    pub(crate) protocol: Protocol,
    pub(crate) symbol: String,
    pub(crate) pair: String,
    pub(crate) price_decimals: u8,
    pub(crate) quantity_decimals: u8,
}

/// What spot pads its decimals to.
const SPOT_DECIMALS: u8 = 8;

struct Text<'a> {
    out: &'a mut Vec<u8>,
    writer: &'a Writer,
    start_ns: u64,
    unit: TimeUnit,
}

impl Text<'_> {
    fn raw(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    fn int(&mut self, name: &str, value: u64) {
        self.raw(name);
        push_u64(self.out, value);
    }

    fn time(&mut self, name: &str, ns: u64) {
        let at = self.start_ns.saturating_add(ns);
        self.int(name, if self.unit == TimeUnit::Micros { at / 1_000 } else { at / 1_000_000 });
    }

    fn fixed(&mut self, name: &str, mantissa: i64, decimals: u8) {
        self.raw(name);
        let pad = if self.writer.protocol == Protocol::BinanceSpot { SPOT_DECIMALS } else { 0 };
        push_fixed(self.out, mantissa, decimals, pad);
        self.raw("\"");
    }

    fn price(&mut self, name: &str, mantissa: i64) {
        self.fixed(name, mantissa, self.writer.price_decimals);
    }

    fn quantity(&mut self, name: &str, mantissa: i64) {
        self.fixed(name, mantissa, self.writer.quantity_decimals);
    }

    fn symbol(&mut self, name: &str) {
        self.raw(name);
        self.out.extend_from_slice(self.writer.symbol.as_bytes());
        self.raw("\"");
    }
}

impl Writer {
    /// Appends the payload of an event; its times count from `start_ns`.
    pub(crate) fn push(&self, out: &mut Vec<u8>, event: &FlowEvent, start_ns: u64, unit: TimeUnit) {
        let text = &mut Text { out, writer: self, start_ns, unit };
        let spot = matches!(self.protocol, Protocol::BinanceSpot | Protocol::MexcSpot);
        match event.body {
            Body::Quote { update_id, bid, bid_quantity, ask, ask_quantity } => {
                match self.protocol {
                    // MEXC's book is shown in its own words; as recordings, its flow is written as spot's.
                    Protocol::BinanceSpot | Protocol::MexcSpot => text.int("{\"u\":", update_id),
                    Protocol::BinanceUsdm => text.int("{\"e\":\"bookTicker\",\"u\":", update_id),
                    Protocol::BinanceCoinm => {
                        text.int("{\"u\":", update_id);
                        text.raw(",\"e\":\"bookTicker\"");
                    }
                }
                text.symbol(",\"s\":\"");
                if self.protocol == Protocol::BinanceCoinm {
                    text.raw(",\"ps\":\"");
                    text.raw(&self.pair);
                    text.raw("\"");
                }
                text.price(",\"b\":\"", bid);
                text.quantity(",\"B\":\"", bid_quantity);
                text.price(",\"a\":\"", ask);
                text.quantity(",\"A\":\"", ask_quantity);
                if !spot {
                    text.time(",\"T\":", event.match_ns);
                    text.time(",\"E\":", event.event_ns);
                }
                text.raw("}");
            }
            Body::Trade { id, price, quantity, taker_sold } => {
                text.time("{\"e\":\"trade\",\"E\":", event.event_ns);
                if !spot {
                    text.time(",\"T\":", event.match_ns);
                }
                text.symbol(",\"s\":\"");
                text.int(",\"t\":", id);
                text.price(",\"p\":\"", price);
                text.quantity(",\"q\":\"", quantity);
                if spot {
                    text.time(",\"T\":", event.match_ns);
                } else {
                    text.raw(",\"X\":\"MARKET\"");
                }
                text.raw(if taker_sold { ",\"m\":true" } else { ",\"m\":false" });
                text.raw(if spot { ",\"M\":true}" } else { "}" });
            }
            Body::AggTrade { id, first, last, price, quantity, taker_sold } => {
                text.time("{\"e\":\"aggTrade\",\"E\":", event.event_ns);
                if spot {
                    text.symbol(",\"s\":\"");
                    text.int(",\"a\":", id);
                } else {
                    text.int(",\"a\":", id);
                    text.symbol(",\"s\":\"");
                }
                text.price(",\"p\":\"", price);
                text.quantity(",\"q\":\"", quantity);
                text.int(",\"f\":", first);
                text.int(",\"l\":", last);
                text.time(",\"T\":", event.match_ns);
                text.raw(if taker_sold { ",\"m\":true" } else { ",\"m\":false" });
                text.raw(if spot { ",\"M\":true}" } else { "}" });
            }
        }
    }
}

impl Body {
    /// The stream that this goes to.
    #[must_use]
    pub const fn kind(&self) -> StreamKind {
        match self {
            Self::Quote { .. } => StreamKind::BookTicker,
            Self::Trade { .. } => StreamKind::Trade,
            Self::AggTrade { .. } => StreamKind::AggTrade,
        }
    }

    /// Its trade id, or aggregate id.
    #[must_use]
    pub const fn trade_id(&self) -> Option<u64> {
        match self {
            Self::Quote { .. } => None,
            Self::Trade { id, .. } | Self::AggTrade { id, .. } => Some(*id),
        }
    }
}
