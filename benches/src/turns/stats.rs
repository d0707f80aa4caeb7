//! Medians, percentiles, and timing.

use std::time::Duration;

/// Median, least and most; `None` of nothing.
pub(super) fn spread(mut figures: Vec<f64>) -> Option<[f64; 3]> {
    figures.sort_by(f64::total_cmp);
    let (min, max) = (*figures.first()?, *figures.last()?);
    let middle = figures.len() / 2;
    let median =
        if figures.len() % 2 == 1 { figures[middle] } else { f64::midpoint(figures[middle - 1], figures[middle]) };
    Some([median, min, max])
}

/// The value that `part` (0 to 1) of a sorted list are not above.
///
/// # Panics
/// When the list is empty.
#[must_use]
pub fn percentile(sorted: &[u64], part: f64) -> u64 {
    assert!(!sorted.is_empty(), "no samples");
    let rank = (part * sorted.len() as f64).ceil() as usize;
    sorted[rank.clamp(1, sorted.len()) - 1]
}

/// Those `parts` of samples in ticks of `clock`, in ns.
///
/// # Panics
/// When there are no samples.
#[must_use]
pub fn percentiles(samples: &mut [u64], clock: &Clock, parts: &[f64]) -> Vec<f64> {
    samples.sort_unstable();
    parts.iter().map(|part| clock.ns(percentile(samples, *part))).collect()
}

/// The time stamp counter and its rate: what a stamp on the hot path costs is what a stamp here costs.
#[derive(Debug)]
pub struct Clock {
    clock: quanta::Clock,
    ns_per_tick: f64,
}

impl Default for Clock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock {
    /// Calibrates, which takes up to a fifth of a second the first time in a process.
    #[must_use]
    pub fn new() -> Self {
        let clock = quanta::Clock::new();
        const SPAN: u64 = 1 << 40;
        let ns_per_tick = clock.delta_as_nanos(0, SPAN) as f64 / SPAN as f64;
        Self { clock, ns_per_tick }
    }

    /// The counter now.
    #[inline(always)]
    #[must_use]
    pub fn ticks(&self) -> u64 {
        self.clock.raw()
    }

    /// A number of ticks in ns.
    #[must_use]
    pub fn ns(&self, ticks: u64) -> f64 {
        ticks as f64 * self.ns_per_tick
    }
}

/// Repeats `work`, which does `units` of something, for about `budget`, and says how many ns one of them takes.
pub fn time_per_unit(clock: &Clock, budget: Duration, units: u64, mut work: impl FnMut()) -> f64 {
    let budget_ns = budget.as_secs_f64() * 1e9;
    let begin = clock.ticks();
    let mut rounds = 0u64;
    loop {
        work();
        rounds += 1;
        let ns = clock.ns(clock.ticks() - begin);
        if ns >= budget_ns {
            return ns / (rounds * units) as f64;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_and_percentiles_are_of_the_samples() {
        assert_eq!(spread(vec![3.0, 1.0, 2.0]), Some([2.0, 1.0, 3.0]));
        assert_eq!(spread(vec![4.0, 1.0, 2.0, 3.0]), Some([2.5, 1.0, 4.0]));
        assert_eq!(spread(vec![]), None);
        let sorted: Vec<u64> = (1..=100).collect();
        assert_eq!([0.5, 0.99, 1.0, 0.0].map(|p| percentile(&sorted, p)), [50, 99, 100, 1]);
        assert_eq!(percentile(&[7], 0.99), 7);
    }

    #[test]
    fn the_counter_runs_at_the_rate_it_says() {
        // The wall clock is read inside and outside of the counter, so that a pause between two readings cannot matter.
        let clock = Clock::new();
        let outside = std::time::Instant::now();
        let begin = clock.ticks();
        let inside = std::time::Instant::now();
        std::thread::sleep(Duration::from_millis(20));
        let inside_ns = inside.elapsed().as_nanos() as f64;
        let ns = clock.ns(clock.ticks() - begin);
        let outside_ns = outside.elapsed().as_nanos() as f64;
        assert!(ns >= inside_ns * 0.95 && ns <= outside_ns * 1.05, "{inside_ns} {ns} {outside_ns}");
    }
}
