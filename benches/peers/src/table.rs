//! Figures of a turn, rows over all turns, and how they are told.

use std::fmt::Write;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::clients::Peer;
use crate::server::Served;
use crate::stamps::Stamps;

/// What every latency is compared with.
const RIVAL: Peer = Peer::BarterData;

/// One turn: latencies, ns, or none at top speed, where they tell the depth of a socket's buffer.
#[derive(Debug, Clone, Copy)]
pub struct Figures {
    /// p50, p99, p99.9.
    pub latency_ns: Option<[f64; 3]>,
    /// Frames a second at the callback.
    pub rate: f64,
    /// Frames written more than 1 ms late, in millionths.
    pub late_ppm: f64,
}

impl Figures {
    /// Of a turn that is over.
    ///
    /// # Errors
    /// When frames are missing.
    pub fn of(stamps: &Stamps, served: Served) -> Result<Self, String> {
        if stamps.received() != served.sent {
            return Err(format!("{} frames written, {} received", served.sent, stamps.received()));
        }
        let latencies = stamps.latencies()?;
        let at = |quantile: f64| latencies.value_at_quantile(quantile) as f64;
        let latency_ns = (!latencies.is_empty()).then(|| [at(0.5), at(0.99), at(0.999)]);
        let late_ppm = served.late as f64 * 1e6 / served.sent.max(1) as f64;
        Ok(Self { latency_ns, rate: stamps.rate(), late_ppm })
    }
}

/// A contestant at a rate, over all turns.
pub struct Row {
    peer: Peer,
    rate: String,
    /// In the order in which they were taken.
    pub turns: Vec<Figures>,
}

/// Median, least and most.
struct Spread([f64; 3]);

impl Spread {
    fn of(values: impl Iterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.collect();
        values.sort_by(f64::total_cmp);
        Some(Self([*values.get(values.len() / 2)?, *values.first()?, *values.last()?]))
    }

    fn text(&self, by: f64, digits: usize) -> String {
        let [median, least, most] = self.0.map(|value| value / by);
        format!("{median:.digits$} [{least:.digits$}–{most:.digits$}]")
    }
}

impl Row {
    /// Without turns.
    pub fn new(peer: Peer, rate: &str) -> Self {
        Self { peer, rate: rate.to_owned(), turns: Vec::new() }
    }

    fn latency(&self, which: usize) -> Option<Spread> {
        Spread::of(self.turns.iter().filter_map(|turn| Some(turn.latency_ns?[which])))
    }

    fn received(&self) -> Option<Spread> {
        Spread::of(self.turns.iter().map(|turn| turn.rate))
    }

    /// Of the median p50 (at top speed: of the rate) to the rival's.
    fn ratio(&self, rows: &[Self]) -> Option<f64> {
        let rival = rows.iter().find(|row| row.peer == RIVAL && row.rate == self.rate)?;
        let figure = |row: &Self| Some(row.latency(0).or_else(|| row.received())?.0[0]);
        Some(figure(self)? / figure(rival)?)
    }
}

/// As a table.
pub fn markdown(rows: &[Row]) -> String {
    let mut text = String::from(
        "| client @ frames/s | received /s | p50 µs | p99 µs | p99.9 µs | ratio to barter-data |\n|---|---|---|---|---|---|\n",
    );
    for row in rows {
        let latency = |which: usize| row.latency(which).map_or_else(|| "–".into(), |s| s.text(1e3, 1));
        let received = row.received().map_or_else(|| "–".into(), |s| s.text(1.0, 0));
        let ratio = row.ratio(rows).map_or_else(|| "–".into(), |ratio| format!("{ratio:.2}"));
        let cells = [latency(0), latency(1), latency(2)].join(" | ");
        let _ = writeln!(text, "| {} @ {} | {received} | {cells} | {ratio} |", row.peer.name(), row.rate);
    }
    let late = rows.iter().flat_map(|row| &row.turns).map(|turn| turn.late_ppm).fold(0.0, f64::max);
    let turns = rows.first().map_or(0, |row| row.turns.len());
    let _ =
        writeln!(text, "\nMedian [least–most] of {turns} turns; ratio of p50, at max of the rate. In the worst turn");
    let _ = writeln!(text, "{late:.0} of a million frames were written over 1 ms late; latency counts from the write.");
    text
}

/// Ours at 10,000 a second may take so much of what barter-data takes.
const TARGET: f64 = 0.15;

/// The rows in the format of the stage benchmarks' result files.
pub fn json(rows: &[Row]) -> String {
    let mut all: Vec<Value> = Vec::new();
    for row in rows {
        let figures: &[(&str, Option<Spread>)] = if row.rate == "max" {
            &[("received", row.received())]
        } else {
            &[("p50", row.latency(0)), ("p99", row.latency(1)), ("p99.9", row.latency(2))]
        };
        for (place, (measure, spread)) in figures.iter().enumerate() {
            let Some(Spread([median, min, max])) = spread else { continue };
            let ratio = row.ratio(rows).filter(|_| place == 0);
            let target = ratio.filter(|_| row.peer == Peer::Crosstick && row.rate == "10000").map(|ratio| {
                let verdict = if ratio <= TARGET { "aim" } else { "missed" };
                json!({"against": "ratio", "must": TARGET, "aim": TARGET, "verdict": verdict})
            });
            let rate = if row.rate == "max" { "as fast as taken" } else { &row.rate };
            all.push(json!({
                "group": format!("peers/{}", row.rate), "title": format!("write to callback, frames a second: {rate}"),
                "name": row.peer.name(), "ours": row.peer == Peer::Crosstick, "measure": measure,
                "unit": if row.rate == "max" { "frames/s" } else { "ns" },
                "better": if row.rate == "max" { "higher" } else { "lower" },
                "placement": null, "probe_ns": null, "turns": row.turns.len(), "median": median, "min": min,
                "max": max, "rival": RIVAL.name(), "ratio": ratio, "target": target,
            }));
        }
    }
    // A reader shows figure by figure, so that contestants stand below each other.
    all.sort_by_key(|row| {
        (row["group"].to_string(), ["p50", "p99", "p99.9"].iter().position(|m| row["measure"] == *m))
    });
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let file = json!({
        "format": 1, "name": "peers", "made_at_s": now, "turns": rows.first().map_or(0, |row| row.turns.len()),
        "rows": all,
    });
    format!("{file:#}\n")
}
