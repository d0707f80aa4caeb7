//! The main thread's part: keeps halts over a restart, watches the halt file, lets a resume through. Cold.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use crosstick_feeds::PollWaker;
use crosstick_ipc::control::{Called, ControlMain};
use crosstick_ipc::{Owner, State};
use crosstick_model::{CommandKind, CommandOutcome, CommandSource, Reason};
use crosstick_ring::Waker;
use crosstick_ring::spsc::Producer;

use super::inlet::{Handed, SIGNAL_REASON};
use super::news::{News, NewsReader};
use crate::clock::{WallClock, system_ns};
use crate::run::status_line::StatusLine;
use crate::state::halt::{self, Halt, HaltFileError, OPERATOR};

/// A resume that is older was told to have failed: its commander waits five seconds for an answer.
const RESUME_AGE_MAX_NS: u64 = 4_000_000_000;

/// Keeps a halt by signal that no core thread took, because it came before one ran or after it had ended; says whether
/// there was one.
///
/// # Errors
/// When it cannot be kept.
pub fn keep_untaken(signal: &AtomicBool, path: &Path) -> Result<bool, HaltFileError> {
    if !signal.load(Ordering::Relaxed) {
        return Ok(false);
    }
    let (code, reason) = (OPERATOR.into(), SIGNAL_REASON.into());
    let halt = Halt { code, reason, at_ns: system_ns(), pid: std::process::id() };
    if halt::keep(path, &halt)? {
        halt::note_halt(path, &halt)?;
    }
    tracing::error!("trading is halted for the next start: {}: {}", halt.code, halt.reason);
    Ok(true)
}

/// How the core thread is woken, by where it waits.
pub enum CoreWaker {
    /// It waits for its rings.
    Rings(Waker),
    /// It waits for its sockets.
    Sockets(PollWaker),
}

impl CoreWaker {
    fn wake(&self) {
        match self {
            Self::Rings(waker) => waker.wake(),
            Self::Sockets(waker) => waker.wake(),
        }
    }
}

/// A halt on its way to disk.
struct Keeping {
    halt: Halt,
    sentence: String,
    /// It is in the halt file, or an earlier one is.
    kept: bool,
    /// It is in the log of halts.
    noted: bool,
    /// It was told, and how that went.
    told: bool,
}

/// Everything that the main thread does about halts.
pub struct Keeper {
    path: PathBuf,
    news: NewsReader,
    seen: u64,
    control: ControlMain,
    clock: WallClock,
    to_core: Producer<Handed>,
    waker: CoreWaker,
    current: Option<Keeping>,
    /// Commands handed to the core so far.
    handed: u64,
    /// Of those, how many it has taken.
    taken: u64,
    /// Resumes that it has told of.
    resumes: u64,
    /// Resumes that it has told it refused.
    refused: u64,
    /// The last one handed on was a resume: nothing is kept until the core has taken it.
    resuming: bool,
}

impl Keeper {
    /// `to_core` and `waker` lead to the core thread's inlet; `clock` is the core thread's.
    #[must_use]
    pub fn new(
        path: &Path,
        news: NewsReader,
        control: ControlMain,
        clock: WallClock,
        to_core: Producer<Handed>,
        waker: CoreWaker,
    ) -> Self {
        let path = path.to_path_buf();
        let (current, resuming) = (None, false);
        let (handed, taken, resumes, refused) = (0, 0, 0, 0);
        let seen = 0;
        Self { path, news, seen, control, clock, to_core, waker, current, handed, taken, resumes, refused, resuming }
    }

    /// One look at everything; whatever cannot be done now is tried again at the next.
    pub fn turn(&mut self, owner: &mut Owner, status: &StatusLine) {
        if let Some(news) = self.news.newer_than(self.seen) {
            self.seen = news.number;
            self.take(&news, owner, status);
        }
        // Before the halt is kept: a resume that came meanwhile has done away with its file.
        if let Some(called) = self.control.take().filter(|c| c.kind == Some(CommandKind::Resume)) {
            self.resume(&called);
        }
        self.keep(status);
        self.watch_file();
    }

    /// Whether trading is halted, as far as the core has told.
    #[must_use]
    pub const fn is_halted(&self) -> bool {
        self.current.is_some()
    }

