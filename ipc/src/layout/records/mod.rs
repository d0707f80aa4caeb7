//! The records, by what they tell. Each with its version fills whole cache lines; new fields go where `reserved` is,
//! and then behind the last.
//!
//! The sentences on records and fields are what the schema, the C header and `docs/region.md` say.

mod core;
mod facts;
mod flight;
mod head;
mod history;
mod money;

pub use self::core::{EngineRow, FeedRow, PriceFlags, PriceRow, SpreadFlags, SpreadRow};
pub use facts::{InstrumentRow, MarketRow, NO_ROW, StageRow, VenueRow};
pub use flight::{Reached, TurnRow, WorstTickRow};
pub use head::Head;
pub use history::{EngineEvent, FillEvent, OpportunityEvent, OrderRow, TickEvent};
pub use money::{BalanceRow, DeniedRow, LimitRow, PositionRow, RiskRow};

use crosstick_ring::seqlock::cell_bytes;

/// A record and its version fill `lines` cache lines.
macro_rules! fills {
    ($($row:ident: $lines:literal),* $(,)?) => {
        $(const _: () = assert!(cell_bytes::<$row>() == $lines * 64, stringify!($row));)*
    };
}
fills!(
    EngineRow: 4, VenueRow: 1, MarketRow: 1, InstrumentRow: 3, PriceRow: 2, SpreadRow: 2, PositionRow: 2,
    BalanceRow: 2, RiskRow: 4, LimitRow: 2, DeniedRow: 4, FeedRow: 2, StageRow: 3, OrderRow: 2,
    WorstTickRow: 2, TurnRow: 2,
    TickEvent: 1, OpportunityEvent: 2, FillEvent: 2, EngineEvent: 2,
);
const _: () = assert!(size_of::<Head>() == super::HEAD_BYTES);
