//! What a decoder counts: `frames == trades + quotes + other + all of refused`.

use super::refusal::Reason;

/// Counts of one line since its start. Plain integers of one thread; publish a copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeedCounters {
    /// Frames given to the decoder or refused by the transport.
    pub frames: u64,
    /// Payload bytes of those frames.
    pub bytes: u64,
    /// Trades, off-market ones included.
    pub trades: u64,
    /// Best quotes.
    pub quotes: u64,
    /// Good frames that are no tick: control answers, depth, snapshots and the like.
    pub other: u64,
    /// Ticks that took the fast path.
    pub fast_path: u64,
    /// Refused frames, by `Reason as usize`.
    pub refused: [u64; Reason::COUNT],
}

impl Default for FeedCounters {
    fn default() -> Self {
        Self { frames: 0, bytes: 0, trades: 0, quotes: 0, other: 0, fast_path: 0, refused: [0; Reason::COUNT] }
    }
}

impl FeedCounters {
    /// Trades and quotes.
    #[must_use]
    pub const fn ticks(&self) -> u64 {
        self.trades + self.quotes
    }

    /// Refused frames, whatever the reason.
    #[must_use]
    pub fn refused_total(&self) -> u64 {
        self.refused.iter().sum()
    }

    /// The reasons that occurred, with their codes and counts.
    pub fn refusals(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        Reason::ALL.iter().zip(self.refused).filter(|(_, n)| *n > 0).map(|(r, n)| (r.code(), n))
    }

    /// Counts a frame that never reached the decoder.
    pub fn refuse(&mut self, reason: Reason, bytes: usize) {
        self.frames += 1;
        self.bytes += bytes as u64;
        self.count_refused(reason);
    }

    #[inline]
    pub(super) fn count_refused(&mut self, reason: Reason) {
        // In range by construction; `get_mut` keeps a panic path out of the hot thread.
        if let Some(count) = self.refused.get_mut(reason as usize) {
            *count += 1;
        }
    }
}
