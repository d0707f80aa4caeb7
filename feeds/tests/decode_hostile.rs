//! Every malformed frame is refused by name, and the next good one is read as if it had never come.
#![allow(missing_docs)]

mod decode_support;

use std::time::{Duration, Instant};

use crosstick_feeds::decode::{Decoded, Decoder, MAX_FRAME_BYTES, Reason};
use crosstick_model::{InstrumentId, Protocol};
use decode_support::*;

const GOOD: &[u8] = br#"{"stream":"btcusdt@bookTicker","data":{"u":1,"s":"BTCUSDT","b":"1","B":"2","a":"3","A":"4"}}"#;

/// Refused for `code`, with nothing left behind: good frames decode by both paths, and counters add up.
fn refused(decoder: &mut Decoder, frame: &[u8], code: &str, what: &str) {
    let before = *decoder.counters();
    let (decoded, ticks) = decode(decoder, frame);
    let Decoded::Refused(refusal) = decoded else { panic!("{what}: {decoded:?}") };
    assert_eq!(refusal.code(), code, "{what}");
    assert!(ticks.is_empty(), "{what}");
    let after = *decoder.counters();
    assert_eq!(after.refused[refusal.reason as usize], before.refused[refusal.reason as usize] + 1);
    assert_eq!(after.frames, after.ticks() + after.other + after.refused_total());
    assert_eq!(after.bytes, before.bytes + frame.len() as u64);
    assert_eq!(decode(decoder, GOOD).0, Decoded::Tick { fast: true }, "{what}");
    let (decoded, ticks) = decode_slow(decoder, GOOD);
    assert_eq!(decoded, Decoded::Tick { fast: false }, "{what}");
    assert_eq!(ticks[0].values.map(|v| v / 100_000_000), [1, 2, 3, 4], "{what}");
}

fn decoder() -> Decoder {
    knowing(Protocol::BinanceSpot, SCALE, &SYMBOLS)
}

#[test]
fn fixtures_are_refused_for_their_reason() {
    let mut decoder = decoder();
    for line in fixture("refused.txt") {
        refused(&mut decoder, line[2].as_bytes(), &line[1], &line[0]);
    }
}

#[test]
fn a_refusal_names_the_instrument_where_it_is_known() {
    let mut decoder = decoder();
    for line in fixture("refused.txt") {
        let Decoded::Refused(refusal) = decode(&mut decoder, line[2].as_bytes()).0 else { panic!("{}", line[0]) };
        let of_the_value =
            matches!(refusal.reason, Reason::TooPrecise | Reason::BadDecimal | Reason::Zero | Reason::WrongTimeUnit);
        if of_the_value {
            assert_eq!(refusal.instrument, Some(InstrumentId(0)), "{}", line[0]);
        }
        let of_the_text = matches!(refusal.reason, Reason::MalformedJson | Reason::UnknownSymbol | Reason::NotJson);
        if of_the_text {
            assert_eq!(refusal.instrument, None, "{}", line[0]);
        }
    }
}

#[test]
fn every_truncation_of_every_fixture_is_refused() {
    for (protocol, name, frame) in tick_fixtures() {
        let mut decoder = knowing(protocol, SCALE, &SYMBOLS);
        for cut in 0..frame.len() {
            let (decoded, ticks) = decode(&mut decoder, &frame.as_bytes()[..cut]);
            assert!(matches!(decoded, Decoded::Refused(_)) && ticks.is_empty(), "{name} cut at {cut}: {decoded:?}");
        }
        let counters = decoder.counters();
        assert_eq!(counters.refused_total(), frame.len() as u64);
        let truncated = counters.refused[Reason::Truncated as usize];
        assert!(truncated * 10 > counters.refused_total() * 8, "{name}: mostly called truncated: {counters:?}");
    }
}

