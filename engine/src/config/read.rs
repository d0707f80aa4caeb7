//! Walks the document by the key table: every unknown key, wrong type, wrong value and value out of range.

use crosstick_model::{Decimal, DecimalError};

use super::mistakes::{Mistakes, Place, closest};
use super::raw::{Entry, Raw, RawValue, from_text};
use super::schema::{Key, Kind, Left, ROOT, Table, Word};

/// A value that is what its key asks for.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Val {
    Str(String),
    Int(i64),
    Dec(Decimal),
    Bool(bool),
    List(Vec<Val>),
    Map(Vec<(String, Place, Val)>),
}

/// A key of a table: its value, unless left out or wrong.
#[derive(Debug, Clone)]
pub(super) struct Slot {
    pub key: &'static Key,
    pub value: Option<Val>,
    pub place: Place,
    /// It was written, rightly or not.
    pub given: bool,
    pub nodes: Vec<Node>,
}

/// A table with a slot for each of its keys.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub table: &'static Table,
    pub place: Place,
    pub slots: Vec<Slot>,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

impl std::fmt::Debug for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.header)
    }
}

impl Node {
    pub fn slot(&self, key: &str) -> &Slot {
        let slot = self.slots.iter().find(|s| s.key.name == key);
        slot.expect("a key of the key table")
    }

    fn slot_mut(&mut self, key: &str) -> &mut Slot {
        let slot = self.slots.iter_mut().find(|s| s.key.name == key);
        slot.expect("a key of the key table")
    }

    /// The text of a key; empty when it is missing or was wrong (a mistake is on the list then).
    pub fn str(&self, key: &str) -> Option<&str> {
        match &self.slot(key).value {
            Some(Val::Str(text)) => Some(text),
            _ => None,
        }
    }

    pub fn int(&self, key: &str) -> Option<i64> {
        match self.slot(key).value {
            Some(Val::Int(n)) => Some(n),
            _ => None,
        }
    }

    pub fn dec(&self, key: &str) -> Option<Decimal> {
        match self.slot(key).value {
            Some(Val::Dec(n)) => Some(n),
            _ => None,
        }
    }

    pub fn bool(&self, key: &str) -> Option<bool> {
        match self.slot(key).value {
            Some(Val::Bool(b)) => Some(b),
            _ => None,
        }
    }

    pub fn list(&self, key: &str) -> Option<&[Val]> {
        match &self.slot(key).value {
            Some(Val::List(items)) => Some(items),
            _ => None,
        }
    }

    pub fn map(&self, key: &str) -> &[(String, Place, Val)] {
        match &self.slot(key).value {
            Some(Val::Map(entries)) => entries,
            _ => &[],
        }
    }

    /// The table of a key.
    pub fn node(&self, key: &str) -> &Node {
        self.slot(key).nodes.first().expect("single tables always have their node")
    }

    pub fn nodes(&self, key: &str) -> &[Node] {
        &self.slot(key).nodes
    }

    pub fn nodes_mut(&mut self, key: &str) -> &mut [Node] {
        &mut self.slot_mut(key).nodes
    }

    pub fn node_mut(&mut self, key: &str) -> &mut Node {
        self.slot_mut(key).nodes.first_mut().expect("single tables always have their node")
    }

    /// Where a key was stated; the table's place when it was not.
    pub fn place(&self, key: &str) -> &Place {
        let slot = self.slot(key);
        if slot.given { &slot.place } else { &self.place }
    }

    /// Puts the effective value in the place of the written one.
    pub fn replace(&mut self, key: &str, value: Val) {
        self.slot_mut(key).value = Some(value);
    }

    /// Fills a key that was left out, where the default depends on others.
    pub fn default_to(&mut self, key: &str, value: Val) {
        let slot = self.slot_mut(key);
        if !slot.given {
            slot.value = Some(value);
        }
    }
}

/// The keys of a table that may be written, for messages.
pub(super) fn names(table: &Table) -> String {
    let known = table.keys.iter();
    known.map(|k| k.name).collect::<Vec<_>>().join(", ")
}

