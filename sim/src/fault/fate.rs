//! What becomes of messages, requests and connections.

use super::{Fault, Kind, MS};

/// A fault begins or ends, and the venue has something to do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Edge {
    pub(crate) id: u64,
    pub(crate) begins: bool,
}

/// What becomes of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Pass,
    Lose,
    Twice,
    /// After the next one, or at this time.
    Behind(u64),
    Garbage(Layer),
    Cut,
    /// The second half at this time.
    Split(u64),
}

/// What garbage stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layer {
    /// A whole frame or answer whose content makes no sense.
    Payload,
    /// Bytes that are no frame and no HTTP.
    Frame,
}

/// What becomes of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RequestFate {
    /// Whether it is carried out.
    pub(crate) runs: bool,
    pub(crate) answer: AnswerFate,
    /// By which fault.
    pub(crate) by: Option<u64>,
}

/// What becomes of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AnswerFate {
    Given,
    /// At this time.
    Late(u64),
    /// Never; whether the connection ends as well.
    Lost {
        drop: bool,
    },
    /// Another one.
    Instead(Refusal),
    Garbage(Layer),
    Cut,
    /// The second half at this time.
    Split(u64),
}

/// An answer that a fault gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    /// Zero: a page of HTML, no JSON.
    pub(crate) code: i32,
    pub(crate) text: String,
    pub(crate) retry_after_ns: Option<u64>,
}

/// How far a venue's clock is ahead, in nanoseconds; below zero: behind. What happens goes by the true time, and what
/// clients see of it is shown by this clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Skew(pub(crate) i64);

impl Skew {
    /// What the clock shows at a true time.
    pub(crate) const fn shown(self, at_ns: u64) -> u64 {
        at_ns.saturating_add_signed(self.0)
    }

    /// When the clock shows a time.
    pub(crate) const fn real(self, shown_ns: u64) -> u64 {
        shown_ns.saturating_add_signed(self.0.saturating_neg())
    }
}

/// How a new connection is met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Door {
    Open,
    /// At this time.
    Late(u64),
    /// TLS fails with an alert.
    Alert,
    /// TLS shows a certificate of another CA.
    Certificate,
}

/// What a fault answers instead. HTTP statuses of -1006 and -1007 are ours: they are not published.
pub(super) fn refusal(fault: &Fault) -> Refusal {
    let until_ms = fault.until_ns().unwrap_or(0) / MS;
    let (status, code, text) = match fault.kind {
        Kind::RateLimit => (
            429,
            -1003,
            "Too much request weight used; current limit is 6000 request weight per 1 MINUTE. Please use WebSocket \
             Streams for live updates to avoid polling the API."
                .to_owned(),
        ),
        Kind::Ban => (
            418,
            -1003,
            format!(
                "Way too much request weight used; IP banned until {until_ms}. Please use WebSocket Streams for live \
                 updates to avoid bans."
            ),
        ),
        Kind::UnknownOutcome if fault.spec.code == Some(-1006) => (
            fault.spec.http_status.unwrap_or(500),
            -1006,
            "An unexpected response was received from the message bus. Execution status unknown.".to_owned(),
        ),
        Kind::UnknownOutcome => (
            fault.spec.http_status.unwrap_or(504),
            -1007,
            "Timeout waiting for response from backend server. Send status unknown; execution status unknown."
                .to_owned(),
        ),
        _ => (fault.spec.http_status.unwrap_or(503), 0, String::new()),
    };
    let retry = matches!(fault.kind, Kind::RateLimit | Kind::Ban);
    Refusal { status, code, text, retry_after_ns: fault.until_ns().filter(|_| retry) }
}
