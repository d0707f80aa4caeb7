//! `crosstick halt`: the word to the engine first, since that is what stops it; then the file that keeps it stopped;
//! then the engine's answer. Cold.

use std::path::Path;
use std::time::{Duration, Instant};

use crosstick_ipc::control::{Answer, CommandError, Commander};
use crosstick_ipc::layout::text;
use crosstick_ipc::{Place, Reader};
use crosstick_model::{CommandKind, CommandOutcome, Decimal, InstrumentId, Reason};

use super::target::{ANSWER_PATIENCE, LOCK_PATIENCE, Target};
use crate::cli::HaltArgs;
use crate::clock::system_ns;
use crate::exit::{Code, Failure, Outcome};
use crate::out;
use crate::state::halt::{self, Halt, HaltFileError, OPERATOR};

/// How often the region is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(2);
/// Longest wait until the region shows a halt that was answered.
const SHOW_PATIENCE: Duration = Duration::from_secs(1);

/// Halts trading.
///
/// # Errors
/// When it is not certain that trading is halted, and stays so.
pub fn command(arguments: &HaltArgs) -> Outcome {
    let reason = match &arguments.reason {
        Some(reason) => Reason::from_bytes(reason.as_encoded_bytes()),
        None => Reason::NONE,
    };
    let reason = if reason.is_empty() { Reason::new("crosstick halt, without a reason") } else { reason };
    let mut target = Target::find(&arguments.engine)?;
    let at_ns = system_ns();
    let record = Halt { code: OPERATOR.into(), reason: reason.text().into(), at_ns, pid: std::process::id() };
    if let Some(engine) = &target.engine {
        return halt_engine(&target, engine, &reason, &record);
    }
    let first = keep_for_next_start(&target, &record)?;
    // An engine that starts just now looks at the file once it can be commanded: either it sees it, or is found here.
    target.look_again();
    match &target.engine {
        Some(engine) => halt_engine(&target, engine, &reason, &record),
        None => no_engine(&target, first),
    }
}

const NO_HALT_FILE: &str = "there is no halt file to write";

/// Nobody runs: the file is all there is to do. Says whether trading was not halted before.
fn keep_for_next_start(target: &Target, record: &Halt) -> Result<bool, Failure> {
    let path = target.halt_file.as_deref().ok_or_else(|| Failure::other(NO_HALT_FILE))?;
    keep_and_note(path, record).map_err(Failure::other)
}

fn no_engine(target: &Target, first: bool) -> Outcome {
    let path = target.halt_file.as_deref().ok_or_else(|| Failure::other(NO_HALT_FILE))?;
    if let Some(error) = &target.unreachable {
        return Err(Failure::other(format!(
            "{error}; an engine that has {} for its halt file halts within a second, any other one is not halted",
            path.display()
        )));
    }
    let was = if first { "halted" } else { "halted before" };
    out::line(format_args!(
        "{was}: no engine runs under the name {}; {} keeps the next one from starting until: \
         crosstick resume --reason TEXT",
        target.place.name(),
        path.display()
    ));
    Ok(Code::Done)
}

fn keep_and_note(path: &Path, record: &Halt) -> Result<bool, HaltFileError> {
    let first = halt::keep(path, record)?;
    if first {
        halt::note_halt(path, record)?;
    }
    Ok(first)
}

fn halt_engine(target: &Target, engine: &Commander, reason: &Reason, record: &Halt) -> Outcome {
    let sent = engine.send(CommandKind::Halt, reason, record.at_ns, LOCK_PATIENCE);
    // Whatever became of the word: the file is the second way in, and what lasts.
    let kept = target.halt_file.as_deref().map(|path| halt::keep(path, record));
    let name = target.name();
    let sent = match sent {
        Ok(sent) => sent,
        Err(error) => return halted_by_file(target, &error, kept.is_some_and(|k| k.is_ok())),
    };
    let Some(answer) = sent.answer(ANSWER_PATIENCE) else { return no_answer(target, engine, record, kept) };
    drop(sent);
    told(target, &name, &answer)?;
    match (&target.halt_file, kept) {
        (_, Some(Ok(_)) | None) if engine.halt_passes() => {
            out::line("nothing is traded until: crosstick resume --reason TEXT; the demo's next start trades again");
        }
        (Some(path), Some(Ok(_))) => out::line(format_args!(
            "kept in {}: nothing is traded, also after a restart, until: crosstick resume --reason TEXT",
            path.display()
        )),
        // It halted all the same, and tries to keep it itself.
        (_, Some(Err(error))) => return Err(Failure::other(format!("{name} is halted, but: {error}"))),
        _ => out::line("the engine keeps it: nothing is traded, also after a restart, until somebody resumes"),
    }
    open_exposure(&target.place);
    Ok(Code::Done)
}

