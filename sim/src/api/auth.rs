//! Who asks: keys, signatures, and whether a request is fresh.

use std::collections::BTreeMap;

use super::errors::ApiError;
use super::key::{ApiKey, is_key_name};
use super::params::{Params, as_nanos};

/// How far a client's clock may be ahead, in nanoseconds.
const AHEAD_NS: u64 = 1_000_000_000;
/// How old a request may be when it does not say, in microseconds.
const WINDOW_US: u64 = 5_000_000;
/// The most that it may say, in milliseconds.
const WINDOW_MAX_MS: u64 = 60_000;

/// What a method asks of the one who calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Security {
    /// Nothing.
    None,
    /// A signature of a key that may trade.
    Trade,
    /// A signature of any key.
    UserData,
}

/// Where a request's key and signature come from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Credentials<'a> {
    pub(crate) key: Option<&'a str>,
    /// What was signed.
    pub(crate) payload: &'a str,
}

/// The keys of a venue's accounts.
#[derive(Debug, Default)]
pub(crate) struct Keyring {
    keys: BTreeMap<String, (ApiKey, usize)>,
}

impl Keyring {
    /// Adds a key of an account, by the account's number.
    pub(crate) fn add(&mut self, key: ApiKey, account: usize) {
        self.keys.insert(key.id.clone(), (key, account));
    }

    /// The key of that name and its account.
    pub(crate) fn find(&self, name: &str) -> Result<(&ApiKey, usize), ApiError> {
        if !is_key_name(name) {
            return Err(ApiError::key_malformed());
        }
        self.keys.get(name).map(|(key, account)| (key, *account)).ok_or_else(ApiError::key_refused)
    }

    /// The key of that name and its account, whatever form the name has.
    pub(crate) fn get(&self, name: &str) -> Option<(&ApiKey, usize)> {
        self.keys.get(name).map(|(key, account)| (key, *account))
    }

    /// Checks a signed request: the key, its permission, the signature, then the time.
    pub(crate) fn check(
        &self,
        security: Security,
        credentials: Credentials<'_>,
        params: &Params,
        now: u64,
    ) -> Result<(&ApiKey, usize), ApiError> {
        params.need("timestamp")?;
        let (key, account) = self.find(credentials.key.ok_or_else(ApiError::key_malformed)?)?;
        if security == Security::Trade && !key.may_trade {
            return Err(ApiError::key_refused());
        }
        let signature = params.need("signature")?;
        if !key.verifies(credentials.payload.as_bytes(), signature) {
            return Err(ApiError::signature());
        }
        check_time(params, now)?;
        Ok((key, account))
    }
}

/// Whether a request is fresh, by its `timestamp` and `recvWindow`.
pub(crate) fn check_time(params: &Params, now: u64) -> Result<(), ApiError> {
    let at = as_nanos(params.need_integer("timestamp")?);
    let window_us = window_us(params)?;
    if at >= now.saturating_add(AHEAD_NS) {
        return Err(ApiError::new(-1021, "Timestamp for this request was 1000ms ahead of the server's time."));
    }
    if now.saturating_sub(at) > window_us * 1_000 {
        return Err(ApiError::new(-1021, "Timestamp for this request is outside of the recvWindow."));
    }
    Ok(())
}

/// `recvWindow` in microseconds: it comes in milliseconds with up to three decimals.
fn window_us(params: &Params) -> Result<u64, ApiError> {
    let Some(window) = params.decimal("recvWindow")? else { return Ok(WINDOW_US) };
    let micros = window.at_scale_i128(3).ok_or_else(|| ApiError::too_precise("recvWindow"))?;
    match u64::try_from(micros) {
        Ok(micros) if micros <= WINDOW_MAX_MS * 1_000 => Ok(micros),
        _ => Err(ApiError::too_great("recvWindow", WINDOW_MAX_MS)),
    }
}

/// What a REST request's signature covers: query and body one after the other, as they were sent, without the
/// signature, which is the last parameter of the part that has it. `None` when it is in another place.
pub(crate) fn rest_payload(query: &str, body: &str) -> Option<String> {
    let strip = |part: &str| -> Option<String> {
        match part.rsplit_once("signature=") {
            None => Some(part.to_owned()),
            Some((before, value)) if !value.contains('&') => match before.strip_suffix('&') {
                Some(before) => Some(before.to_owned()),
                None if before.is_empty() => Some(String::new()),
                None => None,
            },
            Some(_) => None,
        }
    };
    Some(strip(query)? + &strip(body)?)
}
