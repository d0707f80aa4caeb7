//! HOT: core thread. What the hot path needs to know of an instrument, worked out once: no power of ten, no table of
//! names.

use crosstick_model::amount::{AMOUNT_DECIMALS, AMOUNT_ONE, RATE_ONE};
use crosstick_model::decimal::pow10_i128;
use crosstick_model::{AssetId, FeeAsset, Instrument, Kind, Side, Universe, VenueId};

use crate::balance::{NO_SLOT, Wallet};
use crate::exact::{Step, mul, mul_div_ceil, mul_div_floor, mul_rate_ceil};
use crate::limits::{Limits, Rates};

/// One instrument as the gate sees it. Amounts at 1e-16, rates at 1e-8.
#[derive(Debug, Clone)]
pub(crate) struct Spec {
    pub(crate) inverse: bool,
    pub(crate) spot: bool,
    pub(crate) venue: VenueId,
    pub(crate) base: AssetId,
    pub(crate) quote: AssetId,
    /// Where what its orders leave open is counted: its market, or behind all markets the instrument itself.
    pub(crate) open: usize,
    /// What its profit and loss are in: the quote asset, or the base asset where inverse.
    pub(crate) pnl_asset: AssetId,
    pub(crate) price_step: i64,
    pub(crate) quantity_step: i64,
    /// The same two, ready to be asked whether they divide.
    pub(crate) price_steps: Step,
    pub(crate) quantity_steps: Step,
    pub(crate) min_quantity: i64,
    pub(crate) min_notional: i128,
    /// Quote asset: price × quantity × `unit` / `unit_div`, or contracts × `unit` / `unit_div` where inverse.
    unit: i128,
    unit_div: i128,
    /// A quantity mantissa × this is at 1e-16.
    pub(crate) quantity_up: i128,
    /// 10^price decimals.
    price_one: i128,
    /// Inverse: base amount = quantity(1e-16) × `per_num` / (`per_den` × price).
    per_num: i128,
    per_den: i128,
    /// 0: unknown.
    rate_e8: i64,
    /// floor(max_net_notional / rate), in units of base amount × price.
    max_net_product: i128,
    /// The dearest fee rate that an order may meet, never below zero.
    fee_e8: i64,
    /// Rate of the named fee asset at 1e-8; 0 where the fee is in the quote or the received asset.
    named_fee_rate_e8: i64,
    fee_in_quote: bool,
    pub(crate) slot_base: u32,
    pub(crate) slot_quote: u32,
    pub(crate) slot_settle: u32,
    slot_fee: u32,
    /// P&L asset → settle asset, where a linear contract settles in another one than its prices are in.
    settle_num: i128,
    settle_den: i128,
}

/// What an order sets aside: an amount in each of up to two slots of the wallet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hold {
    pub(crate) slot: u32,
    pub(crate) amount: i128,
    pub(crate) fee_slot: u32,
    pub(crate) fee_amount: i128,
}

impl Hold {
    pub(crate) const NOTHING: Self = Self { slot: NO_SLOT, amount: 0, fee_slot: NO_SLOT, fee_amount: 0 };
}

const fn gcd(mut a: i128, mut b: i128) -> i128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// `num` / `den` in lowest terms.
fn reduced(num: i128, den: i128) -> (i128, i128) {
    let common = gcd(num, den).max(1);
    (num / common, den / common)
}

