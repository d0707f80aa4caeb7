//! One connection of a venue: what it has sent so far, what waits for it, and when its patience ends.

use std::collections::VecDeque;

use crate::binance::spot::ApiSession;
use crate::frame::{self, ClientFrame, FrameError, MESSAGE_MAX, Opcode};
use crate::rules::{Class, Rules, SECOND_NS, TimeUnit};
use crate::stats::{ClientEnd, StreamStats};
use crate::text::push_u64;
use crate::venue::StreamId;

/// Bytes waiting for a client.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    bytes: Vec<u8>,
    start: usize,
}

impl Outbox {
    /// Moves the waiting bytes to the front when more than half of the buffer is used up.
    const COMPACT_FROM: usize = 64 * 1024;

    pub(crate) fn waiting(&self) -> &[u8] {
        &self.bytes[self.start..]
    }

    pub(crate) fn len(&self) -> usize {
        self.bytes.len() - self.start
    }

    pub(crate) fn consume(&mut self, count: usize) {
        self.start = (self.start + count).min(self.bytes.len());
        if self.start == self.bytes.len() {
            self.bytes.clear();
            self.start = 0;
        } else if self.start >= Self::COMPACT_FROM && self.start * 2 >= self.bytes.len() {
            self.bytes.drain(..self.start);
            self.start = 0;
        }
    }

    pub(crate) fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    fn clear(&mut self) {
        self.bytes = Vec::new();
        self.start = 0;
    }
}

/// Where a connection stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// A request is awaited.
    Request,
    /// A WebSocket.
    Open,
    /// A close frame was sent, its answer is awaited.
    Closing,
    /// What waits is still sent, then the connection ends.
    Ending,
    /// What waits is still sent, then nothing more ever, and what comes is not looked at: a fault's doing.
    HalfClosed,
    /// The connection is to be dropped at once.
    Dropped,
}

/// A connection.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) serial: u64,
    pub(crate) phase: Phase,
    pub(crate) inbox: Vec<u8>,
    pub(crate) outbox: Outbox,
    /// Listed among those with something new to send or to end.
    pub(crate) dirty: bool,
    /// When the phase must have moved on; pings have their own time.
    pub(crate) deadline_ns: u64,
    /// Bytes that the request begun in `inbox` will have; zero: its head is not whole.
    pub(crate) needs: usize,
    pub(crate) stream: Option<Box<StreamClient>>,
    /// What a connection of the WebSocket API has beyond a stream's.
    pub(crate) api: Option<Box<ApiSession>>,
    pub(crate) end: Option<ClientEnd>,
    /// Only so many of the bytes that wait may be sent until that time: a fault's doing.
    pub(crate) hold: Option<(usize, u64)>,
    /// It ends without a farewell.
    pub(crate) abrupt: bool,
}

/// What a WebSocket connection has beyond a plain one.
#[derive(Debug)]
pub(crate) struct StreamClient {
    pub(crate) target: String,
    pub(crate) combined: bool,
    pub(crate) unit: TimeUnit,
    pub(crate) class: Option<Class>,
    /// Whether frames are counted by the second; the WebSocket API counts weight instead.
    pub(crate) paced: bool,
    /// Whether its data frames are binary: MEXC's protobuf.
    pub(crate) binary: bool,
    /// MEXC: since when it has been as good as idle.
    pub(crate) idle_since_ns: u64,
    pub(crate) names: Vec<String>,
    /// Futures: whose events it gets.
    pub(crate) listening: Vec<Listening>,
    /// By stream id.
    pub(crate) sent: Vec<StreamStats>,
    pub(crate) bytes: u64,
    pub(crate) requests: u64,
    pub(crate) next_ping_ns: u64,
    /// When its time is over.
    pub(crate) ends_ns: u64,
    /// Pings not yet answered, oldest first: when sent, in ms in the payload as well.
    pings: VecDeque<(u64, Vec<u8>)>,
    /// When the newest frames came, as many as may come in a second.
    recent_ns: VecDeque<u64>,
    fragments: Option<Vec<u8>>,
}

