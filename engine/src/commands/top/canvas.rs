//! Where a frame is drawn: texts, headings and bars in a buffer, cut at their area.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Span;

use super::look::{Look, Tone};

/// Eighths of a cell.
const EIGHTHS: [&str; 9] = [" ", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"];

pub struct Canvas<'a> {
    pub buffer: &'a mut Buffer,
    pub look: Look,
}

/// Columns that a text takes.
pub fn width(text: &str) -> u16 {
    u16::try_from(Span::raw(text).width()).unwrap_or(u16::MAX)
}

impl Canvas<'_> {
    /// Puts a text in at most `room` columns; returns the column behind it.
    pub fn put(&mut self, x: u16, y: u16, room: u16, text: &str, tone: Tone) -> u16 {
        let area = *self.buffer.area();
        if y >= area.bottom() || x >= area.right() || room == 0 {
            return x;
        }
        let room = usize::from(room.min(area.right() - x));
        self.buffer.set_stringn(x, y, text, room, self.look.style(tone)).0
    }

    /// Puts a text so that it ends before column `end`.
    pub fn put_right(&mut self, end: u16, y: u16, room: u16, text: &str, tone: Tone) {
        let wide = width(text).min(room);
        self.put(end.saturating_sub(wide), y, wide, text, tone);
    }

    /// A heading with a line behind it and a note at its end; returns what is left below.
    pub fn section(&mut self, area: Rect, title: &str, note: &str) -> Rect {
        if area.height == 0 {
            return area;
        }
        let after = self.put(area.x, area.y, area.width, title, Tone::Accent);
        let noted = if note.is_empty() { 0 } else { width(note) + 1 };
        let end = area.right().saturating_sub(noted);
        for x in after.saturating_add(1)..end {
            self.put(x, area.y, 1, "─", Tone::Quiet);
        }
        if after + 2 < end {
            self.put_right(area.right(), area.y, area.width, note, Tone::Quiet);
        }
        Rect { y: area.y + 1, height: area.height - 1, ..area }
    }

    /// A bar of `room` columns, filled by `share` (0 to 1).
    pub fn bar(&mut self, x: u16, y: u16, room: u16, share: f64, tone: Tone) {
        let eighths = (share.clamp(0.0, 1.0) * f64::from(room) * 8.0).round() as u32;
        // What is used at all is seen.
        let eighths = if share > 0.0 { eighths.max(1) } else { eighths };
        for i in 0..room {
            let fill = eighths.saturating_sub(u32::from(i) * 8).min(8) as usize;
            if fill == 0 {
                self.put(x + i, y, 1, "·", Tone::Quiet);
            } else {
                self.put(x + i, y, 1, EIGHTHS[fill], tone);
            }
        }
    }

    /// Lines of text, broken between words, from the top of `area`; returns the rows used.
    pub fn paragraph(&mut self, area: Rect, text: &str, tone: Tone) -> u16 {
        let mut row = 0;
        for line in wrapped(text, area.width) {
            if row >= area.height {
                break;
            }
            self.put(area.x, area.y + row, area.width, &line, tone);
            row += 1;
        }
        row
    }
}

/// A text in lines of at most `room` columns, broken between words where that is possible.
pub fn wrapped(text: &str, room: u16) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("never empty");
        if line.is_empty() {
            line.push_str(word);
        } else if width(line).saturating_add(1).saturating_add(width(word)) <= room {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}
