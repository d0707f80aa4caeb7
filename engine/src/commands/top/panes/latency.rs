//! Latency: percentiles of every stage, and the chosen one's histogram.

use ratatui::layout::Rect;

use super::{split, worry};
use crate::commands::top::canvas::{Canvas, width};
use crate::commands::top::look::Tone;
use crate::commands::top::scene::{Scene, Stage};
use crate::commands::top::table::{Drawn, Table, View, left, number, right, word};
use crate::commands::top::units::{Number, grouped, latency};

/// Eighths of a cell, from below.
const EIGHTHS: [&str; 8] = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇"];
/// Rows of a histogram that are not its columns: heading, axis, its numbers, percentiles.
const BESIDES: u16 = 4;
/// Rows that stages and histogram keep for themselves.
const LATENCY_LEAST: u16 = 14;

pub fn draw(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene, view: &View) -> Drawn {
    let area = overlong_turns(canvas, area, scene);
    let chosen = view.offset.min(scene.stages.len().saturating_sub(1));
    let table = table(scene, chosen);
    let (upper, lower) = split(area, (table.height() + 1).min(area.height.saturating_sub(BESIDES + 4)));
    let held = Rect { height: upper.height.saturating_sub(1), ..upper };
    // The chosen one stays in sight.
    let rows = usize::from(held.height.saturating_sub(2));
    let offset = (chosen + 1).saturating_sub(rows);
    let titles = ("Latency since the start, by stage", "no stage is measured");
    table.draw(canvas, held, titles, Some(&View { offset, ..View::default() }), "↑↓ choose");
    if let Some(stage) = scene.stages.get(chosen) {
        histogram(canvas, lower, stage);
    }
    Drawn { heads: Vec::new(), rows: scene.stages.len(), shown: 1 }
}

fn table(scene: &Scene, chosen: usize) -> Table {
    let mut table = Table::new(&[
        left(" stage", 0, 14),
        right("samples", 1, 11),
        right("p50", 0, 7),
        right("p90", 2, 7),
        right("p99", 0, 7),
        right("p99.9", 1, 7),
        right("max", 0, 7),
        left("from", 4, 0),
        left("to", 4, 0),
    ]);
    for (i, stage) in scene.stages.iter().enumerate() {
        let at = |ns: u64| if stage.count == 0 { Number::none() } else { Number::latency(ns) };
        let (mark, tone) = if i == chosen { ("▸", Tone::Accent) } else { (" ", Tone::Plain) };
        table.row(vec![
            word(format!("{mark}{}", stage.name), tone),
            number(Number::count(stage.count), Tone::Quiet),
            number(at(stage.p50), Tone::Strong),
            number(at(stage.p90), Tone::Plain),
            number(at(stage.p99), Tone::Strong),
            number(at(stage.p999), Tone::Plain),
            number(at(stage.max), Tone::Plain),
            word(&stage.from, Tone::Quiet),
            word(&stage.to, Tone::Quiet),
        ]);
    }
    table
}

/// The overlong turns below, where there is room for them; what is left above.
fn overlong_turns(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene) -> Rect {
    let Some(first) = scene.turns.first() else { return area };
    let mut table = Table::new(&[
        left("thread", 0, 14),
        right("our work", 0, 8),
        right("longest", 0, 8),
        right("preempted", 0, 9),
        right("longest", 0, 8),
        right("stalled", 0, 8),
        right("longest", 0, 8),
    ]);
    for turns in &scene.turns {
        let mut row = vec![word(&turns.thread, Tone::Plain)];
        for (count, longest_ns) in turns.kinds {
            let longest = if count == 0 { Number::none() } else { Number::latency(longest_ns) };
            row.extend([number(Number::count(count), worry(count)), number(longest, Tone::Plain)]);
        }
        table.row(row);
    }
    let (above, below) = split(area, area.height.saturating_sub(table.height() + 1));
    if above.height < LATENCY_LEAST {
        return area;
    }
    let title = format!("Loop turns of {} and more: us, or the machine?", round(first.limit_ns));
    let lower = Rect { y: below.y + 1, height: below.height.saturating_sub(1), ..below };
    table.draw(canvas, lower, (title.as_str(), ""), None, "");
    above
}

fn histogram(canvas: &mut Canvas<'_>, area: Rect, stage: &Stage) {
    let title = format!("{}: from {} to {}", stage.name, stage.from, stage.to);
    let body = canvas.section(area, &title, "samples, log scale");
    let Some(axis) = Axis::over(stage, body.width) else {
        canvas.put(body.x, body.y, if body.height > 0 { body.width } else { 0 }, "no sample yet", Tone::Quiet);
        return;
    };
    if area.height < BESIDES + 2 {
        return;
    }
    let high = area.height - BESIDES;
    let counts = axis.counts(stage);
    let most = counts.iter().copied().fold(1.0, f64::max);
    for (column, count) in counts.iter().enumerate() {
        if *count <= 0.0 {
            continue;
        }
        let tone = axis.tone(stage, column);
        // Half a sample (of a bucket wider than a column) is seen as well.
        let share = (1.0 + count).ln() / (1.0 + most).ln();
        let eighths = ((share * f64::from(high) * 8.0).round() as u32).max(1);
        for row in 0..high {
            let fill = eighths.saturating_sub(u32::from(row) * 8).min(8) as usize;
            let symbol = if fill == 8 { "█" } else { EIGHTHS[fill] };
            if fill > 0 {
                canvas.put(body.x + column as u16, body.y + high - 1 - row, 1, symbol, tone);
            }
        }
    }
    let most = format!("{} a column", grouped(most.round() as u64));
    canvas.put_right(body.right(), body.y, body.width, &most, Tone::Quiet);
    axis.draw(canvas, body, body.y + high);
    axis.percentiles(canvas, body, body.y + high + 2, stage);
}

