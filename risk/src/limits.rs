//! COLD: start. What is configured: limits, and what assets are worth in the risk currency.

use crosstick_model::amount::RATE_ONE;
use crosstick_model::{Amount, AssetId, Universe};

/// The `[risk]` table. Amounts are in the risk currency; an amount or count at its maximum is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Most that one opening order may be worth at its own price.
    pub max_order_notional: Amount,
    /// Most that the position of one instrument may be worth, orders in flight included.
    pub max_position_notional: Amount,
    /// Most that all positions may be worth together, regardless of sign, orders in flight included.
    pub max_gross_notional: Amount,
    /// Most that the net position of one base asset over all venues may be worth, orders in flight included.
    pub max_net_notional: Amount,
    /// Most orders open at a time.
    pub max_open_orders: u32,
    /// Most orders sent within any second.
    pub max_orders_per_second: u32,
    /// How far a price may be from the other side of the quote, either way, at 1e-8 (1 bps is 10 000).
    pub price_collar_e8: i64,
    /// Net loss since the UTC day began that halts trading.
    pub max_daily_loss: Amount,
    /// Fall of the net result from its best that halts trading.
    pub max_drawdown: Amount,
    /// A quote is stale from its receive time plus this, in ns.
    pub max_age_ns: u64,
}

impl Limits {
    /// No limit at all: where a test or a tool starts from.
    pub const NONE: Self = Self {
        max_order_notional: Amount::MAX,
        max_position_notional: Amount::MAX,
        max_gross_notional: Amount::MAX,
        max_net_notional: Amount::MAX,
        max_open_orders: 1024,
        max_orders_per_second: 1024,
        price_collar_e8: RATE_ONE as i64,
        max_daily_loss: Amount::MAX,
        max_drawdown: Amount::MAX,
        max_age_ns: u64::MAX,
    };
}

/// What one unit of an asset is worth in the risk currency, at 1e-8: the pegs that the config states.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rates {
    currency: AssetId,
    by_asset: Box<[i64]>,
}

impl Rates {
    /// The currency itself is worth one; every asset not named is worth nothing known.
    ///
    /// A rate that is not positive is taken as unknown. `pegs` are (asset, rate at 1e-8).
    #[must_use]
    pub fn new(universe: &Universe, currency: AssetId, pegs: &[(AssetId, i64)]) -> Self {
        let mut by_asset = vec![0; universe.assets.len()].into_boxed_slice();
        for (asset, rate_e8) in pegs.iter().copied().chain([(currency, RATE_ONE as i64)]) {
            if let Some(slot) = by_asset.get_mut(asset.index()) {
                *slot = rate_e8.max(0);
            }
        }
        Self { currency, by_asset }
    }

    /// The risk currency.
    #[must_use]
    pub const fn currency(&self) -> AssetId {
        self.currency
    }

    /// The rate of an asset at 1e-8, if it has one.
    #[inline]
    #[must_use]
    pub fn rate_e8(&self, asset: AssetId) -> Option<i64> {
        self.by_asset.get(asset.index()).copied().filter(|r| *r > 0)
    }
}
