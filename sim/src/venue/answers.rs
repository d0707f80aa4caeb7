//! Answers to requests, as faults leave them, and the log of requests.

use super::faulty::{Late, NOISE_BYTES, NOISE_TEXT, send_broken};
use super::{ConnectionId, VenueMachine};
use crate::api::errors::ApiError;
use crate::binance::spot::Reply;
use crate::fault::{AnswerFate, Fate, Layer, Refusal, RequestFate, Scope};
use crate::frame::{self, Opcode};
use crate::http::{self, Answer, Request};
use crate::mexc::fault_refusal;
use crate::operator::log::{Seen, mask, mask_call, mask_form, mask_target, mask_words};
use crate::rules::SECOND_NS;
use crate::session::Session;

/// How long a connection waits for its client after an answer was lost.
const PATIENCE_NS: u64 = 3_600 * SECOND_NS;

/// An HTML page as a proxy sends it.
fn page(status: u16) -> Answer {
    let title = match status {
        403 => "403 Forbidden".to_owned(),
        502 => "502 Bad Gateway".to_owned(),
        503 => "503 Service Temporarily Unavailable".to_owned(),
        504 => "504 Gateway Time-out".to_owned(),
        _ => format!("{status} Error"),
    };
    let body = format!(
        "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n\
         <hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
    );
    Answer { status, content_type: "text/html", headers: Vec::new(), body }
}

impl Refusal {
    /// As REST and handshakes get it.
    pub(crate) fn http(&self, now: u64) -> Answer {
        let mut answer = match self.code {
            0 => page(self.status),
            code => {
                let error = ApiError::new(code, self.text.as_str()).with_status(self.status);
                Answer::json(self.status, error.body().to_string())
            }
        };
        if let Some(at) = self.retry_after_ns {
            answer.headers.push(("retry-after".to_owned(), at.saturating_sub(now).div_ceil(SECOND_NS).to_string()));
        }
        answer
    }

    /// As the WebSocket API gives it. What is a page elsewhere is -1000 here; that is ours.
    fn error(&self) -> ApiError {
        let (code, text) = match self.code {
            0 => (-1000, "An unknown error occurred while processing the request."),
            code => (code, self.text.as_str()),
        };
        let mut error = ApiError::new(code, text).with_status(self.status);
        error.retry_after_ns = self.retry_after_ns;
        error
    }
}

impl VenueMachine {
    /// Takes a REST request and answers it, unless a fault has it otherwise.
    pub(super) fn take_rest(&mut self, session: &mut Session, request: &Request, path: &str, query: &str, now: u64) {
        let name = format!("{} {path}", request.method);
        let fate = self.trouble.faults.request(Scope::Rest, &name, now);
        let mut answer = Answer::text(503, "");
        if fate.runs {
            self.arm_races();
            answer = self.answer_rest(request, path, query, now);
            self.count_races(now);
        }
        if let AnswerFate::Instead(refusal) = &fate.answer {
            answer = if self.mexc.is_some() { fault_refusal(refusal, now) } else { refusal.http(now) };
        }
        if fate.answer == AnswerFate::Garbage(Layer::Payload) {
            answer = Answer::json(200, NOISE_TEXT.to_owned());
        }
        let lost = matches!(fate.answer, AnswerFate::Lost { .. });
        let body = std::str::from_utf8(&request.body).unwrap_or_default();
        let join = if query.is_empty() || body.is_empty() { "" } else { "&" };
        let seen = Seen {
            at_ns: now,
            connection: session.serial,
            via: "rest",
            what: name,
            params: mask_form(&format!("{query}{join}{body}")),
            key: mask(request.header("x-mbx-apikey").or(request.header("x-mexc-apikey")).unwrap_or_default()),
            status: if lost { 0 } else { answer.status },
            fault: fate.by,
        };
        self.requests.push(seen);
        self.send_answer(session, &answer, request.keep_alive, &fate, now);
    }

    fn send_answer(&self, session: &mut Session, answer: &Answer, keep: bool, fate: &RequestFate, now: u64) {
        let mut wire = Vec::new();
        http::push_response(&mut wire, answer, keep);
        let waiting = session.outbox.len();
        session.deadline_ns = now.saturating_add(self.rules.request_within_ns);
        match fate.answer {
            AnswerFate::Lost { drop: true } => return session.end_abruptly(now, &self.rules),
            AnswerFate::Lost { drop: false } => {
                session.deadline_ns = now.saturating_add(PATIENCE_NS);
                return;
            }
            AnswerFate::Cut => {
                session.outbox.buffer().extend_from_slice(&wire[..wire.len() / 2]);
                return session.end_abruptly(now, &self.rules);
            }
            AnswerFate::Garbage(Layer::Frame) => {
                session.outbox.buffer().extend_from_slice(&NOISE_BYTES);
                return session.finish(now, &self.rules);
            }
            _ => session.outbox.buffer().extend_from_slice(&wire),
        }
        if !keep {
            session.finish(now, &self.rules);
        }
        match fate.answer {
            AnswerFate::Late(at) => session.hold(waiting, at, &self.rules),
            AnswerFate::Split(at) => session.hold(waiting + wire.len() / 2, at, &self.rules),
            _ => {}
        }
    }

