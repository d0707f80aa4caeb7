//! Where a journal ends before its run did: what it holds is compared and hashed, and nothing beyond that is.

use crate::run::Rig;
use crate::support;

use std::fs;
use std::path::{Path, PathBuf};

use crosstick_engine::journal::entry::{CORE_PAYLOAD_MAX, Entry, kind};
use crosstick_engine::journal::verify::{Verified, verify};
use crosstick_ipc::journal::format::{SegmentHeader, segment_name};
use crosstick_ipc::journal::{Journal, Options, OwnedRecord, Writer};
use support::journalled::{START_NS, journalled};

/// How a run left its journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// In order.
    Closed,
    /// As `kill -9` does.
    Killed,
}

/// A run: its folder, records and hash.
fn run(home: &Path) -> (PathBuf, Vec<OwnedRecord>, String) {
    let (dir, hash, end) = journalled(home, 20_000, 64 << 20);
    assert_eq!((end.lost, end.trouble), (0, None));
    let journal = Journal::open(&dir).unwrap();
    let (mut read, mut records) = (journal.records(), Vec::new());
    while let Some(record) = read.next_record().unwrap() {
        records.push(record);
    }
    (dir.clone(), records, hash)
}

/// A journal of these records, beside the one in `like`.
fn write(like: &Path, records: &[OwnedRecord], end: End) -> PathBuf {
    let header = SegmentHeader::from_bytes(&fs::read(like.join(segment_name(0))).unwrap()).unwrap();
    let dir = like.with_file_name("written");
    let _ = fs::remove_dir_all(&dir);
    let options = Options { session: header.session, segment_bytes: 8 << 20, now_ns: START_NS, durable: false };
    let mut writer = Writer::create(&dir, options).unwrap();
    for record in records {
        writer.append(record.kind, record.flags, &record.payload, START_NS).unwrap();
    }
    if end == End::Closed {
        writer.close().unwrap();
    }
    dir
}

fn record(entry: &Entry<'_>) -> OwnedRecord {
    let mut payload = [0; CORE_PAYLOAD_MAX];
    let length = entry.write(&mut payload);
    OwnedRecord { seq: 0, kind: entry.kind(), flags: 0, payload: payload[..length].to_vec() }
}

fn check(dir: &Path) -> Verified {
    verify(dir, &mut |_| ()).unwrap()
}

/// The hash of the decisions among the records.
fn hash(records: &[OwnedRecord]) -> String {
    let mut hasher = blake3::Hasher::new();
    for decision in records.iter().filter(|r| r.kind == kind::DECISION) {
        hasher.update(&decision.payload);
    }
    hasher.finalize().to_hex().to_string()
}

/// How many of the first records a cut leaves that takes decisions off the input before it: all of them, and all but
/// one where it led to more.
fn cuts(records: &[OwnedRecord]) -> Vec<usize> {
    let decides = |i: usize| records[i].kind != kind::DECISION && records[i + 1].kind == kind::DECISION;
    let places: Vec<usize> = (0..records.len() - 1).filter(|i| decides(*i)).collect();
    let mut cuts = Vec::new();
    for at in places.iter().step_by(places.len() / 12) {
        cuts.push(at + 1);
        if records.get(at + 2).is_some_and(|r| r.kind == kind::DECISION) {
            cuts.push(at + 2);
        }
    }
    assert!(cuts.len() > 12, "{cuts:?}");
    cuts
}

/// Decisions that the input before the cut led to, and that are behind it.
fn beyond(records: &[OwnedRecord], cut: usize) -> u64 {
    records[cut..].iter().take_while(|r| r.kind == kind::DECISION).count() as u64
}

#[test]
fn decisions_that_found_no_room_are_no_difference() {
    let home = tempfile::tempdir().unwrap();
    let (dir, records, _) = run(home.path());
    for cut in cuts(&records) {
        let mut cut_off = records[..cut].to_vec();
        cut_off.push(record(&Entry::Lost(17)));
        let verified = check(&write(&dir, &cut_off, End::Closed));
        assert_eq!((&verified.difference, verified.lost, verified.complete), (&None, 17, false), "cut at {cut}");
        assert!(!verified.is_identical());
        assert_eq!((verified.hash, verified.unrecorded), (hash(&cut_off), beyond(&records, cut)), "cut at {cut}");
    }
}

