//! A reader before files that are no regions, or no longer: an error, never a crash.

mod common;

use std::fs::{self, OpenOptions, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use common::{place, schema, shape, universe};
use crosstick_ipc::layout::{EngineRow, PriceRow, table};
use crosstick_ipc::{Health, History, Place, Reader, RegionError, Shape, Writer};
use crosstick_model::InstrumentId;
use proptest::prelude::*;
use serde_json::{Value, json};

/// The bytes of a good region.
fn good_region() -> Vec<u8> {
    let dir = tempfile::tempdir().unwrap();
    let place = place(dir.path());
    let universe = universe();
    let mut writer = Writer::create(&place, &shape(&universe)).unwrap();
    writer.core.prices.publish(1, &PriceRow { bid: 77, ..PriceRow::ZERO });
    writer.core.fills.push(&crosstick_ipc::layout::FillEvent::ZERO);
    fs::read(place.path()).unwrap()
}

/// Reads everything that can be read.
fn read_all(reader: &Reader) {
    let _ = (reader.identity().map(|i| i.is_live()), reader.engine(), reader.risk(), reader.denied());
    let _ = (reader.venues(), reader.markets(), reader.instruments(), reader.feeds(), reader.latency());
    let _ = (reader.limits(), reader.spreads(), reader.balances(), reader.open_orders(), reader.health(0));
    for i in [0, 1, 2, u16::MAX] {
        let _ = (reader.price(InstrumentId(i)), reader.position(InstrumentId(i)));
    }
    // A hostile ring may have a record for every number.
    let _ = (reader.ticks().map(|f| f.take(100).count()), reader.opportunities().map(|f| f.take(100).count()));
    let _ = (reader.orders().map(|f| f.take(100).count()), reader.fills().map(|f| f.take(100).count()));
    let _ = reader.events().map(|f| f.take(100).count());
}

fn open(bytes: &[u8]) -> Result<Reader, RegionError> {
    let dir = tempfile::tempdir().unwrap();
    let place = place(dir.path());
    fs::write(place.path(), bytes).unwrap();
    let reader = Reader::open(&place)?;
    read_all(&reader);
    let mapped = Reader::map(&place).expect("what can be read can be mapped");
    read_all(&mapped);
    Ok(reader)
}

fn refused(bytes: &[u8]) -> String {
    match open(bytes) {
        Err(error @ (RegionError::Foreign { .. } | RegionError::Layout { .. })) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

/// The region with its schema changed; the new one stands behind the region's end.
fn with_schema(bytes: &[u8], change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut schema = schema(bytes);
    change(&mut schema);
    let text = schema.to_string();
    let mut bytes = bytes.to_vec();
    let offset = bytes.len() as u64;
    bytes.extend(text.as_bytes());
    bytes.resize(bytes.len().next_multiple_of(4096), 0);
    let length = bytes.len() as u64;
    for (at, word) in [(24, length), (32, offset), (40, text.len() as u64)] {
        bytes[at..at + 8].copy_from_slice(&word.to_le_bytes());
    }
    bytes
}

fn table_of<'a>(schema: &'a mut Value, name: &str) -> &'a mut Value {
    schema["tables"].as_array_mut().unwrap().iter_mut().find(|t| t["name"] == name).unwrap()
}

#[test]
fn short_and_foreign_files_are_refused() {
    let good = good_region();
    assert!(open(&good).is_ok());
    assert!(refused(b"").contains("shorter"));
    assert!(refused(&good[..255]).contains("shorter"));
    assert!(refused(&[0; 4096]).contains("magic"));
    assert!(refused(&[0xff; 4096]).contains("magic"));
    assert!(refused(b"receive-time frame\n".repeat(1000).as_slice()).contains("magic"));
    for length in [256, 1000, 4096, good.len() / 2, good.len() - 1] {
        assert!(refused(&good[..length]).contains("cut short"), "{length}");
    }
}

#[test]
fn a_file_larger_than_any_region_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let place = place(dir.path());
    let mut bytes = good_region();
    let length = 1u64 << 40;
    bytes[24..32].copy_from_slice(&length.to_le_bytes());
    fs::write(place.path(), bytes).unwrap();
    // Sparse: it takes no room.
    OpenOptions::new().write(true).open(place.path()).unwrap().set_len(length).unwrap();
    let error = Reader::open(&place).unwrap_err().to_string();
    assert!(error.contains("larger than any region"), "{error}");
    let universe = universe();
    let history = History { ticks: 1 << 22, ..common::HISTORY };
    let shape = Shape { history, ..shape(&universe) };
    assert!(matches!(shape.schema("region"), Err(RegionError::TooLarge)));
}

