//! A reader: several sockets, their decoders, one outlet, one thread.
//!
//! HOT: [`Reader::turn`] is one turn of a busy-polling loop. It reads each socket once without blocking, decrypts,
//! unframes, stamps once a read, decodes, pushes. Two sockets are read directly; three or more are polled first with
//! zero timeout, because an empty read costs a system call each. When the outlet stops, nothing more is read until the
//! ring has room. COLD: connecting, policy, events, statistics; looked after in idle turns and every
//! [`LOOK_EVERY`] busy ones.
//!
//! The first tick of each line says that it is down, so that nobody takes a half-subscribed line for a live one.
//!
//! One batch is one socket read; its last tick is marked, also when the batch was interrupted by a full ring.

mod observer;
mod socket;
mod stats;

use std::io;
use std::sync::mpsc::SyncSender;
use std::time::{Duration, Instant};

use crosstick_model::{InstrumentId, Line, Protocol, Scale, TickKind, VenueId};
use crosstick_ring::seqlock;
use mio::{Events, Interest, Poll, Token};

use crate::connection::{AttemptBudget, Connection, Event, Rules};
use crate::decode::{Decoder, FeedCounters, Reason, SymbolError, SymbolTable, TimeUnit};
use crate::endpoints::SocketPlan;
use crate::net::{SocketOptions, TlsClient};
use crate::outlet::{Outlet, TickSink};
pub use observer::{Batch, Clock, Observer};
use socket::{Lane, Link, NO_STREAM, Socket};
pub use stats::{FeedStats, LineStats, REFUSALS, refusal_code};

/// Busy turns between two looks at timers.
pub const LOOK_EVERY: u32 = 64;
/// From so many sockets on they are polled before they are read.
const POLL_FROM: usize = 3;
const PUBLISH_EVERY_NS: u64 = 10_000_000;
/// Longest wait while something is being connected, which no poll reports.
const WAIT_CONNECTING: Duration = Duration::from_millis(1);
/// How long the consumer is given, at the end of a run, to take what was read and counted.
const FLUSH_MAX: Duration = Duration::from_secs(5);
/// Longest wait while the ring is full: its consumer does not wake us.
const WAIT_FULL: Duration = Duration::from_micros(100);

/// What the poll tells of a [`PollWaker`]; no socket has that number.
const WAKER: Token = Token(usize::MAX);

/// Ends a reader's wait, the one under way or the next.
#[derive(Debug)]
pub struct PollWaker(mio::Waker);

impl PollWaker {
    /// Wakes the reader; a system call. Whoever has something for it makes that seen first.
    pub fn wake(&self) {
        // It fails only where the counter is full, and then the reader has many wake-ups before it.
        let _ = self.0.wake();
    }
}

/// One line of a venue, as a reader is given it.
#[derive(Debug, Clone)]
pub struct LineSpec {
    /// The venue.
    pub venue: VenueId,
    /// What it speaks.
    pub protocol: Protocol,
    /// Which line, 0 to 7.
    pub line: Line,
    /// What its time fields count in; must be what the plan's URLs ask for.
    pub unit: TimeUnit,
    /// Its sockets, from [`crate::endpoints::plan`].
    pub sockets: Vec<SocketPlan>,
    /// All its symbols with their ids and scales.
    pub symbols: Vec<(Box<str>, InstrumentId, Scale)>,
    /// Limits and deadlines; [`Rules::of`] unless a test needs others.
    pub rules: Rules,
    /// Whom it trusts.
    pub tls: TlsClient,
    /// Socket options.
    pub options: SocketOptions,
    /// Connection attempts, shared by all lines to the same hosts.
    pub attempts: AttemptBudget,
    /// Seed of its jitter; different for each line.
    pub seed: u64,
}

/// Why a reader could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ReaderError {
    /// The system gave no poll.
    #[error("cannot set up polling: {0}; check the limit on open files")]
    Poll(#[from] io::Error),
    /// A symbol cannot be used.
    #[error("symbols of a venue: {0:?}")]
    Symbols(SymbolError),
}

impl From<SymbolError> for ReaderError {
    fn from(error: SymbolError) -> Self {
        Self::Symbols(error)
    }
}

#[derive(Debug)]
struct LineState {
    first: usize,
    sockets: usize,
    live: bool,
    cell: seqlock::Writer<FeedStats>,
}

/// Sockets, decoders and an outlet, driven by one thread.
pub struct Reader<S, C, O = ()> {
    sockets: Vec<Socket>,
    lines: Vec<LineState>,
    lane: Lane<S, C, O>,
    poll: Poll,
    polled: Events,
    /// The socket whose batch the full ring interrupted.
    interrupted: Option<usize>,
    /// Where the next turn begins, so that a full ring is fair to all sockets.
    first: usize,
    stalled: bool,
    busy_turns: u32,
    dirty: bool,
    published_ns: u64,
    /// Something was looked after since the newest reading of the clock.
    cared: bool,
}

