//! What keys do: which pane is shown and how, what is asked, what is typed. No I/O.

use super::keys::Key;
use super::table::{Drawn, View};

/// The panes, in the order of their keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pane {
    Overview,
    Feeds,
    Prices,
    Edges,
    Opportunities,
    Orders,
    Money,
    Risk,
    Latency,
}

impl Pane {
    pub const ALL: [Self; 9] = [
        Self::Overview,
        Self::Feeds,
        Self::Prices,
        Self::Edges,
        Self::Opportunities,
        Self::Orders,
        Self::Money,
        Self::Risk,
        Self::Latency,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Feeds => "Feeds",
            Self::Prices => "Prices",
            Self::Edges => "Edges",
            Self::Opportunities => "Opportunities",
            Self::Orders => "Orders",
            Self::Money => "Money",
            Self::Risk => "Risk",
            Self::Latency => "Latency",
        }
    }

    /// A name for where there is little room.
    pub const fn short(self) -> &'static str {
        match self {
            Self::Opportunities => "Opps",
            other => other.name(),
        }
    }

    /// The pane of a number (`3`) or of the beginning of a name (`prices`, `lat`).
    pub fn named(text: &str) -> Option<Self> {
        if let Ok(number) = text.parse::<usize>() {
            return Self::ALL.get(number.wrapping_sub(1)).copied();
        }
        let wanted = text.to_ascii_lowercase();
        let fits = |p: &&Self| !wanted.is_empty() && p.name().to_ascii_lowercase().starts_with(&wanted);
        Self::ALL.iter().find(fits).copied()
    }

    const fn index(self) -> usize {
        self as usize
    }
}

/// What lies above the pane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Over {
    Nothing,
    Help,
    /// What was typed so far to halt the engine.
    Halt(String),
}

/// What a key asks for beyond a change of the desk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    Nothing,
    Quit,
    Redraw,
    Suspend,
    /// Halt the engine, for this reason (may be empty).
    Halt(String),
}

/// The word that confirms a halt.
pub const CONFIRM: &str = "halt";
/// Longest line that is taken for a halt.
const TYPED_MAX: usize = 200;

#[derive(Debug)]
pub struct Desk {
    pub pane: Pane,
    pub paused: bool,
    pub over: Over,
    /// What came of the last thing asked for.
    pub message: Option<String>,
    views: [View; Pane::ALL.len()],
    drawn: Drawn,
}

impl Desk {
    pub fn new(pane: Pane) -> Self {
        let views = std::array::from_fn(|_| View::default());
        Self { pane, paused: false, over: Over::Nothing, message: None, views, drawn: Drawn::default() }
    }

    /// How the pane's list is looked at.
    pub fn view(&self) -> &View {
        &self.views[self.pane.index()]
    }

    /// What was drawn last: keys act on that.
    pub fn saw(&mut self, drawn: Drawn) {
        let last = drawn.rows.saturating_sub(drawn.shown.max(1));
        let view = &mut self.views[self.pane.index()];
        view.offset = view.offset.min(last);
        self.drawn = drawn;
    }

    pub fn key(&mut self, key: Key) -> Ask {
        match key {
            Key::Interrupt => return Ask::Quit,
            Key::Redraw => return Ask::Redraw,
            Key::Suspend => return Ask::Suspend,
            _ => {}
        }
        match &mut self.over {
            Over::Halt(typed) => {
                let ask = type_halt(typed, key);
                if let Some(ask) = ask {
                    self.over = Over::Nothing;
                    return ask;
                }
                Ask::Nothing
            }
            Over::Help => {
                self.over = Over::Nothing;
                if key == Key::Char('q') { Ask::Quit } else { Ask::Nothing }
            }
            Over::Nothing => self.plain_key(key),
        }
    }

    fn plain_key(&mut self, key: Key) -> Ask {
        self.message = None;
        let page = self.drawn.shown.max(1);
        let last = self.drawn.rows.saturating_sub(self.drawn.shown.max(1));
        let view = &mut self.views[self.pane.index()];
        match key {
            Key::Char('q') => return Ask::Quit,
            Key::Char('?') => self.over = Over::Help,
            Key::Char('h') => self.over = Over::Halt(String::new()),
            Key::Char('p' | ' ') => self.paused = !self.paused,
            Key::Char('s') => self.sort_by_next(),
            Key::Char('r') => view.descending = !view.descending,
            Key::Char(digit @ '1'..='9') => self.turn_to(digit as usize - '1' as usize),
            Key::Tab => self.turn_to((self.pane.index() + 1) % Pane::ALL.len()),
            Key::BackTab => self.turn_to((self.pane.index() + Pane::ALL.len() - 1) % Pane::ALL.len()),
            Key::Up | Key::Char('k') => view.offset = view.offset.saturating_sub(1),
            Key::Down | Key::Char('j') => view.offset = (view.offset + 1).min(last),
            Key::PageUp => view.offset = view.offset.saturating_sub(page),
            Key::PageDown => view.offset = (view.offset + page).min(last),
            Key::Home | Key::Char('g') => view.offset = 0,
            Key::End | Key::Char('G') => view.offset = last,
            _ => {}
        }
        Ask::Nothing
    }

    fn turn_to(&mut self, index: usize) {
        if let Some(pane) = Pane::ALL.get(index) {
            self.pane = *pane;
            self.drawn = Drawn::default();
        }
    }

    /// The next column that there is room for; behind the last one, as it comes.
    fn sort_by_next(&mut self) {
        let view = &mut self.views[self.pane.index()];
        let at = view.sort.and_then(|head| self.drawn.heads.iter().position(|h| *h == head));
        let next = at.map_or(0, |at| at + 1);
        view.sort = self.drawn.heads.get(next).copied();
        view.offset = 0;
    }
}

/// What the line typed so far comes to with this key; `None` while it is being typed.
fn type_halt(typed: &mut String, key: Key) -> Option<Ask> {
    match key {
        Key::Escape => return Some(Ask::Nothing),
        Key::Enter => {
            let (word, reason) = typed.trim().split_once(char::is_whitespace).unwrap_or((typed.trim(), ""));
            if word == CONFIRM {
                return Some(Ask::Halt(reason.trim().to_owned()));
            }
            typed.clear();
        }
        Key::Backspace => {
            typed.pop();
        }
        Key::Char(c) if typed.len() < TYPED_MAX => typed.push(c),
        _ => {}
    }
    None
}

#[cfg(test)]
mod tests;
