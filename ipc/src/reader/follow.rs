//! COLD: following a history ring.

use std::marker::PhantomData;
use std::time::{Duration, Instant};

use crosstick_ring::Pod;
use crosstick_ring::history::{Cursor, Look};

use crate::sys::RingAt;
use crate::view::View;

/// How often one call jumps behind what was overwritten. A real writer laps a reader that has just jumped about never.
const JUMPS_MAX: u32 = 8;
/// Between two looks of one that waits.
const PAUSE: Duration = Duration::from_millis(1);

/// A history ring with a cursor of its own: each record once, in order, and a count of those that were overwritten
/// before they were read. The writer does not know of it.
#[derive(Debug, Clone)]
pub struct Follow<T> {
    view: View,
    ring: RingAt,
    cursor: Cursor,
    record: PhantomData<fn() -> T>,
}

impl<T: Pod> Follow<T> {
    pub(crate) fn new(view: View, ring: RingAt) -> Self {
        let mut follow = Self { view, ring, cursor: Cursor::at(0), record: PhantomData };
        follow.cursor = Cursor::oldest(follow.written(), ring.count as u64);
        follow
    }

    /// The next record, if it is there. `None` too when the region is cut off.
    pub fn next_record(&mut self) -> Option<T> {
        for _ in 0..JUMPS_MAX {
            match self.view.slot(self.ring, self.cursor.sequence())? {
                Look::Record(record) => {
                    self.cursor.advance();
                    return Some(record);
                }
                Look::NotYet => return None,
                Look::Lapped => self.cursor.jump(self.written(), self.ring.count as u64),
            }
        }
        None
    }

    /// The next record, waiting for it at most so long.
    pub fn wait_record(&mut self, at_most: Duration) -> Option<T> {
        let began = Instant::now();
        loop {
            if let Some(record) = self.next_record() {
                return Some(record);
            }
            let left = at_most.checked_sub(began.elapsed()).filter(|left| !left.is_zero())?;
            std::thread::sleep(left.min(PAUSE));
        }
    }

    /// Leaves out all that is there: what comes next is what is written from now on. It does not count as missed.
    pub fn skip_to_end(&mut self) {
        let missed = self.cursor.missed();
        self.cursor = Cursor::at(self.written()).with_missed(missed);
    }

    /// Sequence number of the next record; they count from 0.
    #[must_use]
    pub fn sequence(&self) -> u64 {
        self.cursor.sequence()
    }

    /// Records that were overwritten before they were read.
    #[must_use]
    pub fn missed(&self) -> u64 {
        self.cursor.missed()
    }

    /// Records ever written.
    #[must_use]
    pub fn written(&self) -> u64 {
        self.view.word(self.ring.next).unwrap_or(0)
    }

    /// Slots: so many records are kept.
    #[must_use]
    pub fn kept(&self) -> usize {
        self.ring.count
    }
}

/// All records that are there now.
impl<T: Pod> Iterator for Follow<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.next_record()
    }
}
