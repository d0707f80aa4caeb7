//! From `--set` arguments to configs that are right: every mistake is found before the first point runs. Cold.

use std::path::Path;

use crosstick_model::Universe;

use super::space::Space;
use crate::backtest::reel::interrupted;
use crate::backtest::{custom, universe_of};
use crate::config::universe::FactsByVenue;
use crate::config::{Config, Mistakes, Overrides, Preset, Written};
use crate::data::{Data, Source};
use crate::exit::Failure;
use crate::signals::Signals;

/// Points that a sweep may have.
pub const POINTS_MAX: u64 = 100_000;
/// Mistakes that are listed.
const LISTED_MAX: usize = 30;

/// What is to be run.
pub struct Plan<'a> {
    /// Read once: all points are of the same config.
    written: Written,
    /// The config with nothing varied.
    pub base: Config,
    overrides: Overrides,
    sources: &'a [Source],
    /// What the data knows of the base's instruments.
    facts: FactsByVenue,
    /// What is varied.
    pub space: Space,
    /// The points, by their indexes in the space.
    pub points: Vec<Point>,
    /// For each group of points whose ticks are alike: one of them.
    pub groups: Vec<usize>,
    /// What the user should know.
    pub notes: Vec<String>,
}

/// A point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Point {
    /// Index in the space.
    pub index: u64,
    /// Place of each key's value.
    pub places: Vec<usize>,
    /// Which group.
    pub group: usize,
}

impl<'a> Plan<'a> {
    /// Checks the config and every point.
    ///
    /// # Errors
    /// Usage: all mistakes at once. When `signals` say to stop.
    pub fn new(
        file: &Path,
        sources: &'a [Source],
        set: &[String],
        random: Option<(u64, u64)>,
        signals: &Signals,
    ) -> Result<Self, Failure> {
        let overrides = Overrides::from_process();
        let written = Written::read(file).map_err(Failure::usage)?;
        let base = written.config(&overrides).map_err(Failure::usage)?;
        let space = Space::parse(set).map_err(|wrong| Failure::usage(wrong.join("\n")))?;
        let facts = Data::facts(&base, sources)?;
        let (points, groups, notes) = (Vec::new(), Vec::new(), Vec::new());
        let mut plan = Self { written, base, overrides, sources, facts, space, points, groups, notes };
        plan.keys()?;
        plan.preset();
        plan.values()?;
        plan.overlaps()?;
        let indexes = match random {
            Some((count, seed)) => plan.space.draw(count, seed),
            None => (0..plan.space.len().min(POINTS_MAX + 1)).collect(),
        };
        if indexes.len() as u64 > POINTS_MAX {
            return Err(Failure::usage(format!(
                "{} points are more than {POINTS_MAX}: give fewer values, or draw some of them with --random N",
                plan.space.len()
            )));
        }
        plan.points(&indexes, signals)?;
        Ok(plan)
    }

    /// Keys that decide nothing in a backtest are no keys of a sweep.
    fn keys(&self) -> Result<(), Failure> {
        let idle = |key: &str| ["engine", "journal", "threads"].contains(&key.split('.').next().unwrap_or_default());
        let wrong: Vec<String> = self
            .space
            .varied
            .iter()
            .filter(|v| idle(&v.key))
            .map(|v| {
                format!("--set {}: it says how a run happens and changes nothing in a backtest; leave it out", v.key)
            })
            .collect();
        if wrong.is_empty() { Ok(()) } else { Err(Failure::usage(wrong.join("\n"))) }
    }

    /// Varying one key of `[paper]` takes the preset's own values for the others.
    fn preset(&mut self) {
        let varied = |key: &str| self.space.varied.iter().any(|v| v.key == key);
        let own = ["latency_us", "ack_us", "reject_ppm", "partial_ppm"];
        let any = own.iter().any(|key| varied(&format!("paper.{key}")));
        if !any || varied("paper.preset") || matches!(self.base.paper.preset, Preset::Custom(_)) {
            return;
        }
        let custom = custom(&self.base.paper);
        let values =
            [custom.latency_ns / 1_000, custom.ack_ns / 1_000, custom.reject_ppm.into(), custom.partial_ppm.into()];
        let mut overrides = std::mem::take(&mut self.overrides).flag("the sweep", &["paper", "preset"], "custom");
        for (key, value) in own.iter().zip(values) {
            overrides = overrides.flag("the sweep", &["paper", key], value.to_string());
        }
        self.overrides = overrides;
        let all: Vec<String> = own.iter().zip(values).map(|(key, value)| format!("{key} = {value}")).collect();
        self.notes.push(format!("[paper] preset stands for {}; what is varied goes before that", all.join(", ")));
    }

