//! What the environment and flags lay over the file.

use super::effective::all_keys;
use super::mistakes::{Mistakes, Place};

const PREFIX: &str = "CROSSTICK_";
/// Variables with that prefix that are no override.
const OTHERS: [&str; 2] = ["CROSSTICK_DATA", "CROSSTICK_LOG"];

/// One value laid over the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Setting {
    pub path: Vec<String>,
    pub text: String,
    pub place: Place,
}

/// Values that go before those of the file: flags first, then the environment.
///
/// `CROSSTICK_ENGINE__MODE=live` states `[engine] mode`: two underscores go one table down. One of several
/// `[[venue]]` is named by its index or its name: `CROSSTICK_VENUE__0__LINES`, `CROSSTICK_VENUE__BINANCE__LINES`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overrides {
    env: Vec<Setting>,
    flags: Vec<Setting>,
    /// Variables that look as if they were meant to override, with what was meant.
    strays: Vec<(String, String)>,
}

impl Overrides {
    /// No overrides.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Those among the given environment variables.
    #[must_use]
    pub fn from_env(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut overrides = Self::default();
        let mut variables: Vec<_> = variables.into_iter().filter(|(name, _)| name.starts_with(PREFIX)).collect();
        variables.sort();
        for (name, text) in variables {
            if OTHERS.contains(&name.as_str()) {
                continue;
            }
            let path = &name[PREFIX.len()..];
            if path.contains("__") {
                let path = path.split("__").map(str::to_owned).collect();
                overrides.env.push(Setting { path, text, place: Place::Env(name) });
            } else if let Some(meant) = meant(path) {
                overrides.strays.push((name, meant));
            }
        }
        overrides
    }

    /// Those in the environment of this process; text that is not UTF-8 is taken with marks for what is not.
    #[must_use]
    pub fn from_process() -> Self {
        Self::from_env(
            std::env::vars_os().map(|(k, v)| (k.to_string_lossy().into_owned(), v.to_string_lossy().into_owned())),
        )
    }

    /// The same with `value` for the key at `path`, such as `&["venue", "alpha", "stream_url"]`, which goes
    /// before the environment and the file. `name` is who states it: a flag, or "the demo".
    #[must_use]
    pub fn flag(mut self, name: &str, path: &[&str], value: impl Into<String>) -> Self {
        let path = path.iter().map(|s| (*s).to_owned()).collect();
        self.flags.push(Setting { path, text: value.into(), place: Place::Flag(name.to_owned()) });
        self
    }

    /// All, the last of them winning.
    pub(super) fn settings(&self, mistakes: &mut Mistakes) -> impl Iterator<Item = &Setting> + use<'_> {
        for (name, meant) in &self.strays {
            mistakes
                .add(&Place::Env(name.clone()), format!("did you mean {meant}? (two underscores go one table down)"));
        }
        self.env.iter().chain(&self.flags)
    }
}

/// The override whose name has the same letters, as in `ENGINE_MODE` for `ENGINE__MODE`.
fn meant(path: &str) -> Option<String> {
    let letters = |text: &str| text.replace(['_', '.'], "").to_lowercase();
    let wanted = letters(path);
    let keys = all_keys();
    let key = keys.iter().find(|key| letters(key) == wanted)?;
    Some(format!("{PREFIX}{}", key.replace('.', "__").to_uppercase()))
}
