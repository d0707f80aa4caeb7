//! The house: how a simulated flow of quotes and trades shares the book with the accounts' orders.
//!
//! Where no account has an order, the best quotes and the trades are exactly the flow's. Quotes that reach an
//! account's order trade with it first, at its price. What an account takes from a quote stays taken until the flow
//! says another quantity there. A trade of the flow passes all orders of accounts that price and time put before it.

use std::collections::BTreeMap;

use crosstick_model::{InstrumentId, Side};

use super::Exchange;
use super::admit::AMOUNT_MAX;
use super::book::HOUSE_ORDER;
use super::event::EventKind;
use super::plan::{Act, Step, within};
use super::reject::Reject;
use super::types::{LevelView, OrderId, Trade};

impl Exchange {
    /// The id of the first trade, as long as nothing was traded.
    ///
    /// # Errors
    /// Unknown instrument.
    pub fn number_trades_from(&mut self, instrument: InstrumentId, first: u64) -> Result<(), Reject> {
        self.listing(instrument)?;
        let listing = &mut self.listings[instrument.index()];
        if listing.history.trades.is_empty() {
            listing.next_trade_id = first;
        }
        Ok(())
    }

    /// Replaces the house's quotes. A level that the last call gave with the same quantity is left as it is; one with
    /// another quantity shows that now: less is taken from the back of the house's places in the queue, more queues
    /// behind all others. `update_id` is what the book's shall be at least; it grows by one at least all the same.
    ///
    /// # Errors
    /// Unknown instrument; a price or quantity that is not above zero, too large, or bids that reach the asks.
    pub fn set_quotes(
        &mut self,
        now_ns: u64,
        instrument: InstrumentId,
        update_id: Option<u64>,
        bids: &[LevelView],
        asks: &[LevelView],
    ) -> Result<(), Reject> {
        self.tick(now_ns);
        self.check_quotes(instrument, bids, asks)?;
        self.listings[instrument.index()].wants_update_id = update_id;
        for (side, levels) in [(Side::Buy, bids), (Side::Sell, asks)] {
            self.drop_quotes(instrument, side, levels);
        }
        for (side, levels) in [(Side::Buy, bids), (Side::Sell, asks)] {
            for level in levels {
                self.quote(instrument, side, *level);
            }
        }
        self.finish(instrument);
        Ok(())
    }

    fn check_quotes(&self, instrument: InstrumentId, bids: &[LevelView], asks: &[LevelView]) -> Result<(), Reject> {
        let listing = self.listing(instrument)?;
        for level in bids.iter().chain(asks) {
            if level.price <= 0 || level.quantity <= 0 {
                return Err(Reject::BadRequest("a quote's price and quantity must be above zero"));
            }
            let value = listing.value(level.price, level.quantity);
            let quantity = crosstick_model::Amount::quantity(level.quantity, listing.spec.scale);
            if [value, quantity].iter().any(|a| a.is_none_or(|a| a.0 > AMOUNT_MAX)) {
                return Err(Reject::TooLarge);
            }
        }
        let best_bid = bids.iter().map(|l| l.price).max();
        let best_ask = asks.iter().map(|l| l.price).min();
        match (best_bid, best_ask) {
            (Some(bid), Some(ask)) if bid >= ask => Err(Reject::BadRequest("the bids reach the asks")),
            _ => Ok(()),
        }
    }

    /// Takes back the quotes that are not among `levels`.
    fn drop_quotes(&mut self, instrument: InstrumentId, side: Side, levels: &[LevelView]) {
        let listing = &mut self.listings[instrument.index()];
        let book = &mut listing.book;
        listing.house[side as usize].retain(|price, _| {
            let stays = levels.iter().any(|l| l.price == *price);
            if !stays {
                book.house_shrink(side, *price, i64::MAX);
            }
            stays
        });
    }

    fn quote(&mut self, instrument: InstrumentId, side: Side, level: LevelView) {
        let LevelView { price, quantity } = level;
        let listing = &mut self.listings[instrument.index()];
        let said: &mut BTreeMap<i64, i64> = &mut listing.house[side as usize];
        if said.insert(price, quantity) == Some(quantity) {
            return;
        }
        let shown = listing.book.house_quantity(side, price);
        listing.book.house_shrink(side, price, (shown - quantity).max(0));
        listing.book.house_refresh(side, price);
        let more = quantity - shown;
        if more > 0 {
            let rest = self.house_takes(instrument, side, price, more);
            if rest > 0 {
                self.listings[instrument.index()].book.rest(side, price, HOUSE_ORDER, rest);
            }
        }
    }

