//! What the core thread's inlet does with commands that it sees together.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crosstick_engine::clock::WallClock;
use crosstick_engine::config::Overrides;
use crosstick_engine::run::halting::{Handed, Inlet, channel};
use crosstick_engine::setup;
use crosstick_ipc::Place;
use crosstick_ipc::control::Control;
use crosstick_model::{CommandKind, CommandSource, DenyCode, Reason};
use crosstick_ring::spsc;
use support::demo;

#[test]
fn a_halt_outlasts_a_resume_that_is_seen_with_it() {
    let (config, universe) = demo::load(&demo::config_text(), &Overrides::none());
    let mut driver = setup::paper_driver(&config, &universe).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let clock = WallClock::anchored_now();
    let place = Place::in_dir(dir.path(), "region").unwrap();
    let control = Control::create(&place, &dir.path().join("halt"), clock.now_ns()).unwrap();
    let signal = Arc::new(AtomicBool::new(false));
    let (mut hand, handed) = spsc::ring(16);
    let (tell, news) = channel();
    let mut inlet = Inlet::new(control.core, Arc::clone(&signal), handed, tell);
    assert!(!inlet.is_called());

    signal.store(true, Ordering::Relaxed);
    assert!(inlet.is_called());
    inlet.obey(&mut driver, &clock, &mut ());
    assert_eq!(driver.core().risk().halted().map(|halt| halt.code), Some(DenyCode::Operator));

    let (kind, source, reason) = (CommandKind::Resume, CommandSource::Control, Reason::new("looked at"));
    hand.push(Handed { kind, source, reason, number: 0, by_main: true }).unwrap();
    signal.store(true, Ordering::Relaxed);
    inlet.obey(&mut driver, &clock, &mut ());
    assert!(!inlet.is_called());
    assert_eq!(driver.core().risk().halted().map(|halt| halt.code), Some(DenyCode::Operator), "the halt is what lasts");
    let news = news.newer_than(0).unwrap();
    assert_eq!((news.resumes, news.handed, news.halted), (1, 1, Some(DenyCode::Operator)));
    assert_eq!(news.source, Some(CommandSource::Signal));
}
