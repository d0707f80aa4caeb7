//! Positions, balances, and what risk knows and allows. Written by the core thread.

use crate::layout::describe::{
    PLAIN, RESERVED, TEXT, TIME, amount, by_enum, of_enum, quantity, records, refers, wide_by,
};

records! {
    /// The position in an instrument. Written by the core thread.
    pub struct PositionRow {
        /// Signed quantity (contracts where inverse), rounded to the instrument's decimals.
        pub quantity: i64 = quantity("row"),
        /// Realised result before fees.
        pub realised: [u64; 2] = amount("risk currency"),
        /// Fees paid.
        pub fees: [u64; 2] = amount("risk currency"),
        /// Result of closing now at the quote, before fees.
        pub unrealised: [u64; 2] = amount("risk currency"),
        /// Realised minus fees plus unrealised.
        pub net: [u64; 2] = amount("risk currency"),
        /// What the position is worth at the ask, with orders in flight at their worst.
        pub exposure: [u64; 2] = amount("risk currency"),
        /// Signed quantity (contracts where inverse), exact: fees taken in the base asset leave parts of a step.
        pub exact_quantity: [u64; 2] = amount("base units"),
        /// Zeros.
        pub reserved: [u64; 2] = RESERVED,
    }

    /// The balance of an asset on a venue. Written by the core thread.
    pub struct BalanceRow {
        /// The venue.
        pub venue: u32 = refers("venues"),
        /// Zero.
        pub reserved: u32 = RESERVED,
        /// The asset.
        pub asset: [u8; 16] = TEXT,
        /// What a new order may use.
        pub free: [u64; 2] = amount("asset"),
        /// Set aside for orders in flight and contract positions.
        pub locked: [u64; 2] = amount("asset"),
        /// All of it; fees may take it below zero.
        pub total: [u64; 2] = amount("asset"),
        /// What the run started from.
        pub initial: [u64; 2] = amount("asset"),
        /// Zeros.
        pub reserved_too: [u64; 4] = RESERVED,
    }

    /// What risk knows. Written by the core thread.
    pub struct RiskRow {
        /// 1 while trading is halted.
        pub halted: u32 = PLAIN,
        /// What halted it; of no meaning unless halted.
        pub code: u32 = of_enum("deny_code"),
        /// Core time at which that last changed.
        pub changed_ns: u64 = TIME,
        /// Realised minus fees plus unrealised.
        pub net: [u64; 2] = amount("risk currency"),
        /// Of what was closed, before fees.
        pub realised: [u64; 2] = amount("risk currency"),
        /// Fees paid.
        pub fees: [u64; 2] = amount("risk currency"),
        /// Of what is open, at the quotes.
        pub unrealised: [u64; 2] = amount("risk currency"),
        /// Sum of the absolute values of all positions, with orders in flight at their worst.
        pub gross: [u64; 2] = amount("risk currency"),
        /// Times that a limit was reached or exceeded, denials included.
        pub breaches: u64 = PLAIN,
        /// The risk currency.
        pub currency: [u8; 16] = TEXT,
        /// Why trading is halted, in words.
        pub reason: [u8; 64] = TEXT,
        /// Zeros.
        pub reserved: [u64; 8] = RESERVED,
    }

    /// A limit, its use and what is left of it. Written by the core thread.
    pub struct LimitRow {
        /// The code that its breach is told by.
        pub code: u32 = of_enum("deny_code"),
        /// What its numbers are counted in.
        pub kind: u32 = of_enum("limit_kind"),
        /// Decimals of its numbers.
        pub decimals: u32 = PLAIN,
        /// 1 where reaching it halts trading, 0 where it denies the order.
        pub halting: u32 = PLAIN,
        /// Its key in the config.
        pub name: [u8; 24] = TEXT,
        /// How much of it is used: the most of any instrument or asset, where the limit is for each of them.
        pub used: [u64; 2] = wide_by("limits", "decimals"),
        /// The limit.
        pub limit: [u64; 2] = wide_by("limits", "decimals"),
        /// What is left; below zero when prices or closing orders carried it over the limit.
        pub headroom: [u64; 2] = wide_by("limits", "decimals"),
        /// Groups of intents denied by it.
        pub denied: u64 = PLAIN,
        /// Times that it halted trading; where it only denies, times that its use was seen to reach it.
        pub breaches: u64 = PLAIN,
        /// Zeros.
        pub reserved: [u64; 2] = RESERVED,
    }

    /// Denials by deny code. Written by the core thread.
    pub struct DeniedRow {
        /// Groups of intents denied, by the number of their code.
        pub counts: [u64; 31] = by_enum("deny_code"),
    }
}
