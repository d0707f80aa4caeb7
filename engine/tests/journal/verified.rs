//! A journalled run is run again from its journal alone, and any change of it is found.

use crate::support;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use crosstick_engine::config::{Fsync, Overrides};
use crosstick_engine::journal::entry::kind;
use crosstick_engine::journal::scribe;
use crosstick_engine::journal::session::{self, Session};
use crosstick_engine::journal::thread::JournalThread;
use crosstick_engine::journal::verify::{Verified, verify};
use crosstick_engine::setup;
use crosstick_ipc::journal::format::{HEADER_BYTES, SessionId, Sums, record_bytes};
use crosstick_ipc::journal::{Damage, Item, Journal};
use support::demo;
use support::journalled::{START_NS, journalled};

fn check(dir: &Path) -> Verified {
    verify(dir, &mut |_| ()).unwrap()
}

#[test]
fn a_run_is_identical_when_run_again_from_its_journal_alone() {
    let home = tempfile::tempdir().unwrap();
    let (dir, hash, end) = journalled(home.path(), 150_000, 1 << 20);
    assert_eq!((end.lost, &end.trouble), (0, &None));
    assert_eq!(session::find(home.path()).unwrap(), dir);
    let verified = check(&dir);
    assert!(verified.is_identical() && verified.complete, "{verified:?}");
    assert_eq!(verified.hash, hash);
    assert!(verified.inputs > 150_000 && verified.states >= 2 && verified.decisions > 1_000, "{verified:?}");
    let kinds = kinds(&dir);
    for (kind, least) in [(kind::TICK, 150_000), (kind::REPORT, 100), (kind::TIMER, 1), (kind::COMMAND, 2)] {
        assert!(kinds[usize::from(kind)] >= least, "{kind}: {:?}", &kinds[..11]);
    }
    assert!(Journal::open(&dir).unwrap().segments().len() > 5);
}

fn kinds(dir: &Path) -> Vec<u64> {
    let journal = Journal::open(dir).unwrap();
    let mut records = journal.records();
    let mut kinds = vec![0; 256];
    while let Some(record) = records.next_record().unwrap() {
        kinds[usize::from(record.kind)] += 1;
    }
    kinds
}

#[test]
fn a_flipped_byte_is_found_and_a_mended_one_is_the_first_difference() {
    let home = tempfile::tempdir().unwrap();
    let (dir, _, _) = journalled(home.path(), 30_000, 64 << 20);
    let path = dir.join("000000.seg");
    let whole = fs::read(&path).unwrap();
    let session: [u8; 16] = whole[16..32].try_into().unwrap();
    let sums = Sums::new(SessionId(session));
    // Quotes that an opportunity began with: their prices and sizes are in a decision.
    let mut found = 0;
    for (seq, at) in quotes_that_decide(&dir).into_iter().step_by(7) {
        let mut seen = false;
        // Any byte of the tick's prices and sizes, or of its time.
        for byte in [0, 1, 9, 16, 25, 32, 35] {
            let mut bytes = whole.clone();
            bytes[at + 8 + byte] ^= 0x10;
            fs::write(&path, &bytes).unwrap();
            let verified = check(&dir);
            let [Damage::Lost { records: Some(1), seq: lost, .. }] = verified.damage[..] else {
                panic!("{:?}", verified.damage)
            };
            assert_eq!((lost, verified.difference), (seq, None));

            let length = usize::from(u16::from_le_bytes([bytes[at + 4], bytes[at + 5]]));
            let sum = sums.sum(seq, bytes[at + 6], bytes[at + 7], &bytes[at + 8..at + 8 + length]);
            bytes[at..at + 4].copy_from_slice(&sum.to_le_bytes());
            fs::write(&path, &bytes).unwrap();
            let verified = check(&dir);
            assert_eq!(verified.damage, []);
            // What no decision was made of makes no difference: the other side's price, a size beyond the limits.
            if let Some(difference) = verified.difference {
                assert!(difference.seq > seq && difference.journalled != difference.replayed, "{difference:?}");
                found += 1;
                seen = true;
            }
        }
        assert!(seen, "no change of record {seq} made a difference");
    }
    assert!(found > 20, "{found}");
}

