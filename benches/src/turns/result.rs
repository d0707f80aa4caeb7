//! The rows of a group: collected, printed, and kept as `target/crosstick-bench/NAME.json`.
//!
//! The file, `"format": 1`; fields may be added:
//!
//! ```json
//! {"format": 1, "name": "ring", "made_at_s": 1790000000, "commit": "0123456789ab", "turns": 15,
//!  "host": {"cpu": "", "cores": 2, "kernel": "", "governor": null, "isolated": null, "load_average_1m": 0.1,
//!           "rustc": "", "profile": "bench"},
//!  "jitter": {"core": 0, "seconds": 0.3, "over_1us_per_s": 0.0, "over_10us_per_s": 0.0, "over_100us_per_s": 0.0,
//!             "over_1ms_per_s": 0.0, "lost_percent": 0.0, "worst_us": 0.0},
//!  "rows": [{"group": "ring/round_trip", "title": "", "name": "crosstick", "ours": true, "measure": "p50",
//!            "unit": "ns", "better": "lower", "placement": "near",
//!            "probe_ns": {"median": 0.0, "min": 0.0, "max": 0.0}, "turns": 15, "median": 0.0, "min": 0.0, "max": 0.0, "rival": "rtrb", "ratio": 0.65,
//!            "target": {"against": "ratio", "must": 0.85, "aim": 0.65, "verdict": "aim"}}]}
//! ```
//!
//! `made_at_s` is the wall time in s since the epoch. `commit` ends in `+` where files differed from it, and is null
//! outside of a repository. `placement` and `probe_ns` are null for one thread; `placement` is `near`, `far`, or
//! `moved` for turns during which it changed, whose figures are told and compared with nothing. `ratio` is the row's
//! median to that of the row of the same group, measure and placement whose name is `rival`; both may be null.
//! `against` is `ratio` or `figure` (the median); `verdict` is `aim`, `must`, or `missed`.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use std::{env, fs, io};

use serde_json::{Value, json};

use super::{Against, Better, Clock, Placement, Target, host};

/// One contestant's figure.
#[derive(Debug, Clone)]
pub struct Row {
    /// The contest's id.
    pub group: String,
    /// The contest's title.
    pub title: String,
    /// The contestant.
    pub name: String,
    /// Whether it is one of ours.
    pub ours: bool,
    /// Which figure.
    pub measure: &'static str,
    /// Its unit.
    pub unit: &'static str,
    /// Which way it is better.
    pub better: Better,
    /// Where the two cores were; `None` for one thread.
    pub placement: Option<Placement>,
    /// Median, least and most of the cache line's round trips at that placement, ns.
    pub probe_ns: Option<[f64; 3]>,
    /// Over how many turns.
    pub turns: usize,
    /// The median over the turns.
    pub median: f64,
    /// The least of any turn.
    pub min: f64,
    /// The most of any turn.
    pub max: f64,
    /// Whom `ratio` is to.
    pub rival: Option<String>,
    /// This median to the rival's.
    pub ratio: Option<f64>,
    /// What was aimed at.
    pub target: Option<Target>,
}

/// How a figure stands to its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The aim is reached.
    Aim,
    /// What must be is reached.
    Must,
    /// It is not.
    Missed,
}

impl Row {
    /// How the row stands to its target; `None` without one, or without the ratio that it is about.
    #[must_use]
    pub fn verdict(&self) -> Option<Verdict> {
        let target = self.target?;
        let figure = match target.against {
            Against::Ratio => self.ratio?,
            Against::Figure => self.median,
        };
        let within = |bound: f64| match self.better {
            Better::Lower => figure <= bound,
            Better::Higher => figure >= bound,
        };
        Some(match (within(target.aim), within(target.must)) {
            (true, _) => Verdict::Aim,
            (false, true) => Verdict::Must,
            (false, false) => Verdict::Missed,
        })
    }

