//! Journals that are not what they should be, and questions that have no answer: each is told in words, and what can be
//! read is read.

use crate::run as support;

use std::fs;
use std::path::{Path, PathBuf};

use crosstick_engine::journal::session::{self, SessionError};
use crosstick_engine::journal::verify::verify;
use crosstick_ipc::journal::format::{SegmentHeader, segment_name};
use crosstick_ipc::journal::{Damage, Journal, JournalError};
use support::{Rig, report};

/// A demo of two seconds with a journal in `journal`, in segments of 64 KiB.
fn run(rig: &Rig) -> PathBuf {
    let mut command = rig.command(["run", "--duration", "2500ms", "--report", "r.json"]);
    command.env("CROSSTICK_JOURNAL__DIR", rig.path("journal")).env("CROSSTICK_JOURNAL__SEGMENT_KIB", "64");
    rig.start(command).finish().expect(0);
    session::find(&rig.path("journal")).expect("a session")
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder").flatten() {
        fs::copy(entry.path(), to.join(entry.file_name())).expect("copied");
    }
}

fn edit(path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(path).expect("readable");
    change(&mut bytes);
    fs::write(path, bytes).expect("writable");
}

#[test]
fn what_is_damaged_costs_what_follows_it_and_what_is_not_there_is_told() {
    let rig = Rig::new();
    let dir = run(&rig);
    let segments = Journal::open(&dir).expect("opens").segments().len();
    assert!(segments >= 2, "{segments}");
    let whole = verify(&dir, &mut |_| ()).expect("a session");
    assert!(whole.is_identical() && whole.complete, "{whole:?}");

    // A later segment's header: everything before it is run again.
    let hurt = rig.path("hurt/session");
    copy(&dir, &hurt);
    edit(&hurt.join(segment_name(1)), |bytes| bytes[30] ^= 1);
    let verified = verify(&hurt, &mut |_| ()).expect("what comes before can be read");
    assert!(matches!(verified.damage[..], [Damage::BadSegment { .. }, ..]), "{:?}", verified.damage);
    assert!(verified.difference.is_none() && !verified.complete, "{verified:?}");
    let before = Journal::open(&dir).expect("opens").segments()[1].header.first_seq;
    assert!(verified.inputs > before / 2 && verified.inputs < whole.inputs, "{} of {before}", verified.inputs);
    let said = rig.run(["replay", "--journal", "hurt", "--verify"]).expect(1);
    assert!(said.out.contains("its header is damaged") && said.out.contains("identical up to there"), "{}", said.out);
    let listed = rig.run(["journal", "ls", "hurt"]).expect(0);
    assert!(listed.out.lines().nth(1).is_some_and(|l| l.ends_with("damaged")), "{}", listed.out);

    // The newest session is of a format that this build does not read: an older one is not taken in its place.
    let newer = rig.path("journal/99990101T000000.000Z-1");
    copy(&dir, &newer);
    edit(&newer.join(segment_name(0)), |bytes| {
        let header = SegmentHeader { version: 77, ..SegmentHeader::from_bytes(bytes).expect("a header") };
        bytes[..64].copy_from_slice(&header.to_bytes());
    });
    let found = session::find(&rig.path("journal")).expect("a session");
    assert_eq!(found, newer);
    let refused = session::read(&found);
    let Err(SessionError::Journal(JournalError::Version { found: 77, .. })) = refused else { panic!("{refused:?}") };
    rig.run(["replay", "--journal", "journal", "--verify"]).fails(2, &["has journal format 77"]);
    let listed = rig.run(["journal", "ls", "journal"]).expect(0);
    assert!(listed.out.contains("cannot be read: ") && listed.out.contains("format 77"), "{}", listed.out);
    fs::remove_dir_all(&newer).expect("removed");

    // Things among the sessions that are none, and a folder that begins as one.
    for junk in ["empty", "no-session"] {
        fs::create_dir(rig.path("journal").join(junk)).expect("a folder");
    }
    rig.write("journal/file", "x");
    rig.write("journal/no-session/000000.seg", "not a segment");
    std::os::unix::fs::symlink("nowhere", rig.path("journal/link")).expect("a link");
    let listed = rig.run(["journal", "ls", "journal"]).expect(0);
    assert_eq!(listed.out.lines().count(), 3, "{}", listed.out);
    assert!(listed.out.contains("complete") && listed.out.contains("begin is damaged"), "{}", listed.out);

    questions_without_an_answer(&rig, &dir);
    a_session_that_is_being_written(&rig, &dir);
}

