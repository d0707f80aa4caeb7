//! The history ring from the outside.
#![cfg(not(loom))]

use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use crosstick_ring::history::{Cursor, Look, Reader, Writer, ring};
use proptest::prelude::*;

type Row = [u64; 5];

fn row(n: u64) -> Row {
    std::array::from_fn(|i| n.wrapping_mul(i as u64 * 2 + 1))
}

#[test]
fn the_last_records_are_there_and_the_others_are_not() {
    let (mut writer, reader) = ring::<Row>(4);
    assert_eq!((reader.read(0), reader.next(), reader.count()), (Look::NotYet, 0, 4));
    for n in 0..6 {
        assert_eq!(writer.push(&row(n)), n);
    }
    let seen: Vec<_> = (0..8).map(|n| reader.read(n)).collect();
    let (lapped, not_yet) = (Look::Lapped, Look::NotYet);
    let there = |n| Look::Record(row(n));
    assert_eq!(seen, [lapped, lapped, there(2), there(3), there(4), there(5), not_yet, not_yet]);
    assert_eq!((reader.next(), writer.next()), (6, 6));
    drop(writer);
    assert_eq!(reader.clone().read(5), there(5), "a reader keeps the ring alive");
}

#[test]
fn a_lapped_cursor_jumps_and_counts() {
    let (mut writer, reader) = ring::<Row>(16);
    let mut cursor = Cursor::at(0);
    for n in 0..100 {
        writer.push(&row(n));
    }
    // An eighth of the slots stays between the reader and the writer.
    assert_eq!(reader.follow(&mut cursor), Some(row(86)));
    assert_eq!((cursor.missed(), cursor.sequence()), (86, 87));
    assert_eq!(Cursor::oldest(100, 16), Cursor::at(86));
    assert_eq!(Cursor::oldest(3, 16), Cursor::at(0));
    assert_eq!(Cursor::at(7).with_missed(2).missed(), 2);
}

/// Words that stand in for memory shared with another process.
fn memory(words: usize) -> (Arc<Vec<AtomicU64>>, NonNull<AtomicU64>) {
    let memory: Arc<Vec<AtomicU64>> = Arc::new((0..words).map(|_| AtomicU64::new(0)).collect());
    let first = NonNull::from(memory.as_slice()).cast();
    (memory, first)
}

type Raw = (Arc<Vec<AtomicU64>>, Writer<[u64; 2], Arc<Vec<AtomicU64>>>, Reader<[u64; 2], Arc<Vec<AtomicU64>>>);

/// A count at word 0 and two slots of three words, four words apart, from word 2 on.
#[allow(unsafe_code)]
fn raw() -> Raw {
    let (memory, first) = memory(10);
    // SAFETY: ten words, kept alive by the Arc, one writer.
    let writer = unsafe { Writer::from_raw(first, first.add(2), 2, 32, memory.clone()) };
    // SAFETY: as above.
    let reader = unsafe { Reader::from_raw(first, first.add(2), 2, 32, memory.clone()) };
    (memory, writer, reader)
}

#[test]
fn raw_memory_holds_the_count_and_then_version_and_value_of_each_slot() {
    let (memory, mut writer, reader) = raw();
    for n in 0..3 {
        writer.push(&[n + 5, n + 6]);
    }
    let words: Vec<u64> = memory.iter().map(|w| w.load(Ordering::Relaxed)).collect();
    assert_eq!(words, [3, 0, 6, 7, 8, 0, 4, 6, 7, 0]);
    assert_eq!((reader.read(1), reader.read(2)), (Look::Record([6, 7]), Look::Record([7, 8])));
}

#[test]
#[allow(unsafe_code)]
fn a_record_under_way_is_not_there_and_a_dead_writers_is_written_anew() {
    let (memory, mut writer, reader) = raw();
    writer.push(&[1, 1]);
    // Record 2 is under way in the place of record 0, and its writer dies.
    memory[2].store(5, Ordering::Relaxed);
    assert_eq!((reader.read(0), reader.read(2)), (Look::Lapped, Look::NotYet));
    let first = NonNull::from(memory.as_slice()).cast();
    // SAFETY: the memory of `raw`; the other writer is not used any more.
    let mut next: Writer<[u64; 2], _> = unsafe { Writer::from_raw(first, first.add(2), 2, 32, memory.clone()) };
    assert_eq!((next.push(&[7, 7]), next.push(&[8, 8])), (1, 2));
    assert_eq!((reader.read(1), reader.read(2)), (Look::Record([7, 7]), Look::Record([8, 8])));
}

#[test]
fn hostile_memory_holds_no_reader_up() {
    let (memory, _writer, reader) = raw();
    for word in [1, 2, u64::MAX - 1, u64::MAX] {
        memory.iter().for_each(|w| w.store(word, Ordering::Relaxed));
        let mut cursor = Cursor::at(0);
        // Bounded, whatever the words are; what it says about them is of no meaning.
        let seen = (0..100).filter_map(|_| reader.follow(&mut cursor)).count();
        assert!(seen <= 100 && cursor.sequence() >= cursor.missed());
    }
    memory.iter().for_each(|w| w.store(u64::MAX, Ordering::Relaxed));
    let mut last = Cursor::at(u64::MAX - 1);
    assert_eq!((0..10).find_map(|_| reader.follow(&mut last)), None, "nothing comes after the last number");
}

#[test]
#[should_panic(expected = "power of two")]
fn a_count_that_is_no_power_of_two_is_refused() {
    let _ = ring::<Row>(6);
}

proptest! {
    #[test]
    fn whoever_follows_sees_each_record_once_or_counts_it(
        bits in 0u32..6,
        steps in prop::collection::vec((0u64..40, 0u64..40), 1..60),
    ) {
        let (mut writer, reader) = ring::<Row>(1 << bits);
        let (mut cursor, mut seen, mut written) = (Cursor::at(0), 0u64, 0u64);
        for (pushes, looks) in steps {
            for _ in 0..pushes {
                writer.push(&row(written));
                written += 1;
            }
            for _ in 0..looks {
                let Some(value) = reader.follow(&mut cursor) else { break };
                prop_assert_eq!(value, row(cursor.sequence() - 1));
                seen += 1;
            }
            prop_assert_eq!(seen + cursor.missed(), cursor.sequence());
            prop_assert!(cursor.sequence() <= written);
        }
        while reader.follow(&mut cursor).is_some() {
            seen += 1;
        }
        prop_assert_eq!(seen + cursor.missed(), written);
    }
}

#[test]
fn no_follower_sees_a_torn_or_another_record() {
    const WRITES: u64 = 300_000;
    let (mut writer, reader) = ring::<Row>(64);
    let done = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..2)
        .map(|_| {
            let (reader, done) = (reader.clone(), done.clone());
            thread::spawn(move || {
                let (mut cursor, mut seen) = (Cursor::at(0), 0);
                loop {
                    let ended = done.load(Ordering::Acquire);
                    while let Some(value) = reader.follow(&mut cursor) {
                        assert_eq!(value, row(cursor.sequence() - 1));
                        seen += 1;
                    }
                    if ended {
                        return (seen, cursor);
                    }
                    thread::yield_now();
                }
            })
        })
        .collect();
    for n in 0..WRITES {
        writer.push(&row(n));
        if n.is_multiple_of(512) {
            thread::yield_now();
        }
    }
    done.store(true, Ordering::Release);
    for reader in readers {
        let (seen, cursor) = reader.join().unwrap();
        assert_eq!((cursor.sequence(), seen + cursor.missed()), (WRITES, WRITES));
    }
}
