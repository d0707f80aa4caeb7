//! Whether a new order is taken, and what it locks.

use crosstick_model::{Amount, AssetId, Kind, Side};

use super::Exchange;
use super::listing::{Listing, triggers_above};
use super::orders::Record;
use super::plan::{Taker, Want, within};
use super::reject::Reject;
use super::spec::TradingStatus;
use super::types::{AccountId, NewOrder, OrderId, OrderKind, OrderStatus, OrderView, PositionSide, Tif};

/// Amounts of one order and deposit are at most this, at 1e-16: sums and fees of them fit an i128.
pub(super) const AMOUNT_MAX: i128 = 10i128.pow(30);

impl Exchange {
    /// The order as it would be taken, without an id, and what it would lock.
    pub(super) fn admit(&self, now_ns: u64, account: AccountId, new: &NewOrder) -> Result<Record, Reject> {
        let spec = self.accounts.get(account.index()).filter(|_| account.0 > AccountId::FEES.0);
        let spec = spec.ok_or(Reject::UnknownAccount)?;
        let listing = self.listing(new.instrument)?;
        if !spec.can_trade {
            return Err(Reject::AccountDisabled);
        }
        check_shape(listing, new)?;
        let view = draft(now_ns, account, listing, new);
        check_bounds(listing, &view)?;
        if listing.spec.kind != Kind::Spot {
            self.check_position_side(account, new)?;
        }
        self.check_filters(now_ns, listing, &view)?;
        if !listing.spec.allowed_stp.contains(&view.stp) {
            return Err(Reject::StpModeNotAllowed);
        }
        match listing.spec.status {
            TradingStatus::Trading => {}
            TradingStatus::CancelOnly => return Err(Reject::CancelOnly),
            _ => return Err(Reject::MarketClosed),
        }
        if self.orders.client_id_is_open(account, listing.id, &view.client_order_id) {
            return Err(Reject::DuplicateClientOrderId);
        }
        check_market(listing, &view)?;
        let locked = self.reserve(listing, &view)?;
        Ok(Record { view, locked })
    }

    /// What an order must lock before it is offered, if there is as much. Futures: nothing, but margin must suffice.
    pub(super) fn reserve(&self, listing: &Listing, order: &OrderView) -> Result<Amount, Reject> {
        if listing.spec.kind != Kind::Spot {
            self.check_margin(listing, order)?;
            return Ok(Amount::ZERO);
        }
        let too_large = Reject::TooLarge;
        let amount = match (order.side, order.kind.is_market()) {
            (Side::Buy, false) => listing.value(order.price, order.quantity).ok_or(too_large)?,
            (Side::Buy, true) if order.waits() => Amount::ZERO,
            (Side::Buy, true) if !order.quote_quantity_is_zero() => order.quote_quantity,
            (Side::Buy, true) => Amount(self.plan(listing, &self.taker(listing, order)).value.ok_or(too_large)?),
            (Side::Sell, true) if !order.quote_quantity_is_zero() => {
                listing.base(self.plan(listing, &self.taker(listing, order)).quantity)
            }
            (Side::Sell, _) => listing.base(order.quantity),
        };
        let asset = given_asset(listing, order.side);
        if self.ledger.balance(order.account, asset).free < amount {
            return Err(Reject::InsufficientBalance);
        }
        Ok(amount)
    }

    /// An order as somebody who takes.
    pub(super) fn taker(&self, listing: &Listing, order: &OrderView) -> Taker {
        let want = if order.quote_quantity_is_zero() {
            let most = if order.reduce_only { self.positions.reducible(order) } else { i64::MAX };
            Want::Quantity(order.open_quantity().min(most))
        } else {
            let left = order.quote_quantity.0 - order.executed_value.0;
            Want::Value { left, step: listing.market_step() }
        };
        let limit = (!order.kind.is_market()).then_some(order.price);
        Taker {
            account: order.account,
            position_side: order.position_side,
            side: order.side,
            limit,
            stp: order.stp,
            want,
        }
    }
}

/// What an order gives away.
pub(super) const fn given_asset(listing: &Listing, side: Side) -> AssetId {
    match side {
        Side::Buy => listing.spec.quote,
        Side::Sell => listing.spec.base,
    }
}

