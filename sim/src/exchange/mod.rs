//! The exchange behind every simulated venue: books, matching, accounts. It knows no protocol, no socket, no clock.
//!
//! All state changes come from commands with a time in nanoseconds ([`Exchange::submit`], [`Exchange::cancel`], ...);
//! a command does all that follows from it at once and leaves [`Event`]s in one total order. The same commands give
//! the same events. Times never go back: an earlier time than the last one counts as the last one.
//!
//! Money is integer: prices and quantities are mantissas at the instrument's scale, amounts are at 1e-16, and over
//! all accounts, the house's and the fees' included, every asset always adds up to what was deposited. The values of
//! inverse contracts are rounded down once per trade, the same for both sides.
//!
//! Where the venue's own way is not published, this is ours: commissions are rounded down; a STOP_LOSS or
//! TAKE_PROFIT buy locks nothing until it triggers; stop orders trigger by the last trade's price after the command
//! that traded; those above the market go first, then by price, then by age; an iceberg's next part queues
//! behind all others; only an order that may rest counts against the open-order filters.

mod admit;
mod book;
mod commands;
mod event;
mod filters;
mod forced;
mod history;
mod house;
mod ledger;
mod listing;
mod matching;
mod orders;
mod plan;
mod positions;
mod query;
mod reject;
mod spec;
mod types;

use std::collections::HashMap;

use crosstick_model::{Amount, InstrumentId, Kind};

pub(crate) use self::commands::client_order_id as made_client_id;
use self::ledger::Ledger;
use self::listing::Listing;
use self::orders::Orders;
pub(crate) use self::positions::LEVERAGE_MAX;
use self::positions::Positions;

pub use event::{Event, EventKind, OrderUpdate};
pub use positions::PositionView;
pub use reject::{FilterName, Reject};
pub use spec::{
    AccountSpec, AssetSpec, ExchangeFilters, Filters, InstrumentSpec, MinNotional, NotionalRange, PercentPrice, Range,
    TradingStatus,
};
pub use types::{
    AccountId, AccountTrade, BalanceView, CancelRestriction, ExpiryReason, Fill, LevelView, NewOrder, OrderId,
    OrderKind, OrderRef, OrderStatus, OrderView, Placed, PositionSide, PreventedMatch, ReplaceMode, Replaced, StpMode,
    Tif, Trade,
};

/// The exchange.
#[derive(Debug)]
pub struct Exchange {
    assets: Vec<AssetSpec>,
    listings: Vec<Listing>,
    symbols: HashMap<String, InstrumentId>,
    filters: ExchangeFilters,
    accounts: Vec<AccountSpec>,
    ledger: Ledger,
    deposited: Vec<Amount>,
    positions: Positions,
    orders: Orders,
    events: Vec<Event>,
    last_seq: u64,
    now_ns: u64,
}

impl Exchange {
    /// An exchange without accounts but its own two, and with empty books.
    ///
    /// # Panics
    /// Where the specs contradict themselves: an asset that an instrument names but is not there, a symbol twice, more
    /// of either than 65 536, commissions in more than 16 decimals, an inverse contract that is worth nothing.
    #[must_use]
    pub fn new(assets: Vec<AssetSpec>, instruments: Vec<InstrumentSpec>, filters: ExchangeFilters) -> Self {
        assert!(assets.iter().all(|a| a.commission_decimals <= 16), "commissions have at most 16 decimals");
        let mut symbols = HashMap::new();
        let mut listings = Vec::new();
        for (at, spec) in instruments.into_iter().enumerate() {
            let id = u16::try_from(at).expect("too many instruments");
            let known = [spec.base, spec.quote, spec.settle].iter().all(|a| a.index() < assets.len());
            assert!(known, "{} names an asset that is not there", spec.symbol);
            let worth = spec.kind != Kind::Inverse || spec.contract_size.0 > 0;
            assert!(worth, "a contract of {} is worth nothing", spec.symbol);
            let twice = symbols.insert(spec.symbol.clone(), InstrumentId(id)).is_some();
            assert!(!twice, "{} is there twice", spec.symbol);
            listings.push(Listing::new(InstrumentId(id), spec));
        }
        let mut exchange = Self {
            ledger: Ledger::new(assets.len()),
            deposited: vec![Amount::ZERO; assets.len()],
            assets,
            listings,
            symbols,
            filters,
            accounts: Vec::new(),
            positions: Positions::default(),
            orders: Orders::default(),
            events: Vec::new(),
            last_seq: 0,
            now_ns: 0,
        };
        let own = AccountSpec { maker_e8: 0, taker_e8: 0, ..AccountSpec::default() };
        exchange.add_account(own);
        exchange.add_account(own);
        exchange
    }

