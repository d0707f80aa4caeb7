//! The command line. What is listed here works; nothing else is listed.

mod research;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{ArgGroup, Args, Parser, Subcommand};

use crosstick_model::Reason;

use crate::exit::Failure;
use crate::export::Format;
use crate::export::place::Inputs;
pub use research::{BacktestArgs, SweepArgs};

/// Finds cross-exchange spreads worth money after fees, gates every order through a risk manager, and shows
/// all it knows in shared memory.
///
/// Without a command it runs the demo: simulated venues on this machine, paper orders, no keys, no network.
///
/// Exit codes: 0 done, 1 other failure, 2 bad usage or config, 3 halted by risk, 4 a venue refused us;
/// doctor: 10 advice, 11 something will hurt.
#[derive(Debug, Parser)]
#[command(name = "crosstick", version, about, long_about, max_term_width = 100)]
pub struct Cli {
    /// What to do; left out: run the demo.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the engine; without --config the demo, on simulated venues of its own.
    ///
    /// SIGINT (Ctrl-C) or SIGTERM ends it in order, a second one at once; SIGUSR1 halts trading; SIGHUP, which also
    /// comes when its terminal goes away, reopens the log: the run goes on.
    Run(RunArgs),
    /// Run recorded market data straight through decoders and core, as fast as the machine goes.
    Replay(ReplayArgs),
    /// Run a config over recorded data in virtual time: report, tables, and a page with charts.
    ///
    /// The same core, risk and paper gateway as in a run, fed as fast as the machine goes. The same build, arguments,
    /// config and data give the same bytes in every file of --out: report.json, trades, orders, opportunities and
    /// equity as Parquet, the effective config, and index.html, which opens offline. docs/backtest.md has the columns.
    #[command(after_help = research::BACKTEST_EXAMPLES)]
    Backtest(BacktestArgs),
    /// Run many configs over the same recorded data on all cores, and compare them.
    ///
    /// Data is decoded once; each point is a backtest of its own. Finished points are kept in --out: the same command
    /// goes on where it was stopped. Exit code 0 also where trading halted in some points: the table says where.
    #[command(after_help = research::SWEEP_EXAMPLES)]
    Sweep(SweepArgs),
    /// Keep what venues send, as they send it, for replay, backtest and sim --replay.
    ///
    /// Writes a folder: recording.json with the config and what the venues said of their instruments, and for each
    /// venue zstd files of lines `receive-time-ns frame`, each with an index. SIGINT (Ctrl-C) or SIGTERM ends it in
    /// order; after anything else all but the last second can be read. Exit code 1 when the disk refuses.
    Record(RecordArgs),
    /// Look into a journal, or mend it.
    Journal {
        /// What to do.
        #[command(subcommand)]
        command: JournalCommand,
    },
    /// Put a journalled session into one file, with its checksums; replay and explain read it with --journal FILE.
    Bundle {
        /// A session's folder, or the folder of sessions for the newest in it.
        dir: PathBuf,
        /// The new file, such as session.xtb.
        out: PathBuf,
    },
    /// Say why an opportunity of a journalled session was or was not traded.
    Explain(ExplainArgs),
    /// Serve recorded or generated market data as a venue would, over TLS WebSocket on 127.0.0.1.
    Sim(SimArgs),
    /// Check a config and print its effective values.
    Check {
        /// The config, TOML.
        file: PathBuf,
    },
    /// Write a commented config to start from.
    Init {
        /// Where to; it must not exist yet.
        #[arg(default_value = "crosstick.toml")]
        file: PathBuf,
    },
    /// Explain the config.
    Config {
        /// What about it.
        #[command(subcommand)]
        command: ConfigCommand,
    },
    /// Show what a running engine publishes in shared memory, once.
    Status(StatusArgs),
    /// Watch an engine in the terminal, from its shared memory alone; keys switch panes, sort, pause and halt.
    Top(TopArgs),
    /// Stop trading, closing included, until somebody resumes it; works without an engine as well.
    Halt(HaltArgs),
    /// End a halt, for a reason that is kept; a running engine trades on.
    Resume(ResumeArgs),
    /// Say what keeps this host from being fast, why it matters for a config's threads, and what to do.
    ///
    /// Changes nothing and needs no root; scripts/tune-host does what it advises. Exit codes: 0 fine, 10 advice (costs
    /// latency now and then), 11 something will hurt (costs it all the time, or keeps the engine from running).
    Doctor(DoctorArgs),
}

