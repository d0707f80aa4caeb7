//! Whom `halt` and `resume` are meant for: the engine that runs under a name, and the halt file of one that does not.

use std::path::PathBuf;
use std::time::Duration;

use crosstick_ipc::control::Commander;
use crosstick_ipc::{Place, RegionError};

use crate::cli::EngineArgs;
use crate::config::{Config, Engine, Overrides};
use crate::exit::Failure;

/// Longest wait for another commander's answer.
pub(super) const LOCK_PATIENCE: Duration = Duration::from_secs(2);
/// Longest wait for the engine's answer.
pub(super) const ANSWER_PATIENCE: Duration = Duration::from_secs(5);

/// An engine, or the place of one.
pub(super) struct Target {
    pub(super) place: Place,
    /// The engine, where one runs and we may command it.
    pub(super) engine: Option<Commander>,
    /// Why one that may run cannot be commanded.
    pub(super) unreachable: Option<RegionError>,
    /// Where a halt is kept; `None` when only the engine, another user's, may know.
    pub(super) halt_file: Option<PathBuf>,
}

impl Target {
    /// # Errors
    /// When the config or the name is wrong.
    pub(super) fn find(arguments: &EngineArgs) -> Result<Self, Failure> {
        let overrides = Overrides::from_process();
        let configured: Engine = match &arguments.config {
            Some(file) => Config::load(Some(file), &overrides).map_err(Failure::usage)?.engine,
            None => Config::surroundings(&overrides).map_err(Failure::usage)?,
        };
        let place = Place::new(arguments.shm.as_ref().unwrap_or(&configured.shm)).map_err(Failure::usage)?;
        let (engine, unreachable) = match Commander::open(&place) {
            Ok(commander) if commander.process().is_alive() => (Some(commander), None),
            // What a dead engine left.
            Ok(_) | Err(RegionError::Missing { .. }) => (None, None),
            Err(error) => (None, Some(error)),
        };
        let halt_file = match &engine {
            Some(engine) => engine.halt_file(),
            None => Some(configured.halt_file),
        };
        Ok(Self { place, engine, unreachable, halt_file })
    }

    /// The engine, for people.
    pub(super) fn name(&self) -> String {
        let pid = self.engine.as_ref().map_or(0, |engine| engine.process().pid);
        format!("engine {} (pid {pid})", self.place.name())
    }
}
