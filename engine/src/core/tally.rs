//! What was traded in public, per instrument: counts and exact sums. Hot: a few additions a tick.

use crosstick_model::{Decimal, Scale, Tick};

/// Counts and sums of one instrument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    scale: Scale,
    /// Public prints, off-market ones included.
    pub trades: u64,
    /// Public prints that are off-market.
    pub off_market: u64,
    /// Best bid and ask updates.
    pub quotes: u64,
    quantity: i128,
    /// Sum of price mantissa × quantity mantissa; 2^126 at most a print, so saturation needs hostile input.
    notional: i128,
}

impl Tally {
    /// Nothing seen yet.
    #[must_use]
    pub const fn new(scale: Scale) -> Self {
        Self { scale, trades: 0, off_market: 0, quotes: 0, quantity: 0, notional: 0 }
    }

    /// Adds a tick.
    #[inline]
    pub fn add(&mut self, tick: &Tick) {
        if let Some(trade) = tick.as_trade() {
            self.trades += 1;
            self.off_market += u64::from(trade.off_market);
            self.quantity = self.quantity.saturating_add(i128::from(trade.quantity));
            let notional = i128::from(trade.price) * i128::from(trade.quantity);
            self.notional = self.notional.saturating_add(notional);
        } else if tick.as_quote().is_some() {
            self.quotes += 1;
        }
    }

    /// Sum of the prints' quantities.
    #[must_use]
    pub const fn quantity(&self) -> Decimal {
        Decimal::new(self.quantity, self.scale.quantity_decimals)
    }

    /// Sum of price × quantity of the prints.
    #[must_use]
    pub const fn notional(&self) -> Decimal {
        Decimal::new(self.notional, self.scale.price_decimals + self.scale.quantity_decimals)
    }
}
