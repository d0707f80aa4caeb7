//! What reports do to positions, results, balances and the breaker, in cases worked out by hand.

mod common;

use common::*;
use crosstick_model::{Amount, DenyCode, InstrumentId, OrderId, ReportKind, Side};
use crosstick_risk::{Balances, HaltState, Limits, PositionView, Rates, ReportCounts, Risk};

fn position(desk: &Desk, instrument: InstrumentId) -> PositionView {
    desk.risk.positions().find(|p| p.instrument == instrument).unwrap()
}

fn filled(desk: &mut Desk, instrument: InstrumentId, side: Side, price: i64, quantity: i64) -> OrderId {
    let intent = desk.intent(instrument, side, 1_000_000, quantity);
    let order = desk.gate_one(intent).unwrap();
    desk.fill(order, price, quantity);
    order
}

#[test]
fn average_cost_over_a_round_trip() {
    let mut desk = Desk::new(limits());
    filled(&mut desk, SPOT_B, Side::Buy, 1_000_000, 100);
    filled(&mut desk, SPOT_B, Side::Buy, 1_010_000, 300);
    // 0.4 for 4030, so 10 075 each; the bid is 10 000.
    let p = position(&desk, SPOT_B);
    assert_eq!((p.quantity, p.pnl.realised, p.pnl.unrealised), (amount("0.4"), Amount::ZERO, amount("-30")));
    filled(&mut desk, SPOT_B, Side::Sell, 1_020_000, 100);
    let p = position(&desk, SPOT_B);
    assert_eq!((p.quantity, p.pnl.realised, p.pnl.unrealised), (amount("0.3"), amount("12.5"), amount("-22.5")));
    // Through zero: 0.3 close at 10 100, 0.1 open short there; the ask is 10 001.
    filled(&mut desk, SPOT_B, Side::Sell, 1_010_000, 400);
    let p = position(&desk, SPOT_B);
    assert_eq!((p.quantity, p.pnl.realised, p.pnl.unrealised), (amount("-0.1"), amount("20"), amount("9.9")));
    filled(&mut desk, SPOT_B, Side::Buy, 1_000_100, 100);
    let p = position(&desk, SPOT_B);
    assert_eq!((p.quantity, p.pnl.realised, p.pnl.unrealised), (Amount::ZERO, amount("29.9"), Amount::ZERO));
    assert_eq!((desk.risk.pnl().net, p.exposure), (amount("29.9"), Amount::ZERO));
}

#[test]
fn long_is_marked_at_the_bid_and_short_at_the_ask() {
    let mut desk = Desk::new(limits());
    filled(&mut desk, LINEAR, Side::Buy, 1_000_000, 100);
    filled(&mut desk, SPOT_B, Side::Sell, 1_000_000, 100);
    for i in [LINEAR, SPOT_B] {
        desk.quote(i, 1_000_500, 1_002_000);
    }
    assert_eq!(position(&desk, LINEAR).pnl.unrealised, amount("0.5"));
    assert_eq!(position(&desk, SPOT_B).pnl.unrealised, amount("-2"));
    assert_eq!(desk.risk.pnl().net, amount("-1.5"));
    // Public trades never mark.
    desk.trade(LINEAR, 2_000_000);
    assert_eq!(position(&desk, LINEAR).pnl.unrealised, amount("0.5"));
}

#[test]
fn a_fee_in_the_received_asset_leaves_the_position() {
    let mut desk = Desk::new(limits());
    let order = desk.buy(SPOT_A, 1_000_000, 100).unwrap();
    desk.fill_fee(order, 1_000_000, 100, amount("0.0001"), desk.world.btc);
    let p = position(&desk, SPOT_A);
    // 1000 were paid for 0.0999, worth 999 at the bid: the loss of 1 is the fee, valued at the fill's price.
    assert_eq!((p.quantity, p.pnl.fees, p.pnl.realised), (amount("0.0999"), amount("1"), Amount::ZERO));
    assert_eq!((p.pnl.unrealised, p.pnl.net), (Amount::ZERO, amount("-1")));
    // Exposure rounds the dust away from zero: 0.1 at the ask.
    assert_eq!(p.exposure, amount("1000.1"));
}

