//! The counts that are committed, and what is said of new ones beside them.

use std::collections::BTreeMap;
use std::fmt::{self, Write};

/// A count may be so much above or below the committed one, percent.
pub const ALLOWED_PERCENT: f64 = 3.0;

/// What counts depend on besides the code.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Made {
    /// The compiler: `rustc 1.95.0`.
    pub rustc: String,
    /// What counted: `valgrind-3.19.0`.
    pub valgrind: String,
    /// Whose memory functions were called: `glibc 2.36`.
    pub libc: String,
    /// What the processor that valgrind shows can do.
    pub features: String,
}

/// Counts by stage, instructions per operation, and what they were made with.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Baseline {
    /// What they depend on.
    pub made: Made,
    /// By stage.
    pub counts: BTreeMap<String, f64>,
}

impl Baseline {
    /// Reads the file's text: `key = value` lines, stages with one decimal.
    ///
    /// # Errors
    /// With the line that is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut baseline = Self::default();
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let wrong = |what: &str| format!("line {}: {what}: {line}", number + 1);
            let (key, value) = line.split_once('=').ok_or_else(|| wrong("not `key = value`"))?;
            let value = value.trim();
            match key.trim() {
                "rustc" => value.clone_into(&mut baseline.made.rustc),
                "valgrind" => value.clone_into(&mut baseline.made.valgrind),
                "libc" => value.clone_into(&mut baseline.made.libc),
                "features" => value.clone_into(&mut baseline.made.features),
                stage => {
                    let count: f64 = value.parse().map_err(|_| wrong("not a count"))?;
                    if !count.is_finite() || count <= 0.0 {
                        return Err(wrong("a count is above 0"));
                    }
                    baseline.counts.insert(stage.to_owned(), count);
                }
            }
        }
        Ok(baseline)
    }
}

impl fmt::Display for Baseline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Made { rustc, valgrind, libc, features } = &self.made;
        writeln!(f, "# Instructions per operation, counted by callgrind. Written by `scripts/instructions --write`.")?;
        writeln!(f, "rustc = {rustc}\nvalgrind = {valgrind}\nlibc = {libc}\nfeatures = {features}\n")?;
        self.counts.iter().try_for_each(|(stage, count)| writeln!(f, "{stage} = {count:.1}"))
    }
}

/// New counts beside the committed ones.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// The table and what it means, for people.
    pub text: String,
    /// Whether a stage takes more than is allowed, or the two do not have the same stages.
    pub failed: bool,
}

/// Compares what was counted with what is committed.
#[must_use]
pub fn compare(committed: &Baseline, counted: &Baseline) -> Comparison {
    let (mut slower, mut faster, mut strangers) = (0, 0, 0);
    let mut text = format!("{:<26} {:>10} {:>10} {:>8}\n", "stage", "committed", "now", "change");
    for (stage, now) in &counted.counts {
        let Some(before) = committed.counts.get(stage) else {
            strangers += 1;
            let _ = writeln!(text, "{stage:<26} {:>10} {now:>10.1} {:>8}  not in the baseline", "", "");
            continue;
        };
        let change = (now / before - 1.0) * 100.0;
        let bound = |percent: f64| before * (100.0 + percent) / 100.0;
        let verdict = if *now > bound(ALLOWED_PERCENT) {
            slower += 1;
            "  TOO MANY"
        } else if *now < bound(-ALLOWED_PERCENT) {
            faster += 1;
            "  fewer"
        } else {
            ""
        };
        let _ = writeln!(text, "{stage:<26} {before:>10.1} {now:>10.1} {change:>+7.1}%{verdict}");
    }
    for stage in committed.counts.keys().filter(|stage| !counted.counts.contains_key(*stage)) {
        strangers += 1;
        let _ = writeln!(text, "{stage:<26} is in the baseline and no stage any more");
    }
    let failed = slower + strangers > 0;
    if slower > 0 {
        let _ = writeln!(
            text,
            "{slower} of {} take more than {ALLOWED_PERCENT} % above the baseline. Make them as short as they were, or, \
             where what they now do is worth it, say so in a commit with a new baseline: scripts/instructions --write",
            counted.counts.len()
        );
    }
    if faster > 0 {
        let _ = writeln!(
            text,
            "{faster} of {} take over {ALLOWED_PERCENT} % fewer: keep that by committing a new baseline: \
             scripts/instructions --write",
            counted.counts.len()
        );
    }
    if strangers > 0 {
        let _ = writeln!(text, "stages and baseline do not fit: scripts/instructions --write");
    }
    if committed.made != counted.made && (failed || faster > 0) {
        let _ = writeln!(
            text,
            "Part of it may come from elsewhere.\n  baseline: {:?}\n  now:      {:?}",
            committed.made, counted.made
        );
    }
    Comparison { text, failed }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(counts: &[(&str, f64)]) -> Baseline {
        let made = Made { rustc: "rustc 1".into(), features: "avx2".into(), ..Made::default() };
        Baseline { made, counts: counts.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect() }
    }

    #[test]
    fn three_percent_above_fails_and_below_does_not() {
        let committed = of(&[("a", 100.0), ("b", 100.0)]);
        let check = |a: f64, b: f64| compare(&committed, &of(&[("a", a), ("b", b)]));
        let same = check(103.0, 97.0);
        assert!(!same.failed && !same.text.contains("scripts/instructions"), "{}", same.text);
        let slower = check(103.1, 50.0);
        assert!(slower.failed && slower.text.contains("TOO MANY") && slower.text.contains("1 of 2 take more"));
        let faster = check(100.0, 96.9);
        assert!(!faster.failed && faster.text.contains("committing a new baseline"), "{}", faster.text);
    }

    #[test]
    fn stages_that_came_or_went_fail() {
        let (one, two) = (of(&[("a", 1.0)]), of(&[("a", 1.0), ("b", 2.0)]));
        assert!(compare(&one, &two).failed && compare(&two, &one).failed);
        assert!(!compare(&two, &two).failed);
    }

    #[test]
    fn what_is_written_is_read() {
        let baseline = of(&[("ring/push_pop", 23.5), ("gate/one_leg", 812.0)]);
        assert_eq!(Baseline::parse(&baseline.to_string()), Ok(baseline));
        for wrong in ["a", "a = b", "a =", "a = 0", "a = -1", "a = NaN"] {
            assert!(Baseline::parse(wrong).is_err_and(|e| e.starts_with("line 1: ")), "{wrong}");
        }
    }
}
