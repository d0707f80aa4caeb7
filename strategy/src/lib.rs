//! What to trade: the price cache, the spread detector, the [`Strategy`] trait and the strategies.
//!
//! **Thread:** the core thread alone. **Hot:** everything that takes a tick, a report or a timer; building from a
//! universe, [`Strategy::on_finish`] and the snapshots for shared memory are cold.
//! **Deliberately absent:** I/O, clocks (time is an argument), threads, floats, hashing, allocation after
//! construction, and risk: a strategy says what it wants, and is told what became of it.
//!
//! The core applies a tick to the [`PriceCache`], hands it to the strategy, and then drains the [`Outbox`] in order:
//! each group of intents goes to risk, whose answer comes back at once through [`Strategy::on_verdict`] and, for each
//! approved order, [`Strategy::on_order`]. `examples/hello.rs` is a whole strategy.

mod arithmetic;
pub mod cache;
pub mod detector;
pub mod outbox;
pub mod spread;
pub mod strategy;

pub use cache::{Freshness, PriceCache, Prices, Source};
pub use detector::{Candidate, Detector, RouteSnapshot, Sighting, Span};
pub use outbox::{Group, HaltReason, Item, Leg, Opportunity, Outbox};
pub use spread::{ConfigError, Counters, PairStats, Spread, SpreadConfig};
pub use strategy::{Strategy, Verdict, View};
