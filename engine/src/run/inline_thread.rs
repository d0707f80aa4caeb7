//! The one thread of the inline topology: reader and core in one loop, without a ring between them.
//!
//! **Thread:** `ct-core`. **Hot.** A tick is taken by the core on the way of the read that brought it: when the next
//! one of that read is decoded, or the read has no more, since only then its flag as the last of a batch is known. So
//! there is no full ring, and nothing is ever put aside: while the core is busy, nothing is read, and TCP is the
//! buffer. Where the thread may park it blocks in the reader's poll, for 1 ms at most, which is
//! as late as a wake-up or a command in the control region can be; a socket and the main thread end the wait at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crosstick_feeds::Reader;
use crosstick_ring::Waiter;

use super::flight::ReaderFlight;
use super::seat::{CoreEnd, Seat};
use crate::clock::WallClock;

/// Reader and core of the inline topology.
pub type InlineReader = Reader<Seat, WallClock, ReaderFlight>;

/// What the thread starts with.
pub struct InlineThread {
    /// Its sockets; its sink is the seat.
    pub reader: InlineReader,
    /// How it waits.
    pub waiter: Waiter,
    /// CPU to pin to.
    pub cpu: Option<usize>,
    /// Told to stop by the main thread.
    pub stop: Arc<AtomicBool>,
}

impl InlineThread {
    /// Starts the thread. It ends when told to.
    ///
    /// # Errors
    /// When the system has no thread for it.
    pub fn start(self) -> std::io::Result<JoinHandle<CoreEnd>> {
        thread::Builder::new().name(super::topology::CORE.into()).spawn(move || self.run())
    }

    fn run(self) -> CoreEnd {
        let Self { mut reader, mut waiter, cpu, stop } = self;
        if let Some(cpu) = cpu
            && let Err(error) = crosstick_ring::pin::pin_current_thread(cpu)
        {
            tracing::warn!("the core thread runs unpinned: {error}");
        }
        // Its lines' first ticks were taken when it was made: what passed since is no turn.
        reader.sink().waited();
        while !stop.load(Ordering::Relaxed) {
            turn(&mut reader, &mut waiter);
        }
        reader.shut_down();
        reader.into_sink().end()
    }
}

/// One turn: whatever the sockets have, then what is due, then a bounded number of records published.
#[inline]
pub fn turn(reader: &mut InlineReader, waiter: &mut Waiter) {
    reader.sink().begin();
    let reads = reader.turn();
    let seat = reader.sink();
    if seat.took() > 0 {
        waiter.active();
        seat.busy();
        return;
    }
    // Frames that are no ticks keep the sockets busy, not the clock: what is due is due.
    let now_ns = seat.idle();
    if reads > 0 {
        waiter.active();
    } else if seat.may_sleep() {
        let due = seat.next_wake().map_or(Duration::MAX, |due| Duration::from_nanos(due.saturating_sub(now_ns)));
        waiter.idle_with(|longest| reader.wait(longest.min(due)));
        if waiter.parks() {
            reader.sink().waited();
        }
    }
}
