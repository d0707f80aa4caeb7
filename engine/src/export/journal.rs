//! `crosstick journal export`: a journalled session as tables. Cold.

use std::path::Path;

use crosstick_ipc::journal::{Damage, Item};
use crosstick_model::{Decision, ReportKind, Universe};

use super::columns;
use super::rows::{self, Names};
use super::table::{Cell, Column, Format, Table, TableError};
use super::trail::Trail;
use crate::config::Config;
use crate::journal::entry::{Entry, kind};
use crate::journal::session::{self, SessionError};

/// The tables, each a file of that name with the ending of its format.
pub const TABLES: [&str; 9] =
    ["ticks", "opportunities", "intents", "verdicts", "orders", "reports", "fills", "commands", "halts"];

/// Why a session cannot be exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The session cannot be read, or this build refuses its config.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// A table cannot be written.
    #[error(transparent)]
    Table(#[from] TableError),
    /// The caller asked to stop.
    #[error("interrupted")]
    Interrupted,
}

/// What was written.
#[derive(Debug, Default)]
pub struct Exported {
    /// Tables with their rows.
    pub tables: Vec<(&'static str, u64)>,
    /// Damage of the journal's files; what could be read besides is in the tables.
    pub damage: Vec<Damage>,
    /// Entries that the run could not write.
    pub lost: u64,
}

/// Writes the session in `dir` as tables to `to`. `progress` is told the bytes read, and says whether to go on.
///
/// # Errors
/// When the session cannot be read, or a table not be written.
pub fn export(
    dir: &Path,
    to: &Path,
    format: Format,
    progress: &mut dyn FnMut(u64) -> bool,
) -> Result<Exported, ExportError> {
    let (journal, session) = session::read(dir)?;
    let config = session.config()?;
    let universe = session.universe(&config)?;
    let mut writer = Writer::new(&config, &universe, to, format)?;
    let mut done = Exported::default();
    let (mut bytes, mut told) = (0u64, 0u64);
    let mut records = journal.records();
    while let Some(item) = records.next().map_err(SessionError::from)? {
        match item {
            Item::Damage(damage) => done.damage.push(damage),
            Item::Record { seq, kind, payload, .. } => {
                bytes += payload.len() as u64 + 8;
                if kind == kind::SESSION {
                    continue;
                }
                match Entry::read(kind, payload) {
                    Some(Entry::Lost(count)) => done.lost = count,
                    Some(entry) => writer.entry(seq, &entry)?,
                    None => {}
                }
                if bytes - told > 1 << 20 {
                    told = bytes;
                    if !progress(bytes) {
                        return Err(ExportError::Interrupted);
                    }
                }
            }
        }
    }
    done.tables = writer.finish()?;
    debug_assert!(done.tables.iter().map(|(name, _)| *name).eq(TABLES), "what is looked at before is what is written");
    Ok(done)
}

struct Writer<'u> {
    names: Names<'u>,
    trail: Trail<'u>,
    ticks: Table,
    opportunities: Table,
    intents: Table,
    verdicts: Table,
    orders: Table,
    reports: Table,
    fills: Table,
    commands: Table,
    halts: Table,
}

impl<'u> Writer<'u> {
    fn new(config: &Config, universe: &'u Universe, to: &Path, format: Format) -> Result<Self, TableError> {
        let table = |name: &str, columns: &[Column<'static>]| {
            let columns: Vec<Column<'_>> = std::iter::once(columns::SEQ).chain(columns.iter().copied()).collect();
            Table::create(to, name, &columns, format)
        };
        Ok(Self {
            names: Names(universe),
            trail: Trail::new(universe, |asset| config.risk.rate(asset)),
            ticks: table("ticks", columns::TICKS)?,
            opportunities: table("opportunities", columns::OPPORTUNITIES)?,
            intents: table("intents", columns::INTENTS)?,
            verdicts: table("verdicts", columns::VERDICTS)?,
            orders: table("orders", columns::ORDERS)?,
            reports: table("reports", columns::REPORTS)?,
            fills: table("fills", columns::FILLS)?,
            commands: table("commands", columns::COMMANDS)?,
            halts: table("halts", columns::HALTS)?,
        })
    }

