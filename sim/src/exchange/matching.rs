//! Offering an order to the book: trades, prevented matches, what becomes of the rest.

use std::collections::VecDeque;

use crosstick_model::{Amount, AssetId, InstrumentId, Kind, Side};

use super::Exchange;
use super::admit::given_asset;
use super::book::HOUSE_ORDER;
use super::event::{EventKind, OrderUpdate};
use super::listing::triggers_above;
use super::plan::{Act, End, Plan, Step};
use super::types::{
    AccountId, AccountTrade, ExpiryReason, Fill, OrderId, OrderStatus, PositionSide, PreventedMatch, Tif, Trade,
};

/// A commission rate of one.
const RATE_ONE: i128 = 100_000_000;

/// What an order did at once.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) fills: Vec<Fill>,
    pub(super) prevented: Vec<PreventedMatch>,
}

/// One side of a trade.
struct Execution {
    trade: u64,
    order: OrderId,
    price: i64,
    quantity: i64,
    value: Amount,
    is_maker: bool,
    /// Ends an order by quote quantity: there is nothing left to spend or receive.
    last: bool,
}

impl Exchange {
    /// Offers an order, that is taken and not a waiting stop, to the book.
    pub(super) fn execute(&mut self, id: OrderId) -> Outcome {
        let order = self.orders.at(id).view.clone();
        let listing = &self.listings[order.instrument.index()];
        let plan = self.plan(listing, &self.taker(listing, &order));
        if order.tif == Tif::Fok && plan.quantity < order.open_quantity() {
            self.end(id, OrderStatus::Expired, Some(ExpiryReason::UnfilledFokOrderExpired));
            return Outcome::default();
        }
        let mut outcome = Outcome::default();
        let by_value = !order.quote_quantity_is_zero() && plan.end == End::Done;
        for (index, step) in plan.steps.iter().enumerate() {
            match step.act {
                Act::Trade(quantity) => {
                    let last = by_value && index + 1 == plan.steps.len();
                    outcome.fills.extend(self.trade(order.instrument, id, order.side, step, quantity, last));
                }
                Act::Prevent { taker, maker } => {
                    let ends = plan.end == End::Prevented && index + 1 == plan.steps.len();
                    outcome.prevented.push(self.prevent(id, step, (taker, ends), maker));
                }
            }
        }
        self.settle_rest(id, &plan);
        if order.reduce_only {
            self.reduce_only_follows(order.account, order.instrument);
        }
        outcome
    }

    /// What becomes of a taker after all that it met.
    fn settle_rest(&mut self, id: OrderId, plan: &Plan) {
        let order = &self.orders.at(id).view;
        if !order.status.is_open() {
            return;
        }
        let by_value = !order.quote_quantity_is_zero();
        if by_value && plan.end == End::Done && order.executed > 0 {
            return self.end(id, OrderStatus::Filled, None);
        }
        if order.kind.is_market() {
            return self.end(id, OrderStatus::Expired, Some(ExpiryReason::InsufficientLiquidity));
        }
        if order.tif == Tif::Ioc || order.tif == Tif::Fok {
            return self.end(id, OrderStatus::Expired, Some(ExpiryReason::UnfilledIocQuantityExpired));
        }
        if order.reduce_only && plan.end == End::Done {
            // All that there was to reduce is reduced.
            return self.end(id, OrderStatus::Expired, Some(ExpiryReason::Rejected));
        }
        let open = order.open_quantity();
        let shown = if order.iceberg_quantity > 0 { open.min(order.iceberg_quantity) } else { open };
        let (instrument, side, price) = (order.instrument, order.side, order.price);
        self.listings[instrument.index()].book.rest(side, price, id, shown);
    }

