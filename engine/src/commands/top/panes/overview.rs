//! Overview: all that matters, in one look.

use ratatui::layout::Rect;

use super::{beside, edges, feeds, opportunities, risk, split};
use crate::commands::top::canvas::{Canvas, width};
use crate::commands::top::look::{Tone, by_sign};
use crate::commands::top::scene::{Counter, Scene};
use crate::commands::top::table::{Drawn, Table, View, left, right, word};
use crate::commands::top::units::{Number, grouped, percent, rate, time_of_day};

/// Rows of the upper part: a heading and what the engine counts.
const UPPER: u16 = 10;
/// From here on there is room for latencies at the side.
const WIDE: u16 = 116;
/// From here on there is room for blank rows.
const ROOMY: u16 = 26;

pub fn draw(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene) -> Drawn {
    let (upper, lower) = split(area, UPPER);
    let wide = area.width >= WIDE;
    let columns = if wide { 38 } else { (area.width - 3) / 2 };
    let (first, rest) = beside(upper, columns);
    let (second, third) = if wide { beside(rest, 34) } else { (rest, Rect { width: 0, ..rest }) };
    engine(canvas, first, scene);
    result(canvas, second, scene);
    if wide {
        stages(canvas, third, scene);
    }
    // Where there is little room, headings alone keep lists apart.
    let gap = u16::from(area.height >= ROOMY);
    lists(canvas, split(lower, gap).1, scene, gap);
    Drawn::default()
}

/// Feeds, edges, opportunities, events, one below the other as far as there is room.
fn lists(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene, gap: u16) {
    let none = ("Edges", "no market has two venues");
    let feeds = feeds::table(scene);
    let most = if area.height < 16 { area.height.saturating_sub(4) } else { area.height / 3 };
    let (part, area) = part(area, feeds.height(), most.max(5), gap);
    feeds.draw(canvas, part, feeds::TITLE, None, "");
    let edges = edges::table(scene);
    let best = View { sort: Some("edge"), descending: true, ..View::default() };
    let share = if area.height < 16 { area.height } else { area.height / 3 };
    let (part, area) = self::part(area, edges.height(), share, gap);
    edges.draw(canvas, part, none, Some(&best), edges::NOTE);
    if area.height < 4 {
        return;
    }
    let recent = opportunities::table(scene);
    let share = if area.height < 12 { area.height } else { area.height / 2 };
    let (part, area) = self::part(area, recent.height(), share, gap);
    recent.draw(canvas, part, ("Opportunities", "none yet"), None, "newest first");
    if area.height < 3 {
        return;
    }
    events(scene).draw(canvas, area, ("Events", "none yet"), None, "newest first");
}

/// As much as is wanted and allowed, and what is left below a gap.
fn part(area: Rect, wanted: u16, most: u16, gap: u16) -> (Rect, Rect) {
    let (upper, lower) = split(area, wanted.min(most).max(3));
    (upper, split(lower, gap).1)
}

fn events(scene: &Scene) -> Table {
    let mut table = Table::new(&[left("time", 0, 12), left("what", 0, 10), left("about", 0, 0)]);
    for event in scene.events.rows.iter().rev() {
        let tone = if event.grave { Tone::Bad } else { Tone::Plain };
        table.row(vec![
            word(time_of_day(event.at_ns), Tone::Quiet),
            word(&event.kind, tone),
            word(&event.text, Tone::Plain),
        ]);
    }
    table
}

/// Label, number, and what it is of another or how fast it moves.
fn line(canvas: &mut Canvas<'_>, area: Rect, row: u16, label: &str, value: (&str, Tone), aside: &str) {
    if row >= area.height {
        return;
    }
    let y = area.y + row;
    canvas.put(area.x, y, area.width, label, Tone::Quiet);
    canvas.put_right(area.x + area.width.saturating_sub(12), y, 14, value.0, value.1);
    canvas.put_right(area.right(), y, 11, aside, Tone::Quiet);
}

