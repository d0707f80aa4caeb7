//! What clients send: requests, control messages, closes, and what the venue does about them.

use super::{ConnectionId, VenueMachine};
use crate::control::{self, Ask, ControlError};
use crate::fault::Scope;
use crate::frame::{self, Opcode};
use crate::http::{self, Answer, HeadError, Parsed, Request};
use crate::rules::{Route, SECOND_NS, StreamRoute, TimeUnit, route};
use crate::session::{Incoming, Phase, Session, StreamClient};
use crate::stats::ClientEnd;
use crate::text::push_json_string;

impl VenueMachine {
    pub(super) fn take_requests(&mut self, id: ConnectionId, session: &mut Session, seen: usize, now: u64) {
        let mut fresh = seen.saturating_sub(3);
        while session.phase == Phase::Request && !session.inbox.is_empty() {
            if session.inbox.len() < session.needs {
                return;
            }
            // A head that comes byte by byte is read once, when it is whole.
            let first = session.inbox.first().copied().unwrap_or_default();
            let ends = session.inbox.get(fresh..).is_some_and(|new| new.windows(4).any(|w| w == b"\r\n\r\n"));
            if session.needs == 0 && !ends && first.is_ascii_uppercase() && session.inbox.len() < http::HEAD_MAX {
                return;
            }
            fresh = 0;
            match http::parse(&session.inbox) {
                Ok(Parsed::Head) => return,
                Ok(Parsed::Body(whole)) => session.needs = whole,
                Ok(Parsed::Whole(request, used)) => {
                    session.inbox.drain(..used);
                    session.needs = 0;
                    self.take_request(id, session, &request, now);
                }
                Err(error) => {
                    let status = match error {
                        HeadError::Malformed => 400,
                        HeadError::TooLong => 431,
                        HeadError::Body => 413,
                    };
                    http::push_response(session.outbox.buffer(), &Answer::text(status, ""), false);
                    session.end = Some(ClientEnd::Venue(status, "HTTP".to_owned()));
                    session.finish(now, &self.rules);
                }
            }
        }
    }

    fn take_request(&mut self, id: ConnectionId, session: &mut Session, request: &Request, now: u64) {
        let answer = match route(self.protocol, &request.target) {
            None => Answer::bad_request("Bad request"),
            Some(Route::Stream(stream)) => match request.websocket_key() {
                Some(_) if self.has_too_many(&stream) => Answer::bad_request("Too many connections of this listenKey"),
                Some(_) if !self.may_connect(now) => {
                    let wait_s = self.rules.attempts_within_ns / SECOND_NS;
                    let mut answer = Answer::text(429, "Too many connection attempts");
                    answer.headers.push(("Retry-After".to_owned(), wait_s.to_string()));
                    answer
                }
                Some(key) if stream.streams.len() <= self.rules.streams_max => {
                    match self.refuse_handshake(Scope::Stream, now) {
                        Some(refusal) => refusal,
                        None => {
                            http::push_upgrade(session.outbox.buffer(), key);
                            self.begin_stream(id, session, &request.target, stream, now);
                            self.stall_begun(session);
                            self.note_handshake(session, request, 101, now);
                            return;
                        }
                    }
                }
                Some(_) => Answer::bad_request("Too many streams"),
                None => Answer::upgrade_required(),
            },
            Some(Route::Api { query }) => match self.begin_api(id, session, request, &query, now) {
                None => {
                    self.note_handshake(session, request, 101, now);
                    return;
                }
                Some(refusal) => refusal,
            },
            Some(Route::Rest { path, query }) => {
                self.rest_requests += 1;
                self.take_rest(session, request, &path, &query, now);
                return;
            }
        };
        self.note_handshake(session, request, answer.status, now);
        let out = session.outbox.buffer();
        http::push_response(out, &answer, request.keep_alive);
        session.deadline_ns = now.saturating_add(self.rules.request_within_ns);
        if !request.keep_alive {
            session.finish(now, &self.rules);
        }
    }

    /// Counts an attempt to begin a stream connection; `false` when it is one too many.
    fn may_connect(&mut self, now: u64) -> bool {
        let over = now.saturating_sub(self.rules.attempts_within_ns);
        while self.attempts_ns.front().is_some_and(|at| *at <= over) {
            self.attempts_ns.pop_front();
        }
        if self.attempts_ns.len() >= self.rules.attempts_max {
            return false;
        }
        self.attempts_ns.push_back(now);
        true
    }

    fn begin_stream(&mut self, id: ConnectionId, session: &mut Session, target: &str, route: StreamRoute, now: u64) {
        let mut client =
            StreamClient::new(target.to_owned(), route.combined, route.unit, route.class, now, &self.rules);
        self.micros_clients += usize::from(client.unit == TimeUnit::Micros);
        session.phase = Phase::Open;
        client.binary = self.mexc.is_some();
        session.stream = Some(Box::new(client));
        self.subscribe(id, session, route.streams, now);
        for (key, only) in &route.keys {
            self.listen(session, key, only);
        }
        self.check_mexc_key(session, route.keys.len(), now);
    }

