//! All that can happen to a pair: what each leg fills, in which order the reports arrive, what becomes of closing
//! orders. However it goes, no exposure is forgotten.

use crosstick_model::{DenyCode, Kind, MarketId, Order, Purpose, RejectReason, ReportKind, Scale, Side};
use crosstick_strategy::spread::{CLOSE_ATTEMPTS_MAX, CLOSE_DENIED_RETRY_NS, CLOSE_RETRY_MAX_NS, CLOSE_RETRY_NS};
use crosstick_strategy::{HaltReason, Item, SpreadConfig, Strategy};

use crate::world::{Core, LegSpec, SPOT, amount, approve, fill, inverse, quote, universe};

pub const SCALE: Scale = Scale { price_decimals: 1, quantity_decimals: 3 };
pub const MS: u64 = 1_000_000;

/// What becomes of a leg, in parts of its quantity (whole lots), and how it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Rejected,
    Nothing,
    Part,
    TwoParts,
    Full,
    FullInParts,
}

const FATES: [Fate; 6] = [Fate::Rejected, Fate::Nothing, Fate::Part, Fate::TwoParts, Fate::Full, Fate::FullInParts];

/// What becomes of closing orders, one after the other; the last one over and over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Close {
    Full,
    Part,
    Nothing,
    Denied,
}

const CLOSES: [&[Close]; 7] = [
    &[Close::Full],
    &[Close::Part, Close::Full],
    &[Close::Nothing, Close::Full],
    &[Close::Denied, Close::Full],
    &[Close::Denied, Close::Nothing, Close::Part, Close::Denied, Close::Full],
    &[Close::Nothing],
    &[Close::Denied],
];

fn lot(leg: &LegSpec) -> i64 {
    if leg.kind == Kind::Inverse { leg.quantity_step.max(1_000) } else { leg.quantity_step }
}

/// The reports of an order, in the order in which they happen.
fn reports(fate: Fate, order: &Order, lot: i64) -> Vec<ReportKind> {
    let (price, quantity) = (order.intent.price, order.intent.quantity);
    let third = quantity / 3 / lot * lot;
    assert!(third > 0 && 2 * third < quantity, "the test needs quantities that can be parted");
    let mut reports = match fate {
        Fate::Rejected => return vec![ReportKind::Rejected(RejectReason::Simulated)],
        Fate::Nothing => vec![ReportKind::Accepted],
        Fate::Part => vec![ReportKind::Accepted, fill(price, third)],
        Fate::TwoParts => vec![fill(price, third), fill(price, third)],
        Fate::Full => vec![fill(price, quantity)],
        Fate::FullInParts => vec![fill(price, third), fill(price, quantity - third)],
    };
    let filled = filled(fate, quantity, third);
    if filled < quantity {
        reports.push(ReportKind::Cancelled { unfilled: quantity - filled });
    }
    reports
}

fn filled(fate: Fate, quantity: i64, third: i64) -> i64 {
    match fate {
        Fate::Rejected | Fate::Nothing => 0,
        Fate::Part => third,
        Fate::TwoParts => 2 * third,
        Fate::Full | Fate::FullInParts => quantity,
    }
}

/// All orders in which two sequences can arrive: bit i says whose report is the i-th.
fn interleavings(a: usize, b: usize) -> impl Iterator<Item = u32> {
    (0u32..1 << (a + b)).filter(move |bits| bits.count_ones() as usize == b)
}

/// What was bought minus what was sold, per instrument, in its own units.
#[derive(Debug, Default, Clone, Copy)]
struct Net {
    /// Of the pair's orders.
    opened: [i64; 2],
    /// After closing orders as well.
    left: [i64; 2],
    /// What closing orders bought less what they sold, base units in parts of 10^-9, each at its own price.
    closed_base: i128,
}

struct Case<'a> {
    legs: [LegSpec; 2],
    fates: [Fate; 2],
    order: u32,
    closes: &'a [Close],
}

