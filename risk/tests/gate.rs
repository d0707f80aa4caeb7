//! One test a check: what it denies, and that the limit itself may be reached.

mod common;

use common::*;
use crosstick_model::{Amount, DenyCode, GroupId, InstrumentId, Intent, Purpose, Quote, Side, Tick};
use crosstick_risk::{Balances, CLOSE_HEADROOM, LIMITS, Limits};

#[test]
fn halted_until_resumed() {
    let mut desk = Desk::new(limits());
    assert!(desk.risk.halt(desk.now, DenyCode::Halted).is_some());
    assert_eq!(desk.buy(SPOT_A, 1_000_000, 10), Err(DenyCode::Halted));
    desk.risk.resume(desk.now);
    assert!(desk.buy(SPOT_A, 1_000_000, 10).is_ok());
    assert_eq!(desk.denied(DenyCode::Halted), 1);
}

#[test]
fn an_operator_and_the_journal_stop_opening_and_closing() {
    for code in [DenyCode::Operator, DenyCode::Journal] {
        let mut desk = Desk::new(limits());
        let leg = desk.buy(SPOT_A, 1_000_000, 10).unwrap();
        desk.fill(leg, 1_000_000, 10);
        assert_eq!(desk.risk.halt(desk.now, code).map(|breach| breach.code), Some(code));
        assert_eq!(desk.buy(SPOT_A, 1_000_000, 10), Err(code));
        assert_eq!(desk.close(SPOT_A, Side::Sell, 10), Err(code));
        desk.risk.resume(desk.now);
        assert!(desk.close(SPOT_A, Side::Sell, 10).is_ok());
    }
}

#[test]
fn a_group_and_leg_is_decided_once() {
    let mut desk = Desk::new(limits());
    let intent = desk.intent(SPOT_A, Side::Buy, 1_000_000, 10);
    assert!(desk.gate_one(intent).is_ok());
    assert_eq!(desk.gate_one(intent), Err(DenyCode::Duplicate));
    // Another leg of the same group, up to the last one there is, is another decision.
    assert!(desk.gate_one(Intent { leg: 1, ..intent }).is_ok());
    assert!(desk.gate_one(Intent { leg: 255, ..intent }).is_ok());
    assert_eq!(desk.gate_one(Intent { leg: 255, ..intent }), Err(DenyCode::Duplicate));
    // A denial is a decision as well, also for the legs behind the one that failed.
    let bad = Intent { quantity: 0, ..desk.intent(SPOT_A, Side::Buy, 1_000_000, 10) };
    let pair = [bad, Intent { leg: 1, quantity: 10, ..bad }];
    assert_eq!(desk.gate(&pair).unwrap_err(), (0, DenyCode::Quantity));
    assert_eq!(desk.gate_one(pair[1]), Err(DenyCode::Duplicate));
    // The same leg twice in one group.
    let twice = [desk.intent(SPOT_A, Side::Buy, 1_000_000, 10); 2];
    assert_eq!(desk.gate(&twice).unwrap_err(), (0, DenyCode::Duplicate));
}

#[test]
fn a_group_that_fell_out_of_memory_is_a_duplicate() {
    let mut desk = Desk::new(limits());
    let old = desk.intent(SPOT_A, Side::Buy, 1_000_000, 10);
    assert!(desk.gate_one(Intent { group: GroupId(64), ..old }).is_ok());
    assert!(desk.gate_one(Intent { group: GroupId(127), ..old }).is_ok());
    assert!(desk.gate_one(Intent { group: GroupId(64), leg: 1, ..old }).is_ok());
    assert!(desk.gate_one(Intent { group: GroupId(128), ..old }).is_ok());
    assert_eq!(desk.gate_one(Intent { group: GroupId(64), leg: 2, ..old }), Err(DenyCode::Duplicate));
}

#[test]
fn only_configured_instruments() {
    let mut desk = Desk::new(limits());
    assert!(desk.buy(INVERSE, 1_000_000, 1000).is_ok());
    assert_eq!(desk.buy(InstrumentId(5), 1_000_000, 10), Err(DenyCode::UnknownInstrument));
    assert_eq!(desk.buy(InstrumentId(u16::MAX), 1_000_000, 10), Err(DenyCode::UnknownInstrument));
}

