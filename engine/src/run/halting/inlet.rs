//! HOT: core thread. Where commands reach the core thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crosstick_feeds::Clock;
use crosstick_ipc::control::{AnswerRow, ControlCore};
use crosstick_model::{Command, CommandKind, CommandOutcome, CommandSource, DenyCode, Reason};
use crosstick_ring::spsc::Consumer;
use crosstick_strategy::Spread;

use super::news::NewsWriter;
use crate::driver::{Listener, PaperDriver};

/// Why a signal halts: it says nothing itself.
pub(super) const SIGNAL_REASON: &str = "signal SIGUSR1";

/// A command on its way to the core.
#[derive(Debug, Clone, Copy)]
pub struct Handed {
    /// What.
    pub kind: CommandKind,
    /// By which way it came.
    pub source: CommandSource,
    /// Why.
    pub reason: Reason,
    /// Number of the control region's command that it is; 0: none.
    pub number: u64,
    /// The main thread handed it on.
    pub by_main: bool,
    /// When a resume was given, by the engine's clock, ns since the epoch; a halt counts whenever it was given.
    pub given_ns: u64,
}

/// The newest halt, also one that found trading halted.
struct Newest {
    /// When the core thread took or found it, by its clock, ns since the epoch.
    found_ns: u64,
    /// By which way it came; `None`: a limit halted.
    source: Option<CommandSource>,
    reason: Reason,
}

impl Newest {
    const fn by_limit(found_ns: u64) -> Self {
        Self { found_ns, source: None, reason: Reason::NONE }
    }
}

/// The three places that the core thread looks at.
pub struct Inlet {
    control: ControlCore,
    signal: Arc<AtomicBool>,
    main: Consumer<Handed>,
    news: NewsWriter,
    halt: Newest,
}

impl Inlet {
    /// `signal` is raised by the handler of SIGUSR1; `main` is where the main thread hands commands on.
    #[must_use]
    pub fn new(control: ControlCore, signal: Arc<AtomicBool>, main: Consumer<Handed>, news: NewsWriter) -> Self {
        Self { control, signal, main, news, halt: Newest::by_limit(0) }
    }

    /// Whether somebody may have commanded something: three loads, no more.
    #[inline(always)]
    #[must_use]
    pub fn is_called(&self) -> bool {
        self.control.is_called() | self.signal.load(Ordering::Relaxed) | !self.main.is_empty()
    }

    /// Gives the core what was commanded, and the commander his answer. Resumes come first: of a resume and a halt that
    /// are seen together, nobody knows the order, and the halt is what lasts.
    #[cold]
    pub fn obey(&mut self, driver: &mut PaperDriver<Spread>, clock: &impl Clock, listener: &mut impl Listener) {
        while let Some(handed) = self.main.pop() {
            self.give(&handed, driver, clock, listener);
        }
        if self.signal.swap(false, Ordering::Relaxed) {
            let reason = Reason::new(SIGNAL_REASON);
            let source = CommandSource::Signal;
            let kind = CommandKind::Halt;
            let signal = Handed { kind, source, reason, number: 0, by_main: false, given_ns: 0 };
            self.give(&signal, driver, clock, listener);
        }
        if let Some(called) = self.control.take() {
            match called.kind {
                Some(kind @ CommandKind::Halt) => {
                    let (source, reason, number) = (CommandSource::Control, called.reason, called.number);
                    let handed = Handed { kind, source, reason, number, by_main: false, given_ns: 0 };
                    self.give(&handed, driver, clock, listener);
                }
                // The main thread takes it, looks at the halt file, and hands it on.
                Some(CommandKind::Resume) => {}
                None => self.answer(called.number, CommandOutcome::Unknown, clock.now_ns(), driver),
            }
        }
    }

    /// The journal cannot show what comes from here on: trading ends, the process lives.
    #[cold]
    pub fn halt_for_journal(
        &mut self,
        why: &str,
        driver: &mut PaperDriver<Spread>,
        clock: &impl Clock,
        listener: &mut impl Listener,
    ) {
        let (kind, source, reason) = (CommandKind::Halt, CommandSource::Journal, Reason::new(why));
        let handed = Handed { kind, source, reason, number: 0, by_main: false, given_ns: 0 };
        self.give(&handed, driver, clock, listener);
    }

    fn give(
        &mut self,
        handed: &Handed,
        driver: &mut PaperDriver<Spread>,
        clock: &impl Clock,
        listener: &mut impl Listener,
    ) {
        let Handed { kind, source, reason, number, .. } = *handed;
        let now_ns = clock.now_ns();
        let at_ns = match kind {
            // Before whatever the clock has made due meanwhile.
            CommandKind::Halt => driver.halt_ns(now_ns),
            CommandKind::Resume => {
                if self.refuses(handed, now_ns, driver, listener) {
                    return;
                }
                now_ns
            }
        };
        let outcome = driver.command(&Command { at_ns, kind, source, reason }, listener);
        if kind == CommandKind::Halt {
            self.halt = Newest { found_ns: now_ns, source: Some(source), reason };
        }
        if number != 0 {
            self.answer(number, outcome, now_ns, driver);
        }
        let halted = driver.core().risk().halted().map(|halt| halt.code);
        self.news.obeyed(now_ns, handed, outcome, halted);
    }

    /// Whether a resume is not the core's to take: who gave it cannot have seen the halt that stands. What is due comes
    /// before it, and with that perhaps such a halt.
    fn refuses(
        &mut self,
        resume: &Handed,
        now_ns: u64,
        driver: &mut PaperDriver<Spread>,
        listener: &mut impl Listener,
    ) -> bool {
        let stood = driver.core().risk().halted().is_some();
        driver.wake_until(driver.core().now_ns().max(now_ns), listener);
        let Some(standing) = driver.core().risk().halted() else { return false };
        if !stood {
            self.halt = Newest::by_limit(now_ns);
        } else if resume.given_ns > self.halt.found_ns {
            return false;
        }
        if resume.number != 0 {
            self.answer(resume.number, CommandOutcome::NewerHalt, now_ns, driver);
        }
        let Newest { found_ns, source, reason } = &self.halt;
        self.news.refused(*found_ns, standing.code, *source, reason);
        true
    }

    fn answer(&mut self, number: u64, outcome: CommandOutcome, taken_ns: u64, driver: &PaperDriver<Spread>) {
        self.control.answer(&AnswerRow {
            command: number,
            taken_ns,
            outcome: outcome as u64,
            orders_sent: driver.order_counts().sent,
            orders_open: driver.open_orders() as u64,
        });
    }

    /// A limit halted trading at core time `at_ns`; the core thread found it at `found_ns` by its clock. A resume that
    /// was given before that does not end it.
    #[cold]
    pub fn breached(&mut self, at_ns: u64, found_ns: u64, code: DenyCode) {
        // It is told when nothing else is taken: a command may have halted since.
        if found_ns > self.halt.found_ns {
            self.halt = Newest::by_limit(found_ns);
        }
        self.news.breached(at_ns, code);
    }
}