/// A listen key that a connection uses.
#[derive(Debug)]
pub(crate) struct Listening {
    pub(crate) key: String,
    /// The account's number.
    pub(crate) account: usize,
    /// The events that it wants; empty: all.
    pub(crate) only: Vec<String>,
}

/// What a client's frame means for the venue.
pub(crate) enum Incoming {
    /// Nothing more to do.
    Quiet,
    /// A text message.
    Text(Vec<u8>),
    /// The client closes, with this payload.
    Close(Vec<u8>),
}

impl StreamClient {
    pub(crate) fn new(
        target: String,
        combined: bool,
        unit: TimeUnit,
        class: Option<Class>,
        now: u64,
        rules: &Rules,
    ) -> Self {
        Self {
            target,
            combined,
            unit,
            class,
            paced: true,
            binary: false,
            idle_since_ns: now,
            names: Vec::new(),
            listening: Vec::new(),
            sent: Vec::new(),
            bytes: 0,
            requests: 0,
            next_ping_ns: now.saturating_add(rules.ping_every_ns),
            ends_ns: now.saturating_add(rules.lifetime_ns),
            pings: VecDeque::new(),
            recent_ns: VecDeque::new(),
            fragments: None,
        }
    }

    pub(crate) fn count_sent(&mut self, stream: StreamId, trade_id: Option<u64>, bytes: usize) {
        if self.sent.len() <= stream.index() {
            self.sent.resize(stream.index() + 1, StreamStats::default());
        }
        let Some(stats) = self.sent.get_mut(stream.index()) else { return };
        stats.frames += 1;
        if let Some(id) = trade_id {
            stats.last_trade_id = id;
        }
        self.bytes += bytes as u64;
    }

    /// Counts an incoming frame; `false` when it is one too many within a second.
    fn within_rate(&mut self, now: u64, rules: &Rules) -> bool {
        if !self.paced {
            return true;
        }
        if self.recent_ns.len() >= rules.frames_per_second {
            let oldest = self.recent_ns.pop_front();
            if oldest.is_some_and(|at| now < at.saturating_add(SECOND_NS)) {
                return false;
            }
        }
        self.recent_ns.push_back(now);
        true
    }

    /// Takes one frame.
    pub(crate) fn take(
        &mut self,
        frame: ClientFrame,
        now: u64,
        rules: &Rules,
        out: &mut Vec<u8>,
    ) -> Result<Incoming, FrameError> {
        if frame.opcode == Opcode::Close {
            return Ok(Incoming::Close(frame.payload));
        }
        if !self.within_rate(now, rules) {
            return Err(FrameError { code: 1008, reason: "Too many requests" });
        }
        match frame.opcode {
            Opcode::Ping => {
                frame::push(out, Opcode::Pong, &[&frame.payload]);
                Ok(Incoming::Quiet)
            }
            Opcode::Pong => {
                // Only the answer to a ping of ours keeps the connection alive; it answers the older ones as well.
                if let Some(at) = self.pings.iter().position(|(_, payload)| *payload == frame.payload) {
                    self.pings.drain(..=at);
                }
                Ok(Incoming::Quiet)
            }
            _ => self.take_data(frame),
        }
    }

    fn take_data(&mut self, frame: ClientFrame) -> Result<Incoming, FrameError> {
        let whole = match (frame.opcode, self.fragments.take()) {
            (Opcode::Text, None) => frame.payload,
            (Opcode::Continuation, Some(mut sofar)) => {
                if sofar.len() + frame.payload.len() > MESSAGE_MAX {
                    return Err(FrameError { code: 1009, reason: "Message too big" });
                }
                sofar.extend_from_slice(&frame.payload);
                sofar
            }
            (Opcode::Binary, None) => return Err(FrameError { code: 1008, reason: "Invalid request" }),
            _ => return Err(FrameError { code: 1002, reason: "Unexpected fragment" }),
        };
        if frame.last {
            return Ok(Incoming::Text(whole));
        }
        self.fragments = Some(whole);
        Ok(Incoming::Quiet)
    }

