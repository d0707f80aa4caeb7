//! The opportunity file of `crosstick replay` against an oracle in Python that shares no line with the engine: byte
//! for byte where nothing is traded, but for the outcome where orders are sent.

use crate::support;

use std::process::Command;

use support::{Replayed, Session, good, recordings, script};

/// What the oracle finds in a session: the text of `oracle.csv`. Slow.
fn oracle(session: &Session) -> String {
    let mut command = script("opportunities.py");
    command.current_dir(session.path()).args(["--params", "config.json", "--out", "oracle.csv"]);
    good(command.args(session.files()));
    read(session, "oracle.csv")
}

fn read(session: &Session, name: &str) -> String {
    std::fs::read_to_string(session.path().join(name)).unwrap()
}

fn compare(session: &Session, more: &[&str]) {
    let mut command: Command = script("compare.py");
    good(command.args(["engine.csv", "oracle.csv"]).args(more).current_dir(session.path()));
}

fn outcomes(csv: &str) -> Vec<&str> {
    csv.lines().skip(1).map(|line| line.rsplit(',').next().unwrap()).collect()
}

/// Report and opportunity file say the same: seen = taken + declined, by reason.
fn books_balance(replayed: &Replayed, csv: &str) {
    let outcomes = outcomes(csv);
    let of = |code: &str| outcomes.iter().filter(|o| **o == code).count() as u64;
    assert_eq!(replayed.count("/opportunities/seen"), outcomes.len() as u64);
    assert_eq!(replayed.count("/opportunities/taken"), of("taken"));
    let declined = replayed.report["opportunities"]["declined"].as_object().unwrap();
    for (code, count) in declined {
        assert_eq!(count.as_u64(), Some(of(code)), "{code}");
    }
    let sum: u64 = declined.values().map(|n| n.as_u64().unwrap()).sum();
    assert_eq!(replayed.count("/opportunities/seen"), replayed.count("/opportunities/taken") + sum);
    let sent = replayed.count("/orders/sent");
    let ended: u64 = ["filled", "partly_filled", "unfilled", "rejected"]
        .map(|w| replayed.count(&format!("/orders/{w}")))
        .iter()
        .sum();
    // Those on their way at the end of input have not ended: at most both legs of a pair a market.
    assert!(ended <= sent && sent <= ended + 6, "{:#}", replayed.report["orders"]);
    let feeds = replayed.report["feeds"].as_array().unwrap();
    assert!(feeds.iter().all(|f| f["refused"].as_object().unwrap().is_empty()), "{feeds:#?}");
}

/// Watches the session and compares; then trades on it, which changes nothing but outcomes.
fn check(session: &Session, least: usize) {
    oracle(session);
    let watched = session.replay();
    let csv = read(session, "engine.csv");
    compare(session, &[]);
    books_balance(&watched, &csv);
    assert!(outcomes(&csv).len() > least && outcomes(&csv).iter().all(|o| *o == "WATCH_ONLY"), "{csv}");
    assert_eq!(watched.count("/orders/sent"), 0);

    session.edit("trade = false", "trade = true");
    let traded = session.replay();
    let csv = read(session, "engine.csv");
    compare(session, &["--ignore", "outcome"]);
    books_balance(&traded, &csv);
    assert!(!outcomes(&csv).contains(&"WATCH_ONLY"), "{csv}");
    assert!(traded.count("/opportunities/taken") > 0 && traded.count("/orders/filled") > 0);
    assert!(traded.count("/opportunities/taken") < traded.count("/opportunities/seen"), "limits decline some");
}

/// Fees, three scales, inverse contracts; odd seeds with both legs inverse. Each seed once.
#[test]
fn generated_sessions() {
    for seed in [1, 2, 3] {
        check(&Session::generated(seed, 20, &[]), 300);
    }
}

#[test]
fn generated_sessions_by_last_trades() {
    for seed in [1, 2] {
        let session = Session::generated(seed, 15, &["--strategy", "last-trade"]);
        let found = oracle(&session);
        session.replay();
        compare(&session, &[]);
        assert!(found.lines().count() > 200, "{found}");
    }
}

/// Begins, ends, and edges at thresholds of age and lag other than the usual ones.
#[test]
fn generated_sessions_at_other_thresholds() {
    let cases: [&[&str]; 3] = [
        &["--age", "150", "--lag", "0", "--edge", "0"],
        &["--age", "400", "--lag", "7", "--edge", "-3.75"],
        &["--age", "60000", "--lag", "50", "--edge", "20.0001", "--notional", "33.3"],
    ];
    for (seed, choices) in (4..).zip(cases) {
        let session = Session::generated(seed, 12, choices);
        let found = oracle(&session);
        session.replay();
        compare(&session, &[]);
        assert!(found.lines().count() > 30, "{choices:?}: {found}");
    }
}

/// Fields in any order, unknown fields, escapes, numbers too fine for their scale, lines lost, doubled, and received
/// before the one ahead of them: engine and oracle make the same of it.
#[test]
fn rough_sessions() {
    for seed in [1, 2, 5] {
        let session = Session::generated(seed, 12, &[]);
        session.roughen(seed);
        let found = oracle(&session);
        let replayed = session.replay();
        compare(&session, &[]);
        assert!(found.lines().count() > 100, "{found}");
        for feed in replayed.report["feeds"].as_array().unwrap() {
            let count = |what: &str| feed[what].as_u64().unwrap();
            assert!(feed["refused"]["too_precise"].as_u64() > Some(0), "{feed:#}");
            assert!(count("fast_path") > 0 && count("fast_path") < count("trades") + count("quotes"), "{feed:#}");
        }
    }
}

/// Three of the nine combinations of lag (0, 20, 50 ms) and edge (1, 2, 3 bps): each costs Python ten seconds. All of
/// them with CROSSTICK_ALL set.
#[test]
fn recorded_markets() {
    let Some(data) = recordings() else { return };
    let all = std::env::var_os("CROSSTICK_ALL").is_some();
    let combinations = ["0", "20", "50"].into_iter().flat_map(|lag| ["1", "2", "3"].map(|edge| (lag, edge)));
    let chosen = combinations.filter(|c| all || [("0", "3"), ("20", "1"), ("50", "3")].contains(c));
    let chosen: Vec<_> = chosen.collect();
    // As many at once as a small machine has cores.
    for pair in chosen.chunks(2) {
        std::thread::scope(|scope| {
            for (lag, edge) in pair {
                let data = &data;
                scope.spawn(move || {
                    if let Some(session) = Session::recorded(data, &["--lag", lag, "--edge", edge]) {
                        check(&session, 100);
                    }
                });
            }
        });
    }
}
