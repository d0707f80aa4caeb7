//! Why risk denied an intent: one code a check, with the sentence that documentation and `check` print.

macro_rules! deny_codes {
    ($($(#[$doc:meta])* $variant:ident = $number:literal, $code:literal, $sentence:literal;)*) => {
        /// Why risk denied an intent.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum DenyCode {
            $(#[doc = $sentence] $variant = $number,)*
        }

        impl DenyCode {
            /// Every code, in the order of their numbers.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The code as reports, records and shared memory spell it.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self {
                    $(Self::$variant => $code,)*
                }
            }

            /// What the code says, in a sentence.
            #[must_use]
            pub const fn sentence(self) -> &'static str {
                match self {
                    $(Self::$variant => $sentence,)*
                }
            }
        }
    };
}

deny_codes! {
    Halted = 0, "HALTED", "Trading is halted until an operator resumes it with a reason.";
    Duplicate = 1, "DUPLICATE", "The same group and leg was decided on before.";
    UnknownInstrument = 2, "UNKNOWN_INSTRUMENT", "The instrument is not configured.";
    Quantity = 3, "QUANTITY", "The quantity is not positive, off the quantity step, or below the venue's minimum.";
    Price = 4, "PRICE", "The price is not positive or off the price step.";
    MinNotional = 5, "MIN_NOTIONAL", "The notional is below the venue's minimum.";
    Stale = 6, "STALE", "The instrument has no quote, or only a stale one.";
    Collar = 7, "COLLAR", "The price is further from the quote than the price collar allows.";
    OrderNotional = 8, "ORDER_NOTIONAL", "The order's notional is above max_order_notional.";
    PositionNotional = 9, "POSITION_NOTIONAL", "The instrument's position would exceed max_position_notional.";
    GrossNotional = 10, "GROSS_NOTIONAL", "The sum of all positions would exceed max_gross_notional.";
    NetNotional = 11, "NET_NOTIONAL", "The base asset's net position over all venues would exceed max_net_notional.";
    OpenOrders = 12, "OPEN_ORDERS", "As many orders as max_open_orders are open already.";
    OrderRate = 13, "ORDER_RATE", "max_orders_per_second were sent within the last second.";
    Balance = 14, "BALANCE", "The venue's free balance does not cover the order and its fee.";
    DailyLoss = 15, "DAILY_LOSS", "The day's net loss has reached max_daily_loss.";
    Drawdown = 16, "DRAWDOWN", "The fall from the best net result has reached max_drawdown.";
    NotReducing = 17, "NOT_REDUCING", "A closing order may only reduce what is open.";
    Overflow = 18, "OVERFLOW", "A number in the check does not fit its type.";
    NoValue = 19, "NO_VALUE", "The order cannot be valued in the risk currency.";
    Unhedged = 20, "UNHEDGED", "A failed pair could not be closed: only closing orders pass.";
    Unreconciled = 21, "UNRECONCILED", "A venue reported a fill that no order of ours, or no pair, explains: only closing orders pass.";
    Operator = 22, "OPERATOR", "An operator halted trading by command, signal or halt file: closing orders do not pass either.";
    Journal = 23, "JOURNAL", "The journal cannot be written or fell behind: no order passes that it would not show.";
}
