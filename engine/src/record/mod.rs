//! `crosstick record`: what venues send, as they send it, into files that `replay`, `backtest` and `sim --replay` read.
//!
//! **Threads:** main starts and stops, shows progress, and is cold; `ct-reader-N` reads sockets as in a run, and copies
//! frames; `ct-record` compresses and writes. When the disk is slower than the market, readers stop reading, so that
//! TCP is the buffer: nothing is left out, but what comes late is stamped late, which is counted and told.

pub mod format;
mod readers;
mod tap;
mod writer;

use std::fs;
use std::path::Path;
use std::sync::mpsc::RecvTimeoutError;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crosstick_feeds::decode::TimeUnit;
use crosstick_feeds::{Event, LineSpec};
use crosstick_model::Universe;
use serde::Serialize;

use crate::cli::RecordArgs;
use crate::clock::{WallClock, system_ns};
use crate::config::{Config, Overrides, universe};
use crate::exit::{Code, Failure, Outcome};
use crate::log::Log;
use crate::out;
use crate::run::connect;
use crate::signals::Signals;
use format::{DESCRIPTION, Description, END, Venue};
use readers::Running;
pub use writer::{Progress, Written};
use writer::{Roll, Writer};

/// How often the main thread looks at everything.
const TURN: Duration = Duration::from_millis(20);
/// How often progress is told.
const TELL_EVERY: Duration = Duration::from_secs(5);

/// What is written when a recording ends in order.
#[derive(Debug, Serialize)]
struct End<'a> {
    ended: &'static str,
    ended_ns: u64,
    stalls: u64,
    stalled_ms: u64,
    lines: &'a [Written],
}

/// Records until a signal, the duration, or trouble.
///
/// # Errors
/// When it cannot begin, the disk refuses, or no venue can be connected to any more.
pub fn command(arguments: &RecordArgs) -> Outcome {
    let signals = Signals::install().map_err(Failure::other)?;
    let config = Config::load(Some(&arguments.config), &Overrides::from_process()).map_err(Failure::usage)?;
    let _log = Log::start(config.engine.log.as_deref())
        .map_err(|e| Failure::usage(format!("[engine] log: {e}; name a file that can be written")))?;
    let facts = connect::facts(&config, &signals)?;
    let built = universe::build(&config, &facts, universe::Unknown::Finest).map_err(Failure::usage)?;
    let universe = built.0;
    let lines = connect::lines(&config, &universe)?;
    if lines.is_empty() {
        return Err(Failure::usage("no venue has an instrument: name some in [[market]] or [[instrument]]"));
    }
    let dir = &arguments.out;
    begin(dir, &description(&config, &lines, &universe, &facts))?;
    let roll = Roll { bytes: arguments.roll_mib << 20, age: arguments.roll_every };
    let shared = Arc::new(Mutex::new(Progress::default()));
    let names = universe.venues.iter().map(|v| v.name.to_string()).collect();
    let writer = Writer::new(dir, names, roll, Arc::clone(&shared)).map_err(Failure::other)?;
    let count = universe.instruments.len();
    let running = readers::start(lines, count, &config, &WallClock::anchored_now(), writer)?;
    out::line(format_args!("recording into {}; Ctrl-C ends it", dir.display()));
    let recording = Recording {
        universe,
        running,
        shared,
        started: Instant::now(),
        told: Instant::now(),
        stopped: 0,
        refused: None,
    };
    recording.run(&signals, arguments)
}

fn description(
    config: &Config,
    lines: &[LineSpec],
    universe: &Universe,
    facts: &universe::FactsByVenue,
) -> Description {
    let venue = |line: &LineSpec| Venue {
        name: universe.venue(line.venue).name.to_string(),
        protocol: line.protocol.name().to_owned(),
        time_unit: match line.unit {
            TimeUnit::Milli => "ms".to_owned(),
            TimeUnit::Micro => "us".to_owned(),
        },
    };
    Description::new(config, lines.iter().map(venue).collect(), facts, system_ns())
}

/// Makes the folder, which must not hold anything, and describes the recording in it.
fn begin(dir: &Path, description: &Description) -> Result<(), Failure> {
    let failed = |e: std::io::Error| Failure::usage(format!("--out {}: {e}", dir.display()));
    if dir.exists() && fs::read_dir(dir).map_err(failed)?.next().is_some() {
        let text = "is not empty; a recording needs a folder of its own";
        return Err(Failure::usage(format!("--out {}: {text}", dir.display())));
    }
    fs::create_dir_all(dir).map_err(failed)?;
    let mut text = serde_json::to_string_pretty(description).map_err(Failure::other)?;
    text.push('\n');
    fs::write(dir.join(DESCRIPTION), text).map_err(failed)
}

