//! From a reader thread to the writer's: frames are copied into chunks, full chunks change hands.
//!
//! **Thread:** `ct-reader-N`. **Hot:** [`Observer::frame`] copies bytes into memory that is there, and takes no lock.
//! When the writer falls behind, no chunk is free: the thread then stops reading its sockets, so that TCP is the
//! buffer.

use std::sync::mpsc::{Receiver, Sender, SyncSender, TrySendError, channel};

use crosstick_feeds::outlet::TickSink;
use crosstick_feeds::{Batch, Observer};
use crosstick_model::{Line, Tick, VenueId};

/// Bytes at which a chunk is handed over.
const CHUNK_BYTES: usize = 256 << 10;
/// How old the first frame of a chunk may become before it is handed over, in ns.
const CHUNK_AGE_NS: u64 = 100_000_000;
/// Chunks of a reader: 16 MiB that may wait for the disk.
pub(super) const CHUNKS: usize = 64;
/// Bytes in front of each entry.
const HEAD_BYTES: usize = 16;

/// What an entry of a chunk is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// A frame, its bytes behind it.
    Frame,
    /// The line went live.
    Live,
    /// The line went down.
    Down,
}

/// Frames on their way to the writer.
#[derive(Debug)]
pub(super) struct Chunk {
    bytes: Vec<u8>,
    /// Gives the memory back to the reader.
    home: Sender<Vec<u8>>,
}

impl Chunk {
    /// All entries: venue, line, receive time, what, and the frame.
    pub fn entries(&self) -> impl Iterator<Item = (VenueId, Line, u64, What, &[u8])> {
        let mut rest = self.bytes.as_slice();
        std::iter::from_fn(move || {
            let (head, more) = rest.split_first_chunk::<HEAD_BYTES>()?;
            let recv_ns = u64::from_le_bytes(*head.first_chunk()?);
            let length = u32::from_le_bytes(*head.get(8..)?.first_chunk()?) as usize;
            let what = match head[14] {
                0 => What::Frame,
                1 => What::Live,
                _ => What::Down,
            };
            let (frame, more) = more.split_at_checked(length)?;
            rest = more;
            Some((VenueId(head[12]), head[13], recv_ns, what, frame))
        })
    }

    /// Gives the memory back.
    pub fn release(mut self) {
        self.bytes.clear();
        // The reader may be over.
        let _ = self.home.send(self.bytes);
    }
}

/// The reader's end.
#[derive(Debug)]
pub(super) struct Tap {
    current: Option<Vec<u8>>,
    first_ns: u64,
    free: Receiver<Vec<u8>>,
    home: Sender<Vec<u8>>,
    /// A chunk that the writer has no room for yet.
    unsent: Option<Chunk>,
    to: SyncSender<Chunk>,
    closed: bool,
}

impl Tap {
    /// A tap with its chunks, which go to `to`.
    pub fn new(to: SyncSender<Chunk>) -> Self {
        let (home, free) = channel();
        for _ in 0..CHUNKS {
            let _ = home.send(Vec::with_capacity(CHUNK_BYTES + (CHUNK_BYTES >> 2)));
        }
        Self { current: None, first_ns: 0, free, home, unsent: None, to, closed: false }
    }

    /// Whether frames may come; to be asked before each turn of the reader. Hands over what is old enough.
    #[inline]
    pub fn ready(&mut self, now_ns: u64) -> bool {
        let due = self.current.as_ref().is_some_and(|chunk| {
            chunk.len() >= CHUNK_BYTES || (!chunk.is_empty() && now_ns.saturating_sub(self.first_ns) >= CHUNK_AGE_NS)
        });
        (!due && self.current.is_some() && self.unsent.is_none() && !self.closed) || self.make_ready(due)
    }

    fn make_ready(&mut self, due: bool) -> bool {
        self.send_unsent();
        if due {
            self.hand_over();
            self.send_unsent();
        }
        if self.current.is_none() {
            self.current = self.free.try_recv().ok();
        }
        self.current.is_some() && self.unsent.is_none() && !self.closed
    }

    /// The writer is gone: nothing will be kept any more.
    pub const fn is_closed(&self) -> bool {
        self.closed
    }

