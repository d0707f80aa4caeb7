//! Connection policy, sans-I/O: bytes and a time in, bytes and wishes out.
//!
//! COLD but for [`Connection::next`], [`Connection::arrived`] and [`Connection::poll`], which a reader calls once a
//! frame, a read and a turn. A driver owns the socket and obeys: it opens it on [`Wish::Connect`], gives received bytes
//! to [`Connection::next`], sends what is in [`Connection::output`], and closes it on a wish to hang up. So every rule
//! here is tested in virtual time.
//!
//! The states: waiting → connecting → upgrading → subscribing → live → draining → waiting, and stopped where trying
//! again cannot help.

mod backoff;
mod budget;
mod event;
mod retry;
mod rules;
mod subscribe;
mod watch;

use std::collections::VecDeque;

pub use backoff::{Backoff, Jitter};
pub use budget::{AttemptBudget, FramePace};
pub use event::{Event, EventKind};
use retry::BANNED;
pub use rules::{Rules, SECOND_NS};
use subscribe::Request;
pub use watch::StreamWatch;

use crate::buffer::RecvBuffer;
use crate::endpoint::Endpoint;
use crate::error::{ConnectError, Reason, Stage};
use crate::ws::{Frame, Frames, Handshake, HandshakeError, MaskKeys, Opcode, write_frame};

/// Close code of a normal end.
const CLOSE_NORMAL: u16 = 1000;
const CLOSE_TEXT_MAX: usize = 123;
/// A peer that takes nothing while so many bytes wait for it is left: it asks (pings) and does not read.
const UNSENT_MAX: usize = 64 << 10;
/// Connections are replaced up to so much before their age limit, so that lines opened together do not drop together.
const LIFETIME_SPREAD_NS: u64 = 600 * SECOND_NS;

/// Where a connection stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Until the next attempt.
    Waiting,
    /// The driver resolves, connects, encrypts.
    Connecting,
    /// The WebSocket handshake is under way.
    Upgrading,
    /// Requests are being sent and answered; data may come already.
    Subscribing,
    /// Every request is answered.
    Live,
    /// We asked to close and take what still comes.
    Draining,
    /// For good.
    Stopped,
}

/// What the driver is asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// Nothing but to send the output.
    None,
    /// Open a socket.
    Connect,
    /// Send the output, close the socket, and say so with [`Connection::closed`].
    HangUp,
}

