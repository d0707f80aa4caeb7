//! The WebSocket API: requests and answers on one socket, logging on, and subscribing to an account's events.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::methods::{self, Method, Op};
use super::{Call, SpotVenue, Stamp};
use crate::api::auth::{Credentials, Security, check_time};
use crate::api::errors::ApiError;
use crate::api::key::KeyKind;
use crate::api::params::Params;
use crate::http::Answer;
use crate::rules::{TimeUnit, parameter};

/// Subscriptions that one connection may open in its life.
const SUBSCRIPTIONS_MAX: u32 = 65_535;
/// Subscriptions that may be open at a time.
const ACTIVE_MAX: usize = 1_000;
/// Weight of connecting.
const CONNECT_WEIGHT: u32 = 2;

/// Who is logged on.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Logon {
    key: String,
    account: usize,
    may_trade: bool,
    since_ns: u64,
}

/// A subscription to an account's events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Subscription {
    account: usize,
    /// Made by `userDataStream.subscribe`, so it ends with the logon.
    by_logon: bool,
}

/// One connection of the WebSocket API.
#[derive(Debug)]
pub(crate) struct ApiSession {
    connected_ns: u64,
    return_rate_limits: bool,
    pub(crate) unit: TimeUnit,
    logon: Option<Logon>,
    subscriptions: BTreeMap<u32, Subscription>,
    next_subscription: u32,
}

impl ApiSession {
    /// Whether it is told of any account's events.
    pub(crate) fn is_subscribed(&self) -> bool {
        !self.subscriptions.is_empty()
    }

    /// The subscriptions to an account's events: one at most.
    pub(crate) fn subscription_to(&self, account: usize) -> Option<u32> {
        self.subscriptions.iter().find(|(_, s)| s.account == account).map(|(id, _)| *id)
    }
}

/// What to send back.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Reply {
    /// Text frames: the answer first.
    pub(crate) frames: Vec<String>,
    /// The client is banned: close.
    pub(crate) close: bool,
}

/// A request as it came.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    method: Option<std::borrow::Cow<'a, str>>,
    #[serde(borrow)]
    params: Option<&'a RawValue>,
}

/// What a method gave, before it is wrapped.
struct Done {
    result: Result<Value, ApiError>,
    /// Whose order counts the answer tells.
    orders_of: Option<usize>,
    events: Vec<Value>,
}

impl From<ApiError> for Done {
    fn from(error: ApiError) -> Self {
        Self { result: Err(error), orders_of: None, events: Vec::new() }
    }
}

impl SpotVenue {
    /// A client connects to the WebSocket API; `Err`: what the handshake is refused with.
    pub(crate) fn ws_connect(&mut self, query: &str, now: u64) -> Result<ApiSession, Answer> {
        let refuse = |e: ApiError| super::rest::answer_error(&e, now);
        self.limits.charge(CONNECT_WEIGHT, now).map_err(refuse)?;
        let unit = match parameter(query, "timeUnit") {
            None => TimeUnit::Millis,
            Some(word) => super::time_unit(word).map_err(refuse)?,
        };
        if parameter(query, "responseFormat").is_some_and(|f| f != "json") {
            return Err(refuse(super::sbe_disabled()));
        }
        Ok(ApiSession {
            connected_ns: now,
            return_rate_limits: parameter(query, "returnRateLimits") != Some("false"),
            unit,
            logon: None,
            subscriptions: BTreeMap::new(),
            next_subscription: 0,
        })
    }

