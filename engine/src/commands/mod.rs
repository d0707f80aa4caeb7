//! The short commands: `check`, `init`, `config explain`, `status`, `top`, `halt`, `resume`, `sim`, `doctor`. Cold,
//! main thread.

pub mod doctor;
pub mod halt;
pub mod journal;
pub mod resume;
pub mod sim;
mod sim_config;
mod sim_recording;
pub mod status;
mod target;
pub mod top;

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::Path;

use crosstick_feeds::TlsClient;

use crate::config::{self, Config, Overrides, universe};
use crate::exit::{Code, Failure, Outcome};
use crate::out;

/// `crosstick check FILE`: all mistakes at once, or the effective values.
///
/// # Errors
/// When the config is wrong.
pub fn check(file: &Path) -> Outcome {
    let config = Config::load(Some(file), &Overrides::from_process()).map_err(Failure::usage)?;
    let asks = universe::asks(&config);
    if asks.is_empty() {
        // All is stated: what venues would have to say cannot change the verdict.
        universe::build(&config, &universe::FactsByVenue::new(), universe::Unknown::Refused).map_err(Failure::usage)?;
    }
    for venue in &config.venues {
        TlsClient::new(venue.tls_ca.as_deref())
            .map_err(|e| Failure::usage(format!("{}: {}: {e}", file.display(), venue.name)))?;
    }
    out::text(config.effective());
    for note in notes(&config) {
        out::line(format_args!("# note: {note}"));
    }
    for (venue, ask) in &asks {
        let name = &config.venues[*venue].name;
        out::line(format_args!("# {name}: run asks {} for the facts of {} symbols", ask.rest_url, ask.symbols.len()));
    }
    out::line(format_args!("# {}: good", file.display()));
    Ok(Code::Done)
}

/// What is allowed and probably not meant: limits under which no pair can ever be sent.
fn notes(config: &Config) -> Vec<String> {
    let (risk, strategy) = (&config.risk, &config.strategy);
    let mut notes = Vec::new();
    if !strategy.trade || config.markets.is_empty() {
        return notes;
    }
    for (name, limit) in
        [("max_open_orders", risk.max_open_orders), ("max_orders_per_second", risk.max_orders_per_second)]
    {
        if limit < 2 {
            notes.push(format!("[risk] {name} = {limit}: a pair is two orders, so none will ever be sent"));
        }
    }
    for (name, limit) in [
        ("max_order_notional", risk.max_order_notional),
        ("max_position_notional", risk.max_position_notional),
        ("max_gross_notional", risk.max_gross_notional),
    ] {
        if limit < strategy.max_notional {
            notes.push(format!(
                "[risk] {name} = {limit} is below [strategy.spread] max_notional = {}: full-sized pairs will be denied",
                strategy.max_notional
            ));
        }
    }
    notes
}

/// `crosstick init [FILE]`: a commented config to start from; never overwrites.
///
/// # Errors
/// When the file is there already or cannot be written.
pub fn init(file: &Path) -> Outcome {
    let mut target = OpenOptions::new().write(true).create_new(true).open(file).map_err(|e| match e.kind() {
        ErrorKind::AlreadyExists => {
            Failure::usage(format!("{} is there already; name another file: crosstick init FILE", file.display()))
        }
        _ => Failure::other(format!("{}: {e}", file.display())),
    })?;
    target
        .write_all(config::INIT_TEMPLATE.as_bytes())
        .map_err(|e| Failure::other(format!("{}: {e}", file.display())))?;
    out::line(format_args!("wrote {0}; next: crosstick check {0}, then crosstick run --config {0}", file.display()));
    Ok(Code::Done)
}

/// `crosstick config explain [KEY]`.
///
/// # Errors
/// When no key contains `key`.
pub fn explain(key: Option<&str>) -> Outcome {
    let text = config::explain(key);
    if text.trim().is_empty() {
        let key = key.unwrap_or_default();
        return Err(Failure::usage(format!("no key contains {key:?}; crosstick config explain lists all")));
    }
    out::text(text);
    Ok(Code::Done)
}
