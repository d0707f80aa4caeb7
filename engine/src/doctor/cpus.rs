//! Sets of CPUs in the kernel's two spellings: lists (`0-3,8`) and masks (`ff,ffffffff`).

use std::collections::BTreeSet;
use std::fmt;

/// More than any kernel is built for.
const CPUS_MAX: usize = 16_384;

/// A set of CPU numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CpuSet(BTreeSet<usize>);

impl CpuSet {
    /// Reads `0-3,8`, also `0-30:2/5` (the first 2 of each 5); empty and `(null)` are no CPUs.
    #[must_use]
    pub fn from_list(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.is_empty() || text == "(null)" {
            return Some(Self::default());
        }
        let mut set = BTreeSet::new();
        for part in text.split(',') {
            let (range, group) = part.trim().split_once(':').unwrap_or((part.trim(), "1/1"));
            let (first, last) = range.split_once('-').unwrap_or((range, range));
            let (used, of) = group.split_once('/')?;
            let number = |text: &str| text.parse::<usize>().ok();
            let (first, last, used, of) = (number(first)?, number(last)?, number(used)?, number(of)?);
            if first > last || last >= CPUS_MAX || of == 0 {
                return None;
            }
            set.extend((first..=last).filter(|cpu| (cpu - first) % of < used));
        }
        Some(Self(set))
    }

    /// Reads a list as the kernel's command line takes it: `all`, `N` for the last CPU, and words before the list
    /// (`managed_irq,domain,2-5`) are known.
    #[must_use]
    pub fn from_boot(text: &str, last: usize) -> Option<Self> {
        if text.trim() == "all" {
            return Some(Self((0..=last).collect()));
        }
        let is_word = |part: &&str| part.starts_with(|c: char| c.is_ascii_lowercase());
        let list: Vec<String> =
            text.split(',').filter(|part| !is_word(part)).map(|part| part.replace('N', &last.to_string())).collect();
        Self::from_list(&list.join(","))
    }

    /// Reads groups of hexadecimal digits, the last holding the lowest 32 CPUs.
    #[must_use]
    pub fn from_mask(text: &str) -> Option<Self> {
        let groups: Vec<&str> = text.trim().split(',').collect();
        if groups.len() * 32 > CPUS_MAX {
            return None;
        }
        let mut set = BTreeSet::new();
        for (index, group) in groups.iter().rev().enumerate() {
            let bits = u32::from_str_radix(group, 16).ok()?;
            set.extend((0..32).filter(|bit| bits >> bit & 1 == 1).map(|bit| index * 32 + bit));
        }
        Some(Self(set))
    }

    /// Ascending.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = usize> + '_ {
        self.0.iter().copied()
    }

    /// Whether it has `cpu`.
    #[must_use]
    pub fn has(&self, cpu: usize) -> bool {
        self.0.contains(&cpu)
    }

    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Those in both.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        Self(self.0.intersection(&other.0).copied().collect())
    }

    /// Those in either.
    #[must_use]
    pub fn or(&self, other: &Self) -> Self {
        Self(self.0.union(&other.0).copied().collect())
    }

    /// Those of this that are not in `other`.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        Self(self.0.difference(&other.0).copied().collect())
    }

    /// `cpu 3`, `cpus 1-3`, or `no cpu`.
    #[must_use]
    pub fn words(&self) -> String {
        match self.len() {
            0 => "no cpu".into(),
            1 => format!("cpu {self}"),
            _ => format!("cpus {self}"),
        }
    }
}

impl FromIterator<usize> for CpuSet {
    fn from_iter<I: IntoIterator<Item = usize>>(cpus: I) -> Self {
        Self(cpus.into_iter().collect())
    }
}

impl fmt::Display for CpuSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut ranges: Vec<(usize, usize)> = Vec::new();
        for cpu in self.iter() {
            match ranges.last_mut() {
                Some((_, last)) if *last + 1 == cpu => *last = cpu,
                _ => ranges.push((cpu, cpu)),
            }
        }
        let texts = ranges.iter().map(|(a, b)| if a == b { a.to_string() } else { format!("{a}-{b}") });
        f.write_str(&texts.collect::<Vec<_>>().join(","))
    }
}
