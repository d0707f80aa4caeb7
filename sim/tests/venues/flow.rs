//! The generator: the same seed, the same bytes; gaps as often and as long as promised; frames that parse.

use std::collections::HashMap;

use crosstick_sim::flow::{Body, FlowEvent};
use crosstick_sim::recorded::{LineReader, RecordedFrame, scan};
use crosstick_sim::{Flow, FlowSpec, StreamKind, TimeUnit};
use serde_json::Value;

const MS: u64 = 1_000_000;
const START: u64 = 1_700_000_000_000_000_000;

fn events(seed: u64, seconds: u64) -> (Flow, Vec<FlowEvent>) {
    let mut flow = Flow::new(seed, &FlowSpec::demo()).expect("a good spec");
    let mut events = Vec::new();
    for event in flow.by_ref() {
        if event.at_ns >= seconds * 1_000 * MS {
            break;
        }
        events.push(event);
    }
    (flow, events)
}

fn session(seed: u64, spec: &FlowSpec, seconds: u64) -> Vec<Vec<u8>> {
    let mut sinks = vec![Vec::new(); spec.venues.len()];
    let flow = Flow::new(seed, spec).expect("a good spec");
    flow.write_session(START, seconds * 1_000 * MS, &mut sinks).expect("memory");
    sinks
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let spec = FlowSpec::demo();
    let first = session(7, &spec, 3);
    assert_eq!(first, session(7, &spec, 3));
    assert_ne!(first, session(8, &spec, 3));
    assert!(first.iter().all(|f| f.len() > 50_000), "{:?}", first.iter().map(Vec::len).collect::<Vec<_>>());
}

#[test]
fn the_demo_is_lively_but_easy_on_a_laptop() {
    let (_, events) = events(1, 60);
    let per_second = events.len() / 60;
    assert!((600..3_000).contains(&per_second), "{per_second} frames a second");
    assert!(events.windows(2).all(|w| w[0].at_ns <= w[1].at_ns), "in order");
    assert!(
        events.iter().all(|e| e.match_ns <= e.event_ns && e.event_ns <= e.at_ns),
        "nothing is sent before it happens"
    );
    let late = events.iter().map(|e| e.at_ns - e.event_ns).max();
    assert!(late < Some(10 * MS), "{late:?} ns");
}

#[test]
fn trade_ids_are_contiguous_and_quotes_are_sound() {
    let (flow, events) = events(3, 30);
    let mut last_trade: HashMap<String, u64> = HashMap::new();
    let mut last_update: HashMap<usize, u64> = HashMap::new();
    let mut last_quote: HashMap<usize, [i64; 4]> = HashMap::new();
    for event in &events {
        if let Some(id) = event.body.trade_id() {
            let before = last_trade.insert(flow.stream_of(event).to_owned() + &event.venue.to_string(), id);
            assert!(before.is_none_or(|b| b + 1 == id), "{event:?} after {before:?}");
        }
        match event.body {
            Body::Quote { update_id, bid, bid_quantity, ask, ask_quantity } => {
                assert!(0 < bid && bid < ask && bid_quantity > 0 && ask_quantity > 0, "{event:?}");
                assert!(last_update.insert(event.leg, update_id).is_none_or(|b| b < update_id));
                last_quote.insert(event.leg, [bid, bid_quantity, ask, ask_quantity]);
            }
            Body::Trade { price, quantity, .. } | Body::AggTrade { price, quantity, .. } => {
                let [bid, _, ask, _] = last_quote[&event.leg];
                assert!(quantity > 0 && (price == bid || price == ask), "{event:?} at {bid}/{ask}");
            }
        }
    }
    assert_eq!(last_trade.len(), 8, "all instruments trade");
}