/// Reads a table. `raw` is `None` where it was left out.
pub(super) fn table(table: &'static Table, raw: Option<Raw>, at: &Place, mistakes: &mut Mistakes) -> Node {
    let (place, mut entries, given) = match raw {
        Some(Raw { place, value: RawValue::Table(entries) }) => (place, entries, true),
        Some(Raw { place, value: RawValue::Text(text) }) => match from_text(&text, &place, false) {
            Some(Raw { value: RawValue::Table(entries), .. }) => (place, entries, true),
            _ => {
                mistakes.add(&place, format!("{}: expected a table, such as {{ key = value }}", table.header));
                (place, Vec::new(), false)
            }
        },
        Some(other) => {
            let found = other.value.describe();
            mistakes.add(&other.place, format!("{}: expected a table, found {found}", table.header));
            (other.place, Vec::new(), false)
        }
        None => (at.clone(), Vec::new(), false),
    };
    for entry in entries.iter().filter(|e| table.keys.iter().all(|k| k.name != e.key)) {
        mistakes.add(&entry.place, unknown(table, &entry.key));
    }
    let mut slots = Vec::with_capacity(table.keys.len());
    for key in table.keys {
        let entry = entries.iter().position(|e| e.key == key.name).map(|i| entries.swap_remove(i));
        if entry.is_none() && given && matches!(key.left, Left::Required) && !matches!(key.kind, Kind::Tables(_)) {
            mistakes.add(&place, format!("{} needs {}: {}", table.header, key.name, key.doc));
        }
        slots.push(slot(table, key, entry, &place, mistakes));
    }
    Node { table, place, slots }
}

fn unknown(table: &Table, key: &str) -> String {
    let hint = if let Some(near) = closest(key, table.keys.iter().map(|k| k.name)) {
        format!("did you mean \"{near}\"?")
    } else if let Some(home) = home_of(&ROOT, key) {
        format!("it belongs in {home}")
    } else {
        format!("known: {}", names(table))
    };
    format!("unknown key \"{key}\" in {}; {hint}", table.header)
}

