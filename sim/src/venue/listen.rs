//! Connections with a listen key, and the events of the accounts that they listen to.

use super::faulty::send_broken;
use super::publish::push_data;
use super::{ConnectionId, VenueMachine};
use crate::fault::{Fate, Scope};
use crate::rules::Class;
use crate::session::{Listening, Phase, Session};
use crate::stats::ClientEnd;

/// Something that an account has to be told.
#[derive(Debug)]
pub(crate) struct AccountEvent {
    /// The account's number.
    pub(crate) account: usize,
    /// Its name: what connections choose events by.
    pub(crate) name: &'static str,
    /// Only for those with this listen key, which is no more.
    pub(crate) key: Option<String>,
    /// The frame's payload.
    pub(crate) payload: Vec<u8>,
}

impl VenueMachine {
    /// The account that a listen key opens.
    pub(super) fn listener(&self, key: &str) -> Option<usize> {
        let futures = self.futures.as_ref().and_then(|f| f.venue.listener(key));
        futures.or_else(|| self.mexc.as_ref()?.venue.listener(key))
    }

    /// Lets a connection listen to the account of a listen key, if it is one and the connection is for that.
    pub(super) fn listen(&self, session: &mut Session, key: &str, only: &[String]) {
        let Some(client) = session.stream.as_mut() else { return };
        let private = matches!(client.class, None | Some(Class::Private));
        let account = self.listener(key).filter(|_| private);
        if let Some(account) = account.filter(|_| !client.listening.iter().any(|l| l.key == key)) {
            client.listening.push(Listening { key: key.to_owned(), account, only: only.to_vec() });
        }
    }

    /// Tells accounts' events to those who listen.
    pub(super) fn tell_listeners(&mut self) {
        while let Some(event) = self.take_account_event() {
            let Some((event, fate, behind)) = self.fate_of_listened(event) else { continue };
            self.tell_listeners_of(&event, fate);
            if let Some(behind) = behind {
                self.tell_listeners_of(&behind, Fate::Pass);
            }
        }
    }

    fn take_account_event(&mut self) -> Option<AccountEvent> {
        let futures = self.futures.as_mut().and_then(|f| f.venue.take_user_event());
        futures.or_else(|| self.mexc.as_mut()?.venue.take_user_event())
    }

    /// What becomes of an event for those with a listen key; `None`: it waits. Faults are about those that somebody
    /// gets.
    fn fate_of_listened(&mut self, event: AccountEvent) -> Option<(AccountEvent, Fate, Option<AccountEvent>)> {
        let heard = self.sessions.iter().flatten().any(|s| self.key_for(s, &event).is_some());
        if !heard || (!self.trouble.faults.busy() && self.trouble.listened_behind.is_none()) {
            return Some((event, Fate::Pass, None));
        }
        let fate = self.trouble.faults.message(Scope::UserData, None, self.trouble.now_ns);
        match (fate, self.trouble.listened_behind.take()) {
            (Fate::Behind(until_ns), None) => {
                self.trouble.listened_behind = Some((event, until_ns));
                None
            }
            (fate, behind) => Some((event, fate, behind.map(|(event, _)| event))),
        }
    }

    /// Tells one event to all who listen to its account.
    pub(super) fn tell_listeners_of(&mut self, event: &AccountEvent, fate: Fate) {
        for index in 0..self.sessions.len() {
            self.tell_listener(index, event, fate);
        }
    }

    /// The listen key by which a connection gets an event, where it does.
    fn key_for(&self, session: &Session, event: &AccountEvent) -> Option<String> {
        let client = session.stream.as_ref().filter(|_| session.phase == Phase::Open)?;
        let wants = |l: &&Listening| match &event.key {
            Some(key) => l.key == *key,
            None => {
                // MEXC's are subscribed like other streams.
                let wanted = if client.binary { &client.names } else { &l.only };
                let named = (wanted.is_empty() && !client.binary) || wanted.iter().any(|name| name == event.name);
                l.account == event.account && named && self.listener(&l.key).is_some()
            }
        };
        client.listening.iter().find(wants).map(|l| l.key.clone())
    }

    fn tell_listener(&mut self, index: usize, event: &AccountEvent, fate: Fate) {
        let Some(session) = self.sessions.get(index).and_then(Option::as_ref) else { return };
        let Some(key) = self.key_for(session, event) else { return };
        let Some(session) = self.sessions.get_mut(index).and_then(Option::as_mut) else { return };
        let Some(client) = session.stream.as_mut() else { return };
        if fate != Fate::Lose {
            client.idle_since_ns = self.trouble.now_ns;
        }
        let mut wire = Vec::new();
        push_data(&mut wire, client, &key, &event.payload);
        if session.outbox.len() + wire.len() > self.rules.queue_bytes_max {
            session.abandon(ClientEnd::Slow);
            self.dropped_slow += 1;
        } else {
            send_broken(session, &wire, fate, &self.rules, self.trouble.now_ns);
            self.due_ns = self.due_ns.min(session.due_ns(&self.rules));
        }
        if !session.dirty {
            session.dirty = true;
            self.dirty.push(ConnectionId(index as u32));
        }
    }
}