    /// What a WebSocket handshake is refused with by a fault.
    pub(super) fn refuse_handshake(&mut self, scope: Scope, now: u64) -> Option<Answer> {
        let refusal = self.trouble.faults.handshake(scope, now)?;
        Some(if self.mexc.is_some() { fault_refusal(&refusal, now) } else { refusal.http(now) })
    }

    /// Notes a handshake and what became of it.
    pub(super) fn note_handshake(&mut self, session: &Session, request: &Request, status: u16, now: u64) {
        let (target, method) = (mask_target(&request.target), &request.method);
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        let (what, params) = (format!("{method} {path}"), query.to_owned());
        let connection = session.serial;
        let seen =
            Seen { at_ns: now, connection, via: "stream", what, params, key: String::new(), status, fault: None };
        self.requests.push(seen);
    }

    /// Notes a control message of a stream.
    pub(super) fn note_control(&mut self, session: &Session, text: &[u8], now: u64) {
        let text = String::from_utf8_lossy(text);
        let (what, params) = (mask_call(&text).0, mask_words(&text));
        let connection = session.serial;
        let seen =
            Seen { at_ns: now, connection, via: "stream", what, params, key: String::new(), status: 200, fault: None };
        self.requests.push(seen);
    }

    /// Takes a request of the WebSocket API; what is to be sent at once. Its connection may end by it.
    pub(super) fn take_call(&mut self, id: ConnectionId, session: &mut Session, text: &str, now: u64) -> Reply {
        let (what, params, key) = mask_call(text);
        let fate = self.trouble.faults.request(Scope::WsApi, &what, now);
        let mut reply = Reply::default();
        if fate.runs {
            self.arm_races();
            if let (Some(spot), Some(api)) = (self.spot.as_mut(), session.api.as_mut()) {
                reply = spot.ws_text(api, text, now);
            }
            self.count_races(now);
        }
        if let (AnswerFate::Instead(refusal), Some(spot), Some(api)) = (&fate.answer, &self.spot, &session.api) {
            reply = spot.ws_refuse(api, text, refusal.error(), now);
        }
        let lost = matches!(fate.answer, AnswerFate::Lost { .. });
        let status = reply.frames.first().filter(|_| !lost).map_or(0, |answer| status_of(answer));
        let connection = session.serial;
        let key = mask(&key);
        self.requests.push(Seen { at_ns: now, connection, via: "ws-api", what, params, key, status, fault: fate.by });
        self.bend_answer(id, session, &mut reply, &fate.answer, now);
        reply
    }

    /// Takes the answer out of a reply, unless it is given as it is.
    fn bend_answer(&mut self, id: ConnectionId, session: &mut Session, reply: &mut Reply, fate: &AnswerFate, now: u64) {
        if matches!(fate, AnswerFate::Given | AnswerFate::Instead(_)) {
            return;
        }
        let mut wire = Vec::new();
        if !reply.frames.is_empty() {
            frame::push(&mut wire, Opcode::Text, &[reply.frames.remove(0).as_bytes()]);
        }
        match *fate {
            AnswerFate::Late(at_ns) => {
                self.trouble.late.push(Late { at_ns, id, serial: session.serial, bytes: wire });
            }
            AnswerFate::Lost { drop: true } => {
                reply.frames.clear();
                session.end_abruptly(now, &self.rules);
            }
            AnswerFate::Garbage(layer) => send_broken(session, &wire, Fate::Garbage(layer), &self.rules, now),
            AnswerFate::Cut => {
                reply.frames.clear();
                send_broken(session, &wire, Fate::Cut, &self.rules, now);
            }
            AnswerFate::Split(at) => send_broken(session, &wire, Fate::Split(at), &self.rules, now),
            AnswerFate::Lost { drop: false } | AnswerFate::Given | AnswerFate::Instead(_) => {}
        }
    }
}

/// The status in an answer of the WebSocket API: its first field behind the id.
fn status_of(answer: &str) -> u16 {
    let (_, rest) = answer.split_once("\"status\":").unwrap_or_default();
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    rest[..digits].parse().unwrap_or(0)
}
