//! Wall time that is never stepped: anchored to the system clock once at start, then advanced by the TSC.
//!
//! **Hot:** [`WallClock::stamp`] is one counter read, [`WallClock::now_ns`] a multiplication and a shift on top.
//! How far the anchor has drifted from the system clock is a figure that the status line reports; the clock itself
//! never follows it, because a step backwards would make quotes younger than they are.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use quanta::Clock;

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
    /// then.
    pub fn note_drift(&self) {
        self.noted_drift_ns.store(self.drift_ns(), Ordering::Relaxed);
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
        system_ns() as i64 - self.now_ns() as i64
    }
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
