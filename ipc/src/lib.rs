//! What other processes see of a running engine: a region of shared memory that they map read-only.
//!
//! **Thread:** each handle of [`Writer`] belongs to the one thread that publishes what it holds: [`Owner`] to the main
//! thread, [`CoreWriter`] to the core thread, one [`FeedWriter`] and its [`Recorder`]s to each reader thread. Ownership
//! is what makes each the only writer. **Hot:** [`writer`] and [`histogram`]. **Cold:** creating, taking over, reading.
//! **Deliberately absent:** decisions, venue knowledge, clocks (times are arguments), commands into the engine, and any
//! way for a reader to slow a writer: every record lies under a seqlock of its own, and every histogram is counters.
//!
//! The file begins with a header and a table of sections, each with a name, an offset, a stride and a count; a reader
//! finds what it knows by name and skips the rest, so that sections can be added and records can grow behind their
//! known fields. See [`layout`].

mod create;
mod error;
pub mod histogram;
pub mod identity;
pub mod layout;
mod lock;
mod place;
pub mod reader;
mod sys;
pub mod writer;

pub use create::{Shape, Stage};
pub use error::RegionError;
pub use histogram::{Recorder, Snapshot, Summary};
pub use identity::ProcessIdentity;
pub use layout::{Mode, State};
pub use place::Place;
pub use reader::Reader;
pub use writer::{CoreWriter, FeedWriter, Owner, Table, Writer};
