//! What a journal says of itself: enough to build the same core again. Cold.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crosstick_feeds::facts::Facts;
use crosstick_ipc::journal::format::{PAYLOAD_BYTES_MAX, SessionId};
use crosstick_ipc::journal::{Item, Journal, JournalError, Options, Writer};
use crosstick_model::Universe;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::entry::{FORMAT, MORE, OLDEST_FORMAT, kind};
use crate::config::{Config, Mistakes, Overrides, universe};
use crate::report::Build;

/// Why a session cannot be read.
#[derive(Debug, Error)]
pub enum SessionError {
    /// The files cannot be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The first entries do not describe a session.
    #[error("{dir}: the journal's begin is damaged: without its description it cannot be replayed", dir = .0.display())]
    NoDescription(PathBuf),
    /// Written by another build's format.
    #[error("{dir} holds entries of format {found}, this build reads up to format {known}: use the build that wrote it",
        dir = .dir.display())]
    Format {
        /// The session.
        dir: PathBuf,
        /// Its format.
        found: u32,
        /// The one known here.
        known: u32,
    },
    /// The config in it is refused by this build.
    #[error("the journalled config is refused by this build:\n{0}")]
    Config(Mistakes),
    /// There is no session.
    #[error("{dir} holds no session: [journal] dir holds one folder a run", dir = .0.display())]
    None(PathBuf),
}

/// The description of a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Version of the entries' bytes.
    pub format: u32,
    /// Version of crosstick.
    pub version: String,
    /// Its commit.
    pub commit: String,
    /// Wall time of the start, ns since the epoch.
    pub started_ns: u64,
    /// Process id.
    pub pid: u32,
    /// The machine's name.
    pub host: String,
    /// The effective config, TOML.
    pub config: String,
    /// What the venues said of their instruments, by venue.
    pub facts: BTreeMap<String, serde_json::Value>,
}

impl Session {
    /// The session that begins now.
    #[must_use]
    pub fn new(config: &Config, facts: &BTreeMap<String, Facts>, started_ns: u64) -> Self {
        let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        Self {
            format: FORMAT,
            version: Build::THIS.version.into(),
            commit: Build::THIS.commit.into(),
            started_ns,
            pid: std::process::id(),
            host: host.trim().to_owned(),
            config: config.effective(),
            facts: facts.iter().map(|(venue, facts)| (venue.clone(), facts.to_json())).collect(),
        }
    }

    /// Name of its folder: start in UTC, and the process.
    #[must_use]
    pub fn folder(&self) -> String {
        let at = jiff::Timestamp::from_nanosecond(i128::from(self.started_ns)).unwrap_or_default();
        format!("{}-{}", at.strftime("%Y%m%dT%H%M%S.%3fZ"), self.pid)
    }

    /// Begins the session's journal in a folder of its own in `dir`.
    ///
    /// # Errors
    /// What keeps the journal from being written.
    pub fn begin(&self, dir: &Path, segment_bytes: u64, durable: bool) -> Result<Writer, JournalError> {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.started_ns.to_le_bytes());
        hasher.update(&self.pid.to_le_bytes());
        hasher.update(self.host.as_bytes());
        let mut id = [0; 16];
        hasher.finalize_xof().fill(&mut id);
        let options = Options { session: SessionId(id), segment_bytes, now_ns: self.started_ns, durable };
        let mut writer = Writer::create(&dir.join(self.folder()), options)?;
        let json = serde_json::to_vec(self).unwrap_or_default();
        let part_bytes = PAYLOAD_BYTES_MAX.min(segment_bytes as usize / 2);
        let mut parts = json.chunks(part_bytes).peekable();
        while let Some(part) = parts.next() {
            let flags = if parts.peek().is_some() { MORE } else { 0 };
            writer.append(kind::SESSION, flags, part, self.started_ns)?;
        }
        Ok(writer)
    }

    /// The config, as this build reads it.
    ///
    /// # Errors
    /// When this build refuses it.
    pub fn config(&self) -> Result<Config, SessionError> {
        self.config_with(&Overrides::none()).map_err(SessionError::Config)
    }

    /// The config with values laid over it.
    ///
    /// # Errors
    /// All mistakes, those of the values among them.
    pub fn config_with(&self, overrides: &Overrides) -> Result<Config, Mistakes> {
        Config::parse("journal", &self.config, Path::new("/"), overrides)
    }

    /// The universe of that config with the journalled facts.
    ///
    /// # Errors
    /// When this build refuses them.
    pub fn universe(&self, config: &Config) -> Result<Universe, SessionError> {
        let mut facts = universe::FactsByVenue::new();
        for (venue, json) in &self.facts {
            if let Some(read) = Facts::from_json(json) {
                facts.insert(venue.clone(), read);
            }
        }
        let built = universe::build(config, &facts, universe::Unknown::Refused).map_err(SessionError::Config)?;
        Ok(built.0)
    }
}

/// The session in `dir`, or, where `dir` holds sessions, the newest of them.
///
/// # Errors
/// When there is none.
pub fn find(dir: &Path) -> Result<PathBuf, SessionError> {
    match Journal::open(dir) {
        Ok(_) => return Ok(dir.to_path_buf()),
        Err(JournalError::NotAJournal { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    all(dir)?.pop().ok_or_else(|| SessionError::None(dir.to_path_buf()))
}

/// Folders of all sessions in `dir`, the oldest first.
///
/// # Errors
/// When `dir` cannot be listed.
pub fn all(dir: &Path) -> Result<Vec<PathBuf>, SessionError> {
    let list = std::fs::read_dir(dir).map_err(|source| JournalError::Io {
        action: "list",
        path: dir.to_path_buf(),
        source,
    })?;
    // One that this build cannot read is a session all the same: left out, an older one would be taken for the newest.
    let is_session = |dir: &PathBuf| {
        let opened = Journal::open(dir);
        dir.is_dir() && !matches!(opened, Err(JournalError::NotAJournal { .. } | JournalError::Missing { .. }))
    };
    let mut sessions: Vec<PathBuf> = list.filter_map(|e| Some(e.ok()?.path())).filter(is_session).collect();
    // Their names begin with the time of their start.
    sessions.sort();
    Ok(sessions)
}

/// Reads the description of the session in `dir`.
///
/// # Errors
/// When there is none, or one of another format.
pub fn read(dir: &Path) -> Result<(Journal, Session), SessionError> {
    let journal = Journal::open(dir)?;
    let none = || SessionError::NoDescription(dir.to_path_buf());
    let mut json = Vec::new();
    let mut records = journal.records();
    loop {
        match records.next()? {
            Some(Item::Record { kind: kind::SESSION, flags, payload, .. }) => {
                json.extend_from_slice(payload);
                if flags & MORE == 0 {
                    break;
                }
            }
            _ => return Err(none()),
        }
    }
    let value: serde_json::Value = serde_json::from_slice(&json).map_err(|_| none())?;
    let found = value["format"].as_u64().and_then(|f| u32::try_from(f).ok()).ok_or_else(none)?;
    if !(OLDEST_FORMAT..=FORMAT).contains(&found) {
        return Err(SessionError::Format { dir: dir.to_path_buf(), found, known: FORMAT });
    }
    let session = serde_json::from_value(value).map_err(|_| none())?;
    Ok((journal, session))
}
