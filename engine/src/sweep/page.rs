//! A sweep's page: a map of two keys or a line of one, the best points, and what a walk-forward shows. Cold.

use std::collections::BTreeMap;

use super::Swept;
use super::space::Varied;
use crate::backtest::measure::Measures;
use crate::backtest::reel::interrupted;
use crate::exit::Failure;
use crate::page::chart::{Axis, Chart, Ink, Shape};
use crate::page::number::{count, money, percent};
use crate::page::{Datum, Page};

/// Rows of the table of points.
const ROWS_MAX: usize = 200;
/// Names along an axis.
const NAMES_MAX: usize = 14;
/// Values along both axes of a map with numbers in its cells.
const WORDS_MAX: (usize, usize) = (9, 16);

/// Writes it. `go_on` is asked before each of its parts, which look at every point once.
///
/// # Errors
/// When `go_on` says no.
pub(super) fn page(swept: &Swept<'_>, data: &[String], go_on: &dyn Fn() -> bool) -> Result<String, Failure> {
    let look = || if go_on() { Ok(()) } else { Err(interrupted()) };
    let title = swept.measure.title(swept.currency());
    let points = count(swept.wholes.len() as u64);
    let mut page = Page::new("Sweep", format!("{points} points, by {title}"));
    page.note(data.join("  "));
    for note in &swept.plan.notes {
        page.note(note);
    }
    if let Some(best) = swept.ranked.first() {
        let m = &swept.wholes[*best];
        let mut tiles = vec![("The best", swept.measure.words(m), title.clone())];
        for (varied, place) in swept.plan.space.varied.iter().zip(&swept.plan.points[*best].places) {
            tiles.push((varied.short(), varied.values[*place].clone(), "of the best".into()));
        }
        page.tiles(&tiles);
    }
    if swept.steps.is_empty() {
        page.warning(
            "The best of many on the same data is partly luck. A walk-forward (--walk-forward 4) shows what choosing like \
             that came to on data that had no part in the choice.",
        );
    }
    let several: Vec<usize> =
        (0..swept.plan.space.varied.len()).filter(|i| swept.plan.space.varied[*i].values.len() > 1).collect();
    page.heading("The keys");
    match several.as_slice() {
        [] => page.note("Only one point: nothing to draw."),
        keys => {
            let mut charts = Vec::new();
            if let [x, y, ..] = keys {
                look()?;
                charts.push(map(swept, *x, *y));
            }
            for key in keys {
                look()?;
                charts.push(line(swept, *key));
            }
            page.charts(&charts);
        }
    }
    look()?;
    walk(&mut page, swept);
    best(&mut page, swept);
    page.folded("The config with nothing varied", swept.plan.base.effective());
    look()?;
    Ok(page.html())
}

/// The best point of each place, in the order of the places; `ranked` has the best first. One look at each point.
fn bests<P: Ord>(ranked: &[usize], mut place: impl FnMut(usize) -> P) -> BTreeMap<P, usize> {
    let mut bests = BTreeMap::new();
    for point in ranked {
        bests.entry(place(*point)).or_insert(*point);
    }
    bests
}

fn names(title: &str, varied: &Varied) -> Axis {
    let mut axis = Axis::names(title, &varied.values);
    let every = axis.marks.len().div_ceil(NAMES_MAX);
    axis.marks = axis.marks.into_iter().step_by(every).collect();
    axis
}

fn line(swept: &Swept<'_>, key: usize) -> Chart {
    let varied = &swept.plan.space.varied[key];
    // At each value the best, whatever the other keys.
    let bests = bests(&swept.ranked, |point| swept.plan.points[point].places[key]);
    let points: Vec<(f64, f64)> =
        bests.iter().map(|(i, point)| (*i as f64, swept.measure.drawn(&swept.wholes[*point]))).collect();
    let low = points.iter().map(|p| p.1).fold(0.0, f64::min);
    let high = points.iter().map(|p| p.1).fold(0.0, f64::max);
    let y = Axis::linear(&swept.measure.title(swept.currency()), low, high, 6);
    let shapes = [Shape::Line(Ink::One, points.clone()), Shape::Dots(Ink::One, points)];
    let chart = Chart::draw(&format!("By {}", varied.short()), &names(&varied.key, varied), &y, &shapes, 330);
    let others = swept.plan.space.varied.iter().filter(|v| v.values.len() > 1).count() > 1;
    if others { chart.note("At each value the best over all other keys.") } else { chart }
}