#[test]
fn quantity_is_positive_on_the_step_and_at_least_the_minimum() {
    let mut desk = Desk::new(limits());
    assert!(desk.buy(SPOT_A, 1_000_000, 4).is_ok());
    for quantity in [0, -4, 2, 5, i64::MIN] {
        assert_eq!(desk.buy(SPOT_A, 1_000_000, quantity), Err(DenyCode::Quantity), "{quantity}");
    }
}

#[test]
fn price_is_positive_and_on_the_step() {
    let mut desk = Desk::new(limits());
    assert!(desk.buy(SPOT_A, 1_000_005, 4).is_ok());
    for price in [0, -5, 1_000_004, i64::MIN] {
        assert_eq!(desk.buy(SPOT_A, price, 4), Err(DenyCode::Price), "{price}");
    }
}

#[test]
fn notional_reaches_the_venues_minimum() {
    let mut desk = Desk::new(limits());
    desk.quote(SPOT_A, 50_000, 50_005);
    // 500.00 × 0.010 is the minimum of 5; one quantity step below it is not.
    assert!(desk.buy(SPOT_A, 50_000, 10).is_ok());
    assert_eq!(desk.buy(SPOT_A, 50_000, 8), Err(DenyCode::MinNotional));
    assert_eq!(desk.buy(SPOT_A, 49_995, 10), Err(DenyCode::MinNotional));
}

#[test]
fn a_quote_is_stale_from_its_age_on() {
    let mut desk = Desk::new(limits());
    desk.now += S - 1;
    assert!(desk.buy(SPOT_A, 1_000_000, 4).is_ok());
    desk.now += 1;
    assert_eq!(desk.buy(SPOT_A, 1_000_000, 4), Err(DenyCode::Stale));
    desk.quote(SPOT_A, 1_000_000, 1_000_100);
    assert!(desk.buy(SPOT_A, 1_000_000, 4).is_ok());
    // A trade is no quote.
    desk.now += S;
    desk.trade(SPOT_A, 1_000_000);
    assert_eq!(desk.buy(SPOT_A, 1_000_000, 4), Err(DenyCode::Stale));
}

#[test]
fn an_unusable_quote_leaves_nothing_to_trade_on() {
    let good = Quote { bid: 1_000_000, bid_quantity: 1, ask: 1_000_100, ask_quantity: 1 };
    let bad = [
        Quote { bid: 0, ..good },
        Quote { bid_quantity: 0, ..good },
        Quote { ask: 1_000_000, ..good },
        Quote { ask_quantity: 0, ..good },
    ];
    for quote in bad {
        let mut desk = Desk::new(limits());
        desk.risk.on_tick(desk.now, &Tick::quote(SPOT_A, 0, quote, desk.now, 1));
        assert_eq!(desk.buy(SPOT_A, 1_000_000, 4), Err(DenyCode::Stale), "{quote:?}");
        desk.risk.on_tick(desk.now, &Tick::quote(SPOT_A, 0, good, desk.now, 2));
        assert!(desk.buy(SPOT_A, 1_000_000, 4).is_ok());
    }
}

#[test]
fn a_price_stays_within_the_collar_of_the_other_side() {
    let mut desk = Desk::new(limits());
    // 1 % of the ask 10 001.00 is 100.01; of the bid 10 000.00 it is 100.00.
    assert!(desk.buy(SPOT_A, 1_010_100, 4).is_ok());
    assert_eq!(desk.buy(SPOT_A, 1_010_105, 4), Err(DenyCode::Collar));
    assert!(desk.buy(SPOT_A, 990_100, 4).is_ok());
    assert_eq!(desk.buy(SPOT_A, 990_095, 4), Err(DenyCode::Collar));
    assert!(desk.sell(SPOT_A, 990_000, 4).is_ok());
    assert_eq!(desk.sell(SPOT_A, 989_995, 4), Err(DenyCode::Collar));
    assert!(desk.sell(SPOT_A, 1_010_000, 4).is_ok());
    assert_eq!(desk.sell(SPOT_A, 1_010_005, 4), Err(DenyCode::Collar));
}

#[test]
fn order_notional() {
    let mut desk = Desk::new(Limits { max_order_notional: amount("1000"), ..limits() });
    assert!(desk.buy(SPOT_A, 1_000_000, 100).is_ok());
    assert_eq!(desk.buy(SPOT_A, 1_000_005, 100), Err(DenyCode::OrderNotional));
    // Ten contracts of 100 are 1000 at any price.
    assert!(desk.sell(INVERSE, 1_000_100, 10_000).is_ok());
    assert_eq!(desk.sell(INVERSE, 1_000_000, 11_000), Err(DenyCode::OrderNotional));
}

