//! The REST API: from a request to an answer with its headers.

use super::methods::{self, Method};
use super::{Call, SpotVenue};
use crate::api::auth::{self, Credentials, Security};
use crate::api::errors::ApiError;
use crate::api::params::Params;
use crate::http::{Answer, Request};
use crate::rules::{SECOND_NS, TimeUnit};

/// A refusal as REST writes it.
pub(crate) fn answer_error(error: &ApiError, now: u64) -> Answer {
    let mut answer = Answer::json(error.status, error.body().to_string());
    if let Some(at) = error.retry_after_ns {
        let seconds = at.saturating_sub(now).div_ceil(SECOND_NS);
        answer.headers.push(("retry-after".to_owned(), seconds.to_string()));
    }
    answer
}

/// A request's parts that its answer depends on.
struct Parts<'a> {
    request: &'a Request,
    query: &'a str,
    body: &'a str,
}

impl SpotVenue {
    /// Answers a REST request for a path below `/api/v3/`. `now` is the true time.
    pub(crate) fn rest(&mut self, request: &Request, path: &str, query: &str, now: u64) -> Answer {
        let wrong = |status| {
            let text = format!("Path {path}, Method {} is invalid", request.method);
            answer_error(&ApiError::new(-5000, text).with_status(status), now)
        };
        let Some(endpoint) = path.strip_prefix("/api/v3/") else { return wrong(404) };
        let method = match methods::by_rest(&request.method, endpoint) {
            Ok(Some(method)) => method,
            Ok(None) => return wrong(404),
            Err(()) => return wrong(405),
        };
        let body = std::str::from_utf8(&request.body);
        let mut headers = Vec::new();
        let result = match body {
            Ok(body) => self.rest_request(method, &Parts { request, query, body }, &mut headers, now),
            Err(_) => Err(ApiError::new(-1100, "Illegal characters found in a parameter.")),
        };
        let mut answer = match result {
            Ok(body) => Answer::json(200, body),
            Err(error) => answer_error(&error, now),
        };
        answer.headers.extend(self.limits.weight_headers(now));
        answer.headers.extend(headers);
        answer
    }

    fn rest_request(
        &mut self,
        method: &Method,
        parts: &Parts<'_>,
        headers: &mut Vec<(String, String)>,
        now: u64,
    ) -> Result<String, ApiError> {
        // What takes no body has its parameters in the query alone.
        let body = if parts.request.method == "GET" { "" } else { parts.body };
        let params = Params::from_form(parts.query, body);
        let weight = params.as_ref().map_or(1, |p| method.weight(p));
        self.limits.charge(weight, now)?;
        let params = params?;
        let unit = match parts.request.header("x-mbx-time-unit") {
            None => TimeUnit::Millis,
            Some(word) => super::time_unit(word)?,
        };
        check_format(parts.request)?;
        check_known(method, &params)?;
        let account = self.rest_admit(method, parts, body, &params, now)?;
        let result = self.run(method.op, &Call { params: &params, account, now, skew: self.skew, unit });
        if let (Some(account), methods::Op::PlaceOrder | methods::Op::CancelReplace) = (account, method.op) {
            headers.extend(self.limits.order_headers(account, now));
        }
        let value = result?;
        self.limits.refund(method.refund(), now);
        Ok(value.to_string())
    }

    fn rest_admit(
        &self,
        method: &Method,
        parts: &Parts<'_>,
        body: &str,
        params: &Params,
        now: u64,
    ) -> Result<Option<usize>, ApiError> {
        if method.security == Security::None {
            return Ok(None);
        }
        let payload = auth::rest_payload(parts.query, body);
        let key = parts.request.header("x-mbx-apikey");
        // A signature that is not the last parameter signs nothing that could be checked.
        let payload = payload.ok_or_else(ApiError::signature)?;
        let credentials = Credentials { key, payload: &payload };
        let shown = self.skew.shown(now);
        self.keyring.check(method.security, credentials, params, shown).map(|(_, account)| Some(account))
    }
}

/// Refuses parameters that a method does not take.
fn check_known(method: &Method, params: &Params) -> Result<(), ApiError> {
    let signed: &[&str] = match method.security {
        Security::None => &[],
        _ => &["timestamp", "recvWindow", "signature"],
    };
    let (read, sent) = (params.known(method.params) + params.known(signed), params.len());
    if read == sent {
        return Ok(());
    }
    if method.params.is_empty() && signed.is_empty() {
        return Err(ApiError::new(-1101, format!("Too many parameters; expected '0' and received '{sent}'.")));
    }
    let text = format!("Not all sent parameters were read; read '{read}' parameter(s) but was sent '{sent}'.");
    Err(ApiError::new(-1104, text))
}

/// Refuses another format than JSON.
fn check_format(request: &Request) -> Result<(), ApiError> {
    let sbe = request.header("accept").is_some_and(|a| a.contains("application/sbe"));
    match request.header("x-mbx-sbe") {
        Some(schema) if sbe => {
            let number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
            match schema.split_once(':') {
                Some((id, version)) if number(id) && number(version) => Err(super::sbe_disabled()),
                _ => Err(ApiError::new(-1152, "Invalid `X-MBX-SBE` header; expected `<SCHEMA_ID>:<VERSION>`.")),
            }
        }
        _ => Ok(()),
    }
}
