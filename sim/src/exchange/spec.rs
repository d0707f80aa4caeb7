//! What an exchange is told at start: assets, instruments, their filters, accounts.

use crosstick_model::{Amount, AssetId, Kind, Scale};

use super::types::StpMode;

/// One asset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssetSpec {
    /// Its name, upper case.
    pub name: String,
    /// Decimals of a commission in it, at most 16: commissions are rounded down to these.
    pub commission_decimals: u8,
}

/// Whether an instrument takes orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum TradingStatus {
    /// It does.
    #[default]
    Trading,
    /// Cancels alone; so do HALT, BREAK and END_OF_DAY here.
    CancelOnly,
    /// Neither orders nor amends; cancels are taken.
    Halt,
    /// As [`Self::Halt`], under another name.
    Break,
    /// As [`Self::Halt`], under another name.
    EndOfDay,
}

impl TradingStatus {
    /// The venue's word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Trading => "TRADING",
            Self::CancelOnly => "CANCEL_ONLY",
            Self::Halt => "HALT",
            Self::Break => "BREAK",
            Self::EndOfDay => "END_OF_DAY",
        }
    }
}

/// One tradable contract. Price and quantity mantissas of everything about it are at `scale`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstrumentSpec {
    /// The venue's spelling.
    pub symbol: String,
    /// What is bought and sold.
    pub base: AssetId,
    /// What prices are in.
    pub quote: AssetId,
    /// What profit, loss and margin are in (futures).
    pub settle: AssetId,
    /// What a contract is worth.
    pub kind: Kind,
    /// Inverse: quote units that one contract is worth; one otherwise.
    pub contract_size: Amount,
    /// Decimals of prices and quantities.
    pub scale: Scale,
    /// Whether it takes orders.
    pub status: TradingStatus,
    /// What orders must obey.
    pub filters: Filters,
    /// What an order that names no mode gets.
    pub default_stp: StpMode,
    /// What orders may name.
    pub allowed_stp: Vec<StpMode>,
    /// The first trade's id.
    pub first_trade_id: u64,
    /// The book's update id before anything changed it.
    pub first_update_id: u64,
}

/// Filters of one instrument; `None` is no rule.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filters {
    /// PRICE_FILTER.
    pub price: Option<Range>,
    /// LOT_SIZE.
    pub lot: Option<Range>,
    /// MARKET_LOT_SIZE.
    pub market_lot: Option<Range>,
    /// MIN_NOTIONAL.
    pub min_notional: Option<MinNotional>,
    /// NOTIONAL.
    pub notional: Option<NotionalRange>,
    /// PERCENT_PRICE.
    pub percent_price: Option<PercentPrice>,
    /// PERCENT_PRICE_BY_SIDE: for buys, then for sells.
    pub percent_price_by_side: Option<[PercentPrice; 2]>,
    /// ICEBERG_PARTS: most parts of an iceberg order.
    pub iceberg_parts: Option<i64>,
    /// MAX_NUM_ORDERS: open orders of an account.
    pub max_orders: Option<usize>,
    /// MAX_NUM_ALGO_ORDERS: open stop and take-profit orders of an account, triggered or not.
    pub max_algo_orders: Option<usize>,
    /// MAX_NUM_ICEBERG_ORDERS: open iceberg orders of an account.
    pub max_iceberg_orders: Option<usize>,
    /// MAX_NUM_ORDER_AMENDS: amends of one order.
    pub max_amends: Option<u32>,
    /// MAX_POSITION: base asset that an account may hold and have open buys for.
    pub max_position: Option<Amount>,
}

/// Least, most and step, mantissas at the instrument's scale; a zero disables its part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// Least.
    pub min: i64,
    /// Most.
    pub max: i64,
    /// Values are multiples of it.
    pub step: i64,
}

/// MIN_NOTIONAL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MinNotional {
    /// Least notional, in the quote asset.
    pub min: Amount,
    /// Whether MARKET orders obey.
    pub apply_to_market: bool,
    /// Minutes of the average price that a MARKET order is valued at; 0: the last price.
    pub avg_price_mins: u32,
}

/// NOTIONAL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotionalRange {
    /// Least notional, in the quote asset.
    pub min: Amount,
    /// Whether MARKET orders obey the least.
    pub apply_min_to_market: bool,
    /// Most notional, in the quote asset.
    pub max: Amount,
    /// Whether MARKET orders obey the most.
    pub apply_max_to_market: bool,
    /// Minutes of the average price that a MARKET order is valued at; 0: the last price.
    pub avg_price_mins: u32,
}

/// PERCENT_PRICE, for both sides or one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PercentPrice {
    /// Most, as a multiple of the reference at 1e-8.
    pub up_e8: i64,
    /// Least, as a multiple of the reference at 1e-8.
    pub down_e8: i64,
    /// Minutes of the average price that is the reference; 0: the last price.
    pub avg_price_mins: u32,
}

/// Filters over all instruments of an exchange; `None` is no rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ExchangeFilters {
    /// EXCHANGE_MAX_NUM_ORDERS.
    pub max_orders: Option<usize>,
    /// EXCHANGE_MAX_NUM_ALGO_ORDERS.
    pub max_algo_orders: Option<usize>,
    /// EXCHANGE_MAX_NUM_ICEBERG_ORDERS.
    pub max_iceberg_orders: Option<usize>,
}

/// What one account pays and may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountSpec {
    /// Commission of a resting order, at 1e-8 of what is received (futures: of the notional), zero or more.
    pub maker_e8: i64,
    /// Commission of an aggressive order, likewise.
    pub taker_e8: i64,
    /// Whether it may place and cancel orders.
    pub can_trade: bool,
    /// Accounts with the same number do not trade with each other either; `None`: with itself alone.
    pub trade_group: Option<u32>,
}

impl Default for AccountSpec {
    /// 10 bps for both sides, may trade.
    fn default() -> Self {
        Self { maker_e8: 100_000, taker_e8: 100_000, can_trade: true, trade_group: None }
    }
}
