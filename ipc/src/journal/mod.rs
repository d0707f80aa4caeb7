//! A journal on disk: numbered segments of checksummed records, written by one thread, read after any accident.
//!
//! **Thread:** [`Writer`] belongs to the journal thread; reading is cold. **Deliberately absent:** what records mean.
//! Here a record is a kind, flags and bytes; who writes and reads them gives them their sense.
//!
//! A session is a folder: `000000.seg`, `000001.seg`, ..., each taken from the file system in whole before it is mapped,
//! so that a full disk is an error when the segment is made and never a fault while it is written. See [`mod@format`]
//! for the bytes. What a crash can leave is read back record by record: the torn tail of the last segment ends the
//! journal, and damage anywhere is told with the place, the number of records lost and the last one before it.

mod error;
pub mod format;
mod index;
mod reader;
mod recover;
mod segment;
mod writer;

pub use error::JournalError;
pub use index::IndexEntry;
pub use reader::{Damage, Item, Journal, OwnedRecord, Records, SegmentInfo};
pub use recover::{Recovery, recover};
pub use writer::{Options, Writer};
