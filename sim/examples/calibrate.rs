//! Statistics of the generated flow beside those of recordings, as a table.
//!
//! `cargo run --release -p crosstick-sim --example calibrate -- [SECONDS [LABEL=FILE...]]`: recordings are files of
//! `receive-time frame` lines; two labels that differ only in a `spot `/`usdm ` prefix are compared for gaps. The
//! generated flow is measured over 250 seconds where nothing is said.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;

use crosstick_sim::recorded::{LineReader, RecordedFrame};
use crosstick_sim::{Flow, FlowSpec, StreamKind, TimeUnit};
use serde::Deserialize;
use serde_json::Value;

const S: u64 = 1_000_000_000;
const MS: u64 = 1_000_000;
/// Gaps are counted above this, in parts of a million: 5 bps.
const GAP_PPM: f64 = 500.0;

const COLUMNS: [&str; 10] = [
    "source",
    "trades a second: mean / median / p99 / max",
    "most trades in 100 / 10 / 1 ms",
    "run of one order: p10 / p50 / p90 / p99 / max",
    "trade notional: p10 / p50 / p90 / p99",
    "quotes a second: mean / median / p99 / max",
    "most quotes in 100 / 10 / 1 ms",
    "quotes that move a price",
    "best level's notional: p10 / p50 / p90 / p99",
    "spread in bps: p10 / p50 / p90 / p99",
];

/// One instrument on one venue, as its reader sees it. Statistics are no money, so floats are good enough.
#[derive(Default)]
struct Seen {
    trade_ns: Vec<u64>,
    quote_ns: Vec<u64>,
    /// Notional of trades and of best levels.
    traded: Vec<f64>,
    shown: Vec<f64>,
    spread_bps: Vec<f64>,
    price_moves: u64,
    runs: Vec<u64>,
    last_run: Option<(u64, bool)>,
    last_quote: Option<(f64, f64)>,
    /// Receive time, bid, ask.
    quotes: Vec<(u64, f64, f64)>,
}

#[derive(Deserialize)]
struct Frame {
    p: Option<String>,
    q: Option<String>,
    #[serde(rename = "T")]
    time: Option<u64>,
    m: Option<bool>,
    b: Option<Value>,
    #[serde(rename = "B")]
    bid_quantity: Option<String>,
    a: Option<Value>,
    #[serde(rename = "A")]
    ask_quantity: Option<String>,
}

impl Seen {
    fn take(&mut self, at: u64, stream: &str, payload: &str) {
        let kind = StreamKind::of(stream);
        if !matches!(kind, StreamKind::Trade | StreamKind::AggTrade | StreamKind::BookTicker) {
            return;
        }
        let Ok(frame) = serde_json::from_str::<Frame>(payload) else { return };
        let number = |text: Option<String>| text.and_then(|t| t.parse::<f64>().ok());
        if kind == StreamKind::BookTicker {
            // On trades these two are ids.
            let price = |v: Option<Value>| v.and_then(|v| v.as_str()?.parse::<f64>().ok());
            let sides = (price(frame.b), number(frame.bid_quantity), price(frame.a), number(frame.ask_quantity));
            if let (Some(bid), Some(bid_quantity), Some(ask), Some(ask_quantity)) = sides {
                self.take_quote(at, (bid, ask), (bid_quantity, ask_quantity));
            }
        } else if let (Some(price), Some(quantity)) = (number(frame.p), number(frame.q)) {
            self.trade_ns.push(at);
            self.traded.push(price * quantity);
            let run = Some((frame.time.unwrap_or(0), frame.m.unwrap_or(false)));
            match self.runs.last_mut() {
                Some(length) if self.last_run == run => *length += 1,
                _ => self.runs.push(1),
            }
            self.last_run = run;
        }
    }

    fn take_quote(&mut self, at: u64, (bid, ask): (f64, f64), (bid_quantity, ask_quantity): (f64, f64)) {
        self.quote_ns.push(at);
        self.shown.extend([bid * bid_quantity, ask * ask_quantity]);
        self.spread_bps.push((ask - bid) / bid * 10_000.0);
        self.price_moves += u64::from(self.last_quote.is_some_and(|last| last != (bid, ask)));
        self.last_quote = Some((bid, ask));
        self.quotes.push((at, bid, ask));
    }
}

