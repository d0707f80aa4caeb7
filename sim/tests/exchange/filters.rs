//! Every filter at its edges: the last value that passes and the first that does not.

use crate::exchange_cases;

use crosstick_model::{Amount, Side};
use crosstick_sim::exchange::{
    AccountId, ExchangeFilters, FilterName, Filters, MinNotional, NewOrder, NotionalRange, OrderKind, OrderRef,
    PercentPrice, Range, Reject, Tif,
};
use exchange_cases::{Bench, ONE, SYMBOL, spec, stop};

use Side::{Buy, Sell};

fn bench(filters: Filters) -> (Bench, AccountId) {
    let mut listed = spec();
    listed.filters = filters;
    let mut b = Bench::new(listed);
    let account = b.account(1_000, 1_000_000);
    (b, account)
}

/// Each order with whether it passes the filter.
fn check(b: &mut Bench, account: AccountId, filter: FilterName, orders: &[(NewOrder, bool)]) {
    for (order, passes) in orders {
        let told = b.submit(account, order).map(|_| ());
        assert_eq!(told, if *passes { Ok(()) } else { Err(Reject::Filter(filter)) }, "{order:?}");
    }
}

fn limit(price: i64, quantity: i64) -> NewOrder {
    NewOrder::limit(SYMBOL, Buy, price, quantity)
}

#[test]
fn price_filter_on_prices_and_stop_prices() {
    let (mut b, account) = bench(Filters { price: Some(Range { min: 10, max: 100, step: 5 }), ..Filters::default() });
    let stopped = |price| stop(OrderKind::StopLoss, Buy, price, None, 1);
    let orders = [
        (limit(10, 1), true),
        (limit(5, 1), false),
        (limit(12, 1), false),
        (limit(100, 1), true),
        (limit(105, 1), false),
        (stopped(100), true),
        (stopped(105), false),
        (stop(OrderKind::StopLossLimit, Buy, 50, Some(51), 1), false),
        (NewOrder::market(SYMBOL, Buy, 1), true),
    ];
    check(&mut b, account, FilterName::Price, &orders);
    let (mut b, account) = bench(Filters { price: Some(Range { min: 0, max: 0, step: 0 }), ..Filters::default() });
    check(&mut b, account, FilterName::Price, &[(limit(1, 1), true), (limit(999_999, 1), true)]);
}

#[test]
fn lot_sizes_of_all_and_of_market_orders() {
    let filters = Filters {
        lot: Some(Range { min: 10, max: 100, step: 10 }),
        market_lot: Some(Range { min: 0, max: 50, step: 20 }),
        ..Filters::default()
    };
    let (mut b, account) = bench(filters);
    let iceberg = |quantity, part| NewOrder { iceberg_quantity: part, ..limit(1, quantity) };
    let orders = [
        (limit(1, 10), true),
        (limit(1, 9), false),
        (limit(1, 15), false),
        (limit(1, 100), true),
        (limit(1, 110), false),
        (iceberg(100, 10), true),
        (iceberg(100, 5), false),
        (stop(OrderKind::StopLoss, Buy, 5, None, 90), true),
        (NewOrder::market(SYMBOL, Buy, 5), false),
    ];
    check(&mut b, account, FilterName::LotSize, &orders);
    let market = |quantity| NewOrder::market(SYMBOL, Buy, quantity);
    let orders = [(market(40), true), (market(30), false), (market(60), false)];
    check(&mut b, account, FilterName::MarketLotSize, &orders);
    // By value no lot is asked for, but what executes is a multiple of the coarser step.
    b.quotes(&[], &[(100, 1_000)]);
    let by_value = NewOrder { quantity: None, quote_quantity: Some(Amount(9 * ONE)), ..market(0) };
    assert_eq!(b.submit(account, &by_value).expect("an order").order.executed, 80);
}

#[test]
fn least_notional_and_its_reference() {
    let rule = MinNotional { min: Amount(10 * ONE), apply_to_market: true, avg_price_mins: 5 };
    let (mut b, account) = bench(Filters { min_notional: Some(rule), ..Filters::default() });
    let market = |quantity| NewOrder::market(SYMBOL, Sell, quantity);
    // Nothing traded yet: a market order has no value to compare.
    check(&mut b, account, FilterName::MinNotional, &[(market(1), true)]);
    check(&mut b, account, FilterName::MinNotional, &[(limit(10, 1_000), true), (limit(10, 999), false)]);
    b.exchange.cancel_all(b.now_ns, account, SYMBOL).expect("a cancel");
    b.print(Buy, 100, 1_000);
    b.print(Buy, 40, 2_000);
    // (100 × 1 + 40 × 2) / 3 = 60.
    assert_eq!(b.exchange.average_price(b.now_ns, SYMBOL, 5), Some(60));
    check(&mut b, account, FilterName::MinNotional, &[(market(167), true), (market(166), false)]);
    // Six minutes later nothing of that is left but the last price, 40.
    b.now_ns += 360_000_000_000;
    check(&mut b, account, FilterName::MinNotional, &[(market(250), true), (market(249), false)]);
    b.exchange.set_reference_price(SYMBOL, Some(100)).expect("a price");
    check(&mut b, account, FilterName::MinNotional, &[(market(100), true), (market(99), false)]);
    let by_value =
        |dollars: i128| NewOrder { quantity: None, quote_quantity: Some(Amount(dollars * ONE)), ..market(0) };
    check(&mut b, account, FilterName::MinNotional, &[(by_value(10), true), (by_value(9), false)]);
}

