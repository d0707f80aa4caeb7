//! One socket of a line: its policy, its stream, its buffer, its decoder.

use std::sync::mpsc::SyncSender;

use crosstick_model::{InstrumentId, Line, Tick, TickKind, VenueId};

use super::{Batch, Clock, Observer};
use crate::buffer::RecvBuffer;
use crate::connection::{Connection, Event, EventKind, Phase, Step, Wish};
use crate::decode::{Decoded, Decoder, Reason as Refused, SequenceTracker};
use crate::error::{ConnectError, Reason};
use crate::net::{Dial, Read, SocketOptions, Stream, TlsClient};
use crate::outlet::{Fit, Outlet, TickSink};
use crate::ws::WsError;

/// How often a dial is looked at: each look costs system calls that the live sockets pay for.
const DIAL_LOOK_NS: u64 = 200_000;

/// What all sockets of a reader share.
pub(super) struct Lane<S, C, O> {
    pub outlet: Outlet<S>,
    pub clock: C,
    pub observer: O,
    pub events: SyncSender<Event>,
    /// The newest reading of the clock.
    pub looked_ns: u64,
}

/// The state of the network side.
#[derive(Debug)]
pub(super) enum Link {
    Down,
    Dialing(Box<Dial>),
    Up(Box<Stream>),
}

/// Counts that the decoder does not keep.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct SocketCounts {
    pub connects: u64,
    pub disconnects: u64,
    pub ring_full: u64,
    pub quotes_replaced: u64,
    pub lost_at_stop: u64,
    pub wire_bytes: u64,
    pub reads: u64,
    pub busy_poll_refused: u64,
    pub kernel_time_refused: u64,
    pub events_lost: u64,
    pub refused: [u64; WsError::COUNT],
    /// When the newest message was read, ns since the epoch.
    pub last_recv_ns: u64,
    /// Receive time minus venue time of the newest tick that tells its time, µs.
    pub lag_us: i64,
}

#[derive(Debug)]
pub(super) struct Socket {
    pub venue: VenueId,
    pub line: Line,
    /// Its place among the sockets of the line.
    pub number: u16,
    pub connection: Connection,
    pub link: Link,
    pub buffer: RecvBuffer,
    pub decoder: Decoder,
    pub sequence: SequenceTracker,
    /// Stream number by instrument and kind; `NO_STREAM` where it carries none.
    pub streams: Vec<[u16; 2]>,
    pub tls: TlsClient,
    pub options: SocketOptions,
    pub counts: SocketCounts,
    /// Readiness as the poll told it; of use only where sockets are polled first.
    pub ready: bool,
    /// The other side has closed, as the poll told it: read until the end shows.
    pub ending: bool,
    /// The stream that is up is registered with the poll; true also where none is up.
    pub registered: bool,
    /// The line's state may have changed.
    pub changed: bool,
    batch_ns: u64,
    /// When the kernel received it, by the system clock; 0: not told.
    batch_kernel_ns: u64,
    batch_ticks: u32,
    dial_look_ns: u64,
    unsent: bool,
}

pub(super) const NO_STREAM: u16 = u16::MAX;

impl Socket {
    #[expect(clippy::too_many_arguments, reason = "one call, which names them all")]
    pub fn new(
        venue: VenueId,
        line: Line,
        number: u16,
        connection: Connection,
        decoder: Decoder,
        streams: Vec<[u16; 2]>,
        tls: TlsClient,
        options: SocketOptions,
    ) -> Self {
        Self {
            venue,
            line,
            number,
            connection,
            link: Link::Down,
            buffer: RecvBuffer::new(crate::ws::frame::BUFFER_LIMIT),
            decoder,
            sequence: SequenceTracker::new(streams.len()),
            streams,
            tls,
            options,
            counts: SocketCounts::default(),
            ready: false,
            ending: false,
            registered: true,
            changed: false,
            batch_ns: 0,
            batch_kernel_ns: 0,
            batch_ticks: 0,
            dial_look_ns: 0,
            unsent: false,
        }
    }

