//! `check` and `config explain`: the key table and the effective values in words.

use std::fmt::Write as _;

use super::mistakes::Place;
use super::read::{Node, Slot, Val, names};
use super::schema::{Key, Kind, Left, ROOT, Table};

/// The effective values as TOML that reads back as the same config, each with where it comes from.
pub(super) fn effective(root: &Node) -> String {
    let mut out = String::new();
    for slot in &root.slots {
        let header = match slot.key.kind {
            Kind::Tables(_) => format!("[[{}]]", slot.key.name),
            _ => format!("[{}]", slot.key.name),
        };
        for node in &slot.nodes {
            section(&mut out, &header, slot.key.name, node);
        }
    }
    out
}

/// The effective values that decide what is traded, without where they come from: all but how and where a run happens.
pub(super) fn values(root: &Node) -> String {
    let mut out = String::new();
    for slot in root.slots.iter().filter(|s| !["engine", "journal", "threads"].contains(&s.key.name)) {
        for node in &slot.nodes {
            let _ = writeln!(out, "[{}] {}", slot.key.name, inline(node).0);
            below(&mut out, slot.key.name, node);
        }
    }
    out
}

fn below(out: &mut String, path: &str, node: &Node) {
    for slot in &node.slots {
        for inner in &slot.nodes {
            let path = format!("{path}.{}", slot.key.name);
            let _ = writeln!(out, "[{path}] {}", inline(inner).0);
            below(out, &path, inner);
        }
    }
}

/// Tables that have a section of their own; the others stand in braces.
fn own_section(key: &Key) -> bool {
    matches!(key.kind, Kind::Table(table) if table.header.starts_with('[') && table.header.ends_with(']'))
}

fn section(out: &mut String, header: &str, path: &str, node: &Node) {
    if !out.is_empty() {
        out.push('\n');
    }
    out.push_str(header);
    out.push('\n');
    for slot in node.slots.iter().filter(|s| !own_section(s.key)) {
        let (text, source) = match (&slot.key.kind, &slot.value) {
            (Kind::Table(_), _) => inline(&slot.nodes[0]),
            (_, Some(value)) => (toml(value), source(slot)),
            (_, None) => continue,
        };
        let _ = writeln!(out, "{} = {text} # {source}", slot.key.name);
    }
    for slot in node.slots.iter().filter(|s| own_section(s.key)) {
        let path = format!("{path}.{}", slot.key.name);
        section(out, &format!("[{path}]"), &path, &slot.nodes[0]);
    }
}

fn inline(node: &Node) -> (String, String) {
    let known = || node.slots.iter().filter_map(|s| s.value.as_ref().map(|v| (s, v)));
    let pairs: Vec<String> = known().map(|(s, v)| format!("{} = {}", s.key.name, toml(v))).collect();
    let mut sources: Vec<String> = known().map(|(s, _)| source(s)).collect();
    sources.dedup();
    let source = match sources.as_slice() {
        [one] => one.clone(),
        _ => known().map(|(s, _)| format!("{}: {}", s.key.name, self::source(s))).collect::<Vec<_>>().join(", "),
    };
    (format!("{{ {} }}", pairs.join(", ")), source)
}

fn source(slot: &Slot) -> String {
    // A comment ends with its line: what is shown must not.
    let place = if slot.given { slot.place.clone() } else { Place::Default };
    place.to_string().chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}

fn toml(value: &Val) -> String {
    match value {
        Val::Str(text) => quoted(text),
        Val::Int(n) => n.to_string(),
        Val::Dec(n) => format!("\"{n}\""),
        Val::Bool(b) => b.to_string(),
        Val::List(items) => format!("[{}]", items.iter().map(toml).collect::<Vec<_>>().join(", ")),
        Val::Map(entries) if entries.is_empty() => "{}".into(),
        Val::Map(entries) => {
            let pairs: Vec<String> = entries.iter().map(|(k, _, v)| format!("{} = {}", bare(k), toml(v))).collect();
            format!("{{ {} }}", pairs.join(", "))
        }
    }
}

fn bare(key: &str) -> String {
    let plain = key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    if plain { key.to_owned() } else { quoted(key) }
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Every key with its type, unit, range, default and meaning; with `filter`, those whose full name holds it.
#[must_use]
pub fn explain(filter: Option<&str>) -> String {
    let mut out = String::new();
    explain_table(&mut out, &ROOT, "", filter.unwrap_or(""));
    out
}

fn explain_table(out: &mut String, table: &'static Table, path: &str, filter: &str) {
    let mut lines = String::new();
    for key in table.keys {
        let full = if path.is_empty() { key.name.to_owned() } else { format!("{path}.{}", key.name) };
        if matches!(key.kind, Kind::Table(_) | Kind::Tables(_)) || !full.contains(filter) {
            continue;
        }
        let left = match key.left {
            Left::Required => "must be given".to_owned(),
            Left::Out(words) => format!("left out: {words}"),
            Left::To(value) => format!("left out: {value}"),
        };
        let _ = writeln!(lines, "  {full}\n      {}\n      {}; {left}", key.doc, form(key));
    }
    if !lines.is_empty() {
        if !out.is_empty() {
            out.push('\n');
        }
        let _ = write!(out, "{}  {}\n{lines}", table.header, table.doc);
    }
    for key in table.keys {
        if let Kind::Table(inner) | Kind::Tables(inner) = key.kind {
            let full = if path.is_empty() { key.name.to_owned() } else { format!("{path}.{}", key.name) };
            explain_table(out, inner, &full, filter);
        }
    }
}

fn form(key: &Key) -> String {
    let unit = if key.unit.is_empty() { String::new() } else { format!(" {}", key.unit) };
    match &key.kind {
        Kind::Int { min, max } => format!("integer, {min} to {max}{unit}"),
        Kind::Dec { min, max, decimals } => {
            format!("decimal in quotes, {min} to {max}{unit}, at most {decimals} decimals")
        }
        other => super::read::expected(other),
    }
}

/// All keys by their full names, without tables: for tests and for the environment.
pub(super) fn all_keys() -> Vec<String> {
    fn collect(table: &'static Table, path: &str, list: &mut Vec<String>) {
        for key in table.keys {
            let full = if path.is_empty() { key.name.to_owned() } else { format!("{path}.{}", key.name) };
            match key.kind {
                Kind::Table(inner) | Kind::Tables(inner) => collect(inner, &full, list),
                _ => list.push(full),
            }
        }
    }
    debug_assert!(!names(&ROOT).is_empty());
    let mut list = Vec::new();
    collect(&ROOT, "", &mut list);
    list
}
