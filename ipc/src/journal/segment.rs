//! One segment while it is written: taken from the file system in whole, mapped, filled front to back.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::error::JournalError;
use super::format::{HEADER_BYTES, KIND_SEAL, SEAL_BYTES, SegmentHeader, Sums, index_name, record_bytes, segment_name};
use super::index::{self, EVERY_BYTES, IndexEntry};
use crate::sys::{WriteMap, allocate};

/// Owner and group may read it: a journal holds what was traded, and never a key.
const FILE_MODE: u32 = 0o640;

/// A segment under the pen.
#[derive(Debug)]
pub(crate) struct Segment {
    map: WriteMap,
    file: File,
    dir: PathBuf,
    path: PathBuf,
    header: SegmentHeader,
    at: usize,
    synced: usize,
    index: Vec<IndexEntry>,
}

impl Segment {
    /// Takes the room for a segment, without a header yet: what is prepared ahead does not know its first record.
    pub(crate) fn prepare(dir: &Path, number: u32, bytes: u64) -> Result<(File, WriteMap), JournalError> {
        let path = dir.join(segment_name(number));
        let fail = |action, error| JournalError::from_io(action, &path, bytes, error);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .mode(FILE_MODE)
            .open(&path)
            .map_err(|e| fail("create", e))?;
        // Says to readers that the session is being written; the system drops it with the process. A file system
        // without locks is no reason not to write.
        let _ = file.try_lock();
        let made = allocate(&file, bytes)
            .map_err(|e| fail("take room for", e))
            .and_then(|()| WriteMap::new(&file, bytes as usize).map_err(|e| fail("map", e)))
            .and_then(|map| {
                // The name must outlive a crash, or the records in it would be lost with it.
                File::open(dir).and_then(|d| d.sync_all()).map_err(|e| fail("sync the folder of", e))?;
                Ok(map)
            });
        match made {
            Ok(map) => Ok((file, map)),
            Err(error) => {
                // A file without room in it would only be in the way of the next try.
                let _ = fs::remove_file(&path);
                Err(error)
            }
        }
    }

    /// Begins the segment that was prepared.
    pub(crate) fn begin(dir: &Path, (file, mut map): (File, WriteMap), header: SegmentHeader) -> Self {
        map.bytes()[..HEADER_BYTES].copy_from_slice(&header.to_bytes());
        let path = dir.join(segment_name(header.number));
        Self { map, file, dir: dir.to_path_buf(), path, header, at: HEADER_BYTES, synced: 0, index: Vec::new() }
    }

    /// Whether a record with a payload of `length` fits, and the seal behind it.
    pub(crate) fn fits(&mut self, length: usize) -> bool {
        self.at + record_bytes(length) + SEAL_BYTES <= self.map.bytes().len()
    }

    /// Whether three quarters are full.
    pub(crate) fn is_nearly_full(&mut self) -> bool {
        self.at >= self.map.bytes().len() / 4 * 3
    }

    /// Writes record number `seq`; it must fit.
    pub(crate) fn put(&mut self, sums: Sums, seq: u64, kind: u8, flags: u8, payload: &[u8], ns: u64) {
        if self.index.last().is_none_or(|last| self.at as u64 - last.offset >= EVERY_BYTES as u64) {
            self.index.push(IndexEntry { seq, ns, offset: self.at as u64 });
        }
        self.put_raw(sums, seq, kind, flags, payload);
    }

    fn put_raw(&mut self, sums: Sums, seq: u64, kind: u8, flags: u8, payload: &[u8]) {
        let end = self.at + record_bytes(payload.len());
        let sum = sums.sum(seq, kind, flags, payload);
        let place = &mut self.map.bytes()[self.at..end];
        place[8..8 + payload.len()].copy_from_slice(payload);
        place[4..6].copy_from_slice(&(payload.len() as u16).to_le_bytes());
        place[6..8].copy_from_slice(&[kind, flags]);
        place[..4].copy_from_slice(&sum.to_le_bytes());
        self.at = end;
    }

    /// Brings what was written since the last time to the disk. Blocks.
    pub(crate) fn sync(&mut self) -> Result<(), JournalError> {
        if self.synced == self.at {
            return Ok(());
        }
        self.map
            .sync(self.synced, self.at - self.synced)
            .map_err(|e| JournalError::from_io("sync", &self.path, self.header.segment_bytes, e))?;
        self.synced = self.at;
        Ok(())
    }

    /// Seals the segment as record number `seq`, gives back the room it does not need, and writes its index.
    pub(crate) fn close(mut self, sums: Sums, seq: u64, durable: bool) -> Result<(), JournalError> {
        self.put_raw(sums, seq, KIND_SEAL, 0, &[]);
        if durable {
            self.sync()?;
        }
        let fail = |action, path: &Path, error| JournalError::from_io(action, path, self.header.segment_bytes, error);
        drop(self.map);
        self.file.set_len(self.at as u64).map_err(|e| fail("shorten", &self.path, e))?;
        let path = self.dir.join(index_name(self.header.number));
        let bytes = index::to_bytes(&self.index);
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(FILE_MODE)
            .open(&path)
            .map_err(|e| fail("create", &path, e))?;
        file.write_all(&bytes).map_err(|e| fail("write", &path, e))?;
        if durable {
            file.sync_all().and_then(|()| self.file.sync_all()).map_err(|e| fail("sync", &path, e))?;
        }
        Ok(())
    }
}
