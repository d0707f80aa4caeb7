//! What the core thread's inlet and the main thread's keeper do with commands that cross each other or a breach.

use crate::flow;
use crate::support;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crosstick_engine::clock::{WallClock, system_ns};
use crosstick_engine::config::Overrides;
use crosstick_engine::driver::{Listener, PaperDriver};
use crosstick_engine::run::halting::{CoreWaker, Handed, Inlet, Keeper, NewsReader, channel};
use crosstick_engine::run::status_line::StatusLine;
use crosstick_engine::setup;
use crosstick_engine::state::halt;
use crosstick_ipc::control::{Commander, Control, ControlMain};
use crosstick_ipc::{Owner, Place, Reader, Shape, Writer};
use crosstick_model::{CommandKind, CommandOutcome, CommandSource, DenyCode, Reason, Tick};
use crosstick_ring::{WaitPolicy, spsc, wait};
use crosstick_strategy::Spread;
use support::demo;

const S: u64 = 1_000_000_000;
/// Commands that may wait for the core.
const ROOM: usize = 16;
/// Bounds every wait.
const PATIENCE: Duration = Duration::from_secs(30);

/// An inlet with its other ends.
struct Rig {
    driver: PaperDriver<Spread>,
    clock: WallClock,
    signal: Arc<AtomicBool>,
    hand: spsc::Producer<Handed>,
    news: NewsReader,
    inlet: Inlet,
    ticks: Vec<Tick>,
    place: Place,
    halt_file: PathBuf,
    main: ControlMain,
    owner: Owner,
    _dir: tempfile::TempDir,
}

/// A core that any loss halts.
fn rig() -> Rig {
    let overrides = Overrides::none().flag("test", &["risk", "max_drawdown"], "0.01");
    let (config, universe) = demo::load(&demo::config_text(), &overrides);
    let driver = setup::paper_driver(&config, &universe).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let clock = WallClock::anchored_now();
    let place = Place::in_dir(dir.path(), "region").unwrap();
    let Writer { owner, .. } = Writer::create(&place, &Shape::of(&universe)).unwrap_or_else(|e| panic!("{e}"));
    let halt_file = dir.path().join("halt");
    let Control { core, main } = Control::create(&place, &halt_file, clock.now_ns()).unwrap();
    let signal = Arc::new(AtomicBool::new(false));
    let (hand, handed) = spsc::ring(ROOM);
    let (tell, news) = channel();
    let inlet = Inlet::new(core, Arc::clone(&signal), handed, tell);
    let ticks = flow::ticks(&universe, 3, 60_000);
    Rig { driver, clock, signal, hand, news, inlet, ticks, place, halt_file, main, owner, _dir: dir }
}

impl Rig {
    fn obey(&mut self) {
        self.inlet.obey(&mut self.driver, &self.clock, &mut ());
    }

    fn code(&self) -> Option<DenyCode> {
        self.driver.core().risk().halted().map(|halt| halt.code)
    }

    /// Takes ticks until orders are on their way, none of which the venue has answered.
    fn send_orders(&mut self) {
        for tick in &self.ticks {
            self.driver.take(tick, &mut ());
            if self.driver.open_orders() > 0 {
                break;
            }
        }
        assert!(self.driver.open_orders() > 0 && self.code().is_none());
    }
}

fn resume(given_ns: u64) -> Handed {
    let (kind, source, reason) = (CommandKind::Resume, CommandSource::Control, Reason::new("looked at"));
    Handed { kind, source, reason, number: 0, by_main: true, given_ns }
}

/// What a core tells of a halt: core time and code.
#[derive(Default)]
struct Halted(Option<(u64, DenyCode)>);

impl Listener for Halted {
    fn halted(&mut self, now_ns: u64, code: DenyCode) {
        self.0 = Some((now_ns, code));
    }
}

/// Fills cost more than may be lost. Found in an idle turn, and told as the core thread tells it; returns when.
fn breach(rig: &mut Rig) -> u64 {
    rig.send_orders();
    let mut told = Halted::default();
    rig.driver.wake_until(rig.driver.core().now_ns() + S, &mut told);
    let (at_ns, code) = told.0.expect("a limit was breached");
    let found_ns = rig.clock.now_ns();
    rig.inlet.breached(at_ns, found_ns, code);
    found_ns
}

