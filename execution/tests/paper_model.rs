//! The paper gateway against what its page says, in the plainest code that says it: every order of generated sessions
//! meets the last quote received before its arrival, and nothing that came at it or after it.

mod support;

use crosstick_execution::PaperConfig;
use crosstick_model::amount::AMOUNT_ONE;
use crosstick_model::{Amount, FeeAsset, InstrumentId, RejectReason, Report, ReportKind, Side, TimeInForce};
use proptest::prelude::*;
use support::*;

/// What a generated session is made of; times in µs.
#[derive(Debug, Clone, Copy)]
enum Event {
    /// Bid, spread, and the sizes; all zero: no usable quote.
    Quote { instrument: usize, bid: i64, spread: i64, sizes: (i64, i64) },
    /// An immediate-or-cancel order.
    Order { instrument: usize, buy: bool, price: i64, steps: i64 },
}

const INSTRUMENTS: [InstrumentId; 3] = [SPOT, LINEAR, INVERSE];
/// Quantity steps of the three.
const STEPS: [i64; 3] = [2, 1, 1000];

fn event() -> impl Strategy<Value = Event> {
    let quote =
        (0..3usize, 999_990..1_000_010i64, -1..4i64, 0..6i64, 0..6i64).prop_map(|(instrument, bid, spread, b, a)| {
            // Sizes that are no whole steps, too.
            let size = |n: i64| n * STEPS[instrument] + i64::from(n > 2);
            Event::Quote { instrument, bid, spread, sizes: (size(b), size(a)) }
        });
    let order = (0..3usize, any::<bool>(), 999_985..1_000_015i64, 1..6i64)
        .prop_map(|(instrument, buy, price, steps)| Event::Order { instrument, buy, price, steps });
    prop_oneof![quote, order]
}

/// Events with the gaps before them, in µs; gaps of zero and of exactly the latency are common.
fn session() -> impl Strategy<Value = Vec<(u64, Event)>> {
    let gap = prop_oneof![Just(0), Just(1), Just(500), Just(1000), 0..3000u64];
    proptest::collection::vec((gap, event()), 1..80)
}

/// A fill (price, quantity), or `None` for a rejection; the rest is cancelled.
type Met = Option<(i64, i64)>;

/// The model: for each order its arrival, and there the last quote with an earlier receive time. Size taken since that
/// side last changed is gone.
fn model(events: &[(u64, Event)], latency_us: u64) -> Vec<(u64, Met)> {
    // All that happens, in time: an arrival goes before a quote of the same time.
    let (mut now, mut queue) = (0, Vec::new());
    for (number, (gap, event)) in events.iter().enumerate() {
        now += gap;
        match event {
            Event::Quote { .. } => queue.push((now, 1, number, *event)),
            Event::Order { .. } => queue.push((now + latency_us, 0, number, *event)),
        }
    }
    // With no latency an order still comes behind the quotes taken before it was decided.
    if latency_us == 0 {
        queue.sort_by_key(|(at, _, number, _)| (*at, *number));
    } else {
        queue.sort_by_key(|(at, kind, number, _)| (*at, *kind, *number));
    }
    let mut stands: [Option<[(i64, i64); 2]>; 3] = [None; 3];
    let mut taken = [[0; 2]; 3];
    let mut met = Vec::new();
    for (_, _, number, event) in queue {
        match event {
            Event::Quote { instrument, bid, spread, sizes } => {
                let new = [(bid, sizes.0), (bid + spread, sizes.1)];
                for side in 0..2 {
                    if stands[instrument].is_none_or(|old| old[side] != new[side]) {
                        taken[instrument][side] = 0;
                    }
                }
                stands[instrument] = Some(new);
            }
            Event::Order { instrument, buy, price, steps } => {
                let usable = |q: &[(i64, i64); 2]| q[0].0 < q[1].0 && q[0].1 > 0 && q[1].1 > 0;
                let Some(quote) = stands[instrument].filter(usable) else {
                    met.push((number as u64, None));
                    continue;
                };
                let side = usize::from(buy);
                let crosses = if buy { quote[1].0 <= price } else { quote[0].0 >= price };
                let left = (quote[side].1 - taken[instrument][side]).max(0) / STEPS[instrument];
                let fills = if crosses { left.min(steps) * STEPS[instrument] } else { 0 };
                taken[instrument][side] += fills;
                met.push((number as u64, Some((quote[side].0, fills))));
            }
        }
    }
    met.sort_by_key(|(number, _)| *number);
    met
}

