//! What a venue does when a fault says so: to its connections, its messages, its clock and its symbols. What it does to
//! answers is in [`super::answers`].

use super::listen::AccountEvent;
use super::trading::SymbolRules;
use super::{ConnectionId, Frame, StreamId, VenueMachine, publish::push_data, trading};
use crate::binance::spot::UserEvent;
use crate::exchange::TradingStatus;
use crate::fault::{Door, Edge, Fate, Fault, FaultError, FaultSpec, Faults, Kind, Layer, Scope, trading_status};
use crate::frame::{self, Opcode};
use crate::operator::books::{Race, fill_resting};
use crate::rules::{Rules, TimeUnit};
use crate::session::{Phase, Session};
use crate::stats::ClientEnd;
use crate::text::push_as_micros;

/// Text that is no JSON.
pub(super) const NOISE_TEXT: &str = r#"{"e":"tra#!de","E":17,,]"#;
/// Bytes that begin neither a WebSocket frame nor an HTTP answer.
pub(super) const NOISE_BYTES: [u8; 24] = [
    0xff, 0xfe, 0x9d, 0x03, 0x00, 0x51, 0xc2, 0x7e, 0x10, 0xe4, 0x88, 0x2b, 0x91, 0x00, 0x6f, 0xfd, 0x3c, 0xa7, 0x05,
    0xd8, 0x42, 0xb1, 0xee, 0x19,
];

/// A frame that waits for the next one of its stream.
#[derive(Debug)]
struct Behind {
    stream: StreamId,
    trade_id: Option<u64>,
    millis: Vec<u8>,
    micros: Option<Vec<u8>>,
    until_ns: u64,
}

/// Bytes that a connection gets later. The serial number tells it from one that took its place.
#[derive(Debug)]
pub(super) struct Late {
    pub(super) at_ns: u64,
    pub(super) id: ConnectionId,
    pub(super) serial: u64,
    pub(super) bytes: Vec<u8>,
}

/// What a symbol was like before a fault.
#[derive(Debug)]
enum Before {
    Status(TradingStatus),
    Rules(Box<SymbolRules>),
}

/// The faults of a venue, and what they keep back.
#[derive(Debug, Default)]
pub(super) struct Trouble {
    pub(super) faults: Faults,
    behind: Vec<Behind>,
    /// An account's event that waits for the next one.
    pub(super) event_behind: Option<(UserEvent, u64)>,
    pub(super) listened_behind: Option<(AccountEvent, u64)>,
    pub(super) late: Vec<Late>,
    /// When everybody is closed for maintenance.
    closing_ns: Option<u64>,
    before: Vec<(u64, String, Before)>,
    /// The latest time that was told.
    pub(super) now_ns: u64,
    /// A connection is being served and not in its place.
    pub(super) serving: bool,
}

impl Trouble {
    fn due_ns(&self) -> u64 {
        let behind = self.behind.iter().map(|b| b.until_ns).chain(self.event_behind.as_ref().map(|(_, at)| *at));
        let behind = behind.chain(self.listened_behind.as_ref().map(|(_, at)| *at));
        let all = behind.chain(self.late.iter().map(|l| l.at_ns)).chain(self.closing_ns);
        all.chain([self.faults.due_ns()]).min().unwrap_or(u64::MAX)
    }

    /// Whether frames take the long way.
    pub(super) fn touches_frames(&self) -> bool {
        self.faults.busy() || !self.behind.is_empty()
    }
}

impl VenueMachine {
    /// Takes a fault; its number. Its times count from `now`.
    ///
    /// # Errors
    /// What is wrong with it, and what would be right.
    pub fn add_fault(&mut self, spec: FaultSpec, now: u64) -> Result<u64, FaultError> {
        let (kind, _) = spec.kind_and_scope()?;
        let wrong = |field, text: String| Err(FaultError { field, text });
        if let Some(symbol) = &spec.symbol
            && !self.instruments.iter().any(|i| i.symbol == *symbol)
        {
            return wrong("symbol", format!("{} has no symbol {symbol:?}", self.name));
        }
        if let Some(venue) = self.trading().filter(|_| kind == Kind::SymbolFilters) {
            let symbol = spec.symbol.as_deref().unwrap_or_default();
            if let Err(field) = trading::rules_by(venue, symbol, &spec) {
                return wrong(field, format!("{symbol} cannot have it: too many decimals, or no such filter"));
            }
        }
        self.trouble.now_ns = self.trouble.now_ns.max(now);
        let id = self.trouble.faults.add(spec, now)?;
        self.suffer(now);
        Ok(id)
    }

