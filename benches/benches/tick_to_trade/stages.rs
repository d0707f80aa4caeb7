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

/// Means over all turns.
#[derive(Debug, Default)]
pub struct Sums {
    frames: f64,
    seen_ns: f64,
    stages_ns: [f64; STAGES.len()],
    down_ns: f64,
    up_ns: f64,
}

impl Sums {
    /// A turn of the engine.
    pub fn add_engine(&mut self, seen: &Seen, stamps: &[Stamps]) {
        assert_eq!(seen.rounds.len(), stamps.len(), "stamps of every frame");
        for ((written, answered), stamps) in seen.rounds.iter().zip(stamps) {
            assert!(
                *written < stamps[0] && stamps.is_sorted() && stamps[STAGES.len()] < *answered,
                "one clock for all"
            );
            self.frames += 1.0;
            self.seen_ns += seen.ns(answered - written);
            for (sum, pair) in self.stages_ns.iter_mut().zip(stamps.windows(2)) {
                *sum += seen.ns(pair[1] - pair[0]);
            }
        }
    }

    /// A turn of bare TCP with the engine's sizes.
    pub fn add_loopback(&mut self, seen: &Seen, spans: &[Span]) {
        assert_eq!(seen.rounds.len(), spans.len(), "stamps of every frame");
        for ((written, answered), span) in seen.rounds.iter().zip(spans) {
            self.frames += 1.0;
            self.down_ns += seen.ns(span.read - written);
            self.up_ns += seen.ns(answered - span.write);
        }
    }

    /// The sum in words; `loopback` is what bare TCP took.
    pub fn words(&self, loopback: &Self) -> String {
        let mut out =
            String::from("Where the mean of `crosstick, inline` goes, ns a frame:\n\n| part | mean |\n|---|---:|\n");
        let (down, up) = (loopback.down_ns / loopback.frames, loopback.up_ns / loopback.frames);
        let mut sum = down + up;
        let _ = writeln!(
            out,
            "| loopback down: the venue's write called to the client's read back (bare TCP) | {down:.0} |"
        );
        for (name, ns) in STAGES.iter().zip(self.stages_ns) {
            sum += ns / self.frames;
            let _ = writeln!(out, "| {name} | {:.0} |", ns / self.frames);
        }
        let _ =
            writeln!(out, "| loopback up: the client's write called to the venue's read back (bare TCP) | {up:.0} |");
        let seen = self.seen_ns / self.frames;
        let off = 100.0 * (sum - seen) / seen;
        let _ = writeln!(out, "| **sum** | **{sum:.0}** |\n| **seen by the venue** | **{seen:.0}** |");
        let verdict = if off.abs() <= 5.0 { "within" } else { "NOT within" };
        let _ = writeln!(out, "\nThe sum is off by {off:+.1} %: {verdict} 5 %.");
        out
    }
}