    /// When something is due without input: the next ping, the end of waiting for a pong, the end of its life.
    pub(crate) fn due_ns(&self, rules: &Rules) -> u64 {
        let pong = self.pings.front().map_or(u64::MAX, |(at, _)| at.saturating_add(rules.pong_within_ns));
        self.next_ping_ns.min(pong).min(self.ends_ns).min(self.idle_until_ns(rules))
    }

    /// When it has been idle for too long.
    fn idle_until_ns(&self, rules: &Rules) -> u64 {
        let patience_ns = if self.names.is_empty() { rules.unsubscribed_ns } else { rules.silent_ns };
        self.idle_since_ns.saturating_add(patience_ns)
    }

    /// Sends a ping when one is due; a close code and reason when a pong is overdue or its time is over.
    pub(crate) fn advance(&mut self, now: u64, rules: &Rules, out: &mut Vec<u8>) -> Result<(), (u16, &'static str)> {
        if now >= self.ends_ns {
            return Err((1001, "Connection lifetime is over"));
        }
        if now >= self.idle_until_ns(rules) {
            return Err((1001, "Idle for too long"));
        }
        if self.pings.front().is_some_and(|(at, _)| now >= at.saturating_add(rules.pong_within_ns)) {
            return Err((1008, "Pong timeout"));
        }
        if now >= self.next_ping_ns {
            let mut payload = Vec::new();
            push_u64(&mut payload, now / 1_000_000);
            frame::push(out, Opcode::Ping, &[&payload]);
            self.pings.push_back((now, payload));
            self.next_ping_ns = now.saturating_add(rules.ping_every_ns);
        }
        Ok(())
    }
}

impl Session {
    pub(crate) fn new(serial: u64, deadline_ns: u64) -> Self {
        Self {
            serial,
            phase: Phase::Request,
            inbox: Vec::new(),
            outbox: Outbox::default(),
            dirty: false,
            deadline_ns,
            needs: 0,
            stream: None,
            api: None,
            end: None,
            hold: None,
            abrupt: false,
        }
    }

    /// What waits and may be sent now.
    pub(crate) fn sendable(&self) -> &[u8] {
        let waiting = self.outbox.waiting();
        self.hold.map_or(waiting, |(allowed, _)| waiting.get(..allowed).unwrap_or(waiting))
    }

    /// When something is due without input.
    pub(crate) fn due_ns(&self, rules: &Rules) -> u64 {
        let due = match (self.phase, &self.stream) {
            (Phase::Open, Some(client)) => client.due_ns(rules),
            (Phase::Dropped, _) => u64::MAX,
            _ => self.deadline_ns,
        };
        self.hold.map_or(due, |(_, until_ns)| due.min(until_ns))
    }

    /// Sends a close frame and waits for the answer.
    pub(crate) fn close(&mut self, code: u16, reason: &str, now: u64, rules: &Rules) {
        if self.phase != Phase::Open {
            return;
        }
        frame::push_close(self.outbox.buffer(), code, reason);
        self.phase = Phase::Closing;
        self.deadline_ns = now.saturating_add(rules.close_within_ns);
        self.end.get_or_insert(ClientEnd::Venue(code, reason.to_owned()));
    }

    /// Sends what waits, then ends; bounded in time.
    pub(crate) fn finish(&mut self, now: u64, rules: &Rules) {
        self.inbox = Vec::new();
        self.phase = Phase::Ending;
        self.deadline_ns = now.saturating_add(rules.close_within_ns);
    }

    /// Ends at once; what waits is lost.
    pub(crate) fn abandon(&mut self, end: ClientEnd) {
        self.inbox = Vec::new();
        self.outbox.clear();
        self.phase = Phase::Dropped;
        self.end.get_or_insert(end);
    }
}
