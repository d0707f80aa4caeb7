//! Futures: positions in one-way and hedge mode, margin, reduce-only orders.
//!
//! A position keeps its `basis`: the sum of what its open quantity brought and cost (linear: in the quote asset,
//! inverse: in the base asset; a linear buy costs, an inverse buy brings). Both sides of a trade move the same value
//! in opposite directions, so that over all accounts wallets and bases always add up to what was deposited.
//!
//! Margin is a plain model, not the venue's unpublished one: an account must own, profit of open positions included,
//! a leverage-th of what each of its positions would be worth if all open orders of the worse side filled, at the
//! mark price.
//! Nothing is liquidated.

use std::collections::{HashMap, HashSet};

use crosstick_model::{Amount, AssetId, InstrumentId, Kind, Side};

use super::Exchange;
use super::event::OrderUpdate;
use super::listing::Listing;
use super::reject::Reject;
use super::types::{AccountId, ExpiryReason, NewOrder, OrderId, OrderStatus, OrderView, PositionSide};

/// The leverage of an account that chose none.
const DEFAULT_LEVERAGE: u32 = 20;
/// The highest that is offered.
pub(crate) const LEVERAGE_MAX: u32 = 125;

#[derive(Debug, Clone, Copy, Default)]
struct Position {
    quantity: i64,
    basis: i128,
    realised: i128,
}

/// All positions.
#[derive(Debug, Default)]
pub(super) struct Positions {
    open: HashMap<(AccountId, InstrumentId, PositionSide), Position>,
    leverage: HashMap<(AccountId, InstrumentId), u32>,
    /// Accounts in hedge mode.
    hedged: HashSet<AccountId>,
}

/// A position as its owner sees it. Amounts are in the instrument's settlement asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PositionView {
    /// In what.
    pub instrument: InstrumentId,
    /// Which of the account's there.
    pub side: PositionSide,
    /// How much; below zero: short. Contracts where inverse.
    pub quantity: i64,
    /// Average price of what is open, rounded down; zero: flat.
    pub entry_price: i64,
    /// What the open quantity brought less what it cost.
    pub basis: Amount,
    /// Profit and loss realised so far, before commissions.
    pub realised: Amount,
    /// Profit and loss if it were closed at the mark price.
    pub unrealised: Amount,
    /// The account's leverage in this instrument.
    pub leverage: u32,
}

impl Positions {
    pub(super) fn quantity(&self, account: AccountId, instrument: InstrumentId, side: PositionSide) -> i64 {
        self.open.get(&(account, instrument, side)).map_or(0, |p| p.quantity)
    }

    /// How much of a position an order on this side could close.
    pub(super) fn reducible(&self, order: &OrderView) -> i64 {
        (-self.quantity(order.account, order.instrument, order.position_side) * order.side.sign()).max(0)
    }

    /// One side of a trade; the profit or loss that it realised.
    pub(super) fn fill(
        &mut self,
        (account, which): (AccountId, PositionSide),
        listing: &Listing,
        side: Side,
        price: i64,
        quantity: i64,
        value: Amount,
    ) -> Amount {
        let position = self.open.entry((account, listing.id, which)).or_default();
        let signed = side.sign() * quantity;
        let flow = flow(listing, side, value);
        if position.quantity.signum() * signed >= 0 {
            position.quantity += signed;
            position.basis += flow;
            return Amount::ZERO;
        }
        let closed = quantity.min(position.quantity.abs());
        let closing = if closed == quantity {
            flow
        } else {
            self::flow(listing, side, listing.value(price, closed).unwrap_or_default())
        };
        let released = share(position.basis, closed, position.quantity.abs());
        let realised = closing + released;
        position.basis += flow - closing - released;
        position.quantity += signed;
        position.realised += realised;
        Amount(realised)
    }
}

/// What a fill brings; below zero: costs.
fn flow(listing: &Listing, side: Side, value: Amount) -> i128 {
    let brings = (listing.spec.kind == Kind::Inverse) == (side == Side::Buy);
    if brings { value.0 } else { -value.0 }
}

/// `amount × part / whole` towards zero, without leaving an i128; exact where `part` is the whole.
fn share(amount: i128, part: i64, whole: i64) -> i128 {
    let (part, whole) = (i128::from(part), i128::from(whole));
    amount / whole * part + amount % whole * part / whole
}

impl Exchange {
    /// Sets the price that positions are valued at; without one it is the last trade's.
    ///
    /// # Errors
    /// Unknown instrument, or a price that is not above zero.
    pub fn set_mark_price(&mut self, instrument: InstrumentId, price: i64) -> Result<(), Reject> {
        self.listing(instrument)?;
        if price <= 0 {
            return Err(Reject::BadRequest("the mark price must be above zero"));
        }
        self.listings[instrument.index()].mark_price = Some(price);
        Ok(())
    }

