//! HOT: core thread. What venues answer: reservations go, fills become positions.

use crosstick_model::amount::RATE_ONE;
use crosstick_model::{DenyCode, Fill, Intent, OrderId, Report, ReportKind};

use crate::balance::NO_SLOT;
use crate::book::Book;
use crate::breaker::Breach;
use crate::exact::{mul_div_ceil, mul_div_floor};
use crate::orders::OpenOrder;
use crate::risk::Risk;
use crate::spec::{Hold, Spec};

/// Reports that did not fit the order they were for. All zero where gateways behave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ReportCounts {
    /// For an order that had ended already, fills included; such fills are booked all the same.
    pub late: u64,
    /// For an order that was never sent, or that ended too long ago to remember. A fill among them halts trading.
    pub unknown: u64,
    /// Fills of more than was left of the order; booked in full.
    pub overfilled: u64,
    /// Cancels that named another rest than the fills had left.
    pub mismatched: u64,
    /// Fills without a positive price and quantity; not booked, and they halt trading.
    pub malformed: u64,
    /// Fills with a fee in an asset without a rate; the rest of the fill is booked, and trading is halted.
    pub unvalued_fees: u64,
    /// Fills whose numbers do not fit, and trading is halted: not booked at all, or, where only the balances do not
    /// fit, booked without them.
    pub overflows: u64,
}

/// Why a fill could not be booked whole.
enum Flaw {
    Overflow,
    FeeWithoutRate,
}

impl Risk {
    /// Takes a gateway's report, and looks whether the new result breaches a limit.
    ///
    /// A fill is booked to the instrument and side of our order, whatever the report says of the instrument.
    pub fn on_report(&mut self, now_ns: u64, report: &Report) -> Option<Breach> {
        self.roll_day(now_ns);
        match report.kind {
            ReportKind::Accepted => {
                if self.orders.find(report.order).is_none() {
                    self.count_stray(report.order);
                }
                None
            }
            ReportKind::Rejected(_) => {
                self.end(report.order, None);
                None
            }
            ReportKind::Cancelled { unfilled } => {
                self.end(report.order, Some(unfilled));
                None
            }
            ReportKind::Filled(fill) => self.filled(now_ns, report.order, &fill),
        }
    }

    fn count_stray(&mut self, order: OrderId) {
        match self.orders.ended(order) {
            Some(_) => self.counts.late += 1,
            None => self.counts.unknown += 1,
        }
    }

    /// An order ended with a rest.
    fn end(&mut self, order: OrderId, unfilled: Option<i64>) {
        match self.orders.remove(order, true) {
            Some(open) => {
                self.counts.mismatched += u64::from(unfilled.is_some_and(|u| u != open.remaining));
                self.release(&open);
            }
            None => self.count_stray(order),
        }
    }

    fn filled(&mut self, now_ns: u64, order: OrderId, fill: &Fill) -> Option<Breach> {
        if fill.price <= 0 || fill.quantity <= 0 {
            self.counts.malformed += 1;
            return self.breaker.latch(now_ns, DenyCode::Unreconciled, true, self.net);
        }
        let Some(intent) = self.take_fill(order, fill.quantity) else {
            // Without our order there is no side, so there is nothing that could be booked.
            self.counts.unknown += 1;
            return self.breaker.latch(now_ns, DenyCode::Unreconciled, true, self.net);
        };
        match self.book(&intent, fill) {
            Ok(()) => self.breaker.evaluate(now_ns, self.net),
            Err(Flaw::FeeWithoutRate) => {
                self.counts.unvalued_fees += 1;
                self.breaker.latch(now_ns, DenyCode::NoValue, true, self.net)
            }
            Err(Flaw::Overflow) => {
                self.counts.overflows += 1;
                self.breaker.latch(now_ns, DenyCode::Overflow, true, self.net)
            }
        }
    }

    /// Takes a filled quantity out of its order, and with it what was set aside for it; gives the order's intent.
    fn take_fill(&mut self, id: OrderId, quantity: i64) -> Option<Intent> {
        let Some(at) = self.orders.find(id) else {
            let intent = self.orders.ended(id)?;
            self.counts.late += 1;
            return Some(intent);
        };
        let open = self.orders.get_mut(at)?;
        let intent = open.order.intent;
        if quantity >= open.remaining {
            self.counts.overfilled += u64::from(quantity > open.remaining);
            if let Some(open) = self.orders.remove(id, true) {
                self.release(&open);
            }
            return Some(intent);
        }
        let part = OpenOrder {
            remaining: quantity,
            base: share(open.base, quantity, open.remaining),
            hold: Hold {
                amount: share(open.hold.amount, quantity, open.remaining),
                fee_amount: share(open.hold.fee_amount, quantity, open.remaining),
                ..open.hold
            },
            ..*open
        };
        open.remaining -= part.remaining;
        open.base -= part.base;
        open.hold.amount -= part.hold.amount;
        open.hold.fee_amount -= part.hold.fee_amount;
        self.release_part(intent.instrument, &part, part.remaining, part.base);
        self.wallet.release(&part.hold);
        Some(intent)
    }

