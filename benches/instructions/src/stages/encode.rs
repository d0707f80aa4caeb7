//! From an approved order to the bytes of its WebSocket frame.

use std::hint::black_box;

use crosstick_execution::binance::{Auth, Encoder, EncoderSpec, RunId, Signer};
use crosstick_model::VenueId;
use crosstick_risk::Approved;

use super::Stage;
use super::gate::approved;
use crate::world::one_market;

/// The one Ed25519 private key that Binance's documentation publishes.
const PEM: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIIJEYWtGBrhACmb9Dvy+qa8WEf0lQOl1s4CLIAB9m89u\n\
                   -----END PRIVATE KEY-----\n";
const TIME_MS: u64 = 1_754_000_000_000;

fn stage(signer: Signer, auth: Auth) -> Stage {
    let universe = one_market(2);
    let spec = EncoderSpec { api_key: "key", signer, auth, run: RunId(1), recv_window_ms: Some(500) };
    let ours = universe.instruments.iter().filter(|i| i.venue == VenueId(0));
    let mut encoder = Encoder::new(spec, ours).expect("an encoder");
    let ours = || approved().into_iter().filter(|a| a.order().intent.instrument.0 == 0).collect::<Vec<Approved>>();
    let mut orders = ours();
    let count = orders.len() as u64;
    let mut sweep = move |orders: &mut Vec<Approved>| {
        let mut bytes = 0_u64;
        for (n, order) in orders.drain(..).enumerate() {
            bytes += black_box(encoder.place(order, TIME_MS + n as u64)).map_or(0, |frame| frame.len() as u64);
        }
        encoder.idle();
        bytes
    };
    let bytes = sweep(&mut orders);
    assert!(bytes > 200 * count, "every order was written");
    orders = ours();
    // An order's request always has the same length.
    Stage::new(count, bytes, move || sweep(&mut orders))
}

/// In a session that was logged on: no signature.
pub fn session() -> Stage {
    stage(Signer::ed25519_pem(PEM).expect("a key"), Auth::Session)
}

/// Signed by HMAC-SHA256.
pub fn hmac() -> Stage {
    stage(Signer::hmac("a secret").expect("a secret"), Auth::PerRequest)
}
