//! HOT: core thread. The order rate: a ring with the send times of the newest orders.

/// One second.
const WINDOW_NS: u64 = 1_000_000_000;

/// Remembers when the last `max` orders were sent.
///
/// The window is half open: an order sent exactly a second ago no longer counts.
#[derive(Debug, Clone)]
pub(crate) struct RateWindow {
    /// 0: never used. Times are stored plus one, so that an order at time 0 counts as well.
    sent: Box<[u64]>,
    /// Index of the oldest.
    oldest: usize,
}

impl RateWindow {
    pub(crate) fn new(max: u32) -> Self {
        Self { sent: vec![0; max as usize].into_boxed_slice(), oldest: 0 }
    }

    /// Whether one more may be sent after `pending` others that are decided together with it.
    #[inline]
    pub(crate) fn has_room(&self, now_ns: u64, pending: usize) -> bool {
        if pending >= self.sent.len() {
            return false;
        }
        let mut at = self.oldest + pending;
        if at >= self.sent.len() {
            at -= self.sent.len();
        }
        self.sent.get(at).is_some_and(|&t| t == 0 || now_ns.saturating_sub(t - 1) >= WINDOW_NS)
    }

    #[inline]
    pub(crate) fn push(&mut self, now_ns: u64) {
        if let Some(slot) = self.sent.get_mut(self.oldest) {
            *slot = now_ns.saturating_add(1);
            self.oldest += 1;
            if self.oldest == self.sent.len() {
                self.oldest = 0;
            }
        }
    }

    /// Orders sent within the last second.
    pub(crate) fn used(&self, now_ns: u64) -> usize {
        self.sent.iter().filter(|&&t| t != 0 && now_ns.saturating_sub(t - 1) < WINDOW_NS).count()
    }
}
