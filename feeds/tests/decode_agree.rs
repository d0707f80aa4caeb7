//! The two paths are one decoder: what the fast one accepts, the slow one reads identically.
#![allow(missing_docs)]

mod decode_support;

use crosstick_feeds::decode::{Decoded, Decoder, TimeUnit};
use crosstick_model::{Protocol, Scale, Tick};
use decode_support::*;
use proptest::prelude::*;
use serde_json::Value;

/// The agreement itself; returns whether the fast path took the frame.
fn agree(decoder: &mut Decoder, frame: &[u8]) -> bool {
    let fast = decoder.decode_fast_only(frame, RECV_NS);
    let Some(fast) = fast else { return false };
    let (decoded, ticks) = decode_slow(decoder, frame);
    let text = String::from_utf8_lossy(frame);
    assert_eq!(decoded, Decoded::Tick { fast: false }, "only the fast path takes {text}");
    assert_eq!(ticks, [fast], "{text}");
    true
}

/// What the slow path takes as a tick must be what serde_json reads.
fn slow_is_right(decoder: &mut Decoder, frame: &[u8], scale: Scale) {
    let (decoded, ticks) = decode_slow(decoder, frame);
    if !matches!(decoded, Decoded::Tick { .. }) {
        return;
    }
    let text = std::str::from_utf8(frame).expect("a tick is UTF-8");
    let id_of = |symbol: &str| SYMBOLS.iter().position(|s| *s == symbol).expect("known") as u16;
    let expected: Option<Tick> = independent(text, scale, 1000, id_of);
    assert_eq!(ticks.first(), expected.as_ref(), "{text}");
}

#[test]
fn every_byte_changed_in_every_way_that_matters() {
    let scales = [SCALE, Scale::new(2, 5).unwrap(), Scale::new(12, 0).unwrap()];
    let mut accepted = 0u64;
    for (protocol, _, frame) in tick_fixtures() {
        for scale in scales {
            let mut decoder = knowing(protocol, scale, &SYMBOLS);
            let mut bytes = frame.clone().into_bytes();
            for at in 0..bytes.len() {
                let original = bytes[at];
                for value in 0..=255 {
                    bytes[at] = value;
                    accepted += u64::from(agree(&mut decoder, &bytes));
                }
                bytes[at] = original;
            }
        }
    }
    assert!(accepted > 50_000, "changed digits stay good frames: {accepted}");
}

/// The ordered pass knows no frame before; a decoder that has read a frame compares the next ones with it.
#[test]
fn what_was_learnt_of_a_frame_changes_no_answer() {
    let bytes_of_interest = b"0159./:;\"-+,e azAZ{}\\\0\x1f\x7f\x80\xb0\xff";
    let (mut accepted, mut refused) = (0u64, 0u64);
    for (protocol, _, frame) in tick_fixtures() {
        for scale in [SCALE, Scale::new(2, 5).unwrap(), Scale::new(0, 0).unwrap(), Scale::new(12, 4).unwrap()] {
            let mut bytes = frame.clone().into_bytes();
            let Some(tick) = knowing(protocol, scale, &SYMBOLS).decode_fast_only(&bytes, RECV_NS) else { continue };
            let (mut learnt, mut ordered) = (knowing(protocol, scale, &SYMBOLS), knowing(protocol, scale, &SYMBOLS));
            for time in [RECV_NS, RECV_NS + 1] {
                let again = learnt.decode_fast_only(&bytes, time);
                assert_eq!(
                    again.map(|t| (t.values, t.venue_seq, t.recv_ns)),
                    Some((tick.values, tick.venue_seq, time))
                );
            }
            for at in 0..bytes.len() {
                let original = bytes[at];
                for value in bytes_of_interest {
                    bytes[at] = *value;
                    let fresh = ordered.decode_ordered_only(&bytes, RECV_NS);
                    let text = String::from_utf8_lossy(&bytes);
                    assert_eq!(learnt.decode_fast_only(&bytes, RECV_NS), fresh, "{protocol} {scale:?} {text}");
                    *(if fresh.is_some() { &mut accepted } else { &mut refused }) += 1;
                }
                bytes[at] = original;
            }
        }
    }
    assert!(accepted > 5_000 && refused > 50_000, "{accepted} {refused}");
}

#[test]
fn every_byte_removed_or_doubled_and_every_pair_swapped() {
    for (protocol, _, frame) in tick_fixtures() {
        let mut decoder = knowing(protocol, SCALE, &SYMBOLS);
        let bytes = frame.as_bytes();
        for at in 0..bytes.len() {
            let mut shorter = bytes.to_vec();
            shorter.remove(at);
            agree(&mut decoder, &shorter);
            slow_is_right(&mut decoder, &shorter, SCALE);
            let mut longer = bytes.to_vec();
            longer.insert(at, bytes[at]);
            agree(&mut decoder, &longer);
            slow_is_right(&mut decoder, &longer, SCALE);
            for other in at + 1..bytes.len().min(at + 24) {
                let mut swapped = bytes.to_vec();
                swapped.swap(at, other);
                agree(&mut decoder, &swapped);
            }
        }
    }
}

#[test]
fn every_run_of_bytes_cut_out() {
    for (protocol, _, frame) in tick_fixtures() {
        let mut decoder = knowing(protocol, SCALE, &SYMBOLS);
        let bytes = frame.as_bytes();
        for from in 0..bytes.len() {
            for to in from + 1..=bytes.len() {
                let cut = [&bytes[..from], &bytes[to..]].concat();
                agree(&mut decoder, &cut);
            }
        }
    }
}

