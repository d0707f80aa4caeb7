//! What accounts ask for: orders, cancels, replacements, amends.

use crosstick_model::{Amount, AssetId, InstrumentId, Kind};

use super::Exchange;
use super::admit::{AMOUNT_MAX, check_bounds, check_market, given_asset};
use super::event::{EventKind, OrderUpdate};
use super::listing::triggers_above;
use super::matching::Outcome;
use super::reject::Reject;
use super::spec::TradingStatus;
use super::types::{
    AccountId, CancelRestriction, ExpiryReason, NewOrder, OrderId, OrderKind, OrderRef, OrderStatus, OrderView, Placed,
    ReplaceMode, Replaced,
};

impl Exchange {
    /// Adds to an account's free balance, or takes from it where `delta` is below zero.
    ///
    /// # Errors
    /// Unknown account; less free than is to be taken; more than 1e14 units at a time.
    pub fn deposit(&mut self, now_ns: u64, account: AccountId, asset: AssetId, delta: Amount) -> Result<(), Reject> {
        self.tick(now_ns);
        if account.index() >= self.accounts.len() || account.0 <= AccountId::FEES.0 {
            return Err(Reject::UnknownAccount);
        }
        if delta.0.unsigned_abs() > AMOUNT_MAX.unsigned_abs() {
            return Err(Reject::TooLarge);
        }
        let asset_known = asset.index() < self.assets.len();
        if !asset_known || self.ledger.balance(account, asset).free.0 + delta.0 < 0 {
            return Err(Reject::InsufficientBalance);
        }
        self.ledger.credit(account, asset, delta.0);
        self.deposited[asset.index()].0 += delta.0;
        self.tell(EventKind::Deposit { account, asset, delta });
        self.tell_balances(account);
        Ok(())
    }

    /// Places an order and does all that follows from it at once: its fills, and the stop orders they trigger.
    ///
    /// # Errors
    /// Why it was not taken; then nothing changed.
    pub fn submit(&mut self, now_ns: u64, account: AccountId, new: &NewOrder) -> Result<Placed, Reject> {
        self.tick(now_ns);
        let placed = self.place(account, new);
        self.finish(new.instrument);
        placed
    }

    /// Whether [`Self::submit`] would take an order; changes nothing.
    ///
    /// # Errors
    /// Why it would not.
    pub fn test(&self, now_ns: u64, account: AccountId, new: &NewOrder) -> Result<(), Reject> {
        self.admit(self.now_ns.max(now_ns), account, new).map(|_| ())
    }

    fn place(&mut self, account: AccountId, new: &NewOrder) -> Result<Placed, Reject> {
        let mut record = self.admit(self.now_ns, account, new)?;
        let id = self.orders.next_id();
        record.view.id = id;
        if record.view.client_order_id.is_empty() {
            record.view.client_order_id = client_order_id(id);
        }
        let view = record.view.clone();
        let asset = given_asset(&self.listings[view.instrument.index()], view.side);
        if record.locked != Amount::ZERO {
            self.ledger.lock(account, asset, record.locked.0);
        }
        self.orders.insert(record);
        self.tell_order(id, OrderUpdate::New);
        let outcome = if view.waits() {
            let above = triggers_above(view.kind, view.side);
            self.listings[view.instrument.index()].stops.insert(above, view.stop_price, id);
            Outcome::default()
        } else {
            self.execute(id)
        };
        self.tell_balances(account);
        // As it stands before the stop orders that it triggers.
        let order = self.orders.at(id).view.clone();
        Ok(Placed { order, fills: outcome.fills, prevented: outcome.prevented })
    }

    /// Cancels an open order. `cancel_client_order_id` is the id that the cancel itself goes under, or empty.
    ///
    /// # Errors
    /// [`Reject::UnknownOrder`] also where it is no longer open.
    pub fn cancel(
        &mut self,
        now_ns: u64,
        account: AccountId,
        instrument: InstrumentId,
        order: &OrderRef,
        restriction: CancelRestriction,
        cancel_client_order_id: &str,
    ) -> Result<OrderView, Reject> {
        self.tick(now_ns);
        let canceled = self.cancel_one(account, instrument, order, restriction, cancel_client_order_id);
        self.finish(instrument);
        canceled
    }

    fn cancel_one(
        &mut self,
        account: AccountId,
        instrument: InstrumentId,
        order: &OrderRef,
        restriction: CancelRestriction,
        cancel_client_order_id: &str,
    ) -> Result<OrderView, Reject> {
        self.may_trade(account)?;
        self.listing(instrument)?;
        let view = &self.orders.find(account, instrument, order)?.view;
        if !view.status.is_open() {
            return Err(Reject::UnknownOrder);
        }
        let allowed = match restriction {
            CancelRestriction::None => true,
            CancelRestriction::OnlyNew => view.status == OrderStatus::New,
            CancelRestriction::OnlyPartiallyFilled => view.status == OrderStatus::PartiallyFilled,
        };
        if !allowed {
            return Err(Reject::CancelRestriction);
        }
        let id = view.id;
        self.withdraw(id);
        self.end(id, OrderStatus::Canceled, None);
        let cancel_client_order_id = cancel_client_order_id.to_owned();
        self.tell_order(id, OrderUpdate::Canceled { cancel_client_order_id });
        self.tell_balances(account);
        Ok(self.orders.at(id).view.clone())
    }

