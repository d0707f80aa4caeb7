//! Wall time that is never stepped: anchored to the system clock once at start, then advanced by the TSC.
//!
//! **Hot:** [`WallClock::stamp`] is one counter read, [`WallClock::now_ns`] a multiplication and a shift on top.
//! How far the anchor has drifted from the system clock is a figure that the status line reports; the clock itself
//! never follows it, because a step backwards would make quotes younger than they are.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use quanta::Clock;

/// A note of the drift whose readings are further apart was interrupted; it would be off by the half of that.
const NOTED_GAP_MAX_NS: u64 = 10_000;

/// A wall clock in ns since the epoch, shared by copying.
#[derive(Debug, Clone)]
pub struct WallClock {
    clock: Clock,
    anchor_raw: u64,
    anchor_ns: u64,
    /// The drift when it was last noted, for times that come by the system clock; one of all copies.
    noted_drift_ns: Arc<AtomicI64>,
}

impl WallClock {
    /// Anchors a clock now. Calibrates the TSC on first use, which takes up to 200 ms: call it at start.
    #[must_use]
    pub fn anchored_now() -> Self {
        let clock = Clock::new();
        // The counter is read on both sides of the system clock: the middle is off by half the gap at most.
        let before = clock.raw();
        let anchor_ns = system_ns();
        let after = clock.raw();
        Self { clock, anchor_raw: before + (after - before) / 2, anchor_ns, noted_drift_ns: Arc::default() }
    }

    /// Wall time in ns since the epoch.
    #[inline]
    #[must_use]
    pub fn now_ns(&self) -> u64 {
        self.at_ns(self.stamp())
    }

    /// A raw stamp: the counter as it is. Of meaning to [`Self::at_ns`] of this clock and its copies alone.
    #[inline]
    #[must_use]
    pub fn stamp(&self) -> u64 {
        self.clock.raw()
    }

    /// The wall time of a raw stamp, ns since the epoch; that of the anchor for an earlier one.
    #[inline]
    #[must_use]
    pub fn at_ns(&self, stamp: u64) -> u64 {
        self.anchor_ns + self.clock.delta_as_nanos(self.anchor_raw, stamp)
    }

    /// Notes the drift for [`Self::of_system_ns`], in this clock and all its copies. Cold; the main thread, now and
    /// then. What was interrupted is not noted: the next one will be.
    pub fn note_drift(&self) {
        self.note(self.measure_drift());
    }

    fn note(&self, (drift_ns, gap_ns): (i64, u64)) {
        if gap_ns <= NOTED_GAP_MAX_NS {
            self.noted_drift_ns.store(drift_ns, Ordering::Relaxed);
        }
    }

    /// A time of the system clock (the kernel's receive time) as this clock would have told it, ns since the epoch,
    /// by the drift when it was last noted.
    #[inline]
    #[must_use]
    pub fn of_system_ns(&self, system_ns: u64) -> u64 {
        system_ns.saturating_add_signed(self.noted_drift_ns.load(Ordering::Relaxed).saturating_neg())
    }

    /// How far the system clock is ahead of this one now, in ns (negative: behind). Cold.
    #[must_use]
    pub fn drift_ns(&self) -> i64 {
        self.measure_drift().0
    }

    /// The drift, and how far apart the readings on both sides of the system clock's are: off by half of that at most.
    fn measure_drift(&self) -> (i64, u64) {
        let before_ns = self.now_ns();
        let system_ns = system_ns();
        drift_between(before_ns, system_ns, self.now_ns())
    }
}

/// The drift of the system clock from the middle of two readings of ours on both sides, and their distance, ns.
const fn drift_between(before_ns: u64, system_ns: u64, after_ns: u64) -> (i64, u64) {
    let gap_ns = after_ns.saturating_sub(before_ns);
    (system_ns as i64 - (before_ns + gap_ns / 2) as i64, gap_ns)
}

impl crosstick_feeds::Clock for WallClock {
    #[inline]
    fn now_ns(&self) -> u64 {
        Self::now_ns(self)
    }

    #[inline]
    fn stamp(&self) -> u64 {
        Self::stamp(self)
    }

    #[inline]
    fn at_ns(&self, stamp: u64) -> u64 {
        Self::at_ns(self, stamp)
    }
}

/// The system clock in ns since the epoch; 0 before it.
#[must_use]
pub fn system_ns() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_nanos() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interrupted_reading_of_the_drift_is_not_noted() {
        let clock = WallClock::anchored_now();
        let copy = clock.clone();
        clock.note(drift_between(1_000, 5_500, 2_000));
        assert_eq!(copy.of_system_ns(10_000), 6_000, "from the middle of both readings");
        clock.note(drift_between(1_000, 90_500, 1_001 + NOTED_GAP_MAX_NS));
        assert_eq!(copy.of_system_ns(10_000), 6_000, "too far apart to tell");
        clock.note(drift_between(1_000, 500, 1_000));
        assert_eq!(copy.of_system_ns(10_000), 10_500, "behind");
    }
}
