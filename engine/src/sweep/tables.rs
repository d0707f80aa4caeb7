//! A sweep's tables: every point, the best first, and the steps of a walk-forward. CSV and Parquet. Cold.

use std::path::Path;

use crosstick_model::{Amount, Decimal};

use super::Swept;
use crate::backtest::measure::Measures;
use crate::export::table::Type;
use crate::export::{Cell, Column, Format, Table, TableError};

/// What follows a point's keys.
const MEASURES: &[Column<'static>] = &[
    ("net", Type::Decimal),
    ("realised", Type::Decimal),
    ("fees", Type::Decimal),
    ("drawdown", Type::Decimal),
    ("seen", Type::Count),
    ("taken", Type::Count),
    ("orders", Type::Count),
    ("fills", Type::Count),
    ("pairs", Type::Count),
    ("clean", Type::Count),
    ("empty", Type::Count),
    ("closed", Type::Count),
    ("unhedged", Type::Count),
    ("halted", Type::Text),
    ("decisions_hash", Type::Text),
];

/// Writes them to `dir`.
pub(super) fn write(swept: &Swept<'_>, dir: &Path) -> Result<(), TableError> {
    for format in [Format::Csv, Format::Parquet] {
        points(swept, dir, format)?;
        if !swept.steps.is_empty() {
            parts(swept, dir, format)?;
            steps(swept, dir, format)?;
        }
    }
    Ok(())
}

/// The keys as columns: decimals where all their values are numbers.
fn keys<'s>(swept: &'s Swept<'_>) -> Vec<Column<'s>> {
    let kind = |numbers: Option<Vec<Decimal>>| if numbers.is_some() { Type::Decimal } else { Type::Text };
    swept.plan.space.varied.iter().map(|v| (v.key.as_str(), kind(v.numbers()))).collect()
}

fn values<'s>(swept: &'s Swept<'_>, point: usize) -> Vec<Cell<'s>> {
    let places = &swept.plan.points[point].places;
    let varied = swept.plan.space.varied.iter().zip(places);
    varied
        .map(|(v, place)| match v.numbers() {
            Some(numbers) => Cell::Decimal(numbers[*place]),
            None => Cell::Text(&v.values[*place]),
        })
        .collect()
}

fn measured(m: &Measures) -> [Cell<'_>; 15] {
    [
        m.net.into(),
        m.realised.into(),
        m.fees.into(),
        m.drawdown.into(),
        m.seen.into(),
        m.taken.into(),
        m.orders.into(),
        m.fills.into(),
        m.pairs.into(),
        m.clean.into(),
        m.empty.into(),
        m.closed.into(),
        m.unhedged.into(),
        m.halted.as_deref().into(),
        Some(m.hash.as_str()).filter(|hash| !hash.is_empty()).into(),
    ]
}

fn points(swept: &Swept<'_>, dir: &Path, format: Format) -> Result<(), TableError> {
    let mut columns: Vec<Column<'_>> = vec![("rank", Type::Count), ("point", Type::Count)];
    columns.extend(keys(swept));
    columns.extend(MEASURES);
    let mut table = Table::create(dir, "sweep", &columns, format)?;
    for (rank, point) in swept.ranked.iter().enumerate() {
        let mut row = vec![Cell::Count(rank as u64 + 1), Cell::Count(swept.plan.points[*point].index)];
        row.extend(values(swept, *point));
        row.extend(measured(&swept.wholes[*point]));
        table.row(&row)?;
    }
    table.finish().map(drop)
}

/// Every point in every part.
fn parts(swept: &Swept<'_>, dir: &Path, format: Format) -> Result<(), TableError> {
    let mut columns: Vec<Column<'_>> = vec![("point", Type::Count), ("part", Type::Count)];
    columns.extend(keys(swept));
    columns.extend(MEASURES);
    let mut table = Table::create(dir, "parts", &columns, format)?;
    for (point, parts) in swept.parts.iter().enumerate() {
        for (part, m) in parts.iter().enumerate() {
            let mut row = vec![Cell::Count(swept.plan.points[point].index), Cell::Count(part as u64 + 1)];
            row.extend(values(swept, point));
            row.extend(measured(m));
            table.row(&row)?;
        }
    }
    table.finish().map(drop)
}

fn steps(swept: &Swept<'_>, dir: &Path, format: Format) -> Result<(), TableError> {
    let mut columns: Vec<Column<'_>> = vec![
        ("step", Type::Count),
        ("in_sample_begin_ns", Type::Count),
        ("out_of_sample_begin_ns", Type::Count),
        ("out_of_sample_end_ns", Type::Count),
        ("point", Type::Count),
    ];
    columns.extend(keys(swept));
    columns.extend([
        ("in_sample", Type::Decimal),
        ("out_of_sample", Type::Decimal),
        ("out_of_sample_place", Type::Count),
        ("points", Type::Count),
        ("in_sample_net", Type::Decimal),
        ("out_of_sample_net", Type::Decimal),
    ]);
    let mut table = Table::create(dir, "walk_forward", &columns, format)?;
    for step in &swept.steps {
        let mut row: Vec<Cell<'_>> = vec![Cell::Count(step.step as u64)];
        row.extend(step.times_ns.map(Cell::Count));
        row.push(Cell::Count(swept.plan.points[step.chosen].index));
        row.extend(values(swept, step.chosen));
        row.extend([&step.in_sample, &step.out_of_sample].map(|m| swept.measure.cell(m)));
        row.push(Cell::Count(step.place as u64));
        row.push(Cell::Count(swept.wholes.len() as u64));
        row.extend([&step.in_sample, &step.out_of_sample].map(|m| Cell::from(m.net)));
        table.row(&row)?;
    }
    table.finish().map(drop)
}

impl super::Measure {
    /// Its value as a table has it: an exact number in its unit.
    fn cell(self, m: &Measures) -> Cell<'static> {
        match self {
            Self::Net | Self::NetPerPair => Amount(self.score(m)).into(),
            Self::Drawdown => m.drawdown.into(),
            Self::CleanShare => Cell::Decimal(Decimal::new(self.score(m), 4)),
            Self::Taken => Cell::Decimal(Decimal::new(i128::from(m.taken), 0)),
        }
    }
}
