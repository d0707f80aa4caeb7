//! A journal after every accident that a disk can have: nothing intact before the damage is lost, nothing is skipped
//! in silence, and nothing crashes.

use std::fs;
use std::path::Path;
use std::process::Command;

use crosstick_ipc::journal::format::{HEADER_BYTES, SEAL_BYTES, SessionId, segment_name};
use crosstick_ipc::journal::{Damage, Item, Journal, JournalError, Options, Writer, recover};
use proptest::prelude::*;

const SESSION: SessionId = SessionId(*b"a session's name");

fn options(segment_bytes: u64) -> Options {
    Options { session: SESSION, segment_bytes, now_ns: 1_000, durable: false }
}

/// What record `i` says: lengths from 0 to 90, every byte depending on `i`.
fn payload(i: u64) -> Vec<u8> {
    (0..i * 7 % 91).map(|k| (i * 31 + k * 17 + 1) as u8).collect()
}

fn kind(i: u64) -> u8 {
    (i % 254) as u8 + 1
}

/// A session of `count` records in segments of 4 KiB; `close`: ended in order.
fn written(dir: &Path, count: u64, close: bool) {
    let mut writer = Writer::create(dir, options(4096)).expect("a new session");
    for i in 0..count {
        writer.prepare().expect("room");
        writer.append(kind(i), i as u8, &payload(i), 1_000 + i).expect("room");
    }
    if close {
        writer.close().expect("sealed");
    }
}

/// Number, kind, flags and payload.
type Read = (u64, u8, u8, Vec<u8>);

/// Everything that reading comes to. Seals take numbers too, so the `i`-th record is found by counting.
fn read(dir: &Path) -> (Vec<Read>, Vec<Damage>) {
    let journal = Journal::open(dir).expect("opens");
    let (mut records, mut damage) = (Vec::new(), Vec::new());
    let mut reader = journal.records();
    while let Some(item) = reader.next().expect("readable files") {
        match item {
            Item::Record { seq, kind, flags, payload } => records.push((seq, kind, flags, payload.to_vec())),
            Item::Damage(d) => damage.push(d),
        }
    }
    (records, damage)
}

fn segments(dir: &Path) -> Vec<std::path::PathBuf> {
    (0..).map(|n| dir.join(segment_name(n))).take_while(|p| p.exists()).collect()
}

#[test]
fn what_was_written_is_read_closed_or_not() {
    for close in [true, false] {
        let dir = tempfile::tempdir().expect("a folder");
        written(dir.path(), 500, close);
        assert!(segments(dir.path()).len() > 4);
        let (records, damage) = read(dir.path());
        assert_eq!(damage, []);
        assert_eq!(records.len(), 500);
        for (i, (_, k, flags, p)) in (0..).zip(&records) {
            assert_eq!((*k, *flags, p.as_slice()), (kind(i), i as u8, payload(i).as_slice()));
        }
        assert!(records.is_sorted_by(|a, b| a.0 < b.0));
    }
}

#[test]
fn only_a_session_that_was_closed_reads_as_closed() {
    for (count, close) in [(500, true), (500, false), (1, true), (1, false)] {
        let dir = tempfile::tempdir().expect("a folder");
        written(dir.path(), count, close);
        let closed = || {
            let journal = Journal::open(dir.path()).expect("opens");
            let mut records = journal.records();
            assert!(!records.is_closed(), "nothing is read yet");
            while records.next_record().expect("readable").is_some() {}
            records.is_closed()
        };
        assert_eq!(closed(), close, "{count}");
        // Killed when the next file was prepared and the full one before it sealed.
        let next = segments(dir.path()).len() as u32;
        fs::write(dir.path().join(segment_name(next)), [0; 4096]).expect("written");
        assert!(!closed(), "{count}");
    }
}

