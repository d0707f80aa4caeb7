//! The charts of a backtest. Floats here are for drawing alone. Cold.

use crosstick_model::Amount;

use super::collect::{Point, Shown};
use super::latency::Rerun;
use crate::export::trail::Traded;
use crate::page::chart::{Axis, Chart, Ink, Shape};
use crate::page::number::{count, drawn, span};

/// Points that a line is drawn through at most.
const POINTS_MAX: usize = 1_200;
/// Dots of a cloud at most.
const DOTS_MAX: usize = 4_000;
/// Ways that a chart shows.
const ROUTES_MAX: usize = 14;
/// Height of a chart, in its own units.
const HEIGHT: u32 = 330;

/// The equity curve, and the drawdown below its best.
pub fn equity(points: &[Point], currency: &str) -> Vec<Chart> {
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return Vec::new() };
    let time = Axis::time(first.at_ns, last.at_ns);
    let line = |of: fn(&Point) -> f64| {
        let all: Vec<(f64, f64)> =
            points.iter().map(|p| (p.at_ns.saturating_sub(first.at_ns) as f64 / 1e9, of(p))).collect();
        thin(&all)
    };
    let net = line(|p| drawn(p.net));
    let fall = line(|p| -drawn(p.drawdown));
    let (low, high) = range(net.iter().map(|p| p.1).chain([0.0]));
    let above = Axis::linear(&format!("net result, {currency}"), low, high, 6);
    let (low, _) = range(fall.iter().map(|p| p.1).chain([0.0]));
    let below = Axis::linear(&format!("below its best, {currency}"), low, 0.0, 6);
    vec![
        Chart::draw("Equity: net result", &time, &above, &[Shape::Line(Ink::One, net)], HEIGHT),
        Chart::draw(
            "Drawdown",
            &time,
            &below,
            &[Shape::Area(Ink::Bad, fall.clone()), Shape::Line(Ink::Bad, fall)],
            HEIGHT,
        ),
    ]
}

/// How good opportunities were, and how long they lasted.
pub fn opportunities(all: &[Shown]) -> Vec<Chart> {
    let legend = [(Ink::One, "taken"), (Ink::Two, "not taken")];
    let mut edges: Vec<i64> = all.iter().map(|o| o.edge_ppm).collect();
    edges.sort_unstable();
    let bins = Bins::linear(bps(edges[0]), bps(edges[(edges.len() - 1) * 199 / 200]), 36);
    let parts = |taken: bool| all.iter().filter(move |o| o.taken == taken);
    let edge = |taken| bins.count(parts(taken).map(|o| bps(o.edge_ppm)));
    let edge =
        bins.chart("Best edge after fees", "edge, bps", "opportunities", &[edge(true), edge(false)], &legend[..]);
    let beyond = edges.iter().filter(|e| bps(**e) >= bins.to).count();
    let edge = if beyond > 0 {
        edge.note(format!("{} beyond the right end are counted in the last bar.", count(beyond as u64)))
    } else {
        edge
    };

    let life = |o: &Shown| o.life_ns.map(|ns| (ns.max(1) as f64).log10());
    let (low, high) = range(all.iter().filter_map(life));
    let open = all.iter().filter(|o| o.life_ns.is_none()).count();
    if open == all.len() {
        return vec![edge];
    }
    let (low, high) = (low.floor() as i32, high.ceil() as i32);
    let axis = Axis::spans("how long it lasted", low, high);
    let bins = Bins { from: axis.from, to: axis.to, width: 0.2 };
    let lives = |taken| bins.count(parts(taken).filter_map(life));
    let life = bins.chart_on(&axis, "Lifetimes", "opportunities", &[lives(true), lives(false)], &legend);
    let life = if open > 0 { life.note(format!("{open} were still open at the end and are not in it.")) } else { life };
    vec![edge, life]
}

