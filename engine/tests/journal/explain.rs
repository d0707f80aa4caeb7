//! Why a candidate was or was not traded, from the journal alone.

use crate::support;

use std::collections::BTreeMap;
use std::path::Path;

use crosstick_engine::config::Overrides;
use crosstick_engine::driver::Listener;
use crosstick_engine::journal::entry::{Entry, kind};
use crosstick_engine::journal::explain::{Explained, Story, Which, explain};
use crosstick_engine::setup;
use crosstick_ipc::journal::Journal;
use crosstick_model::{Decimal, Decision, Tick};
use crosstick_strategy::Opportunity;
use support::demo;
use support::journalled::{START_NS, drive, with};

const SEGMENT: u64 = 1 << 20;
const MS: u64 = 1_000_000;

fn stories(dir: &Path, which: Which) -> Vec<Story> {
    match explain(dir, which) {
        Ok(Explained::Opportunities(stories)) => stories,
        other => panic!("{which:?}: {other:?}"),
    }
}

fn story(dir: &Path, which: Which) -> Story {
    let mut list = stories(dir, which);
    assert_eq!(list.len(), 1, "{which:?}");
    list.remove(0)
}

/// Every decision with its number, and the numbers of reports by order.
type Records = (Vec<(u64, Decision)>, BTreeMap<u64, Vec<u64>>);

fn records(dir: &Path) -> Records {
    let journal = Journal::open(dir).unwrap();
    let (mut records, mut decisions, mut reports) = (journal.records(), Vec::new(), BTreeMap::<u64, Vec<u64>>::new());
    while let Some(record) = records.next_record().unwrap() {
        match Entry::read(record.kind, &record.payload) {
            Some(Entry::Decision(bytes)) => decisions.push((record.seq, Decision::read(bytes).unwrap())),
            Some(Entry::Report(report)) => reports.entry(report.order.0).or_default().push(record.seq),
            _ => {}
        }
    }
    (decisions, reports)
}

#[derive(Default)]
struct Rows(Vec<Opportunity>);

impl Listener for Rows {
    fn closed(&mut self, opportunity: &Opportunity) {
        self.0.push(*opportunity);
    }
}

fn number(text: &str) -> f64 {
    text.parse().unwrap_or_else(|_| panic!("a number: {text}"))
}

/// The edge as the formula says it, worked out again from its printed numbers.
fn edge_again(story: &Story) -> i64 {
    let exact = |text: &str| text.parse::<Decimal>().unwrap().at_scale_i128(8).unwrap();
    let fee = |bps: &str| text_e8(bps) / 10_000;
    let (ask, bid) = (exact(&story.begin.buy.price), exact(&story.begin.sell.price));
    let (bought, sold) = (fee(&story.begin.buy.fee_bps), fee(&story.begin.sell.fee_bps));
    let one = 100_000_000;
    i64::try_from(((one - sold) * bid - (one + bought) * ask).div_euclid(100 * ask)).unwrap()
}

fn text_e8(text: &str) -> i128 {
    text.parse::<Decimal>().unwrap().at_scale_i128(8).unwrap()
}