    /// Each value by itself, so that a wrong one is told once and not with every point.
    fn values(&self) -> Result<(), Failure> {
        let mut wrong: Vec<String> = Vec::new();
        for varied in &self.space.varied {
            let whole = varied.values.iter().map(|value| self.config_of(&[(&varied.key, value)]));
            for mistakes in whole.filter_map(Result::err) {
                collect(&mut wrong, &mistakes);
            }
        }
        refuse(wrong)
    }

    /// Of two keys for the same value one would decide, and points be told apart by the other.
    fn overlaps(&self) -> Result<(), Failure> {
        let mut wrong: Vec<String> = Vec::new();
        let keys: Vec<&str> = self.space.varied.iter().map(|v| v.key.as_str()).collect();
        for (i, second) in keys.iter().enumerate() {
            let same = keys[..i].iter().find(|first| self.written.overlap(&self.overrides, [**first, *second]));
            if let Some(first) = same {
                wrong.push(format!(
                    "--set {second}: it is, or is a part of, what --set {first} varies already in other words; give all \
                     values under one key"
                ));
            }
        }
        refuse(wrong)
    }

    /// Every point as a whole, and which of them decode data alike.
    fn points(&mut self, indexes: &[u64], signals: &Signals) -> Result<(), Failure> {
        let mut wrong: Vec<String> = Vec::new();
        let mut universes: Vec<Universe> = Vec::new();
        for index in indexes {
            if signals.stop() {
                return Err(interrupted());
            }
            let places = self.space.point(*index);
            let settings: Vec<(&str, &str)> = self.space.settings(&places).collect();
            let config = match self.config_of(&settings) {
                Ok(config) => config,
                Err(mistakes) => {
                    collect(&mut wrong, &mistakes);
                    continue;
                }
            };
            let universe = match self.universe(&config) {
                Ok(universe) => universe,
                Err(failure) => {
                    let text = failure.to_string();
                    if !wrong.contains(&text) {
                        wrong.push(text);
                    }
                    continue;
                }
            };
            let group = universes.iter().position(|u| ticks_alike(u, &universe)).unwrap_or_else(|| {
                universes.push(universe);
                self.groups.push(self.points.len());
                universes.len() - 1
            });
            self.points.push(Point { index: *index, places, group });
        }
        refuse(wrong)
    }

    /// A point's config.
    ///
    /// # Errors
    /// Never for a point of the plan, which was checked.
    pub fn config(&self, point: &Point) -> Result<Config, Failure> {
        let settings: Vec<(&str, &str)> = self.space.settings(&point.places).collect();
        self.config_of(&settings).map_err(Failure::usage)
    }

    /// The universe of a point's config.
    ///
    /// # Errors
    /// Never for a point of the plan, which was checked, unless the data changed since.
    pub fn universe(&self, config: &Config) -> Result<Universe, Failure> {
        let venues = |c: &Config| c.venues.iter().map(|v| (v.name.clone(), v.protocol)).collect::<Vec<_>>();
        if venues(config) == venues(&self.base) {
            universe_of(config, &self.facts)
        } else {
            universe_of(config, &Data::facts(config, self.sources)?)
        }
    }

    fn config_of(&self, settings: &[(&str, &str)]) -> Result<Config, Mistakes> {
        let mut overrides = self.overrides.clone();
        for (key, value) in settings {
            let path: Vec<&str> = key.split('.').collect();
            overrides = overrides.flag(&format!("--set {key}={value}"), &path, *value);
        }
        self.written.config(&overrides)
    }
}

fn collect(wrong: &mut Vec<String>, mistakes: &Mistakes) {
    for mistake in &mistakes.list {
        let text = mistake.to_string();
        if !wrong.contains(&text) {
            wrong.push(text);
        }
    }
}

