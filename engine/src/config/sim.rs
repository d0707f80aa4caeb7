//! The file of `crosstick sim --config`: where simulated venues listen, what seeds their flow, who trades there.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use crosstick_sim::{Endpoint, FlowSpec, SimAccount, SimConfig, Source};

use super::build;
use super::mistakes::{Mistakes, closest};
use super::raw::{self, Lines};
use super::read::{self, Node, Val};
use super::schema::{Kind, Left, Table, Word, key};
use super::sim_faults;

/// The shipped file.
pub const SHIPPED: &str = include_str!("../../../config/sim.toml");

/// Reads the file.
///
/// # Errors
/// All mistakes with their places; one without a line when the file cannot be read.
pub fn load(path: &Path) -> Result<SimConfig, Mistakes> {
    let name = path.display().to_string();
    let text = super::read_file(path, &name)?;
    let base = path.parent().unwrap_or_else(|| Path::new(""));
    parse(&name, &text, base)
}

/// Reads it from text. `name` stands in messages; relative paths in it count from `base`.
///
/// # Errors
/// All mistakes with their places.
pub fn parse(name: &str, text: &str, base: &Path) -> Result<SimConfig, Mistakes> {
    let lines = Lines::new(name, text);
    let mut mistakes = Mistakes::default();
    let document = raw::parse(&lines, &mut mistakes);
    let broken = !mistakes.list.is_empty();
    let mut root = read::table(&SIM, Some(document), &lines.whole(), &mut mistakes);
    let calibrated = root.node_mut("sim").str("flow") == Some("calibrated");
    let mut spec = if calibrated { FlowSpec::calibrated() } else { FlowSpec::demo() };
    // Where nobody names it, the flow of the other venues is that of the demo.
    if root.nodes("venue").iter().any(|v| v.str("name") == Some("delta")) {
        spec = spec.with_mexc();
    }
    let mut endpoints: Vec<Endpoint> = Vec::new();
    for node in root.nodes("venue").iter().filter(|_| !broken) {
        let Some(venue) = node.str("name") else { continue };
        let known = || spec.venues.iter().map(|v| v.name.as_str());
        if known().all(|k| k != venue) {
            let all = known().chain(known().all(|k| k != "delta").then_some("delta"));
            let hint = closest(venue, all.clone()).map_or_else(
                || format!("known: {}", all.clone().collect::<Vec<_>>().join(", ")),
                |near| format!("did you mean \"{near}\"?"),
            );
            mistakes.add(node.place("name"), format!("[[venue]] name: no simulated venue is \"{venue}\"; {hint}"));
        }
        if endpoints.iter().any(|e| e.venue == venue) {
            mistakes.add(node.place("name"), format!("[[venue]] name: \"{venue}\" is there twice"));
        }
        let port = node.int("port").and_then(|p| u16::try_from(p).ok()).unwrap_or(0);
        let clash = endpoints.iter().find(|e| port != 0 && e.tls.or(e.plain).is_some_and(|a| a.port() == port));
        if let Some(other) = clash {
            mistakes.add(node.place("port"), format!("[[venue]] port: {port} is \"{}\"'s already", other.venue));
        }
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let plain = node.bool("plain") == Some(true);
        let (tls, plain) = if plain { (None, Some(address)) } else { (Some(address), None) };
        endpoints.push(Endpoint { venue: venue.to_owned(), tls, plain });
    }
    if !endpoints.is_empty() {
        keep_only(&mut spec, &endpoints);
    }
    let accounts = accounts(root.nodes("account"), &spec, &mut mistakes);
    let faults = sim_faults::faults(root.nodes("fault"), &spec, &mut mistakes);
    let node = root.node_mut("sim");
    let base = std::path::absolute(base).unwrap_or_else(|_| base.to_path_buf());
    let ca_pem_path = build::path(node, "ca", &base);
    let keys_dir = build::path(node, "keys", &base);
    let control = node.int("control").and_then(|p| u16::try_from(p).ok()).unwrap_or(0);
    let seed = node.int("seed").and_then(|s| u64::try_from(s).ok()).unwrap_or(1);
    let mut config = SimConfig::new(Source::Generated { seed, spec });
    config.endpoints = endpoints;
    config.ca_pem_path = ca_pem_path;
    config.accounts = accounts;
    config.keys_dir = keys_dir;
    config.faults = faults;
    config.control = Some(SocketAddr::from((Ipv4Addr::LOCALHOST, control)));
    mistakes.or(config)
}

