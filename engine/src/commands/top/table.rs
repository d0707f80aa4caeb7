//! Tables: columns as wide as what stands in them, the less important ones left out where there is no room.

use std::cmp::Ordering;

use ratatui::layout::Rect;

use super::canvas::{Canvas, width};
use super::look::Tone;
use super::units::Number;

/// Columns between two columns.
const GAP: u16 = 2;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    Left,
    Right,
    /// Right, decimal points below each other.
    Point,
}

/// A column. Where there is no room for all, those of the lowest rank come first; rank 0 is always there.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    pub head: &'static str,
    pub align: Align,
    pub rank: u8,
    /// At least this wide, so that the table stands still while numbers change.
    pub least: u16,
}

pub const fn left(head: &'static str, rank: u8, least: u16) -> Column {
    Column { head, align: Align::Left, rank, least }
}

pub const fn right(head: &'static str, rank: u8, least: u16) -> Column {
    Column { head, align: Align::Right, rank, least }
}

pub const fn point(head: &'static str, rank: u8, least: u16) -> Column {
    Column { head, align: Align::Point, rank, least }
}

#[derive(Debug, Clone, PartialEq)]
enum Key {
    Text,
    Number(f64),
}

#[derive(Debug, Clone)]
pub struct Cell {
    text: String,
    tone: Tone,
    key: Key,
}

/// A word.
pub fn word(text: impl Into<String>, tone: Tone) -> Cell {
    Cell { text: text.into(), tone, key: Key::Text }
}

/// A number.
pub fn number(number: Number, tone: Tone) -> Cell {
    Cell { text: number.text, tone, key: Key::Number(number.key) }
}

/// How a list is looked at.
#[derive(Debug, Clone, Default)]
pub struct View {
    /// First row shown.
    pub offset: usize,
    /// The column sorted by; none: as it comes.
    pub sort: Option<&'static str>,
    /// Largest first.
    pub descending: bool,
}

/// What was drawn of the list that keys act on.
#[derive(Debug, Clone, Default)]
pub struct Drawn {
    /// Columns that there was room for.
    pub heads: Vec<&'static str>,
    /// Rows in all, and rows shown.
    pub rows: usize,
    pub shown: usize,
}

