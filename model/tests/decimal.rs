//! Decimals against arbitrary-precision arithmetic: every text at every scale, and back.
#![allow(missing_docs)]

use crosstick_model::decimal::POW10;
use crosstick_model::digits::{load8, scan_fixed, scan_uint, scan_uint_of};
use crosstick_model::{Decimal, DecimalError, parse_fixed};
use num_bigint::BigInt;
use proptest::prelude::*;

/// What `text` is worth at 10^-`decimals`, by the grammar and in unbounded arithmetic.
fn reference(text: &str, decimals: u8) -> Result<i64, DecimalError> {
    if text.is_empty() {
        return Err(DecimalError::Empty);
    }
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, part) = digits.split_once('.').map_or((digits, None), |(w, p)| (w, Some(p)));
    let numeric = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    if !numeric(whole) || part.is_some_and(|p| !numeric(p)) {
        return Err(DecimalError::Malformed);
    }
    let part = part.unwrap_or("");
    let all: BigInt = format!("{whole}{part}").parse().unwrap();
    let ten = BigInt::from(10);
    let scaled = all * ten.pow(u32::from(decimals));
    let unit = ten.pow(part.len() as u32);
    let value = &scaled / &unit;
    let value = if text.starts_with('-') { -value } else { value };
    match i64::try_from(value) {
        Err(_) => Err(DecimalError::TooLarge),
        Ok(_) if &scaled % &unit != BigInt::from(0) => Err(DecimalError::TooPrecise),
        Ok(value) => Ok(value),
    }
}

/// Equal, but for texts that are wrong in two ways, of which either may be told.
fn same(text: &str, decimals: u8) {
    let (got, expected) = (parse_fixed(text.as_bytes(), decimals), reference(text, decimals));
    match (got, expected) {
        (Err(DecimalError::TooLarge), Err(DecimalError::Malformed | DecimalError::TooPrecise)) => {}
        _ => assert_eq!(got, expected, "{text:?} at {decimals}"),
    }
}

#[test]
fn borders_of_the_range_at_every_scale() {
    for decimals in 0..=18u8 {
        for limit in [BigInt::from(i64::MAX), BigInt::from(i64::MIN)] {
            for offset in -2..=2 {
                let mantissa: BigInt = &limit + offset;
                let sign = if mantissa < BigInt::from(0) { "-" } else { "" };
                let width = usize::from(decimals) + 1;
                let digits = format!("{:0>width$}", mantissa.magnitude().to_string());
                let (whole, part) = digits.split_at(digits.len() - usize::from(decimals));
                let text = if part.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{part}") };
                let expected = i64::try_from(mantissa).map_err(|_| DecimalError::TooLarge);
                assert_eq!(parse_fixed(text.as_bytes(), decimals), expected, "{text} at {decimals}");
                assert_eq!(reference(&text, decimals), expected, "{text} at {decimals}");
                if let Ok(mantissa) = expected {
                    let shown = Decimal::new(i128::from(mantissa), decimals).to_string();
                    assert_eq!(parse_fixed(shown.as_bytes(), decimals), Ok(mantissa), "{shown}");
                }
            }
        }
    }
}

#[test]
fn every_shape_up_to_ten_digits_on_each_side() {
    for whole in 0..=10 {
        for part in 0..=10 {
            for (digit, last) in [("9", "9"), ("0", "0"), ("0", "1"), ("1", "0")] {
                let tail = if part == 0 { String::new() } else { digit.repeat(part - 1) + last };
                let texts = [format!("{}.{tail}", digit.repeat(whole)), digit.repeat(whole) + &tail];
                for text in texts {
                    for decimals in 0..=18 {
                        same(&text, decimals);
                        same(&format!("-{text}"), decimals);
                    }
                }
            }
        }
    }
}

#[test]
fn by_hand() {
    let cases: [(&str, u8, Result<i64, DecimalError>); 16] = [
        ("76650.00000000", 2, Ok(7_665_000)),
        ("0.00040000", 5, Ok(40)),
        ("0.00040000", 3, Err(DecimalError::TooPrecise)),
        ("1234567890.00", 0, Ok(1_234_567_890)),
        ("0.000000000001", 12, Ok(1)),
        ("12345678.12345678", 8, Ok(1_234_567_812_345_678)),
        ("92233720368.54775807", 8, Ok(i64::MAX)),
        ("92233720368.54775808", 8, Err(DecimalError::TooLarge)),
        ("-92233720368.54775808", 8, Ok(i64::MIN)),
        ("0000000000000000000000001.50", 2, Ok(150)),
        ("1.500000000000000000000000000", 2, Ok(150)),
        ("", 2, Err(DecimalError::Empty)),
        ("-", 2, Err(DecimalError::Malformed)),
        (".5", 2, Err(DecimalError::Malformed)),
        ("5.", 2, Err(DecimalError::Malformed)),
        ("1e5", 2, Err(DecimalError::Malformed)),
    ];
    for (text, decimals, expected) in cases {
        assert_eq!(parse_fixed(text.as_bytes(), decimals), expected, "{text:?} at {decimals}");
    }
    for junk in
        ["+1", " 1", "1 ", "1.2.3", "1,5", "--1", "0x1", "NaN", "inf", "1\0", "\u{663}", "1.\u{0}", "/", ":", "1:"]
    {
        assert_eq!(parse_fixed(junk.as_bytes(), 2), Err(DecimalError::Malformed), "{junk:?}");
    }
}

