//! What a run of benchmarks measured, on what: collected, compared with the last run kept, shown. Cold.
//!
//! A run is one JSON file, `"format": 1`: `manifest` is the doctor's of the host before the first benchmark, `load_end`
//! the load average after the last, and `rows` are those of the harness's files and of criterion, as [`Row`] has them.
//! Runs worth keeping lie in `benches/results/`, one file each; names begin with the day, so that the last name is the
//! last run.

mod chart;
mod collect;
mod compare;
mod html;
mod markdown;

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use collect::collect;
pub use compare::{Change, Moved, compare};
pub use html::page;
pub use markdown::{BEGIN, END, replace, table};

/// The format that is written and read.
pub const FORMAT: u32 = 1;

/// What a figure has to reach.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Target {
    /// `ratio` or `figure`.
    pub against: String,
    /// The bound that has to be met.
    pub must: f64,
    /// The bound to aim at.
    pub aim: f64,
    /// `aim`, `must` or `missed`; `None` without the ratio that it is about.
    pub verdict: Option<String>,
}

/// One contestant's figure.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Row {
    /// What was asked, as `ring/round_trip`.
    pub group: String,
    /// That in a line; empty: the head of the benchmark's file tells.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// The contestant.
    pub name: String,
    /// Whether it is one of ours.
    pub ours: bool,
    /// Which figure, as `p50`.
    pub measure: String,
    /// Its unit.
    pub unit: String,
    /// `lower` or `higher`.
    pub better: String,
    /// Where two threads' cores were: `near`, `far`, `moved`; `None` for one thread.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub placement: Option<String>,
    /// Over how many turns, or samples of criterion.
    pub turns: u64,
    /// The median over them.
    pub median: f64,
    /// The least.
    pub min: f64,
    /// The most.
    pub max: f64,
    /// Whom `ratio` is to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rival: Option<String>,
    /// This median to the rival's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ratio: Option<f64>,
    /// What was aimed at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<Target>,
}

impl Row {
    /// What makes it the same row in another run.
    #[must_use]
    pub fn key(&self) -> [&str; 4] {
        [&self.group, &self.name, &self.measure, self.placement.as_deref().unwrap_or_default()]
    }

    /// Of criterion: the row stands alone, with no contestants beside it that took turns with it.
    #[must_use]
    pub fn is_alone(&self) -> bool {
        self.measure == ALONE
    }
}

/// The measure of criterion's rows.
pub const ALONE: &str = "criterion";

/// A run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// [`FORMAT`].
    pub format: u32,
    /// When it began, s since the epoch.
    pub made_at_s: u64,
    /// The host before the first benchmark, with its load then.
    pub manifest: Value,
    /// The load average after the last one; `None` where the host does not tell.
    pub load_end: Option<[f64; 3]>,
    /// In the order of their groups.
    pub rows: Vec<Row>,
}

impl Run {
    /// Reads a run.
    ///
    /// # Errors
    /// In words, with the path.
    pub fn load(path: &Path) -> Result<Self, String> {
        let text = fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
        let run: Self = serde_json::from_str(&text).map_err(|e| format!("{}: {e}", path.display()))?;
        if run.format != FORMAT {
            return Err(format!("{}: format {}, and {FORMAT} is read", path.display(), run.format));
        }
        Ok(run)
    }

    /// Writes it, a row a line: differences of two runs can be read.
    ///
    /// # Errors
    /// In words, with the path.
    pub fn save(&self, path: &Path) -> Result<(), String> {
        let failed = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        let mut text = String::new();
        for row in &self.rows {
            let row = serde_json::to_string(row).map_err(|e| failed(&e))?;
            text.push_str(if text.is_empty() { "\n    " } else { ",\n    " });
            text.push_str(&row);
        }
        let head = Self { rows: Vec::new(), ..self.clone() };
        let head = serde_json::to_string_pretty(&head).map_err(|e| failed(&e))?;
        let text = head.replace("\"rows\": []", &format!("\"rows\": [{text}\n  ]"));
        fs::write(path, text + "\n").map_err(|e| failed(&e))
    }