    pub(super) fn take_frames(&mut self, id: ConnectionId, session: &mut Session, now: u64) {
        let mut used = 0;
        while let Some(client) =
            session.stream.as_mut().filter(|_| matches!(session.phase, Phase::Open | Phase::Closing))
        {
            let before = used;
            let taken = match frame::parse(session.inbox.get(used..).unwrap_or_default()) {
                Ok(None) => break,
                Ok(Some((frame, length))) => {
                    used += length;
                    // Once a close is sent, only its answer counts.
                    if session.phase == Phase::Closing && frame.opcode != Opcode::Close {
                        continue;
                    }
                    client.take(frame, now, &self.rules, session.outbox.buffer())
                }
                Err(error) => Err(error),
            };
            match taken {
                Ok(Incoming::Quiet) => {}
                Ok(Incoming::Text(text)) => self.take_text(id, session, &text, now),
                Ok(Incoming::Close(payload)) => {
                    if session.phase == Phase::Open {
                        frame::push(session.outbox.buffer(), Opcode::Close, &[&payload]);
                        session.end = Some(ClientEnd::Client);
                    }
                    session.finish(now, &self.rules);
                    return;
                }
                Err(error) if session.phase == Phase::Closing => {
                    session.abandon(ClientEnd::Venue(error.code, error.reason.to_owned()));
                    return;
                }
                Err(error) => {
                    session.close(error.code, error.reason, now, &self.rules);
                    if used == before {
                        // What follows a broken frame cannot be read, so no answer to the close is awaited.
                        session.finish(now, &self.rules);
                        return;
                    }
                }
            }
        }
        session.inbox.drain(..used.min(session.inbox.len()));
    }

    fn take_text(&mut self, id: ConnectionId, session: &mut Session, text: &[u8], now: u64) {
        if session.api.is_some() {
            self.take_api_text(id, session, text, now);
            return;
        }
        self.note_control(session, text, now);
        if self.mexc.is_some() {
            self.take_mexc_text(id, session, text, now);
            return;
        }
        let Some(request) = std::str::from_utf8(text).ok().and_then(control::parse) else {
            session.close(1008, "Invalid request", now, &self.rules);
            return;
        };
        let result = request.ask.and_then(|ask| self.obey(id, session, ask, now));
        let mut body = String::new();
        match result {
            Ok(result) => {
                body.push_str("{\"result\":");
                body.push_str(&result);
            }
            Err(error) => {
                body.push_str(&format!("{{\"error\":{{\"code\":{},\"msg\":", error.code));
                push_json_string(&mut body, &error.message);
                body.push('}');
            }
        }
        body.push_str(&format!(",\"id\":{}}}", request.id));
        // Answers are never wrapped, in combined mode neither.
        frame::push(session.outbox.buffer(), Opcode::Text, &[body.as_bytes()]);
        if let Some(client) = session.stream.as_mut() {
            client.requests += 1;
        }
    }

    /// Does what a client asks; the result as JSON text.
    fn obey(&mut self, id: ConnectionId, session: &mut Session, ask: Ask, now: u64) -> Result<String, ControlError> {
        const DONE: &str = "null";
        match ask {
            Ask::Subscribe(names) => {
                let Some(client) = &session.stream else { return Ok(DONE.to_owned()) };
                let fresh = names.iter().filter(|n| !client.names.contains(n)).count();
                if client.names.len() + fresh > self.rules.streams_max {
                    return Err(ControlError::too_many_streams(self.rules.streams_max));
                }
                self.subscribe(id, session, names, now);
            }
            Ask::Unsubscribe(names) => {
                self.unsubscribe(id, session, &names);
                if let Some(client) = session.stream.as_mut() {
                    client.listening.retain(|l| !names.contains(&l.key));
                }
            }
            Ask::List => {
                let mut list = String::from("[");
                for (i, name) in session.stream.iter().flat_map(|c| &c.names).enumerate() {
                    if i > 0 {
                        list.push(',');
                    }
                    push_json_string(&mut list, name);
                }
                list.push(']');
                return Ok(list);
            }
            Ask::SetCombined(on) => {
                if let Some(client) = session.stream.as_mut() {
                    client.combined = on;
                }
            }
            Ask::GetCombined => {
                return Ok(session.stream.as_ref().is_some_and(|c| c.combined).to_string());
            }
        }
        Ok(DONE.to_owned())
    }

    /// Adds streams to a client. A name that the venue has no data for is listed and stays silent, as does one of
    /// another class: that is what the real venue does.
    pub(super) fn subscribe(&mut self, id: ConnectionId, session: &mut Session, names: Vec<String>, now: u64) {
        for name in names {
            self.listen(session, &name, &[]);
            let Some(client) = session.stream.as_mut() else { return };
            if client.names.contains(&name) {
                continue;
            }
            let served = client.class.is_none_or(|c| c.serves(&name));
            let known = if served { self.stream_for(&name, now) } else { None };
            if let Some(entry) = known.and_then(|stream| self.streams.get_mut(stream.index())) {
                entry.subscribers.push(id);
                self.subscription_changes += 1;
            }
            client.names.push(name);
        }
    }

    /// Takes streams from a client.
    pub(super) fn unsubscribe(&mut self, id: ConnectionId, session: &mut Session, names: &[String]) {
        for name in names {
            if let Some(stream) = self.by_name.get(name.as_str()) {
                if let Some(entry) = self.streams.get_mut(stream.index()) {
                    entry.subscribers.retain(|s| *s != id);
                }
                self.subscription_changes += 1;
            }
        }
        if let Some(client) = session.stream.as_mut() {
            client.names.retain(|n| !names.contains(n));
        }
    }

    pub(super) fn unsubscribe_all(&mut self, id: ConnectionId, session: &Session) {
        for name in session.stream.iter().flat_map(|c| &c.names) {
            if let Some(entry) = self.by_name.get(name.as_str()).and_then(|s| self.streams.get_mut(s.index())) {
                entry.subscribers.retain(|s| *s != id);
            }
        }
    }
}
