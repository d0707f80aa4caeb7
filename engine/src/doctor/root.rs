//! Small files of /proc and /sys under a root directory, each read with a limit, each failure told as what it is.

use std::fmt;
use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use super::cpus::CpuSet;

/// Longest file that is read, bytes: /proc/interrupts of a host with 1024 CPUs fits.
const BYTES_MAX: u64 = 16 << 20;
/// Most entries of a folder that are looked at.
const ENTRIES_MAX: usize = 65_536;

/// Why something is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unread {
    /// There is no such file.
    Missing(String),
    /// It is there and says nothing that can be used: denied, not a file, too long, not text, no number.
    Odd(String),
}

impl Unread {
    /// Whether the file is simply not there.
    #[must_use]
    pub const fn is_missing(&self) -> bool {
        matches!(self, Self::Missing(_))
    }
}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(path) => write!(f, "no {path}"),
            Self::Odd(text) => f.write_str(text),
        }
    }
}

/// What was read, or why not.
pub type Look<T> = Result<T, Unread>;

/// Where /proc, /sys, /run and /dev are looked for.
#[derive(Debug, Clone)]
pub struct Root {
    dir: PathBuf,
    host: bool,
}

impl Root {
    /// This machine.
    #[must_use]
    pub fn host() -> Self {
        Self { dir: PathBuf::from("/"), host: true }
    }

    /// A made-up machine below `dir`.
    #[must_use]
    pub fn below(dir: &Path) -> Self {
        Self { dir: dir.to_path_buf(), host: false }
    }

    /// Whether this is the machine itself, so that it can be measured and asked.
    #[must_use]
    pub const fn is_host(&self) -> bool {
        self.host
    }

    /// The root directory.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    fn path(&self, path: &str) -> PathBuf {
        self.dir.join(path.trim_start_matches('/'))
    }

    /// Whether there is anything at `path`.
    #[must_use]
    pub fn has(&self, path: &str) -> bool {
        fs::symlink_metadata(self.path(path)).is_ok()
    }

    /// The text of a file, without blanks at its ends.
    ///
    /// # Errors
    /// When it is missing, denied, no file, longer than 16 MiB or no text.
    pub fn text(&self, path: &str) -> Look<String> {
        let full = self.path(path);
        let refuse = |error: &std::io::Error| match error.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory => Unread::Missing(path.to_owned()),
            ErrorKind::PermissionDenied => Unread::Odd(format!("{path} is not ours to read")),
            _ => Unread::Odd(format!("{path} cannot be read ({error})")),
        };
        // Opening a FIFO would wait for a writer.
        if !fs::metadata(&full).map_err(|e| refuse(&e))?.is_file() {
            return Err(Unread::Odd(format!("{path} is not a file")));
        }
        let mut bytes = Vec::new();
        File::open(&full)
            .and_then(|file| file.take(BYTES_MAX + 1).read_to_end(&mut bytes))
            .map_err(|error| refuse(&error))?;
        if bytes.len() as u64 > BYTES_MAX {
            return Err(Unread::Odd(format!("{path} is longer than {} MiB", BYTES_MAX >> 20)));
        }
        match String::from_utf8(bytes) {
            Ok(text) if !text.contains('\0') => Ok(text.trim().to_owned()),
            _ => Err(Unread::Odd(format!("{path} is not text"))),
        }
    }

    /// A file that holds one whole number.
    ///
    /// # Errors
    /// As [`Self::text`], and when it holds something else.
    pub fn number(&self, path: &str) -> Look<i64> {
        let text = self.text(path)?;
        text.parse().map_err(|_| Unread::Odd(format!("{path} holds no number: {}", short(&text))))
    }

    /// A file that holds a list of CPUs such as `0-3,8`; an empty one is none.
    ///
    /// # Errors
    /// As [`Self::text`], and when it holds something else.
    pub fn cpus(&self, path: &str) -> Look<CpuSet> {
        let text = self.text(path)?;
        CpuSet::from_list(&text).ok_or_else(|| Unread::Odd(format!("{path} holds no list of CPUs: {}", short(&text))))
    }

    /// The chosen word of a file such as `always [madvise] never`.
    ///
    /// # Errors
    /// As [`Self::text`], and when none is chosen.
    pub fn chosen(&self, path: &str) -> Look<String> {
        let text = self.text(path)?;
        let word = text.split_once('[').and_then(|(_, rest)| rest.split_once(']')).map(|(word, _)| word.to_owned());
        word.ok_or_else(|| Unread::Odd(format!("{path} marks no choice: {}", short(&text))))
    }

    /// The names in a folder, sorted; those of numbers by number.
    ///
    /// # Errors
    /// When it is missing or denied.
    pub fn names(&self, path: &str) -> Look<Vec<String>> {
        let entries = fs::read_dir(self.path(path)).map_err(|error| match error.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory => Unread::Missing(path.to_owned()),
            _ => Unread::Odd(format!("{path} cannot be listed ({error})")),
        })?;
        let mut names: Vec<String> =
            entries.take(ENTRIES_MAX).flatten().filter_map(|e| e.file_name().into_string().ok()).collect();
        names.sort_by_key(|name| (name.parse::<u64>().unwrap_or(u64::MAX), name.clone()));
        Ok(names)
    }

    /// The last part of what a symbolic link points to.
    ///
    /// # Errors
    /// When it is missing or no link.
    pub fn link_name(&self, path: &str) -> Look<String> {
        let target = fs::read_link(self.path(path)).map_err(|_| Unread::Missing(path.to_owned()))?;
        let name = target.file_name().and_then(|n| n.to_str()).map(str::to_owned);
        name.ok_or_else(|| Unread::Odd(format!("{path} points to no name")))
    }

    /// The value of `KEY: value` or `KEY value` in a file of such lines.
    ///
    /// # Errors
    /// As [`Self::text`], and when no line has the key.
    pub fn field(&self, path: &str, key: &str) -> Look<String> {
        let text = self.text(path)?;
        let value = text.lines().find_map(|line| {
            let rest = line.strip_prefix(key)?;
            rest.starts_with([' ', '\t', ':']).then(|| rest.trim_start_matches([' ', '\t', ':']).trim_end().to_owned())
        });
        value.ok_or_else(|| Unread::Odd(format!("{path} has no line {key}")))
    }
}

/// The beginning of a text, fit for a message.
fn short(text: &str) -> String {
    const CHARS: usize = 40;
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(CHARS).collect();
    if text.chars().count() > CHARS { format!("{line:?} and more") } else { format!("{line:?}") }
}
