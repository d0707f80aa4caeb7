//! Market data over real sockets and TLS, with a client that is not ours: a book kept from a snapshot and diffs, and a
//! recording with the streams that it lacks.

use crate::common;

use std::collections::BTreeMap;
use std::io::{Read, Write};

use common::{connect, tls};
use crosstick_sim::{Flow, FlowSpec, ReplayFile, ReplaySpec, Sim, SimConfig, SimHandle, Source, Speed};
use serde_json::{Value, json};

const START: u64 = 1_700_000_000_000_000_000;

fn get(handle: &SimHandle, venue: &str, target: &str) -> Value {
    let mut https = tls(handle, &handle.venue(venue).expect("the venue").rest_url);
    https.write_all(format!("GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").as_bytes()).expect("sent");
    let mut text = String::new();
    https.read_to_string(&mut text).expect("an answer that ends in order");
    serde_json::from_str(text.split_once("\r\n\r\n").expect("a head").1).expect("json")
}

/// Prices of a side with their quantities, as written; eight decimals, so that a longer text is a higher price.
type Side = BTreeMap<(usize, String), String>;

fn set(side: &mut Side, levels: &Value) {
    for level in levels.as_array().expect("levels") {
        let (price, quantity) = (level[0].as_str().expect("text"), level[1].as_str().expect("text"));
        let key = (price.len(), price.to_owned());
        if quantity == "0.00000000" {
            side.remove(&key);
        } else {
            side.insert(key, quantity.to_owned());
        }
    }
}

#[test]
fn a_book_kept_as_documented_has_the_best_quotes_of_the_ticker() {
    let handle = Sim::start(SimConfig::new(Source::Generated { seed: 1, spec: FlowSpec::demo() })).expect("started");
    let mut client = connect(&handle, "alpha", "/stream?streams=btcusdt@depth@100ms/btcusdt@bookTicker");
    let mut next = move || -> (String, Value) {
        let frame: Value = serde_json::from_str(&client.next().expect("a frame")).expect("json");
        (frame["stream"].as_str().expect("a name").to_owned(), frame["data"].clone())
    };
    let number = |v: &Value| v.as_u64().expect("a number");
    // The documented way: diffs first, then a snapshot that is not older than the first of them.
    let mut held = Vec::new();
    while held.is_empty() {
        let (stream, data) = next();
        if stream.contains("depth") {
            held.push(data);
        }
    }
    let snapshot = get(&handle, "alpha", "/api/v3/depth?symbol=BTCUSDT&limit=5000");
    let mut last = number(&snapshot["lastUpdateId"]);
    assert!(last >= number(&held[0]["U"]));
    let (mut bids, mut asks) = (Side::new(), Side::new());
    set(&mut bids, &snapshot["bids"]);
    set(&mut asks, &snapshot["asks"]);
    assert!(bids.len() >= 20 && asks.len() >= 20, "a book, not a quote: {snapshot}");
    let (mut previous, mut applied, mut compared) = (None, 0, 0);
    // Best quotes by update id: what the diffs' book must show where a diff ends on one.
    let mut told: BTreeMap<u64, Value> = BTreeMap::new();
    while applied < 30 || compared < 10 {
        let (stream, data) = next();
        if stream.contains("bookTicker") {
            told.insert(number(&data["u"]), data);
            continue;
        }
        let (first, until) = (number(&data["U"]), number(&data["u"]));
        if let Some(previous) = previous {
            assert_eq!(first, previous + 1, "no gap between diffs");
        }
        previous = Some(until);
        if until <= last {
            continue;
        }
        assert!(first <= last + 1, "no gap to the snapshot");
        set(&mut bids, &data["b"]);
        set(&mut asks, &data["a"]);
        (last, applied) = (until, applied + 1);
        assert!(applied < 1_000, "{compared} of the last diffs ended on a best quote");
        if let Some(best) = told.get(&until) {
            let top = |e: Option<(&(usize, String), &String)>| {
                let (price, quantity) = e.expect("a level");
                (json!(price.1), json!(quantity))
            };
            assert_eq!(top(bids.last_key_value()), (best["b"].clone(), best["B"].clone()), "at {until}");
            assert_eq!(top(asks.first_key_value()), (best["a"].clone(), best["A"].clone()), "at {until}");
            compared += 1;
        }
    }
}

#[test]
fn a_recording_is_served_as_recorded_and_what_it_lacks_comes_from_its_book() {
    let dir = tempfile::tempdir().expect("a directory");
    let spec = FlowSpec::demo();
    let paths: Vec<_> = spec.venues.iter().map(|v| dir.path().join(&v.name)).collect();
    let mut sinks: Vec<_> = paths.iter().map(|p| std::fs::File::create(p).expect("created")).collect();
    let flow = Flow::new(4, &spec).expect("a good spec");
    flow.write_session(START, 5_000_000_000, &mut sinks).expect("written");
    let file = ReplayFile { venue: None, path: paths[0].clone() };
    let replay = ReplaySpec { speed: Speed::Times(4.0), ..ReplaySpec::new(vec![file]) };
    let handle = Sim::start(SimConfig::new(Source::Recorded(replay))).expect("started");
    let streams = "btcusdt@trade/btcusdt@bookTicker/btcusdt@depth5@100ms/btcusdt@aggTrade";
    let mut client = connect(&handle, "alpha", &format!("/stream?streams={streams}"));
    let recorded = std::fs::read_to_string(&paths[0]).expect("readable");
    let mut recorded = recorded.lines().filter_map(|l| l.split_once(' ')).map(|(_, frame)| frame);
    let (mut served, mut partial, mut sums) = (0, 0, 0u64);
    let mut last_sum: Option<u64> = None;
    while served < 400 || partial < 3 || sums < 3 {
        let text = client.next().expect("a frame");
        if text.starts_with(r#"{"stream":"btcusdt@depth5"#) {
            let frame: Value = serde_json::from_str(&text).expect("json");
            assert_eq!(frame["data"]["bids"].as_array().map(Vec::len), Some(1), "the recorded best bid: {text}");
            partial += 1;
        } else if text.starts_with(r#"{"stream":"btcusdt@aggTrade"#) {
            let frame: Value = serde_json::from_str(&text).expect("json");
            let (first, last) = (frame["data"]["f"].as_u64().expect("f"), frame["data"]["l"].as_u64().expect("l"));
            assert!(last_sum.is_none_or(|l| l + 1 == first), "recorded trade ids, none missing: {text}");
            last_sum = Some(last);
            sums += 1;
        } else {
            let wanted = recorded.find(|f| f.contains(r#""stream":"btcusdt@"#)).expect("more of it");
            assert_eq!(text, wanted, "byte for byte");
            served += 1;
        }
    }
    let book = get(&handle, "alpha", "/api/v3/ticker/24hr?symbol=BTCUSDT");
    assert!(book["count"].as_u64() > Some(0), "REST has what was traded: {book}");
}
