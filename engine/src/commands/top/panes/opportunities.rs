//! Opportunities as they come, the newest first.

use ratatui::layout::Rect;

use super::missed;
use crate::commands::top::canvas::Canvas;
use crate::commands::top::look::Tone;
use crate::commands::top::scene::{Opportunity, Scene};
use crate::commands::top::table::{Drawn, Table, View, left, number, right, word};
use crate::commands::top::units::{Number, age, grouped, latency, percent, time_of_day};

pub fn draw(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene, view: &View) -> Drawn {
    let engine = &scene.engine;
    let share = if engine.seen.count == 0 { 0.0 } else { engine.taken.count as f64 / engine.seen.count as f64 };
    let mut note =
        format!("{} seen, {} taken ({})", grouped(engine.seen.count), grouped(engine.taken.count), percent(share));
    let missed = missed(scene.opportunities.missed);
    if !missed.is_empty() {
        note = format!("{note} · {missed}");
    }
    table(scene).draw(canvas, area, ("Opportunities", "none yet"), Some(view), &note)
}

pub fn table(scene: &Scene) -> Table {
    let mut table = Table::new(&[
        left("begin", 0, 12),
        left("market", 0, 0),
        left("buy on", 0, 0),
        left("sell on", 0, 0),
        right("life", 1, 7),
        right("best bps", 0, 7),
        left("outcome", 0, 12),
        right("first bps", 3, 7),
        right("size", 4, 8),
        right("buy at", 5, 9),
        right("sell at", 5, 9),
    ]);
    for o in scene.opportunities.rows.iter().rev() {
        let (life, tone) = life(o, scene.now_ns);
        table.row(vec![
            word(time_of_day(o.begin_ns), Tone::Quiet),
            word(&o.market, Tone::Plain),
            word(&o.buy, Tone::Strong),
            word(&o.sell, Tone::Strong),
            number(life, tone),
            number(Number::bps(o.best_ppm), Tone::Plain),
            outcome(o),
            number(Number::bps(o.first_ppm), Tone::Quiet),
            number(o.quantity.clone(), Tone::Plain),
            number(o.buy_price.clone(), Tone::Plain),
            number(o.sell_price.clone(), Tone::Plain),
        ]);
    }
    table
}

fn life(o: &Opportunity, now_ns: u64) -> (Number, Tone) {
    match o.end_ns {
        Some(end_ns) => (Number::latency(end_ns.saturating_sub(o.begin_ns)), Tone::Plain),
        None => {
            let ns = now_ns.saturating_sub(o.begin_ns);
            (Number { text: if ns < 1_000_000 { latency(ns) } else { age(ns) }, key: ns as f64 }, Tone::Accent)
        }
    }
}

fn outcome(o: &Opportunity) -> crate::commands::top::table::Cell {
    match o.outcome.as_str() {
        "" if o.end_ns.is_none() => word("open", Tone::Accent),
        "" => word("–", Tone::Quiet),
        "taken" => word("taken", Tone::Good),
        reason => word(reason, Tone::Quiet),
    }
}
