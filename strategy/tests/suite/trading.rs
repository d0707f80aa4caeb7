//! What the spread strategy makes of opportunities: groups, reasons, rows, counters.

use crosstick_model::decision::{Decline, Outcome};
use crosstick_model::{Decision, DenyCode, InstrumentId, MarketId, Purpose, Scale, Side, Tick, TimeInForce};
use crosstick_strategy::{HaltReason, Item, Source, Spread, SpreadConfig, Strategy};
use proptest::prelude::*;

use crate::against_naive::{CENTRE, config, mixed, tick, timed};
use crate::world::{Core, Gate, SPOT, approve, deny, fill, inverse, quote, universe};

const BTC: Scale = Scale { price_decimals: 2, quantity_decimals: 5 };

fn core(venues: usize, gate: Gate, change: impl FnOnce(&mut SpreadConfig)) -> Core {
    let universe = universe(&[(BTC, &[SPOT; 3][..venues])]);
    let mut config = SpreadConfig { trade: true, ..SpreadConfig::watch(&universe) };
    change(&mut config);
    Core::new(&universe, &config, gate)
}

fn cheap(at_ns: u64, ask: i64) -> Tick {
    quote(0, at_ns, 900_000, 5, ask, 5)
}

fn dear(instrument: u16, at_ns: u64) -> Tick {
    quote(instrument, at_ns, 1_005_000, 7, 1_100_000, 5)
}

fn fill_all(core: &mut Core) {
    while let Some(order) = core.orders.pop_front() {
        core.report(&order, fill(order.intent.price, order.intent.quantity));
    }
}

#[test]
fn a_pair_is_two_ioc_orders_at_the_quotes() {
    let mut core = core(2, approve(), |_| {});
    core.tick(cheap(10, 1_000_000));
    core.tick(dear(1, 20));
    let groups = core.groups();
    assert_eq!(groups.len(), 1);
    let legs: Vec<_> =
        groups[0].intents().iter().map(|i| (i.leg, i.instrument.0, i.side, i.price, i.quantity)).collect();
    assert_eq!(legs, [(0, 0, Side::Buy, 1_000_000, 5), (1, 1, Side::Sell, 1_005_000, 5)]);
    assert!(groups[0].intents().iter().all(|i| i.time_in_force == TimeInForce::Ioc && i.purpose == Purpose::Open));
    // The opportunity is told before the orders that it leads to.
    assert!(matches!(core.log[0], Item::Decision(Decision::OpportunityBegin { id: 1, .. })));
    core.tick(cheap(30, 999_000));
    assert_eq!(core.groups().len(), 1, "taken is taken, better edge or not");
    core.tick(cheap(40, 1_010_000));
    let row = core.closed()[0];
    assert_eq!((row.begin_ns, row.end_ns, row.outcome), (20, Some(40), Outcome::Taken));
    assert_eq!((row.first_edge_ppm, row.best_edge_ppm), (5_000, 6_006));
    assert_eq!((row.buy_price, row.sell_price, row.quantity), (1_000_000, 1_005_000, 5));
}

#[test]
fn an_inverse_leg_is_ordered_in_contracts() {
    let universe = universe(&[(BTC, &[SPOT, inverse(BTC)])]);
    let config = SpreadConfig { trade: true, ..SpreadConfig::watch(&universe) };
    let mut core = Core::new(&universe, &config, approve());
    core.tick(quote(0, 1, 5_999_900, 1, 6_000_000, 5_000));
    core.tick(quote(1, 2, 6_030_000, 40 * 100_000, 6_030_100, 40 * 100_000));
    let quantities: Vec<_> = core.groups()[0].intents().iter().map(|i| i.quantity).collect();
    assert_eq!(quantities, [4_975, 30 * 100_000]);
}

#[test]
fn reasons_for_leaving_it_alone() {
    let outcome = |core: &mut Core| {
        core.finish();
        core.closed().last().unwrap().outcome
    };
    let mut watching = core(2, approve(), |c| c.trade = false);
    watching.tick(cheap(10, 1_000_000));
    watching.tick(dear(1, 20));
    assert_eq!(outcome(&mut watching), Outcome::Declined(Decline::WatchOnly));

    let mut denied = core(2, deny(DenyCode::Balance), |_| {});
    denied.tick(cheap(10, 1_000_000));
    denied.tick(dear(1, 20));
    denied.tick(dear(1, 30));
    assert_eq!(denied.groups().len(), 1, "the same edge is not tried again");
    denied.tick(cheap(40, 999_000));
    assert_eq!(denied.groups().len(), 2, "a better one is");
    assert_eq!(outcome(&mut denied), Outcome::Denied(DenyCode::Balance));
    assert!(!denied.strategy.in_flight(MarketId(0)));
}

