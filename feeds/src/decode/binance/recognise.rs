//! Which protocol a recording speaks, from its first frames. Cold: replay without a config asks once a file.

use crosstick_model::Protocol;
use simd_json::Node;

use super::super::TimeUnit;
use super::slow::{Fields, Key, SlowDecoder};

/// What a frame tells about the connection that it came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recognised {
    /// What the venue speaks.
    pub protocol: Protocol,
    /// What its times count in; `None` where the frame has none (a spot `bookTicker`).
    pub unit: Option<TimeUnit>,
}

/// What `frame` tells; `None` when it does not tell the protocols apart, or is no frame of these. Overwrites it.
#[must_use]
pub fn recognise(frame: &mut [u8]) -> Option<Recognised> {
    SlowDecoder::new().with_tape(frame, |nodes| {
        let nodes = nodes.ok()?;
        let top = Fields::read(nodes, 0)?;
        match top.node(Key::Data) {
            Some(Node::Object { .. }) if !top.has(Key::Event) => recognise_event(&top.data()?),
            _ => recognise_event(&top),
        }
    })
}

fn recognise_event(fields: &Fields<'_, '_>) -> Option<Recognised> {
    let symbol = fields.text(Key::Symbol).ok()?;
    let unit = match fields.uint(Key::EventTime) {
        Ok(time) if TimeUnit::Micro.to_us(time).is_some() => Some(TimeUnit::Micro),
        Ok(time) if TimeUnit::Milli.to_us(time).is_some() => Some(TimeUnit::Milli),
        _ => None,
    };
    // COIN-M contracts alone are quoted in bare dollars with a suffix: BTCUSD_PERP, BTCUSD_260925.
    if symbol.contains("USD_") {
        return Some(Recognised { protocol: Protocol::BinanceCoinm, unit });
    }
    let futures = match fields.text(Key::Event) {
        Err(_) if fields.has(Key::UpdateId) && fields.has(Key::Bid) => false,
        Ok("bookTicker" | "markPriceUpdate" | "forceOrder") => true,
        Ok("trade" | "aggTrade") => !fields.has(Key::BestMatch),
        Ok("depthUpdate") => fields.has(Key::PreviousId),
        _ => return None,
    };
    let protocol = if futures { Protocol::BinanceUsdm } else { Protocol::BinanceSpot };
    Some(Recognised { protocol, unit })
}
