//! Which thread runs what, where, and how it waits. Cold, main thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::{self, JoinHandle};

use crosstick_feeds::outlet::RingSink;
use crosstick_feeds::{Event, LineSpec, LineStats, Reader};
use crosstick_ipc::control::Control;
use crosstick_ipc::layout::TurnRow;
use crosstick_ipc::{Owner, Writer};
use crosstick_model::Universe;
use crosstick_ring::{spsc, wait};
use crosstick_strategy::Spread;

use super::core_thread::CoreThread;
use super::flight::turns::LIMIT_NS;
use super::flight::{Batches, CORE_STAGES, Flight, ReaderFlight, ReaderStages, Stages, Turns, Worst};
use super::halting::{self, CoreWaker, Inlet, Keeper};
use super::inline_thread::InlineThread;
use super::notify::{Pulse, beat};
use super::publish::{Publisher, Tables};
use super::reader_thread::ReaderThread;
use super::seat::{CoreEnd, Seat, SeatParts};
use crate::clock::WallClock;
use crate::config::{self, Config, Topology};
use crate::driver::PaperDriver;
use crate::exit::Failure;
use crate::journal::scribe;
use crate::journal::thread::{JournalEnd, JournalThread, TroubleText};

/// Slots of a reader's ring: 1 MiB of ticks, a second of the densest market seen.
const RING_TICKS: usize = 16_384;
/// Events that wait for the main thread; they are a few a minute.
const EVENTS: usize = 1_024;
/// Commands that wait for the core thread, which takes them within a turn.
const COMMANDS: usize = 16;

/// What the threads start with.
pub struct Threads<'a> {
    /// The config.
    pub config: &'a Config,
    /// Everything that is traded.
    pub universe: Arc<Universe>,
    /// All lines.
    pub lines: Vec<LineSpec>,
    /// The clock of all threads.
    pub clock: WallClock,
    /// Core and paper gateway, before the first input.
    pub driver: PaperDriver<Spread>,
    /// What the core shows, before the first input.
    pub tables: Tables,
    /// Keep opportunities for the opportunity file.
    pub keep_rows: bool,
    /// How others command the run.
    pub control: Control,
    /// Raised by SIGUSR1.
    pub halt_flag: Arc<AtomicBool>,
    /// The session's journal, its description written.
    pub journal: Option<crosstick_ipc::journal::Writer>,
}

/// Threads under way.
pub struct Running {
    /// What connections tell.
    pub events: Receiver<Event>,
    /// What lines count, in the order of the region's rows.
    pub lines: Vec<LineStats>,
    /// How many sockets there are.
    pub sockets: usize,
    /// The main thread's part of halts.
    pub keeper: Keeper,
    /// Turns of the core thread's loop.
    pub pulse: Pulse,
    stop: Arc<AtomicBool>,
    readers: Vec<JoinHandle<()>>,
    core: Option<JoinHandle<CoreEnd>>,
    journal: Option<JoinHandle<JournalEnd>>,
    /// What went wrong with the journal first, once something has.
    pub journal_trouble: TroubleText,
}

