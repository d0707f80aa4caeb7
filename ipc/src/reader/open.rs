//! COLD: opening a file that may be a region, without trusting a byte of it.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;

use crosstick_ring::Pod;
use serde_json::Value;

use crate::error::RegionError;
use crate::histogram::{BUCKETS, DIVISION_BITS, HEAD_WORDS, WORDS};
use crate::layout::tables::{TABLES, TableKind, TableSpec};
use crate::layout::{BYTE_ORDER, HEAD_BYTES, Head, LAYOUT_VERSION, MAGIC, REGION_BYTES_MAX, RecordSpec, VERSION_BYTES};
use crate::schema::FORMAT;
use crate::sys::{Map, RingAt};
use crate::view::View;

/// A schema is some 50 KiB; more than this is none of ours.
const SCHEMA_BYTES_MAX: u64 = 4 << 20;

/// A table that this build knows, as the region lays it out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TableAt {
    pub(crate) name: &'static str,
    pub(crate) kind: TableKind,
    /// Name of the Rust struct of its rows; empty for histograms.
    pub(crate) record: &'static str,
    /// Of the first row, or of a ring's count of records.
    pub(crate) offset: usize,
    /// Of a ring's first slot; elsewhere as `offset`.
    pub(crate) rows: usize,
    pub(crate) stride: usize,
    pub(crate) count: usize,
    /// Bytes of a value; what a version takes comes before it.
    pub(crate) bytes: usize,
}

impl TableAt {
    /// Where row `index` lies.
    pub(crate) fn row(&self, index: usize) -> Option<usize> {
        (index < self.count).then(|| self.rows + index * self.stride)
    }

    pub(crate) fn ring(&self) -> RingAt {
        RingAt { next: self.offset, slots: self.rows, stride: self.stride, count: self.count }
    }
}

/// What a file says that is a region of this layout.
pub(crate) struct Opened {
    pub(crate) view: View,
    /// Device and inode.
    pub(crate) file: (u64, u64),
    pub(crate) head: Head,
    pub(crate) tables: Vec<TableAt>,
    pub(crate) build: String,
    pub(crate) mode: String,
}

/// Opens the file, by mapping it or by reading it.
pub(crate) fn open(path: &Path, mapped: bool) -> Result<Opened, RegionError> {
    let (view, file, length) = open_view(path, mapped)?;
    let foreign = |why| RegionError::Foreign { path: path.to_path_buf(), why };
    let head = read_head(&view).map_err(foreign)?;
    if head.layout_version != LAYOUT_VERSION {
        let (found, known) = (head.layout_version, LAYOUT_VERSION);
        return Err(RegionError::Layout { path: path.to_path_buf(), found, known });
    }
    let schema = read_schema(&view, &head, length).map_err(foreign)?;
    let tables = tables(&schema, head.region_bytes).map_err(foreign)?;
    let engine = |key: &str| schema["engine"][key].as_str().unwrap_or_default().to_owned();
    Ok(Opened { view, file, head, tables, build: engine("build"), mode: engine("mode") })
}

/// The generation of a region whose layout this build may not know; its head never moves.
pub(crate) fn generation_of_any_layout(path: &Path) -> Option<u64> {
    let (view, ..) = open_view(path, false).ok()?;
    read_head(&view).ok().map(|h| h.generation)
}

fn open_view(path: &Path, mapped: bool) -> Result<(View, (u64, u64), u64), RegionError> {
    let fail = |action, error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound if path.parent().is_some_and(|dir| !dir.is_dir()) => {
            RegionError::NoDirectory { dir: path.parent().unwrap_or(path).to_path_buf() }
        }
        std::io::ErrorKind::NotFound => RegionError::Missing { path: path.to_path_buf() },
        _ => RegionError::from_io(action, path, 0, error),
    };
    let foreign = |why| RegionError::Foreign { path: path.to_path_buf(), why };
    // Not blocking, for the sake of a pipe of that name.
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK;
    let file: File = OpenOptions::new().read(true).custom_flags(flags).open(path).map_err(|e| fail("open", e))?;
    let meta = file.metadata().map_err(|e| fail("look at", e))?;
    if !meta.is_file() {
        return Err(foreign("not a plain file"));
    }
    if meta.len() < HEAD_BYTES as u64 {
        return Err(foreign("shorter than a head"));
    }
    let id = (meta.dev(), meta.ino());
    let view = if mapped {
        View::Mapped(Map::read_only(&file).map_err(|e| fail("map", e))?)
    } else {
        View::File(Arc::new(file))
    };
    Ok((view, id, meta.len()))
}

fn read_head(view: &View) -> Result<Head, &'static str> {
    let words = view.words(0, HEAD_BYTES / 8).ok_or("shorter than a head")?;
    let head = Head::from_words(&words).ok_or("shorter than a head")?;
    if head.magic != MAGIC {
        return Err("no magic number");
    }
    if head.byte_order != BYTE_ORDER {
        return Err("another byte order");
    }
    Ok(head)
}

