//! When each frame was written, and when the client's callback had it: one array each, one clock, two threads.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use hdrhistogram::Histogram;
use quanta::Clock;

/// The number of the first frame: ids keep their number of digits.
pub const FIRST_ID: u64 = 1_000_000_000;
/// The longest latency that is told apart, ns.
const LONGEST_NS: u64 = 60_000_000_000;

/// What the server's thread and the client's share in one turn.
pub struct Stamps {
    clock: Clock,
    /// By frame; empty in turns that only count.
    sent: Vec<AtomicU64>,
    received: Vec<AtomicU64>,
    count: AtomicU64,
    first: AtomicU64,
    last: AtomicU64,
    ready: AtomicBool,
    stop: AtomicBool,
}

impl Stamps {
    /// For as many frames; none: they are counted alone.
    #[must_use]
    pub fn new(clock: Clock, frames: usize) -> Self {
        let zeros = || (0..frames).map(|_| AtomicU64::new(0)).collect();
        Self {
            clock,
            sent: zeros(),
            received: zeros(),
            count: AtomicU64::new(0),
            first: AtomicU64::new(0),
            last: AtomicU64::new(0),
            ready: AtomicBool::new(false),
            stop: AtomicBool::new(false),
        }
    }

    /// The clock of both sides.
    #[must_use]
    pub const fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The server's thread: frame `n` goes out now.
    #[inline]
    pub fn sending(&self, n: usize) {
        if let Some(stamp) = self.sent.get(n) {
            stamp.store(self.clock.raw(), Ordering::Relaxed);
        }
    }

    /// The client's callback: it has the trade with this id.
    #[inline]
    pub fn callback(&self, id: u64) {
        let now = self.clock.raw();
        if let Some(stamp) = self.received.get(id.wrapping_sub(FIRST_ID) as usize) {
            stamp.store(now, Ordering::Relaxed);
        }
        // One thread calls; a load and a store are cheaper than an addition that others could see half done.
        let count = self.count.load(Ordering::Relaxed);
        if count == 0 {
            self.first.store(now, Ordering::Relaxed);
        }
        self.last.store(now, Ordering::Relaxed);
        self.count.store(count + 1, Ordering::Release);
    }

    /// The client is subscribed and its callback is in place.
    pub fn set_ready(&self) {
        self.ready.store(true, Ordering::Release);
    }

    /// Whether the client is.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Acquire)
    }

    /// The turn is over: the client ends.
    pub fn set_stop(&self) {
        self.stop.store(true, Ordering::Release);
    }

    /// Whether it is.
    #[inline]
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Frames that reached the callback.
    #[must_use]
    pub fn received(&self) -> u64 {
        self.count.load(Ordering::Acquire)
    }

    /// Frames a second between the first and the last callback.
    #[must_use]
    pub fn rate(&self) -> f64 {
        let (first, last) = (self.first.load(Ordering::Acquire), self.last.load(Ordering::Acquire));
        let ns = self.clock.delta_as_nanos(first, last).max(1);
        self.received().saturating_sub(1) as f64 * 1e9 / ns as f64
    }

    /// From write to callback, ns, without the first tenth, which warms everything up.
    ///
    /// # Errors
    /// When a frame never reached the callback, which no figure may hide.
    pub fn latencies(&self) -> Result<Histogram<u64>, String> {
        let mut histogram = Histogram::new_with_bounds(1, LONGEST_NS, 3).map_err(|e| e.to_string())?;
        let pairs = self.sent.iter().zip(&self.received).enumerate();
        for (n, (sent, received)) in pairs.skip(self.sent.len() / 10) {
            let (sent, received) = (sent.load(Ordering::Acquire), received.load(Ordering::Acquire));
            if sent == 0 || received < sent {
                return Err(format!("frame {n} was written and never came to the callback, or twice"));
            }
            histogram.saturating_record(self.clock.delta_as_nanos(sent, received));
        }
        Ok(histogram)
    }
}
