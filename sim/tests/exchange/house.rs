//! How the simulated flow and clients' orders share a book.

use crate::exchange_cases;

use crosstick_model::Side;
use crosstick_sim::exchange::{AccountId, Event, EventKind, LevelView, NewOrder, OrderStatus, Reject};
use exchange_cases::{BTC, Bench, SYMBOL, USDT, spec};
use proptest::prelude::*;

use Side::{Buy, Sell};

#[test]
fn a_client_inside_the_spread_is_the_best_quote_and_is_hit_first() {
    let mut b = Bench::new(spec());
    let client = b.account(0, 1_000);
    b.quotes(&[(100, 5_000)], &[(104, 5_000)]);
    let order = b.limit(client, Buy, 102, 1_000);
    assert_eq!(b.book(Buy), [(102, 1_000), (100, 5_000)]);
    // The flow sells 3 at 100: 1 of it at 102, to the client.
    b.print(Sell, 100, 3_000);
    assert_eq!(b.trades(), [(102, 1_000, Sell), (100, 2_000, Sell)]);
    assert_eq!(b.now(&order).status, OrderStatus::Filled);
    assert_eq!((b.money(client, BTC), b.money(client, USDT)), ((1_000, 0), (898_000, 0)));
    // The flow's own quote is untouched: its next quote says what is left.
    assert_eq!(b.book(Buy), [(100, 5_000)]);
}

#[test]
fn a_client_behind_the_quote_waits_for_what_is_before_it() {
    let mut b = Bench::new(spec());
    let client = b.account(0, 1_000);
    b.quotes(&[(100, 5_000)], &[]);
    let order = b.limit(client, Buy, 100, 1_000);
    b.print(Sell, 100, 4_000);
    assert_eq!(b.now(&order).executed, 0);
    // The flow says that 1 is left of its 5: the client waits for that.
    b.quotes(&[(100, 1_000)], &[]);
    assert_eq!(b.book(Buy), [(100, 2_000)]);
    b.print(Sell, 100, 1_300);
    assert_eq!(b.now(&order).executed, 300);
    // More of the flow queues behind the client.
    b.quotes(&[(100, 9_000)], &[]);
    b.print(Sell, 100, 700);
    assert_eq!(b.now(&order).status, OrderStatus::Filled);
    assert_eq!(b.trades(), [(100, 4_000, Sell), (100, 1_000, Sell), (100, 300, Sell), (100, 700, Sell)]);
}

#[test]
fn what_a_client_takes_stays_taken_until_the_flow_quotes_anew() {
    let mut b = Bench::new(spec());
    let client = b.account(0, 10_000);
    b.quotes(&[(99, 1_000)], &[(100, 5_000)]);
    b.limit(client, Buy, 100, 2_000);
    b.quotes(&[(99, 1_500)], &[(100, 5_000)]);
    assert_eq!(b.book(Sell), [(100, 3_000)]);
    b.quotes(&[(99, 1_500)], &[(100, 4_999)]);
    assert_eq!(b.book(Sell), [(100, 4_999)]);
    b.submit(client, &NewOrder::market(SYMBOL, Buy, 4_999)).expect("an order");
    b.quotes(&[(99, 1_500)], &[(100, 4_999)]);
    assert_eq!(b.book(Sell), []);
}

#[test]
fn a_quote_that_reaches_a_client_trades_with_it_first() {
    let mut b = Bench::new(spec());
    let client = b.account(0, 1_000);
    b.quotes(&[(100, 1_000)], &[(104, 1_000)]);
    let order = b.limit(client, Buy, 102, 1_000);
    b.quotes(&[(98, 1_000)], &[(101, 3_000)]);
    assert_eq!(b.trades(), [(102, 1_000, Sell)]);
    assert_eq!(b.now(&order).status, OrderStatus::Filled);
    assert_eq!((b.book(Buy), b.book(Sell)), (vec![(98, 1_000)], vec![(101, 2_000)]));
}

#[test]
fn events_come_in_the_order_in_which_things_happened() {
    let mut b = Bench::new(spec());
    let (maker, taker) = (b.account(1, 0), b.account(0, 1_000));
    b.story();
    b.limit(maker, Sell, 100, 1_000);
    assert_eq!(b.story(), ["2 new NEW", "2 balances 1", "sell 1000@100"]);
    b.limit(taker, Buy, 101, 1_500);
    let told = [
        "3 new NEW",
        "trade 1000@100",
        "2 filled FILLED",
        "2 balances 2",
        "3 filled PARTIALLY_FILLED",
        "3 balances 2",
        "sell 0@100",
        "buy 500@101",
    ];
    assert_eq!(b.story(), told);
    b.exchange.cancel_all(b.now_ns, taker, SYMBOL).expect("a cancel");
    assert_eq!(b.story(), ["3 canceled CANCELED", "3 balances 1", "buy 0@101"]);
    b.exchange.expire_all(b.now_ns, SYMBOL).expect("an instrument");
    assert!(b.story().is_empty());
}

