//! The trading side of a venue: REST requests, connections of the WebSocket API, and the events of accounts.

use crosstick_model::{Decimal, Side};

use super::faulty::send_broken;
use super::{ConnectionId, VenueMachine, trading};
use crate::binance::spot::UserEvent;
use crate::exchange::LevelView;
use crate::fault::{Fate, Scope};
use crate::frame::{self, Opcode};
use crate::http::{self, Answer, Request};
use crate::operator::books::account_of;
use crate::rules::TimeUnit;
use crate::session::{Phase, Session, StreamClient};
use crate::stats::ClientEnd;

impl VenueMachine {
    pub(super) fn answer_rest(&mut self, request: &Request, path: &str, query: &str, now: u64) -> Answer {
        self.tick_market(now);
        let answer = if let Some(spot) = self.spot.as_mut() {
            spot.rest(request, path, query, now)
        } else if let Some(futures) = self.futures.as_mut() {
            futures.venue.rest(request, path, query, now)
        } else if let Some(mexc) = self.mexc.as_mut() {
            mexc.venue.rest(request, path, query, now)
        } else {
            Answer::text(404, "")
        };
        if self.mexc.is_some() && request.method == "DELETE" {
            self.close_keyless(now);
        }
        self.deliver(None, now);
        answer
    }

    /// Turns a connection into one of the WebSocket API; an answer where it is refused.
    pub(super) fn begin_api(
        &mut self,
        id: ConnectionId,
        session: &mut Session,
        request: &Request,
        query: &str,
        now: u64,
    ) -> Option<Answer> {
        let Some(key) = request.websocket_key() else { return Some(Answer::upgrade_required()) };
        if let Some(refusal) = self.refuse_handshake(Scope::WsApi, now) {
            return Some(refusal);
        }
        let spot = self.spot.as_mut()?;
        let api = match spot.ws_connect(query, now) {
            Ok(api) => api,
            Err(refusal) => return Some(refusal),
        };
        http::push_upgrade(session.outbox.buffer(), key);
        // Times of requests have their own unit; the client's serves market data alone.
        let mut client = StreamClient::new(request.target.clone(), false, TimeUnit::Millis, None, now, &self.rules);
        client.paced = false;
        session.phase = Phase::Open;
        session.stream = Some(Box::new(client));
        session.api = Some(Box::new(api));
        self.api_clients.push(id);
        self.stall_begun(session);
        None
    }

    pub(super) fn take_api_text(&mut self, id: ConnectionId, session: &mut Session, text: &[u8], now: u64) {
        self.tick_market(now);
        let Ok(text) = std::str::from_utf8(text) else {
            session.close(1007, "Invalid UTF-8", now, &self.rules);
            return;
        };
        let reply = self.take_call(id, session, text, now);
        for text in &reply.frames {
            frame::push(session.outbox.buffer(), Opcode::Text, &[text.as_bytes()]);
        }
        if let Some(client) = session.stream.as_mut() {
            client.requests += 1;
        }
        if reply.close {
            session.close(1008, "Way too many requests; IP banned", now, &self.rules);
        }
        self.deliver(Some((id, session)), now);
    }

    /// Tells what happened: to market streams, then to the accounts that it happened to. A connection that is being
    /// served is not in its place, so it is given.
    pub(super) fn deliver(&mut self, mut serving: Option<(ConnectionId, &mut Session)>, now: u64) {
        self.publish_market();
        while let Some(event) = self.spot.as_mut().and_then(|s| s.take_user_event()) {
            let heard = self.is_heard(&event, serving.as_ref().map(|(id, session)| (*id, &**session)));
            let Some((event, fate, behind)) = self.fate_of_event(event, heard, now) else { continue };
            let given = serving.as_mut().map(|(id, session)| (*id, &mut **session));
            self.tell_account(&event, fate, given, now);
            if let Some(behind) = behind {
                let given = serving.as_mut().map(|(id, session)| (*id, &mut **session));
                self.tell_account(&behind, Fate::Pass, given, now);
            }
        }
    }

    /// Whether anybody is subscribed to an event's account.
    fn is_heard(&self, event: &UserEvent, serving: Option<(ConnectionId, &Session)>) -> bool {
        self.api_clients.iter().any(|&id| {
            let session = match serving {
                Some((own, session)) if own == id => Some(session),
                _ => self.session(id),
            };
            let api = session.filter(|s| s.phase == Phase::Open).and_then(|s| s.api.as_ref());
            api.is_some_and(|api| api.subscription_to(event.account).is_some())
        })
    }

