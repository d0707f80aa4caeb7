//! What a replay or a backtest is fed with: recorded market data of several kinds as one sequence of ticks.
//!
//! **Thread:** whoever runs the core in core time (the main thread of a replay, each worker of a sweep). Cold to open,
//! hot to read. **Deliberately absent:** clocks, sockets, and any judgement of what ticks mean.
//!
//! Everything is merged by receive time, then by the order of the sources, then by line. [`Data::open`] is for a config
//! and its universe; [`Data::discover`] for neither: each source is a venue of its own then, and symbols get numbers as
//! they come.

mod archive;
mod bytes;
mod csv;
mod feed;
mod files;
mod journal;
mod open;
mod source;
mod steady;
pub mod text;

use std::sync::{Arc, Mutex, PoisonError};

use crosstick_model::{Tick, Universe};

use crate::config::Config;
use crate::config::universe::FactsByVenue;
use crate::exit::Failure;
use crate::report::FeedReport;
pub use bytes::Progress;
use bytes::ReadCount;
pub(crate) use feed::VenueFeed;
pub(crate) use files::files;
pub use source::{Source, distinct};
pub use steady::Steady;

/// Instruments in the order in which they were first seen: index of the venue's feed, and symbol.
pub(crate) type Found = Arc<Mutex<Vec<(usize, String)>>>;

/// One sequence of recorded things, in an order of its own.
pub(crate) trait Input: Send {
    /// Moves to the next one; `false` at the end.
    ///
    /// # Errors
    /// When it cannot be read on.
    fn advance(&mut self) -> Result<bool, Failure>;

    /// When what it stands on was received, ns since the epoch.
    fn recv_ns(&self) -> u64;

    /// What it stands on, counted by its venue's feed; `None` when that is no tick.
    fn take(&mut self, feeds: &mut [VenueFeed]) -> Option<Tick>;
}

/// Recorded market data, opened and not read yet, or on its way.
pub struct Data {
    inputs: Vec<Box<dyn Input>>,
    /// Receive time of what each input stands on; `None` where it has ended.
    heads: Vec<Option<u64>>,
    /// The input whose tick was handed out last; it moves on when the next one is asked for.
    current: Option<usize>,
    begun: bool,
    feeds: Vec<VenueFeed>,
    found: Found,
    told: Vec<String>,
    read: ReadCount,
    span_ns: Option<(u64, u64)>,
}

impl Data {
    /// Opens every source for the venues of a config. A source that names no venue belongs to the config's only one.
    ///
    /// The universe must be built from the same config; [`crate::config::universe::build`] with
    /// [`Unknown::Finest`](crate::config::universe::Unknown) takes what the config leaves out from the data's scale.
    ///
    /// # Errors
    /// Usage: a source that cannot be opened, is of no known kind, or does not fit its venue. Nothing has been read
    /// then but the beginnings of files.
    pub fn open(config: &Config, universe: &Universe, sources: &[Source]) -> Result<Self, Failure> {
        open::configured(config, universe, sources)
    }

    /// What recordings and journals among the sources know of the config's instruments: to be given to
    /// [`crate::config::universe::build`], so that nothing has to be stated twice.
    ///
    /// # Errors
    /// Usage: a source that is not there, or whose description cannot be read.
    pub fn facts(config: &Config, sources: &[Source]) -> Result<FactsByVenue, Failure> {
        open::facts(config, sources)
    }

    /// Opens every source without a config: each is a venue of its own, under its name or that of its file, and every
    /// symbol in it an instrument with 8 and 8 decimals.
    ///
    /// # Errors
    /// As [`Self::open`]; also a source whose protocol cannot be told.
    pub fn discover(sources: &[Source]) -> Result<Self, Failure> {
        open::discovered(sources)
    }