    fn entry(&mut self, seq: u64, entry: &Entry<'_>) -> Result<(), TableError> {
        match entry {
            Entry::Tick(tick) => add(&mut self.ticks, seq, &self.names.tick(tick)),
            Entry::Report(report) => {
                add(&mut self.reports, seq, &self.names.report(report))?;
                if let ReportKind::Filled(fill) = &report.kind {
                    let placed = self.trail.order(report.order);
                    add(&mut self.fills, seq, &self.names.fill(report, fill, placed))?;
                }
                self.trail.report(report);
                self.ended(false)
            }
            Entry::Command(command) => add(&mut self.commands, seq, &rows::command(command)),
            Entry::Unsent(order) => {
                self.trail.unsent(*order);
                Ok(())
            }
            Entry::Decision(record) => match Decision::read(record) {
                Some(decision) => self.decision(seq, &decision),
                None => Ok(()),
            },
            _ => Ok(()),
        }
    }

    fn decision(&mut self, seq: u64, decision: &Decision) -> Result<(), TableError> {
        match decision {
            Decision::Intent { at_ns, intent } => add(&mut self.intents, seq, &self.names.intent(*at_ns, intent))?,
            Decision::Verdict { at_ns, group, denied } => {
                let (opportunity, edge_ppm) = self.trail.asked_for(*group);
                let row = [
                    Cell::Count(*at_ns),
                    Cell::Count(group.0),
                    opportunity.into(),
                    edge_ppm.into(),
                    Cell::Flag(denied.is_none()),
                    denied.map(|(leg, _)| u64::from(leg)).into(),
                    denied.map(|(_, code)| code.code()).into(),
                ];
                add(&mut self.verdicts, seq, &row)?;
            }
            Decision::Halt { at_ns, code } => {
                add(&mut self.halts, seq, &[Cell::Count(*at_ns), Cell::Text("halt"), Cell::Text(code.code())])?;
            }
            Decision::Resume { at_ns } => {
                add(&mut self.halts, seq, &[Cell::Count(*at_ns), Cell::Text("resume"), Cell::Null])?;
            }
            _ => {}
        }
        self.trail.decision(seq, decision);
        self.ended(false)
    }

    /// Writes what is known whole; with `rest` also what is not.
    fn ended(&mut self, rest: bool) -> Result<(), TableError> {
        let (names, orders, opportunities) = (self.names, &mut self.orders, &mut self.opportunities);
        let mut result = Ok(());
        let mut keep = |written: Result<(), TableError>| {
            if result.is_ok() {
                result = written;
            }
        };
        self.trail.take_orders(rest, |placed| keep(add(orders, placed.seq, &names.order(placed))));
        self.trail.take_opportunities(rest, |seen| keep(add(opportunities, seen.seq, &names.opportunity(seen))));
        self.trail.take_pairs().for_each(drop);
        result
    }

    fn finish(mut self) -> Result<Vec<(&'static str, u64)>, TableError> {
        self.ended(true)?;
        Ok(vec![
            ("ticks", self.ticks.finish()?),
            ("opportunities", self.opportunities.finish()?),
            ("intents", self.intents.finish()?),
            ("verdicts", self.verdicts.finish()?),
            ("orders", self.orders.finish()?),
            ("reports", self.reports.finish()?),
            ("fills", self.fills.finish()?),
            ("commands", self.commands.finish()?),
            ("halts", self.halts.finish()?),
        ])
    }
}

/// A row with its record's number in front.
fn add<const N: usize>(table: &mut Table, seq: u64, cells: &[Cell<'_>; N]) -> Result<(), TableError> {
    let mut row = [Cell::Null; 32];
    row[0] = Cell::Count(seq);
    row[1..=N].copy_from_slice(cells);
    table.row(&row[..=N])
}
