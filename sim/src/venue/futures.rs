//! The trading side of a futures venue: REST, market streams of its book, and the events of accounts that listen.

use super::faulty::send_broken;
use super::market::Work;
use super::{StreamEntry, StreamId, VenueMachine, push_data};
use crate::account::SimAccount;
use crate::api::Limits;
use crate::binance::futures::streams::Streams;
use crate::binance::futures::{FuturesVenue, UserEvent};
use crate::fault::Fate;
use crate::http::{Answer, Request};
use crate::instrument::SimInstrument;
use crate::market::Told;
use crate::rules::Class;
use crate::session::{Listening, Phase, Session};
use crate::stats::{ClientEnd, StreamStats};
use crosstick_model::Protocol;

/// What trades, and the streams that show it.
#[derive(Debug)]
pub(super) struct Futures {
    pub(super) venue: FuturesVenue,
    streams: Streams,
}

impl Futures {
    pub(super) fn new(
        protocol: Protocol,
        instruments: Vec<SimInstrument>,
        accounts: &[SimAccount],
        limits: &Limits,
    ) -> Self {
        let venue = FuturesVenue::new(protocol, instruments, accounts, limits);
        Self { streams: Streams::new(&venue), venue }
    }
}

impl VenueMachine {
    pub(super) fn answer_futures(
        &mut self,
        request: &Request,
        (path, query): (&str, &str),
        shown: u64,
        now: u64,
    ) -> Answer {
        let Some(futures) = self.futures.as_mut() else { return Answer::text(404, "") };
        let answer = futures.venue.rest(request, path, query, shown);
        self.deliver(None, now);
        answer
    }

    /// From now on the streams that it was made with show its book.
    pub(super) fn show_futures_book(&mut self) {
        let Some(futures) = self.futures.as_mut() else { return };
        for (index, entry) in self.streams.iter().enumerate() {
            futures.streams.register(&entry.name, StreamId(index as u32), &futures.venue);
        }
        self.shows_book = true;
    }

    /// A stream that can be made.
    pub(super) fn futures_stream(&mut self, name: &str) -> Option<StreamId> {
        let futures = self.futures.as_mut().filter(|f| f.streams.knows(name))?;
        let stream = StreamId(self.streams.len() as u32);
        futures.streams.register(name, stream, &futures.venue);
        let (subscribers, published) = (Vec::new(), StreamStats::default());
        self.streams.push(StreamEntry { name: name.into(), subscribers, published });
        self.by_name.insert(name.into(), stream);
        Some(stream)
    }

    /// Lets market streams tell what is due, or what happened.
    pub(super) fn with_futures(&mut self, work: Work) {
        let Some(mut futures) = self.futures.take() else { return };
        let mut frames = std::mem::take(&mut self.frames);
        let streams = &self.streams;
        let listened = |s: StreamId| streams.get(s.index()).is_some_and(|e| !e.subscribers.is_empty());
        let mut told = Told { frames: &mut frames, listened: &listened };
        let Futures { venue, streams } = &mut *futures;
        match work {
            Work::Advance(now) => {
                streams.advance(now, venue, &mut told);
                venue.end_keys(now);
            }
            Work::Take { goes_on } => streams.take(goes_on, venue, &mut told),
        }
        frames.iter().for_each(|frame| self.publish(frame));
        frames.clear();
        (self.futures, self.frames) = (Some(futures), frames);
        self.tell_listeners();
    }

    /// When a stream with a period has something to tell next, or a listen key ends.
    pub(super) fn futures_due(&self) -> Option<u64> {
        let futures = self.futures.as_ref()?;
        let listened = |s: StreamId| self.subscribers(s) > 0;
        futures.streams.next_due(&listened).into_iter().chain(futures.venue.next_key_end()).min()
    }

    /// Lets a connection listen to the account of a listen key, if it is one and the connection is for that.
    pub(super) fn listen(&self, session: &mut Session, key: &str, only: &[String]) {
        let Some(client) = session.stream.as_mut() else { return };
        let private = matches!(client.class, None | Some(Class::Private));
        let account = self.futures.as_ref().and_then(|f| f.venue.listener(key)).filter(|_| private);
        if let Some(account) = account.filter(|_| !client.listening.iter().any(|l| l.key == key)) {
            client.listening.push(Listening { key: key.to_owned(), account, only: only.to_vec() });
        }
    }

    /// Tells accounts' events to those who listen.
    fn tell_listeners(&mut self) {
        while let Some(event) = self.futures.as_mut().and_then(|f| f.venue.take_user_event()) {
            let Some((event, fate, behind)) = self.fate_of_futures_event(event) else { continue };
            self.tell_listeners_of(&event, fate);
            if let Some(behind) = behind {
                self.tell_listeners_of(&behind, Fate::Pass);
            }
        }
    }

    /// Tells one event to all who listen to its account.
    pub(super) fn tell_listeners_of(&mut self, event: &UserEvent, fate: Fate) {
        let Some(futures) = self.futures.take() else { return };
        for index in 0..self.sessions.len() {
            self.tell_listener(index, event, &futures.venue, fate);
        }
        self.futures = Some(futures);
    }

    fn tell_listener(&mut self, index: usize, event: &UserEvent, venue: &FuturesVenue, fate: Fate) {
        let Some(session) = self.sessions.get_mut(index).and_then(Option::as_mut) else { return };
        let Some(client) = session.stream.as_ref().filter(|_| session.phase == Phase::Open) else { return };
        let wants = |l: &&Listening| match &event.key {
            Some(key) => l.key == *key,
            None => {
                let named = l.only.is_empty() || l.only.iter().any(|name| name == event.name);
                l.account == event.account && named && venue.listener(&l.key).is_some()
            }
        };
        let Some(listening) = client.listening.iter().find(wants) else { return };
        let combined = client.combined;
        if session.outbox.len() + event.text.len() > self.rules.queue_bytes_max {
            session.abandon(ClientEnd::Slow);
            self.dropped_slow += 1;
        } else {
            let key = listening.key.clone();
            let mut wire = Vec::new();
            push_data(&mut wire, combined, &key, event.text.as_bytes());
            send_broken(session, &wire, fate, &self.rules, self.trouble.now_ns);
            self.due_ns = self.due_ns.min(session.due_ns(&self.rules));
        }
        if !session.dirty {
            session.dirty = true;
            self.dirty.push(super::ConnectionId(index as u32));
        }
    }
}
