//! Runs the binary as a user would: a process of its own, bounded in time, its region and folders its own.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;

/// Bounds every wait; generous, since two busy cores may run all tests at once.
pub const PATIENCE: Duration = Duration::from_secs(90);

/// A region name, a state directory and a temporary directory of one test; all are gone with it.
pub struct Rig {
    pub shm: String,
    dir: tempfile::TempDir,
    runs: AtomicU32,
}

impl Rig {
    pub fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let rig = Self {
            shm: format!("ct-test-{}-{number}", std::process::id()),
            dir: tempfile::tempdir().expect("a directory"),
            runs: AtomicU32::new(0),
        };
        fs::create_dir(rig.tmp()).expect("a directory");
        rig
    }

    /// A file of the test.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// What the binary takes for the system's temporary directory.
    pub fn tmp(&self) -> PathBuf {
        self.path("tmp")
    }

    /// Writes a file of the test.
    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, text).expect("a written file");
        path
    }

    /// The files in shared memory that bear the test's name.
    pub fn left_in_shm(&self) -> Vec<PathBuf> {
        let mine = |name: &str| name == self.shm || name.strip_prefix(&self.shm).is_some_and(|r| r.starts_with('.'));
        let Ok(all) = fs::read_dir("/dev/shm") else { return Vec::new() };
        all.flatten().filter(|e| e.file_name().to_str().is_some_and(mine)).map(|e| e.path()).collect()
    }

    /// The binary with these arguments, untouched by the environment of whoever runs the tests.
    pub fn command<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_crosstick"));
        for (name, _) in std::env::vars_os().filter(|(n, _)| n.to_string_lossy().starts_with("CROSSTICK_")) {
            command.env_remove(name);
        }
        command
            .args(arguments)
            .current_dir(self.dir.path())
            .env("CROSSTICK_ENGINE__SHM", &self.shm)
            .env("CROSSTICK_ENGINE__STATE_DIR", self.path("state"))
            .env("XDG_STATE_HOME", self.path("xdg"))
            .env("TMPDIR", self.tmp())
            .stdin(Stdio::null());
        command
    }

    /// Starts it; what it prints goes to files, so that nobody has to read along.
    pub fn start(&self, mut command: Command) -> Running {
        let number = self.runs.fetch_add(1, Ordering::Relaxed);
        let (out, err) = (self.path(&format!("out-{number}")), self.path(&format!("err-{number}")));
        command.stdout(File::create(&out).expect("a file")).stderr(File::create(&err).expect("a file"));
        Running { started: Instant::now(), child: command.spawn().expect("the binary"), out, err }
    }

    /// Runs it to its end.
    pub fn run<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Finished {
        self.start(self.command(arguments)).finish()
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        for path in self.left_in_shm() {
            let _ = fs::remove_file(path);
        }
    }
}

/// A process that is killed when nobody waits for it any more.
pub struct Running {
    child: Child,
    started: Instant,
    out: PathBuf,
    err: PathBuf,
}

/// What a process left behind.
#[derive(Debug)]
pub struct Finished {
    /// `None` when a signal killed it.
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
    pub took: Duration,
}

impl Running {
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal, by the name that `kill` takes.
    pub fn signal(&self, name: &str) {
        let pid = self.pid().to_string();
        let sent = Command::new("kill").args(["-s", name, &pid]).status().expect("kill");
        assert!(sent.success(), "kill -s {name} {pid}");
    }

    pub fn out(&self) -> String {
        text(&self.out)
    }

    pub fn err(&self) -> String {
        text(&self.err)
    }

    pub fn is_over(&mut self) -> bool {
        self.child.try_wait().expect("a child").is_some()
    }

    /// Waits until `done` says so; fails with what was printed when the process ends before, or it takes too long.
    pub fn until(&mut self, what: &str, mut done: impl FnMut(&mut Self) -> bool) {
        let end = Instant::now() + PATIENCE;
        while !done(self) {
            let over = self.is_over();
            assert!(!over && Instant::now() < end, "{what} did not happen\n{}\n{}", self.out(), self.err());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits for its end.
    pub fn finish(mut self) -> Finished {
        let end = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("a child") {
                break status;
            }
            assert!(Instant::now() < end, "it does not end\n{}\n{}", self.out(), self.err());
            std::thread::sleep(Duration::from_millis(5));
        };
        Finished { code: status.code(), out: self.out(), err: self.err(), took: self.started.elapsed() }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Finished {
    /// That it ended with `code`; what it printed is told where it did not.
    #[track_caller]
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "out: {}\nerr: {}", self.out, self.err);
        self
    }

    /// That it ended with `code`, and said why in one line that holds all of `words`. Returns the line.
    #[track_caller]
    pub fn fails(self, code: i32, words: &[&str]) -> String {
        let done = self.expect(code);
        let lines: Vec<&str> = done.err.lines().filter(|l| l.starts_with("crosstick: ")).collect();
        let [line] = lines[..] else { panic!("one line says why: {}", done.err) };
        let last = done.err.lines().last().unwrap_or_default();
        assert_eq!(line, last, "the cause stands last");
        for word in words {
            assert!(line.contains(word), "{word:?} is not in: {line}");
        }
        line.to_owned()
    }
}

fn text(path: &Path) -> String {
    String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).into_owned()
}

/// A report as JSON.
#[track_caller]
pub fn report(path: &Path) -> Value {
    serde_json::from_str(&text(path)).expect("a report")
}

/// A count of a report.
#[track_caller]
pub fn count(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("a count, not {value}"))
}

/// The sum of a field over the rows of a list.
#[track_caller]
pub fn sum(rows: &Value, field: &str) -> u64 {
    rows.as_array().expect("rows").iter().map(|r| count(&r[field])).sum()
}

/// Prints a report's stages, one line each.
#[track_caller]
pub fn latency(title: &str, report: &Value) {
    println!("{title}: {} ticks in {} s", report["ticks"], report["duration_s"]);
    for (stage, row) in report["latency_ns"].as_object().expect("stages") {
        let [p50, p99, p999, max] = ["p50", "p99", "p999", "max"].map(|k| count(&row[k]) as f64 / 1e3);
        println!("  {stage:<14} p50 {p50:>8.1} p99 {p99:>8.1} p999 {p999:>8.1} max {max:>9.1} µs  n {}", row["count"]);
    }
}