/// Columns over latencies, on a log scale.
struct Axis {
    low: f64,
    /// Each column's end is its begin times this.
    step: f64,
    columns: usize,
}

impl Axis {
    fn over(stage: &Stage, columns: u16) -> Option<Self> {
        let (low, high) = (stage.buckets.first()?.0.max(1) as f64, stage.buckets.last()?.0.max(1) as f64);
        let columns = usize::from(columns);
        // From the power of two below to a bit above; two of them at least.
        let low = 2f64.powf(low.log2().floor());
        let high = (high * 1.01).max(low * 4.0);
        (columns > 0).then(|| Self { low, step: (high / low).powf(1.0 / columns as f64), columns })
    }

    fn begin(&self, column: usize) -> f64 {
        self.low * self.step.powf(column as f64)
    }

    fn column(&self, ns: u64) -> usize {
        let at = ((ns.max(1) as f64 / self.low).ln() / self.step.ln()).max(0.0);
        (at as usize).min(self.columns.saturating_sub(1))
    }

    /// Samples a column; a bucket that reaches over several is divided among them.
    fn counts(&self, stage: &Stage) -> Vec<f64> {
        let mut counts = vec![0.0; self.columns];
        for (end, samples) in &stage.buckets {
            // A bucket is 1 ns wide below 256 ns, else a 128th of its power of two.
            let wide = 1u64 << end.max(&1).ilog2().saturating_sub(7);
            let (from, to) = ((end + 1).saturating_sub(wide) as f64, (end + 1) as f64);
            let (first, last) = (self.column((end + 1).saturating_sub(wide)), self.column(*end + 1));
            for (column, count) in counts.iter_mut().enumerate().take(last + 1).skip(first) {
                let begin = if column == first { f64::MIN } else { self.begin(column) };
                let finish = if column == last { f64::MAX } else { self.begin(column + 1) };
                let part = (to.min(finish) - from.max(begin)).max(0.0) / (to - from);
                *count += part * *samples as f64;
            }
        }
        counts
    }

    /// Calm up to p99, louder beyond.
    fn tone(&self, stage: &Stage, column: usize) -> Tone {
        if column > self.column(stage.p999) {
            Tone::Bad
        } else if column > self.column(stage.p99) {
            Tone::Warn
        } else {
            Tone::Good
        }
    }

    /// A line with a mark at each 1, 2 and 5, and the numbers below as far as there is room.
    fn draw(&self, canvas: &mut Canvas<'_>, body: Rect, y: u16) {
        for x in body.x..body.right() {
            canvas.put(x, y, 1, "─", Tone::Quiet);
        }
        let end = self.begin(self.columns);
        let mut free = body.x;
        let mut decade = 1u64;
        while (decade as f64) < end {
            for ns in [decade, decade.saturating_mul(2), decade.saturating_mul(5)] {
                if (ns as f64) < self.low || ns as f64 >= end {
                    continue;
                }
                let x = body.x + self.column(ns) as u16;
                let text = round(ns);
                let wide = width(&text);
                if x < free || x + wide > body.right() {
                    continue;
                }
                canvas.put(x, y, 1, "┴", Tone::Quiet);
                canvas.put(x, y + 1, wide, &text, Tone::Quiet);
                free = x + wide + 2;
            }
            decade = decade.saturating_mul(10);
        }
    }

    fn percentiles(&self, canvas: &mut Canvas<'_>, body: Rect, y: u16, stage: &Stage) {
        let mut taken: Vec<(u16, u16)> = Vec::new();
        // The first ones matter most: they stand where there is no room for all.
        for (name, ns) in
            [("p99", stage.p99), ("p50", stage.p50), ("p99.9", stage.p999), ("max", stage.max), ("p90", stage.p90)]
        {
            let text = format!("▲{name}");
            let wide = width(&text);
            let x = (body.x + self.column(ns) as u16).min(body.right().saturating_sub(wide));
            if taken.iter().all(|(begin, end)| x > *end || x + wide < *begin) {
                canvas.put(x, y, wide, &text, Tone::Strong);
                taken.push((x, x + wide));
            }
        }
    }
}

/// `20 µs` rather than `20.0 µs`.
fn round(ns: u64) -> String {
    match ns {
        0..1_000 => latency(ns),
        1_000..1_000_000 => format!("{} µs", ns / 1_000),
        1_000_000..1_000_000_000 => format!("{} ms", ns / 1_000_000),
        _ => format!("{} s", ns / 1_000_000_000),
    }
}