impl Threads<'_> {
    /// Starts the core thread, then the readers where they have threads of their own.
    ///
    /// # Errors
    /// When a part cannot be built or the system has no thread for it.
    pub fn start(self, writer: Writer) -> Result<(Owner, Running), Failure> {
        let Writer { owner, core, recorders, turns, worst_ticks, .. } = writer;
        let mut recorders = recorders.into_iter();
        let stages = Stages::from_recorders(recorders.by_ref().take(CORE_STAGES.len()))
            .ok_or_else(|| Failure::other("the region lacks the core's histograms; this is a bug"))?;
        let mut turns = turns.into_iter();
        let core_turns = Turns::new(CORE, turns.next());
        let threads = &self.config.threads;
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let spare = leaves_spare_core(cores, reader_threads(threads, self.lines.len()));
        let (core_waiter, waker) = wait::pair(threads.core_wait, spare);

        let (beat, pulse) = beat();
        let journal_trouble = TroubleText::default();
        let (scribe, journal) = match self.journal {
            None => (None, None),
            Some(writer) => {
                let (scribe, ring, shared) = scribe::scribe(self.config.journal.budget);
                let fsync = self.config.journal.fsync;
                let thread = JournalThread { writer, ring, shared, fsync, trouble: Arc::clone(&journal_trouble) };
                (Some(scribe), Some(thread.start().map_err(Failure::other)?))
            }
        };
        let (tell_news, news) = halting::channel();
        let (hand, handed) = spsc::ring(COMMANDS);
        let Control { core: control, main: control_main } = self.control;
        let shown: Vec<_> = self.lines.iter().map(|l| (l.venue, l.line)).collect();
        let worst = Worst::new(Some(worst_ticks));
        let (driver, tables, keep_rows, halt_flag) = (self.driver, self.tables, self.keep_rows, self.halt_flag);
        let seat = |batches: Vec<Batches>| {
            Seat::new(SeatParts {
                driver,
                flight: Flight::new(self.clock.clone(), stages, core_turns, worst, batches),
                clock: self.clock.clone(),
                publisher: Publisher::new(core, tables, &shown),
                keep_rows,
                inlet: Inlet::new(control, halt_flag, handed, tell_news),
                beat,
                scribe,
            })
        };

        let (tell, events) = sync_channel(EVENTS);
        let stop = Arc::new(AtomicBool::new(false));
        let sockets = self.lines.iter().map(|line| line.sockets.len()).sum();
        let instruments = self.universe.instruments.len();
        let halt_file = &self.config.engine.halt_file;
        let cpu = threads.core_cpu;
        let clock = self.clock.clone();
        let keeper = |waker| {
            let mut keeper = Keeper::new(halt_file, news, control_main, clock, hand, waker);
            // A halt file that somebody made just now is looked at before the first tick.
            keeper.watch_file();
            keeper
        };
        let (keeper, mut lines, core, readers) = match threads.topology {
            Topology::Rings => {
                let groups = divide(self.lines, threads.reader_cpus.len());
                let (mut rings, mut starting, mut lines) = (Vec::new(), Vec::new(), Vec::new());
                let mut batches = Vec::new();
                for (number, group) in groups.into_iter().enumerate() {
                    let (producer, consumer) = spsc::ring(RING_TICKS);
                    rings.push(consumer);
                    let sink = RingSink::new(producer, Some(waker.clone()));
                    let stages = ReaderStages::from_recorders(&mut recorders).unwrap_or_else(ReaderStages::local);
                    let reader_turns = Turns::new(&reader_name(number), turns.next());
                    let (observer, known) = ReaderFlight::new(self.clock.clone(), stages, reader_turns);
                    batches.push(known);
                    let (reader, stats) =
                        Reader::new(group, instruments, sink, self.clock.clone(), observer, tell.clone())
                            .map_err(Failure::other)?;
                    lines.extend(stats);
                    let (waiter, _) = wait::pair(threads.reader_wait, spare);
                    let cpu = threads.reader_cpus.get(number).copied();
                    starting.push(ReaderThread { reader, waiter, cpu, stop: Arc::clone(&stop) });
                }
                let keeper = keeper(CoreWaker::Rings(waker));
                let core = CoreThread { seat: seat(batches), rings, waiter: core_waiter, cpu }
                    .start()
                    .map_err(Failure::other)?;
                let mut readers = Vec::new();
                for (number, reader) in starting.into_iter().enumerate() {
                    readers.push(reader.start(number).map_err(Failure::other)?);
                }
                (keeper, lines, core, readers)
            }
            Topology::Inline => {
                let stages = ReaderStages::from_recorders(&mut recorders).unwrap_or_else(ReaderStages::local);
                let (observer, known) = ReaderFlight::inline(self.clock.clone(), stages);
                let seat = seat(vec![known]);
                let (reader, lines) = Reader::new(self.lines, instruments, seat, self.clock.clone(), observer, tell)
                    .map_err(Failure::other)?;
                let keeper = keeper(CoreWaker::Sockets(reader.waker().map_err(Failure::other)?));
                let thread = InlineThread { reader, waiter: core_waiter, cpu, stop: Arc::clone(&stop) };
                (keeper, lines, thread.start().map_err(Failure::other)?, Vec::new())
            }
        };
        // Readers were dealt the lines in turn; the region's rows are as the config has them.
        lines.sort_by_key(|stats| shown.iter().position(|line| *line == (stats.venue, stats.line)));
        let core = Some(core);
        let running = Running { events, lines, sockets, keeper, pulse, stop, readers, core, journal, journal_trouble };
        Ok((owner, running))
    }
}

