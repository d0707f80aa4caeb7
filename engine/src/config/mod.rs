//! The config: TOML, environment and flags in, a checked [`Config`] or all mistakes at once out.
//!
//! **Thread:** main, before anything else runs; cold. **Deliberately absent:** defaults that are not in the key
//! table (`schema`), and anything that goes to the network: what venues state comes in through [`universe`].
//!
//! The way of a config: `raw` reads TOML with places and lays overrides over it, `read` checks it key by key
//! against `schema`, `build` checks the whole and makes the typed structs of `types`.

mod build;
mod build_venue;
mod effective;
mod mistakes;
mod overrides;
mod raw;
mod read;
mod schema;
pub mod sim;
mod sim_faults;
mod types;
pub mod universe;
mod url;

use std::path::{Path, PathBuf};

pub use effective::explain;
pub use mistakes::{Mistake, Mistakes, Place};
pub use overrides::Overrides;
pub use types::{
    Engine, Environment, FeeAssetName, Fsync, Instrument, Journal, Market, MarketSymbol, Mode, Paper, PaperCustom,
    Preset, Risk, Strategy, StrategyName, Stream, Threads, Topology, Venue,
};

use raw::Lines;
use read::Node;

/// The demo's config: what is used when no file is named.
pub const DEMO: &str = include_str!("../../../config/demo.toml");
/// What the demo's config is called in messages.
pub const DEMO_NAME: &str = "config/demo.toml (built in)";
/// What `crosstick init` writes.
pub const INIT_TEMPLATE: &str = include_str!("init.toml");
/// Longest config that is read.
const BYTES_MAX: u64 = 1 << 20;

/// A config that is right as far as it can be known without asking venues.
#[derive(Debug, Clone)]
pub struct Config {
    /// `[engine]`.
    pub engine: Engine,
    /// `[journal]`.
    pub journal: Journal,
    /// `[threads]`.
    pub threads: Threads,
    /// `[[venue]]`.
    pub venues: Vec<Venue>,
    /// `[[instrument]]`.
    pub instruments: Vec<Instrument>,
    /// `[[market]]`.
    pub markets: Vec<Market>,
    /// `[strategy]`.
    pub strategy: Strategy,
    /// `[paper]`.
    pub paper: Paper,
    /// `[risk]`.
    pub risk: Risk,
    tree: Node,
}

impl Config {
    /// Reads the file at `path`, or the demo's config without one, with overrides laid over it.
    ///
    /// # Errors
    /// All mistakes with their places; one without a line when the file cannot be read.
    pub fn load(path: Option<&Path>, overrides: &Overrides) -> Result<Self, Mistakes> {
        match path {
            Some(path) => Written::read(path)?.config(overrides),
            None => Self::parse(DEMO_NAME, DEMO, Path::new("."), overrides),
        }
    }

    /// Reads a config from text. `name` stands in messages; relative paths in it count from `base`.
    ///
    /// # Errors
    /// All mistakes with their places.
    pub fn parse(name: &str, text: &str, base: &Path, overrides: &Overrides) -> Result<Self, Mistakes> {
        let lines = Lines::new(name, text);
        let mut mistakes = Mistakes::default();
        let mut root = raw::parse(&lines, &mut mistakes);
        let broken: Vec<Place> = mistakes.list.iter().map(|m| m.place.clone()).collect();
        lay_all_over(&mut root, overrides, &mut mistakes);
        let mut root = read::table(&schema::ROOT, Some(root), &lines.whole(), &mut mistakes);
        let base = std::path::absolute(base).unwrap_or_else(|_| base.to_path_buf());
        let surroundings = build::Surroundings { base, state_dir: default_state_dir() };
        if !broken.is_empty() {
            // What a broken line was meant to say is unknown: neither it nor what it leaves out is judged.
            mistakes.list.retain(|m| broken.contains(&m.place) || !concerns_broken(m, &broken));
            return Err(mistakes.or(()).err().unwrap_or_default());
        }
        let config = build::config(&mut root, &surroundings, &mut mistakes);
        mistakes.or(config)
    }