#[test]
fn every_opportunity_of_a_session_is_told_as_it_was() {
    let ticks = demo::ticks(1, START_NS, 15_000);
    let home = tempfile::tempdir().unwrap();
    let overrides = Overrides::none().flag("a test", &["paper", "preset"], "harsh");
    let mut rows = Rows::default();
    let (config, universe) = demo::load(&demo::config_text(), &overrides);
    let mut beside = setup::paper_driver(&config, &universe).unwrap();
    let (dir, ..) = with(home.path(), SEGMENT, &overrides, |driver, scribe| {
        for tick in &ticks {
            driver.take(tick, scribe);
            beside.take(tick, &mut rows);
        }
        driver.finish(scribe);
        beside.finish(&mut rows);
    });
    let (decisions, reports) = records(&dir);
    let (mut outcomes, mut failed) = (BTreeMap::<&str, u64>::new(), 0);
    for row in &rows.0 {
        let told = story(&dir, Which::Opportunity(row.id));
        let code = row.outcome.code();
        *outcomes.entry(code).or_default() += 1;
        assert_eq!((told.opportunity, told.begin.at_ns, told.outcome), (row.id, row.begin_ns, Some(code)));
        assert_eq!(told.end.as_ref().map(|e| e.at_ns), row.end_ns);
        let scale = universe.markets[row.route.market.index()].scale;
        assert_eq!(told.begin.buy.price, scale.price(row.buy_price).to_string());
        assert_eq!(told.begin.sell.price, scale.price(row.sell_price).to_string());
        assert_eq!(told.begin.size.quantity, scale.quantity(row.quantity).to_string());
        assert_eq!((told.begin.edge.ppm, edge_again(&told)), (row.first_edge_ppm, row.first_edge_ppm));
        assert_eq!((&*told.begin.buy.state, &*told.begin.sell.state), ("usable", "usable"));
        bounded(&told);
        // Orders are those of the journal, each with its reports.
        for order in &told.orders {
            let seqs: Vec<u64> = order.reports.iter().map(|r| r.seq).collect();
            assert_eq!(&seqs, reports.get(&order.order).unwrap_or(&Vec::new()), "order {}", order.order);
            let sent = decisions.iter().find(|(seq, _)| *seq == order.seq).map(|(_, d)| *d);
            assert!(matches!(sent, Some(Decision::Order(o)) if o.id.0 == order.order), "{sent:?}");
        }
        assert_eq!(code == "taken", told.orders.len() >= 2, "{told:?}");
        for asked in &told.tries {
            failed += asked.checks.iter().filter(|c| !c.passes).count();
            let first = asked.checks.iter().find(|c| !c.passes).map_or("approved", |c| c.code);
            assert_eq!(asked.verdict, first, "what the checks say is what the gate said: {asked:?}");
            assert!(asked.checks.len() >= 8, "{asked:?}");
        }
    }
    assert!(outcomes.len() >= 3 && outcomes["taken"] > 5 && failed > 3, "{outcomes:?} {failed}");
    // Every order of the session is somebody's.
    let all = decisions.iter().filter(|(_, d)| matches!(d, Decision::Order(_))).count();
    let told: usize = rows.0.iter().map(|r| story(&dir, Which::Opportunity(r.id)).orders.len()).sum();
    assert_eq!(all, told);
}

/// The size is the least of what bounds it, but for the legs' steps.
fn bounded(told: &Story) {
    let size = &told.begin.size;
    let least = match size.bounded_by {
        "max_notional" => size.notional.as_ref().expect("a bound"),
        "the size shown at the ask" => &size.ask,
        _ => &size.bid,
    };
    let others = [Some(&size.ask), Some(&size.bid), size.notional.as_ref()];
    assert!(others.into_iter().flatten().all(|o| number(o) >= number(least)), "{size:?}");
    let (quantity, least) = (number(&size.quantity), number(least));
    assert!(quantity <= least && quantity > least * 0.9 - 1.0, "{size:?}");
}

#[test]
fn any_record_and_any_time_of_an_opportunity_leads_to_it() {
    let home = tempfile::tempdir().unwrap();
    let (dir, ..) = with(home.path(), SEGMENT, &Overrides::none(), |d, s| drive(d, 8_000, s));
    let (decisions, reports) = records(&dir);
    let taken = (1..).map(|id| story(&dir, Which::Opportunity(id))).find(|s| s.outcome == Some("taken")).unwrap();
    let mut seqs = vec![taken.begin.seq, taken.begin.seq - 1, taken.end.as_ref().unwrap().seq];
    seqs.extend(taken.tries.iter().map(|t| t.seq));
    for order in &taken.orders {
        seqs.push(order.seq);
        seqs.extend(&reports[&order.order]);
    }
    let intents = decisions
        .iter()
        .filter(|(_, d)| matches!(d, Decision::Intent { intent, .. } if intent.group.0 == taken.tries[0].group));
    seqs.extend(intents.map(|(seq, _)| *seq));
    assert!(seqs.len() >= 10, "{seqs:?}");
    for seq in seqs {
        assert_eq!(story(&dir, Which::Record(seq)), taken, "record {seq}");
    }
    let (from, to) = (taken.begin.at_ns, taken.end.as_ref().unwrap().at_ns);
    for at_ns in [from, from + (to - from) / 2, to - 1] {
        let open: Vec<u64> = stories(&dir, Which::At(at_ns)).iter().map(|s| s.opportunity).collect();
        assert!(open.contains(&taken.opportunity), "{open:?}");
    }
    let words = |which| explain(&dir, which).unwrap_err().to_string();
    for (which, word) in [
        (Which::Record(0), "record 0"),
        (Which::Record(u64::MAX), "journal's end"),
        (Which::Opportunity(1 << 40), "no opportunity"),
        (Which::At(u64::MAX), "ends before"),
    ] {
        assert!(words(which).contains(word), "{}", words(which));
    }
}