/// A recording under way, as the main thread sees it.
struct Recording {
    universe: Universe,
    running: Running,
    shared: Arc<Mutex<Progress>>,
    started: Instant,
    told: Instant,
    /// Sockets that will not be tried again.
    stopped: usize,
    /// Why the last of them was given up.
    refused: Option<Failure>,
}

impl Recording {
    fn run(mut self, signals: &Signals, arguments: &RecordArgs) -> Outcome {
        let ended = loop {
            if signals.stop() {
                break "signal";
            }
            if arguments.duration.is_some_and(|d| self.started.elapsed() >= d) {
                break "duration";
            }
            if self.stopped >= self.running.sockets || self.running.is_over() {
                break "input";
            }
            if self.told.elapsed() >= TELL_EVERY {
                self.told = Instant::now();
                out::line(self.words());
            }
            match self.running.events.recv_timeout(TURN) {
                Ok(event) => self.tell(&event),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => thread::sleep(TURN),
            }
        };
        self.end(ended, &arguments.out)
    }

    /// Ends all threads, and says whether the recording ended in order.
    fn end(mut self, ended: &'static str, dir: &Path) -> Outcome {
        let missing = self.running.stop().err();
        let progress = self.progress();
        out::line(self.words());
        if let Some(trouble) = progress.trouble.or(missing) {
            let dir = dir.display();
            return Err(Failure::other(format!(
                "{trouble}; the recording ends there, and what was written before can be read: crosstick replay {dir}"
            )));
        }
        self.write_end(dir, ended, &progress.lines)?;
        match self.refused.take().filter(|_| ended == "input") {
            Some(failure) => Err(failure),
            None => Ok(Code::Done),
        }
    }

    fn write_end(&self, dir: &Path, ended: &'static str, lines: &[Written]) -> Result<(), Failure> {
        let (stalls, stalled) = self.running.stalls();
        let stalled_ms = u64::try_from(stalled.as_millis()).unwrap_or(u64::MAX);
        let end = End { ended, ended_ns: system_ns(), stalls, stalled_ms, lines };
        let mut text = serde_json::to_string_pretty(&end).map_err(Failure::other)?;
        text.push('\n');
        let path = dir.join(END);
        fs::write(&path, text).map_err(|e| Failure::other(format!("{}: {e}", path.display())))
    }

    fn progress(&self) -> Progress {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How it goes, in a line.
    fn words(&self) -> String {
        let lines = self.progress().lines;
        let sum = |of: fn(&Written) -> u64| lines.iter().map(of).sum::<u64>();
        let (frames, disk) = (sum(|l| l.frames), sum(|l| l.disk_bytes) as f64 / 1e6);
        let seconds = self.started.elapsed().as_secs_f64();
        let rate = frames as f64 / seconds.max(1e-3);
        let live = self.running.lines.iter().filter(|l| l.read().live > 0).count();
        let all = self.running.lines.len();
        let mut text =
            format!("{seconds:5.0} s  lines {live}/{all}  {frames} frames written ({rate:.0}/s)  {disk:.1} MB on disk");
        let (stalls, stalled) = self.running.stalls();
        if stalls > 0 {
            let ms = stalled.as_millis();
            text += &format!("  the disk was too slow {stalls} times, {ms} ms in all: receive times of then are late");
        }
        text
    }

    fn tell(&mut self, event: &Event) {
        if let Some(failure) = connect::tell(&self.universe, event) {
            self.stopped += 1;
            self.refused = Some(failure);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recording_that_lost_frames_is_a_failure_without_an_end() {
        let ends: [(fn() -> bool, bool); 3] = [(|| true, true), (|| false, false), (|| panic!("on purpose"), false)];
        for (reader, in_order) in ends {
            let dir = tempfile::tempdir().unwrap();
            let recording = Recording {
                universe: Universe::default(),
                running: Running::ending(reader, || ()),
                shared: Arc::default(),
                started: Instant::now(),
                told: Instant::now(),
                stopped: 0,
                refused: None,
            };
            let outcome = recording.end("signal", dir.path());
            assert_eq!(outcome.is_ok(), in_order, "{:?}", outcome.err().map(|e| e.to_string()));
            assert_eq!(dir.path().join(END).exists(), in_order);
        }
    }
}
