//! Where a frame's time goes: the engine's stages and the loopback's share, and whether they add up to what the venue
//! saw.

use std::fmt::Write;

use crate::rounds::Seen;

/// A client's stamps around everything that it does, ticks: after the read's return, before the write's call.
#[derive(Debug, Clone, Copy, Default)]
pub struct Span {
    pub read: u64,
    pub write: u64,
}

/// Names of the engine's stages, in order.
pub const STAGES: [&str; 6] = [
    "socket read to taken by the core (TLS, WebSocket, decode)",
    "taken to intents (cache, detector, strategy)",
    "intents to verdict (gate)",
    "verdict to handed over (decision records, strategy told)",
    "handed over to the frame's bytes (encode, mask)",
    "bytes to the TLS record (encrypt)",
];

/// The engine's stamps of one frame, ticks: read, taken, decided, gated, handed over, encoded, encrypted.
pub type Stamps = [u64; STAGES.len() + 1];

/// Of a turn's rounds so many of a hundred are counted, the shortest: what the machine did to the others is nobody's
/// stage.
const COUNTED: usize = 95;

/// Means of each turn, ns.
#[derive(Debug, Default)]
pub struct Sums {
    /// By turn: what the venue saw.
    seen: Vec<f64>,
    /// By turn: the engine's stages.
    stages: Vec<[f64; STAGES.len()]>,
    /// By turn: the way down and the way up of the loopback.
    ways: Vec<[f64; 2]>,
}

impl Sums {
    /// A turn of the engine.
    pub fn add_engine(&mut self, seen: &Seen, stamps: &[Stamps]) {
        assert_eq!(seen.rounds.len(), stamps.len(), "stamps of every frame");
        let whole = |i: usize| seen.rounds[i].1 - seen.rounds[i].0;
        let counted = shortest(stamps.len(), whole);
        for i in 0..stamps.len() {
            let ((written, answered), stamps) = (seen.rounds[i], &stamps[i]);
            assert!(written < stamps[0] && stamps.is_sorted() && stamps[STAGES.len()] < answered, "one clock for all");
        }
        self.seen.push(seen.ns(mean(&counted, whole)));
        self.stages.push(std::array::from_fn(|s| seen.ns(mean(&counted, |i| stamps[i][s + 1] - stamps[i][s]))));
    }

    /// A turn of bare TCP with the engine's sizes, and an answer as late as the engine's.
    pub fn add_loopback(&mut self, seen: &Seen, spans: &[Span]) {
        assert_eq!(seen.rounds.len(), spans.len(), "stamps of every frame");
        let counted = shortest(spans.len(), |i| seen.rounds[i].1 - seen.rounds[i].0);
        let down = mean(&counted, |i| spans[i].read - seen.rounds[i].0);
        let up = mean(&counted, |i| seen.rounds[i].1 - spans[i].write);
        self.ways.push([seen.ns(down), seen.ns(up)]);
    }

    /// How long the engine takes from the read's return to the write's call, ns, as the turns so far say.
    pub fn engine_ns(&self) -> f64 {
        median(self.stages.iter().map(|stages| stages.iter().sum()))
    }

    /// The sum in words; `loopback` is what bare TCP took.
    pub fn words(&self, loopback: &Self) -> String {
        let mut out = format!(
            "Where the mean of `crosstick, inline` goes, ns a frame (means of the {COUNTED} % shortest rounds of a turn, \
             median over the turns):\n\n| part | mean |\n|---|---:|\n"
        );
        let [down, up] = [0, 1].map(|way| median(loopback.ways.iter().map(|ways| ways[way])));
        let _ = writeln!(
            out,
            "| loopback down: the venue's write called to the client's read back (bare TCP) | {down:.0} |"
        );
        for (stage, name) in STAGES.iter().enumerate() {
            let ns = median(self.stages.iter().map(|stages| stages[stage]));
            let _ = writeln!(out, "| {name} | {ns:.0} |");
        }
        let _ =
            writeln!(out, "| loopback up: the client's write called to the venue's read back (bare TCP) | {up:.0} |");
        // By rounds of the contest: what the machine does to the turns of one it mostly does to all of them.
        let sums: Vec<f64> = self
            .stages
            .iter()
            .zip(&loopback.ways)
            .map(|(stages, ways)| stages.iter().sum::<f64>() + ways.iter().sum::<f64>())
            .collect();
        let off = median(sums.iter().zip(&self.seen).map(|(sum, seen)| 100.0 * (sum - seen) / seen));
        let (sum, seen) = (median(sums.iter().copied()), median(self.seen.iter().copied()));
        let _ = writeln!(out, "| **sum** | **{sum:.0}** |\n| **seen by the venue** | **{seen:.0}** |");
        let verdict = if off.abs() <= 5.0 { "within" } else { "NOT within" };
        let _ = writeln!(out, "\nThe sums are off by {off:+.1} % (median over the rounds): {verdict} 5 %.");
        out
    }
}

/// The rounds that are counted.
fn shortest(rounds: usize, ticks: impl Fn(usize) -> u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..rounds).collect();
    order.sort_by_key(|i| ticks(*i));
    order.truncate((rounds * COUNTED).div_ceil(100));
    order
}

/// In ticks.
fn mean(rounds: &[usize], ticks: impl Fn(usize) -> u64) -> u64 {
    rounds.iter().map(|i| ticks(*i)).sum::<u64>() / rounds.len().max(1) as u64
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
