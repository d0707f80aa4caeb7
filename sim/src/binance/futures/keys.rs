//! Listen keys: what opens an account's stream of events, for an hour at a time.

use super::{Call, FuturesVenue};
use crate::api::errors::ApiError;
use crate::api::key::listen_key;
use crate::rules::SECOND_NS;
use serde_json::{Value, json};

/// How long a key lives without being kept alive.
const LIFE_NS: u64 = 3_600 * SECOND_NS;

#[derive(Debug)]
struct ListenKey {
    text: String,
    account: usize,
    ends_ns: u64,
}

/// All living keys; an account has one at most.
#[derive(Debug, Default)]
pub(super) struct ListenKeys {
    list: Vec<ListenKey>,
    made: u64,
}

impl ListenKeys {
    fn start(&mut self, account: usize, now: u64) -> &str {
        let at = self.list.iter().position(|k| k.account == account).unwrap_or_else(|| {
            self.made += 1;
            let text = listen_key(self.made);
            self.list.push(ListenKey { text, account, ends_ns: 0 });
            self.list.len() - 1
        });
        self.list[at].ends_ns = now.saturating_add(LIFE_NS);
        &self.list[at].text
    }

    fn of(&self, account: usize) -> Option<&ListenKey> {
        self.list.iter().find(|k| k.account == account)
    }

    /// Whether anybody could listen to an account.
    pub(super) fn listens(&self, account: usize) -> bool {
        self.of(account).is_some()
    }

    /// Takes out the keys whose time is over: key and account.
    fn take_ended(&mut self, now: u64) -> Vec<(String, usize)> {
        let (ended, living) = std::mem::take(&mut self.list).into_iter().partition(|k: &ListenKey| k.ends_ns <= now);
        self.list = living;
        let ended: Vec<ListenKey> = ended;
        ended.into_iter().map(|k| (k.text, k.account)).collect()
    }
}

fn unknown() -> ApiError {
    ApiError::new(-1125, "This listenKey does not exist.")
}

impl FuturesVenue {
    pub(super) fn start_stream(&mut self, call: &Call<'_>) -> Result<Value, ApiError> {
        let account = call.account()?.index();
        Ok(json!({ "listenKey": self.keys.start(account, call.now) }))
    }

    pub(super) fn keep_stream(&mut self, call: &Call<'_>) -> Result<Value, ApiError> {
        let account = call.account()?.index();
        if !self.keys.listens(account) {
            return Err(unknown());
        }
        Ok(json!({ "listenKey": self.keys.start(account, call.now) }))
    }

    pub(super) fn close_stream(&mut self, call: &Call<'_>) -> Result<Value, ApiError> {
        let account = call.account()?.index();
        let before = self.keys.list.len();
        self.keys.list.retain(|k| k.account != account);
        if self.keys.list.len() == before { Err(unknown()) } else { Ok(json!({})) }
    }

    /// The account that a listen key opens.
    pub(crate) fn listener(&self, key: &str) -> Option<usize> {
        self.keys.list.iter().find(|k| k.text == key).map(|k| k.account)
    }

    /// When the next listen key ends.
    pub(crate) fn next_key_end(&self) -> Option<u64> {
        self.keys.list.iter().map(|k| k.ends_ns).min()
    }

    /// Ends listen keys whose time is over, and tells those who listen.
    pub(crate) fn end_keys(&mut self, now: u64) {
        for (key, account) in self.keys.take_ended(now) {
            self.tell_expired(account, &key, now);
        }
    }
}
