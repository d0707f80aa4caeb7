//! The interleavings of the cell's writer and readers, within loom's memory model.
//!
//! Every word of a value multiplies the executions. Two words and one or two writes are the least that can show a torn
//! or an old value; where that is too much for a minute, preemptions are bounded.
#![cfg(loom)]

use crosstick_ring::seqlock::{Reader, cell};
use loom::model::Builder;
use loom::thread;

fn bounded(preemptions: usize) -> Builder {
    let mut model = Builder::new();
    model.preemption_bound = Some(preemptions);
    model
}

fn read_whole(reader: &Reader<[u64; 2]>) -> Option<u64> {
    let [a, b] = reader.try_read(1)?;
    assert_eq!(a, b, "torn");
    Some(a)
}

#[test]
fn no_read_is_torn() {
    loom::model(|| {
        let (mut writer, reader) = cell([1u64, 1]);
        let writing = thread::spawn(move || writer.write(&[2, 2]));
        read_whole(&reader);
        writing.join().unwrap();
        assert_eq!(read_whole(&reader), Some(2));
    });
}

#[test]
fn no_read_goes_back() {
    bounded(4).check(|| {
        let (mut writer, reader) = cell([1u64, 1]);
        let writing = thread::spawn(move || {
            writer.write(&[2, 2]);
            writer.write(&[3, 3]);
        });
        let mut last = 1;
        for _ in 0..2 {
            if let Some(n) = read_whole(&reader) {
                assert!(n >= last && n <= 3);
                last = n;
            }
        }
        writing.join().unwrap();
        assert_eq!(read_whole(&reader), Some(3));
    });
}

#[test]
fn two_readers_do_not_disturb_each_other() {
    bounded(3).check(|| {
        let (mut writer, reader) = cell([1u64, 1]);
        let other = reader.clone();
        let reading = thread::spawn(move || read_whole(&other));
        writer.write(&[2, 2]);
        read_whole(&reader);
        reading.join().unwrap();
    });
}