#[test]
fn a_limit_is_exact_to_the_last_unit() {
    let least = Amount(1);
    let limit = amount("1000");
    let under = Amount(limit.0 - least.0);
    let mut desk = Desk::new(Limits { max_order_notional: under, ..limits() });
    assert_eq!(desk.buy(SPOT_A, 1_000_000, 100), Err(DenyCode::OrderNotional));
    // With one spot instrument, position, gross and net are the same number at the ask: 0.1 × 10 001.
    for code in [DenyCode::PositionNotional, DenyCode::GrossNotional, DenyCode::NetNotional] {
        for (limit, ok) in [(amount("1000.1"), true), (Amount(amount("1000.1").0 - 1), false)] {
            let mut limits = limits();
            match code {
                DenyCode::PositionNotional => limits.max_position_notional = limit,
                DenyCode::GrossNotional => limits.max_gross_notional = limit,
                _ => limits.max_net_notional = limit,
            }
            for side in [Side::Buy, Side::Sell] {
                let mut desk = Desk::new(limits);
                let intent = desk.intent(SPOT_A, side, 1_000_000, 100);
                assert_eq!(desk.gate_one(intent).err(), (!ok).then_some(code), "{side:?} {limit}");
            }
        }
    }
}

#[test]
fn position_counts_fills_and_what_is_in_flight() {
    let mut desk = Desk::new(Limits { max_position_notional: amount("1000.1"), ..limits() });
    let first = desk.buy(SPOT_A, 1_000_000, 40).unwrap();
    desk.fill(first, 1_000_000, 40);
    let second = desk.buy(SPOT_A, 1_000_000, 40).unwrap();
    assert_eq!(desk.buy(SPOT_A, 1_000_000, 22), Err(DenyCode::PositionNotional));
    assert!(desk.buy(SPOT_A, 1_000_000, 20).is_ok());
    // Selling reduces: allowed up to the same size on the other side, the buys in flight not counted against it.
    assert_eq!(desk.sell(SPOT_A, 1_000_000, 142), Err(DenyCode::PositionNotional));
    assert!(desk.sell(SPOT_A, 1_000_000, 140).is_ok());
    desk.cancelled(second, 40);
    assert!(desk.buy(SPOT_A, 1_000_000, 40).is_ok());
}

#[test]
fn gross_sums_all_instruments() {
    let mut desk = Desk::new(Limits { max_gross_notional: amount("2100.1"), ..limits() });
    assert!(desk.buy(SPOT_A, 1_000_000, 100).is_ok());
    assert!(desk.sell(INVERSE, 1_000_000, 10_000).is_ok());
    assert_eq!(desk.exposure(), amount("2000.1"));
    assert_eq!(desk.sell(SPOT_B, 1_000_000, 10), Err(DenyCode::GrossNotional));
    assert_eq!(desk.sell(INVERSE, 1_000_000, 2_000), Err(DenyCode::GrossNotional));
    assert!(desk.sell(INVERSE, 1_000_000, 1_000).is_ok());
    // The sell that only offsets the buy adds nothing.
    assert!(desk.sell(SPOT_A, 1_000_000, 100).is_ok());
}

#[test]
fn net_is_per_base_asset_over_all_venues() {
    let mut desk = Desk::new(Limits { max_net_notional: amount("1000.1"), ..limits() });
    let a = desk.buy(SPOT_A, 1_000_000, 60).unwrap();
    desk.fill(a, 1_000_000, 60);
    assert_eq!(desk.buy(LINEAR, 1_000_000, 41), Err(DenyCode::NetNotional));
    let b = desk.buy(LINEAR, 1_000_000, 40).unwrap();
    // A sell in flight may still fail, so it makes no room; once filled it does.
    let c = desk.sell(SPOT_B, 1_000_000, 50).unwrap();
    assert_eq!(desk.buy(LINEAR, 1_000_000, 1), Err(DenyCode::NetNotional));
    desk.fill(c, 1_000_000, 50);
    desk.cancelled(b, 40);
    assert_eq!(desk.risk.net_base(desk.world.btc), amount("0.01"));
    assert_eq!(desk.buy(LINEAR, 1_000_000, 91), Err(DenyCode::NetNotional));
    assert!(desk.buy(LINEAR, 1_000_000, 90).is_ok());
    // Ten contracts of 100 at 10 000 are 0.1, and 0.01 are bought; eleven net of that are at the limit.
    assert!(desk.sell(INVERSE, 1_000_000, 11_000).is_ok());
    assert_eq!(desk.sell(INVERSE, 1_000_000, 1_000), Err(DenyCode::NetNotional));
}

