//! COLD: reading a session after any accident, without trusting a byte of it.
//!
//! Segments are read into memory one at a time rather than mapped: a file that is shortened under a mapping would kill
//! the reader.

use std::fs;
use std::path::{Path, PathBuf};

use super::error::JournalError;
use super::format::{
    HEADER_BYTES, KIND_SEAL, OLDEST_VERSION, SegmentHeader, Sums, VERSION, fold, index_name, record_bytes, segment_name,
};
use super::index::{self, IndexEntry};

/// How many bytes reading sums up at most while it looks for an intact record behind one damage: about a second's work.
/// Places that no record can begin at, zeros among them, cost nothing of it.
const RESYNC_SUMMED: usize = 4 << 30;

/// A segment as its header tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentInfo {
    /// The file.
    pub path: PathBuf,
    /// Its header.
    pub header: SegmentHeader,
    /// Bytes of the file.
    pub bytes: u64,
}

/// What is wrong at one place of a journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Damage {
    /// The last segment ends in something that is no record: a write that a crash cut short.
    TornTail {
        /// The segment's file.
        path: PathBuf,
        /// Where the intact part ends, bytes from the begin of the file.
        offset: u64,
        /// Bytes behind it that are not zero, up to the last such byte.
        bytes: u64,
        /// Number of the record that would have come.
        seq: u64,
    },
    /// Records are damaged or missing.
    Lost {
        /// The file in which they were, or would have been.
        path: PathBuf,
        /// Where the damage begins, bytes from the begin of the file.
        offset: u64,
        /// Number of the first lost record.
        seq: u64,
        /// How many, where something intact behind them tells.
        records: Option<u64>,
    },
    /// A segment is there whose header cannot be read, or that is another session's.
    BadSegment {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: &'static str,
    },
}

impl std::fmt::Display for Damage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::TornTail { path, offset, bytes, seq } => write!(
                f,
                "{}: torn at byte {offset}, record {seq}: {bytes} bytes behind it are no record",
                path.display()
            ),
            Self::Lost { path, offset, seq, records: Some(records) } => {
                write!(f, "{}: {records} records lost from record {seq} on, at byte {offset}", path.display())
            }
            Self::Lost { path, offset, seq, records: None } => {
                write!(f, "{}: all records lost from record {seq} on, at byte {offset}", path.display())
            }
            Self::BadSegment { path, why } => write!(f, "{}: set aside: {why}", path.display()),
        }
    }
}

/// A session to read.
#[derive(Debug, Clone)]
pub struct Journal {
    dir: PathBuf,
    segments: Vec<SegmentInfo>,
    /// Files that are no readable segments, with the numbers that their names say.
    bad: Vec<(u32, Damage)>,
    /// Behind the last segment there is one that was prepared and never begun.
    prepared: bool,
}

/// A record with its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnedRecord {
    /// Its number in the session, from 0.
    pub seq: u64,
    /// Its kind.
    pub kind: u8,
    /// Its flags.
    pub flags: u8,
    /// Its payload.
    pub payload: Vec<u8>,
}

/// What reading comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item<'a> {
    /// An intact record.
    Record {
        /// Its number in the session, from 0.
        seq: u64,
        /// Its kind.
        kind: u8,
        /// Its flags.
        flags: u8,
        /// Its payload.
        payload: &'a [u8],
    },
    /// Damage; reading goes on behind it where there is a behind.
    Damage(Damage),
}

impl Journal {
    /// Opens the session in `dir`. Reads the segments' headers only.
    ///
    /// # Errors
    /// [`JournalError::Missing`]; [`JournalError::NotAFolder`];
    /// [`JournalError::NotAJournal`] when `dir` holds no segment at all;
    /// [`JournalError::Version`] for a segment of an unknown format; what the system says.
    pub fn open(dir: &Path) -> Result<Self, JournalError> {
        let mut names: Vec<(u32, PathBuf)> = Vec::new();
        let list = fs::read_dir(dir).map_err(|e| match e.kind() {
            std::io::ErrorKind::NotFound => JournalError::Missing { dir: dir.to_path_buf() },
            std::io::ErrorKind::NotADirectory => JournalError::NotAFolder { path: dir.to_path_buf() },
            _ => JournalError::from_io("list", dir, 0, e),
        })?;
        for entry in list {
            let path = entry.map_err(|e| JournalError::from_io("list", dir, 0, e))?.path();
            if let Some(number) = number_of(&path) {
                names.push((number, path));
            }
        }
        if names.is_empty() {
            return Err(JournalError::NotAJournal { dir: dir.to_path_buf() });
        }
        names.sort_unstable();
        let mut journal = Self { dir: dir.to_path_buf(), segments: Vec::new(), bad: Vec::new(), prepared: false };
        let last = names.last().map(|(number, _)| *number);
        for (number, path) in names {
            journal.add(number, path, Some(number) == last)?;
        }
        Ok(journal)
    }