/// What became of pairs, by the edge that they were decided on.
pub fn fills(pairs: &[Traded]) -> Vec<Chart> {
    let mut edges: Vec<i64> = pairs.iter().map(|p| p.edge_ppm).collect();
    edges.sort_unstable();
    let bins = Bins::linear(bps(edges[0]), bps(edges[(edges.len() - 1) * 199 / 200]), 18);
    let of = |class: fn(&Traded) -> bool| bins.count(pairs.iter().filter(|p| class(p)).map(|p| bps(p.edge_ppm)));
    let none = |p: &Traded| p.filled == (Amount::ZERO, Amount::ZERO);
    let counts = [of(|p| p.whole), of(|p| !p.whole && p.filled != (Amount::ZERO, Amount::ZERO)), of(none)];
    let legend = [(Ink::Three, "both legs whole"), (Ink::Two, "in part, or one leg"), (Ink::Bad, "nothing")];
    let outcome = bins.chart("What was filled", "edge when decided, bps", "pairs", &counts, &legend);

    let dots: Vec<(f64, f64)> = pairs.iter().filter_map(|p| Some((bps(p.edge_ppm), bps(p.captured_ppm?)))).collect();
    if dots.is_empty() {
        return vec![outcome];
    }
    let shown = dots.len().div_ceil(DOTS_MAX);
    let dots: Vec<(f64, f64)> = dots.into_iter().step_by(shown).collect();
    let (left, right) = range(dots.iter().map(|d| d.0));
    let (low, high) = range(dots.iter().map(|d| d.1).chain([left, right]));
    let x = Axis::linear("edge when decided, bps", left, right, 7);
    let y = Axis::linear("edge captured, bps", low, high, 7);
    let (from, to) = (x.from.max(y.from), x.to.min(y.to));
    let diagonal = Shape::Line(Ink::Muted, vec![(from, from), (to, to)]);
    let cloud = Chart::draw("Captured against decided", &x, &y, &[diagonal, Shape::Dots(Ink::One, dots)], HEIGHT);
    let every = if shown > 1 { format!("every {shown}th pair; ") } else { String::new() };
    let cloud = cloud.note(format!(
        "{every}a dot for each pair of which both legs filled, of what they have in common. On the line: filled at the \
         prices that were decided on; above: at better ones."
    ));
    vec![outcome, cloud]
}

/// The session at other latencies.
pub fn latency(runs: &[Rerun], currency: &str) -> Vec<Chart> {
    let names: Vec<String> = runs.iter().map(|run| span(run.latency_us * 1_000)).collect();
    let x = Axis::names("from decision to arrival at the venue", &names);
    let points = |of: fn(&Rerun) -> Option<f64>| -> Vec<(f64, f64)> {
        runs.iter().enumerate().filter_map(|(i, run)| Some((i as f64, of(run)?))).collect()
    };
    let own = |points: &[(f64, f64)]| -> Vec<(f64, f64)> {
        points.iter().filter(|(i, _)| runs.get(*i as usize).is_some_and(|run| run.own)).copied().collect()
    };
    let net = points(|run| Some(drawn(run.measures.net)));
    let (low, high) = range(net.iter().map(|p| p.1).chain([0.0]));
    let y = Axis::linear(&format!("net result, {currency}"), low, high, 6);
    let shapes =
        [Shape::Line(Ink::One, net.clone()), Shape::Dots(Ink::One, net.clone()), Shape::Dots(Ink::Bad, own(&net))];
    let net = Chart::draw("Net result by latency", &x, &y, &shapes, HEIGHT)
        .legend(&[(Ink::One, "rerun"), (Ink::Bad, "the config's")]);

    let share = |part: u64, whole: u64| (whole > 0).then(|| part as f64 * 100.0 / whole as f64);
    let clean: Vec<(f64, f64)> = points(|_| Some(0.0))
        .into_iter()
        .zip(runs)
        .filter_map(|((i, _), run)| Some((i, share(run.measures.clean, run.measures.pairs)?)))
        .collect();
    let failed: Vec<(f64, f64)> = points(|_| Some(0.0))
        .into_iter()
        .zip(runs)
        .filter_map(|((i, _), run)| Some((i, share(run.measures.closed + run.measures.unhedged, run.measures.pairs)?)))
        .collect();
    let y = Axis::linear("share of pairs, %", 0.0, 100.0, 5);
    let shapes = [
        Shape::Line(Ink::Three, clean.clone()),
        Shape::Dots(Ink::Three, clean),
        Shape::Line(Ink::Two, failed.clone()),
        Shape::Dots(Ink::Two, failed),
    ];
    let share = Chart::draw("Pairs by latency", &x, &y, &shapes, HEIGHT)
        .legend(&[(Ink::Three, "clean"), (Ink::Two, "one leg failed")]);
    vec![net, share]
}

/// What pairs captured, by way.
pub fn routes(routes: &[(String, Amount)], currency: &str) -> Vec<Chart> {
    let rest = routes.len().saturating_sub(ROUTES_MAX);
    // The first at the top.
    let shown: Vec<&(String, Amount)> = routes.iter().take(ROUTES_MAX).rev().collect();
    let names: Vec<String> = shown.iter().map(|(name, _)| name.clone()).collect();
    let values: Vec<f64> = shown.iter().map(|(_, amount)| drawn(*amount)).collect();
    let (low, high) = range(values.iter().copied().chain([0.0]));
    let x = Axis::linear(&format!("captured, {currency}"), low, high, 6);
    let y = Axis::names("", &names);
    let bar = |(i, value): (usize, &f64)| {
        let ink = if *value < 0.0 { Ink::Bad } else { Ink::Three };
        Shape::Bar(ink, 0.85, [(0.0, i as f64 - 0.35), (*value, i as f64 + 0.35)])
    };
    let bars: Vec<Shape> = values.iter().enumerate().map(bar).collect();
    let height = 90 + 30 * shown.len().max(2) as u32;
    let chart = Chart::draw("Captured by way: market, buy on > sell on", &x, &y, &bars, height);
    vec![if rest > 0 { chart.note(format!("{rest} ways with less are in the table alone.")) } else { chart }]
}