#[test]
fn open_orders() {
    let mut desk = Desk::new(Limits { max_open_orders: 2, ..limits() });
    let first = desk.buy(SPOT_A, 1_000_000, 4).unwrap();
    desk.buy(SPOT_A, 1_000_000, 4).unwrap();
    assert_eq!(desk.buy(SPOT_A, 1_000_000, 4), Err(DenyCode::OpenOrders));
    desk.fill(first, 1_000_000, 2);
    assert_eq!(desk.buy(SPOT_A, 1_000_000, 4), Err(DenyCode::OpenOrders));
    desk.fill(first, 1_000_000, 2);
    assert!(desk.buy(SPOT_A, 1_000_000, 4).is_ok());
}

#[test]
fn order_rate_over_a_sliding_second() {
    let mut desk = Desk::new(Limits { max_orders_per_second: 3, max_age_ns: u64::MAX, ..limits() });
    let start = desk.now;
    for at in [0, 100, 200] {
        desk.now = start + at;
        assert!(desk.buy(SPOT_A, 1_000_000, 4).is_ok());
    }
    for (at, ok) in [(300, false), (S - 1, false), (S, true), (S + 99, false), (S + 100, true), (S + 101, false)] {
        desk.now = start + at;
        assert_eq!(desk.buy(SPOT_A, 1_000_000, 4).err(), (!ok).then_some(DenyCode::OrderRate), "{at}");
    }
    // A group counts with all its legs.
    desk.now = start + 3 * S;
    let intent = desk.intent(SPOT_A, Side::Buy, 1_000_000, 4);
    let group: Vec<_> = (0..4).map(|leg| Intent { leg, ..intent }).collect();
    assert_eq!(desk.gate(&group).unwrap_err(), (3, DenyCode::OrderRate));
    desk.group += 1;
    let group: Vec<_> = (0..3).map(|leg| Intent { leg, group: GroupId(desk.group), ..intent }).collect();
    assert_eq!(desk.gate(&group).unwrap().len(), 3);
    assert_eq!(desk.buy(SPOT_A, 1_000_000, 4), Err(DenyCode::OrderRate));
}

fn funded(entries: &[(u8, &str, &str)]) -> Desk {
    let world = world();
    let entries = entries.iter().map(|(venue, asset, total)| {
        (crosstick_model::VenueId(*venue), world.universe.find_asset(asset).unwrap(), amount(total))
    });
    let balances = Balances(entries.collect());
    Desk::with(world, limits(), Some(balances))
}

#[test]
fn spot_balance() {
    // Venue b takes its fee, 0.1 %, in the quote asset: a buy needs 1001, a sell what it sells.
    let mut desk = funded(&[(1, "USDT", "1001"), (1, "BTC", "0.1")]);
    assert_eq!(desk.buy(SPOT_B, 1_000_005, 100), Err(DenyCode::Balance));
    let buy = desk.buy(SPOT_B, 1_000_000, 100).unwrap();
    assert_eq!(desk.buy(SPOT_B, 1_000_000, 1), Err(DenyCode::Balance));
    assert_eq!(desk.sell(SPOT_B, 1_000_000, 101), Err(DenyCode::Balance));
    let sell = desk.sell(SPOT_B, 1_000_000, 100).unwrap();
    assert_eq!(desk.sell(SPOT_B, 1_000_000, 1), Err(DenyCode::Balance));
    desk.cancelled(buy, 100);
    assert!(desk.buy(SPOT_B, 1_000_000, 100).is_ok());
    // What is sold cannot be bought with before it is there.
    desk.fill_fee(sell, 1_000_000, 100, amount("1"), desk.world.usdt);
    assert!(desk.buy(SPOT_B, 1_000_000, 99).is_ok());
    // A venue without balances is not tracked; on a tracked one a missing asset is zero.
    assert!(desk.sell(SPOT_A, 1_000_000, 100).is_ok());
    let mut desk = funded(&[(1, "BNB", "1")]);
    assert_eq!(desk.buy(SPOT_B, 1_000_000, 1), Err(DenyCode::Balance));
}