    /// What becomes of an account's event, and the one that it lets through behind it. `None`: it waits. Faults are
    /// about those that somebody gets.
    fn fate_of_event(
        &mut self,
        event: UserEvent,
        heard: bool,
        now: u64,
    ) -> Option<(UserEvent, Fate, Option<UserEvent>)> {
        if !heard || (!self.trouble.faults.busy() && self.trouble.event_behind.is_none()) {
            return Some((event, Fate::Pass, None));
        }
        let fate = self.trouble.faults.message(Scope::UserData, None, now);
        match (fate, self.trouble.event_behind.take()) {
            (Fate::Behind(until_ns), None) => {
                self.trouble.event_behind = Some((event, until_ns));
                None
            }
            (fate, behind) => Some((event, fate, behind.map(|(event, _)| event))),
        }
    }

    /// Tells an event to all who are subscribed to its account.
    pub(super) fn tell_account(
        &mut self,
        event: &UserEvent,
        fate: Fate,
        mut serving: Option<(ConnectionId, &mut Session)>,
        now: u64,
    ) {
        let Some(spot) = self.spot.as_ref() else { return };
        for &id in &self.api_clients {
            let session = match serving.as_mut() {
                Some((own, session)) if *own == id => &mut **session,
                _ => match self.sessions.get_mut(id.index()).and_then(Option::as_mut) {
                    Some(session) => session,
                    None => continue,
                },
            };
            if session.phase != Phase::Open {
                continue;
            }
            let Some(api) = session.api.as_ref() else { continue };
            let Some(subscription) = api.subscription_to(event.account) else { continue };
            let Some(text) = spot.user_frame(event, subscription, api.unit, now) else { continue };
            if session.outbox.len() + text.len() > self.rules.queue_bytes_max {
                session.abandon(ClientEnd::Slow);
                self.dropped_slow += 1;
            } else if fate == Fate::Pass {
                frame::push(session.outbox.buffer(), Opcode::Text, &[text.as_bytes()]);
            } else {
                let mut wire = Vec::new();
                frame::push(&mut wire, Opcode::Text, &[text.as_bytes()]);
                send_broken(session, &wire, fate, &self.rules, now);
                self.due_ns = self.due_ns.min(session.due_ns(&self.rules));
            }
            if !session.dirty {
                session.dirty = true;
                self.dirty.push(id);
            }
        }
    }

    pub(super) fn announce_to_api(session: &mut Session, now: u64) {
        let micros = session.api.as_ref().map(|a| a.unit) == Some(TimeUnit::Micros);
        let time = if micros { now / 1_000 } else { now / 1_000_000 };
        let text = format!("{{\"event\":{{\"e\":\"serverShutdown\",\"E\":{time}}}}}");
        frame::push(session.outbox.buffer(), Opcode::Text, &[text.as_bytes()]);
    }

    /// Pays into an account, or out of it where the amount is below zero: who listens to it is told.
    ///
    /// # Errors
    /// In words: no such account or asset on this venue, or not so much to pay out.
    pub fn deposit(&mut self, account: &str, asset: &str, amount: Decimal, now: u64) -> Result<(), String> {
        let id = account_of(&self.accounts, account).ok_or_else(|| format!("no account is named {account}"))?;
        if let Some(venue) = self.trading_mut() {
            trading::deposit(venue, id, asset, amount, now)?;
        }
        self.deliver(None, now);
        Ok(())
    }

    /// The simulated market quotes: client orders meet these, and what is better than a client's order takes it.
    /// Mantissas are at the decimals of the instrument's steps.
    pub fn house_quotes(
        &mut self,
        symbol: &str,
        update_id: Option<u64>,
        bids: &[LevelView],
        asks: &[LevelView],
        now: u64,
    ) {
        self.tick_market(now);
        if self.stands_still(now) {
            return;
        }
        if let Some(venue) = self.trading_mut() {
            trading::house_quotes(venue, symbol, update_id, bids, asks, now);
        }
        self.deliver(None, now);
    }

    /// The simulated market trades: `taker` sells or buys these quantities at this price; client orders at the price
    /// or better are hit first.
    pub fn house_print(&mut self, symbol: &str, taker: Side, price: i64, quantities: &[i64], now: u64) {
        self.tick_market(now);
        if self.stands_still(now) {
            return;
        }
        if let Some(venue) = self.trading_mut() {
            trading::house_print(venue, symbol, taker, price, quantities, now);
        }
        self.deliver(None, now);
    }
}
