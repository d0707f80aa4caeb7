//! Writing text: JSON strings, decimals padded as venues pad them.

use crosstick_model::Decimal;

/// Appends `value` in decimal.
pub(crate) fn push_u64(out: &mut Vec<u8>, value: u64) {
    let mut digits = [0u8; 20];
    let mut at = digits.len();
    let mut rest = value;
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

/// Appends a non-negative `mantissa` × 10^-`decimals`, zeros added behind the point up to `pad` decimals.
pub(crate) fn push_fixed(out: &mut Vec<u8>, mantissa: i64, decimals: u8, pad: u8) {
    let mantissa = mantissa.max(0).unsigned_abs();
    let decimals = decimals.min(19);
    if decimals == 0 {
        push_u64(out, mantissa);
        if pad > 0 {
            out.push(b'.');
        }
    } else {
        let unit = 10u64.pow(u32::from(decimals));
        push_u64(out, mantissa / unit);
        out.push(b'.');
        let mut fraction = mantissa % unit;
        let start = out.len();
        out.resize(start + usize::from(decimals), b'0');
        for place in out[start..].iter_mut().rev() {
            *place = b'0' + (fraction % 10) as u8;
            fraction /= 10;
        }
    }
    out.resize(out.len() + usize::from(pad.saturating_sub(decimals)), b'0');
}

/// A decimal with at least `pad` decimals, keeping all it was written with.
pub(crate) fn decimal_padded(value: Decimal, pad: u8) -> String {
    let mut text = String::new();
    let decimals = usize::from(value.decimals());
    if value.is_negative() {
        text.push('-');
    }
    let digits = format!("{:0width$}", value.mantissa().unsigned_abs(), width = decimals + 1);
    let (whole, fraction) = digits.split_at(digits.len() - decimals);
    text.push_str(whole);
    let pad = usize::from(pad);
    if decimals > 0 || pad > 0 {
        text.push('.');
        text.push_str(fraction);
        text.extend(std::iter::repeat_n('0', pad.saturating_sub(decimals)));
    }
    text
}

/// Appends `text` as a JSON string with its quotes.
pub(crate) fn push_json_string(out: &mut String, text: &str) {
    use std::fmt::Write;
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if u32::from(c) < 0x20 => {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// Rewrites the millisecond values of the top-level fields `E` and `T` of a payload as microseconds.
///
/// Only 13-digit values are touched, so applying it to microseconds changes nothing.
pub(crate) fn push_as_micros(out: &mut Vec<u8>, payload: &[u8]) {
    let mut at = 0;
    while let Some(&byte) = payload.get(at) {
        let rest = &payload[at..];
        if rest.starts_with(b"\"E\":") || rest.starts_with(b"\"T\":") {
            let digits = rest[4..].iter().take_while(|b| b.is_ascii_digit()).count();
            out.extend_from_slice(&rest[..4 + digits]);
            if digits == 13 {
                out.extend_from_slice(b"000");
            }
            at += 4 + digits;
        } else {
            out.push(byte);
            at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fixed(mantissa: i64, decimals: u8, pad: u8) -> String {
        let mut out = Vec::new();
        push_fixed(&mut out, mantissa, decimals, pad);
        String::from_utf8(out).expect("ascii")
    }

    #[test]
    fn decimals_are_padded_as_venues_do() {
        assert_eq!(fixed(2_816_547, 2, 8), "28165.47000000");
        assert_eq!(fixed(5, 0, 8), "5.00000000");
        assert_eq!(fixed(5, 0, 0), "5");
        assert_eq!(fixed(7, 8, 8), "0.00000007");
        assert_eq!(fixed(2_814_510, 2, 0), "28145.10");
        assert_eq!(decimal_padded(Decimal::new(10, 2), 0), "0.10");
        assert_eq!(decimal_padded(Decimal::new(1, 2), 8), "0.01000000");
        assert_eq!(decimal_padded(Decimal::new(5, 0), 8), "5.00000000");
        assert_eq!(decimal_padded(Decimal::new(1, 0), 0), "1");
    }

    #[test]
    fn json_strings_escape_what_json_asks_for() {
        let mut out = String::new();
        push_json_string(&mut out, "a\"b\\c\n\u{1}é");
        assert_eq!(out, "\"a\\\"b\\\\c\\n\\u0001é\"");
        assert_eq!(serde_json::from_str::<String>(&out).expect("json"), "a\"b\\c\n\u{1}é");
    }

    #[test]
    fn micros_touch_times_only() {
        let mut out = Vec::new();
        push_as_micros(&mut out, br#"{"e":"trade","E":1723161255343,"t":1723161255343,"T":1723161255342}"#);
        assert_eq!(out, br#"{"e":"trade","E":1723161255343000,"t":1723161255343,"T":1723161255342000}"#);
        let mut again = Vec::new();
        push_as_micros(&mut again, &out);
        assert_eq!(again, out);
    }
}