#[test]
fn another_layout_or_byte_order_is_named() {
    let mut bytes = good_region();
    for version in [1, 3, 9] {
        bytes[8] = version;
        let text = refused(&bytes);
        assert!(text.contains(&format!("layout {version}")) && text.contains("reads layout 2"), "{text}");
    }
    bytes[12..16].reverse();
    assert!(refused(&bytes).contains("byte order"));
}

#[test]
fn a_dead_region_of_another_layout_is_taken_over() {
    let dir = tempfile::tempdir().unwrap();
    let place = place(dir.path());
    let mut bytes = good_region();
    bytes[8] = 3;
    bytes[48] = 41;
    fs::write(place.path(), bytes).unwrap();
    let universe = universe();
    let writer = Writer::create(&place, &shape(&universe)).unwrap();
    assert_eq!(writer.owner.generation(), 42, "the head's places are the same in every layout");
}

#[test]
fn a_record_whose_writer_died_is_given_up() {
    let mut bytes = good_region();
    let schema = schema(&bytes);
    let offset_of = |name: &str| {
        let tables = schema["tables"].as_array().unwrap();
        tables.iter().find(|t| t["name"] == name).unwrap()["offset"].as_u64().unwrap() as usize
    };
    bytes[offset_of("engine")] |= 1;
    bytes[offset_of("instruments")] |= 1;
    let reader = open(&bytes).unwrap();
    assert_eq!(reader.engine(), None);
    assert_eq!(reader.instruments().len(), 1, "the other one");
    assert!(reader.risk().is_some());
}

#[test]
fn a_file_that_is_cut_off_while_it_is_open_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let place = place(dir.path());
    fs::write(place.path(), good_region()).unwrap();
    let reader = Reader::open(&place).unwrap();
    let mut fills = reader.fills().unwrap();
    assert!(reader.price(InstrumentId(1)).is_some() && fills.clone().next_record().is_some());
    let file = OpenOptions::new().write(true).open(place.path()).unwrap();
    for length in [8192, 1000, 256, 100, 0] {
        file.set_len(length).unwrap();
        read_all(&reader);
        assert_eq!(fills.next_record(), None, "{length}");
    }
    assert_eq!((reader.price(InstrumentId(1)), reader.identity()), (None, None));
    assert_eq!(reader.health(0), Health::CutOff);
}

#[test]
fn a_process_with_the_owners_number_is_not_the_owner() {
    let mut bytes = good_region();
    assert_eq!(open(&bytes).unwrap().process().pid, std::process::id());
    let dir = tempfile::tempdir().unwrap();
    let place = place(dir.path());
    bytes[72] ^= 1;
    fs::write(place.path(), &bytes).unwrap();
    let reader = Reader::open(&place).unwrap();
    assert_eq!((reader.identity().unwrap().is_live(), reader.health(0)), (false, Health::Dead));
    bytes[72] ^= 1;
    bytes[80] ^= 1;
    fs::write(place.path(), &bytes).unwrap();
    assert_eq!(Reader::open(&place).unwrap().health(0), Health::Dead, "before a reboot");
    bytes[80] ^= 1;
    fs::write(place.path(), &bytes).unwrap();
    assert_eq!(Reader::open(&place).unwrap().health(0), Health::Live);
}

#[test]
fn pipes_directories_and_links_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name| Place::in_dir(dir.path(), name).unwrap();
    fs::create_dir(at("directory").path()).unwrap();
    assert!(Command::new("mkfifo").arg(at("pipe").path()).status().unwrap().success());
    fs::write(dir.path().join("file"), good_region()).unwrap();
    std::os::unix::fs::symlink(dir.path().join("file"), at("link").path()).unwrap();
    for name in ["directory", "pipe", "link"] {
        assert!(matches!(Reader::open(&at(name)), Err(RegionError::Foreign { .. })), "{name}");
    }
    assert!(matches!(Reader::open(&at("nothing")), Err(RegionError::Missing { .. })));
    let nowhere = Place::in_dir(&dir.path().join("nowhere"), "region").unwrap();
    let error = Reader::open(&nowhere).unwrap_err();
    assert!(matches!(error, RegionError::NoDirectory { .. }) && error.to_string().contains("mount"), "{error}");
}

/// Names the place to a child process that may not read it.
const CHILD_PLACE: &str = "CROSSTICK_TEST_FORBIDDEN_DIR";
/// The user `nobody`, who owns nothing.
const NOBODY: u32 = 65_534;

