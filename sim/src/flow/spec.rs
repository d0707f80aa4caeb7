//! What a generated flow consists of: venues, markets, and how lively each is.

use std::str::FromStr;

use crosstick_model::{Decimal, Protocol};

use crate::error::SimError;
use crate::instrument::SimInstrument;
use crate::rules::StreamKind;

/// A generated flow: the venues and the markets between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlowSpec {
    /// The venues, in the order in which they are numbered.
    pub venues: Vec<FlowVenue>,
    /// The markets.
    pub markets: Vec<FlowMarket>,
}

/// A venue of a flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlowVenue {
    /// Its name.
    pub name: String,
    /// What it speaks.
    pub protocol: Protocol,
    /// The streams it publishes; [`StreamKind::Other`] is not generated.
    pub streams: Vec<StreamKind>,
    /// Least time from an event to its frame, in µs.
    pub lag_us: u32,
    /// How much longer it may take, in µs.
    pub jitter_us: u32,
}

/// A market: one price process that all its venues follow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlowMarket {
    /// Its name.
    pub name: String,
    /// Where the price starts and what it reverts to.
    pub price: Decimal,
    /// Deviation of the common price over one second, in 1e-8 of it (1 bps is 10 000).
    pub volatility_e8: u32,
    /// Mean time from the end of a gap to the next, in ms; 0: no gaps.
    pub gap_every_ms: u32,
    /// Shortest and longest gap, in ms.
    pub gap_ms: (u32, u32),
    /// Smallest and largest executable edge of a gap, before fees, in 1e-8 of the price.
    pub gap_e8: (u32, u32),
    /// How its liveliness changes and its sizes scatter; `None`: it does not, and they do so by a doubling.
    pub moods: Option<Moods>,
    /// One instrument a venue.
    pub legs: Vec<FlowLeg>,
}

/// How a market's liveliness changes, and how its sizes scatter. Deviations are in thousandths of a doubling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moods {
    /// Mean time until all rates of the market get another factor, the same on all venues, in ms, above zero.
    pub every_ms: u32,
    /// Deviation of that factor; its median is one.
    pub deviation_mille: u32,
    /// Deviation of displayed quantities.
    pub shown_deviation_mille: u32,
    /// Median of traded quantities, in millionths of the median displayed one.
    pub traded_ppm: u32,
    /// Deviation of traded quantities.
    pub traded_deviation_mille: u32,
}

/// One instrument of a flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlowLeg {
    /// The venue, by its number in [`FlowSpec::venues`].
    pub venue: usize,
    /// The instrument.
    pub instrument: SimInstrument,
    /// Half the spread before rounding to price steps, in 1e-8 of the price.
    pub half_spread_e8: u32,
    /// Quote changes a second.
    pub quotes_per_second: u32,
    /// Bursts of trades a second; a burst has about three trades on average.
    pub bursts_per_second: u32,
    /// Median notional of a displayed quantity, in the quote asset; a trade's is a tenth.
    pub notional: u32,
}

fn decimal(text: &str) -> Decimal {
    // Constants of this file; a test reads them all.
    Decimal::from_str(text).unwrap_or(Decimal::ZERO)
}

impl FlowVenue {
    /// A venue with its protocol's customary streams.
    #[must_use]
    pub fn new(name: &str, protocol: Protocol, lag_us: u32, jitter_us: u32) -> Self {
        let spot = matches!(protocol, Protocol::BinanceSpot | Protocol::MexcSpot);
        let trades = if spot { StreamKind::Trade } else { StreamKind::AggTrade };
        let streams = vec![trades, StreamKind::BookTicker];
        Self { name: name.to_owned(), protocol, streams, lag_us, jitter_us }
    }
}

impl FlowSpec {
    /// The demo: two spot venues and one of USD-M futures, three markets at three scales.
    ///
    /// Names are ours (`alpha`, `beta`, `gamma`), so that nobody takes these prices for anybody's.
    #[must_use]
    pub fn demo() -> Self {
        let venues = vec![
            FlowVenue::new("alpha", Protocol::BinanceSpot, 800, 1_200),
            FlowVenue::new("beta", Protocol::BinanceSpot, 1_500, 2_000),
            FlowVenue::new("gamma", Protocol::BinanceUsdm, 600, 900),
        ];
        let leg = |venue, instrument, half_spread_e8, quotes_per_second, notional| FlowLeg {
            venue,
            instrument,
            half_spread_e8,
            quotes_per_second,
            bursts_per_second: quotes_per_second.div_ceil(20),
            notional,
        };
        let spot = |symbol, base, price_step, quantity_step| {
            SimInstrument::spot(symbol, base, "USDT", decimal(price_step), decimal(quantity_step))
        };
        let linear = |symbol, base, price_step, quantity_step| {
            SimInstrument::linear(symbol, base, "USDT", decimal(price_step), decimal(quantity_step))
        };
        let market = |name: &str, price, gap_every_ms, gap_e8, legs| FlowMarket {
            name: name.to_owned(),
            price: decimal(price),
            volatility_e8: 6_000,
            gap_every_ms,
            gap_ms: (12, 46),
            gap_e8,
            moods: None,
            legs,
        };
        let markets = vec![
            market(
                "BTC-USDT",
                "64250.37",
                900,
                (40_000, 140_000),
                vec![
                    leg(0, spot("BTCUSDT", "BTC", "0.01", "0.00001"), 500, 160, 6_000),
                    leg(1, spot("BTCUSDT", "BTC", "0.01", "0.00001"), 900, 110, 4_000),
                    leg(2, linear("BTCUSDT", "BTC", "0.10", "0.001"), 600, 180, 9_000),
                ],
            ),
            market(
                "DOGE-USDT",
                "0.17432",
                1_000,
                (60_000, 180_000),
                vec![
                    leg(0, spot("DOGEUSDT", "DOGE", "0.00001", "1"), 2_000, 60, 2_500),
                    leg(1, spot("DOGEUSDT", "DOGE", "0.00001", "1"), 3_000, 40, 2_000),
                    leg(2, linear("DOGEUSDT", "DOGE", "0.000010", "1"), 2_000, 70, 3_000),
                ],
            ),
            market(
                "PEPE-USDT",
                "0.00002345",
                1_200,
                (90_000, 250_000),
                vec![
                    leg(0, spot("PEPEUSDT", "PEPE", "0.00000001", "1"), 4_000, 40, 1_500),
                    leg(1, spot("PEPEUSDT", "PEPE", "0.00000001", "1"), 5_000, 30, 1_200),
                ],
            ),
        ];
        Self { venues, markets }
    }

