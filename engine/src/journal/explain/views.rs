//! From the core's numbers to what is told.

use crosstick_model::amount::{AMOUNT_DECIMALS, AMOUNT_ONE};
use crosstick_model::decimal::pow10_i128;
use crosstick_model::decision::Route;
use crosstick_model::{Decimal, Fill, Instrument, InstrumentId, Kind, Order, Report, ReportKind, Side, Universe};
use crosstick_risk::{Bound, Check, CheckUnit};
use crosstick_strategy::{PriceCache, Source};

use super::story::{CheckSeen, Edge, LegSeen, ReportStory, Size};
use crate::config::{Config, StrategyName};

/// Names, scales and settings of the session.
pub struct Facts<'a> {
    pub config: &'a Config,
    pub universe: &'a Universe,
}

impl Facts<'_> {
    pub fn source(&self) -> Source {
        match self.config.strategy.name {
            StrategyName::Spread => Source::Quotes,
            StrategyName::LastTrade => Source::Trades,
        }
    }

    /// The instruments of a way: to buy, to sell.
    pub fn legs(&self, route: Route) -> Option<(&Instrument, &Instrument)> {
        let market = self.universe.markets.get(route.market.index())?;
        let of = |venue| market.instruments.iter().map(|i| self.universe.instrument(*i)).find(|i| i.venue == venue);
        Some((of(route.buy)?, of(route.sell)?))
    }

    /// The way from buying one instrument to selling another.
    pub fn way(&self, buy: InstrumentId, sell: InstrumentId) -> Option<Route> {
        let (buy, sell) = (self.universe.instruments.get(buy.index())?, self.universe.instruments.get(sell.index())?);
        Some(Route { market: buy.market?, buy: buy.venue, sell: sell.venue })
    }

    pub fn leg(&self, cache: &PriceCache, instrument: &Instrument, side: Side, now_ns: u64) -> LegSeen {
        let venue = self.universe.venue(instrument.venue);
        let prices = cache.prices(self.source(), instrument.id);
        let (price, size) = prices.map_or((0, 0), |p| match side {
            Side::Buy => (p.quote.ask, p.quote.ask_quantity),
            Side::Sell => (p.quote.bid, p.quote.bid_quantity),
        });
        let recv_ns = prices.map_or(0, |p| p.stale_ns.saturating_sub(self.config.strategy.max_age_ns));
        LegSeen {
            venue: venue.name.to_string(),
            symbol: instrument.symbol.to_string(),
            price: instrument.scale.price(price).to_string(),
            size: instrument.scale.quantity(size).to_string(),
            age_ns: if recv_ns == 0 { 0 } else { now_ns.saturating_sub(recv_ns) },
            state: self.state(cache, instrument, now_ns),
            fee_bps: Decimal::new(i128::from(venue.fees.taker_e8), 4).to_string(),
        }
    }

    /// `usable`, or what keeps a price from being traded on.
    fn state(&self, cache: &PriceCache, instrument: &Instrument, now_ns: u64) -> String {
        let Some(prices) = cache.prices(self.source(), instrument.id) else { return "unknown".into() };
        if !cache.line_usable(instrument.venue, prices.line) {
            return match cache.lag_us(instrument.venue, prices.line) {
                Some((_, above)) if cache.line_lagging(instrument.venue, prices.line) => {
                    format!(
                        "lagging: {above} us above the line's best, max_lag_ms = {}",
                        self.config.strategy.max_lag_us / 1000
                    )
                }
                _ => "down: its line is not live".into(),
            };
        }
        if !prices.sound {
            return "none: no price with sizes on both sides yet, or since its line went down".into();
        }
        if now_ns >= prices.stale_ns {
            return format!("stale: max_age_ms = {}", self.config.strategy.max_age_ns / 1_000_000);
        }
        "usable".into()
    }

    pub fn edge(&self, buy: &Instrument, sell: &Instrument, ask: i64, bid: i64, ppm: i64) -> Edge {
        let fee = |i: &Instrument| Decimal::new(i128::from(self.universe.venue(i.venue).fees.taker_e8), 8);
        let (ask, bid) = (buy.scale.price(ask), sell.scale.price(bid));
        Edge {
            ppm,
            least_ppm: self.least_ppm(),
            formula: format!("((1 - {}) x {bid} - (1 + {}) x {ask}) / {ask} = {ppm} ppm", fee(sell), fee(buy)),
        }
    }

    /// `min_edge_bps` in ppm.
    pub fn least_ppm(&self) -> String {
        Decimal::new(i128::from(self.config.strategy.min_edge_e8), 2).to_string()
    }

    /// What bounded `quantity`, from the prices that stood.
    pub fn size(&self, cache: &PriceCache, buy: &Instrument, sell: &Instrument, quantity: i64) -> Size {
        let quote = |i: &Instrument| cache.prices(self.source(), i.id).map(|p| p.quote).unwrap_or_default();
        let (ask, bid) = (quote(buy), quote(sell));
        let (asked, bidden) = (base(buy, ask.ask, ask.ask_quantity), base(sell, bid.bid, bid.bid_quantity));
        let max = self.config.strategy.max_notional.0;
        let rate = self.config.risk.rate(self.universe.asset_name(buy.quote)).map_or(0, i128::from);
        // floor(max / rate / ask), in quantity mantissas; a bound too large to be written down is none.
        let per = i128::from(ask.ask).checked_mul(rate).filter(|d| *d > 0);
        let up = pow10_i128(u32::from(buy.scale.price_decimals + buy.scale.quantity_decimals));
        let cap =
            max.checked_mul(up).and_then(|m| m.checked_div(AMOUNT_ONE / 100_000_000)).zip(per).map(|(m, d)| m / d);
        let scale = buy.scale;
        let least = asked.min(bidden).min(cap.unwrap_or(i128::MAX));
        let bounded_by = if cap == Some(least) {
            "max_notional"
        } else if asked <= bidden {
            "the size shown at the ask"
        } else {
            "the size shown at the bid"
        };
        let words = |q: i128| Decimal::new(q, scale.quantity_decimals).to_string();
        Size {
            quantity: scale.quantity(quantity).to_string(),
            ask: words(asked),
            bid: words(bidden),
            notional: cap.map(words),
            bounded_by,
        }
    }

    pub fn check(&self, check: &Check) -> CheckSeen {
        let bound = match check.bound {
            Bound::AtMost => "<=",
            Bound::AtLeast => ">=",
            Bound::Below => "<",
            Bound::Above => ">",
            Bound::MultipleOf => "multiple of",
        };
        let (unit, decimals) = self.unit(check.unit);
        let words = |n: i128| match n {
            i128::MAX => "no limit".to_owned(),
            n => Decimal::new(n, decimals).normalised().to_string(),
        };
        CheckSeen {
            leg: check.leg,
            code: check.code.code(),
            used: check.used.map(words),
            bound,
            limit: words(check.limit),
            headroom: check.headroom().filter(|_| check.limit != i128::MAX).map(words),
            unit,
            passes: check.passes,
        }
    }

    fn unit(&self, unit: CheckUnit) -> (String, u8) {
        let scale = |i: InstrumentId| self.universe.instruments.get(i.index()).map(|i| i.scale);
        match unit {
            CheckUnit::Flag => (String::new(), 0),
            CheckUnit::Currency => (self.config.risk.currency.clone(), AMOUNT_DECIMALS),
            CheckUnit::Asset(asset) => {
                (self.universe.assets.get(asset.index()).map_or_else(String::new, |a| a.to_string()), AMOUNT_DECIMALS)
            }
            CheckUnit::Price(i) => ("price".into(), scale(i).map_or(0, |s| s.price_decimals)),
            CheckUnit::Quantity(i) => ("quantity".into(), scale(i).map_or(0, |s| s.quantity_decimals)),
            CheckUnit::Rate => ("bps".into(), 4),
            CheckUnit::Orders => ("orders".into(), 0),
            CheckUnit::Nanos => ("ms".into(), 6),
        }
    }

    pub fn report(&self, seq: u64, order: &Order, report: &Report) -> ReportStory {
        let instrument = self.universe.instrument(report.instrument);
        let (what, better_ppm) = match &report.kind {
            ReportKind::Accepted => ("accepted".to_owned(), None),
            ReportKind::Filled(fill) => (self.fill(instrument, fill), better_ppm(order, fill)),
            ReportKind::Cancelled { unfilled } => {
                (format!("cancelled with {} unfilled", instrument.scale.quantity(*unfilled)), None)
            }
            ReportKind::Rejected(reason) => (format!("rejected: {}", reason.name()), None),
        };
        let after_ns = report.at_ns.saturating_sub(order.decided_ns);
        ReportStory { seq, at_ns: report.at_ns, after_ns, what, better_ppm }
    }

    fn fill(&self, instrument: &Instrument, fill: &Fill) -> String {
        let asset = self.universe.assets.get(fill.fee_asset.index()).map_or("?", |a| a);
        let (quantity, price) = (instrument.scale.quantity(fill.quantity), instrument.scale.price(fill.price));
        format!("filled {quantity} at {price}, fee {} {asset}", fill.fee)
    }
}

/// By how much a fill's price is better for us than the order's, ppm of the order's, rounded down.
fn better_ppm(order: &Order, fill: &Fill) -> Option<i64> {
    let (limit, price) = (i128::from(order.intent.price), i128::from(fill.price));
    let better = (limit - price) * i128::from(order.intent.side.sign());
    i64::try_from((better * 1_000_000).checked_div_euclid(limit)?).ok()
}

/// Base mantissas of a quantity at a price: contracts are worth their size over the price, rounded down.
fn base(instrument: &Instrument, price: i64, quantity: i64) -> i128 {
    if instrument.kind != Kind::Inverse {
        return i128::from(quantity);
    }
    let one = pow10_i128(u32::from(AMOUNT_DECIMALS - instrument.scale.price_decimals));
    let worth = i128::from(quantity).checked_mul(instrument.contract_size.0);
    let per = i128::from(price).checked_mul(one).filter(|p| *p > 0);
    worth.zip(per).map_or(0, |(worth, per)| worth / per)
}
