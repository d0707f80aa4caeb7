//! Runs the points of a plan on all cores: data decoded once, each point a core of its own. Cold around hot loops.

use rayon::prelude::*;

use super::kept::{Kept, Line};
use super::plan::{Plan, Point};
use crate::backtest::measure::{Measures, Trial};
use crate::backtest::reel::Reel;
use crate::config::Config;
use crate::data::Steady;
use crate::exit::Failure;
use crate::progress;
use crate::signals::Signals;

/// What points came to.
pub struct Results {
    /// By point of the plan: one of the whole session, or one a part.
    pub parts: Vec<Vec<Measures>>,
    /// Points that were finished before.
    pub before: usize,
    /// Receive times of the first and the last thing in the data, ns; known where it was read or is needed.
    pub span_ns: Option<(u64, u64)>,
    /// Whether the ticks fitted into memory.
    pub in_memory: bool,
}

/// Runs what is not finished yet. Whatever ends meanwhile is kept. `room` as in [`Reel::new`].
///
/// # Errors
/// When data cannot be read or changes, a result cannot be kept, or `signals` say to stop.
pub fn run(
    plan: &Plan<'_>,
    data: &Steady<'_>,
    walk: u32,
    kept: &Kept,
    room: Option<usize>,
    signals: &Signals,
) -> Result<Results, Failure> {
    let mut parts: Vec<Option<Vec<Measures>>> =
        plan.points.iter().map(|point| kept.before.get(&settings(plan, point)).cloned()).collect();
    let before = parts.iter().flatten().count();
    let mut results = Results { parts: Vec::new(), before, span_ns: None, in_memory: true };
    for (group, first) in plan.groups.iter().enumerate() {
        let pending: Vec<usize> =
            (0..plan.points.len()).filter(|i| plan.points[*i].group == group && parts[*i].is_none()).collect();
        if pending.is_empty() && (walk == 0 || results.span_ns.is_some()) {
            continue;
        }
        let config = plan.config(&plan.points[*first])?;
        let universe = plan.universe(&config)?;
        let mut reel = Reel::new(&config, &universe, data, room);
        let bar = progress::bytes("reading");
        reel.fill(&mut |read, all| {
            bar.set(read, all);
            !signals.stop()
        })?;
        bar.clear();
        results.span_ns = results.span_ns.or(reel.span_ns);
        results.in_memory &= reel.in_memory().is_some();
        let bar = progress::count("points", plan.points.len() as u64);
        bar.set(parts.iter().flatten().count() as u64, plan.points.len() as u64);
        let done: Result<Vec<(usize, Vec<Measures>)>, Failure> = pending
            .par_iter()
            .with_max_len(1)
            .map(|index| {
                let point = &plan.points[*index];
                let measured = point_of(plan, &plan.config(point)?, &reel, walk, signals)?;
                // What is kept is of the data that the fingerprint names, and so is what runs on another day.
                data.check()?;
                kept.keep(&Line { set: settings(plan, point), parts: measured.clone() })?;
                bar.step();
                Ok((*index, measured))
            })
            .collect();
        bar.clear();
        for (index, measured) in done? {
            parts[index] = Some(measured);
        }
    }
    results.parts = parts.into_iter().flatten().collect();
    Ok(results)
}

fn settings(plan: &Plan<'_>, point: &Point) -> std::collections::BTreeMap<String, String> {
    plan.space.settings(&point.places).map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

/// One point: the whole session with one core, or each part of it with a fresh one.
fn point_of(
    plan: &Plan<'_>,
    config: &Config,
    reel: &Reel<'_>,
    walk: u32,
    signals: &Signals,
) -> Result<Vec<Measures>, Failure> {
    let universe = plan.universe(config)?;
    let parts = if walk == 0 { 1 } else { walk as usize + 1 };
    let mut trials = (0..parts).map(|_| Trial::new(config, &universe)).collect::<Result<Vec<_>, _>>()?;
    let span = reel.span_ns.unwrap_or((0, 0));
    let mut at = 0;
    reel.run(&|| !signals.stop(), &mut |tick| {
        // Never back: with several readers in a journal, receive times may swap.
        at = at.max(part_of(tick.recv_ns, span, parts));
        trials[at].take(tick);
    })?;
    Ok(trials.into_iter().map(Trial::finish).collect())
}

/// Which of `parts` equal parts of a span a time is in.
#[must_use]
pub fn part_of(at_ns: u64, span: (u64, u64), parts: usize) -> usize {
    let length = u128::from(span.1.saturating_sub(span.0)) + 1;
    let into = u128::from(at_ns.saturating_sub(span.0));
    usize::try_from(into * parts as u128 / length).unwrap_or(usize::MAX).min(parts - 1)
}

/// Where a part begins, ns; of the number of parts, the end.
#[must_use]
pub fn begin_of(part: usize, span: (u64, u64), parts: usize) -> u64 {
    let length = u128::from(span.1.saturating_sub(span.0)) + 1;
    let into = (length * part as u128).div_ceil(parts as u128);
    span.0.saturating_add(u64::try_from(into).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_whole_and_do_not_overlap() {
        let span = (1_000, 1_999);
        for parts in 1..=7 {
            let mut last = 0;
            for at in span.0..=span.1 {
                let part = part_of(at, span, parts);
                assert!(part == last || (part == last + 1 && at == begin_of(part, span, parts)), "{at} of {parts}");
                last = part;
            }
            assert_eq!(last, parts - 1);
            assert_eq!((begin_of(0, span, parts), begin_of(parts, span, parts)), (1_000, 2_000));
        }
        assert_eq!(part_of(5_000, span, 3), 2, "beyond the end is the last part");
    }
}
