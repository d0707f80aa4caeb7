//! Orders in flight, and fills, the newest first.

use ratatui::layout::Rect;

use super::{missed, split};
use crate::commands::top::canvas::Canvas;
use crate::commands::top::look::Tone;
use crate::commands::top::scene::Scene;
use crate::commands::top::table::{Cell, Drawn, Table, View, left, number, right, word};
use crate::commands::top::units::{Number, time_of_day};

pub fn draw(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene, view: &View) -> Drawn {
    let table = in_flight(scene);
    // At least five rows, so that the fills below stand still while orders come and go.
    let rows = table.height().max(7).min(area.height / 2);
    let (upper, lower) = split(area, rows);
    let unseen =
        if scene.orders_unseen == 0 { String::new() } else { format!("{} more without a slot", scene.orders_unseen) };
    table.draw(canvas, upper, ("Orders in flight", "none"), None, &unseen);
    let missed = missed(scene.fills.missed);
    fills(scene).draw(canvas, lower, ("Fills", "none yet"), Some(view), &missed)
}

fn side(buy: bool) -> Cell {
    if buy { word("buy", Tone::Good) } else { word("sell", Tone::Down) }
}

fn in_flight(scene: &Scene) -> Table {
    let mut table = Table::new(&[
        right("order", 0, 6),
        left("venue", 0, 0),
        left("symbol", 0, 0),
        left("side", 0, 4),
        right("quantity", 0, 9),
        right("price", 0, 9),
        right("filled", 2, 9),
        left("state", 1, 9),
        right("age", 0, 7),
        left("why", 3, 5),
    ]);
    for order in &scene.orders {
        table.row(vec![
            number(Number { text: order.id.to_string(), key: order.id as f64 }, Tone::Quiet),
            word(&order.venue, Tone::Strong),
            word(&order.symbol, Tone::Plain),
            side(order.buy),
            number(order.quantity.clone(), Tone::Plain),
            number(order.price.clone(), Tone::Plain),
            number(order.filled.clone(), Tone::Plain),
            word(&order.state, Tone::Plain),
            number(Number::age(scene.now_ns, order.sent_ns), Tone::Plain),
            word(&order.purpose, Tone::Quiet),
        ]);
    }
    table
}

fn fills(scene: &Scene) -> Table {
    let mut table = Table::new(&[
        left("time", 0, 12),
        left("venue", 0, 0),
        left("symbol", 0, 0),
        left("side", 0, 4),
        right("quantity", 0, 9),
        right("price", 0, 9),
        right("fee", 2, 9),
        left("in", 2, 4),
        right("order", 4, 6),
        left("as", 5, 5),
    ]);
    for fill in scene.fills.rows.iter().rev() {
        table.row(vec![
            word(time_of_day(fill.at_ns), Tone::Quiet),
            word(&fill.venue, Tone::Strong),
            word(&fill.symbol, Tone::Plain),
            side(fill.buy),
            number(fill.quantity.clone(), Tone::Plain),
            number(fill.price.clone(), Tone::Plain),
            number(fill.fee.clone(), Tone::Quiet),
            word(&fill.fee_asset, Tone::Quiet),
            number(Number { text: fill.order.to_string(), key: fill.order as f64 }, Tone::Quiet),
            word(&fill.liquidity, Tone::Quiet),
        ]);
    }
    table
}
