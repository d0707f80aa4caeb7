//! HOT: core thread. The checks, in their fixed order; the first that fails denies the whole group.
//!
//! 1. halt: the code that latched it (HALTED for a command, else the limit that was reached)
//! 2. DUPLICATE, 3. UNKNOWN_INSTRUMENT, 4. QUANTITY, 5. PRICE, 6. MIN_NOTIONAL, 7. STALE, 8. COLLAR
//! 9. opening orders: NO_VALUE, ORDER_NOTIONAL, POSITION_NOTIONAL, GROSS_NOTIONAL, NET_NOTIONAL, OPEN_ORDERS,
//!    ORDER_RATE; closing orders: NOT_REDUCING instead
//! 10. BALANCE
//!
//! OVERFLOW is told by the check whose number does not fit. A limit may be reached exactly, never exceeded; only
//! the two loss limits trip when they are reached.
//!
//! A **closing** order must bring what its market bought and sold over all venues closer to zero (an instrument in no
//! market: what it bought and sold itself): fills only, less fees taken in the base asset, closing orders in flight
//! counted as filled. So the filled leg of a pair can always be closed, also where that instrument had an older
//! position of the other sign, whatever other markets of the same base asset have open, and also after a breach halted
//! trading; and a series of closing orders can never build a position.

use crosstick_model::amount::RATE_ONE;
use crosstick_model::{DenyCode, Intent, Order, OrderId, Purpose, Side};

use crate::approved::Approved;
use crate::exposure::Mark;
use crate::orders::OpenOrder;
use crate::risk::Risk;
use crate::spec::Spec;

/// Closing orders that may be open on top of `max_open_orders`; one more is denied with OPEN_ORDERS.
pub const CLOSE_HEADROOM: usize = 64;

impl Risk {
    /// Decides on intents that belong together: all are approved and pushed to `out` in their order, or none is.
    ///
    /// What is approved counts at once (exposure, balance, open orders, rate) until reports or
    /// [`Risk::withdraw`] release it. `out` must have room for as many orders as intents, else it allocates.
    ///
    /// # Errors
    /// The first leg that fails a check, and the check. Nothing is reserved then.
    pub fn gate(&mut self, now_ns: u64, intents: &[Intent], out: &mut Vec<Approved>) -> Result<(), (u8, DenyCode)> {
        self.roll_day(now_ns);
        let first = out.len();
        for (done, intent) in intents.iter().enumerate() {
            match self.approve(now_ns, intent, done) {
                Ok(approved) => out.push(approved),
                Err(code) => {
                    self.undo(out, first);
                    for rest in intents.get(done..).unwrap_or_default() {
                        self.groups.decide(rest.group, rest.leg);
                    }
                    if let Some(count) = self.denied.get_mut(code as usize) {
                        *count += 1;
                    }
                    return Err((intent.leg, code));
                }
            }
        }
        for _ in intents {
            self.window.push(now_ns);
        }
        Ok(())
    }

    /// Gives back what the group's first legs had; their ids were never seen by anyone, so they are used again.
    #[cold]
    fn undo(&mut self, out: &mut Vec<Approved>, first: usize) {
        for approved in out.drain(first..) {
            self.last_order.0 -= 1;
            if let Some(open) = self.orders.remove(approved.order().id, false) {
                self.release(&open);
            }
        }
    }

    /// Checks one leg and reserves for it. `pending`: legs of the same group approved before it.
    #[inline(always)]
    pub(crate) fn approve(&mut self, now_ns: u64, intent: &Intent, pending: usize) -> Result<Approved, DenyCode> {
        let closes = intent.purpose == Purpose::Close;
        if let Some(halt) = self.breaker.halt
            && !(closes && halt.closes)
        {
            return Err(halt.code);
        }
        if !self.groups.decide(intent.group, intent.leg) {
            return Err(DenyCode::Duplicate);
        }
        let i = intent.instrument.index();
        let (Some(spec), Some(mark)) = (self.specs.get(i), self.marks.get(i)) else {
            return Err(DenyCode::UnknownInstrument);
        };
        let notional = check_shape(spec, intent)?;
        check_quote(mark, intent, now_ns, self.limits.price_collar_e8)?;
        let base = spec.base_amount(intent.price, intent.quantity).ok_or(DenyCode::Overflow)?;
        if closes {
            self.check_reducing(intent, base)?;
        } else {
            self.check_limits(now_ns, intent, notional, base, pending)?;
        }
        self.reserve(now_ns, intent, notional, base)
    }

