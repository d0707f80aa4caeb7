//! Axes: a range, and marks at round values of it.

use std::ops::Range;

use plotters::coord::ranged1d::{DefaultFormatting, KeyPointHint, Ranged};

use super::super::number;

/// An axis.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    /// What it shows, with its unit.
    pub title: String,
    /// Its low end.
    pub from: f64,
    /// Its high end.
    pub to: f64,
    /// Places that are named.
    pub marks: Vec<(f64, String)>,
    /// Whether lines are drawn through them.
    pub grid: bool,
}

/// Steps between marks of a time axis, in seconds.
const TIME_STEPS: [u64; 22] = [
    1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800,
    1_209_600, 2_419_200,
];

impl Axis {
    /// From the round value below `low` to the one above `high`, with about `marks` marks.
    #[must_use]
    pub fn linear(title: &str, low: f64, high: f64, marks: u32) -> Self {
        let (low, high) = if low < high { (low, high) } else { (low - 0.5, low + 0.5) };
        let step = round_step((high - low) / f64::from(marks.max(1)));
        // A bound that is a mark but for its last bit is one.
        let (first, last) = ((low / step + 1e-9).floor(), (high / step - 1e-9).ceil());
        // Counted in whole steps, so that no mark is off by a rounding.
        let count = (last - first) as usize;
        let at = |i: usize| (first + i as f64) * step;
        let marks = (0..=count).map(|i| (at(i), number::axis(at(i), step))).collect();
        Self { title: title.to_owned(), from: at(0), to: at(count), marks, grid: true }
    }

    /// Counts from zero to `most` at least, in whole numbers.
    #[must_use]
    pub fn counts(title: &str, most: u64) -> Self {
        let axis = Self::linear(title, 0.0, most.max(1) as f64, 5);
        if most < 5 { Self::linear(title, 0.0, most.max(1) as f64, most.max(1) as u32) } else { axis }
    }

    /// Wall time in UTC, over times in seconds since `from_ns`.
    #[must_use]
    pub fn time(from_ns: u64, to_ns: u64) -> Self {
        let span_s = to_ns.saturating_sub(from_ns).div_ceil(1_000_000_000).max(1);
        let step = TIME_STEPS.into_iter().find(|step| span_s / step <= 6).unwrap_or_else(|| (span_s / 6).max(1));
        let first = from_ns.div_ceil(step * 1_000_000_000) * step;
        let marks = (0..12u64).map(|i| first + i * step).filter(|s| s * 1_000_000_000 <= to_ns);
        let format = if step >= 86_400 {
            "%m-%d"
        } else if step >= 60 {
            "%H:%M"
        } else {
            "%H:%M:%S"
        };
        let name = |s: u64, format: &str| {
            jiff::Timestamp::from_second(i64::try_from(s).unwrap_or(0))
                .map_or_else(|_| s.to_string(), |at| at.strftime(format).to_string())
        };
        let seconds = |s: u64| (i128::from(s) * 1_000_000_000 - i128::from(from_ns)) as f64 / 1e9;
        Self {
            title: format!("time, UTC, from {}", name(from_ns / 1_000_000_000, "%Y-%m-%d %H:%M:%S")),
            from: 0.0,
            to: (to_ns.saturating_sub(from_ns) as f64 / 1e9).max(1e-9),
            marks: marks.map(|s| (seconds(s), name(s, format))).collect(),
            grid: true,
        }
    }

    /// Spans of time in ns, by their decimal logarithm, in whole decades.
    #[must_use]
    pub fn spans(title: &str, low: i32, high: i32) -> Self {
        let high = high.max(low + 1);
        let marks = (low..=high).map(|e| (f64::from(e), number::span(10u64.pow(e.clamp(0, 19) as u32)))).collect();
        Self { title: title.to_owned(), from: f64::from(low), to: f64::from(high), marks, grid: true }
    }

    /// Names at 0, 1, 2 and so on.
    #[must_use]
    pub fn names(title: &str, names: &[String]) -> Self {
        let marks = names.iter().enumerate().map(|(i, name)| (i as f64, name.clone())).collect();
        let to = names.len().max(1) as f64 - 0.5;
        Self { title: title.to_owned(), from: -0.5, to, marks, grid: false }
    }

    /// What the mark there is called.
    pub(super) fn label(&self, at: f64) -> String {
        let near = (self.to - self.from).abs() * 1e-9;
        self.marks.iter().find(|(mark, _)| (mark - at).abs() <= near).map(|(_, name)| name.clone()).unwrap_or_default()
    }
}

/// To the library, an axis whose marks are ours.
impl Ranged for Axis {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        let part = (value - self.from) / (self.to - self.from);
        limit.0 + (part * f64::from(limit.1 - limit.0)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        if hint.weight().allow_light_points() { Vec::new() } else { self.marks.iter().map(|(at, _)| *at).collect() }
    }

    fn range(&self) -> Range<f64> {
        self.from..self.to
    }
}

/// 1, 2 or 5 times a power of ten, not below `rough`.
fn round_step(rough: f64) -> f64 {
    let power = 10f64.powf(rough.log10().floor());
    let factor = [1.0, 2.0, 5.0, 10.0].into_iter().find(|f| f * power >= rough * (1.0 - 1e-9)).unwrap_or(10.0);
    factor * power
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(axis: &Axis) -> Vec<&str> {
        axis.marks.iter().map(|(_, name)| name.as_str()).collect()
    }

    #[test]
    fn marks_are_round() {
        let axis = Axis::linear("", -0.7, 2.1, 5);
        assert_eq!(names(&axis), ["-1", "0", "1", "2", "3"]);
        assert_eq!((axis.from, axis.to), (-1.0, 3.0));
        assert_eq!(
            names(&Axis::linear("", 0.0, 0.03, 6)),
            ["0.000", "0.005", "0.010", "0.015", "0.020", "0.025", "0.030"]
        );
        assert!(Axis::linear("", 7.0, 7.0, 5).from < 7.0, "nothing but one value");
        assert_eq!(names(&Axis::spans("", 3, 6)), ["1 µs", "10 µs", "100 µs", "1 ms"]);
    }

    #[test]
    fn times_are_the_clocks() {
        // 2024-08-08 23:54:16 to 23:58:30.
        let axis = Axis::time(1_723_161_256_172_000_000, 1_723_161_509_998_000_000);
        assert_eq!(names(&axis), ["23:55", "23:56", "23:57", "23:58"]);
        assert!((axis.marks[0].0 - 43.828).abs() < 1e-6, "{:?}", axis.marks);
        let day = Axis::time(0, 86_400_000_000_000 * 3);
        assert_eq!(names(&day), ["00:00", "12:00", "00:00", "12:00", "00:00", "12:00", "00:00"]);
        let tiny = Axis::time(5, 6);
        assert!(tiny.to > tiny.from);
    }
}
