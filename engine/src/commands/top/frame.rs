//! The frame around a pane: who it is and how it does, the panes, what is wrong, the keys.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::canvas::{Canvas, width, wrapped};
use super::desk::{CONFIRM, Desk, Over, Pane};
use super::look::{Look, Tone};
use super::panes;
use super::scene::{Link, Scene};
use super::table::Drawn;
use super::units::{age, clockwork, time_of_day};

/// Below this there is no room for tables.
pub const LEAST: (u16, u16) = (80, 24);

/// What to do where nothing is known yet: whom this waits for, and how to start it.
const HELP: &[(&str, &str)] = &[
    ("1 – 9", "show that pane"),
    ("Tab, →, Shift-Tab, ←", "next pane, pane before"),
    ("↑ ↓ PgUp PgDn Home End", "scroll; on Latency: choose the stage"),
    ("s", "sort by the next column, in the end as it comes"),
    ("r", "turn the order of sorting around"),
    ("p, Space", "pause: the screen stands still, not the engine"),
    ("h", "halt trading, once a confirmation is typed"),
    ("Ctrl-L", "draw everything anew"),
    ("q, Ctrl-C", "quit; the engine goes on"),
];

/// Draws all; returns what keys will act on.
pub fn draw(buffer: &mut Buffer, look: Look, scene: &Scene, desk: &Desk) -> Drawn {
    let area = *buffer.area();
    let mut canvas = Canvas { buffer, look };
    if area.width < LEAST.0 || area.height < LEAST.1 {
        too_small(&mut canvas, area);
        return Drawn::default();
    }
    let inner = Rect { x: area.x + 1, width: area.width - 2, ..area };
    head(&mut canvas, Rect { height: 1, ..inner }, scene, desk);
    tabs(&mut canvas, area, desk.pane);
    foot(&mut canvas, Rect { y: area.bottom() - 1, height: 1, ..inner }, scene, desk);
    let mut body = Rect { y: inner.y + 3, height: inner.height - 4, ..inner };
    for (text, tone) in banners(scene) {
        let rows = wrapped(&text, area.width - 2);
        for row in rows.iter().take(usize::from(body.height)) {
            let wide = usize::from(area.width);
            let line = format!(" {row:<wide$}");
            canvas.put(area.x, body.y, area.width, &line, tone);
            body = Rect { y: body.y + 1, height: body.height - 1, ..body };
        }
    }
    let drawn = if scene.link.has_values() {
        panes::draw(&mut canvas, body, scene, desk)
    } else {
        waiting(&mut canvas, body, scene);
        Drawn::default()
    };
    match &desk.over {
        Over::Nothing => {}
        Over::Help => help(&mut canvas, area),
        Over::Halt(typed) => ask_halt(&mut canvas, area, scene, typed),
    }
    drawn
}

fn too_small(canvas: &mut Canvas<'_>, area: Rect) {
    let (wide, high) = LEAST;
    let text = format!(
        "crosstick top needs {wide} columns and {high} rows; this terminal has {} and {}. Make it larger, or press q.",
        area.width, area.height
    );
    canvas.paragraph(area, &text, Tone::Strong);
}

fn head(canvas: &mut Canvas<'_>, row: Rect, scene: &Scene, desk: &Desk) {
    let engine = &scene.engine;
    let (state, tone) = state_word(scene);
    let mut x = canvas.put(row.x, row.y, 32, &scene.name, Tone::Strong) + 2;
    x = canvas.put(x, row.y, 20, &format!("● {state}"), tone) + 2;
    if scene.link.has_values() {
        let live = engine.mode == "live";
        x = canvas.put(x, row.y, 8, &engine.mode, if live { Tone::Warn } else { Tone::Plain }) + 2;
        if scene.link == Link::Live {
            let up = clockwork(scene.now_ns.saturating_sub(engine.started_ns));
            x = canvas.put(x, row.y, 20, &format!("up {up}"), Tone::Plain) + 2;
        }
    }
    if desk.paused {
        x = canvas.put(x, row.y, 10, " PAUSED ", Tone::Chosen) + 2;
    }
    let now = &time_of_day(scene.now_ns)[..8];
    let mut said = vec![format!("{now}Z")];
    if scene.link.has_values() {
        said.insert(0, format!("pid {:<7}", engine.pid));
        said.insert(0, format!("beat {:>6}", age(scene.now_ns.saturating_sub(engine.heartbeat_ns))));
        if canvas.buffer.area().width >= 110 {
            said.insert(0, engine.build.clone());
        }
    }
    // What there is no room for goes from the left.
    while said.len() > 1 && x + width(&said.join("  ")) > row.right() {
        said.remove(0);
    }
    canvas.put_right(row.right(), row.y, row.right().saturating_sub(x), &said.join("  "), Tone::Quiet);
}

