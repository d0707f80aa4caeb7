//! What the benchmarks share: frames, universes, a generated session, contests in turns, and how long criterion may
//! take.
//!
//! **Thread:** the benchmark's own; a benchmark of two threads starts its second one itself and says so in its head.
//! **Hot:** nothing here; all of it runs before the clock does. The hot code is what the benchmarks call.
//! **Deliberately absent:** anything that another crate imports, sockets, wall-clock assertions (a shared machine is
//! noisy), and numbers without a check: every benchmark proves its answer before it is timed.

pub mod desks;
pub mod frames;
pub mod report;
pub mod session;
pub mod turns;
pub mod worlds;

use std::time::Duration;

use criterion::Criterion;

/// Criterion for a first look: about a second and a half a row, medians good to a few percent on a quiet machine.
#[must_use]
pub fn short() -> Criterion {
    Criterion::default()
        .sample_size(30)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .nresamples(10_000)
}
