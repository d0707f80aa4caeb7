//! Gaps, repeats and steps back in the venue's own numbering, per instrument and line.
//!
//! Trades of one instrument are numbered without gaps; the update ids of its quotes only grow. One tracker stands
//! behind one decoder, so that two lines that carry the same streams do not read as repeats of each other.

use crosstick_model::{InstrumentId, Tick, TickKind};

/// How many ids back a repeat is told from a late arrival.
const WINDOW: u64 = 64;

/// How a tick's number stands to those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Seen {
    /// The next one, or the first.
    New,
    /// So many trades are missing before this one.
    Gap(u64),
    /// It was there before.
    Duplicate,
    /// Lower than one before, and not known to have been there.
    OutOfOrder,
}

/// What was seen of one instrument.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SequenceCounters {
    /// Trades missing: ids skipped, less those that came late.
    pub trade_gaps: u64,
    /// Trades that were there before.
    pub trade_duplicates: u64,
    /// Trades that came behind a later one.
    pub trade_out_of_order: u64,
    /// Quotes with the update id of one before.
    pub quote_duplicates: u64,
    /// Quotes with a lower update id than one before.
    pub quote_out_of_order: u64,
}

#[derive(Debug, Clone, Copy, Default)]
struct Track {
    trade: u64,
    /// The first id ever seen: what is below it left no gap.
    first: u64,
    /// Bit n: the id n below `trade` was there. Zero: no trade yet.
    window: u64,
    quote: u64,
    quote_seen: bool,
    counters: SequenceCounters,
}

/// Tracks all instruments of one line.
#[derive(Debug, Clone, Default)]
pub struct SequenceTracker {
    tracks: Vec<Track>,
}

impl SequenceTracker {
    /// A tracker for instruments with ids below `instruments`; it grows, once, for an id above.
    #[must_use]
    pub fn new(instruments: usize) -> Self {
        Self { tracks: vec![Track::default(); instruments] }
    }

    /// Notes a tick. Allocates only on the first sight of an instrument above the expected ones.
    #[inline]
    pub fn see(&mut self, tick: &Tick) -> Seen {
        // A line's coming and going has no number of the venue's, and no instrument.
        if tick.kind == TickKind::Line {
            return Seen::New;
        }
        let index = tick.instrument.index();
        if index >= self.tracks.len() {
            self.tracks.resize(index + 1, Track::default());
        }
        let Some(track) = self.tracks.get_mut(index) else { return Seen::New };
        match tick.kind {
            TickKind::Trade => track.see_trade(tick.venue_seq),
            TickKind::Quote => track.see_quote(tick.venue_seq),
            TickKind::Line => Seen::New,
        }
    }

    /// What was seen of one instrument.
    #[must_use]
    pub fn counters(&self, instrument: InstrumentId) -> SequenceCounters {
        self.tracks.get(instrument.index()).map_or_else(SequenceCounters::default, |track| track.counters)
    }

    /// The sums over all instruments.
    #[must_use]
    pub fn total(&self) -> SequenceCounters {
        self.tracks.iter().fold(SequenceCounters::default(), |sum, track| SequenceCounters {
            trade_gaps: sum.trade_gaps.saturating_add(track.counters.trade_gaps),
            trade_duplicates: sum.trade_duplicates + track.counters.trade_duplicates,
            trade_out_of_order: sum.trade_out_of_order + track.counters.trade_out_of_order,
            quote_duplicates: sum.quote_duplicates + track.counters.quote_duplicates,
            quote_out_of_order: sum.quote_out_of_order + track.counters.quote_out_of_order,
        })
    }
}

impl Track {
    #[inline]
    fn see_trade(&mut self, id: u64) -> Seen {
        if self.window == 0 {
            self.first = id;
            self.trade = id;
            self.window = 1;
            return Seen::New;
        }
        if id > self.trade {
            let step = id - self.trade;
            self.window = if step < WINDOW { (self.window << step) | 1 } else { 1 };
            self.trade = id;
            if step == 1 {
                return Seen::New;
            }
            self.counters.trade_gaps = self.counters.trade_gaps.saturating_add(step - 1);
            return Seen::Gap(step - 1);
        }
        let back = self.trade - id;
        let bit = if back < WINDOW { 1 << back } else { 0 };
        if self.window & bit != 0 {
            self.counters.trade_duplicates += 1;
            return Seen::Duplicate;
        }
        self.counters.trade_out_of_order += 1;
        if bit != 0 {
            self.window |= bit;
            if id > self.first {
                // It fills the gap that it left.
                self.counters.trade_gaps = self.counters.trade_gaps.saturating_sub(1);
            }
        }
        Seen::OutOfOrder
    }