    /// A config without venues, all defaults: what `replay` starts from when no file is named.
    ///
    /// # Panics
    /// Never: the defaults of the key table contradict nothing.
    #[must_use]
    pub fn bare() -> Self {
        let mut mistakes = Mistakes::default();
        let mut root = read::table(&schema::ROOT, None, &Place::Default, &mut mistakes);
        let base = std::env::current_dir().unwrap_or_default();
        let surroundings = build::Surroundings { base, state_dir: default_state_dir() };
        build::config(&mut root, &surroundings, &mut mistakes)
    }

    /// `[engine]` as it is without a file: defaults and what the environment lays over them. Whatever else is
    /// overridden belongs to a config that is not at hand, and is not looked at.
    ///
    /// # Errors
    /// Mistakes in those overrides.
    pub fn surroundings(overrides: &Overrides) -> Result<Engine, Mistakes> {
        let lines = Lines::new("", "");
        let mut mistakes = Mistakes::default();
        let mut root = raw::parse(&lines, &mut mistakes);
        for setting in overrides.settings(&mut mistakes) {
            let path: Vec<&str> = setting.path.iter().map(String::as_str).collect();
            if path.first().is_some_and(|first| first.eq_ignore_ascii_case("engine")) {
                raw::lay_over(&mut root, &schema::ROOT, &path, &setting.text, &setting.place, &mut mistakes);
            }
        }
        let mut root = read::table(&schema::ROOT, Some(root), &lines.whole(), &mut mistakes);
        let base = std::env::current_dir().unwrap_or_default();
        let surroundings = build::Surroundings { base, state_dir: default_state_dir() };
        let engine = build::config(&mut root, &surroundings, &mut mistakes).engine;
        // That there are no venues is no mistake here.
        mistakes.list.retain(|m| matches!(m.place, Place::Env(_) | Place::Flag(_)));
        mistakes.or(engine)
    }

    /// The effective values as TOML, each with where it comes from; it reads back as the same config.
    #[must_use]
    pub fn effective(&self) -> String {
        effective::effective(&self.tree)
    }

    /// The effective values that decide what is traded, without `[engine]`, `[journal]` and `[threads]`: two configs
    /// with the same text trade alike on the same data.
    #[must_use]
    pub fn values(&self) -> String {
        effective::values(&self.tree)
    }

    /// The venue of that name.
    #[must_use]
    pub fn venue(&self, name: &str) -> Option<&Venue> {
        self.venues.iter().find(|v| v.name == name)
    }
}

/// A config's file, read once: whatever becomes of the file, all that is made of it says the same.
#[derive(Debug, Clone)]
pub struct Written {
    name: String,
    text: String,
    base: PathBuf,
}

impl Written {
    /// Reads the file at `path`; what it says is not looked at yet.
    ///
    /// # Errors
    /// One mistake without a line when the file cannot be read.
    pub fn read(path: &Path) -> Result<Self, Mistakes> {
        let name = path.display().to_string();
        let text = read_file(path, &name)?;
        Ok(Self { name, text, base: path.parent().map_or_else(PathBuf::new, Path::to_path_buf) })
    }

    /// The config with overrides laid over it.
    ///
    /// # Errors
    /// All mistakes with their places.
    pub fn config(&self, overrides: &Overrides) -> Result<Config, Mistakes> {
        Config::parse(&self.name, &self.text, &self.base, overrides)
    }

    /// Whether two keys name the same value in other words, or one a part of the other: a list's table by its index
    /// and by its name, for one. Both keys must be known.
    #[must_use]
    pub fn overlap(&self, overrides: &Overrides, keys: [&str; 2]) -> bool {
        // Laid over the file one after the other, one of them would be gone.
        let mut overrides = overrides.clone();
        let names = ["the first", "the second"];
        for (key, name) in keys.iter().zip(names) {
            overrides = overrides.flag(name, &key.split('.').collect::<Vec<_>>(), "");
        }
        let (lines, mut mistakes) = (Lines::new(&self.name, &self.text), Mistakes::default());
        let mut root = raw::parse(&lines, &mut mistakes);
        lay_all_over(&mut root, &overrides, &mut mistakes);
        names.iter().any(|name| !raw::states(&root, &Place::Flag((*name).to_owned())))
    }
}