impl Spec {
    pub(crate) fn new(i: &Instrument, universe: &Universe, limits: &Limits, rates: &Rates, wallet: &Wallet) -> Self {
        let inverse = i.kind == Kind::Inverse;
        let price_one = pow10_i128(u32::from(i.scale.price_decimals));
        let contract = i.contract_size.0.max(0);
        let quantity_one = pow10_i128(u32::from(i.scale.quantity_decimals));
        let (unit, unit_div) = if inverse { reduced(contract, quantity_one) } else { (i.scale.notional_factor(), 1) };
        // contract(1e-16) × 10^p overflows only for sizes beyond 1e6 at 16 price decimals; divide first there.
        let (per_num, per_den) = match contract.checked_mul(price_one) {
            Some(num) => reduced(num, AMOUNT_ONE),
            None => ((contract / AMOUNT_ONE).saturating_mul(price_one), 1),
        };
        let rate_e8 = rates.rate_e8(i.quote).unwrap_or(0);
        let fees = universe.venues.get(i.venue.index()).map(|v| v.fees);
        let named = match fees.map(|f| f.asset) {
            Some(FeeAsset::Named(asset)) => Some(asset),
            _ => None,
        };
        let pnl_asset = if inverse { i.base } else { i.quote };
        let (settle_num, settle_den) = match (rates.rate_e8(pnl_asset), rates.rate_e8(i.settle)) {
            (Some(from), Some(to)) if pnl_asset != i.settle => (i128::from(from), i128::from(to)),
            _ => (1, 1),
        };
        let net = limits.max_net_notional.0;
        let max_net_product = match price_one.checked_mul(RATE_ONE) {
            Some(up) if net < i128::MAX => mul_div_floor(net, up, i128::from(rate_e8.max(1))).unwrap_or(i128::MAX),
            _ => i128::MAX,
        };
        Self {
            inverse,
            spot: i.kind == Kind::Spot,
            venue: i.venue,
            base: i.base,
            quote: i.quote,
            open: i.market.map_or(universe.markets.len() + i.id.index(), |m| m.index()),
            pnl_asset,
            price_step: i.price_step.max(1),
            quantity_step: i.quantity_step.max(1),
            price_steps: Step::new(i.price_step),
            quantity_steps: Step::new(i.quantity_step),
            min_quantity: i.min_quantity,
            min_notional: i.min_notional.0,
            unit,
            unit_div,
            quantity_up: pow10_i128(u32::from(AMOUNT_DECIMALS - i.scale.quantity_decimals)),
            price_one,
            per_num,
            per_den,
            rate_e8,
            max_net_product,
            fee_e8: fees.map_or(0, |f| f.maker_e8.max(f.taker_e8).max(0)),
            named_fee_rate_e8: named.and_then(|a| rates.rate_e8(a)).unwrap_or(0),
            // A contract receives nothing that a fee could be taken from, so its fee is in what it settles in.
            fee_in_quote: match fees.map(|f| f.asset) {
                Some(FeeAsset::Received) => i.kind != Kind::Spot,
                Some(FeeAsset::Named(_)) => false,
                _ => true,
            },
            slot_base: wallet.find(i.venue, i.base),
            slot_quote: wallet.find(i.venue, i.quote),
            slot_settle: wallet.find(i.venue, i.settle),
            slot_fee: named.map_or(NO_SLOT, |a| wallet.find(i.venue, a)),
            settle_num,
            settle_den,
        }
    }

    /// Whether amounts of its quote asset have a value in the risk currency.
    #[inline]
    pub(crate) const fn has_value(&self) -> bool {
        self.rate_e8 > 0
    }

    /// Price × quantity, or contracts × contract size, in the quote asset, rounded down where it is not exact.
    #[inline(always)]
    pub(crate) fn notional(&self, price: i64, quantity: i64) -> Option<i128> {
        let value = if self.inverse {
            mul(i128::from(quantity), self.unit)?
        } else {
            mul(i128::from(price) * i128::from(quantity), self.unit)?
        };
        Some(if self.unit_div == 1 { value } else { value.div_euclid(self.unit_div) })
    }

    /// An amount of the quote asset in the risk currency, rounded down. Unknown rate: zero.
    #[inline]
    pub(crate) fn value_floor(&self, amount: i128) -> Option<i128> {
        if i128::from(self.rate_e8) == RATE_ONE {
            return Some(amount);
        }
        mul_div_floor(amount, i128::from(self.rate_e8), RATE_ONE)
    }

    /// An amount of the quote asset in the risk currency, rounded up. Unknown rate: zero.
    #[inline(always)]
    pub(crate) fn value_ceil(&self, amount: i128) -> Option<i128> {
        if i128::from(self.rate_e8) == RATE_ONE {
            return Some(amount);
        }
        mul_rate_ceil(amount, self.rate_e8)
    }

