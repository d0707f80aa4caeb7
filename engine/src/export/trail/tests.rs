//! What pairs with an inverse leg captured.

use crosstick_model::amount::AMOUNT_ONE;
use crosstick_model::{FeeAsset, Fees, Liquidity, Market, MarketId, Protocol, Scale, TimeInForce, Venue, VenueId};

use super::*;

const SCALE: Scale = Scale { price_decimals: 2, quantity_decimals: 5 };
const SPOT: InstrumentId = InstrumentId(0);
const INVERSE: InstrumentId = InstrumentId(1);

/// BTC for USDT on one venue, contracts of 100 USD settled in BTC on the other.
fn universe() -> Universe {
    let mut universe = Universe::default();
    let [usdt, btc, usd] = ["USDT", "BTC", "USD"].map(|name| universe.asset(name).expect("room"));
    let one = Amount(AMOUNT_ONE);
    let venues = [
        (Protocol::BinanceSpot, Kind::Spot, usdt, usdt, one),
        (Protocol::BinanceCoinm, Kind::Inverse, usd, btc, Amount(100 * AMOUNT_ONE)),
    ];
    for (protocol, kind, quote, settle, contract_size) in venues {
        let fees = Fees { maker_e8: 0, taker_e8: 0, asset: FeeAsset::Quote };
        let venue = Venue { id: VenueId(0), name: protocol.name().into(), protocol, fees };
        let venue = universe.add_venue(venue).expect("room");
        let instrument = Instrument {
            id: InstrumentId(0),
            venue,
            symbol: kind.name().into(),
            base: btc,
            quote,
            settle,
            kind,
            contract_size,
            scale: SCALE,
            price_step: 1,
            quantity_step: 1,
            min_quantity: 1,
            min_notional: Amount::ZERO,
            market: None,
        };
        universe.add_instrument(instrument).expect("room");
    }
    let instruments = vec![SPOT, INVERSE];
    universe.add_market(Market { id: MarketId(0), name: "BTC".into(), instruments, scale: SCALE }).expect("room");
    universe
}

/// A leg: instrument, side, price, quantity asked for, quantity filled, fee with its asset.
type Leg = (InstrumentId, Side, i64, i64, i64, (Amount, &'static str));

/// What a pair of these legs came to, with a dollar worth a tether.
fn pair(legs: [Leg; 2]) -> Traded {
    let universe = universe();
    let mut trail = Trail::new(&universe, |asset| matches!(asset, "USDT" | "USD").then_some(100_000_000));
    let intents = [0u8, 1].map(|leg| {
        let (instrument, side, price, quantity, ..) = legs[usize::from(leg)];
        let (time_in_force, purpose) = (TimeInForce::Ioc, Purpose::Open);
        Intent { group: GroupId(1), leg, instrument, side, price, quantity, time_in_force, purpose }
    });
    for intent in intents {
        trail.decision(0, &Decision::Intent { at_ns: 1, intent });
    }
    trail.decision(0, &Decision::Verdict { at_ns: 1, group: GroupId(1), denied: None });
    for (id, intent) in (1..).zip(intents) {
        trail.decision(0, &Decision::Order(Order { id: OrderId(id), intent, decided_ns: 1 }));
    }
    for (id, (instrument, _, price, quantity, filled, (fee, asset))) in (1..).zip(legs) {
        let fee_asset = universe.find_asset(asset).expect("an asset");
        let fill = Fill { price, quantity: filled, fee, fee_asset, liquidity: Liquidity::Taker };
        let report = |kind| Report { order: OrderId(id), instrument, at_ns: 2, kind };
        trail.report(&report(ReportKind::Filled(fill)));
        if filled < quantity {
            trail.report(&report(ReportKind::Cancelled { unfilled: quantity - filled }));
        }
    }
    let mut pairs = trail.take_pairs();
    pairs.next().expect("both legs ended")
}

/// An amount in billionths of a unit, rounded.
fn billionths(amount: Amount) -> i128 {
    (amount.0 + 5_000_000).div_euclid(10_000_000)
}

const FREE: (Amount, &str) = (Amount::ZERO, "USDT");

#[test]
fn what_contracts_captured_is_exact() {
    // 0.005 BTC bought for 300; three contracts sold at 60 600 are 300 / 60 600 BTC: no multiple of 0.00001.
    let bought = |fee| (SPOT, Side::Buy, 6_000_000, 500, 500, fee);
    let sold = |fee| (INVERSE, Side::Sell, 6_060_000, 300_000, 300_000, fee);
    let free = pair([bought(FREE), sold(FREE)]);
    // Of what was paid 100 / 101 is in common: 300 - 30 000 / 101, which is 300 / 101.
    assert_eq!(billionths(free.captured), 2_970_297_030);
    assert_eq!(free.captured_ppm, Some(10_000), "a hundredth of what was paid");
    assert!(free.whole && free.filled.0 > free.filled.1);
    assert_eq!(billionths(free.filled.1), 4_950_495);
    // 0.3 tethers, and 0.0000025 BTC at 60 600: 0.1515.
    let fees = [Amount(3 * AMOUNT_ONE / 10), Amount(AMOUNT_ONE * 25 / 10_000_000)];
    let paid = pair([bought((fees[0], "USDT")), sold((fees[1], "BTC"))]);
    assert_eq!(billionths(paid.captured), 2_970_297_030 - 451_500_000);
}

#[test]
fn of_contracts_bought_too_many_the_part_in_common_counts() {
    // Three contracts at 60 000 are 0.005 BTC, of which 0.003 were sold at 60 600.
    let bought = (INVERSE, Side::Buy, 6_000_000, 300_000, 300_000, FREE);
    let sold = (SPOT, Side::Sell, 6_060_000, 500, 300, FREE);
    let traded = pair([bought, sold]);
    assert_eq!((billionths(traded.captured), traded.captured_ppm), (1_800_000_000, Some(10_000)));
    assert!(!traded.whole);
    assert_eq!(traded.edge_ppm, 10_000);
    assert_eq!((traded.route.buy, traded.route.sell), (VenueId(1), VenueId(0)));
}