    /// Hands over what there is; true when all of it is gone. For the end of a recording.
    pub fn flush(&mut self) -> bool {
        self.hand_over();
        self.send_unsent();
        self.closed || (self.unsent.is_none() && self.current.as_ref().is_none_or(Vec::is_empty))
    }

    fn hand_over(&mut self) {
        if self.unsent.is_none()
            && let Some(bytes) = self.current.take_if(|chunk| !chunk.is_empty())
        {
            self.unsent = Some(Chunk { bytes, home: self.home.clone() });
        }
    }

    fn send_unsent(&mut self) {
        let Some(chunk) = self.unsent.take() else { return };
        match self.to.try_send(chunk) {
            Ok(()) => {}
            Err(TrySendError::Full(chunk)) => self.unsent = Some(chunk),
            Err(TrySendError::Disconnected(_)) => self.closed = true,
        }
    }

    #[inline]
    fn add(&mut self, venue: VenueId, line: Line, recv_ns: u64, what: What, frame: &[u8]) {
        // What comes while there is no chunk (a line's state at the very start, frames left in a socket's buffer at the
        // end) gets one of its own: nothing is left out.
        let chunk = self.current.get_or_insert_with(Vec::new);
        if chunk.is_empty() {
            self.first_ns = recv_ns;
        }
        let mut head = [0; HEAD_BYTES];
        head[..8].copy_from_slice(&recv_ns.to_le_bytes());
        head[8..12].copy_from_slice(&(frame.len() as u32).to_le_bytes());
        head[12] = venue.0;
        head[13] = line;
        head[14] = what as u8;
        chunk.extend_from_slice(&head);
        chunk.extend_from_slice(frame);
    }
}

impl Observer for Tap {
    const WANTED: bool = false;
    const FRAMES: bool = true;

    fn batch(&mut self, _: &Batch) {}

    #[inline]
    fn frame(&mut self, venue: VenueId, line: Line, recv_ns: u64, text: &[u8]) {
        self.add(venue, line, recv_ns, What::Frame, text);
    }

    fn line_state(&mut self, venue: VenueId, line: Line, at_ns: u64, live: bool) {
        self.add(venue, line, at_ns, if live { What::Live } else { What::Down }, &[]);
    }
}

/// Ticks are decoded to be counted, not kept.
#[derive(Debug)]
pub(super) struct NoSink;

impl TickSink for NoSink {
    #[inline]
    fn push(&mut self, _tick: Tick) -> Result<(), Tick> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::sync_channel;

    use super::*;

    #[test]
    fn what_goes_in_comes_out_in_order() {
        let (to, chunks) = sync_channel(4);
        let mut tap = Tap::new(to);
        tap.line_state(VenueId(1), 0, 5, false);
        assert!(tap.ready(5));
        tap.frame(VenueId(1), 0, 7, b"{}");
        tap.frame(VenueId(2), 3, 8, b"");
        assert!(chunks.try_recv().is_err(), "not old enough");
        assert!(tap.ready(5 + CHUNK_AGE_NS));
        let chunk = chunks.try_recv().unwrap();
        let entries: Vec<_> = chunk.entries().collect();
        assert_eq!(
            entries,
            [
                (VenueId(1), 0, 5, What::Down, &b""[..]),
                (VenueId(1), 0, 7, What::Frame, b"{}"),
                (VenueId(2), 3, 8, What::Frame, b"")
            ]
        );
        chunk.release();
    }

    #[test]
    fn a_writer_that_takes_nothing_stops_the_reader_and_loses_nothing() {
        let (to, chunks) = sync_channel(2);
        let mut tap = Tap::new(to);
        let frame = [b'x'; 1_000];
        let mut sent = 0u64;
        while tap.ready(0) {
            tap.frame(VenueId(0), 0, sent, &frame);
            sent += 1;
        }
        assert!(!tap.ready(u64::MAX) && !tap.is_closed());
        let mut seen = 0;
        while !tap.flush() || seen < sent {
            let chunk = chunks.try_recv().unwrap();
            for (_, _, recv_ns, _, bytes) in chunk.entries() {
                assert_eq!((recv_ns, bytes), (seen, &frame[..]));
                seen += 1;
            }
            chunk.release();
        }
        assert!(tap.ready(0), "goes on once the writer does");
        drop(chunks);
        tap.frame(VenueId(0), 0, 0, b"");
        assert!(tap.flush() && tap.is_closed(), "nobody writes any more");
    }
}