impl<S: TickSink, C: Clock, O: Observer> Reader<S, C, O> {
    /// A reader that has told that all its lines are down, and connects in its first turns. `instruments`: one more
    /// than the largest instrument id. Events go to `events`, and are counted where that is full.
    ///
    /// # Errors
    /// [`ReaderError`].
    pub fn new(
        lines: Vec<LineSpec>,
        instruments: usize,
        sink: S,
        clock: C,
        observer: O,
        events: SyncSender<Event>,
    ) -> Result<(Self, Vec<LineStats>), ReaderError> {
        let mut sockets = Vec::new();
        let mut states = Vec::new();
        let mut stats = Vec::new();
        for spec in lines {
            let (cell, read) = seqlock::cell(FeedStats::ZERO);
            let first = sockets.len();
            stats.push(LineStats { venue: spec.venue, line: spec.line, cell: read });
            add_sockets(spec, instruments, &mut sockets)?;
            states.push(LineState { first, sockets: sockets.len() - first, live: false, cell });
        }
        let mut reader = Self {
            polled: Events::with_capacity(sockets.len().max(1) * 2),
            sockets,
            lines: states,
            lane: Lane { outlet: Outlet::new(sink, instruments), clock, observer, events, looked_ns: 0 },
            poll: Poll::new()?,
            interrupted: None,
            first: 0,
            stalled: false,
            // The first turn looks after everything.
            busy_turns: LOOK_EVERY,
            dirty: false,
            published_ns: 0,
            cared: false,
        };
        for line in &reader.lines {
            if let Some(socket) = reader.sockets.get_mut(line.first..).and_then(<[_]>::first_mut) {
                socket.offer_line_state(false, &mut reader.lane);
            }
        }
        Ok((reader, stats))
    }

    /// One turn of the loop; returns how many reads brought something. Never blocks.
    pub fn turn(&mut self) -> usize {
        if (self.interrupted.is_some() || !self.lane.outlet.is_clear()) && !self.resume() {
            self.lane.outlet.wake();
            if O::WANTED {
                // Until there is room it is the core's time, not a turn of ours.
                self.lane.observer.waited();
            }
            return 0;
        }
        let polls = self.sockets.len() >= POLL_FROM;
        if polls {
            self.note_readiness(Duration::ZERO);
        }
        let mut work = 0;
        let count = self.sockets.len();
        for step in 0..count {
            let index = (self.first + step) % count;
            let Some(socket) = self.sockets.get_mut(index) else { break };
            if polls && !socket.ready {
                continue;
            }
            work += socket.turn(&mut self.lane);
            let changed = socket.changed;
            if changed {
                self.note_lines();
            }
            if self.lane.outlet.is_stopped() {
                self.interrupted = Some(index);
                self.first = (index + 1) % count;
                break;
            }
        }
        self.lane.outlet.wake();
        let cared = std::mem::take(&mut self.cared);
        if work == 0 || self.busy_turns >= LOOK_EVERY {
            self.busy_turns = 0;
            self.look_after();
        } else {
            self.busy_turns += 1;
            self.dirty = true;
        }
        if O::WANTED {
            self.lane.observer.turned(self.lane.looked_ns, work > 0 || cared);
        }
        work
    }

    /// Blocks until a socket has something, a deadline is due, or `timeout` is over. To be called after a turn that
    /// returned 0, where the thread is to leave the core to others.
    pub fn wait(&mut self, timeout: Duration) {
        if self.interrupted.is_some() || !self.lane.outlet.is_clear() {
            std::thread::sleep(timeout.min(WAIT_FULL));
            self.lane.observer.waited();
            return;
        }
        let now = self.lane.clock.now_ns();
        let mut longest = timeout;
        for socket in &self.sockets {
            let until_wake = Duration::from_nanos(socket.connection.wake_ns().saturating_sub(now));
            longest = longest.min(until_wake);
            if matches!(socket.link, Link::Dialing(_)) {
                longest = longest.min(WAIT_CONNECTING);
            }
        }
        if self.dirty {
            self.publish();
        }
        self.note_readiness(longest);
        self.lane.observer.waited();
    }

