//! `docs/region.md`.

use std::fmt::Write as _;

use crosstick_ipc::layout::describe::{Decimals, Field, FieldType, RecordSpec};
use crosstick_ipc::layout::enums::enums;
use crosstick_ipc::layout::tables::{TABLES, all_specs};

const INTRODUCTION: &str = include_str!("introduction.md");

/// All of it.
pub fn text() -> String {
    let mut out = format!("{INTRODUCTION}\n## Tables\n\n| table | kind | record | what |\n|---|---|---|---|\n");
    for table in TABLES {
        let record = table.record.map_or_else(String::new, |r| format!("[{0}](#{1})", r.name(), anchor(r.name())));
        writeln!(out, "| `{}` | {} | {record} | {} |", table.name, table.kind.name(), table.doc).unwrap();
    }
    out.push_str("\n## Records\n");
    for spec in all_specs() {
        out.push_str(&record(&spec));
    }
    out.push_str("\n## Enumerations\n\n| name | numbers |\n|---|---|\n");
    for (name, words) in enums() {
        let words: Vec<String> = words.iter().map(|(number, word)| format!("{number} {word}")).collect();
        writeln!(out, "| `{name}` | {} |", words.join(", ")).unwrap();
    }
    out
}

fn anchor(name: &str) -> String {
    name.to_lowercase()
}

fn record(spec: &RecordSpec) -> String {
    let mut out = format!(
        "\n### {}\n\n{} {} bytes.\n\n| offset | field | type | unit | what |\n|---|---|---|---|---|\n",
        spec.name(),
        spec.doc.trim(),
        spec.bytes
    );
    for field in spec.described() {
        let unit = meaning(field).unwrap_or_default();
        let (offset, name, doc) = (field.offset, field.name, field.doc.trim());
        writeln!(out, "| {offset} | `{name}` | {} | {unit} | {doc} |", type_words(field)).unwrap();
    }
    out
}

fn type_words(field: &Field) -> String {
    match field.kind {
        FieldType::Text => format!("text, {} bytes", field.bytes),
        kind if field.length > 1 => format!("{} × {}", kind.name(), field.length),
        kind => kind.name().to_owned(),
    }
}

/// Unit, decimals and all else that is known of a field's numbers, in words.
pub fn meaning(field: &Field) -> Option<String> {
    let meta = &field.meta;
    let mut parts = Vec::new();
    if !meta.unit.is_empty() {
        parts.push(meta.unit.to_owned());
    }
    match meta.decimals {
        Decimals::None => {}
        Decimals::Fixed(decimals) => parts.push(format!("{decimals} decimals")),
        Decimals::Of { table, field, by: "row" } => parts.push(format!("decimals: `{table}.{field}` of the same row")),
        Decimals::Of { table, field, by } => parts.push(format!("decimals: `{table}.{field}` of row `{by}`")),
    }
    if !meta.enumeration.is_empty() {
        parts.push(format!("enum `{}`", meta.enumeration));
    }
    if !meta.refers.is_empty() {
        parts.push(format!("row of `{}`", meta.refers));
    }
    if !meta.index.is_empty() {
        parts.push(format!("an element for each number of `{}`", meta.index));
    }
    if !meta.bits.is_empty() {
        let bits: Vec<String> = meta.bits.iter().map(|(name, bit)| format!("{bit} {name}")).collect();
        parts.push(format!("bits: {}", bits.join(", ")));
    }
    (!parts.is_empty()).then(|| parts.join("; "))
}
