//! The detector against the naive one over random inputs: the same events, the same wake-ups.

use crosstick_model::{Amount, InstrumentId, Kind, Scale, Tick, TickFlags, TickKind, Universe, VenueId};
use crosstick_strategy::{Candidate, Detector, PriceCache, Sighting, Source, SpreadConfig};
use proptest::prelude::*;

use crate::naive::{Naive, Seen};
use crate::world::{LegSpec, SPOT, amount, inverse, universe};

/// Runs the detector as the core would, and checks each wake-up against the naive one.
pub fn run(universe: &Universe, config: &SpreadConfig, ticks: &[Tick]) -> (Vec<Seen>, Vec<Seen>) {
    let mut cache = PriceCache::new(universe, config.freshness());
    let mut detector = Detector::new(universe, config).unwrap();
    let mut naive = Naive::new(universe, config);
    let mut seen = Vec::new();
    let mut now_ns = 0;
    for tick in ticks {
        let target = tick.recv_ns.max(now_ns);
        while let Some(due) = detector.next_wake().filter(|due| *due <= target) {
            now_ns = due;
            detector.on_timer(now_ns, &mut |s| seen.push(convert(universe, now_ns, s)));
        }
        now_ns = target;
        cache.apply(tick);
        detector.on_tick(now_ns, tick, &cache, &mut |s| seen.push(convert(universe, now_ns, s)));
        naive.tick(tick);
        assert_eq!(detector.next_wake(), naive.next_stale_ns(), "after {tick:?}");
    }
    (seen, naive.seen)
}

fn convert(universe: &Universe, at_ns: u64, sighting: Sighting) -> Seen {
    let key = |route: crosstick_model::decision::Route| {
        let legs = &universe.markets[route.market.index()].instruments;
        let leg = |venue| legs.iter().position(|i| universe.instrument(*i).venue == venue).unwrap();
        (route.market.index(), leg(route.buy), leg(route.sell))
    };
    let parts = |c: &Candidate| {
        let key = key(c.route);
        let legs = &universe.markets[key.0].instruments;
        assert_eq!((c.buy, c.sell), (legs[key.1], legs[key.2]));
        (key, [c.buy_price, c.sell_price], c.quantity, [c.buy_quantity, c.sell_quantity])
    };
    match sighting {
        Sighting::Begin(c) => {
            let (key, prices, base, quantities) = parts(&c);
            Seen::Begin { id: c.id, key, at_ns, edge_ppm: c.edge_ppm, prices, base, quantities }
        }
        Sighting::Better(c) => {
            let (key, prices, base, quantities) = parts(&c);
            Seen::Better { id: c.id, key, at_ns, edge_ppm: c.edge_ppm, prices, base, quantities }
        }
        Sighting::End(s) => Seen::End {
            id: s.id,
            key: key(s.route),
            begin_ns: s.begin_ns,
            end_ns: s.end_ns.unwrap(),
            first_ppm: s.first_edge_ppm,
            best_ppm: s.best_edge_ppm,
            prices: [s.buy_price, s.sell_price],
            base: s.quantity,
        },
    }
}

/// One random input: most are quotes around one price, so that opportunities come and go.
pub fn tick(instruments: u16, venues: u8, centre: i64, quantity: i64) -> impl Strategy<Value = (u64, Tick)> {
    let numbers = (-12i64..12, -1i64..8, 0i64..quantity, 0i64..quantity);
    let kinds = prop_oneof![6 => Just(0u8), 6 => Just(1), 1 => Just(2), 1 => Just(3)];
    let offset = prop_oneof![2 => Just(Tick::NO_EXCHANGE_TIME), 2 => -60i32..0];
    let time = prop_oneof![5 => 0u64..6, 1 => 0u64..80];
    (numbers, kinds, offset, time, 0..instruments, 0..venues, 0u8..2).prop_map(
        move |((away, wide, bid_quantity, ask_quantity), kind, offset, step, instrument, venue, line)| {
            let line = line & u8::from(kind != 0); // quotes on line 0 mostly, so that its state matters
            let bid = centre + away;
            // The inverse one counts in contracts of 100: up to 60 of them.
            let off_market = ask_quantity % 4 == 0;
            let unit = if instrument == 2 { 100 } else { 1 };
            let (bid_quantity, ask_quantity) = (bid_quantity * unit, ask_quantity * unit);
            let tick = match kind {
                0 | 3 => Tick {
                    values: [bid, bid_quantity, bid + wide, ask_quantity],
                    kind: TickKind::Quote,
                    ..base(instrument, line, 0)
                },
                1 => {
                    let bits = if off_market { TickFlags::OFF_MARKET } else { 0 };
                    Tick { values: [bid, bid_quantity, 0, 0], ..base(instrument, line, bits) }
                }
                _ => return (step, Tick::line_state(VenueId(venue), line, wide > 0, 0)),
            };
            (step, Tick { exchange_offset_us: offset, ..tick })
        },
    )
}

