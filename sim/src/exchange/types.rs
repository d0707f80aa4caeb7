//! Orders, trades and balances as the exchange's users see them.

use crosstick_model::{Amount, AssetId, InstrumentId, Side};

/// An account, by the order of its making. [`AccountId::HOUSE`] and [`AccountId::FEES`] always exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(pub u32);

impl AccountId {
    /// The simulated rest of the world: unlimited balance (it may go below zero), no commission.
    pub const HOUSE: Self = Self(0);
    /// Where commissions go.
    pub const FEES: Self = Self(1);

    /// The index into tables of accounts.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// An order of this exchange; grows with each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrderId(pub u64);

/// Order types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // each is the venue's type of that name
pub enum OrderKind {
    Limit,
    Market,
    LimitMaker,
    StopLoss,
    StopLossLimit,
    TakeProfit,
    TakeProfitLimit,
}

impl OrderKind {
    /// The venue's word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Limit => "LIMIT",
            Self::Market => "MARKET",
            Self::LimitMaker => "LIMIT_MAKER",
            Self::StopLoss => "STOP_LOSS",
            Self::StopLossLimit => "STOP_LOSS_LIMIT",
            Self::TakeProfit => "TAKE_PROFIT",
            Self::TakeProfitLimit => "TAKE_PROFIT_LIMIT",
        }
    }

    /// Whether it waits for a trigger price.
    #[must_use]
    pub const fn is_stop(self) -> bool {
        matches!(self, Self::StopLoss | Self::StopLossLimit | Self::TakeProfit | Self::TakeProfitLimit)
    }

    /// Whether it has no limit price (once triggered, where it is a stop).
    #[must_use]
    pub const fn is_market(self) -> bool {
        matches!(self, Self::Market | Self::StopLoss | Self::TakeProfit)
    }
}

/// How long an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Tif {
    /// Until filled or cancelled.
    #[default]
    Gtc,
    /// What does not fill at once expires.
    Ioc,
    /// Fills at once and whole, or expires.
    Fok,
    /// Futures: as GTC, but refused where it would take.
    Gtx,
}

impl Tif {
    /// The venue's word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gtc => "GTC",
            Self::Ioc => "IOC",
            Self::Fok => "FOK",
            Self::Gtx => "GTX",
        }
    }
}

/// Self-trade prevention; the taker's rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum StpMode {
    /// Orders of one account trade with each other.
    #[default]
    None,
    /// The taker's rest expires.
    ExpireTaker,
    /// The maker expires and the taker goes on.
    ExpireMaker,
    /// Both expire.
    ExpireBoth,
    /// Both lose the smaller open quantity; what is left at zero expires.
    Decrement,
}

impl StpMode {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::None, Self::ExpireTaker, Self::ExpireMaker, Self::ExpireBoth, Self::Decrement];

    /// The venue's word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "NONE",
            Self::ExpireTaker => "EXPIRE_TAKER",
            Self::ExpireMaker => "EXPIRE_MAKER",
            Self::ExpireBoth => "EXPIRE_BOTH",
            Self::Decrement => "DECREMENT",
        }
    }
}

/// Futures: which position of an account in an instrument an order is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum PositionSide {
    /// The only one, in one-way mode.
    #[default]
    Both,
    /// Hedge mode: the one that buys open and sells close.
    Long,
    /// Hedge mode: the one that sells open and buys close.
    Short,
}

impl PositionSide {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Both, Self::Long, Self::Short];

    /// The venue's word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Both => "BOTH",
            Self::Long => "LONG",
            Self::Short => "SHORT",
        }
    }

    /// Whether an order on `side` can only make this position smaller.
    #[must_use]
    pub const fn closes(self, side: Side) -> bool {
        matches!((self, side), (Self::Long, Side::Sell) | (Self::Short, Side::Buy))
    }
}

/// Where an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // each is the venue's status of that name
pub enum OrderStatus {
    New,
    PartiallyFilled,
    Filled,
    Canceled,
    Expired,
    ExpiredInMatch,
}

impl OrderStatus {
    /// The venue's word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::New => "NEW",
            Self::PartiallyFilled => "PARTIALLY_FILLED",
            Self::Filled => "FILLED",
            Self::Canceled => "CANCELED",
            Self::Expired => "EXPIRED",
            Self::ExpiredInMatch => "EXPIRED_IN_MATCH",
        }
    }

    /// Whether it can still fill.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::New | Self::PartiallyFilled)
    }
}