#[test]
fn cooldown_is_per_route_and_in_flight_per_market() {
    let mut core = core(3, approve(), |c| c.cooldown_ns = 100);
    core.tick(cheap(10, 1_000_000));
    core.tick(dear(1, 20));
    core.tick(dear(2, 25)); // another route of a market with a pair in flight
    fill_all(&mut core);
    core.tick(cheap(30, 1_010_000)); // both end
    core.tick(cheap(119, 1_000_000)); // 0 → 1 is still cooling; 0 → 2 is not
    fill_all(&mut core);
    core.tick(cheap(119, 1_010_000));
    core.tick(cheap(120, 1_000_000)); // 0 → 1 again, from 120 on it may
    let rows: Vec<_> = core.closed().iter().map(|o| (o.route.sell.0, o.begin_ns, o.outcome)).collect();
    let declined = Outcome::Declined;
    assert_eq!(
        rows,
        [
            (1, 20, Outcome::Taken),
            (2, 25, declined(Decline::InFlight)),
            (1, 119, declined(Decline::Cooldown)),
            (2, 119, Outcome::Taken),
        ]
    );
    core.finish();
    let rows: Vec<_> = core.closed()[4..].iter().map(|o| (o.route.sell.0, o.end_ns, o.outcome)).collect();
    assert_eq!(rows, [(1, None, Outcome::Taken), (2, None, declined(Decline::Cooldown))]);
    let counters = *core.strategy.counters();
    assert_eq!((counters.seen, counters.taken), (6, 3));
    assert_eq!(counters.declined, [0, 2, 1, 0]);
}

#[test]
fn a_denied_route_does_not_block_the_next_of_the_same_input() {
    let gate: Gate = Box::new(|g| if g.intents()[1].instrument.0 == 1 { Err((1, DenyCode::Balance)) } else { Ok(()) });
    let mut core = core(3, gate, |_| {});
    core.tick(dear(1, 10));
    core.tick(dear(2, 20));
    core.tick(cheap(30, 1_000_000));
    core.finish();
    let rows: Vec<_> = core.closed().iter().map(|o| (o.route.sell.0, o.outcome)).collect();
    assert_eq!(rows, [(1, Outcome::Denied(DenyCode::Balance)), (2, Outcome::Taken)]);
}

#[test]
fn a_fill_that_nobody_waits_for_suspends() {
    let mut core = core(2, approve(), |_| {});
    core.tick(cheap(10, 1_000_000));
    core.tick(dear(1, 20));
    let order = core.orders[0];
    fill_all(&mut core);
    assert!(!core.strategy.suspended());
    core.report(&order, fill(1_000_000, 5));
    assert!(core.strategy.suspended());
    assert_eq!(core.log.last(), Some(&Item::Halt(HaltReason::UnknownFill(order.intent.instrument))));
    core.tick(cheap(30, 1_010_000));
    core.tick(cheap(40, 1_000_000));
    core.finish();
    assert_eq!(core.closed()[1].outcome, Outcome::Declined(Decline::Unhedged));
}

#[test]
fn names() {
    let universe = universe(&[(BTC, &[SPOT; 2])]);
    let quotes = Spread::new(&universe, &SpreadConfig::watch(&universe)).unwrap();
    let config = SpreadConfig { source: Source::Trades, ..SpreadConfig::watch(&universe) };
    let trades = Spread::new(&universe, &config).unwrap();
    assert_eq!((quotes.name(), quotes.indicative()), ("spread", false));
    assert_eq!((trades.name(), trades.indicative()), ("last-trade", true));
}

