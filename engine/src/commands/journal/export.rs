//! `crosstick journal export`: a session as tables for other programs.

use std::path::Path;

use crosstick_ipc::journal::Journal;

use super::{bar, place};
use crate::data::Source;
use crate::exit::{Code, Failure, Outcome};
use crate::export::Format;
use crate::export::journal::{ExportError, TABLES, export};
use crate::export::place::{Inputs, Sign};
use crate::export::staged::Staged;
use crate::out;
use crate::signals::Signals;

/// Tells a folder of tables.
const SIGN: Sign = Sign { file: "export.json", of: "journal export" };

pub(super) fn command(dir: &Path, format: Format, to: &Path) -> Outcome {
    let signals = Signals::install().map_err(Failure::other)?;
    let names = TABLES.map(|name| format!("{name}.{}", format.ending()));
    let source = Source { venue: None, symbol: None, path: dir.to_path_buf() };
    Inputs::of(None, &[source]).spare_from(to, names.iter().map(String::as_str).chain([SIGN.file]))?;
    SIGN.allow(to, &names)?;
    let place = place(dir)?;
    let total: u64 = Journal::open(place.dir()).map_err(Failure::usage)?.segments().iter().map(|s| s.bytes).sum();
    let staged = Staged::new(to)?;
    let bar = bar(total, "exporting");
    let exported = export(place.dir(), staged.path(), format, &mut |bytes| {
        bar.to(bytes);
        !signals.stop()
    });
    bar.clear();
    let exported = exported.map_err(|error| match error {
        ExportError::Session(_) => Failure::usage(error),
        ExportError::Interrupted => Failure::other("interrupted; nothing was written"),
        ExportError::Table(_) => Failure::other(error),
    })?;
    staged.publish(Some(SIGN))?;
    for (name, rows) in &exported.tables {
        let file = to.join(format!("{name}.{}", format.ending()));
        out::line(format_args!("{}: {rows} rows", file.display()));
    }
    for damage in &exported.damage {
        out::line(format_args!("damaged: {damage}; what can be read besides is in the tables"));
    }
    if exported.lost > 0 {
        let lost = exported.lost;
        out::line(format_args!("incomplete: the run could not write {lost} entries at its end"));
    }
    Ok(if exported.damage.is_empty() { Code::Done } else { Code::Failure })
}
