//! What a time stamp costs.

use std::hint::black_box;
use std::time::{Instant, SystemTime};

use crosstick_benches::turns::result::Session;
use crosstick_benches::turns::{Clock, Contest, Measure, TURN, time_per_unit};
use crosstick_engine::clock::WallClock;

const MEASURES: &[Measure] = &[Measure::ns("stamp")];
const STAMPS: u64 = 256;

fn turn<T: PartialOrd + Copy>(clock: &Clock, mut stamp: impl FnMut() -> T) -> Vec<f64> {
    let mut last = stamp();
    let ns = time_per_unit(clock, TURN, STAMPS, || {
        for _ in 0..STAMPS {
            let now = black_box(stamp());
            assert!(now >= last, "time does not go back");
            last = now;
        }
    });
    vec![ns]
}

pub fn run(session: &mut Session) {
    let clock = &Clock::new();
    let (quanta, wall) = (quanta::Clock::new(), WallClock::anchored_now());
    Contest::new("stamps/one", "one reading of a clock", MEASURES)
        .rival("quanta raw", || turn(clock, || quanta.raw()))
        .ours("crosstick wall clock", &[], || turn(clock, || wall.now_ns()))
        .other("quanta Instant", || turn(clock, || quanta.now()))
        .other("std Instant", || turn(clock, Instant::now))
        .other("std SystemTime", || turn(clock, SystemTime::now))
        .run(session);
}