#[test]
fn binary_and_compressed_bytes_are_refused() {
    let mut decoder = decoder();
    refused(&mut decoder, b"", "truncated", "nothing");
    refused(&mut decoder, b" \r\n\t", "truncated", "blanks");
    refused(&mut decoder, &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3], "not_json", "gzip");
    refused(&mut decoder, &[0xaa, 0x56, 0x4a, 0x55, 0xb2, 0x52, 0x00], "not_json", "deflate");
    refused(&mut decoder, &[0; 300], "not_json", "zeros");
    refused(&mut decoder, &[0xff; 300], "not_json", "ones");
    refused(&mut decoder, b"\xef\xbb\xbf{}", "not_json", "byte order mark");
    let noise: Vec<u8> = (0..4096u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let (decoded, _) = decode(&mut decoder, &noise);
    assert!(matches!(decoded, Decoded::Refused(_)), "{decoded:?}");
}

#[test]
fn bytes_that_are_no_utf8_are_refused_wherever_they_stand() {
    for (protocol, name, frame) in tick_fixtures() {
        let mut decoder = knowing(protocol, SCALE, &SYMBOLS);
        for at in 1..frame.len() {
            for bad in [&[0x80u8][..], &[0xff], &[0xc3, 0x28], &[0xed, 0xa0, 0x80], &[0xf4, 0x90, 0x80, 0x80]] {
                let mut bytes = frame.as_bytes()[..at].to_vec();
                bytes.extend_from_slice(bad);
                bytes.extend_from_slice(&frame.as_bytes()[at..]);
                let (decoded, _) = decode(&mut decoder, &bytes);
                assert!(
                    matches!(decoded, Decoded::Refused(r) if r.reason == Reason::InvalidUtf8),
                    "{name} {bad:?} at {at}: {decoded:?}"
                );
            }
        }
    }
}

#[test]
fn deep_nesting_is_refused_without_recursion() {
    let mut decoder = decoder();
    for open in ["[", "{\"a\":", "{\"e\":\"trade\",\"x\":[{\"y\":"] {
        refused(&mut decoder, open.repeat(10_000).as_bytes(), "too_deep", open);
    }
    let nested = |depth: usize| {
        let (open, close) = ("[".repeat(depth), "]".repeat(depth));
        format!(r#"{{"u":1,"s":"BTCUSDT","b":"1","B":"2","a":"3","A":"4","x":{open}{close}}}"#)
    };
    refused(&mut decoder, nested(10_000).as_bytes(), "too_deep", "closed again");
    refused(&mut decoder, nested(128).as_bytes(), "too_deep", "one too deep");
    assert_eq!(decode(&mut decoder, nested(127).as_bytes()).0, Decoded::Tick { fast: false });
}

#[test]
fn outsized_frames_are_refused_and_their_buffers_given_back() {
    let mut decoder = decoder();
    let start = Instant::now();
    let five_mb = |unit: &str| unit.repeat(5_000_000 / unit.len());
    for (what, text) in [
        ("blanks", five_mb(" ")),
        ("brackets", five_mb("[")),
        ("a string", format!("\"{}\"", five_mb("x"))),
        ("a list", format!("[{}0]", five_mb("0,"))),
        ("good fields", format!(r#"{{"u":1,"s":"BTCUSDT","b":"1","B":"2","a":"3","A":"4"{}}}"#, five_mb(" "))),
    ] {
        refused(&mut decoder, text.as_bytes(), "too_long", what);
    }
    // As long as allowed: parsed, in bounded time and memory.
    let longest = format!("[{}0]", "0,".repeat(MAX_FRAME_BYTES / 2 - 2));
    assert!(longest.len() <= MAX_FRAME_BYTES);
    assert_eq!(decode(&mut decoder, longest.as_bytes()).0, Decoded::Other);
    let digits = format!(r#"{{"u":{}}}"#, "9".repeat(MAX_FRAME_BYTES - 10));
    refused(&mut decoder, digits.as_bytes(), "bad_number", "a million digits");
    let price = format!(r#"{{"u":1,"s":"BTCUSDT","b":"{}","B":"2","a":"3","A":"4"}}"#, "0".repeat(500_000));
    assert_eq!(decode(&mut decoder, price.as_bytes()).0, Decoded::Tick { fast: false }, "zeros, however many");
    assert!(start.elapsed() < Duration::from_secs(60), "bounded, with a wide margin");
}