/// The value below which so many thousandths are.
fn part<T: Copy + PartialOrd>(values: &[T], mille: usize) -> Option<T> {
    let mut sorted = values.to_vec();
    sorted.sort_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
    sorted.get((sorted.len().saturating_sub(1)) * mille / 1_000).copied()
}

/// The most of `times`, which are in order, in any stretch of this length.
fn densest(times: &[u64], span_ns: u64) -> usize {
    let (mut from, mut most) = (0, 0);
    for (i, at) in times.iter().enumerate() {
        while at - times[from] >= span_ns {
            from += 1;
        }
        most = most.max(i + 1 - from);
    }
    most
}

/// Frames in each full second.
fn by_second(times: &[u64]) -> Vec<u64> {
    let (Some(first), Some(last)) = (times.first(), times.last()) else { return Vec::new() };
    let mut counts = vec![0; ((last - first) / S) as usize];
    for at in times {
        if let Some(count) = counts.get_mut(((at - first) / S) as usize) {
            *count += 1;
        }
    }
    counts
}

fn rates(times: &[u64]) -> [String; 2] {
    let counts = by_second(times);
    let mean = counts.iter().sum::<u64>() as f64 / counts.len().max(1) as f64;
    let p = |mille| part(&counts, mille).unwrap_or(0);
    [
        format!("{mean:.0} / {} / {} / {}", p(500), p(990), p(1_000)),
        format!("{} / {} / {}", densest(times, 100 * MS), densest(times, 10 * MS), densest(times, MS)),
    ]
}

fn quartet(values: &[f64], digits: usize) -> String {
    let p = |mille| part(values, mille).unwrap_or(0.0);
    format!("{:.*} / {:.*} / {:.*} / {:.*}", digits, p(100), digits, p(500), digits, p(900), digits, p(990))
}

/// Gaps above the threshold between two venues, their usual difference taken away: how many a minute, and the lengths
/// in ms of the middle one and of the one that nine of ten stay below.
fn gaps(one: &Seen, other: &Seen) -> String {
    let mut merged: Vec<(u64, usize, f64, f64)> = Vec::new();
    merged.extend(one.quotes.iter().map(|(at, b, a)| (*at, 0, *b, *a)));
    merged.extend(other.quotes.iter().map(|(at, b, a)| (*at, 1, *b, *a)));
    merged.sort_by_key(|q| q.0);
    let middle = |q: (f64, f64)| f64::midpoint(q.0, q.1);
    let mut now: [Option<(f64, f64)>; 2] = [None; 2];
    let mut basis = Vec::new();
    for (_, who, bid, ask) in &merged {
        now[*who] = Some((*bid, *ask));
        if let [Some(a), Some(b)] = now {
            basis.push(middle(a) / middle(b));
        }
    }
    let usual = part(&basis, 500).unwrap_or(1.0);
    now = [None; 2];
    let (mut open, mut lengths): (Option<u64>, Vec<f64>) = (None, Vec::new());
    for (at, who, bid, ask) in &merged {
        let factor = if *who == 1 { usual } else { 1.0 };
        now[*who] = Some((bid * factor, ask * factor));
        let [Some(a), Some(b)] = now else { continue };
        let edge = ((a.0 - b.1) / b.1).max((b.0 - a.1) / a.1) * 1e6;
        match (edge > GAP_PPM, open) {
            (true, None) => open = Some(*at),
            (false, Some(began)) => {
                lengths.push((at - began) as f64 / MS as f64);
                open = None;
            }
            _ => {}
        }
    }
    let span = merged.last().map_or(0, |l| l.0) - merged.first().map_or(0, |f| f.0);
    let minutes = (span as f64 / (60 * S) as f64).max(1e-9);
    let p = |mille| part(&lengths, mille).unwrap_or(0.0);
    format!("{:.1} a minute; {:.0} / {:.0} ms", lengths.len() as f64 / minutes, p(500), p(900))
}

fn recorded(path: &Path) -> Result<Seen, Box<dyn Error>> {
    let mut reader = LineReader::open(path)?;
    let mut seen = Seen::default();
    let mut last = 0;
    while let Some(line) = reader.next_line()? {
        let Some(line) = line else { continue };
        if let Some(frame) = RecordedFrame::parse(line.frame) {
            last = line.recv_ns.max(last);
            seen.take(last, &frame.stream, frame.payload);
        }
    }
    Ok(seen)
}