/// Executable edges of over 3 bps between the legs of each market, as a reader of the frames would see them:
/// how many episodes, their lengths in ns, and how often each leg was the dear one.
fn episodes(spec: &FlowSpec, events: &[FlowEvent]) -> Vec<(Vec<u64>, HashMap<usize, i64>)> {
    let mut first = 0;
    let mut result = Vec::new();
    for market in &spec.markets {
        let decimals: Vec<u8> = market.legs.iter().map(|l| l.instrument.price_step.decimals()).collect();
        let most = *decimals.iter().max().expect("legs");
        let mut quotes: HashMap<usize, (i128, i128)> = HashMap::new();
        let mut open: HashMap<(usize, usize), u64> = HashMap::new();
        let (mut lengths, mut dear) = (Vec::new(), HashMap::new());
        for event in events.iter().filter(|e| (first..first + market.legs.len()).contains(&e.leg)) {
            let Body::Quote { bid, ask, .. } = event.body else { continue };
            let leg = event.leg - first;
            let up = 10i128.pow(u32::from(most - decimals[leg]));
            quotes.insert(leg, (i128::from(bid) * up, i128::from(ask) * up));
            for buy in 0..market.legs.len() {
                for sell in 0..market.legs.len() {
                    let (Some(b), Some(s)) = (quotes.get(&buy), quotes.get(&sell)) else { continue };
                    let there = (s.0 - b.1) * 10_000 > 3 * b.1;
                    match (there, open.contains_key(&(buy, sell))) {
                        (true, false) => drop(open.insert((buy, sell), event.at_ns)),
                        (false, true) => {
                            let began = open.remove(&(buy, sell)).expect("open");
                            lengths.push(event.at_ns - began);
                            *dear.entry(sell).or_insert(0) += 1;
                            *dear.entry(buy).or_insert(0) -= 1;
                        }
                        _ => {}
                    }
                }
            }
        }
        lengths.sort_unstable();
        result.push((lengths, dear));
        first += market.legs.len();
    }
    result
}

#[test]
fn gaps_open_about_once_a_second_for_tens_of_milliseconds_in_both_directions() {
    const SECONDS: u64 = 300;
    let spec = FlowSpec::demo();
    for seed in [1, 2, 3] {
        let (_, events) = events(seed, SECONDS);
        for (market, (lengths, dear)) in spec.markets.iter().zip(episodes(&spec, &events)) {
            let name = &market.name;
            let share = lengths.len() as u64 * 100 / SECONDS;
            let p = |percent: usize| lengths[lengths.len() * percent / 100] / MS;
            println!("{name}: {share} per 100 s, p5 {} p50 {} p95 {} ms, net {dear:?}", p(5), p(50), p(95));
            assert!((50..300).contains(&share), "{name}, seed {seed}: {share} episodes in 100 s");
            assert!((10..=50).contains(&p(50)), "{name}, seed {seed}: median {} ms", p(50));
            assert!(p(95) <= 60 && p(5) >= 3, "{name}, seed {seed}: {} to {} ms", p(5), p(95));
            let lean = dear.values().map(|d| d.unsigned_abs()).max().unwrap_or(0);
            assert!(
                lean * 10 < lengths.len() as u64,
                "{name}, seed {seed}: one venue leans {lean} of {}",
                lengths.len()
            );
        }
    }
}

#[test]
fn prices_stay_around_their_start() {
    let (_, events) = events(5, 600);
    let mut range: HashMap<usize, (i64, i64)> = HashMap::new();
    for event in &events {
        if let Body::Quote { bid, ask, .. } = event.body {
            let entry = range.entry(event.leg).or_insert((bid, ask));
            *entry = (entry.0.min(bid), entry.1.max(ask));
        }
    }
    for (leg, (low, high)) in range {
        assert!(high - low > 0 && (high - low) * 10_000 / low < 150, "leg {leg}: {low} to {high} in ten minutes");
    }
}

