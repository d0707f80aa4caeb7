//! What is made from the code stays as the code is: the schema of a sample region, the C header, the page.
//! `BLESS=1 cargo test -p crosstick-ipc --test generated` rewrites them.

#[path = "../common/mod.rs"]
mod common;
mod header;
mod page;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use common::{place, shape, universe};
use crosstick_ipc::Writer;
use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate lies in the workspace").to_path_buf()
}

fn check(file: &str, text: &str) {
    let path = root().join(file);
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, text).expect("the file can be written");
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == text, "{file} is not what the code says; BLESS=1 rewrites it");
}

/// The schema of the sample region, laid out for people.
fn sample() -> Value {
    let universe = universe();
    serde_json::from_str(&shape(&universe).schema("sample").unwrap()).unwrap()
}

#[test]
fn the_schema_is_as_committed() {
    let (file, new) = ("ipc/schema/region.json", sample());
    let committed = fs::read_to_string(root().join(file)).ok().and_then(|text| serde_json::from_str(&text).ok());
    if let Some(old) = committed {
        let misread = misread(&old, &new);
        assert!(
            misread.is_empty(),
            "older readers would misread {misread:?}: raise LAYOUT_VERSION (or remove {file}, if the layout was never released)"
        );
    }
    check(file, &(serde_json::to_string_pretty(&new).unwrap() + "\n"));
}

/// What a reader that knows `old` would misread in a region of `new`: fields that moved or mean something else, and
/// numbers of enumerations that do. Nothing where the layout version tells it to refuse.
fn misread(old: &Value, new: &Value) -> Vec<String> {
    let mut found = Vec::new();
    if old["layout_version"] != new["layout_version"] {
        return found;
    }
    for (name, record) in old["records"].as_object().unwrap() {
        let now = new["records"][name]["fields"].as_array();
        for field in record["fields"].as_array().unwrap() {
            let same = |f: &&Value| f["name"] == field["name"];
            let changed = |now: &Value| {
                let keys = ["type", "offset", "bytes", "length", "unit", "scale", "enum", "bits", "refers", "index"];
                // Bits may be added.
                let more = |key: &str| key == "bits" && includes(&now[key], &field[key]);
                keys.into_iter().any(|key| field[key] != now[key] && !more(key))
            };
            if now.and_then(|fields| fields.iter().find(same)).is_some_and(changed) {
                found.push(format!("{name}.{}", field["name"]));
            }
        }
    }
    let enums = old["enums"].as_object().unwrap();
    found.extend(
        enums.iter().filter(|(name, words)| !includes(&new["enums"][*name], words)).map(|(name, _)| name.clone()),
    );
    found
}

/// Whether an object has all that another one has, with the same values.
fn includes(more: &Value, less: &Value) -> bool {
    less.as_object().is_none_or(|less| less.iter().all(|(key, value)| more[key] == *value))
}

#[test]
fn a_change_that_older_readers_would_misread_is_seen() {
    let old = sample();
    let price = |schema: &mut Value, key: &str, value: Value| schema["records"]["Price"]["fields"][0][key] = value;
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut new = old.clone();
        change(&mut new);
        misread(&old, &new)
    };
    assert_eq!(changed(&|s| price(s, "offset", 8.into())), ["Price.\"bid\""]);
    assert_eq!(changed(&|s| price(s, "unit", "parsec".into())), ["Price.\"bid\""]);
    assert_eq!(changed(&|s| s["records"]["Price"]["fields"][11]["bits"]["usable"] = 5.into()), ["Price.\"flags\""]);
    assert_eq!(changed(&|s| s["enums"]["side"]["0"] = "sell".into()), ["side"]);
    // What may be: other words, additions, and another layout version.
    assert!(changed(&|s| price(s, "doc", "The best bid.".into())).is_empty());
    assert!(changed(&|s| s["enums"]["side"]["2"] = "both".into()).is_empty());
    assert!(changed(&|s| s["records"]["Price"]["fields"][11]["bits"]["new"] = 64.into()).is_empty());
    assert!(
        changed(&|s| (s["layout_version"], s["records"]["Price"]["fields"][0]["offset"]) = (3.into(), 8.into()))
            .is_empty()
    );
}

#[test]
fn the_header_is_as_committed() {
    check("ipc/include/crosstick.h", &header::text());
}

#[test]
fn the_page_is_as_committed() {
    check("docs/region.md", &page::text());
}

#[test]
fn the_schema_in_a_region_is_that_of_its_shape() {
    let dir = tempfile::tempdir().unwrap();
    let place = place(dir.path());
    let universe = universe();
    let _writer = Writer::create(&place, &shape(&universe)).unwrap();
    let bytes = fs::read(place.path()).unwrap();
    let schema = common::schema(&bytes);
    assert_eq!(schema.to_string(), shape(&universe).schema("region").unwrap());
    assert_eq!(schema["region_bytes"], bytes.len());
    assert_eq!(schema["layout_version"], 2);
}

