//! COLD: what the spread strategy is told at start, already checked against the config's grammar by the engine.

use std::fmt;

use crosstick_model::amount::AMOUNT_ONE;
use crosstick_model::{Amount, InstrumentId, Market, MarketId, Universe};

use crate::cache::{Freshness, Source};

/// What the spread strategy is told.
#[derive(Debug, Clone)]
pub struct SpreadConfig {
    /// Quotes for `spread`, trades for `last-trade`.
    pub source: Source,
    /// Least edge after both taker fees, at 1e-8 (1 bps is 10 000).
    pub min_edge_e8: i64,
    /// Age from which a price is stale, ns.
    pub max_age_ns: u64,
    /// Lag above a line's running minimum from which its prices are not usable, µs; zero: never.
    pub max_lag_us: i64,
    /// Most that one leg may be worth at the ask, in the risk currency.
    pub max_notional: Amount,
    /// Time after an order during which its route is left alone, ns.
    pub cooldown_ns: u64,
    /// Whether to trade, or only to watch.
    pub trade: bool,
    /// How far through the quote a closing order may go, at 1e-8; below 10^8.
    pub close_collar_e8: i64,
    /// By asset: what one unit is worth in the risk currency; needed for the quote asset of every market.
    pub rates: Vec<Option<Amount>>,
}

impl SpreadConfig {
    /// A watching quote detector: no least edge, no bound on age, lag or notional, all rates one.
    #[must_use]
    pub fn watch(universe: &Universe) -> Self {
        Self {
            source: Source::Quotes,
            min_edge_e8: 0,
            max_age_ns: u64::MAX,
            max_lag_us: 0,
            max_notional: Amount::MAX,
            cooldown_ns: 0,
            trade: false,
            close_collar_e8: 0,
            rates: vec![Some(Amount(AMOUNT_ONE)); universe.assets.len()],
        }
    }

    /// What the price cache needs to know of it.
    #[must_use]
    pub const fn freshness(&self) -> Freshness {
        Freshness { max_age_ns: self.max_age_ns, max_lag_us: self.max_lag_us }
    }

    /// The one rate of all quote assets of a market.
    pub(crate) fn market_rate(&self, universe: &Universe, market: &Market) -> Result<Amount, ConfigError> {
        let mut rates = market.instruments.iter().map(|id| {
            let asset = universe.instrument(*id).quote;
            self.rates.get(asset.index()).copied().flatten().ok_or(ConfigError::NoRate(market.id))
        });
        let first = rates.next().unwrap_or(Err(ConfigError::NoRate(market.id)))?;
        for rate in rates {
            if rate? != first {
                return Err(ConfigError::RateMismatch(market.id));
            }
        }
        Ok(first)
    }
}

/// Why a universe cannot be traded as configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConfigError {
    /// The venue's taker fee or the least edge is beyond ± 100 times the price.
    RateRange(InstrumentId),
    /// A minimum of the instrument is too large to be compared.
    Minimum(InstrumentId),
    /// The contract size is not positive, or too large.
    ContractSize(InstrumentId),
    /// The instrument's scale is not its market's.
    Scale(InstrumentId),
    /// A quote asset of the market has no positive rate to the risk currency.
    NoRate(MarketId),
    /// The quote assets of the market have different rates.
    RateMismatch(MarketId),
    /// The closing collar is negative, or 100 % and more.
    CloseCollar,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::RateRange(_) => "taker fee or min_edge_bps is beyond 100 times the price",
            Self::Minimum(_) => "min_quantity or min_notional is too large",
            Self::ContractSize(_) => "contract_size is not positive or too large",
            Self::Scale(_) => "the instrument's scale differs from its market's",
            Self::NoRate(_) => "a quote asset has no positive rate in [risk] rates",
            Self::RateMismatch(_) => "quote assets with different rates in [risk] rates do not meet in one market",
            Self::CloseCollar => "the closing collar must be at least 0 and below 100 %",
        })
    }
}

impl std::error::Error for ConfigError {}