    fn add(&mut self, number: u32, path: PathBuf, last: bool) -> Result<(), JournalError> {
        let mut bad = |path, why| self.bad.push((number, Damage::BadSegment { path, why }));
        // Opening something else, a pipe say, might never end.
        if !fs::metadata(&path).is_ok_and(|meta| meta.is_file()) {
            bad(path, "it is not a file");
            return Ok(());
        }
        let (head, bytes) = read_head(&path)?;
        let Some(header) = SegmentHeader::from_bytes(&head) else {
            // A segment prepared and never begun is zeros to its end, and no damage.
            if last && head.iter().all(|b| *b == 0) {
                self.prepared = true;
            } else {
                bad(path, "its header is damaged");
            }
            return Ok(());
        };
        if !(OLDEST_VERSION..=VERSION).contains(&header.version) {
            let (oldest, newest) = (OLDEST_VERSION, VERSION);
            return Err(JournalError::Version { path, found: header.version, oldest, newest });
        }
        let why = if header.number != number {
            Some("its name is another segment's")
        } else if self.segments.first().is_some_and(|s| s.header.session != header.session) {
            Some("it is another session's")
        } else if self.segments.last().is_some_and(|s| s.header.first_seq > header.first_seq) {
            Some("its records come before those of the segment before it")
        } else {
            None
        };
        match why {
            Some(why) => bad(path, why),
            None => self.segments.push(SegmentInfo { path, header, bytes }),
        }
        Ok(())
    }

    /// The session's folder.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The segments, those set aside left out.
    #[must_use]
    pub fn segments(&self) -> &[SegmentInfo] {
        &self.segments
    }

    /// Whether a writer had the session's last segment under the pen just now. To be asked before reading: what is torn
    /// then is not written yet. Where the file system has no locks, nobody seems to write: enough to read, not to mend.
    #[must_use]
    pub fn is_being_written(&self) -> bool {
        let file = self.segments.last().and_then(|last| fs::File::open(&last.path).ok());
        file.is_some_and(|file| matches!(file.try_lock_shared(), Err(fs::TryLockError::WouldBlock)))
    }

    /// The records from the begin on.
    #[must_use]
    pub fn records(&self) -> Records<'_> {
        Records::new(self, 0, None)
    }

    /// The records from one at or a little before number `seq` on.
    #[must_use]
    pub fn records_near(&self, seq: u64) -> Records<'_> {
        self.seek(|s| s.header.first_seq <= seq, |e| e.seq <= seq)
    }

    /// The records from one whose time is at or a little before `ns` on.
    #[must_use]
    pub fn records_near_time(&self, ns: u64) -> Records<'_> {
        self.seek(|s| s.header.first_ns <= ns, |e| e.ns <= ns)
    }

    fn seek(&self, before: impl Fn(&SegmentInfo) -> bool, entry_before: impl Fn(&IndexEntry) -> bool) -> Records<'_> {
        let segment = self.segments.partition_point(before).saturating_sub(1);
        let start = self.segments.get(segment).and_then(|info| {
            let bytes = fs::read(self.dir.join(index_name(info.header.number))).ok()?;
            let entries = index::from_bytes(&bytes)?;
            entries.get(entries.partition_point(entry_before).checked_sub(1)?).copied()
        });
        Records::new(self, segment, start)
    }
}