    /// The cash that a signed quantity (at 1e-16) bought at `price` moves, in the P&L asset, rounded against us.
    ///
    /// Spot and linear: −quantity × price. Inverse: what is bought is owed in the base asset, so
    /// + quantity × contract size / price.
    #[inline]
    pub(crate) fn flow(&self, price: i64, quantity: i128) -> Option<i128> {
        if self.inverse {
            self.per(price, quantity)
        } else {
            mul_div_floor(quantity.checked_neg()?, i128::from(price), self.price_one)
        }
    }

    /// What a signed quantity (at 1e-16) brings when it is given up at `price`, in the P&L asset, rounded against us.
    #[inline]
    pub(crate) fn marked(&self, price: i64, quantity: i128) -> Option<i128> {
        self.flow(price, quantity.checked_neg()?)
    }

    #[inline]
    fn per(&self, price: i64, quantity: i128) -> Option<i128> {
        mul_div_floor(quantity, self.per_num, self.per_den.checked_mul(i128::from(price))?)
    }

    /// What a positive quantity mantissa is in base units at 1e-16: itself, or rounded up where inverse.
    #[inline(always)]
    pub(crate) fn base_amount(&self, price: i64, quantity: i64) -> Option<i128> {
        let quantity = mul(i128::from(quantity), self.quantity_up)?;
        if self.inverse { self.per(price, -quantity)?.checked_neg() } else { Some(quantity) }
    }

    /// A base amount at `price` in the quote asset, rounded up (against us: for fees).
    #[inline]
    pub(crate) fn base_value_ceil(&self, price: i64, base: i128) -> Option<i128> {
        mul_div_ceil(base, i128::from(price), self.price_one)
    }

    /// A base amount at `price` in the quote asset, rounded down.
    #[inline]
    pub(crate) fn base_value_floor(&self, price: i64, base: i128) -> Option<i128> {
        mul_div_floor(base, i128::from(price), self.price_one)
    }

    /// Whether a base amount at `price` is worth no more than max_net_notional; exact, without a division.
    #[inline(always)]
    pub(crate) fn net_allows(&self, base: i128, price: i64) -> Option<bool> {
        Some(mul(base, i128::from(price))? <= self.max_net_product)
    }

    /// An amount of the P&L asset in the asset it settles in, rounded up.
    #[inline]
    pub(crate) fn settled(&self, amount: i128) -> Option<i128> {
        if self.settle_num == self.settle_den {
            return Some(amount);
        }
        mul_div_ceil(amount, self.settle_num, self.settle_den)
    }

    /// What an order sets aside on its venue: spot, what it pays; contracts, once the notional of the part
    /// (`increase`) by which the position could grow. Fees come on top where they are not taken from what is received.
    #[inline(always)]
    pub(crate) fn hold(&self, side: Side, price: i64, quantity: i64, notional: i128, increase: i64) -> Option<Hold> {
        let mut hold = Hold::NOTHING;
        if self.spot {
            match side {
                Side::Buy => {
                    hold.slot = self.slot_quote;
                    if hold.slot != NO_SLOT {
                        let fee = if self.fee_in_quote { self.fee(notional)? } else { 0 };
                        hold.amount = notional.checked_add(fee)?;
                    }
                }
                Side::Sell => {
                    hold.slot = self.slot_base;
                    hold.amount = mul(i128::from(quantity), self.quantity_up)?;
                }
            }
        } else {
            hold.slot = self.slot_settle;
            if hold.slot != NO_SLOT {
                let (all, part) = if self.inverse {
                    (self.base_amount(price, quantity)?, self.base_amount(price, increase)?)
                } else {
                    (notional, self.notional(price, increase)?)
                };
                let fee = if self.fee_in_quote { self.fee(all)? } else { 0 };
                hold.amount = self.settled(part.checked_add(fee)?)?;
            }
        }
        if self.slot_fee != NO_SLOT && self.named_fee_rate_e8 > 0 {
            let fee = self.value_ceil(self.fee(notional)?)?;
            hold.fee_slot = self.slot_fee;
            hold.fee_amount = mul_div_ceil(fee, RATE_ONE, i128::from(self.named_fee_rate_e8))?;
        }
        Some(hold)
    }

    /// The dearest fee on an amount, rounded up.
    #[inline(always)]
    fn fee(&self, amount: i128) -> Option<i128> {
        if self.fee_e8 == 0 {
            return Some(0);
        }
        mul_rate_ceil(amount, self.fee_e8)
    }
}