/// Which fields go together.
fn check_shape(listing: &Listing, new: &NewOrder) -> Result<(), Reject> {
    let bad = |condition: bool, why: &'static str| if condition { Err(Reject::BadRequest(why)) } else { Ok(()) };
    let spot = listing.spec.kind == Kind::Spot;
    let by_value = new.quote_quantity.is_some();
    bad(new.quantity.is_some() == by_value, "either a quantity or a quote quantity")?;
    bad(by_value && (new.kind != OrderKind::Market || !spot), "a quote quantity is for MARKET orders on spot")?;
    bad(new.quantity.is_some_and(|q| q <= 0), "the quantity must be above zero")?;
    bad(new.quote_quantity.is_some_and(|q| q.0 <= 0), "the quote quantity must be above zero")?;
    bad(new.price.is_some() == new.kind.is_market(), "limit types, and they alone, have a price")?;
    bad(new.price.is_some_and(|p| p <= 0), "the price must be above zero")?;
    bad(new.stop_price.is_some() != new.kind.is_stop(), "stop types, and they alone, have a stop price")?;
    bad(new.stop_price.is_some_and(|p| p <= 0), "the stop price must be above zero")?;
    bad(new.iceberg_quantity < 0, "the iceberg quantity must not be below zero")?;
    let shows_less = new.iceberg_quantity > 0;
    bad(shows_less && (new.kind.is_market() || new.tif != Tif::Gtc), "an iceberg order rests: a limit type with GTC")?;
    bad(new.reduce_only && spot, "reduce-only is for futures")?;
    bad(new.position_side != PositionSide::Both && spot, "a position side is for futures")?;
    bad(new.tif == Tif::Gtx && (spot || new.kind != OrderKind::Limit), "GTX is for LIMIT orders on futures")
}

fn draft(now_ns: u64, account: AccountId, listing: &Listing, new: &NewOrder) -> OrderView {
    let free_tif = !new.kind.is_market() && new.kind != OrderKind::LimitMaker;
    let iceberg = if Some(new.iceberg_quantity) == new.quantity { 0 } else { new.iceberg_quantity };
    OrderView {
        id: OrderId(0),
        account,
        instrument: listing.id,
        client_order_id: new.client_order_id.clone(),
        side: new.side,
        kind: new.kind,
        tif: if free_tif { new.tif } else { Tif::Gtc },
        status: OrderStatus::New,
        price: new.price.unwrap_or(0),
        stop_price: new.stop_price.unwrap_or(0),
        iceberg_quantity: iceberg,
        quantity: new.quantity.unwrap_or(0),
        quote_quantity: new.quote_quantity.unwrap_or(Amount::ZERO),
        executed: 0,
        executed_value: Amount::ZERO,
        prevented: 0,
        prevented_match: None,
        stp: new.stp.unwrap_or(listing.spec.default_stp),
        reduce_only: new.reduce_only || new.position_side.closes(new.side),
        position_side: new.position_side,
        strategy_id: new.strategy_id,
        strategy_type: new.strategy_type,
        created_ns: now_ns,
        updated_ns: now_ns,
        working_ns: (!new.kind.is_stop()).then_some(now_ns),
        expiry: None,
        amends: 0,
    }
}

/// Whether the ledger can count what the order may come to.
pub(super) fn check_bounds(listing: &Listing, order: &OrderView) -> Result<(), Reject> {
    let quantity = Amount::quantity(order.quantity, listing.spec.scale);
    let highest = order.price.max(order.stop_price).max(1);
    let value = Amount::notional(highest, order.quantity, listing.spec.scale);
    let contracts = listing.value(if order.price > 0 { order.price } else { 1 }, order.quantity);
    let counts = |amount: Option<Amount>| amount.is_some_and(|a| a.0 <= AMOUNT_MAX);
    if counts(quantity) && counts(value) && counts(contracts) && order.quote_quantity.0 <= AMOUNT_MAX {
        Ok(())
    } else {
        Err(Reject::TooLarge)
    }
}

/// Whether the market as it stands lets the order in.
pub(super) fn check_market(listing: &Listing, order: &OrderView) -> Result<(), Reject> {
    if order.kind.is_stop() {
        let above = triggers_above(order.kind, order.side);
        let passed = |last: i64| if above { last >= order.stop_price } else { last <= order.stop_price };
        if listing.history.last_price().is_some_and(passed) {
            return Err(Reject::WouldTriggerImmediately);
        }
    }
    let maker_only = order.kind == OrderKind::LimitMaker || order.tif == Tif::Gtx;
    let best = listing.book.best(order.side.opposite());
    if maker_only && best.is_some_and(|best| within(order.side, Some(order.price), best)) {
        return Err(Reject::WouldMatchImmediately);
    }
    Ok(())
}

impl OrderView {
    /// Whether it was ordered by quantity.
    pub(super) const fn quote_quantity_is_zero(&self) -> bool {
        self.quote_quantity.0 == 0
    }
}
