//! Risk: every limit as a bar, and what was denied.

use ratatui::layout::Rect;

use super::{split, worry};
use crate::commands::top::canvas::Canvas;
use crate::commands::top::look::Tone;
use crate::commands::top::scene::{Limit, Scene};
use crate::commands::top::table::{Cell, Drawn, Table, View, left, number, point, right, word};
use crate::commands::top::units::{Number, grouped, percent};

/// Columns of a bar, its ends included.
const BAR: usize = 14;
/// Eighths of a cell.
const EIGHTHS: [char; 8] = [' ', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

pub fn draw(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene, view: &View) -> Drawn {
    let table = limits(scene);
    let (upper, lower) = split(area, (table.height() + 1).min(area.height.saturating_sub(4).max(6)));
    let held = Rect { height: upper.height.saturating_sub(1), ..upper };
    let note = format!("money in {}", scene.result.currency);
    let drawn = table.draw(canvas, held, ("Limits", "none is published"), Some(view), &note);
    let sum: u64 = scene.denied.iter().map(|(_, n)| *n).sum();
    let body = canvas.section(lower, "Denied", &format!("{} in all", grouped(sum)));
    denied(canvas, body, scene);
    drawn
}

fn limits(scene: &Scene) -> Table {
    let mut table = Table::new(&[
        left("limit", 0, 0),
        left("use", 0, BAR as u16),
        right("%", 0, 6),
        point("used", 0, 9),
        point("of", 0, 9),
        point("headroom", 3, 9),
        right("reached", 2, 0),
        right("denied", 1, 6),
        left("then", 4, 6),
        left("unit", 5, 0),
    ]);
    for limit in &scene.limits {
        table.row(vec![
            word(&limit.name, Tone::Plain),
            bar(limit.share, BAR),
            share(limit),
            number(limit.used.clone(), Tone::Strong),
            number(limit.limit.clone(), Tone::Plain),
            number(limit.headroom.clone(), Tone::Quiet),
            number(Number::count(limit.breaches), worry(limit.breaches)),
            number(Number::count(limit.denied), worry(limit.denied)),
            if limit.halts { word("halts", Tone::Warn) } else { word("denies", Tone::Quiet) },
            word(&limit.unit, Tone::Quiet),
        ]);
    }
    table
}

/// Green while there is room, yellow when it gets tight, red near the end.
pub fn tone(share: f64) -> Tone {
    if share >= 0.9 {
        Tone::Bad
    } else if share >= 0.7 {
        Tone::Warn
    } else {
        Tone::Good
    }
}

/// How full a limit is; blank where nothing fills up.
pub fn bar(share: Option<f64>, columns: usize) -> Cell {
    let Some(share) = share else { return word("", Tone::Plain) };
    let inside = columns.saturating_sub(2);
    let eighths = (share.clamp(0.0, 1.0) * (inside * 8) as f64).round() as usize;
    // What is used at all is seen.
    let eighths = if share > 0.0 { eighths.max(1) } else { eighths };
    let mut text = String::from("▕");
    for i in 0..inside {
        let fill = eighths.saturating_sub(i * 8).min(8);
        text.push(if fill == 8 { '█' } else { EIGHTHS[fill] });
    }
    text.push('▏');
    word(text, tone(share))
}

pub fn share(limit: &Limit) -> Cell {
    match limit.share {
        Some(share) => number(Number { text: percent(share), key: share }, tone(share)),
        None => number(Number::none(), Tone::Quiet),
    }
}

/// Codes with their counts, in as many columns as fit.
fn denied(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene) {
    const WIDE: u16 = 36;
    let some: Vec<&(String, u64)> = scene.denied.iter().filter(|(_, n)| *n > 0).collect();
    if some.is_empty() {
        canvas.put(area.x, area.y, if area.height > 0 { area.width } else { 0 }, "nothing was denied", Tone::Quiet);
        return;
    }
    let columns = (area.width / (WIDE + 2)).max(1);
    for (i, (code, count)) in some.into_iter().enumerate() {
        let (column, row) = (i as u16 % columns, i as u16 / columns);
        if row >= area.height {
            break;
        }
        let x = area.x + column * (WIDE + 2);
        canvas.put(x, area.y + row, WIDE - 12, code, Tone::Plain);
        canvas.put_right(x + WIDE, area.y + row, 12, &grouped(*count), Tone::Strong);
    }
}
