//! Recorded frames as a source: lines of `receive-time frame`, plain or zstd, one file or several a venue.
//!
//! A recording is read twice and never held: once to learn its protocol, streams and decimals, then to be served.

mod line;
mod merge;
mod scan;

pub use line::{Line, LineReader, RecordedFrame};
pub use merge::{Merge, MergedFrame};
pub use scan::{Scan, scan};
