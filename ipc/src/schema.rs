//! COLD: the schema: what the region says about itself, in JSON.

use serde_json::{Map, Value, json};

use crate::histogram::{BUCKETS, DIVISION_BITS, HEAD_WORDS, VALUE_MAX, WORDS};
use crate::layout::describe::Decimals;
use crate::layout::enums::enums;
use crate::layout::tables::{TableKind, all_specs};
use crate::layout::{Field, LAYOUT_VERSION, RecordSpec};
use crate::plan::{Placed, Plan};
use crate::shape::Shape;

/// What stands in a schema's `format`.
pub(crate) const FORMAT: &str = "crosstick-region";

/// The schema of a region of that plan.
pub(crate) fn json(plan: &Plan, shape: &Shape<'_>, name: &str) -> String {
    let tables: Vec<Value> = plan.tables.iter().map(table).collect();
    json!({
        "format": FORMAT,
        "layout_version": LAYOUT_VERSION,
        "byte_order": "little",
        "region_bytes": plan.bytes,
        "engine": {"build": shape.build, "name": name, "mode": shape.mode.name()},
        "enums": all_enums(),
        "records": all_records(),
        "tables": tables,
    })
    .to_string()
}

fn all_enums() -> Value {
    let words = |words: Vec<(u32, &'static str)>| -> Map<String, Value> {
        words.into_iter().map(|(number, word)| (number.to_string(), word.into())).collect()
    };
    enums().into_iter().map(|(name, all)| (name.to_owned(), Value::Object(words(all)))).collect::<Map<_, _>>().into()
}

fn all_records() -> Value {
    all_specs().iter().map(|r| (r.name().to_owned(), record(r))).collect::<Map<_, _>>().into()
}

fn record(spec: &RecordSpec) -> Value {
    let fields: Vec<Value> = spec.described().map(field).collect();
    json!({"bytes": spec.bytes, "doc": spec.doc.trim(), "fields": fields})
}

fn field(field: &Field) -> Value {
    let mut entry = Map::new();
    let mut put = |key: &str, value: Value| entry.insert(key.to_owned(), value);
    put("name", field.name.into());
    put("type", field.kind.name().into());
    put("offset", field.offset.into());
    if field.kind == crate::layout::describe::FieldType::Text {
        put("bytes", field.bytes.into());
    }
    if field.length > 1 {
        put("length", field.length.into());
    }
    let meta = &field.meta;
    for (key, word) in [("unit", meta.unit), ("enum", meta.enumeration), ("refers", meta.refers), ("index", meta.index)]
    {
        if !word.is_empty() {
            put(key, word.into());
        }
    }
    match meta.decimals {
        Decimals::None => {}
        Decimals::Fixed(decimals) => drop(put("scale", json!({"decimals": decimals}))),
        Decimals::Of { table, field, by } => drop(put("scale", json!({"table": table, "field": field, "by": by}))),
    }
    if !meta.bits.is_empty() {
        let bits: Map<String, Value> =
            meta.bits.iter().map(|(name, bit)| ((*name).to_owned(), (*bit).into())).collect();
        put("bits", bits.into());
    }
    put("doc", field.doc.trim().into());
    entry.into()
}

fn table(placed: &Placed) -> Value {
    let spec = placed.spec;
    let mut entry = json!({"name": spec.name, "kind": spec.kind.name()});
    let Value::Object(keys) = &mut entry else { return entry };
    let mut put = |key: &str, value: Value| drop(keys.insert(key.to_owned(), value));
    if let Some(record) = spec.record {
        put("record", record.name().into());
    }
    put("offset", placed.offset.into());
    if spec.kind == TableKind::Ring {
        put("slots_offset", placed.rows.into());
    }
    put("stride", placed.stride.into());
    put("count", placed.count.into());
    if spec.kind == TableKind::Histogram {
        put("bytes", (WORDS * 8).into());
        put("unit", "ns".into());
        put("max_offset", 0.into());
        put("clamped_offset", 8.into());
        put("buckets_offset", (HEAD_WORDS * 8).into());
        put("buckets", BUCKETS.into());
        put("division_bits", DIVISION_BITS.into());
        put("value_max", VALUE_MAX.into());
        put("rows_of", "stages".into());
    }
    put("doc", spec.doc.into());
    entry
}
