//! `decisions_hash`: the same on every run, another when a decision changes, none of the config's business.

use crate::support;

use support::{Session, recordings};

/// The hash of [`session`] as of now. It changes with every change of what is decided: of the strategy, of limits, of
/// the paper venue, of a record's layout, and of the generator of the session.
const GOLDEN: &str = "1393263942c33ae8d3d236d3388885d060439633ba13aecfa8dce7d274c1b965";

fn session() -> Session {
    Session::generated(7, 8, &["--trade"])
}

#[test]
fn decisions_are_the_ones_they_were() {
    let replayed = session().replay();
    assert!(replayed.count("/opportunities/taken") > 20, "{:#}", replayed.report["opportunities"]);
    assert!(!replayed.report["orders"]["denied"].as_object().unwrap().is_empty());
    assert_eq!(
        replayed.hash(),
        GOLDEN,
        "\nthe engine decides otherwise than before. If that is not meant, find out which decision it is: replay the \
         session of `generate.py --seed 7 --seconds 8 --trade` with the build before and after, and compare their \
         opportunity files and reports. If it is meant, put the new hash here and say in CHANGELOG.md what changed."
    );
}

#[test]
fn the_same_twice_and_only_decisions_count() {
    let session = session();
    let first = session.replay();
    assert_eq!(session.replay().hash(), first.hash(), "the second run");

    session.edit("[strategy.spread]", "# a comment\n[strategy.spread] # and another");
    assert_eq!(session.replay().hash(), first.hash(), "a comment");
}

#[test]
fn a_threshold_that_changes_a_decision_changes_the_hash() {
    let session = session();
    let before = session.replay();
    let opportunities = |s: &Session| std::fs::read_to_string(s.path().join("engine.csv")).unwrap();
    let (hash, rows) = (before.hash().to_owned(), opportunities(&session));
    session.edit("min_edge_bps = \"1.5\"", "min_edge_bps = \"1.6\"");
    let after = session.replay();
    assert_ne!(opportunities(&session), rows, "the threshold was chosen because it changes something");
    assert_ne!(after.hash(), hash);
}

/// A threshold that changes no decision leaves it alone: the hash is of decisions, not of the config.
#[test]
fn a_threshold_that_changes_nothing_leaves_the_hash() {
    let session = session();
    let before = session.replay();
    session.edit("max_daily_loss = \"200\"", "max_daily_loss = \"200.5\"");
    assert_eq!(session.replay().hash(), before.hash());
}

#[test]
fn recorded_markets_twice() {
    let Some(data) = recordings() else { return };
    let Some(session) = Session::recorded(&data, &["--edge", "2", "--trade"]) else { return };
    let first = session.replay();
    let second = session.replay();
    assert!(first.count("/opportunities/taken") > 10);
    assert_eq!(first.hash(), second.hash());
    let but_hash =
        |r: &support::Replayed| (r.report["orders"].clone(), r.report["pnl"].clone(), r.report["positions"].clone());
    assert_eq!(but_hash(&first), but_hash(&second));
}