    /// Cancels all open orders of an account in an instrument, the oldest first.
    ///
    /// # Errors
    /// [`Reject::UnknownOrder`] where there is none.
    pub fn cancel_all(
        &mut self,
        now_ns: u64,
        account: AccountId,
        instrument: InstrumentId,
    ) -> Result<Vec<OrderView>, Reject> {
        self.tick(now_ns);
        self.may_trade(account)?;
        self.listing(instrument)?;
        let ids: Vec<OrderId> = self.orders.open(account, instrument).map(|o| o.id).collect();
        if ids.is_empty() {
            return Err(Reject::UnknownOrder);
        }
        let cancel = |id| self.cancel_one(account, instrument, &OrderRef::Id(id), CancelRestriction::None, "");
        let canceled = ids.into_iter().map(cancel).collect();
        self.finish(instrument);
        canceled
    }

    /// Cancels one order and places another. Filters of the new one are looked at first; then both are done in turn.
    ///
    /// # Errors
    /// The filter that the new order fails; then neither was attempted. Everything else stands in the outcome.
    #[allow(clippy::too_many_arguments)] // two requests in one
    pub fn cancel_replace(
        &mut self,
        now_ns: u64,
        account: AccountId,
        order: &OrderRef,
        restriction: CancelRestriction,
        cancel_client_order_id: &str,
        mode: ReplaceMode,
        new: &NewOrder,
    ) -> Result<Replaced, Reject> {
        self.tick(now_ns);
        if let Err(
            reject @ (Reject::Filter(_) | Reject::BadRequest(_) | Reject::TooLarge | Reject::StpModeNotAllowed),
        ) = self.admit(self.now_ns, account, new)
        {
            return Err(reject);
        }
        let cancel = self.cancel_one(account, new.instrument, order, restriction, cancel_client_order_id);
        let attempt = cancel.is_ok() || mode == ReplaceMode::AllowFailure;
        let new_order = attempt.then(|| self.place(account, new));
        self.finish(new.instrument);
        Ok(Replaced { cancel, new: new_order })
    }

    /// Lowers an open order's quantity; it keeps its place. An empty `client_order_id` gives it a new one.
    ///
    /// A quantity at or below what is executed ends the order as expired.
    ///
    /// # Errors
    /// Why it was not amended; then it stands as before.
    pub fn amend(
        &mut self,
        now_ns: u64,
        account: AccountId,
        instrument: InstrumentId,
        order: &OrderRef,
        quantity: i64,
        client_order_id: &str,
    ) -> Result<OrderView, Reject> {
        self.tick(now_ns);
        let id = self.check_amend(account, instrument, order, quantity, client_order_id)?;
        let previous = self.orders.at(id).view.client_order_id.clone();
        let name = match client_order_id {
            "" => client_order_id_of_amend(id, self.orders.at(id).view.amends),
            name => name.to_owned(),
        };
        self.orders.rename(id, &name);
        let now_ns = self.now_ns;
        let view = &mut self.orders.at(id).view;
        let used = view.executed + view.prevented;
        view.quantity = quantity.max(used);
        view.amends += 1;
        view.updated_ns = now_ns;
        let (open, side, price, waits) = (view.open_quantity(), view.side, view.price, view.waits());
        if open == 0 {
            self.withdraw(id);
        } else if !waits {
            let book = &mut self.listings[instrument.index()].book;
            let shown = book.shown(side, price, id).min(open);
            book.shrink(side, price, id, shown);
        }
        self.release_surplus(id);
        self.tell_order(id, OrderUpdate::Replaced { previous_client_order_id: previous });
        if open == 0 {
            self.end(id, OrderStatus::Expired, None);
        }
        self.tell_balances(account);
        self.finish(instrument);
        Ok(self.orders.at(id).view.clone())
    }

    fn check_amend(
        &self,
        account: AccountId,
        instrument: InstrumentId,
        order: &OrderRef,
        quantity: i64,
        client_order_id: &str,
    ) -> Result<OrderId, Reject> {
        self.may_trade(account)?;
        let listing = self.listing(instrument)?;
        let view = &self.orders.find(account, instrument, order)?.view;
        if !view.status.is_open() {
            return Err(Reject::UnknownOrder);
        }
        if listing.spec.status != TradingStatus::Trading {
            return Err(Reject::MarketClosed);
        }
        match quantity.cmp(&view.quantity) {
            std::cmp::Ordering::Greater => return Err(Reject::QuantityIncrease),
            std::cmp::Ordering::Equal => return Err(Reject::NoChange),
            std::cmp::Ordering::Less if quantity <= 0 => {
                return Err(Reject::BadRequest("the new quantity must be above zero"));
            }
            std::cmp::Ordering::Less => {}
        }
        let amended = OrderView { quantity, ..view.clone() };
        self.check_amend_filters(self.now_ns, listing, &amended)?;
        let same = client_order_id == view.client_order_id;
        if !same && self.orders.client_id_is_open(account, instrument, client_order_id) {
            return Err(Reject::DuplicateClientOrderId);
        }
        Ok(view.id)
    }

