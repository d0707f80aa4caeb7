//! A simulated venue without sockets and clocks: `(connection, bytes, now) -> bytes`.
//!
//! Whoever drives it tells it of connections, feeds it their bytes, publishes frames, and sends what waits in
//! [`VenueMachine::output`]. Times are nanoseconds since the epoch on a clock that never steps back.

mod answers;
mod api;
mod clients;
mod faulty;
mod futures;
pub(crate) mod listen;
mod listing;
mod market;
mod mexc;
mod publish;
pub(crate) mod trading;

use std::collections::{BTreeMap, HashMap, VecDeque};

use crosstick_model::Protocol;

use self::faulty::Trouble;
use self::futures::Futures;
use self::mexc::Mexc;
use self::publish::push_data;
use crate::account::SimAccount;
use crate::api::Limits;
use crate::binance::spot::SpotVenue;
use crate::instrument::SimInstrument;
use crate::market::{Frames, Market};
use crate::operator::log::RequestLog;
use crate::rules::{Rules, TimeUnit};
use crate::session::{Phase, Session, StreamClient};
use crate::stats::{ClientEnd, ClientStats, ENDED_KEPT, StreamStats, VenueStats};
use crate::text::push_u64;

/// A connection of one venue. Its number is used again after [`VenueMachine::gone`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnectionId(pub u32);

impl ConnectionId {
    /// The index into a table of connections.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// A stream that the venue has data for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StreamId(pub u32);

impl StreamId {
    /// The index into a table of streams.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// What a driver has to do with a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectionState {
    /// Read and write.
    Open,
    /// Write what waits, then end it.
    Ending,
    /// Write what waits, then end it without a farewell.
    EndingAbruptly,
    /// Write what waits, then shut down the sending side and go on reading.
    HalfClosed,
    /// End it at once.
    Dropped,
}

/// One frame to publish.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    /// Where it belongs.
    pub stream: StreamId,
    /// Its trade id, or aggregate id, where it has one.
    pub trade_id: Option<u64>,
    /// The payload, without the combined wrapper, times in milliseconds.
    pub millis: &'a [u8],
    /// The same in microseconds; left out, it is made from the milliseconds.
    pub micros: Option<&'a [u8]>,
}

#[derive(Debug)]
struct StreamEntry {
    name: Box<str>,
    subscribers: Vec<ConnectionId>,
    published: StreamStats,
}

/// A venue. See the head of this module.
#[derive(Debug)]
pub struct VenueMachine {
    name: String,
    protocol: Protocol,
    rules: Rules,
    instruments: Vec<SimInstrument>,
    streams: Vec<StreamEntry>,
    by_name: HashMap<Box<str>, StreamId>,
    sessions: Vec<Option<Box<Session>>>,
    free: Vec<ConnectionId>,
    dirty: Vec<ConnectionId>,
    serial: u64,
    micros_clients: usize,
    subscription_changes: u64,
    /// Nothing is due before this.
    due_ns: u64,
    ended: VecDeque<ClientStats>,
    rest_requests: u64,
    refused: u64,
    dropped_slow: u64,
    scratch: [Vec<u8>; 4],
    micros: Vec<u8>,
    /// What trades, where the protocol's trading side is simulated.
    spot: Option<Box<SpotVenue>>,
    futures: Option<Box<Futures>>,
    mexc: Option<Box<Mexc>>,
    /// Connections of the WebSocket API.
    api_clients: Vec<ConnectionId>,
    /// Market streams made from the book.
    market: Option<Box<Market>>,
    frames: Frames,
    shows_book: bool,
    /// When the newest stream connections were begun.
    attempts_ns: VecDeque<u64>,
    trouble: Trouble,
    requests: RequestLog,
    /// Names of the accounts, in their order.
    accounts: Vec<String>,
}

