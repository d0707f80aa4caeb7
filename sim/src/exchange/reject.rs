//! Why the exchange refused something. Texts and codes are the protocols' business.

use std::fmt;

/// The filters by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // each is the filter of that name
pub enum FilterName {
    Price,
    PercentPrice,
    PercentPriceBySide,
    LotSize,
    MarketLotSize,
    MinNotional,
    Notional,
    IcebergParts,
    MaxNumOrders,
    MaxNumAlgoOrders,
    MaxNumIcebergOrders,
    MaxNumOrderAmends,
    MaxPosition,
    ExchangeMaxNumOrders,
    ExchangeMaxNumAlgoOrders,
    ExchangeMaxNumIcebergOrders,
}

impl FilterName {
    /// As it stands behind `Filter failure: `.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Price => "PRICE_FILTER",
            Self::PercentPrice => "PERCENT_PRICE",
            Self::PercentPriceBySide => "PERCENT_PRICE_BY_SIDE",
            Self::LotSize => "LOT_SIZE",
            Self::MarketLotSize => "MARKET_LOT_SIZE",
            Self::MinNotional => "MIN_NOTIONAL",
            Self::Notional => "NOTIONAL",
            Self::IcebergParts => "ICEBERG_PARTS",
            Self::MaxNumOrders => "MAX_NUM_ORDERS",
            Self::MaxNumAlgoOrders => "MAX_NUM_ALGO_ORDERS",
            Self::MaxNumIcebergOrders => "MAX_NUM_ICEBERG_ORDERS",
            Self::MaxNumOrderAmends => "MAX_NUM_ORDER_AMENDS",
            Self::MaxPosition => "MAX_POSITION",
            Self::ExchangeMaxNumOrders => "EXCHANGE_MAX_NUM_ORDERS",
            Self::ExchangeMaxNumAlgoOrders => "EXCHANGE_MAX_NUM_ALGO_ORDERS",
            Self::ExchangeMaxNumIcebergOrders => "EXCHANGE_MAX_NUM_ICEBERG_ORDERS",
        }
    }
}

/// A refusal. Nothing changed, but for what is said otherwise at the command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reject {
    /// No such account.
    UnknownAccount,
    /// No such instrument.
    UnknownInstrument,
    /// The account may not trade.
    AccountDisabled,
    /// A contradiction in the request that its protocol should have refused; the text says which.
    BadRequest(&'static str),
    /// A value beyond what the ledger counts in (1e14 units).
    TooLarge,
    /// A filter failed.
    Filter(FilterName),
    /// The instrument is halted.
    MarketClosed,
    /// The instrument takes cancels alone.
    CancelOnly,
    /// The instrument does not allow this self-trade prevention mode.
    StpModeNotAllowed,
    /// An open order of the account has this client id.
    DuplicateClientOrderId,
    /// Not enough free balance.
    InsufficientBalance,
    /// Futures: not enough margin.
    InsufficientMargin,
    /// Futures: a reduce-only order that reduces nothing.
    ReduceOnly,
    /// A maker-only order that would take.
    WouldMatchImmediately,
    /// A stop order whose price the market has passed.
    WouldTriggerImmediately,
    /// No such order, or (for cancels and amends) it is not open.
    UnknownOrder,
    /// Order id and client id name different orders.
    IdMismatch,
    /// The order's status is not what the cancel's restriction asked for.
    CancelRestriction,
    /// Amend: the new quantity is above the order's.
    QuantityIncrease,
    /// Amend: the new quantity is the order's.
    NoChange,
    /// Futures: a position side, or a reduce-only flag, that the account's position mode does not have.
    PositionSideMismatch,
    /// Futures: the position mode cannot change while orders are open.
    ModeOpenOrders,
    /// Futures: the position mode cannot change while positions are open.
    ModeOpenPositions,
    /// Futures: this leverage is not offered.
    BadLeverage,
}

impl fmt::Display for Reject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnknownAccount => "no such account",
            Self::UnknownInstrument => "no such instrument",
            Self::AccountDisabled => "the account may not trade",
            Self::BadRequest(why) => why,
            Self::TooLarge => "a value beyond 1e14 units",
            Self::Filter(filter) => return write!(f, "filter failure: {}", filter.name()),
            Self::MarketClosed => "the market is closed",
            Self::CancelOnly => "the instrument takes cancels alone",
            Self::StpModeNotAllowed => "self-trade prevention mode not allowed",
            Self::DuplicateClientOrderId => "an open order has this client id",
            Self::InsufficientBalance => "insufficient balance",
            Self::InsufficientMargin => "insufficient margin",
            Self::ReduceOnly => "a reduce-only order that reduces nothing",
            Self::WouldMatchImmediately => "would match immediately",
            Self::WouldTriggerImmediately => "would trigger immediately",
            Self::UnknownOrder => "unknown order",
            Self::IdMismatch => "order id and client id name different orders",
            Self::CancelRestriction => "the order's status is not the one asked for",
            Self::QuantityIncrease => "an amend cannot raise the quantity",
            Self::NoChange => "would change nothing",
            Self::PositionSideMismatch => "not in this position mode",
            Self::ModeOpenOrders => "the position mode cannot change while orders are open",
            Self::ModeOpenPositions => "the position mode cannot change while positions are open",
            Self::BadLeverage => "leverage not offered",
        })
    }
}

impl std::error::Error for Reject {}
