//! Journals that builds of the past wrote, kept as they were: this build opens them and comes to the same decisions.
//!
//! `fixtures/journal-1` was written by the last build whose entries were of format 1, `fixtures/journal-2` by one of
//! format 2: 1,200 ticks of the demo, driven as below. When the format changes, the test that is ignored here writes
//! the present one before: `CROSSTICK_FIXTURE=DIR cargo test -p crosstick-engine --test journal fixtures -- --ignored`.

use crate::support;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crosstick_engine::config::{Fsync, Overrides};
use crosstick_engine::journal::entry::{FORMAT, OLDEST_FORMAT, kind};
use crosstick_engine::journal::scribe;
use crosstick_engine::journal::session::{self, Session};
use crosstick_engine::journal::thread::JournalThread;
use crosstick_engine::journal::verify::verify;
use crosstick_engine::journal::whatif::whatif;
use crosstick_engine::setup;
use crosstick_ipc::journal::Journal;
use crosstick_model::{Command, CommandKind, CommandSource, Reason};
use support::demo;

const START_NS: u64 = 1_754_000_000_000_000_000;
const TICKS: usize = 1_200;
/// What the session's decisions hash to, whatever the entries' format.
const HASH: &str = "2bbd1ae92e9cb68271401122629442af1a3ef1f17967fa2f99fc6aab922db313";

fn fixture(format: u32) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/journal-{format}"))
}

#[test]
fn every_format_that_is_read_has_its_fixture_and_verifies() {
    assert_eq!((OLDEST_FORMAT, FORMAT), (1, 2), "a format without a fixture");
    for format in OLDEST_FORMAT..=FORMAT {
        let (journal, session) = session::read(&fixture(format)).unwrap();
        assert_eq!((session.format, session.host.as_str(), journal.segments().len()), (format, "fixture", 1));
        let verified = verify(&fixture(format), &mut |_| ()).unwrap();
        assert!(verified.is_identical() && verified.complete, "format {format}: {verified:?}");
        assert_eq!((verified.hash.as_str(), verified.states), (HASH, 3), "format {format}");
        let kinds = kinds(&journal);
        let clocks = kinds[usize::from(kind::CLOCK)];
        assert_eq!(clocks > 0, format >= 2, "format {format}: {clocks} clock entries");
        let of = |kind: u8| kinds[usize::from(kind)];
        assert_eq!((of(kind::TICK), of(kind::COMMAND), of(kind::FINISH)), (TICKS as u64, 2, 1), "format {format}");
        assert_eq!([of(kind::REPORT), of(kind::TIMER), of(kind::DECISION)], COUNTS, "format {format}");
        assert_eq!(verified.inputs, kinds[2..6].iter().sum::<u64>() + 1, "ticks, reports, timers, commands, the end");
        assert_eq!(verified.decisions, of(kind::DECISION));
    }
}

/// Reports, timers, decisions.
const COUNTS: [u64; 3] = [12, 0, 23];

#[test]
fn a_counterfactual_says_of_format_1_what_it_cannot_know() {
    for format in OLDEST_FORMAT..=FORMAT {
        let result = whatif(&fixture(format), &Overrides::none(), &mut |_| ()).unwrap();
        assert_eq!(result.has_clock, format >= 2);
        assert_eq!(result.recorded.hash, HASH);
        assert!(result.complete && result.damage.is_empty());
    }
}

fn kinds(journal: &Journal) -> Vec<u64> {
    let (mut records, mut kinds) = (journal.records(), vec![0; 256]);
    while let Some(record) = records.next_record().unwrap() {
        kinds[usize::from(record.kind)] += 1;
    }
    kinds
}

#[test]
#[ignore = "writes a fixture of the present format"]
fn write() {
    let home = PathBuf::from(std::env::var_os("CROSSTICK_FIXTURE").expect("CROSSTICK_FIXTURE: a folder"));
    let overrides = Overrides::none().flag("fixture", &["engine", "state_dir"], "/var/lib/crosstick");
    let (config, universe) = demo::load(&demo::config_text(), &overrides);
    let mut driver = setup::paper_driver(&config, &universe).unwrap();
    let described = Session::new(&config, &Default::default(), START_NS);
    let writer = Session { host: "fixture".into(), pid: 1, ..described }.begin(&home, 1 << 20, false).unwrap();
    let (mut scribe, ring, shared) = scribe::scribe(1 << 16);
    let thread = JournalThread { writer, ring, shared, fsync: Fsync::None, trouble: Arc::default() }.start().unwrap();
    for (i, tick) in demo::ticks(1, START_NS, TICKS).iter().enumerate() {
        driver.take(tick, &mut scribe);
        if i % 11 == 5 {
            driver.wake_until(tick.recv_ns + 3_000_000, &mut scribe);
        }
        let kind = match i {
            800 => Some(CommandKind::Halt),
            850 => Some(CommandKind::Resume),
            _ => None,
        };
        if let Some(kind) = kind {
            let (source, reason) = (CommandSource::Control, Reason::new("kept for builds to come"));
            driver.command(&Command { at_ns: tick.recv_ns, kind, source, reason }, &mut scribe);
        }
        if i % 400 == 399 {
            scribe.state(driver.core().state_hash());
        }
    }
    driver.wake_until(START_NS + 20_000_000_000, &mut scribe);
    driver.finish(&mut scribe);
    drop(scribe);
    let end = thread.join().unwrap();
    assert_eq!((end.lost, end.trouble), (0, None));
    println!("hash {}", driver.core().hash().hex());
}