    /// Takes one request of a client.
    pub(crate) fn ws_text(&mut self, session: &mut ApiSession, text: &str, now: u64) -> Reply {
        let Ok(envelope) = serde_json::from_str::<Envelope<'_>>(text) else {
            let error = ApiError::new(-1135, "Invalid JSON Request");
            return self.wrap(session, "null", session.return_rate_limits, error.into(), now);
        };
        let id = envelope.id.map_or("null", RawValue::get);
        let is_id = matches!(id.as_bytes().first(), Some(b'"' | b'n' | b'-' | b'0'..=b'9')) && !id.contains(['.', 'e']);
        if !is_id && !id.starts_with('"') {
            return self.wrap(session, "null", session.return_rate_limits, ApiError::mandatory("id").into(), now);
        }
        let params = match Params::from_json(envelope.params) {
            Ok(params) => params,
            Err(error) => return self.wrap(session, id, session.return_rate_limits, error.into(), now),
        };
        let (shown, done) = match params.boolean("returnRateLimits") {
            Err(error) => (session.return_rate_limits, error.into()),
            Ok(shown) => {
                let name = envelope.method.as_deref().unwrap_or_default();
                (shown.unwrap_or(session.return_rate_limits), self.ws_request(session, name, &params, now))
            }
        };
        self.wrap(session, id, shown, done, now)
    }

    /// Refuses a request without looking at it.
    pub(crate) fn ws_refuse(&self, session: &ApiSession, text: &str, error: ApiError, now: u64) -> Reply {
        let envelope = serde_json::from_str::<Envelope<'_>>(text).ok();
        let id = envelope.and_then(|e| e.id).map_or("null", RawValue::get);
        self.wrap(session, id, session.return_rate_limits, error.into(), now)
    }

    fn ws_request(&mut self, session: &mut ApiSession, name: &str, params: &Params, now: u64) -> Done {
        if name.is_empty() {
            return ApiError::mandatory("method").into();
        }
        let Some(method) = methods::by_name(name) else { return ApiError::unsupported().into() };
        let weight = method.weight(params);
        if let Err(error) = self.limits.charge(weight, now) {
            return error.into();
        }
        let account = match self.ws_admit(session, method, params, now) {
            Ok(account) => account,
            Err(error) => return error.into(),
        };
        let (mut events, at) = (Vec::new(), self.stamp(session).at(now));
        let result = match method.op {
            Op::SessionLogon => self.logon(session, params, now),
            Op::SessionStatus => Ok(self.session_status(session, now)),
            Op::SessionLogout => {
                events = end_subscriptions(session, |s| s.by_logon, at);
                session.logon = None;
                Ok(self.session_status(session, now))
            }
            Op::SessionSubscriptions => {
                Ok(session.subscriptions.keys().map(|id| json!({ "subscriptionId": id })).collect())
            }
            Op::Subscribe => match session.logon.as_ref().map(|l| l.account) {
                Some(account) => subscribe(session, account, true),
                None => Err(ApiError::new(-1002, "You are not authorized to execute this request.").with_status(401)),
            },
            Op::SubscribeSigned => match account {
                Some(account) => subscribe(session, account, false),
                None => Err(ApiError::key_malformed()),
            },
            Op::Unsubscribe => unsubscribe(session, params, at).map(|ended| {
                events = ended;
                json!({})
            }),
            op => self.run(op, &Call { params, account, now, skew: self.skew, unit: session.unit }),
        };
        if result.is_ok() {
            self.limits.refund(method.refund(), now);
        }
        let orders_of = account.filter(|_| matches!(method.op, Op::PlaceOrder | Op::CancelReplace));
        Done { result, orders_of, events }
    }

    /// Checks parameters, key, signature and time; the account where the method needs one.
    fn ws_admit(
        &self,
        session: &ApiSession,
        method: &Method,
        params: &Params,
        now: u64,
    ) -> Result<Option<usize>, ApiError> {
        const ALWAYS: [&str; 5] = ["apiKey", "signature", "timestamp", "recvWindow", "returnRateLimits"];
        if params.known(method.params) + params.known(&ALWAYS) < params.len() {
            return Err(ApiError::new(-1103, "An unknown parameter was sent."));
        }
        if method.security == Security::None {
            return Ok(None);
        }
        let own_session = !matches!(method.op, Op::SessionLogon | Op::SubscribeSigned);
        let unsigned = params.get("apiKey").is_none() && params.get("signature").is_none();
        if let Some(logon) = session.logon.as_ref().filter(|_| own_session && unsigned) {
            if method.security == Security::Trade && !logon.may_trade {
                return Err(ApiError::key_refused());
            }
            check_time(params, self.skew.shown(now))?;
            return Ok(Some(logon.account));
        }
        let payload = params.signed_payload();
        let credentials = Credentials { key: Some(params.need("apiKey")?), payload: &payload };
        let shown = self.skew.shown(now);
        self.keyring.check(method.security, credentials, params, shown).map(|(_, account)| Some(account))
    }

    fn logon(&self, session: &mut ApiSession, params: &Params, now: u64) -> Result<Value, ApiError> {
        let (key, account) = self.keyring.find(params.need("apiKey")?)?;
        // Only Ed25519 keys can log on.
        if !matches!(key.kind, KeyKind::Ed25519(_)) {
            return Err(ApiError::signature());
        }
        session.logon = Some(Logon { key: key.id.clone(), account, may_trade: key.may_trade, since_ns: now });
        Ok(self.session_status(session, now))
    }

    /// Writes times as a connection wants them.
    const fn stamp(&self, session: &ApiSession) -> Stamp {
        Stamp(session.unit, self.skew)
    }

    fn session_status(&self, session: &ApiSession, now: u64) -> Value {
        let stamp = self.stamp(session);
        let logon = session.logon.as_ref();
        json!({
            "apiKey": logon.map(|l| l.key.clone()),
            "authorizedSince": logon.map(|l| stamp.at(l.since_ns)),
            "connectedSince": stamp.at(session.connected_ns),
            "returnRateLimits": session.return_rate_limits,
            "serverTime": stamp.at(now),
            "userDataStream": !session.subscriptions.is_empty(),
        })
    }

    fn wrap(&self, session: &ApiSession, id: &str, limits: bool, done: Done, now: u64) -> Reply {
        let mut body = Map::new();
        let mut close = false;
        match done.result {
            Ok(result) => {
                body.insert("status".to_owned(), json!(200));
                body.insert("result".to_owned(), result);
            }
            Err(mut error) => {
                if let Some(at) = error.retry_after_ns {
                    let (server, retry) = (self.stamp(session).at(now), self.skew.shown(at) / 1_000_000);
                    error.data = Some(json!({ "serverTime": server, "retryAfter": retry }));
                }
                close = error.status == 418;
                body.insert("status".to_owned(), json!(error.status));
                body.insert("error".to_owned(), error.body());
            }
        }
        if limits {
            let mut counts = done.orders_of.map_or_else(Vec::new, |a| self.limits.order_counts(a, now));
            counts.push(self.limits.weight(now));
            body.insert("rateLimits".to_owned(), Value::Array(counts));
        }
        // The id goes back byte for byte: a number may be larger than any type here.
        let rest = Value::Object(body).to_string();
        let answer = format!("{{\"id\":{id},{}", rest.strip_prefix('{').unwrap_or_default());
        let frames = std::iter::once(answer).chain(done.events.iter().map(Value::to_string)).collect();
        Reply { frames, close }
    }
}