/// Why an order expired.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // each is the venue's reason of that name
pub enum ExpiryReason {
    UnfilledIocQuantityExpired,
    UnfilledFokOrderExpired,
    /// The book ran out under a market order.
    InsufficientLiquidity,
    /// A stop order that was refused when it triggered: no balance, no margin, or nothing to reduce.
    Rejected,
    /// An operator's, as `Exchange::expire_all` does it.
    ExchangeCanceled,
}

impl ExpiryReason {
    /// The venue's word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::UnfilledIocQuantityExpired => "UNFILLED_IOC_QUANTITY_EXPIRED",
            Self::UnfilledFokOrderExpired => "UNFILLED_FOK_ORDER_EXPIRED",
            Self::InsufficientLiquidity => "INSUFFICIENT_LIQUIDITY",
            Self::Rejected => "REJECTED",
            Self::ExchangeCanceled => "EXCHANGE_CANCELED",
        }
    }
}

/// An order that somebody wants. Mantissas are at the instrument's scale, amounts at 1e-16.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewOrder {
    /// What to trade.
    pub instrument: InstrumentId,
    /// Buy or sell.
    pub side: Side,
    /// Its type.
    pub kind: OrderKind,
    /// How long it stands; ignored where the type leaves no choice.
    pub tif: Tif,
    /// How much (contracts where inverse); left out only where `quote_quantity` is given.
    pub quantity: Option<i64>,
    /// MARKET on spot: how much of the quote asset to spend or receive instead.
    pub quote_quantity: Option<Amount>,
    /// Limit price: limit types, and they alone.
    pub price: Option<i64>,
    /// Trigger price: stop types, and they alone.
    pub stop_price: Option<i64>,
    /// The part of a LIMIT, STOP_LOSS_LIMIT or TAKE_PROFIT_LIMIT order with GTC that is shown; zero: all.
    pub iceberg_quantity: i64,
    /// Self-trade prevention; `None`: the instrument's.
    pub stp: Option<StpMode>,
    /// The client's id; empty: one is made.
    pub client_order_id: String,
    /// Futures: may only make the position smaller; not in hedge mode, where the position's side says as much.
    pub reduce_only: bool,
    /// Futures: which position; hedge mode wants LONG or SHORT, one-way mode BOTH.
    pub position_side: PositionSide,
    /// The client's own number of a strategy, kept and told.
    pub strategy_id: Option<i64>,
    /// The client's own number of a kind of strategy, kept and told.
    pub strategy_type: Option<i64>,
}

impl NewOrder {
    /// A LIMIT order with GTC and nothing special.
    #[must_use]
    pub fn limit(instrument: InstrumentId, side: Side, price: i64, quantity: i64) -> Self {
        Self { kind: OrderKind::Limit, price: Some(price), ..Self::market(instrument, side, quantity) }
    }

    /// A MARKET order by quantity.
    #[must_use]
    pub const fn market(instrument: InstrumentId, side: Side, quantity: i64) -> Self {
        Self {
            instrument,
            side,
            kind: OrderKind::Market,
            tif: Tif::Gtc,
            quantity: Some(quantity),
            quote_quantity: None,
            price: None,
            stop_price: None,
            iceberg_quantity: 0,
            stp: None,
            client_order_id: String::new(),
            reduce_only: false,
            position_side: PositionSide::Both,
            strategy_id: None,
            strategy_type: None,
        }
    }
}

/// An order as the exchange has it. Mantissas at the instrument's scale; times in ns since the epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderView {
    /// Its id.
    pub id: OrderId,
    /// Whose.
    pub account: AccountId,
    /// What it trades.
    pub instrument: InstrumentId,
    /// The client's id; an amend may change it.
    pub client_order_id: String,
    /// Buy or sell.
    pub side: Side,
    /// Its type.
    pub kind: OrderKind,
    /// How long it stands.
    pub tif: Tif,
    /// Where it stands.
    pub status: OrderStatus,
    /// Limit price; zero: none.
    pub price: i64,
    /// Trigger price; zero: none.
    pub stop_price: i64,
    /// Shown part; zero: all.
    pub iceberg_quantity: i64,
    /// Ordered; of an order by quote quantity, what it executed so far.
    pub quantity: i64,
    /// Ordered in the quote asset; zero: ordered by quantity.
    pub quote_quantity: Amount,
    /// Executed.
    pub executed: i64,
    /// What its fills were worth in the quote asset (inverse: in the base asset).
    pub executed_value: Amount,
    /// Lost to self-trade prevention.
    pub prevented: i64,
    /// The last prevented match of it.
    pub prevented_match: Option<u64>,
    /// The mode it was given or defaulted to.
    pub stp: StpMode,
    /// Futures: may only make the position smaller; so do all that close in hedge mode.
    pub reduce_only: bool,
    /// Futures: which position.
    pub position_side: PositionSide,
    /// The client's own number of a strategy.
    pub strategy_id: Option<i64>,
    /// The client's own number of a kind of strategy.
    pub strategy_type: Option<i64>,
    /// When it was taken.
    pub created_ns: u64,
    /// When it last changed.
    pub updated_ns: u64,
    /// Since when it is in the book or at least was offered to it; `None`: a stop that waits.
    pub working_ns: Option<u64>,
    /// Why it expired.
    pub expiry: Option<ExpiryReason>,
    /// How often it was amended.
    pub amends: u32,
}

