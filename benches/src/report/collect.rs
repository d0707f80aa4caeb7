//! The rows that benchmarks left behind: the harness's files, and criterion's folders.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;

use super::{ALONE, FORMAT, Row};

/// All rows below the target directory that were measured at `since_s` (s since the epoch) or later.
///
/// # Errors
/// In words, with the file that cannot be read or is not what it should be.
pub fn collect(target: &Path, since_s: u64) -> Result<Vec<Row>, String> {
    let mut rows = Vec::new();
    for path in files(&target.join("crosstick-bench"))? {
        rows.extend(of_harness(&path, since_s)?);
    }
    let mut alone = Vec::new();
    let since = UNIX_EPOCH + Duration::from_secs(since_s);
    of_criterion(&target.join("criterion"), since, &mut alone)?;
    alone.sort_by(|a, b| (&a.group, &a.name).cmp(&(&b.group, &b.name)));
    rows.extend(alone);
    Ok(rows)
}

/// The JSON files of a folder by name; none, where there is no such folder.
fn files(dir: &Path) -> Result<Vec<PathBuf>, String> {
    let mut all: Vec<PathBuf> = match fs::read_dir(dir) {
        Ok(entries) => entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(format!("{}: {error}", dir.display())),
    };
    all.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    all.sort();
    Ok(all)
}

fn json(path: &Path) -> Result<Value, String> {
    let bytes = fs::read(path).map_err(|e| format!("{}: {e}", path.display()))?;
    serde_json::from_slice(&bytes).map_err(|e| format!("{}: {e}", path.display()))
}

/// A file of the harness; no rows when it is older.
fn of_harness(path: &Path, since_s: u64) -> Result<Vec<Row>, String> {
    let mut value = json(path)?;
    if value["format"] != FORMAT {
        return Err(format!("{}: format {}, and {FORMAT} is read", path.display(), value["format"]));
    }
    if value["made_at_s"].as_u64().is_none_or(|made| made < since_s) {
        return Ok(Vec::new());
    }
    serde_json::from_value(value["rows"].take()).map_err(|e| format!("{}: {e}", path.display()))
}

/// Every folder of criterion's below `dir` that holds a newest result.
fn of_criterion(dir: &Path, since: SystemTime, rows: &mut Vec<Row>) -> Result<(), String> {
    let Ok(entries) = fs::read_dir(dir) else { return Ok(()) };
    for entry in entries {
        let path = entry.map_err(|e| format!("{}: {e}", dir.display()))?.path();
        let sample = path.join("sample.json");
        if path.ends_with("new") && sample.is_file() {
            // What no benchmark writes any more stays behind in criterion's folder.
            let written = fs::metadata(&sample).and_then(|data| data.modified());
            if written.map_err(|e| format!("{}: {e}", sample.display()))? >= since {
                rows.push(of_samples(&path)?);
            }
        } else if path.is_dir() {
            of_criterion(&path, since, rows)?;
        }
    }
    Ok(())
}

/// Median, least and most of the samples, each a mean over its iterations, ns per unit.
fn of_samples(dir: &Path) -> Result<Row, String> {
    let wrong = |what: &str| format!("{}: {what}", dir.display());
    let (about, samples) = (json(&dir.join("benchmark.json"))?, json(&dir.join("sample.json"))?);
    let units = about["throughput"]["Elements"].as_f64().ok_or_else(|| wrong("a benchmark without units"))?;
    let list = |key: &str| -> Option<Vec<f64>> { samples[key].as_array()?.iter().map(Value::as_f64).collect() };
    let (times, iterations) = list("times").zip(list("iters")).ok_or_else(|| wrong("no samples"))?;
    let mut means: Vec<f64> = times.iter().zip(&iterations).map(|(ns, n)| ns / n / units).collect();
    means.sort_by(f64::total_cmp);
    let ([min, .., max] | [min @ max]) = means.as_slice() else { return Err(wrong("no samples")) };
    let id = about["full_id"].as_str().ok_or_else(|| wrong("a benchmark without a name"))?;
    let (group, name) = id.rsplit_once('/').unwrap_or(("", id));
    Ok(Row {
        group: group.to_owned(),
        name: name.to_owned(),
        ours: true,
        measure: ALONE.to_owned(),
        unit: "ns".to_owned(),
        better: "lower".to_owned(),
        turns: means.len() as u64,
        median: means[means.len() / 2],
        min: *min,
        max: *max,
        ..Row::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_both_kinds_and_nothing_older() {
        let target = tempfile::tempdir().expect("a folder");
        let write = |path: &str, text: &str| {
            let path = target.path().join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            fs::write(path, text).expect("written");
        };
        let harness = |made: u64| {
            format!(
                r#"{{"format": 1, "made_at_s": {made}, "rows": [{{"group": "g", "title": "t", "name": "crosstick", "ours": true,
                "measure": "p50", "unit": "ns", "better": "lower", "placement": null, "probe_ns": null, "turns": 3,
                "median": 2.0, "min": 1.0, "max": 3.0, "rival": "r", "ratio": 0.5,
                "target": {{"against": "ratio", "must": 0.8, "aim": 0.4, "verdict": "must"}}}}]}}"#
            )
        };
        write("crosstick-bench/new.json", &harness(1_000));
        write("crosstick-bench/old.json", &harness(999));
        write("crosstick-bench/page.html", "");
        write("criterion/g/one/new/benchmark.json", r#"{"full_id": "g/sub/one", "throughput": {"Elements": 10}}"#);
        write("criterion/g/one/new/sample.json", r#"{"iters": [1, 2, 4], "times": [100.0, 400.0, 1200.0]}"#);
        let rows = collect(target.path(), 1_000).expect("rows");
        assert_eq!(rows.len(), 2);
        assert_eq!((rows[0].median, rows[0].ratio), (2.0, Some(0.5)));
        assert_eq!(rows[0].target.as_ref().and_then(|t| t.verdict.as_deref()), Some("must"));
        assert_eq!(rows[1].key(), ["g/sub", "one", ALONE, ""]);
        assert_eq!([rows[1].median, rows[1].min, rows[1].max], [20.0, 10.0, 30.0]);
        let later = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs() + 60;
        assert_eq!(collect(target.path(), later), Ok(Vec::new()), "all of it is older");
        assert_eq!(collect(&target.path().join("none"), 0), Ok(Vec::new()));
        write("crosstick-bench/wrong.json", "{\"format\": 7}");
        assert!(collect(target.path(), 0).is_err_and(|e| e.contains("wrong.json")));
    }
}
