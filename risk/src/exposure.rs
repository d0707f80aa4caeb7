//! HOT: core thread. What an instrument's position could become, and what it is worth at its mark.

use crosstick_model::tick::Line;

/// Best bid and ask as last seen, and until when they may be traded on.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Mark {
    /// 0: none yet. Kept from the last usable quote, so that a position stays valued.
    pub(crate) bid: i64,
    pub(crate) ask: i64,
    /// Stale from this core time on; 0 when the last quote was not usable, or its line went down since.
    pub(crate) fresh_until_ns: u64,
    /// The line that brought the last quote.
    pub(crate) line: Line,
    /// Whether a change of this mark changes a value: a position, an order in flight, or a result in the base asset.
    pub(crate) live: bool,
    /// Whether everything was valued since there is a mark: then what does not move with it is known.
    pub(crate) valued: bool,
}

/// Quantities at the instrument's scale.
///
/// The position is rounded away from zero to whole units of the scale, both ways: what fees in the base asset
/// leave behind (dust below one unit) can make an exposure larger by less than one unit, never smaller.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Exposure {
    pub(crate) position_ceil: i64,
    pub(crate) position_floor: i64,
    /// Buy orders in flight.
    pub(crate) buys: i64,
    /// Sell orders in flight.
    pub(crate) sells: i64,
}

impl Exposure {
    /// The largest long position that fills could lead to; not below zero.
    #[inline]
    pub(crate) fn long(&self) -> i64 {
        self.position_ceil.saturating_add(self.buys).max(0)
    }

    /// The largest short position that fills could lead to, as a positive number; not below zero.
    #[inline]
    pub(crate) fn short(&self) -> i64 {
        self.sells.saturating_sub(self.position_floor).max(0)
    }

    /// The larger of the two.
    #[inline]
    pub(crate) fn worst(&self) -> i64 {
        self.long().max(self.short())
    }
}

/// One instrument's numbers in the risk currency at its mark, as last worked out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Valued {
    pub(crate) exposure: i128,
    pub(crate) realised: i128,
    pub(crate) fees: i128,
    pub(crate) unrealised: i128,
}

impl Valued {
    #[inline]
    pub(crate) const fn net(&self) -> i128 {
        self.realised.saturating_sub(self.fees).saturating_add(self.unrealised)
    }
}

/// One base asset over all venues, in base units at 1e-16.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct AssetNet {
    /// Bought less sold by fills, less fees taken in the asset. Inverse contracts count what they were worth when
    /// they filled: that is what their value in the quote asset moves with.
    pub(crate) net: i128,
    /// Buy orders in flight.
    pub(crate) buys: i128,
    /// Sell orders in flight.
    pub(crate) sells: i128,
}

/// What a market's orders have left open over its venues, or those of an instrument that is in no market; in base
/// units at 1e-16. Pairs and what they carry are per market as well, so this is what a closing order works against.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Open {
    /// Bought less sold by fills, less fees taken in the asset.
    pub(crate) traded: i128,
    /// Closing orders in flight, signed.
    pub(crate) closing: i128,
}

impl Open {
    /// What is left when every closing order in flight fills.
    #[inline]
    pub(crate) const fn left(&self) -> i128 {
        self.traded.saturating_add(self.closing)
    }
}