    /// Order, position, gross, net, open orders, order rate.
    #[inline(always)]
    fn check_limits(
        &self,
        now_ns: u64,
        intent: &Intent,
        notional: i128,
        base: i128,
        pending: usize,
    ) -> Result<(), DenyCode> {
        const OVERFLOW: DenyCode = DenyCode::Overflow;
        let i = intent.instrument.index();
        let (Some(spec), Some(mark), Some(exposure), Some(valued)) =
            (self.specs.get(i), self.marks.get(i), self.exposures.get(i), self.valued.get(i))
        else {
            return Err(DenyCode::UnknownInstrument);
        };
        let Some(asset) = self.assets.get(spec.base.index()) else { return Err(DenyCode::UnknownInstrument) };
        if !spec.has_value() {
            return Err(DenyCode::NoValue);
        }
        if spec.value_ceil(notional).ok_or(OVERFLOW)? > self.limits.max_order_notional.0 {
            return Err(DenyCode::OrderNotional);
        }
        let (side_after, other_side, net_after) = match intent.side {
            Side::Buy => (
                exposure.position_ceil.checked_add(exposure.buys).and_then(|q| q.checked_add(intent.quantity)),
                exposure.short(),
                asset.net.checked_add(asset.buys).and_then(|q| q.checked_add(base)),
            ),
            Side::Sell => (
                exposure.sells.checked_sub(exposure.position_floor).and_then(|q| q.checked_add(intent.quantity)),
                exposure.long(),
                asset.sells.checked_sub(asset.net).and_then(|q| q.checked_add(base)),
            ),
        };
        // Below zero: even filled in full the order only reduces.
        let side_after = side_after.ok_or(OVERFLOW)?.max(0);
        let worth = spec.notional(mark.ask, side_after).and_then(|n| spec.value_ceil(n)).ok_or(OVERFLOW)?;
        if worth > self.limits.max_position_notional.0 {
            return Err(DenyCode::PositionNotional);
        }
        if side_after > other_side {
            let others = self.gross.checked_sub(valued.exposure).ok_or(OVERFLOW)?;
            let grows = worth > valued.exposure;
            if grows && others.checked_add(worth).ok_or(OVERFLOW)? > self.limits.max_gross_notional.0 {
                return Err(DenyCode::GrossNotional);
            }
        }
        let net_after = net_after.ok_or(OVERFLOW)?.max(0);
        if !spec.net_allows(net_after, mark.ask).ok_or(OVERFLOW)? {
            return Err(DenyCode::NetNotional);
        }
        if self.orders.len() >= self.limits.max_open_orders as usize {
            return Err(DenyCode::OpenOrders);
        }
        if !self.window.has_room(now_ns, pending) {
            return Err(DenyCode::OrderRate);
        }
        Ok(())
    }

    /// A closing order of `base` must leave less open in its market than it found.
    #[inline]
    fn check_reducing(&self, intent: &Intent, base: i128) -> Result<(), DenyCode> {
        let open = self.specs.get(intent.instrument.index()).and_then(|s| self.open.get(s.open));
        let Some(open) = open else { return Err(DenyCode::UnknownInstrument) };
        // What the order works against, as a positive number; it may overshoot, by less than it takes away.
        let open = match intent.side {
            Side::Buy => open.left().saturating_neg(),
            Side::Sell => open.left(),
        };
        if open <= 0 || base >= open.saturating_mul(2) {
            return Err(DenyCode::NotReducing);
        }
        if self.orders.is_full() {
            return Err(DenyCode::OpenOrders);
        }
        Ok(())
    }

