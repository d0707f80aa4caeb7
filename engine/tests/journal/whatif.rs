//! What would have been different: the recorded market under another config.

use crate::support;

use crate::run;

use crosstick_engine::config::Overrides;
use crosstick_engine::journal::entry::kind;
use crosstick_engine::journal::whatif::whatif;
use crosstick_engine::setup;
use crosstick_ipc::journal::Journal;
use run::{Rig, report};
use support::demo;
use support::journalled::{START_NS, drive, with};

const SEGMENT: u64 = 1 << 20;

fn change(key: &str, value: &str) -> Overrides {
    Overrides::none().flag("a test", &key.split('.').collect::<Vec<_>>(), value)
}

#[test]
fn without_a_change_every_decision_is_the_recorded_one() {
    // Ticks out of order, idle turns ahead of ticks, timers, a halt: under each preset.
    for preset in ["honest", "harsh"] {
        let home = tempfile::tempdir().unwrap();
        let overrides = change("paper.preset", preset);
        let (dir, driver, _) = with(home.path(), SEGMENT, &overrides, |d, s| drive(d, 60_000, s));
        let result = whatif(&dir, &Overrides::none(), &mut |_| ()).unwrap();
        assert_eq!(result.recorded, result.changed, "{preset}");
        assert_eq!(result.changed.hash, driver.core().hash().hex());
        assert_eq!(result.changed.orders, driver.order_counts());
        assert_eq!(result.changed.pnl, driver.core().risk().pnl());
        assert!(result.complete && result.has_clock && result.damage.is_empty());
        let sides = (result.changed.taken, result.changed.fills, result.changed.orders.sent);
        assert!(sides.0 > 50 && sides.1 > 50 && sides.2 > 100, "{sides:?}");
        let journal = Journal::open(&dir).unwrap();
        let (mut records, mut clocks) = (journal.records(), 0);
        while let Some(record) = records.next_record().unwrap() {
            clocks += u64::from(record.kind == kind::CLOCK);
        }
        assert!(clocks > 50, "{clocks}");
    }
}

#[test]
fn a_change_gives_what_a_run_with_that_config_gives() {
    let ticks = demo::ticks(1, START_NS, 40_000);
    let home = tempfile::tempdir().unwrap();
    // Ticks alone bring the clock, so a run under any config takes the same way through them.
    let (dir, ..) = with(home.path(), SEGMENT, &Overrides::none(), |driver, scribe| {
        ticks.iter().for_each(|tick| driver.take(tick, scribe));
        driver.finish(scribe);
    });
    let mut hashes = Vec::new();
    for (key, value) in [
        ("strategy.spread.min_edge_bps", "4"),
        ("strategy.spread.cooldown_ms", "1000"),
        ("paper.preset", "harsh"),
        ("paper.seed", "9"),
        ("risk.max_order_notional", "100"),
        ("venue.1.fees.taker_bps", "0"),
        ("strategy.trade", "false"),
    ] {
        let overrides = change(key, value);
        let result = whatif(&dir, &overrides, &mut |_| ()).unwrap_or_else(|e| panic!("{key}: {e}"));
        let (config, universe) = demo::load(&demo::config_text(), &overrides);
        let mut driver = setup::paper_driver(&config, &universe).unwrap();
        ticks.iter().for_each(|tick| driver.take(tick, &mut ()));
        driver.finish(&mut ());
        assert_eq!(result.changed.hash, driver.core().hash().hex(), "{key}");
        assert_eq!(result.changed.orders, driver.order_counts(), "{key}");
        assert_eq!(result.changed.pnl, driver.core().risk().pnl(), "{key}");
        let side = &result.changed;
        assert_eq!(side.seen, side.taken + side.declined.values().sum::<u64>(), "{key}");
        hashes.push(result.changed.hash);
        hashes.push(result.recorded.hash);
    }
    hashes.sort();
    hashes.dedup();
    assert!(hashes.len() >= 7, "changes that change something: {hashes:?}");
}

#[test]
fn what_would_make_the_ticks_mean_something_else_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let (dir, ..) = with(home.path(), SEGMENT, &Overrides::none(), |d, s| drive(d, 1_000, s));
    let text = |key: &str, value: &str| whatif(&dir, &change(key, value), &mut |_| ()).unwrap_err().to_string();
    assert!(
        text("strategy.spread.min_edge", "2").contains("min_edge_bps"),
        "{}",
        text("strategy.spread.min_edge", "2")
    );
    assert!(text("venue.0.name", "other").contains("other"), "{}", text("venue.0.name", "other"));
    let scale = text("market.0.price_decimals", "7");
    assert!(scale.contains("recorded ticks are of the recorded instruments"), "{scale}");
}

#[test]
fn the_command_prints_both_sides() {
    let rig = Rig::new();
    let mut demo = rig.command(["run", "--duration", "6s", "--report", "r.json"]);
    demo.env("CROSSTICK_JOURNAL__DIR", rig.path("journal"));
    rig.start(demo).finish().expect(0);
    let report = report(&rig.path("r.json"));
    let hash = report["decisions_hash"].as_str().expect("a hash");
    let same = rig.run(["replay", "--journal", "journal"]).expect(0);
    assert!(same.out.contains(&format!("the same decisions: hash {hash}")), "{}", same.out);
    let watch = rig.run(["replay", "--journal", "journal", "--set", "strategy.trade=false"]).expect(0);
    let row = |name: &str| {
        let line = watch.out.lines().find(|l| l.trim_start().starts_with(name)).unwrap_or_else(|| panic!("{name}"));
        line.trim_start()[name.len()..].split_whitespace().map(str::to_owned).collect::<Vec<_>>()
    };
    let seen = report["opportunities"]["seen"].to_string();
    assert_eq!(row("opportunities seen"), [seen.clone(), seen.clone()]);
    assert_eq!(row("declined WATCH_ONLY")[1], seen);
    assert_eq!(row("orders sent")[..2], [report["orders"]["sent"].to_string(), "0".into()]);
    assert_eq!(row("net USDT")[..2], [report["pnl"]["net"].as_str().expect("net").to_owned(), "0".into()]);
    rig.run(["replay", "--journal", "journal", "--set", "nonsense"]).fails(2, &["KEY=VALUE"]);
    rig.run(["replay", "--journal", "journal", "--set", "strategy.nonsense=1"]).fails(2, &["--set strategy.nonsense"]);
    rig.run(["replay", "--journal", "journal", "--verify", "--set", "strategy.trade=false"]).expect(2);
}