#[test]
fn a_fee_in_a_named_asset_is_valued_by_its_rate() {
    let mut desk = Desk::new(limits());
    let order = desk.buy(LINEAR, 1_000_000, 100).unwrap();
    desk.fill_fee(order, 1_000_000, 100, amount("0.002"), desk.world.bnb);
    assert_eq!(position(&desk, LINEAR).pnl.fees, amount("1.2"));
    // A rebate is a negative fee.
    let order = desk.buy(LINEAR, 1_000_000, 100).unwrap();
    desk.fill_fee(order, 1_000_000, 100, amount("-0.5"), desk.world.usdt);
    assert_eq!(position(&desk, LINEAR).pnl.fees, amount("0.7"));
    // Without a rate the result would be wrong from here on: the fill is booked and trading halts.
    let eur = desk.world.universe.find_asset("EUR").unwrap();
    let order = desk.buy(LINEAR, 1_000_000, 100).unwrap();
    let breach = desk.fill_fee(order, 1_000_000, 100, amount("1"), eur).unwrap();
    assert_eq!((breach.code, position(&desk, LINEAR).quantity), (DenyCode::NoValue, amount("0.3")));
    assert_eq!(desk.risk.report_counts().unvalued_fees, 1);
}

#[test]
fn an_inverse_contract_earns_the_base_asset() {
    let mut desk = Desk::new(limits());
    let order = desk.buy(INVERSE, 1_000_000, 100_000).unwrap();
    desk.fill_fee(order, 1_000_000, 100_000, amount("0.001"), desk.world.btc);
    // 100 contracts of 100 bought at 10 000 are 1 BTC; at 12 500 they are 0.8: 0.2 BTC won, worth 2500.
    desk.quote(INVERSE, 1_250_000, 1_250_100);
    let p = position(&desk, INVERSE);
    assert_eq!((p.pnl.unrealised, p.pnl.fees), (amount("2500"), amount("12.5")));
    assert_eq!((p.quantity, p.pnl_asset), (amount("100"), desk.world.btc));
    assert_eq!(desk.risk.net_base(desk.world.btc), amount("1"));
    let order = desk.sell(INVERSE, 1_250_000, 100_000).unwrap();
    desk.fill(order, 1_250_000, 100_000);
    let p = position(&desk, INVERSE);
    assert_eq!((p.quantity, p.book.realised, p.book.basis), (Amount::ZERO, amount("0.2").0, 0));
    // The result stays in the base asset, so its value moves with the bid.
    desk.quote(INVERSE, 1_000_000, 1_000_100);
    let p = position(&desk, INVERSE);
    assert_eq!((p.pnl.realised, p.pnl.fees, p.pnl.net), (amount("2000"), amount("10"), amount("1990")));
    assert_eq!(p.exposure, Amount::ZERO);
}

#[test]
fn balances_follow_fills() {
    let world = world();
    let funds = [(B, world.usdt, "2000"), (B, world.btc, "1"), (C, world.usdt, "2000"), (C, world.btc, "1")];
    let balances = Balances(funds.map(|(v, a, t)| (v, a, amount(t))).to_vec());
    let mut desk = Desk::with(world, limits(), Some(balances));
    let totals = |desk: &Desk| {
        let of = |v, a| desk.risk.balances().find(|b| b.venue == v && b.asset == a).unwrap().total;
        let (usdt, btc) = (desk.world.usdt, desk.world.btc);
        [of(B, usdt), of(B, btc), of(C, usdt), of(C, btc)].map(|a| a.to_string())
    };
    let order = desk.buy(SPOT_B, 1_000_000, 100).unwrap();
    desk.fill_fee(order, 999_000, 100, amount("0.999"), desk.world.usdt);
    assert_eq!(totals(&desk), ["1000.001", "1.1", "2000", "1"]);
    // A contract moves only what it earns or costs.
    let order = desk.sell(LINEAR, 1_000_000, 100).unwrap();
    desk.fill_fee(order, 1_000_000, 100, amount("1"), desk.world.usdt);
    assert_eq!(totals(&desk), ["1000.001", "1.1", "1999", "1"]);
    let order = desk.buy(LINEAR, 1_000_000, 100).unwrap();
    desk.fill(order, 990_000, 100);
    assert_eq!(totals(&desk), ["1000.001", "1.1", "2009", "1"]);
    let order = desk.buy(INVERSE, 1_000_000, 10_000).unwrap();
    desk.fill_fee(order, 1_000_000, 10_000, amount("0.0001"), desk.world.btc);
    let order = desk.sell(INVERSE, 1_000_000, 10_000).unwrap();
    desk.fill(order, 1_250_000, 10_000);
    assert_eq!(totals(&desk), ["1000.001", "1.1", "2009", "1.0199"]);
    assert!(desk.risk.balances().all(|b| b.reserved == Amount::ZERO && b.margin == Amount::ZERO));
}

