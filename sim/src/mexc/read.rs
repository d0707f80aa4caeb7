//! Reading parameters, with this venue's refusals.

use std::str::FromStr;

use crosstick_model::Decimal;

use super::errors::{ILLEGAL, MexcError, missing, wrong};
use crate::api::params::Params;

/// Digits of a number that are taken.
const DIGITS_MAX: usize = 32;
/// Longest client id taken.
const CLIENT_ID_MAX: usize = 32;

/// A value that may be left out.
pub(super) fn text<'a>(params: &'a Params, name: &str) -> Option<&'a str> {
    params.get(name).filter(|v| !v.is_empty())
}

/// A value that must be there.
pub(super) fn need<'a>(params: &'a Params, name: &str) -> Result<&'a str, MexcError> {
    text(params, name).ok_or_else(|| missing(name))
}

/// A whole number, zero or more.
pub(super) fn integer(params: &Params, name: &str) -> Result<Option<u64>, MexcError> {
    let Some(text) = text(params, name) else { return Ok(None) };
    let digits = text.len() <= 19 && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|_| digits).map(Some).ok_or_else(|| wrong(name))
}

/// A time in milliseconds, in nanoseconds.
pub(super) fn time(params: &Params, name: &str) -> Result<Option<u64>, MexcError> {
    Ok(integer(params, name)?.map(|ms| ms.saturating_mul(1_000_000)))
}

/// How many entries are wanted: `usual` when nothing is said, at most `most`.
pub(super) fn limit(params: &Params, usual: usize, most: usize) -> Result<usize, MexcError> {
    match integer(params, "limit")? {
        None => Ok(usual),
        Some(0) => Err(wrong("limit")),
        Some(n) => Ok(usize::try_from(n).unwrap_or(most).min(most)),
    }
}

/// A number above zero.
pub(super) fn decimal(params: &Params, name: &str) -> Result<Option<Decimal>, MexcError> {
    let Some(text) = text(params, name) else { return Ok(None) };
    let legal = text.len() <= DIGITS_MAX && text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    if !legal {
        return Err(ILLEGAL);
    }
    let value = Decimal::from_str(text).map_err(|_| wrong(name))?;
    if value.is_zero() { Err(wrong(name)) } else { Ok(Some(value)) }
}

/// A number above zero that must be there.
pub(super) fn need_decimal(params: &Params, name: &str) -> Result<Decimal, MexcError> {
    decimal(params, name)?.ok_or_else(|| missing(name))
}

/// A client order id.
pub(super) fn client_id<'a>(params: &'a Params, name: &str) -> Result<Option<&'a str>, MexcError> {
    let Some(id) = text(params, name) else { return Ok(None) };
    let legal = id.len() <= CLIENT_ID_MAX && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    if legal { Ok(Some(id)) } else { Err(ILLEGAL) }
}