#[test]
fn no_byte_but_a_digit_is_taken_for_one() {
    for byte in 0..=255u8 {
        for at in 0..17 {
            let mut text = *b"12345678.12345678";
            text[at] = byte;
            let expected = std::str::from_utf8(&text).map_or(Err(DecimalError::Malformed), |t| reference(t, 8));
            let got = parse_fixed(&text, 8);
            // A point inside a number of 17 digits makes it too precise or too large as well.
            assert!(got == expected || got.is_err() && expected.is_err(), "{text:?}: {got:?} {expected:?}");
        }
    }
}

#[test]
fn a_word_near_the_end_of_a_text_is_filled_with_zero_bytes() {
    let text = b"0123456789abcdef";
    for length in 0..=text.len() {
        for at in 0..=length + 9 {
            let mut bytes = [0u8; 8];
            let rest = text[..length].get(at..).unwrap_or_default();
            let n = rest.len().min(8);
            bytes[..n].copy_from_slice(&rest[..n]);
            assert_eq!(load8(&text[..length], at), u64::from_le_bytes(bytes), "{length} {at}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn numbers_at_every_scale(text in "-?[0-9]{1,22}(\\.[0-9]{1,22})?", decimals in 0u8..=16) {
        same(&text, decimals);
    }

    #[test]
    fn short_numbers_with_trailing_zeros(text in "-?[0-9]{1,9}\\.[0-9]{0,6}0{0,6}", decimals in 0u8..=18) {
        same(&text, decimals);
    }

    #[test]
    fn anything_else(text in "[-+.0-9eE ]{0,12}", decimals in 0u8..=20) {
        same(&text, decimals);
    }

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..24), decimals in any::<u8>()) {
        if let Ok(value) = parse_fixed(&bytes, decimals) {
            prop_assert_eq!(reference(std::str::from_utf8(&bytes).unwrap(), decimals), Ok(value));
        }
    }

    #[test]
    fn mantissa_to_text_and_back(mantissa in any::<i64>(), decimals in 0u8..=18, shift in 0u32..19) {
        let mantissa = mantissa / POW10[shift as usize];
        let decimal = Decimal::new(i128::from(mantissa), decimals);
        let text = decimal.to_string();
        prop_assert_eq!(parse_fixed(text.as_bytes(), decimals), Ok(mantissa), "{}", text);
        prop_assert_eq!(text.parse::<Decimal>(), Ok(decimal));
        prop_assert!(!text.contains('.') || !text.ends_with('0'), "shortest: {}", text);
        prop_assert_eq!(decimal.at_scale(decimals), Some(mantissa));
    }

    #[test]
    fn a_decimal_is_its_text(text in "-?(0|[1-9][0-9]{0,17})(\\.[0-9]{0,15}[1-9])?", decimals in 0u8..=18) {
        let decimal: Decimal = text.parse().unwrap();
        let shown = if text == "-0" { "0".to_owned() } else { text.clone() };
        prop_assert_eq!(decimal.to_string(), shown);
        prop_assert_eq!(decimal.at_scale(decimals), reference(&text, decimals).ok());
    }

    #[test]
    fn whole_numbers(before in "[a-z]{0,9}", value in any::<u64>(), shift in 0u32..20, after in "[a-z,}]{0,9}") {
        let value = value / 10u64.pow(shift);
        let text = format!("{before}{value}{after}");
        let end = before.len() + value.to_string().len();
        let expected = (value < 10u64.pow(19)).then_some((value, end));
        prop_assert_eq!(scan_uint(text.as_bytes(), before.len()), expected);
        let exactly = |digits: usize| expected.filter(|e| e.1 - before.len() == digits).map(|e| e.0);
        prop_assert_eq!(scan_uint_of::<13>(text.as_bytes(), before.len()), exactly(13));
        prop_assert_eq!(scan_uint_of::<16>(text.as_bytes(), before.len()), exactly(16));
        let zeros = format!("{before}0{value}{after}");
        prop_assert_eq!(scan_uint(zeros.as_bytes(), before.len()), None, "a superfluous zero");
    }

    #[test]
    fn a_scan_stops_where_the_number_does(whole in 0u32..100_000_000, part in "[0-9]{1,8}", after in "[\"a-z,}]{0,9}", decimals in 0u8..=10) {
        let number = format!("{whole}.{part}");
        let text = format!("{number}{after}");
        let expected = reference(&number, decimals).ok().map(|value| (value, number.len()));
        prop_assert_eq!(scan_fixed(text.as_bytes(), 0, decimals), expected);
    }
}
