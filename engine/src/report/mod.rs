//! The report: what a run or a replay did, as JSON for programs and in words for people. Cold.
//!
//! Field names are a contract; money is decimal strings, counts are integers.

pub mod assemble;
pub mod csv;
pub mod flight;
mod words;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use serde::Serialize;

/// The whole report.
#[derive(Debug, Clone, Serialize)]
pub struct SessionReport {
    /// Which program.
    pub build: Build,
    /// `paper`, or `replay` without a strategy's market.
    pub mode: String,
    /// How long it ran: wall time of a run, time covered by the input of a replay.
    pub duration_s: f64,
    /// Why it ended: `duration`, `signal`, `halt`, or `input`.
    pub ended: &'static str,
    /// Why trading is halted, if it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub halt: Option<HaltReport>,
    /// Limits that were reached while trading was halted already, by code: once a halt each.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub breaches_while_halted: BTreeMap<&'static str, u64>,
    /// One entry a line of a venue.
    pub feeds: Vec<FeedReport>,
    /// One entry an instrument.
    pub instruments: Vec<InstrumentReport>,
    /// Market-data events that the core took.
    pub ticks: u64,
    /// Spreads worth money after fees.
    pub opportunities: OpportunityReport,
    /// What became of orders.
    pub orders: OrderReport,
    /// What became of pairs of legs.
    pub pairs: PairReport,
    /// Profit and loss.
    pub pnl: PnlReport,
    /// What the fills of this run left at each venue.
    pub positions: Vec<PositionReport>,
    /// One entry a stage that has samples.
    pub latency_ns: BTreeMap<String, StageReport>,
    /// The ticks of a run that took longest, the worst first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub worst_ticks: Vec<flight::WorstTick>,
    /// Turns of a run's hot threads that took too long.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub overlong_turns: Option<flight::OverlongTurns>,
    /// BLAKE3 over the decision records, in hex.
    pub decisions_hash: String,
    /// The run's journal, where one was kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub journal: Option<JournalReport>,
}

/// What a run's journal came to.
#[derive(Debug, Clone, Serialize)]
pub struct JournalReport {
    /// The session's folder.
    pub dir: String,
    /// Entries written.
    pub entries: u64,
    /// Bytes of them.
    pub bytes: u64,
    /// Entries that could not be written; above zero, the journal ends before the run does.
    pub lost: u64,
    /// What went wrong with it first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
}

/// Which program.
#[derive(Debug, Clone, Serialize)]
pub struct Build {
    /// Package version.
    pub version: &'static str,
    /// Commit, or empty where it was not known when it was built.
    pub commit: &'static str,
}

impl Build {
    /// This program.
    pub const THIS: Self = Self {
        version: env!("CARGO_PKG_VERSION"),
        commit: match option_env!("CROSSTICK_COMMIT") {
            Some(commit) => commit,
            None => "",
        },
    };
}

/// Why trading is halted.
#[derive(Debug, Clone, Serialize)]
pub struct HaltReport {
    /// The deny code of the limit.
    pub code: String,
    /// A sentence.
    pub reason: String,
}

/// One line of a venue.
#[derive(Debug, Clone, Default, Serialize)]
pub struct FeedReport {
    /// Our name of the venue.
    pub venue: String,
    /// Which of its lines.
    pub line: u8,
    /// WebSocket messages received (recorded lines in a replay).
    pub frames: u64,
    /// Their payload bytes.
    pub bytes: u64,
    /// Trade messages.
    pub trades: u64,
    /// Best bid and ask messages.
    pub quotes: u64,
    /// Good messages of any other kind.
    pub other: u64,
    /// Ticks that the fast path decoded.
    pub fast_path: u64,
    /// Refused messages by reason.
    pub refused: BTreeMap<String, u64>,
    /// Trade ids that never came.
    pub trade_gaps: u64,
    /// Trade ids that came twice.
    pub trade_duplicates: u64,
    /// Connections that went live.
    pub connects: u64,
    /// Ticks that found the ring full.
    pub ring_full: u64,
    /// Quotes that a newer one of their instrument replaced while the ring was full.
    pub quotes_replaced: u64,
    /// Decoded ticks that the core had no room for when the run ended.
    pub lost_at_stop: u64,
}

