//! Amounts of an asset (notional, fee, balance, profit or loss): an i128 at 1e-16, exact for every fill.

use std::fmt;

use crate::decimal::{Decimal, pow10_i128};
use crate::instrument::Scale;

/// Decimals of an [`Amount`].
pub const AMOUNT_DECIMALS: u8 = 16;
/// One unit of an asset as an [`Amount`] mantissa.
pub const AMOUNT_ONE: i128 = pow10_i128(AMOUNT_DECIMALS as u32);
/// Fee rates are integers at this scale: 10 bps is 100 000.
pub const RATE_ONE: i128 = 100_000_000;

/// An exact amount of one asset at 1e-16. Which asset is known from where it stands.
///
/// Range: ± 1.7e22 units. Arithmetic is checked; what overflows is refused by whoever asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[repr(transparent)]
pub struct Amount(pub i128);

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// The largest amount.
    pub const MAX: Self = Self(i128::MAX);

    /// Price × quantity in the quote asset, both mantissas at `scale`.
    ///
    /// `None` when it does not fit.
    #[inline]
    #[must_use]
    pub fn notional(price: i64, quantity: i64, scale: Scale) -> Option<Self> {
        (i128::from(price) * i128::from(quantity)).checked_mul(scale.notional_factor()).map(Self)
    }

    /// A quantity of the base asset, its mantissa at `scale`.
    #[inline]
    #[must_use]
    pub fn quantity(quantity: i64, scale: Scale) -> Option<Self> {
        let up = pow10_i128(u32::from(AMOUNT_DECIMALS - scale.quantity_decimals));
        i128::from(quantity).checked_mul(up).map(Self)
    }

    /// An exact decimal as an amount; `None` when it has more than 16 decimals or does not fit.
    #[must_use]
    pub fn from_decimal(value: Decimal) -> Option<Self> {
        value.at_scale_i128(AMOUNT_DECIMALS).map(Self)
    }

    /// The amount as a decimal.
    #[must_use]
    pub const fn to_decimal(self) -> Decimal {
        Decimal::new(self.0, AMOUNT_DECIMALS)
    }

    /// `self + other`, unless it overflows.
    #[inline]
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// `self - other`, unless it overflows.
    #[inline]
    #[must_use]
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }

    /// The fee on this amount at `rate_e8` (1e-8 of the amount), rounded up at 1e-16.
    ///
    /// `None` when it overflows. A negative rate (a rebate) rounds towards zero, against us as well.
    #[inline]
    #[must_use]
    pub fn fee(self, rate_e8: i64) -> Option<Self> {
        let product = self.0.checked_mul(i128::from(rate_e8))?;
        Some(Self(product.div_euclid(RATE_ONE) + i128::from(product.rem_euclid(RATE_ONE) != 0)))
    }

    /// `self × numerator / denominator`, rounded down (towards minus infinity).
    ///
    /// `None` when it overflows or `denominator` is not positive.
    #[inline]
    #[must_use]
    pub fn mul_div_floor(self, numerator: i128, denominator: i128) -> Option<Self> {
        if denominator <= 0 {
            return None;
        }
        self.0.checked_mul(numerator).map(|p| Self(p.div_euclid(denominator)))
    }

    /// Without its sign; `None` for the one value that has no opposite.
    #[inline]
    #[must_use]
    pub fn checked_abs(self) -> Option<Self> {
        self.0.checked_abs().map(Self)
    }
}

/// The shortest exact text.
impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_decimal().fmt(f)
    }
}