/// A frame out of valid parts: fields in any order, unknown ones between, blanks where JSON allows them.
fn rebuilt(frame: &str, order: &[usize], extra: &[(usize, String)], blanks: &[u8]) -> String {
    let root: Value = serde_json::from_str(frame).unwrap();
    let object = root.get("data").unwrap_or(&root).as_object().unwrap();
    let mut fields: Vec<String> = object.iter().map(|(k, v)| format!("{}:{v}", Value::String(k.clone()))).collect();
    for (i, to) in order.iter().enumerate() {
        let n = fields.len();
        fields.swap(i % n, to % n);
    }
    for (at, field) in extra {
        fields.insert(at % (fields.len() + 1), field.clone());
    }
    let mut blank = blanks.iter().cycle();
    let mut gap = || match blank.next() {
        Some(1) => " ",
        Some(2) => "\n\t",
        _ => "",
    };
    let mut data = String::from("{");
    for (i, field) in fields.iter().enumerate() {
        data += if i == 0 { "" } else { "," };
        data += gap();
        data += field;
        data += gap();
    }
    data.push('}');
    match root.get("stream") {
        Some(stream) if order.len().is_multiple_of(2) => format!("{{\"stream\":{}{stream},\"data\":{data}}}", gap()),
        Some(stream) => format!("{{{}\"data\":{data},\"stream\":{stream}}}", gap()),
        None => data,
    }
}

fn unknown_field() -> impl Strategy<Value = String> {
    let value = prop_oneof![
        Just("null".to_owned()),
        Just("[1,[2,{\"p\":\"0.1\"}],true]".to_owned()),
        Just("{\"e\":\"kline\",\"s\":\"X\"}".to_owned()),
        Just("\"a\\\"b\\\\\\u00e9\"".to_owned()),
        any::<i64>().prop_map(|v| v.to_string()),
        "[a-z ]{0,20}".prop_map(|v| format!("{v:?}")),
    ];
    let key = prop_oneof![Just("z".to_owned()), Just("st".to_owned()), Just("ps".to_owned()), "[g-k][a-z]{1,6}"];
    (key, value).prop_map(|(k, v)| format!("{k:?}:{v}"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_order_with_unknown_fields_is_read_and_read_alike(
        pick in any::<prop::sample::Index>(),
        order in prop::collection::vec(any::<usize>(), 0..12),
        extra in prop::collection::vec((any::<usize>(), unknown_field()), 0..4),
        blanks in prop::collection::vec(0u8..3, 1..8),
    ) {
        let frames = tick_fixtures();
        let (protocol, _, frame) = pick.get(&frames);
        let text = rebuilt(frame, &order, &extra, &blanks);
        let mut decoder = knowing(*protocol, SCALE, &SYMBOLS);
        agree(&mut decoder, text.as_bytes());
        let (decoded, ticks) = decode(&mut decoder, text.as_bytes());
        prop_assert!(matches!(decoded, Decoded::Tick { .. }), "{decoded:?} {text}");
        let (_, straight) = decode(&mut decoder, frame.as_bytes());
        prop_assert_eq!(ticks, straight, "{}", text);
    }

    #[test]
    fn mutated_frames_agree(
        pick in any::<prop::sample::Index>(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0u8..4, edit_bytes()), 1..5),
        scale in (0u8..=16, 0u8..=16),
    ) {
        let frames = tick_fixtures();
        let (protocol, _, frame) = pick.get(&frames);
        let scale = Scale::new(scale.0, scale.1.min(16 - scale.0)).unwrap();
        let mut bytes = frame.clone().into_bytes();
        for (at, how, with) in edits {
            let at = at.index(bytes.len().max(1)).min(bytes.len());
            match how {
                0 => { bytes.splice(at..at, with); }
                1 => { let end = (at + with.len()).min(bytes.len()); bytes.splice(at..end, with); }
                2 => { let end = (at + with.len()).min(bytes.len()); bytes.drain(at..end); }
                _ => bytes.truncate(at),
            }
        }
        let mut decoder = knowing(*protocol, scale, &SYMBOLS);
        agree(&mut decoder, &bytes);
        slow_is_right(&mut decoder, &bytes, scale);
    }

    #[test]
    fn numbers_of_any_length_agree(
        price in "[0-9]{1,22}(\\.[0-9]{1,20})?", quantity in "-?[0-9]{0,12}\\.?[0-9]{0,12}",
        id in "-?[0-9]{1,22}", time in "[0-9]{1,17}", scale in (0u8..=16, 0u8..=16), micro in any::<bool>(),
    ) {
        let scale = Scale::new(scale.0, scale.1.min(16 - scale.0)).unwrap();
        let unit = if micro { TimeUnit::Micro } else { TimeUnit::Milli };
        let mut spot = discovering(Protocol::BinanceSpot, unit, scale);
        decode(&mut spot, br#"{"u":1,"s":"X","b":"1","B":"1","a":"2","A":"1"}"#).1.clear();
        let trade = format!(r#"{{"e":"trade","E":{time},"s":"X","t":{id},"p":"{price}","q":"{quantity}","T":{time},"m":true,"M":true}}"#);
        agree(&mut spot, trade.as_bytes());
        let quote = format!(r#"{{"u":{id},"s":"X","b":"{quantity}","B":"{price}","a":"{price}","A":"{quantity}"}}"#);
        agree(&mut spot, quote.as_bytes());
    }

    #[test]
    fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let mut decoder = knowing(Protocol::BinanceSpot, SCALE, &SYMBOLS);
        agree(&mut decoder, &bytes);
        let _ = decode(&mut decoder, &bytes);
    }
}

/// Bytes that JSON and the layouts care about.
fn edit_bytes() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![
        3 => prop::sample::select(b"0123456789.\"{}[],:\\-+eEtfn \t\nabsuTMXpqm".to_vec()),
        1 => any::<u8>(),
    ];
    prop::collection::vec(byte, 1..6)
}
