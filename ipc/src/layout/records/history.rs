//! What happens: ticks, opportunities, orders, fills, events. Written by the core thread.

use crate::layout::describe::{
    EDGE, MARKET_PRICE, MARKET_QUANTITY, PLAIN, RESERVED, TEXT, TIME, amount, bits, of_enum, price, quantity, records,
    refers, unit,
};
use crosstick_model::TickFlags;

records! {
    /// A quote or a trade, as the core took it.
    pub struct TickEvent {
        /// Best bid of a quote, price of a trade.
        pub price: i64 = price("instrument"),
        /// Quantity at the best bid, or traded.
        pub quantity: i64 = quantity("instrument"),
        /// Best ask of a quote; 0 of a trade.
        pub ask: i64 = price("instrument"),
        /// Quantity at the best ask; 0 of a trade.
        pub ask_quantity: i64 = quantity("instrument"),
        /// When its bytes were read.
        pub recv_ns: u64 = TIME,
        /// The venue's number of it.
        pub venue_seq: u64 = PLAIN,
        /// Venue time minus receive time; -2147483648: the venue gives none.
        pub exchange_offset_us: i32 = unit("us"),
        /// The instrument.
        pub instrument: u16 = refers("instruments"),
        /// Quote or trade.
        pub kind: u8 = of_enum("tick_kind"),
        /// What is special about it; the three upper bits are the line that brought it.
        pub flags: u8 = bits(&[
            ("taker_sold", TickFlags::TAKER_SOLD as u32),
            ("off_market", TickFlags::OFF_MARKET as u32),
            ("last_of_batch", TickFlags::LAST_OF_BATCH as u32),
        ]),
    }

    /// The begin or the end of an opportunity.
    pub struct OpportunityEvent {
        /// Counts opportunities from 1 in every run; begin and end have the same.
        pub id: u64 = PLAIN,
        /// Begin or end.
        pub phase: u32 = of_enum("phase"),
        /// What became of it; `open` at its begin.
        pub outcome: u32 = of_enum("outcome"),
        /// The market.
        pub market: u32 = refers("markets"),
        /// Where to buy.
        pub buy_venue: u32 = refers("venues"),
        /// Where to sell.
        pub sell_venue: u32 = refers("venues"),
        /// What to buy.
        pub buy_instrument: u32 = refers("instruments"),
        /// What to sell.
        pub sell_instrument: u32 = refers("instruments"),
        /// Zero.
        pub reserved: u32 = RESERVED,
        /// Core time of its begin.
        pub begin_ns: u64 = TIME,
        /// Core time of its end; 0 at its begin, and where the run ended before it.
        pub end_ns: u64 = TIME,
        /// Edge at its begin.
        pub first_edge_ppm: i64 = EDGE,
        /// Best edge so far.
        pub best_edge_ppm: i64 = EDGE,
        /// The ask to buy at, at its begin.
        pub buy_price: i64 = MARKET_PRICE,
        /// The bid to sell at, at its begin.
        pub sell_price: i64 = MARKET_PRICE,
        /// Quantity at its begin, in base units.
        pub quantity: i64 = MARKET_QUANTITY,
        /// Zeros.
        pub reserved_too: [u64; 3] = RESERVED,
    }

    /// An order as it stands now (in `open_orders`) or as it stood after a change (in `orders`).
    pub struct OrderRow {
        /// Counts orders from 1 in every run; 0 in a free slot.
        pub id: u64 = PLAIN,
        /// The group of intents that it belongs to.
        pub group: u64 = PLAIN,
        /// The instrument.
        pub instrument: u32 = refers("instruments"),
        /// Where it stands.
        pub status: u32 = of_enum("order_status"),
        /// Buy or sell.
        pub side: u8 = of_enum("side"),
        /// How long it stands.
        pub time_in_force: u8 = of_enum("time_in_force"),
        /// Whether it opens or closes.
        pub purpose: u8 = of_enum("purpose"),
        /// Leg of the group, from 0.
        pub leg: u8 = PLAIN,
        /// Why the venue refused it.
        pub reason: u32 = of_enum("reject_reason"),
        /// Limit price.
        pub price: i64 = price("instrument"),
        /// Quantity ordered (contracts where inverse).
        pub quantity: i64 = quantity("instrument"),
        /// Quantity executed so far.
        pub filled: i64 = quantity("instrument"),
        /// Core time at which it was sent.
        pub sent_ns: u64 = TIME,
        /// Core time of its last change.
        pub changed_ns: u64 = TIME,
        /// Zeros.
        pub reserved: [u64; 6] = RESERVED,
    }

    /// An execution.
    pub struct FillEvent {
        /// The order.
        pub order: u64 = PLAIN,
        /// The group of intents that the order belongs to.
        pub group: u64 = PLAIN,
        /// The instrument.
        pub instrument: u32 = refers("instruments"),
        /// Bought or sold.
        pub side: u8 = of_enum("side"),
        /// Whether we were there first.
        pub liquidity: u8 = of_enum("liquidity"),
        /// Whether the order opens or closes.
        pub purpose: u8 = of_enum("purpose"),
        /// Leg of the group, from 0.
        pub leg: u8 = PLAIN,
        /// Core time of its report.
        pub at_ns: u64 = TIME,
        /// Price.
        pub price: i64 = price("instrument"),
        /// Quantity (contracts where inverse).
        pub quantity: i64 = quantity("instrument"),
        /// Fee; negative for a rebate.
        pub fee: [u64; 2] = amount("fee_asset"),
        /// What the fee was taken in.
        pub fee_asset: [u8; 16] = TEXT,
        /// Zeros.
        pub reserved: [u64; 5] = RESERVED,
    }

    /// Something that an operator would want to know.
    pub struct EngineEvent {
        /// Core time.
        pub at_ns: u64 = TIME,
        /// What happened.
        pub kind: u32 = of_enum("event_kind"),
        /// Which limit or halt; 4294967295: none.
        pub code: u32 = of_enum("deny_code"),
        /// Which venue; 4294967295: none.
        pub venue: u32 = refers("venues"),
        /// Which line of the venue; 4294967295: none.
        pub line: u32 = PLAIN,
        /// Which instrument; 4294967295: none.
        pub instrument: u32 = refers("instruments"),
        /// Zero.
        pub reserved: u32 = RESERVED,
        /// A number that belongs to it, such as an order's id; 0 if there is none.
        pub value: u64 = PLAIN,
        /// In words, where there is more to say.
        pub text: [u8; 80] = TEXT,
    }
}
