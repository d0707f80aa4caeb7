//! What never changes about a leg and a market, turned into the integers that the detector compares; and the exact
//! size and edge of an opportunity.

use crosstick_model::amount::AMOUNT_DECIMALS;
use crosstick_model::decimal::pow10_i128;
use crosstick_model::{Amount, AssetId, Fill, Instrument, InstrumentId, Kind, Quote, Scale, VenueId};

use crate::arithmetic::{gcd, lcm, mul_div_floor, saturate};
use crate::spread::ConfigError;

/// One, at the scale of fees and thresholds.
pub const RATE_ONE_E8: i64 = 100_000_000;
/// Fees and thresholds beyond ± this (100 times the price) are refused, so that no product can overflow an i128.
pub const RATE_MAX_E8: i64 = 100 * RATE_ONE_E8;

/// Parts of a base mantissa in which fills are summed up: contracts filled one by one would lose up to a mantissa each,
/// which may be a whole quantity step of the other leg.
pub const FINE: i128 = 1_000_000;

/// An inverse contract: base mantissa = contracts mantissa × `num` / (price mantissa × `den`), in lowest terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contract {
    num: u64,
    den: u64,
}

/// What never changes about one leg of a market.
#[derive(Debug, Clone, Copy)]
pub struct LegFacts {
    /// What is traded.
    pub instrument: InstrumentId,
    /// Where.
    pub venue: VenueId,
    /// Present where inverse.
    pub contract: Option<Contract>,
    /// The asset in which a fee leaves less than was filled: the base asset, on spot.
    fee_base: Option<AssetId>,
    /// Amount mantissas to one quantity mantissa.
    quantity_up: i128,
    /// Orders come in multiples of this: the quantity step; where inverse, whole contracts as well.
    pub lot: i64,
    /// Prices come in multiples of this.
    pub price_step: i64,
    /// Least quantity of an order; where inverse, what the least notional asks for is in it.
    pub min_quantity: i64,
    /// Least price × quantity of an order, both mantissas; zero where inverse.
    pub min_notional: i128,
    /// 10^8 − taker fee.
    pub sell_factor: i64,
    /// 10^8 + taker fee.
    pub buy_factor: i64,
    /// 10^8 + taker fee + least edge.
    pub cost_factor: i64,
}

/// The size of an opportunity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Base units at the market's scale.
    pub base: i64,
    /// What to buy: base units, or contracts where the buy leg is inverse.
    pub buy_quantity: i64,
    /// What to sell, likewise.
    pub sell_quantity: i64,
}

fn div_ceil(a: i128, b: i128) -> Option<i128> {
    a.checked_add(b - 1).map(|x| x.div_euclid(b))
}

impl LegFacts {
    /// The facts of an instrument at a venue's taker fee.
    ///
    /// # Errors
    /// When a fee, a threshold or a contract is out of range.
    pub fn new(instrument: &Instrument, taker_e8: i64, min_edge_e8: i64) -> Result<Self, ConfigError> {
        let in_range = |rate: i64| (-RATE_MAX_E8..=RATE_MAX_E8).contains(&rate);
        if !in_range(taker_e8) || !in_range(min_edge_e8) {
            return Err(ConfigError::RateRange(instrument.id));
        }
        let whole = 10i64.pow(u32::from(instrument.scale.quantity_decimals));
        let (contract, lot, least, min_notional) = match instrument.kind {
            Kind::Spot | Kind::Linear => {
                let least = div_ceil(instrument.min_notional.0.max(0), instrument.scale.notional_factor());
                (None, instrument.quantity_step.max(1), 0, least.ok_or(ConfigError::Minimum(instrument.id))?)
            }
            Kind::Inverse => {
                let contract = Contract::new(instrument).ok_or(ConfigError::ContractSize(instrument.id))?;
                let least = instrument.min_notional.0.max(0).checked_mul(i128::from(whole));
                let least = least.and_then(|n| div_ceil(n, instrument.contract_size.0));
                let least = least.and_then(|n| i64::try_from(n).ok()).ok_or(ConfigError::Minimum(instrument.id))?;
                (Some(contract), lcm(instrument.quantity_step, whole), least, 0)
            }
        };
        Ok(Self {
            instrument: instrument.id,
            venue: instrument.venue,
            contract,
            fee_base: (instrument.kind == Kind::Spot).then_some(instrument.base),
            quantity_up: pow10_i128(u32::from(AMOUNT_DECIMALS - instrument.scale.quantity_decimals)),
            lot,
            price_step: instrument.price_step.max(1),
            min_quantity: instrument.min_quantity.max(least).max(1),
            min_notional,
            sell_factor: RATE_ONE_E8 - taker_e8,
            buy_factor: RATE_ONE_E8 + taker_e8,
            cost_factor: RATE_ONE_E8 + taker_e8 + min_edge_e8,
        })
    }

    /// Base units of `quantity` at `price`, rounded down, at most `i64::MAX`. Both positive.
    #[inline]
    pub fn base(&self, price: i64, quantity: i64) -> i64 {
        match self.contract {
            None => quantity,
            Some(c) => {
                let up = u128::from(quantity.unsigned_abs()) * u128::from(c.num);
                let down = u128::from(price.unsigned_abs()) * u128::from(c.den);
                saturate(up / down.max(1))
            }
        }
    }

    /// Base units of `quantity` at `price` in parts of a mantissa, [`FINE`] to one, rounded down. Both positive.
    #[inline]
    pub fn fine_base(&self, price: i64, quantity: i64) -> i128 {
        let fine = |base: i64| i128::from(base) * FINE;
        let Some(c) = self.contract else { return fine(quantity) };
        let up = u128::from(quantity.unsigned_abs()) * u128::from(c.num);
        let down = u128::from(price.unsigned_abs()) * u128::from(c.den);
        let exact = up.checked_mul(FINE.unsigned_abs()).and_then(|up| i128::try_from(up / down.max(1)).ok());
        exact.unwrap_or_else(|| fine(self.base(price, quantity)))
    }

