//! What the value types promise: layouts, exact arithmetic, rounding directions, stable records.

use std::collections::BTreeSet;

use crosstick_model::amount::AMOUNT_ONE;
use crosstick_model::decision::{Decision, Outcome, RECORD_BYTES_MAX, Route};
use crosstick_model::*;

fn inverse(contract_size: &str, scale: Scale) -> Instrument {
    Instrument {
        id: InstrumentId(0),
        venue: VenueId(0),
        symbol: "BTCUSD_PERP".into(),
        base: AssetId(0),
        quote: AssetId(1),
        settle: AssetId(0),
        kind: Kind::Inverse,
        contract_size: Amount::from_decimal(contract_size.parse().unwrap()).unwrap(),
        scale,
        price_step: 1,
        quantity_step: 10i64.pow(u32::from(scale.quantity_decimals)),
        min_quantity: 10i64.pow(u32::from(scale.quantity_decimals)),
        min_notional: Amount::ZERO,
        market: None,
    }
}

#[test]
fn a_tick_is_56_bytes_with_fields_where_other_languages_read_them() {
    let tick = Tick::trade(
        InstrumentId(7),
        3,
        Trade { price: 11, quantity: 12, taker_sold: true, off_market: true },
        1_700_000_000_000_000_000,
        42,
    )
    .at_exchange_us(1_700_000_000_000_000 - 1500);
    assert_eq!(size_of::<Tick>(), 56);
    assert_eq!(tick.exchange_offset_us, -1500);
    assert_eq!(tick.flags.line(), 3);
    let trade = tick.as_trade().unwrap();
    assert!(trade.taker_sold && trade.off_market && (trade.price, trade.quantity) == (11, 12));
    assert!(tick.as_quote().is_none());
    assert!(tick.flags.with(TickFlags::LAST_OF_BATCH).has(TickFlags::LAST_OF_BATCH));
    assert!(!tick.flags.has(TickFlags::LAST_OF_BATCH));
}

#[test]
fn exchange_offsets_round_down_and_clamp() {
    use crosstick_model::tick::exchange_offset_us;
    // 1 ns after the venue's µs is a whole µs before it, rounded down.
    assert_eq!(exchange_offset_us(1_000_000, 1_000_000_001), -1);
    assert_eq!(exchange_offset_us(1_000_000, 1_000_000_000), 0);
    assert_eq!(exchange_offset_us(1_000_001, 1_000_000_001), 0);
    assert_eq!(exchange_offset_us(i64::MAX, 0), i32::MAX);
    assert_eq!(exchange_offset_us(i64::MIN, u64::MAX), i32::MIN + 1);
}

#[test]
fn notionals_are_exact_at_any_scale() {
    let scale = Scale::new(2, 5).unwrap();
    // 61837.63 × 0.00123 = 76.0602849
    assert_eq!(Amount::notional(6_183_763, 123, scale).unwrap().to_string(), "76.0602849");
    let tiny = Scale::new(12, 0).unwrap();
    assert_eq!(Amount::notional(1, 3, tiny).unwrap().to_string(), "0.000000000003");
    assert!(Amount::notional(i64::MAX, i64::MAX, Scale::new(0, 0).unwrap()).is_none());
    assert!(Scale::new(9, 8).is_none());
}

#[test]
fn fees_round_up_against_us() {
    let one_unit = Amount(1);
    assert_eq!(one_unit.fee(100_000), Some(Amount(1)));
    assert_eq!(Amount(1_000_000).fee(100_000), Some(Amount(1000)));
    assert_eq!(Amount(1_000_001).fee(100_000), Some(Amount(1001)));
    assert_eq!(Amount(AMOUNT_ONE).fee(0), Some(Amount::ZERO));
    // A rebate of 1.5 units at 1e-16 is paid as 1.
    assert_eq!(Amount(3).fee(-50_000_000), Some(Amount(-1)));
    assert_eq!(Amount::MAX.fee(100_000), None);
}