/// The first market's instruments by their venues' protocols.
fn generated(name: &str, spec: &FlowSpec, seconds: u64) -> Result<BTreeMap<String, Seen>, Box<dyn Error>> {
    let mut flow = Flow::new(1, spec)?;
    let legs = spec.markets.first().map_or(0, |m| m.legs.len());
    let mut all = BTreeMap::new();
    let mut payload = Vec::new();
    while let Some(event) = flow.next().filter(|e| e.at_ns < seconds * S) {
        if event.leg >= legs {
            continue;
        }
        let venue = &spec.venues[event.venue];
        payload.clear();
        flow.push_payload(&mut payload, &event, S, TimeUnit::Micros);
        let seen: &mut Seen = all.entry(format!("{name} {} ({})", venue.name, venue.protocol)).or_default();
        seen.take(event.at_ns, flow.stream_of(&event), std::str::from_utf8(&payload)?);
    }
    Ok(all)
}

fn row(label: &str, seen: &Seen) {
    let [trade_rate, trade_burst] = rates(&seen.trade_ns);
    let [quote_rate, quote_burst] = rates(&seen.quote_ns);
    let runs: Vec<f64> = seen.runs.iter().map(|r| *r as f64).collect();
    let longest = seen.runs.iter().max().copied().unwrap_or(0);
    let moves = seen.price_moves as f64 * 100.0 / seen.quote_ns.len().max(1) as f64;
    let cells = [
        label.to_owned(),
        trade_rate,
        trade_burst,
        format!("{} / {longest}", quartet(&runs, 0)),
        quartet(&seen.traded, 0),
        quote_rate,
        quote_burst,
        format!("{moves:.0} %"),
        quartet(&seen.shown, 0),
        quartet(&seen.spread_bps, 2),
    ];
    println!("| {} |", cells.join(" | "));
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let seconds = arguments.next().map_or(Ok(250), |s| s.parse())?;
    let mut all: BTreeMap<String, Seen> = BTreeMap::new();
    for argument in arguments {
        let (label, path) = argument.split_once('=').ok_or("LABEL=FILE is wanted")?;
        all.insert(format!("recorded {label}"), recorded(Path::new(path))?);
    }
    all.extend(generated("demo", &FlowSpec::demo(), seconds)?);
    all.extend(generated("calibrated", &FlowSpec::calibrated(), seconds)?);
    // Beside the venue that speaks MEXC's protocol the flow of the others is another one, so it is measured by itself.
    let mut with_mexc = generated("demo", &FlowSpec::demo().with_mexc(), seconds)?;
    with_mexc.extend(generated("calibrated", &FlowSpec::calibrated().with_mexc(), seconds)?);
    println!("| {} |\n|{}", COLUMNS.join(" | "), "---|".repeat(COLUMNS.len()));
    let mexc = with_mexc.iter().filter(|(label, _)| is_mexc(label));
    all.iter().chain(mexc).for_each(|(label, seen)| row(label, seen));
    println!("\n| pair | gaps over 5 bps, the usual difference taken away: how many; length p50 / p90 |\n|---|---|");
    pairs(&all, |_, _| true);
    pairs(&with_mexc, |one, other| is_mexc(one) || is_mexc(other));
    Ok(())
}

fn is_mexc(label: &str) -> bool {
    label.ends_with("(mexc-spot)")
}

/// The gaps of those that belong together, of which these are wanted.
fn pairs(all: &BTreeMap<String, Seen>, wanted: impl Fn(&str, &str) -> bool) {
    let labels: Vec<&String> = all.keys().collect();
    for (i, one) in labels.iter().enumerate() {
        for other in labels.iter().skip(i + 1) {
            let word = |l: &str| l.split(' ').next().unwrap_or_default().to_owned();
            // Recordings of one day are named alike but for the venue.
            let day = |l: &str| l.rsplit(' ').next().unwrap_or_default().to_owned();
            let alike = !one.starts_with("recorded") || day(one) == day(other);
            if word(one) == word(other) && alike && wanted(one, other) {
                println!("| {one} – {other} | {} |", gaps(&all[*one], &all[*other]));
            }
        }
    }
}
