//! What other processes see of a running engine: a region of shared memory that they map read-only.
//!
//! **Thread:** each handle of [`Writer`] belongs to the one thread that publishes what it holds: [`Owner`] to the main
//! thread, [`CoreWriter`] to the core thread, one [`FeedWriter`] and its [`Recorder`]s to each reader thread. Ownership
//! is what makes each the only writer. **Hot:** [`writer`] and [`histogram`]. **Cold:** creating, taking over, reading.
//! **Deliberately absent:** decisions, venue knowledge, clocks (times are arguments), any way into the engine but
//! [`control`], and any way for a reader to slow a writer: every record lies under a seqlock of its own, and every
//! histogram is counters.
//!
//! The file begins with a head at fixed offsets; the head says where the schema lies, JSON that describes every table
//! and every field. A reader in any language needs no more than that, and skips what it does not know, so that tables
//! and fields can be added. See [`layout`], and `docs/region.md` for the page.

pub mod control;
mod create;
mod error;
pub mod histogram;
pub mod identity;
pub mod journal;
pub mod layout;
mod lock;
mod place;
mod plan;
pub mod reader;
mod schema;
mod shape;
mod sys;
mod view;
pub mod writer;

pub use error::RegionError;
pub use histogram::{Recorder, Snapshot, Summary};
pub use identity::ProcessIdentity;
pub use layout::{Mode, State};
pub use place::Place;
pub use reader::{Follow, Health, Identity, Reader};
pub use shape::{History, Shape, Stage};
pub use writer::{CoreWriter, FeedWriter, Owner, Ring, Table, TurnWriter, Writer};