    /// Whether it brings ticks of that line, instrument and kind.
    pub fn carries(&self, tick: &Tick) -> bool {
        let streams = self.streams.get(tick.instrument.index());
        let stream = streams.and_then(|s| s.get(tick.kind as usize)).copied().unwrap_or(NO_STREAM);
        self.line == tick.flags.line() && stream != NO_STREAM
    }

    /// Live, or still taking what comes before a planned end.
    pub fn is_live(&self) -> bool {
        matches!(self.connection.phase(), Phase::Live | Phase::Draining)
    }

    /// Reads once and passes on what came. Returns the reads that brought something: 0 or 1.
    #[inline]
    pub fn turn<S: TickSink, C: Clock, O: Observer>(&mut self, lane: &mut Lane<S, C, O>) -> usize {
        let Link::Up(stream) = &mut self.link else { return 0 };
        let clock = &lane.clock;
        match stream.read(&mut self.buffer, || clock.now_ns()) {
            Read::Blocked => {
                self.ready = false;
                0
            }
            Read::Some { wire, at_ns, kernel_ns, drained } => {
                if drained && !self.ending {
                    self.ready = false;
                }
                self.counts.reads += 1;
                self.counts.wire_bytes += wire as u64;
                self.batch_ns = at_ns;
                self.batch_kernel_ns = kernel_ns;
                lane.looked_ns = at_ns;
                self.connection.arrived(at_ns);
                self.pass_on(lane);
                1
            }
            other => {
                self.finish(other, lane);
                1
            }
        }
    }

    /// The stream is over: what came before is passed on first.
    #[cold]
    fn finish<S: TickSink, C: Clock, O: Observer>(&mut self, read: Read, lane: &mut Lane<S, C, O>) {
        self.batch_ns = lane.clock.now_ns();
        self.batch_kernel_ns = 0;
        lane.looked_ns = self.batch_ns;
        self.pass_on(lane);
        if lane.outlet.is_stopped() || !matches!(self.link, Link::Up(_)) {
            // Still in the buffer; the end is met again on the next read.
            return;
        }
        let phase = self.connection.phase();
        let reason = match read {
            Read::Full => Reason::Protocol(WsError::TooLong),
            Read::Failed(error) => Reason::Broken(error.to_string().into()),
            _ if phase == Phase::Upgrading => ConnectError::Closed {
                host: self.connection.endpoint().host().into(),
                stage: crate::error::Stage::Upgrading,
            }
            .into(),
            _ => Reason::Broken("the venue closed it without a close frame".into()),
        };
        self.hang_up(Some(reason), lane);
    }

    /// Unframes and decodes what is in the buffer, until it is empty or the ring is full.
    pub fn pass_on<S: TickSink, C: Clock, O: Observer>(&mut self, lane: &mut Lane<S, C, O>) {
        let now = self.batch_ns;
        loop {
            let watching = self.connection.watching();
            match self.connection.next(&mut self.buffer, now) {
                Step::Text(text) => {
                    if O::FRAMES {
                        lane.observer.frame(self.venue, self.line, now, text);
                    }
                    let (outlet, sequence, ticks) = (&mut lane.outlet, &mut self.sequence, &mut self.batch_ticks);
                    let mut fit = Fit::Pushed;
                    let mut heard = None;
                    let lag_us = &mut self.counts.lag_us;
                    let decoded = self.decoder.decode(text, now, &mut |tick| {
                        let _ = sequence.see(&tick);
                        *ticks += 1;
                        if tick.exchange_offset_us != Tick::NO_EXCHANGE_TIME {
                            *lag_us = -i64::from(tick.exchange_offset_us);
                        }
                        if watching {
                            heard = Some((tick.instrument, tick.kind));
                        }
                        fit = outlet.offer(tick);
                    });
                    self.counts.last_recv_ns = now;
                    if let Some((instrument, kind)) = heard {
                        self.heard(instrument, kind);
                    }
                    if fit != Fit::Pushed {
                        self.counts.note(fit);
                    }
                    if let Decoded::Control(control) = decoded {
                        let wish = self.connection.control(control, now);
                        self.after_control(wish, lane);
                    }
                }
                Step::Handled => self.tell(lane),
                Step::Empty => break,
                Step::Binary(bytes) => {
                    let length = bytes.len();
                    self.decoder.counters_mut().refuse(Refused::BinaryFrame, length);
                }
                Step::HangUp => {
                    self.hang_up(None, lane);
                    break;
                }
            }
            if lane.outlet.is_stopped() {
                return;
            }
        }
        self.end_batch(lane);
        if self.unsent || !self.connection.output().is_empty() || self.tls_wants_write() {
            self.send(lane);
        }
    }

