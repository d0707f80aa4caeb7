//! Wall time that is never stepped: anchored to the system clock once at start, then advanced by the TSC.
//!
//! **Hot:** [`WallClock::now_ns`] costs one counter read. How far the anchor has drifted from the system
//! clock is a figure that the status line reports; the clock itself never follows it, because a step
//! backwards would make quotes younger than they are.

use std::time::{SystemTime, UNIX_EPOCH};

use quanta::Clock;

/// A wall clock in ns since the epoch, shared by copying.
#[derive(Debug, Clone)]
pub struct WallClock {
    clock: Clock,
    anchor_raw: u64,
    anchor_ns: u64,
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
        Self { clock, anchor_raw: before + (after - before) / 2, anchor_ns }
    }

    /// Wall time in ns since the epoch.
    #[inline]
    #[must_use]
    pub fn now_ns(&self) -> u64 {
        self.anchor_ns + self.clock.delta_as_nanos(self.anchor_raw, self.clock.raw())
    }

    /// How far the system clock is ahead of this one now, in ns (negative: behind). Cold.
    #[must_use]
    pub fn drift_ns(&self) -> i64 {
        system_ns() as i64 - self.now_ns() as i64
    }
}

impl crosstick_feeds::Clock for WallClock {
    #[inline]
    fn now_ns(&self) -> u64 {
        Self::now_ns(self)
    }
}

/// The system clock in ns since the epoch; 0 before it.
#[must_use]
pub fn system_ns() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_nanos() as u64)
}
