//! The journal of a session: verified, explained, exported, bundled, damaged, slow.

#[path = "../support/run.rs"]
mod run;
#[path = "../support/mod.rs"]
mod support;

mod bundle;
mod ends;
mod explain;
mod export;
mod fixtures;
mod locks;
mod odd;
mod runs;
mod session;
mod slow;
mod verified;
mod whatif;
