//! The interleavings of a history's writer and readers, within loom's memory model.
//!
//! One slot is the hardest ring: every record overwrites the one before it. Two words a record and one or two records
//! beyond the first are the least that can show a torn record or one of another number.
#![cfg(loom)]

use crosstick_ring::history::{Cursor, Look, Reader, ring};
use loom::model::Builder;
use loom::thread;

fn bounded(preemptions: usize) -> Builder {
    let mut model = Builder::new();
    model.preemption_bound = Some(preemptions);
    model
}

/// Record `n` of every ring here.
fn record(n: u64) -> [u64; 2] {
    [n + 10, n + 10]
}

/// Looks at record `n`; one that is there is whole and no other.
fn look(reader: &Reader<[u64; 2]>, n: u64) -> Look<[u64; 2]> {
    let seen = reader.read(n);
    if let Look::Record(value) = seen {
        assert_eq!(value, record(n), "torn, or another record");
    }
    seen
}

#[test]
fn a_record_that_is_overwritten_meanwhile_is_whole_or_lapped() {
    loom::model(|| {
        let (mut writer, reader) = ring::<[u64; 2]>(1);
        writer.push(&record(0));
        let writing = thread::spawn(move || {
            writer.push(&record(1));
        });
        assert_ne!(look(&reader, 0), Look::NotYet, "it was written before");
        writing.join().unwrap();
        assert_eq!((look(&reader, 0), look(&reader, 1)), (Look::Lapped, Look::Record(record(1))));
    });
}

#[test]
fn who_sees_the_count_finds_the_record_or_a_later_one() {
    bounded(5).check(|| {
        let (mut writer, reader) = ring::<[u64; 2]>(1);
        let writing = thread::spawn(move || {
            writer.push(&record(0));
            writer.push(&record(1));
        });
        let next = reader.next();
        assert!(next <= 2);
        if next > 0 {
            assert_ne!(look(&reader, next - 1), Look::NotYet, "{next} records were written");
        }
        writing.join().unwrap();
    });
}

#[test]
fn a_follower_sees_each_record_once_or_counts_it_as_missed() {
    bounded(5).check(|| {
        let (mut writer, reader) = ring::<[u64; 2]>(2);
        let writing = thread::spawn(move || {
            for n in 0..3 {
                writer.push(&record(n));
            }
        });
        let mut cursor = Cursor::at(0);
        let mut seen = 0;
        let mut follow = |cursor: &mut Cursor| {
            if let Some(value) = reader.follow(cursor) {
                assert_eq!(value, record(cursor.sequence() - 1));
                seen += 1;
                return true;
            }
            false
        };
        follow(&mut cursor);
        writing.join().unwrap();
        while follow(&mut cursor) {}
        assert_eq!(cursor.sequence(), 3, "to the end");
        assert_eq!(seen + cursor.missed(), 3);
    });
}

#[test]
fn two_readers_do_not_disturb_each_other() {
    bounded(4).check(|| {
        let (mut writer, reader) = ring::<[u64; 2]>(1);
        let other = reader.clone();
        let reading = thread::spawn(move || {
            look(&other, 0);
        });
        writer.push(&record(0));
        look(&reader, 0);
        reading.join().unwrap();
    });
}
