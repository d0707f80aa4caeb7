//! `crosstick journal ls` and `stat`: what sessions there are, and what one holds.

use std::path::Path;

use crosstick_ipc::journal::{Damage, Item};
use serde_json::json;

use super::moment;
use crate::exit::{Code, Failure, Outcome};
use crate::journal::entry::{Entry, KIND_NAMES, kind};
use crate::journal::session::{self, Session};
use crate::out;

/// What reading a whole session comes to.
struct Stat {
    session: Session,
    kinds: [u64; KIND_NAMES.len()],
    bytes: u64,
    files: usize,
    file_bytes: u64,
    /// Times of the first and the last input, ns since the epoch.
    span_ns: (u64, u64),
    damage: Vec<Damage>,
    /// A process is still writing it.
    running: bool,
    last_state: Option<String>,
}

impl Stat {
    fn of(dir: &Path) -> Result<Self, Failure> {
        let (journal, session) = session::read(dir).map_err(Failure::usage)?;
        let running = journal.is_being_written();
        let last = journal.segments().last().map(|s| s.path.clone()).filter(|_| running);
        let mut stat = Self {
            session,
            kinds: [0; KIND_NAMES.len()],
            bytes: 0,
            files: journal.segments().len(),
            file_bytes: journal.segments().iter().map(|s| s.bytes).sum(),
            span_ns: (0, 0),
            damage: Vec::new(),
            running,
            last_state: None,
        };
        let mut records = journal.records();
        while let Some(item) = records.next().map_err(Failure::other)? {
            match item {
                // What is being written right now may be seen by halves; whether it is damaged shows when it is over.
                Item::Damage(Damage::TornTail { path, .. } | Damage::Lost { path, .. })
                    if Some(&path) == last.as_ref() => {}
                Item::Damage(damage) => stat.damage.push(damage),
                Item::Record { kind, payload, .. } => stat.add(kind, payload),
            }
        }
        Ok(stat)
    }

    fn add(&mut self, kind: u8, payload: &[u8]) {
        self.bytes += payload.len() as u64 + 8;
        let known = usize::from(kind);
        self.kinds[if known < KIND_NAMES.len() { known } else { 0 }] += 1;
        let at_ns = match Entry::read(kind, payload) {
            Some(Entry::Tick(tick)) => tick.recv_ns,
            Some(Entry::Report(report)) => report.at_ns,
            Some(Entry::Timer { due_ns }) => due_ns,
            Some(Entry::Command(command)) => command.at_ns,
            Some(Entry::State { hash, .. }) => {
                self.last_state = Some(blake3::Hash::from(hash).to_hex().to_string());
                return;
            }
            _ => return,
        };
        if self.span_ns.0 == 0 {
            self.span_ns.0 = at_ns;
        }
        self.span_ns.1 = self.span_ns.1.max(at_ns);
    }

    fn span_s(&self) -> f64 {
        self.span_ns.1.saturating_sub(self.span_ns.0) as f64 / 1e9
    }

    fn inputs(&self) -> u64 {
        [kind::TICK, kind::REPORT, kind::TIMER, kind::COMMAND, kind::FINISH]
            .map(|k| self.kinds[usize::from(k)])
            .iter()
            .sum()
    }

    /// How the session ended.
    fn end(&self) -> &'static str {
        if !self.damage.is_empty() {
            "damaged"
        } else if self.kinds[usize::from(kind::LOST)] > 0 {
            "incomplete"
        } else if self.kinds[usize::from(kind::FINISH)] > 0 {
            "complete"
        } else if self.running {
            "running"
        } else {
            "open"
        }
    }
}

pub(super) fn list(dir: &Path) -> Outcome {
    let sessions = match session::find(dir) {
        Ok(found) if found == dir => vec![found],
        Ok(_) => session::all(dir).map_err(Failure::usage)?,
        Err(error) => return Err(Failure::usage(error)),
    };
    out::line(format_args!(
        "{:<32} {:<24} {:>10} {:>12} {:>10} {:>10}  end",
        "session", "start", "length s", "inputs", "decisions", "MiB"
    ));
    for path in sessions {
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        match Stat::of(&path) {
            Ok(stat) => out::line(format_args!(
                "{name:<32} {:<24} {:>10.1} {:>12} {:>10} {:>10.1}  {}",
                &moment(stat.session.started_ns)[..23],
                stat.span_s(),
                stat.inputs(),
                stat.kinds[usize::from(kind::DECISION)],
                stat.file_bytes as f64 / f64::from(1 << 20),
                stat.end()
            )),
            Err(failure) => out::line(format_args!("{name:<32} cannot be read: {failure}")),
        }
    }
    Ok(Code::Done)
}

pub(super) fn show(dir: &Path, as_json: bool) -> Outcome {
    let stat = Stat::of(dir)?;
    let kinds: serde_json::Map<String, serde_json::Value> =
        KIND_NAMES.iter().zip(stat.kinds).filter(|(_, n)| *n > 0).map(|(k, n)| ((*k).to_owned(), n.into())).collect();
    if as_json {
        let damage: Vec<String> = stat.damage.iter().map(ToString::to_string).collect();
        let value = json!({
            "dir": dir.display().to_string(), "end": stat.end(), "session": stat.session, "entries": kinds,
            "inputs": stat.inputs(), "first_ns": stat.span_ns.0, "last_ns": stat.span_ns.1, "bytes": stat.bytes,
            "files": stat.files, "file_bytes": stat.file_bytes, "damage": damage, "last_state": stat.last_state,
        });
        out::line(format_args!("{value:#}"));
        return Ok(Code::Done);
    }
    let session = &stat.session;
    out::line(format_args!("{}: {}", dir.display(), stat.end()));
    out::line(format_args!(
        "  crosstick {} {} on {}, process {}",
        session.version, session.commit, session.host, session.pid
    ));
    out::line(format_args!(
        "  started {}, {:.1} s from the first input to the last",
        moment(session.started_ns),
        stat.span_s()
    ));
    out::line(format_args!(
        "  {} bytes of entries in {} files of {} bytes, {:.0} bytes a second",
        stat.bytes,
        stat.files,
        stat.file_bytes,
        stat.bytes as f64 / stat.span_s().max(1e-9)
    ));
    for (name, count) in &kinds {
        out::line(format_args!("  {name:<9} {count}"));
    }
    for damage in &stat.damage {
        out::line(format_args!("  damaged: {damage}"));
    }
    out::line("  config:");
    for line in session.config.lines() {
        out::line(format_args!("    {line}"));
    }
    Ok(Code::Done)
}