    /// The same with `delta`, a spot venue that speaks MEXC's protocol: further behind the others than they are behind
    /// each other, with wider spreads, and shown in steps of 10 and 100 ms. The flow of the others is another one then,
    /// as gaps are dealt among all.
    #[must_use]
    pub fn with_mexc(mut self) -> Self {
        let delta = self.venues.len();
        self.venues.push(FlowVenue::new("delta", Protocol::MexcSpot, 2_500, 3_500));
        for market in &mut self.markets {
            let Some(like) = market.legs.first().cloned() else { continue };
            let spread = like.half_spread_e8.saturating_mul(2);
            let quotes_per_second = (like.quotes_per_second / 2).max(1);
            market.legs.push(FlowLeg {
                venue: delta,
                half_spread_e8: spread,
                quotes_per_second,
                bursts_per_second: quotes_per_second.div_ceil(20),
                notional: (like.notional / 2).max(1),
                ..like
            });
        }
        self
    }

    /// The demo's venues and instruments with the rates and sizes of recorded markets: quieter in the middle, with busy
    /// seconds now and then on all venues at once, most trades small and some very large, spreads of one price step,
    /// and gaps that are rarer. Measured beside recordings by the example `calibrate`.
    #[must_use]
    pub fn calibrated() -> Self {
        let mut spec = Self::demo();
        let moods = Moods {
            every_ms: 1_500,
            deviation_mille: 1_400,
            shown_deviation_mille: 1_800,
            traded_ppm: 1_000,
            traded_deviation_mille: 3_500,
        };
        for (market, gap_every_ms) in spec.markets.iter_mut().zip([7_000, 9_000, 12_000]) {
            market.gap_every_ms = gap_every_ms;
            market.moods = Some(moods);
            for leg in &mut market.legs {
                leg.quotes_per_second = (leg.quotes_per_second / 4).max(1);
                leg.bursts_per_second = (leg.bursts_per_second / 2).max(1);
                leg.half_spread_e8 = 0;
                leg.notional *= 14;
            }
        }
        spec
    }

    /// All instruments of a venue.
    #[must_use]
    pub fn instruments(&self, venue: usize) -> Vec<SimInstrument> {
        let legs = self.markets.iter().flat_map(|m| &m.legs);
        legs.filter(|l| l.venue == venue).map(|l| l.instrument.clone()).collect()
    }

    /// Checks what the generator relies on.
    ///
    /// # Errors
    /// The first thing that is wrong, in words.
    pub fn check(&self) -> Result<(), SimError> {
        let wrong = |what: String| Err(SimError::Config(what));
        for (i, venue) in self.venues.iter().enumerate() {
            if self.venues.iter().take(i).any(|v| v.name == venue.name) {
                return wrong(format!("two venues are named {}", venue.name));
            }
        }
        for market in &self.markets {
            let name = &market.name;
            if market.price.mantissa() <= 0 {
                return wrong(format!("market {name}: price must be above zero"));
            }
            if market.gap_ms.0 > market.gap_ms.1 || market.gap_e8.0 > market.gap_e8.1 {
                return wrong(format!("market {name}: a gap's least value is above its largest"));
            }
            let deviations = |m: Moods| [m.deviation_mille, m.shown_deviation_mille, m.traded_deviation_mille];
            if market.moods.is_some_and(|m| m.every_ms == 0 || deviations(m).iter().any(|d| *d > 5_000)) {
                return wrong(format!(
                    "market {name}: moods come 1 ms apart at least and deviate by 5 doublings at most"
                ));
            }
            for (i, leg) in market.legs.iter().enumerate() {
                let symbol = &leg.instrument.symbol;
                if leg.venue >= self.venues.len() {
                    return wrong(format!("market {name}: {symbol} names venue {}, which does not exist", leg.venue));
                }
                if market.legs.iter().take(i).any(|l| l.venue == leg.venue) {
                    return wrong(format!("market {name} has two instruments on {}", self.venues[leg.venue].name));
                }
                let (price_step, quantity_step) = (leg.instrument.price_step, leg.instrument.quantity_step);
                if price_step.mantissa() <= 0 || quantity_step.mantissa() <= 0 {
                    return wrong(format!("{symbol}: price and quantity steps must be above zero"));
                }
                let fits = |d: Decimal| d.decimals() <= 12 && d.mantissa() < 1_000_000_000_000;
                if !fits(price_step) || !fits(quantity_step) || market.price.at_scale_i128(16).is_none() {
                    return wrong(format!("{symbol}: steps have at most 12 decimals, the price at most 16"));
                }
                if leg.quotes_per_second == 0 || leg.notional == 0 {
                    return wrong(format!("{symbol}: quotes_per_second and notional must be above zero"));
                }
            }
        }
        Ok(())
    }
}
