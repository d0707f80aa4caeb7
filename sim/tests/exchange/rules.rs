//! Single rules of the exchange, with figures worked out by hand or printed in the venue's documentation.

use crate::exchange_cases;

use crosstick_model::{Amount, Side};
use crosstick_sim::exchange::{
    AccountId, AccountSpec, CancelRestriction, ExpiryReason, NewOrder, OrderKind, OrderRef, OrderStatus, Reject,
    ReplaceMode, StpMode, Tif, TradingStatus,
};
use exchange_cases::{BTC, Bench, ONE, SYMBOL, USDT, spec, stop};

use Side::{Buy, Sell};

fn stp(side: Side, price: i64, quantity: i64, mode: StpMode) -> NewOrder {
    NewOrder { stp: Some(mode), ..NewOrder::limit(SYMBOL, side, price, quantity) }
}

#[test]
fn better_prices_first_then_older_orders() {
    let mut b = Bench::new(spec());
    let (one, two, taker) = (b.account(10, 0), b.account(10, 0), b.account(0, 1_000));
    let late_cheap = b.limit(one, Sell, 101, 1_000);
    let early = b.limit(one, Sell, 100, 1_000);
    let late = b.limit(two, Sell, 100, 1_000);
    let placed = b.submit(taker, &NewOrder::limit(SYMBOL, Buy, 101, 2_500)).expect("an order");
    let makers: Vec<_> = b.exchange.trades(SYMBOL).map(|t| (t.maker_order, t.price, t.quantity)).collect();
    assert_eq!(makers, [(early.id, 100, 1_000), (late.id, 100, 1_000), (late_cheap.id, 101, 500)]);
    assert_eq!(placed.order.status, OrderStatus::Filled);
    // 100 + 100 + 50.5 dollars for 2.5 BTC; nothing stays locked for the better prices.
    assert_eq!(b.money(taker, USDT), (749_500, 0));
    assert_eq!(b.money(taker, BTC), (2_500, 0));
    assert_eq!(b.money(one, USDT), (150_500, 0));
    assert_eq!(b.money(one, BTC), (8_000, 500));
}

#[test]
fn commission_is_in_what_is_received_and_rounded_down() {
    let mut b = Bench::new(spec());
    let maker = b.account_with(AccountSpec { maker_e8: 100_000, ..AccountSpec::default() }, 1, 0);
    let taker = b.account_with(AccountSpec { taker_e8: 33_333, ..AccountSpec::default() }, 0, 1_000);
    b.limit(maker, Sell, 123, 7);
    let placed = b.submit(taker, &NewOrder::market(SYMBOL, Buy, 7)).expect("an order");
    // 0.007 × 0.033333 % = 0.00000233331, of which eight decimals are charged.
    assert_eq!(placed.fills[0].commission, Amount(233 * 10i128.pow(8)));
    assert_eq!(placed.fills[0].commission_asset, BTC);
    assert_eq!(b.exchange.balance(taker, BTC).free, Amount(7 * ONE / 1_000 - 233 * 10i128.pow(8)));
    // 0.861 dollars × 0.1 %.
    assert_eq!(b.exchange.balance(maker, USDT).free, Amount(861 * ONE / 1_000 - 861 * ONE / 1_000_000));
    assert_eq!(b.exchange.balance(AccountId::FEES, BTC).free, Amount(233 * 10i128.pow(8)));
}