#[test]
fn quotes_that_make_no_sense_are_refused() {
    let mut b = Bench::new(spec());
    let level = |price, quantity| LevelView { price, quantity };
    let mut set = |bids: &[LevelView], asks: &[LevelView]| b.exchange.set_quotes(0, SYMBOL, None, bids, asks);
    assert!(matches!(set(&[level(100, 1)], &[level(100, 1)]), Err(Reject::BadRequest(_))));
    assert!(matches!(set(&[level(0, 1)], &[]), Err(Reject::BadRequest(_))));
    assert!(matches!(set(&[], &[level(1, 0)]), Err(Reject::BadRequest(_))));
    assert_eq!(set(&[], &[level(i64::MAX, i64::MAX)]), Err(Reject::TooLarge));
    assert!(matches!(b.exchange.print(0, SYMBOL, Buy, 1, &[1, 0]), Err(Reject::BadRequest(_))));
    assert!(b.trades().is_empty() && b.book(Buy).is_empty());
}

#[derive(Debug, Clone)]
enum Flow {
    Quote(i64, i64, i64, i64),
    Print(bool, i64, Vec<i64>),
}

proptest! {
    /// Without clients, what comes out is what goes in: best quotes with their update ids, and trades one by one.
    #[test]
    fn without_clients_the_flow_is_what_comes_out(flow in prop::collection::vec(prop_oneof![
        (90i64..110, 1i64..4, 1i64..9, 1i64..9).prop_map(|(bid, spread, b, a)| Flow::Quote(bid, spread, b, a)),
        (any::<bool>(), 90i64..110, prop::collection::vec(1i64..9, 1..4)).prop_map(|(s, p, q)| Flow::Print(s, p, q)),
    ], 1..60)) {
        let mut b = Bench::new(spec());
        let (mut update_id, mut trade_id) = (100, 0);
        for step in &flow {
            let mut events: Vec<Event> = Vec::new();
            match step {
                Flow::Quote(bid, spread, bids, asks) => {
                    update_id += 7;
                    let (bid, ask) = (LevelView { price: *bid, quantity: *bids },
                        LevelView { price: bid + spread, quantity: *asks });
                    b.exchange.set_quotes(1, SYMBOL, Some(update_id), &[bid], &[ask]).expect("quotes");
                    prop_assert_eq!(b.exchange.best(SYMBOL, Buy), Some(bid));
                    prop_assert_eq!(b.exchange.best(SYMBOL, Sell), Some(ask));
                    prop_assert_eq!(b.exchange.update_id(SYMBOL), update_id);
                    b.exchange.drain_events(&mut events);
                    for event in &events {
                        let is_level = matches!(event.kind, EventKind::Level { update_id: id, .. } if id == update_id);
                        prop_assert!(is_level, "{event:?}");
                    }
                }
                Flow::Print(sold, price, quantities) => {
                    let side = if *sold { Sell } else { Buy };
                    b.exchange.print(1, SYMBOL, side, *price, quantities).expect("a print");
                    b.exchange.drain_events(&mut events);
                    prop_assert_eq!(events.len(), quantities.len());
                    for (event, quantity) in events.iter().zip(quantities) {
                        trade_id += 1;
                        let EventKind::Trade(t) = &event.kind else { panic!("{event:?}") };
                        prop_assert_eq!((t.id, t.price, t.quantity, t.taker_side), (trade_id, *price, *quantity, side));
                    }
                }
            }
        }
    }
}

/// Orders a second, to be read with `--nocapture`; nothing depends on it.
#[test]
fn how_fast_it_is() {
    let mut b = Bench::new(spec());
    let accounts: Vec<AccountId> = (0..10).map(|_| b.account(1_000_000_000, 1_000_000_000)).collect();
    let (count, mut filled) = (50_000, 0u32);
    let begin = std::time::Instant::now();
    let mut events = Vec::new();
    for i in 0..count {
        let account = accounts[i % accounts.len()];
        // A book of some 40 levels, in which every fourth order takes.
        let offset = (i * 7_919 % 20) as i64;
        let (side, price) = match i % 4 {
            0 => (Buy, 1_000 - offset),
            1 => (Sell, 1_001 + offset),
            2 => (Buy, 1_005),
            _ => (Sell, 996),
        };
        let placed = b.submit(account, &NewOrder::limit(SYMBOL, side, price, 1 + offset)).expect("an order");
        filled += u32::from(placed.order.status == OrderStatus::Filled);
        b.exchange.drain_events(&mut events);
        events.clear();
    }
    let seconds = begin.elapsed().as_secs_f64();
    println!("{count} orders ({filled} filled at once) in {seconds:.3} s: {:.0} a second", count as f64 / seconds);
    assert!(filled > 0);
    let begin = std::time::Instant::now();
    let count = 200_000i64;
    for i in 0..count {
        // A quote that moves now and then, and a print at it every fourth time, before ten clients' open orders.
        let level = |price, quantity| [LevelView { price, quantity }];
        let (bid, ask) = (level(900 + i / 64 % 8, 5 + i % 7), level(1_100 + i / 64 % 8, 5 + i % 5));
        b.exchange.set_quotes(b.now_ns, SYMBOL, None, &bid, &ask).expect("quotes");
        if i % 4 == 0 {
            b.exchange.print(b.now_ns, SYMBOL, Buy, ask[0].price, &[1]).expect("a print");
        }
        b.exchange.drain_events(&mut events);
        events.clear();
    }
    let seconds = begin.elapsed().as_secs_f64();
    println!(
        "{count} quotes and {} prints in {seconds:.3} s: {:.0} quotes a second",
        count / 4,
        count as f64 / seconds
    );
}
