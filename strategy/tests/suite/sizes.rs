//! One look at two quotes, over all kinds, scales and mantissas up to the largest.

use crosstick_model::{Amount, InstrumentId, Kind, Quote, Scale, Tick};
use crosstick_strategy::{ConfigError, Detector, Source, SpreadConfig};
use proptest::prelude::*;

use crate::against_naive::run;
use crate::naive::Seen;
use crate::world::{LegSpec, SPOT, amount, inverse, quote, universe};

fn scale() -> impl Strategy<Value = Scale> {
    (0u8..=16, 0u8..=16).prop_map(|(p, q)| {
        let price_decimals = p;
        Scale { price_decimals, quantity_decimals: q.min(16 - p) }
    })
}

/// Numbers of every magnitude, the largest included.
fn magnitude() -> impl Strategy<Value = i64> {
    prop_oneof![8 => (0u32..63, any::<i64>()).prop_map(|(s, v)| (v & i64::MAX) >> s), 1 => Just(i64::MAX), 1 => Just(1)]
}

fn leg() -> impl Strategy<Value = LegSpec> {
    let kind = prop_oneof![Just(Kind::Spot), Just(Kind::Linear), Just(Kind::Inverse)];
    let fee = prop_oneof![3 => -5_000i64..200_000, 1 => Just(0i64), 1 => -10_000_000_000i64..10_000_000_000];
    let contract = prop_oneof![1i128..1000, (0u32..19).prop_map(|p| 10i128.pow(p)), Just(18_446_744_073_709_551_614)];
    (kind, contract, fee, 0u32..5, 0u32..4, prop_oneof![Just(0i128), 0i128..1_000_000_000_000_000_000]).prop_map(
        |(kind, contract_size, taker_e8, step, min_quantity, min_notional)| LegSpec {
            kind,
            contract_size,
            taker_e8,
            price_step: 1,
            quantity_step: 10i64.pow(step),
            min_quantity: 10i64.pow(min_quantity) - 1,
            min_notional: Amount(min_notional),
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6_000))]

    #[test]
    fn any_two_quotes_agree(
        scale in scale(), legs in [leg(), leg()], price in magnitude(), nearby in any::<bool>(),
        others in [magnitude(), magnitude()], near in [-50i64..50, 0i64..50, 0i64..50], quantities in prop::array::uniform4(magnitude()),
        max_notional in (0u32..127, any::<i128>()), rate in (0u32..120, any::<i128>()),
        min_edge_e8 in prop_oneof![4 => -20_000i64..20_000, 1 => -10_000_000_000i64..10_000_000_000],
    ) {
        let universe = universe(&[(scale, &legs)]);
        let mut config = SpreadConfig {
            min_edge_e8,
            max_notional: Amount((max_notional.1 & i128::MAX) >> max_notional.0),
            ..SpreadConfig::watch(&universe)
        };
        config.rates.fill(Some(Amount(((rate.1 & i128::MAX) >> rate.0).clamp(1, 10i128.pow(37)))));
        // A minimum beyond any quantity is refused before it is compared.
        if Detector::new(&universe, &config).is_err() {
            return Ok(());
        }
        let other = if nearby { price.saturating_add(near[0]) } else { others[0] };
        let [a, b, c, d] = quantities;
        let ticks = [
            quote(0, 1, price, a, price.saturating_add(near[1]).saturating_add(1), b),
            quote(1, 2, other, c, if nearby { other.saturating_add(near[2] + 1) } else { others[1] }, d),
        ];
        let (seen, naive) = run(&universe, &config, &ticks);
        prop_assert_eq!(seen, naive);
    }
}

/// BTC at two decimals, quantities at five: as the first market of most configs.
const BTC: Scale = Scale { price_decimals: 2, quantity_decimals: 5 };

fn begins(legs: &[LegSpec], scale: Scale, config: impl FnOnce(&mut SpreadConfig), ticks: &[Tick]) -> Vec<Seen> {
    let universe = universe(&[(scale, legs)]);
    let mut settings = SpreadConfig::watch(&universe);
    config(&mut settings);
    let (seen, naive) = run(&universe, &settings, ticks);
    assert_eq!(seen, naive);
    seen
}