#[test]
fn a_resume_that_was_given_before_a_limit_halted_does_not_end_that() {
    let mut rig = rig();
    let found_ns = breach(&mut rig);
    assert_eq!(rig.code(), Some(DenyCode::Drawdown));
    // Given a quarter of a millisecond before the breach was found, taken after it.
    rig.hand.push(resume(found_ns - 250_000)).unwrap();
    rig.obey();
    assert!(rig.driver.core().risk().halted().is_some(), "nobody can have looked at that halt");
    let news = rig.news.newer_than(0).unwrap();
    assert_eq!((news.resumes, news.handed, news.source), (0, 1, None));
    assert_eq!((news.refused, news.halted), (1, Some(DenyCode::Drawdown)));
    // Given after it, it is meant.
    rig.hand.push(resume(found_ns + 1)).unwrap();
    rig.obey();
    assert_eq!(rig.driver.core().risk().halted(), None);
    assert_eq!(rig.news.newer_than(0).map(|n| (n.resumes, n.handed, n.refused)), Some((1, 2, 1)));
}

/// Nor one by a signal, the first and any later one.
#[test]
fn a_resume_that_was_given_before_a_signal_does_not_end_that_halt() {
    let mut rig = rig();
    for refused in 1..=2 {
        let given_ns = rig.clock.now_ns();
        rig.signal.store(true, Ordering::Relaxed);
        rig.obey();
        rig.hand.push(resume(given_ns)).unwrap();
        rig.obey();
        assert_eq!(rig.code(), Some(DenyCode::Operator), "halted after the resume was given");
        let news = rig.news.newer_than(0).unwrap();
        assert_eq!((news.resumes, news.refused, news.halted), (0, refused, Some(DenyCode::Operator)));
        assert_eq!((news.source, news.reason.text()), (Some(CommandSource::Signal), "signal SIGUSR1"));
    }
    rig.hand.push(resume(rig.clock.now_ns())).unwrap();
    rig.obey();
    assert_eq!(rig.code(), None);
}

/// What is due before a resume is done before it, and may halt: that halt is newer than any resume.
#[test]
fn a_resume_does_not_end_a_halt_that_it_finds_itself() {
    let mut rig = rig();
    rig.send_orders();
    // The clock is far beyond the fills, which nobody has looked for yet.
    rig.hand.push(resume(u64::MAX)).unwrap();
    rig.obey();
    assert_eq!(rig.code(), Some(DenyCode::Drawdown));
    let news = rig.news.newer_than(0).unwrap();
    assert_eq!((news.resumes, news.refused, news.handed, news.source), (0, 1, 1, None));
    rig.hand.push(resume(u64::MAX)).unwrap();
    rig.obey();
    assert_eq!(rig.code(), None, "this one was given when trading was halted");
}

/// Whoever resumes removes the halt file first. Where the core refuses, the halt must outlast the process all the same.
#[test]
fn a_halt_that_outlasts_a_resume_has_its_file_again() {
    let Rig { mut driver, clock, signal, hand, news, mut inlet, place, halt_file, main, mut owner, _dir, .. } = rig();
    let (_waiter, waker) = wait::pair(WaitPolicy::Spin, false);
    let mut keeper = Keeper::new(&halt_file, news, main, clock.clone(), hand, CoreWaker::Rings(waker));
    let status = StatusLine::new(Reader::open(&place).unwrap(), "USDT".to_owned());
    let commander = Commander::open(&place).unwrap();
    let mut halt_by_signal = || {
        signal.store(true, Ordering::Relaxed);
        inlet.obey(&mut driver, &clock, &mut ());
    };
    halt_by_signal();
    keeper.turn(&mut owner, &status);
    assert!(halt::is_there(&halt_file));

    // Given before the second signal.
    let given_ns = system_ns() - S / 20;
    halt::resume(&halt_file, "it was a drill", given_ns, u64::MAX).unwrap();
    halt_by_signal();
    let reason = Reason::new("it was a drill");
    for (sent_ns, outcome) in [
        (given_ns, CommandOutcome::NewerHalt),
        (given_ns - 10 * S, CommandOutcome::TooLate),
        // As late as can be.
        (system_ns() + S, CommandOutcome::Resumed),
    ] {
        if halt::is_there(&halt_file) {
            halt::resume(&halt_file, "it was a drill", sent_ns, u64::MAX).unwrap();
        }
        let sent = commander.send(CommandKind::Resume, &reason, sent_ns, PATIENCE).unwrap();
        keeper.turn(&mut owner, &status);
        inlet.obey(&mut driver, &clock, &mut ());
        assert_eq!(sent.answer(PATIENCE).map(|answer| answer.outcome), Some(outcome));
        keeper.turn(&mut owner, &status);
        let halted = outcome != CommandOutcome::Resumed;
        assert_eq!((halt::is_there(&halt_file), keeper.is_halted()), (halted, halted), "{outcome:?}");
    }
    let log = std::fs::read_to_string(halt_file.with_file_name(halt::LOG_NAME)).unwrap();
    let events = |event: &str| log.lines().filter(|line| line.contains(&format!("\"event\":\"{event}\""))).count();
    assert_eq!((events("halt"), events("resume")), (3, 3), "{log}");
}

