//! The opportunity file: one row an opportunity, sorted by begin, market, buy venue, sell venue.
//!
//! Rows are short and kept until the end, because the order of the file is not the order in which
//! opportunities end; without a file to write, none is kept.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;

use crosstick_model::Universe;
use crosstick_strategy::Opportunity;

/// The first line of the file.
pub const HEADER: &str =
    "market,buy_venue,sell_venue,begin_ns,end_ns,first_edge_ppm,best_edge_ppm,buy_price,sell_price,quantity,outcome";

/// Writes the file.
///
/// # Errors
/// When it cannot be written.
pub fn write(path: &Path, rows: &mut [Opportunity], universe: &Universe) -> io::Result<()> {
    fs::write(path, render(rows, universe))
}

/// The text of the file; sorts `rows`.
#[must_use]
pub fn render(rows: &mut [Opportunity], universe: &Universe) -> String {
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
