//! From tables that are right key by key to a config that is right as a whole: contradictions are found here.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crosstick_model::decimal::POW10;
use crosstick_model::{Amount, Decimal};
use crosstick_ring::WaitPolicy;

use super::mistakes::{Mistakes, Place, closest};
use super::read::{Node, Val};
use super::types::{
    Engine, Fsync, Journal, Mode, Paper, PaperCustom, Preset, Risk, Strategy, StrategyName, Stream, Threads, Topology,
};
use super::{Config, build_venue};

/// What the defaults of paths are taken from.
pub(super) struct Surroundings {
    /// Relative paths count from here.
    pub base: PathBuf,
    /// The default of `state_dir`.
    pub state_dir: PathBuf,
}

/// Checks the whole and fills the defaults that depend on other keys.
pub(super) fn config(root: &mut Node, surroundings: &Surroundings, mistakes: &mut Mistakes) -> Config {
    if root.nodes("venue").is_empty() && !root.slot("venue").given {
        mistakes.add(&root.place, "there is no [[venue]]; add one (crosstick init shows how)");
    }
    let engine = engine(root.node_mut("engine"), surroundings);
    let journal = journal(root.node_mut("journal"), surroundings);
    let threads = threads(root.node("threads"), mistakes);
    let risk = risk(root.node("risk"), mistakes);
    let venues: Vec<_> = root
        .nodes_mut("venue")
        .iter_mut()
        .map(|node| build_venue::venue(node, &engine, &risk, &surroundings.base, mistakes))
        .collect();
    doubles(root.nodes("venue"), "name", mistakes);
    doubles(root.nodes("market"), "name", mistakes);
    let instruments = build_venue::instruments(root, &venues, mistakes);
    let markets = build_venue::markets(root, &venues, mistakes);
    let strategy = strategy(root, &engine, mistakes);
    let paper = paper(root.node_mut("paper"), mistakes);
    streams_serve(&strategy, &venues, &markets, root, mistakes);
    Config { engine, journal, threads, venues, instruments, markets, strategy, paper, risk, tree: root.clone() }
}

fn engine(node: &mut Node, surroundings: &Surroundings) -> Engine {
    node.default_to("state_dir", Val::Str(surroundings.state_dir.display().to_string()));
    let state_dir = path(node, "state_dir", &surroundings.base).unwrap_or_default();
    node.default_to("halt_file", Val::Str(state_dir.join("halt").display().to_string()));
    let mode = if node.str("mode") == Some("live") { Mode::Live } else { Mode::Paper };
    Engine {
        mode,
        shm: node.str("shm").unwrap_or("crosstick").to_owned(),
        log: path(node, "log", &surroundings.base),
        halt_file: path(node, "halt_file", &surroundings.base).unwrap_or_default(),
        state_dir,
    }
}

/// A path, relative ones from the directory of the file; the effective value is kept in the tree.
pub(super) fn path(node: &mut Node, key: &str, base: &Path) -> Option<PathBuf> {
    let text = node.str(key)?;
    // What a flag or the environment states counts from where the command was started.
    let whole = match node.slot(key).place {
        Place::File { .. } => base.join(text),
        _ => std::path::absolute(text).unwrap_or_else(|_| text.into()),
    };
    node.replace(key, Val::Str(whole.display().to_string()));
    Some(whole)
}

fn journal(node: &mut Node, surroundings: &Surroundings) -> Journal {
    let number = |key, default| node.int(key).and_then(|n| u64::try_from(n).ok()).unwrap_or(default);
    let fsync = match node.str("fsync") {
        Some("none") => Fsync::None,
        Some("order") => Fsync::Order,
        _ => Fsync::Interval(Duration::from_millis(number("fsync_interval_ms", 1000))),
    };
    let (segment_bytes, budget) = (number("segment_kib", 65_536) << 10, number("budget", 262_144) as usize);
    Journal { dir: path(node, "dir", &surroundings.base), fsync, segment_bytes, budget }
}