impl VenueMachine {
    /// A venue that has data for `streams`, in the order of their [`StreamId`]s.
    #[must_use]
    pub fn new(
        name: &str,
        protocol: Protocol,
        rules: Rules,
        instruments: Vec<SimInstrument>,
        streams: impl IntoIterator<Item = String>,
    ) -> Self {
        let entry = |name: String| StreamEntry {
            name: name.into_boxed_str(),
            subscribers: Vec::new(),
            published: StreamStats::default(),
        };
        let streams: Vec<StreamEntry> = streams.into_iter().map(entry).collect();
        let by_name = streams.iter().enumerate().map(|(i, s)| (s.name.clone(), StreamId(i as u32))).collect();
        let mut venue = Self {
            name: name.to_owned(),
            protocol,
            rules,
            instruments,
            streams,
            by_name,
            sessions: Vec::new(),
            free: Vec::new(),
            dirty: Vec::new(),
            serial: 0,
            micros_clients: 0,
            subscription_changes: 0,
            due_ns: u64::MAX,
            ended: VecDeque::new(),
            rest_requests: 0,
            refused: 0,
            dropped_slow: 0,
            scratch: Default::default(),
            micros: Vec::new(),
            market: None,
            frames: Frames::default(),
            shows_book: false,
            attempts_ns: VecDeque::new(),
            trouble: Trouble::default(),
            requests: RequestLog::default(),
            accounts: Vec::new(),
            spot: None,
            futures: None,
            mexc: None,
            api_clients: Vec::new(),
        };
        venue.open_exchange(&[], &Limits::of(protocol));
        venue.market = venue.spot.as_deref().map(|s| Box::new(Market::new(s)));
        venue
    }