/// The table that has a key of exactly this name.
fn home_of(table: &'static Table, key: &str) -> Option<&'static str> {
    if table.keys.iter().any(|k| k.name == key) {
        return Some(table.header);
    }
    table.keys.iter().find_map(|k| match k.kind {
        Kind::Table(inner) | Kind::Tables(inner) => home_of(inner, key),
        _ => None,
    })
}

fn slot(table: &'static Table, key: &'static Key, entry: Option<Entry>, at: &Place, mistakes: &mut Mistakes) -> Slot {
    let label = format!("{} {}", table.header, key.name);
    let (given, place) = match &entry {
        Some(entry) => (true, entry.raw.place.clone()),
        None => (false, Place::Default),
    };
    let mut slot = Slot { key, value: None, place, given, nodes: Vec::new() };
    match (&key.kind, entry) {
        (Kind::Table(inner), entry) => slot.nodes.push(self::table(inner, entry.map(|e| e.raw), at, mistakes)),
        (Kind::Tables(inner), Some(entry)) => match entry.raw.value {
            RawValue::List(items) => {
                slot.nodes = items.into_iter().map(|item| self::table(inner, Some(item), at, mistakes)).collect();
            }
            _ => {
                let text = format!("one {0} has double brackets: {1}", key.name, inner.header);
                mistakes.add(&entry.place, text);
            }
        },
        (Kind::Tables(_), None) => {}
        (kind, Some(entry)) => slot.value = value(kind, &label, key.unit, entry.raw, mistakes),
        (kind, None) => {
            if let Left::To(text) = key.left {
                let raw = from_text(text, &Place::Default, false).expect("defaults of the key table are TOML");
                slot.value = value(kind, &label, key.unit, raw, mistakes);
            }
        }
    }
    slot
}

/// Reads one value, or adds what is wrong with it.
fn value(kind: &'static Kind, label: &str, unit: &str, raw: Raw, mistakes: &mut Mistakes) -> Option<Val> {
    let Raw { place, value } = raw;
    let outcome = match (kind, value) {
        (Kind::List(inner), RawValue::List(items)) => {
            let count = items.len();
            let list: Vec<Val> =
                items.into_iter().filter_map(|i| self::value(inner, label, unit, i, mistakes)).collect();
            return (list.len() == count).then_some(Val::List(list));
        }
        (Kind::List(_), RawValue::Text(text)) => {
            return value_of_text(kind, label, unit, &text, &place, true, mistakes);
        }
        (Kind::Map(word, inner), RawValue::Table(entries)) => {
            return Some(Val::Map(map(*word, inner, label, unit, entries, mistakes)));
        }
        (Kind::Map(..), RawValue::Text(text)) if !text.is_empty() => {
            return value_of_text(kind, label, unit, &text, &place, false, mistakes);
        }
        (Kind::Enum(known, later), RawValue::Str(text) | RawValue::Text(text)) => one_of(&text, known, later),
        (Kind::Word(rule), RawValue::Str(text) | RawValue::Text(text)) => word(*rule, text),
        (Kind::Path, RawValue::Str(text) | RawValue::Text(text)) => path(text),
        (Kind::Url { schemes, path }, RawValue::Str(text) | RawValue::Text(text)) => {
            super::url::check(&text, schemes, *path).map(|()| Val::Str(text))
        }
        (Kind::Bool, RawValue::Bool(b)) => Ok(Val::Bool(b)),
        (Kind::Bool, RawValue::Text(text)) => {
            text.parse().map(Val::Bool).map_err(|_| format!("\"{text}\" is neither true nor false"))
        }
        (Kind::Int { min, max }, RawValue::Int(n)) => int(n, *min, *max, unit),
        (Kind::Int { min, max }, RawValue::Text(text)) => match text.parse() {
            Ok(n) => int(Some(n), *min, *max, unit),
            Err(_) => Err(format!("\"{text}\" is not an integer; allowed: {}", range(min, max, unit))),
        },
        (Kind::Int { .. }, RawValue::Str(text)) if text.parse::<i64>().is_ok() => {
            Err(format!("expected an integer; write {text} without quotes"))
        }
        (Kind::Dec { min, max, decimals }, RawValue::Str(text) | RawValue::Text(text)) => {
            dec(&text, min, max, *decimals, unit)
        }
        (Kind::Dec { min, max, decimals }, RawValue::Int(Some(n))) => dec(&n.to_string(), min, max, *decimals, unit),
        (Kind::Dec { .. }, RawValue::Float(text)) => {
            Err(format!("a float is not exact; write it in quotes: \"{text}\""))
        }
        (kind, other) => Err(format!("expected {}, found {}", expected(kind), other.describe())),
    };
    outcome.map_err(|why| mistakes.add(&place, format!("{label}: {why}"))).ok()
}

fn value_of_text(
    kind: &'static Kind,
    label: &str,
    unit: &str,
    text: &str,
    place: &Place,
    list: bool,
    mistakes: &mut Mistakes,
) -> Option<Val> {
    match from_text(text, place, list) {
        Some(raw) if !matches!(raw.value, RawValue::Text(_)) => value(kind, label, unit, raw, mistakes),
        _ => {
            mistakes.add(place, format!("{label}: expected {}", expected(kind)));
            None
        }
    }
}

fn map(
    rule: Word,
    inner: &'static Kind,
    label: &str,
    unit: &str,
    entries: Vec<Entry>,
    mistakes: &mut Mistakes,
) -> Vec<(String, Place, Val)> {
    let mut list = Vec::with_capacity(entries.len());
    for entry in entries {
        let label = format!("{label}.{}", entry.key);
        if let Err(why) = word(rule, entry.key.clone()) {
            mistakes.add(&entry.place, format!("{label}: {why}"));
        }
        if let Some(val) = value(inner, &label, unit, entry.raw, mistakes) {
            list.push((entry.key, entry.place, val));
        }
    }
    list
}

/// What a kind of value looks like, in words.
pub(super) fn expected(kind: &Kind) -> String {
    match kind {
        Kind::Enum(known, _) => format!("one of {}", quoted(known)),
        Kind::Word(Word::Name) => "a name in quotes".into(),
        Kind::Word(Word::Symbol) => "a symbol in quotes".into(),
        Kind::Word(Word::Asset | Word::FeeAsset) => "an asset in quotes".into(),
        Kind::Word(Word::Text) => "a text in quotes".into(),
        Kind::Path => "a path in quotes".into(),
        Kind::Url { schemes, .. } => format!("an address in quotes, beginning with {}://", schemes[0]),
        Kind::Bool => "true or false".into(),
        Kind::Int { .. } => "an integer".into(),
        Kind::Dec { .. } => "a decimal number in quotes".into(),
        Kind::List(inner) => format!("a list in brackets, each {}", expected(inner)),
        Kind::Map(_, inner) => format!("a table, each value {}", expected(inner)),
        Kind::Table(_) | Kind::Tables(_) => "a table".into(),
    }
}

fn quoted(words: &[&str]) -> String {
    words.iter().map(|w| format!("\"{w}\"")).collect::<Vec<_>>().join(", ")
}

fn one_of(text: &str, known: &[&str], later: &[&str]) -> Result<Val, String> {
    if known.contains(&text) {
        Ok(Val::Str(text.to_owned()))
    } else if later.contains(&text) {
        Err(format!("\"{text}\" is not available yet in this build; it has {}", quoted(known)))
    } else if let Some(near) = closest(text, known.iter().copied()) {
        Err(format!("\"{text}\" is not one of {}; did you mean \"{near}\"?", quoted(known)))
    } else {
        Err(format!("\"{text}\" is not one of {}", quoted(known)))
    }
}

fn word(rule: Word, text: String) -> Result<Val, String> {
    let length = text.chars().count();
    match rule {
        Word::Name => {
            let fits = text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
            if fits && (1..=32).contains(&length) && !text.starts_with(['.', '-']) {
                return Ok(Val::Str(text));
            }
            let rule = "1 to 32 of A-Z a-z 0-9 . _ -, beginning with a letter, a digit or _";
            Err(format!("\"{}\" is not a name: {rule}", text.escape_debug()))
        }
        Word::Text if (1..=128).contains(&length) && text.bytes().all(|b| (b' '..=b'~').contains(&b)) => {
            Ok(Val::Str(text))
        }
        Word::Text => Err(format!("\"{}\" is not 1 to 128 printable ASCII characters", text.escape_debug())),
        Word::FeeAsset if matches!(text.as_str(), "quote" | "received") => Ok(Val::Str(text)),
        Word::Symbol | Word::Asset | Word::FeeAsset => {
            let what = if rule == Word::Symbol { "symbol" } else { "asset" };
            // Venues list instruments in other scripts as well; only what would break a URL or a frame is refused.
            let fits = text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'));
            if !fits || !(1..=32).contains(&length) {
                let rule = "1 to 32 letters, digits, _ - .";
                return Err(
                    format!("\"{}\" is not a {what}: {rule}", text.escape_debug()).replace("a asset", "an asset")
                );
            }
            let upper = text.to_uppercase();
            if upper == text { Ok(Val::Str(text)) } else { Err(format!("{what}s are upper case: write \"{upper}\"")) }
        }
    }
}

fn path(text: String) -> Result<Val, String> {
    if text.is_empty() || text.contains('\0') {
        return Err("an empty path names nothing".into());
    }
    if text == "~" || text.starts_with("~/") {
        return Err("~ is known to shells alone; write the whole path".into());
    }
    Ok(Val::Str(text))
}

fn range(min: &dyn std::fmt::Display, max: &dyn std::fmt::Display, unit: &str) -> String {
    format!("{min} to {max}{}{unit}", if unit.is_empty() { "" } else { " " })
}

fn int(n: Option<i64>, min: i64, max: i64, unit: &str) -> Result<Val, String> {
    match n {
        Some(n) if (min..=max).contains(&n) => Ok(Val::Int(n)),
        Some(n) => Err(format!("{n} is out of range; allowed: {}", range(&min, &max, unit))),
        None => Err(format!("the number is out of range; allowed: {}", range(&min, &max, unit))),
    }
}

fn dec(text: &str, min: &str, max: &str, decimals: u8, unit: &str) -> Result<Val, String> {
    let allowed = range(&min, &max, unit);
    let value: Decimal = text.parse().map_err(|error| match error {
        DecimalError::TooLarge => format!("\"{text}\" is out of range; allowed: {allowed}"),
        DecimalError::TooPrecise => format!("\"{text}\" has more than {decimals} decimals"),
        _ => format!("\"{}\" is not a decimal number such as \"1.5\"; allowed: {allowed}", text.escape_debug()),
    })?;
    if value.normalised().decimals() > decimals {
        return Err(format!("\"{text}\" has more than {decimals} decimals"));
    }
    let bound = |text: &str| text.parse::<Decimal>().ok().and_then(|d| d.at_scale_i128(16));
    // All ranges fit an i128 at 1e-16; a value that does not is beyond them.
    match (value.at_scale_i128(16), bound(min), bound(max)) {
        (Some(n), Some(min), Some(max)) if (min..=max).contains(&n) => Ok(Val::Dec(value.normalised())),
        _ => Err(format!("{text} is out of range; allowed: {allowed}")),
    }
}
