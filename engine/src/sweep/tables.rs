//! A sweep's tables: every point, the best first, and the steps of a walk-forward. CSV and Parquet. Cold.

use std::path::Path;

use crosstick_model::{Amount, Decimal};

use super::Swept;
use super::space::Varied;
use crate::backtest::measure::Measures;
use crate::backtest::reel::interrupted;
use crate::exit::Failure;
use crate::export::table::Type;
use crate::export::{Cell, Column, Format, Table};

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

/// Rows between two looks at whether to stop.
const LOOK_ROWS: usize = 1_024;

/// Writes them to `dir`. `go_on` is asked now and then.
///
/// # Errors
/// When a file cannot be written, or `go_on` says no.
pub(super) fn write(swept: &Swept<'_>, dir: &Path, go_on: &dyn Fn() -> bool) -> Result<(), Failure> {
    let writer = Writer { swept, keys: Keys::new(swept), dir, go_on };
    for format in [Format::Csv, Format::Parquet] {
        writer.points(format)?;
        if !swept.steps.is_empty() {
            writer.parts(format)?;
            writer.steps(format)?;
        }
    }
    Ok(())
}

/// The keys as columns: decimals where all their values are numbers.
struct Keys<'s> {
    varied: &'s [Varied],
    numbers: Vec<Option<Vec<Decimal>>>,
}

impl<'s> Keys<'s> {
    fn new(swept: &'s Swept<'_>) -> Self {
        let varied = &swept.plan.space.varied;
        Self { varied, numbers: varied.iter().map(Varied::numbers).collect() }
    }

    fn columns(&self) -> impl Iterator<Item = Column<'s>> {
        let kind = |numbers: &Option<Vec<Decimal>>| if numbers.is_some() { Type::Decimal } else { Type::Text };
        self.varied.iter().zip(&self.numbers).map(move |(v, numbers)| (v.key.as_str(), kind(numbers)))
    }

    fn values(&self, places: &[usize]) -> impl Iterator<Item = Cell<'s>> {
        self.varied.iter().zip(&self.numbers).zip(places).map(|((v, numbers), place)| match numbers {
            Some(numbers) => Cell::Decimal(numbers[*place]),
            None => Cell::Text(&v.values[*place]),
        })
    }
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

struct Writer<'s> {
    swept: &'s Swept<'s>,
    keys: Keys<'s>,
    dir: &'s Path,
    go_on: &'s dyn Fn() -> bool,
}

impl Writer<'_> {
    fn table(&self, name: &str, columns: &[Column<'_>], format: Format) -> Result<Table, Failure> {
        Table::create(self.dir, name, columns, format).map_err(Failure::other)
    }

    /// Asked with the number of each row.
    fn look(&self, row: usize) -> Result<(), Failure> {
        if row.is_multiple_of(LOOK_ROWS) && !(self.go_on)() { Err(interrupted()) } else { Ok(()) }
    }

    fn points(&self, format: Format) -> Result<(), Failure> {
        let swept = self.swept;
        let mut columns: Vec<Column<'_>> = vec![("rank", Type::Count), ("point", Type::Count)];
        columns.extend(self.keys.columns());
        columns.extend(MEASURES);
        let mut table = self.table("sweep", &columns, format)?;
        for (rank, index) in swept.ranked.iter().enumerate() {
            self.look(rank)?;
            let point = &swept.plan.points[*index];
            let mut row = vec![Cell::Count(rank as u64 + 1), Cell::Count(point.index)];
            row.extend(self.keys.values(&point.places));
            row.extend(measured(&swept.wholes[*index]));
            table.row(&row).map_err(Failure::other)?;
        }
        table.finish().map(drop).map_err(Failure::other)
    }

    /// Every point in every part.
    fn parts(&self, format: Format) -> Result<(), Failure> {
        let swept = self.swept;
        let mut columns: Vec<Column<'_>> = vec![("point", Type::Count), ("part", Type::Count)];
        columns.extend(self.keys.columns());
        columns.extend(MEASURES);
        let mut table = self.table("parts", &columns, format)?;
        for (index, (point, parts)) in swept.plan.points.iter().zip(&swept.parts).enumerate() {
            self.look(index)?;
            for (part, m) in parts.iter().enumerate() {
                let mut row = vec![Cell::Count(point.index), Cell::Count(part as u64 + 1)];
                row.extend(self.keys.values(&point.places));
                row.extend(measured(m));
                table.row(&row).map_err(Failure::other)?;
            }
        }
        table.finish().map(drop).map_err(Failure::other)
    }

    fn steps(&self, format: Format) -> Result<(), Failure> {
        let swept = self.swept;
        let mut columns: Vec<Column<'_>> = vec![
            ("step", Type::Count),
            ("in_sample_begin_ns", Type::Count),
            ("out_of_sample_begin_ns", Type::Count),
            ("out_of_sample_end_ns", Type::Count),
            ("point", Type::Count),
        ];
        columns.extend(self.keys.columns());
        columns.extend([
            ("in_sample", Type::Decimal),
            ("out_of_sample", Type::Decimal),
            ("out_of_sample_place", Type::Count),
            ("points", Type::Count),
            ("in_sample_net", Type::Decimal),
            ("out_of_sample_net", Type::Decimal),
        ]);
        let mut table = self.table("walk_forward", &columns, format)?;
        for step in &swept.steps {
            let point = &swept.plan.points[step.chosen];
            let mut row: Vec<Cell<'_>> = vec![Cell::Count(step.step as u64)];
            row.extend(step.times_ns.map(Cell::Count));
            row.push(Cell::Count(point.index));
            row.extend(self.keys.values(&point.places));
            row.extend([&step.in_sample, &step.out_of_sample].map(|m| swept.measure.cell(m)));
            row.push(Cell::Count(step.place as u64));
            row.push(Cell::Count(swept.wholes.len() as u64));
            row.extend([&step.in_sample, &step.out_of_sample].map(|m| Cell::from(m.net)));
            table.row(&row).map_err(Failure::other)?;
        }
        table.finish().map(drop).map_err(Failure::other)
    }
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
