//! COLD: explaining. What the gate would answer to intents, and every check with its numbers. Decides and reserves
//! nothing.

use crosstick_model::amount::RATE_ONE;
use crosstick_model::{AssetId, DenyCode, InstrumentId, Intent, Purpose, Side};

use crate::breaker::Breaker;
use crate::exposure::Mark;
use crate::risk::Risk;
use crate::spec::Spec;

/// What a check's numbers are in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckUnit {
    /// No number: it holds or not.
    Flag,
    /// The risk currency, at 1e-16.
    Currency,
    /// An asset, at 1e-16.
    Asset(AssetId),
    /// Price mantissas of an instrument.
    Price(InstrumentId),
    /// Quantity mantissas of an instrument.
    Quantity(InstrumentId),
    /// A part of the price, at 1e-8 (1 bps is 10 000).
    Rate,
    /// Orders.
    Orders,
    /// Nanoseconds.
    Nanos,
}

/// How a number has to stand to its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// Not above.
    AtMost,
    /// Not below.
    AtLeast,
    /// Below.
    Below,
    /// Above.
    Above,
    /// A multiple of it.
    MultipleOf,
}

/// One check of one leg.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Check {
    /// Index of the leg in its group.
    pub leg: u8,
    /// The code that its failure is told by.
    pub code: DenyCode,
    /// What the numbers are in.
    pub unit: CheckUnit,
    /// The number, this order counted in; `None` where there is none or it does not fit.
    pub used: Option<i128>,
    /// How it has to stand to the limit.
    pub bound: Bound,
    /// The limit.
    pub limit: i128,
    /// Whether it passes.
    pub passes: bool,
}

impl Check {
    /// What is left until it fails; `None` where that means nothing.
    #[must_use]
    pub fn headroom(&self) -> Option<i128> {
        let used = self.used?;
        match (self.unit, self.bound) {
            (CheckUnit::Flag, _) | (_, Bound::MultipleOf) => None,
            (_, Bound::AtMost | Bound::Below) => Some(self.limit.saturating_sub(used)),
            (_, Bound::AtLeast | Bound::Above) => Some(used.saturating_sub(self.limit)),
        }
    }
}

impl Risk {
    /// Every check on intents that belong together, in the gate's order, as [`Risk::gate`] would meet them now; those
    /// behind the first that fails as well, for the legs up to that one. Allocates.
    #[must_use]
    pub fn checks(&self, now_ns: u64, intents: &[Intent]) -> Vec<Check> {
        let mut shadow = self.shadow();
        shadow.roll_day(now_ns);
        let mut list = Vec::new();
        for (pending, intent) in intents.iter().enumerate() {
            shadow.leg_checks(now_ns, intent, pending, &mut list);
            // What is approved counts for the legs behind it.
            if shadow.approve(now_ns, intent, pending).is_err() {
                break;
            }
        }
        list
    }

    /// A copy that nobody outside can get hold of: orders of its approval go nowhere.
    fn shadow(&self) -> Self {
        Self {
            limits: self.limits,
            rates: self.rates.clone(),
            marks: self.marks.clone(),
            specs: self.specs.clone(),
            exposures: self.exposures.clone(),
            valued: self.valued.clone(),
            books: self.books.clone(),
            assets: self.assets.clone(),
            open: self.open.clone(),
            wallet: self.wallet.clone(),
            orders: self.orders.clone(),
            groups: self.groups.clone(),
            window: self.window.clone(),
            breaker: Breaker::clone(&self.breaker),
            gross: self.gross,
            net: self.net,
            last_order: self.last_order,
            denied: self.denied,
            counts: self.counts,
        }
    }

