//! What comes from one venue: its decoder, its trade ids, its counts. Hot while reading.

use std::collections::BTreeMap;

use crosstick_feeds::decode::{Decoder, SequenceTracker, SymbolTable, TimeUnit};
use crosstick_model::{Protocol, Tick, TickKind};

use crate::report::FeedReport;

/// What was read that no decoder counts: rows and ticks that are ticks already.
#[derive(Debug, Default)]
struct Rows {
    rows: u64,
    bytes: u64,
    trades: u64,
    quotes: u64,
    other: u64,
    refused: BTreeMap<&'static str, u64>,
}

/// The data of one venue: its line 0.
pub(crate) struct VenueFeed {
    /// Our name of the venue.
    pub name: String,
    decoder: Option<Decoder>,
    sequence: SequenceTracker,
    rows: Rows,
}

impl VenueFeed {
    /// A feed that decodes no frames yet.
    pub fn new(name: String) -> Self {
        Self { name, decoder: None, sequence: SequenceTracker::default(), rows: Rows::default() }
    }

    /// Lets it decode frames over the venue's symbols.
    pub fn decode(&mut self, protocol: Protocol, unit: TimeUnit, symbols: SymbolTable) {
        self.decoder = Some(Decoder::new(protocol, unit, 0, symbols));
    }

    /// Decodes one frame, in place; its tick, if it is one.
    #[inline]
    pub fn frame(&mut self, frame: &mut [u8], recv_ns: u64) -> Option<Tick> {
        let mut found = None;
        // What is no tick is counted by the decoder, with its reason.
        if let Some(decoder) = &mut self.decoder {
            let _ = decoder.decode(frame, recv_ns, &mut |tick| found = Some(tick));
        }
        if let Some(tick) = &found {
            self.sequence.see(tick);
        }
        found
    }

    /// Counts what is a tick already, or is none; hands it on. `numbered`: its number is the venue's.
    #[inline]
    pub fn row(&mut self, read: Result<Option<Tick>, &'static str>, bytes: u64, numbered: bool) -> Option<Tick> {
        self.rows.rows += 1;
        self.rows.bytes += bytes;
        let tick = match read {
            Ok(tick) => tick,
            Err(reason) => {
                *self.rows.refused.entry(reason).or_default() += 1;
                return None;
            }
        };
        match tick.map(|t| t.kind) {
            Some(TickKind::Trade) => self.rows.trades += 1,
            Some(TickKind::Quote) => self.rows.quotes += 1,
            Some(TickKind::Line) | None => self.rows.other += 1,
        }
        if let Some(tick) = tick.filter(|_| numbered) {
            self.sequence.see(&tick);
        }
        tick
    }

    /// The feed's row of the report.
    pub fn report(&self) -> FeedReport {
        let mut report = FeedReport {
            venue: self.name.clone(),
            frames: self.rows.rows,
            bytes: self.rows.bytes,
            trades: self.rows.trades,
            quotes: self.rows.quotes,
            other: self.rows.other,
            refused: self.rows.refused.iter().map(|(reason, n)| ((*reason).to_owned(), *n)).collect(),
            ..FeedReport::default()
        };
        if let Some(counters) = self.decoder.as_ref().map(Decoder::counters) {
            report.frames += counters.frames;
            report.bytes += counters.bytes;
            report.trades += counters.trades;
            report.quotes += counters.quotes;
            report.other += counters.other;
            report.fast_path += counters.fast_path;
            for (reason, n) in counters.refusals() {
                *report.refused.entry(reason.to_owned()).or_default() += n;
            }
        }
        let sequence = self.sequence.total();
        report.trade_gaps = sequence.trade_gaps;
        report.trade_duplicates = sequence.trade_duplicates;
        report
    }
}