    /// A trade of `taker` (unknown to the orders: the house's) with the first maker at a price; the taker's fill. The
    /// last one of an order by quote quantity fills that.
    pub(super) fn trade(
        &mut self,
        instrument: InstrumentId,
        taker: OrderId,
        taker_side: Side,
        step: &Step,
        quantity: i64,
        last: bool,
    ) -> Option<Fill> {
        let (at_ns, price, maker) = (self.now_ns, step.price, step.maker);
        let listing = &mut self.listings[instrument.index()];
        let id = listing.next_trade_id;
        let value = listing.value(price, quantity).unwrap_or_default();
        let trade =
            Trade { id, instrument, at_ns, price, quantity, taker_side, taker_order: taker, maker_order: maker };
        listing.record(trade);
        let used_up = listing.book.take_first(taker_side.opposite(), price, quantity);
        self.tell(EventKind::Trade(trade));
        let execution =
            |order, is_maker| Execution { trade: id, order, price, quantity, value, is_maker, last: last && !is_maker };
        self.fill(instrument, taker_side.opposite(), &execution(maker, true));
        if used_up && maker != HOUSE_ORDER {
            self.show_more(maker);
        }
        if let Some(record) = self.orders.get(maker) {
            let account = record.view.account;
            self.tell_balances(account);
        }
        let fill = self.fill(instrument, taker_side, &execution(taker, false));
        for order in [maker, taker] {
            if let Some(account) = self.orders.get(order).map(|r| r.view.account) {
                self.reduce_only_follows(account, instrument);
            }
        }
        fill
    }

    /// The next part of an iceberg queues behind all others.
    fn show_more(&mut self, id: OrderId) {
        let order = &self.orders.at(id).view;
        let shown = order.open_quantity().min(order.iceberg_quantity);
        if shown > 0 && order.status.is_open() {
            let (instrument, side, price) = (order.instrument, order.side, order.price);
            self.listings[instrument.index()].book.rest(side, price, id, shown);
        }
    }

    /// Settles one side of a trade and tells its order; the house has none.
    fn fill(&mut self, instrument: InstrumentId, side: Side, execution: &Execution) -> Option<Fill> {
        let known = self.orders.get(execution.order).map(|r| (r.view.account, r.view.position_side, r.locked.0 > 0));
        let (account, which, from_locked) = known.unwrap_or((AccountId::HOUSE, PositionSide::Both, false));
        let (commission, commission_asset, realised) = if self.listings[instrument.index()].spec.kind == Kind::Spot {
            self.settle_spot(account, instrument, side, execution, from_locked)
        } else {
            self.settle_futures((account, which), instrument, side, execution)
        };
        known?;
        let Execution { trade, order, price, quantity, value, is_maker, last } = *execution;
        let fill =
            Fill { trade, order, price, quantity, value, commission, commission_asset, side, is_maker, realised };
        let now_ns = self.now_ns;
        let spent = self.given(instrument, side, quantity, value);
        let record = self.orders.at(order);
        let view = &mut record.view;
        view.executed += quantity;
        view.executed_value.0 += value.0;
        view.updated_ns = now_ns;
        if from_locked {
            record.locked.0 -= spent.0;
        }
        let by_value = !view.quote_quantity_is_zero();
        if by_value {
            view.quantity += quantity;
        }
        let done = last || (!by_value && view.open_quantity() == 0);
        view.status = if done { OrderStatus::Filled } else { OrderStatus::PartiallyFilled };
        self.release_surplus(order);
        self.orders.push_trade(AccountTrade { account, instrument, at_ns: now_ns, fill });
        self.tell_order(order, OrderUpdate::Trade(fill));
        if done {
            self.orders.close(order);
        }
        Some(fill)
    }

    /// What a side of a trade gives away on spot.
    fn given(&self, instrument: InstrumentId, side: Side, quantity: i64, value: Amount) -> Amount {
        let listing = &self.listings[instrument.index()];
        match (listing.spec.kind, side) {
            (Kind::Spot, Side::Buy) => value,
            (Kind::Spot, Side::Sell) => listing.base(quantity),
            _ => Amount::ZERO,
        }
    }

