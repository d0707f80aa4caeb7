//! What a good config becomes: defaults, overrides, effective values, the files that ship.

use std::path::{Path, PathBuf};

use crosstick_engine::config::{
    Config, Environment, FeeAssetName, INIT_TEMPLATE, Mode, Overrides, Preset, StrategyName, Stream, Topology, explain,
    sim,
};
use crosstick_model::{Amount, Protocol};
use crosstick_ring::WaitPolicy;
use crosstick_sim::{FaultSpec, Source};
use proptest::prelude::*;

const SMALL: &str = "[[venue]]\nname = \"a\"\nprotocol = \"binance-spot\"\n";

fn parse(text: &str, overrides: &Overrides) -> Config {
    Config::parse("t.toml", text, Path::new("/etc/ct"), overrides).unwrap_or_else(|m| panic!("{m}"))
}

fn mistakes(text: &str, overrides: &Overrides) -> String {
    Config::parse("t.toml", text, Path::new("/etc/ct"), overrides).expect_err("mistakes").to_string()
}

fn env(pairs: &[(&str, &str)]) -> Overrides {
    Overrides::from_env(pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())))
}

fn amount(text: &str) -> Amount {
    Amount::from_decimal(text.parse().expect("a decimal")).expect("fits")
}

#[test]
fn a_small_config_has_the_documented_defaults() {
    let config = parse(SMALL, &Overrides::none());
    assert_eq!((config.engine.mode, config.engine.shm.as_str()), (Mode::Paper, "crosstick"));
    assert!(config.engine.state_dir.is_absolute() && config.engine.state_dir.ends_with("crosstick"));
    assert_eq!(config.engine.halt_file, config.engine.state_dir.join("halt"));
    assert_eq!(config.engine.log, None);
    assert_eq!((config.threads.core_cpu, config.threads.core_wait), (None, WaitPolicy::Auto));
    assert_eq!(config.threads.topology, Topology::Rings);
    assert!(!config.threads.kernel_time);
    let venue = &config.venues[0];
    assert_eq!((venue.protocol, venue.environment), (Protocol::BinanceSpot, Environment::Mainnet));
    assert_eq!(venue.streams, [Stream::Trade, Stream::BookTicker]);
    assert_eq!((venue.maker_e8, venue.taker_e8), (100_000, 100_000));
    assert_eq!((&venue.fee_asset, venue.lines), (&FeeAssetName::Received, 1));
    let strategy = &config.strategy;
    assert_eq!((strategy.name, strategy.trade, strategy.min_edge_e8), (StrategyName::Spread, true, 15_000));
    assert_eq!((strategy.max_age_ns, strategy.max_lag_us, strategy.cooldown_ns), (1_000_000_000, 50_000, 50_000_000));
    assert_eq!(strategy.max_notional, amount("500"));
    assert_eq!((config.paper.preset, config.paper.seed), (Preset::Honest, 1));
    let risk = &config.risk;
    assert_eq!((risk.currency.as_str(), risk.max_order_notional), ("USDT", amount("1000")));
    assert_eq!((risk.max_open_orders, risk.max_orders_per_second), (8, 20));
    assert_eq!(risk.price_collar_e8, 1_000_000);
    assert_eq!((risk.rate("USDT"), risk.rate("USD")), (Some(100_000_000), None));
}

#[test]
fn inline_has_one_thread() {
    let text = format!("{SMALL}[threads]\ntopology = \"inline\"\ncore = {{ cpu = 1, wait = \"spin\" }}\n");
    let threads = parse(&text, &Overrides::none()).threads;
    assert_eq!((threads.topology, threads.core_cpu, threads.core_wait), (Topology::Inline, Some(1), WaitPolicy::Spin));
    assert!(threads.reader_cpus.is_empty());
}

