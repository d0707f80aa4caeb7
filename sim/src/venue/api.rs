//! The trading side of a venue: REST requests, connections of the WebSocket API, and the events of accounts.

use crosstick_model::{Decimal, Side};

use super::{ConnectionId, VenueMachine};
use crate::exchange::LevelView;
use crate::frame::{self, Opcode};
use crate::http::{self, Answer, Request};
use crate::rest;
use crate::rules::TimeUnit;
use crate::session::{Phase, Session, StreamClient};
use crate::stats::ClientEnd;

impl VenueMachine {
    pub(super) fn answer_rest(&mut self, request: &Request, path: &str, query: &str, now: u64) -> Answer {
        self.tick_market(now);
        let Some(spot) = self.spot.as_mut() else {
            return rest::answer(self.protocol, &self.instruments, &request.method, path, now);
        };
        let answer = spot.rest(request, path, query, now);
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
        None
    }

    pub(super) fn take_api_text(&mut self, id: ConnectionId, session: &mut Session, text: &[u8], now: u64) {
        self.tick_market(now);
        let (Some(spot), Some(api)) = (self.spot.as_mut(), session.api.as_mut()) else { return };
        let Ok(text) = std::str::from_utf8(text) else {
            session.close(1007, "Invalid UTF-8", now, &self.rules);
            return;
        };
        let reply = spot.ws_text(api, text, now);
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
        let Some(mut spot) = self.spot.take() else { return };
        while let Some(event) = spot.take_user_event() {
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
                let Some(text) = spot.user_frame(&event, subscription, api.unit, now) else { continue };
                if session.outbox.len() + text.len() > self.rules.queue_bytes_max {
                    session.abandon(ClientEnd::Slow);
                    self.dropped_slow += 1;
                } else {
                    frame::push(session.outbox.buffer(), Opcode::Text, &[text.as_bytes()]);
                }
                if !session.dirty {
                    session.dirty = true;
                    self.dirty.push(id);
                }
            }
        }
        self.spot = Some(spot);
    }

    pub(super) fn announce_to_api(session: &mut Session, now: u64) {
        let micros = session.api.as_ref().map(|a| a.unit) == Some(TimeUnit::Micros);
        let time = if micros { now / 1_000 } else { now / 1_000_000 };
        let text = format!("{{\"event\":{{\"e\":\"serverShutdown\",\"E\":{time}}}}}");
        frame::push(session.outbox.buffer(), Opcode::Text, &[text.as_bytes()]);
    }

    /// Pays into an account of a spot venue, or out of it where the amount is below zero: its subscribers get
    /// `balanceUpdate` and the new balances.
    ///
    /// # Errors
    /// In words: no such account or asset on this venue, or not so much to pay out.
    pub fn deposit(&mut self, account: &str, asset: &str, amount: Decimal, now: u64) -> Result<(), String> {
        let spot = self.spot.as_mut().ok_or_else(|| format!("{} has no accounts", self.name))?;
        spot.deposit(account, asset, amount, now)?;
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
        if let Some(spot) = self.spot.as_mut() {
            spot.house_quotes(symbol, update_id, bids, asks, now);
            self.deliver(None, now);
        }
    }

    /// The simulated market trades: `taker` sells or buys these quantities at this price; client orders at the price
    /// or better are hit first.
    pub fn house_print(&mut self, symbol: &str, taker: Side, price: i64, quantities: &[i64], now: u64) {
        self.tick_market(now);
        if let Some(spot) = self.spot.as_mut() {
            spot.house_print(symbol, taker, price, quantities, now);
            self.deliver(None, now);
        }
    }
}
