//! The generator and a venue together, in virtual time: the frames are the flow's own, and a day passes in seconds.

use crosstick_model::Decimal;

use super::FlowFeed;
use crate::fault::FaultSpec;
use crate::flow::{Flow, FlowLeg, FlowMarket, FlowSpec, FlowVenue};
use crate::instrument::SimInstrument;
use crate::rules::{Rules, SECOND_NS, StreamKind, TimeUnit};
use crate::venue::{ConnectionId, VenueMachine};
use crosstick_model::Protocol;

const START: u64 = 1_700_000_000 * SECOND_NS;
const MS: u64 = 1_000_000;

fn machines(spec: &FlowSpec, flow: &Flow) -> Vec<VenueMachine> {
    let machine = |(index, v): (usize, &FlowVenue)| {
        let rules = Rules::of(v.protocol);
        VenueMachine::new(&v.name, v.protocol, rules, spec.instruments(index), flow.streams(index))
    };
    spec.venues.iter().enumerate().map(machine).collect()
}

fn connect(venue: &mut VenueMachine, target: &str) -> ConnectionId {
    let id = venue.open(START).expect("room");
    let request = format!(
        "GET {target} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    );
    venue.input(id, request.as_bytes(), START);
    assert!(venue.output(id).starts_with(b"HTTP/1.1 101 "));
    venue.written(id, venue.output(id).len());
    id
}

/// The texts that wait; pings are answered with a frame masked with zeros.
fn texts(venue: &mut VenueMachine, id: ConnectionId, now: u64) -> Vec<String> {
    let bytes = venue.output(id).to_vec();
    venue.written(id, bytes.len());
    let mut rest = bytes.as_slice();
    let mut list = Vec::new();
    while let [first, second, ..] = *rest {
        let (length, head) = match second {
            126 => (usize::from(u16::from_be_bytes([rest[2], rest[3]])), 4),
            n => (usize::from(n), 2),
        };
        let payload = &rest[head..head + length];
        match first {
            0x81 => list.push(String::from_utf8(payload.to_vec()).expect("text")),
            0x89 => {
                let mut pong = vec![0x8a, 0x80 | payload.len() as u8, 0, 0, 0, 0];
                pong.extend_from_slice(payload);
                venue.input(id, &pong, now);
            }
            other => panic!("frame of {other:#x}"),
        }
        rest = &rest[head + length..];
    }
    list
}

#[test]
fn without_client_orders_the_frames_are_the_flows_own() {
    let mut spec = FlowSpec::demo();
    // Sums of trades as well: the venue makes its own, and they must be the flow's.
    spec.venues.iter_mut().for_each(|v| v.streams = StreamKind::ALL_GENERATED.to_vec());
    for unit in [TimeUnit::Millis, TimeUnit::Micros] {
        let flow = Flow::new(7, &spec).expect("a spec");
        let mut venues = machines(&spec, &flow);
        let names = flow.streams(0).join("/");
        let suffix = if unit == TimeUnit::Micros { "&timeUnit=MICROSECOND" } else { "" };
        let id = connect(&mut venues[0], &format!("/stream?streams={names}{suffix}"));
        let mut wanted = Vec::new();
        let mut same = Flow::new(7, &spec).expect("a spec");
        const UNTIL: u64 = 20 * SECOND_NS;
        while let Some(event) = same.next().filter(|e| e.at_ns <= UNTIL) {
            if event.venue == 0 {
                let mut payload = Vec::new();
                same.push_payload(&mut payload, &event, START, unit);
                let payload = String::from_utf8(payload).expect("text");
                wanted.push(format!("{{\"stream\":\"{}\",\"data\":{payload}}}", same.stream_of(&event)));
            }
        }
        let mut feed = FlowFeed::new(flow);
        let mut got = Vec::new();
        for now in (START..=START + UNTIL).step_by(MS as usize) {
            while feed.pump(now, &mut venues) == super::Pace::Now {}
            venues[0].advance(now);
            got.extend(texts(&mut venues[0], id, now));
        }
        // A sum that is still open at the very end is told at the next boundary.
        assert!(wanted.len() > 5_000 && got.len() + 1 >= wanted.len());
        for (i, (got, wanted)) in got.iter().zip(&wanted).enumerate() {
            assert_eq!(got, wanted, "frame {i}");
        }
    }
}

#[test]
fn without_client_orders_futures_show_the_flows_own_frames_too() {
    let demo = FlowSpec::demo();
    let mut all = demo.clone();
    all.venues.iter_mut().for_each(|v| v.streams = StreamKind::ALL_GENERATED.to_vec());
    const UNTIL: u64 = 20 * SECOND_NS;
    // Sums with their single trades, and sums alone.
    for spec in [all, demo] {
        let flow = Flow::new(7, &spec).expect("a spec");
        let at = spec.venues.iter().position(|v| v.protocol == Protocol::BinanceUsdm).expect("a futures venue");
        for kind in spec.venues[at].streams.clone() {
            let names: Vec<String> = flow.streams(at).into_iter().filter(|s| StreamKind::of(s) == kind).collect();
            let route = if kind == StreamKind::BookTicker { "public" } else { "market" };
            let mut venues = machines(&spec, &flow);
            let id = connect(&mut venues[at], &format!("/{route}/stream?streams={}", names.join("/")));
            let mut same = Flow::new(7, &spec).expect("a spec");
            let mut wanted = Vec::new();
            while let Some(event) = same.next().filter(|e| e.at_ns <= UNTIL) {
                if event.venue == at && event.body.kind() == kind {
                    let mut payload = Vec::new();
                    same.push_payload(&mut payload, &event, START, TimeUnit::Millis);
                    let payload = String::from_utf8(payload).expect("text");
                    wanted.push(format!("{{\"stream\":\"{}\",\"data\":{payload}}}", same.stream_of(&event)));
                }
            }
            let mut feed = FlowFeed::new(Flow::new(7, &spec).expect("a spec"));
            let mut got = Vec::new();
            for now in (START..=START + UNTIL).step_by(MS as usize) {
                while feed.pump(now, &mut venues) == super::Pace::Now {}
                venues[at].advance(now);
                got.extend(texts(&mut venues[at], id, now));
            }
            // A sum that is still open at the very end is told at the next boundary.
            assert!(wanted.len() > 100 && got.len() + 1 >= wanted.len(), "{kind:?}: {} of {}", got.len(), wanted.len());
            for (i, (got, wanted)) in got.iter().zip(&wanted).enumerate() {
                assert_eq!(got, wanted, "{kind:?}, frame {i}");
            }
        }
    }
}

#[test]
fn a_day_passes_in_seconds() {
    let leg = FlowLeg {
        venue: 0,
        instrument: SimInstrument::spot("BTCUSDT", "BTC", "USDT", Decimal::new(1, 2), Decimal::new(1, 5)),
        half_spread_e8: 500,
        quotes_per_second: 1,
        bursts_per_second: 1,
        notional: 5_000,
    };
    let market = FlowMarket {
        name: "BTC-USDT".to_owned(),
        price: Decimal::from(60_000),
        volatility_e8: 6_000,
        gap_every_ms: 0,
        gap_ms: (0, 0),
        gap_e8: (0, 0),
        moods: None,
        legs: vec![leg],
    };
    let venue = FlowVenue::new("a", Protocol::BinanceSpot, 800, 1_200);
    let spec = FlowSpec { venues: vec![venue], markets: vec![market] };
    let flow = Flow::new(3, &spec).expect("a spec");
    let mut venues = machines(&spec, &flow);
    let streams = "btcusdt@kline_1m/btcusdt@kline_1h/btcusdt@kline_1d/btcusdt@trade/btcusdt@miniTicker";
    let id = connect(&mut venues[0], &format!("/ws/{streams}"));
    let mut feed = FlowFeed::new(flow);
    let (mut bars, mut trades, mut minis) = ([0u64; 3], 0u64, 0u64);
    let (mut counted, mut last_mini) = ([0u64; 3], None);
    // A day less a second: then the venue ends the connection.
    for second in 1..24 * 3_600u64 {
        let now = START + second * SECOND_NS;
        while feed.pump(now, &mut venues) == super::Pace::Now {}
        venues[0].advance(now);
        for text in texts(&mut venues[0], id, now) {
            let frame: serde_json::Value = serde_json::from_str(&text).expect("json");
            match frame["e"].as_str() {
                Some("trade") => trades += 1,
                Some("24hrMiniTicker") => {
                    minis += 1;
                    last_mini = Some(frame);
                }
                Some("kline") if frame["k"]["x"] == true => {
                    let which = ["1m", "1h", "1d"].iter().position(|i| frame["k"]["i"] == *i).expect("known");
                    bars[which] += 1;
                    counted[which] += frame["k"]["n"].as_u64().expect("a count");
                }
                Some("kline") => {}
                other => panic!("{other:?}"),
            }
        }
    }
    // It began at 22:13:20: 24 hours have 1 440 minutes' ends, 24 hours' ends, one midnight.
    assert_eq!(bars, [1_440, 24, 1]);
    // What the bars of minutes count is what was told as trades, up to the minute that has not ended.
    assert!(counted[0] <= trades && trades - counted[0] < 1_000 && trades > 100_000, "{counted:?} of {trades}");
    assert!(minis > 40_000, "{minis} of 86 399 seconds");
    let mini = last_mini.expect("at least one");
    let number = |name: &str| mini[name].as_str().and_then(|t| t.parse::<f64>().ok()).expect("a number");
    assert!(number("l") <= number("c") && number("c") <= number("h") && number("v") > 0.0, "{mini}");
    venues[0].advance(START + 24 * 3_600 * SECOND_NS);
    let goodbye = venues[0].output(id);
    assert!(goodbye.windows(2).any(|w| w == [0x03, 0xe9]), "closed with 1001 after 24 hours");
}

#[test]
fn one_venue_is_held_and_the_others_go_on() {
    let spec = FlowSpec::demo();
    let flow = Flow::new(7, &spec).expect("a spec");
    let mut venues = machines(&spec, &flow);
    let ids = [0, 1].map(|v: usize| connect(&mut venues[v], "/ws/btcusdt@trade"));
    let hold = FaultSpec { at_ms: Some(2_000), for_ms: Some(3_000), ..FaultSpec::new("alpha", "hold") };
    venues[0].add_fault(hold, START).expect("taken");
    let mut feed = FlowFeed::new(flow);
    let mut trades: [Vec<(u64, u64)>; 2] = Default::default();
    for now in (START..=START + 7 * SECOND_NS).step_by(MS as usize) {
        while feed.pump(now, &mut venues) == super::Pace::Now {}
        for (venue, id) in ids.into_iter().enumerate() {
            venues[venue].advance(now);
            for text in texts(&mut venues[venue], id, now) {
                let frame: serde_json::Value = serde_json::from_str(&text).expect("JSON");
                // What happened within the millisecond before.
                trades[venue].push(((now - START).saturating_sub(1) / SECOND_NS, frame["t"].as_u64().expect("an id")));
            }
        }
    }
    for (venue, seconds) in [vec![0, 1, 5, 6], vec![0, 1, 2, 3, 4, 5, 6]].into_iter().enumerate() {
        let mut heard: Vec<u64> = trades[venue].iter().map(|(second, _)| *second).collect();
        heard.dedup();
        assert_eq!(heard, seconds, "venue {venue}");
        assert!(trades[venue].windows(2).all(|w| w[1].1 == w[0].1 + 1), "ids have no gap");
    }
}