    fn end_batch<S: TickSink, C: Clock, O: Observer>(&mut self, lane: &mut Lane<S, C, O>) {
        let fit = lane.outlet.end_batch();
        if fit != Fit::Pushed {
            self.counts.note(fit);
        }
        if O::WANTED && self.batch_ticks > 0 {
            // A raw stamp; what it means is worked out when the ticks are on their way.
            let pushed_ns = lane.clock.at_ns(lane.clock.stamp());
            lane.looked_ns = pushed_ns;
            lane.observer.batch(&Batch {
                venue: self.venue,
                line: self.line,
                kernel_ns: self.batch_kernel_ns,
                read_ns: self.batch_ns,
                pushed_ns,
                ticks: self.batch_ticks,
            });
        }
        self.batch_ticks = 0;
    }

    fn tls_wants_write(&self) -> bool {
        matches!(&self.link, Link::Up(stream) if stream.wants_write())
    }

    #[cold]
    fn heard(&mut self, instrument: InstrumentId, kind: TickKind) {
        if let Some(&stream) = self.streams.get(instrument.index()).and_then(|s| s.get(kind as usize))
            && stream != NO_STREAM
        {
            self.connection.heard(usize::from(stream));
        }
    }

    #[cold]
    fn after_control<S: TickSink, C: Clock, O: Observer>(&mut self, wish: Wish, lane: &mut Lane<S, C, O>) {
        self.tell(lane);
        if wish == Wish::HangUp {
            self.hang_up(None, lane);
        }
    }

    /// Sends what the connection wants to say, as far as it goes.
    #[cold]
    pub fn send<S: TickSink, C: Clock, O: Observer>(&mut self, lane: &mut Lane<S, C, O>) {
        let Link::Up(stream) = &mut self.link else { return };
        match stream.write(self.connection.output()) {
            Ok(left) => self.unsent = left,
            Err(error) => self.hang_up(Some(Reason::Broken(error.to_string().into())), lane),
        }
    }

    /// Whether [`Self::look_after`] has more to do than to look.
    #[inline]
    pub fn wants_care(&self, now: u64) -> bool {
        matches!(self.link, Link::Dialing(_)) || self.unsent || now >= self.connection.wake_ns()
    }

    /// Looks after the network side and the policy's deadlines.
    #[inline]
    pub fn look_after<S: TickSink, C: Clock, O: Observer>(&mut self, now: u64, lane: &mut Lane<S, C, O>) {
        if matches!(self.link, Link::Dialing(_)) && now >= self.dial_look_ns {
            self.dial(now, lane);
        }
        if now >= self.connection.wake_ns() {
            self.due(now, lane);
        }
        if self.unsent {
            self.send(lane);
        }
    }

    #[cold]
    fn due<S: TickSink, C: Clock, O: Observer>(&mut self, now: u64, lane: &mut Lane<S, C, O>) {
        match self.connection.poll(now) {
            Wish::None => {}
            Wish::Connect => {
                let endpoint = self.connection.endpoint().clone();
                self.link = Link::Dialing(Box::new(Dial::start(endpoint, self.tls.clone(), self.options)));
                self.dial_look_ns = now;
            }
            Wish::HangUp => {
                let reason = match &self.link {
                    Link::Dialing(dial) => Some(self.connection.connect_timed_out(dial.stage())),
                    _ => None,
                };
                self.hang_up(reason, lane);
            }
        }
        if !self.connection.output().is_empty() {
            self.send(lane);
        }
        self.tell(lane);
    }

