//! The control API: what an operator of the simulation asks over HTTP. Sans I/O: a request in, an answer out;
//! [`socket`] carries it. Loopback alone, JSON both ways, no secrets in what it lists.

pub(crate) mod books;
pub(crate) mod log;
pub(crate) mod socket;

use serde_json::{Map, Value, json};

use crate::fault::{FaultError, FaultSpec};
use crate::http::{Answer, Request};
use crate::rules::{parameter, percent_decode};
use crate::venue::VenueMachine;

/// Entries of a listing where nobody says how many.
const LIMIT: usize = 100;

/// What there is, for who asks for the root.
const HELP: &[(&str, &str)] = &[
    ("GET /kinds", "kinds of fault, with scopes and parameters"),
    ("GET /faults", "all faults with what they did"),
    ("POST /faults", "a fault, as in a [[fault]] table: {\"venue\": ..., \"kind\": ...}; its times count from now"),
    ("GET /faults/ID", "one fault"),
    ("DELETE /faults/ID", "ends a fault"),
    ("GET /venues", "venues with their symbols, statuses and filters"),
    ("GET /connections", "connections now; ?venue="),
    ("GET /requests", "the newest requests; ?venue= &limit="),
    ("GET /orders", "the newest orders of all accounts; ?venue= &limit="),
    ("GET /balances", "balances of all accounts; ?venue="),
    ("POST /venues/VENUE/symbols/SYMBOL/status", "{\"trading_status\": \"HALT\"}; for_ms: back after so long"),
    ("POST /venues/VENUE/symbols/SYMBOL/filters", "{\"price_step\": \"0.1\"}; for_ms: back after so long"),
    ("POST /venues/VENUE/accounts/ACCOUNT/deposit", "{\"asset\": \"USDT\", \"amount\": \"100\"}; below zero: paid out"),
];

fn refuse(status: u16, text: impl Into<String>) -> Answer {
    Answer::json(status, json!({ "error": text.into() }).to_string() + "\n")
}

fn refuse_fault(error: &FaultError) -> Answer {
    let body = json!({ "error": error.to_string(), "field": error.field });
    Answer::json(400, body.to_string() + "\n")
}

/// Readable in a terminal.
fn show(status: u16, value: &Value) -> Answer {
    // Values without keys other than text can always be written.
    Answer::json(status, serde_json::to_string_pretty(value).unwrap_or_default() + "\n")
}

/// A fault's number among all venues.
fn named(mut fault: Value, venue: &str) -> Value {
    let number = fault.as_object_mut().and_then(|o| o.shift_remove("number")).unwrap_or_default();
    let mut whole = Map::new();
    whole.insert("id".to_owned(), json!(format!("{venue}-{number}")));
    if let Value::Object(fields) = fault {
        whole.extend(fields);
    }
    Value::Object(whole)
}

/// Whether a request comes from a page in a browser rather than from a tool: those are not served.
fn is_page(request: &Request) -> bool {
    let host = request.header("host").unwrap_or("localhost");
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let local = matches!(name, "localhost" | "[::1]") || name.starts_with("127.");
    request.header("origin").is_some() || !local
}

/// Answers a request.
pub(crate) fn answer(request: &Request, venues: &mut [VenueMachine], now: u64) -> Answer {
    if is_page(request) {
        return refuse(403, "the control API serves tools on this machine, no web pages");
    }
    let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
    let parts: Option<Vec<String>> = path.split('/').filter(|p| !p.is_empty()).map(percent_decode).collect();
    let parts = parts.unwrap_or_default();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    match (request.method.as_str(), parts.as_slice()) {
        ("GET", []) => show(200, &help()),
        ("GET", ["kinds"]) => show(200, &FaultSpec::kinds_json()),
        ("GET", ["faults"]) => show(200, &faults(venues)),
        ("POST", ["faults"]) => add_fault(&request.body, venues, now),
        ("GET", ["faults", id]) => {
            match find(id, venues).and_then(|(venue, n)| Some(named(venue.fault(n)?, venue.name()))) {
                Some(fault) => show(200, &fault),
                None => refuse(404, format!("there is no fault {id}; GET /faults lists them")),
            }
        }
        ("DELETE", ["faults", id]) => end_fault(id, venues, now),
        ("POST", ["venues", venue, "symbols", symbol, what @ ("status" | "filters")]) => {
            change_symbol(venue, symbol, what, &request.body, venues, now)
        }
        ("POST", ["venues", venue, "accounts", account, "deposit"]) => {
            deposit(venue, account, &request.body, venues, now)
        }
        ("GET", [list @ ("venues" | "connections" | "requests" | "orders" | "balances")]) => {
            listing(list, query, venues)
        }
        (method, _) if !matches!(method, "GET" | "POST" | "DELETE") => refuse(405, "GET, POST or DELETE"),
        _ => refuse(404, "no such path; GET / lists what there is"),
    }
}

fn help() -> Value {
    HELP.iter().map(|(path, text)| ((*path).to_owned(), json!(text))).collect::<Map<String, Value>>().into()
}