    /// What a trade does to a position and its owner's wallet; its commission, the asset of that, what it realised.
    fn settle_futures(
        &mut self,
        (account, which): (AccountId, PositionSide),
        instrument: InstrumentId,
        side: Side,
        execution: &Execution,
    ) -> (Amount, AssetId, Amount) {
        let listing = &self.listings[instrument.index()];
        let (asset, value) = (listing.spec.settle, execution.value);
        let Execution { price, quantity, .. } = *execution;
        let realised = self.positions.fill((account, which), listing, side, price, quantity, value);
        let commission = self.commission(asset, value, self.rate(account, execution));
        self.ledger.credit(account, asset, realised.0 - commission.0);
        self.ledger.credit(AccountId::FEES, asset, commission.0);
        self.tell(EventKind::Position { account, instrument, side: which });
        (commission, asset, realised)
    }

    fn rate(&self, account: AccountId, execution: &Execution) -> i64 {
        let spec = &self.accounts[account.index()];
        if execution.is_maker { spec.maker_e8 } else { spec.taker_e8 }
    }

    /// Moves what a trade on spot moves for one side; its commission, the asset of that, and nothing realised.
    fn settle_spot(
        &mut self,
        account: AccountId,
        instrument: InstrumentId,
        side: Side,
        execution: &Execution,
        from_locked: bool,
    ) -> (Amount, AssetId, Amount) {
        let listing = &self.listings[instrument.index()];
        let rate = self.rate(account, execution);
        let (value, quantity) = (execution.value, listing.base(execution.quantity));
        let (base, quote) = (listing.spec.base, listing.spec.quote);
        let (given, gives, received, receives) = match side {
            Side::Buy => (quote, value, base, quantity),
            Side::Sell => (base, quantity, quote, value),
        };
        if from_locked {
            self.ledger.spend_locked(account, given, gives.0);
        } else {
            self.ledger.credit(account, given, -gives.0);
        }
        let commission = self.commission(received, receives, rate);
        self.ledger.credit(account, received, receives.0 - commission.0);
        self.ledger.credit(AccountId::FEES, received, commission.0);
        (commission, received, Amount::ZERO)
    }

    /// A commission, rounded down to what the asset's commissions are counted in.
    fn commission(&self, asset: AssetId, amount: Amount, rate_e8: i64) -> Amount {
        let decimals = self.assets[asset.index()].commission_decimals;
        let unit = 10i128.pow(u32::from(16 - decimals));
        let exact = amount.0 * i128::from(rate_e8) / RATE_ONE;
        Amount(exact - exact % unit)
    }

    /// Unlocks what a limit order no longer needs: it traded at a better price, or lost quantity.
    pub(super) fn release_surplus(&mut self, id: OrderId) {
        let record = self.orders.at(id);
        let view = &record.view;
        let listing = &self.listings[view.instrument.index()];
        let needs = if !view.status.is_open() {
            Amount::ZERO
        } else if view.kind.is_market() && (view.side == Side::Buy || !view.quote_quantity_is_zero()) {
            return;
        } else if view.side == Side::Buy {
            listing.value(view.price, view.open_quantity()).unwrap_or_default()
        } else {
            listing.base(view.open_quantity())
        };
        let surplus = record.locked.0 - needs.0;
        if surplus > 0 {
            record.locked = needs;
            let (account, asset) = (view.account, given_asset(listing, view.side));
            self.ledger.lock(account, asset, -surplus);
        }
    }

    /// Keeps a taker from a maker; the taker loses a quantity, and may end by that.
    fn prevent(&mut self, taker: OrderId, step: &Step, taker_lost: (i64, bool), maker_lost: i64) -> PreventedMatch {
        let taker_view = &self.orders.at(taker).view;
        let (account, mode, instrument) = (taker_view.account, taker_view.stp, taker_view.instrument);
        let maker_view = &self.orders.at(step.maker).view;
        let (maker_account, maker_ends) = (maker_view.account, maker_view.open_quantity() == maker_lost);
        let listing = &mut self.listings[instrument.index()];
        let prevented = PreventedMatch {
            id: listing.next_prevented,
            instrument,
            at_ns: self.now_ns,
            account,
            taker_order: taker,
            maker_order: step.maker,
            price: step.price,
            mode,
            taker_prevented: taker_lost.0,
            maker_prevented: maker_lost,
        };
        listing.record_prevented(prevented);
        if maker_lost > 0 {
            self.lose(step.maker, &prevented, maker_lost, maker_ends);
            self.tell_balances(maker_account);
        }
        if taker_lost.0 > 0 || taker_lost.1 {
            self.lose(taker, &prevented, taker_lost.0, taker_lost.1);
        }
        prevented
    }