fn state_word(scene: &Scene) -> (&str, Tone) {
    match scene.link {
        Link::Waiting => ("waiting", Tone::Quiet),
        Link::Refused(_) => ("not readable", Tone::Bad),
        Link::Stalled(_) => ("stalled", Tone::Bad),
        Link::Dead(_) => ("dead", Tone::Bad),
        Link::Stopped(_) => ("stopped", Tone::Warn),
        Link::Live if scene.halt.is_some() => ("halted", Tone::Bad),
        Link::Live if scene.engine.state == "running" => ("running", Tone::Good),
        Link::Live => (scene.engine.state.as_str(), Tone::Warn),
    }
}

fn tabs(canvas: &mut Canvas<'_>, area: Rect, chosen: Pane) {
    let roomy = area.width >= 100;
    let gap = if roomy { 2 } else { 1 };
    let mut x = area.x + 1;
    for x in area.x..area.right() {
        canvas.put(x, area.y + 2, 1, "─", Tone::Quiet);
    }
    for (i, pane) in Pane::ALL.into_iter().enumerate() {
        let name = if roomy { pane.name() } else { pane.short() };
        let begin = x;
        let (digit, word) = if pane == chosen { (Tone::Accent, Tone::Accent) } else { (Tone::Quiet, Tone::Plain) };
        x = canvas.put(x, area.y + 1, area.width, &format!("{} ", i + 1), digit);
        x = canvas.put(x, area.y + 1, area.width, name, word);
        if pane == chosen {
            for x in begin..x {
                canvas.put(x, area.y + 2, 1, "━", Tone::Accent);
            }
        }
        x += gap;
    }
}

fn foot(canvas: &mut Canvas<'_>, row: Rect, scene: &Scene, desk: &Desk) {
    if let Some(message) = &desk.message {
        canvas.put(row.x, row.y, row.width, message, Tone::Strong);
        return;
    }
    let mut x = row.x;
    for (key, what) in [
        ("q", "quit"),
        ("?", "help"),
        ("Tab", "pane"),
        ("↑↓", "scroll"),
        ("s", "sort"),
        ("r", "turn"),
        ("p", if desk.paused { "go on" } else { "pause" }),
        ("h", "halt"),
    ] {
        if key == "r" && row.width < 90 {
            continue;
        }
        x = canvas.put(x, row.y, row.width, key, Tone::Strong) + 1;
        x = canvas.put(x, row.y, row.width, what, Tone::Quiet) + 2;
    }
    if scene.restarts > 0 {
        let times = if scene.restarts == 1 { "1 restart".into() } else { format!("{} restarts", scene.restarts) };
        canvas.put_right(row.right(), row.y, row.right().saturating_sub(x), &times, Tone::Quiet);
    }
}

/// What is wrong, in words, with what to do about it.
fn banners(scene: &Scene) -> Vec<(String, Tone)> {
    let pid = scene.engine.pid;
    let mut lines = Vec::new();
    match &scene.link {
        Link::Stalled(ns) => lines.push((
            format!("STALLED: no sign of life from process {pid} for {}; what is shown is old.", age(*ns)),
            Tone::Alarm,
        )),
        Link::Dead(ns) => lines.push((
            format!(
                "DEAD: process {pid} is gone without a word; its last sign of life was {} ago. What is shown is how \
                 it left; a new engine is taken up by itself.",
                age(*ns)
            ),
            Tone::Alarm,
        )),
        Link::Stopped(ns) => lines.push((
            format!(
                "STOPPED in order, {} ago. What is shown is how it left; a new engine is taken up by itself.",
                age(*ns)
            ),
            Tone::Chosen,
        )),
        Link::Live | Link::Waiting | Link::Refused(_) => {}
    }
    if let Some(halt) = scene.halt.as_ref().filter(|_| scene.link.has_values()) {
        let since = if halt.since_ns == 0 {
            String::new()
        } else {
            format!(" {} ago", age(scene.now_ns.saturating_sub(halt.since_ns)))
        };
        lines.push((
            format!(
                "HALTED by {}{since}: {} To trade again: crosstick resume --reason TEXT",
                halt.code,
                sentence(&halt.reason)
            ),
            Tone::Alarm,
        ));
    }
    lines
}