#[test]
fn nothing_stands_behind_the_entry_that_says_what_was_lost() {
    let home = tempfile::tempdir().unwrap();
    let (dir, records, _) = run(home.path());
    let cut = cuts(&records)[4];
    // With all that its last input led to.
    let cut = cut + beyond(&records, cut) as usize;
    let found = |of: u8| records[cut..].iter().find(|r| r.kind == of).cloned().unwrap();
    let state = record(&Entry::State { inputs: 1, decisions: 1, hash: [0; 32] });
    let clock = record(&Entry::Clock { at_ns: START_NS });
    let unknown = OwnedRecord { seq: 0, kind: 77, flags: 0, payload: vec![] };
    let lost = || record(&Entry::Lost(3));
    let others = [records[0].clone(), found(kind::TICK), found(kind::DECISION), found(kind::FINISH)];
    for (behind, name) in others
        .into_iter()
        .chain([state, clock, unknown, lost()])
        .zip(["session", "tick", "decision", "finish", "state", "clock", "unknown", "lost"])
    {
        let mut all = records[..cut].to_vec();
        all.extend([lost(), behind]);
        let verified = check(&write(&dir, &all, End::Closed));
        let difference = verified.difference.unwrap_or_else(|| panic!("a {name} passes"));
        assert_eq!(difference.seq, cut as u64 + 1, "{difference:?}");
        assert!(difference.journalled.contains(name) && difference.journalled.contains("lost"), "{difference:?}");
    }
}

#[test]
fn the_hash_is_of_the_decisions_that_the_journal_holds() {
    let home = tempfile::tempdir().unwrap();
    let (dir, records, whole) = run(home.path());
    for cut in cuts(&records) {
        let verified = check(&write(&dir, &records[..cut], End::Killed));
        assert_eq!((&verified.difference, verified.complete), (&None, false), "cut at {cut}");
        assert!(verified.is_identical() && verified.damage.is_empty());
        let held = records[..cut].iter().filter(|r| r.kind == kind::DECISION).count() as u64;
        assert_eq!((verified.decisions, verified.hash), (held, hash(&records[..cut])), "cut at {cut}");
        assert_eq!(verified.unrecorded, beyond(&records, cut), "cut at {cut}");
    }
    let verified = check(&write(&dir, &records, End::Closed));
    assert!(verified.is_identical() && verified.complete && verified.unrecorded == 0, "{verified:?}");
    assert_eq!((&verified.hash, whole), (&hash(&records), verified.hash.clone()));
}

/// The last input that was taken has its decisions in the ring, where the end of input found no room.
#[test]
fn an_end_of_input_that_was_lost_is_no_end() {
    let home = tempfile::tempdir().unwrap();
    let (dir, records, whole) = run(home.path());
    let mut all = records;
    all.push(record(&Entry::Lost(1)));
    let verified = check(&write(&dir, &all, End::Closed));
    assert_eq!((verified.difference, verified.lost, verified.complete), (None, 1, false));
    assert_eq!((verified.hash, verified.unrecorded), (whole, 0));
}

#[test]
fn what_ends_early_is_told_as_identical_up_to_there() {
    let rig = Rig::new();
    let (dir, records, whole) = run(&rig.path("home"));
    let cut = cuts(&records)[2];
    let (left, held) = (beyond(&records, cut), hash(&records[..cut]));
    let mut cut_off = records[..cut].to_vec();
    let missing = format!("not in it: {left} decisions");
    for code in [0, 1] {
        let written = write(&dir, &cut_off, End::Killed);
        let said = rig.run(["replay", "--journal", written.to_str().unwrap(), "--verify"]).expect(code);
        for words in ["identical up to there: ", &missing, &held] {
            assert!(said.out.contains(words), "{words:?} is not in\n{}", said.out);
        }
        assert_eq!(said.out.contains("still running, or its disk"), code == 0, "{}", said.out);
        assert_eq!(said.out.contains("could not write 9 entries"), code == 1, "{}", said.out);
        cut_off.push(record(&Entry::Lost(9)));
    }
    let written = write(&dir, &records, End::Closed);
    let said = rig.run(["replay", "--journal", written.to_str().unwrap(), "--verify"]).expect(0);
    assert!(said.out.starts_with("identical: ") && said.out.contains(&whole), "{}", said.out);
    assert!(!said.out.contains("not in it"), "{}", said.out);
}
