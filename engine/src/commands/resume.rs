//! `crosstick resume`: the file goes, with a reason that is kept; then a running engine is told. Cold.

use std::path::Path;

use crosstick_ipc::control::{Answer, Commander};
use crosstick_model::{CommandKind, CommandOutcome, Reason};

use super::target::{ANSWER_PATIENCE, LOCK_PATIENCE, Target};
use crate::cli::ResumeArgs;
use crate::clock::system_ns;
use crate::exit::{Code, Failure, Outcome};
use crate::out;
use crate::state::halt::{self, Halt, HaltFileError};

/// A halt that the engine was about to keep may bring the file back once; more than that is somebody who halts.
const TRIES: u32 = 3;

/// Ends a halt.
///
/// # Errors
/// When nothing is halted, or trading could not be resumed.
pub fn command(arguments: &ResumeArgs) -> Outcome {
    let target = Target::find(&arguments.engine)?;
    let Some(engine) = &target.engine else {
        let path = target.halt_file.as_deref().ok_or_else(|| Failure::other("there is no halt file to remove"))?;
        let was = halt::resume(path, &arguments.reason, system_ns(), u64::MAX).map_err(Failure::other)?;
        out::line(ended(&was, path));
        if let Some(error) = &target.unreachable {
            return Err(Failure::other(format!("{error}; an engine that runs there stays halted")));
        }
        return Ok(Code::Done);
    };
    let Some(path) = &target.halt_file else {
        return Err(Failure::other(format!("{} is another user's: only that user may resume it", target.name())));
    };
    resume_engine(&target, engine, path, &arguments.reason)
}

fn ended(was: &Halt, path: &Path) -> String {
    format!(
        "resumed: {} ({}) no longer halts trading; the reason is kept beside {}",
        was.code,
        was.reason,
        path.display()
    )
}

fn resume_engine(target: &Target, engine: &Commander, path: &Path, reason: &str) -> Outcome {
    let name = target.name();
    let given_ns = system_ns();
    let (mut was, mut latest_ns) = (None, u64::MAX);
    for _ in 0..TRIES {
        match halt::resume(path, reason, system_ns(), latest_ns) {
            Ok(halt) => was = Some(halt),
            // It may be halted without its file: somebody removed that by hand, or it could not be written.
            Err(HaltFileError::NotHalted { .. }) => {}
            Err(error) => return Err(Failure::other(error)),
        }
        let Some(answer) = ask(engine, reason, given_ns, &name)? else {
            return Err(Failure::other(format!(
                "{name} does not answer within {} s and stays halted: resume again, or start it anew",
                ANSWER_PATIENCE.as_secs()
            )));
        };
        match answer.outcome {
            CommandOutcome::Resumed => {
                match &was {
                    Some(was) => out::line(ended(was, path)),
                    // Nothing was logged yet: there was no file.
                    None => halt::note_resume(path, reason, system_ns(), None).map_err(Failure::other)?,
                }
                out::line(format_args!("{name} trades again"));
                return Ok(Code::Done);
            }
            CommandOutcome::NotHalted => {
                return match &was {
                    Some(was) => {
                        out::line(ended(was, path));
                        out::line(format_args!("{name} was not halted"));
                        Ok(Code::Done)
                    }
                    None => Err(Failure::other(HaltFileError::NotHalted { path: path.to_path_buf() })),
                };
            }
            // Ours again, or a halt that nobody has looked at yet.
            CommandOutcome::HaltFileThere => latest_ns = given_ns,
            CommandOutcome::TooLate => {
                let text = format!("{name} stays halted: it took the command too late; resume again");
                return Err(Failure::other(text));
            }
            CommandOutcome::NotHanded => {
                let text =
                    format!("{name} was not resumed: its core takes no commands; resume again, or start it anew");
                return Err(Failure::other(text));
            }
            CommandOutcome::NewerHalt => {
                return Err(Failure::other(format!(
                    "{name} stays halted: trading was halted anew after this was given, by a limit, a signal, a command or \
                     its file; look at that, and resume again"
                )));
            }
            other => return Err(Failure::other(format!("{name} answered {other:?}: use the build that it runs"))),
        }
    }
    Err(Failure::other(format!("{} comes back: somebody halts trading; {name} stays halted", path.display())))
}

/// `given_ns`: when the resume was given, which is before it removed any file.
fn ask(engine: &Commander, reason: &str, given_ns: u64, name: &str) -> Result<Option<Answer>, Failure> {
    let reason = Reason::new(reason);
    let sent = engine.send(CommandKind::Resume, &reason, given_ns, LOCK_PATIENCE);
    let sent = sent.map_err(|e| Failure::other(format!("{name} could not be told and stays halted: {e}")))?;
    Ok(sent.answer(ANSWER_PATIENCE))
}
