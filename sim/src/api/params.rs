//! Parameters of a request, from a query string, a form body or a JSON object, and the rules for reading them.

use std::collections::BTreeMap;
use std::str::FromStr;

use crosstick_model::{Decimal, DecimalError};
use serde_json::value::RawValue;

use super::errors::ApiError;
use crate::rules::percent_decode;

/// What a number with decimals looks like.
const DECIMAL_RANGE: &str = r"^([0-9]{1,20})(\.[0-9]{1,20})?$";
/// What a whole number looks like.
const INTEGER_RANGE: &str = "^[0-9]{1,20}$";
/// What a symbol looks like.
const SYMBOL_RANGE: &str = r"^[\w\-._&&[^a-z]]{1,50}$";
/// What a client order id looks like.
const CLIENT_ID_RANGE: &str = "^[a-zA-Z0-9-_]{1,36}$";
/// 2017-01-01 in nanoseconds: no time parameter lies before it.
const FIRST_TIME_NS: u64 = 1_483_228_800_000_000_000;
/// How far into the future a time parameter may lie.
const FUTURE_NS: u64 = 10_000_000_000;

/// The parameters of one request, in the order in which they came (WebSocket API: by name).
#[derive(Debug, Clone, Default)]
pub(crate) struct Params {
    list: Vec<(String, String)>,
}

impl Params {
    /// From a query string and a form body. A parameter that is in both counts as in the query.
    pub(crate) fn from_form(query: &str, body: &str) -> Result<Self, ApiError> {
        let mut params = Self::default();
        for (part, is_query) in [(query, true), (body, false)] {
            let from = params.list.len();
            for pair in part.split('&').filter(|p| !p.is_empty()) {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                let decode = |text: &str| percent_decode(&text.replace('+', " "));
                let (Some(name), Some(value)) = (decode(name), decode(value)) else {
                    return Err(ApiError::new(-1100, "Illegal characters found in a parameter."));
                };
                if params.list.iter().skip(if is_query { 0 } else { from }).any(|(n, _)| *n == name) {
                    return Err(ApiError::new(-1101, "Duplicate values for a parameter detected."));
                }
                if params.get(&name).is_none() {
                    params.list.push((name, value));
                }
            }
        }
        Ok(params)
    }

    /// From names and values, each name once.
    pub(crate) const fn from_pairs(list: Vec<(String, String)>) -> Self {
        Self { list }
    }

    /// From the `params` of a WebSocket API request. Numbers keep the text in which they came.
    pub(crate) fn from_json(raw: Option<&RawValue>) -> Result<Self, ApiError> {
        let Some(raw) = raw.filter(|r| r.get() != "null") else { return Ok(Self::default()) };
        let malformed = || ApiError::new(-1135, "JSON sent for parameter 'params' is not valid");
        let object: BTreeMap<String, &RawValue> = serde_json::from_str(raw.get()).map_err(|_| malformed())?;
        let mut list = Vec::with_capacity(object.len());
        for (name, value) in object {
            let text = match value.get().as_bytes().first() {
                Some(b'"') => serde_json::from_str::<String>(value.get()).map_err(|_| malformed())?,
                Some(b'n') => String::new(),
                _ => value.get().to_owned(),
            };
            list.push((name, text));
        }
        Ok(Self { list })
    }

    /// The value as it came; `None` when it did not.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.list.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    /// How many of them are among `names`.
    pub(crate) fn known(&self, names: &[&str]) -> usize {
        self.list.iter().filter(|(n, _)| names.contains(&n.as_str())).count()
    }

    /// What a WebSocket API request's signature covers: all but the signature, by name, not encoded.
    pub(crate) fn signed_payload(&self) -> String {
        let mut pairs: Vec<&(String, String)> = self.list.iter().filter(|(n, _)| n != "signature").collect();
        pairs.sort();
        pairs.iter().map(|(n, v)| format!("{n}={v}")).collect::<Vec<_>>().join("&")
    }

    /// A value that may be left out but not be empty.
    pub(crate) fn text(&self, name: &str) -> Result<Option<&str>, ApiError> {
        match self.get(name) {
            Some("") => Err(ApiError::empty(name)),
            other => Ok(other),
        }
    }

    /// A value that must be there.
    pub(crate) fn need(&self, name: &str) -> Result<&str, ApiError> {
        self.get(name).filter(|v| !v.is_empty()).ok_or_else(|| ApiError::mandatory(name))
    }

    /// Refuses a parameter that does not go with the others.
    pub(crate) fn without(&self, name: &str) -> Result<(), ApiError> {
        if self.get(name).is_some() { Err(ApiError::not_required(name)) } else { Ok(()) }
    }