/// Runs one case to its end and returns what is open.
fn play(case: &Case<'_>) -> (Core, Net) {
    let universe = universe(&[(SCALE, &case.legs)]);
    let config = SpreadConfig { trade: true, close_collar_e8: 1_000_000, ..SpreadConfig::watch(&universe) };
    let closes = case.closes.to_vec();
    let mut asked = 0;
    let gate = move |group: &crosstick_strategy::Group| {
        if group.intents()[0].purpose == Purpose::Open {
            return Ok(());
        }
        asked += 1;
        let denied = closes[(asked - 1usize).min(closes.len() - 1)] == Close::Denied;
        if denied { Err((0, DenyCode::Balance)) } else { Ok(()) }
    };
    let mut core = Core::new(&universe, &config, Box::new(gate));
    let size = |leg: &LegSpec| if leg.kind == Kind::Inverse { 30_000 } else { 300 };
    core.tick(quote(0, MS, 99_990, size(&case.legs[0]), 100_000, size(&case.legs[0])));
    core.tick(quote(1, 2 * MS, 100_040, size(&case.legs[1]), 100_050, size(&case.legs[1])));
    let pair = [core.orders.pop_front().unwrap(), core.orders.pop_front().unwrap()];
    let mut queues: Vec<_> = (0..2).map(|i| reports(case.fates[i], &pair[i], lot(&case.legs[i])).into_iter()).collect();
    let total = queues[0].len() + queues[1].len();
    for bit in 0..total {
        assert!(core.orders.is_empty(), "closed before both legs ended");
        assert!(core.strategy.in_flight(MarketId(0)));
        let leg = (case.order >> bit & 1) as usize;
        core.report(&pair[leg], queues[leg].next().unwrap());
    }
    let mut net = Net::default();
    for (i, order) in pair.iter().enumerate() {
        let intent = order.intent;
        let third = intent.quantity / 3 / lot(&case.legs[i]) * lot(&case.legs[i]);
        net.opened[i] = intent.side.sign() * filled(case.fates[i], intent.quantity, third);
    }
    net.left = net.opened;
    for _ in 0..500 {
        while let Some(order) = core.orders.pop_front() {
            let done = close(&mut core, &order, case);
            let i = order.intent.instrument.index();
            net.left[i] += order.intent.side.sign() * done;
            net.closed_base += base(case.legs[i].kind, order.intent.side.sign() * done, order.intent.price);
        }
        let Some(due) = core.strategy.next_wake() else { break };
        core.until(due);
    }
    (core, net)
}

/// Base units of 10^-3, exact in 10^-9, of a quantity at a price; a contract is 100.
fn base(kind: Kind, quantity: i64, price: i64) -> i128 {
    match kind {
        Kind::Inverse => i128::from(quantity) * 100_000_000_000_000 / i128::from(price) / 1_000_000 * 10,
        _ => i128::from(quantity) * 1_000_000,
    }
}

/// What becomes of a closing order; returns what it filled.
fn close(core: &mut Core, order: &Order, case: &Case<'_>) -> i64 {
    let attempt = core.groups().len() - 2; // the first group is the pair
    let (quantity, price) = (order.intent.quantity, order.intent.price);
    let lot = lot(&case.legs[order.intent.instrument.index()]);
    assert_eq!(order.intent.purpose, Purpose::Close);
    assert!(quantity > 0 && quantity % lot == 0);
    let done = match case.closes[attempt.min(case.closes.len() - 1)] {
        Close::Full => quantity,
        Close::Part => quantity / 2 / lot * lot,
        Close::Nothing => 0,
        Close::Denied => panic!("a denied order was sent"),
    };
    if done > 0 {
        core.report(order, fill(price, done));
    }
    if done < quantity {
        core.report(order, ReportKind::Cancelled { unfilled: quantity - done });
    }
    done
}

