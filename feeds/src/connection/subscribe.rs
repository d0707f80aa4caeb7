//! Asking for streams, and what the venue answers.

use super::{Connection, EventKind, Phase, SECOND_NS, Wish};
use crate::decode::{Control, RequestId};
use crate::error::Reason;
use crate::ws::{Opcode, write_frame};

/// A request that is not answered yet.
#[derive(Debug)]
pub(super) struct Request {
    pub id: i64,
    pub first: usize,
    pub streams: usize,
    pub deadline_ns: u64,
}

impl Connection {
    pub(super) fn subscribe(&mut self, now_ns: u64) -> Wish {
        self.send_requests(now_ns);
        if self.requests.iter().any(|r| r.deadline_ns <= now_ns) {
            self.end(Reason::NotAcknowledged(self.rules.acknowledge_ns / SECOND_NS));
            return Wish::HangUp;
        }
        self.look_after(now_ns)
    }

    pub(super) fn send_requests(&mut self, now_ns: u64) {
        while self.asked < self.streams.len() && self.pace.ready(now_ns) {
            let end = (self.asked + self.rules.streams_per_request.max(1)).min(self.streams.len());
            let params: serde_json::Value = self.streams[self.asked..end].iter().map(|s| &**s).collect();
            let id = self.next_id;
            self.next_id += 1;
            let text = format!(r#"{{"method":"SUBSCRIBE","params":{params},"id":{id}}}"#);
            write_frame(&mut self.out, Opcode::Text, text.as_bytes(), self.masks.next_key());
            self.pace.sent(now_ns);
            let deadline_ns = now_ns.saturating_add(self.rules.acknowledge_ns);
            self.requests.push(Request { id, first: self.asked, streams: end - self.asked, deadline_ns });
            self.asked = end;
        }
    }

    /// The venue said something about the connection.
    pub fn control(&mut self, control: Control, now_ns: u64) -> Wish {
        let (id, refusal) = match control {
            Control::Accepted { id } => (id, None),
            Control::Rejected { id, code, message } => (id, Some((code, message))),
            Control::ServerShutdown => {
                self.shutdown_announced(now_ns);
                return Wish::None;
            }
            // Answers to questions that are never asked here.
            Control::Subscriptions { .. } | Control::Property { .. } => return Wish::None,
        };
        let found = match id {
            RequestId::Number(id) => self.requests.iter().position(|r| r.id == id),
            // A refusal without a usable id can only be of the oldest request that is open.
            RequestId::Text(_) | RequestId::None if refusal.is_some() && !self.requests.is_empty() => Some(0),
            RequestId::Text(_) | RequestId::None => None,
        };
        let Some(found) = found else { return Wish::None };
        let request = self.requests.remove(found);
        match refusal {
            None => {
                self.acknowledged += request.streams;
                let (streams, of) = (self.acknowledged, self.streams.len());
                self.events.push_back(EventKind::Acknowledged { streams, of });
            }
            Some((code, text)) => {
                // Told now, so not told again as silent.
                (request.first..request.first + request.streams).for_each(|s| self.watch.heard(s));
                let text: Box<str> = text.chars().filter(|c| !c.is_control()).collect::<String>().into();
                let streams = request.streams;
                self.events.push_back(EventKind::SubscriptionRefused { streams, code, text: text.clone() });
                self.refusal = Some(Reason::SubscriptionRefused { code, text });
            }
        }
        let wish = self.settle(now_ns);
        self.rearm();
        wish
    }

    /// Goes live once every request is answered.
    pub(super) fn settle(&mut self, now_ns: u64) -> Wish {
        if self.phase != Phase::Subscribing || self.asked < self.streams.len() || !self.requests.is_empty() {
            return Wish::None;
        }
        match self.refusal.take() {
            Some(refusal) if self.acknowledged == 0 => {
                self.end(refusal);
                Wish::HangUp
            }
            _ => {
                self.phase = Phase::Live;
                self.live_ns = Some(now_ns);
                self.was_live = true;
                self.watch.arm(now_ns.saturating_add(self.rules.first_data_ns));
                self.events.push_back(EventKind::Live { streams: self.acknowledged });
                Wish::None
            }
        }
    }
}
