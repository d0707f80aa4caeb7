//! How fast counters move: over the last few seconds, so that a number can be read before it changes.

use std::collections::VecDeque;

/// Rates look back this far.
const WINDOW_NS: u64 = 3_000_000_000;
/// Looks closer together than this say little about a rate.
const LEAST_NS: u64 = 50_000_000;
/// More looks than this are not kept, however often one looks.
const LOOKS_MAX: usize = 64;

/// Which counter: what it counts, and the row that it stands in.
pub type Key = (&'static str, u64);

/// What counters stood at, look by look.
#[derive(Debug, Default)]
pub struct Rates {
    looks: VecDeque<(u64, Vec<(Key, u64)>)>,
    /// Nothing moves any more: its owner is gone.
    still: bool,
}

impl Rates {
    /// Begins a look at `now_ns`. Counters follow by [`Self::of`].
    pub fn begin(&mut self, now_ns: u64, live: bool) {
        self.still = !live;
        let back = self.looks.back().is_some_and(|(at, _)| *at > now_ns);
        if back || self.still {
            self.looks.clear();
        }
        let close =
            self.looks.len() > 1 && self.looks.back().is_some_and(|(at, _)| now_ns - at < WINDOW_NS / LOOKS_MAX as u64);
        if close {
            self.looks.pop_back();
        }
        self.looks.push_back((now_ns, Vec::new()));
        while self.looks.len() > 2 && self.looks.get(1).is_some_and(|(at, _)| now_ns - at >= WINDOW_NS) {
            self.looks.pop_front();
        }
    }

    /// Notes a counter, and tells how fast it moves in a second; `None` after one look alone.
    pub fn of(&mut self, key: Key, count: u64) -> Option<f64> {
        let (now_ns, counts) = self.looks.back_mut()?;
        let (now_ns, place) = (*now_ns, counts.len());
        counts.push((key, count));
        if self.still {
            return None;
        }
        let (then_ns, before) = self.looks.front()?;
        // Mostly where it is now; a row that could not be read moves those behind it.
        let same = before.get(place).filter(|(k, _)| *k == key).or_else(|| before.iter().find(|(k, _)| *k == key));
        let moved = count.checked_sub(same?.1)?;
        let apart = now_ns - then_ns;
        (apart >= LEAST_NS).then(|| moved as f64 * 1e9 / apart as f64)
    }
}

#[cfg(test)]
mod tests;
