//! Decimal digits eight at a time: what makes reading a price from text cost a few nanoseconds.
//!
//! A text's next eight bytes are taken as one little-endian word; plain 64-bit arithmetic tells how many of
//! them are digits and what these are worth. No intrinsics, no `unsafe`, no table but powers of ten.

use crate::decimal::POW10;

const ZEROS: u64 = 0x3030_3030_3030_3030;
const ABOVE_NINE: u64 = 0x7676_7676_7676_7676;
const TOP_BITS: u64 = 0x8080_8080_8080_8080;

/// Eight bytes of `text` from `at` on as a little-endian word; zero bytes, which are no digits, beyond its end.
#[inline(always)]
#[must_use]
pub fn load8(text: &[u8], at: usize) -> u64 {
    match text.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        Some(chunk) => u64::from_le_bytes(*chunk),
        None => load_tail(text, at),
    }
}

/// Fewer than eight bytes are left: the last eight, shifted down, so that the end of a text costs no loop.
#[inline]
fn load_tail(text: &[u8], at: usize) -> u64 {
    let left = text.len().saturating_sub(at);
    if left == 0 {
        return 0;
    }
    match text.last_chunk::<8>() {
        // left is 1 to 7 here, so the shift is 8 to 56 bits.
        Some(chunk) => u64::from_le_bytes(*chunk) >> (8 * (8 - left.min(7))),
        None => text.iter().skip(at).rev().fold(0, |word, byte| (word << 8) | u64::from(*byte)),
    }
}

/// The digits at the start of a word: their values, first digit in the lowest byte and zero behind the last
/// one, and how many there are (0 to 8).
#[inline(always)]
#[must_use]
pub const fn leading_digits(word: u64) -> (u64, u32) {
    let values = word ^ ZEROS;
    // A carry only leaves a byte that is no digit, so the lowest mark is exact, and only that one is used.
    let marks = (values.wrapping_add(ABOVE_NINE) | values) & TOP_BITS;
    if marks == 0 {
        return (values, 8);
    }
    let bit = marks.trailing_zeros() - 7; // the first bit of the first byte that is no digit: 0 to 56
    (values & ((1u64 << bit) - 1), bit / 8)
}

/// What eight digit values (first digit in the lowest byte) are worth.
#[inline(always)]
#[must_use]
pub const fn eight_digits(values: u64) -> u64 {
    const PAIRS: u64 = 0x0000_00ff_0000_00ff;
    let pairs = values.wrapping_mul(10).wrapping_add(values >> 8);
    let high = (pairs & PAIRS).wrapping_mul(100 + (1_000_000 << 32));
    let low = ((pairs >> 16) & PAIRS).wrapping_mul(1 + (10_000 << 32));
    high.wrapping_add(low) >> 32
}

/// What the first `count` (1 to 8) digits of [`leading_digits`] are worth as an integer.
#[inline(always)]
const fn integer(values: u64, count: u32) -> u64 {
    eight_digits(values << (64 - 8 * count))
}

/// An unsigned integer without superfluous zeros in front, of 1 to 19 digits, and where its digits end.
///
/// `None` for anything else, also for what a longer look would accept: the caller then takes the slow way.
#[inline(always)]
#[must_use]
pub fn scan_uint(text: &[u8], at: usize) -> Option<(u64, usize)> {
    let (first, n) = leading_digits(load8(text, at));
    if n == 0 || (n > 1 && first & 0xff == 0) {
        return None;
    }
    if n < 8 {
        return Some((integer(first, n), at + n as usize));
    }
    let (second, m) = leading_digits(load8(text, at + 8));
    let head = eight_digits(first);
    if m == 0 {
        return Some((head, at + 8));
    }
    let value = head * (POW10[m as usize] as u64) + integer(second, m);
    if m < 8 {
        return Some((value, at + 8 + m as usize));
    }
    let (third, k) = leading_digits(load8(text, at + 16));
    match k {
        0 => Some((value, at + 16)),
        1..=3 => Some((value * (POW10[k as usize] as u64) + integer(third, k), at + 16 + k as usize)),
        _ => None,
    }
}

/// An unsigned integer of exactly `N` digits (9 to 16), the first not zero; `None` for any other.
///
/// What follows stands at `at + N` whatever the digits are: a reader need not wait for them to go on.
#[inline(always)]
#[must_use]
pub fn scan_uint_of<const N: usize>(text: &[u8], at: usize) -> Option<u64> {
    const { assert!(N > 8 && N <= 16) };
    let (first, n) = leading_digits(load8(text, at));
    let (second, m) = leading_digits(load8(text, at + 8));
    if n != 8 || m as usize != N - 8 || first & 0xff == 0 {
        return None;
    }
    if N == 16 && text.get(at + 16).is_some_and(u8::is_ascii_digit) {
        return None;
    }
    Some(eight_digits(first) * (POW10[N - 8] as u64) + integer(second, N as u32 - 8))
}

/// A plain decimal with at most eight digits on each side of its point as a mantissa at 10^-`decimals`, and
/// where it ends: at the first byte that is no part of it.
///
/// `None` for anything longer, signed, malformed, too precise or too large: [`crate::parse_fixed`] tells which.
#[inline(always)]
#[must_use]
pub fn scan_fixed(text: &[u8], at: usize, decimals: u8) -> Option<(i64, usize)> {
    let (whole, n) = leading_digits(load8(text, at));
    if n == 0 {
        return None;
    }
    let whole = integer(whole, n) as i64;
    let factor = *POW10.get(decimals as usize)?;
    let point = at + n as usize;
    if text.get(point) != Some(&b'.') {
        // Eight digits may be the front of a longer number.
        let ended = n < 8 || !text.get(point).is_some_and(u8::is_ascii_digit);
        return if ended { Some((whole.checked_mul(factor)?, point)) } else { None };
    }
    let (part, m) = leading_digits(load8(text, point + 1));
    let end = point + 1 + m as usize;
    if m == 0 || (m == 8 && text.get(end).is_some_and(u8::is_ascii_digit)) {
        return None;
    }
    if decimals >= 8 {
        // `part` holds zeros behind its last digit, so it is already at eight decimals.
        let part = (eight_digits(part) as i64).checked_mul(*POW10.get(decimals as usize - 8)?)?;
        return Some((whole.checked_mul(factor)?.checked_add(part)?, end));
    }
    // Digits that the scale does not hold must be zeros.
    let bits = 8 * u32::from(decimals);
    if part >> bits != 0 {
        return None;
    }
    // In two steps: at 0 decimals the whole word goes, and a shift by 64 would not exist.
    let part = eight_digits((part << (56 - bits)) << 8) as i64;
    Some((whole * factor + part, end))
}