#[test]
fn reports_that_do_not_fit_are_counted_and_fills_still_booked() {
    let mut desk = Desk::new(limits());
    let order = desk.buy(SPOT_B, 1_000_000, 100).unwrap();
    desk.report(order, ReportKind::Accepted);
    assert_eq!(desk.risk.report_counts(), ReportCounts::default());
    assert_eq!(desk.cancelled(order, 100), None);
    // A fill after the cancel.
    assert_eq!(desk.fill(order, 1_000_000, 40), None);
    assert_eq!(position(&desk, SPOT_B).quantity, amount("0.04"));
    // A second end.
    desk.cancelled(order, 60);
    desk.report(order, ReportKind::Accepted);
    desk.rejected(order);
    assert_eq!(desk.risk.report_counts(), ReportCounts { late: 4, ..ReportCounts::default() });
    // More than was ordered.
    let order = desk.sell(SPOT_B, 1_000_000, 100).unwrap();
    assert_eq!(desk.fill(order, 1_000_000, 101), None);
    assert_eq!(position(&desk, SPOT_B).quantity, amount("-0.061"));
    assert_eq!(desk.risk.report_counts().overfilled, 1);
    // A cancel whose rest is not what the fills left.
    let order = desk.buy(SPOT_B, 1_000_000, 100).unwrap();
    desk.fill(order, 1_000_000, 10);
    desk.cancelled(order, 80);
    assert_eq!(desk.risk.report_counts().mismatched, 1);
    desk.rejected(OrderId(99));
    assert_eq!(desk.risk.report_counts().unknown, 1);
    assert_eq!(desk.risk.halted(), None);
}

#[test]
fn a_fill_that_no_order_explains_halts() {
    let mut desk = Desk::new(limits());
    let breach = desk.fill(OrderId(7), 1_000_000, 10).unwrap();
    assert_eq!((breach.code, desk.risk.report_counts().unknown), (DenyCode::Unreconciled, 1));
    assert_eq!(desk.buy(SPOT_B, 1_000_000, 10), Err(DenyCode::Unreconciled));
    for (price, quantity) in [(0, 10), (-5, 10), (1_000_000, 0), (1_000_000, -1)] {
        let mut desk = Desk::new(limits());
        let order = desk.buy(SPOT_B, 1_000_000, 10).unwrap();
        assert_eq!(desk.fill(order, price, quantity).unwrap().code, DenyCode::Unreconciled);
        assert_eq!(position(&desk, SPOT_B).quantity, Amount::ZERO);
        assert_eq!(desk.risk.report_counts().malformed, 1);
    }
}

#[test]
fn a_fill_that_does_not_fit_halts_and_books_nothing() {
    let mut desk = Desk::new(limits());
    let order = desk.buy(SPOT_B, 1_000_000, 10).unwrap();
    let breach = desk.fill_fee(order, 1_000_000, 10, Amount::MAX, desk.world.bnb).unwrap();
    assert_eq!((breach.code, desk.risk.report_counts().overflows), (DenyCode::Overflow, 1));
    assert_eq!(position(&desk, SPOT_B).book, crosstick_risk::Book::default());
}

