//! The demo: simulated venues inside this process, a state directory of its own, and a config that names both. Cold.

use std::fs;
use std::path::{Path, PathBuf};

use crosstick_sim::{FlowSpec, Sim, SimConfig, SimHandle, Source};

use crate::config::{Config, Overrides};
use crate::exit::Failure;

/// The demo's surroundings; dropping them stops the venues and removes the directory.
pub struct Demo {
    /// The config with the venues' addresses in it.
    pub config: Config,
    sim: Option<SimHandle>,
    directory: PathBuf,
}

impl Demo {
    /// Starts the venues.
    ///
    /// # Errors
    /// When venues or directory cannot be had, or the environment overrides the demo's config with something wrong.
    pub fn start(seed: u64) -> Result<Self, Failure> {
        let directory = std::env::temp_dir().join(format!("crosstick-demo-{}", std::process::id()));
        fs::create_dir_all(&directory).map_err(|e| Failure::other(format!("{}: {e}", directory.display())))?;
        let guard = Directory(Some(directory.clone()));
        let ca = directory.join("ca.pem");
        let source = Source::Generated { seed, spec: FlowSpec::demo() };
        let sim = Sim::start(SimConfig { ca_pem_path: Some(ca.clone()), ..SimConfig::new(source) });
        let sim = sim.map_err(|e| Failure::other(format!("simulated venues: {e}")))?;
        let config = Config::load(None, &overrides(&sim, &directory, &ca)).map_err(Failure::usage)?;
        guard.keep();
        Ok(Self { config, sim: Some(sim), directory })
    }
}

fn overrides(sim: &SimHandle, directory: &Path, ca: &Path) -> Overrides {
    const DEMO: &str = "the demo";
    let state = directory.display().to_string();
    let mut overrides = Overrides::from_process().flag(DEMO, &["engine", "state_dir"], state);
    for venue in sim.venues() {
        // By name rather than by address: certificates are checked against it, as on any other host.
        let by_name = |url: &str| url.replace("127.0.0.1", "localhost");
        overrides = overrides
            .flag(DEMO, &["venue", &venue.name, "stream_url"], by_name(&venue.stream_url))
            .flag(DEMO, &["venue", &venue.name, "rest_url"], by_name(&venue.rest_url))
            .flag(DEMO, &["venue", &venue.name, "tls_ca"], ca.display().to_string());
    }
    overrides
}

impl Drop for Demo {
    fn drop(&mut self) {
        if let Some(sim) = self.sim.take() {
            let _ = sim.stop();
        }
        // What is left of it harms nobody: the next demo takes another name.
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// Removes a directory unless told to keep it.
struct Directory(Option<PathBuf>);

impl Directory {
    fn keep(mut self) {
        self.0 = None;
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        if let Some(directory) = &self.0 {
            let _ = fs::remove_dir_all(directory);
        }
    }
}