fn map(swept: &Swept<'_>, x: usize, y: usize) -> Chart {
    let (across, up) = (&swept.plan.space.varied[x], &swept.plan.space.varied[y]);
    let bests = bests(&swept.ranked, |point| {
        let places = &swept.plan.points[point].places;
        (places[x], places[y])
    });
    let cells: Vec<(usize, usize, &Measures)> =
        bests.iter().map(|((i, j), point)| (*i, *j, &swept.wholes[*point])).collect();
    let value = |m: &Measures| swept.measure.drawn(m);
    let most = cells.iter().map(|(_, _, m)| value(m).abs()).fold(0.0, f64::max).max(f64::MIN_POSITIVE);
    let with_words = across.values.len() <= WORDS_MAX.0 && up.values.len() <= WORDS_MAX.1;
    let mut shapes = Vec::new();
    for (i, j, m) in &cells {
        let (i, j) = (*i as f64, *j as f64);
        let ink = if value(m) < 0.0 { Ink::Bad } else { Ink::Three };
        shapes.push(Shape::Bar(ink, 0.06 + 0.6 * value(m).abs() / most, [(i - 0.49, j - 0.49), (i + 0.49, j + 0.49)]));
        if with_words {
            shapes.push(Shape::Words(Ink::Text, (i, j), short(value(m), most)));
        }
    }
    let height = (90 + 34 * up.values.len() as u32).clamp(330, 700);
    let title = format!("{} by {} and {}", swept.measure.title(swept.currency()), across.short(), up.short());
    let chart = Chart::draw(&title, &names(&across.key, across), &names(&up.key, up), &shapes, height);
    let above = swept.plan.space.varied.iter().filter(|v| v.values.len() > 1).count() > 2;
    let note = if above { " In each cell the best over all other keys." } else { "" };
    chart.note(format!("The stronger the colour, the further from zero; red is below it.{note}"))
}

/// A number in a cell: as many digits as its size asks for.
fn short(value: f64, most: f64) -> String {
    let decimals = match most {
        most if most >= 1_000.0 => 0,
        most if most >= 100.0 => 1,
        most if most >= 1.0 => 2,
        _ => 4,
    };
    crate::page::number::axis(value, 10f64.powi(-decimals))
}