    /// Ends a fault; `false` where none of that number is waiting or acting.
    pub fn end_fault(&mut self, id: u64, now: u64) -> bool {
        let ended = self.trouble.faults.end(id);
        self.meet_edges(now, false);
        ended
    }

    /// How a new connection is to be met.
    pub(crate) fn door(&mut self, tls: bool, now: u64) -> Door {
        self.trouble.faults.door(tls, now)
    }

    /// Whether nobody is let in: who drives the venue closes its listeners for that long.
    #[must_use]
    pub fn refuses(&self) -> bool {
        self.trouble.faults.refuses()
    }

    /// What the venue's clock shows.
    #[must_use]
    pub fn shown(&self, now: u64) -> u64 {
        self.trouble.faults.skew().shown(now)
    }

    pub(super) fn trouble_due(&self) -> Option<u64> {
        Some(self.trouble.due_ns()).filter(|due| *due != u64::MAX)
    }

    /// Time passed: faults begin and end, what they kept back comes.
    pub(super) fn suffer(&mut self, now: u64) {
        self.trouble.now_ns = self.trouble.now_ns.max(now);
        if now >= self.trouble.due_ns() {
            self.trouble.faults.advance(now);
            self.release(now);
        }
        self.meet_edges(now, false);
    }

    fn release(&mut self, now: u64) {
        while let Some(at) = self.trouble.behind.iter().position(|b| b.until_ns <= now) {
            let behind = self.trouble.behind.remove(at);
            self.send_behind(&behind);
        }
        if let Some((event, _)) = self.trouble.event_behind.take_if(|(_, at)| *at <= now) {
            self.tell_account(&event, Fate::Pass, None, now);
        }
        if let Some((event, _)) = self.trouble.listened_behind.take_if(|(_, at)| *at <= now) {
            self.tell_listeners_of(&event, Fate::Pass);
        }
        while let Some(at) = self.trouble.late.iter().position(|l| l.at_ns <= now) {
            let late = self.trouble.late.remove(at);
            let Some(session) = self.sessions.get_mut(late.id.index()).and_then(Option::as_mut) else { continue };
            if session.serial != late.serial || session.phase != Phase::Open {
                continue;
            }
            session.outbox.buffer().extend_from_slice(&late.bytes);
            if !session.dirty {
                session.dirty = true;
                self.dirty.push(late.id);
            }
        }
        if self.trouble.closing_ns.take_if(|at| *at <= now).is_some() {
            self.close_all(1001, "Server shutdown", now);
        }
    }

    /// Does what faults that begin or end ask for; `connections`: what concerns connections alone, the rest later.
    pub(super) fn meet_edges(&mut self, now: u64, connections: bool) {
        let mut later = Vec::new();
        for edge in self.trouble.faults.take_edges() {
            let Some(fault) = self.trouble.faults.get(edge.id) else { continue };
            let (kind, spec) = (fault.kind, fault.spec.clone());
            match (kind, edge.begins) {
                (Kind::Drop | Kind::HalfClose | Kind::Stall, true) => self.break_connections(edge.id, now),
                (Kind::Stall, false) => self.end_stall(edge.id),
                _ if connections => later.push(edge),
                (Kind::Maintenance, true) => {
                    self.announce_shutdown(self.shown(now));
                    let wait = spec.delay_ms.unwrap_or(0).saturating_mul(1_000_000);
                    self.trouble.closing_ns = Some(now.saturating_add(wait));
                    self.release(now);
                }
                (Kind::Ban, true) => self.close_api(now),
                (Kind::Skew, _) => {
                    let skew = self.trouble.faults.skew();
                    if let Some(venue) = self.trading_mut() {
                        venue.set_skew(skew);
                    }
                }
                (Kind::SymbolStatus | Kind::SymbolFilters, true) => self.change_symbol(edge.id, kind, &spec, now),
                (Kind::SymbolStatus | Kind::SymbolFilters, false) => self.change_back(edge, now),
                (Kind::OfflineFill, true) => {
                    self.break_connections(edge.id, now);
                    let (symbol, percent) = (spec.symbol.as_deref(), spec.percent.unwrap_or(100));
                    if let Some(venue) = self.trading_mut() {
                        fill_resting(venue.exchange_mut(), symbol, percent, now);
                        venue.settle();
                    }
                    self.deliver(None, now);
                }
                _ => {}
            }
        }
        self.trouble.faults.put_back(later);
    }

