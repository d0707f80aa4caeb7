//! HOT: what a reader asks for and tells: the time, how long its reads took, and what they brought.

use crosstick_model::{Line, VenueId};

/// The time, ns since the epoch, as the engine keeps it: anchored once, never stepped.
pub trait Clock {
    /// Now.
    fn now_ns(&self) -> u64;

    /// A raw stamp of now, as cheap as there is one; [`Self::at_ns`] says later what time that was.
    #[inline]
    fn stamp(&self) -> u64 {
        self.now_ns()
    }

    /// The time of a stamp of this clock, ns since the epoch.
    #[inline]
    fn at_ns(&self, stamp: u64) -> u64 {
        stamp
    }
}

/// What one socket read came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Batch {
    /// The venue.
    pub venue: VenueId,
    /// The line that brought it.
    pub line: Line,
    /// When the kernel received the newest packet of it, ns since the epoch **by the system clock**; 0: not told.
    pub kernel_ns: u64,
    /// When it was read, ns since the epoch by the reader's clock.
    pub read_ns: u64,
    /// When its last tick was in the ring, or put aside.
    pub pushed_ns: u64,
    /// Ticks in it, at least one.
    pub ticks: u32,
}

/// Learns what came, and how long it took. Runs on the reader thread, so it must be quick.
pub trait Observer {
    /// Whether [`Self::batch`] and [`Self::turned`] are called; without it a clock reading a batch is saved.
    const WANTED: bool = true;
    /// Whether [`Self::frame`] and [`Self::line_state`] are called.
    const FRAMES: bool = false;

    /// All ticks of one socket read are in the ring (or were put aside).
    fn batch(&mut self, batch: &Batch);

    /// A turn of the loop is over. `looked_ns`: the newest reading of the clock in it; `worked`: something was read
    /// or looked after since the one before.
    #[inline]
    fn turned(&mut self, _looked_ns: u64, _worked: bool) {}

    /// The thread has waited: of its own will, or for room in the ring.
    #[inline]
    fn waited(&mut self) {}

    /// A text message as it came, before it is decoded (which may rewrite it); `recv_ns`: when it was read.
    #[inline]
    fn frame(&mut self, _venue: VenueId, _line: Line, _recv_ns: u64, _text: &[u8]) {}

    /// A line went live or down, in order with its messages.
    fn line_state(&mut self, _venue: VenueId, _line: Line, _at_ns: u64, _live: bool) {}
}

/// Nobody looks.
impl Observer for () {
    const WANTED: bool = false;

    fn batch(&mut self, _: &Batch) {}
}
