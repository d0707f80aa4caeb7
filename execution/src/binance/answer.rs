//! What the venue answers: which request it is about, and whether it was taken. Allocates once at most, where an answer
//! nests more deeply than it needs to.

use std::borrow::Cow;

use crosstick_model::OrderId;
use serde::Deserialize;
use serde::de::IgnoredAny;

/// The id of a logon.
pub(super) const LOGON: &str = "logon";

/// A request of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Request {
    /// `session.logon`.
    Logon,
    /// `order.place` of this order.
    Place(OrderId),
    /// `order.cancel` of this order.
    Cancel(OrderId),
}

impl Request {
    fn parse(id: &str) -> Option<Self> {
        if id == LOGON {
            return Some(Self::Logon);
        }
        let (kind, digits) = id.split_at_checked(1)?;
        if digits.len() != super::encoder::REQUEST_DIGITS || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let order = OrderId(digits.parse().ok()?);
        match kind {
            "p" => Some(Self::Place(order)),
            "c" => Some(Self::Cancel(order)),
            _ => None,
        }
    }
}

/// An answer to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Answer {
    /// To which request; `None`: it names none of ours (a revoked key does that).
    pub request: Option<Request>,
    /// HTTP's status codes: 200 is done, 4xx is refused, 5xx leaves open what was done.
    pub status: u16,
    /// The venue's error code, negative, where it gave one.
    pub code: Option<i32>,
}

/// What a message of the WebSocket API is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// An answer.
    Answer(Answer),
    /// An event of the account, or of the connection.
    Event,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default)]
    id: Option<Id<'a>>,
    #[serde(default)]
    status: Option<u16>,
    #[serde(default)]
    error: Option<Refusal>,
    #[serde(default)]
    event: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Id<'a> {
    Text(#[serde(borrow)] Cow<'a, str>),
    Other(IgnoredAny),
}

#[derive(Deserialize)]
struct Refusal {
    code: i32,
}

/// Reads a message; `None` when it is no message of this API.
#[must_use]
pub fn hear(text: &[u8]) -> Option<Heard> {
    let envelope: Envelope<'_> = serde_json::from_slice(text).ok()?;
    if envelope.event.is_some() {
        return Some(Heard::Event);
    }
    let request = match &envelope.id {
        Some(Id::Text(id)) => Request::parse(id),
        Some(Id::Other(_)) | None => None,
    };
    Some(Heard::Answer(Answer { request, status: envelope.status?, code: envelope.error.map(|e| e.code) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_envelopes() {
        let answer = |request, status, code| Some(Heard::Answer(Answer { request, status, code }));
        let place = Some(Request::Place(OrderId(42)));
        for (text, heard) in [
            (
                r#"{"id":"p0000000042","status":200,"result":{"symbol":"BTCUSDT","orderId":12569099453},"rateLimits":[]}"#,
                answer(place, 200, None),
            ),
            (
                r#"{"id":"p0000000042","status":400,"error":{"code":-2010,"msg":"Account has insufficient balance"}}"#,
                answer(place, 400, Some(-2010)),
            ),
            (
                r#"{"status":409,"id":"c0000000001","error":{"code":-2021,"msg":"x","data":{"cancelResult":"FAILURE"}}}"#,
                answer(Some(Request::Cancel(OrderId(1))), 409, Some(-2021)),
            ),
            (r#"{"id":"logon","status":200,"result":{}}"#, answer(Some(Request::Logon), 200, None)),
            (r#"{"id":null,"status":401,"error":{"code":-2015,"msg":"x"}}"#, answer(None, 401, Some(-2015))),
            (r#"{"id":7,"status":200,"result":{}}"#, answer(None, 200, None)),
            (r#"{"id":"\u0070000000004","status":200}"#, answer(None, 200, None)),
            (r#"{"id":"p000000004x","status":200}"#, answer(None, 200, None)),
            (r#"{"id":"x0000000042","status":200}"#, answer(None, 200, None)),
            (r#"{"subscriptionId":0,"event":{"e":"executionReport","i":4293153}}"#, Some(Heard::Event)),
            (r#"{"event":{"e":"serverShutdown","E":1770123456789}}"#, Some(Heard::Event)),
            (r#"{"id":"p0000000042"}"#, None),
            (r#"{"id":"p0000000042","status":99999}"#, None),
            ("[1]", None),
            ("", None),
            ("{", None),
        ] {
            assert_eq!(hear(text.as_bytes()), heard, "{text}");
        }
        assert_eq!(hear(b"\xff\xfe{}"), None);
    }
}