/// Number and place of each tick that is followed by a decision.
fn quotes_that_decide(dir: &Path) -> Vec<(u64, usize)> {
    let journal = Journal::open(dir).unwrap();
    let mut records = journal.records();
    let (mut at, mut before, mut list) = (HEADER_BYTES, None, Vec::new());
    while let Some(Item::Record { seq, kind, payload, .. }) = records.next().unwrap() {
        let here = at;
        at += record_bytes(payload.len());
        match (kind, before) {
            (kind::TICK, _) => before = (payload[54] == 0).then_some((seq, here)),
            (kind::DECISION, Some(tick)) => {
                // An opportunity that begins carries the quote's price.
                if payload[0] == 1 {
                    list.push(tick);
                }
                before = None;
            }
            _ => before = None,
        }
    }
    list
}

#[test]
fn a_journal_that_ends_anywhere_is_identical_up_to_there() {
    let home = tempfile::tempdir().unwrap();
    let (dir, _, _) = journalled(home.path(), 5_000, 64 << 20);
    let path = dir.join("000000.seg");
    let whole = fs::read(&path).unwrap();
    let full = check(&dir);
    for part in 1..=16 {
        fs::write(&path, &whole[..whole.len() * part / 16]).unwrap();
        let verified = check(&dir);
        assert_eq!(verified.difference, None, "cut at {part}/16");
        assert!(verified.inputs <= full.inputs && verified.complete == (part == 16), "{verified:?}");
        assert!(part < 8 || verified.inputs > full.inputs / 4, "{verified:?}");
    }
}

/// A run that is killed, or whose disk is full, may leave an input and nothing of what it led to.
#[test]
fn a_journal_that_ends_between_an_input_and_its_decisions_is_identical_up_to_there() {
    let home = tempfile::tempdir().unwrap();
    let (dir, _, _) = journalled(home.path(), 5_000, 64 << 20);
    let path = dir.join("000000.seg");
    let whole = fs::read(&path).unwrap();
    for (seq, at) in quotes_that_decide(&dir) {
        let length = usize::from(u16::from_le_bytes([whole[at + 4], whole[at + 5]]));
        // As a segment is before it is written: nothing behind.
        let mut bytes = whole.clone();
        bytes[at + record_bytes(length)..].fill(0);
        fs::write(&path, &bytes).unwrap();
        let verified = check(&dir);
        assert_eq!((verified.difference, &verified.damage[..]), (None, &[][..]), "cut behind record {seq}");
        assert!(!verified.complete && verified.inputs > 0);
        fs::write(&path, &whole).unwrap();
    }
}

#[test]
fn a_journal_that_falls_behind_says_so_and_ends_without_a_hole() {
    let (config, universe) = demo::load(&demo::config_text(), &Overrides::none());
    let mut driver = setup::paper_driver(&config, &universe).unwrap();
    let home = tempfile::tempdir().unwrap();
    let session = Session::new(&config, &Default::default(), START_NS);
    let writer = session.begin(home.path(), 1 << 20, false).unwrap();
    let dir = writer.dir().to_path_buf();
    let (mut scribe, ring, shared) = scribe::scribe(1024);
    // Nobody empties the ring: the disk has stopped.
    let mut troubled_at = None;
    for (i, tick) in demo::ticks(1, START_NS, 5_000).iter().enumerate() {
        driver.take(tick, &mut scribe);
        if scribe.trouble().is_some() {
            troubled_at.get_or_insert(i);
        }
    }
    driver.finish(&mut scribe);
    let at = troubled_at.expect("it falls behind");
    assert!((500..1_100).contains(&at), "told after {at} ticks, with half of the ring left");
    drop(scribe);
    let thread = JournalThread { writer, ring, shared, fsync: Fsync::Order, trouble: Arc::default() };
    let end = thread.start().unwrap().join().unwrap();
    assert!(end.lost > 2_000 && end.trouble.is_none(), "{end:?}");
    let verified = check(&dir);
    assert_eq!((verified.difference, verified.damage, verified.lost), (None, vec![], end.lost));
    assert!(verified.inputs > 1_500 && !verified.complete);
}

#[test]
fn sessions_that_cannot_be_replayed_are_refused_in_words() {
    let home = tempfile::tempdir().unwrap();
    let text = |dir: &Path| verify(dir, &mut |_| ()).unwrap_err().to_string();
    assert!(session::find(home.path()).unwrap_err().to_string().contains("holds no session"));
    assert!(text(home.path()).contains("holds no journal"));
    let (dir, _, _) = journalled(home.path(), 1_000, 64 << 20);
    let path = dir.join("000000.seg");
    let mut bytes = fs::read(&path).unwrap();
    bytes[HEADER_BYTES + 20] ^= 1;
    fs::write(&path, &bytes).unwrap();
    assert!(text(&dir).contains("begin is damaged"), "{}", text(&dir));
}