#[test]
fn everything_that_the_schema_mentions_is_there() {
    let schema = sample();
    let names = |list: &Value| list.as_array().unwrap().iter().map(|e| e["name"].clone()).collect::<Vec<_>>();
    let tables = names(&schema["tables"]);
    for table in schema["tables"].as_array().unwrap() {
        let record = &schema["records"][table["record"].as_str().unwrap_or("Head")];
        assert!(record["bytes"].as_u64().unwrap() > 0, "{table}");
        assert!(table["doc"].as_str().unwrap().ends_with('.'), "{table}");
    }
    for (name, record) in schema["records"].as_object().unwrap() {
        let (bytes, mut end) = (record["bytes"].as_u64().unwrap(), 0);
        assert!(record["doc"].as_str().unwrap().ends_with('.'), "{name}");
        for field in record["fields"].as_array().unwrap() {
            let number = |key: &str| field[key].as_u64();
            let size = match field["type"].as_str().unwrap() {
                "text" => number("bytes").unwrap(),
                kind => kind[1..].parse::<u64>().unwrap() / 8 * number("length").unwrap_or(1),
            };
            assert!(number("offset").unwrap() >= end, "{name}: fields by offset, none over another: {field}");
            end = number("offset").unwrap() + size;
            assert!(end <= bytes, "{name}: {field}");
            assert!(field["doc"].as_str().unwrap().ends_with('.'), "{name}: {field}");
            let mentioned = |key: &str| field[key].as_str();
            assert!(mentioned("refers").is_none_or(|t| tables.contains(&t.into())), "{name}: {field}");
            for key in ["enum", "index"] {
                assert!(mentioned(key).is_none_or(|e| schema["enums"][e].is_object()), "{name}: {field}");
            }
            scale_is_there(&schema, record, field);
        }
    }
}

/// Decimals come from an integer field of a table that is there, by a field of this record that is there.
fn scale_is_there(schema: &Value, record: &Value, field: &Value) {
    let scale = &field["scale"];
    let Some(table) = scale["table"].as_str() else {
        return assert!(scale.is_null() || scale["decimals"].is_u64(), "{field}");
    };
    let has = |record: &Value, name: &Value| record["fields"].as_array().unwrap().iter().any(|f| f["name"] == *name);
    let table = schema["tables"].as_array().unwrap().iter().find(|t| t["name"] == table).unwrap();
    assert!(has(&schema["records"][table["record"].as_str().unwrap()], &scale["field"]), "{field}");
    assert!(scale["by"] == "row" || has(record, &scale["by"]), "{field}");
}

/// The header's own assertions hold in C and in C++. The compiler is there: Rust links with it.
#[test]
fn the_header_compiles() {
    let header = root().join("ipc/include/crosstick.h");
    for (language, standard) in [("c", "-std=c11"), ("c++", "-std=c++17")] {
        let output = Command::new("cc")
            .args(["-x", language, standard, "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only"])
            .arg(&header)
            .output()
            .expect("cc is installed");
        let said = String::from_utf8_lossy(&output.stderr);
        // Where there is a C compiler alone.
        if language == "c++" && (said.contains("cc1plus") || said.contains("not recognized")) {
            eprintln!("not tested here, no C++ compiler");
            continue;
        }
        assert!(output.status.success(), "{language}: {said}");
    }
}

/// A C program that includes the header reads what Rust wrote.
#[test]
fn a_program_with_the_header_reads_rows_and_slots() {
    let dir = tempfile::tempdir().unwrap();
    let place = place(dir.path());
    let universe = universe();
    let mut writer = Writer::create(&place, &shape(&universe)).unwrap();
    let price = crosstick_ipc::layout::PriceRow { bid: 77, ask: 78, ..crosstick_ipc::layout::PriceRow::ZERO };
    writer.core.prices.publish(1, &price);
    for price in 0..70 {
        writer.core.ticks.push(&crosstick_ipc::layout::TickEvent { price, ..crosstick_ipc::layout::TickEvent::ZERO });
    }
    let program = dir.path().join("reads");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/generated/reads.c");
    let output = Command::new("cc")
        .args(["-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-o"])
        .arg(&program)
        .arg("-I")
        .arg(root().join("ipc/include"))
        .arg(source)
        .output()
        .expect("cc is installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let schema = common::schema(&fs::read(place.path()).unwrap());
    let table = |name: &str| schema["tables"].as_array().unwrap().iter().find(|t| t["name"] == name).unwrap().clone();
    let number = |table: &Value, key: &str| table[key].to_string();
    let (prices, ticks) = (table("prices"), table("ticks"));
    let output = Command::new(&program)
        .arg(place.path())
        .args([number(&prices, "offset"), number(&prices, "stride")])
        .args([number(&ticks, "offset"), number(&ticks, "slots_offset")])
        .args([number(&ticks, "stride"), number(&ticks, "count")])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(said.trim(), "starting, layout 2, bid 77 ask 78, 70 ticks: 5 lapped, 6 is 6, 69 is 69, 70 not there");
}