    /// An order loses quantity to self-trade prevention, and may end by that.
    fn lose(&mut self, id: OrderId, prevented: &PreventedMatch, quantity: i64, ends: bool) {
        let now_ns = self.now_ns;
        let view = &mut self.orders.at(id).view;
        view.prevented += quantity;
        if !view.quote_quantity_is_zero() {
            view.quantity += quantity;
        }
        view.prevented_match = Some(prevented.id);
        view.updated_ns = now_ns;
        if ends {
            view.status = OrderStatus::ExpiredInMatch;
        }
        if id == prevented.maker_order {
            let (side, price, open) = (view.side, view.price, view.open_quantity());
            let book = &mut self.listings[prevented.instrument.index()].book;
            let shown = book.shown(side, price, id).min(open);
            book.shrink(side, price, id, shown);
        }
        self.release_surplus(id);
        self.tell_order(id, OrderUpdate::Prevented(*prevented, quantity));
        if ends {
            self.orders.close(id);
        }
    }

    /// Ends an order that is not in the book nor among the waiting stops.
    pub(super) fn end(&mut self, id: OrderId, status: OrderStatus, expiry: Option<ExpiryReason>) {
        let now_ns = self.now_ns;
        let view = &mut self.orders.at(id).view;
        (view.status, view.expiry, view.updated_ns) = (status, expiry, now_ns);
        self.release_surplus(id);
        if status == OrderStatus::Expired {
            self.tell_order(id, OrderUpdate::Expired);
        }
        self.orders.close(id);
    }

    /// Takes an open order out of the book or from among the waiting stops.
    pub(super) fn withdraw(&mut self, id: OrderId) {
        let view = &self.orders.at(id).view;
        let (instrument, side, price, stop_price) = (view.instrument, view.side, view.price, view.stop_price);
        let (waits, above) = (view.waits(), triggers_above(view.kind, side));
        let listing = &mut self.listings[instrument.index()];
        if waits {
            listing.stops.remove(above, stop_price, id);
        } else {
            listing.book.shrink(side, price, id, 0);
        }
    }

    /// Offers all stop orders that the trades so far triggered, and those that these trigger in turn.
    pub(super) fn run_stops(&mut self, instrument: InstrumentId) {
        let mut triggered = VecDeque::new();
        loop {
            let listing = &mut self.listings[instrument.index()];
            if let Some((low, high)) = listing.traded.take() {
                listing.stops.take_triggered(low, high, &mut triggered);
            }
            let Some(id) = triggered.pop_front() else { return };
            // It may have been ended by what came before it.
            if self.orders.get(id).is_some_and(|r| r.view.status.is_open()) {
                self.trigger(id);
            }
        }
    }

    fn trigger(&mut self, id: OrderId) {
        let now_ns = self.now_ns;
        let view = &mut self.orders.at(id).view;
        (view.working_ns, view.updated_ns) = (Some(now_ns), now_ns);
        let (account, instrument) = (view.account, view.instrument);
        self.tell_order(id, OrderUpdate::Triggered);
        let record = self.orders.at(id);
        let (order, locked) = (record.view.clone(), record.locked);
        if order.kind.is_market() && locked == Amount::ZERO {
            let listing = &self.listings[instrument.index()];
            match self.reserve(listing, &order) {
                Ok(amount) => {
                    let asset = given_asset(listing, order.side);
                    self.ledger.lock(account, asset, amount.0);
                    self.orders.at(id).locked = amount;
                }
                Err(_) => {
                    self.end(id, OrderStatus::Expired, Some(ExpiryReason::Rejected));
                    self.tell_balances(account);
                    return;
                }
            }
        }
        self.execute(id);
        self.tell_balances(account);
    }
}