    /// Says goodbye to all venues and publishes the last counts. What was read is passed on first: that blocks while
    /// the ring is full, for five seconds at most, unless its consumer is gone; what is left then is counted.
    pub fn shut_down(&mut self) {
        let end = Instant::now() + FLUSH_MAX;
        while !self.lane.outlet.sink().is_closed() && !self.flush() && Instant::now() < end {
            std::thread::sleep(WAIT_FULL);
        }
        let (outlet, sockets) = (&mut self.lane.outlet, &mut self.sockets);
        outlet.abandon(|tick| {
            if let Some(socket) = sockets.iter_mut().find(|s| s.carries(tick)) {
                socket.counts.lost_at_stop += 1;
            }
        });
        for socket in &mut self.sockets {
            socket.shut();
        }
        self.publish();
    }

    /// Passes on what was read as far as there is room; true when that is all of it.
    fn flush(&mut self) -> bool {
        let mut all = self.lane.outlet.drain();
        if all
            && let Some(index) = self.interrupted.take()
            && let Some(socket) = self.sockets.get_mut(index)
        {
            socket.pass_on(&mut self.lane);
            if self.lane.outlet.is_stopped() {
                self.interrupted = Some(index);
            }
            all = self.lane.outlet.is_clear();
        }
        self.lane.outlet.wake();
        all
    }

    /// That whoever turns the reader had not done so for a while: what stood still meanwhile was our own doing, and no
    /// silence of a venue.
    #[cold]
    pub fn resumed(&mut self) {
        let now = self.lane.clock.now_ns();
        self.sockets.iter_mut().for_each(|s| s.connection.resumed(now));
    }

    /// Whether every line is live.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.lines.iter().all(|line| line.live)
    }

    /// Whether no socket will ever connect again.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.sockets.iter().all(|s| s.connection.phase() == crate::connection::Phase::Stopped)
    }

    /// Where the ticks go.
    pub const fn sink(&mut self) -> &mut S {
        self.lane.outlet.sink()
    }

    /// Where the ticks go, when the reader is done; to be called after [`Self::shut_down`].
    pub fn into_sink(self) -> S {
        self.lane.outlet.into_sink()
    }

    /// What ends a [`Self::wait`] from another thread.
    ///
    /// # Errors
    /// When the system has no handle for it.
    pub fn waker(&self) -> io::Result<PollWaker> {
        mio::Waker::new(self.poll.registry(), WAKER).map(PollWaker)
    }

    /// Who learns about latency.
    pub const fn observer(&mut self) -> &mut O {
        &mut self.lane.observer
    }

    /// Publishes the counts of all lines.
    pub fn publish(&mut self) {
        self.dirty = false;
        for line in &mut self.lines {
            let mut stats = FeedStats { live: u64::from(line.live), ..FeedStats::ZERO };
            for socket in self.sockets.iter().skip(line.first).take(line.sockets) {
                add_counts(&mut stats, socket);
            }
            line.cell.write(&stats);
        }
    }

    /// Sends what waits for room; true when reading may go on.
    #[cold]
    fn resume(&mut self) -> bool {
        if !self.lane.outlet.drain() && self.lane.outlet.is_stopped() {
            self.stalled = true;
            return false;
        }
        if self.stalled {
            // What stood still while we did not read was our own doing.
            self.stalled = false;
            self.cared = true;
            let now = self.lane.clock.now_ns();
            self.sockets.iter_mut().for_each(|s| s.connection.resumed(now));
        }
        if let Some(index) = self.interrupted.take()
            && let Some(socket) = self.sockets.get_mut(index)
        {
            socket.pass_on(&mut self.lane);
            self.cared = true;
            self.note_lines();
            if self.lane.outlet.is_stopped() {
                self.interrupted = Some(index);
                return false;
            }
        }
        true
    }

    #[cold]
    fn look_after(&mut self) {
        let now = self.lane.clock.now_ns();
        self.lane.looked_ns = now;
        for index in 0..self.sockets.len() {
            let Some(socket) = self.sockets.get_mut(index) else { break };
            self.cared |= socket.wants_care(now);
            socket.look_after(now, &mut self.lane);
        }
        if self.sockets.iter().any(|s| s.changed) {
            self.note_lines();
        }
        if self.dirty && now.saturating_sub(self.published_ns) >= PUBLISH_EVERY_NS {
            self.published_ns = now;
            self.publish();
        }
    }

    /// Registers new streams with the poll. Whoever only ever reads does without: the kernel walks through a socket's
    /// registrations at each packet.
    fn register(&mut self) {
        for (index, socket) in self.sockets.iter_mut().enumerate().filter(|(_, socket)| !socket.registered) {
            let Link::Up(stream) = &mut socket.link else { continue };
            let both = Interest::READABLE | Interest::WRITABLE;
            match self.poll.registry().register(stream.tcp(), Token(index), both) {
                Ok(()) => socket.registered = true,
                // A socket that cannot be polled would starve in silence.
                Err(error) => {
                    socket.hang_up(Some(crate::error::Reason::Broken(error.to_string().into())), &mut self.lane);
                }
            }
        }
    }

    /// Tells of each line that went live or down.
    #[cold]
    fn note_lines(&mut self) {
        self.dirty = true;
        for line in &mut self.lines {
            let Some(sockets) = self.sockets.get_mut(line.first..line.first + line.sockets) else { continue };
            sockets.iter_mut().for_each(|s| s.changed = false);
            let live = sockets.iter().all(Socket::is_live);
            if live != line.live
                && let Some(socket) = sockets.first_mut()
            {
                line.live = live;
                socket.offer_line_state(live, &mut self.lane);
            }
        }
    }

    fn note_readiness(&mut self, timeout: Duration) {
        if self.sockets.iter().any(|socket| !socket.registered) {
            self.register();
        }
        if self.poll.poll(&mut self.polled, Some(timeout)).is_err() {
            // Interrupted by a signal, most likely; reading everything once is always right.
            self.sockets.iter_mut().for_each(|s| s.ready = true);
            return;
        }
        for event in &self.polled {
            if let Some(socket) = self.sockets.get_mut(event.token().0) {
                socket.ready |= event.is_readable() || event.is_read_closed() || event.is_error();
                socket.ending |= event.is_read_closed() || event.is_error();
            }
        }
    }
}