#[test]
fn snapshots_show_both_ways() {
    let mut core = core(2, approve(), |c| (c.trade, c.max_age_ns) = (false, 100));
    core.tick(cheap(10, 1_000_000));
    core.tick(dear(1, 20));
    let detector = core.strategy.detector();
    let at = |now_ns| -> Vec<_> {
        let routes = (0..detector.route_count()).filter_map(|i| detector.snapshot(i, now_ns));
        routes.map(|r| (r.route.buy.0, r.route.sell.0, r.edge_ppm, r.open, r.best_edge_ppm)).collect()
    };
    // −200000/1.1 and +5000 ppm
    assert_eq!(at(20), [(0, 1, Some(5_000), 1, 5_000), (1, 0, Some(-181_819), 0, 0)]);
    assert_eq!(at(110), [(0, 1, None, 1, 5_000), (1, 0, None, 0, 0)]);
    // The prices stay to be seen when they are stale, each with the instrument that they are of.
    let way = detector.snapshot(1, 110).map(|r| (r.buy, r.sell, r.ask, r.bid, r.quantity));
    let quotes = [cheap(10, 1_000_000), dear(1, 20)].map(|t| t.as_quote().unwrap());
    // 5 are asked, 7 are bid for.
    assert_eq!(way, Some((InstrumentId(0), InstrumentId(1), quotes[0].ask, quotes[1].bid, 5)));
    assert_eq!(detector.snapshot(detector.route_count(), 0), None);
}

const MS: u64 = 1_000_000;

/// A session in which everything happens: orders fill, fail, hang and are denied as the seed says.
fn session(ticks: &[Tick], source: Source, trade: bool, seed: u64) -> Core {
    let universe = mixed();
    let config = config(&universe, source);
    // The random steps are milliseconds here, so that closing orders are tried again in time.
    let (max_age_ns, cooldown_ns) = (config.max_age_ns * MS, 20 * MS);
    let config = SpreadConfig { trade, max_age_ns, cooldown_ns, close_collar_e8: 1_000_000, ..config };
    let mut state = seed | 1;
    let mut random = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> 33
    };
    let mut gate_random = random;
    let gate: Gate = Box::new(move |_| if gate_random() % 5 == 0 { Err((0, DenyCode::OrderRate)) } else { Ok(()) });
    let mut core = Core::new(&universe, &config, gate);
    for tick in ticks {
        core.tick(Tick { recv_ns: tick.recv_ns * MS, ..*tick });
        while core.orders.front().is_some() && random() % 3 == 0 {
            let order = core.orders.pop_front().unwrap();
            let quantity = order.intent.quantity;
            let filled = match random() % 4 {
                0 => 0,
                1 => quantity / 2,
                _ => quantity,
            };
            if filled > 0 {
                core.report(&order, fill(order.intent.price, filled));
            }
            if filled < quantity {
                core.report(&order, crosstick_model::ReportKind::Cancelled { unfilled: quantity - filled });
            }
        }
    }
    core.finish();
    core
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn begin_and_end_never_depend_on_trading(
        steps in prop::collection::vec(tick(5, 3, CENTRE, 600), 1..300), seed: u64, trades: bool,
    ) {
        let ticks = timed(steps);
        let source = if trades { Source::Trades } else { Source::Quotes };
        let (watched, traded) = (session(&ticks, source, false, seed), session(&ticks, source, true, seed));
        let rows = |core: &Core| -> Vec<_> {
            let blank = |mut o: crosstick_strategy::Opportunity| {
                o.outcome = Outcome::Taken;
                o
            };
            core.closed().into_iter().map(blank).collect()
        };
        prop_assert_eq!(rows(&watched), rows(&traded));
        // The same inputs give the same outputs.
        let again = session(&ticks, source, true, seed);
        prop_assert_eq!(&traded.log, &again.log);
        prop_assert_eq!(&traded.verdicts, &again.verdicts);
        // seen = taken + declined, and as the rows tell it.
        let counters = *traded.strategy.counters();
        let declined: u64 = counters.declined.iter().chain(&counters.denied).sum();
        prop_assert_eq!(counters.seen, counters.taken + declined);
        let closed = traded.closed();
        prop_assert_eq!(counters.seen, closed.len() as u64);
        let taken = closed.iter().filter(|o| o.outcome == Outcome::Taken).count() as u64;
        prop_assert_eq!(counters.taken, taken);
        prop_assert_eq!(watched.strategy.counters().declined[Decline::WatchOnly as usize], counters.seen);
        prop_assert!(watched.groups().is_empty());
    }
}

#[test]
fn sessions_take_and_decline() {
    use proptest::strategy::{Strategy as _, ValueTree};

    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let steps = prop::collection::vec(tick(5, 3, CENTRE, 600), 6_000).new_tree(&mut runner).unwrap().current();
    let core = session(&timed(steps), Source::Quotes, true, 7);
    let (counters, pairs) = (core.strategy.counters(), core.strategy.pair_stats());
    assert!(counters.taken > 5 && counters.denied[DenyCode::OrderRate as usize] > 0, "{counters:?}");
    assert!(pairs.clean > 0 && pairs.legged > 0 && pairs.closed > 0, "{pairs:?}");
}