    fn json(&self) -> Value {
        let spread = |[median, min, max]: [f64; 3]| json!({"median": median, "min": min, "max": max});
        let target = self.target.map(|target| {
            let against = if target.against == Against::Ratio { "ratio" } else { "figure" };
            json!({"against": against, "must": target.must, "aim": target.aim,
                   "verdict": self.verdict().map(Verdict::name)})
        });
        json!({
            "group": self.group, "title": self.title, "name": self.name, "ours": self.ours,
            "measure": self.measure, "unit": self.unit,
            "better": if self.better == Better::Lower { "lower" } else { "higher" },
            "placement": self.placement.map(Placement::name), "probe_ns": self.probe_ns.map(spread),
            "turns": self.turns, "median": self.median, "min": self.min, "max": self.max,
            "rival": self.rival, "ratio": self.ratio, "target": target,
        })
    }
}

impl Verdict {
    /// As in tables and JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Aim => "aim",
            Self::Must => "must",
            Self::Missed => "missed",
        }
    }
}

/// The rows of one group of contests.
#[derive(Debug)]
pub struct Session {
    name: String,
    turns: usize,
    rows: Vec<Row>,
    jitter: Value,
    shown: bool,
    done: usize,
    of: usize,
}

/// How long the machine is watched for its own gaps.
const JITTER: Duration = Duration::from_millis(300);

impl Session {
    /// A session whose contests have so many turns. Watches the machine's jitter for a moment first.
    #[must_use]
    pub fn new(name: &str, turns: usize) -> Self {
        let jitter = host::jitter(&Clock::new(), JITTER);
        Self { jitter, shown: true, ..Self::quiet(name, turns) }
    }

    /// The same without looking at the machine or showing anything: for tests.
    #[must_use]
    pub fn quiet(name: &str, turns: usize) -> Self {
        Self { name: name.into(), turns, rows: Vec::new(), jitter: Value::Null, shown: false, done: 0, of: 0 }
    }

    /// Turns of each contestant.
    #[must_use]
    pub const fn turns(&self) -> usize {
        self.turns
    }

    /// What was measured so far.
    #[must_use]
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Adds a row that was measured by other means than a contest.
    pub fn add(&mut self, row: Row) {
        self.rows.push(row);
    }

    pub(super) fn begin(&mut self, id: &str, of: usize) {
        (self.done, self.of) = (0, of);
        if self.shown {
            eprint!("{id}: {of} turns ");
        }
    }

    pub(super) fn progress(&mut self) {
        self.done += 1;
        if self.shown && self.done.is_multiple_of(self.of.div_ceil(20)) {
            eprint!(".");
            let _ = io::stderr().flush();
        }
    }

    pub(super) fn end(&mut self) {
        if self.shown {
            eprintln!();
        }
    }

    /// The rows as Markdown, a table a contest, with the machine's jitter below.
    #[must_use]
    pub fn table(&self) -> String {
        let mut out = String::new();
        let mut at = None;
        for row in &self.rows {
            let key = (&row.group, row.placement.map(Placement::name), row.measure);
            if at != Some(key) {
                at = Some(key);
                let probe = row.probe_ns.map(|[median, min, max]| {
                    let place = row.placement.map_or("", Placement::name);
                    format!("; cores {place}: a cache line takes {median:.0} [{min:.0}–{max:.0}] ns there and back")
                });
                let _ = write!(out, "\n{} ({}{})\n\n", row.group, row.title, probe.unwrap_or_default());
                let _ = writeln!(
                    out,
                    "| contestant | {}, {} [min–max] | turns | ratio | must / aim | |",
                    row.measure, row.unit
                );
                let _ = writeln!(out, "|---|---:|---:|---:|---:|---|");
            }
            let ratio = row.ratio.map_or(String::new(), |ratio| format!("{ratio:.2}"));
            let target = row.target.map_or(String::new(), |t| {
                let (sign, unit) =
                    if t.against == Against::Ratio { ("×", String::new()) } else { ("", format!(" {}", row.unit)) };
                format!("{}{sign} / {}{sign}{unit}", t.must, t.aim)
            });
            let name = if row.ours { format!("**{}**", row.name) } else { row.name.clone() };
            let verdict = row.verdict().map_or("", Verdict::name);
            let [median, min, max] = [row.median, row.min, row.max].map(figure);
            let _ =
                writeln!(out, "| {name} | {median} [{min}–{max}] | {} | {ratio} | {target} | {verdict} |", row.turns);
        }
        if let Some(gaps) = self.jitter.as_object() {
            let of = |key: &str| gaps.get(key).and_then(Value::as_f64).unwrap_or_default();
            let _ = writeln!(
                out,
                "\nThe machine itself, meanwhile: {:.0} gaps over 1 µs a second, {:.0} over 10 µs, {:.0} over 100 µs, \
                 {:.2} % of the time lost in them, the longest {:.0} µs.",
                of("over_1us_per_s"),
                of("over_10us_per_s"),
                of("over_100us_per_s"),
                of("lost_percent"),
                of("worst_us")
            );
        }
        out
    }

