//! Money: result, positions, balances.

use ratatui::layout::Rect;

use super::split;
use crate::commands::top::canvas::Canvas;
use crate::commands::top::look::{Tone, by_sign};
use crate::commands::top::scene::{Outcome, Scene};
use crate::commands::top::table::{Drawn, Table, View, left, number, right, word};
use crate::commands::top::units::Number;

pub fn draw(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene, view: &View) -> Drawn {
    let (upper, lower) = split(area, 3);
    result_line(canvas, upper, &scene.result);
    let table = positions(scene);
    let balances = balances(scene);
    // Balances get what they need as long as positions keep half.
    let rows = table.height().min((lower.height / 2).max(lower.height.saturating_sub(balances.height() + 1)));
    let (upper, lower) = split(lower, rows + 1);
    let note = scene.result.currency.as_str();
    let held = Rect { height: upper.height.saturating_sub(1), ..upper };
    let drawn = table.draw(canvas, held, ("Positions", "no instrument is configured"), Some(view), note);
    // Both scroll together; sorting is the positions'.
    let along = View { offset: view.offset, ..View::default() };
    let titles = ("Balances", "none are tracked: no venue states any");
    let below = balances.draw(canvas, lower, titles, Some(&along), "change since the start");
    let hidden = (drawn.rows - drawn.shown).max(below.rows - below.shown);
    Drawn { rows: drawn.shown + hidden, ..drawn }
}

/// Net = realised − fees + unrealised, in a line.
fn result_line(canvas: &mut Canvas<'_>, area: Rect, result: &Outcome) {
    let body = canvas.section(area, "Result", &result.currency);
    let mut x = body.x;
    for (sign, name, amount) in [
        ("", "net", result.net),
        ("= ", "realised", result.realised),
        ("− ", "fees", result.fees),
        ("+ ", "unrealised", result.unrealised),
    ] {
        x = canvas.put(x, body.y, body.right().saturating_sub(x), &format!("{sign}{name} "), Tone::Quiet);
        let number = Number::amount(amount, 4);
        let tone = if name == "net" { by_sign(number.key) } else { Tone::Plain };
        x = canvas.put(x, body.y, body.right().saturating_sub(x), &format!("{:>9}", number.text), tone) + 1;
    }
}

fn positions(scene: &Scene) -> Table {
    let mut table = Table::new(&[
        left("venue", 0, 0),
        left("symbol", 0, 0),
        right("quantity", 0, 10),
        left("unit", 3, 0),
        right("net", 0, 10),
        right("realised", 1, 10),
        right("fees", 1, 9),
        right("unrealised", 2, 10),
    ]);
    for p in &scene.positions {
        let net = p.realised.saturating_sub(p.fees).saturating_add(p.unrealised);
        let quantity = if p.quantity.key == 0.0 { Tone::Quiet } else { Tone::Strong };
        table.row(vec![
            word(&p.venue, Tone::Strong),
            word(&p.symbol, Tone::Plain),
            number(p.quantity.clone(), quantity),
            word(&p.unit, Tone::Quiet),
            number(Number::signed(net, 4), by_sign(net as f64)),
            number(Number::signed(p.realised, 4), Tone::Plain),
            number(Number::amount(p.fees, 4), Tone::Plain),
            number(Number::signed(p.unrealised, 4), Tone::Plain),
        ]);
    }
    table
}

fn balances(scene: &Scene) -> Table {
    let mut table = Table::new(&[
        left("venue", 0, 0),
        left("asset", 0, 0),
        right("free", 0, 12),
        right("locked", 0, 10),
        right("at the start", 1, 12),
        right("change", 0, 10),
    ]);
    for b in &scene.balances {
        let change = b.total.saturating_sub(b.initial);
        let locked = if b.locked == 0 { Tone::Quiet } else { Tone::Plain };
        table.row(vec![
            word(&b.venue, Tone::Strong),
            word(&b.asset, Tone::Plain),
            number(Number::amount(b.free, 8), if b.free < 0 { Tone::Bad } else { Tone::Plain }),
            number(Number::amount(b.locked, 8), locked),
            number(Number::amount(b.initial, 8), Tone::Quiet),
            number(Number::signed(change, 8), if change == 0 { Tone::Quiet } else { Tone::Strong }),
        ]);
    }
    table
}
