//! Made-up hosts: a text that names files and their contents becomes a directory tree.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// The folder of the texts.
pub fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/doctor")
}

/// Every file of a text, with its contents; links have none. `{a-b}` in a line stands for each number.
pub fn files(text: &str) -> Vec<(String, Content)> {
    let mut all = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(path) = line.strip_suffix(" <<") {
            let body: Vec<&str> = lines.by_ref().take_while(|line| *line != ".").collect();
            all.push((path.to_owned(), Content::File(body.join("\n") + "\n")));
            continue;
        }
        for line in expanded(line) {
            if let Some((path, target)) = line.split_once(" -> ") {
                all.push((path.to_owned(), Content::Link(target.to_owned())));
            } else {
                let (path, value) = line.split_once(" =").unwrap_or_else(|| panic!("what is this line: {line}"));
                all.push((path.to_owned(), Content::File(format!("{}\n", value.strip_prefix(' ').unwrap_or(value)))));
            }
        }
    }
    all
}

/// What stands at a path.
#[derive(Debug, Clone)]
pub enum Content {
    File(String),
    Link(String),
}

fn expanded(line: &str) -> Vec<String> {
    let Some((before, rest)) = line.split_once('{') else { return vec![line.to_owned()] };
    let (range, _) = rest.split_once('}').expect("a closed range");
    let (first, last) = range.split_once('-').expect("two ends");
    let (first, last): (u32, u32) = (first.parse().expect("a number"), last.parse().expect("a number"));
    let mark = format!("{{{range}}}");
    assert!(line.starts_with(before));
    (first..=last).map(|n| line.replace(&mark, &n.to_string())).collect()
}

/// Makes the tree below `dir`.
pub fn build(dir: &Path, files: &[(String, Content)]) {
    for (path, content) in files {
        let full = dir.join(path.trim_start_matches('/'));
        fs::create_dir_all(full.parent().expect("a folder")).expect("a folder");
        match content {
            Content::File(text) => fs::write(&full, text).expect("a file"),
            Content::Link(target) => symlink(target, &full).expect("a link"),
        }
    }
}

/// Makes the tree of the host of that name below `dir`.
pub fn host(dir: &Path, name: &str) {
    let text = fs::read_to_string(fixtures().join(format!("{name}.host"))).expect("a host");
    build(dir, &files(&text));
}

/// Every path below `dir` with its contents; links with what they point to.
pub fn tree(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut all = Vec::new();
    let mut folders = vec![dir.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder").flatten() {
            let path = entry.path();
            let kind = entry.file_type().expect("a kind");
            if kind.is_symlink() {
                let target = fs::read_link(&path).expect("a link");
                all.push((path, target.into_os_string().into_encoded_bytes()));
            } else if kind.is_dir() {
                all.push((path.clone(), Vec::new()));
                folders.push(path);
            } else {
                let bytes = fs::read(&path).expect("a file");
                all.push((path, bytes));
            }
        }
    }
    all.sort();
    all
}