#[test]
fn notional_range_with_and_without_market_orders() {
    let rule = NotionalRange {
        min: Amount(10 * ONE),
        apply_min_to_market: false,
        max: Amount(20 * ONE),
        apply_max_to_market: true,
        avg_price_mins: 0,
    };
    let (mut b, account) = bench(Filters { notional: Some(rule), ..Filters::default() });
    b.print(Buy, 10, 1_000);
    let orders = [
        (limit(10, 1_000), true),
        (limit(10, 999), false),
        (limit(10, 2_000), true),
        (limit(10, 2_001), false),
        (NewOrder::market(SYMBOL, Buy, 1), true),
        (NewOrder::market(SYMBOL, Buy, 2_000), true),
        (NewOrder::market(SYMBOL, Buy, 2_001), false),
    ];
    check(&mut b, account, FilterName::Notional, &orders);
}

#[test]
fn prices_near_the_reference() {
    let around = |down_e8, up_e8| PercentPrice { up_e8, down_e8, avg_price_mins: 0 };
    let filters = Filters { percent_price: Some(around(50_000_000, 200_000_000)), ..Filters::default() };
    let (mut b, account) = bench(filters);
    check(&mut b, account, FilterName::PercentPrice, &[(limit(7, 1), true)]);
    b.print(Buy, 100, 1);
    let orders = [(limit(50, 1), true), (limit(49, 1), false), (limit(200, 1), true), (limit(201, 1), false)];
    check(&mut b, account, FilterName::PercentPrice, &orders);

    let sides = [around(50_000_000, 110_000_000), around(90_000_000, 300_000_000)];
    let (mut b, account) = bench(Filters { percent_price_by_side: Some(sides), ..Filters::default() });
    b.exchange.set_reference_price(SYMBOL, Some(100)).expect("a price");
    let sell = |price| NewOrder::limit(SYMBOL, Sell, price, 1);
    let orders = [
        (limit(110, 1), true),
        (limit(111, 1), false),
        (limit(50, 1), true),
        (sell(111), true),
        (sell(301), false),
        (sell(89), false),
    ];
    check(&mut b, account, FilterName::PercentPriceBySide, &orders);
}

#[test]
fn open_orders_are_counted_here_and_everywhere() {
    let filters =
        Filters { max_orders: Some(3), max_algo_orders: Some(1), max_iceberg_orders: Some(1), ..Filters::default() };
    let (mut b, account) = bench(filters);
    let algo = stop(OrderKind::StopLoss, Buy, 50, None, 1);
    let iceberg = NewOrder { iceberg_quantity: 1, ..limit(1, 10) };
    check(&mut b, account, FilterName::MaxNumAlgoOrders, &[(algo.clone(), true), (algo.clone(), false)]);
    check(&mut b, account, FilterName::MaxNumIcebergOrders, &[(iceberg.clone(), true), (iceberg.clone(), false)]);
    check(&mut b, account, FilterName::MaxNumOrders, &[(limit(1, 1), true), (limit(1, 1), false)]);
    // What cannot rest does not count.
    let immediate = NewOrder { tif: Tif::Ioc, ..limit(1, 1) };
    check(&mut b, account, FilterName::MaxNumOrders, &[(immediate, true), (NewOrder::market(SYMBOL, Buy, 1), true)]);
    b.exchange.cancel_all(b.now_ns, account, SYMBOL).expect("a cancel");
    check(&mut b, account, FilterName::MaxNumOrders, &[(algo.clone(), true)]);

    for (filters, order, name) in [
        (
            ExchangeFilters { max_orders: Some(1), ..ExchangeFilters::default() },
            limit(1, 1),
            FilterName::ExchangeMaxNumOrders,
        ),
        (
            ExchangeFilters { max_algo_orders: Some(1), ..ExchangeFilters::default() },
            algo,
            FilterName::ExchangeMaxNumAlgoOrders,
        ),
        (
            ExchangeFilters { max_iceberg_orders: Some(1), ..ExchangeFilters::default() },
            iceberg,
            FilterName::ExchangeMaxNumIcebergOrders,
        ),
    ] {
        let mut b = Bench::with(spec(), filters);
        let account = b.account(10, 1_000);
        check(&mut b, account, name, &[(order.clone(), true), (order, false)]);
    }
}

#[test]
fn parts_of_icebergs_amends_and_positions() {
    let filters = Filters {
        iceberg_parts: Some(4),
        max_amends: Some(2),
        max_position: Some(Amount(1_001 * ONE)),
        ..Filters::default()
    };
    let (mut b, account) = bench(filters);
    let iceberg = |part| NewOrder { iceberg_quantity: part, ..limit(1, 10) };
    check(&mut b, account, FilterName::IcebergParts, &[(iceberg(3), true), (iceberg(2), false)]);
    let order = b.limit(account, Buy, 1, 100);
    let mut amend = |quantity| {
        b.exchange.amend(b.now_ns, account, SYMBOL, &OrderRef::Id(order.id), quantity, "").map(|o| o.quantity)
    };
    assert_eq!((amend(90), amend(80)), (Ok(90), Ok(80)));
    assert_eq!(amend(70), Err(Reject::Filter(FilterName::MaxNumOrderAmends)));
    // 1000 owned and 0.09 bought for: up to here buys pass, and one that ends above stops the next.
    let buys = [(limit(1, 5_000), true), (limit(1, 1), false)];
    check(&mut b, account, FilterName::MaxPosition, &buys);
    check(&mut b, account, FilterName::MaxPosition, &[(NewOrder::limit(SYMBOL, Sell, 9, 1), true)]);
}
