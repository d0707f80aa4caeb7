//! COLD: core thread, after intents are out, or after it. What reports and shared memory show of the gate.

use crosstick_model::amount::RATE_ONE;
use crosstick_model::{Amount, AssetId, DenyCode, InstrumentId, Order, Side};

use crate::balance::BalanceView;
use crate::reports::ReportCounts;
use crate::risk::Risk;

/// A result in the risk currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pnl {
    /// Of what was closed, before fees.
    pub realised: Amount,
    /// Fees; negative when rebates are larger.
    pub fees: Amount,
    /// Of what is open, at the mark.
    pub unrealised: Amount,
    /// realised − fees + unrealised.
    pub net: Amount,
}

/// An instrument's position and result, to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PositionView {
    /// Which.
    pub instrument: InstrumentId,
    /// Base units, or contracts where inverse, at 1e-16; negative when sold short.
    pub quantity: Amount,
    /// In the risk currency, at the instrument's mark: long at the bid, short at the ask. What is in another asset
    /// is converted at its rate, an inverse contract's base asset at the bid first; rounded against us at 1e-16.
    pub pnl: Pnl,
    /// What the position, orders in flight included, is worth at the ask, in the risk currency.
    pub exposure: Amount,
    /// The asset that the exact cash flows are in: the quote asset, or the base asset where inverse.
    pub pnl_asset: AssetId,
    /// The exact cash flows.
    pub book: crate::Book,
}

/// What a limit is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitUnit {
    /// The risk currency, at 1e-16.
    Currency,
    /// Orders.
    Orders,
    /// A part of the price, at 1e-8 (1 bps is 10 000).
    Rate,
}

/// Limits that [`Risk::limit_uses`] tells of.
pub const LIMITS: usize = 9;

/// How much of a limit is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitUse {
    /// The code that its breach is told by.
    pub code: DenyCode,
    /// What the numbers are in.
    pub unit: LimitUnit,
    /// The most that any one instrument or asset uses, where the limit is for each of them.
    pub used: i128,
    /// The limit.
    pub limit: i128,
}

impl LimitUse {
    /// What is left; below zero when prices or closing orders carried it over the limit.
    #[must_use]
    pub const fn headroom(&self) -> i128 {
        self.limit.saturating_sub(self.used)
    }
}

