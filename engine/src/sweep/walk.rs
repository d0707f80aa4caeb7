//! Walk-forward: what would have been chosen on one part of the session, beside what it then came to on the next. Cold.

use std::cmp::Reverse;

use super::measure::Measure;
use super::run::begin_of;
use crate::backtest::measure::Measures;

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Counts from 1.
    pub step: usize,
    /// Begin of the part it was chosen on, begin of the next part, and its end, ns.
    pub times_ns: [u64; 3],
    /// The point chosen: place in the plan.
    pub chosen: usize,
    /// What it came to where it was chosen.
    pub in_sample: Measures,
    /// What it then came to.
    pub out_of_sample: Measures,
    /// Its place among all points then, from 1.
    pub place: usize,
}

/// Every step: the best on part `k`, by the measure and then by order, is looked at on part `k` + 1.
#[must_use]
pub fn steps(parts: &[Vec<Measures>], measure: Measure, span_ns: (u64, u64)) -> Vec<Step> {
    let count = parts.first().map_or(0, Vec::len);
    (1..count)
        .filter_map(|next| {
            let score = |point: usize, part: usize| measure.score(&parts[point][part]);
            let chosen = (0..parts.len()).min_by_key(|point| (Reverse(score(*point, next - 1)), *point))?;
            let better = (0..parts.len()).filter(|point| score(*point, next) > score(chosen, next)).count();
            Some(Step {
                step: next,
                times_ns: [next - 1, next, next + 1].map(|part| begin_of(part, span_ns, count)),
                chosen,
                in_sample: parts[chosen][next - 1].clone(),
                out_of_sample: parts[chosen][next].clone(),
                place: better + 1,
            })
        })
        .collect()
}