fn threads(node: &Node, mistakes: &mut Mistakes) -> Threads {
    let (core, readers) = (node.node("core"), node.node("readers"));
    let topology = if node.str("topology") == Some("inline") { Topology::Inline } else { Topology::Rings };
    if topology == Topology::Inline {
        let told = |key| {
            format!(
                "[threads] readers {key}: topology = \"inline\" has no reader threads; core says where its one thread \
                 runs and how it waits"
            )
        };
        if readers.list("cpus").is_some_and(|cpus| !cpus.is_empty()) {
            mistakes.add(readers.place("cpus"), told("cpus"));
        }
        // The effective config states the default.
        if wait(readers) != WaitPolicy::Auto {
            mistakes.add(readers.place("wait"), told("wait"));
        }
    }
    let cpu = |n: i64| usize::try_from(n).unwrap_or(0);
    let core_cpu = core.int("cpu").map(cpu);
    let mut reader_cpus = Vec::new();
    for item in readers.list("cpus").unwrap_or_default() {
        let Val::Int(n) = item else { continue };
        let n = cpu(*n);
        if reader_cpus.contains(&n) {
            mistakes.add(readers.place("cpus"), format!("[threads] readers cpus: CPU {n} is listed twice"));
        }
        reader_cpus.push(n);
    }
    let (core_wait, reader_wait) = (wait(core), wait(readers));
    let spins = core_wait == WaitPolicy::Spin || reader_wait == WaitPolicy::Spin;
    let apart = topology == Topology::Rings && spins;
    if let Some(n) = core_cpu.filter(|n| apart && reader_cpus.contains(n)) {
        let text =
            format!("[threads] readers cpus: CPU {n} is the core thread's, and one that spins leaves it nothing");
        mistakes.add(readers.place("cpus"), text);
    }
    let kernel_time = node.bool("kernel_time").unwrap_or_default();
    Threads { topology, core_cpu, core_wait, reader_cpus, reader_wait, kernel_time }
}

fn wait(node: &Node) -> WaitPolicy {
    // Any other word was refused when the key was read.
    node.str("wait").and_then(|word| word.parse().ok()).unwrap_or(WaitPolicy::Auto)
}

fn strategy(root: &Node, engine: &Engine, mistakes: &mut Mistakes) -> Strategy {
    let node = root.node("strategy");
    let spread = node.node("spread");
    let last_trade = node.str("name") == Some("last-trade");
    if last_trade && engine.mode == Mode::Live {
        let text = "[strategy] name: \"last-trade\" is never live; write \"spread\", or [engine] mode = \"paper\"";
        mistakes.add(node.place("name"), text);
    }
    let ms = |key: &str| u64::try_from(spread.int(key).unwrap_or(0)).unwrap_or(0);
    Strategy {
        name: if last_trade { StrategyName::LastTrade } else { StrategyName::Spread },
        trade: node.bool("trade").unwrap_or(true),
        min_edge_e8: bps_e8(spread, "min_edge_bps"),
        max_age_ns: ms("max_age_ms") * 1_000_000,
        max_lag_us: spread.int("max_lag_ms").unwrap_or(0) * 1_000,
        max_notional: amount(spread, "max_notional"),
        cooldown_ns: ms("cooldown_ms") * 1_000_000,
    }
}

/// bps with at most 4 decimals as an integer at 1e-8; in range by the key table.
pub(super) fn bps_e8(node: &Node, key: &str) -> i64 {
    node.dec(key).and_then(|d| d.at_scale(4)).unwrap_or(0)
}

fn amount(node: &Node, key: &str) -> Amount {
    node.dec(key).and_then(Amount::from_decimal).unwrap_or(Amount::ZERO)
}