impl OrderView {
    /// What can still fill: ordered less executed less prevented.
    #[must_use]
    pub const fn open_quantity(&self) -> i64 {
        self.quantity - self.executed - self.prevented
    }

    /// Whether it waits for its trigger price.
    #[must_use]
    pub const fn waits(&self) -> bool {
        self.working_ns.is_none()
    }
}

/// One execution, seen from one of its orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fill {
    /// The trade.
    pub trade: u64,
    /// Which order.
    pub order: OrderId,
    /// Price.
    pub price: i64,
    /// Quantity.
    pub quantity: i64,
    /// Price × quantity in the quote asset (inverse: in the base asset).
    pub value: Amount,
    /// What it cost, in `commission_asset`.
    pub commission: Amount,
    /// The asset of the commission.
    pub commission_asset: AssetId,
    /// Buy or sell.
    pub side: Side,
    /// Whether this order rested.
    pub is_maker: bool,
    /// Futures: profit or loss that it realised, in the settlement asset, before commission.
    pub realised: Amount,
}

/// One execution of an account, as its history keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountTrade {
    /// Whose.
    pub account: AccountId,
    /// What was traded.
    pub instrument: InstrumentId,
    /// When, in ns since the epoch.
    pub at_ns: u64,
    /// The execution.
    pub fill: Fill,
}

/// A public trade.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trade {
    /// Contiguous per instrument.
    pub id: u64,
    /// What was traded.
    pub instrument: InstrumentId,
    /// When, in ns since the epoch.
    pub at_ns: u64,
    /// Price.
    pub price: i64,
    /// Quantity.
    pub quantity: i64,
    /// Which side took.
    pub taker_side: Side,
    /// The taker's order; trades of one taker have the same.
    pub taker_order: OrderId,
    /// The maker's order; the house's resting quotes have 0.
    pub maker_order: OrderId,
}

/// Two orders of one account (or trade group) that were kept from trading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PreventedMatch {
    /// Contiguous per instrument from 0.
    pub id: u64,
    /// What would have been traded.
    pub instrument: InstrumentId,
    /// When, in ns since the epoch.
    pub at_ns: u64,
    /// The taker's account.
    pub account: AccountId,
    /// The taker.
    pub taker_order: OrderId,
    /// The maker.
    pub maker_order: OrderId,
    /// The maker's price.
    pub price: i64,
    /// Which mode decided.
    pub mode: StpMode,
    /// What the taker lost; zero where the mode leaves it alone.
    pub taker_prevented: i64,
    /// What the maker lost; zero where the mode leaves it alone.
    pub maker_prevented: i64,
}

/// What an account has of an asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BalanceView {
    /// To use.
    pub free: Amount,
    /// Reserved for open orders.
    pub locked: Amount,
}

/// A new order's outcome: the order after all that happened at once, its fills, and what was prevented.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// The order as it stands now.
    pub order: OrderView,
    /// Its fills as a taker, in order.
    pub fills: Vec<Fill>,
    /// The matches that self-trade prevention kept it from, in order.
    pub prevented: Vec<PreventedMatch>,
}

/// Which order is meant. Given both, both must mean the same one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderRef {
    /// By the exchange's id.
    Id(OrderId),
    /// By the client's id: the open order of that id, else the latest closed one.
    Client(String),
    /// By both.
    Both(OrderId, String),
}

/// Which orders a cancel may end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum CancelRestriction {
    /// Any open order.
    #[default]
    None,
    /// Nothing of it executed.
    OnlyNew,
    /// Some of it executed.
    OnlyPartiallyFilled,
}

/// What becomes of a replacement when its cancel fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReplaceMode {
    /// The new order is not attempted.
    StopOnFailure,
    /// The new order is placed all the same.
    AllowFailure,
}

/// Outcome of a cancel-and-replace: `None` is "not attempted".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replaced {
    /// The cancelled order.
    pub cancel: Result<OrderView, super::Reject>,
    /// The new order.
    pub new: Option<Result<Placed, super::Reject>>,
}

/// One price level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LevelView {
    /// Price.
    pub price: i64,
    /// Shown quantity of all orders there.
    pub quantity: i64,
}
