//! What anybody may ask.

use crosstick_model::{AssetId, InstrumentId, Side};

use super::Exchange;
use super::reject::Reject;
use super::spec::{AccountSpec, AssetSpec, ExchangeFilters, InstrumentSpec, TradingStatus};
use super::types::{AccountId, AccountTrade, BalanceView, LevelView, OrderRef, OrderView, PreventedMatch, Trade};

impl Exchange {
    /// The instrument of a symbol, in the venue's spelling.
    #[must_use]
    pub fn instrument(&self, symbol: &str) -> Option<InstrumentId> {
        self.symbols.get(symbol).copied()
    }

    /// All instruments, by id.
    pub fn instruments(&self) -> impl Iterator<Item = (InstrumentId, &InstrumentSpec)> {
        self.listings.iter().map(|l| (l.id, &l.spec))
    }

    /// What is known of an instrument.
    ///
    /// # Panics
    /// Where the id is not this exchange's.
    #[must_use]
    pub fn instrument_spec(&self, instrument: InstrumentId) -> &InstrumentSpec {
        &self.listings[instrument.index()].spec
    }

    /// Whether an instrument takes orders.
    ///
    /// # Panics
    /// Where the id is not this exchange's.
    #[must_use]
    pub fn status(&self, instrument: InstrumentId) -> TradingStatus {
        self.listings[instrument.index()].spec.status
    }

    /// The asset of a name.
    #[must_use]
    pub fn asset(&self, name: &str) -> Option<AssetId> {
        let at = self.assets.iter().position(|a| a.name == name)?;
        u16::try_from(at).ok().map(AssetId)
    }

    /// What is known of an asset.
    ///
    /// # Panics
    /// Where the id is not this exchange's.
    #[must_use]
    pub fn asset_spec(&self, asset: AssetId) -> &AssetSpec {
        &self.assets[asset.index()]
    }

    /// What an account pays and may do.
    ///
    /// # Panics
    /// Where the id is not this exchange's.
    #[must_use]
    pub fn account_spec(&self, account: AccountId) -> &AccountSpec {
        &self.accounts[account.index()]
    }

    /// The filters over all instruments.
    #[must_use]
    pub const fn exchange_filters(&self) -> &ExchangeFilters {
        &self.filters
    }

    /// What an account has of an asset; nothing where either is unknown.
    #[must_use]
    pub fn balance(&self, account: AccountId, asset: AssetId) -> BalanceView {
        self.ledger.balance(account, asset)
    }