#[test]
fn contract_balance_is_the_notional_in_the_settle_asset() {
    let mut desk = funded(&[(2, "USDT", "1001"), (2, "BTC", "0.1001")]);
    let order = desk.buy(LINEAR, 1_000_000, 100).unwrap();
    assert_eq!(desk.buy(LINEAR, 1_000_000, 1), Err(DenyCode::Balance));
    desk.fill_fee(order, 1_000_000, 100, amount("1"), desk.world.usdt);
    // The position keeps its notional set aside; what is left pays the fee of giving it up, and no more.
    assert_eq!(desk.buy(LINEAR, 1_000_000, 1), Err(DenyCode::Balance));
    let usdt = |desk: &Desk| desk.risk.balances().find(|b| b.venue == C && b.asset == desk.world.usdt).unwrap();
    assert_eq!(usdt(&desk).margin, amount("1000"));
    assert_eq!(usdt(&desk).free, amount("0"));
    // The inverse contract is held against its base asset: 10 contracts at 10 000 are 0.1, and the fee 0.0001.
    assert_eq!(desk.sell(INVERSE, 1_000_000, 11_000), Err(DenyCode::Balance));
    assert_eq!(desk.sell(INVERSE, 999_995, 10_000), Err(DenyCode::Balance));
    assert!(desk.sell(INVERSE, 1_000_000, 10_000).is_ok());
}

#[test]
fn a_fee_in_a_named_asset_is_set_aside_there() {
    use crosstick_model::FeeAsset;
    // 0.1 % of 1200 is 1.2, at 600 a BNB 0.002.
    for (have, ok) in [("0.002", true), ("0.0019999999999999", false)] {
        let mut world = world();
        let bnb = world.bnb;
        world.universe.venues[1].fees.asset = FeeAsset::Named(bnb);
        let balances = Balances(vec![(B, world.usdt, amount("1200")), (B, bnb, amount(have))]);
        let mut desk = Desk::with(world, limits(), Some(balances));
        desk.quote(SPOT_B, 1_199_995, 1_200_000);
        assert_eq!(desk.buy(SPOT_B, 1_200_000, 100).err(), (!ok).then_some(DenyCode::Balance), "{have}");
    }
}

#[test]
fn loss_codes_are_told_while_their_halt_lasts() {
    for (code, limits) in [
        (DenyCode::DailyLoss, Limits { max_daily_loss: amount("10"), ..limits() }),
        (DenyCode::Drawdown, Limits { max_drawdown: amount("10"), ..limits() }),
    ] {
        let mut desk = Desk::new(limits);
        let order = desk.buy(SPOT_B, 1_000_000, 100).unwrap();
        assert_eq!(desk.fill(order, 1_000_000, 100), None);
        assert_eq!(desk.quote(SPOT_B, 990_005, 1_000_000), None);
        assert!(desk.buy(SPOT_B, 1_000_000, 1).is_ok());
        let breach = desk.quote(SPOT_B, 990_000, 1_000_000).unwrap();
        assert_eq!((breach.code, breach.net), (code, amount("-10")));
        assert_eq!(desk.buy(SPOT_B, 1_000_000, 1), Err(code));
    }
}

#[test]
fn a_number_that_does_not_fit_is_a_denial() {
    let mut desk = Desk::new(limits());
    let top = i64::MAX - i64::MAX % 10;
    desk.quote(SPOT_B, top - 5, top);
    // Price × quantity × 10^11 is beyond i128.
    assert_eq!(desk.buy(SPOT_B, top, i64::MAX), Err(DenyCode::Overflow));
    assert_eq!(desk.exposure(), Amount::ZERO);
    assert_eq!(desk.risk.open_orders().count(), 0);
}

#[test]
fn what_has_no_value_is_not_opened() {
    let mut desk = Desk::new(limits());
    assert_eq!(desk.buy(NO_RATE, 1_000_000, 4), Err(DenyCode::NoValue));
}

