//! How threads hand work to each other: a bounded queue, a cell with one writer, a history that is overwritten when
//! full, waiting, and pinning.
//!
//! **Thread:** any pinned thread; each type says which side of it belongs to which thread.
//! **Hot:** [`spsc`], [`seqlock`], [`history`], and `idle`, `active` and `wake` of [`wait`]. **Cold:** [`pin`] and
//! every constructor.
//! **Deliberately absent:** domain words, clocks, I/O, logging, allocation after construction, and waiting inside a
//! queue: a queue answers at once, and [`wait`] decides what an empty answer costs.
//!
//! All lock-free `unsafe` of the workspace lives here, over the one atomics shim in `sync`, which the loom models in
//! `tests/loom_*.rs` replace by loom's own types. Each release store names the acquire load that it pairs with.

#![allow(unsafe_code)] // This crate is the address of lock-free unsafe; each block states why it is sound.

pub mod history;
pub mod pin;
pub mod pod;
pub mod seqlock;
pub mod spsc;
mod sync;
pub mod wait;

pub use pod::Pod;
pub use wait::{WaitPolicy, Waiter, Waker};
