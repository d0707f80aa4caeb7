//! Refusals: HTTP status, code, text. Codes are the venue's; where its list leaves a choice, that is said in the head
//! of this folder.

use std::borrow::Cow;

use serde_json::json;

use crate::exchange::{FilterName, Reject};
use crate::fault::Refusal;
use crate::http::Answer;
use crate::rules::SECOND_NS;

/// Why a request was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MexcError {
    pub(super) status: u16,
    pub(super) code: i32,
    pub(super) text: Cow<'static, str>,
    /// When it makes sense to ask again, in nanoseconds since the epoch.
    pub(super) retry_after_ns: Option<u64>,
}

const fn error(code: i32, text: &'static str) -> MexcError {
    MexcError { status: 400, code, text: Cow::Borrowed(text), retry_after_ns: None }
}

pub(super) const UNKNOWN_ORDER: MexcError = error(-2011, "Unknown order sent.");
pub(super) const KEY_MISSING: MexcError = error(400, "api key required");
pub(super) const KEY_UNKNOWN: MexcError = error(10072, "Api key info invalid");
pub(super) const KEY_FORMAT: MexcError = error(700001, "API-key format invalid.");
pub(super) const SIGNATURE: MexcError = error(700002, "Signature for this request is not valid.");
pub(super) const TIMESTAMP: MexcError = error(700003, "Timestamp for this request is outside of the recvWindow.");
pub(super) const ID_MISSING: MexcError =
    error(700004, "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!");
pub(super) const WINDOW: MexcError = error(700005, "recvWindow must less than 60000");
pub(super) const NO_PERMISSION: MexcError = error(700007, "No permission to access the endpoint.");
pub(super) const ILLEGAL: MexcError = error(700008, "Illegal characters found in parameter.");
pub(super) const BAD_SYMBOL: MexcError = error(10007, "bad symbol");
pub(super) const BAD_PARAM: MexcError = error(33333, "param is error");
pub(super) const NULL_PARAM: MexcError = error(44444, "param cannot be null");
pub(super) const BAD_ID: MexcError = error(30026, "invalid order ids");

/// A parameter that must be there.
pub(super) fn missing(name: &str) -> MexcError {
    MexcError { text: format!("param cannot be null: {name}").into(), ..NULL_PARAM }
}

/// A parameter that is none of the known values, or out of its range.
pub(super) fn wrong(name: &str) -> MexcError {
    MexcError { text: format!("param is error: {name}").into(), ..BAD_PARAM }
}

/// Too many requests of one kind, until then.
pub(super) fn too_many(until_ns: u64) -> MexcError {
    let error = error(429, "Too Many Requests");
    MexcError { status: 429, retry_after_ns: Some(until_ns), ..error }
}

/// An address that went on after that, until then.
pub(super) fn banned(until_ns: u64) -> MexcError {
    let error = error(418, "Too Many Requests; the IP is banned");
    MexcError { status: 418, retry_after_ns: Some(until_ns), ..error }
}

/// A path or verb that there is not.
pub(super) fn no_such(status: u16) -> MexcError {
    let error = error(404, "not found");
    MexcError { status, ..error }
}

/// More than an order may be worth.
pub(super) fn above(most: &str) -> MexcError {
    let text = format!("The maximum transaction volume cannot be greater than: {most}");
    MexcError { text: text.into(), ..error(30003, "") }
}

/// A reason of the exchange as the venue states it. `least` is the least notional and `asset` what it is in.
pub(super) fn rejected(reject: Reject, least: &str, asset: &str) -> MexcError {
    match reject {
        Reject::UnknownOrder | Reject::IdMismatch | Reject::CancelRestriction => UNKNOWN_ORDER,
        Reject::UnknownInstrument => BAD_SYMBOL,
        Reject::UnknownAccount | Reject::AccountDisabled => error(403, "no authority"),
        Reject::InsufficientBalance | Reject::InsufficientMargin => error(30004, "Insufficient position"),
        Reject::DuplicateClientOrderId => BAD_ID,
        Reject::WouldMatchImmediately => error(30041, "current order type can not place order"),
        Reject::MarketClosed => error(30000, "suspended transaction for the symbol"),
        Reject::CancelOnly => error(30016, "trading disabled"),
        Reject::Filter(FilterName::LotSize | FilterName::Notional | FilterName::MinNotional) => {
            let text = format!("The minimum transaction volume cannot be less than: {least}{asset}");
            MexcError { text: text.into(), ..error(30002, "") }
        }
        Reject::TooLarge => above(""),
        Reject::Filter(FilterName::PercentPrice | FilterName::PercentPriceBySide) => {
            error(30010, "no valid trade price")
        }
        Reject::Filter(FilterName::MaxNumOrders | FilterName::ExchangeMaxNumOrders) => {
            error(30029, "Cannot exceed the maximum order limit")
        }
        _ => BAD_PARAM,
    }
}

impl MexcError {
    /// As REST answers it.
    pub(super) fn answer(&self, now: u64) -> Answer {
        let body = json!({ "code": self.code, "msg": self.text });
        let mut answer = Answer::json(self.status, body.to_string());
        if let Some(at) = self.retry_after_ns {
            answer.headers.push(("Retry-After".to_owned(), at.saturating_sub(now).div_ceil(SECOND_NS).to_string()));
        }
        answer
    }
}

/// A fault's refusal in this venue's words: it has no codes below zero for what faults do.
pub(crate) fn refusal(refusal: &Refusal, now: u64) -> Answer {
    let mut words = match refusal.status {
        429 => error(429, "Too Many Requests"),
        418 => error(418, "Too Many Requests; the IP is banned"),
        500 => error(500, "Internal error"),
        504 => error(504, "Gateway Time-out"),
        _ => error(503, "service not available, please try again"),
    };
    if refusal.code == 0 {
        return refusal.http(now);
    }
    (words.status, words.retry_after_ns) = (refusal.status, refusal.retry_after_ns);
    words.answer(now)
}