    /// The same venue with accounts that clients trade with, and other limits on how often they may ask.
    #[must_use]
    pub fn with_accounts(mut self, accounts: &[SimAccount], limits: &Limits) -> Self {
        self.accounts = accounts.iter().map(|a| a.name.clone()).collect();
        self.open_exchange(accounts, limits);
        self
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it speaks.
    #[must_use]
    pub const fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// The stream of that name.
    #[must_use]
    pub fn stream(&self, name: &str) -> Option<StreamId> {
        self.by_name.get(name).copied()
    }

    /// How many connections a stream's frames go to.
    #[must_use]
    pub fn subscribers(&self, stream: StreamId) -> usize {
        self.streams.get(stream.index()).map_or(0, |s| s.subscribers.len())
    }

    /// How many connections get any frames.
    #[must_use]
    pub fn subscribed_clients(&self) -> usize {
        let mut clients: Vec<ConnectionId> = self.streams.iter().flat_map(|s| s.subscribers.iter().copied()).collect();
        clients.sort_unstable();
        clients.dedup();
        clients.len()
    }

    /// A number that grows with each change of who gets what.
    #[must_use]
    pub const fn subscription_changes(&self) -> u64 {
        self.subscription_changes
    }

    /// Whether any client wants microseconds, so that making them is worth it.
    #[must_use]
    pub const fn wants_micros(&self) -> bool {
        self.micros_clients > 0
    }

    /// The most bytes that wait for any one connection.
    #[must_use]
    pub fn queue_bytes(&self) -> usize {
        self.sessions.iter().flatten().map(|s| s.outbox.len()).max().unwrap_or(0)
    }

    /// A connection came; `None` when there are too many: close it.
    pub fn open(&mut self, now: u64) -> Option<ConnectionId> {
        let id = match self.free.pop() {
            Some(id) => id,
            None if self.sessions.len() < self.rules.connections_max => {
                self.sessions.push(None);
                ConnectionId(self.sessions.len() as u32 - 1)
            }
            None => {
                self.refused += 1;
                return None;
            }
        };
        self.serial += 1;
        let deadline_ns = now.saturating_add(self.rules.request_within_ns);
        *self.sessions.get_mut(id.index())? = Some(Box::new(Session::new(self.serial, deadline_ns)));
        self.due_ns = self.due_ns.min(deadline_ns);
        Some(id)
    }

    /// Bytes came from a connection.
    pub fn input(&mut self, id: ConnectionId, bytes: &[u8], now: u64) {
        self.trouble.now_ns = self.trouble.now_ns.max(now);
        // A session that is served is not in its place and gets no frames, so it gets before what is due.
        self.tick_market(now);
        let Some(mut session) = self.sessions.get_mut(id.index()).and_then(Option::take) else { return };
        self.trouble.serving = true;
        if matches!(session.phase, Phase::Request | Phase::Open | Phase::Closing) {
            let seen = session.inbox.len();
            session.inbox.extend_from_slice(bytes);
            if session.phase == Phase::Request {
                self.take_requests(id, &mut session, seen, now);
            }
            if matches!(session.phase, Phase::Open | Phase::Closing) {
                self.take_frames(id, &mut session, now);
            }
            self.settle(id, &mut session);
        }
        if let Some(slot) = self.sessions.get_mut(id.index()) {
            *slot = Some(session);
        }
        self.trouble.serving = false;
        self.meet_edges(now, false);
    }

    /// Time passed: faults, streams with a period, pings, missed pongs, missed deadlines.
    pub fn advance(&mut self, now: u64) {
        self.suffer(now);
        self.tick_market(now);
        if now < self.due_ns {
            return;
        }
        let mut due = u64::MAX;
        for index in 0..self.sessions.len() {
            let Some(mut session) = self.sessions.get_mut(index).and_then(Option::take) else { continue };
            if session.due_ns(&self.rules) <= now {
                self.fire(&mut session, now);
                self.settle(ConnectionId(index as u32), &mut session);
            }
            due = due.min(session.due_ns(&self.rules));
            if let Some(slot) = self.sessions.get_mut(index) {
                *slot = Some(session);
            }
        }
        self.due_ns = due;
    }

    /// When [`Self::advance`] is wanted next, at the latest; `None`: never without input.
    #[must_use]
    pub fn next_due(&self) -> Option<u64> {
        let own = Some(self.due_ns).filter(|due| *due != u64::MAX);
        own.into_iter().chain(self.market_due()).chain(self.trouble_due()).min()
    }

    /// The next connection with something new to send or to end.
    pub fn take_dirty(&mut self) -> Option<ConnectionId> {
        let id = self.dirty.pop()?;
        if let Some(session) = self.sessions.get_mut(id.index()).and_then(Option::as_mut) {
            session.dirty = false;
        }
        Some(id)
    }

    /// What waits for a connection.
    #[must_use]
    pub fn output(&self, id: ConnectionId) -> &[u8] {
        self.session(id).map_or(&[], Session::sendable)
    }

    /// So many bytes of [`Self::output`] were sent.
    pub fn written(&mut self, id: ConnectionId, count: usize) {
        if let Some(session) = self.sessions.get_mut(id.index()).and_then(Option::as_mut) {
            session.outbox.consume(count);
            if let Some((allowed, _)) = session.hold.as_mut() {
                *allowed = allowed.saturating_sub(count);
            }
        }
    }

    /// What to do with a connection.
    #[must_use]
    pub fn state(&self, id: ConnectionId) -> ConnectionState {
        match self.session(id) {
            None => ConnectionState::Dropped,
            Some(session) => match session.phase {
                Phase::Request | Phase::Open | Phase::Closing => ConnectionState::Open,
                Phase::Dropped => ConnectionState::Dropped,
                // What is held is sent before it ends.
                Phase::Ending | Phase::HalfClosed if session.hold.is_some() => ConnectionState::Open,
                Phase::HalfClosed => ConnectionState::HalfClosed,
                Phase::Ending if session.abrupt => ConnectionState::EndingAbruptly,
                Phase::Ending => ConnectionState::Ending,
            },
        }
    }

    /// A connection ended, by whoever's will.
    pub fn gone(&mut self, id: ConnectionId) {
        let Some(session) = self.sessions.get_mut(id.index()).and_then(Option::take) else { return };
        self.unsubscribe_all(id, &session);
        self.api_clients.retain(|c| *c != id);
        match &session.stream {
            Some(client) => {
                self.micros_clients -= usize::from(client.unit == TimeUnit::Micros);
                let mut stats = self.client_stats(&session, client);
                stats.end.get_or_insert(ClientEnd::Client);
                if self.ended.len() >= ENDED_KEPT {
                    self.ended.pop_front();
                }
                self.ended.push_back(stats);
            }
            None if session.end.is_some() => self.refused += 1,
            None => {}
        }
        self.free.push(id);
    }

    /// Connections that are not gone yet.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.sessions.iter().flatten().count()
    }

