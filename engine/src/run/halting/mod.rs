//! Halting and resuming a run: four ways in, one way through.
//!
//! ```text
//! control region (command, top) ---> core thread: looks at every tick and every idle turn
//! SIGUSR1 -> flag -----------------> core thread
//! halt file -> main thread -> ring -> core thread -> news -> main thread: halt file, log, state
//! ```
//!
//! A halt by the control region or a signal needs nothing but the core thread: the main thread may be blocked, readers
//! dead, the region gone. A resume needs all of it: the main thread looks that the halt file is gone, and only then
//! tells the core.

mod inlet;
mod keeper;
mod news;

pub use inlet::{Handed, Inlet};
pub use keeper::{CoreWaker, Keeper, keep_untaken};
pub use news::{News, NewsReader, NewsWriter, channel};