    /// Futures: gives an open LIMIT order another price and quantity; it loses its place and may trade at once.
    ///
    /// A quantity at or below what is executed ends it as cancelled, and so does a price at which a GTX order would
    /// take.
    ///
    /// # Errors
    /// Why it was not modified; then it stands as before.
    pub fn modify(
        &mut self,
        now_ns: u64,
        account: AccountId,
        instrument: InstrumentId,
        order: &OrderRef,
        price: i64,
        quantity: i64,
    ) -> Result<Placed, Reject> {
        self.tick(now_ns);
        let modified = self.check_modify(account, instrument, order, price, quantity)?;
        let id = modified.id;
        let would_take = check_market(self.listing(instrument)?, &modified).is_err();
        self.withdraw(id);
        let now_ns = self.now_ns;
        let view = &mut self.orders.at(id).view;
        let used = view.executed + view.prevented;
        (view.price, view.quantity, view.updated_ns) = (price, quantity.max(used), now_ns);
        view.amends += 1;
        let ends = view.open_quantity() == 0 || would_take;
        let previous_client_order_id = view.client_order_id.clone();
        let outcome = if ends {
            self.end(id, OrderStatus::Canceled, None);
            self.tell_order(id, OrderUpdate::Canceled { cancel_client_order_id: String::new() });
            Outcome::default()
        } else {
            self.tell_order(id, OrderUpdate::Replaced { previous_client_order_id });
            self.execute(id)
        };
        self.tell_balances(account);
        let order = self.orders.at(id).view.clone();
        self.finish(instrument);
        Ok(Placed { order, fills: outcome.fills, prevented: outcome.prevented })
    }

    /// The order as a modification would make it.
    fn check_modify(
        &self,
        account: AccountId,
        instrument: InstrumentId,
        order: &OrderRef,
        price: i64,
        quantity: i64,
    ) -> Result<OrderView, Reject> {
        self.may_trade(account)?;
        let listing = self.listing(instrument)?;
        let view = &self.orders.find(account, instrument, order)?.view;
        if !view.status.is_open() {
            return Err(Reject::UnknownOrder);
        }
        if listing.spec.status != TradingStatus::Trading {
            return Err(Reject::MarketClosed);
        }
        if listing.spec.kind == Kind::Spot || view.kind != OrderKind::Limit || price <= 0 || quantity <= 0 {
            return Err(Reject::BadRequest(
                "LIMIT orders on futures can be modified, to a price and quantity above zero",
            ));
        }
        if (view.price, view.quantity) == (price, quantity) {
            return Err(Reject::NoChange);
        }
        let modified = OrderView { price, quantity, ..view.clone() };
        check_bounds(listing, &modified)?;
        self.check_modify_filters(self.now_ns, listing, &modified)?;
        self.check_margin(listing, &modified)?;
        Ok(modified)
    }

    /// Ends every open order of an instrument as expired, the oldest first of each account: what an operator does.
    ///
    /// # Errors
    /// Unknown instrument.
    pub fn expire_all(&mut self, now_ns: u64, instrument: InstrumentId) -> Result<usize, Reject> {
        self.tick(now_ns);
        self.listing(instrument)?;
        let accounts = (0..self.accounts.len()).filter_map(|a| u32::try_from(a).ok()).map(AccountId);
        let ids: Vec<(AccountId, OrderId)> =
            accounts.flat_map(|account| self.orders.open(account, instrument).map(move |o| (account, o.id))).collect();
        for (account, id) in &ids {
            self.withdraw(*id);
            self.end(*id, OrderStatus::Expired, Some(ExpiryReason::ExchangeCanceled));
            self.tell_balances(*account);
        }
        self.finish(instrument);
        Ok(ids.len())
    }

    fn may_trade(&self, account: AccountId) -> Result<(), Reject> {
        let spec = self.accounts.get(account.index()).filter(|_| account.0 > AccountId::FEES.0);
        match spec {
            None => Err(Reject::UnknownAccount),
            Some(spec) if !spec.can_trade => Err(Reject::AccountDisabled),
            Some(_) => Ok(()),
        }
    }
}

/// A client id for an order that came without: 22 letters and digits that only depend on the order's id.
pub(crate) fn client_order_id(id: OrderId) -> String {
    scrambled(id.0)
}

fn client_order_id_of_amend(id: OrderId, amends: u32) -> String {
    scrambled(id.0 ^ (u64::from(amends + 1) << 48))
}

fn scrambled(seed: u64) -> String {
    const LETTERS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut state = seed;
    let mut letter = || {
        // splitmix64: every seed gives another sequence.
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        char::from(LETTERS[((z ^ (z >> 31)) % 62) as usize])
    };
    (0..22).map(|_| letter()).collect()
}