/// Who trades on the spot venues.
fn accounts(nodes: &[Node], spec: &FlowSpec, mistakes: &mut Mistakes) -> Vec<SimAccount> {
    let mut list: Vec<SimAccount> = Vec::new();
    for node in nodes {
        let Some(name) = node.str("name") else { continue };
        let mut account = SimAccount::new(name);
        if list.iter().any(|a| a.name == name) {
            mistakes.add(node.place("name"), format!("[[account]] name: \"{name}\" is there twice"));
        }
        if let Some(venue) = node.str("venue") {
            if !spec.venues.iter().any(|v| v.name == venue) {
                let text = format!("[[account]] venue: \"{venue}\" is no venue of this file; leave it out for all");
                mistakes.add(node.place("venue"), text);
            }
            account.venue = Some(venue.to_owned());
        }
        for (asset, _, value) in node.map("balances") {
            if let Val::Dec(amount) = value {
                account.balances.push((asset.clone(), *amount));
            }
        }
        let e8 = |key: &str| node.dec(key).and_then(|bps| bps.at_scale(4)).unwrap_or(100_000);
        (account.maker_e8, account.taker_e8) = (e8("maker_bps"), e8("taker_bps"));
        list.push(account);
    }
    list
}

/// Leaves out the venues that the file does not name, with their legs.
fn keep_only(spec: &mut FlowSpec, endpoints: &[Endpoint]) {
    let named = |name: &str| endpoints.iter().any(|e| e.venue == name);
    let kept: Vec<usize> = (0..spec.venues.len()).filter(|i| named(&spec.venues[*i].name)).collect();
    for market in &mut spec.markets {
        market.legs.retain(|leg| kept.contains(&leg.venue));
        for leg in &mut market.legs {
            leg.venue = kept.iter().position(|k| *k == leg.venue).unwrap_or(0);
        }
    }
    spec.markets.retain(|m| !m.legs.is_empty());
    spec.venues.retain(|v| named(&v.name));
}

/// The file of `crosstick sim --config`.
static SIM: Table = Table {
    header: "the file",
    doc: "",
    keys: &[
        key("sim", Kind::Table(&SIM_SIM), Left::Out("defaults"), "", ""),
        key(
            "venue",
            Kind::Tables(&SIM_VENUE),
            Left::Out("alpha, beta and gamma, on ports that the system hands out"),
            "",
            "",
        ),
        key("account", Kind::Tables(&SIM_ACCOUNT), Left::Out("nobody trades"), "", ""),
        key("fault", Kind::Tables(&sim_faults::FAULT), Left::Out("nothing goes wrong"), "", ""),
    ],
};

static SIM_SIM: Table = Table {
    header: "[sim]",
    doc: "The simulated market.",
    keys: &[
        key("seed", Kind::Int { min: 0, max: i64::MAX }, Left::To("1"), "", "The same seed gives the same flow."),
        key(
            "flow",
            Kind::Enum(&["demo", "calibrated"], &[]),
            Left::To("\"demo\""),
            "",
            "Lively with many gaps, or with the rates and sizes of recorded markets.",
        ),
        key("ca", Kind::Path, Left::Out("not written"), "", "Where the private CA is written that clients must trust."),
        key(
            "control",
            Kind::Int { min: 0, max: 65_535 },
            Left::To("0"),
            "",
            "Port of the control API on 127.0.0.1; 0: any free port.",
        ),
        key(
            "keys",
            Kind::Path,
            Left::Out("crosstick-sim-keys here"),
            "",
            "Directory of the accounts' keys: made at the first start, read at later ones, worthless anywhere else.",
        ),
    ],
};

static SIM_VENUE: Table = Table {
    header: "[[venue]]",
    doc: "A simulated venue.",
    keys: &[
        key("name", Kind::Word(Word::Name), Left::Required, "", "One of alpha, beta, gamma, delta."),
        key(
            "port",
            Kind::Int { min: 0, max: 65_535 },
            Left::To("0"),
            "",
            "Where it listens on 127.0.0.1; 0: any free port.",
        ),
        key("plain", Kind::Bool, Left::To("false"), "", "Plain ws:// and http:// instead of TLS."),
    ],
};

static SIM_ACCOUNT: Table = Table {
    header: "[[account]]",
    doc: "An account of the venues, with an HMAC, an Ed25519 and an RSA key.",
    keys: &[
        key("name", Kind::Word(Word::Name), Left::Required, "", "Names its key files."),
        key("venue", Kind::Word(Word::Name), Left::Out("every venue"), "", "The one venue that it is on."),
        key("balances", Kind::Map(Word::Asset, &BALANCE), Left::Out("none"), "", "What it has at start."),
        key("maker_bps", FEE_BPS, Left::To("\"10\""), "bps", "Commission of its orders that rested."),
        key("taker_bps", FEE_BPS, Left::To("\"10\""), "bps", "Commission of its orders that took."),
    ],
};

const BALANCE: Kind = Kind::Dec { min: "0", max: "1000000000000", decimals: 8 };
const FEE_BPS: Kind = Kind::Dec { min: "0", max: "1000", decimals: 4 };
