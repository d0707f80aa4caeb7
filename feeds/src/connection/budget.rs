//! What a venue allows us: connection attempts per address, frames per second.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::rules::SECOND_NS;

/// Connection attempts that all lines to a venue share: at most so many in any window of time, and none during a ban.
///
/// A handle; clones share the budget. It has a lock, which is taken once per connection attempt and held for a few
/// instructions: connecting is cold, even on a reader thread.
#[derive(Debug, Clone)]
pub struct AttemptBudget {
    shared: Arc<Mutex<Shared>>,
    limit: usize,
    window_ns: u64,
}

#[derive(Debug)]
struct Shared {
    /// When attempts were made, within the window.
    taken: VecDeque<u64>,
    banned_until_ns: u64,
}

impl AttemptBudget {
    /// At most `limit` attempts in any `window_ns`.
    #[must_use]
    pub fn new(limit: usize, window_ns: u64) -> Self {
        let limit = limit.max(1);
        let shared = Shared { taken: VecDeque::with_capacity(limit), banned_until_ns: 0 };
        Self { shared: Arc::new(Mutex::new(shared)), limit, window_ns }
    }

    /// What Binance allows an IP address: 300 attempts in 5 minutes.
    #[must_use]
    pub fn binance() -> Self {
        Self::new(300, 300 * SECOND_NS)
    }

    /// Takes one attempt at `now_ns`.
    ///
    /// # Errors
    /// When there is none left: how many nanoseconds until there is.
    pub fn take(&self, now_ns: u64) -> Result<(), u64> {
        let taken = &mut self.lock().taken;
        while taken.front().is_some_and(|at| at.saturating_add(self.window_ns) <= now_ns) {
            taken.pop_front();
        }
        match taken.front() {
            Some(oldest) if taken.len() >= self.limit => Err((oldest + self.window_ns).saturating_sub(now_ns).max(1)),
            _ => {
                taken.push_back(now_ns);
                Ok(())
            }
        }
    }

    /// The venue has banned us until then, `u64::MAX` where it does not say. The longest ban counts.
    pub fn ban(&self, until_ns: u64) {
        let mut shared = self.lock();
        shared.banned_until_ns = shared.banned_until_ns.max(until_ns);
    }

    /// How many nanoseconds of a ban are left.
    #[must_use]
    pub fn banned(&self, now_ns: u64) -> Option<u64> {
        self.lock().banned_until_ns.checked_sub(now_ns).filter(|left| *left > 0)
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Frames that we send on one connection: never more than `control` requests in a second, so that pongs, which are
/// never held back, keep room below the venue's limit.
#[derive(Debug)]
pub struct FramePace {
    sent: VecDeque<u64>,
    control: usize,
}

impl FramePace {
    /// At most `control` requests a second, pongs included.
    #[must_use]
    pub fn new(control: usize) -> Self {
        Self { sent: VecDeque::with_capacity(control.max(1) * 2), control: control.max(1) }
    }

    /// Whether a request may be sent now.
    #[must_use]
    pub fn ready(&self, now_ns: u64) -> bool {
        now_ns >= self.next_slot_ns()
    }

    /// When the next request may be sent; zero where nothing stands in its way.
    #[must_use]
    pub fn next_slot_ns(&self) -> u64 {
        // The request that must have left the window before another may enter it.
        let gate = self.sent.len().checked_sub(self.control).and_then(|i| self.sent.get(i));
        gate.map_or(0, |at| at.saturating_add(SECOND_NS))
    }

    /// Notes that a frame was sent.
    pub fn sent(&mut self, now_ns: u64) {
        if self.sent.len() == self.sent.capacity() {
            self.sent.pop_front();
        }
        self.sent.push_back(now_ns);
    }

    /// Forgets everything, for a new connection.
    pub fn clear(&mut self) {
        self.sent.clear();
    }
}
