//! What happened on the way of an input, put aside until its orders are out. Hot; takes its memory at start.

use std::collections::VecDeque;

use crosstick_execution::OrderState;
use crosstick_ipc::layout::EventKind;
use crosstick_model::decision::Route;
use crosstick_model::{DenyCode, Line, Order, Report, VenueId};
use crosstick_strategy::Opportunity;

/// Notes that wait at most. One input makes a handful, and every turn of the loop takes some.
pub const NOTES_MAX: usize = 1024;

/// Something that readers follow in a history.
#[derive(Debug, Clone, Copy)]
pub enum Note {
    Began(Began),
    Ended(Opportunity),
    Sent { at_ns: u64, order: Order },
    Reported { report: Report, state: Option<OrderState> },
    Event(Happened),
}

/// The begin of an opportunity, as it was decided.
#[derive(Debug, Clone, Copy)]
pub struct Began {
    pub id: u64,
    pub route: Route,
    pub at_ns: u64,
    pub edge_ppm: i64,
    pub buy_price: i64,
    pub sell_price: i64,
    pub quantity: i64,
}

/// Something that an operator would want to know.
#[derive(Debug, Clone, Copy)]
pub struct Happened {
    /// Core time, ns since the epoch.
    pub at_ns: u64,
    pub kind: EventKind,
    pub code: Option<DenyCode>,
    pub line: Option<(VenueId, Line)>,
    /// A number that belongs to it.
    pub value: u64,
    /// What there is more to say.
    pub text: &'static str,
}

impl Happened {
    /// At a time, with nothing more to say.
    pub const fn new(at_ns: u64, kind: EventKind) -> Self {
        Self { at_ns, kind, code: None, line: None, value: 0, text: "" }
    }
}

/// The notes that wait, oldest first.
#[derive(Debug)]
pub struct Notes(VecDeque<Note>);

impl Notes {
    pub fn new() -> Self {
        Self(VecDeque::with_capacity(NOTES_MAX))
    }

    /// Puts one aside. When there is no room, the oldest comes back, to be written first.
    #[inline]
    #[must_use]
    pub fn push(&mut self, note: Note) -> Option<Note> {
        let oldest = if self.0.len() >= NOTES_MAX { self.0.pop_front() } else { None };
        self.0.push_back(note);
        oldest
    }

    /// The oldest, taken out.
    #[inline]
    pub fn pop(&mut self) -> Option<Note> {
        self.0.pop_front()
    }

    /// How many wait.
    #[inline]
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn when_full_the_oldest_comes_back_to_be_written() {
        let mut notes = Notes::new();
        let note = |at_ns| Note::Event(Happened::new(at_ns, EventKind::Started));
        let at = |note: Option<Note>| note.map(|n| if let Note::Event(e) = n { e.at_ns } else { u64::MAX });
        let capacity = notes.0.capacity();
        for n in 0..NOTES_MAX as u64 {
            assert_eq!(at(notes.push(note(n))), None);
        }
        assert_eq!((at(notes.push(note(5_000))), at(notes.push(note(5_001)))), (Some(0), Some(1)));
        assert_eq!((notes.len(), notes.0.capacity(), at(notes.pop())), (NOTES_MAX, capacity, Some(2)));
    }
}
