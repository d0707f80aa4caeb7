//! What a simulated venue says of an instrument in its exchangeInfo.

use crosstick_model::{Decimal, Kind};

/// One instrument of a simulated venue. Decimals keep the digits they were written with: a price step of `0.10`
/// makes a futures venue print two decimals, as the real one does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimInstrument {
    /// The venue's spelling, upper case.
    pub symbol: String,
    /// What is bought and sold.
    pub base: String,
    /// What prices are in.
    pub quote: String,
    /// What profit and loss are settled in.
    pub settle: String,
    /// What a contract is worth.
    pub kind: Kind,
    /// Inverse: quote units that one contract is worth. Spot and linear: one.
    pub contract_size: Decimal,
    /// Smallest price increment, above zero.
    pub price_step: Decimal,
    /// Smallest quantity increment (contracts where inverse), above zero.
    pub quantity_step: Decimal,
    /// Least quantity of an order.
    pub min_quantity: Decimal,
    /// Least notional of an order, in the quote asset; zero: the venue states none.
    pub min_notional: Decimal,
}

impl SimInstrument {
    /// A spot instrument settled in its quote asset, least quantity one step, least notional 5.
    #[must_use]
    pub fn spot(symbol: &str, base: &str, quote: &str, price_step: Decimal, quantity_step: Decimal) -> Self {
        Self {
            symbol: symbol.to_owned(),
            base: base.to_owned(),
            quote: quote.to_owned(),
            settle: quote.to_owned(),
            kind: Kind::Spot,
            contract_size: Decimal::new(1, 0),
            price_step,
            quantity_step,
            min_quantity: quantity_step,
            min_notional: Decimal::new(5, 0),
        }
    }

    /// A linear perpetual, otherwise as [`Self::spot`].
    #[must_use]
    pub fn linear(symbol: &str, base: &str, quote: &str, price_step: Decimal, quantity_step: Decimal) -> Self {
        Self { kind: Kind::Linear, ..Self::spot(symbol, base, quote, price_step, quantity_step) }
    }

    /// An inverse perpetual settled in its base asset, in whole contracts.
    #[must_use]
    pub fn inverse(symbol: &str, base: &str, quote: &str, price_step: Decimal, contract_size: Decimal) -> Self {
        Self {
            kind: Kind::Inverse,
            settle: base.to_owned(),
            contract_size,
            min_notional: Decimal::ZERO,
            ..Self::spot(symbol, base, quote, price_step, Decimal::new(1, 0))
        }
    }
}
