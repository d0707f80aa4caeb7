//! The demo: simulated venues inside this process, a state directory of its own, and a config that names both. Cold.

use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use crosstick_sim::{FlowSpec, Sim, SimConfig, SimHandle, Source};

use crate::config::{Config, Overrides};
use crate::exit::Failure;

/// How the demo's directory is called, before the process id.
const PREFIX: &str = "crosstick-demo-";

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
        let directory = fresh_directory(&std::env::temp_dir())?;
        let guard = Directory(Some(directory.clone()));
        let ca = directory.join("ca.pem");
        let source = Source::Generated { seed, spec: FlowSpec::demo() };
        let sim = Sim::start(SimConfig { ca_pem_path: Some(ca.clone()), ..SimConfig::new(source) });
        let sim = sim.map_err(|e| Failure::other(format!("simulated venues: {e}")))?;
        let config = Config::load(None, &overrides(&sim, &directory, &ca)).map_err(Failure::usage)?;
        guard.keep();
        Ok(Self { config, sim: Some(sim), directory })
    }

    /// Whether the file goes with the demo's directory.
    #[must_use]
    pub fn keeps(&self, file: &Path) -> bool {
        file.starts_with(&self.directory)
    }
}

/// A new directory that only this user may enter. What demos that were killed have left there goes first: their process
/// ids come back, and a halt that one of them had left is not ours.
fn fresh_directory(parent: &Path) -> Result<PathBuf, Failure> {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let pid = name.to_str().and_then(|n| n.strip_prefix(PREFIX)).and_then(|pid| pid.parse::<u32>().ok());
        if pid.is_some_and(|pid| pid == std::process::id() || !Path::new("/proc").join(pid.to_string()).exists()) {
            // Somebody else's cannot be removed, and is in nobody's way unless it has our name.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
    let directory = parent.join(format!("{PREFIX}{}", std::process::id()));
    fs::DirBuilder::new().mode(0o700).create(&directory).map_err(|e| {
        Failure::other(format!("{}: {e}; TMPDIR names the folder in which the demo makes its own", directory.display()))
    })?;
    Ok(directory)
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