    /// Everything, in the format of the module's head.
    #[must_use]
    pub fn json(&self) -> Value {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        json!({
            "format": 1, "name": self.name, "made_at_s": now, "commit": host::commit(), "turns": self.turns,
            "host": host::manifest(), "jitter": self.jitter,
            "rows": self.rows.iter().map(Row::json).collect::<Vec<_>>(),
        })
    }

    /// Prints the table to standard output and writes the JSON; says where it is.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn finish(&self) -> io::Result<PathBuf> {
        println!("{}", self.table());
        let dir = folder();
        fs::create_dir_all(&dir)?;
        let path = dir.join(format!("{}.json", self.name));
        fs::write(&path, format!("{:#}\n", self.json()))?;
        eprintln!("kept in {}", path.display());
        Ok(path)
    }
}

/// Where results are kept: `crosstick-bench` in the target directory.
#[must_use]
pub fn folder() -> PathBuf {
    let target = env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(|root| root.join("target")).unwrap_or_default();
    target.unwrap_or_else(beside).join("crosstick-bench")
}

fn figure(value: f64) -> String {
    let decimals = match value.abs() {
        v if v >= 100.0 => 0,
        v if v >= 10.0 => 1,
        _ => 2,
    };
    format!("{value:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(better: Better, target: Target, median: f64, ratio: Option<f64>) -> Row {
        Row {
            group: "a/b".into(),
            title: "t".into(),
            name: "n".into(),
            ours: true,
            measure: "p50",
            unit: "ns",
            better,
            placement: Some(Placement::Far),
            probe_ns: Some([500.0, 490.0, 510.0]),
            turns: 3,
            median,
            min: 1.0,
            max: 2.0,
            rival: Some("r".into()),
            ratio,
            target: Some(target),
        }
    }

    #[test]
    fn a_bound_is_met_on_its_own_side_and_may_be_reached_exactly() {
        let lower = |ratio| row(Better::Lower, Target::ratio(0.8, 0.5), 9.0, Some(ratio)).verdict();
        assert_eq!([0.5, 0.8, 0.81].map(lower), [Verdict::Aim, Verdict::Must, Verdict::Missed].map(Some));
        let higher = |ratio| row(Better::Higher, Target::ratio(1.5, 3.0), 9.0, Some(ratio)).verdict();
        assert_eq!([3.0, 1.5, 1.49].map(higher), [Verdict::Aim, Verdict::Must, Verdict::Missed].map(Some));
        assert_eq!(row(Better::Lower, Target::figure(5.0, 2.0), 4.0, None).verdict(), Some(Verdict::Must));
        assert_eq!(row(Better::Lower, Target::ratio(5.0, 2.0), 4.0, None).verdict(), None);
    }

    #[test]
    fn json_and_table_tell_the_same_row() {
        let mut session = Session::quiet("test", 3);
        session.add(row(Better::Lower, Target::ratio(0.8, 0.5), 104.2, Some(0.61)));
        let json = session.json();
        let kept = &json["rows"][0];
        assert_eq!((&json["format"], &json["name"], &json["turns"]), (&json!(1), &json!("test"), &json!(3)));
        assert_eq!(kept["target"], json!({"against": "ratio", "must": 0.8, "aim": 0.5, "verdict": "must"}));
        assert_eq!(
            (&kept["median"], &kept["placement"], &kept["better"]),
            (&json!(104.2), &json!("far"), &json!("lower"))
        );
        assert!(
            session.table().contains("| **n** | 104 [1.00–2.00] | 3 | 0.61 | 0.8× / 0.5× | must |"),
            "{}",
            session.table()
        );
    }
}