    /// The house takes from all accounts' orders that a quote reaches; what is left of it.
    fn house_takes(&mut self, instrument: InstrumentId, side: Side, limit: i64, mut quantity: i64) -> i64 {
        let mut taker = None;
        while quantity > 0 {
            let book = &self.listings[instrument.index()].book;
            let Some(price) = book.best(side.opposite()).filter(|best| within(side, Some(limit), *best)) else { break };
            let first = book.side(side.opposite()).get(&price).and_then(|l| l.queue.front()).copied();
            // A quote that reaches the house's own was refused, so only accounts' orders are met.
            let Some(first) = first.filter(|e| e.order != HOUSE_ORDER) else { break };
            let traded = quantity.min(first.quantity);
            let taker = *taker.get_or_insert_with(|| self.orders.next_id());
            let step = Step { maker: first.order, price, act: Act::Trade(traded) };
            self.trade(instrument, taker, side, &step, traded, false);
            quantity -= traded;
        }
        quantity
    }

    /// One aggressive order of the flow that traded these quantities at `price`. Accounts' orders at better prices
    /// trade first, at theirs; at `price` those that came before the house's quote, and those behind it as far as the
    /// quantity reaches; the rest is the house trading with itself. The house's quotes stay as they are: the flow's
    /// next quote says what is left of them.
    ///
    /// # Errors
    /// Unknown instrument; a price or quantity that is not above zero or too large.
    pub fn print(
        &mut self,
        now_ns: u64,
        instrument: InstrumentId,
        taker_side: Side,
        price: i64,
        quantities: &[i64],
    ) -> Result<(), Reject> {
        let taker = self.house_order();
        self.print_as(now_ns, instrument, taker, taker_side, price, quantities)
    }

    /// An order id for [`Self::print_as`].
    pub const fn house_order(&mut self) -> OrderId {
        self.orders.next_id()
    }

    /// [`Self::print`] under an id of [`Self::house_order`], so that several calls are trades of one order.
    ///
    /// # Errors
    /// As [`Self::print`].
    pub fn print_as(
        &mut self,
        now_ns: u64,
        instrument: InstrumentId,
        taker: OrderId,
        taker_side: Side,
        price: i64,
        quantities: &[i64],
    ) -> Result<(), Reject> {
        self.tick(now_ns);
        let levels = quantities.iter().map(|quantity| LevelView { price, quantity: *quantity });
        for level in levels {
            self.check_quotes(instrument, &[level], &[])?;
        }
        for quantity in quantities {
            self.print_one(instrument, taker, taker_side, price, *quantity);
        }
        self.finish(instrument);
        Ok(())
    }

    fn print_one(&mut self, instrument: InstrumentId, taker: OrderId, side: Side, price: i64, quantity: i64) {
        let mut left = quantity;
        // What the house traded with itself since the last trade with an account: one print.
        let mut own = 0;
        while left > 0 {
            let Some((at, maker, shown)) = self.next_before(instrument, side, price, &mut left, &mut own) else {
                break;
            };
            self.print_own(instrument, taker, side, price, std::mem::take(&mut own));
            let traded = left.min(shown);
            if traded > 0 {
                self.trade_behind(instrument, taker, side, at, maker, traded);
                left -= traded;
            }
        }
        self.print_own(instrument, taker, side, price, own + left);
    }

    /// The first account's order that a print reaches; at the print's price, what the house has before it is used.
    fn next_before(
        &mut self,
        instrument: InstrumentId,
        side: Side,
        price: i64,
        left: &mut i64,
        own: &mut i64,
    ) -> Option<(i64, OrderId, i64)> {
        let book = &mut self.listings[instrument.index()].book;
        let better = book.levels(side.opposite()).take_while(|(p, _)| *p != price && within(side, Some(price), *p));
        let mut accounts =
            better.flat_map(|(p, level)| level.queue.iter().filter(|e| e.order != HOUSE_ORDER).map(move |e| (p, e)));
        if let Some((at, entry)) = accounts.next() {
            return Some((at, entry.order, entry.quantity));
        }
        drop(accounts);
        for entry in &mut book.level_mut(side.opposite(), price)?.queue {
            if entry.order != HOUSE_ORDER {
                return Some((price, entry.order, entry.quantity));
            }
            let used = (*left).min(entry.quantity - entry.printed).max(0);
            entry.printed += used;
            *left -= used;
            *own += used;
            if *left == 0 {
                return None;
            }
        }
        None
    }

    /// A trade of the house with an account's order that may stand behind the house's own quote.
    fn trade_behind(
        &mut self,
        instrument: InstrumentId,
        taker: OrderId,
        side: Side,
        at: i64,
        maker: OrderId,
        traded: i64,
    ) {
        self.listings[instrument.index()].book.bring_forward(side.opposite(), at, maker);
        let step = Step { maker, price: at, act: Act::Trade(traded) };
        self.trade(instrument, taker, side, &step, traded, false);
    }

    fn print_own(&mut self, instrument: InstrumentId, taker: OrderId, side: Side, price: i64, quantity: i64) {
        if quantity == 0 {
            return;
        }
        let at_ns = self.now_ns;
        let listing = &mut self.listings[instrument.index()];
        let trade = Trade {
            id: listing.next_trade_id,
            instrument,
            at_ns,
            price,
            quantity,
            taker_side: side,
            taker_order: taker,
            maker_order: HOUSE_ORDER,
        };
        listing.record(trade);
        self.tell(EventKind::Trade(trade));
    }
}