    /// What a fill's fee took out of the base asset, in parts of a mantissa, [`FINE`] to one, rounded up; saturating.
    #[inline]
    pub fn fine_fee(&self, fill: &Fill) -> i128 {
        if self.fee_base != Some(fill.fee_asset) || fill.fee.0 == 0 {
            return 0;
        }
        fill.fee.0.checked_mul(FINE).and_then(|fee| div_ceil(fee, self.quantity_up)).unwrap_or(i128::from(i64::MAX))
    }

    /// The order quantity worth `base` base units at `price`: unrounded base units, or contracts in whole lots.
    #[inline]
    pub fn quantity(&self, price: i64, base: i64) -> i64 {
        match self.contract {
            None => base,
            Some(c) => {
                let up = u128::from(base.unsigned_abs()) * u128::from(price.unsigned_abs());
                self.lots(saturate(mul_div_floor(up, c.den, c.num)))
            }
        }
    }

    /// `quantity` rounded down to whole lots.
    #[inline]
    pub fn lots(&self, quantity: i64) -> i64 {
        quantity - quantity % self.lot
    }

    /// Whether an order of `quantity` at `price` reaches the venue's minimums.
    #[inline]
    pub fn reaches_minimum(&self, price: i64, quantity: i64) -> bool {
        quantity >= self.min_quantity && i128::from(price) * i128::from(quantity) >= self.min_notional
    }
}

impl Contract {
    fn new(instrument: &Instrument) -> Option<Self> {
        let num = u128::try_from(instrument.contract_size.0).ok().filter(|n| *n > 0)?;
        let den = pow10_i128(u32::from(AMOUNT_DECIMALS - instrument.scale.price_decimals)).unsigned_abs();
        let common = gcd(num, den);
        Some(Self { num: u64::try_from(num / common).ok()?, den: u64::try_from(den / common).ok()? })
    }
}

/// The step of an opportunity's base size: what both legs that are not inverse can be rounded to.
pub fn route_step(buy: &LegFacts, sell: &LegFacts) -> i64 {
    match (buy.contract, sell.contract) {
        (None, None) => lcm(buy.lot, sell.lot),
        (None, Some(_)) => buy.lot,
        (Some(_), None) => sell.lot,
        (Some(_), Some(_)) => 1,
    }
}

/// `max_notional` in the quote asset as price × quantity, both mantissas, rounded down; at most `i128::MAX`.
///
/// `rate` is what one unit of the quote asset is worth. `None` when it is not positive.
pub fn notional_cap(max_notional: Amount, rate: Amount, scale: Scale) -> Option<i128> {
    if rate.0 <= 0 {
        return None;
    }
    let max = max_notional.0.max(0).unsigned_abs();
    let rate = rate.0.unsigned_abs();
    // max × 10^(price and quantity decimals) / rate, digit by digit: the product may exceed an i128.
    let (mut cap, mut rest) = (max / rate, max % rate);
    for _ in 0..scale.price_decimals + scale.quantity_decimals {
        rest = rest.saturating_mul(10);
        cap = cap.saturating_mul(10).saturating_add(rest / rate);
        rest %= rate;
    }
    Some(i128::try_from(cap).unwrap_or(i128::MAX))
}

/// The size of an opportunity; `None` when it does not reach a leg's minimums. Quotes are sound.
#[inline]
pub fn size(buy: &LegFacts, sell: &LegFacts, ask: &Quote, bid: &Quote, cap: i128, step: i64) -> Option<Size> {
    let affordable = match i64::try_from(cap) {
        Ok(cap) => cap / ask.ask,
        Err(_) => saturate((cap / i128::from(ask.ask)).unsigned_abs()),
    };
    let mut base = buy.base(ask.ask, ask.ask_quantity).min(sell.base(bid.bid, bid.bid_quantity)).min(affordable);
    let mut contracts = [0; 2];
    for (i, (leg, price)) in [(buy, ask.ask), (sell, bid.bid)].into_iter().enumerate() {
        if leg.contract.is_some() {
            contracts[i] = leg.quantity(price, base);
            if !leg.reaches_minimum(price, contracts[i]) {
                return None;
            }
            base = leg.base(price, contracts[i]);
        }
    }
    base -= base % step;
    for (leg, price) in [(buy, ask.ask), (sell, bid.bid)] {
        if base <= 0 || (leg.contract.is_none() && !leg.reaches_minimum(price, base)) {
            return None;
        }
    }
    let quantity = |leg: &LegFacts, i: usize| if leg.contract.is_some() { contracts[i] } else { base };
    Some(Size { base, buy_quantity: quantity(buy, 0), sell_quantity: quantity(sell, 1) })
}

/// The edge of buying at `ask` and selling at `bid` after both taker fees, in ppm, rounded down; saturating.
#[inline]
pub fn edge_ppm(buy: &LegFacts, sell: &LegFacts, ask: i64, bid: i64) -> i64 {
    let gain = i128::from(sell.sell_factor) * i128::from(bid) - i128::from(buy.buy_factor) * i128::from(ask);
    let unit = i128::from(ask) * 100;
    // A 64-bit division costs a third of the wide one, and serves every price below 9e16.
    match (i64::try_from(gain), i64::try_from(unit)) {
        (Ok(gain), Ok(unit)) => gain.div_euclid(unit),
        _ => gain.div_euclid(unit).clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64,
    }
}