    /// Books a fill: position, result, net base amounts, balances. Nothing is booked where a number does not fit; but
    /// where only the change of a contract's balance and margin does not, these two stay as they were and all else is
    /// booked: exposure is never left out for the sake of a balance.
    fn book(&mut self, intent: &Intent, fill: &Fill) -> Result<(), Flaw> {
        const OVERFLOW: Flaw = Flaw::Overflow;
        let i = intent.instrument.index();
        let (Some(spec), Some(book)) = (self.specs.get(i), self.books.get(i)) else { return Err(OVERFLOW) };
        let (spec, before) = (spec.clone(), *book);
        let quantity = i128::from(fill.quantity) * i128::from(intent.side.sign());
        let quantity = quantity.checked_mul(spec.quantity_up).ok_or(OVERFLOW)?;
        let flow = spec.flow(fill.price, quantity).ok_or(OVERFLOW)?;
        let mut after = before.trade(quantity, flow).ok_or(OVERFLOW)?;
        let fee = fill.fee.0;
        let in_base = fill.fee_asset == spec.base && !spec.inverse;
        let mut flaw = Ok(());
        if in_base {
            let value = spec.base_value_ceil(fill.price, fee).ok_or(OVERFLOW)?;
            if spec.spot {
                // The asset is gone: given up at the fill's price, and what it brought spent on the fee.
                after = after.trade(fee.checked_neg().ok_or(OVERFLOW)?, value).ok_or(OVERFLOW)?;
            }
            after.fees = after.fees.checked_add(value).ok_or(OVERFLOW)?;
        } else if fill.fee_asset == spec.pnl_asset {
            after.fees = after.fees.checked_add(fee).ok_or(OVERFLOW)?;
        } else if let Some(rate) = self.rates.rate_e8(fill.fee_asset) {
            let value = mul_div_ceil(fee, i128::from(rate), RATE_ONE).ok_or(OVERFLOW)?;
            after.fees_value = after.fees_value.checked_add(value).ok_or(OVERFLOW)?;
        } else {
            flaw = Err(Flaw::FeeWithoutRate);
        }
        let traded = if spec.inverse { flow } else { quantity };
        let left = if in_base && spec.spot { traded.checked_sub(fee).ok_or(OVERFLOW)? } else { traded };
        let moved = if spec.spot { None } else { moved_balance(&spec, &before, &after) };
        self.commit_position(i, after).ok_or(OVERFLOW)?;
        if let Some(asset) = self.assets.get_mut(spec.base.index()) {
            asset.net = asset.net.saturating_add(left);
        }
        if let Some(open) = self.open.get_mut(spec.open) {
            open.traded = open.traded.saturating_add(left);
        }
        if spec.spot {
            self.wallet.add(spec.slot_base, quantity);
            self.wallet.add(spec.slot_quote, flow);
        } else if let Some((earned, margin)) = moved {
            self.wallet.add(spec.slot_settle, earned);
            self.wallet.add_margin(spec.slot_settle, margin);
        } else {
            flaw = Err(OVERFLOW);
        }
        let fee_slot = self.wallet.find(spec.venue, fill.fee_asset);
        self.wallet.add(fee_slot, -fee);
        flaw
    }

    /// Puts the new book in place and values it; the old one comes back where a number does not fit.
    fn commit_position(&mut self, i: usize, after: crate::Book) -> Option<()> {
        let (spec, book) = (self.specs.get(i)?, self.books.get_mut(i)?);
        let exposure = self.exposures.get_mut(i)?;
        let up = spec.quantity_up;
        let ceil = i64::try_from(-(-after.quantity).div_euclid(up)).ok()?;
        let floor = i64::try_from(after.quantity.div_euclid(up)).ok()?;
        let (old_book, old) = (*book, *exposure);
        *book = after;
        (exposure.position_ceil, exposure.position_floor) = (ceil, floor);
        if self.refresh(i).is_none() {
            *self.books.get_mut(i)? = old_book;
            *self.exposures.get_mut(i)? = old;
            return None;
        }
        Some(())
    }
}

/// What a contract's fill adds to the balance that it settles in, and to the margin there; nothing where it has none.
fn moved_balance(spec: &Spec, before: &Book, after: &Book) -> Option<(i128, i128)> {
    if spec.slot_settle == NO_SLOT {
        return Some((0, 0));
    }
    let lost = spec.settled(before.realised.checked_sub(after.realised)?)?;
    let margin = |book: &Book| spec.settled(book.basis.checked_abs()?);
    Some((lost.checked_neg()?, margin(after)?.checked_sub(margin(before)?)?))
}

/// The part of what is set aside for `remaining` that goes with `quantity` of it, rounded down: the last part
/// takes what is left.
fn share(amount: i128, quantity: i64, remaining: i64) -> i128 {
    mul_div_floor(amount, i128::from(quantity), i128::from(remaining)).unwrap_or(0)
}
