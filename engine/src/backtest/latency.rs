//! The same session at other latencies of the paper gateway. All cores, cold.

use crosstick_execution::PaperConfig;
use crosstick_model::Universe;
use rayon::prelude::*;

use super::measure::{Measures, Trial};
use super::reel::Reel;
use crate::config::{Config, Paper, PaperCustom, Preset};
use crate::exit::Failure;
use crate::signals::Signals;

/// A run at another latency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rerun {
    /// From decision to arrival, µs.
    pub latency_us: u64,
    /// It is the config's own.
    pub own: bool,
    /// What it came to.
    pub measures: Measures,
}

/// What a preset stands for, key by key.
#[must_use]
pub fn custom(paper: &Paper) -> PaperCustom {
    let of = |preset: PaperConfig| PaperCustom {
        latency_ns: preset.latency_ns,
        ack_ns: preset.ack_ns,
        reject_ppm: preset.reject_ppm,
        partial_ppm: preset.partial_ppm,
    };
    match paper.preset {
        Preset::Honest => of(PaperConfig::HONEST),
        Preset::Harsh => of(PaperConfig::HARSH),
        Preset::Custom(custom) => custom,
    }
}

/// Runs the reel at each latency, the config's own among them, in order; all else is as the config has it.
///
/// # Errors
/// When the data cannot be read again, or `signals` say to stop.
pub fn reruns(
    config: &Config,
    universe: &Universe,
    reel: &Reel<'_>,
    latencies_us: &[u64],
    signals: &Signals,
) -> Result<Vec<Rerun>, Failure> {
    let own = custom(&config.paper);
    let mut all: Vec<u64> = latencies_us.to_vec();
    all.push(own.latency_ns / 1_000);
    all.sort_unstable();
    all.dedup();
    let bar = crate::progress::count("latencies", all.len() as u64);
    let runs: Result<Vec<Rerun>, Failure> = all
        .par_iter()
        .map(|latency_us| {
            let mut config = config.clone();
            config.paper.preset = Preset::Custom(PaperCustom { latency_ns: latency_us * 1_000, ..own });
            let mut trial = Trial::new(&config, universe)?;
            reel.run(&|| !signals.stop(), &mut |tick| trial.take(tick))?;
            bar.step();
            Ok(Rerun { latency_us: *latency_us, own: own.latency_ns == latency_us * 1_000, measures: trial.finish() })
        })
        .collect();
    bar.clear();
    runs
}