#[test]
fn payloads_are_the_venues_own() {
    let (flow, events) = events(2, 5);
    let find = |venue: usize, kind: StreamKind| {
        let event = events.iter().find(|e| e.venue == venue && e.body.kind() == kind).expect("an event");
        let text = |unit| {
            let mut out = Vec::new();
            flow.push_payload(&mut out, event, START, unit);
            String::from_utf8(out).expect("text")
        };
        (*event, text(TimeUnit::Millis), text(TimeUnit::Micros))
    };
    let keys = |text: &str| -> Vec<String> {
        serde_json::from_str::<serde_json::Map<String, Value>>(text).expect("json").keys().cloned().collect()
    };
    let (event, millis, micros) = find(0, StreamKind::Trade);
    assert_eq!(keys(&millis), ["e", "E", "s", "t", "p", "q", "T", "m", "M"]);
    let (ms, us): (Value, Value) =
        (serde_json::from_str(&millis).expect("json"), serde_json::from_str(&micros).expect("json"));
    assert_eq!(ms["E"].as_u64(), Some((START + event.event_ns) / MS));
    assert_eq!(us["E"].as_u64(), Some((START + event.event_ns) / 1_000));
    let decimals = |v: &Value| v.as_str().and_then(|t| t.split_once('.')).map(|(_, f)| f.len());
    assert_eq!((decimals(&ms["p"]), decimals(&ms["q"])), (Some(8), Some(8)));
    assert_eq!(keys(&find(0, StreamKind::BookTicker).1), ["u", "s", "b", "B", "a", "A"]);
    let (_, usdm, _) = find(2, StreamKind::BookTicker);
    assert_eq!(keys(&usdm), ["e", "u", "s", "b", "B", "a", "A", "T", "E"]);
    assert_eq!(keys(&find(2, StreamKind::AggTrade).1), ["e", "E", "a", "s", "p", "q", "f", "l", "T", "m"]);
}

#[test]
fn a_written_session_reads_back_as_a_recording() {
    let spec = FlowSpec::demo();
    let dir = tempfile::tempdir().expect("a directory");
    for (venue, bytes) in spec.venues.iter().zip(session(11, &spec, 10)) {
        let path = dir.path().join(&venue.name);
        std::fs::write(&path, &bytes).expect("written");
        let scan = scan(&path).expect("a recording");
        assert_eq!((scan.protocol, scan.unserved), (venue.protocol, 0));
        let lines = bytes.iter().filter(|b| **b == b'\n').count() as u64;
        assert_eq!(scan.streams.values().sum::<u64>(), lines);
        let index = spec.venues.iter().position(|v| v.name == venue.name).expect("itself");
        for instrument in spec.instruments(index) {
            let seen = scan.instruments.iter().find(|i| i.symbol == instrument.symbol).expect("seen");
            assert_eq!((seen.kind, &seen.base, &seen.quote), (instrument.kind, &instrument.base, &instrument.quote));
            assert_eq!(seen.quantity_step, instrument.quantity_step, "{}", instrument.symbol);
            assert_eq!(seen.price_step, instrument.price_step, "{}", instrument.symbol);
        }
        let mut reader = LineReader::open(&path).expect("open");
        let line = reader.next_line().expect("read").expect("a line").expect("good");
        assert!(line.recv_ns >= START && RecordedFrame::parse(line.frame).is_some());
    }
}

#[test]
fn a_spec_that_contradicts_itself_is_refused() {
    let wrong = |change: fn(&mut FlowSpec)| {
        let mut spec = FlowSpec::demo();
        change(&mut spec);
        Flow::new(1, &spec).expect_err("refused").to_string()
    };
    assert!(wrong(|s| s.markets[0].legs[0].venue = 9).contains("venue 9"));
    assert!(wrong(|s| s.venues[1].name = "alpha".to_owned()).contains("alpha"));
    assert!(wrong(|s| s.markets[0].gap_ms = (5, 1)).contains("gap"));
    assert!(wrong(|s| s.markets[0].legs[0].quotes_per_second = 0).contains("quotes_per_second"));
    assert!(wrong(|s| s.markets[1].price = crosstick_model::Decimal::ZERO).contains("price"));
}

/// Quotes of the first instrument in each second, in order of size.
fn quotes_by_second(spec: &FlowSpec, seconds: u64) -> Vec<usize> {
    let mut counts = vec![0; seconds as usize];
    let flow = Flow::new(4, spec).expect("a good spec");
    for event in flow.take_while(|e| e.at_ns < seconds * 1_000 * MS) {
        if event.leg == 0 && matches!(event.body, Body::Quote { .. }) {
            counts[(event.at_ns / (1_000 * MS)) as usize] += 1;
        }
    }
    counts.sort_unstable();
    counts
}

