//! The journal thread: from the ring to the disk.
//!
//! **Thread:** `ct-journal`, cold: it sleeps a millisecond when there is nothing to write, and may block on the disk.
//! When the disk refuses, it says so at once, holds on to the entry at hand and tries again: what the ring still takes
//! is not lost if the disk comes back, and trading is halted either way.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crosstick_ipc::journal::{JournalError, Writer};
use crosstick_ring::spsc::Consumer;

use super::cell::{Assembler, Cell};
use super::entry::{CORE_PAYLOAD_MAX, Entry, kind};
use super::scribe::Shared;
use crate::config::Fsync;

/// Cells taken from the ring in one go.
const BATCH: usize = 1024;
/// How long it sleeps when there is nothing to do, or the disk refuses.
const NAP: Duration = Duration::from_millis(1);
const RETRY: Duration = Duration::from_millis(20);
/// How long it tries on at the end of a run while the disk refuses.
const LAST_TRIES: Duration = Duration::from_secs(2);

/// How often it goes to the disk where orders do so at once.
const WITH_ORDERS: Duration = Duration::from_millis(100);

fn interval(fsync: Fsync) -> Option<Duration> {
    match fsync {
        Fsync::None => None,
        Fsync::Interval(every) => Some(every),
        Fsync::Order => Some(WITH_ORDERS),
    }
}

/// What the journal came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JournalEnd {
    /// Entries written.
    pub entries: u64,
    /// Bytes of them.
    pub bytes: u64,
    /// Entries that could not be written.
    pub lost: u64,
    /// The first thing that went wrong.
    pub trouble: Option<String>,
}

/// The first thing that went wrong, for who tells the operator.
pub type TroubleText = Arc<Mutex<Option<String>>>;

/// What the journal thread starts with.
pub struct JournalThread {
    /// The session under the pen, its description written.
    pub writer: Writer,
    /// The core's end is the other.
    pub ring: Consumer<Cell>,
    /// What both ends see.
    pub shared: Arc<Shared>,
    /// When entries go to the disk.
    pub fsync: Fsync,
    /// Where the first trouble is told.
    pub trouble: TroubleText,
}

/// An entry that the disk refused.
#[derive(Debug)]
struct Held {
    kind: u8,
    payload: Vec<u8>,
}

impl JournalThread {
    /// Starts the thread. It ends when the core's end is dropped and all is written, or given up.
    ///
    /// # Errors
    /// When the system has no thread for it.
    pub fn start(self) -> std::io::Result<JoinHandle<JournalEnd>> {
        thread::Builder::new().name("ct-journal".into()).spawn(move || self.run())
    }

    fn run(mut self) -> JournalEnd {
        let (mut assembler, mut held, mut now_ns) = (Assembler::default(), None::<Held>, 0);
        let (mut synced, mut giving_up) = (Instant::now(), None::<Instant>);
        let mut entries = 0;
        loop {
            let closed = self.ring.is_closed();
            if let Some(entry) = &held {
                match self.writer.append(entry.kind, 0, &entry.payload, now_ns) {
                    Ok(_) => {
                        entries += 1;
                        held = None;
                    }
                    Err(error) => {
                        self.tell(&error);
                        if closed && giving_up.get_or_insert_with(Instant::now).elapsed() > LAST_TRIES {
                            return self.give_up(entries);
                        }
                        thread::sleep(RETRY);
                        continue;
                    }
                }
            }
            let (mut taken, mut orders) = (0, false);
            while taken < BATCH && held.is_none() {
                let Some(cell) = self.ring.pop() else { break };
                taken += 1;
                let Some((kind, payload)) = assembler.take(&cell) else { continue };
                now_ns = time_of(kind, payload).unwrap_or(now_ns);
                orders |= kind == kind::DECISION && payload.first() == Some(&5);
                match self.writer.append(kind, 0, payload, now_ns) {
                    Ok(_) => entries += 1,
                    Err(error) => {
                        self.tell(&error);
                        held = Some(Held { kind, payload: payload.to_vec() });
                    }
                }
            }
            self.ring.publish();
            if let Err(error) = self.writer.prepare() {
                self.tell(&error);
            }
            let due = interval(self.fsync).is_some_and(|every| synced.elapsed() >= every);
            if due || (orders && self.fsync == Fsync::Order) {
                synced = Instant::now();
                if let Err(error) = self.writer.sync() {
                    self.tell(&error);
                }
            }
            if taken == 0 && held.is_none() {
                if closed && self.ring.is_empty() {
                    return self.close(entries, now_ns);
                }
                thread::sleep(NAP);
            }
        }
    }

    fn tell(&self, error: &JournalError) {
        self.shared.disk_trouble();
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(|| error.to_string());
    }

    fn close(mut self, mut entries: u64, now_ns: u64) -> JournalEnd {
        let lost = self.shared.lost();
        if lost > 0 {
            let mut payload = [0; CORE_PAYLOAD_MAX];
            let length = Entry::Lost(lost).write(&mut payload);
            match self.writer.append(kind::LOST, 0, &payload[..length], now_ns) {
                Ok(_) => entries += 1,
                Err(error) => self.tell(&error),
            }
        }
        let bytes = self.writer.bytes();
        let durable = if self.fsync == Fsync::None { Ok(()) } else { self.writer.sync() };
        let (shared, trouble) = (self.shared, self.trouble);
        if let Err(error) = durable.and_then(|()| self.writer.close()) {
            shared.disk_trouble();
            trouble.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(|| error.to_string());
        }
        JournalEnd { entries, bytes, lost, trouble: text(&trouble) }
    }

    /// The disk refuses to the end: what is left in the ring is counted.
    fn give_up(mut self, entries: u64) -> JournalEnd {
        let mut left = 1;
        let mut assembler = Assembler::default();
        while let Some(cell) = self.ring.pop() {
            left += u64::from(assembler.take(&cell).is_some());
        }
        let (lost, bytes) = (self.shared.lost() + left, self.writer.bytes());
        JournalEnd { entries, bytes, lost, trouble: text(&self.trouble) }
    }
}

fn text(trouble: &TroubleText) -> Option<String> {
    trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// The time of an input, for the index.
fn time_of(kind: u8, payload: &[u8]) -> Option<u64> {
    let at = match kind {
        kind::TICK => 32,
        kind::REPORT | kind::TIMER | kind::COMMAND => 0,
        _ => return None,
    };
    Some(u64::from_le_bytes(payload.get(at..at + 8)?.try_into().ok()?))
}
