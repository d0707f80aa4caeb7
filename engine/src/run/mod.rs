//! `crosstick run`: venues, threads and shared memory around one core; without a config, the demo.
//!
//! **Thread:** main, cold. Start in order: config, halt file, facts, universe, region, core thread, readers. Stop in
//! the opposite order: readers close their rings, the core empties them and ends, then the report is made.

pub mod connect;
pub mod core_thread;
pub mod demo;
mod desk;
pub mod flight;
pub mod halting;
pub mod inline_thread;
pub mod notify;
pub mod publish;
pub mod reader_thread;
pub mod seat;
pub mod status_line;
pub mod topology;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::RecvTimeoutError;
use std::thread;
use std::time::{Duration, Instant};

use crosstick_feeds::Event;
use crosstick_ipc::control::Control;
use crosstick_ipc::{FeedWriter, Owner, Place, Reader, Shape, State, Writer, layout};
use crosstick_model::Universe;

use crate::cli::RunArgs;
use crate::clock::WallClock;
use crate::config::{Config, Fsync, Mode, Overrides, universe};
use crate::exit::{Code, Failure, Outcome};
use crate::export::place::Inputs;
use crate::journal;
use crate::log::Log;
use crate::out;
use crate::report::{self, Build, HaltReport, JournalReport, SessionReport, csv};
use crate::setup;
use crate::signals::Signals;
use crate::state::halt;
use notify::Notify;
use status_line::StatusLine;
use topology::{Running, Threads};

/// How often the main thread looks at everything.
const TURN: Duration = Duration::from_millis(20);

/// Runs until a signal, the duration, or every line has stopped for good.
///
/// # Errors
/// When something keeps the engine from starting, or a result cannot be written.
pub fn command(arguments: &RunArgs) -> Outcome {
    let signals = Signals::install().map_err(Failure::other)?;
    arguments.output.check(&Inputs::of(arguments.config.as_deref(), &[]))?;
    out::detach().map_err(Failure::other)?;
    let demo = match &arguments.config {
        Some(_) => None,
        None => Some(demo::Demo::start(arguments.seed)?),
    };
    let config = match &demo {
        Some(demo) => demo.config.clone(),
        None => Config::load(arguments.config.as_deref(), &Overrides::from_process()).map_err(Failure::usage)?,
    };
    if config.engine.mode == Mode::Live || arguments.live {
        return Err(Failure::usage(
            "live trading is not built yet; set [engine] mode = \"paper\" and leave --live out",
        ));
    }
    let log = Log::start(config.engine.log.as_deref())
        .map_err(|e| Failure::usage(format!("[engine] log: {e}; name a file that can be written")))?;
    refuse_while_halted(&config)?;
    if demo.is_some() {
        out::line("crosstick demo: simulated venues on this machine, paper orders; Ctrl-C ends it with a report");
    }
    let halt_flag = signals.halt_flag();
    let passing = demo.as_ref().is_some_and(|demo| demo.keeps(&config.engine.halt_file));
    let outcome = session(&config, passing, signals, log, arguments);
    match halting::keep_untaken(&halt_flag, &config.engine.halt_file) {
        Ok(false) => outcome,
        Ok(true) => outcome.map(|_| Code::Halted),
        Err(error) => outcome.and(Err(Failure::other(error))),
    }
}

/// A run from the first question to a venue to its report. `passing`: its halt file goes with it.
fn session(config: &Config, passing: bool, signals: Signals, log: Log, arguments: &RunArgs) -> Outcome {
    let facts = connect::facts(config, &signals)?;
    let built = universe::build(config, &facts, universe::Unknown::Refused).map_err(Failure::usage)?;
    let universe = Arc::new(built.0);
    let lines = connect::lines(config, &universe)?;
    if lines.is_empty() {
        return Err(Failure::usage("no venue has an instrument: name some in [[market]] or [[instrument]]"));
    }
    let place = Place::new(&config.engine.shm).map_err(Failure::usage)?;
    let clock = WallClock::anchored_now();
    let driver = setup::paper_driver(config, &universe).map_err(Failure::usage)?;
    let tables = publish::Tables::new(&universe, &driver);
    let readers = topology::reader_threads(&config.threads, lines.len());
    let mut writer = region(&place, &universe, &lines, readers, &tables, clock.now_ns())?;
    let feeds = std::mem::take(&mut writer.feeds);
    // After the region, whose lock makes its name ours.
    let halt_file = &config.engine.halt_file;
    let control = Control::create_with(&place, halt_file, clock.now_ns(), passing).map_err(Failure::other)?;
    // Once more: venues may have taken their time to answer. From here on whoever halts finds us.
    refuse_while_halted(config)?;
    // After the region too: a run that does not start leaves no session.
    let (journal, journal_dir) = begin_journal(config, &facts, clock.now_ns())?;
    let threads = Threads {
        config,
        universe: Arc::clone(&universe),
        lines,
        clock: clock.clone(),
        driver,
        tables,
        keep_rows: arguments.output.opportunities.is_some(),
        control,
        halt_flag: signals.halt_flag(),
        journal,
    };
    let (owner, running) = threads.start(writer)?;
    let reader = Reader::open(&place).map_err(Failure::other)?;
    let status = StatusLine::new(reader.clone(), config.risk.currency.clone());
    let notify = Notify::new(running.pulse.clone());
    notify.ready();
    let session = Session {
        config,
        universe,
        signals,
        log,
        clock,
        owner,
        feeds,
        running,
        status,
        notify,
        reader,
        stopped: 0,
        refused: None,
        journal_dir,
        journal_told: false,
        steal_ms: report::flight::steal_ms(),
    };
    session.run(arguments)
}

