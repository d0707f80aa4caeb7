//! The requests that a venue saw, the newest of them, without what would let anybody sign.

use std::collections::VecDeque;

use serde_json::{Value, json};

/// Requests that are kept of a venue.
const KEPT: usize = 1_000;
/// Characters that are kept of a request's parameters.
const TEXT_MAX: usize = 512;

/// One request.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) at_ns: u64,
    /// The serial number of its connection.
    pub(crate) connection: u64,
    /// `rest`, `ws-api`, `stream`.
    pub(crate) via: &'static str,
    /// Verb and path, or method.
    pub(crate) what: String,
    /// Masked.
    pub(crate) params: String,
    /// The key's name, masked; empty: none.
    pub(crate) key: String,
    /// What it was answered with; zero: nothing.
    pub(crate) status: u16,
    /// The fault that it met.
    pub(crate) fault: Option<u64>,
}

/// The log.
#[derive(Debug, Default)]
pub(crate) struct RequestLog {
    seen: VecDeque<Seen>,
    total: u64,
}

impl RequestLog {
    pub(crate) fn push(&mut self, mut seen: Seen) {
        for text in [&mut seen.what, &mut seen.params] {
            if let Some((at, _)) = text.char_indices().nth(TEXT_MAX) {
                text.truncate(at);
            }
        }
        if self.seen.len() >= KEPT {
            self.seen.pop_front();
        }
        self.seen.push_back(seen);
        self.total += 1;
    }

    /// How many there were, and the newest `most`, the oldest of them first.
    pub(crate) fn list(&self, most: usize) -> (u64, Vec<Value>) {
        let skip = self.seen.len().saturating_sub(most);
        let list = self.seen.iter().skip(skip).map(|s| {
            json!({
                "at_ns": s.at_ns, "connection": s.connection, "via": s.via, "request": s.what, "params": s.params,
                "key": s.key, "status": s.status, "fault": s.fault,
            })
        });
        (self.total, list.collect())
    }
}

/// Enough of a key to tell it from others, not enough to use it.
pub(crate) fn mask(key: &str) -> String {
    let shown: String = key.chars().take(4).collect();
    if shown.is_empty() { shown } else { format!("{shown}...") }
}

fn is_secret(name: &str) -> bool {
    ["signature", "apikey", "listenkey", "listentoken"].contains(&name.to_ascii_lowercase().as_str())
}

/// Parameters of a query or form with the secret ones masked.
pub(crate) fn mask_form(text: &str) -> String {
    let pairs = text.split('&').map(|pair| match pair.split_once('=') {
        Some((name, value)) if is_secret(name) => format!("{name}={}", mask(value)),
        _ => mask_words(pair),
    });
    pairs.collect::<Vec<_>>().join("&")
}

/// A text in which all that could be a key is masked: long words of letters and digits.
pub(crate) fn mask_words(text: &str) -> String {
    text.split_inclusive(|c: char| !c.is_ascii_alphanumeric())
        .map(|word| {
            let letters = word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
            if letters.len() < 48 { word.to_owned() } else { word.replacen(letters, &mask(letters), 1) }
        })
        .collect()
}

/// A request's target: query masked, and path parts that look like a listen key.
pub(crate) fn mask_target(target: &str) -> String {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let path = mask_words(path);
    if query.is_empty() { path } else { format!("{path}?{}", mask_form(query)) }
}

/// The method, masked parameters and masked key of a request of the WebSocket API; what is no JSON shows nothing.
pub(crate) fn mask_call(text: &str) -> (String, String, String) {
    let value: Value = serde_json::from_str(text).unwrap_or_default();
    let method = value.get("method").and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut key = String::new();
    let params = value.get("params").and_then(Value::as_object).map(|params| {
        let masked = params.iter().map(|(name, value)| {
            let shown = match value.as_str() {
                Some(text) if is_secret(name) => json!(mask(text)),
                _ => value.clone(),
            };
            (name.clone(), shown)
        });
        Value::Object(masked.collect())
    });
    if let Some(id) = params.as_ref().and_then(|p| p.get("apiKey")).and_then(Value::as_str) {
        key = id.to_owned();
    }
    (method, params.map_or_else(String::new, |p| p.to_string()), key)
}
