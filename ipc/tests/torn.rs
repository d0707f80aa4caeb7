//! The hunt for torn reads: every word of a record follows from its first, and readers check that it always does, in
//! every table and every ring. `CROSSTICK_ALL=1` makes the hunt a minute long.

mod common;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use common::hunt::{Counts, Hunter, write_core, write_feed};
use common::{place, shape, universe};
use crosstick_ipc::{Place, Reader, Writer};

const WRITES: u64 = 100_000;
const LONG_HUNT: Duration = Duration::from_secs(60);

fn hunt(place: &Place, mapped: bool, done: &AtomicBool, written: &AtomicU64, counts: &Counts) -> u64 {
    let reader = if mapped { Reader::map(place) } else { Reader::open(place) };
    let mut hunter = Hunter::new(reader.unwrap());
    let mut turns = 0u32;
    loop {
        let ended = done.load(Ordering::Acquire);
        hunter.turn(counts);
        if ended {
            return hunter.finish(written.load(Ordering::Acquire));
        }
        turns += 1;
        if turns.is_multiple_of(64) {
            thread::yield_now();
        }
    }
}

#[test]
fn no_reader_ever_sees_a_torn_record() {
    let dir = tempfile::tempdir().unwrap();
    let place = place(dir.path());
    let universe = universe();
    let Writer { mut core, mut feeds, owner, .. } = Writer::create(&place, &shape(&universe)).unwrap();
    write_core(&mut core, 1);
    write_feed(&mut feeds[0], 1);
    let long = std::env::var_os("CROSSTICK_ALL").is_some();
    let (done, written, counts) = (AtomicBool::new(false), AtomicU64::new(0), Counts::default());
    let missed = AtomicU64::new(0);
    thread::scope(|scope| {
        for mapped in [true, true, false] {
            let (place, done, written, counts, missed) = (&place, &done, &written, &counts, &missed);
            scope.spawn(move || missed.fetch_add(hunt(place, mapped, done, written, counts), Ordering::Relaxed));
        }
        let (began, mut n) = (Instant::now(), 1);
        while n < WRITES || (long && began.elapsed() < LONG_HUNT) {
            n += 1;
            write_core(&mut core, n);
            write_feed(&mut feeds[0], n);
            if n.is_multiple_of(1024) {
                thread::yield_now();
            }
        }
        written.store(n, Ordering::Release);
        done.store(true, Ordering::Release);
    });
    let load = |n: &AtomicU64| n.load(Ordering::Relaxed);
    println!(
        "{} rounds of 15 records written; {} whole reads, {} given up, {} ticks and events missed, 0 torn",
        load(&written),
        load(&counts.reads),
        load(&counts.given_up),
        load(&missed)
    );
    assert!(load(&counts.reads) > 0);
    drop(owner);
}

#[test]
fn a_histogram_read_while_it_grows_only_grows() {
    let dir = tempfile::tempdir().unwrap();
    let place = place(dir.path());
    let universe = universe();
    let mut writer = Writer::create(&place, &shape(&universe)).unwrap();
    let reader = Reader::open(&place).unwrap();
    let recorder = &mut writer.recorders[2];
    thread::scope(|scope| {
        let recording = scope.spawn(|| {
            for n in 0..WRITES {
                recorder.record(n % 5000);
            }
        });
        let mut last = 0;
        while !recording.is_finished() {
            let count = reader.latency()[1].counted.count();
            assert!(count >= last && count <= WRITES);
            last = count;
            thread::yield_now();
        }
    });
    assert_eq!(reader.latency()[1].counted.count(), WRITES);
}