    /// Sets aside balance and exposure, mints the id and puts the order into the table.
    #[inline(always)]
    fn reserve(&mut self, now_ns: u64, intent: &Intent, notional: i128, base: i128) -> Result<Approved, DenyCode> {
        const OVERFLOW: DenyCode = DenyCode::Overflow;
        let i = intent.instrument.index();
        let (Some(spec), Some(exposure)) = (self.specs.get(i), self.exposures.get_mut(i)) else {
            return Err(DenyCode::UnknownInstrument);
        };
        let Some(asset) = self.assets.get_mut(spec.base.index()) else { return Err(DenyCode::UnknownInstrument) };
        let mut after = *exposure;
        let (increase, in_flight) = match intent.side {
            Side::Buy => {
                after.buys = after.buys.checked_add(intent.quantity).ok_or(OVERFLOW)?;
                (after.long().saturating_sub(exposure.long()), &mut asset.buys)
            }
            Side::Sell => {
                after.sells = after.sells.checked_add(intent.quantity).ok_or(OVERFLOW)?;
                (after.short().saturating_sub(exposure.short()), &mut asset.sells)
            }
        };
        let hold = spec.hold(intent.side, intent.price, intent.quantity, notional, increase).ok_or(OVERFLOW)?;
        let in_flight_after = in_flight.checked_add(base).ok_or(OVERFLOW)?;
        if !self.wallet.reserve(&hold) {
            return Err(DenyCode::Balance);
        }
        let before = *exposure;
        *exposure = after;
        if self.refresh_exposure(i).is_none() {
            self.wallet.release(&hold);
            if let Some(exposure) = self.exposures.get_mut(i) {
                *exposure = before;
            }
            return Err(OVERFLOW);
        }
        if let Some(spec) = self.specs.get(i) {
            if let Some(asset) = self.assets.get_mut(spec.base.index()) {
                match intent.side {
                    Side::Buy => asset.buys = in_flight_after,
                    Side::Sell => asset.sells = in_flight_after,
                }
            }
            if intent.purpose == Purpose::Close
                && let Some(open) = self.open.get_mut(spec.open)
            {
                open.closing = open.closing.saturating_add(base * i128::from(intent.side.sign()));
            }
        }
        self.last_order = OrderId(self.last_order.0 + 1);
        let order = Order { id: self.last_order, intent: *intent, decided_ns: now_ns };
        self.orders.insert(OpenOrder { order, remaining: intent.quantity, base, hold });
        Ok(Approved::new(order))
    }
}

/// What the venue itself would refuse: quantity, price, least notional. Gives the notional back.
#[inline(always)]
fn check_shape(spec: &Spec, intent: &Intent) -> Result<i128, DenyCode> {
    let q = intent.quantity;
    if q <= 0 || q < spec.min_quantity || !spec.quantity_steps.divides(q) {
        return Err(DenyCode::Quantity);
    }
    if intent.price <= 0 || !spec.price_steps.divides(intent.price) {
        return Err(DenyCode::Price);
    }
    let notional = spec.notional(intent.price, q).ok_or(DenyCode::Overflow)?;
    if notional < spec.min_notional {
        return Err(DenyCode::MinNotional);
    }
    Ok(notional)
}

/// A fresh quote, and a price near its other side: the ask for a buy, the bid for a sell.
#[inline(always)]
fn check_quote(mark: &Mark, intent: &Intent, now_ns: u64, collar_e8: i64) -> Result<(), DenyCode> {
    if now_ns >= mark.fresh_until_ns {
        return Err(DenyCode::Stale);
    }
    let opposite = match intent.side {
        Side::Buy => mark.ask,
        Side::Sell => mark.bid,
    };
    // Factors of 64 bits each, so that a product is one multiplication.
    let distance = u128::from(intent.price.abs_diff(opposite)) * RATE_ONE.unsigned_abs();
    if distance.cast_signed() > i128::from(opposite) * i128::from(collar_e8) {
        return Err(DenyCode::Collar);
    }
    Ok(())
}