#[test]
fn open_orders_lock_what_they_give_and_cancels_release_it() {
    let mut b = Bench::new(spec());
    let account = b.account(1, 500);
    let buy = b.limit(account, Buy, 90, 2_000);
    let sell = b.limit(account, Sell, 110, 1_000);
    assert_eq!((b.money(account, USDT), b.money(account, BTC)), ((320_000, 180_000), (0, 1_000)));
    let more = NewOrder::limit(SYMBOL, Buy, 100, 3_201);
    assert_eq!(b.submit(account, &more), Err(Reject::InsufficientBalance));
    for order in [buy, sell] {
        let reference = OrderRef::Both(order.id, order.client_order_id.clone());
        let none = CancelRestriction::None;
        let canceled = b.exchange.cancel(b.now_ns, account, SYMBOL, &reference, none, "c").expect("a cancel");
        assert_eq!(canceled.status, OrderStatus::Canceled);
        let again = b.exchange.cancel(b.now_ns, account, SYMBOL, &reference, none, "c");
        assert_eq!(again, Err(Reject::UnknownOrder));
    }
    assert_eq!((b.money(account, USDT), b.money(account, BTC)), ((500_000, 0), (1_000, 0)));
    assert!(b.exchange.open_orders(account, None).is_empty());
    assert_eq!(b.exchange.all_orders(account, SYMBOL).len(), 2);
}

#[test]
fn cancels_check_ids_owner_and_restriction() {
    let mut b = Bench::new(spec());
    let (mine, other) = (b.account(1, 500), b.account(5, 500));
    let order = b.limit(mine, Buy, 90, 2_000);
    let mut cancel = |account, reference: &OrderRef, restriction| {
        b.exchange.cancel(b.now_ns, account, SYMBOL, reference, restriction, "").map(|o| o.id)
    };
    let none = CancelRestriction::None;
    assert_eq!(cancel(other, &OrderRef::Id(order.id), none), Err(Reject::UnknownOrder));
    assert_eq!(cancel(mine, &OrderRef::Both(order.id, "x".to_owned()), none), Err(Reject::IdMismatch));
    assert_eq!(cancel(mine, &OrderRef::Client("x".to_owned()), none), Err(Reject::UnknownOrder));
    let partly = CancelRestriction::OnlyPartiallyFilled;
    assert_eq!(cancel(mine, &OrderRef::Id(order.id), partly), Err(Reject::CancelRestriction));
    assert_eq!(cancel(AccountId(99), &OrderRef::Id(order.id), none), Err(Reject::UnknownAccount));
    b.limit(other, Sell, 90, 500);
    let mut cancel =
        |restriction| b.exchange.cancel(b.now_ns, mine, SYMBOL, &OrderRef::Id(order.id), restriction, "").map(|o| o.id);
    assert_eq!(cancel(CancelRestriction::OnlyNew), Err(Reject::CancelRestriction));
    assert_eq!(cancel(partly), Ok(order.id));
}

#[test]
fn market_orders_by_quantity_and_by_value() {
    let mut b = Bench::new(spec());
    let account = b.account(10, 1_000);
    b.quotes(&[(99, 1_000), (98, 1_000)], &[(100, 1_000), (103, 5_000)]);
    let by_value = |side, dollars: i128| NewOrder {
        quantity: None,
        quote_quantity: Some(Amount(dollars * ONE)),
        ..NewOrder::market(SYMBOL, side, 0)
    };
    // 100 dollars' worth at 100, then 0.970 at 103 for 99.91: 0.971 would be 100.013.
    let placed = b.submit(account, &by_value(Buy, 200)).expect("an order").order;
    assert_eq!((placed.status, placed.quantity, placed.executed), (OrderStatus::Filled, 1_970, 1_970));
    assert_eq!(placed.executed_value, Amount(199_910 * ONE / 1_000));
    // 99 for the first, 0.010 at 98 is 0.98.
    let placed = b.submit(account, &by_value(Sell, 100)).expect("an order").order;
    assert_eq!((placed.status, placed.executed), (OrderStatus::Filled, 1_010));
    assert_eq!(placed.executed_value, Amount(99_980 * ONE / 1_000));
    // The book runs out.
    let placed = b.submit(account, &NewOrder::market(SYMBOL, Sell, 3_000)).expect("an order").order;
    assert_eq!((placed.status, placed.executed), (OrderStatus::Expired, 990));
    assert_eq!(placed.expiry, Some(ExpiryReason::InsufficientLiquidity));
    // What the market order would cost decides, not what it might.
    let placed = b.submit(account, &NewOrder::market(SYMBOL, Buy, 9_000)).expect("all that is there is affordable");
    assert_eq!((placed.order.status, placed.order.executed), (OrderStatus::Expired, 4_030));
    b.quotes(&[], &[(100, 90_000)]);
    assert_eq!(b.submit(account, &NewOrder::market(SYMBOL, Buy, 9_000)), Err(Reject::InsufficientBalance));
}