#[test]
fn a_close_reduces_what_is_open_over_all_venues_of_its_market() {
    let mut desk = Desk::new(limits());
    assert_eq!(desk.close(SPOT_A, Side::Sell, 10), Err(DenyCode::NotReducing));
    // The bought leg of a pair filled on top of an older short position of the same instrument; the sold leg failed.
    let older = desk.sell(SPOT_A, 1_000_000, 100).unwrap();
    desk.fill(older, 1_000_000, 100);
    let hedge = desk.buy(SPOT_B, 1_000_000, 100).unwrap();
    desk.fill(hedge, 1_000_000, 100);
    let leg = desk.buy(SPOT_A, 1_000_000, 10).unwrap();
    desk.fill(leg, 1_000_000, 10);
    assert_eq!(desk.close(SPOT_A, Side::Buy, 10), Err(DenyCode::NotReducing));
    assert_eq!(desk.close(SPOT_A, Side::Sell, 20), Err(DenyCode::NotReducing));
    let close = desk.close(SPOT_A, Side::Sell, 10).unwrap();
    // What is already on its way is not closed twice.
    assert_eq!(desk.close(SPOT_A, Side::Sell, 4), Err(DenyCode::NotReducing));
    desk.cancelled(close, 10);
    let close = desk.close(SPOT_A, Side::Sell, 10).unwrap();
    desk.fill(close, 1_000_000, 10);
    assert_eq!(desk.close(SPOT_A, Side::Sell, 4), Err(DenyCode::NotReducing));
}

#[test]
fn a_fee_taken_in_the_base_asset_is_gone_and_not_open() {
    let mut desk = Desk::new(limits());
    let leg = desk.buy(SPOT_A, 1_000_000, 10).unwrap();
    desk.fill_fee(leg, 1_000_000, 10, amount("0.002"), desk.world.btc);
    assert_eq!(desk.risk.net_base(desk.world.btc), amount("0.008"));
    let close = desk.close(SPOT_A, Side::Sell, 8).unwrap();
    desk.fill(close, 1_000_000, 8);
    assert_eq!(desk.close(SPOT_A, Side::Sell, 4), Err(DenyCode::NotReducing));
    assert_eq!(desk.risk.open_base(SPOT_A), Amount::ZERO);
}

#[test]
fn a_close_is_its_markets_own_whatever_others_of_the_same_base_left() {
    let mut world = world();
    market(&mut world.universe, vec![SPOT_A, SPOT_B]);
    market(&mut world.universe, vec![LINEAR]);
    let mut desk = Desk::with(world, limits(), None);
    // Another market is short by more than this one is long.
    let other = desk.sell(LINEAR, 1_000_000, 50).unwrap();
    desk.fill(other, 1_000_000, 50);
    let leg = desk.buy(SPOT_A, 1_000_000, 10).unwrap();
    desk.fill(leg, 1_000_000, 10);
    assert_eq!(
        desk.close(SPOT_A, Side::Buy, 10),
        Err(DenyCode::NotReducing),
        "the other market's is not ours to close"
    );
    let ours = desk.close(SPOT_A, Side::Sell, 10).unwrap();
    let theirs = desk.close(LINEAR, Side::Buy, 50).unwrap();
    assert_eq!(desk.close(SPOT_A, Side::Sell, 4), Err(DenyCode::NotReducing));
    assert_eq!(desk.close(LINEAR, Side::Buy, 4), Err(DenyCode::NotReducing));
    desk.fill(ours, 1_000_000, 10);
    desk.fill(theirs, 1_000_000, 50);
    assert_eq!(desk.close(SPOT_B, Side::Sell, 4), Err(DenyCode::NotReducing));
    assert_eq!(desk.risk.net_base(desk.world.btc), Amount::ZERO);
}

#[test]
fn what_is_in_no_market_is_closed_by_itself() {
    let mut world = world();
    for id in [SPOT_A, SPOT_B] {
        world.universe.instruments[id.index()].market = None;
    }
    let mut desk = Desk::with(world, limits(), None);
    let a = desk.buy(SPOT_A, 1_000_000, 10).unwrap();
    desk.fill(a, 1_000_000, 10);
    let b = desk.sell(SPOT_B, 1_000_000, 10).unwrap();
    desk.fill(b, 1_000_000, 10);
    assert!(desk.close(SPOT_A, Side::Sell, 10).is_ok());
    assert!(desk.close(SPOT_B, Side::Buy, 10).is_ok());
}

#[test]
fn a_contract_closed_at_another_price_leaves_its_result_in_the_market_alone() {
    let mut desk = Desk::new(limits());
    // 0.1 bought for 10 contracts at 10 000, given back as 0.08 at 12 500: 0.02 was earned, and is to be sold.
    let leg = desk.buy(INVERSE, 1_000_000, 10_000).unwrap();
    desk.fill(leg, 1_000_000, 10_000);
    let close = desk.close(INVERSE, Side::Sell, 10_000).unwrap();
    desk.fill(close, 1_250_000, 10_000);
    assert_eq!(desk.close(SPOT_B, Side::Buy, 1), Err(DenyCode::NotReducing));
    let rest = desk.close(SPOT_B, Side::Sell, 20).unwrap();
    desk.fill(rest, 1_000_000, 20);
    assert_eq!(desk.close(SPOT_B, Side::Sell, 1), Err(DenyCode::NotReducing));
    assert_eq!(desk.risk.open_base(SPOT_A), Amount::ZERO);
}

