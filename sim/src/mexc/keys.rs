//! Listen keys: what opens an account's stream of events, for an hour at a time. An account may have sixty.

use serde_json::{Value, json};

use super::errors::{MexcError, wrong};
use super::read::need;
use super::{Call, MexcVenue};
use crate::api::params::Params;
use crate::rules::SECOND_NS;

/// How long a key lives without being kept alive.
const LIFE_NS: u64 = 3_600 * SECOND_NS;
const KEYS_MAX: usize = 60;

#[derive(Debug)]
struct ListenKey {
    text: String,
    account: usize,
    ends_ns: u64,
}

/// All living keys.
#[derive(Debug, Default)]
pub(super) struct ListenKeys {
    list: Vec<ListenKey>,
    made: u64,
}

impl ListenKeys {
    fn end(&mut self, now: u64) {
        self.list.retain(|k| k.ends_ns > now);
    }

    /// Whether anybody could listen to an account.
    pub(super) fn listens(&self, account: usize) -> bool {
        self.list.iter().any(|k| k.account == account)
    }
}

impl MexcVenue {
    pub(super) fn start_stream(&mut self, call: &Call<'_>) -> Result<Value, MexcError> {
        let account = call.account()?.index();
        self.keys.end(call.now);
        if self.keys.list.iter().filter(|k| k.account == account).count() >= KEYS_MAX {
            return Err(wrong("listenKey: an account has 60 at most"));
        }
        self.keys.made += 1;
        let text = crate::api::key::listen_key(self.keys.made).to_lowercase();
        self.keys.list.push(ListenKey { text: text.clone(), account, ends_ns: call.now.saturating_add(LIFE_NS) });
        Ok(json!({ "listenKey": text }))
    }

    pub(super) fn list_streams(&self, call: &Call<'_>) -> Result<Value, MexcError> {
        let account = call.account()?.index();
        let own = self.keys.list.iter().filter(|k| k.account == account && k.ends_ns > call.now);
        Ok(json!({ "listenKey": own.map(|k| k.text.as_str()).collect::<Vec<_>>() }))
    }

    /// The place of the account's key that a request names.
    fn own_key(&self, params: &Params, call: &Call<'_>) -> Result<usize, MexcError> {
        let (account, text) = (call.account()?.index(), need(params, "listenKey")?);
        let lives = |k: &ListenKey| k.text == text && k.account == account && k.ends_ns > call.now;
        self.keys.list.iter().position(lives).ok_or_else(|| wrong("listenKey"))
    }

    pub(super) fn keep_stream(&mut self, call: &Call<'_>) -> Result<Value, MexcError> {
        let at = self.own_key(call.params, call)?;
        let key = &mut self.keys.list[at];
        key.ends_ns = call.now.saturating_add(LIFE_NS);
        Ok(json!({ "listenKey": key.text }))
    }

    pub(super) fn close_stream(&mut self, call: &Call<'_>) -> Result<Value, MexcError> {
        let at = self.own_key(call.params, call)?;
        Ok(json!({ "listenKey": self.keys.list.remove(at).text }))
    }

    /// The account that a listen key opens.
    pub(crate) fn listener(&self, key: &str) -> Option<usize> {
        self.keys.list.iter().find(|k| k.text == key).map(|k| k.account)
    }

    /// When the next listen key ends.
    pub(crate) fn next_key_end(&self) -> Option<u64> {
        self.keys.list.iter().map(|k| k.ends_ns).min()
    }

    /// Ends listen keys whose time is over.
    pub(crate) fn end_keys(&mut self, now: u64) {
        self.keys.end(now);
    }
}