/// Not a test of its own: what the child of the test below runs.
#[test]
fn child_may_not_read() {
    let Ok(dir) = std::env::var(CHILD_PLACE) else { return };
    let error = Reader::open(&place(Path::new(&dir))).unwrap_err();
    assert!(matches!(error, RegionError::Permission { .. }), "{error}");
    assert!(error.to_string().contains("no permission for"), "{error}");
}

#[test]
fn a_region_that_may_not_be_read_is_told_as_such() {
    let dir = tempfile::tempdir().unwrap();
    let place = place(dir.path());
    fs::write(place.path(), good_region()).unwrap();
    fs::set_permissions(place.path(), Permissions::from_mode(0o000)).unwrap();
    fs::set_permissions(dir.path(), Permissions::from_mode(0o755)).unwrap();
    if fs::metadata(place.path()).unwrap().uid() != 0 {
        assert!(matches!(Reader::open(&place), Err(RegionError::Permission { .. })));
        return;
    }
    // The superuser may read everything, so another user has to try; he needs a copy of this program in his reach.
    let program = dir.path().join("program");
    fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    fs::set_permissions(&program, Permissions::from_mode(0o755)).unwrap();
    let output = Command::new(program)
        .args(["--exact", "child_may_not_read", "--nocapture"])
        .env(CHILD_PLACE, dir.path())
        .current_dir(dir.path())
        .uid(NOBODY)
        .gid(NOBODY)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"));
}

#[test]
fn what_a_later_build_adds_is_skipped() {
    let bytes = with_schema(&good_region(), |schema| {
        schema["news"] = json!({"of": ["tomorrow"]});
        schema["enums"]["weather"] = json!({"0": "fine"});
        schema["records"]["Weather"] = json!({"bytes": 8, "doc": "x", "fields": []});
        let mut new = table_of(schema, "engine").clone();
        (new["name"], new["kind"], new["record"]) = (json!("weather"), json!("cloud"), json!("Weather"));
        schema["tables"].as_array_mut().unwrap().insert(0, new);
        // In what was reserved: the record does not grow.
        let new = json!({"name": "new", "type": "quaternion", "offset": 112, "doc": "x", "hue": 3});
        schema["records"]["Price"]["fields"].as_array_mut().unwrap().push(new);
    });
    let reader = open(&bytes).unwrap();
    assert_eq!(reader.price(InstrumentId(1)).unwrap().bid, 77);
    assert_eq!((reader.instruments().len(), reader.fills().unwrap().count()), (2, 1));
}

#[test]
fn a_record_that_grew_behind_its_fields_is_read_as_far_as_it_is_known() {
    // The rows of `prices` as a later build lays them out: sixteen bytes more each.
    let good = good_region();
    let mut whole = good.clone();
    let old = schema(&good);
    let prices = old["tables"].as_array().unwrap().iter().find(|t| t["name"] == "prices").unwrap().clone();
    let number = |key: &str| prices[key].as_u64().unwrap() as usize;
    let (offset, stride, count) = (number("offset"), number("stride"), number("count"));
    let new_offset = whole.len();
    for i in 0..count {
        whole.extend(&good[offset + i * stride..offset + (i + 1) * stride]);
        whole.extend([0xee; 16]);
    }
    whole.resize(whole.len().next_multiple_of(4096), 0);
    let bytes = with_schema(&whole, |schema| {
        let table = table_of(schema, "prices");
        (table["offset"], table["stride"]) = (json!(new_offset), json!(stride + 16));
        let record = &mut schema["records"]["Price"];
        record["bytes"] = json!(record["bytes"].as_u64().unwrap() + 16);
        let new = json!({"name": "mood", "type": "u64", "offset": 120, "doc": "New."});
        record["fields"].as_array_mut().unwrap().push(new);
    });
    let reader = open(&bytes).unwrap();
    let rows: Vec<PriceRow> = reader.rows(table::PRICES);
    assert_eq!(rows.iter().map(|r| (r.bid, r.exchange_offset_us)).collect::<Vec<_>>(), [(0, i32::MIN), (77, 0)]);
}

#[test]
fn what_an_earlier_build_lacks_is_absent() {
    let bytes = with_schema(&good_region(), |schema| {
        schema["tables"].as_array_mut().unwrap().retain(|t| t["name"] != "spreads");
        table_of(schema, "orders")["record"] = json!("Fax");
        table_of(schema, "fills")["kind"] = json!("seqlock");
        table_of(schema, "histograms")["buckets"] = json!(7);
        schema["records"]["Engine"]["bytes"] = json!(64);
    });
    let reader = open(&bytes).unwrap();
    assert!(reader.spreads().is_empty() && reader.orders().is_none() && reader.fills().is_none());
    assert!(reader.latency().is_empty() && reader.row::<EngineRow>("engine", 0).is_none());
    assert_eq!(reader.price(InstrumentId(1)).unwrap().bid, 77);
}

