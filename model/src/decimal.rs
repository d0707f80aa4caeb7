//! Exact decimals: text to integer mantissa at a given power of ten, and back, without rounding anywhere.
//!
//! A value that does not fit its scale is an error, never a rounded number; zeros beyond the scale are fine.
//! The grammar is `-?digits[.digits]`: no exponent, no plus sign, no blank, at least one digit on both sides
//! of a point.

use std::fmt;
use std::str::FromStr;

use crate::digits::scan_fixed;

/// Most decimals that a price scale, a quantity scale, or both together may have.
pub const MAX_DECIMALS: u8 = 16;

/// Powers of ten that fit an i64.
pub const POW10: [i64; 19] = {
    let mut table = [1i64; 19];
    let mut i = 1;
    while i < 19 {
        table[i] = table[i - 1] * 10;
        i += 1;
    }
    table
};

/// Ten to the power of `exponent`.
///
/// # Panics
/// When `exponent` is above 38, the largest power of ten that fits an i128.
#[must_use]
pub const fn pow10_i128(exponent: u32) -> i128 {
    10i128.pow(exponent)
}

/// Why a decimal text was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DecimalError {
    /// No characters at all.
    Empty,
    /// Something other than `-?digits[.digits]`.
    Malformed,
    /// A digit other than zero beyond the scale.
    TooPrecise,
    /// The mantissa does not fit.
    TooLarge,
}

impl fmt::Display for DecimalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "empty number",
            Self::Malformed => "not a plain decimal number",
            Self::TooPrecise => "more decimals than the scale holds",
            Self::TooLarge => "number too large",
        })
    }
}

impl std::error::Error for DecimalError {}

/// Reads decimal text as an integer mantissa at 10^-`decimals`.
///
/// `parse_fixed(b"1.50", 2)` is `Ok(150)`; `parse_fixed(b"1.505", 2)` is `Err(TooPrecise)`.
///
/// # Errors
/// See [`DecimalError`]. `decimals` above 18 is `TooLarge` for every value but zero.
#[inline]
pub fn parse_fixed(text: &[u8], decimals: u8) -> Result<i64, DecimalError> {
    match scan_fixed(text, 0, decimals) {
        Some((mantissa, end)) if end == text.len() => Ok(mantissa),
        _ => parse_fixed_any(text, decimals),
    }
}

/// Any length, any sign, and the reason of a refusal.
fn parse_fixed_any(text: &[u8], decimals: u8) -> Result<i64, DecimalError> {
    let (negative, digits) = match text {
        [] => return Err(DecimalError::Empty),
        [b'-', rest @ ..] => (true, rest),
        _ => (false, text),
    };
    // Negative accumulation reaches i64::MIN, which a positive one would not.
    let mut mantissa: i64 = 0;
    let mut i = 0;
    while i < digits.len() {
        let digit = digits[i].wrapping_sub(b'0');
        if digit > 9 {
            break;
        }
        mantissa = push_digit(mantissa, digit)?;
        i += 1;
    }
    if i == 0 {
        return Err(DecimalError::Malformed);
    }
    let mut missing = decimals;
    if i < digits.len() {
        if digits[i] != b'.' || i + 1 == digits.len() {
            return Err(DecimalError::Malformed);
        }
        i += 1;
        // The whole text is checked before a precision error is told, so that junk is always `Malformed`.
        let mut too_precise = false;
        let mut too_large = false;
        while i < digits.len() {
            let digit = digits[i].wrapping_sub(b'0');
            if digit > 9 {
                return Err(DecimalError::Malformed);
            }
            if missing > 0 {
                missing -= 1;
                match push_digit(mantissa, digit) {
                    Ok(next) => mantissa = next,
                    Err(_) => too_large = true,
                }
            } else if digit != 0 {
                too_precise = true;
            }
            i += 1;
        }
        if too_large {
            return Err(DecimalError::TooLarge);
        }
        if too_precise {
            return Err(DecimalError::TooPrecise);
        }
    }
    if missing > 0 && mantissa != 0 {
        let factor = *POW10.get(missing as usize).ok_or(DecimalError::TooLarge)?;
        mantissa = mantissa.checked_mul(factor).ok_or(DecimalError::TooLarge)?;
    }
    if negative { Ok(mantissa) } else { mantissa.checked_neg().ok_or(DecimalError::TooLarge) }
}

