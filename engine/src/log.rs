//! The log: standard error or a file, reopened on SIGHUP so that logrotate can move it. Cold threads only.
//!
//! `CROSSTICK_LOG` sets what is logged, as in `CROSSTICK_LOG=debug` or `crosstick_feeds=debug,warn`.

use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

/// The handle that reopens the log's file.
#[derive(Debug, Clone)]
pub struct Log {
    target: Option<Arc<Target>>,
}

#[derive(Debug)]
struct Target {
    path: PathBuf,
    file: Mutex<File>,
}

impl Log {
    /// Starts logging for this process, to `path` or to standard error.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub fn start(path: Option<&Path>) -> io::Result<Self> {
        let filter = EnvFilter::try_from_env("CROSSTICK_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
        let target = match path {
            Some(path) => Some(Arc::new(Target { path: path.to_path_buf(), file: Mutex::new(open(path)?) })),
            None => None,
        };
        let log = Self { target };
        let colour = log.target.is_none() && io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        let subscriber = tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_ansi(colour)
            .with_target(false)
            .with_writer(log.clone())
            .finish();
        // A second start in one process (tests) keeps the first subscriber.
        let _ = tracing::subscriber::set_global_default(subscriber);
        Ok(log)
    }

    /// Opens the file again under its name. Does nothing for standard error.
    ///
    /// # Errors
    /// When it cannot be opened; then the old file stays in use.
    pub fn reopen(&self) -> io::Result<()> {
        if let Some(target) = &self.target {
            let fresh = open(&target.path)?;
            *target.file.lock().unwrap_or_else(PoisonError::into_inner) = fresh;
        }
        Ok(())
    }
}

fn open(path: &Path) -> io::Result<File> {
    let named = |e: io::Error| io::Error::new(e.kind(), format!("{}: {e}", path.display()));
    OpenOptions::new().append(true).create(true).open(path).map_err(named)
}

/// Writes one event. That it cannot be written (a closed terminal, a full disk) is kept from the caller, who would
/// try to tell it on standard error, and panic where that is closed.
pub struct LogWriter(Option<Arc<Target>>);

impl Write for LogWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &self.0 {
            Some(target) => drop(target.file.lock().unwrap_or_else(PoisonError::into_inner).write_all(bytes)),
            None => crate::out::error(bytes),
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = LogWriter;

    fn make_writer(&'a self) -> LogWriter {
        LogWriter(self.target.clone())
    }
}
