//! HOT: core thread. `a × b / c` with a 256-bit product: exact rounding where an i128 product would overflow.
//!
//! The common case, a product that fits, is one multiplication and one division; the long division is for the
//! odd scale and costs some hundred nanoseconds.

/// floor(`a` × `b` / `c`); `None` when the result does not fit or `c` is not positive.
#[inline]
#[must_use]
pub fn mul_div_floor(a: i128, b: i128, c: i128) -> Option<i128> {
    if c <= 0 {
        return None;
    }
    match a.checked_mul(b) {
        Some(product) => Some(product.div_euclid(c)),
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
    match a.checked_mul(b) {
        // With a positive divisor the euclidean quotient is the floor; the product differs from it by less than c.
        Some(product) => {
            let floor = product.div_euclid(c);
            if floor.wrapping_mul(c) == product { Some(floor) } else { floor.checked_add(1) }
        }
        None => wide(a, b, c, true),
    }
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