#[test]
fn edge_and_size_of_a_worked_example() {
    // Buy at 60000.00 with 10 bps, sell at 60200.00 with 2 bps:
    // (0.9998 × 60200 − 1.001 × 60000) / 60000 = (60187.96 − 60060) / 60000 = 2132.666... ppm
    let legs = [LegSpec { taker_e8: 100_000, ..SPOT }, LegSpec { taker_e8: 20_000, ..SPOT }];
    let ticks = [quote(0, 1, 5_999_900, 7, 6_000_000, 40_000), quote(1, 2, 6_020_000, 30_000, 6_020_100, 9)];
    let seen = begins(&legs, BTC, |c| c.max_notional = amount("6000"), &ticks);
    // 6000 buys 0.1, less than the 0.3 and 0.4 on offer.
    let expected = Seen::Begin {
        id: 1,
        key: (0, 0, 1),
        at_ns: 2,
        edge_ppm: 2132,
        prices: [6_000_000, 6_020_000],
        base: 10_000,
        quantities: [10_000, 10_000],
    };
    assert_eq!(seen, [expected]);
}

#[test]
fn the_threshold_is_exact() {
    // 10000 → 10001 is exactly 1 bps.
    let ticks = [quote(0, 1, 900_000, 9, 1_000_000, 9), quote(1, 2, 1_000_100, 9, 1_100_000, 9)];
    assert_eq!(begins(&[SPOT; 2], BTC, |c| c.min_edge_e8 = 10_000, &ticks).len(), 1);
    assert_eq!(begins(&[SPOT; 2], BTC, |c| c.min_edge_e8 = 10_001, &ticks).len(), 0);
}

#[test]
fn inverse_contracts_are_taken_whole() {
    // Spot offers 0.05 at 60000; the coin-margined bid is 30 contracts of 100 at 60300.
    // 0.05 × 60300 / 100 = 30.15, so 30 contracts, worth 3000 / 60300 = 0.04975 BTC.
    let ticks =
        [quote(0, 1, 5_999_900, 1, 6_000_000, 5_000), quote(1, 2, 6_030_000, 40 * 100_000, 6_030_100, 40 * 100_000)];
    let seen = begins(&[SPOT, inverse(BTC)], BTC, |_| {}, &ticks);
    let Seen::Begin { base, quantities, .. } = seen[0] else { panic!("{seen:?}") };
    assert_eq!((base, quantities), (4_975, [4_975, 30 * 100_000]));
}

#[test]
fn minimums_bind_on_either_leg() {
    let ticks = [quote(0, 1, 5_999_900, 1, 6_000_000, 10), quote(1, 2, 6_030_000, 10, 6_030_100, 10)];
    // 0.0001 BTC: 6.00 at the ask, 6.03 at the bid.
    let least =
        |buy, sell| [LegSpec { min_notional: amount(buy), ..SPOT }, LegSpec { min_notional: amount(sell), ..SPOT }];
    assert_eq!(begins(&least("6", "6.03"), BTC, |_| {}, &ticks).len(), 1);
    assert_eq!(begins(&least("6.0000000000000001", "0"), BTC, |_| {}, &ticks).len(), 0);
    assert_eq!(begins(&least("0", "6.0300000000000001"), BTC, |_| {}, &ticks).len(), 0);
    for (buy, sell, count) in [(10, 10, 1), (11, 0, 0), (0, 11, 0)] {
        let legs = [LegSpec { min_quantity: buy, ..SPOT }, LegSpec { min_quantity: sell, ..SPOT }];
        assert_eq!(begins(&legs, BTC, |_| {}, &ticks).len(), count);
    }
}

#[test]
fn steps_without_a_common_power_of_ten_are_met_together() {
    let ticks = [quote(0, 1, 5_999_900, 1, 6_000_000, 29), quote(1, 2, 6_030_000, 29, 6_030_100, 10)];
    let legs = [LegSpec { quantity_step: 4, ..SPOT }, LegSpec { quantity_step: 6, ..SPOT }];
    let seen = begins(&legs, BTC, |_| {}, &ticks);
    assert!(matches!(seen[0], Seen::Begin { base: 24, .. }), "{seen:?}");
}

