//! From an approved order to the bytes of its frame nothing is allocated, and for an answer once at most.

#[path = "support/counting.rs"]
mod counting;
#[path = "support/orders.rs"]
mod orders;
mod support;

use counting::{ALLOCATIONS, Counting};
use crosstick_engine::config::Overrides;
use crosstick_execution::binance::{Answer, Auth, EncoderSpec, Heard, Request, RunId, Signer, hear};
use crosstick_model::{Side, TimeInForce};
use orders::Gate;
use support::demo;

#[global_allocator]
static COUNTING: Counting = Counting;

/// The one Ed25519 private key that Binance's documentation publishes.
const PEM: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIIJEYWtGBrhACmb9Dvy+qa8WEf0lQOl1s4CLIAB9m89u\n\
                   -----END PRIVATE KEY-----\n";

#[test]
fn orders_and_cancels_allocate_nothing() {
    let (_, universe) = demo::load(&demo::config_text(), &Overrides::none());
    let instrument = orders::of_venue(&universe, "alpha").next().expect("an instrument").clone();
    let hmac = || Signer::hmac("a secret").expect("a signer");
    let ed25519 = || Signer::ed25519_pem(PEM).expect("a signer");
    for (name, signer, auth, count) in [
        ("session", ed25519(), Auth::Session, 20_000),
        ("HMAC", hmac(), Auth::PerRequest, 20_000),
        ("Ed25519", ed25519(), Auth::PerRequest, 200),
    ] {
        let spec = EncoderSpec { api_key: "key", signer, auth, run: RunId(1), recv_window_ms: Some(500) };
        let mut encoder = orders::encoder(&universe, "alpha", spec);
        let mut gate = Gate::new(&universe);
        let (mut allocations, mut bytes) = (0, 0);
        for n in 0..count {
            let nth = n as i64 % 50 + 1;
            let price = instrument.price_step * (5_000_000 + nth * nth * 37);
            let quantity = instrument.quantity_step * (1_000 + nth * 11);
            let side = if nth % 2 == 0 { Side::Buy } else { Side::Sell };
            let order = gate.approve(&instrument, side, price, quantity, TimeInForce::Ioc);
            let id = orders::id(&order);
            let before = ALLOCATIONS.get();
            bytes += encoder.place(order, 1_754_000_000_000 + n as u64).map_or(0, <[u8]>::len);
            bytes += encoder.cancel(instrument.id, id, n as u64).map_or(0, <[u8]>::len);
            encoder.idle();
            allocations += ALLOCATIONS.get() - before;
            gate.ended(&instrument, id, quantity);
        }
        println!("{name}: {} bytes an order and its cancel, {allocations} allocations", bytes / count);
        assert!(bytes / count > 300, "all were written");
        assert_eq!(allocations, 0, "{name}");
    }
}

#[test]
fn answers_allocate_once_at_most() {
    let answers = [
        r#"{"id":"p0000000042","status":200,"result":{"symbol":"BTCUSDT","orderId":12569099453,"orderListId":-1,
            "clientOrderId":"ct00000000001-0000000042","transactTime":1660801715639},"rateLimits":[{"rateLimitType":
            "ORDERS","interval":"SECOND","intervalNum":10,"limit":50,"count":1}]}"#,
        r#"{"id":"c0000000042","status":400,"error":{"code":-2011,"msg":"Unknown order sent."},"rateLimits":[]}"#,
        r#"{"subscriptionId":0,"event":{"e":"executionReport","E":1499405658658,"s":"ETHBTC","i":4293153}}"#,
    ];
    let before = ALLOCATIONS.get();
    let mut heard = [None; 3];
    for _ in 0..1_000 {
        heard = answers.map(|text| hear(text.as_bytes()));
    }
    assert!(ALLOCATIONS.get() - before <= 3_000);
    let order = crosstick_model::OrderId(42);
    let of = |request, status, code| Some(Heard::Answer(Answer { request: Some(request), status, code }));
    let expected =
        [of(Request::Place(order), 200, None), of(Request::Cancel(order), 400, Some(-2011)), Some(Heard::Event)];
    assert_eq!(heard, expected);
}