/// The session's journal with its description, where the config asks for one.
fn begin_journal(
    config: &Config,
    facts: &universe::FactsByVenue,
    now_ns: u64,
) -> Result<(Option<crosstick_ipc::journal::Writer>, Option<PathBuf>), Failure> {
    let Some(dir) = &config.journal.dir else { return Ok((None, None)) };
    let durable = config.journal.fsync != Fsync::None;
    let writer = journal::session::Session::new(config, facts, now_ns)
        .begin(dir, config.journal.segment_bytes, durable)
        .map_err(|e| Failure::other(format!("[journal] dir: {e}")))?;
    let session_dir = writer.dir().to_path_buf();
    tracing::info!("journal: {}", session_dir.display());
    Ok((Some(writer), Some(session_dir)))
}

fn refuse_while_halted(config: &Config) -> Result<(), Failure> {
    let path = &config.engine.halt_file;
    let Some(was) = halt::read(path).map_err(Failure::other)? else {
        return halt::probe(path).map_err(Failure::usage);
    };
    let text = format!(
        "trading is halted by {} ({}) and stays so until: crosstick resume --reason TEXT [--config FILE]; the halt file \
         is {}",
        was.code,
        was.reason,
        path.display()
    );
    Err(Failure::new(Code::Halted, text))
}

fn region(
    place: &Place,
    universe: &Universe,
    lines: &[crosstick_feeds::LineSpec],
    readers: usize,
    tables: &publish::Tables,
    now_ns: u64,
) -> Result<Writer, Failure> {
    let lines: Vec<_> = lines.iter().map(|l| (l.venue, l.line)).collect();
    let mut stages = flight::CORE_STAGES.to_vec();
    let turns = topology::turn_rows(readers);
    // Inline the core thread reads as well.
    for _ in 0..readers.max(1) {
        stages.extend(flight::READER_STAGES);
    }
    let build = format!("{} {}", Build::THIS.version, Build::THIS.commit);
    let mode = layout::Mode::Paper;
    let (stages, turns, worst_ticks) = (&stages, &turns, flight::WORST);
    let shape = Shape {
        lines: &lines,
        stages,
        turns,
        worst_ticks,
        mode,
        build: build.trim_end(),
        now_ns,
        ..Shape::of(universe)
    };
    Writer::create(place, &tables.shape(shape)).map_err(Failure::other)
}

/// A run under way, as the main thread sees it.
struct Session<'a> {
    config: &'a Config,
    universe: Arc<Universe>,
    signals: Signals,
    log: Log,
    clock: WallClock,
    owner: Owner,
    feeds: Vec<FeedWriter>,
    running: Running,
    status: StatusLine,
    notify: Notify,
    reader: Reader,
    /// Sockets that will not be tried again.
    stopped: usize,
    /// Why the last of them was given up.
    refused: Option<Failure>,
    /// The session's journal.
    journal_dir: Option<PathBuf>,
    /// The journal's trouble was told.
    journal_told: bool,
    /// What the hypervisor had taken before the run, ms.
    steal_ms: Option<u64>,
}