#[test]
fn a_breach_by_the_strategy_leaves_the_right_to_close() {
    let mut desk = Desk::new(Limits { max_daily_loss: amount("1"), ..limits() });
    let leg = desk.buy(SPOT_B, 1_000_000, 100).unwrap();
    desk.fill(leg, 1_000_000, 100);
    assert_eq!(desk.risk.breach(desk.now, DenyCode::Unhedged).unwrap().code, DenyCode::Unhedged);
    assert_eq!(desk.buy(SPOT_B, 1_000_000, 1), Err(DenyCode::Unhedged));
    assert!(desk.close(SPOT_B, Side::Sell, 50).is_ok());
    desk.risk.resume(desk.now);
    // After another halt neither its code nor its right to close is touched; a command's is not given back either.
    assert_eq!(desk.quote(SPOT_B, 980_000, 1_000_100).unwrap().code, DenyCode::DailyLoss);
    assert_eq!(desk.risk.breach(desk.now, DenyCode::Unhedged), None);
    assert_eq!(desk.buy(SPOT_B, 980_000, 1), Err(DenyCode::DailyLoss));
    let close = Intent { purpose: Purpose::Close, ..desk.intent(SPOT_B, Side::Sell, 980_000, 10) };
    assert!(desk.gate_one(close).is_ok());
    desk.risk.halt(desk.now, DenyCode::Halted);
    assert_eq!(desk.risk.breach(desk.now, DenyCode::Unhedged), None);
    let close = Intent { purpose: Purpose::Close, ..desk.intent(SPOT_B, Side::Sell, 980_000, 10) };
    assert_eq!(desk.gate_one(close), Err(DenyCode::DailyLoss));
}

#[test]
fn a_line_that_goes_down_leaves_nothing_to_trade_on_until_the_next_quote() {
    let mut desk = Desk::new(limits());
    let leg = desk.buy(SPOT_A, 1_000_000, 10).unwrap();
    desk.fill(leg, 1_000_000, 10);
    let line = |desk: &mut Desk, venue, line, live| {
        let tick = Tick::line_state(venue, line, live, desk.now);
        assert_eq!(desk.risk.on_tick(desk.now, &tick), None);
    };
    let value = desk.risk.pnl();
    line(&mut desk, A, 1, false);
    line(&mut desk, B, 0, true);
    assert!(desk.buy(SPOT_A, 1_000_000, 4).is_ok(), "another line, or one that came up");
    line(&mut desk, A, 0, false);
    assert_eq!(desk.buy(SPOT_A, 1_000_000, 4), Err(DenyCode::Stale));
    assert_eq!(desk.close(SPOT_A, Side::Sell, 10), Err(DenyCode::Stale));
    assert!(desk.buy(SPOT_B, 1_000_000, 4).is_ok(), "another venue");
    assert_eq!(desk.risk.pnl(), value, "positions stay valued");
    line(&mut desk, A, 0, true);
    assert_eq!(desk.close(SPOT_A, Side::Sell, 10), Err(DenyCode::Stale));
    desk.quote(SPOT_A, 1_000_000, 1_000_100);
    assert!(desk.close(SPOT_A, Side::Sell, 10).is_ok());
}

