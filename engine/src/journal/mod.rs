//! The journal of a run: every input of the core in its order, every decision, periodic hashes of the state.
//!
//! **Threads:** [`Scribe`] is the core thread's end and hot; `ct-journal` writes; all else is cold. They meet through a
//! ring of 56-byte cells, so that a tick costs one store of a cache line. The core never waits: when the journal falls
//! behind its budget, or the disk refuses, trading halts with the reason, and the process and its monitors live.
//!
//! What is written suffices to run the core again without the venue, the gateway or the clock: [`mod@verify`] feeds the
//! recorded inputs to a new core and compares every decision and every hash.

pub mod bundle;
pub mod cell;
pub mod entry;
pub mod explain;
pub mod scribe;
pub mod session;
pub mod thread;
pub mod verify;
pub mod whatif;
pub mod words;

pub use entry::Entry;
pub use scribe::{Scribe, Trouble};