fn refuse(mut wrong: Vec<String>) -> Result<(), Failure> {
    if wrong.is_empty() {
        return Ok(());
    }
    let more = wrong.len().saturating_sub(LISTED_MAX);
    wrong.truncate(LISTED_MAX);
    if more > 0 {
        wrong.push(format!("and {more} more"));
    }
    Err(Failure::usage(wrong.join("\n")))
}

/// Whether a recorded frame is the same tick in both.
fn ticks_alike(a: &Universe, b: &Universe) -> bool {
    let venues = |u: &Universe| u.venues.iter().map(|v| (v.name.clone(), v.protocol)).collect::<Vec<_>>();
    let instruments =
        |u: &Universe| u.instruments.iter().map(|i| (i.venue, i.symbol.clone(), i.scale)).collect::<Vec<_>>();
    venues(a) == venues(b) && instruments(a) == instruments(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = r#"
[[venue]]
name = "a"
protocol = "binance-spot"
fees = { maker_bps = "1", taker_bps = "1", asset = "quote" }
balances = { USDT = "1000" }

[[venue]]
name = "b"
protocol = "binance-spot"

[[instrument]]
venue = "a"
symbol = "BTCUSDT"
base = "BTC"
quote = "USDT"

[[instrument]]
venue = "b"
symbol = "BTCUSDT"
base = "BTC"
quote = "USDT"

[[market]]
name = "BTC"
symbols = { a = "BTCUSDT", b = "BTCUSDT" }

[risk]
currency = "USDT"
"#;

    fn plan<'a>(file: &Path, set: &[&str]) -> Result<Plan<'a>, Failure> {
        let set: Vec<String> = set.iter().map(|s| (*s).to_owned()).collect();
        Plan::new(file, &[], &set, None, &Signals::unconnected())
    }

    fn file() -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        std::fs::write(&path, CONFIG).unwrap();
        (folder, path)
    }

    #[test]
    fn all_points_are_of_the_config_that_was_checked() {
        let (_folder, path) = file();
        let plan = plan(&path, &["strategy.spread.min_edge_bps=1,2"]).unwrap_or_else(|e| panic!("{e}"));
        let values: Vec<String> = plan.points.iter().map(|point| plan.config(point).unwrap().values()).collect();
        std::fs::write(&path, CONFIG.replace("taker_bps = \"1\"", "taker_bps = \"9\"")).unwrap();
        let again: Vec<String> = plan.points.iter().map(|point| plan.config(point).unwrap().values()).collect();
        assert_eq!(values, again, "the file may change while a sweep runs");
        std::fs::remove_file(&path).unwrap();
        assert!(plan.config(&plan.points[0]).is_ok(), "or go away");
    }

    #[test]
    fn one_value_has_one_key() {
        let (_folder, path) = file();
        let refused = |set: &[&str]| plan(&path, set).err().map(|failure| failure.to_string());
        let fees = ["venue.0.fees.taker_bps=1,2", "venue.a.fees.taker_bps=3,4"];
        let said = refused(&fees).expect("the same key");
        assert!(
            said.contains("--set venue.a.fees.taker_bps") && said.contains("--set venue.0.fees.taker_bps"),
            "{said}"
        );
        let whole = "venue.a.balances={ USDT = \"5\" }";
        for set in [["venue.0.balances.usdt=1,2", whole], [whole, "venue.0.balances.usdt=1,2"]] {
            assert!(refused(&set).is_some_and(|said| said.contains("is a part of")), "{set:?}");
        }
        assert_eq!(refused(&["venue.0.fees.taker_bps=1,2", "venue.b.fees.taker_bps=3,4"]), None);
        assert_eq!(refused(&["venue.0.fees.taker_bps=1,2", "venue.0.fees.maker_bps=0,1"]), None);
    }

    #[test]
    fn checking_points_ends_when_told() {
        let (_folder, path) = file();
        let signals = Signals::unconnected();
        signals.raise_stop();
        let set = ["strategy.spread.min_edge_bps=1:100:1".to_owned()];
        assert!(Plan::new(&path, &[], &set, None, &signals).is_err());
    }
}
