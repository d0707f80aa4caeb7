//! The trading side of a MEXC venue, its market streams, and what clients ask while they are connected.

use serde_json::json;

use super::market::Work;
use super::{ConnectionId, StreamId, VenueMachine};
use crate::account::SimAccount;
use crate::api::Limits;
use crate::frame::{self, Opcode};
use crate::instrument::SimInstrument;
use crate::market::Told;
use crate::mexc::MexcVenue;
use crate::mexc::channel::{self, Ask};
use crate::mexc::streams::Streams;
use crate::rules::StreamRoute;
use crate::session::Session;

/// What a listen key that there is not is answered with, before the connection ends.
const BAD_KEY: &str = "Invalid listen key";
/// Connections that one listen key opens at a time.
const SOCKETS_MAX: usize = 5;

/// What trades, and the streams that show it.
#[derive(Debug)]
pub(super) struct Mexc {
    pub(super) venue: MexcVenue,
    streams: Streams,
}

impl Mexc {
    pub(super) fn new(instruments: &[SimInstrument], accounts: &[SimAccount], limits: &Limits) -> Self {
        let venue = MexcVenue::new(instruments, accounts, limits);
        Self { streams: Streams::new(&venue), venue }
    }
}

impl VenueMachine {
    /// From now on the streams that it was made with show its book.
    pub(super) fn show_mexc_book(&mut self) {
        let Some(mexc) = self.mexc.as_mut() else { return };
        for (index, entry) in self.streams.iter().enumerate() {
            mexc.streams.register(&entry.name, StreamId(index as u32), &mexc.venue);
        }
        self.shows_book = true;
    }

    /// A stream that can be made.
    pub(super) fn mexc_stream(&mut self, name: &str) -> Option<StreamId> {
        self.mexc.as_ref().filter(|m| m.streams.knows(name))?;
        let stream = self.add_stream(name);
        let mexc = self.mexc.as_mut()?;
        mexc.streams.register(name, stream, &mexc.venue);
        Some(stream)
    }

    /// Lets market streams take in what happened, or tell what is due.
    pub(super) fn with_mexc(&mut self, work: Work) {
        let Some(mut mexc) = self.mexc.take() else { return };
        let mut frames = std::mem::take(&mut self.frames);
        let streams = &self.streams;
        let listened = |s: StreamId| streams.get(s.index()).is_some_and(|e| !e.subscribers.is_empty());
        let mut told = Told { frames: &mut frames, listened: &listened };
        let Mexc { venue, streams } = &mut *mexc;
        match work {
            Work::Advance(now) => streams.advance(now, venue, &mut told),
            Work::Take { .. } => streams.take(venue, &told),
        }
        frames.iter().for_each(|frame| self.show(frame));
        frames.clear();
        (self.mexc, self.frames) = (Some(mexc), frames);
        if let Work::Advance(now) = work {
            self.end_mexc_keys(now);
        }
        self.tell_listeners();
    }

    /// When a stream has something to tell next, or a listen key ends.
    pub(super) fn mexc_due(&self) -> Option<u64> {
        let mexc = self.mexc.as_ref()?;
        let listened = |s: StreamId| self.subscribers(s) > 0;
        mexc.streams.next_due(&listened).into_iter().chain(mexc.venue.next_key_end()).min()
    }

    /// Ends listen keys whose time is over, and the connections that came with them.
    fn end_mexc_keys(&mut self, now: u64) {
        let Some(mexc) = self.mexc.as_mut() else { return };
        if mexc.venue.next_key_end().is_none_or(|end| end > now) {
            return;
        }
        mexc.venue.end_keys(now);
        self.close_keyless(now);
    }

    /// Closes connections whose listen keys are no more.
    pub(super) fn close_keyless(&mut self, now: u64) {
        self.each_session(|venue, session| {
            let keys = session.stream.iter().flat_map(|c| &c.listening);
            if keys.into_iter().any(|l| venue.listener(&l.key).is_none()) {
                session.close(1000, "listenKey expired", now, &venue.rules);
            }
        });
    }

    /// Whether a listen key has all the connections already that it may have.
    pub(super) fn has_too_many(&self, route: &StreamRoute) -> bool {
        let sessions = || self.sessions.iter().flatten().filter_map(|s| s.stream.as_ref());
        let with = |key: &str| sessions().filter(|c| c.listening.iter().any(|l| l.key == key)).count();
        self.mexc.is_some() && route.keys.iter().any(|(key, _)| with(key) >= SOCKETS_MAX)
    }

    /// After the handshake: a key that there is not is told, then the connection ends.
    pub(super) fn check_mexc_key(&mut self, session: &mut Session, route_keys: usize, now: u64) {
        let listening = session.stream.as_ref().map_or(0, |c| c.listening.len());
        if self.mexc.is_some() && listening < route_keys {
            frame::push(session.outbox.buffer(), Opcode::Text, &[BAD_KEY.as_bytes()]);
            session.close(1008, BAD_KEY, now, &self.rules);
        }
    }

    /// Takes a text message of a client.
    pub(super) fn take_mexc_text(&mut self, id: ConnectionId, session: &mut Session, text: &[u8], now: u64) {
        let Some((number, ask)) = channel::read(text) else {
            session.close(1008, "Invalid request", now, &self.rules);
            return;
        };
        let told = match ask {
            Ask::Ping => "PONG".to_owned(),
            Ask::Unknown => "Not support method or params".to_owned(),
            Ask::Subscribe(names) => self.subscribe_mexc(id, session, names, now),
            Ask::Unsubscribe(names) => {
                self.unsubscribe(id, session, &names);
                names.join(",")
            }
        };
        let answer = json!({ "id": number, "code": 0, "msg": told }).to_string();
        frame::push(session.outbox.buffer(), Opcode::Text, &[answer.as_bytes()]);
        if let Some(client) = session.stream.as_mut() {
            client.requests += 1;
            client.idle_since_ns = now;
        }
    }

    /// Subscribes all streams of a request that there are; the answer's text. One that there is not is named in it,
    /// as are those beyond what a connection may have.
    fn subscribe_mexc(&mut self, id: ConnectionId, session: &mut Session, names: Vec<String>, now: u64) -> String {
        let listens = session.stream.as_ref().is_some_and(|c| !c.listening.is_empty());
        let known = |name: &String| {
            let public = self.mexc.as_ref().is_some_and(|m| m.streams.knows(name));
            public || (listens && channel::is_private(name))
        };
        let (good, bad): (Vec<String>, Vec<String>) = names.into_iter().partition(known);
        let have = session.stream.as_ref().map_or(0, |c| c.names.len());
        let fresh = |name: &&String| session.stream.as_ref().is_some_and(|c| !c.names.contains(name));
        let mut new: Vec<&String> = good.iter().filter(fresh).collect();
        new.sort();
        new.dedup();
        if have + new.len() > self.rules.streams_max {
            let text = format!("Subscriptions exceed the maximum of {}", self.rules.streams_max);
            return format!("Not Subscribed successfully! [{}].  Reason： {text}! ", good.join(","));
        }
        let told = good.join(",");
        self.subscribe(id, session, good, now);
        if bad.is_empty() {
            return told;
        }
        format!("Not Subscribed successfully! [{}].  Reason： Blocked! ", bad.join(","))
    }
}
