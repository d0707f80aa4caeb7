//! Order states, and what must hold whatever the market does: every order ends exactly once, fills stay within the
//! order and within the size shown.

use crosstick_execution::{OrderCounts, OrderState, OrderStates, Paper, PaperConfig};
use crosstick_model::{
    Amount, AssetId, FeeAsset, Fees, Fill, GroupId, Instrument, InstrumentId, Intent, Kind, Liquidity, Order, OrderId,
    Protocol, Purpose, Quote, RejectReason, Report, ReportKind, Scale, Side, Tick, TimeInForce, Trade, Universe, Venue,
    VenueId,
};
use crosstick_risk::{Limits, Rates, Risk};
use proptest::prelude::*;

const I: InstrumentId = InstrumentId(0);

fn intent(group: u64, side: Side, price: i64, quantity: i64, time_in_force: TimeInForce) -> Intent {
    let group = GroupId(group);
    Intent { group, leg: 0, instrument: I, side, price, quantity, time_in_force, purpose: Purpose::Open }
}

fn sent(states: &mut OrderStates, id: u64) {
    let intent = intent(id, Side::Buy, 100, 10, TimeInForce::Ioc);
    states.on_sent(&Order { id: OrderId(id), intent, decided_ns: 0 });
}

fn tell(states: &mut OrderStates, id: u64, kind: ReportKind) -> Option<OrderState> {
    states.on_report(&Report { order: OrderId(id), instrument: I, at_ns: 0, kind })
}

fn fill(quantity: i64) -> ReportKind {
    let (fee, fee_asset, liquidity) = (Amount::ZERO, AssetId(0), Liquidity::Taker);
    ReportKind::Filled(Fill { price: 100, quantity, fee, fee_asset, liquidity })
}

#[test]
fn orders_end_in_one_way_each() {
    use OrderState::{Accepted, Cancelled, Filled, PartlyFilled, Rejected, Sent};
    let mut states = OrderStates::new(8);
    (1..=6).for_each(|id| sent(&mut states, id));
    assert_eq!((states.state(OrderId(1)), states.open()), (Some(Sent), 6));
    assert_eq!(tell(&mut states, 1, ReportKind::Accepted), Some(Accepted));
    assert_eq!(tell(&mut states, 1, fill(4)), Some(PartlyFilled));
    assert_eq!(tell(&mut states, 1, fill(6)), Some(Filled));
    assert_eq!(tell(&mut states, 2, fill(4)), Some(PartlyFilled));
    assert_eq!(tell(&mut states, 2, ReportKind::Accepted), None);
    assert_eq!(tell(&mut states, 2, ReportKind::Cancelled { unfilled: 6 }), Some(Cancelled));
    assert_eq!(tell(&mut states, 3, ReportKind::Cancelled { unfilled: 10 }), Some(Cancelled));
    assert_eq!(tell(&mut states, 4, ReportKind::Rejected(RejectReason::Venue)), Some(Rejected));
    assert_eq!(tell(&mut states, 4, fill(1)), None);
    // A refusal of the rest is an end as well, and what had filled is not forgotten.
    assert_eq!(tell(&mut states, 6, fill(4)), Some(PartlyFilled));
    assert_eq!(tell(&mut states, 6, ReportKind::Rejected(RejectReason::Venue)), Some(Rejected));
    let counts = OrderCounts { sent: 6, filled: 1, partly_filled: 2, unfilled: 1, rejected: 1, strays: 2 };
    assert_eq!((states.counts(), states.open(), states.state(OrderId(4))), (counts, 1, None));
    assert!(Filled.is_final() && Cancelled.is_final() && Rejected.is_final());
    assert!(!Sent.is_final() && !Accepted.is_final() && !PartlyFilled.is_final());
}

fn universe() -> Universe {
    let mut universe = Universe::default();
    let (usdt, btc) = (universe.asset("USDT").unwrap(), universe.asset("BTC").unwrap());
    let fees = Fees { maker_e8: 50_000, taker_e8: 100_000, asset: FeeAsset::Received };
    universe.add_venue(Venue { id: VenueId(0), name: "a".into(), protocol: Protocol::BinanceSpot, fees }).unwrap();
    let instrument = Instrument {
        id: I,
        venue: VenueId(0),
        symbol: "BTCUSDT".into(),
        base: btc,
        quote: usdt,
        settle: usdt,
        kind: Kind::Spot,
        contract_size: Amount(10_000_000_000_000_000),
        scale: Scale::new(2, 3).unwrap(),
        price_step: 1,
        quantity_step: 3,
        min_quantity: 3,
        min_notional: Amount::ZERO,
        market: None,
    };
    universe.add_instrument(instrument).unwrap();
    universe
}

