//! Every interleaving of the cell's writer and readers, within loom's memory model.
#![cfg(loom)]

use crosstick_ring::seqlock::cell;
use loom::thread;

/// A read is never torn, never older than one before it, and never newer than what was written.
#[test]
fn no_read_is_torn_or_goes_back() {
    loom::model(|| {
        let (mut writer, reader) = cell([1u64, 1]);
        let writing = thread::spawn(move || {
            writer.write(&[2, 2]);
            writer.write(&[3, 3]);
        });
        let mut last = 1;
        for _ in 0..2 {
            if let Some([a, b]) = reader.try_read(1) {
                assert_eq!(a, b);
                assert!(a >= last && a <= 3);
                last = a;
            }
        }
        writing.join().unwrap();
        assert_eq!(reader.try_read(1), Some([3, 3]));
    });
}

#[test]
fn two_readers_do_not_disturb_each_other() {
    loom::model(|| {
        let (mut writer, reader) = cell([1u64, 1]);
        let other = reader.clone();
        let reading = thread::spawn(move || {
            if let Some([a, b]) = other.try_read(1) {
                assert_eq!(a, b);
            }
        });
        let also = thread::spawn(move || {
            if let Some([a, b]) = reader.try_read(1) {
                assert_eq!(a, b);
            }
        });
        writer.write(&[2, 2]);
        reading.join().unwrap();
        also.join().unwrap();
    });
}