/// What is half written is no damage while somebody writes.
fn a_session_that_is_being_written(rig: &Rig, dir: &Path) {
    let (_, session) = session::read(dir).expect("a session");
    let writer = session.begin(&rig.path("live"), 1 << 16, false).expect("a new session");
    let listed = |word: &str| {
        let listed = rig.run(["journal", "ls", "live"]).expect(0);
        assert!(listed.out.lines().nth(1).is_some_and(|l| l.ends_with(word)), "{word}: {}", listed.out);
    };
    listed("  running");
    let segment = writer.dir().join(segment_name(0));
    let file = fs::OpenOptions::new().write(true).open(segment).expect("the segment");
    std::os::unix::fs::FileExt::write_all_at(&file, b"half of a record", (1 << 16) - 64).expect("written");
    drop(file);
    listed("  running");
    let stat = rig.run(["journal", "stat", "live"]).expect(0);
    assert!(stat.out.contains(": running") && !stat.out.contains("damaged"), "{}", stat.out);
    rig.run(["journal", "recover", "live"]).fails(1, &["is still being written"]);
    drop(writer);
    listed("  damaged");
    rig.run(["journal", "recover", "live"]).expect(0);
    listed("  open");
}

fn questions_without_an_answer(rig: &Rig, dir: &Path) {
    let dir = dir.to_str().expect("UTF-8");
    let largest = u64::MAX.to_string();
    for (question, words) in [
        (["--opportunity", "0"], "holds no opportunity 0"),
        (["--opportunity", &largest], "holds no opportunity"),
        (["--at", "0"], "begins after that time"),
        (["--at", "2500-01-01T00:00:00Z"], "ends before that time"),
    ] {
        rig.run(["explain", "--journal", dir].into_iter().chain(question)).fails(2, &[words]);
    }
    for record in ["0", &largest] {
        rig.run(["explain", "--journal", dir, record]).fails(2, &["is about no opportunity"]);
    }
    // A file in place of a folder.
    for arguments in [
        &["explain", "--journal", "r.json", "1"][..],
        &["journal", "ls", "r.json"],
        &["journal", "stat", "r.json"],
        &["journal", "cat", "r.json"],
        &["journal", "recover", "r.json"],
        &["replay", "--journal", "r.json", "--verify"],
        &["replay", "--journal", "r.json"],
        &["bundle", "r.json", "b.xtb"],
    ] {
        rig.run(arguments.iter().copied()).fails(2, &["r.json is no folder"]);
    }
    assert!(!rig.path("b.xtb").exists());
    assert_eq!(rig.run(["journal", "cat", dir, "--from", &largest]).expect(0).out, "");
}

#[test]
fn two_engines_keep_their_sessions_apart_in_one_folder() {
    let rig = Rig::new();
    let start = |number: u32| {
        let report = format!("r{number}.json");
        let mut command = rig.command(["run", "--duration", "2500ms", "--report", &report]);
        command
            .env("CROSSTICK_ENGINE__SHM", format!("{}.{number}", rig.shm))
            .env("CROSSTICK_JOURNAL__DIR", rig.path("journal"))
            .env("CROSSTICK_JOURNAL__SEGMENT_KIB", "64");
        rig.start(command)
    };
    let both = [start(1), start(2)];
    for run in both {
        run.finish().expect(0);
    }
    let mut hashes: Vec<String> = session::all(&rig.path("journal"))
        .expect("sessions")
        .iter()
        .map(|dir| {
            let verified = verify(dir, &mut |_| ()).expect("a session");
            assert!(verified.is_identical() && verified.complete, "{verified:?}");
            verified.hash
        })
        .collect();
    let mut reported: Vec<String> = [1, 2]
        .map(|n| report(&rig.path(&format!("r{n}.json")))["decisions_hash"].as_str().expect("a hash").to_owned())
        .to_vec();
    hashes.sort();
    reported.sort();
    assert_eq!(hashes, reported);
}
