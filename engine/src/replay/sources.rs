//! The recordings of a replay: which venue each file is of, and the decoder of each venue. Cold start, hot reading.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crosstick_feeds::decode::{Decoder, Recognised, SequenceTracker, SymbolTable, TimeUnit, recognise};
use crosstick_model::{Protocol, Tick};

use super::recording::{Recording, RecordingError};

/// Frames that are looked at to recognise a file.
const RECOGNISE_FRAMES: usize = 2_000;

/// One `[VENUE=]FILE` argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The venue named before the `=`, if any.
    pub venue: Option<String>,
    /// The file.
    pub path: PathBuf,
}

impl Source {
    /// Reads an argument. What stands before a `=` is a venue only if it could be one's name.
    #[must_use]
    pub fn parse(argument: &str) -> Self {
        let is_name = |name: &str| {
            !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))
        };
        match argument.split_once('=') {
            Some((venue, path)) if is_name(venue) && !path.is_empty() => {
                Self { venue: Some(venue.to_owned()), path: path.into() }
            }
            _ => Self { venue: None, path: argument.into() },
        }
    }

    /// What the file is called without folders and endings: its venue's name where none is given.
    #[must_use]
    pub fn stem(&self) -> String {
        let name = self.path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        name.split('.').next().unwrap_or_default().to_owned()
    }
}

/// The name, with a number behind it when it is there already.
#[must_use]
pub fn distinct(name: String, names: &mut BTreeSet<String>) -> String {
    let mut candidate = name.clone();
    let mut number = 2;
    while !names.insert(candidate.clone()) {
        candidate = format!("{name}-{number}");
        number += 1;
    }
    candidate
}

/// What the first frames of a recording tell; `None` when they tell nothing.
///
/// # Errors
/// When the file cannot be read.
pub fn look_ahead(recording: &mut Recording) -> Result<Option<Recognised>, RecordingError> {
    let mut best: Option<Recognised> = None;
    recording.peek(RECOGNISE_FRAMES, |frame| {
        if let Some(found) = recognise(frame)
            && best.is_none_or(|b| b.unit.is_none())
        {
            best = Some(found);
        }
        best.is_some_and(|b| b.unit.is_some())
    })?;
    Ok(best)
}

/// What decodes the files of one venue: its line 0.
pub struct VenueFeed {
    /// Our name of the venue.
    pub name: String,
    decoder: Decoder,
    sequence: SequenceTracker,
}

impl VenueFeed {
    /// A feed over the venue's symbols.
    #[must_use]
    pub fn new(name: String, protocol: Protocol, unit: TimeUnit, symbols: SymbolTable) -> Self {
        let sequence = SequenceTracker::new(symbols.len());
        Self { name, decoder: Decoder::new(protocol, unit, 0, symbols), sequence }
    }

    /// Decodes one frame, in place; `take` gets its tick, if it is one.
    #[inline]
    pub fn frame(&mut self, frame: &mut [u8], recv_ns: u64, take: &mut impl FnMut(Tick)) {
        let sequence = &mut self.sequence;
        // What is no tick is counted by the decoder, with its reason.
        let _ = self.decoder.decode(frame, recv_ns, &mut |tick| {
            sequence.see(&tick);
            take(tick);
        });
    }

    /// The feed's row of the report.
    #[must_use]
    pub fn report(&self) -> crate::report::FeedReport {
        let (counters, sequence) = (self.decoder.counters(), self.sequence.total());
        crate::report::FeedReport {
            venue: self.name.clone(),
            line: 0,
            frames: counters.frames,
            bytes: counters.bytes,
            trades: counters.trades,
            quotes: counters.quotes,
            other: counters.other,
            fast_path: counters.fast_path,
            refused: counters.refusals().map(|(reason, n)| (reason.to_owned(), n)).collect(),
            trade_gaps: sequence.trade_gaps,
            trade_duplicates: sequence.trade_duplicates,
            connects: 0,
            ring_full: 0,
            quotes_replaced: 0,
            lost_at_stop: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments() {
        let cases = [
            ("spot=a/b.txt.zst", Some("spot"), "a/b.txt.zst"),
            ("a/b.txt", None, "a/b.txt"),
            ("dir/x=y.txt", None, "dir/x=y.txt"),
            ("=y.txt", None, "=y.txt"),
            ("spot=", None, "spot="),
            ("spot=x=y", Some("spot"), "x=y"),
        ];
        for (argument, venue, path) in cases {
            let source = Source::parse(argument);
            assert_eq!((source.venue.as_deref(), source.path.to_str()), (venue, Some(path)), "{argument}");
        }
        assert_eq!(Source::parse("a/btcusdt_20240808.txt.zst").stem(), "btcusdt_20240808");
    }
}
