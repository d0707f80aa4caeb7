//! HOT. Digits into fields of fixed places: eight at a time, by multiplications alone.

use crosstick_model::decimal::POW10;

/// Below it a number has eight digits at most: one word of text.
const WORD: u64 = 100_000_000;

/// A divisor that is known beforehand.
#[derive(Debug, Clone, Copy)]
pub(super) struct Divisor {
    by: u64,
    /// floor((2^64 - 1) / by) + 1, capped: with it the quotient is right or one too large.
    inverse: u64,
}

impl Divisor {
    /// `None` for zero.
    pub fn new(by: u64) -> Option<Self> {
        Some(Self { by, inverse: u64::MAX.checked_div(by)?.saturating_add(1) })
    }

    /// Quotient and rest.
    #[inline]
    pub const fn split(self, value: u64) -> (u64, u64) {
        if self.by == 1 {
            return (value, 0);
        }
        let high = ((value as u128 * self.inverse as u128) >> 64) as u64;
        // One too large shows as a rest below zero.
        match value.checked_sub(high.wrapping_mul(self.by)) {
            Some(rest) => (high, rest),
            None => (high - 1, value.wrapping_sub((high - 1).wrapping_mul(self.by))),
        }
    }
}

/// The eight digits of a number below 10^8, each in a byte, the first in the lowest: halves, quarters, eighths.
#[inline]
const fn eight(value: u64) -> u64 {
    let halves = (value / 10_000) | (value % 10_000) << 32;
    // x / 100 for x below 10,000, in both halves at once
    let hundreds = ((halves * 10_486) >> 20) & 0x0000_007f_0000_007f;
    let quarters = hundreds + ((halves - 100 * hundreds) << 16);
    // x / 10 for x below 100, in all four
    let tens = ((quarters * 103) >> 10) & 0x000f_000f_000f_000f;
    tens + ((quarters - 10 * tens) << 8)
}

const ZEROS: u64 = u64::from_ne_bytes([b'0'; 8]);

/// Puts eight digits so that they end at `end`.
#[inline]
fn put_eight(field: &mut [u8], end: usize, digits: u64) -> Option<()> {
    *field.get_mut(..end)?.last_chunk_mut()? = (digits + ZEROS).to_le_bytes();
    Some(())
}

/// The same with blanks for zeros in front, of which the last stays. Returns where the first digit stands.
#[inline]
fn put_eight_short(field: &mut [u8], end: usize, digits: u64) -> Option<usize> {
    let zeros = digits.trailing_zeros().min(56) / 8;
    // '0' and ' ' differ in one bit.
    let blanks = (1_u64 << (8 * zeros)).wrapping_sub(1) & u64::from_ne_bytes([b'0' ^ b' '; 8]);
    *field.get_mut(..end)?.last_chunk_mut()? = ((digits + ZEROS) ^ blanks).to_le_bytes();
    Some(end - 8 + zeros as usize)
}

/// Writes `whole` and behind a point exactly `decimals` digits of `part` (no point where that is zero) so that they end
/// where `field` ends, without zeros in front but the one that must stand there. What stands before may become blanks,
/// nothing else. Returns where the number begins; `None` when the field is too short.
#[inline]
pub(super) fn put_right(field: &mut [u8], whole: u64, part: u64, decimals: u8) -> Option<usize> {
    let length = field.len();
    if decimals == 0 {
        if length >= 16 && whole < WORD * WORD {
            if whole < WORD {
                return put_eight_short(field, length, eight(whole));
            }
            put_eight(field, length, eight(whole % WORD))?;
            return put_eight_short(field, length - 8, eight(whole / WORD));
        }
        return put_slowly(field, length, whole);
    }
    let end = length.checked_sub(usize::from(decimals) + 1)?;
    if end >= 8 && decimals <= 8 && whole < WORD {
        put_eight(field, length, eight(part % WORD))?;
        *field.get_mut(end)? = b'.';
        return put_eight_short(field, end, eight(whole));
    }
    put_exactly(field.get_mut(end + 1..)?, part);
    *field.get_mut(end)? = b'.';
    put_slowly(field, end, whole)
}

/// Puts the last eight digits of `value` so that they end where `field` ends, zeros in front.
#[inline]
pub(super) fn put_low_eight(field: &mut [u8], value: u64) -> Option<()> {
    put_eight(field, field.len(), eight(value % WORD))
}

/// What [`put_low_eight`] leaves out: two values that agree in it have the same digits before the last eight.
#[inline]
pub(super) const fn above_eight(value: u64) -> u64 {
    value / WORD
}

/// Numbers and fields of any length, a digit at a time.
#[cold]
fn put_slowly(field: &mut [u8], end: usize, value: u64) -> Option<usize> {
    let (mut at, mut rest) = (end, value);
    loop {
        at = at.checked_sub(1)?;
        *field.get_mut(at)? = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            return Some(at);
        }
    }
}

