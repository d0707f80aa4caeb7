//! A reader thread: turns its reader until told to stop, and waits in between as configured.
//!
//! **Thread:** `ct-reader-N`. **Hot.** A reader that may park blocks in its poll, where a readable socket wakes it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crosstick_feeds::outlet::RingSink;
use crosstick_feeds::{Observer, Reader};
use crosstick_ring::Waiter;

use crate::clock::WallClock;

/// Longest sleep of a reader: how late a stop or a connection's timer may be noticed.
const WAIT_MAX: Duration = Duration::from_millis(5);

/// What a reader thread starts with.
pub struct ReaderThread<O> {
    /// Its sockets.
    pub reader: Reader<RingSink, WallClock, O>,
    /// How it waits.
    pub waiter: Waiter,
    /// CPU to pin to.
    pub cpu: Option<usize>,
    /// Told to stop by the main thread.
    pub stop: Arc<AtomicBool>,
}

impl<O: Observer + Send + 'static> ReaderThread<O> {
    /// Starts the thread; `number` is part of its name. When it ends, its ring is closed.
    ///
    /// # Errors
    /// When the system has no thread for it.
    pub fn start(self, number: usize) -> std::io::Result<JoinHandle<()>> {
        thread::Builder::new().name(super::topology::reader_name(number)).spawn(move || self.run())
    }

    fn run(mut self) {
        if let Some(cpu) = self.cpu
            && let Err(error) = crosstick_ring::pin::pin_current_thread(cpu)
        {
            tracing::warn!("a reader thread runs unpinned: {error}");
        }
        self.waiter.set_park_max(WAIT_MAX);
        while !self.stop.load(Ordering::Relaxed) {
            if self.reader.turn() > 0 {
                self.waiter.active();
            } else {
                let reader = &mut self.reader;
                self.waiter.idle_with(|timeout| reader.wait(timeout));
            }
        }
        self.reader.shut_down();
    }
}
