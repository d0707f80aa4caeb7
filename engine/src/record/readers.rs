//! The reader threads of a recording, and the writer's. Cold to start; the readers' loop is hot.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crosstick_feeds::{Event, LineSpec, LineStats, Reader};
use crosstick_ring::{Waiter, wait};

use super::tap::{CHUNKS, NoSink, Tap};
use super::writer::Writer;
use crate::clock::WallClock;
use crate::config::Config;
use crate::exit::Failure;
use crate::run::topology::{divide, leaves_spare_core};

/// Events that wait for the main thread; they are a few a minute.
const EVENTS: usize = 1_024;
/// Longest sleep of a reader: how late a stop, or a chunk that is old enough, may be noticed.
const WAIT_MAX: Duration = Duration::from_millis(5);
/// Sleep of a reader that may not read.
const WAIT_STALLED: Duration = Duration::from_micros(200);
/// How long the writer is given, at the end, to take what was read.
const FLUSH_MAX: Duration = Duration::from_secs(30);

/// How often and how long readers did not read because the disk was too slow.
#[derive(Debug, Default)]
struct Stalls {
    count: AtomicU64,
    ns: AtomicU64,
}

/// Threads under way.
pub(super) struct Running {
    /// What connections tell.
    pub events: Receiver<Event>,
    /// What lines count.
    pub lines: Vec<LineStats>,
    /// How many sockets there are.
    pub sockets: usize,
    stop: Arc<AtomicBool>,
    stalls: Arc<Stalls>,
    /// Each ends with whether all that it read was handed over.
    readers: Vec<JoinHandle<bool>>,
    writer: Option<JoinHandle<()>>,
}

/// Starts all threads.
///
/// # Errors
/// When the system has no thread or no poll for it.
pub(super) fn start(
    lines: Vec<LineSpec>,
    instruments: usize,
    config: &Config,
    clock: &WallClock,
    writer: Writer,
) -> Result<Running, Failure> {
    let threads = &config.threads;
    let sockets = lines.iter().map(|line| line.sockets.len()).sum();
    let groups = divide(lines, threads.reader_cpus.len());
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let spare = leaves_spare_core(cores, groups.len());
    let (tell, events) = sync_channel(EVENTS);
    let (to, chunks) = sync_channel(groups.len() * CHUNKS);
    let (stop, stalls) = (Arc::new(AtomicBool::new(false)), Arc::new(Stalls::default()));
    let (mut starting, mut all) = (Vec::new(), Vec::new());
    for (number, group) in groups.into_iter().enumerate() {
        let tap = Tap::new(to.clone());
        let (reader, stats) =
            Reader::new(group, instruments, NoSink, clock.clone(), tap, tell.clone()).map_err(Failure::other)?;
        all.extend(stats);
        let (waiter, _) = wait::pair(threads.reader_wait, spare);
        let cpu = threads.reader_cpus.get(number).copied();
        let (stop, stalls, clock) = (Arc::clone(&stop), Arc::clone(&stalls), clock.clone());
        starting.push(RecordThread { reader, waiter, cpu, stop, stalls, clock });
    }
    // Only the readers hold it from here on: when they end, the writer does.
    drop(to);
    let writer = thread::Builder::new().name("ct-record".into()).spawn(move || writer.run(&chunks));
    let writer = Some(writer.map_err(Failure::other)?);
    let readers = starting.into_iter().enumerate().map(|(number, thread)| thread.start(number));
    let readers = readers.collect::<Result<_, _>>().map_err(Failure::other)?;
    Ok(Running { events, lines: all, sockets, stop, stalls, readers, writer })
}

impl Running {
    /// Whether a thread has ended unasked: the disk refused, or there is a bug.
    pub fn is_over(&self) -> bool {
        self.writer.as_ref().is_none_or(JoinHandle::is_finished) || self.readers.iter().any(JoinHandle::is_finished)
    }

    /// How often readers stopped because the disk was too slow, and for how long in all.
    pub fn stalls(&self) -> (u64, Duration) {
        let ns = Duration::from_nanos(self.stalls.ns.load(Ordering::Relaxed));
        (self.stalls.count.load(Ordering::Relaxed), ns)
    }

