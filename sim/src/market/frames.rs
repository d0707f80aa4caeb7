//! Frames that wait to be published: payloads in one buffer that is used again and again.

use crate::rules::TimeUnit;
use crate::venue::{Frame, StreamId};

/// Frames in order.
#[derive(Debug, Default)]
pub(crate) struct Frames {
    bytes: Vec<u8>,
    list: Vec<Entry>,
    /// Whether anybody wants microseconds.
    pub(crate) micros: bool,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    stream: StreamId,
    trade_id: Option<u64>,
    start: usize,
    micros: usize,
    end: usize,
}

impl Frames {
    /// Adds a frame that `write` writes, in the units that are wanted.
    pub(crate) fn add(
        &mut self,
        stream: StreamId,
        trade_id: Option<u64>,
        mut write: impl FnMut(&mut Vec<u8>, TimeUnit),
    ) {
        let start = self.bytes.len();
        write(&mut self.bytes, TimeUnit::Millis);
        let micros = self.bytes.len();
        if self.micros {
            write(&mut self.bytes, TimeUnit::Micros);
        }
        self.list.push(Entry { stream, trade_id, start, micros, end: self.bytes.len() });
    }

    /// Counts a frame that nobody gets.
    pub(crate) fn count(&mut self, stream: StreamId, trade_id: Option<u64>) {
        let at = self.bytes.len();
        self.list.push(Entry { stream, trade_id, start: at, micros: at, end: at });
    }

    /// All frames, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Frame<'_>> {
        self.list.iter().map(|e| {
            let part = |from: usize, to: usize| self.bytes.get(from..to).unwrap_or_default();
            let micros = Some(part(e.micros, e.end)).filter(|m| !m.is_empty());
            Frame { stream: e.stream, trade_id: e.trade_id, millis: part(e.start, e.micros), micros }
        })
    }

    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.list.clear();
    }
}
