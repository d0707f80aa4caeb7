//! What the core thread's inlet does with commands that it sees together.

use crate::support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crosstick_engine::clock::WallClock;
use crosstick_engine::config::Overrides;
use crosstick_engine::driver::PaperDriver;
use crosstick_engine::run::halting::{Handed, Inlet, NewsReader, channel};
use crosstick_engine::setup;
use crosstick_ipc::Place;
use crosstick_ipc::control::{Control, ControlMain};
use crosstick_model::{Command, CommandKind, CommandSource, DenyCode, Reason, Tick, VenueId};
use crosstick_ring::spsc;
use crosstick_strategy::Spread;
use support::demo;

/// An inlet with its other ends.
struct Rig {
    driver: PaperDriver<Spread>,
    clock: WallClock,
    signal: Arc<AtomicBool>,
    hand: spsc::Producer<Handed>,
    news: NewsReader,
    inlet: Inlet,
    _main: ControlMain,
    _dir: tempfile::TempDir,
}

fn rig() -> Rig {
    let (config, universe) = demo::load(&demo::config_text(), &Overrides::none());
    let driver = setup::paper_driver(&config, &universe).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let clock = WallClock::anchored_now();
    let place = Place::in_dir(dir.path(), "region").unwrap();
    let control = Control::create(&place, &dir.path().join("halt"), clock.now_ns()).unwrap();
    let signal = Arc::new(AtomicBool::new(false));
    let (hand, handed) = spsc::ring(16);
    let (tell, news) = channel();
    let inlet = Inlet::new(control.core, Arc::clone(&signal), handed, tell);
    Rig { driver, clock, signal, hand, news, inlet, _main: control.main, _dir: dir }
}

fn resume(given_ns: u64) -> Handed {
    let (kind, source, reason) = (CommandKind::Resume, CommandSource::Control, Reason::new("looked at"));
    Handed { kind, source, reason, number: 0, by_main: true, given_ns }
}

/// A pair that cannot be closed, say: what the risk gate halts for by itself. Told as the core thread tells it.
fn breach(rig: &mut Rig) -> u64 {
    let tick = Tick::line_state(VenueId(0), 0, true, rig.clock.now_ns());
    rig.driver.take(&tick, &mut ());
    let command = Command {
        at_ns: rig.driver.halt_ns(0),
        kind: CommandKind::Halt,
        source: CommandSource::Journal,
        reason: Reason::NONE,
    };
    rig.driver.command(&command, &mut ());
    let found_ns = rig.clock.now_ns();
    rig.inlet.breached(tick.recv_ns, found_ns, DenyCode::DailyLoss);
    found_ns
}

#[test]
fn a_resume_that_was_given_before_a_limit_halted_does_not_end_that() {
    let mut rig = rig();
    let found_ns = breach(&mut rig);
    // Given a quarter of a millisecond before the breach was found, taken after it.
    rig.hand.push(resume(found_ns - 250_000)).unwrap();
    rig.inlet.obey(&mut rig.driver, &rig.clock, &mut ());
    assert!(rig.driver.core().risk().halted().is_some(), "nobody can have looked at that halt");
    let news = rig.news.newer_than(0).unwrap();
    assert_eq!((news.resumes, news.handed, news.source), (0, 1, None));
    // Given after it, it is meant.
    rig.hand.push(resume(found_ns + 1)).unwrap();
    rig.inlet.obey(&mut rig.driver, &rig.clock, &mut ());
    assert_eq!(rig.driver.core().risk().halted(), None);
    assert_eq!(rig.news.newer_than(0).map(|n| (n.resumes, n.handed)), Some((1, 2)));
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
