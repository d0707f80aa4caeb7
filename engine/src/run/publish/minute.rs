//! The best of the last minute, in a ring of seconds. Hot; takes its memory at start.

/// Seconds looked back, the one under way included.
pub const SECONDS: u64 = 60;
const SECOND_NS: u64 = 1_000_000_000;
const NONE: i64 = i64::MIN;

/// The largest of the values shown within the last [`SECONDS`] seconds of the clock.
#[derive(Debug, Clone)]
pub struct MinuteBest {
    /// By second modulo [`SECONDS`]: the largest value of that second.
    best: [i64; SECONDS as usize],
    /// The newest second that there is a value of, since the epoch.
    newest: u64,
    /// The largest of all, and its second; worked out anew when that second has passed.
    top: i64,
    top_second: u64,
}

impl MinuteBest {
    /// Nothing shown yet.
    pub const EMPTY: Self = Self { best: [NONE; SECONDS as usize], newest: 0, top: NONE, top_second: 0 };

    /// A value is shown at `now_ns`. A time before the newest counts as the newest.
    #[inline]
    pub fn show(&mut self, now_ns: u64, value: i64) {
        let second = self.turn_to(now_ns);
        if let Some(best) = self.best.get_mut((second % SECONDS) as usize) {
            *best = (*best).max(value);
        }
        if value >= self.top {
            (self.top, self.top_second) = (value, second);
        }
    }

    /// The best of the minute up to `now_ns`, and the second in which it was last shown, ns since the epoch; `None`
    /// where nothing was shown.
    #[inline]
    pub fn best(&mut self, now_ns: u64) -> Option<(i64, u64)> {
        let second = self.turn_to(now_ns);
        if self.top != NONE && second - self.top_second >= SECONDS {
            self.search(second);
        }
        (self.top != NONE).then_some((self.top, self.top_second * SECOND_NS))
    }

    /// Clears the seconds that passed without a value.
    #[inline]
    fn turn_to(&mut self, now_ns: u64) -> u64 {
        let second = (now_ns / SECOND_NS).max(self.newest);
        if second != self.newest {
            let passed = (second - self.newest).min(SECONDS);
            for back in 0..passed {
                if let Some(best) = self.best.get_mut(((second - back) % SECONDS) as usize) {
                    *best = NONE;
                }
            }
            self.newest = second;
        }
        second
    }

    fn search(&mut self, second: u64) {
        self.top = NONE;
        for back in 0..SECONDS.min(second + 1) {
            let value = self.best.get(((second - back) % SECONDS) as usize).copied().unwrap_or(NONE);
            if value > self.top {
                (self.top, self.top_second) = (value, second - back);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const START_S: u64 = 1_754_000_000;

    #[test]
    fn a_best_lasts_a_minute() {
        let at = |second: u64| (START_S + second) * SECOND_NS + 5;
        let mut minute = MinuteBest::EMPTY;
        assert_eq!(minute.best(at(0)), None);
        minute.show(at(0), -7);
        minute.show(at(10), -30);
        let shown = |second: u64, edge: i64| Some((edge, (START_S + second) * SECOND_NS));
        assert_eq!((minute.best(at(10)), minute.best(at(59))), (shown(0, -7), shown(0, -7)));
        assert_eq!((minute.best(at(60)), minute.best(at(69))), (shown(10, -30), shown(10, -30)));
        assert_eq!(minute.best(at(70)), None);
        minute.show(at(71), 4);
        assert_eq!(minute.best(at(71)), shown(71, 4));
    }

    proptest! {
        /// Against a list of all values and their seconds.
        #[test]
        fn agrees_with_a_list(steps in proptest::collection::vec((0u64..200, -50i64..50, any::<bool>()), 1..200)) {
            let (mut minute, mut all, mut tenths) = (MinuteBest::EMPTY, Vec::new(), START_S * 10);
            for (on, value, show) in steps {
                tenths += on;
                let now_ns = tenths * (SECOND_NS / 10);
                if show {
                    minute.show(now_ns, value);
                    all.push((tenths / 10, value));
                }
                let first = tenths / 10 - (SECONDS - 1);
                // Of equals the newest.
                let within = all.iter().filter(|(second, _)| *second >= first);
                let expected = within.map(|(second, value)| (*value, second * SECOND_NS)).max();
                prop_assert_eq!(minute.best(now_ns), expected);
            }
        }
    }
}