    /// Sets an account's leverage in an instrument, 1 to 125.
    ///
    /// # Errors
    /// Unknown instrument, a leverage that is not offered, or one at which the margin would not suffice.
    pub fn set_leverage(&mut self, account: AccountId, instrument: InstrumentId, leverage: u32) -> Result<(), Reject> {
        let settle = self.listing(instrument)?.spec.settle;
        if !(1..=LEVERAGE_MAX).contains(&leverage) {
            return Err(Reject::BadLeverage);
        }
        let key = (account, instrument);
        let before = self.positions.leverage.insert(key, leverage);
        let lower = leverage < before.unwrap_or(DEFAULT_LEVERAGE);
        if lower && self.margin_required(account, settle, None) > self.equity(account, settle) {
            self.positions.leverage.insert(key, before.unwrap_or(DEFAULT_LEVERAGE));
            return Err(Reject::InsufficientMargin);
        }
        Ok(())
    }

    /// Puts an account into hedge mode or back into one-way mode, in all instruments.
    ///
    /// # Errors
    /// Orders or positions in futures are open; it is in that mode; the account is unknown.
    pub fn set_hedge_mode(&mut self, account: AccountId, hedge: bool) -> Result<(), Reject> {
        if account.index() >= self.accounts.len() || account.0 <= AccountId::FEES.0 {
            return Err(Reject::UnknownAccount);
        }
        if self.hedge_mode(account) == hedge {
            return Err(Reject::NoChange);
        }
        let mut futures = self.listings.iter().filter(|l| l.spec.kind != Kind::Spot);
        if futures.any(|l| self.orders.open(account, l.id).next().is_some()) {
            return Err(Reject::ModeOpenOrders);
        }
        if self.positions.open.iter().any(|((owner, ..), p)| *owner == account && p.quantity != 0) {
            return Err(Reject::ModeOpenPositions);
        }
        if hedge {
            self.positions.hedged.insert(account)
        } else {
            self.positions.hedged.remove(&account)
        };
        Ok(())
    }

    /// Whether an account is in hedge mode.
    #[must_use]
    pub fn hedge_mode(&self, account: AccountId) -> bool {
        self.positions.hedged.contains(&account)
    }

    /// Hedge mode names a side and never says reduce-only; one-way mode knows no sides.
    pub(super) fn check_position_side(&self, account: AccountId, new: &NewOrder) -> Result<(), Reject> {
        let hedge = self.hedge_mode(account);
        let fits = hedge != (new.position_side == PositionSide::Both) && !(hedge && new.reduce_only);
        if fits { Ok(()) } else { Err(Reject::PositionSideMismatch) }
    }

    /// A position; flat where there is none.
    #[must_use]
    pub fn position(&self, account: AccountId, instrument: InstrumentId, side: PositionSide) -> Option<PositionView> {
        let listing = self.listing(instrument).ok()?;
        let p = self.positions.open.get(&(account, instrument, side)).copied().unwrap_or_default();
        Some(PositionView {
            instrument,
            side,
            quantity: p.quantity,
            entry_price: entry_price(listing, &p),
            basis: Amount(p.basis),
            realised: Amount(p.realised),
            unrealised: Amount(self.unrealised(listing, &p)),
            leverage: self.leverage(account, instrument),
        })
    }

    /// What a futures account owns of an asset: its wallet and the unrealised profit of positions settled in it.
    #[must_use]
    pub fn equity(&self, account: AccountId, asset: AssetId) -> Amount {
        let open = self.listings.iter().filter(|l| l.spec.kind != Kind::Spot && l.spec.settle == asset);
        let positions = open.flat_map(|l| PositionSide::ALL.map(|side| (l, (account, l.id, side))));
        let unrealised = positions.filter_map(|(l, key)| Some(self.unrealised(l, self.positions.open.get(&key)?)));
        let wallet = self.ledger.balance(account, asset);
        Amount(wallet.free.0 + wallet.locked.0 + unrealised.sum::<i128>())
    }

    /// The initial margin of a futures account in an asset: positions and open orders.
    #[must_use]
    pub fn initial_margin(&self, account: AccountId, asset: AssetId) -> Amount {
        self.margin_required(account, asset, None)
    }

    fn leverage(&self, account: AccountId, instrument: InstrumentId) -> u32 {
        self.positions.leverage.get(&(account, instrument)).copied().unwrap_or(DEFAULT_LEVERAGE)
    }

    fn unrealised(&self, listing: &Listing, position: &Position) -> i128 {
        let Some(mark) = listing.mark_price.or_else(|| listing.history.last_price()) else { return 0 };
        if position.quantity == 0 {
            return 0;
        }
        let side = if position.quantity > 0 { Side::Sell } else { Side::Buy };
        let value = listing.value(mark, position.quantity.abs()).unwrap_or_default();
        flow(listing, side, value) + position.basis
    }