#[test]
fn inverse_contracts_convert_with_floors() {
    let scale = Scale::new(1, 3).unwrap();
    let perp = inverse("100", scale);
    // 7 contracts of 100 USD at 61804.7 are 0.011325999… BTC.
    assert_eq!(perp.base_quantity(618_047, 7_000), Some(11));
    // 0.011 BTC are worth 6.798… contracts: 6 whole ones.
    assert_eq!(perp.quantity_for_base(618_047, 11), Some(6_000));
    assert_eq!(perp.notional(618_047, 7_000).unwrap().to_string(), "700");
    assert_eq!(perp.base_quantity(0, 7_000), None);
}

#[test]
fn decision_records_fit_and_differ() {
    let intent = Intent {
        group: GroupId(1),
        leg: 0,
        instrument: InstrumentId(2),
        side: Side::Sell,
        price: 3,
        quantity: 4,
        time_in_force: TimeInForce::Ioc,
        purpose: Purpose::Open,
    };
    let route = Route { market: MarketId(1), buy: VenueId(0), sell: VenueId(1) };
    let records = [
        Decision::OpportunityBegin { id: 1, route, at_ns: 2, edge_ppm: -3, buy_price: 4, sell_price: 5, quantity: 6 },
        Decision::OpportunityEnd { id: 1, at_ns: 2, best_edge_ppm: 3, outcome: Outcome::Taken },
        Decision::OpportunityEnd { id: 1, at_ns: 2, best_edge_ppm: 3, outcome: Outcome::Denied(DenyCode::Duplicate) },
        Decision::Intent { at_ns: 1, intent },
        Decision::Verdict { at_ns: 1, group: GroupId(1), denied: None },
        Decision::Verdict { at_ns: 1, group: GroupId(1), denied: Some((0, DenyCode::Halted)) },
        Decision::Order(Order { id: OrderId(1), intent, decided_ns: 1 }),
        Decision::Halt { at_ns: 1, code: DenyCode::Drawdown },
    ];
    let mut seen = BTreeSet::new();
    for record in records {
        let mut bytes = [0xEE; RECORD_BYTES_MAX];
        let len = record.write(&mut bytes);
        assert!(len > 0 && len <= RECORD_BYTES_MAX);
        assert!(bytes[len..].iter().all(|b| *b == 0xEE), "{record:?} wrote past its length");
        assert!(seen.insert(bytes[..len].to_vec()), "{record:?} is written like another");
    }
    // The layout itself is a contract: the first record, byte for byte.
    let mut bytes = [0; RECORD_BYTES_MAX];
    let len = records[0].write(&mut bytes);
    let mut expected = vec![1, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 1];
    expected.extend_from_slice(&2u64.to_le_bytes());
    expected.extend_from_slice(&(-3i64).to_le_bytes());
    for value in [4i64, 5, 6] {
        expected.extend_from_slice(&value.to_le_bytes());
    }
    assert_eq!(&bytes[..len], expected.as_slice());
}

#[test]
fn deny_codes_are_named_once_and_numbered_without_holes() {
    let names: BTreeSet<_> = DenyCode::ALL.iter().map(|c| c.code()).collect();
    assert_eq!(names.len(), DenyCode::ALL.len());
    for (number, code) in DenyCode::ALL.iter().enumerate() {
        assert_eq!(*code as usize, number);
        assert!(code.sentence().ends_with('.'));
    }
}

#[test]
fn a_universe_hands_out_dense_ids() {
    let mut universe = Universe::default();
    let usdt = universe.asset("USDT").unwrap();
    assert_eq!(universe.asset("BTC"), Ok(AssetId(1)));
    assert_eq!(universe.asset("USDT"), Ok(usdt));
    let fees = Fees { maker_e8: 0, taker_e8: 100_000, asset: FeeAsset::Received };
    let venue = Venue { id: VenueId(9), name: "binance".into(), protocol: Protocol::BinanceSpot, fees };
    assert_eq!(universe.add_venue(venue), Ok(VenueId(0)));
    let first = universe.add_instrument(inverse("100", Scale::DEFAULT)).unwrap();
    let market = Market { id: MarketId(5), name: "BTC-USD".into(), instruments: vec![first], scale: Scale::DEFAULT };
    assert_eq!(universe.add_market(market), Ok(MarketId(0)));
    assert_eq!(universe.instrument(first).market, Some(MarketId(0)));
    assert_eq!(universe.find(VenueId(0), "BTCUSD_PERP").map(|i| i.id), Some(first));
    assert!(universe.find(VenueId(0), "BTCUSDT").is_none());
}
