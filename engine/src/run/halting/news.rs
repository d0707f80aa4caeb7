//! What the core thread tells the main thread of halts: the newest state, whole, without ever waiting.

use crosstick_model::{CommandOutcome, CommandSource, DenyCode, Reason};
use crosstick_ring::seqlock;

use super::inlet::Handed;

crosstick_ring::pod! {
    struct Row {
        number: u64,
        handed: u64,
        resumes: u64,
        refused: u64,
        halted: u64,
        code: u64,
        source: u64,
        at_ns: u64,
        reason: [u8; 192],
    }
}

/// Where trading stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct News {
    /// Counts from 1; every command and every halt gives one.
    pub number: u64,
    /// Commands taken so far of those that the main thread handed on.
    pub handed: u64,
    /// Times that trading was resumed.
    pub resumes: u64,
    /// Resumes that were not taken, because trading was halted anew after they were given.
    pub refused: u64,
    /// The code of the halt, while trading is halted.
    pub halted: Option<DenyCode>,
    /// By which way the last command came, or the newest halt where a resume was refused; `None`: a limit halted.
    pub source: Option<CommandSource>,
    /// Wall time, ns since the epoch.
    pub at_ns: u64,
    /// Why, as the operator told.
    pub reason: Reason,
}

/// The core thread's end.
pub struct NewsWriter {
    cell: seqlock::Writer<Row>,
    row: Row,
}

/// The main thread's end.
pub struct NewsReader(seqlock::Reader<Row>);

/// Both ends; there is no news yet.
#[must_use]
pub fn channel() -> (NewsWriter, NewsReader) {
    let (cell, reader) = seqlock::cell(Row::ZERO);
    (NewsWriter { cell, row: Row::ZERO }, NewsReader(reader))
}

impl NewsWriter {
    /// A limit halted trading.
    pub fn breached(&mut self, at_ns: u64, code: DenyCode) {
        self.tell(at_ns, Some(code), None, &Reason::NONE);
    }

    /// A resume that the main thread handed on was not taken: trading was halted after it was given, by that way, for
    /// that reason. `code` is what halts it.
    pub fn refused(&mut self, at_ns: u64, code: DenyCode, source: Option<CommandSource>, reason: &Reason) {
        self.row.handed += 1;
        self.row.refused += 1;
        self.tell(at_ns, Some(code), source, reason);
    }

    /// A command was taken; `halted` is where trading stands behind it.
    pub fn obeyed(&mut self, at_ns: u64, handed: &Handed, outcome: CommandOutcome, halted: Option<DenyCode>) {
        self.row.handed += u64::from(handed.by_main);
        self.row.resumes += u64::from(outcome == CommandOutcome::Resumed);
        self.tell(at_ns, halted, Some(handed.source), &handed.reason);
    }

    fn tell(&mut self, at_ns: u64, halted: Option<DenyCode>, source: Option<CommandSource>, reason: &Reason) {
        self.row.number += 1;
        (self.row.halted, self.row.code) = (u64::from(halted.is_some()), halted.map_or(0, |code| code as u64));
        (self.row.source, self.row.at_ns) = (source.map_or(0, |source| source as u64), at_ns);
        self.row.reason = *reason.padded();
        self.cell.write(&self.row);
    }
}

impl NewsReader {
    /// The newest, when there is any beyond `seen`.
    #[must_use]
    pub fn newer_than(&self, seen: u64) -> Option<News> {
        let row = self.0.read();
        let code = DenyCode::ALL.get(row.code as usize).copied().unwrap_or(DenyCode::Halted);
        (row.number > seen).then(|| News {
            number: row.number,
            handed: row.handed,
            resumes: row.resumes,
            refused: row.refused,
            halted: (row.halted == 1).then_some(code),
            source: CommandSource::from_number(row.source),
            at_ns: row.at_ns,
            reason: Reason::from_bytes(&row.reason),
        })
    }
}