    pub(super) fn each_session(&mut self, mut act: impl FnMut(&mut Self, &mut Session)) {
        for index in 0..self.sessions.len() {
            let Some(mut session) = self.sessions.get_mut(index).and_then(Option::take) else { continue };
            act(self, &mut session);
            self.settle(ConnectionId(index as u32), &mut session);
            if let Some(slot) = self.sessions.get_mut(index) {
                *slot = Some(session);
            }
        }
    }

    /// Drops, half-closes or stalls the connections that a fault is about.
    fn break_connections(&mut self, fault: u64, now: u64) {
        self.each_session(|venue, session| {
            let Some(fault) = venue.trouble.faults.get(fault).filter(|f| concerns(f, session)) else { return };
            let lasts_ns = fault.spec.for_ms.map(|ms| now.saturating_add(ms.saturating_mul(1_000_000)));
            match fault.kind {
                Kind::HalfClose => {
                    session.inbox = Vec::new();
                    session.phase = Phase::HalfClosed;
                    session.deadline_ns = lasts_ns.unwrap_or(u64::MAX);
                    session.dirty = false;
                }
                Kind::Stall => session.hold(0, lasts_ns.unwrap_or(now), &venue.rules),
                _ => session.end_abruptly(now, &venue.rules),
            }
        });
    }

    /// Lets go what a stall held, unless another one holds it still.
    fn end_stall(&mut self, fault: u64) {
        self.each_session(|venue, session| {
            let faults = &venue.trouble.faults;
            if session.hold.is_none() || !faults.get(fault).is_some_and(|f| concerns(f, session)) {
                return;
            }
            session.hold = None;
            if let Some(until_ns) = faults.stalled_until(scope_of(session)) {
                session.hold(0, until_ns, &venue.rules);
            }
            // Its driver may have been told before, and have found nothing that it could send.
            session.dirty = false;
        });
    }

    fn close_api(&mut self, now: u64) {
        self.each_session(|venue, session| {
            if session.api.is_some() {
                session.close(1008, "Way too many requests; IP banned", now, &venue.rules);
            }
        });
    }

    fn change_symbol(&mut self, fault: u64, kind: Kind, spec: &FaultSpec, now: u64) {
        let Some(symbol) = spec.symbol.clone() else { return };
        let before = match kind {
            Kind::SymbolStatus => {
                let status = spec.trading_status.as_deref().and_then(trading_status).unwrap_or_default();
                self.set_symbol_status(&symbol, status, now).map(Before::Status)
            }
            _ => {
                let rules = self.trading().and_then(|t| trading::rules_by(t, &symbol, spec).ok());
                let venue = self.trading_mut();
                let before = rules.zip(venue).and_then(|(rules, venue)| trading::set_rules(venue, &symbol, rules));
                before.map(|before| Before::Rules(Box::new(before)))
            }
        };
        if let Some(before) = before.filter(|_| spec.for_ms.is_some()) {
            self.trouble.before.push((fault, symbol, before));
        }
    }