/// What to explain about the config.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Every key with its type, unit, range, default and meaning.
    Explain {
        /// Only keys that contain this.
        key: Option<String>,
    },
}

/// Where results go.
#[derive(Debug, Default, Args)]
pub struct OutputArgs {
    /// Write the report as JSON.
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// Write every opportunity as a CSV row.
    #[arg(long, value_name = "FILE")]
    pub opportunities: Option<PathBuf>,
}

impl OutputArgs {
    /// That the files can be there at all, and are none that is read, so that nobody learns it when a long run is over.
    ///
    /// # Errors
    /// Names the flag and what is in the way.
    pub fn check(&self, inputs: &Inputs) -> Result<(), Failure> {
        for (flag, path) in [("--report", &self.report), ("--opportunities", &self.opportunities)] {
            let Some(path) = path else { continue };
            inputs.spare(flag, path)?;
            let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
            if path.is_dir() {
                let text = format!("{flag} {}: this is a folder; name a file in it", path.display());
                return Err(Failure::usage(text));
            }
            if !folder.is_dir() {
                let text = format!("{flag} {}: there is no folder {}; make it first", path.display(), folder.display());
                return Err(Failure::usage(text));
            }
        }
        Ok(())
    }
}

/// `crosstick run`.
#[derive(Debug, Default, Args)]
pub struct RunArgs {
    /// The config, TOML; left out: the demo.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Stop by itself after this long, such as 500ms, 30s, 10m, 1h 30m.
    #[arg(long, value_parser = parse_duration)]
    pub duration: Option<Duration>,
    /// Where results go.
    #[command(flatten)]
    pub output: OutputArgs,
    /// Seed of the demo's market flow (the demo only).
    #[arg(long, default_value_t = 1, conflicts_with = "config")]
    pub seed: u64,
    /// Allow live trading (not built yet; refused).
    #[arg(long, hide = true)]
    pub live: bool,
}

