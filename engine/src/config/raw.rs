//! The file as written, with a place for every key and value, and the overrides laid over it.

use std::sync::Arc;

use toml::de::{DeTable, DeValue};

use super::mistakes::{Mistakes, Place, closest};
use super::schema::{Kind, Table};

/// A value and where it was stated.
pub(super) struct Raw {
    pub place: Place,
    pub value: RawValue,
}

/// What TOML distinguishes, and `Text` for overrides, whose type the key decides.
pub(super) enum RawValue {
    Str(String),
    Int(Option<i64>),
    Float(String),
    Bool(bool),
    Date,
    List(Vec<Raw>),
    Table(Vec<Entry>),
    Text(String),
}

impl RawValue {
    /// What it is called in messages.
    pub fn describe(&self) -> &'static str {
        match self {
            Self::Str(_) | Self::Text(_) => "a string",
            Self::Int(_) => "an integer",
            Self::Float(_) => "a float",
            Self::Bool(_) => "a boolean",
            Self::Date => "a date",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
        }
    }
}

/// A key with its value.
pub(super) struct Entry {
    pub key: String,
    pub place: Place,
    pub raw: Raw,
}

/// Byte offsets to lines and columns.
pub(super) struct Lines<'t> {
    file: Arc<str>,
    text: &'t str,
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    pub fn new(file: &str, text: &'t str) -> Self {
        let newlines = text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(i, _)| i + 1);
        Self { file: file.into(), text, starts: std::iter::once(0).chain(newlines).collect() }
    }

    /// The place of a byte offset.
    pub fn place(&self, offset: usize) -> Place {
        let line = self.starts.partition_point(|s| *s <= offset).max(1) - 1;
        let start = self.starts[line];
        let before = self.text.get(start..offset).unwrap_or("");
        let (line, column) = (line as u32 + 1, before.chars().count() as u32 + 1);
        Place::File { file: Arc::clone(&self.file), line, column }
    }

    /// The file as a whole.
    pub fn whole(&self) -> Place {
        Place::File { file: Arc::clone(&self.file), line: 0, column: 0 }
    }
}

/// Reads a document; syntax errors are added to `mistakes`, and what could be read is given all the same.
pub(super) fn parse(lines: &Lines<'_>, mistakes: &mut Mistakes) -> Raw {
    let (document, errors) = DeTable::parse_recoverable(lines.text);
    for error in &errors {
        let offset = error.span().map_or(lines.text.len(), |s| s.start);
        mistakes.add(&lines.place(offset), format!("not TOML: {}", error.message()));
    }
    Raw { place: lines.whole(), value: RawValue::Table(entries(lines, document.get_ref())) }
}

fn entries(lines: &Lines<'_>, table: &DeTable<'_>) -> Vec<Entry> {
    let mut list: Vec<(usize, Entry)> = table
        .iter()
        .map(|(key, value)| {
            let raw = convert(lines, value.span().start, value.get_ref());
            let place = lines.place(key.span().start);
            (key.span().start, Entry { key: key.get_ref().to_string(), place, raw })
        })
        .collect();
    // The parser sorts by name; the user's own order reads better in messages.
    list.sort_by_key(|(offset, _)| *offset);
    list.into_iter().map(|(_, entry)| entry).collect()
}

fn convert(lines: &Lines<'_>, offset: usize, value: &DeValue<'_>) -> Raw {
    let value = match value {
        DeValue::String(text) => RawValue::Str(text.to_string()),
        DeValue::Integer(n) => RawValue::Int(i64::from_str_radix(&n.as_str().replace('_', ""), n.radix()).ok()),
        DeValue::Float(f) => RawValue::Float(f.as_str().to_owned()),
        DeValue::Boolean(b) => RawValue::Bool(*b),
        DeValue::Datetime(_) => RawValue::Date,
        DeValue::Array(items) => {
            RawValue::List(items.iter().map(|i| convert(lines, i.span().start, i.get_ref())).collect())
        }
        DeValue::Table(table) => RawValue::Table(entries(lines, table)),
    };
    Raw { place: lines.place(offset), value }
}

