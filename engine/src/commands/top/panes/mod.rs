//! The panes, one a file.

mod edges;
mod feeds;
mod latency;
mod money;
mod opportunities;
mod orders;
mod overview;
mod prices;
mod risk;

use ratatui::layout::Rect;

use super::canvas::Canvas;
use super::desk::{Desk, Pane};
use super::look::Tone;
use super::scene::Scene;
use super::table::Drawn;

/// Draws the pane that is shown.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene, desk: &Desk) -> Drawn {
    let view = Some(desk.view());
    match desk.pane {
        Pane::Overview => overview::draw(canvas, area, scene),
        Pane::Feeds => feeds::table(scene).draw(canvas, area, feeds::TITLE, view, ""),
        Pane::Prices => prices::table(scene).draw(canvas, area, prices::TITLE, view, ""),
        Pane::Edges => edges::table(scene).draw(canvas, area, edges::TITLE, view, edges::NOTE),
        Pane::Opportunities => opportunities::draw(canvas, area, scene, desk.view()),
        Pane::Orders => orders::draw(canvas, area, scene, desk.view()),
        Pane::Money => money::draw(canvas, area, scene, desk.view()),
        Pane::Risk => risk::draw(canvas, area, scene, desk.view()),
        Pane::Latency => latency::draw(canvas, area, scene, desk.view()),
    }
}

/// Nothing to worry about while it is zero.
fn worry(count: u64) -> Tone {
    if count == 0 { Tone::Quiet } else { Tone::Warn }
}

/// The upper `rows` of an area, and what lies below them.
fn split(area: Rect, rows: u16) -> (Rect, Rect) {
    let rows = rows.min(area.height);
    let upper = Rect { height: rows, ..area };
    (upper, Rect { y: area.y + rows, height: area.height - rows, ..area })
}

/// The left `columns` of an area, and what lies beside them behind a gap.
fn beside(area: Rect, columns: u16) -> (Rect, Rect) {
    const GAP: u16 = 3;
    let columns = columns.min(area.width);
    let left = Rect { width: columns, ..area };
    let skip = (columns + GAP).min(area.width);
    (left, Rect { x: area.x + skip, width: area.width - skip, ..area })
}

/// `missed` in words, where there is something to say.
fn missed(count: u64) -> String {
    if count == 0 { String::new() } else { format!("{} came too fast to be seen", super::units::grouped(count)) }
}
