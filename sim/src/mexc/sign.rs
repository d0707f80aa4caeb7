//! Who asks: HMAC-SHA256 in lower-case hex over query and body, one directly behind the other, and the time.

use super::MexcVenue;
use super::errors::{
    KEY_FORMAT, KEY_MISSING, KEY_UNKNOWN, MexcError, NO_PERMISSION, SIGNATURE, TIMESTAMP, WINDOW, wrong,
};
use super::methods::Access;
use super::read::{integer, need};
use crate::api::KeyKind;
use crate::api::auth;
use crate::api::params::Params;
use crate::http::Request;
use crate::rules::SECOND_NS;

/// How old a request may be when it does not say, and at most, in milliseconds.
const WINDOW_MS: (u64, u64) = (5_000, 60_000);
/// Longest key name that is looked up.
const KEY_MAX: usize = 128;

impl MexcVenue {
    /// The account that a signed request speaks for.
    pub(super) fn signer(
        &self,
        access: Access,
        (request, query, body): (&Request, &str, &str),
        params: &Params,
        now: u64,
    ) -> Result<usize, MexcError> {
        let name = request.header("x-mexc-apikey").filter(|k| !k.is_empty()).ok_or(KEY_MISSING)?;
        if name.len() > KEY_MAX || !name.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Err(KEY_FORMAT);
        }
        let (key, account) = self.keyring.get(name).ok_or(KEY_UNKNOWN)?;
        // It knows no other kind of key.
        if !matches!(key.kind, KeyKind::Hmac(_)) {
            return Err(KEY_UNKNOWN);
        }
        let signature = need(params, "signature")?;
        // A signature that is not the last parameter signs nothing that could be checked.
        let payload = auth::rest_payload(query, body).ok_or(SIGNATURE)?;
        let lower = signature.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        if !lower || !key.verifies(payload.as_bytes(), signature) {
            return Err(SIGNATURE);
        }
        check_time(params, self.skew.shown(now))?;
        if access == Access::Trade && !key.may_trade {
            return Err(NO_PERMISSION);
        }
        Ok(account)
    }
}

/// Whether a request is fresh, by its `timestamp` and `recvWindow`, both in milliseconds.
fn check_time(params: &Params, now: u64) -> Result<(), MexcError> {
    need(params, "timestamp")?;
    let at = integer(params, "timestamp")?.ok_or_else(|| wrong("timestamp"))?.saturating_mul(1_000_000);
    let window_ms = integer(params, "recvWindow")?.unwrap_or(WINDOW_MS.0);
    if window_ms > WINDOW_MS.1 {
        return Err(WINDOW);
    }
    let late = now.saturating_sub(at) > window_ms * 1_000_000;
    if late || at >= now.saturating_add(SECOND_NS) { Err(TIMESTAMP) } else { Ok(()) }
}