fn engine(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene) {
    let e = &scene.engine;
    let body = canvas.section(area, "Engine", "");
    let speed = |c: Counter| c.rate.map_or_else(String::new, |r| format!("{} /s", rate(r)));
    let of = |part: u64, whole: u64| if whole == 0 { String::new() } else { percent(part as f64 / whole as f64) };
    let mut row = 0;
    let mut put = |label: &str, count: u64, aside: String, tone: Tone| {
        line(canvas, body, row, label, (&grouped(count), tone), &aside);
        row += 1;
    };
    let trouble = |n: u64| if n > 0 { Tone::Warn } else { Tone::Quiet };
    put("ticks", e.ticks.count, speed(e.ticks), Tone::Strong);
    put("opportunities", e.seen.count, speed(e.seen), Tone::Strong);
    put("  taken", e.taken.count, of(e.taken.count, e.seen.count), Tone::Plain);
    put("  open now", e.open, String::new(), Tone::Plain);
    put("orders sent", e.sent.count, speed(e.sent), Tone::Strong);
    put("  filled", e.filled.count, of(e.filled.count, e.sent.count), Tone::Plain);
    put("  partly filled", e.partly_filled, of(e.partly_filled, e.sent.count), Tone::Plain);
    put("  refused by venues", e.rejected, String::new(), trouble(e.rejected));
    put("denied by risk", e.denied, String::new(), Tone::Plain);
}

fn result(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene) {
    let r = &scene.result;
    let body = canvas.section(area, "Result", &r.currency);
    for (row, (label, amount, signed)) in (0..).zip([
        ("net", r.net, true),
        ("realised", r.realised, false),
        ("fees", r.fees.saturating_neg(), false),
        ("unrealised", r.unrealised, false),
        ("gross exposure", r.gross, false),
    ]) {
        if row >= body.height {
            return;
        }
        let number = Number::signed(amount, 4);
        let tone = if signed { by_sign(number.key) } else { Tone::Plain };
        let text = if label == "gross exposure" { Number::amount(amount, 4).text } else { number.text };
        canvas.put(body.x, body.y + row, body.width, label, Tone::Quiet);
        canvas.put_right(body.right(), body.y + row, 20, &text, tone);
    }
    let rest = Rect { y: body.y + 5, height: body.height.saturating_sub(5), ..body };
    let mut fullest: Vec<_> = scene.limits.iter().filter(|l| l.share.is_some()).collect();
    fullest.sort_by(|a, b| b.share.unwrap_or(0.0).total_cmp(&a.share.unwrap_or(0.0)));
    let note = if scene.limits.is_empty() { "none is published" } else { "" };
    let rest = canvas.section(rest, "Fullest limits", note);
    fullest.truncate(usize::from(rest.height));
    let names: Vec<&str> = fullest.iter().map(|l| l.name.trim_start_matches("max_")).collect();
    let named = names.iter().map(|n| width(n)).max().unwrap_or(0).min(rest.width / 2 + 4);
    for ((y, limit), name) in (rest.y..).zip(fullest).zip(names) {
        let share = limit.share.unwrap_or(0.0);
        canvas.put(rest.x, y, named, name, Tone::Plain);
        let (begin, end) = (rest.x + named + 1, rest.right().saturating_sub(7));
        canvas.bar(begin, y, end.saturating_sub(begin), share, risk::tone(share));
        canvas.put_right(rest.right(), y, 6, &percent(share), risk::tone(share));
    }
}

fn stages(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene) {
    let mut table = Table::new(&[
        left("stage", 0, 0),
        right("p50", 0, 7),
        right("p99", 0, 7),
        right("p99.9", 2, 7),
        right("max", 1, 7),
    ]);
    for stage in &scene.stages {
        let at = |ns: u64| if stage.count == 0 { Number::none() } else { Number::latency(ns) };
        let cell = |ns: u64, tone: Tone| crate::commands::top::table::number(at(ns), tone);
        table.row(vec![
            word(&stage.name, Tone::Plain),
            cell(stage.p50, Tone::Plain),
            cell(stage.p99, Tone::Strong),
            cell(stage.p999, Tone::Plain),
            cell(stage.max, Tone::Plain),
        ]);
    }
    table.draw(canvas, area, ("Latency since the start", "no stage is measured"), None, "");
}
