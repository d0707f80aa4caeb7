//! What there is to tell of an opportunity: plain data, as `--json` prints it. Prices, quantities and money are exact
//! decimal strings; times are ns since the epoch.

use serde::Serialize;

/// An opportunity from its begin to what its orders came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Story {
    /// Its number in the session.
    pub opportunity: u64,
    /// The market.
    pub market: String,
    /// Where to buy.
    pub buy_venue: String,
    /// Where to sell.
    pub sell_venue: String,
    /// How it began.
    pub begin: Seen,
    /// What risk was asked, in order.
    pub tries: Vec<Try>,
    /// How it ended; `None` where the journal ends before.
    pub end: Option<End>,
    /// `taken`, or the code of the reason at its best edge.
    pub outcome: Option<&'static str>,
    /// The outcome in a sentence, with its numbers.
    pub why: String,
    /// Its orders, those that closed what a leg left open among them.
    pub orders: Vec<OrderStory>,
    /// What there was later, counted from the order, or from the begin where none was sent.
    pub later: Vec<Later>,
}

/// Prices, edge and size at one input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Seen {
    /// Number of the journal's record that decided it.
    pub seq: u64,
    /// Core time.
    pub at_ns: u64,
    /// Where to buy, at the ask.
    pub buy: LegSeen,
    /// Where to sell, at the bid.
    pub sell: LegSeen,
    /// The edge with its numbers.
    pub edge: Edge,
    /// The size with its numbers.
    pub size: Size,
}

/// One leg's price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LegSeen {
    /// The venue.
    pub venue: String,
    /// The symbol there.
    pub symbol: String,
    /// What it would trade at.
    pub price: String,
    /// How much was shown there.
    pub size: String,
    /// Age of the price at that core time, ns.
    pub age_ns: u64,
    /// `usable`, or what keeps it from being traded on.
    pub state: String,
    /// The taker fee, bps.
    pub fee_bps: String,
}

/// The edge after both taker fees.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Edge {
    /// ppm, rounded down.
    pub ppm: i64,
    /// Least edge, ppm.
    pub least_ppm: String,
    /// The formula with its numbers.
    pub formula: String,
}

/// The size in base units.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Size {
    /// The size.
    pub quantity: String,
    /// What the ask shows.
    pub ask: String,
    /// What the bid shows.
    pub bid: String,
    /// What `max_notional` allows at the ask; `None`: no bound.
    pub notional: Option<String>,
    /// What bounded it.
    pub bounded_by: &'static str,
}

/// A group of intents that risk was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Try {
    /// Number of the journal's record of the verdict.
    pub seq: u64,
    /// Core time.
    pub at_ns: u64,
    /// Number of the group.
    pub group: u64,
    /// Whether it closes what a leg left open.
    pub closing: bool,
    /// `approved`, or the code that denied it.
    pub verdict: &'static str,
    /// Every check in the gate's order.
    pub checks: Vec<CheckSeen>,
}

/// One check of risk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckSeen {
    /// Index of the leg.
    pub leg: u8,
    /// The code that its failure is told by.
    pub code: &'static str,
    /// The number, this order counted in; `None` where there is none.
    pub used: Option<String>,
    /// `<=`, `<`, `>=`, `>`, or `multiple of`.
    pub bound: &'static str,
    /// The limit.
    pub limit: String,
    /// What is left.
    pub headroom: Option<String>,
    /// What the numbers are in.
    pub unit: String,
    /// Whether it passes.
    pub passes: bool,
}

/// The end of an opportunity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct End {
    /// Number of the journal's record.
    pub seq: u64,
    /// Core time.
    pub at_ns: u64,
    /// How long it lasted, ns.
    pub lasted_ns: u64,
    /// Best edge while it lasted, ppm.
    pub best_edge_ppm: i64,
}

/// An order and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OrderStory {
    /// Number of the journal's record.
    pub seq: u64,
    /// Our id.
    pub order: u64,
    /// Whether it closes what a leg left open.
    pub closing: bool,
    /// The venue.
    pub venue: String,
    /// The symbol there.
    pub symbol: String,
    /// `buy` or `sell`.
    pub side: &'static str,
    /// Worst price: the quote's, at the decision.
    pub price: String,
    /// How much.
    pub quantity: String,
    /// Core time at which it was sent.
    pub sent_ns: u64,
    /// What the venue said, in order.
    pub reports: Vec<ReportStory>,
}

/// One report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReportStory {
    /// Number of the journal's record.
    pub seq: u64,
    /// When it reached us.
    pub at_ns: u64,
    /// Time since the order was sent, ns.
    pub after_ns: u64,
    /// What happened.
    pub what: String,
    /// A fill: by how much its price is better than the order's, ppm; negative: worse.
    pub better_ppm: Option<i64>,
}

/// The same way a while later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Later {
    /// So much later, ms.
    pub after_ms: u64,
    /// The journal reaches that time; without it the rest says nothing.
    pub known: bool,
    /// An opportunity was still, or again, open there.
    pub there: bool,
    /// The edge, ppm; `None` while a price was not usable.
    pub edge_ppm: Option<i64>,
    /// The ask.
    pub ask: String,
    /// The bid.
    pub bid: String,
    /// The smaller size shown, base units.
    pub size: String,
}

/// How one way stood at a time at which it was no opportunity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stand {
    /// The market.
    pub market: String,
    /// Where to buy, at the ask.
    pub buy: LegSeen,
    /// Where to sell, at the bid.
    pub sell: LegSeen,
    /// The edge, ppm; `None` while a price is not usable.
    pub edge_ppm: Option<i64>,
    /// Why it is none.
    pub why: String,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Explained {
    /// The opportunities that were asked for.
    Opportunities(Vec<Story>),
    /// None was open then: how every way stood, the best edge first.
    None {
        /// The time, ns since the epoch.
        at_ns: u64,
        /// Every way.
        ways: Vec<Stand>,
    },
}