/// Reads a session record by record; see [`Journal::records`].
#[derive(Debug)]
pub struct Records<'a> {
    journal: &'a Journal,
    /// The segment at hand.
    segment: usize,
    bytes: Vec<u8>,
    loaded: bool,
    sums: Option<Sums>,
    at: usize,
    seq: u64,
    start: Option<IndexEntry>,
    bad: usize,
    /// The segment that was left last ended in its seal.
    sealed: bool,
}

enum Step {
    Record { seq: u64, kind: u8, flags: u8, from: usize, to: usize },
    Damage(Damage),
    Segment,
}

impl<'a> Records<'a> {
    fn new(journal: &'a Journal, segment: usize, start: Option<IndexEntry>) -> Self {
        let first = journal.segments.first();
        let sums = first.map(|s| Sums::new(s.header.session));
        // What is missing before the first readable segment was never promised to a reader that starts behind it.
        let seq = if segment == 0 { 0 } else { journal.segments.get(segment).map_or(0, |s| s.header.first_seq) };
        let number = journal.segments.get(segment).map_or(0, |s| s.header.number);
        let bad = if segment == 0 { 0 } else { journal.bad.partition_point(|(n, _)| *n < number) };
        Self { journal, segment, bytes: Vec::new(), loaded: false, sums, at: 0, seq, start, bad, sealed: false }
    }