#[test]
fn schemas_that_contradict_themselves_or_the_file_are_refused() {
    let good = good_region();
    let changed = |change: fn(&mut Value)| refused(&with_schema(&good, change));
    assert!(changed(|s| s["format"] = json!("recipe")).contains("another kind"));
    assert!(changed(|s| s["tables"] = json!(7)).contains("without tables"));
    assert!(changed(|s| table_of(s, "prices")["offset"] = json!(1u64 << 40)).contains("outside"));
    assert!(changed(|s| table_of(s, "prices")["offset"] = json!(4)).contains("outside"));
    assert!(changed(|s| table_of(s, "prices")["count"] = json!(u64::MAX)).contains("outside"));
    assert!(changed(|s| table_of(s, "prices")["stride"] = json!(8)).contains("outside"));
    assert!(changed(|s| table_of(s, "ticks")["count"] = json!(0)).contains("outside"));
    assert!(changed(|s| table_of(s, "ticks")["count"] = json!(63)).contains("outside"));
    assert!(changed(|s| table_of(s, "ticks")["slots_offset"] = json!(-8)).contains("without a place"));
    assert!(changed(|s| s["records"]["Price"]["fields"][0]["offset"] = json!(8)).contains("another place"));
    assert!(changed(|s| s["records"]["Price"]["fields"][0]["type"] = json!("u64")).contains("another place"));
    let at = |at: usize, word: u64| {
        let mut bytes = good.clone();
        bytes[at..at + 8].copy_from_slice(&word.to_le_bytes());
        refused(&bytes)
    };
    assert!(at(32, 0).contains("schema outside") && at(32, good.len() as u64).contains("schema outside"));
    assert!(at(40, u64::MAX).contains("schema outside"));
    assert!(at(40, 0).contains("no JSON") && at(32, 4096).contains("no JSON"));
    let deep = refused(&with_schema(&good, |s| *s = json!("[".repeat(100_000))));
    assert!(deep.contains("another kind"), "{deep}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn damaged_regions_crash_nothing(
        hits in prop::collection::vec(
            (any::<prop::sample::Index>(), prop_oneof![any::<u64>(), 0u64..200, Just(u64::MAX)]), 1..6
        ),
        part in 0..3usize,
    ) {
        thread_local!(static GOOD: Vec<u8> = good_region());
        let mut bytes = GOOD.with(Clone::clone);
        let schema = u64::from_le_bytes(bytes[32..40].try_into().unwrap()) as usize;
        let (from, to) = [(0, 256), (256, schema), (schema, bytes.len())][part];
        for (at, word) in hits {
            let at = from + at.index((to - from) / 8) * 8;
            bytes[at..at + 8].copy_from_slice(&word.to_le_bytes());
        }
        let _ = open(&bytes);
    }

    #[test]
    fn damaged_schemas_crash_nothing(
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0..3usize), 1..4),
        value in prop_oneof![
            Just(json!(null)), Just(json!(-1)), Just(json!("x")), any::<u64>().prop_map(|n| json!(n)),
            (0u64..300).prop_map(|n| json!(n))
        ],
    ) {
        thread_local!(static GOOD: Vec<u8> = good_region());
        let bytes = with_schema(&GOOD.with(Clone::clone), |schema| {
            for (which, key, part) in edits {
                let target = match part {
                    0 => which.get(schema["tables"].as_array().unwrap()).clone(),
                    _ => Value::Null,
                };
                let name = target["name"].as_str().unwrap_or("prices").to_owned();
                let record = &mut schema["records"]["Price"];
                let fields = record["fields"].as_array().map_or(0, Vec::len);
                let entry = match part {
                    0 => table_of(schema, &name),
                    2 if fields > 0 => &mut record["fields"][which.index(fields)],
                    _ => record,
                };
                let Some(keys) = entry.as_object().map(|o| o.keys().cloned().collect::<Vec<_>>()) else { continue };
                entry[key.get(&keys).as_str()] = value.clone();
                // The name is what edits find a table by.
                if part == 0 {
                    entry["name"] = json!(name);
                }
            }
        });
        let _ = open(&bytes);
    }

    #[test]
    fn random_files_crash_nothing(mut bytes in prop::collection::vec(any::<u8>(), 0..3000), magic in any::<bool>()) {
        if magic && bytes.len() >= 16 {
            bytes[..8].copy_from_slice(b"XTICKSHM");
            bytes[8..16].copy_from_slice(&[2, 0, 0, 0, 4, 3, 2, 1]);
        }
        let _ = open(&bytes);
    }
}