/// Checks what must hold whatever happened.
fn check(case: &Case<'_>, core: &Core, net: Net) {
    let about =
        format!("{:?} order {:b} closes {:?} of {:?}", case.fates, case.order, case.closes, case.legs.map(|l| l.kind));
    let stats = *core.strategy.pair_stats();
    assert!(!core.strategy.in_flight(MarketId(0)), "{about}");
    assert_eq!(stats.sent, 1, "{about}");
    assert_eq!(stats.clean + stats.empty + stats.closed + stats.failed, 1, "{about}: {stats:?}");
    assert_eq!(stats.legged, stats.closed + stats.failed, "{about}: {stats:?}");
    let halted = core.log.contains(&Item::Halt(HaltReason::Unhedged(MarketId(0))));
    assert_eq!((halted, core.strategy.suspended()), (stats.failed == 1, stats.failed == 1), "{about}");
    let gives_up = matches!(case.closes, [Close::Nothing] | [Close::Denied]);
    assert!(gives_up || !halted, "{about}");
    // Closing only ever takes back: no leg changes its sign, and only one leg is touched.
    for i in 0..2 {
        let (opened, left) = (net.opened[i].abs(), net.left[i].abs());
        assert!(left <= opened && net.left[i].signum() * net.opened[i].signum() >= 0, "{about}: {net:?}");
    }
    assert!(net.opened.iter().zip(net.left).filter(|(o, l)| **o != *l).count() <= 1, "{about}: {net:?}");
    // In base units of 10^-3, exact in 10^-9: a contract of 100 counts at the price it was opened at.
    let value = |i: usize, quantity: i64| match case.legs[i].kind {
        Kind::Inverse => i128::from(quantity) * 1_000_000_000 / if i == 0 { 100_000 } else { 100_040 },
        _ => i128::from(quantity) * 1_000_000,
    };
    let open = value(0, net.left[0]) + value(1, net.left[1]);
    // A lot of the leg that filled more, plus one quantity mantissa for rounding a contract's value down.
    let over = usize::from(open < 0);
    let dust = value(over, lot(&case.legs[over])).abs() + 2_000_000;
    if stats.failed == 0 {
        assert!(open.abs() < dust, "{about}: {open} of {dust} is open: {net:?}");
    } else {
        assert!(open.abs() >= dust - 4_000_000, "{about}: halted for nothing");
    }
    // What was bought and not sold is on the books, at the prices it went for: so does risk count it.
    let carried = core.strategy.carried(MarketId(0)) * 1_000_000;
    let traded = value(0, net.opened[0]) + value(1, net.opened[1]) + net.closed_base;
    assert!((traded - carried).abs() <= 2_000_000, "{about}: {traded} traded, {carried} carried");
}

fn all(legs: [LegSpec; 2]) -> usize {
    let mut cases = 0;
    for fates in FATES.iter().flat_map(|a| FATES.map(|b| [*a, b])) {
        for closes in CLOSES {
            // How many reports there are depends on the fate alone.
            let count = |fate| match fate {
                Fate::Rejected | Fate::Full => 1,
                Fate::Nothing | Fate::FullInParts => 2,
                Fate::Part | Fate::TwoParts => 3,
            };
            for order in interleavings(count(fates[0]), count(fates[1])) {
                let case = Case { legs, fates, order, closes };
                let (core, net) = play(&case);
                check(&case, &core, net);
                cases += 1;
            }
        }
    }
    cases
}

#[test]
fn spot_against_spot() {
    assert_eq!(all([SPOT; 2]), 1_736);
}

#[test]
fn different_steps() {
    all([LegSpec { quantity_step: 10, ..SPOT }, SPOT]);
    all([SPOT, LegSpec { quantity_step: 10, ..SPOT }]);
}

#[test]
fn spot_against_inverse() {
    all([SPOT, inverse(SCALE)]);
    all([inverse(SCALE), LegSpec { kind: Kind::Linear, ..SPOT }]);
}

#[test]
fn inverse_against_inverse() {
    all([inverse(SCALE); 2]);
}

/// A pair of which only the bought leg filled.
pub fn bought_only(legs: [LegSpec; 2], gate: crate::world::Gate, collar_e8: i64) -> Core {
    let universe = universe(&[(SCALE, &legs)]);
    let config = SpreadConfig { trade: true, close_collar_e8: collar_e8, ..SpreadConfig::watch(&universe) };
    let mut core = Core::new(&universe, &config, gate);
    core.tick(quote(0, MS, 99_990, 300, 100_000, 300));
    core.tick(quote(1, 2 * MS, 100_040, 300, 100_050, 300));
    let pair = [core.orders.pop_front().unwrap(), core.orders.pop_front().unwrap()];
    core.report(&pair[0], fill(100_000, 300));
    core.report(&pair[1], ReportKind::Cancelled { unfilled: 300 });
    core
}

#[test]
fn the_closing_order_goes_through_the_quote_by_the_collar() {
    let price = |collar, price_step| {
        let core = bought_only([LegSpec { price_step, ..SPOT }, SPOT], approve(), collar);
        let order = core.orders[0].intent;
        assert_eq!((order.side, order.quantity, order.instrument.0), (Side::Sell, 300, 0));
        order.price
    };
    assert_eq!(price(0, 1), 99_990);
    assert_eq!(price(100_000, 1), 99_891, "10 bps below 9999.0 is 9989.001, rounded towards the quote");
    assert_eq!(price(100_000, 30), 99_900, "never beyond the collar");
    assert_eq!(price(100_000, 70_000), 99_990, "never worse than the quote, whatever the step");
}

