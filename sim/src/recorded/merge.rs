//! Several recordings as one sequence: by receive time, then file order, then line.

use std::io;
use std::path::PathBuf;

use super::line::{LineReader, RecordedFrame};
use crate::error::SimError;

/// One frame of the sequence.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MergedFrame {
    /// When it is due: its receive time, or that of an earlier line of its file where time stepped back.
    pub recv_ns: u64,
    /// Which file, by its order.
    pub file: usize,
    /// The stream it belongs to.
    pub stream: String,
    /// The payload as recorded.
    pub payload: String,
    /// Its trade id or aggregate id.
    pub trade_id: Option<u64>,
}

#[derive(Debug)]
struct Head {
    reader: LineReader,
    next: Option<MergedFrame>,
    last_ns: u64,
}

/// Reads recordings side by side, one frame of each in memory.
#[derive(Debug)]
pub struct Merge {
    paths: Vec<PathBuf>,
    heads: Vec<Head>,
    unserved: u64,
}

impl Merge {
    /// Opens recordings from their beginning.
    ///
    /// # Errors
    /// When one cannot be read.
    pub fn open(paths: &[PathBuf]) -> Result<Self, SimError> {
        let mut merge = Self { paths: paths.to_vec(), heads: Vec::new(), unserved: 0 };
        for path in paths {
            let reader = LineReader::open(path).map_err(|source| SimError::File { path: path.clone(), source })?;
            merge.heads.push(Head { reader, next: None, last_ns: 0 });
        }
        for file in 0..merge.heads.len() {
            merge.refill(file)?;
        }
        Ok(merge)
    }

    /// Starts over.
    ///
    /// # Errors
    /// When a file cannot be read any more.
    pub fn rewind(&mut self) -> Result<(), SimError> {
        let unserved = self.unserved;
        *self = Self::open(&self.paths)?;
        self.unserved += unserved;
        Ok(())
    }

    /// Lines passed over so far: no `receive-time frame`, or a frame of no stream.
    #[must_use]
    pub const fn unserved(&self) -> u64 {
        self.unserved
    }

    /// Receive time of the next frame; `None` at the end.
    #[must_use]
    pub fn peek_ns(&self) -> Option<u64> {
        self.heads.iter().filter_map(|h| h.next.as_ref()).map(|f| f.recv_ns).min()
    }

    /// The next frame; `None` at the end.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn next_frame(&mut self) -> Result<Option<MergedFrame>, SimError> {
        let heads = self.heads.iter().enumerate();
        let first = heads.filter_map(|(i, h)| Some((h.next.as_ref()?.recv_ns, i))).min();
        let Some((_, file)) = first else { return Ok(None) };
        let frame = self.heads.get_mut(file).and_then(|h| h.next.take());
        self.refill(file)?;
        Ok(frame)
    }

    fn refill(&mut self, file: usize) -> Result<(), SimError> {
        let Some(head) = self.heads.get_mut(file) else { return Ok(()) };
        let failed = |source: io::Error| SimError::File { path: self.paths[file].clone(), source };
        while let Some(line) = head.reader.next_line().map_err(failed)? {
            let Some((line, frame)) = line.and_then(|l| Some((l, RecordedFrame::parse(l.frame)?))) else {
                self.unserved += 1;
                continue;
            };
            head.last_ns = head.last_ns.max(line.recv_ns);
            let trade_id = frame.trade_id();
            let (stream, payload) = (frame.stream.into_owned(), frame.payload.to_owned());
            head.next = Some(MergedFrame { recv_ns: head.last_ns, file, stream, payload, trade_id });
            return Ok(());
        }
        Ok(())
    }
}