#[test]
fn neither_a_mid_nor_a_last_trade_makes_a_spread() {
    // The mids differ by 1 %, the last trades by 2 %, and yet nothing can be bought below where it is sold.
    let ticks = [
        quote(0, 1, 5_900_000, 10_000, 6_000_000, 10_000),
        quote(1, 2, 5_999_900, 10_000, 6_020_000, 10_000),
        crate::world::trade(0, 3, 5_900_000, 10_000),
        crate::world::trade(1, 4, 6_020_000, 10_000),
    ];
    assert_eq!(begins(&[SPOT; 2], BTC, |_| {}, &ticks), []);
    // The trade view says what it is there to say: that somebody traded apart.
    assert_eq!(begins(&[SPOT; 2], BTC, |c| c.source = Source::Trades, &ticks).len(), 1);
}

#[test]
fn what_cannot_be_compared_is_refused() {
    let refused = |leg: LegSpec, change: fn(&mut SpreadConfig)| {
        let universe = universe(&[(BTC, &[leg, SPOT])]);
        let mut config = SpreadConfig::watch(&universe);
        change(&mut config);
        Detector::new(&universe, &config).err()
    };
    let first = InstrumentId(0);
    let market = crosstick_model::MarketId(0);
    assert_eq!(refused(SPOT, |_| {}), None);
    assert_eq!(refused(LegSpec { taker_e8: i64::MAX, ..SPOT }, |_| {}), Some(ConfigError::RateRange(first)));
    assert_eq!(refused(SPOT, |c| c.min_edge_e8 = i64::MIN), Some(ConfigError::RateRange(first)));
    let contract = |contract_size| LegSpec { contract_size, ..inverse(BTC) };
    assert_eq!(refused(contract(0), |_| {}), Some(ConfigError::ContractSize(first)));
    assert_eq!(refused(contract(i128::MAX), |_| {}), Some(ConfigError::ContractSize(first)));
    assert_eq!(
        refused(LegSpec { min_notional: Amount::MAX, ..inverse(BTC) }, |_| {}),
        Some(ConfigError::Minimum(first))
    );
    assert_eq!(refused(SPOT, |c| c.rates.clear()), Some(ConfigError::NoRate(market)));
    assert_eq!(refused(SPOT, |c| c.rates.fill(Some(Amount::ZERO))), Some(ConfigError::NoRate(market)));
}

#[test]
fn quote_assets_of_one_market_must_be_worth_the_same() {
    let mut universe = universe(&[(BTC, &[SPOT; 2])]);
    let other = universe.asset("USDX").unwrap();
    universe.instruments[1].quote = other;
    let mut config = SpreadConfig::watch(&universe);
    assert!(Detector::new(&universe, &config).is_ok());
    config.rates[other.index()] = Some(amount("1.001"));
    let error = Detector::new(&universe, &config).err();
    assert_eq!(error, Some(ConfigError::RateMismatch(crosstick_model::MarketId(0))));
}

#[test]
fn a_quote_that_makes_no_sense_is_not_usable() {
    let good = Quote { bid: 5_999_900, bid_quantity: 10, ask: 6_000_000, ask_quantity: 10 };
    let other = quote(1, 2, 6_030_000, 10, 6_030_100, 10);
    let count = |q: Quote| {
        let tick = quote(0, 1, q.bid, q.bid_quantity, q.ask, q.ask_quantity);
        begins(&[SPOT; 2], BTC, |_| {}, &[tick, other]).len()
    };
    assert_eq!(count(good), 1);
    assert_eq!(count(Quote { bid: 0, ..good }), 0);
    assert_eq!(count(Quote { bid: -1, ..good }), 0);
    assert_eq!(count(Quote { bid: good.ask, ..good }), 0, "locked");
    assert_eq!(count(Quote { bid: good.ask + 1, ..good }), 0, "crossed");
    assert_eq!(count(Quote { bid_quantity: 0, ..good }), 0, "the other side counts as well");
    assert_eq!(count(Quote { ask_quantity: 0, ..good }), 0);
    assert_eq!(count(Quote { bid_quantity: -5, ..good }), 0);
}