/// What [`Connection::next`] found.
#[derive(Debug, PartialEq, Eq)]
pub enum Step<'a> {
    /// A text message.
    Text(&'a mut [u8]),
    /// A binary message, which no stream of ours sends.
    Binary(&'a mut [u8]),
    /// Something that was dealt with here; ask again.
    Handled,
    /// Nothing whole; read more.
    Empty,
    /// As [`Wish::HangUp`].
    HangUp,
}

/// The policy of one socket.
#[derive(Debug)]
pub struct Connection {
    endpoint: Endpoint,
    streams: Vec<Box<str>>,
    rules: Rules,
    attempts: AttemptBudget,
    pace: FramePace,
    backoff: Backoff,
    masks: MaskKeys,
    phase: Phase,
    /// Nothing to do before; the one compare of an idle turn.
    wake_ns: u64,
    /// Of the attempt, the handshake or the draining.
    deadline_ns: u64,
    heard_ns: u64,
    lifetime_end_ns: u64,
    live_ns: Option<u64>,
    was_live: bool,
    handshake: Option<Handshake>,
    frames: Frames,
    watch: StreamWatch,
    asked: usize,
    acknowledged: usize,
    next_id: i64,
    requests: Vec<Request>,
    refusal: Option<Reason>,
    ending: Option<Reason>,
    out: Vec<u8>,
    events: VecDeque<EventKind>,
}

impl Connection {
    /// A connection that wants to be opened at once, and then to carry `streams`.
    #[must_use]
    pub fn new(endpoint: Endpoint, streams: Vec<Box<str>>, rules: Rules, attempts: AttemptBudget, seed: u64) -> Self {
        Self {
            endpoint,
            streams,
            pace: FramePace::new(rules.requests_per_second),
            backoff: Backoff::new(rules.backoff_ns.0, rules.backoff_ns.1, seed),
            rules,
            attempts,
            masks: MaskKeys::secure(),
            phase: Phase::Waiting,
            wake_ns: 0,
            deadline_ns: 0,
            heard_ns: 0,
            lifetime_end_ns: u64::MAX,
            live_ns: None,
            was_live: false,
            handshake: None,
            frames: Frames::default(),
            watch: StreamWatch::default(),
            asked: 0,
            acknowledged: 0,
            next_id: 1,
            requests: Vec::new(),
            refusal: None,
            ending: None,
            out: Vec::with_capacity(4096),
            events: VecDeque::with_capacity(8),
        }
    }

    /// Where it stands.
    #[must_use]
    pub const fn phase(&self) -> Phase {
        self.phase
    }

    /// Where it connects.
    #[must_use]
    pub const fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Plain bytes to be sent; the driver removes what it sent.
    pub const fn output(&mut self) -> &mut Vec<u8> {
        &mut self.out
    }

    /// The next thing to tell, if any.
    pub fn take_event(&mut self) -> Option<EventKind> {
        self.events.pop_front()
    }

    /// When [`Self::poll`] next has something to do.
    #[must_use]
    pub const fn wake_ns(&self) -> u64 {
        self.wake_ns
    }

    /// Whether some stream has brought no data yet, so that [`Self::heard`] is worth calling.
    #[inline]
    #[must_use]
    pub const fn watching(&self) -> bool {
        self.watch.waiting()
    }

    /// Stream number `stream` brought data.
    pub fn heard(&mut self, stream: usize) {
        self.watch.heard(stream);
    }

    /// Bytes came.
    #[inline]
    pub const fn arrived(&mut self, now_ns: u64) {
        self.heard_ns = now_ns;
    }

    /// We did not read for a while (a full ring): silence and unanswered requests in that time were our own doing.
    pub fn resumed(&mut self, now_ns: u64) {
        self.heard_ns = now_ns;
        for request in &mut self.requests {
            request.deadline_ns = request.deadline_ns.max(now_ns.saturating_add(self.rules.acknowledge_ns));
        }
        self.rearm();
    }

    /// Does what is due.
    #[inline]
    pub fn poll(&mut self, now_ns: u64) -> Wish {
        if now_ns < self.wake_ns { Wish::None } else { self.due(now_ns) }
    }

    #[cold]
    fn due(&mut self, now_ns: u64) -> Wish {
        let wish = match self.phase {
            Phase::Waiting => self.attempt(now_ns),
            // The driver knows best how far it came, so the reason is left to it.
            Phase::Connecting if now_ns >= self.deadline_ns => Wish::HangUp,
            Phase::Connecting => Wish::None,
            Phase::Upgrading => self.upgrade_late(now_ns),
            Phase::Subscribing => self.subscribe(now_ns),
            Phase::Live => self.look_after(now_ns),
            Phase::Draining if now_ns >= self.deadline_ns => Wish::HangUp,
            Phase::Draining | Phase::Stopped => Wish::None,
        };
        self.rearm();
        wish
    }

    fn attempt(&mut self, now_ns: u64) -> Wish {
        if let Some(reason) = self.ban(now_ns) {
            self.stop(reason);
            return Wish::None;
        }
        if let Err(wait_ns) = self.attempts.take(now_ns) {
            self.deadline_ns = now_ns.saturating_add(wait_ns);
            self.events.push_back(EventKind::Waiting { ms: wait_ns.div_ceil(1_000_000) });
            return Wish::None;
        }
        self.phase = Phase::Connecting;
        self.deadline_ns = now_ns.saturating_add(self.rules.connect_ns);
        self.events.push_back(EventKind::Connecting { url: self.endpoint.to_string().into() });
        Wish::Connect
    }

    fn upgrade_late(&mut self, now_ns: u64) -> Wish {
        if now_ns < self.deadline_ns {
            return Wish::None;
        }
        let reason = self.timed_out(Stage::Upgrading, self.rules.handshake_ns);
        self.end(reason);
        Wish::HangUp
    }

    /// The reason of an attempt that got no further than `stage` in its time.
    #[must_use]
    pub fn connect_timed_out(&self, stage: Stage) -> Reason {
        self.timed_out(stage, self.rules.connect_ns)
    }

    fn timed_out(&self, stage: Stage, limit_ns: u64) -> Reason {
        let host = self.endpoint.host().into();
        ConnectError::TimedOut { host, stage, seconds: limit_ns / SECOND_NS }.into()
    }

    /// The socket is open (and encrypted): begins the handshake.
    pub fn opened(&mut self, now_ns: u64) -> Wish {
        self.out.clear();
        self.frames.clear();
        self.pace.clear();
        self.heard_ns = now_ns;
        self.deadline_ns = now_ns.saturating_add(self.rules.handshake_ns);
        self.phase = Phase::Upgrading;
        if let Some(reason) = self.ban(now_ns) {
            self.end(reason);
            return Wish::HangUp;
        }
        let wish = match Handshake::start(&self.endpoint, &mut self.out) {
            Ok(handshake) => {
                self.handshake = Some(handshake);
                Wish::None
            }
            Err(error) => {
                let reason = self.handshake_reason(error);
                self.end(reason);
                Wish::HangUp
            }
        };
        self.rearm();
        wish
    }

    /// Takes the next message out of the received bytes; answers pings, closes and the handshake on the way.
    #[inline]
    pub fn next<'a>(&'a mut self, buffer: &'a mut RecvBuffer, now_ns: u64) -> Step<'a> {
        if self.handshake.is_some() {
            return self.upgrade(buffer, now_ns);
        }
        match self.frames.next(buffer) {
            Ok(Some(Frame::Text(text))) => Step::Text(text),
            Ok(None) => Step::Empty,
            Ok(Some(Frame::Ping(_))) if self.out.len() > UNSENT_MAX => {
                self.ending.get_or_insert(Reason::Unread(UNSENT_MAX >> 10));
                Step::HangUp
            }
            Ok(Some(Frame::Ping(payload))) => {
                write_frame(&mut self.out, Opcode::Pong, payload, self.masks.next_key());
                self.pace.sent(now_ns);
                Step::Handled
            }
            Ok(Some(Frame::Pong(_))) => Step::Handled,
            Ok(Some(Frame::Binary(bytes))) => Step::Binary(bytes),
            Ok(Some(Frame::Close(code, text))) => {
                let echo = code.unwrap_or(CLOSE_NORMAL).to_be_bytes();
                if self.phase != Phase::Draining {
                    write_frame(&mut self.out, Opcode::Close, &echo, self.masks.next_key());
                }
                let text = &text[..text.len().min(CLOSE_TEXT_MAX)];
                let text = String::from_utf8_lossy(text).chars().filter(|c| !c.is_control()).collect::<String>();
                self.ending.get_or_insert(Reason::Closed { code, text: text.into() });
                Step::HangUp
            }
            Err(error) => {
                let code = error.close_code().to_be_bytes();
                write_frame(&mut self.out, Opcode::Close, &code, self.masks.next_key());
                self.ending.get_or_insert(Reason::Protocol(error));
                Step::HangUp
            }
        }
    }

    #[cold]
    fn upgrade<'a>(&'a mut self, buffer: &'a mut RecvBuffer, now_ns: u64) -> Step<'a> {
        if buffer.is_empty() {
            return Step::Empty;
        }
        let step = match self.handshake.as_mut().map(|h| h.feed(buffer)) {
            Some(Ok(false)) => Step::Empty,
            Some(Ok(true)) | None => {
                self.upgraded(now_ns);
                Step::Handled
            }
            Some(Err(error)) => {
                if let HandshakeError::Status { status: BANNED, retry_after_s } = error {
                    let ns = retry_after_s.map_or(u64::MAX, |s| s.saturating_mul(SECOND_NS));
                    self.attempts.ban(now_ns.saturating_add(ns));
                }
                let reason = self.handshake_reason(error);
                self.end(reason);
                Step::HangUp
            }
        };
        self.rearm();
        step
    }

    fn upgraded(&mut self, now_ns: u64) {
        self.handshake = None;
        self.phase = Phase::Subscribing;
        self.asked = 0;
        self.acknowledged = 0;
        self.requests.clear();
        self.refusal = None;
        self.watch.start(self.streams.len());
        let spread = self.backoff.jitter().below(LIFETIME_SPREAD_NS.min(self.rules.lifetime_ns / 4));
        self.lifetime_end_ns = now_ns.saturating_add(self.rules.lifetime_ns - spread);
        self.events.push_back(EventKind::Connected { url: self.endpoint.to_string().into() });
        self.send_requests(now_ns);
        self.settle(now_ns);
    }

    fn shutdown_announced(&mut self, now_ns: u64) {
        if matches!(self.phase, Phase::Subscribing | Phase::Live) {
            self.events.push_back(EventKind::ServerShutdown);
            self.drain(Reason::ServerShutdown, now_ns);
            self.rearm();
        }
    }

    /// A run ends: the last thing in the output is a close frame.
    pub fn goodbye(&mut self) {
        if matches!(self.phase, Phase::Subscribing | Phase::Live) {
            write_frame(&mut self.out, Opcode::Close, &CLOSE_NORMAL.to_be_bytes(), self.masks.next_key());
        }
        self.phase = Phase::Stopped;
        self.rearm();
    }

    fn drain(&mut self, reason: Reason, now_ns: u64) {
        write_frame(&mut self.out, Opcode::Close, &CLOSE_NORMAL.to_be_bytes(), self.masks.next_key());
        self.pace.sent(now_ns);
        self.end(reason);
        self.phase = Phase::Draining;
        self.deadline_ns = now_ns.saturating_add(self.rules.drain_ns);
    }

    fn look_after(&mut self, now_ns: u64) -> Wish {
        if now_ns >= self.heard_ns.saturating_add(self.rules.silence_ns) {
            self.end(Reason::Silent(self.rules.silence_ns / SECOND_NS));
            return Wish::HangUp;
        }
        if now_ns >= self.watch.deadline_ns() {
            let (events, streams) = (&mut self.events, &self.streams);
            self.watch.expire(|s| {
                if let Some(stream) = streams.get(s) {
                    events.push_back(EventKind::SilentStream { stream: stream.clone() });
                }
            });
        }
        if now_ns >= self.lifetime_end_ns {
            self.drain(Reason::Lifetime, now_ns);
        }
        Wish::None
    }

    /// The socket is closed, or did not open: decides when to try again. `reason` is what the driver saw; what this
    /// side had decided before goes first.
    pub fn closed(&mut self, reason: Option<Reason>, now_ns: u64) {
        let reason = self.ending.take().or(reason).unwrap_or_else(|| Reason::Broken("it was closed".into()));
        let healthy = self.live_ns.take().is_some_and(|at| now_ns >= at.saturating_add(self.rules.healthy_ns));
        if healthy {
            self.backoff.reset();
        }
        self.handshake = None;
        self.frames.clear();
        self.requests.clear();
        self.out.clear();
        self.watch.start(0);
        self.events.push_back(EventKind::Disconnected { reason: reason.clone() });
        if self.is_final(&reason) {
            self.stop(reason);
        } else {
            let wait_ns = self.wait_ns(&reason, healthy);
            self.phase = Phase::Waiting;
            self.deadline_ns = now_ns.saturating_add(wait_ns);
            self.events.push_back(EventKind::Waiting { ms: wait_ns.div_ceil(1_000_000) });
        }
        self.rearm();
    }

    fn end(&mut self, reason: Reason) {
        self.ending.get_or_insert(reason);
    }

    fn handshake_reason(&self, error: HandshakeError) -> Reason {
        let host = self.endpoint.host().into();
        Reason::Connect(match error {
            HandshakeError::Status { status, retry_after_s } => ConnectError::Http { host, status, retry_after_s },
            HandshakeError::NotWebSocket(cause) => ConnectError::NotWebSocket { host, cause },
        })
    }

    fn rearm(&mut self) {
        let silence = self.heard_ns.saturating_add(self.rules.silence_ns);
        self.wake_ns = match self.phase {
            Phase::Waiting | Phase::Connecting | Phase::Upgrading | Phase::Draining => self.deadline_ns,
            Phase::Subscribing => {
                let answer = self.requests.iter().map(|r| r.deadline_ns).min().unwrap_or(u64::MAX);
                let send = if self.asked < self.streams.len() { self.pace.next_slot_ns() } else { u64::MAX };
                silence.min(answer).min(send)
            }
            Phase::Live => silence.min(self.watch.deadline_ns()).min(self.lifetime_end_ns),
            Phase::Stopped => u64::MAX,
        };
    }
}