/// The same through the gateway: each order with its reports.
fn gateway(events: &[(u64, Event)], config: PaperConfig) -> Vec<(u64, Vec<Report>)> {
    let mut floor = Floor::with_fee(config, FeeAsset::Quote);
    let (mut now, mut orders) = (0, Vec::new());
    for (number, (gap, event)) in events.iter().enumerate() {
        now += gap * 1000;
        match *event {
            Event::Quote { instrument, bid, spread, sizes } => {
                floor.quote(now, INSTRUMENTS[instrument], (bid, sizes.0), (bid + spread, sizes.1));
            }
            Event::Order { instrument, buy, price, steps } => {
                let side = if buy { Side::Buy } else { Side::Sell };
                let quantity = steps * STEPS[instrument];
                let id = floor.order(now, INSTRUMENTS[instrument], side, price, quantity, TimeInForce::Ioc);
                orders.push((number as u64, id));
            }
        }
    }
    let reports = floor.until(u64::MAX / 2);
    let of = |id| reports.iter().filter(|r: &&Report| r.order == id).copied().collect();
    orders.into_iter().map(|(number, id)| (number, of(id))).collect()
}

fn met(reports: &[Report]) -> Met {
    let filled = reports.iter().find_map(|r| match r.kind {
        ReportKind::Filled(f) => Some((f.price, f.quantity)),
        _ => None,
    });
    let rejected = reports.iter().any(|r| matches!(r.kind, ReportKind::Rejected(RejectReason::NoQuote)));
    if rejected { None } else { Some(filled.unwrap_or((0, 0))) }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn every_order_meets_what_the_model_says(
        events in session(),
        latency_us in prop_oneof![Just(0), Just(500), Just(1000), 1..4000u64],
    ) {
        let config = PaperConfig { latency_ns: latency_us * 1000, ack_ns: 0, ..PaperConfig::HONEST };
        let expected = model(&events, latency_us);
        let got = gateway(&events, config);
        prop_assert_eq!(expected.len(), got.len());
        for ((number, expected), (_, reports)) in expected.iter().zip(&got) {
            let got = met(reports);
            match (expected, got) {
                (Some(said), Some(filled)) if said.1 > 0 => prop_assert_eq!(*said, filled),
                (Some(_), Some(filled)) => prop_assert_eq!(filled.1, 0, "order {}", number),
                (expected, got) => prop_assert_eq!(*expected, got, "order {}", number),
            }
            // It ends exactly once: its last fill, a cancel with the rest, or a rejection.
            let Event::Order { instrument, steps, .. } = events[*number as usize].1 else { unreachable!() };
            let asked = steps * STEPS[instrument];
            let filled = got.map_or(0, |f| f.1);
            let rest: Vec<i64> = reports.iter().filter_map(|r| match r.kind {
                ReportKind::Cancelled { unfilled } => Some(unfilled),
                _ => None,
            }).collect();
            let rejected = reports.iter().filter(|r| matches!(r.kind, ReportKind::Rejected(_))).count();
            match rejected {
                0 if filled == asked => prop_assert_eq!(rest, Vec::<i64>::new()),
                0 => prop_assert_eq!(rest, vec![asked - filled]),
                _ => prop_assert!(rejected == 1 && reports.len() == 1),
            }
        }
    }

    #[test]
    fn what_comes_at_an_orders_arrival_or_later_cannot_change_what_it_met(
        events in session(),
        harsh: bool,
        cut in 0..80usize,
    ) {
        // The same session with everything from `cut` on replaced: orders that arrived before are told the same.
        let config = if harsh { PaperConfig::HARSH } else { PaperConfig::HONEST };
        let latency_us = config.latency_ns / 1000;
        let cut = cut.min(events.len());
        let at: Vec<u64> = events.iter().scan(0, |now, (gap, _)| { *now += gap; Some(*now) }).collect();
        let horizon = at.get(cut).copied().unwrap_or(u64::MAX);
        let mut other = events.clone();
        for (_, event) in &mut other[cut..] {
            if let Event::Quote { bid, spread, sizes, .. } = event {
                (*bid, *spread, *sizes) = (*bid + 7, 1, (sizes.0 + 11_000, sizes.1 + 11_000));
            }
        }
        let (whole, changed) = (gateway(&events, config), gateway(&other, config));
        for ((number, whole), (_, changed)) in whole.iter().zip(&changed) {
            if at[*number as usize] + latency_us <= horizon {
                prop_assert_eq!(whole, changed, "order {}", number);
            }
        }
    }

    #[test]
    fn a_fee_is_the_exact_fraction_rounded_up(price in 500_000..1_500_000i64, lots in 1..100_000i64, buy: bool) {
        for (asset, instrument) in [(FeeAsset::Quote, SPOT), (FeeAsset::Received, SPOT), (FeeAsset::Quote, INVERSE)] {
            let i = INSTRUMENTS.iter().position(|x| *x == instrument).unwrap();
            let quantity = lots * STEPS[i];
            let mut floor = Floor::with_fee(TWO_MS, asset);
            floor.quote(0, instrument, (1_000_000, 1), (1_000_100, 1));
            floor.quote(0, instrument, (price, i64::MAX / 2), (price + 1, i64::MAX / 2));
            let (side, at) = if buy { (Side::Buy, price + 1) } else { (Side::Sell, price) };
            floor.order(0, instrument, side, at, quantity, TimeInForce::Ioc);
            let reports = floor.until(u64::MAX / 2);
            let fee = reports.iter().find_map(|r| match r.kind { ReportKind::Filled(f) => Some(f.fee), _ => None });
            // 0.1 %. Spot: price has 2 decimals, quantity 3, so cash is at 1e-5; an inverse contract is worth 100.
            let (numerator, denominator) = match (asset, instrument, side) {
                (FeeAsset::Received, _, Side::Buy) => (i128::from(quantity), 1_000),
                (_, INVERSE, _) => (i128::from(quantity) * 100 * 100, 1_000 * i128::from(at)),
                _ => (i128::from(at) * i128::from(quantity), 100_000),
            };
            let (numerator, denominator) = (numerator * AMOUNT_ONE, denominator * 1000);
            prop_assert_eq!(fee, Some(Amount((numerator + denominator - 1) / denominator)));
        }
    }
}