fn faults(venues: &[VenueMachine]) -> Value {
    venues.iter().flat_map(|v| v.list_faults().into_iter().map(|f| named(f, v.name()))).collect()
}

fn venue_of<'a>(name: &str, venues: &'a mut [VenueMachine]) -> Result<&'a mut VenueMachine, Answer> {
    let known: Vec<String> = venues.iter().map(|v| v.name().to_owned()).collect();
    let found = venues.iter_mut().find(|v| v.name() == name);
    found.ok_or_else(|| refuse(404, format!("there is no venue {name:?}; there are {}", known.join(", "))))
}

/// The venue and number of a fault's id.
fn find<'a>(id: &str, venues: &'a mut [VenueMachine]) -> Option<(&'a mut VenueMachine, u64)> {
    let (venue, number) = id.rsplit_once('-')?;
    let number = number.parse().ok()?;
    venues.iter_mut().find(|v| v.name() == venue).map(|v| (v, number))
}

fn add_fault(body: &[u8], venues: &mut [VenueMachine], now: u64) -> Answer {
    let spec: FaultSpec = match serde_json::from_slice(body) {
        Ok(spec) => spec,
        Err(e) => return refuse(400, format!("the body is no fault: {e}; GET /kinds lists what there is")),
    };
    place(spec, venues, now)
}

fn place(spec: FaultSpec, venues: &mut [VenueMachine], now: u64) -> Answer {
    let venue = match venue_of(&spec.venue.clone(), venues) {
        Ok(venue) => venue,
        Err(answer) => return answer,
    };
    match venue.add_fault(spec, now) {
        Ok(id) => show(201, &named(venue.fault(id).unwrap_or_default(), venue.name())),
        Err(error) => refuse_fault(&error),
    }
}

fn end_fault(id: &str, venues: &mut [VenueMachine], now: u64) -> Answer {
    let Some((venue, number)) = find(id, venues).filter(|(venue, n)| venue.fault(*n).is_some()) else {
        return refuse(404, format!("there is no fault {id}; GET /faults lists them"));
    };
    // One that is over already stays so.
    venue.end_fault(number, now);
    show(200, &named(venue.fault(number).unwrap_or_default(), venue.name()))
}

fn change_symbol(venue: &str, symbol: &str, what: &str, body: &[u8], venues: &mut [VenueMachine], now: u64) -> Answer {
    let spec: FaultSpec = match serde_json::from_slice(body) {
        Ok(spec) => spec,
        Err(e) => return refuse(400, format!("the body does not say what changes: {e}; GET / has an example")),
    };
    if !spec.venue.is_empty() || !spec.kind.is_empty() || spec.symbol.is_some() {
        return refuse(400, "venue, kind and symbol stand in the path");
    }
    let symbol = Some(symbol.to_owned());
    place(FaultSpec { venue: venue.to_owned(), kind: format!("symbol-{what}"), symbol, ..spec }, venues, now)
}

fn deposit(venue: &str, account: &str, body: &[u8], venues: &mut [VenueMachine], now: u64) -> Answer {
    let venue = match venue_of(venue, venues) {
        Ok(venue) => venue,
        Err(answer) => return answer,
    };
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let (Some(asset), Some(Ok(amount))) = (text("asset"), text("amount").map(str::parse)) else {
        return refuse(400, "wanted: {\"asset\": \"USDT\", \"amount\": \"100\"}, both as text");
    };
    match venue.deposit(account, asset, amount, now) {
        Ok(()) => show(200, &Value::from(venue.list_balances())),
        Err(why) => refuse(400, why),
    }
}

fn listing(what: &str, query: &str, venues: &[VenueMachine]) -> Answer {
    let limit = match parameter(query, "limit").map(str::parse::<usize>) {
        None => LIMIT,
        Some(Ok(limit)) => limit.min(10_000),
        Some(Err(_)) => return refuse(400, "limit: a whole number"),
    };
    let wanted = parameter(query, "venue").and_then(percent_decode);
    let chosen: Vec<&VenueMachine> =
        venues.iter().filter(|v| wanted.as_deref().is_none_or(|w| v.name() == w)).collect();
    if let Some(name) = wanted.filter(|_| chosen.is_empty()) {
        return refuse(404, format!("there is no venue {name:?}; GET /venues lists them"));
    }
    let by_venue = |list: fn(&VenueMachine, usize) -> Value| -> Value {
        chosen.iter().map(|v| (v.name().to_owned(), list(v, limit))).collect::<Map<String, Value>>().into()
    };
    let value = match what {
        "venues" => chosen.iter().map(|v| v.list_self()).collect(),
        "connections" => chosen.iter().flat_map(|v| v.list_connections()).collect(),
        "orders" => by_venue(|v, limit| v.list_orders(limit).into()),
        "balances" => by_venue(|v, _| v.list_balances().into()),
        _ => by_venue(|v, limit| {
            let (total, newest) = v.list_requests(limit);
            json!({ "total": total, "newest": newest })
        }),
    };
    show(200, &value)
}