#[test]
fn a_close_passes_every_exposure_limit_and_a_loss_halt() {
    let mut desk = Desk::new(Limits {
        max_order_notional: amount("100"),
        max_position_notional: amount("101"),
        max_gross_notional: amount("101"),
        max_net_notional: amount("101"),
        max_open_orders: 1,
        max_orders_per_second: 1,
        max_daily_loss: amount("1"),
        ..limits()
    });
    let leg = desk.buy(SPOT_A, 1_000_000, 10).unwrap();
    desk.fill(leg, 1_000_000, 10);
    // The ask rises, so that the position is worth more than every limit; the bid falls, so that trading halts.
    assert_eq!(desk.quote(SPOT_A, 980_000, 2_000_000).unwrap().code, DenyCode::DailyLoss);
    let open = desk.intent(SPOT_A, Side::Sell, 980_000, 4);
    assert_eq!(desk.gate_one(open), Err(DenyCode::DailyLoss));
    for quantity in [4, 6] {
        let close = Intent { purpose: Purpose::Close, ..desk.intent(SPOT_A, Side::Sell, 980_000, quantity) };
        assert!(desk.gate_one(close).is_ok());
    }
    // A halt by command stops closing orders as well.
    desk.risk.halt(desk.now, DenyCode::Halted);
    let close = Intent { purpose: Purpose::Close, ..desk.intent(SPOT_A, Side::Sell, 980_000, 4) };
    assert_eq!(desk.gate_one(close), Err(DenyCode::DailyLoss));
}

#[test]
fn a_close_still_meets_what_the_venue_would_refuse() {
    let mut desk = Desk::new(limits());
    let leg = desk.buy(SPOT_A, 1_000_000, 10).unwrap();
    desk.fill(leg, 1_000_000, 10);
    assert_eq!(desk.close(SPOT_A, Side::Sell, 5), Err(DenyCode::Quantity));
    let far = Intent { purpose: Purpose::Close, ..desk.intent(SPOT_A, Side::Sell, 900_000, 10) };
    assert_eq!(desk.gate_one(far), Err(DenyCode::Collar));
    desk.now += S;
    assert_eq!(desk.close(SPOT_A, Side::Sell, 10), Err(DenyCode::Stale));
}

#[test]
fn closing_orders_have_bounded_room_of_their_own() {
    let mut desk = Desk::new(Limits { max_open_orders: 0, ..limits() });
    assert_eq!(desk.buy(SPOT_B, 1_000_000, 1), Err(DenyCode::OpenOrders));
    let mut desk = Desk::new(Limits { max_open_orders: 1, ..limits() });
    let leg = desk.buy(SPOT_B, 1_000_000, 1000).unwrap();
    desk.fill(leg, 1_000_000, 1000);
    for _ in 0..=CLOSE_HEADROOM {
        assert!(desk.close(SPOT_B, Side::Sell, 1).is_ok());
    }
    assert_eq!(desk.close(SPOT_B, Side::Sell, 1), Err(DenyCode::OpenOrders));
}

#[test]
fn a_group_is_approved_whole_or_not_at_all() {
    let mut desk = funded(&[(0, "USDT", "5000"), (1, "BTC", "0.05")]);
    let buy = desk.intent(SPOT_A, Side::Buy, 1_000_000, 100);
    let sell = Intent { leg: 1, instrument: SPOT_B, side: Side::Sell, ..buy };
    let before: Vec<_> = desk.risk.balances().collect();
    assert_eq!(desk.gate(&[buy, sell]).unwrap_err(), (1, DenyCode::Balance));
    assert_eq!(desk.risk.balances().collect::<Vec<_>>(), before);
    assert_eq!(desk.risk.open_orders().count(), 0);
    assert_eq!(desk.exposure(), Amount::ZERO);
    assert_eq!(desk.risk.limit_uses(desk.now).map(|u| u.used), [0; LIMITS]);
    assert_eq!(desk.denied(DenyCode::Balance), 1);
    // A group that is approved starts at the first order id: none was lost to the one that was denied.
    desk.group += 1;
    let pair = [buy, sell].map(|i| Intent { group: GroupId(desk.group), quantity: 50, ..i });
    let orders = desk.gate(&pair).unwrap();
    assert_eq!(orders.iter().map(|o| o.order().id.0).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(orders[1].order().intent, pair[1]);
    assert_eq!(orders[1].order().decided_ns, desk.now);
    // What is not sent is taken back whole.
    for order in orders {
        desk.risk.withdraw(order);
    }
    assert_eq!(desk.risk.balances().collect::<Vec<_>>(), before);
    assert_eq!(desk.exposure(), Amount::ZERO);
}

#[test]
fn every_code_that_the_gate_can_answer_has_a_test_here() {
    // Told by other parts: a strategy's halt, and a report that no order explains (tests/reports.rs).
    let elsewhere = [DenyCode::Unhedged, DenyCode::Unreconciled];
    let source = include_str!("gate.rs");
    for code in DenyCode::ALL.iter().filter(|c| !elsewhere.contains(c)) {
        assert!(source.contains(&format!("DenyCode::{code:?}")), "{code:?}");
    }
}
