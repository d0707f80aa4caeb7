//! HOT: core thread. `a × b / c` with a 256-bit product: exact rounding where an i128 product would overflow.
//!
//! The common case, a product that fits, is one multiplication and one or two 64-bit divisions; the long division is
//! for the odd scale and costs some hundred nanoseconds.

use crosstick_model::amount::RATE_ONE;

/// floor(`a` × `b` / `c`); `None` when the result does not fit or `c` is not positive.
#[inline]
#[must_use]
pub fn mul_div_floor(a: i128, b: i128, c: i128) -> Option<i128> {
    if c <= 0 {
        return None;
    }
    match mul(a, b) {
        Some(product) => Some(div_floor(product, c)),
        None => wide(a, b, c, false),
    }
}

/// ceil(`a` × `b` / `c`); `None` when the result does not fit or `c` is not positive.
#[inline]
#[must_use]
pub fn mul_div_ceil(a: i128, b: i128, c: i128) -> Option<i128> {
    if c <= 0 {
        return None;
    }
    match mul(a, b) {
        // The product of floor and divisor is the product less a rest below the divisor.
        Some(product) => {
            let floor = div_floor(product, c);
            if floor.wrapping_mul(c) == product { Some(floor) } else { floor.checked_add(1) }
        }
        None => wide(a, b, c, true),
    }
}

/// ceil(`a` × `b` / 10^8), for rates; `None` when the result does not fit.
///
/// A 128-bit division costs as much as half of the gate's other checks. The divisor is known here, so that up to a
/// product of 2^96 two 64-bit ones serve, which the compiler turns into multiplications.
#[inline]
#[must_use]
pub fn mul_rate_ceil(a: i128, b: i64) -> Option<i128> {
    const ONE: u64 = RATE_ONE as u64;
    if let Some(product) = mul(a, i128::from(b))
        && (0..1 << 96).contains(&product)
    {
        let (high, low) = ((product >> 32) as u64, product as u64 & 0xffff_ffff);
        let rest = ((high % ONE) << 32) | low;
        let floor = (i128::from(high / ONE) << 32) + i128::from(rest / ONE);
        return Some(floor + i128::from(!rest.is_multiple_of(ONE)));
    }
    mul_div_ceil(a, i128::from(b), RATE_ONE)
}

/// Whether a positive number is a multiple of a step, by one multiplication instead of a division.
///
/// With the step as 2^k × an odd number, the multiples of the odd part are those numbers whose product with its inverse
/// modulo 2^64 is at most 2^64 / it, and that product is the quotient; turning it right by k brings a remainder's low
/// bits to the top (Granlund and Montgomery, "Division by Invariant Integers using Multiplication", 1994, section 9).
#[derive(Debug, Clone, Copy)]
pub struct Step {
    inverse: u64,
    shift: u32,
    most: u64,
}

impl Step {
    /// For a step of `step`; one of zero or less counts as one.
    #[must_use]
    pub const fn new(step: i64) -> Self {
        let step = if step < 1 { 1 } else { step as u64 };
        let odd = step >> step.trailing_zeros();
        // Newton's iteration doubles the number of right bits: three at first, then 6, 12, 24, 48, 96.
        let mut inverse = odd;
        let mut round = 0;
        while round < 5 {
            inverse = inverse.wrapping_mul(2u64.wrapping_sub(odd.wrapping_mul(inverse)));
            round += 1;
        }
        Self { inverse, shift: step.trailing_zeros(), most: u64::MAX / step }
    }

    /// Whether `number` is a whole number of steps; `number` is not negative.
    #[inline(always)]
    #[must_use]
    pub const fn divides(self, number: i64) -> bool {
        (number as u64).wrapping_mul(self.inverse).rotate_right(self.shift) <= self.most
    }
}

/// `a` × `b`, unless it overflows. Most factors here fit an i64, and then the product needs no check.
#[inline]
pub(crate) fn mul(a: i128, b: i128) -> Option<i128> {
    match (i64::try_from(a), i64::try_from(b)) {
        (Ok(a), Ok(b)) => Some(i128::from(a) * i128::from(b)),
        _ => a.checked_mul(b),
    }
}

/// floor(`a` / `c`) for a positive `c`, with one wide division where `div_euclid` makes two, or none.
#[inline]
const fn div_floor(a: i128, c: i128) -> i128 {
    if a as i64 as i128 == a && c as i64 as i128 == c {
        return (a as i64).div_euclid(c as i64) as i128;
    }
    div_floor_long(a, c)
}

/// The same where one of them does not fit 64 bits. Not inlined: few need it, and it would crowd those that do not.
#[inline(never)]
const fn div_floor_long(a: i128, c: i128) -> i128 {
    // Amounts times a price by a power of ten, mostly: two 64-bit divisions cost a third of the wide one.
    let size = a.unsigned_abs();
    if c <= u32::MAX as i128 && size >> 96 == 0 {
        let by = c as u64;
        let (high, low) = ((size >> 32) as u64, size as u64 & 0xffff_ffff);
        let rest = ((high % by) << 32) | low;
        let quotient = (((high / by) as u128) << 32) as i128 + (rest / by) as i128;
        return if a >= 0 { quotient } else { -quotient - !rest.is_multiple_of(by) as i128 };
    }
    let quotient = a / c;
    if quotient.wrapping_mul(c) > a { quotient - 1 } else { quotient }
}

#[cold]
fn wide(a: i128, b: i128, c: i128, up: bool) -> Option<i128> {
    let negative = (a < 0) != (b < 0);
    let (high, low) = mul_wide(a.unsigned_abs(), b.unsigned_abs());
    let (quotient, remainder) = div_wide(high, low, c.unsigned_abs())?;
    // Towards plus infinity is away from zero only for a positive result, and the other way round.
    let away = remainder != 0 && (up != negative);
    let magnitude = if away { quotient.checked_add(1)? } else { quotient };
    if negative { 0i128.checked_sub_unsigned(magnitude) } else { i128::try_from(magnitude).ok() }
}

fn mul_wide(a: u128, b: u128) -> (u128, u128) {
    const HALF: u128 = u64::MAX as u128;
    let (a1, a0, b1, b0) = (a >> 64, a & HALF, b >> 64, b & HALF);
    let low = a0 * b0;
    let middle = a1 * b0 + (low >> 64);
    let other = a0 * b1 + (middle & HALF);
    (a1 * b1 + (middle >> 64) + (other >> 64), (other << 64) | (low & HALF))
}

/// Quotient and remainder, bit by bit; `None` when the quotient has more than 128 bits.
fn div_wide(high: u128, low: u128, divisor: u128) -> Option<(u128, u128)> {
    if high >= divisor {
        return None;
    }
    // The divisor is below 2^127 (a positive i128), so the remainder can be doubled without losing a bit.
    let (mut remainder, mut quotient) = (high, 0u128);
    for bit in (0..128).rev() {
        remainder = (remainder << 1) | ((low >> bit) & 1);
        quotient <<= 1;
        if remainder >= divisor {
            remainder -= divisor;
            quotient |= 1;
        }
    }
    Some((quotient, remainder))
}