#[test]
fn immediate_or_cancel_fill_or_kill_and_maker_only() {
    let mut b = Bench::new(spec());
    let account = b.account(0, 10_000);
    b.quotes(&[], &[(100, 1_000), (101, 1_000)]);
    let order = |tif, price, quantity| NewOrder { tif, ..NewOrder::limit(SYMBOL, Buy, price, quantity) };
    let killed = b.submit(account, &order(Tif::Fok, 100, 1_001)).expect("an order").order;
    assert_eq!((killed.status, killed.executed), (OrderStatus::Expired, 0));
    assert_eq!(killed.expiry, Some(ExpiryReason::UnfilledFokOrderExpired));
    let filled = b.submit(account, &order(Tif::Fok, 101, 1_001)).expect("an order").order;
    assert_eq!((filled.status, filled.executed_value), (OrderStatus::Filled, Amount(100_101 * ONE / 1_000)));
    let rest = b.submit(account, &order(Tif::Ioc, 101, 5_000)).expect("an order").order;
    assert_eq!((rest.status, rest.executed), (OrderStatus::Expired, 999));
    assert_eq!(rest.expiry, Some(ExpiryReason::UnfilledIocQuantityExpired));
    assert_eq!(b.money(account, USDT).1, 0);
    // Another quantity than before: what was taken of the old quote stayed taken.
    b.quotes(&[], &[(100, 1_001)]);
    let maker = |price| NewOrder { kind: OrderKind::LimitMaker, ..NewOrder::limit(SYMBOL, Buy, price, 10) };
    assert_eq!(b.submit(account, &maker(100)), Err(Reject::WouldMatchImmediately));
    assert_eq!(b.submit(account, &maker(99)).expect("an order").order.status, OrderStatus::New);
}

#[test]
fn stop_orders_wait_trigger_and_trigger_others() {
    let mut b = Bench::new(spec());
    let account = b.account(10, 10_000);
    b.quotes(&[(100, 1_000), (95, 1_000), (90, 9_000)], &[(101, 1_000)]);
    b.print(Sell, 100, 10);
    let refused = [
        stop(OrderKind::StopLoss, Sell, 100, None, 100),
        stop(OrderKind::StopLossLimit, Buy, 100, Some(100), 100),
        stop(OrderKind::TakeProfit, Buy, 101, None, 100),
        stop(OrderKind::TakeProfitLimit, Sell, 99, Some(100), 100),
    ];
    for order in &refused {
        assert_eq!(b.submit(account, order), Err(Reject::WouldTriggerImmediately), "{order:?}");
    }
    let first = stop(OrderKind::StopLoss, Sell, 98, None, 1_500);
    let first = b.submit(account, &first).expect("an order").order;
    // It holds back until the first one's trades reach its price.
    let second = b.submit(account, &stop(OrderKind::StopLossLimit, Sell, 95, Some(93), 700)).expect("an order").order;
    assert!(first.waits() && second.waits());
    assert_eq!(b.money(account, BTC), (7_800, 2_200));
    assert_eq!(b.exchange.open_orders(account, Some(SYMBOL)).len(), 2);
    b.print(Sell, 99, 10);
    assert!(b.now(&first).waits());
    b.story();
    b.print(Sell, 98, 10);
    // 1.0 at 100 and 0.5 at 95; then 0.5 at 95, and 0.2 rest at 93.
    assert_eq!(b.trades().split_off(3), [(100, 1_000, Sell), (95, 500, Sell), (95, 500, Sell)]);
    assert_eq!(b.now(&first).status, OrderStatus::Filled);
    let second = b.now(&second);
    assert_eq!((second.status, second.open_quantity()), (OrderStatus::PartiallyFilled, 200));
    assert_eq!(b.book(Sell)[0], (93, 200));
    let story = b.story();
    assert_eq!(story[..2], ["trade 10@98", "2 triggered NEW"]);
    assert_eq!(story[2..6], ["trade 1000@100", "2 filled PARTIALLY_FILLED", "trade 500@95", "2 filled FILLED"]);
    assert_eq!(story[6..8], ["2 balances 2", "2 triggered NEW"]);
}

