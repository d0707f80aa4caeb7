//! HOT: core thread. The quote that stands on an instrument, and what of it is ours already.

use crosstick_model::{Quote, Side};

/// The newest quote, and the size that our orders took from each side since it last changed.
///
/// Size taken stays taken until that side's price or size changes: a quote that is merely repeated shows the same
/// orders again, not new ones.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Market {
    quote: Quote,
    bid_taken: i64,
    ask_taken: i64,
    /// A quote came since the venue's line last went down.
    stands: bool,
}

impl Market {
    /// The line went down: what the venue quotes now is not known. What was taken stays taken.
    pub(crate) const fn line_down(&mut self) {
        self.stands = false;
    }

    pub(crate) const fn take_quote(&mut self, quote: Quote) {
        self.stands = true;
        if quote.bid != self.quote.bid || quote.bid_quantity != self.quote.bid_quantity {
            self.bid_taken = 0;
        }
        if quote.ask != self.quote.ask || quote.ask_quantity != self.quote.ask_quantity {
            self.ask_taken = 0;
        }
        self.quote = quote;
    }

    /// It stands, 0 < bid < ask and both sizes above zero.
    pub(crate) const fn usable(&self) -> bool {
        let q = &self.quote;
        self.stands && q.bid > 0 && q.ask > q.bid && q.bid_quantity > 0 && q.ask_quantity > 0
    }

    /// The price at which an order of that side trades, and the size left there.
    pub(crate) const fn opposite(&self, side: Side) -> (i64, i64) {
        let (price, size, taken) = match side {
            Side::Buy => (self.quote.ask, self.quote.ask_quantity, self.ask_taken),
            Side::Sell => (self.quote.bid, self.quote.bid_quantity, self.bid_taken),
        };
        (price, size.saturating_sub(taken))
    }

    /// Takes size from the side that an order of `side` trades against.
    pub(crate) const fn take(&mut self, side: Side, quantity: i64) {
        let taken = match side {
            Side::Buy => &mut self.ask_taken,
            Side::Sell => &mut self.bid_taken,
        };
        *taken = taken.saturating_add(quantity);
    }
}
