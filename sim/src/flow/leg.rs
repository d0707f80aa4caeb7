//! One instrument of a flow: where its quote belongs, and how large its sizes are.

use crosstick_model::Decimal;

use super::payload::Writer;
use super::rng::{ONE_Q16, Rng};
use super::{FlowLeg, FlowMarket, FlowSpec, MS};
use crate::rules::StreamKind;

const E8: i128 = 100_000_000;
/// One deviation of a size is a factor of two.
const SIZE_SIGMA_Q16: i64 = ONE_Q16;

#[derive(Debug)]
pub(super) struct Leg {
    pub(super) venue: usize,
    pub(super) market: usize,
    pub(super) trades: bool,
    pub(super) agg_trades: bool,
    pub(super) quotes: bool,
    pub(super) writer: Writer,
    pub(super) streams: [String; 3],
    /// The start price at the price step's decimals and four more.
    pub(super) price_e4: i128,
    pub(super) price_step: i64,
    pub(super) step_e8: i64,
    pub(super) half_spread_e8: i64,
    pub(super) quantity_step: i64,
    pub(super) shown_steps: u64,
    pub(super) traded_steps: u64,
    shown_sigma_q16: i64,
    traded_sigma_q16: i64,
    pub(super) quote_every_ns: u64,
    pub(super) burst_every_ns: u64,
    pub(super) reference_e8: i64,
    pub(super) noise_e8: i64,
    pub(super) displaced_e8: i64,
    pub(super) update_id: u64,
    pub(super) trade_id: u64,
    pub(super) agg_id: u64,
    /// Bid and ask; zero before the first quote.
    pub(super) price: [i64; 2],
    pub(super) quantity: [i64; 2],
}

impl Leg {
    pub(super) fn new(spec: &FlowSpec, market: &FlowMarket, leg: &FlowLeg, id: usize, rng: &mut Rng) -> Self {
        let instrument = &leg.instrument;
        let venue = &spec.venues[leg.venue];
        let price_decimals = instrument.price_step.decimals();
        let quantity_decimals = instrument.quantity_step.decimals();
        let narrow = |value: i128| i64::try_from(value).unwrap_or(i64::MAX);
        let price_step = narrow(instrument.price_step.mantissa());
        let quantity_step = narrow(instrument.quantity_step.mantissa());
        let price_e4 = at_decimals(market.price, u32::from(price_decimals) + 4);
        let lower = instrument.symbol.to_lowercase();
        // How many quantity steps the median notional buys.
        let step_value = match instrument.kind {
            crosstick_model::Kind::Inverse => at_decimals(instrument.contract_size, 12),
            _ => {
                let product = market.price.mantissa().saturating_mul(i128::from(quantity_step));
                let decimals = market.price.decimals() + quantity_decimals;
                at_decimals(Decimal::new(product, decimals), 12)
            }
        };
        let steps = i128::from(leg.notional) * 1_000_000_000_000 / step_value.max(1);
        let shown_steps = u64::try_from(steps).unwrap_or(1).clamp(1, 1 << 40);
        Self {
            venue: leg.venue,
            market: id,
            trades: venue.streams.contains(&StreamKind::Trade),
            agg_trades: venue.streams.contains(&StreamKind::AggTrade),
            quotes: venue.streams.contains(&StreamKind::BookTicker),
            writer: Writer {
                protocol: venue.protocol,
                symbol: instrument.symbol.clone(),
                pair: instrument.symbol.split('_').next().unwrap_or_default().to_owned(),
                price_decimals,
                quantity_decimals,
            },
            streams: StreamKind::ALL_GENERATED.map(|k| format!("{lower}@{}", k.suffix())),
            price_e4,
            price_step,
            step_e8: narrow(i128::from(price_step) * E8 * 10_000 / price_e4.max(1)),
            half_spread_e8: i64::from(leg.half_spread_e8),
            quantity_step,
            shown_steps,
            traded_steps: market
                .moods
                .map_or(shown_steps / 10, |m| (shown_steps * u64::from(m.traded_ppm)) / 1_000_000)
                .max(1),
            shown_sigma_q16: market.moods.map_or(SIZE_SIGMA_Q16, |m| sigma_q16(m.shown_deviation_mille)),
            traded_sigma_q16: market.moods.map_or(SIZE_SIGMA_Q16, |m| sigma_q16(m.traded_deviation_mille)),
            quote_every_ns: 1_000 * MS / u64::from(leg.quotes_per_second),
            burst_every_ns: (1_000 * MS).checked_div(u64::from(leg.bursts_per_second)).unwrap_or(0),
            reference_e8: 0,
            noise_e8: 0,
            displaced_e8: 0,
            update_id: 1_000_000 + rng.below(1_000_000_000),
            trade_id: 1_000_000 + rng.below(1_000_000_000),
            agg_id: 1_000_000 + rng.below(1_000_000_000),
            price: [0; 2],
            quantity: [0; 2],
        }
    }

    /// Bid and ask where they belong, on the grid of price steps and at least one step apart.
    pub(super) fn target(&self) -> [i64; 2] {
        let offset = i128::from(self.reference_e8 + self.noise_e8 + self.displaced_e8);
        let at = |offset: i128| self.price_e4 * (E8 + offset) / E8;
        let half = i128::from(self.half_spread_e8);
        let step = i128::from(self.price_step) * 10_000;
        let bid = at(offset - half).div_euclid(step).max(1);
        let ask = (-(-at(offset + half)).div_euclid(step)).max(bid + 1);
        let price = |steps: i128| i64::try_from(steps * i128::from(self.price_step)).unwrap_or(i64::MAX);
        [price(bid), price(ask)]
    }

    /// A displayed quantity.
    pub(super) fn draw_shown(&self, rng: &mut Rng) -> i64 {
        self.draw(rng, self.shown_steps, self.shown_sigma_q16)
    }

    /// A traded quantity.
    pub(super) fn draw_traded(&self, rng: &mut Rng) -> i64 {
        self.draw(rng, self.traded_steps, self.traded_sigma_q16)
    }

    fn draw(&self, rng: &mut Rng, median_steps: u64, sigma_q16: i64) -> i64 {
        let steps = rng.log_normal(median_steps, sigma_q16);
        i64::try_from(steps).unwrap_or(i64::MAX).saturating_mul(self.quantity_step)
    }

    pub(super) fn publishes(&self, kind: StreamKind) -> bool {
        match kind {
            StreamKind::Trade => self.trades,
            StreamKind::AggTrade => self.agg_trades,
            StreamKind::BookTicker => self.quotes,
            StreamKind::Other => false,
        }
    }

    pub(super) fn stream(&self, kind: StreamKind) -> &str {
        let index = StreamKind::ALL_GENERATED.iter().position(|k| *k == kind);
        index.and_then(|i| self.streams.get(i)).map_or("", String::as_str)
    }
}

/// Thousandths of a doubling as a deviation of [`Rng::log_normal`].
pub(super) fn sigma_q16(mille: u32) -> i64 {
    i64::from(mille) * ONE_Q16 / 1_000
}

/// A decimal's mantissa at another number of decimals, rounded down.
fn at_decimals(value: Decimal, decimals: u32) -> i128 {
    let have = u32::from(value.decimals());
    if decimals >= have {
        value.mantissa().saturating_mul(10i128.saturating_pow(decimals - have))
    } else {
        value.mantissa() / 10i128.saturating_pow(have - decimals)
    }
}