#[test]
fn a_triggered_market_buy_that_cannot_pay_expires() {
    let mut b = Bench::new(spec());
    let account = b.account(0, 100);
    b.quotes(&[], &[(110, 1_000)]);
    let order = b.submit(account, &stop(OrderKind::StopLoss, Buy, 105, None, 1_000)).expect("an order").order;
    assert_eq!(b.money(account, USDT), (100_000, 0));
    b.print(Buy, 105, 1);
    let order = b.now(&order);
    assert_eq!((order.status, order.expiry), (OrderStatus::Expired, Some(ExpiryReason::Rejected)));
    assert_eq!(b.money(account, USDT), (100_000, 0));
}

#[test]
fn self_trade_prevention_as_in_the_venues_examples() {
    // Scenario A: none.
    let mut b = Bench::new(spec());
    let account = b.account(20, 100);
    b.submit(account, &stp(Buy, 1, 1_000, StpMode::None)).expect("an order");
    let taker = b.submit(account, &stp(Sell, 1, 1_000, StpMode::None)).expect("an order");
    assert_eq!((taker.order.status, taker.fills.len()), (OrderStatus::Filled, 1));

    // Scenarios B and C, prices ten times as high: 1.2 at 12, 1.3 at 11, 8.1 at 10; a sell of 3 at 10.
    for (mode, maker, taker_status, lost) in [
        (StpMode::ExpireMaker, OrderStatus::ExpiredInMatch, OrderStatus::New, 0),
        (StpMode::ExpireTaker, OrderStatus::New, OrderStatus::ExpiredInMatch, 3_000),
    ] {
        let mut b = Bench::new(spec());
        let account = b.account(20, 200);
        let makers = [(12, 1_200), (11, 1_300), (10, 8_100)].map(|(price, q)| b.limit(account, Buy, price, q));
        let taker = b.submit(account, &stp(Sell, 10, 3_000, mode)).expect("an order");
        assert_eq!((taker.order.status, taker.order.prevented, taker.order.executed), (taker_status, lost, 0));
        for (at, order) in makers.iter().enumerate() {
            let now = b.now(order);
            let expired = maker == OrderStatus::ExpiredInMatch;
            assert_eq!((now.status, now.prevented), (maker, if expired { order.quantity } else { 0 }));
            assert_eq!(now.prevented_match, expired.then_some(at as u64));
        }
        let ids: Vec<_> = taker.prevented.iter().map(|p| (p.id, p.taker_prevented, p.maker_prevented)).collect();
        if mode == StpMode::ExpireMaker {
            assert_eq!(ids, [(0, 0, 1_200), (1, 0, 1_300), (2, 0, 8_100)]);
            assert_eq!(b.money(account, USDT), (200_000, 0));
        } else {
            assert_eq!(ids, [(0, 3_000, 0)]);
        }
        assert_eq!(b.exchange.prevented_matches(account, SYMBOL), taker.prevented);
        assert!(b.trades().is_empty());
    }
}

