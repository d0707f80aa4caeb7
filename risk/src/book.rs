//! HOT: core thread. One instrument's position and its result, by exact cash flows and average cost.

use crate::exact::mul_div_floor;

/// A position made of trades alone. All numbers at 1e-16; cash in the instrument's P&L asset.
///
/// Every unit of cash that a trade moved is either in `realised` or in `basis`, so
/// `realised + basis = cash` always holds to the last unit. Unrealised is `basis + marked value`: what would be
/// left if the position were given up at the mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Book {
    /// Base units, or contracts where inverse; negative when sold short.
    pub quantity: i128,
    /// The cash that opened what is open now: negative for a bought spot or linear position, positive for a sold
    /// one; the other way round where inverse. Zero when flat.
    pub basis: i128,
    /// Result of what was closed, by average cost, before fees.
    pub realised: i128,
    /// Fees, valued in the P&L asset.
    pub fees: i128,
    /// Fees in other assets, valued in the risk currency by their rate.
    pub fees_value: i128,
}

impl Book {
    /// The book after a signed quantity changed hands for `flow` cash; `None` when a number does not fit.
    ///
    /// What is closed takes its share of the basis with it, rounded down; the rest of the rounding stays in the
    /// basis, so nothing is lost. A trade through zero is split by quantity: its first part closes, the rest opens.
    #[must_use]
    pub fn trade(self, quantity: i128, flow: i128) -> Option<Self> {
        let after = self.quantity.checked_add(quantity)?;
        let opens = self.quantity == 0 || quantity == 0 || (self.quantity > 0) == (quantity > 0);
        if opens {
            return Some(Self { quantity: after, basis: self.basis.checked_add(flow)?, ..self });
        }
        let (open, closing) = (self.quantity.checked_abs()?, quantity.checked_abs()?);
        let (cash, basis) = if closing < open {
            let part = mul_div_floor(self.basis, closing, open)?;
            (flow.checked_add(part)?, self.basis.checked_sub(part)?)
        } else {
            let part = if closing == open { flow } else { mul_div_floor(flow, open, closing)? };
            (self.basis.checked_add(part)?, flow.checked_sub(part)?)
        };
        Some(Self { quantity: after, basis, realised: self.realised.checked_add(cash)?, ..self })
    }

    /// All cash that trades moved.
    #[must_use]
    pub const fn cash(&self) -> i128 {
        self.realised.saturating_add(self.basis)
    }
}
