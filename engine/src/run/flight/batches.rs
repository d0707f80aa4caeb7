//! What a reader knows of its socket reads beside the ticks: for the traces of the worst, looked up when it is needed.
//!
//! **Hot** on the reader: one record a read, into memory that is overwritten when full. **Cold** on the core: a search.

use crosstick_feeds::{Batch, Observer};
use crosstick_ring::{history, pod};

use super::stages::ReaderStages;
use super::turns::Turns;
use crate::clock::WallClock;

/// Reads that are remembered: as many as there can be ticks between a reader and the core.
pub const BATCHES: usize = 16_384;

pod! {
    /// One socket read.
    pub struct BatchStamps {
        /// When it was read, ns since the epoch.
        pub read_ns: u64,
        /// When the kernel received the newest packet of it, by the same clock; 0: not told.
        pub kernel_ns: u64,
        /// When its last tick was in the ring.
        pub pushed_ns: u64,
        /// Its ticks.
        pub ticks: u64,
    }
}

/// The core's end: the newest [`BATCHES`] reads of a reader.
pub type Batches = history::Reader<BatchStamps>;

/// The read of that time, if it is remembered.
#[must_use]
pub fn find(batches: &Batches, read_ns: u64) -> Option<BatchStamps> {
    let next = batches.next();
    let (mut low, mut high) = (next.saturating_sub(batches.count()), next);
    // Times of reads never fall.
    while low < high {
        let middle = low + (high - low) / 2;
        match batches.read(middle) {
            history::Look::Record(found) if found.read_ns == read_ns => return Some(found),
            history::Look::Record(found) if found.read_ns > read_ns => high = middle,
            history::Look::Record(_) | history::Look::Lapped => low = middle + 1,
            history::Look::NotYet => high = middle,
        }
    }
    None
}

/// The reader's end: histograms, the record of each read, and overlong turns.
pub struct ReaderFlight {
    clock: WallClock,
    stages: ReaderStages,
    batches: history::Writer<BatchStamps>,
    /// `None` where the core thread reads itself, and its turns are what counts.
    turns: Option<Turns>,
}

impl ReaderFlight {
    /// The two ends.
    #[must_use]
    pub fn new(clock: WallClock, stages: ReaderStages, turns: Turns) -> (Self, Batches) {
        let (batches, found) = history::ring(BATCHES);
        (Self { clock, stages, batches, turns: Some(turns) }, found)
    }

    /// The two ends of the inline topology: what is read is with the core before its batch is told of, so there is no
    /// stage `decode`, and no turn beside the core's.
    #[must_use]
    pub fn inline(clock: WallClock, stages: ReaderStages) -> (Self, Batches) {
        let (batches, found) = history::ring(BATCHES);
        (Self { clock, stages, batches, turns: None }, found)
    }

    /// Its histograms.
    #[must_use]
    pub const fn stages(&self) -> &ReaderStages {
        &self.stages
    }
}

impl Observer for ReaderFlight {
    #[inline]
    fn batch(&mut self, batch: &Batch) {
        let kernel_ns = if batch.kernel_ns == 0 { 0 } else { self.clock.of_system_ns(batch.kernel_ns) };
        let Batch { read_ns, pushed_ns, .. } = *batch;
        self.batches.push(&BatchStamps { read_ns, kernel_ns, pushed_ns, ticks: u64::from(batch.ticks) });
        if self.turns.is_some() {
            self.stages.decode.record(pushed_ns.saturating_sub(read_ns));
        }
        if kernel_ns != 0 {
            // The drift is known to some µs at best: what seems to be received after it was read took no time.
            self.stages.kernel.record(read_ns.saturating_sub(kernel_ns));
        }
    }

    #[inline]
    fn turned(&mut self, looked_ns: u64, worked: bool) {
        let Some(turns) = &mut self.turns else { return };
        turns.look(looked_ns, worked);
        if !worked {
            turns.idle(looked_ns);
        }
    }

    #[inline]
    fn waited(&mut self) {
        if let Some(turns) = &mut self.turns {
            turns.waited();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn stamps(read_ns: u64) -> BatchStamps {
        BatchStamps { read_ns, kernel_ns: read_ns - 1, pushed_ns: read_ns + 1, ticks: 1 }
    }

    proptest! {
        /// Every read that is still remembered is found, and none that is not.
        #[test]
        fn a_read_is_found_while_it_is_remembered(steps in proptest::collection::vec(1u64..9, 0..200)) {
            let (mut writer, reader) = history::ring(16);
            let mut times = vec![10];
            for step in &steps {
                let read_ns = times.last().unwrap() + step;
                writer.push(&stamps(read_ns));
                times.push(read_ns);
            }
            let kept = times.len().saturating_sub(16).max(1);
            for read_ns in 9..times.last().unwrap() + 9 {
                let expected = times[kept..].contains(&read_ns).then(|| stamps(read_ns));
                prop_assert_eq!(find(&reader, read_ns), expected);
            }
        }
    }
}