#[test]
fn self_trade_prevention_of_both_of_the_takers_choice_and_by_decrement() {
    // Scenario D: both.
    let mut b = Bench::new(spec());
    let account = b.account(20, 100);
    let maker = b.limit(account, Buy, 1, 1_000);
    let taker = b.submit(account, &stp(Sell, 1, 3_000, StpMode::ExpireBoth)).expect("an order").order;
    assert_eq!((taker.status, taker.prevented), (OrderStatus::ExpiredInMatch, 3_000));
    assert_eq!((b.now(&maker).status, b.now(&maker).prevented), (OrderStatus::ExpiredInMatch, 1_000));

    // Scenario E: the taker's mode rules.
    let maker = b.submit(account, &stp(Buy, 1, 1_000, StpMode::ExpireMaker)).expect("an order").order;
    let taker = b.submit(account, &stp(Sell, 1, 1_000, StpMode::ExpireTaker)).expect("an order").order;
    assert_eq!((b.now(&maker).status, taker.status), (OrderStatus::New, OrderStatus::ExpiredInMatch));

    // Scenario F: a market order that expires its only maker finds nothing.
    let order = NewOrder { stp: Some(StpMode::ExpireMaker), ..NewOrder::market(SYMBOL, Sell, 1_000) };
    let taker = b.submit(account, &order).expect("an order").order;
    assert_eq!((b.now(&maker).status, taker.status), (OrderStatus::ExpiredInMatch, OrderStatus::Expired));

    // Scenario G: 6 in the book, 2 to sell, by decrement.
    let maker = b.limit(account, Buy, 2, 6_000);
    let taker = b.submit(account, &stp(Sell, 2, 2_000, StpMode::Decrement)).expect("an order").order;
    let maker = b.now(&maker);
    assert_eq!((maker.status, maker.prevented, maker.open_quantity()), (OrderStatus::New, 2_000, 4_000));
    assert_eq!((taker.status, taker.prevented), (OrderStatus::ExpiredInMatch, 2_000));
    assert_eq!(maker.prevented_match, taker.prevented_match);
    assert_eq!((b.book(Buy), b.money(account, USDT).1), (vec![(2, 4_000)], 8_000));
}

#[test]
fn a_trade_group_does_not_trade_with_itself_and_a_mode_may_be_forbidden() {
    let mut b = Bench::new(spec());
    let group = |g| AccountSpec { trade_group: Some(g), maker_e8: 0, taker_e8: 0, ..AccountSpec::default() };
    let (one, two, three) =
        (b.account_with(group(1), 1, 100), b.account_with(group(1), 1, 100), b.account_with(group(2), 1, 100));
    let maker = b.limit(one, Buy, 10, 1_000);
    let taker = b.submit(two, &stp(Sell, 10, 1_000, StpMode::ExpireTaker)).expect("an order").order;
    assert_eq!(taker.status, OrderStatus::ExpiredInMatch);
    let taker = b.submit(three, &stp(Sell, 10, 1_000, StpMode::ExpireTaker)).expect("an order").order;
    assert_eq!((taker.status, b.now(&maker).status), (OrderStatus::Filled, OrderStatus::Filled));

    let mut listed = spec();
    listed.allowed_stp = vec![StpMode::None];
    let mut b = Bench::new(listed);
    let account = b.account(1, 100);
    assert_eq!(b.submit(account, &stp(Buy, 1, 1, StpMode::ExpireBoth)), Err(Reject::StpModeNotAllowed));
}

#[test]
fn an_iceberg_shows_a_part_and_queues_again() {
    let mut b = Bench::new(spec());
    let (ice, other, taker) = (b.account(10, 0), b.account(10, 0), b.account(0, 1_000));
    let order = NewOrder { iceberg_quantity: 300, ..NewOrder::limit(SYMBOL, Sell, 100, 1_000) };
    let order = b.submit(ice, &order).expect("an order").order;
    let behind = b.limit(other, Sell, 100, 500);
    assert_eq!(b.book(Sell), [(100, 800)]);
    b.submit(taker, &NewOrder::limit(SYMBOL, Buy, 100, 1_000)).expect("an order");
    let makers: Vec<_> = b.exchange.trades(SYMBOL).map(|t| (t.maker_order, t.quantity)).collect();
    assert_eq!(makers, [(order.id, 300), (behind.id, 500), (order.id, 200)]);
    assert_eq!(b.book(Sell), [(100, 100)]);
    b.submit(taker, &NewOrder::limit(SYMBOL, Buy, 100, 450)).expect("an order");
    assert_eq!(b.book(Sell), [(100, 50)]);
    assert_eq!(b.now(&order).open_quantity(), 50);
}