#[test]
fn a_session_under_the_pen_says_so_and_is_not_mended() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut writer = Writer::create(dir.path(), options(4096)).expect("a new session");
    for i in 0..500 {
        writer.prepare().expect("room");
        writer.append(kind(i), 0, &payload(i), 1_000 + i).expect("room");
        assert!(Journal::open(dir.path()).expect("opens").is_being_written(), "at record {i}");
    }
    assert!(matches!(recover(dir.path()), Err(JournalError::Running { .. })));
    let journal = Journal::open(dir.path()).expect("opens");
    drop(writer);
    assert!(!journal.is_being_written());
    assert_eq!(recover(dir.path()).expect("nobody writes it").records, 500);
}

/// Not even where the disk has damaged the begin of the file that its writer is at: that and all else stays as it is.
#[test]
fn a_damaged_segment_under_the_pen_is_not_set_aside() {
    let dir = tempfile::tempdir().expect("a folder");
    written(dir.path(), 300, true);
    let paths = segments(dir.path());
    let (last, before) = (paths.last().expect("segments"), &paths[paths.len() - 2]);
    let mut torn = fs::read(before).expect("a segment");
    torn.truncate(torn.len() - SEAL_BYTES);
    torn.extend([7; 24]);
    fs::write(before, &torn).expect("written");
    let mut hurt = fs::read(last).expect("a segment");
    hurt[9] ^= 1;
    fs::write(last, &hurt).expect("written");
    let pen = fs::File::open(last).expect("a segment");
    pen.lock().expect("locked");
    assert!(matches!(recover(dir.path()), Err(JournalError::Running { .. })));
    assert!(last.exists() && fs::read(before).expect("a segment") == torn, "all is as it was");
    pen.unlock().expect("unlocked");
    let found = recover(dir.path()).expect("nobody writes it");
    assert_eq!((found.set_aside.len(), found.cut_bytes, last.exists()), (1, 24, false));
}