    #[cold]
    fn dial<S: TickSink, C: Clock, O: Observer>(&mut self, now: u64, lane: &mut Lane<S, C, O>) {
        let Link::Dialing(dial) = &mut self.link else { return };
        let polled = dial.poll(now);
        let busy_poll_refused = u64::from(dial.busy_poll_refused());
        let kernel_time_refused = u64::from(dial.kernel_time_refused());
        match polled {
            Ok(None) => self.dial_look_ns = now.saturating_add(DIAL_LOOK_NS),
            Ok(Some(stream)) => {
                self.counts.busy_poll_refused += busy_poll_refused;
                self.counts.kernel_time_refused += kernel_time_refused;
                self.link = Link::Up(Box::new(stream));
                self.buffer.clear();
                self.ready = true;
                self.ending = false;
                self.registered = false;
                self.unsent = false;
                match self.connection.opened(now) {
                    Wish::HangUp => self.hang_up(None, lane),
                    _ => self.send(lane),
                }
            }
            Err(error) => self.hang_up(Some(Reason::Connect(error)), lane),
        }
    }

    /// Closes the network side and lets the policy decide what comes next.
    #[cold]
    pub fn hang_up<S: TickSink, C: Clock, O: Observer>(&mut self, reason: Option<Reason>, lane: &mut Lane<S, C, O>) {
        if let Link::Up(stream) = std::mem::replace(&mut self.link, Link::Down) {
            stream.close(self.connection.output());
        }
        self.buffer.clear();
        self.unsent = false;
        self.registered = true;
        self.counts.disconnects += 1;
        self.connection.closed(reason, lane.clock.now_ns());
        self.tell(lane);
    }

    /// Says goodbye, at the end of a run.
    pub fn shut(&mut self) {
        if let Link::Up(stream) = std::mem::replace(&mut self.link, Link::Down) {
            self.connection.goodbye();
            stream.close(self.connection.output());
        }
    }

    /// Sends the connection's events to whoever prints them.
    #[cold]
    pub fn tell<S: TickSink, C: Clock, O: Observer>(&mut self, lane: &mut Lane<S, C, O>) {
        while let Some(kind) = self.connection.take_event() {
            self.changed = true;
            match &kind {
                EventKind::Connected { .. } => self.counts.connects += 1,
                EventKind::Disconnected { reason: Reason::Protocol(error) } => {
                    if let Some(count) = self.counts.refused.get_mut(error.index()) {
                        *count += 1;
                    }
                }
                _ => {}
            }
            let at_ns = lane.clock.now_ns();
            let event = Event { venue: self.venue, line: self.line, socket: self.number, at_ns, kind };
            self.counts.events_lost += u64::from(lane.events.try_send(event).is_err());
        }
    }

    /// The line went live or down; travels in order with the data.
    pub fn offer_line_state<S: TickSink, C: Clock, O: Observer>(&mut self, live: bool, lane: &mut Lane<S, C, O>) {
        let tick = Tick::line_state(self.venue, self.line, live, lane.clock.now_ns());
        if O::FRAMES {
            lane.observer.line_state(self.venue, self.line, tick.recv_ns, live);
        }
        for fit in [lane.outlet.offer(tick), lane.outlet.end_batch()] {
            self.counts.note(fit);
        }
    }
}

impl SocketCounts {
    #[cold]
    fn note(&mut self, fit: Fit) {
        match fit {
            Fit::Pushed => {}
            Fit::Kept | Fit::Stopped => self.ring_full += 1,
            Fit::Replaced => {
                self.ring_full += 1;
                self.quotes_replaced += 1;
            }
        }
    }
}
