//! The opportunity file: one row an opportunity, sorted by begin, market, buy venue, sell venue.
//!
//! Rows are short and kept until the end, because the order of the file is not the order in which
//! opportunities end; without a file to write, none is kept.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;

use crosstick_model::Universe;
use crosstick_model::decision::{Outcome, Route};

/// The first line of the file.
pub const HEADER: &str =
    "market,buy_venue,sell_venue,begin_ns,end_ns,first_edge_ppm,best_edge_ppm,buy_price,sell_price,quantity,outcome";

/// One opportunity, from begin to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// Which way.
    pub route: Route,
    /// Core time of its begin.
    pub begin_ns: u64,
    /// Core time of its end; `None` when it was open at the end of input.
    pub end_ns: Option<u64>,
    /// Edge at its begin, ppm.
    pub first_edge_ppm: i64,
    /// Best edge while it lasted, ppm.
    pub best_edge_ppm: i64,
    /// Ask to buy at, at its begin, at the market's scale.
    pub buy_price: i64,
    /// Bid to sell at, at its begin, at the market's scale.
    pub sell_price: i64,
    /// Base units at its begin, at the market's scale.
    pub quantity: i64,
    /// What became of it.
    pub outcome: Outcome,
}

/// Writes the file.
///
/// # Errors
/// When it cannot be written.
pub fn write(path: &Path, rows: &mut [Row], universe: &Universe) -> io::Result<()> {
    fs::write(path, render(rows, universe))
}

/// The text of the file; sorts `rows`.
#[must_use]
pub fn render(rows: &mut [Row], universe: &Universe) -> String {
    rows.sort_by_key(|row| (row.begin_ns, row.route.market, row.route.buy, row.route.sell));
    let mut text = String::with_capacity(HEADER.len() + 1 + rows.len() * 112);
    text.push_str(HEADER);
    text.push('\n');
    for row in rows.iter() {
        let market = &universe.markets[row.route.market.index()];
        let end = row.end_ns.map(|ns| ns.to_string()).unwrap_or_default();
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "{},{},{},{},{},{},{},{},{},{},{}",
            market.name,
            universe.venue(row.route.buy).name,
            universe.venue(row.route.sell).name,
            row.begin_ns,
            end,
            row.first_edge_ppm,
            row.best_edge_ppm,
            market.scale.price(row.buy_price),
            market.scale.price(row.sell_price),
            market.scale.quantity(row.quantity),
            row.outcome.code()
        );
    }
    text
}
