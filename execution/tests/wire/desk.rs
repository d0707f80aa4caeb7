//! A gate that lets everything pass, and a server's eyes.

use std::io::Cursor;

use crosstick_execution::binance::{Auth, Encoder, EncoderError, EncoderSpec, RunId, Signer};
use crosstick_model::{
    Amount, AssetId, FeeAsset, Fees, GroupId, Instrument, InstrumentId, Intent, Kind, Protocol, Purpose, Quote, Scale,
    Side, Tick, TimeInForce, Universe, Venue, VenueId,
};
use crosstick_risk::{Approved, Limits, Rates, Risk};
use serde_json::Value;
use tungstenite::protocol::Role;
use tungstenite::{Message, WebSocket};

/// The documentation's HMAC key and its secret.
pub const KEY: &str = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A";
pub const SECRET: &str = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j";
/// The key's name in the documentation's Ed25519 examples, and the one private key that it publishes.
pub const ED_KEY: &str = "4yNzx3yWC5bS6YTwEkSRaC0nRmSQIIStAUOh1b6kqaBrTLIhjCpI5lJH8q8R8WNO";
pub const ED_PEM: &str = "-----BEGIN PRIVATE KEY-----\n\
                          MC4CAQAwBQYDK2VwBCIEIIJEYWtGBrhACmb9Dvy+qa8WEf0lQOl1s4CLIAB9m89u\n\
                          -----END PRIVATE KEY-----\n";
pub const RUN: RunId = RunId(1_754_000_000_000_000_000);

pub fn instrument(symbol: &str, scale: Scale, price_step: i64, quantity_step: i64) -> Instrument {
    Instrument {
        id: InstrumentId(0),
        venue: VenueId(0),
        symbol: symbol.into(),
        base: AssetId(1),
        quote: AssetId(0),
        settle: AssetId(0),
        kind: Kind::Spot,
        contract_size: Amount(10_000_000_000_000_000),
        scale,
        price_step,
        quantity_step,
        min_quantity: 1,
        min_notional: Amount::ZERO,
        market: None,
    }
}

/// What risk approves of an order, if it does. The instrument's steps are 1 here: finer than any.
pub fn approved(
    instrument: &Instrument,
    side: Side,
    price: i64,
    quantity: i64,
    tif: TimeInForce,
    nth: u64,
) -> Option<Approved> {
    let mut universe = Universe::default();
    for asset in ["USDT", "BTC"] {
        universe.asset(asset).unwrap();
    }
    let fees = Fees { maker_e8: 0, taker_e8: 0, asset: FeeAsset::Quote };
    universe.add_venue(Venue { id: VenueId(0), name: "a".into(), protocol: Protocol::BinanceSpot, fees }).unwrap();
    let finest = Instrument { price_step: 1, quantity_step: 1, ..instrument.clone() };
    let id = universe.add_instrument(finest).unwrap();
    let rates = Rates::new(&universe, AssetId(0), &[]);
    let limits = Limits { max_orders_per_second: 1000, ..Limits::NONE };
    let mut risk = Risk::new(&universe, limits, rates, None);
    // Around the order's price: the gate refuses what is far from the market.
    let bid = (price - 1).max(1);
    let quote = Quote { bid, bid_quantity: 1, ask: bid + 1, ask_quantity: 1 };
    risk.on_tick(0, &Tick::quote(id, 0, quote, 0, 0));
    let mut out = Vec::new();
    for group in 1..=nth {
        let intent = Intent {
            group: GroupId(group),
            leg: 0,
            instrument: id,
            side,
            price,
            quantity,
            time_in_force: tif,
            purpose: Purpose::Open,
        };
        risk.gate(0, &[intent], &mut out).ok()?;
    }
    out.pop()
}

pub fn hmac() -> Signer {
    Signer::hmac(SECRET).unwrap()
}

pub fn ed25519() -> Signer {
    Signer::ed25519_pem(ED_PEM).unwrap()
}

pub fn spec(signer: Signer, auth: Auth) -> EncoderSpec<'static> {
    let api_key = if signer.can_log_on() { ED_KEY } else { KEY };
    EncoderSpec { api_key, signer, auth, run: RUN, recv_window_ms: None }
}

pub fn encoder(spec: EncoderSpec<'_>, instrument: &Instrument) -> Result<Encoder, EncoderError> {
    Encoder::new(spec, [instrument])
}

/// A client's frame as a server reads it: tungstenite insists on the mask and unmasks.
pub fn text(frame: &[u8]) -> String {
    let mut server = WebSocket::from_raw_socket(Cursor::new(frame.to_vec()), Role::Server, None);
    let Message::Text(text) = server.read().expect("one whole frame") else { panic!("no text") };
    assert_eq!(server.get_ref().position(), frame.len() as u64, "nothing behind the frame");
    text.as_str().to_owned()
}

pub fn request(frame: &[u8]) -> Value {
    serde_json::from_str(&text(frame)).expect("JSON")
}

/// A parameter as it is signed: its text.
pub fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        other => panic!("{other} is no parameter"),
    }
}

/// What the venue's documentation says is signed.
pub fn signed_text(params: &Value) -> String {
    let mut pairs: Vec<_> = params.as_object().expect("an object").iter().filter(|(n, _)| *n != "signature").collect();
    pairs.sort_by_key(|(name, _)| name.as_str());
    pairs.iter().map(|(name, value)| format!("{name}={}", plain(value))).collect::<Vec<_>>().join("&")
}
