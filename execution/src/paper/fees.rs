//! HOT: core thread. What a fill costs, rounded up at 1e-16.

use crosstick_model::amount::{AMOUNT_DECIMALS, RATE_ONE};
use crosstick_model::decimal::pow10_i128;
use crosstick_model::{Amount, AssetId, FeeAsset, Fees, Instrument, Kind, Liquidity, Side};
use crosstick_risk::Rates;
use crosstick_risk::exact::mul_div_ceil;

/// An instrument's fee, with the powers of ten worked out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FeePlan {
    maker_e8: i64,
    taker_e8: i64,
    base: AssetId,
    quote: AssetId,
    /// In the base asset always (inverse), when buying (received), never (quote).
    in_base: InBase,
    /// The named asset, its rate and the quote asset's, at 1e-8.
    named: Option<(AssetId, i64, i64)>,
    /// A notional in the quote asset × this / (price × 1e8) is in the base asset at 1e-16.
    price_one: i128,
    quantity_up: i128,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum InBase {
    Never,
    WhenBuying,
    Settled,
}

impl FeePlan {
    /// A contract receives no asset, so where the venue takes what is received its fee is in what it settles in.
    /// A named asset without a rate, or an instrument whose quote asset has none, falls back to the quote asset's way.
    pub(crate) fn new(instrument: &Instrument, fees: Fees, rates: &Rates) -> Self {
        let named = match fees.asset {
            FeeAsset::Named(asset) => match (rates.rate_e8(asset), rates.rate_e8(instrument.quote)) {
                (Some(own), Some(quote)) => Some((asset, own, quote)),
                _ => None,
            },
            FeeAsset::Quote | FeeAsset::Received => None,
        };
        let in_base = match (instrument.kind, fees.asset) {
            (Kind::Inverse, _) => InBase::Settled,
            (Kind::Spot, FeeAsset::Received) => InBase::WhenBuying,
            _ => InBase::Never,
        };
        Self {
            maker_e8: fees.maker_e8,
            taker_e8: fees.taker_e8,
            base: instrument.base,
            quote: instrument.quote,
            in_base,
            named,
            price_one: pow10_i128(u32::from(instrument.scale.price_decimals)),
            quantity_up: pow10_i128(u32::from(AMOUNT_DECIMALS - instrument.scale.quantity_decimals)),
        }
    }

    /// The fee of a fill worth `notional` in the quote asset, and its asset; `None` when it does not fit.
    pub(crate) fn charge(
        &self,
        side: Side,
        price: i64,
        quantity: i64,
        notional: Amount,
        liquidity: Liquidity,
    ) -> Option<(Amount, AssetId)> {
        let rate_e8 = i128::from(match liquidity {
            Liquidity::Maker => self.maker_e8,
            Liquidity::Taker => self.taker_e8,
        });
        if let Some((asset, own, quote)) = self.named {
            let in_currency = mul_div_ceil(notional.0.checked_mul(i128::from(quote))?, rate_e8, RATE_ONE)?;
            return Some((Amount(mul_div_ceil(in_currency, 1, i128::from(own))?), asset));
        }
        let (amount, asset) = match (self.in_base, side) {
            (InBase::Settled, _) => {
                let per = i128::from(price).checked_mul(RATE_ONE)?;
                (mul_div_ceil(notional.0, self.price_one.checked_mul(rate_e8)?, per)?, self.base)
            }
            (InBase::WhenBuying, Side::Buy) => {
                let received = i128::from(quantity).checked_mul(self.quantity_up)?;
                (mul_div_ceil(received, rate_e8, RATE_ONE)?, self.base)
            }
            _ => (mul_div_ceil(notional.0, rate_e8, RATE_ONE)?, self.quote),
        };
        Some((Amount(amount), asset))
    }
}
