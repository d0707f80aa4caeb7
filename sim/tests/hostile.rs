//! Whatever bytes come, in whatever pieces: no panic, bounded memory, and the venue goes on.

use crosstick_model::Protocol;
use crosstick_sim::{ConnectionState, Frame, Rules, VenueMachine};
use proptest::collection::vec;
use proptest::prelude::*;

const UPGRADE: &[u8] = b"GET /ws/x@trade HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

fn piece() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        vec(any::<u8>(), 0..64),
        Just(UPGRADE.to_vec()),
        Just(b"GET /api/v3/exchangeInfo?symbols=%5B HTTP/1.1\r\n\r\n".to_vec()),
        // Masked frames with a mask of zeros, so that the text reads as it stands.
        "\\PC{0,60}".prop_map(|text| {
            let mut frame = vec![0x81, 0x80 | text.len().min(125) as u8, 0, 0, 0, 0];
            frame.extend(text.bytes().take(125));
            frame
        }),
        (0u8..16, any::<u8>()).prop_map(|(opcode, length)| vec![0x80 | opcode, length, 0, 0, 0, 0]),
    ]
}

proptest! {
    #[test]
    fn any_bytes_in_any_pieces(upgraded in any::<bool>(), pieces in vec((piece(), 0u64..3_000), 0..40)) {
        let rules = Rules { queue_bytes_max: 16 * 1024, ..Rules::of(Protocol::BinanceSpot) };
        let mut venue = VenueMachine::new("v", Protocol::BinanceSpot, rules, Vec::new(), ["x@trade".to_owned()]);
        let mut now = 1_700_000_000_000_000_000u64;
        let good = venue.open(now).expect("room");
        venue.input(good, UPGRADE, now);
        let id = venue.open(now).expect("room");
        if upgraded {
            venue.input(id, UPGRADE, now);
        }
        for (bytes, wait_ms) in pieces {
            venue.input(id, &bytes, now);
            now += wait_ms * 1_000_000;
            venue.advance(now);
            prop_assert!(venue.output(id).len() <= 16 * 1024 + 1_024, "what waits is bounded");
            venue.written(good, venue.output(good).len());
        }
        // The ping, the end of waiting for its answer, the end of waiting for an answer to the close.
        for _ in 0..3 {
            now += 100_000_000_000;
            venue.advance(now);
        }
        prop_assert_ne!(venue.state(id), ConnectionState::Open, "who answers no ping and no close is not kept");
        venue.gone(id);
        let third = venue.open(now).expect("room");
        venue.input(third, UPGRADE, now);
        let stream = venue.stream("x@trade").expect("known");
        venue.written(third, venue.output(third).len());
        venue.publish(Frame { stream, trade_id: None, millis: b"{}", micros: None });
        prop_assert_eq!(venue.output(third), b"\x81\x02{}");
    }
}