#[test]
fn an_amend_keeps_its_place_and_lowers_alone() {
    let mut b = Bench::new(spec());
    let (one, two, taker) = (b.account(10, 1_000), b.account(0, 1_000), b.account(10, 0));
    let first = b.limit(one, Buy, 100, 5_500);
    let second = b.limit(two, Buy, 100, 4_000);
    let mut amend = |quantity, name: &str| {
        b.exchange.amend(b.now_ns, one, SYMBOL, &OrderRef::Id(first.id), quantity, name).map(|o| o.client_order_id)
    };
    assert_eq!(amend(5_501, ""), Err(Reject::QuantityIncrease));
    assert_eq!(amend(5_500, ""), Err(Reject::NoChange));
    assert_eq!(amend(5_000, "renamed"), Ok("renamed".to_owned()));
    let other = amend(4_900, "").expect("an amend");
    assert!(other != "renamed" && other.len() == 22 && other != first.client_order_id);
    assert_eq!((b.book(Buy), b.money(one, USDT)), (vec![(100, 8_900)], (510_000, 490_000)));
    b.limit(taker, Sell, 100, 5_000);
    assert_eq!(b.now(&first).status, OrderStatus::Filled);
    assert_eq!(b.now(&second).executed, 100);
    // At or below what is executed: nothing is left of it.
    let ended = b.exchange.amend(b.now_ns, two, SYMBOL, &OrderRef::Id(second.id), 50, "").expect("an amend");
    assert_eq!((ended.status, ended.executed), (OrderStatus::Expired, 100));
    assert_eq!((b.book(Buy), b.money(two, USDT)), (vec![], (990_000, 0)));
}

#[test]
fn cancel_and_replace_is_two_things_in_turn() {
    let mut b = Bench::new(spec());
    let account = b.account(0, 100);
    let old = b.limit(account, Buy, 50, 2_000);
    let new = NewOrder::limit(SYMBOL, Buy, 99, 1_000);
    let mut replace = |id, mode, new: &NewOrder| {
        let reference = OrderRef::Id(id);
        b.exchange.cancel_replace(b.now_ns, account, &reference, CancelRestriction::None, "", mode, new)
    };
    // The balance that the cancel releases pays for the new order.
    let done = replace(old.id, ReplaceMode::StopOnFailure, &new).expect("no filter");
    let placed = done.new.expect("attempted").expect("placed").order;
    assert!(done.cancel.is_ok());
    let stopped = replace(old.id, ReplaceMode::StopOnFailure, &new).expect("no filter");
    assert_eq!((stopped.cancel, stopped.new), (Err(Reject::UnknownOrder), None));
    let both = replace(old.id, ReplaceMode::AllowFailure, &new).expect("no filter");
    assert_eq!(both.cancel, Err(Reject::UnknownOrder));
    assert_eq!(both.new, Some(Err(Reject::InsufficientBalance)));
    let dear = NewOrder::limit(SYMBOL, Buy, 100, 1_001);
    let half = replace(placed.id, ReplaceMode::StopOnFailure, &dear).expect("no filter");
    assert!(half.cancel.is_ok());
    assert_eq!(half.new, Some(Err(Reject::InsufficientBalance)));
    assert_eq!(b.money(account, USDT), (100_000, 0));
}

#[test]
fn client_ids_are_unique_among_open_orders() {
    let mut b = Bench::new(spec());
    let account = b.account(0, 1_000);
    let named = NewOrder { client_order_id: "mine".to_owned(), ..NewOrder::limit(SYMBOL, Buy, 1, 1_000) };
    let first = b.submit(account, &named).expect("an order").order;
    assert_eq!(b.submit(account, &named), Err(Reject::DuplicateClientOrderId));
    let by_name = OrderRef::Client("mine".to_owned());
    b.exchange.cancel(b.now_ns, account, SYMBOL, &by_name, CancelRestriction::None, "").expect("a cancel");
    assert_eq!(b.exchange.order(account, SYMBOL, &by_name).map(|o| o.id), Ok(first.id));
    let second = b.submit(account, &named).expect("the id is free again").order;
    assert_eq!(b.exchange.order(account, SYMBOL, &by_name).map(|o| o.id), Ok(second.id));
}

