//! Runs of the demo in virtual time with a journal.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crosstick_engine::config::{Fsync, Overrides};
use crosstick_engine::driver::PaperDriver;
use crosstick_engine::journal::scribe::{self, Scribe};
use crosstick_engine::journal::session::Session;
use crosstick_engine::journal::thread::{JournalEnd, JournalThread};
use crosstick_engine::setup;
use crosstick_model::{Command, CommandKind, CommandSource, Reason};
use crosstick_strategy::Spread;

use super::demo;

/// Room for every entry of a test: the journal thread may not get a CPU for long.
const RING: usize = 1 << 18;

pub const START_NS: u64 = 1_754_000_000_000_000_000;

/// A run with a journal: ticks in another order than their stamps now and then, idle turns that are ahead of ticks still
/// to come, and commands. Returns the session's folder and the core's own hash.
pub fn journalled(home: &Path, ticks: usize, segment_bytes: u64) -> (PathBuf, String, JournalEnd) {
    let (dir, driver, end) = with(home, segment_bytes, &Overrides::none(), |d, s| drive(d, ticks, s));
    (dir, driver.core().hash().hex(), end)
}

/// A run of that config, driven by `drive`.
pub fn with(
    home: &Path,
    segment_bytes: u64,
    overrides: &Overrides,
    drive: impl FnOnce(&mut PaperDriver<Spread>, &mut Scribe),
) -> (PathBuf, PaperDriver<Spread>, JournalEnd) {
    let (config, universe) = demo::load(&demo::config_text(), overrides);
    let mut driver = setup::paper_driver(&config, &universe).unwrap();
    let session = Session::new(&config, &Default::default(), START_NS);
    let writer = session.begin(home, segment_bytes, false).unwrap();
    let dir = writer.dir().to_path_buf();
    let (mut scribe, ring, shared) = scribe::scribe(RING);
    let thread = JournalThread { writer, ring, shared, fsync: Fsync::None, trouble: Arc::default() };
    let thread = thread.start().unwrap();
    drive(&mut driver, &mut scribe);
    drop(scribe);
    (dir, driver, thread.join().unwrap())
}

/// Swapped ticks, idle turns, silences and commands.
pub fn drive(driver: &mut PaperDriver<Spread>, ticks: usize, scribe: &mut Scribe) {
    let mut list = demo::ticks(1, START_NS, ticks);
    // Two readers: a tick can be taken after one that was read later.
    for pair in list.chunks_exact_mut(7) {
        pair.swap(2, 3);
    }
    for (i, tick) in list.iter().enumerate() {
        driver.take(tick, scribe);
        if i % 11 == 5 {
            // An idle turn whose clock is ahead of the next tick's stamp.
            driver.wake_until(tick.recv_ns + 3_000_000, scribe);
        }
        if i % 4_001 == 4_000 {
            // A silence: quotes of open opportunities become stale, by timers.
            driver.wake_until(tick.recv_ns + 2_000_000_000, scribe);
        }
        let kind = match i * 100 / ticks {
            40 => Some(CommandKind::Halt),
            45 => Some(CommandKind::Resume),
            _ => None,
        };
        if let Some(kind) = kind.filter(|_| i.is_multiple_of(ticks / 100)) {
            let reason = Reason::new("a long reason that takes more than one cell of the ring, and more than two: äöü");
            driver.command(&Command { at_ns: tick.recv_ns, kind, source: CommandSource::Control, reason }, scribe);
        }
        if scribe.hash_is_due() {
            scribe.state(driver.core().state_hash());
        }
    }
    driver.wake_until(list[ticks - 1].recv_ns + 5_000_000_000, scribe);
    driver.finish(scribe);
}
