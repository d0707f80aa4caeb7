//! What the replay tests share: the binary, the oracle's scripts, recordings where there are any, generated sessions.
#![allow(dead_code, reason = "each test uses its part")]

pub mod demo;
pub mod journalled;

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

/// The recorded Binance frames: under `CROSSTICK_DATA`, else beside the checkout. Says so where there are none.
pub fn recordings() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let data = std::env::var_os("CROSSTICK_DATA").map_or_else(beside, PathBuf::from).join("hftbacktest");
    if data.join("spot").is_dir() {
        return Some(data);
    }
    println!("no recordings in {} (CROSSTICK_DATA says where they are): only generated frames", data.display());
    None
}

/// Every recorded file of the three Binance protocols.
pub fn recorded_files(data: &Path) -> Vec<PathBuf> {
    let folders = ["spot", "usdm", "cm"].map(|folder| data.join(folder));
    let entries = folders.iter().flat_map(|folder| fs::read_dir(folder).unwrap());
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.to_string_lossy().contains(".txt"));
    files.sort();
    files
}

/// A script of the oracle, to be given its arguments.
pub fn script(name: &str) -> Command {
    let mut command = Command::new("python3");
    command.arg("-B").arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle").join(name));
    command
}

/// Runs a command that must succeed, and returns what it said.
pub fn good(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{command:?}\n{}{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

/// A replay that is over.
pub struct Replayed {
    pub output: Output,
    pub report: Value,
}

impl Replayed {
    /// What the report says at a JSON pointer, as a number.
    pub fn count(&self, pointer: &str) -> u64 {
        let value = self.report.pointer(pointer).and_then(Value::as_u64);
        value.unwrap_or_else(|| panic!("no number at {pointer} of {:#}", self.report))
    }

    pub fn hash(&self) -> &str {
        self.report["decisions_hash"].as_str().unwrap()
    }

    pub fn code(&self) -> Option<i32> {
        self.output.status.code()
    }
}

/// `crosstick replay ARGS --report` in `folder`; it may end done or halted, and must leave nothing but its report.
pub fn replay(folder: &Path, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Replayed {
    let report = folder.join("report.json");
    let state = folder.join("state");
    let mut command = Command::new(env!("CARGO_BIN_EXE_crosstick"));
    command.arg("replay").args(args).arg("--report").arg(&report).current_dir(folder);
    let output = command.env("XDG_STATE_HOME", &state).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(matches!(output.status.code(), Some(0 | 3)), "{command:?}: {:?}\n{said}", output.status);
    assert!(!state.exists(), "a replay is no reason to keep state");
    let report = serde_json::from_slice(&fs::read(report).unwrap()).unwrap();
    Replayed { output, report }
}

/// A config with the files that go with it, in a folder that goes when this does.
pub struct Session {
    pub folder: TempDir,
}

impl Session {
    /// The oracle's generated session; `choices` as `generate.py` takes them.
    pub fn generated(seed: u32, seconds: u32, choices: &[&str]) -> Self {
        let session = Self { folder: tempfile::tempdir().unwrap() };
        let (seed, seconds) = (seed.to_string(), seconds.to_string());
        let mut command = script("generate.py");
        command.args(["--seed", &seed, "--seconds", &seconds]).args(choices);
        good(command.arg("--out").arg(session.folder.path()));
        session
    }

    /// The recorded markets of 2024-08-08; `None` when a recording is missing.
    pub fn recorded(data: &Path, choices: &[&str]) -> Option<Self> {
        let session = Self { folder: tempfile::tempdir().unwrap() };
        let mut command = script("recorded_0808.py");
        let output = command.arg("--data").arg(data).args(choices).arg("--out").arg(session.path()).output().unwrap();
        if output.status.code() == Some(3) {
            println!("{}", String::from_utf8_lossy(&output.stderr));
            return None;
        }
        assert!(output.status.success(), "{output:?}");
        Some(session)
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// `VENUE=FILE` arguments, in the order in which both sides must be given them.
    pub fn files(&self) -> Vec<String> {
        let list = fs::read_to_string(self.path().join("files.txt")).unwrap();
        list.lines().map(str::to_owned).collect()
    }

    /// Replays it; the opportunity file is `engine.csv`.
    pub fn replay(&self) -> Replayed {
        let fixed = ["--config", "config.toml", "--opportunities", "engine.csv"].map(str::to_owned);
        replay(self.path(), fixed.into_iter().chain(self.files()))
    }

    /// Changes its frames into what no venue writes today and both sides must read alike.
    pub fn roughen(&self, seed: u32) {
        good(script("roughen.py").args(["--seed", &seed.to_string(), "files.txt"]).current_dir(self.path()));
    }

    /// Changes the config by replacing `from`, which must be there.
    pub fn edit(&self, from: &str, to: &str) {
        let path = self.path().join("config.toml");
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "no {from:?} in\n{text}");
        fs::write(path, text.replacen(from, to, 1)).unwrap();
    }
}