#[inline]
fn push_digit(mantissa: i64, digit: u8) -> Result<i64, DecimalError> {
    mantissa.checked_mul(10).and_then(|m| m.checked_sub(i64::from(digit))).ok_or(DecimalError::TooLarge)
}

/// A decimal of any scale up to 38 digits: what the config and the venue's filters state, and what prints
/// a mantissa as the shortest exact text.
///
/// Equality compares values (`1.50 == 1.5`).
#[derive(Debug, Clone, Copy)]
pub struct Decimal {
    mantissa: i128,
    decimals: u8,
}

impl Decimal {
    /// Zero.
    pub const ZERO: Self = Self { mantissa: 0, decimals: 0 };

    /// `mantissa` × 10^-`decimals`.
    #[must_use]
    pub const fn new(mantissa: i128, decimals: u8) -> Self {
        Self { mantissa, decimals }
    }

    /// The mantissa, at 10^-[`Self::decimals`].
    #[must_use]
    pub const fn mantissa(self) -> i128 {
        self.mantissa
    }

    /// The number of decimals that the mantissa carries; trailing zeros count.
    #[must_use]
    pub const fn decimals(self) -> u8 {
        self.decimals
    }

    /// The same value without trailing zeros behind the point.
    #[must_use]
    pub const fn normalised(self) -> Self {
        let (mut mantissa, mut decimals) = (self.mantissa, self.decimals);
        while decimals > 0 && mantissa % 10 == 0 {
            mantissa /= 10;
            decimals -= 1;
        }
        Self { mantissa, decimals }
    }

    /// The mantissa at another scale, when it is exact there and fits an i128.
    #[must_use]
    pub fn at_scale_i128(self, decimals: u8) -> Option<i128> {
        let value = self.normalised();
        let more = decimals.checked_sub(value.decimals)?;
        if value.mantissa == 0 {
            return Some(0);
        }
        value.mantissa.checked_mul(10i128.checked_pow(u32::from(more))?)
    }

    /// The mantissa at another scale, when it is exact there and fits an i64.
    #[must_use]
    pub fn at_scale(self, decimals: u8) -> Option<i64> {
        self.at_scale_i128(decimals)?.try_into().ok()
    }

    /// Below zero.
    #[must_use]
    pub const fn is_negative(self) -> bool {
        self.mantissa < 0
    }

    /// Zero.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.mantissa == 0
    }
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Self) -> bool {
        let (a, b) = (self.normalised(), other.normalised());
        a.mantissa == b.mantissa && a.decimals == b.decimals
    }
}

impl Eq for Decimal {}

impl From<i64> for Decimal {
    fn from(value: i64) -> Self {
        Self::new(i128::from(value), 0)
    }
}

impl FromStr for Decimal {
    type Err = DecimalError;

    fn from_str(text: &str) -> Result<Self, DecimalError> {
        let (negative, digits) = match text.as_bytes() {
            [] => return Err(DecimalError::Empty),
            [b'-', rest @ ..] => (true, rest),
            all => (false, all),
        };
        let mut mantissa: i128 = 0;
        let mut decimals: u8 = 0;
        let mut before = 0usize;
        let mut point = false;
        for &byte in digits {
            match byte {
                b'0'..=b'9' => {
                    mantissa = mantissa
                        .checked_mul(10)
                        .and_then(|m| m.checked_add(i128::from(byte - b'0')))
                        .ok_or(DecimalError::TooLarge)?;
                    if point {
                        decimals = decimals.checked_add(1).ok_or(DecimalError::TooLarge)?;
                    } else {
                        before += 1;
                    }
                }
                b'.' if !point && before > 0 => point = true,
                _ => return Err(DecimalError::Malformed),
            }
        }
        if before == 0 || (point && decimals == 0) {
            return Err(DecimalError::Malformed);
        }
        if decimals > 38 {
            return Err(DecimalError::TooPrecise);
        }
        Ok(Self { mantissa: if negative { -mantissa } else { mantissa }, decimals })
    }
}

/// The shortest exact text: no trailing zeros, no exponent.
impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.normalised();
        let digits = value.mantissa.unsigned_abs();
        let sign = if value.mantissa < 0 { "-" } else { "" };
        if value.decimals == 0 {
            return write!(f, "{sign}{digits}");
        }
        let unit = 10u128.pow(u32::from(value.decimals));
        write!(f, "{sign}{}.{:0width$}", digits / unit, digits % unit, width = value.decimals as usize)
    }
}
