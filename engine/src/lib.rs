//! The engine: config, topology, threads, the core loop, replay, and the commands of the one binary.
//!
//! **Thread:** `main` runs everything here but [`core`] and [`driver`], which the core thread runs (`ct-core`; the main
//! thread in a replay), and the reader loop in `run`. **Hot:** `core`, `driver`, the loops of `run::threads`.
//! **Cold:** all else. **Deliberately absent:** parsing of frames (`feeds`), trading rules (`strategy`), limits
//! (`risk`).

pub mod cli;
pub mod clock;
pub mod commands;
pub mod config;
pub mod core;
pub mod data;
pub mod doctor;
pub mod driver;
pub mod exit;
pub mod journal;
pub mod log;
pub mod out;
pub mod record;
pub mod replay;
pub mod report;
pub mod run;
pub mod setup;
pub mod signals;
pub mod state;
