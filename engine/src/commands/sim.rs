//! `crosstick sim`: simulated venues on loopback, until stopped. Cold; the venues run on a thread of their own.

use std::collections::BTreeSet;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::thread;
use std::time::{Duration, Instant};

use crosstick_sim::{AccountKeys, AtEnd, Endpoint, ReplayFile, ReplaySpec, Sim, SimConfig, SimStats, Source, Speed};

use super::sim_config;
use super::sim_recording::Cut;
use crate::cli::SimArgs;
use crate::data::{Source as FileArgument, distinct};
use crate::exit::{Code, Failure, Outcome};
use crate::export::place::Inputs;
use crate::log::Log;
use crate::out;
use crate::record::format::is_recording;
use crate::signals::Signals;

/// How often the progress line is renewed.
const PROGRESS_EVERY: Duration = Duration::from_secs(5);
/// Where the CA is written when nobody says where.
const CA_FILE: &str = "crosstick-sim-ca.pem";
/// Where accounts' keys are kept when nobody says where.
const KEYS_DIR: &str = "crosstick-sim-keys";

/// Runs the venues until they end, a signal comes, or the duration is over.
///
/// # Errors
/// When they cannot be started.
pub fn command(arguments: &SimArgs) -> Outcome {
    let served: Vec<FileArgument> = arguments.replay.iter().map(|file| FileArgument::parse(file)).collect();
    let inputs = Inputs::of(arguments.config.as_deref(), &served);
    for (flag, path) in [("--write-config", &arguments.write_config), ("--ca", &arguments.ca)] {
        path.iter().try_for_each(|path| inputs.spare(flag, path))?;
    }
    let _log = Log::start(None).map_err(Failure::other)?;
    let signals = Signals::install().map_err(Failure::other)?;
    let started = Instant::now();
    let (config, _cut) = config(arguments)?;
    let ca = config.ca_pem_path.clone();
    let handle = Sim::start(config).map_err(Failure::other)?;
    for venue in handle.venues() {
        out::line(format_args!("{}: {} at {} and {}", venue.name, venue.protocol, venue.stream_url, venue.rest_url));
        if let Some(url) = &venue.api_url {
            out::line(format_args!("{}: WebSocket API at {url}", venue.name));
        }
    }
    for keys in handle.keys() {
        tell_keys(keys);
    }
    if let Some(url) = handle.control_url() {
        out::line(format_args!("control API at {url}: faults and listings; curl {url} says how"));
    }
    if let Some(ca) = &ca {
        out::line(format_args!("clients must trust the CA in {}", ca.display()));
    }
    if let Some(path) = &arguments.write_config {
        let text = sim_config::text(handle.venues(), ca.as_deref());
        fs::write(path, text).map_err(|e| Failure::other(format!("--write-config {}: {e}", path.display())))?;
        out::line(format_args!("wrote {0}; next: crosstick run --config {0}", path.display()));
    }
    if arguments.config.is_none() {
        let end = if arguments.repeat { "starts again at its end" } else { "ends by itself" };
        out::line(format_args!("the recording begins when every venue has a subscriber, and {end}"));
    }

    let mut told = Instant::now();
    while !handle.is_finished() && !signals.stop() && arguments.duration.is_none_or(|d| started.elapsed() < d) {
        thread::sleep(Duration::from_millis(20));
        if told.elapsed() >= PROGRESS_EVERY {
            told = Instant::now();
            out::line(summary(&handle.stats()));
        }
    }
    let stats = if handle.is_finished() { handle.join() } else { handle.stop() };
    out::line(summary(&stats));
    if stats.lines_unserved > 0 {
        let lines = stats.lines_unserved;
        out::line(format_args!("{lines} recorded lines are of no stream (snapshots, answers) and were not served"));
    }
    Ok(Code::Done)
}

