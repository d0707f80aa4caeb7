//! HOT: latencies counted in place, log-linear with two significant digits, from 1 ns to about 68 s.
//!
//! Values below 256 ns have a bucket each; above, every power of two is divided into 128, so a bucket is at most 1/128
//! (0.8 %) of its value wide. A [`Recorder`] is one thread's; it loads, adds and stores, without a locked instruction,
//! and readers see each counter as of some moment. Percentiles are computed on the cold side from a copy
//! ([`Snapshot`]): the upper end of the bucket, so never less than the truth and at most 0.8 % more.
//!
//! In memory: words of max, clamped, six reserved, then the buckets.

use std::sync::atomic::Ordering;

use crate::sys::Words;

/// Every power of two is divided into this many buckets, as a power of two.
pub const DIVISION_BITS: u32 = 7;
/// The largest value that has a bucket, in ns: about 68.7 s.
pub const VALUE_MAX: u64 = (1 << 36) - 1;
/// Buckets of a histogram.
pub const BUCKETS: usize = bucket_of(VALUE_MAX) + 1;

const MAX: usize = 0;
const CLAMPED: usize = 1;
/// Words before the first bucket: one cache line.
pub(crate) const HEAD_WORDS: usize = 8;
pub(crate) const WORDS: usize = HEAD_WORDS + BUCKETS;

const DIVISIONS: u64 = 1 << DIVISION_BITS;

/// The bucket of a value of at most [`VALUE_MAX`].
#[inline]
const fn bucket_of(value: u64) -> usize {
    let magnitude = (value | DIVISIONS).ilog2() - DIVISION_BITS;
    ((magnitude as u64 * DIVISIONS) + (value >> magnitude)) as usize
}

/// The largest value of a bucket.
#[must_use]
pub const fn bucket_end(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    if bucket < 2 * DIVISIONS {
        return bucket;
    }
    let magnitude = bucket / DIVISIONS - 1;
    ((bucket - magnitude * DIVISIONS + 1) << magnitude) - 1
}

/// Counts latencies; owned by the one thread that has them.
#[derive(Debug)]
pub struct Recorder {
    words: Words,
}

impl Recorder {
    /// A histogram in plain memory, for a thread that shows it to nobody yet.
    #[must_use]
    pub fn local() -> Self {
        Self { words: Words::heap(WORDS) }
    }

    pub(crate) fn over(words: Words) -> Self {
        Self { words }
    }

    /// Counts one latency. Above [`VALUE_MAX`] it goes to the last bucket and is counted as clamped too; the maximum
    /// is kept as it was.
    #[inline]
    pub fn record(&mut self, ns: u64) {
        let words = self.words.get();
        // Handed out with WORDS words, so every access is inside; the compiler sees it where it may.
        let [max, clamped, ..] = words else { return };
        if ns > max.load(Ordering::Relaxed) {
            max.store(ns, Ordering::Relaxed);
        }
        if ns > VALUE_MAX {
            add_one(clamped);
        }
        if let Some(bucket) = words.get(HEAD_WORDS + bucket_of(ns.min(VALUE_MAX))) {
            add_one(bucket);
        }
    }

    /// A copy as of now.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let words: Vec<u64> = self.words.get().iter().map(|w| w.load(Ordering::Relaxed)).collect();
        Snapshot::of(&words)
    }
}

/// One writer, so no locked instruction is needed.
#[inline(always)]
fn add_one(word: &std::sync::atomic::AtomicU64) {
    word.store(word.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
}

/// A histogram copied out. Cold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    counts: Vec<u64>,
    max: u64,
    clamped: u64,
}

impl Default for Snapshot {
    fn default() -> Self {
        Self { counts: vec![0; BUCKETS], max: 0, clamped: 0 }
    }
}

/// What a stage's report says, in ns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Summary {
    /// Samples.
    pub count: u64,
    /// Half of them took at most this.
    pub p50: u64,
    /// 90 % took at most this.
    pub p90: u64,
    /// 99 % took at most this.
    pub p99: u64,
    /// 99.9 % took at most this.
    pub p999: u64,
    /// The longest, exact.
    pub max: u64,
    /// How many were above [`VALUE_MAX`].
    pub clamped: u64,
}

impl Snapshot {
    pub(crate) fn of(words: &[u64]) -> Self {
        let load = |i: usize| words.get(i).copied().unwrap_or(0);
        let counts = (HEAD_WORDS..WORDS).map(load).collect();
        Self { counts, max: load(MAX), clamped: load(CLAMPED) }
    }

    /// Adds what another thread counted of the same stage.
    pub fn merge(&mut self, other: &Self) {
        for (mine, theirs) in self.counts.iter_mut().zip(&other.counts) {
            *mine = mine.saturating_add(*theirs);
        }
        self.max = self.max.max(other.max);
        self.clamped = self.clamped.saturating_add(other.clamped);
    }

    /// Samples in all.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts.iter().fold(0, |sum, n| sum.saturating_add(*n))
    }

    /// Buckets with samples: the largest value of each, and how many.
    pub fn buckets(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.counts.iter().enumerate().filter(|(_, n)| **n > 0).map(|(i, n)| (bucket_end(i), *n))
    }

    /// As an hdrhistogram of two significant digits, which has the very same buckets.
    ///
    /// # Panics
    /// Never: bounds and values are within what hdrhistogram takes.
    #[must_use]
    pub fn to_hdr(&self) -> hdrhistogram::Histogram<u64> {
        let mut hdr = hdrhistogram::Histogram::new_with_bounds(1, VALUE_MAX, 2).expect("bounds of a histogram");
        for (value, count) in self.buckets() {
            hdr.record_n(value, count).expect("a value within the bounds");
        }
        hdr
    }

    /// Percentiles: the upper end of the bucket, but never above the longest.
    #[must_use]
    pub fn summary(&self) -> Summary {
        let hdr = self.to_hdr();
        // A copy taken while samples come in may hold a count whose maximum is not there yet.
        let highest = if self.max == 0 { u64::MAX } else { self.max };
        let at = |quantile| hdr.value_at_quantile(quantile).min(highest);
        Summary {
            count: hdr.len(),
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            p999: at(0.999),
            max: self.max,
            clamped: self.clamped,
        }
    }
}