impl Session<'_> {
    fn run(mut self, arguments: &RunArgs) -> Outcome {
        self.owner.set_state(State::Running);
        let started = Instant::now();
        let ended = loop {
            self.turn();
            if self.signals.stop() {
                break "signal";
            }
            if arguments.duration.is_some_and(|d| started.elapsed() >= d) {
                break "duration";
            }
            if self.running.sockets > 0 && self.stopped >= self.running.sockets {
                break "input";
            }
            if self.running.broken() {
                self.refused = Some(Failure::other("a thread ended by itself; this is a bug, please report it"));
                break "input";
            }
            // What connections tell is printed when it happens; without any, this is a sleep.
            match self.running.events.recv_timeout(TURN) {
                Ok(event) => self.tell(&event),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => thread::sleep(TURN),
            }
        };
        let took = started.elapsed();
        self.end(ended, took, arguments)
    }

    /// One look at everything.
    fn turn(&mut self) {
        while let Ok(event) = self.running.events.try_recv() {
            self.tell(&event);
        }
        self.show_feeds();
        self.clock.note_drift();
        self.owner.beat(self.clock.now_ns());
        self.look_at_halts();
        self.status.turn();
        self.notify.turn(self.status.shown());
        if self.signals.take_reopen() {
            match self.log.reopen() {
                Ok(()) => tracing::info!("log reopened"),
                Err(error) => tracing::error!("the log could not be reopened: {error}"),
            }
        }
    }

    fn tell(&mut self, event: &Event) {
        self.status.clear();
        if let Some(failure) = connect::tell(&self.universe, event) {
            self.stopped += 1;
            self.refused = Some(failure);
        }
    }

    fn show_feeds(&mut self) {
        for (line, writer) in self.running.lines.iter().zip(&mut self.feeds) {
            let stats = line.read();
            let row = layout::FeedRow {
                connected: stats.live as u32,
                frames: stats.frames,
                bytes: stats.bytes,
                trades: stats.trades,
                quotes: stats.quotes,
                other: stats.other,
                fast_path: stats.fast_path,
                refused: stats.refused_total(),
                trade_gaps: stats.trade_gaps,
                trade_duplicates: stats.trade_duplicates,
                connects: stats.connects,
                ring_full: stats.ring_full,
                last_recv_ns: stats.last_recv_ns,
                lag_us: stats.lag_us,
                ..writer.row()
            };
            writer.publish(&row);
        }
    }

    fn look_at_halts(&mut self) {
        if !self.journal_told
            && let Ok(trouble) = self.running.journal_trouble.try_lock()
            && let Some(trouble) = &*trouble
        {
            self.journal_told = true;
            self.status.clear();
            tracing::error!("the journal is in trouble, trading halts: {trouble}");
        }
        self.running.keeper.turn(&mut self.owner, &self.status);
    }

    fn end(mut self, ended: &'static str, took: Duration, arguments: &RunArgs) -> Outcome {
        self.status.clear();
        let drift_us = self.clock.drift_ns() / 1000;
        self.notify.stopping();
        self.running.stop();
        // The core may take seconds, and may still halt: its end is watched like its life.
        while !self.running.is_over() {
            self.owner.beat(self.clock.now_ns());
            self.look_at_halts();
            self.notify.ending();
            thread::sleep(Duration::from_millis(1));
        }
        let joined = self.running.join();
        self.look_at_halts();
        let mut end = joined?;
        while let Ok(event) = self.running.events.try_recv() {
            self.tell(&event);
        }
        self.show_feeds();
        self.look_at_halts();
        self.tell_kernel_time();
        tracing::info!("the wall clock drifted by {drift_us} µs from the system clock's");

        let journal = self.running.join_journal()?;
        self.look_at_halts();
        let mut report = self.report(&end, ended, took);
        report.journal = self.journal_dir.take().zip(journal).map(|(dir, end)| JournalReport {
            dir: dir.display().to_string(),
            entries: end.entries,
            bytes: end.bytes,
            lost: end.lost,
            trouble: end.trouble,
        });
        // In words first: a full disk takes the files, not what is on the screen.
        out::text(report.words());
        let report_written = arguments.output.report.as_ref().map_or(Ok(()), |path| {
            report.write_json(path).map_err(|e| Failure::other(format!("--report {}: {e}", path.display())))
        });
        if let (Some(path), Some(rows)) = (&arguments.output.opportunities, &mut end.rows) {
            csv::write(path, rows, &self.universe)
                .map_err(|e| Failure::other(format!("--opportunities {}: {e}", path.display())))?;
        }
        report_written?;
        match self.refused.take().filter(|_| ended == "input") {
            Some(failure) => Err(failure),
            None if self.running.keeper.is_halted() => Ok(Code::Halted),
            None => Ok(Code::Done),
        }
    }

    /// Receive times that were asked for and did not come are told.
    fn tell_kernel_time(&self) {
        let told = || self.reader.latency().iter().any(|stage| stage.name == "kernel" && stage.counted.count() > 0);
        if self.config.threads.kernel_time && !told() {
            let refused: u64 = self.running.lines.iter().map(|line| line.read().kernel_time_refused).sum();
            tracing::warn!(
                "[threads] kernel_time: the kernel told no receive times ({refused} sockets refused SO_TIMESTAMPNS), so \
                 the stage `kernel` is missing"
            );
        }
    }

    /// What the hypervisor took during the run, ms.
    fn stolen_ms(&self) -> Option<u64> {
        Some(report::flight::steal_ms()?.saturating_sub(self.steal_ms?))
    }

    fn report(&self, end: &seat::CoreEnd, ended: &'static str, took: Duration) -> SessionReport {
        let trading = report::assemble::trading(&self.universe, &self.config.risk.currency, &end.driver);
        let halt = trading.halt.as_ref().map(|h| HaltReport { code: h.code.clone(), reason: h.reason.clone() });
        SessionReport {
            duration_s: took.as_secs_f64(),
            ended,
            halt,
            feeds: self.running.lines.iter().map(|l| report::assemble::feed(&self.universe, l)).collect(),
            latency_ns: report::assemble::latency(&self.reader),
            worst_ticks: report::flight::worst(&self.universe, &self.reader),
            overlong_turns: report::flight::overlong(&self.reader, self.stolen_ms()),
            ..trading
        }
    }
}
