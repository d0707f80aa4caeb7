//! Exact integer helpers whose intermediate values are wider than 128 bits.

/// floor(`a` × `b` / `d`), saturating at `u128::MAX`; zero when `d` is zero.
#[inline]
pub fn mul_div_floor(a: u128, b: u64, d: u64) -> u128 {
    if d == 0 {
        return 0;
    }
    match a.checked_mul(u128::from(b)) {
        Some(product) if d == 1 => product,
        Some(product) => product / u128::from(d),
        None => mul_div_wide(a, b, d),
    }
}

/// The same by 64-bit limbs, for products of up to 192 bits.
#[cold]
fn mul_div_wide(a: u128, b: u64, d: u64) -> u128 {
    let (b, d) = (u128::from(b), u128::from(d));
    let low = (a & u128::from(u64::MAX)) * b;
    let high = (a >> 64) * b + (low >> 64);
    let limbs = [high >> 64, high & u128::from(u64::MAX), low & u128::from(u64::MAX)];
    let mut remainder = 0u128;
    let mut quotient = 0u128;
    for (i, limb) in limbs.into_iter().enumerate() {
        let part = (remainder << 64) | limb;
        let digit = part / d;
        remainder = part % d;
        if i == 0 && digit != 0 {
            return u128::MAX;
        }
        quotient = (quotient << 64) | digit;
    }
    quotient
}

/// Greatest common divisor.
pub fn gcd(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// Least common multiple of two positive steps, saturating.
pub fn lcm(a: i64, b: i64) -> i64 {
    let (a, b) = (a.max(1).unsigned_abs(), b.max(1).unsigned_abs());
    let common = gcd(u128::from(a), u128::from(b)) as u64;
    i64::try_from(u128::from(a / common) * u128::from(b)).unwrap_or(i64::MAX)
}

/// `value` as a quantity mantissa, saturating.
#[inline]
pub fn saturate(value: u128) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use num_bigint::BigUint;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn mul_div_is_exact(a: u128, b: u64, d in 1u64.., shift in 0u32..128) {
            let a = a >> shift;
            let exact = BigUint::from(a) * BigUint::from(b) / BigUint::from(d);
            let exact = u128::try_from(exact).unwrap_or(u128::MAX);
            prop_assert_eq!(mul_div_floor(a, b, d), exact);
        }

        #[test]
        fn lcm_is_the_least_common_multiple(a in 1i64..5000, b in 1i64..5000) {
            let expected = (1..).map(|k| k * a).find(|m| m % b == 0).unwrap();
            prop_assert_eq!(lcm(a, b), expected);
        }
    }

    #[test]
    fn saturates() {
        assert_eq!(lcm(i64::MAX, i64::MAX - 1), i64::MAX);
        assert_eq!(saturate(u128::MAX), i64::MAX);
        assert_eq!(mul_div_floor(5, 5, 0), 0);
    }
}