    /// A symbol's spelling, not looked up.
    pub(crate) fn symbol(&self) -> Result<&str, ApiError> {
        let symbol = self.need("symbol")?;
        check_symbol(symbol, "symbol")?;
        Ok(symbol)
    }

    /// A client order id.
    pub(crate) fn client_id(&self, name: &str) -> Result<Option<&str>, ApiError> {
        let Some(id) = self.text(name)? else { return Ok(None) };
        let legal = id.len() <= 36 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        if legal { Ok(Some(id)) } else { Err(ApiError::illegal(name, CLIENT_ID_RANGE)) }
    }

    /// A whole number, zero or more.
    pub(crate) fn integer(&self, name: &str) -> Result<Option<u64>, ApiError> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        if text.len() > 20 || !text.bytes().all(|b| b.is_ascii_digit()) {
            return Err(ApiError::illegal(name, INTEGER_RANGE));
        }
        let number = text.parse::<u64>().ok().filter(|n| i64::try_from(*n).is_ok());
        number.map(Some).ok_or_else(|| ApiError::overflowed(name))
    }

    /// A whole number that must be there.
    pub(crate) fn need_integer(&self, name: &str) -> Result<u64, ApiError> {
        self.need(name)?;
        self.integer(name)?.ok_or_else(|| ApiError::mandatory(name))
    }

    /// How many entries are wanted: `default` when nothing is said, at most `most`.
    pub(crate) fn limit(&self, default: usize, most: usize) -> Result<usize, ApiError> {
        match self.integer("limit")? {
            None => Ok(default),
            Some(0) => Err(ApiError::invalid("limit")),
            Some(n) => Ok(usize::try_from(n).unwrap_or(most).min(most)),
        }
    }

    /// A number with at most eight decimals, as the venue's assets have.
    pub(crate) fn decimal(&self, name: &str) -> Result<Option<Decimal>, ApiError> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |part: &str| (1..=20).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        if !digits(whole) || !digits(fraction) {
            return Err(ApiError::illegal(name, DECIMAL_RANGE));
        }
        let value = match Decimal::from_str(text) {
            Ok(value) => value,
            Err(DecimalError::TooLarge) => return Err(ApiError::overflowed(name)),
            Err(_) => return Err(ApiError::illegal(name, DECIMAL_RANGE)),
        };
        if value.normalised().decimals() > 8 {
            return Err(ApiError::too_precise(name));
        }
        if value.at_scale(8).is_none() {
            return Err(ApiError::overflowed(name));
        }
        Ok(Some(value))
    }

    /// `true` or `false`.
    pub(crate) fn boolean(&self, name: &str) -> Result<Option<bool>, ApiError> {
        match self.text(name)? {
            None => Ok(None),
            Some("true" | "TRUE") => Ok(Some(true)),
            Some("false" | "FALSE") => Ok(Some(false)),
            Some(_) => Err(ApiError::invalid(name)),
        }
    }

    /// One of a few words.
    pub(crate) fn word<T: Copy>(&self, name: &str, words: &[(&str, T)]) -> Result<Option<T>, ApiError> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let known = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        known.map(Some).ok_or_else(|| ApiError::invalid(name))
    }

    /// A time in milliseconds or microseconds, in nanoseconds.
    pub(crate) fn time(&self, name: &str, now: u64) -> Result<Option<u64>, ApiError> {
        let Some(number) = self.integer(name)? else { return Ok(None) };
        let nanos = as_nanos(number);
        let possible = (FIRST_TIME_NS..=now.saturating_add(FUTURE_NS)).contains(&nanos);
        if possible { Ok(Some(nanos)) } else { Err(ApiError::invalid(name)) }
    }
}

/// A time in milliseconds or, from sixteen digits on, microseconds, in nanoseconds.
pub(crate) const fn as_nanos(number: u64) -> u64 {
    number.saturating_mul(if number >= 1_000_000_000_000_000 { 1_000 } else { 1_000_000 })
}

/// Refuses what cannot be a symbol.
pub(crate) fn check_symbol(symbol: &str, name: &str) -> Result<(), ApiError> {
    let legal = |c: char| (c.is_alphanumeric() && !c.is_ascii_lowercase()) || matches!(c, '-' | '_' | '.');
    if (1..=50).contains(&symbol.chars().count()) && symbol.chars().all(legal) {
        Ok(())
    } else {
        Err(ApiError::illegal(name, SYMBOL_RANGE))
    }
}
