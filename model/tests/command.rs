//! Reasons hold only what may be printed, whatever they are made of.

use crosstick_model::Reason;
use crosstick_model::command::REASON_BYTES;
use proptest::prelude::*;

#[test]
fn what_is_not_printed_becomes_one_blank() {
    for (given, kept) in [
        ("", ""),
        (" \t\n ", ""),
        ("gone wrong", "gone wrong"),
        ("  a\r\n\tb\u{0}c  ", "a b c"),
        ("\u{1b}[31mred\u{1b}[0m", "[31mred [0m"),
        ("right\u{202e}tfel", "right tfel"),
        ("naïve – 日本", "naïve – 日本"),
    ] {
        assert_eq!(Reason::new(given).text(), kept, "{given:?}");
    }
    assert_eq!(Reason::from_bytes(b"a\xffb\xc3\0never").text(), "a\u{fffd}b\u{fffd}");
    assert!(Reason::from_bytes(&[0; 40]).is_empty() && Reason::NONE.is_empty());
}

#[test]
fn what_is_too_long_is_cut_between_characters() {
    let text = "ä".repeat(REASON_BYTES);
    assert_eq!(Reason::new(&text).text(), "ä".repeat(REASON_BYTES / 2));
    let odd = format!("x{text}");
    assert_eq!(Reason::new(&odd).text(), format!("x{}", "ä".repeat(REASON_BYTES / 2 - 1)));
    // A blank that would be the last byte is left out, and nothing shorter comes behind what did not fit.
    let full = "y".repeat(REASON_BYTES - 1);
    assert_eq!(Reason::new(&format!("{full} z")).text(), full);
    assert_eq!(Reason::new(&format!("{full}äz")).text(), full);
}

proptest! {
    #[test]
    fn any_bytes_make_a_line_that_may_be_printed(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let reason = Reason::from_bytes(&bytes);
        let text = reason.text();
        prop_assert!(text.len() <= REASON_BYTES && !text.chars().any(char::is_control));
        prop_assert_eq!(text.trim(), text);
        prop_assert!(!text.contains("  "));
        prop_assert_eq!(reason.as_bytes(), text.as_bytes());
        prop_assert_eq!(Reason::from_bytes(reason.padded()), reason);
        prop_assert_eq!(Reason::new(text), reason);
    }
}
