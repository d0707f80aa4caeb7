//! The C header.

use std::fmt::Write as _;

use crosstick_ipc::layout::describe::{Field, FieldType, RecordSpec};
use crosstick_ipc::layout::enums::enums;
use crosstick_ipc::layout::tables::{TABLES, all_specs};
use crosstick_ipc::layout::{BYTE_ORDER, HEAD_BYTES, LAYOUT_VERSION};

use crate::page::meaning;

const PREFACE: &str = include_str!("preface.h");
const FUNCTIONS: &str = include_str!("functions.h");

/// All of it.
pub fn text() -> String {
    let mut out = String::from(PREFACE);
    let mut put = |line: String| out.push_str(&line);
    put(format!("#define CROSSTICK_LAYOUT_VERSION {LAYOUT_VERSION}u\n"));
    put(format!("#define CROSSTICK_BYTE_ORDER {BYTE_ORDER:#010x}u\n#define CROSSTICK_HEAD_BYTES {HEAD_BYTES}u\n"));
    put("/* In a field that is the index of a row, or a number of an enumeration: none. */\n".into());
    put("#define CROSSTICK_NO_ROW UINT32_MAX\n\n/* Names of the tables. */\n".into());
    for table in TABLES {
        put(format!("#define CROSSTICK_TABLE_{} \"{}\" /* {} */\n", table.name.to_uppercase(), table.name, table.doc));
    }
    put("\n/* A 128-bit two's complement. */\nstruct crosstick_i128 {\n    uint64_t low;\n    int64_t high;\n};\n"
        .into());
    for (name, words) in enums() {
        put(enumeration(name, &words));
    }
    for spec in all_specs() {
        put(bits(&spec));
        put(structure(&spec));
    }
    put(format!("\n{FUNCTIONS}\n#ifdef __cplusplus\n}}\n#endif\n\n#endif\n"));
    out
}

fn upper(word: &str) -> String {
    word.to_uppercase().replace(|c: char| !c.is_ascii_alphanumeric(), "_")
}

/// `TickEvent` to `tick_event`.
fn snake(name: &str) -> String {
    let mut out = String::new();
    for (i, c) in name.chars().enumerate() {
        if c.is_ascii_uppercase() && i > 0 {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

fn enumeration(name: &str, words: &[(u32, &str)]) -> String {
    let mut out = format!("\nenum crosstick_{name} {{\n");
    let last = words.len() - 1;
    for (i, (number, word)) in words.iter().enumerate() {
        // Two reasons may share a word, never a number.
        let twin = words.iter().filter(|(_, w)| w == word).count() > 1;
        let suffix = if twin { format!("_{number}") } else { String::new() };
        let comma = if i == last { "" } else { "," };
        writeln!(out, "    CROSSTICK_{}_{}{suffix} = {number}{comma}", upper(name), upper(word)).unwrap();
    }
    out + "};\n"
}

fn bits(spec: &RecordSpec) -> String {
    let mut out = String::new();
    for field in spec.described() {
        for (name, bit) in field.meta.bits {
            let prefix = format!("CROSSTICK_{}_{}", upper(&snake(spec.name())), upper(field.name));
            writeln!(out, "#define {prefix}_{} {bit}u", upper(name)).unwrap();
        }
    }
    if out.is_empty() { out } else { format!("\n{out}") }
}

fn declaration(field: &Field) -> String {
    let name = field.name;
    match field.kind {
        FieldType::Text => format!("char {name}[{}];", field.bytes),
        FieldType::Signed(128) => format!("struct crosstick_i128 {name};"),
        kind => {
            let sign = if matches!(kind, FieldType::Unsigned(_)) { "u" } else { "" };
            let array = if field.length > 1 { format!("[{}]", field.length) } else { String::new() };
            format!("{sign}int{}_t {name}{array};", field.bytes * 8)
        }
    }
}

fn structure(spec: &RecordSpec) -> String {
    let name = format!("struct crosstick_{}", snake(spec.name()));
    let mut out = format!("\n/* {} */\n{name} {{\n", spec.doc.trim());
    let (mut end, mut asserts) = (0, String::new());
    for field in spec.described() {
        gap(&mut out, end, field.offset);
        let meaning = meaning(field).map(|m| format!(" [{m}]")).unwrap_or_default();
        writeln!(out, "    /* {}{meaning} */\n    {}", field.doc.trim(), declaration(field)).unwrap();
        writeln!(asserts, "CROSSTICK_ASSERT(offsetof({name}, {}) == {});", field.name, field.offset).unwrap();
        end = field.offset + field.bytes * field.length;
    }
    gap(&mut out, end, spec.bytes);
    format!("{out}}};\n{asserts}CROSSTICK_ASSERT(sizeof({name}) == {});\n", spec.bytes)
}

fn gap(out: &mut String, from: usize, to: usize) {
    if to > from {
        writeln!(out, "    uint8_t reserved_{from}[{}];", to - from).unwrap();
    }
}