#[test]
fn a_position_is_booked_whole_where_only_its_balance_does_not_fit() {
    let mut world = world();
    // It settles in an asset worth a hundred-millionth, so what it has to set aside there is beyond an i128.
    world.universe.instruments[LINEAR.index()].settle = world.usd;
    let funds = Amount(i128::MAX / 2);
    let balances = Balances(vec![(C, world.usd, funds)]);
    let rates = Rates::new(&world.universe, world.usdt, &[(world.usd, 1)]);
    let mut desk = Desk::new(limits());
    (desk.risk, desk.world) = (Risk::new(&world.universe, limits(), rates, Some(&balances)), world);
    desk.quote(LINEAR, 1_000_000, 1_000_100);
    let order = desk.buy(LINEAR, 1_000_000, 1_000).unwrap();
    let breach = desk.fill_fee(order, 1_000_000_000_000_000, 1_000_000, amount("3"), desk.world.usd).unwrap();
    assert_eq!((breach.code, desk.risk.report_counts().overflows), (DenyCode::Overflow, 1));
    assert_eq!(position(&desk, LINEAR).quantity, amount("1000"));
    assert_eq!(desk.risk.net_base(desk.world.btc), amount("1000"));
    assert_eq!(desk.risk.open_base(LINEAR), amount("1000"));
    let usd = desk.risk.balances().find(|b| b.venue == C && b.asset == desk.world.usd).unwrap();
    assert_eq!((usd.total, usd.margin), (Amount(funds.0 - amount("3").0), Amount::ZERO), "not half of it");
}

#[test]
fn a_mark_at_which_the_result_does_not_fit_changes_no_sum() {
    let mut desk = Desk::new(limits());
    let orders = [SPOT_A, SPOT_B, LINEAR].map(|i| {
        desk.quote(i, 1_000_000, 1_000_100);
        (i, desk.buy(i, 1_000_000, 10).unwrap())
    });
    // Each cost 8e21, in 1e-16 half of what an i128 holds. Two are worth next to nothing, the third what it cost.
    let dear = 8_000_000_000_000_000;
    for (instrument, order) in orders {
        if instrument == LINEAR {
            desk.quote(LINEAR, dear, dear + 100);
        }
        desk.fill(order, dear, 100_000_000_000);
    }
    let gross = |desk: &Desk| {
        let uses = desk.risk.limit_uses(desk.now);
        uses.iter().find(|u| u.code == DenyCode::GrossNotional).unwrap().used
    };
    let before = (gross(&desk), desk.risk.net());
    assert!(before.0 > 70_000_000_000_000_000_000_000_000_000_000_000_000, "{before:?}");
    for part in [2, 4] {
        desk.quote(LINEAR, dear / part, dear / part + 100);
        assert_eq!((gross(&desk), desk.risk.net()), before, "at a {part}th of the price");
    }
    desk.quote(LINEAR, dear, dear + 100);
    assert_eq!((gross(&desk), desk.risk.net()), before);
}

#[test]
fn the_breaker_latches_once_and_keeps_its_first_cause() {
    let mut desk = Desk::new(Limits { max_daily_loss: amount("5"), max_drawdown: amount("10"), ..limits() });
    let order = desk.buy(SPOT_B, 1_000_000, 100).unwrap();
    // On a fill: bought 50 above the bid.
    let breach = desk.fill(order, 1_005_000, 100).unwrap();
    assert_eq!((breach.code, breach.at_ns, breach.net), (DenyCode::DailyLoss, desk.now, amount("-5")));
    let halt = HaltState { code: DenyCode::DailyLoss, at_ns: desk.now, closes: true };
    assert_eq!(desk.risk.halted(), Some(halt));
    // Neither a deeper loss nor a recovery nor a command tells another cause.
    desk.now += 1;
    assert_eq!(desk.quote(SPOT_B, 900_000, 1_000_000), None);
    assert_eq!(desk.quote(SPOT_B, 1_100_000, 1_100_100), None);
    assert_eq!(desk.risk.halt(desk.now, DenyCode::Halted), None);
    assert_eq!(desk.risk.halted(), Some(HaltState { closes: false, ..halt }));
    assert_eq!(desk.buy(SPOT_B, 1_100_000, 1), Err(DenyCode::DailyLoss));
}