    /// The next tick of all sources in merged order; `None` at the end, which stays the end.
    ///
    /// What is no tick is counted in [`Self::feeds`], by its reason where it is refused.
    ///
    /// # Errors
    /// When a source cannot be read on; the error names its file and place.
    pub fn next_tick(&mut self) -> Result<Option<Tick>, Failure> {
        if !self.begun {
            self.begun = true;
            (0..self.inputs.len()).try_for_each(|index| self.step(index))?;
        }
        loop {
            if let Some(used) = self.current.take() {
                self.step(used)?;
            }
            let heads = self.heads.iter().enumerate();
            // The first of equals: the order of the sources decides.
            let next = heads.filter_map(|(index, head)| Some((*head, index)).filter(|_| head.is_some())).min();
            let Some((Some(recv_ns), index)) = next else { return Ok(None) };
            self.current = Some(index);
            // Rows before the first readable time of a file stand at none.
            if recv_ns > 0 {
                self.span_ns = Some((self.span_ns.map_or(recv_ns, |(first, _)| first), recv_ns));
            }
            if let Some(tick) = self.inputs[index].take(&mut self.feeds) {
                return Ok(Some(tick));
            }
        }
    }

    fn step(&mut self, index: usize) -> Result<(), Failure> {
        let input = &mut self.inputs[index];
        self.heads[index] = if input.advance()? { Some(input.recv_ns()) } else { None };
        Ok(())
    }

    /// How far it is, in bytes of the files as they lie on disk.
    #[must_use]
    pub fn progress(&self) -> Progress {
        self.read.progress()
    }

    /// What was read so far, one row a venue: frames and rows, ticks, refusals by reason.
    #[must_use]
    pub fn feeds(&self) -> Vec<FeedReport> {
        self.feeds.iter().map(VenueFeed::report).collect()
    }

    /// Receive times of the first and the last thing read so far, ns since the epoch; `None` before the first.
    #[must_use]
    pub const fn span_ns(&self) -> Option<(u64, u64)> {
        self.span_ns
    }

    /// Seconds between the two times of [`Self::span_ns`].
    #[must_use]
    pub fn span_s(&self) -> f64 {
        self.span_ns.map_or(0.0, |(first, last)| last.saturating_sub(first) as f64 / 1e9)
    }

    /// What was discovered, by instrument number: name of the venue, and symbol. Empty with a config.
    #[must_use]
    pub fn discovered(&self) -> Vec<(String, String)> {
        let found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        found.iter().map(|(feed, symbol)| (self.feeds[*feed].name.clone(), symbol.clone())).collect()
    }

    /// What opening found out and a user should read, one line each.
    #[must_use]
    pub fn told(&self) -> &[String] {
        &self.told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trade(id: u64) -> String {
        format!(
            "{{\"e\":\"trade\",\"E\":1700000000000,\"s\":\"BTCUSDT\",\"t\":{id},\"p\":\"1\",\"q\":\"1\",\
             \"T\":1700000000000,\"m\":true,\"M\":true}}"
        )
    }

    fn ids(data: &mut Data) -> Vec<u64> {
        std::iter::from_fn(|| data.next_tick().unwrap()).map(|tick| tick.venue_seq).collect()
    }

    #[test]
    fn merges_by_time_then_source_then_line() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, lines: &[(u64, u64)]| {
            let path = folder.path().join(name);
            let text: String = lines.iter().map(|(at, id)| format!("{at} {}\n\n", trade(*id))).collect();
            std::fs::write(&path, text).unwrap();
            Source { venue: None, symbol: None, path }
        };
        let (us, ns) = (1_700_000_000_000_000, 1_700_000_000_000_000_000);
        let a = write("a", &[(us + 2, 1), (us + 2, 2), (us + 5, 5)]);
        let b = write("b", &[(ns + 2_000, 3), (ns + 4_999, 4)]);
        let mut data = Data::discover(&[a, b]).unwrap();
        assert_eq!(data.span_ns(), None);
        assert_eq!(ids(&mut data), [1, 2, 3, 4, 5]);
        assert_eq!(data.next_tick().unwrap(), None, "the end stays the end");
        assert_eq!(data.span_ns(), Some((ns + 2_000, ns + 5_000)));
        let Progress { read_bytes, total_bytes } = data.progress();
        assert!(read_bytes > 0 && read_bytes == total_bytes);
        assert_eq!(data.discovered(), [("a".into(), "BTCUSDT".into()), ("b".into(), "BTCUSDT".into())]);
    }
}
