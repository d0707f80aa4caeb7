//! How far apart two cores are: the way of one cache line there and back.
//!
//! On a virtual machine the cores that a guest sees wander over the host's. A queue between two threads then takes
//! twice or five times as long for reasons that no queue can help, so a figure of two threads tells its placement.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};

use crosstick_ring::pin::{cpus, pin_current_thread};

use super::stats::{self, Clock};

/// Round trips up to this are "near": two cores under one last-level cache take 50 to 200 ns.
pub const NEAR_MAX_NS: f64 = 300.0;
const ROUND_TRIPS: usize = 400;
/// Looks, with a PAUSE each, after which the probe gives way: some milliseconds.
const LOOKS_MAX: u64 = 100_000;

/// Where the two cores were during a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placement {
    /// Under one last-level cache, or as near as that.
    Near,
    /// Apart.
    Far,
    /// It changed meanwhile, so that the turn tells nothing.
    Moved,
}

impl Placement {
    /// All, in the order of the rows.
    pub const ALL: [Self; 3] = [Self::Near, Self::Far, Self::Moved];

    /// By a round trip.
    #[must_use]
    pub fn of(round_trip_ns: f64) -> Self {
        if round_trip_ns <= NEAR_MAX_NS { Self::Near } else { Self::Far }
    }

    pub(super) fn of_turn(before: Option<f64>, after: Option<f64>) -> Self {
        match (before.map(Self::of), after.map(Self::of)) {
            (Some(before), Some(after)) if before != after => Self::Moved,
            (Some(at), _) => at,
            // One thread: all turns are alike.
            (None, _) => Self::Near,
        }
    }

    /// Median, least and most of the probes that found this placement.
    pub(super) fn of_probes(self, probes: &[f64]) -> Option<[f64; 3]> {
        stats::spread(probes.iter().copied().filter(|ns| Self::of(*ns) == self).collect())
    }

    /// As in tables and JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Near => "near",
            Self::Far => "far",
            Self::Moved => "moved",
        }
    }
}

/// The two cores that threads of a contest are pinned to: the first two that this process may use.
///
/// # Panics
/// With fewer than two cores.
#[must_use]
pub fn cores() -> [usize; 2] {
    static CORES: std::sync::OnceLock<[usize; 2]> = std::sync::OnceLock::new();
    // Asked once, before the thread that asks is pinned and sees one core alone.
    *CORES.get_or_init(|| match *cpus().expect("the kernel tells which cpus there are") {
        [a, b, ..] => [a, b],
        _ => panic!("two threads need two cores, and this process may use one"),
    })
}

/// Pins the calling thread to the first (0) or second (1) of the two cores.
///
/// # Panics
/// When the kernel refuses.
pub fn pin(number: usize) {
    pin_current_thread(cores()[number]).unwrap_or_else(|error| panic!("{error}"));
}

#[derive(Debug, Default)]
#[repr(align(128))]
struct Line(AtomicU64);

#[derive(Debug, Default)]
struct Table {
    ball: Line,
    /// A probe is under way: a thread may also be woken for no reason.
    probing: AtomicBool,
    stop: AtomicBool,
}

/// A second thread, on the second core, that answers; it sleeps between probes, off everybody's way.
#[derive(Debug)]
pub(super) struct Probe {
    table: Arc<Table>,
    clock: Clock,
    thread: JoinHandle<()>,
}

impl Probe {
    /// Pins the calling thread to the first core.
    pub(super) fn start() -> Self {
        pin(0);
        let table = Arc::new(Table::default());
        let theirs = Arc::clone(&table);
        let thread = thread::spawn(move || {
            pin(1);
            while !theirs.stop.load(Ordering::Acquire) {
                thread::park();
                if theirs.probing.load(Ordering::Acquire) {
                    answer(&theirs.ball.0);
                }
            }
        });
        Self { table, clock: Clock::new(), thread }
    }

    /// The median of some hundred round trips, ns.
    pub(super) fn round_trip_ns(&self) -> f64 {
        self.table.probing.store(true, Ordering::Release);
        self.thread.thread().unpark();
        let ball = &self.table.ball.0;
        let mut ticks = [0u64; ROUND_TRIPS];
        for sample in &mut ticks {
            let begin = self.clock.ticks();
            let odd = ball.load(Ordering::Relaxed) + 1;
            ball.store(odd, Ordering::Release);
            let mut looks = 0u64;
            while ball.load(Ordering::Acquire) == odd {
                std::hint::spin_loop();
                looks += 1;
                if looks > LOOKS_MAX {
                    // Somebody else has the other core; perhaps he can have this one.
                    thread::yield_now();
                }
            }
            *sample = self.clock.ticks() - begin;
        }
        // Lets the other side go back to sleep.
        self.table.probing.store(false, Ordering::Release);
        ball.store(END, Ordering::Release);
        while ball.load(Ordering::Acquire) != 0 {
            thread::yield_now();
        }
        stats::percentiles(&mut ticks, &self.clock, &[0.5])[0]
    }

    pub(super) fn stop(self) {
        self.table.stop.store(true, Ordering::Release);
        self.thread.thread().unpark();
        self.thread.join().expect("the probe's thread ends in order");
    }
}

const END: u64 = u64::MAX;

/// Sends odd numbers back as the next even one, until the end is told.
fn answer(ball: &AtomicU64) {
    loop {
        match ball.load(Ordering::Acquire) {
            END => break ball.store(0, Ordering::Release),
            odd if odd % 2 == 1 => ball.store(odd + 1, Ordering::Release),
            _ => std::hint::spin_loop(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_that_begins_and_ends_elsewhere_has_moved() {
        assert_eq!(Placement::of_turn(Some(120.0), Some(130.0)), Placement::Near);
        assert_eq!(Placement::of_turn(Some(500.0), Some(510.0)), Placement::Far);
        assert_eq!(Placement::of_turn(Some(500.0), Some(120.0)), Placement::Moved);
        assert_eq!(Placement::of_turn(None, None), Placement::Near);
        assert_eq!(Placement::Far.of_probes(&[120.0, 500.0, 520.0]), Some([510.0, 500.0, 520.0]));
    }
}