fn base(instrument: u16, line: u8, bits: u8) -> Tick {
    Tick {
        values: [0; 4],
        recv_ns: 0,
        venue_seq: 0,
        exchange_offset_us: Tick::NO_EXCHANGE_TIME,
        instrument: InstrumentId(instrument),
        kind: TickKind::Trade,
        flags: TickFlags::new(line, bits),
    }
}

/// Receive times out of steps; every eighth tick is older than core time.
pub fn timed(steps: Vec<(u64, Tick)>) -> Vec<Tick> {
    let mut now = 1_000;
    let late = |i: usize| if i % 8 == 7 { 5 } else { 0 };
    let timed = steps.into_iter().enumerate().map(|(i, (step, tick))| {
        now += step;
        Tick { recv_ns: now - late(i), ..tick }
    });
    timed.collect()
}

pub const SMALL: Scale = Scale { price_decimals: 1, quantity_decimals: 3 };

/// Three venues (spot, linear with a fee, inverse) in two markets.
pub fn mixed() -> Universe {
    let linear = LegSpec { kind: Kind::Linear, taker_e8: 700, quantity_step: 5, min_quantity: 10, ..SPOT };
    let coins = LegSpec { min_notional: amount("200"), ..inverse(SMALL) };
    let spot = LegSpec { min_notional: amount("3"), quantity_step: 2, ..SPOT };
    universe(&[(SMALL, &[spot, linear, coins]), (SMALL, &[SPOT, SPOT])])
}

/// Ten thousand at one decimal, so that one step is 10 ppm.
pub const CENTRE: i64 = 100_000;

pub fn config(universe: &Universe, source: Source) -> SpreadConfig {
    SpreadConfig {
        source,
        min_edge_e8: 2_000,
        max_age_ns: 80,
        max_lag_us: 40,
        max_notional: amount("4000"),
        ..SpreadConfig::watch(universe)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn quotes_agree(steps in prop::collection::vec(tick(5, 3, CENTRE, 600), 1..250)) {
        let universe = mixed();
        let (seen, naive) = run(&universe, &config(&universe, Source::Quotes), &timed(steps));
        prop_assert_eq!(seen, naive);
    }

    #[test]
    fn trades_agree(steps in prop::collection::vec(tick(5, 3, CENTRE, 600), 1..250)) {
        let universe = mixed();
        let (seen, naive) = run(&universe, &config(&universe, Source::Trades), &timed(steps));
        prop_assert_eq!(seen, naive);
    }

    #[test]
    fn any_settings_agree(
        steps in prop::collection::vec(tick(8, 8, CENTRE, 600), 1..200),
        min_edge_e8 in -3_000i64..6_000, max_age_ns in prop_oneof![0u64..100, Just(u64::MAX)],
        max_lag_us in 0i64..60, max_notional in 0i64..5_000, rate in 1i64..50_000,
    ) {
        let universe = universe(&[(SMALL, &[SPOT; 8])]);
        let mut config = config(&universe, Source::Quotes);
        config.rates.fill(Some(Amount(i128::from(rate) * 1_000_000_000_000)));
        let max_notional = Amount(i128::from(max_notional) * 10i128.pow(16));
        let config = SpreadConfig { min_edge_e8, max_age_ns, max_lag_us, max_notional, ..config };
        let (seen, naive) = run(&universe, &config, &timed(steps));
        prop_assert_eq!(seen, naive);
    }
}

#[test]
fn random_inputs_are_not_idle() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;

    let mut runner = TestRunner::deterministic();
    let steps = prop::collection::vec(tick(5, 3, CENTRE, 600), 8_000).new_tree(&mut runner).unwrap().current();
    let universe = mixed();
    for (source, least) in [(Source::Quotes, 10), (Source::Trades, 10)] {
        let (seen, _) = run(&universe, &config(&universe, source), &timed(steps.clone()));
        let begins = seen.iter().filter(|s| matches!(s, Seen::Begin { .. })).count();
        let better = seen.iter().filter(|s| matches!(s, Seen::Better { .. })).count();
        let inverse = |s: &&Seen| matches!(s, Seen::Begin { key: (0, b, s), .. } if *b == 2 || *s == 2);
        assert!(begins > 100 && better > 5, "{source:?}: {begins} begins, {better} better");
        assert!(seen.iter().filter(inverse).count() >= least, "{source:?}");
    }
}
