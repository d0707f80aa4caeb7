//! `crosstick sim`: simulated venues on loopback, until stopped. Cold; the venues run on a thread of their own.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use crosstick_sim::{
    AtEnd, Endpoint, ReplayFile, ReplaySpec, Sim, SimConfig, SimHandle, SimStats, Source, Speed, VenueAddress,
};

use crate::cli::SimArgs;
use crate::exit::{Code, Failure, Outcome};
use crate::log::Log;
use crate::replay::{Source as FileArgument, distinct};
use crate::signals::Signals;

/// How often the progress line is renewed.
const PROGRESS_EVERY: Duration = Duration::from_secs(5);

/// Runs the venues until they end, a signal comes, or the duration is over.
///
/// # Errors
/// When they cannot be started.
pub fn command(arguments: &SimArgs) -> Outcome {
    let _log = Log::start(None).map_err(Failure::other)?;
    let signals = Signals::install().map_err(Failure::other)?;
    let started = Instant::now();
    let handle = Sim::start(config(arguments)?).map_err(Failure::other)?;
    describe(&handle, arguments)?;
    if let Some(path) = &arguments.write_config {
        let text = engine_config(handle.venues(), (!arguments.plain).then_some(arguments.ca.as_path()));
        fs::write(path, text).map_err(|e| Failure::other(format!("{}: {e}", path.display())))?;
        println!("wrote {0}; next: crosstick run --config {0}", path.display());
    }

    let mut told = Instant::now();
    while !handle.is_finished() && !signals.stop() && arguments.duration.is_none_or(|d| started.elapsed() < d) {
        thread::sleep(Duration::from_millis(20));
        if told.elapsed() >= PROGRESS_EVERY {
            told = Instant::now();
            println!("{}", summary(&handle.stats()));
        }
    }
    let stats = if handle.is_finished() { handle.join() } else { handle.stop() };
    println!("{}", summary(&stats));
    if stats.lines_unserved > 0 {
        println!(
            "{} recorded lines are no frames of a stream (snapshots, answers) and were not served",
            stats.lines_unserved
        );
    }
    Ok(Code::Done)
}

fn config(arguments: &SimArgs) -> Result<SimConfig, Failure> {
    let mut config = match &arguments.config {
        Some(path) => crate::config::sim::load(path).map_err(Failure::usage)?,
        None => SimConfig::new(Source::Recorded(recorded(arguments)?)),
    };
    if !arguments.plain {
        config.ca_pem_path = Some(arguments.ca.clone());
    }
    if arguments.plain || !arguments.port.is_empty() {
        let names = venue_names(&config);
        if arguments.port.len() > names.len() {
            return Err(Failure::usage(format!("{} ports for {} venues", arguments.port.len(), names.len())));
        }
        let ports = arguments.port.iter().copied().chain(std::iter::repeat(0));
        config.endpoints = names
            .into_iter()
            .zip(ports)
            .map(|(venue, port)| {
                let address = Some(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
                if arguments.plain {
                    Endpoint { venue, tls: None, plain: address }
                } else {
                    Endpoint { venue, tls: address, plain: None }
                }
            })
            .collect();
    }
    Ok(config)
}

fn recorded(arguments: &SimArgs) -> Result<ReplaySpec, Failure> {
    let speed = match arguments.speed.as_str() {
        "max" => Speed::Max,
        number => match number.parse::<f64>() {
            Ok(times) if times.is_finite() && times > 0.0 => Speed::Times(times),
            _ => {
                return Err(Failure::usage(format!(
                    "--speed {number}: give a number above zero, such as 1 or 10, or max"
                )));
            }
        },
    };
    let mut names = BTreeSet::new();
    let files = arguments.replay.iter().map(|argument| {
        let source = FileArgument::parse(argument);
        // A file without a venue is one of its own, named here so that ports and configs can name it.
        let venue = source.venue.clone().unwrap_or_else(|| distinct(source.stem(), &mut names));
        ReplayFile { venue: Some(venue), path: source.path }
    });
    let at_end = if arguments.repeat { AtEnd::Stay } else { AtEnd::CloseAfter(arguments.linger) };
    Ok(ReplaySpec { speed, repeat: arguments.repeat, at_end, ..ReplaySpec::new(files.collect()) })
}

fn venue_names(config: &SimConfig) -> Vec<String> {
    let mut names = Vec::new();
    let all: Vec<String> = match &config.source {
        Source::Generated { spec, .. } => spec.venues.iter().map(|v| v.name.clone()).collect(),
        Source::Recorded(spec) => spec.files.iter().filter_map(|f| f.venue.clone()).collect(),
    };
    for name in all {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

fn describe(handle: &SimHandle, arguments: &SimArgs) -> Result<(), Failure> {
    for venue in handle.venues() {
        println!("{}: {} at {} and {}", venue.name, venue.protocol, venue.stream_url, venue.rest_url);
    }
    if !arguments.plain {
        println!("trust the CA in {}", arguments.ca.display());
    }
    if arguments.config.is_none() && !arguments.repeat {
        println!("the recording starts when every venue has a subscriber, and ends by itself");
    }
    Ok(())
}

/// A config for `crosstick run` that watches these venues: a market for each base that two of them list.
fn engine_config(venues: &[VenueAddress], ca: Option<&Path>) -> String {
    let mut text = String::from("# Written by crosstick sim: the simulated venues that are running now.\n");
    for venue in venues {
        let streams = match venue.protocol {
            crosstick_model::Protocol::BinanceSpot => r#"["trade", "bookTicker"]"#,
            _ => r#"["aggTrade", "bookTicker"]"#,
        };
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "\n[[venue]]\nname = \"{}\"\nprotocol = \"{}\"\nenvironment = \"custom\"\nstreams = {streams}\n\
             stream_url = \"{}\"\nrest_url = \"{}\"\n",
            venue.name, venue.protocol, venue.stream_url, venue.rest_url
        );
        if let Some(ca) = ca {
            let ca = std::path::absolute(ca).unwrap_or_else(|_| ca.to_path_buf());
            let _ = writeln!(text, "tls_ca = {:?}", ca.display().to_string());
        }
    }
    for venue in venues {
        for instrument in &venue.instruments {
            let _ = write!(text, "\n[[instrument]]\nvenue = \"{}\"\nsymbol = \"{}\"\n", venue.name, instrument.symbol);
        }
    }
    text.push_str("\n[strategy]\nname = \"spread\"\ntrade = false\n");
    text
}

fn summary(stats: &SimStats) -> String {
    let venues = stats.venues.iter().map(|venue| {
        let published: u64 = venue.published.values().map(|s| s.frames).sum();
        format!("{}: {published} frames published, {} clients", venue.name, venue.clients.len())
    });
    venues.collect::<Vec<_>>().join("; ")
}