/// Equal when they say the same, wherever they say it.
impl PartialEq for Config {
    fn eq(&self, other: &Self) -> bool {
        (&self.engine, &self.journal, &self.threads, &self.strategy, &self.paper, &self.risk)
            == (&other.engine, &other.journal, &other.threads, &other.strategy, &other.paper, &other.risk)
            && self.venues.iter().map(|v| Venue { place: Place::Default, ..v.clone() }).collect::<Vec<_>>()
                == other.venues.iter().map(|v| Venue { place: Place::Default, ..v.clone() }).collect::<Vec<_>>()
            && self.instruments.iter().map(|i| Instrument { place: Place::Default, ..i.clone() }).collect::<Vec<_>>()
                == other
                    .instruments
                    .iter()
                    .map(|i| Instrument { place: Place::Default, ..i.clone() })
                    .collect::<Vec<_>>()
            && self.markets.iter().map(placeless).collect::<Vec<_>>()
                == other.markets.iter().map(placeless).collect::<Vec<_>>()
    }
}

fn placeless(market: &Market) -> Market {
    let mut market = market.clone();
    market.place = Place::Default;
    market.symbols.iter_mut().for_each(|s| s.place = Place::Default);
    market
}

/// A mistake that a broken line may have made: on that line, or something that is missing.
fn concerns_broken(mistake: &Mistake, broken: &[Place]) -> bool {
    let missing = mistake.text.contains(" needs ");
    let same_line = |place: &Place| match (place, &mistake.place) {
        (Place::File { line: a, .. }, Place::File { line: b, .. }) => a == b,
        _ => false,
    };
    missing || broken.iter().any(same_line)
}

fn lay_all_over(root: &mut raw::Raw, overrides: &Overrides, mistakes: &mut Mistakes) {
    for setting in overrides.settings(mistakes) {
        let path: Vec<&str> = setting.path.iter().map(String::as_str).collect();
        raw::lay_over(root, &schema::ROOT, &path, &setting.text, &setting.place, mistakes);
    }
}

fn read_file(path: &Path, name: &str) -> Result<String, Mistakes> {
    let whole = Lines::new(name, "").whole();
    let refuse = |place: &Place, text: String| {
        let mut mistakes = Mistakes::default();
        mistakes.add(place, text);
        mistakes
    };
    let bytes = std::fs::metadata(path).and_then(|meta| {
        if meta.len() > BYTES_MAX {
            Ok(Vec::new())
        } else {
            std::fs::read(path).map(|b| if b.is_empty() { b"\n".to_vec() } else { b })
        }
    });
    match bytes {
        Err(error) => {
            Err(refuse(&whole, format!("cannot be read ({error}); crosstick init FILE writes one to start from")))
        }
        Ok(bytes) if bytes.is_empty() => Err(refuse(&whole, format!("larger than {BYTES_MAX} bytes; is it a config?"))),
        Ok(bytes) => String::from_utf8(bytes).map_err(|error| {
            let good = error.utf8_error().valid_up_to();
            let text = String::from_utf8_lossy(&error.as_bytes()[..good]).into_owned();
            refuse(&Lines::new(name, &text).place(good), "not UTF-8 from here on; save it as UTF-8".into())
        }),
    }
}

/// `$XDG_STATE_HOME/crosstick`, else `~/.local/state/crosstick`, else a directory of this user under /var/tmp.
fn default_state_dir() -> PathBuf {
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|p| p.is_absolute());
    absolute("XDG_STATE_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".local/state")))
        .unwrap_or_else(|| PathBuf::from("/var/tmp"))
        .join("crosstick")
}