    fn take(&mut self, news: &News, owner: &mut Owner, status: &StatusLine) {
        self.taken = news.handed;
        self.resuming &= self.handed > self.taken;
        if news.refused > self.refused {
            self.refused = news.refused;
            self.keep_anew(news.at_ns);
        }
        if news.resumes > self.resumes {
            self.resumes = news.resumes;
            self.current = None;
            owner.set_state(State::Running);
            status.clear();
            tracing::warn!("trading was resumed by command: {}", news.reason);
        }
        let Some(code) = news.halted.filter(|_| self.current.is_none()) else { return };
        owner.set_state(State::Halted);
        let reason = match news.source {
            Some(source) if news.reason.is_empty() => format!("by {}", source.name()),
            Some(_) => news.reason.text().to_owned(),
            None => code.sentence().to_owned(),
        };
        let by = news.source.map_or(String::new(), |source| format!(" by {}", source.name()));
        let sentence = format!("trading is halted{by}: {}: {reason}", code.code());
        let halt = Halt { code: code.code().into(), reason, at_ns: news.at_ns, pid: std::process::id() };
        self.current = Some(Keeping { halt, sentence, kept: false, noted: false, told: false });
    }

    /// The file first: it is what counts after a crash. Told once, kept trying.
    fn keep(&mut self, status: &StatusLine) {
        if self.resuming {
            return;
        }
        let Some(keeping) = &mut self.current else { return };
        if keeping.kept && keeping.noted {
            return;
        }
        let mut failed = None;
        if !keeping.kept {
            match halt::keep(&self.path, &keeping.halt) {
                Ok(_) => keeping.kept = true,
                Err(error) => failed = Some(format!("the halt cannot be kept for the next start, trying on: {error}")),
            }
        }
        if !keeping.noted {
            match halt::note_halt(&self.path, &keeping.halt) {
                Ok(()) => keeping.noted = true,
                Err(error) => {
                    failed.get_or_insert_with(|| format!("the log of halts cannot be written, trying on: {error}"));
                }
            }
        }
        if !std::mem::replace(&mut keeping.told, true) {
            status.clear();
            tracing::error!("{}", keeping.sentence);
            if let Some(failed) = failed {
                tracing::error!("{failed}");
            }
        }
    }

    /// A resume was not taken whose commander had removed the file: the halt that stays is kept anew, as of
    /// `halted_ns`.
    fn keep_anew(&mut self, halted_ns: u64) {
        let Some(keeping) = self.current.as_mut().filter(|_| !halt::is_there(&self.path)) else { return };
        keeping.halt.at_ns = keeping.halt.at_ns.max(halted_ns);
        (keeping.kept, keeping.noted, keeping.told) = (false, false, false);
    }

    /// Hands the core a halt when somebody made the halt file.
    pub fn watch_file(&mut self) {
        if self.current.is_some() || self.handed > self.taken || !halt::is_there(&self.path) {
            return;
        }
        let reason = match halt::read(&self.path) {
            Ok(Some(halt)) => Reason::new(&halt.reason),
            // It went again before it could be read.
            Ok(None) => return,
            Err(error) => Reason::new(&error.to_string()),
        };
        self.hand(CommandKind::Halt, CommandSource::File, reason, (0, 0));
    }

    fn resume(&mut self, called: &Called) {
        // Ours first: what passes between the two makes the resume look older, never newer.
        let clock_ns = self.clock.now_ns();
        let now_ns = system_ns();
        let refused = if now_ns.abs_diff(called.sent_ns) > RESUME_AGE_MAX_NS {
            self.keep_anew(0);
            CommandOutcome::TooLate
        } else if halt::is_there(&self.path) {
            CommandOutcome::HaltFileThere
        } else {
            // The commander reads the system's clock, the core thread its own: what both know is how long ago it was.
            let given_ns = clock_ns.saturating_sub(now_ns.saturating_sub(called.sent_ns));
            let (kind, source) = (CommandKind::Resume, CommandSource::Control);
            self.resuming = self.hand(kind, source, called.reason, (called.number, given_ns));
            if self.resuming {
                return;
            }
            // Earlier ones may still wait for the core, their commanders without an answer: the file halts again what
            // they resume.
            self.keep_anew(0);
            CommandOutcome::NotHanded
        };
        self.control.refuse(called.number, refused);
    }

    /// `false` when the core takes nothing any more, or has not taken what waits for it.
    fn hand(&mut self, kind: CommandKind, source: CommandSource, reason: Reason, of: (u64, u64)) -> bool {
        let (number, given_ns) = of;
        let pushed = self.to_core.push(Handed { kind, source, reason, number, by_main: true, given_ns }).is_ok();
        self.handed += u64::from(pushed);
        self.waker.wake();
        pushed
    }
}