fn read_schema(view: &View, head: &Head, length: u64) -> Result<Value, &'static str> {
    if head.region_bytes > length {
        return Err("cut short");
    }
    if head.region_bytes > REGION_BYTES_MAX as u64 {
        return Err("larger than any region");
    }
    let end = head.schema_offset.checked_add(head.schema_bytes);
    let inside = head.schema_offset.is_multiple_of(8)
        && head.schema_offset >= HEAD_BYTES as u64
        && head.schema_bytes <= SCHEMA_BYTES_MAX
        && end.is_some_and(|e| e <= head.region_bytes);
    if !inside {
        return Err("a schema outside of it");
    }
    let (offset, bytes) = (head.schema_offset as usize, head.schema_bytes as usize);
    // The last word may reach beyond the schema, and beyond the file where that is no whole number of words.
    let words = view.words(offset, bytes.div_ceil(8)).ok_or("cut short")?;
    let text: Vec<u8> = words.iter().flat_map(|w| w.to_le_bytes()).take(bytes).collect();
    let schema: Value = serde_json::from_slice(&text).map_err(|_| "a schema that is no JSON")?;
    if schema["format"] != FORMAT { Err("a schema of another kind") } else { Ok(schema) }
}

/// The tables of the schema that this build knows; the others are left out, and so is what the schema lacks.
fn tables(schema: &Value, region_bytes: u64) -> Result<Vec<TableAt>, &'static str> {
    let listed = schema["tables"].as_array().ok_or("a schema without tables")?;
    let mut known = Vec::new();
    for spec in TABLES {
        if let Some(entry) = listed.iter().find(|t| t["name"] == spec.name) {
            known.extend(table(spec, entry, schema, region_bytes)?);
        }
    }
    Ok(known)
}

fn table(
    spec: &'static TableSpec,
    entry: &Value,
    schema: &Value,
    region_bytes: u64,
) -> Result<Option<TableAt>, &'static str> {
    // A table of another kind or record is not the one that this build knows under that name.
    if entry["kind"] != spec.kind.name() {
        return Ok(None);
    }
    let bytes = match spec.record {
        None => histogram_bytes(entry),
        Some(record) if entry["record"] == record.name() => record_bytes(&record, &schema["records"][record.name()])?,
        Some(_) => None,
    };
    let Some(bytes) = bytes else { return Ok(None) };
    let number = |key: &str| entry[key].as_u64().ok_or("a table without a place");
    let (offset, stride, count) = (number("offset")?, number("stride")?, number("count")?);
    let ring = spec.kind == TableKind::Ring;
    let rows = if ring { number("slots_offset")? } else { offset };
    let version = if spec.kind == TableKind::Histogram { 0 } else { VERSION_BYTES as u64 };
    let end = stride.checked_mul(count).and_then(|b| b.checked_add(rows)).filter(|e| *e <= region_bytes);
    let aligned = [offset, rows, stride].iter().all(|n| n.is_multiple_of(8));
    let whole = bytes.checked_add(version).is_some_and(|b| b <= stride);
    let counted = !ring || (count.is_power_of_two() && offset.checked_add(8).is_some_and(|e| e <= rows));
    if end.is_none() || !aligned || !whole || !counted {
        return Err("a table outside of it");
    }
    let record = spec.record.map_or("", |r| r.rust_name);
    Ok(Some(TableAt {
        name: spec.name,
        kind: spec.kind,
        record,
        offset: offset as usize,
        rows: rows as usize,
        stride: stride as usize,
        count: count as usize,
        bytes: bytes as usize,
    }))
}

/// Bytes of a record as the region has it. A field that this build knows and that lies elsewhere there is an error:
/// its writer should have raised the layout version.
fn record_bytes(spec: &RecordSpec, entry: &Value) -> Result<Option<u64>, &'static str> {
    let Some(bytes) = entry["bytes"].as_u64() else { return Ok(None) };
    let fields = entry["fields"].as_array().ok_or("a record without fields")?;
    for field in spec.described() {
        let Some(found) = fields.iter().find(|f| f["name"] == field.name) else { continue };
        if found["offset"] != field.offset || found["type"] != field.kind.name() {
            return Err("a field in another place, though the layout version is known");
        }
    }
    Ok(Some(bytes))
}

/// Bytes of a histogram, if its buckets are those that this build knows.
fn histogram_bytes(entry: &Value) -> Option<u64> {
    let same = entry["buckets"] == BUCKETS
        && entry["division_bits"] == DIVISION_BITS
        && entry["buckets_offset"] == HEAD_WORDS * 8
        && entry["max_offset"] == 0
        && entry["clamped_offset"] == 8;
    same.then_some((WORDS * 8) as u64)
}
