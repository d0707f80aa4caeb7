//! The keys that a sweep varies, and the points they span. Cold.

use crosstick_model::Decimal;

/// Values that one key may take.
const VALUES_MAX: i128 = 10_000;

/// A key and the values that it takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Varied {
    /// The key, such as `strategy.spread.min_edge_bps`.
    pub key: String,
    /// Its values as they would be written in the config, in the order in which they were given.
    pub values: Vec<String>,
}

impl Varied {
    /// Reads `KEY=FROM:TO:STEP` or `KEY=VALUE,VALUE,...`; both may be mixed.
    ///
    /// # Errors
    /// What is wrong with it, and what would be right.
    pub fn parse(argument: &str) -> Result<Self, String> {
        let form = "write KEY=VALUE,VALUE,... or KEY=FROM:TO:STEP, such as strategy.spread.min_edge_bps=1:5:0.5";
        let Some((key, list)) =
            argument.split_once('=').filter(|(key, list)| !key.trim().is_empty() && !list.is_empty())
        else {
            return Err(format!("--set {argument}: {form}"));
        };
        let mut values: Vec<String> = Vec::new();
        for item in list.split(',').map(str::trim) {
            let more = match item.split(':').collect::<Vec<_>>().as_slice() {
                [""] => Err("a value is missing".to_owned()),
                [from, to, step] => steps(from, to, step),
                _ => Ok(vec![item.to_owned()]),
            };
            for value in more.map_err(|why| format!("--set {argument}: {why}; {form}"))? {
                if values.contains(&value) {
                    return Err(format!("--set {argument}: {value} is there twice"));
                }
                values.push(value);
            }
        }
        Ok(Self { key: key.trim().to_ascii_lowercase(), values })
    }

    /// Its values as numbers, if all of them are.
    #[must_use]
    pub fn numbers(&self) -> Option<Vec<Decimal>> {
        self.values.iter().map(|value| value.parse().ok()).collect()
    }

    /// The key's last word: what it is called where there is little room.
    #[must_use]
    pub fn short(&self) -> &str {
        self.key.rsplit('.').next().unwrap_or(&self.key)
    }
}

/// From, from + step, and so on, as long as that is not beyond `to`; exact.
fn steps(from: &str, to: &str, step: &str) -> Result<Vec<String>, String> {
    let number = |text: &str| text.parse::<Decimal>().map_err(|e| format!("{text:?}: {e}"));
    let (from, to, step) = (number(from)?, number(to)?, number(step)?);
    let decimals = from.decimals().max(to.decimals()).max(step.decimals());
    let at = |value: Decimal| value.at_scale_i128(decimals).ok_or_else(|| format!("{value} is too large"));
    let (from, to, step) = (at(from)?, at(to)?, at(step)?);
    if step <= 0 {
        return Err("the step must be above zero".into());
    }
    if from > to {
        return Err("it begins above its end".into());
    }
    let count = (to - from) / step + 1;
    if count > VALUES_MAX {
        return Err(format!("{count} values are more than {VALUES_MAX}"));
    }
    Ok((0..count).map(|i| Decimal::new(from + i * step, decimals).to_string()).collect())
}

/// All points that the keys span.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Space {
    /// The keys, in the order in which they were given.
    pub varied: Vec<Varied>,
}

impl Space {
    /// Reads `--set` arguments.
    ///
    /// # Errors
    /// Everything that is wrong with them.
    pub fn parse(arguments: &[String]) -> Result<Self, Vec<String>> {
        let (mut varied, mut wrong): (Vec<Varied>, Vec<String>) = (Vec::new(), Vec::new());
        for argument in arguments {
            match Varied::parse(argument) {
                Ok(one) if varied.iter().any(|v| v.key == one.key) => {
                    wrong.push(format!("--set {argument}: {} is varied already; give all its values at once", one.key));
                }
                Ok(one) => varied.push(one),
                Err(why) => wrong.push(why),
            }
        }
        if wrong.is_empty() { Ok(Self { varied }) } else { Err(wrong) }
    }