fn sentence(text: &str) -> String {
    if text.is_empty() || text.ends_with(['.', '!', '?', '…']) { text.to_owned() } else { format!("{text}.") }
}

fn waiting(canvas: &mut Canvas<'_>, body: Rect, scene: &Scene) {
    let (title, lines): (String, Vec<String>) = match &scene.link {
        Link::Refused(why) => (
            "This cannot be read".into(),
            vec![why.clone(), "This view looks again several times a second and begins by itself.".into()],
        ),
        _ => (
            format!("Waiting for an engine called \"{}\"", scene.name),
            vec![
                "None runs on this machine yet. This view begins by itself as soon as one does.".into(),
                "Start one in another terminal:  crosstick run".into(),
                "Another name:  crosstick top --shm NAME  (the config's [engine] shm)".into(),
            ],
        ),
    };
    let mut y = body.y + body.height / 3;
    let wide = 72.min(body.width);
    let x = body.x + (body.width - wide) / 2;
    canvas.put(x, y, wide, &title, Tone::Strong);
    y += 2;
    for line in lines {
        let left = Rect { x, y, width: wide, height: body.bottom().saturating_sub(y) };
        y += canvas.paragraph(left, &line, Tone::Plain);
    }
}

/// An empty box in the middle; returns its inside.
fn dialog(canvas: &mut Canvas<'_>, area: Rect, (wide, high): (u16, u16), title: &str, tone: Tone) -> Rect {
    let x = area.x + area.width.saturating_sub(wide) / 2;
    let y = area.y + area.height.saturating_sub(high) / 2;
    let line = "─".repeat(usize::from(wide - 2));
    let blank = " ".repeat(usize::from(wide - 2));
    for row in 0..high {
        let (begin, middle, end) = match row {
            0 => ("╭", &line, "╮"),
            _ if row + 1 == high => ("╰", &line, "╯"),
            _ => ("│", &blank, "│"),
        };
        // What lay below leaves its style behind unless that is reset.
        canvas.buffer.set_style(Rect { x, y: y + row, width: wide, height: 1 }, Style::reset());
        canvas.put(x, y + row, wide, &format!("{begin}{middle}{end}"), tone);
    }
    canvas.buffer.set_style(Rect { x: x + 1, y: y + 1, width: wide - 2, height: high - 2 }, Style::reset());
    canvas.put(x + 2, y, wide - 4, &format!(" {title} "), tone);
    Rect { x: x + 2, y: y + 1, width: wide - 4, height: high - 2 }
}

fn help(canvas: &mut Canvas<'_>, area: Rect) {
    let inside = dialog(canvas, area, (78, HELP.len() as u16 + 6), "Keys", Tone::Accent);
    for (row, (keys, what)) in (inside.y + 1..).zip(HELP) {
        canvas.put(inside.x, row, 24, keys, Tone::Strong);
        canvas.put(inside.x + 25, row, inside.width - 25, what, Tone::Plain);
    }
    let note = "Edges are in basis points after both takers' fees; times are UTC.";
    canvas.put(inside.x, inside.bottom() - 2, inside.width, note, Tone::Quiet);
    canvas.put(inside.x, inside.bottom() - 1, inside.width, "Any key goes back.", Tone::Quiet);
}

fn ask_halt(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene, typed: &str) {
    let inside = dialog(canvas, area, (72, 10), "Halt trading", Tone::Bad);
    let text = format!(
        "Engine \"{}\" will send no further order, neither to open nor to close, and cancel what rests. \
         That lasts, over a restart too, until an operator resumes it with a reason.",
        scene.name
    );
    let used = canvas.paragraph(inside, &text, Tone::Plain);
    let ask = format!("Type {CONFIRM}, a reason if you like, then Enter. Esc leaves.");
    canvas.put(inside.x, inside.y + used + 1, inside.width, &ask, Tone::Plain);
    // The end of what is typed stays in sight.
    let room = usize::from(inside.width - 4);
    let skip = typed.chars().count().saturating_sub(room);
    let shown: String = typed.chars().skip(skip).collect();
    let x = canvas.put(inside.x, inside.y + used + 3, 2, "> ", Tone::Strong);
    let x = canvas.put(x, inside.y + used + 3, inside.width - 3, &shown, Tone::Strong);
    canvas.put(x, inside.y + used + 3, 1, "█", Tone::Accent);
}
