//! From a checked config and the universe to the parts of a core. Cold, once at start.

use crosstick_execution::{Paper, PaperConfig};
use crosstick_model::amount::AMOUNT_ONE;
use crosstick_model::{Amount, Universe};
use crosstick_risk::{Balances, Limits, Rates, Risk};
use crosstick_strategy::{PriceCache, Source, Spread, SpreadConfig};
use thiserror::Error;

use crate::config::{Config, Preset, StrategyName};
use crate::core::Core;
use crate::driver::PaperDriver;

/// Why a core cannot be built from a config that was checked.
#[derive(Debug, Error)]
pub enum SetupError {
    /// The strategy refuses the universe.
    #[error("strategy: {0}")]
    Strategy(#[from] crosstick_strategy::ConfigError),
    /// An asset that the config names has no place in the universe.
    #[error("[risk] currency {0} does not occur in any instrument, balance or rate")]
    Currency(String),
}

/// The paper engine's core with its driver.
///
/// # Errors
/// When the parts contradict each other in a way that only the whole shows.
pub fn paper_driver(config: &Config, universe: &Universe) -> Result<PaperDriver<Spread>, SetupError> {
    let core = core(config, universe)?;
    let paper = Paper::new(universe, paper_config(config), &rates(config, universe)?);
    Ok(PaperDriver::new(core, paper))
}

/// The core alone, without a gateway.
///
/// # Errors
/// When the parts contradict each other in a way that only the whole shows.
pub fn core(config: &Config, universe: &Universe) -> Result<Core<Spread>, SetupError> {
    let spread = spread_config(config, universe);
    let cache = PriceCache::new(universe, spread.freshness());
    let strategy = Spread::new(universe, &spread)?;
    let rates = rates(config, universe)?;
    let risk = Risk::new(universe, limits(config), rates, Some(&balances(config, universe)));
    Ok(Core::new(universe, cache, strategy, risk))
}

fn spread_config(config: &Config, universe: &Universe) -> SpreadConfig {
    let strategy = &config.strategy;
    // A rate at 1e-8 as the amount that one unit is worth, at 1e-16.
    let worth = |rate_e8: i64| Amount(i128::from(rate_e8) * (AMOUNT_ONE / 100_000_000));
    SpreadConfig {
        source: match strategy.name {
            StrategyName::Spread => Source::Quotes,
            StrategyName::LastTrade => Source::Trades,
        },
        min_edge_e8: strategy.min_edge_e8,
        max_age_ns: strategy.max_age_ns,
        max_lag_us: strategy.max_lag_us,
        max_notional: strategy.max_notional,
        cooldown_ns: strategy.cooldown_ns,
        trade: strategy.trade,
        // Closing may go as far through the quote as any order may.
        close_collar_e8: config.risk.price_collar_e8.clamp(0, 99_999_999),
        rates: universe.assets.iter().map(|name| config.risk.rate(name).map(worth)).collect(),
    }
}

fn limits(config: &Config) -> Limits {
    let risk = &config.risk;
    Limits {
        max_order_notional: risk.max_order_notional,
        max_position_notional: risk.max_position_notional,
        max_gross_notional: risk.max_gross_notional,
        max_net_notional: risk.max_net_notional,
        max_open_orders: risk.max_open_orders,
        max_orders_per_second: risk.max_orders_per_second,
        price_collar_e8: risk.price_collar_e8,
        max_daily_loss: risk.max_daily_loss,
        max_drawdown: risk.max_drawdown,
        max_age_ns: config.strategy.max_age_ns,
    }
}

fn rates(config: &Config, universe: &Universe) -> Result<Rates, SetupError> {
    let risk = &config.risk;
    let unknown = || SetupError::Currency(risk.currency.clone());
    let currency = universe.find_asset(&risk.currency).ok_or_else(unknown)?;
    let pegs: Vec<_> = risk.rates.iter().filter_map(|(name, rate)| Some((universe.find_asset(name)?, *rate))).collect();
    Ok(Rates::new(universe, currency, &pegs))
}

fn balances(config: &Config, universe: &Universe) -> Balances {
    let mut list = Vec::new();
    for venue in &config.venues {
        let Some(id) = universe.find_venue(&venue.name).map(|v| v.id) else { continue };
        for (asset, amount) in &venue.balances {
            if let Some(asset) = universe.find_asset(asset) {
                list.push((id, asset, *amount));
            }
        }
    }
    Balances(list)
}

fn paper_config(config: &Config) -> PaperConfig {
    let seed = config.paper.seed;
    match config.paper.preset {
        Preset::Honest => PaperConfig { seed, ..PaperConfig::HONEST },
        Preset::Harsh => PaperConfig { seed, ..PaperConfig::HARSH },
        Preset::Custom(custom) => PaperConfig {
            seed,
            latency_ns: custom.latency_ns,
            ack_ns: custom.ack_ns,
            reject_ppm: custom.reject_ppm,
            partial_ppm: custom.partial_ppm,
        },
    }
}