#[test]
fn a_journal_is_read_alike_by_another_hand() {
    let dir = tempfile::tempdir().expect("a folder");
    written(dir.path(), 300, true);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/read_journal.py");
    let output = Command::new("python3").arg(script).arg(dir.path()).output().expect("python3 runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines: Vec<String> = String::from_utf8(output.stdout).expect("UTF-8").lines().map(str::to_owned).collect();
    let (records, _) = read(dir.path());
    let ours: Vec<String> = records
        .iter()
        .map(|(seq, k, f, p)| {
            let hex: String = p.iter().map(|b| format!("{b:02x}")).collect();
            format!("{seq} {k} {f} {hex}")
        })
        .collect();
    assert_eq!(lines, ours);
}

#[test]
fn cut_at_every_byte_of_the_last_two_segments() {
    let whole = tempfile::tempdir().expect("a folder");
    written(whole.path(), 200, true);
    let (all, _) = read(whole.path());
    let files = segments(whole.path());
    let mut cuts = 0;
    for (back, file) in files.iter().rev().take(2).enumerate() {
        let bytes = fs::read(file).expect("readable");
        for cut in 0..bytes.len() {
            let dir = tempfile::tempdir().expect("a folder");
            // The segments behind a cut one are gone as well: a crash of the machine leaves a prefix.
            for other in &files[..files.len() - 1 - back] {
                fs::copy(other, dir.path().join(other.file_name().expect("a name"))).expect("copied");
            }
            let name = file.file_name().expect("a name");
            fs::write(dir.path().join(name), &bytes[..cut]).expect("written");
            let (records, damage) = read(dir.path());
            assert_eq!(records, all[..records.len()], "cut at {cut}: a record is not what was written");
            let expected = whole_records(&bytes[..cut]);
            let before: usize = files[..files.len() - 1 - back].iter().map(|f| count_in(f)).sum();
            assert_eq!(records.len(), before + expected, "cut at {cut} of {}", file.display());
            assert!(damage.len() <= 1, "{damage:?}");
            let recovery = recover(dir.path()).expect("recovers");
            assert_eq!(recovery.records as usize, records.len());
            let again = recover(dir.path()).expect("recovers again");
            let left: Vec<_> = again.damage.iter().filter(|d| !matches!(d, Damage::Lost { .. })).collect();
            assert!(left.is_empty(), "mended twice: {left:?}");
            cuts += 1;
        }
    }
    assert!(cuts > 4096);
}

/// Whole records in a segment's bytes, found by their lengths alone.
fn whole_records(bytes: &[u8]) -> usize {
    let (mut at, mut count) = (HEADER_BYTES, 0);
    while at + 8 <= bytes.len() && bytes[at + 6] != 0 {
        let length = usize::from(u16::from_le_bytes([bytes[at + 4], bytes[at + 5]]));
        let end = (at + 8 + length).next_multiple_of(8);
        if end > bytes.len() {
            break;
        }
        count += usize::from(bytes[at + 6] != 255);
        at = end;
    }
    if bytes.len() < HEADER_BYTES { 0 } else { count }
}

fn count_in(path: &Path) -> usize {
    whole_records(&fs::read(path).expect("readable"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn any_flipped_byte_is_found_and_costs_nothing_before_it(place in 0.0f64..1.0, flip in 1u8..=255, close: bool) {
        let dir = tempfile::tempdir().expect("a folder");
        written(dir.path(), 200, close);
        let (all, _) = read(dir.path());
        let files = segments(dir.path());
        let sizes: Vec<usize> = files.iter().map(|f| fs::metadata(f).expect("there").len() as usize).collect();
        let mut at = (place * sizes.iter().sum::<usize>() as f64) as usize;
        let file = sizes.iter().position(|s| if at < *s { true } else { at -= s; false }).expect("inside");
        let mut bytes = fs::read(&files[file]).expect("readable");
        let written_to = bytes.iter().rposition(|b| *b != 0).expect("a header");
        bytes[at] ^= flip;
        fs::write(&files[file], &bytes).expect("writable");
        let (records, damage) = read(dir.path());
        let before: usize = files[..file].iter().map(|f| count_in(f)).sum();
        let before = if at < HEADER_BYTES { before } else { before + whole_records(&bytes[..at]) };
        // Nothing before the damage is lost, nothing that is read was changed.
        prop_assert!(records.len() >= before.min(all.len()), "{} of {before}", records.len());
        prop_assert!(records.iter().all(|r| all.contains(r)));
        prop_assert!(records.is_sorted_by(|a, b| a.0 < b.0));
        // The damage is told, unless the byte lies behind the last record, where nothing was written.
        prop_assert!(!damage.is_empty(), "a flip at byte {at} of {} was not seen", files[file].display());
        // And every record is read or told lost, except where nothing intact behind the damage tells the number.
        let lost: Option<u64> = damage.iter().map(|d| match d { Damage::Lost { records, .. } => *records, _ => None }).sum();
        if let Some(lost) = lost && at <= written_to {
            let seals = files.len() as u64 - 1;
            let missing = (all.len() - records.len()) as u64;
            prop_assert!(lost >= missing && lost <= missing + seals, "{lost} told, {missing} missing");
        }
    }

    #[test]
    fn garbage_never_crashes_a_reader(garbage in proptest::collection::vec(any::<u8>(), 0..600), header: bool) {
        let dir = tempfile::tempdir().expect("a folder");
        written(dir.path(), 10, true);
        let path = dir.path().join(segment_name(0));
        let mut bytes = if header { fs::read(&path).expect("readable")[..HEADER_BYTES].to_vec() } else { Vec::new() };
        bytes.extend_from_slice(&garbage);
        fs::write(&path, bytes).expect("writable");
        let (records, damage) = read(dir.path());
        prop_assert!(records.is_empty());
        prop_assert!(!damage.is_empty() || garbage.iter().all(|b| *b == 0));
        recover(dir.path()).expect("recovers");
    }
}

#[test]
fn a_segment_that_is_gone_or_changed_places_is_told() {
    let dir = tempfile::tempdir().expect("a folder");
    written(dir.path(), 300, true);
    let (all, _) = read(dir.path());
    let files = segments(dir.path());
    fs::remove_file(&files[1]).expect("removed");
    let (records, damage) = read(dir.path());
    let [Damage::Lost { records: Some(lost), seq, .. }] = damage[..] else { panic!("{damage:?}") };
    assert_eq!(lost as usize, all.len() - records.len() + 1, "the seal counts");
    assert!(records.iter().all(|r| r.0 < seq || r.0 >= seq + lost));
    fs::rename(&files[3], &files[1]).expect("renamed");
    let (_, damage) = read(dir.path());
    assert!(damage.iter().any(|d| matches!(d, Damage::BadSegment { path, .. } if *path == files[1])), "{damage:?}");
    let recovery = recover(dir.path()).expect("recovers");
    assert_eq!(recovery.set_aside, [dir.path().join("000001.seg.bad")]);
    assert!(recovery.set_aside[0].exists() && !files[1].exists());
}

#[test]
fn reading_begins_near_a_number_or_a_time() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut writer = Writer::create(dir.path(), options(1 << 20)).expect("a new session");
    for i in 0..40_000u64 {
        writer.append(1, 0, &payload(i), 1_000 + i).expect("room");
    }
    writer.close().expect("sealed");
    let journal = Journal::open(dir.path()).expect("opens");
    for seq in [0, 1, 5_000, 20_000, 39_999] {
        let first = journal.records_near(seq).next_record().expect("readable").expect("a record");
        assert!(first.seq <= seq && seq - first.seq < 4_000, "{} for {seq}", first.seq);
        let first = journal.records_near_time(1_000 + seq).next_record().expect("readable").expect("a record");
        assert!(first.seq <= seq && seq - first.seq < 4_000, "{} for the time of {seq}", first.seq);
    }
    // Without its index a segment is read from its begin.
    fs::write(dir.path().join("000000.idx"), b"no index").expect("written");
    let first = journal.records_near(5_000).next_record().expect("readable").expect("a record");
    assert_eq!(first.seq, 0);
}

#[test]
fn other_formats_and_other_folders_are_refused_in_words() {
    let dir = tempfile::tempdir().expect("a folder");
    assert!(matches!(Journal::open(dir.path()), Err(JournalError::NotAJournal { .. })));
    assert!(matches!(Journal::open(&dir.path().join("none")), Err(JournalError::Missing { .. })));
    written(dir.path(), 3, true);
    assert!(matches!(Writer::create(dir.path(), options(4096)), Err(JournalError::Exists { .. })));
    let path = dir.path().join(segment_name(0));
    let mut bytes = fs::read(&path).expect("readable");
    bytes[8] = 9;
    let sum = crc32c::crc32c(&bytes[..60]);
    bytes[60..64].copy_from_slice(&sum.to_le_bytes());
    fs::write(&path, bytes).expect("writable");
    let error = Journal::open(dir.path()).expect_err("a format of the future");
    assert!(error.to_string().contains("format 9, this build reads formats 1 to 1"), "{error}");
    let other = tempfile::tempdir().expect("a folder");
    let error = Writer::create(other.path(), options(100)).expect_err("too small");
    assert!(error.to_string().contains("segment_kib"), "{error}");
    let mut writer = Writer::create(other.path(), options(4096)).expect("a new session");
    assert!(matches!(writer.append(1, 0, &[0; 5000], 0), Err(JournalError::TooLong { .. })));
}

#[test]
fn a_folder_that_goes_away_is_an_error_and_the_session_goes_on_when_it_is_back() {
    let dir = tempfile::tempdir().expect("a folder");
    let (home, away) = (dir.path().join("session"), dir.path().join("away"));
    let mut writer = Writer::create(&home, options(4096)).expect("a new session");
    fs::rename(&home, &away).expect("moved");
    let mut written = 0u64;
    let error = loop {
        match writer.append(kind(written), 0, &payload(written), written) {
            Ok(_) => written += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, JournalError::Gone { .. }), "{error}");
    assert!(written > 10);
    fs::rename(&away, &home).expect("moved back");
    writer.append(kind(written), 0, &payload(written), written).expect("room again");
    writer.close().expect("sealed");
    let (records, damage) = read(&home);
    assert_eq!((records.len() as u64, damage.len()), (written + 1, 0));
}