/// `crosstick replay`.
#[derive(Debug, Args)]
pub struct ReplayArgs {
    /// The config, TOML; left out: each file is a venue of its own, and frames are counted.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Recorded frames (lines of a receive time of 16 digits µs or 19 digits ns, a blank, a frame), a folder of
    /// `crosstick record`, a journalled session or bundle, or rows: trades, aggTrades and bookTicker files of
    /// data.binance.vision, and CSV whose header names its columns. Plain, zstd, gzip, or zip.
    #[arg(required_unless_present = "journal", value_name = "[VENUE[:SYMBOL]=]PATH")]
    pub files: Vec<String>,
    /// Run a journalled session again instead: a session's folder, or the folder of sessions for the newest in it.
    ///
    /// With --verify, on all its recorded inputs. Without, on its recorded ticks and commands with a paper gateway of
    /// its own, beside what was done: a table of what --set would have changed.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["config", "files", "report", "opportunities"])]
    pub journal: Option<PathBuf>,
    /// Compare every decision and every state hash with the journal's; exit code 1 when anything differs or is damaged.
    #[arg(long, requires = "journal")]
    pub verify: bool,
    /// Another value for a key of the journalled config, such as strategy.spread.min_edge_bps=2 or
    /// venue.binance.fees.taker_bps=5; may be given more than once.
    #[arg(long, value_name = "KEY=VALUE", requires = "journal", conflicts_with = "verify")]
    pub set: Vec<String>,
    /// Where results go.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// `crosstick record`.
#[derive(Debug, Args)]
pub struct RecordArgs {
    /// The config, TOML: its venues, instruments and streams are recorded.
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
    /// The folder to write; it must be empty or not exist yet.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Stop by itself after this long, such as 500ms, 30s, 10m, 1h 30m.
    #[arg(long, value_parser = parse_duration)]
    pub duration: Option<Duration>,
    /// Begin a new file when one has this many MiB on disk.
    #[arg(long, value_name = "MIB", default_value_t = 256, value_parser = parse_mib())]
    pub roll_mib: u64,
    /// Begin a new file when one is this old.
    #[arg(long, value_name = "DURATION", value_parser = parse_duration, default_value = "1h")]
    pub roll_every: Duration,
}

/// `crosstick journal`.
#[derive(Debug, Subcommand)]
pub enum JournalCommand {
    /// The sessions in a folder: start, length, inputs, decisions, size, and whether they ended in order.
    Ls {
        /// The folder of sessions, or a session's folder.
        dir: PathBuf,
    },
    /// What a session holds: entries by kind, rates, bytes, the description it begins with.
    Stat {
        /// A session's folder, or the folder of sessions for the newest in it.
        dir: PathBuf,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// A session's entries in words, one a line: number, kind, content.
    Cat {
        /// A session's folder, or the folder of sessions for the newest in it.
        dir: PathBuf,
        /// Begin at the entry of this number.
        #[arg(long, value_name = "SEQ", default_value_t = 0)]
        from: u64,
        /// So many entries at most.
        #[arg(long, value_name = "N")]
        count: Option<u64>,
        /// Decisions, reports, timers and commands only; ticks are the rest.
        #[arg(long)]
        no_ticks: bool,
    },
    /// A session as tables for pandas, polars, DuckDB or a spreadsheet: ticks, opportunities, intents, verdicts,
    /// orders, reports, fills, commands, halts.
    ///
    /// Prices, quantities and amounts are exact decimals, times are ns since the epoch, and every row has the number of
    /// its record, as `journal cat` prints it. For example: crosstick journal export runs/ --out tables/
    Export {
        /// A session's folder, the folder of sessions for the newest in it, or a bundle.
        dir: PathBuf,
        /// What to write.
        #[arg(long, value_enum, default_value = "parquet")]
        format: Format,
        /// The folder of tables; made if need be. An earlier export's files are replaced, once all are whole;
        /// no others are.
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
    /// Mend a session after an accident: cut its torn tail off, rename segments that cannot be read, say what is lost.
    Recover {
        /// A session's folder, or the folder of sessions for the newest in it.
        dir: PathBuf,
    },
}

/// `crosstick explain`.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("which").required(true).args(["seq", "opportunity", "at"])))]
pub struct ExplainArgs {
    /// A session's folder, or the folder of sessions for the newest in it.
    #[arg(long, value_name = "DIR")]
    pub journal: PathBuf,
    /// Number of a record of the journal (`crosstick journal cat --no-ticks` lists them): a decision about the
    /// opportunity, a report of one of its orders, or an input that led to one.
    #[arg(value_name = "SEQ")]
    pub seq: Option<u64>,
    /// Number of the opportunity instead.
    #[arg(long, value_name = "N")]
    pub opportunity: Option<u64>,
    /// A time instead, such as 2026-03-01T12:00:00.25Z, or ns since the epoch: every opportunity that was open then, or
    /// why there was none.
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub at: Option<u64>,
    /// As JSON.
    #[arg(long)]
    pub json: bool,
}

/// `crosstick sim`.
#[derive(Debug, Args)]
pub struct SimArgs {
    /// Simulated venues, TOML.
    #[arg(long, value_name = "FILE", required_unless_present = "replay", conflicts_with_all = ["replay", "speed"])]
    pub config: Option<PathBuf>,
    /// Recorded frames to serve: files of frames, or a folder of `crosstick record`.
    #[arg(long, value_name = "[VENUE=]PATH", num_args = 1..)]
    pub replay: Vec<String>,
    /// The recorded pace times this, or `max`: as fast as the clients take it.
    #[arg(long, value_name = "N|max", default_value = "1")]
    pub speed: String,
    /// Start again at the end instead of stopping.
    #[arg(long = "loop", requires = "replay")]
    pub repeat: bool,
    /// Keep connections open this long after the last frame.
    #[arg(long, value_parser = parse_duration, default_value = "2s")]
    pub linger: Duration,
    /// Stop by itself after this long.
    #[arg(long, value_parser = parse_duration)]
    pub duration: Option<Duration>,
    /// Listen on these ports, one a venue; left out: ports that the system hands out.
    #[arg(long, value_name = "PORT")]
    pub port: Vec<u16>,
    /// Where to write the private CA that clients must trust; left out: what the config says, else
    /// crosstick-sim-ca.pem here.
    #[arg(long, value_name = "FILE", conflicts_with = "plain")]
    pub ca: Option<PathBuf>,
    /// Serve plain ws:// and http:// instead of TLS.
    #[arg(long)]
    pub plain: bool,
    /// Also write a config for `crosstick run` that names these venues and their URLs.
    #[arg(long, value_name = "FILE")]
    pub write_config: Option<PathBuf>,
}

/// `crosstick status`.
#[derive(Debug, Args)]
pub struct StatusArgs {
    /// Which engine.
    #[command(flatten)]
    pub engine: EngineArgs,
    /// As JSON.
    #[arg(long)]
    pub json: bool,
}

/// `crosstick top`.
#[derive(Debug, Args)]
pub struct TopArgs {
    /// Which engine; it need not be there yet.
    #[command(flatten)]
    pub engine: EngineArgs,
    /// Time between two looks, 50ms to 1m.
    #[arg(long, value_parser = parse_interval, default_value = "200ms")]
    pub interval: Duration,
    /// The pane to begin with: its number or the beginning of its name (1 Overview, 2 Feeds, 3 Prices, 4 Edges,
    /// 5 Opportunities, 6 Orders, 7 Money, 8 Risk, 9 Latency).
    #[arg(long, default_value = "overview")]
    pub pane: String,
    /// Print one frame as text and end; looks twice, half a second apart, so that there are rates.
    #[arg(long)]
    pub once: bool,
    /// Columns and rows of that frame; left out: the terminal's, else 80x24.
    #[arg(long, value_name = "WxH", value_parser = parse_size, requires = "once")]
    pub size: Option<(u16, u16)>,
}

/// `crosstick halt`.
#[derive(Debug, Args)]
pub struct HaltArgs {
    /// Why; kept with the halt. Whatever it is made of, it never keeps trading from being halted.
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<OsString>,
    /// Which engine.
    #[command(flatten)]
    pub engine: EngineArgs,
}

/// `crosstick resume`.
#[derive(Debug, Args)]
pub struct ResumeArgs {
    /// Why trading may go on; kept in the log of halts.
    #[arg(long, value_name = "TEXT", value_parser = parse_reason)]
    pub reason: String,
    /// Which engine.
    #[command(flatten)]
    pub engine: EngineArgs,
}

/// Which engine is meant.
#[derive(Debug, Default, Args)]
pub struct EngineArgs {
    /// Name of its region under /dev/shm; left out: as in the config, else crosstick.
    #[arg(long, value_name = "NAME")]
    pub shm: Option<String>,
    /// Its config, which names region and halt file; left out: a running engine says itself where its halt file is,
    /// else the default state directory.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// `crosstick doctor`.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// The config whose threads are judged; left out: the demo's.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// As JSON.
    #[arg(long)]
    pub json: bool,
    /// Look at the /proc, /sys, /run and /dev below this directory instead of this host's; nothing is measured then.
    #[arg(long, value_name = "DIR")]
    pub root: Option<PathBuf>,
    /// How long jitter is watched.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub seconds: u64,
    /// Measure nothing: look at files alone.
    #[arg(long, conflicts_with = "seconds")]
    pub no_measure: bool,
}

/// Reads a duration such as `500ms`, `30s`, `10m`, `1h 30m`.
///
/// # Errors
/// When it is not one, or not above zero.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    const FORMS: &str = "write a duration with its unit, such as 500ms, 30s, 10m or 1h 30m";
    let parsed: jiff::SignedDuration = text.parse().map_err(|_| FORMS.to_owned())?;
    match Duration::try_from(parsed) {
        Ok(duration) if !duration.is_zero() => Ok(duration),
        _ => Err(format!("a duration must be above zero; {FORMS}")),
    }
}

fn parse_mib() -> clap::builder::RangedU64ValueParser {
    clap::value_parser!(u64).range(1..=1 << 20)
}

fn parse_interval(text: &str) -> Result<Duration, String> {
    let interval = parse_duration(text)?;
    if (Duration::from_millis(50)..=Duration::from_secs(60)).contains(&interval) {
        Ok(interval)
    } else {
        Err("choose something from 50ms to 1m".into())
    }
}

fn parse_size(text: &str) -> Result<(u16, u16), String> {
    const FORM: &str = "write columns and rows as in 120x40, from 1x1 to 1000x1000";
    let parts = text.split_once(['x', 'X']).ok_or(FORM)?;
    let number = |part: &str| part.parse::<u16>().ok().filter(|n| (1..=1000).contains(n)).ok_or(FORM);
    Ok((number(parts.0)?, number(parts.1)?))
}

fn parse_time(text: &str) -> Result<u64, String> {
    if let Ok(ns) = text.parse() {
        return Ok(ns);
    }
    let forms = || "write a time such as 2026-03-01T12:00:00.25Z, or ns since the epoch".to_owned();
    let at: jiff::Timestamp = text.parse().map_err(|_| forms())?;
    u64::try_from(at.as_nanosecond()).map_err(|_| forms())
}

fn parse_reason(text: &str) -> Result<String, String> {
    let reason = Reason::new(text);
    if reason.is_empty() { Err("give a reason in a few words".into()) } else { Ok(reason.text().to_owned()) }
}