/// One instrument.
#[derive(Debug, Clone, Default, Serialize)]
pub struct InstrumentReport {
    /// Our name of its venue.
    pub venue: String,
    /// The venue's symbol.
    pub symbol: String,
    /// Public prints, off-market ones included.
    pub trades: u64,
    /// Public prints that are off-market.
    pub off_market: u64,
    /// Best bid and ask updates.
    pub quotes: u64,
    /// Sum of the prints' quantities, as the venue counts them.
    pub quantity: String,
    /// Sum of price × quantity of the prints.
    pub notional: String,
}

/// Spreads worth money after fees.
#[derive(Debug, Clone, Default, Serialize)]
pub struct OpportunityReport {
    /// All that began.
    pub seen: u64,
    /// Those for which at least one order was sent.
    pub taken: u64,
    /// The others, by reason.
    pub declined: BTreeMap<&'static str, u64>,
}

/// What became of orders.
#[derive(Debug, Clone, Default, Serialize)]
pub struct OrderReport {
    /// Handed to a gateway.
    pub sent: u64,
    /// Filled whole.
    pub filled: u64,
    /// Filled in part, then ended.
    pub partly_filled: u64,
    /// Ended without a fill.
    pub unfilled: u64,
    /// Refused by the venue.
    pub rejected: u64,
    /// Not over when the input or the run ended.
    pub open: u64,
    /// Groups of intents that risk denied, by code.
    pub denied: BTreeMap<&'static str, u64>,
}

/// What became of pairs of legs. Every pair that is over is in one of clean, empty, closed, unhedged.
#[derive(Debug, Clone, Default, Serialize)]
pub struct PairReport {
    /// Pairs sent.
    pub sent: u64,
    /// Both legs filled alike.
    pub clean: u64,
    /// Neither leg filled.
    pub empty: u64,
    /// One leg filled more than the other, and the excess was closed.
    pub closed: u64,
    /// The excess could not be closed; trading halted.
    pub unhedged: u64,
    /// Not over when the input or the run ended.
    pub in_flight: u64,
    /// Pairs that left a residue which is carried: less than can be ordered, or a fee taken in base.
    pub dust: u64,
}

/// Profit and loss in the risk currency.
#[derive(Debug, Clone, Default, Serialize)]
pub struct PnlReport {
    /// The currency.
    pub currency: String,
    /// Of what was closed, before fees.
    pub realised: String,
    /// Fees.
    pub fees: String,
    /// Of what is open, marked to quotes.
    pub unrealised: String,
    /// realised − fees + unrealised.
    pub net: String,
}

/// What the fills of this run left at one venue.
#[derive(Debug, Clone, Default, Serialize)]
pub struct PositionReport {
    /// Our name of the venue.
    pub venue: String,
    /// The asset, or the symbol of a contract.
    pub asset: String,
    /// Signed quantity (contracts where inverse).
    pub quantity: String,
}

/// One stage of a tick's or an order's way.
#[derive(Debug, Clone, Default, Serialize)]
pub struct StageReport {
    /// Where the clock starts.
    pub from: String,
    /// Where it stops.
    pub to: String,
    /// Samples.
    pub count: u64,
    /// Median.
    pub p50: u64,
    /// 90th percentile.
    pub p90: u64,
    /// 99th percentile.
    pub p99: u64,
    /// 99.9th percentile.
    pub p999: u64,
    /// Largest.
    pub max: u64,
}

impl SessionReport {
    /// Writes the JSON form.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write_json(&self, path: &Path) -> io::Result<()> {
        let mut text = serde_json::to_string_pretty(self).map_err(io::Error::from)?;
        text.push('\n');
        fs::write(path, text)
    }

    /// The report in words.
    #[must_use]
    pub fn words(&self) -> String {
        words::render(self)
    }
}