    /// A field of the manifest in words; `unknown` where the host does not tell it.
    #[must_use]
    pub fn fact(&self, pointer: &str) -> String {
        match self.manifest.pointer(pointer) {
            None | Some(Value::Null) => "unknown".into(),
            Some(Value::String(text)) if text.is_empty() => "none".into(),
            Some(Value::String(text)) => text.clone(),
            Some(Value::Array(list)) if list.is_empty() => "unknown".into(),
            Some(Value::Array(list)) => list
                .iter()
                .map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned))
                .collect::<Vec<_>>()
                .join(" "),
            Some(Value::Bool(flag)) => if *flag { "yes" } else { "no" }.into(),
            Some(other) => other.to_string(),
        }
    }

    /// What the figures depend on, as (name, value) in the order in which they are shown.
    #[must_use]
    pub fn facts(&self) -> Vec<(&'static str, String)> {
        let load = |load: Option<[f64; 3]>| load.map_or_else(|| "unknown".into(), |[one, ..]| format!("{one:.2}"));
        let begin = self.manifest.pointer("/load_average/0").and_then(Value::as_f64);
        let mut facts: Vec<(&'static str, String)> = [
            ("build", "/build"),
            ("compiler", "/compiler/rustc"),
            ("built for", "/compiler/target"),
            ("optimisation level", "/compiler/opt_level"),
            ("features that the compiler may use", "/compiler/features"),
            ("flags of the compiler", "/compiler/rustflags"),
            ("CPU", "/cpu"),
            ("microcode", "/microcode"),
            ("CPUs on", "/cpus_online"),
            ("SMT", "/smt"),
            ("turbo", "/turbo"),
            ("governor", "/governors"),
            ("isolated CPUs", "/isolated"),
            ("CPUs without timer tick", "/nohz_full"),
            ("virtual machine", "/virtual_machine"),
            ("kernel", "/kernel"),
            ("clock source", "/clock_source"),
            ("mitigations=", "/mitigations"),
        ]
        .map(|(name, pointer)| (name, self.fact(pointer)))
        .into();
        if self.manifest.pointer("/mitigations").is_none_or(Value::is_null) {
            facts.retain(|(name, _)| *name != "mitigations=");
            facts.push(("mitigations=", "not given: the kernel's default".into()));
        }
        let load_begin = begin.map_or_else(|| "unknown".into(), |one| format!("{one:.2}"));
        facts.push(("load average, begin and end", format!("{load_begin} and {}", load(self.load_end))));
        let hop = self.fact("/measured/hop_ns");
        let hop =
            if hop == "unknown" { hop } else { format!("{hop} ns one way, CPUs {}", self.fact("/measured/hop_cpus")) };
        facts.push(("a cache line between two cores", hop));
        for row in self.manifest.pointer("/measured/jitter").and_then(Value::as_array).into_iter().flatten() {
            let of = |key: &str| row[key].as_u64().unwrap_or_default();
            facts.push((
                "jitter",
                format!(
                    "CPU {}: {:.3} % of {:.1} s lost in gaps over 1 µs, the longest {:.0} µs",
                    of("cpu"),
                    of("lost_ppm") as f64 / 1e4,
                    of("watched_ns") as f64 / 1e9,
                    of("max_ns") as f64 / 1e3
                ),
            ));
        }
        facts
    }
}

/// The last run kept in `dir`; `None` without one.
///
/// # Errors
/// In words, when a run that is there cannot be read.
pub fn last_kept(dir: &Path) -> Result<Option<(PathBuf, Run)>, String> {
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("{}: {error}", dir.display())),
    };
    let mut names: Vec<PathBuf> = entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
    names.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    names.sort();
    names.pop().map(|path| Run::load(&path).map(|run| (path, run))).transpose()
}

/// A figure with as many digits as mean something.
#[must_use]
pub fn figure(value: f64) -> String {
    let decimals = match value.abs() {
        v if v >= 100.0 => 0,
        v if v >= 10.0 => 1,
        _ => 2,
    };
    format!("{value:.decimals$}")
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn row(group: &str, name: &str, [median, min, max]: [f64; 3]) -> Row {
        Row {
            group: group.into(),
            name: name.into(),
            ours: name == "crosstick",
            measure: "p50".into(),
            unit: "ns".into(),
            better: "lower".into(),
            turns: 5,
            median,
            min,
            max,
            ..Row::default()
        }
    }

    pub(crate) fn run(rows: Vec<Row>) -> Run {
        let manifest = serde_json::json!({
            "build": "0.1.0 0123456789ab", "cpu": "A <CPU>", "governors": [], "turbo": null, "isolated": "",
            "load_average": [0.25, 0.2, 0.1], "compiler": {"rustc": "rustc 1.95.0", "rustflags": ""},
            "measured": {"hop_ns": 60.1, "hop_cpus": [0, 1],
                         "jitter": [{"cpu": 0, "lost_ppm": 5012, "watched_ns": 1_000_000_000, "max_ns": 879_000}]},
        });
        Run { format: FORMAT, made_at_s: 1_790_000_000, manifest, load_end: Some([1.5, 0.5, 0.2]), rows }
    }

    #[test]
    fn a_kept_run_reads_back_and_the_last_name_is_the_last_run() {
        let dir = tempfile::tempdir().expect("a folder");
        assert_eq!(last_kept(&dir.path().join("none")), Ok(None));
        let (old, new) =
            (run(vec![row("a", "x", [1.0, 0.5, 2.0])]), run(vec![row("b", "x", [2.0; 3]), row("b", "y", [3.0; 3])]));
        old.save(&dir.path().join("2026-01-02-aa.json")).expect("saved");
        new.save(&dir.path().join("2026-01-10-00.json")).expect("saved");
        fs::write(dir.path().join("README.md"), "no run").expect("written");
        let (path, last) = last_kept(dir.path()).expect("readable").expect("a run");
        assert!(path.ends_with("2026-01-10-00.json"));
        assert_eq!(last, new);
        fs::write(dir.path().join("2027.json"), "{\"format\": 2}").expect("written");
        assert!(last_kept(dir.path()).is_err_and(|e| e.contains("2027.json")));
    }

    #[test]
    fn what_the_host_does_not_tell_says_so() {
        let facts = run(Vec::new()).facts();
        let of = |name: &str| facts.iter().find(|(n, _)| *n == name).map(|(_, value)| value.as_str());
        assert_eq!(of("governor"), Some("unknown"));
        assert_eq!(of("turbo"), Some("unknown"));
        assert_eq!(of("isolated CPUs"), Some("none"));
        assert_eq!(of("load average, begin and end"), Some("0.25 and 1.50"));
        assert_eq!(of("jitter"), Some("CPU 0: 0.501 % of 1.0 s lost in gaps over 1 µs, the longest 879 µs"));
    }
}