    fn change_back(&mut self, edge: Edge, now: u64) {
        let Some(at) = self.trouble.before.iter().position(|(fault, ..)| *fault == edge.id) else { return };
        let (_, symbol, before) = self.trouble.before.remove(at);
        // What it was under the fault is of no interest.
        match before {
            Before::Status(status) => {
                let _ = self.set_symbol_status(&symbol, status, now);
            }
            Before::Rules(rules) => {
                let _ = self.trading_mut().and_then(|venue| trading::set_rules(venue, &symbol, *rules));
            }
        }
    }

    /// A symbol's trading status; what it was. `None`: no such symbol, or a venue that takes no orders.
    pub fn set_symbol_status(&mut self, symbol: &str, status: TradingStatus, now: u64) -> Option<TradingStatus> {
        let before = trading::set_status(self.trading_mut()?, symbol, status, now)?;
        self.deliver(None, now);
        Some(before)
    }

    /// Stalls that a connection which begins now is under.
    pub(super) fn stall_begun(&self, session: &mut Session) {
        let scope = if session.api.is_some() { Scope::WsApi } else { Scope::Stream };
        if let Some(until) = self.trouble.faults.stalled_until(scope) {
            // Its handshake is answered: it is connected, but silent.
            session.hold(session.outbox.len(), until, &self.rules);
        }
    }

    /// Lets the trading side know which cancels come too late.
    pub(super) fn arm_races(&mut self) {
        let faults = &self.trouble.faults;
        let races = faults.races().map(|f| Race {
            fault: f.id,
            symbol: f.spec.symbol.clone(),
            percent: f.spec.percent.unwrap_or(50),
        });
        let races: Vec<Race> = races.collect();
        if let Some(venue) = self.trading_mut() {
            venue.races().arm(races);
        }
    }

    /// Counts the cancels that came too late.
    pub(super) fn count_races(&mut self, now: u64) {
        let met = self.trading_mut().map(|venue| venue.races().take_met()).unwrap_or_default();
        met.into_iter().for_each(|id| self.trouble.faults.hit_by(id, now));
    }

    /// Publishes a frame under faults.
    pub(super) fn publish_faulty(&mut self, frame: Frame<'_>) {
        let Some(name) = self.streams.get(frame.stream.index()).map(|s| s.name.clone()) else { return };
        let now = self.trouble.now_ns;
        let fate = self.trouble.faults.message(Scope::Stream, Some(&name), now);
        if !self.trouble.serving {
            self.meet_edges(now, true);
        }
        let behind = self.trouble.behind.iter().position(|b| b.stream == frame.stream);
        let behind = behind.map(|at| self.trouble.behind.remove(at));
        match fate {
            Fate::Lose => {}
            Fate::Twice => {
                self.fan_out(frame);
                self.fan_out(frame);
            }
            Fate::Behind(until_ns) if behind.is_none() => self.trouble.behind.push(Behind {
                stream: frame.stream,
                trade_id: frame.trade_id,
                millis: frame.millis.to_vec(),
                micros: frame.micros.map(<[u8]>::to_vec),
                until_ns,
            }),
            Fate::Pass | Fate::Behind(_) => self.fan_out(frame),
            Fate::Garbage(_) | Fate::Cut | Fate::Split(_) => self.fan_out_broken(frame, fate, now),
        }
        if let Some(behind) = behind {
            self.send_behind(&behind);
        }
    }

    fn send_behind(&mut self, behind: &Behind) {
        let Behind { stream, trade_id, millis, micros, .. } = behind;
        self.fan_out(Frame { stream: *stream, trade_id: *trade_id, millis, micros: micros.as_deref() });
    }