#[test]
fn later_is_what_the_quotes_said_later() {
    let ticks = demo::ticks(1, START_NS, 15_000);
    let home = tempfile::tempdir().unwrap();
    let (dir, ..) = with(home.path(), SEGMENT, &Overrides::none(), |driver, scribe| {
        ticks.iter().for_each(|tick| driver.take(tick, scribe));
        driver.finish(scribe);
    });
    let (_, universe) = demo::load(&demo::config_text(), &Overrides::none());
    let (mut there, mut gone) = (0, 0);
    for id in 1..=20 {
        let told = story(&dir, Which::Opportunity(id));
        let from_ns = told.orders.first().map_or(told.begin.at_ns, |o| o.sent_ns);
        assert_eq!(told.later.iter().map(|l| l.after_ms).collect::<Vec<_>>(), [1, 5, 20, 100]);
        let market = universe.markets.iter().find(|m| *m.name == *told.market).unwrap();
        let on = |name: &str| {
            let ids = market.instruments.iter().copied();
            ids.map(|i| universe.instrument(i)).find(|i| *universe.venue(i.venue).name == *name).unwrap()
        };
        let (buy, sell) = (on(&told.buy_venue), on(&told.sell_venue));
        for later in told.later.iter().filter(|l| l.known) {
            // The last quote of each leg received by then, read off the ticks themselves.
            let until = from_ns + later.after_ms * MS;
            let last = |i: &crosstick_model::Instrument| {
                let mine = ticks.iter().filter(|t: &&Tick| t.instrument == i.id && t.recv_ns <= until);
                mine.filter_map(Tick::as_quote).next_back().unwrap()
            };
            let (ask, bid) = (last(buy), last(sell));
            assert_eq!(later.ask, buy.scale.price(ask.ask).to_string());
            assert_eq!(later.bid, sell.scale.price(bid.bid).to_string());
            there += u64::from(later.there);
            gone += u64::from(!later.there);
        }
    }
    assert!(there > 5 && gone > 5, "{there} {gone}");
    // Of the last one the journal ends too early to tell.
    let last = explain(&dir, Which::At(ticks.last().unwrap().recv_ns));
    if let Ok(Explained::Opportunities(list)) = last {
        assert!(list.iter().all(|s| s.end.is_some() || s.outcome.is_some()), "{list:?}");
    }
}

#[test]
fn where_no_opportunity_was_open_every_way_is_told() {
    let home = tempfile::tempdir().unwrap();
    let overrides = Overrides::none().flag("a test", &["strategy", "spread", "min_edge_bps"], "500");
    let (dir, ..) = with(home.path(), SEGMENT, &overrides, |d, s| drive(d, 4_000, s));
    let (decisions, _) = records(&dir);
    assert!(!decisions.iter().any(|(_, d)| matches!(d, Decision::OpportunityBegin { .. })), "no edge of 5 %");
    let journal = Journal::open(&dir).unwrap();
    let (mut records, mut at_ns) = (journal.records(), 0);
    while let Some(record) = records.next_record().unwrap() {
        if record.kind == kind::TICK && record.seq < 3_000 {
            at_ns = Tick::clone(&match Entry::read(record.kind, &record.payload) {
                Some(Entry::Tick(tick)) => tick,
                other => panic!("{other:?}"),
            })
            .recv_ns;
        }
    }
    let Ok(Explained::None { at_ns: told_ns, ways }) = explain(&dir, Which::At(at_ns)) else {
        panic!("an opportunity")
    };
    assert_eq!(told_ns, at_ns);
    assert!(ways.len() >= 6, "{ways:?}");
    assert!(ways.windows(2).all(|w| w[0].edge_ppm >= w[1].edge_ppm), "the best first");
    assert!(ways.iter().any(|w| w.why.contains("below min_edge_bps: 50000 ppm")), "{ways:?}");
}