    /// What an account has of every asset, by asset id; empty where it is unknown.
    pub fn balances(&self, account: AccountId) -> impl Iterator<Item = (AssetId, BalanceView)> + '_ {
        (0..=u16::MAX).map(AssetId).zip(self.ledger.of(account).iter().copied())
    }

    /// One order of an account, open or not. Old closed ones are forgotten.
    ///
    /// # Errors
    /// [`Reject::UnknownInstrument`], [`Reject::UnknownOrder`], [`Reject::IdMismatch`].
    pub fn order(&self, account: AccountId, instrument: InstrumentId, order: &OrderRef) -> Result<OrderView, Reject> {
        self.listing(instrument)?;
        self.orders.find(account, instrument, order).map(|r| r.view.clone())
    }

    /// Open orders of an account in one instrument, or in all; by instrument, then the oldest first.
    #[must_use]
    pub fn open_orders(&self, account: AccountId, instrument: Option<InstrumentId>) -> Vec<OrderView> {
        let wanted = self.listings.iter().map(|l| l.id).filter(|id| instrument.is_none_or(|i| i == *id));
        wanted.flat_map(|id| self.orders.open(account, id)).cloned().collect()
    }

    /// Orders of an account in an instrument, open or not, the oldest first.
    #[must_use]
    pub fn all_orders(&self, account: AccountId, instrument: InstrumentId) -> Vec<OrderView> {
        let ids = self.orders.desk(account, instrument).into_iter().flat_map(|d| d.all.iter());
        ids.filter_map(|id| self.orders.get(*id)).map(|r| r.view.clone()).collect()
    }

    /// Executions of an account in an instrument, the oldest first.
    #[must_use]
    pub fn account_trades(&self, account: AccountId, instrument: InstrumentId) -> Vec<AccountTrade> {
        self.orders.desk(account, instrument).into_iter().flat_map(|d| d.trades.iter().copied()).collect()
    }

    /// Whether an account was on both sides of a trade, as far as its executions are kept.
    #[must_use]
    pub fn is_self_trade(&self, account: AccountId, instrument: InstrumentId, trade: u64) -> bool {
        let Some(desk) = self.orders.desk(account, instrument) else { return false };
        // Ids grow, and both sides of a trade stand side by side.
        let first = desk.trades.partition_point(|t| t.fill.trade < trade);
        desk.trades.range(first..).take_while(|t| t.fill.trade == trade).count() > 1
    }

    /// Prevented matches of an instrument in which an account took part as the taker, the oldest first.
    #[must_use]
    pub fn prevented_matches(&self, account: AccountId, instrument: InstrumentId) -> Vec<PreventedMatch> {
        let all = self.listings.get(instrument.index()).into_iter().flat_map(|l| l.prevented.iter());
        all.filter(|p| p.account == account).copied().collect()
    }

    /// Up to `most` levels of a side, the best first.
    #[must_use]
    pub fn depth(&self, instrument: InstrumentId, side: Side, most: usize) -> Vec<LevelView> {
        let levels = self.listings.get(instrument.index()).into_iter().flat_map(|l| l.book.levels(side));
        levels.take(most).map(|(price, level)| LevelView { price, quantity: level.quantity }).collect()
    }

    /// The best level of a side.
    #[must_use]
    pub fn best(&self, instrument: InstrumentId, side: Side) -> Option<LevelView> {
        let book = &self.listings.get(instrument.index())?.book;
        let price = book.best(side)?;
        Some(LevelView { price, quantity: book.quantity(side, price) })
    }

    /// The book's update id; it grows with every command that changes the book. Zero where unknown.
    #[must_use]
    pub fn update_id(&self, instrument: InstrumentId) -> u64 {
        self.listings.get(instrument.index()).map_or(0, |l| l.update_id)
    }

    /// The id of the next public trade. Zero where unknown.
    #[must_use]
    pub fn next_trade_id(&self, instrument: InstrumentId) -> u64 {
        self.listings.get(instrument.index()).map_or(0, |l| l.next_trade_id)
    }

    /// The newest public trades, the oldest of them first; 20 000 are kept.
    pub fn trades(&self, instrument: InstrumentId) -> impl DoubleEndedIterator<Item = &Trade> + ExactSizeIterator {
        static NONE: std::collections::VecDeque<Trade> = std::collections::VecDeque::new();
        self.listings.get(instrument.index()).map_or(&NONE, |l| &l.history.trades).iter()
    }

    /// The last trade's price.
    #[must_use]
    pub fn last_price(&self, instrument: InstrumentId) -> Option<i64> {
        self.listings.get(instrument.index())?.history.last_price()
    }

    /// The average price of the trades of the last `minutes` (30 at most), weighted by quantity and rounded down;
    /// the last price where nothing traded in them or `minutes` is 0.
    #[must_use]
    pub fn average_price(&self, now_ns: u64, instrument: InstrumentId, minutes: u32) -> Option<i64> {
        self.listings.get(instrument.index())?.history.average(now_ns, minutes)
    }

    /// Deposits less withdrawals of an asset so far: what all balances, the house's and the fees' included, add up to
    /// (futures: together with the bases of all positions).
    #[must_use]
    pub fn deposited(&self, asset: AssetId) -> crosstick_model::Amount {
        self.deposited.get(asset.index()).copied().unwrap_or_default()
    }

    /// All accounts, the house's and the fees' included.
    pub fn accounts(&self) -> impl Iterator<Item = AccountId> + use<> {
        (0..u32::try_from(self.accounts.len()).unwrap_or(u32::MAX)).map(AccountId)
    }
}