#[derive(Debug, Clone)]
enum Event {
    Quote(Quote),
    Trade(i64, i64),
    Order { buy: bool, price: i64, steps: i64, gtc: bool },
    Cancel(u64),
}

fn event() -> impl Strategy<Value = Event> {
    // Few prices and sizes, so that sides stay, repeat and cross our orders often.
    let quote = (995i64..1005, 1i64..4, 1i64..4, 1i64..4).prop_map(|(bid, spread, b, a)| {
        Event::Quote(Quote { bid, bid_quantity: b * 10, ask: bid + spread, ask_quantity: a * 10 })
    });
    let order = (any::<bool>(), 990i64..1012, 1i64..20, any::<bool>())
        .prop_map(|(buy, price, steps, gtc)| Event::Order { buy, price, steps, gtc });
    prop_oneof![
        4 => quote,
        2 => (990i64..1012, 1i64..50).prop_map(|(price, quantity)| Event::Trade(price, quantity)),
        4 => order,
        1 => (1u64..40).prop_map(Event::Cancel),
    ]
}

/// Runs a session; gives every order's intent and every report.
fn session(config: PaperConfig, events: &[(u64, Event)]) -> (Vec<Order>, Vec<Report>, OrderStates, Risk) {
    let universe = universe();
    let rates = Rates::new(&universe, AssetId(0), &[]);
    let mut paper = Paper::new(&universe, config, &rates);
    let mut risk = Risk::new(&universe, Limits { max_orders_per_second: 100_000, ..Limits::NONE }, rates, None);
    let mut states = OrderStates::new(64);
    let (mut orders, mut reports, mut out) = (Vec::new(), Vec::new(), Vec::with_capacity(1));
    let mut now = 0;
    let first = Quote { bid: 1000, bid_quantity: 30, ask: 1002, ask_quantity: 30 };
    let all = [(0, Event::Quote(first))];
    for (wait, event) in all.iter().chain(events) {
        now += wait;
        paper.advance(now, &mut |r| {
            risk.on_report(r.at_ns, &r);
            states.on_report(&r);
            reports.push(r);
        });
        match event {
            Event::Quote(quote) => {
                let tick = Tick::quote(I, 0, *quote, now, 0);
                risk.on_tick(now, &tick);
                paper.on_tick(now, &tick);
            }
            Event::Trade(price, quantity) => {
                let trade = Trade { price: *price, quantity: *quantity, taker_sold: false, off_market: false };
                paper.on_tick(now, &Tick::trade(I, 0, trade, now, 0));
            }
            Event::Order { buy, price, steps, gtc } => {
                let side = if *buy { Side::Buy } else { Side::Sell };
                let tif = if *gtc { TimeInForce::Gtc } else { TimeInForce::Ioc };
                let group = orders.len() as u64 + 1;
                risk.gate(now, &[intent(group, side, *price, steps * 3, tif)], &mut out).unwrap();
                let approved = out.pop().unwrap();
                orders.push(*approved.order());
                states.on_sent(approved.order());
                paper.send(now, approved);
            }
            Event::Cancel(id) => paper.cancel(now, OrderId(*id)),
        }
    }
    // Cancel whatever rests, and let everything come to its end.
    for order in &orders {
        paper.cancel(now, order.id);
    }
    while let Some(due) = paper.next_due() {
        paper.advance(due, &mut |r| {
            risk.on_report(r.at_ns, &r);
            states.on_report(&r);
            reports.push(r);
        });
    }
    assert!(paper.is_idle());
    (orders, reports, states, risk)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_order_ends_once_and_fills_no_more_than_it_may(
        events in prop::collection::vec((0u64..4, event()), 1..120),
        seed in any::<u64>(),
        latency_ns in 0u64..6,
        ack_ns in 0u64..6,
        partial_ppm in prop_oneof![Just(0u32), Just(500_000)],
    ) {
        let config = PaperConfig { seed, latency_ns, ack_ns, reject_ppm: 50_000, partial_ppm };
        let (orders, reports, states, risk) = session(config, &events);
        prop_assert!(reports.windows(2).all(|w| w[0].at_ns <= w[1].at_ns));
        let mut wanted = OrderCounts { sent: orders.len() as u64, ..OrderCounts::default() };
        for order in &orders {
            let of: Vec<_> = reports.iter().filter(|r| r.order == order.id).collect();
            let (mut filled, mut ends) = (0, 0);
            for (n, report) in of.iter().enumerate() {
                prop_assert!(report.at_ns >= order.decided_ns + latency_ns + ack_ns);
                match report.kind {
                    ReportKind::Accepted => prop_assert_eq!(n, 0),
                    ReportKind::Filled(fill) => {
                        prop_assert!(fill.quantity > 0 && fill.quantity % 3 == 0);
                        let better = (order.intent.price - fill.price) * order.intent.side.sign();
                        prop_assert!(better >= 0);
                        prop_assert!(fill.liquidity == Liquidity::Taker || better == 0);
                        filled += fill.quantity;
                        ends += usize::from(filled == order.intent.quantity);
                    }
                    ReportKind::Cancelled { unfilled } => {
                        prop_assert!(unfilled > 0 && unfilled == order.intent.quantity - filled);
                        ends += 1;
                    }
                    ReportKind::Rejected(_) => ends += 1,
                }
                prop_assert_eq!(ends, usize::from(n + 1 == of.len()), "{:?}", of);
            }
            prop_assert!(filled <= order.intent.quantity);
            match of.last().map(|r| r.kind) {
                Some(ReportKind::Rejected(_)) => wanted.rejected += 1,
                _ if filled == order.intent.quantity => wanted.filled += 1,
                _ if filled > 0 => wanted.partly_filled += 1,
                _ => wanted.unfilled += 1,
            }
        }
        prop_assert_eq!(states.counts(), wanted);
        prop_assert_eq!(risk.open_orders().count(), 0);
        prop_assert_eq!(risk.report_counts(), Default::default());
        // The same again, to the last report.
        prop_assert_eq!(session(config, &events).1, reports);
    }

    #[test]
    fn takers_get_no_more_than_each_quote_showed(
        sizes in prop::collection::vec((1i64..3, 1i64..40, prop::collection::vec((any::<bool>(), 1i64..20), 0..5)), 1..30),
        seed in any::<u64>(),
    ) {
        // Without latency each order meets the quote before it; a run of equal quotes shows its size once.
        let config = PaperConfig { seed, latency_ns: 0, ack_ns: 0, reject_ppm: 0, partial_ppm: 300_000 };
        let mut events = Vec::new();
        let mut shown: Vec<[i64; 2]> = vec![[30, 30]];
        let mut state_of = Vec::new();
        let (mut bid, mut ask) = ((1000, 30), (1002, 30));
        let (mut bid_state, mut ask_state) = (0, 0);
        for (tick, size, orders) in &sizes {
            let (next_bid, next_ask) = ((1000, *size), (1000 + tick, 40 - size));
            if next_bid != bid {
                bid = next_bid;
                shown.push([bid.1, 0]);
                bid_state = shown.len() - 1;
            }
            if next_ask != ask {
                ask = next_ask;
                shown.push([0, ask.1]);
                ask_state = shown.len() - 1;
            }
            let quote = Quote { bid: bid.0, bid_quantity: bid.1, ask: ask.0, ask_quantity: ask.1 };
            events.push((1, Event::Quote(quote)));
            for (buy, steps) in orders {
                let price = if *buy { 1005 } else { 995 };
                events.push((1, Event::Order { buy: *buy, price, steps: *steps, gtc: false }));
                state_of.push(if *buy { (ask_state, 1) } else { (bid_state, 0) });
            }
        }
        let (_, reports, _, _) = session(config, &events);
        for report in reports {
            if let ReportKind::Filled(fill) = report.kind {
                let (state, side) = state_of[report.order.0 as usize - 1];
                shown[state][side] -= fill.quantity;
                prop_assert!(shown[state][side] >= 0, "{report:?}");
            }
        }
    }
}
