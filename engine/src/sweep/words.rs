//! A sweep in words: the best points, and the steps of a walk-forward. Cold.

use std::fmt::Write as _;

use super::Swept;
use crate::page::number::{count, money, percent};

/// The table that is printed, with so many rows at most.
pub(super) fn words(swept: &Swept<'_>, top: usize) -> String {
    let currency = swept.currency();
    let mut text = String::new();
    for note in &swept.plan.notes {
        let _ = writeln!(text, "note: {note}");
    }
    let _ = writeln!(text, "\nPoints by {}, of {}", swept.measure.title(currency), swept.wholes.len());
    let mut head = vec!["#".to_owned()];
    head.extend(swept.plan.space.varied.iter().map(|v| v.short().to_owned()));
    head.extend([format!("net {currency}"), "drawdown".into(), "taken".into(), "pairs".into(), "clean".into()]);
    head.extend(["one leg".into(), "halted".into()]);
    let rows = swept.ranked.iter().take(top).enumerate().map(|(rank, point)| {
        let m = &swept.wholes[*point];
        let mut row = vec![(rank + 1).to_string()];
        row.extend(swept.plan.space.settings(&swept.plan.points[*point].places).map(|(_, value)| value.to_owned()));
        row.extend([money(m.net, 4), money(m.drawdown, 4), count(m.taken), count(m.pairs)]);
        row.extend([percent(m.clean, m.pairs), count(m.closed + m.unhedged), m.halted.clone().unwrap_or_default()]);
        row
    });
    text += &aligned(&head, &rows.collect::<Vec<_>>());
    let rest = swept.ranked.len().saturating_sub(top);
    if rest > 0 {
        let _ = writeln!(text, "and {rest} more in sweep.csv");
    }
    if !swept.steps.is_empty() {
        let title = swept.measure.title(currency);
        let _ = writeln!(text, "\nWalk-forward: chosen on one part by {title}, looked at on the next");
        let mut head = vec!["step".to_owned()];
        head.extend(swept.plan.space.varied.iter().map(|v| v.short().to_owned()));
        head.extend(["in sample", "out of sample", "place then"].map(str::to_owned));
        let rows = swept.steps.iter().map(|step| {
            let mut row = vec![step.step.to_string()];
            let places = &swept.plan.points[step.chosen].places;
            row.extend(swept.plan.space.settings(places).map(|(_, value)| value.to_owned()));
            row.extend([&step.in_sample, &step.out_of_sample].map(|m| swept.measure.words(m)));
            row.push(format!("{} of {}", step.place, swept.wholes.len()));
            row
        });
        text += &aligned(&head, &rows.collect::<Vec<_>>());
    }
    text.push('\n');
    text
}

/// Columns as wide as they need to be, set right.
fn aligned(head: &[String], rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = head.iter().map(|name| name.chars().count()).collect();
    for row in rows {
        for (width, value) in widths.iter_mut().zip(row) {
            *width = (*width).max(value.chars().count());
        }
    }
    let mut text = String::new();
    for row in std::iter::once(head).chain(rows.iter().map(Vec::as_slice)) {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(value, width)| format!("{value:>width$}")).collect();
        let _ = writeln!(text, "  {}", cells.join("  ").trim_end());
    }
    text
}
