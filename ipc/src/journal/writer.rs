//! Writing a journal: one thread, front to back, a segment at a time.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use super::error::JournalError;
use super::format::{
    HEADER_BYTES, PAYLOAD_BYTES_MAX, SEAL_BYTES, SEGMENT_BYTES_MAX, SEGMENT_BYTES_MIN, SegmentHeader, SessionId, Sums,
    VERSION, record_bytes, segment_name,
};
use super::segment::Segment;
use crate::sys::WriteMap;

/// How a session is written.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Identifies the session.
    pub session: SessionId,
    /// Bytes of a segment.
    pub segment_bytes: u64,
    /// Wall time of the start, ns since the epoch.
    pub now_ns: u64,
    /// A closed segment is brought to the disk before the next one begins.
    pub durable: bool,
}

/// A session under the pen. Dropped without [`Writer::close`], it leaves what a crash would leave.
#[derive(Debug)]
pub struct Writer {
    dir: PathBuf,
    options: Options,
    sums: Sums,
    current: Option<Segment>,
    next: Option<(File, WriteMap)>,
    number: u32,
    seq: u64,
    bytes: u64,
}

impl Writer {
    /// Begins a session in `dir`, which is made where it is missing. Takes the room of the first segment.
    ///
    /// # Errors
    /// [`JournalError::Exists`] when a session is there; [`JournalError::Full`]; whatever else the system says.
    pub fn create(dir: &Path, options: Options) -> Result<Self, JournalError> {
        let (min, max) = (SEGMENT_BYTES_MIN, SEGMENT_BYTES_MAX);
        if !(min..=max).contains(&options.segment_bytes) {
            return Err(JournalError::SegmentSize { bytes: options.segment_bytes, min, max });
        }
        fs::create_dir_all(dir).map_err(|e| JournalError::from_io("make", dir, 0, e))?;
        if dir.join(segment_name(0)).exists() {
            return Err(JournalError::Exists { dir: dir.to_path_buf() });
        }
        let room = Segment::prepare(dir, 0, options.segment_bytes).inspect_err(|_| {
            // A service that starts again and again on a full disk would leave a folder each time; one that holds
            // anything stays.
            let _ = fs::remove_dir(dir);
        })?;
        let mut writer = Self {
            dir: dir.to_path_buf(),
            options,
            sums: Sums::new(options.session),
            current: None,
            next: None,
            number: 0,
            seq: 0,
            bytes: 0,
        };
        writer.current = Some(Segment::begin(dir, room, writer.header(options.now_ns)));
        Ok(writer)
    }

    /// Writes a record and returns its number. `ns` is the time of the last input, for the index.
    ///
    /// # Errors
    /// When another segment is needed and cannot be had; nothing was written then, and the call may be repeated.
    pub fn append(&mut self, kind: u8, flags: u8, payload: &[u8], ns: u64) -> Result<u64, JournalError> {
        let room = self.options.segment_bytes as usize - HEADER_BYTES - SEAL_BYTES;
        let max = PAYLOAD_BYTES_MAX.min(room - super::format::HEAD_BYTES);
        if payload.len() > max {
            return Err(JournalError::TooLong { bytes: payload.len(), max });
        }
        if !self.current.as_mut().is_some_and(|segment| segment.fits(payload.len())) {
            self.roll(ns)?;
        }
        let seq = self.seq;
        if let Some(segment) = &mut self.current {
            segment.put(self.sums, seq, kind, flags, payload, ns);
            self.seq += 1;
            self.bytes += record_bytes(payload.len()) as u64;
        }
        Ok(seq)
    }

    /// Takes the room of the next segment while the current one still has a quarter left, so that a disk that fills up
    /// is known before the journal has nowhere to write. To be called now and then; cheap when there is nothing to do.
    ///
    /// # Errors
    /// As [`Self::append`]; records still fit into the current segment.
    pub fn prepare(&mut self) -> Result<(), JournalError> {
        if self.next.is_none() && self.current.as_mut().is_some_and(Segment::is_nearly_full) {
            self.next = Some(Segment::prepare(&self.dir, self.number + 1, self.options.segment_bytes)?);
        }
        Ok(())
    }

    /// Brings all that was written to the disk. Blocks.
    ///
    /// # Errors
    /// What the system says, such as an I/O error of the disk.
    pub fn sync(&mut self) -> Result<(), JournalError> {
        self.current.as_mut().map_or(Ok(()), Segment::sync)
    }

    /// Ends the session in order.
    ///
    /// # Errors
    /// What the system says; all records are in the file all the same.
    pub fn close(mut self) -> Result<(), JournalError> {
        if self.next.take().is_some() {
            // Prepared and never begun: a file of zeros that says nothing.
            let path = self.dir.join(segment_name(self.number + 1));
            fs::remove_file(&path).map_err(|e| JournalError::from_io("remove", &path, 0, e))?;
        }
        let (sums, seq, durable) = (self.sums, self.seq, self.options.durable);
        self.current.take().map_or(Ok(()), |segment| segment.close(sums, seq, durable))
    }

    /// Number of the next record.
    #[must_use]
    pub const fn next_seq(&self) -> u64 {
        self.seq
    }

    /// Bytes of all records so far, headers and seals of segments not counted.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The session's folder.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    fn roll(&mut self, ns: u64) -> Result<(), JournalError> {
        let room = match self.next.take() {
            Some(room) => room,
            None => Segment::prepare(&self.dir, self.number + 1, self.options.segment_bytes)?,
        };
        if let Some(full) = self.current.take() {
            // A seal is a record too: it has a number, so that a missing one is seen.
            let seq = self.seq;
            self.seq += 1;
            let closed = full.close(self.sums, seq, self.options.durable);
            self.number += 1;
            self.current = Some(Segment::begin(&self.dir, room, self.header(ns)));
            return closed;
        }
        Ok(())
    }

    fn header(&self, ns: u64) -> SegmentHeader {
        SegmentHeader {
            version: VERSION,
            number: self.number,
            session: self.options.session,
            first_seq: self.seq,
            first_ns: ns,
            segment_bytes: self.options.segment_bytes,
        }
    }
}
