//! HOT: core thread. The first look at a route: two words compared.

/// What a sale brings and a purchase costs in parts of 2^[`COARSE_BITS`], rounded down, and saturating. Where the exact
/// numbers pass, these do, so that one comparison of words settles all routes that are nowhere near.
#[derive(Debug, Clone, Copy)]
pub(super) struct Coarse {
    pub(super) proceeds: i64,
    pub(super) cost: i64,
}

/// Of a price mantissa times 10^8 this leaves seven digits from mantissas of 100 000 on, and up to 9 × 10^16 nothing
/// saturates.
const COARSE_BITS: u32 = 20;

impl Coarse {
    /// Passes nothing.
    pub(super) const UNUSABLE: Self = Self { proceeds: i64::MIN, cost: i64::MAX };

    #[inline(always)]
    pub(super) fn of(proceeds: i128, cost: i128) -> Self {
        let coarse = |exact: i128| {
            let shifted = exact >> COARSE_BITS;
            i64::try_from(shifted).unwrap_or(if shifted < 0 { i64::MIN } else { i64::MAX })
        };
        Self { proceeds: coarse(proceeds), cost: coarse(cost) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_passes_exactly_passes_coarsely(
            a in any::<i128>(), b in any::<i128>(), shift in 0u32..127, near in -3i128..3,
        ) {
            let a = a >> shift;
            for b in [b >> shift, a.saturating_add(near), a, i128::MIN, i128::MAX] {
                let (selling, buying) = (Coarse::of(a, i128::MAX), Coarse::of(i128::MIN, b));
                prop_assert!(a < b || selling.proceeds >= buying.cost, "{} {}", a, b);
            }
        }
    }

    #[test]
    fn prices_that_are_apart_are_told_apart() {
        // 60 000.00 against 60 000.01, and the smallest difference at eight decimals of 60 000 and of 0.001.
        for (price, step) in [(6_000_000i128, 1i128), (6_000_000_000_000, 100), (100_000, 1)] {
            let (low, high) = (Coarse::of(price * 100_000_000, 0), Coarse::of(0, (price + step) * 100_000_000));
            assert!(low.proceeds < high.cost, "{price}");
        }
        assert!(
            Coarse::UNUSABLE.proceeds < Coarse::of(0, -1).cost && Coarse::of(i128::MAX >> 64, 0).proceeds < i64::MAX
        );
    }
}
