//! The house keeps its shape: no new arrow between crates, no unsafe outside its rooms, no float in money,
//! crate heads that say who runs them, files that stay small.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the engine lies in the workspace").to_path_buf()
}

/// Every arrow that may exist. A new one is the rarest and most reviewed kind of change.
const ARROWS: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("ring", &[]),
    ("ipc", &["model", "ring"]),
    ("feeds", &["model", "ring"]),
    ("strategy", &["model", "ring"]),
    ("risk", &["model", "ring"]),
    ("execution", &["model", "ring", "feeds", "risk"]),
    ("sim", &["model"]),
    ("engine", &["model", "ring", "ipc", "feeds", "strategy", "risk", "execution", "sim"]),
    ("benches", &["model", "ring", "ipc", "feeds", "strategy", "risk", "execution", "sim", "engine", "instructions"]),
    // What of the hot path is counted; it stands apart so that counting builds no more than that.
    ("instructions", &["model", "ring", "feeds", "strategy", "risk", "execution"]),
];

/// Where a crate lies.
fn home(name: &str) -> PathBuf {
    if name == "instructions" { root().join("benches").join(name) } else { root().join(name) }
}

#[test]
fn no_arrow_beyond_the_listed_ones() {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).expect("cargo writes JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    let mut seen = BTreeSet::new();
    for package in packages {
        let name = short(package["name"].as_str().expect("a name"));
        let allowed = ARROWS.iter().find(|(n, _)| *n == name).unwrap_or_else(|| panic!("unknown crate {name}")).1;
        seen.insert(name.to_owned());
        for dependency in package["dependencies"].as_array().expect("dependencies") {
            let target = dependency["name"].as_str().expect("a name");
            if let Some(target) = target.strip_prefix("crosstick-") {
                assert!(allowed.contains(&target), "{name} must not depend on {target}");
            }
        }
    }
    assert_eq!(seen.len(), ARROWS.len(), "a crate of the list is gone: {seen:?}");
}

fn short(name: &str) -> &str {
    name.strip_prefix("crosstick-").unwrap_or(name)
}

fn sources(under: &str) -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    let (name, rest) = under.split_once('/').expect("a crate and a folder in it");
    let mut folders = vec![home(name).join(rest)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display())) {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let text = fs::read_to_string(&path).expect("UTF-8");
                files.push((path, text));
            }
        }
    }
    assert!(!files.is_empty(), "nothing under {under}");
    files
}

fn code_lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(|line| line.split("//").next().unwrap_or_default())
}

#[test]
fn unsafe_has_an_address() {
    for (name, _) in ARROWS.iter().filter(|(n, _)| !["ring", "benches"].contains(n)) {
        for (path, text) in sources(&format!("{name}/src")) {
            let sys = path.components().any(|c| c.as_os_str() == "sys" || c.as_os_str() == "sys.rs");
            let uses = code_lines(&text).any(|l| l.contains("unsafe ") || l.contains("allow(unsafe_code)"));
            assert!(
                !uses || (sys && ["ipc", "feeds", "engine"].contains(name)),
                "{} uses unsafe outside ring and the sys modules",
                path.display()
            );
        }
    }
}

#[test]
fn no_float_touches_money() {
    for name in ["model", "strategy", "risk", "execution"] {
        for (path, text) in sources(&format!("{name}/src")) {
            let float = code_lines(&text).any(|l| l.contains("f64") || l.contains("f32"));
            assert!(!float, "{} names a float", path.display());
        }
    }
}

#[test]
fn the_deterministic_core_reads_no_clock_and_no_environment() {
    let banned =
        ["std::time", "SystemTime", "Instant::", "quanta", "std::env", "std::thread", "std::fs", "HashMap", "rand::"];
    let rooms = ["model/src", "strategy/src", "risk/src", "execution/src", "engine/src/core"];
    for room in rooms {
        for (path, text) in sources(room) {
            for word in banned {
                assert!(!code_lines(&text).any(|l| l.contains(word)), "{} uses {word}", path.display());
            }
        }
    }
}

#[test]
fn crate_heads_say_who_runs_them() {
    for (name, _) in ARROWS {
        let file = home(name).join("src/lib.rs");
        let text = fs::read_to_string(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        let head: String = text.lines().take_while(|l| l.starts_with("//!")).collect::<Vec<_>>().join("\n");
        for wanted in ["Thread", "Hot", "absent"] {
            let found = head.to_lowercase().contains(&wanted.to_lowercase());
            assert!(found, "the head of {} does not say: {wanted}", file.display());
        }
    }
}

/// A file that its group does not name would never be compiled, and nobody would miss its tests.
#[test]
fn every_test_file_is_named_by_its_group() {
    let mut groups = 0;
    for krate in ["engine", "sim"] {
        for folder in fs::read_dir(root().join(krate).join("tests")).expect("tests") {
            let folder = folder.expect("an entry").path();
            let Ok(main) = fs::read_to_string(folder.join("main.rs")) else { continue };
            groups += 1;
            for file in fs::read_dir(&folder).expect("a folder") {
                let file = file.expect("an entry").path();
                let name = file.file_stem().expect("a name").to_string_lossy().into_owned();
                if name != "main" && file.extension().is_some_and(|e| e == "rs") {
                    let named = main.lines().any(|line| line == format!("mod {name};"));
                    assert!(named, "{} is no module of its main.rs", file.display());
                }
            }
        }
    }
    assert!(groups >= 8, "where are the groups? {groups}");
}

#[test]
fn files_stay_small() {
    for (name, _) in ARROWS {
        for (path, text) in sources(&format!("{name}/src")) {
            let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
            let lines = code.lines().count();
            assert!(lines <= 800, "{} has {lines} lines without tests; 800 is the most", path.display());
            // A sentence in quotes is not broken for the page's sake.
            let wide = text.lines().position(|l| l.chars().count() > 120 && !l.contains('"'));
            assert!(wide.is_none(), "{}:{} is wider than 120 columns", path.display(), wide.unwrap_or_default() + 1);
        }
    }
}