    /// How many points there are; saturates.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.varied.iter().fold(1, |n, v| n.saturating_mul(v.values.len() as u64))
    }

    /// Whether nothing is varied.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.varied.is_empty()
    }

    /// The point of that index, below [`Self::len`]: the place of each key's value in its list; the last key moves
    /// first.
    #[must_use]
    pub fn point(&self, index: u64) -> Vec<usize> {
        let mut rest = index;
        let mut places: Vec<usize> = self
            .varied
            .iter()
            .rev()
            .map(|v| {
                let count = v.values.len() as u64;
                let place = rest % count;
                rest /= count;
                place as usize
            })
            .collect();
        places.reverse();
        places
    }

    /// A point's values, with their keys.
    pub fn settings<'a>(&'a self, point: &'a [usize]) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.varied.iter().zip(point).map(|(v, place)| (v.key.as_str(), v.values[*place].as_str()))
    }

    /// Indexes of `count` different points, drawn with that seed; of all where there are not more. In ascending order.
    #[must_use]
    pub fn draw(&self, count: u64, seed: u64) -> Vec<u64> {
        let all = self.len();
        if count >= all {
            return (0..all).collect();
        }
        // Floyd's way: no list of all, no second try.
        let mut state = seed;
        let mut drawn = std::collections::BTreeSet::new();
        for last in all - count..all {
            let candidate = below(&mut state, last + 1);
            if !drawn.insert(candidate) {
                drawn.insert(last);
            }
        }
        drawn.into_iter().collect()
    }
}

/// The next number below `bound`, out of splitmix64.
fn below(state: &mut u64, bound: u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((u128::from(z ^ (z >> 31)) * u128::from(bound)) >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn space(arguments: &[&str]) -> Result<Space, Vec<String>> {
        Space::parse(&arguments.iter().map(|a| (*a).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn values_are_exact() {
        let of = |argument: &str| Varied::parse(argument).unwrap().values;
        assert_eq!(of("a=1:5:0.5"), ["1", "1.5", "2", "2.5", "3", "3.5", "4", "4.5", "5"]);
        assert_eq!(of("a=0.1:0.35:0.1"), ["0.1", "0.2", "0.3"]);
        assert_eq!(of("a=-1:1:1"), ["-1", "0", "1"]);
        assert_eq!(of("a=100, 500,2000:4000:1000"), ["100", "500", "2000", "3000", "4000"]);
        assert_eq!(of("paper.preset=honest,harsh"), ["honest", "harsh"]);
        let key = Varied::parse("Strategy.Spread.Min_Edge_Bps=1").unwrap();
        assert_eq!((key.key.as_str(), key.short()), ("strategy.spread.min_edge_bps", "min_edge_bps"));
    }

    #[test]
    fn all_that_is_wrong_is_told() {
        let wrong =
            space(&["a", "b=", "c=1,,2", "d=1:2:0", "e=3:1:1", "f=1:2:x", "g=1,1", "h=1", "h=2", "i=0:1:0.00001"]);
        let wrong = wrong.unwrap_err();
        assert_eq!(wrong.len(), 9, "{wrong:#?}");
        for (text, word) in wrong.iter().zip([
            "write KEY",
            "write KEY",
            "missing",
            "above zero",
            "begins above",
            "\"x\"",
            "twice",
            "already",
            "more than",
        ]) {
            assert!(text.contains(word), "{text}");
        }
    }

    #[test]
    fn every_point_once() {
        let space = space(&["a=1,2,3", "b=x,y"]).unwrap();
        assert_eq!(space.len(), 6);
        let all: Vec<Vec<usize>> = (0..6).map(|i| space.point(i)).collect();
        assert_eq!(all, [[0, 0], [0, 1], [1, 0], [1, 1], [2, 0], [2, 1]]);
        assert_eq!(space.settings(&all[3]).collect::<Vec<_>>(), [("a", "2"), ("b", "y")]);
    }

    #[test]
    fn drawn_points_differ_and_seeds_do() {
        let space = space(&["a=0:99:1", "b=0:99:1"]).unwrap();
        let drawn = space.draw(500, 7);
        assert_eq!(drawn.len(), 500);
        assert!(drawn.is_sorted_by(|a, b| a < b) && drawn[499] < 10_000);
        assert_eq!(drawn, space.draw(500, 7));
        assert_ne!(drawn, space.draw(500, 8));
        assert_eq!(space.draw(20_000, 1).len(), 10_000);
        // Spread over the whole: each tenth has its part.
        for tenth in 0..10 {
            let count = drawn.iter().filter(|i| **i / 1_000 == tenth).count();
            assert!((25..=75).contains(&count), "{count} of 500 in a tenth");
        }
    }
}
