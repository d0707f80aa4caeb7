//! What colours say, and what they become where nobody wants any.

use ratatui::style::{Color, Modifier, Style};

/// What a text is, not how it looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tone {
    #[default]
    Plain,
    /// Labels, units, what is old.
    Quiet,
    /// What the eye should find.
    Strong,
    /// Headings and what is chosen.
    Accent,
    Good,
    /// The wrong way, but nothing to be done about it.
    Down,
    Warn,
    Bad,
    /// A line that must be seen.
    Alarm,
    /// The chosen one of several.
    Chosen,
}

/// Colours of the terminal's own palette, or none (NO_COLOR): then weight and inversion alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    pub colour: bool,
}

impl Look {
    pub fn style(self, tone: Tone) -> Style {
        // Whatever lay below is replaced, not added to.
        let plain = Style::reset();
        let tinted = |style: Style, colour: Color| if self.colour { style.fg(colour) } else { style };
        match tone {
            Tone::Plain => plain,
            Tone::Quiet => plain.add_modifier(Modifier::DIM),
            Tone::Strong => plain.add_modifier(Modifier::BOLD),
            Tone::Accent => tinted(plain.add_modifier(Modifier::BOLD), Color::Cyan),
            Tone::Good => tinted(plain, Color::Green),
            Tone::Down => tinted(plain, Color::Red),
            Tone::Warn => tinted(plain.add_modifier(Modifier::BOLD), Color::Yellow),
            Tone::Bad => tinted(plain.add_modifier(Modifier::BOLD), Color::Red),
            Tone::Alarm => tinted(plain.add_modifier(Modifier::BOLD | Modifier::REVERSED), Color::Red),
            Tone::Chosen => plain.add_modifier(Modifier::BOLD | Modifier::REVERSED),
        }
    }
}

/// Good above zero, down below.
pub fn by_sign(value: f64) -> Tone {
    if value > 0.0 {
        Tone::Good
    } else if value < 0.0 {
        Tone::Down
    } else {
        Tone::Plain
    }
}