type Kept = Option<Result<bool, HaltFileError>>;

/// The core thread does not run, or the process is gone: what is known of it, and what stops it.
fn no_answer(target: &Target, engine: &Commander, record: &Halt, kept: Kept) -> Outcome {
    let kept = match (&target.halt_file, kept) {
        (Some(path), Some(Ok(first))) => {
            // No engine will write it into the log.
            if first {
                halt::note_halt(path, record).map_err(Failure::other)?;
            }
            format!("{} is written: it halts when it runs again, and no other one starts", path.display())
        }
        (_, Some(Err(error))) => error.to_string(),
        _ => "its halt file is its user's to write".to_owned(),
    };
    let name = target.name();
    let text = match engine.process().is_alive() {
        true => format!(
            "{name} does not answer within {} s and may trade: kill -9 {} stops it; {kept}",
            ANSWER_PATIENCE.as_secs(),
            engine.process().pid
        ),
        false => format!("{name} ended before it answered; {kept}"),
    };
    Err(Failure::other(text))
}

fn told(target: &Target, name: &str, answer: &Answer) -> Result<(), Failure> {
    let was = match answer.outcome {
        CommandOutcome::Halted => "halted",
        CommandOutcome::AlreadyHalted => "halted before",
        CommandOutcome::Unknown => {
            let text = format!("{name} does not know the command: use the build that it runs, or SIGUSR1");
            return Err(Failure::other(text));
        }
        other => return Err(Failure::other(format!("{name} answered {other:?}; this is a bug, please report it"))),
    };
    out::line(format_args!(
        "{was}: {name} answered {} µs after the word; it had sent {} orders, {} of them still open",
        answer.took.as_nanos().div_ceil(1000),
        answer.orders_sent,
        answer.orders_open
    ));
    // What it shows may be some milliseconds old.
    let end = Instant::now() + SHOW_PATIENCE;
    while Instant::now() < end && !is_shown(&target.place) {
        std::thread::sleep(LOOK_EVERY);
    }
    Ok(())
}

fn is_shown(place: &Place) -> bool {
    Reader::open(place).ok().and_then(|reader| reader.risk()).is_some_and(|risk| risk.halted == 1)
}

/// The word could not be given: the engine's main thread sees the file.
fn halted_by_file(target: &Target, error: &CommandError, kept: bool) -> Outcome {
    let end = Instant::now() + ANSWER_PATIENCE;
    while kept && Instant::now() < end {
        if is_shown(&target.place) {
            out::line(format_args!("halted by its halt file: {} ({error})", target.name()));
            open_exposure(&target.place);
            return Ok(Code::Done);
        }
        std::thread::sleep(LOOK_EVERY);
    }
    let name = target.name();
    Err(Failure::other(format!("{name} could not be told: {error}; SIGUSR1 halts it too, kill -9 stops it")))
}

/// What stays open, as the region shows it: a halt by command closes nothing.
fn open_exposure(place: &Place) {
    let Ok(reader) = Reader::open(place) else { return };
    let venues: Vec<String> = reader.venues().iter().map(|venue| text(&venue.name)).collect();
    let mut open = Vec::new();
    for (index, instrument) in reader.instruments().into_iter().enumerate() {
        let Some(position) = u16::try_from(index).ok().and_then(|i| reader.position(InstrumentId(i))) else { continue };
        if position.quantity != 0 {
            let quantity = Decimal::new(i128::from(position.quantity), instrument.quantity_decimals);
            let venue = venues.get(instrument.venue as usize).cloned().unwrap_or_default();
            open.push(format!("{venue} {} {quantity}", text(&instrument.symbol)));
        }
    }
    match open.is_empty() {
        true => out::line("positions: none"),
        false => out::line(format_args!("positions, left as they are: {}", open.join(", "))),
    }
}