impl<S, C, O> std::fmt::Debug for Reader<S, C, O> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader").field("sockets", &self.sockets.len()).finish_non_exhaustive()
    }
}

fn add_sockets(spec: LineSpec, instruments: usize, sockets: &mut Vec<Socket>) -> Result<(), SymbolError> {
    for (number, plan) in spec.sockets.into_iter().enumerate() {
        let symbols = SymbolTable::new(spec.symbols.iter().map(|(symbol, id, scale)| (&**symbol, *id, *scale)))?;
        let decoder = Decoder::new(spec.protocol, spec.unit, spec.line, symbols);
        let mut streams = vec![[NO_STREAM; 2]; instruments];
        for (stream, subscription) in plan.subscriptions.iter().enumerate() {
            let place = streams.get_mut(subscription.instrument.index());
            if let Some(place) = place.and_then(|s| s.get_mut(subscription.kind as usize)) {
                *place = u16::try_from(stream).unwrap_or(NO_STREAM);
            }
        }
        let names = plan.subscriptions.into_iter().map(|s| s.name).collect();
        let seed = spec.seed ^ ((number as u64 + 1) << 32);
        let connection = Connection::new(plan.endpoint, names, spec.rules.clone(), spec.attempts.clone(), seed);
        let number = u16::try_from(number).unwrap_or(u16::MAX);
        let (tls, options) = (spec.tls.clone(), spec.options);
        sockets.push(Socket::new(spec.venue, spec.line, number, connection, decoder, streams, tls, options));
    }
    Ok(())
}

fn add_counts(stats: &mut FeedStats, socket: &Socket) {
    let FeedCounters { frames, bytes, trades, quotes, other, fast_path, refused } = *socket.decoder.counters();
    stats.frames += frames;
    stats.bytes += bytes;
    stats.trades += trades;
    stats.quotes += quotes;
    stats.other += other;
    stats.fast_path += fast_path;
    let all = refused.iter().chain(&socket.counts.refused);
    stats.refused.iter_mut().zip(all).for_each(|(sum, count)| *sum += count);
    let sequence = socket.sequence.total();
    stats.trade_gaps = stats.trade_gaps.saturating_add(sequence.trade_gaps);
    stats.trade_duplicates += sequence.trade_duplicates;
    stats.trade_out_of_order += sequence.trade_out_of_order;
    stats.quote_duplicates += sequence.quote_duplicates;
    stats.quote_out_of_order += sequence.quote_out_of_order;
    stats.connects += socket.counts.connects;
    stats.disconnects += socket.counts.disconnects;
    stats.ring_full += socket.counts.ring_full;
    stats.quotes_replaced += socket.counts.quotes_replaced;
    stats.lost_at_stop += socket.counts.lost_at_stop;
    stats.wire_bytes += socket.counts.wire_bytes;
    stats.reads += socket.counts.reads;
    stats.busy_poll_refused += socket.counts.busy_poll_refused;
    stats.kernel_time_refused += socket.counts.kernel_time_refused;
    stats.events_lost += socket.counts.events_lost;
    // Of several sockets the one that heard something last.
    if socket.counts.last_recv_ns > stats.last_recv_ns {
        (stats.last_recv_ns, stats.lag_us) = (socket.counts.last_recv_ns, socket.counts.lag_us);
    }
}

const _: () = assert!(TickKind::Quote as usize == 0 && TickKind::Trade as usize == 1 && Reason::COUNT < REFUSALS);
