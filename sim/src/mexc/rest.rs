//! The REST API's way in: finds the method, counts the weight, checks key, signature and time, and wraps the answer.

use super::errors::{ILLEGAL, MexcError, no_such};
use super::methods::{self, Access, Method};
use super::{Call, MexcVenue};
use crate::api::params::Params;
use crate::http::{Answer, Request};

impl MexcVenue {
    /// Answers a request. `now` is the true time, in nanoseconds since the epoch.
    pub(crate) fn rest(&mut self, request: &Request, path: &str, query: &str, now: u64) -> Answer {
        let method = match methods::find(&request.method, path) {
            Ok(Some(method)) => method,
            Ok(None) => return no_such(404).answer(now),
            Err(()) => return no_such(405).answer(now),
        };
        match self.rest_request(method, (request, query), now) {
            Ok(body) => Answer::json(200, body),
            Err(error) => error.answer(now),
        }
    }

    fn rest_request(
        &mut self,
        method: &Method,
        (request, query): (&Request, &str),
        now: u64,
    ) -> Result<String, MexcError> {
        // What takes no body has its parameters in the query alone.
        let body =
            if request.method == "GET" { "" } else { std::str::from_utf8(&request.body).map_err(|_| ILLEGAL)? };
        let params = Params::from_form(query, body).map_err(|_| ILLEGAL);
        let weight = params.as_ref().map_or(1, |p| method.weight(p));
        self.meter.charge(method, weight, now)?;
        let params = params?;
        let mut account = None;
        if method.access != Access::Open {
            let signer = self.signer(method.access, (request, query, body), &params, now)?;
            self.meter.charge_account(method, weight, signer, now)?;
            account = Some(signer);
        }
        let result = self.run(method.op, &Call { params: &params, account, now, skew: self.skew });
        result.map(|value| value.to_string())
    }
}
