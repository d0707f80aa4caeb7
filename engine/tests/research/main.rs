//! Sessions from data: replay, record, backtest, sweep, and whether the paper gateway is honest.

#[path = "../support/run.rs"]
mod run;
#[path = "../support/mod.rs"]
mod support;

mod backtest;
mod data_recorded;
mod data_rows;
mod pairs;
mod paper_honesty;
mod places;
mod record;
mod replay_counts;
mod replay_demo;
mod replay_hash;
mod replay_opportunities;
mod sweep;