/// Lays one override over the document. `path` holds the segments of its name.
///
/// A segment of a list of tables is an index or a `name`; unknown segments are mistakes at `place`.
pub(super) fn lay_over(
    root: &mut Raw,
    schema: &'static Table,
    path: &[&str],
    text: &str,
    place: &Place,
    mistakes: &mut Mistakes,
) {
    let (Some((first, rest)), RawValue::Table(entries)) = (path.split_first(), &mut root.value) else {
        mistakes.add(place, format!("names {}, not one of its keys", schema.header));
        return;
    };
    let Some(key) = schema.keys.iter().find(|k| k.name.eq_ignore_ascii_case(first)) else {
        let hint = match closest(first, schema.keys.iter().map(|k| k.name)) {
            Some(near) => format!("; did you mean \"{near}\"?"),
            None => format!("; known: {}", super::read::names(schema)),
        };
        mistakes.add(place, format!("unknown key \"{}\" in {}{hint}", first.to_lowercase(), schema.header));
        return;
    };
    match &key.kind {
        Kind::Table(inner) => {
            let at = position_or_add(entries, key.name, place, RawValue::Table(Vec::new()));
            lay_over(&mut entries[at].raw, inner, rest, text, place, mistakes);
        }
        Kind::Tables(inner) => {
            let listed = entries.iter_mut().find(|e| e.key == key.name);
            let items = match listed.map(|e| &mut e.raw.value) {
                Some(RawValue::List(items)) => items.as_mut_slice(),
                _ => &mut [],
            };
            let count = items.len();
            match (rest.split_first(), select(items, rest.first().copied().unwrap_or(""))) {
                (Some((_, rest)), Some(at)) => lay_over(&mut items[at], inner, rest, text, place, mistakes),
                _ => mistakes.add(
                    place,
                    format!("names no {}: say its index (0 to {}) or its name", inner.header, count.saturating_sub(1)),
                ),
            }
        }
        Kind::Map(..) => match rest {
            [] => set(entries, key.name, text, place),
            [name] => {
                let at = position_or_add(entries, key.name, place, RawValue::Table(Vec::new()));
                if let RawValue::Table(inner) = &mut entries[at].raw.value {
                    let known = inner.iter().find(|e| e.key.eq_ignore_ascii_case(name));
                    let name = known.map_or((*name).to_owned(), |e| e.key.clone());
                    set(inner, &name, text, place);
                }
            }
            _ => mistakes.add(place, format!("{} {} has no keys below its own", schema.header, key.name)),
        },
        _ if rest.is_empty() => set(entries, key.name, text, place),
        _ => mistakes.add(place, format!("{} {} has no keys of its own", schema.header, key.name)),
    }
}

/// Whether an override from that place is still in the document, none laid over it.
pub(super) fn states(raw: &Raw, place: &Place) -> bool {
    match &raw.value {
        RawValue::Text(_) => raw.place == *place,
        RawValue::List(items) => items.iter().any(|item| states(item, place)),
        RawValue::Table(entries) => entries.iter().any(|entry| states(&entry.raw, place)),
        _ => false,
    }
}

/// The table that a segment names, by its index or its `name`.
fn select(items: &[Raw], segment: &str) -> Option<usize> {
    let named = |entry: &Entry| match &entry.raw.value {
        RawValue::Str(name) => entry.key == "name" && name.eq_ignore_ascii_case(segment),
        _ => false,
    };
    let by_index = segment.parse::<usize>().ok().filter(|i| *i < items.len());
    by_index.or_else(|| {
        items.iter().position(|item| match &item.value {
            RawValue::Table(entries) => entries.iter().any(named),
            _ => false,
        })
    })
}

fn position_or_add(entries: &mut Vec<Entry>, key: &str, place: &Place, value: RawValue) -> usize {
    entries.iter().position(|e| e.key == key).unwrap_or_else(|| {
        let raw = Raw { place: place.clone(), value };
        entries.push(Entry { key: key.to_owned(), place: place.clone(), raw });
        entries.len() - 1
    })
}

fn set(entries: &mut Vec<Entry>, key: &str, text: &str, place: &Place) {
    entries.retain(|e| e.key != key);
    let raw = Raw { place: place.clone(), value: RawValue::Text(text.to_owned()) };
    entries.push(Entry { key: key.to_owned(), place: place.clone(), raw });
}

/// Text of an override as TOML, for lists and tables: `["trade"]`, or just `trade, bookTicker`.
pub(super) fn from_text(text: &str, place: &Place, list: bool) -> Option<Raw> {
    let value = match DeValue::parse(text.trim()) {
        Ok(value) if !list || value.get_ref().is_array() => convert(&Lines::new("", text), 0, value.get_ref()).value,
        _ if list => {
            let items =
                text.split(',').map(|item| Raw { place: place.clone(), value: RawValue::Text(item.trim().to_owned()) });
            RawValue::List(items.collect())
        }
        _ => return None,
    };
    Some(at(Raw { place: place.clone(), value }, place))
}

fn at(mut raw: Raw, place: &Place) -> Raw {
    raw.place = place.clone();
    raw.value = match raw.value {
        RawValue::List(items) => RawValue::List(items.into_iter().map(|i| at(i, place)).collect()),
        RawValue::Table(entries) => RawValue::Table(
            entries.into_iter().map(|e| Entry { key: e.key, place: place.clone(), raw: at(e.raw, place) }).collect(),
        ),
        other => other,
    };
    raw
}