#[test]
fn partial_fills_are_as_many_and_as_large_as_stated() {
    // Every second order is cut, to between 1 and 29 of 30 steps, each as likely: 15 in the mean.
    let config = PaperConfig { partial_ppm: 500_000, ..TWO_MS };
    let mut floor = Floor::with_fee(config, FeeAsset::Quote);
    let (mut cut, mut steps, mut seen) = (0u64, 0i64, [false; 30]);
    let orders = 20_000;
    for n in 0..orders {
        let now = n * 10 * MS;
        // Another size each time, so that nothing is taken already.
        floor.quote(now, SPOT, (999_900, 100), (1_000_000, 100 + (n % 2) as i64));
        floor.ioc(now, Side::Buy, 1_000_000, 60);
        let told = floor.told(now + 9 * MS);
        let filled: i64 = told.iter().filter(|t| t.1 > 0).map(|t| t.2).sum();
        if filled < 60 {
            cut += 1;
            steps += filled / 2;
            seen[(filled / 2) as usize] = true;
        }
    }
    // Seeded; within four standard errors of a half, and of 15.
    assert!((9_717..10_283).contains(&cut), "{cut}");
    let mean = steps as f64 / cut as f64;
    assert!((mean - 15.0).abs() < 0.34, "{mean}");
    assert!(!seen[0] && seen[1..].iter().all(|s| *s), "{seen:?}");
}

/// An order's fate is drawn when it is sent; a harsher venue refuses and cuts a superset of what a kinder one does.
#[test]
fn what_a_kinder_venue_refuses_or_cuts_a_harsher_one_does_too() {
    let filled = |reject_ppm: u32, partial_ppm: u32| {
        let mut floor = Floor::with_fee(PaperConfig { reject_ppm, partial_ppm, ..TWO_MS }, FeeAsset::Quote);
        let mut filled = Vec::new();
        for n in 0..2_000u64 {
            floor.quote(n * 10 * MS, SPOT, (999_900, 100), (1_000_000, 100 + (n % 2) as i64));
            floor.ioc(n * 10 * MS, Side::Buy, 1_000_000, 60);
            filled.push(floor.told(n * 10 * MS + 9 * MS).iter().filter(|t| t.1 > 0).map(|t| t.2).sum::<i64>());
        }
        filled
    };
    let ladder = [(0, 0), (20_000, 0), (20_000, 250_000), (100_000, 250_000), (100_000, 500_000), (1_000_000, 0)];
    let all = ladder.map(|(reject, partial)| filled(reject, partial));
    for (kinder, harsher) in all.iter().zip(&all[1..]) {
        assert!(kinder.iter().zip(harsher).all(|(k, h)| h <= k), "one order got more from the harsher venue");
        assert!(harsher.iter().sum::<i64>() < kinder.iter().sum());
    }
}
