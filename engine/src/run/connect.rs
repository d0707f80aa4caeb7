//! What the venues say of their instruments, which sockets each line needs, and what connections tell. Cold.

use std::collections::BTreeMap;
use std::sync::mpsc;
use std::thread;

use crosstick_feeds::connection::AttemptBudget;
use crosstick_feeds::decode::TimeUnit;
use crosstick_feeds::facts::{self, Facts, FactsError};
use crosstick_feeds::{
    Environment, Event, EventKind, LineSpec, Remedy, Rules, SocketOptions, StreamKind, TlsClient, endpoints,
};
use crosstick_model::Universe;

use crate::clock::system_ns;
use crate::config::{self, Config, Stream};
use crate::exit::{Code, Failure};
use crate::signals::Signals;

/// Logs what a connection tells. Where its socket will not be tried again: why, as the command would end for it alone.
pub fn tell(universe: &Universe, event: &Event) -> Option<Failure> {
    let venue = &universe.venue(event.venue).name;
    match &event.kind {
        EventKind::Stopped { reason } => {
            let code = match reason.remedy() {
                Remedy::VenueRefused => Code::Refused,
                Remedy::FixConfig => Code::Usage,
                Remedy::Retry => Code::Failure,
            };
            tracing::error!("{venue}: {}", event.kind);
            return Some(Failure::new(code, format!("{venue}: {reason}")));
        }
        EventKind::Disconnected { .. } | EventKind::SilentStream { .. } | EventKind::SubscriptionRefused { .. } => {
            tracing::warn!("{venue}: {}", event.kind);
        }
        _ => tracing::info!("{venue}: {}", event.kind),
    }
    None
}

/// Facts of every venue that has something to ask for, asked at the same time.
///
/// # Errors
/// The first venue that gave no facts and left no copy of earlier ones.
pub fn facts(config: &Config, signals: &Signals) -> Result<BTreeMap<String, Facts>, Failure> {
    let (tell, answers) = mpsc::channel();
    let asks = config::universe::asks(config);
    let mut asked = asks.len();
    for (venue, ask) in asks {
        let name = config.venues[venue].name.clone();
        tracing::info!("{name}: asking {} for the facts of {} symbols", ask.rest_url, ask.symbols.len());
        let copy = facts::cache_path(&config.engine.state_dir, &name);
        let tell = tell.clone();
        let asking = thread::Builder::new().name("ct-facts".into());
        asking
            .spawn(move || {
                let loaded = facts::load(&ask, &copy);
                // Nobody listens any more when the start was given up.
                let _ = tell.send((name, loaded));
            })
            .map_err(Failure::other)?;
    }
    drop(tell);

    let mut all = BTreeMap::new();
    while asked > 0 {
        match answers.recv_timeout(std::time::Duration::from_millis(50)) {
            Ok((name, Ok(loaded))) => {
                asked -= 1;
                for notice in &loaded.notices {
                    tracing::warn!("{name}: {notice}");
                }
                tracing::info!("{name}: facts of {} symbols", loaded.facts.symbols.len());
                all.insert(name, loaded.facts);
            }
            Ok((name, Err(error))) => return Err(refused(&name, &error)),
            Err(mpsc::RecvTimeoutError::Timeout) if signals.stop() => {
                return Err(Failure::other("stopped before the venues had answered"));
            }
            Err(mpsc::RecvTimeoutError::Timeout) => {}
            Err(mpsc::RecvTimeoutError::Disconnected) => break,
        }
    }
    Ok(all)
}

fn refused(name: &str, error: &FactsError) -> Failure {
    let code = match (error.refused_by_venue(), error.config_is_wrong()) {
        (true, _) => Code::Refused,
        (_, true) => Code::Usage,
        _ => Code::Failure,
    };
    Failure::new(code, format!("{name}: {error}"))
}

/// One specification a line of every venue that has instruments.
///
/// # Errors
/// A URL, CA file or stream that cannot be used.
pub fn lines(config: &Config, universe: &Universe) -> Result<Vec<LineSpec>, Failure> {
    // The venue counts attempts, and bans, per address of ours and host of its own.
    let mut budgets: BTreeMap<String, AttemptBudget> = BTreeMap::new();
    let mut specs = Vec::new();
    for venue in &config.venues {
        let Some(id) = universe.find_venue(&venue.name).map(|v| v.id) else { continue };
        let ours: Vec<_> = universe.instruments.iter().filter(|i| i.venue == id).collect();
        if ours.is_empty() {
            tracing::warn!("{}: no instrument of it is configured; it is not connected to", venue.name);
            continue;
        }
        let fault = |error: crosstick_feeds::ConfigError| Failure::usage(format!("{}: {error}", venue.name));
        let environment = match venue.environment {
            config::Environment::Mainnet => Environment::Mainnet,
            config::Environment::Testnet => Environment::Testnet,
            config::Environment::Demo => Environment::Demo,
            config::Environment::Custom => Environment::Custom(venue.stream_url.as_deref().unwrap_or_default()),
        };
        let streams: Vec<StreamKind> = venue
            .streams
            .iter()
            .map(|stream| match stream {
                Stream::Trade => StreamKind::Trade,
                Stream::AggTrade => StreamKind::AggTrade,
                Stream::BookTicker => StreamKind::BookTicker,
            })
            .collect();
        let symbols = ours.iter().map(|i| (i.id, &*i.symbol));
        let unit = TimeUnit::Milli;
        let sockets = endpoints::plan(venue.protocol, environment, unit, &streams, symbols).map_err(fault)?;
        for plan in &sockets {
            tracing::info!("{}: {} streams on {}", venue.name, plan.subscriptions.len(), plan.endpoint);
        }
        let host = sockets.first().map_or_else(String::new, |plan| plan.endpoint.host().to_owned());
        let port = sockets.first().map_or(0, |plan| plan.endpoint.port());
        let attempts = budgets.entry(format!("{host}:{port}")).or_insert_with(AttemptBudget::binance).clone();
        let tls = TlsClient::new(venue.tls_ca.as_deref()).map_err(fault)?;
        specs.push(LineSpec {
            venue: id,
            protocol: venue.protocol,
            line: 0,
            unit,
            sockets,
            symbols: ours.iter().map(|i| (i.symbol.clone(), i.id, i.scale)).collect(),
            rules: Rules::of(venue.protocol),
            tls,
            options: SocketOptions { kernel_time: config.threads.kernel_time, ..SocketOptions::default() },
            attempts,
            seed: seed(),
        });
    }
    Ok(specs)
}

/// Spreads reconnects of many engines: needs to differ, not to be secret.
fn seed() -> u64 {
    system_ns() ^ u64::from(std::process::id()).rotate_left(40)
}