impl Running {
    /// Whether a thread has ended by itself, which none should.
    #[must_use]
    pub fn broken(&self) -> bool {
        self.readers.iter().any(JoinHandle::is_finished)
            || self.core.as_ref().is_some_and(JoinHandle::is_finished)
            || self.journal.as_ref().is_some_and(JoinHandle::is_finished)
    }

    /// Tells the readers to stop; the core ends when it has emptied their rings.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Whether every thread has ended.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.readers.iter().all(JoinHandle::is_finished) && self.core.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Waits for all threads; to be called after [`Self::stop`].
    ///
    /// # Errors
    /// When a thread had panicked.
    pub fn join(&mut self) -> Result<CoreEnd, Failure> {
        let panicked = || Failure::other("a thread panicked; its message stands above, please report it");
        let readers: Vec<bool> = self.readers.drain(..).map(|reader| reader.join().is_ok()).collect();
        let core = self.core.take().ok_or_else(panicked)?.join().map_err(|_| panicked())?;
        if readers.into_iter().all(|ended| ended) { Ok(core) } else { Err(panicked()) }
    }

    /// Waits until the journal is written; to be called after [`Self::join`], which dropped the core's end of it.
    /// `None` where none is kept.
    ///
    /// # Errors
    /// When the thread had panicked.
    pub fn join_journal(&mut self) -> Result<Option<JournalEnd>, Failure> {
        let panicked = |_| Failure::other("the journal thread panicked; its message stands above, please report it");
        self.journal.take().map(JoinHandle::join).transpose().map_err(panicked)
    }
}

/// How many reader threads a config has for so many lines.
#[must_use]
pub fn reader_threads(threads: &config::Threads, lines: usize) -> usize {
    match threads.topology {
        Topology::Rings => reader_count(threads.reader_cpus.len(), lines),
        Topology::Inline => 0,
    }
}

/// The rows of overlong turns at first: the core thread, then the readers in their order.
#[must_use]
pub fn turn_rows(readers: usize) -> Vec<TurnRow> {
    let names = std::iter::once(CORE.to_owned()).chain((0..readers).map(reader_name));
    names.map(|name| TurnRow::of(&name, LIMIT_NS)).collect()
}

/// The core thread's name.
pub const CORE: &str = "ct-core";

/// A reader thread's name.
#[must_use]
pub fn reader_name(number: usize) -> String {
    format!("ct-reader-{number}")
}

/// How many reader threads there are for so many CPUs named in the config and so many lines.
#[must_use]
pub fn reader_count(cpus: usize, lines: usize) -> usize {
    cpus.min(lines).max(1)
}

/// Deals the lines out to the readers, in turn.
#[must_use]
pub fn divide(lines: Vec<LineSpec>, cpus: usize) -> Vec<Vec<LineSpec>> {
    let count = reader_count(cpus, lines.len());
    let mut groups: Vec<Vec<LineSpec>> = (0..count).map(|_| Vec::new()).collect();
    for (index, line) in lines.into_iter().enumerate() {
        groups[index % count].push(line);
    }
    groups
}

/// Whether every hot thread can spin and still leave one of these cores to the rest of the machine: what `auto` asks.
#[must_use]
pub const fn leaves_spare_core(cores: usize, readers: usize) -> bool {
    cores > readers + 1
}
