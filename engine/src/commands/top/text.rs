//! A frame as plain text, or with the colours of a terminal.

use std::fmt::Write as _;

use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier, Style};

use super::canvas::width;

/// Lines of the frame, without blanks at their ends.
pub fn of(buffer: &Buffer, styled: bool) -> String {
    let area = *buffer.area();
    let mut text = String::new();
    for y in area.top()..area.bottom() {
        let mut line = String::new();
        let mut now = Style::reset();
        let mut x = area.left();
        while x < area.right() {
            let Some(cell) = buffer.cell((x, y)) else { break };
            let style = cell.style();
            if styled && (style.fg, style.add_modifier) != (now.fg, now.add_modifier) {
                line += &codes(style);
            }
            now = style;
            line += cell.symbol();
            x += width(cell.symbol()).max(1);
        }
        let line = if styled { format!("{line}\x1b[0m") } else { line.trim_end().to_owned() };
        text += &line;
        text.push('\n');
    }
    text
}

/// The escape sequence that begins a style.
fn codes(style: Style) -> String {
    let mut text = String::from("\x1b[0");
    for (modifier, code) in [(Modifier::BOLD, 1), (Modifier::DIM, 2), (Modifier::REVERSED, 7)] {
        if style.add_modifier.contains(modifier) {
            // A String takes all.
            let _ = write!(text, ";{code}");
        }
    }
    let colour = match style.fg {
        Some(Color::Red) => Some(31),
        Some(Color::Green) => Some(32),
        Some(Color::Yellow) => Some(33),
        Some(Color::Cyan) => Some(36),
        _ => None,
    };
    if let Some(code) = colour {
        let _ = write!(text, ";{code}");
    }
    text.push('m');
    text
}
