//! The single-writer cell from the outside.
#![cfg(not(loom))]

use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use crosstick_ring::seqlock::{Reader, Writer, cell, cell_bytes};

crosstick_ring::pod! {
    /// Every field follows from the first.
    struct Row {
        /// Any number.
        n: u64,
        /// The same in bytes.
        bytes: [u8; 12],
        /// Its low half.
        low: u32,
        /// Its multiples.
        words: [u64; 12],
    }
}

fn row(n: u64) -> Row {
    Row { n, bytes: [n as u8; 12], low: n as u32, words: std::array::from_fn(|i| n.wrapping_mul(i as u64 + 3)) }
}

#[test]
fn what_is_written_is_read() {
    let (mut writer, reader) = cell(row(1));
    assert_eq!(reader.read(), row(1));
    let before = reader.version();
    writer.write(&row(2));
    assert_eq!((reader.try_read(1), writer.get()), (Some(row(2)), row(2)));
    assert_eq!(reader.version(), before + 2);
    drop(writer);
    assert_eq!(reader.clone().read(), row(2), "a reader keeps the cell alive");
}

#[test]
fn cells_fill_whole_lines_where_meant_to() {
    assert_eq!(cell_bytes::<[u64; 7]>(), 64);
    assert_eq!(cell_bytes::<Row>(), 8 + 8 + 12 + 4 + 96);
}

/// Words that stand in for memory shared with another process.
fn memory(words: usize) -> (Arc<Vec<AtomicU64>>, NonNull<AtomicU64>) {
    let memory: Arc<Vec<AtomicU64>> = Arc::new((0..words).map(|_| AtomicU64::new(0)).collect());
    let first = NonNull::from(memory.as_slice()).cast();
    (memory, first)
}

#[test]
#[allow(unsafe_code)]
fn raw_memory_holds_version_then_value() {
    let (memory, first) = memory(3);
    // SAFETY: three words, kept alive by the Arc, one writer.
    let mut writer: Writer<[u64; 2], _> = unsafe { Writer::from_raw(first, memory.clone()) };
    // SAFETY: as above.
    let reader: Reader<[u64; 2], _> = unsafe { Reader::from_raw(first, memory.clone()) };
    writer.write(&[5, 6]);
    let words: Vec<u64> = memory.iter().map(|w| w.load(Ordering::Relaxed)).collect();
    assert_eq!(words, [2, 5, 6]);
    assert_eq!(reader.try_read(1), Some([5, 6]));
}

#[test]
#[allow(unsafe_code)]
fn a_write_under_way_is_not_read_and_a_dead_one_is_repaired() {
    let (memory, first) = memory(2);
    memory[0].store(7, Ordering::Relaxed);
    // SAFETY: two words, kept alive by the Arc.
    let reader: Reader<u64, _> = unsafe { Reader::from_raw(first, memory.clone()) };
    assert_eq!(reader.try_read(1000), None, "bounded, though the writer died in the middle");
    // SAFETY: as above; there is no other writer.
    let mut writer: Writer<u64, _> = unsafe { Writer::from_raw(first, memory.clone()) };
    writer.write(&9);
    assert_eq!((reader.try_read(1), reader.version()), (Some(9), 10));
}

#[test]
fn no_reader_sees_a_torn_or_older_value() {
    const WRITES: u64 = 300_000;
    let (mut writer, reader) = cell(row(0));
    let done = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..2)
        .map(|_| {
            let (reader, done) = (reader.clone(), done.clone());
            thread::spawn(move || {
                let (mut last, mut reads) = (0, 0u64);
                while !done.load(Ordering::Acquire) {
                    let seen = reader.read();
                    assert_eq!(seen, row(seen.n));
                    assert!(seen.n >= last);
                    last = seen.n;
                    reads += 1;
                    if reads.is_multiple_of(1024) {
                        thread::yield_now();
                    }
                }
                assert_eq!(reader.read(), row(WRITES));
                reads
            })
        })
        .collect();
    for n in 1..=WRITES {
        writer.write(&row(n));
        if n.is_multiple_of(4096) {
            thread::yield_now();
        }
    }
    done.store(true, Ordering::Release);
    for reader in readers {
        reader.join().unwrap();
    }
}