/// Fills `field` with the last digits of `value`, zeros in front.
#[cold]
fn put_exactly(field: &mut [u8], value: u64) {
    let mut rest = value;
    for digit in field.iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
}

/// Fills `field` with `value`, zeros in front; false when it has more than ten digits.
#[inline]
pub(super) fn put_ten(field: &mut [u8; 10], value: u64) -> bool {
    let (high, low) = (value / WORD, value % WORD);
    let (two, rest) = field.split_at_mut(2);
    two.copy_from_slice(&[b'0' + (high / 10 % 10) as u8, b'0' + (high % 10) as u8]);
    rest.copy_from_slice(&(eight(low) + ZEROS).to_le_bytes());
    high < 100
}

const _: () = assert!(POW10[8] == WORD as i64);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn right(width: usize, value: u64, decimals: u8) -> Option<String> {
        let mut field = vec![b' '; width];
        let one = 10u64.pow(u32::from(decimals));
        let at = put_right(&mut field, value / one, value % one, decimals)?;
        let text = field.split_off(at);
        assert!(field.iter().all(|b| *b == b' '), "nothing but blanks before it");
        Some(String::from_utf8(text).expect("ASCII"))
    }

    #[test]
    fn by_hand() {
        for (value, decimals, text) in [
            (0, 0, "0"),
            (0, 2, "0.00"),
            (5, 2, "0.05"),
            (50, 1, "5.0"),
            (2_341_610, 2, "23416.10"),
            (847, 5, "0.00847"),
            (1, 16, "0.0000000000000001"),
            (99, 0, "99"),
            (100, 0, "100"),
            (99_999_999, 0, "99999999"),
            (100_000_000, 0, "100000000"),
            (1_754_000_000_000, 0, "1754000000000"),
            (9_999_999_999_999_999, 0, "9999999999999999"),
            (10_000_000_000_000_000, 0, "10000000000000000"),
            (9_999_999_999_999_999, 8, "99999999.99999999"),
            (10_000_000_000_000_000, 8, "100000000.00000000"),
            (u64::MAX, 0, "18446744073709551615"),
            (i64::MAX as u64, 8, "92233720368.54775807"),
        ] {
            for width in [24, 21, 16, text.len()] {
                let fits = width >= text.len();
                assert_eq!(right(width, value, decimals).as_deref(), fits.then_some(text), "in {width}");
            }
            assert_eq!(right(text.len() - 1, value, decimals), None, "a field too short for {text}");
        }
        assert_eq!(right(0, 0, 0), None);
    }

    #[test]
    fn ten_digits() {
        for (value, text, fits) in [
            (0, "0000000000", true),
            (1, "0000000001", true),
            (123_456_789, "0123456789", true),
            (9_999_999_999, "9999999999", true),
            (10_000_000_000, "0000000000", false),
            (u64::MAX, "3709551615", false),
        ] {
            let mut field = [0; 10];
            assert_eq!(put_ten(&mut field, value), fits, "{value}");
            assert_eq!(std::str::from_utf8(&field).unwrap(), text);
        }
    }

    #[test]
    fn divisors_at_their_edges() {
        for by in [1, 2, 3, 5, 10, 1 << 32, (1 << 32) + 1, 10_000_000_000_000_000_000, u64::MAX - 1, u64::MAX] {
            let divisor = Divisor::new(by).unwrap();
            for value in [0, 1, by - 1, by, by.saturating_add(1), by.saturating_mul(2) - 1, u64::MAX - 1, u64::MAX] {
                assert_eq!(divisor.split(value), (value / by, value % by), "{value} / {by}");
            }
        }
        assert!(Divisor::new(0).is_none());
    }

    proptest! {
        /// Against the standard library's formatting, with the point put in as text.
        #[test]
        fn as_formatted(value: u64, digits in 0u32..20, decimals in 0u8..=16, width in 22usize..30) {
            let value = value / 10u64.pow(digits);
            let mut text = format!("{value:0width$}", width = usize::from(decimals) + 1);
            if decimals > 0 {
                text.insert(text.len() - usize::from(decimals), '.');
            }
            prop_assert_eq!(right(width, value, decimals), Some(text));
        }

        #[test]
        fn ten_as_formatted(value in 0u64..10_000_000_000) {
            let mut field = [b'x'; 10];
            prop_assert!(put_ten(&mut field, value));
            prop_assert_eq!(std::str::from_utf8(&field).unwrap(), format!("{value:010}"));
        }

        /// Against the processor's own division.
        #[test]
        fn quotient_and_rest(value: u64, by in 1u64.., small in 1u64..100_000_000) {
            for by in [by, small] {
                prop_assert_eq!(Divisor::new(by).unwrap().split(value), (value / by, value % by));
            }
        }
    }
}