    #[inline]
    fn see_quote(&mut self, id: u64) -> Seen {
        if !self.quote_seen || id > self.quote {
            self.quote_seen = true;
            self.quote = id;
            return Seen::New;
        }
        if id == self.quote {
            self.counters.quote_duplicates += 1;
            return Seen::Duplicate;
        }
        self.counters.quote_out_of_order += 1;
        Seen::OutOfOrder
    }
}

#[cfg(test)]
mod tests {
    use crosstick_model::{Quote, Trade};

    use super::*;

    fn trade(instrument: u16, id: u64) -> Tick {
        Tick::trade(InstrumentId(instrument), 0, Trade::default(), 1, id)
    }

    fn quote(instrument: u16, id: u64) -> Tick {
        Tick::quote(InstrumentId(instrument), 0, Quote::default(), 1, id)
    }

    #[test]
    fn trades_are_numbered_without_gaps() {
        let mut tracker = SequenceTracker::new(1);
        let seen: Vec<Seen> = [7, 8, 9, 12, 12, 10, 10, 13, 5, u64::MAX].map(|id| tracker.see(&trade(0, id))).into();
        let gap = u64::MAX - 14;
        use Seen::{Duplicate, Gap, New, OutOfOrder};
        assert_eq!(seen, [New, New, New, Gap(2), Duplicate, OutOfOrder, Duplicate, New, OutOfOrder, Gap(gap)]);
        let counters = tracker.counters(InstrumentId(0));
        assert_eq!((counters.trade_duplicates, counters.trade_out_of_order), (2, 2));
        assert_eq!(counters.trade_gaps, 1 + gap, "11, and those below the last; 10 came late, 5 was never missed");
        assert_eq!(tracker.total(), counters);
    }

    #[test]
    fn a_late_trade_fills_its_gap() {
        let mut tracker = SequenceTracker::default();
        for id in [1, 2, 5, 4, 3, 6] {
            tracker.see(&trade(0, id));
        }
        let counters = tracker.counters(InstrumentId(0));
        assert_eq!((counters.trade_gaps, counters.trade_out_of_order, counters.trade_duplicates), (0, 2, 0));
    }

    #[test]
    fn too_old_to_tell_is_out_of_order() {
        let mut tracker = SequenceTracker::default();
        for id in 100..200 {
            assert_eq!(tracker.see(&trade(0, id)), Seen::New);
        }
        assert_eq!(tracker.see(&trade(0, 136)), Seen::Duplicate);
        assert_eq!(tracker.see(&trade(0, 135)), Seen::OutOfOrder);
        assert_eq!(tracker.counters(InstrumentId(0)).trade_gaps, 0);
    }

    #[test]
    fn update_ids_may_skip_but_not_step_back() {
        let mut tracker = SequenceTracker::new(1);
        let seen = [0, 5, 900, 900, 899, 901].map(|id| tracker.see(&quote(0, id)));
        assert_eq!(seen, [Seen::New, Seen::New, Seen::New, Seen::Duplicate, Seen::OutOfOrder, Seen::New]);
        assert_eq!(tracker.see(&trade(0, 3)), Seen::New, "trades and quotes are numbered apart");
    }

    #[test]
    fn instruments_are_apart_and_late_ones_are_taken_in() {
        let mut tracker = SequenceTracker::new(1);
        assert_eq!(tracker.see(&trade(0, 10)), Seen::New);
        assert_eq!(tracker.see(&trade(900, 70)), Seen::New);
        assert_eq!(tracker.see(&trade(0, 11)), Seen::New);
        assert_eq!(tracker.see(&trade(900, 73)), Seen::Gap(2));
        assert_eq!(tracker.total().trade_gaps, 2);
        assert_eq!(tracker.counters(InstrumentId(65_000)), SequenceCounters::default());
    }
}
