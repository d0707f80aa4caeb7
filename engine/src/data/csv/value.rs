//! Fields of rows as exact numbers, times and flags. Hot while reading.

use crosstick_feeds::decode::Reason;
use crosstick_model::decimal::{DecimalError, POW10};
use crosstick_model::{Decimal, parse_fixed};

/// A number at 10^-`decimals`, exact or refused: also spelt with an exponent (`3.53e-05`), as programs print floats.
pub(super) fn number(text: &[u8], decimals: u8) -> Result<i64, &'static str> {
    let value = match parse_fixed(text, decimals) {
        Err(DecimalError::Malformed) => with_exponent(text, decimals)?,
        other => other.map_err(|e| Reason::from(e).code())?,
    };
    if value < 0 { Err(Reason::Negative.code()) } else { Ok(value) }
}

fn with_exponent(text: &[u8], decimals: u8) -> Result<i64, &'static str> {
    let bad = Reason::BadDecimal.code();
    let text = std::str::from_utf8(text).map_err(|_| bad)?;
    let (mantissa, exponent) = text.split_once(['e', 'E']).ok_or(bad)?;
    let value: Decimal = mantissa.parse().map_err(|_| bad)?;
    let exponent: i32 = exponent.parse().map_err(|_| bad)?;
    if value.is_zero() {
        return Ok(0);
    }
    let value = value.normalised();
    // The value is mantissa × 10^(exponent − its decimals); at the scale that is mantissa × 10^shift.
    let shift = exponent.saturating_add(i32::from(decimals)).saturating_sub(i32::from(value.decimals()));
    let large = Reason::NumberTooLarge.code();
    if shift >= 0 {
        let factor = usize::try_from(shift).ok().and_then(|s| POW10.get(s)).ok_or(large)?;
        let scaled = value.mantissa().checked_mul(i128::from(*factor)).ok_or(large)?;
        return i64::try_from(scaled).map_err(|_| large);
    }
    // Without trailing zeros behind the point, but 1230e-1 has some before it.
    let precise = Reason::TooPrecise.code();
    let unit = 10i128.checked_pow(shift.unsigned_abs()).ok_or(precise)?;
    if value.mantissa() % unit != 0 {
        return Err(precise);
    }
    i64::try_from(value.mantissa() / unit).map_err(|_| large)
}

/// An id.
pub(super) fn id(text: &[u8]) -> Result<u64, &'static str> {
    let digits = std::str::from_utf8(text).ok().filter(|t| t.bytes().all(|b| b.is_ascii_digit()));
    digits.and_then(|t| t.parse().ok()).ok_or(Reason::BadNumber.code())
}

/// `true`, `True`, `TRUE`, `1`, or the like with false.
pub(super) fn flag(text: &[u8]) -> Option<bool> {
    match text {
        b"true" | b"True" | b"TRUE" | b"1" | b"t" => Some(true),
        b"false" | b"False" | b"FALSE" | b"0" | b"f" => Some(false),
        _ => None,
    }
}

/// Whether the taker sold, by the taker's side.
pub(super) fn sold(text: &[u8]) -> Option<bool> {
    let is = |words: [&str; 3]| words.iter().any(|w| text.eq_ignore_ascii_case(w.as_bytes()));
    if is(["sell", "s", "ask"]) {
        Some(true)
    } else if is(["buy", "b", "bid"]) {
        Some(false)
    } else {
        None
    }
}

/// What a column's times count in, since the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    /// Seconds: 10 digits, decimals allowed.
    S,
    /// Milliseconds: 13 digits.
    Ms,
    /// Microseconds: 16 digits.
    Us,
    /// Nanoseconds: 19 digits.
    Ns,
}

impl Unit {
    /// The unit whose times have as many digits as this one before its point.
    pub fn of(text: &[u8]) -> Option<Self> {
        match text.iter().take_while(|b| b.is_ascii_digit()).count() {
            10 => Some(Self::S),
            13 => Some(Self::Ms),
            16 => Some(Self::Us),
            19 => Some(Self::Ns),
            _ => None,
        }
    }

    /// The unit of that name at the end of a column's name.
    pub fn of_name(name: &str) -> Option<Self> {
        match name {
            "s" => Some(Self::S),
            "ms" => Some(Self::Ms),
            "us" => Some(Self::Us),
            "ns" => Some(Self::Ns),
            _ => None,
        }
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::S => "seconds",
            Self::Ms => "milliseconds",
            Self::Us => "microseconds",
            Self::Ns => "nanoseconds",
        }
    }

    const fn decimals(self) -> u8 {
        match self {
            Self::S => 9,
            Self::Ms => 6,
            Self::Us => 3,
            Self::Ns => 0,
        }
    }

    /// A time in ns since the epoch.
    pub fn to_ns(self, text: &[u8]) -> Option<u64> {
        if Self::of(text) != Some(self) {
            return None;
        }
        // Decimals beyond a nanosecond are zeros or no time that we can keep.
        u64::try_from(parse_fixed(text, self.decimals()).ok()?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_exact_or_refused() {
        let good: [(&str, u8, i64); 12] = [
            ("43059.97", 8, 4_305_997_000_000),
            ("0.00713", 8, 713_000),
            ("3.53e-05", 8, 3_530),
            ("3.528E-5", 8, 3_528),
            ("8e-05", 8, 8_000),
            ("1e+2", 2, 10_000),
            ("1.5e3", 0, 1_500),
            ("1230e-1", 0, 123),
            ("0e-40", 8, 0),
            ("-0.0", 8, 0),
            ("0.0e5", 8, 0),
            ("100.0", 0, 100),
        ];
        for (text, decimals, value) in good {
            assert_eq!(number(text.as_bytes(), decimals), Ok(value), "{text}");
        }
        let bad = [
            ("3.53e-09", 8, "too_precise"),
            ("0.30000000000000004", 8, "too_precise"),
            ("1e-40", 8, "too_precise"),
            ("1e400", 8, "number_too_large"),
            ("1e-99999999999", 8, "bad_decimal"),
            ("1e30", 8, "number_too_large"),
            ("-1", 8, "negative"),
            ("-1e-2", 8, "negative"),
            ("", 8, "bad_decimal"),
            ("nan", 8, "bad_decimal"),
            ("inf", 8, "bad_decimal"),
            ("1e", 8, "bad_decimal"),
            ("e5", 8, "bad_decimal"),
            ("1.e5", 8, "bad_decimal"),
            (" 1", 8, "bad_decimal"),
            ("1,5", 8, "bad_decimal"),
        ];
        for (text, decimals, reason) in bad {
            assert_eq!(number(text.as_bytes(), decimals), Err(reason), "{text}");
        }
    }

    #[test]
    fn times_by_their_digits() {
        let ns = 1_735_689_600_010_866_123;
        for (text, unit, part) in [
            ("1735689600", Unit::S, 1_000_000_000),
            ("1735689600.010866123", Unit::S, 1),
            ("1735689600010", Unit::Ms, 1_000_000),
            ("1735689600010866", Unit::Us, 1_000),
            ("1735689600010866123", Unit::Ns, 1),
        ] {
            assert_eq!(Unit::of(text.as_bytes()), Some(unit), "{text}");
            assert_eq!(unit.to_ns(text.as_bytes()), Some(ns / part * part), "{text}");
        }
        assert_eq!(Unit::Ms.to_ns(b"1735689600010866"), None, "another unit");
        assert_eq!(Unit::Ms.to_ns(b"17356896000x0"), None);
        assert_eq!(Unit::of(b"2025-01-01 00:00:00"), None);
    }
}
