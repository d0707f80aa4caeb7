//! What a user names as data: `[VENUE[:SYMBOL]=]PATH`. Cold.

use std::collections::BTreeSet;
use std::path::PathBuf;

/// One `[VENUE[:SYMBOL]=]PATH` argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The venue named before the `=`, if any.
    pub venue: Option<String>,
    /// The symbol named behind it, if any: for files of rows that do not name theirs.
    pub symbol: Option<String>,
    /// The file, or the folder.
    pub path: PathBuf,
}

impl Source {
    /// Reads an argument. What stands before a `=` is a venue only if it could be one's name.
    #[must_use]
    pub fn parse(argument: &str) -> Self {
        let is_name = |name: &str| {
            !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))
        };
        if let Some((before, path)) = argument.split_once('=').filter(|(_, path)| !path.is_empty()) {
            let (venue, symbol) = match before.split_once(':') {
                Some((venue, symbol)) => (venue, Some(symbol)),
                None => (before, None),
            };
            if is_name(venue) && symbol.is_none_or(is_name) {
                return Self { venue: Some(venue.to_owned()), symbol: symbol.map(str::to_owned), path: path.into() };
            }
        }
        Self { venue: None, symbol: None, path: argument.into() }
    }

    /// What the file is called without folders and endings: its venue's name where none is given.
    #[must_use]
    pub fn stem(&self) -> String {
        let name = self.path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        name.split('.').next().unwrap_or_default().to_owned()
    }
}

/// The name, with a number behind it when it is there already.
#[must_use]
pub fn distinct(name: String, names: &mut BTreeSet<String>) -> String {
    let mut candidate = name.clone();
    let mut number = 2;
    while !names.insert(candidate.clone()) {
        candidate = format!("{name}-{number}");
        number += 1;
    }
    candidate
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments() {
        let cases = [
            ("spot=a/b.txt.zst", Some("spot"), None, "a/b.txt.zst"),
            ("spot:BTCUSDT=a/b.csv", Some("spot"), Some("BTCUSDT"), "a/b.csv"),
            ("a/b.txt", None, None, "a/b.txt"),
            ("dir/x=y.txt", None, None, "dir/x=y.txt"),
            ("=y.txt", None, None, "=y.txt"),
            ("spot=", None, None, "spot="),
            ("spot:=y", None, None, "spot:=y"),
            (":X=y", None, None, ":X=y"),
            ("spot=x=y", Some("spot"), None, "x=y"),
        ];
        for (argument, venue, symbol, path) in cases {
            let source = Source::parse(argument);
            let said = (source.venue.as_deref(), source.symbol.as_deref(), source.path.to_str());
            assert_eq!(said, (venue, symbol, Some(path)), "{argument}");
        }
        assert_eq!(Source::parse("a/btcusdt_20240808.txt.zst").stem(), "btcusdt_20240808");
    }
}
