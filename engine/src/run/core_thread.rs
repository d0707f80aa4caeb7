//! The core thread of the ring topology: takes ticks from the readers' rings and brings them to the seat.
//!
//! **Thread:** `ct-core`. **Hot.** One turn: a bounded batch from each ring, then what is due, then a bounded number of
//! records published; publishing comes after intents, and at least every 10 ms under load.

use std::thread::{self, JoinHandle};

use crosstick_model::Tick;
use crosstick_ring::Waiter;
use crosstick_ring::spsc::Consumer;

use super::seat::{CoreEnd, Seat};

/// Ticks taken from one ring before the next one has its turn.
const BATCH: usize = 256;

/// What the core thread starts with.
pub struct CoreThread {
    /// Core and paper gateway with all who listen.
    pub seat: Seat,
    /// One ring a reader.
    pub rings: Vec<Consumer<Tick>>,
    /// How it waits.
    pub waiter: Waiter,
    /// CPU to pin to.
    pub cpu: Option<usize>,
}

impl CoreThread {
    /// Starts the thread. It ends when every ring is closed and empty.
    ///
    /// # Errors
    /// When the system has no thread for it.
    pub fn start(self) -> std::io::Result<JoinHandle<CoreEnd>> {
        thread::Builder::new().name(super::topology::CORE.into()).spawn(move || self.run())
    }

    fn run(self) -> CoreEnd {
        let Self { mut seat, mut rings, mut waiter, cpu } = self;
        if let Some(cpu) = cpu
            && let Err(error) = crosstick_ring::pin::pin_current_thread(cpu)
        {
            tracing::warn!("the core thread runs unpinned: {error}");
        }
        loop {
            seat.begin();
            for (reader, ring) in rings.iter_mut().enumerate() {
                ring.pop_batch(BATCH, |tick| seat.take(&tick, reader));
            }
            if seat.took() > 0 {
                waiter.active();
                seat.busy();
                continue;
            }
            seat.idle();
            if rings.iter().all(|ring| ring.is_closed() && ring.is_empty()) {
                break;
            }
            if seat.may_sleep() {
                waiter.idle();
                if waiter.parks() {
                    seat.waited();
                }
            }
        }
        seat.end()
    }
}