#[derive(Debug)]
pub struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    pub fn new(columns: &[Column]) -> Self {
        Self { columns: columns.to_vec(), rows: Vec::new() }
    }

    /// Adds a row: a cell a column.
    pub fn row(&mut self, cells: Vec<Cell>) {
        debug_assert_eq!(cells.len(), self.columns.len());
        self.rows.push(cells);
    }

    /// Rows that this table takes whole, its heading and title included.
    pub fn height(&self) -> u16 {
        u16::try_from(self.rows.len()).unwrap_or(u16::MAX).saturating_add(2)
    }

    /// Draws title, heads and rows. `empty` stands where there are none.
    pub fn draw(
        mut self,
        canvas: &mut Canvas<'_>,
        area: Rect,
        (title, empty): (&str, &str),
        view: Option<&View>,
        note: &str,
    ) -> Drawn {
        let below = usize::from(area.height.saturating_sub(2));
        let total = self.rows.len();
        let offset = view.map_or(0, |v| v.offset).min(total.saturating_sub(below));
        let shown = total.saturating_sub(offset).min(below);
        let mut said = note.to_owned();
        if shown < total {
            let part = if shown == 0 {
                format!("{total} rows")
            } else {
                format!("{}–{} of {total}", offset + 1, offset + shown)
            };
            said = if said.is_empty() { part } else { format!("{part} · {said}") };
        }
        let body = canvas.section(area, title, &said);
        if total == 0 {
            canvas.put(body.x, body.y, if body.height > 0 { body.width } else { 0 }, empty, Tone::Quiet);
            return Drawn::default();
        }
        if let Some(View { sort: Some(head), descending, .. }) = view {
            self.sort(head, *descending);
        }
        self.align_points();
        let widths = self.widths();
        let visible = fitting(&self.columns, &widths, body.width);
        let heads: Vec<&'static str> = visible.iter().map(|i| self.columns[*i].head).collect();
        let mut x = body.x;
        for i in visible {
            let (column, wide) = (self.columns[i], widths[i]);
            let room = wide.min(body.right().saturating_sub(x));
            self.head(canvas, column, (x, body.y, room), view);
            for (row, cells) in self.rows.iter().skip(offset).take(shown).enumerate() {
                let y = body.y + 1 + row as u16;
                put(canvas, column.align, (x, y, room), &cells[i].text, cells[i].tone);
            }
            x += wide + GAP;
        }
        Drawn { heads, rows: total, shown }
    }

    fn head(&self, canvas: &mut Canvas<'_>, column: Column, at: (u16, u16, u16), view: Option<&View>) {
        let sorted = view.filter(|v| v.sort == Some(column.head));
        put(canvas, column.align, at, column.head, if sorted.is_some() { Tone::Strong } else { Tone::Quiet });
        let Some(view) = sorted else { return };
        // In the gap beside the head, so that sorting changes no width.
        let (x, y, room) = at;
        let x = match column.align {
            Align::Left => x + width(column.head).min(room),
            Align::Right | Align::Point => (x + room).saturating_sub(width(column.head).min(room) + 1),
        };
        canvas.put(x, y, 1, if view.descending { "▼" } else { "▲" }, Tone::Strong);
    }

    fn sort(&mut self, head: &str, descending: bool) {
        let Some(i) = self.columns.iter().position(|c| c.head == head) else { return };
        let order = |a: &Vec<Cell>, b: &Vec<Cell>| match (&a[i].key, &b[i].key) {
            (Key::Number(a), Key::Number(b)) => a.partial_cmp(b).unwrap_or(Ordering::Equal),
            _ => a[i].text.cmp(&b[i].text),
        };
        self.rows.sort_by(|a, b| if descending { order(b, a) } else { order(a, b) });
    }

    /// Blanks behind short fractions put the points below each other.
    fn align_points(&mut self) {
        for i in (0..self.columns.len()).filter(|i| self.columns[*i].align == Align::Point) {
            let behind = |text: &str| text.find('.').map_or(0, |at| text.len() - at);
            let most = self.rows.iter().map(|r| behind(&r[i].text)).max().unwrap_or(0);
            for row in &mut self.rows {
                let missing = most - behind(&row[i].text);
                row[i].text.extend(std::iter::repeat_n(' ', missing));
            }
        }
    }

    fn widths(&self) -> Vec<u16> {
        let widest = |i: usize| self.rows.iter().map(|r| width(&r[i].text)).max().unwrap_or(0);
        let wide = |(i, c): (usize, &Column)| widest(i).max(width(c.head)).max(c.least);
        self.columns.iter().enumerate().map(wide).collect()
    }
}

/// The columns that there is room for: rank by rank, those of one rank together or not at all.
fn fitting(columns: &[Column], widths: &[u16], room: u16) -> Vec<usize> {
    let wide = |i: usize| u32::from(widths[i]) + u32::from(GAP);
    let mut ranks: Vec<u8> = columns.iter().map(|c| c.rank).collect();
    ranks.sort_unstable();
    ranks.dedup();
    // The last column needs no gap behind it.
    let mut left = u32::from(room) + u32::from(GAP);
    let mut visible = Vec::new();
    for rank in ranks {
        let group = || (0..columns.len()).filter(|i| columns[*i].rank == rank);
        let needed: u32 = group().map(wide).sum();
        if needed <= left || rank == 0 {
            visible.extend(group());
            left = left.saturating_sub(needed);
        }
    }
    visible.sort_unstable();
    visible
}

fn put(canvas: &mut Canvas<'_>, align: Align, (x, y, room): (u16, u16, u16), text: &str, tone: Tone) {
    match align {
        Align::Left => {
            canvas.put(x, y, room, text, tone);
        }
        Align::Right | Align::Point => canvas.put_right(x + room, y, room, text, tone),
    }
}
