//! Universes to measure in. Cold.

use std::path::Path;

use crosstick_engine::config::universe::{FactsByVenue, Unknown, build};
use crosstick_engine::config::{Config, DEMO, DEMO_NAME, Overrides};
use crosstick_feeds::facts::{Facts, SymbolFacts};
use crosstick_model::amount::AMOUNT_ONE;
use crosstick_model::{
    Amount, FeeAsset, Fees, Instrument, InstrumentId, Kind, Market, MarketId, Protocol, Scale, Universe, Venue, VenueId,
};
use crosstick_sim::{FlowSpec, SimInstrument};

/// Decimals of [`one_market`]: prices in cents, quantities in hundred-thousandths.
pub const SCALE: Scale = Scale { price_decimals: 2, quantity_decimals: 5 };

/// One market, BTC against USDT, over as many spot venues as told: 1 bps taker fee, a price step of a cent, a quantity
/// step of 0.00001, a least notional of 5. Instrument and venue numbers agree.
///
/// # Panics
/// With more venues than a universe holds.
#[must_use]
pub fn one_market(venues: u16) -> Universe {
    let mut universe = Universe::default();
    let usdt = universe.asset("USDT").expect("room");
    let btc = universe.asset("BTC").expect("room");
    let fees = Fees { maker_e8: 10_000, taker_e8: 10_000, asset: FeeAsset::Quote };
    for number in 0..venues {
        let name = format!("venue-{number}").into();
        let venue = Venue { id: VenueId(0), name, protocol: Protocol::BinanceSpot, fees };
        let venue = universe.add_venue(venue).expect("room");
        let instrument = Instrument {
            id: InstrumentId(0),
            venue,
            symbol: "BTCUSDT".into(),
            base: btc,
            quote: usdt,
            settle: usdt,
            kind: Kind::Spot,
            contract_size: Amount(AMOUNT_ONE),
            scale: SCALE,
            price_step: 1,
            quantity_step: 1,
            min_quantity: 1,
            min_notional: Amount(5 * AMOUNT_ONE),
            market: None,
        };
        universe.add_instrument(instrument).expect("room");
    }
    let instruments = (0..venues).map(InstrumentId).collect();
    let market = Market { id: MarketId(0), name: "BTC-USDT".into(), instruments, scale: SCALE };
    universe.add_market(market).expect("room");
    universe
}

/// The demo's config, and the universe that it makes of what the demo's venues state of their instruments.
///
/// # Panics
/// When the shipped config and the generator's venues do not fit each other.
#[must_use]
pub fn demo() -> (Config, Universe) {
    let config = Config::parse(DEMO_NAME, DEMO, Path::new("."), &Overrides::none())
        .unwrap_or_else(|mistakes| panic!("{mistakes}"));
    let spec = FlowSpec::demo();
    let names = |list: Vec<&str>| list.join(" ");
    assert_eq!(
        names(spec.venues.iter().map(|v| v.name.as_str()).collect()),
        names(config.venues.iter().map(|v| v.name.as_str()).collect()),
        "a session's venue numbers are those of the config"
    );
    let facts = demo_facts();
    let (universe, _) = build(&config, &facts, Unknown::Refused).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    (config, universe)
}

/// What the demo's venues state of their instruments.
#[must_use]
pub fn demo_facts() -> FactsByVenue {
    let spec = FlowSpec::demo();
    let facts = spec.venues.iter().enumerate().map(|(i, venue)| {
        let symbols = spec.instruments(i).into_iter().map(|s| (s.symbol.clone(), stated(s))).collect();
        (venue.name.clone(), Facts { protocol: venue.protocol, symbols })
    });
    facts.collect()
}

fn stated(instrument: SimInstrument) -> SymbolFacts {
    SymbolFacts {
        symbol: instrument.symbol,
        status: Some("TRADING".into()),
        base: Some(instrument.base),
        quote: Some(instrument.quote),
        settle: Some(instrument.settle),
        kind: instrument.kind,
        contract_size: (instrument.kind == Kind::Inverse).then_some(instrument.contract_size),
        price_step: Some(instrument.price_step),
        quantity_step: Some(instrument.quantity_step),
        min_quantity: Some(instrument.min_quantity),
        min_notional: Some(instrument.min_notional),
    }
}
