//! Closing what a pair left open: for how long it is tried, and what fees in the base asset leave to be closed.

use crosstick_model::{Amount, AssetId, DenyCode, Fill, MarketId, Purpose, ReportKind, Side, Tick, VenueId};
use crosstick_strategy::spread::{CLOSE_ATTEMPTS_MAX, CLOSE_BLOCKED_MAX_NS};
use crosstick_strategy::{Group, SpreadConfig, Strategy};

use crate::pairs::{MS, SCALE, bought_only};
use crate::world::{Core, SPOT, approve, fill, quote, universe};

/// Risk approves the pair and denies closing orders with `code`.
fn denied_close(code: DenyCode) -> Core {
    let gate = move |g: &Group| match g.intents()[0].purpose {
        Purpose::Open => Ok(()),
        Purpose::Close => Err((0, code)),
    };
    bought_only([SPOT; 2], Box::new(gate), 0)
}

#[test]
fn what_is_denied_for_now_is_waited_for_and_is_no_attempt() {
    for code in [DenyCode::Stale, DenyCode::OrderRate, DenyCode::OpenOrders] {
        let mut core = denied_close(code);
        let first = core.now_ns;
        core.until(first + CLOSE_BLOCKED_MAX_NS - 1);
        assert!(core.groups().len() > 2 * CLOSE_ATTEMPTS_MAX as usize && !core.strategy.suspended(), "{code:?}");
        core.gate = approve();
        core.until(first + CLOSE_BLOCKED_MAX_NS);
        let order = core.orders.pop_front().unwrap();
        core.report(&order, fill(99_990, 300));
        let stats = *core.strategy.pair_stats();
        assert_eq!((stats.legged, stats.closed, stats.failed), (1, 1, 0), "{code:?}");

        let mut core = denied_close(code);
        core.until(first + CLOSE_BLOCKED_MAX_NS + MS);
        assert!(core.strategy.suspended(), "a minute is long enough: {code:?}");
        assert_eq!((core.strategy.carried(MarketId(0)), core.strategy.next_wake()), (300, None));
    }
}

#[test]
fn a_stale_quote_is_over_with_the_next_one() {
    let mut core = denied_close(DenyCode::Stale);
    core.gate = approve();
    core.tick(quote(0, 3 * MS, 99_980, 300, 100_000, 300));
    assert_eq!(core.orders.len(), 1);
}

/// A venue that goes on quoting the other side shows nothing new to close against.
#[test]
fn quotes_of_the_other_side_use_up_no_attempts() {
    let mut core = bought_only([SPOT; 2], approve(), 0);
    let first = core.orders.pop_front().unwrap();
    core.report(&first, ReportKind::Cancelled { unfilled: 300 });
    let start = core.now_ns;
    for i in 0..3 * u64::from(CLOSE_ATTEMPTS_MAX) {
        // The bid that the order missed stays; asks come and go every 100 µs, faster than the timer.
        core.tick(quote(0, start + (i + 1) * MS / 10, 99_990, 300, 100_000 + i as i64 % 3, 300 + i as i64));
        assert!(core.orders.is_empty(), "nothing new to sell to, yet an order after {i} quotes");
    }
    assert!(!core.strategy.suspended());
    core.tick(quote(0, start + 10 * MS, 99_990, 301, 100_000, 300));
    assert_eq!(core.orders.len(), 1, "another size is worth a try");
}

#[test]
fn without_a_price_closing_waits_for_one() {
    let universe = universe(&[(SCALE, &[SPOT; 2])]);
    let config = SpreadConfig { trade: true, ..SpreadConfig::watch(&universe) };
    for (down_ns, halts) in [(CLOSE_BLOCKED_MAX_NS - MS, false), (CLOSE_BLOCKED_MAX_NS + 3_000 * MS, true)] {
        let mut core = Core::new(&universe, &config, approve());
        core.tick(quote(0, MS, 99_990, 300, 100_000, 300));
        core.tick(quote(1, 2 * MS, 100_040, 300, 100_050, 300));
        let pair = [core.orders.pop_front().unwrap(), core.orders.pop_front().unwrap()];
        core.tick(Tick::line_state(VenueId(0), 0, false, 3 * MS));
        core.report(&pair[0], fill(100_000, 300));
        core.report(&pair[1], ReportKind::Cancelled { unfilled: 300 });
        core.until(3 * MS + down_ns);
        assert_eq!((core.strategy.suspended(), core.orders.len()), (halts, 0));
        core.tick(Tick::line_state(VenueId(0), 0, true, core.now_ns));
        core.tick(quote(0, core.now_ns, 99_980, 300, 100_000, 300));
        assert_eq!(core.orders.len(), usize::from(!halts));
    }
}

#[test]
fn a_close_that_makes_progress_is_given_all_the_orders_it_needs() {
    let mut core = bought_only([SPOT; 2], approve(), 0);
    for left in (0..300).rev() {
        let order = core.orders.pop_front().unwrap();
        assert_eq!(order.intent.quantity, left + 1);
        core.report(&order, fill(99_990, 1));
        if left > 0 {
            core.report(&order, ReportKind::Cancelled { unfilled: left });
            core.tick(quote(0, core.now_ns + MS, 99_990 - left % 2, 1, 100_000, 300));
        }
    }
    let stats = *core.strategy.pair_stats();
    assert_eq!((stats.legged, stats.closed, stats.close_attempts), (1, 1, 300));
    assert!(!core.strategy.suspended());
}