    /// Ends the readers, then the writer when it has written all.
    ///
    /// # Errors
    /// In words: a thread that panicked, or frames that were read and not handed to the writer.
    pub fn stop(&mut self) -> Result<(), String> {
        self.stop.store(true, Ordering::Relaxed);
        let (mut whole, mut panicked) = (true, false);
        for reader in self.readers.drain(..) {
            match reader.join() {
                Ok(all) => whole &= all,
                Err(_) => panicked = true,
            }
        }
        panicked |= self.writer.take().is_some_and(|writer| writer.join().is_err());
        if panicked {
            return Err("a thread ended by a panic, so frames are missing; this is a bug, please report it".into());
        }
        if !whole {
            let seconds = FLUSH_MAX.as_secs();
            return Err(format!("the disk was too slow for {seconds} s at the end, so the last frames are missing"));
        }
        Ok(())
    }
}

struct RecordThread {
    reader: Reader<NoSink, WallClock, Tap>,
    waiter: Waiter,
    cpu: Option<usize>,
    stop: Arc<AtomicBool>,
    stalls: Arc<Stalls>,
    clock: WallClock,
}

impl RecordThread {
    fn start(self, number: usize) -> std::io::Result<JoinHandle<bool>> {
        thread::Builder::new().name(format!("ct-reader-{number}")).spawn(move || self.run())
    }

    /// Reads until it is to stop; whether all that it read was handed over.
    fn run(mut self) -> bool {
        if let Some(cpu) = self.cpu
            && let Err(error) = crosstick_ring::pin::pin_current_thread(cpu)
        {
            tracing::warn!("a reader thread runs unpinned: {error}");
        }
        self.waiter.set_park_max(WAIT_MAX);
        while !self.stop.load(Ordering::Relaxed) {
            if !self.reader.observer().ready(self.clock.now_ns()) && !self.wait_for_writer() {
                break;
            }
            if self.reader.turn() > 0 {
                self.waiter.active();
            } else {
                let reader = &mut self.reader;
                self.waiter.idle_with(|timeout| reader.wait(timeout));
            }
        }
        self.reader.shut_down();
        flush(self.reader.observer(), FLUSH_MAX)
    }

    /// Waits until the writer has taken something; `false` when there is no more to be done.
    #[cold]
    fn wait_for_writer(&mut self) -> bool {
        let since = Instant::now();
        self.stalls.count.fetch_add(1, Ordering::Relaxed);
        let ready = loop {
            if self.reader.observer().is_closed() || self.stop.load(Ordering::Relaxed) {
                break false;
            }
            if self.reader.observer().ready(self.clock.now_ns()) {
                break true;
            }
            thread::sleep(WAIT_STALLED);
        };
        let ns = u64::try_from(since.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.stalls.ns.fetch_add(ns, Ordering::Relaxed);
        self.reader.resumed();
        ready
    }
}

/// Hands over what is left; `false` when the writer does not take it in time.
fn flush(tap: &mut Tap, within: Duration) -> bool {
    let end = Instant::now() + within;
    while !tap.flush() {
        if Instant::now() >= end {
            return false;
        }
        thread::sleep(WAIT_STALLED);
    }
    true
}

#[cfg(test)]
mod tests {
    use crosstick_feeds::Observer;
    use crosstick_model::VenueId;

    use super::*;

    impl Running {
        /// Threads that do nothing but end so.
        pub(in crate::record) fn ending(reader: fn() -> bool, writer: fn()) -> Self {
            Self {
                events: sync_channel(1).1,
                lines: Vec::new(),
                sockets: 0,
                stop: Arc::default(),
                stalls: Arc::default(),
                readers: vec![thread::spawn(reader)],
                writer: Some(thread::spawn(writer)),
            }
        }
    }

    #[test]
    fn what_the_writer_does_not_take_in_time_is_told() {
        let (to, chunks) = sync_channel(1);
        let mut tap = Tap::new(to);
        for frame in 0..2 {
            assert!(tap.ready(0));
            tap.frame(VenueId(0), 0, frame, b"{}");
            assert_eq!(flush(&mut tap, Duration::ZERO), frame == 0, "there is room for one chunk");
        }
        chunks.recv().unwrap().release();
        assert!(flush(&mut tap, Duration::ZERO));
    }

    #[test]
    fn threads_that_lost_something_fail_the_recording() {
        let stop = |reader: fn() -> bool, writer: fn()| Running::ending(reader, writer).stop();
        assert_eq!(stop(|| true, || ()), Ok(()));
        assert!(stop(|| false, || ()).unwrap_err().contains("the last frames are missing"));
        assert!(stop(|| panic!("on purpose"), || ()).unwrap_err().contains("a panic"));
        assert!(stop(|| true, || panic!("on purpose")).unwrap_err().contains("a panic"));
    }
}
