//! What a turn saw, and the two flags between the venue's thread and a client's.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::{self, JoinHandle};

use crosstick_benches::turns::{Clock, percentile};

/// Stamps of the venue, in ticks: written, answered.
#[derive(Debug, Default)]
pub struct Seen {
    /// A frame each: before its bytes were written, after the first bytes of its order were read.
    pub rounds: Vec<(u64, u64)>,
    ns_per_tick: f64,
}

impl Seen {
    pub fn new(rounds: Vec<(u64, u64)>, clock: &Clock) -> Self {
        Self { rounds, ns_per_tick: clock.ns(1 << 30) / f64::from(1 << 30) }
    }

    /// Ticks as ns.
    pub fn ns(&self, ticks: u64) -> f64 {
        ticks as f64 * self.ns_per_tick
    }

    /// The figures of a turn, in the order of the contest's measures, ns.
    pub fn figures(&self) -> Vec<f64> {
        let mut spans: Vec<u64> = self.rounds.iter().map(|(written, answered)| answered - written).collect();
        let mean = self.ns(spans.iter().sum()) / spans.len() as f64;
        spans.sort_unstable();
        let mut figures: Vec<f64> = [0.5, 0.9, 0.99, 0.999].map(|part| self.ns(percentile(&spans, part))).into();
        figures.push(mean);
        figures
    }
}

/// A client's thread: asleep but for its turns, in which it spins.
pub struct Client {
    table: Arc<Table>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Table {
    /// It is the client's turn.
    on: AtomicBool,
    /// It has begun.
    running: AtomicBool,
    /// No more turns.
    over: AtomicBool,
}

/// What a client does in its turn, until it is told that it is over.
pub trait Work {
    /// Before the turn.
    fn begin(&mut self) {}
    /// One turn of its loop; must not block.
    fn turn(&mut self);
    /// After the turn.
    fn end(&mut self) {}
}

impl Client {
    /// Starts a thread that is `core`'s: the first, second or third of those the process may use.
    pub fn start(core: usize, make: impl FnOnce() -> Box<dyn Work> + Send + 'static) -> Self {
        let table = Arc::new(Table::default());
        let theirs = Arc::clone(&table);
        let thread = thread::spawn(move || {
            pin(core);
            let mut work = make();
            while !theirs.over.load(Ordering::Acquire) {
                if !theirs.on.load(Ordering::Acquire) {
                    thread::park();
                    continue;
                }
                work.begin();
                theirs.running.store(true, Ordering::Release);
                while theirs.on.load(Ordering::Relaxed) {
                    work.turn();
                }
                work.end();
                theirs.running.store(false, Ordering::Release);
            }
        });
        Self { table, thread: Some(thread) }
    }

    /// Lets it work, and returns when it does.
    pub fn wake(&self) {
        self.table.on.store(true, Ordering::Release);
        while !self.table.running.load(Ordering::Acquire) {
            self.thread.as_ref().expect("a thread").thread().unpark();
            thread::yield_now();
        }
    }

    /// Sends it back to sleep, and returns when it is.
    pub fn rest(&self) {
        self.table.on.store(false, Ordering::Release);
        while self.table.running.load(Ordering::Acquire) {
            assert!(!self.thread.as_ref().expect("a thread").is_finished(), "a client ended; its panic stands above");
            thread::yield_now();
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.table.over.store(true, Ordering::Release);
        self.table.on.store(false, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // Its panic was printed when it happened.
            let _ = thread.join();
        }
    }
}

/// The cpus that this process may use. Asked before any thread is pinned: one that is sees its own alone.
pub fn cores() -> &'static [usize] {
    static CORES: OnceLock<Vec<usize>> = OnceLock::new();
    CORES.get_or_init(|| crosstick_ring::pin::cpus().expect("the kernel tells which cpus there are"))
}

/// Pins where there is such a core, else lets the thread run anywhere.
fn pin(core: usize) {
    if let Some(cpu) = cores().get(core) {
        crosstick_ring::pin::pin_current_thread(*cpu).expect("a core that the process may use");
    }
}

/// Idle turns between two looks at the orders' socket, for answers: those may wait a moment, frames may not.
pub const LOOK_EVERY: u32 = 8;

/// A moment between two frames, so that whoever was asked has his hands free again: the same for everybody.
pub fn pause(clock: &Clock) {
    const PAUSE_NS: f64 = 4_000.0;
    let begin = clock.ticks();
    while clock.ns(clock.ticks() - begin) < PAUSE_NS {
        std::hint::spin_loop();
    }
}