/// A fill whose fee was taken in the base asset, in parts of 10^-16.
fn base_fill(price: i64, quantity: i64, fee: i128) -> ReportKind {
    let ReportKind::Filled(filled) = fill(price, quantity) else { unreachable!() };
    ReportKind::Filled(Fill { fee: Amount(fee), fee_asset: AssetId(0), ..filled })
}

/// One quantity mantissa as an amount: quantities have three decimals.
const UNIT: i128 = 10_000_000_000_000;

#[test]
fn what_a_fee_took_of_the_bought_leg_is_not_there_to_be_closed() {
    for (fee, closes, carried) in [(UNIT * 3 / 10, 299, 0), (UNIT, 299, 0), (UNIT + 1, 298, 0), (-UNIT, 300, 1)] {
        let universe = universe(&[(SCALE, &[SPOT; 2])]);
        let config = SpreadConfig { trade: true, ..SpreadConfig::watch(&universe) };
        let mut core = Core::new(&universe, &config, approve());
        core.tick(quote(0, MS, 99_990, 300, 100_000, 300));
        core.tick(quote(1, 2 * MS, 100_040, 300, 100_050, 300));
        let pair = [core.orders.pop_front().unwrap(), core.orders.pop_front().unwrap()];
        core.report(&pair[0], base_fill(100_000, 300, fee));
        core.report(&pair[1], ReportKind::Cancelled { unfilled: 300 });
        let order = core.orders.pop_front().unwrap();
        assert_eq!((order.intent.side, order.intent.quantity), (Side::Sell, closes), "{fee}");
        core.report(&order, fill(99_990, closes));
        assert!(!core.strategy.in_flight(MarketId(0)));
        assert_eq!(core.strategy.carried(MarketId(0)), carried, "{fee}");
    }
}

#[test]
fn what_was_carried_cannot_be_sold_out_of_what_a_fee_took() {
    let universe = universe(&[(SCALE, &[SPOT; 2])]);
    let config = SpreadConfig { trade: true, ..SpreadConfig::watch(&universe) };
    let mut core = Core::new(&universe, &config, approve());
    // A rebate leaves one too many; then a fee takes one of the 300 that are bought, and 300 are to be sold.
    for (at_ms, fee, closes, carried) in [(10, -UNIT, 300, 1), (20, UNIT, 299, 1)] {
        core.tick(quote(0, at_ms * MS, 99_990, 300, 100_000, 300));
        core.tick(quote(1, at_ms * MS, 100_040, 300, 100_050, 300));
        let pair = [core.orders.pop_front().unwrap(), core.orders.pop_front().unwrap()];
        core.report(&pair[0], base_fill(100_000, 300, fee));
        core.report(&pair[1], ReportKind::Cancelled { unfilled: 300 });
        let order = core.orders.pop_front().unwrap();
        assert_eq!((order.intent.side, order.intent.quantity), (Side::Sell, closes));
        core.report(&order, fill(99_990, closes));
        assert_eq!((core.orders.len(), core.strategy.carried(MarketId(0))), (0, carried));
        core.tick(quote(1, (at_ms + 1) * MS, 99_980, 300, 100_050, 300)); // the end
    }
}

#[test]
fn fees_in_the_base_asset_add_up_and_are_bought_back() {
    let universe = universe(&[(SCALE, &[SPOT; 2])]);
    let config = SpreadConfig { trade: true, ..SpreadConfig::watch(&universe) };
    let mut core = Core::new(&universe, &config, approve());
    let mut bought_back = Vec::new();
    for i in 1..=40u64 {
        core.tick(quote(0, 10 * i * MS, 99_990, 300, 100_000, 300));
        core.tick(quote(1, 10 * i * MS, 100_040, 300, 100_050, 300));
        let pair = [core.orders.pop_front().unwrap(), core.orders.pop_front().unwrap()];
        core.report(&pair[0], base_fill(100_000, 300, UNIT * 3 / 2));
        core.report(&pair[1], fill(100_040, 300));
        if let Some(order) = core.orders.pop_front() {
            assert_eq!((order.intent.side, order.intent.instrument.0), (Side::Buy, 1));
            core.report(&order, fill(100_050, order.intent.quantity));
            bought_back.push((i, order.intent.quantity));
        }
        core.tick(quote(1, (10 * i + 1) * MS, 99_980, 300, 100_050, 300)); // the end
    }
    // 1.5 a pair, when a sixteenth of 300 is reached.
    assert_eq!(bought_back, [(13, 19), (26, 20), (39, 19)]);
    assert_eq!(core.strategy.carried(MarketId(0)), -2);
    let stats = *core.strategy.pair_stats();
    assert_eq!((stats.clean, stats.closed), (37, 3));
}