#[test]
fn a_halt_lasts_over_midnight_and_over_a_restart() {
    let mut desk = Desk::new(Limits { max_daily_loss: amount("5"), ..limits() });
    filled(&mut desk, SPOT_B, Side::Buy, 1_005_000, 100);
    let saved = desk.risk.halted().unwrap();
    desk.now = 3 * DAY;
    desk.quote(SPOT_B, 1_100_000, 1_100_100);
    assert_eq!(desk.buy(SPOT_B, 1_100_000, 1), Err(DenyCode::DailyLoss));
    let mut desk = Desk::new(limits());
    desk.risk.restore_halt(saved);
    assert_eq!(desk.buy(SPOT_B, 1_000_000, 1), Err(DenyCode::DailyLoss));
    desk.risk.resume(desk.now);
    assert!(desk.buy(SPOT_B, 1_000_000, 1).is_ok());
}

#[test]
fn the_days_loss_begins_anew_at_midnight_of_core_time() {
    let loss = Limits { max_daily_loss: amount("5"), ..limits() };
    for (at, halts) in [(DAY - 1, true), (DAY, false)] {
        let mut desk = Desk::new(loss);
        filled(&mut desk, SPOT_B, Side::Buy, 1_000_000, 100);
        assert_eq!(desk.quote(SPOT_B, 997_000, 1_000_000), None);
        // 3 were lost today; 2 more are the limit if it is still today.
        desk.now = at;
        assert_eq!(desk.quote(SPOT_B, 995_000, 1_000_000).is_some(), halts, "{at}");
        assert_eq!(desk.quote(SPOT_B, 992_000, 1_000_000).is_some(), !halts);
    }
}

#[test]
fn drawdown_is_from_the_best_result_of_any_day() {
    let mut desk = Desk::new(Limits { max_drawdown: amount("10"), ..limits() });
    filled(&mut desk, SPOT_B, Side::Buy, 1_000_000, 100);
    assert_eq!(desk.quote(SPOT_B, 1_006_000, 1_007_000), None);
    desk.now = 2 * DAY;
    assert_eq!(desk.quote(SPOT_B, 996_005, 1_007_000), None);
    let breach = desk.quote(SPOT_B, 996_000, 1_007_000).unwrap();
    assert_eq!((breach.code, breach.net), (DenyCode::Drawdown, amount("-4")));
    // A resume counts afresh from the result as it is.
    desk.risk.resume(desk.now);
    assert_eq!(desk.quote(SPOT_B, 986_005, 1_007_000), None);
    assert_eq!(desk.quote(SPOT_B, 986_000, 1_007_000).unwrap().code, DenyCode::Drawdown);
}

#[test]
fn limits_show_their_use_and_headroom() {
    let mut desk = Desk::new(Limits {
        max_position_notional: amount("5000"),
        max_gross_notional: amount("10000"),
        max_net_notional: amount("2000"),
        max_open_orders: 8,
        max_orders_per_second: 20,
        max_daily_loss: amount("200"),
        max_drawdown: amount("300"),
        ..limits()
    });
    filled(&mut desk, SPOT_B, Side::Buy, 1_001_000, 100);
    let resting = desk.sell(LINEAR, 1_000_000, 50).unwrap();
    // Further from the bid than the last one: 5.00 of 10 000.00 is 5 bps.
    desk.sell(LINEAR, 1_000_500, 50).unwrap();
    desk.cancelled(resting, 50);
    let uses = desk.risk.limit_uses(desk.now);
    let shown = |code| {
        let u = uses.iter().find(|u| u.code == code).unwrap();
        (u.used, u.headroom())
    };
    assert_eq!(shown(DenyCode::PositionNotional), (amount("1000.1").0, amount("3999.9").0));
    assert_eq!(shown(DenyCode::GrossNotional), (amount("1500.15").0, amount("8499.85").0));
    assert_eq!(shown(DenyCode::NetNotional), (amount("1000.1").0, amount("999.9").0));
    assert_eq!(shown(DenyCode::OpenOrders), (1, 7));
    assert_eq!(shown(DenyCode::OrderRate), (3, 17));
    assert_eq!(shown(DenyCode::OrderNotional).0, amount("500.25").0);
    assert_eq!(shown(DenyCode::Collar), (50_000, 950_000));
    assert_eq!(shown(DenyCode::DailyLoss), (amount("1").0, amount("199").0));
    assert_eq!(shown(DenyCode::Drawdown), (amount("1").0, amount("299").0));
}