fn paper(node: &mut Node, mistakes: &mut Mistakes) -> Paper {
    let custom = node.str("preset") == Some("custom");
    for (key, default) in [("latency_us", 2000), ("ack_us", 2000), ("reject_ppm", 0), ("partial_ppm", 0)] {
        if custom {
            node.default_to(key, Val::Int(default));
        } else if node.slot(key).given && node.slot("preset").value.is_some() {
            let preset = node.str("preset").unwrap_or_default();
            let text =
                format!("[paper] {key}: preset \"{preset}\" has its own; write preset = \"custom\", or leave it out");
            mistakes.add(&node.slot(key).place, text);
        }
    }
    let int = |key: &str| u64::try_from(node.int(key).unwrap_or(0)).unwrap_or(0);
    let ppm = |key: &str| u32::try_from(int(key)).unwrap_or(0);
    let preset = match node.str("preset") {
        Some("harsh") => Preset::Harsh,
        Some("custom") => Preset::Custom(PaperCustom {
            latency_ns: int("latency_us") * 1_000,
            ack_ns: int("ack_us") * 1_000,
            reject_ppm: ppm("reject_ppm"),
            partial_ppm: ppm("partial_ppm"),
        }),
        _ => Preset::Honest,
    };
    Paper { preset, seed: int("seed") }
}

fn risk(node: &Node, mistakes: &mut Mistakes) -> Risk {
    let currency = node.str("currency").unwrap_or("USDT").to_owned();
    let mut rates = Vec::new();
    for (asset, place, value) in node.map("rates") {
        let Val::Dec(rate) = value else { continue };
        if *asset != currency {
            rates.extend(rate.at_scale(8).map(|r| (asset.clone(), r)));
        } else if *rate != Decimal::from(1) {
            mistakes.add(place, format!("[risk] rates.{asset}: one {asset} is one {asset}; leave it out"));
        }
    }
    let count = |key: &str| u32::try_from(node.int(key).unwrap_or(0)).unwrap_or(0);
    Risk {
        rates,
        max_order_notional: amount(node, "max_order_notional"),
        max_position_notional: amount(node, "max_position_notional"),
        max_gross_notional: amount(node, "max_gross_notional"),
        max_net_notional: amount(node, "max_net_notional"),
        max_open_orders: count("max_open_orders"),
        max_orders_per_second: count("max_orders_per_second"),
        price_collar_e8: bps_e8(node, "price_collar_bps"),
        max_daily_loss: amount(node, "max_daily_loss"),
        max_drawdown: amount(node, "max_drawdown"),
        currency,
    }
}

/// The same name given twice.
fn doubles(nodes: &[Node], key: &str, mistakes: &mut Mistakes) {
    for (i, node) in nodes.iter().enumerate() {
        let Some(name) = node.str(key) else { continue };
        if let Some(first) = nodes[..i].iter().find(|n| n.str(key) == Some(name)) {
            let text = format!("{} {key}: \"{name}\" is taken (first at {})", node.table.header, first.place(key));
            mistakes.add(node.place(key), text);
        }
    }
}

/// The message for a venue name that no `[[venue]]` has.
pub(super) fn no_venue(label: &str, name: &str, venues: &[super::types::Venue]) -> String {
    let known = || venues.iter().map(|v| v.name.as_str()).filter(|n| !n.is_empty());
    let hint = match closest(name, known()) {
        Some(near) => format!("; did you mean \"{near}\"?"),
        None => format!("; venues: {}", known().collect::<Vec<_>>().join(", ")),
    };
    format!("{label}: no [[venue]] is named \"{name}\"{hint}")
}

/// Every venue of a market subscribes what the strategy compares.
fn streams_serve(
    strategy: &Strategy,
    venues: &[super::types::Venue],
    markets: &[super::types::Market],
    root: &Node,
    mistakes: &mut Mistakes,
) {
    for (venue, node) in venues.iter().zip(root.nodes("venue")) {
        let used = markets.iter().any(|m| m.symbols.iter().any(|s| s.venue == venue.name));
        let (serves, needed) = match strategy.name {
            StrategyName::Spread => (venue.streams.contains(&Stream::BookTicker), "bookTicker"),
            StrategyName::LastTrade => {
                (venue.streams.iter().any(|s| *s != Stream::BookTicker), "trade\" or \"aggTrade")
            }
        };
        if used && !serves && node.slot("streams").value.is_some() {
            let text =
                format!("[[venue]] streams: the strategy compares \"{needed}\" in the markets of \"{}\"", venue.name);
            mistakes.add(node.place("streams"), text);
        }
    }
}

const _: () = assert!(POW10[8] == 100_000_000, "rates are integers at 1e-8");