#[test]
fn a_buying_close_is_rounded_towards_the_quote_as_well() {
    let universe = universe(&[(SCALE, &[SPOT, LegSpec { price_step: 30, ..SPOT }])]);
    let config = SpreadConfig { trade: true, close_collar_e8: 100_000, ..SpreadConfig::watch(&universe) };
    let mut core = Core::new(&universe, &config, approve());
    core.tick(quote(0, MS, 99_990, 300, 100_000, 300));
    core.tick(quote(1, 2 * MS, 100_050, 300, 100_080, 300));
    let pair = [core.orders.pop_front().unwrap(), core.orders.pop_front().unwrap()];
    core.report(&pair[1], fill(100_050, 300));
    core.report(&pair[0], ReportKind::Rejected(RejectReason::NoQuote));
    let order = core.orders[0].intent;
    // 10008.0 + 10 bps = 10018.008
    assert_eq!((order.side, order.instrument.0, order.price), (Side::Buy, 1, 100_170));
}

#[test]
fn an_unfilled_close_is_tried_again_at_the_next_quote_or_the_timer() {
    let mut core = bought_only([SPOT; 2], approve(), 0);
    let order = core.orders.pop_front().unwrap();
    core.report(&order, ReportKind::Cancelled { unfilled: 300 });
    assert!(core.orders.is_empty(), "not at once: the quote is the one that failed");
    assert_eq!(core.strategy.next_wake(), Some(core.now_ns + CLOSE_RETRY_NS));
    core.tick(quote(1, 3 * MS, 100_040, 300, 100_050, 300));
    assert!(core.orders.is_empty(), "another instrument's quote");
    core.tick(quote(0, 4 * MS, 99_980, 300, 100_000, 300));
    let order = core.orders.pop_front().unwrap();
    assert_eq!(order.intent.price, 99_980);
    core.report(&order, ReportKind::Rejected(RejectReason::NoQuote));
    core.until(4 * MS + 2 * CLOSE_RETRY_NS - 1);
    assert!(core.orders.is_empty());
    core.until(4 * MS + 2 * CLOSE_RETRY_NS);
    let order = core.orders.pop_front().unwrap();
    core.report(&order, fill(99_980, 300));
    assert_eq!((core.strategy.next_wake(), core.strategy.pair_stats().closed), (None, 1));
}

#[test]
fn a_denied_close_is_an_attempt_and_waits_for_the_timer() {
    let gate = |g: &crosstick_strategy::Group| match g.intents()[0].purpose {
        Purpose::Open => Ok(()),
        Purpose::Close => Err((0, DenyCode::Balance)),
    };
    let mut core = bought_only([SPOT; 2], Box::new(gate), 0);
    let first = core.now_ns;
    core.tick(quote(0, 3 * MS, 99_980, 300, 100_000, 300));
    assert_eq!(core.groups().len(), 2, "a quote does not hasten what risk denied");
    // 0.2, 0.4, 0.8, 1.6 s, and 2 s from then on: quiet for half a minute is no reason to stop.
    let patience = 3_000 * MS + u64::from(CLOSE_ATTEMPTS_MAX - 5) * CLOSE_RETRY_MAX_NS;
    core.until(first + patience - 1);
    assert!(!core.strategy.suspended());
    core.until(first + patience);
    assert!(core.strategy.suspended());
    assert_eq!(CLOSE_DENIED_RETRY_NS, 200 * MS);
    let stats = *core.strategy.pair_stats();
    assert_eq!((stats.close_attempts, stats.failed), (u64::from(CLOSE_ATTEMPTS_MAX), 1));
    assert_eq!(core.strategy.carried(MarketId(0)), 300, "the exposure stays booked");
    assert_eq!(core.strategy.next_wake(), None);
}

/// Risk counts all fills: what it says is open nowhere is no reason to halt. A few tries,
/// then it is carried.
#[test]
fn what_risk_says_is_not_open_is_carried_without_a_halt() {
    let gate = |g: &crosstick_strategy::Group| match g.intents()[0].purpose {
        Purpose::Open => Ok(()),
        Purpose::Close => Err((0, DenyCode::NotReducing)),
    };
    let mut core = bought_only([SPOT; 2], Box::new(gate), 0);
    core.until(core.now_ns + 60_000 * MS);
    let stats = *core.strategy.pair_stats();
    assert_eq!((stats.close_attempts, stats.failed, stats.closed, stats.dust), (3, 0, 1, 1));
    assert!(!core.strategy.suspended() && !core.strategy.in_flight(MarketId(0)));
    assert_eq!(core.strategy.carried(MarketId(0)), 300, "it stays on the books");
    assert_eq!(core.strategy.next_wake(), None);
}