#[test]
fn a_halted_instrument_takes_cancels_alone() {
    let mut b = Bench::new(spec());
    let account = b.account(0, 1_000);
    let order = b.limit(account, Buy, 1, 1_000);
    let new = NewOrder::limit(SYMBOL, Buy, 1, 1_000);
    for (status, reject) in
        [(TradingStatus::Halt, Reject::MarketClosed), (TradingStatus::CancelOnly, Reject::CancelOnly)]
    {
        b.exchange.set_status(b.now_ns, SYMBOL, status).expect("a status");
        assert_eq!(b.submit(account, &new), Err(reject));
    }
    let reference = OrderRef::Id(order.id);
    let amended = b.exchange.amend(b.now_ns, account, SYMBOL, &reference, 500, "");
    assert_eq!(amended, Err(Reject::MarketClosed));
    assert!(b.exchange.cancel(b.now_ns, account, SYMBOL, &reference, CancelRestriction::None, "").is_ok());
    b.exchange.set_status(b.now_ns, SYMBOL, TradingStatus::Trading).expect("a status");
    b.exchange.set_can_trade(account, false);
    assert_eq!(b.submit(account, &new), Err(Reject::AccountDisabled));
}

#[test]
fn what_makes_no_sense_is_refused_and_nothing_overflows() {
    let mut b = Bench::new(spec());
    let account = b.account(1_000, 1_000);
    let limit = NewOrder::limit(SYMBOL, Buy, 10, 10);
    let wrong = [
        NewOrder { quantity: None, ..limit.clone() },
        NewOrder { quote_quantity: Some(Amount(ONE)), ..limit.clone() },
        NewOrder { quantity: Some(0), ..limit.clone() },
        NewOrder { quantity: Some(-1), ..limit.clone() },
        NewOrder { price: None, ..limit.clone() },
        NewOrder { price: Some(0), ..limit.clone() },
        NewOrder { stop_price: Some(5), ..limit.clone() },
        NewOrder { kind: OrderKind::StopLoss, price: None, ..limit.clone() },
        NewOrder { iceberg_quantity: 5, tif: Tif::Ioc, ..limit.clone() },
        NewOrder { tif: Tif::Gtx, ..limit.clone() },
        NewOrder { reduce_only: true, ..limit.clone() },
    ];
    for order in &wrong {
        assert!(matches!(b.submit(account, order), Err(Reject::BadRequest(_))), "{order:?}");
    }
    for (price, quantity) in [(i64::MAX, 1), (1, i64::MAX), (i64::MAX, i64::MAX)] {
        let order = NewOrder::limit(SYMBOL, Buy, price, quantity);
        let refused = b.submit(account, &order);
        assert!(matches!(refused, Err(Reject::TooLarge | Reject::InsufficientBalance)), "{refused:?}");
        let refused = b.submit(account, &stop(OrderKind::StopLoss, Buy, price, None, quantity));
        assert!(matches!(refused, Err(Reject::TooLarge)) || quantity == 1, "{refused:?}");
    }
    let elsewhere = NewOrder::limit(crosstick_model::InstrumentId(9), Buy, 1, 1);
    assert_eq!(b.submit(account, &elsewhere), Err(Reject::UnknownInstrument));
    assert_eq!(b.submit(AccountId::HOUSE, &limit), Err(Reject::UnknownAccount));
    let too_much = b.exchange.deposit(b.now_ns, account, USDT, Amount(i128::MAX));
    assert_eq!(too_much, Err(Reject::TooLarge));
    assert_eq!(b.exchange.deposit(b.now_ns, account, USDT, Amount(-1_001 * ONE)), Err(Reject::InsufficientBalance));
}