    /// Sends the `serverShutdown` event to every stream client.
    pub fn announce_shutdown(&mut self, now: u64) {
        for index in 0..self.sessions.len() {
            let Some(mut session) = self.sessions.get_mut(index).and_then(Option::take) else { continue };
            if session.phase == Phase::Open && session.api.is_some() {
                Self::announce_to_api(&mut session, now);
            } else if let (Phase::Open, Some(client)) = (session.phase, &session.stream) {
                let mut payload = br#"{"e":"serverShutdown","E":"#.to_vec();
                push_u64(&mut payload, if client.unit == TimeUnit::Micros { now / 1_000 } else { now / 1_000_000 });
                payload.push(b'}');
                if !client.binary {
                    push_data(session.outbox.buffer(), client, "!serverShutdown", &payload);
                }
            }
            self.settle(ConnectionId(index as u32), &mut session);
            if let Some(slot) = self.sessions.get_mut(index) {
                *slot = Some(session);
            }
        }
    }

    /// Closes every connection: stream clients with this code and reason, others as they are.
    pub fn close_all(&mut self, code: u16, reason: &str, now: u64) {
        self.each_session(|venue, session| match session.phase {
            Phase::Request => session.finish(now, &venue.rules),
            _ => session.close(code, reason, now, &venue.rules),
        });
    }

    /// What it did so far.
    #[must_use]
    pub fn stats(&self) -> VenueStats {
        let connected = self.sessions.iter().flatten();
        let connected = connected.filter_map(|s| s.stream.as_ref().map(|client| self.client_stats(s, client)));
        let mut clients: Vec<ClientStats> = self.ended.iter().cloned().chain(connected).collect();
        clients.sort_by_key(|c| c.serial);
        VenueStats {
            name: self.name.clone(),
            published: self.streams.iter().map(|s| (s.name.to_string(), s.published)).collect(),
            clients,
            rest_requests: self.rest_requests,
            refused: self.refused,
            dropped_slow: self.dropped_slow,
        }
    }

    fn client_stats(&self, session: &Session, client: &StreamClient) -> ClientStats {
        let sent: BTreeMap<String, StreamStats> = self
            .streams
            .iter()
            .zip(&client.sent)
            .filter(|(_, sent)| sent.frames > 0)
            .map(|(stream, sent)| (stream.name.to_string(), *sent))
            .collect();
        ClientStats {
            serial: session.serial,
            target: client.target.clone(),
            subscriptions: client.names.clone(),
            sent,
            bytes: client.bytes,
            requests: client.requests,
            end: session.end.clone(),
        }
    }

    fn session(&self, id: ConnectionId) -> Option<&Session> {
        self.sessions.get(id.index()).and_then(Option::as_deref)
    }

    /// After a session changed: lists it for its driver and remembers when it is due.
    fn settle(&mut self, id: ConnectionId, session: &mut Session) {
        if session.outbox.len() > self.rules.queue_bytes_max {
            session.abandon(ClientEnd::Slow);
            self.dropped_slow += u64::from(session.stream.is_some());
        }
        let ends = matches!(session.phase, Phase::Ending | Phase::HalfClosed | Phase::Dropped);
        if !session.dirty && (session.outbox.len() > 0 || ends) {
            session.dirty = true;
            self.dirty.push(id);
        }
        self.due_ns = self.due_ns.min(session.due_ns(&self.rules));
    }

    fn fire(&mut self, session: &mut Session, now: u64) {
        if session.hold.take_if(|(_, until_ns)| *until_ns <= now).is_some() {
            // A driver may have been told before, and have found nothing that it could send.
            session.dirty = false;
            if session.due_ns(&self.rules) > now {
                return;
            }
        }
        match (session.phase, session.stream.as_mut()) {
            (Phase::Open, Some(client)) => {
                if let Err((code, reason)) = client.advance(now, &self.rules, session.outbox.buffer()) {
                    session.close(code, reason, now, &self.rules);
                }
            }
            (Phase::Dropped, _) => {}
            _ => session.abandon(ClientEnd::Venue(1006, "Deadline".to_owned())),
        }
    }
}