/// The core takes nothing: resumes wait for it until there is no room for another. Who gives that one is told so, and
/// what the earlier ones did away with is there again, whatever comes of them.
#[test]
fn a_resume_that_cannot_be_handed_on_is_answered_and_the_halt_has_its_file_again() {
    let Rig { mut driver, clock, signal, hand, news, mut inlet, place, halt_file, main, mut owner, _dir, .. } = rig();
    let (_waiter, waker) = wait::pair(WaitPolicy::Spin, false);
    let mut keeper = Keeper::new(&halt_file, news, main, clock.clone(), hand, CoreWaker::Rings(waker));
    let status = StatusLine::new(Reader::open(&place).unwrap(), "USDT".to_owned());
    let commander = Commander::open(&place).unwrap();
    let reason = Reason::new("it was a drill");
    signal.store(true, Ordering::Relaxed);
    inlet.obey(&mut driver, &clock, &mut ());
    keeper.turn(&mut owner, &status);

    halt::resume(&halt_file, "it was a drill", system_ns(), u64::MAX).unwrap();
    for _ in 0..ROOM {
        let sent = commander.send(CommandKind::Resume, &reason, system_ns(), PATIENCE).unwrap();
        keeper.turn(&mut owner, &status);
        assert_eq!((sent.answer(Duration::ZERO), halt::is_there(&halt_file)), (None, false), "the core is to answer");
    }
    let sent = commander.send(CommandKind::Resume, &reason, system_ns(), PATIENCE).unwrap();
    keeper.turn(&mut owner, &status);
    let outcome = sent.answer(PATIENCE / 10).map(|answer| answer.outcome);
    assert_eq!((outcome, halt::is_there(&halt_file)), (Some(CommandOutcome::NotHanded), true));
    drop(sent);

    // The core takes them after all: the file halts again what they resume.
    for _ in 0..2 {
        inlet.obey(&mut driver, &clock, &mut ());
        keeper.turn(&mut owner, &status);
    }
    let halted = driver.core().risk().halted().map(|halt| halt.code);
    assert_eq!((halted, keeper.is_halted(), halt::is_there(&halt_file)), (Some(DenyCode::Operator), true, true));

    halt::resume(&halt_file, "it was a drill", system_ns(), u64::MAX).unwrap();
    let sent = commander.send(CommandKind::Resume, &reason, system_ns(), PATIENCE).unwrap();
    keeper.turn(&mut owner, &status);
    inlet.obey(&mut driver, &clock, &mut ());
    assert_eq!(sent.answer(PATIENCE).map(|answer| answer.outcome), Some(CommandOutcome::Resumed));
    keeper.turn(&mut owner, &status);
    assert!(!halt::is_there(&halt_file) && !keeper.is_halted());
}

#[test]
fn a_halt_outlasts_a_resume_that_is_seen_with_it() {
    let mut rig = rig();
    let Rig { driver, clock, signal, hand, news, inlet, .. } = &mut rig;
    assert!(!inlet.is_called());

    signal.store(true, Ordering::Relaxed);
    assert!(inlet.is_called());
    inlet.obey(driver, clock, &mut ());
    assert_eq!(driver.core().risk().halted().map(|halt| halt.code), Some(DenyCode::Operator));

    hand.push(resume(clock.now_ns())).unwrap();
    signal.store(true, Ordering::Relaxed);
    inlet.obey(driver, clock, &mut ());
    assert!(!inlet.is_called());
    assert_eq!(driver.core().risk().halted().map(|halt| halt.code), Some(DenyCode::Operator), "the halt is what lasts");
    let news = news.newer_than(0).unwrap();
    assert_eq!((news.resumes, news.handed, news.halted), (1, 1, Some(DenyCode::Operator)));
    assert_eq!(news.source, Some(CommandSource::Signal));
}
