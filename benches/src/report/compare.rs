//! What moved between two runs by more than either run scattered.

use super::{Row, Run};

/// How a row stands to the same one of an earlier run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moved {
    /// Every turn of the one is better than every turn of the other.
    Better,
    /// Every turn is worse.
    Worse,
    /// Their turns overlap: nothing can be said.
    No,
}

/// A row in both runs.
#[derive(Debug, Clone, Copy)]
pub struct Change<'a> {
    /// Of the earlier run.
    pub before: &'a Row,
    /// Of this run.
    pub now: &'a Row,
    /// What is to be made of it.
    pub moved: Moved,
}

impl Change<'_> {
    /// The medians' difference, percent of the earlier one.
    #[must_use]
    pub fn percent(&self) -> f64 {
        (self.now.median / self.before.median - 1.0) * 100.0
    }
}

/// Rows that both runs have, in this run's order.
#[must_use]
pub fn compare<'a>(before: &'a Run, now: &'a Run) -> Vec<Change<'a>> {
    let same = |row: &'a Row| before.rows.iter().find(|old| old.key() == row.key() && old.unit == row.unit);
    let pairs = now.rows.iter().filter_map(|now| same(now).map(|before| (before, now)));
    pairs.map(|(before, now)| Change { before, now, moved: moved(before, now) }).collect()
}

fn moved(before: &Row, now: &Row) -> Moved {
    let (below, above) = (now.max < before.min, now.min > before.max);
    match (below, above, now.better == "higher") {
        (true, _, false) | (_, true, true) => Moved::Better,
        (true, _, true) | (_, true, false) => Moved::Worse,
        _ => Moved::No,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{row, run};
    use super::*;

    #[test]
    fn only_what_lies_wholly_outside_has_moved() {
        let before = run(vec![row("a", "x", [10.0, 9.0, 11.0]), row("b", "gone", [1.0; 3])]);
        let check = |figures: [f64; 3], better: &str| {
            let now = run(vec![Row { better: better.into(), ..row("a", "x", figures) }, row("c", "new", [1.0; 3])]);
            let changes = compare(&before, &now);
            assert_eq!(changes.len(), 1, "what only one of them has is no change");
            (changes[0].moved, changes[0].percent().round() as i64)
        };
        assert_eq!(check([8.0, 7.0, 8.9], "lower"), (Moved::Better, -20));
        assert_eq!(check([8.0, 7.0, 9.0], "lower"), (Moved::No, -20));
        assert_eq!(check([12.0, 11.1, 13.0], "lower"), (Moved::Worse, 20));
        assert_eq!(check([12.0, 11.1, 13.0], "higher"), (Moved::Better, 20));
        assert_eq!(check([8.0, 7.0, 8.9], "higher"), (Moved::Worse, -20));
    }
}
