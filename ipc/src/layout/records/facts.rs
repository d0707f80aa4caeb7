//! What is written once: venues, markets, instruments, stages.

use crate::layout::describe::{PLAIN, RESERVED, TEXT, amount, of_enum, price, quantity, records, refers, unit};

/// In a field that is the index of a row: none. In a field that is a number of an enumeration: none.
pub const NO_ROW: u32 = u32::MAX;

records! {
    /// A venue.
    pub struct VenueRow {
        /// Our name for it, as in the config.
        pub name: [u8; 32] = TEXT,
        /// What it speaks.
        pub protocol: [u8; 24] = TEXT,
    }

    /// A market: one pair on several venues.
    pub struct MarketRow {
        /// Our name for it, as in the config.
        pub name: [u8; 32] = TEXT,
        /// Decimals of its prices.
        pub price_decimals: u8 = PLAIN,
        /// Decimals of its quantities.
        pub quantity_decimals: u8 = PLAIN,
        /// Zeros.
        pub reserved: [u8; 22] = RESERVED,
    }

    /// The facts of an instrument.
    pub struct InstrumentRow {
        /// The venue's spelling.
        pub symbol: [u8; 32] = TEXT,
        /// What is bought and sold.
        pub base: [u8; 16] = TEXT,
        /// What prices are in.
        pub quote: [u8; 16] = TEXT,
        /// What profit and loss are settled in.
        pub settle: [u8; 16] = TEXT,
        /// Its venue.
        pub venue: u32 = refers("venues"),
        /// Its market; 4294967295: none.
        pub market: u32 = refers("markets"),
        /// What is traded.
        pub kind: u8 = of_enum("instrument_kind"),
        /// Decimals of its prices.
        pub price_decimals: u8 = PLAIN,
        /// Decimals of its quantities.
        pub quantity_decimals: u8 = PLAIN,
        /// Zeros.
        pub reserved: [u8; 5] = RESERVED,
        /// Inverse: what a contract is worth, in the quote asset.
        pub contract_size: [u64; 2] = amount("quote asset"),
        /// Smallest price increment.
        pub price_step: i64 = price("row"),
        /// Smallest quantity increment.
        pub quantity_step: i64 = quantity("row"),
        /// Least quantity of an order.
        pub min_quantity: i64 = quantity("row"),
        /// Least notional of an order.
        pub min_notional: [u64; 2] = amount("quote asset"),
        /// Zeros.
        pub reserved_too: [u64; 4] = RESERVED,
    }

    /// A stage of a tick's way, as one thread measures it. Its histogram is the row of the same index.
    pub struct StageRow {
        /// Name; the same where several threads measure the same.
        pub name: [u8; 24] = TEXT,
        /// From where it counts.
        pub from: [u8; 40] = TEXT,
        /// To where it counts.
        pub to: [u8; 40] = TEXT,
        /// The thread that measures.
        pub thread: [u8; 24] = TEXT,
        /// Buckets of its histogram.
        pub buckets: u32 = PLAIN,
        /// Each power of two is divided into 2^this buckets.
        pub division_bits: u32 = PLAIN,
        /// Largest value with a bucket.
        pub value_max: u64 = unit("ns"),
        /// Zeros.
        pub reserved: [u64; 5] = RESERVED,
    }
}