    /// Adds an account without any balance. Rates above one and below zero count as one and zero.
    pub fn add_account(&mut self, spec: AccountSpec) -> AccountId {
        let rate = |rate: i64| rate.clamp(0, 100_000_000);
        let spec = AccountSpec { maker_e8: rate(spec.maker_e8), taker_e8: rate(spec.taker_e8), ..spec };
        let id = AccountId(u32::try_from(self.accounts.len()).unwrap_or(u32::MAX));
        self.accounts.push(spec);
        self.ledger.add_account();
        id
    }

    /// Sets whether an account may place and cancel orders.
    pub fn set_can_trade(&mut self, account: AccountId, can_trade: bool) {
        if let Some(spec) = self.accounts.get_mut(account.index()) {
            spec.can_trade = can_trade;
        }
    }

    /// Opens, halts or restricts an instrument; open orders stay.
    ///
    /// # Errors
    /// Unknown instrument.
    pub fn set_status(&mut self, now_ns: u64, instrument: InstrumentId, status: TradingStatus) -> Result<(), Reject> {
        self.tick(now_ns);
        self.listing(instrument)?;
        self.listings[instrument.index()].spec.status = status;
        self.tell(EventKind::Status { instrument, status });
        Ok(())
    }

    /// Gives an instrument other filters; open orders stay.
    ///
    /// # Errors
    /// Unknown instrument.
    pub fn set_filters(&mut self, instrument: InstrumentId, filters: Filters) -> Result<(), Reject> {
        self.listing(instrument)?;
        self.listings[instrument.index()].spec.filters = filters;
        Ok(())
    }

    /// Sets or clears the price that price filters compare with instead of an average of trades.
    ///
    /// # Errors
    /// Unknown instrument.
    pub fn set_reference_price(&mut self, instrument: InstrumentId, price: Option<i64>) -> Result<(), Reject> {
        self.listing(instrument)?;
        self.listings[instrument.index()].reference_price = price;
        Ok(())
    }

    /// Moves all events since the last call to the end of `into`.
    pub fn drain_events(&mut self, into: &mut Vec<Event>) {
        into.append(&mut self.events);
    }

    fn listing(&self, instrument: InstrumentId) -> Result<&Listing, Reject> {
        self.listings.get(instrument.index()).ok_or(Reject::UnknownInstrument)
    }

    fn same_owner(&self, one: AccountId, other: AccountId) -> bool {
        let group = |account: AccountId| self.accounts.get(account.index()).and_then(|a| a.trade_group);
        one == other || (group(one).is_some() && group(one) == group(other))
    }

    fn tick(&mut self, now_ns: u64) {
        self.now_ns = self.now_ns.max(now_ns);
    }

    /// The end of every command that may have traded: stop orders, then the book's changed levels.
    fn finish(&mut self, instrument: InstrumentId) {
        if instrument.index() >= self.listings.len() {
            return;
        }
        self.run_stops(instrument);
        let listing = &mut self.listings[instrument.index()];
        let wanted = listing.wants_update_id.take();
        let next = (listing.update_id + 1).max(wanted.unwrap_or(0));
        let (now_ns, mut changed) = (self.now_ns, wanted.is_some());
        let (events, last_seq) = (&mut self.events, &mut self.last_seq);
        listing.book.tell_changes(|side, LevelView { price, quantity }| {
            changed = true;
            *last_seq += 1;
            let kind = EventKind::Level { instrument, update_id: next, side, price, quantity };
            events.push(Event { seq: *last_seq, at_ns: now_ns, kind });
        });
        if changed {
            listing.update_id = next;
        }
    }

    fn tell(&mut self, kind: EventKind) {
        self.last_seq += 1;
        self.events.push(Event { seq: self.last_seq, at_ns: self.now_ns, kind });
    }

    fn tell_order(&mut self, id: OrderId, update: OrderUpdate) {
        let order = Box::new(self.orders.at(id).view.clone());
        self.tell(EventKind::Order { update, order });
    }

    fn tell_balances(&mut self, account: AccountId) {
        let balances = self.ledger.touched(account);
        if !balances.is_empty() {
            self.tell(EventKind::Balances { account, balances });
        }
    }
}