    fn leg_checks(&self, now_ns: u64, intent: &Intent, pending: usize, list: &mut Vec<Check>) {
        let closes = intent.purpose == Purpose::Close;
        let mut put = |code, unit, used, bound, limit, passes| {
            list.push(Check { leg: intent.leg, code, unit, used, bound, limit, passes });
        };
        let halt = self.breaker.halt;
        let code = halt.map_or(DenyCode::Halted, |h| h.code);
        let open = halt.is_none_or(|h| closes && h.closes);
        put(code, CheckUnit::Flag, Some(i128::from(halt.is_some())), Bound::AtMost, 0, open);
        let i = intent.instrument.index();
        let (Some(spec), Some(mark)) = (self.specs.get(i), self.marks.get(i)) else {
            return put(DenyCode::UnknownInstrument, CheckUnit::Flag, None, Bound::AtMost, 0, false);
        };
        let instrument = intent.instrument;
        let quantity = i128::from(intent.quantity);
        let (least, step) = (i128::from(spec.min_quantity.max(1)), i128::from(spec.quantity_step));
        let unit = CheckUnit::Quantity(instrument);
        put(DenyCode::Quantity, unit, Some(quantity), Bound::AtLeast, least, quantity >= least);
        put(DenyCode::Quantity, unit, Some(quantity), Bound::MultipleOf, step, quantity % step == 0);
        let (price, step) = (i128::from(intent.price), i128::from(spec.price_step));
        let on_step = price > 0 && price % step == 0;
        put(DenyCode::Price, CheckUnit::Price(instrument), Some(price), Bound::MultipleOf, step, on_step);
        let notional = spec.notional(intent.price, intent.quantity);
        let least = spec.min_notional;
        let passes = notional.is_some_and(|n| n >= least);
        put(DenyCode::MinNotional, CheckUnit::Asset(spec.quote), notional, Bound::AtLeast, least, passes);
        self.quote_checks(now_ns, intent, mark, &mut put);
        let base = spec.base_amount(intent.price, intent.quantity);
        if closes {
            self.reducing_check(intent, spec, base, &mut put);
        } else {
            self.limit_checks(now_ns, intent, notional.zip(base), pending, &mut put);
        }
        self.balance_checks(intent, notional, &mut put);
    }

    fn quote_checks(&self, now_ns: u64, intent: &Intent, mark: &Mark, put: &mut Put<'_>) {
        let max_age = self.limits.max_age_ns;
        let fresh = mark.fresh_until_ns;
        let age = (fresh != 0).then(|| i128::from(now_ns) - i128::from(fresh.saturating_sub(max_age)));
        let limit = i128::from(max_age);
        put(DenyCode::Stale, CheckUnit::Nanos, age, Bound::Below, limit, now_ns < fresh);
        let opposite = i128::from(if intent.side == Side::Buy { mark.ask } else { mark.bid });
        let collar = i128::from(self.limits.price_collar_e8);
        let distance = (i128::from(intent.price) - opposite).abs() * RATE_ONE;
        let part = (opposite > 0).then(|| (distance + opposite - 1) / opposite);
        put(DenyCode::Collar, CheckUnit::Rate, part, Bound::AtMost, collar, distance <= opposite * collar);
    }