fn subscribe(session: &mut ApiSession, account: usize, by_logon: bool) -> Result<Value, ApiError> {
    if session.subscription_to(account).is_some() {
        return Err(ApiError::new(-2035, "User Data Stream subscription already active."));
    }
    if session.next_subscription >= SUBSCRIPTIONS_MAX || session.subscriptions.len() >= ACTIVE_MAX {
        return Err(ApiError::new(-2042, "Too many subscriptions on this connection; connect anew."));
    }
    let id = session.next_subscription;
    session.next_subscription += 1;
    session.subscriptions.insert(id, Subscription { account, by_logon });
    Ok(json!({ "subscriptionId": id }))
}

fn unsubscribe(session: &mut ApiSession, params: &Params, at: u64) -> Result<Vec<Value>, ApiError> {
    let inactive = || ApiError::new(-2036, "User Data Stream subscription not active.");
    let Some(id) = params.integer("subscriptionId")? else {
        let ended = end_subscriptions(session, |_| true, at);
        return if ended.is_empty() { Err(inactive()) } else { Ok(ended) };
    };
    let id = u32::try_from(id).map_err(|_| inactive())?;
    session.subscriptions.remove(&id).ok_or_else(inactive)?;
    Ok(vec![terminated(id, at)])
}

fn end_subscriptions(session: &mut ApiSession, which: impl Fn(&Subscription) -> bool, at: u64) -> Vec<Value> {
    let ended: Vec<u32> = session.subscriptions.iter().filter(|(_, s)| which(s)).map(|(id, _)| *id).collect();
    session.subscriptions.retain(|id, _| !ended.contains(id));
    ended.into_iter().map(|id| terminated(id, at)).collect()
}

/// `at` is the event's time in the client's unit.
fn terminated(id: u32, at: u64) -> Value {
    json!({ "subscriptionId": id, "event": { "e": "eventStreamTerminated", "E": at } })
}