#[test]
fn what_is_written_is_what_counts() {
    let text = r#"
[engine]
state_dir = "state"
log = "/var/log/ct.log"
[threads]
core = { cpu = 3, wait = "spin" }
readers = { cpus = [1, 2], wait = "park" }
[[venue]]
name = "b"
protocol = "binance-coinm"
environment = "custom"
stream_url = "ws://127.0.0.1:9443/"
rest_url = "http://[::1]:9445"
tls_ca = "ca.pem"
fees = { maker_bps = "-0.5", taker_bps = "3.1234", asset = "BNB" }
balances = { BTC = "0.1", USDT = 5 }
[[venue]]
name = "a"
protocol = "binance-usdm"
[[market]]
name = "BTC"
symbols = { a = "BTCUSDT", b = "BTCUSD_PERP" }
price_decimals = 2
quantity_decimals = 8
[paper]
preset = "custom"
latency_us = 7
partial_ppm = 1000000
[risk]
rates = { BNB = "612.5", USD = "1" }
"#;
    let config = parse(text, &Overrides::none());
    assert_eq!(config.engine.state_dir, Path::new("/etc/ct/state"));
    assert_eq!(config.engine.halt_file, Path::new("/etc/ct/state/halt"));
    assert_eq!(config.engine.log.as_deref(), Some(Path::new("/var/log/ct.log")));
    assert_eq!((config.threads.core_cpu, &config.threads.reader_cpus[..]), (Some(3), &[1, 2][..]));
    assert_eq!((config.threads.core_wait, config.threads.reader_wait), (WaitPolicy::Spin, WaitPolicy::Park));
    let b = &config.venues[0];
    assert_eq!(b.stream_url.as_deref(), Some("ws://127.0.0.1:9443"));
    assert_eq!(b.tls_ca.as_deref(), Some(Path::new("/etc/ct/ca.pem")));
    assert_eq!((b.maker_e8, b.taker_e8), (-5_000, 31_234));
    assert_eq!(b.fee_asset, FeeAssetName::Named("BNB".into()));
    assert_eq!(b.balances, [("BTC".to_owned(), amount("0.1")), ("USDT".to_owned(), amount("5"))]);
    assert_eq!(b.streams, [Stream::AggTrade, Stream::BookTicker]);
    // Symbols stand in the order of venues, whatever the table's order.
    let symbols: Vec<&str> = config.markets[0].symbols.iter().map(|s| s.venue.as_str()).collect();
    assert_eq!(symbols, ["b", "a"]);
    let Preset::Custom(custom) = config.paper.preset else { panic!("custom") };
    assert_eq!((custom.latency_ns, custom.ack_ns), (7_000, 2_000_000));
    assert_eq!((custom.reject_ppm, custom.partial_ppm), (0, 1_000_000));
    assert_eq!(config.risk.rate("BNB"), Some(61_250_000_000));
}

#[test]
fn the_environment_goes_before_the_file_and_flags_before_both() {
    let overrides = env(&[
        ("CROSSTICK_ENGINE__SHM", "other"),
        ("CROSSTICK_STRATEGY__TRADE", "false"),
        ("CROSSTICK_STRATEGY__SPREAD__MIN_EDGE_BPS", "2.25"),
        ("CROSSTICK_STRATEGY__SPREAD__MAX_AGE_MS", "77"),
        ("CROSSTICK_VENUE__0__STREAMS", "bookTicker"),
        ("CROSSTICK_VENUE__A__FEES__TAKER_BPS", "1"),
        ("CROSSTICK_RISK__RATES__USD", "1"),
        ("CROSSTICK_DATA", "/somewhere"),
        ("CROSSTICK_LOG", "debug"),
        ("CROSSTICK_SOMETHING", "else"),
        ("PATH", "/bin"),
    ])
    .flag("--shm", &["engine", "shm"], "flagged");
    let config = parse(SMALL, &overrides);
    assert_eq!(config.engine.shm, "flagged");
    assert!(!config.strategy.trade);
    assert_eq!((config.strategy.min_edge_e8, config.strategy.max_age_ns), (22_500, 77_000_000));
    assert_eq!(config.venues[0].streams, [Stream::BookTicker]);
    assert_eq!((config.venues[0].maker_e8, config.venues[0].taker_e8), (100_000, 10_000));
    assert_eq!(config.risk.rate("USD"), Some(100_000_000));
    let shown = config.effective();
    assert!(shown.contains("shm = \"flagged\" # --shm\n"), "{shown}");
    assert!(
        shown.contains("min_edge_bps = \"2.25\" # environment CROSSTICK_STRATEGY__SPREAD__MIN_EDGE_BPS\n"),
        "{shown}"
    );
    assert!(shown.contains("name = \"a\" # t.toml:2:8\n"), "{shown}");
    assert!(shown.contains("max_open_orders = 8 # default\n"), "{shown}");
}

