//! The command line of `backtest` and `sweep`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::parse_duration;
use crate::sweep::measure::Measure;

pub(super) const BACKTEST_EXAMPLES: &str = "\
Examples:
  crosstick backtest --config my.toml --data spot=a.txt.zst usdm=b.txt.zst --out result
  crosstick backtest --config my.toml --data runs/20260301T120000.000Z-4711 --out result   a journalled session's ticks
  crosstick backtest --config my.toml --data spot=a.txt.zst --out result --latency-us 100,1000,10000";

/// What `--latency-us` stands at: from the venue's door to another continent.
const LATENCIES_US: &str = "0,250,500,1000,2000,5000,10000,20000,50000";

/// `crosstick backtest`.
#[derive(Debug, Args)]
pub struct BacktestArgs {
    /// The config, TOML.
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
    /// Recorded data, merged by receive time, then in this order; which kinds there are says docs/data.md.
    #[arg(long, required = true, num_args = 1.., value_name = "[VENUE[:SYMBOL]=]PATH")]
    pub data: Vec<String>,
    /// The folder of results; made if need be. An earlier backtest's files are replaced, once all are whole;
    /// no others are.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Also write every opportunity as a CSV row.
    #[arg(long, value_name = "FILE")]
    pub opportunities: Option<PathBuf>,
    /// Latencies, from decision to arrival at the venue in µs, at which the session is run again for the page; its own
    /// is always among them.
    #[arg(
        long,
        value_name = "N,N,...",
        value_delimiter = ',',
        default_value = LATENCIES_US,
        conflicts_with = "no_latency",
        value_parser = clap::value_parser!(u64).range(..=10_000_000)
    )]
    pub latency_us: Vec<u64>,
    /// Do not run the session again at other latencies: data is read once, and may be a pipe.
    #[arg(long)]
    pub no_latency: bool,
    /// Time of the session between two points of the equity curve; each fill makes one besides.
    #[arg(long, value_name = "TIME", value_parser = parse_duration, default_value = "1s")]
    pub equity_every: Duration,
}

pub(super) const SWEEP_EXAMPLES: &str = "\
Examples:
  crosstick sweep --config my.toml --data spot=a.txt.zst usdm=b.txt.zst --out sweep \\
    --set strategy.spread.min_edge_bps=1:5:0.5 --set paper.latency_us=100,500,2000
  crosstick sweep ... --walk-forward 4                  choose on one part of the session, look at the next
  crosstick sweep ... --set risk.max_order_notional=100:1000:100 --random 50 --seed 7
  crosstick sweep ... --set venue.spot.fees.taker_bps=2,5,10 --measure net-per-pair
  crosstick config explain latency                      the keys, their units and ranges";

/// `crosstick sweep`.
#[derive(Debug, Args)]
pub struct SweepArgs {
    /// The config, TOML.
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
    /// Recorded data, as for `backtest`.
    #[arg(long, required = true, num_args = 1.., value_name = "[VENUE[:SYMBOL]=]PATH")]
    pub data: Vec<String>,
    /// A key of the config and the values that it takes: a list, or FROM:TO:STEP with both ends in it. May be given
    /// more than once: every combination is a point.
    #[arg(long, required = true, value_name = "KEY=VALUES")]
    pub set: Vec<String>,
    /// The folder of results and of finished points; made if need be.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Run so many different ones of those combinations, drawn at random, instead of all: no other values.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub random: Option<u64>,
    /// Seed of that draw: the same seed, the same points.
    #[arg(long, value_name = "S", default_value_t = 1, requires = "random")]
    pub seed: u64,
    /// What points are compared by.
    #[arg(long, value_enum, default_value = "net")]
    pub measure: Measure,
    /// Cut the session into K + 1 parts of equal time; choose the best point on each, and show what it came to on the
    /// next.
    #[arg(long, value_name = "K", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=100))]
    pub walk_forward: u32,
    /// Rows of the printed table.
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub top: usize,
}
