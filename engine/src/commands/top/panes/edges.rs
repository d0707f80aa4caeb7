//! Edges: what each way through a market would bring now, after both takers' fees.

use crate::commands::top::look::Tone;
use crate::commands::top::scene::Scene;
use crate::commands::top::table::{Table, left, number, right, word};
use crate::commands::top::units::Number;

pub const TITLE: (&str, &str) = ("Edges", "no market has two venues");
pub const NOTE: &str = "bps after both takers' fees";

pub fn table(scene: &Scene) -> Table {
    let mut table = Table::new(&[
        left("market", 0, 0),
        left("buy on", 0, 0),
        left("sell on", 0, 0),
        right("edge", 0, 8),
        right("best 1 min", 0, 10),
        left("quotes", 3, 8),
        right("buy at", 2, 9),
        right("sell at", 2, 9),
        right("fees", 4, 6),
    ]);
    for edge in &scene.edges {
        let bps = |ppm: Option<i64>| ppm.map_or_else(Number::none, Number::bps);
        let tone = |ppm: Option<i64>| ppm.filter(|ppm| *ppm > 0).map_or(Tone::Quiet, |_| Tone::Good);
        let now = if edge.usable { tone(edge.edge_ppm) } else { Tone::Quiet };
        let quiet = if edge.usable { Tone::Plain } else { Tone::Quiet };
        table.row(vec![
            word(&edge.market, Tone::Plain),
            word(&edge.buy, Tone::Strong),
            word(&edge.sell, Tone::Strong),
            number(bps(edge.edge_ppm), now),
            number(bps(edge.best_ppm), tone(edge.best_ppm)),
            if edge.usable { word("usable", Tone::Good) } else { word("unusable", Tone::Warn) },
            number(edge.ask.clone(), quiet),
            number(edge.bid.clone(), quiet),
            number(Number::fixed(i128::from(edge.fees_ppm), 2), Tone::Quiet),
        ]);
    }
    table
}