    fn fan_out_broken(&mut self, frame: Frame<'_>, fate: Fate, now: u64) {
        let Some(entry) = self.streams.get(frame.stream.index()) else { return };
        let (name, subscribers) = (entry.name.clone(), entry.subscribers.clone());
        for id in subscribers {
            let Some(mut session) = self.sessions.get_mut(id.index()).and_then(Option::take) else { continue };
            if let (Phase::Open, Some(client)) = (session.phase, session.stream.as_mut()) {
                // Whatever it is, something came.
                client.idle_since_ns = now;
                let mut payload = Vec::new();
                match (client.unit, frame.micros) {
                    (TimeUnit::Millis, _) => payload.extend_from_slice(frame.millis),
                    (TimeUnit::Micros, Some(micros)) => payload.extend_from_slice(micros),
                    (TimeUnit::Micros, None) => push_as_micros(&mut payload, frame.millis),
                }
                let mut wire = Vec::new();
                push_data(&mut wire, client, &name, &payload);
                send_broken(&mut session, &wire, fate, &self.rules, now);
                self.settle(id, &mut session);
            }
            if let Some(slot) = self.sessions.get_mut(id.index()) {
                *slot = Some(session);
            }
        }
    }
}

/// Sends a frame as a fault leaves it.
pub(super) fn send_broken(session: &mut Session, wire: &[u8], fate: Fate, rules: &Rules, now: u64) {
    let (waiting, half) = (session.outbox.len(), wire.len() / 2);
    let binary = session.stream.as_ref().is_some_and(|c| c.binary);
    let out = session.outbox.buffer();
    match fate {
        // What would be binary is no protobuf either: a field of a type that there is not.
        Fate::Garbage(Layer::Payload) if binary => frame::push(out, Opcode::Binary, &[&NOISE_BYTES]),
        Fate::Garbage(Layer::Payload) => frame::push(out, Opcode::Text, &[NOISE_TEXT.as_bytes()]),
        Fate::Garbage(Layer::Frame) => out.extend_from_slice(&NOISE_BYTES),
        Fate::Cut => {
            out.extend_from_slice(&wire[..half]);
            session.end_abruptly(now, rules);
        }
        Fate::Split(at) => {
            out.extend_from_slice(wire);
            session.hold(waiting + half, at, rules);
        }
        Fate::Lose => {}
        Fate::Twice => {
            out.extend_from_slice(wire);
            out.extend_from_slice(wire);
        }
        Fate::Pass | Fate::Behind(_) => out.extend_from_slice(wire),
    }
}

/// What a connection is.
const fn scope_of(session: &Session) -> Scope {
    match (&session.api, &session.stream) {
        (Some(_), _) => Scope::WsApi,
        (None, Some(_)) => Scope::Stream,
        (None, None) => Scope::Rest,
    }
}

/// Whether a fault is about a connection.
fn concerns(fault: &Fault, session: &Session) -> bool {
    let scope = scope_of(session);
    let user_data = session.hears_accounts();
    if fault.kind == Kind::OfflineFill {
        return user_data;
    }
    let names = session.stream.iter().flat_map(|c| &c.names);
    let by_stream = !fault.chooses_streams() || names.clone().any(|n| fault.is_about_stream(Some(n)));
    let by_scope = fault.scope.covers(scope) || (fault.scope == Scope::UserData && user_data);
    let open = matches!(session.phase, Phase::Request | Phase::Open | Phase::Closing);
    open && by_scope && by_stream
}

impl Session {
    /// Whether it is told what happens to an account.
    pub(crate) fn hears_accounts(&self) -> bool {
        let listens = self.stream.as_ref().is_some_and(|c| !c.listening.is_empty());
        listens || self.api.as_ref().is_some_and(|a| a.is_subscribed())
    }

    /// Sends no more than so many of the bytes that wait until that time.
    pub(crate) fn hold(&mut self, allowed: usize, until_ns: u64, rules: &Rules) {
        let (allowed, until_ns) = match self.hold {
            Some((sofar, until)) => (allowed.min(sofar), until_ns.max(until)),
            None => (allowed, until_ns),
        };
        self.hold = Some((allowed, until_ns));
        self.deadline_ns = self.deadline_ns.max(until_ns.saturating_add(rules.close_within_ns));
    }

    /// Sends what waits, then ends without a word.
    pub(crate) fn end_abruptly(&mut self, now: u64, rules: &Rules) {
        self.end.get_or_insert(ClientEnd::Venue(1006, "Fault".to_owned()));
        self.abrupt = true;
        self.finish(now, rules);
    }
}