#[test]
fn breaches_are_counted_by_the_code_that_halted() {
    let mut desk = Desk::new(limits());
    assert!(desk.risk.breaches().all(|(_, n)| n == 0));
    assert!(desk.risk.halt(desk.now, DenyCode::Halted).is_some());
    // Halted already: the first cause stays, and is the one that is counted.
    assert!(desk.risk.breach(desk.now, DenyCode::Unhedged).is_none());
    desk.risk.resume(desk.now);
    assert!(desk.risk.breach(desk.now, DenyCode::Unhedged).is_some());
    desk.risk.resume(desk.now);
    // A halt by command breaches no limit, whatever it is called.
    for code in [DenyCode::Halted, DenyCode::Operator, DenyCode::Journal] {
        assert!(desk.risk.halt(desk.now, code).is_some());
        desk.risk.resume(desk.now);
    }
    let counted: Vec<_> = desk.risk.breaches().filter(|(_, n)| *n > 0).collect();
    assert_eq!(counted, [(DenyCode::Unhedged, 1)]);
    assert_eq!(desk.risk.halts(), 5);
}

#[test]
fn a_limit_that_is_reached_while_halted_is_counted_once_a_halt() {
    let mut desk = Desk::new(Limits { max_daily_loss: amount("10"), max_drawdown: amount("20"), ..limits() });
    let counted = |desk: &Desk| -> Vec<_> { desk.risk.breaches_while_halted().filter(|(_, n)| *n > 0).collect() };
    filled(&mut desk, SPOT_B, Side::Buy, 1_000_100, 1_000);
    assert!(desk.risk.halt(desk.now, DenyCode::Operator).is_some());
    let halt = desk.risk.halted();
    // Bids of a whole unit: each hundred is one lost. The day's loss is reached, the fall is not.
    for bid in [998_500, 998_400] {
        assert_eq!(desk.quote(SPOT_B, bid, bid + 100), None);
        assert_eq!(counted(&desk), [(DenyCode::DailyLoss, 1)]);
    }
    assert_eq!(desk.quote(SPOT_B, 997_000, 997_100), None);
    assert_eq!(counted(&desk), [(DenyCode::DailyLoss, 1), (DenyCode::Drawdown, 1)]);
    assert_eq!(desk.risk.halted(), halt, "the first cause stays");
    assert!(desk.risk.breaches().all(|(_, n)| n == 0), "none of them halted");

    // From the resume on both count afresh. What halts is no breach while halted, what comes behind it is.
    desk.risk.resume(desk.now);
    assert_eq!(desk.quote(SPOT_B, 995_500, 995_600).map(|breach| breach.code), Some(DenyCode::DailyLoss));
    assert_eq!(desk.quote(SPOT_B, 995_400, 995_500), None);
    assert_eq!(counted(&desk), [(DenyCode::DailyLoss, 1), (DenyCode::Drawdown, 1)]);
    assert_eq!(desk.quote(SPOT_B, 994_000, 994_100), None);
    assert_eq!(counted(&desk), [(DenyCode::DailyLoss, 1), (DenyCode::Drawdown, 2)]);
    assert_eq!(desk.risk.halted().map(|halt| halt.code), Some(DenyCode::DailyLoss));
}

#[test]
fn a_position_and_a_balance_are_found_by_their_index() {
    let start = Balances(vec![(A, world().usdt, amount("10")), (B, world().btc, amount("2"))]);
    let mut desk = Desk::with(world(), limits(), Some(start));
    filled(&mut desk, LINEAR, Side::Buy, 1_000_100, 7);
    let all: Vec<_> = desk.risk.positions().collect();
    assert_eq!(all.len(), 5);
    assert!((0..5).all(|i| desk.risk.position(InstrumentId(i)) == Some(all[usize::from(i)])));
    assert_eq!(desk.risk.position(InstrumentId(5)), None);
    let all: Vec<_> = desk.risk.balances().collect();
    assert!(all.iter().any(|b| (b.venue, b.asset, b.total) == (B, desk.world.btc, amount("2"))));
    assert!((0..all.len()).all(|i| desk.risk.balance(i) == Some(all[i])));
    assert_eq!(desk.risk.balance(all.len()), None);
}