/// Names an account's keys. They are printed because they are worth nothing: no other venue knows them.
fn tell_keys(of: &AccountKeys) {
    let AccountKeys { account, keys, .. } = of;
    let at = of.venue.as_deref().unwrap_or("every venue");
    out::line(format_args!("account {account} on {at}, keys for these simulated venues alone:"));
    out::line(format_args!("  HMAC     {} secret {}", keys.hmac_key, keys.hmac_secret));
    for (kind, key, pem) in [("Ed25519 ", &keys.ed25519_key, &of.ed25519_pem), ("RSA     ", &keys.rsa_key, &of.rsa_pem)]
    {
        let pem = pem.as_ref().map_or_else(String::new, |p| format!(" private key {}", p.display()));
        out::line(format_args!("  {kind} {key}{pem}"));
    }
}

/// The venues, and what must be there as long as they are served.
fn config(arguments: &SimArgs) -> Result<(SimConfig, Cut), Failure> {
    let mut cut = Cut::default();
    let mut config = match &arguments.config {
        Some(path) => crate::config::sim::load(path).map_err(Failure::usage)?,
        None => SimConfig::new(Source::Recorded(recorded(arguments, &mut cut)?)),
    };
    config.control = config.control.or(Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))));
    config.endpoints = endpoints(&config, arguments)?;
    let needed = arguments.config.is_none() || arguments.write_config.is_some();
    let file = arguments.ca.clone().or(config.ca_pem_path).or_else(|| needed.then(|| CA_FILE.into()));
    if !config.accounts.is_empty() && config.keys_dir.is_none() {
        config.keys_dir = Some(KEYS_DIR.into());
    }
    config.ca_pem_path = file.filter(|_| config.endpoints.iter().any(|e| e.tls.is_some()));
    Ok((config, cut))
}

/// Where each venue listens: what the config says, with ports and plain text as the flags say.
fn endpoints(config: &SimConfig, arguments: &SimArgs) -> Result<Vec<Endpoint>, Failure> {
    let names = venue_names(config);
    if arguments.port.len() > names.len() {
        let text = format!("--port: {} ports for {} venues: {}", arguments.port.len(), names.len(), names.join(", "));
        return Err(Failure::usage(text));
    }
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let place = |(index, venue): (usize, String)| {
        let said = config.endpoints.iter().find(|e| e.venue == venue);
        let (tls, plain) = said.map_or((Some(any), None), |e| (e.tls, e.plain));
        let address = tls.or(plain).unwrap_or(any);
        let port = arguments.port.get(index).copied().unwrap_or(address.port());
        let address = Some(SocketAddr::new(address.ip(), port));
        let encrypted = tls.is_some() && !arguments.plain;
        if encrypted { Endpoint { venue, tls: address, plain } } else { Endpoint { venue, tls: None, plain: address } }
    };
    Ok(names.into_iter().enumerate().map(place).collect())
}

fn recorded(arguments: &SimArgs, cut: &mut Cut) -> Result<ReplaySpec, Failure> {
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
    let mut files = Vec::new();
    for argument in &arguments.replay {
        let source = FileArgument::parse(argument);
        if is_recording(&source.path) {
            files.extend(cut.files_of(&source)?);
            continue;
        }
        // A file without a venue is one of its own, named here so that ports and configs can name it.
        let venue = source.venue.clone().unwrap_or_else(|| distinct(source.stem(), &mut names));
        files.push(ReplayFile { venue: Some(venue), path: source.path });
    }
    let at_end = if arguments.repeat { AtEnd::Stay } else { AtEnd::CloseAfter(arguments.linger) };
    Ok(ReplaySpec { speed, repeat: arguments.repeat, at_end, ..ReplaySpec::new(files) })
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

fn summary(stats: &SimStats) -> String {
    let venues = stats.venues.iter().map(|venue| {
        let published: u64 = venue.published.values().map(|s| s.frames).sum();
        format!("{}: {published} frames published, clients so far: {}", venue.name, venue.clients.len())
    });
    venues.collect::<Vec<_>>().join("; ")
}
