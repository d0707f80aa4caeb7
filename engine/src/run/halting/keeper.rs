//! The main thread's part: keeps halts over a restart, watches the halt file, lets a resume through. Cold.

use std::path::{Path, PathBuf};

use crosstick_ipc::control::{Called, ControlMain};
use crosstick_ipc::{Owner, State};
use crosstick_model::{CommandKind, CommandOutcome, CommandSource, Reason};
use crosstick_ring::Waker;
use crosstick_ring::spsc::Producer;

use super::inlet::Handed;
use super::news::{News, NewsReader};
use crate::clock::system_ns;
use crate::run::status_line::StatusLine;
use crate::state::halt::{self, Halt};

/// A resume that is older was told to have failed: its commander waits five seconds for an answer.
const RESUME_AGE_MAX_NS: u64 = 4_000_000_000;

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
    to_core: Producer<Handed>,
    waker: Waker,
    current: Option<Keeping>,
    /// Commands handed to the core so far.
    handed: u64,
    /// Of those, how many it has taken.
    taken: u64,
    /// Resumes that it has told of.
    resumes: u64,
    /// The last one handed on was a resume: nothing is kept until the core has taken it.
    resuming: bool,
}

impl Keeper {
    /// `to_core` and `waker` lead to the core thread's inlet.
    #[must_use]
    pub fn new(path: &Path, news: NewsReader, control: ControlMain, to_core: Producer<Handed>, waker: Waker) -> Self {
        let path = path.to_path_buf();
        let (current, resuming) = (None, false);
        Self { path, news, seen: 0, control, to_core, waker, current, handed: 0, taken: 0, resumes: 0, resuming }
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

    fn watch_file(&mut self) {
        if self.current.is_some() || self.handed > self.taken || !halt::is_there(&self.path) {
            return;
        }
        let reason = match halt::read(&self.path) {
            Ok(Some(halt)) => Reason::new(&halt.reason),
            // It went again before it could be read.
            Ok(None) => return,
            Err(error) => Reason::new(&error.to_string()),
        };
        self.hand(CommandKind::Halt, CommandSource::File, reason, 0);
    }

    fn resume(&mut self, called: &Called) {
        let refused = if system_ns().abs_diff(called.sent_ns) > RESUME_AGE_MAX_NS {
            CommandOutcome::TooLate
        } else if halt::is_there(&self.path) {
            CommandOutcome::HaltFileThere
        } else {
            self.resuming = self.hand(CommandKind::Resume, CommandSource::Control, called.reason, called.number);
            return;
        };
        self.control.refuse(called.number, refused);
    }

    /// `false` when the core takes nothing any more.
    fn hand(&mut self, kind: CommandKind, source: CommandSource, reason: Reason, number: u64) -> bool {
        let pushed = self.to_core.push(Handed { kind, source, reason, number, by_main: true }).is_ok();
        self.handed += u64::from(pushed);
        self.waker.wake();
        pushed
    }
}
