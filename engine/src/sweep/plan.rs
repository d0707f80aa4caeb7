//! From `--set` arguments to configs that are right: every mistake is found before the first point runs. Cold.

use std::path::Path;

use crosstick_model::Universe;

use super::space::Space;
use crate::backtest::{custom, universe_of};
use crate::config::universe::FactsByVenue;
use crate::config::{Config, Mistakes, Overrides, Preset};
use crate::data::{Data, Source};
use crate::exit::Failure;

/// Points that a sweep may have.
pub const POINTS_MAX: u64 = 100_000;
/// Mistakes that are listed.
const LISTED_MAX: usize = 30;

/// What is to be run.
pub struct Plan<'a> {
    file: &'a Path,
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
    /// Usage: all mistakes at once.
    pub fn new(
        file: &'a Path,
        sources: &'a [Source],
        set: &[String],
        random: Option<(u64, u64)>,
    ) -> Result<Self, Failure> {
        let overrides = Overrides::from_process();
        let base = Config::load(Some(file), &overrides).map_err(Failure::usage)?;
        let space = Space::parse(set).map_err(|wrong| Failure::usage(wrong.join("\n")))?;
        let facts = Data::facts(&base, sources)?;
        let (points, groups, notes) = (Vec::new(), Vec::new(), Vec::new());
        let mut plan = Self { file, base, overrides, sources, facts, space, points, groups, notes };
        plan.keys()?;
        plan.preset();
        plan.values()?;
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
        plan.points(&indexes)?;
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

    /// Every point as a whole, and which of them decode data alike.
    fn points(&mut self, indexes: &[u64]) -> Result<(), Failure> {
        let mut wrong: Vec<String> = Vec::new();
        let mut universes: Vec<Universe> = Vec::new();
        for index in indexes {
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
    /// Never for a point of the plan, which was checked, unless the file changed since.
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
        Config::load(Some(self.file), &overrides)
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