impl Risk {
    /// Every instrument's position and result, in the order of instruments.
    pub fn positions(&self) -> impl Iterator<Item = PositionView> + '_ {
        (0..self.specs.len()).filter_map(|i| self.position(InstrumentId(i as u16)))
    }

    /// An instrument's position and result; `None` when there is no such instrument.
    #[must_use]
    pub fn position(&self, instrument: InstrumentId) -> Option<PositionView> {
        let i = instrument.index();
        let (spec, book, valued) = (self.specs.get(i)?, self.books.get(i)?, self.valued.get(i)?);
        Some(PositionView {
            instrument,
            quantity: Amount(book.quantity),
            pnl: Pnl {
                realised: Amount(valued.realised),
                fees: Amount(valued.fees),
                unrealised: Amount(valued.unrealised),
                net: Amount(valued.net()),
            },
            exposure: Amount(valued.exposure),
            pnl_asset: spec.pnl_asset,
            book: *book,
        })
    }

    /// The result over all instruments.
    #[must_use]
    pub fn pnl(&self) -> Pnl {
        let sum = |of: fn(&crate::exposure::Valued) -> i128| {
            Amount(self.valued.iter().fold(0i128, |sum, v| sum.saturating_add(of(v))))
        };
        Pnl {
            realised: sum(|v| v.realised),
            fees: sum(|v| v.fees),
            unrealised: sum(|v| v.unrealised),
            net: Amount(self.net),
        }
    }

    /// The net result over all instruments, as [`Risk::pnl`] has it, without the sums beside it.
    #[inline]
    #[must_use]
    pub const fn net(&self) -> Amount {
        Amount(self.net)
    }

    /// Sum of the absolute values of all positions in the risk currency, orders in flight at their worst.
    #[must_use]
    pub const fn gross(&self) -> Amount {
        Amount(self.gross)
    }

    /// Balances of the tracked venues, by venue and asset.
    pub fn balances(&self) -> impl Iterator<Item = BalanceView> + '_ {
        self.wallet.views()
    }

    /// The balance at `index` of [`Risk::balances`]; `None` beyond the last one.
    #[must_use]
    pub fn balance(&self, index: usize) -> Option<BalanceView> {
        self.wallet.view(index)
    }

    /// Orders in flight or resting, in no particular order.
    pub fn open_orders(&self) -> impl Iterator<Item = (&Order, i64)> + '_ {
        self.orders.iter().map(|o| (&o.order, o.remaining))
    }

    /// Groups denied, by code.
    pub fn denied(&self) -> impl Iterator<Item = (DenyCode, u64)> + '_ {
        DenyCode::ALL.iter().map(|code| (*code, self.denied.get(*code as usize).copied().unwrap_or(0)))
    }

    /// How often trading was halted, by limits and by command.
    #[must_use]
    pub const fn halts(&self) -> u64 {
        self.breaker.halts
    }

    /// How often a limit, or what must not be, halted trading, by its code. Halts by command ([`Risk::halt`]) are none.
    pub fn breaches(&self) -> impl Iterator<Item = (DenyCode, u64)> + '_ {
        DenyCode::ALL.iter().map(|code| (*code, self.breaker.breaches.get(*code as usize).copied().unwrap_or(0)))
    }

    /// How often a limit, or what must not be, was reached while trading was halted already, by its code: each once a
    /// halt, beside what [`Self::breaches`] counts. It takes no part in what ends the halt.
    pub fn breaches_while_halted(&self) -> impl Iterator<Item = (DenyCode, u64)> + '_ {
        let counts = &self.breaker.halted_breaches;
        DenyCode::ALL.iter().map(|code| (*code, counts.get(*code as usize).copied().unwrap_or(0)))
    }

    /// Reports that did not fit.
    #[must_use]
    pub const fn report_counts(&self) -> ReportCounts {
        self.counts
    }

    /// What a base asset's fills over all venues have left, less fees taken in it, in base units at 1e-16.
    #[must_use]
    pub fn net_base(&self, asset: AssetId) -> Amount {
        Amount(self.assets.get(asset.index()).map_or(0, |a| a.net))
    }

    /// What the fills of an instrument's market (its own, where it is in none) have left open over all venues, less
    /// fees taken in the base asset; in base units at 1e-16. Closing orders may only bring this closer to zero.
    #[must_use]
    pub fn open_base(&self, instrument: InstrumentId) -> Amount {
        let open = self.specs.get(instrument.index()).and_then(|s| self.open.get(s.open));
        Amount(open.map_or(0, |o| o.traded))
    }

    /// Every limit, with its use at core time `now_ns`. Of what is asked of each order alone, the use is the most that
    /// an order in flight asks.
    #[must_use]
    pub fn limit_uses(&self, now_ns: u64) -> [LimitUse; LIMITS] {
        let limits = &self.limits;
        let money = |code, used, limit: Amount| LimitUse { code, unit: LimitUnit::Currency, used, limit: limit.0 };
        let count = |code, used: usize, limit: u32| LimitUse {
            code,
            unit: LimitUnit::Orders,
            used: used as i128,
            limit: i128::from(limit),
        };
        let largest = self.valued.iter().map(|v| v.exposure).max().unwrap_or(0);
        let net = (0..self.specs.len()).map(|i| self.net_worth(i)).max().unwrap_or(0);
        let day = self.breaker.day_start_net.saturating_sub(self.net).max(0);
        let fall = self.breaker.peak.saturating_sub(self.net).max(0);
        let (order, collar) = self.largest_order();
        [
            money(DenyCode::OrderNotional, order, limits.max_order_notional),
            LimitUse {
                code: DenyCode::Collar,
                unit: LimitUnit::Rate,
                used: collar,
                limit: i128::from(limits.price_collar_e8),
            },
            money(DenyCode::PositionNotional, largest, limits.max_position_notional),
            money(DenyCode::GrossNotional, self.gross, limits.max_gross_notional),
            money(DenyCode::NetNotional, net, limits.max_net_notional),
            count(DenyCode::OpenOrders, self.orders.len(), limits.max_open_orders),
            count(DenyCode::OrderRate, self.window.used(now_ns), limits.max_orders_per_second),
            money(DenyCode::DailyLoss, day, limits.max_daily_loss),
            money(DenyCode::Drawdown, fall, limits.max_drawdown),
        ]
    }

    /// The most that an order in flight is worth at its own price, and the furthest that one's price is from the other
    /// side of the quote as it is now, at 1e-8.
    fn largest_order(&self) -> (i128, i128) {
        let mut most = (0, 0);
        for open in self.orders.iter() {
            let intent = &open.order.intent;
            let i = intent.instrument.index();
            let (Some(spec), Some(mark)) = (self.specs.get(i), self.marks.get(i)) else { continue };
            let worth = spec.notional(intent.price, open.remaining).and_then(|n| spec.value_ceil(n));
            let opposite = i128::from(if intent.side == Side::Buy { mark.ask } else { mark.bid });
            let distance = (i128::from(intent.price) - opposite).abs() * RATE_ONE;
            most = (most.0.max(worth.unwrap_or(i128::MAX)), most.1.max(distance / opposite.max(1)));
        }
        most
    }

    /// The worst net position of an instrument's base asset, at the instrument's ask.
    fn net_worth(&self, i: usize) -> i128 {
        let (Some(spec), Some(mark)) = (self.specs.get(i), self.marks.get(i)) else { return 0 };
        let Some(a) = self.assets.get(spec.base.index()) else { return 0 };
        let worst = a.net.saturating_add(a.buys).max(a.sells.saturating_sub(a.net)).max(0);
        if worst == 0 {
            return 0;
        }
        let value = spec.base_value_floor(mark.ask, worst).and_then(|v| spec.value_ceil(v));
        value.unwrap_or(i128::MAX)
    }
}