    /// The next record or damage; `None` at the end.
    ///
    /// # Errors
    /// What the system says when a segment cannot be read.
    #[expect(clippy::should_implement_trait, reason = "an item borrows from the reader")]
    pub fn next(&mut self) -> Result<Option<Item<'_>>, JournalError> {
        loop {
            let info = self.journal.segments.get(self.segment);
            // A file that is no segment is told where its records would have come.
            if let Some((number, damage)) = self.journal.bad.get(self.bad)
                && (info.is_none_or(|info| *number < info.header.number))
            {
                self.bad += 1;
                return Ok(Some(Item::Damage(damage.clone())));
            }
            let Some(info) = info else { return Ok(None) };
            if !self.loaded
                && let Some(damage) = self.load(info)?
            {
                return Ok(Some(Item::Damage(damage)));
            }
            match self.step(info) {
                Step::Record { seq, kind, flags, from, to } => {
                    let payload = self.bytes.get(from..to).unwrap_or_default();
                    return Ok(Some(Item::Record { seq, kind, flags, payload }));
                }
                Step::Damage(damage) => return Ok(Some(Item::Damage(damage))),
                Step::Segment => {}
            }
        }
    }

    /// At the end: whether the writer closed the session there. Where it did not, it was killed, or is at work, and
    /// more may have been on its way.
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        self.sealed && !self.journal.prepared && self.segment >= self.journal.segments.len()
    }

    /// The next record, copied; damage is left out, and told by [`Self::next`] alone.
    ///
    /// # Errors
    /// As [`Self::next`].
    pub fn next_record(&mut self) -> Result<Option<OwnedRecord>, JournalError> {
        loop {
            match self.next()? {
                None => return Ok(None),
                Some(Item::Damage(_)) => {}
                Some(Item::Record { seq, kind, flags, payload }) => {
                    return Ok(Some(OwnedRecord { seq, kind, flags, payload: payload.to_vec() }));
                }
            }
        }
    }

    fn load(&mut self, info: &SegmentInfo) -> Result<Option<Damage>, JournalError> {
        self.bytes = fs::read(&info.path).map_err(|e| JournalError::from_io("read", &info.path, 0, e))?;
        (self.loaded, self.sealed) = (true, false);
        self.at = HEADER_BYTES;
        let (expected, first) = (self.seq, info.header.first_seq);
        self.seq = first;
        if let Some(start) = self.start.take()
            && start.seq >= first
            && self.intact(start.offset as usize, start.seq)
        {
            (self.at, self.seq) = (start.offset as usize, start.seq);
            return Ok(None);
        }
        let records = first.saturating_sub(expected);
        let lost = Damage::Lost { path: info.path.clone(), offset: 0, seq: expected, records: Some(records) };
        Ok((records > 0).then_some(lost))
    }

    fn intact(&self, at: usize, seq: u64) -> bool {
        let place = self.bytes.get(at..).unwrap_or_default();
        at.is_multiple_of(8) && self.sums.is_some_and(|sums| sums.record(place, seq).is_some())
    }

    fn step(&mut self, info: &SegmentInfo) -> Step {
        let Some(sums) = self.sums else { return self.leave() };
        let place = self.bytes.get(self.at..).unwrap_or_default();
        if let Some(record) = sums.record(place, self.seq) {
            let (seq, kind, flags, length) = (self.seq, record.kind, record.flags, record.payload.len());
            let from = self.at + super::format::HEAD_BYTES;
            self.seq += 1;
            self.at += record_bytes(length);
            if kind == KIND_SEAL {
                self.sealed = true;
                return self.leave();
            }
            return Step::Record { seq, kind, flags, from, to: from + length };
        }
        if place.iter().all(|b| *b == 0) {
            // Unwritten to the end: the writer ended here without a word. What came after, if anything, is another
            // segment's to tell.
            return self.leave();
        }
        match self.resync(sums, place) {
            Some((skip, seq)) => {
                let damage = Damage::Lost {
                    path: info.path.clone(),
                    offset: self.at as u64,
                    seq: self.seq,
                    records: Some(seq - self.seq),
                };
                self.at += skip;
                self.seq = seq;
                Step::Damage(damage)
            }
            None => {
                let damage = self.rest_is_bad(info, place);
                let _ = self.leave();
                Step::Damage(damage)
            }
        }
    }

    /// Nothing intact follows in this segment.
    fn rest_is_bad(&self, info: &SegmentInfo, place: &[u8]) -> Damage {
        let (path, offset, seq) = (info.path.clone(), self.at as u64, self.seq);
        match self.journal.segments.get(self.segment + 1) {
            // The next segment's `load` would tell the same loss again without this.
            Some(next) => {
                let records = Some(next.header.first_seq.saturating_sub(self.seq));
                Damage::Lost { path, offset, seq, records }
            }
            None => {
                let bytes = place.iter().rposition(|b| *b != 0).map_or(0, |last| last as u64 + 1);
                Damage::TornTail { path, offset, bytes, seq }
            }
        }
    }

    /// The nearest intact record behind the place: how far it is, and its number.
    fn resync(&self, sums: Sums, place: &[u8]) -> Option<(usize, u64)> {
        let mut summed = 0;
        for skip in (8..place.len()).step_by(8) {
            let Some(record) = sums.look(&place[skip..]) else { continue };
            summed += record.payload.len() + super::format::HEAD_BYTES;
            let ahead = record.seq_low.wrapping_sub(fold(self.seq));
            // A record takes eight bytes at least, so no more than that can lie between.
            if ahead > 0 && ahead as usize <= skip / 8 {
                let seq = self.seq + u64::from(ahead);
                // 32 bits match by chance in a megabyte of noise: what is believed is followed by its successor, or by
                // nothing at all.
                let behind = place.get(skip + record_bytes(record.payload.len())..).unwrap_or_default();
                if behind.iter().all(|b| *b == 0) || sums.record(behind, seq + 1).is_some() {
                    return Some((skip, seq));
                }
            }
            if summed > RESYNC_SUMMED {
                return None;
            }
        }
        None
    }

    /// On to the next segment.
    fn leave(&mut self) -> Step {
        if let Some(next) = self.journal.segments.get(self.segment + 1) {
            let place = self.bytes.get(self.at..).unwrap_or_default();
            if place.iter().any(|b| *b != 0) {
                self.seq = self.seq.max(next.header.first_seq);
            }
        }
        self.segment += 1;
        self.loaded = false;
        self.bytes = Vec::new();
        Step::Segment
    }
}

/// The segment number that a file's name says.
fn number_of(path: &Path) -> Option<u32> {
    let number: u32 = path.file_stem()?.to_str()?.parse().ok()?;
    (path.file_name()?.to_str()? == segment_name(number)).then_some(number)
}

fn read_head(path: &Path) -> Result<(Vec<u8>, u64), JournalError> {
    use std::io::Read;
    let fail = |e| JournalError::from_io("read", path, 0, e);
    let file = fs::File::open(path).map_err(fail)?;
    let bytes = file.metadata().map_err(fail)?.len();
    let mut head = Vec::with_capacity(HEADER_BYTES);
    file.take(HEADER_BYTES as u64).read_to_end(&mut head).map_err(fail)?;
    Ok((head, bytes))
}