#[test]
fn overrides_that_name_nothing_are_mistakes() {
    let overrides = env(&[
        ("CROSSTICK_ENGINE__MOD", "paper"),
        ("CROSSTICK_ENGINE_MODE", "paper"),
        ("CROSSTICK_VENUE__7__NAME", "x"),
        ("CROSSTICK_STRATEGY__SPREAD__MAX_AGE_MS", "soon"),
        ("CROSSTICK_STRATEGY__TRADE", "maybe"),
        ("CROSSTICK_THREADS__CORE__CPU__X", "1"),
    ]);
    assert_eq!(
        mistakes(SMALL, &overrides),
        "environment CROSSTICK_ENGINE_MODE: did you mean CROSSTICK_ENGINE__MODE? (two underscores go one table down)\n\
         environment CROSSTICK_ENGINE__MOD: unknown key \"mod\" in [engine]; did you mean \"mode\"?\n\
         environment CROSSTICK_STRATEGY__SPREAD__MAX_AGE_MS: [strategy.spread] max_age_ms: \"soon\" is not an integer; \
         allowed: 1 to 3600000 ms\n\
         environment CROSSTICK_STRATEGY__TRADE: [strategy] trade: \"maybe\" is neither true nor false\n\
         environment CROSSTICK_THREADS__CORE__CPU__X: [threads] core cpu has no keys of its own\n\
         environment CROSSTICK_VENUE__7__NAME: names no [[venue]]: say its index (0 to 0) or its name"
    );
}

#[test]
fn every_shipped_file_passes() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config");
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(dir).expect("config/").map(|e| e.expect("readable").path()).collect();
    files.retain(|f| f.extension().is_some_and(|e| e == "toml"));
    assert!(files.len() >= 5, "{files:?}");
    for file in files {
        if file.file_name().is_some_and(|n| n == "sim.toml") {
            sim::load(&file).unwrap_or_else(|m| panic!("{m}"));
        } else {
            let config = Config::load(Some(&file), &Overrides::none()).unwrap_or_else(|m| panic!("{m}"));
            assert_eq!(config.engine.mode, Mode::Paper, "{}: what ships trades on paper", file.display());
        }
    }
}

#[test]
fn without_a_file_it_is_the_demo_whose_addresses_are_laid_over() {
    let demo = Config::load(None, &Overrides::none()).unwrap_or_else(|m| panic!("{m}"));
    assert!(demo.venues.len() >= 3 && demo.venues.iter().all(crosstick_engine::config::Venue::simulated));
    let overrides = Overrides::none().flag("the demo", &["venue", "alpha", "stream_url"], "wss://127.0.0.1:4443").flag(
        "the demo",
        &["venue", "alpha", "tls_ca"],
        "/tmp/ca.pem",
    );
    let laid = Config::load(None, &overrides).unwrap_or_else(|m| panic!("{m}"));
    let alpha = laid.venue("alpha").expect("alpha");
    assert!(!alpha.simulated());
    assert_eq!(alpha.stream_url.as_deref(), Some("wss://127.0.0.1:4443"));
    assert_eq!(alpha.tls_ca.as_deref(), Some(Path::new("/tmp/ca.pem")));
}

#[test]
fn the_template_passes_and_shows_every_key() {
    parse(INIT_TEMPLATE, &Overrides::none());
    for line in explain(None).lines().filter(|l| l.starts_with("  ") && !l.starts_with("   ")) {
        let key = line.trim().rsplit('.').next().expect("a key");
        assert!(INIT_TEMPLATE.contains(&format!("{key} = ")), "{key} is not in the template");
    }
    // What stands behind a # is right as well.
    let bare: String = INIT_TEMPLATE
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(rest) if rest.contains(" = ") || rest.starts_with('[') => format!("{rest}\n"),
            _ => format!("{line}\n"),
        })
        .collect();
    let bare = bare.replace("environment = \"mainnet\"         #", "environment = \"custom\"         #");
    let bare = bare.replace("preset = \"honest\"", "preset = \"custom\"");
    parse(&bare, &Overrides::none());
}

#[test]
fn explain_tells_each_key_once() {
    let all = explain(None);
    for key in ["engine.mode", "threads.core.cpu", "venue.fees.taker_bps", "strategy.spread.max_age_ms", "risk.rates"] {
        assert_eq!(all.matches(&format!("  {key}\n")).count(), 1, "{key}");
    }
    let some = explain(Some("max_age"));
    assert!(some.contains("integer, 1 to 3600000 ms; left out: 1000"), "{some}");
    assert!(!some.contains("engine.mode"));
    assert_eq!(explain(Some("no such key")), "");
}

#[test]
fn a_bare_config_has_no_venues() {
    let bare = Config::bare();
    assert!(bare.venues.is_empty() && bare.markets.is_empty());
    assert_eq!(bare.strategy, parse(SMALL, &Overrides::none()).strategy);
}

