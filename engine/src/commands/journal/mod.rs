//! `crosstick journal` and `crosstick replay --journal`: looking into sessions, and running them again. Cold.

mod bundle;
mod cat;
mod explain;
mod export;
mod stat;
mod whatif;

use std::path::Path;
use std::time::Instant;

use crosstick_ipc::journal::{Journal, recover};

use crate::cli::JournalCommand;
use crate::exit::{Code, Failure, Outcome};
use crate::journal::{session, verify as again};
use crate::out;
use crate::progress::{self, Bar};
pub use bundle::command as bundle;
use bundle::place;
pub use explain::command as explain;
pub use whatif::command as whatif;

/// Carries out `crosstick journal ...`.
///
/// # Errors
/// When there is no session, or it cannot be read.
pub fn command(command: &JournalCommand) -> Outcome {
    match command {
        JournalCommand::Ls { dir } => stat::list(dir),
        JournalCommand::Stat { dir, json } => stat::show(&find(dir)?, *json),
        JournalCommand::Cat { dir, from, count, no_ticks } => {
            cat::print(&find(dir)?, *from, count.unwrap_or(u64::MAX), !no_ticks)
        }
        JournalCommand::Export { dir, format, out } => export::command(dir, *format, out),
        JournalCommand::Recover { dir } => mend(&find(dir)?),
    }
}

fn find(dir: &Path) -> Result<std::path::PathBuf, Failure> {
    session::find(dir).map_err(Failure::usage)
}

/// `crosstick replay --journal DIR --verify`.
///
/// # Errors
/// When the session cannot be read, or its core not be built.
pub fn verify(dir: &Path) -> Outcome {
    let place = place(dir)?;
    let dir = place.dir();
    let total: u64 = Journal::open(dir).map_err(Failure::usage)?.segments().iter().map(|s| s.bytes).sum();
    let bar = bar(total, "verifying");
    let started = Instant::now();
    let verified = again::verify(dir, &mut |bytes| bar.to(bytes)).map_err(Failure::usage)?;
    bar.clear();
    let took_s = started.elapsed().as_secs_f64().max(1e-9);
    for damage in &verified.damage {
        out::line(format_args!("damaged: {damage}"));
    }
    if !verified.damage.is_empty() {
        let last = moment(verified.span_ns.1);
        out::line(format_args!("what follows the damage was not looked at; the last input before it is of {last}"));
    }
    if verified.lost > 0 {
        let lost = verified.lost;
        out::line(format_args!("incomplete: the run could not write {lost} entries at its end, and says so"));
    }
    if let Some(difference) = &verified.difference {
        out::line(format_args!("different at record {}, after {} inputs", difference.seq, difference.input));
        out::line(format_args!("  journal: {}", difference.journalled));
        out::line(format_args!("  replay:  {}", difference.replayed));
        return Ok(Code::Failure);
    }
    if !verified.complete && verified.lost == 0 && verified.damage.is_empty() {
        out::line("the journal ends before the run did: it was killed, is still running, or its disk had no room");
    }
    if verified.unrecorded > 0 {
        let unrecorded = verified.unrecorded;
        out::line(format_args!(
            "not in it: {unrecorded} decisions that its last input leads to; the hash is without them"
        ));
    }
    let whole = verified.is_identical() && verified.complete;
    let word = if whole { "identical" } else { "identical up to there" };
    out::line(format_args!(
        "{word}: {} inputs, {} decisions, {} state hashes, hash {}",
        verified.inputs, verified.decisions, verified.states, verified.hash
    ));
    let span_s = verified.span_ns.1.saturating_sub(verified.span_ns.0) as f64 / 1e9;
    out::line(format_args!(
        "{span_s:.1} s of session in {took_s:.2} s: {:.0} times real speed, {:.0} inputs a second",
        span_s / took_s,
        verified.inputs as f64 / took_s
    ));
    Ok(if verified.is_identical() { Code::Done } else { Code::Failure })
}

/// A progress bar over bytes of a journal.
fn bar(total: u64, word: &str) -> Bar {
    let bar = progress::bytes(word);
    bar.set(0, total);
    bar
}

fn mend(dir: &Path) -> Outcome {
    let recovery = recover(dir).map_err(Failure::other)?;
    for damage in &recovery.damage {
        out::line(format_args!("{damage}"));
    }
    for path in &recovery.set_aside {
        out::line(format_args!("set aside as {}", path.display()));
    }
    let (records, cut) = (recovery.records, recovery.cut_bytes);
    out::line(format_args!("{}: {records} entries can be read, {cut} bytes cut off", dir.display()));
    Ok(Code::Done)
}

/// A time in UTC, to the microsecond.
pub(super) fn moment(ns: u64) -> String {
    jiff::Timestamp::from_nanosecond(i128::from(ns))
        .map_or_else(|_| format!("{ns} ns"), |at| at.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string())
}
