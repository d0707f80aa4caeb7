//! Which protocol a recording speaks, from its first frames. Cold; used where no config says it.
//!
//! What tells them apart (protocol facts, observed on the wire): a futures trade has `T` and `X` or an `a`
//! before its `s`; a futures bookTicker has `e`, `T` and `E`, a spot one has none of them; COIN-M frames
//! carry the pair `ps`, or a symbol with an underscore such as `BTCUSD_PERP`.

use crosstick_model::Protocol;
use serde_json::Value;

/// Frames that are looked at before giving up.
pub const FRAMES_MAX: usize = 2_000;

/// The protocol that one frame proves, if it does.
#[must_use]
pub fn recognise(frame: &[u8]) -> Option<Protocol> {
    let value: Value = serde_json::from_slice(frame).ok()?;
    let data = value.get("data").unwrap_or(&value);
    let symbol = data.get("s")?.as_str()?;
    let futures = |symbol: &str| {
        let inverse = data.get("ps").is_some() && symbol.contains("USD") && !symbol.ends_with("USDT");
        if inverse || symbol.contains("USD_") { Protocol::BinanceCoinm } else { Protocol::BinanceUsdm }
    };
    match data.get("e").and_then(Value::as_str) {
        Some("trade") if data.get("X").is_some() => Some(futures(symbol)),
        Some("trade") => Some(Protocol::BinanceSpot),
        Some("aggTrade") if data.get("M").is_some() => Some(Protocol::BinanceSpot),
        Some("aggTrade") => Some(futures(symbol)),
        Some("bookTicker") => Some(futures(symbol)),
        None if ["u", "b", "B", "a", "A"].iter().all(|key| data.get(key).is_some()) => Some(Protocol::BinanceSpot),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_of_each_protocol() {
        let cases: &[(&str, Option<Protocol>)] = &[
            (
                r#"{"stream":"btcusdt@bookTicker","data":{"u":5,"s":"BTCUSDT","b":"1","B":"1","a":"2","A":"1"}}"#,
                Some(Protocol::BinanceSpot),
            ),
            (
                r#"{"e":"trade","E":1,"s":"BTCUSDT","t":3,"p":"1","q":"1","T":1,"m":true,"M":true}"#,
                Some(Protocol::BinanceSpot),
            ),
            (
                r#"{"e":"trade","E":1,"T":1,"s":"BTCUSDT","t":3,"p":"1","q":"1","X":"MARKET","m":true}"#,
                Some(Protocol::BinanceUsdm),
            ),
            (
                r#"{"e":"aggTrade","E":1,"a":3,"s":"BTCUSD_PERP","p":"1","q":"1","f":1,"l":1,"T":1,"m":true}"#,
                Some(Protocol::BinanceCoinm),
            ),
            (
                r#"{"u":1,"e":"bookTicker","s":"ETHUSD_PERP","ps":"ETHUSD","b":"1","B":"1","a":"2","A":"1","T":1,"E":1}"#,
                Some(Protocol::BinanceCoinm),
            ),
            (
                r#"{"e":"bookTicker","u":1,"s":"BTCUSDT","b":"1","B":"1","a":"2","A":"1","T":1,"E":1,"ps":"BTCUSDT"}"#,
                Some(Protocol::BinanceUsdm),
            ),
            (r#"{"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","s":"BTCUSDT"}}"#, None),
            (r#"{"lastUpdateId":1,"bids":[],"asks":[]}"#, None),
            ("not json", None),
        ];
        for (frame, protocol) in cases {
            assert_eq!(recognise(frame.as_bytes()), *protocol, "{frame}");
        }
    }
}