    /// Order, position, gross, net, open orders, order rate: as `check_limits` counts them.
    fn limit_checks(
        &self,
        now_ns: u64,
        intent: &Intent,
        amounts: Option<(i128, i128)>,
        pending: usize,
        put: &mut Put<'_>,
    ) {
        let i = intent.instrument.index();
        let (Some(spec), Some(mark), Some(exposure), Some(valued)) =
            (self.specs.get(i), self.marks.get(i), self.exposures.get(i), self.valued.get(i))
        else {
            return;
        };
        let (Some(asset), limits) = (self.assets.get(spec.base.index()), &self.limits) else { return };
        let Some((notional, base)) = amounts else {
            return put(DenyCode::Overflow, CheckUnit::Flag, None, Bound::AtMost, 0, false);
        };
        if !spec.has_value() {
            return put(DenyCode::NoValue, CheckUnit::Flag, None, Bound::AtMost, 0, false);
        }
        let mut money = |code, used: Option<i128>, limit: i128, passes: bool| {
            put(code, CheckUnit::Currency, used, Bound::AtMost, limit, passes && used.is_some());
        };
        let within = |used: Option<i128>, limit: i128| used.is_some_and(|u| u <= limit);
        let worth = spec.value_ceil(notional);
        let limit = limits.max_order_notional.0;
        money(DenyCode::OrderNotional, worth, limit, within(worth, limit));
        let quantity = i128::from(intent.quantity);
        let (after, other, net) = match intent.side {
            Side::Buy => (
                i128::from(exposure.position_ceil) + i128::from(exposure.buys) + quantity,
                exposure.short(),
                asset.net.saturating_add(asset.buys).saturating_add(base),
            ),
            Side::Sell => (
                i128::from(exposure.sells) - i128::from(exposure.position_floor) + quantity,
                exposure.long(),
                asset.sells.saturating_sub(asset.net).saturating_add(base),
            ),
        };
        let after = i64::try_from(after.max(0)).ok();
        let worth = after.and_then(|q| spec.notional(mark.ask, q)).and_then(|n| spec.value_ceil(n));
        let limit = limits.max_position_notional.0;
        money(DenyCode::PositionNotional, worth, limit, within(worth, limit));
        // An order that does not make the instrument's worst case larger leaves the sum as it is.
        let counts = after.is_some_and(|a| a > other);
        let grown = worth.filter(|_| counts).map_or(valued.exposure, |w| w.max(valued.exposure));
        let gross = self.gross.saturating_sub(valued.exposure).saturating_add(grown);
        let limit = limits.max_gross_notional.0;
        money(DenyCode::GrossNotional, Some(gross), limit, grown <= valued.exposure || gross <= limit);
        let net = net.max(0);
        let worth = spec.base_value_floor(mark.ask, net).and_then(|v| spec.value_ceil(v));
        let allowed = spec.net_allows(net, mark.ask).unwrap_or(false);
        money(DenyCode::NetNotional, worth, limits.max_net_notional.0, allowed);
        let mut orders = |code, used: usize, limit: u32, passes| {
            put(code, CheckUnit::Orders, Some(used as i128), Bound::AtMost, i128::from(limit), passes);
        };
        let open = self.orders.len();
        orders(DenyCode::OpenOrders, open + 1, limits.max_open_orders, open < limits.max_open_orders as usize);
        let rate = self.window.used(now_ns) + pending + 1;
        let room = self.window.has_room(now_ns, pending);
        orders(DenyCode::OrderRate, rate, limits.max_orders_per_second, room);
    }

    fn reducing_check(&self, intent: &Intent, spec: &Spec, base: Option<i128>, put: &mut Put<'_>) {
        let left = self.open.get(spec.open).map_or(0, |open| open.left());
        let left = if intent.side == Side::Buy { left.saturating_neg() } else { left };
        let passes = base.is_some_and(|b| left > 0 && b < left.saturating_mul(2));
        let limit = left.max(0).saturating_mul(2);
        put(DenyCode::NotReducing, CheckUnit::Asset(spec.base), base, Bound::Below, limit, passes);
    }

    fn balance_checks(&self, intent: &Intent, notional: Option<i128>, put: &mut Put<'_>) {
        let i = intent.instrument.index();
        let (Some(spec), Some(exposure), Some(notional)) = (self.specs.get(i), self.exposures.get(i), notional) else {
            return;
        };
        let mut after = *exposure;
        let increase = match intent.side {
            Side::Buy => {
                after.buys = after.buys.saturating_add(intent.quantity);
                after.long().saturating_sub(exposure.long())
            }
            Side::Sell => {
                after.sells = after.sells.saturating_add(intent.quantity);
                after.short().saturating_sub(exposure.short())
            }
        };
        let Some(hold) = spec.hold(intent.side, intent.price, intent.quantity, notional, increase) else {
            return put(DenyCode::Overflow, CheckUnit::Flag, None, Bound::AtMost, 0, false);
        };
        let mut taken = 0;
        for (slot, amount) in [(hold.slot, hold.amount), (hold.fee_slot, hold.fee_amount)] {
            let Some(view) = self.wallet.view(slot as usize) else { continue };
            // A fee may come out of the balance that the order itself has just taken from.
            let free = view.free.0.saturating_sub(if slot == hold.slot { taken } else { 0 });
            let passes = amount <= 0 || amount <= free;
            put(DenyCode::Balance, CheckUnit::Asset(view.asset), Some(amount), Bound::AtMost, free, passes);
            taken = amount;
        }
    }
}

type Put<'a> = dyn FnMut(DenyCode, CheckUnit, Option<i128>, Bound, i128, bool) + 'a;