#[test]
fn effective_values_of_shipped_files_read_back_as_the_same_config() {
    for name in ["demo", "binance", "binance-futures", "binance-testnet"] {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../config/{name}.toml"));
        let config = Config::load(Some(&file), &Overrides::none()).unwrap_or_else(|m| panic!("{m}"));
        let again = parse(&config.effective(), &Overrides::none());
        assert!(config == again, "{name}:\n{}", config.effective());
    }
}

#[test]
fn the_simulated_venues_file_lists_its_mistakes() {
    let text = "[sim]\nsed = 1\n[[venue]]\nname = \"alhpa\"\nport = 70000\n[[venue]]\nname = \"beta\"\nport = 9\n[[venue]]\nname = \"gamma\"\nport = 9\n";
    let told = sim::parse("s.toml", text, Path::new("/")).expect_err("mistakes").to_string();
    assert_eq!(
        told,
        "s.toml:2:1: unknown key \"sed\" in [sim]; did you mean \"seed\"?\n\
         s.toml:4:8: [[venue]] name: no simulated venue is \"alhpa\"; did you mean \"alpha\"?\n\
         s.toml:5:8: [[venue]] port: 70000 is out of range; allowed: 0 to 65535\n\
         s.toml:11:8: [[venue]] port: 9 is \"beta\"'s already"
    );
    let shipped = sim::parse("sim.toml", sim::SHIPPED, Path::new("/x")).unwrap_or_else(|m| panic!("{m}"));
    assert_eq!(shipped.endpoints.len(), 4);
    assert_eq!(shipped.ca_pem_path.as_deref(), Some(Path::new("/x/crosstick-sim-ca.pem")));
    assert_eq!(shipped.keys_dir.as_deref(), Some(Path::new("/x/crosstick-sim-keys")));
    let names: Vec<&str> = shipped.accounts.iter().map(|a| a.name.as_str()).collect();
    assert_eq!(names, ["trader", "second"]);
    assert_eq!((shipped.accounts[0].maker_e8, shipped.accounts[0].taker_e8), (100_000, 100_000));
    assert_eq!(shipped.accounts[0].balances[0], ("USDT".to_owned(), "1000000".parse().expect("a decimal")));
}

/// MEXC's venue is there where a file names it, and the flow of the others is the demo's where none does.
#[test]
fn a_simulated_venue_of_mexc_is_there_for_those_who_name_it() {
    let names = |text: &str| -> Vec<(String, String)> {
        let config = sim::parse("s.toml", text, Path::new("/")).unwrap_or_else(|m| panic!("{m}"));
        let Source::Generated { spec, .. } = config.source else { panic!("generated") };
        spec.venues.into_iter().map(|v| (v.name, v.protocol.to_string())).collect()
    };
    let delta = ("delta".to_owned(), "mexc-spot".to_owned());
    assert_eq!(names("[[venue]]\nname = \"delta\"\n"), std::slice::from_ref(&delta));
    assert_eq!(names("[[venue]]\nname = \"alpha\"\n[[venue]]\nname = \"delta\"\n").last(), Some(&delta));
    assert_eq!(names("[sim]\nseed = 1\n").len(), 3);
    let wrong = sim::parse("s.toml", "[[venue]]\nname = \"detla\"\n", Path::new("/")).expect_err("a mistake");
    assert!(wrong.to_string().contains("did you mean \"delta\"?"), "{wrong}");
}

#[test]
fn accounts_of_simulated_venues_list_their_mistakes() {
    let text = "[[account]]\nname = \"a\"\nvenue = \"delta\"\n[[account]]\nname = \"a\"\nbalances = { USDT = \"-1\" }\n\
                maker_bps = \"-1\"\n";
    let told = sim::parse("s.toml", text, Path::new("/")).expect_err("mistakes").to_string();
    assert_eq!(
        told,
        "s.toml:3:9: [[account]] venue: \"delta\" is no venue of this file; leave it out for all\n\
         s.toml:5:8: [[account]] name: \"a\" is there twice\n\
         s.toml:6:21: [[account]] balances.USDT: -1 is out of range; allowed: 0 to 1000000000000\n\
         s.toml:7:13: [[account]] maker_bps: -1 is out of range; allowed: 0 to 1000 bps"
    );
    let text = "[[account]]\nname = \"a\"\nvenue = \"gamma\"\ntaker_bps = \"7.5\"\n";
    let config = sim::parse("s.toml", text, Path::new("/")).unwrap_or_else(|m| panic!("{m}"));
    let account = &config.accounts[0];
    assert_eq!((account.venue.as_deref(), account.maker_e8, account.taker_e8), (Some("gamma"), 100_000, 75_000));
}