/// A contract closed at another price than it was opened at gives back more or less base than it took: the
/// difference is real, and risk's books hold it too.
#[test]
fn what_a_contract_gained_or_lost_in_base_is_carried() {
    let universe = universe(&[(SCALE, &[inverse(SCALE), SPOT])]);
    let config = SpreadConfig { trade: true, ..SpreadConfig::watch(&universe) };
    let mut core = Core::new(&universe, &config, approve());
    core.tick(quote(0, MS, 99_990, 30_000, 100_000, 30_000));
    core.tick(quote(1, 2 * MS, 100_040, 300, 100_050, 300));
    let pair = [core.orders.pop_front().unwrap(), core.orders.pop_front().unwrap()];
    // 30 contracts of 100 at 10000.0 are 0.3; at 9800.0 they are 0.306.
    core.report(&pair[0], fill(100_000, 30_000));
    core.report(&pair[1], ReportKind::Cancelled { unfilled: pair[1].intent.quantity });
    let closing = core.orders.pop_front().unwrap();
    assert_eq!((closing.intent.side, closing.intent.quantity), (Side::Sell, 30_000));
    core.report(&closing, fill(98_000, 30_000));
    assert!(core.orders.is_empty() && !core.strategy.in_flight(MarketId(0)));
    assert_eq!(core.strategy.carried(MarketId(0)), -6);
}

#[test]
fn what_no_venue_would_take_is_carried_into_the_next_pair() {
    // At least 200 in quote: 0.02 at 10000. A third of a small pair stays open twice, then both are closed together.
    let least = LegSpec { min_notional: amount("200"), ..SPOT };
    let universe = universe(&[(SCALE, &[least, SPOT])]);
    let config = SpreadConfig { trade: true, ..SpreadConfig::watch(&universe) };
    let mut core = Core::new(&universe, &config, approve());
    let mut play = |at_ms: u64, bought: i64, sold: i64| {
        core.tick(quote(0, at_ms * MS, 99_990, 30, 100_000, 30));
        core.tick(quote(1, at_ms * MS, 100_040, 30, 100_050, 30));
        let pair = [core.orders.pop_front().unwrap(), core.orders.pop_front().unwrap()];
        for (order, filled) in pair.iter().zip([bought, sold]) {
            core.report(order, fill(order.intent.price, filled));
            if filled < 30 {
                core.report(order, ReportKind::Cancelled { unfilled: 30 - filled });
            }
        }
        core.tick(quote(1, (at_ms + 1) * MS, 99_980, 30, 100_050, 30)); // the end
        let closing = core.orders.pop_front();
        if let Some(order) = &closing {
            core.report(order, fill(order.intent.price, order.intent.quantity));
        }
        (core.strategy.carried(MarketId(0)), closing.map(|o| (o.intent.side, o.intent.quantity)))
    };
    assert_eq!(play(10, 30, 18), (12, None));
    assert_eq!(play(20, 30, 30), (12, None));
    assert_eq!(play(30, 30, 20), (0, Some((Side::Sell, 22))));
    let stats = *core.strategy.pair_stats();
    assert_eq!((stats.sent, stats.clean, stats.dust, stats.closed), (3, 2, 2, 1));
    assert!(!core.strategy.suspended());
}

#[test]
fn a_fill_beyond_the_order_is_exposure_too() {
    let universe = universe(&[(SCALE, &[SPOT; 2])]);
    let config = SpreadConfig { trade: true, ..SpreadConfig::watch(&universe) };
    let mut core = Core::new(&universe, &config, approve());
    core.tick(quote(0, MS, 99_990, 300, 100_000, 300));
    core.tick(quote(1, 2 * MS, 100_040, 300, 100_050, 300));
    let pair = [core.orders.pop_front().unwrap(), core.orders.pop_front().unwrap()];
    core.report(&pair[0], fill(100_000, 310));
    core.report(&pair[0], fill(100_000, 5));
    core.report(&pair[1], fill(100_040, 300));
    let order = core.orders[0].intent;
    assert_eq!((order.side, order.quantity), (Side::Sell, 15));
}