/// Bins of one width.
struct Bins {
    from: f64,
    to: f64,
    width: f64,
}

impl Bins {
    /// About `count` bins of a round width, whole within them.
    fn linear(low: f64, high: f64, count: u32) -> Self {
        let fine = Axis::linear("", low, high.max(low + 0.1), count);
        let width = (fine.to - fine.from) / (fine.marks.len().max(2) - 1) as f64;
        Self { from: fine.from, to: fine.to, width }
    }

    fn len(&self) -> usize {
        (((self.to - self.from) / self.width).round() as usize).max(1)
    }

    /// How many fall into each; what is beyond an end, into the last one there.
    fn count(&self, values: impl Iterator<Item = f64>) -> Vec<u64> {
        let mut counts = vec![0; self.len()];
        for value in values {
            // A value on a border belongs to the bin that begins there, whatever its last bit.
            let bin = ((value - self.from) / self.width + 1e-9).floor().max(0.0) as usize;
            counts[bin.min(self.len() - 1)] += 1;
        }
        counts
    }

    fn chart(&self, title: &str, x: &str, y: &str, counts: &[Vec<u64>], legend: &[(Ink, &str)]) -> Chart {
        let mut axis = Axis::linear(x, self.from, self.to, 8);
        (axis.from, axis.to) = (self.from, self.to);
        axis.marks.retain(|(at, _)| (self.from..=self.to).contains(at));
        self.chart_on(&axis, title, y, counts, legend)
    }

    /// Bars on top of each other, in the legend's inks.
    fn chart_on(&self, x: &Axis, title: &str, y: &str, counts: &[Vec<u64>], legend: &[(Ink, &str)]) -> Chart {
        let most = (0..self.len()).map(|i| counts.iter().map(|c| c[i]).sum::<u64>()).max().unwrap_or(0);
        let mut bars = Vec::new();
        for i in 0..self.len() {
            let (left, mut low) = (self.from + i as f64 * self.width, 0u64);
            for (count, (ink, _)) in counts.iter().map(|c| c[i]).zip(legend) {
                if count > 0 {
                    let corners =
                        [(left + self.width * 0.06, low as f64), (left + self.width * 0.94, (low + count) as f64)];
                    bars.push(Shape::Bar(*ink, 0.85, corners));
                    low += count;
                }
            }
        }
        Chart::draw(title, x, &Axis::counts(y, most), &bars, HEIGHT).legend(legend)
    }
}

fn bps(ppm: i64) -> f64 {
    ppm as f64 / 100.0
}

fn range(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let found = values.fold((f64::MAX, f64::MIN), |(low, high), v| (low.min(v), high.max(v)));
    if found.0 > found.1 { (0.0, 1.0) } else { found }
}

/// Fewer points that show the same: of each stretch its first, lowest, highest and last.
fn thin(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    if points.len() <= POINTS_MAX {
        return points.to_vec();
    }
    let mut thinned = Vec::with_capacity(POINTS_MAX);
    for part in points.chunks(points.len().div_ceil(POINTS_MAX / 4)) {
        let order = |a: &usize, b: &usize| part[*a].1.total_cmp(&part[*b].1);
        let lowest = (0..part.len()).min_by(order).unwrap_or(0);
        let highest = (0..part.len()).max_by(order).unwrap_or(0);
        let mut kept = [0, lowest, highest, part.len() - 1];
        kept.sort_unstable();
        thinned.extend(kept.map(|i| part[i]));
    }
    thinned.dedup();
    thinned
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_hold_everything() {
        let bins = Bins::linear(1.0, 3.4, 12);
        let values = [1.0, 1.19999, 1.2, 3.4, 900.0, -5.0];
        let counts = bins.count(values.into_iter());
        assert_eq!(counts.iter().sum::<u64>(), 6);
        assert_eq!(bins.from, 1.0);
        assert!(bins.to >= 3.4 && counts.len() <= 14, "{counts:?}");
        assert_eq!(counts[0], 3, "{counts:?}");
    }

    #[test]
    fn thinning_keeps_peaks_and_ends() {
        let mut points: Vec<(f64, f64)> = (0..100_000).map(|i| (f64::from(i), f64::from(i % 7))).collect();
        points[51_234].1 = 99.0;
        points[77_777].1 = -42.0;
        let thinned = thin(&points);
        assert!(thinned.len() <= POINTS_MAX + 4, "{}", thinned.len());
        assert!(thinned.contains(&points[51_234]) && thinned.contains(&points[77_777]));
        assert_eq!((thinned[0], thinned[thinned.len() - 1]), (points[0], points[99_999]));
        assert!(thinned.is_sorted_by(|a, b| a.0 <= b.0));
    }
}
