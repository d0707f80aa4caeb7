//! The REST API's way in: finds the method, counts the weight, checks key, signature and time, and wraps the answer.

use super::methods::{self, Access, Method};
use super::{Call, FuturesVenue};
use crate::api::auth::{self, Credentials, Security};
use crate::api::errors::ApiError;
use crate::api::params::Params;
use crate::http::{Answer, Request};

/// The header of the weight that futures tell; spot's other one they do not have.
const WEIGHT_HEADER: &str = "x-mbx-used-weight-1m";

impl FuturesVenue {
    /// Answers a request. `now` is the true time, in nanoseconds since the epoch.
    pub(crate) fn rest(&mut self, request: &Request, path: &str, query: &str, now: u64) -> Answer {
        let wrong = |status| {
            let text = format!("Path {path}, Method {} is invalid", request.method);
            refuse(&ApiError::new(-5000, text).with_status(status), now)
        };
        let (method, version) = match methods::find(&request.method, path, self.is_coin()) {
            Ok(Some(found)) => found,
            Ok(None) => return wrong(404),
            Err(()) => return wrong(405),
        };
        let mut headers = Vec::new();
        let result = match std::str::from_utf8(&request.body) {
            Ok(body) => {
                // What takes no body has its parameters in the query alone.
                let body = if request.method == "GET" { "" } else { body };
                self.rest_request(method, version, (request, query, body), &mut headers, now)
            }
            Err(_) => Err(ApiError::new(-1100, "Illegal characters found in a parameter.")),
        };
        let mut answer = match result {
            Ok(body) => Answer::json(200, body),
            Err(error) => refuse(&error, now),
        };
        answer.headers.extend(self.limits.weight_headers(now).into_iter().filter(|(name, _)| name == WEIGHT_HEADER));
        answer.headers.extend(headers);
        answer
    }

    fn rest_request(
        &mut self,
        method: &Method,
        version: u8,
        (request, query, body): (&Request, &str, &str),
        headers: &mut Vec<(String, String)>,
        now: u64,
    ) -> Result<String, ApiError> {
        let params = Params::from_form(query, body);
        let weight = params.as_ref().map_or(1, |p| method.weight(p, self.is_coin()));
        self.limits.charge(weight, now)?;
        let params = params?;
        let account = self.admit(method, (request, query, body), &params, now)?;
        let result = self.run(method.op, &Call { params: &params, account, now, skew: self.skew, version });
        if let (Some(account), true) = (account, method.counts_orders()) {
            headers.extend(self.limits.order_headers(account, now));
        }
        result.map(|value| value.to_string())
    }

    fn admit(
        &self,
        method: &Method,
        (request, query, body): (&Request, &str, &str),
        params: &Params,
        now: u64,
    ) -> Result<Option<usize>, ApiError> {
        let key = request.header("x-mbx-apikey");
        let security = match method.access {
            Access::Open => return Ok(None),
            Access::Key => {
                let (_, account) = self.keyring.find(key.ok_or_else(ApiError::key_malformed)?)?;
                return Ok(Some(account));
            }
            Access::UserData => Security::UserData,
            Access::Trade => Security::Trade,
        };
        // A signature that is not the last parameter signs nothing that could be checked.
        let payload = auth::rest_payload(query, body).ok_or_else(ApiError::signature)?;
        let credentials = Credentials { key, payload: &payload };
        let shown = self.skew.shown(now);
        self.keyring.check(security, credentials, params, shown).map(|(_, account)| Some(account))
    }
}

/// A refusal as an answer.
fn refuse(error: &ApiError, now: u64) -> Answer {
    let mut answer = Answer::json(error.status, error.body().to_string());
    if let Some(at) = error.retry_after_ns {
        let seconds = at.saturating_sub(now).div_ceil(1_000_000_000);
        answer.headers.push(("Retry-After".to_owned(), seconds.to_string()));
    }
    answer
}
