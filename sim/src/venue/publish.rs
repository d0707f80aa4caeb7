//! Frames on their way to those who are subscribed: each is written once for each form in which somebody wants it.

use super::{Frame, VenueMachine};
use crate::frame::{self, Opcode};
use crate::rules::TimeUnit;
use crate::session::{Phase, StreamClient};
use crate::stats::ClientEnd;
use crate::text::push_as_micros;

impl VenueMachine {
    /// Sends a frame of the flow to all who are subscribed to its stream, unless the flow is held.
    pub fn publish(&mut self, frame: Frame<'_>) {
        if !self.stands_still(self.trouble.now_ns) {
            self.show(frame);
        }
    }

    /// Sends a frame to all who are subscribed to its stream.
    pub(super) fn show(&mut self, frame: Frame<'_>) {
        let Some(entry) = self.streams.get_mut(frame.stream.index()) else { return };
        entry.published.frames += 1;
        if let Some(id) = frame.trade_id {
            entry.published.last_trade_id = id;
        }
        match (entry.subscribers.is_empty(), self.trouble.touches_frames()) {
            (true, _) => {}
            (false, false) => self.fan_out(frame),
            (false, true) => self.publish_faulty(frame),
        }
    }

    pub(super) fn fan_out(&mut self, frame: Frame<'_>) {
        let Some(entry) = self.streams.get(frame.stream.index()) else { return };
        self.scratch.iter_mut().for_each(Vec::clear);
        self.micros.clear();
        for &id in &entry.subscribers {
            let Some(session) = self.sessions.get_mut(id.index()).and_then(Option::as_mut) else { continue };
            let Some(client) = session.stream.as_mut() else { continue };
            if session.phase != Phase::Open {
                continue;
            }
            let wire =
                &mut self.scratch[usize::from(client.combined) + 2 * usize::from(client.unit == TimeUnit::Micros)];
            if wire.is_empty() {
                let payload = match (client.unit, frame.micros) {
                    (TimeUnit::Millis, _) => frame.millis,
                    (TimeUnit::Micros, Some(micros)) => micros,
                    (TimeUnit::Micros, None) => {
                        if self.micros.is_empty() {
                            push_as_micros(&mut self.micros, frame.millis);
                        }
                        &self.micros
                    }
                };
                push_data(wire, client, &entry.name, payload);
            }
            if session.outbox.len() + wire.len() > self.rules.queue_bytes_max {
                session.abandon(ClientEnd::Slow);
                self.dropped_slow += 1;
            } else {
                session.outbox.buffer().extend_from_slice(wire);
                client.count_sent(frame.stream, frame.trade_id, wire.len());
                client.idle_since_ns = self.trouble.now_ns;
            }
            if !session.dirty {
                session.dirty = true;
                self.dirty.push(id);
            }
        }
    }
}

/// Appends a data frame, wrapped where the connection is combined.
pub(super) fn push_data(out: &mut Vec<u8>, client: &StreamClient, stream: &str, payload: &[u8]) {
    if client.binary {
        frame::push(out, Opcode::Binary, &[payload]);
    } else if client.combined {
        let parts: [&[u8]; 5] = [b"{\"stream\":\"", stream.as_bytes(), b"\",\"data\":", payload, b"}"];
        frame::push(out, Opcode::Text, &parts);
    } else {
        frame::push(out, Opcode::Text, &[payload]);
    }
}