    /// Initial margin in an asset, with one more order where given.
    fn margin_required(&self, account: AccountId, asset: AssetId, more: Option<&OrderView>) -> Amount {
        let listings = self.listings.iter().filter(|l| l.spec.kind != Kind::Spot && l.spec.settle == asset);
        let each = listings.map(|listing| {
            let more = more.filter(|o| o.instrument == listing.id);
            let open = |which: PositionSide, side: Side| -> i128 {
                let adding = |o: &&OrderView| (o.position_side, o.side) == (which, side) && !o.reduce_only;
                // An order that is being modified counts as it would be.
                let others = self.orders.open(account, listing.id).filter(|o| more.is_none_or(|m| m.id != o.id));
                let orders = others.chain(more).filter(adding);
                orders.map(|o| i128::from(o.open_quantity())).sum()
            };
            let exposure = PositionSide::ALL.map(|which| {
                let position = i128::from(self.positions.quantity(account, listing.id, which));
                (position + open(which, Side::Buy)).abs().max((position - open(which, Side::Sell)).abs())
            });
            let exposure: i128 = exposure.into_iter().sum();
            let price = listing
                .mark_price
                .or_else(|| listing.history.last_price())
                .or_else(|| more.map(|o| o.price.max(o.stop_price)).filter(|p| *p > 0))
                .or_else(|| listing.book.best(Side::Sell))
                .or_else(|| listing.book.best(Side::Buy));
            let exposure = i64::try_from(exposure).unwrap_or(i64::MAX);
            let value = price.map_or(Amount::ZERO, |p| listing.value(p, exposure).unwrap_or(Amount::MAX));
            let leverage = i128::from(self.leverage(account, listing.id));
            value.0 / leverage + i128::from(value.0 % leverage != 0)
        });
        Amount(each.fold(0, i128::saturating_add))
    }

    /// Whether the margin suffices for an order. One that adds nothing to the worse side always passes.
    pub(super) fn check_margin(&self, listing: &Listing, order: &OrderView) -> Result<(), Reject> {
        if order.reduce_only {
            let reduces = self.positions.reducible(order) > 0;
            return if reduces { Ok(()) } else { Err(Reject::ReduceOnly) };
        }
        let (account, asset) = (order.account, listing.spec.settle);
        let with = self.margin_required(account, asset, Some(order));
        let enough = with <= self.equity(account, asset) || with <= self.margin_required(account, asset, None);
        if enough { Ok(()) } else { Err(Reject::InsufficientMargin) }
    }

    /// After a position changed or such an order came: reduce-only orders shrink to what they can close, or end, so
    /// that none of them ever can turn the position.
    pub(super) fn reduce_only_follows(&mut self, account: AccountId, instrument: InstrumentId) {
        if self.listings[instrument.index()].spec.kind == Kind::Spot {
            return;
        }
        let orders = self.orders.open(account, instrument).filter(|o| o.reduce_only);
        let too_large: Vec<(OrderId, i64)> = orders
            .map(|o| (o.id, self.positions.reducible(o), o.open_quantity()))
            .filter(|(_, most, open)| open > most)
            .map(|(id, most, _)| (id, most))
            .collect();
        for (id, most) in too_large {
            let now_ns = self.now_ns;
            if most == 0 {
                self.withdraw(id);
                self.end(id, OrderStatus::Expired, Some(ExpiryReason::Rejected));
                continue;
            }
            let view = &mut self.orders.at(id).view;
            view.quantity = view.executed + view.prevented + most;
            view.updated_ns = now_ns;
            let (side, price, waits, name) = (view.side, view.price, view.waits(), view.client_order_id.clone());
            if !waits {
                let book = &mut self.listings[instrument.index()].book;
                let shown = book.shown(side, price, id).min(most);
                book.shrink(side, price, id, shown);
            }
            self.tell_order(id, OrderUpdate::Replaced { previous_client_order_id: name });
        }
    }
}

fn entry_price(listing: &Listing, position: &Position) -> i64 {
    if position.quantity == 0 || position.basis == 0 {
        return 0;
    }
    let (quantity, basis) = (i128::from(position.quantity.abs()), position.basis.abs());
    let price = if listing.spec.kind == Kind::Inverse {
        // contracts × size / base, with the mantissas' scales on the other side of the fraction.
        let up = 10i128.pow(u32::from(listing.spec.scale.price_decimals));
        let down = 10i128.pow(u32::from(listing.spec.scale.quantity_decimals));
        quantity.checked_mul(listing.spec.contract_size.0).and_then(|v| v.checked_mul(up)).map(|v| v / down / basis)
    } else {
        Some(basis / listing.spec.scale.notional_factor() / quantity)
    };
    price.and_then(|p| i64::try_from(p).ok()).unwrap_or(i64::MAX)
}