#[test]
fn faults_of_simulated_venues_are_read_or_their_mistakes_listed() {
    let text = "[sim]\ncontrol = 9440\n[[fault]]\nvenue = \"alpha\"\nkind = \"gap\"\nstream = \"btcusdt@trade\"\nat_ms = 5000\n\
                after = 10\ncount = 3\n[[fault]]\nvenue = \"beta\"\nkind = \"symbol-filters\"\nsymbol = \"BTCUSDT\"\n\
                price_step = \"0.1\"\n";
    let config = sim::parse("s.toml", text, Path::new("/")).unwrap_or_else(|m| panic!("{m}"));
    assert_eq!(config.control.map(|a| a.to_string()).as_deref(), Some("127.0.0.1:9440"));
    let gap = FaultSpec {
        stream: Some("btcusdt@trade".to_owned()),
        at_ms: Some(5000),
        after: Some(10),
        count: Some(3),
        ..FaultSpec::new("alpha", "gap")
    };
    let filters = FaultSpec {
        symbol: Some("BTCUSDT".to_owned()),
        price_step: Some("0.1".to_owned()),
        ..FaultSpec::new("beta", "symbol-filters")
    };
    assert_eq!(config.faults, [gap, filters]);

    let text = "[[fault]]\nvenue = \"omega\"\nkind = \"drop\"\n[[fault]]\nvenue = \"alpha\"\nkind = \"earthquake\"\n\
                [[fault]]\nvenue = \"alpha\"\nkind = \"stall\"\ncount = 2\n[[fault]]\nvenue = \"alpha\"\nkind = \"skip\"\nsymbol = \"XY\"\n";
    let told = sim::parse("s.toml", text, Path::new("/")).expect_err("mistakes").to_string();
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(lines.len(), 4, "{told}");
    assert_eq!(lines[0], "s.toml:2:9: [[fault]] venue: \"omega\" is no venue of this file");
    assert!(lines[1].starts_with("s.toml:6:8: [[fault]] kind: there is no fault \"earthquake\"; one of drop, "));
    assert_eq!(lines[2], "s.toml:7:1: [[fault]] for_ms: stall needs it");
    assert_eq!(lines[3], "s.toml:14:10: [[fault]] symbol: alpha has no \"XY\"; it has BTCUSDT, DOGEUSDT, PEPEUSDT");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whatever is in the file, reading it ends with a config or with mistakes.
    #[test]
    fn no_text_makes_it_panic(text in "(\\[{0,2}(engine|venue|risk|market|strategy\\.spread)\\]{0,2}|name|fees|streams|rates|=|\\{|\\}|\"[a-zA-Z0-9:/.]{0,9}\"|[0-9.eE+-]{0,5}|\n| |#|é|,){0,40}") {
        let _ = Config::parse("p.toml", &text, Path::new("/"), &Overrides::none());
    }

    /// What the effective values show is what is in force.
    #[test]
    fn effective_values_read_back(
        edge in -10_000_000i64..=100_000_000, age in 1i64..=3_600_000, seed in 0i64.., rate in 1i64..1_000_000_000_000,
        taker in -1_000_000i64..=10_000_000, path in "[a-z \"\\\\é#]{1,12}", custom: bool,
    ) {
        let dec = |n: i64, d: u8| crosstick_model::Decimal::new(n.into(), d).to_string();
        let path = path.replace('\\', "\\\\").replace('"', "\\\"");
        let preset = if custom { "custom\"\nlatency_us = 3" } else { "harsh\"" };
        let text = format!(
            "[engine]\nlog = \"{path}\"\n{SMALL}fees = {{ taker_bps = \"{}\" }}\n[strategy.spread]\nmin_edge_bps = \"{}\"\nmax_age_ms = {age}\n\
             [paper]\npreset = \"{preset}\nseed = {seed}\n[risk]\nrates = {{ USD = \"{}\" }}\n",
            dec(taker, 4), dec(edge, 4), dec(rate, 8),
        );
        let config = parse(&text, &Overrides::none());
        prop_assert_eq!(config.strategy.min_edge_e8, edge);
        prop_assert_eq!(config.venues[0].taker_e8, taker);
        prop_assert_eq!(config.risk.rate("USD"), Some(rate));
        let again = parse(&config.effective(), &Overrides::none());
        prop_assert!(config == again, "{}", config.effective());
    }
}
