//! What outlives a run: the sticky halt. Cold, main thread.

pub mod halt;