#[test]
fn the_calibrated_flow_has_moods_small_trades_and_rare_gaps() {
    const SECONDS: u64 = 600;
    let spec = FlowSpec::calibrated();
    assert_eq!(session(7, &spec, 3), session(7, &spec, 3), "the same seed, the same bytes");
    // The recorded spot instrument: median 48 a second, 99th percentile 279; the demo's is nearly even.
    let (lively, even) = (quotes_by_second(&spec, SECONDS), quotes_by_second(&FlowSpec::demo(), SECONDS));
    let p = |counts: &[usize], percent: usize| counts[counts.len() * percent / 100];
    assert!((30..80).contains(&p(&lively, 50)), "median {}", p(&lively, 50));
    assert!(p(&lively, 99) > 4 * p(&lively, 50), "{} of {}", p(&lively, 99), p(&lively, 50));
    assert!(p(&even, 99) < 2 * p(&even, 50), "{} of {}", p(&even, 99), p(&even, 50));
    let flow = Flow::new(4, &spec).expect("a good spec");
    let events: Vec<FlowEvent> = flow.take_while(|e| e.at_ns < SECONDS * 1_000 * MS).collect();
    let (mut traded, mut shown): (Vec<i64>, Vec<i64>) = (Vec::new(), Vec::new());
    for event in events.iter().filter(|e| e.leg == 0) {
        match event.body {
            Body::Quote { bid_quantity, .. } => shown.push(bid_quantity),
            Body::Trade { quantity, .. } => traded.push(quantity),
            Body::AggTrade { .. } => {}
        }
    }
    traded.sort_unstable();
    shown.sort_unstable();
    let part = |list: &[i64], percent: usize| list[list.len() * percent / 100];
    assert!(part(&traded, 50) * 200 < part(&shown, 50), "half of all trades are tiny beside what is shown");
    assert!(part(&traded, 99) > part(&traded, 50) * 50, "some are large: {}", part(&traded, 99));
    for (market, (lengths, _)) in spec.markets.iter().zip(episodes(&spec, &events)) {
        // One gap shows between the dear venue, the cheap one and the one between: on up to three pairs.
        let many = lengths.len() * 60 / SECONDS as usize;
        assert!((2..=30).contains(&many), "{}: {many} gaps a minute over all pairs", market.name);
        let middle = lengths[lengths.len() / 2] / MS;
        assert!((10..=50).contains(&middle), "{}: {middle} ms", market.name);
    }
}

/// MEXC's venue in the flow: it follows the same price, further behind and with wider spreads, and gaps open with it.
#[test]
fn a_venue_of_mexc_follows_with_a_lag_and_a_spread_of_its_own() {
    let spec = FlowSpec::demo().with_mexc();
    let names: Vec<&str> = spec.venues.iter().map(|v| v.name.as_str()).collect();
    assert_eq!(
        (names.as_slice(), spec.venues[3].protocol.name()),
        (&["alpha", "beta", "gamma", "delta"][..], "mexc-spot")
    );
    assert_eq!(session(7, &spec, 2), session(7, &spec, 2), "the same seed, the same flow");
    // By venue: the sums of the ask less the bid and of what frames are late, in BTCUSDT.
    let mut sums = [(0u64, 0u64, 0u64); 4];
    let (mut quotes, mut apart) = ([None; 4], 0);
    for event in Flow::new(1, &spec).expect("a good spec").take_while(|e| e.at_ns < 60_000 * MS) {
        let Body::Quote { bid, ask, .. } = event.body else { continue };
        if event.leg > 3 {
            continue;
        }
        // The futures leg has one decimal less.
        let (bid, ask) = if event.venue == 2 { (bid * 10, ask * 10) } else { (bid, ask) };
        let of = &mut sums[event.venue];
        *of = (of.0 + 1, of.1 + ask.abs_diff(bid), of.2 + event.at_ns - event.match_ns);
        quotes[event.venue] = Some((bid, ask));
        let crossed = |(b, a): (i64, i64)| quotes[0].is_some_and(|(bid, ask)| b > ask || a < bid);
        apart += u64::from(event.venue == 3 && quotes[3].is_some_and(crossed));
    }
    let mean = |venue: usize| (sums[venue].1 / sums[venue].0, sums[venue].2 / sums[venue].0);
    assert!(mean(3).0 > mean(0).0 && mean(3).1 > mean(1).1 && mean(3).1 < 10 * MS, "{:?}", [0, 1, 2, 3].map(mean));
    assert!(apart > 0, "no gap with it in a minute");
}