fn walk(page: &mut Page, swept: &Swept<'_>) {
    if swept.steps.is_empty() {
        return;
    }
    page.heading("Walk-forward");
    page.note(
        "The session is cut into equal parts of time. On each part the best point is chosen; beside it is what that same \
         point came to on the next part, which had no say in the choice. Each part begins flat, with the configured \
         balances and no quotes.",
    );
    let title = swept.measure.title(swept.currency());
    let bars = |of: fn(&super::Step) -> &Measures, shift: f64, ink: Ink| -> Vec<Shape> {
        let bar = |(i, step): (usize, &super::Step)| {
            let at = i as f64 + shift;
            Shape::Bar(ink, 0.85, [(at - 0.17, 0.0), (at + 0.17, swept.measure.drawn(of(step)))])
        };
        swept.steps.iter().enumerate().map(bar).collect()
    };
    let mut shapes = bars(|s| &s.in_sample, -0.18, Ink::One);
    shapes.extend(bars(|s| &s.out_of_sample, 0.18, Ink::Two));
    let values = || swept.steps.iter().flat_map(|s| [&s.in_sample, &s.out_of_sample]).map(|m| swept.measure.drawn(m));
    let (low, high) = (values().fold(0.0, f64::min), values().fold(0.0, f64::max));
    let steps: Vec<String> = swept.steps.iter().map(|s| s.step.to_string()).collect();
    let chart = Chart::draw(
        "Chosen in sample, then out of sample",
        &Axis::names("step", &steps),
        &Axis::linear(&title, low, high, 6),
        &shapes,
        330,
    );
    page.charts(&[chart.legend(&[(Ink::One, "in sample"), (Ink::Two, "out of sample")])]);
    let mut head = vec!["step", "chosen on, UTC", "looked at, UTC"];
    head.extend(swept.plan.space.varied.iter().map(Varied::short));
    head.extend(["in sample", "out of sample", "place out of sample"]);
    let span = |from: u64, to: u64| format!("{} – {}", moment(from, "%Y-%m-%d %H:%M:%S"), moment(to, "%H:%M:%S"));
    let rows: Vec<Vec<Datum>> = swept
        .steps
        .iter()
        .map(|step| {
            let [begin, next, end] = step.times_ns;
            let mut row =
                vec![Datum::number(step.step), Datum::words(span(begin, next)), Datum::words(span(next, end))];
            let settings = swept.plan.space.settings(&swept.plan.points[step.chosen].places);
            row.extend(settings.map(|(_, value)| Datum::number(value)));
            row.extend([&step.in_sample, &step.out_of_sample].map(|m| Datum::number(swept.measure.words(m))));
            row.push(Datum::number(format!("{} of {}", step.place, swept.wholes.len())));
            row
        })
        .collect();
    page.table(&head, &rows);
}

fn moment(ns: u64, format: &str) -> String {
    jiff::Timestamp::from_nanosecond(i128::from(ns)).map_or_else(|_| ns.to_string(), |t| t.strftime(format).to_string())
}

fn best(page: &mut Page, swept: &Swept<'_>) {
    page.heading("The points");
    let net = format!("net, {}", swept.currency());
    let mut head = vec!["#"];
    head.extend(swept.plan.space.varied.iter().map(Varied::short));
    head.extend([net.as_str(), "drawdown", "fees", "seen", "taken", "pairs", "clean", "one leg failed", "halted"]);
    let rows: Vec<Vec<Datum>> = swept
        .ranked
        .iter()
        .take(ROWS_MAX)
        .enumerate()
        .map(|(rank, point)| {
            let m = &swept.wholes[*point];
            let mut row = vec![Datum::number(rank + 1)];
            let settings = swept.plan.space.settings(&swept.plan.points[*point].places);
            row.extend(settings.map(|(_, value)| Datum::number(value)));
            row.extend([money(m.net, 4), money(m.drawdown, 4), money(m.fees, 4)].map(Datum::number));
            row.extend([m.seen, m.taken, m.pairs].map(|n| Datum::number(count(n))));
            row.push(Datum::number(percent(m.clean, m.pairs)));
            row.push(Datum::number(count(m.closed + m.unhedged)));
            row.push(Datum::words(m.halted.as_deref().unwrap_or("")));
            row
        })
        .collect();
    page.table(&head, &rows);
    if swept.ranked.len() > ROWS_MAX {
        page.note(format!("The first {ROWS_MAX}; sweep.csv and sweep.parquet have all."));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_of_each_place_in_one_pass() {
        // Places of a random draw: some are left out, one has a single point.
        let places = [(2, 0), (0, 1), (2, 0), (1, 1), (0, 1), (0, 0), (2, 0)];
        let ranked = [3, 6, 0, 4, 2, 5, 1];
        let mut looks = 0;
        let found = bests(&ranked, |point| {
            looks += 1;
            places[point]
        });
        assert_eq!(looks, ranked.len(), "however many places there are");
        let found: Vec<_> = found.into_iter().collect();
        assert_eq!(found, [((0, 0), 5), ((0, 1), 4), ((1, 1), 3), ((2, 0), 6)]);
    }
}
