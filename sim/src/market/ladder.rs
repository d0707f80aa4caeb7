//! The book behind the best quotes of a generated flow: levels on a coarse grid of prices, each with a quantity that
//! stays for some seconds. Everything follows from the price and the time, so the same flow has the same book.

use crosstick_model::Side;

use crate::exchange::LevelView;
use crate::flow::rng::{ONE_Q16, Rng};

/// Levels a side, the best one included: the deepest partial book shows as many.
const LEVELS: usize = 20;
/// The grid is this part of the price, or one price step where that is more.
const GRID_PART: i64 = 20_000;
/// How long a level keeps its quantity.
const KEEPS_NS: u64 = 4_000_000_000;

/// What the levels of one instrument are made of. Mantissas at the instrument's decimals.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ladder {
    /// Smallest price increment.
    pub(crate) price_step: i64,
    /// Smallest quantity increment.
    pub(crate) quantity_step: i64,
    /// Median quantity of the best level, in steps.
    pub(crate) shown_steps: u64,
}

impl Ladder {
    /// Writes a side into `out`: the best level, then those behind it. `at_ns` counts from the flow's start.
    pub(crate) fn fill(&self, out: &mut Vec<LevelView>, side: Side, best: LevelView, at_ns: u64) {
        out.clear();
        out.push(best);
        let step = self.price_step.max(1);
        let grid = (best.price / GRID_PART / step).max(1) * step;
        let mut price = match side {
            Side::Buy => (best.price - 1) / grid * grid,
            Side::Sell => (best.price / grid + 1) * grid,
        };
        while out.len() < LEVELS && price > 0 {
            out.push(LevelView { price, quantity: self.quantity(side, price, at_ns) });
            price += if side == Side::Buy { -grid } else { grid };
        }
    }

    fn quantity(&self, side: Side, price: i64, at_ns: u64) -> i64 {
        let place = price.unsigned_abs() << 1 | u64::from(side == Side::Sell);
        let phase = Rng::new(place).below(KEEPS_NS);
        let epoch = (at_ns + phase) / KEEPS_NS;
        let mut rng = Rng::new(place.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ epoch);
        let steps = rng.log_normal(self.shown_steps.saturating_mul(2), ONE_Q16);
        i64::try_from(steps).unwrap_or(i64::MAX).saturating_mul(self.quantity_step)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twenty_levels_behind_the_best_in_order_and_the_same_for_seconds() {
        let ladder = Ladder { price_step: 1, quantity_step: 1, shown_steps: 1_000 };
        let (mut bids, mut later) = (Vec::new(), Vec::new());
        let best = LevelView { price: 6_425_037, quantity: 7 };
        ladder.fill(&mut bids, Side::Buy, best, 0);
        assert_eq!((bids.len(), bids[0]), (20, best));
        assert!(bids.windows(2).all(|w| w[0].price > w[1].price && w[1].quantity > 0), "{bids:?}");
        ladder.fill(&mut later, Side::Buy, LevelView { price: best.price - 1, quantity: 9 }, 1_000_000);
        assert_eq!(bids[1..], later[1..], "the grid does not move with the best price");
        ladder.fill(&mut later, Side::Buy, best, 3_600_000_000_000);
        assert_ne!(bids[1..], later[1..], "an hour later it does not stand as it stood");
        ladder.fill(&mut later, Side::Sell, best, 0);
        assert!(later.windows(2).all(|w| w[0].price < w[1].price), "{later:?}");
        ladder.fill(&mut later, Side::Buy, LevelView { price: 3, quantity: 1 }, 0);
        assert_eq!(later.iter().map(|l| l.price).collect::<Vec<_>>(), [3, 2, 1], "no price is zero");
    }
}
