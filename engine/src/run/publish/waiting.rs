//! Rows that wait to be written: each at most once, the longest waiting first. Hot; takes its memory at start.

use std::collections::VecDeque;

/// Rows of one table that have news.
///
/// A row that gets more news while it waits keeps its place, so none starves: with `n` rows and `m` written a turn,
/// each is written within `n / m` turns, rounded up.
#[derive(Debug)]
pub struct Waiting {
    queued: Box<[bool]>,
    queue: VecDeque<u32>,
}

impl Waiting {
    /// Of a table with that many rows; none waits.
    #[must_use]
    pub fn new(rows: usize) -> Self {
        Self { queued: vec![false; rows].into(), queue: VecDeque::with_capacity(rows) }
    }

    /// The row has news. One that the table does not have is ignored.
    #[inline]
    pub fn mark(&mut self, row: usize) {
        if let Some(queued) = self.queued.get_mut(row)
            && !*queued
        {
            *queued = true;
            self.queue.push_back(row as u32);
        }
    }

    /// All rows have news.
    pub fn mark_all(&mut self) {
        (0..self.queued.len()).for_each(|row| self.mark(row));
    }

    /// The row that waits longest, taken out.
    #[inline]
    pub fn take(&mut self) -> Option<usize> {
        let row = self.queue.pop_front()? as usize;
        if let Some(queued) = self.queued.get_mut(row) {
            *queued = false;
        }
        Some(row)
    }

    /// Rows that wait.
    #[inline]
    #[must_use]
    pub fn len(&self) -> usize {
        self.queue.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_row_keeps_its_place_and_waits_once() {
        let mut waiting = Waiting::new(4);
        [2, 0, 2, 3, 0, 9].into_iter().for_each(|row| waiting.mark(row));
        assert_eq!(waiting.len(), 3);
        assert_eq!(waiting.take(), Some(2));
        waiting.mark(2);
        assert_eq!(std::iter::from_fn(|| waiting.take()).collect::<Vec<_>>(), [0, 3, 2]);
        assert_eq!(waiting.len(), 0);
        waiting.mark_all();
        assert_eq!(std::iter::from_fn(|| waiting.take()).collect::<Vec<_>>(), [0, 1, 2, 3]);
    }

    proptest! {
        /// Whatever has news, and however often: a marked row is out within rows / turn turns, and memory stays.
        #[test]
        fn none_starves(
            marks in proptest::collection::vec(0usize..50, 1..400), per_turn in 1usize..9, each in 1usize..9
        ) {
            let mut waiting = Waiting::new(50);
            let capacity = waiting.queue.capacity();
            let mut since = [None; 50];
            for (turn, marked) in marks.chunks(each).enumerate() {
                for row in marked {
                    waiting.mark(*row);
                    since[*row].get_or_insert(turn);
                }
                for _ in 0..per_turn {
                    if let Some(row) = waiting.take() {
                        let waited = turn - since[row].take().expect("it was marked");
                        prop_assert!(waited <= 50usize.div_ceil(per_turn), "row {row} waited {waited} turns");
                    }
                }
            }
            prop_assert_eq!(waiting.queue.capacity(), capacity);
        }
    }
}
